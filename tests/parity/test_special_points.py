"""Values and gradients where functions are undefined, meet their bounds or jump.

Elementwise operations get every special number (of pairs of them, every pair), all others samples
of PyTorch's database whose tensors are filled with zeros, ties, infinities, NaN, large and
denormal numbers.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import database
import minitorch
import numpy as np
import pytest
import torch
from torch.testing._internal.common_methods_invocations import BinaryUfuncInfo, UnaryUfuncInfo

FEW = 6  # samples of each entry
NAMES = [name for name in database.names_in_scope() if not name.startswith("nn.")]
NUMBERS = (
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, 2.5, 1e-40, -1e-40, 1e-310, 1e-9, 20.0, -20.0,
    100.0, -100.0, 800.0, -800.0, 1e30, -1e30, 1e200, math.inf, -math.inf, math.nan,
)  # fmt: skip

CRASHES = {  # PyTorch's backward pass reads outside of its memory: segmentation fault
    "grid_sampler_2d", "grid_sampler_3d", "nn.functional.grid_sample",
}  # fmt: skip

LAPACK = "singular matrices, equal singular values, NaN: each LAPACK has its own answer, or none"
TIES = "which of equal numbers is found, PyTorch does not promise"
POLES = "at the poles and near them ours are the exact values"
NUMBER = "a sum with an infinity is infinite: PyTorch's formula subtracts infinities"
MASKED = "what has no part in a result has gradient 0, or NaN keeps NaN"
EXCLUDED = "with include_self=False PyTorch lets the tensor that is left out share ties"
DIFFERS = {  # names of which some points differ from PyTorch, and why
    **dict.fromkeys(
        ("linalg.cond", "linalg.eigh", "linalg.eigvalsh", "linalg.inv", "linalg.norm",
         "linalg.qr", "linalg.solve", "linalg.solve_triangular", "linalg.svd",
         "linalg.svdvals", "linalg.tensorinv", "linalg.tensorsolve", "logdet", "matrix_exp",
         "pinverse", "qr", "svd", "norm", "linalg.lu", "linalg.lu_factor", "linalg.lu_factor_ex",
         "linalg.lu_solve", "lu", "lu_solve", "lu_unpack", "triangular_solve"), LAPACK,
    ),
    **dict.fromkeys(
        ("linalg.householder_product", "ormqr"),
        "PyTorch's gradients divide by what may be 0, and spread NaN",
    ),
    **dict.fromkeys(("kthvalue", "msort", "nanmedian", "sort", "topk"), TIES),
    **dict.fromkeys(
        ("digamma", "mvlgamma", "polygamma", "special.polygamma", "special.log_ndtr",
         "logit", "special.i1", "special.i1e"), POLES,
    ),
    **dict.fromkeys(("trapezoid", "trapz", "std_mean", "var_mean"), NUMBER),
    **dict.fromkeys(
        ("cumprod", "linalg.vander", "linalg.vector_norm", "logcumsumexp", "masked.norm",
         "nanmean"),
        MASKED,
    ),
    **dict.fromkeys(("index_reduce", "scatter_reduce"), EXCLUDED),
    **dict.fromkeys(("fmod", "remainder"), "denormal divisors, which PyTorch takes for 0"),
    **dict.fromkeys(
        ("fft.irfft", "fft.irfft2", "fft.irfftn", "fft.hfft", "fft.hfft2", "fft.hfftn", "fft.ihfft",
         "fft.ihfft2", "fft.ihfftn"), "where in a line an infinity makes NaN",
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _quiet_oracle() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def one(number: float) -> Callable[[Any, Any], None]:
    def fill(t: Any, random: Any) -> None:
        if t.numel():
            t[np.unravel_index(random.integers(t.numel()), tuple(t.shape))] = number

    return fill


def drawn(*numbers: float) -> Callable[[Any, Any], None]:
    def fill(t: Any, random: Any) -> None:
        t.copy_(torch.from_numpy(random.choice(numbers, tuple(t.shape))))

    return fill


FILLS = {
    "zeros": drawn(0.0),
    "negative zeros": drawn(-0.0),
    "ones": drawn(1.0),
    "ties": drawn(0.0, 1.0),
    "signs": drawn(-1.0, 0.0, 1.0),
    "bits": drawn(0.25, 0.5, 1.0),
    "denormal": drawn(1e-310, -1e-310),
    "one nan": one(math.nan),
    "one inf": one(math.inf),
    "one -inf": one(-math.inf),
    "one zero": one(0.0),
    "all -inf": drawn(-math.inf),
    "all nan": drawn(math.nan),
}


def filled(arguments: Any, fill: Callable[[Any, Any], None]) -> Any:
    """The arguments with other numbers; what did not require grad (weights, say) stays."""
    made = database.fresh(arguments)
    random = np.random.default_rng(0)
    for t, old in zip(database.tensors(made), database.tensors(arguments), strict=True):
        if old.requires_grad and t.is_floating_point():
            fill(t, random)
            t.requires_grad_()
    return made


def points(entry: Any, dtype: torch.dtype) -> Iterator[tuple[str, Any, Any]]:
    """(what, arguments, sample)"""
    if not database.samples(entry, dtype, True):
        return
    first = database.samples(entry, dtype, True)[0]
    numbers = torch.tensor(NUMBERS, dtype=dtype)
    if isinstance(entry, UnaryUfuncInfo):
        for sample in database.spread(database.samples(entry, dtype, True), FEW):
            yield "numbers", (numbers.clone().requires_grad_(), sample.args, sample.kwargs), sample
        return
    if isinstance(entry, BinaryUfuncInfo):
        a, b = torch.meshgrid(numbers, numbers, indexing="ij")
        a, b = (t.clone().requires_grad_() for t in (a, b))
        yield "pairs", (a, (b, *first.args[1:]), first.kwargs), first
        for number in NUMBERS[:8]:
            x = numbers.clone().requires_grad_()
            yield f"with {number}", (x, (number, *first.args[1:]), first.kwargs), first
        return
    for k, sample in enumerate(database.spread(database.samples(entry, dtype, True), FEW)):
        arguments = (sample.input, sample.args, sample.kwargs)
        for what, fill in FILLS.items():
            if entry.name in CRASHES and ("nan" in what or "inf" in what):
                continue
            yield f"{what} {k}", filled(arguments, fill), sample


def same(a: Any, b: Any) -> bool:
    """NaN and infinities in the same places, the rest close."""
    if b.dtype.kind not in "fc":
        return bool(np.array_equal(a, b))
    relative = 1e-7 if b.dtype.itemsize == 8 else 2e-5
    with np.errstate(all="ignore"):
        a, b = np.broadcast_arrays(a, b)
        if not np.array_equal(np.isnan(a), np.isnan(b)):
            return False
        infinite = np.isinf(b)
        if (
            not np.array_equal(a[infinite], b[infinite])
            or not np.isfinite(a[~infinite & ~np.isnan(b)]).all()
        ):
            return False
        finite = np.isfinite(b)
        return bool(np.allclose(a[finite], b[finite], rtol=relative, atol=relative))


def faults(entry: Any, function: Any, dtype: torch.dtype) -> Iterator[str]:
    """A text for each point, empty where all agrees."""
    for what, arguments, sample in points(entry, dtype):
        ours_in = database.to_mini(arguments, True)
        process = sample.output_process_fn_grad
        try:
            theirs = process(entry.op(arguments[0], *arguments[1], **arguments[2]))
        except Exception:  # what is refused is compared elsewhere
            continue
        where = f"{what} {str(arguments[1:])[:80]}"
        try:
            ours = database.rebind(process)(function(ours_in[0], *ours_in[1], **ours_in[2]))
        except Exception as error:
            yield f"{where}: {error!r}"
            continue
        yield from compared(where, ours, theirs, ours_in, arguments)


def compared(where: str, ours: Any, theirs: Any, ours_in: Any, theirs_in: Any) -> Iterator[str]:
    ours, theirs = database.tensors(ours), database.tensors(theirs)
    for k, (o, t) in enumerate(zip(ours, theirs, strict=True)):
        x, y = database.array(o), database.array(t)
        yield "" if same(x, y) else f"{where}, output {k}: {differing(x, y, theirs_in)}"
    ends = [(o, t) for o, t in zip(ours, theirs, strict=True) if t.requires_grad]
    if not ends:
        return
    leaves = [t for t in database.tensors(theirs_in) if t.requires_grad]
    our_leaves = [t for t in database.tensors(ours_in) if t.requires_grad]
    random = np.random.default_rng(0)
    seeds = [
        random.uniform(0.5, 1, tuple(t.shape)).astype(database.array(t).dtype) for _, t in ends
    ]
    try:
        right = torch.autograd.grad(
            [t for _, t in ends],
            leaves,
            [torch.from_numpy(s.copy()) for s in seeds],
            allow_unused=True,
        )
    except Exception:
        return
    try:
        made = minitorch.autograd.grad(
            [o for o, _ in ends],
            our_leaves,
            [minitorch.from_numpy(s) for s in seeds],
            allow_unused=True,
        )
    except Exception as error:
        yield f"{where}, gradients: {error!r}"
        return
    for k, (o, t) in enumerate(zip(made, right, strict=True)):
        if o is None and t is None:
            continue
        shape = tuple((t if o is None else o).shape)
        x, y = (np.zeros(shape) if g is None else database.array(g + 0) for g in (o, t))
        yield "" if same(x, y) else f"{where}, gradient {k}: {differing(x, y, theirs_in)}"


def differing(a: Any, b: Any, arguments: Any) -> str:
    if a.shape != b.shape:
        return f"shape {a.shape} instead of {b.shape}"
    inputs = [database.array(t) for t in database.tensors(arguments)]
    found = [at for at in np.ndindex(b.shape) if not same(a[at], b[at])]
    parts = []
    for at in found[:4]:
        given = [float(x[at]) for x in inputs if x.shape == b.shape]
        parts.append(f"{a[at]} instead of {b[at]} at {given or at}")
    return f"{len(found)} of {b.size}: " + "; ".join(parts)


@pytest.mark.parametrize("name", NAMES)
def test_special_points(name: str, record_property: Any) -> None:
    """All points agree; of the names in ``DIFFERS`` some do not, or they would not be there."""
    results: list[str] = []
    for dtype in (torch.float32, torch.float64):
        for entry in database.entries(name):
            if entry.supports_autograd and entry.supports_dtype(dtype, "cpu"):
                results += faults(entry, database.mini_function(entry), dtype)
    found = list(filter(None, results))
    record_property("points", len(results))
    if name in DIFFERS:
        record_property("note", DIFFERS[name])
        assert found, "agrees: take it off the list"
    else:
        assert not found, f"{len(found)} of {len(results)} differ:\n" + "\n".join(found[:5])
