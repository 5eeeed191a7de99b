"""The recorder: an interpreter that writes down what runs, for those who read it later.

It tells of every operation, in-place write and step of the backward pass, where in the user's
program it happened and what variable takes the result. ``minitorch.compile`` makes a program of
it, ``minitorch.explain`` a page.
"""

from __future__ import annotations

import dis
import linecache
import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from types import CodeType, FrameType
from typing import Any, NamedTuple

from .dispatch import apply
from .grad_mode import current, marking, tell
from .interpreters import Interpreter
from .node import Node

__all__ = ["Place", "Recorder", "checked", "place", "user_frame"]


class Place(NamedTuple):
    """Where the user's program is: the line, and the variable that takes what is computed now, ""
    where the result goes on into an expression."""

    filename: str
    number: int
    function: str
    variable: str

    @property
    def text(self) -> str:
        """The line itself, without the space around it."""
        return linecache.getline(self.filename, self.number).strip()


def user_frame() -> FrameType | None:
    """The innermost frame that is not the library's."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name[:10] != "minitorch." and name != "minitorch":
            return frame
        frame = frame.f_back
    return None


def place() -> Place | None:
    """Where the user's program is now; None where there is none, as in a thread of ours."""
    frame = user_frame()
    if frame is None:
        return None
    code, last = frame.f_code, frame.f_lasti
    known = _places.get(id(code))
    if known is None or known[0] is not code:
        if len(_places) > 1024:
            _places.clear()
        known = _places[id(code)] = (code, {})
    found = known[1].get(last)
    if found is None:
        variable = _stores(code).get(last, "")
        found = Place(code.co_filename, frame.f_lineno, code.co_qualname, variable)
        known[1][last] = found
    return _returned(found, frame) if found.variable == RETURNED else found


def _returned(found: Place, frame: FrameType) -> Place:
    """With the variable that takes what ``frame`` returns, from a module's ``forward`` too."""
    variable = RETURNED
    while variable == RETURNED:
        caller = frame.f_back
        while caller is not None and caller.f_globals.get("__name__") in PASSING_ON:
            caller = caller.f_back
        if caller is None:
            return found._replace(variable="")
        frame, variable = caller, _stores(caller.f_code).get(caller.f_lasti, "")
    return found._replace(variable=variable)


RETURNED = "return"  # in place of a variable's name
PASSING_ON = ("minitorch.nn.module", "minitorch.nn.hooks")  # they return what ``forward`` does

# By id of the code, which is kept: that, and its places by offset. To hash code takes longer.
_places: dict[int, tuple[CodeType, dict[int, Place]]] = {}


@lru_cache(maxsize=1024)
def _stores(code: CodeType) -> dict[int, str]:
    """By offset of an instruction: the variable that takes its result, "a, b" where it is
    unpacked, ``RETURNED`` where it goes to the caller."""
    found = {}
    instructions = [each for each in dis.get_instructions(code) if each.opname != "CACHE"]
    for k, (one, then) in enumerate(pairwise(instructions)):
        count = 1
        if "UNPACK_SEQUENCE" in (one.opname, then.opname):  # the variables follow
            count = one.argval if one.opname == "UNPACK_SEQUENCE" else then.argval
        after = instructions[k + 1 + (then.opname == "UNPACK_SEQUENCE") :][:count]
        names = [name for each in after for name in _stored(each)][:count]
        name = RETURNED if then.opname == "RETURN_VALUE" else ", ".join(names)
        if name == RETURNED or len(names) == count:
            for offset in range(one.offset, then.offset, 2):  # its caches, too: f_lasti is there
                found[offset] = name  # while a function of Python's runs
    return found


def _stored(instruction: dis.Instruction) -> list[str]:
    """The variables that it sets."""
    name, names = instruction.opname, instruction.argval
    if not name.startswith("STORE_") or name in ("STORE_SUBSCR", "STORE_SLICE"):
        return []
    names = names if isinstance(names, tuple) else (names,)
    return [str(each) for each in (names if name == "STORE_FAST_STORE_FAST" else names[:1])]


def checked(check: Callable[..., None], tensor: Any, *args: Any) -> None:
    """Calls ``check(array, *args)`` on the values of ``tensor``, which raises where they are wrong,
    and tells the recorders of it: other values are to be looked at, too."""
    check(tensor._data, *args)
    if current.state.recording:
        tell("checked", check, tensor, args)


class Recorder(Interpreter):
    """A ``with`` block whose operations, writes and backward passes are handed to these methods.

    A subclass overrides what it wants to know of. ``process`` runs an operation and returns its
    result, the others are told what has happened. The gradients are arrays, or Tensors where a
    graph is made of the backward pass (whose operations then come to ``process``). One that also
    has ``vjp(node, g, wanted)`` runs the nodes itself, see ``Node.vjp``.
    """

    def process(self, primitive: Any, args: tuple[Any, ...]) -> Any:
        """An operation, ``args`` being its inputs and then its parameters."""
        return apply(primitive, *args)

    def before_write(self, tensor: Any) -> None:
        """The memory of ``tensor`` is about to be written to."""

    def wrote(self, target: Any, value: Any) -> None:
        """The memory of the tensor ``target`` now holds ``value``, a tensor of its shape."""

    def became_array(self, tensor: Any, number: Any) -> None:
        """``tensor``, which had a NumPy scalar, has an array of it now, to share its memory."""

    def detached(self, source: Any, made: Any) -> None:
        """The tensor ``made`` has the memory of ``source``, and no history."""

    def drew(
        self, array: Any, distribution: Any, generator: Any, arguments: tuple[Any, ...]
    ) -> None:
        """``distribution(generator, array, *arguments)`` wrote random numbers into ``array``; no
        generator is the default one."""

    def checked(self, check: Callable[..., None], tensor: Any, args: tuple[Any, ...]) -> None:
        """``check(array, *args)`` did not raise, with the array of ``tensor``."""

    def created(self, tensor: Any) -> None:
        """``tensor`` was made of a shape or of Python's numbers."""

    def raised(self, error: BaseException) -> None:
        """An error leaves MiniTorch for the user's code; our frames are still in its traceback."""

    def began(self, roots: Sequence[tuple[Node, Any]]) -> None:
        """A backward pass starts with these nodes and their gradients."""

    def ended(self) -> None:
        """The pass that began last is over, or an error ended it."""

    def received(self, node: Node, g: Any) -> None:
        """All of the gradient of ``node`` has arrived, hooks have seen it: told just before
        ``before``. Of a node with several outputs it is a dict, by the output's number."""

    def captured(self, node: Node, g: Any) -> None:
        """The pass ends at ``node``, whose gradient was asked for, as by ``autograd.grad``."""

    def before(self, node: Node) -> None:
        """``node`` is about to be run; not told of leaves."""

    def after(self, node: Node, grads: Any) -> None:
        """``node`` passes these gradients on, one per parent."""

    def reduced(self, g: Any, total: Any) -> None:
        """The gradient ``g`` was summed over the dimensions along which its input was broadcast."""

    def summed(self, node: Node, a: Any, b: Any, total: Any) -> None:
        """The gradient of ``node`` came by two ways: ``total`` is ``a + b``. Of a node with several
        outputs each is a dict, by the output's number."""

    def before_grad(self, leaf: Any, arriving: bool) -> None:
        """The ``.grad`` of ``leaf`` is about to change: a gradient arrives, or it is set."""

    def accumulated(self, leaf: Any, g: Any) -> None:
        """The gradient ``g`` has arrived at ``leaf``, whose ``.grad`` has it now."""

    def __enter__(self) -> Any:
        marking.append(current.state)
        current.state.recording += 1
        return super().__enter__()

    def __exit__(self, *exception: object) -> None:
        super().__exit__(*exception)
        current.state.recording -= 1
        marking.remove(current.state)
