"""Tensors that stand for something else while a transform runs."""

from __future__ import annotations

import math
from typing import Any, Self

from .._tensor.tensor import Tensor
from ..autograd.grad_mode import current, outside_transforms
from ..autograd.variable import new_counter
from ..overrides import disabled

__all__ = ["Disabled", "NoData", "Wrapper"]


class Disabled:
    """Within it, ``interpreter`` takes no operations."""

    def __init__(self, interpreter: Any) -> None:
        self.interpreter = interpreter

    def __enter__(self) -> None:
        self.before = current.state.interpreters
        current.state.set_interpreters(
            tuple(interpreter for interpreter in self.before if interpreter is not self.interpreter)
        )

    def __exit__(self, *exception: object) -> None:
        current.state.set_interpreters(self.before)


class NoData:
    """In place of an array: its shape and dtype, but no values.

    An operation that takes a wrapper for a plain tensor fails and never computes something else.
    """

    __slots__ = ("dtype", "shape", "strides")

    def __init__(self, shape: tuple[int, ...], dtype: Any, strides: tuple[int, ...]) -> None:
        self.shape, self.dtype, self.strides = shape, dtype, strides

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def flags(self) -> NoData:
        """A layout like that of a new array."""
        return self

    writeable = True

    @property
    def c_contiguous(self) -> bool:
        step = self.itemsize
        for n, stride in zip(reversed(self.shape), reversed(self.strides), strict=True):
            if n != 1 and stride != step:
                return False
            step *= n
        return True

    @property
    def itemsize(self) -> int:
        return int(self.dtype.itemsize)

    @property
    def nbytes(self) -> int:
        return self.size * self.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def _refuse(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            "vmap: Batching rule not implemented: this needs the values of a tensor that stands "
            "for a whole batch (as .tolist() or a data-dependent shape), or its transform has "
            "ended. Compute within it, with tensor operations such as torch.where."
        )

    def item(self) -> Any:
        raise RuntimeError(
            "vmap: It looks like you're calling .item() on a Tensor. We don't support vmap over "
            "calling .item() on a Tensor: it stands for a whole batch. Compute with tensor "
            "operations such as torch.where."
        )

    def __bool__(self) -> bool:
        raise RuntimeError(
            "vmap: It looks like you're attempting to use a Tensor in some data-dependent control "
            "flow. It stands for a whole batch: use torch.where."
        )

    @property
    def __array_interface__(self) -> Any:
        return self._refuse()

    tolist = copy = __array__ = __getitem__ = __float__ = __int__ = _refuse
    astype = view = reshape = __setitem__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = _refuse


class Wrapper(Tensor):
    """A tensor that belongs to a running transform, its ``_interpreter``."""

    _data: Any
    _interpreter: Any
    __torch_function__ = disabled  # type: ignore[assignment]  # an object that says: nobody asks

    def __new__(cls, *parts: Any) -> Self:
        return object.__new__(cls)

    def _set(self, like: Any, interpreter: Any, batch: int = 0) -> None:
        self._data = NoData(like.shape[batch:], like.dtype, like.strides[batch:])
        self._node = None
        self._counter = new_counter()
        self._base = None
        self._interpreter = interpreter

    def _parts(self) -> tuple[Any, ...]:
        """The tensors within, the value first."""
        raise NotImplementedError

    def _around(self, value: Any) -> Any:
        """The same wrapper around another value."""
        raise NotImplementedError

    def _map(self, function: Any) -> Any:
        """The same wrapper around ``function`` of what is within."""
        raise NotImplementedError

    def _array(self) -> Any:
        return self._data

    @property
    def requires_grad(self) -> bool:
        return any(part.requires_grad for part in self._parts())

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        outside_transforms("requires_grad_")
        raise RuntimeError("Tensor.requires_grad_() of a tensor whose transform has ended")

    def detach(self) -> Any:
        return self._map(lambda part: part.detach())
