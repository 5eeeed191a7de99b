"""Operations as they stand in the source: declaration, gradient rules, kernel."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

__all__ = ["Rule", "Source", "rule_of", "source_of"]

LONGEST = 24  # lines of a declaration that is shown whole


@dataclass(frozen=True)
class Source:
    """Some lines of a file."""

    filename: str
    number: int
    text: str


@dataclass(frozen=True)
class Rule:
    """A gradient rule: its source, its parameters, and where it is an expression, that."""

    source: Source
    parameters: tuple[str, ...]
    body: str = ""


@lru_cache(maxsize=64)
def _file(filename: str) -> tuple[str, ast.Module] | None:
    try:
        with open(filename, encoding="utf-8") as file:
            text = file.read()
        return text, ast.parse(text)
    except (OSError, SyntaxError, ValueError):
        return None


def _spans(node: ast.AST, line: int, column: int) -> bool:
    start, end = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0)
    if not start <= line <= end:
        return False
    if start == line and column < getattr(node, "col_offset", 0):
        return False
    return not (end == line and column >= getattr(node, "end_col_offset", 0))


def _nodes_at(tree: ast.AST, line: int, column: int) -> list[ast.AST]:
    """The nodes around a place, the outermost first."""
    found: list[ast.AST] = []
    node: ast.AST | None = tree
    while node is not None:
        inside = None
        for child in ast.iter_child_nodes(node):
            parts = [child, *getattr(child, "decorator_list", [])]
            if any(_spans(part, line, column) for part in parts):
                inside = child
                break
        if inside is not None:
            found.append(inside)
        node = inside
    return found


def _place(function: Callable[..., Any]) -> tuple[str, int, int] | None:
    """Where the body of ``function`` is."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return None
    for line, _, column, _ in code.co_positions():
        if line is not None and column is not None and (line, column) != (code.co_firstlineno, 0):
            return code.co_filename, line, column
    return code.co_filename, code.co_firstlineno, 0


@lru_cache(maxsize=1024)
def source_of(function: Callable[..., Any]) -> Source | None:
    """The source of a function, None of one that is not Python's."""
    try:
        lines, number = inspect.getsourcelines(inspect.unwrap(function))
        filename = inspect.getsourcefile(inspect.unwrap(function)) or ""
    except (OSError, TypeError):
        return None
    return Source(filename, number, textwrap.dedent("".join(lines)).rstrip())


@lru_cache(maxsize=1024)
def rule_of(function: Callable[..., Any]) -> Rule | None:
    """A gradient rule as it stands in the source; None where there is no source."""
    plain = inspect.unwrap(function)
    place, code = _place(function), getattr(plain, "__code__", None)
    if place is None or code is None:
        return None
    parameters = code.co_varnames[: code.co_argcount]
    filename, line, column = place
    file = _file(filename) if plain.__name__ == "<lambda>" else None
    if file is not None:
        for node in reversed(_nodes_at(file[1], line, column)):
            if isinstance(node, ast.Lambda):
                text = _segment(file[0], node)
                body = _segment(file[0], node.body)
                return Rule(Source(filename, node.lineno, text), parameters, body)
    source = source_of(plain)
    return None if source is None else Rule(source, parameters)


def _segment(text: str, node: Any) -> str:
    """The text of ``node``, its further lines moved to the left as the first one is."""
    found = ast.get_source_segment(text, node) or ""
    first, _, rest = found.partition("\n")
    return first + "\n" + textwrap.dedent(rest) if rest else first


@lru_cache(maxsize=1024)
def declaration_of(primitive: Any) -> Source | None:
    """The call of ``primitive``, ``operation`` or ``fused`` that declares an operation."""
    functions = [rule for rule in primitive.rules if rule is not None]
    declared = getattr(primitive.op, "__wrapped__", None)
    for function in (*functions, primitive.definition, declared, primitive.kernel):
        place = None if function is None else _place(function)
        file = None if place is None else _file(place[0])
        if place is None or file is None:
            continue
        filename, line, column = place
        if function is declared:
            line, column = declared.__code__.co_firstlineno, 1
        for node in _nodes_at(file[1], line, column):
            found = _declaration(file[0], node, filename, primitive.name)
            if found is not None:
                return found
        found = _by_name(file, filename, primitive)
        if found is not None:
            return found
    return None


def _declaration(text: str, node: Any, filename: str, name: str) -> Source | None:
    if isinstance(node, ast.FunctionDef):
        for decorator in node.decorator_list:
            if "operation(" in ast.unparse(decorator):
                shown = f"@{_segment(text, decorator)}\ndef {node.name}(...): ..."
                return Source(filename, decorator.lineno, shown)
        return None
    if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
        called = ast.unparse(node.value.func)
        if called.split(".")[-1] in ("primitive", "fused", "labelled"):
            shown = _segment(text, node)
            if shown.count("\n") < LONGEST:
                return Source(filename, node.lineno, shown)
    return None


def _by_name(file: tuple[str, ast.Module], filename: str, primitive: Any) -> Source | None:
    """The declaration that says this name, or has it in the name of its variable."""
    for node in file[1].body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            text = ast.unparse(node)
            if f"name='{primitive.name}'" in text or text.startswith(f"{primitive.name}_p"):
                found = _declaration(file[0], node, filename, primitive.name)
                if found is not None:
                    return found
    return None
