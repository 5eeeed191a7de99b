"""Cross products, distances, and sampling between the elements of a grid."""

import math

import minitorch
import numpy as np
import pytest
from minitorch.autograd import gradcheck, gradgradcheck
from minitorch.ops.grid_sampler import MODES, PADDINGS, sampled


def leaf(*shape, seed=0):
    values = np.random.default_rng((seed, *shape)).normal(size=shape)
    return minitorch.tensor(values, requires_grad=True)


@pytest.mark.parametrize(
    ("a", "b", "dim"), [((3,), (3,), -1), ((2, 3), (1, 3), 1), ((3, 2), (3, 2), 0)]
)
def test_cross(a, b, dim):
    x, y = leaf(*a), leaf(*b, seed=1)
    expected = np.cross(x.detach().numpy(), y.detach().numpy(), axis=dim)
    np.testing.assert_allclose(
        minitorch.linalg.cross(x, y, dim=dim).detach().numpy(), expected, atol=1e-12
    )
    assert gradcheck(lambda x, y: minitorch.cross(x, y, dim), (x, y))
    assert gradgradcheck(lambda x, y: minitorch.cross(x, y, dim), (x, y))


def test_cross_refuses():
    with pytest.raises(RuntimeError, match="must have length 3"):
        minitorch.linalg.cross(minitorch.ones(2), minitorch.ones(2))
    with pytest.raises(RuntimeError, match="same number of dimensions"):
        minitorch.linalg.cross(minitorch.ones(2, 3), minitorch.ones(3))


@pytest.mark.parametrize("p", [1.0, 2.0, 3.0, math.inf])
def test_cdist(p):
    x, y = leaf(2, 3, 2), leaf(4, 2)
    apart = x.detach().numpy()[..., None, :] - y.detach().numpy()
    np.testing.assert_allclose(
        minitorch.cdist(x, y, p).detach().numpy(), np.linalg.norm(apart, p, -1), atol=1e-12
    )
    assert gradcheck(lambda x, y: minitorch.cdist(x, y, p), (x, y))
    assert gradgradcheck(lambda x, y: minitorch.cdist(x, y, p), (x, y))


def test_cdist_of_equal_points_has_no_slope():
    x = leaf(2, 3)
    minitorch.cdist(x, x).diagonal().sum().backward()
    assert not x.grad.numpy().any()


def test_cdist_by_a_product_of_matrices():
    x, y = leaf(2, 3, 2), leaf(4, 2)

    def fast(x, y):
        return minitorch.cdist(x, y, compute_mode="use_mm_for_euclid_dist")

    np.testing.assert_allclose(
        fast(x, y).detach().numpy(), minitorch.cdist(x, y).detach().numpy(), atol=1e-10
    )
    assert gradcheck(fast, (x, y))
    assert gradgradcheck(fast, (x, y))
    assert minitorch.cdist(minitorch.ones(2, 0), minitorch.ones(3, 0)).tolist() == [[0] * 3] * 2


def test_cdist_refuses():
    with pytest.raises(RuntimeError, match="same number of columns"):
        minitorch.cdist(minitorch.ones(2, 3), minitorch.ones(2, 4))
    with pytest.raises(RuntimeError, match="non-negative p"):
        minitorch.cdist(minitorch.ones(2, 3), minitorch.ones(2, 3), -1)


def centers(*sizes):
    """The grid whose points are the elements themselves, corners aligned."""
    axes = np.meshgrid(*(np.linspace(-1, 1, n) for n in sizes), indexing="ij")
    return minitorch.tensor(np.stack(axes[::-1], -1)[None])


@pytest.mark.parametrize("sizes", [(3, 4), (2, 3, 4)])
def test_grid_sampler_at_the_elements(sizes):
    x = leaf(1, 2, *sizes)
    for mode in range(3 if len(sizes) == 2 else 2):
        made = minitorch.grid_sampler(x, centers(*sizes), mode, 0, True)
        np.testing.assert_allclose(made.detach().numpy(), x.detach().numpy(), atol=1e-12)


def test_grid_sampler_between_and_outside():
    x = minitorch.tensor([[[[0.0, 2.0], [4.0, 6.0]]]])
    middle, far = minitorch.zeros(1, 1, 1, 2), minitorch.full((1, 1, 1, 2), 9.0)
    assert minitorch.grid_sampler_2d(x, middle, 0, 0, False).item() == 3.0
    assert minitorch.grid_sampler_2d(x, far, 0, 0, False).item() == 0.0
    assert minitorch.grid_sampler_2d(x, far, 0, 1, False).item() == 6.0


@pytest.mark.parametrize("align", [True, False])
@pytest.mark.parametrize("padding", range(3))
@pytest.mark.parametrize(("mode", "sizes"), [(0, (2, 3)), (1, (2, 3)), (2, (2, 3)), (0, (2, 2, 2))])
def test_grid_sampler_gradients(mode, sizes, padding, align):
    x = leaf(1, 2, *sizes)
    grid = leaf(1, *(1 for _ in sizes[1:]), 3, len(sizes))

    def sample(x, grid):
        return minitorch.grid_sampler(x, grid, mode, padding, align)

    assert gradcheck(sample, (x, grid))
    assert gradgradcheck(sample, (x, grid))
    # the kernels against the definition
    g = np.random.default_rng(1).normal(size=sample(x, grid).shape)
    definition = sampled(x, grid, MODES[mode], PADDINGS[padding], align)
    fast = minitorch.autograd.grad(sample(x, grid), (x, grid), minitorch.tensor(g))
    slow = minitorch.autograd.grad(definition, (x, grid), minitorch.tensor(g))
    for a, b in zip(fast, slow, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-10)


@pytest.mark.parametrize(
    ("x", "grid", "mode", "message"),
    [
        ((1, 1, 2), (1, 1, 2), 0, "size 1 in last dimension"),
        ((1, 1, 2, 2), (2, 1, 1, 2), 0, "same batch size"),
        ((1, 1, 2, 2), (1, 1, 1, 3), 0, "size 2 in last dimension"),
        ((1, 1, 0, 2), (1, 1, 1, 2), 0, "non-empty spatial dimensions"),
        ((1, 1, 2, 2), (1, 1, 1, 2), 5, "unknown interpolation_mode"),
    ],
)
def test_grid_sampler_refuses(x, grid, mode, message):
    with pytest.raises(RuntimeError, match=message):
        minitorch.grid_sampler_2d(minitorch.ones(x), minitorch.ones(grid), mode, 0, False)
