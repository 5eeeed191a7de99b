"""Conversions between dtypes, and the promotion of operands to one dtype."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn, overload

import numpy as np

from .._types import dtype as _dtype
from .._types.device import CPU, as_device
from .._types.device import device as Device
from .._types.dtype import as_dtype, finfo, from_numpy_dtype, get_default_dtype, result_dtype
from .._types.layout import preserve_format
from ..autograd.grad_mode import current
from ..autograd.primitive import primitive
from ..autograd.variable import Inference, Variable, wrap
from ..kernels.half import in_float8
from ..kernels.memory import filled, format_of, like, nesting, packed_strides
from ..kernels.meta import MetaArray, MetaError
from .inspection import is_tensor

if TYPE_CHECKING:
    from .._tensor import Tensor
    from .._types.device import device
    from .._types.layout import memory_format

__all__ = [
    "is_complex",
    "is_floating_point",
    "is_inference",
    "is_nonzero",
    "is_signed",
    "result_type",
]


def real_part(x: Any) -> Any:
    """Complex numbers on their way into real ones."""
    warnings.warn("Casting complex values to real discards the imaginary part", stacklevel=5)
    return x.real if x.dtype.kind == "c" else x.astype(np.complex64).real


def _cast(x: Any, dtype: Any) -> Any:
    if x.dtype.kind in "cW" and dtype.kind not in "cWb":
        x = real_part(x)
    if dtype.kind == "V":
        x = in_float8(x, dtype)
    return x.astype(dtype) if x.flags.forc else filled(like(x, dtype), x)


TRAITS = {"traits": ("elementwise", "linear")}
to_p = primitive(
    _cast, "x | dtype", lambda g, x_dtype: cast_back(g, x_dtype), name="to",
    label="ToCopyBackward0", **TRAITS,
)  # fmt: skip
to_discrete_p = primitive(_cast, "x | dtype", None, name="to", **TRAITS)


def cast(x: Any, dtype: np.dtype[Any]) -> Tensor:
    """``x`` as NumPy dtype ``dtype``; always a copy. Integers and bools have no gradient."""
    return to_p(x, dtype) if dtype.kind in "fVcW" else to_discrete_p(x, dtype)


def cast_back(g: Any, dtype: np.dtype[Any]) -> Any:
    kind = g._data.dtype.kind if isinstance(g, Variable) else g.dtype.kind
    if kind == "W":
        g, kind = cast(g, np.dtype(np.complex64)), "c"
    return cast(g.real if kind == "c" and dtype.kind not in "cW" else g, dtype)


def as_operand(x: Any) -> Any:
    """``x`` as something an operation takes: a tensor or a Python number.

    Raises:
        TypeError: it is neither.
    """
    if isinstance(x, Variable) or type(x) in NUMBERS:
        return x
    if isinstance(x, np.generic):
        return x.item()
    if isinstance(x, np.ndarray) and current.state.arrays:
        return wrap(np.asarray(x, from_numpy_dtype(x.dtype).numpy))
    if isinstance(x, int):
        return int(x)
    module = "numpy." if type(x).__module__ == "numpy" else ""
    raise TypeError(f"expected a Tensor or a number, but got {module}{type(x).__name__}: {x!r:.60}")


NUMBERS: dict[type, Any] = {bool: True, int: 1, float: 1.0, complex: 1j}


def _kind(x: Any) -> Any:
    return (x._data.dtype, x._data.ndim > 0) if isinstance(x, Variable) else type(x)


@cache
def _common(kinds: tuple[Any, ...], default: Any) -> _dtype.dtype:
    return result_dtype(
        *(
            np.empty((1,) * kind[1], kind[0]) if isinstance(kind, tuple) else NUMBERS[kind]
            for kind in kinds
        )
    )


def common_dtype(*operands: Any) -> _dtype.dtype:
    """The dtype of tensors and Python numbers together."""
    return _common(tuple(map(_kind, operands)), get_default_dtype())


def to_dtype(x: Any, dtype: np.dtype[Any]) -> Any:
    """The operand ``x`` in ``dtype``; itself where it has that already."""
    if isinstance(x, Variable):
        if x._data.dtype == dtype:
            if x._data.dtype is not dtype:  # an equal dtype, but not the one object of its kind
                x._data = x._data.view(dtype)
            return x
        return cast(x, dtype)
    if isinstance(x, np.ndarray | np.generic):
        return x if x.dtype == dtype else _cast(x, dtype)
    return x if dtype.kind in "fV" else number(x, dtype)  # NumPy keeps a float tensor's dtype


def number(x: Any, dtype: np.dtype[Any]) -> Any:
    """The Python number ``x`` as a NumPy scalar; integers wrap around."""
    try:
        return current.state.without_warnings(dtype.type, x)
    except OverflowError:
        return np.asarray(x % 2**64, np.uint64).astype(dtype)[()]


FITS = 65504.0  # the largest number of float16: every floating dtype holds it


def fitted(value: Any, kind: _dtype.dtype) -> Any:
    """The Python number ``value`` as dtype ``kind`` holds it; negative ones wrap in unsigned kinds.

    Raises:
        TypeError: it is no number.
        RuntimeError: it does not fit.
    """
    if type(value) in (int, float) and kind.is_floating_point and abs(value) <= FITS:
        return value
    if isinstance(value, Variable) and not value.ndim and not value.requires_grad:
        tensor: Any = value
        value = tensor.item()
    if not isinstance(value, int | float | complex | np.number | np.bool_):
        raise TypeError(f"expected a number, but got {type(value).__name__}: {value!r:.60}")
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise OverflowError(f"int too big to convert to {kind.name}: {value}")
    if kind is _dtype.bool:
        return bool(value)
    if isinstance(value, complex) and not kind.is_complex:
        if value.imag:
            raise _does_not_fit(value, kind)
        value = value.real
    if kind.numpy.kind in "iu":
        limits = np.iinfo(kind.numpy)
        most = int(limits.max)
        if not (-most if limits.min == 0 else int(limits.min)) <= value <= most:  # NaN neither
            raise _does_not_fit(value, kind)
        return int(value) % (most + 1) if limits.min == 0 else int(value)
    if kind.is_floating_point:
        if finfo(kind).max < abs(value) < float("inf"):
            raise _does_not_fit(value, kind)
    return value


def element(value: Any, kind: _dtype.dtype) -> Any:
    """``fitted``, but infinite where it is too large for float16, as in PyTorch where a tensor is
    made of the number first."""
    half = kind is _dtype.float16 and not isinstance(value, complex)
    return value if half else fitted(value, kind)


def _does_not_fit(value: Any, kind: _dtype.dtype) -> RuntimeError:
    return RuntimeError(
        f"value cannot be converted to type {kind.name} without overflow: {value!r}"
    )


def promote(*operands: Any) -> tuple[Any, ...]:
    """The operands in their common dtype (PyTorch's ``result_type``)."""
    if len(operands) == 2 and isinstance(operands[0], Variable):  # most often all is clear
        a, b = operands
        dtype = a._data.dtype
        if isinstance(b, Variable) and b._data.dtype is dtype:
            return operands
        if type(b) is int and dtype.kind in "iu":
            return a, number(b, dtype)
    operands = tuple([as_operand(x) for x in operands])
    dtype = common_dtype(*operands).numpy
    return tuple([to_dtype(x, dtype) for x in operands])


def promote_to_float(*operands: Any) -> Any:
    """The same, and integers become the default float dtype; one operand comes back alone."""
    operands = tuple(map(as_operand, operands))
    dtype = common_dtype(*operands)
    if dtype.category < 2:
        dtype = get_default_dtype()
    made = tuple([to_dtype(x, dtype.numpy) for x in operands])
    return made if len(made) > 1 else made[0]


def promote_floats_only(name: str, kinds: str = "fV") -> Callable[..., Any]:
    """``promote`` for an operation that is defined for NumPy's ``kinds`` of dtypes alone."""

    def checked(*operands: Any) -> Any:
        made = promote(*operands)
        dtype = next(x.dtype for x in made if is_tensor(x))
        if dtype.numpy.kind not in kinds:
            raise not_implemented(name, dtype)
        return made if len(made) > 1 else made[0]

    return checked


# What most operations of one operand have in common.
ELEMENTWISE: Any = {"traits": ("elementwise",)}
FLOATS: Any = {**ELEMENTWISE, "promote": promote_to_float, "floats": True}


def floats_only(name: str, kinds: str = "fV") -> Any:
    """The same, for an operation that integers and bools do not have."""
    return {**ELEMENTWISE, "promote": promote_floats_only(name, kinds), "floats": True}


def not_differentiable(name: str) -> Any:
    """The rule where PyTorch has none."""

    def rule(g: Any) -> Any:
        raise NotImplementedError(f"the derivative for '{name}' is not implemented")

    return rule


def not_implemented(name: str, dtype: Any) -> NotImplementedError:
    """PyTorch's error for an operation that a dtype does not have."""
    return NotImplementedError(f"\"{name}\" not implemented for '{as_dtype(dtype).type_name}'")


def result_type(tensor1: Tensor | complex, tensor2: Tensor | complex) -> _dtype.dtype:
    """The dtype of an operation on these two, tensors or Python numbers.

    Example:
        >>> import minitorch
        >>> minitorch.result_type(minitorch.tensor([1, 2]), 1.0)
        torch.float32
    """
    return common_dtype(as_operand(tensor1), as_operand(tensor2))


def to(
    input: Tensor, *args: Tensor | _dtype.dtype | device | str | bool | None,
    dtype: _dtype.dtype | None = None, device: device | str | int | None = None,
    non_blocking: bool = False, copy: bool = False, memory_format: memory_format | None = None,
) -> Tensor:  # fmt: skip
    """``input`` with another dtype, ``memory_format`` or device; itself where it has those already
    and ``copy`` is not set.

    Called as ``to(dtype)``, ``to(device)``, ``to(device, dtype)`` or ``to(other)``, each with
    ``non_blocking`` and ``copy`` behind. On the device "meta" nothing but the shape remains.

    Raises:
        RuntimeError: the way back from "meta"; a format for other numbers of dimensions.
        AssertionError: a device that MiniTorch does not have.
    """
    flags = [arg for arg in args if isinstance(arg, bool)]
    for arg in args:
        if isinstance(arg, Variable):
            dtype = from_numpy_dtype(arg._data.dtype)
            if isinstance(arg._data, MetaArray) or isinstance(input._data, MetaArray):
                device = arg.device
        elif isinstance(arg, str | int | Device) and not isinstance(arg, bool):
            device = arg
        elif arg is not None and not isinstance(arg, bool):
            dtype = arg
    wanted = input.dtype if dtype is None else as_dtype(dtype)
    if device is not None:
        input = _moved(input, as_device(device))
    made: Tensor = to_dtype(input, as_dtype(wanted).numpy)
    if memory_format is not None and memory_format is not preserve_format:
        same = made is input and not copy and format_of(input._array()) is memory_format
        return made if same else made.clone(memory_format=memory_format)
    if made is input and (copy or flags[1:] == [True]):
        return cast(input, np.dtype(wanted))
    return made


def _moved(input: Any, device: Device) -> Any:
    """``input`` on that device, on which it may be already."""
    if isinstance(input._data, MetaArray):
        if device is CPU:
            raise MetaError
        return input
    return input if device is CPU else to_meta_p(input)


def _off_meta(g: Any) -> NoReturn:
    raise MetaError


to_meta_p = primitive(
    lambda x: MetaArray(x.shape, x.dtype, packed_strides(x.shape, x.itemsize, nesting(x))),
    "x", _off_meta,
    name="to_meta", label="ToCopyBackward0",
)  # fmt: skip


def converter(name: str, dtype: _dtype.dtype) -> Callable[..., Tensor]:
    """The method ``x.float()`` and the like."""

    def convert(input: Tensor, memory_format: memory_format | None = None) -> Tensor:
        if memory_format is not None:
            return to(input, dtype, memory_format=memory_format)
        made: Tensor = to_dtype(input, dtype.numpy)
        return made

    convert.__name__ = convert.__qualname__ = name
    convert.__doc__ = f"""The tensor in {dtype}; itself where it has that dtype.

    The gradient is converted back; integers and bools have none.
    """
    return convert


METHODS = {
    "half": _dtype.float16, "bfloat16": _dtype.bfloat16,
    "float": _dtype.float32, "double": _dtype.float64,
    "char": _dtype.int8, "short": _dtype.int16, "int": _dtype.int32, "long": _dtype.int64,
    "byte": _dtype.uint8, "bool": _dtype.bool,
    "chalf": _dtype.complex32, "cfloat": _dtype.complex64, "cdouble": _dtype.complex128,
}  # fmt: skip
TYPE_NAMES = {f"torch.{each.type_name}Tensor": each for each in _dtype.ALL}


@overload
def type_(input: Tensor, dtype: None = None) -> str: ...
@overload
def type_(input: Tensor, dtype: str | _dtype.dtype, non_blocking: bool = False) -> Tensor: ...
def type_(
    input: Tensor, dtype: str | _dtype.dtype | None = None, non_blocking: bool = False
) -> str | Tensor:
    """The tensor's type as a string, such as ``"torch.FloatTensor"``, or the tensor in
    ``dtype``."""
    if dtype is None:
        where = "meta." if isinstance(input._data, MetaArray) else ""
        return f"torch.{where}{input.dtype.type_name}Tensor"
    if isinstance(dtype, str):
        if dtype not in TYPE_NAMES:
            raise ValueError(f"invalid type: {dtype!r}; the types are {', '.join(TYPE_NAMES)}")
        dtype = TYPE_NAMES[dtype]
    elif isinstance(dtype, type):  # torch.FloatTensor and its kin
        found = getattr(dtype, "dtype", dtype)
        dtype = found if isinstance(found, _dtype.dtype) else _dtype.get_default_dtype()
    return to(input, dtype)


def type_as(input: Tensor, other: Tensor) -> Tensor:
    """``input`` in the dtype of ``other``."""
    return to(input, other)


def is_floating_point(input: Tensor) -> bool:
    """True for float32 and the other real floating-point dtypes."""
    return bool(input.dtype.is_floating_point)


def is_complex(input: Tensor) -> bool:
    """True for complex64 and complex128."""
    return bool(input.dtype.is_complex)


def is_signed(input: Tensor) -> bool:
    """True for all dtypes but bool and those of unsigned numbers."""
    return bool(input.dtype.is_signed)


def is_inference(input: Tensor) -> bool:
    """Whether ``input`` was made in ``inference_mode``.

    Example:
        >>> import minitorch
        >>> with minitorch.inference_mode():
        ...     x = minitorch.ones(2)
        >>> minitorch.is_inference(x)
        True
    """
    if not isinstance(input, Variable):
        raise TypeError(
            f"is_inference(): argument 'input' must be Tensor, not {type(input).__name__}"
        )
    return type(input._counter) is Inference


def is_nonzero(input: Tensor) -> bool:
    """Whether the one element of ``input`` is not zero.

    Raises:
        RuntimeError: it has more elements, or none.
    """
    return bool(input)
