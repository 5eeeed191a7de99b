"""Containers: modules and parameters in a row, in a list, in a dictionary."""

from .modules import Container, ModuleDict, ModuleList, Sequential
from .parameters import ParameterDict, ParameterList

__all__ = [
    "Container",
    "ModuleDict",
    "ModuleList",
    "ParameterDict",
    "ParameterList",
    "Sequential",
]
