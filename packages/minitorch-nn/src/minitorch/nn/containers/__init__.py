"""Containers: modules and parameters in a row, in a list, in a dictionary."""

from .modules import ModuleDict, ModuleList, Sequential
from .parameters import ParameterDict, ParameterList

__all__ = ["ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"]
