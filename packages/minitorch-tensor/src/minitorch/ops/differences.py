"""Differences, slopes and integrals of sampled functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..autograd.out import castable
from .arguments import numpy_names, one_dim, some_dims
from .joining import cat
from .reduction import is_tensor
from .shape import clone

if TYPE_CHECKING:
    from .._tensor import Tensor

__all__ = ["cumulative_trapezoid", "diff", "gradient", "trapezoid", "trapz"]


def _cut(x: Tensor, dim: int, start: int | None, stop: int | None) -> Tensor:
    """``x[start:stop]`` along ``dim``."""
    return x[(slice(None),) * dim + (slice(start, stop),)]


@castable
@numpy_names
def diff(
    input: Tensor,
    n: int = 1,
    dim: int = -1,
    prepend: Tensor | None = None,
    append: Tensor | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """``x[k + 1] - x[k]`` along ``dim``, ``n`` times over; of bools, whether the two differ.

    Args:
        prepend, append: joined to ``input`` along ``dim`` first.
    """
    if not input.ndim:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    d = one_dim(dim, input.ndim)
    if not n:
        return clone(input)
    parts = [x for x in (prepend, input, append) if x is not None]
    if len(parts) > 1:
        if any(x.ndim != input.ndim for x in parts):
            raise RuntimeError(
                "diff expects prepend or append to be the same dimension as input, but they have "
                f"{[x.ndim for x in parts]} dimensions"
            )
        for x in parts:
            for k, (own, size) in enumerate(zip(input.shape, x.shape, strict=True)):
                if own != size and k != d:
                    raise RuntimeError(
                        "diff expects the shape of tensor to prepend or append to match that of "
                        f"input except along the differencing dimension; input.size({k}) = {own}, "
                        f"but got tensor.size({k}) = {size}"
                    )
        input = cat(parts, d)
    for _ in range(min(n, input.shape[d])):
        later, earlier = _cut(input, d, 1, None), _cut(input, d, None, -1)
        input = later - earlier if input.dtype.category else later != earlier
    return input


# --- integrals -------------------------------------------------------------------------------


def _areas(y: Tensor, x: Tensor | None, dx: float, dim: int) -> Tensor:
    """The trapezoids between neighbours along ``dim``."""
    if not y.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    if not y.dtype.category:
        raise RuntimeError("trapezoid: received a bool input for `y`, but bool is not supported")
    if isinstance(dx, complex):
        raise RuntimeError(f"trapezoid: Currently, we only support dx as a real number, not {dx}")
    if x is not None and dx != 1:
        raise TypeError(
            "trapezoid() received an invalid combination of arguments: the points x or their "
            f"distance dx, not both, but got dx={dx}"
        )
    d = one_dim(dim, y.ndim)
    pairs = _cut(y, d, 1, None) + _cut(y, d, None, -1)
    if x is None:
        return pairs * (dx / 2) if y.dtype.is_floating_point else pairs * dx / 2
    if not x.ndim:
        raise RuntimeError("trapezoid: received an x tensor of 0 dimensions")
    if x.ndim == 1:
        if x.shape[0] != y.shape[d]:
            raise RuntimeError(
                "trapezoid: There must be one `x` value for each sample point: "
                f"{x.shape[0]} values for {y.shape[d]} points"
            )
        widths = (x[1:] - x[:-1]).reshape(-1, *(1,) * (y.ndim - 1 - d))
    else:
        x = x.reshape(*(1,) * (y.ndim - x.ndim), *x.shape)
        widths = _cut(x, d, 1, None) - _cut(x, d, None, -1)
    return pairs * widths / 2


@numpy_names
def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: float = 1, dim: int = -1) -> Tensor:
    """The integral of ``y`` over ``x`` (or over points ``dx`` apart) along ``dim``."""
    return _areas(y, x, dx, dim).sum(dim)


trapz = trapezoid


@numpy_names
def cumulative_trapezoid(
    y: Tensor, x: Tensor | None = None, *, dx: float = 1, dim: int = -1
) -> Tensor:
    """The integral up to each point after the first along ``dim``."""
    return _areas(y, x, dx, dim).cumsum(dim)


# --- slopes ----------------------------------------------------------------------------------


def _slope(f: Any, d: int, spacing: Any, edge_order: int) -> Tensor:
    """The slope along ``d``: central differences inside, one-sided ones at the ends."""
    n = f.shape[d]
    if n <= edge_order:
        raise RuntimeError(
            "torch.gradient expected each dimension size to be at least edge_order+1, but "
            f"dimension {d} has size {n} and edge_order is {edge_order}"
        )

    def at(k: int) -> Any:
        return _cut(f, d, k, k + 1 or None)

    if not is_tensor(spacing):
        h = spacing
        inner = (_cut(f, d, 2, None) - _cut(f, d, None, -2)) / (2 * h)
        if edge_order == 1:
            first, last = (at(1) - at(0)) / h, (at(-1) - at(-2)) / h
        else:
            first = (-1.5 * at(0) + 2 * at(1) - 0.5 * at(2)) / h
            last = (1.5 * at(-1) - 2 * at(-2) + 0.5 * at(-3)) / h
        return cat([first, inner, last], d)
    if spacing.ndim != 1 or spacing.shape[0] != n:
        raise RuntimeError(
            f"torch.gradient expected {n} coordinates in one dimension for dimension {d}, but got "
            f"the shape {list(spacing.shape)}"
        )
    h = (spacing[1:] - spacing[:-1]).reshape(-1, *(1,) * (f.ndim - 1 - d))
    a, b = h[:-1], h[1:]
    inner = (
        _cut(f, d, None, -2) * (-b / (a * (a + b)))
        + _cut(f, d, 1, -1) * ((b - a) / (a * b))
        + _cut(f, d, 2, None) * (a / (b * (a + b)))
    )
    if edge_order == 1:
        first, last = (at(1) - at(0)) / h[:1], (at(-1) - at(-2)) / h[-1:]
    else:
        a, b = h[:1], h[1:2]
        first = (
            at(0) * (-(2 * a + b) / (a * (a + b)))
            + at(1) * ((a + b) / (a * b))
            + at(2) * (-a / (b * (a + b)))
        )
        a, b = h[-2:-1], h[-1:]
        last = (
            at(-3) * (b / (a * (a + b)))
            + at(-2) * (-(b + a) / (a * b))
            + at(-1) * ((2 * b + a) / (b * (a + b)))
        )
    return cat([first, inner, last], d)


@numpy_names
def gradient(
    input: Tensor,
    *,
    spacing: complex | Sequence[complex | Tensor] | None = None,
    dim: int | Sequence[int] | None = None,
    edge_order: int = 1,
) -> tuple[Any, ...]:
    """The slopes of the function sampled in ``input``, one tensor per dimension in ``dim``.

    Args:
        spacing: the distance of the points: one number, one number per dimension, or one 1-D
            tensor of coordinates per dimension; 1 by default.
        dim: the dimensions, by default all.
        edge_order: 1 or 2, the order of the one-sided differences at the ends.
    """
    if edge_order not in (1, 2):
        raise RuntimeError(
            f"torch.gradient only supports edge_order=1 and edge_order=2, not {edge_order}"
        )
    if input.dtype.name == "uint8":
        raise RuntimeError("torch.gradient does not support uint8 input.")
    axes = some_dims(dim, input.ndim)
    spacing = 1 if spacing is None else spacing
    each = list(spacing) if isinstance(spacing, Sequence) else [spacing] * len(axes)
    if len(each) != len(axes):
        raise RuntimeError(
            f"torch.gradient expected spacing to be unspecified, a scalar, or a sequence of length "
            f"{len(axes)}, but got one of length {len(each)}"
        )
    return tuple(_slope(input, d, h, edge_order) for d, h in zip(axes, each, strict=True))
