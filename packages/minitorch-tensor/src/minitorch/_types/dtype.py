"""dtypes, PyTorch's promotion of them, and the default float dtype."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeAlias

import numpy as np

__all__ = [
    "bfloat16",
    "bool",
    "can_cast",
    "cdouble",
    "cfloat",
    "chalf",
    "complex32",
    "complex64",
    "complex128",
    "double",
    "dtype",
    "finfo",
    "float",
    "float8_e4m3fn",
    "float8_e4m3fnuz",
    "float8_e5m2",
    "float8_e5m2fnuz",
    "float8_e8m0fnu",
    "float16",
    "float32",
    "float64",
    "get_default_dtype",
    "half",
    "iinfo",
    "int",
    "int8",
    "int16",
    "int32",
    "int64",
    "long",
    "promote_types",
    "set_default_dtype",
    "short",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
]

# PyTorch calls its dtypes bool, int and float; these are Python's
_python_bool: TypeAlias = bool
_int: TypeAlias = int
_float: TypeAlias = float
# by NumPy's kind: bool, integer, float, complex; ml_dtypes' floats have V, its complex ones W
CATEGORIES = {"b": 0, "u": 1, "i": 1, "f": 2, "V": 2, "c": 3}


class dtype:  # noqa: N801  (PyTorch's name)
    """The type of a tensor's elements, such as ``minitorch.float32``.

    ``itemsize`` is in bytes. ``np.dtype(minitorch.float32)`` works too.
    """

    __slots__ = ("category", "itemsize", "name", "numpy", "type_name")
    name: str
    numpy: np.dtype[Any]
    type_name: str
    category: int
    itemsize: int

    def __init__(self, name: str, type_name: str) -> None:
        self.name = name
        self.numpy = np.dtype(name)
        self.type_name = type_name  # as in PyTorch's errors and tensor types: "Float"
        self.category = CATEGORIES[self.numpy.kind]
        self.itemsize = self.numpy.itemsize

    @property
    def is_floating_point(self) -> _python_bool:
        return self.category == 2

    @property
    def is_complex(self) -> _python_bool:
        return self.category == 3

    @property
    def is_signed(self) -> _python_bool:
        return self.numpy.kind in "ifc"

    def to_real(self) -> dtype:
        """The dtype of the real part."""
        return {complex32: float16, complex64: float32, complex128: float64}.get(self, self)

    def to_complex(self) -> dtype:
        """The complex dtype whose parts have this dtype (complex64 for bfloat16)."""
        if self.category < 2 or self.itemsize == 1:
            raise RuntimeError(f"Unknown Complex ScalarType for {self.type_name}")
        halves = {float16: complex32, complex32: complex32, float64: complex128}
        return complex128 if self is complex128 else halves.get(self, complex64)

    @property
    def __numpy_dtype__(self) -> np.dtype[Any]:
        return self.numpy

    @property
    def dtype(self) -> np.dtype[Any]:  # older NumPy asks for this one
        return self.numpy

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name


class _Extension(dtype):
    """A dtype whose numbers NumPy has from ml_dtypes, which is imported when they are first used:
    without it the dtype can be named and compared, and ``finfo`` knows it."""

    __slots__ = ()

    def __init__(self, name: str, type_name: str, itemsize: _int, category: _int = 2) -> None:
        self.name, self.type_name = name, type_name
        self.category, self.itemsize = category, itemsize

    def __getattr__(self, name: str) -> Any:  # ``numpy`` is not set yet
        if name != "numpy":
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        try:
            import ml_dtypes

            self.numpy = np.dtype(getattr(ml_dtypes, self.name))
        except (ImportError, AttributeError):  # complex32 came with its version 0.6
            raise ImportError(
                f"tensors of {self!r} need NumPy's extension ml_dtypes: install "
                "minitorch-tensor[bfloat16], or use torch.float32 or torch.float16"
            ) from None
        by_numpy[self.numpy] = LIMITED[self.numpy] = self
        return self.numpy

    @property
    def is_signed(self) -> _python_bool:
        return self is not float8_e8m0fnu


class _Name(dtype):
    """A dtype of which there are no tensors here: it can be named, compared and promoted."""

    __slots__ = ()

    def __init__(self, name: str, type_name: str, category: _int, itemsize: _int) -> None:
        self.name, self.type_name, self.category, self.itemsize = (
            name, type_name, category, itemsize,
        )  # fmt: skip

    def __getattr__(self, name: str) -> Any:
        if name != "numpy":
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        raise TypeError(f"{self!r} is not supported: NumPy has no such numbers")

    @property
    def is_signed(self) -> _python_bool:
        return self.name[0] != "u"


int1, int2, int3, int4, int5, int6, int7 = (_Name(f"int{n}", f"Int{n}", 1, 1) for n in range(1, 8))
uint1, uint2, uint3, uint4, uint5, uint6, uint7 = (
    _Name(f"uint{n}", f"UInt{n}", 1, 1) for n in range(1, 8)
)
bfloat16 = _Extension("bfloat16", "BFloat16", 2)
float8_e4m3fn = _Extension("float8_e4m3fn", "Float8_e4m3fn", 1)
float8_e5m2 = _Extension("float8_e5m2", "Float8_e5m2", 1)
float8_e4m3fnuz = _Extension("float8_e4m3fnuz", "Float8_e4m3fnuz", 1)
float8_e5m2fnuz = _Extension("float8_e5m2fnuz", "Float8_e5m2fnuz", 1)
float8_e8m0fnu = _Extension("float8_e8m0fnu", "Float8_e8m0fnu", 1)
float16 = half = dtype("float16", "Half")
float32 = float = dtype("float32", "Float")
float64 = double = dtype("float64", "Double")
int8 = dtype("int8", "Char")
int16 = short = dtype("int16", "Short")
int32 = int = dtype("int32", "Int")
int64 = long = dtype("int64", "Long")
uint8 = dtype("uint8", "Byte")
uint16 = dtype("uint16", "UInt16")
uint32 = dtype("uint32", "UInt32")
uint64 = dtype("uint64", "UInt64")
bool = dtype("bool", "Bool")
complex32 = chalf = _Extension("complex32", "ComplexHalf", 4, 3)
complex64 = cfloat = dtype("complex64", "ComplexFloat")
complex128 = cdouble = dtype("complex128", "ComplexDouble")

EXTENSIONS = (
    bfloat16, float8_e4m3fn, float8_e5m2, float8_e4m3fnuz, float8_e5m2fnuz, float8_e8m0fnu,
    complex32,
)  # fmt: skip
FLOAT8 = EXTENSIONS[1:-1]
UNSIGNED = (uint16, uint32, uint64)  # with a few operations only
OWN = (
    float16, float32, float64, int8, int16, int32, int64, uint8, *UNSIGNED, bool, complex64,
    complex128,
)  # fmt: skip
ALL: tuple[dtype, ...] = (*OWN, *EXTENSIONS)
by_numpy = {each.numpy: each for each in OWN}
LIMITED: dict[Any, dtype] = {each.numpy: each for each in UNSIGNED}  # see autograd/opmath.py
_default = float32


def from_numpy_dtype(numpy: Any) -> dtype:
    """The dtype of an array."""
    try:
        return by_numpy[numpy]
    except KeyError:
        for each in EXTENSIONS:
            if each.name == str(numpy) and each.numpy == numpy:
                return each
        raise TypeError(
            f"can't convert np.ndarray of type numpy.{numpy}. The only supported types are: "
            "float64, float32, float16, complex64, complex128, int64, int32, int16, int8, uint64, "
            "uint32, uint16, uint8, and bool."
        ) from None


def is_installed(d: dtype) -> _python_bool:
    """False for dtypes of ml_dtypes where it is not installed."""
    try:
        return d.numpy is not None
    except ImportError:
        return False


def as_dtype(value: Any) -> dtype:
    """``value`` as a dtype: one already, a Python type, or anything NumPy takes for one."""
    if isinstance(value, dtype):
        return value
    return from_numpy_dtype(np.dtype(value))


def get_default_dtype() -> dtype:
    """The dtype of floats that come without one: float32 unless ``set_default_dtype`` said else."""
    return _default


def set_default_dtype(d: dtype) -> None:
    """Sets the dtype of floats that come without one.

    Raises:
        TypeError: ``d`` is not a floating-point dtype.
    """
    global _default
    if not isinstance(d, dtype) or d.category != 2 or d.itemsize == 1:
        raise TypeError(f"only floating-point types are supported as the default type, got {d!r}")
    _default = d


@cache
def promote_types(type1: dtype, type2: dtype) -> dtype:
    """The smallest dtype that both convert to, by PyTorch's table.

    Raises:
        RuntimeError: for one of uint16, uint32 and uint64, the other neither it nor a float; for
            one of the float8 dtypes and another dtype.

    Example:
        >>> import minitorch
        >>> minitorch.promote_types(minitorch.int64, minitorch.float16)
        torch.float16

    Follows https://docs.pytorch.org/docs/stable/tensor_attributes.html#type-promotion-doc
    """
    if type1 is type2:
        return type1
    low, high = sorted((type1, type2), key=lambda d: d.category)
    which = f"is not supported, attempted to promote {type1.type_name} and {type2.type_name}"
    if type1 in FLOAT8 or type2 in FLOAT8:
        raise RuntimeError(f"Promotion for Float8 Types {which}")
    if high.category != 2 and (type1 in UNSIGNED or type2 in UNSIGNED):
        raise RuntimeError(f"Promotion for uint16, uint32, uint64 types {which}")
    if complex32 in (type1, type2):
        other = type1 if type2 is complex32 else type2
        if other.category == 3:
            return other
        return complex32 if other.category < 2 or other is float16 else other.to_complex()
    if low.category != high.category and not (low.category == 2 and high.category == 3):
        return high
    if low.category == 2 and low.itemsize == 2 and high.category == 3:
        return high
    if bfloat16 in (type1, type2):
        return float32 if float16 in (type1, type2) else low if high is bfloat16 else high
    return from_numpy_dtype(np.promote_types(low.numpy, high.numpy))


def can_cast(from_: dtype, to: dtype) -> _python_bool:
    """True where PyTorch converts in place: never to a lower category, such as float to int."""
    return from_.category <= to.category


def result_dtype(*operands: Any) -> dtype:
    """PyTorch's result dtype of arrays and Python numbers together.

    Arrays with dimensions decide; 0-dim arrays count only where their category (bool < integer <
    float < complex) is higher, and Python numbers only where theirs is higher still.
    """
    found: list[dtype | None] = [None, None, None]  # numbers, 0-dim, with dimensions
    for x in operands:
        if isinstance(x, np.ndarray | np.generic):
            tier, kind = (2 if x.ndim else 1), from_numpy_dtype(x.dtype)
        else:
            tier, kind = 0, number_dtype(x)
        before = found[tier]
        found[tier] = kind if before is None else promote_types(before, kind)
    result: dtype | None = None
    for kind in (k for k in reversed(found) if k is not None):
        if result is None:
            result = kind
        elif kind.category > result.category:
            # a wider category from a lower tier: complex numbers take the width of floats
            if kind.is_complex and result.is_floating_point and result.itemsize > 1:
                kind = result.to_complex()
                if kind is complex32 and not is_installed(complex32):
                    kind = complex64
            result = kind
    assert result is not None
    return result


def number_dtype(x: Any) -> dtype:
    """The dtype that a Python number stands for."""
    if x is True or x is False:
        return bool
    if isinstance(x, _int):
        return int64
    if isinstance(x, _float):
        return _default
    if isinstance(x, complex):
        return _default.to_complex()
    raise TypeError(f"expected a Tensor or a number, but got {type(x).__name__}")


# bits, eps, max, min, the smallest normal number, resolution: NumPy does not know them
LIMITS = {
    bfloat16: (16, 2.0**-7, (2 - 2.0**-7) * 2.0**127, -(2 - 2.0**-7) * 2.0**127, 2.0**-126, 0.01),
    float8_e4m3fn: (8, 2.0**-3, 448.0, -448.0, 2.0**-6, 1.0),
    float8_e5m2: (8, 2.0**-2, 57344.0, -57344.0, 2.0**-14, 1.0),
    float8_e4m3fnuz: (8, 2.0**-3, 240.0, -240.0, 2.0**-7, 1.0),
    float8_e5m2fnuz: (8, 2.0**-3, 57344.0, -57344.0, 2.0**-15, 1.0),
    float8_e8m0fnu: (8, 1.0, 2.0**127, 2.0**-127, 2.0**-127, 1.0),
}


class finfo:  # noqa: N801  (PyTorch's name)
    """Limits of a floating-point dtype: ``bits eps max min tiny smallest_normal resolution``."""

    def __init__(self, type: dtype | None = None) -> None:
        kind = type or _default
        if not isinstance(kind, dtype):
            raise TypeError(f"finfo(): argument 'type' must be a dtype, not {kind!r}")
        if kind.category < 2:
            raise TypeError(f"finfo() is for floating-point dtypes; iinfo() for {kind}")
        self.dtype = kind.to_real().name
        if kind in LIMITS:
            self.bits, self.eps, self.max, self.min, self.tiny, self.resolution = LIMITS[kind]
            self.smallest_normal = self.tiny
            return
        limits = np.finfo(kind.to_real().numpy)
        self.bits = _int(limits.bits)
        self.eps, self.max, self.min = _float(limits.eps), _float(limits.max), _float(limits.min)
        self.tiny = self.smallest_normal = _float(limits.tiny)
        self.resolution = 10.0**-limits.precision

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, "
            f"eps={self.eps:g}, smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, "
            f"dtype={self.dtype})"
        )


class iinfo:  # noqa: N801  (PyTorch's name)
    """Limits of an integer dtype: ``bits max min``."""

    def __init__(self, type: dtype) -> None:
        if not isinstance(type, dtype):
            raise TypeError(f"iinfo(): argument 'type' must be a dtype, not {type!r}")
        if type.category != 1:
            raise TypeError(f"iinfo() is for integer dtypes, not {type}; finfo() is for floats")
        self.dtype = type.name
        limits = np.iinfo(type.numpy)
        self.bits, self.max, self.min = _int(limits.bits), _int(limits.max), _int(limits.min)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"
