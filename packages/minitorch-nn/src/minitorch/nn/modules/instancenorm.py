"""Instance normalization."""

from __future__ import annotations

import warnings
from typing import Any

from minitorch import Tensor

from .. import functional as F
from .batchnorm import _LazyNormBase, _NormBase, channel_dim

__all__ = [
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "LazyInstanceNorm1d",
    "LazyInstanceNorm2d",
    "LazyInstanceNorm3d",
]


class _InstanceNorm(_NormBase):
    __averages_batches__ = False  # as batch norms do, whose statistics `update_bn` computes anew

    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float = 0.1, affine: bool = False,
        track_running_stats: bool = False, device: Any = None, dtype: Any = None, *,
        bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias
        )

    def _get_no_batch_dim(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} has no _get_no_batch_dim")

    def forward(self, input: Tensor) -> Tensor:
        """The input, normalized; without N too."""
        self._check_input_dim(input)
        batched = input.ndim != self._get_no_batch_dim()
        dim = channel_dim(self, input)
        if input.shape[dim] != self.num_features:
            if self.affine:
                raise ValueError(
                    f"{self}: expected input's size at dim={dim} to match num_features "
                    f"({self.num_features}), but got: {list(input.shape)}"
                )
            warnings.warn(
                f"input's size at dim={dim} does not match num_features. You can silence this "
                "warning by not passing in num_features, which is not used because affine=False",
                stacklevel=3,
            )
        x = input if batched else input.unsqueeze(0)
        out = F.instance_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias,
            self.training or not self.track_running_stats,
            self.momentum if self.momentum is not None else 0.0, self.eps,
        )  # fmt: skip
        return out if batched else out.squeeze(0)


class InstanceNorm1d(_InstanceNorm):
    """``InstanceNorm2d`` for (N, C, L) or (C, L)."""

    __input_ndims__ = (2, 3)

    def _get_no_batch_dim(self) -> int:
        return 2


class InstanceNorm2d(_InstanceNorm):
    """Each channel of each example, (N, C, H, W) or (C, H, W), with mean 0 and variance 1.

    The arguments are those of ``BatchNorm2d``, with ``affine`` and ``track_running_stats`` off.
    """

    __input_ndims__ = (3, 4)

    def _get_no_batch_dim(self) -> int:
        return 3


class InstanceNorm3d(_InstanceNorm):
    """``InstanceNorm2d`` for (N, C, D, H, W) or (C, D, H, W)."""

    __input_ndims__ = (4, 5)

    def _get_no_batch_dim(self) -> int:
        return 4


class LazyInstanceNorm1d(_LazyNormBase, InstanceNorm1d):
    """``InstanceNorm1d`` that takes ``num_features`` from its first input."""

    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(_LazyNormBase, InstanceNorm2d):
    """``InstanceNorm2d`` that takes ``num_features`` from its first input."""

    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(_LazyNormBase, InstanceNorm3d):
    """``InstanceNorm3d`` that takes ``num_features`` from its first input."""

    cls_to_become = InstanceNorm3d
