"""Operations on dtypes in which NumPy does not compute as PyTorch does.

bfloat16 is computed in float32 and complex32 in complex64 (PyTorch's "opmath" dtypes), forwards
and backwards, and each result is rounded once; complex32 has few operations. float8 numbers are
moved about and little more; uint16, uint32 and uint64 lack what PyTorch lacks for them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._types.dtype import EXTENSIONS, FLOAT8, LIMITED, UNSIGNED, by_numpy, complex32

if TYPE_CHECKING:
    from .primitive import Primitive

__all__ = ["Rounded", "kernel_for", "rounded", "widened"]

SINGLE, COMPLEX = np.dtype(np.float32), np.dtype(np.complex64)
HALF = np.dtype(np.float16)
# primitives that move numbers: none is computed, whatever the dtype
MOVING = """
    alias block_diag cat clone copy copy_slices diagonal expand flip gather gather_rows index
    masked_select permute pick place positions repeat roll select slice split stack to unbind unfold
    view zeros_like
"""
MOVES = frozenset(MOVING.split())
OF_FLOAT8 = """
    abs all any constant_pad_nd embedding eq fill index_put isnan isreal kept matmul mul ne
    put_places where
"""
FLOAT8_HAS = (MOVES | set(OF_FLOAT8.split())) - {"flip", "gather"}
OF_COMPLEX_HALF = """
    abs add addcmul all any conj conj_physical count_nonzero eq fill index_put isclose isfinite
    isinf isnan isreal kept linalg_vector_norm masked_fill mul ne neg nonzero positive put_places
    rsub sgn std sub var where
"""
COMPLEX_HALF_HAS = MOVES | set(OF_COMPLEX_HALF.split())
NOT_OF_UNSIGNED = """
    abs add amax amin argmax bincount bitwise_left_shift bitwise_not bitwise_right_shift clamp
    clamp_max clamp_min count_nonzero cummax cummin embedding flip floor_divide fmax fmin fmod
    gather gcd ge gt hardtanh heaviside index_put isin kthvalue lcm le linalg_cross linear
    logical_and logical_not logical_or logical_xor lt masked_fill masked_select matmul max max_pool
    maximum median min minimum mode nanmedian neg nonzero pow relu remainder rsub scatter
    scatter_add scatter_reduce sgn sign softsign square sub threshold topk tril triu
"""
UNSIGNED_LACKS = frozenset(NOT_OF_UNSIGNED.split())
STATISTICS = {"channel_moments"}  # float32 for what follows


def widened(x: Any) -> Any:
    """``x``, and what it contains, in float32 where it is an array of bfloat16 or float8, in
    complex64 where it is one of complex32."""
    if isinstance(x, np.ndarray | np.generic):
        kind = LIMITED.get(x.dtype)
        if kind is complex32:
            return x.astype(COMPLEX)
        return x.astype(SINGLE) if kind in EXTENSIONS else x
    if type(x) in (tuple, list):
        return type(x)(map(widened, x))
    return x


def rounded(x: Any, dtype: Any) -> Any:
    """``x``, and what it contains, in ``dtype`` where it is an array of float32 (or complex64:
    then the real ones are float16)."""
    if isinstance(x, np.ndarray | np.generic):
        if dtype.kind == "W":
            return x.astype(HALF if x.dtype == SINGLE else dtype if x.dtype == COMPLEX else x.dtype)
        return x.astype(dtype) if x.dtype == SINGLE else x
    if type(x) is tuple:
        return tuple(rounded(each, dtype) for each in x)
    return x


def kernel_for(primitive: Primitive, arrays: Sequence[Any]) -> tuple[Callable[..., Any], bool]:
    """The kernel of ``primitive`` for ``arrays``, some of which have such dtypes, and whether its
    rules are to see float32.

    Raises:
        NotImplementedError: PyTorch has no such operation either.
    """
    name, wide = primitive.name, None
    for x in arrays:
        dtype = LIMITED.get(getattr(x, "dtype", None))
        if dtype in EXTENSIONS:
            wide = dtype
        if (
            (dtype in FLOAT8 and name not in FLOAT8_HAS)
            or (dtype in UNSIGNED and name in UNSIGNED_LACKS)
            or (dtype is complex32 and name not in COMPLEX_HALF_HAS)
        ):
            raise NotImplementedError(f"\"{name}\" not implemented for '{dtype.type_name}'")
    if wide is None or name in MOVES or primitive.view:
        return primitive.kernel, wide is not None

    def kernel(*args: Any) -> Any:
        out = primitive.kernel(*map(widened, args))
        if any(x is SINGLE for x in args):  # the parameter `dtype`
            return out
        if not primitive.residuals:
            return out if name in STATISTICS else rounded(out, wide.numpy)
        return rounded(out[0], wide.numpy), *out[1:]

    return kernel, True


class Rounded:
    """The node of an operation on bfloat16: its rules see float32, and the gradients that they give
    are rounded to the inputs' dtypes."""

    __slots__ = ()
    widens = True
    dtypes: tuple[Any, ...]  # of the inputs

    def vjp(self, g: Any, create_graph: bool, wanted: Sequence[bool] | None) -> Any:
        grads = super().vjp(widened(g), create_graph, wanted)  # type: ignore[misc]  # of the node class that it is mixed into
        return [
            gp if dtype is None or gp is None or gp.dtype == dtype else cast(gp, dtype)
            for gp, dtype in zip(grads, self.dtypes, strict=True)
        ]

    def _values(self, create_graph: bool) -> Any:
        values = super()._values(create_graph)  # type: ignore[misc]  # of the node class that it is mixed into
        return values if create_graph else widened(values)

    def _full(self, partial: Any, create_graph: bool) -> Any:
        return widened(super()._full(partial, create_graph))  # type: ignore[misc]  # of the node class that it is mixed into


def cast(g: Any, dtype: Any) -> Any:
    """The array or Tensor ``g`` in the NumPy dtype ``dtype``."""
    return g.astype(dtype) if isinstance(g, np.ndarray | np.generic) else g.to(by_numpy[dtype])
