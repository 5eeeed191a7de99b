"""What an operator takes and gives: ``scale(Tensor x, float by=1.0, *, int? n) -> Tensor``."""

from __future__ import annotations

import inspect
import re
import types
import typing
from ast import literal_eval
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from .._tensor.tensor import Tensor
from .._types.device import device
from .._types.dtype import dtype

__all__ = ["Argument", "Schema", "bind", "infer", "parse"]

ARGUMENT = re.compile(
    r"(?P<type>[\w.]+(?:\(\w+!?\))?(?:\[\d*\]|\?)*) +(?P<name>\w+)(?:=(?P<default>.*))?"
)
SIGNATURE = re.compile(
    r"(?P<name>[\w:]*)\.?(?P<overload>\w*)\((?P<given>.*)\) *-> *(?P<made>.*)", re.S
)
NAMES = {  # of annotations that an operator may have
    Tensor: "Tensor", int: "SymInt", float: "float", bool: "bool", str: "str",
    int | float | bool: "Scalar", dtype: "ScalarType", device: "Device",
}  # fmt: skip
KINDS: dict[str, tuple[type, ...]] = {
    "Tensor": (Tensor,), "int": (int,), "SymInt": (int,), "float": (int, float), "bool": (bool,),
    "str": (str,), "Scalar": (int, float, bool, complex), "complex": (int, float, complex),
}  # fmt: skip
WORDS = {"None": None, "True": True, "False": False}


@dataclass(frozen=True)
class Argument:
    """One argument: its type without the mark of a mutation, ``Tensor(a0!)``."""

    name: str
    type: str
    default_value: Any = inspect.Parameter.empty
    kwarg_only: bool = False
    is_write: bool = False
    alias: str = ""

    def __str__(self) -> str:
        base, rest = re.fullmatch(r"(\w+)(.*)", self.type).groups()  # type: ignore[union-attr]  # the pattern matches any text
        text = f"{base}{self.alias}{rest} {self.name}".rstrip()
        if self.has_default_value():
            value = self.default_value
            text += f'="{value}"' if isinstance(value, str) and self.type == "str" else f"={value}"
        return text

    def has_default_value(self) -> bool:
        """Whether a call may leave it out."""
        return self.default_value is not inspect.Parameter.empty


@dataclass(frozen=True)
class Schema:
    """Name, arguments and returns of an operator; prints as PyTorch writes it."""

    name: str
    overload_name: str
    arguments: tuple[Argument, ...]
    returns: tuple[str, ...]
    single: bool  # returns one value, no tuple

    def __str__(self) -> str:
        positional = [str(a) for a in self.arguments if not a.kwarg_only]
        keywords = [str(a) for a in self.arguments if a.kwarg_only]
        given = ", ".join([*positional, *(["*", *keywords] if keywords else [])])
        made = self.returns[0] if self.single else f"({', '.join(self.returns)})"
        overload = f".{self.overload_name}" if self.overload_name else ""
        return f"{self.name}{overload}({given}) -> {made}"

    @property
    def is_mutable(self) -> bool:
        """Whether an argument is written to."""
        return any(a.is_write for a in self.arguments)


def parts(text: str) -> list[str]:
    """``text`` at its commas, without those inside of brackets."""
    found = re.findall(r"(?:[^,(\[\"']|\([^)]*\)|\[[^\]]*\]|\"[^\"]*\"|'[^']*')+", text)
    return [each.strip() for each in found if each.strip()]


def parse(text: str, name: str = "") -> Schema:
    """The schema that ``text`` writes down.

    Raises:
        RuntimeError: it writes none.
    """
    match = SIGNATURE.fullmatch(text.strip())
    if match is None:
        raise RuntimeError(
            f"expected a schema such as 'f(Tensor x, int n=1) -> Tensor', got {text!r}"
        )
    arguments, keyword = [], False
    for part in parts(match["given"]):
        if part == "*":
            keyword = True
            continue
        found = ARGUMENT.fullmatch(part)
        if found is None:
            raise RuntimeError(
                f"{text!r} has an argument {part!r}; one is such as 'Tensor? x=None'"
            )
        alias = re.search(r"\(\w+!?\)", found["type"])
        mark = alias.group() if alias else ""
        plain = found["type"].replace(mark, "")
        value: Any = inspect.Parameter.empty
        if (written := found["default"]) is not None:
            try:
                value = WORDS[written] if written in WORDS else literal_eval(written)
            except (ValueError, SyntaxError):
                value = written  # the name of a dtype or layout
        arguments.append(Argument(found["name"], plain, value, keyword, "!" in mark, mark))
    made = match["made"].strip()
    single = not made.startswith("(")
    returns = [made] if single else parts(made[1:-1])
    return Schema(
        name or match["name"], match["overload"], tuple(arguments), tuple(returns), single
    )


def type_name(annotation: Any) -> str:
    """How a schema writes an annotation; '' where it cannot."""
    if annotation in NAMES:
        return NAMES[annotation]
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        if {*inner} == {int, float, bool}:
            return "Scalar"
        rest = [each for each in inner if each is not type(None)]
        name = type_name(reduce(or_, rest)) if len(rest) < len(inner) else ""
        return name and f"{name}?"
    if origin in (list, Sequence) and len(inner) == 1:
        name = type_name(inner[0])
        return name and f"{name}[]"
    return ""


def infer(function: Callable[..., Any], mutates: str | Iterable[str], name: str = "") -> str:
    """The schema of an annotated function, without its name unless one is given.

    Raises:
        ValueError: an argument or the result has no annotation, or one that a schema cannot write.
    """
    signature = inspect.signature(function)

    def fail(why: str) -> typing.NoReturn:
        raise ValueError(f"infer_schema(func): {why} Got func with signature {signature})")

    hints = typing.get_type_hints(function)
    written, words, keyword = {*mutates} if mutates != "unknown" else None, [], False
    for k, parameter in enumerate(signature.parameters.values()):
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            fail("We do not support positional-only args, varargs, or varkwargs.")
        if parameter.kind is parameter.KEYWORD_ONLY and not keyword:
            keyword = True
            words.append("*")
        if parameter.name not in hints:
            fail(f"Parameter {parameter.name} must have a type annotation.")
        kind = type_name(hints[parameter.name])
        if not kind:
            fail(
                f"Parameter {parameter.name} has unsupported type {hints[parameter.name]}. The "
                "valid types are Tensor, int, float, bool, str, Number, dtype and device, each "
                "also Optional and in a Sequence."
            )
        if written is None or parameter.name in written:
            if kind.startswith("Tensor"):
                kind = kind.replace("Tensor", f"Tensor(a{k}!)", 1)
            elif written is not None:
                fail(f"Parameter {parameter.name} is in mutates_args, but it is no Tensor.")
        default = "" if parameter.default is parameter.empty else f"={text_of(parameter.default)}"
        words.append(f"{kind} {parameter.name}{default}")
    if unknown := (written or set()) - {*signature.parameters}:
        fail(
            f"{unknown} in mutates_args were not found in the custom op's signature. mutates_args "
            "should contain the names of all args that the custom op mutates, or just the string "
            "'unknown' if you don't know."
        )
    if signature.return_annotation is signature.empty:
        fail("No return type annotation was provided. Please add one.")
    return f"{name}({', '.join(words)}) -> {returned(hints['return'], fail)}"


def returned(annotation: Any, fail: Callable[[str], typing.NoReturn]) -> str:
    if annotation in (None, type(None)):
        return "()"
    whole = typing.get_origin(annotation) is tuple
    kinds = [type_name(each) for each in (typing.get_args(annotation) if whole else [annotation])]
    if not all(kinds):
        fail(f"Return has unsupported type {annotation}.")
    return f"({', '.join(kinds)})" if whole else kinds[0]


def text_of(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    return str(value).removeprefix("torch.")


def fits(value: Any, kind: str) -> bool:
    """Whether an argument of this type may be ``value``."""
    if kind.endswith("?"):
        return value is None or fits(value, kind[:-1])
    if kind.endswith("]"):
        inner, _, count = kind.rpartition("[")
        if count != "]" and isinstance(value, int):
            return True  # int[2] stride=1
        return isinstance(value, Sequence) and all(fits(each, inner) for each in value)
    if kind in ("int", "SymInt", "float", "Scalar", "bool") and isinstance(value, Tensor):
        return value.numel() == 1 and not value.requires_grad
    if kind in ("int", "SymInt"):
        return isinstance(value, int) or hasattr(value, "__index__")
    return isinstance(value, KINDS.get(kind, object))


def bind(
    schema: Schema, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, dict[str, Any]]:
    """The positional and keyword-only arguments of a call, defaults included.

    Raises:
        RuntimeError: one is missing, unknown, given too often or of another type.
    """
    name, given = schema.name, dict(kwargs)
    positional = [a for a in schema.arguments if not a.kwarg_only]
    if len(args) > len(positional):
        raise RuntimeError(
            f"{name}() takes {len(positional)} positional argument(s) but {len(args)} was/were "
            f"given.  Declaration: {schema}"
        )
    found: dict[str, Any] = {}
    for k, argument in enumerate(schema.arguments):
        if k < len(args):
            value = args[k]
        elif argument.name in given:
            value = given.pop(argument.name)
        elif argument.has_default_value():
            found[argument.name] = argument.default_value
            continue
        else:
            raise RuntimeError(
                f"{name}() is missing value for argument '{argument.name}'. Declaration: {schema}"
            )
        if not fits(value, argument.type):
            raise RuntimeError(
                f"{name}() Expected a value of type '{argument.type.replace('SymInt', 'int')}' for "
                f"argument '{argument.name}' but instead found type '{type(value).__name__}'.\n"
                f"Position: {k}\nValue: {value}\nDeclaration: {schema}"
            )
        found[argument.name] = value
    if given:
        raise RuntimeError(
            f"Unknown keyword argument '{next(iter(given))}' for operator '{name}'. "
            f"Schema: {schema}"
        )
    return [found.pop(a.name) for a in positional], found
