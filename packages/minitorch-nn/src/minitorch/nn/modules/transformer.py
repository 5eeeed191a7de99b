"""Transformers (Vaswani et al., 2017)."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any, cast

import minitorch
from minitorch import Tensor, dtype

from .. import functional as F
from .. import init
from ..containers import ModuleList
from ..functional.attention import canonical_mask
from ..module import Module
from .attention import MultiheadAttention
from .dropout import Dropout
from .linear import Linear
from .normalization import LayerNorm

__all__ = [
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
]


Activation = Callable[[Tensor], Tensor]


def causal_mask(size: int, dtype: dtype | None = None) -> Tensor:
    """(size, size): minus infinity above the diagonal, 0 elsewhere."""
    return minitorch.full((size, size), -math.inf, dtype=dtype).triu(1)


def is_causal_mask(mask: Tensor | None, hint: bool | None, size: int | None) -> bool:
    """The hint where there is one; else whether ``mask`` is the causal one."""
    if hint is not None:
        return hint
    if mask is None or mask.dtype == minitorch.bool or mask.ndim != 2:
        return False
    size = mask.shape[0] if size is None else size
    return tuple(mask.shape) == (size, size) and bool((mask == causal_mask(size, mask.dtype)).all())


def length(x: Tensor, batch_first: bool) -> int:
    return int(x.shape[0] if x.ndim == 2 or not batch_first else x.shape[1])


def _get_activation_fn(activation: str) -> Activation:
    named: dict[str, Activation] = {"relu": F.relu, "gelu": F.gelu}
    if activation not in named:
        raise RuntimeError(f"activation should be relu/gelu, not {activation}")
    return named[activation]


def add_feedforward(
    self: Any, d_model: int, width: int, dropout: float, activation: Any, bias: bool, made: Any
) -> None:
    self.linear1 = Linear(d_model, width, bias=bias, **made)
    self.dropout = Dropout(dropout)
    self.linear2 = Linear(width, d_model, bias=bias, **made)
    if isinstance(activation, str):
        activation = _get_activation_fn(activation)
    self.activation = activation
    # what PyTorch's layers look up when such a layer is loaded there
    self.activation_relu_or_gelu = {F.relu: 1, F.gelu: 2}.get(activation, 0)


class _Layer(Module):
    """What encoder and decoder layers share: the two linear maps and their activation."""

    linear1: Linear
    linear2: Linear
    dropout: Dropout
    activation: Activation

    def _ff_block(self, x: Tensor) -> Tensor:
        out: Tensor = self.linear2(self.dropout(self.activation(self.linear1(x))))
        return out


class TransformerEncoderLayer(_Layer):
    """Self-attention, then two linear maps; each added to its input and normalized.

    Args:
        d_model: the width.
        nhead: how many heads.
        dim_feedforward: the width between the two linear maps.
        dropout: the probability, in three places.
        activation: ``"relu"``, ``"gelu"`` or a function.
        layer_norm_eps: of the normalizations.
        batch_first: whether the batch is the first dimension.
        norm_first: normalize the inputs of attention and maps, not the sums.
        bias: whether linear maps and normalizations add one.
        device: only the CPU.
        dtype: of the parameters.
    """

    def __init__(
        self, d_model: int, nhead: int, dim_feedforward: int = 2048, dropout: float = 0.1,
        activation: str | Activation = F.relu, layer_norm_eps: float = 1e-5,
        batch_first: bool = False, norm_first: bool = False, bias: bool = True, device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        made = {"device": device, "dtype": dtype}
        self.self_attn = MultiheadAttention(
            d_model, nhead, dropout, bias=bias, batch_first=batch_first, **made
        )
        add_feedforward(self, d_model, dim_feedforward, dropout, activation, bias, made)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias, **made)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias, **made)
        self.dropout1 = Dropout(dropout)
        self.dropout2 = Dropout(dropout)

    def forward(
        self, src: Tensor, src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None, is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        """(L, N, d_model) to the same; the masks are those of ``MultiheadAttention``."""
        padding = canonical_mask(src_key_padding_mask, "src_key_padding_mask", src.dtype)
        mask = canonical_mask(src_mask, "src_mask", src.dtype)

        def attend(x: Any) -> Any:
            return self.dropout1(
                self.self_attn(x, x, x, padding, False, mask, is_causal=is_causal)[0]
            )

        x = src
        if self.norm_first:
            x = x + attend(self.norm1(x))
            x = x + self.dropout2(self._ff_block(self.norm2(x)))
        else:
            x = self.norm1(x + attend(x))
            x = self.norm2(x + self.dropout2(self._ff_block(x)))
        return cast(Tensor, x)


class TransformerDecoderLayer(_Layer):
    """Self-attention, attention to the encoder's output, two linear maps; as the encoder's
    layer."""

    def __init__(
        self, d_model: int, nhead: int, dim_feedforward: int = 2048, dropout: float = 0.1,
        activation: str | Activation = F.relu, layer_norm_eps: float = 1e-5,
        batch_first: bool = False, norm_first: bool = False, bias: bool = True, device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        made = {"device": device, "dtype": dtype}
        heads = {"bias": bias, "batch_first": batch_first, **made}
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, **heads)
        self.multihead_attn = MultiheadAttention(d_model, nhead, dropout, **heads)
        add_feedforward(self, d_model, dim_feedforward, dropout, activation, bias, made)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias, **made)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias, **made)
        self.norm3 = LayerNorm(d_model, layer_norm_eps, bias=bias, **made)
        self.dropout1 = Dropout(dropout)
        self.dropout2 = Dropout(dropout)
        self.dropout3 = Dropout(dropout)

    def forward(
        self, tgt: Tensor, memory: Tensor, tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None, tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None, tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        """``tgt`` (L, N, d_model) with ``memory`` (S, N, d_model) of the encoder: as ``tgt``."""

        def attend(x: Any) -> Any:
            found, _ = self.self_attn(
                x, x, x, tgt_key_padding_mask, False, tgt_mask, is_causal=tgt_is_causal
            )
            return self.dropout1(found)

        def remember(x: Any) -> Any:
            found, _ = self.multihead_attn(
                x, memory, memory, memory_key_padding_mask, False, memory_mask,
                is_causal=memory_is_causal,
            )  # fmt: skip
            return self.dropout2(found)

        x = tgt
        if self.norm_first:
            x = x + attend(self.norm1(x))
            x = x + remember(self.norm2(x))
            x = x + self.dropout3(self._ff_block(self.norm3(x)))
        else:
            x = self.norm1(x + attend(x))
            x = self.norm2(x + remember(x))
            x = self.norm3(x + self.dropout3(self._ff_block(x)))
        return cast(Tensor, x)


def _copies(layer: Module, count: int) -> ModuleList:
    return ModuleList([copy.deepcopy(layer) for _ in range(count)])


_get_clones = _copies  # PyTorch's name


class TransformerEncoder(Module):
    """Copies of ``encoder_layer``, one after the other.

    Args:
        encoder_layer: a ``TransformerEncoderLayer``; all copies start with its weights.
        num_layers: how many.
        norm: a last normalization.
        enable_nested_tensor: nothing here: there are no nested tensors.
        mask_check: nothing here.
    """

    def __init__(
        self, encoder_layer: Module, num_layers: int, norm: Any = None,
        enable_nested_tensor: bool = True, mask_check: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.layers = _copies(encoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self, src: Tensor, mask: Tensor | None = None, src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Tensor:  # fmt: skip
        """(L, N, d_model) to the same."""
        padding = canonical_mask(src_key_padding_mask, "src_key_padding_mask", src.dtype)
        mask = canonical_mask(mask, "mask", src.dtype)
        first: Any = self.layers[0]
        causal = is_causal_mask(mask, is_causal, length(src, first.self_attn.batch_first))
        for layer in self.layers:
            src = layer(src, src_mask=mask, src_key_padding_mask=padding, is_causal=causal)
        return src if self.norm is None else self.norm(src)


class TransformerDecoder(Module):
    """Copies of ``decoder_layer``, one after the other; each sees the encoder's output."""

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Any = None) -> None:
        super().__init__()
        self.layers = _copies(decoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self, tgt: Tensor, memory: Tensor, tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None, tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None, tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        """``tgt`` (L, N, d_model) with ``memory`` (S, N, d_model) of the encoder: as ``tgt``."""
        first: Any = self.layers[0]
        size = length(tgt, first.self_attn.batch_first)
        causal = is_causal_mask(tgt_mask, tgt_is_causal, size)
        for layer in self.layers:
            tgt = layer(
                tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask,
                causal, memory_is_causal,
            )  # fmt: skip
        return tgt if self.norm is None else self.norm(tgt)


class Transformer(Module):
    """An encoder and a decoder.

    Args:
        d_model: the width.
        nhead: how many heads.
        num_encoder_layers: how many layers read.
        num_decoder_layers: how many layers write.
        dim_feedforward: as in ``TransformerEncoderLayer``, as are the following.
        dropout: the probability.
        activation: ``"relu"``, ``"gelu"`` or a function.
        custom_encoder: instead of a ``TransformerEncoder``.
        custom_decoder: instead of a ``TransformerDecoder``.
        layer_norm_eps: of the normalizations.
        batch_first: whether the batch is the first dimension.
        norm_first: normalize inputs, not sums.
        bias: whether linear maps and normalizations add one.
        device: only the CPU.
        dtype: of the parameters.
    """

    def __init__(
        self, d_model: int = 512, nhead: int = 8, num_encoder_layers: int = 6,
        num_decoder_layers: int = 6, dim_feedforward: int = 2048, dropout: float = 0.1,
        activation: str | Activation = F.relu, custom_encoder: Any = None,
        custom_decoder: Any = None, layer_norm_eps: float = 1e-5,
        batch_first: bool = False, norm_first: bool = False, bias: bool = True,
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        made = {"device": device, "dtype": dtype}
        options = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps,
                   batch_first, norm_first, bias)  # fmt: skip

        def norm() -> LayerNorm:
            return LayerNorm(d_model, layer_norm_eps, bias=bias, **made)

        if custom_encoder is None:
            reading = TransformerEncoderLayer(*options, **made)
            custom_encoder = TransformerEncoder(reading, num_encoder_layers, norm())
        self.encoder = custom_encoder
        if custom_decoder is None:
            writing = TransformerDecoderLayer(*options, **made)
            custom_decoder = TransformerDecoder(writing, num_decoder_layers, norm())
        self.decoder = custom_decoder
        for parameter in self.parameters():
            if parameter.ndim > 1:
                init.xavier_uniform_(parameter)
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first

    def forward(
        self, src: Tensor, tgt: Tensor, src_mask: Tensor | None = None,
        tgt_mask: Tensor | None = None, memory_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None, tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None, src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None, memory_is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        """``src`` (S, N, d_model) and ``tgt`` (L, N, d_model) to (L, N, d_model)."""
        batch = 0 if self.batch_first else 1
        if src.ndim == 3 and tgt.ndim == 3 and src.shape[batch] != tgt.shape[batch]:
            raise RuntimeError(
                "the batch number of src and tgt must be equal, but their shapes are "
                f"{list(src.shape)} and {list(tgt.shape)}"
            )
        if src.shape[-1] != self.d_model or tgt.shape[-1] != self.d_model:
            raise RuntimeError(
                "the feature number of src and tgt must be equal to d_model="
                f"{self.d_model}, but their shapes are {list(src.shape)} and {list(tgt.shape)}"
            )
        memory = self.encoder(src, src_mask, src_key_padding_mask, is_causal=src_is_causal)
        out: Tensor = self.decoder(
            tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask,
            tgt_is_causal, memory_is_causal,
        )  # fmt: skip
        return out

    @staticmethod
    def generate_square_subsequent_mask(
        sz: int, device: Any = None, dtype: dtype | None = None
    ) -> Tensor:
        """(sz, sz): minus infinity above the diagonal, 0 elsewhere."""
        return causal_mask(sz, dtype)
