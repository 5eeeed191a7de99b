"""Sobol sequences: points that fill the unit cube evenly.

Follows Joe, Kuo, Constructing Sobol sequences with better two-dimensional projections (2008), and
for the scrambling Owen, Scrambling Sobol and Niederreiter-Xing points (1998).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from .._types.dtype import as_dtype, get_default_dtype
from ..autograd.variable import wrap
from .functions import randint
from .generator import Generator

Array = np.ndarray[Any, Any]

if TYPE_CHECKING:
    from .._tensor import Tensor
    from .._types.dtype import dtype

__all__ = ["SobolEngine"]

BITS = 30


def _directions(dimension: int) -> Array:
    """The direction numbers of Joe and Kuo, one row of 30 per dimension."""
    try:
        from scipy.stats import qmc
    except ImportError:
        raise ImportError(
            "SobolEngine needs scipy, which has the direction numbers: install "
            "minitorch-tensor[scipy]"
        ) from None
    made: Array = qmc.Sobol(dimension, scramble=False, bits=BITS)._sv.astype(np.int64)
    return made


def _bits(numbers: Array) -> Array:
    """The bits of each number in a last dimension, the highest first."""
    return numbers[..., None] >> np.arange(BITS - 1, -1, -1) & 1


def _scaled(points: Array, kind: dtype) -> Array:
    scaled: Array = points.astype(kind.numpy) * kind.numpy.type(2.0**-BITS)
    return scaled


class SobolEngine:
    """Points of a Sobol sequence, one after another; PyTorch's for the same seed.

    Args:
        dimension: of the points, at most 21201.
        scramble: shift and mix the bits at random, which keeps the points even.
        seed: of the scrambling; by default it draws from the global generator.

    Raises:
        ValueError: there are no direction numbers for ``dimension``.
        ImportError: scipy, which has them, is not installed.

    Example:
        >>> import minitorch
        >>> minitorch.quasirandom.SobolEngine(2).draw(3)
        tensor([[0.0000, 0.0000],
                [0.5000, 0.5000],
                [0.7500, 0.2500]])

    Follows https://docs.pytorch.org/docs/stable/generated/torch.quasirandom.SobolEngine.html
    """

    MAXBIT: ClassVar[int] = BITS
    MAXDIM: ClassVar[int] = 21201

    def __init__(self, dimension: int, scramble: bool = False, seed: int | None = None) -> None:
        if not 1 <= dimension <= self.MAXDIM:
            raise ValueError(
                f"Supported range of dimensionality for SobolEngine is [1, {self.MAXDIM}], but got "
                f"{dimension}"
            )
        self.dimension, self.scramble, self.seed = dimension, scramble, seed
        directions, shift = _directions(dimension), np.zeros(dimension, np.int64)
        if scramble:
            g = None if seed is None else Generator().manual_seed(seed)
            shift = self._drawn_bits((dimension, BITS), g) @ (1 << np.arange(BITS))
            below = np.tril(self._drawn_bits((dimension, BITS, BITS), g), -1)
            mixed = (below + np.eye(BITS, dtype=np.int64)) @ _bits(directions).swapaxes(1, 2) & 1
            directions = (mixed << np.arange(BITS - 1, -1, -1)[:, None]).sum(1)
        self.sobolstate: Tensor = wrap(directions)
        self.shift: Tensor = wrap(shift)
        self._first_point = _scaled(shift, get_default_dtype())  # rounded to it, as PyTorch's is
        self.reset()

    @staticmethod
    def _drawn_bits(shape: tuple[int, ...], g: Generator | None) -> Array:
        return randint(2, shape, generator=g).numpy()

    def draw(self, n: int = 1, out: Tensor | None = None, dtype: dtype | None = None) -> Tensor:
        """The next ``n`` points, of shape ``(n, dimension)``.

        Args:
            out: a tensor that is resized and takes the points.
            dtype: of the points; the default dtype.
        """
        kind = get_default_dtype() if dtype is None else as_dtype(dtype)
        first = not self.num_generated
        points = _scaled(self._advance(n), kind)
        if first and n:
            points[0] = self._first_point
        made: Any = wrap(points)
        return made if out is None else out.resize_as_(made).copy_(made)

    def draw_base2(self, m: int, out: Tensor | None = None, dtype: dtype | None = None) -> Tensor:
        """The next ``2 ** m`` points.

        Raises:
            ValueError: their number with those before is no power of 2, which balance needs.
        """
        n = 2**m
        total = self.num_generated + n
        if total & (total - 1):
            raise ValueError(
                "The balance properties of Sobol' points require n to be a power of 2. "
                f"{self.num_generated} points have been previously generated, then: "
                f"n={self.num_generated}+2**{m}={total}. If you still want to do this, please use "
                "'SobolEngine.draw()' instead."
            )
        return self.draw(n, out, dtype)

    def reset(self) -> SobolEngine:
        """Goes back to the first point."""
        self.quasi: Tensor = self.shift.clone()
        self.num_generated = 0
        return self

    def fast_forward(self, n: int) -> SobolEngine:
        """Leaves ``n`` points out."""
        self._advance(n)
        return self

    def _advance(self, n: int) -> Array:
        """The next ``n`` points as integers: each differs from the one before by the direction
        number at the lowest 0 bit of that one's index (Gray code)."""
        done = self.num_generated
        index = np.arange(max(done - 1, 0), done + n - 1)
        lowest = np.log2(~index & (index + 1)).astype(np.int64)
        steps = self.sobolstate.numpy().T[lowest]
        first = self.quasi.numpy()[None]
        points = np.bitwise_xor.accumulate(np.concatenate([first, steps]))
        if n:
            self.quasi = wrap(points[-1].copy())
        self.num_generated += n
        return points if not done and n else points[1:]

    def __repr__(self) -> str:
        parts = [f"dimension={self.dimension}"]
        parts += ["scramble=True"] * self.scramble
        parts += [f"seed={self.seed}"] * (self.seed is not None)
        return f"SobolEngine({', '.join(parts)})"
