"""examples/plots.py: pictures of training curves and of weights."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

matplotlib = pytest.importorskip("matplotlib", reason="not installed")
nn = pytest.importorskip("minitorch.nn", reason="not installed")


@pytest.fixture
def plots(monkeypatch):
    matplotlib.use("Agg")
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "examples")
    import plots

    yield plots
    plots.plt.close("all")
    del sys.modules["plots"]


def test_curves(plots, tmp_path):
    falling, rising = [1.0, 0.5, 0.01], {"training": [0.1, 0.5], "test": [0.1, 0.4]}
    figure = plots.curves(loss=falling, accuracy=rising, x=[2, 3], xlabel="epoch")
    loss, accuracy = figure.axes
    assert (loss.get_yscale(), accuracy.get_yscale()) == ("log", "linear")
    assert loss.get_ylabel() == "loss"
    assert accuracy.get_xlabel() == "epoch"
    assert [line.get_label() for line in accuracy.lines] == ["training", "test"]
    assert list(loss.lines[0].get_xdata()) == [1, 2, 3]
    assert list(accuracy.lines[0].get_xdata()) == [2, 3]
    assert list(accuracy.lines[1].get_ydata()) == [0.1, 0.4]
    figure.savefig(tmp_path / "curves.png")


def test_weights(plots, tmp_path):
    model = nn.Sequential(nn.Conv2d(2, 3, 5), nn.Flatten(), nn.Linear(7, 4))
    figure = plots.weights(model)
    convolution, linear = (axis.images[0].get_array() for axis in figure.axes)
    assert convolution.shape == (3 * 6 - 1, 2 * 6 - 1)
    assert (convolution[6:11, 6:11] == model[0].weight.detach().numpy()[1, 1]).all()
    assert (linear == model[2].weight.detach().numpy()).all()
    assert "0.weight [3, 2, 5, 5]" in figure.axes[0].get_title()
    figure.savefig(tmp_path / "weights.png")
