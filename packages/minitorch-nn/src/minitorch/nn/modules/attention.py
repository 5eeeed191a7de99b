"""Attention with several heads."""

from __future__ import annotations

from typing import Any

import minitorch
from minitorch import Tensor

from .. import init
from ..functional.attention import multi_head_attention_forward
from ..module import Module
from ..parameter import Parameter
from .linear import NonDynamicallyQuantizableLinear

__all__ = ["MultiheadAttention"]


class MultiheadAttention(Module):
    """Attention of several heads side by side, each on its own projections (Vaswani et al., 2017).

    Args:
        embed_dim: the width of queries and outputs, divided evenly among the heads.
        num_heads: how many heads.
        dropout: the probability to drop a weight while training.
        bias: whether the projections add one.
        add_bias_kv: whether to append a learned key and value.
        add_zero_attn: whether to append a key and a value of zeros.
        kdim: the width of the keys, by default ``embed_dim``.
        vdim: the width of the values, by default ``embed_dim``.
        batch_first: whether the batch is the first dimension.
        device: only the CPU.
        dtype: of the parameters.

    Attributes:
        in_proj_weight: (3 embed_dim, embed_dim), for queries, keys and values; or, for keys and
            values of other widths, q_proj_weight, k_proj_weight, v_proj_weight
        in_proj_bias: (3 embed_dim,)
        out_proj: a ``Linear``
        bias_k, bias_v: (1, 1, embed_dim) or None
    """

    in_proj_weight: Parameter
    in_proj_bias: Parameter
    q_proj_weight: Parameter
    k_proj_weight: Parameter
    v_proj_weight: Parameter
    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(
        self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True,
        add_bias_kv: bool = False, add_zero_attn: bool = False, kdim: int | None = None,
        vdim: int | None = None, batch_first: bool = False, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                f"embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and "
                f"num_heads={num_heads} instead"
            )
        if embed_dim % num_heads:
            raise AssertionError(
                f"embed_dim must be divisible by num_heads, but got {embed_dim} and {num_heads}"
            )
        self.embed_dim, self.num_heads, self.dropout = embed_dim, num_heads, dropout
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self.batch_first, self.head_dim = batch_first, embed_dim // num_heads
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        self.add_zero_attn = add_zero_attn
        made = {"dtype": dtype, "device": device}

        def parameter(name: str, shape: tuple[int, ...], there: bool) -> None:
            value = Parameter(minitorch.empty(shape, **made)) if there else None
            self.register_parameter(name, value)

        same = self._qkv_same_embed_dim
        if same:
            parameter("in_proj_weight", (3 * embed_dim, embed_dim), True)
        for name, width in (("q", embed_dim), ("k", self.kdim), ("v", self.vdim)):
            parameter(f"{name}_proj_weight", (embed_dim, width), not same)
        if not same:
            parameter("in_proj_weight", (), False)
        parameter("in_proj_bias", (3 * embed_dim,), bias)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias=bias, **made)
        parameter("bias_k", (1, 1, embed_dim), add_bias_kv)
        parameter("bias_v", (1, 1, embed_dim), add_bias_kv)
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        for name in ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight"):
            if getattr(self, name) is not None:
                init.xavier_uniform_(getattr(self, name))
        if self.in_proj_bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)
        for bias in (self.bias_k, self.bias_v):
            if bias is not None:
                init.xavier_normal_(bias)

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, key_padding_mask: Tensor | None = None,
        need_weights: bool = True, attn_mask: Tensor | None = None,
        average_attn_weights: bool = True, is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:  # fmt: skip
        """(output, weights).

        Args:
            query: (L, N, embed_dim), (N, L, embed_dim) with ``batch_first``, or (L, embed_dim)
            key: (S, N, kdim), (N, S, kdim) or (S, kdim)
            value: (S, N, vdim), (N, S, vdim) or (S, vdim)
            key_padding_mask: (N, S) or (S,): True where a key is to be ignored, or summands.
            need_weights: whether to return the weights; without, attention needs less memory.
            attn_mask: (L, S) or (N * num_heads, L, S): True where a key is not to be seen by a
                query, or summands.
            average_attn_weights: return the mean of the heads' weights, (N, L, S), not those of
                each, (N, num_heads, L, S).
            is_causal: a hint that ``attn_mask`` is the causal mask.
        """
        swap = self.batch_first and query.ndim == 3
        if swap:
            same = query is key is value
            query = query.transpose(0, 1)
            key, value = (query, query) if same else (key.transpose(0, 1), value.transpose(0, 1))
        out, weights = multi_head_attention_forward(
            query, key, value, self.embed_dim, self.num_heads, self.in_proj_weight,
            self.in_proj_bias, self.bias_k, self.bias_v, self.add_zero_attn, self.dropout,
            self.out_proj.weight, self.out_proj.bias, self.training, key_padding_mask,
            need_weights, attn_mask, not self._qkv_same_embed_dim, self.q_proj_weight,
            self.k_proj_weight, self.v_proj_weight, None, None, average_attn_weights, is_causal,
        )  # fmt: skip
        return (out.transpose(0, 1) if swap else out), weights
