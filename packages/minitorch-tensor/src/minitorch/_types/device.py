"""Devices: tensors are on the CPU or, without values, on "meta"; others have a name only."""

from __future__ import annotations

import re
import threading
from typing import Any

TYPES = [
    "cpu", "cuda", "ipu", "xpu", "mkldnn", "opengl", "opencl", "ideep", "hip", "ve", "fpga", "maia",
    "xla", "lazy", "vulkan", "mps", "meta", "hpu", "mtia", "privateuseone",
]  # fmt: skip


class device:  # noqa: N801  (PyTorch's name)
    """The place of a tensor: ``device("cpu")``, or ``device("meta")``, where tensors have a shape
    and a dtype but no values.

    Other devices, ``device("cuda", 1)``, can be named and compared; to make a tensor there raises
    an error. Within ``with device(...):`` new tensors are made there unless told else.

    Raises:
        RuntimeError: there is no such type of device, or the index is none.

    Example:
        >>> import minitorch
        >>> minitorch.device("cuda:1")
        device(type='cuda', index=1)
        >>> with minitorch.device("meta"):
        ...     minitorch.ones(2, 3)
        tensor(..., device='meta', size=(2, 3))

    Follows https://docs.pytorch.org/docs/stable/tensor_attributes.html#torch.device
    """

    __slots__ = ("index", "type")
    type: str
    index: int | None

    def __init__(self, type: Any, index: int | None = None) -> None:
        if isinstance(type, device):
            self.type, self.index = type.type, type.index
            return
        if isinstance(type, int) and not isinstance(type, bool) and index is None:
            raise RuntimeError(
                "Cannot access accelerator device when none is available: MiniTorch has no "
                f"device {type}, it computes on the CPU. Use device('cpu')."
            )
        if not isinstance(type, str):
            raise TypeError(f"device() takes the name of a device and its index, not {type!r}")
        if not type:
            raise RuntimeError("Device string must not be empty")
        name, colon, number = type.partition(":")
        if name not in TYPES:
            raise RuntimeError(
                f"Expected one of {', '.join(TYPES)} device type at start of device string: {name}"
            )
        if colon and index is not None:
            raise RuntimeError(
                f"type (string) must not include an index because index was passed explicitly: "
                f"{type}"
            )
        if colon and not re.fullmatch("0|[1-9][0-9]*", number, re.ASCII):
            raise RuntimeError(f"Invalid device string: {type!r}")
        if index is not None and index < 0:
            raise RuntimeError("Device index must not be negative")
        self.type = name
        self.index = int(number) if colon else index

    def __repr__(self) -> str:
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type='{self.type}'{index})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __enter__(self) -> device:
        chosen.append((threading.get_ident(), self))
        return self

    def __exit__(self, *exception: object) -> None:
        thread = threading.get_ident()
        for k in reversed(range(len(chosen))):
            if chosen[k][0] == thread:
                del chosen[k]
                break

    def __reduce__(self) -> Any:
        return device, (self.type,) if self.index is None else (self.type, self.index)


CPU, META = device("cpu"), device("meta")
# The devices of running ``with`` blocks, innermost last, each with its thread; the first is
# ``set_default_device``'s, for all threads.
chosen: list[tuple[int | None, device]] = []


def default_device() -> device:
    """Where this thread makes tensors unless told else."""
    thread = threading.get_ident()
    return next((d for owner, d in reversed(chosen) if owner in (thread, None)), CPU)


def as_device(value: Any) -> device:
    """``value`` (a device, its name, an index or None) as a device that tensors can be made on:
    ``CPU`` or ``META``.

    Raises:
        AssertionError, NotImplementedError: a device that MiniTorch does not have, as in PyTorch
            without it.
    """
    if value is None:
        value = default_device()
    found = value if isinstance(value, device) else device(value)
    if found.type == "cpu":
        return CPU
    if found.type == "meta":
        return META
    name = found.type.upper()
    error = AssertionError if found.type in ("cuda", "xpu", "mtia") else NotImplementedError
    raise error(
        f"MiniTorch has no {name}: it computes on the CPU, and no tensor can be on {found}. Use "
        f"device('cpu'), or ask torch.{found.type}.is_available() before (it is False)."
    )
