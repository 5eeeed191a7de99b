"""Random programs of views, in-place writes, mixed dtypes and reductions against PyTorch.

Hypothesis draws a program as numbers; both libraries run it step by step. What one refuses the
other must refuse, and at the end all values, all ``requires_grad`` and all gradients must agree.
``pytest tests/parity/test_programs.py --programs 10000`` runs that many.
"""

from __future__ import annotations

import contextlib
from typing import Any

import minitorch
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

DTYPES = ("float64", "float32", "int64", "bool")
MAX_TENSORS = 10


class StepError(Exception):
    """The step means nothing for this tensor."""


def dim(x: Any, n: int) -> int:
    if not x.ndim:
        raise StepError
    return n % x.ndim


def part(x: Any, n: int) -> Any:
    """A basic key that fits."""
    if not x.ndim:
        return ()
    key: list[Any] = []
    for k, size in enumerate(x.shape):
        kind = (n >> (2 * k)) & 3
        if not size:
            key.append(slice(None))
        elif kind == 0:
            key.append(n % size)
        elif kind == 1:
            key.append(slice(n % size, None))
        elif kind == 2:
            key.append(slice(None, None, 2))
        else:
            key.append(slice(None))
    return tuple(key)


def index(T: Any, x: Any, n: int) -> Any:
    if not x.ndim or not x.shape[0]:
        raise StepError
    size = x.shape[0]
    return T.tensor([n % size, (n // 3) % size, -1 - n % size])


VIEWS = {
    "part": lambda T, x, n: x[part(x, n)],
    "select": lambda T, x, n: x.select(dim(x, n), 0),
    "narrow": lambda T, x, n: x.narrow(dim(x, n), 0, max(x.shape[dim(x, n)] - 1, 0)),
    "transpose": lambda T, x, n: x.transpose(dim(x, n), dim(x, n + 1)),
    "flatten": lambda T, x, n: x.flatten(),
    "view": lambda T, x, n: x.view(-1),
    "unsqueeze": lambda T, x, n: x.unsqueeze(n % (x.ndim + 1)),
    "squeeze": lambda T, x, n: x.squeeze(),
    "expand": lambda T, x, n: x.expand(2, *x.shape),
    "diagonal": lambda T, x, n: x.diagonal() if x.ndim > 1 else x[...],
    "unbind": lambda T, x, n: x.unbind(dim(x, n))[0],
    "split": lambda T, x, n: x.split(1, dim(x, n))[-1],
    "unfold": lambda T, x, n: x.unfold(dim(x, n), 1 + n % 2, 2),
    "detach": lambda T, x, n: x.detach(),
    "reshape": lambda T, x, n: x.reshape(1, -1),
    "movedim": lambda T, x, n: x.movedim(dim(x, n), 0),
    "tensor_split": lambda T, x, n: x.tensor_split(2, dim(x, n))[0],
}
INPLACE = {
    "mul_": lambda T, x, y, n: x.mul_(y),
    "add_": lambda T, x, y, n: x.add_(y),
    "mul_number": lambda T, x, y, n: x.mul_(n % 5 - 2),
    "set_number": lambda T, x, y, n: x.__setitem__(part(x, n), n % 7),
    "set_part": lambda T, x, y, n: x.__setitem__(part(x, n), y),
    "set_index": lambda T, x, y, n: x.__setitem__(index(T, x, n)[:1], y),
    "set_mask": lambda T, x, y, n: x.__setitem__(x > 1, 0),
    "copy_": lambda T, x, y, n: x.copy_(y),
    "zero_": lambda T, x, y, n: x.zero_(),
    "fill_": lambda T, x, y, n: x.fill_(n % 3),
    "masked_fill_": lambda T, x, y, n: x.masked_fill_(x < 0, 1),
    "index_fill_": lambda T, x, y, n: x.index_fill_(0, index(T, x, n), 2),
    "sin_": lambda T, x, y, n: x.sin_(),
    "tanh_": lambda T, x, y, n: x.tanh_(),
    "iadd_part": lambda T, x, y, n: x[part(x, n)].add_(1),
    "unsqueeze_": lambda T, x, y, n: x.unsqueeze_(0),
    "quiet_mul_": lambda T, x, y, n: quietly(T, lambda: x.mul_(2)),
}
OUT_OF_PLACE = {
    "add": lambda T, x, y, n: x + y,
    "mul": lambda T, x, y, n: x * y,
    "double": lambda T, x, y, n: x * 0.5,
    "sin": lambda T, x, y, n: x.sin(),
    "sum": lambda T, x, y, n: x.sum(dim(x, n)),
    "mean": lambda T, x, y, n: x.mean(),
    "amax": lambda T, x, y, n: x.amax(dim(x, n)),
    "gather": lambda T, x, y, n: x[index(T, x, n)],
    "index_put": lambda T, x, y, n: x.index_put((index(T, x, n),), x[0], accumulate=True),
    "cat": lambda T, x, y, n: T.cat([x, y], 0),
    "stack": lambda T, x, y, n: T.stack([x, x], 0),
    "clone": lambda T, x, y, n: x.clone(),
    "where": lambda T, x, y, n: T.where(x > 0, x, y),
    "flip": lambda T, x, y, n: x.flip(dim(x, n)),
    "float": lambda T, x, y, n: x.to(T.float32),
    "cumsum": lambda T, x, y, n: x.cumsum(dim(x, n)),
    "roll": lambda T, x, y, n: x.roll(n % 3, dim(x, n)),
    "masked_fill": lambda T, x, y, n: x.masked_fill(x > 1, 1),
    "sort": lambda T, x, y, n: x.sort(dim=dim(x, n), stable=True)[0],
    "tril": lambda T, x, y, n: x.tril(n % 3 - 1),
    # of a copy: PyTorch saves the input, of which the gradient needs the shape alone
    "take": lambda T, x, y, n: x.clone().gather(dim(x, n), T.zeros_like(x, dtype=T.int64)),
    "index_fill": lambda T, x, y, n: x.index_fill(0, index(T, x, n), 2),
    "contiguous": lambda T, x, y, n: x.contiguous(),
}
STEPS = [*VIEWS.items(), *INPLACE.items(), *OUT_OF_PLACE.items()]


def quietly(T: Any, write: Any) -> Any:
    with T.no_grad():
        return write()


def leaves(T: Any, tracked: int, dtypes: tuple[str, ...]) -> list[Any]:
    made = []
    for k, (shape, dtype) in enumerate(zip([(2, 3), (3,), (2, 1, 3), (2, 2)], dtypes, strict=True)):
        values = np.arange(np.prod(shape)).reshape(shape) * 0.75 - k
        x = T.tensor(values.tolist(), dtype=getattr(T, dtype))
        if tracked >> k & 1 and k < 2:
            x.requires_grad_()
        made.append(x)
    return made


def run_step(T: Any, pool: list[Any], step: tuple[int, int, int, int]) -> tuple[Any, Any]:
    """(new tensor or None, error or None)."""
    code, a, b, n = step
    name, action = STEPS[code % len(STEPS)]
    x, y = pool[a % len(pool)], pool[b % len(pool)]
    try:
        if name in VIEWS:
            return action(T, x, n), None
        made = action(T, x, y, n)
        return (made if name in OUT_OF_PLACE else None), None
    except StepError:
        return None, None
    except (RuntimeError, IndexError, ValueError, TypeError, NotImplementedError) as error:
        return None, error


# PyTorch refuses writes whose source overlaps the target in part where it can tell, and else may
# read what it has just written; here they are well defined.
# It lets fill_ and zero_ write to expanded tensors, which it lets one copy to themselves too, and
# deprecates index writes: all refused here.
OVERLAP = "refer to a single memory location"
FAULTS = (
    "INTERNAL ASSERT",
    "Autograd not support dtype",
)  # PyTorch's own, after x_int[i] = tracked
EXPANDED = "refers to a single memory location"
READ_AND_WRITE = ("mul_", "add_", "set_part", "set_index", "copy_")
REFUSED_EXPANDED = (
    "set_index",
    "set_mask",
    "fill_",
    "zero_",
    "index_fill_",
    "masked_fill_",
    "copy_",
)


def derive_views(tensors: list[Any]) -> None:
    """PyTorch derives the history of a view whose base was written to when it is asked for, and
    takes an unasked one for a leaf."""
    for x in tensors:
        with contextlib.suppress(RuntimeError):
            _ = x.grad_fn


def overlap(name: str, x: Any, y: Any) -> bool:
    """Whether a step writes to memory of which it reads other elements."""
    if name == "set_part" or not x.is_set_to(y):
        return name in READ_AND_WRITE and np.shares_memory(x._array(), y._array())
    return False


def describe(steps: list[tuple[int, int, int, int]]) -> str:
    return "; ".join(f"{STEPS[c % len(STEPS)][0]}({a}, {b}, {n})" for c, a, b, n in steps)


def check_program(
    tracked: int, steps: list[tuple[int, int, int, int]], dtypes: tuple[str, ...] = DTYPES
) -> None:
    theirs, ours = leaves(torch, tracked, dtypes), leaves(minitorch, tracked, dtypes)
    roots = list(zip(theirs, ours, strict=True))
    text = describe(steps)
    for k, step in enumerate(steps):
        where = f"step {k} of {text} ({len(theirs)} tensors)"
        operands = (ours[number % len(ours)] for number in step[1:3])
        if overlap(STEPS[step[0] % len(STEPS)][0], *operands):
            continue
        derive_views(theirs)
        b, their_error = run_step(torch, theirs, step)
        if their_error is not None and OVERLAP in str(their_error):
            continue
        if any(fault in str(their_error) for fault in FAULTS):
            return
        a, our_error = run_step(minitorch, ours, step)
        if their_error is None and EXPANDED in str(our_error):
            assert STEPS[step[0] % len(STEPS)][0] in REFUSED_EXPANDED, where
            return
        assert (their_error is None) == (our_error is None), (
            f"{where}: PyTorch {their_error!r}, MiniTorch {our_error!r}"
        )
        if their_error is not None:
            continue
        if b is not None and len(theirs) < MAX_TENSORS and b.numel() < 200:
            assert tuple(a.shape) == tuple(b.shape), where
            theirs.append(b)
            ours.append(a)
        for number, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            compare(mine.detach(), other.detach(), f"{where}, tensor {number}")
            assert mine._version == other._version, f"{where}: version of tensor {number}"
    if compare_gradients(theirs, ours, roots, text):
        # An operand that was overwritten after it was promoted: PyTorch refuses, while here the
        # promoted copy is still right. In one dtype both must refuse.
        assert dtypes is DTYPES, f"{text}: only PyTorch refuses"
        plain = [step for step in steps if STEPS[step[0] % len(STEPS)][0] != "float"]
        check_program(tracked, plain, ("float64",) * 4)


def compare(mine: Any, other: Any, where: str) -> None:
    assert str(mine.dtype) == str(other.dtype), where
    np.testing.assert_allclose(mine.numpy(), other.numpy(), rtol=2e-4, atol=1e-5, err_msg=where)


def compare_gradients(theirs: Any, ours: Any, roots: Any, text: str) -> bool:
    """True where PyTorch alone refuses for a value that was overwritten."""
    found = []
    for tensors in (theirs, ours):
        total, error = None, None
        try:
            for k, x in enumerate(tensors):
                if x.is_floating_point():
                    term = (x.double() * x.double() * (k + 1)).sum()
                    total = term if total is None else total + term
            if total is not None and total.requires_grad:
                total.backward()
        except RuntimeError as refused:
            error = refused
        found.append(error)
    if found[1] is None and "modified by an inplace operation" in str(found[0]):
        return True
    if any(fault in str(found[0]) for fault in FAULTS):
        return False
    assert (found[0] is None) == (found[1] is None), f"{text}: {found[0]!r} against {found[1]!r}"
    if found[0] is not None:
        return False
    for k, (other, mine) in enumerate(roots):
        assert (other.grad is None) == (mine.grad is None), f"{text}: gradient {k}"
        if other.grad is not None:
            compare(mine.grad, other.grad, f"{text}: gradient {k}")
    return False


numbers = st.integers(0, 2**10)
programs = st.lists(st.tuples(numbers, st.integers(0, 9), st.integers(0, 9), numbers), max_size=12)


@pytest.mark.filterwarnings("ignore")
def test_programs(request: pytest.FixtureRequest) -> None:
    @settings(
        max_examples=request.config.getoption("--programs", 300),
        deadline=None,
        database=None,
        derandomize=request.config.getoption("--hypothesis-seed", None) is None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.integers(0, 3), programs)
    def every(tracked: int, steps: list[tuple[int, int, int, int]]) -> None:
        check_program(tracked, steps)

    every()
