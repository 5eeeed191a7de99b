"""The functions that sparse tensors have: they compute with values and coordinates."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._types import layout as layouts
from .._types.dtype import as_dtype
from ..autograd.primitive import primitive
from ..autograd.variable import wrap
from ..kernels import sparse as kernels
from ..ops.joining import cat as join
from ..overrides import DisableTorchFunctionSubclass
from .sparse import FUNCTIONS, SparseTensor, by_rows, coo, in_layout
from .tensor import Tensor

__all__ = ["addmm", "log_softmax", "multiply", "softmax", "sparse_mask", "sum", "to_dense"]
__all__ += ["to_sparse", "to_sparse_csc", "to_sparse_csr"]


def to_coo(x: Tensor, sparse_dim: int | None = None) -> SparseTensor:
    """The elements of ``x`` that are not zero; ``sparse_dim`` dimensions get coordinates."""
    sparse_dim = x.ndim if sparse_dim is None else sparse_dim
    with DisableTorchFunctionSubclass():
        data = x.detach()._array()
        some = (data != 0).any(tuple(range(sparse_dim, x.ndim)))
        places = np.nonzero(some)
        index = np.array(places, np.int64).reshape(sparse_dim, -1)
        value = x[tuple(wrap(place) for place in index)] if sparse_dim else x.unsqueeze(0)
        return SparseTensor(wrap(index), value, x.shape, True)


def to_sparse(
    self: Tensor, sparse_dim: int | None = None, *, layout: Any = None, blocksize: Any = None,
    dense_dim: int | None = None,
) -> SparseTensor:  # fmt: skip
    """The same tensor with coordinates for its elements that are not zero.

    Args:
        sparse_dim: how many of the first dimensions get coordinates; all by default.
        layout: ``sparse_coo`` (the default), ``sparse_csr`` or ``sparse_csc``.

    Example:
        >>> import minitorch
        >>> minitorch.tensor([0.0, 2.0]).to_sparse()
        tensor(indices=tensor([[1]]),
               values=tensor([2.]),
               size=(2,), nnz=1, layout=torch.sparse_coo)
    """
    if layout in (layouts.sparse_bsr, layouts.sparse_bsc):
        raise NotImplementedError(f"{layout}: blocks are not supported: use torch.sparse_csr")
    made = to_coo(self, sparse_dim)
    return made if layout in (None, layouts.sparse_coo) else in_layout(made, layout)


def to_sparse_csr(self: Tensor, dense_dim: int | None = None) -> SparseTensor:
    """The same matrix by rows."""
    return to_sparse(self, layout=layouts.sparse_csr)


def to_sparse_csc(self: Tensor, dense_dim: int | None = None) -> SparseTensor:
    """The same matrix by columns."""
    return to_sparse(self, layout=layouts.sparse_csc)


def to_dense(self: Tensor, dtype: Any = None, *, masked_grad: bool | None = None) -> Tensor:
    """The same tensor, strided; itself where it is that."""
    return self if dtype is None else self.to(dtype)


multiply_p: Callable[..., Tensor] = primitive(
    kernels.multiply,
    "value dense | rows columns n",
    lambda g, dense, rows, columns: (g[rows] * dense[columns]).sum(-1),
    lambda g, value, rows, columns, dense_shape: multiply_p(
        value, g, columns, rows, dense_shape[0]
    ),
    name="sparse_addmm",
)


def _of_values(function: Callable[..., Any]) -> Callable[..., SparseTensor]:
    """A function of numbers that is 0 at 0, of a sparse tensor."""

    def apply(x: SparseTensor, *args: Any, **options: Any) -> SparseTensor:
        x = x.coalesce()
        return x._with(function(x._value, *args, **options))

    return apply


def add(a: Any, b: Any, *, alpha: Any = 1) -> Any:
    if not isinstance(a, SparseTensor):
        return a + (b.to_dense() * alpha if alpha != 1 else b.to_dense())
    if not isinstance(b, SparseTensor):
        if not isinstance(b, Tensor):
            raise TypeError("add: a number cannot be added to a sparse tensor: use to_dense()")
        return a.to_dense() + (b * alpha if alpha != 1 else b)
    if a.shape != b.shape:
        raise RuntimeError(
            f"add: expected sizes of 'self' and 'other' to match, but {list(a.shape)} != "
            f"{list(b.shape)}"
        )
    value = b._value * alpha if alpha != 1 else b._value
    joined = SparseTensor(
        join([a._index, b._index], 1), join([a._value, value]), a.shape, False, a.layout
    )
    return joined.coalesce() if a._coalesced and b._coalesced else joined


def mul(a: Any, b: Any) -> Any:
    if not isinstance(a, SparseTensor):
        a, b = b, a
    if not isinstance(b, Tensor) or (not isinstance(b, SparseTensor) and not b.ndim):
        return a._with(a._value * b)
    if isinstance(b, SparseTensor):
        b = b.to_dense()
        made = mul(a.coalesce(), b)
        keep = b[tuple(made._index)] != 0
        return SparseTensor(made._index[:, keep], made._value[keep], made.shape, True, a.layout)
    return a._with(a._value * b.expand(a.shape)[tuple(a._index)])


def div(a: Any, b: Any, *, rounding_mode: str | None = None) -> Any:
    if not isinstance(a, SparseTensor) or isinstance(b, SparseTensor):
        raise RuntimeError("div: Sparse division requires the divisor to be dense or a number")
    if isinstance(b, Tensor) and b.ndim:
        b = b.expand(a.shape)[tuple(a._index)]
    return a._with(a._value.div(b, rounding_mode=rounding_mode))


def multiply(a: Any, b: Any) -> Any:
    """The product of two matrices, or of a matrix and a vector; one of them is sparse."""
    if not isinstance(a, SparseTensor):
        return multiply(b.t(), a.t()).t()
    if a.ndim != 2 or a.dense_dim() or b.ndim not in (1, 2):
        raise RuntimeError(
            f"sparse matrices are multiplied with matrices and vectors, but the shapes are "
            f"{list(a.shape)} and {list(b.shape)}"
        )
    if a.shape[1] != b.shape[0]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({a.shape[0]}x{a.shape[1]} and "
            f"{'x'.join(map(str, b.shape))})"
        )
    if isinstance(b, SparseTensor):
        return _sparse_product(a, b)
    if b.ndim == 1:
        return multiply(a, b.unsqueeze(1)).squeeze(1)
    rows, columns = a._index._array()
    return multiply_p(a._value, b, rows, columns, a.shape[0])


def _sparse_product(a: SparseTensor, b: SparseTensor) -> SparseTensor:
    """Pairs each value of ``a`` with the values in the row of ``b`` that its column names."""
    b = b.coalesce() if b.layout is not layouts.sparse_csc else by_rows(b)
    counts = np.bincount(b._index[0]._array().astype(np.intp, copy=False), minlength=b.shape[0])
    firsts = np.cumsum(counts) - counts
    columns = a._index[1]._array()
    times = counts[columns]
    left = np.repeat(np.arange(len(columns), dtype=np.int64), times)
    right = np.arange(len(left), dtype=np.int64) - np.repeat(np.cumsum(times) - times, times)
    right = right + firsts[columns[left]]
    index = np.stack([a._index[0]._array()[left], b._index[1]._array()[right]])
    value = a._value[wrap(left)] * b._value[wrap(right)]
    made = SparseTensor(wrap(index), value, (a.shape[0], b.shape[1]))
    return made if a.layout is layouts.sparse_coo else in_layout(made, a.layout)


def sum(input: SparseTensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    value = input._value if dtype is None else input._value.to(as_dtype(dtype))
    if dim is None or dim == ():
        return value.sum()
    dims = [d % input.ndim for d in ((dim,) if isinstance(dim, int) else dim)]
    split = input.sparse_dim()
    dense = tuple(d - split + 1 for d in dims if d >= split)
    value = value.sum(dense, keepdim) if dense else value
    if keepdim:
        index = input._index.clone()
        index[[d for d in dims if d < split]] = 0
    else:
        index = input._index[[d for d in range(split) if d not in dims]]
    shape = [1 if d in dims else n for d, n in enumerate(input.shape) if keepdim or d not in dims]
    return SparseTensor(index, value, shape) if len(index) else value.sum(0)


def index_select(input: SparseTensor, dim: int, index: Tensor) -> SparseTensor:
    dim %= input.ndim
    if dim >= input.sparse_dim():
        return input._with(input._value.index_select(dim - input.sparse_dim() + 1, index))
    wanted = index._array() % max(input.shape[dim], 1)
    places, found = np.nonzero(wanted[:, None] == input._index[dim]._array())
    coordinates = input._index._array()[:, found].copy()
    coordinates[dim] = places
    shape = [*input.shape[:dim], len(wanted), *input.shape[dim + 1 :]]
    return SparseTensor(wrap(coordinates), input._value[wrap(found.astype(np.int64))], shape)


def select(input: SparseTensor, dim: int, index: int) -> Any:
    dim %= input.ndim
    made = index_select(input, dim, wrap(np.array([index])))
    rest = [k for k in range(made.sparse_dim()) if k != dim]
    shape = [n for d, n in enumerate(made.shape) if d != dim]
    return SparseTensor(made._index[rest], made._value, shape) if rest else made._value.sum(0)


def cat(tensors: Sequence[SparseTensor], dim: int = 0) -> SparseTensor:
    dim %= tensors[0].ndim
    parts, start = [], 0
    for x in tensors:
        index = x._index.clone()
        index[dim] += start
        start += x.shape[dim]
        parts.append(index)
    shape = [*tensors[0].shape[:dim], start, *tensors[0].shape[dim + 1 :]]
    return SparseTensor(join(parts, 1), join([x._value for x in tensors]), shape)


def sparse_mask(input: Tensor, mask: SparseTensor) -> SparseTensor:
    """The elements of ``input`` at the coordinates of ``mask``."""
    if isinstance(input, SparseTensor):
        input = input.to_dense()
    return mask._with(input[tuple(mask._index)])


def softmax(input: SparseTensor, dim: int, dtype: Any = None, *, log: bool = False) -> SparseTensor:
    """Softmax along ``dim`` over the coordinates that are there; what is not counts as -inf."""
    x = input.coalesce()
    value = x._value if dtype is None else x._value.to(as_dtype(dtype))
    dim %= x.ndim
    if dim >= x.sparse_dim():
        along = dim - x.sparse_dim() + 1
        return x._with(value.log_softmax(along) if log else value.softmax(along))
    others = [k for k in range(x.sparse_dim()) if k != dim]
    sizes = tuple(x.shape[k] for k in others)
    groups = np.zeros(len(value), np.int64)
    if others:
        groups = np.ravel_multi_index(tuple(x._index._array()[others]), sizes).astype(np.int64)
    count = math.prod(sizes)
    top = np.full((count, *value.shape[1:]), -np.inf, value.dtype.numpy)
    np.maximum.at(top, groups, value._array())
    number = wrap(groups)
    shifted = value - wrap(top)[number]
    zeros = value.new_zeros(top.shape)
    total = zeros.index_add(0, number, shifted.exp())[number]
    return x._with(shifted - total.log() if log else shifted.exp() / total)


def log_softmax(input: SparseTensor, dim: int, dtype: Any = None) -> SparseTensor:
    return softmax(input, dim, dtype, log=True)


def addmm(input: Any, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    return input * beta + multiply(mat1, mat2) * alpha


def norm(input: SparseTensor, p: Any = "fro", dim: Any = None, **options: Any) -> Tensor:
    if dim is not None:
        raise NotImplementedError("norm of a sparse tensor over some dimensions: use to_dense()")
    return input.coalesce()._value.norm(2 if p == "fro" else p)


def getitem(input: SparseTensor, index: Any) -> Any:
    if isinstance(index, int):
        return select(input, 0, index)
    if isinstance(index, Tensor) and not index.dtype.is_floating_point and index.ndim == 1:
        return index_select(input, 0, index)
    raise NotImplementedError("a sparse tensor is indexed with an integer or a vector of them")


ZERO_AT_ZERO = (
    "abs absolute neg negative positive sin tan asin arcsin atan arctan sinh tanh asinh arcsinh "
    "atanh arctanh sqrt square sgn sign relu floor ceil round trunc frac expm1 log1p deg2rad "
    "rad2deg erf erfinv nan_to_num clone to float double half int long short bool "
    "detach_ conj real imag isnan isinf isposinf isneginf signbit"
)
FUNCTIONS |= {
    **{name: _of_values(getattr(Tensor, name)) for name in ZERO_AT_ZERO.split()},
    "clone": lambda x, **options: SparseTensor(
        x._index.clone(), x._value.clone(), x.shape, x._coalesced, x.layout
    ),
    "to": lambda x, *args, **options: x._with(x._value.to(*args, **options)),
    "add": add, "radd": add,
    "sub": lambda a, b, *, alpha=1: add(a, b, alpha=-alpha),
    "rsub": lambda a, b: add(b, a, alpha=-1),
    "mul": mul, "rmul": mul, "multiply": mul, "div": div, "truediv": div, "divide": div,
    "pow": lambda x, exponent: _of_values(Tensor.pow)(x, exponent),
    "mm": multiply, "matmul": multiply, "mv": multiply, "smm": multiply, "spmm": multiply,
    "dsmm": multiply,
    "rmatmul": lambda a, b: multiply(b, a),
    "addmm": addmm, "sspaddmm": addmm, "sum": sum, "norm": norm,
    "softmax": softmax, "log_softmax": log_softmax,
    "index_select": index_select, "select": select, "cat": cat, "getitem": getitem,
    "sparse_mask": sparse_mask, "t": SparseTensor.t, "transpose": SparseTensor.transpose,
    "zeros_like": lambda x, **options: coo(
        x._index[:, :0], x._value[:0].detach(), x.shape, True
    ),
    "is_nonzero": lambda x: bool(x.to_dense()),
}  # fmt: skip
