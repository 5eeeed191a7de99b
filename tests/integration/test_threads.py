"""Training in several Python threads at once: each gets the numbers that it gets alone."""

import threading

import minitorch
import numpy as np
import pytest

nn = pytest.importorskip("minitorch.nn", reason="trains")
optim = pytest.importorskip("minitorch.optim", reason="trains")


def train(results: dict[int, list[bytes]], seed: int) -> None:
    generator = minitorch.Generator().manual_seed(seed)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 32),
        nn.GELU(), nn.LayerNorm(32), nn.Linear(32, 10),
    )  # fmt: skip
    with minitorch.no_grad():
        for p in model.parameters():
            p.copy_(minitorch.randn(p.shape, generator=generator) * 0.1)
    optimizer = optim.Adam(model.parameters(), lr=1e-2)
    x = minitorch.randn(64, 1, 8, 8, generator=generator)
    y = minitorch.randint(0, 10, (64,), generator=generator)
    large = minitorch.randn(1200, 1000, generator=generator)  # which all cores share
    for _ in range(3):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        large = (large @ large.t()).softmax(1)[:, :1000] + large.exp().log_softmax(0)
    values = [*model.parameters(), *model.buffers(), large]
    results[seed] = [value.detach().numpy().tobytes() for value in values]
    assert np.isfinite(large.numpy()).all()


@pytest.mark.needs("threads")
def test_training_in_threads_is_bit_equal_to_serial() -> None:
    alone: dict[int, list[bytes]] = {}
    together: dict[int, list[bytes]] = {}
    for seed in range(3):
        train(alone, seed)
    threads = [threading.Thread(target=train, args=(together, seed)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone
