"""``minitorch.explain`` of modules and optimizers."""

import minitorch as torch
import numpy as np
import pytest
from minitorch import nn
from minitorch.insight.jacobians import derivatives
from minitorch.insight.templates import gradient_template
from minitorch.insight.text import run_text

optim = pytest.importorskip("minitorch.optim")


def mlp():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(10, 100), nn.Tanh(), nn.Linear(100, 5))


def training_step(model, optimizer, x, y):
    optimizer.zero_grad()
    logits = model(x)
    loss = nn.functional.cross_entropy(logits, y)
    loss.backward()
    optimizer.step()


def test_a_training_step():
    model = mlp()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    x, y = torch.randn(64, 10), torch.randint(0, 5, (64,))
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    with torch.explain() as page:
        training_step(model, optimizer, x, y)
    operations = [(s.name, s.call.name if s.call else None) for s in page.steps if s.primitive]
    assert operations[:4] == [
        ("linear", "0"), ("tanh", "1"), ("linear", "2"), ("cross_entropy", None),
    ]  # fmt: skip
    given = {s.name: s.outputs[0] for s in page.steps if s.kind == "given"}
    assert given.keys() == {"x", "y", *before}
    for name, value in before.items():
        np.testing.assert_array_equal(given[name].array, value.numpy())
    arrived = {s.of.name: s.outputs[0] for s in page.steps if s.kind == "accumulate"}
    (step,) = [s for s in page.steps if s.kind == "optimizer"]
    assert step.name == "SGD"
    assert [old.name for old, _, _ in step.inputs] == list(before)
    for (name, p), (old, g, new) in zip(model.named_parameters(), step.inputs, strict=True):
        np.testing.assert_array_equal(arrived[name].array, p.grad.numpy())
        np.testing.assert_array_equal(g.array, p.grad.numpy())
        np.testing.assert_array_equal(old.array, before[name].numpy())
        np.testing.assert_array_equal(new.array, p.detach().numpy())
    assert len(page.html()) < 2_000_000


OPTIMIZERS = ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "LBFGS"]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_next_step_takes_what_an_optimizer_wrote(name):
    model = nn.Linear(3, 1)
    optimizer = getattr(optim, name)(model.parameters(), lr=0.1)
    x = torch.ones(2, 3)

    def closure():
        optimizer.zero_grad()
        loss = model(x).square().mean()
        loss.backward()
        return loss

    with torch.explain() as page:
        if name == "LBFGS":
            optimizer.step(closure)
        else:
            closure()
            optimizer.step()
        model(x)
    step = [s for s in page.steps if s.kind == "optimizer"][-1]
    last = [s for s in page.steps if s.name == "linear"][-1]
    weight = last.inputs[1]
    np.testing.assert_array_equal(weight.array, model.weight.detach().numpy())
    if name != "LBFGS":
        assert weight.source is step
    assert page.html()


def test_modules_of_modules_and_shared_parameters():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.shared = nn.Linear(4, 4)
            self.block = nn.Sequential(nn.ReLU(), nn.Linear(4, 2))

        def forward(self, x):
            once = self.shared(x)
            twice = self.shared(once)
            return self.block(twice)

    net = Net()
    page = torch.explain(lambda x: net(x).sum())(torch.ones(3, 4))
    paths = []
    for step in page.steps:
        call, path = step.call, []
        while call is not None:
            path.insert(0, call.name or call.kind)
            call = call.parent
        if step.primitive and step.kind == "operation":
            paths.append("/".join(path))
    assert paths == ["Net/shared", "Net/shared", "Net/block/block.0", "Net/block/block.1", ""]
    names = [s.outputs[0].name for s in page.steps if s.kind == "operation"]
    assert names[:2] == ["once", "twice"]
    sums = {s.of.name for s in page.steps if s.kind == "sum"}
    assert sums == {"shared.weight", "shared.bias"}
    assert net.shared.weight.grad is not None


def test_hooks_of_modules_run_as_they_would():
    model, seen = mlp(), []
    model[0].register_forward_hook(lambda module, args, out: seen.append(out.shape) or out * 2)
    x = torch.randn(3, 10)
    expected = model(x)
    with torch.explain() as page:
        got = model(x)
    assert torch.equal(got, expected)
    assert len(seen) == 2
    assert "mul" in [s.name for s in page.steps]


def test_a_module_that_fails_is_left():
    model = mlp()
    with pytest.raises(RuntimeError) as caught:
        torch.explain(model)(torch.ones(2, 7))
    page = caught.value.page
    last = page.steps[-1]
    assert (last.kind, last.name, last.call.name) == ("error", "linear", "0")
    assert "[2, 7]" in page.text()
    with torch.explain() as other:
        with pytest.raises(RuntimeError):
            model(torch.ones(2, 7))
        torch.ones(2) + 1
    assert other.steps[-1].call is None


def test_nothing_stays_registered():
    from minitorch.nn import module

    with torch.explain():
        mlp()(torch.ones(1, 10))
    assert not module._global_forward_hooks
    assert not module._global_forward_pre_hooks


MODELS = {
    "cnn": lambda: (
        nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2)),
        torch.randn(2, 1, 8, 8),
    ),
    "transformer": lambda: (
        nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
        torch.randn(2, 5, 8),
    ),
    "lstm": lambda: (nn.LSTM(4, 6, num_layers=2), torch.randn(5, 2, 4)),
    "gru": lambda: (nn.GRU(4, 6), torch.randn(5, 2, 4)),
    "embedding": lambda: (
        nn.Sequential(nn.Embedding(10, 4), nn.LayerNorm(4), nn.Dropout(0.5)),
        torch.randint(0, 10, (3, 2)),
    ),
    "group norm": lambda: (nn.Sequential(nn.GroupNorm(2, 4), nn.GELU()), torch.randn(2, 4, 3)),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("second_order", [False, True])
def test_models(name, second_order):
    """Any model can be shown, and being watched changes nothing."""
    torch.manual_seed(0)
    model, x = MODELS[name]()

    def run():
        torch.manual_seed(1)
        out = model(x)
        out = out[0] if isinstance(out, tuple) else out
        loss = (out * out).mean()
        if second_order:
            first = torch.autograd.grad(loss, model.parameters(), create_graph=True)
            loss = loss + sum(g.square().sum() for g in first)
        loss.backward()
        return loss.item()

    plain = run()
    gradients = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    page = torch.explain(run)()
    if name != "cnn":  # batch norm has moved on, without effect on these
        assert page.result == plain
    for p, g in zip(model.parameters(), gradients, strict=True):
        np.testing.assert_allclose(p.grad.detach().numpy(), g.detach().numpy(), rtol=1e-6)
    assert page.text()
    assert page.program
    assert page.html()


@pytest.mark.needs("threads")
def test_threads_do_not_mix():
    from threading import Thread

    model = mlp()
    with torch.explain() as page:
        other = Thread(target=lambda: model(torch.ones(1, 10)))
        other.start()
        other.join()
        torch.ones(2) + 1
    assert [s.name for s in page.steps if s.primitive] == ["add"]


def test_text_folds_out_modules():
    model = mlp()
    page = torch.explain(lambda: model(torch.ones(2, 10)).sum())()
    lines = page.text().splitlines()
    assert "  Sequential: Sequential" in lines
    assert "    0: Linear" in lines
    assert any("logits" not in line and "linear_1 = linear(" in line for line in lines)
    assert run_text(page._run) == page.text()


def test_a_model_that_is_made_in_the_block():
    with torch.explain() as page:
        model = nn.Linear(3, 2)
        model(torch.ones(1, 3)).sum().backward()
    (linear,) = [s for s in page.steps if s.name == "linear"]
    assert [x.name for x in linear.inputs[1:]] == ["weight", "bias"]
    arrived = [s for s in page.steps if s.kind == "accumulate"]
    assert all(s.of in page.steps for s in arrived)
    assert page.html()


def randn(*shape):
    return torch.randn(*shape, requires_grad=True)


F = nn.functional
LABELS = torch.tensor([0, 1, 2, 1])
MIXING = {
    "conv2d": lambda: F.conv2d(randn(1, 2, 5, 5), randn(3, 2, 3, 3), randn(3)),
    "max_pool2d": lambda: F.max_pool2d(randn(1, 1, 4, 4), 2),
    "embedding": lambda: F.embedding(torch.tensor([1, 2, 1]), randn(4, 3)),
    "layer_norm": lambda: F.layer_norm(randn(3, 4), (4,), randn(4), randn(4)),
    "batch_norm": lambda: F.batch_norm(randn(4, 3), None, None, randn(3), randn(3), True),
    "gelu": lambda: F.gelu(randn(5)),
    "attention": lambda: F.scaled_dot_product_attention(*(randn(1, 3, 4) for _ in range(3))),
    "smoothed": lambda: F.cross_entropy(randn(4, 3), LABELS, label_smoothing=0.1),
    "cross_entropy": lambda: F.cross_entropy(randn(4, 3), LABELS),
    "nll_loss": lambda: F.nll_loss(randn(4, 3), LABELS),
    "mse_loss": lambda: F.mse_loss(randn(4), randn(4)),
    "lstm": lambda: nn.LSTM(2, 3)(randn(2, 1, 2))[0],
    "interpolate": lambda: F.interpolate(randn(1, 1, 3, 3), scale_factor=2, mode="bilinear"),
}


@pytest.mark.parametrize("name", MIXING)
def test_each_gradient_has_its_numbers(name):
    """A formula, or the derivatives that the rule gives; held by the gradient itself."""
    torch.manual_seed(0)

    def run():
        out = MIXING[name]()
        return (out * torch.randn(out.shape)).sum()

    page = torch.explain(run)()
    steps = [s for s in page.steps if s.kind == "gradient"]
    for step in steps:
        for passed in step.passed:
            if gradient_template(step, passed.argument) is not None:
                continue
            found = derivatives(step, passed)
            assert found is not None, (step.name, passed.argument)
            total = sum(d @ g.array.reshape(-1) for d, g in zip(found, step.inputs, strict=True))
            np.testing.assert_allclose(total, passed.value.array.reshape(-1), 1e-3, 1e-5)
