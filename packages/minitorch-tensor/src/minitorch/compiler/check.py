"""The check of a world: one flat Python function, a line per guard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..extend import module_writes
from .values import all_same, same, same_array

__all__ = ["Check"]

GONE = "something that it reads is gone"
JOINED = 100  # guards in one expression


class Guard(NamedTuple):
    """What must not be true, and the number that tells of it."""

    refused: str
    number: int


class Check:
    """Guards, and the function of ``(args, kwargs)`` that they become.

    It returns the tensors that it finds, a tuple, where all guards hold, else the number of the
    first that does not: its index in ``told``. Guards of what modules hold (``written``) are run
    again only after some module was written to, and last.
    """

    def __init__(self) -> None:
        self.told: list[str] = [GONE]
        self.hooks: list[Any] = []  # dictionaries that have to be empty
        self.tensors: list[str] = []  # variables, in the order of the result
        # assignments, and what must not be true with its number
        self._always: list[str | Guard] = []
        self._after_writes: list[str | Guard] = []
        self._variables = 0
        self._names: dict[int, str] = {}
        self._values: dict[str, Any] = {
            "__name__": __name__, "all_same": all_same, "same": same, "same_array": same_array,
            "writes": module_writes, "seen": [None], "failed": self._failed,
        }  # fmt: skip

    def constant(self, value: Any) -> str:
        """The name of ``value`` in the function."""
        name = self._names.get(id(value))
        if name is None:
            name = self._names[id(value)] = f"c{len(self._names)}"
            self._values[name] = value  # which keeps its identity from being used again
        return name

    def variable(self, access: str) -> str:
        """A variable that is assigned what ``access`` gives in each call."""
        self._variables += 1
        self._always.append(f"v{self._variables} = {access}")
        return f"v{self._variables}"

    def guard(self, test: str, told: str, written: bool = False) -> None:
        """``test`` has to be true; ``told`` says what is looked at."""
        self._add(f"not ({test})", told, written)

    def identical(self, access: str, expr: str, told: str, written: bool = False) -> None:
        """``access`` has to give the object ``expr``."""
        self._add(f"{access} is not {expr}", told, written)

    def equal(self, access: str, value: Any, told: str, written: bool = False) -> None:
        """``access`` has to give the constant ``value``, or one that is the same."""
        name = self.constant(value)
        once = value is None or type(value) is bool
        self._add(
            f"{access} is not {name}" if once
            else f"(x := {access}) is not {name} and not same(x, {name})", told, written,
        )  # fmt: skip

    def _add(self, refused: str, told: str, written: bool) -> None:
        (self._after_writes if written else self._always).append(Guard(refused, len(self.told)))
        self.told.append(told)

    def compiled(self) -> Callable[[tuple[Any, ...], dict[str, Any]], Any]:
        """The function."""
        if self.hooks:
            self.guard(f"not any({self.constant(self.hooks)})", "hooks of a module or an optimizer")
        if len(self.tensors) > 1:
            ids = ", ".join(f"id({name})" for name in self.tensors)
            self.guard(
                f"len({{{ids}}}) == {len(self.tensors)}", "which tensors are one and the same"
            )
        return self._function(_joined)

    def _failed(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What the function returns where a guard does not hold: here each has a line."""
        failed = self._values["failed"] = self._function(_one_by_one)
        return failed(args, kwargs)

    def _function(self, lines_of: Callable[[list[str | Guard]], list[str]]) -> Callable[..., Any]:
        lines = ["def check(args, kwargs):", " try:"]
        lines += [f"  {line}" for line in lines_of(self._always)]
        if self._after_writes:
            lines += ["  written = writes[0]", "  if written is not seen[0]:"]
            lines += [f"   {line}" for line in lines_of(self._after_writes)]
            lines += ["   seen[0] = written"]
        lines += [f"  return ({''.join(f'{name}, ' for name in self.tensors)})"]
        lines += [" except Exception:", "  return 0"]
        exec(compile("\n".join(lines), "<guards>", "exec"), self._values)
        made: Callable[..., Any] = self._values["check"]
        return made


def _one_by_one(steps: list[str | Guard]) -> list[str]:
    return [
        f"if {step.refused}: return {step.number}" if isinstance(step, Guard) else step
        for step in steps
    ]


def _joined(steps: list[str | Guard]) -> list[str]:
    """Guards joined by "or", which compile in half the time."""
    lines: list[str] = []
    refused: list[str] = []
    for step in [*steps, ""]:
        if isinstance(step, Guard) and len(refused) < JOINED:
            refused.append(step.refused)
            continue
        if refused:
            lines.append(f"if {' or '.join(refused)}: return failed(args, kwargs)")
        refused = []
        if isinstance(step, Guard):
            refused.append(step.refused)
        elif step:
            lines.append(step)
    return lines
