"""Sparse tensors: coordinates and values, with the operations that PyTorch's users need.

A sparse tensor holds two dense ones; operations compute with its values, so gradients go through
them. What is not in the table here raises: ``to_dense()`` computes everything.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np

from .._types import layout as layouts
from .._types.dtype import bool as bool_
from .._types.dtype import get_default_dtype, int64
from .._types.size import Size
from ..autograd.variable import new_counter, wrap
from ..kernels import sparse as kernels
from ..kernels.sparse import SparseData
from ..overrides import DisableTorchFunctionSubclass
from .tensor import Tensor

__all__ = ["FUNCTIONS", "SparseTensor", "by_rows", "coo", "in_layout"]

# asked of the tensor without looking at its values
TOLD = {
    "size", "dim", "numel", "nelement", "ndimension", "is_floating_point", "is_complex",
    "element_size", "is_signed", "is_tensor", "is_same_size", "get_device", "__hash__",
}  # fmt: skip

FUNCTIONS: dict[str, Callable[..., Any]] = {}  # by name; sparse_functions.py fills it


class SparseTensor(Tensor):
    """A tensor whose elements are zero except at given coordinates.

    Made by ``sparse_coo_tensor``, ``sparse_csr_tensor`` and ``to_sparse``. Several values at one
    coordinate count as their sum.
    """

    _shown_as = "tensor"
    _data: Any
    _index: Tensor
    _value: Tensor
    _coalesced: bool
    layout: Any
    is_sparse = True

    def __new__(
        cls, index: Tensor, value: Tensor, shape: Sequence[int], coalesced: bool = False,
        layout: Any = layouts.sparse_coo,
    ) -> Self:  # fmt: skip
        made = object.__new__(cls)
        made._index, made._value = index, value
        made._coalesced, made.layout = coalesced, layout
        made._data = SparseData(index._array(), value._array(), shape)
        made._counter, made._base, made._node = new_counter(), None, None
        made.is_sparse = layout is layouts.sparse_coo
        return made

    @classmethod
    def __torch_function__(
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        name = func.__name__
        if name in ("__get__", "__set__") or name in TOLD:  # of a property, such as ``shape``
            with DisableTorchFunctionSubclass():
                return func(*args, **(kwargs or {}))
        known = FUNCTIONS.get(name.strip("_") if name[:2] == "__" else name)
        if known is None:
            raise NotImplementedError(
                f"{name}: MiniTorch computes this of dense tensors alone, but an argument has the "
                "layout torch.sparse: use to_dense()"
            )
        with DisableTorchFunctionSubclass():
            return known(*args, **(kwargs or {}))

    # --- what it is -----------------------------------------------------------------------------

    @property
    def shape(self) -> Size:
        return Size(self._data.shape)

    @property
    def requires_grad(self) -> bool:
        return self._value.requires_grad

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self._value.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Sets whether ``backward`` collects a (sparse) gradient here; returns the tensor."""
        self._value.requires_grad_(requires_grad)
        return self

    @property
    def is_leaf(self) -> bool:
        return self._value.is_leaf

    @property
    def grad_fn(self) -> Any:
        return self._value.grad_fn

    @property
    def grad(self) -> Any:
        g = self._value.grad
        return None if g is None else self._with(g)

    @grad.setter
    def grad(self, value: Any) -> None:
        self._value.grad = None if value is None else value._value

    def sparse_dim(self) -> int:
        """How many dimensions have coordinates."""
        return self._index.shape[0]

    def dense_dim(self) -> int:
        """How many dimensions a value has."""
        return self._value.ndim - 1

    def is_coalesced(self) -> bool:
        """Whether each coordinate is there once, in order."""
        return self._coalesced

    def _nnz(self) -> int:
        return self._value.shape[0]

    def _indices(self) -> Tensor:
        return self._index

    def _values(self) -> Tensor:
        return self._value

    def indices(self) -> Tensor:
        """The coordinates (sparse_dim, nnz) of a coalesced tensor."""
        self._check_coalesced("indices")
        return self._index

    def values(self) -> Tensor:
        """The values (nnz, ...) of a coalesced tensor."""
        if self.layout is layouts.sparse_coo:
            self._check_coalesced("values")
        return self._value

    def _check_coalesced(self, name: str) -> None:
        if not self._coalesced:
            raise RuntimeError(
                f"Cannot get {name} on an uncoalesced tensor, please call .coalesce() first"
            )

    def crow_indices(self) -> Tensor:
        """Where the rows of a CSR matrix begin among its values, and the last one ends."""
        self._check_layout("crow_indices", layouts.sparse_csr)
        return self._starts(0)

    def col_indices(self) -> Tensor:
        """The columns of a CSR matrix's values."""
        self._check_layout("col_indices", layouts.sparse_csr)
        return self._index[1]

    def ccol_indices(self) -> Tensor:
        """Where the columns of a CSC matrix begin among its values, and the last one ends."""
        self._check_layout("ccol_indices", layouts.sparse_csc)
        return self._starts(1)

    def row_indices(self) -> Tensor:
        """The rows of a CSC matrix's values."""
        self._check_layout("row_indices", layouts.sparse_csc)
        return self._index[0]

    def _starts(self, dim: int) -> Tensor:
        counts = np.bincount(
            self._index[dim]._array().astype(np.intp, copy=False), minlength=self.shape[dim]
        ).astype(np.int64)
        return wrap(np.concatenate([[0], np.cumsum(counts)]))

    def _check_layout(self, name: str, layout: Any) -> None:
        if self.layout is not layout:
            raise RuntimeError(f"{name} expected {layout} tensor layout but got {self.layout}")

    # --- what is made of it -----------------------------------------------------------------------

    def _with(self, value: Tensor) -> SparseTensor:
        """The same coordinates with other values."""
        return SparseTensor(self._index, value, self.shape, self._coalesced, self.layout)

    def coalesce(self) -> SparseTensor:
        """Each coordinate once, in order, with the sum of its values."""
        if self._coalesced:
            return self
        index, order, starts = kernels.coalesce(
            self._index._array(), self._value._array(), self.shape
        )
        target = np.empty(len(order), np.int64)
        target[order] = (
            np.cumsum(np.bincount(starts.astype(np.intp, copy=False), minlength=len(order))) - 1
        )
        value = self._value
        if len(starts) == len(order):
            value = value[wrap(order)]
        else:
            empty = value.new_zeros((len(starts), *value.shape[1:]))
            value = empty.index_add(0, wrap(target), value)
        return SparseTensor(wrap(index), value, self.shape, True, self.layout)

    def to_dense(self, dtype: Any = None, *, masked_grad: bool | None = None) -> Tensor:
        """The same tensor, strided."""
        value = self._value if dtype is None else self._value.to(dtype)
        sizes = self.shape[: self.sparse_dim()]
        flat = np.ravel_multi_index(tuple(self._index._array()), tuple(sizes)).astype(np.int64)
        empty = value.new_zeros((math.prod(sizes), *value.shape[1:]))
        made: Tensor = empty.index_add(0, wrap(flat), value).reshape(tuple(self.shape))
        return made

    def t(self) -> SparseTensor:
        """The transposed matrix."""
        return self.transpose(0, 1)

    def transpose(self, dim0: int, dim1: int) -> SparseTensor:
        """Two of the sparse dimensions swapped."""
        order = list(range(self.ndim))
        order[dim0], order[dim1] = order[dim1], order[dim0]
        if order[self.sparse_dim() :] != list(range(self.sparse_dim(), self.ndim)):
            raise RuntimeError("transpose: dense dimensions of a sparse tensor cannot be moved")
        flipped = {layouts.sparse_csr: layouts.sparse_csc, layouts.sparse_csc: layouts.sparse_csr}
        return SparseTensor(
            self._index[order[: self.sparse_dim()]], self._value, [self.shape[d] for d in order],
            False, flipped.get(self.layout, self.layout),
        )  # fmt: skip

    @property
    def T(self) -> SparseTensor:  # noqa: N802  (PyTorch's name)
        return self.t()

    mT = mH = H = T  # noqa: N815  (PyTorch's names)

    def detach(self) -> SparseTensor:
        """The same tensor, outside of the graph."""
        return self._with(self._value.detach())

    def to_sparse(self, *args: Any, layout: Any = None, **options: Any) -> Any:
        """Itself, or in another sparse layout."""
        return self if layout is None else in_layout(self, layout)

    def to_sparse_coo(self) -> SparseTensor:  # type: ignore[override]  # no options are left
        """The same tensor, with coordinates."""
        return in_layout(self, layouts.sparse_coo)

    def to_sparse_csr(self, dense_dim: int | None = None) -> SparseTensor:
        """The same matrix by rows."""
        return in_layout(self, layouts.sparse_csr)

    def to_sparse_csc(self, dense_dim: int | None = None) -> SparseTensor:
        """The same matrix by columns."""
        return in_layout(self, layouts.sparse_csc)

    def backward(self, gradient: Any = None, *args: Any, **options: Any) -> None:
        """Sends ``gradient``, sparse with the same coordinates, through the graph."""
        self._value.backward(None if gradient is None else gradient._value, *args, **options)

    def __repr__(self, **options: Any) -> str:  # type: ignore[override]  # mypy drops names here
        from .printing import contents, with_suffixes

        def shown(name: str, x: Tensor) -> str:
            text = contents(x._array(), len(f"tensor({name}=tensor(")) if x.numel() else "[]"
            size = [f"size={tuple(x.shape)}"] if not x.numel() and x.ndim != 1 else []
            return with_suffixes(f"{name}=tensor({text}", size, 0)

        parts = {
            layouts.sparse_csr: ("crow_indices", "col_indices"),
            layouts.sparse_csc: ("ccol_indices", "row_indices"),
        }.get(self.layout, ("_indices",))
        lines = [shown(name.lstrip("_"), getattr(self, name)()) for name in parts]
        lines.append(shown("values", self._value))
        tail = [f"size={tuple(self.shape)}", f"nnz={self._nnz()}"]
        usual = get_default_dtype()
        if self.dtype not in (usual, usual.to_complex(), int64, bool_):
            tail.append(f"dtype={self.dtype}")
        tail.append(f"layout={self.layout}")
        if self.grad_fn is not None:
            tail.append(f"grad_fn=<{self.grad_fn.name()}>")
        elif self.requires_grad:
            tail.append("requires_grad=True")
        if self.layout is layouts.sparse_coo:  # always begins a line
            lines.append(tail.pop(0))
        return with_suffixes("tensor(" + ",\n       ".join(lines), tail, 7)

    def __len__(self) -> int:
        return self.shape[0]

    def __bool__(self) -> bool:
        return bool(self.to_dense())

    __hash__ = Tensor.__hash__

    def add_(self, other: Any, *, alpha: Any = 1) -> Tensor:  # type: ignore[override]  # no out
        """``self + alpha other``, in place."""
        return _into(self, self.add(other, alpha=alpha))

    def mul_(self, other: Any) -> Tensor:  # type: ignore[override]  # no out
        """``self * other``, in place."""
        return _into(self, self.mul(other))

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if id(self) not in memo:
            memo[id(self)] = self._with(copy.deepcopy(self._value, memo))
        return memo[id(self)]  # type: ignore[no-any-return]  # it was put there

    def zero_(self) -> Tensor:
        """Zeros, in place."""
        return _into(self, self._with(self._value * 0))

    __iadd__, __imul__ = add_, mul_


def _tensor_of(data: SparseData) -> SparseTensor:
    return SparseTensor(wrap(data.index), wrap(data.value), data.shape)


SparseData.tensor = staticmethod(_tensor_of)


def _into(target: SparseTensor, made: Tensor) -> Tensor:
    """Lets ``target`` be what ``made`` is: an operation in place."""
    for name in ("_index", "_value", "_coalesced", "_data"):
        setattr(target, name, getattr(made, name))
    target._counter[0] += 1
    return target


def coo(index: Tensor, value: Tensor, shape: Sequence[int], coalesced: bool) -> SparseTensor:
    return SparseTensor(index, value, shape, coalesced)


def in_layout(x: SparseTensor, layout: Any) -> SparseTensor:
    """``x`` in another layout: CSR and CSC hold matrices, by rows and by columns."""
    if layout is layouts.sparse_csc:
        across = SparseTensor(x._index.flip(0), x._value, x.shape[::-1]).coalesce()
        return SparseTensor(across._index.flip(0), across._value, x.shape, False, layout)
    made = x.coalesce() if x.layout is not layouts.sparse_csc else by_rows(x)
    return SparseTensor(made._index, made._value, x.shape, True, layout)


def by_rows(x: SparseTensor) -> SparseTensor:
    return SparseTensor(x._index, x._value, x.shape).coalesce()
