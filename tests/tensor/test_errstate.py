"""Whatever the user asked NumPy to do about overflow and the like, tensors are computed quietly."""

from __future__ import annotations

import math
import warnings
from functools import partial

import minitorch
import numpy as np
import pytest
from minitorch import tensor

VALUES = [1e-320, 1e-40, 3e38, 1e300, math.inf, math.nan, complex(1e300, 1e-320)]
DTYPES = ["float16", "float32", "float64", "complex64", "int32", "uint8", "bool"]
MADE = {
    "tensor": lambda v, t: tensor([v], dtype=t),
    "its dtype": lambda v, t: tensor([v]).to(t),
    "0-dim": lambda v, t: tensor(v, dtype=t),
    "array": lambda v, t: tensor(np.array([v]), dtype=t),
    "as_tensor": lambda v, t: minitorch.as_tensor(np.array([v]), dtype=t),
    "asarray": lambda v, t: minitorch.asarray([v], dtype=t),
    "full": lambda v, t: minitorch.full((2,), v, dtype=t),
    "full_like": lambda v, t: minitorch.full_like(minitorch.zeros(2), v, dtype=t),
    "new_full": lambda v, t: minitorch.zeros(2, dtype=t).new_full((2,), v),
    "new_tensor": lambda v, t: minitorch.zeros(2, dtype=t).new_tensor([v]),
    "scalar_tensor": lambda v, t: minitorch.scalar_tensor(v, dtype=t),
    "arange": lambda v, t: minitorch.arange(0, v, v / 2, dtype=t),
    "range": lambda v, t: minitorch.range(0, v, v / 2, dtype=t),
    "linspace": lambda v, t: minitorch.linspace(-v, v, 5, dtype=t),
    "linspace of 1": lambda v, t: minitorch.linspace(v, v, 1, dtype=t),
    "logspace": lambda v, t: minitorch.logspace(-v, v, 5, dtype=t),
    "gaussian": lambda v, t: minitorch.signal.windows.gaussian(50, std=abs(v), dtype=t),
}
WRITTEN = {
    "fill_": lambda x, v: x.fill_(v),
    "fill_ with a tensor": lambda x, v: x.fill_(tensor(v)),
    "copy_": lambda x, v: x.copy_(tensor([v] * 3)),
    "item": lambda x, v: x.__setitem__(0, v),
    "item of a tensor": lambda x, v: x.__setitem__(0, tensor(v)),
    "slice": lambda x, v: x.__setitem__(slice(0, 2), v),
    "mask": lambda x, v: x.__setitem__(x == 0, v),
    "index": lambda x, v: x.__setitem__(tensor([0, 1]), v),
    "masked_fill_": lambda x, v: x.masked_fill_(x == 0, v),
    "index_fill_": lambda x, v: x.index_fill_(0, tensor([0]), v),
    "where": lambda x, v: minitorch.where(x == 0, v, 1.0),
    "add": lambda x, v: x + v,
    "mul": lambda x, v: v * (x + 1),
    "div": lambda x, v: x / v,
    "pow": lambda x, v: (x + 2) ** v,
    "equal": lambda x, v: x == v,
    "alpha": lambda x, v: minitorch.add(x, x, alpha=v),
    "clamp": lambda x, v: x.clamp(min=v),
}


def quietly(call) -> None:
    """``call`` does under errstate(all="raise") what it does without; RuntimeWarnings are errors"""
    found = []
    for mode in ("ignore", "raise"):
        with np.errstate(all=mode), warnings.catch_warnings():
            warnings.simplefilter("ignore", np.exceptions.ComplexWarning)  # of a lost part
            try:
                found.append(call())
            except (RuntimeError, TypeError, ValueError, OverflowError, NotImplementedError) as e:
                found.append(type(e))
    quiet, loud = found
    if isinstance(quiet, minitorch.Tensor):
        assert loud.dtype is quiet.dtype
        if quiet.dtype is minitorch.complex32:  # which NumPy has not
            loud, quiet = loud.cfloat(), quiet.cfloat()
        np.testing.assert_array_equal(loud.numpy(), quiet.numpy())
    else:
        assert loud is quiet


@pytest.mark.filterwarnings("ignore:Casting complex values", "ignore:torch.range is")
@pytest.mark.parametrize("name", MADE)
def test_made(name):
    for value in VALUES:
        for dtype in DTYPES:
            quietly(partial(MADE[name], value, getattr(minitorch, dtype)))


@pytest.mark.filterwarnings("ignore:Casting complex values")
@pytest.mark.parametrize("name", WRITTEN)
def test_written(name):
    for value in VALUES:
        for dtype in DTYPES:
            zeros = minitorch.zeros(3, dtype=getattr(minitorch, dtype))

            def call(zeros=zeros, value=value):
                x = zeros.clone()
                made = WRITTEN[name](x, value)
                return x if made is None else made

            quietly(call)


DRAWN = {
    "uniform_": lambda x: x.uniform_(0, 1e-40),
    "normal_": lambda x: x.normal_(0, 1e-40),
    "a wide normal_": lambda x: x.normal_(0, 1e38),
    "exponential_": lambda x: x.exponential_(1e38),
    "a wide exponential_": lambda x: x.exponential_(1e-38),
    "cauchy_": lambda x: x.cauchy_(0, 1e38),
    "log_normal_": lambda x: x.log_normal_(0, 100),
    "geometric_": lambda x: x.geometric_(1e-10),
    "bernoulli_": lambda x: x.bernoulli_(1e-40),
    "poisson": lambda x: minitorch.poisson(x + 1e-40),
    "multinomial": lambda x: minitorch.multinomial(x + 1e-38, 3),
}


@pytest.mark.parametrize("name", DRAWN)
def test_drawn(name):
    def call(x):
        minitorch.manual_seed(0)
        return DRAWN[name](x.clone())

    for dtype in (minitorch.float16, minitorch.float32, minitorch.float64):
        quietly(lambda t=dtype: call(minitorch.zeros(1000, dtype=t)))


def test_gradcheck():
    x = tensor([1e200, math.nan], dtype=minitorch.float64, requires_grad=True)
    quietly(lambda: minitorch.autograd.gradcheck(lambda x: x * x, (x,), raise_exception=False))
