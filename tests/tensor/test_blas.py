"""NumPy's BLAS: ``axpby`` with it and without, the same but for one rounding; its threads."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from minitorch._openblas import TIMEOUT
from minitorch.extend import axpby
from minitorch.kernels import blas

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
from minitorch._openblas import TIMEOUT
from minitorch.kernels import blas
from minitorch.kernels.parallel import over_rows

before = dict(os.environ)
a = np.random.default_rng(0).standard_normal((600, 600))
product = a @ a
minitorch.set_num_threads(2)
over_rows(lambda start, stop: None, 2, 1 << 30)
assert np.array_equal(a @ a, product)
start = time.process_time()
time.sleep(0.05)
spun = time.process_time() - start
assert dict(os.environ) == before
assert TIMEOUT not in before
known = all(map(blas._function, ("openblas_read_env", "blas_thread_shutdown_")))
print("long" if spun > 0.015 else "short", known)
"""


@pytest.mark.parametrize("first", ["numpy", "minitorch"])
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
