"""A program as the text of a Python module, and the function that the text defines."""

from .function import function, save
from .module import source

__all__ = ["function", "save", "source"]
