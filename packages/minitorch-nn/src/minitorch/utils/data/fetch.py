"""From indices to a batch, in the main process or in a worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .collate import default_collate
from .dataset import IterableDataset, Subset, TensorDataset

__all__ = ["Fetcher"]


@dataclass(frozen=True)
class Fetcher:
    """What a loader does with indices: ``batches`` says whether they come in lists."""

    dataset: Any
    batches: bool
    collate_fn: Callable[[Any], Any]
    drop_last: bool

    def start(self) -> Callable[[Any], Any]:
        """The function from indices to data, for one pass; StopIteration ends a stream."""
        if isinstance(self.dataset, IterableDataset):
            return Stream(self).fetch
        if not self.batches:
            return lambda index: self.collate_fn(self.dataset[index])
        if self.collate_fn is default_collate and columns(self.dataset):
            return self.fetch_columns
        return self.fetch_batch

    def fetch_batch(self, indices: Any) -> Any:
        at_once = getattr(self.dataset, "__getitems__", None)
        if at_once:
            return self.collate_fn(at_once(indices))
        return self.collate_fn([self.dataset[index] for index in indices])

    def fetch_columns(self, indices: Any) -> Any:
        """A batch of a TensorDataset is each of its tensors indexed once."""
        dataset, rows = self.dataset, np.asarray(indices)
        if rows.ndim != 1 or rows.dtype.kind != "i":
            return self.fetch_batch(indices)
        while isinstance(dataset, Subset):
            dataset, rows = dataset.dataset, np.asarray(dataset.indices)[rows]
        if rows.ndim != 1 or rows.dtype.kind != "i":
            return self.fetch_batch(indices)
        return [tensor[rows] for tensor in dataset.tensors]


def columns(dataset: Any) -> bool:
    """Whether this is a TensorDataset, or a subset of one, that indexes as we wrote it."""
    while type(dataset) is Subset:
        dataset = dataset.dataset
    return (
        isinstance(dataset, TensorDataset)
        and type(dataset).__getitem__ is TensorDataset.__getitem__
        and not hasattr(dataset, "__getitems__")
    )


class Stream:
    """A pass over an IterableDataset: of a list of indices only the length counts."""

    def __init__(self, fetcher: Fetcher) -> None:
        self.fetcher = fetcher
        self.samples = iter(fetcher.dataset)
        self.ended = False

    def fetch(self, indices: Any) -> Any:
        if self.ended:
            raise StopIteration
        if not self.fetcher.batches:
            return self.fetcher.collate_fn(next(self.samples))
        batch = []
        for _ in indices:
            try:
                batch.append(next(self.samples))
            except StopIteration:
                self.ended = True
                break
        if not batch or (self.fetcher.drop_last and len(batch) < len(indices)):
            raise StopIteration
        return self.fetcher.collate_fn(batch)
