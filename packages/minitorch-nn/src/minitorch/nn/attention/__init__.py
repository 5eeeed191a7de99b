"""Attention: which kernel may compute it, masks by formula, and biases.

Follows https://docs.pytorch.org/docs/stable/nn.attention.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum, IntEnum

__all__ = [
    "WARN_FOR_UNFUSED_KERNELS", "SDPBackend", "activate_flash_attention_impl",
    "current_flash_attention_impl", "list_flash_attention_impls", "register_flash_attention_impl",
    "restore_flash_attention_impl", "sdpa_kernel",
]  # fmt: skip

WARN_FOR_UNFUSED_KERNELS = False


class SDPBackend(IntEnum):
    """PyTorch's kernels of ``scaled_dot_product_attention``; here there is one for all."""

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4

    __str__ = Enum.__str__

    def __repr__(self) -> str:
        return f"<SDPBackend.{self.name}: {self.value}>"


@contextmanager
def sdpa_kernel(
    backends: Sequence[SDPBackend] | SDPBackend, set_priority: bool = False
) -> Iterator[dict[str, bool]]:
    """A ``with`` block in which these kernels may compute attention: they give the same here.

    Raises:
        AssertionError: what is given is no ``SDPBackend``, nor a sequence of them.
    """
    given = [backends] if isinstance(backends, SDPBackend) else backends
    if not (isinstance(given, Sequence) and all(isinstance(each, SDPBackend) for each in given)):
        raise AssertionError(
            "Backend must be an instance of SDPBackend or a list of SDPBackend instances, got "
            f"{type(backends).__name__}"
        )
    yield {}


def list_flash_attention_impls() -> list[str]:
    """No implementations: attention runs on NumPy."""
    return []


def current_flash_attention_impl() -> str | None:
    """None."""
    return None


def activate_flash_attention_impl(impl: str) -> None:
    """Raises: no other implementation can be switched on."""
    raise ValueError(f"Unknown flash attention impl {impl!r}: attention runs on NumPy here")


def restore_flash_attention_impl() -> None:
    """Does nothing: nothing else was switched on."""


def register_flash_attention_impl(impl: str, *, register_fn: object) -> None:
    """Raises: attention runs on NumPy here."""
    raise NotImplementedError(f"the implementation {impl!r} is for GPUs")
