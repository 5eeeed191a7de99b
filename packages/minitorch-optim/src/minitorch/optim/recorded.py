"""Steps of elementwise optimizers as instructions, for ``minitorch.compile``."""

from __future__ import annotations

import copy
from typing import Any

from .layout import SCRATCH, FusedGroup, Layout, flattened

__all__ = ["Step"]


class Step:
    """The step of a fused group: to be made before it is taken, to be written after.

    Its numbers, such as the learning rate, are calculated anew before each run: ``ready`` says
    whether the parameters and the state still lie where they did and the numbers ask for the same
    instructions.
    """

    def __init__(self, optimizer: Any, number: int, layout: Layout, fused: FusedGroup) -> None:
        self.optimizer, self.number, self.layout, self.fused = optimizer, number, layout, fused
        self.group = optimizer.param_groups[number]
        self.update = optimizer.__update__
        self.before = [array.copy(order="K") for array in fused.arrays]
        self.lines = [line.copy() for line in fused.lines[1:]]
        self.conditions: list[Any] = []
        self.options, self.after = self._options()
        self.names = [name for name, value in self.options.items() if type(value) is not bool]

    def _options(self) -> Any:
        values = [v[0] for v in self.fused.values]
        options, after = self.update.options(self.group, self.fused.fresh, *values)
        return {k: v if isinstance(v, bool) else float(v) for k, v in options.items()}, after

    def ready(self) -> bool:
        groups = self.optimizer.param_groups
        if len(groups) <= self.number or groups[self.number] is not self.group:
            return False
        if (
            self.layout.gradients(self.group["params"], self.optimizer.state, self.layout.names)
            is None
        ):
            return False
        options, self.after = self._options()
        if any(
            test(options[name], other) is not answer
            for name, test, other, answer in self.conditions
        ):
            return False
        before, self.options = self.options, options
        return all(
            value is before[name] for name, value in options.items() if name not in self.names
        )

    def taken(self) -> None:
        """The step was taken: its scalar state goes on."""
        for values, value in zip(self.fused.values, self.after, strict=True):
            values.fill(value)

    def write(self, writer: Any) -> None:
        """Writes the step that was taken; what was before it is needed no longer then."""
        fused, kernel = self.fused, self.update.kernel
        arrays, state = self.before, self.lines
        del self.before, self.lines
        writer.ready.append(self.ready)
        numbers = {name: self.options[name] for name in self.names}
        flags = {k: v for k, v in self.options.items() if k not in numbers}
        options = writer.numbers(self, numbers, self.conditions) | flags
        grads = [writer.gradient(p) for p in fused.params]
        params = [writer.parameter(p, b) for p, b in zip(fused.params, arrays, strict=True)]
        names = list(self.update.states(self.group))
        lines = [
            writer.state(line, before, name)
            for line, before, name in zip(fused.lines[1:], state, names, strict=True)
        ]
        if fused.single:
            writer.whole(self.run, (params[0], grads[0], *lines), options, [params[0], *lines])
            return
        dtype = fused.arrays[0].dtype
        twin = copy.copy(fused)
        twin.arrays = params
        p, g, *room = [writer.room(fused.size, dtype) for _ in range(2 + SCRATCH)]
        twin.p_parts, twin.g_parts = twin._parts(p), twin._parts(g)
        twin.gathered, twin.room = flattened(g), [flattened(r) for r in room]
        twin.lines = [flattened(p), *lines]
        twin.update(kernel, grads, options)

    def run(self, p: Any, g: Any, *lines: Any, **options: Any) -> None:
        """The update of a large parameter, on all cores."""
        twin = copy.copy(self.fused)
        twin.arrays, twin.lines = [p], [flattened(p), *lines]
        twin.update(self.update.kernel, [g], options)
