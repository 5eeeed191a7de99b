"""NumPy's BLAS: ``axpby`` with it and without, the same but for one rounding; its threads."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
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
import os
import numpy as np
import minitorch
from minitorch.kernels import blas
from minitorch.kernels.parallel import over_rows

a = np.random.default_rng(0).standard_normal((600, 600))
product = a @ a
before = dict(os.environ)
minitorch.set_num_threads(2)
over_rows(lambda start, stop: None, 2, 1 << 30)
assert dict(os.environ) == before
assert np.array_equal(a @ a, product)
timeout = blas._function("openblas_thread_timeout")
print(timeout[0]() if timeout else "none")
"""


@pytest.mark.parametrize(("given", "expected"), [("", "18"), ("22", "22")])
def test_the_library_waits_less_once_our_threads_work(given, expected):
    environment = os.environ | {blas.TIMEOUT: given}
    if not given:
        del environment[blas.TIMEOUT]
    command = [sys.executable, "-c", WAITING]
    made = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert made.stderr == ""
    kind = blas._function("openblas_get_parallel")
    if kind and kind[0]() == 1 and os.name == "posix":  # threads of its own
        assert made.stdout.strip() == expected
