"""Passes: each makes of a program another that gives the same results, to the last bit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .buffers import plan_buffers
from .chains import bring_chains_together
from .dead_code import remove_dead_code
from .folding import fold
from .simplifying import simplify

if TYPE_CHECKING:
    from ..program import Program

__all__ = ["bring_chains_together", "fold", "plan_buffers", "remove_dead_code", "run", "simplify"]

PASSES = (remove_dead_code, fold, simplify, bring_chains_together, plan_buffers)


def run(program: Program) -> list[Program]:
    """The program after no pass, after the first, after the first two, ..."""
    programs = [program]
    for each in PASSES:
        programs.append(each(programs[-1]))
    return programs
