"""Gradients that mix elements, with their numbers: an element is the sum of the incoming gradients,
each times the derivative of its result by that element. The rule itself gives these derivatives: it
is run on gradients that are 1 in one place and 0 elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.dispatch import of_arrays
from ..autograd.grad_mode import ERRSTATE, IGNORE_ALL
from .steps import Passed, Step
from .templates import gradient_values
from .values import Value

__all__ = ["derivatives"]

PLACES = 256  # of the incoming gradient: as often the rule is run
MOST = 8192  # derivatives


def derivatives(step: Step, passed: Passed) -> list[Any] | None:
    """By incoming gradient the derivatives, (elements of the gradient, elements of the incoming
    one); None where there are too many, or values are missing that the rule wants."""
    made, size = passed.value, sum(g.size for g in step.inputs)
    if made.array is None or made.rows is not None or not 0 < made.size * size <= MOST:
        return None
    if size > PLACES or any(g.dtype.kind != "f" or g.rows is not None for g in step.inputs):
        return None
    settings = ERRSTATE.set(IGNORE_ALL)
    try:
        found = [_by_one(step, passed, k) for k in range(len(step.inputs))]
    except Exception:  # values are missing, or are not as the rule wants them
        return None
    finally:
        ERRSTATE.reset(settings)
    total = sum(part @ g.array.reshape(-1) for part, g in zip(found, step.inputs, strict=True))
    same = np.allclose(total, made.array.reshape(-1), 1e-3, 1e-5, equal_nan=True)
    return found if same else None


def _by_one(step: Step, passed: Passed, which: int) -> Any:
    """The derivatives of the results by which one of the incoming gradients is."""
    rows = []
    for k in range(step.inputs[which].size):
        gs = [np.zeros(g.shape, g.dtype) for g in step.inputs]
        gs[which].reshape(-1)[k] = 1
        made = of_arrays(_rule)(step, passed.argument, _together(step, gs))
        rows.append(np.broadcast_to(made, passed.value.shape).reshape(-1))
    return np.stack(rows, 1)


def _together(step: Step, gs: list[Any]) -> Any:
    """Incoming gradients as a rule gets them: zeros where none came."""
    gs = [g if g.ndim else g[()] for g in gs]
    of = step.of
    if of is None or not step.numbers:
        return gs[0]
    arrived = dict(zip(step.numbers, gs, strict=True))
    whole = [
        arrived.get(k, np.zeros(out.shape, out.dtype))
        for k, out in enumerate(of.outputs)
        if out.dtype.kind in "fc"
    ]
    return whole[0] if len(whole) == 1 else tuple(whole)


def _rule(step: Step, argument: int, g: Any) -> Any:
    """The gradient that the rule gives an input."""
    primitive, of = step.primitive, step.of
    assert of is not None
    values = gradient_values(step)
    joint = primitive.joint is not None
    own = of.inputs[argument] if argument < len(of.inputs) else None
    if primitive.variadic:
        name = primitive.inputs[0].lstrip("*")
        values[name] = list(of.inputs)
        values[f"{name}_shapes"] = [x.shape for x in of.inputs]
        values[f"{name}_dtypes"] = [x.dtype for x in of.inputs]
    if isinstance(own, Value):
        values["shape"] = own.shape
    values["needs"] = (True,) * max(len(of.inputs), 1)
    arguments = [_array(values, name) for name in primitive.saved_names[0 if joint else argument]]
    if joint:
        return primitive.joint(g, *arguments)[argument]
    return primitive.rules[argument](g, *arguments)


def _array(values: dict[str, Any], name: str) -> Any:
    """What a rule gets under a name: a copy, which kernels may write to."""
    if name.endswith("_dtype") and name not in values:
        return values[name.removesuffix("_dtype")].dtype
    x = values[name]
    if isinstance(x, list | tuple):
        return type(x)(_array({"": each}, "") for each in x)
    if not isinstance(x, Value):
        return x
    if x.array is None or x.rows is not None:
        raise ValueError(f"{name} is known in part only")
    return x.array.copy("K") if x.shape else x.array[()]
