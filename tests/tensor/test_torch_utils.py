"""``torch._utils`` as libraries use it."""

import pickle

import minitorch
import pytest
from minitorch.compat import torch_utils


def test_rebuilt_tensors():
    storage = minitorch.arange(6.0)._typed_storage()
    made = torch_utils._rebuild_tensor_v2(storage, 1, (2, 2), (3, 1), True, None)
    assert made.tolist() == [[1, 2], [4, 5]]
    assert made.requires_grad
    assert made.untyped_storage() is storage._untyped_storage
    assert torch_utils._rebuild_tensor(storage, 0, (6,), (1,)).tolist() == list(range(6))
    with pytest.raises(RuntimeError, match="out of bounds"):
        torch_utils._rebuild_tensor(storage, 4, (3,), (1,))
    with pytest.raises(RuntimeError, match="hooks or metadata"):
        torch_utils._rebuild_tensor_v2(storage, 0, (1,), (1,), False, None, {"a": 1})


@pytest.mark.parametrize("kind", [ValueError, KeyError, UnicodeDecodeError])
def test_exceptions_travel(kind):
    try:
        raise kind("ascii", b"x", 0, 1, "why") if kind is UnicodeDecodeError else kind("why")
    except kind:
        wrapped = torch_utils.ExceptionWrapper(where="in a thread")
    raised = RuntimeError if kind is UnicodeDecodeError else kind
    with pytest.raises(raised, match=rf"(?s)Caught {kind.__name__} in a thread.*why"):
        wrapped.reraise()


def test_small_things():
    class Counted:
        @torch_utils.classproperty
        def name(cls):  # noqa: N805  (a property of the class)
            return cls.__name__

    assert Counted.name == Counted().name == "Counted"
    assert torch_utils._import_dotted_name("minitorch.linalg.det") is minitorch.linalg.det
    assert torch_utils._element_size(minitorch.float64) == 8
    assert not torch_utils.is_compiling()


def test_futures():
    from minitorch.futures import Future, collect_all, wait_all

    first, second, order = Future(), minitorch.Future(), []
    first.add_done_callback(lambda f: order.append(f.value()))
    both, failing = collect_all([first, second]), first.then(lambda f: 1 / f.value())
    with pytest.raises(RuntimeError, match="has none yet"):
        first.value()
    first.set_result(0)
    assert (first.done(), both.done(), order) == (True, False, [0])
    second.set_result(2)
    assert [f.value() for f in both.wait()] == wait_all([first, second]) == [0, 2]
    with pytest.raises(RuntimeError, match="ZeroDivisionError: division by zero"):
        failing.wait()
    with pytest.raises(RuntimeError, match="marked completed once"):
        first.set_result(1)
    with pytest.raises(TypeError, match="not an Exception"):
        Future().set_exception("text")
    assert collect_all([]).wait() == []


def test_errors_of_a_futures_callback_are_told():
    from minitorch.futures import Future

    future = Future()
    then = future.then(lambda f: f + 1)
    future.set_result(1)
    with pytest.raises(RuntimeError, match=r"running the callback: TypeError: .*Future.*int"):
        then.wait()
    with pytest.raises(RuntimeError, match="can only be marked completed once"):
        future.set_result(2)
    with pytest.raises(RuntimeError, match="Can not pickle"):
        pickle.dumps(future)
