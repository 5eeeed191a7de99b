"""Extrema over dimensions, their values and their places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

import numpy as np

from .. import return_types
from ..autograd.out import castable
from ..autograd.primitive import primitive
from ..kernels import along, sums
from ..kernels.half import single
from .arguments import numpy_names, one_dim
from .reduction import broadcast_gradient, dims, is_tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._tensor import Tensor
    from ..autograd.primitive import Operation

__all__ = ["amax", "amin", "aminmax", "argmax", "argmin", "max", "min"]

# x at index along dim, and the adjoint: zeros with g added at index, where it repeats or not
pick_p = primitive(
    along.pick,
    "x index | dim keepdim repeats",
    lambda g, index, dim, keepdim, repeats, x_shape: place_p(
        g, index, dim, keepdim, repeats, x_shape
    ),
    None,
    name="pick",
)
place_p: Operation = primitive(
    along.place,
    "g index | dim keepdim repeats shape",
    lambda g, index, dim, keepdim, repeats: pick_p(g, index, dim, keepdim, repeats),
    None,
    name="place",
)


def _tie_weights(x: Any, out: Any, dim: Any, keepdim: bool, nan: bool) -> Any:
    if dim is not None and not keepdim:
        out = np.expand_dims(out, dim)
    hit = x == out
    if nan:
        hit = hit | ((x != x) & (out != out))
    count = np.add.reduce(hit, axis=dim, keepdims=True, dtype=single(x).dtype)
    return (hit / count).astype(x.dtype)


# Each element's share of the gradient of its extremum: ties share it evenly. A constant.
tie_weights_p = primitive(_tie_weights, "x out | dim keepdim nan", None, None, name="tie_weights")


def _extremum(reduce: Any, name: str, nan: bool, label: str | None = None) -> Operation:
    def rule(g: Any, x: Any, out: Any, dim: Any, keepdim: bool) -> Any:
        return broadcast_gradient(g, x.shape, dim, keepdim) * tie_weights_p(
            x, out, dim, keepdim, nan
        )

    def kernel(x: Any, dim: Any, keepdim: bool) -> Any:
        if x.dtype.kind == "c":
            raise NotImplementedError(f'"{name}" not implemented for {x.dtype}')
        return reduce(x, axis=dim, keepdims=keepdim)

    return primitive(kernel, "x | dim keepdim", rule, name=name, label=label)


def _placed_extremum(reduce: Any, name: str, arg: str) -> Operation:
    def kernel(x: Any, dim: int, keepdim: bool) -> Any:
        if not x.ndim:
            return x[()], np.int64(0)
        index = getattr(x, arg)(dim, keepdims=keepdim)
        return reduce(x, axis=dim, keepdims=keepdim), index.astype(np.int64, copy=False)

    return primitive(
        kernel,
        "x | dim keepdim -> values indices",
        lambda g, indices, dim, keepdim, shape: place_p(g, indices, dim, keepdim, False, shape),
        name=name,
    )


max_p = _extremum(sums.max_reduce, "max", nan=True, label="MaxBackward1")
min_p = _extremum(sums.min_reduce, "min", nan=True, label="MinBackward1")
max_dim_p = _placed_extremum(sums.max_reduce, "max", "argmax")
min_dim_p = _placed_extremum(sums.min_reduce, "min", "argmin")
amax_p = _extremum(sums.max_reduce, "amax", nan=False)
amin_p = _extremum(sums.min_reduce, "amin", nan=False)


def empty(name: str, input: Any, dim: Any, kind: type[Exception] = RuntimeError) -> Exception:
    """The error of an extremum over no elements."""
    if dim is None:
        return kind(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
            "reduction dim with the 'dim' argument."
        )
    sizes = input.shape
    d = next((d for d in dim if not sizes[d]), None)
    return IndexError(
        f"{name}(): Expected reduction dim {d} to have non-zero size, not {list(sizes)}"
    )


def _full_or_along(name: str, full: Any, along_dim: Any, made: Any, input: Any, dim: Any,
                   keepdim: bool) -> Any:  # fmt: skip
    try:
        if dim is None:
            return full(input, None, False)
        d = one_dim(dim, input.ndim)
        return made(*along_dim(input, d, keepdim))
    except AttributeError:
        if hasattr(input, "ndim"):
            raise
        raise TypeError(f"{name}(): argument 'input' must be Tensor, not {input!r}") from None
    except ValueError:
        raise empty(name, input, dim if dim is None else (d,)) from None


@overload
def max(input: Tensor) -> Tensor: ...
@overload
def max(input: Tensor, other: Tensor, /) -> Tensor: ...
@overload
def max(input: Tensor, *, other: Tensor) -> Tensor: ...
@overload
def max(input: Tensor, dim: int, keepdim: bool = False) -> return_types.max: ...
@numpy_names
@castable
def max(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    other: Tensor | None = None,
    out: Tensor | tuple[Tensor, Tensor] | None = None,
) -> Any:
    """The maximum: of all, along ``dim`` with its place, or of two tensors element by element.

    A NaN is larger than any number. The full maximum shares its gradient among ties; with ``dim``
    it goes to the element whose index is returned.

    Returns:
        A tensor, with ``dim`` a named tuple ``(values, indices)``.

    Example:
        >>> import minitorch
        >>> values, indices = minitorch.max(minitorch.tensor([[1.0, 5.0], [7.0, 2.0]]), dim=1)
        >>> values, indices
        (tensor([5., 7.]), tensor([1, 0]))
    """
    if other is not None or is_tensor(dim):
        from .choice import maximum

        return maximum(input, dim if other is None else other)
    return _full_or_along("max", max_p, max_dim_p, return_types.max, input, dim, keepdim)


@overload
def min(input: Tensor) -> Tensor: ...
@overload
def min(input: Tensor, other: Tensor, /) -> Tensor: ...
@overload
def min(input: Tensor, *, other: Tensor) -> Tensor: ...
@overload
def min(input: Tensor, dim: int, keepdim: bool = False) -> return_types.min: ...
@numpy_names
@castable
def min(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    other: Tensor | None = None,
    out: Tensor | tuple[Tensor, Tensor] | None = None,
) -> Any:
    """The minimum: of all, along ``dim`` with its place, or of two tensors element by element."""
    if other is not None or is_tensor(dim):
        from .choice import minimum

        return minimum(input, dim if other is None else other)
    return _full_or_along("min", min_p, min_dim_p, return_types.min, input, dim, keepdim)


def _over_dims(name: str, op: Operation, input: Tensor, dim: Any, keepdim: bool) -> Tensor:
    axes = dims(dim if dim is not None else (), input.ndim)
    try:
        return op(input, axes, keepdim)
    except ValueError:
        raise empty(name, input, None if dim is None or dim == () else axes) from None


@numpy_names
def amax(
    input: Tensor,
    dim: int | Sequence[int] = (),
    keepdim: bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The maximum over ``dim``, one or several; ties share the gradient evenly."""
    return _over_dims("amax", amax_p, input, dim, keepdim)


@numpy_names
def amin(
    input: Tensor,
    dim: int | Sequence[int] = (),
    keepdim: bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The minimum over ``dim``, one or several; ties share the gradient evenly."""
    return _over_dims("amin", amin_p, input, dim, keepdim)


@numpy_names
def aminmax(
    input: Tensor,
    *,
    dim: int | None = None,
    keepdim: bool = False,
    out: tuple[Tensor, Tensor] | None = None,
) -> return_types.aminmax:
    """The minimum and the maximum, of all or along ``dim``.

    Returns:
        A named tuple ``(min, max)``.
    """
    axes = () if dim is None else (one_dim(dim, input.ndim),)
    return return_types.aminmax(
        _over_dims("aminmax", amin_p, input, axes, keepdim),
        _over_dims("aminmax", amax_p, input, axes, keepdim),
    )


def _place(x: Any, arg: str, dim: int | None, keepdim: bool) -> Any:
    if x.dtype.kind not in "fViu":
        kind = RuntimeError if x.dtype.kind == "b" else NotImplementedError
        raise kind(f"{arg}(): does not support {x.dtype} input")
    index = getattr(x, arg)(dim if x.ndim else None, keepdims=keepdim)
    return index.astype(np.int64, copy=False)


argmax_p = primitive(_place, "x | arg dim keepdim", None, name="argmax")


def _arg(name: str, input: Tensor, dim: int | None, keepdim: bool) -> Tensor:
    d = None if dim is None else one_dim(dim, input.ndim)
    try:
        return argmax_p(input, name, d, keepdim)
    except ValueError:
        raise empty(name, input, None if d is None else (d,), IndexError) from None


@numpy_names
def argmax(
    input: Tensor, dim: int | None = None, keepdim: bool = False, *, out: Tensor | None = None
) -> Tensor:
    """The index of the maximum, of the flattened tensor or along ``dim``; the first of equals."""
    return _arg("argmax", input, dim, keepdim)


@numpy_names
def argmin(
    input: Tensor, dim: int | None = None, keepdim: bool = False, *, out: Tensor | None = None
) -> Tensor:
    """The index of the minimum, of the flattened tensor or along ``dim``; the first of equals."""
    return _arg("argmin", input, dim, keepdim)
