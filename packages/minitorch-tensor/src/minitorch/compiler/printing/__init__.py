"""A program as the text of a Python module, and the function that the text defines."""

from .module import function, html, save, source

__all__ = ["function", "html", "save", "source"]
