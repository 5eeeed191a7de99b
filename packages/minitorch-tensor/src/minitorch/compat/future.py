"""``torch.__future__``: how a module's ``to`` and ``load_state_dict`` change its parameters.

Follows https://docs.pytorch.org/docs/stable/future_mod.html
"""

from __future__ import annotations

_overwrite_module_params_on_conversion = False
_swap_module_params_on_conversion = False


def set_overwrite_module_params_on_conversion(value: bool) -> None:
    """Whether converting a module gives it other parameters; by default they get other data."""
    global _overwrite_module_params_on_conversion
    _overwrite_module_params_on_conversion = value


def get_overwrite_module_params_on_conversion() -> bool:
    """What was set; False by default."""
    return _overwrite_module_params_on_conversion


def set_swap_module_params_on_conversion(value: bool) -> None:
    """Whether converting a module, or loading its state, swaps its parameters with others, by
    ``torch.utils.swap_tensors``."""
    global _swap_module_params_on_conversion
    _swap_module_params_on_conversion = value


def get_swap_module_params_on_conversion() -> bool:
    """What was set; False by default."""
    return _swap_module_params_on_conversion
