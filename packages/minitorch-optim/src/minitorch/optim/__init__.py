"""Optimizers and schedules.

Follows https://docs.pytorch.org/docs/stable/optim.html
"""

from .optimizer import *
from .optimizer import Optimizer
from .sgd import SGD

__all__ = [
    "SGD",
    "Optimizer",
    "register_optimizer_step_post_hook",
    "register_optimizer_step_pre_hook",
]
