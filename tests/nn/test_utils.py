"""nn.utils: clipping, vectors, parametrizations, stateless calls, summary."""

import copy
import pickle

import minitorch
import pytest
from minitorch import nn
from minitorch.nn import utils
from minitorch.nn.utils import parametrizations, parametrize


def net():
    minitorch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


def with_gradients():
    model = net()
    model(minitorch.ones(5, 3)).pow(2).sum().backward()
    return model


@pytest.mark.parametrize("p", [1.0, 2.0, float("inf")])
def test_clip_grad_norm(p):
    model = with_gradients()
    grads = [q.grad.clone() for q in model.parameters()]
    norm = utils.clip_grad_norm_(model.parameters(), 0.1, p)
    flat = minitorch.cat([g.flatten() for g in grads])
    assert norm.item() == pytest.approx(minitorch.linalg.vector_norm(flat, p).item())
    after = utils.get_total_norm([q.grad for q in model.parameters()], p)
    assert after.item() == pytest.approx(0.1, rel=1e-4)
    utils.clip_grad_norm_(model.parameters(), 100.0, p)
    assert utils.get_total_norm([q.grad for q in model.parameters()], p).item() == after.item()


def test_clip_grad_norm_nonfinite():
    w = nn.Parameter(minitorch.ones(2))
    w.grad = minitorch.tensor([float("inf"), 1.0])
    with pytest.raises(RuntimeError, match="non-finite"):
        utils.clip_grad_norm_(w, 1.0, error_if_nonfinite=True)
    assert utils.clip_grad_norm_([], 1.0).item() == 0


def test_clip_grad_value():
    model = with_gradients()
    utils.clip_grad_value_(model.parameters(), 0.01)
    assert max(float(abs(q.grad).max()) for q in model.parameters()) <= 0.01


def test_vectors():
    model = net()
    vector = utils.parameters_to_vector(model.parameters())
    assert vector.shape == (26,)
    utils.vector_to_parameters(vector.detach() * 0 + 1, model.parameters())
    assert all((q == 1).all() for q in model.parameters())
    with pytest.raises(RuntimeError, match="26 elements"):
        utils.vector_to_parameters(minitorch.ones(3), model.parameters())


class Symmetric(nn.Module):
    def forward(self, x):
        return x.triu() + x.triu(1).mT

    def right_inverse(self, a):
        return a.triu()


def test_parametrize():
    layer = nn.Linear(3, 3)
    weight = layer.weight
    parametrize.register_parametrization(layer, "weight", Symmetric())
    assert parametrize.is_parametrized(layer, "weight")
    assert type(layer).__name__ == "ParametrizedLinear"
    assert layer.parametrizations.weight.original is weight
    assert (layer.weight == layer.weight.mT).all()
    layer.weight = minitorch.ones(3, 3)
    assert (layer.weight == 1).all()
    with parametrize.cached():
        assert layer.weight is layer.weight
    assert list(layer.state_dict()) == ["bias", "parametrizations.weight.original"]
    twin = copy.deepcopy(layer)
    layer(minitorch.ones(1, 3)).sum().backward()
    assert weight.grad is not None
    parametrize.remove_parametrizations(layer, "weight")
    assert type(layer) is nn.Linear
    assert layer.weight is weight
    assert (twin.weight == 1).all()
    with pytest.raises(RuntimeError, match="state_dict"):
        pickle.dumps(twin)


def test_parametrize_refuses_another_shape():
    class First(nn.Module):
        def forward(self, x):
            return x[:1]

    layer = nn.Linear(3, 3)
    with pytest.raises(ValueError, match="shape"):
        parametrize.register_parametrization(layer, "weight", First())
    assert list(layer.state_dict()) == ["weight", "bias"]
    with pytest.raises(ValueError, match="does not have"):
        parametrize.register_parametrization(layer, "nothing", First())


def test_weight_norm():
    layer = nn.Linear(3, 4)
    x, before = minitorch.randn(2, 3), layer.weight.detach().clone()
    parametrizations.weight_norm(layer)
    assert minitorch.allclose(layer.weight, before, atol=1e-6)
    assert layer.parametrizations.weight.original0.shape == (4, 1)
    layer(x).sum().backward()
    assert all(p.grad is not None for p in layer.parameters())


def test_spectral_norm():
    minitorch.manual_seed(0)
    layer = parametrizations.spectral_norm(nn.Linear(3, 4))
    for _ in range(30):
        layer(minitorch.ones(1, 3))
    assert minitorch.linalg.svdvals(layer.weight).max().item() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("kind", ["matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("shape", [(4, 4), (3, 5), (5, 3)])
def test_orthogonal(kind, shape):
    minitorch.manual_seed(0)
    layer = parametrizations.orthogonal(nn.Linear(*shape), orthogonal_map=kind)
    for _ in range(2):
        w = layer.weight
        product = w @ w.mT if w.shape[0] <= w.shape[1] else w.mT @ w
        assert minitorch.allclose(product, minitorch.eye(min(shape)), atol=1e-5)
        (w * minitorch.arange(w.shape[1])).sum().backward()
        with minitorch.no_grad():
            for p in layer.parameters():
                if p.grad is not None:
                    p -= 0.1 * p.grad


def test_first_forms():
    x = minitorch.randn(2, 3)
    layer = nn.Linear(3, 4)
    before = layer(x)
    with pytest.warns(FutureWarning):
        utils.weight_norm(layer)
    assert list(layer.state_dict()) == ["bias", "weight_g", "weight_v"]
    assert minitorch.allclose(layer(x), before, atol=1e-6)
    utils.remove_weight_norm(layer)
    assert list(layer.state_dict()) == ["bias", "weight"]
    layer = utils.spectral_norm(nn.Linear(3, 4))
    layer(x).sum().backward()
    assert list(layer.state_dict()) == ["bias", "weight_orig", "weight_u", "weight_v"]
    utils.remove_spectral_norm(layer)
    assert list(layer.state_dict()) == ["bias", "weight"]


def test_functional_call():
    model = net()
    zeros = {name: minitorch.zeros_like(p) for name, p in model.named_parameters()}
    x = minitorch.ones(1, 3)
    with pytest.warns(FutureWarning, match="func.functional_call"):
        assert (utils.stateless.functional_call(model, zeros, (x,)) == 0).all()
    assert (model(x) != 0).any()


class Counting(nn.Module):
    """Sets its buffer anew, writes to another one in place, reads what is not its own."""

    def __init__(self):
        super().__init__()
        self.count, self.total = nn.Buffer(minitorch.zeros(1)), nn.Buffer(minitorch.zeros(1))
        self.tied, self.text = self.total, "a"

    def forward(self, x):
        self.count = self.count + 1
        self.total.add_(x)
        return self.tied + getattr(self, "extra", 0)


def test_functional_call_hands_back_what_was_written():
    model, x = Counting(), minitorch.ones(1)
    count, total = minitorch.tensor([5.0]), minitorch.tensor([2.0])
    given = {"count": count, "total": total, "extra": minitorch.tensor([10.0])}
    assert minitorch.func.functional_call(model, given, x).item() == 13  # tied: total + 1
    assert given["count"].item() == 6
    assert count.item() == 5
    assert given["total"] is total
    assert total.item() == 3
    assert not hasattr(model, "extra")
    assert model.count.item() == model.total.item() == 0
    loose = {"total": minitorch.tensor([2.0])}
    assert minitorch.func.functional_call(model, loose, x, tie_weights=False).item() == 0


@pytest.mark.parametrize(
    ("given", "options", "error", "text"),
    [
        ({"x": minitorch.ones(1)}, {"strict": True}, RuntimeError, r"Unexpected key\(s\): 'x'"),
        ({}, {"strict": True}, RuntimeError, r"Missing key\(s\): 'count', 'tied', 'total'\."),
        ({"count": 1}, {}, TypeError, "not an instance of torch.Tensor"),
        ({"text": minitorch.ones(1)}, {}, TypeError, "not an instance of torch.Tensor"),
        ([{"count": minitorch.ones(1)}] * 2, {}, ValueError, "multiple dictionaries"),
        ({"total": minitorch.ones(1), "tied": minitorch.ones(1)}, {}, ValueError, "are tied"),
        (5, {}, ValueError, "to be a dict"),
    ],
)
def test_functional_call_refuses(given, options, error, text):
    model = Counting()
    before = dict(model.state_dict())
    with pytest.raises(error, match=text):
        minitorch.func.functional_call(model, given, minitorch.ones(1), **options)
    assert all(model.state_dict()[name] is not None for name in before)
    assert model.count.item() == 0


def test_skip_init():
    minitorch.manual_seed(0)
    first = minitorch.rand(1)
    minitorch.manual_seed(0)
    layer = utils.skip_init(nn.Linear, 3, 4)
    assert type(layer) is nn.Linear
    assert (minitorch.rand(1) == first).all()


def test_summary(capsys):
    model = nn.Sequential(nn.Linear(3, 5), nn.Sequential(nn.Tanh(), nn.Linear(5, 1)))
    found = utils.summary(model, (64, 3))
    table = capsys.readouterr().out
    assert found.total_params == 26
    assert found.total_mult_adds == 64 * (15 + 5)
    assert "Linear: 1" in table
    assert "[64, 5]" in table
    assert "Total params: 26" in table
    assert model.training
    assert not model[0]._forward_hooks
    with pytest.raises(ValueError, match="either"):
        utils.summary(model)


class Residual(nn.Module):
    def __init__(self, channels, stride):
        super().__init__()
        out = channels * stride
        self.conv1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.relu = nn.ReLU()
        self.down = nn.Conv2d(channels, out, 1, stride, bias=False) if stride > 1 else None

    def forward(self, x):
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(y + (x if self.down is None else self.down(x)))


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x):
        return self.layer(self.layer(x))


class Of(nn.Module):
    """Two inputs, by name."""

    def __init__(self):
        super().__init__()
        self.table, self.both = nn.Embedding(9, 3), nn.Bilinear(4, 3, 2)

    def forward(self, x, words, scale=1):
        return {"out": self.both(x, self.table(words)) * scale}


LENET = nn.Sequential(
    nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(),
    nn.AvgPool2d(2), nn.Flatten(), nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(),
    nn.Linear(84, 10),
)  # fmt: skip
RESNET = nn.Sequential(
    nn.Conv2d(3, 8, 3, 1, 1, bias=False), Residual(8, 1), Residual(8, 2), nn.AdaptiveAvgPool2d(1)
)
# shapes, parameters, multiply-adds, bytes of outputs and of parameters: torchinfo's, without what
# it counts for biases, (N * outputs) in all, and for normalizations, N * parameters
SUMMARIES = {
    "mlp": (
        nn.Sequential(nn.Linear(10, 100), nn.Tanh(), nn.Linear(100, 5)), {"input_size": (64, 10)},
        1605, 102720 - 64 * 105, 53760, 6420,
    ),
    "lenet": (
        LENET, {"input_size": (2, 1, 28, 28)},
        61706, 846076 - 2 * (6 * 784 + 16 * 100 + 214), 104288, 246824,
    ),
    "resnet": (
        RESNET, {"input_size": (2, 3, 16, 16)},
        216 + 1152 + 32 + 1152 + 2304 + 64 + 128,
        2 * (256 * (216 + 1152) + 64 * (1152 + 2304 + 128)),
        2 * 4 * 2 * (256 * 8 * 5 + 64 * 16 * 5), 4 * 5048,
    ),
    "lstm": (nn.LSTM(8, 16, 2), {"input_size": (7, 3, 8)}, 3840, 80640 - 21 * 256, 2688, 15360),
    "encoder": (
        nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), 2),
        {"input_size": (2, 7, 16)},
        # of each token: four projections, scores and sums over 7 tokens, two layers
        4448, 2 * 14 * (4 * 256 + 2 * 7 * 16 + 2 * 512), 2 * 2 * 4 * 14 * (4 * 16 + 32), 17792,
    ),
    "twice": (Twice(), {"input_size": (2, 4)}, 20, 2 * 2 * 16, 128, 80),
    "batch_dim": (nn.Linear(10, 100), {"input_size": (10,), "batch_dim": 0}, 1100, 1000, 800, 4400),
    "sequences": (nn.Linear(4, 3), {"input_size": (2, 5, 4)}, 15, 2 * 5 * 12, 240, 60),
    "transposed": (
        nn.ConvTranspose2d(3, 4, 3, 2), {"input_size": (2, 3, 5, 5)}, 112, 2 * 25 * 108, 7744, 448,
    ),
    "groups": (
        nn.Conv1d(4, 6, 3, groups=2), {"input_size": (2, 4, 9)}, 42, 588 - 2 * 7 * 6, 672, 168,
    ),
    "two inputs": (
        Of(), {"input_size": [(5, 4), (5,)], "dtypes": [minitorch.float32, minitorch.int64]},
        27 + 26, 5 * 24, 2 * 4 * (5 * 3 + 5 * 2), 4 * 53,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SUMMARIES)
def test_summaries_count(name):
    model, options, params, mult_adds, outputs, memory = SUMMARIES[name]
    found = utils.summary(model, verbose=False, **options)
    assert found.total_params == found.trainable_params == params
    assert found.total_mult_adds == mult_adds
    assert found.total_output_bytes == outputs
    assert found.total_param_bytes == memory
    assert sum(row.num_params for row in found.rows if not row.recursive) == params


def test_a_summary_leaves_the_model_as_it_was():
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
    model[1].eval()
    before = [each.clone() for each in model.state_dict().values()]
    minitorch.manual_seed(0)
    expected = minitorch.rand(1)
    minitorch.manual_seed(0)
    utils.summary(model, (8, 3), mode="train", verbose=False)
    assert minitorch.rand(1) == expected
    assert [module.training for module in model] == [True, False, True]
    assert all(map(minitorch.equal, before, model.state_dict().values()))
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model)

    def fails(x):
        raise ValueError("mine")

    model.append(nn.Linear(4, 4))
    model[-1].forward = fails
    with pytest.raises(ValueError, match="mine"):
        utils.summary(model, (8, 3))
    assert not model[0]._forward_hooks
    assert model.training


def test_what_a_summary_shows():
    model = nn.Sequential(Twice(), Residual(4, 1))
    with pytest.raises(RuntimeError):
        utils.summary(model, (2, 4))
    text = str(utils.summary(Twice(), (2, 4), verbose=False))
    assert "├─Linear: 1-1           [2, 4]                   20         32" in text
    assert "├─Linear: 1-2           [2, 4]          (recursive)         32" in text
    columns = ("input_size", "kernel_size", "trainable")
    found = utils.summary(
        RESNET, (2, 3, 16, 16), depth=1, col_names=columns, row_settings=("var_names",),
        verbose=False,
    )  # fmt: skip
    text = str(found)
    assert "Conv2d (0): 1-1" in text
    assert "[2, 3, 16, 16]" in text
    assert "[3, 3]" in text
    assert {row.depth for row in found.rows} == {0, 1}
    assert [row.num_params for row in found.rows[1:]] == [216, 1184, 3648, 0]
    assert utils.summary(
        Of(),
        {"x": (5, 4), "words": (5,)},
        dtypes={"words": minitorch.int64},
        scale=2,
        verbose=False,
    ).rows[0]
    data = {"x": minitorch.ones(5, 4), "words": minitorch.zeros(5, dtype=minitorch.int64)}
    assert utils.summary(Of(), input_data=data, verbose=False).total_mult_adds == 120
    with pytest.raises(ValueError, match="columns are"):
        utils.summary(Twice(), (2, 4), col_names=("colour",))


def test_a_summary_for_rich():
    rich = pytest.importorskip("rich.console", reason="not installed")
    console = rich.Console(width=120, record=True)
    console.print(utils.summary(Twice(), (2, 4), verbose=False))
    assert "Total mult-adds: 64" in console.export_text()


class Scaled(nn.Module):
    """A parametrization that counts its calls."""

    def __init__(self, factor):
        super().__init__()
        self.factor, self.calls = factor, []

    def forward(self, x):
        self.calls.append("forward")
        return x * self.factor

    def right_inverse(self, x):
        self.calls.append("right_inverse")
        return x / self.factor


def test_stacked_parametrizations_call_right_inverse_once():
    layer, stack = nn.Linear(2, 2), [Scaled(2.0), Scaled(3.0), Scaled(5.0)]
    before = layer.weight.detach().clone()
    for scaled in stack:
        parametrize.register_parametrization(layer, "weight", scaled)
    assert [scaled.calls.count("right_inverse") for scaled in stack] == [1, 1, 1]
    assert minitorch.allclose(layer.weight, before * 15)  # the first alone keeps the value


def test_a_parametrization_that_is_refused_changes_nothing():
    class Half(nn.Module):
        def forward(self, x):
            return x

        def right_inverse(self, x):
            return x[:1]

    layer = nn.Linear(2, 2)
    weight, before = layer.weight, layer.weight.tolist()
    with pytest.raises(ValueError, match="may not change the shape"):
        parametrize.register_parametrization(layer, "weight", Half())
    assert layer.weight is weight
    assert weight.tolist() == before


def test_files_of_the_old_weight_norm():
    with pytest.warns(FutureWarning, match="deprecated"):
        old = nn.Sequential(nn.utils.weight_norm(nn.Linear(2, 3)))
    new = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(2, 3)))
    assert not new.load_state_dict(old.state_dict()).missing_keys
    x = minitorch.randn(4, 2)
    assert minitorch.allclose(new(x), old(x))


@pytest.mark.parametrize("key", ["0.weight.more", "0.bias.x.y", "1.running_mean.x", "0.", "0", "2"])
def test_keys_with_an_unexpected_suffix(key):
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    state = {**net.state_dict(), key: minitorch.ones(1)}
    assert net.load_state_dict(state, strict=False).unexpected_keys == [key]


def test_embedding_bag_of_nothing_has_a_gradient():
    table = minitorch.ones(3, 2, requires_grad=True)
    nothing = minitorch.zeros(0, dtype=minitorch.int64)
    bags = nn.functional.embedding_bag(nothing, table, minitorch.tensor([0, 0]), mode="max")
    bags.sum().backward()
    assert table.grad.tolist() == [[0.0, 0.0]] * 3


def test_spectral_norm_of_complex_weights():
    layer = nn.Linear(2, 2, dtype=minitorch.complex64)
    diagonal = layer.weight.detach().diagonal().clone()
    layer.weight = nn.Parameter(diagonal.diag())
    parametrizations.spectral_norm(layer)
    expected = (diagonal / diagonal.abs().max()).diag()
    assert minitorch.allclose(layer.weight, expected, atol=1e-4)


@pytest.mark.parametrize("shape", [(3, 3), (3, 4), (4, 3), (2, 4, 3)])
def test_orthogonal_without_trivialization(shape):
    layer = nn.Module()
    layer.weight = nn.Parameter(minitorch.randn(shape))
    parametrizations.orthogonal(layer, "weight", "householder", use_trivialization=False)
    q = minitorch.linalg.qr(minitorch.randn(4, 3)).Q
    new = {3: {3: minitorch.eye(3), 4: q.mT}, 4: {3: q}}[shape[-2]][shape[-1]].expand(shape)
    layer.weight = new
    assert minitorch.allclose(layer.weight, new, atol=1e-5)
    layer.weight.sum().backward()
    assert layer.parametrizations.weight.original.grad.shape == shape


@pytest.mark.parametrize("kind", ["matrix_exp", "cayley"])
def test_orthogonal_of_complex_weights(kind):
    layer = nn.Linear(3, 3, dtype=minitorch.complex64)
    parametrizations.orthogonal(layer, "weight", kind)
    unit = minitorch.eye(3, dtype=minitorch.complex64)
    assert minitorch.allclose(layer.weight.mH @ layer.weight, unit, atol=1e-5)
    with pytest.raises(ValueError, match="does not support complex tensors"):
        parametrizations.orthogonal(
            nn.Linear(2, 2, dtype=minitorch.complex64), "weight", "householder"
        )
    parametrizations.orthogonal(other := nn.Linear(2, 2), "weight", kind, use_trivialization=False)
    with pytest.raises(NotImplementedError, match="not possible to assign to the matrix exp"):
        other.weight = minitorch.eye(2)


@pytest.mark.parametrize("flags", [(True, False), (False, True)])
def test_fused_layers_learn_what_they_did(flags):
    conv, norm = nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2)
    conv.weight.requires_grad, conv.bias.requires_grad = flags
    made = utils.fuse_conv_bn_weights(
        conv.weight,
        conv.bias,
        norm.running_mean,
        norm.running_var,
        norm.eps,
        norm.weight,
        norm.bias,
    )
    assert tuple(p.requires_grad for p in made) == flags
