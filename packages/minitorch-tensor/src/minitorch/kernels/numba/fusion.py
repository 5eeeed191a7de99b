"""Chains of elementwise operations, with sums of their results, as one compiled kernel.

    fuse([("z", "add", ("x", "bias")), ("y", "relu", ("z",))],
         inputs={"x": ((64, 100), np.float32), "bias": ((100,), np.float32)},
         outputs={"y": (64, 100)})

is a function ``(x, bias, out=None) -> y`` that goes over memory once, on all cores. Its loops are
over the dimensions that all operands have, or lack, together: over 64 and 100 here, over 6400 if
``bias`` had the shape of ``x``. An output of fewer numbers than the loops run over is the sum.

What it knows is in ``OPERATIONS``. The values are of one dtype, float32 or float64, but for
conditions, which are bool; Python's numbers take that dtype, as PyTorch's scalars do.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from ..memory import packed
from ..parallel import WORTH, over_rows
from . import functions
from .jit import formula, from_text, sums

__all__ = ["CONDITIONS", "OPERATIONS", "fuse"]

Shape = tuple[int, ...]
Operand = str | float  # a value's name, or a number
Instruction = tuple[str, str, tuple[Operand, ...]]  # result, operation, operands

CONDITIONS = {
    "eq": "{0} == {1}",
    "ge": "{0} >= {1}",
    "gt": "{0} > {1}",
    "le": "{0} <= {1}",
    "logical_and": "{0} & {1}",
    "logical_not": "not {0}",
    "logical_or": "{0} | {1}",
    "lt": "{0} < {1}",
    "ne": "{0} != {1}",
}
OPERATIONS = CONDITIONS | {
    "abs": "abs({0})",
    "add": "{0} + {1}",
    "clamp_max": "{1} if {0} > {1} else {0}",
    "clamp_min": "{1} if {0} < {1} else {0}",
    "div": "{0} / {1}",
    "erf": "_f.erf({0})",
    "exp": "_f.exp({0})",
    "log": "_f.log({0})",
    "maximum": "{0} if {0} >= {1} else ({0} if {0} != {0} else {1})",
    "minimum": "{0} if {0} <= {1} else ({0} if {0} != {0} else {1})",
    "mul": "{0} * {1}",
    "neg": "-{0}",
    "pow": "",  # by an integer, see ``_power``
    "reciprocal": "_one / {0}",
    "relu": "_zero if {0} <= _zero else {0}",
    "rsqrt": "_one / _m.sqrt({0})",
    "sigmoid": "_f.sigmoid({0})",
    "sqrt": "_m.sqrt({0})",
    "square": "{0} * {0}",
    "sub": "{0} - {1}",
    "tanh": "_f.tanh({0})",
    "where": "{1} if {0} else {2}",
}
MOST = 64  # the largest exponent
PART = 1 << 16  # numbers that are added up in one go: few enough for float32's digits


class Array(NamedTuple):
    """An input or output: ``loops`` says which of the loops go over it, ``form`` how far."""

    name: str
    shape: Shape
    dtype: np.dtype[Any]
    loops: tuple[int, ...] = ()
    form: Shape = ()
    summed: bool = False


def fuse(
    program: Sequence[Instruction],
    inputs: Mapping[str, tuple[Shape, Any]],
    outputs: Mapping[str, Shape],
    into: Mapping[str, str] = MappingProxyType({}),
) -> Callable[..., Any]:
    """The program as one function ``(*inputs, out=None)``.

    Args:
        program: ``(result, operation, operands)``, in order; operands are names of inputs and
            results, or numbers.
        inputs: name -> (shape, dtype), in the order of the function's arguments. What has the
            shape ``()`` may be a number at each call.
        outputs: name of an input or result -> shape: that to which the inputs broadcast, or one
            that broadcasts to it, for the sum over what it lacks (as ``Tensor.sum_to_size``).
        into: name of a result -> name of the input, of the full shape, that it is written to.

    Returns:
        A function of arrays with these shapes and dtypes, in any order of memory but for those that
        are written to. It returns an array, a tuple where there are several outputs, None where
        there is none. ``out`` is the array, or the tuple, to write to: C-contiguous, of memory
        that no input shares.

    Raises:
        ValueError: an operation is not in ``OPERATIONS``, a name is unknown or no identifier, the
            dtypes are mixed, or the shapes do not broadcast.
    """
    shape = np.broadcast_shapes(*(given for given, _ in inputs.values()))
    dtype = _float_of(inputs)
    conditions = _conditions(program, inputs)
    bare = [
        Array(name, _padded(given, shape), np.dtype(kind)) for name, (given, kind) in inputs.items()
    ]
    for name, given in outputs.items():
        kind = np.dtype(np.bool_) if name in conditions else dtype
        bare.append(Array(name, _padded(given, shape), kind))
    loops = _loops(shape, [each.shape for each in bare])
    sizes = [math.prod(shape[d] for d in dims) for dims in loops]
    arrays = [_laid(each, loops, sizes) for each in bare]
    taken, made = arrays[: len(inputs)], arrays[len(inputs) :]
    text = _source(program, taken, made, into, len(loops), dtype)
    chunk = from_text(text, "chunk", _space, formula)
    return _function(chunk, taken, made, list(outputs.values()), [*into.values()], sizes)


def _float_of(inputs: Mapping[str, tuple[Shape, Any]]) -> np.dtype[Any]:
    kinds = {np.dtype(kind) for _, kind in inputs.values()} - {np.dtype(np.bool_)}
    for dtype in map(np.dtype, (np.float32, np.float64)):
        if kinds == {dtype}:
            return dtype
    raise ValueError(f"a fused chain is of float32 or of float64, but the inputs are {inputs}")


def _conditions(program: Sequence[Instruction], inputs: Mapping[str, Any]) -> set[str]:
    """The names of what is bool."""
    found = {name for name, (_, kind) in inputs.items() if np.dtype(kind) == np.bool_}
    for result, operation, operands in program:
        if operation in CONDITIONS or (operation == "where" and operands[1] in found):
            found.add(result)
    return found


# --- the loops ---------------------------------------------------------------------------------


def _padded(given: Shape, shape: Shape) -> Shape:
    """``given`` with ones in front; each size is that of ``shape``, or 1."""
    padded = (1,) * (len(shape) - len(given)) + tuple(given)
    if len(padded) != len(shape) or any(n not in (1, m) for n, m in zip(padded, shape)):
        raise ValueError(f"the shape {list(given)} does not broadcast to {list(shape)}")
    return padded


def _loops(shape: Shape, operands: list[Shape]) -> list[list[int]]:
    """The dimensions; neighbours that each operand either has or lacks make one loop."""
    loops: list[list[int]] = []
    before: Any = None
    for d, n in enumerate(shape):
        if n != 1:
            pattern = [each[d] == 1 for each in operands]
            if pattern == before:
                loops[-1].append(d)
            else:
                loops.append([d])
            before = pattern
    return loops


def _laid(array: Array, loops: list[list[int]], sizes: list[int]) -> Array:
    over = tuple(k for k, dims in enumerate(loops) if array.shape[dims[0]] != 1)
    form = tuple(sizes[k] for k in over) or (1,)
    return array._replace(loops=over, form=form, summed=len(over) < len(loops))


# --- the text of the kernel -----------------------------------------------------------------


def _source(
    program: Sequence[Instruction],
    taken: list[Array],
    made: list[Array],
    into: Mapping[str, str],
    depth: int,
    dtype: np.dtype[Any],
) -> str:
    """``def chunk(sizes, *inputs, *outputs)``."""
    known = {each.name for each in taken}
    first = {each.name: each for each in taken}
    for name in (*known, *(result for result, _, _ in program)):
        if not re.fullmatch("[a-zA-Z][a-zA-Z0-9_]*", name):
            raise ValueError(f"{name!r} cannot name a value: letters, digits and _ can")
    body = [f"{each.name} = {_element(each, '_in')}" for each in taken]
    for result, operation, operands in program:
        body.append(f"{result} = {_expression(operation, operands, known)}")
        known.add(result)
    for name in (*into, *(each.name for each in made)):
        if name not in known:
            raise ValueError(f"{name!r} is no result of the program")
    before, after = [], []  # of the innermost loop: sums over it
    for each in made:
        name, place = each.name, _element(each, "_out")
        if not each.summed:
            body.append(f"{place} = {name}")
        elif depth - 1 in each.loops:
            body.append(f"{place} += {name}")
        else:
            before.append(f"_{name}_sum = _zero")
            body.append(f"_{name}_sum = _add(_{name}_sum, {name})")
            after.append(f"{place} += _{name}_sum")
    for result, name in into.items():
        if first[name].summed:
            raise ValueError(f"{result!r} cannot be written to {name!r}, which is broadcast")
        body.append(f"{_element(first[name], '_in')} = {result}")
    names = [f"_{each.name}_in" for each in taken] + [f"_{each.name}_out" for each in made]
    lines = [f"def chunk(_sizes, {', '.join(names)}):"]
    lines += [f"    _kind = _{dtype.name}", "    _zero, _one = _kind(0), _kind(1)"]
    for k in range(depth):
        lines += ["    " * depth + line for line in before] if k == depth - 1 else []
        lines.append("    " * (k + 1) + f"for _{k} in range(_sizes[{k}]):")
    lines += ["    " * (depth + 1) + line for line in body]
    lines += ["    " * depth + line for line in after]
    return "\n".join(lines) + "\n"


def _element(array: Array, side: str) -> str:
    return f"_{array.name}{side}[{', '.join(f'_{k}' for k in array.loops) or 0}]"


def _expression(operation: str, operands: tuple[Operand, ...], known: set[str]) -> str:
    if operation not in OPERATIONS:
        raise ValueError(f"no fused chain has the operation {operation!r}")
    terms = []
    for operand in operands:
        if isinstance(operand, str) and operand not in known:
            raise ValueError(f"{operand!r} is neither an input nor a result before")
        if isinstance(operand, str | bool):
            terms.append(str(operand))
        else:  # repr: nan and inf are names in the kernel's text
            terms.append(f"_kind({float(operand)!r})")
    if operation == "pow":
        return _power(terms[0], operands[1])
    return OPERATIONS[operation].format(*terms)


def _power(x: str, exponent: Operand) -> str:
    """x^n by products; of a negative n the reciprocal."""
    if isinstance(exponent, str) or not (abs(exponent) <= MOST and exponent == int(exponent)):
        raise ValueError(f"a fused chain takes integer powers up to {MOST}, not {exponent!r}")
    n, product, square = abs(int(exponent)), "_one", x
    while n:
        if n & 1:
            product = square if product == "_one" else f"{product} * {square}"
        square, n = f"({square} * {square})", n >> 1
    return product if exponent >= 0 else f"_one / ({product})"


# --- the function over threads -----------------------------------------

_add = sums(lambda a, b: a + b)  # in any order
_space: dict[str, Any] = {
    "_f": functions,
    "_m": math,
    "_add": _add,
    "nan": math.nan,
    "inf": math.inf,
}
_space |= {"_float32": np.float32, "_float64": np.float64}


def _function(
    chunk: Any,
    taken: list[Array],
    made: list[Array],
    shapes: list[Shape],
    written: list[str],
    sizes: list[int],
) -> Callable[..., Any]:
    length, size = (sizes or [1])[0], math.prod(sizes)
    rest = tuple(sizes[1:])
    sums = any(each.summed for each in made)
    step = max(1, PART * length // max(size, 1)) if sums else max(length, 1)
    small = size * 4 < WORTH and length <= step  # one call of the kernel

    def function(*arrays: Any, out: Any = None) -> Any:
        given = [_operand(a, each, written) for a, each in zip(arrays, taken, strict=True)]
        if out is None:
            outs = [np.empty(s, each.dtype) for s, each in zip(shapes, made, strict=True)]
        else:
            outs = list(out) if isinstance(out, list | tuple) else [out]
        targets = [a.reshape(each.form) for a, each in zip(outs, made, strict=True)]
        result = None if not outs else outs[0] if len(outs) == 1 else tuple(outs)
        if small:
            for array, each in zip(targets, made):
                if each.summed:
                    array.fill(0)
            chunk((length, *rest), *given, *targets)
            return result
        parts: dict[int, Any] = {}  # of the sums, in one order whichever thread is first

        def work(start: int, stop: int) -> None:
            for k in range(start, stop, step):
                end = min(k + step, stop)
                operands = [a[k:end] if 0 in each.loops else a for a, each in zip(given, taken)]
                pieces = [a[k:end] if 0 in each.loops else a for a, each in zip(targets, made)]
                for number, each in enumerate(made):
                    if each.summed:
                        pieces[number] = np.zeros(pieces[number].shape, each.dtype)
                chunk((end - k, *rest), *operands, *pieces)
                if sums:
                    parts[k] = slice(k, end), pieces

        over_rows(work, length, size * 4)
        for number, each in enumerate(made):
            if each.summed and 0 in each.loops:
                for place, pieces in parts.values():
                    targets[number][place] = pieces[number]
            elif each.summed:
                pieces = [parts[k][1][number] for k in sorted(parts)]
                targets[number][...] = np.add.reduce(pieces, axis=0)
        return result

    return function


def _operand(array: Any, wanted: Array, written: list[str]) -> Any:
    if not isinstance(array, np.ndarray):
        array = np.asarray(array, wanted.dtype)
    if array.dtype != wanted.dtype or (wanted.name in written and not array.flags.c_contiguous):
        raise TypeError(
            f"the fused kernel takes {wanted.name} as {wanted.dtype}, in C order where it is "
            f"written to, but got {array.dtype} with strides {array.strides}"
        )
    return packed(array).reshape(wanted.form)
