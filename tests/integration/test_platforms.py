"""No integer type of the platform: they have 32 bits in WebAssembly, and indices are int64."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import minitorch
import pytest

SOURCES = {
    path.relative_to(root).as_posix(): path
    for root in minitorch.__path__
    for path in sorted(Path(root).rglob("*.py"))
}
PLATFORMS = {
    "int_", "intc", "intp", "long", "longlong", "uint", "uintc", "uintp", "ulong", "ulonglong",
}  # fmt: skip
RANGES = {"arange", "indices"}  # of the platform's integers where no dtype is given
PLACES = {
    "argmax", "argmin", "argpartition", "argsort", "argwhere", "bincount", "digitize",
    "flatnonzero", "lexsort", "nonzero", "ravel_multi_index", "searchsorted", "unravel_index",
}  # fmt: skip
# where they only index arrays, or, bincount, sum weights
INDICES = {
    "random/streams.py": {"searchsorted"}, "kernels/memory.py": {"argsort"},
    "kernels/grid_sampler.py": {"bincount"}, "kernels/linalg.py": {"argmax"},
    "kernels/order.py": {"argmax", "argpartition"}, "kernels/permutation.py": {"flatnonzero"},
    "nn/functional/bags.py": {"argmax", "bincount", "flatnonzero", "nonzero", "searchsorted"},
    "nn/kernels/embedding.py": {"argsort", "flatnonzero"},
    "nn/kernels/resampling.py": {"argsort", "bincount", "nonzero", "searchsorted"},
    "_tensor/sparse.py": {"bincount"}, "_tensor/sparse_functions.py": {"bincount", "nonzero"},
    "compat/testing.py": {"argmax", "unravel_index"},
    "insight/values.py": {"unravel_index"}, "kernels/ldl.py": {"argmax"},
    "kernels/gamma_samples.py": {"argmax", "flatnonzero"}, "kernels/lu.py": {"argmax"},
    "kernels/binomial.py": {"flatnonzero"}, "kernels/poisson.py": {"flatnonzero"},
    "kernels/rejection.py": {"flatnonzero"},
    "kernels/sparse.py": {"argsort", "flatnonzero", "ravel_multi_index"},
    "nn/kernels/pooling.py": {"argmax"}, "ops/lu.py": {"argsort", "flatnonzero"},
    "ops/selections.py": {"argwhere"},
    "ops/choice.py": {"nonzero"}, "ops/diagonals.py": {"nonzero"},
    "ops/gathering.py": {"nonzero", "unravel_index"},
    "ops/histograms.py": {"searchsorted"}, "ops/scatter.py": {"ravel_multi_index"},
    "ops/storage.py": {"bincount"},
    "ops/sorting.py": {"searchsorted"},
}  # fmt: skip
TENSORS = {"extrema", "minitorch", "soft"}  # what they have gives tensors


def name_of(function: ast.expr) -> tuple[str, str]:
    """(owner, name) of ``owner.name``."""
    if not isinstance(function, ast.Attribute):
        return "", ""
    owner = function.value
    while isinstance(owner, ast.Attribute | ast.Call | ast.Subscript):
        owner = owner.func if isinstance(owner, ast.Call) else owner.value
    return getattr(owner, "id", ""), function.attr


# NumPy 2.0 takes no int64 in them where it counts in 32 bits: (its place in np.f(...), in x.f(...))
COUNTING = {"bincount": (0, None), "repeat": (1, 0), "take": (1, 0)}
CAST = re.compile(
    r"np\.intp|\b(counts|times|place)\b|len\(|shape|^\w$|^\d+$|^\["
)  # or plain integers
ELSEWHERE = {"along", "columns", "m", "minitorch", "reader", "self"}  # functions of ours


def uncast(tree: ast.Module) -> Iterator[str]:
    """Indices and counts that NumPy is given as int64 and may refuse."""
    tried = {
        call
        for node in ast.walk(tree)
        if isinstance(node, ast.Try)
        and "TypeError" in [ast.unparse(h.type) for h in node.handlers if h.type]
        for line in node.body
        for call in ast.walk(line)
    }
    for node in ast.walk(tree):
        owner, name = name_of(node.func) if isinstance(node, ast.Call) else ("", "")
        if name not in COUNTING or owner in ELSEWHERE or node in tried:
            continue
        place = COUNTING[name][owner != "np"]
        given = [] if place is None else node.args[place : place + 1]
        yield from (
            f"{node.lineno}: {name} of {text}"
            for text in map(ast.unparse, given)
            if not CAST.search(text)
        )


def platform_integers(tree: ast.Module, indices: set[str]) -> Iterator[str]:
    """What ``tree`` says or makes of the platform's integers."""
    numpy = any(
        isinstance(node, ast.Import) and any(each.name == "numpy" for each in node.names)
        for node in ast.walk(tree)
    )  # without it the methods are of tensors
    named = set()  # what is cast at once, to a dtype or to what NumPy counts in
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and name_of(node.func)[1] == "astype":
            named |= {node.func.value, *node.args}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in PLATFORMS and node not in named:
            if isinstance(node.value, ast.Name) and node.value.id == "np":
                yield f"{node.lineno}: np.{node.attr}"
        if not isinstance(node, ast.Call):
            continue
        owner, name = name_of(node.func)
        dtypes = [k.value for k in node.keywords if k.arg == "dtype"]
        if owner == "np" or name in ("astype", "view"):
            dtypes += node.args
        if any(isinstance(each, ast.Name) and each.id == "int" for each in dtypes):
            yield f"{node.lineno}: int as a dtype"
        if owner == "np" and name in RANGES and not any(k.arg == "dtype" for k in node.keywords):
            yield f"{node.lineno}: np.{name} without a dtype"
        if name in PLACES - indices and node not in named and owner not in TENSORS:
            if owner == "np" or (numpy and not (node.args and owner == "self")):
                yield f"{node.lineno}: {name} as it is"


@pytest.mark.parametrize("path", SOURCES)
def test_dtypes_go_by_their_names(path: str) -> None:
    tree = ast.parse(SOURCES[path].read_text())
    assert not list(platform_integers(tree, INDICES.get(path, set())))


@pytest.mark.parametrize("path", SOURCES)
def test_numpy_is_given_what_it_counts_in(path: str) -> None:
    assert not list(uncast(ast.parse(SOURCES[path].read_text())))


@pytest.mark.parametrize(
    "source", ["x.take(index, 0)", "np.take(x, index)", "np.bincount(rows)", "np.repeat(x, sizes)"]
)
def test_what_is_not_cast_is_found(source: str) -> None:
    assert list(uncast(ast.parse(source)))
    assert not list(
        uncast(
            ast.parse(
                source.replace("s)", "s.astype(np.intp))").replace("index", "index.astype(np.intp)")
            )
        )
    )


@pytest.mark.parametrize(
    "source",
    [
        "np.zeros(3, np.intp)", "x.astype(int)", "np.zeros(3, dtype=int)", "np.zeros(3, int)",
        "np.arange(3)", "np.argsort(x)", "x.argmax(0)", "np.nonzero(x)[0]", "np.int_(3)",
    ],
)  # fmt: skip
def test_they_are_found(source: str) -> None:
    assert list(platform_integers(ast.parse(f"import numpy as np\n{source}"), set()))
