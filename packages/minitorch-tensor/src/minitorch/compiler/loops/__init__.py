"""Small parts of programs as single functions that Numba compiles: no Python between operations.

An instruction becomes nodes (``translation``), loops over the elements of its arrays or a call of
BLAS. Views are no work: they are windows, strides and an offset, on the memory that they show.
Neighbouring loops over one shape become one, whose results stay in registers unless they are
needed later. Scalars are variables. What comes out of this is text (``text``) with constant sizes.

What has no loops, such as a random draw, stays what it is; the instructions between such ones
become a function each.
"""

from .functions import LoopFunction
from .regions import compile_loops

__all__ = ["LoopFunction", "compile_loops"]
