"""Arguments by keyword: the names that PyTorch takes, and no ``out`` for methods."""

from __future__ import annotations

from itertools import islice
from typing import Any

import database
import minitorch
import pytest
import torch

NUMPY = {"a", "b", "x", "x1", "x2"}  # which PyTorch takes for input and other, and we seldom
# whose function in the database has names of its own
WRAPPED = {
    "bernoulli",
    "einsum",
    "nn.functional.embedding",
    "nn.functional.embedding_bag",
    "normal",
}
WRAPPED |= {"polygamma", "rand_like", "randn_like", "special.polygamma", "where", "expand"}
WRAPPED |= {"resize_as_", "nn.functional.triplet_margin_with_distance_loss"}
NAMES = [name for name in database.names_in_scope() if name not in WRAPPED]


def parameters(entry: Any) -> set[tuple[str, ...]]:
    """PyTorch's names of the positional arguments, by overload."""
    names = (entry.aten_name or "", entry.name.replace(".", "_"), entry.name.rpartition(".")[2])
    return {
        tuple("input" if each.name == "self" else each.name for each in schema.arguments)
        for name in names
        for schema in torch._C._jit_get_schemas_for_operator(f"aten::{name}")
        if not {each.name for each in schema.arguments} & NUMPY
    }


def refused(function: Any, args: Any, kwargs: Any) -> bool:
    try:
        function(*args, **kwargs)
    except TypeError:
        return True
    except Exception:
        return False
    return False


def given(sample: Any) -> tuple[list[Any], dict[str, Any]]:
    return [sample.input, *sample.args], dict(sample.kwargs)


def mini(values: Any) -> Any:
    return database.to_mini(values)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore")
def test_keywords(name: str) -> None:
    for entry in database.entries(name):
        dtype = next((d for d in (torch.float32, torch.int64) if d in entry.dtypes), None)
        if dtype is None or entry.method_variant is None:
            continue
        method = entry.method_variant.__name__
        ours, theirs = database.mini_function(entry), entry.op
        for sample in islice(entry.sample_inputs("cpu", dtype), 4):
            args, kwargs = given(sample)
            for names in parameters(entry):
                for k in range(min(len(args), len(names))):
                    named = dict(zip(names[k:], args[k:], strict=False)) | kwargs
                    if len(named) == len(args) - k + len(kwargs) and not refused(
                        theirs, args[:k], named
                    ):
                        assert not refused(ours, mini(args[:k]), mini(named)), (k, names)
            if not hasattr(torch.Tensor, method) or not isinstance(args[0], torch.Tensor):
                continue
            result = getattr(torch.Tensor, method)(*args, **kwargs)
            out = {"out": torch.empty_like(result)} if isinstance(result, torch.Tensor) else {}
            if out and refused(getattr(torch.Tensor, method), args, kwargs | out):
                mine = getattr(minitorch.Tensor, method)
                assert refused(mine, mini(args), mini(kwargs) | mini(out))
