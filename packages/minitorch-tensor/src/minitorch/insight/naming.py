"""Names for what a recording holds: the user's where there are some, else of the operation."""

from __future__ import annotations

from typing import Any

from .recording import Recording
from .steps import Step
from .values import Value

__all__ = ["give_names"]


class _Names:
    """Names that are given once."""

    def __init__(self) -> None:
        self.given: set[str] = set()
        self.counts: dict[str, int] = {}

    def numbered(self, name: str) -> str:
        """The first of ``name_1``, ``name_2``, … that is free."""
        self.counts[name] = self.counts.get(name, 0) + 1
        made = f"{name}_{self.counts[name]}"
        if made in self.given:
            return self.numbered(name)
        self.given.add(made)
        return made

    def own(self, name: str) -> str:
        """``name``, or the first of ``name_2``, ``name_3``, … that is free."""
        made = name
        while made in self.given:
            self.counts[name] = self.counts.get(name, 1) + 1
            made = f"{name}_{self.counts[name]}"
        self.given.add(made)
        return made


def give_names(recording: Recording) -> None:
    """Names all values: ``h``, ``0.weight``, ``linear``, ``∂h``, ``0.weight.grad``."""
    names = _Names()
    for step in [*recording.before_block, *recording.steps]:
        if step.kind in ("gradient", "sum", "accumulate", "captured", "backward"):
            _name_gradients(step, names)
            continue
        for x in step.inputs:
            if isinstance(x, Value) and not x.name and x.previous is not None:
                x.name = names.own(_before(x))
        for k, value in enumerate(step.outputs):
            if not value.name or step.kind == "given":
                name = _base(step, value)
                if len(step.outputs) > 1 and value.previous is None:
                    outputs = getattr(step.primitive, "outputs", ())
                    name = f"{name}_{outputs[k] if len(outputs) == len(step.outputs) else k}"
                told = value.previous is not None or step.kind == "given" or _told(step)
                value.name = names.own(name) if told else names.numbered(name)
    for value in recording.values:
        if not value.name:
            value.name = names.own(_before(value) if value.previous is not None else "value")


def _base(step: Step, value: Value) -> str:
    if value.previous is not None:
        return _before(value)
    if step.kind == "given":
        return value.name or "constant"
    return step.place.variable if step.place is not None and _told(step) else step.name


def _told(step: Step) -> bool:
    """Whether the user gave the result a name."""
    return step.place is not None and step.place.variable != ""


def _before(value: Value) -> str:
    """The name that the memory had at first."""
    while value.previous is not None:
        value = value.previous
    return value.name or "value"


def _name_gradients(step: Step, names: _Names) -> None:
    if step.kind == "accumulate":
        leaf = _name_of(step.of)
        before = step.inputs[-1]
        if isinstance(before, Value) and not before.name:
            before.name = names.own(f"{leaf}.grad")
        for value in step.outputs:
            value.name = value.name or names.own(f"{leaf}.grad")
        for value in step.inputs[:-1]:
            _named(value, f"∂{leaf}", names)
    elif step.kind == "sum":
        for value in step.outputs:
            _named(value, f"∂{_name_of(step.of)}", names)
    elif step.kind == "captured":
        for value in step.inputs:
            _named(value, f"∂{_name_of(step.of)}", names)
    elif step.kind == "gradient":
        for value in step.inputs:
            _named(value, f"∂{_name_of(step.of)}", names)
        for passed in step.passed:
            x = None
            if step.of is not None and passed.argument < len(step.of.inputs):
                x = step.of.inputs[passed.argument]
            target = f"∂{x.name}" if isinstance(x, Value) and x.name else "∂"
            if passed.reduced is not passed.value:
                _named(passed.value, f"{target} whole", names)
            _named(passed.reduced, target, names)
        for name, value in step.saved:
            if isinstance(value, Value):
                _named(value, name, names)
    else:
        for value in step.inputs:
            _named(value, f"∂{_name_of(step.of)}", names)


def _name_of(step: Step | None) -> Any:
    if step is None:
        return ""
    return step.outputs[0].name if step.outputs else step.name


def _named(value: Value, name: str, names: _Names) -> Value:
    if not value.name:
        value.name = names.own(name)
    return value
