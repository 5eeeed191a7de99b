"""Subclasses of Tensor, and ``__torch_function__``."""

import copy
import pickle
import subprocess
import sys
from types import FunctionType
from typing import ClassVar

import minitorch as torch
import pytest
from minitorch import overrides

pytestmark = pytest.mark.filterwarnings("ignore:The use of `x.T`")


class Kept(torch.Tensor):
    pass


class Child(Kept):
    pass


class Other(torch.Tensor):
    pass


class Logged(torch.Tensor):
    calls: ClassVar = []

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        cls.calls.append((func, types, args, kwargs))
        return super().__torch_function__(func, types, args, kwargs)


class Noted(torch.Tensor):
    @staticmethod
    def __new__(cls, data, note):
        made = torch.as_tensor(data).as_subclass(cls)
        made.note = note
        return made


@pytest.fixture
def x():
    return Kept([[1.0, 2.0], [3.0, 4.0]])


RESULTS = {
    "sum": lambda x: x + 1,
    "number first": lambda x: 1 - x,
    "Tensor first": lambda x: torch.ones(2, 2) * x,
    "method of a Tensor": lambda x: torch.ones(2, 2).matmul(x),
    "comparison": lambda x: x < 2,
    "power": lambda x: 2**x,
    "function": torch.exp,
    "keyword": lambda x: torch.add(input=torch.ones(2, 2), other=x),
    "reduction": lambda x: x.sum(),
    "view": lambda x: x.view(-1),
    "index": lambda x: x[0],
    "index tensor": lambda x: torch.ones(2)[(x > 2).long()],
    "property": lambda x: x.T,
    "data": lambda x: x.data,
    "detach": lambda x: x.detach(),
    "clone": lambda x: x.clone(),
    "dtype": lambda x: x.double(),
    "zeros_like": torch.zeros_like,
    "rand_like": torch.rand_like,
    "new_zeros": lambda x: x.new_zeros(3),
    "cat": lambda x: torch.cat([torch.ones(1, 2), x]),
    "einsum": lambda x: torch.einsum("ij->ji", x),
    "linalg": torch.linalg.inv,
    "where": lambda x: torch.where(x > 2, x, 0.0),
    "in place": lambda x: x.add_(1),
    "in place into a Tensor": lambda x: torch.ones(2, 2).add_(x),
    "iteration": lambda x: next(iter(x)),
    "layer": lambda x: pytest.importorskip("minitorch.nn").Linear(2, 2)(x),
    "functional": lambda x: pytest.importorskip("minitorch.nn").functional.gelu(x),
    "batch": lambda x: pytest.importorskip("minitorch.utils.data").default_collate([x, x]),
    "deepcopy": copy.deepcopy,
    "pickle": lambda x: pickle.loads(pickle.dumps(x)),
}


@pytest.mark.parametrize("case", RESULTS)
def test_results_have_the_class(x, case):
    assert type(RESULTS[case](x)) is Kept


@pytest.mark.parametrize(
    "call", [lambda x: x.max(0), torch.sort, lambda x: x.split(1), torch.linalg.slogdet]
)
def test_several_results(x, call):
    plain = call(torch.Tensor.as_subclass(x, torch.Tensor))
    made = call(x)
    assert type(made) is type(plain)
    assert {*map(type, made)} == {Kept}


def test_other_results_are_as_they_are(x):
    assert type(x.shape) is torch.Size
    assert x.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert x[0, 0].item() == 1.0
    assert repr(x) == "Kept([[1., 2.],\n      [3., 4.]])"
    assert type(torch.tensor(x.tolist())) is torch.Tensor


def test_subclasses_come_before_their_bases(x):
    child = Child([[1.0, 0.0], [0.0, 1.0]])
    assert type(x @ child) is type(child @ x) is Child
    with pytest.raises(TypeError, match="no implementation found"):
        torch.add(x, Other([1.0]))
    with pytest.raises(TypeError):
        x + Other([1.0])


def test_gradients(x):
    x.requires_grad_()
    y = torch.ones(2, 2, requires_grad=True)
    (x * y).sum().backward()
    assert x.grad.tolist() == [[1.0] * 2] * 2
    assert type(x.grad) is torch.Tensor
    assert y.grad.tolist() == x.tolist()


def test_as_subclass_shares_memory_and_history():
    plain = torch.ones(2, requires_grad=True)
    made = (plain * 2).as_subclass(Kept)
    made.sum().backward()
    assert plain.grad.tolist() == [2.0, 2.0]
    plain = torch.zeros(2)
    plain.as_subclass(Kept).fill_(5)
    assert plain.tolist() == [5.0, 5.0]
    with pytest.raises(TypeError, match="not a subclass of Tensor"):
        plain.as_subclass(int)


def test_own_constructor():
    made = Noted([1.0, 2.0], note="n")
    assert made.note == "n"
    assert type(made * 2) is Noted
    assert not hasattr(made * 2, "note")
    for twin in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert type(twin) is Noted
        assert twin.note == "n"
        assert twin.tolist() == [1.0, 2.0]


# what is called, and the function that __torch_function__ sees
FUNCTIONS = {
    "x + 1": torch.Tensor.add,
    "1 + x": torch.Tensor.add,
    "x - 1": torch.Tensor.sub,
    "1 - x": torch.Tensor.__rsub__,
    "x * 2": torch.Tensor.mul,
    "x / 2": torch.Tensor.div,
    "x ** 2": torch.Tensor.pow,
    "x == 2": torch.Tensor.__eq__,
    "x < 2": torch.Tensor.lt,
    "-x": torch.Tensor.neg,
    "abs(x)": torch.Tensor.abs,
    "x[0]": torch.Tensor.__getitem__,
    "x.add(1)": torch.Tensor.add,
    "x.add_(1)": torch.Tensor.add_,
    "torch.add(x, 1)": torch.add,
    "torch.mul(x, x)": torch.mul,
    "torch.ones(2).mul(x)": torch.Tensor.mul,
    "x.sum(dim=0)": torch.Tensor.sum,
    "torch.sum(x, dim=0)": torch.sum,
    "torch.cat([x, x])": torch.cat,
    "x.shape": torch.Tensor.shape.__get__,
    "x.T": torch.Tensor.T.__get__,
    "len(x)": torch.Tensor.__len__,
    "repr(x)": torch.Tensor.__repr__,
    "torch.linalg.norm(x)": torch.linalg.norm,
    "torch.fft.rfft(x)": torch.fft.rfft,
    "torch.special.expit(x)": torch.special.expit,
    "torch.einsum('i->', x)": torch.einsum,
}


@pytest.mark.parametrize("call", FUNCTIONS)
def test_function_that_is_seen(call):
    x = Logged([1.0, 2.0])
    Logged.calls.clear()
    eval(call, {"torch": torch, "x": x})
    func, types, args, kwargs = Logged.calls[0]
    assert len(Logged.calls) == 1
    assert func == FUNCTIONS[call]
    assert types == (Logged,)
    assert isinstance(args, tuple)
    assert kwargs == ({"dim": 0} if "dim=0" in call else None)


def test_methods_are_not_functions():
    for name in ("add", "mul", "exp", "sum", "matmul"):
        assert getattr(torch.Tensor, name) != getattr(torch, name)


def test_table_of_functions():
    handled = {torch.mean: lambda x: "mean", torch.Tensor.exp: lambda x: "exp"}

    class Table(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            if func in handled:
                return handled[func](*args, **(kwargs or {}))
            return super().__torch_function__(func, types, args, kwargs)

    x = Table([1.0])
    assert torch.mean(x) == "mean"
    assert x.exp() == "exp"
    assert type(x.mean()) is Table


@pytest.mark.parametrize(
    "disable", [torch._C.DisableTorchFunctionSubclass, torch._C.DisableTorchFunction]
)
def test_disabled(x, disable):
    with disable():
        assert type(x + 1) is torch.Tensor
    assert type(x + 1) is Kept


def test_disabled_for_a_class():
    class Plain(torch.Tensor):
        __torch_function__ = torch._C._disabled_torch_function_impl

    assert type(Plain([1.0]) + 1) is torch.Tensor
    assert not overrides.has_torch_function((Plain([1.0]), 2, torch.ones(1)))
    assert overrides.has_torch_function((Plain([1.0]), Kept([1.0])))


def test_what_is_no_tensor():
    class Duck:
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            return func, types

    assert torch.add(Duck(), 1) == (torch.add, (Duck,))
    assert torch.cat([torch.ones(1), Duck()]) == (torch.cat, (Duck,))
    assert torch.ones(1) + Duck() == (torch.Tensor.add, (Duck,))
    assert overrides.is_tensor_like(Duck())


def test_own_functions():
    def double(x):
        if overrides.has_torch_function_unary(x):
            return overrides.handle_torch_function(double, (x,), x)
        return x * 2

    Logged.calls.clear()
    made = double(Logged([1.0]))
    assert type(made) is Logged
    assert Logged.calls[0][0] is double


def test_every_public_function_asks():
    names = [k for k in vars(torch.Tensor) if k[0] != "_" or k[:2] == "__"]
    for name in names:
        hasattr(torch.Tensor, name)  # what comes in on first use does, of nn if that is there
    members = {name: vars(torch.Tensor)[name] for name in names}
    methods = {k: m for k, m in members.items() if isinstance(m, FunctionType)}
    assert len(methods) > 500
    silent = {k for k, m in methods.items() if m.__code__.co_name != "_template"}
    assert silent == {"__hash__", "__iter__", "as_subclass", "new_tensor"}


def test_programs_without_such_a_class_do_not_pay():
    program = (
        "import minitorch as torch; from minitorch import overrides\n"
        "class Own(torch.Tensor): __torch_function__ = torch._C._disabled_torch_function_impl\n"
        "before = torch.add.__code__\n"
        "assert not overrides._enabled.is_set()\n"
        "class Kept(torch.Tensor): pass\n"
        "assert overrides._enabled.is_set() and torch.add.__code__ is not before\n"
        "import inspect\n"
        "assert list(inspect.signature(torch.cumsum).parameters)[:2] == ['input', 'dim']\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_frames_can_be_looked_at(x):
    """Debuggers and reports read the variables of every frame of a traceback."""
    for call in (lambda: torch.mul(x, torch.ones(3)), lambda: x + torch.ones(3)):
        with pytest.raises(RuntimeError) as failure:
            call()
        trace = failure.tb
        while trace is not None:
            assert isinstance(dict(trace.tb_frame.f_locals), dict)
            trace = trace.tb_next


# --- modes ---------------------------------------------------------------------------------------


class Names(overrides.TorchFunctionMode):
    def __init__(self):
        self.seen = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.seen.append(func.__name__)
        return func(*args, **(kwargs or {}))


def test_a_mode_sees_functions_methods_and_what_makes_tensors():
    with Names() as outer:
        x = torch.zeros(2)
        torch.add(x, 1)
        x.mul_(2)
        with Names() as inner:
            x.sum(dim=0)
    x.exp()
    assert inner.seen == ["sum"]
    assert outer.seen == ["zeros", "add", "mul_", "sum"]


def test_a_mode_may_answer_itself_and_ends_with_an_error():
    class Three(overrides.TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            return 3

    with Three():
        assert torch.ones(2) == 3
    with pytest.raises(ZeroDivisionError), Three():
        raise ZeroDivisionError
    assert torch.ones(2).tolist() == [1, 1]


def test_functions_that_ask_have_names():
    assert overrides.resolve_name(torch.add) == "torch.add"
    assert overrides.resolve_name(torch.Tensor.add) == "torch.Tensor.add"
    assert overrides.resolve_name(torch.Tensor.shape.__get__) == "torch.Tensor.shape.__get__"
    assert overrides.resolve_name(len) is None
    assert overrides.is_tensor_method_or_property(torch.Tensor.add)
    assert not overrides.is_tensor_method_or_property(torch.add)
    assert torch.add in overrides.get_overridable_functions()[torch]
    assert torch.arccosh in overrides.get_overridable_functions()[torch]  # came in on first use
    assert torch.sym_max in overrides.get_overridable_functions()[torch]
    assert torch.set_default_dtype in overrides.get_ignored_functions()
    assert overrides.get_testing_overrides()[torch.add](1, 2) == -1


FOREIGN = """
import minitorch
with minitorch.as_torch():
    import torch
    assert not torch.overrides._enabled.is_set()
    class Foreign:
        def __init__(self, *args):
            self.args = args
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            return func.__name__, len(args), sorted(kwargs or {})
    x, f = torch.ones(2), Foreign(1)
    for call in ("add", "matmul", "where", "logdet", "stack", "einsum"):
        args = {"where": (x > 0, f, x), "stack": ([x, f],), "einsum": ("i,i", x, f)}
        args = args.get(call, (f,) if call == "logdet" else (x, f))
        assert getattr(torch, call)(*args)[0] == call, call
    assert torch.sum(f, dim=0) == ("sum", 1, ["dim"])
    assert (x + f)[0] == x.add(f)[0] == "add"
    assert torch.linalg.solve(f, x)[0] == "linalg_solve" or torch.linalg.solve(f, x)[0] == "solve"
import builtins
assert builtins.__build_class__.__module__ == "builtins"
"""


def test_foreign_classes_are_noticed_under_the_alias():
    subprocess.run([sys.executable, "-c", FOREIGN], check=True)


def test_plain_arguments_are_not_looked_at_one_by_one(monkeypatch):
    class Asking(torch.Tensor):
        pass

    class Silent(torch.Tensor):
        __torch_function__ = torch._C._disabled_torch_function_impl

    x, silent = torch.ones(2), torch.ones(2).as_subclass(Silent)
    torch.add(silent, x)  # from then on its class is known
    looked = []
    look = overrides._asked
    monkeypatch.setattr(overrides, "_asked", lambda *args: looked.append(args) or look(*args))
    for y in (x, silent):
        assert torch.equal(torch.add(y, 2, alpha=2), y + 4)
        assert y.sum(dim=0, dtype=torch.float64).shape == ()
    assert not looked
    assert type(torch.add(x, other=x.as_subclass(Asking))) is Asking
    assert looked
