"""``minitorch.teach``: each mistake gives its warning, at its line; correct code gives none."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path
from textwrap import dedent

import minitorch as torch
import pytest

nn = pytest.importorskip("minitorch.nn", reason="not installed")
optim = pytest.importorskip("minitorch.optim", reason="not installed")
F = nn.functional
PROGRAMS = Path(__file__).parents[1] / "parity" / "programs"


def taught(function, *args, **kwargs):
    """The messages and lines of the warnings that ``function`` gives."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        with torch.teach():
            function(*args, **kwargs)
    kept = [each for each in found if each.category is torch.TeachingWarning]
    assert {each.filename for each in kept} <= {__file__}
    return [(str(each.message), each.lineno) for each in kept]


def data(classes=3):
    return torch.randn(32, 4), torch.randint(0, classes, (32,))


def mlp(*after):
    return nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3), *after)


def train(model, loss=None, x=None, y=None, steps=4, lr=0.1, optimizer=None, zero=True, step=True):
    loss = loss or nn.CrossEntropyLoss()
    default_x, default_y = data()
    x, y = default_x if x is None else x, default_y if y is None else y
    optimizer = optimizer or optim.SGD(model.parameters(), lr=lr)
    for _ in range(steps):
        if zero:
            optimizer.zero_grad()
        value = loss(model(x), y)
        value.backward()
        if step:
            optimizer.step()
    return model


# --- what losses are given -----------------------------------------------------------------------


class HandWritten(nn.Module):
    def forward(self, x):
        e = x.exp()
        return e / e.sum(1, keepdim=True)


def squashed_in_the_middle():
    train(mlp(nn.Softmax(1), nn.Flatten(), nn.Identity()))


def in_a_view():
    x, y = data()
    scores = (x[:, :3] * torch.ones(3, requires_grad=True)).softmax(1)
    F.cross_entropy(scores.view(4, 8, 3).permute(0, 2, 1), y.view(4, 8)).backward()


def without_gradients():
    x, y = data()
    with torch.no_grad():
        F.cross_entropy(x[:, :3].softmax(1), y)


def probabilities():
    return torch.rand(32, 3)


# --- the loop ------------------------------------------------------------------------------------


def accumulates(remainder=0):
    model = mlp()
    optimizer = optim.Adam(model.parameters())
    x, y = data()
    for number in range(8 + remainder):
        (F.cross_entropy(model(x), y) / 4).backward()
        if number % 4 == 3:
            optimizer.step()
            optimizer.zero_grad()


def zeroes_in_place():
    model = mlp()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    x, y = data()
    for _ in range(4):
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=False)


def by_hand(zero=True):
    model = mlp()
    x, y = data()
    for _ in range(4):
        if zero:
            model.zero_grad()
        F.cross_entropy(model(x), y).backward()
        with torch.no_grad():
            for p in model.parameters():
                p -= 0.1 * p.grad


def through_data(zero=True):
    w = torch.zeros(4, 3, requires_grad=True)
    x, y = data()
    for _ in range(4):
        loss = F.cross_entropy(x @ w, y)
        if zero:
            w.grad = None
        loss.backward()
        w.data += -0.1 * w.grad


def adversarial():
    maker, judge = nn.Linear(2, 4), nn.Sequential(nn.Linear(4, 8), nn.LeakyReLU(), nn.Linear(8, 1))
    makes, judges = optim.Adam(maker.parameters()), optim.Adam(judge.parameters())
    real, loss = torch.randn(16, 4), nn.BCEWithLogitsLoss()
    for _ in range(4):
        judges.zero_grad()
        fake = maker(torch.randn(16, 2))
        loss(judge(real), torch.ones(16, 1)).backward()
        loss(judge(fake.detach()), torch.zeros(16, 1)).backward()
        judges.step()
        makes.zero_grad()
        loss(judge(fake), torch.ones(16, 1)).backward()
        makes.step()


def lbfgs():
    model, (x, y) = nn.Linear(4, 3), data()
    optimizer = optim.LBFGS(model.parameters(), line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        return loss

    for _ in range(3):
        optimizer.step(closure)


def looks_at_gradients():
    model, (x, y) = mlp(), data()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        assert sum(p.grad.abs().sum() for p in model.parameters()) > 0


def clips(step=True):
    model, (x, y) = mlp(), data()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        if step:
            optimizer.step()


# --- parameters ----------------------------------------------------------------------------------


class Two(nn.Module):
    def __init__(self, path="both"):
        super().__init__()
        self.a, self.b, self.path = nn.Linear(4, 8), nn.Linear(8, 3), path
        self.other = nn.Linear(4, 3)

    def forward(self, x):
        if self.path == "no_grad":
            with torch.no_grad():
                h = self.a(x)
            return self.b(h) + self.other(x)
        h = self.a(x).relu()
        if self.path == "detach":
            return self.b(h.detach()) + self.other(x)
        if self.path == "integers":
            return self.b((h > 0).float()) + self.other(x)
        return self.b(h) if self.path == "unused" else self.b(h) + self.other(x)


def frozen():
    model = Two("unused")
    model.other.requires_grad_(False)
    train(model)


def in_turns():
    model, (x, y) = Two(), data()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for number in range(6):
        optimizer.zero_grad()
        out = model.b(model.a(x)) if number % 2 else model.other(x)
        F.cross_entropy(out, y).backward()
        optimizer.step()


def of_another_model():
    old, new = mlp(), mlp()
    train(new, optimizer=optim.SGD(old.parameters(), lr=0.1))


def of_a_part():
    model = mlp()
    train(model, optimizer=optim.SGD(model[0].parameters(), lr=0.1))


def with_a_layer_put_in_later():
    model = mlp()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    model[2] = nn.Linear(16, 3)
    train(model, optimizer=optimizer)


def two_optimizers():
    model, (x, y) = mlp(), data()
    first = optim.SGD(model[0].parameters(), lr=0.1)
    second = optim.Adam(model[2].parameters())
    for _ in range(3):
        first.zero_grad()
        second.zero_grad()
        F.cross_entropy(model(x), y).backward()
        first.step()
        second.step()


# --- modes ---------------------------------------------------------------------------------------


def regularized(*layers):
    return nn.Sequential(nn.Linear(4, 16), *layers, nn.ReLU(), nn.Linear(16, 3))


def evaluates(*layers, mode="eval", context=torch.no_grad):
    model = train(regularized(*layers))
    model.train(mode == "train")
    with context():
        model(data()[0])


def trained(*layers, mode="train"):
    model = regularized(*layers)
    model.eval()
    with torch.no_grad():
        model(data()[0])
    model.train(mode == "train")
    train(model)


class Functional(nn.Module):
    def __init__(self, told):
        super().__init__()
        self.linear, self.told = nn.Linear(4, 3), told

    def forward(self, x):
        training = self.training if self.told else True
        return F.dropout(self.linear(x), 0.5, training=training)


def functional(told):
    model = train(Functional(told)).eval()
    with torch.no_grad():
        model(data()[0])


def checkpointed():
    model, (x, y) = regularized(nn.Dropout(0.5)), data()
    out = torch.utils.checkpoint.checkpoint(model, x.requires_grad_(), use_reentrant=True)
    F.cross_entropy(out, y).backward()


def statistics_anew():
    model = regularized(nn.BatchNorm1d(16))
    optim.swa_utils.update_bn([data()[0] for _ in range(3)], model)


def frozen_statistics():
    model = regularized(nn.BatchNorm1d(16))
    model[1].eval()
    train(model)


# --- numbers -------------------------------------------------------------------------------------


def weight(*values):
    return torch.tensor(values, requires_grad=True)


def at_zero(w):
    w.sqrt().sum().backward()


def deep(activation, depth, scale=1.0):
    layers = [layer for _ in range(depth) for layer in (nn.Linear(16, 16), activation())]
    model = nn.Sequential(*layers, nn.Linear(16, 3))
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(scale)
    return model


def sixteen():
    return torch.randn(32, 16)


def dead(bias):
    model = mlp()
    nn.init.constant_(model[0].bias, bias)
    train(model)


def poisoned():
    model = mlp()
    with torch.no_grad():
        model[0].weight[0, 0] = float("nan")
    train(model, steps=1)


def line():
    x = torch.randn(32, 1)
    return {"x": x, "y": 3 * x}


def row():
    x = torch.randn(32, 1)
    return {"x": x, "y": 3 * x[:, 0]}


def by_hand_downhill(lr):
    w = torch.ones(3, requires_grad=True)
    for _ in range(8):
        w.grad = None
        (w * w).sum().backward()
        with torch.no_grad():
            w -= lr * w.grad


def squares(p, y):
    return ((p - y) ** 2).mean()


def distances():
    points = torch.randn(8, requires_grad=True)
    centres = torch.randn(8)
    weights = torch.randn(8, requires_grad=True)
    (((points[:, None] - centres) ** 2).neg().exp() @ weights).sum().backward()


MISTAKES = {  # what is done, and what the warning says of it
    "softmax": (lambda: train(mlp(nn.Softmax(1))), "computes the softmax itself"),
    "softmax, then views": (squashed_in_the_middle, "computes the softmax itself"),
    "softmax, a view": (in_a_view, "computes the softmax itself"),
    "softmax without gradients": (without_gradients, "computes the softmax itself"),
    "softmax by hand": (lambda: train(mlp(HandWritten())), "computes the softmax itself"),
    "sigmoid, classes": (lambda: train(mlp(nn.Sigmoid())), "went through sigmoid"),
    "softmax, probabilities": (
        lambda: train(mlp(nn.Softmax(1)), y=probabilities().softmax(1)),
        "computes the softmax itself",
    ),
    "log_softmax twice": (lambda: train(mlp(nn.LogSoftmax(1))), "log_softmax itself"),
    "sigmoid": (
        lambda: train(mlp(nn.Sigmoid()), nn.BCEWithLogitsLoss(), y=probabilities()),
        "computes the sigmoid itself",
    ),
    "sigmoid, weighted": (
        lambda: train(
            mlp(nn.Sigmoid()), nn.BCEWithLogitsLoss(pos_weight=torch.ones(3)), y=probabilities()
        ),
        "computes the sigmoid itself",
    ),
    "nll of softmax": (lambda: train(mlp(nn.Softmax(1)), nn.NLLLoss()), "Use log_softmax"),
    "nll of scores": (lambda: train(mlp(), nn.NLLLoss()), "Put log_softmax before"),
    "never zeroed": (lambda: train(mlp(), zero=False), "never zeroed between two steps"),
    "never zeroed by hand": (lambda: by_hand(zero=False), "never zeroed between two steps"),
    "never zeroed, data": (lambda: through_data(zero=False), "never zeroed between two steps"),
    "no step": (lambda: train(mlp(), step=False), "backward without a step"),
    "no step, once": (lambda: train(mlp(), step=False, steps=1), "backward without a step"),
    "no step, no zero": (lambda: train(mlp(), step=False, zero=False), "backward without a step"),
    "no step, clipped": (lambda: clips(step=False), "backward without a step"),
    "unused": (lambda: train(Two("unused")), "no gradient reaches `other.weight`, `other.bias`"),
    "unused, one step": (lambda: train(Two("unused"), steps=1), "no operation of the forward"),
    "detached": (lambda: train(Two("detach")), "the path is cut by detach()"),
    "under no_grad": (lambda: train(Two("no_grad")), "runs under no_grad"),
    "integers": (lambda: train(Two("integers")), "`gt` gives integers or booleans"),
    "another model's": (of_another_model, "holds other parameters than the model"),
    "a part's": (of_a_part, "no optimizer holds them"),
    "an old layer's": (with_a_layer_put_in_later, "no optimizer holds them"),
    "eval forgotten, dropout": (lambda: evaluates(nn.Dropout(0.5), mode="train"), "model.eval()"),
    "eval forgotten, norm": (lambda: evaluates(nn.BatchNorm1d(16), mode="train"), "model.eval()"),
    "eval forgotten, inference": (
        lambda: evaluates(nn.Dropout(0.5), mode="train", context=torch.inference_mode),
        "model.eval()",
    ),
    "eval forgotten, functional": (lambda: functional(told=False), "training=self.training"),
    "train forgotten, dropout": (lambda: trained(nn.Dropout(0.5), mode="eval"), "in eval mode"),
    "train forgotten, norm": (lambda: trained(nn.BatchNorm1d(16), mode="eval"), "in eval mode"),
    "log of a negative": (lambda: weight(1.0, -1.0).log().sum().backward(), "`log` at test_teach"),
    "0 / 0": (lambda: (weight(0.0) / weight(0.0)).sum().backward(), "`div` at test_teach"),
    "overflow": (
        lambda: (weight(200.0).exp() / weight(200.0).exp()).sum().backward(),
        "The infinite value: `exp`",
    ),
    "infinite": (lambda: weight(0.0).log().sum().backward(), "the loss is infinite"),
    "NaN in a parameter": (poisoned, "`0.weight` was so before the forward pass"),
    "NaN in the data": (
        lambda: train(mlp(), x=torch.full((32, 4), float("nan")), steps=1),
        "look at the data",
    ),
    "sqrt at 0": (lambda: at_zero(weight(0.0, 1.0)), "made it in its backward step"),
    "vanishing": (lambda: train(deep(nn.Sigmoid, 10), x=sixteen(), steps=1), "gradients vanish"),
    "exploding": (
        lambda: train(deep(nn.ReLU, 12, 10.0), x=sixteen(), steps=1, lr=1e-12),
        "gradients explode",
    ),
    "dead": (lambda: dead(-100.0), "they are dead"),
    "broadcast, mse": (lambda: train(nn.Linear(1, 1), nn.MSELoss(), **row()), "broadcast to"),
    "broadcast, l1": (lambda: train(nn.Linear(1, 1), nn.L1Loss(), **row()), "broadcast to"),
    "broadcast, huber": (lambda: train(nn.Linear(1, 1), nn.HuberLoss(), **row()), "broadcast to"),
    "broadcast by hand": (lambda: train(nn.Linear(1, 1), squares, **row()), "broadcast to"),
    "targets of -1 and 1": (
        lambda: train(mlp(), nn.BCEWithLogitsLoss(), y=2 * probabilities().round() - 1),
        "takes targets from 0 to 1",
    ),
    "a large step": (lambda: train(nn.Linear(1, 1), nn.MSELoss(), lr=3.0, **line(), steps=8),
                     "the loss rises"),
    "a large step by hand": (lambda: by_hand_downhill(1.5), "Lower the learning rate"),
    "a large step, classes": (lambda: train(mlp(), lr=100.0, steps=8), "Lower the learning rate"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:Using a target size")
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_once(mistake):
    function, said = MISTAKES[mistake]
    found = taught(function)
    assert [said in message for message, _ in found].count(True) == 1, found
    again = taught(function)  # another block warns anew
    assert len(again) == len(found)


LABELS = {
    "from one": (lambda y: y + 1, "They seem to count from 1"),
    "too large": (lambda y: y * 9, "Give the last layer 19 outputs"),
    "negative": (lambda y: y - 1, "ignore_index"),
}


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("loss", [nn.CrossEntropyLoss(), lambda x, y: F.nll_loss(x * 0, y)])
def test_labels_outside_of_the_classes(labels, loss):
    change, said = LABELS[labels]
    x, y = data()

    def wrong():
        with pytest.raises(IndexError):
            loss(mlp()(x), change(y))

    (message, _) = taught(wrong)[0]
    assert said in message


def test_numbers_outside_of_an_embedding():
    def wrong():
        with pytest.raises(IndexError):
            nn.Embedding(4, 2)(torch.tensor([4]))

    (message, _) = taught(wrong)[0]
    assert "num_embeddings=5" in message


class Wrapper(optim.Optimizer):
    """An optimizer around another that steps every other time, as accelerate's does."""

    def __init__(self, inner):
        self.inner, self.calls = inner, 0

    def step(self, closure=None):
        self.calls += 1
        if self.calls % 2 == 0:
            self.inner.step()

    def zero_grad(self, set_to_none=True):
        if self.calls % 2 == 0:
            self.inner.zero_grad()


def wrapped():
    model = mlp()
    train(model, optimizer=Wrapper(optim.AdamW(model.parameters())), steps=8)


def with_a_hook(model, values):
    model.register_forward_hook(lambda module, args, out: values.append(out.detach().mean()))
    return model


CORRECT = {
    "downhill by hand": lambda: by_hand_downhill(0.4),
    "a step too small to see": lambda: train(mlp(), lr=1e-12),
    "a wrapper": wrapped,
    "values looked at": lambda: train(with_a_hook(mlp(), [])),
    "scores": lambda: train(mlp()),
    "log_softmax": lambda: train(mlp(nn.LogSoftmax(1)), nn.NLLLoss()),
    "log of softmax": lambda: train(mlp(nn.Softmax(1)), lambda p, y: F.nll_loss(p.log(), y)),
    "sigmoid": lambda: train(mlp(nn.Sigmoid()), nn.BCELoss(), y=probabilities()),
    "scores of two classes": lambda: train(mlp(), nn.BCEWithLogitsLoss(), y=probabilities()),
    "softmax and squares": lambda: train(mlp(nn.Softmax(1)), nn.MSELoss(), y=probabilities()),
    "attention": lambda: train(nn.TransformerEncoderLayer(4, 2, 8), nn.MSELoss(), y=data()[0]),
    "ignored labels": lambda: train(
        mlp(), y=torch.where(torch.arange(32) % 4 == 0, -100, data()[1])
    ),
    "probabilities": lambda: train(mlp(), y=probabilities().softmax(1)),
    "accumulation": accumulates,
    "accumulation with a rest": lambda: accumulates(2),
    "zeros": zeroes_in_place,
    "by hand": by_hand,
    "data": through_data,
    "two players": adversarial,
    "LBFGS": lbfgs,
    "gradients looked at": looks_at_gradients,
    "clipped": clips,
    "frozen": frozen,
    "in turns": in_turns,
    "two optimizers": two_optimizers,
    "evaluated, dropout": lambda: evaluates(nn.Dropout(0.5)),
    "evaluated, norm": lambda: evaluates(nn.BatchNorm1d(16)),
    "tested without such layers": lambda: evaluates(mode="train"),
    "trained, dropout": lambda: trained(nn.Dropout(0.5)),
    "trained, norm": lambda: trained(nn.BatchNorm1d(16)),
    "functional": lambda: functional(told=True),
    "checkpoint": checkpointed,
    "statistics anew": statistics_anew,
    "frozen statistics": frozen_statistics,
    "logarithm": lambda: weight(1.0, 2.0).log().sum().backward(),
    "masked": lambda: (
        weight(1.0, 2.0).masked_fill(torch.tensor([True, False]), float("-inf")).softmax(0)[1]
    ).backward(),
    "deep, with norm": lambda: train(
        nn.Sequential(*[
            layer for _ in range(8) for layer in (nn.Linear(16, 16), nn.LayerNorm(16), nn.ReLU())
        ], nn.Linear(16, 3)), x=sixteen()
    ),
    "alive": lambda: dead(0.1),
    "same shapes": lambda: train(nn.Linear(1, 1), nn.MSELoss(), **line()),
    "distances": distances,
    "a small step": lambda: train(nn.Linear(1, 1), nn.MSELoss(), **line(), lr=0.1, steps=40),
    "Adam": lambda: train(
        model := mlp(), optimizer=optim.Adam(model.parameters(), lr=0.05), steps=40
    ),
    "recurrent": lambda: train(
        nn.LSTM(4, 3), lambda out, y: F.cross_entropy(out[0], y), steps=10
    ),
}  # fmt: skip


@pytest.mark.parametrize("code", CORRECT)
def test_correct_code_is_silent(code):
    assert taught(CORRECT[code]) == []


# --- the switch ----------------------------------------------------------------------------------


def wrong_once():
    F.cross_entropy(torch.zeros(2, 3).softmax(1), torch.tensor([0, 2]))


def warned():
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        wrong_once()
    return bool(found)


def test_the_switch():
    assert not warned()
    torch.teach()
    try:
        assert warned()
        assert not warned()  # once per line
        with torch.teach(False):
            assert not warned()
    finally:
        torch.teach(False)
    assert not warned()
    with torch.teach():
        assert warned()
    assert not warned()


def test_off_nothing_of_it_is_left():
    hooks = nn.modules.module._global_forward_hooks
    state = torch.extend.current.state
    before = len(hooks), state.flags, state.recording, state.interpreters
    with torch.teach():
        assert len(hooks) > before[0]
    assert (len(hooks), state.flags, state.recording, state.interpreters) == before


def test_the_line_is_the_users():
    def wrong():
        scores = torch.zeros(2, 3, requires_grad=True)
        F.cross_entropy(scores.softmax(1), torch.tensor([0, 2]))

    ((message, number),) = taught(wrong)
    here = wrong.__code__.co_firstlineno
    assert number == here + 2
    assert f"test_teach.py:{here + 2}" in message


def test_results_are_the_same():
    def losses():
        torch.manual_seed(0)
        model, (x, y) = regularized(nn.BatchNorm1d(16), nn.Dropout(0.2)), data()
        optimizer = optim.Adam(model.parameters())
        found = []
        for _ in range(5):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            found.append(loss.item())
        return found

    expected = losses()
    with torch.teach():
        assert losses() == expected


def test_a_seed_that_the_system_chose_is_none():
    def draws():
        torch.randn(3).requires_grad_().sum().backward()

    assert taught(draws) == []
    torch.seed()
    ((message, _),) = taught(draws)
    assert "no seed was set" in message


def trains_without_optimizer(model):
    F.cross_entropy(model(data()[0]), data()[1]).backward()


def test_a_model_without_optimizer():
    model = Two("detach")
    ((message, _),) = taught(trains_without_optimizer, model)
    assert "no gradient reaches `a.weight`, `a.bias`: the path is cut by detach()" in message
    assert taught(trains_without_optimizer, Two()) == []


def test_warnings_may_be_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("error", torch.TeachingWarning)
        for _ in range(2):
            with pytest.raises(torch.TeachingWarning, match="softmax"), torch.teach():
                wrong_once()
    assert torch.extend.current.state.interpreters == ()
    assert F.cross_entropy(torch.zeros(2, 3), torch.tensor([0, 2])) > 0


def run(tmp_path, source, *before, **variables):
    script = tmp_path / "prog.py"
    script.write_text(dedent(source))
    return subprocess.run(
        [sys.executable, *before, str(script)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **variables},
    ).stderr


SEEDS = {
    "": True,
    "torch.manual_seed(0)": False,
    "g = torch.Generator().manual_seed(1); torch.rand(1, generator=g)": False,
}


@pytest.mark.needs("processes")
@pytest.mark.parametrize("seed", SEEDS)
def test_seeds(tmp_path, seed):
    source = f"""
        import minitorch as torch
        {seed}
        w = torch.randn(3).requires_grad_()
        w.sum().backward()
    """
    shown = run(tmp_path, source, MINITORCH_TEACH="1")
    assert ("manual_seed(0) at the start" in shown) == SEEDS[seed]
    assert ("prog.py:5: TeachingWarning" in shown) == SEEDS[seed]
    assert not run(tmp_path, source)


@pytest.mark.needs("processes")
@pytest.mark.parametrize("name", sorted(p.stem for p in PROGRAMS.glob("*.py") if p.stem != "words"))
def test_programs_in_the_style_of_tutorials_are_silent(name):
    command = [sys.executable, "-m", "minitorch", str(PROGRAMS / f"{name}.py")]
    done = subprocess.run(
        command, capture_output=True, check=True, env={**os.environ, "MINITORCH_TEACH": "1"}
    )
    assert b"TeachingWarning" not in done.stderr, done.stderr.decode()
