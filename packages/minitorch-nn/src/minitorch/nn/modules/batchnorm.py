"""Batch normalization, and what it shares with instance normalization."""

from __future__ import annotations

from typing import Any

import minitorch
from minitorch import Tensor

from .. import functional as F
from ..module import Module
from ..parameter import UninitializedBuffer
from .lazy import LazyModuleMixin, materialize, postpone
from .normalization import _Affine, learn

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "LazyBatchNorm1d",
    "LazyBatchNorm2d",
    "LazyBatchNorm3d",
    "SyncBatchNorm",
]


class _NormBase(_Affine):
    """Parameters and running statistics of the norms of channels."""

    _version = 2
    __input_ndims__: tuple[int, ...] = ()  # what an input may have

    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self, num_features: int, eps: float, momentum: float | None, affine: bool,
        track_running_stats: bool, device: Any, dtype: Any, bias: bool,
    ) -> None:  # fmt: skip
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        learn(self, num_features, device, dtype, weight=affine, bias=affine and bias)
        if track_running_stats:
            made = {"dtype": dtype, "device": device}
            self.register_buffer("running_mean", minitorch.zeros(num_features, **made))
            self.register_buffer("running_var", minitorch.ones(num_features, **made))
            batches = minitorch.tensor(0, dtype=minitorch.int64, device=device)
            self.register_buffer("num_batches_tracked", batches)
        else:
            for name in ("running_mean", "running_var", "num_batches_tracked"):
                self.register_buffer(name, None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Forgets the statistics: mean 0, variance 1."""
        for name, value in (("running_mean", 0), ("running_var", 1), ("num_batches_tracked", 0)):
            if self.track_running_stats:
                getattr(self, name).fill_(value)

    def reset_parameters(self) -> None:
        """Forgets the statistics; weight 1, bias 0."""
        self.reset_running_stats()
        super().reset_parameters()

    def _check_input_dim(self, input: Tensor) -> None:
        if not self.__input_ndims__:
            raise NotImplementedError(f"{type(self).__name__} has no _check_input_dim")
        if input.ndim not in self.__input_ndims__:
            expected = " or ".join(f"{n}D" for n in self.__input_ndims__)
            raise ValueError(
                f"{type(self).__name__}: expected {expected} input (got {input.ndim}D input of "
                f"shape {list(input.shape)})"
            )

    def extra_repr(self) -> str:
        """The number of channels and the options."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: Any, *args: Any
    ) -> None:
        version = local_metadata.get("version", None)
        key = prefix + "num_batches_tracked"
        if (version is None or version < 2) and self.track_running_stats and key not in state_dict:
            counted = self.num_batches_tracked
            state_dict[key] = (
                minitorch.tensor(0, dtype=minitorch.int64) if counted is None else counted
            )
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *args)


class _BatchNorm(_NormBase):
    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1,
        affine: bool = True, track_running_stats: bool = True, device: Any = None,
        dtype: Any = None, *, bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias
        )

    def forward(self, input: Tensor) -> Tensor:
        """The input, normalized; while training the statistics move towards its own."""
        self._check_input_dim(input)
        learning = self.training and self.track_running_stats
        counted = self.num_batches_tracked if learning else None
        momentum = 0.0 if self.momentum is None else self.momentum
        if counted is not None and self.momentum is None:
            momentum = 1.0 / float(counted + 1)  # the mean over all batches
        own = self.training or (self.running_mean is None and self.running_var is None)
        running = not self.training or self.track_running_stats
        try:
            out = F.batch_norm(
                input, self.running_mean if running else None,
                self.running_var if running else None, self.weight, self.bias, own, momentum,
                self.eps,
            )  # fmt: skip
        except RuntimeError as error:
            raise type(error)(f"{self}: {error}") from None
        if counted is not None:
            counted.add_(1)
        return out


class BatchNorm1d(_BatchNorm):
    """``BatchNorm2d`` for (N, C) or (N, C, L)."""

    __input_ndims__ = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Each channel of (N, C, H, W) with mean 0 and variance 1 over the batch.

    Args:
        num_features: the number of channels.
        eps: added to the variance.
        momentum: the share of the new batch in the running statistics; None for the mean over all
            batches.
        affine: whether to learn a factor and a summand for each channel.
        track_running_stats: whether to keep statistics while training, for evaluation.
        device: only the CPU.
        dtype: of the parameters.

    Attributes:
        weight, bias: (num_features,), 1 and 0 at first
        running_mean, running_var: (num_features,), 0 and 1 at first
        num_batches_tracked: (), int64

    Raises:
        ValueError: the input's number of dimensions is another, or a channel has one value only.
        RuntimeError: the input's number of channels is another. The statistics stay as they were.
    """

    __input_ndims__ = (4,)


class BatchNorm3d(_BatchNorm):
    """``BatchNorm2d`` for (N, C, D, H, W)."""

    __input_ndims__ = (5,)


class SyncBatchNorm(_BatchNorm):
    """``BatchNorm`` for any number of dimensions; training, over the batches of all ranks.

    The ranks share their counts, sums and sums of squares, and in the backward pass the gradients
    of these: with equal or unequal batches that is what one process does with all of them.

    Args:
        process_group: the ranks; those of the default group where None.

    Attributes:
        weight, bias, running_mean, running_var, num_batches_tracked: as in BatchNorm2d
    """

    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1,
        affine: bool = True, track_running_stats: bool = True, process_group: Any = None,
        device: Any = None, dtype: Any = None, *, bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )
        self.process_group = process_group

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim < 2:
            raise ValueError(f"expected at least 2D input (got {input.ndim}D input)")
        if input.shape[1] == 0:
            raise ValueError("SyncBatchNorm number of input channels should be non-zero")

    def forward(self, input: Tensor) -> Tensor:
        """The input, normalized; while training the statistics are those of all ranks."""
        group = _ranks_of(self) if self.training else None
        if group is None:
            return super().forward(input)
        self._check_input_dim(input)
        if input.shape[1] != self.num_features:
            raise RuntimeError(
                f"{self}: expected {self.num_features} channels, but the input has "
                f"{input.shape[1]}: {list(input.shape)}"
            )
        from minitorch.distributed.nn.functional import all_reduce

        over = [0, *range(2, input.ndim)]
        shape = [1, -1] + [1] * (input.ndim - 2)
        wide = input.float() if input.dtype.itemsize == 2 else input  # float16 counts to 2048 only
        count = minitorch.tensor([wide.numel() / self.num_features], dtype=wide.dtype)
        sums = all_reduce(minitorch.cat([wide.sum(over), count]), group=group)
        mean, total = sums[:-1] / sums[-1], sums[-1].detach()
        centered = wide - mean.view(shape)
        var = all_reduce(centered.square().sum(over), group=group) / total
        _learn(self, mean.detach(), var.detach(), float(total))
        scale = (var + self.eps).rsqrt()
        if self.weight is not None:
            scale = scale * self.weight
        out = centered * scale.view(shape)
        if self.bias is not None:
            out = out + self.bias.view(shape)
        return out.to(input.dtype)

    @classmethod
    def convert_sync_batchnorm(cls, module: Any, process_group: Any = None) -> Any:
        """``module`` with its ``BatchNorm`` layers replaced by ones with the same tensors."""
        made = module
        if isinstance(module, _BatchNorm):
            made = cls(
                module.num_features, module.eps, module.momentum, module.affine,
                module.track_running_stats, process_group, bias=module.bias is not None,
            )  # fmt: skip
            for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
                setattr(made, name, getattr(module, name))
            made.training = module.training
        for name, child in module.named_children():
            made.add_module(name, cls.convert_sync_batchnorm(child, process_group))
        return made


class _LazyNormBase(LazyModuleMixin, _NormBase):
    """A norm that takes ``num_features`` from its first input."""

    def __init__(
        self, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
        track_running_stats: bool = True, device: Any = None, dtype: Any = None, *,
        bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(0, eps, momentum, False, False, device, dtype, bias=False)
        self.affine, self.track_running_stats = affine, track_running_stats
        made = {"device": device, "dtype": dtype}
        if affine:
            postpone(self, "weight", *(["bias"] if bias else []), **made)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(**made)
            self.running_var = UninitializedBuffer(**made)
            self.num_batches_tracked = minitorch.tensor(0, dtype=minitorch.int64)

    def initialize_parameters(self, input: Tensor) -> None:
        """Takes ``num_features`` from ``input``."""
        if self.has_uninitialized_params():
            self._check_input_dim(input)
            self.num_features = int(input.shape[channel_dim(self, input)])
            names = ("weight", "bias", "running_mean", "running_var")
            materialize(self, **dict.fromkeys(names, (self.num_features,)))
            self.reset_parameters()

    def reset_parameters(self) -> None:
        """Sets the first values, once the sizes are known."""
        if not self.has_uninitialized_params() and self.num_features != 0:
            super().reset_parameters()


def channel_dim(module: Module, input: Tensor) -> int:
    """The dimension of the channels: before the last ones where there may be no batch."""
    unbatched = getattr(module, "_get_no_batch_dim", None)
    return 1 if unbatched is None else input.ndim - unbatched()


class LazyBatchNorm1d(_LazyNormBase, BatchNorm1d):
    """``BatchNorm1d`` that takes ``num_features`` from its first input."""

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_LazyNormBase, BatchNorm2d):
    """``BatchNorm2d`` that takes ``num_features`` from its first input."""

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_LazyNormBase, BatchNorm3d):
    """``BatchNorm3d`` that takes ``num_features`` from its first input."""

    cls_to_become = BatchNorm3d


def _ranks_of(module: SyncBatchNorm) -> Any:
    """The group, None where there is nobody else."""
    import sys

    distributed = sys.modules.get("minitorch.distributed")
    if distributed is None or not distributed.is_initialized():
        return None
    group = module.process_group or distributed.group.WORLD
    return group if distributed.get_world_size(group) > 1 else None


def _learn(module: SyncBatchNorm, mean: Tensor, var: Tensor, total: float) -> None:
    """Moves the statistics towards those of the batch of ``total`` values per channel."""
    if not module.track_running_stats or module.num_batches_tracked is None:
        return
    module.num_batches_tracked.add_(1)
    share = 1 / module.num_batches_tracked.item() if module.momentum is None else module.momentum
    unbiased = var * (total / max(total - 1, 1))
    for running, value in ((module.running_mean, mean), (module.running_var, unbiased)):
        if running is not None:
            running.lerp_(value.to(running.dtype), share)
