"""Passes: before and after, a program gives the same to the last bit."""

import operator
from contextlib import suppress
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from minitorch.compiler import passes
from minitorch.compiler.instructions import Attribute, Instruction, Method, Value
from minitorch.compiler.program import Program
from program_builder import Builder

UNARY = (np.exp, np.tanh, np.negative, np.square, np.sin, np.positive, np.abs)
BINARY = (np.add, np.subtract, np.multiply, np.divide, np.maximum, np.multiply, np.add)
UNFIT = (ValueError, TypeError, IndexError)  # shapes, dtypes, what cannot be written to
PLAIN = (0, 1, 1.0, 2.5, -1.0, np.float32(1), np.float32(0.3), 0.0, -0.0)


def parts(x):
    """An opaque kernel of several results, one of them a view."""
    return x * 2, x + 1, x[:1]


def draw(state, out):
    """Random numbers: impure, writes to both."""
    out[...] = state[0]
    state += 1
    return out


class Random:
    """A program of random instructions on arguments that may be views of each other."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.shapes = [(4, 3), (3,), (3, 4), (4, 1), (3, 3), (4, 3)]
        self.kinds = self.rng.integers(0, 4, len(self.shapes))
        self.alias = self.rng.random() < 0.5
        self.built = Builder(**self._arguments(seed))
        self.values = list(self.built.arguments[:-1])
        sums = []
        for _ in range(self.rng.integers(10, 80)):
            with suppress(*UNFIT):
                self.step()
            if self.rng.random() < 0.4:  # what is looked at is not dead
                sums.append(self.built.run(np.add.reduce, self.pick(), axis=None))
        count = int(self.rng.integers(0, 4))
        self.program = self.built.program(*sums, *(self.pick() for _ in range(count)))

    def given(self, seed):
        """Arguments with other numbers and the same layout."""
        return list(self._arguments(seed).values())

    def _arguments(self, seed):
        rng = np.random.default_rng(seed)
        arrays = {}
        for k, (shape, kind) in enumerate(zip(self.shapes, self.kinds)):
            array = rng.standard_normal(shape).astype(np.float32)
            array[rng.random(shape) < 0.1] = -0.0
            array[rng.random(shape) < 0.03] = np.nan
            if kind == 1:
                array = np.asfortranarray(array)
            if kind == 2:
                array = np.repeat(array, 2, axis=-1)[..., ::2]
            arrays[f"x{k}"] = array
        arrays["number"] = np.float32(rng.standard_normal())
        if self.alias:
            arrays["x2"] = arrays["x0"].T
        arrays["state"] = rng.standard_normal(1).astype(np.float32)
        return arrays

    def pick(self, arrays=False):
        values = [v for v in self.values if not (arrays and v.scalar)]
        late = int(self.rng.integers(len(values))) if self.rng.random() < 0.3 else 0
        return values[max(late, len(values) - 1 - int(self.rng.exponential(3)))]

    def operand(self):
        return PLAIN[self.rng.integers(len(PLAIN))] if self.rng.random() < 0.3 else self.pick()

    def take(self, made):
        self.values += made if type(made) is list else [made]

    def step(self):
        rng, run = self.rng, self.built.run
        choice = rng.integers(20)
        x = self.pick()
        if choice < 4:
            return self.take(run(BINARY[rng.integers(len(BINARY))], self.operand(), x))
        if choice < 6:
            return self.take(run(UNARY[rng.integers(len(UNARY))], x))
        if choice == 6:
            return self.take(run(np.matmul, x, self.pick()))
        if choice == 7:
            axis = [None, 0, -1][rng.integers(3)]
            keep = bool(rng.integers(2))
            return self.take(run(np.add.reduce, x, axis=axis, keepdims=keep))
        x = self.pick(arrays=True)
        if choice == 8:
            name = ["T", "T", "copy", "ravel"][rng.integers(4)]
            return self.take(run((Attribute if name == "T" else Method)(name), x))
        if choice == 9:
            return self.take(run(Method("swapaxes"), x, -1, -2))
        if choice == 10:
            shape = [x.shape, (-1,), (3, 4), (2, 6), (1, *x.shape)][rng.integers(5)]
            return self.take(run(Method("reshape"), x, shape))
        if choice == 11:
            shape = [(4, 3), (3, 3), (4, 4)][rng.integers(3)]
            return self.take(run(np.broadcast_to, x, shape))
        if choice == 12:
            key = [slice(None), slice(1, 3), 0, (..., None), slice(None, None, -1)][rng.integers(5)]
            return self.take(run(operator.getitem, x, key))
        if choice == 13:
            made = [(np.ones, (4, 3), np.float32), (np.zeros, 3, np.float32), (np.arange, 3)]
            return self.take(run(*made[rng.integers(3)]))
        if choice == 14:
            constant = Value.of(np.ones((4, 3), np.float32), "ones", True)
            return self.take(run(np.multiply, constant, x))
        if choice == 15:
            return self.take(run(Method("astype"), x, [np.float32, np.float64][rng.integers(2)]))
        if choice == 16:
            return self.take(run(parts, x))
        if choice == 17:
            run(draw, self.built.arguments[-1], x, writes=(self.built.arguments[-1], x), pure=False)
        elif choice == 18:
            run(operator.setitem, x, slice(0, 1), self.operand())
        else:
            ufunc = BINARY[rng.integers(len(BINARY))]
            run(ufunc, x if rng.integers(2) else self.pick(), self.operand(), out=x)
        return None


def interpreted(program, given):
    """The results, instruction by instruction."""
    arrays = dict(zip(program.arguments, given))

    def array(value):
        return arrays[value] if value.constant is None else value.constant

    for each in [*program.setup, *program.instructions]:
        made = each.mapped(array)
        result = each.function(*made.args, **made.kwargs)
        if each.results:
            for value, one in zip(each.results, result if each.several else (result,)):
                arrays[value] = one
    return [array(value) for value in program.results]


def assert_same(a, b):
    assert type(a) is type(b)
    assert a.dtype == b.dtype
    assert a.shape == b.shape
    assert a.tobytes() == b.tobytes()


@pytest.fixture
def always_buffers(monkeypatch):
    monkeypatch.setattr(passes.buffers, "LEAST", 0)


@pytest.mark.usefixtures("always_buffers")
@pytest.mark.parametrize("start", range(0, 100, 20))
@np.errstate(all="ignore")
def test_random_programs_stay_the_same(start):
    for seed in range(start, start + 20):
        made = Random(seed)
        recorded, *stages = passes.run(made.program)
        runs = {stage.name: partial(interpreted, stage) for stage in stages[:-1]}
        function = stages[-1].function()
        runs["printed"] = lambda given, function=function: function(*given)
        for data in (seed, seed + 1000):
            given = made.given(data)
            expected = interpreted(recorded, given)
            for name, run in runs.items():
                mine = made.given(data)
                results = run(mine)
                kept = [np.array(each) for each in results]
                for a, b in zip([*results, *mine], [*expected, *given]):
                    assert_same(a, b)
                run(made.given(data + 1))
                for a, b in zip(results, kept):
                    assert a.tobytes() == b.tobytes(), f"{name}: another run wrote to a result"


def test_random_programs_are_changed_by_every_pass():
    stages = [passes.run(Random(seed).program) for seed in range(20)]
    for before, after in pairwise(zip(*stages)):
        changed = [a.instructions != b.instructions for a, b in zip(before, after)]
        assert sum(changed) > 10, after[0].name


def single(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def functions(program):
    return [getattr(each.function, "name", each.function) for each in program.instructions]


ONES = np.ones((4, 3), np.float32)


@pytest.mark.parametrize(
    ("function", "args", "gone"),
    [
        (np.multiply, ("x", 1), True),
        (np.multiply, (1.0, "x"), True),
        (np.multiply, ("x", np.float32(1)), True),
        (np.multiply, (ONES, "x"), True),
        (np.multiply, ("x", np.float64(1)), False),  # another dtype
        (np.multiply, ("row", ONES), False),  # another shape
        (np.multiply, ("z", 1), False),  # complex infinity times one is not a number
        (np.divide, ("x", 1), True),
        (np.divide, ("i", 1), False),
        (np.divide, (1, "x"), False),
        (np.subtract, ("x", 0), True),
        (np.subtract, ("x", 0.0), True),
        (np.subtract, ("x", -0.0), False),  # -0 becomes 0
        (np.subtract, (0, "x"), False),
        (np.add, ("x", 0), False),
        (np.multiply, ("x", True), False),
        (np.positive, ("x",), True),
        (Method("copy"), ("x",), True),
        (Method("copy"), ("fortran",), False),  # into another order
        (Method("astype"), ("x", np.float32), True),
        (Method("astype"), ("x", np.float64), False),
        (Method("reshape"), ("x", (4, 3)), True),
        (Method("reshape"), ("x", (3, 4)), False),
        (np.broadcast_to, ("x", (4, 3)), True),
        (operator.getitem, ("x", slice(None)), True),
        (operator.getitem, ("x", ...), True),
        (operator.getitem, ("x", slice(None, None, -1)), False),
        (Attribute("T"), ("row",), True),
        (Attribute("T"), ("x",), False),
    ],
)
def test_what_makes_no_difference_goes(function, args, gone):
    x = single(4, 3)
    arrays = {"x": x, "row": x[0], "fortran": np.asfortranarray(x), "z": x * 1j, "i": x.astype(int)}
    made = Builder(**arrays)
    values = dict(zip(arrays, made.arguments))

    def argument(a):
        if isinstance(a, np.ndarray):
            return Value.of(a, "", True)
        return values[a] if isinstance(a, str) else a

    y = made.run(function, *map(argument, args))
    result = made.run(np.exp, y)
    program = passes.simplify(made.program(result))
    assert functions(program)[:-1] == ([] if gone else [getattr(function, "name", function)])
    with np.errstate(all="ignore"):
        assert_same(program.function()(*made.given)[0], made.arrays[result])


def test_a_copy_of_what_nobody_needs_any_more_is_none():
    made = Builder(x=single(4, 3))
    x = made.arguments[0]
    a = made.run(np.exp, x)
    b = made.run(Method("copy"), a)
    c = made.run(np.sin, x)
    d = made.run(Method("copy"), c)
    made.run(np.add, d, 1, out=d)
    program = passes.simplify(made.program(b, d))
    assert functions(program) == [np.exp, np.sin, np.add]
    kept = passes.simplify(made.program(b, a, d))
    assert functions(kept).count("copy") == 1
    for each in (program, kept):
        found = each.function()(*made.given)
        assert_same(found[0], made.arrays[b])
        assert_same(found[-1], made.arrays[d])


def test_numbers_beside_numpys_are_pythons():
    made = Builder(s=np.float32(0.3), x=single(3))
    s, x = made.arguments
    a = made.run(np.divide, s, np.float32(64))
    a = made.run(np.multiply, np.float32(0.1), a)
    a = made.run(np.multiply, a, np.float64(0.1))
    b = made.run(np.multiply, x, np.float32(0.1))
    program = passes.simplify(made.program(a, b))
    texts = [repr(each.args[k]) for each, k in zip(program.instructions, (1, 0, 1, 1))]
    assert texts == ["64.0", "0.1", "np.float64(0.1)", "np.float32(0.1)"]
    for result, value in zip(program.function()(*made.given), (a, b)):
        assert_same(result, made.arrays[value])


def test_views_and_broadcasts_are_as_short_as_can_be():
    made = Builder(x=single(4, 3), s=np.float32(0.5))
    x, s = made.arguments
    y = made.run(Method("swapaxes"), made.run(Attribute("T"), x), 0, 1)
    y = made.run(Method("reshape"), made.run(Method("reshape"), y, (12,)), (2, 6))
    y = made.run(np.multiply, made.run(np.broadcast_to, s, (2, 6)), y)
    y = made.run(np.negative, made.run(np.negative, y))
    y = made.run(np.exp, made.run(Method("swapaxes"), y, -1, -2))
    program = passes.simplify(made.program(y))
    assert functions(program) == ["reshape", np.multiply, "T", np.exp]
    assert_same(program.function()(*made.given)[0], made.arrays[y])


def test_constants_are_computed_once_and_repetitions_found():
    made = Builder(x=single(4, 3))
    x = made.arguments[0]
    scale = made.run(np.divide, made.run(np.ones, (), np.float32), 12)
    index = made.run(np.add, made.run(np.arange, 0, 12, 3), 1)
    a = made.run(np.exp, made.run(np.multiply, x, scale))
    b = made.run(np.exp, made.run(np.multiply, x, scale))
    c = made.run(Method("take"), made.run(np.add, a, b), index)
    program = passes.fold(made.program(c))
    assert functions(program) == [np.multiply, np.exp, np.add, "take"]
    assert_same(program.function()(*made.given)[0], made.arrays[c])


@pytest.mark.parametrize("how", ["both are results", "one is written to", "an operand is written"])
def test_repetitions_that_are_none(how):
    made = Builder(x=single(4, 3))
    x = made.arguments[0]
    a = made.run(np.exp, x)
    if how == "an operand is written":
        made.run(np.add, x, 1, out=x)
    b = made.run(np.exp, x)
    if how == "one is written to":
        made.run(np.add, a, 1, out=a)
    c = made.run(np.subtract, a, b)
    program = passes.fold(made.program(*([a, b] if how == "both are results" else [c])))
    assert functions(program).count(np.exp) == 2


def test_numbers_that_are_equal_and_not_the_same():
    made = Builder(x=np.arange(3))
    x = made.arguments[0]
    numbers = (1, 1.0, True, np.float32(1), np.int64(1), 0.0, -0.0)
    results = [made.run(np.multiply, x, number) for number in numbers]
    scalars = [made.run(operator.getitem, each, 1) for each in results]
    program = passes.fold(made.program(*scalars))
    assert len(program.instructions) == len(made.instructions)


def test_chains_come_together_within_a_line():
    made = Builder(x=single(4, 3), y=single(4, 3))
    x, y = made.arguments
    a, b = made.run(np.exp, x), made.run(np.sin, y)
    a, b = made.run(np.negative, a), made.run(np.square, b)
    c = made.run(np.add, a, b)
    program = passes.bring_chains_together(made.program(c))
    assert functions(program) == [np.exp, np.negative, np.sin, np.square, np.add]
    for each in made.instructions[2:]:
        each.backward = True
    program = passes.bring_chains_together(made.program(c))
    assert functions(program) == [np.exp, np.sin, np.negative, np.square, np.add]


def test_chains_wait_for_no_write():
    made = Builder(x=single(4, 3), y=single(4, 3))
    x, y = made.arguments
    a = made.run(np.exp, x)
    made.run(np.multiply, x, 2, out=x)
    c = made.run(np.add, a, y)
    program = passes.bring_chains_together(made.program(c))
    assert functions(program) == [np.exp, np.multiply, np.add]


@pytest.mark.usefixtures("always_buffers")
def test_buffers_are_used_again_and_results_are_new():
    made = Builder(x=single(6, 6), w=single(6, 6))
    x, w = made.arguments
    hidden = made.run(np.tanh, made.run(np.matmul, x, w), hint="hidden")
    logits = made.run(np.matmul, hidden, w, hint="logits")
    again = made.run(np.matmul, logits, w, hint="again")
    small = made.run(np.matmul, again, made.run(operator.getitem, w, slice(None), hint="w"))
    row = made.run(np.add.reduce, small, axis=0, hint="row")
    out = made.run(np.add, row, 1, hint="out")
    program = passes.plan_buffers(made.program(out))
    kept = [each.function for each in program.setup]
    assert kept == [np.empty, np.ndarray, np.ndarray, np.empty]  # a row has a matrix's memory
    function = program.function()
    one, other = function(*made.given)[0], function(*made.given)[0]
    assert_same(one, made.arrays[out])
    assert not np.may_share_memory(one, other)


@pytest.mark.usefixtures("always_buffers")
def test_nothing_is_written_over_while_a_view_of_it_is_used():
    made = Builder(x=single(6, 6))
    a = made.run(np.exp, made.arguments[0])
    view = made.run(Attribute("T"), a)
    b = made.run(np.negative, a)
    c = made.run(np.add, b, view)
    d = made.run(np.add, c, made.run(Attribute("T"), c))
    program = passes.plan_buffers(made.program(made.run(np.sum, d)))
    exp, transpose, negative, add, _, last, _ = program.instructions
    assert transpose.function == Attribute("T")
    assert negative.writes != exp.writes
    assert add.writes == negative.results
    assert last.writes[0] is not last.args[0]  # NumPy would copy it first
    expected = np.sum(made.arrays[d])
    assert_same(program.function()(*made.given)[0], expected)


def test_a_sum_of_two_nans_of_one_element_is_the_first():
    made = Builder(x=np.full((1, 1), np.nan, np.float32), y=np.full((1, 1), -np.nan, np.float32))
    x, y = made.arguments
    result = made.run(np.add, made.run(Method("copy"), x), made.run(Method("copy"), y))
    program = passes.plan_buffers(made.program(made.run(np.copysign, 1, result)))
    assert_same(program.function()(*made.given)[0], np.ones((1, 1), np.float32))


def test_a_program_of_nothing():
    program = Program("recorded", "", [], [], [])
    assert passes.run(program)[-1].function()() == ()
    made = Builder(x=single(2))
    assert passes.run(made.program(*made.arguments))[-1].function()(*made.given)[0] is made.given[0]


def test_draws_stay_in_their_order():
    made = Builder(state=np.zeros(1, np.float32), a=single(3), b=single(3))
    state, a, b = made.arguments
    x, y = made.run(Method("copy"), a), made.run(Method("copy"), b)
    for target in (x, y):
        made.run(draw, state, target, writes=(state, target), pure=False)
    total = made.run(np.subtract, x, y)
    program = passes.run(made.program(total))[-1]
    assert functions(program).count(draw) == 2
    state = np.zeros(1, np.float32)
    assert program.function()(state, *made.given[1:])[0].tolist() == [-1, -1, -1]


def test_impure_instructions_stay():
    seen = []

    def see(x):
        seen.append(x)
        return x

    made = Builder(x=single(2))
    made.instructions.append(Instruction(see, (made.arguments[0],), {}, (), pure=False))
    passes.run(made.program())[-1].function()(*made.given)
    assert seen == made.given
