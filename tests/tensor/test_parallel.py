"""Work on several cores gives what one core gives."""

from __future__ import annotations

import operator
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import minitorch
import numpy as np
import pytest
from minitorch.kernels import parallel
from minitorch.kernels.elementwise import over_elements, threaded
from minitorch.kernels.parallel import WORTH, over_rows, scratch
from minitorch.kernels.sums import row_products


@pytest.fixture(
    autouse=True, params=[1, *(pytest.param(n, marks=pytest.mark.needs("threads")) for n in (2, 5))]
)
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = minitorch.get_num_threads()
    minitorch.set_num_threads(request.param)
    yield request.param
    minitorch.set_num_threads(before)


def parts(rows: int, size: int) -> list[tuple[int, int]]:
    found = []
    over_rows(lambda start, stop: found.append((start, stop)), rows, size)
    return sorted(found)


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 1000])
def test_every_row_once(rows: int, threads: int) -> None:
    found = parts(rows, WORTH)
    assert len(found) == min(rows, threads)
    assert all(start < stop for start, stop in found)
    assert [row for start, stop in found for row in range(start, stop)] == list(range(rows))


def test_the_same_for_everyone(threads: int) -> None:
    found = parts(20, 100 * WORTH)
    assert {stop - start for start, stop in found} == {20 // threads}


def test_small_work_stays_here() -> None:
    assert parts(1000, WORTH - 1) == [(0, 1000)]


def test_within_itself_it_runs_here() -> None:
    found = []

    def work(start: int, stop: int) -> None:
        over_rows(lambda a, b: found.append((start, a, b)), 10, WORTH)

    over_rows(work, 4, WORTH)
    assert {(a, b) for _, a, b in found} == {(0, 10)}


def test_errors_reach_the_caller(threads: int) -> None:
    def work(start: int, stop: int) -> None:
        if stop == 100:
            raise ValueError("the last part")

    for _ in range(3):
        with pytest.raises(ValueError, match="the last part"):
            over_rows(work, 100, WORTH)
    assert len(parts(100, WORTH)) == threads
    assert sum(thread.name == "minitorch" for thread in threading.enumerate()) <= 4  # none is lost


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone keeps threads on cores")
def test_threads_keep_to_cores_of_their_own(threads: int) -> None:
    before, found = os.sched_getaffinity(0), {}
    try:
        os.sched_setaffinity(0, before)
    except OSError:
        pytest.skip("the system lets no program choose its cores")

    def work(start: int, stop: int) -> None:
        found[threading.get_native_id()] = os.sched_getaffinity(0)
        if not start:
            raise ValueError("an error leaves the caller where it was")

    with pytest.raises(ValueError, match="where it was"):
        over_rows(work, 100, WORTH)
    assert os.sched_getaffinity(0) == before
    here = found.pop(threading.get_native_id())
    if 1 < threads <= len(before):
        assert len(here) == 1
        assert list(found.values()) == [before - here] * (threads - 1)
    else:
        assert here == before
        assert list(found.values()) == [before] * (threads - 1)


@pytest.mark.needs("threads")
def test_callers_side_by_side() -> None:
    x = np.linspace(-1, 1, 2 * WORTH).astype(np.float32)
    square, results = threaded(np.multiply), []
    callers = [threading.Thread(target=lambda: results.append(square(x, x))) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(results) == 4
    assert all(np.array_equal(result, x * x) for result in results)


X = np.linspace(-3, 3, WORTH).astype(np.float32)
ROWS = X.reshape(4, -1)
CASES: dict[str, tuple[Any, ...]] = {
    "one operand": (np.exp, X),
    "two": (operator.mul, X, X[::-1].copy()),
    "a number": (operator.truediv, X, 2),
    "a NumPy number": (np.add, X, np.float32(2)),
    "0-dim": (np.add, X, np.array(2, np.float32)),
    "a wider number": (np.add, X, np.float64(2)),
    "bools": (np.greater, X, 0.5),
    "dimensions": (np.subtract, ROWS, ROWS),
    "a row": (np.add, ROWS, ROWS[0]),
    "a column": (np.multiply, ROWS, ROWS[:, :1]),
    "stretched itself": (np.add, ROWS, np.stack([ROWS, ROWS])),
    "strided": (np.add, ROWS.T, ROWS.T),
    "reversed": (np.add, X, X[::-1]),
    "integers": (np.add, np.arange(WORTH), 1),
    "no ufunc": (lambda x: x + 1, X),
}


@pytest.mark.parametrize("case", CASES)
def test_ufuncs(case: str) -> None:
    kernel, *inputs = CASES[case]
    made, wanted = threaded(kernel)(*inputs), kernel(*inputs)
    assert made.dtype == wanted.dtype
    assert np.array_equal(made, wanted)


def test_pieces_cover_every_element() -> None:
    out = np.zeros(WORTH + 3)
    over_elements(lambda piece: np.add(piece, 1, out=piece), 1, out)
    assert np.all(out == 1)


@pytest.mark.parametrize("name", ["exp", "tanh", "sigmoid", "log1p", "neg"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_large_and_small_agree(name: str, dtype: str) -> None:
    x = minitorch.linspace(0.1, 5, WORTH + 1, dtype=getattr(minitorch, dtype))
    made = getattr(x, name)()
    pieces = minitorch.cat([getattr(part, name)() for part in x.split(1000)])
    eps = minitorch.finfo(x.dtype).eps
    assert np.allclose(made.numpy(), pieces.numpy(), rtol=8 * eps, atol=0)


def test_sigmoid_of_large_tensors_keeps_its_digits() -> None:
    x = minitorch.linspace(-20, 20, WORTH)
    exact = 1 / (1 + np.exp(-x.numpy().astype(np.float64)))
    assert np.max(np.abs(x.sigmoid().numpy() / exact - 1)) < 1.3e-6  # PyTorch's tests allow it


def test_gradients_of_large_tensors() -> None:
    x = minitorch.linspace(-2, 2, WORTH, dtype=minitorch.float64, requires_grad=True)
    (x.tanh() * x).sum().backward()
    t = np.tanh(x.detach().numpy())
    assert np.allclose(x.grad.numpy(), t + x.detach().numpy() * (1 - t * t), rtol=1e-13)


@pytest.mark.parametrize("rows", [0, 1, 60, 126, 500, 501])
@pytest.mark.parametrize("width", [1, 1000, 4096, 70_001])
def test_products_of_rows(rows: int, width: int) -> None:
    x = np.random.default_rng(0).random((rows, width))
    y = np.broadcast_to(x[:1] + 1, x.shape) if rows else x
    assert np.allclose(row_products(x, y), (x * y).sum(1), rtol=1e-13)


@pytest.mark.needs("threads")
def test_scratch_is_one_per_thread() -> None:
    a, b = scratch(2, (3, 4), np.dtype(np.float32))
    again, _ = scratch(2, (3, 4), np.dtype(np.float32))
    assert a.shape == (3, 4)
    assert not np.shares_memory(a, b)
    assert np.shares_memory(a, again)
    others: list[Any] = []
    thread = threading.Thread(target=lambda: others.extend(scratch(1, (3, 4), a.dtype)))
    thread.start()
    thread.join()
    assert not np.shares_memory(others[0], a)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # threads and fork: the subject
def test_a_forked_child_starts_anew(threads: int) -> None:
    parts(100, WORTH)
    child = os.fork()
    if not child:
        os._exit(0 if len(parts(100, WORTH)) == threads else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


FORKS = """
import os, sys, threading, numpy as np, minitorch
from minitorch.kernels import blas

def work():
    generator = minitorch.Generator()
    while True:
        minitorch.rand(300_000)
        minitorch.rand(300_000, generator=generator)
        minitorch.normal(0.0, 1.0, (100_000,))
        np.random.rand(300_000)
        with blas._lock:
            minitorch.rand(10_000)

threading.Thread(target=work, daemon=True).start()
for _ in range(60):
    child = os.fork()
    if not child:
        minitorch.manual_seed(0)
        minitorch.rand(1000)
        np.random.seed(0)
        np.random.rand(10)
        with blas.single_threaded():
            os._exit(7)
    while True:
        ended, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 7, status
        break
os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_forks_while_another_thread_draws() -> None:
    command = [sys.executable, "-W", "ignore", "-c", FORKS]
    assert subprocess.run(command, timeout=60, check=False).returncode == 0


@pytest.mark.parametrize("bad", [0, -1, 1.5, "2"])
def test_bad_numbers_of_threads(bad: Any, threads: int) -> None:
    with pytest.raises(RuntimeError, match="positive integer"):
        minitorch.set_num_threads(bad)
    assert parallel.get_num_threads() == threads


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ("3", "3"),
        (" 3 ", "3"),
        ("007", "7"),
        ("100000", str(parallel.MOST)),
        ("9" * 5000, str(parallel.MOST)),
        ("", str(parallel._default_threads())),
        *((v, "MINITORCH_NUM_THREADS must") for v in ("none", "0", "000", "-1", "1.5", "²", "3x")),
    ],
)
@pytest.mark.needs("processes")
def test_the_environment_variable(value: str, answer: str) -> None:
    made = subprocess.run(
        [sys.executable, "-c", "import minitorch; print(minitorch.get_num_threads())"],
        env={**os.environ, "MINITORCH_NUM_THREADS": value},
        capture_output=True,
        text=True,
    )
    assert answer in made.stdout + made.stderr
