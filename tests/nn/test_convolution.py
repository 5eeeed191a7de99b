"""Convolutions: against their definition, as one another's derivatives, errors."""

from __future__ import annotations

from typing import Any

import minitorch
import pytest
from minitorch import nn
from minitorch.autograd import gradcheck, gradgradcheck
from minitorch.nn import functional as F
from minitorch.nn.functional import convolution as source

# ndim, input, weight, stride, padding, dilation, groups
CASES = [
    (1, (2, 3, 7), (4, 3, 3), 1, 0, 1, 1),
    (1, (2, 4, 9), (6, 2, 3), 2, 2, 2, 2),
    (2, (2, 3, 5, 6), (4, 3, 3, 2), 1, 1, 1, 1),
    (2, (1, 2, 7, 8), (2, 2, 3, 3), (2, 3), (1, 2), (2, 1), 1),
    (2, (3, 4, 5, 5), (4, 1, 3, 3), 1, "same", 1, 4),
    (2, (2, 3, 4, 4), (5, 3, 1, 1), 1, 0, 1, 1),
    (3, (1, 2, 4, 4, 5), (3, 2, 2, 3, 2), (1, 2, 1), (0, 1, 1), 1, 1),
    # batches that go behind the rows or not: short, middling and long rows
    (1, (9, 4, 9), (6, 2, 3), 2, 2, 2, 2),
    (2, (6, 4, 7, 8), (6, 2, 3, 2), (2, 1), (1, 2), (1, 2), 2),
    (2, (6, 2, 6, 12), (8, 2, 3, 3), 1, 1, 1, 1),
    (2, (6, 2, 6, 24), (3, 2, 3, 3), (1, 2), 1, 1, 1),
    (2, (4, 2, 5, 20), (2, 2, 3, 3), 1, 1, 1, 1),
]


def leaf(*shape: int) -> Any:
    return minitorch.randn(*shape, dtype=minitorch.float64, requires_grad=True)


def convolve(ndim: int) -> Any:
    return getattr(F, f"conv{ndim}d")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_conv(case: Any) -> None:
    minitorch.manual_seed(0)
    ndim, shape, kernel, *options = case
    x, w, b = leaf(*shape), leaf(*kernel), leaf(kernel[0])

    def function(x: Any, w: Any, b: Any) -> Any:
        return convolve(ndim)(x, w, b, *options)

    y = function(x, w, b)
    stride, padding, dilation, groups = options
    if padding == "same":
        padding = [(kernel[2] // 2, kernel[2] // 2)] * ndim
    else:
        padding = [(n, n) for n in (padding if isinstance(padding, tuple) else (padding,) * ndim)]
    stride, dilation = (v if isinstance(v, tuple) else (v,) * ndim for v in (stride, dilation))
    plain = source.convolution_definition(x, w, b, stride, tuple(padding), dilation, groups)
    assert minitorch.allclose(y, plain)
    g = minitorch.randn(y.shape, dtype=minitorch.float64)
    for a, c in zip(
        minitorch.autograd.grad(y, (x, w, b), g),
        minitorch.autograd.grad(plain, (x, w, b), g),
        strict=True,
    ):
        assert minitorch.allclose(a, c)


@pytest.mark.parametrize("case", CASES[:4], ids=str)
def test_orders(case: Any) -> None:
    minitorch.manual_seed(0)
    ndim, shape, kernel, *options = case
    inputs = leaf(*shape), leaf(*kernel), leaf(kernel[0])
    assert gradgradcheck(lambda *xs: convolve(ndim)(*xs, *options).square(), inputs)


# input, weight, stride, padding, output_padding, groups, dilation
TRANSPOSED = [
    (1, (2, 3, 5), (3, 2, 3), 2, 1, 1, 1, 1),
    (2, (1, 4, 3, 4), (4, 2, 3, 2), (2, 1), (1, 0), (1, 0), 2, 1),
    (2, (2, 2, 3, 3), (2, 3, 3, 3), 1, 2, 1, 1, 2),
    (3, (1, 2, 2, 3, 2), (2, 2, 2, 2, 2), 2, 0, 0, 1, 1),
]


@pytest.mark.parametrize("case", TRANSPOSED, ids=str)
def test_conv_transpose(case: Any) -> None:
    """It is the adjoint of the convolution, to the second order."""
    minitorch.manual_seed(0)
    ndim, shape, kernel, stride, padding, extra, groups, dilation = case
    y, w = leaf(*shape), leaf(*kernel)
    op = getattr(F, f"conv_transpose{ndim}d")
    x = op(y, w, None, stride, padding, extra, groups, dilation)
    z = minitorch.randn(x.shape, dtype=minitorch.float64)
    back = convolve(ndim)(z, w, None, stride, padding, dilation, groups)
    back = back[tuple(slice(n) for n in y.shape)]
    assert minitorch.allclose((x * z).sum(), (back * y).sum())
    b = leaf(x.shape[1])
    assert gradcheck(
        lambda y, w, b: op(y, w, b, stride, padding, extra, groups, dilation), (y, w, b)
    )
    assert gradgradcheck(
        lambda y, w: op(y, w, None, stride, padding, extra, groups, dilation).square(), (y, w)
    )


def test_large_images_go_by_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    from minitorch.nn.kernels import convolution as kernels

    shapes = (3, 4, 20, 21), (6, 4, 3, 3), (3, 6, 20, 21)
    arrays = [minitorch.randn(shape).numpy() for shape in shapes]
    geometry = ((1, 1), ((1, 1), (1, 1)), (1, 1), 1)

    def all_three() -> list[Any]:
        x, w, g = arrays
        return [
            kernels.convolution(x, w, None, *geometry),
            kernels.transposed(g, w, (20, 21), *geometry),
            kernels.weight_gradient(x, g, (3, 3), *geometry),
        ]

    whole = all_three()
    monkeypatch.setattr(kernels, "CACHE", 500)
    for a, b in zip(all_three(), whole, strict=True):
        assert abs(a - b).max() < 1e-4


def test_unfold_and_fold() -> None:
    x = leaf(2, 3, 5, 6)
    geometry = {"kernel_size": (2, 3), "padding": (1, 0), "stride": (2, 1)}
    columns = F.unfold(x, **geometry)
    assert columns.shape == (2, 18, 12)
    w = minitorch.randn(4, 3, 2, 3, dtype=minitorch.float64)
    y = F.conv2d(x, w, None, (2, 1), (1, 0))
    assert minitorch.allclose((w.reshape(4, -1) @ columns).reshape(y.shape), y)
    seen = F.fold(F.unfold(minitorch.ones_like(x), **geometry), (5, 6), **geometry)
    assert minitorch.allclose(F.fold(columns, (5, 6), **geometry), seen * x)
    assert gradgradcheck(lambda x: F.unfold(x, **geometry).square(), (x,))


ERRORS = [
    (
        lambda: nn.Conv2d(3, 8, 3)(minitorch.zeros(1, 4, 8, 8)),
        RuntimeError,
        "3 channels, but got 4",
    ),
    (lambda: nn.Conv2d(3, 8, 3)(minitorch.zeros(8, 8)), RuntimeError, "3D .unbatched. or 4D"),
    (lambda: nn.Conv2d(3, 8, 9)(minitorch.zeros(1, 3, 8, 8)), RuntimeError, "greater than actual"),
    (lambda: nn.Conv2d(3, 8, 3, groups=2), ValueError, "divisible by groups"),
    (lambda: nn.Conv2d(3, 8, 3, 2, "same"), ValueError, "strided"),
    (lambda: nn.Conv1d(3, 8, 3)(minitorch.zeros(1, 3, 8).double()), RuntimeError, "same"),
    (
        lambda: nn.ConvTranspose1d(3, 8, 3, output_padding=1)(minitorch.zeros(1, 3, 8)),
        RuntimeError,
        "output padding must be smaller",
    ),
    (lambda: F.fold(minitorch.zeros(1, 7, 4), 4, 2), RuntimeError, "divisible by the product"),
]


@pytest.mark.parametrize(("wrong", "kind", "message"), ERRORS)
def test_errors(wrong: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        wrong()


def test_lazy() -> None:
    layer = nn.LazyConvTranspose2d(4, 3, 2)
    assert layer(minitorch.zeros(2, 6, 5, 5)).shape == (2, 4, 11, 11)
    assert type(layer) is nn.ConvTranspose2d
    assert layer.in_channels == 6
    assert layer(minitorch.zeros(2, 6, 5, 5), output_size=(12, 11)).shape[2:] == (12, 11)


def test_gradients_as_functions():
    x, w = minitorch.randn(2, 4, 6, 6), minitorch.randn(6, 2, 3, 3)
    x.requires_grad_(), w.requires_grad_()
    made = F.conv2d(x, w, stride=2, padding=1, groups=2)
    g = minitorch.randn(*made.shape)
    by_x, by_w = minitorch.autograd.grad(made, (x, w), g)
    geometry = {"stride": 2, "padding": 1, "groups": 2}
    assert nn.grad.conv2d_input(x.shape, w, g, **geometry).equal(by_x)
    assert nn.grad.conv2d_weight(x, w.shape, g, **geometry).equal(by_w)


def test_time_first():
    x, w, b = minitorch.randn(5, 2, 3), minitorch.randn(3, 3, 4), minitorch.randn(4)
    expected = F.conv1d(x.permute(1, 2, 0), w.permute(2, 1, 0), b, padding=1).permute(2, 0, 1)
    assert F.conv_tbc(x, w, b, 1).equal(expected)
