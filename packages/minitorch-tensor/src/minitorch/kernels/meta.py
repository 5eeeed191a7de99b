"""Arrays without memory: the shape, dtype and strides of a tensor on the device "meta"."""

from __future__ import annotations

import math
import sys
from types import SimpleNamespace
from typing import Any, NoReturn

import numpy as np

__all__ = ["MetaArray", "MetaError", "standing_for"]


class MetaError(NotImplementedError):
    """Values were asked for where there are none. Dispatch then computes the shape alone."""

    def __init__(self, message: str = "Cannot copy out of meta tensor; no data!") -> None:
        super().__init__(message)


class MetaArray:
    """What an ndarray tells of itself; everything that needs its values raises ``MetaError``.

    ``strides`` and ``offset`` are in bytes, within the memory of ``base`` (None: its own).
    """

    __slots__ = ("__weakref__", "base", "dtype", "offset", "shape", "strides")
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    strides: tuple[int, ...]

    def __init__(
        self, shape: Any, dtype: Any, strides: Any = None, base: Any = None, offset: int = 0
    ) -> None:
        self.shape, self.dtype = tuple(shape), np.dtype(dtype)
        self.base, self.offset = base, offset
        if strides is None:
            step, steps = self.dtype.itemsize, []
            for n in reversed(self.shape):
                steps.append(step)
                step *= max(n, 1)
            strides = steps[::-1]
        self.strides = tuple(strides)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def itemsize(self) -> int:
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """The bytes from the first element to the last, those in gaps too."""
        if 0 in self.shape:
            return 0
        steps = zip(self.shape, self.strides, strict=True)
        return self.itemsize + sum((n - 1) * step for n, step in steps)

    @property
    def flags(self) -> Any:
        c, f = self._packed(range(self.ndim)[::-1]), self._packed(range(self.ndim))
        return SimpleNamespace(
            c_contiguous=c, f_contiguous=f, forc=c or f, writeable=True, owndata=self.base is None
        )

    def _packed(self, dims: Any) -> bool:
        step = self.itemsize
        for d in dims:
            if self.shape[d] != 1 and self.strides[d] != step:
                return 0 in self.shape
            step *= self.shape[d]
        return True

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"MetaArray({self.shape}, {self.dtype}, {self.strides})"

    def fill(self, value: Any) -> None:
        """Nothing is there to be filled."""

    def copy(self) -> MetaArray:
        """Another, of the same shape."""
        return MetaArray(self.shape, self.dtype)

    def item(self) -> NoReturn:
        raise MetaError("Tensor.item() cannot be called on meta tensors")

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(name) if name[:2] == "__" else MetaError

    def _no_values(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise MetaError

    __getitem__ = __setitem__ = _no_values
    __array__ = __array_ufunc__ = __array_function__ = _no_values
    __bool__ = __int__ = __float__ = __complex__ = __index__ = __iter__ = _no_values


def _refuse_operators() -> None:
    names = [
        "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor",
        "lshift", "rshift",
    ]  # fmt: skip
    for name in [*names, *(f"r{name}" for name in names), "neg", "abs", "invert", *COMPARISONS]:
        setattr(MetaArray, f"__{name}__", MetaArray._no_values)
    MetaArray.__hash__ = object.__hash__  # type: ignore[method-assign]  # by identity, as arrays


COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
_refuse_operators()


def reshaped(x: MetaArray, shape: tuple[int, ...]) -> MetaArray:
    """``x`` in another shape: a view where its steps in memory allow it.

    Dimensions that lie in memory as one are taken together; each such block must be the product of
    whole new dimensions.
    """
    if -1 in shape:
        rest = math.prod(n for n in shape if n != -1)
        shape = tuple(x.size // rest if n == -1 else n for n in shape)
    if math.prod(shape) != x.size or min(shape, default=0) < 0:
        raise ValueError(f"cannot reshape an array of shape {x.shape} into shape {shape}")
    blocks: list[tuple[int, int]] = []  # (elements, step of the last dimension)
    for n, step in zip(x.shape, x.strides, strict=True):
        if blocks and blocks[-1][1] == n * step:
            blocks[-1] = blocks[-1][0] * n, step
        elif n != 1:
            blocks.append((n, step))
    strides: list[int] = []
    left, step = blocks.pop() if blocks else (1, x.itemsize)
    for n in reversed(shape):
        while left == 1 and n != 1 and blocks:
            left, step = blocks.pop()
        if x.size and left % n:
            return MetaArray(shape, x.dtype)
        strides.append(step)
        left, step = left // max(n, 1), step * n
    return MetaArray(shape, x.dtype, strides[::-1], x if x.base is None else x.base, x.offset)


def standing_for(x: MetaArray, untouched: bool = True) -> np.ndarray[Any, Any]:
    """An array of its shape and strides, a view where it is one; zeros unless ``untouched``, which
    takes no memory as long as nothing is read."""
    base = x if x.base is None else x.base
    nbytes = max(base.nbytes, x.offset + x.nbytes)
    memory = _address_space(nbytes) if untouched else np.zeros(nbytes, np.uint8)
    return np.ndarray(x.shape, x.dtype, memory, 0 if 0 in x.shape else x.offset, x.strides)


NORESERVE = 0x4000  # Linux's, which Python's mmap does not name: the pages need not be there


def _address_space(nbytes: int) -> Any:
    if nbytes < 2**20 or sys.platform != "linux":
        return np.empty(nbytes, np.uint8)
    import mmap  # here, where it is needed: most programs have no such tensor

    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | NORESERVE
    return mmap.mmap(-1, nbytes, flags, mmap.PROT_READ)
