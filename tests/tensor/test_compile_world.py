"""A compiled function gives what the function itself gives, whatever changes between two calls."""

import os
import random
import types
import warnings

import minitorch as torch
import numpy as np
import pytest
from minitorch.extend import current
from worlds import CHANGES, REASONS, SAME, rows, run

# What changes about tensors: shapes, dtypes, the graph, values that Python looks at.
TENSORS = """
shape
    def f(x): return (x * 2).sum()
> args = torch.ones(5),

number of dimensions
    def f(x): return x * 2 + 1
> args = torch.ones(2, 3),

broadcast
    def f(x, y): return x * y
    args = torch.ones(3), torch.full((3,), 2.0)
> args = torch.ones(3), torch.full((1,), 2.0)

dtype
    def f(x): return x * 2 + 1
> args = torch.ones(3, dtype=torch.float64),

integers
    def f(x): return x / 2
> args = torch.ones(3, dtype=torch.int64),

strides
    def f(x): return x.reshape(-1)
    args = torch.arange(6.0).view(2, 3),
> args = torch.arange(6.0).view(3, 2).T,

strides of a result
    def f(x): return x + 1
    args = torch.arange(6.0).view(2, 3),
> args = torch.arange(6.0).view(3, 2).T,

0-dim
    def f(x): return x * 2
> args = torch.tensor(2.0),

no elements
    def f(x): return x * 2
> args = torch.ones(0),

requires_grad
    def f(x): return x * x
> args = x.detach().clone().requires_grad_(not x.requires_grad),

requires_grad of a global
    w = torch.ones(3)
    def f(x): return x * w
> w.requires_grad_()

graph of an argument
    def f(x): return x * x
> args = (x.detach().clone().requires_grad_() * 2),

values
    def f(x): return x * 2
> args = x.detach() + 5,

values written in place
    def f(x): return x * x
> args[0].data.mul_(3)

branch on a value
    def f(x): return x * 2 if x.sum() > 0 else x * 3
> args = -x.detach(),

loop on a value
    def f(x):
        while x.sum() < 10:
            x = x * 2
        return x
> args = x.detach() * 0.1,

item
    def f(x): return x * x.sum().item()
> args = x.detach() + 1,

tolist
    def f(x): return x * len(set(x.tolist()))
> args = torch.tensor([1.0, 2.0, 3.0]),

numpy
    def f(x): return x * float(x.detach().numpy().max())
> args = x.detach() + 1,

shape as a number
    def f(x): return x * x.shape[0]
> args = torch.ones(5),

len
    def f(x): return x * len(x)
> args = torch.ones(5),

mask
    def f(x): return x[x > 0]
> args = torch.tensor([1.0, -1.0, 2.0]),

nonzero
    def f(x): return x.nonzero()
> args = torch.tensor([1.0, 0.0, 2.0]),

index
    def f(x, k): return x[k]
    args = x, torch.tensor([0, 1])
> args = x, torch.tensor([2, 2])

index out of range
    def f(x, k): return x[k]
    args = x, torch.tensor([0, 1])
> args = x, torch.tensor([7, 2])

value that does not fit where it is set
    def f(x, y):
        z = x.clone()
        z[0] = y
        return z
    args = torch.ones(3), torch.ones(3)
> args = torch.ones(3), torch.ones(2, 1)

shapes that do not fit
    def f(x, y): return x * y
    args = x, torch.ones(3)
> args = x, torch.ones(4)

random numbers
    def f(x): return x * torch.rand(3) + torch.randn(20).sum()
> torch.manual_seed(7)

generator
    g = torch.Generator().manual_seed(0)
    def f(x): return x * torch.rand(3, generator=g)
> g.manual_seed(5)

generator replaced
    g = torch.Generator().manual_seed(0)
    def f(x): return x * torch.rand(3, generator=g)
> g = torch.Generator().manual_seed(5)

dropout's p
    p = 0.5
    def f(x): return torch.dropout(x, p, True) if hasattr(torch, "dropout") else x
> p = 0.2

view of the argument
    def f(x): return x.view(3, 1)
> args = x.detach() + 1,

argument given back
    def f(x): return x
> args = x.detach() + 1,

write to an argument
    def f(x):
        y = x * 2
        y.add_(1)
        return y
> args = x.detach() + 1,

write to a global
    count = torch.zeros(3)
    def f(x):
        count.add_(1)
        return x * count
> count.zero_()

constant result
    def f(x): return torch.arange(3)
> pass

results of many kinds
    def f(x): return {"a": [x + 1, (x * 2, 3)], "b": None}
> args = x.detach() + 1,

detach
    def f(x): return (x * 2).detach() * x
> args = x.detach() + 1,

no_grad inside
    def f(x):
        with torch.no_grad():
            y = x * 2
        return y + x
> args = x.detach() + 1,

hook on an argument
    x = torch.ones(3, requires_grad=True)
    def f(x): return x * x
    args = x,
> x.register_hook(lambda g: g * 10)

hook that runs after the gradient arrived
    x = torch.ones(3, requires_grad=True)
    seen = []
    def f(x): return x * x
    args = x,
> x.register_post_accumulate_grad_hook(lambda t: seen.append(t.grad.tolist()))

backward inside
    w = torch.ones(3, requires_grad=True)
    def f(x):
        loss = (x.detach() * w).sum()
        loss.backward()
        return loss
> w.grad = None

backward inside, gradient kept
    w = torch.ones(3, requires_grad=True)
    def f(x):
        (x.detach() * w).sum().backward()
        return w.grad.clone()
> w.grad.mul_(2)

frozen
    w = torch.ones(3, requires_grad=True)
    def f(x): return x * w
> w.requires_grad_(False)

data replaced
    w = torch.ones(3, requires_grad=True)
    def f(x): return x * w
> w.data = torch.full((3,), 5.0)

retain_grad
    x = torch.ones(3, requires_grad=True)
    y = x * 2
    def f(y): return y * y
    args = y,
> y.retain_grad()

inference tensor
    def f(x): return x * 2
> with torch.inference_mode(): args = torch.ones(3),

under inference_mode
    def f(x): return x * 2
> m = torch.inference_mode(); m.__enter__()

saved-tensor hooks
    seen = []
    def f(x): return x * x
> m = torch.autograd.graph.saved_tensors_hooks(lambda t: seen.append(1) or t, lambda t: t)
> m.__enter__()

autocast
    def f(x): return x.view(3, 1) @ x.view(1, 3)
> m = torch.autocast("cpu", torch.bfloat16); m.__enter__()

meta tensor
    def f(x): return x * 2
> args = torch.ones(3, device="meta"),

sparse tensor
    def f(x): return x * 2
> args = torch.eye(3).to_sparse(),

complex
    def f(x): return x * 2
> args = torch.ones(3, dtype=torch.complex64),

arguments that share memory
    def f(x, y):
        y = y + 0
        return x * y
    args = x, x + 1
> args = x, x[:3]

written argument that is the other's view
    def f(a, b):
        a.add_(1)
        return a * b
    args = torch.ones(3), torch.ones(3)
> memory = torch.ones(3); args = memory, memory[:]

keyword for positional
    def f(x, y=2): return x * y
    args = x, 2
> args, kwargs = (x,), {"y": 2}

attribute of a compiled function
    @torch.compile
    def g(x): return x * g.a
    g.a = 2
    def f(x): return g(x)
> g.a = 3

attribute of a compiled function that is counted up
    @torch.compile
    def g(x):
        g.a += 1
        return x * g.a
    g.a = 2
    def f(x): return g(x)
> g.a = 7

global of a compiled function that is called
    a = 2
    @torch.compile
    def g(x): return x * a
    def f(x): return g(x) + 1
> a = 3

shape of a tensor that no operation takes
    def f(x, y): return x * y.shape[0]
    args = x, torch.ones(2, 3)
> args = x, torch.ones(4, 3)

number of dimensions of such a tensor
    y = torch.ones(2, 3)
    def f(x): return x * y.dim()
> y = torch.ones(3)

dtype of such a tensor
    def f(x, y): return x.to(y.dtype)
    args = x + 0, torch.ones(2)
> args = x.detach() + 0, torch.ones(2, dtype=torch.float64)

strides of such a tensor
    def f(x, ys): return x * (2 if all(y.is_contiguous() for y in ys) else 3)
    args = x, [torch.ones(3, 3)]
> args = x, [torch.ones(3, 3).T]

requires_grad of such a tensor
    y = torch.ones(3)
    def f(x): return x * (2 if y.requires_grad else 3)
> y.requires_grad_()

device of such a tensor
    def f(x, y): return x * (2 if y.is_meta else 3)
    args = x, torch.ones(2)
> args = x, torch.ones(2, device="meta")

data of such a tensor
    y = torch.ones(3)
    def f(x): return torch.zeros_like(y).sum() + x
> y.data = torch.ones(7, dtype=torch.float64)

shape of a gradient
    y = torch.ones(3, requires_grad=True)
    y.grad = torch.ones(3)
    def f(x): return x * y.grad.shape[0] * y.grad.stride(0)
> y.grad = torch.ones(6)[::2]

no gradient
    y = torch.ones(3, requires_grad=True)
    def f(x): return x * (2 if y.grad is None else 3)
> y.grad = torch.ones(3)

no gradient any more
    y = torch.ones(3, requires_grad=True)
    y.grad = torch.ones(3)
    def f(x): return x * (2 if y.grad is None else 3)
> y.grad = None

gradient of a parameter that takes no part
    y, z = (torch.ones(3, requires_grad=True) for _ in range(2))
    def f(x):
        y.grad = None
        (x.detach() * y).sum().backward()
        torch.nn.utils.clip_grad_norm_([y, z], 0.5)
> z.grad = torch.ones(3)

leaf
    def f(x): return x * (2 if x.is_leaf else 3)
> args = x * 1,

leaf no more
    x = torch.ones(3, requires_grad=True) * 1
    def f(x): return x * (2 if x.is_leaf else 3)
    args = x,
> args = x.detach().requires_grad_(),

node
    def f(x): return x * (2 if x.grad_fn is None else 3)
> args = x.detach().requires_grad_() * 1,

version
    def f(x): return x * (x._version + 1)
> x.data.add_(0); args = x.detach().add_(1),

view
    def f(x): return x * (2 if x._is_view() else 3)
> args = x.detach()[:],

base
    def f(x): return x * (2 if x._base is None else 3)
> args = x.detach()[:],

offset
    def f(x): return x * (x.storage_offset() + 1)
> args = torch.ones(4)[1:],

attribute that a tensor does not have
    def f(x): return x * (2 if hasattr(x, "scale") else 3)
> x.scale = 2

names of a tensor's attributes
    def f(x): return x * (1 + len(x.__dict__))
> x.scale = 2

tensor that is given other memory
    y = torch.ones(3)
    def f(x):
        y.data = torch.ones(2)
        return x * 2
> y = torch.ones(4)

tensor that begins to want a gradient
    y = torch.ones(3)
    def f(x):
        z = x * y.shape[0]
        y.requires_grad_()
        return z
> y = torch.ones(4)

a tensor and its detached twin
    def f(a, b): return a * b
    args = x, x.detach()
> args = torch.full((3,), 2.0), torch.full((3,), 5.0)

a tensor and its data, one of them written to
    def f(a, b):
        a.add_(1)
        return a * b
    args = x.detach(), x.data
> args = torch.full((3,), 2.0), torch.full((3,), 5.0)

written argument that shares its version with another
    def f(a, b):
        a.add_(1)
        return a * b
    args = torch.ones(3), torch.ones(3)
> memory = torch.ones(6); args = memory[:3], memory[3:]

number that is a tensor, as an index
    def f(x, k): return x[k] * 2
    args = torch.arange(3.0), torch.tensor(0)
> args = torch.arange(3.0), torch.tensor(2)

number that is a tensor, in a key
    def f(x, k): return x[None, k, ..., :1] * 2
    args = torch.arange(6.0).view(3, 2), torch.tensor(0)
> args = torch.arange(6.0).view(3, 2), torch.tensor(2)

number that is a tensor, where something is set
    def f(x, k):
        y = x * 1
        y[k] = 5.0
        return y
    args = torch.arange(3.0), torch.tensor(0)
> args = torch.arange(3.0), torch.tensor(2)

truth that is a tensor, as an index
    def f(x, k): return x[k] * 2
    args = torch.arange(3.0), torch.tensor(True)
> args = torch.arange(3.0), torch.tensor(False)

hook that is put inside
    def f(x):
        if x.requires_grad:
            x.register_hook(lambda g: g * 2)
        return x * x
> pass

hook that is taken away inside
    x = torch.ones(3, requires_grad=True)
    args = x,
    handle = x.register_hook(lambda g: g * 2)
    def f(x):
        handle.remove()
        return x * x
> handle = x.register_hook(lambda g: g * 3)

hook of a result
    seen = []
    def f(x):
        y = x * 2
        if y.requires_grad:
            y.register_hook(lambda g: seen.append(g.tolist()))
        return y * y
> pass

gradient of a value that is kept
    def f(x):
        y = x * 2
        if y.requires_grad:
            y.retain_grad()
        return y
> pass

views of one result
    def f(x): return (x + 1).unbind()
> args = x.detach() + 1,

result that grows
    def f(x, o): return torch.add(x, 1, out=o)
    args = torch.ones(3), torch.ones(3)
> args = torch.ones(3), torch.ones(0)

argument that grows
    def f(x):
        if x.shape[0] < 5 and not x.requires_grad: x.resize_(5)
        return x * 2
> args = torch.ones(2),

exception
    a = 1
    def f(x):
        if a > 1: raise KeyError("a")
        return x * a
> a = 2

exception that is caught
    def f(x, y):
        try:
            return x @ y
        except RuntimeError:
            return x.sum()
    args = x, torch.ones(3)
> args = x, torch.ones(4)
"""


@pytest.fixture(autouse=True)
def _defaults():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    as_at_first()


DIFFERENT = {"time", "identity"}  # in each call and each world


def as_at_first():
    """No mode is on, all defaults are what they are at import."""
    state = current.state
    state.inference = False
    state.set_grad(True)
    state.set_interpreters(())
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    torch.use_deterministic_algorithms(False)
    torch.set_autocast_enabled("cpu", False)
    while torch.autocast_decrement_nesting() >= 0:  # of blocks that were entered and not left
        pass
    torch.autocast_increment_nesting()
    torch.clear_autocast_cache()
    torch.manual_seed(0)
    random.seed(0)
    np.random.seed(0)


def told(value):
    """Everything about a value that can be compared, to the last bit."""
    if isinstance(value, torch.Tensor):
        if value.is_meta or value.is_sparse:
            return ("tensor", str(value))
        kind = type(value).__name__, str(value.dtype), tuple(value.shape), value.stride()
        half = value.dtype is torch.bfloat16
        data = (value.view(torch.int16) if half else value).detach().resolve_conj().numpy()
        graph = value.requires_grad, value.is_leaf, value._is_view()
        return (*kind, data.tobytes(), graph, value.is_inference() or value._version)
    if isinstance(value, np.ndarray):
        return value.tobytes()
    if isinstance(value, dict):
        return {key: told(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [type(value).__name__, *map(told, value)]
    if type(value).__module__ == "program" and hasattr(value, "__dict__"):
        return told(dict(vars(value)))
    plain = isinstance(value, int | float | str | complex | None)
    return repr(value) if plain else type(value).__qualname__


def called(names, function, capsys):
    """What a call gives, and all that it leaves behind."""
    tensors = [t for t in names["args"] if isinstance(t, torch.Tensor)]
    try:
        made = function(*names["args"], **names["kwargs"])
        result = told(made)
        if isinstance(made, torch.Tensor) and made.requires_grad:
            made.sum().backward()
    except Exception as error:
        result = type(error).__name__, str(error).splitlines()[:1]
    left = {
        key: told(value)
        for key, value in names.items()
        if key[:2] != "__" and not isinstance(value, types.ModuleType | type)
    }
    with torch.inference_mode(False):
        grads = [told(t.grad) for t in tensors if t.is_leaf]
        return result, grads, left, told(torch.get_rng_state()), capsys.readouterr().out


def outcomes(program, change, compiled, tracked, capsys):
    """What seven calls give; after three of them ``change`` is made."""
    as_at_first()
    names = run(program)
    if tracked and type(names["x"]) is torch.Tensor and names["x"].is_leaf:
        names["x"].requires_grad_()
    f = torch.compile(names["f"]) if compiled else names["f"]
    found = []
    for call in range(7):
        if call == 3:
            exec(change, names)
        found.append(called(names, f, capsys))
    return found


ROWS = rows(CHANGES) + rows(SAME) + rows(TENSORS)


@pytest.mark.parametrize("tracked", [False, True], ids=["", "requires_grad"])
@pytest.mark.parametrize(("program", "change"), ROWS)
def test_a_change_between_two_calls(program, change, tracked, capsys):
    eager = outcomes(program, change, False, tracked, capsys)
    compiled = outcomes(program, change, True, tracked, capsys)
    for call, (expected, got) in enumerate(zip(eager, compiled, strict=True), 1):
        assert got == expected, f"call {call}"


@pytest.mark.parametrize(
    ("program", "change"), [row for row in rows(REASONS) if row.id not in DIFFERENT]
)
def test_what_happens_in_each_call(program, change, capsys):
    eager, compiled = (outcomes(program, "pass", c, False, capsys) for c in (False, True))
    assert compiled == eager


def given_back(x, seen):
    return x * 2, seen


def twice(x, seen):
    parts = [x * 2]
    return parts, {"a": parts}


def within(x, seen):
    return x * 2, ({"a": [seen]},)


def with_an_attribute(x, seen):
    y = x * 2
    y.scale = 3
    return y, y.scale


SHARED = {
    given_back: lambda made, seen: made[1] is seen,
    twice: lambda made, seen: made[0] is made[1]["a"],
    within: lambda made, seen: made[1][0]["a"][0] is seen,
    with_an_attribute: lambda made, seen: made[0].scale == made[1],
}


@pytest.mark.parametrize("function", SHARED)
def test_what_is_given_back_is_the_same_object(function):
    f = torch.compile(function)
    for _ in range(4):
        seen = [torch.ones(2)]
        assert SHARED[function](f(torch.ones(3), seen), seen)


class Raising:
    def __getattribute__(self, name):
        raise OSError(name)


class Unreadable:
    __dict__ = property(lambda self: 1 / 0)


@pytest.mark.parametrize("kind", [Raising, Unreadable])
def test_objects_that_cannot_be_looked_at(kind):
    f = torch.compile(lambda x, config: x * (2 if config is None else 3))
    found = [f(torch.ones(1), each).item() for each in (kind(), None, kind(), None, kind())]
    assert found == [3, 2, 3, 2, 3]


def test_the_time_is_asked_for_in_each_call():
    names = run("import time\ndef f(x): return time.perf_counter_ns()")
    f = torch.compile(names["f"])
    assert len({f(names["x"]) for _ in range(9)}) > 1


def test_the_environment(monkeypatch):
    def scaled(x):
        if "HALVED" in os.environ:
            return x / 2
        return x * int(os.environ.get("FACTOR", "3"))

    compiled = torch.compile(scaled, fullgraph=True)
    for _ in range(2):
        for name, expected in ((None, 3.0), ("FACTOR", 4.0), ("HALVED", 0.5)):
            if name is not None:
                monkeypatch.setenv(name, "4")
            assert compiled(torch.ones(1)).item() == expected
        monkeypatch.undo()
    assert len(compiled._entries) == 3
