"""The short-time Fourier transform: a transform of each of many overlapping frames."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from .complex_parts import view_as_real
from .creation import literal
from .fft import fft, ifft, irfft, rfft
from .gathering import index_rows_backward_p
from .rearranging import constant_pad_nd
from .regions import slice_p
from .shape import contiguous, permute_p, transpose, view_p

if TYPE_CHECKING:
    from .._tensor import Tensor

__all__ = ["istft", "stft"]


def _window(name: str, window: Any, n_fft: int, win_length: int, like: Any) -> Any:
    """The weights of a stretch, ``n_fft`` of them, zeros on both sides of the window."""
    if window is not None and tuple(window.shape) != (win_length,):
        raise RuntimeError(
            f"{name}: expected a 1D window tensor of size equal to win_length={win_length}, but "
            f"got window with size {list(window.shape)}"
        )
    if window is None:
        warnings.warn(
            "A window was not provided. A rectangular window will be applied, which is known to "
            "cause spectral leakage. Other windows such as torch.hann_window or "
            "torch.hamming_window are recommended to reduce spectral leakage. To suppress this "
            "warning and use a rectangular window, explicitly set `window=torch.ones(n_fft)`.",
            stacklevel=4,
        )
        if win_length == n_fft:
            return None
        window = literal(np.ones(win_length, like))
    left = (n_fft - win_length) // 2
    return constant_pad_nd(window, (left, n_fft - win_length - left), 0)


def _reflected(x: Any, pad: int, mode: str) -> Any:
    """``x`` with ``pad`` values more at both ends of the last dimension."""
    if mode == "constant":
        return constant_pad_nd(x, (pad, pad), 0)
    n = x.shape[-1]
    k = np.arange(-pad, n + pad, dtype=np.int64)
    if mode == "reflect":
        if pad >= n:
            raise RuntimeError(
                "Argument #4: Padding size should be less than the corresponding input dimension, "
                f"but got: padding ({pad}, {pad}) at dimension {x.ndim - 1} of input "
                f"{list(x.shape)}"
            )
        k = np.abs(k)
        k = np.where(k >= n, 2 * (n - 1) - k, k)
    elif mode == "replicate":
        k = np.clip(k, 0, n - 1)
    elif mode == "circular":
        k = k % n
    else:
        raise NotImplementedError(f"stft: Unrecognised padding mode {mode}")
    return x[..., literal(k)]


def stft(
    input: Tensor, n_fft: int, hop_length: int | None = None, win_length: int | None = None,
    window: Tensor | None = None, center: bool = True, pad_mode: str = "reflect",
    normalized: bool = False, onesided: bool | None = None, return_complex: bool | None = None,
    align_to_window: bool | None = None,
) -> Tensor:  # fmt: skip
    """The Fourier transforms of frames of ``n_fft`` values of a signal.

    Args:
        input: (length) or (batch, length), real or complex.
        hop_length: the step between frames, ``n_fft // 4`` by default.
        win_length: the size of ``window``, ``n_fft`` by default.
        window: the weights of each stretch, ones by default.
        center: whether the signal is extended by ``n_fft // 2`` on both sides, in ``pad_mode``, so
            that the frames' middles are where their steps are.
        normalized: whether to divide by the root of ``n_fft``.
        onesided: of a real signal the first half of the frequencies alone (the default).
        return_complex: complex values, or (...) + (2,) real ones.

    Returns:
        (batch, frequencies, frames)
    """
    hop, size = n_fft // 4 if hop_length is None else hop_length, win_length or n_fft
    real = not input.dtype.is_complex and not (window is not None and window.dtype.is_complex)
    if align_to_window is not None:
        raise RuntimeError(
            "stft align_to_window should only be set when center = false."
            if center
            else "stft: align_to_window is not in MiniTorch: cut the signal before"
        )
    if return_complex is None:
        if real:
            raise RuntimeError(
                "stft requires the return_complex parameter be given for real inputs, and will "
                "further require that return_complex=True in a future PyTorch release."
            )
        return_complex = True
    if not (input.dtype.is_floating_point or input.dtype.is_complex):
        raise RuntimeError(
            f"stft({input.dtype}): expected a tensor of floating point or complex values"
        )
    if input.ndim not in (1, 2):
        raise RuntimeError(f"stft: expected a 1D or 2D tensor, but got {input.ndim}D")
    x = input if input.ndim == 2 else view_p(contiguous(input), (1, input.shape[0]))
    if center:
        x = _reflected(x, n_fft // 2, pad_mode)
    length = x.shape[-1]
    if not 0 < n_fft <= length:
        raise RuntimeError(f"stft: expected 0 < n_fft < {length}, but got n_fft={n_fft}")
    if hop <= 0:
        raise RuntimeError(f"stft: expected hop_length > 0, but got hop_length={hop}")
    if not 0 < size <= n_fft:
        raise RuntimeError(f"stft: expected 0 < win_length <= n_fft, but got win_length={size}")
    if onesided is None:
        onesided = real
    elif onesided and not real:
        raise RuntimeError(
            "Cannot have onesided output if window or input is complex: pass onesided=False"
        )
    frames = x.unfold(-1, n_fft, hop)
    weights = _window("stft", window, n_fft, size, x.dtype.numpy)
    if weights is not None:
        frames = frames * weights
    norm = "ortho" if normalized else "backward"
    made = rfft(frames, norm=norm) if onesided else fft(frames, norm=norm)
    made = transpose(made, 1, 2)
    if input.ndim == 1:
        made = made[0]
    return made if return_complex else view_as_real(made)


def istft(
    input: Tensor, n_fft: int, hop_length: int | None = None, win_length: int | None = None,
    window: Tensor | None = None, center: bool = True, normalized: bool = False,
    onesided: bool | None = None, length: int | None = None, return_complex: bool = False,
) -> Tensor:  # fmt: skip
    """The signal whose ``stft`` is nearest to ``input``: the overlapping frames, weighted by the
    window, divided by the sum of its squares.

    The arguments are those of ``stft``; ``length`` is the signal's, where it is known.

    Raises:
        RuntimeError: the windows leave gaps, or the shapes do not fit.
    """
    hop, size = n_fft // 4 if hop_length is None else hop_length, win_length or n_fft
    if not input.dtype.is_complex:
        raise RuntimeError(
            "istft requires a complex-valued input tensor matching the output from stft with "
            "return_complex=True."
        )
    if input.ndim not in (2, 3):
        raise RuntimeError(f"istft: expected a tensor with 2 or 3 dimensions, but got {input.ndim}")
    if not 0 < hop <= size:
        raise RuntimeError(
            f"istft: expected 0 < hop_length <= win_length, but got {hop} and {size}"
        )
    if not 0 < size <= n_fft:
        raise RuntimeError(f"istft: expected 0 < win_length <= n_fft, but got {size} and {n_fft}")
    x = input if input.ndim == 3 else input[None]
    if onesided is None:
        onesided = x.shape[1] != n_fft
    rows = n_fft // 2 + 1 if onesided else n_fft
    if x.shape[1] != rows:
        raise RuntimeError(
            f"istft: expected the frequency dimension (3rd to the last) of the input tensor to "
            f"match n_fft / 2 + 1 or n_fft, which is {rows}, but got {x.shape[1]}"
        )
    if onesided and return_complex:
        raise RuntimeError("Cannot have onesided input if window or output is complex")
    norm = "ortho" if normalized else "backward"
    x = transpose(x, 1, 2)
    if return_complex:
        frames = ifft(x, norm=norm)
    else:
        frames = irfft(x[..., : n_fft // 2 + 1], n_fft, norm=norm)
    like = np.empty(0, frames._data.dtype).real.dtype
    weights = _window("istft", window, n_fft, size, like)
    if weights is None:
        weights = literal(np.ones(n_fft, like))
    count = x.shape[1]
    total = n_fft + hop * (count - 1)
    starts = hop * np.arange(count, dtype=np.int64)[:, None]
    places = literal((starts + np.arange(n_fft, dtype=np.int64)).reshape(-1))

    def overlapped(rows_: Any) -> Any:
        """The frames (count n_fft, ...) added up where they lie."""
        return index_rows_backward_p(rows_, places, (total, *rows_.shape[1:]))

    batch = x.shape[0]
    flat = view_p(contiguous(permute_p(frames * weights, (1, 2, 0))), (count * n_fft, batch))
    squares = overlapped(view_p(contiguous((weights * weights).expand(count, n_fft)), (-1,)))
    start = n_fft // 2 if center else 0
    end = start + length if length is not None else total - (n_fft // 2 if center else 0)
    made = slice_p(overlapped(flat), (slice(start, min(end, total)),))
    envelope = slice_p(squares, (slice(start, min(end, total)),))
    if envelope.numel() and not bool((envelope.abs() > 1e-11).all()):
        raise RuntimeError(
            "window overlap add min: 1: the windows leave gaps. Use a window without zeros, or a "
            "smaller hop_length"
        )
    made = permute_p(made / envelope[:, None], (1, 0))
    if end > total:
        warnings.warn(
            "The length of signal is shorter than the length parameter. Result is being padded "
            "with zeros in the tail. Please check your center, hop_length and win_length settings",
            stacklevel=3,
        )
        made = constant_pad_nd(made, (0, end - total), 0)
    return made[0] if input.ndim == 2 else made
