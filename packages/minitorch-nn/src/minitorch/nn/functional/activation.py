"""Activations, with their derivatives.

The rules take arrays and tensors alike, so the second derivatives come from them too. A mask picks
with ``where``: a product with it would make NaN of the infinite gradients that it is to hide.
"""

from __future__ import annotations

import warnings
from typing import Any

import minitorch
import numpy as np
from minitorch import sigmoid, tanh, where
from minitorch.extend import inplace, numpy_names, primitive, promote_to_float, select

from ..kernels.dtypes import of_floats

__all__ = [
    "celu",
    "celu_",
    "elu",
    "elu_",
    "glu",
    "gumbel_softmax",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hardtanh_",
    "leaky_relu",
    "leaky_relu_",
    "log_softmax",
    "logsigmoid",
    "mish",
    "prelu",
    "relu",
    "relu6",
    "relu_",
    "rrelu",
    "rrelu_",
    "selu",
    "selu_",
    "sigmoid",
    "silu",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "tanh",
    "tanhshrink",
    "threshold",
    "threshold_",
]

ELEMENTWISE = ("elementwise",)


def activation(kernel: Any, signature: str, *rules: Any, name: str, **options: Any) -> Any:
    """An elementwise operation of floats; integers raise."""
    checked = of_floats(kernel, name)
    return primitive(checked, signature, *rules, name=name, traits=ELEMENTWISE, **options)


def in_place(op: Any, input: Any, *params: Any) -> Any:
    """``op`` written into ``input``."""
    return inplace(op)(input, *params)


def relu(input: Any, inplace: bool = False) -> Any:
    """max(0, x).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.relu.html
    """
    return relu_(input) if inplace else minitorch.relu(input)


# --- straight lines -------------------------------------------------------------------------

leaky = activation(
    lambda x, slope: np.maximum(x, x * slope) if 0 <= slope <= 1 else select(x > 0, x, x * slope),
    "x | slope",
    lambda g, x, slope: where(x > 0, g, g * slope),
    name="leaky_relu",
)
clipped = primitive(
    lambda x, low, high: np.clip(x, x.dtype.type(low), x.dtype.type(high)),
    "x | low high",
    lambda g, x, low, high: where((x > low) & (x < high), g, 0.0),
    name="hardtanh",
    traits=ELEMENTWISE,
)
above = primitive(
    lambda x, limit, value: select(x <= limit, x.dtype.type(value).item(), x),
    "x | limit value",
    lambda g, x, limit: where(x <= limit, 0.0, g),
    name="threshold",
    traits=ELEMENTWISE,
)
hard_sigmoid = activation(
    lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "x",
    lambda g, x: where((x > -3) & (x < 3), g / 6, 0.0),
    name="hardsigmoid",
)
hard_swish = activation(
    lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "x",
    lambda g, x: where(x <= -3, 0.0, where(x < 3, g * (x / 3 + 0.5), g)),
    name="hardswish",
)
hard_shrink = activation(
    lambda x, lambd: select(abs(x) <= lambd, 0, x),
    "x | lambd",
    lambda g, x, lambd: where(abs(x) <= lambd, 0.0, g),
    name="hardshrink",
)
soft_shrink = activation(
    # NaN stays NaN
    lambda x, lambd: select(abs(x) <= lambd, 0, x - np.sign(x) * lambd),
    "x | lambd",
    lambda g, x, lambd: where(abs(x) <= lambd, 0.0, g),
    name="softshrink",
)


def leaky_relu(input: Any, negative_slope: float = 0.01, inplace: bool = False) -> Any:
    """``x`` where it is positive, ``negative_slope`` x elsewhere.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.leaky_relu.html
    """
    if inplace:
        return in_place(leaky, input, negative_slope)
    return leaky(input, negative_slope)


def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Any:
    """x, held between ``min_val`` and ``max_val``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.hardtanh.html
    """
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    if inplace:
        return in_place(clipped, input, min_val, max_val)
    return clipped(input, min_val, max_val)


def relu6(input: Any, inplace: bool = False) -> Any:
    """x, held between 0 and 6.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.relu6.html
    """
    return hardtanh(input, 0, 6, inplace)


def threshold(input: Any, threshold: float, value: float, inplace: bool = False) -> Any:
    """``x`` where it is above ``threshold``, ``value`` elsewhere.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.threshold.html
    """
    if inplace:
        return in_place(above, input, threshold, value)
    return above(input, threshold, value)


def hardsigmoid(input: Any, inplace: bool = False) -> Any:
    """``x`` / 6 + 1/2, held between 0 and 1.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.hardsigmoid.html
    """
    return in_place(hard_sigmoid, input) if inplace else hard_sigmoid(input)


def hardswish(input: Any, inplace: bool = False) -> Any:
    """``x`` hardsigmoid(x).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.hardswish.html
    """
    return in_place(hard_swish, input) if inplace else hard_swish(input)


def hardshrink(input: Any, lambd: float = 0.5) -> Any:
    """``x`` outside of [-lambd, lambd], 0 inside.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.hardshrink.html
    """
    return hard_shrink(input, lambd)


def softshrink(input: Any, lambd: float = 0.5) -> Any:
    """``x`` moved towards 0 by ``lambd``, 0 where it gets there.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.softshrink.html
    """
    if lambd < 0:
        raise RuntimeError(f"lambda must be greater or equal to 0, but found to be {lambd}.")
    return soft_shrink(input, lambd)


# --- exponentials ---------------------------------------------------------------------------

# scale * (x where positive, alpha * (exp(rate * x) - 1) elsewhere)
exponential_unit = activation(
    # one of the two terms is zero: quicker than a choice
    lambda x, alpha, scale, rate: (
        np.expm1(np.minimum(x, 0) * rate) * (alpha * scale) + np.maximum(x, 0) * scale
    ),
    "x | alpha scale rate",
    lambda g, x, out, alpha, scale, rate: where(x > 0, g * scale, g * rate * (out + alpha * scale)),
    name="elu",
)
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


def elu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """``x`` where it is positive, alpha (exp(x) - 1) elsewhere.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.elu.html
    """
    if inplace:
        return in_place(exponential_unit, input, alpha, 1.0, 1.0)
    return exponential_unit(input, alpha, 1.0, 1.0)


def celu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """``x`` where it is positive, alpha (exp(x / alpha) - 1) elsewhere.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.celu.html
    """
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    if inplace:
        return in_place(exponential_unit, input, alpha, 1.0, 1 / alpha)
    return exponential_unit(input, alpha, 1.0, 1 / alpha)


def selu(input: Any, inplace: bool = False) -> Any:
    """``elu`` with the two constants that keep mean 0 and variance 1 (Klambauer et al., 2017).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.selu.html
    """
    if inplace:
        return in_place(exponential_unit, input, SELU_ALPHA, SELU_SCALE, 1.0)
    return exponential_unit(input, SELU_ALPHA, SELU_SCALE, 1.0)


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _softplus(x: Any, beta: float, threshold: float) -> Any:
    y = x * beta
    return select(y > threshold, x, np.log1p(np.exp(np.minimum(y, threshold))) / beta)


soft_plus = activation(
    _softplus,
    "x | beta threshold",
    lambda g, x, beta, threshold: where(x * beta > threshold, g, g * sigmoid(x * beta)),
    name="softplus",
)
log_sigmoid = activation(
    lambda x: np.minimum(x, 0) - np.log1p(np.exp(-abs(x))),
    "x",
    lambda g, x: g * sigmoid(-x),
    name="logsigmoid",
    label="LogSigmoidBackward0",
)
swish = activation(
    lambda x: x * _sigmoid(x),
    "x",
    lambda g, x: (s := sigmoid(x)) * (x * (1 - s) + 1) * g,
    name="silu",
)


def _mish_slope(x: Any) -> Any:
    t = tanh(soft_plus(x, 1.0, 20.0))
    return t + x * sigmoid(x) * (1 - t * t)


mished = activation(
    lambda x: x * np.tanh(_softplus(x, 1.0, 20.0)),
    "x",
    lambda g, x: g * _mish_slope(x),
    name="mish",
)


def softplus(input: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """log(1 + exp(beta x)) / beta; x itself where beta x is above ``threshold``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.softplus.html
    """
    return soft_plus(input, beta, threshold)


def logsigmoid(input: Any) -> Any:
    """log(sigmoid(x)), exact for large negative x too.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.logsigmoid.html
    """
    return log_sigmoid(input)


def silu(input: Any, inplace: bool = False) -> Any:
    """``x`` sigmoid(x) (swish).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.silu.html
    """
    return in_place(swish, input) if inplace else swish(input)


def mish(input: Any, inplace: bool = False) -> Any:
    """``x`` tanh(softplus(x)).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.mish.html
    """
    return in_place(mished, input) if inplace else mished(input)


soft_sign = primitive(
    lambda x: x / (abs(x) + 1),
    "x",
    lambda g, x: g / (abs(x) + 1) ** 2,
    name="softsign",
    promote=promote_to_float,
    floats=True,
    traits=ELEMENTWISE,
)


def softsign(input: Any) -> Any:
    """``x`` / (1 + |x|).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.softsign.html
    """
    return soft_sign(input)


def tanhshrink(input: Any) -> Any:
    """``x`` - tanh(x).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.tanhshrink.html
    """
    return input - tanh(input)


# --- gates and learned slopes ---------------------------------------------------------------


@numpy_names
def glu(input: Any, dim: int = -1) -> Any:
    """A sigmoid(b), where a and b are the halves of ``input`` along ``dim``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.glu.html
    """
    if not input.ndim:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    if input.shape[dim] % 2:
        raise RuntimeError(
            f"Halving dimension must be even, but dimension {dim} is size {input.shape[dim]}"
        )
    a, b = minitorch.chunk(input, 2, dim)
    return a * sigmoid(b)


learned = activation(
    lambda x, slope: select(x > 0, x, x * slope),
    "x slope",
    lambda g, x, slope: where(x > 0, g, g * slope),
    lambda g, x: where(x > 0, 0.0, g * x),
    name="prelu",
    label="PreluKernelBackward0",
)


def prelu(input: Any, weight: Any) -> Any:
    """``x`` where it is positive, ``weight`` x elsewhere: one for all or one per channel (dim 1).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.prelu.html
    """
    if weight.ndim > 1:
        raise RuntimeError(
            f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.ndim}"
        )
    if weight.dtype != input.dtype:
        raise RuntimeError(
            f"prelu: Type promoting not supported. Got {input.dtype} and {weight.dtype}"
        )
    if weight.numel() != 1:
        if not input.ndim:
            raise RuntimeError("Not allow zero-dim input tensor.")
        channels = input.shape[1] if input.ndim > 1 else 1
        if channels != weight.numel():
            raise RuntimeError(
                f"Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                f"{weight.numel()} and channel size = {channels}."
            )
    if input.ndim > 1:
        weight = weight.reshape((1, -1) + (1,) * (input.ndim - 2))
    elif weight.ndim and not input.ndim:
        weight = weight.reshape(())
    return learned(input, weight)


def rrelu(
    input: Any,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = False,
    inplace: bool = False,
) -> Any:
    """``x`` where it is positive, elsewhere times a slope drawn from [lower, upper) while training,
    the mean slope otherwise.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.rrelu.html
    """
    if lower > upper:
        raise RuntimeError("Lower bound should be less than or equal to the upper bound")
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)
    with minitorch.no_grad():
        slopes = minitorch.zeros_like(input)
        negative = input.detach() <= 0
        count = int(negative.sum())
        # one 53-bit draw for each negative element, in order, as PyTorch's kernel does
        drawn = minitorch.empty(count, dtype=minitorch.float64).uniform_(lower, upper)
        slopes[negative] = drawn.to(slopes.dtype)
    return in_place(learned, input, slopes) if inplace else learned(input, slopes)


# --- distributions over a dimension ---------------------------------------------------------


def _dim(name: str, ndim: int, stacklevel: int) -> int:
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include "
        "dim=X as an argument.",
        stacklevel=stacklevel + 1,
    )
    return 0 if ndim in (0, 1, 3) else 1


@numpy_names
def softmax(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """exp(x) over its sum along ``dim``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.softmax.html
    """
    if dim is None:
        dim = _dim("softmax", input.ndim, _stacklevel)
    return minitorch.softmax(input, dim, dtype=dtype)


@numpy_names
def softmin(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """softmax(-x).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.softmin.html
    """
    if dim is None:
        dim = _dim("softmin", input.ndim, _stacklevel)
    return minitorch.softmax(-input, dim, dtype=dtype)


@numpy_names
def log_softmax(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """log(softmax(x)), in one numerically safe step.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.log_softmax.html
    """
    if dim is None:
        dim = _dim("log_softmax", input.ndim, _stacklevel)
    return minitorch.log_softmax(input, dim, dtype=dtype)


@numpy_names
def gumbel_softmax(
    logits: Any, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Any:
    """A differentiable sample of a category: softmax((logits + Gumbel noise) / tau).

    Args:
        logits: unnormalised log-probabilities along ``dim``.
        tau: the temperature; small is nearer to one-hot.
        hard: one-hot in the forward pass, with the gradient of the soft sample.
        eps: not used.
        dim: the dimension of the categories.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.gumbel_softmax.html
    """
    gumbels = -minitorch.empty_like(logits).detach().exponential_().log()
    soft = minitorch.softmax((logits + gumbels) / tau, dim)
    if not hard:
        return soft
    index = soft.detach().argmax(dim, keepdim=True)
    one_hot = minitorch.zeros_like(soft).detach().scatter_(dim, index, 1.0)
    return one_hot - soft.detach() + soft


relu_ = inplace(minitorch.relu)
elu_ = inplace(elu)
celu_ = inplace(celu)
selu_ = inplace(selu)
hardtanh_ = inplace(hardtanh)
leaky_relu_ = inplace(leaky_relu)
rrelu_ = inplace(rrelu)
threshold_ = inplace(threshold)
