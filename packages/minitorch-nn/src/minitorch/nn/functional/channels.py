"""Channels in another order."""

from __future__ import annotations

from minitorch import Tensor

from .arguments import keeps_channels_last

__all__ = ["channel_shuffle"]


@keeps_channels_last
def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """Channels (dimension 1) taken from the groups in turn: (g, c) becomes (c, g).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.channel_shuffle.html
    """
    if input.ndim < 3:
        raise RuntimeError(
            f"channel_shuffle expects input with > 2 dims, but got input with sizes "
            f"{list(input.shape)}"
        )
    if groups <= 0:
        raise RuntimeError(
            f"Number of groups to divide channels in must be positive. Value of groups:{groups}"
        )
    n, channels, *rest = input.shape
    if channels % groups:
        raise RuntimeError(
            f"Number of channels must be divisible by groups. Got {channels} channels and {groups} "
            "groups."
        )
    grouped = input.reshape((n, groups, channels // groups, *rest))
    return grouped.transpose(1, 2).reshape(input.shape)
