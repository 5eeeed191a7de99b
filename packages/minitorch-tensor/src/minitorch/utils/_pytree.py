"""Trees of containers, flattened to a list of leaves and built again, with PyTorch's names.

``func.pytree`` is what the transforms use: it knows Python's own containers. Here any class can be
registered, leaves have paths (``keystr``), and structures compare, print and become text.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

__all__ = [
    "Context",
    "DumpableContext",
    "FlattenFunc",
    "FlattenWithKeysFunc",
    "FromDumpableContextFn",
    "GetAttrKey",
    "KeyEntry",
    "KeyPath",
    "LeafSpec",
    "MappingKey",
    "PyTree",
    "SequenceKey",
    "ToDumpableContextFn",
    "TreeSpec",
    "UnflattenFunc",
    "key_get",
    "keystr",
    "register_pytree_node",
    "tree_all",
    "tree_all_only",
    "tree_any",
    "tree_any_only",
    "tree_flatten",
    "tree_flatten_with_path",
    "tree_iter",
    "tree_leaves",
    "tree_leaves_with_path",
    "tree_map",
    "tree_map_",
    "tree_map_only",
    "tree_map_only_",
    "tree_map_with_path",
    "tree_structure",
    "tree_unflatten",
    "treespec_dumps",
    "treespec_loads",
    "treespec_pprint",
]  # fmt: skip

PyTree = Any
Context = Any
DumpableContext = Any
KeyEntry = Any
KeyPath = tuple[KeyEntry, ...]
FlattenFunc = Callable[[PyTree], tuple[list[Any], Context]]
UnflattenFunc = Callable[[Iterable[Any], Context], PyTree]
FlattenWithKeysFunc = Callable[[PyTree], tuple[list[tuple[KeyEntry, Any]], Context]]
ToDumpableContextFn = Callable[[Context], DumpableContext]
FromDumpableContextFn = Callable[[DumpableContext], Context]


@dataclass(frozen=True)
class SequenceKey:
    """The place of a child in a list, tuple or deque."""

    idx: int

    def __str__(self) -> str:
        return f"[{self.idx!r}]"

    def get(self, sequence: Any) -> Any:
        return sequence[self.idx]


@dataclass(frozen=True)
class MappingKey:
    """The key of a child in a dict."""

    key: Any

    def __str__(self) -> str:
        return f"[{self.key!r}]"

    def get(self, mapping: Any) -> Any:
        return mapping[self.key]


@dataclass(frozen=True)
class GetAttrKey:
    """The attribute under which an object has a child."""

    name: str

    def __str__(self) -> str:
        return f".{self.name}"

    def get(self, obj: Any) -> Any:
        return getattr(obj, self.name)


class NodeDef(NamedTuple):
    """How a class of containers is taken apart and built again."""

    type: type[Any]
    flatten_fn: FlattenFunc
    unflatten_fn: UnflattenFunc
    flatten_with_keys_fn: FlattenWithKeysFunc | None


class Serialized(NamedTuple):
    """How a class of containers and its context are written as text."""

    name: str
    to_dumpable: ToDumpableContextFn | None
    from_dumpable: FromDumpableContextFn | None


SUPPORTED_NODES: dict[type[Any], NodeDef] = {}
SERIALIZED: dict[type[Any], Serialized] = {}


def register_pytree_node(
    cls: type[Any],
    flatten_fn: FlattenFunc,
    unflatten_fn: UnflattenFunc,
    *,
    serialized_type_name: str | None = None,
    to_dumpable_context: ToDumpableContextFn | None = None,
    from_dumpable_context: FromDumpableContextFn | None = None,
    flatten_with_keys_fn: FlattenWithKeysFunc | None = None,
) -> None:
    """Makes the instances of ``cls`` nodes of trees.

    Args:
        flatten_fn: ``(children, context)`` of an instance.
        unflatten_fn: the instance of ``children`` and ``context``.
        flatten_with_keys_fn: as ``flatten_fn``, with a key for each child.

    Raises:
        ValueError: ``cls`` is registered already, or one of the two dumpable functions is missing.
    """
    if cls in SUPPORTED_NODES:
        raise ValueError(f"{cls} is already registered as pytree node.")
    if (to_dumpable_context is None) != (from_dumpable_context is None):
        raise ValueError(
            f"Both to_dumpable_context and from_dumpable_context for {cls} must be None or "
            "registered."
        )
    SUPPORTED_NODES[cls] = NodeDef(cls, flatten_fn, unflatten_fn, flatten_with_keys_fn)
    name = serialized_type_name or f"{cls.__module__}.{cls.__qualname__}"
    SERIALIZED[cls] = Serialized(name, to_dumpable_context, from_dumpable_context)


_register_pytree_node = register_pytree_node


# --- Python's containers ----------------------------------------------------------------------


def _sequence_with_keys(x: Any) -> tuple[list[Any], Context]:
    return [(SequenceKey(k), v) for k, v in enumerate(x)], None


def _dict_flatten(d: Any) -> tuple[list[Any], Context]:
    return list(d.values()), list(d)


def _dict_flatten_with_keys(d: Any) -> tuple[list[Any], Context]:
    return [(MappingKey(k), v) for k, v in d.items()], list(d)


def _dict_unflatten(values: Iterable[Any], context: Context) -> dict[Any, Any]:
    return dict(zip(context, values, strict=True))


def _defaultdict_flatten(d: Any) -> tuple[list[Any], Context]:
    return list(d.values()), [d.default_factory, list(d)]


def _defaultdict_unflatten(values: Iterable[Any], context: Context) -> Any:
    factory, keys = context
    return defaultdict(factory, zip(keys, values, strict=True))


def _named_with_keys(x: Any) -> tuple[list[Any], Context]:
    return [(GetAttrKey(name), v) for name, v in zip(x._fields, x, strict=True)], type(x)


register_pytree_node(
    tuple,
    lambda x: (list(x), None),
    lambda c, _: tuple(c),
    flatten_with_keys_fn=_sequence_with_keys,
)
register_pytree_node(
    list, lambda x: (list(x), None), lambda c, _: list(c), flatten_with_keys_fn=_sequence_with_keys
)
register_pytree_node(
    dict, _dict_flatten, _dict_unflatten, flatten_with_keys_fn=_dict_flatten_with_keys
)
register_pytree_node(
    OrderedDict,
    _dict_flatten,
    lambda values, keys: OrderedDict(zip(keys, values, strict=True)),
    flatten_with_keys_fn=_dict_flatten_with_keys,
)
register_pytree_node(
    defaultdict,
    _defaultdict_flatten,
    _defaultdict_unflatten,
    flatten_with_keys_fn=lambda d: (_dict_flatten_with_keys(d)[0], _defaultdict_flatten(d)[1]),
)
register_pytree_node(
    deque,
    lambda x: (list(x), x.maxlen),
    lambda children, maxlen: deque(children, maxlen=maxlen),
    flatten_with_keys_fn=lambda x: (_sequence_with_keys(x)[0], x.maxlen),
)
register_pytree_node(
    namedtuple,  # type: ignore[arg-type]  # stands for all of them
    lambda x: (list(x), type(x)),
    lambda children, kind: kind(*children),
    flatten_with_keys_fn=_named_with_keys,
)


def _is_named_tuple(x: Any) -> bool:
    return isinstance(x, tuple) and hasattr(x, "_fields")


def _get_node_type(tree: Any) -> Any:
    """What ``tree`` is registered as: its class, or ``namedtuple``."""
    kind = type(tree)
    if kind not in SUPPORTED_NODES and _is_named_tuple(tree):
        return namedtuple
    return kind


def _is_leaf(tree: Any, is_leaf: Callable[[PyTree], bool] | None = None) -> bool:
    return (is_leaf is not None and is_leaf(tree)) or _get_node_type(tree) not in SUPPORTED_NODES


# --- structures -------------------------------------------------------------------------------


@dataclass(frozen=True)
class TreeSpec:
    """The structure of a tree: a class of containers, its context, the children's structures."""

    type: Any
    context: Context
    children_specs: list[TreeSpec] = field(default_factory=list)

    @property
    def num_children(self) -> int:
        return len(self.children_specs)

    @property
    def num_leaves(self) -> int:
        return sum(child.num_leaves for child in self.children_specs)

    @property
    def num_nodes(self) -> int:
        return 1 + sum(child.num_nodes for child in self.children_specs)

    def is_leaf(self) -> bool:
        return self.type is None

    def children(self) -> list[TreeSpec]:
        return list(self.children_specs)

    def child(self, index: int) -> TreeSpec:
        return self.children_specs[index]

    def unflatten(self, leaves: Iterable[Any]) -> PyTree:
        """The tree of this structure with these leaves.

        Raises:
            ValueError: there are more or fewer leaves than places.
        """
        leaves = list(leaves)
        if len(leaves) != self.num_leaves:
            raise ValueError(
                f"treespec.unflatten(leaves): `leaves` has length {len(leaves)} but the spec "
                f"refers to a pytree that holds {self.num_leaves} items ({self})."
            )
        return self._build(iter(leaves))

    def _build(self, leaves: Any) -> PyTree:
        if self.is_leaf():
            return next(leaves)
        children = [child._build(leaves) for child in self.children_specs]
        return SUPPORTED_NODES[self.type].unflatten_fn(children, self.context)

    def flatten_up_to(self, tree: PyTree) -> list[PyTree]:
        """The subtrees of ``tree`` at the places of this structure's leaves.

        Raises:
            ValueError: ``tree`` does not begin with this structure.
        """
        if self.is_leaf():
            return [tree]
        kind = _get_node_type(tree)
        if kind != self.type:
            raise ValueError(f"Type mismatch: expected {self.type!r}, but got {kind!r}.")
        children, _ = SUPPORTED_NODES[kind].flatten_fn(tree)
        if len(children) != self.num_children:
            raise ValueError(
                f"Node arity mismatch: expected {self.num_children}, but got {len(children)}."
            )
        pairs = zip(self.children_specs, children, strict=True)
        return [leaf for spec, child in pairs for leaf in spec.flatten_up_to(child)]

    def __hash__(self) -> int:
        return hash((self.type, str(self.context), tuple(map(hash, self.children_specs))))

    def __repr__(self) -> str:
        if self.is_leaf():
            return "*"
        children = ", ".join(map(repr, self.children_specs))
        return f"TreeSpec({self.type.__name__}, {self.context!r}, [{children}])"

    __str__ = __repr__


class LeafSpec(TreeSpec):
    """The structure of a leaf."""

    def __init__(self) -> None:
        super().__init__(None, None, [])

    @property
    def num_leaves(self) -> int:
        return 1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LeafSpec)

    __hash__ = TreeSpec.__hash__


LEAF = LeafSpec()


# --- flatten, map -----------------------------------------------------------------------------


def tree_flatten(
    tree: PyTree, is_leaf: Callable[[PyTree], bool] | None = None
) -> tuple[list[Any], TreeSpec]:
    """The leaves of ``tree`` in order, and its structure.

    Example:
        >>> leaves, spec = tree_flatten({"a": 1, "b": (2, [3])})
        >>> leaves
        [1, 2, 3]
        >>> tree_unflatten([10, 20, 30], spec)
        {'a': 10, 'b': (20, [30])}
    """
    leaves: list[Any] = []

    def structure(node: PyTree) -> TreeSpec:
        if _is_leaf(node, is_leaf):
            leaves.append(node)
            return LEAF
        kind = _get_node_type(node)
        children, context = SUPPORTED_NODES[kind].flatten_fn(node)
        return TreeSpec(kind, context, [structure(child) for child in children])

    spec = structure(tree)
    return leaves, spec


def tree_unflatten(leaves: Iterable[Any], treespec: TreeSpec) -> PyTree:
    """The tree of that structure with these leaves."""
    if not isinstance(treespec, TreeSpec):
        raise TypeError(f"expected `treespec` to be a TreeSpec, but got {type(treespec)}")
    return treespec.unflatten(leaves)


def tree_iter(tree: PyTree, is_leaf: Callable[[PyTree], bool] | None = None) -> Iterable[Any]:
    """The leaves, one by one."""
    return iter(tree_leaves(tree, is_leaf))


def tree_leaves(tree: PyTree, is_leaf: Callable[[PyTree], bool] | None = None) -> list[Any]:
    """The leaves in order."""
    return tree_flatten(tree, is_leaf)[0]


def tree_structure(tree: PyTree, is_leaf: Callable[[PyTree], bool] | None = None) -> TreeSpec:
    """The structure."""
    return tree_flatten(tree, is_leaf)[1]


def tree_map(
    func: Callable[..., Any],
    tree: PyTree,
    *rests: PyTree,
    is_leaf: Callable[[PyTree], bool] | None = None,
) -> PyTree:
    """``func`` of every leaf, and of what stands in its place in the other trees."""
    leaves, spec = tree_flatten(tree, is_leaf)
    lists = [leaves, *(spec.flatten_up_to(rest) for rest in rests)]
    return spec.unflatten(map(func, *lists))


def tree_map_(
    func: Callable[..., Any],
    tree: PyTree,
    *rests: PyTree,
    is_leaf: Callable[[PyTree], bool] | None = None,
) -> PyTree:
    """``tree`` itself, after ``func`` was called with every leaf."""
    tree_map(func, tree, *rests, is_leaf=is_leaf)
    return tree


def map_only(kind: Any, /) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Lets a function leave alone what is not of that class (or fails that predicate)."""
    wanted = kind if callable(kind) and not isinstance(kind, type) else None

    def decorate(func: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def apply(x: Any) -> Any:
            return func(x) if (wanted(x) if wanted else isinstance(x, kind)) else x

        return apply

    return decorate


def tree_map_only(
    kind: Any,
    /,
    func: Callable[[Any], Any],
    tree: PyTree,
    is_leaf: Callable[[PyTree], bool] | None = None,
) -> PyTree:
    """``func`` of the leaves of that class (or classes, or that fulfil the predicate)."""
    return tree_map(map_only(kind)(func), tree, is_leaf=is_leaf)


def tree_map_only_(
    kind: Any,
    /,
    func: Callable[[Any], Any],
    tree: PyTree,
    is_leaf: Callable[[PyTree], bool] | None = None,
) -> PyTree:
    """``tree`` itself, after ``func`` was called with the leaves of that class."""
    return tree_map_(map_only(kind)(func), tree, is_leaf=is_leaf)


def tree_all(
    pred: Callable[[Any], bool], tree: PyTree, is_leaf: Callable[[PyTree], bool] | None = None
) -> bool:
    """Whether ``pred`` holds for all leaves."""
    return all(map(pred, tree_iter(tree, is_leaf)))


def tree_any(
    pred: Callable[[Any], bool], tree: PyTree, is_leaf: Callable[[PyTree], bool] | None = None
) -> bool:
    """Whether ``pred`` holds for some leaf."""
    return any(map(pred, tree_iter(tree, is_leaf)))


def tree_all_only(
    kind: Any,
    /,
    pred: Callable[[Any], bool],
    tree: PyTree,
    is_leaf: Callable[[PyTree], bool] | None = None,
) -> bool:
    """Whether ``pred`` holds for all leaves of that class."""
    return all(pred(x) for x in tree_iter(tree, is_leaf) if isinstance(x, kind))


def tree_any_only(
    kind: Any,
    /,
    pred: Callable[[Any], bool],
    tree: PyTree,
    is_leaf: Callable[[PyTree], bool] | None = None,
) -> bool:
    """Whether ``pred`` holds for some leaf of that class."""
    return any(pred(x) for x in tree_iter(tree, is_leaf) if isinstance(x, kind))


# --- paths ------------------------------------------------------------------------------------


def tree_leaves_with_path(
    tree: PyTree, is_leaf: Callable[[PyTree], bool] | None = None
) -> list[tuple[KeyPath, Any]]:
    """The leaves, each with the keys that lead to it."""
    if _is_leaf(tree, is_leaf):
        return [((), tree)]
    node = SUPPORTED_NODES[_get_node_type(tree)]
    if node.flatten_with_keys_fn is None:
        raise ValueError(f"Did not find a flatten_with_keys_fn for type: {node.type}.")
    children, _ = node.flatten_with_keys_fn(tree)
    return [
        ((key, *path), leaf)
        for key, child in children
        for path, leaf in tree_leaves_with_path(child, is_leaf)
    ]


def tree_flatten_with_path(
    tree: PyTree, is_leaf: Callable[[PyTree], bool] | None = None
) -> tuple[list[tuple[KeyPath, Any]], TreeSpec]:
    """The leaves with their paths, and the structure."""
    return tree_leaves_with_path(tree, is_leaf), tree_structure(tree, is_leaf)


def tree_map_with_path(
    func: Callable[..., Any],
    tree: PyTree,
    *rests: PyTree,
    is_leaf: Callable[[PyTree], bool] | None = None,
) -> PyTree:
    """``func(path, leaf, ...)`` of every leaf."""
    pairs, spec = tree_flatten_with_path(tree, is_leaf)
    paths, leaves = [path for path, _ in pairs], [leaf for _, leaf in pairs]
    return spec.unflatten(map(func, paths, leaves, *map(spec.flatten_up_to, rests)))


def keystr(kp: KeyPath) -> str:
    """The path as it would be written after a variable: ``['a'][0].weight``."""
    return "".join(map(str, kp))


def key_get(obj: Any, kp: KeyPath) -> Any:
    """What the path leads to from ``obj``."""
    for key in kp:
        obj = key.get(obj)
    return obj


# --- structures as text -----------------------------------------------------------------------


def treespec_dumps(treespec: TreeSpec, protocol: int | None = None) -> str:
    """The structure as JSON, for ``treespec_loads``.

    Raises:
        NotImplementedError: the context of a registered class is no JSON and has no function.
    """
    import json  # few programs need it

    def schema(spec: TreeSpec) -> dict[str, Any]:
        if spec.is_leaf():
            return {"type": None, "context": None, "children_spec": []}
        found = SERIALIZED[spec.type]
        context = spec.context
        if found.to_dumpable is not None:
            context = found.to_dumpable(context)
        try:
            text = json.dumps(context)
        except TypeError as error:
            raise NotImplementedError(
                f"the context of {found.name} is no JSON: register it with to_dumpable_context"
            ) from error
        return {
            "type": found.name,
            "context": text,
            "children_spec": [schema(child) for child in spec.children_specs],
        }

    return json.dumps((protocol or 1, schema(treespec)), separators=(",", ":"))


def treespec_loads(serialized: str) -> TreeSpec:
    """The structure that ``treespec_dumps`` wrote."""
    import json

    by_name = {found.name: (kind, found) for kind, found in SERIALIZED.items()}

    def spec_of(schema: dict[str, Any]) -> TreeSpec:
        if schema["type"] is None:
            return LEAF
        kind, found = by_name[schema["type"]]
        context = json.loads(schema["context"])
        if found.from_dumpable is not None:
            context = found.from_dumpable(context)
        return TreeSpec(kind, context, [spec_of(child) for child in schema["children_spec"]])

    _, schema = json.loads(serialized)
    return spec_of(schema)


def treespec_pprint(treespec: TreeSpec) -> str:
    """The structure with ``*`` for each leaf."""
    return repr(treespec.unflatten(["*"] * treespec.num_leaves)).replace("'*'", "*")
