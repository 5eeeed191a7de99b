"""Attention: the blocks against the definition; several heads; transformers."""

from __future__ import annotations

import math
from typing import Any

import minitorch
import pytest
from minitorch import nn
from minitorch.autograd import gradgradcheck
from minitorch.nn import functional as F
from minitorch.nn.functional.attention import attention_definition
from minitorch.nn.kernels import attention as kernels


def leaf(*shape: int) -> Any:
    return minitorch.randn(*shape, dtype=minitorch.float64, requires_grad=True)


@pytest.mark.parametrize("size", [1, 60])  # of large scores the maxima are taken off
@pytest.mark.parametrize(("block", "rows"), [(8, 128), (1 << 16, 2), (1 << 16, 128)])
@pytest.mark.parametrize("kind", ["none", "causal", "bool", "float", "blind"])
def test_blocks(
    kind: str, block: int, rows: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    minitorch.manual_seed(0)
    monkeypatch.setattr(kernels, "BLOCK", block)
    monkeypatch.setattr(kernels, "ROWS", rows)
    inputs = leaf(2, 3, 5, 4), leaf(2, 3, 6, 4), leaf(2, 3, 6, 2)
    with minitorch.no_grad():
        inputs[0].mul_(size)
    mask = None
    if kind == "bool":
        mask = minitorch.rand(5, 6) > 0.4
    if kind == "float":
        mask = minitorch.randn(2, 1, 5, 6, dtype=minitorch.float64)
    if kind == "blind":
        mask = minitorch.ones(5, 6, dtype=minitorch.bool)
        mask[2] = False
    causal = kind == "causal"
    fused = F.scaled_dot_product_attention(*inputs, mask, is_causal=causal)
    plain = attention_definition(*inputs, mask, 0.5, causal)
    assert minitorch.allclose(fused, plain)
    g = minitorch.randn(fused.shape, dtype=minitorch.float64)
    grads = [minitorch.autograd.grad(out, inputs, g) for out in (fused, plain)]
    for a, b in zip(*grads, strict=True):
        assert minitorch.allclose(a, b)


def test_second_order() -> None:
    inputs = leaf(2, 3, 2), leaf(2, 3, 2), leaf(2, 3, 2)
    assert gradgradcheck(lambda *xs: F.scaled_dot_product_attention(*xs, is_causal=True), inputs)


def test_mask_with_gradient() -> None:
    mask = leaf(3, 3)
    q = leaf(2, 3, 2)
    F.scaled_dot_product_attention(q, q, q, mask).sum().backward()
    assert mask.grad.abs().sum() > 0


def test_heads_with_and_without_weights() -> None:
    minitorch.manual_seed(0)
    layer = nn.MultiheadAttention(8, 2, add_bias_kv=True, add_zero_attn=True, batch_first=True)
    x = minitorch.randn(3, 4, 8)
    padding = minitorch.tensor([[False, False, False, True]] * 3)
    mask = nn.Transformer.generate_square_subsequent_mask(4)
    out, weights = layer(x, x, x, padding, attn_mask=mask)
    lean, none = layer(x, x, x, padding, need_weights=False, attn_mask=mask)
    assert none is None
    assert weights.shape == (3, 4, 6)
    assert minitorch.allclose(weights.sum(-1), minitorch.ones(3, 4))
    assert minitorch.allclose(out, lean, atol=1e-6)


def test_a_causal_transformer_does_not_see_ahead() -> None:
    minitorch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True)
    encoder = nn.TransformerEncoder(layer, 2)
    mask = nn.Transformer.generate_square_subsequent_mask(5)
    x = minitorch.randn(2, 5, 8)
    y = x.clone()
    y[:, 3:] = 0
    assert minitorch.allclose(encoder(x, mask)[:, :3], encoder(y, mask)[:, :3], atol=1e-6)
    assert not math.isnan(encoder(x, mask).sum().item())


X = minitorch.zeros(2, 3, 4)
ERRORS = [
    (lambda: F.scaled_dot_product_attention(X, X, X[..., :2, :]), "same length"),
    (lambda: F.scaled_dot_product_attention(X, X, X.double()), "same dtype"),
    (lambda: F.scaled_dot_product_attention(X, X, X, X, is_causal=True), "should not be set"),
]


@pytest.mark.parametrize(("wrong", "message"), ERRORS)
def test_errors(wrong: Any, message: str) -> None:
    with pytest.raises(RuntimeError, match=message):
        wrong()


def test_refused_masks_and_static_keys():
    layer, x = nn.MultiheadAttention(4, 4, add_bias_kv=True), minitorch.ones(3, 4)
    with pytest.raises(AssertionError, match=r"Expected `attn_mask` shape to be \(4, 3, 3\)"):
        layer(x, x, x, attn_mask=minitorch.zeros(5, 3, 3))
    arguments = (
        4, 4, layer.in_proj_weight, layer.in_proj_bias, layer.bias_k, layer.bias_v, False, 0.0,
        layer.out_proj.weight, layer.out_proj.bias,
    )  # fmt: skip
    with pytest.raises(AssertionError, match="bias cannot be added to static key"):
        F.multi_head_attention_forward(x, x, x, *arguments, static_k=minitorch.ones(4, 3, 1))
