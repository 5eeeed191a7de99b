"""Two tensors that change places: each keeps its identity and takes over what the other was."""

from __future__ import annotations

import copyreg
import sys
import weakref
from typing import TYPE_CHECKING, Any, NoReturn

from ..autograd.grad_mode import current, tell
from ..autograd.node import AccumulateGrad
from ..autograd.variable import Variable, attributes

if TYPE_CHECKING:
    from .tensor import Tensor

__all__ = ["module_load", "swap_tensors"]

set_attributes = Variable.__dict__["__dict__"].__set__


def swap_tensors(t1: Tensor, t2: Tensor) -> None:
    """Gives ``t1`` the class, values, gradient, history and attributes of ``t2``, and the other way
    round. A graph that was made of a leaf before it was swapped can no longer be walked back.

    Raises:
        RuntimeError: one has a weak reference, or views that its history would be lost to; or
            their classes have different ``__slots__``.

    Example:
        >>> import minitorch
        >>> a, b = minitorch.ones(2), minitorch.zeros(3)
        >>> minitorch.utils.swap_tensors(a, b)
        >>> a, b
        (tensor([0., 0., 0.]), tensor([1., 1.]))

    Follows https://docs.pytorch.org/docs/stable/generated/torch.utils.swap_tensors.html
    """
    if current.state.recording:
        tell("refuse", "two tensors are swapped")
    for name, t in (("t1", t1), ("t2", t2)):
        node = t._node
        own = node.variable_reference if isinstance(node, AccumulateGrad) else None
        if any(reference is not own for reference in weakref.getweakrefs(t)):
            raise RuntimeError(f"Cannot swap {name} because it has weakref associated with it")
        # the version is shared with views, and with what saved the tensor
        if node is not None and own is None and (count := sys.getrefcount(t._counter) - 1) > 1:
            raise RuntimeError(
                f"Expected use_count of {name} to be 1 or 2 with an AccumulateGrad node but got "
                f"{count} make sure you are not holding references to the tensor in other places."
            )
    slots = [set(copyreg._slotnames(type(t))) for t in (t1, t2)]  # type: ignore[attr-defined]  # copyreg's stubs lack it
    if slots[0] != slots[1]:
        raise RuntimeError("Cannot swap t1 and t2 if they have different slots")
    for t in (t1, t2):
        poison(t)
    t1.__class__, t2.__class__ = type(t2), type(t1)
    state1, state2 = attributes(t1), attributes(t2)
    set_attributes(t1, state2)
    set_attributes(t2, state1)
    for slot in slots[0]:
        given = [(t, getattr(t, slot)) for t in (t1, t2) if hasattr(t, slot)]
        for t, _ in given:
            delattr(t, slot)
        for t, value in given:
            setattr(t2 if t is t1 else t1, slot, value)
    for t in (t1, t2):
        for node in (t._node, t._accumulator):
            if isinstance(node, AccumulateGrad):
                node.variable_reference = weakref.ref(t)


def poison(t: Tensor) -> None:
    """Where a graph has the node of the leaf ``t``, lets it raise, and gives ``t`` another."""
    node = t._node
    if isinstance(node, AccumulateGrad) and sys.getrefcount(node) > 3:  # t's, ours, the argument
        node.register_prehook(raise_poisoned)
        t._node = AccumulateGrad(t)


def raise_poisoned(grad_outputs: Any) -> NoReturn:
    raise RuntimeError(
        "Trying to execute AccumulateGrad node that was poisoned by swap_tensors this can happen "
        "when you try to run backward on a tensor that was swapped. For a module m with "
        "`torch.__future__.set_swap_module_params_on_conversion(True)` you should not change the "
        "device or dtype of the module (e.g. `m.cpu()` or `m.half()`) between running forward and "
        "backward. To resolve this, please only change the device/dtype before running forward "
        "(or after both forward and backward)."
    )


def module_load(self: Tensor, other: Tensor, assign: bool = False) -> Tensor:
    """What ``load_state_dict`` puts in the place of this parameter or buffer, given ``other`` of
    the state dict, where ``torch.__future__.get_swap_module_params_on_conversion()``.
    """
    return other.detach() if assign else self.copy_(other).detach()
