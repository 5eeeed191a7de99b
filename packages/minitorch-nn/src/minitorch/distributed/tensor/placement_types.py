"""Placements: how a tensor lies along one dimension of a mesh."""

from __future__ import annotations

from dataclasses import dataclass

from minitorch.extend import absent_names

__all__ = ["Partial", "Placement", "Replicate", "Shard"]


class Placement:
    """How a tensor lies along one dimension of a mesh."""

    def is_shard(self, dim: int | None = None) -> bool:
        """Whether it is split (along ``dim``)."""
        return isinstance(self, Shard) and (dim is None or self.dim == dim)

    def is_replicate(self) -> bool:
        """Whether each rank has all of it."""
        return isinstance(self, Replicate)

    def is_partial(self, reduce_op: str | None = None) -> bool:
        """Whether it is the sum (by ``reduce_op``) of what the ranks have."""
        return isinstance(self, Partial) and reduce_op in (None, self.reduce_op)


@dataclass(frozen=True)
class Shard(Placement):
    """Split along ``dim``."""

    dim: int


@dataclass(frozen=True)
class Replicate(Placement):
    """Whole on each rank."""


@dataclass(frozen=True)
class Partial(Placement):
    """The sum of what the ranks have, or what else ``reduce_op`` says."""

    reduce_op: str = "sum"


__getattr__, __dir__ = absent_names(__name__)
