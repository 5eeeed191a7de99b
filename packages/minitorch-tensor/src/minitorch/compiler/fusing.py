"""The backend "numba": chains of elementwise operations and the kernels that Numba compiles.

Two more passes, after which a program gives the same but for rounding.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..kernels import choice
from ..kernels.elementwise import over_cores
from ..kernels.memory import packed_strides
from . import passes
from .instructions import Instruction, Value
from .loops import compile_loops
from .memory import Memory, plural
from .program import Program

__all__ = ["fuse_chains", "offered", "run", "with_compiled_kernels"]

OPERATIONS: dict[Any, str] = {
    np.absolute: "abs", np.add: "add", np.divide: "div", np.equal: "eq", np.exp: "exp",
    np.greater: "gt", np.greater_equal: "ge", np.less: "lt", np.less_equal: "le", np.log: "log",
    np.logical_and: "logical_and", np.logical_not: "logical_not", np.logical_or: "logical_or",
    np.maximum: "maximum", np.minimum: "minimum", np.multiply: "mul", np.negative: "neg",
    np.not_equal: "ne", np.reciprocal: "reciprocal", np.sqrt: "sqrt", np.square: "square",
    np.subtract: "sub", np.tanh: "tanh", np.where: "where", operator.pow: "pow",
}  # fmt: skip
DTYPES = (np.dtype(np.float32), np.dtype(np.float64))
MANY = 4096  # elements from which two operations are worth a compiled chain
FEW = 6  # operations that are worth one at any size


def offered() -> dict[Callable[..., Any], str]:
    """The kernels that there is a compiled one of, with its name."""
    return {kernel: name for name, kernel, _ in choice._offers}


def with_compiled_kernels(program: Program) -> Program:
    """With Numba's kernels in the place of NumPy's."""
    names = offered()
    made: dict[Any, Any] = {}
    count = 0
    instructions = []
    for instruction in program.instructions:
        kernel = instruction.function
        try:
            name = names.get(kernel)
        except TypeError:  # some functions are lists of theirs
            name = None
        if name is not None:
            if kernel not in made:
                made[kernel] = choice._compiled(name, kernel)
            instruction, count = replace(instruction, function=made[kernel]), count + 1
        instructions.append(instruction)
    change = f"{plural(count, 'kernel')} that Numba compiles, in the place of NumPy's."
    return program.having("compiled kernels", change, instructions)


class Chain:
    """Neighbouring instructions that become one: elementwise, of one dtype and one shape."""

    def __init__(self) -> None:
        self.instructions: list[Instruction] = []
        self.shape: tuple[int, ...] = ()
        self.dtype: np.dtype[Any] | None = None

    def takes(self, instruction: Instruction, memory: Memory) -> bool:
        """Adds the instruction, if it fits."""
        if not _known(instruction):
            return False
        target = instruction.writes[0] if instruction.writes else instruction.results[0]
        assert target is not None
        values = [target, *(v for v in instruction.inputs() if not v.scalar)]
        kinds = {v.dtype for v in values if v.dtype != np.bool_}
        kinds |= {self.dtype} if self.dtype is not None else set()
        shape = target.shape
        if len(kinds) != 1 or kinds.isdisjoint(DTYPES) or not shape:
            return False
        if self.instructions and shape != self.shape:
            return False
        if target.strides != packed_strides(shape, target.dtype.itemsize, range(len(shape))):
            return False
        reads = [v for each in (*self.instructions, instruction) for v in each.inputs()]
        written = [v for each in (*self.instructions, instruction) for v in each.writes]
        if any(self._aliased(v, w, memory) for w in written for v in (*reads, *written)):
            return False
        self.shape, (self.dtype,) = shape, kinds
        self.instructions.append(instruction)
        return True

    @staticmethod
    def _aliased(v: Value, target: Value, memory: Memory) -> bool:
        """Whether what is written to has another name, too."""
        return v is not target and bool(memory.of(v) & memory.of(target))

    def worth(self) -> bool:
        count = len(self.instructions)
        return count >= FEW or (count > 1 and math.prod(self.shape) >= MANY)


def _known(instruction: Instruction) -> bool:
    """Whether it is an operation that fused chains know, with or without ``out``."""
    function, args = instruction.function, instruction.args
    if function is over_cores:
        function, args = args[0], args[1:]
    try:
        name = OPERATIONS.get(function)
    except TypeError:
        return False
    if name is None or instruction.several or not instruction.pure:
        return False
    if instruction.kwargs.keys() - {"out"}:
        return False
    if name == "pow" and not (isinstance(args[1], int) and abs(args[1]) <= 64):
        return False
    if not instruction.writes and len(instruction.results) != 1:
        return False
    if instruction.writes and instruction.kwargs.get("out") is not instruction.writes[0]:
        return False
    operands = all(isinstance(x, Value | int | float | np.floating) for x in args)
    return operands and all(v.dtype in DTYPES for v in instruction.inputs() if v.scalar)


def fuse_chains(program: Program) -> Program:
    """With chains of elementwise operations as single kernels, one pass over memory each."""
    memory = Memory(program)
    kept: list[Instruction] = []
    chains = operations = 0
    chain = Chain()
    later = [*program.instructions, None]
    for k, instruction in enumerate(later):
        if instruction is not None and chain.takes(instruction, memory):
            continue
        if chain.worth():
            needed = {v for each in program.instructions[k:] for v in each.inputs()}
            kept.append(_fused(chain, needed | set(program.results)))
            chains, operations = chains + 1, operations + len(chain.instructions)
        else:
            kept += chain.instructions
        chain = Chain()
        if instruction is not None and not chain.takes(instruction, memory):
            kept.append(instruction)
    change = f"{plural(operations, 'operation')} in {plural(chains, 'compiled chain')}."
    return program.having("chains compiled", change, kept)


def _fused(chain: Chain, needed: set[Value]) -> Instruction:
    """The instruction that runs a compiled kernel of the chain."""
    from ..kernels.numba.fusion import fuse

    names: dict[Value, str] = {}  # as of now: one that is written to gets another
    inputs: dict[str, Value] = {}
    texts: list[tuple[str, str, tuple[Any, ...]]] = []
    written: dict[Value, str] = {}  # the last name of what is written to
    made: dict[Value, str] = {}

    def named(x: Any) -> Any:
        if not isinstance(x, Value):
            return float(x)
        if x not in names:
            names[x] = f"a{len(inputs)}"
            inputs[names[x]] = x
        return names[x]

    for k, each in enumerate(chain.instructions):
        args = each.args[1:] if each.function is over_cores else each.args
        function = each.args[0] if each.function is over_cores else each.function
        operation = OPERATIONS[function]
        operands = tuple(named(x) for x in args)
        if operation == "pow":
            operands = (operands[0], int(args[1]))
        name = f"r{k}"
        texts.append((name, operation, operands))
        if each.writes:
            (target,) = each.writes
            if target in made:  # of the chain itself: another value under its name
                made[target] = name
            else:
                named(target)
                written[target] = name
            names[target] = name
            if each.results and each.results[0] is not None:
                names[each.results[0]] = name
        else:
            (result,) = each.results
            assert result is not None
            names[result] = made[result] = name
    outputs = [value for value in made if value in needed]
    into = {}
    for value, name in written.items():
        into[name] = next(n for n, v in inputs.items() if v is value)
    kernel = fuse(
        texts,
        {name: (v.shape, chain.dtype if v.scalar else v.dtype) for name, v in inputs.items()},
        {made[value]: value.shape for value in outputs},
        into,
    )
    first = chain.instructions[0]
    return Instruction(
        Fused(kernel, texts), tuple(inputs.values()), {}, tuple(outputs), len(outputs) > 1,
        tuple(written), (), True, first.line, first.backward,
    )  # fmt: skip


class Fused:
    """A compiled chain; ``operations`` are what it does, in order."""

    def __init__(self, kernel: Callable[..., Any], operations: list[Any]) -> None:
        self.kernel, self.operations = kernel, operations
        self.__name__ = "_".join(dict.fromkeys(name for _, name, _ in operations))

    def __call__(self, *arrays: Any, out: Any = None) -> Any:
        return self.kernel(*arrays) if out is None else self.kernel(*arrays, out=out)


def run(program: Program) -> list[Program]:
    """The program and what each pass makes of it, those of Numba before buffers are planned."""
    programs = passes.run(program)[:-1]
    for each in (compile_loops, fuse_chains, with_compiled_kernels, passes.plan_buffers):
        programs.append(each(programs[-1]))
    return programs
