"""Losses as layers, and ``Loss``."""

from .base import _Loss as _Loss
from .base import _WeightedLoss as _WeightedLoss
from .classification import *
from .everyday import *
from .margin import *
from .regression import *
