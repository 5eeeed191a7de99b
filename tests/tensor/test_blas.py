"""NumPy's BLAS: ``axpby`` with it and without, the same but for one rounding; its threads."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

import minitorch
import numpy as np
import pytest
from minitorch.extend import axpby
from minitorch.kernels import blas
from minitorch.kernels.openblas import TIMEOUT

RNG = np.random.default_rng(0)


@pytest.fixture(params=["library", "numpy"])
def provider(request, monkeypatch):
    if request.param == "numpy":
        monkeypatch.setattr(blas, "_axpby", lambda dtype: None)


@pytest.mark.usefixtures("provider")
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("size", [0, 1, 37, 100_000])
@pytest.mark.parametrize(("a", "b"), [(0.3, 0.9), (1.0, 0.9), (-0.1, 1.0), (0.0, 2.0), (2.0, 0.0)])
def test_combines(dtype, size, a, b):
    x, y = RNG.standard_normal((2, size)).astype(dtype)
    expected = a * x.astype("f8") + b * y.astype("f8")
    assert axpby(a, x, b, y, np.empty_like(y)) is y
    bound = np.finfo(dtype).eps * (abs(a * x) + abs(b * y) + 1)
    assert (abs(y - expected) <= bound).all()


@pytest.mark.usefixtures("provider")
def test_the_product_may_stay_in_its_operand():
    x, y = np.arange(6.0).reshape(2, 3)
    axpby(2.0, x, 1.0, y, x)
    assert y.tolist() == [3.0, 6.0, 9.0]


@pytest.mark.usefixtures("provider")
def test_a_read_only_operand():
    x, y = np.arange(6.0).reshape(2, 3)
    x.flags.writeable = False
    assert axpby(2.0, x, 1.0, y, np.empty(3)).tolist() == [3.0, 6.0, 9.0]
    assert x.tolist() == [0.0, 1.0, 2.0]


@pytest.mark.usefixtures("provider")
@pytest.mark.parametrize(("a", "b"), [(0.0, 1.0), (1.0, 0.0), (0.0, 0.0), (1.0, 1.0)])
def test_nan_stays_visible(a, b):
    x, y = np.array([np.nan, 1.0]), np.array([1.0, np.nan])
    assert np.isnan(axpby(a, x, b, y, np.empty(2))).all()


@pytest.mark.usefixtures("provider")
def test_lines_of_different_lengths_are_refused():
    y = np.ones(3)
    with pytest.raises(ValueError, match="broadcast"):
        axpby(2.0, np.ones(2), 1.0, y, np.empty(3))
    assert y.tolist() == [1.0, 1.0, 1.0]


WAITING = """
import os, sys, time
for name in sys.argv[1:]:
    __import__(name)
import minitorch, numpy as np
from minitorch.kernels.openblas import TIMEOUT
from minitorch.kernels import blas
from minitorch.kernels.parallel import over_rows

before = dict(os.environ)
a = np.random.default_rng(0).standard_normal((600, 600))
product = a @ a
minitorch.set_num_threads(2)
over_rows(lambda start, stop: None, 2, 1 << 30)
assert np.allclose(a @ a, product)
start = time.process_time()
time.sleep(0.05)
spun = time.process_time() - start
assert dict(os.environ) == before
assert TIMEOUT not in before
known = all(map(blas._function, ("openblas_read_env", "blas_thread_shutdown_")))
print("long" if spun > 0.015 else "short", known)
"""


@pytest.mark.parametrize("first", ["numpy", "minitorch"])
@pytest.mark.needs("processes")
def test_its_threads_spin_for_a_short_time_only(first):
    environment = {k: v for k, v in os.environ.items() if k != TIMEOUT}
    made = subprocess.run(
        [sys.executable, "-c", WAITING, first],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert made.stderr == ""
    spun, known = made.stdout.split()
    if first == "minitorch" or known == "True":
        assert spun == "short"


class TestApart:
    """The library's threads are kept off the core of the thread that takes a large product."""

    @pytest.fixture(autouse=True)
    def _from_anew(self):
        blas._anew()
        yield
        blas._anew()

    def on(self, core, monkeypatch, keep):
        monkeypatch.setattr(blas, "core_reader", lambda: lambda: core)
        monkeypatch.setattr(blas, "_keeper", lambda: keep)
        monkeypatch.setattr(blas, "usable_cores", lambda: {0, 1})

    def test_where_its_threads_may_run(self, monkeypatch):
        cores = blas.usable_cores()
        if len(cores) < 2 or blas._keeper() is None:
            pytest.skip("one core alone, or threads that cannot be kept anywhere")
        count = blas.controls()[0]() - 1
        a = np.ones((512, 512), np.float32)
        for core in sorted(cores)[:2]:
            monkeypatch.setattr(blas, "core_reader", lambda core=core: lambda: core)
            minitorch.from_numpy(a) @ minitorch.from_numpy(a)
            assert blas._left == core
            for thread in range(count):
                mask = (ctypes.c_uint64 * 16)()
                assert blas._function("openblas_getaffinity")[0](thread, 128, mask) == 0
                found = {k for k in range(1024) if mask[k // 64] >> k % 64 & 1}
                assert found == (cores - {core} if count < len(cores) else cores)
        assert blas.usable_cores() == cores  # of this thread

    def test_not_where_this_thread_is_kept_on_one_core(self, monkeypatch):
        calls = []
        self.on(0, monkeypatch, lambda core, cores: calls.append(core) or True)
        monkeypatch.setattr(blas, "usable_cores", lambda: {0})
        blas.threads_off_this_core()
        assert (calls, blas._left) == ([], -1)

    def test_asks_once_for_each_core(self, monkeypatch):
        calls = []
        for core in (0, 0, 1, 1, 0):
            self.on(core, monkeypatch, lambda core, cores: calls.append(core) or True)
            blas.threads_off_this_core()
        assert calls == [0, 1, 0]

    def test_asks_again_while_there_are_no_threads(self, monkeypatch):
        answers = [False, False, True]
        self.on(0, monkeypatch, lambda core, cores: answers.pop(0))
        for _ in range(5):
            blas.threads_off_this_core()
        assert answers == []

    @pytest.mark.needs("threads")
    def test_not_where_they_stand_still(self, monkeypatch):
        calls = []
        self.on(0, monkeypatch, lambda core, cores: calls.append(core) or True)
        with blas.single_threaded():
            blas.threads_off_this_core()
            assert calls == []
        assert calls == ([0] if blas.controls() else [])

    def test_of_small_products_it_is_not_asked(self, monkeypatch):
        calls = []
        self.on(0, monkeypatch, lambda core, cores: calls.append(core) or True)
        x = minitorch.ones(64, 64)
        assert (x @ x)[0, 0] == 64
        assert calls == []
        assert (minitorch.ones(128, 128) @ minitorch.ones(128, 128))[0, 0] == 128
        assert calls == [0]
