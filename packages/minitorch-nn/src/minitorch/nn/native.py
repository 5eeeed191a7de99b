"""Functions of ``minitorch.nn.functional`` under the signatures that ``torch`` itself has for them:
``torch.lstm``, ``torch.batch_norm``, ``torch.embedding``, ... ``reduction`` is a number here.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import minitorch
from minitorch import Tensor
from minitorch.extend import inplace, overridable, take_tensors

from . import functional as F
from .functional.embedding import renormalize
from .functional.recurrent import gru_cell as gru_step
from .functional.recurrent import lstm_cell as lstm_step
from .functional.recurrent import rnn_cell
from .modules.recurrent import GRU, LSTM, RNN
from .packed import PackedSequence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .functional.arguments import Sizes

__all__ = [
    "adaptive_max_pool1d",
    "affine_grid_generator",
    "alpha_dropout",
    "alpha_dropout_",
    "batch_norm",
    "batch_norm_update_stats",
    "binary_cross_entropy_with_logits",
    "celu",
    "conv_tbc",
    "convolution",
    "cosine_embedding_loss",
    "ctc_loss",
    "dropout",
    "dropout_",
    "embedding",
    "embedding_renorm_",
    "feature_alpha_dropout",
    "feature_alpha_dropout_",
    "feature_dropout",
    "feature_dropout_",
    "group_norm",
    "gru",
    "gru_cell",
    "hinge_embedding_loss",
    "instance_norm",
    "kl_div",
    "layer_norm",
    "lstm",
    "lstm_cell",
    "margin_ranking_loss",
    "max_pool1d",
    "max_pool1d_with_indices",
    "max_pool2d",
    "max_pool3d",
    "native_batch_norm",
    "native_channel_shuffle",
    "native_dropout",
    "native_group_norm",
    "native_layer_norm",
    "norm_except_dim",
    "poisson_nll_loss",
    "rms_norm",
    "rnn_relu",
    "rnn_relu_cell",
    "rnn_tanh",
    "rnn_tanh_cell",
    "rrelu",
    "selu",
    "threshold",
    "triplet_margin_loss",
]  # fmt: skip

REDUCTIONS = ("none", "mean", "sum")  # "none" unless told, whatever PyTorch's signatures say

# --- normalization, embedding, dropout ---------------------------------------------------------


def batch_norm(
    input: Tensor, weight: Tensor | None, bias: Tensor | None, running_mean: Tensor | None,
    running_var: Tensor | None, training: bool, momentum: float, eps: float, cudnn_enabled: bool,
) -> Tensor:  # fmt: skip
    """``nn.functional.batch_norm``."""
    return F.batch_norm(
        input, running_mean, running_var, weight, bias, training, momentum, eps
    )  # fmt: skip


def instance_norm(
    input: Tensor, weight: Tensor | None, bias: Tensor | None, running_mean: Tensor | None,
    running_var: Tensor | None, use_input_stats: bool, momentum: float, eps: float,
    cudnn_enabled: bool,
) -> Tensor:  # fmt: skip
    """``nn.functional.instance_norm``."""
    return F.instance_norm(
        input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps
    )


def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None,
    eps: float = 1e-5, cudnn_enabled: bool = True,
) -> Tensor:  # fmt: skip
    """``nn.functional.group_norm``."""
    return F.group_norm(input, num_groups, weight, bias, eps)


def layer_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None,
    bias: Tensor | None = None, eps: float = 1e-5, cudnn_enable: bool = True,
) -> Tensor:  # fmt: skip
    """``nn.functional.layer_norm``."""
    return F.layer_norm(input, normalized_shape, weight, bias, eps)


def rms_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None,
    eps: float | None = None,
) -> Tensor:  # fmt: skip
    """``nn.functional.rms_norm``."""
    return F.rms_norm(input, normalized_shape, weight, eps)


def native_layer_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None, bias: Tensor | None,
    eps: float,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """``nn.functional.layer_norm``, the means and the inverse standard deviations."""
    dims = tuple(range(-len(normalized_shape), 0))
    var, mean = minitorch.var_mean(input, dims, correction=0, keepdim=True)
    made = F.layer_norm(input, normalized_shape, weight, bias, eps)
    return made, mean, (var + eps).rsqrt()


def native_batch_norm(
    input: Tensor, weight: Tensor | None, bias: Tensor | None, running_mean: Tensor | None,
    running_var: Tensor | None, training: bool, momentum: float, eps: float, *,
    out: tuple[Tensor, Tensor, Tensor] | None = None,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """``nn.functional.batch_norm``, the batch's means and inverse standard deviations (empty
    where it is not ``training``)."""
    made = F.batch_norm(
        input, running_mean, running_var, weight, bias, training, momentum, eps
    )  # fmt: skip
    if not training:
        return made, input.new_empty(0), input.new_empty(0)
    var, mean = minitorch.var_mean(input, _but_channels(input), correction=0)
    return made, mean, (var + eps).rsqrt()


def batch_norm_update_stats(
    input: Tensor, running_mean: Tensor | None, running_var: Tensor | None, momentum: float
) -> tuple[Tensor, Tensor]:
    """The batch's means and variances; the running ones, where given, move towards them."""
    if not input.numel():
        raise RuntimeError(
            "input tensor must have at least one element, but got input_sizes = "
            f"{list(input.shape)}"
        )
    var, mean = minitorch.var_mean(input, _but_channels(input), correction=0)
    count = input.numel() // input.shape[1]
    if running_mean is not None:
        running_mean.lerp_(mean.to(running_mean.dtype), momentum)
    if running_var is not None:
        running_var.lerp_((var * (count / (count - 1))).to(running_var.dtype), momentum)
    return mean, var


def _but_channels(input: Tensor) -> tuple[int, ...]:
    return tuple(d for d in range(input.ndim) if d != 1)


def native_group_norm(
    input: Tensor, weight: Tensor | None, bias: Tensor | None, N: int, C: int, HxW: int,
    group: int, eps: float,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """``nn.functional.group_norm``, the groups' means and inverse standard deviations."""
    grouped = input.reshape(N, group, C // group * HxW)
    var, mean = minitorch.var_mean(grouped, -1, correction=0)
    return F.group_norm(input, group, weight, bias, eps), mean, (var + eps).rsqrt()


def native_dropout(input: Tensor, p: float, train: bool | None) -> tuple[Tensor, Tensor]:
    """``nn.functional.dropout``, and where the elements stay."""
    if not train:
        return input.clone(), minitorch.ones_like(input, dtype=minitorch.bool)
    scale = F.dropout(minitorch.ones_like(input), p)
    return input * scale, scale != 0


def norm_except_dim(v: Tensor, pow: int = 2, dim: int = 0) -> Tensor:
    """The norms of the slices along ``dim``, of all other dimensions; of everything for -1."""
    dims = None if dim == -1 else tuple(k for k in range(v.ndim) if k != dim)
    return minitorch.linalg.vector_norm(v, pow, dims, dim != -1)


def embedding(
    weight: Tensor, indices: Tensor, padding_idx: int = -1, scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:  # fmt: skip
    """``nn.functional.embedding``; no row is padding where ``padding_idx`` is -1."""
    row = None if padding_idx == -1 else padding_idx
    return F.embedding(
        indices, weight, row, scale_grad_by_freq=scale_grad_by_freq, sparse=sparse
    )  # fmt: skip


def embedding_renorm_(input: Tensor, indices: Tensor, max_norm: float, norm_type: float) -> Tensor:
    """Scales the rows ``indices`` of ``input`` down to a norm of at most ``max_norm``."""
    renormalize(input, indices, max_norm, norm_type)
    return input


def alpha_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """``nn.functional.alpha_dropout``."""
    return F.alpha_dropout(input, p, train)


def feature_alpha_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """``nn.functional.feature_alpha_dropout``."""
    return F.feature_alpha_dropout(input, p, train)


def feature_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """Dropout of whole channels."""
    return F.dropout2d(input, p, train)


def dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """``nn.functional.dropout``."""
    return F.dropout(input, p, train)


dropout_, alpha_dropout_ = inplace(dropout), inplace(alpha_dropout)
feature_dropout_ = inplace(feature_dropout)
feature_alpha_dropout_ = inplace(feature_alpha_dropout)

# --- windows ------------------------------------------------------------------------------------


def celu(input: Tensor, alpha: float = 1.0) -> Tensor:
    """``nn.functional.celu``."""
    return F.celu(input, alpha)


def selu(input: Tensor) -> Tensor:
    """``nn.functional.selu``."""
    return F.selu(input)


def rrelu(
    input: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False
) -> Tensor:
    """``nn.functional.rrelu``."""
    return F.rrelu(input, lower, upper, training)


def threshold(
    input: Tensor, threshold: float, value: float, *, out: Tensor | None = None
) -> Tensor:
    """``nn.functional.threshold``."""
    return F.threshold(input, threshold, value)


def max_pool1d(
    input: Tensor, kernel_size: Sizes, stride: Sizes = (), padding: Sizes = 0, dilation: Sizes = 1,
    ceil_mode: bool = False,
) -> Tensor:  # fmt: skip
    """``nn.functional.max_pool1d``: the maxima."""
    return F.max_pool1d(input, kernel_size, stride or None, padding, dilation, ceil_mode)


def max_pool2d(
    input: Tensor, kernel_size: Sizes, stride: Sizes = (), padding: Sizes = 0, dilation: Sizes = 1,
    ceil_mode: bool = False,
) -> Tensor:  # fmt: skip
    """``nn.functional.max_pool2d``: the maxima."""
    return F.max_pool2d(input, kernel_size, stride or None, padding, dilation, ceil_mode)


def max_pool3d(
    input: Tensor, kernel_size: Sizes, stride: Sizes = (), padding: Sizes = 0, dilation: Sizes = 1,
    ceil_mode: bool = False,
) -> Tensor:  # fmt: skip
    """``nn.functional.max_pool3d``: the maxima."""
    return F.max_pool3d(input, kernel_size, stride or None, padding, dilation, ceil_mode)


def adaptive_max_pool1d(input: Tensor, output_size: int) -> tuple[Tensor, Tensor]:
    """``nn.functional.adaptive_max_pool1d`` with the positions."""
    return F.adaptive_max_pool1d(input, output_size, return_indices=True)


def max_pool1d_with_indices(
    input: Tensor, kernel_size: int, stride: int | None = None, padding: int = 0,
    dilation: int = 1, ceil_mode: bool = False,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """``nn.functional.max_pool1d`` with the positions."""
    return F.max_pool1d(
        input, kernel_size, stride, padding, dilation, ceil_mode, return_indices=True
    )


def affine_grid_generator(theta: Tensor, size: Sequence[int], align_corners: bool) -> Tensor:
    """``nn.functional.affine_grid``."""
    return F.affine_grid(theta, size, align_corners)


def native_channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """``nn.functional.channel_shuffle``."""
    return F.channel_shuffle(input, groups)


def conv_tbc(input: Tensor, weight: Tensor, bias: Tensor, pad: int = 0) -> Tensor:
    """A convolution in one dimension of (time, batch, channels) with (time, in, out)."""
    made = F.conv1d(input.permute(1, 2, 0), weight.permute(2, 1, 0), bias, padding=pad)
    return made.permute(2, 0, 1)


def convolution(
    input: Tensor, weight: Tensor, bias: Tensor | None, stride: Sequence[int],
    padding: Sequence[int], dilation: Sequence[int], transposed: bool,
    output_padding: Sequence[int], groups: int,
) -> Tensor:  # fmt: skip
    """A convolution, or its transpose, in one, two or three dimensions."""
    n = weight.ndim - 2
    stride, padding, dilation, output_padding = (
        tuple(each) * n if len(each) == 1 else tuple(each)
        for each in (stride, padding, dilation, output_padding)
    )
    if transposed:
        made = getattr(F, f"conv_transpose{n}d")(
            input, weight, bias, stride, padding, output_padding, groups, dilation
        )
    else:
        made = getattr(F, f"conv{n}d")(input, weight, bias, stride, padding, dilation, groups)
    return made  # type: ignore[no-any-return]  # Tensors, of untyped kernels


# --- losses -------------------------------------------------------------------------------------


def binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor, weight: Tensor | None = None, pos_weight: Tensor | None = None,
    reduction: int = 0,
) -> Tensor:  # fmt: skip
    """``nn.functional.binary_cross_entropy_with_logits``."""
    return F.binary_cross_entropy_with_logits(
        input, target, weight, reduction=REDUCTIONS[reduction], pos_weight=pos_weight
    )


def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 0
) -> Tensor:
    """``nn.functional.cosine_embedding_loss``."""
    kind = REDUCTIONS[reduction]
    return F.cosine_embedding_loss(input1, input2, target, margin, reduction=kind)


def hinge_embedding_loss(
    input: Tensor, target: Tensor, margin: float = 1.0, reduction: int = 0
) -> Tensor:
    """``nn.functional.hinge_embedding_loss``."""
    return F.hinge_embedding_loss(input, target, margin, reduction=REDUCTIONS[reduction])


def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 0
) -> Tensor:
    """``nn.functional.margin_ranking_loss``."""
    kind = REDUCTIONS[reduction]
    return F.margin_ranking_loss(input1, input2, target, margin, reduction=kind)


def kl_div(
    input: Tensor, target: Tensor, reduction: int = 0, *, log_target: bool = False
) -> Tensor:
    """``nn.functional.kl_div``, whose mean is that of all elements."""
    made = F.kl_div(input, target, reduction="none", log_target=log_target)
    return made if reduction == 0 else made.mean() if reduction == 1 else made.sum()


def poisson_nll_loss(
    input: Tensor, target: Tensor, log_input: bool, full: bool, eps: float, reduction: int
) -> Tensor:
    """``nn.functional.poisson_nll_loss``."""
    kind = REDUCTIONS[reduction]
    return F.poisson_nll_loss(input, target, log_input, full, eps=eps, reduction=kind)


def triplet_margin_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0, p: float = 2.0,
    eps: float = 1e-6, swap: bool = False, reduction: int = 0,
) -> Tensor:  # fmt: skip
    """``nn.functional.triplet_margin_loss``."""
    kind = REDUCTIONS[reduction]
    return F.triplet_margin_loss(
        anchor, positive, negative, margin, p, eps, swap, reduction=kind
    )  # fmt: skip


def ctc_loss(
    log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any, blank: int = 0,
    reduction: int = 0, zero_infinity: bool = False,
) -> Tensor:  # fmt: skip
    """``nn.functional.ctc_loss``."""
    return F.ctc_loss(
        log_probs, targets, input_lengths, target_lengths, blank, REDUCTIONS[reduction],
        zero_infinity,
    )  # fmt: skip


# --- recurrent layers ---------------------------------------------------------------------------


def _layers(gates: int, kind: Callable[..., Any], data: Tensor, *rest: Any) -> Any:
    """``(input, hx, params, biases, layers, dropout, train, bidirectional, batch_first)``, or
    ``(data, batch_sizes, hx, params, ...)`` of packed sequences, without the last.
    """
    packed = isinstance(rest[2], list | tuple)
    sizes, rest = (rest[0], (*rest[1:], False)) if packed else (None, rest)
    hx, params, biases, layers, dropout, train, bidirectional, batch_first = rest
    each = len(params) // (layers * (2 if bidirectional else 1))
    projected = {"proj_size": params[each - 1].shape[0]} if each % 2 else {}
    module = kind(
        params[0].shape[1], params[0].shape[0] // gates, layers, biases, batch_first, dropout,
        bidirectional, device="meta", **projected,
    ).train(train)  # fmt: skip
    names = [name for name, _ in module.named_parameters()]
    x = PackedSequence(data, sizes) if packed else data
    state = tuple(hx) if isinstance(hx, list | tuple) else hx
    parameters = dict(zip(names, params, strict=True))
    y, states = minitorch.func.functional_call(module, parameters, (x, state))
    return (y.data if packed else y, *(states if isinstance(states, tuple) else (states,)))


def lstm(*args: Any) -> tuple[Tensor, Tensor, Tensor]:
    """``lstm(input, hx, params, has_biases, num_layers, dropout, train, bidirectional,
    batch_first)``, or ``lstm(data, batch_sizes, hx, params, ...)`` of packed sequences: the
    outputs, the last hidden and the last cell states.
    """
    return _layers(4, LSTM, *args)  # type: ignore[no-any-return]  # Tensors, of untyped kernels


def gru(*args: Any) -> tuple[Tensor, Tensor]:
    """As ``lstm``, with hidden states alone."""
    return _layers(3, GRU, *args)  # type: ignore[no-any-return]  # Tensors, of untyped kernels


def rnn_tanh(*args: Any) -> tuple[Tensor, Tensor]:
    """As ``gru``, of layers tanh(w x + v h)."""
    return _layers(1, functools.partial(_rnn, "tanh"), *args)  # type: ignore[no-any-return]  # Tensors, of untyped kernels


def rnn_relu(*args: Any) -> tuple[Tensor, Tensor]:
    """As ``gru``, of layers relu(w x + v h)."""
    return _layers(1, functools.partial(_rnn, "relu"), *args)  # type: ignore[no-any-return]  # Tensors, of untyped kernels


def _rnn(
    nonlinearity: str,
    input_size: int,
    hidden_size: int,
    num_layers: int,
    *rest: Any,
    **options: Any,
) -> RNN:
    return RNN(input_size, hidden_size, num_layers, nonlinearity, *rest, **options)


def lstm_cell(
    input: Tensor, hx: Sequence[Tensor], w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The new hidden and cell state."""
    h, c = hx
    return lstm_step(input, h, c, w_ih, w_hh, b_ih, b_hh)  # type: ignore[no-any-return]  # Tensors, of untyped kernels


def gru_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The new hidden state."""
    return gru_step(input, hx, w_ih, w_hh, b_ih, b_hh)  # type: ignore[no-any-return]  # Tensors, of untyped kernels


def rnn_tanh_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The new hidden state tanh(w x + v h)."""
    return rnn_cell(input, hx, w_ih, w_hh, b_ih, b_hh, False)  # type: ignore[no-any-return]  # Tensors, of untyped kernels


def rnn_relu_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The new hidden state relu(w x + v h)."""
    return rnn_cell(input, hx, w_ih, w_hh, b_ih, b_hh, True)  # type: ignore[no-any-return]  # Tensors, of untyped kernels


take_tensors(globals())
overridable(__name__)
