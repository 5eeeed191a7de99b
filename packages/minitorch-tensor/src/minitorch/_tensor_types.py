"""``FloatTensor``, ``LongTensor``, ...: old names for constructors and for ``isinstance``."""

from __future__ import annotations

from typing import Any

from . import _dtype
from ._creation import empty
from ._from_data import tensor
from .autograd.variable import Variable

__all__ = [
    "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "HalfTensor",
    "IntTensor", "LongTensor", "ShortTensor",
]  # fmt: skip


class _TensorType(type):
    dtype: Any

    def __call__(cls, *arguments: Any) -> Any:
        """Sizes give an empty tensor, data a tensor of them."""
        if arguments and all(type(n) is int for n in arguments):
            return empty(*arguments, dtype=cls.dtype)
        return tensor(*(arguments or ([],)), dtype=cls.dtype)

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Variable) and instance.dtype is cls.dtype


def _named(dtype: Any) -> Any:
    return _TensorType(f"{dtype.type_name}Tensor", (), {"dtype": dtype, "__slots__": ()})


BoolTensor, ByteTensor, CharTensor = map(_named, (_dtype.bool, _dtype.uint8, _dtype.int8))
ShortTensor, IntTensor, LongTensor = map(_named, (_dtype.int16, _dtype.int32, _dtype.int64))
HalfTensor, FloatTensor, DoubleTensor = map(
    _named, (_dtype.float16, _dtype.float32, _dtype.float64)
)
