"""Small programs as single functions of loops: as eager but for rounding, and readable."""

import random
import subprocess
import sys

import minitorch as torch
import numpy as np
import pytest

pytest.importorskip("numba")

INDEX = torch.tensor([2, 0, -1, 2])
ROWS = torch.tensor([[1, 0, 2], [0, 0, 1]])


def loops_of(compiled):
    """The functions of loops in the programs that run."""
    return [
        each.function
        for programs in (compiled.programs, compiled.backward_programs)
        if programs
        for each in programs[-1].instructions
        if hasattr(each.function, "text")
    ]


def check(function, *args, expected=1, backward=True):
    """Values, dtypes, strides, gradients and what is written to."""
    compiled = torch.compile(function, backend="numba", fullgraph=True)
    for _ in range(3):
        mine, others = ([a.detach().clone() for a in args] for _ in range(2))
        for a, *copies in zip(args, mine, others, strict=True):
            for copy in copies:
                copy.requires_grad_(a.requires_grad)
        out, wanted = compiled(*mine), function(*others)
        close(out, wanted)
        if backward and wanted.requires_grad:
            g = torch.randn_like(wanted)
            out.backward(g)
            wanted.backward(g)
        for a, b in zip(mine, others, strict=True):
            close(a, b)
            assert (a.grad is None) == (b.grad is None)
            if a.grad is not None:
                close(a.grad, b.grad)
    assert len(loops_of(compiled)) >= expected, compiled.source
    return compiled


def close(a, b):
    assert a.dtype == b.dtype
    assert a.stride() == b.stride()
    rounding = 1e-4 if a.dtype == torch.float32 else 1e-9
    torch.testing.assert_close(a, b, rtol=rounding, atol=rounding, equal_nan=True)


def long(x):
    """Enough operations for a function, after the one that is looked at."""
    return ((x * 2 + 1) * x - 3) * 0.5 + x


ELEMENTWISE = {
    "tanh": lambda x, y: x.tanh() * y,
    "sigmoid": lambda x, y: x.sigmoid() + y,
    "relu": lambda x, y: (x * y).relu(),
    "exp log": lambda x, y: (x.abs() + 1).log() * (y * 0.1).exp(),
    "sqrt": lambda x, y: (x * x + 1).sqrt() / (y * y + 2),
    "power": lambda x, y: x**3 + (y.abs() + 1) ** -2,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "clamp": lambda x, y: x.clamp(-0.5, 0.5) * y,
    "where": lambda x, y: torch.where(x > y, x, -y),
    "masks": lambda x, y: ((x > 0) & (y < 0.5) | ~(x < -1)).to(x.dtype) * x,
    "masked fill": lambda x, y: x.masked_fill(y > 0, 0.25),
    "broadcast": lambda x, y: x * y[0] + y[:, :1],
    "rows": lambda x, y: x.softmax(1) * y.log_softmax(0),
    "norm": lambda x, y: (x - x.mean(1, keepdim=True)) / (y.var(0) + 1).sqrt(),
    "largest": lambda x, y: x * y.amax(0) - x.amin(1, keepdim=True),
    "total": lambda x, y: x * y.sum() + x.prod(1, keepdim=True),
    "product": lambda x, y: (x @ y.t()) @ y,
    "line": lambda x, y: (x @ y[0]).unsqueeze(1) * y + (x[:, 0] @ y),
    "transposed": lambda x, y: x.t().contiguous().t() * y,
    "reshaped": lambda x, y: x.t().reshape(x.shape) + y.reshape(-1).view(y.shape),
    "joined": lambda x, y: torch.cat([x[:, 1:], y[:, :1]], 1) + torch.stack([x, y]).sum(0),
    "taken": lambda x, y: x[INDEX] * y[INDEX],
    "columns": lambda x, y: x.index_select(1, INDEX[:2]).sum(1, keepdim=True) * y,
    "written": lambda x, y: written(x, y),
    "scalars": lambda x, y: x * y[1, 2] + x[0, 0] * y,
    "dtypes": lambda x, y: x.double().to(x.dtype) * y.to(torch.float32).to(y.dtype),
}


def written(x, y):
    out = x.clone()
    out[0] = y[1]
    out[:, 1] *= 2
    out[1:3] = 0.5
    return out * y


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_operations(name, dtype):
    x, y = (torch.randn(4, 3, dtype=dtype, requires_grad=True) for _ in range(2))
    check(lambda x, y: long(ELEMENTWISE[name](x, y)), x, y)


WHOLE_NUMBERS = {
    "int64": lambda x: (x * 3 + 7) * x - x // 1,
    "int32": lambda x: (x.int() * 2_000_000_000 + x.int()) * 3 - 1,
    "uint8": lambda x: (x.to(torch.uint8) * 200 + 100) * 3 + x.to(torch.uint8),
    "quotient": lambda x: (x * 3 + 1) / (x * x + 1) * 2 - 1,
    "mask": lambda x: ((x > 2) * 3 + (x == 1) * x) * 2 - x,
    "bits": lambda x: ((x & 6) | (x ^ 3)) * 2 + ~x - 1,
    "extremes": lambda x: torch.maximum(x * 2, x + 3).minimum(x * x) * 3 + x.abs(),
    "to floats": lambda x: (x.float() * 0.5 + x) * 3 - x.double(),
}


@pytest.mark.parametrize("name", WHOLE_NUMBERS)
def test_whole_numbers_are_exact(name):
    x = torch.tensor([[3, -7, 0, 2], [1, 2_000_000_000, -5, 9]])
    compiled = check(WHOLE_NUMBERS[name], x, expected=0)
    assert torch.equal(compiled(x), WHOLE_NUMBERS[name](x))


def test_nan_infinity_and_signs_of_zero():
    values = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-45, 3e38, -1.5]
    x = torch.tensor(values)
    y = torch.tensor(values[::-1])
    for function in (
        lambda x, y: torch.maximum(x, y) * 2 + x.relu() - torch.minimum(y, x) + x.clamp(-1, 2),
        lambda x, y: torch.where(x == y, x, y) + (x != x) * 1.0 + x.isfinite() * y.exp().tanh(),
        lambda x, y: 1 / (x * 1 * 1) + (y + x) * 0 + x.sigmoid() * y.abs().log(),
        lambda x, y: torch.stack([x, y]).amax(0) + torch.stack([x, y]).amin(0) * 2 + x - y,
    ):
        check(function, x, y)
    zeros = torch.compile(lambda x: -(x * 0.0) * 1.0 + -0.0 * x.abs(), backend="numba")
    for _ in range(3):
        made = zeros(torch.tensor([1.0, -1.0]))
    assert torch.signbit(made).tolist() == [True, False]


LAYOUTS = {
    "transposed": lambda x: x.t(),
    "every second": lambda x: x[:, ::2],
    "in the middle": lambda x: x[1:3, 1:],
    "reversed": lambda x: x.flip(0),
    "one row again": lambda x: x[:1].expand(4, 6),
    "a dimension more": lambda x: x[None, :, None],
    "three dimensions": lambda x: x.reshape(2, 2, 6).permute(2, 0, 1),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_inputs_in_any_order_of_memory(name):
    x = LAYOUTS[name](torch.randn(4, 6))
    compiled = torch.compile(
        lambda x: long(x * 2).sum(-1) + long(x).amax(-1), backend="numba", fullgraph=True
    )
    for _ in range(3):
        close(compiled(x), long(x * 2).sum(-1) + long(x).amax(-1))
    assert loops_of(compiled)


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 4), (1,), (1, 1), ()])
def test_empty_and_single(shape):
    x = torch.ones(shape, requires_grad=True)
    check(lambda x: long(x).tanh() * 2 + x, x, expected=0 if 0 in shape else 2)


def test_shapes_that_change():
    compiled = torch.compile(lambda x: long(x).sum(0), backend="numba", fullgraph=True)
    for shape in [(3, 4), (2, 4), (3, 4), (5, 1), (2, 4), (3, 4)] * 2:
        x = torch.randn(shape)
        close(compiled(x), long(x).sum(0))


def test_chained_scalars():
    x = torch.tensor(0.5, requires_grad=True)

    def step():
        x.grad = None
        y = x
        for _ in range(100):
            y = y * 0.99 + 0.01
        y.backward()
        return y

    compiled = torch.compile(step, backend="numba", fullgraph=True)
    y, grad = step(), x.grad.clone()
    for _ in range(3):
        close(compiled().detach(), y.detach())
        close(x.grad, grad)
    assert len(loops_of(compiled)) == 1


def test_what_is_written_to():
    def f(x, y):
        x.mul_(2).add_(y)
        y[:2] = x[:2] * 3
        return (x + y) * x - 1

    check(f, torch.randn(4, 3), torch.randn(4, 3))


def test_an_index_out_of_range_is_refused_as_before():
    def f(x, index):
        return long(x[index] * 2)

    compiled = torch.compile(f, backend="numba", fullgraph=True)
    x, index = torch.randn(4, 3), torch.tensor([0, 3])
    for _ in range(3):
        close(compiled(x, index), f(x, index))
    assert loops_of(compiled)
    with pytest.raises(IndexError, match="4"):
        compiled(x, torch.tensor([0, 4]))
    close(compiled(x, index), f(x, index))


def test_what_was_written_before_a_refused_index_is_written_once():
    def f(x, index):
        x.mul_(2).add_(1)
        return long(x[index] * 2).sum(0) + x.sum(0) * 2

    compiled = torch.compile(f, backend="numba", fullgraph=True)
    x, index = torch.randn(4, 3), torch.tensor([0, 3])
    for _ in range(3):
        mine, other = x.clone(), x.clone()
        close(compiled(mine, index), f(other, index))
        close(mine, other)
    assert len(loops_of(compiled)) >= 1
    mine, other = x.clone(), x.clone()
    for function, array in ((compiled, mine), (f, other)):
        with pytest.raises(IndexError):
            function(array, torch.tensor([0, 4]))
    close(mine, other)


def test_draws_come_between_functions():
    def f(x):
        y = long(x.tanh())
        return long(y * torch.rand_like(y))

    compiled = torch.compile(f, backend="numba", fullgraph=True)
    x = torch.randn(4, 3)
    for seed in range(3):
        torch.manual_seed(seed)
        out, then = compiled(x), torch.rand(2)
        torch.manual_seed(seed)
        close(out, f(x))
        assert torch.equal(then, torch.rand(2))
    assert len(loops_of(compiled)) == 2


def test_a_refused_index_leaves_the_generator_as_eager_does():
    def f(x, n):
        return long(x[torch.randint(0, 4, (3,)) + n] * 2)

    compiled = torch.compile(f, backend="numba", fullgraph=True)
    x, n = torch.randn(4, 3), torch.tensor(0)
    for _ in range(3):
        compiled(x, n)
    assert loops_of(compiled)
    after = []
    for function in (compiled, f):
        torch.manual_seed(1)
        with pytest.raises(IndexError):
            function(x, torch.tensor(4))
        after.append(torch.rand(3))
    assert torch.equal(*after)


def test_the_text_has_the_users_names_and_lines():
    def f(x, y):
        hidden = torch.tanh(x @ y)
        return (hidden * 2 + 1) * hidden

    compiled = torch.compile(f, backend="numba", fullgraph=True)
    for _ in range(2):
        compiled(torch.randn(9, 9), torch.randn(9, 9))
    text = compiled.source
    assert "@compiled\ndef f_loops(x, y" in text or "@compiled\ndef step_loops(x, y" in text
    assert "# test_compiled_loops.py:" in text
    assert "hidden = torch.tanh(x @ y)" in text
    assert "sgemm(101, 111, 111, 9, 9, 9, f4(1), x, 9, y, 9, f4(0), " in text
    assert max(map(len, text.splitlines())) <= 100


def test_a_saved_program_runs_alone(tmp_path):
    def f(x, y):
        return long(x @ y).sum(1)

    compiled = torch.compile(f, backend="numba", fullgraph=True)
    x, y = torch.randn(9, 9), torch.randn(9, 9)
    for _ in range(2):
        wanted = compiled(x, y)
    compiled.save(tmp_path / "saved.py")
    np.savez(tmp_path / "given.npz", x=x.numpy(), y=y.numpy(), wanted=wanted.numpy())
    code = (
        "import numpy as np, saved; given = np.load('given.npz')\n"
        "(out,) = saved.step(given['x'], given['y'])\n"
        "np.testing.assert_array_equal(out, given['wanted'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr


def test_in_threads():
    from concurrent.futures import ThreadPoolExecutor

    compiled = torch.compile(lambda x: long(x @ x).sum(0), backend="numba", fullgraph=True)
    xs = [torch.randn(12, 12) for _ in range(40)]
    with ThreadPoolExecutor(4) as pool:
        for x, out in zip(xs, pool.map(compiled, xs), strict=True):
            torch.testing.assert_close(out, long(x @ x).sum(0), rtol=1e-4, atol=1e-2)


ALL = [
    lambda v, x, w, b: v.tanh(),
    lambda v, x, w, b: v.relu() - 0.1 * v,
    lambda v, x, w, b: v @ w,
    lambda v, x, w, b: v @ w.t() + b,
    lambda v, x, w, b: v * b,
    lambda v, x, w, b: v.softmax(1) * x,
    lambda v, x, w, b: v - v.mean(0),
    lambda v, x, w, b: v / (v.std(1, keepdim=True) + 1),
    lambda v, x, w, b: torch.cat([v[:, 1:], v[:, :1]], 1),
    lambda v, x, w, b: v[INDEX],
    lambda v, x, w, b: torch.where(v > x, v, 0.5 * x),
    lambda v, x, w, b: (v * v + 1).sqrt(),
    lambda v, x, w, b: v.t().contiguous().t() * 1.5,
    lambda v, x, w, b: v * v.amax(1, keepdim=True).clamp(-2, 2),
    lambda v, x, w, b: written(v, x),
    lambda v, x, w, b: v + b.sum() * v.logsumexp(0),
]


@pytest.mark.parametrize("seed", range(12))
def test_random_programs(seed):
    rng = random.Random(seed)
    operations = tuple(rng.choice(ALL) for _ in range(rng.randrange(4, 12)))

    def f(x, w, b):
        v = x
        for operation in operations:
            v = operation(v, x, w, b)
        return v.mean() if seed % 2 else v

    torch.manual_seed(seed)
    dtype = rng.choice([torch.float32, torch.float64])
    given = [torch.randn(shape, dtype=dtype) for shape in ((4, 5), (5, 5), (5,))]
    for each in given:
        each.requires_grad_(rng.random() < 0.8)
    check(f, *given)
