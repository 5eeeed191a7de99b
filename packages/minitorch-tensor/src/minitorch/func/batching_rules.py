"""Batching rules: how a primitive is applied to all examples of a batch at once.

Elementwise primitives need none. Most others name their parameters alike, ``dim``, ``dims``,
``shape``, ``key``: moving those up by one, for the batch in front, is their rule.
"""

from __future__ import annotations

import math
from typing import Any, cast

from ..autograd.dispatch import apply
from ..autograd.history import replay
from ..autograd.variable import Variable
from ..ops.ranges import arange
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
    module = getattr(primitive.kernel, "__module__", "numpy").split(".")
    return (
        # the vocabulary is that of our own operations: a "shape" elsewhere may mean anything
        (module[0] == "numpy" or (module[0] == "minitorch" and module[1] in ("ops", "kernels")))
        and all(name in PARAMETERS for name in names)
        and any(PARAMETERS[name] for name in names)
        and not any(PARAMETERS[n] and p is None for n, p in zip(names, params, strict=True))
    )


def moved(primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int) -> Any:
    """The batch in front, the dimensions in the parameters one further back."""
    ranks = [v.ndim - b for v, b in zip(values, batched, strict=True) if hasattr(v, "ndim")]
    of_all = params and params[0] is None and primitive.params[0] == "dim" and len(values) == 1
    if of_all and ranks[0]:
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
    from ..ops.regions import slice_p

    shape, op, inner = params
    if op is slice_p:
        key = (ALL, *inner[0])
    elif op.primitive.name == "select":
        key = (ALL, inner[0])
    else:
        return one_by_one(primitive, values, batched, params, size)
    return apply(primitive, values[0], (size, *shape), slice_p, (key,))


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
    "linalg_cholesky_ex", "linalg_det", "linalg_eigh", "linalg_inv",
    "linalg_matrix_exp", "linalg_qr", "linalg_slogdet", "linalg_svd", "logdet",
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


def leading(dims: tuple[int, ...]) -> bool:
    """Whether the indexed dimensions are the first ones."""
    return dims == tuple(range(len(dims)))


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
    if primitive.params == ("dims", "once") and batched[1] and leading(params[0]):
        dims, once = params
        if not batched[0]:
            return apply(primitive, x, places, dims, once)
        flat = numbered(places, math.prod(x.shape[1 : 1 + len(dims)]), size)
        return apply(primitive, x.reshape((size * x.shape[1], *x.shape[2:])), flat, dims, once)
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
    if primitive.params == ("shape", "dims", "once") and batched[1] and leading(params[1]):
        shape, dims, once = params
        flat = numbered(values[1], math.prod(shape[: len(dims)]), size)
        value = spread(values[0], batched[0], size)
        made = apply(primitive, value, flat, (size * shape[0], *shape[1:]), dims, once)
        return made.reshape((size, *shape))
    if primitive.inputs != ("x", "index") or len(params) != 1:
        return one_by_one(primitive, values, batched, params, size)
    (shape,) = params
    x, places = (spread(v, b, size) for v, b in zip(values, batched, strict=True))
    made = apply(primitive, x, numbered(places, shape[0], size), (size * shape[0], *shape[1:]))
    return made.reshape((size, *shape))


@batching_rule("index_put")
def index_put(
    primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int
) -> Any:
    dims, add = params
    if batched[2] or not together(dims):
        return one_by_one(primitive, values, batched, params, size)
    x = spread(values[0], batched[0], size)
    value = values[1]
    if batched[1]:  # its dimensions stand before, at and after the places: fill in the missing ones
        rank = x.ndim - 1 - len(dims) + values[2].ndim
        value = value.reshape((size, *(1,) * (rank - value.ndim + 1), *value.shape[1:]))
    return apply(primitive, x, value, values[2], one_dim_up(dims, 0, size), add)


@batching_rule("linalg_vector_norm")
def vector_norm(primitive: Any, values: list[Any], batched: Any, params: Any, size: int) -> Any:
    p, dim, keepdim = params
    x = values[0]
    if x.ndim == 1:  # of each number by itself
        return apply(primitive, x.unsqueeze(1), p, (1,), False)
    dims = tuple(range(1, x.ndim)) if dim is None else tuple(d + 1 for d in _tuple(dim))
    return apply(primitive, x, p, dims, keepdim)


@batching_rule("tie_weights")
def tie_weights(
    primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int
) -> Any:
    x, out = (spread(v, b, size) for v, b in zip(values, batched, strict=True))
    dim, keepdim, nan = params
    if x.ndim == 1:
        return apply(primitive, x.unsqueeze(1), out.reshape((size, 1)), (1,), True, nan).squeeze(1)
    if dim is None:
        dim, keepdim = tuple(range(x.ndim - 1)), True
        out = out.reshape((size, *(1,) * (x.ndim - 1)))
    return apply(primitive, x, out, tuple(d + 1 for d in _tuple(dim)), keepdim, nan)


def _tuple(dims: Any) -> tuple[int, ...]:
    return dims if isinstance(dims, tuple) else (dims,)


@batching_rule("repeat")
def repeat(primitive: Any, values: list[Any], batched: Any, params: Any, size: int) -> Any:
    (repeats,) = params
    x = values[0]
    ones = (1,) * (len(repeats) - (x.ndim - 1))
    return apply(primitive, x.reshape((size, *ones, *x.shape[1:])), (1, *repeats))


@batching_rule("constant_pad_nd")
def pad(primitive: Any, values: list[Any], batched: Any, params: Any, size: int) -> Any:
    return apply(primitive, values[0], ((0, 0), *params[0]), params[1])


@batching_rule("gather_rows", "scatter_rows")
def rows_of_each(
    primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int
) -> Any:
    """These take a batch already: both become one."""
    x, places = (spread(v, b, size) for v, b in zip(values, batched, strict=True))
    flat = (v.reshape((size * v.shape[1], *v.shape[2:])) for v in (x, places))
    made = apply(primitive, *flat, *params)
    return made.reshape((*x.shape[:2], *made.shape[1:]))


@batching_rule("nll_loss", "nll_loss_backward", "nll_weights")
def of_labels(
    primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int
) -> Any:
    """(n, classes, ...) with labels (n, ...): the n of all examples become one."""
    if primitive.name == "nll_weights" and batched[2]:
        return one_by_one(primitive, values, batched, params, size)
    count = 2 if primitive.name == "nll_weights" else 3
    ready = [spread(v, b, size) for v, b in zip(values[:count], batched, strict=False)]
    shape = tuple(ready[1].shape)  # of the labels
    if primitive.name == "nll_loss_backward":
        params = ((size, *params[0]) if len(shape) == 1 else (size * params[0][0], *params[0][1:]),)
    if len(shape) == 1:  # one label an example
        return apply(primitive, *ready, *values[count:], *params)
    flat = [v.reshape((size * v.shape[1], *v.shape[2:])) for v in ready]
    made = apply(primitive, *flat, *values[count:], *params)
    return made.reshape((*shape[:2], *made.shape[1:]))


@batching_rule("embedding", "embedding_masked", "embedding_dense_backward")
def embedding(
    primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int
) -> Any:
    """The tables of all examples become one."""
    padding = params[-1]
    if primitive.name == "embedding" and not batched[0]:
        return apply(primitive, *values, *params)
    if primitive.name == "embedding_masked" or not (padding is None or padding < 0):
        return one_by_one(primitive, values, batched, params, size)
    x, places = (spread(v, b, size) for v, b in zip(values, batched, strict=True))
    if primitive.name == "embedding":
        flat = numbered(places, x.shape[1], size)
        return apply(primitive, x.reshape((size * x.shape[1], *x.shape[2:])), flat, padding)
    rows = params[0]
    made = apply(primitive, x, numbered(places, rows, size), size * rows, padding)
    return made.reshape((size, rows, *made.shape[1:]))


@batching_rule("positions")
def positions(
    primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int
) -> Any:
    if any(str(v.dtype).endswith("bool") for v in values):
        raise RuntimeError(
            "vmap: indexing with a mask that differs from example to example gives results of "
            "different shapes. Use torch.where."
        )
    return apply(primitive, aligned(values, batched), *params)


RULES["*"] = moved


@batching_rule("copy_slices")
def written_region(
    primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int
) -> Any:
    """The places of the region, found once, hold for all examples."""
    base, value = (spread(v, b, size) for v, b in zip(values, batched, strict=True))
    shape = base.shape[1:]
    places = replay(arange(math.prod(shape)).reshape(shape), params[0]).reshape(-1)
    rows = base.reshape(size, -1)
    if isinstance(value, Variable):
        filled = rows.index_copy(1, places, cast(Any, value).reshape(size, -1))
    else:  # the zeros that a gradient has there
        filled = rows.index_fill(1, places, 0)
    return filled.reshape(base.shape)
