"""Where the steps of a run stand on the page: a row per operation, a column per backward pass."""

from __future__ import annotations

from dataclasses import dataclass, field

from .recording import Recording
from .steps import Call, Step

__all__ = ["Layout", "Row", "laid_out"]

FORWARD = {"given", "operation", "view", "draw", "write", "optimizer", "error"}


@dataclass(slots=True, eq=False)
class Row:
    """A step, the call that it stands in, and beside it, by pass, what happens to the gradients of
    its results."""

    step: Step
    call: Call | None
    cells: dict[int, list[Step]] = field(default_factory=dict)


@dataclass(slots=True)
class Layout:
    """``columns``: of each pass; passes that go through different operations share one."""

    rows: list[Row]
    columns: dict[int, int]


def laid_out(recording: Recording) -> Layout:
    """Rows in the order of time; tensors that a module is given stand before it."""
    rows: list[Row] = []
    starts: dict[Call, int] = {}  # where the calls of the user's begin
    earlier = sorted(recording.before_block, key=lambda step: step.order)
    for step in [*earlier, *(s for s in recording.steps if s.kind in FORWARD)]:
        outer = step.call
        while outer is not None and outer.parent is not None:
            outer = outer.parent
        if outer is not None:
            start = starts.setdefault(outer, len(rows))
            if step.kind == "given" and step.name and not step.parameter:
                rows.insert(start, Row(step, None))
                starts = {call: at + (at >= start) for call, at in starts.items()}
                continue
        rows.append(Row(step, step.call))
    by_step = {row.step: row for row in rows}
    spans: dict[int, tuple[int, int]] = {}
    places = {row: k for k, row in enumerate(rows)}
    for step in recording.steps:
        row = by_step.get(step.of) if step.of is not None and step.kind not in FORWARD else None
        if row is not None:
            row.cells.setdefault(step.backward, []).append(step)
            if row.step.kind == "given" and step.backward in spans:
                continue  # tensors are used again and again
            low, high = spans.get(step.backward, (places[row], places[row]))
            spans[step.backward] = min(low, places[row]), max(high, places[row])
    columns: dict[int, int] = {}
    for number, (low, high) in sorted(spans.items()):
        taken = {
            columns[other]
            for other in columns
            if spans[other][0] <= high and low <= spans[other][1]
        }
        columns[number] = next(k for k in range(len(taken) + 1) if k not in taken)
    return Layout(rows, columns)
