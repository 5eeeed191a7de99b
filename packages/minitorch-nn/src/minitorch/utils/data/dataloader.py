"""``DataLoader``: batches of a dataset, fetched here or by worker processes."""

from __future__ import annotations

import multiprocessing
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sized
from multiprocessing.context import BaseContext
from typing import Any, Generic, TypeVar

from .collate import default_collate, default_convert
from .dataset import Dataset, IterableDataset
from .fetch import Plan
from .processes import Workers
from .sampler import BatchSampler, RandomSampler, SequentialSampler, new_seed
from .worker import Ended, Failure, get_worker_info

__all__ = ["DataLoader", "default_collate", "default_convert", "get_worker_info"]

T_co = TypeVar("T_co", covariant=True)

FIXED = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")


class Endless:
    """The sampler of a stream: it has no indices, so always None."""

    def __iter__(self) -> Iterator[None]:
        while True:
            yield None


class DataLoader(Generic[T_co]):
    """An iterable over the batches of a dataset, each pass a new one.

    Args:
        dataset: a ``Dataset``, an ``IterableDataset``, or anything with ``[]`` and ``len``.
        batch_size: samples per batch; None for samples as they are.
        shuffle: a new random order each pass.
        sampler: an iterable over indices, in place of ``shuffle``.
        batch_sampler: an iterable over lists of indices, in place of ``batch_size``, ``shuffle``,
            ``sampler`` and ``drop_last``.
        num_workers: processes that fetch ahead; 0 fetches in this one.
        collate_fn: from a list of samples to a batch; by default ``default_collate``.
        pin_memory: accepted; there is no other memory to copy to.
        drop_last: leave out a last batch that is shorter.
        timeout: seconds to wait for a worker's batch; 0 waits as long as it takes.
        worker_init_fn: called in each worker with its number before it starts.
        multiprocessing_context: how workers start: ``"fork"``, ``"spawn"``, ``"forkserver"`` or a
            context; by default Python's own choice.
        generator: draws the order and the workers' seeds; by default the one that
            ``manual_seed`` seeds.
        prefetch_factor: batches that each worker fetches ahead, by default 2.
        persistent_workers: keep the workers from one pass to the next.
        in_order: False takes batches as they become ready.

    An exception in a worker is raised here, with the worker's traceback in its message. Workers
    end with the pass, with an iterator that is dropped, and with this process however it ends.

    Raises:
        ValueError: arguments that exclude each other or are out of range.
        RuntimeError: while iterating: a worker died or took longer than ``timeout``.

    Example:
        >>> import minitorch
        >>> from minitorch.utils.data import DataLoader, TensorDataset
        >>> for x, y in DataLoader(TensorDataset(minitorch.arange(3), minitorch.ones(3)), 2):
        ...     print(x, y)
        tensor([0, 1]) tensor([1., 1.])
        tensor([2]) tensor([1.])

    Follows https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.DataLoader
    """

    _fixed = False

    def __init__(
        self,
        dataset: Dataset[T_co] | Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[list[Any]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Any = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        if num_workers < 0:
            raise ValueError(
                "num_workers option should be non-negative; use num_workers=0 to disable "
                "multiprocessing."
            )
        if timeout < 0:
            raise ValueError("timeout option should be non-negative")
        if num_workers == 0 and prefetch_factor is not None:
            raise ValueError(
                "prefetch_factor option could only be specified in multiprocessing: let "
                "num_workers > 0, or leave prefetch_factor out"
            )
        if prefetch_factor is not None and prefetch_factor < 0:
            raise ValueError("prefetch_factor option should be non-negative")
        if persistent_workers and num_workers == 0:
            raise ValueError("persistent_workers option needs num_workers > 0")
        if isinstance(dataset, IterableDataset):
            for name, value in (
                ("shuffle", shuffle or None), ("sampler", sampler), ("batch_sampler", batch_sampler)
            ):  # fmt: skip
                if value is not None:
                    raise ValueError(
                        f"DataLoader with IterableDataset: expected unspecified {name} option, "
                        f"but got {name}={value}"
                    )
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, "
                    "and drop_last"
                )
            batch_size = None
        elif batch_size is None and drop_last:
            raise ValueError(
                "batch_size=None option disables auto-batching and is mutually exclusive with "
                "drop_last"
            )
        if sampler is None:
            if isinstance(dataset, IterableDataset):
                sampler = Endless()
            elif shuffle:
                sampler = RandomSampler(dataset, generator=generator)
            else:
                sampler = SequentialSampler(dataset)
        if batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        if collate_fn is None:
            collate_fn = default_convert if batch_sampler is None else default_collate
        if num_workers and prefetch_factor is None:
            prefetch_factor = 2

        self.dataset = dataset
        self.batch_size = batch_size
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.num_workers = num_workers
        self.collate_fn = collate_fn
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.drop_last = drop_last
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = as_context(multiprocessing_context, num_workers)
        self.generator = generator
        self.prefetch_factor = prefetch_factor
        self.persistent_workers = persistent_workers
        self.in_order = in_order
        self._said_length: int | None = None  # what __len__ answered for a stream
        self._pass: PassByWorkers | None = None
        self._fixed = True
        if num_workers > cores():
            warnings.warn(
                f"This DataLoader will create {num_workers} worker processes, and this process may "
                f"use {cores()} cores: more workers than cores make loading slower.",
                stacklevel=2,
            )

    def __setattr__(self, name: str, value: Any) -> None:
        if self._fixed and name in FIXED:
            raise ValueError(
                f"{name} attribute should not be set after {type(self).__name__} is initialized"
            )
        super().__setattr__(name, value)

    @property
    def _index_sampler(self) -> Any:
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def __iter__(self) -> Iterator[Any]:
        if not self.num_workers:
            return PassHere(self)
        if not self.persistent_workers:
            return PassByWorkers(self)
        if self._pass is None or not self._pass.workers.stop.alive:
            self._pass = PassByWorkers(self)
        else:
            self._pass.begin(self)
        return self._pass

    def __len__(self) -> int:
        if not isinstance(self.dataset, IterableDataset):
            return len(self._index_sampler)
        stream: Any = self.dataset
        self._said_length = count = len(stream)
        if self.batch_size is None:
            return count
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)


def as_context(context: Any, num_workers: int) -> Any:
    if context is None:
        return None
    if not num_workers:
        raise ValueError(
            "multiprocessing_context can only be used with multi-process loading (num_workers > 0)"
        )
    if isinstance(context, str):
        methods = multiprocessing.get_all_start_methods()
        if context not in methods:
            raise ValueError(
                f"multiprocessing_context option should specify a valid start method in "
                f"{methods}, but got multiprocessing_context={context!r}"
            )
        return multiprocessing.get_context(context)
    if not isinstance(context, BaseContext):
        raise TypeError(
            "multiprocessing_context option should be a valid context object or a string "
            f"specifying the start method, but got multiprocessing_context={context}"
        )
    return context


def cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


class Pass:
    """One pass over a dataset."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        self.plan = Plan(
            loader.dataset, loader.batch_sampler is not None, loader.collate_fn, loader.drop_last
        )
        self.sampler: Sized = loader._index_sampler
        self.indices = iter(loader._index_sampler)
        # drawn in any case, so that the numbers after it are PyTorch's
        self.base_seed = new_seed(loader.generator)
        self.expected = loader._said_length
        self.yielded = 0

    def __iter__(self) -> Pass:
        return self

    def __next__(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no __next__")

    def __len__(self) -> int:
        return len(self.sampler)

    def count(self) -> None:
        self.yielded += 1
        if self.expected is not None and self.yielded > self.expected:
            warnings.warn(
                f"Length of IterableDataset {self.plan.dataset} was reported to be "
                f"{self.expected} (when accessing len(dataloader)), but {self.yielded} samples "
                "have been fetched. With worker processes each has a copy of the stream: see "
                "get_worker_info for how to divide it.",
                stacklevel=3,
            )

    def __reduce__(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__} cannot be pickled")


class PassHere(Pass):
    """A pass in this process."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        super().__init__(loader)
        if loader.timeout:
            raise ValueError("timeout option should be 0 where num_workers is 0")
        self.fetch = self.plan.start()

    def __next__(self) -> Any:
        data = self.fetch(next(self.indices))
        if self.expected is not None:
            self.count()
        return data


class PassByWorkers(Pass):
    """A pass by worker processes, which get the batches in turn, each some ahead."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        super().__init__(loader)
        self.persistent = loader.persistent_workers
        self.timeout = loader.timeout
        self.in_order = loader.in_order
        self.number_of_workers = loader.num_workers
        self.ahead = max(loader.prefetch_factor or 0, 1) * loader.num_workers
        self.workers = Workers(
            loader.num_workers,
            self.plan,
            self.base_seed,
            loader.worker_init_fn,
            loader.multiprocessing_context,
        )
        self.epoch = -1
        self.start(0)

    def begin(self, loader: DataLoader[Any]) -> None:
        """Another pass by the same workers."""
        self.indices = iter(loader._index_sampler)
        self.expected = loader._said_length
        self.yielded = 0
        self.start(self.epoch + 1)

    def start(self, epoch: int) -> None:
        self.epoch = epoch
        self.asked = self.returned = 0  # numbers of batches
        self.worker_of: dict[int, int] = {}
        self.arrived: dict[int, Any] = {}
        self.running = [True] * self.number_of_workers
        self.turn = 0
        self.finished = False
        for _ in range(self.ahead):
            self.ask()

    def ask(self) -> None:
        """Hands the next indices to the worker whose turn it is."""
        try:
            indices = next(self.indices)
        except StopIteration:
            return
        waiting = self.waiting()
        for _ in range(self.number_of_workers):
            worker, self.turn = self.turn, (self.turn + 1) % self.number_of_workers
            if self.running[worker] and (
                self.in_order or waiting[worker] < sum(waiting) / sum(self.running) + 1
            ):
                break
        else:
            return
        self.workers.ask(worker, (self.epoch, self.asked, indices))
        self.worker_of[self.asked] = worker
        self.asked += 1

    def waiting(self) -> list[int]:
        """How many batches each worker has still to send."""
        counts = [0] * self.number_of_workers
        if not self.in_order:
            for number, worker in self.worker_of.items():
                counts[worker] += number not in self.arrived
        return counts

    def __next__(self) -> Any:
        if self.finished:
            raise StopIteration
        try:
            data = self.take()
        except (StopIteration, RuntimeError, KeyboardInterrupt) as why:
            self.finished = True
            if not (self.persistent and isinstance(why, StopIteration)):
                self.workers.stop()
            raise
        if isinstance(data, Failure):
            raise data.exception()
        if self.expected is not None:
            self.count()
        return data

    def take(self) -> Any:
        """The next batch: StopIteration where there is none."""
        while True:
            number = self.next_number()
            if number in self.arrived:
                data = self.arrived.pop(number)
                del self.worker_of[number]
                self.ask()
                return data
            epoch, number, worker, data = self.workers.receive(self.timeout)
            if epoch != self.epoch:
                continue
            if isinstance(data, Ended):
                self.running[worker] = False
                del self.worker_of[number]
                self.ask()
            else:
                self.arrived[number] = data

    def next_number(self) -> int:
        """Which batch is due; those that a worker whose stream has ended will not send are not."""
        if not self.in_order and self.arrived:
            first: int = next(iter(self.arrived))
            return first
        while self.returned < self.asked:
            number = self.returned
            worker = self.worker_of.get(number)
            if worker is not None and (number in self.arrived or self.running[worker]):
                return number
            self.worker_of.pop(number, None)
            self.returned += 1
        raise StopIteration
