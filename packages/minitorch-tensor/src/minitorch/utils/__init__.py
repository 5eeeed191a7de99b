"""Utilities around the core: ``checkpoint``, and ``data`` where minitorch-nn is installed."""

__path__ = __import__("pkgutil").extend_path(__path__, __name__)

from . import checkpoint

__all__ = ["checkpoint"]
