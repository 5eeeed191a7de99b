"""How tensors print: PyTorch's format, character for character."""

from __future__ import annotations

from typing import Any


def tensor_repr(tensor: Any) -> str:
    return f"tensor({tensor._data})"
