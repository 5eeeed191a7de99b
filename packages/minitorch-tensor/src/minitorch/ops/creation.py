"""Tensors of a shape, filled with constants.

Every function takes PyTorch's options ``dtype``, ``device`` (the CPU) and ``requires_grad``, and,
because programs pass them, ``layout`` (strided) and ``pin_memory`` (False: there is no GPU).
"""

from __future__ import annotations

import functools
import sys
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from .._types import dtype as _dtype
from .._types.device import CPU, META, as_device, chosen
from .._types.dtype import (
    as_dtype,
    complex32,
    complex64,
    from_numpy_dtype,
    get_default_dtype,
    number_dtype,
)
from .._types.layout import contiguous_format, preserve_format, strided
from ..autograd.grad_mode import current, tell
from ..autograd.out import into
from ..autograd.variable import Variable, wrap
from ..kernels.memory import dims_of, extent, nested, nesting, packed_strides, window
from ..kernels.memory import like as new_memory_like
from ..kernels.meta import MetaArray
from .arguments import as_int, as_shape
from .conversion import fitted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .._tensor import Tensor
    from .._types.device import device
    from .._types.dtype import dtype
    from .._types.layout import layout, memory_format

__all__ = [
    "empty",
    "empty_like",
    "empty_permuted",
    "empty_strided",
    "eye",
    "full",
    "full_like",
    "ones",
    "ones_like",
    "scalar_tensor",
    "zeros",
    "zeros_like",
]


def made(
    array: Any,
    requires_grad: bool = False,
    device: device | str | int | None = None,
    layout: layout | None = None,
    pin_memory: bool = False,
) -> Tensor:
    """A new tensor around ``array``, whose memory no other tensor has; on "meta" it is let go."""
    if device is not None or chosen:
        array = moved(array, device)
    if layout is not None and layout is not strided:
        raise NotImplementedError(
            f"layout {layout} is not supported: MiniTorch's tensors are torch.strided"
        )
    if pin_memory:
        raise RuntimeError(
            "pin_memory=True requires an accelerator: there is no GPU here to copy to. Pass "
            "pin_memory=torch.cuda.is_available()"
        )
    scalar = not array.ndim and not isinstance(array, MetaArray)
    result = wrap(array[()] if scalar else array)  # a NumPy scalar: see Variable
    if current.state.recording:
        tell("created", result)
    if not requires_grad:
        return result
    if array.dtype.kind not in "fVcW":
        raise RuntimeError(
            "Only Tensors of floating point and complex dtype can require gradients, but this one "
            f"would have dtype {result.dtype}"
        )
    if not isinstance(requires_grad, bool | np.bool_):
        raise TypeError(
            f"argument 'requires_grad' must be bool, not {type(requires_grad).__name__}"
        )
    return result.requires_grad_()


def literal(array: Any) -> Tensor:
    """A tensor of ``array``, on the CPU, which depends on no tensor's values."""
    result = wrap(array)
    if current.state.recording:
        tell("created", result)
    return result


def made_into(
    out: Tensor,
    factory: Callable[..., Tensor],
    *args: Any,
    dtype: dtype | None = None,
    requires_grad: bool = False,
    **kwargs: Any,
) -> Tensor:
    """``out``, which holds what ``factory`` makes in its dtype."""
    if dtype is not None and isinstance(out, Variable) and as_dtype(dtype) is not out.dtype:
        raise RuntimeError(
            f"dtype {as_dtype(dtype).type_name} does not match dtype of out parameter "
            f"({out.dtype.type_name})"
        )
    kind = out.dtype if isinstance(out, Variable) else None
    into(out, factory, *args, warn=False, dtype=kind, **kwargs)
    return out.requires_grad_() if requires_grad else out


def resized_into(writes: Any, out: Any, factory: Any, *args: Any, **options: Any) -> Tensor:
    """``writes(out, factory, ...)``; warns where ``out`` had another number of elements."""
    before, shape = (out.numel(), list(out.shape)) if hasattr(out, "numel") else (0, [])
    writes(out, factory, *args, **options)
    if before not in (0, out.numel()):
        warnings.warn(
            f"The number of elements in the out tensor of shape {shape} is {before} which does not "
            f"match the computed number of elements {out.numel()}. Note that this may occur as a "
            "result of rounding error. The out tensor will be resized to a tensor of shape "
            f"({out.numel()},).",
            stacklevel=4,
        )
    return out  # type: ignore[no-any-return]  # a tensor


def moved(array: Any, device: Any) -> Any:
    """``array`` on ``device``, by default where this thread makes tensors."""
    if as_device(device) is CPU:
        return array
    if isinstance(array, MetaArray):
        return array
    return MetaArray(array.shape, array.dtype, array.strides)


def memory(shape: tuple[int, ...], dtype: Any, device: Any, new: Callable[..., Any]) -> Any:
    """``new(shape, dtype)``, or no memory where the device is "meta"."""
    if (device is not None or chosen) and as_device(device) is META:
        return MetaArray(shape, dtype)
    try:
        return new(shape, dtype)
    except ValueError:
        if 0 in shape:
            raise RuntimeError(f"Stride calculation overflowed with sizes={list(shape)}") from None
        raise RuntimeError(
            f"Storage size calculation overflowed with sizes={list(shape)}"
        ) from None


# after use_deterministic_algorithms(True); utils.deterministic.fill_uninitialized_memory
unset = {"deterministic": False, "fill": True}


def marked(array: Any) -> Any:
    """New memory ``array``, which holds NaN or the largest number if determinism is asked for."""
    if unset["deterministic"] and unset["fill"] and not isinstance(array, MetaArray):
        kind = array.dtype.kind
        array.fill(np.iinfo(array.dtype).max if kind in "iu" else True if kind == "b" else np.nan)
    return array


def sizes(shape: tuple[Any, ...], size: Any = None) -> tuple[int, ...]:
    """The sizes given as ``f(2, 3)``, ``f((2, 3))`` or ``f(size=(2, 3))``, none negative."""
    if size is not None:
        shape = (size,)
    if len(shape) == 1 and type(shape[0]) is tuple:
        shape = shape[0]
    try:
        found = shape if {*map(type, shape)} <= {int} else as_shape(shape)
    except (TypeError, AttributeError):
        raise TypeError(
            "argument 'size' must be ints or one tuple of ints, not "
            + ", ".join(type(n).__name__ for n in shape)
        ) from None
    if found and min(found) < 0:
        raise RuntimeError(
            f"Trying to create tensor with negative dimension {min(found)}: {list(found)}"
        )
    return found


def number(value: Any) -> Any:
    """A Python number of a number or a tensor with one element."""
    if isinstance(value, int | float | complex):
        return value
    if not isinstance(value, Variable | np.generic):
        raise TypeError(f"argument must be Number, not {type(value).__name__}: {value!r:.60}")
    return value.item()  # type: ignore[union-attr]  # Tensor's


def _numpy(dtype: Any) -> np.dtype[Any]:
    return _dtype._default.numpy if dtype is None else as_dtype(dtype).numpy


def zeros(
    *shape: int | Sequence[int], size: Sequence[int] | None = None, dtype: dtype | None = None,
    layout: layout | None = None, device: device | str | int | None = None,
    pin_memory: bool = False, requires_grad: bool = False, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Zeros.

    Example:
        >>> import minitorch
        >>> minitorch.zeros(2, 3)
        tensor([[0., 0., 0.],
                [0., 0., 0.]])
    """
    if out is not None:
        return made_into(out, zeros, *shape, size=size, dtype=dtype, requires_grad=requires_grad)
    array = memory(sizes(shape, size), _numpy(dtype), device, np.zeros)
    return made(array, requires_grad, device, layout, pin_memory)


def ones(
    *shape: int | Sequence[int], size: Sequence[int] | None = None, dtype: dtype | None = None,
    layout: layout | None = None, device: device | str | int | None = None,
    pin_memory: bool = False, requires_grad: bool = False, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Ones."""
    if out is not None:
        return made_into(out, ones, *shape, size=size, dtype=dtype, requires_grad=requires_grad)
    array = memory(sizes(shape, size), _numpy(dtype), device, np.ones)
    return made(array, requires_grad, device, layout, pin_memory)


def empty(
    *shape: int | Sequence[int], size: Sequence[int] | None = None, dtype: dtype | None = None,
    layout: layout | None = None, device: device | str | int | None = None,
    pin_memory: bool = False, requires_grad: bool = False,
    memory_format: memory_format | None = None, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Whatever the memory holds."""
    if out is not None:
        return made_into(out, empty, *shape, size=size, dtype=dtype, requires_grad=requires_grad)
    array = memory(sizes(shape, size), _numpy(dtype), device, np.empty)
    if memory_format is not None and memory_format is not contiguous_format:
        dims_of(array.shape, memory_format)  # raises where there is no such order
        array = memory_on(device, array, None, memory_format)
    return made(marked(array), requires_grad, device, layout, pin_memory)


def full(
    size: Sequence[int], fill_value: complex, *, dtype: dtype | None = None,
    layout: layout | None = None, device: device | str | int | None = None,
    pin_memory: bool = False, requires_grad: bool = False, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """``fill_value`` everywhere; its type gives the dtype.

    Raises:
        RuntimeError: the value does not fit ``dtype``.
    """
    if out is not None:
        return made_into(out, full, size, fill_value, dtype=dtype, requires_grad=requires_grad)
    if isinstance(size, int):
        raise TypeError("full(): argument 'size' must be tuple of ints, not int")
    if dtype is None and isinstance(fill_value, Variable):
        dtype = from_numpy_dtype(fill_value._data.dtype)
    value = number(fill_value)
    kind = number_dtype(value) if dtype is None else as_dtype(dtype)
    if dtype is None and kind is complex32:  # PyTorch's, whatever other functions infer
        kind = complex64
    shape, value = sizes((size,)), fitted(value, kind)
    array = memory(shape, kind.numpy, device, np.empty)
    current.state.without_warnings(array.fill, value)
    return made(array, requires_grad, device, layout, pin_memory)


def scalar_tensor(
    s: complex, *, dtype: dtype | None = None, layout: layout | None = None,
    device: device | str | int | None = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """A 0-dim tensor, of the default dtype unless told else."""
    return full(
        (), s, dtype=dtype or get_default_dtype(), layout=layout, device=device,
        pin_memory=pin_memory, requires_grad=requires_grad,
    )  # fmt: skip


def eye(
    n: int, m: int | None = None, *, dtype: dtype | None = None, layout: layout | None = None,
    device: device | str | int | None = None, pin_memory: bool = False, requires_grad: bool = False,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Ones on the diagonal, zeros elsewhere: ``n`` rows, ``m`` (by default ``n``) columns."""
    if out is not None:
        return made_into(out, eye, n, m, dtype=dtype, requires_grad=requires_grad)
    n, m = as_int("n", n), None if m is None else as_int("m", m)
    for name, k in (("n", n), ("m", m)):
        if k is not None and k < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {k}")
    shape = (n, n if m is None else m)
    array = memory(shape, _numpy(dtype), device, lambda shape, kind: np.eye(*shape, dtype=kind))
    return made(array, requires_grad, device, layout, pin_memory)


def empty_strided(
    size: Sequence[int], stride: Sequence[int], *, dtype: dtype | None = None,
    layout: layout | None = None, device: device | str | int | None = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Whatever the memory holds, with strides as told (in elements)."""
    shape, steps, kind = sizes((tuple(size),)), sizes((tuple(stride),)), _numpy(dtype)
    if len(shape) != len(steps):
        raise RuntimeError(
            f"dimensionality of sizes ({len(shape)}) must match dimensionality of strides "
            f"({len(steps)})"
        )
    steps = tuple(s * kind.itemsize for s in steps)
    _, nbytes = extent(shape, steps, kind.itemsize)
    if nbytes > sys.maxsize:
        raise RuntimeError(f"Storage size calculation overflowed with sizes={list(shape)}")
    array = memory((nbytes,), np.dtype(np.uint8), device, np.empty)
    if isinstance(array, MetaArray):
        array = MetaArray(shape, kind, steps)
    else:
        array = window(array, shape, kind, 0, steps)
    return made(marked(array), requires_grad, device, layout, pin_memory)


def empty_permuted(
    size: Sequence[int], physical_layout: Sequence[int], *, dtype: dtype | None = None,
    layout: layout | None = None, device: device | str | int | None = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Whatever the memory holds, without gaps; ``physical_layout`` names the dimensions from the
    outermost to the innermost.

    Raises:
        RuntimeError: ``physical_layout`` is no permutation of the dimensions.
    """
    shape, dims = sizes((tuple(size),)), as_shape((tuple(physical_layout),))
    if sorted(dims) != [*range(len(shape))]:
        raise RuntimeError(
            f"Number of dimensions in size does not match the length of the physical_layout, or "
            f"that is no permutation of them: size {list(shape)}, physical_layout {list(dims)}"
        )
    strides = packed_strides(shape, 1, dims)
    return empty_strided(
        shape, strides, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad,
        pin_memory=pin_memory,
    )  # fmt: skip


# --- like another tensor -----------------------------------------------------------------------


def like(
    input: Any, dtype: Any, memory_format: memory_format | None = None, device: Any = None
) -> Any:
    """A new array with the shape and, unless told else, the device, the order in memory and the
    dtype."""
    kind = None if dtype is None else as_dtype(dtype).numpy
    if device is None and not isinstance(input._data, MetaArray):
        return new_memory_like(input._data, kind, memory_format)
    return memory_on(input.device if device is None else device, input._data, kind, memory_format)


def memory_on(device: Any, array: Any, dtype: Any, memory_format: Any) -> Any:
    """New memory like that of ``array`` on ``device``."""
    shape, kind = array.shape, array.dtype if dtype is None else dtype
    if memory_format is not None and memory_format is not preserve_format:
        dims = dims_of(shape, memory_format)
    else:
        dims = range(array.ndim) if array.flags.c_contiguous else nesting(array)
    if as_device(device) is META:
        return MetaArray(shape, kind, packed_strides(shape, kind.itemsize, dims))
    return nested(shape, kind, dims)


def carried(like: Any, x: Tensor) -> Tensor:
    """``x``; under a transform that ``like`` belongs to, so that it can take its values."""
    lifted: Tensor = x if like._interpreter is None else like.carried(x)
    return lifted


def empty_like(
    input: Tensor, *, dtype: dtype | None = None, layout: layout | None = None,
    device: device | str | int | None = None, pin_memory: bool = False, requires_grad: bool = False,
    memory_format: memory_format | None = None,
) -> Tensor:  # fmt: skip
    """Whatever the memory holds, with the shape and dtype of ``input``."""
    array = marked(like(input, dtype, memory_format, device))
    place = input.device if device is None else device
    return carried(input, made(array, requires_grad, place, layout, pin_memory))


def full_like(
    input: Tensor, fill_value: complex, *, dtype: dtype | None = None, layout: layout | None = None,
    device: device | str | int | None = None, pin_memory: bool = False, requires_grad: bool = False,
    memory_format: memory_format | None = None,
) -> Tensor:  # fmt: skip
    """``fill_value`` everywhere, with the shape and dtype of ``input``."""
    array = like(input, dtype, memory_format, device)
    current.state.without_warnings(
        array.fill, fitted(number(fill_value), from_numpy_dtype(array.dtype))
    )
    place = input.device if device is None else device
    return carried(input, made(array, requires_grad, place, layout, pin_memory))


def zeros_like(
    input: Tensor, *, dtype: dtype | None = None, layout: layout | None = None,
    device: device | str | int | None = None, pin_memory: bool = False, requires_grad: bool = False,
    memory_format: memory_format | None = None,
) -> Tensor:  # fmt: skip
    """Zeros with the shape and dtype of ``input``."""
    array = like(input, dtype, memory_format, device)
    array.fill(0)
    place = input.device if device is None else device
    return carried(input, made(array, requires_grad, place, layout, pin_memory))


def ones_like(
    input: Tensor, *, dtype: dtype | None = None, layout: layout | None = None,
    device: device | str | int | None = None, pin_memory: bool = False, requires_grad: bool = False,
    memory_format: memory_format | None = None,
) -> Tensor:  # fmt: skip
    """Ones with the shape and dtype of ``input``."""
    array = like(input, dtype, memory_format, device)
    array.fill(1)
    place = input.device if device is None else device
    return carried(input, made(array, requires_grad, place, layout, pin_memory))


# --- methods -----------------------------------------------------------------------------------


def _check_no_out(name: str, options: dict[str, Any]) -> None:
    if "out" in options:
        raise TypeError(f"{name}() got an unexpected keyword argument 'out'")


def new_full(
    self: Tensor,
    size: Sequence[int],
    fill_value: complex,
    *,
    dtype: dtype | None = None,
    **options: Any,
) -> Tensor:
    """``full`` of this tensor's dtype."""
    _check_no_out("new_full", options)
    options = {"device": self.device} | options
    return carried(self, full(size, fill_value, dtype=dtype or self.dtype, **options))


def new_empty_strided(
    self: Tensor,
    size: Sequence[int],
    stride: Sequence[int],
    dtype: dtype | None = None,
    **options: Any,
) -> Tensor:
    """``empty_strided`` of this tensor's dtype."""
    options = {"device": self.device} | options
    return empty_strided(size, stride, dtype=dtype or self.dtype, **options)


def of_this_dtype(function: Any) -> Any:
    """The method ``new_...`` of ``zeros``, ``ones`` or ``empty``."""

    def method(self: Any, *shape: int | Sequence[int], dtype: Any = None, **options: Any) -> Any:
        if options:
            _check_no_out(method.__name__, options)
        if chosen or isinstance(self._data, MetaArray):
            options = {"device": self.device} | options
        return carried(self, function(*shape, dtype=dtype or self.dtype, **options))

    method.__name__ = method.__qualname__ = f"new_{function.__name__}"
    method.__doc__ = f"``{function.__name__}`` of this tensor's dtype unless told else."
    return method


new_zeros, new_ones, new_empty = map(of_this_dtype, (zeros, ones, empty))


def tracking(function: Any) -> Any:
    """The class constructor ``Tensor.zeros``, ...: floating-point results track gradients."""

    @functools.wraps(function)
    def constructor(*args: Any, requires_grad: bool | None = None, **options: Any) -> Any:
        made = function(*args, **options)
        if requires_grad is None:
            requires_grad = made._data.dtype.kind in "fV"
        return made.requires_grad_(requires_grad)

    constructor.__doc__ = (
        f"``minitorch.{function.__name__}``, except that floating-point results require grad "
        "unless told else."
    )
    return staticmethod(constructor)
