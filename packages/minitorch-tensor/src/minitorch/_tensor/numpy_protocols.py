"""NumPy's functions on tensors: ``np.sin(t)``, ``array @ t``, ``np.concatenate([t, array])``, ...

They reach the operations of the same meaning here, so the results are tensors and take part in
autograd. A function without a counterpart gets plain arrays and returns what NumPy returns; where a
tensor requires grad it raises, since the gradient would be lost in silence.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from ..autograd.grad_mode import is_grad_enabled
from ..autograd.variable import Variable
from ..ops.conversion import result_type
from ..ops.from_data import from_numpy, tensor

# the ufuncs that have another name here; all others are looked up by their own
UFUNCS = {
    "absolute": "abs",
    "fabs": "abs",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "conjugate": "conj",
    "degrees": "rad2deg",
    "radians": "deg2rad",
    "divide": "true_divide",
    "equal": "eq",
    "not_equal": "ne",
    "invert": "bitwise_not",
    "left_shift": "bitwise_left_shift",
    "right_shift": "bitwise_right_shift",
    "power": "pow",
    "rint": "round",
    "vecdot": "linalg.vecdot",
}
# these take tensors alone here
NO_NUMBERS = {
    "maximum", "minimum", "fmax", "fmin", "hypot", "arctan2", "nextafter", "copysign", "heaviside",
    "gcd", "lcm", "logaddexp", "logaddexp2", "logical_and", "logical_or", "logical_xor",
}  # fmt: skip
NO_COUNTERPART = {"divmod", "modf", "frexp", "spacing", "cbrt", "isnat", "matvec", "vecmat"}
REDUCTIONS = {
    "add": "sum",
    "multiply": "prod",
    "maximum": "amax",
    "minimum": "amin",
    "logical_and": "all",
    "logical_or": "any",
}


@cache
def _find(path: str) -> Any:
    """The function ``path`` of this package, None where there is none."""
    found: Any = sys.modules["minitorch"]  # names of the public modules, linalg.norm for one
    for name in path.split("."):
        found = getattr(found, name, None)
    return found if callable(found) else None


def array_ufunc(
    self: Any, ufunc: Any, method: str, *inputs: Any, out: Any = None, **kwargs: Any
) -> Any:
    """``Tensor.__array_ufunc__``."""
    name = ufunc.__name__
    function = None
    if out is None and method == "__call__" and not kwargs and name not in NO_COUNTERPART:
        function = _find(UFUNCS.get(name, name))
    elif out is None and method == "reduce" and kwargs.keys() <= {"axis", "keepdims"}:
        reduction = _find(REDUCTIONS.get(name, ""))
        if reduction is not None:
            axis = kwargs.get("axis", 0) if len(inputs) < 2 else inputs[1]
            dims = tuple(range(self.ndim)) if axis is None else axis
            return reduction(inputs[0], dims, keepdim=kwargs.get("keepdims", False))
    if function is not None:
        operands = [_operand(x) for x in inputs]
        if name in NO_NUMBERS and not all(isinstance(x, Variable) for x in operands):
            dtype = result_type(*operands)
            operands = [x if isinstance(x, Variable) else tensor(x, dtype=dtype) for x in operands]
        return function(*operands)
    if out is not None:
        kwargs["out"] = _arrays(out, f"numpy.{name}")
    return getattr(ufunc, method)(*_arrays(inputs, f"numpy.{name}"), **kwargs)


def array_function(self: Any, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """``Tensor.__array_function__``."""
    name = f"{func.__module__}.{func.__name__}".removeprefix("numpy.")
    counterpart = COUNTERPARTS.get(name)
    if counterpart is not None:
        try:
            inspect.signature(counterpart).bind(*args, **kwargs)
        except TypeError:
            pass  # an option that only NumPy has, such as out= or where=
        else:
            return counterpart(*map(_operand, args), **{k: _operand(v) for k, v in kwargs.items()})
    label = f"numpy.{name}"
    return func(*_arrays(args, label), **{k: _arrays(v, label) for k, v in kwargs.items()})


def _operand(x: Any) -> Any:
    """Arrays, also in sequences, as tensors."""
    if isinstance(x, np.ndarray):
        return from_numpy(x)
    if isinstance(x, np.generic):
        return x.item()
    return type(x)(map(_operand, x)) if type(x) in (list, tuple) else x


def _arrays(x: Any, name: str) -> Any:
    """Tensors, also in sequences, as arrays.

    Raises:
        RuntimeError: one requires grad.
    """
    if isinstance(x, Variable):
        if x.requires_grad and is_grad_enabled():
            raise RuntimeError(
                f"{name} (with these options) has no differentiable counterpart in MiniTorch and a "
                "tensor here requires grad. Use an operation of MiniTorch, or detach() the tensor."
            )
        return x._array()
    return type(x)(_arrays(y, name) for y in x) if type(x) in (list, tuple) else x


# --- NumPy's signatures on the operations here -------------------------------------------------


def _reduction(path: str) -> Callable[..., Any]:
    def reduce(a: Any, axis: Any = None, *, keepdims: Any = False) -> Any:
        dims = tuple(range(a.ndim)) if axis is None else axis
        return _find(path)(a, dims, keepdim=keepdims)

    return reduce


def _spread(path: str) -> Callable[..., Any]:
    def reduce(a: Any, axis: Any = None, *, ddof: Any = 0, keepdims: Any = False) -> Any:
        return _find(path)(a, axis, correction=ddof, keepdim=keepdims)

    return reduce


def _place(path: str) -> Callable[..., Any]:
    return lambda a, axis=None, *, keepdims=False: _find(path)(a, axis, keepdim=keepdims)


def _scan(path: str) -> Callable[..., Any]:
    return lambda a, axis=None: _find(path)(*((a.reshape(-1), 0) if axis is None else (a, axis)))


def _prod(a: Any, axis: Any = None, *, keepdims: Any = False) -> Any:
    if axis is None:
        return a.prod().reshape((1,) * a.ndim) if keepdims else a.prod()
    return a.prod(axis, keepdim=keepdims)


def _joining(path: str) -> Callable[..., Any]:
    return lambda arrays, axis=0: _find(path)(_tensors(arrays), axis)


def _tensors(arrays: Any) -> Any:
    return [x if isinstance(x, Variable) else from_numpy(np.asarray(x)) for x in arrays]


def _where(condition: Any, x: Any, y: Any) -> Any:
    return _find("where")(condition, x, y)


def _transpose(a: Any, axes: Any = None) -> Any:
    return a.permute(*reversed(range(a.ndim))) if axes is None else a.permute(*axes)


def _expand_dims(a: Any, axis: Any) -> Any:
    axes = (axis,) if isinstance(axis, int) else axis
    ndim = a.ndim + len(axes)
    for k in sorted(k % ndim for k in axes):
        a = a.unsqueeze(k)
    return a


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Any:
    return _find("linalg.norm")(x, ord, axis, keepdims)


def _round(a: Any, decimals: Any = 0) -> Any:
    return _find("round")(a, decimals=decimals)


COUNTERPARTS: dict[str, Callable[..., Any]] = {
    **{name: _reduction(name) for name in ("sum", "mean", "amax", "amin", "any", "all", "nansum")},
    "max": _reduction("amax"),
    "min": _reduction("amin"),
    "prod": _prod,
    "std": _spread("std"),
    "var": _spread("var"),
    "argmax": _place("argmax"),
    "argmin": _place("argmin"),
    "cumsum": _scan("cumsum"),
    "cumprod": _scan("cumprod"),
    "concatenate": _joining("cat"),
    "stack": _joining("stack"),
    "vstack": lambda tup: _find("vstack")(_tensors(tup)),
    "hstack": lambda tup: _find("hstack")(_tensors(tup)),
    "dstack": lambda tup: _find("dstack")(_tensors(tup)),
    "column_stack": lambda tup: _find("column_stack")(_tensors(tup)),
    "where": _where,
    "clip": lambda a, a_min=None, a_max=None: _find("clamp")(a, a_min, a_max),
    "round": _round,
    "around": _round,
    "sort": lambda a, axis=-1: _find("sort")(a, axis)[0],
    "argsort": lambda a, axis=-1: _find("argsort")(a, axis),
    "reshape": lambda a, shape: a.reshape(shape),
    "ravel": lambda a: a.reshape(-1),
    "transpose": _transpose,
    "swapaxes": lambda a, axis1, axis2: a.transpose(axis1, axis2),
    "moveaxis": lambda a, source, destination: _find("movedim")(a, source, destination),
    "squeeze": lambda a, axis=None: a.squeeze() if axis is None else a.squeeze(axis),
    "expand_dims": _expand_dims,
    "broadcast_to": lambda array, shape: array.expand(*shape) if shape else array,
    "flip": lambda m, axis=None: _find("flip")(m, tuple(range(m.ndim)) if axis is None else axis),
    "fliplr": lambda m: _find("fliplr")(m),
    "flipud": lambda m: _find("flipud")(m),
    "roll": lambda a, shift, axis=None: _find("roll")(a, shift, axis),
    "tile": lambda A, reps: _find("tile")(A, (reps,) if isinstance(reps, int) else reps),
    "repeat": lambda a, repeats, axis=None: _find("repeat_interleave")(a, repeats, axis),
    "tril": lambda m, k=0: _find("tril")(m, k),
    "triu": lambda m, k=0: _find("triu")(m, k),
    "diag": lambda v, k=0: _find("diag")(v, k),
    "diagonal": lambda a, offset=0, axis1=0, axis2=1: _find("diagonal")(a, offset, axis1, axis2),
    "trace": lambda a: a.diagonal(0, 0, 1).sum(-1),
    "dot": lambda a, b: _dot(a, b),
    "inner": lambda a, b: _find("inner")(a, b),
    "outer": lambda a, b: _find("outer")(a.reshape(-1), b.reshape(-1)),
    "kron": lambda a, b: _find("kron")(a, b),
    "tensordot": lambda a, b, axes=2: _find("tensordot")(a, b, axes),
    "einsum": lambda subscripts, *operands: _find("einsum")(subscripts, *operands),
    "isclose": lambda a, b, rtol=1e-5, atol=1e-8: _find("isclose")(a, b, rtol, atol),
    "real": lambda val: _find("real")(val),
    "imag": lambda val: _find("imag")(val),
    "angle": lambda z: _find("angle")(z),
    "zeros_like": lambda a: _find("zeros_like")(a),
    "ones_like": lambda a: _find("ones_like")(a),
    "empty_like": lambda prototype: _find("empty_like")(prototype),
    "full_like": lambda a, fill_value: _find("full_like")(a, fill_value),
    "copy": lambda a: a.clone(),
    "shape": lambda a: tuple(a.shape),
    "ndim": lambda a: a.ndim,
    "size": lambda a, axis=None: a.numel() if axis is None else a.shape[axis],
    "iscomplexobj": lambda x: x.dtype.is_complex,
    "isrealobj": lambda x: not x.dtype.is_complex,
    "linalg.norm": _norm,
    "linalg.inv": lambda a: _find("linalg.inv")(a),
    "linalg.det": lambda a: _find("linalg.det")(a),
    "linalg.solve": lambda a, b: _find("linalg.solve")(a, b),
    "linalg.cholesky": lambda a: _find("linalg.cholesky")(a),
}


def _dot(a: Any, b: Any) -> Any:
    """NumPy's ``dot``: products of vectors and matrices; beyond that it differs from ``matmul``."""
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    if a.ndim > 2 or b.ndim > 2:
        return _find("tensordot")(a, b, ([-1], [max(b.ndim - 2, 0)]))
    return a @ b
