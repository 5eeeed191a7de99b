"""The backend "numba": a training step gives what it gives without, but for rounding."""

import minitorch as torch
import pytest

pytest.importorskip("numba")
pytest.importorskip("minitorch.optim")
nn = torch.nn


def normalized():
    return nn.Sequential(
        nn.Linear(64, 128), nn.LayerNorm(128), nn.GELU(), nn.Linear(128, 96), nn.Sigmoid(),
        nn.Dropout(0.2), nn.Linear(96, 5),
    )  # fmt: skip


def images():
    convolution = nn.Conv2d(1, 8, 3, padding=1, bias=False)
    layers = (convolution, nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
    return nn.Sequential(*layers, nn.Linear(128, 5))


NETWORKS = {"normalized": (normalized, (64, 64)), "images": (images, (64, 1, 8, 8))}
OPTIMIZERS = {
    "AdamW": lambda p: torch.optim.AdamW(p, 1e-3),
    "SGD": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9),
}


def train(network, optimizer, backend):
    torch.manual_seed(0)
    build, shape = NETWORKS[network]
    model, criterion = build(), nn.CrossEntropyLoss()
    rule = OPTIMIZERS[optimizer](model.parameters())

    @torch.compile(backend=backend, fullgraph=backend != "eager")
    def step(x, y):
        rule.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        rule.step()
        return loss

    x, y = torch.randn(shape), torch.randint(0, 5, shape[:1])
    losses = [step(x, y).item() for _ in range(5)]
    return losses, [p.detach() for p in model.parameters()], step


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("network", NETWORKS)
def test_a_step_is_the_same_but_for_rounding(network, optimizer):
    losses, parameters, _ = train(network, optimizer, "eager")
    found, others, step = train(network, optimizer, "numba")
    torch.testing.assert_close(torch.tensor(found), torch.tensor(losses), rtol=1e-5, atol=1e-6)
    for p, other in zip(parameters, others, strict=True):
        torch.testing.assert_close(other, p, rtol=1e-4, atol=1e-5)
    assert [p.name for p in step.programs][-3:] == [
        "chains compiled", "compiled kernels", "buffers planned",
    ]  # fmt: skip


def test_a_chain_becomes_one_kernel():
    def f(x, y):
        return ((x * 2 + y).tanh() * y - x).exp()

    compiled = torch.compile(f, backend="numba", fullgraph=True)
    x, y = torch.randn(100, 100), torch.randn(100)
    for _ in range(2):
        torch.testing.assert_close(compiled(x, y), f(x, y))
    assert len(compiled.programs[-1].instructions) == 1
