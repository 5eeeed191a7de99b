"""A recorded run as text: what a value holds, what a step does, the run as a program."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from .recording import Recording
from .rules import rule_of
from .steps import Step
from .templates import gradient_values
from .values import Value, number_text

__all__ = ["call_text", "program_text", "shape_text", "value_text"]

FEW = 6  # elements that are printed


def short(x: float) -> str:
    return f"{x:.4g}"


def shape_text(value: Value) -> str:
    return f"[{', '.join(map(str, value.shape))}]"


def value_text(value: Value) -> str:
    """All of a few numbers, of more the least, the greatest and the norm."""
    if value.array is None:
        return "without values"
    if value.rows is None and value.size <= FEW:
        array = value.array
        if not value.shape:
            return number_text(array[()])
        return "[" + ", ".join(map(number_text, array.reshape(-1))) + "]"
    found = value.statistics()
    if found is None:
        return "[]"
    low, high, norm, _ = found
    return f"{short(low)} … {short(high)}, norm {short(norm)}"


def operand_text(x: Any) -> str:
    """An input or a parameter, in few words."""
    if isinstance(x, Value):
        return x.name
    if isinstance(x, np.ndarray):
        return f"array{list(x.shape)}"
    text = f"tensor{list(x.shape)}" if hasattr(x, "_data") else repr(x)
    return text if len(text) <= 40 else text[:37] + "…"


def call_text(step: Step) -> str:
    """What an operation is, as a call of it."""
    if step.kind in ("given", "write", "optimizer"):
        return step.name
    operands = [operand_text(x) for x in step.inputs]
    if step.primitive is not None and step.primitive.variadic:
        operands = ["[" + ", ".join(operands) + "]"]
    params = getattr(step.primitive, "params", ())
    if step.kind == "draw":
        operands += [operand_text(x) for x in step.params]
    else:
        operands += [f"{n}={operand_text(x)}" for n, x in zip(params, step.params, strict=False)]
    while operands and operands[-1] == "None":
        operands.pop()
    return f"{step.name}({', '.join(operands)})"


def identifier(name: str) -> str:
    """A name of a value as a variable's: ``d_h`` for ``∂h``, ``weight_0`` for ``0.weight``."""
    before = "d_" * name.count("∂")
    words = re.findall(r"\w+", name.replace("∂", ""))
    if words and words[0][0].isdigit():
        words = [*words[1:], words[0]] if len(words) > 1 else ["value", *words]
    return before + ("_".join(words) or "value")


def program_text(recording: Recording) -> str:
    """The run as a program: each step an assignment, the gradients by the rules' own source."""
    lines: list[tuple[str, str]] = []
    number = 0
    for step in recording.steps:
        code, said = _line(step)
        if step.backward != number and step.kind == "backward":
            number = step.backward
            lines += [("", ""), (f"# backward pass {number}", "")]
        if code:
            lines.append((code, said))
    wide = min(max((len(code) for code, said in lines if said), default=0), 60)
    shown = [f"{code:{wide}}  # {said}" if said else code for code, said in lines]
    return "\n".join(shown) + "\n"


def _line(step: Step) -> tuple[str, str]:
    """A step as code, and what is said beside it."""
    results = ", ".join(identifier(v.name) for v in step.outputs)
    where = f"line {step.place.number}: {step.place.text}" if step.place is not None else ""
    if step.kind == "given":
        (value,) = step.outputs or (None,)
        if value is None:
            return "", ""
        return f"{results} = given({list(value.shape)}, {value.dtype})", where
    if step.kind in ("operation", "view", "draw"):
        return f"{results} = {_called(step)}", where
    if step.kind == "write":
        before = step.params[0]
        target = "tensor" if before is None else identifier(before.name)
        source = ", ".join(identifier(x.name) for x in step.inputs)
        return f"{results} = write({target}, {source})", where
    if step.kind == "backward":
        names = ", ".join(identifier(v.name) for v in step.inputs)
        ones = ", ".join(value_text(v) for v in step.inputs)
        return (f"{names} = {ones}" if step.inputs else ""), where
    if step.kind == "gradient":
        return "\n".join(_gradient_lines(step)), ""
    if step.kind == "sum":
        return f"{results} = {' + '.join(identifier(v.name) for v in step.inputs)}", ""
    if step.kind == "accumulate":
        *arrived, before = step.inputs
        terms = [identifier(v.name) for v in arrived]
        if before is not None:
            terms.insert(0, identifier(before.name))
        return f"{results} = {' + '.join(terms)}", "accumulated"
    if step.kind == "optimizer":
        names = ", ".join(identifier(g.name) for _, g, _ in step.inputs)
        return f"{results} = {step.name}.step({names})", where
    if step.kind == "captured":
        return f"# {', '.join(identifier(v.name) for v in step.inputs)}: asked for", ""
    return f"# failed: {_called(step)}", where


def _called(step: Step) -> str:
    operands = [
        identifier(x.name) if isinstance(x, Value) else operand_text(x) for x in step.inputs
    ]
    if step.primitive is not None and step.primitive.variadic:
        operands = ["[" + ", ".join(operands) + "]"]
    operands += [operand_text(x) for x in step.params]
    return f"{step.name}({', '.join(operands)})"


def _gradient_lines(step: Step) -> list[str]:
    values = gradient_values(step)
    written: dict[str, str] = {}
    for name, x in values.items():
        written[name] = identifier(x.name) if isinstance(x, Value) else operand_text(x)
    lines = []
    rules = getattr(step.primitive, "rules", ())
    joint = getattr(step.primitive, "joint", None)
    if joint is not None or step.primitive is None:
        names = [identifier(p.value.name) for p in step.passed]
        taken = ", ".join(identifier(v.name) for v in step.inputs)
        name = step.of.name if step.of is not None else step.name
        if names:
            lines.append(f"{', '.join(names)} = {name}_backward({taken}, …)")
    else:
        for passed in step.passed:
            function = rules[passed.argument] if passed.argument < len(rules) else None
            rule = None if function is None else rule_of(function)
            name = identifier(passed.value.name)
            written["shape"] = str(passed.reduced.shape)
            if name == written["g"]:
                continue  # passed on as it came
            if rule is not None and rule.body:
                lines.append(f"{name} = {_renamed(rule.body, written)}")
            else:
                called = getattr(function, "__name__", "rule")
                lines.append(f"{name} = {called}({', '.join(_arguments(rule, written))})")
    for passed in step.passed:
        if passed.reduced is not passed.value:
            shape = list(passed.reduced.shape)
            whole = identifier(passed.value.name)
            lines.append(f"{identifier(passed.reduced.name)} = sum_to({whole}, {shape})")
    return lines


def _arguments(rule: Any, written: Mapping[str, str]) -> list[str]:
    return ["g"] if rule is None else [written.get(name, name) for name in rule.parameters]


class _Renamer(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        text = self.names.get(node.id)
        if text is None:
            return ast.Name(node.id.removesuffix("_p"))
        try:
            return ast.parse(text, mode="eval").body
        except SyntaxError:
            return node


def _renamed(body: str, names: Mapping[str, str]) -> str:
    """An expression with other names for its names."""
    try:
        tree = ast.parse(f"({' '.join(body.split())})", mode="eval")
    except SyntaxError:
        return body
    return ast.unparse(_Renamer(names).visit(tree))
