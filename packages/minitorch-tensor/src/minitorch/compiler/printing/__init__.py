"""A program as the text of a Python module, and the function that the text defines."""

from .function import function, save
from .module import source
from .notebook import html

__all__ = ["function", "html", "save", "source"]
