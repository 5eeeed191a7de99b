"""``Join``: ranks that have fewer inputs than others take part until all have finished.

Follows https://docs.pytorch.org/docs/stable/distributed.algorithms.join.html
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Any, NamedTuple

import minitorch

from ..collectives import all_reduce
from ..process_group import get_rank
from ..work import Work

__all__ = ["Join", "JoinHook", "Joinable"]

WARN_THRESHOLD = 1000


class JoinHook:
    """What a rank without inputs does in place of a step, and what all do at the end."""

    def main_hook(self) -> None:
        """Takes part in the collectives of a step of the others."""

    def post_hook(self, is_last_joiner: bool) -> None:
        """Is called when all ranks have finished.

        Args:
            is_last_joiner: whether this rank is one of those that finished last.
        """


class JoinConfig(NamedTuple):
    """What ``Join`` tells its joinables."""

    enable: bool = False
    throw_on_early_termination: bool = False
    is_first_joinable: bool = False


class Joinable(ABC):
    """What can take part in ``Join``, such as ``DistributedDataParallel``."""

    @abstractmethod
    def __init__(self) -> None:
        super().__init__()
        self._join_config = JoinConfig()

    @abstractmethod
    def join_hook(self, **kwargs: Any) -> JoinHook:
        """The hook of this object; ``kwargs`` are those of ``Join``."""

    @property
    @abstractmethod
    def join_device(self) -> Any:
        """Where its collectives take place."""

    @property
    @abstractmethod
    def join_process_group(self) -> Any:
        """The group of its collectives."""


class Join:
    """A context in which each rank goes through its inputs, however many there are.

    A rank that comes to the end of the block takes part in the others' collectives, by the hooks of
    ``joinables``, until all have come there.

    Args:
        joinables: what has collectives in each step. The first one says in each step that its rank
            is still at work (``notify_join_context``).
        enable: False where the inputs are known to be equal.
        throw_on_early_termination: whether all ranks raise as soon as one has finished.
        kwargs: for the joinables' hooks.

    Raises:
        ValueError: there are no joinables, or they have different groups.
    """

    def __init__(
        self, joinables: list[Joinable], enable: bool = True,
        throw_on_early_termination: bool = False, **kwargs: Any,
    ) -> None:  # fmt: skip
        if not joinables:
            raise ValueError("The join context manager requires at least one joinable")
        self._group = joinables[0].join_process_group
        if any(each.join_process_group is not self._group for each in joinables):
            raise ValueError("Using join context manager with multiple process groups")
        self._hooks = [each.join_hook(**kwargs) for each in joinables]
        self._enable, self._throw = enable, throw_on_early_termination
        self._rank = get_rank(self._group)
        for k, each in enumerate(joinables):
            each._join_config = JoinConfig(enable, throw_on_early_termination, k == 0)

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        if not self._enable or kind:
            return
        steps = 0
        while self._others_at_work():
            if steps == WARN_THRESHOLD:
                warnings.warn(
                    f"Detected uneven input skew of greater than {WARN_THRESHOLD}. This means that "
                    f"rank {self._rank} has at least {WARN_THRESHOLD} fewer inputs than other "
                    "currently-active ranks. This level of skew could lead to performance "
                    "degradation during training.",
                    stacklevel=2,
                )
            if self._throw:
                all_reduce(minitorch.ones(1), group=self._group)
                raise RuntimeError(f"Rank {self._rank} exhausted all inputs.")
            for hook in self._hooks:
                hook.main_hook()
            steps += 1
        for hook in self._hooks:
            hook.post_hook(steps == 0)

    def _others_at_work(self) -> bool:
        count = minitorch.zeros(1)
        all_reduce(count, group=self._group)
        return count.item() != 0

    @staticmethod
    def notify_join_context(joinable: Joinable) -> Work | None:
        """Says that this rank begins a step; a joinable calls it before its first collective.

        Returns the sum under way that counts the ranks at work, None outside of ``Join`` and for
        all but its first joinable.

        Raises:
            RuntimeError: a rank has finished, and all are to raise then.
        """
        if not hasattr(joinable, "_join_config"):
            raise AssertionError(
                f"Check that the {type(joinable)} constructor calls the ``Joinable`` constructor"
            )
        config = joinable._join_config
        if not config.is_first_joinable or not config.enable:
            return None
        group = joinable.join_process_group
        work = all_reduce(minitorch.ones(1), group=group, async_op=True)
        if config.throw_on_early_termination:
            finished = minitorch.zeros(1)
            all_reduce(finished, group=group)
            if finished.item():
                raise RuntimeError(
                    "Detected at least one rank that exhausted inputs. Throwing across all ranks."
                )
        return work
