"""Optimizers whose update treats every element alike: all but LBFGS, Muon and Adafactor."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from minitorch import Tensor, set_grad_enabled
from minitorch.extend import Variable, current, wrap

from .layout import SCRATCH, Buffers, Layout, flat, scalar_dtype
from .optimizer import Optimizer, closure_loss
from .tensors import tensors

__all__ = ["ElementwiseOptimizer", "number"]


def number(value: Any, group: dict[str, Any]) -> Any:
    """A tensor as a Python number, unless the step is to be differentiable."""
    tensor = isinstance(value, Variable) and not group["differentiable"]
    return float(value) if tensor else value


class ElementwiseOptimizer(Optimizer):
    """A kernel, the state it keeps, and its options as of a step.

    ``kernel``           one of ``kernels``
    ``scalars(group)``   scalar state with its first value
    ``states(group)``    state of the parameter's shape with its first value
    ``options(...)``     the kernel's options and the scalar state after this step, from the state
                         before it (NumPy scalars, in the dtype they are kept in); ``fresh`` says
                         that the parameters have no state yet
    """

    kernel: Callable[..., Any]

    def scalars(self, group: dict[str, Any]) -> dict[str, Any]:
        return {"step": 0.0}

    def states(self, group: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError(f"{type(self).__name__} has no states")

    def options(
        self, group: dict[str, Any], fresh: bool, *scalars: Any
    ) -> tuple[dict[str, Any], tuple[float, ...]]:
        raise NotImplementedError(f"{type(self).__name__} has no options")

    def _prepare(self) -> None:
        super()._prepare()
        self._buffers = Buffers()
        self._layouts: dict[int, Layout] = {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._layouts = {}

    def has_state(self, p: Any, names: Iterable[str]) -> bool:
        entry = self.state.get(p) or {}
        return all(entry.get(name) is not None for name in names)

    def first_state(self, p: Any, group: dict[str, Any]) -> dict[str, Any]:
        """The state of ``p``, with what was missing."""
        entry: dict[str, Any] = self.state[p]
        for name, first in self.scalars(group).items():
            if not isinstance(entry.get(name), Variable):  # old checkpoints have a number
                entry[name] = wrap(np.array(entry.get(name, first), scalar_dtype()))
        for name, first in self.states(group).items():
            if entry.get(name) is None:
                array = np.empty(p.shape, p._data.dtype)
                flat(array).fill(first)
                entry[name] = wrap(array)
        return entry

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = closure_loss(closure)
        for number, group in enumerate(self.param_groups):
            if group["differentiable"]:
                with set_grad_enabled(True):
                    self._step_tensors(group)
            else:
                self._step_arrays(number, group)
        return loss

    step.__doc__ = Optimizer.step.__doc__

    def _step_arrays(self, number: int, group: dict[str, Any]) -> None:
        params, layout = group["params"], self._layouts.get(number)
        scalars, states = tuple(self.scalars(group)), tuple(self.states(group))
        grads = None
        if layout is not None:
            grads = layout.gradients(params, self.state, (*scalars, *states))
        if layout is None or grads is None:
            active = [p for p in params if p._grad is not None]
            fresh = {id(p) for p in active if not self.has_state(p, states)}
            if scalars or states:
                for p in active:
                    self.first_state(p, group)
            layout = Layout(params, self.state, scalars, states, fresh, self._buffers)
            self._layouts[number] = layout
            grads = [p._grad._data for p in active]
        quiet = current.state.quiet
        for run, places in zip(layout.runs, layout.places, strict=True):
            options, after = self.options(group, run.fresh, *[v[0] for v in run.values])
            for name, value in options.items():
                if isinstance(value, Tensor):
                    options[name] = float(value)
            quiet(run.update, self.kernel, [grads[k] for k in places], options)
            for values, value in zip(run.values, after, strict=True):
                values.fill(value)
            for p in run.params:
                p._counter[0] += 1

    def _step_tensors(self, group: dict[str, Any]) -> None:
        """The same with tensors, so that ``backward`` goes through the step."""
        for p in group["params"]:
            g = p.grad
            if g is None:
                continue
            names, scalars = self.states(group), self.scalars(group)
            fresh = not self.has_state(p, names)
            entry = self.first_state(p, group) if names or scalars else {}
            before = [entry[name]._array()[()] for name in scalars]
            states = [entry[name] for name in names]
            options, after = self.options(group, fresh, *before)
            made = self.kernel(tensors, (None,) * SCRATCH, p, g, *states, **options)
            for name, number in zip(scalars, after, strict=True):
                entry[name] = wrap(np.array(number, scalar_dtype()))
            entry.update(zip(names, made[1:], strict=False))
            p.copy_(made[0])
