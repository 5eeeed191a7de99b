"""A reader of pickled data that runs no code.

A pickle is a program for a small stack machine. Python's own machine imports and calls whatever the
program names. This one knows the instructions that data need and a fixed table of names; anything
else is an error. What it builds is bounded by the length of the program.
"""

from __future__ import annotations

import pickle
import struct
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["read_pickle"]

KEYS = (str, int, float, bytes, bool, complex, type(None))  # of dicts and sets
SIZED = (str, bytes, tuple, list, dict)
MARK = object()


def read_pickle(program: bytes, names: Mapping[str, Any], persistent: Callable[[Any], Any]) -> Any:
    """The object that ``program`` describes.

    Args:
        program: the bytes of the pickle.
        names: what ``module.name`` may stand for; the functions among these may be called.
        persistent: makes the object for a persistent id.

    Raises:
        pickle.UnpicklingError: the bytes are no pickle of data, or name anything else.
    """
    try:
        return _Machine(program, names, persistent).run()
    except pickle.UnpicklingError:
        raise
    except (IndexError, KeyError, TypeError, ValueError, struct.error, AttributeError) as error:
        raise pickle.UnpicklingError(f"the pickled data are damaged: {error}") from error


class _Machine:
    def __init__(
        self, program: bytes, names: Mapping[str, Any], persistent: Callable[[Any], Any]
    ) -> None:
        self.program, self.at = program, 0
        self.names, self.persistent = names, persistent
        self.callable = {id(value) for value in names.values() if callable(value)}
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.spent = 0

    def run(self) -> Any:
        while True:
            code = self.take(1)
            if code == b".":
                if len(self.stack) != 1 or self.stack[0] is MARK:
                    raise pickle.UnpicklingError("the pickled data are damaged at their end")
                return self.stack[0]
            step = STEPS.get(code)
            if step is None:
                raise pickle.UnpicklingError(
                    f"instruction {code!r} is not one that data need: this file was not written by "
                    "save(), or holds more than tensors and containers"
                )
            step(self)

    # --- the program ---

    def take(self, count: int) -> bytes:
        piece = self.program[self.at : self.at + count]
        if count < 0 or len(piece) != count:
            raise pickle.UnpicklingError("the pickled data end too early")
        self.at += count
        return piece

    def number(self, form: str) -> Any:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def line(self) -> str:
        end = self.program.index(b"\n", self.at)
        text = self.program[self.at : end]
        self.at = end + 1
        return text.decode()

    # --- the stack ---

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def pop(self) -> Any:
        value = self.stack.pop()
        if value is MARK:
            raise pickle.UnpicklingError("the pickled data are damaged: a mark without its items")
        return value

    def pop_mark(self) -> list[Any]:
        place = len(self.stack) - 1
        while self.stack[place] is not MARK:
            if not place:
                raise pickle.UnpicklingError("the pickled data are damaged: items without a mark")
            place -= 1
        items = self.stack[place + 1 :]
        del self.stack[place:]
        return items

    def top(self, kind: Any) -> Any:
        value = self.stack[-1]
        if not isinstance(value, kind):
            raise pickle.UnpicklingError(f"cannot add items to a {type(value).__name__}")
        return value

    # --- instructions ---

    def name(self, module: str, name: str) -> None:
        path = f"{module.replace('__builtin__', 'builtins')}.{name}"
        if path not in self.names:
            raise pickle.UnpicklingError(
                f"the file asks for {path}, which load() does not allow: it reads tensors, "
                "numbers, strings and containers of these and runs no code. Save a state_dict(), "
                "not an object."
            )
        self.push(self.names[path])

    def global_(self) -> None:
        self.name(self.line(), self.line())

    def stack_global(self) -> None:
        name, module = self.pop(), self.pop()
        self.name(str(module), str(name))

    def reduce(self) -> None:
        arguments, function = self.pop(), self.pop()
        if id(function) not in self.callable or not isinstance(arguments, tuple):
            raise pickle.UnpicklingError("the file asks to call what is no function of load()")
        # a list that is named often would otherwise be copied often
        self.spent += sum(len(part) for part in arguments if isinstance(part, SIZED))
        if self.spent > 1000 + 16 * len(self.program):
            raise pickle.UnpicklingError("the pickled data grow beyond all proportion")
        self.push(function(*arguments))

    def build(self) -> None:
        state = self.pop()
        target = self.top(OrderedDict)
        if not isinstance(state, dict) or state.keys() - {"_metadata"}:
            raise pickle.UnpicklingError("an OrderedDict here may carry _metadata and nothing else")
        target.__dict__.update(state)

    def append(self) -> None:
        value = self.pop()
        self.top(list).append(value)

    def appends(self) -> None:
        items = self.pop_mark()
        self.top(list).extend(items)

    def set_item(self) -> None:
        value, key = self.pop(), self.pop()
        self.fill([key, value])

    def set_items(self) -> None:
        self.fill(self.pop_mark())

    def fill(self, items: list[Any]) -> None:
        target = self.top(dict)
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[_key(key)] = value

    def add_items(self) -> None:
        items = self.pop_mark()
        self.top(set).update(map(_key, items))

    def tuple_(self, count: int) -> None:
        items = tuple([self.pop() for _ in range(count)][::-1])
        self.push(items)

    def get(self, index: int) -> None:
        self.push(self.memo[index])

    def put(self, index: int) -> None:
        value = self.stack[-1]
        if value is MARK:
            raise pickle.UnpicklingError("the pickled data are damaged: a mark in the memo")
        self.memo[index] = value

    def text(self, form: str) -> None:
        self.push(self.take(self.number(form)).decode("utf-8", "surrogatepass"))

    def long(self, form: str) -> None:
        self.push(int.from_bytes(self.take(self.number(form)), "little", signed=True))

    def protocol(self) -> None:
        if self.number("B") > 5:
            raise pickle.UnpicklingError("the pickle's protocol is newer than 5")


def _key(key: Any) -> Any:
    """``key``, where it is plain enough that hashing it runs no code and ends soon."""
    plain = key if type(key) is tuple else (key,)
    if not all(type(part) in KEYS for part in plain):
        raise pickle.UnpicklingError(f"a {type(key).__name__} is no key that load() allows")
    return key


STEPS: dict[bytes, Callable[[_Machine], Any]] = {
    b"\x80": _Machine.protocol,
    b"\x95": lambda m: m.take(8),  # the length of a frame
    b"(": lambda m: m.push(MARK),
    b"0": lambda m: m.stack.pop(),
    b"N": lambda m: m.push(None),
    b"\x88": lambda m: m.push(True),
    b"\x89": lambda m: m.push(False),
    b"K": lambda m: m.push(m.number("B")),
    b"M": lambda m: m.push(m.number("<H")),
    b"J": lambda m: m.push(m.number("<i")),
    b"\x8a": lambda m: m.long("B"),
    b"\x8b": lambda m: m.long("<i"),
    b"G": lambda m: m.push(m.number(">d")),
    b"X": lambda m: m.text("<I"),
    b"\x8c": lambda m: m.text("B"),
    b"\x8d": lambda m: m.text("<Q"),
    b"U": lambda m: m.push(m.take(m.number("B")).decode("latin-1")),
    b"C": lambda m: m.push(m.take(m.number("B"))),
    b"B": lambda m: m.push(m.take(m.number("<I"))),
    b")": lambda m: m.push(()),
    b"]": lambda m: m.push([]),
    b"}": lambda m: m.push({}),
    b"\x8f": lambda m: m.push(set()),
    b"t": lambda m: m.push(tuple(m.pop_mark())),
    b"\x85": lambda m: m.tuple_(1),
    b"\x86": lambda m: m.tuple_(2),
    b"\x87": lambda m: m.tuple_(3),
    b"a": _Machine.append,
    b"e": _Machine.appends,
    b"s": _Machine.set_item,
    b"u": _Machine.set_items,
    b"\x90": _Machine.add_items,
    b"h": lambda m: m.get(m.number("B")),
    b"j": lambda m: m.get(m.number("<I")),
    b"q": lambda m: m.put(m.number("B")),
    b"r": lambda m: m.put(m.number("<I")),
    b"\x94": lambda m: m.put(len(m.memo)),
    b"c": _Machine.global_,
    b"\x93": _Machine.stack_global,
    b"R": _Machine.reduce,
    b"\x81": _Machine.reduce,
    b"b": _Machine.build,
    b"Q": lambda m: m.push(m.persistent(m.pop())),
}
