"""Optimizers whose update treats every element alike: all but LBFGS, Muon and Adafactor."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, NamedTuple, TypeVar

import numpy as np
from minitorch import Tensor, set_grad_enabled
from minitorch.extend import (
    SparseData,
    Variable,
    array_of,
    current,
    data_of,
    grad_of,
    mark_written,
    offer,
    wrap,
)

from .layout import SCRATCH, Buffers, Layout, flattened, scalar_dtype
from .optimizer import Optimizer, closure_loss
from .tensors import tensors

__all__ = ["ElementwiseOptimizer", "Update", "compiled", "first_state", "number"]

LAYOUTS = "_(buffers, layout per group)"  # among an optimizer's attributes, in the way of none


def number(value: Any, group: dict[str, Any]) -> Any:
    """A tensor as a Python number, unless the step is to be differentiable."""
    tensor = isinstance(value, Variable) and not group["differentiable"]
    return float(value) if tensor else value


class Update(NamedTuple):
    """What one kind of optimizer does to its parameters.

    ``kernel``           one of ``kernels``
    ``states(group)``    state of the parameter's shape with its first value
    ``options(...)``     the kernel's options and the scalar state after this step, from the state
                         before it (NumPy scalars, in the dtype they are kept in); ``fresh`` says
                         that the parameters have no state yet
    ``scalars(group)``   scalar state with its first value
    ``sparse``           whether a sparse gradient is taken, as the dense one that it stands for
    """

    kernel: Callable[..., Any]
    states: Callable[[dict[str, Any]], dict[str, Any]]
    options: Callable[..., tuple[dict[str, Any], tuple[float, ...]]]
    scalars: Callable[[dict[str, Any]], dict[str, Any]] = lambda group: {"step": 0.0}
    sparse: bool = False


T = TypeVar("T", bound="ElementwiseOptimizer")


class ElementwiseOptimizer(Optimizer):
    """Base of the optimizers that take such steps."""

    __update__: ClassVar[Update]  # in the way of no attribute of a user's subclass

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = closure_loss(closure)
        for number, group in enumerate(self.param_groups):
            if group["differentiable"]:
                with set_grad_enabled(True):
                    step_tensors(self.__update__, self.state, group)
            else:
                step_arrays(self.__update__, self, number, group)
        return loss

    step.__doc__ = Optimizer.step.__doc__

    def __recorded__(self, run: Callable[..., Any], writer: Any) -> bool:
        """Takes a step by ``run`` and has the compiler's ``writer`` write it.

        Returns False where it is not written.
        """
        from .recorded import Step  # only programs need it

        if any(group["differentiable"] for group in self.param_groups):
            run(self)
            return False
        steps = []
        for number, group in enumerate(self.param_groups):
            layout, _ = laid_out(self.__update__, self, number, group)
            steps += [Step(self, number, layout, fused) for fused in layout.fused_groups]
        run(self)
        for step in steps:
            step.write(writer)
        return True


def compiled(name: str) -> Callable[[type[T]], type[T]]:
    """Decorates an optimizer of whose kernel ``kernels.numba`` has a compiled one."""

    def offered(kind: type[T]) -> type[T]:
        def put(kernel: Callable[..., Any]) -> None:
            kind.__update__ = kind.__update__._replace(kernel=kernel)

        offer(name, kind.__update__.kernel, put)
        return kind

    return offered


def has_state(entry: dict[str, Any] | None, names: Iterable[str]) -> bool:
    return entry is not None and all(entry.get(name) is not None for name in names)


def first_state(
    update: Update, entry: dict[str, Any], p: Any, group: dict[str, Any]
) -> dict[str, Any]:
    """The state ``entry`` of ``p``, with what was missing."""
    for name, first in update.scalars(group).items():
        if not isinstance(entry.get(name), Variable):  # old checkpoints have a number
            entry[name] = wrap(np.array(entry.get(name, first), scalar_dtype()))
    for name, first in update.states(group).items():
        if entry.get(name) is None:
            array = np.empty(p.shape, data_of(p).dtype)
            flattened(array).fill(first)
            entry[name] = wrap(array)
    return entry


def laid_out(
    update: Update, optimizer: Any, number: int, group: dict[str, Any]
) -> tuple[Layout, list[Any]]:
    """The layout of a group, made anew where it no longer fits, and the gradients' arrays."""
    own = optimizer.__dict__
    buffers, laid = own.get(LAYOUTS) or own.setdefault(LAYOUTS, (Buffers(), {}))
    state = optimizer.state
    params, layout = group["params"], laid.get(number)
    scalars, states = tuple(update.scalars(group)), tuple(update.states(group))
    grads = None
    if layout is not None:
        grads = layout.gradients(params, state, (*scalars, *states))
    if layout is None or grads is None:
        active = [p for p in params if grad_of(p) is not None]
        fresh = {id(p) for p in active if not has_state(state.get(p), states)}
        if scalars or states:
            for p in active:
                first_state(update, state[p], p, group)
        layout = Layout(params, state, scalars, states, fresh, buffers)
        laid[number] = layout
        grads = [data_of(grad_of(p)) for p in active]
        if any(isinstance(g, SparseData) for g in grads):
            if not update.sparse:
                name = type(optimizer).__name__.removesuffix("W")
                raise RuntimeError(
                    f"{name} does not support sparse gradients, please consider SparseAdam instead"
                )
            grads = [g.dense() if isinstance(g, SparseData) else g for g in grads]
    return layout, grads


def step_arrays(update: Update, optimizer: Any, number: int, group: dict[str, Any]) -> None:
    layout, grads = laid_out(update, optimizer, number, group)
    without_warnings = current.state.without_warnings
    for fused, places in zip(layout.fused_groups, layout.places, strict=True):
        options, after = update.options(group, fused.fresh, *[v[0] for v in fused.values])
        for name, value in options.items():
            if isinstance(value, Tensor):
                options[name] = float(value)
        without_warnings(fused.update, update.kernel, [grads[k] for k in places], options)
        for values, value in zip(fused.values, after, strict=True):
            values.fill(value)
        mark_written(*fused.params)


def step_tensors(update: Update, state: Any, group: dict[str, Any]) -> None:
    """The same with tensors, so that ``backward`` goes through the step."""
    for p in group["params"]:
        g = p.grad
        if g is None:
            continue
        names, scalars = update.states(group), update.scalars(group)
        fresh = not has_state(state.get(p), names)
        entry = first_state(update, state[p], p, group) if names or scalars else {}
        before = [  # numbers, but tensors that want a gradient
            entry[name] if entry[name].requires_grad else array_of(entry[name])[()]
            for name in scalars
        ]
        states = [entry[name] for name in names]
        options, after = update.options(group, fresh, *before)
        made = update.kernel(tensors, (None,) * SCRATCH, p, g, *states, **options)
        for name, number in zip(scalars, after, strict=True):
            tensor = isinstance(number, Variable)
            entry[name] = number if tensor else wrap(np.array(number, scalar_dtype()))
        entry.update(zip(names, made[1:], strict=False))
        p.copy_(made[0])
