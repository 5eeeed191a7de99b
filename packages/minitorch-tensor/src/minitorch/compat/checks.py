"""``torch._check`` and its kin: what libraries assert of numbers and of tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._tensor.tensor import Tensor
from .._types import dtype as dtypes
from ..autograd.inplace import is_expanded
from ..kernels.memory import is_dense
from ..ops.from_data import tensor

__all__: list[str] = []

Message = Callable[[], Any] | None
UNTOLD = (
    "Expected cond to be True, but got False. (Could this error message be improved? If so, "
    "please report an enhancement request to PyTorch.)"
)


def _check_with(error_type: type[Exception], cond: bool, message: Message) -> None:
    """Raises ``error_type(message())`` unless ``cond``.

    Raises:
        TypeError: ``cond`` is no bool, or ``message`` no function.
    """
    if isinstance(cond, Tensor):
        raise TypeError(
            "cond must be a bool, but got a Tensor. For tensor conditions, use "
            "torch._check_tensor_all() to assert that all elements are true."
        )
    if not isinstance(cond, bool):
        raise TypeError(f"cond must be a bool, but got {type(cond)}")
    if cond:
        return
    if message is not None and not callable(message):
        raise TypeError("message must be a callable")
    raise error_type(UNTOLD if message is None else str(message()))


def _check(cond: bool, message: Message = None) -> None:
    """Raises RuntimeError unless ``cond``."""
    _check_with(RuntimeError, cond, message)


def _check_index(cond: bool, message: Message = None) -> None:
    """Raises IndexError unless ``cond``."""
    _check_with(IndexError, cond, message)


def _check_value(cond: bool, message: Message = None) -> None:
    """Raises ValueError unless ``cond``."""
    _check_with(ValueError, cond, message)


def _check_type(cond: bool, message: Message = None) -> None:
    """Raises TypeError unless ``cond``."""
    _check_with(TypeError, cond, message)


def _check_not_implemented(cond: bool, message: Message = None) -> None:
    """Raises NotImplementedError unless ``cond``."""
    _check_with(NotImplementedError, cond, message)


def _check_is_size(i: int, message: Message = None, *, max: int | None = None) -> None:
    """Raises RuntimeError unless ``0 <= i <= max``."""
    _check(i >= 0, message)
    _check(max is None or i <= max, message)


def _check_tensor_all_with(
    error_type: type[Exception], cond: Tensor, message: Message = None
) -> None:
    """Raises ``error_type(message())`` unless all elements of ``cond`` are True.

    Raises:
        TypeError: ``cond`` is no tensor of bools.
    """
    if not isinstance(cond, Tensor):
        raise TypeError(f"cond must be a tensor, but got {type(cond)}")
    if cond.dtype is not dtypes.bool:
        raise TypeError(f"cond tensor must have dtype torch.bool, but got {cond.dtype}")
    _check_with(error_type, bool(cond.all().item()), message)


def _check_tensor_all(cond: Tensor, message: Message = None) -> None:
    """Raises RuntimeError unless all elements of ``cond`` are True."""
    _check_tensor_all_with(RuntimeError, cond, message)


def _assert(condition: Any, message: str) -> None:
    """Raises AssertionError unless ``condition``."""
    if not condition:
        raise AssertionError(message)


def _assert_async(input: Tensor, assert_msg: str = "") -> None:
    """Raises RuntimeError unless the only element of ``input`` is True."""
    if not input:
        raise RuntimeError(assert_msg or "Expected Tensor with single nonzero value, but got zero")


def _assert_scalar(self: Any, assert_msg: str) -> None:
    """Raises RuntimeError unless the number is not zero."""
    if not self:
        raise RuntimeError(assert_msg)


def _assert_tensor_metadata(
    a: Tensor,
    size: Any = None,
    stride: Any = None,
    dtype: Any = None,
    *,
    device: Any = None,
    layout: Any = None,
) -> None:
    """Raises RuntimeError unless ``a`` is as said."""
    said: dict[str, Any] = {
        "sizes": (size, list(a.shape)),
        "strides": (stride, list(a.stride())),
        "dtype": (dtype, a.dtype),
        "device": (device, a.device),
        "layout": (layout, a.layout),
    }
    for name, (wanted, found) in said.items():
        if wanted is not None and (list(wanted) if name[-1] == "s" else wanted) != found:
            raise RuntimeError(f"Tensor {name} mismatch! Expected: {wanted}, Got: {found}")


def _debug_has_internal_overlap(input: Tensor) -> int:
    """0 where no two elements share memory, 1 where some do, 2 where it would take a search."""
    data = input._data
    if not data.size or is_dense(data):
        return 0
    return 1 if is_expanded(data) else 2


def _shape_as_tensor(input: Tensor) -> Tensor:
    """The shape as a tensor of integers."""
    return tensor(list(input.shape), dtype=dtypes.int64)


def _to(name: str) -> Any:
    def cast(self: Tensor, non_blocking: bool = False) -> Any:
        return self.to(getattr(dtypes, name))

    return cast


_cast_Byte, _cast_Char, _cast_Short = _to("uint8"), _to("int8"), _to("int16")  # noqa: N816  (PyTorch's names)
_cast_Int, _cast_Long, _cast_Half = _to("int32"), _to("int64"), _to("float16")  # noqa: N816  (PyTorch's names)
_cast_Float, _cast_Double = _to("float32"), _to("float64")  # noqa: N816  (PyTorch's names)
