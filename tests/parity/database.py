"""PyTorch's operator database as sample generator, PyTorch as oracle."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Any

import minitorch
import numpy as np
import torch
from torch.testing._internal.common_methods_invocations import op_db

SAMPLES = 24  # at most, per database entry and dtype, spread over what the database gives
LEAST = 12
DTYPES = (torch.float32, torch.float64, torch.complex64, torch.complex128, torch.int64)
SCOPE = Path(__file__).with_name("ops_in_scope.txt")


def names_in_scope() -> list[str]:
    """The operations of all sweeps."""
    return _names(SCOPE.read_text().partition("\n# compared")[0])


def names_compared() -> list[str]:
    """Those, and what only ``test_ops`` compares."""
    return _names(SCOPE.read_text())


def _names(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def entries(name: str) -> list[Any]:
    return [entry for entry in op_db if entry.name == name]


# --- from PyTorch to MiniTorch --------------------------------------------------------------------


def to_mini(value: Any, requires_grad: bool = False) -> Any:
    """``value``, and what it contains, in MiniTorch's types; tensors keep their strides."""
    if isinstance(value, torch.Tensor) and value.is_meta:
        made = minitorch.empty_strided(
            value.shape, value.stride(), dtype=to_mini(value.dtype), device="meta"
        )
        return made.requires_grad_(requires_grad and value.requires_grad)
    if isinstance(value, torch.Tensor) and value.dtype is torch.bfloat16:
        made = to_mini(value.detach().view(torch.int16)).view(minitorch.bfloat16)
        return made.requires_grad_(requires_grad and value.requires_grad)
    if isinstance(value, torch.Tensor):
        made = minitorch.from_numpy(value.detach().clone().resolve_conj().resolve_neg().numpy())
        if tuple(made.stride()) != tuple(value.stride()) and value.numel():
            made = minitorch.from_numpy(_strided_copy(value))
        return made.requires_grad_() if requires_grad and value.requires_grad else made
    if isinstance(value, torch.dtype | torch.memory_format | torch.layout):
        return getattr(minitorch, str(value).removeprefix("torch."))
    if isinstance(value, torch.device):
        return minitorch.device(str(value))
    if isinstance(value, torch.Size):
        return tuple(value)
    if isinstance(value, types.FunctionType):
        return rebind(value)
    if isinstance(value, list | tuple):
        made = [to_mini(v, requires_grad) for v in value]
        return made if isinstance(value, list) else tuple(made)
    if isinstance(value, dict):
        return {k: to_mini(v, requires_grad) for k, v in value.items()}
    return value


def fresh(value: Any) -> Any:
    """``value``, and what it contains, with tensors of their own, none of which requires grad."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, list | tuple) and not isinstance(value, torch.Size):
        return type(value)(map(fresh, value))
    return {k: fresh(v) for k, v in value.items()} if isinstance(value, dict) else value


def _strided_copy(value: torch.Tensor) -> Any:
    """A copy of ``value`` in memory laid out as ``value`` is (gaps, overlaps and all)."""
    span = 1 + sum((n - 1) * s for n, s in zip(value.shape, value.stride(), strict=True))
    memory = value.detach().as_strided((span,), (1,)).clone().numpy()
    strides = tuple(s * memory.itemsize for s in value.stride())
    return np.lib.stride_tricks.as_strided(memory, tuple(value.shape), strides)


def seeded(op: Any, *args: Any, **kwargs: Any) -> Any:
    """The database's ``wrapper_set_seed``."""
    minitorch.manual_seed(42)
    return op(*args, **kwargs)


def rebind(function: Any) -> Any:
    """A lambda of the database with ``torch`` meaning MiniTorch."""
    if not isinstance(function, types.FunctionType):
        return function
    cells = None
    if function.__closure__:
        cells = tuple(types.CellType(_closed(c.cell_contents)) for c in function.__closure__)
    names = {**function.__globals__, "torch": minitorch, "wrapper_set_seed": seeded}
    made = types.FunctionType(
        function.__code__, names, function.__name__, function.__defaults__, cells
    )
    made.__kwdefaults__ = function.__kwdefaults__
    return made


def _closed(value: Any) -> Any:
    if isinstance(value, types.FunctionType):
        return rebind(value)
    if callable(value) and getattr(value, "__module__", "") in ("torch", "torch._C._nn", None):
        return resolve(getattr(value, "__name__", "")) or value
    return to_mini(value) if not isinstance(value, type) else value


def resolve(name: str) -> Any:
    """MiniTorch's function of that name, its Tensor method where there is no function."""
    found: Any = minitorch
    for part in name.split("."):
        found = getattr(found, part, None)
        if found is None:
            break
    if found is None and "." not in name:
        found = getattr(minitorch.Tensor, name, None)
        if isinstance(found, property):
            return found.fget
    return found


def mini_function(entry: Any) -> Any:
    op = entry.op
    if isinstance(op, types.FunctionType) and op.__module__.startswith("torch.testing"):
        return rebind(op)
    return resolve(entry.name)


# --- samples --------------------------------------------------------------------------------------


def spread(found: list[Any], count: int) -> list[Any]:
    """``count`` of the samples, evenly over the list, where there are more."""
    if len(found) <= count:
        return found
    return [found[k * len(found) // count] for k in range(count)]


def samples(entry: Any, dtype: torch.dtype, requires_grad: bool) -> list[Any]:
    torch.manual_seed(0)
    return spread(list(entry.sample_inputs("cpu", dtype, requires_grad=requires_grad)), SAMPLES)


def more_samples(entry: Any, dtype: torch.dtype, requires_grad: bool) -> list[Any]:
    """Where the database gives few samples, also others of the same shapes."""
    found = samples(entry, dtype, requires_grad)
    while 0 < len(found) < LEAST:
        found += spread(
            list(entry.sample_inputs("cpu", dtype, requires_grad=requires_grad)),
            LEAST - len(found),
        )
    return found


def tensors(value: Any) -> list[Any]:
    """All tensors in ``value``, in order."""
    if isinstance(value, torch.Tensor | minitorch.Tensor):
        return [value]
    if isinstance(value, list | tuple):
        return [t for v in value for t in tensors(v)]
    if isinstance(value, dict):
        return [t for v in value.values() for t in tensors(v)]
    return []


def swapped(value: Any, swap: dict[int, Any]) -> Any:
    """``value`` with the tensors whose ids are keys of ``swap`` replaced."""
    if isinstance(value, list | tuple):
        return type(value)(swapped(v, swap) for v in value)
    if isinstance(value, dict):
        return {k: swapped(v, swap) for k, v in value.items()}
    return swap.get(id(value), value)


# --- what cannot be compared as it stands ---------------------------------------------------------

TIES = {  # the position of ``dim`` among the arguments, the reason
    name: (position, "of equal integers any index: PyTorch promises none; they lead to the values")
    for name, position in {"kthvalue": 1, "mode": 0, "topk": 1}.items()
}
# The cast to float32 rounds away the usual step; it is linear, so that a large one is exact.
# products of large numbers: of 1e6 a step of 1e-6 sees no more than four digits
STEPS = {"float": 2**-4, "masked.prod": 1e-4}
KINKS = {  # entries whose samples have no second derivative
    "linalg_norm_subgradients_at_zero": "at zero the gradient jumps: no gradgradcheck there",
}
# Functionals. Where the samples name a place twice PyTorch's gradient, a gather, is none of the
# function; the variant "grad" of these entries names each once.
TWICE = {
    f"nn_functional_max_unpool{n}d": "a place named twice has PyTorch's gradient, not a derivative"
    for n in (1, 2, 3)
}
COMPLEX128 = "complex64 is held against PyTorch's complex128"
# Here PyTorch's float32 loses up to four digits against its own float64: that is the oracle then.
DOUBLE = {
    ("nn.functional.ctc_loss", torch.float32): "float32 is held against PyTorch's float64",
    ("linalg.householder_product", torch.complex64): COMPLEX128,
    ("logcumsumexp", torch.complex64): COMPLEX128,
}


FLOAT32 = "bfloat16 is held against PyTorch's float32"
# Here PyTorch rounds to bfloat16 on the way, MiniTorch in the end: PyTorch's float32 is the oracle.
SINGLE = {
    **dict.fromkeys(("addcdiv", "div", "histc", "ldexp", "matrix_exp"), FLOAT32),
    **dict.fromkeys(("grid_sampler_2d", "grid_sampler_3d", "nn.functional.grid_sample"), FLOAT32),
    **dict.fromkeys(("nn.functional.batch_norm", "nn.functional.normalize"), FLOAT32),
}
WIDER = {
    torch.bfloat16: torch.float32, torch.float32: torch.float64, torch.complex64: torch.complex128
}  # fmt: skip


def widened(value: Any) -> Any:
    """``value`` in higher precision, its tensors apart from the ones given."""
    if isinstance(value, torch.Tensor):
        made = value.detach().to(WIDER.get(value.dtype, value.dtype))
        return made.requires_grad_(value.requires_grad)
    if isinstance(value, list | tuple):
        return type(value)(map(widened, value))
    return {k: widened(v) for k, v in value.items()} if isinstance(value, dict) else value


def check_ties(name: str, ours: Any, sample: Any) -> None:
    """The indices lead to the values, and none is named twice."""
    position = TIES[name][0]
    dim = sample.args[position] if len(sample.args) > position else sample.kwargs.get("dim", -1)
    x, (values, indices) = array(sample.input), map(array, ours)
    if not x.ndim:
        x, values, indices = x[None], values[..., None], indices[..., None]
    elif values.ndim < x.ndim:
        values, indices = np.expand_dims(values, dim), np.expand_dims(indices, dim)
    if not np.array_equal(np.take_along_axis(x, indices, dim), values):
        raise DisagreementError("the indices do not lead to the values")
    if not np.diff(np.sort(indices, dim), axis=dim).all():
        raise DisagreementError("an index is named twice")


SORTED = {"argsort", "kthvalue", "mode", "msort", "sort", "topk"}  # of bfloat16 many are equal


def in_order(name: str, result: Any, sample: Any) -> Any:
    """What of a result of sorting does not depend on which of equal numbers comes first."""
    if name == "argsort":
        input = sample.input if isinstance(result, torch.Tensor) else to_mini(sample.input)
        dim = sample.args[0] if sample.args else sample.kwargs.get("dim", -1)
        return input.take_along_dim(result, dim) if input.ndim else result
    return result[0] if isinstance(result, tuple) else result


# --- comparison -----------------------------------------------------------------------------------


class DisagreementError(AssertionError):
    pass


def array(t: Any) -> Any:
    if t.dtype in (torch.bfloat16, minitorch.bfloat16):
        return array(t.detach().float())
    return (
        t.detach().resolve_conj().resolve_neg().numpy()
        if isinstance(t, torch.Tensor)
        else t.detach().numpy()
    )


def compare(ours: Any, theirs: Any, what: str) -> None:
    """Shape, dtype and values; float64 to 1e-7, float32 to 1e-5 of the largest value, bfloat16
    to two of its digits."""
    if isinstance(theirs, list | tuple):
        if not isinstance(ours, list | tuple) or len(ours) != len(theirs):
            raise DisagreementError(f"{what}: {len(theirs)} results expected, got {ours!r}")
        for k, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            compare(a, b, f"{what}[{k}]")
        return
    if not isinstance(theirs, torch.Tensor):
        theirs = to_mini(theirs)
        if ours != theirs and not (ours != ours and theirs != theirs):
            raise DisagreementError(f"{what}: {ours!r} instead of {theirs!r}")
        return
    if not isinstance(ours, minitorch.Tensor):
        raise DisagreementError(f"{what}: {type(ours).__name__} instead of a Tensor")
    a, b = array(ours), array(theirs)
    if a.shape != b.shape:
        raise DisagreementError(f"{what}: shape {a.shape} instead of {b.shape}")
    if str(ours.dtype) != str(theirs.dtype):
        raise DisagreementError(f"{what}: dtype {ours.dtype} instead of {theirs.dtype}")
    if not close(a, b, 2**-6 if theirs.dtype is torch.bfloat16 else None):
        with np.errstate(all="ignore"):
            gap = np.nanmax(np.abs(a.astype(complex) - b)) if a.size else 0
        raise DisagreementError(f"{what}: values differ by up to {gap:.3g}\nours   {a}\ntheirs {b}")


def close(a: Any, b: Any, relative: float | None = None) -> bool:
    if b.dtype.kind not in "fc":
        return bool(np.array_equal(a, b))
    if relative is None:
        relative = 1e-7 if b.dtype.itemsize // (2 if b.dtype.kind == "c" else 1) == 8 else 1e-5
    finite = np.abs(b[np.isfinite(b)])
    scale = max(1.0, float(finite.max())) if finite.size else 1.0
    return bool(np.allclose(a, b, rtol=relative, atol=relative * scale, equal_nan=True))


def call(function: Any, sample: Any, arguments: tuple[Any, ...]) -> Any:
    input, args, kwargs = arguments
    return function(input, *args, **kwargs)


def check_sample(entry: Any, function: Any, sample: Any, gradients: bool) -> None:
    """One sample through both libraries; with ``gradients``, those of all inputs too."""
    theirs_in = (sample.input, sample.args, sample.kwargs)
    ours_in = to_mini(theirs_in, requires_grad=gradients)
    own = getattr(sample.input, "dtype", None)
    single = entry.name in SINGLE and own is torch.bfloat16
    rounded = single or (entry.name, own) in DOUBLE
    if rounded:
        theirs_in = widened(theirs_in)
    torch.manual_seed(1)
    theirs = sample.output_process_fn_grad(call(entry.op, sample, theirs_in))
    if rounded:
        theirs = theirs.to(own)
    minitorch.manual_seed(1)
    ours = rebind(sample.output_process_fn_grad)(call(function, sample, ours_in))
    if own is torch.bfloat16 and entry.name in SORTED:
        compare(*(in_order(entry.name, each, sample) for each in (ours, theirs)), "values")
        return
    if entry.name in TIES and not sample.input.is_floating_point():
        check_ties(entry.name, ours, sample)
        compare(ours[0], theirs[0], "values")
    else:
        compare(ours, theirs, "output")
    if not gradients:
        return
    pairs = [(o, t) for o, t in zip(tensors(ours), tensors(theirs), strict=True) if t.requires_grad]
    if not all(o.requires_grad for o, _ in pairs):
        raise DisagreementError("an output does not require grad")
    if not pairs:
        return
    random = np.random.default_rng(0)
    seeds = [
        torch.from_numpy(
            np.asarray(
                random.standard_normal(t.shape)
                + 1j * t.is_complex() * random.standard_normal(t.shape)
            ).astype(array(t).dtype)
        ).to(t.dtype)
        for _, t in pairs
    ]
    their_leaves = [t for t in tensors(theirs_in) if t.requires_grad]
    our_leaves = [
        o for o, t in zip(tensors(ours_in), tensors(theirs_in), strict=True) if t.requires_grad
    ]
    their_grads = torch.autograd.grad([t for _, t in pairs], their_leaves, seeds, allow_unused=True)
    our_grads = minitorch.autograd.grad(
        [o for o, _ in pairs],
        our_leaves,
        to_mini(seeds),
        allow_unused=True,
    )
    for k, (o, t) in enumerate(zip(our_grads, their_grads, strict=True)):
        if t is None or o is None:
            left = o if t is None else t
            if left is not None and np.any(array(left)):
                raise DisagreementError(f"gradient {k}: {o} instead of {t}")
        else:
            compare(o, t.to(own) if rounded else t, f"gradient {k}")


def check(name: str, dtype: torch.dtype) -> tuple[int, int]:
    """The samples of ``name`` in ``dtype``: how many were compared, of these with gradients."""
    values = grads = 0
    for entry in entries(name):
        if not entry.supports_dtype(dtype, "cpu"):
            continue
        function = mini_function(entry)
        if function is None:
            raise DisagreementError(f"minitorch has no {name}")
        backward = (
            entry.supports_autograd
            and (dtype.is_floating_point or dtype.is_complex)
            and dtype in entry.supported_backward_dtypes("cpu")
        )
        for k, sample in enumerate(more_samples(entry, dtype, backward)):
            try:
                check_sample(entry, function, sample, backward)
            except Exception as error:  # raised again with the sample
                where = f"{entry.formatted_name} {dtype} sample {k}: {str(sample)[:600]}\n"
                raise DisagreementError(f"{where}{type(error).__name__}: {error}") from error
            values += 1
            grads += backward
    return values, grads
