"""``flex_attention``: attention whose scores and mask are formulas of the positions.

Follows https://docs.pytorch.org/docs/stable/nn.attention.flex_attention.html
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple, TypedDict

import minitorch
from minitorch import Tensor

from .block_mask import _DEFAULT_SPARSE_BLOCK_SIZE as _DEFAULT_SPARSE_BLOCK_SIZE
from .block_mask import (
    WHOLE,
    BlockMask,
    Mod,
    _sliced,
    and_masks,
    create_block_mask,
    create_mask,
    noop_mask,
    or_masks,
    over_positions,
    positions,
)

__all__ = [
    "AuxOutput", "AuxRequest", "BlockMask", "FlexKernelOptions", "and_masks", "create_block_mask",
    "create_mask", "flex_attention", "noop_mask", "or_masks",
]  # fmt: skip


class AuxRequest(NamedTuple):
    """What ``flex_attention`` is to give besides its output."""

    lse: bool = False
    max_scores: bool = False


class AuxOutput(NamedTuple):
    """What ``flex_attention`` gives besides its output: None where it was not asked for."""

    lse: Tensor | None = None
    max_scores: Tensor | None = None


class FlexKernelOptions(TypedDict, total=False):
    """How kernels on GPUs are to be made."""


def flex_attention(
    query: Tensor, key: Tensor, value: Tensor, score_mod: Mod | None = None,
    block_mask: BlockMask | None = None, scale: float | None = None, enable_gqa: bool = False,
    return_lse: bool = False, kernel_options: Any = None, *, return_aux: AuxRequest | None = None,
) -> Any:  # fmt: skip
    """``softmax(score_mod(query @ key^T * scale) where block_mask) @ value``.

    Args:
        query: ``(batch, query_heads, queries, embedding)``.
        key, value: ``(batch, heads, keys, embedding)``; with ``enable_gqa`` each head serves
            ``query_heads / heads`` heads of queries.
        score_mod: ``(score, b, h, q_idx, kv_idx) -> score``, of single numbers.
        block_mask: of ``create_block_mask``; its formula says what is let pass.
        scale: None: ``1 / sqrt(embedding)``.
        return_aux: ``AuxRequest(lse=True)`` gives the log of the sums of exponentials, too.

    Returns:
        The output, ``(batch, query_heads, queries, value_embedding)``, in the query's dtype; with
        ``return_aux`` (or ``return_lse``) a pair.

    Raises:
        ValueError: shapes or dtypes do not fit, or the mask has other lengths.
        NotImplementedError: the tensors do not have four dimensions.

    Example:
        >>> import minitorch
        >>> from minitorch.nn.attention.flex_attention import create_block_mask, flex_attention
        >>> x = minitorch.ones(1, 1, 2, 4)
        >>> mask = create_block_mask(lambda b, h, q, k: q >= k, 1, 1, 2, 2)
        >>> flex_attention(x, x, minitorch.arange(8.0).view(1, 1, 2, 4), block_mask=mask)
        tensor([[[[0., 1., 2., 3.],
                  [2., 3., 4., 5.]]]])
    """
    check(query, key, value, enable_gqa, block_mask)
    if return_lse and return_aux is not None:
        raise ValueError("Cannot specify both return_lse and return_aux")
    repeats = query.shape[1] // key.shape[1]
    key, value = (x.repeat_interleave(repeats, 1) for x in (key, value))
    wide = minitorch.float64 if query.dtype is minitorch.float64 else minitorch.float32
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = query.to(wide) @ key.to(wide).transpose(-2, -1) * factor
    where = positions(*scores.shape)
    if score_mod is not None:
        scores = over_positions(score_mod, scores=True)(scores, *where).to(wide)
    if block_mask is not None and block_mask.mask_mod is not noop_mask:
        scores = scores.where(over_positions(block_mask.mask_mod)(*where), -math.inf)
    nothing = (scores == -math.inf).all(-1, keepdim=True)  # rows in which no key is let pass
    weights = scores.softmax(-1).where(~nothing, 0.0).to(query.dtype)
    out = weights @ value.to(query.dtype)
    if return_aux is not None:
        return out, AuxOutput(
            scores.logsumexp(-1) if return_aux.lse else None,
            scores.amax(-1) if return_aux.max_scores else None,
        )
    return (out, scores.logsumexp(-1)) if return_lse else out


def check(query: Tensor, key: Tensor, value: Tensor, gqa: bool, mask: BlockMask | None) -> None:
    """Raises where the tensors or the mask do not fit."""
    if query.dim() != 4 or key.dim() != 4 or value.dim() != 4:
        raise NotImplementedError(
            "NYI: query, key, and value must be 4D tensors, got "
            f"{tuple(query.shape)}, {tuple(key.shape)} and {tuple(value.shape)}"
        )
    if query.shape[-1] != key.shape[-1]:
        raise ValueError(
            "Expect query and key/value to have the same embedding dimension but got "
            f"E={query.shape[-1]} and E={key.shape[-1]}."
        )
    heads, others = query.shape[1], key.shape[1]
    if heads != others and (not gqa or heads % others):
        raise ValueError(
            "Expect number of query heads to be a multiple of kv heads for GQA but got "
            f"Hq={heads} and Hkv={others}."
            if gqa
            else "Expect query and key/value to have the same number of heads but got "
            f"Hq={heads} and Hkv={others}. Try setting enable_gqa=True for GQA."
        )
    if mask is None or mask.mask_mod is _sliced or mask.BLOCK_SIZE == (WHOLE, WHOLE):
        if query.shape[0] != key.shape[0] and mask is None:
            raise ValueError(
                "Expect query and key/value to have the same batch size, or non-none block_mask, "
                f"but got block_mask=None, Bq={query.shape[0]}, and Bkv={key.shape[0]}."
            )
        if mask is not None and mask.mask_mod is _sliced:
            raise RuntimeError("Cannot use mask_mod from a sliced BlockMask")
        return
    lengths = (query.shape[-2], key.shape[-2])
    if lengths != mask.seq_lengths:
        small = lengths[0] > mask.seq_lengths[0] or lengths[1] > mask.seq_lengths[1]
        raise ValueError(
            f"block_mask was created for block_mask.shape={mask.shape} but got "
            f"q_len={lengths[0]} and kv_len={lengths[1]}: it is for a "
            f"{'smaller' if small else 'larger'} length. Create another"
            + ("." if small else ", or take its upper left corner with block_mask._adjust.")
        )
