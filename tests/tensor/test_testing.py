"""``torch.testing``: what is close, what is said of what is not, and random tensors."""

import minitorch as torch
import numpy as np
import pytest
from minitorch.testing import assert_close, make_tensor

T = torch.tensor
nan, inf = float("nan"), float("inf")

CLOSE = [
    (T([1.0, 2.0]), T([1.0, 2.000001]), {}),
    (T([nan]), T([nan]), {"equal_nan": True}),
    (T([1.0]), T([1.1]), {"rtol": 0.2, "atol": 0.0}),
    (T([1.0]), T([1]), {"check_dtype": False}),
    (inf, inf, {}),
    (T([]), T([]), {}),
    (None, None, {}),
    ({"a": [1.0]}, {"a": [1.0]}, {}),
]


@pytest.mark.parametrize(("actual", "expected", "options"), CLOSE)
def test_close(actual, expected, options):
    assert_close(actual, expected, **options)


TENSORS = """Tensor-likes are not close!

Mismatched elements: 2 / 4 (50.0%)
Greatest absolute difference: 3.0 at index (0, 1) (up to 1e-05 allowed)
Greatest relative difference: 0.6000000238418579 at index (0, 1) (up to 1.3e-06 allowed)"""
INTEGERS = """Tensor-likes are not equal!

Mismatched elements: 1 / 2 (50.0%)
Greatest absolute difference: 1 at index (1,)
Greatest relative difference: 0.3333333432674408 at index (1,)"""
SCALARS = """Scalars are not close!

Expected 2.0 but got 1.0.
Absolute difference: 1.0 (up to 1e-07 allowed)
Relative difference: 0.5 (up to 1e-07 allowed)"""
WRONG = [
    (T([[1.0, 2], [3, 0]]), T([[1.0, 5], [2, 0]]), {}, TENSORS),
    (T([1, 2]), T([1, 3]), {}, INTEGERS),
    (1.0, 2.0, {}, SCALARS),
    ([0.0, {"k": 1.0}], [0.0, {"k": 2.0}], {},
     f"{SCALARS}\n\nThe failure occurred for item [1]['k']"),
    (1, 1.0, {}, "The (d)types do not match: <class 'int'> != <class 'float'>."),
    (True, False, {}, "Booleans mismatch: True is not False"),
    (None, 1, {}, "None mismatch: None is not 1"),
    (T([1.0]), T([1.0, 2.0]), {},
     "The values for attribute 'shape' do not match: torch.Size([1]) != torch.Size([2])."),
    (T([1.0]), T([1.0]).double(), {},
     "The values for attribute 'dtype' do not match: torch.float32 != torch.float64."),
    (torch.ones(2, 2).T, torch.ones(2, 2), {"check_stride": True},
     "The values for attribute 'stride()' do not match: (1, 2) != (2, 1)."),
    ([1.0], [1.0, 2.0], {}, "The length of the sequences mismatch: 1 != 2"),
    ({"a": 1}, {"b": 1}, {},
     "The keys of the mappings do not match:\nMissing keys in the actual mapping: ['b']\n"
     "Additional keys in the actual mapping: ['a']"),
    (T([1.0]), T([2.0]), {"msg": "mine"}, "mine"),
    (T([1.0]), T([2.0]), {"msg": lambda text: text[:6]}, "Tensor"),
]  # fmt: skip


@pytest.mark.parametrize(("actual", "expected", "options", "message"), WRONG)
def test_what_is_said(actual, expected, options, message):
    with pytest.raises(AssertionError) as error:
        assert_close(actual, expected, **options)
    assert str(error.value) == message


def test_what_cannot_be_compared():
    with pytest.raises(TypeError, match="No comparison pair"):
        assert_close("a", "a")
    with pytest.raises(TypeError, match="No comparison pair"):
        assert_close(T([1.0]), np.ones(1))
    with pytest.raises(ValueError, match="got no atol"):
        assert_close(1.0, 1.0, rtol=0.1)


@pytest.mark.parametrize(
    ("dtype", "least", "most"),
    [(torch.float32, -9, 9), (torch.float16, -9, 9), (torch.int64, -9, 9), (torch.uint8, 0, 9)],
)
def test_random_tensors(dtype, least, most):
    made = make_tensor(20, 30, dtype=dtype, device="cpu")
    assert made.dtype is dtype
    assert made.shape == (20, 30)
    assert least <= made.min() < made.max() <= most
    apart = make_tensor((4, 5), dtype=dtype, device="cpu", noncontiguous=True, exclude_zero=True)
    assert not apart.is_contiguous()
    assert apart.all()
    assert make_tensor((2,), dtype=dtype, device="cpu", low=1, high=2).ge(1).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"low": 3, "high": 1}, "`low` must be less than `high`"),
        ({"low": nan}, "cannot be NaN"),
        ({"dtype": torch.int32, "requires_grad": True}, "not supported for boolean and integral"),
        ({"dtype": torch.uint8, "low": 300, "high": 400}, "only supports"),
    ],
)
def test_impossible_random_tensors(options, message):
    with pytest.raises(ValueError, match=message):
        make_tensor(2, **{"dtype": torch.float32, "device": "cpu"} | options)
