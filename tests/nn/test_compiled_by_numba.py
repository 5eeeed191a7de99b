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


def small():
    return nn.Sequential(nn.Linear(10, 100), nn.Tanh(), nn.Linear(100, 5))


def characters():
    layers = (nn.Embedding(27, 10), nn.Flatten(), nn.Linear(30, 60), nn.ReLU(), nn.Linear(60, 5))
    return nn.Sequential(*layers)


NETWORKS = {
    "normalized": (normalized, (64, 64)),
    "images": (images, (64, 1, 8, 8)),
    "small": (small, (64, 10)),
    "characters": (characters, (32, 3)),
}
OPTIMIZERS = {
    "AdamW": lambda p: torch.optim.AdamW(p, 1e-3),
    "Adam": lambda p: torch.optim.Adam(p, 1e-3, weight_decay=0.01),
    "SGD": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9),
    "plain SGD": lambda p: torch.optim.SGD(p, 0.1),
    "RMSprop": lambda p: torch.optim.RMSprop(p, 1e-3),
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
    if network == "characters":
        x = torch.randint(0, 27, shape)
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
    assert [p.name for p in step.programs][-4:] == [
        "loops compiled", "chains compiled", "compiled kernels", "buffers planned",
    ]  # fmt: skip
    if network in ("small", "characters"):  # one function computes it all
        assert step.source.count("@compiled") == 1
        assert step.source.count("np.") <= 2 * len(parameters) + 12


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_a_rate_that_changes_and_a_label_that_is_refused(dtype):
    results = []
    for backend in ("eager", "numba"):
        torch.manual_seed(0)
        model = small().to(dtype)
        rule = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9, nesterov=True)
        schedule = torch.optim.lr_scheduler.StepLR(rule, 2, 0.5)

        @torch.compile(backend=backend)
        def step(x, y, model=model, rule=rule):
            rule.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            rule.step()
            return loss

        x, y = torch.randn(16, 10, dtype=dtype), torch.randint(0, 5, (16,))
        losses = []
        for _ in range(6):
            losses.append(step(x, y).item())
            schedule.step()
        before = [p.detach().clone() for p in model.parameters()]
        with pytest.raises(IndexError, match="Target 7 is out of bounds"):
            step(x, torch.full_like(y, 7))
        assert all(map(torch.equal, before, model.parameters()))
        losses.append(step(x, y).item())
        results.append((losses, before))
    (wanted, ps), (found, others) = results
    torch.testing.assert_close(torch.tensor(found), torch.tensor(wanted), rtol=1e-5, atol=1e-6)
    for p, other in zip(ps, others, strict=True):
        torch.testing.assert_close(other, p, rtol=1e-4, atol=1e-5)


def test_a_step_that_draws_its_batch():
    results = []
    for backend in ("eager", "numba"):
        torch.manual_seed(0)
        model = small()
        rule = torch.optim.AdamW(model.parameters(), 1e-3)
        x, y = torch.randn(100, 10), torch.randint(0, 5, (100,))

        @torch.compile(backend=backend)
        def step(model=model, rule=rule, x=x, y=y):
            index = torch.randint(0, 100, (32,))
            rule.zero_grad()
            loss = nn.functional.cross_entropy(model(x[index]), y[index])
            loss.backward()
            rule.step()
            return loss

        results.append([step().item() for _ in range(8)])
        if backend == "numba":
            assert step.source.count("@compiled") == 1
    torch.testing.assert_close(*map(torch.tensor, results), rtol=1e-5, atol=1e-6)


def test_a_chain_becomes_one_kernel():
    def f(x, y):
        return ((x * 2 + y).tanh() * y - x).exp()

    compiled = torch.compile(f, backend="numba", fullgraph=True)
    x, y = torch.randn(300, 300), torch.randn(300)
    for _ in range(2):
        torch.testing.assert_close(compiled(x, y), f(x, y))
    assert len(compiled.programs[-1].instructions) == 1
