"""Optimizers whose update treats every element alike: all but LBFGS, Muon and Adafactor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minitorch import set_grad_enabled
from minitorch.extend import Variable, current, wrap

from .layout import SCRATCH, Buffers, Layout, scalar_dtype
from .optimizer import Optimizer, closure_loss
from .tensors import tensors

__all__ = ["ElementwiseOptimizer"]


class ElementwiseOptimizer(Optimizer):
    """A kernel, the state it keeps, and its options as of a step.

    ``kernel``           one of ``kernels``
    ``scalars``          scalar state with its first value, such as ``{"step": 0.0}``
    ``states(group)``    state of the parameter's shape with its first value
    ``options(...)``     the kernel's options and the scalar state after this step
    """

    kernel: Callable[..., Any]
    scalars: dict[str, float] = {"step": 0.0}  # noqa: RUF012

    def states(self, group: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    def options(
        self, group: dict[str, Any], fresh: bool, *scalars: float
    ) -> tuple[dict[str, Any], tuple[float, ...]]:
        raise NotImplementedError

    def _prepare(self) -> None:
        super()._prepare()
        self._buffers = Buffers()
        self._layouts: dict[int, Layout] = {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._layouts = {}

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
        params, names = group["params"], self.states(group)
        layout = self._layouts.get(number)
        grads = None if layout is None else layout.gradients(params, self.state, names)
        if layout is None or grads is None:
            layout = Layout(params, self.state, self.scalars, names, self._buffers)
            self._layouts[number] = layout
            grads = [p._grad._data for p in params if p._grad is not None]
        quiet = current.state.quiet
        for run, places in zip(layout.runs, layout.places, strict=True):
            options, after = self.options(group, run.fresh, *[v.item(0) for v in run.values])
            for name, value in options.items():
                if isinstance(value, Variable):
                    options[name] = float(value)  # type: ignore[arg-type]
            quiet(run.update, self.kernel, [grads[k] for k in places], options)
            for values, value in zip(run.values, after, strict=True):
                values.fill(value)
            for p in run.params:
                p._version[0] += 1

    def _step_tensors(self, group: dict[str, Any]) -> None:
        """The same with tensors, so that ``backward`` goes through the step."""
        for p in group["params"]:
            g = p.grad
            if g is None:
                continue
            entry, names = self.state[p], self.states(group)
            fresh = any(entry.get(name) is None for name in names)
            before = [float(entry.get(name, first)) for name, first in self.scalars.items()]
            states = [
                wrap(np.full(p.shape, first, p._data.dtype))
                if entry.get(name) is None
                else entry[name]
                for name, first in names.items()
            ]
            options, after = self.options(group, fresh, *before)
            made = self.kernel(tensors, (None,) * SCRATCH, p, g, *states, **options)
            for name, number in zip(self.scalars, after, strict=True):
                entry[name] = wrap(np.array(number, scalar_dtype()))
            entry.update(zip(names, made[1:], strict=False))
            p.copy_(made[0])
