"""``dtype=`` of reductions: value, dtype and refusal are PyTorch's for every pair of dtypes."""

from __future__ import annotations

import warnings
from typing import Any

import minitorch
import numpy as np
import pytest
import torch

DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]
DIMS: dict[str, tuple[Any, ...]] = {
    "sum": (None,), "nansum": (None, 0), "mean": (None, 0), "nanmean": (None, 0), "prod": (None, 0),
    "cumsum": (0,), "cumprod": (0,), "softmax": (0,), "log_softmax": (0,), "norm": ("fro",),
    "linalg.norm": (None,), "linalg.vector_norm": (2,), "linalg.matrix_norm": ("nuc",),
    "nn.functional.softmin": (0,),
}  # fmt: skip
NUMBERS = {
    "b": [[1, 1], [1, 1], [0, 1]],
    "i": [[100, 57], [55, 7], [100, 3]],
    "f": [[1.5, -2.5], [3.75, 1.0], [0.25, 2.0]],
}


def _result(library: Any, name: str, source: str, dtype: str | None, dim: Any) -> Any:
    function = library
    for part in name.split("."):
        function = getattr(function, part)
    x = library.tensor(NUMBERS[source.replace("u", "i")[0]], dtype=getattr(library, source))
    options = {} if dtype is None else {"dtype": getattr(library, dtype)}
    try:
        made = function(x, *(() if dim is None else (dim,)), **options)
    except (RuntimeError, NotImplementedError) as error:
        return type(error).__name__
    return str(made.dtype), made


@pytest.mark.parametrize("source", DTYPES)
@pytest.mark.parametrize("name", DIMS)
def test_dtype(name: str, source: str) -> None:
    for dtype in [None, *DTYPES]:
        for dim in DIMS[name]:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                expected = _result(torch, name, source, dtype, dim)
                actual = _result(minitorch, name, source, dtype, dim)
            if isinstance(expected, str):
                assert actual == expected, (dtype, dim)
            else:
                assert actual[0] == expected[0], (dtype, dim)
                np.testing.assert_allclose(
                    actual[1].numpy(), expected[1].numpy(), rtol=1e-3, atol=1e-6, err_msg=f"{dtype}"
                )
