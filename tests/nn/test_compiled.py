"""``compile`` of modules and of training steps."""

import copy
import importlib
import pickle
import pkgutil

import minitorch as torch
import pytest
from minitorch.autograd.primitive import Primitive
from minitorch.compiler.printing.references import reference
from minitorch.compiler.stepping import StepOf

pytest.importorskip("minitorch.optim")
nn = torch.nn


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.recurrent, self.head = nn.LSTM(8, 16, batch_first=True), nn.Linear(16, 3)

    def forward(self, x):
        states, _ = self.recurrent(x)
        return self.head(states[:, -1])


class Attentive(nn.Module):
    def __init__(self):
        super().__init__()
        self.letters, self.head = nn.Embedding(20, 16), nn.Linear(16, 3)
        self.layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)

    def forward(self, x):
        return self.head(self.layer(self.letters(x)).mean(1))


def layers():
    return nn.Sequential(nn.Linear(10, 20), nn.ReLU(), nn.Dropout(), nn.Linear(20, 3))


def images():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(64, 3),
    )  # fmt: skip


NETWORKS = {
    "layers": (layers, lambda: torch.randn(6, 10)),
    "images": (images, lambda: torch.randn(6, 1, 8, 8)),
    "recurrent": (Recurrent, lambda: torch.randn(6, 5, 8)),
    "attentive": (Attentive, lambda: torch.randint(0, 20, (6, 5))),
}
OPTIMIZERS = {
    "SGD": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, weight_decay=0.01),
    "AdamW": lambda p: torch.optim.AdamW(p, 0.01),
    "RMSprop": lambda p: torch.optim.RMSprop(p, 0.01),
}
WRITTEN = {  # whose steps are instructions, the first one too
    "Adadelta": lambda p: torch.optim.Adadelta(p, 0.1),
    "Adagrad": lambda p: torch.optim.Adagrad(p, 0.1),
    "Adam": lambda p: torch.optim.Adam(p, 0.01, amsgrad=True),
    "Adamax": lambda p: torch.optim.Adamax(p, 0.01),
    "ASGD": lambda p: torch.optim.ASGD(p, 0.01),
    "NAdam": lambda p: torch.optim.NAdam(p, 0.01),
    "RAdam": lambda p: torch.optim.RAdam(p, 0.01),
    "RMSprop": lambda p: torch.optim.RMSprop(p, 0.01, momentum=0.9, centered=True),
    "Rprop": lambda p: torch.optim.Rprop(p, 0.01),
    "SGD": lambda p: torch.optim.SGD(p, 0.1),
    "SGD with dampening": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, dampening=0.5),
}


def train(network, optimizer, compiled, rules=OPTIMIZERS):
    """Five steps: the losses, the parameters and the state of the optimizer."""
    torch.manual_seed(0)
    build, draw = NETWORKS[network]
    model, criterion = build(), nn.CrossEntropyLoss()
    rule = rules[optimizer](model.parameters())
    schedule = torch.optim.lr_scheduler.StepLR(rule, 2, 0.5)

    def step(x, y):
        rule.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        rule.step()
        return loss

    run = torch.compile(step, fullgraph=True) if compiled else step
    found = []
    for _ in range(5):
        found.append(run(draw(), torch.randint(0, 3, (6,))).detach())
        schedule.step()
    found += [each.detach() for each in model.state_dict().values()]
    found += [p.grad for p in model.parameters()]
    for entry in rule.state_dict()["state"].values():
        found += [each for each in entry.values() if isinstance(each, torch.Tensor)]
    return found, run


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("network", NETWORKS)
def test_a_training_step_is_the_same(network, optimizer):
    expected, _ = train(network, optimizer, False)
    found, run = train(network, optimizer, True)
    for a, b in zip(expected, found, strict=True):
        assert a.numpy().tobytes() == b.numpy().tobytes()
    assert len(run._entries) == 1


@pytest.mark.parametrize("optimizer", WRITTEN)
def test_the_first_step_of_an_optimizer_is_written(optimizer):
    expected, _ = train("layers", optimizer, False, WRITTEN)
    found, run = train("layers", optimizer, True, WRITTEN)
    for a, b in zip(expected, found, strict=True):
        assert a.numpy().tobytes() == b.numpy().tobytes()
    assert run._recordings == 1
    assert not any(isinstance(each.function, StepOf) for each in run.programs[0].instructions)


def test_a_text_gets_at_every_kernel_and_rule():
    modules = [
        importlib.import_module(found.name)
        for package in (nn, nn.functional)
        for found in pkgutil.iter_modules(package.__path__, package.__name__ + ".")
    ]
    primitives = {
        value.primitive
        for module in modules
        for value in list(vars(module).values())
        if isinstance(getattr(value, "primitive", None), Primitive)
    }
    assert len(primitives) > 50
    for primitive in primitives:
        functions = (primitive.kernel, primitive.joint, *primitive.rules)
        assert all(reference(each) for each in functions if each is not None), primitive.name


def test_a_compiled_module_is_its_module():
    model, x = layers().eval(), torch.randn(4, 10)
    compiled = torch.compile(model)
    for _ in range(2):
        assert torch.equal(compiled(x), model(x))
    assert list(compiled.state_dict()) == [f"_orig_mod.{name}" for name in model.state_dict()]
    assert compiled._orig_mod is model
    compiled.train()
    assert model.training
    compiled.note = 3
    assert model.note == 3
    assert "def step(" in compiled.source


def test_a_module_is_compiled_in_place():
    model, x = layers().eval(), torch.randn(4, 10)
    expected, names = model(x), list(model.state_dict())
    model.compile(fullgraph=True)
    for _ in range(2):
        assert torch.equal(model(x), expected)
    assert list(model.state_dict()) == names
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(copy.deepcopy(layers())))):
        assert other(x).shape == (4, 3)
    other = copy.deepcopy(model)
    with torch.no_grad():
        other[0].weight.zero_()
    assert not torch.equal(other(x), expected)
    assert torch.equal(model(x), expected)


def test_a_penalty_of_gradients():  # of WGAN-GP: a leaf and a second order within the step
    critic = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 1))
    start = copy.deepcopy(critic.state_dict())

    def trained(compile):
        critic.load_state_dict(start)
        optimizer = torch.optim.Adam(critic.parameters(), lr=0.01)

        def step(real, fake):
            share = torch.rand(real.shape[0], 1)
            mixed = (share * real + (1 - share) * fake).requires_grad_(True)
            score = critic(mixed)
            (g,) = torch.autograd.grad(score, mixed, torch.ones_like(score), create_graph=True)
            penalty = ((g.norm(2, dim=1) - 1) ** 2).mean()
            loss = critic(fake).mean() - critic(real).mean() + 10 * penalty
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss.detach()

        torch.manual_seed(0)
        taken = compile(step)
        losses = [taken(torch.randn(6, 5), torch.randn(6, 5)).item() for _ in range(6)]
        return losses, [p.tolist() for p in critic.parameters()]

    assert trained(lambda step: torch.compile(step, fullgraph=True)) == trained(lambda step: step)
