"""Conversions of dtype: methods, ``to``, type names, gradients."""

import minitorch
import pytest
from minitorch import tensor

pytestmark = pytest.mark.filterwarnings("ignore:Casting complex values")

METHODS = [
    ("half", minitorch.float16),
    ("float", minitorch.float32),
    ("double", minitorch.float64),
    ("char", minitorch.int8),
    ("short", minitorch.int16),
    ("int", minitorch.int32),
    ("long", minitorch.int64),
    ("byte", minitorch.uint8),
    ("bool", minitorch.bool),
    ("cfloat", minitorch.complex64),
    ("cdouble", minitorch.complex128),
]


@pytest.mark.parametrize(("name", "dtype"), METHODS)
def test_methods(name, dtype):
    x = tensor([0.0, 1.0])
    made = getattr(x, name)()
    assert made.dtype is dtype
    assert made.tolist() == [0, 1]
    assert getattr(made, name)() is made
    assert x.to(dtype).dtype is dtype
    assert x.type(dtype).dtype is dtype
    assert x.type_as(made).dtype is dtype


class TestTo:
    x = tensor([1.0])

    def test_forms(self):
        x = self.x
        assert x.to("cpu") is x
        assert x.to(minitorch.float32) is x
        assert x.to(minitorch.device("cpu"), minitorch.float64).dtype is minitorch.float64
        assert x.to(dtype=minitorch.int32).dtype is minitorch.int32
        assert x.to(tensor([1])).dtype is minitorch.int64

    def test_copy(self):
        assert self.x.to(minitorch.float32, copy=True) is not self.x
        assert self.x.to("cpu", minitorch.float32, False, True) is not self.x

    def test_other_devices(self):
        with pytest.raises(AssertionError, match="MiniTorch has no CUDA"):
            self.x.to("cuda")


def test_type():
    assert tensor([1.0]).type() == "torch.FloatTensor"
    assert tensor([1.0]).type("torch.IntTensor").dtype is minitorch.int32
    with pytest.raises(ValueError, match="invalid type"):
        tensor([1.0]).type("torch.cuda.FloatTensor")


def test_gradient_goes_back_in_the_leaf_dtype():
    x = tensor([1.0, 2.0], requires_grad=True)
    (x.double() * 3).sum().backward()
    assert x.grad.dtype is minitorch.float32
    assert x.grad.tolist() == [3.0, 3.0]


def test_integers_have_no_gradient():
    x = tensor([1.0], requires_grad=True)
    assert not x.long().requires_grad
    assert x.cfloat().requires_grad


def test_complex_to_real_takes_the_real_part():
    assert tensor([1 + 2j]).float().tolist() == [1.0]
    assert tensor([1j, 0]).bool().tolist() == [True, False]


def test_questions():
    x = tensor([1.0])
    assert minitorch.is_floating_point(x)
    assert not x.is_complex()
    assert tensor([1j]).is_complex()
    assert not tensor([1], dtype=minitorch.uint8).is_signed()
    assert minitorch.is_nonzero(x)
    with pytest.raises(RuntimeError, match="ambiguous"):
        minitorch.is_nonzero(tensor([1.0, 2.0]))
