"""Batching rules: how a primitive is applied to all examples of a batch at once.

Elementwise primitives need none. Most others name their parameters alike, ``dim``, ``dims``,
``shape``, ``key``: moving those up by one, for the batch in front, is their rule.
"""

from __future__ import annotations

import math
from typing import Any

from .._ranges import arange
from ..autograd.primitive import apply
from .batching import RULES, aligned, batching_rule, elementwise, one_by_one

ALL = slice(None)


def spread(value: Any, batched: bool, size: int) -> Any:
    """``value`` with a batch in front; one that lacks it is repeated."""
    if batched or not hasattr(value, "expand"):
        return value
    return value.expand((size, *value.shape))


def one_dim_up(dim: Any, rank: int, size: int) -> Any:
    if isinstance(dim, tuple):
        return tuple(d + 1 for d in dim)
    return dim + 1


# how a parameter of that name changes for a batch in front; those that stay as they are: None
PARAMETERS: dict[str, Any] = {
    "dim": one_dim_up,
    "dim0": one_dim_up,
    "dim1": one_dim_up,
    "dim2": one_dim_up,
    "dims": one_dim_up,
    "shape": lambda shape, rank, size: (size, *shape),
    "key": lambda key, rank, size: (ALL, *key),
    "widths": lambda widths, rank, size: ((0, 0), *widths),
    **dict.fromkeys(
        ("keepdim", "nan", "repeats", "sizes", "arg", "correction", "step", "size", "length",
         "offset", "descending", "stable", "largest", "sorted", "k", "diagonal", "accumulate",
         "reverse", "ufunc", "shifts", "p", "value")
    ),
}  # fmt: skip

# reductions of one dimension or all; the others take a tuple of dimensions
ONE_DIM = {"prod", "argmax", "argmin"}


def movable(primitive: Any, params: tuple[Any, ...]) -> bool:
    """Whether every parameter is of a known kind and at least one places the operation."""
    names = primitive.params
    return (
        all(name in PARAMETERS for name in names)
        and any(PARAMETERS[name] for name in names)
        and not any(PARAMETERS[n] and p is None for n, p in zip(names, params, strict=True))
    )


def moved(primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int) -> Any:
    """The batch in front, the dimensions in the parameters one further back."""
    ranks = [v.ndim - b for v, b in zip(values, batched, strict=True) if hasattr(v, "ndim")]
    if params and params[0] is None and primitive.params[0] == "dim" and all(batched) and ranks[0]:
        # all elements of each example
        values = [v.reshape((size, math.prod(v.shape[1:]))) for v in values]
        dim = 1 if primitive.name in ONE_DIM else (1,)
        made = apply(primitive, *values, dim, *params[1:])
        keepdim = "keepdim" in primitive.params and params[primitive.params.index("keepdim")]
        return made.reshape((size, *(1,) * ranks[0])) if keepdim else made
    if not movable(primitive, params) or (min(ranks) == 0 and "dim" in primitive.params and params):
        return one_by_one(primitive, values, batched, params, size)
    values = [spread(v, b, size) for v, b in zip(values, batched, strict=True)]
    changed = [
        PARAMETERS[name](p, ranks[0], size) if PARAMETERS[name] else p
        for name, p in zip(primitive.params, params, strict=True)
    ]
    return apply(primitive, *([values] if primitive.variadic else values), *changed)


@batching_rule("permute")
def permute(primitive: Any, values: list[Any], batched: Any, params: Any, size: int) -> Any:
    return apply(primitive, values[0], (0, *(d + 1 for d in params[0])))


@batching_rule("expand")
def expand(primitive: Any, values: list[Any], batched: Any, params: Any, size: int) -> Any:
    (shape,) = params
    x = values[0]
    ones = (1,) * (len(shape) - (x.ndim - 1))
    return apply(primitive, x.reshape((size, *ones, *x.shape[1:])), (size, *shape))


@batching_rule("stack")
def stack(primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int) -> Any:
    return apply(
        primitive, [spread(v, b, size) for v, b in zip(values, batched, strict=True)], params[0] + 1
    )


@batching_rule("select")
def select(primitive: Any, values: list[Any], batched: Any, params: Any, size: int) -> Any:
    return values[0][:, params[0]]


@batching_rule("slice_backward")
def slice_backward(primitive: Any, values: list[Any], batched: Any, params: Any, size: int) -> Any:
    from ..ops.regions import sliced

    shape, op, inner = params
    if op is sliced:
        key = (ALL, *inner[0])
    elif op.primitive.name == "select":
        key = (ALL, inner[0])
    else:
        return one_by_one(primitive, values, batched, params, size)
    return apply(primitive, values[0], (size, *shape), sliced, (key,))


@batching_rule("matmul")
def matmul(primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int) -> Any:
    a, b = values
    m, n = a.ndim - batched[0], b.ndim - batched[1]
    if not batched[1] and n <= 2:  # one product for the whole batch
        return apply(primitive, a, b)
    if not batched[0] and m == 2 and n == 1:
        return apply(primitive, b, a.mT)
    if m == 1:
        a = a.unsqueeze(-2)
    if n == 1:
        b = b.unsqueeze(-1)
    made = apply(primitive, *aligned([a, b], batched))
    if m == 1:
        made = made.squeeze(-2)
    return made.squeeze(-1) if n == 1 else made


@batching_rule(
    "linalg_cholesky_ex", "linalg_det", "linalg_eigh", "linalg_eigvalsh", "linalg_inv",
    "linalg_matrix_exp", "linalg_qr", "linalg_slogdet", "linalg_svd", "linalg_svdvals", "logdet",
    "tril", "triu",
)  # fmt: skip
def of_matrices(primitive: Any, values: list[Any], batched: Any, params: Any, size: int) -> Any:
    """These take any number of leading dimensions."""
    return apply(primitive, *values, *params)


@batching_rule("linalg_solve", "linalg_solve_triangular")
def solve(primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int) -> Any:
    a, b = (spread(v, each, size) for v, each in zip(values, batched, strict=True))
    if b.ndim < a.ndim:  # a vector on the right
        return apply(primitive, a, b.unsqueeze(-1), *params).squeeze(-1)
    if a.ndim != b.ndim:
        return one_by_one(primitive, values, batched, params, size)
    return apply(primitive, a, b, *params)


def together(dims: tuple[int, ...]) -> bool:
    """Whether the indexed dimensions are neighbours: else NumPy moves them to the front."""
    return dims[-1] - dims[0] == len(dims) - 1


def numbered(index: Any, count: int, size: int) -> Any:
    """Row numbers within each example's ``count`` rows as row numbers of all examples' rows."""
    from ..ops.choice import where

    starts = arange(size).reshape((size, *(1,) * (index.ndim - 1))) * count
    return where(index < 0, index + count, index) + starts


@batching_rule("copy", "fill")
def written(primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int) -> Any:
    return elementwise(
        primitive,
        [spread(values[0], batched[0], size), values[1]],
        [True, batched[1]],
        params,
        size,
    )


@batching_rule("nonzero", "unique", "unique_consecutive", "masked_select", "bincount")
def by_values(primitive: Any, *_: Any) -> Any:
    raise RuntimeError(
        f"vmap: the shape of the result of {primitive.name} depends on values, which differ from "
        "example to example."
    )


@batching_rule("index")
def index(primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int) -> Any:
    x, places = values
    if primitive.params == ("dims", "once") and not batched[1] and together(params[0]):
        return apply(primitive, x, places, one_dim_up(params[0], 0, size), params[1])
    if primitive.inputs != ("x", "index") or params:
        return one_by_one(primitive, values, batched, params, size)
    if not batched[0]:
        return apply(primitive, x, places)
    flat = numbered(spread(places, batched[1], size), x.shape[1], size)
    return apply(primitive, x.reshape((size * x.shape[1], *x.shape[2:])), flat)


@batching_rule("index_backward")
def index_backward(
    primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int
) -> Any:
    if primitive.params == ("shape", "dims", "once") and not batched[1] and together(params[1]):
        shape, dims, once = params
        return apply(primitive, *values, (size, *shape), one_dim_up(dims, 0, size), once)
    if primitive.inputs != ("x", "index") or len(params) != 1:
        return one_by_one(primitive, values, batched, params, size)
    (shape,) = params
    x, places = (spread(v, b, size) for v, b in zip(values, batched, strict=True))
    made = apply(primitive, x, numbered(places, shape[0], size), (size * shape[0], *shape[1:]))
    return made.reshape((size, *shape))


RULES["*"] = moved
