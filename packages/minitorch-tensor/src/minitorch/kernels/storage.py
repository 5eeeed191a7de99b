"""Windows into the memory under an array: other strides, another element size."""

from __future__ import annotations

from typing import Any

import numpy as np

from .memory import check_window, storage_of, window

__all__ = ["as_dtype", "places", "restrided"]


def places(size: Any, stride: Any, offset: int) -> Any:
    """The places in the storage, in elements: ``offset + sum i_k stride_k``."""
    places: Any = np.int64(offset)
    for n, step in zip(size, stride, strict=True):
        places = np.add.outer(places, np.arange(n, dtype=np.int64) * step)
    return np.asarray(places)


def restrided(
    x: Any, size: Any, stride: Any, offset: int, x_stride: Any, x_offset: int
) -> Any:  # fmt: skip
    """The memory of x, if x lies as ``x_stride`` and ``x_offset`` say; else a copy, by offsets.

    Replays of the operation, and gradients, come in other layouts. Offsets at which x has no
    element give 0.
    """
    memory, start = storage_of(np.asarray(x))
    item = x.itemsize
    if start == x_offset * item and x.strides == tuple(s * item for s in x_stride):
        steps = [s * item for s in stride]
        try:
            check_window(memory, size, x.dtype, offset * item, steps)
        except RuntimeError:  # x is a part of the storage that the places are counted in
            pass
        else:
            return window(memory, size, x.dtype, offset * item, steps)
    at, own = places(size, stride, offset), places(x.shape, x_stride, x_offset)
    number = np.zeros(1 + max(at.max(initial=0), own.max(initial=0)), np.int64)
    number[own] = np.arange(1, x.size + 1, dtype=np.int64).reshape(own.shape)
    values = np.concatenate([np.zeros(1, x.dtype), x.reshape(-1)])
    return values[number[at]]


def as_dtype(x: Any, dtype: Any) -> Any:
    old, new = x.itemsize, dtype.itemsize
    if old == new:
        return x.view(dtype)
    memory, start = storage_of(x)
    steps = x.strides
    if not x.ndim:
        raise _unlike(x, dtype, "self.dim() cannot be 0")
    if steps[-1] != old and x.size:
        raise _unlike(x, dtype, f"self.stride(-1) must be 1, but got {steps[-1] // old},")
    if new > old:
        times = new // old
        if x.shape[-1] % times:
            raise _unlike(
                x, dtype, f"self.size(-1) must be divisible by {times}, but got {x.shape[-1]},"
            )
        if start % new:
            raise _unlike(
                x, dtype,
                f"self.storage_offset() must be divisible by {times}, but got {start // old},",
            )  # fmt: skip
        for k, step in enumerate(steps[:-1]):
            if step % new:
                raise _unlike(
                    x,
                    dtype,
                    f"self.stride({k}) must be divisible by {times}, but got {step // old},",
                )
    shape = (*x.shape[:-1], x.shape[-1] * old // new)
    return window(memory, shape, dtype, start, (*steps[:-1], new))


def _unlike(x: Any, dtype: Any, rule: str) -> RuntimeError:
    return RuntimeError(
        f"{rule} to view {x.dtype} as {dtype} (different element sizes): the tensor has shape "
        f"{list(x.shape)} and strides {[s // x.itemsize for s in x.strides]}"
    )
