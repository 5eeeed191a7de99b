"""Sparse tensors: few elements, each with its coordinates; the rest are zeros.

Layouts are COO (any number of dimensions), CSR and CSC (matrices). What PyTorch's users need is
here; other functions raise and say to use ``to_dense()``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from ._tensor.sparse import SparseTensor, coo, in_layout
from ._tensor.sparse_functions import log_softmax as _log_softmax
from ._tensor.sparse_functions import multiply
from ._tensor.sparse_functions import softmax as _softmax
from ._tensor.sparse_functions import sum as _sum
from ._types.layout import layout, sparse_bsc, sparse_bsr, sparse_csc, sparse_csr
from .ops.from_data import as_tensor
from .ops.joining import cat

if TYPE_CHECKING:
    from ._tensor import Tensor
    from ._types.device import device
    from ._types.dtype import dtype

__all__ = ["addmm", "check_sparse_tensor_invariants", "log_softmax", "mm", "sampled_addmm"]
__all__ += ["softmax", "spdiags", "sum"]

__path__: list[str] = []  # PyTorch has modules in here


def _index(values: Any) -> Tensor:
    return as_tensor(values).long()


def _values(values: Any, dtype: dtype | None, device: Any, pin_memory: bool) -> Tensor:
    if pin_memory:
        raise RuntimeError("pin_memory=True requires an accelerator: there is no GPU to copy to")
    return as_tensor(values, dtype=dtype, device=device)


def sparse_coo_tensor(
    indices: Any = None, values: Any = None, size: Sequence[int] | None = None, *,
    dtype: dtype | None = None, device: device | str | int | None = None,
    pin_memory: bool = False, requires_grad: bool = False, check_invariants: bool | None = None,
    is_coalesced: bool | None = None,
) -> Tensor:  # fmt: skip
    """A tensor of ``values`` at the coordinates ``indices``; equal coordinates add up.

    Args:
        indices: (sparse dimensions, n) integers
        values: (n, dense dimensions ...)
        size: by default the smallest that holds all coordinates.
        is_coalesced: promise that each coordinate is there once, in order.

    Raises:
        RuntimeError: shapes do not fit, or a coordinate lies outside of ``size``.

    Example:
        >>> import minitorch
        >>> x = minitorch.sparse_coo_tensor([[0, 1], [2, 0]], [3.0, 4.0], (2, 3))
        >>> x.to_dense()
        tensor([[0., 0., 3.],
                [4., 0., 0.]])
    """
    if size is None and not isinstance(indices, SparseTensor) and values is None:
        size, indices = indices, None
    if indices is None:
        assert size is not None
        index = _index(np.zeros((len(size), 0), np.int64))
        value = _values(np.zeros(0, np.float32), dtype, device, pin_memory)
        return _finished(index, value, size, True, requires_grad)
    index, value = _index(indices), _values(values, dtype, device, pin_memory)
    if index.ndim != 2:
        raise RuntimeError(f"indices must be sparse_dim x nnz, but got: {list(index.shape)}")
    value = value.expand(index.shape[1]) if not value.ndim else value
    if value.shape[0] != index.shape[1]:
        raise RuntimeError(
            f"indices and values must have same nnz, but got nnz from indices: {index.shape[1]}, "
            f"nnz from values: {value.shape[0]}"
        )
    coordinates = index.numpy()
    if size is None:
        if not coordinates.size:
            raise RuntimeError("the size of a sparse tensor without elements must be given")
        size = (*(coordinates.max(1) + 1).tolist(), *value.shape[1:])
    size = tuple(int(n) for n in size)
    if len(size) != len(coordinates) + value.ndim - 1:
        raise RuntimeError(
            f"number of dimensions must be sparse_dim ({len(coordinates)}) + dense_dim "
            f"({value.ndim - 1}), but got {len(size)}"
        )
    for d, places in enumerate(coordinates):
        if places.size and not 0 <= places.min() <= places.max() < size[d]:
            worst = int(places.min() if places.min() < 0 else places.max())
            raise RuntimeError(
                f"size is inconsistent with indices: for dim {d}, size is {size[d]} but found "
                f"index {worst}"
            )
    return _finished(index, value, size, bool(is_coalesced), requires_grad)


def _finished(
    index: Tensor, value: Tensor, size: Any, coalesced: bool, requires_grad: bool
) -> Tensor:
    if requires_grad:
        value = value.detach().requires_grad_()
    return coo(index, value, size, coalesced)


def sparse_compressed_tensor(
    compressed_indices: Any, plain_indices: Any, values: Any, size: Sequence[int] | None = None, *,
    dtype: dtype | None = None, layout: layout | None = None,
    device: device | str | int | None = None, pin_memory: bool = False,
    requires_grad: bool = False, check_invariants: bool | None = None,
) -> Tensor:  # fmt: skip
    """A matrix by rows (CSR) or columns (CSC).

    Args:
        compressed_indices: where each row's (column's) values begin, and where the last one ends.
        plain_indices: the column (row) of each value.

    Raises:
        RuntimeError: the sizes do not fit, or an index lies outside.
        NotImplementedError: another layout.
    """
    if layout in (sparse_bsr, sparse_bsc):
        raise NotImplementedError(f"{layout}: blocks are not supported: use torch.sparse_csr")
    if layout not in (sparse_csr, sparse_csc):
        raise RuntimeError(f"expected a compressed sparse layout but got {layout}")
    ends, plain = _index(compressed_indices).numpy(), _index(plain_indices)
    value = _values(values, dtype, device, pin_memory)
    if ends.ndim != 1 or plain.ndim != 1 or value.ndim != 1:
        raise NotImplementedError("batches of compressed matrices are not supported: use a loop")
    ordered = ends[0] == 0 and ends[-1] == len(value) and (np.diff(ends) >= 0).all()
    if len(plain) != len(value) or not ordered:
        raise RuntimeError(
            f"compressed_indices must increase from 0 to nnz ({len(value)}), with as many plain "
            f"indices, but there are {len(plain)} and they end at {int(ends[-1])}"
        )
    across = int(plain.max()) + 1 if len(plain) else 0
    if size is None:
        size = (len(ends) - 1, across) if layout is sparse_csr else (across, len(ends) - 1)
    main, other = size if layout is sparse_csr else size[::-1]
    if main != len(ends) - 1 or across > other or (len(plain) and int(plain.min()) < 0):
        raise RuntimeError(
            f"size {list(size)} does not fit {len(ends) - 1} rows of plain indices up to "
            f"{across - 1}"
        )
    lines = _index(
        np.repeat(np.arange(main, dtype=np.int64), np.diff(ends).astype(np.intp, copy=False))
    )
    if requires_grad:
        value = value.detach().requires_grad_()
    pair = (lines, plain) if layout is sparse_csr else (plain, lines)
    index = lines.new_empty((2, len(value)))
    index[0], index[1] = pair
    return SparseTensor(index, value, size, layout is sparse_csr, layout)


def sparse_csr_tensor(
    crow_indices: Any, col_indices: Any, values: Any, size: Sequence[int] | None = None,
    **options: Any,
) -> Tensor:  # fmt: skip
    """A matrix by rows: ``sparse_compressed_tensor`` with the layout CSR.

    Example:
        >>> import minitorch
        >>> minitorch.sparse_csr_tensor([0, 1, 2], [1, 0], [3.0, 4.0]).to_dense()
        tensor([[0., 3.],
                [4., 0.]])
    """
    options.pop("layout", None)
    return sparse_compressed_tensor(
        crow_indices, col_indices, values, size, layout=sparse_csr, **options
    )


def sparse_csc_tensor(
    ccol_indices: Any, row_indices: Any, values: Any, size: Sequence[int] | None = None,
    **options: Any,
) -> Tensor:  # fmt: skip
    """A matrix by columns: ``sparse_compressed_tensor`` with the layout CSC."""
    options.pop("layout", None)
    return sparse_compressed_tensor(
        ccol_indices, row_indices, values, size, layout=sparse_csc, **options
    )


def mm(mat1: Tensor, mat2: Tensor, reduce: str = "sum") -> Tensor:
    """The product of a sparse matrix with a dense or a sparse one; gradients go to both.

    Raises:
        RuntimeError: the shapes do not fit.
        NotImplementedError: ``reduce`` is not "sum".

    Example:
        >>> import minitorch
        >>> x = minitorch.eye(2).to_sparse()
        >>> minitorch.sparse.mm(x, minitorch.tensor([[1.0], [2.0]]))
        tensor([[1.],
                [2.]])
    """
    if reduce != "sum":
        raise NotImplementedError(f"sparse.mm: reduce={reduce!r} is not supported, 'sum' is")
    made: Tensor = multiply(mat1, mat2)
    return made


def addmm(mat: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """``beta mat + alpha mat1 mat2``, ``mat1`` sparse."""
    made: Tensor = mat * beta + multiply(mat1, mat2) * alpha
    return made


def sampled_addmm(
    input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1
) -> Tensor:
    """``beta input + alpha mat1 mat2`` at the coordinates of ``input``, a CSR matrix, alone."""
    assert isinstance(input, SparseTensor)
    rows, columns = input._index
    products = (mat1[rows] * mat2.t()[columns]).sum(-1)
    return input._with(input._value * beta + products * alpha)


def sum(input: Tensor, dim: Any = None, dtype: dtype | None = None) -> Tensor:
    """The sum over ``dim`` (all by default); sparse where a sparse dimension is left."""
    made: Tensor = _sum(input, dim, dtype=dtype)  # type: ignore[arg-type]  # a sparse one
    return made


def softmax(input: Tensor, dim: int, *, dtype: dtype | None = None) -> Tensor:
    """Softmax along ``dim`` of the elements that are there: the others count as -inf."""
    return _softmax(input, dim, dtype)  # type: ignore[arg-type]  # a sparse one


def log_softmax(input: Tensor, dim: int, *, dtype: dtype | None = None) -> Tensor:
    """The logarithm of ``softmax``."""
    return _log_softmax(input, dim, dtype)  # type: ignore[arg-type]  # a sparse one


def spdiags(
    diagonals: Tensor, offsets: Tensor, shape: Sequence[int], layout: layout | None = None
) -> Tensor:
    """A matrix with the rows of ``diagonals`` on its diagonals ``offsets``.

    Element j of a row comes to column j, as in SciPy.
    """
    rows, columns, values = [], [], []
    lines = diagonals if diagonals.ndim == 2 else diagonals.unsqueeze(0)
    for line, offset in zip(lines, as_tensor(offsets).reshape(-1).tolist(), strict=True):
        first, last = max(0, offset), min(shape[1], shape[0] + offset, len(line))
        columns.append(np.arange(first, last, dtype=np.int64))
        rows.append(columns[-1] - offset)
        values.append(line[first:last])
    index = _index(np.stack([np.concatenate(rows), np.concatenate(columns)]))
    made = coo(index, cat(values), shape, False)
    return made if layout is None else in_layout(made, layout)


class check_sparse_tensor_invariants:  # noqa: N801  (PyTorch's name)
    """Whether coordinates are checked when a tensor is made: here they always are."""

    def __init__(self, enable: bool = True) -> None: ...

    @staticmethod
    def is_enabled() -> bool:
        """True."""
        return True

    @staticmethod
    def enable() -> None:
        """Checks, as always."""

    @staticmethod
    def disable() -> None:
        """Checks all the same: wrong coordinates would read other memory."""

    def __enter__(self) -> None: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return function
