"""Normalization layers."""

from __future__ import annotations

from typing import Any

import minitorch

from .. import functional as F
from .. import init
from ..module import Module
from ..parameter import Parameter, UninitializedBuffer, UninitializedParameter
from .lazy import LazyModule

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "CrossMapLRN2d",
    "GroupNorm",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "LayerNorm",
    "LazyBatchNorm1d",
    "LazyBatchNorm2d",
    "LazyBatchNorm3d",
    "LazyInstanceNorm1d",
    "LazyInstanceNorm2d",
    "LazyInstanceNorm3d",
    "LocalResponseNorm",
    "RMSNorm",
    "SyncBatchNorm",
]


class _Norm(Module):
    """Parameters and running statistics of the norms of channels."""

    _version = 2
    dims: tuple[int, ...] = ()

    def __init__(
        self, num_features: int, eps: float, momentum: float | None, affine: bool,
        track_running_stats: bool, device: Any, dtype: Any, bias: bool,
    ) -> None:  # fmt: skip
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        made = {"dtype": dtype, "device": device}
        for name, there in (("weight", affine), ("bias", affine and bias)):
            value = Parameter(minitorch.empty(num_features, **made)) if there else None
            self.register_parameter(name, value)
        if track_running_stats:
            self.register_buffer("running_mean", minitorch.zeros(num_features, **made))
            self.register_buffer("running_var", minitorch.ones(num_features, **made))
            self.register_buffer("num_batches_tracked", minitorch.tensor(0, dtype=minitorch.int64))
        else:
            for name in ("running_mean", "running_var", "num_batches_tracked"):
                self.register_buffer(name, None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Forgets the statistics: mean 0, variance 1."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Forgets the statistics; weight 1, bias 0."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def _check_input_dim(self, input: Any) -> None:
        if self.dims and input.ndim not in self.dims:
            expected = " or ".join(f"{n}D" for n in self.dims)
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


class _BatchNorm(_Norm):
    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1,
        affine: bool = True, track_running_stats: bool = True, device: Any = None,
        dtype: Any = None, *, bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias
        )

    def forward(self, input: Any) -> Any:
        """The input, normalized; while training the statistics move towards its own."""
        self._check_input_dim(input)
        learning = self.training and self.track_running_stats
        counted = None if self.num_batches_tracked is None else self.num_batches_tracked + 1
        momentum = 0.0 if self.momentum is None else self.momentum
        if learning and counted is not None and self.momentum is None:
            momentum = 1.0 / float(counted)  # the mean over all batches
        own = self.training or (self.running_mean is None and self.running_var is None)
        running = not self.training or self.track_running_stats
        try:
            out = F.batch_norm(
                input, self.running_mean if running else None,
                self.running_var if running else None, self.weight, self.bias, own, momentum,
                self.eps,
            )  # fmt: skip
        except RuntimeError as error:
            raise RuntimeError(f"{self}: {error}") from None
        if learning and counted is not None:
            self.num_batches_tracked.copy_(counted)
        return out


class BatchNorm1d(_BatchNorm):
    """``BatchNorm2d`` for (N, C) or (N, C, L).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html
    """

    dims = (2, 3)


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

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html
    """

    dims = (4,)


class BatchNorm3d(_BatchNorm):
    """``BatchNorm2d`` for (N, C, D, H, W).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm3d.html
    """

    dims = (5,)


class SyncBatchNorm(_BatchNorm):
    """``BatchNorm`` for any number of dimensions: with one process there is nothing to synchronize.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.SyncBatchNorm.html
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

    def _check_input_dim(self, input: Any) -> None:
        if input.ndim < 2:
            raise ValueError(f"expected at least 2D input (got {input.ndim}D input)")

    @classmethod
    def convert_sync_batchnorm(cls, module: Any, process_group: Any = None) -> Any:
        """``module`` with its ``BatchNorm`` layers replaced by ones with the same tensors."""
        made = module
        if isinstance(module, _BatchNorm):
            made = cls(
                module.num_features, module.eps, module.momentum, module.affine,
                module.track_running_stats, process_group,
            )  # fmt: skip
            for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
                setattr(made, name, getattr(module, name))
            made.training = module.training
        for name, child in module.named_children():
            made.add_module(name, cls.convert_sync_batchnorm(child, process_group))
        return made


class _InstanceNorm(_Norm):
    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float = 0.1, affine: bool = False,
        track_running_stats: bool = False, device: Any = None, dtype: Any = None, *,
        bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias
        )

    def forward(self, input: Any) -> Any:
        """The input, normalized; without N too."""
        self._check_input_dim(input)
        batched = input.ndim == self.dims[-1]
        channels = input.shape[-self.dims[0]]
        if channels != self.num_features and self.affine:
            raise ValueError(
                f"{self}: expected input's size at dim={input.ndim - self.dims[0]} to match "
                f"num_features ({self.num_features}), but got: {list(input.shape)}"
            )
        x = input if batched else input.unsqueeze(0)
        out = F.instance_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias,
            self.training or not self.track_running_stats,
            self.momentum if self.momentum is not None else 0.0, self.eps,
        )  # fmt: skip
        return out if batched else out.squeeze(0)


class InstanceNorm1d(_InstanceNorm):
    """``InstanceNorm2d`` for (N, C, L) or (C, L).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.InstanceNorm1d.html
    """

    dims = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """Each channel of each example, (N, C, H, W) or (C, H, W), with mean 0 and variance 1.

    The arguments are those of ``BatchNorm2d``, with ``affine`` and ``track_running_stats`` off.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.InstanceNorm2d.html
    """

    dims = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """``InstanceNorm2d`` for (N, C, D, H, W) or (C, D, H, W).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.InstanceNorm3d.html
    """

    dims = (4, 5)


# --- lazy -----------------------------------------------------------------------------------


class _Lazy(LazyModule):
    """A norm that takes ``num_features`` from its first input."""

    cls_to_become: Any = None

    def __init__(
        self, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
        track_running_stats: bool = True, device: Any = None, dtype: Any = None, *,
        bias: bool = True,
    ) -> None:  # fmt: skip
        self.cls_to_become.__init__(self, 0, eps, momentum, False, False, device, dtype)
        self.affine, self.track_running_stats = affine, track_running_stats
        made = {"device": device, "dtype": dtype}
        if affine:
            self.weight = UninitializedParameter(**made)
        if affine and bias:
            self.bias = UninitializedParameter(**made)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(**made)
            self.running_var = UninitializedBuffer(**made)
            self.num_batches_tracked = minitorch.tensor(0, dtype=minitorch.int64)

    def reset_parameters(self) -> None:
        """Sets the first values, once the shape is known."""
        if not self.has_uninitialized_params() and self.num_features != 0:
            self.cls_to_become.reset_parameters(self)

    def initialize_parameters(self, input: Any) -> None:
        """Takes the channels from ``input``."""
        if self.has_uninitialized_params():
            self._check_input_dim(input)
            batched = issubclass(self.cls_to_become, _BatchNorm) or input.ndim == self.dims[-1]
            self.num_features = input.shape[1 if batched else 0]
            for name in ("weight", "bias", "running_mean", "running_var"):
                value = getattr(self, name)
                if value is not None:
                    value.materialize((self.num_features,))
            self.reset_parameters()


class LazyBatchNorm1d(_Lazy, BatchNorm1d):
    """``BatchNorm1d`` that takes ``num_features`` from its first input.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.LazyBatchNorm1d.html
    """

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_Lazy, BatchNorm2d):
    """``BatchNorm2d`` that takes ``num_features`` from its first input.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.LazyBatchNorm2d.html
    """

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_Lazy, BatchNorm3d):
    """``BatchNorm3d`` that takes ``num_features`` from its first input.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.LazyBatchNorm3d.html
    """

    cls_to_become = BatchNorm3d


class LazyInstanceNorm1d(_Lazy, InstanceNorm1d):
    """``InstanceNorm1d`` that takes ``num_features`` from its first input.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.LazyInstanceNorm1d.html
    """

    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(_Lazy, InstanceNorm2d):
    """``InstanceNorm2d`` that takes ``num_features`` from its first input.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.LazyInstanceNorm2d.html
    """

    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(_Lazy, InstanceNorm3d):
    """``InstanceNorm3d`` that takes ``num_features`` from its first input.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.LazyInstanceNorm3d.html
    """

    cls_to_become = InstanceNorm3d


# --- without statistics of the batch --------------------------------------------------------


class LayerNorm(Module):
    """The last dimensions, of sizes ``normalized_shape``, with mean 0 and variance 1.

    Args:
        normalized_shape: an int or several.
        eps: added to the variance.
        elementwise_affine: whether to learn factors, and
        bias: summands.
        device: only the CPU.
        dtype: of the parameters.

    Attributes:
        weight, bias: of that shape, 1 and 0 at first; or None

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html
    """

    def __init__(
        self, normalized_shape: Any, eps: float = 1e-5, elementwise_affine: bool = True,
        bias: bool = True, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        if isinstance(normalized_shape, int):
            normalized_shape = (normalized_shape,)
        self.normalized_shape = tuple(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        made = {"dtype": dtype, "device": device}
        for name, there in (("weight", elementwise_affine), ("bias", elementwise_affine and bias)):
            value = Parameter(minitorch.empty(self.normalized_shape, **made)) if there else None
            self.register_parameter(name, value)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weight 1, bias 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Any) -> Any:
        """(*, normalized_shape), normalized."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The shape and the options."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        )


class RMSNorm(Module):
    """The last dimensions, of sizes ``normalized_shape``, over the root of their mean square.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.RMSNorm.html
    """

    def __init__(
        self, normalized_shape: Any, eps: float | None = None, elementwise_affine: bool = True,
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        if isinstance(normalized_shape, int):
            normalized_shape = (normalized_shape,)
        self.normalized_shape = tuple(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        value = minitorch.empty(self.normalized_shape, dtype=dtype, device=device)
        self.register_parameter("weight", Parameter(value) if elementwise_affine else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weight 1."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, input: Any) -> Any:
        """(*, normalized_shape), normalized."""
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """The shape and the options."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        )


class GroupNorm(Module):
    """Groups of channels of each example with mean 0 and variance 1.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.GroupNorm.html
    """

    def __init__(
        self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True,
        device: Any = None, dtype: Any = None, *, bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        if num_channels % num_groups:
            raise ValueError(
                f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})"
            )
        self.num_groups, self.num_channels = num_groups, num_channels
        self.eps, self.affine = eps, affine
        for name, there in (("weight", affine), ("bias", affine and bias)):
            value = minitorch.empty(num_channels, dtype=dtype, device=device)
            self.register_parameter(name, Parameter(value) if there else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weight 1, bias 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Any) -> Any:
        """(N, C, ...), normalized."""
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The groups and the options."""
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class LocalResponseNorm(Module):
    """Each element over a power of the mean square of neighbouring channels.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.LocalResponseNorm.html
    """

    def __init__(
        self, size: int, alpha: float = 0.0001, beta: float = 0.75, k: float = 1.0
    ) -> None:
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, input: Any) -> Any:
        """(N, C, ...), normalized."""
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        """The numbers."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class CrossMapLRN2d(LocalResponseNorm):
    """The old name of ``LocalResponseNorm`` for images.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossMapLRN2d.html
    """

    def __init__(self, size: int, alpha: float = 0.0001, beta: float = 0.75, k: float = 1) -> None:
        super().__init__(size, alpha, beta, k)
