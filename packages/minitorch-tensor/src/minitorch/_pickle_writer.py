"""A writer of pickles (protocol 2) under PyTorch's names, for tensors and containers of data."""

from __future__ import annotations

import struct
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from ._device import device
from ._dtype import dtype
from ._size import Size
from .autograd.variable import Variable

__all__ = ["Name", "PersistentId", "PickleWriter"]


class Name:
    """A name of PyTorch's, ``module`` and ``name``; never imported here."""

    def __init__(self, module: str, name: str) -> None:
        self.code = f"c{module}\n{name}\n".encode()


class PersistentId:
    """What the reader is to look up outside of the pickle."""

    def __init__(self, value: Any) -> None:
        self.value = value


class Call:
    """``name(*arguments)``, to be called by the reader."""

    def __init__(self, name: Name, *arguments: Any) -> None:
        self.name, self.arguments = name, arguments


class PickleWriter:
    """Writes one object; ``describe`` gives a tensor as a ``Call``."""

    def __init__(self, describe: Callable[[Any], Call]) -> None:
        self.describe = describe
        self.out = bytearray(b"\x80\x02")
        self.memo: dict[int, int] = {}
        self.alive: list[Any] = []  # an id stays taken as long as its object lives

    def dump(self, value: Any) -> bytes:
        self.write(value)
        return bytes(self.out + b".")

    def write(self, value: Any) -> None:
        known = self.memo.get(id(value))
        if known is not None:
            self.out += b"h" + bytes([known]) if known < 256 else b"j" + struct.pack("<I", known)
            return
        for kind in type(value).__mro__:
            if kind in WRITERS:
                break
        exact = kind in (Variable, dtype, device, np.generic)
        if kind not in WRITERS or not (exact or kind is type(value)):
            raise TypeError(
                f"save() writes tensors, numbers, strings and containers of these; not a "
                f"{type(value).__module__}.{type(value).__qualname__}. For a module or an "
                "optimizer save its state_dict(); for an ndarray from_numpy() of it."
            )
        WRITERS[kind](self, value)

    def remember(self, value: Any) -> None:
        number = len(self.memo)
        self.memo[id(value)] = number
        self.alive.append(value)
        self.out += b"q" + bytes([number]) if number < 256 else b"r" + struct.pack("<I", number)

    def integer(self, value: int) -> None:
        if -(2**31) <= value < 2**31:
            self.out += b"J" + struct.pack("<i", value)
        else:
            digits = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
            if len(digits) > 255:
                raise OverflowError(f"an integer of {value.bit_length()} bits is too long to save")
            self.out += b"\x8a" + bytes([len(digits)]) + digits

    def text(self, value: str) -> None:
        encoded = value.encode("utf-8", "surrogatepass")
        self.out += b"X" + struct.pack("<I", len(encoded)) + encoded
        self.remember(value)

    def tuple_(self, value: tuple[Any, ...]) -> None:
        self.out += b"("
        for item in value:
            self.write(item)
        self.out += b"t"

    def list_(self, value: list[Any]) -> None:
        self.out += b"]"
        self.remember(value)
        self.out += b"("
        for item in value:
            self.write(item)
        self.out += b"e"

    def dict_(self, value: dict[Any, Any]) -> None:
        self.out += b"}"
        self.remember(value)
        self.items(value)

    def items(self, value: dict[Any, Any]) -> None:
        self.out += b"("
        for key, item in value.items():
            self.write(key)
            self.write(item)
        self.out += b"u"

    def ordered(self, value: OrderedDict[Any, Any]) -> None:
        self.out += Name("collections", "OrderedDict").code + b")R"
        self.remember(value)
        self.items(value)
        metadata = getattr(value, "_metadata", None)  # the versions in a module's state_dict
        if metadata is not None:
            self.dict_({"_metadata": metadata})
            self.out += b"b"

    def call(self, value: Call) -> None:
        self.out += value.name.code
        self.tuple_(value.arguments)
        self.out += b"R"

    def tensor(self, value: Any) -> None:
        self.call(self.describe(value))
        self.remember(value)

    def persistent(self, value: PersistentId) -> None:
        self.tuple_(value.value)
        self.out += b"Q"

    def code(self, code: bytes) -> None:
        self.out += code


WRITERS: dict[type, Callable[[PickleWriter, Any], None]] = {
    type(None): lambda w, v: w.code(b"N"),
    bool: lambda w, v: w.code(b"\x88" if v else b"\x89"),
    int: PickleWriter.integer,
    float: lambda w, v: w.code(b"G" + struct.pack(">d", v)),
    complex: lambda w, v: w.call(Call(Name("__builtin__", "complex"), v.real, v.imag)),
    str: PickleWriter.text,
    bytes: lambda w, v: w.call(Call(Name("_codecs", "encode"), v.decode("latin-1"), "latin1")),
    tuple: PickleWriter.tuple_,
    list: PickleWriter.list_,
    dict: PickleWriter.dict_,
    OrderedDict: PickleWriter.ordered,
    set: lambda w, v: w.call(Call(Name("__builtin__", "set"), list(v))),
    Size: lambda w, v: w.call(Call(Name("torch", "Size"), tuple(v))),
    dtype: lambda w, v: w.code(Name("torch", v.name).code),
    device: lambda w, v: w.call(Call(Name("torch", "device"), str(v))),
    np.generic: lambda w, v: w.write(v.item()),
    Variable: PickleWriter.tensor,
    Call: PickleWriter.call,
    Name: lambda w, v: w.code(v.code),
    PersistentId: PickleWriter.persistent,
}
