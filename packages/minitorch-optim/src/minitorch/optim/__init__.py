"""Optimizers and schedules.

Follows https://docs.pytorch.org/docs/stable/optim.html
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .adadelta import Adadelta
from .adafactor import Adafactor
from .adagrad import Adagrad
from .adam import Adam, AdamW
from .adamax import Adamax
from .asgd import ASGD
from .lbfgs import LBFGS
from .muon import Muon
from .nadam import NAdam
from .optimizer import (
    Optimizer,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from .radam import RAdam
from .rmsprop import RMSprop
from .rprop import Rprop
from .sgd import SGD
from .sparse_adam import SparseAdam

__all__ = [
    "ASGD",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Muon",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "SparseAdam",
    "lr_scheduler",
    "register_optimizer_step_post_hook",
    "register_optimizer_step_pre_hook",
    "swa_utils",
]

if TYPE_CHECKING:  # of what comes in on first use
    from . import lr_scheduler as lr_scheduler
    from . import swa_utils as swa_utils

for _name in __all__:
    if _name[0].isupper():  # of the classes alone; their modules' names are for importing from
        globals().pop(_name.lower(), None)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if not TYPE_CHECKING:  # a name that is not there is to be reported

    def __getattr__(name: str) -> Any:
        if name in ("lr_scheduler", "swa_utils"):
            return import_module(f"{__name__}.{name}")
        likely = next((known for known in __all__ if known != name == known.lower()), None)
        hint = (
            f": the optimizer is the class {likely}, as in optim.{likely}(params)" if likely else ""
        )
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}", name=name)
