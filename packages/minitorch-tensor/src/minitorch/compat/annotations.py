"""Types for annotations: ``torch.types`` and ``torch.nn.common_types``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import IO, Any, TypeVar, Union

from .._tensor.tensor import Tensor
from .._types.device import device as _device
from .._types.dtype import dtype as _dtype  # noqa: F401  (torch.types has it)
from .._types.size import Size

__all__ = ["Device", "FileLike", "Number", "Storage"]

T = TypeVar("T")

Number = int | float | bool
Device = _device | str | int | None
FileLike = Union[str, os.PathLike[str], IO[bytes]]  # noqa: UP007  (as PyTorch's prints)
IntLikeType, FloatLikeType, BoolLikeType = int, float, bool
_bool, _bytes, _complex, _float, _int, _str = bool, bytes, complex, float, int, str
_Number = (int, float, bool)
_size = Size | list[int] | tuple[int, ...]
_symsize = Size | Sequence[int]
_TensorOrTensors = Tensor | Sequence[Tensor]
_TensorOrOptionalTensors = Tensor | Sequence[Tensor | None]


class Storage:
    """What has a tensor's memory."""

    _cdata: int
    device: Any
    dtype: Any


_scalar_or_tuple_any_t = Union[T, tuple[T, ...]]  # noqa: UP007  (can be subscripted)
_scalar_or_tuple_1_t = Union[T, tuple[T]]  # noqa: UP007  (libraries ask for a Union)
_scalar_or_tuple_2_t = Union[T, tuple[T, T]]  # noqa: UP007  (libraries ask for a Union)
_scalar_or_tuple_3_t = Union[T, tuple[T, T, T]]  # noqa: UP007  (libraries ask for a Union)
_scalar_or_tuple_4_t = Union[T, tuple[T, T, T, T]]  # noqa: UP007  (libraries ask for a Union)
_scalar_or_tuple_5_t = Union[T, tuple[T, T, T, T, T]]  # noqa: UP007  (libraries ask for a Union)
_scalar_or_tuple_6_t = Union[T, tuple[T, T, T, T, T, T]]  # noqa: UP007  (libraries ask for a Union)
_size_any_t = _scalar_or_tuple_any_t[int]
_size_1_t = _scalar_or_tuple_1_t[int]
_size_2_t = _scalar_or_tuple_2_t[int]
_size_3_t = _scalar_or_tuple_3_t[int]
_size_4_t = _scalar_or_tuple_4_t[int]
_size_5_t = _scalar_or_tuple_5_t[int]
_size_6_t = _scalar_or_tuple_6_t[int]
_size_any_opt_t = _scalar_or_tuple_any_t[int | None]
_size_2_opt_t = _scalar_or_tuple_2_t[int | None]
_size_3_opt_t = _scalar_or_tuple_3_t[int | None]
_ratio_any_t = _scalar_or_tuple_any_t[float]
_ratio_2_t = _scalar_or_tuple_2_t[float]
_ratio_3_t = _scalar_or_tuple_3_t[float]
_tensor_list_t = _scalar_or_tuple_any_t[Tensor]
_maybe_indices_t = _scalar_or_tuple_2_t[Tensor]
