"""A perceptron, a convolutional network and a small GPT, with batches for each."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F


class MLP(nn.Module):
    """20-32-5, with tanh."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(20, 32), nn.Tanh(), nn.Linear(32, 5))

    def forward(self, x, y):
        return F.cross_entropy(self.layers(x), y)


class CNN(nn.Module):
    """Two convolutions with batch normalization, and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(),
            nn.Linear(8 * 4 * 4, 5),
        )  # fmt: skip

    def forward(self, x, y):
        return F.cross_entropy(self.layers(x), y)


class Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, x):
        n, t, c = x.shape
        parts = self.qkv(self.ln_1(x)).view(n, t, 3, self.heads, c // self.heads)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(y.transpose(1, 2).reshape(n, t, c))
        return x + self.mlp(self.ln_2(x))


class GPT(nn.Module):
    """A GPT; the embedding and the last layer share their weight."""

    def __init__(self, vocabulary=32, width=32, heads=2, layers=2, context=16) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.blocks = nn.Sequential(*[Block(width, heads) for _ in range(layers)])
        self.ln = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        self.head.weight = self.tokens.weight

    def forward(self, x, y):
        h = self.tokens(x) + self.places(torch.arange(x.shape[1]))
        logits = self.head(self.ln(self.blocks(h)))
        return F.cross_entropy(logits.flatten(0, 1), y.flatten())


def batches(name: str, count: int, size: int, dtype: torch.dtype) -> list:
    """``count`` batches of ``size`` examples, the same ones for everybody."""
    torch.manual_seed(7)
    made = []
    for _ in range(count):
        if name == "GPT":
            text = torch.randint(0, 32, (size, 17))
            made.append((text[:, :-1], text[:, 1:]))
        else:
            shape = (size, 20) if name == "MLP" else (size, 1, 8, 8)
            made.append((torch.randn(shape).to(dtype), torch.randint(0, 5, (size,))))
    return made


def train(name: str, steps: int, dtype: torch.dtype, wrap=None, rank=0, ranks=1, **options) -> list:
    """The losses of ``rank`` on its examples; ``wrap`` makes the model that is called."""
    torch.manual_seed(0)
    model = globals()[name]().to(dtype)
    called = model if wrap is None else wrap(model, **options)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    losses = []
    for x, y in batches(name, steps, 8, dtype):
        loss = called(x[rank::ranks], y[rank::ranks])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(called.parameters(), 0.5)
        optimizer.step()
        losses.append(loss.item())
    return losses
