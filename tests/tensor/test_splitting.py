"""What comes before the line that cannot be part of a program is one."""

import contextlib
import linecache
import warnings

import minitorch as torch
import pytest
from minitorch.compiler.splitting import split

SCALE = 3.0
SEEN = []


def a_number(x, w):
    h = torch.tanh(x * w) * 2
    loss = h.pow(2).mean()
    SEEN.append(loss.item())
    return loss, h


def defaults(x, w, *, power=2, **others):
    h = x * w
    loss = (h**power).sum()
    scale = loss.item()
    return h * scale, others.get("more", 1)


def positions(x, /, w, *rest):
    total = x * w
    for each in rest:
        total = total + each
    return total * total.sum().item()


def again(x, w):
    x = x * w
    x += 1
    y: torch.Tensor = x * SCALE
    values = y.tolist()
    y = y + values[0]
    return x, y


def in_a_loop(x, w):
    h = x * w
    for _ in range(3):
        if h.sum().item() > 4.5:
            h = h / 2
        h = h + 1
    return h


def in_a_block(x, w):
    with torch.no_grad():
        h = x * w
    with contextlib.nullcontext():
        SEEN.append(h.numpy().sum())
    return h * w


def a_mask(x, w):
    h = torch.sin(x) * w
    return h[h > 0].sum()


def a_call(x, w):
    def report(t):
        SEEN.append(t.item())

    h = x * w
    report(h.max())
    return h


def trains(x, w):
    loss = (x * w).pow(2).mean()
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
    w.grad = None
    SEEN.append(loss.item())
    return loss.detach()


def enclosed():
    count, factor = 0, torch.ones(3)

    def function(x, w):
        h = x * w * factor
        h = h.exp()
        print(h.sum().item(), end="")
        return h * factor + count

    return function


class Scaled:
    scale = 2.0

    def method(self, x, w):
        h = x * w * self.scale
        self.last = h.sum().item()
        return h


SPLIT = {
    f.__name__: f
    for f in (
        a_number, defaults, positions, again, in_a_loop, in_a_block, a_mask, trains, enclosed(),
        Scaled().method,
    )
}  # fmt: skip


def outcomes(function, **others):
    w = torch.tensor([1.0, -2.0, 0.5], requires_grad=True)
    found = []
    SEEN.clear()
    torch.manual_seed(0)
    for _ in range(4):
        made = function(torch.randn(3), w, **others)
        leaves = (
            [each for each in made if isinstance(each, torch.Tensor)]
            if (isinstance(made, tuple))
            else [made]
        )
        total = sum(each.sum() for each in leaves)
        if total.requires_grad:
            total.backward()
        found.append([each.tolist() for each in (*leaves, w)])
        found.append(None if w.grad is None else w.grad.tolist())
    return found, list(SEEN)


@pytest.mark.parametrize("name", SPLIT)
def test_a_program_up_to_the_line(name, capsys):
    expected, printed = outcomes(SPLIT[name]), capsys.readouterr()
    compiled = torch.compile(SPLIT[name])
    with pytest.warns(UserWarning, match=r"up to a line, .*test_splitting\.py:\d+: ") as told:
        assert outcomes(compiled) == expected
    assert capsys.readouterr() == printed
    assert len(told) == 1
    assert compiled._before._entries
    assert "def step(" in compiled.source


def test_arguments_with_names():
    expected = outcomes(defaults, power=3, more=5)
    with pytest.warns(UserWarning, match="up to a line"):
        assert outcomes(torch.compile(defaults), power=3, more=5) == expected


def the_first_line(x):
    n = x.sum().item()
    return x * n


def returns_before(x):
    if x.shape[0] > 5:
        return x
    return x * x.sum().item()


def perhaps(x):
    h = x * 2
    if x.shape[0] > 1:
        y = h + 1
    return h * h.sum().item(), y


def looks(x):
    h = x * 2
    n = h.sum().item()
    return len(locals()) + n


def deletes(x):
    h = x * 2
    del x
    return h * h.sum().item()


def imports(x):
    import math

    h = x * 2
    return h * math.exp(h.sum().item())


def matches(x):
    match x.shape:
        case [n]:
            h = x * n
    return h * h.sum().item() * n


def a_function_sees_what_a_variable_becomes(x):
    k = 1
    scaled = lambda v: v * k  # noqa: E731
    h = x * 2
    n = h.sum().item()
    k = 2
    return scaled(h) * n


def a_generator_sees_what_a_variable_becomes(x):
    parts = (x * k for k in range(3))
    h = x * 2
    n = h.sum().item()
    x = x + 1
    return sum(parts) * n + h


def a_graph_of_a_backward_pass(x):
    x = x.detach().requires_grad_()
    h = (x * 2).exp()
    n = h.sum().item()
    (slope,) = torch.autograd.grad(h.sum(), x, create_graph=True)
    return torch.autograd.grad(slope.sum(), x)[0] * n


UNSPLIT = [
    the_first_line, returns_before, perhaps, looks, deletes, imports, matches,
    a_function_sees_what_a_variable_becomes, a_generator_sees_what_a_variable_becomes,
    a_graph_of_a_backward_pass,
]  # fmt: skip


@pytest.mark.parametrize("function", UNSPLIT, ids=lambda f: f.__name__)
def test_what_cannot_be_told_apart_runs_as_it_is(function):
    compiled = torch.compile(function)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for k in range(3):
            made, expected = (f(torch.full((3,), float(k))) for f in (compiled, function))
            assert str(made) == str(expected)
    assert compiled._before is None


def a_list_of_the_arguments(x, seen):
    kept = seen
    h = x * 2
    n = h.sum().item()
    kept.append(n)
    return h


def attributes(x, seen):
    h = x * 2
    h.scale = 3
    seen.append(h.sum().item())
    return h * h.scale


def lists(x, seen):
    parts = [x * k for k in range(3)]
    kept = {"parts": parts}
    seen.append(parts[0].sum().item())
    parts.append(1)
    return len(kept["parts"])


def hooks(x, seen):
    x = x.detach().requires_grad_()
    h = x * 2
    loss = h.exp().sum()
    h.register_hook(lambda g: seen.append(g.tolist()))
    h.retain_grad()
    loss.backward()
    return h.grad * loss.item()


@pytest.mark.parametrize("function", [a_list_of_the_arguments, attributes, lists, hooks])
def test_what_lists_and_tensors_are_shared(function):
    def outcome(f):
        seen = []
        return [(str(f(torch.full((2,), float(k)), seen)), list(seen)) for k in range(4)]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert outcome(torch.compile(function)) == outcome(function)


def test_defaults_and_code_that_change_later():
    def scaled(x, a=2, *, b=3):
        h = x * a
        n = h.sum().item()
        return h * b + n

    def other(x, a=2, *, b=3):
        return x - a

    compiled, x = torch.compile(scaled), torch.ones(2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for change in (
            lambda: None, lambda: setattr(scaled, "__defaults__", (5,)),
            lambda: scaled.__kwdefaults__.update(b=7),
            lambda: setattr(scaled, "__kwdefaults__", {"b": 9}),
            lambda: setattr(scaled, "__code__", other.__code__),
        ):  # fmt: skip
            change()
            for _ in range(3):
                assert torch.equal(compiled(x), scaled(x))


def test_where_the_file_is_another_now(tmp_path):
    path = tmp_path / "module.py"
    text = "def f(x):\n    y = x + 1\n    return y * y.sum().item()\n"
    path.write_text(text.replace("1", "2"))
    names = {}
    exec(compile(text, str(path), "exec"), names)
    assert split(names["f"], 3, lambda before: before) is None
    path.write_text(text)
    linecache.checkcache()
    function, before = split(names["f"], 3, lambda before: before)
    x = torch.ones(2)
    assert before(x)[0].tolist() == [2, 2]
    assert function(x).tolist() == [8, 8]
