"""Utilities around the core: ``checkpoint``, and ``data`` where minitorch-nn is installed."""

__path__ = __import__("pkgutil").extend_path(__path__, __name__)

from typing import TYPE_CHECKING, Any

from . import checkpoint

__all__ = ["checkpoint"]


if TYPE_CHECKING:
    from .._tensor.swap import swap_tensors as swap_tensors
    from . import _foreach_utils as _foreach_utils
    from . import _pytree as _pytree
    from . import data as data
    from . import deterministic as deterministic
    from . import dlpack as dlpack
    from . import hooks as hooks
    from . import model_zoo as model_zoo
    from . import tensorboard as tensorboard
else:

    def __getattr__(name: str) -> Any:
        if name in (
            "_foreach_utils",
            "_pytree",
            "data",
            "deterministic",
            "dlpack",
            "hooks",
            "model_zoo",
            "tensorboard",
        ):
            from importlib import import_module

            try:
                return import_module(f"{__name__}.{name}")
            except ImportError as error:
                raise AttributeError(str(error)) from None
        if name == "swap_tensors":
            from .._tensor.swap import swap_tensors

            return swap_tensors
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
