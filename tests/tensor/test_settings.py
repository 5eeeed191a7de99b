"""Settings that are remembered."""

from __future__ import annotations

import minitorch as torch
import pytest


def test_deterministic_algorithms() -> None:
    assert not torch.are_deterministic_algorithms_enabled()
    try:
        torch.use_deterministic_algorithms(True, warn_only=True)
        assert torch.are_deterministic_algorithms_enabled()
        assert torch.is_deterministic_algorithms_warn_only_enabled()
        assert torch.get_deterministic_debug_mode() == 1
        for mode, number in (("error", 2), (0, 0), ("warn", 1), ("default", 0)):
            torch.set_deterministic_debug_mode(mode)
            assert torch.get_deterministic_debug_mode() == number
        with pytest.raises(RuntimeError, match="expected one of"):
            torch.set_deterministic_debug_mode("often")
        with pytest.raises(TypeError, match="must be str or int"):
            torch.set_deterministic_debug_mode(1.5)  # type: ignore[arg-type]
    finally:
        torch.use_deterministic_algorithms(False)


def test_warnings() -> None:
    torch.set_warn_always(True)
    assert torch.is_warn_always_enabled()
    torch.set_warn_always(False)
    assert not torch.is_warn_always_enabled()
