"""The page of ``explain``: one HTML document that holds the run and the program that shows it."""

from __future__ import annotations

import base64
import html
import json
import linecache
import os
from importlib.resources import files
from typing import Any

import numpy as np

from ..autograd.recorder import Place
from .formulas import FORMULAS
from .jacobians import derivatives
from .layout import FORWARD, laid_out
from .program import call_text, operand_text, program_text
from .recording import Recording
from .rules import Source, declaration_of, rule_of, source_of
from .steps import Call, Passed, Step
from .templates import forward_template, gradient_template
from .text import title_of
from .values import Value, sample

__all__ = ["document"]

PROGRAM = ("numbers", "graph", "detail", "walk")  # one function, in parts
ROOM = 1_100_000  # bytes of values on a page, in base64
AROUND = 3  # lines of the source that are shown around those that ran
LONGEST = 40  # lines of a kernel that are shown
DERIVATIVES = 60_000  # that are on a page at most
MANY = 300  # rows from which modules are folded at first


def document(recording: Recording) -> str:
    """The page as text."""
    data = _Page(recording).data()
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    here = files(__package__).joinpath("page")
    page = here.joinpath("page.html").read_text(encoding="utf-8")
    program = [here.joinpath(f"{name}.js").read_text(encoding="utf-8") for name in PROGRAM]
    for name, content in (
        ("title", html.escape(data["title"])),
        ("style", here.joinpath("page.css").read_text(encoding="utf-8")),
        ("program", "".join(program)),
        ("data", text.replace("<", "\\u003c")),
    ):
        page = page.replace(f"<!--{name}-->", content)
    return page


class _Page:
    """What the page's program is given: rows, steps, values, sources."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.layout = laid_out(recording)
        self.number = {step: k for k, step in enumerate(recording.steps)}
        self.row = {row.step: k for k, row in enumerate(self.layout.rows)}
        self.values: dict[Value, int] = {}
        self.sources: dict[Source, int] = {}
        self.calls: dict[Call, int] = {}
        self.operations: dict[Any, int] = {}
        self.shown: list[dict[str, Any]] = []
        self.room = DERIVATIVES
        self.derived: dict[Step, tuple[int, Any, int]] = {}  # of operations, by one input
        self.files: dict[str, set[int]] = {}  # the lines that ran

    def data(self) -> dict[str, Any]:
        recording = self.recording
        steps = [self._step(step) for step in recording.steps]
        self._sums(steps)
        rows = [self._row(row) for row in self.layout.rows]
        error = recording.error
        return {
            "title": f"minitorch.explain: {self._name()}",
            "summary": title_of(recording),
            "error": "" if error is None else f"{type(error).__name__}: {error}",
            "steps": steps,
            "rows": rows,
            "calls": [
                {
                    "name": call.name, "kind": call.kind,
                    "parent": -1 if call.parent is None else self._call(call.parent),
                    "fold": call.kind in ("Optimizer", "Function")
                    or (len(rows) > MANY and call.parent is not None),
                }
                for call in list(self.calls)
            ],
            "columns": 1 + max(self.layout.columns.values(), default=-1),
            "operations": self.shown,
            "sources": [
                {"file": _short(s.filename), "line": s.number, "text": s.text}
                for s in self.sources
            ],
            "files": self._files(),
            "values": self._encoded(),
            "code": program_text(recording),
        }  # fmt: skip

    def _name(self) -> str:
        for step in self.recording.steps:
            if step.place is not None:
                name = step.place.function.rpartition(".")[2]
                file = os.path.basename(step.place.filename)
                return f"{name}, {file}" if name.isidentifier() else file
        return "a run"

    # --- parts -------------------------------------------------------------------------------

    def _value(self, value: Any) -> int:
        return self.values.setdefault(value, len(self.values))

    def _source(self, source: Source | None) -> int:
        return -1 if source is None else self.sources.setdefault(source, len(self.sources))

    def _call(self, call: Call | None) -> int:
        if call is None:
            return -1
        self._call(call.parent)
        return self.calls.setdefault(call, len(self.calls))

    def _operation(self, step: Step) -> int:
        """The sources of a primitive, or of a Function."""
        primitive, function = step.primitive, step.function
        key = function if primitive is None else primitive
        if key is None:
            return -1
        if key not in self.operations:
            self.operations[key] = len(self.shown)
            shown: dict[str, Any] = {"formula": FORMULAS.get(step.name, [""])[0]}
            if function is not None:
                shown["declared"] = self._source(source_of(function))
            else:
                shown["declared"] = self._source(declaration_of(primitive))
                shown["kernel"] = self._source(_not_long(source_of(primitive.kernel)))
                if primitive.definition is not None:
                    shown["definition"] = self._source(_not_long(source_of(primitive.definition)))
            self.shown.append(shown)
        return self.operations[key]

    def _operand(self, x: Any) -> Any:
        return self._value(x) if isinstance(x, Value) else operand_text(x)

    def _row(self, row: Any) -> dict[str, Any]:
        step = row.step
        sources = []
        for x in step.inputs:
            source = x.source if isinstance(x, Value) else None
            if source is not None and source in self.row and source is not step:
                sources.append(self.row[source])
        if step.kind == "optimizer":
            sources = []
        cells: dict[int, list[int]] = {}
        for number, cell in row.cells.items():
            here = cells.setdefault(self.layout.columns[number], [])
            here += [self.number[each] for each in cell]
        return {
            "step": self.number.get(step, -1),
            "label": _label(step),
            "brief": _brief(step),
            "kind": step.kind,
            "call": self._call(row.call),
            "values": [self._value(v) for v in step.outputs],
            "word": f"{len(step.outputs)} parameters" if step.kind == "optimizer" else "",
            "from": sorted(set(sources)),
            "cells": list(cells.items()),
            "inside": step.inside is not None,
        }

    def _step(self, step: Step) -> dict[str, Any]:
        made: dict[str, Any] = {
            "kind": step.kind,
            "label": _label(step),
            "name": step.name,
            "seconds": step.seconds,
            "bytes": 0 if step.kind == "view" else sum(v.nbytes for v in step.outputs),
            "out": [self._value(v) for v in step.outputs],
            "pass": step.backward,
            "call": self._call(step.call),
            "op": self._operation(step),
        }
        if step.place is not None:
            made["place"] = [self._file(step.place), step.place.number]
        if step.kind not in FORWARD and step.of is not None:
            made["row"] = self.row.get(step.of, -1)
            if step.of.place is not None and step.place is None:
                made["place"] = [self._file(step.of.place), step.of.place.number]
        else:
            made["row"] = self.row.get(step, -1)
        if step.message:
            made["message"] = step.message
        if step.kind == "optimizer":
            made["changes"] = [[self._value(v) for v in change] for change in step.inputs]
            made["params"] = [[key, operand_text(x)] for key, x in step.params]
        elif step.kind == "gradient":
            self._gradient(step, made)
        else:
            made["in"] = [self._operand(x) for x in step.inputs if x is not None]
            names = getattr(step.primitive, "params", ())
            if step.kind != "write":
                made["params"] = [
                    [name, operand_text(x)] for name, x in zip(names, step.params, strict=False)
                ]
            made["template"] = self._template(forward_template(step))
            made["names"] = self._names(step)
        return made

    def _names(self, step: Step) -> list[str]:
        """What the formula calls the inputs that are shown."""
        primitive = step.primitive
        if primitive is None or primitive.variadic:
            return []
        pairs = zip(primitive.inputs, step.inputs, strict=False)
        return [name for name, x in pairs if x is not None]

    def _gradient(self, step: Step, made: dict[str, Any]) -> None:
        primitive, of = step.primitive, step.of
        made["in"] = [self._value(v) for v in step.inputs]
        made["saved"] = [[name, self._value(v)] for name, v in step.saved if isinstance(v, Value)]
        if of is not None:
            made["forward"] = {
                "in": [self._operand(x) for x in of.inputs if x is not None],
                "out": [self._value(v) for v in of.outputs],
                "names": self._names(of),
            }
            if of.function is not None:
                made["op"] = self._operation(of)
        formula = FORMULAS.get("" if primitive is None else primitive.name)
        joint = getattr(primitive, "joint", None)
        shown = []
        for passed in step.passed:
            k = passed.argument
            name = f"input {k}"
            if primitive is not None and not primitive.variadic:
                name = primitive.inputs[k]
            gradients = formula.gradients if formula is not None else ()
            rule = rule_of(joint) if joint is not None else None
            if joint is None and primitive is not None and k < len(primitive.rules):
                rule = rule_of(primitive.rules[k]) if primitive.rules[k] is not None else None
            if primitive is None and of is not None and of.function is not None:
                rule = rule_of(of.function.backward)
            to = of.inputs[k] if of is not None and k < len(of.inputs) else None
            target = to.source if isinstance(to, Value) else None
            shown.append(
                {
                    "name": name,
                    "of": to.name if isinstance(to, Value) else "",
                    "formula": gradients[k] if k < len(gradients) else "",
                    "rule": -1 if rule is None else self._source(rule.source),
                    "value": self._value(passed.value),
                    "reduced": self._value(passed.reduced),
                    "axes": _summed(passed.value.shape, passed.reduced.shape),
                    "template": self._gradient_template(step, passed),
                    "row": self.row.get(target, -1) if target is not None else -1,
                }
            )
        made["grads"] = shown

    def _gradient_template(self, step: Step, passed: Passed) -> Any:
        template = gradient_template(step, passed.argument)
        if template is not None or step.primitive is None or step.of is None or not step.inputs:
            return self._template(template)
        size = passed.value.size * sum(g.size for g in step.inputs)
        if size > self.room:
            return None
        found = derivatives(step, passed)
        if found is None:
            return None
        self.room -= size
        numbers = [self._array(d) for d in found]
        if len(found) == 1:
            self.derived.setdefault(step.of, (passed.argument, found[0], numbers[0]))
        pairs = zip(numbers, step.inputs, strict=True)
        return {"t": [], "derivatives": [[d, self._value(g)] for d, g in pairs]}

    def _sums(self, steps: list[dict[str, Any]]) -> None:
        """Operations that are sums of an input's elements, each times its derivative, and of a
        bias: they have a formula with numbers, too."""
        for step, (argument, found, number) in self.derived.items():
            made = steps[self.number[step]] if step in self.number else {}
            x, bias = step.inputs[argument] if step.inputs else None, step.inputs[-1:]
            out = step.outputs[0] if len(step.outputs) == 1 else None
            if made.get("template", 0) is not None or not isinstance(x, Value) or out is None:
                continue
            if any(v.array is None or v.rows is not None for v in (x, out)):
                continue
            total = (x.array.reshape(-1) @ found).reshape(out.shape)
            added = None
            if step.name == "convolution" and isinstance(bias[0], Value):
                added = bias[0]
                total = total + added.array.reshape(-1, *[1] * (len(out.shape) - 2))
            if np.allclose(total, out.array, 1e-3, 1e-5):
                shown = -1 if added is None else self._value(added)
                made["template"] = {"t": [], "linear": [number, self._value(x)], "bias": shown}

    def _array(self, array: Any) -> int:
        """The number of a value that is made for the page."""
        number = len(self.values)
        array = np.ascontiguousarray(array)
        self.values[Value(-1, array, array.shape, array.dtype, array.nbytes)] = number
        return number

    def _template(self, template: dict[str, Any] | None) -> Any:
        if template is None:
            return None
        made = dict(template, t=[self._token(token) for token in template["t"]])
        if "map" in made:
            made["map"] = self._array(made["map"])
        return made

    def _token(self, token: Any) -> Any:
        if isinstance(token, str):
            return token
        if "each" in token:
            return dict(token, each=[self._token(each) for each in token["each"]])
        return dict(token, v=self._value(token["v"])) if "v" in token else token

    # --- the user's source ---------------------------------------------------------------------

    def _file(self, place: Place) -> int:
        lines = self.files.setdefault(place.filename, set())
        lines.add(place.number)
        return list(self.files).index(place.filename)

    def _files(self) -> list[dict[str, Any]]:
        found = []
        for filename, numbers in self.files.items():
            lines: list[Any] = []
            last = 0
            wanted = sorted(
                {n + d for n in numbers for d in range(-AROUND, AROUND + 1) if n + d > 0}
            )
            text = linecache.getlines(filename)
            for number in wanted:
                if number <= len(text):
                    if number > last + 1 and lines:
                        lines.append(None)
                    lines.append([number, text[number - 1].rstrip()])
                    last = number
            if not text:
                lines = [[number, ""] for number in sorted(numbers)]
            found.append({"name": _short(filename), "lines": lines})
        return found

    # --- values --------------------------------------------------------------------------------

    def _encoded(self) -> list[dict[str, Any]]:
        """All values, as many elements of each as there is room for."""
        sizes = [0 if v.array is None else v.array.size for v in self.values]
        most = 1 << 14
        while most > 16 and sum(min(size, most) for size in sizes) * 16 // 3 > ROOM:
            most //= 2
        return [_encode(value, most) for value in self.values]


def _encode(value: Value, most: int) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": value.name, "shape": list(value.shape), "dtype": str(value.dtype),
        "bytes": value.nbytes,
    }  # fmt: skip
    found = value.statistics()
    if found is not None:
        single = value.dtype.kind == "f" and value.dtype.itemsize <= 4
        least = [float(str(np.float32(x))) if single else x for x in found]
        made["figures"] = [x if np.isfinite(x) else str(x) for x in least]
    array, rows, columns = value.array, value.rows, value.columns
    if array is None:
        return made
    if array.size > most:
        picked, r, c = sample(array, most)
        rows, columns = (r, c) if rows is None else (rows[r], columns[c])
        array = picked
    if rows is not None:
        made["rows"], made["columns"] = rows.tolist(), columns.tolist()
    kind = array.dtype.kind
    if kind == "c":
        array, made["as"] = array.astype(np.complex128), "c"
    elif kind == "b":
        array, made["as"] = array.astype(np.uint8), "b"
    elif kind in "iu" and array.dtype.itemsize <= 4 and array.dtype != np.uint32:
        array, made["as"] = array.astype(np.int32), "i"
    elif kind in "iu":
        if array.size and max(abs(int(array.max())), abs(int(array.min()))) >= 1 << 53:
            return made | {"as": "s", "data": [str(x) for x in array.reshape(-1)]}
        array, made["as"] = array.astype(np.float64), "d"
    elif array.dtype == np.float64:
        made["as"] = "d"
    else:
        array, made["as"] = array.astype(np.float32), "f"
    little = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
    made["data"] = base64.b64encode(little.tobytes()).decode()
    return made


def _summed(whole: tuple[int, ...], part: tuple[int, ...]) -> list[int]:
    """The dimensions of ``whole`` over which a gradient was summed to the shape ``part``."""
    lead = len(whole) - len(part)
    if lead < 0:
        return []
    return [k for k, n in enumerate(whole) if k < lead or n != part[k - lead]]


def _label(step: Step) -> str:
    names = ", ".join(v.name for v in step.outputs)
    if step.kind == "given":
        return names or step.name
    if step.kind in ("operation", "view", "draw"):
        return f"{names} = {call_text(step)}" if names else step.name
    if step.kind == "write":
        before = step.params[0]
        return f"write into {names if before is None else before.name}"
    if step.kind == "error":
        return f"failed: {call_text(step)}"
    if step.kind == "backward":
        return f"backward pass {step.backward} begins"
    if step.kind == "gradient":
        return f"gradient of {_brief(step.of) if step.of is not None else step.name}"
    if step.kind == "sum":
        return f"{names} = {' + '.join(v.name for v in step.inputs)}"
    if step.kind == "accumulate":
        sign = "=" if step.inputs[-1] is None else "+="
        name = step.of.name if step.of is not None else "leaf"
        return f"{name}.grad {sign} {', '.join(v.name for v in step.inputs[:-1])}"
    if step.kind == "captured":
        return f"asked for: {', '.join(v.name for v in step.inputs)}"
    return f"{step.name}.step()"


def _brief(step: Step) -> str:
    """The label without what is in parentheses, for where there is little room."""
    if step.kind in ("operation", "view", "draw") and step.outputs:
        return f"{', '.join(v.name for v in step.outputs)} = {step.name}"
    return _label(step)


def _short(filename: str) -> str:
    """A path from the library's root, or the last two parts of it."""
    parts = filename.replace(os.sep, "/").split("/")
    if "minitorch" in parts[:-1]:
        return "/".join(parts[parts.index("minitorch") :])
    return "/".join(parts[-2:])


def _not_long(source: Source | None) -> Source | None:
    return None if source is None or source.text.count("\n") > LONGEST else source
