"""Datasets: maps from an index to a sample, and streams of samples."""

from __future__ import annotations

import math
import warnings
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, Generic, TypeVar

import minitorch
from minitorch import Generator, Tensor

__all__ = [
    "ChainDataset",
    "ConcatDataset",
    "Dataset",
    "IterableDataset",
    "StackDataset",
    "Subset",
    "TensorDataset",
    "random_split",
]

T_co = TypeVar("T_co", covariant=True)


class Dataset(Generic[T_co]):
    """A map from keys to samples: subclasses define ``__getitem__`` and, mostly, ``__len__``.

    Where a subclass defines ``__getitems__(indices)``, a loader asks it for a whole batch at once.

    Example:
        >>> from minitorch.utils.data import Dataset
        >>> class Squares(Dataset):
        ...     def __len__(self):
        ...         return 10
        ...     def __getitem__(self, i):
        ...         return i * i
        >>> Squares()[3]
        9
    """

    def __getitem__(self, index: Any) -> T_co:
        raise NotImplementedError("Subclasses of Dataset should implement __getitem__.")

    def __add__(self, other: Dataset[T_co]) -> ConcatDataset[T_co]:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T_co]):
    """A stream of samples: subclasses define ``__iter__``.

    With worker processes each has a copy of the stream; ``get_worker_info`` tells which part to
    yield.
    """

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError("Subclasses of IterableDataset should implement __iter__.")

    def __add__(self, other: Dataset[T_co]) -> ChainDataset:  # type: ignore[override]  # the other datasets give their sum another class
        return ChainDataset([self, other])


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Samples along the first dimension of tensors that agree in its size.

    Example:
        >>> import minitorch
        >>> from minitorch.utils.data import TensorDataset
        >>> TensorDataset(minitorch.arange(3), minitorch.zeros(3))[2]
        (tensor(2), tensor(0.))

    Raises:
        AssertionError: the sizes differ.
    """

    def __init__(self, *tensors: Tensor) -> None:
        sizes = [tensor.size(0) for tensor in tensors]
        if len(set(sizes)) > 1:
            raise AssertionError(f"Size mismatch between tensors: the first dimensions are {sizes}")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return len(self.tensors[0])


class StackDataset(Dataset[Any]):
    """Several datasets side by side: samples are tuples, or dicts for datasets given by name.

    Raises:
        ValueError: no datasets, or both kinds, or the lengths differ.
    """

    datasets: tuple[Any, ...] | dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if bool(args) == bool(kwargs):
            raise ValueError(
                "Supported either `tuple` (via `args`) or `dict` (via `kwargs`) like input/output, "
                "but both types are given."
                if args
                else "At least one dataset should be passed"
            )
        self.datasets = args or kwargs
        lengths = [len(dataset) for dataset in (*args, *kwargs.values())]
        if len(set(lengths)) > 1:
            raise ValueError(f"Size mismatch between datasets: the lengths are {lengths}")
        self._length = lengths[0]

    def __getitem__(self, index: Any) -> Any:
        if isinstance(self.datasets, dict):
            return {name: dataset[index] for name, dataset in self.datasets.items()}
        return tuple(dataset[index] for dataset in self.datasets)

    def __getitems__(self, indices: list[Any]) -> list[Any]:
        if isinstance(self.datasets, dict):
            columns = [samples(dataset, indices) for dataset in self.datasets.values()]
            return [dict(zip(self.datasets, row)) for row in zip(*columns)]
        return list(zip(*(samples(dataset, indices) for dataset in self.datasets)))

    def __len__(self) -> int:
        return self._length


def samples(dataset: Any, indices: list[Any]) -> list[Any]:
    """The samples at ``indices``, at once where the dataset can."""
    at_once = getattr(dataset, "__getitems__", None)
    if not at_once:
        return [dataset[index] for index in indices]
    found: list[Any] = at_once(indices)
    if len(found) != len(indices):
        raise ValueError(
            f"Nested dataset's output size mismatch. Expected {len(indices)}, got {len(found)}"
        )
    return found


class ConcatDataset(Dataset[T_co]):
    """Datasets one after the other.

    Raises:
        AssertionError: there are none, or one of them is a stream.
    """

    def __init__(self, datasets: Iterable[Dataset[T_co]]) -> None:
        self.datasets: list[Any] = list(datasets)
        if not self.datasets:
            raise AssertionError("datasets should not be an empty iterable")
        if any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise AssertionError("ConcatDataset does not support IterableDataset")
        self.cumulative_sizes = list(accumulate(map(len, self.datasets)))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: int) -> T_co:
        if index < 0:
            if -index > len(self):
                raise ValueError("absolute value of index should not exceed dataset length")
            index += len(self)
        which = bisect_right(self.cumulative_sizes, index)
        start = self.cumulative_sizes[which - 1] if which else 0
        sample: T_co = self.datasets[which][index - start]
        return sample


class ChainDataset(IterableDataset[Any]):
    """Streams one after the other."""

    def __init__(self, datasets: Iterable[Dataset[Any]]) -> None:
        self.datasets = datasets

    def __iter__(self) -> Iterator[Any]:
        for stream in streams(self.datasets):
            yield from stream

    def __len__(self) -> int:
        return sum(map(len, streams(self.datasets)))


def streams(datasets: Iterable[Any]) -> Iterator[Any]:
    for dataset in datasets:
        if not isinstance(dataset, IterableDataset):
            raise AssertionError("ChainDataset only supports IterableDataset")
        yield dataset


class Subset(Dataset[T_co]):
    """The samples of a dataset at ``indices``.

    A subclass that overrides ``__getitem__`` overrides ``__getitems__`` too.
    """

    dataset: Any

    def __init__(self, dataset: Dataset[T_co] | Sequence[T_co], indices: Sequence[Any]) -> None:
        kind = type(self)
        if kind.__getitem__ is not Subset.__getitem__ and kind.__getitems__ is Subset.__getitems__:
            raise NotImplementedError(
                f"{kind.__name__} overrides __getitem__ but not __getitems__, which loaders ask. "
                "Simplest: def __getitems__(self, indices): return [self[i] for i in indices]"
            )
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index: Any) -> T_co:
        at = [self.indices[i] for i in index] if isinstance(index, list) else self.indices[index]
        sample: T_co = self.dataset[at]
        return sample

    def __getitems__(self, indices: list[Any]) -> list[T_co]:
        at_once = getattr(self.dataset, "__getitems__", None)
        own = [self.indices[index] for index in indices]
        samples: list[T_co] = (
            at_once(own) if callable(at_once) else [self.dataset[index] for index in own]
        )
        return samples

    def __len__(self) -> int:
        return len(self.indices)


def random_split(
    dataset: Dataset[T_co] | Sequence[T_co],
    lengths: Sequence[float],
    generator: Generator | None = None,
) -> list[Subset[T_co]]:
    """Splits a dataset at random into subsets of these lengths, or of these fractions of it.

    Fractions sum to 1; what rounding down leaves over goes to the first subsets, one sample each.

    Raises:
        ValueError: the lengths do not sum to the dataset's; a fraction is not between 0 and 1.

    Example:
        >>> from minitorch.utils.data import random_split
        >>> [len(part) for part in random_split(range(10), [0.75, 0.25])]
        [8, 2]
    """
    sized: Any = dataset
    total = len(sized)
    counts = list(lengths)
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        for i, fraction in enumerate(lengths):
            if not 0 <= fraction <= 1:
                raise ValueError(f"Fraction at index {i} is not between 0 and 1")
        counts = [math.floor(total * fraction) for fraction in lengths]
        for i in range(total - int(sum(counts))):
            counts[i % len(counts)] += 1
        for i, count in enumerate(counts):
            if not count:
                warnings.warn(
                    f"Length of split at index {i} is 0. This might result in an empty dataset.",
                    stacklevel=2,
                )
    if sum(counts) != total:
        raise ValueError(
            "Sum of input lengths does not equal the length of the input dataset! "
            f"The lengths {counts} sum to {sum(counts)}, the dataset has {total}"
        )
    order = minitorch.randperm(total, generator=generator).tolist()
    ends = list(accumulate(map(int, counts)))
    return [Subset(dataset, order[start:end]) for start, end in zip([0, *ends], ends)]
