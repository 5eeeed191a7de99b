"""Programs by hand: functions are run, and written down as instructions."""

import operator

import numpy as np
from minitorch.compiler.instructions import Instruction, Value, mapped
from minitorch.compiler.program import Program


class Builder:
    """Runs functions on arrays, and writes a program of them."""

    def __init__(self, **arguments):
        self.arrays = {}
        self.arguments = [self.take(array, hint) for hint, array in arguments.items()]
        self.given = list(arguments.values())
        self.instructions = []

    def take(self, array, hint=""):
        value = Value.of(array, hint)
        self.arrays[value] = array
        return value

    def array(self, value):
        return self.arrays[value] if value.constant is None else value.constant

    def run(
        self, function, *args, hint="", line=None, backward=False, writes=None, pure=True, **kwargs
    ):
        """The result's value, or what was written to; a list of values of a tuple."""
        arrays = mapped(args, self.array), mapped(kwargs, self.array)
        with np.errstate(all="ignore"):
            made = function(*arrays[0], **arrays[1])
        out = kwargs.get("out")
        if writes is None:
            writes = args[:1] if function is operator.setitem else ()
            writes = (out,) if out is not None else writes
        several = type(made) is tuple
        values, views = [], []
        for each in () if writes else made if several else (made,):
            views += [v for v in self._sources(args, kwargs) if self._shares(v, each)]
            values.append(self.take(each, hint))
        made = Instruction(function, args, kwargs, tuple(values), several and not writes)
        made.writes, made.views = tuple(writes), tuple(dict.fromkeys(views))
        made.pure, made.line, made.backward = pure, line, backward
        self.instructions.append(made)
        if writes:
            return writes[0]
        return values if several else values[0]

    def _sources(self, args, kwargs):
        return list(Instruction(None, args, kwargs, ()).inputs())

    def _shares(self, value, array):
        source = self.array(value)
        arrays = isinstance(source, np.ndarray) and isinstance(array, np.ndarray)
        return arrays and np.may_share_memory(source, array)

    def program(self, *results):
        return Program("recorded", "", self.arguments, list(self.instructions), list(results))
