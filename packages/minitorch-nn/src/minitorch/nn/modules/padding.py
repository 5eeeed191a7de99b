"""Padding layers."""

from __future__ import annotations

from typing import Any

from ..functional.padding import pad
from ..module import Module
from .convolution import by_class

__all__ = [
    f"{kind}Pad{n}d"
    for kind in ("Circular", "Constant", "Reflection", "Replication", "Zero")
    for n in (1, 2, 3)
]


DIMENSIONS: dict[type, int] = {}  # that a layer pads


class _Pad(Module):
    def __init__(self, padding: Any) -> None:
        super().__init__()
        n = 2 * by_class(self, DIMENSIONS)
        self.padding = tuple(padding) if isinstance(padding, tuple | list) else (padding,) * n

    def extra_repr(self) -> str:
        """The widths."""
        return f"{self.padding}"


class _ConstantPad(_Pad):
    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def extra_repr(self) -> str:
        """The widths and the value."""
        return f"padding={self.padding}, value={self.value}"


class _ZeroPad(_ConstantPad):
    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """The widths."""
        return f"{self.padding}"


def _layer(base: type[_Pad], kind: str, ndim: int, what: str, mode: str) -> type[_Pad]:
    name = f"{kind}Pad{ndim}d"
    text = f"""{what} around the last {ndim or ""} dimension(s); an int or (before, after, ...).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.{name}.html
    """

    def forward(self: Any, input: Any) -> Any:
        """The padded input."""
        if mode == "constant":
            return pad(input, self.padding, mode, self.value)
        if input.ndim not in (ndim + 1, ndim + 2):
            raise ValueError(
                f"{self}: expected {ndim + 1}D or {ndim + 2}D input (got {input.ndim}D input)"
            )
        return pad(input, self.padding, mode)

    members = {"__doc__": text, "forward": forward, "__module__": __name__}
    made = type(name, (base,), members)
    DIMENSIONS[made] = ndim
    return made


CircularPad1d, CircularPad2d, CircularPad3d = (
    _layer(_Pad, "Circular", n, "Elements from the other end", "circular") for n in (1, 2, 3)
)
ReflectionPad1d, ReflectionPad2d, ReflectionPad3d = (
    _layer(_Pad, "Reflection", n, "The elements mirrored at the border", "reflect")
    for n in (1, 2, 3)
)
ReplicationPad1d, ReplicationPad2d, ReplicationPad3d = (
    _layer(_Pad, "Replication", n, "The border repeated", "replicate") for n in (1, 2, 3)
)
ConstantPad1d, ConstantPad2d, ConstantPad3d = (
    _layer(_ConstantPad, "Constant", n, "A constant", "constant") for n in (1, 2, 3)
)
ZeroPad1d, ZeroPad2d, ZeroPad3d = (
    _layer(_ZeroPad, "Zero", n, "Zeros", "constant") for n in (1, 2, 3)
)
