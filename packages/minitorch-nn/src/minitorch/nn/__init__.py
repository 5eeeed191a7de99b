"""Modules, functionals, losses and initial values.

Follows https://docs.pytorch.org/docs/stable/nn.html
"""

from typing import TYPE_CHECKING

from . import functional as functional
from . import init as init
from .module import Module as Module
from .modules import *
from .parameter import *

if TYPE_CHECKING:  # of what comes in on first use
    from . import attention as attention
    from . import grad as grad
    from . import optim as optim
    from . import parallel as parallel
    from . import utils as utils
    from .functional.chunking import LinearCrossEntropyOptions as LinearCrossEntropyOptions
    from .parallel import DataParallel as DataParallel

for _name, _value in list(globals().items()):  # the modules that the classes come from: they have
    if getattr(_value, "__name__", "").startswith(f"{__name__}.modules."):  # names of functions
        del globals()[_name]


if not TYPE_CHECKING:  # a name that is not there is to be reported

    def __getattr__(name: str) -> object:
        if name in ("attention", "grad", "optim", "parallel", "utils"):
            from importlib import import_module

            return import_module(f"{__name__}.{name}")
        if name == "DataParallel":
            from .parallel import DataParallel

            return DataParallel
        if name == "LinearCrossEntropyOptions":
            from .functional.chunking import LinearCrossEntropyOptions

            return LinearCrossEntropyOptions
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
