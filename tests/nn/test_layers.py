"""Layers: shapes, parameters, repr, modes, what bad input gets."""

import math
from typing import Any

import minitorch
import numpy as np
import pytest
from minitorch import Tensor, nn

LAYERS = {
    "Linear((10, 100))": (2, 10),
    "Linear(in_features=10, out_features=5, bias=False)": (2, 3, 10),
    "Identity(7, size=3)": (2, 10),
    "Flatten()": (2, 3, 4),
    "Unflatten(1, (2, 5))": (2, 10),
    "Dropout(0.3)": (2, 10),
    "Dropout1d()": (2, 3, 4),
    "Dropout2d()": (2, 3, 4, 4),
    "Dropout3d()": (2, 3, 4, 4, 4),
    "AlphaDropout()": (2, 3),
    "FeatureAlphaDropout()": (2, 3, 4),
    "PReLU(3)": (2, 3),
    "RReLU()": (2, 3),
    "Softmax2d()": (2, 3, 4, 4),
    "Hardtanh(-2, 2)": (2, 3),
    "Threshold(0.1, 2)": (2, 3),
    "ChannelShuffle(2)": (1, 4, 3),
    "LazyLinear(3)": (2, 5),
    **{
        f"{name}()": (2, 4)
        for name in [
            "CELU",
            "ELU",
            "GELU",
            "GLU",
            "Hardshrink",
            "Hardsigmoid",
            "Hardswish",
            "LeakyReLU",
            "LogSigmoid",
            "Mish",
            "ReLU",
            "ReLU6",
            "SELU",
            "SiLU",
            "Sigmoid",
            "Softplus",
            "Softshrink",
            "Softsign",
            "Tanh",
            "Tanhshrink",
        ]
    },
    **{f"{name}(dim=1)": (2, 4) for name in ("Softmax", "Softmin", "LogSoftmax")},
}


@pytest.mark.parametrize("source", LAYERS)
def test_layers_run_and_pass_gradients(source):
    minitorch.manual_seed(0)
    layer = eval(f"nn.{source}", {"nn": nn})
    x = minitorch.randn(LAYERS[source], requires_grad=True)
    layer(x).sum().backward()
    assert x.grad.shape == x.shape
    assert all(p.grad is not None for p in layer.parameters())
    assert type(layer).__name__ in repr(layer)
    layer.eval()(x)


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (nn.Linear((3, 5)), "Linear(in_features=3, out_features=5, bias=True)"),
        (nn.Embedding((27, 10)), "Embedding(27, 10)"),
        (nn.Embedding(27, 10, padding_idx=-1), "Embedding(27, 10, padding_idx=26)"),
        (nn.Flatten(), "Flatten(start_dim=1, end_dim=-1)"),
        (nn.ReLU(inplace=True), "ReLU(inplace=True)"),
        (nn.ReLU6(), "ReLU6()"),
        (nn.ELU(), "ELU(alpha=1.0)"),
        (nn.Dropout(), "Dropout(p=0.5, inplace=False)"),
        (nn.GELU(), "GELU(approximate='none')"),
        (nn.Softshrink(), "Softshrink(0.5)"),
        (nn.MSELoss(), "MSELoss()"),
        (nn.EmbeddingBag(3, 2), "EmbeddingBag(3, 2, mode='mean')"),
    ],
)
def test_repr(layer, text):
    assert repr(layer) == text


def test_linear_starts_within_its_bound():
    minitorch.manual_seed(0)
    layer = nn.Linear(100, 50)
    assert layer.weight.shape == (50, 100)
    assert abs(layer.weight).max() <= 0.1
    assert abs(layer.bias).max() <= 0.1
    # PyTorch's first numbers under this seed
    assert layer.weight[0, :3].tolist() == pytest.approx([-0.00075, 0.05365, -0.08230], abs=1e-5)


def test_linear_names_both_widths():
    with pytest.raises(RuntimeError, match=r"Linear\(in_features=3, .* width 3, .* width 4"):
        nn.Linear(3, 5)(minitorch.zeros(2, 4))
    with pytest.raises(RuntimeError, match="same dtype"):
        nn.Linear(3, 5)(minitorch.zeros(2, 3, dtype=minitorch.float64))
    with pytest.raises(TypeError, match="both widths"):
        nn.Linear(3)


def test_embedding():
    layer = nn.Embedding(5, 3, padding_idx=0)
    assert (layer.weight[0] == 0).all()
    layer(minitorch.tensor([[0, 1], [1, 4]])).sum().backward()
    assert layer.weight.grad.sum(1).tolist() == [0, 6, 0, 0, 3]
    assert not nn.Embedding.from_pretrained(minitorch.ones(2, 2)).weight.requires_grad
    with pytest.raises(IndexError, match="5 rows"):
        layer(minitorch.tensor([5]))
    with pytest.raises(AssertionError, match="Padding_idx"):
        nn.Embedding(5, 3, padding_idx=7)


def test_lazy_linear():
    layer = nn.LazyLinear(3)
    assert layer.has_uninitialized_params()
    with pytest.raises(RuntimeError, match="uninitialized"):
        _ = layer.weight.shape
    layer(minitorch.ones(2, 7))
    assert type(layer) is nn.Linear
    assert layer.weight.shape == (3, 7)
    loaded = nn.LazyLinear(3)
    loaded.load_state_dict(layer.state_dict())
    assert loaded(minitorch.ones(2, 7)).shape == (2, 3)


def test_cross_entropy_loss():
    logits = minitorch.zeros(4, 5)
    for labels in (minitorch.tensor([0, 1, 2, 3]), minitorch.tensor([[0], [1], [2], [3]])):
        loss = nn.Loss.cross_entropy_loss(logits, labels)
        assert loss.item() == pytest.approx(math.log(5))
    shares = minitorch.full((4, 5), 0.2)
    assert nn.Loss.cross_entropy_loss(logits, shares).item() == pytest.approx(math.log(5))


def test_mean_squared_error_loss():
    loss = nn.Loss.mean_squared_error_loss
    column = Tensor([[1.0], [3.0]])
    assert loss(column, minitorch.zeros(2)).item() == 5
    assert loss(column.reshape(-1), minitorch.zeros(2, 1)).item() == 5
    assert loss(column, column).item() == 0
    labels = minitorch.tensor([1, 0])
    assert loss(minitorch.zeros(2, 4), labels).item() == 0.25
    assert loss(minitorch.zeros(2, 4), labels.reshape(2, 1)).item() == 0.25
    assert loss(minitorch.ones(2), minitorch.tensor([1, 1])).item() == 0


@pytest.mark.parametrize(
    ("a", "b", "error"),
    [
        (minitorch.zeros(3, 4), minitorch.zeros(3), ValueError),
        (minitorch.zeros(3, 4), minitorch.zeros(3, 1), ValueError),
        (minitorch.zeros(3, 1), minitorch.zeros(4), ValueError),
        (minitorch.zeros(3), minitorch.zeros(1), ValueError),
        (minitorch.zeros(3, 4), minitorch.zeros(4, 3), ValueError),
        (minitorch.zeros(2, 4), minitorch.tensor([0, 4]), IndexError),
        (minitorch.zeros(2, 4), minitorch.tensor([0, -1]), IndexError),
    ],
)
def test_mean_squared_error_loss_never_broadcasts(a, b, error):
    with pytest.raises(error):
        nn.Loss.mean_squared_error_loss(a, b)


@pytest.mark.parametrize(
    ("a", "b", "error"),
    [
        (minitorch.zeros(3, 4), minitorch.tensor([0, 1]), ValueError),
        (minitorch.zeros(3, 4), minitorch.zeros(3), ValueError),
        (minitorch.zeros(3), minitorch.tensor([0, 1, 2]), ValueError),
        (minitorch.zeros(2, 4), minitorch.tensor([0, 4]), IndexError),
    ],
)
def test_cross_entropy_loss_errors(a, b, error):
    with pytest.raises(error):
        nn.Loss.cross_entropy_loss(a, b)


def test_character_model_trains():
    minitorch.manual_seed(0)
    contexts = Tensor.randint(0, 27, (64, 3))
    labels = Tensor.randint(0, 27, (64,))
    model = nn.Sequential(
        [
            nn.Embedding((27, 10)),
            nn.Flatten(),
            nn.Linear((30, 50)),
            nn.Tanh(),
            nn.Linear((50, 27)),
        ]
    )
    losses = []
    for _ in range(60):
        loss = nn.Loss.cross_entropy_loss(model(contexts), labels)
        losses.append(loss.item())
        model.zero_grad()
        loss.backward()
        with minitorch.no_grad():
            for p in model.parameters():
                p -= 0.5 * p.grad
    assert losses[-1] < 0.5 * losses[0]


def layouts() -> dict[str, Any]:
    """Scalar functions of contiguous leaves, whose gradients come in other orders."""
    rand = minitorch.rand
    labels = minitorch.zeros(2, 4, 5, dtype=minitorch.int64)
    F = nn.functional
    return {
        "a @ b.t()": (lambda a, b: a @ b.t(), rand(3, 4), rand(5, 4)),
        "a.t() @ b": (lambda a, b: a.t() @ b, rand(4, 3), rand(4, 5)),
        "a.t()": (lambda a: a.t() * rand(4, 3), rand(3, 4)),
        "permute": (lambda a: a.permute(2, 0, 1) * rand(5, 3, 4), rand(3, 4, 5)),
        "einsum": (lambda a, b: minitorch.einsum("ij,kj", a, b), rand(3, 4), rand(5, 4)),
        "linear": (lambda a, b: F.linear(a, b.t()), rand(2, 3), rand(3, 4)),
        "bilinear": (F.bilinear, rand(2, 3), rand(2, 4), rand(5, 3, 4)),
        "cross_entropy": (lambda a: F.cross_entropy(a, labels), rand(2, 3, 4, 5)),
        "nll_loss": (lambda a: F.nll_loss(a, labels), rand(2, 3, 4, 5)),
        "linalg.det": (lambda a: minitorch.linalg.det(a), rand(3, 3)),
    }


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("name", layouts())
def test_gradients_of_contiguous_tensors_are_contiguous(name: str, create_graph: bool) -> None:
    function, *inputs = layouts()[name]
    for x in inputs:
        x.requires_grad_()
    loss = (function(*inputs) ** 2).sum()
    for g in minitorch.autograd.grad(loss, inputs, create_graph=create_graph):
        assert g.is_contiguous()


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("rows", [(1,), (2,), (12,), (3, 20), (64,), (65,), (300,)])
@pytest.mark.parametrize(("outputs", "inputs"), [(256, 256), (260, 1030), (64, 64), (5, 30000)])
def test_linear_of_any_number_of_rows(rows, outputs, inputs, bias):
    """BLAS is asked for the product in several forms, by size."""
    random = np.random.default_rng(0)
    x, weight = random.standard_normal((*rows, inputs)), random.standard_normal((outputs, inputs))
    b = random.standard_normal(outputs) if bias else None
    given = [None if a is None else minitorch.tensor(a) for a in (x, weight, b)]
    made = minitorch.nn.functional.linear(*given)
    expected = np.einsum("...i,oi->...o", x, weight, optimize=True) + (0 if b is None else b)
    np.testing.assert_allclose(made.numpy(), expected, rtol=1e-9, atol=1e-9)
    assert made.is_contiguous()
    assert made.shape == (*rows, outputs)
