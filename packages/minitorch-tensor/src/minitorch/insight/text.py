"""A recorded run for a terminal."""

from __future__ import annotations

from .program import call_text, shape_text, value_text
from .recording import Recording
from .steps import Call, Step
from .values import Value

__all__ = ["run_text", "title_of"]


def title_of(recording: Recording) -> str:
    """What a run was, in a line."""
    operations = sum(s.kind in ("operation", "view") for s in recording.steps)
    parts = [f"{operations} operation{'s' * (operations != 1)}"]
    if recording.count:
        parts.append(f"{recording.count} backward pass{'es' * (recording.count != 1)}")
    parts.append(f"recorded in {duration(recording.seconds)}")
    if recording.error is not None:
        parts.append(f"ended by {type(recording.error).__name__}")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """A time in the unit that suits it."""
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def run_text(recording: Recording) -> str:
    """The run, a line per step, in the order of time."""
    lines = [title_of(recording)]
    section = ""
    calls: list[Call] = []
    for step in recording.steps:
        heading = _section(step)
        if heading != section:
            lines += ["", heading]
            section, calls = heading, []
        if step.kind in ("given", "operation", "view", "draw", "write", "error"):
            path = _path(step.call)
            for depth, call in enumerate(path):
                if depth >= len(calls) or calls[depth] is not call:
                    lines.append(f"{'  ' * depth}  {call.name or call.kind}: {call.kind}")
            calls = path
            lines += ["  " * len(path) + line for line in _lines(step)]
        else:
            lines += _lines(step)
    return "\n".join(lines) + "\n"


def _path(call: Call | None) -> list[Call]:
    found = []
    while call is not None:
        found.append(call)
        call = call.parent
    return found[::-1]


def _section(step: Step) -> str:
    if step.kind == "optimizer":
        return f"{step.name}.step()"
    if step.kind in ("backward", "gradient", "sum", "accumulate", "captured"):
        return f"backward {step.backward}"
    return "forward" if step.inside is None else f"operations of backward {step.inside.backward}"


def _what(value: Value) -> str:
    return f"{shape_text(value)} {value_text(value)}"


def _lines(step: Step) -> list[str]:
    where = f"line {step.place.number}" if step.place is not None else ""
    if step.kind == "given":
        return [f"  {where:>9}  {v.name}: {_what(v)}" for v in step.outputs]
    if step.kind in ("operation", "view", "draw"):
        names = ", ".join(v.name for v in step.outputs)
        made = "; ".join(map(_what, step.outputs))
        return [f"  {where:>9}  {names} = {call_text(step)}: {made}"]
    if step.kind == "write":
        return [f"  {where:>9}  written into {v.name}: {_what(v)}" for v in step.outputs]
    if step.kind == "error":
        shapes = ", ".join(f"{v.name} {shape_text(v)}" for v in step.inputs if isinstance(v, Value))
        return [f"  {where:>9}  failed: {call_text(step)} of {shapes}: {step.message}"]
    if step.kind == "backward":
        text = step.place.text if step.place is not None else ""
        return [f"  {where:>9}  {text}", *(f"  {v.name}: {_what(v)}" for v in step.inputs)]
    if step.kind == "gradient":
        name = step.of.name if step.of is not None else step.name
        lines = [f"  {name}: from {', '.join(v.name for v in step.inputs)}"]
        for passed in step.passed:
            line = f"    {passed.reduced.name}: {_what(passed.reduced)}"
            if passed.reduced is not passed.value:
                line += f", summed from {shape_text(passed.value)}"
            lines.append(line)
        return lines
    if step.kind == "sum":
        terms = " + ".join(v.name for v in step.inputs)
        return [f"    {v.name} = {terms}: {_what(v)}" for v in step.outputs]
    if step.kind == "accumulate":
        before = step.inputs[-1]
        sign = "=" if before is None else "+="
        arrived = ", ".join(v.name for v in step.inputs[:-1])
        name = step.of.name if step.of is not None else "leaf"
        return [f"    {name}.grad {sign} {arrived}: {_what(v)}" for v in step.outputs]
    if step.kind == "captured":
        return [f"    asked for: {v.name}: {_what(v)}" for v in step.inputs]
    lines = []
    for before, g, now in step.inputs:
        lines.append(f"  {before.name} with {g.name}: {value_text(before)} → {value_text(now)}")
    return lines
