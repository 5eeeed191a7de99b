"""Other forms of ``vmap``: a number of chunks, and one that leaves the batches where they are.

Follows https://github.com/pytorch/pytorch/blob/main/torch/_functorch/apis.py
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..ops.inspection import is_tensor
from . import pytree
from .batching import Vmap, batch_size_of, vmap

__all__ = ["chunk_vmap", "reshape_dim_into", "reshape_dim_outof", "restore_vmap"]


def chunk_vmap(
    func: Callable[..., Any], in_dims: Any = 0, out_dims: Any = 0, randomness: str = "error",
    chunks: int = 2,
) -> Callable[..., Any]:  # fmt: skip
    """``vmap`` that takes the batch in ``chunks`` pieces, one after the other.

    Example:
        >>> import minitorch as torch
        >>> from minitorch.func.vmap_forms import chunk_vmap
        >>> chunk_vmap(torch.sum, chunks=2)(torch.ones(4, 3))
        tensor([3., 3., 3., 3.])
    """

    def mapped(*args: Any, **kwargs: Any) -> Any:
        size = batch_size_of(args, in_dims)
        chunk_size = -(-size // chunks)
        return vmap(func, in_dims, out_dims, randomness, chunk_size=chunk_size)(*args, **kwargs)

    return mapped


def restore_vmap(
    func: Callable[..., Any], in_dims: Any, batch_size: int, randomness: str
) -> Callable[..., tuple[Any, Any]]:
    """``func`` over a batch; gives the outputs and where the batch is in each, None for none."""

    def mapped(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        leaves, spec = pytree.flatten(args)
        dims = pytree.broadcast_prefix(in_dims, args, "in_dims")
        interpreter = Vmap(batch_size, randomness)
        with interpreter:
            made = func(
                *pytree.unflatten(
                    [
                        x if d is None else interpreter.argument(x, d)
                        for x, d in zip(leaves, dims, strict=True)
                    ],
                    spec,
                ),
                **kwargs,
            )
        outputs, out_spec = pytree.flatten(made)
        pairs = [interpreter.given(out) if is_tensor(out) else (out, None) for out in outputs]
        values, out_dims = (pytree.unflatten([p[k] for p in pairs], out_spec) for k in range(2))
        return values, out_dims

    return mapped


def reshape_dim_into(src: int, dst: int, x: Any) -> Any:
    """``x`` without its dimension ``src``, which becomes the slower part of ``dst``."""
    dst %= x.ndim - 1
    return x.movedim(src, dst).flatten(dst, dst + 1)


def reshape_dim_outof(src: int, size1: int, x: Any) -> Any:
    """``x``, whose dimension ``src`` is split in two, the first of ``size1``."""
    return x.unflatten(src, (size1, -1))
