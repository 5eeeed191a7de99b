"""Devices: there is one, the CPU."""

from __future__ import annotations

from typing import Any


class device:  # noqa: N801  (PyTorch's name)
    """The place of a tensor: ``device("cpu")``.

    Raises:
        RuntimeError: any other device is asked for.
    """

    __slots__ = ("index", "type")
    type: str
    index: int | None

    def __init__(self, type: Any = "cpu", index: int | None = None) -> None:
        if isinstance(type, device):
            type, index = type.type, type.index
        name, _, number = str(type).partition(":")
        if name != "cpu":
            raise RuntimeError(
                f"device {type!r} is not available: MiniTorch computes on the CPU. "
                "Use device('cpu'), or ask torch.cuda.is_available() first (it is False)."
            )
        if number and not number.isdigit():
            raise RuntimeError(f"Invalid device string: {type!r}")
        self.type = name
        self.index = int(number) if number else index

    def __repr__(self) -> str:
        return (
            f"device(type='{self.type}'"
            + ("" if self.index is None else f", index={self.index}")
            + ")"
        )

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and self.index == other.index

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __enter__(self) -> device:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def __reduce__(self) -> Any:
        return device, (self.type,) if self.index is None else (self.type, self.index)


CPU = device()


def as_device(value: Any) -> device:
    """``value`` (a device, its name, an index or None) as a device."""
    if value is None:
        return CPU
    if isinstance(value, int):
        value = f"cuda:{value}"
    return value if isinstance(value, device) else device(value)
