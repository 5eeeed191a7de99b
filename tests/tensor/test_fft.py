"""Fourier transforms: values against NumPy, gradients."""

import minitorch
import numpy as np
import pytest
from minitorch import fft
from minitorch.autograd import gradcheck, gradgradcheck


def leaf(*shape):
    return minitorch.tensor(np.random.default_rng(shape).normal(size=shape), requires_grad=True)


REAL = [
    ("irfft", (4,), {}),
    ("irfft", (4,), {"n": 7}),
    ("irfft", (4,), {"n": 4}),
    ("irfft", (3, 2), {"dim": 0, "norm": "ortho"}),
    ("irfft2", (3, 4), {"norm": "forward"}),
    ("irfft2", (3, 4), {"s": (2, 9)}),
    ("irfftn", (2, 3, 3), {}),
    ("irfftn", (2, 3, 3), {"dim": (0, 1), "s": (-1, 3)}),
]


@pytest.mark.parametrize(("name", "shape", "options"), REAL)
def test_real_results(name, shape, options):
    x = leaf(*shape)
    names = {"dim": "axes" if name != "irfft" else "axis"}
    theirs = {names.get(k, k): v for k, v in options.items()}
    if "s" in theirs:
        dims = options.get("dim", (-2, -1))
        theirs["s"] = [shape[d] if n == -1 else n for n, d in zip(theirs["s"], dims, strict=True)]
        theirs["axes"] = dims
    expected = getattr(np.fft, name)(x.detach().numpy(), **theirs)
    np.testing.assert_allclose(
        getattr(fft, name)(x, **options).detach().numpy(), expected, atol=1e-12
    )

    def transform(x):
        return getattr(fft, name)(x, **options)

    assert gradcheck(transform, (x,))
    assert gradgradcheck(transform, (x,))


@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "fft2", "ifft2", "rfft2", "fftn", "rfftn"])
def test_complex_results(name):
    x = leaf(3, 4).detach()
    np.testing.assert_allclose(
        getattr(fft, name)(x).numpy(), getattr(np.fft, name)(x.numpy()), atol=1e-12
    )
    assert getattr(fft, name)(x.float()).dtype is minitorch.complex64
    assert gradcheck(getattr(fft, name), (leaf(3, 4),), check_forward_ad=True)
    assert gradgradcheck(getattr(fft, name), (leaf(3, 4),))


COMPLEX = [
    ("fft", {"n": 5, "norm": "ortho"}),
    ("ifft", {"dim": 0, "norm": "forward"}),
    ("fftn", {"s": (2, 6)}),
    ("ifft2", {"norm": "ortho"}),
    ("irfft", {}),
    ("irfft", {"n": 5}),
    ("irfft", {"n": 2, "dim": 0}),
    ("irfftn", {"s": (5, 4), "norm": "ortho"}),
]


@pytest.mark.parametrize(("name", "options"), COMPLEX)
def test_complex_inputs(name, options):
    def transform(z):
        return getattr(fft, name)(z, **options)

    parts = np.random.default_rng(0).normal(size=(2, 3, 4))
    z = minitorch.tensor(parts[0] + 1j * parts[1], requires_grad=True)
    assert gradcheck(transform, (z,), check_forward_ad=True)
    assert gradgradcheck(transform, (z,))


def test_there_and_back():
    x = leaf(3, 5).detach()
    np.testing.assert_allclose(fft.irfft(fft.rfft(x), n=5).numpy(), x.numpy(), atol=1e-12)


@pytest.mark.parametrize("dim", [None, 0, (0, 1)])
def test_shifts(dim):
    x = leaf(3, 4)
    for ours, theirs in ((fft.fftshift, np.fft.fftshift), (fft.ifftshift, np.fft.ifftshift)):
        assert (ours(x, dim).detach().numpy() == theirs(x.detach().numpy(), dim)).all()
        assert gradcheck(ours, (x,))
        assert gradgradcheck(ours, (x,))


def test_frequencies():
    assert fft.fftfreq(5, 0.2).tolist() == [0, 1, 2, -2, -1]
    assert fft.rfftfreq(5, 0.2).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: fft.irfft(x, 0), RuntimeError, r"Invalid number of data points \(0\)"),
        (lambda x: fft.irfft(x, norm="x"), RuntimeError, "Invalid normalization mode"),
        (lambda x: fft.irfftn(x, dim=(0, 0)), RuntimeError, "must be unique"),
        (lambda x: fft.irfftn(x, s=(1, 2), dim=0), RuntimeError, "same length"),
        (lambda x: fft.irfft2(x), IndexError, "Dimension out of range"),
        (lambda x: fft.irfft(x[0]), IndexError, "has no dimensions"),
        (lambda x: fft.irfft(x.half()), RuntimeError, "Unsupported dtype Half"),
    ],
)
def test_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(minitorch.ones(4))
