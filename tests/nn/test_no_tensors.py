"""Layers and functions refuse arrays and lists with PyTorch's words."""

from __future__ import annotations

import inspect
from typing import Any

import minitorch
import minitorch.nn.functional as F
import numpy as np
import pytest
from minitorch import nn

LAYERS = [
    nn.Linear(3, 2), nn.Conv1d(3, 2, 1), nn.Conv2d(3, 2, 1), nn.Conv3d(3, 2, 1), nn.ReLU(),
    nn.ConvTranspose1d(3, 2, 1), nn.ConvTranspose2d(3, 2, 1), nn.GELU(), nn.Softmax(0),
    nn.LayerNorm(3), nn.BatchNorm1d(3), nn.BatchNorm2d(3), nn.GroupNorm(3, 3), nn.Sigmoid(),
    nn.InstanceNorm1d(3), nn.RNN(3, 2), nn.LSTM(3, 2), nn.GRU(3, 2), nn.RNNCell(3, 2),
    nn.LSTMCell(3, 2), nn.GRUCell(3, 2), nn.Embedding(5, 2), nn.EmbeddingBag(5, 2), nn.Dropout(),
    nn.MaxPool1d(2), nn.MaxPool2d(2), nn.AvgPool2d(2), nn.Flatten(), nn.Unflatten(0, (3, 1)),
    nn.ZeroPad2d(1), nn.ReflectionPad1d(1), nn.Upsample(2), nn.PixelShuffle(1), nn.Fold(2, 2),
    nn.Unfold(2), nn.Tanh(), nn.PReLU(), nn.LogSoftmax(0), nn.Softplus(), nn.Hardtanh(), nn.ELU(),
    nn.Softsign(), nn.Tanhshrink(), nn.LogSigmoid(), nn.Threshold(0, 0), nn.GLU(), nn.CELU(),
    nn.RReLU(), nn.LocalResponseNorm(2), nn.RMSNorm(3), nn.AdaptiveAvgPool2d(1), nn.Mish(),
    nn.ChannelShuffle(1), nn.SiLU(), nn.Hardswish(), nn.Softmin(0), nn.Softmax2d(),
    nn.TransformerEncoderLayer(4, 2), nn.Bilinear(3, 3, 2), nn.MultiheadAttention(4, 2),
    nn.MSELoss(), nn.L1Loss(), nn.CrossEntropyLoss(), nn.NLLLoss(), nn.BCELoss(), nn.KLDivLoss(),
    nn.BCEWithLogitsLoss(), nn.SmoothL1Loss(), nn.HuberLoss(), nn.PoissonNLLLoss(),
    nn.HingeEmbeddingLoss(), nn.SoftMarginLoss(), nn.MultiMarginLoss(), nn.CosineSimilarity(),
    nn.PairwiseDistance(), nn.MultiLabelMarginLoss(), nn.MultiLabelSoftMarginLoss(),
]  # fmt: skip
WRONG = [np.ones((3, 3, 3), np.float32), np.ones((3, 3), np.float32), [[1.0, 2.0, 3.0]]]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
def test_layers(layer: Any) -> None:
    parameters = inspect.signature(layer.forward).parameters.values()
    more = sum(p.default is p.empty for p in parameters) - 1
    for wrong in WRONG:
        kind = "numpy.ndarray" if isinstance(wrong, np.ndarray) else "list"
        for rest in (wrong, minitorch.ones(3, 3)):
            with pytest.raises(TypeError, match=rf"\(position 1\) must be Tensor, not {kind}"):
                layer(wrong, *[rest] * more)


FUNCTIONS = [
    name
    for name, value in vars(F).items()
    if inspect.isfunction(value)
    and name[0] != "_"
    and next(iter(inspect.signature(value).parameters), "") in ("input", "input1", "x1", "anchor")
]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name: str) -> None:
    function = getattr(F, name)
    parameters = inspect.signature(function).parameters.values()
    more = sum(p.default is p.empty and p.kind is not p.KEYWORD_ONLY for p in parameters) - 1
    for wrong in WRONG:
        with pytest.raises(TypeError, match=r"\(position 1\) must be Tensor, not "):
            function(wrong, *[minitorch.ones(3, 3)] * more)


def test_a_layer_of_the_users_own_may_take_anything() -> None:
    class Norm(nn.Module):
        def forward(self, x: Any) -> Any:
            return x.missing

    with pytest.raises(AttributeError, match="missing"):
        Norm()(np.ones(2))
    with pytest.raises(TypeError, match=r"Conv2d\(\): argument 'input' \(position 1\) must be"):
        nn.Sequential(nn.Conv2d(1, 1, 1))(np.ones((1, 1, 2, 2)))
