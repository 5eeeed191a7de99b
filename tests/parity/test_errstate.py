"""No operation, forward or backward, leaks NumPy's floating-point errors, at extreme values too."""

from __future__ import annotations

import warnings
from typing import Any

import database
import minitorch
import numpy as np
import pytest
import torch

SAMPLES = 2
EXTREMES = np.array(
    [0.0, -0.0, 1e-45, 1e-40, 1e-20, 1.0, -1.0, 88.0, -104.0, 3e38, -3e38, np.inf, -np.inf, np.nan]
)


def extreme(value: Any, first: int) -> Any:
    """``value`` with the extremes in its floating-point tensors."""
    swap = {}
    for k, x in enumerate(database.tensors(value)):
        if x.dtype.is_floating_point and x.numel():
            values = np.resize(np.roll(EXTREMES, -first - k), tuple(x.shape))
            made = minitorch.tensor(values, dtype=x.dtype)
            swap[id(x)] = made.requires_grad_() if x.requires_grad else made
    return database.swapped(value, swap)


def run(function: Any, operands: Any) -> None:
    input, args, kwargs = operands
    minitorch.manual_seed(0)
    made = [x for x in database.tensors(function(input, *args, **kwargs)) if x.requires_grad]
    grads = [minitorch.full_like(x, 1e30) for x in made if x.dtype != minitorch.float16]
    if made and len(grads) == len(made):
        minitorch.autograd.backward(made, grads)


@pytest.mark.parametrize("name", database.names_in_scope())
def test_nothing_leaks(name: str) -> None:
    for entry in database.entries(name):
        for dtype in (torch.float16, torch.float32):
            if not entry.supports_dtype(dtype, "cpu"):
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # PyTorch's own
                found = database.samples(entry, dtype, entry.supports_autograd)
            for k, sample in enumerate(found[:SAMPLES]):
                as_it_is = database.to_mini((sample.input, sample.args, sample.kwargs), True)
                for operands in (as_it_is, extreme(as_it_is, k)):
                    with np.errstate(all="raise"), warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        warnings.simplefilter("error", RuntimeWarning)
                        try:
                            run(database.mini_function(entry), operands)
                        except (FloatingPointError, RuntimeWarning):
                            raise
                        except Exception:  # refused, for what it is worth
                            continue
