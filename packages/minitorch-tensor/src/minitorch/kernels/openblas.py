"""NumPy's BLAS told to spin less: imported before NumPy, if that is still to come.

OpenBLAS' threads wait for work by spinning, for 20 ms after each product, on the cores that our
own threads then want: LeNet's training takes a third longer so. 2^18 cycles are 0.1 ms. The library
reads the variable once, as it is loaded; ``kernels.blas`` tells it later where it can be told.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

TIMEOUT = "OPENBLAS_THREAD_TIMEOUT"


@contextmanager
def short_waits() -> Iterator[None]:
    """What the library reads in the block; the user's environment is as before after it."""
    os.environ[TIMEOUT] = "18"  # the exponent
    try:
        yield
    finally:
        del os.environ[TIMEOUT]


if "numpy" not in sys.modules and TIMEOUT not in os.environ:
    with short_waits():
        import numpy  # noqa: F401  (for the effect)
