"""The state of the library that programs depend on: modes and defaults, of a thread or of all."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from .. import amp, overrides
from .._types import device
from .._types import dtype as dtypes
from ..autograd.grad_mode import GRAD, current
from ..kernels import choice
from ..ops.creation import unset
from .check import Check

__all__ = ["guard_modes"]

HOOKS = {
    "minitorch.nn.module": (
        "_global_forward_hooks", "_global_forward_pre_hooks", "_global_backward_hooks",
        "_global_backward_pre_hooks",
    ),
    "minitorch.optim.optimizer": ("_global_pre_hooks", "_global_post_hooks"),
}  # fmt: skip


def guard_modes(check: Check) -> str | None:
    """Adds the guards of what holds now; a reason not to make programs, or None.

    Interpreters, such as anomaly mode, hooks on saved tensors, vmap or another recorder, must not
    be active when a program is used, transforms neither.
    """
    state = current.state
    thread = check.variable(f"{check.constant(current)}.state")
    for value, told in (("grad", "grad mode"), ("inference", "inference mode")):
        check.guard(f"{thread}.{value} is {getattr(state, value)}", told)
    check.guard(f"{thread}.flags == {state.flags & GRAD}", "interpreters: hooks, anomaly mode, …")
    check.guard(f"{thread}.level == 0", "transforms")
    kind = dtypes.get_default_dtype()
    check.identical(f"{check.constant(dtypes)}._default", check.constant(kind), "the default dtype")
    chosen = check.constant(device.chosen)
    place = device.default_device()
    told = f"{check.constant(device.default_device)}() == {check.constant(place)}"
    check.guard(told if device.chosen else f"not {chosen}", "the default device")
    check.guard(
        f"{check.constant(unset)}['deterministic'] is {unset['deterministic']}",
        "deterministic algorithms",
    )
    check.guard(f"{check.constant(choice)}.chosen == {choice.chosen!r}", "the kernels")
    asked = check.constant(overrides._thread)
    check.guard(f"not {asked}.modes", "__torch_function__ modes")
    cast = amp._thread
    own = check.constant(cast)
    if cast.enabled:
        check.guard(
            f"({own}.enabled, {own}.dtype, {own}.cache_enabled) == "
            f"{check.constant((True, cast.dtype, cast.cache_enabled))}", "autocast",
        )  # fmt: skip
    else:
        check.guard(f"{own}.enabled is False", "autocast")
    check.hooks += (hooks for _, hooks in global_hooks())
    return next((f"there are {name}" for name, hooks in global_hooks() if hooks), None)


def global_hooks() -> Iterator[tuple[str, Any]]:
    """The dictionaries of hooks of all modules and optimizers."""
    for module, names in HOOKS.items():
        if module in sys.modules:
            for name in names:
                yield name.strip("_"), getattr(sys.modules[module], name)
