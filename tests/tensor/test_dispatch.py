"""The operations that dispatch writes out make the nodes that ``apply`` makes."""

import itertools

import minitorch
import numpy as np
import pytest
from minitorch.autograd.dispatch import apply
from minitorch.extend import fused, primitive

LEAVES = [minitorch.tensor(v, requires_grad=True) for v in ([1.0, 2.0], [3.0, 4.0], [5.0, 6.0])]


def fma(a, b, c):
    return a * b + c


def half(x):
    return x / 2


ROWS = {  # by the variant that it takes: (operation, number of inputs, parameters)
    "unary": (primitive(np.exp, "x", lambda g, out: g * out, name="exp"), 1, ()),
    "unary, saves nothing": (primitive(half, "x", lambda g: g / 2, name="half"), 1, ()),
    "unary, parameter": (
        primitive(lambda x, k: x * k, "x | k", lambda g, k: g * k, name="scale"), 1, (3.0,),
    ),
    "unary, view": (
        primitive(lambda x, k: x[k:], "x | k", lambda g, shape: g, name="tail", view=True), 1, (1,),
    ),
    "binary": (
        primitive(np.multiply, "a b", lambda g, b: g * b, lambda g, a: g * a, name="mul"), 2, (),
    ),
    "binary, one rule": (
        primitive(np.copysign, "a b", lambda g, out, a: g * out / a, None, name="copysign"), 2, (),
    ),
    "ternary": (
        primitive(
            fma, "a b c", lambda g, b: g * b, lambda g, a: g * a, lambda g: g, name="fma",
        ), 3, (),
    ),
    "ternary, fused": (
        fused(
            lambda a, b, c: (fma(a, b, c), a + b), "a b c",
            lambda g, a, b, total, needs: (g * b, g * a, g), fma, name="fused", residuals="total",
        ), 3, (),
    ),
    "variadic": (
        primitive(
            lambda xs, dim: np.concatenate(xs, dim), "*xs | dim", name="cat",
            joint=lambda g, xs_shapes, dim: np.split(g, len(xs_shapes), dim),
        ), None, (0,),
    ),
}  # fmt: skip


def same(a, b):
    if isinstance(a, tuple | list):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return np.array_equal(a, b) if isinstance(a, np.ndarray) else a is b or a == b


def wants():
    for name, (_, count, _) in ROWS.items():
        for chosen in itertools.product((False, True), repeat=count or 3):
            yield name, chosen


@pytest.mark.parametrize(("name", "chosen"), list(wants()))
def test_nodes_are_those_of_apply(name, chosen):
    op, count, params = ROWS[name]
    inputs = [x if w else x.detach() for x, w in zip(LEAVES, chosen, strict=False)]
    args = [inputs] if count is None else inputs
    ours, general = op(*args, *params), apply(op.primitive, *args, *params)
    assert op.__code__.co_name == "op"
    assert ours.tolist() == general.tolist()
    assert (ours._base is None) == (general._base is None)
    a, b = ours._node, general._node
    if a is None or b is None:
        assert a is b
        return
    assert type(a) is type(b)
    assert a.name() == b.name()
    assert a.parents == b.parents
    assert a.shape == b.shape
    assert a.extra is b.extra is None
    assert a.sequence_nr == b.sequence_nr + 1
    assert same(a.saved, b.saved)
    of_output = {id(ours._counter): "out", id(general._counter): "out"}
    counters = [[(of_output.get(id(c), id(c)), v) for c, v in n.versions] for n in (a, b)]
    assert counters[0] == counters[1]
