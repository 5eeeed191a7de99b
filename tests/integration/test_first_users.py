"""The first users' programs, word for word, and what they lead to."""

import math
import runpy
from pathlib import Path

import pytest

pytest.importorskip("minitorch.nn", reason="the core alone")
pytest.importorskip("minitorch.optim", reason="the core alone")

import minitorch as torch
from minitorch import Tensor
from minitorch.nn import Embedding, Flatten, Linear, Loss, Sequential, Tanh
from minitorch.nn.optim import SGD

PROGRAMS = Path(__file__).parent / "first_users"


def test_gradients(capsys):
    runpy.run_path(str(PROGRAMS / "gradients.py"))
    assert capsys.readouterr().out == "Gradients: tensor([2., 2., 2.])\n"


def test_layers():
    model = runpy.run_path(str(PROGRAMS / "layers.py"))["model"]
    assert [tuple(p.shape) for p in model.parameters()] == [(5, 3), (5,), (1, 5), (1,)]
    assert model(Tensor.randn((4, 3))).shape == (4, 1)


def test_training_with_squared_errors(capsys):
    errors = runpy.run_path(str(PROGRAMS / "training.py"))["errors"]
    assert len(errors) == 1000
    assert errors[-1] < 1e-3 < errors[0]
    lines = capsys.readouterr().out.splitlines()
    assert lines[3] == f"Epoch 300: MSE Loss = {errors[300]}"
    assert len(lines) == 10


def test_training_with_cross_entropy():
    program = (PROGRAMS / "training.py").read_text()
    names = {}
    exec(program.replace("mean_squared_error_loss", "cross_entropy_loss"), names)
    errors = names["errors"]
    assert abs(errors[0] - math.log(5)) < 0.3
    assert errors[-1] < 0.1


def test_character_model():
    words = ["emma", "olivia", "ava", "isabella", "sophia", "charlotte", "mia", "amelia"]
    contexts, following = [], []
    for word in words:
        letters = [0, 0, 0, *(ord(c) - ord("a") + 1 for c in word), 0]
        for k in range(3, len(letters)):
            contexts.append(letters[k - 3 : k])
            following.append(letters[k])
    x, y = torch.tensor(contexts), torch.tensor(following)
    model = Sequential(
        [Embedding((27, 10)), Flatten(), Linear((30, 200)), Tanh(), Linear((200, 27))]
    )
    optimizer = SGD(model.parameters(), lr=0.1)
    losses = []
    for _ in range(300):
        batch = torch.randint(0, len(x), (32,))
        loss = Loss.cross_entropy_loss(model(x[batch]), y[batch])
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert abs(losses[0] - math.log(27)) < 0.5
    assert losses[-1] < 0.7
