"""Training steps of whole networks: forward, loss, backward, optimizer."""

from __future__ import annotations

from typing import Any

from .workload import Step, workload


def training(torch: Any, model: Any, optimizer: Any, x: Any, y: Any, batch: int) -> Step:
    """A step on rows of x and y drawn by chance."""
    criterion = torch.nn.CrossEntropyLoss()

    def step() -> Any:
        index = torch.randint(0, len(x), (batch,))
        optimizer.zero_grad()
        loss = criterion(model(x[index]), y[index])
        loss.backward()
        optimizer.step()
        return loss

    return step


def small_mlp(torch: Any, size: int, optimizer: str, rate: float) -> Step:
    nn = torch.nn
    model = nn.Sequential(nn.Linear(10, 100), nn.Tanh(), nn.Linear(100, 5))
    x, y = torch.randn(1000, 10), torch.randint(0, 5, (1000,))
    rule = getattr(torch.optim, optimizer)(model.parameters(), lr=rate)
    return training(torch, model, rule, x, y, size)


@workload(64, growth=(64, 256, 1024, 4096), trains=True)
def small_mlp_sgd(torch: Any, size: int) -> Step:
    """MLP 10-100-5 at batch {size}, SGD"""
    return small_mlp(torch, size, "SGD", 0.01)


@workload(64)
def small_mlp_adamw(torch: Any, size: int) -> Step:
    """MLP 10-100-5 at batch {size}, AdamW"""
    return small_mlp(torch, size, "AdamW", 1e-3)


@workload(64, growth=(64, 256, 1024, 4096), trains=True)
def character_mlp(torch: Any, size: int) -> Step:
    """Embedding 27x10, MLP 30-200-27 at batch {size}, SGD"""
    nn = torch.nn
    layers = (nn.Embedding(27, 10), nn.Flatten(), nn.Linear(30, 200), nn.Tanh(), nn.Linear(200, 27))
    model = nn.Sequential(*layers)
    x, y = torch.randint(0, 27, (1000, 3)), torch.randint(0, 27, (1000,))
    rule = torch.optim.SGD(model.parameters(), lr=0.01)
    return training(torch, model, rule, x, y, size)


def large_mlp(torch: Any, size: int, optimizer: str, rate: float) -> Step:
    nn = torch.nn
    layers = (nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))
    model = nn.Sequential(*layers)
    x, y = torch.randn(4096, 784), torch.randint(0, 10, (4096,))
    rule = getattr(torch.optim, optimizer)(model.parameters(), lr=rate)
    return training(torch, model, rule, x, y, size)


@workload(128, growth=(64, 128, 256, 512), trains=True)
def large_mlp_sgd(torch: Any, size: int) -> Step:
    """MLP 784-512-256-10 at batch {size}, SGD"""
    return large_mlp(torch, size, "SGD", 0.01)


@workload(128, trains=True)
def large_mlp_adam(torch: Any, size: int) -> Step:
    """MLP 784-512-256-10 at batch {size}, Adam"""
    return large_mlp(torch, size, "Adam", 1e-3)


@workload(64, growth=(16, 32, 64, 128), trains=True)
def lenet(torch: Any, size: int) -> Step:
    """LeNet, 28x28 at batch {size}, SGD"""
    nn = torch.nn
    model = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip
    x, y = torch.randn(1024, 1, 28, 28), torch.randint(0, 10, (1024,))
    rule = torch.optim.SGD(model.parameters(), lr=0.01)
    return training(torch, model, rule, x, y, size)


@workload(32, growth=(16, 32, 64, 128), trains=True)
def digits_cnn(torch: Any, size: int) -> Step:
    """CNN with batch norm and dropout, 8x8 at batch {size}, AdamW"""
    nn = torch.nn
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(128, 64), nn.ReLU(), nn.Dropout(0.3), nn.Linear(64, 10),
    )  # fmt: skip
    x, y = torch.randn(1437, 1, 8, 8), torch.randint(0, 10, (1437,))
    rule = torch.optim.AdamW(model.parameters(), lr=3e-3)
    return training(torch, model, rule, x, y, size)


LETTERS, WIDTH, HEADS, LAYERS, CONTEXT = 65, 128, 4, 4, 64


def transformer(torch: Any) -> Any:
    """A small GPT: normalization first, causal attention, GELU, as in examples/gpt.py."""
    nn, functional = torch.nn, torch.nn.functional

    class Block(nn.Module):  # type: ignore[misc, name-defined]  # any library's
        def __init__(self) -> None:
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
            self.queries_keys_values = nn.Linear(WIDTH, 3 * WIDTH)
            self.mixture = nn.Linear(WIDTH, WIDTH)
            self.expansion, self.projection = nn.Linear(WIDTH, 512), nn.Linear(512, WIDTH)

        def forward(self, x: Any) -> Any:
            batch, length, _ = x.shape
            q, k, v = (
                part.view(batch, length, HEADS, WIDTH // HEADS).transpose(1, 2)
                for part in self.queries_keys_values(self.norm1(x)).split(WIDTH, dim=2)
            )
            y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.mixture(y.transpose(1, 2).reshape(batch, length, WIDTH))
            return x + self.projection(functional.gelu(self.expansion(self.norm2(x))))

    class GPT(nn.Module):  # type: ignore[misc, name-defined]  # any library's
        def __init__(self) -> None:
            super().__init__()
            self.letters, self.places = nn.Embedding(LETTERS, WIDTH), nn.Embedding(CONTEXT, WIDTH)
            self.blocks = nn.Sequential(*(Block() for _ in range(LAYERS)))
            self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, LETTERS, bias=False)

        def forward(self, indices: Any) -> Any:
            x = self.letters(indices) + self.places(torch.arange(indices.shape[1]))
            return self.head(self.norm(self.blocks(x)))

    return GPT()


@workload(12, growth=(3, 6, 12, 24), trains=True)
def gpt(torch: Any, size: int) -> Step:
    """GPT, 4 layers of width 128, context 64 at batch {size}, AdamW"""
    model = transformer(torch)
    text = torch.randint(0, LETTERS, (10_000,))
    window = torch.arange(CONTEXT)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)

    def step() -> Any:
        places = torch.randint(0, len(text) - CONTEXT, (size, 1)) + window
        optimizer.zero_grad()
        logits = model(text[places])
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), text[places + 1].flatten())
        loss.backward()
        optimizer.step()
        return loss

    return step
