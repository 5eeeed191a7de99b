"""Pooling, padding and resampling: by hand, gradients to the second order, errors."""

from __future__ import annotations

import math
from typing import Any

import minitorch
import pytest
from minitorch import nn
from minitorch.autograd import gradcheck, gradgradcheck
from minitorch.nn import functional as F


def leaf(*shape: int) -> Any:
    return minitorch.randn(*shape, dtype=minitorch.float64, requires_grad=True)


LINE = minitorch.tensor([[[1.0, 5.0, 2.0, 4.0, 3.0]]])
BY_HAND = [
    (lambda: F.max_pool1d(LINE, 2), [5, 4]),
    (lambda: F.max_pool1d(LINE, 2, ceil_mode=True), [5, 4, 3]),
    (lambda: F.max_pool1d(LINE, 3, 1, 1), [5, 5, 5, 4, 4]),
    (lambda: F.max_pool1d(LINE, 2, 1, dilation=2), [2, 5, 3]),
    (lambda: F.max_pool1d(LINE, 2, return_indices=True)[1], [1, 3]),
    (lambda: F.max_unpool1d(*F.max_pool1d(LINE, 2, return_indices=True), 2), [0, 5, 0, 4]),
    (lambda: F.avg_pool1d(LINE, 2), [3, 3]),
    (lambda: F.avg_pool1d(LINE, 2, 2, 1), [0.5, 3.5, 3.5]),
    (lambda: F.avg_pool1d(LINE, 2, 2, 1, count_include_pad=False), [1, 3.5, 3.5]),
    (lambda: F.adaptive_avg_pool1d(LINE, 2), [8 / 3, 3]),
    (lambda: F.adaptive_max_pool1d(LINE, 3), [5, 5, 4]),
    (lambda: F.lp_pool1d(LINE, 2.0, 2), [math.sqrt(26), math.sqrt(20)]),
    (lambda: F.pad(LINE, (2, 1), "reflect"), [2, 5, 1, 5, 2, 4, 3, 4]),
    (lambda: F.pad(LINE, (1, 2), "replicate"), [1, 1, 5, 2, 4, 3, 3, 3]),
    (lambda: F.pad(LINE, (1, 2), "circular"), [3, 1, 5, 2, 4, 3, 1, 5]),
    (lambda: F.pad(LINE, (-1, 1), value=7), [5, 2, 4, 3, 7]),
    (lambda: F.interpolate(LINE, 3), [1, 5, 4]),
    (lambda: F.interpolate(LINE, 3, mode="linear", align_corners=True), [1, 2, 3]),
    (lambda: F.interpolate(LINE, 2, mode="area"), [8 / 3, 3]),
]


@pytest.mark.parametrize(("made", "expected"), BY_HAND)
def test_by_hand(made: Any, expected: list[float]) -> None:
    assert made().reshape(-1).tolist() == pytest.approx(expected)


GRADIENTS: dict[str, Any] = {
    "max": lambda x: F.max_pool2d(x, 3, 2, 1),
    "max dilated": lambda x: F.max_pool2d(x, 2, 1, dilation=2),
    "adaptive max": lambda x: F.adaptive_max_pool2d(x, (3, 2)),
    "mean": lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True, count_include_pad=False),
    "adaptive mean": lambda x: F.adaptive_avg_pool2d(x, (3, None)),
    "lp": lambda x: F.lp_pool2d(x, 2.0, 2),
    "reflect": lambda x: F.pad(x, (2, 1, 0, 3), "reflect"),
    "bilinear": lambda x: F.interpolate(x, (7, 3), mode="bilinear"),
    "bicubic": lambda x: F.interpolate(x, scale_factor=1.7, mode="bicubic"),
    "antialiased": lambda x: F.interpolate(x, (2, 3), mode="bilinear", antialias=True),
    "unshuffled": lambda x: F.pixel_unshuffle(x[..., :4, :4], 2),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients(name: str) -> None:
    minitorch.manual_seed(0)
    x = leaf(1, 2, 5, 4)
    assert gradcheck(GRADIENTS[name], (x,))
    assert gradgradcheck(lambda x: GRADIENTS[name](x).square(), (x,))


def test_nan_is_a_maximum() -> None:
    x = minitorch.tensor([[[1.0, math.nan, 2.0, 3.0]]])
    values, indices = F.max_pool1d(x, 2, return_indices=True)
    assert math.isnan(values[0, 0, 0])
    assert indices.tolist() == [[[1, 3]]]


def test_shuffles_are_inverse() -> None:
    x = minitorch.randn(2, 8, 3, 3)
    assert minitorch.equal(F.pixel_unshuffle(F.pixel_shuffle(x, 2), 2), x)


def test_affine_grid_of_the_identity_samples_the_image() -> None:
    x = minitorch.randn(1, 2, 4, 5)
    theta = minitorch.tensor([[[1.0, 0, 0], [0, 1, 0]]])
    grid = F.affine_grid(theta, x.shape, align_corners=False)
    assert minitorch.allclose(F.grid_sample(x, grid, align_corners=False), x, atol=1e-5)


ERRORS = [
    (lambda: F.max_pool2d(minitorch.zeros(1, 1, 4, 4), 2, padding=2), RuntimeError, "at most half"),
    (lambda: nn.MaxPool2d(5)(minitorch.zeros(1, 1, 4, 4)), RuntimeError, "too small"),
    (lambda: nn.AvgPool1d(2)(minitorch.zeros(4)), RuntimeError, "2D .unbatched. or 3D"),
    (lambda: F.pad(LINE, (5, 0), "reflect"), RuntimeError, "less than the corresponding"),
    (lambda: F.interpolate(LINE), ValueError, "either size or scale_factor"),
    (lambda: F.interpolate(LINE, scale_factor=1e20), RuntimeError, "would have the size"),
    (lambda: F.interpolate(LINE, scale_factor=math.nan), RuntimeError, "would have the size"),
    (lambda: F.interpolate(LINE, 3, mode="bilinear"), NotImplementedError, "got 3D"),
    (lambda: F.pixel_shuffle(minitorch.zeros(3, 2, 2), 2), RuntimeError, "divisible"),
    (
        lambda: F.max_unpool1d(LINE, minitorch.full((1, 1, 5), 99), 2),
        RuntimeError,
        "invalid max index",
    ),
]


@pytest.mark.parametrize(("wrong", "kind", "message"), ERRORS)
def test_errors(wrong: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        wrong()


@pytest.mark.parametrize(
    "pool",
    [
        lambda x: F.max_pool2d(x, 2),
        lambda x: F.adaptive_max_pool2d(x, 2),
        lambda x: F.avg_pool2d(x, 2),
        lambda x: F.adaptive_avg_pool2d(x, 2),
        lambda x: F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2)[..., ::2, ::2],
        lambda x: F.grid_sample(x, minitorch.zeros(0, 2, 2, 2), align_corners=False),
    ],
)
def test_a_batch_of_nothing_is_pooled(pool):
    x = minitorch.zeros(0, 3, 4, 4, requires_grad=True)
    y = pool(x)
    assert y.shape == (0, 3, 2, 2)
    y.sum().backward()
    assert x.grad.shape == x.shape


@pytest.mark.parametrize("ndim", [2, 3])
def test_fractional_windows_cover_the_input(ndim):
    layer = getattr(nn, f"FractionalMaxPool{ndim}d")(2, output_size=3, return_indices=True)
    x = minitorch.randn(2, 3, *(6,) * ndim, dtype=minitorch.float64, requires_grad=True)
    values, indices = layer(x)
    assert values.shape == indices.shape == (2, 3, *(3,) * ndim)
    assert values.equal(x.flatten(2).gather(2, indices.flatten(2)).reshape(values.shape))
    whole = F.fractional_max_pool2d if ndim == 2 else F.fractional_max_pool3d
    assert whole(x, 2, output_ratio=0.9).amax().item() == x.amax().item()
    samples = minitorch.rand(2, 3, ndim, dtype=minitorch.float64)
    assert gradcheck(lambda x: whole(x, 2, output_size=3, _random_samples=samples), (x,))


FRACTIONS = [
    (lambda: nn.FractionalMaxPool2d(2), ValueError, "either"),
    (lambda: nn.FractionalMaxPool2d(2, output_size=3, output_ratio=0.5), ValueError, "only one"),
    (lambda: nn.FractionalMaxPool3d(2, output_ratio=1.5), ValueError, "between 0 and 1"),
    (lambda: F.fractional_max_pool2d(minitorch.ones(1, 1, 4, 4), 3, 4), RuntimeError, "too large"),
]


@pytest.mark.parametrize(("call", "error", "text"), FRACTIONS)
def test_refused_fractions(call, error, text):
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_images_of_bytes(mode, antialias):
    x = minitorch.randint(60, 196, (2, 3, 9, 8), dtype=minitorch.uint8)  # none is cut off
    options = {"size": (5, 13), "mode": mode, "antialias": antialias}
    made = F.interpolate(x, **options)
    assert made.dtype is minitorch.uint8
    exact = F.interpolate(x.double(), **options).clamp(0, 255)
    assert (made.double() - exact).abs().max().item() <= (1 if mode == "bilinear" else 2)
    assert F.interpolate(minitorch.full_like(x, 200), **options).unique().tolist() == [200]


EMPTY = "non-zero size for non-batch dimensions, but input has sizes"
OPTIONAL = r"\(batch mode\) tensor with optional 0 dim batch size for input"


@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("kind", ["avg", "max", "adaptive_avg", "adaptive_max", "fractional_max"])
def test_empty_dimensions(kind: str, ndim: int) -> None:
    if kind == "fractional_max" and ndim == 1:
        pytest.skip("there is none")
    pool = getattr(F, f"{kind}_pool{ndim}d")
    sizes = {"output_size": 2} if kind == "fractional_max" else {}

    def pooled(*shape: int) -> Any:
        return tuple(pool(minitorch.ones(shape), 2, **sizes).shape)

    line, out = (4,) * ndim, (2,) * ndim
    assert pooled(0, 3, *line) == (0, 3, *out)
    chosen = "_" in kind  # its windows
    refused = pytest.raises(RuntimeError, match=EMPTY if chosen else OPTIONAL)
    for shape in ((3, 0, *line[1:]), (2, 3, *line[1:], 0)):
        with refused:
            pooled(*shape)
    if chosen:
        assert pooled(0, *line) == (0, *out)
    else:
        with refused:
            pooled(0, *line)
    if kind == "adaptive_avg" and ndim < 3:
        assert pooled(2, 0, *line) == (2, 0, *out)
    else:
        with refused:
            pooled(2, 0, *line)


@pytest.mark.parametrize("kind", ["avg", "max"])
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_no_output_takes_no_gradient(kind: str, ndim: int) -> None:
    made = getattr(F, f"adaptive_{kind}_pool{ndim}d")(leaf(1, 2, *(4,) * ndim), 0)
    assert made.numel() == 0
    with pytest.raises(RuntimeError, match="Expected grad_output to have non-zero size"):
        made.sum().backward()


def test_sizes_that_overflow() -> None:
    with pytest.raises(RuntimeError, match="overflow"):
        F.adaptive_avg_pool1d(LINE, 2**62)
    with pytest.raises(RuntimeError, match="overflow"):
        F.adaptive_max_pool2d(LINE.unsqueeze(0), 2**40)


@pytest.mark.parametrize(
    "pool", [lambda x: F.avg_pool2d(x, 3), lambda x: F.adaptive_avg_pool2d(x, 2)]
)
def test_half_precision_is_rounded_once(pool: Any) -> None:
    x = minitorch.rand(2, 3, 9, 9).half()
    assert minitorch.equal(pool(x), pool(x.float()).half())


@pytest.mark.parametrize("what", ["kernel_size", "output_size"])
def test_numbers_of_fractional_sizes(what: str) -> None:
    for ndim, text in ((2, "tuple of Ints"), (3, "tuple of three Ints")):
        arguments = {"kernel_size": 2, "output_size": 2, what: (2,) * (ndim + 1)}
        with pytest.raises(RuntimeError, match=f"{what} must either be a single Int or {text}"):
            getattr(F, f"fractional_max_pool{ndim}d")(minitorch.ones(1, *(6,) * ndim), **arguments)


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_unpooling_says_that_it_is_not_deterministic(ndim):
    x = minitorch.ones(1, 1, *(2,) * ndim)
    index = minitorch.zeros(x.shape, dtype=minitorch.int64)
    unpool = getattr(nn, f"MaxUnpool{ndim}d")(2)
    text = f"max_unpooling{max(ndim, 2)}d_forward_out does not have a deterministic"
    unpool(x, index)
    try:
        minitorch.use_deterministic_algorithms(True)
        with pytest.raises(RuntimeError, match=text):
            unpool(x, index)
        minitorch.use_deterministic_algorithms(True, warn_only=True)
        with pytest.warns(UserWarning, match=text):
            unpool(x, index)
    finally:
        minitorch.use_deterministic_algorithms(False)
