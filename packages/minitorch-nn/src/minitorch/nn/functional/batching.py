"""What batching rules share: the batch in front, and indices into the rows of all examples."""

from __future__ import annotations

from typing import Any

import minitorch
from minitorch import Tensor, where
from minitorch.extend import apply

__all__ = ["all_rows", "in_front", "numbered", "together"]


def in_front(values: list[Any], batched: list[bool], size: int) -> list[Any]:
    """The tensors among ``values``, all with the batch in front: where it lacks they repeat."""
    return [
        v.expand((size, *v.shape)) if isinstance(v, Tensor) and not b else v
        for v, b in zip(values, batched, strict=True)
    ]


def all_rows(x: Any) -> Any:
    """(batch, n, ...) as (batch n, ...)."""
    return x.reshape((x.shape[0] * x.shape[1], *x.shape[2:]))


def numbered(index: Any, count: int) -> Any:
    """Row numbers within each example's ``count`` rows as numbers among all examples' rows."""
    starts = minitorch.arange(index.shape[0]).reshape((-1, *(1,) * (index.ndim - 1))) * count
    return where(index < 0, index + count, index) + starts


def together(op: Any, values: list[Any], batched: list[bool], params: Any, size: int) -> Any:
    """The rule of operations that treat their first dimension's parts alike: those of all examples
    become one dimension."""
    ready = in_front(values, batched, size)
    made = apply(op, *map(all_rows, ready), *params)

    def unflattened(x: Any) -> Any:
        return x.reshape((*ready[0].shape[:2], *x.shape[1:]))

    return tuple(map(unflattened, made)) if isinstance(made, tuple) else unflattened(made)
