"""Layers and losses by themselves, forward and backward with a fixed incoming gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .workload import Step, workload


def both_ways(torch: Any, function: Callable[..., Any], *inputs: Any, also: Iterable[Any]) -> Step:
    """The step that applies ``function`` and pulls back to ``inputs`` and what ``also`` wants."""
    wanted = [*(x.requires_grad_() for x in inputs), *also]
    incoming = torch.randn(function(*inputs).shape)

    def step() -> Any:
        for x in wanted:
            x.grad = None
        y = function(*inputs)
        y.backward(incoming)
        return y

    return step


@workload(512, growth=(128, 256, 512, 1024))
def matmul(torch: Any, size: int) -> Step:
    """`a @ b`, {size}x{size}"""
    a, b = (torch.randn(size, size) for _ in range(2))
    return both_ways(torch, torch.matmul, a, b, also=())


@workload(128, 256, 512, 1024, 2048, growth=(256, 512, 1024, 2048))
def attention(torch: Any, size: int) -> Step:
    """Attention, 4x8 heads of width 64, {size} tokens"""
    q, k, v = (torch.randn(4, 8, size, 64) for _ in range(3))
    function = torch.nn.functional.scaled_dot_product_attention
    return both_ways(torch, function, q, k, v, also=())


@workload(1000, growth=(250, 500, 1000, 2000))
def layer_norm(torch: Any, size: int) -> Step:
    """Layer norm, {size}x{size}"""
    layer = torch.nn.LayerNorm(size)
    return both_ways(torch, layer, torch.randn(size, size), also=layer.parameters())


@workload(1000, growth=(250, 500, 1000, 2000))
def softmax(torch: Any, size: int) -> Step:
    """Softmax, {size}x{size}"""
    return both_ways(torch, lambda x: x.softmax(-1), torch.randn(size, size), also=())


@workload(1000, growth=(250, 500, 1000, 2000))
def gelu(torch: Any, size: int) -> Step:
    """GELU, {size}x{size}"""
    return both_ways(torch, torch.nn.functional.gelu, torch.randn(size, size), also=())


@workload(50_000, growth=(5_000, 10_000, 20_000, 50_000))
def cross_entropy(torch: Any, size: int) -> Step:
    """Cross-entropy over {size} classes at batch 64"""
    labels = torch.randint(0, size, (64,))
    function = torch.nn.functional.cross_entropy
    return both_ways(torch, lambda x: function(x, labels), torch.randn(64, size), also=())


@workload(4096, growth=(1024, 4096, 16384, 65536))
def embedding(torch: Any, size: int) -> Step:
    """Embedding, {size} of 50,000 rows of 128"""
    layer = torch.nn.Embedding(50_000, 128)
    indices = torch.randint(0, 50_000, (size,))
    return both_ways(torch, lambda: layer(indices), also=layer.parameters())


@workload(32, growth=(4, 8, 16, 32))
def convolution(torch: Any, size: int) -> Step:
    """Convolution 32 to 64, 3x3, on 28x28 at batch {size}"""
    layer = torch.nn.Conv2d(32, 64, 3, padding=1)
    return both_ways(torch, layer, torch.randn(size, 32, 28, 28), also=layer.parameters())


@workload(50, growth=(25, 50, 100, 200))
def lstm(torch: Any, size: int) -> Step:
    """LSTM 32 to 64, {size} steps at batch 32"""
    layer = torch.nn.LSTM(32, 64)
    x = torch.randn(size, 32, 32)
    return both_ways(torch, lambda x: layer(x)[0], x, also=layer.parameters())
