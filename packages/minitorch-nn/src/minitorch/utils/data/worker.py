"""A worker process: indices come in by one pipe, batches go out by another.

A thread reads what is asked and another sends what is ready, so that the worker computes ahead
while the main process is busy. The end of the first pipe ends the worker, whatever became of the
main process.
"""

from __future__ import annotations

import os
import pickle
import random
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread
from typing import Any

import minitorch
import numpy as np

from .dataset import IterableDataset
from .fetch import Fetcher

__all__ = ["Ended", "Failure", "WorkerInfo", "get_worker_info", "receive", "work"]

GRACE = 2.0  # seconds for a worker to end by itself


@dataclass(frozen=True)
class WorkerInfo:
    """What ``get_worker_info`` returns: ``id``, ``num_workers``, ``seed`` and ``dataset``."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """In a worker process of a DataLoader, what it is; None in the main process."""
    return _info


class Ended:
    """What a worker sends for indices beyond the end of its stream."""


class Failure:
    """An exception to be sent to the main process."""

    def __init__(self, error: Exception, worker: int) -> None:
        trace = "".join(traceback.format_exception(error))
        self.kind = type(error)
        self.message = (
            f"Caught {self.kind.__name__} in DataLoader worker process {worker}.\nOriginal {trace}"
        )

    def exception(self) -> Exception:
        """An exception of the same type where a message alone makes one, else a RuntimeError."""
        message = Verbatim(self.message) if self.kind is KeyError else self.message
        try:
            return self.kind(message)
        except Exception:  # whatever a constructor raises that wants more
            return RuntimeError(self.message)

    def __reduce__(self) -> Any:
        try:
            pickle.dumps(self.kind)
        except Exception:  # a class that only the worker knows
            return _failure, (RuntimeError, self.message)
        return _failure, (self.kind, self.message)


def _failure(kind: type[Exception], message: str) -> Failure:
    made = Failure.__new__(Failure)
    made.kind, made.message = kind, message
    return made


class Verbatim(str):
    """A message that KeyError, which shows the repr of its argument, shows as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def packed(message: Any) -> list[Any]:
    """The pickle of ``message``, with the arrays in it beside it, not copied."""
    arrays: list[pickle.PickleBuffer] = []
    head = pickle.dumps(message, protocol=5, buffer_callback=arrays.append)
    parts = [array.raw() for array in arrays]
    return [pickle.dumps([len(head), *(part.nbytes for part in parts)]), head, *parts]


def receive(connection: Any) -> Any:
    """The next message that ``packed`` made.

    Raises:
        EOFError: the other side is gone.
    """
    _, *sizes = pickle.loads(connection.recv_bytes())
    head = connection.recv_bytes()
    arrays = []
    for size in sizes:
        array = bytearray(size)  # can be written to, and so can the tensor that it becomes
        if size:
            connection.recv_bytes_into(array)
        arrays.append(array)
    return pickle.loads(head, buffers=arrays)


def _generate_state(base_seed: int, worker_id: int) -> list[int]:
    """NumPy's seed in a worker."""
    words = [worker_id, base_seed & 0xFFFFFFFF, base_seed >> 32, 0]
    state: list[int] = np.random.SeedSequence(words).generate_state(4).tolist()
    return state


def work(
    asked: Any,
    ready: Any,
    fetcher: Fetcher,
    base_seed: int,
    init: Callable[[int], None] | None,
    id: int,
    num_workers: int,
) -> None:
    """The life of a worker."""
    global _info
    tasks: SimpleQueue[Any] = SimpleQueue()
    wanted = [0]  # the present pass over the data
    # before all else: it ends the worker, wherever that may hang
    Thread(target=read, args=(asked, tasks, wanted, os.getppid()), daemon=True).start()
    # Ctrl-C reaches the whole group of processes; the main one decides, and the pipe tells us
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    minitorch.set_num_threads(1)
    seed = base_seed + id
    random.seed(seed)
    minitorch.manual_seed(seed)
    np.random.seed(_generate_state(base_seed, id))
    _info = WorkerInfo(id, num_workers, seed, fetcher.dataset)

    results: SimpleQueue[Any] = SimpleQueue()
    sender = Thread(target=send, args=(ready, results), daemon=True)
    sender.start()

    fetch: Callable[[Any], Any] | None = None
    failure: Failure | None = None
    try:
        if init is not None:
            init(id)
    except Exception as error:  # raised again in the main process, as are those below
        failure = Failure(error, id)
    epoch, ended = -1, False
    while (task := tasks.get()) is not None:
        task_epoch, number, indices = task
        if task_epoch != epoch:
            epoch, ended, fetch = task_epoch, False, None
        if ended or epoch != wanted[0]:
            continue
        result: Any = failure
        if failure is not None:
            failure = None
        else:
            try:
                fetch = fetch or fetcher.start()
                result = fetch(indices)
            except StopIteration as stop:
                ended = isinstance(fetcher.dataset, IterableDataset)
                result = Ended() if ended else Failure(stop, id)
            except Exception as error:  # of the dataset
                result = Failure(error, id)
        try:
            parts = packed((epoch, number, id, result))
        except Exception as error:  # of a sample's pickling
            parts = packed((epoch, number, id, Failure(error, id)))
        results.put(parts)
    results.put(None)
    sender.join(GRACE)


def read(asked: Any, tasks: SimpleQueue[Any], wanted: list[int], parent: int) -> None:
    """Passes tasks on; when there will be no more, gives the worker some time to end."""
    try:
        while True:
            # other processes may have inherited the pipe's other end, so that it does not close
            while not asked.poll(GRACE):
                if os.getppid() != parent:
                    raise EOFError
            if (task := asked.recv()) is None:
                break
            wanted[0] = task[0]
            tasks.put(task)
    except (EOFError, OSError):
        pass
    wanted[0] = -2
    tasks.put(None)
    time.sleep(GRACE)
    os._exit(1)


def send(ready: Any, results: SimpleQueue[Any]) -> None:
    try:
        while (parts := results.get()) is not None:
            for part in parts:
                if len(part):
                    ready.send_bytes(part)
    except OSError:  # the reader is gone
        pass
