"""Sobol sequences: points that fill the unit cube evenly; the numbers are PyTorch's.

Point n + 1 is point n, xor the direction numbers of the rightmost zero bit of n (Gray code). The
direction numbers of ``sobol.npz`` are those of Joe and Kuo (2008), search criterion D(6):
https://web.maths.unsw.edu.au/~fkuo/sobol/.
"""

from __future__ import annotations

import io
from pkgutil import get_data
from typing import TYPE_CHECKING, Any

import numpy as np

from .._types.dtype import get_default_dtype
from ..autograd.variable import wrap
from .functions import randint
from .generator import Generator

if TYPE_CHECKING:
    from .._tensor.tensor import Tensor
    from .._types.dtype import dtype as DType

__all__ = ["SobolEngine"]

MAXBIT = 30
POWERS = 1 << np.arange(MAXBIT - 1, -1, -1, dtype=np.int64)  # of the bits, the highest first


def directions(dimension: int) -> Any:
    """The direction numbers, (dimension, MAXBIT): those of a primitive polynomial p of degree m
    satisfy v[j] = v[j-m] ^ 2^m v[j-m] ^ xor of 2^k v[j-k] over the inner coefficients of p."""
    table = np.load(io.BytesIO(get_data(__package__, "sobol.npz") or b""))
    found = np.ones((dimension, MAXBIT), np.int64)
    for row, p, first in zip(found[1:], table["poly"][1:], table["vinit"][1:], strict=False):
        m = int(p).bit_length() - 1
        row[:m] = first[:m]
        for j in range(m, MAXBIT):
            row[j] = row[j - m]
            for k in range(1, m + 1):
                if int(p) >> (m - k) & 1:
                    row[j] ^= row[j - k] << k
    return found * POWERS


class SobolEngine:
    """Draws the points of a Sobol sequence, one after the other.

    Args:
        dimension: of the points, up to ``MAXDIM``.
        scramble: shift and mix the bits at random (Owen, 1998).
        seed: of the scrambling; without one the default generator draws.

    Raises:
        ValueError: there are no direction numbers for that dimension.

    Example:
        >>> import minitorch
        >>> minitorch.quasirandom.SobolEngine(2).draw(3)
        tensor([[0.0000, 0.0000],
                [0.5000, 0.5000],
                [0.7500, 0.2500]])
    """

    MAXBIT = MAXBIT
    MAXDIM = 1111

    def __init__(self, dimension: int, scramble: bool = False, seed: int | None = None) -> None:
        if not 1 <= dimension <= self.MAXDIM:
            raise ValueError(
                f"Supported range of dimensionality for SobolEngine is [1, {self.MAXDIM}], "
                f"and not {dimension}"
            )
        self.dimension, self.scramble, self.seed = dimension, scramble, seed
        vectors, shift = directions(dimension), np.zeros(dimension, np.int64)
        if scramble:
            vectors, shift = self._scrambled(vectors)
        self.sobolstate: Tensor = wrap(vectors)
        self.shift: Tensor = wrap(shift)
        self.quasi: Tensor = wrap(shift.copy())
        single = get_default_dtype().numpy
        self._first_point = shift.astype(single) * single.type(2.0**-MAXBIT)
        self.num_generated = 0

    def _scrambled(self, vectors: Any) -> tuple[Any, Any]:
        """Each direction number's bits times a random lower triangular matrix, and a shift."""
        generator = None if self.seed is None else Generator().manual_seed(self.seed)
        shifts = randint(2, (self.dimension, MAXBIT), generator=generator)._array()
        shape = (self.dimension, MAXBIT, MAXBIT)
        lower = np.tril(randint(2, shape, generator=generator)._array())
        lower[:, range(MAXBIT), range(MAXBIT)] = 1
        bits = (vectors[..., None] // POWERS) % 2
        mixed = np.matmul(bits, lower.swapaxes(1, 2)) % 2
        return mixed @ POWERS, shifts @ POWERS[::-1]

    def _next(self, n: int) -> Any:
        """The next ``n`` points as integers, (n, dimension); ``quasi`` becomes the last one."""
        state, vectors = self.quasi._array(), self.sobolstate._array()
        start = self.num_generated
        steps = [(~k & (k + 1)).bit_length() - 1 for k in range(start - 1, start + n - 1)]
        rows = [vectors[:, j] if k >= 0 else 0 * state for k, j in enumerate(steps, start - 1)]
        points = np.bitwise_xor.accumulate([state, *rows])[1:]
        if n:
            state[...] = points[-1]
        self.num_generated += n
        return points

    def draw(self, n: int = 1, out: Tensor | None = None, dtype: DType | None = None) -> Tensor:
        """The next ``n`` points, (n, dimension)."""
        kind = (dtype or get_default_dtype()).numpy
        first = not self.num_generated
        points = self._next(n).astype(kind) * kind.type(2.0**-MAXBIT)
        if first and n:  # PyTorch rounds it to the dtype that was the default
            points[0] = self._first_point
        made: Any = wrap(points)
        if out is not None:
            out.resize_(made.shape).copy_(made)
            return out
        return made  # type: ignore[no-any-return]  # a Tensor

    def draw_base2(self, m: int, out: Tensor | None = None, dtype: DType | None = None) -> Tensor:
        """The next 2^m points.

        Raises:
            ValueError: with those drawn before they would be no power of 2.
        """
        n, total = 2**m, self.num_generated + 2**m
        if total & (total - 1):
            raise ValueError(
                "The balance properties of Sobol' points require n to be a power of 2. "
                f"{self.num_generated} points have been previously generated, then: "
                f"n={self.num_generated}+2**{m}={total}. If you still want to do this, please use "
                "'SobolEngine.draw()' instead."
            )
        return self.draw(n, out, dtype)

    def reset(self) -> SobolEngine:
        """Begins again."""
        self.quasi.copy_(self.shift)
        self.num_generated = 0
        return self

    def fast_forward(self, n: int) -> SobolEngine:
        """Goes on by ``n`` points."""
        self._next(n)
        return self

    def __repr__(self) -> str:
        told = [f"dimension={self.dimension}", *["scramble=True"] * self.scramble]
        told += [f"seed={self.seed}"] * (self.seed is not None)
        return f"{type(self).__name__}({', '.join(told)})"
