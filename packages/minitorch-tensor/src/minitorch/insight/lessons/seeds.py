"""Random numbers that differ from run to run, or might: no seed was set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...autograd.node import Node
from ...autograd.recorder import Place
from ...random.generator import drawn_without_seed
from .lesson import Lesson

__all__ = ["NoSeed"]


class NoSeed(Lesson):
    """Random numbers were drawn, and no generator was seeded."""

    def pass_began(self, roots: Sequence[tuple[Node, Any]], at: Place | None) -> None:
        if not self.warner.told_of(type(self)) and drawn_without_seed():
            self.warn(
                "random numbers were drawn (initial weights, dropout, the order of batches), but "
                "no seed was set: put minitorch.manual_seed(0) at the start of the program, so "
                "that a run can be repeated. NumPy's and Python's own generators have seeds of "
                "theirs.",
                at,
            )
