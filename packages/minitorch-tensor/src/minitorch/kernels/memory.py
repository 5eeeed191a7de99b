"""The memory under an array: its order, and that several arrays may be windows of it."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from .._types.dtype import uint8 as UINT8
from .._types.layout import channels_last, channels_last_3d, contiguous_format, preserve_format
from .meta import MetaArray

Array = np.ndarray[Any, Any]

if sys.platform == "linux":
    # glibc returns the memory of a large array to the system once it is freed, and getting it anew
    # takes longer than filling it. After it freed a block of this size it keeps smaller ones, up
    # to 64 MB in all (mallopt(3), M_MMAP_THRESHOLD). This one is not touched: it takes no memory.
    np.empty(31 << 20, np.uint8)

# by memory format, the dimensions from the one with the largest steps to the one with the smallest
NESTING = {channels_last: (0, 2, 3, 1), channels_last_3d: (0, 2, 3, 4, 1)}


def packed(array: Any) -> Any:
    """``array`` in C order: itself where it is, else a copy."""
    return array if array.flags.c_contiguous else array.copy()


def nesting(array: Array | MetaArray) -> list[int]:
    """The dimensions, outermost first, in the order that new memory like this array's has.

    A sort by exchange, as PyTorch's: a dimension of step 0 compares with none and stays.
    """
    steps, sizes = [abs(step) for step in array.strides], array.shape
    dims = list(range(array.ndim))[::-1]  # innermost first
    for at in range(1, array.ndim):
        for k in range(at - 1, -1, -1):
            a, b = dims[k], dims[at]
            if steps[a] and steps[b]:
                if steps[a] < steps[b]:
                    break
                if steps[a] > steps[b] or sizes[a] > sizes[b]:
                    dims[k], dims[at], at = b, a, k
    return dims[::-1]


def nested(shape: Any, dtype: Any, dims: Any) -> Array:
    """New memory in which ``dims`` lie one within the other."""
    return np.empty([shape[d] for d in dims], dtype).transpose(np.argsort(dims))


def dims_of(shape: Any, memory_format: Any) -> Any:
    """The dimensions, outermost first, of a tensor of that format.

    Raises:
        RuntimeError: the format is for another number of dimensions, or leaves the order open.
    """
    if memory_format is contiguous_format:
        return range(len(shape))
    if memory_format not in NESTING:
        if isinstance(memory_format, type(contiguous_format)):
            name = memory_format.name.removesuffix("_format").capitalize()
            raise RuntimeError(f"unsupported memory format {name}")
        raise TypeError(
            "argument 'memory_format' must be torch.memory_format, not "
            + type(memory_format).__name__
        )
    dims = NESTING[memory_format]
    if len(dims) != len(shape):
        raise RuntimeError(
            f"required rank {len(dims)} tensor to use {memory_format.name} format, but the shape "
            f"is {list(shape)}"
        )
    return dims


def packed_strides(shape: Any, itemsize: int, dims: Any) -> tuple[int, ...]:
    """The strides of memory without gaps in which ``dims`` lie one within the other."""
    strides, step = [0] * len(shape), itemsize
    for d in reversed(dims):
        strides[d] = step
        step *= max(shape[d], 1)
    return tuple(strides)


def formatted(shape: Any, dtype: Any, memory_format: Any) -> Array:
    """New memory of that format, see ``dims_of``."""
    if memory_format is contiguous_format:
        return np.empty(shape, dtype)
    return nested(shape, dtype, dims_of(shape, memory_format))


def like(array: Any, dtype: Any = None, memory_format: Any = preserve_format) -> Array:
    """New memory for an array of this shape, by default in the same order and without gaps."""
    dtype = array.dtype if dtype is None else dtype
    if memory_format is not None and memory_format is not preserve_format:
        return formatted(array.shape, dtype, memory_format)
    if array.flags.c_contiguous:
        return np.empty(array.shape, dtype)
    if type(array) is np.ndarray:
        if 0 not in array.strides:  # else NumPy's order is another one
            return np.empty_like(array, dtype)
        added = [n == 1 and not step for n, step in zip(array.shape, array.strides, strict=True)]
        if any(added) and 0 not in array.shape:  # by None; it is so here, too
            plain = array[tuple(0 if each else slice(None) for each in added)]
            made: Array = like(plain, dtype)[tuple(None if each else slice(None) for each in added)]
            return made
    return nested(array.shape, dtype, nesting(array))


def filled(out: Array, values: Any) -> Array:
    """``out`` with ``values`` in it, cast if need be."""
    np.copyto(out, values, casting="unsafe")
    return out


def copy(array: Any) -> Any:
    """A copy in the same order."""
    if array.flags.forc or 0 not in array.strides:
        return np.array(array, order="K")
    return filled(like(array), array)


def laid_as(array: Any, other: Any) -> Any:
    """The C-ordered ``array`` in the order of ``other``, which has its shape."""
    return array if other.flags.c_contiguous else filled(like(other, array.dtype), array)


def is_packed(array: Any, memory_format: Any) -> bool:
    """Whether the memory is in the order of ``memory_format``, without gaps."""
    dims = NESTING.get(memory_format)
    if dims is None:
        return bool(array.flags.c_contiguous)
    step, shape = array.itemsize, array.shape
    for d in reversed(dims) if len(dims) == len(shape) else ():
        if shape[d] != 1:
            if array.strides[d] != step:
                return False
            step *= shape[d]
    return len(dims) == len(shape)


def format_of(array: Any) -> Any:
    """The memory format whose order this is, gaps aside: contiguous unless channels come last."""
    shape, strides = array.shape, array.strides
    for memory_format, dims in NESTING.items():
        if len(dims) != len(shape) or not strides[1]:
            continue
        least = 0
        for d in reversed(dims):
            if not shape[d] or strides[d] < least or (not d and least == strides[1]):
                break
            least = strides[d] * max(shape[d], 1)
        else:
            return memory_format
    return contiguous_format


def formatted_as(array: Any, other: Any) -> Any:
    """The C-ordered ``array`` in the memory format of ``other``: with the channels last, or as is.

    The two have as many dimensions.
    """
    if other.flags.c_contiguous:
        return array
    memory_format = format_of(other)
    if memory_format is contiguous_format:
        return array
    return filled(formatted(array.shape, array.dtype, memory_format), array)


def address(array: Array) -> int:
    """Where the first element lies."""
    start: int = array.__array_interface__["data"][0]
    return start


# --- storages and windows ----------------------------------------------------------------------


def extent(shape: Any, strides: Any, itemsize: int) -> tuple[int, int]:
    """The first byte that an array reaches and the one after its last, from its first element on.

    ``low = sum (n - 1) min(step, 0)``, ``high = sum (n - 1) max(step, 0) + itemsize``.
    """
    if 0 in shape:
        return 0, 0
    low, high = 0, itemsize
    for n, step in zip(shape, strides, strict=True):
        if step < 0:
            low += (n - 1) * step
        else:
            high += (n - 1) * step
    return low, high


class _Bytes:
    """Memory that ``owner`` keeps alive, for NumPy to look at as bytes."""

    def __init__(self, owner: Array, writable: bool = False) -> None:
        low, high = extent(owner.shape, owner.strides, owner.itemsize)
        self.owner = owner
        self.__array_interface__ = {
            "data": (address(owner) + low, not (writable or owner.flags.writeable)),
            "shape": (high - low,),
            "typestr": "|u1",
            "version": 3,
        }


def owner_of(array: Array) -> Array:
    """The array of whose memory ``array`` is a window."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def storage_of(array: Array) -> tuple[Array, int]:
    """The memory that ``array`` is a window of, without gaps, and the byte at which it starts.

    The memory is what the owner reaches, from its lowest byte to its highest.
    """
    if isinstance(array, MetaArray):
        return array if array.base is None else array.base, array.offset
    owner = owner_of(array)
    if owner.dtype.hasobject:
        raise RuntimeError("the memory of an array of Python objects is not to be read as numbers")
    if owner.flags.c_contiguous:
        return owner, 0 if array is owner else address(array) - address(owner)
    memory = owner.transpose(nesting(owner))
    if not memory.flags.c_contiguous:
        memory = np.asarray(_Bytes(owner))
    return memory, address(array) - address(memory)


def check_window(memory: Array, shape: Any, dtype: Any, start: int, strides: Any) -> None:
    """Raises RuntimeError where a window would reach a byte outside of ``memory``."""
    low, high = extent(shape, strides, dtype.itemsize)
    if low < high and (start + low < 0 or start + high > memory.nbytes):
        raise RuntimeError(
            f"setStorage: sizes {list(shape)}, strides {[s // dtype.itemsize for s in strides]}, "
            f"storage offset {start // dtype.itemsize}, and itemsize {dtype.itemsize} requiring a "
            f"storage size of {start + high} are out of bounds for storage of size {memory.nbytes}"
        )


def window(memory: Array, shape: Any, dtype: Any, start: int, strides: Any) -> Array:
    """``memory``, which has no gaps, read from byte ``start`` on with ``strides`` in bytes."""
    check_window(memory, shape, dtype, start, strides)
    if isinstance(memory, MetaArray):
        return MetaArray(shape, dtype, strides, memory, start)
    try:
        return np.ndarray(shape, dtype, memory, 0 if 0 in shape else start, strides)
    except (ValueError, OverflowError):
        raise RuntimeError(
            f"numel: integer multiplication overflow for sizes {list(shape)}"
        ) from None


def foreign(array: Array, writable: bool = False) -> Array:
    """``array``, from now on the owner of what it reaches: other bytes under it are not ours.

    With ``writable`` it can be written to whatever NumPy thinks of its memory.
    """
    if array.base is None or array.dtype.hasobject:
        return array
    memory = np.asarray(_Bytes(array, writable))
    low, _ = extent(array.shape, array.strides, array.itemsize)
    return window(memory, array.shape, array.dtype, -low, array.strides)


class StorageBase:
    """What storages are: bytes, which are elements of ``_dtype`` where they have one."""

    _memory: Array
    _dtype: Any = None

    def _elements(self, dtype: Any = None) -> Array:
        """The bytes as elements of ``dtype``, in the same memory."""
        numpy = (dtype or self._dtype or UINT8).numpy
        memory = self._memory
        return memory[: memory.size // numpy.itemsize * numpy.itemsize].view(numpy)


def overlap(a: Array, b: Array) -> str | None:
    """``"full"`` where both are the same window, ``"partial"`` where they share some of it; None
    too where one has gaps, so that a search would have to tell."""
    if a is b or (address(a) == address(b) and a.shape == b.shape and a.strides == b.strides):
        return "full"
    if not np.may_share_memory(a, b) or not all(is_dense(x) for x in (a, b)):
        return None
    return "partial"


def is_dense(array: Array) -> bool:
    """Whether the elements, in some order, follow each other without gaps or overlaps."""
    end = array.itemsize
    for step, size in sorted(zip(array.strides, array.shape, strict=True)):
        if size != 1:
            if step != end:
                return False
            end *= size
    return True


def deep_copy(array: Array, memo: dict[Any, Any]) -> Array:
    """A copy of ``array``; the copies of windows of one memory are windows of one copy again."""
    if isinstance(array, MetaArray):
        return MetaArray(array.shape, array.dtype, array.strides)
    memory, start = storage_of(array)
    key = (deep_copy, address(memory), memory.nbytes)
    if key not in memo:
        memo[key] = memory.copy(), memory  # and the original: its address stays taken
    return window(memo[key][0], array.shape, array.dtype, start, array.strides)
