import minitorch
import numpy as np
import pytest

inf, nan = float("inf"), float("nan")
CASES = [
    (lambda t: t.tensor(1.5), "tensor(1.5000)"),
    (lambda t: t.tensor(3), "tensor(3)"),
    (lambda t: t.tensor([1.0, 2.0]), "tensor([1., 2.])"),
    (lambda t: t.tensor([1.0, 20.5]), "tensor([ 1.0000, 20.5000])"),
    (lambda t: t.tensor([1.0, inf, nan]), "tensor([1., inf, nan])"),
    (lambda t: t.tensor([1.5, -inf]), "tensor([1.5000,   -inf])"),
    (lambda t: t.tensor([1e-5, 1.0]), "tensor([1.0000e-05, 1.0000e+00])"),
    (lambda t: t.tensor([1e9, 1.0]), "tensor([1.0000e+09, 1.0000e+00])"),
    (lambda t: t.tensor([True, False]), "tensor([ True, False])"),
    (lambda t: t.tensor([1, -20]), "tensor([  1, -20])"),
    (lambda t: t.tensor([]), "tensor([])"),
    (lambda t: t.zeros(0, 3), "tensor([], size=(0, 3))"),
    (lambda t: t.zeros(0, dtype=t.int64), "tensor([], dtype=torch.int64)"),
    (lambda t: t.zeros(2, dtype=t.float64), "tensor([0., 0.], dtype=torch.float64)"),
    (lambda t: t.tensor([1 + 2j, -0.5j]), "tensor([1.+2.0000j, -0.-0.5000j])"),
    (lambda t: t.eye(2), "tensor([[1., 0.],\n        [0., 1.]])"),
    (lambda t: t.zeros(1, 2, 1), "tensor([[[0.],\n         [0.]]])"),
    (lambda t: t.ones(2, requires_grad=True), "tensor([1., 1.], requires_grad=True)"),
    (
        lambda t: t.ones(2, requires_grad=True) * 2,
        "tensor([2., 2.], grad_fn=<MulBackward0>)",
    ),
    (
        lambda t: t.arange(1001.0),
        "tensor([   0.,    1.,    2.,  ...,  998.,  999., 1000.])",
    ),
    (
        lambda t: t.arange(2000).reshape(2, 1000),
        "tensor([[   0,    1,    2,  ...,  997,  998,  999],\n"
        "        [1000, 1001, 1002,  ..., 1997, 1998, 1999]])",
    ),
    (
        lambda t: t.arange(30),
        "tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,\n"
        "        18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29])",
    ),
    (
        lambda t: t.zeros(8, dtype=t.float64, requires_grad=True),
        "tensor([0., 0., 0., 0., 0., 0., 0., 0.], dtype=torch.float64,\n"
        "       requires_grad=True)",
    ),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(CASES)))
def test_text(number):
    make, text = CASES[number]
    assert repr(make(minitorch)) == text
    assert str(make(minitorch)) == text


OPTIONS = [
    ({"precision": 2}, [1.5, 2.0], "tensor([1.50, 2.00])"),
    ({"sci_mode": True}, [1.5], "tensor([1.5000e+00])"),
    ({"sci_mode": False}, [1e-7, 1.0], "tensor([0.0000, 1.0000])"),
    ({"threshold": 4, "edgeitems": 1}, list(range(9)), "tensor([0,  ..., 8])"),
    ({"linewidth": 20}, [1, 2, 3, 4, 5], "tensor([1, 2, 3, 4,\n        5])"),
    ({"profile": "short"}, [1.5], "tensor([1.50])"),
]


@pytest.mark.parametrize(("options", "values", "text"), OPTIONS, ids=str)
def test_options(options, values, text):
    minitorch.set_printoptions(**options)
    try:
        assert repr(minitorch.tensor(values)) == text
    finally:
        minitorch.set_printoptions(profile="default")
    with pytest.raises(ValueError, match="profile"):
        minitorch.set_printoptions(profile="wide")


def test_format():
    assert f"{minitorch.tensor(1.5):.3f}" == "1.500"
    assert f"{minitorch.tensor(1.5, requires_grad=True):>6}" == "   1.5"
    assert f"{minitorch.tensor([1.0])}" == "tensor([1.])"
    with pytest.raises(TypeError, match="unsupported format string"):
        format(minitorch.tensor([1.0]), ".2f")


def test_a_subclass_shows_its_name():
    class Mine(minitorch.Tensor):
        pass

    assert repr(Mine(np.zeros(2, np.int64))) == "Mine([0, 0])"


@pytest.mark.parametrize("make", [lambda x: x.unbind(0)[0], lambda x: x.chunk(2)[0]])
def test_a_view_without_a_history_is_printed(make):
    x = minitorch.ones(4, requires_grad=True) * 2
    view = make(x)
    with minitorch.no_grad():
        x.mul_(2)
    assert "grad_fn=<Invalid>" in repr(view)
