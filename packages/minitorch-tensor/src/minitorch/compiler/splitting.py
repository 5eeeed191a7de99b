"""A function in two parts: what comes before a statement is a function of its own.

Where what a function does cannot be a program from some statement on, what comes before that can.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable, Iterator
from types import CellType, CodeType, FunctionType, MethodType
from typing import Any

__all__ = ["parts", "split"]

LOOKING = {"__class__", "dir", "eval", "exec", "locals", "super", "vars"}  # at all local variables
UNSPLIT = (ast.Await, ast.Delete, ast.Global, ast.Nonlocal, ast.Yield, ast.YieldFrom)
LATER = (
    ast.ClassDef,
    ast.FunctionDef,
    ast.GeneratorExp,
    ast.Lambda,
)  # what runs later than it is met
NAMING = (ast.FunctionDef, ast.ClassDef, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)
PREFIX = "what_comes_before"
FLAGS = 0xFFF0000  # of code: the __future__ statements it was compiled under


def split(
    function: Callable[..., Any], line: int, compiled: Callable[[Any], Any]
) -> tuple[Callable[..., Any], Any] | None:
    """The function, with ``compiled(before)`` in place of what comes before the statement at
    ``line``, and that; None where it cannot be told apart.

    ``before`` takes the function's arguments, and returns the local variables that are used later.
    """
    if isinstance(function, MethodType):
        made = split(function.__func__, line, compiled)
        return made and (MethodType(made[0], function.__self__), made[1])
    if type(function) is not FunctionType:
        return None
    definition = _definition(function.__code__)
    if definition is None:
        return None
    body = definition.body
    first = next((k for k, each in enumerate(body) if each.lineno <= line <= _end(each)), 0)
    names = _used_later(definition, first)
    if names is None:
        return None
    parameters = _parameters(definition)
    targets = ast.Tuple([ast.Name(name, ast.Store()) for name in names], ast.Store())
    values = ast.Tuple([ast.Name(name, ast.Load()) for name in names], ast.Load())
    given: list[ast.expr] = [ast.Name(name, ast.Load()) for name in parameters]
    call = ast.Call(ast.Name(PREFIX, ast.Load()), given, [])
    statement: ast.stmt = ast.Assign([targets], call) if names else ast.Expr(call)
    plain = ast.arguments([], [ast.arg(name) for name in parameters], None, [], [], None, [])
    part = _with_body(definition, plain, [*body[:first], ast.Return(values)])
    before = compiled(_function(part, function, {}))
    rest = _with_body(
        definition, definition.args, [ast.copy_location(statement, body[first]), *body[first:]]
    )
    return _function(rest, function, {PREFIX: CellType(before)}), before


def parts(function: Callable[..., Any]) -> tuple[Any, ...]:
    """What a function is made of, and of which a split one has what it was then."""
    plain: Any = getattr(function, "__func__", function)
    return plain.__code__, plain.__defaults__, plain.__kwdefaults__


def _definition(code: CodeType) -> ast.FunctionDef | None:
    """The statement that this is the code of, as far as the file is what runs."""
    text = "".join(linecache.getlines(code.co_filename))
    try:
        tree = ast.parse(text)
        made = compile(text, code.co_filename, "exec", code.co_flags & FLAGS, dont_inherit=True)
    except SyntaxError:
        return None
    if not any(_alike(each, code) for each in _codes(made)):
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            lines = [node.lineno, *(each.lineno for each in node.decorator_list)]
            if min(lines) == code.co_firstlineno:
                return node
    return None


def _codes(code: CodeType) -> Iterator[CodeType]:
    """All code within ``code``."""
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield each
            yield from _codes(each)


def _alike(a: Any, b: Any) -> bool:
    """Whether both are the same code, or the same constant."""
    if not isinstance(a, CodeType) or not isinstance(b, CodeType):
        return type(a) is type(b) and repr(a) == repr(b)
    parts = ("co_firstlineno", "co_code", "co_names", "co_varnames", "co_freevars")
    return (
        all(getattr(a, part) == getattr(b, part) for part in parts)
        and len(a.co_consts) == len(b.co_consts)
        and all(map(_alike, a.co_consts, b.co_consts))
    )


def _end(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def _parameters(definition: ast.FunctionDef) -> list[str]:
    return [node.arg for node in ast.walk(definition.args) if isinstance(node, ast.arg)]


def _used_later(definition: ast.FunctionDef, first: int) -> list[str] | None:
    """The local variables that statements before the one numbered ``first`` set and others use;
    None where that cannot be said."""
    before, after = definition.body[:first], definition.body[first:]
    nodes = [node for each in definition.body for node in ast.walk(each)]
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    private = any(
        isinstance(node, ast.Attribute) and node.attr[:2] == "__" and node.attr[-2:] != "__"
        for node in nodes
    )  # is another name within a class
    if not before or private or used & LOOKING or any(isinstance(x, UNSPLIT) for x in nodes):
        return None
    if any(isinstance(node, ast.Return) for each in before for node in ast.walk(each)):
        return None
    if any(isinstance(node, ast.keyword) and node.arg == "create_graph" for node in nodes):
        return None  # the backward pass of a program has no graph
    kept = {name for node in _walk(before) if isinstance(node, LATER) for name in _used(node)}
    if not kept.isdisjoint(name for node in _walk(after) for name in _set(node)):
        return None  # a function would see what the variable becomes
    later = {name for each in after for node in ast.walk(each) for name in _names(node)}
    maybe = {name for each in before for node in ast.walk(each) for name in _set(node)} & later
    surely = set(_parameters(definition)).union(*map(_surely_set, before))
    return sorted(maybe) if maybe <= surely else None


def _walk(statements: list[ast.stmt]) -> Iterator[ast.AST]:
    for each in statements:
        yield from ast.walk(each)


def _used(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        yield from _names(each)


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    yield from _set(node)


def _set(node: ast.AST) -> Iterator[str]:
    """The variables that a node sets."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.alias):
        yield node.asname or node.name.partition(".")[0]
    elif isinstance(node, NAMING):
        yield node.name or ""
    elif isinstance(node, ast.MatchMapping):
        yield node.rest or ""


def _surely_set(statement: ast.stmt) -> set[str]:
    """The variables that a statement sets whatever happens."""
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AugAssign | ast.AnnAssign) and statement.value is not None:
        targets = [statement.target]
    elif isinstance(statement, ast.With):
        inner = set().union(*map(_surely_set, statement.body))
        return inner.union(*(_stored(x.optional_vars) for x in statement.items if x.optional_vars))
    return set().union(*map(_stored, targets))


def _stored(target: ast.expr) -> set[str]:
    return {x.id for x in ast.walk(target) if isinstance(x, ast.Name) and type(x.ctx) is ast.Store}


def _with_body(
    definition: ast.FunctionDef, arguments: ast.arguments, body: list[ast.stmt]
) -> ast.FunctionDef:
    made = ast.FunctionDef(definition.name, arguments, body, [], None)
    return ast.copy_location(made, definition)


def _compiled(definition: ast.FunctionDef, code: CodeType, *outside: str) -> CodeType:
    """The code of a definition that stands where ``code`` does, within a function that has its free
    variables and those ``outside``."""
    bare = ast.FunctionDef(definition.name, definition.args, definition.body, [], None)
    free = [ast.arg(name) for name in (*code.co_freevars, *outside)]
    around = ast.arguments([], free, None, [], [], None, [])
    outer = ast.FunctionDef("around", around, [ast.copy_location(bare, definition)], [], None)
    if hasattr(ast, "TypeAlias"):  # Python 3.12: definitions have parameters of types
        bare.type_params = outer.type_params = []  # type: ignore[attr-defined]
    module = ast.fix_missing_locations(ast.Module([outer], []))
    flags = code.co_flags & FLAGS
    made = compile(module, code.co_filename, "exec", flags=flags, dont_inherit=True)
    (outer_code,) = (each for each in made.co_consts if isinstance(each, CodeType))
    return next(
        each
        for each in outer_code.co_consts
        if isinstance(each, CodeType) and each.co_name == definition.name
    )


def _function(
    definition: ast.FunctionDef, like: FunctionType, cells: dict[str, CellType]
) -> FunctionType:
    """The function of a definition, with the globals, the free variables and the defaults of
    ``like``."""
    code = _compiled(definition, like.__code__, *cells)
    cells |= dict(zip(like.__code__.co_freevars, like.__closure__ or (), strict=True))
    closure = tuple(cells[name] for name in code.co_freevars)
    made = FunctionType(code, like.__globals__, like.__name__, like.__defaults__, closure)
    made.__kwdefaults__ = like.__kwdefaults__
    return made
