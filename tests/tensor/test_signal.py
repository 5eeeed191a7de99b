"""Windows against NumPy's and against their formulas."""

import minitorch
import numpy as np
import pytest
from minitorch.signal import windows

NUMPY = [
    ("hann", np.hanning),
    ("hamming", np.hamming),
    ("blackman", np.blackman),
    ("bartlett", np.bartlett),
    ("kaiser", lambda n: np.kaiser(n, 12.0)),
]


@pytest.mark.parametrize("length", [0, 1, 2, 7, 8])
@pytest.mark.parametrize(("name", "reference"), NUMPY)
def test_as_numpys(name, reference, length):
    symmetric = reference(length)
    periodic = reference(length + 1)[:length] if length > 1 else symmetric
    window, older = getattr(windows, name), getattr(minitorch, f"{name}_window")
    kind = minitorch.float64
    for made, expected in (
        (window(length, dtype=kind), symmetric),
        (window(length, sym=False, dtype=kind), periodic),
        (older(length, dtype=kind), periodic),
        (older(length, periodic=False, dtype=kind), symmetric),
    ):
        np.testing.assert_allclose(made.numpy(), expected, atol=1e-12)


N = np.arange(6.0)
FORMULAS = [
    (windows.cosine(6), np.sin(np.pi * (N + 0.5) / 6)),
    (windows.exponential(6, tau=2.0), np.exp(-abs(N - 2.5) / 2)),
    (windows.exponential(6, center=1.5, sym=False), np.exp(-abs(N - 1.5))),
    (windows.gaussian(6, std=2.0), np.exp(-0.125 * (N - 2.5) ** 2)),
    (windows.general_hamming(6, alpha=0.7), 0.7 - 0.3 * np.cos(2 * np.pi * N / 5)),
    (windows.general_cosine(6, a=[0.5, 0.3, 0.2], sym=False),
     0.5 - 0.3 * np.cos(2 * np.pi * N / 6) + 0.2 * np.cos(4 * np.pi * N / 6)),
    (windows.nuttall(5)[2], 1.0),
]  # fmt: skip


@pytest.mark.parametrize(("made", "expected"), FORMULAS)
def test_formulas(made, expected):
    np.testing.assert_allclose(made.numpy(), expected, atol=1e-6)


def test_dtype_and_gradient():
    assert windows.hann(3).dtype is minitorch.float32
    assert windows.hann(3, requires_grad=True).requires_grad


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: windows.hann(-1), ValueError, "non-negative window length, got M=-1"),
        (lambda: windows.hann(3, dtype=minitorch.int64), ValueError, "expects float32 or float64"),
        (lambda: windows.gaussian(3, std=0.0), ValueError, "Standard deviation must be positive"),
        (lambda: windows.exponential(3, tau=0.0), ValueError, "Tau must be positive"),
        (lambda: windows.exponential(3, center=1.0), ValueError, "Center must be None"),
        (lambda: windows.kaiser(3, beta=-1.0), ValueError, "beta must be non-negative"),
        (lambda: windows.general_cosine(3, a=[]), ValueError, "Coefficients cannot be empty"),
        (lambda: windows.general_cosine(3, a=1.0), TypeError, "must be a list/tuple"),
        (lambda: minitorch.hann_window(-1), RuntimeError, "non-negative window_length"),
    ],
)
def test_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
