"""``torch._prims_common``: what libraries ask of shapes, strides and dtypes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from operator import mul
from typing import Any

from .._types import dtype as dtypes
from .._types.device import device as Device
from .._types.dtype import get_default_dtype

__all__: list[str] = []  # names.txt has them

ShapeType = StrideType = DimsSequenceType = Sequence[int]
DimsType = int | Sequence[int]
Dim = int
DeviceLikeType = str | Device | int
Number = bool | int | float | complex


def is_boolean_dtype(dtype: dtypes.dtype) -> bool:
    """Whether it is bool."""
    return _dtype(dtype) == dtypes.bool


def is_integer_dtype(dtype: dtypes.dtype) -> bool:
    """Whether it holds integers; bool does not."""
    return not (is_grad_dtype(_dtype(dtype)) or is_boolean_dtype(dtype))


def is_float_dtype(dtype: dtypes.dtype) -> bool:
    """Whether it holds real floating-point numbers."""
    return _dtype(dtype).is_floating_point


def is_complex_dtype(dtype: dtypes.dtype) -> bool:
    """Whether it holds complex numbers."""
    return _dtype(dtype).is_complex


def is_grad_dtype(dtype: dtypes.dtype) -> bool:
    """Whether a tensor of it can require grad."""
    return dtype.is_floating_point or dtype.is_complex


def _dtype(dtype: Any) -> dtypes.dtype:
    if not isinstance(dtype, dtypes.dtype):
        raise AssertionError(f"Expected torch.dtype, got {type(dtype)}")
    return dtype


def dtype_to_type(dtype: dtypes.dtype) -> type[bool | int | float | complex]:
    """Python's type of one element."""
    if is_boolean_dtype(dtype):
        return bool
    if dtype.is_floating_point:
        return float
    return complex if dtype.is_complex else int


def type_to_dtype(typ: type) -> dtypes.dtype:
    """The dtype of a tensor that is made of a number of type ``typ``.

    Raises:
        ValueError: it is no number's.
    """
    default = get_default_dtype()
    found = {
        bool: dtypes.bool, int: dtypes.int64, float: default, complex: default.to_complex(),
    }.get(typ)  # fmt: skip
    if found is None:
        raise ValueError(f"Invalid type {typ}!")
    return found


def corresponding_real_dtype(dtype: dtypes.dtype) -> dtypes.dtype:
    """That of the real part."""
    return dtype.to_real()


def corresponding_complex_dtype(dtype: dtypes.dtype) -> dtypes.dtype:
    """That whose parts are of ``dtype``."""
    return dtype.to_complex()


def dtype_or_default(dtype: dtypes.dtype | None) -> dtypes.dtype:
    """``dtype``, or the default where it is None."""
    return get_default_dtype() if dtype is None else dtype


def canonicalize_device(device: DeviceLikeType) -> Device:
    """The device of a name."""
    return Device(device)


def canonicalize_dim(rank: int, idx: int, wrap_scalar: bool = True) -> int:
    """``idx`` counted from the first dimension of ``rank``.

    Raises:
        IndexError: there is no such dimension.
    """
    if rank == 0 and not wrap_scalar:
        raise IndexError(f"Dimension specified as {idx} but tensor has no dimensions")
    rank = rank or 1
    if not -rank <= idx < rank:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-rank}, {rank - 1}], but got "
            f"{idx})"
        )
    return idx % rank


def canonicalize_dims(rank: int, indices: Any, wrap_scalar: bool = True) -> Any:
    """``canonicalize_dim`` of one index, or of each."""
    if isinstance(indices, int):
        return canonicalize_dim(rank, indices, wrap_scalar)
    return tuple(canonicalize_dim(rank, idx, wrap_scalar) for idx in indices)


def is_contiguous(a: Any, false_if_dde: bool = False) -> bool:
    """Whether the elements lie in memory in the order of their indices."""
    answer: bool = a.is_contiguous()
    return answer


is_contiguous_or_false = is_contiguous


def is_contiguous_for_memory_format(
    a: Any, *, memory_format: Any, false_if_dde: bool = False
) -> bool:
    """Whether they lie in the order of ``memory_format``."""
    answer: bool = a.is_contiguous(memory_format=memory_format)
    return answer


is_contiguous_for_memory_format_or_false = is_contiguous_for_memory_format


def make_contiguous_strides_for(shape: Sequence[int], row_major: bool = True) -> tuple[int, ...]:
    """Strides of a contiguous tensor; with ``row_major=False`` of matrices stored by columns."""
    strides = [*accumulate((max(n, 1) for n in reversed(shape[1:])), mul, initial=1)][::-1]
    if len(shape) < 2 or row_major:
        return tuple(strides[: len(shape)])
    return (*strides[:-2], 1, max(shape[-2], 1))


def is_same_shape(a: Iterable[int], b: Iterable[int]) -> bool:
    """Whether two shapes are the same."""
    return tuple(a) == tuple(b)


same_shape = is_same_shape


def is_expandable_to(shape: Sequence[int], desired: Sequence[int]) -> bool:
    """Whether a tensor of ``shape`` can be expanded to ``desired``."""
    pairs = zip(reversed(shape), reversed(desired), strict=False)
    return len(shape) <= len(desired) and all(m in (1, n) for m, n in pairs)


def is_valid_permutation(rank: int, perm: Sequence[int]) -> bool:
    """Whether ``perm`` has each dimension of ``rank`` once."""
    return isinstance(perm, Sequence) and sorted(perm) == list(range(rank))
