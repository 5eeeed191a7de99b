"""The history of a tensor as of now: views follow in-place writes to their base and siblings."""

from __future__ import annotations

from typing import Any

import numpy as np

from .grad_mode import current
from .node import AccumulateGrad
from .variable import Unfollowed, wrap

__all__ = ["carry_retained", "check_followed", "history", "replay", "root"]

# what to do about a view that cannot be followed; PyTorch's sentences, which programs match
ADVICE = {
    Unfollowed.SEVERAL: (
        "This view is the output of a function that returns multiple views. Such functions do not "
        "allow the output views to be modified inplace. You should replace the inplace operation "
        "by an out-of-place one."
    ),
    Unfollowed.FUNCTION: (
        "This view was created inside a custom Function (or because an input was returned as-is) "
        "and the autograd logic to handle view+inplace would override the custom backward "
        "associated with the custom Function, leading to incorrect gradients. This behavior is "
        "forbidden. You can fix this by cloning the output of the custom Function."
    ),
    Unfollowed.RETYPED: "It is in another dtype than its base, through which no gradient goes.",
}
AMBIGUOUS = (
    "Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your "
    "code by moving both the view and the inplace either both inside the {0} block (if you don't "
    "want the inplace to be tracked) or both outside (if you want the inplace to be tracked)."
)
MODES = {
    Unfollowed.NO_GRAD: ("no_grad mode", "no_grad", "with grad mode enabled"),
    Unfollowed.INFERENCE: ("inference mode", "inference_mode", "in normal mode"),
}

RESHAPED = (
    "the base of this view got another shape by an in-place operation under no_grad, and was then "
    "written to: the view's history can no longer be told. Take the view again."
)


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

    A view that was taken under ``no_grad`` of what requires grad requires it too, as a leaf that
    no one made so: its gradient is dropped.
    """
    if tensor._base is not None and tensor._seen < tensor._counter[0]:
        base, node = root(tensor), tensor._node
        if base._node is not None or (node is not None and node.parents):
            check_followed(tensor, "its base or another view of its base has been")
            if base._node is None:  # detach_() took it out of the graph
                base = wrap(base._array(), _dropping(base))
            state = current.state
            recording = bool(state.flags & 1)
            state.set_grad(True)  # what is asked for under no_grad was not made there
            try:
                again = replay(base, tensor._chain)
            except ValueError:
                raise RuntimeError(RESHAPED) from None
            finally:
                state.set_grad(recording)
            now, then = again._data, tensor._data
            if now.shape != then.shape or now.strides != then.strides:
                raise RuntimeError(RESHAPED)
            tensor._node = again._node
            carry_retained(tensor)
            tensor._seen = tensor._counter[0]
    node = tensor._node
    if node is None and tensor._base is not None and root(tensor)._node is not None:
        node = _dropping(tensor)
    return node


def check_followed(view: Any, written: str = "is being") -> None:
    """Raises where a write to ``view``, or to what shares its memory, cannot be followed."""
    reason, node = view._chain, view._node
    if type(reason) is tuple:
        return
    which = f"Output {getattr(node, 'number', 0)} of {node.name()} is a view" if node else "A view"
    if reason in MODES:
        mode, block, when = MODES[reason]
        of = " of a view which" if node else ""
        raise RuntimeError(
            f"{which}{of} was created in {mode} and {written} modified inplace {when}. "
            + AMBIGUOUS.format(block)
        )
    raise RuntimeError(f"{which} and {written} modified inplace. {ADVICE[reason]}")


def _dropping(tensor: Any) -> Any:
    """A leaf's node that drops what arrives."""
    node: Any = AccumulateGrad(tensor)
    node.variable_reference = lambda: None
    return node


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
