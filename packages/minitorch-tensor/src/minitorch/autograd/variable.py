"""What autograd knows of a tensor: its values, its node in the graph, its version, its base."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

__all__ = ["Variable", "history", "wrap"]

Array = np.ndarray[Any, Any]


class Variable:
    """The state under ``Tensor``. ``Tensor`` adds the methods; everything below it sees only this.

    ``_data``     the values: an ndarray, or a NumPy scalar where an operation's result has no
                  dimensions (scalar arithmetic takes 40 ns, 0-dim arrays take 300).
                  ``_array()`` gives an ndarray that memory can be shared with.
    ``_node``     the node that made it, ``AccumulateGrad`` for a leaf that wants a gradient,
                  None where none is wanted. So ``requires_grad`` is ``_node is not None``.
    ``_counter``  ``[number of in-place writes]``, one list shared by a tensor and its views.
    ``_base``     for a view: the tensor that owns the memory, else None.
    ``_chain``    for a view: the steps ``(op, params)`` that lead from the base to it; None where
                  they are not followed: for one of several views that one step made (``unbind``,
                  ``split``), and for views made under ``no_grad``.
    ``_seen``     for a view: the version at which ``_node`` was right.
    ``_accumulator`` the node of a leaf from which ``requires_grad_(False)`` took it.
    ``_retained`` the node at which ``retain_grad`` was asked for.
    ``_tool``     for a tensor that stands for others while a transform runs: that transform.
    """

    _data: Array
    _node: Any
    _counter: list[int]
    _base: Variable | None
    _chain: tuple[tuple[Any, tuple[Any, ...]], ...] | None = ()
    _seen: int = 0
    _grad: Variable | None = None
    _tool: Any = None
    _retained: Any = None
    _accumulator: Any = None

    if TYPE_CHECKING:  # of what Tensor adds, what the layers below it ask for
        detach: Callable[..., Any]
        requires_grad_: Callable[..., Any]
        to: Callable[..., Any]
        tolist: Callable[..., Any]

        @property
        def dtype(self) -> Any: ...
        @property
        def ndim(self) -> int: ...
        @property
        def requires_grad(self) -> bool: ...
        @property
        def shape(self) -> Any: ...

    def _array(self) -> Array:
        data = self._data
        if not isinstance(data, np.ndarray):
            self._data = data = np.asarray(data)
        return data


MULTIPLE_VIEWS = (
    "A view that was made by a function that returns multiple views (such as unbind, split or "
    "chunk), inside a custom Function (as those of module hooks), under no_grad, or in another "
    "dtype, and whose base takes part in autograd, cannot be "
    "modified inplace, nor can its base or its siblings be while it is in use. Replace the inplace "
    "operation by an out-of-place one, or take the view by indexing, with gradients on."
)

RESHAPED = (
    "the base of this view got another shape by an in-place operation under no_grad, and was then "
    "written to: the view's history can no longer be told. Take the view again."
)

_Tensor: type[Variable] = Variable
new = object.__new__


def use_tensor_class(cls: type[Variable]) -> None:
    """Called once by ``_tensor.py``: what operations return."""
    global _Tensor
    _Tensor = cls


def wrap(data: Any, node: Any = None) -> Any:
    """A tensor around ``data``, without a copy."""
    tensor = new(_Tensor)
    tensor._data = data
    tensor._node = node
    tensor._counter = [0]
    tensor._base = None
    return tensor


def wrap_view(data: Any, node: Any, source: Variable, op: Any, params: tuple[Any, ...]) -> Any:
    """A tensor that shares the memory, and with it the version, of ``source``."""
    tensor = new(_Tensor)
    tensor._data = data
    tensor._node = node
    tensor._counter = version = source._counter
    tensor._base = source if source._base is None else source._base
    chain = source._chain
    tensor._chain = None if op is None or chain is None else (*chain, (op, params))
    tensor._seen = version[0]
    return tensor


def root(view: Any) -> Any:
    """The tensor that owns the memory of ``view``.

    ``x.unsqueeze_(0)`` makes x itself a view of a hidden owner; the views that x had before go
    on to name x as their base.
    """
    base = view._base
    while base._base is not None:
        base = base._base
    return base


def history(tensor: Any) -> Any:
    """The node of ``tensor`` as of now.

    An in-place write to a base or to one of its views rewrites the history of all of them:
    a view whose version moved on is derived from its base again.
    """
    if tensor._base is not None and tensor._seen != tensor._counter[0]:
        base = root(tensor)
        if base._node is not None:
            if tensor._chain is None:
                raise RuntimeError(MULTIPLE_VIEWS)
            again = replay(base, tensor._chain)
            now, then = again._data, tensor._data
            if now.shape != then.shape or now.strides != then.strides:
                raise RuntimeError(RESHAPED)
            tensor._node = again._node
            carry_retained(tensor)
        tensor._seen = tensor._counter[0]
    return tensor._node


def carry_retained(tensor: Any) -> None:
    """Moves what ``retain_grad`` asked for to the node that ``tensor`` has after a write."""
    old, node = tensor._retained, tensor._node
    if old is not None and old is not node:
        keep = old.extra["retain"].pop(id(tensor), None)
        tensor._retained = node
        if node is not None and keep is not None:
            node.attach("retain", dict)[id(tensor)] = keep


def replay(base: Any, chain: tuple[tuple[Any, tuple[Any, ...]], ...]) -> Any:
    """The view that ``chain`` leads to from ``base``, an array or a tensor."""
    arrays = isinstance(base, np.ndarray)
    for op, params in chain:
        base = (op.primitive.kernel if arrays else op)(base, *params)
    return base
