"""Programs as text: what is printed is what runs, to the last bit."""

import gc
import importlib.util
import linecache
import math
import operator
import pkgutil
import sys
import traceback

import minitorch.ops
import minitorch.random.generator
import minitorch.random.streams
import numpy as np
import pytest
from minitorch import random
from minitorch.autograd.primitive import Primitive
from minitorch.compiler.instructions import Attribute, Instruction, Line, Method, Value
from minitorch.compiler.printing.layout import WIDTH, wrapped
from minitorch.compiler.printing.literals import array_text, literal
from minitorch.compiler.printing.names import identifier
from minitorch.compiler.printing.references import reference
from minitorch.compiler.program import Program
from minitorch.kernels.softmax import softmax
from minitorch.ops import trigonometric
from program_builder import Builder


def single(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def body(program):
    """The lines of the function, without comments."""
    lines = program.source.partition("\ndef ")[2].splitlines()[1:]
    lines = [line.partition("  # ")[0].strip() for line in lines]
    return [line for line in lines if line and not line.startswith("#")]


def same(a, b):
    return type(a) is type(b) and a.dtype == b.dtype and a.tobytes() == b.tobytes()


X = single(4, 3)


@pytest.mark.parametrize(
    ("function", "args", "text"),
    [
        (np.add, ("x", "x"), "x + x"),
        (np.subtract, (1.0, "x"), "1.0 - x"),
        (np.multiply, ("x", -2.5), "x * -2.5"),
        (np.divide, ("x", np.float32(0.1)), "x / np.float32(0.1)"),
        (np.matmul, ("x", "w"), "x @ w"),
        (np.negative, ("x",), "-x"),
        (np.greater, ("x", 0), "x > 0"),
        (np.power, ("x", 2), "np.power(x, 2)"),
        (operator.pow, ("x", 2), "x ** 2"),
        (operator.pow, (-2, "i"), "(-2) ** i"),
        (np.absolute, ("x",), "np.abs(x)"),
        (np.add.reduce, ("x", 0), "np.add.reduce(x, 0)"),
        (np.where, ("mask", "x", math.inf), "np.where(mask, x, np.inf)"),
        (np.linalg.inv, ("square",), "np.linalg.inv(square)"),
        (np.full, ((2, 3), -math.inf, np.float64), "np.full((2, 3), -np.inf, np.float64)"),
        (np.zeros, (3, np.dtype("f8")), "np.zeros(3, float64)"),
        (np.einsum, ("ij,ij->i", "x", "x"), 'np.einsum("ij,ij->i", x, x)'),
        (Attribute("T"), ("x",), "x.T"),
        (Method("reshape"), ("x", (-1,)), "x.reshape((-1,))"),
        (Method("astype"), ("x", np.float64), "x.astype(np.float64)"),
        (operator.getitem, ("x", (slice(1, None), ..., None)), "x[1:, ..., None]"),
        (operator.getitem, ("x", (slice(None, None, -1),)), "x[::-1]"),
        (operator.getitem, ("x", slice(0, 2)), "x[0:2]"),
        (operator.getitem, ("x", [1, 0]), "x[[1, 0]]"),
        (operator.getitem, ("x", ("i", 1)), "x[i, 1]"),
        (operator.getitem, ("x", ()), "x[()]"),
        (softmax, ("x", 1), "softmax(x, 1)"),
        (trigonometric.deg2rad.primitive.kernel, ("x",), "deg2rad_kernel(x)"),
    ],
)
def test_expressions(function, args, text):
    given = {"x": X, "w": single(3, 2), "mask": X > 0, "i": np.array([0, 2]), "square": X[:3]}
    made = Builder(**given)
    values = dict(zip(given, made.arguments))

    def argument(a):
        if isinstance(a, str):
            return values.get(a, a)
        return tuple(map(argument, a)) if type(a) is tuple else a

    result = made.run(function, *map(argument, args), hint="y")
    program = made.program(result)
    assert body(program)[0] == f"y = {text}"
    assert same(program.function()(*made.given)[0], made.arrays[result])


def test_kernels_and_rules_of_every_primitive_are_found():
    modules = [
        importlib.import_module(f"minitorch.ops.{found.name}")
        for found in pkgutil.iter_modules(minitorch.ops.__path__)
    ]
    functions = {
        function
        for module in modules
        for value in list(vars(module).values())
        if isinstance(getattr(value, "primitive", None), Primitive)
        for function in (value.primitive.kernel, value.primitive.joint, *value.primitive.rules)
        if function is not None
    }
    assert len(functions) > 300
    lost = [f for f in functions if reference(f) is None]
    assert not lost
    for function in functions:
        module, path = reference(function)
        scope = {"np": np, **vars(sys.modules[module])}
        assert eval(path, scope) is function


def test_what_writes():
    x, y = single(3, 3), single(3, 3)
    made = Builder(x=x.copy(), y=y)
    X, Y = made.arguments
    made.run(np.add, X, Y, out=X)
    made.run(np.multiply, Y, X, out=X)
    made.run(np.exp, X, out=X)
    made.run(operator.setitem, X, (slice(None), 0), 1.5)
    made.run(operator.iadd, X, 1)
    program = made.program(X)
    program.instructions[-1].results = (X,)
    assert body(program)[:-1] == [
        "x += y",
        "np.multiply(y, x, out=x)",
        "np.exp(x, out=x)",
        "x[:, 0] = 1.5",
        "x += 1",
    ]
    assert same(program.function()(x, y)[0], made.given[0])


def test_names_of_the_user_and_of_operations():
    made = Builder(**{"x": X, "0.weight": single(2, 3), "class": X, "np": X})
    x, w = made.arguments[:2]
    wt = made.run(Attribute("T"), w)
    hidden = made.run(np.matmul, x, wt, hint="hidden")
    again = made.run(np.multiply, hidden, 2.0, hint="hidden")
    e = made.run(np.exp, hidden)
    total = made.run(np.add.reduce, e)
    other = made.run(np.add.reduce, again)
    d = made.run(np.multiply, total, other, hint="d_0.weight")
    assert body(made.program(d, again)) == [
        "layer0_weight_T = layer0_weight.T",
        "hidden = x @ layer0_weight_T",
        "hidden_2 = hidden * 2.0",
        "exp_hidden = np.exp(hidden)",
        "sums = np.add.reduce(exp_hidden)",
        "sum_hidden_2 = np.add.reduce(hidden_2)",
        "d_layer0_weight = sums * sum_hidden_2",
        "return (d_layer0_weight, hidden_2)",
    ]
    assert "def step(x, layer0_weight, class_, np_):" in made.program(d).source


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("fc.weight", "fc_weight"), ("0.weight", "layer0_weight"), ("d_0.bias", "d_layer0_bias"),
        ("lambda", "lambda_"), ("sum", "sum_"), ("μ", "μ"), ("h[0]", "h_0"), ("", "value"),
        ("d_sum", "d_sum"),
    ],
)  # fmt: skip
def test_identifiers(text, name):
    assert identifier(text) == name


def test_a_dead_name_is_used_again_and_large_memory_is_let_go():
    big = single(600, 600)
    made = Builder(x=big)
    a = made.run(np.sin, made.arguments[0], hint="h")
    b = made.run(np.sin, a, hint="h")
    c = made.run(np.sum, b)
    d = made.run(np.tanh, c)
    assert body(made.program(d)) == [
        "h = np.sin(x)",
        "h = np.sin(h)",
        "sum_h = np.sum(h)",
        "del h",
        "tanh = np.tanh(sum_h)",
        "return (tanh,)",
    ]


def test_lines_of_the_user_refer_to_each_other():
    made = Builder(x=X)
    x = made.arguments[0]
    line = Line("/home/me/train.py", 12, "  y = torch.exp(x)\n")
    y = made.run(np.exp, x, hint="y", line=line)
    d = made.run(np.multiply, y, y, hint="d_x", line=line, backward=True)
    source = made.program(y, d).source
    lines = source.splitlines()
    (forward,) = (k for k, each in enumerate(lines, 1) if "(undone in line" in each)
    (backward,) = (k for k, each in enumerate(lines, 1) if "undoes line" in each)
    assert lines[forward - 1] == (
        f"    # train.py:12  y = torch.exp(x)  (undone in line {backward})"
    )
    assert lines[backward - 1] == f"    # undoes line {forward}, train.py:12  y = torch.exp(x)"
    assert lines[forward] == "    y = np.exp(x)  # (4, 3)"


LITERALS = [
    0, -1, True, None, ..., 0.1, -0.0, 1e300, math.inf, -math.inf, 1 + 2j, complex(-0.0, 2),
    complex(math.inf, -0.0), "it's", 'a "b"', "\\n", b"x", np.float32(0.1), np.float32(-0.0),
    np.float32(1e-45), np.float64(0.1), np.float16(0.1), np.float64(math.inf), np.int8(-3),
    np.uint64(2**64 - 1), np.bool(True), np.complex64(0.1 - 0.0j), np.float32(16777217),
    np.float32("nan"),
]  # fmt: skip


@pytest.mark.parametrize("x", LITERALS, ids=repr)
def test_literals_are_read_back_to_the_last_bit(x):
    read = eval(literal(x), {"np": np})
    assert type(read) is type(x)
    if isinstance(x, np.generic):
        assert read.tobytes() == x.tobytes()
    else:
        assert repr(read) == repr(x)


def test_a_nan_with_a_payload_has_no_literal():
    x = np.array([0x7FC00001], np.uint32).view(np.float32)[0]
    assert literal(x) is None
    made = Builder(x=np.ones(2, np.float32))
    y = made.run(np.maximum, made.arguments[0], x)
    assert same(made.program(y).function()(made.given[0])[0], made.arrays[y])


def test_no_line_is_too_long():
    names = {f"a_rather_long_parameter_name_{k}": X for k in range(40)}
    made = Builder(**names)
    line = Line("train.py", 1, "y = " + " + ".join(names))
    y = made.run(np.stack, made.arguments, hint="y" * 30, line=line)
    z = made.run(np.add, y, y, hint="z" * 40, line=line, backward=True)
    program = made.program(z, *made.arguments)
    assert max(map(len, program.source.splitlines())) <= WIDTH
    assert same(program.function()(*made.given)[0], made.arrays[z])


def test_strings_are_not_broken():
    text = "x = f('" + "a, b " * 30 + "', " + "c, " * 30 + ")"
    assert "".join("".join(line.strip() + " " for line in wrapped(text)).split()) == (
        "".join(text.split())
    )
    assert any("a, b " * 30 in line for line in wrapped(text))


def test_constants_and_a_module_that_runs_alone(tmp_path):
    made = Builder(x=X)
    small = Value.of(np.array([1.5, -0.0, 1e-45], np.float32), "scale", True)
    table = Value.of(single(4, 3), "table", True)
    number = Value.of(np.float32(0.1), "", True)
    y = made.run(np.multiply, made.arguments[0], small)
    y = made.run(np.add, y, table)
    y = made.run(np.multiply, y, number)
    y = made.run(softmax, y, 1)
    program = made.program(y, table)
    path = tmp_path / "step_alone.py"
    program.save(path)
    spec = importlib.util.spec_from_file_location("step_alone", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for step in (module.step, program.function()):
        given, kept = step(X)
        assert same(given, made.arrays[y])
        assert same(kept, table.constant)
    assert "scale = np.array([1.5, -0.0, 1e-45], np.float32)" in program.source
    assert "x * scale" in program.source
    assert "np.float32(0.1)" in program.source


def test_what_has_no_name_runs_but_is_not_saved(tmp_path):
    made = Builder(x=X)
    y = made.run(lambda x: x + 1, made.arguments[0])
    program = made.program(y)
    assert same(program.function()(X)[0], X + 1)
    with pytest.raises(ValueError, match=r"rule.*cannot be imported"):
        program.save(tmp_path / "step.py")
    assert not list(tmp_path.iterdir())


def test_buffers_stand_outside_and_have_their_strides():
    made = Builder(x=X)
    x = made.arguments[0]
    for order in "CF":
        array = np.empty((4, 3), np.float32, order)
        buffer = Value.of(array, "hidden")
        make = Instruction(np.empty, ((4, 3), np.float32, order), {}, (buffer,))
        program = Program(
            "buffers planned", "", [x],
            [
                Instruction(np.exp, (x,), {"out": buffer}, (), writes=(buffer,)),
                Instruction(np.add, (buffer, x), {"out": buffer}, (), writes=(buffer,)),
                Instruction(np.negative, (buffer,), {}, (result := Value.of(X, "y"),)),
            ],
            [result], setup=[make],
        )  # fmt: skip
        function = program.function()
        assert same(function(X)[0], -(np.exp(X) + X))
        assert function.__globals__["hidden"].strides == array.strides


def test_tracebacks_and_debuggers_show_the_lines():
    made = Builder(x=X)
    y = made.run(np.matmul, made.arguments[0], made.run(Attribute("T"), made.arguments[0]))
    function = made.program(y).function()
    with pytest.raises(ValueError, match="ufunc") as caught:
        function(np.ones((2, 2, 3), np.float32))
    linecache.checkcache()
    assert "product = x @ x_T" in "".join(traceback.format_exception(caught.value))
    name = function.__code__.co_filename
    del function, caught
    gc.collect()
    assert name not in linecache.cache


def test_the_page_of_a_notebook():
    made = Builder(x=X)
    line = Line("train.py", 3, "y = x < 2")
    y = made.run(np.less, made.arguments[0], 2, line=line, hint="y")
    page = made.program(y)._repr_html_()
    assert "train.py:3  y = x &lt; 2" in page
    assert "y = x &lt; 2<span" in page
    assert "http" not in page


def test_a_saved_program_of_rules_runs_as_operations_do(tmp_path):
    made = Builder(x=X)
    x = made.arguments[0]
    huge = made.run(np.exp, made.run(np.multiply, x, 1000))
    made.instructions.append(
        Instruction(trigonometric.sin.primitive.rules[0], (huge, x), {}, (d := Value.of(X, "d_x"),))
    )
    program = made.program(d)
    program.save(tmp_path / "rules_alone.py")
    spec = importlib.util.spec_from_file_location("rules_alone", tmp_path / "rules_alone.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with np.errstate(all="ignore"):
        assert same(module.step(X)[0], np.exp(X * 1000) * np.cos(X))


def test_dtypes_that_are_not_of_numpy():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    dtype = np.dtype(ml_dtypes.bfloat16)
    made = Builder(x=X)
    y = made.run(Method("astype"), made.arguments[0], dtype)
    z = made.run(Method("astype"), y, ml_dtypes.float8_e5m2)
    program = made.program(y, z)
    assert body(program)[0] == "x_converted = x.astype(bfloat16)"
    for a, b in zip(program.function()(X), (y, z)):
        assert same(a, made.arrays[b])


ARRAYS = [
    (np.ones(64, np.float32), "np.ones((64,), np.float32)"),
    (np.zeros((3, 3)), "np.zeros((3, 3), np.float64)"),
    (np.full((2, 9), -0.0), "np.full((2, 9), -0.0, np.float64)"),
    (np.full(3, True), "np.ones((3,), np.bool)"),
    (np.arange(0, 640, 64), "np.arange(0, 577, 64, np.int64)"),
    (np.arange(9, 0, -3, np.int32), "np.arange(9, 2, -3, np.int32)"),
    (np.arange(0, 36, 6).reshape(3, 2), "np.arange(0, 31, 6, np.int64).reshape((3, 2))"),
    (np.array([1.5, -0.0], np.float32), "np.array([1.5, -0.0], np.float32)"),
    (np.array(0.1, np.float32), "np.array(0.1, np.float32)"),
    (np.array([[1, 2], [3, 5]], np.uint8), "np.array([[1, 2], [3, 5]], np.uint8)"),
    (np.array([1j, 2]), "np.array([complex(0.0, 1.0), complex(2.0, 0.0)], np.complex128)"),
    (single(4, 3), None),
    (single(3, 3).T, None),
    (np.zeros((0, 3)), None),
]  # fmt: skip


@pytest.mark.parametrize(("array", "text"), ARRAYS, ids=[str(text) for _, text in ARRAYS])
def test_arrays_are_read_back_to_the_last_bit(array, text):
    assert array_text(array) == text
    if text is not None:
        assert same(eval(text, {"np": np}), array)
        assert eval(text, {"np": np}).shape == array.shape


def test_a_generator_is_itself_and_not_a_copy(tmp_path):
    made = Builder(x=X)
    out = made.run(Method("copy"), made.arguments[0])
    function = random.streams.uniform
    draw = Instruction(function, (random.generator.default_generator, out), {}, (), writes=(out,))
    draw.pure = False
    made.instructions.append(draw)
    program = made.program(out)
    assert "uniform(default_generator, x_copy)" in body(program)
    before = random.generator.default_generator.get_state()
    first = program.function()(X)[0]
    random.generator.default_generator.set_state(before)
    assert same(program.function()(X)[0], first)
    assert not same(program.function()(X)[0], first)


class Chain:
    """As the backend "numba" makes them."""

    __name__ = "mul_tanh"
    operations = (("r0", "mul", ("a0", 2.0)), ("r1", "tanh", ("r0",)), ("r2", "sub", ("r1", "a1")))

    def __call__(self, a, b):
        return np.tanh(a * 2.0) - b


def test_a_compiled_chain_says_what_it_does():
    made = Builder(x=X, w=X)
    program = made.program(made.run(Chain(), *made.arguments, hint="y"))
    lines = [line.strip() for line in program.source.splitlines()]
    at = lines.index("# r0 = mul(x, 2.0), r1 = tanh(r0), r2 = sub(r1, w)")
    assert lines[at + 1] == "y = mul_tanh(x, w)  # (4, 3)"
    assert same(program.function()(X, X)[0], np.tanh(X * 2.0) - X)
