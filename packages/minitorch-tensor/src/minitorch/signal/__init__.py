"""Signal processing, as ``torch.signal``.

Follows https://docs.pytorch.org/docs/stable/signal.html
"""

from . import windows

__all__ = ["windows"]
