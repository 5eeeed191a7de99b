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


@pytest.mark.parametrize("mode", ["bilinear", "bicubic", "nearest"])
@pytest.mark.parametrize("dtype", [minitorch.uint8, minitorch.float32])
def test_resized_images(mode, dtype):
    for x, stride in (
        (minitorch.ones(2, 3, 8, 8), (75, 25, 5, 1)),
        (last(2, 3, 8, 8), (75, 1, 15, 3)),
        (last(2, 3, 16, 16)[..., ::2, ::2], (75, 1, 15, 3)),
        (last(1, 3, 8, 8)[0][None].to(dtype), (75, 25, 5, 1)),  # as in PyTorch
    ):
        assert F.interpolate(x.to(dtype), (5, 5), mode=mode).stride() == stride


def test_volumes():
    x = minitorch.ones(2, 3, 4, 4, 4).to(memory_format=minitorch.channels_last_3d)
    made = F.max_pool3d(x, 2, return_indices=True)
    assert [y.stride() for y in made] == [(24, 1, 12, 6, 3)] * 2
    made = F.max_pool3d(x[0], 2, return_indices=True)
    assert [y.stride() for y in made] == [(1, 12, 6, 3)] * 2


def test_new_dimensions():
    x = minitorch.ones(3, 4)
    assert x[None].stride() == (12, 4, 1)
    assert x[:, None].stride() == (4, 4, 1)
    assert x[..., None].stride() == (4, 1, 1)
    assert x.mT[None].stride() == (4, 1, 4)
    assert x.expand(2, 3, 4).stride() == (0, 4, 1)
    part = last(1, 3, 4, 5)[0][None]
    assert part.stride() == part.double().stride() == part.clone().stride() == (3, 1, 15, 3)


def test_batch_norm_and_pixel_shuffle():
    layer = minitorch.nn.BatchNorm2d(2).eval()
    column = minitorch.arange(6.0).reshape(1, 3, 2, 1).permute(0, 2, 1, 3)
    assert layer(column).is_contiguous(memory_format=minitorch.channels_last)
    assert layer(last(2, 4, 3, 3)[:, ::2]).stride() == (18, 1, 6, 2)
    assert F.pixel_shuffle(last(2, 8, 3, 3), 2).stride() == (72, 1, 12, 2)
