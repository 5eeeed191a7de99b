"""Results lie in memory as their inputs do: the steps tell it, of slices and sizes of 1 too."""

import minitorch
import pytest
from minitorch.nn import functional as F


def last(*shape):
    return minitorch.ones(shape).to(memory_format=minitorch.channels_last)


@pytest.mark.parametrize(
    ("x", "stride"),
    [
        (last(2, 3, 4, 6), (72, 1, 18, 3)),
        (last(2, 6, 4, 6)[:, ::2], (72, 1, 18, 3)),
        (last(2, 3, 4, 12)[..., ::2], (72, 1, 18, 3)),
        (last(2, 1, 4, 6), (24, 1, 6, 1)),
        (minitorch.ones(2, 1, 4, 6), (24, 24, 6, 1)),
        (minitorch.ones(2, 3, 4, 6), (72, 24, 6, 1)),
        (minitorch.ones(2, 3, 6, 4).mT, (72, 24, 6, 1)),
    ],
)
def test_of_slices_and_sizes_of_1(x, stride):
    assert F.avg_pool2d(x, 1).stride() == stride
    assert [y.stride() for y in F.max_pool2d(x, 1, return_indices=True)] == [stride] * 2
    weight = minitorch.ones(x.shape[1], x.shape[1], 1, 1)
    assert F.conv2d(x, weight).stride() == stride
    assert F.conv2d(x.contiguous(), last(3, x.shape[1], 3, 3)).stride() == (24, 1, 12, 3)


def test_one_pixel():
    assert F.adaptive_avg_pool2d(last(2, 3, 4, 4), 1).stride() == (3, 1, 3, 3)
    assert F.adaptive_avg_pool2d(minitorch.ones(2, 3, 4, 4), 1).stride() == (3, 1, 1, 1)
