"""``minitorch.explain.gradients``: what arrives, and where paths are cut, line by line."""

from __future__ import annotations

import minitorch as torch
import pytest

nn = pytest.importorskip("minitorch.nn", reason="not installed")
gradients = torch.explain.gradients


class Net(nn.Module):
    def __init__(self, path):
        super().__init__()
        self.a, self.b, self.path = nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False), path

    def forward(self, x):
        return self.a(x) + getattr(self, self.path)(x)

    def both(self, x):
        return self.b(x)

    def detach(self, x):
        h = self.b(x).relu()
        return h.detach()  # cut: detach()

    def data(self, x):
        return self.b(x).data  # cut: detach()

    def no_grad(self, x):
        with torch.no_grad():
            h = self.b(x)  # cut: `linear` runs under no_grad
        return h * 2

    def inference_mode(self, x):
        with torch.inference_mode():
            h = self.b(x)  # cut: `linear` runs under no_grad
        return h * 2

    def comparison(self, x):
        return (self.b(x) > 0).float()  # cut: `gt` gives integers or booleans

    def maximum(self, x):
        return self.b(x).argmax(1, keepdim=True) * 1.0  # cut: `argmax` gives integers or booleans

    def integers(self, x):
        return self.b(x).long() + 1  # cut: `to` gives integers or booleans

    def unused(self, x):
        return x

    def lost(self, x):
        self.kept = self.b(x)
        return x


def line_of(path):
    code = getattr(Net, path).__code__
    with open(__file__) as file:
        lines = file.read().splitlines()
    number = next(
        n for n in range(code.co_firstlineno, code.co_firstlineno + 9) if "# cut" in lines[n - 1]
    )
    return number, lines[number - 1].partition("# cut: ")[2]


CUTS = ["detach", "data", "no_grad", "inference_mode", "comparison", "maximum", "integers"]


def recorded_by_a_function(net, x):
    return gradients(lambda: net(x).sum(), net)


def recorded_by_a_page(net, x):
    with torch.explain():
        loss = net(x).sum()
    return gradients(loss, net)


def recorded_by_a_page_with_backward(net, x):
    with torch.explain():
        loss = net(x).sum()
        loss.backward()
    return gradients(loss, net)


def recorded_by_teaching(net, x):
    with torch.teach():
        return gradients(net(x).sum(), net)


RECORDED = [
    recorded_by_a_function,
    recorded_by_a_page,
    recorded_by_a_page_with_backward,
    recorded_by_teaching,
]


@pytest.mark.parametrize("record", RECORDED)
@pytest.mark.parametrize("path", CUTS)
def test_cuts_have_their_line(path, record):
    net, x = Net(path), torch.randn(3, 4)
    table = record(net, x)
    number, said = line_of(path)
    assert [row.arrives for row in table] == [True, False]
    assert table["b.weight"].norm is None
    reason = table["b.weight"].reason
    assert said in reason
    assert f"test_gradients_table.py:{number}" in reason
    (expected,) = torch.autograd.grad(net(x).sum(), net.a.weight)
    assert table["a.weight"].norm == pytest.approx(expected.norm().item())
    assert table["a.weight"].reason == ""


def test_all_arrive_and_nothing_changes():
    net, x = Net("both"), torch.randn(3, 4)
    loss = net(x).sum()
    table = gradients(loss, net)
    assert all(row.arrives and not row.reason for row in table)
    assert all(p.grad is None for p in net.parameters())
    loss.backward()
    assert [row.norm for row in table] == pytest.approx(
        [p.grad.norm().item() for p in net.parameters()]
    )


def test_what_is_not_used():
    net, x = Net("unused"), torch.randn(3, 4)
    assert "no operation of the forward pass uses it" in recorded_by_a_function(net, x)[1].reason
    assert gradients(net(x).sum(), net)[0].arrives
    net = Net("lost")
    assert "does not depend on the result" in recorded_by_a_function(net, x)[1].reason
    net.b.requires_grad_(False)
    assert gradients(net(x).sum(), net)["b.weight"].reason == "requires_grad is False"


def test_initial_values_are_no_cut():
    net, x = Net("unused"), torch.randn(3, 4)

    def loss():
        nn.init.zeros_(net.b.weight)
        net.b.weight.data.mul_(2)
        return net(x).sum()

    assert "no operation of the forward pass uses it" in gradients(loss, net)[1].reason


def test_sequences_and_dicts():
    a, b = torch.ones(2, requires_grad=True), torch.ones(2)
    for given, names in (([a, b], ["0", "1"]), ({"a": a, "b": b}, ["a", "b"])):
        table = gradients((a * b).sum(), given)
        assert [(row.name, row.arrives) for row in table] == [(names[0], True), (names[1], False)]
    with pytest.raises(KeyError):
        table["c"]


def test_what_it_refuses():
    a = torch.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="scalar"):
        gradients(a * 2, [a])
    with pytest.raises(TypeError, match="takes a loss"):
        gradients(3, [a])
    assert not gradients(torch.ones(()), [a])[0].arrives


def test_how_it_shows_itself():
    table = recorded_by_a_function(Net("detach"), torch.randn(3, 4))
    head, rule, *rows = str(table).splitlines()
    assert head.split()[:4] == ["parameter", "shape", "arrives", "norm"]
    assert set(rule) == {"-"}
    assert [row.split()[0] for row in rows] == ["a.weight", "b.weight"]
    assert repr(table) == str(table)
    assert table._repr_html_().count("<tr>") == 3
