"""Padding layers."""

from __future__ import annotations

from typing import Any

from ..functional.padding import pad
from ..module import Module

__all__ = [
    f"{kind}Pad{n}d"
    for kind in ("Circular", "Constant", "Reflection", "Replication", "Zero")
    for n in (1, 2, 3)
]


class _Pad(Module):
    ndim: int
    mode: str

    def __init__(self, padding: Any) -> None:
        super().__init__()
        n = 2 * self.ndim
        self.padding = tuple(padding) if isinstance(padding, tuple | list) else (padding,) * n

    def forward(self, input: Any) -> Any:
        """The padded input."""
        if input.ndim not in (self.ndim + 1, self.ndim + 2):
            raise ValueError(
                f"{self}: expected {self.ndim + 1}D or {self.ndim + 2}D input (got {input.ndim}D "
                "input)"
            )
        return pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        """The widths."""
        return f"{self.padding}"


class _ConstantPad(_Pad):
    mode = "constant"

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Any) -> Any:
        """The padded input."""
        return pad(input, self.padding, "constant", self.value)

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
    return type(
        name, (base,), {"__doc__": text, "ndim": ndim, "mode": mode, "__module__": __name__}
    )


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
