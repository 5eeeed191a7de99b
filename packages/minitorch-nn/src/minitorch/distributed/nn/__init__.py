"""Collectives that gradients go through: ``distributed.nn.functional``."""

from minitorch.extend import absent_names

from .functional import *

__getattr__, __dir__ = absent_names(__name__)
