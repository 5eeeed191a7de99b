"""Samples that have a gradient by their parameters: that which leaves their place in the
distribution as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.primitive import operation, primitive
from ..kernels import implicit_gradients
from ..ops.conversion import floats_only, not_differentiable
from ..ops.creation import memory
from . import streams
from .functions import draw, drawn, for_each, of_each, source

if TYPE_CHECKING:
    from .._tensor import Tensor
    from ..autograd.primitive import Operation
    from .generator import Generator

__all__ = ["_dirichlet_grad", "_sample_dirichlet", "_standard_gamma", "_standard_gamma_grad"]
__all__ += ["binomial"]


def binomial(count: Tensor, prob: Tensor, generator: Generator | None = None) -> Tensor:
    """The successes in ``count`` trials of probability ``prob``; not differentiable.

    Both are of one floating dtype; their shapes broadcast.

    Example:
        >>> import minitorch
        >>> minitorch.binomial(minitorch.tensor([4.0, 4.0]), minitorch.tensor([0.0, 1.0]))
        tensor([0., 4.])
    """
    if count.dtype != prob.dtype:
        raise RuntimeError(
            f"Found dtype {prob.dtype.type_name} but expected {count.dtype.type_name}"
        )
    shape = np.broadcast_shapes(count.shape, prob.shape)
    array = memory(for_each(shape), count.dtype.numpy, count.device, np.empty)
    n, p = (np.broadcast_to(of_each(x), array.shape) for x in (count, prob))
    draw(streams.binomial, source(generator), array, n, p)
    return drawn(array, False, count.device)


@operation(
    implicit_gradients.standard_gamma_grad, "a x", not_differentiable("_standard_gamma_grad"),
    not_differentiable("_standard_gamma_grad"), **floats_only("_standard_gamma_grad_cpu"),
)  # fmt: skip
def _standard_gamma_grad(self: Tensor, output: Tensor) -> Tensor:
    """The derivative by ``self`` of ``output``, a sample of Gamma(self, 1)."""


@operation(
    implicit_gradients.dirichlet_grad, "x a total", not_differentiable("_dirichlet_grad"),
    not_differentiable("_dirichlet_grad"), not_differentiable("_dirichlet_grad"),
    **floats_only("_dirichlet_grad_cpu"),
)  # fmt: skip
def _dirichlet_grad(x: Tensor, alpha: Tensor, total: Tensor) -> Tensor:
    """The derivative by ``alpha`` of ``x``, a sample of Beta(alpha, total - alpha), over 1 - x."""


# the sample as a function of the parameter
gamma_p: Operation = primitive(
    lambda a, x: x, "a x", lambda g, a, out: g * _standard_gamma_grad(a, out), None,
    name="_standard_gamma", label="StandardGammaBackward0", traits=("elementwise",),
)  # fmt: skip


def _dirichlet_rule(g: Any, a: Any, out: Any) -> Any:
    slope = _dirichlet_grad(out, a, a.sum(-1, keepdims=True))
    return slope * (g - (out * g).sum(-1, keepdims=True))


dirichlet_p: Operation = primitive(
    lambda a, x: x, "a x", _dirichlet_rule, None,
    name="_sample_dirichlet", label="DirichletBackward0",
)  # fmt: skip


def _standard_gamma(self: Tensor, generator: Generator | None = None) -> Tensor:
    """Samples of Gamma(self, 1), differentiable by ``self``."""
    array = memory(for_each(self.shape), self.dtype.numpy, self.device, np.empty)
    draw(streams.gamma, source(generator), array, of_each(self))
    return gamma_p(self, drawn(array, False, self.device))


def _sample_dirichlet(self: Tensor, generator: Generator | None = None) -> Tensor:
    """Samples of the Dirichlet distributions whose parameters are along the last dimension,
    differentiable by them."""
    array = memory(for_each(self.shape), self.dtype.numpy, self.device, np.empty)
    draw(streams.dirichlet, source(generator), array, of_each(self))
    return dirichlet_p(self, drawn(array, False, self.device))
