"""``swap_tensors``: identity stays, everything else changes places."""

import weakref

import minitorch
import pytest
from minitorch.utils import swap_tensors


def test_what_changes_places():
    a, b = minitorch.ones(2, requires_grad=True), minitorch.zeros(3, dtype=minitorch.int64)
    b.note = "b"
    first, second = a._cdata, b._cdata
    swap_tensors(a, b)
    assert (a.dtype, a.shape, a.note, a.requires_grad) == (minitorch.int64, (3,), "b", False)
    assert (b.dtype, b.shape, b.requires_grad) == (minitorch.float32, (2,), True)
    assert (a._cdata, b._cdata) == (second, first)
    (b * 3).sum().backward()
    assert b.grad.tolist() == [3, 3]


def test_classes_and_slots():
    class One(minitorch.Tensor):
        __slots__ = ("note",)

    class Two(minitorch.Tensor):
        __slots__ = ("other",)

    a, b = (minitorch.zeros(n).as_subclass(One) for n in (1, 2))
    a.note = "a"
    swap_tensors(a, b)
    assert b.note == "a"
    assert not hasattr(a, "note")
    assert a.shape == (2,)
    with pytest.raises(RuntimeError, match="different slots"):
        swap_tensors(a, minitorch.zeros(1).as_subclass(Two))


def test_an_earlier_graph_raises():
    leaf = minitorch.ones(2, requires_grad=True)
    out = leaf * 2
    swap_tensors(leaf, minitorch.zeros(2))
    with pytest.raises(RuntimeError, match="poisoned by swap_tensors"):
        out.sum().backward()


@pytest.mark.parametrize("make", [lambda t: weakref.ref(t), lambda t: t[0]])
def test_refused(make):
    t = minitorch.ones(2, requires_grad=True) * 2
    kept = make(t)
    with pytest.raises(RuntimeError, match=r"weakref|use_count"):
        swap_tensors(t, minitorch.zeros(2))
    assert kept is not None
    assert t.tolist() == [2, 2]


def test_module_load():
    own, other = minitorch.zeros(2), minitorch.ones(2)
    made = own.module_load(other)
    assert made is not own
    assert own.tolist() == [1, 1]
    assert own.module_load(other, assign=True).data_ptr() == other.data_ptr()
