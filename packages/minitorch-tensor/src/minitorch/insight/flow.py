"""What happened to the values: from the leaves, operation by operation, to where gradients stop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd.dispatch import apply
from ..autograd.grad_mode import current, is_grad_enabled
from ..autograd.node import AccumulateGrad
from ..autograd.recorder import Place, Recorder, place
from ..autograd.variable import Variable
from .tags import Tags, where

__all__ = ["Flow", "FollowedStep", "Watcher", "flow_of_the_run", "reason", "remember"]


@dataclass(eq=False)
class FollowedStep:
    """An operation that took part of what depends on a leaf."""

    name: str
    at: Place | None
    leaves: tuple[int, ...]  # the ids of leaves among its inputs
    sources: tuple[FollowedStep, ...]  # the steps that made the others
    followed: bool  # whether autograd recorded it
    recording: bool  # whether gradients were on
    floating: bool  # whether its result has a gradient at all


class Flow:
    """The steps of a run that depend on leaves which want gradients."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forgets what happened."""
        self.steps: list[FollowedStep] = []
        self.made = Tags()
        self.last: Place | None = None

    def add(self, name: str, args: Any, out: Any) -> None:
        """An operation has run."""
        leaves, sources = [], []
        for x in _tensors(args):
            step = self.made.get(x)
            if type(x._node) is AccumulateGrad:
                leaves.append(id(x))
            elif step is not None:
                sources.append(step)
        if leaves or sources:
            made = list(_tensors((out,)))
            self.last = at = place()
            step = FollowedStep(
                name,
                at,
                tuple(leaves),
                tuple(sources),
                any(t.requires_grad for t in made),
                is_grad_enabled(),
                any(t._data.dtype.kind in "fVc" for t in made),
            )
            self.steps.append(step)
            for t in made:
                self.made[t] = step

    def wrote(self, target: Any, value: Any) -> None:
        """In-place: the target is now what ``value`` is."""
        step = self.made.get(value)
        if step is not None:
            self.made[target] = step

    def goes_on(self) -> set[FollowedStep]:
        """The steps whose results took part in what autograd followed. Where they did not, as in
        the initialization of a parameter in place, nothing was cut."""
        found: set[FollowedStep] = set()
        for step in reversed(self.steps):
            if step.followed or step in found:
                found.update(step.sources)
        return found

    def uses(self, leaf: Any) -> bool:
        """Whether an operation took the leaf, and its result went on."""
        on = self.goes_on()
        return any(id(leaf) in step.leaves and (step.followed or step in on) for step in self.steps)


def _tensors(values: Any) -> Iterator[Any]:
    for each in values:
        if isinstance(each, tuple | list):
            yield from _tensors(each)
        elif isinstance(each, Variable) and isinstance(each._data, np.ndarray | np.generic):
            yield each


class Watcher(Recorder):
    """A ``with`` block whose operations a ``Flow`` remembers."""

    def __init__(self) -> None:
        self.flow = Flow()

    def process(self, primitive: Any, args: tuple[Any, ...]) -> Any:
        """One operation; those of a backward pass are none of the user's."""
        out = apply(primitive, *args)
        if not current.state.passes:
            self.flow.add(primitive.name, args, out)
        return out

    def wrote(self, target: Any, value: Any) -> None:
        """An in-place write."""
        self.flow.wrote(target, value)

    def detached(self, source: Any, made: Any) -> None:
        """``source.detach()``."""
        self.flow.add("detach", (source,), made)


_last: list[Flow] = []  # of the run that was watched last


def remember(flow: Flow) -> None:
    """Lets ``gradients`` look at this flow: that of a run which was recorded as a whole."""
    _last[:] = [flow]


def flow_of_the_run() -> Flow | None:
    """The flow of the run that was recorded last."""
    return _last[0] if _last else None


def reason(flow: Flow, leaf: Any, nothing_followed: bool = False) -> str:
    """Why the gradient does not arrive at ``leaf``, as far as what was seen tells.

    Args:
        nothing_followed: of what the loss was made of.
    """
    reached: set[FollowedStep] = set()
    users: list[FollowedStep] = []
    on = flow.goes_on()
    for step in flow.steps:  # in the order in which they ran
        if id(leaf) in step.leaves or not reached.isdisjoint(step.sources):
            if step.followed:
                reached.add(step)
                users.append(step)
            elif step in on or nothing_followed:
                return cut_at(step)
    if users:
        return (
            f"`{users[0].name}` at {where(users[0].at)} uses it, but the loss does not depend on "
            "the result"
        )
    return "no operation of the forward pass uses it" if flow.steps else "the loss does not use it"


def cut_at(step: FollowedStep) -> str:
    """What this step does to gradients."""
    at = where(step.at)
    if step.name == "detach":
        return f"the path is cut by detach() at {at}"
    if not step.recording:
        return f"the path is cut at {at}: `{step.name}` runs under no_grad"
    if not step.floating:
        return f"the path is cut at {at}: `{step.name}` gives integers or booleans"
    return f"the path is cut at {at}: `{step.name}` has no gradient"
