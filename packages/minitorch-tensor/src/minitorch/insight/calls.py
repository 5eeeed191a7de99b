"""What is written down of the calls of modules and the steps of optimizers."""

from __future__ import annotations

import weakref
from time import perf_counter
from typing import Any

from ..autograd.grad_mode import current
from ..autograd.variable import Variable
from .forward import Forward
from .steps import Call, Step
from .values import Value

__all__ = ["Calls"]

# siblings that may be installed, and their hooks
HOOKS: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "minitorch.nn.module": [
        ("register_module_forward_pre_hook", "_enter_module", {}),
        ("register_module_forward_hook", "_leave_module", {"always_call": True}),
    ],
    "minitorch.optim.optimizer": [
        ("register_optimizer_step_pre_hook", "_before_optimizer", {}),
        ("register_optimizer_step_post_hook", "_after_optimizer", {}),
    ],
}


class Calls(Forward):
    """The recorder that knows which module or optimizer runs an operation."""

    def _enter_module(self, module: Any, args: Any) -> None:
        if self not in current.state.interpreters:  # in another thread, or within a transform
            return
        if id(module) not in self._modules:
            self._modules[id(module)] = (module, "")
            for name, each in module.named_modules():
                self._modules.setdefault(id(each), (each, name))
            for name, parameter in module.named_parameters():
                self.names.setdefault(id(parameter), (parameter, name))
        name = self._modules[id(module)][1]
        self.call = call = Call(name, type(module).__name__, self.call, module)
        self.calls.append(call)

    def _leave_module(self, module: Any, args: Any, output: Any) -> None:
        call = self.call
        while call is not None and call.module is not module:
            call = call.parent
        if call is not None and self in current.state.interpreters:
            self.call, call.module = call.parent, None

    def _before_optimizer(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        if self not in current.state.interpreters:
            return
        step = Step("optimizer", type(optimizer).__name__, self._place(), self.call)
        step.inputs = taken = []
        for group in optimizer.param_groups:
            for p in group["params"]:
                if isinstance(p, Variable) and p._grad is not None:
                    taken.append((weakref.ref(p), self._given(p), self._given_grad(p)))
        first = optimizer.param_groups[0] if optimizer.param_groups else {}
        step.params = tuple((key, each) for key, each in first.items() if key != "params")
        outside, self.call = self.call, Call(f"{step.name}.step", "Optimizer", self.call)
        self.calls.append(self.call)
        self._optimizers.append((step, outside, perf_counter()))

    def _given_grad(self, p: Any) -> Value:
        value = self._find(p._grad)
        return self._new(p._grad, None, f"{self._name(p)}.grad") if value is None else value

    def _after_optimizer(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        if not self._optimizers or self not in current.state.interpreters:
            return
        step, self.call, started = self._optimizers.pop()
        step.seconds = perf_counter() - started
        changes = []
        outputs = []
        for reference, before, g in step.inputs:
            p = reference()
            if p is None:
                continue
            now = self._new(p, step, previous=before)
            self._leaves[id(p)] = (reference, now)
            self._writers[id(p._counter)] = step
            changes.append((before, g, now))
            outputs.append(now)
        step.inputs, step.outputs = changes, outputs
        self.steps.append(step)
