"""Memory looked at anew: other strides, another dtype, another size. Offsets count from its start.

Every window is held against the bytes of the storage by ``_memory.window``.
"""

from __future__ import annotations

import math
import sys
from operator import index
from typing import TYPE_CHECKING, Any

import numpy as np

from .._types.layout import contiguous_format
from ..autograd.grad_mode import current, tell
from ..autograd.history import root
from ..autograd.node import AccumulateGrad
from ..autograd.primitive import primitive
from ..autograd.variable import Variable, check_marks, wrap
from ..kernels import storage as kernels
from ..kernels.memory import (
    StorageBase,
    check_window,
    dims_of,
    owner_of,
    packed_strides,
    storage_of,
    window,
)
from ..kernels.storage import places
from .arguments import as_shape, one_dim
from .creation import marked
from .gathering import index_rows_backward_p, index_rows_p
from .shape import view_p

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._tensor.tensor import Tensor
    from .._tensor.untyped_storage import UntypedStorage
    from .._types.layout import memory_format
    from ..autograd.primitive import Operation

__all__ = ["as_strided"]


# --- strides -----------------------------------------------------------------------------------


def _as_strided_rule(
    g: Any,
    shape: Any,
    x_dtype: Any,
    size: Any,
    stride: Any,
    offset: int,
    x_stride: Any,
    x_offset: int,
) -> Any:
    """Adds up per place; elements of x that lie at one place share its gradient."""
    at, own = places(size, stride, offset), places(shape, x_stride, x_offset)
    least = min(at.min(initial=offset), own.min(initial=x_offset))
    at, own = at.reshape(-1) - least, own.reshape(-1) - least
    count = np.bincount(own.astype(np.intp, copy=False), minlength=at.max(initial=-1) + 1)
    found = index_rows_p(index_rows_backward_p(view_p(g, at.shape), at, count.shape), own)
    if count.max(initial=0) > 1:
        found = found / count[own].astype(x_dtype)
    return view_p(found, shape)


as_strided_p: Operation = primitive(
    kernels.restrided, "x | size stride offset x_stride x_offset", _as_strided_rule,
    name="as_strided", view=True, traits=("linear", "window"),
)  # fmt: skip


def _from_base(view: Any, size: Any, stride: Any, offset: int) -> None:
    """An in-place write reaches what is in the base, be it in the tensor that was restrided or not.

    A chain of views that ends here is this step alone, taken of the base.
    """
    if type(view._chain) is tuple and view._base is not None:
        base = root(view)
        step = (size, stride, offset, base.stride(), base.storage_offset())
        view._chain = ((as_strided_p, step),)


def as_strided(
    input: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None
) -> Tensor:
    """The memory of ``input`` read with ``stride`` from ``storage_offset`` on, a view.

    Element ``i`` is the one at place ``storage_offset + sum(i[k] * stride[k])`` of the storage,
    all counted in elements. The offset is by default that of ``input``.

    Raises:
        RuntimeError: the view would reach out of the storage; a stride, size or offset is negative.

    Example:
        >>> import minitorch
        >>> minitorch.arange(6.0).as_strided((2, 3), (1, 2))
        tensor([[0., 2., 4.],
                [1., 3., 5.]])
    """
    size, stride = tuple(map(index, size)), tuple(map(index, stride))
    if hasattr(input, "_value"):  # each example of a batch, from where it starts
        batch: Any = input._value
        steps = (batch.stride(0), *stride)
        windows = as_strided(batch, (batch.shape[0], *size), steps, storage_offset)
        return input._around(windows)  # type: ignore[attr-defined, no-any-return]  # of a batch
    owner: Any = input
    while hasattr(owner, "_primal"):  # a dual lies as its value does
        owner = owner._primal
    array = owner._array()
    memory, start = storage_of(array)
    item = array.itemsize
    offset = start // item if storage_offset is None else index(storage_offset)
    _check(size, stride, offset)
    check_window(memory, size, array.dtype, offset * item, [s * item for s in stride])
    own = tuple([step // item for step in array.strides])
    view: Tensor = as_strided_p(input, size, stride, offset, own, start // item)
    _from_base(view, size, stride, offset)
    return view


def _check(size: tuple[int, ...], stride: tuple[int, ...], offset: int) -> None:
    """Raises where no window can be of that kind."""
    if len(size) != len(stride):
        raise RuntimeError(
            f"mismatch in length of strides and shape: {list(stride)} and {list(size)}"
        )
    if min(size, default=0) < 0:
        raise RuntimeError(f"as_strided: sizes must not be negative, got {list(size)}")
    if min(stride, default=0) < 0:
        raise RuntimeError(
            f"as_strided: Negative strides are not supported at the moment, got strides: "
            f"{list(stride)}"
        )
    if offset < 0:
        raise RuntimeError(f"Tensor: invalid storage offset {offset}")


def stride(input: Tensor, dim: int | None = None) -> Any:
    """The steps in memory from one element to the next, counted in elements."""
    array = input._array()
    item, shape = array.itemsize, array.shape
    if 0 in shape:  # NumPy's are 0
        strides = packed_strides(shape, 1, range(len(shape)))
    else:
        strides = tuple(step // item for step in array.strides)
        if 0 in strides:
            strides = _of_new_dimensions(shape, strides)
    return strides if dim is None else strides[one_dim(dim, len(shape))]


def _of_new_dimensions(shape: tuple[int, ...], strides: tuple[int, ...]) -> tuple[int, ...]:
    """NumPy steps by 0 along a dimension that None put in; PyTorch past the next dimension."""
    made: list[int] = []
    after = 1
    for n, step in zip(reversed(shape), reversed(strides), strict=True):
        made.append(after if n == 1 and step == 0 else step)
        after = n * made[-1]
    return tuple(reversed(made))


def storage_offset(input: Tensor) -> int:
    """The place of the first element in the memory that the tensor shares, in elements."""
    array = input._array()
    return storage_of(array)[1] // array.itemsize


# --- in place ----------------------------------------------------------------------------------


def resize_(
    input: Tensor, *sizes: int | Sequence[int], memory_format: memory_format | None = None
) -> Tensor:
    """Gives the tensor another shape in place; new elements at the end are zeros.

    The elements are those that follow the first in memory. Where the storage ends before them
    it is replaced by a larger one.

    Raises:
        RuntimeError: the tensor requires grad; a storage that something else uses would grow.
    """
    check_marks(input)
    shape = as_shape(sizes)
    if input.requires_grad and not input.is_inference():
        raise RuntimeError("cannot resize variables that require grad")
    if min(shape, default=0) < 0:
        raise RuntimeError(f"resize_: negative dimensions are not allowed, got {list(shape)}")
    data = input._array()
    if memory_format is None and shape == data.shape:
        return input
    item = data.itemsize
    strides = packed_strides(shape, item, dims_of(shape, memory_format or contiguous_format))
    memory, start = storage_of(data)
    end = start + math.prod(shape) * item
    if start < end > memory.nbytes:
        if end > sys.maxsize:
            raise RuntimeError(f"Storage size calculation overflowed with sizes={list(shape)}")
        if current.state.recording:
            tell("refuse", "a storage grows")
        grown = np.zeros(end, np.uint8)
        grown[: memory.nbytes] = memory.reshape(-1).view(np.uint8)
        old = memory.nbytes
        del memory  # which refers to the owner
        owner = owner_of(data)
        count: Any = getattr(sys, "getrefcount", lambda x: 0 if x is grown else 9)  # CPython's
        known = count(grown) + 1 + (owner is data)  # names here, input._data, data.base
        used = max(count(owner), count(data)) > known
        if used or input._base is not None or not owner.flags.owndata:
            raise RuntimeError(
                f"Trying to resize storage that is not resizable: {list(data.shape)} to "
                f"{list(shape)} needs more memory, and a view, an array or a graph uses this one. "
                "Use a clone()."
            )
        memory = grown
        if old % item == 0:
            marked(grown[old : end // item * item].view(data.dtype))
    input._data = window(memory, shape, data.dtype, start, strides)
    input._counter[0] += 1
    _from_base(input, shape, input.stride(), start // item)
    return input


def set_(
    input: Tensor, source: Tensor | UntypedStorage | None = None, storage_offset: int = 0,
    size: Sequence[int] | None = None, stride: Sequence[int] | None = None,
) -> Tensor:  # fmt: skip
    """Takes the memory, shape and strides of ``source``, and shares them; nothing by default.

    With ``size``, a window of that memory: ``storage_offset`` counts from the storage's beginning,
    or from the first element of a tensor, ``stride`` is by default that of a contiguous tensor.

    Raises:
        RuntimeError: this tensor or ``source`` is part of a graph (leaves can be set under
            ``no_grad``), or the dtypes differ; the window would reach out of the storage.
    """
    check_marks(input)
    given: Any = wrap(np.empty(0, input._data.dtype)) if source is None else source
    tensor = isinstance(given, Variable)
    recording = bool(current.state.flags & 1)
    if (input.requires_grad and (recording or not input.is_leaf)) or (
        recording and tensor and given.requires_grad
    ):
        raise RuntimeError("set_() works on tensors outside of autograd: use detach() or no_grad()")
    if tensor and given.dtype != input.dtype:
        raise RuntimeError(
            f"Could not set tensor of type {given.dtype.name} to a tensor of type "
            f"{input.dtype.name}"
        )
    if isinstance(given, StorageBase) and given._dtype not in (None, input.dtype):
        raise RuntimeError(
            f"Expected a Storage of type {input.dtype.type_name} or an UntypedStorage, but got "
            f"type {given._dtype.type_name} for argument 1 'storage'"
        )
    if tensor and size is None:
        input._data = given._array()
    else:
        if tensor and not given.is_contiguous():
            raise RuntimeError("passed in tensor to be used as storage must be contiguous")
        memory = storage_of(given._array())[0] if tensor else given._memory
        if size is None:
            size = (memory.nbytes // input.element_size(),)
        size, offset = tuple(map(index, size)), index(storage_offset)
        if tensor and offset >= 0:
            offset += given.storage_offset()
        if stride is None:
            stride = packed_strides(size, 1, range(len(size)))
        stride = tuple(map(index, stride))
        _check(size, stride, offset)
        item, dtype = input.element_size(), input._data.dtype
        input._data = window(memory, size, dtype, offset * item, [s * item for s in stride])
    input._base, input._chain = None, ()
    if tensor:
        input._counter = given._counter
    input._counter[0] += 1
    if input._node is not None:  # a new leaf: graphs go on to end in the old one
        input._node = AccumulateGrad(input)
    return input
