"""Kernels that Numba compiles: one pass over memory, equal to NumPy's within rounding.

Each function of a name that a primitive gives as ``compiled`` takes NumPy's kernel and returns one
with the same arguments, which leaves to NumPy's what it is not for. See ``kernels/choice.py``.
"""

try:
    import numba as numba
except ImportError as error:
    raise ImportError(
        "the compiled kernels need Numba, which is not installed: "
        "pip install minitorch-tensor[numba]",
        name="numba",
    ) from error
