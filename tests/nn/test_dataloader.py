"""The loader, in this process and with workers."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections import namedtuple
from itertools import chain

import minitorch
import numpy as np
import pytest
from examples_of_data import Count, Squares
from minitorch.utils.data import (
    DataLoader,
    Subset,
    TensorDataset,
    default_collate,
    get_worker_info,
)

Point = namedtuple("Point", "x y")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="datasets are local to the tests")


def fork(**options):
    return {"num_workers": 2, "multiprocessing_context": "fork", **options}


class Broken(Squares):
    def __init__(self, action):
        super().__init__()
        self.action = action

    def __getitem__(self, i):
        return self.action() if i == 3 else i


def values(loader):
    return [batch.tolist() for batch in loader]


# --- the loader in this process ------------------------------------------------------------------


def test_batches():
    loader = DataLoader(Squares(7), batch_size=3)
    assert values(loader) == [[0, 1, 4], [9, 16, 25], [36]]
    assert len(loader) == len(iter(loader)) == 3
    assert values(DataLoader(Squares(7), 3, drop_last=True)) == [[0, 1, 4], [9, 16, 25]]
    assert list(DataLoader(Squares(3), batch_size=None)) == [0, 1, 4]
    assert values(DataLoader(Squares(), sampler=[3, 1])) == [[9], [1]]
    assert values(DataLoader(Squares(), batch_sampler=[[3, 1], [2]])) == [[9, 1], [4]]
    assert list(DataLoader(Squares(3), 2, collate_fn=list)) == [[0, 1], [4]]


def test_shuffle_is_seeded_and_new_each_pass():
    loader = DataLoader(Squares(30), batch_size=30, shuffle=True)
    minitorch.manual_seed(0)
    first, second = values(loader), values(loader)
    assert first != second
    assert sorted(first[0]) == [i * i for i in range(30)]
    minitorch.manual_seed(0)
    assert values(loader) == first


@pytest.mark.parametrize("wrapped", [lambda d: d, lambda d: Subset(d, [5, 3, 1])])
def test_tensors_indexed_at_once_are_what_collation_gives(wrapped):
    x = minitorch.arange(12.0).reshape(6, 2).requires_grad_()
    dataset = wrapped(TensorDataset(x, minitorch.arange(6)))
    at_once = list(DataLoader(dataset, 2))
    one_by_one = list(DataLoader(dataset, 2, collate_fn=lambda batch: default_collate(batch)))
    for ours, reference in zip(at_once, one_by_one, strict=True):
        assert type(ours) is type(reference) is list
        assert [t.tolist() for t in ours] == [t.tolist() for t in reference]
        assert [t.requires_grad for t in ours] == [t.requires_grad for t in reference]
    with pytest.raises(IndexError):
        list(DataLoader(dataset, sampler=[6]))


def test_subclasses_of_tensor_dataset_are_asked():
    class Doubled(TensorDataset):
        def __getitem__(self, i):
            return tuple(2 * t for t in super().__getitem__(i))

    assert [x.tolist() for (x,) in DataLoader(Doubled(minitorch.arange(3)), 2)] == [[0, 2], [4]]


def test_streams():
    assert values(DataLoader(Count(5), 2)) == [[0, 1], [2, 3], [4]]
    assert values(DataLoader(Count(5), 2, drop_last=True)) == [[0, 1], [2, 3]]
    assert list(DataLoader(Count(3), batch_size=None)) == [0, 1, 2]

    class Known(Count):
        def __len__(self):
            return 1

    loader = DataLoader(Known(2))
    assert len(loader) == 1
    with pytest.warns(UserWarning, match="reported to be 1"):
        assert values(loader) == [[0], [1]]


@pytest.mark.parametrize(
    "options",
    [
        {"num_workers": -1}, {"timeout": -1}, {"prefetch_factor": 2}, {"persistent_workers": True},
        {"sampler": [0], "shuffle": True}, {"batch_sampler": [[0]], "batch_size": 2},
        {"batch_sampler": [[0]], "drop_last": True}, {"batch_size": None, "drop_last": True},
        {"multiprocessing_context": "fork"}, {"num_workers": 1, "multiprocessing_context": "x"},
        {"num_workers": 1, "prefetch_factor": -1}, {"batch_size": 0},
    ],
)  # fmt: skip
def test_refused_options(options):
    with pytest.raises(ValueError, match="|".join(options)):
        DataLoader(Squares(), **options)


@pytest.mark.parametrize("name", ["shuffle", "sampler", "batch_sampler"])
def test_streams_take_no_order(name):
    with pytest.raises(ValueError, match=name):
        DataLoader(Count(3), **{name: [[0]]})


def test_what_a_loader_is_made_of_stays():
    loader = DataLoader(Squares())
    with pytest.raises(ValueError, match="batch_size"):
        loader.batch_size = 3
    loader.generator = None


# --- worker processes ----------------------------------------------------------------------------


@needs_fork
def test_workers_change_nothing_but_the_process():
    dataset = TensorDataset(minitorch.arange(40.0).reshape(20, 2), minitorch.arange(20))
    minitorch.manual_seed(5)
    here = [[t.tolist() for t in batch] for batch in DataLoader(dataset, 3, shuffle=True)]
    minitorch.manual_seed(5)
    loader = DataLoader(dataset, 3, shuffle=True, **fork())
    there = []
    for x, y in loader:
        there.append([x.tolist(), y.tolist()])
        x += 1  # the memory is ours
    assert there == here
    assert not multiprocessing.active_children()


@needs_fork
def test_streams_are_divided():
    assert sorted(chain(*values(DataLoader(Count(11), 2, **fork())))) == list(range(11))


@needs_fork
def test_seeds_of_workers():
    class Draws(Squares):
        def __getitem__(self, i):
            info = get_worker_info()
            assert info.seed == minitorch.initial_seed()
            assert info.dataset is self
            return info.id, random.random(), np.random.rand(), minitorch.rand(()).item()

    def draws():
        minitorch.manual_seed(1)
        return list(DataLoader(Draws(4), batch_size=None, **fork()))

    first = draws()
    assert first == draws()
    assert [sample[0] for sample in first] == [0, 1, 0, 1]
    assert len({tuple(sample[1:]) for sample in first}) == 4
    assert get_worker_info() is None


@needs_fork
def test_persistent_workers_and_what_they_leave():
    class Process(Squares):
        def __getitem__(self, i):
            return os.getpid()

    loader = DataLoader(Process(), 2, persistent_workers=True, **fork())
    first, second = (set(chain(*values(loader))) for _ in range(2))
    assert first == second
    assert len(first) == 2
    for _ in loader:  # left in the middle: the next pass starts anew
        break
    assert len(list(loader)) == 5
    del loader
    assert not multiprocessing.active_children()


@needs_fork
def test_order_may_be_given_up():
    class Uneven(Squares):
        def __getitem__(self, i):
            time.sleep(0.2 if i == 0 else 0)
            return i

    loader = DataLoader(Uneven(6), in_order=False, **fork(), prefetch_factor=1)
    found = [x.item() for x in loader]
    assert sorted(found) == list(range(6))


@needs_fork
@pytest.mark.parametrize("error", [ValueError, KeyError, UnicodeDecodeError])
def test_an_exception_comes_with_its_traceback(error):
    def fail():
        if error is UnicodeDecodeError:
            return b"\xff".decode()
        raise error("sample 3 is bad")

    loader = DataLoader(Broken(fail), **fork())
    kind = RuntimeError if error is UnicodeDecodeError else error
    with pytest.raises(kind, match=rf"(?s)Caught {error.__name__} in DataLoader worker process 1.*"
                       r"Original Traceback.*in fail"):  # fmt: skip
        list(loader)
    assert not multiprocessing.active_children()


@needs_fork
def test_after_an_exception_the_pass_goes_on():
    def fail():
        raise ValueError

    found, batches = [], iter(DataLoader(Broken(fail), **fork()))
    while True:
        try:
            found.append(next(batches).item())
        except StopIteration:
            break
        except ValueError:
            found.append(None)
    assert found == [0, 1, 2, None, 4, 5, 6, 7, 8, 9]


@needs_fork
def test_what_cannot_travel_is_an_error():
    loader = DataLoader(Broken(lambda: lambda: 0), collate_fn=lambda batch: batch[0], **fork())
    with pytest.raises((AttributeError, TypeError, RuntimeError), match="pickle"):
        list(loader)


@needs_fork
def test_a_failing_start():
    def init(worker):
        if worker == 1:
            raise ValueError("cannot start")

    with pytest.raises(ValueError, match="cannot start"):
        list(DataLoader(Squares(), worker_init_fn=init, **fork()))


@needs_fork
def test_a_dead_worker_is_noticed():
    with pytest.raises(RuntimeError, match="exited unexpectedly, with exit code 7"):
        list(DataLoader(Broken(lambda: os._exit(7)), **fork()))
    assert not multiprocessing.active_children()


@needs_fork
def test_a_slow_worker_times_out():
    with pytest.raises(RuntimeError, match=r"timed out after 0\.5 seconds"):
        list(DataLoader(Broken(lambda: time.sleep(60)), timeout=0.5, **fork()))
    assert not multiprocessing.active_children()


@needs_fork
def test_an_abandoned_iterator_leaves_no_process():
    loader = DataLoader(Squares(1000), **fork())
    for _ in loader:
        break
    assert not multiprocessing.active_children()
    batches, others = iter(loader), iter(loader)
    next(batches), next(others)
    del batches
    assert len(multiprocessing.active_children()) == 2
    assert next(others).item() == 1
    del others
    assert not multiprocessing.active_children()


ENDLESS = """
import signal, sys, time
from minitorch.utils.data import DataLoader

signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it

class Slow:
    def __len__(self): return 10**6
    def __getitem__(self, i):
        time.sleep(0.01)
        return i

if __name__ == "__main__":
    loader = DataLoader(Slow(), num_workers=2)
    batches = iter(loader)
    next(batches)
    if HELD:
        import os, subprocess
        for end in batches.workers.asking:
            os.set_inheritable(end.fileno(), True)
        subprocess.Popen(["sleep", "15"], close_fds=False, stdout=-3, stderr=-3)
    print(*(p.pid for p in batches.workers.processes), flush=True)
    for _ in batches:
        pass
"""


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="asks Linux about processes")
@pytest.mark.parametrize("how", ["Ctrl-C", "kill", "kill, the pipes held by another"])
def test_no_process_survives_the_main_one(how, tmp_path):
    script = tmp_path / "endless.py"
    script.write_text(ENDLESS.replace("HELD", repr("held" in how)))
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as main:
        pids = [int(pid) for pid in main.stdout.readline().split()]
        assert all(map(alive, pids))
        if how == "Ctrl-C":
            os.killpg(main.pid, signal.SIGINT)
        else:
            main.kill()
        _, errors = main.communicate(timeout=10)
    assert ("KeyboardInterrupt" in errors) == (how == "Ctrl-C")
    assert errors.count("Traceback") == (how == "Ctrl-C")
    while any(map(alive, pids)):
        time.sleep(0.01)


def test_pytorchs_places():
    from minitorch.utils.data import _utils, dataloader

    assert _utils.collate.default_collate([1, 2]).tolist() == [1, 2]
    assert len(_utils.worker._generate_state(5, 1)) == 4
    loader = DataLoader([1, 2])
    assert isinstance(iter(loader), dataloader._BaseDataLoaderIter)
    assert loader._auto_collation
    assert not DataLoader([1], batch_size=None)._auto_collation
