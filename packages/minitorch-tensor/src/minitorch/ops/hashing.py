"""Hashes of tensors: numbers to compare, not to compute with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.primitive import primitive
from .arguments import numpy_names, some_dims
from .conversion import not_implemented

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._tensor.tensor import Tensor

__all__ = ["hash_tensor"]


def _hash(x: Any, dim: tuple[int, ...], keepdim: bool) -> Any:
    if x.dtype.kind == "c":
        raise not_implemented("xor_sum_cpu", x.dtype)
    wide = x.astype(np.float64 if x.dtype.kind in "fV" else np.int64).view(np.uint64)
    xor: Any = np.bitwise_xor.reduce
    return xor(wide, axis=dim, keepdims=keepdim)


hash_tensor_p = primitive(_hash, "x | dim keepdim", None, name="hash_tensor")


@numpy_names
def hash_tensor(
    input: Tensor, dim: int | Sequence[int] | None = None, *, keepdim: bool = False,
    mode: int = 0, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The exclusive or of the bits of the elements along ``dim`` (all by default), widened to
    float64 or int64: a uint64 that tells tensors apart.

    Raises:
        RuntimeError: another ``mode`` than 0; no elements and no ``dim``.
        IndexError: ``dim`` has no elements.

    Example:
        >>> import minitorch
        >>> minitorch.hash_tensor(minitorch.tensor([1, 2, 4]))
        tensor(7, dtype=torch.uint64)
    """
    if mode != 0:
        raise RuntimeError(f"Unknown hash_tensor mode: {mode}")
    dims = some_dims(dim, input.ndim)
    if dim is None and not input.numel():
        raise RuntimeError(
            "hash_tensor: Expected reduction dim to be specified for input.numel() == 0. Specify "
            "the reduction dim with the 'dim' argument."
        )
    for d in dims:
        if input.shape[d] == 0:
            raise IndexError(f"hash_tensor: Expected reduction dim {d} to have non-zero size.")
    return hash_tensor_p(input, dims, keepdim)
