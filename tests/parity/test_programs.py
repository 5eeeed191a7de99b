"""Random programs of views, in-place writes, mixed dtypes, hooks and backward against PyTorch.

Hypothesis draws a program as numbers; both libraries run it step by step, each step in or out of
``no_grad`` and followed by an in-place write to its result or to an operand. What one refuses the
other must refuse. After each step all values, versions, ``requires_grad``, ``is_leaf`` and what
shares memory with what must agree, at the end all gradients and what the hooks have seen.
``pytest tests/parity/test_programs.py --programs 10000`` runs that many.
"""

from __future__ import annotations

import contextlib
import itertools
import operator
from typing import Any

import minitorch
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SHAPES = [(2, 3), (3,), (2, 1, 3), (2, 2), (), (1,)]
DTYPES = ("float64", "float32", "float16", "int64", "int32", "uint8", "int8", "bool")
PLAIN = ("float64",) * len(SHAPES)
MAX_TENSORS = 12


Step = tuple[int, int, int, int, bool]


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
GRAPH = {
    "hook": lambda T, x, n, seen: x.register_hook(hook(n, seen)),
    "retain_grad": lambda T, x, n, seen: x.retain_grad(),
    "post_hook": lambda T, x, n, seen: x.register_post_accumulate_grad_hook(
        lambda p: seen.append(("post", n, p.grad, p.grad.clone()))
    ),
    "requires_grad_": lambda T, x, n, seen: x.requires_grad_(n % 3 > 0),
    "detach_": lambda T, x, n, seen: x.detach_(),
    "backward": lambda T, x, n, seen: x.double().sum().backward(retain_graph=True),
    "forget": lambda T, x, n, seen: setattr(x, "grad", None),
}
STEPS = [*VIEWS.items(), *INPLACE.items(), *OUT_OF_PLACE.items(), *GRAPH.items()]
WRITES = [k for k, (name, _) in enumerate(STEPS) if name in INPLACE]


def hook(n: int, seen: list[Any]) -> Any:
    """Sees the gradient, twice that, or replaces it; what was seen stays to be compared."""

    def see(g: Any) -> Any:
        seen.append(("hook", n, g, g.clone()))
        return g * 2 if n % 3 == 1 else None

    return see


def quietly(T: Any, write: Any) -> Any:
    with T.no_grad():
        return write()


def leaves(T: Any, tracked: int, dtypes: tuple[str, ...]) -> list[Any]:
    made = []
    for k, (shape, dtype) in enumerate(zip(SHAPES, dtypes, strict=True)):
        values = np.arange(np.prod(shape)).reshape(shape) * 0.75 - k / 2
        values = np.abs(values) if dtype == "uint8" else values
        x = T.tensor(values.tolist(), dtype=T.float64).to(getattr(T, dtype))
        if tracked >> k & 1 and x.is_floating_point():
            x.requires_grad_()
        made.append(x)
    return made


def run_step(T: Any, pool: list[Any], seen: list[Any], step: Step) -> tuple[Any, Any]:
    """(new tensor or None, error or None)."""
    code, a, b, n, quiet = step
    name, action = STEPS[code % len(STEPS)]
    x, y = pool[a % len(pool)], pool[b % len(pool)]
    try:
        with T.no_grad() if quiet else contextlib.nullcontext():
            if name in GRAPH:
                action(T, x, n, seen)
                return None, None
            made = action(T, x, n) if name in VIEWS else action(T, x, y, n)
        return (None if name in INPLACE else made), None
    except StepError:
        return None, None
    except (RuntimeError, IndexError, ValueError, TypeError, NotImplementedError) as error:
        return None, error


# PyTorch refuses writes whose source overlaps the target in part where it can tell, and else may
# read what it has just written; here they are well defined.
# It lets fill_ and zero_ write to expanded tensors, which it lets one copy to themselves too, and
# deprecates index writes: all refused here.
OVERWRITTEN = "modified by an inplace operation"
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


def told(x: Any, what: str) -> Any:
    """The attribute, or that it is refused: of a split whose base was written to."""
    try:
        return getattr(x, what)
    except RuntimeError:
        return RuntimeError


def undefined(name: str, x: Any, y: Any) -> bool:
    """Whether a step casts to integers what does not fit: processors differ. Or what requires
    grad, after which PyTorch's integers require it too."""
    if name not in READ_AND_WRITE or x.is_floating_point() or not y.is_floating_point():
        return False
    if y.requires_grad:
        return True
    low = 0 if x.dtype is minitorch.uint8 else -128
    return not bool(((y.detach() > low - 1) & (y.detach() < 128)).all())


def describe(steps: list[Step]) -> str:
    return "; ".join(f"{STEPS[s[0] % len(STEPS)][0]}{s[1:]}" for s in steps)


def check_program(tracked: int, steps: list[Step], dtypes: tuple[str, ...]) -> None:
    theirs, ours = leaves(torch, tracked, dtypes), leaves(minitorch, tracked, dtypes)
    their_seen: list[Any] = []
    our_seen: list[Any] = []
    text = f"{describe(steps)} of {tracked:b} {dtypes}"
    for k, step in enumerate(steps):
        name = STEPS[step[0] % len(STEPS)][0]
        where = f"step {k} ({len(theirs)} tensors) of {text}"
        operands = [ours[number % len(ours)] for number in step[1:3]]
        if name == "unsqueeze_" and step[4] and operands[0].requires_grad:
            continue  # gradients of the old shape, and views, are refused after that
        if overlap(name, *operands) or undefined(name, *operands):
            continue
        derive_views(theirs)
        b, their_error = run_step(torch, theirs, their_seen, step)
        if their_error is not None and OVERLAP in str(their_error):
            continue
        if any(fault in str(their_error) for fault in FAULTS):
            return
        a, our_error = run_step(minitorch, ours, our_seen, step)
        if their_error is None and EXPANDED in str(our_error):
            assert name in REFUSED_EXPANDED, where
            return
        if name == "backward" and our_error is None and OVERWRITTEN in str(their_error):
            in_one_dtype(tracked, steps, dtypes, where)
            return
        assert (their_error is None) == (our_error is None), (
            f"{where}: PyTorch {their_error!r}, MiniTorch {our_error!r}"
        )
        if their_error is not None:
            if name == "backward":
                return  # it stopped on the way, with some of the gradients in place
            continue
        if b is not None and len(theirs) < MAX_TENSORS and b.numel() < 200:
            assert tuple(a.shape) == tuple(b.shape), where
            theirs.append(b)
            ours.append(a)
        with minitorch.no_grad() if k % 2 else contextlib.nullcontext():  # asking changes nothing
            compare_states(ours, theirs, where, dtypes)
    refused = compare_gradients(theirs, ours, text, dtypes)
    if refused == "by PyTorch":
        in_one_dtype(tracked, steps, dtypes, text)
        return
    if refused:
        return  # the pass stopped on the way
    our_seen.sort(key=operator.itemgetter(0, 1))  # which leaf comes first is left open
    their_seen.sort(key=operator.itemgetter(0, 1))
    assert [each[:2] for each in our_seen] == [each[:2] for each in their_seen], text
    for mine, other in zip(our_seen, their_seen, strict=True):
        for k, when in ((2, "later"), (3, "then")):
            where = f"{text}: the gradient a hook saw, {when}"
            compare(mine[k].detach(), other[k].detach(), where, dtypes)


def in_one_dtype(tracked: int, steps: list[Step], dtypes: tuple[str, ...], where: str) -> None:
    """An operand that was overwritten after it was promoted: PyTorch refuses, while here the
    promoted copy is still right. In one dtype both must refuse."""
    plain = [step for step in steps if STEPS[step[0] % len(STEPS)][0] != "float"]
    assert (dtypes, steps) != (PLAIN, plain), f"{where}: only PyTorch refuses"
    check_program(tracked, plain, PLAIN)


TOLERANCES = {"float16": 2e-2, "float32": 2e-4, "float64": 1e-5}


def compare(mine: Any, other: Any, where: str, through: tuple[str, ...]) -> None:
    """Agreement to the digits of the dtypes that floats came ``through``."""
    assert str(mine.dtype) == str(other.dtype), where
    a, b = mine.numpy(), other.numpy()
    assert a.shape == b.shape, where
    if a.tobytes() != b.tobytes():
        dtypes = (str(mine.dtype).removeprefix("torch."), *through)
        floats = mine.is_floating_point()
        tolerance = max(TOLERANCES.get(dtype, 0) for dtype in dtypes) if floats else 0
        size = np.abs(b[np.isfinite(b)], dtype=np.float64).max(initial=1e-4)
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * size, err_msg=where)


def compare_states(ours: list[Any], theirs: list[Any], where: str, dtypes: tuple[str, ...]) -> None:
    for number, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        compare(mine.detach(), other.detach(), f"{where}, tensor {number}", dtypes)
        for what in ("_version", "requires_grad", "is_leaf"):
            found = told(mine, what), told(other, what)
            assert found[0] == found[1], f"{where}: {what} of tensor {number}: {found}"
    compare_sharing(ours, theirs, where)


def compare_sharing(ours: list[Any], theirs: list[Any], where: str) -> None:
    """Whether pairs lie in one storage, and how far apart."""
    full = [k for k, x in enumerate(theirs) if x.numel()]
    for i, k in itertools.combinations(full, 2):
        a, b = theirs[i], theirs[k]
        mine, other = ours[i], ours[k]
        if a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr():
            distance = a.data_ptr() - b.data_ptr()
            assert mine.data_ptr() - other.data_ptr() == distance, f"{where}: {i} and {k} share"
        else:
            shared = np.may_share_memory(mine._array(), other._array())
            assert not shared, f"{where}: {i} and {k} share no memory in PyTorch"


def compare_gradients(theirs: Any, ours: Any, text: str, dtypes: tuple[str, ...]) -> str:
    """Who refuses: "" for nobody, "by PyTorch" where it alone does for what was overwritten."""
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
    if found[1] is None and OVERWRITTEN in str(found[0]):
        return "by PyTorch"
    if any(fault in str(found[0]) for fault in FAULTS):
        return "its fault"
    assert (found[0] is None) == (found[1] is None), f"{text}: {found[0]!r} against {found[1]!r}"
    if found[0] is not None:
        return "by both"
    for k, (other, mine) in enumerate(zip(theirs, ours, strict=True)):
        if told(other, "is_leaf") is not True and not other.retains_grad:
            continue
        assert (other.grad is None) == (mine.grad is None), f"{text}: gradient {k}"
        if other.grad is not None:
            compare(mine.grad, other.grad, f"{text}: gradient {k}", dtypes)
    return ""


def expanded(draws: list[tuple[int, int, int, int, int, int]]) -> list[Step]:
    """Each step with the write that follows it: to its result, to an operand, or to none."""
    steps = []
    for code, a, b, n, quiet, write in draws:
        steps.append((code, a, b, n, quiet == 0))
        target = (-1, a, b, None)[write % 4]
        if target is not None:
            steps.append((WRITES[write // 4 % len(WRITES)], target, b, n, quiet == 1))
    return steps


numbers = st.integers(0, 2**10)
places = st.integers(0, MAX_TENSORS - 1)
draws = st.tuples(numbers, places, places, numbers, st.integers(0, 7), numbers)
kinds = st.tuples(*[st.sampled_from(DTYPES)] * len(SHAPES))


@pytest.mark.filterwarnings("ignore")
def test_programs(request: pytest.FixtureRequest) -> None:
    @settings(
        max_examples=request.config.getoption("--programs", 300),
        deadline=None,
        database=None,
        derandomize=request.config.getoption("--hypothesis-seed", None) is None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.integers(0, 2 ** len(SHAPES) - 1), kinds, st.lists(draws, max_size=10))
    def every(tracked: int, dtypes: tuple[str, ...], drawn: Any) -> None:
        check_program(tracked, expanded(drawn), dtypes)

    every()
