"""Trees of containers: flattened, mapped, with paths, registered classes, structures as text."""

from collections import OrderedDict, defaultdict, deque, namedtuple

import pytest
from minitorch.utils import _pytree as pytree

Point = namedtuple("Point", "x y")
TREES = [
    1,
    [1, (2, 3)],
    {"b": 1, "a": [2, {}]},
    OrderedDict(b=1, a=2),
    defaultdict(list, a=1, b=2),
    deque([1, 2], maxlen=3),
    Point(1, Point(2, [3])),
    (),
    None,
]


@pytest.mark.parametrize("tree", TREES, ids=repr)
def test_there_and_back(tree):
    leaves, spec = pytree.tree_flatten(tree)
    back = pytree.tree_unflatten(leaves, spec)
    assert back == tree
    assert type(back) is type(tree)
    assert spec == pytree.tree_structure(back)
    assert spec.num_leaves == len(leaves) == len(pytree.tree_leaves(tree))
    with pytest.raises(ValueError, match="leaves"):
        spec.unflatten([*leaves, 0])


def test_map():
    tree = {"a": 1, "b": (2.5, [3])}
    assert pytree.tree_map(lambda x, y: x + y, tree, tree) == {"a": 2, "b": (5.0, [6])}
    assert pytree.tree_map_only(int, lambda x: -x, tree) == {"a": -1, "b": (2.5, [-3])}
    assert pytree.tree_map(len, [(1, 2)], is_leaf=lambda x: isinstance(x, tuple)) == [2]
    assert pytree.tree_any(lambda x: x > 2, tree)
    assert not pytree.tree_all(lambda x: x > 2, tree)
    with pytest.raises(ValueError, match="Type mismatch"):
        pytree.tree_map(lambda x, y: x, [1], (1,))


def test_paths():
    tree = {"a": [1, Point(2, 3)]}
    pairs, spec = pytree.tree_flatten_with_path(tree)
    assert [pytree.keystr(path) for path, _ in pairs] == ["['a'][0]", "['a'][1].x", "['a'][1].y"]
    for path, leaf in pairs:
        assert pytree.key_get(tree, path) is leaf
    named = pytree.tree_map_with_path(lambda path, leaf: pytree.keystr(path), tree)
    assert named["a"][1].y == "['a'][1].y"
    assert spec.num_nodes == 6


def test_registered_classes():
    class Pair:
        def __init__(self, left, right):
            self.left, self.right = left, right

    assert pytree.tree_leaves(Pair(1, 2))[0].left == 1
    pytree.register_pytree_node(Pair, lambda p: ([p.left, p.right], None), lambda c, _: Pair(*c))
    assert pytree.tree_leaves([Pair(1, [2])]) == [1, 2]
    assert pytree.tree_map(lambda x: x * 2, Pair(1, 2)).right == 4
    with pytest.raises(ValueError, match="already registered"):
        pytree.register_pytree_node(Pair, lambda p: ([], None), lambda c, _: Pair(*c))


def test_structures_are_text():
    spec = pytree.tree_structure({"a": [1, (2,)], "b": deque([3], maxlen=4)})
    assert pytree.treespec_loads(pytree.treespec_dumps(spec)) == spec
    assert pytree.treespec_pprint(pytree.tree_structure([1, {"a": 2}])) == "[*, {'a': *}]"
