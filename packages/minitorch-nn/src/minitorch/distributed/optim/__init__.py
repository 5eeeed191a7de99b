"""Optimizers of several processes."""

from minitorch.extend import absent_names

from .zero_redundancy_optimizer import *

__getattr__, __dir__ = absent_names(__name__)
