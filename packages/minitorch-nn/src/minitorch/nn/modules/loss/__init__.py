"""Losses as layers, and ``Loss``."""

from . import classification, everyday, margin, regression
from .base import _Loss as _Loss
from .base import _WeightedLoss as _WeightedLoss
from .classification import *
from .everyday import *
from .margin import *
from .regression import *

__all__: list[str] = []
__all__ += classification.__all__
__all__ += everyday.__all__
__all__ += margin.__all__
__all__ += regression.__all__
