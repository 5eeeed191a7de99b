"""Passes: each makes of a program another that gives the same results, to the last bit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..memory import hand_on_name
from .buffers import plan_buffers
from .chains import bring_chains_together
from .dead_code import remove_dead_code
from .folding import fold
from .simplifying import simplify

if TYPE_CHECKING:
    from ..program import Program

__all__ = ["bring_chains_together", "fold", "plan_buffers", "remove_dead_code", "run", "simplify"]


def name_sources_of_views(program: Program) -> None:
    """Calls memory without a name as the view is called that shows all of it."""
    for instruction in reversed(program.instructions):
        value, views = instruction.results[:1], instruction.views
        if views and views == instruction.args[:1] and value[0] is not None:
            if math.prod(value[0].shape) == math.prod(views[0].shape):
                hand_on_name(value[0], views[0])


PASSES = (remove_dead_code, fold, simplify, bring_chains_together, plan_buffers)


def run(program: Program) -> list[Program]:
    """The program after no pass, after the first, after the first two, ..."""
    name_sources_of_views(program)
    programs = [program]
    for each in PASSES:
        programs.append(each(programs[-1]))
    return programs
