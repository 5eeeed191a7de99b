"""Tensors by device and dtype, as optimizers that work on lists of tensors want them."""

from __future__ import annotations

from typing import Any

from ..extend import (
    group_tensors_by_device_and_dtype as _group_tensors_by_device_and_dtype,
)

__all__ = ["_group_tensors_by_device_and_dtype"]


def _get_foreach_kernels_supported_devices() -> list[str]:
    """The CPU alone has none."""
    return ["cuda", "xpu", "mtia", "privateuseone"]


def _get_fused_kernels_supported_devices() -> list[str]:
    return ["mps", "cuda", "xpu", "hpu", "cpu", "mtia", "privateuseone"]


def _device_has_foreach_support(device: Any) -> bool:
    return device.type in ("cpu", *_get_foreach_kernels_supported_devices())


def _has_foreach_support(tensors: list[Any], device: Any) -> bool:
    return _device_has_foreach_support(device)
