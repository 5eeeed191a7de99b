"""Nested containers of tensors: dicts, lists, tuples and named tuples, flattened and built
again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

__all__ = ["broadcast_prefix", "flatten", "tree_map", "unflatten"]


class _Leaf:
    def __repr__(self) -> str:
        return "*"


LEAF = _Leaf()


def flatten(tree: Any) -> tuple[list[Any], Any]:
    """The leaves of ``tree`` in order, and its structure for ``unflatten``."""
    keys: Any
    if isinstance(tree, dict):
        children, keys = list(tree.values()), (type(tree), list(tree))
    elif isinstance(tree, tuple | list):
        children, keys = list(tree), (type(tree), None)
    else:
        return [tree], LEAF
    leaves, specs = [], []
    for child in children:
        found, spec = flatten(child)
        leaves += found
        specs.append(spec)
    return leaves, (keys, specs)


def unflatten(leaves: list[Any], spec: Any) -> Any:
    """The tree of that structure with these leaves."""
    return _build(iter(leaves), spec)


def _build(leaves: Any, spec: Any) -> Any:
    if spec is LEAF:
        return next(leaves)
    (kind, keys), specs = spec
    children = [_build(leaves, each) for each in specs]
    if keys is not None:
        pairs = zip(keys, children, strict=True)
        return OrderedDict(pairs) if issubclass(kind, OrderedDict) else dict(pairs)
    return kind(*children) if hasattr(kind, "_fields") else kind(children)


def tree_map(function: Callable[[Any], Any], tree: Any) -> Any:
    """``function`` of every leaf."""
    leaves, spec = flatten(tree)
    return unflatten([function(leaf) for leaf in leaves], spec)


def broadcast_prefix(prefix: Any, tree: Any, what: str) -> list[Any]:
    """One value of ``prefix`` per leaf of ``tree``: a value stands for all leaves below its place.

    Raises:
        ValueError: the structures do not fit.
    """
    if isinstance(tree, dict | tuple | list) and isinstance(prefix, dict | tuple | list):
        fits = len(prefix) == len(tree) and type(prefix) is type(tree)
        if not fits or (isinstance(tree, dict) and set(prefix) != set(tree)):
            raise _not_compatible(prefix, what)
        pairs = [
            (prefix[k], tree[k]) for k in (tree if isinstance(tree, dict) else range(len(tree)))
        ]
        return [value for p, t in pairs for value in broadcast_prefix(p, t, what)]
    if isinstance(prefix, dict | tuple | list):
        raise _not_compatible(prefix, what)
    return [prefix] * len(flatten(tree)[0])


def _not_compatible(prefix: Any, what: str) -> ValueError:
    values = {"in_dims": "inputs", "out_dims": "outputs"}.get(what, "values")
    return ValueError(f"{what} is not compatible with the structure of `{values}`: {prefix!r}")
