"""Attention (Vaswani et al., 2017)."""

from __future__ import annotations

import math
from typing import Any

import minitorch
from minitorch import Tensor, cat, matmul, ones, softmax, where
from minitorch.extend import fused, in_single

from ..kernels import attention as kernels
from .dropout import dropout
from .linear import linear

__all__ = ["multi_head_attention_forward", "scaled_dot_product_attention"]


def weights(q: Tensor, k: Tensor, mask: Tensor | None, scale: float, causal: bool) -> Tensor:
    """``softmax(scale q k' + mask)``; zeros in a row whose keys are all masked."""
    root = math.sqrt(abs(scale))
    s = matmul(q * math.copysign(root, scale), (k * root).mT)
    if causal:
        allowed = ones(s.shape[-2:], dtype=minitorch.bool, device=s.device).tril()
        s = where(allowed, s, -math.inf)
    if mask is None:
        return softmax(s, -1)
    s = where(mask, s, -math.inf) if mask.dtype == minitorch.bool else s + mask
    blind = (s == -math.inf).all(-1, keepdim=True)
    return where(blind, 0.0, softmax(where(blind, 0.0, s), -1))


def attention_definition(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, scale: float, causal: bool
) -> Tensor:
    return matmul(weights(q, k, mask, scale, causal), v)


scaled_dot_product_attention_p = fused(
    in_single(kernels.attention, 1),
    "q k v mask | scale causal",
    in_single(kernels.attention_backward),
    attention_definition,
    name="scaled_dot_product_attention",
    residuals="scaled turned_keys masked tops totals",  # PyTorch too saves q and k scaled, copies
    used_by={"v": "q k"},
)


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """``softmax(scale Q K' + mask) V``.

    The matrix of all queries by all keys is never held: memory grows with their sum.

    Args:
        query: (*, L, E)
        key: (*, S, E)
        value: (*, S, V)
        attn_mask: broadcastable to (*, L, S): False where a key is not to be seen, or summands.
        dropout_p: the probability to drop an element of the matrix, whenever it is not 0.
        is_causal: query i sees the keys up to i only.
        scale: 1 / sqrt(E) by default.
        enable_gqa: the keys have fewer heads (dimension -3), each for several of the queries'.

    Returns:
        (*, L, V)

    Raises:
        RuntimeError: shapes or dtypes do not fit.
    """
    name = "scaled_dot_product_attention"
    shapes = f"{list(query.shape)}, {list(key.shape)} and {list(value.shape)}"
    if min(query.ndim, key.ndim, value.ndim) < 2:
        raise RuntimeError(
            f"{name}: Expected query, key, and value to all be at least 2 dimensional, but got "
            f"{shapes}"
        )
    if not query.dtype == key.dtype == value.dtype:
        raise RuntimeError(
            "Expected query, key, and value to have the same dtype, but got query.dtype: "
            f"{query.dtype} key.dtype: {key.dtype} and value.dtype: {value.dtype} instead."
        )
    if query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        raise RuntimeError(
            f"{name}: query and key need the same width, key and value the same length, but the "
            f"shapes are {shapes}"
        )
    if attn_mask is not None and is_causal and (query.ndim != 4 or dropout_p > 0):
        raise RuntimeError(
            f"{name}: Explicit attn_mask should not be set when is_causal=True, but for inputs "
            f"with four dimensions and without dropout: got the shapes {shapes}"
        )
    if attn_mask is not None and attn_mask.dtype is minitorch.float32:
        attn_mask = attn_mask.to(query.dtype)
    if attn_mask is not None and attn_mask.dtype not in (minitorch.bool, query.dtype):
        raise RuntimeError(
            "Expected attn_mask dtype to be bool or to match query dtype, but got attn_mask.dtype: "
            f"{attn_mask.dtype} and query.dtype: {query.dtype} instead."
        )
    if enable_gqa:
        if min(query.ndim, key.ndim) < 3 or query.shape[-3] % key.shape[-3]:
            raise RuntimeError(
                f"{name}: enable_gqa expects the number of heads in query to be divisible by that "
                f"in key and value, but the shapes are {shapes}"
            )
        key, value = (x.repeat_interleave(query.shape[-3] // x.shape[-3], -3) for x in (key, value))
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    batch = query.shape[:-2]
    whole = batch == key.shape[:-2] == value.shape[:-2] and query.numel() and value.numel()
    if attn_mask is not None:
        whole = whole and not attn_mask.requires_grad and 2 <= attn_mask.ndim <= query.ndim
    if dropout_p == 0 and whole and query.dtype.is_floating_point:
        return scaled_dot_product_attention_p(query, key, value, attn_mask, factor, is_causal)
    if query.dtype in (minitorch.bfloat16, minitorch.float16):  # rounded once
        if attn_mask is not None and attn_mask.dtype is not minitorch.bool:
            attn_mask = attn_mask.float()
        q, k, v = query.float(), key.float(), value.float()
        made = scaled_dot_product_attention(q, k, v, attn_mask, dropout_p, is_causal, factor)
        return made.to(query.dtype)
    if dropout_p > 0:
        p = weights(query, key, attn_mask, factor, is_causal)
        return matmul(dropout(p, dropout_p), value)
    return attention_definition(query, key, value, attn_mask, factor, is_causal)


# --- several heads --------------------------------------------------------------------------


def canonical_mask(mask: Any, name: str, dtype: Any) -> Any:
    """A mask as summands: True, which hides a key here, becomes minus infinity."""
    if mask is None:
        return None
    if mask.dtype == minitorch.bool:
        zeros = minitorch.zeros(mask.shape, dtype=dtype, device=mask.device)
        return zeros.masked_fill(mask, -math.inf)
    if not mask.dtype.is_floating_point:
        raise AssertionError(f"only bool and floating types of {name} are supported")
    return mask


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """What ``MultiheadAttention`` computes; see there. Sequences come first: (L, N, E) or (L, E).

    Returns:
        (output, weights); the weights are None unless ``need_weights``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html
    """
    batched = _check_heads(query, key, value, key_padding_mask, attn_mask, num_heads)
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module "
            "method `generate_square_subsequent_mask` to create this mask."
        )
    if not batched:
        query, key, value = (x.unsqueeze(1) for x in (query, key, value))
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    length, n, width = query.shape
    if width != embed_dim_to_check:
        raise AssertionError(
            f"was expecting embedding dimension of {embed_dim_to_check}, but got {width}"
        )
    head = width // num_heads
    if head * num_heads != width:
        raise AssertionError(f"embed_dim {width} not divisible by num_heads {num_heads}")
    key_padding_mask = canonical_mask(key_padding_mask, "key_padding_mask", query.dtype)
    if is_causal and key_padding_mask is None and not need_weights:
        attn_mask = None  # the hint says it all
    else:
        attn_mask = canonical_mask(attn_mask, "attn_mask", query.dtype)
        is_causal = False
    joint: Any = in_proj_weight  # None only where the others are given
    if use_separate_proj_weight:
        projections: Any = [q_proj_weight, k_proj_weight, v_proj_weight]
    else:
        projections = joint.chunk(3)
    biases: Any = [None] * 3 if in_proj_bias is None else in_proj_bias.chunk(3)
    if query is key is value and not use_separate_proj_weight:
        q, k, v = linear(query, joint, in_proj_bias).chunk(3, -1)
    else:
        q, k, v = map(linear, (query, key, value), projections, biases)
    extra = 0
    if (bias_k is None) != (bias_v is None):
        raise AssertionError("bias_k and bias_v are given together or not at all")
    if bias_k is not None and bias_v is not None:
        for what, static in (("key", static_k), ("value", static_v)):
            if static is not None:
                raise AssertionError(f"bias cannot be added to static {what}.")
        k = cat([k, bias_k.expand((1, n, width))])
        v = cat([v, bias_v.expand((1, n, width))])
        extra += 1

    def by_head(x: Any) -> Any:
        return x.reshape((x.shape[0], n, num_heads, head)).permute((1, 2, 0, 3))

    q = by_head(q)
    given = (n, num_heads)
    k = by_head(k) if static_k is None else static_k.reshape((*given, *static_k.shape[-2:]))
    v = by_head(v) if static_v is None else static_v.reshape((*given, *static_v.shape[-2:]))
    if add_zero_attn:
        k, v = (cat([x, x.new_zeros((n, num_heads, 1, head))], 2) for x in (k, v))
        extra += 1
    mask = _one_mask(attn_mask, key_padding_mask, n, num_heads, length, k.shape[2], extra)
    dropout_p = dropout_p if training else 0.0
    if need_weights:
        s = matmul(q * math.sqrt(1.0 / head), k.mT)
        p = dropout(softmax(s if mask is None else s + mask, -1), dropout_p)
        out = matmul(p, v)
    else:
        out = scaled_dot_product_attention(q, k, v, mask, dropout_p, is_causal)
    out = linear(
        out.permute((2, 0, 1, 3)).reshape((length, n, width)), out_proj_weight, out_proj_bias
    )
    if not need_weights:
        return (out if batched else out.squeeze(1)), None
    p = p.mean(1) if average_attn_weights else p
    return (out, p) if batched else (out.squeeze(1), p.squeeze(0))


def _one_mask(
    attn_mask: Any, padding: Any, n: int, heads: int, length: int, keys: int, extra: int
) -> Any:
    """Both masks as (N or 1, heads or 1, L, S); the ``extra`` last keys are always seen."""

    def grown(mask: Any) -> Any:
        return minitorch.constant_pad_nd(mask, (0, extra)) if extra else mask

    if attn_mask is not None:
        shape = tuple(attn_mask.shape)
        for expected in ((length, keys - extra), (n * heads, length, keys - extra)):
            if len(shape) == len(expected) and shape != expected:
                raise RuntimeError(
                    f"The shape of the {len(shape)}D attn_mask is {shape}, but should be "
                    f"{expected}."
                )
        attn_mask = grown(attn_mask)
        attn_mask = (
            attn_mask.unsqueeze(0).unsqueeze(0)
            if len(shape) == 2
            else attn_mask.reshape((n, heads, length, keys))
        )
    if padding is None:
        return attn_mask
    if tuple(padding.shape) != (n, keys - extra):
        raise AssertionError(
            f"expecting key_padding_mask shape of {(n, keys - extra)}, but got "
            f"{tuple(padding.shape)}"
        )
    padding = grown(padding).reshape((n, 1, 1, keys))
    return padding.expand((n, 1, length, keys)) if attn_mask is None else attn_mask + padding


def _check_heads(query: Any, key: Any, value: Any, padding: Any, mask: Any, heads: int) -> bool:
    """Whether the inputs have a batch dimension."""
    if query.ndim not in (2, 3):
        raise AssertionError(
            f"query should be unbatched 2D or batched 3D tensor but received {query.ndim}-D query "
            "tensor"
        )
    if key.ndim != query.ndim or value.ndim != query.ndim:
        raise AssertionError(
            f"For {'batched' if query.ndim == 3 else 'unbatched'} ({query.ndim}-D) `query`, "
            f"expected `key` and `value` to be {query.ndim}-D but found {key.ndim}-D and "
            f"{value.ndim}-D tensors respectively"
        )
    if padding is not None and padding.ndim != query.ndim - 1:
        raise AssertionError(
            f"expected `key_padding_mask` to be `None` or {query.ndim - 1}-D but found "
            f"{padding.ndim}-D tensor instead"
        )
    if mask is not None and mask.ndim not in (2, 3):
        raise AssertionError(
            f"expected `attn_mask` to be `None`, 2-D or 3-D but found {mask.ndim}-D tensor instead"
        )
    if mask is not None and mask.ndim == 3 and query.ndim == 2:
        expected = (heads, query.shape[0], key.shape[0])
        if mask.shape != expected:
            raise AssertionError(
                f"Expected `attn_mask` shape to be {expected} but got {tuple(mask.shape)}"
            )
    if key.shape[:-1] != value.shape[:-1]:
        raise AssertionError(
            f"key's sequence and batch dims {tuple(key.shape[:-1])} do not match value's "
            f"{tuple(value.shape[:-1])}"
        )
    return bool(query.ndim == 3)
