"""CUDA: absent. The switches can be set and change nothing."""

from __future__ import annotations

from types import SimpleNamespace

matmul = SimpleNamespace(allow_tf32=False, allow_fp16_reduced_precision_reduction=False)


def is_built() -> bool:
    """False."""
    return False


def _switch(enabled: bool) -> None:
    """Changes nothing: attention has one implementation here."""


enable_flash_sdp = enable_math_sdp = enable_mem_efficient_sdp = enable_cudnn_sdp = _switch


def math_sdp_enabled() -> bool:
    """True."""
    return True


def flash_sdp_enabled() -> bool:
    """False."""
    return False


mem_efficient_sdp_enabled = cudnn_sdp_enabled = flash_sdp_enabled
