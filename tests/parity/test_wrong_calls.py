"""Calls with one wrong argument: the exception is of PyTorch's type, or PyTorch takes it too.

Every call is written once and evaluated for both libraries.
"""

import warnings
from itertools import product

import minitorch
import numpy as np
import pytest
import torch

X, V, S, M = "torch.ones(2, 3)", "torch.ones(3)", "torch.tensor(2.0)", "torch.eye(3)"
NO_TENSORS = ["'a'", "None", "[1.0]", "object()", "{}"]
NO_INTS = ["'a'", "1.5", "object()", "[1.5]", "torch.ones(2)"]
NO_DIMS = [*NO_INTS, "True", "1j", "10", "-10"]
INDEX = "torch.tensor([0, 1])"
NO_INDICES = [
    "'a'", "None", "0", "[0]", "torch.tensor([0.5, 1.0])", "torch.tensor([True, False])",
    "torch.tensor([0, 5])",
]  # fmt: skip
NO_VALUES = ["'a'", "None", "object()", "[1.0]"]
MASK = "torch.tensor([[True, False, True], [False, True, False]])"
NO_MASKS = ["'a'", "None", "1", "torch.ones(2, 3)", "torch.tensor([True, False])", "[True]"]

ALONG = [
    "sum", "mean", "prod", "cumsum", "cumprod", "logcumsumexp", "cummax", "cummin", "argmax",
    "argmin", "sort", "argsort", "softmax", "log_softmax", "logsumexp", "median", "mode", "any",
    "all", "amax", "amin", "unsqueeze", "squeeze", "nansum", "count_nonzero",
]  # fmt: skip
ONE = [
    "abs", "exp", "log", "sin", "relu", "sigmoid", "sqrt", "neg", "floor", "isnan", "sum", "mean",
    "argmax", "sort", "flatten", "ravel", "t", "clone", "zeros_like", "ones_like", "diag", "tril",
    "nonzero", "det", "logical_not", "numel", "round", "erf", "cumsum", "std", "var",
]  # fmt: skip
TWO = [
    "add", "sub", "mul", "div", "pow", "fmod", "remainder", "maximum", "minimum", "atan2",
    "logical_and", "eq", "lt", "hypot",
]  # fmt: skip
INTEGERS = {
    "select({}, 0, {})": X, "narrow({}, 0, {}, 1)": X, "topk({}, {})": X, "kthvalue({}, {})": X,
    "split({}, {})": X, "chunk({}, {})": X, "roll({}, {})": X, "rot90({}, {})": X,
    "tril({}, {})": X, "triu({}, {})": X, "multinomial({}, {})": X, "flatten({}, {})": X,
    "transpose({}, 0, {})": X, "diagonal({}, 0, {})": M,
}  # fmt: skip
SIZES = ["zeros({})", "ones({})", "empty({})", "rand({})", "randn({})", "full({}, 1.0)"]
NO_SIZES = ["'a'", "2.5", "('a',)", "(2.5,)", "object()", "(-1,)", "-1"]
VIEWS = ["reshape", "view", "expand", "repeat", "permute", "tile", "broadcast_to"]
NO_VIEWS = ["'a'", "2.5", "('a',)", "(2.5, 3)", "object()", "torch.ones(2)"]
DATA = ["object()", "{}", "None", "'a'", "['a']", "[None]", "[[1], [1, 2]]", "2 ** 64", "int"]
KEYS = [
    "'a'", "0.5", "object()", "1j", "5", "(0, 5)", "(0, 0, 0)", "torch.tensor([0.5])",
    "torch.tensor([5])", "torch.tensor([True])", "slice(0, 2, 0)", "slice('a', None)",
]  # fmt: skip

CALLS = {
    "dims": [f"torch.{f}({X}, dim={dim})" for f, dim in product(ALONG, NO_DIMS)],
    "tensors": [f"torch.{f}({x})" for f, x in product(ONE, NO_TENSORS)],
    "operands": [
        call
        for f, x in product(TWO, ["'a'", "None", "[1.0]", "object()", "torch.ones(4)"])
        for call in (f"torch.{f}({X}, {x})", f"{X}.{f}({x})")
    ],
    "indices": [
        call.format(index)
        for index in NO_INDICES
        for call in (
            f"torch.index_select({X}, 0, {{}})",
            f"torch.index_add({X}, 0, {{}}, {X})",
            f"torch.index_copy({X}, 0, {{}}, {X})",
            f"torch.gather({V}, 0, {{}})",
            f"torch.scatter({V}, 0, {{}}, torch.ones(2))",
            f"torch.scatter_add({V}, 0, {{}}, torch.ones(2))",
        )
    ],
    "sources": [
        call.format(source)
        for source in NO_VALUES
        for call in (
            f"torch.index_add({X}, 0, {INDEX}, {{}})",
            f"torch.index_copy({X}, 0, {INDEX}, {{}})",
            f"torch.index_fill({X}, 0, {INDEX}, {{}})",
            f"torch.scatter({V}, 0, {INDEX}, {{}})",
            f"torch.scatter_add({V}, 0, {INDEX}, {{}})",
            f"torch.masked_fill({X}, {MASK}, {{}})",
            f"{X}.fill_({{}})",
            f"{X}.copy_({{}})",
            "torch.full((2,), {})",
            f"torch.full_like({X}, {{}})",
        )
    ],
    "dims of indices": [
        f"torch.{f}({V}, {dim}, {INDEX}{rest})"
        for dim in NO_DIMS
        for f, rest in (
            ("index_select", ""), ("gather", ""), ("scatter", ", 1.0"), ("index_fill", ", 1.0"),
            ("index_add", ", torch.ones(2)"), ("scatter_add", ", torch.ones(2)"),
        )
    ],
    "masks": [
        call.format(mask)
        for mask in NO_MASKS
        for call in (
            f"torch.masked_fill({X}, {{}}, 1.0)",
            f"torch.masked_select({X}, {{}})",
            f"torch.masked_scatter({X}, {{}}, {X})",
            f"torch.where({{}}, {X}, {X})",
        )
    ],
    "integers": [
        f"torch.{call.format(x, n)}"
        for (call, x), n in product(INTEGERS.items(), ["'a'", "1.5", "object()", "torch.ones(2)"])
    ],
    "sizes": [f"torch.{f.format(size)}" for f, size in product(SIZES, NO_SIZES)],
    "views": [f"{X}.{f}({size})" for f, size in product(VIEWS, NO_VIEWS)],
    "data": [
        f"{f}({data})"
        for f, data in product(["torch.tensor", "torch.as_tensor", "torch.FloatTensor"], DATA)
    ],
    "keys": [f"{x}[{key}]" for x, key in product([X, V], KEYS)],
    "values": [f"{x}.__setitem__(0, {value})" for x, value in product([X, V], NO_VALUES)],
    "options": [
        f"torch.{f}((2,){rest}, {option})"
        for f, rest in (("zeros", ""), ("rand", ""), ("full", ", 1.0"))
        for option in ("dtype='a'", "dtype=1", "device='gpu'", "foo=1", "requires_grad='a'")
    ],
    "one number": [
        f"{kind}({x})"
        for kind in ("int", "float", "complex", "bool", "range", "len", "list")
        for x in ("torch.ones(2)", "torch.ones(0)", "torch.tensor(1.5)", "torch.tensor(1j)")
    ],
    "nothing at all": [
        f"torch.roll({S}, 1, 0)", f"torch.einsum('ij', {V})", "torch.stack([])", "torch.cat([])",
        f"torch.cat([{X}, 1])", f"torch.stack([{X}, 1])", f"torch.dot({X}, {X})",
        f"torch.mm({X}, {X})", f"torch.bmm({X}, {X})", f"torch.mv({X}, {X})", f"{S}.backward()",
        "torch.arange('a')", "torch.linspace(0, 1, 'a')", "torch.linspace(0, 1, True)",
        "torch.eye('a')", "torch.eye(-1)", f"{V}.item()", f"{V}.H", f"{V}.mT",
    ],
}  # fmt: skip


def outcome(call, lib):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            eval(call, {"torch": lib, "np": np})
        except Exception as error:  # any: the types are compared
            return type(error).__name__
    return "no error"


@pytest.mark.parametrize("kind", CALLS)
def test_wrong_calls(kind):
    outcomes = {call: (outcome(call, minitorch), outcome(call, torch)) for call in CALLS[kind]}
    assert {call: both for call, both in outcomes.items() if both[0] != both[1]} == {}
