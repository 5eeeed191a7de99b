"""``Lesson``: one mistake that is watched for; what it is told of, and how it warns."""

from __future__ import annotations

import sys
import warnings
import weakref
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from ...autograd.node import Node
from ...autograd.recorder import Place, place

__all__ = ["Lesson", "TeachingWarning", "Warner", "values_of", "within"]


OURS = "minitorch."


class TeachingWarning(UserWarning):
    """What ``minitorch.teach`` found: a mistake, its line and its mend."""


class Warner:
    """Warns once per mistake and line, and knows the names of parameters."""

    def __init__(self) -> None:
        self.closure = False  # whether a step runs that got a closure
        self.told: set[tuple[str, str, int]] = set()
        self.names: dict[int, tuple[Any, str]] = {}  # by id: (weak reference, name)
        self.roots: weakref.WeakSet[Any] = weakref.WeakSet()  # modules that users called

    def warn(self, mistake: str, message: str, at: Place | None) -> None:
        """Warns as if the user's line ``at`` did."""
        filename, number = ("<unknown>", 1) if at is None else (at.filename, at.number)
        if (mistake, filename, number) not in self.told:
            self.told.add((mistake, filename, number))
            warnings.warn_explicit(message, TeachingWarning, filename, number)

    def told_of(self, lesson: type[Lesson]) -> bool:
        """Whether it has warned of this at any line."""
        return any(mistake == lesson.__name__ for mistake, _, _ in self.told)

    def met(self, root: Any) -> None:
        """A module that the user called: its parameters have its names."""
        if root not in self.roots:
            self.roots.add(root)
        for name, p in root.named_parameters():
            if id(p) not in self.names:
                self.names[id(p)] = (weakref.ref(p), name)

    def name(self, leaf: Any) -> str:
        """The leaf's name in its module; otherwise its shape."""
        reference, name = self.names.get(id(leaf), (None, ""))
        if reference is not None and reference() is leaf:
            return f"`{name}`"
        return f"a tensor of shape {list(leaf.shape)}"

    def listed(self, leaves: Sequence[Any]) -> str:
        """The names of leaves, of many the first."""
        names = [self.name(leaf) for leaf in leaves[:4]]
        more = len(leaves) - len(names)
        return ", ".join(names) + (f" and {more} more" if more else "")


def values_of(x: Any) -> Any:
    """The values of a tensor that has some; None of anything else."""
    data = getattr(x, "_data", None)
    return data if isinstance(data, np.ndarray | np.generic) else None


def within(module: str) -> bool:
    """Whether code of this module of ours, or of modules in it, runs for the user's line."""
    frame: Any = sys._getframe(1)
    while frame is not None and (name := frame.f_globals.get("__name__", "")).startswith(OURS):
        if name == module or name.startswith(f"{module}."):
            return True
        frame = frame.f_back
    return False


class Lesson:
    """A mistake. What a subclass overrides it is told of."""

    events: ClassVar = (
        "starting", "operation", "detached", "wrote", "drew", "pass_began", "node_ran", "arrived",
        "pass_ended", "entered", "left", "stepping", "stepped", "ended",
    )  # fmt: skip

    def __init__(self, warner: Warner) -> None:
        self.warner = warner

    def warn(self, message: str, at: Place | None = None) -> None:
        """Warns, by default of the line that the user's program is at."""
        self.warner.warn(type(self).__name__, message, at or place())

    def starting(self, name: str, args: tuple[Any, ...]) -> None:
        """The operation ``name`` is about to run."""

    def operation(self, name: str, args: tuple[Any, ...], out: Any, view: bool) -> None:
        """It has run; a ``view`` passes values on as they are."""

    def detached(self, source: Any, made: Any) -> None:
        """``made`` has the values of ``source``, without its history."""

    def wrote(self, target: Any, value: Any) -> None:
        """The tensor ``target`` now holds ``value``."""

    def drew(self) -> None:
        """Random numbers were drawn."""

    def pass_began(self, roots: Sequence[tuple[Node, Any]], at: Place | None) -> None:
        """A backward pass to the leaves begins."""

    def node_ran(self, node: Node, grads: Any) -> None:
        """A node of it has passed gradients on."""

    def arrived(self, leaf: Any, g: Any) -> None:
        """A leaf has got a gradient, which is in its ``.grad`` now."""

    def pass_ended(self) -> None:
        """The backward pass is done."""

    def entered(self, module: Any, depth: int) -> None:
        """A module is called, within ``depth`` others."""

    def left(self, module: Any, depth: int) -> None:
        """Its ``forward`` is done."""

    def stepping(self, optimizer: Any, at: Place | None) -> None:
        """An optimizer is about to step, by gradients that are there (it got no closure)."""

    def stepped(self, optimizer: Any, moved: bool, at: Place | None) -> None:
        """It has, at this line; a wrapper may have skipped the step: then nothing ``moved``."""

    def ended(self) -> None:
        """Nothing more will come."""
