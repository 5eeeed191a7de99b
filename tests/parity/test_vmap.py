"""vmap of every operation against the operation on each example."""

from __future__ import annotations

import warnings
from typing import Any

import database
import minitorch
import numpy as np
import pytest
import torch
from minitorch.func import vmap

SAMPLES = 8
NAMES = [*database.names_in_scope()]
# what a batch cannot do: values decide the result's shape or a Python number is wanted
DATA_DEPENDENT = {
    "allclose", "argwhere", "bincount", "bool", "byte", "char", "combinations", "equal", "float",
    "histc", "histogram", "histogramdd", "int", "isin", "item", "linalg.cond", "masked_select",
    "nonzero", "nonzero_static", "repeat_interleave", "short", "unique", "unique_consecutive",
    "long", "double", "nn.functional.gaussian_nll_loss",
}  # fmt: skip
# what does not go under vmap yet and says so: it reads the memory of its inputs
REFUSED = {
    "linalg.lu", "linalg.lu_factor", "linalg.lu_factor_ex", "lu", "as_strided_copy",
    "nn.functional.embedding", "nn.functional.embedding_bag",  # with max_norm, with sparse
    "nn.functional.scaled_dot_product_attention",  # with dropout
}  # fmt: skip
SCALES = (1.0, 0.9, 0.8)


def check(name: str) -> int:
    count = 0
    for entry in database.entries(name):
        if not entry.supports_dtype(torch.float64, "cpu"):
            continue
        function = database.mini_function(entry)
        found = database.samples(entry, torch.float64, False)
        for sample in found[:: max(1, len(found) // SAMPLES)]:
            ours = database.to_mini((sample.input, sample.args, sample.kwargs))
            floats = [
                t for t in database.tensors(ours)
                if t.dtype is minitorch.float64 and t.is_contiguous()
            ]  # fmt: skip
            if not floats:
                continue

            def of(
                *values: Any, ours: Any = ours, floats: Any = floats, function: Any = function
            ) -> Any:
                swap = {id(old): new for old, new in zip(floats, values, strict=True)}
                input, args, kwargs = database.swapped(ours, swap)
                minitorch.manual_seed(0)
                return tuple(database.tensors(function(input, *args, **kwargs)))

            one_by_one = [of(*(t * scale for t in floats)) for scale in SCALES]
            if not one_by_one[0]:
                continue
            batch = [minitorch.stack([t * scale for scale in SCALES]) for t in floats]
            together = vmap(of)(*batch)
            for k, made in enumerate(together):
                for b in range(len(SCALES)):
                    expected = one_by_one[b][k].numpy()
                    got = made[b].numpy()
                    assert got.shape == expected.shape, (
                        str(sample)[:300],
                        got.shape,
                        expected.shape,
                    )
                    assert got.dtype == expected.dtype, str(sample)[:300]
                    np.testing.assert_allclose(got, expected, 1e-9, 1e-9, err_msg=str(sample)[:300])
            count += 1
    return count


@pytest.mark.parametrize("name", [n for n in NAMES if n not in DATA_DEPENDENT | REFUSED])
def test_vmap(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", "There is a performance drop")  # of loops over examples
        check(name)
