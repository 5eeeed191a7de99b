"""What a layer or a loss saves for the backward pass may not be written to, all else may."""

from __future__ import annotations

import minitorch
import minitorch.nn.functional as F
import numpy as np
import pytest
from minitorch import nn

CASES = {  # (function of x, what is written to: the input or the output)
    "div": (lambda x: x / (x * x).sum(), "output"),
    "reciprocal": (lambda x: 1 / x, "both"),
    "elu": (F.elu, "output"),
    "selu": (F.selu, "output"),
    "celu": (F.celu, "output"),
    "normalize": (lambda x: F.normalize(x, dim=0), "output"),
    "local_response_norm": (lambda x: F.local_response_norm(x.reshape(1, 4, 1), 2), "output"),
    "erfinv": (lambda x: minitorch.erfinv(x / 9), "output"),
    "cross_entropy": (lambda x: F.cross_entropy(x, minitorch.tensor(1)), "input"),
    "rnn": (lambda x: nn.RNN(4, 3)(x.reshape(1, 4))[0], "output"),
    "attention": (
        lambda x: F.scaled_dot_product_attention(
            *[x.reshape(1, 1, 2, 2)] * 2, minitorch.eye(2)[None, None]
        ),
        "input",
    ),
    "svdvals": (lambda x: minitorch.linalg.svdvals(x.reshape(2, 2)), "input"),
}  # fmt: skip


def gradient(function, written):
    minitorch.manual_seed(0)
    leaf = minitorch.tensor([1.0, 2.0, 0.5, 3.0], requires_grad=True)
    x = leaf * 1
    y = function(x)
    with minitorch.no_grad():
        if written in ("input", "both"):
            x.mul_(7)
        if written in ("output", "both"):
            y.mul_(7)
    y.backward(minitorch.arange(y.numel()).reshape(y.shape).float() + 1)
    return leaf.grad.numpy()


@pytest.mark.parametrize("name", CASES)
def test_written_after_the_forward_pass(name):
    function, written = CASES[name]
    np.testing.assert_allclose(gradient(function, written), gradient(function, ""), rtol=1e-5)


def test_definition_needs_its_inputs():
    """The first order needs no bias; the second goes through the definition, which does."""
    x = minitorch.ones(2, 3, requires_grad=True)
    bias = minitorch.zeros(3)
    y = F.layer_norm(x, (3,), None, bias)
    bias.add_(1)
    with pytest.raises(RuntimeError, match="inplace"):
        minitorch.autograd.grad(y.sum(), x, create_graph=True)
    minitorch.autograd.grad(y.sum(), x)


@pytest.mark.parametrize(
    "function",
    [
        F.gelu,
        lambda x: F.gelu(x, approximate="tanh"),
        lambda x: F.mse_loss(x, minitorch.ones(3)),
        lambda x: F.layer_norm(x, (3,)),
    ],
)
def test_what_kernels_keep_goes_with_the_backward_pass(function):
    x = minitorch.randn(3, requires_grad=True)
    y = function(x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="second time"):
        y.backward()
