"""In-place writes: the memory changes, the version moves on, the history is rewritten.

An in-place operation is its out-of-place form whose result is written into the target. The target
then takes over the result's node. Where the target is a view, its base becomes "the base with that
region replaced" and every view of the base is derived anew when next used (``variable.history``).
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from .._types.dtype import can_cast
from ..kernels.memory import laid_as, overlap
from ..kernels.meta import MetaArray, MetaError
from .deprecated import reordered
from .dispatch import record
from .frames import fold
from .grad_mode import INTERPRETERS, current, marking, set_grad_enabled, tell
from .history import carry_retained, check_followed, history, replay, root
from .node import AccumulateGrad
from .primitive import primitive
from .variable import Variable, attributes, check_marks, wrap

if TYPE_CHECKING:
    from .primitive import Operation

__all__ = [
    "check_overlap", "check_writable", "inplace", "rebase", "relaid", "warning_if_expanded",
    "write",
]  # fmt: skip

F = TypeVar("F", bound=Callable[..., Any])


def _replace_region(base: Any, value: Any, chain: Any) -> Any:
    """A copy of ``base`` in which the view that ``chain`` leads to holds ``value``."""
    out = np.array(base, order="C")
    region = replay(out, chain)
    if np.may_share_memory(region, out):
        region[...] = value
    else:  # a step had to copy: find the places by following their numbers through the chain
        places = replay(np.arange(1, out.size + 1, dtype=np.int64).reshape(out.shape), chain)
        there = places > 0  # 0: outside of the base
        out.reshape(-1)[places[there] - 1] = np.broadcast_to(value, places.shape)[there]
    return laid_as(out, base)


copy_slices_p: Operation = primitive(
    _replace_region,
    "base value | chain",
    lambda g, value_shape, chain: copy_slices_p(g, np.zeros(value_shape, np.bool_), chain),
    # of a gradient as users see it (autograd.engine): the chain may take real and imaginary parts
    lambda g, chain: replay(g.conj(), chain).conj(),
    name="copy_slices",
    label=lambda node: "torch::autograd::CopySlices",
)
copy_slices_p.primitive.node_type.__name__ = "CopySlices"


def check_history(target: Any) -> None:
    """Raises where rewriting the history of ``target`` is forbidden."""
    if marking or type(target._counter) is not list:
        check_marks(target)
    if not current.state.flags & 1:
        return
    while target._interpreter is not None:  # what it stands for
        target = target._parts()[0]
    node = history(target)
    if node is None:
        return
    if target._base is not None:
        check_followed(target)
        owner = root(target)._node
        if owner is None or isinstance(owner, AccumulateGrad):
            raise RuntimeError(
                "a view of a leaf Variable that requires grad is being used in an in-place "
                "operation. Write under torch.no_grad(), or to a clone()."
            )
    if isinstance(node, AccumulateGrad):
        raise RuntimeError(
            "a leaf Variable that requires grad is being used in an in-place operation. Write "
            "under torch.no_grad(), or to a clone()."
        )


OVERLAP = (
    "unsupported operation: some elements of the input tensor and the written-to tensor refer to a "
    "single memory location. Please clone() the tensor before performing the operation."
)
# operations whose inputs must not share memory with what is written; others allow the same window
PLACING = {
    "index_add", "index_copy", "index_fill", "index_put", "index_reduce", "put", "scatter",
    "scatter_add", "scatter_reduce",
}  # fmt: skip


def check_overlap(target: Any, inputs: Iterable[Any], placing: bool = False) -> None:
    """Raises where an input shares memory with ``target``, all of which it may unless ``placing``.

    Only views of one tensor are looked at: they share its counter.
    """
    for x in inputs:
        if type(x) is tuple or type(x) is list:
            check_overlap(target, x, placing)
        elif getattr(x, "_counter", None) is target._counter and target._interpreter is None:
            data, other = target._array(), x._array()
            if isinstance(data, MetaArray):
                continue
            found = overlap(data, other)
            if found == "partial" or (found and placing):
                raise RuntimeError(OVERLAP)


def warning_if_expanded(name: str) -> Callable[[Any], None]:
    """``check_history``, for an operation that PyTorch still lets write to expanded tensors."""

    def check(target: Any) -> None:
        check_history(target)
        if is_expanded(target._array()):
            warnings.warn(
                f"Use of {name} on expanded tensors is deprecated. Please clone() the tensor "
                "before performing this operation. This also applies to advanced indexing e.g. "
                "tensor[indices] = tensor",
                stacklevel=3,
            )

    return check


def is_expanded(data: Any) -> bool:
    """True where elements of the array share their memory along a dimension."""
    if 0 not in data.strides or not data.size:
        return False
    steps = zip(data.strides, data.shape, strict=True)
    return any(step == 0 and size > 1 for step, size in steps)


def check_writable(target: Any) -> None:
    """Raises where PyTorch forbids a write to ``target``."""
    check_history(target)
    if is_expanded(target._array()):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a "
            "single memory location. Please clone() the tensor before performing the operation."
        )


def write(target: Any, value: Any) -> Any:
    """Writes the tensor ``value`` into ``target`` (same shape) and gives it ``value``'s history."""
    if target._interpreter is not None:
        target._assign(value)
        return target
    if value._interpreter is not None:
        lift = getattr(value._interpreter, "lift", None)
        if lift is not None:
            lift(target)
            target._assign(value)
            return target
        raise RuntimeError(
            "vmap: an inplace operation would write a batch of values into a tensor that is the "
            f"same for all examples (of shape {list(target._data.shape)}), or a value with a "
            "tangent into one without. Use the out-of-place form, or write to zeros_like(...) of "
            "a tensor of the transform."
        )
    tracking = current.state.flags & 1
    if tracking and target._base is not None and type(target._chain) is not tuple:
        if history(value) is not None or root(target)._node is not None:
            check_followed(target)
    data, new = target._array(), value._data
    # of elements that share their memory the one that changes counts, not the last one
    changes = new != data if is_expanded(data) and not isinstance(data, MetaArray) else True
    try:
        np.copyto(data, new, where=changes, casting="unsafe")
    except MetaError:
        if not isinstance(data, MetaArray):  # values are asked for that are not there
            raise
    target._counter[0] += 1
    if current.state.flags >= INTERPRETERS:
        tell("wrote", target, value)
    if tracking:
        rebase(target, value)
    return target


def rebase(target: Any, value: Any) -> None:
    """Gives ``target``, whose memory now holds ``value``, the history of ``value``."""
    node = history(value)
    if target._base is None:
        if node is not None or target._node is not None:
            _adopt(node, value, target)
            target._node = node
            carry_retained(target)
        return
    base = root(target)
    if node is not None or base._node is not None:
        _adopt(node, value, target)
        made = record(copy_slices_p.primitive, (base, value, target._chain), base._array())
        base._node = made._node
        carry_retained(base)


def _adopt(node: Any, value: Any, target: Any) -> None:
    """Lets a node that saved its result as ``value`` watch the version of ``target`` instead."""
    if node is not None and node.versions:
        node.versions = tuple(
            (target._counter, target._counter[0]) if counter is value._counter else (counter, n)
            for counter, n in node.versions
        )


def inplace(op: F, check: Callable[[Any], None] = check_writable) -> F:
    """The in-place form of ``op``: ``x.op_(...)`` writes ``op(x, ...)`` into ``x``.

    An operation that also writes to expanded tensors is checked by ``check_history`` alone.
    """
    placing = getattr(op, "__name__", "") in PLACING
    single = hasattr(op, "primitive")  # one operation: what it saves is in its node

    @functools.wraps(op)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            if kwargs and "out" in kwargs:
                raise TypeError(f"{method.__name__}() got an unexpected keyword argument 'out'")
            check(self)
            if args or kwargs:
                check_overlap(self, (*args, *kwargs.values()) if kwargs else args, placing)
            data = self._data
            flags = current.state.flags
            try:
                if flags >= INTERPRETERS and any(map(_wrapped, (self, *args, *kwargs.values()))):
                    result = op(self.clone(), *args, **kwargs)  # the values within may be saved
                elif flags & 1 and any(map(_tracked, (self, *args, *kwargs.values()))):
                    # what is saved of the old values must outlive the write
                    node = history(self)
                    # the gradient goes to the base, past the hooks of the view that was; a window
                    # may leave the view it was made of
                    hooked = node is not None and node.extra is not None
                    chain = self._chain
                    if type(chain) is tuple and chain:
                        if hooked or "window" in chain[0][0].primitive.traits:
                            node = replay(root(self), chain)._node
                    alone = single and flags < INTERPRETERS  # else hooks may keep it
                    source = wrap(data if alone else _copy(data), node)
                    result = op(source, *args, **kwargs)
                    if single and result._node is not None and result._node.saved:
                        old = (data, source._data)
                        result._node.saved = tuple(_kept(v, old) for v in result._node.saved)
                else:
                    result = op(self, *args, **kwargs)
            except TypeError:
                today = reordered(op.__name__, (self, *args), f"{op.__name__}_")
                if today is None:
                    raise
                return method(self, *today[0][1:], **today[1], **kwargs)
            if result is NotImplemented:  # an operator whose operand is foreign
                return result
            made = result._data
            if made.shape != data.shape:
                raise RuntimeError(
                    f"output with shape {list(data.shape)} doesn't match the broadcast shape "
                    f"{list(made.shape)}"
                )
            if made.dtype != data.dtype:
                if not can_cast(result.dtype, self.dtype):
                    raise RuntimeError(
                        f"result type {result.dtype.type_name} can't be cast to the desired output "
                        f"type {self.dtype.type_name}"
                    )
                result = result.to(self.dtype)
            return write(self, result)
        except Exception as error:
            fold(error)
            raise

    return cast(F, named_in_place(method, op))


def named_in_place(method: F, op: Any) -> F:
    """``method`` under the name of ``op`` with an underscore, with its text and its signature."""
    name = getattr(op, "__name__", "op")
    method.__name__ = method.__qualname__ = f"{name}_"
    method.__doc__ = (
        f"``{name}`` in place: the result is the tensor's new value; returns the tensor.\n\n"
        f"    ``{name}``: {op.__doc__}"
    )
    vars(method).pop("primitive", None)  # it is none
    return method


def _tracked(x: Any) -> bool:
    return isinstance(x, Variable) and (x._node is not None or x._base is not None)


def _wrapped(x: Any) -> bool:
    return isinstance(x, Variable) and x._interpreter is not None


def _kept(values: Any, old: tuple[Any, Any]) -> Any:
    return values and tuple(_copy(v) if v is old[0] or v is old[1] else v for v in values)


def _copy(array: Any) -> Any:
    copy = array.copy()
    if current.state.recording:
        tell("copied", array, copy)
    return copy


def relaid(op: F) -> F:
    """The in-place form of a view ``op``: ``x.op_(...)`` looks at its own memory anew."""

    @functools.wraps(op)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self._interpreter is not None:
            attributes(self).update(attributes(op(self, *args, **kwargs)))
            return self
        check_history(self)
        if self._base is None and self._node is not None and not current.state.flags & 1:
            self._data = op(wrap(self._array()), *args, **kwargs)._data  # behind autograd's back
            self._counter[0] += 1
            if isinstance(self._node, AccumulateGrad):
                self._node.shape = self._data.shape
            return self
        source = self
        if self._base is None:  # a hidden owner, for this tensor and the views that it has
            source = wrap(self._array(), self._node)
            source._counter = self._counter
            self._relaid = True
        followed = type(source._chain) is tuple
        with set_grad_enabled(followed):  # steps from the owner are followed
            made = op(source, *args, **kwargs)
        source._counter[0] += 1
        if followed:
            made._seen = source._counter[0]
        self._data, self._node = made._data, made._node
        self._base, self._chain, self._seen = made._base, made._chain, made._seen
        return self

    return cast(F, named_in_place(method, op))


def is_view(tensor: Variable) -> bool:
    """True where ``tensor`` shares the memory of another that autograd knows of."""
    return tensor._base is not None
