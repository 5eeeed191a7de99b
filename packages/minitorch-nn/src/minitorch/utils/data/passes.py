"""One pass over a dataset: here, or by worker processes."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sized
from typing import TYPE_CHECKING, Any

from minitorch.extend import folding

from .fetch import Fetcher
from .sampler import new_seed
from .worker import Ended, Failure

if TYPE_CHECKING:
    from .dataloader import DataLoader


class LoaderIterator:
    """One pass over a dataset."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        self.fetcher = Fetcher(
            loader.dataset, loader.batch_sampler is not None, loader.collate_fn, loader.drop_last
        )
        self.sampler: Sized = loader._index_sampler
        self.indices = iter(loader._index_sampler)
        # drawn in any case, so that the numbers after it are PyTorch's
        self.base_seed = new_seed(loader.generator)
        self.expected = loader._IterableDataset_len_called
        self.yielded = 0

    def __iter__(self) -> LoaderIterator:
        return self

    def __next__(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no __next__")

    def __len__(self) -> int:
        return len(self.sampler)

    def count(self) -> None:
        self.yielded += 1
        if self.expected is not None and self.yielded > self.expected:
            warnings.warn(
                f"Length of IterableDataset {self.fetcher.dataset} was reported to be "
                f"{self.expected} (when accessing len(dataloader)), but {self.yielded} samples "
                "have been fetched. For multiprocessing data-loading, this could be caused by not "
                "properly configuring the IterableDataset replica at each worker: see "
                "get_worker_info for how to divide it.",
                stacklevel=4,
            )

    def __reduce__(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__} cannot be pickled")


class SingleProcessIterator(LoaderIterator):
    """A pass in this process."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        super().__init__(loader)
        if loader.timeout:
            raise ValueError("timeout option should be 0 where num_workers is 0")
        self.fetch = self.fetcher.start()

    @folding
    def __next__(self) -> Any:
        data = self.fetch(next(self.indices))
        if self.expected is not None:
            self.count()
        return data


class MultiProcessIterator(LoaderIterator):
    """A pass by worker processes, which get the batches in turn, each some ahead."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        if sys.platform in ("emscripten", "wasi"):
            raise RuntimeError(
                f"num_workers={loader.num_workers}, but WebAssembly has no processes: pass 0"
            )
        from .processes import Workers  # which need more of Python than a browser has

        super().__init__(loader)
        self.persistent = loader.persistent_workers
        self.timeout = loader.timeout
        self.in_order = loader.in_order
        self.number_of_workers = loader.num_workers
        self.ahead = max(loader.prefetch_factor or 0, 1) * loader.num_workers
        self.workers = Workers(
            loader.num_workers,
            self.fetcher,
            self.base_seed,
            loader.worker_init_fn,
            loader.multiprocessing_context,
        )
        self.epoch = -1
        self.start(0)

    @property
    def _workers(self) -> list[Any]:
        processes: list[Any] = self.workers.processes
        return processes

    def begin(self, loader: DataLoader[Any]) -> None:
        """Another pass by the same workers."""
        self.indices = iter(loader._index_sampler)
        self.expected = loader._IterableDataset_len_called
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

    @folding
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
