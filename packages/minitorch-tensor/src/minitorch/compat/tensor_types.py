"""``FloatTensor``, ``LongTensor``, ...: old names for constructors and for ``isinstance``."""

from __future__ import annotations

from typing import Any

from .._types import dtype as _dtype
from ..autograd.variable import Variable
from ..ops.legacy import constructed

__all__ = [
    "BFloat16Tensor", "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor",
    "HalfTensor", "IntTensor", "LongTensor", "ShortTensor",
]  # fmt: skip


class _TensorType(type):
    dtype: Any

    def __call__(cls, *data: Any, size: Any = None, device: Any = None) -> Any:
        """Sizes give uninitialised memory of that shape, data a tensor of them."""
        if device is not None and str(device).partition(":")[0] != "cpu":
            raise RuntimeError(
                f"legacy constructor expects device type: cpu but device type: {device} was passed"
            )
        made = constructed(data, size, cls.dtype)
        return made.detach() if data and made is data[0] else made

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Variable) and instance.dtype is cls.dtype


def _named(dtype: Any) -> Any:
    text = f"""Makes a tensor of {dtype}: uninitialised of given sizes, or of a sequence of data.

    ``isinstance(x, torch.{dtype.type_name}Tensor)`` says whether a tensor has that dtype.

    Raises:
        TypeError: the data are no sequence, or a tensor of another dtype.
    """
    members = {"dtype": dtype, "__slots__": (), "__doc__": text, "__module__": __name__}
    return _TensorType(f"{dtype.type_name}Tensor", (), members)


BoolTensor, ByteTensor, CharTensor = map(_named, (_dtype.bool, _dtype.uint8, _dtype.int8))
ShortTensor, IntTensor, LongTensor = map(_named, (_dtype.int16, _dtype.int32, _dtype.int64))
HalfTensor, BFloat16Tensor, FloatTensor, DoubleTensor = map(
    _named, (_dtype.float16, _dtype.bfloat16, _dtype.float32, _dtype.float64)
)
