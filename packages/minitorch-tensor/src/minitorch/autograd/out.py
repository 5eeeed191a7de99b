"""``out=``: the result is written into a tensor that the caller gives.

A def that declares the keyword ``out`` computes, and never looks at it: the public function does
(``operation`` and ``ops.arguments.take_tensors`` make them), and methods have none. Functions whose
first argument is no tensor call ``into`` themselves.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from .._types.dtype import can_cast
from ..kernels.memory import overlap
from ..kernels.meta import MetaArray
from .grad_mode import current, set_grad_enabled
from .variable import Variable

__all__ = [
    "any_dtype",
    "castable",
    "computing",
    "dtype_of_result",
    "into",
    "joined",
    "modulus",
    "unexpected",
]

F = TypeVar("F", bound=Callable[..., Any])
C_NAMES = {
    "uint8": "unsigned char", "int8": "signed char", "int64": "long int", "int16": "short",
    "int32": "int", "float16": "c10::Half", "float32": "float", "float64": "double",
    "complex64": "c10::complex<float>", "complex128": "c10::complex<double>",
}  # fmt: skip

# operations whose output shares no memory with an input
MOVING = {
    "cat", "gather", "index_add", "index_copy", "index_reduce", "index_select", "masked_select",
    "take",
}  # fmt: skip

# what PyTorch says of a dtype where it does not say the usual
BOOLS = "{name} only supports bool tensor for result, got: {given}"
COMPLEX = "Expected object of scalar type {made} but got scalar type {given} for argument 'out'"
INPUT = "{name}() out tensor must be same dtype as the input tensor"
PLACES = "{name}: Expected out tensor to have scalar type {made} but got scalar type {given}"
VALUES = "expected scalar type '{made}' but got '{given}' for {part} output"
POWER = (
    "the output given to float_power has dtype {given} but the operation's result requires dtype "
    "{made}"
)
NO_OTHER = "{name} does not support non-boolean outputs."
STATIC = "nonzero_static: Expected out tensor to have scalar type {made} but got {given}"
FREXP = "torch.frexp() expects {part} but got {given}"
SCANS = "expected scalar_type {made} but found {given}"
PLACE = (
    "torch.searchsorted(): output tensor's dtype is wrong, it can only be Int(int32) or "
    "Long(int64) depending on whether out_int32 flag is True, but we got output tensor's dtype "
    "{given} and out_int32 flag for {made}"
)
COUNTS = (
    "torch.histogram: input tensor and {part} tensor should have the same dtype, but got input "
    "{made} and {part} {given}"
)
SAFELY = (
    "{name}: Expected result to be safely castable from {made} dtype, but got result with dtype "
    "{given}"
)
# those of linear algebra without ``linalg_`` in their names
OF_MATRICES = {
    "cholesky", "cholesky_inverse", "cholesky_solve", "cond", "matrix_rank", "tensorinv",
    "tensorsolve",
}  # fmt: skip
STEP = (
    "heaviside is not yet implemented for complex tensors or tensors with different dtypes: "
    "{made} and an out tensor of {given}"
)
WORDS = {
    "all": BOOLS, "any": BOOLS, "complex": COMPLEX, "polar": COMPLEX, "nonzero": PLACES,
    "quantile": INPUT, "nanquantile": INPUT, "kthvalue": VALUES, "median": VALUES, "mode": VALUES,
    "nanmedian": VALUES, "cummax": SCANS, "cummin": SCANS,
    "isposinf": NO_OTHER, "isneginf": NO_OTHER, "signbit": NO_OTHER, "nonzero_static": STATIC,
    "searchsorted": PLACE, "bucketize": PLACE, "histogram": COUNTS, "heaviside": STEP,
    "frexp": FREXP, "float_power": POWER, "logcumsumexp": SCANS,
}  # fmt: skip


# Decorators of functions that declare ``out``: which dtypes it may have.


def dtype_of_result(function: F) -> F:
    """That of the result: the default of functions."""
    return _with_rule(function, "same")


def castable(function: F) -> F:
    """None of a lower category: the default of operations that promote their operands."""
    return _with_rule(function, "castable")


def modulus(function: F) -> F:
    """That of the result; of complex numbers also a complex one."""
    return _with_rule(function, "modulus")


def joined(function: F) -> F:
    """As ``castable``, with another error."""
    return _with_rule(function, "joined")


def computing(function: F) -> F:
    """Any: the function computes in it."""
    return _with_rule(function, "computing")


def any_dtype(function: F) -> F:
    """Any: the result is cast."""
    return _with_rule(function, "any")


def _with_rule(function: F, rule: str) -> F:
    function.out_dtype = rule  # type: ignore[attr-defined]  # functions take attributes
    return function


def unexpected(function: Any) -> TypeError:
    """Python's error for an argument that a function does not have."""
    return TypeError(f"{function.__name__}() got an unexpected keyword argument 'out'")


def into(
    out: Any,
    op: Callable[..., Any],
    *args: Any,
    rule: str = "same",
    warn: bool = True,
    **kwargs: Any,
) -> Any:
    """Writes ``op(*args, **kwargs)`` into ``out``, which it returns: a tensor, or a tuple of them.

    Args:
        rule: which dtypes ``out`` may have; see the decorators.
        warn: whether to warn where ``out`` holds elements and has another shape.

    Raises:
        TypeError: ``out`` is neither, or a tuple of another length than the results.
        RuntimeError: one of the tensors requires grad; ``out`` has another dtype; its elements
            share memory, among themselves or with a part of an input.
    """
    name = op.__name__
    several = isinstance(out, tuple | list)
    outs = tuple(out) if several else (out,)
    for each in outs:
        if not isinstance(each, Variable):
            kind = "tuple of Tensors" if several else "Tensor"
            raise TypeError(f"{name}(): argument 'out' must be {kind}, not {type(each).__name__}")
    inputs = [*_tensors((*args, *kwargs.values()))]
    if current.state.flags & 1 and any(x.requires_grad for x in (*outs, *inputs)):
        raise RuntimeError(
            f"{name}(): functions with out=... arguments don't support automatic differentiation, "
            "but one of the arguments requires grad."
        )
    if any(x._interpreter is not None and hasattr(x, "_given") for x in (*outs, *inputs)):
        raise RuntimeError(
            f"Batching rule not implemented for aten::{name}.out; the fallback path doesn't work "
            "on out= or view ops."
        )
    if any(hasattr(x, "_tangent") for x in (*outs, *inputs)):
        raise NotImplementedError(
            f"Trying to use forward AD with {name} that does not support it because it is an out= "
            "function"
        )
    if rule == "computing" and kwargs.get("dtype") is None:
        kwargs["dtype"] = outs[0].dtype
    if rule == "modulus":
        rule = "castable" if inputs[0].dtype.is_complex else "iterated"
    with set_grad_enabled(False):
        made = op(*args, **kwargs)
        results = made if isinstance(made, tuple) else (made,)
        if len(results) != len(outs) or several != isinstance(made, tuple):
            expected = f"tuple of {len(results)} elements" if len(results) > 1 else "Tensor"
            got = str(len(outs)) if several else type(out).__name__
            raise TypeError(f"{name}(): argument 'out' must be {expected} but got {got}")
        for each, result in zip(outs, results, strict=True):
            parts = ("hist", "bin_edges") if name == "histogram" else ("values", "indices")
            if name == "frexp":
                parts = (f"mantissa to have dtype {result.dtype}", "exponent to have int dtype")
            part = parts[each is not outs[0]]
            _check_dtype(name, result.dtype, each.dtype, "same" if several else rule, part)
            _check_overlap(name, each, inputs)
        for each, result in zip(outs, results, strict=True):
            _resize(each, result, warn)
        for each, result in zip(outs, results, strict=True):
            each.copy_(result)
    if not several:
        return out
    return made._make(outs) if hasattr(made, "_make") else outs


def _check_overlap(name: str, out: Any, inputs: list[Any]) -> None:
    """Raises where ``out`` shares some of its memory with an input, and is not the same, or
    anything where elements go to other places."""
    data = out._array()
    if isinstance(data, MetaArray):
        return
    for x in inputs:
        other = x._data
        if isinstance(other, MetaArray) or (other is data and name not in MOVING):
            continue
        found = overlap(other, data)
        if found == "partial" or (found and name in MOVING):
            raise RuntimeError(
                "unsupported operation: some elements of the input tensor and the written-to "
                "tensor refer to a single memory location. Please clone() the tensor before "
                "performing the operation."
            )


def _tensors(values: Any) -> Iterator[Variable]:
    for x in values:
        if isinstance(x, Variable):
            yield x
        elif isinstance(x, tuple | list):
            yield from _tensors(x)


def _check_dtype(name: str, made: Any, given: Any, rule: str, part: str) -> None:
    if made is given or rule == "any":
        return
    if rule in ("castable", "joined"):
        if can_cast(made, given):
            return
        if rule == "joined":
            raise TypeError(
                f"torch.cat(): input types can't be cast to the desired output type "
                f"{given.type_name}"
            )
        if name in OF_MATRICES:
            raise RuntimeError(SAFELY.format(name=name, made=made.type_name, given=given.type_name))
        raise RuntimeError(
            f"result type {made.type_name} can't be cast to the desired output type "
            f"{given.type_name}"
        )
    if rule == "iterated" and name not in WORDS:
        raise RuntimeError(f"Found dtype {given.type_name} but expected {made.type_name}")
    names = [C_NAMES.get(dtype.name, dtype.name) for dtype in (made, given)]
    message = f"Expected out tensor to have dtype {names[0]}, but got {names[1]} instead"
    types = {"name": name, "part": part, "made": made.type_name, "given": given.type_name}
    raise RuntimeError(WORDS[name].format(**types) if name in WORDS else message)


def _resize(out: Any, result: Any, warn: bool) -> None:
    """Gives ``out`` the shape of ``result``."""
    shape = result.shape
    if out.shape == shape:
        return
    if warn and out._data.size:
        warnings.warn(
            "An output with one or more elements was resized since it had shape "
            f"{list(out.shape)}, which does not match the required output shape {list(shape)}. "
            "This behavior is deprecated, and in a future PyTorch release outputs will not be "
            "resized unless they have zero elements. You can explicitly reuse an out tensor t by "
            "resizing it, inplace, to zero elements with t.resize_(0).",
            stacklevel=5,
        )
    out.resize_(shape)
