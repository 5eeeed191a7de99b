"""``DistributedSampler``: one replica's share of a dataset."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import minitorch

from .sampler import Sampler

__all__ = ["DistributedSampler"]


class DistributedSampler(Sampler[int]):
    """Every ``num_replicas``-th index from ``rank`` on, shuffled by ``seed`` plus the epoch.

    Both numbers are those of the default process group where they are not given. The order is
    padded from its start until it divides evenly, or with ``drop_last`` cut.

    Raises:
        ValueError: a number is missing and there is no process group, or there is no such rank.

    Follows https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.distributed.DistributedSampler
    """

    def __init__(
        self,
        dataset: Any,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        if num_replicas is None or rank is None:
            from minitorch.distributed import get_rank, get_world_size

            num_replicas = get_world_size() if num_replicas is None else num_replicas
            rank = get_rank() if rank is None else rank
        if not 0 <= rank < num_replicas:
            raise ValueError(
                f"Invalid rank {rank}, rank should be in the interval [0, {num_replicas - 1}]"
            )
        self.dataset, self.num_replicas, self.rank = dataset, num_replicas, rank
        self.shuffle, self.seed, self.drop_last = shuffle, seed, drop_last
        self.epoch = 0
        count = len(dataset)
        share = count // num_replicas if drop_last else math.ceil(count / num_replicas)
        self.num_samples = share
        self.total_size = share * num_replicas

    def __iter__(self) -> Iterator[int]:
        count = len(self.dataset)
        if self.shuffle:
            generator = minitorch.Generator().manual_seed(self.seed + self.epoch)
            order = minitorch.randperm(count, generator=generator).tolist()
        else:
            order = list(range(count))
        order = (order * math.ceil(self.total_size / max(count, 1)))[: self.total_size]
        return iter(order[self.rank :: self.num_replicas])

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Another epoch, another order."""
        self.epoch = epoch
