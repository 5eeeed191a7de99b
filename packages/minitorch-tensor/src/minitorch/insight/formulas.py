"""Formulas of operations and of their gradients, as text; others speak through their source."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["FORMULAS", "Formula"]


class Formula(NamedTuple):
    """What an operation computes, and the gradient of each input; ``g`` is that of ``out``."""

    forward: str
    gradients: tuple[str, ...] = ()


FORMULAS = {
    "add": Formula("out = a + b", ("∂a = g", "∂b = g")),
    "sub": Formula("out = a - b", ("∂a = g", "∂b = -g")),
    "rsub": Formula("out = b - a", ("∂a = -g", "∂b = g")),
    "mul": Formula("out = a · b", ("∂a = g · b", "∂b = g · a")),
    "div": Formula("out = a / b", ("∂a = g / b", "∂b = -g · out / b")),
    "neg": Formula("out = -x", ("∂x = -g",)),
    "pow": Formula("out = aᵇ", ("∂a = g · b · aᵇ⁻¹", "∂b = g · out · ln a")),
    "square": Formula("out = x²", ("∂x = g · 2x",)),
    "sqrt": Formula("out = √x", ("∂x = g / (2 · out)",)),
    "rsqrt": Formula("out = 1 / √x", ("∂x = -g · out³ / 2",)),
    "reciprocal": Formula("out = 1 / x", ("∂x = -g · out²",)),
    "exp": Formula("out = eˣ", ("∂x = g · out",)),
    "log": Formula("out = ln x", ("∂x = g / x",)),
    "sin": Formula("out = sin x", ("∂x = g · cos x",)),
    "cos": Formula("out = cos x", ("∂x = -g · sin x",)),
    "tanh": Formula("out = tanh x", ("∂x = g · (1 - out²)",)),
    "sigmoid": Formula("out = 1 / (1 + e⁻ˣ)", ("∂x = g · out · (1 - out)",)),
    "relu": Formula("out = max(x, 0)", ("∂x = g where out > 0, else 0",)),
    "gelu": Formula("out = x · Φ(x)", ("∂x = g · (Φ(x) + x · φ(x))",)),
    "silu": Formula("out = x · sigmoid(x)", ("∂x = g · (sigmoid(x) + out · (1 - sigmoid(x)))",)),
    "abs": Formula("out = |x|", ("∂x = g · sign x",)),
    "where": Formula(
        "out = a where condition, else b",
        ("", "∂a = g where condition, else 0", "∂b = 0 where condition, else g"),
    ),
    "sum": Formula("out = Σ x", ("∂x = g, repeated over what was summed",)),
    "mean": Formula("out = Σ x / n", ("∂x = g / n, repeated over what was averaged",)),
    "amax": Formula("out = max x", ("∂x = g at the greatest element, shared between equals",)),
    "max": Formula("out = max x", ("∂x = g at the greatest element, else 0",)),
    "min": Formula("out = min x", ("∂x = g at the least element, else 0",)),
    "matmul": Formula("outᵢⱼ = Σₖ aᵢₖ · bₖⱼ", ("∂a = g bᵀ", "∂b = aᵀ g")),
    "linear": Formula(
        "outᵢⱼ = Σₖ xᵢₖ · weightⱼₖ + biasⱼ",
        ("∂x = g weight", "∂weight = gᵀ x", "∂biasⱼ = Σᵢ gᵢⱼ"),
    ),
    "softmax": Formula("outᵢ = exp xᵢ / Σⱼ exp xⱼ", ("∂xᵢ = outᵢ · (gᵢ - Σⱼ gⱼ · outⱼ)",)),
    "log_softmax": Formula("outᵢ = xᵢ - ln Σⱼ exp xⱼ", ("∂xᵢ = gᵢ - exp(outᵢ) · Σⱼ gⱼ",)),
    "logsumexp": Formula("out = ln Σⱼ exp xⱼ", ("∂xᵢ = g · exp(xᵢ - out)",)),
    "cross_entropy": Formula(
        "loss = -Σᵢ ln softmax(xᵢ)[targetᵢ] / n",
        ("∂xᵢⱼ = (softmax(xᵢ)ⱼ - [j = targetᵢ]) · g / n",),
    ),
    "mse_loss": Formula(
        "loss = Σ (x - target)² / n",
        ("∂x = 2 · (x - target) · g / n", "∂target = -∂x"),
    ),
    "native_layer_norm": Formula(
        "out = (x - mean) / √(var + eps) · w + b, over the last dimensions",
        (
            "with x̂ = (x - mean) / √(var + eps) and h = g · w: "
            "∂x = (h - mean(h) - x̂ · mean(h · x̂)) / √(var + eps)",
            "∂w = Σ g · x̂",
            "∂b = Σ g",
        ),
    ),
    "native_batch_norm": Formula(
        "out = (x - mean) / √(var + eps) · w + b, per channel over the batch",
        (
            "with x̂ = (x - mean) / √(var + eps) and h = g · w: "
            "∂x = (h - mean(h) - x̂ · mean(h · x̂)) / √(var + eps)",
            "∂w = Σ g · x̂",
            "∂b = Σ g",
        ),
    ),
    "convolution": Formula(
        "out[n, o, y, x] = Σ c, u, v: x[n, c, y · stride + u - padding, x · stride + v - padding]"
        " · w[o, c, u, v] + b[o]",
        (
            "∂x: each g times the w that it went through, summed where it came from",
            "∂w[o, c, u, v] = Σ n, y, x: g[n, o, y, x]"
            " · x[n, c, y · stride + u - padding, x · stride + v - padding]",
            "∂b[o] = Σ n, y, x: g[n, o, y, x]",
        ),
    ),
    "max_pool": Formula("out = the greatest of each window", ("∂x = g where it was, else 0",)),
    "embedding": Formula(
        "outᵢ = tableₖ with k = indexᵢ", ("∂tableₖ = Σ gᵢ over the i with indexᵢ = k",)
    ),
    "scaled_dot_product_attention": Formula(
        "out = softmax(q kᵀ · scale + mask) v",
        (
            "with P the softmax, dP = g vᵀ, dS = P · (dP - Σⱼ dP · P): ∂q = dS k · scale",
            "∂k = dSᵀ q · scale",
            "∂v = Pᵀ g",
        ),
    ),
    "lstm": Formula(
        "i, f, o = sigmoid(…), z = tanh(…) of W_ih x + W_hh h + b;"
        "  c = f · c + i · z;  h = o · tanh c"
    ),
    "gru": Formula(
        "r, z = sigmoid(…) of W_ih x + W_hh h + b;  n = tanh(W_in x + r · (W_hn h));"
        "  h = (1 - z) · n + z · h"
    ),
    "rnn": Formula("h = tanh(W_ih x + W_hh h + b)"),
    "cat": Formula("out = the inputs, one after the other", ("∂x = its part of g",)),
    "stack": Formula("out = the inputs, along a new dimension", ("∂x = its part of g",)),
    "view": Formula("out = x, in another shape", ("∂x = g, in the shape of x",)),
    "permute": Formula("out = x, its dimensions in another order", ("∂x = g, ordered back",)),
    "expand": Formula("out = x, repeated without a copy", ("∂x = Σ g over the repetitions",)),
    "slice": Formula("out = a part of x", ("∂x = g in that part, else 0",)),
    "select": Formula("out = a part of x", ("∂x = g in that part, else 0",)),
    "index": Formula("out = elements of x", ("∂x = g added up at these elements, else 0",)),
    "alias": Formula("out = x", ("∂x = g",)),
    "clone": Formula("out = x, copied", ("∂x = g",)),
    "to": Formula("out = x, in another dtype", ("∂x = g, in the dtype of x",)),
}
