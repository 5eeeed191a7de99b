"""What optimizers write down of their steps: numbers that change from step to step, and state."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.grad_mode import user_code
from ..autograd.variable import wrap
from .instructions import Instruction, Value
from .proxy import Proxy

if TYPE_CHECKING:
    from .tracer import Tracer

__all__ = ["Number", "StepOf", "StepWriter"]


class StepOf:
    """A step of ``optimizer`` as a function of the gradients' arrays."""

    def __init__(self, run: Callable[..., Any], optimizer: Any, params: list[Any]) -> None:
        self.run, self.optimizer, self.params = run, optimizer, params
        self.__name__ = f"{type(optimizer).__name__}.step"

    def __call__(self, grads: tuple[Any, ...]) -> None:
        for p, g in zip(self.params, grads, strict=True):
            if p._grad is None or p._grad._data is not g:  # else it stays what it is
                p._grad = wrap(g)
        with user_code():
            self.run(self.optimizer)
        for p in self.params:
            p._counter[0] -= 1  # the way out of the program counts its writes, this one too


class Number(Proxy):
    """Stands for a number of Python's that is another in each run; what is asked of it becomes a
    condition of the program."""

    __slots__ = ("conditions", "name")

    def __init__(
        self, number: float, value: Value, writer: Any, conditions: Any, name: str
    ) -> None:
        super().__init__(number, value, writer)
        self.conditions, self.name = conditions, name

    def _asked(self, question: Callable[..., bool], other: Any) -> bool:
        answer = question(self._array, other)
        if not self.name:
            raise ValueError("a question to a number that was calculated")
        self.conditions.append((self.name, question, other, answer))
        return answer

    def _calculated(self, function: Callable[..., float], a: Any, b: Any) -> Number:
        numbers = [x._array if isinstance(x, Number) else x for x in (a, b)]
        made = function(*numbers)
        value = number_value("")
        args = tuple(x._value if isinstance(x, Number) else x for x in (a, b))
        self._writer.append(Instruction(function, args, {}, (value,)))
        return Number(made, value, self._writer, self.conditions, "")

    def __eq__(self, other: object) -> bool:
        return self._asked(operator.eq, other)

    def __ne__(self, other: object) -> bool:
        return self._asked(operator.ne, other)

    def __gt__(self, other: Any) -> bool:
        return self._asked(operator.gt, other)

    def __bool__(self) -> bool:
        return self._asked(operator.ne, 0)

    __hash__ = object.__hash__

    def __neg__(self) -> Number:
        return self._calculated(operator.mul, self, -1)

    def __add__(self, other: Any) -> Number:
        return self._calculated(operator.add, self, other)

    def __sub__(self, other: Any) -> Number:
        return self._calculated(operator.sub, self, other)

    def __rsub__(self, other: Any) -> Number:
        return self._calculated(operator.sub, other, self)

    def __mul__(self, other: Any) -> Number:
        return self._calculated(operator.mul, self, other)


def number_value(hint: str) -> Value:
    return Value((), np.dtype(float), (), True, hint, number=True)


class StepWriter:
    """What an optimizer writes its step with, once it was taken.

    ``ready``  functions that say, before the program runs, whether the step will be such a one
    """

    def __init__(self, tracer: Tracer) -> None:
        self.tracer, self.writer = tracer, tracer.writer
        self.ready: list[Callable[[], bool]] = []
        self.memory: dict[int, Value] = {}

    def gradient(self, p: Any) -> Any:
        """A proxy of the gradient of ``p``."""
        grad = p._grad._data
        return Proxy(grad, self.tracer.value_of(p._grad), self.writer)

    def parameter(self, p: Any, before: Any) -> Any:
        """A proxy of ``p``, which held ``before``."""
        return Proxy(before, self.tracer.value_of(p), self.writer)

    def state(self, array: Any, before: Any, hint: str) -> Any:
        """A proxy of memory of the optimizer's own, which held ``before``: the program's for as
        long as it is ``ready``."""
        value = self.memory.get(id(array))
        if value is None:
            value = self.memory[id(array)] = Value.of(array, hint)
            self.tracer.own[value] = array
            self.tracer.snapshots[value] = before.copy(order="K")
            self.writer.arrays[value] = array
        return Proxy(before, value, self.writer)

    def room(self, size: int, dtype: Any) -> Any:
        """A proxy of memory that the step needs for a while."""
        return self.writer.run(np.empty, (size, dtype), {})

    def numbers(self, step: Any, found: dict[str, float], conditions: list[Any]) -> Any:
        """Proxies of numbers that are arguments of the program: in each run ``step.options`` has
        them, ``found`` in this one, and ``step.taken()`` is called after it."""
        made = {}
        for name, number in found.items():
            value = number_value(name)
            self.tracer.numbers[value] = step, name, number
            made[name] = Number(number, value, self.writer, conditions, name)
        return made

    def whole(self, function: Callable[..., Any], args: Any, kwargs: Any, writes: Any) -> None:
        """An instruction that takes a part of the step; it is not taken here."""
        valued = self.writer._valued(args, False), self.writer._valued(kwargs, False)
        written = tuple(target._value for target in writes)
        self.writer.append(Instruction(function, *valued, (), writes=written, pure=False))
