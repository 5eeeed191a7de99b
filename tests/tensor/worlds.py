"""Programs that define a function ``f``, and what changes between two of its calls."""

import minitorch as torch
import numpy as np
import pytest

# name, a program that defines f (args and kwargs, if not x and none), what changes then
CHANGES = """
number of a closure
    def make():
        a = 2
        def set(v):
            nonlocal a
            a = v
        return (lambda x: x * a), set
    f, set = make()
> set(3)

global number
    a = 2
    def f(x): return x * a
> a = 3

global number of another type
    a = 1
    def f(x): return x * a
> a = True

zero of another sign
    a = 0.0
    def f(x): return x / a
> a = -0.0

global of a function that is called
    a = 2
    def g(x): return x * a
    def f(x): return g(x)
> a = 3

function replaced
    def g(x): return x * 2
    def f(x): return g(x)
> def g(x): return x * 3

code replaced
    def g(x): return x * 2
    def f(x): return g(x)
> g.__code__ = (lambda x: x * 3).__code__

default of a function that is called
    def g(x, a=2): return x * a
    def f(x): return g(x)
> g.__defaults__ = (3,)

keyword default
    def g(x, *, a=2): return x * a
    def f(x): return g(x)
> g.__kwdefaults__["a"] = 3

global of a kernel of the user's
    from minitorch.extend import primitive
    a = 2.0
    def kernel(x): return x * a
    scaled = primitive(kernel, "x", lambda g: g * a, name="scaled")
    def f(x): return scaled(x)
> a = 3.0

global of a function that a kernel calls
    from minitorch.extend import primitive
    def factor(): return 2.0
    def kernel(x): return np.multiply(x, factor())
    scaled = primitive(kernel, "x", lambda g: g * 2.0, name="scaled")
    def f(x): return scaled(x) + 1
> def factor(): return 3.0

global of a kernel of the user's behind a partial
    from functools import partial
    from minitorch.extend import primitive
    a = 2.0
    def kernel(n, x): return x * n * a
    scaled = primitive(partial(kernel, 2), "x", lambda g: g * a, name="scaled")
    def f(x): return scaled(x)
> a = 3.0

global of a kernel that is an object of the user's
    from minitorch.extend import primitive
    a = 2.0
    class Kernel:
        def __call__(self, x): return x * a
    scaled = primitive(Kernel(), "x", lambda g: g * a, name="scaled")
    def f(x): return scaled(x)
> a = 3.0

global of a gradient rule of the user's
    from minitorch.extend import primitive
    a = 2.0
    scaled = primitive(np.positive, "x", lambda g: g * a, name="scaled")
    w = torch.ones(3, requires_grad=True)
    def f(x):
        w.grad = None
        scaled(w * x.detach()).sum().backward()
        return w.grad * 2
> a = 3.0

own default
    def f(x, a=2): return x * a
> f.__defaults__ = (3,)

attribute of a function
    def f(x): return x * f.a
    f.a = 2
> f.a = 3

decorated function's closure
    import functools
    a = 2
    def twice(g):
        @functools.wraps(g)
        def inside(*args): return g(*args) * 2
        return inside
    @twice
    def g(x): return x * a
    def f(x): return g(x)
> a = 3

function under no_grad
    a = 2
    @torch.no_grad()
    def g(x): return x * a
    def f(x): return g(x)
> a = 3

partial's argument
    import functools
    def g(a, x): return x * a
    f = functools.partial(g, 2)
> f.__setstate__((g, (3,), {}, None))

partial of the arguments
    import functools
    def g(a, x): return x * a
    def f(x, h): return h(x)
    args = x, functools.partial(g, 2)
> args = x, functools.partial(g, 3)

lambda of the arguments
    def f(x, h): return h(x)
    args = x, lambda x: x * 2
> args = x, lambda x: x * 3

closure of a lambda of the arguments
    def f(x, h): return h(x)
    def make(a): return lambda x: x * a
    args = x, make(2)
> args = x, make(3)

cached function's global
    import functools
    a = 2
    @functools.lru_cache
    def g(): return a
    def f(x): return x * g()
> a = 3

length of a list
    sizes = [1, 2]
    def f(x): return x * len(sizes)
> sizes.append(3)

element of a list
    sizes = [1, 2]
    def f(x): return x * sizes[0]
> sizes[0] = 5

nested list
    sizes = [[1, 2], [3]]
    def f(x): return x * sizes[1][0]
> sizes[1][0] = 5

dictionary's value
    options = {"a": {"b": 2}}
    def f(x): return x * options["a"]["b"]
> options["a"]["b"] = 3

dictionary's key
    options = {"a": 2}
    def f(x): return x * sum(options.values())
> options["c"] = 3

dictionary's order
    options = {"a": 2, "b": 3}
    def f(x): return x * next(iter(options.values()))
> options["a"] = options.pop("a")

default of a defaultdict
    import collections
    options = collections.defaultdict(int, a=1)
    def f(x): return x * options["a"]
> options.default_factory = float

set
    kinds = {1, 2}
    def f(x): return x * sum(kinds)
> kinds.add(3)

frozenset replaced
    kinds = frozenset({1, 2})
    def f(x): return x * sum(kinds)
> kinds = frozenset({1, 3})

deque
    import collections
    queue = collections.deque([1, 2])
    def f(x): return x * queue[0]
> queue.rotate()

tuple in a list
    pairs = [(1, 2)]
    def f(x): return x * pairs[0][1]
> pairs[0] = (1, 3)

NumPy array's content
    weights = np.array([1.0, 2.0, 3.0])
    def f(x): return x * float(weights.sum())
> weights[0] = 7

NumPy number
    a = np.float32(2)
    def f(x): return x * a
> a = np.float64(2)

dtype
    kind = torch.float64
    def f(x): return x.to(kind)
> kind = torch.float16

string
    kind = "relu"
    def f(x): return x.relu() if kind == "relu" else x.tanh()
> kind = "tanh"

None
    bias = None
    def f(x): return x if bias is None else x + bias
> bias = 1

slice
    part = slice(0, 2)
    def f(x): return x[part]
> part = slice(0, 1)

enum
    import enum
    class Kind(enum.Enum):
        A = 1
        B = 2
    kind = Kind.A
    def f(x): return x * kind.value
> kind = Kind.B

range
    steps = range(2)
    def f(x): return x * len(steps)
> steps = range(3)

attribute of an object
    class Config: pass
    config = Config()
    config.a = 2
    def f(x): return x * config.a
> config.a = 3

attribute of an attribute
    class Config: pass
    config = Config()
    config.inner = Config()
    config.inner.a = 2
    def f(x): return x * config.inner.a
> config.inner.a = 3

object replaced
    class Config:
        def __init__(self, a): self.a = a
    config = Config(2)
    def f(x): return x * config.a
> config = Config(3)

attribute of a class
    class Config:
        a = 2
    config = Config()
    def f(x): return x * config.a
> Config.a = 3

attribute of a class hidden by one of the instance
    class Config:
        a = 2
    config = Config()
    def f(x): return x * config.a
> config.a = 3

attribute of a base class hidden in a subclass
    class Base:
        a = 2
    class Config(Base): pass
    config = Config()
    def f(x): return x * config.a
> Config.a = 3

class attribute of a class
    class Config:
        a = 2
    def f(x): return x * Config.a
> Config.a = 3

dataclass of the arguments
    import dataclasses
    @dataclasses.dataclass
    class Config: a: int
    def f(x, config): return x * config.a
    args = x, Config(2)
> args = x, Config(3)

slots
    class Config:
        __slots__ = "a",
    config = Config()
    config.a = 2
    def f(x): return x * config.a
> config.a = 3

property
    class Config:
        _a = 2
        @property
        def a(self): return self._a
    config = Config()
    def f(x): return x * config.a
> config._a = 3

property replaced
    class Config:
        @property
        def a(self): return 2
    config = Config()
    def f(x): return x * config.a
> Config.a = property(lambda self: 3)

descriptor
    class Twice:
        def __init__(self): self.a = 1
        def __get__(self, instance, kind): return self.a * 2
    class Config:
        b = Twice()
    config = Config()
    def f(x): return x * config.b
> vars(Config)["b"].a = 3

__getattr__
    class Config:
        def __init__(self): self.__dict__["data"] = {"a": 2}
        def __getattr__(self, name): return self.__dict__["data"][name]
    config = Config()
    def f(x): return x * config.a
> config.data["a"] = 3

attribute behind a __getattribute__
    class Config:
        def __getattribute__(self, name): return object.__getattribute__(self, name)
    config = Config()
    config.a = 2
    def f(x): return x * config.a
> config.a = 3

dictionary of attributes replaced
    class Config:
        def __getattribute__(self, name): return object.__getattribute__(self, name)
    config = Config()
    config.a = 2
    def f(x): return x * config.a
> config.__dict__ = {"a": 3}

new attribute, among all
    class Config: pass
    config = Config()
    config.a = 2
    def f(x): return x * sum(vars(config).values())
> config.b = 3

attribute deleted, among all
    class Config: pass
    config = Config()
    config.a, config.b = 2, 0
    def f(x): return x * len(config.__dict__)
> del config.b

attributes in another order
    class Config: pass
    config = Config()
    config.a, config.b = 2, 3
    def f(x): return x * next(iter(vars(config).values()))
> del config.a; config.a = 2

getattr with a name that is computed
    class Config: pass
    config = Config()
    config.a1 = 2
    def f(x): return x * getattr(config, f"a{len(x.shape)}")
> config.a1 = 3

attribute that was not there
    class Config: pass
    config = Config()
    def f(x): return x * getattr(config, "a", 2)
> config.a = 3

vars
    class Config: pass
    config = Config()
    config.a = 2
    def f(x): return x * sum(vars(config).values())
> config.a = 3

method replaced in the class
    class Net:
        def g(self, x): return x * 2
    net = Net()
    def f(x): return net.g(x)
> Net.g = lambda self, x: x * 3

method replaced in the instance
    class Net:
        def g(self, x): return x * 2
    net = Net()
    def f(x): return net.g(x)
> net.g = lambda x: x * 3

method overridden in the subclass
    class Base:
        def g(self, x): return x * 2
    class Net(Base): pass
    net = Net()
    def f(x): return net.g(x)
> Net.g = lambda self, x: x * 3

method of the base class by super
    class Base:
        def g(self, x): return x * 2
    class Net(Base):
        def g(self, x): return super().g(x) + 1
    net = Net()
    def f(x): return net.g(x)
> Base.g = lambda self, x: x * 3

static method replaced
    class Net:
        @staticmethod
        def g(x): return x * 2
    def f(x): return Net.g(x)
> Net.g = staticmethod(lambda x: x * 3)

class of an instance
    class A:
        def g(self, x): return x * 2
    class B:
        def g(self, x): return x * 3
    net = A()
    def f(x): return net.g(x)
> net.__class__ = B

bound method
    class Net:
        a = 2
        def g(self, x): return x * self.a
    net = Net()
    f = net.g
> net.a = 3

bound method of the arguments
    class Net:
        def __init__(self, a): self.a = a
        def g(self, x): return x * self.a
    def f(x, g): return g(x)
    args = x, Net(2).g
> args = x, Net(3).g

callable object
    class Net:
        def __init__(self, a): self.a = a
        def __call__(self, x): return x * self.a
    net = Net(2)
    def f(x): return net(x)
> net.a = 3

what a constructor reads
    a = 2
    class Net:
        def __init__(self): self.a = a
    def f(x): return x * Net().a
> a = 3

context manager
    class Scale:
        a = 2
        def __enter__(self): return self.a
        def __exit__(self, *e): pass
    def f(x):
        with Scale() as a:
            return x * a
> Scale.a = 3

own module
    import types
    settings = types.ModuleType("settings")
    settings.a = 2
    def f(x): return x * settings.a
> settings.a = 3

own module imported inside
    import types, sys
    settings = sys.modules["settings_of_a_test"] = types.ModuleType("settings_of_a_test")
    settings.a = 2
    def f(x):
        import settings_of_a_test
        return x * settings_of_a_test.a
> settings.a = 3

module of the standard library
    import math
    def f(x): return x * math.pi
> math = type("", (), {"pi": 3})()

function of MiniTorch replaced
    import types
    torch2 = types.ModuleType("minitorch.copy")
    torch2.tanh = torch.tanh
    def f(x): return torch2.tanh(x)
> torch2.tanh = torch.sin

builtin hidden
    def f(x): return x * len([1])
> len = lambda x: 7

list subclass
    class Sizes(list):
        a = 1
    sizes = Sizes([1, 2])
    def f(x): return x * sizes[0] * sizes.a
> sizes.a = 3

UserDict
    import collections
    options = collections.UserDict(a=2)
    def f(x): return x * options["a"]
> options["a"] = 3

SimpleNamespace
    import types
    config = types.SimpleNamespace(a=2)
    def f(x): return x * config.a
> config.a = 3

number of the arguments
    def f(x, a): return x * a
    args = x, 2
> args = x, 3

type of an argument's number
    def f(x, a): return x * a
    args = x, 2
> args = x, 2.0

keyword argument
    def f(x, a): return x * a
    kwargs = {"a": 2}
> kwargs = {"a": 3}

keyword's name
    def f(x, a=1, b=1): return x * a + b
    kwargs = {"a": 2}
> kwargs = {"b": 2}

list of the arguments
    def f(x, sizes): return x * len(sizes)
    args = x, [1, 2]
> args = x, [1, 2, 3]

number of tensors in a list
    def f(xs): return sum(xs)
    args = [x, x + 1],
> args = [x, x + 1, x + 2],

tensor instead of a number
    def f(x, a): return x * a
    args = x, 2
> args = x, torch.tensor(2)

one tensor twice
    def f(x, y): return x * y
    args = x, x + 1
> args = x, x

two tensors instead of one
    def f(x, y): return x * y
    args = x, x
> args = x, x + 0

subclass of Tensor
    class Mine(torch.Tensor): pass
    def f(x): return x * 2
> args = x.as_subclass(Mine),

attribute of a tensor
    x.scale = 2
    def f(x): return x * x.scale
> x.scale = 3

global tensor is a number now
    w = torch.ones(3)
    def f(x): return x * w
> w = 3

default dtype
    def f(x): return x + torch.ones(3)
> torch.set_default_dtype(torch.float64)

no_grad
    def f(x): return x * 2
> torch.set_grad_enabled(False)

default device
    def f(x): return x + torch.ones(3)
> torch.set_default_device("meta")

deterministic algorithms
    def f(x): return x * torch.are_deterministic_algorithms_enabled()
> torch.use_deterministic_algorithms(True)

autograd Function's method
    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x): return x * 2
        @staticmethod
        def backward(ctx, g): return g * 2
    def f(x): return Twice.apply(x)
> Twice.forward = staticmethod(lambda ctx, x: x * 3)

free variable of a generator expression
    a = 2
    def f(x): return sum(x * k * a for k in range(2))
> a = 3

global in a comprehension
    sizes = [1, 2]
    def f(x): return sum([x * k for k in sizes])
> sizes[1] = 7

operator
    import operator
    class Number:
        def __init__(self, a): self.a = a
        def __mul__(self, x): return x * self.a
    number = Number(2)
    def f(x): return number * x
> number.a = 3

context variable
    import contextvars
    a = contextvars.ContextVar("a", default=2)
    def f(x):
        token = a.set(a.get())
        a.reset(token)
        return x * a.get()
> a.set(3)

value of a thread
    import threading
    local = threading.local()
    local.a = 2
    def f(x): return x * local.a
> local.a = 3

pattern
    import re
    pattern = re.compile("a")
    def f(x): return x * bool(pattern.match("a"))
> pattern = re.compile("b")
"""

# in these the world holds
SAME = """
nothing
    a = 2
    def f(x): return x * a
> pass

global that is not read
    a, b = 2, 2
    def f(x): return x * a
> b = 3

attribute that is not read
    class Config: pass
    config = Config()
    config.a, config.b = 2, 3
    def f(x): return x * config.a
> config.b = 7

new attribute
    class Config: pass
    config = Config()
    config.a = 2
    def f(x): return x * config.a
> config.b = 7

another object's attribute
    class Config:
        def __init__(self): self.a = 2
    config, other = Config(), Config()
    def f(x): return x * config.a
> other.a = 3

equal number
    a = 12345.5
    def f(x): return x * a
> a = 24691 / 2

equal tuple
    shape = (1, 3)
    def f(x): return x.view(shape)
> shape = tuple([1, 3])

other tensor
    def f(x): return x * 2
> args = torch.zeros(3),

tensor written to
    w = torch.ones(3)
    def f(x): return x * w
> w.add_(1)

global tensor replaced
    w = torch.ones(3)
    def f(x): return x * w
> w = torch.zeros(3)

equal list of the arguments
    def f(x, sizes): return x * len(sizes)
    args = x, [1, 2]
> args = x, [1, 2]

equal object of the arguments
    import dataclasses
    @dataclasses.dataclass
    class Batch:
        x: torch.Tensor
        a: int
    def f(batch): return batch.x * batch.a
    args = Batch(x, 2),
> args = Batch(x + 1, 2),

same lambda of the arguments
    def f(x, h): return h(x)
    def make(a): return lambda x: x * a
    args = x, make(2)
> args = x, make(2)

function that is not called
    def g(x): return x * 2
    def f(x): return x if x is not None else h.g(x)
> def g(x): return x * 3

list that is not read
    sizes = [1, 2]
    def f(x): return x * 2
> sizes.append(1)

call in between
    class Config: pass
    config = Config()
    config.a = 2
    def f(x): return x * config.a
> f(x); f(x)

tensor of a closure
    def make():
        w = torch.ones(3)
        def set(v):
            nonlocal w
            w = v
        return (lambda x: x * w), set
    f, set = make()
> set(torch.zeros(3))
"""

# no program can be made, for a reason that says this
REASONS = """
print
    def f(x):
        print("x")
        return x
> program.py:2 calls print()

print in a function that is called
    def g(x): print("x")
    def f(x):
        g(x)
        return x
> program.py:1 calls print()

random
    import random
    def f(x): return x * random.random()
> calls Random.random()

random, in Python
    import random
    def f(x): return x * random.randint(1, 2)
> program.py:2 calls random.Random.randint()

NumPy's random numbers
    def f(x): return x * np.random.rand()
> np.random.rand draws

NumPy's generator
    rng = np.random.default_rng(0)
    def f(x): return x * rng.normal()
> rng is a Generator

time
    import time
    def f(x): return x * time.time()
> calls time.time()

date
    import datetime
    def f(x): return x * datetime.datetime.now().year
> calls datetime.now()

logging
    import logging
    logger = logging.getLogger("x")
    def f(x):
        logger.debug("x")
        return x
> program.py:4 calls logging.Logger.debug()

warning
    import warnings
    def f(x):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.warn("x")
        return x
> calls warnings.warn()

identity
    def f(x): return x * id(x)
> calls id()

open
    def f(x):
        with open("/dev/null"):
            return x
> open()

thread
    import threading
    def f(x):
        threading.Thread(target=len).name
        return x
> calls threading.Thread.__init__()

seed
    def f(x):
        torch.manual_seed(0)
        return torch.rand(3)
> calls minitorch.random

generator from outside
    values = (k for k in range(10))
    def f(x): return x * next(values)
> values is a generator

iterator from outside
    values = iter([1, 2])
    def f(x): return x * next(values)
> values is a list_iterator

iterator of the arguments
    def f(x, values): return x * next(values)
    args = x, iter([1, 2])
> argument 1 is a list_iterator

array of another kind
    import array
    values = array.array("d", [1.0])
    def f(x): return x * values[0]
> values is a array

subclass of Tensor
    class Mine(torch.Tensor): pass
    x = torch.ones(3).as_subclass(Mine)
    def f(x): return x * 2
> argument 0 is a Mine

list that grows
    seen = []
    def f(x):
        seen.append(1)
        return x
> seen changed while the function ran

list of the arguments that grows
    def f(x, seen):
        seen.append(1)
        return x
    args = x, []
> argument 1 changed

global that is counted up
    a = 0
    def f(x):
        global a
        a += 1
        return x
> a changed

variable of a closure that is counted up
    def make():
        a = 0
        def f(x):
            nonlocal a
            a += 1
            return x
        return f
    f = make()
> a changed

global that is made
    def f(x):
        global made
        made = 1
        return x
> made changed

attribute that is counted up
    class Config:
        a = 0
    config = Config()
    def f(x):
        config.a += 1
        return x
> config.a changed

attribute that is made
    class Config: pass
    config = Config()
    def f(x):
        config.a = 1
        return x
> config.a changed

attribute that is set under a computed name
    class Config: pass
    config = Config()
    def f(x):
        setattr(config, "a" + str(1), 1)
        return x
> config.a1 changed

class attribute that is counted up
    class Config:
        a = 0
    def f(x):
        Config.a += 1
        return x
> Config.a changed

tensor replaced
    class Config: pass
    config = Config()
    config.last = torch.zeros(3)
    def f(x):
        config.last = x * 2
        return x
> config.last changed

array written to
    count = np.zeros(1)
    def f(x):
        count[0] += 1
        return x
> count changed

context variable that is set
    import contextvars
    a = contextvars.ContextVar("a")
    def f(x):
        a.set(3)
        return x
> a changed

dictionary as a cache
    cache = {}
    def f(x):
        cache[1] = 1
        return x
> cache changed

default that grows
    def f(x, seen=[]):
        seen.append(1)
        return x
> changed

number of threads
    def f(x): return x * torch.get_num_threads()
> calls minitorch._tensor.settings.get_num_threads()

precision
    def f(x):
        torch.set_float32_matmul_precision("high")
        return x
> calls minitorch._tensor.settings.set_float32_matmul_precision()

standard output
    import sys
    def f(x):
        sys.stdout.write("x")
        return x
> sys.stdout
"""


def rows(text):
    found = []
    for row in text.strip().split("\n\n"):
        name, *lines = row.split("\n")
        program = "\n".join(line[4:] for line in lines if not line.startswith("> "))
        change = "\n".join(line[2:] for line in lines if line.startswith("> "))
        found.append(pytest.param(program, change, id=name))
    return found


def run(program, name="program"):
    """The namespace after the program, with f, args and kwargs."""
    names = {"__name__": name, "torch": torch, "np": np, "x": torch.ones(3), "kwargs": {}}
    exec(compile(program, "program.py", "exec"), names)
    names.setdefault("args", (names["x"],))
    return names
