"""How functions become machine code.

What is compiled here are chunks: they compute the rows ``start`` to ``stop`` and leave the
interpreter to others meanwhile, so that our own threads share the rows. Numba's thread layers stay
unused: they do not survive a fork.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba import types
from numba.core.caching import FunctionCache
from numba.extending import intrinsic

from ..memory import packed

__all__ = [
    "FORMULA", "exact", "formula", "from_bits", "from_text", "larger", "ready", "rint", "sums",
    "to_bits",
]  # fmt: skip

# Without "reassoc" for formulas, whose order of operations is their accuracy; with it for sums,
# which a vector's lanes then add up apart.
FORMULA = {"contract", "nsz"}
SUMS = {"contract", "nsz", "reassoc"}

ROOM = Path(__file__).parent
STAMP = tuple((path.name, path.stat().st_mtime_ns) for path in sorted(ROOM.glob("*.py")))


class _Cache(FunctionCache):
    """Numba's files of machine code, which look at the function's own source file alone."""

    def _index_key(self, *args: Any) -> Any:
        return *super()._index_key(*args), STAMP


def _compiled(function: Callable[..., Any], flags: set[str]) -> Any:
    made = numba.njit(nogil=True, fastmath=flags, error_model="numpy")(function)
    with suppress(RuntimeError):  # where neither the package's folder nor the user's is writable
        made._cache = _Cache(function)
    return made


def formula(function: Callable[..., Any]) -> Any:
    """Compiles a function of numbers, or a chunk that adds nothing up."""
    return _compiled(function, FORMULA)


def exact(function: Callable[..., Any]) -> Any:
    """Compiles a function that keeps the signs of zeros, too."""
    return _compiled(function, {"contract"})


def sums(function: Callable[..., Any]) -> Any:
    """Compiles a chunk that adds numbers up, in any order."""
    return _compiled(function, SUMS)


def ready(*arrays: Any) -> list[Any] | None:
    """The arrays in C order if compiled kernels are for them: all float32, or all float64."""
    dtype = arrays[0].dtype
    for array in arrays:
        if type(array) is not np.ndarray or array.dtype is not dtype or dtype.char not in "fd":
            return None
    return list(map(packed, arrays))


# --- functions that are made as text -----------------------------------------------------------

_made: dict[tuple[str, str], Any] = {}


def _folder() -> Path:
    """Where texts are kept: Numba finds in later processes what it compiled of them."""
    given = os.environ.get("MINITORCH_CACHE")
    return Path(given) if given else Path.home() / ".cache" / "minitorch"


def from_text(
    text: str, name: str, names: dict[str, Any], compiling: Callable[..., Any], needs: str = ""
) -> Any:
    """The function ``name`` of the text, in which ``names`` are known: once a process, on its first
    call compiled or read from disk, if it ``needs`` there what it needs here."""
    key = text, needs
    if key in _made:
        return _made[key]
    try:
        digest = hashlib.sha256("\n".join((*key, np.__version__)).encode()).hexdigest()
        path = _folder() / f"{digest[:32]}.py"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(f".{os.getpid()}")
            part.write_text(text)
            part.replace(path)
    except (OSError, RuntimeError):  # no place for it, or no home: compiled in each process
        path = Path("<fused>")
    space = {"__name__": __name__, **names}
    exec(compile(text, str(path), "exec"), space)
    _made[key] = made = compiling(space[name])
    return made


BITS = {types.float32: types.int32, types.float64: types.int64}
FLOATS = {integer: number for number, integer in BITS.items()}


def _bitcast(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    return builder.bitcast(args[0], context.get_value_type(signature.return_type))


@intrinsic
def to_bits(context: Any, x: Any) -> Any:
    """The bits of a floating-point number as an integer of its size."""
    return BITS[x](x), _bitcast


@intrinsic
def from_bits(context: Any, bits: Any) -> Any:
    """The floating-point number with these bits."""
    return FLOATS[bits](bits), _bitcast


@intrinsic
def rint(context: Any, x: Any) -> Any:
    """The nearest integer, in one instruction."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.call(builder.module.declare_intrinsic("llvm.rint", [args[0].type]), args)

    return x(x), code


@intrinsic
def larger(context: Any, a: Any, b: Any) -> Any:
    """The larger of two numbers, either of them where one is NaN: so vectors find the largest."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        flags = ("nnan", "nsz")
        above = builder.fcmp_ordered(">", *args, flags=flags)
        return builder.select(above, *args, flags=flags)

    return a(a, b), code
