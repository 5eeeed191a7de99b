"""A reader of pickled data that runs no code which the reader did not name.

A pickle is a program for a small stack machine. Python's own machine imports and calls whatever the
program names. This one knows the instructions that data need and a fixed table of names, to which
only the user adds; anything else is an error.

Time and memory are bounded by the length of the file: each instruction is charged about the bytes
that it allocates, or the elements that it visits where these are more, and the sum is limited. No
value is compared, hashed or printed unless it is known to be plain and small.
"""

from __future__ import annotations

import pickle
import struct
import sys
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from .names import BLOCKED

__all__ = ["Allowed", "PickleReader", "brief", "python3_name", "said"]

PLAIN_KEYS = (float, bool, complex, type(None))
BYTES = (str, bytes, bytearray)
SIZED = (*BYTES, tuple, list, dict, set, frozenset, deque)
ELEMENT = {**dict.fromkeys(BYTES, 1), tuple: 8, list: 8}  # bytes of one, in a copy
DEFAULTS = (bool, int, float, complex, str, bytes, list, tuple, dict, set, OrderedDict, Counter)
MARK = object()
STOP = ord(".")
PLACE = 9  # bytes: a place on the stack or in a container
OBJECT = 64  # a small object besides
CALL = 600  # a tensor or an array, and the time to make it
CALL_PLAIN = 250  # a container
ROOM, GROWTH = 24_000_000, 20  # the bytes that a file may cost, and how many for each of its own
DEPTH = 50  # of the tuples in a key: Python hashes them recursively
COLLISIONS = 50  # keys with one hash in one container: each is compared to all others


def brief(value: Any) -> str:
    """``value`` for a message: never longer than a line, and in no time."""
    if type(value) in (str, bytes):
        return repr(value[:80])
    if type(value) in (bool, float, type(None)) or (type(value) is int and abs(value) < 2**64):
        return repr(value)
    return f"a {type(value).__name__}"


def said(error: BaseException) -> str:
    """The message of ``error``, where it is text, and of bounded length."""
    text = error.args[0] if error.args and type(error.args[0]) is str else ""
    return f"{type(error).__name__}: {text:.300}"


def python3_name(module: str, name: str) -> tuple[str, str]:
    """Files of pickle's protocol 2 have the names of Python 2."""
    return NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))


@dataclass
class Allowed:
    """What a file may name, by ``module.name``, beside Python's plain classes.

    Attributes:
        values: what it may name only.
        functions: what it may call.
        setters: the functions that set an object's state, by the object's class; the third
            argument of each is told how many bytes it visits.
        user: what the user allows: classes to make instances of, functions to call.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    setters: Mapping[type, Callable[[Any, Any, Callable[[int], None]], None]] = field(
        default_factory=dict
    )
    user: Mapping[str, Any] = field(default_factory=dict)


class PickleReader:
    """Reads one pickle after another from ``program``."""

    def __init__(
        self, program: bytes, allowed: Allowed, persistent: Callable[[Any], Any], length: int = 0,
        encoding: str = "utf-8",
    ) -> None:  # fmt: skip
        """``persistent`` makes the object for a persistent id; ``length`` is that of the file;
        ``encoding`` is that of Python 2's strings, or "bytes"."""
        self.program, self.at = program, 0
        self.values = {**{f"{each.__module__}.{each.__name__}": each for each in DEFAULTS}}
        self.values.update(allowed.values)
        self.containers: dict[str, Callable[..., Any]] = {
            "builtins.bytearray": _bytearray,
            "builtins.bytes": _bytes,
            "builtins.complex": _complex,
            "builtins.frozenset": lambda items=(): frozenset(self.add(set(), items)),
            "builtins.range": _range,
            "builtins.set": lambda items=(): self.add(set(), items),
            "builtins.slice": _slice,
            "_codecs.encode": _encode,
            "collections.Counter": _counter,
            "collections.OrderedDict": _ordered_dict,
            "collections.defaultdict": self.defaultdict,
            "collections.deque": _deque,
        }
        self.functions, self.setters, self.user = allowed.functions, allowed.setters, allowed.user
        self.callable = {id(call): CALL for call in self.functions.values()}
        self.callable |= {id(call): CALL_PLAIN for call in self.containers.values()}
        self.trusted = {id(value) for value in self.user.values()}
        self.persistent = persistent
        self.named_tuples: dict[str, Any] = {}
        self.encoding = encoding
        self.stack: list[Any] = []
        self.memo: list[Any] = []
        self.weights: dict[int, tuple[int, Any]] = {}  # of tuples in keys, by id
        self.collisions: dict[int, int] = {}  # keys by hash and container
        self.left = ROOM + GROWTH * max(length, len(program))

    def read(self) -> Any:
        """The next object.

        Raises:
            pickle.UnpicklingError: the bytes are no pickle of data, or name what is not allowed.
        """
        self.memo.clear()
        try:
            while (code := self.program[self.at]) != STOP:
                self.at += 1
                if code not in STEPS:
                    raise pickle.UnpicklingError(
                        f"instruction {chr(code)!r} is not one that data need: this file was not "
                        "written by save()"
                    )
                cost, step = STEPS[code]
                self.left -= cost
                if self.left < 0:
                    self.charge(0)
                step(self)
            self.at += 1
            made = self.pop()
            if self.stack:
                raise pickle.UnpicklingError("the pickled data are damaged at their end")
            return made
        except pickle.UnpicklingError:
            raise
        except (
            AttributeError, LookupError, OverflowError, RecursionError, TypeError, ValueError,
            struct.error,
        ) as error:  # fmt: skip
            message = f"the pickled data are damaged: {said(error)}"
            raise pickle.UnpicklingError(message) from error

    def charge(self, amount: int) -> None:
        self.left -= amount
        if self.left < 0:
            raise pickle.UnpicklingError("the pickled data grow beyond all proportion")

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

    def old_string(self, length: int) -> Any:
        """A string of Python 2's, which were bytes."""
        raw = self.take(length)
        return raw if self.encoding == "bytes" else raw.decode(self.encoding)

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

    def top(self, kinds: tuple[type, ...]) -> Any:
        value = self.stack[-1]
        if type(value) not in kinds and not (isinstance(value, kinds) and self.trusts(value)):
            raise pickle.UnpicklingError(f"cannot add items to a {type(value).__name__}")
        return value

    def trusts(self, value: Any) -> bool:
        return id(type(value)) in self.trusted

    # --- names ---

    def name(self, module: Any, name: Any) -> None:
        if type(module) is not str or type(name) is not str:
            raise pickle.UnpicklingError("the pickled data are damaged: a name that is no string")
        if len(module) > 500 or len(name) > 500:
            raise pickle.UnpicklingError(f"the file asks for {brief(module)}: no such module")
        module, name = python3_name(module, name)
        path = f"{module}.{name}"
        if module in BLOCKED:
            raise pickle.UnpicklingError(
                f"Weights only load failed: unsupported GLOBAL {path} whose module {module} is "
                "blocked: nothing of it is allowed"
            )
        for known in (
            self.containers, self.functions, self.user, self.values, self.named_tuples,
        ):  # fmt: skip
            if path in known:
                self.push(known[path])
                return
        found = _named_tuple(module, name)
        if found is None:
            raise pickle.UnpicklingError(
                f"Weights only load failed: Unsupported global: GLOBAL {path} was not an allowed "
                "global by default. load() "
                "reads tensors, arrays, numbers, strings and containers of these. If you trust "
                f"{name}, allow it with torch.serialization.add_safe_globals([{name}]), or for a "
                f"while `with torch.serialization.safe_globals([{name}])`; "
                "get_unsafe_globals_in_checkpoint() lists all names to allow. A state_dict() "
                "needs none. If you trust the file with running any code, "
                "load(..., weights_only=False) reads it."
            )
        self.named_tuples[path] = found
        self.push(found)

    def global_(self) -> None:
        self.name(self.line(), self.line())

    def stack_global(self) -> None:
        name, module = self.pop(), self.pop()
        self.name(module, name)

    # --- calls ---

    def reduce(self) -> None:
        arguments, function = self.pop(), self.pop()
        if type(arguments) is not tuple:
            raise pickle.UnpicklingError("the pickled data are damaged: a call without arguments")
        cost = self.callable.get(id(function))
        if cost is not None:
            self.charge(cost)
            for part in arguments:  # each is visited, and copied perhaps
                if isinstance(part, SIZED):
                    self.charge(len(part) * ELEMENT.get(type(part), OBJECT))
                elif type(part) is int and abs(part) >> 64:
                    raise pickle.UnpicklingError("the pickled data are damaged: a huge number")
        elif id(function) not in self.trusted:
            raise pickle.UnpicklingError(
                f"the file asks to call {brief(function)}, which is no function that load() allows"
            )
        self.push(function(*arguments))

    def new_object(self) -> None:
        arguments, kind = self.stack[-1], self.stack[-2]
        named = any(kind is each for each in self.named_tuples.values())
        trusted = id(kind) in self.trusted and isinstance(kind, type)
        if type(arguments) is not tuple or not (named or trusted):
            self.reduce()
            return
        if named and len(arguments) != len(kind._fields):
            raise pickle.UnpicklingError(f"a {kind.__name__} has {len(kind._fields)} fields")
        self.stack[-2:] = [
            kind.__new__(kind, *arguments) if trusted else tuple.__new__(kind, arguments)
        ]

    def build(self) -> None:
        state = self.pop()
        target = self.stack[-1]
        if self.trusts(target):
            _set_state(target, state)
        elif type(target) is OrderedDict:
            if type(state) is not dict or any(key != "_metadata" for key in state):
                raise pickle.UnpicklingError("an OrderedDict may carry _metadata and nothing else")
            target.__dict__.update(state)
        elif type(target) in self.setters:
            self.charge(CALL)
            self.setters[type(target)](target, state, self.charge)
        else:
            raise pickle.UnpicklingError(
                f"the file sets the state of a {type(target).__name__}, which load() does not allow"
            )

    # --- containers ---

    def append(self) -> None:
        value = self.pop()
        self.top((list, deque)).append(value)

    def appends(self) -> None:
        items = self.pop_mark()
        self.top((list, deque)).extend(items)

    def set_item(self) -> None:
        value, key = self.pop(), self.pop()
        self.fill([key, value])

    def set_items(self) -> None:
        self.fill(self.pop_mark())

    def fill(self, items: list[Any]) -> None:
        target = self.top((dict, OrderedDict, Counter, defaultdict))
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[self.key(key, target)] = value

    def add_items(self) -> None:
        items = self.pop_mark()
        self.add(self.top((set,)), items)

    def add(self, target: set[Any], items: Any) -> set[Any]:
        if type(items) not in (list, tuple):
            raise pickle.UnpicklingError("a set is written as a list")
        for item in items:
            target.add(self.key(item, target))
        return target

    def key(self, key: Any, target: Any) -> Any:
        """``key``, if hashing and comparing it runs no code of the file's choice, and ends soon."""
        self.charge(OBJECT + self.weight(key))
        if type(key) in (complex, tuple, frozenset) or (type(key) is int and abs(key) >> 60):
            # other numbers have hashes of their own, and those of strings are secret
            self.charge(2 * OBJECT)
            same = id(target) ^ hash(key)
            self.collisions[same] = self.collisions.get(same, 0) + 1
            if self.collisions[same] > COLLISIONS:
                raise pickle.UnpicklingError("the pickled data have keys that collide")
        return key

    def weight(self, key: Any, depth: int = 0) -> int:
        """How many bytes hashing ``key`` visits: an inner tuple counts as often as it occurs."""
        kind = type(key)
        if kind in BYTES or kind is frozenset:
            return len(key)
        if kind is int:
            return int(key.bit_length()) // 8
        if isinstance(key, tuple) and depth < DEPTH:
            if id(key) in self.weights:
                return self.weights[id(key)][0]
            self.charge(8 * len(key))
            total = len(key) + sum(self.weight(item, depth + 1) for item in key)
            if depth or len(key) > 8:
                self.charge(4 * OBJECT)
                self.weights[id(key)] = total, key  # which keeps the id
            return total
        if kind not in PLAIN_KEYS and not self.trusts(key):
            raise pickle.UnpicklingError(f"a {kind.__name__} is no key that load() allows")
        return 8

    def tuple_(self, items: list[Any]) -> None:
        self.charge(8 * len(items))
        self.push(tuple(items))

    def defaultdict(self, default: Any = None) -> Any:
        if not any(default is each for each in (None, *DEFAULTS, *self.user.values())):
            raise pickle.UnpicklingError(f"a defaultdict of {brief(default)} is not allowed")
        return defaultdict(default)

    # --- plain values ---

    def get(self, index: int) -> None:
        if index >= len(self.memo) or self.memo[index] is MARK:
            raise pickle.UnpicklingError("the pickled data are damaged: nothing was kept there")
        self.push(self.memo[index])

    def put(self, index: int) -> None:
        value = self.stack[-1]
        if value is MARK or index > len(self.program):
            raise pickle.UnpicklingError("the pickled data are damaged: a mark in the memo")
        if index >= len(self.memo):
            more = index + 1 - len(self.memo)
            self.charge(8 * more)
            self.memo += [MARK] * more
        self.memo[index] = value

    def text(self, form: str) -> None:
        text = self.take(self.number(form)).decode("utf-8", "surrogatepass")
        self.charge(sys.getsizeof(text))
        self.push(text)

    def binary(self, form: str) -> None:
        self.push(self.take(self.number(form)))

    def long(self, form: str) -> None:
        self.push(int.from_bytes(self.take(self.number(form)), "little", signed=True))

    def protocol(self) -> None:
        if self.number("B") > 5:
            raise pickle.UnpicklingError("the pickle's protocol is newer than 5")


# --- classes of Python's -------------------------------------------------------------------------


def _named_tuple(module: str, name: str) -> type | None:
    """The named tuple of that name, if the program has imported it; no code of its own runs."""
    found = sys.modules.get(module)
    if not issubclass(type(found), ModuleType):
        return None
    kind = object.__getattribute__(found, "__dict__").get(name)
    if type(kind) is not type or not issubclass(kind, tuple) or kind.__bases__ != (tuple,):
        return None
    plain = type(kind.__dict__.get("_fields")) is tuple and "__del__" not in kind.__dict__
    untouched = kind.__hash__ is tuple.__hash__ and kind.__eq__ is tuple.__eq__
    return kind if plain and untouched else None


def _set_state(target: Any, state: Any) -> None:
    """As Python does it, for an object whose class the user has allowed."""
    if hasattr(target, "__setstate__"):
        target.__setstate__(state)
        return
    slots: Any = None
    if type(state) is tuple and len(state) == 2:
        state, slots = state
    if state:
        target.__dict__.update(state)
    for name, value in (slots or {}).items():
        setattr(target, name, value)


def _ordered_dict(*arguments: Any) -> Any:
    if arguments:
        raise pickle.UnpicklingError("an OrderedDict is written empty and then filled")
    return OrderedDict()


def _counter(counts: Any = None) -> Any:
    if counts is not None and type(counts) is not dict:
        raise pickle.UnpicklingError("a Counter is written as a dict")
    return Counter(counts)


def _deque(items: Any = (), maxlen: Any = None) -> Any:
    if type(items) not in (list, tuple):
        raise pickle.UnpicklingError("a deque is written as a list")
    return deque(items, maxlen)


def _complex(real: Any, imaginary: Any) -> complex:
    if not {type(real), type(imaginary)} <= {int, float}:
        raise pickle.UnpicklingError("a complex number is written as two floats")
    return complex(real, imaginary)


def _range(*ends: Any) -> range:
    return range(*ends)


def _slice(*ends: Any) -> slice:
    return slice(*ends)


def _bytes(*arguments: Any) -> bytes:
    return _encode(*arguments) if arguments else b""


def _bytearray(*arguments: Any) -> bytearray:
    return bytearray(_bytes(*arguments))


def _encode(text: Any, encoding: Any = "latin1") -> bytes:
    if type(text) is bytes:
        return text
    if type(text) is not str or encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError("bytes are written as a latin1 string")
    return text.encode("latin-1")


INSTRUCTIONS: dict[bytes, tuple[int, Callable[[PickleReader], Any]]] = {
    b"\x80": (PLACE, PickleReader.protocol),
    b"\x95": (PLACE, lambda m: m.take(8)),  # the length of a frame
    b"(": (PLACE, lambda m: m.push(MARK)),
    b"0": (PLACE, lambda m: m.stack.pop()),
    b"N": (PLACE, lambda m: m.push(None)),
    b"\x88": (PLACE, lambda m: m.push(True)),
    b"\x89": (PLACE, lambda m: m.push(False)),
    b"K": (PLACE, lambda m: m.push(m.number("B"))),
    b"M": (PLACE + 32, lambda m: m.push(m.number("<H"))),
    b"J": (PLACE + 32, lambda m: m.push(m.number("<i"))),
    b"\x8a": (PLACE + 32, lambda m: m.long("B")),
    b"\x8b": (PLACE + 32, lambda m: m.long("<i")),
    b"G": (PLACE + 32, lambda m: m.push(m.number(">d"))),
    b"X": (PLACE, lambda m: m.text("<I")),
    b"\x8c": (PLACE, lambda m: m.text("B")),
    b"\x8d": (PLACE, lambda m: m.text("<Q")),
    b"U": (PLACE + OBJECT, lambda m: m.push(m.old_string(m.number("B")))),
    b"C": (PLACE + OBJECT, lambda m: m.binary("B")),
    b"B": (PLACE + OBJECT, lambda m: m.binary("<I")),
    b"\x8e": (PLACE + OBJECT, lambda m: m.binary("<Q")),
    b"\x96": (PLACE + OBJECT, lambda m: m.push(bytearray(m.take(m.number("<Q"))))),
    b")": (PLACE, lambda m: m.push(())),
    b"]": (PLACE + OBJECT, lambda m: m.push([])),
    b"}": (PLACE + OBJECT, lambda m: m.push({})),
    b"\x8f": (PLACE + 4 * OBJECT, lambda m: m.push(set())),
    b"t": (PLACE + 40, lambda m: m.tuple_(m.pop_mark())),
    b"\x85": (PLACE + 40, lambda m: m.tuple_([m.pop()])),
    b"\x86": (PLACE + 40, lambda m: m.tuple_([m.pop(), m.pop()][::-1])),
    b"\x87": (PLACE + 40, lambda m: m.tuple_([m.pop(), m.pop(), m.pop()][::-1])),
    b"a": (PLACE, PickleReader.append),
    b"e": (PLACE, PickleReader.appends),
    b"s": (PLACE, PickleReader.set_item),
    b"u": (PLACE, PickleReader.set_items),
    b"\x90": (PLACE, PickleReader.add_items),
    b"\x91": (PLACE + 4 * OBJECT, lambda m: m.push(frozenset(m.add(set(), m.pop_mark())))),
    b"h": (PLACE, lambda m: m.get(m.number("B"))),
    b"j": (PLACE, lambda m: m.get(m.number("<I"))),
    b"q": (PLACE, lambda m: m.put(m.number("B"))),
    b"r": (PLACE, lambda m: m.put(m.number("<I"))),
    b"\x94": (PLACE, lambda m: m.put(len(m.memo))),
    b"c": (PLACE, PickleReader.global_),
    b"\x93": (PLACE, PickleReader.stack_global),
    b"R": (PLACE, PickleReader.reduce),
    b"\x81": (PLACE, PickleReader.new_object),
    b"b": (PLACE, PickleReader.build),
    b"Q": (PLACE, lambda m: m.push(m.persistent(m.pop()))),
}
STEPS = {ord(code): step for code, step in INSTRUCTIONS.items()}
