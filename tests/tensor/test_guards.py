"""Which changes of the world between two calls a compiled function's guards see."""

import cProfile
import sys
import threading

import minitorch as torch
import pytest
from minitorch.compiler.guards import World
from minitorch.compiler.reads import reads
from minitorch.compiler.watch import Watch
from worlds import CHANGES, REASONS, SAME, rows, run


@pytest.fixture(autouse=True)
def _defaults():
    yield
    torch.set_default_dtype(torch.float32)
    torch.set_grad_enabled(True)
    torch.set_default_device(None)
    torch.use_deterministic_algorithms(False)


def recorded(names):
    world = World(names["f"], names["args"], names["kwargs"])
    with world.watching():
        names["f"](*names["args"], **names["kwargs"])
    return world, world.settle()


@pytest.mark.parametrize(("program", "change"), rows(CHANGES))
def test_a_change_is_seen(program, change):
    names = run(program)
    world, reason = recorded(names)
    assert reason is None
    assert world.holds(names["args"], names["kwargs"]) is None
    exec(change, names)
    assert world.holds(names["args"], names["kwargs"]) is not None


@pytest.mark.parametrize(("program", "change"), rows(SAME))
def test_the_world_holds(program, change):
    names = run(program)
    world, reason = recorded(names)
    assert reason is None
    exec(change, names)
    assert world.holds(names["args"], names["kwargs"]) is None


@pytest.mark.parametrize(("program", "told"), rows(REASONS))
def test_a_reason_is_told(program, told, capsys):
    world, reason = recorded(run(program))
    assert told in (reason or "no reason")
    assert world.again == ("changed" in told)


def test_a_first_call_that_fills_a_cache_is_no_reason_at_the_second():
    names = run(
        "cache = {}\ndef f(x):\n    if 1 not in cache: cache[1] = 2\n    return x * cache[1]\n"
    )
    assert "cache" in recorded(names)[1]
    world, reason = recorded(names)
    assert reason is None
    names["cache"].clear()
    assert world.holds(names["args"], {}) is not None


def test_another_profiler_goes_on():
    seen = []
    names = run("def f(x): return x * 2")
    before = sys.getprofile()
    sys.setprofile(lambda frame, event, arg: seen.append(frame.f_code))
    try:
        mine = sys.getprofile()
        recorded(names)
        assert sys.getprofile() is mine
    finally:
        sys.setprofile(before)
    assert names["f"].__code__ in seen


def test_a_profiler_in_c_goes_on_after_the_block():
    names = run("def f(x): return x * 2\ndef later(): pass")
    profiler = cProfile.Profile()
    profiler.enable()
    try:
        _, reason = recorded(names)
        names["later"]()
    finally:
        profiler.disable()
    assert reason is None
    assert any(each.code is names["later"].__code__ for each in profiler.getstats())


class Calls(torch.overrides.TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))


MODES = {
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "anomaly mode": lambda: torch.autograd.set_detect_anomaly(True),
    "saved-tensor hooks": lambda: torch.autograd.graph.saved_tensors_hooks(id, id),
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "device": lambda: torch.device("meta"),
    "__torch_function__": Calls,
}


@pytest.mark.parametrize("mode", MODES)
def test_modes(mode):
    names = run("def f(x): return x * 2")
    world, reason = recorded(names)
    assert reason is None
    with MODES[mode]():
        assert world.holds(names["args"], {}) is not None
    assert world.holds(names["args"], {}) is None


def test_kernels(monkeypatch):
    names = run("def f(x): return x * 2")
    world, _ = recorded(names)
    monkeypatch.setattr("minitorch.kernels.choice.chosen", "numba")
    assert "kernels" in world.holds(names["args"], {})


@pytest.mark.parametrize("transform", ["grad", "vmap", "jvp"])
def test_transforms(transform):
    names = run("def f(x): return x * 2")
    world, _ = recorded(names)
    seen = []

    def f(x):
        seen.append(world.holds((x,), {}))
        return x.sum()

    x = torch.ones(3, 3)
    if transform == "jvp":
        torch.func.jvp(f, (x,), (x,))
    else:
        getattr(torch.func, transform)(f)(x)
    assert None not in seen


def test_each_thread_has_modes_of_its_own():
    names = run("def f(x): return x * 2")
    world, _ = recorded(names)
    seen = []

    def other():
        seen.append(world.holds(names["args"], {}))
        with torch.no_grad():
            seen.append(world.holds(names["args"], {}))

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert seen[0] is None
    assert seen[1] is not None


def test_tensors_are_found_in_their_places():
    names = run(
        "w, b = torch.ones(3), torch.ones(3)\n"
        "parts = {'b': [b, b]}\n"
        "def f(x, y): return x * w + parts['b'][1] + y[0]\n"
        "args = x, (torch.zeros(3),)"
    )
    world, reason = recorded(names)
    assert reason is None
    x, (y,) = names["args"]
    found = {id(t) for t in world.read(names["args"], {})}
    assert found == set(map(id, (x, y, names["w"], names["b"])))
    assert len(world.tensors) == 4
    names["w"] = other = torch.zeros(3)
    assert any(t is other for t in world.read(names["args"], {}))


def test_what_is_read_is_told_by_instructions():
    names = run(
        "def f(self, name, key):\n"
        "    import os.path\n"
        "    self.a = [g(b).h for b in key]\n"
        "    return c.d(name.e)\n"
        "def k(self): return self.__dict__\n"
    )
    found = reads(names["f"].__code__)
    assert set(found.globals) - {"g"} == {"c"}
    assert {"a", "d", "e"} <= found.attributes
    assert (found.imports, found.every) == (("os.path",), False)
    assert reads(names["k"].__code__).every


ASKED = {  # an expression with o, n, ns, i, field: what getattr is asked for
    "getattr(o, 'a')": "a",
    "getattr(o, n)": "b1",
    "getattr(o, n, None)": "b1",
    "getattr(o.c, f'b{i}', o)": "b1",
    "getattr(o, 'b' + '1')": "b1",
    "getattr(o, 'b' + str(i), 1)": None,
    "getattr(str(o), 'a', n)": "a",
    "hasattr(o, field.name)": "a",
    "f(getattr(o, 'a', 0), n)": "a",
    "getattr(o, ns[0], 0)": "a",
    "getattr(o, ns[-i], 0)": None,
    "getattr(o, 'a' if i else n, 0)": None,
    "getattr(o, f'{n}_{i}', 0)": "b1_1",
    "getattr(o, f'{i!r}', 0)": None,
    "[getattr(o, m, 0) for m in ns][0]": "a",
    "getattr(o, GLOBAL, 0)": "a",
}


@pytest.mark.parametrize("text", ASKED)
def test_attributes_asked_for(text):
    names = run(
        "class O: pass\n"
        "o, field = O(), O()\n"
        "o.a = o.b1 = o.c = 1\n"
        "field.name = GLOBAL = 'a'\n"
        "def f(*args): pass\n"
        f"def g(o, n, ns, i, field): return {text}\n"
    )
    asked = []
    with Watch(lambda *ran: None, lambda of, name: asked.append(name)):
        names["g"](names["o"], "b1", ["a"], 1, names["field"])
    assert asked == [ASKED[text]]


def test_nested_questions():
    names = run("class O: pass\no = O()\no.a = O()\no.a.b = 1\ndef f(): return " + NESTED)
    asked = []
    with Watch(lambda *ran: None, lambda of, name: asked.append(name)):
        names["f"]()
    assert asked == ["a", "c", "b"]


NESTED = "getattr(getattr(o, 'a'), 'b', getattr(o, 'c', 1))"
