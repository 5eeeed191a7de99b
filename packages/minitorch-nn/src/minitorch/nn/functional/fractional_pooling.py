"""The maxima of windows whose places are drawn at random.

B. Graham, Fractional max-pooling, 2014, https://arxiv.org/abs/1412.6071
"""

from __future__ import annotations

from typing import Any

import minitorch
from minitorch import Tensor
from minitorch.extend import array_of, labelled, wrap

from ..kernels import pooling as kernels
from .arguments import Sizes, numbers
from .max_pooling import take_places_p
from .pooling import batch_of_parts

__all__ = [
    "fractional_max_pool2d",
    "fractional_max_pool2d_with_indices",
    "fractional_max_pool3d",
    "fractional_max_pool3d_with_indices",
]

fractional_maxima = {
    ndim: labelled(take_places_p, f"FractionalMaxPool{ndim}DBackward0") for ndim in (2, 3)
}


def _fractional_max_pool(
    ndim: int, input: Tensor, kernel_size: Any, output_size: Any, output_ratio: Any,
    return_indices: bool, samples: Any,
) -> Any:  # fmt: skip
    name = f"fractional_max_pool{ndim}d"
    if output_size is None and output_ratio is None:
        raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
    x, batched = batch_of_parts(input, ndim, name)
    sizes = tuple(x.shape[2:])
    if output_size is None:
        ratios = output_ratio if isinstance(output_ratio, tuple | list) else (output_ratio,) * ndim
        if len(ratios) != ndim:
            raise ValueError(
                f"{name} requires output_ratio to either be a single Int or tuple of Ints."
            )
        output_size = tuple(int(n * ratio) for n, ratio in zip(sizes, ratios, strict=True))
    for what, value in (("output_size", output_size), ("kernel_size", kernel_size)):
        if isinstance(value, tuple | list) and len(value) != ndim:
            which = "Ints" if ndim == 2 else "three Ints"
            raise RuntimeError(f"{name}: {what} must either be a single Int or tuple of {which}")
    out = numbers(output_size, ndim, name, "output_size")
    kernel = numbers(kernel_size, ndim, name, "kernel_size")
    names = ("time", "height", "width")[-ndim:]
    for n, k, m, what in zip(sizes, kernel, out, names, strict=True):
        if m + k - 1 > n:
            raise RuntimeError(
                f"{name}(): pool {what} {k} too large relative to input {what} {n} for {m} windows"
            )
    if samples is None:
        samples = minitorch.rand(*x.shape[:2], ndim, dtype=input.dtype)
    if tuple(samples.shape) != (*x.shape[:2], ndim):
        raise RuntimeError(
            f"{name}: Expect _random_samples of shape {[*x.shape[:2], ndim]}, got "
            f"{list(samples.shape)}"
        )
    drawn = array_of(samples)
    if ndim == 2:  # PyTorch takes the width's number first there
        drawn = drawn[..., ::-1]
    indices = wrap(kernels.fractional_places(array_of(x), drawn, kernel, out))
    values = fractional_maxima[ndim](x, indices)
    if not batched:
        values, indices = values.squeeze(0), indices.squeeze(0)
    return (values, indices) if return_indices else values


def fractional_max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Sizes,
    output_size: Sizes | None = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """``fractional_max_pool2d`` with ``return_indices=True``: (values, indices)."""
    made: tuple[Tensor, Tensor] = _fractional_max_pool(
        2, input, kernel_size, output_size, output_ratio, True, _random_samples
    )
    return made


def fractional_max_pool3d_with_indices(
    input: Tensor,
    kernel_size: Sizes,
    output_size: Sizes | None = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """``fractional_max_pool3d`` with ``return_indices=True``: (values, indices)."""
    made: tuple[Tensor, Tensor] = _fractional_max_pool(
        3, input, kernel_size, output_size, output_ratio, True, _random_samples
    )
    return made


def fractional_max_pool2d(
    input: Tensor,
    kernel_size: Sizes,
    output_size: Sizes | None = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Tensor | tuple[Tensor, Tensor]:
    """The maxima of windows at random places, which overlap and cover the image.

    Args:
        input: (N, C, H, W) or (C, H, W)
        kernel_size: the windows' size.
        output_size: how many windows, an int or (oH, oW);
        output_ratio: or their number as a part of the image's size, between 0 and 1.
        return_indices: return the maxima's places too.
        _random_samples: (N, C, 2) numbers in [0, 1) that place the windows; drawn by default.

    Raises:
        ValueError: neither ``output_size`` nor ``output_ratio`` is given.
        RuntimeError: the windows do not fit.

    Example:
        >>> import minitorch
        >>> x = minitorch.arange(25.0).reshape(1, 1, 5, 5)
        >>> minitorch.nn.functional.fractional_max_pool2d(x, 2, output_size=2).shape
        torch.Size([1, 1, 2, 2])
    """
    made: Tensor = _fractional_max_pool(
        2, input, kernel_size, output_size, output_ratio, return_indices, _random_samples
    )
    return made


def fractional_max_pool3d(
    input: Tensor,
    kernel_size: Sizes,
    output_size: Sizes | None = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Tensor | tuple[Tensor, Tensor]:
    """The same for volumes; the arguments are those of ``fractional_max_pool2d``."""
    made: Tensor = _fractional_max_pool(
        3, input, kernel_size, output_size, output_ratio, return_indices, _random_samples
    )
    return made
