"""Masked reductions: what the mask leaves out does not count, and gets no gradient."""

import math

import minitorch
import numpy as np
import pytest
from minitorch import masked
from minitorch.autograd import gradcheck, gradgradcheck

VALUES = np.random.default_rng(0).normal(size=(3, 4))
MASK = np.array([[True, False, True, True], [False, True, True, False], [True] * 4])
# columns of this mask are never empty; a row with one element has no variance

REDUCTIONS = [
    ("sum", np.sum),
    ("prod", np.prod),
    ("mean", np.mean),
    ("amax", np.max),
    ("amin", np.min),
    ("var", lambda x: np.var(x, ddof=1)),
    ("std", lambda x: np.std(x, ddof=1)),
    ("norm", np.linalg.norm),
    ("logsumexp", lambda x: np.log(np.exp(x).sum())),
]


@pytest.mark.parametrize(("name", "reference"), REDUCTIONS)
def test_reductions(name, reference):
    op = getattr(masked, name)
    x, mask = minitorch.tensor(VALUES, requires_grad=True), minitorch.tensor(MASK)
    rows = [reference(row[keep]) for row, keep in zip(VALUES, MASK, strict=True)]
    np.testing.assert_allclose(op(x, dim=1, mask=mask).detach().numpy(), rows, atol=1e-12)
    np.testing.assert_allclose(
        op(x, axis=None, mask=mask).detach().numpy(), reference(VALUES[MASK]), atol=1e-12
    )
    assert op(x, dim=1, keepdim=True, mask=mask).shape == (3, 1)
    np.testing.assert_allclose(op(x).detach().numpy(), reference(VALUES.ravel()), atol=1e-12)
    assert gradcheck(lambda x: op(x, dim=1, mask=mask), (x,))
    assert gradgradcheck(lambda x: op(x, dim=1, mask=mask), (x,))
    op(x, dim=1, mask=mask).sum().backward()
    assert not x.grad.numpy()[~MASK].any()


def test_normalizations():
    x, mask = minitorch.tensor(VALUES, requires_grad=True), minitorch.tensor(MASK)
    e = np.exp(VALUES) * MASK
    expected = e / e.sum(1, keepdims=True)
    np.testing.assert_allclose(masked.softmax(x, 1, mask=mask).detach().numpy(), expected)
    np.testing.assert_allclose(
        masked.log_softmax(x, 1, mask=mask).detach().numpy()[MASK], np.log(expected[MASK])
    )
    np.testing.assert_allclose(masked.softmin(-x, 1, mask=mask).detach().numpy(), expected)
    length = np.sqrt((VALUES**2 * MASK).sum(1, keepdims=True))
    np.testing.assert_allclose(
        masked.normalize(x, 2.0, 1, mask=mask).detach().numpy(), VALUES * MASK / length
    )
    assert gradcheck(lambda x: masked.softmax(x, 1, mask=mask), (x,))
    assert gradcheck(lambda x: masked.normalize(x, 2.0, 1, mask=mask), (x,))


def test_scans_and_places():
    x, mask = minitorch.tensor(VALUES), minitorch.tensor(MASK)
    summed, multiplied = masked.cumsum(x, 1, mask=mask), masked.cumprod(x, 1, mask=mask)
    np.testing.assert_allclose(summed.numpy(), np.cumsum(VALUES * MASK, 1))
    np.testing.assert_allclose(multiplied.numpy(), np.cumprod(np.where(MASK, VALUES, 1), 1))
    highest = np.where(MASK, VALUES, -np.inf).argmax(1)
    assert masked.argmax(x, 1, mask=mask, dtype=minitorch.int64).tolist() == highest.tolist()
    lowest = np.where(MASK, VALUES, np.inf).argmin(1)
    assert masked.argmin(x, 1, mask=mask, dtype=minitorch.int64).tolist() == lowest.tolist()
    medians = [
        np.sort(row[keep])[(keep.sum() - 1) // 2] for row, keep in zip(VALUES, MASK, strict=True)
    ]
    np.testing.assert_allclose(masked.median(x, 1, mask=mask).numpy(), medians)


def test_logaddexp():
    a = minitorch.tensor([-1.0, -2.0])
    made = masked.logaddexp(a, a, input_mask=minitorch.tensor([True, False]))
    np.testing.assert_allclose(made.numpy(), [-1 + math.log(2), -2], rtol=1e-6)


def test_nothing_left():
    x, none = minitorch.ones(2), minitorch.tensor([False, False])
    assert masked.sum(x, mask=none).item() == 0
    assert masked.amax(x, mask=none).item() == -math.inf
    assert math.isnan(masked.mean(x, mask=none).item())
    assert masked.amin(x.int(), mask=none).item() == 2**31 - 1


def test_refused():
    with pytest.raises(IndexError, match="more dimensions"):
        masked.sum(minitorch.ones(2), mask=minitorch.ones(2, 2) > 0)
    with pytest.raises(ValueError, match="Could not infer output dtype"):
        masked.mean(minitorch.tensor([1, 2]))
    with pytest.raises(ValueError, match="fully masked out"):
        masked.median(minitorch.tensor([1, 2]), mask=minitorch.tensor([False, False]))


def test_later_writes_into_the_mask_change_no_gradient():
    x, mask = minitorch.ones(2, requires_grad=True), minitorch.tensor([True, False])
    total = minitorch.masked.sum(x, mask=mask)
    mask.logical_not_()
    total.backward()
    assert x.grad.tolist() == [1, 0]
