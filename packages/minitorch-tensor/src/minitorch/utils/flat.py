"""Tensors flattened into one, and taken apart again: ``torch._utils``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from ..ops.joining import cat
from ..ops.shape import flatten

if TYPE_CHECKING:
    from .._tensor import Tensor

__all__: list[str] = []


def _flatten_dense_tensors(tensors: Sequence[Tensor]) -> Tensor:
    """One vector of all elements; of one tensor a view."""
    flat = [flatten(x) for x in tensors]
    return flat[0] if len(flat) == 1 else cat(flat)


def _unflatten_dense_tensors(flat: Tensor, tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Views of ``flat`` with the shapes of ``tensors``."""
    parts = flat.split([x.numel() for x in tensors])
    return tuple(part.view(x.shape) for part, x in zip(parts, tensors, strict=True))


def _take_tensors(tensors: Iterable[Tensor], size_limit: int) -> Iterator[list[Tensor]]:
    """Groups of one dtype with at most ``size_limit`` bytes, or one tensor."""
    groups: dict[str, list[Tensor]] = defaultdict(list)
    sizes: dict[str, int] = defaultdict(int)
    for x in tensors:
        kind = x.type()
        assert isinstance(kind, str)
        if groups[kind] and sizes[kind] + x.nbytes > size_limit:
            yield groups.pop(kind)
            sizes.pop(kind)
        groups[kind].append(x)
        sizes[kind] += x.nbytes
    yield from (group for group in groups.values() if group)


def _reorder_tensors_as(
    tensors: Iterable[Tensor], ordered_tensors: Iterable[Tensor]
) -> tuple[Tensor, ...]:
    """``tensors`` in the order of the types of ``ordered_tensors``."""
    by_type: dict[str, list[Tensor]] = defaultdict(list)
    for x in tensors:
        by_type[str(x.type())].append(x)
    queues = {kind: iter(group) for kind, group in by_type.items()}
    return tuple(next(queues[str(x.type())]) for x in ordered_tensors)


def _get_device_index(device: object, optional: bool = False, allow_cpu: bool = False) -> int:
    """-1 for the CPU, where that is allowed."""
    if allow_cpu or optional:
        return -1
    raise ValueError(f"Expected a cuda device, but got: {device}")
