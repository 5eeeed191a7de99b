"""Every operation that PyTorch has for bfloat16 against PyTorch: dtypes, values, gradients."""

from __future__ import annotations

import warnings
from typing import Any

import database
import pytest
import torch

LEFT_OUT = {
    "logcumsumexp": "the gradient goes by the rounded result; which of two roundings is chance",
    "nn.functional.hinge_embedding_loss": "the sum cancels down to the roundings of its terms",
}
NAMES = [
    name
    for name in database.names_in_scope()
    if name not in LEFT_OUT
    and any(entry.supports_dtype(torch.bfloat16, "cpu") for entry in database.entries(name))
]


@pytest.mark.parametrize("name", NAMES)
def test_samples(name: str, record_property: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        samples, gradients = database.check(name, torch.bfloat16)
    assert samples
    record_property("samples", samples)
    record_property("gradients", gradients)
    if name in database.SINGLE:
        record_property("note", database.SINGLE[name])
