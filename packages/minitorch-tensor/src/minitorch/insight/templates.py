"""Formulas for one element of a result, into which the page puts the numbers of the run.

A template is a list of text and of places:

    {"v": value, "i": letters}         an element of a value, see below
    {"each": template, "over": "k"}    the template for each k, joined by " + "

The letters name dimensions, as in ``einsum``: the element ``ij`` of a result takes the same i and j
wherever they stand. "*" is the same element of a value that may be broadcast, "…ik" are i and k
after dimensions that may be broadcast, "1" is the first place. Of a value marked ``flat`` all but
the last dimension are taken for one.
"""

from __future__ import annotations

import ast
import string
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .rules import rule_of
from .steps import Step
from .values import WHOLE, Value, number_text

__all__ = ["forward_template", "gradient_template", "gradient_values"]

Template = dict[str, Any]  # {"to": letters of the result, "flat": ..., "t": tokens}

INFIX = {
    "add": "{a} + {b}", "sub": "{a} - {b}", "rsub": "{b} - {a}", "mul": "{a} · {b}",
    "div": "{a} / {b}", "neg": "-{x}", "pow": "{a} ^ {b}", "square": "{x}²", "abs": "|{x}|",
    "eq": "{a} = {b}", "ne": "{a} ≠ {b}", "lt": "{a} < {b}", "le": "{a} ≤ {b}",
    "gt": "{a} > {b}", "ge": "{a} ≥ {b}", "relu": "max({x}, 0)", "sigmoid": "1 / (1 + exp(-{x}))",
    "reciprocal": "1 / {x}", "where": "{a} if {condition} else {b}", "maximum": "max({a}, {b})",
    "minimum": "min({a}, {b})", "alias": "{x}", "clone": "{x}", "to": "{x}", "copy": "{value}",
    "masked_fill": "{value} if {mask} else {x}", "kept": "{x} if {mask} else 0",
}  # fmt: skip

# gradients of the inputs, where the rule is more than an expression of elements
SLOPES = {
    "to": ("{g}",), "conj": ("{g}",), "real": ("{g}",), "floor": ("0",), "ceil": ("0",),
    "round": ("0",), "trunc": ("0",), "sign": ("0",), "zeros_like": ("0",),
    "abs": ("{g} · sign({x})",), "kept": ("{g} if {mask} else 0",),
    "clamp": ("{g} if {low} ≤ {x} ≤ {high} else 0",),
    "maximum": ("{g} · ([{a} > {b}] + [{a} = {b}] / 2)", "{g} · ([{b} > {a}] + [{a} = {b}] / 2)"),
    "minimum": ("{g} · ([{a} < {b}] + [{a} = {b}] / 2)", "{g} · ([{b} < {a}] + [{a} = {b}] / 2)"),
    "pow": ("{g} · {b} · {a} ^ ({b} - 1)", "{g} · {a} ^ {b} · log({a})"),
}  # fmt: skip


def element(x: Any, letters: str = "*", flat: bool = False) -> Any:
    """A place for an element of ``x``; a number is its text."""
    if not isinstance(x, Value):
        return number_text(x)
    made: dict[str, Any] = {"v": x, "i": letters}
    if flat:
        made["flat"] = 1
    return made


def filled(text: str, values: Mapping[str, Any]) -> list[Any]:
    """``text`` with an element in place of each ``{name}``."""
    tokens: list[Any] = []
    for before, name, _, _ in string.Formatter().parse(text):
        if before:
            tokens.append(before)
        if name is not None:
            tokens.append(element(values.get(name)))
    return tokens


def _fields(text: str) -> list[str]:
    return [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]


def names_and_inputs(step: Step) -> dict[str, Any]:
    """The inputs and parameters of an operation by name."""
    primitive = step.primitive
    if primitive.variadic:
        return dict(zip(primitive.params, step.params, strict=False))
    names = (*primitive.inputs, *primitive.params)
    return dict(zip(names, (*step.inputs, *step.params), strict=False))


def letters_of(value: Value, dim: Any, keepdim: bool) -> tuple[str, str, str]:
    """The letters of a value, of its reduction over ``dim``, and those that are reduced."""
    letters = string.ascii_letters[: len(value.shape)]
    if dim is None:
        dims = set(range(len(letters)))
    else:
        dims = {d % max(len(letters), 1) for d in (dim if isinstance(dim, tuple) else (dim,))}
    rest = "".join(
        ("1" if keepdim else "") if k in dims else letter for k, letter in enumerate(letters)
    )
    return letters, rest, "".join(letter for k, letter in enumerate(letters) if k in dims)


def forward_template(step: Step) -> Template | None:
    """How an element of an operation's result follows from those of its inputs."""
    primitive = step.primitive
    if primitive is None or not step.outputs:
        return None
    values = names_and_inputs(step)
    name, traits = primitive.name, primitive.traits
    special: Template | None = SPECIAL[name][0](step, values) if name in SPECIAL else None
    if special is not None:
        return special
    if primitive.view and len(step.outputs) == 1:
        return moved(step)
    if "elementwise" in traits and len(step.outputs) == 1:
        if name in INFIX:
            return {"to": "*", "t": filled(INFIX[name], values)}
        written: list[Any] = [f"{name}("]
        for k, x in enumerate(values.values()):
            written += [", "] * bool(k) + [element(x)]
        return {"to": "*", "t": [*written, ")"]}
    return None


def gradient_values(step: Step) -> dict[str, Any]:
    """What the parameters of the rules stand for: ``g``, results, inputs, parameters, shapes."""
    primitive, of = step.primitive, step.of
    values: dict[str, Any] = {"g": step.inputs[0] if step.inputs else None}
    if of is not None and primitive is not None:
        if of.inputs and of.primitive is primitive:
            values.update(names_and_inputs(of))
        values.update(zip(primitive.outputs, of.outputs, strict=False))
        values.update(dict(of.saved))
        for name, x in list(values.items()):
            if isinstance(x, Value) and name != "g":
                values[f"{name}_shape"] = x.shape
    return values | dict(step.saved)


def gradient_template(step: Step, argument: int) -> Template | None:
    """How an element of the gradient of an input follows from the incoming one."""
    primitive = step.primitive
    if primitive is None or step.of is None or not step.inputs:
        return None
    values = gradient_values(step)
    name = primitive.name
    if name in SPECIAL and len(SPECIAL[name]) > 1 + argument:
        make = SPECIAL[name][1 + argument]
        found: Template | None = None if make is None else make(step, values)
        return found
    if primitive.view and len(step.of.outputs) == 1:
        return moved_back(step)
    if "elementwise" not in primitive.traits or primitive.joint is not None:
        return None
    slopes = SLOPES.get(name, ())
    if argument < len(slopes) and all(values.get(n) is not None for n in _fields(slopes[argument])):
        return {"to": "*", "t": filled(slopes[argument], values)}
    function = primitive.rules[argument] if argument < len(primitive.rules) else None
    rule = None if function is None else rule_of(function)
    if rule is None or not rule.body:
        return None
    x = step.of.inputs[argument] if argument < len(step.of.inputs) else None
    if isinstance(x, Value):
        values["shape"] = x.shape
    return expression(rule.body, {n: values[n] for n in rule.parameters if n in values})


def expression(body: str, values: Mapping[str, Any]) -> Template | None:
    """An expression with elements in place of the names of ``values``."""
    text = " ".join(body.split())
    try:
        tree = ast.parse(f"({text})", mode="eval")
    except SyntaxError:
        return None
    called = {node.func for node in ast.walk(tree) if isinstance(node, ast.Call)}
    owners = {node.value for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Name)
        and node.id in values
        and node not in called
        and node not in owners
    ]
    tokens: list[Any] = []
    done = 0
    data = text.encode()
    for node in sorted(names, key=lambda node: node.col_offset):
        start = node.col_offset - 1
        tokens += [data[done:start].decode(), element(values[node.id])]
        done = start + len(node.id)
    tokens.append(data[done:].decode())
    return {"to": "*", "t": [token for token in tokens if token != ""]}


def moved(step: Step) -> Template | None:
    """A view: where in its input each element lies."""
    places = _places(step)
    x = step.inputs[0]
    return None if places is None else {"to": "*", "map": places, "t": [{"v": x, "i": "map"}]}


def moved_back(step: Step) -> Template | None:
    """The gradient of a view: where each element comes from, -1 where it is zero."""
    assert step.of is not None
    places = _places(step.of)
    if places is None:
        return None
    x = step.of.inputs[0]
    flat = places.reshape(-1)
    if len(np.unique(flat)) < flat.size:  # some came by several ways
        return None
    back = np.full(x.size, -1)
    back[flat] = np.arange(flat.size, dtype=np.int64)
    return {"to": "*", "map": back, "t": [{"v": step.inputs[0], "i": "map"}]}


def _places(step: Step) -> Any:
    x = step.inputs[0] if step.inputs else None
    if not isinstance(x, Value) or not 0 < x.size <= WHOLE:
        return None
    try:
        made = step.primitive.kernel(
            np.arange(x.size, dtype=np.int64).reshape(x.shape), *step.params
        )
    except Exception:  # numbers of another kind than the kernel takes, as of a complex view
        return None
    known = isinstance(made, np.ndarray) and made.dtype.kind == "i"
    return made if known and made.shape == step.outputs[0].shape else None


# --- operations that mix elements ----------------------------------------------------------------


def each(tokens: list[Any], over: str) -> Any:
    return {"each": tokens, "over": over}


def product(
    a: str, b: str, to: str, over: str, letters: tuple[str, str], flat: bool = False
) -> Callable[[Step, dict[str, Any]], Template | None]:
    """A sum of products: of matrices, and of those in their gradients."""

    def make(step: Step, values: dict[str, Any]) -> Template | None:
        x, y = values.get(a), values.get(b)
        if not (isinstance(x, Value) and isinstance(y, Value)):
            return None
        if min(len(x.shape), len(y.shape)) < 2:
            return None
        if not flat and len(x.shape) < len(y.shape) == len(letters[1]):
            return None
        first, second = ("…" + each for each in letters)
        terms = [
            element(x, letters[0] if flat else first, flat), " · ",
            element(y, letters[1] if flat else second, flat),
        ]  # fmt: skip
        made: list[Any] = [each(terms, over)]
        if isinstance(values.get("bias"), Value) and step.kind != "gradient":
            made += [" + ", element(values["bias"], to[-1])]
        return {"to": to if flat else "…" + to, "t": made}

    return make


def _matmul_right(step: Step, values: dict[str, Any]) -> Template | None:
    a, b = values.get("a"), step.of.inputs[1] if step.of and len(step.of.inputs) > 1 else None
    if isinstance(a, Value) and isinstance(b, Value) and len(b.shape) == 2 < len(a.shape):
        return product("g", "a", "kj", "i", ("ij", "ik"), True)(step, values)
    return product("g", "a", "kj", "i", ("ij", "ik"))(step, values)


def _bias(step: Step, values: dict[str, Any]) -> Template | None:
    g = values["g"]
    return {"to": "j", "t": [each([element(g, "ij", True)], "i")]} if len(g.shape) > 1 else None


def _reduced(step: Step, values: dict[str, Any]) -> Template | None:
    x, dim = values.get("x"), values.get("dim")
    if not isinstance(x, Value):
        return None
    letters, rest, over = letters_of(x, dim, bool(values.get("keepdim")))
    tokens: list[Any] = [each([element(x, letters)], over)]
    if step.primitive.name == "mean":
        count = x.size // max(step.outputs[0].size, 1)
        tokens = ["(", *tokens, f") / {count}"]
    return {"to": rest, "t": tokens}


def _spread(step: Step, values: dict[str, Any]) -> Template | None:
    x = step.of.inputs[0] if step.of is not None and step.of.inputs else None
    if not isinstance(x, Value) or not isinstance(values["g"], Value):
        return None
    letters, rest, _ = letters_of(x, values.get("dim"), bool(values.get("keepdim")))
    tokens: list[Any] = [element(values["g"], rest)]
    if step.primitive.name == "mean":
        tokens.append(f" / {x.size // max(values['g'].size, 1)}")
    return {"to": letters, "t": tokens}


def _softmax(step: Step, values: dict[str, Any]) -> Template | None:
    x, letters, other, dim = _row(values.get("x"), values.get("dim"))
    if x is None:
        return None
    total = each(["exp(", element(x, other), ")"], dim)
    if step.primitive.name == "log_softmax":
        return {"to": letters, "t": [element(x, letters), " - log(", total, ")"]}
    return {"to": letters, "t": ["exp(", element(x, letters), ") / (", total, ")"]}


def _softmax_back(step: Step, values: dict[str, Any]) -> Template | None:
    out, letters, other, dim = _row(values.get("out"), values.get("dim"))
    g = values["g"]
    if out is None:
        return None
    if step.primitive.name == "log_softmax":
        total = each([element(g, other)], dim)
        tokens = [element(g, letters), " - exp(", element(out, letters), ") · (", total, ")"]
        return {"to": letters, "t": tokens}
    total = each([element(g, other), " · ", element(out, other)], dim)
    tokens = [element(out, letters), " · (", element(g, letters), " - (", total, "))"]
    return {"to": letters, "t": tokens}


def _row(x: Any, dim: Any) -> tuple[Any, str, str, str]:
    """A value, its letters, those of its row along ``dim``, and the letter that runs in it."""
    if not isinstance(x, Value) or not isinstance(dim, int) or not x.shape:
        return None, "", "", ""
    letters = string.ascii_letters[: len(x.shape)]
    k = dim % len(letters)
    return x, letters, f"{letters[:k]}z{letters[k + 1 :]}", "z"


def _cross_entropy(step: Step, values: dict[str, Any]) -> Template | None:
    """Of class numbers, their mean, without weights."""
    p, target, g, x = (values.get(n) for n in ("probabilities", "target", "g", "x"))
    plain = values.get("weight") is None and values.get("reduction") == "mean"
    if not isinstance(p, Value) or not isinstance(target, Value) or values.get("smoothing"):
        return None
    if not plain or len(p.shape) != 2 or not isinstance(x, Value) or p.shape != x.shape:
        return None
    if target.array is None or (target.array == values.get("ignore")).any():
        return None
    tokens = ["(", element(p, "ij"), " - [", {"index": "j"}, " = ", element(target, "i"), "]) · "]
    return {"to": "ij", "t": [*tokens, element(g, ""), f" / {target.size}"]}


def _squares(step: Step, values: dict[str, Any]) -> Template | None:
    x, target = values.get("x"), values.get("target")
    if not isinstance(x, Value) or not isinstance(target, Value) or x.shape != target.shape:
        return None
    letters = string.ascii_letters[: len(x.shape)]
    terms = ["(", element(x, letters), " - ", element(target, letters), ")²"]
    tokens: list[Any] = [each(terms, letters)]
    return {"to": "", "t": ["(", *tokens, f") / {x.size}"] if values.get("mean") else tokens}


def _squares_back(sign: str) -> Callable[[Step, dict[str, Any]], Template | None]:
    def make(step: Step, values: dict[str, Any]) -> Template | None:
        d = values.get("difference")
        if not isinstance(d, Value):
            return None
        share = f" / {d.size}" if values.get("mean") else ""
        return {"to": "*", "t": [f"{sign}2 · ", element(d), " · ", element(values["g"]), share]}

    return make


# forward, then the gradient of each input
SPECIAL: dict[str, tuple[Any, ...]] = {
    "matmul": (
        product("a", "b", "ij", "k", ("ik", "kj")),
        product("g", "b", "ik", "j", ("ij", "kj")),
        _matmul_right,
    ),
    "linear": (
        product("x", "weight", "ij", "k", ("ik", "jk")),
        product("g", "weight", "ik", "j", ("ij", "jk")),
        product("g", "x", "jk", "i", ("ij", "ik"), True),
        _bias,
    ),
    "sum": (_reduced, _spread),
    "mean": (_reduced, _spread),
    "softmax": (_softmax, _softmax_back),
    "log_softmax": (_softmax, _softmax_back),
    "cross_entropy": (lambda step, values: None, _cross_entropy),
    "mse_loss": (_squares, _squares_back(""), _squares_back("-")),
}
