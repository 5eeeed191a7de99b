"""MaskedTensor: values with a mask that says which of them are there.

It holds two tensors of one layout. Operations compute with the values, so gradients go through
them, and hand the mask on; which ones do is listed in ``masked_functions.py``.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from typing import Any, Self, TypeGuard

from .._tensor.tensor import Tensor
from .._types import dtype as dtypes
from .._types import layout as layouts
from .._types.size import Size
from ..autograd.variable import new_counter
from ..overrides import DisableTorchFunctionSubclass

__all__ = ["FUNCTIONS", "MaskedTensor", "as_masked_tensor", "is_masked_tensor", "masked_tensor"]

FUNCTIONS: dict[str, Callable[..., Any]] = {}  # by name; masked_functions.py fills it
DTYPES = {
    dtypes.float16, dtypes.float32, dtypes.float64, dtypes.bool, dtypes.int8, dtypes.int16,
    dtypes.int32, dtypes.int64,
}  # fmt: skip
# asked of the values, whatever the mask
TOLD = {
    "size", "dim", "numel", "nelement", "ndimension", "stride", "is_floating_point", "is_complex",
    "element_size", "is_signed", "is_tensor", "get_device", "__len__", "__hash__", "storage_offset",
}  # fmt: skip


class MaskedTensor(Tensor):
    """A tensor whose elements count where its mask is True.

    Args:
        data: the values, strided, COO or CSR; copied
        mask: bools of the same shape and layout; copied
        requires_grad: whether ``backward`` collects a gradient, masked like it, here.

    Raises:
        TypeError: ``data`` or ``mask`` is no tensor, their layouts differ, the mask is not of
            bools, or the dtype is a complex one.
        ValueError: their shapes, or the coordinates of sparse ones, differ.

    Example:
        >>> import warnings, minitorch
        >>> warnings.simplefilter("ignore")
        >>> x = minitorch.tensor([1.0, 2.0, 4.0])
        >>> minitorch.masked.MaskedTensor(x, x != 2)
        MaskedTensor(
          [  1.0000,       --,   4.0000]
        )
    """

    _data: Any
    _masked_data: Tensor
    _masked_mask: Tensor

    def __new__(cls, data: Tensor, mask: Tensor, requires_grad: bool = False) -> Self:
        for name, x in (("data", data), ("mask", mask)):
            if isinstance(x, MaskedTensor) or not isinstance(x, Tensor):
                raise TypeError(f"{name} must be a Tensor, not {type(x).__name__}")
        warnings.warn(
            "The PyTorch API of MaskedTensors is in prototype stage and may change",
            UserWarning, stacklevel=2,
        )  # fmt: skip
        if data.requires_grad:
            warnings.warn(
                "It is not recommended to create a MaskedTensor with a tensor that requires_grad. "
                "To avoid this, you can use data.detach().clone()",
                UserWarning, stacklevel=2,
            )  # fmt: skip
        made = cls._of(*matched(data.detach(), mask))
        if requires_grad:
            if data.dtype.category < 2:
                raise RuntimeError(
                    "Only Tensors of floating point and complex dtype can require gradients, but "
                    f"this one has dtype {data.dtype}"
                )
            made.requires_grad_()
        return made

    @classmethod
    def _of(cls, data: Tensor, mask: Tensor) -> Self:
        """The values and the mask themselves: what operations return."""
        made = object.__new__(cls)
        made._counter, made._base, made._node = new_counter(), None, None
        made._set_data_mask(data, mask)
        return made

    def _set_data_mask(self, data: Tensor, mask: Tensor) -> None:
        self._masked_data, self._masked_mask, self._data = data, mask, data._data

    @classmethod
    def __torch_function__(
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        name = func.__name__
        if name in ("__get__", "__set__") or name in TOLD:  # of a property, such as ``shape``
            with DisableTorchFunctionSubclass():
                told = func(*args, **(kwargs or {}))
            if type(told) is not Tensor:
                return told
            name = func.__self__.fget.__name__  # a view without its mask
        known = FUNCTIONS.get(name.strip("_") if name[:2] == "__" else name)
        if known is None:
            raise TypeError(
                f"Multiple dispatch failed for 'torch._ops.aten.{name}.default': {name} is not "
                "implemented for MaskedTensor; to_tensor(value) fills in what is masked out"
            )
        with DisableTorchFunctionSubclass():
            return known(func, *args, **(kwargs or {}))

    @property
    def shape(self) -> Size:
        return Size(self._data.shape)

    @property
    def layout(self) -> Any:  # type: ignore[override]  # a constant of Tensor
        return self._masked_data.layout

    @property
    def requires_grad(self) -> bool:
        return self._masked_data.requires_grad

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self._masked_data.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Sets whether ``backward`` collects a gradient, masked like the tensor; returns it."""
        self._masked_data.requires_grad_(requires_grad)
        return self

    @property
    def is_leaf(self) -> bool:
        return self._masked_data.is_leaf

    @property
    def grad_fn(self) -> Any:
        return self._masked_data.grad_fn

    @property
    def grad(self) -> Any:
        g = self._masked_data.grad
        return None if g is None else MaskedTensor._of(g, self._masked_mask)

    @grad.setter
    def grad(self, value: Any) -> None:
        self._masked_data.grad = None if value is None else data_of(value)

    def backward(self, gradient: Tensor | None = None, *args: Any, **options: Any) -> None:
        """Sends ``gradient`` through the graph that made the values."""
        self._masked_data.backward(data_of(gradient), *args, **options)

    @property
    def data(self) -> Any:
        return MaskedTensor._of(self._masked_data.detach(), self._masked_mask)

    @data.setter
    def data(self, value: Tensor) -> None:
        raise TypeError("the data of a MaskedTensor cannot be set: make another one")

    def _is_any_true(self) -> Any:
        return FUNCTIONS["_is_any_true"](None, self)

    def __bool__(self) -> bool:
        return bool(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def get_data(self) -> Tensor:
        """The values, those that are masked out too; gradients go through it."""
        x = self._masked_data
        return x.view_as(x) if x.requires_grad and x.layout is layouts.strided else x.detach()

    def get_mask(self) -> Tensor:
        """The mask."""
        return self._masked_mask

    def to_tensor(self, value: float) -> Tensor:
        """The values, with ``value`` where the mask is False."""
        return self.get_data().masked_fill(~self._masked_mask, value)

    def is_sparse_coo(self) -> bool:
        """Whether the values are in COO layout."""
        return self.layout is layouts.sparse_coo

    def is_sparse_csr(self) -> bool:  # type: ignore[override]  # PyTorch's property of Tensor
        """Whether the values are in CSR layout."""
        return self.layout is layouts.sparse_csr

    @property
    def is_sparse(self) -> bool:  # type: ignore[override]  # a constant of Tensor
        return self.is_sparse_coo() or self.is_sparse_csr()

    def __repr__(self, **options: Any) -> str:  # type: ignore[override]  # mypy drops names here
        data, mask = self._masked_data.detach(), self._masked_mask
        if self.is_sparse:
            data, mask = data.to_dense(), mask.to_dense()
        if not data.ndim:
            return f"MaskedTensor({_shown(data, mask)[0]}, {mask.item()})"
        lines = "\n".join("  " + line for line in _block(data, mask).split("\n"))
        return f"MaskedTensor(\n{lines}\n)"

    __str__ = __repr__
    __hash__ = Tensor.__hash__

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if id(self) not in memo:
            parts = (copy.deepcopy(x, memo) for x in (self._masked_data, self._masked_mask))
            memo[id(self)] = MaskedTensor._of(*parts)
        return memo[id(self)]  # type: ignore[no-any-return]  # it was put there


def _shown(data: Tensor, mask: Tensor) -> list[str]:
    """The elements of a row as text, ``--`` where the mask is False."""
    values, there = data.reshape(-1).tolist(), mask.reshape(-1).tolist()
    texts = [f"{x:8.4f}" if isinstance(x, float) else str(x) for x in values]
    width = max([len(t) if kept else 8 for t, kept in zip(texts, there, strict=True)], default=8)
    hidden = "--" if not data.ndim else "--".rjust(width)
    return [t if kept else hidden for t, kept in zip(texts, there, strict=True)]


def _block(data: Tensor, mask: Tensor) -> str:
    if data.ndim == 1:
        return "[" + ", ".join(_shown(data, mask)) + "]"
    blocks = [_block(d, m) for d, m in zip(data, mask, strict=True)]
    return "[\n" + ",\n".join("  " + b.replace("\n", "\n  ") for b in blocks) + "\n]"


def matched(data: Any, mask: Any) -> tuple[Tensor, Tensor]:
    """Copies of values and mask that fit each other.

    Raises:
        TypeError, ValueError: they do not.
    """
    if data.layout is not mask.layout:
        raise TypeError(
            "data and mask must have the same layout, but they have "
            f"{data.layout} and {mask.layout}"
        )
    layout = data.layout
    if layout not in (layouts.strided, layouts.sparse_coo, layouts.sparse_csr):
        raise TypeError(f"data layout of {layout} is not supported.")
    if mask.dtype is not dtypes.bool:
        raise TypeError(f"mask must have dtype bool, not {mask.dtype}")
    if data.dtype not in DTYPES:
        raise TypeError(f"{data.dtype} is not supported in MaskedTensor.")
    if data.ndim != mask.ndim:
        raise ValueError(f"data.dim() must equal mask.dim(), not {data.ndim} and {mask.ndim}")
    if data.shape != mask.shape:
        raise ValueError(
            "data.size() must equal mask.size(), but they are "
            f"{list(data.shape)} and {list(mask.shape)}"
        )
    if layout is not layouts.strided:
        if layout is layouts.sparse_coo:
            data, mask = data.coalesce(), mask.coalesce()
        if data._nnz() != mask._nnz():  # zeros are what is not there
            data = data.to_dense().sparse_mask(mask)
        if not bool((data._index == mask._index).all()):
            kind = layout.name.removeprefix("sparse_").upper()
            same = "share either crow or col indices" if kind == "CSR" else "have the same indices"
            raise ValueError(f"data and mask are both sparse {kind} tensors but do not {same}.")
    return data.clone(), mask.clone()


def data_of(x: Any) -> Any:
    """The values of a MaskedTensor; anything else as it is."""
    return x._masked_data if isinstance(x, MaskedTensor) else x


def masked_tensor(data: Tensor, mask: Tensor, requires_grad: bool = False) -> MaskedTensor:
    """A MaskedTensor without a history: ``MaskedTensor(data, mask, requires_grad)``.

    Example:
        >>> import warnings, minitorch
        >>> warnings.simplefilter("ignore")
        >>> x = minitorch.tensor([1.0, float("nan"), 4.0])
        >>> minitorch.masked.masked_tensor(x, ~x.isnan()).sum()
        MaskedTensor(  5.0000, True)
    """
    return MaskedTensor(data, mask, requires_grad)


def as_masked_tensor(data: Tensor, mask: Tensor) -> MaskedTensor:
    """A MaskedTensor of ``data`` through which gradients go, masked, to ``data.grad``."""
    made = MaskedTensor(data.detach(), mask)
    if data.requires_grad:
        values, there = matched(data, mask)
        made._set_data_mask(values, there)
        if data.is_leaf:

            def wrap_gradient(leaf: Tensor) -> None:
                leaf.grad = MaskedTensor._of(data_of(leaf.grad), there)

            data.register_post_accumulate_grad_hook(wrap_gradient)
    return made


def is_masked_tensor(obj: object, /) -> TypeGuard[MaskedTensor]:
    """Whether ``obj`` is a MaskedTensor."""
    return isinstance(obj, MaskedTensor)
