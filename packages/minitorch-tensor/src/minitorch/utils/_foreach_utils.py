"""Tensors by device and dtype, as optimizers that work on lists of tensors want them."""

from __future__ import annotations

from typing import Any

__all__: list[str] = []


def _get_foreach_kernels_supported_devices() -> list[str]:
    """The CPU alone has none."""
    return ["cuda", "xpu", "mtia", "privateuseone"]


def _get_fused_kernels_supported_devices() -> list[str]:
    return ["mps", "cuda", "xpu", "hpu", "cpu", "mtia", "privateuseone"]


def _device_has_foreach_support(device: Any) -> bool:
    return device.type in ("cpu", *_get_foreach_kernels_supported_devices())


def _has_foreach_support(tensors: list[Any], device: Any) -> bool:
    return _device_has_foreach_support(device)


def _group_tensors_by_device_and_dtype(
    tensorlistlist: list[list[Any]], with_indices: bool = False
) -> dict[tuple[Any, Any], tuple[list[list[Any]], list[int]]]:
    """Lists of tensors that belong together, grouped by device and dtype of the first list's."""
    found: dict[tuple[Any, Any], tuple[list[list[Any]], list[int]]] = {}
    for k, row in enumerate(
        zip(*[each or [None] * len(tensorlistlist[0]) for each in tensorlistlist], strict=True)
    ):
        key = (row[0].device, row[0].dtype)
        lists, indices = found.setdefault(key, ([[] for _ in tensorlistlist], []))
        for values, value, source in zip(lists, row, tensorlistlist, strict=True):
            if source:
                values.append(value)
        if with_indices:
            indices.append(k)
    return found
