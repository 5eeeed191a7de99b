"""The short-time Fourier transform, its inverse, and decompositions of low rank."""

from __future__ import annotations

from typing import Any

import minitorch as torch
import numpy as np
import pytest
from minitorch.autograd import gradcheck

pytestmark = pytest.mark.filterwarnings("ignore:A window was not provided")


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("onesided", [True, False])
@pytest.mark.parametrize("normalized", [True, False])
def test_there_and_back(center: bool, onesided: bool, normalized: bool) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 40, dtype=torch.float64)
    options: dict[str, Any] = {"center": center, "onesided": onesided, "normalized": normalized}
    options["window"] = torch.hamming_window(8, dtype=torch.float64)
    made = torch.stft(x, 8, 2, return_complex=True, **options)
    assert made.shape == (2, 5 if onesided else 8, 21 if center else 17)
    assert torch.allclose(torch.istft(made, 8, 2, length=40, **options), x)
    pairs = x.stft(8, 2, return_complex=False, **options)
    assert torch.equal(torch.view_as_complex(pairs), made)


def test_a_stretch_is_a_transform() -> None:
    x = torch.arange(10.0)
    made = torch.stft(x, 4, 3, center=False, return_complex=True)
    assert np.allclose(made[:, 1].numpy(), np.fft.rfft(x[3:7].numpy()))


def test_gradients_and_refusals() -> None:
    x = torch.randn(20, dtype=torch.float64, requires_grad=True)
    window = torch.hann_window(8, dtype=torch.float64)
    assert gradcheck(lambda x: torch.stft(x, 8, 3, return_complex=True), x)
    made = torch.stft(x, 8, 2, window=window, return_complex=True).detach().requires_grad_()
    assert gradcheck(lambda s: torch.istft(s, 8, 2, window=window), made)
    with pytest.raises(RuntimeError, match="return_complex parameter be given"):
        torch.stft(x, 8)
    with pytest.raises(RuntimeError, match="win_length=8"):
        torch.stft(x, 8, window=window[:5], return_complex=True)
    with pytest.raises(RuntimeError, match="window overlap add min"):
        torch.istft(made, 8, 2, window=torch.zeros(8, dtype=torch.float64))


@pytest.mark.parametrize("shape", [(9, 5), (5, 9), (2, 9, 5)])
def test_low_rank(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    left = torch.randn(*shape[:-1], 3, dtype=torch.float64)
    A = left @ torch.randn(3, shape[-1], dtype=torch.float64)
    U, S, V = torch.svd_lowrank(A, 3)
    assert torch.allclose(U @ S.diag_embed() @ V.mT, A)
    U, S, V = torch.pca_lowrank(A, 3)
    assert torch.allclose(U @ S.diag_embed() @ V.mT, A - A.mean(-2, True))
    with pytest.raises(ValueError, match="must be non-negative integer"):
        torch.pca_lowrank(A, 50)


def test_warnings() -> None:
    x = torch.rand(40, dtype=torch.float64)
    with pytest.warns(UserWarning, match="A window was not provided"):
        made = torch.stft(x, 8, return_complex=True)
    with pytest.warns(UserWarning, match="shorter than the length parameter"):
        torch.istft(made, 8, length=50, window=torch.ones(8, dtype=torch.float64))
