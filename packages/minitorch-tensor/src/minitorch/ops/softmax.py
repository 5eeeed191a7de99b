"""Softmax and its family."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.out import castable
from ..autograd.primitive import primitive
from ..kernels import softmax as kernels
from .arguments import numpy_names, one_dim
from .conversion import promote_to_float, to
from .exponential import exp
from .reduction import broadcast_gradient, dims, sum_p

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._tensor import Tensor
    from .._types.dtype import dtype
    from ..autograd.primitive import Operation

__all__ = ["log_softmax", "logsumexp", "softmax"]


def _softmax(x: Any, dim: int) -> Any:
    x = _floats(x, "softmax")
    return kernels.softmax(x, dim) if x.ndim else np.exp(x - x)


def _log_softmax(x: Any, dim: int) -> Any:
    x = _floats(x, "log_softmax")
    return kernels.log_softmax(x, dim) if x.ndim else x - x


def _floats(x: Any, name: str) -> Any:
    if x.dtype.kind not in "fV":
        raise NotImplementedError(
            f'"{name}" not implemented for {x.dtype}: convert it first, as with .float(), or pass '
            "dtype="
        )
    return x


# The Jacobians are symmetric or nearly so; these are the products with them.
softmax_backward_p: Operation = primitive(  # y * (g - sum(g * y))
    kernels.softmax_backward,
    "g y | dim",
    lambda h, y, dim: softmax_backward_p(h, y, dim),
    lambda h, g, y, dim: h * (g - sum_p(g * y, (dim,), True)) - g * sum_p(h * y, (dim,), True),
    name="softmax_backward",
    compiled="rows.softmax_backward",
)
log_softmax_backward_p = primitive(  # g - exp(y) * sum(g)
    kernels.log_softmax_backward,
    "g y | dim",
    lambda h, y, dim: h - sum_p(h * exp(y), (dim,), True),
    lambda h, g, y, dim: -h * exp(y) * sum_p(g, (dim,), True),
    name="log_softmax_backward",
    compiled="rows.log_softmax_backward",
)
softmax_p = primitive(
    _softmax,
    "x | dim",
    lambda g, out, dim: softmax_backward_p(g, out, dim) if out.ndim else g * 0,  # 0-dim: always 1
    name="softmax",
    compiled="rows.softmax",
)
log_softmax_p = primitive(
    _log_softmax,
    "x | dim",
    lambda g, out, dim: log_softmax_backward_p(g, out, dim) if out.ndim else g * 0,
    name="log_softmax",
    compiled="rows.log_softmax",
)


@numpy_names
def softmax(
    input: Tensor, dim: int, dtype: dtype | None = None, *, out: Tensor | None = None
) -> Tensor:
    """``exp(x) / sum(exp(x))`` along ``dim``.

    Raises:
        NotImplementedError: ``input`` holds integers and no ``dtype`` is given.

    Example:
        >>> import minitorch
        >>> minitorch.softmax(minitorch.tensor([0.0, 0.0, 0.0, 0.0]), dim=0)
        tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """
    if dtype is not None:
        input = to(input, dtype)
    return softmax_p(input, one_dim(dim, input.ndim))


@numpy_names
def log_softmax(
    input: Tensor, dim: int, dtype: dtype | None = None, *, out: Tensor | None = None
) -> Tensor:
    """``log(softmax(x))`` along ``dim``, without its overflows.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.log_softmax.html
    """
    if dtype is not None:
        input = to(input, dtype)
    return log_softmax_p(input, one_dim(dim, input.ndim))


def _logsumexp_rule(g: Any, x: Any, out: Any, dim: tuple[int, ...], keepdim: bool) -> Any:
    weights = exp(x - broadcast_gradient(out, x.shape, dim, keepdim))
    return broadcast_gradient(g, x.shape, dim, keepdim) * weights


logsumexp_p = primitive(
    kernels.logsumexp,
    "x | dim keepdim",
    _logsumexp_rule,
    name="logsumexp",
    promote=promote_to_float,
    floats=True,
)


@numpy_names
@castable
def logsumexp(
    input: Tensor, dim: int | Sequence[int], keepdim: bool = False, *, out: Tensor | None = None
) -> Tensor:
    """``log(sum(exp(x)))`` over ``dim``, without its overflows."""
    return logsumexp_p(input, dims(() if dim is None else dim, input.ndim), keepdim)
