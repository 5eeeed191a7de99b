"""``ZeroRedundancyOptimizer``: each rank keeps the optimizer's state of its part of the parameters.

S. Rajbhandari et al., "ZeRO: Memory Optimizations Toward Training Trillion Parameter Models", 2020
(its first stage).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from minitorch import Tensor
from minitorch.extend import absent_names
from minitorch.optim import Optimizer

from ..algorithms.join import Join, Joinable, JoinHook
from ..coalescing import broadcast_coalesced
from ..objects import gather_object
from ..process_group import ProcessGroup, default_group

__all__ = ["ZeroRedundancyOptimizer"]


class ZeroRedundancyOptimizer(Optimizer, Joinable):
    """An optimizer whose state is divided among the ranks.

    A rank updates its own part of the parameters, about as many numbers as each other, and then
    gets the others' parts from them. With the same gradients everywhere, as
    ``DistributedDataParallel`` leaves them, that is the step of ``optimizer_class``.

    Args:
        params: as for any optimizer, in the same order on all ranks.
        optimizer_class: the optimizer, such as ``optim.AdamW``.
        process_group: the ranks; the default group where None.
        parameters_as_bucket_view: accepted; parameters stay where they are.
        overlap_with_ddp: False.
        defaults: the optimizer's arguments.

    Attributes:
        optim: the optimizer of this rank's parameters.

    Example:
        >>> import minitorch
        >>> from minitorch import distributed, nn, optim
        >>> from minitorch.distributed.optim import ZeroRedundancyOptimizer
        >>> distributed.init_process_group("gloo", rank=0, world_size=1)
        >>> model = nn.Linear(2, 1)
        >>> optimizer = ZeroRedundancyOptimizer(model.parameters(), optim.Adam, lr=0.01)
        >>> model(minitorch.ones(1, 2)).sum().backward()
        >>> optimizer.step()
        >>> distributed.destroy_process_group()

    Follows https://docs.pytorch.org/docs/stable/distributed.optim.html#torch.distributed.optim.ZeroRedundancyOptimizer
    """

    def __init__(
        self, params: Iterable[Any], optimizer_class: type[Optimizer],
        process_group: ProcessGroup | None = None, parameters_as_bucket_view: bool = False,
        overlap_with_ddp: bool = False, **defaults: Any,
    ) -> None:  # fmt: skip
        if overlap_with_ddp:
            raise NotImplementedError(
                "ZeroRedundancyOptimizer takes its steps in step(): overlap_with_ddp is False"
            )
        self.process_group = default_group() if process_group is None else process_group
        self._owners: dict[int, int] = {}  # id of a parameter -> its rank
        self._loads = [0] * self.process_group.size()
        self._states: list[dict[str, Any]] = []  # of all ranks, where they were consolidated
        self.optim: Optimizer | None = None
        super().__init__(params, defaults)
        Joinable.__init__(self)
        self.optim = optimizer_class([self._mine(group) for group in self.param_groups], **defaults)
        self._follow(self.optim.param_groups, self.param_groups)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Adds parameters, which are divided among the ranks, too."""
        super().add_param_group(param_group)
        group = self.param_groups[-1]
        for each in sorted(group["params"], key=lambda p: -p.numel()):  # as PyTorch divides them
            owner = self._loads.index(min(self._loads))
            self._owners[id(each)] = owner
            self._loads[owner] += each.numel()
        if self.optim is not None:
            self.optim.add_param_group(self._mine(group))

    def _of_rank(self, group: dict[str, Any], rank: int) -> list[Tensor]:
        return [each for each in group["params"] if self._owners[id(each)] == rank]

    def _mine(self, group: dict[str, Any]) -> dict[str, Any]:
        return group | {"params": self._of_rank(group, self.process_group.rank())}

    @staticmethod
    def _follow(source: list[dict[str, Any]], target: list[dict[str, Any]]) -> None:
        """Takes over the options of each group, such as what a schedule set."""
        for ours, theirs in zip(target, source, strict=True):
            ours.update({name: value for name, value in theirs.items() if name != "params"})

    def step(self, closure: Callable[[], Any] | None = None, **kwargs: Any) -> Any:
        """Updates the parameters of this rank, and gets the others'."""
        Join.notify_join_context(self)
        local: Any = self.optim
        self._follow(self.param_groups, local.param_groups)
        loss = local.step(closure, **kwargs) if closure is not None else local.step(**kwargs)
        self._follow(local.param_groups, self.param_groups)
        for rank in range(self.process_group.size()):
            theirs = [p for group in self.param_groups for p in self._of_rank(group, rank)]
            broadcast_coalesced(theirs, self.process_group, rank)
        return loss

    def consolidate_state_dict(self, to: int = 0) -> None:
        """Gives the state of all ranks to rank ``to``, which can then call ``state_dict()``."""
        local: Any = self.optim
        self._follow(self.param_groups, local.param_groups)
        group = self.process_group
        found: list[Any] = [None] * (group.size() if group.rank() == to else 0)
        gather_object(local.state_dict(), found, group=group, group_dst=to)
        self._states = found

    def state_dict(self) -> dict[str, Any]:
        """The state that ``optimizer_class`` has for all parameters.

        Raises:
            RuntimeError: ``consolidate_state_dict`` did not bring it to this rank.
        """
        if not self._states:
            raise RuntimeError(
                "Optimizer state has not been consolidated on this rank. Please call "
                f"`consolidate_state_dict(to={self.process_group.rank()})` on all ranks beforehand "
                "if you meant to save the global state."
            )
        whole = super().state_dict()
        numbers = self._numbers()
        for rank, local in enumerate(self._states):
            for group, ours in zip(local["param_groups"], self.param_groups, strict=True):
                for number, each in zip(group["params"], self._of_rank(ours, rank), strict=True):
                    if number in local["state"]:
                        whole["state"][numbers[id(each)]] = local["state"][number]
        whole["state"] = dict(sorted(whole["state"].items()))
        return whole

    def _numbers(self) -> dict[int, int]:
        parameters = [each for group in self.param_groups for each in group["params"]]
        return {id(each): k for k, each in enumerate(parameters)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes this rank's part of the state of all parameters."""
        local: Any = self.optim
        numbers = self._numbers()
        mine: dict[str, Any] = {"state": {}, "param_groups": []}
        count = 0
        for theirs, ours in zip(state_dict["param_groups"], self.param_groups, strict=True):
            own = self._of_rank(ours, self.process_group.rank())
            for k, each in enumerate(own, count):
                if numbers[id(each)] in state_dict["state"]:
                    mine["state"][k] = state_dict["state"][numbers[id(each)]]
            mine["param_groups"].append(theirs | {"params": list(range(count, count + len(own)))})
            count += len(own)
        local.load_state_dict(mine)
        self._follow(local.param_groups, self.param_groups)

    def join_hook(self, **kwargs: Any) -> JoinHook:
        """What this rank does when it has no inputs any more: the others' steps."""
        return _ZeROJoinHook(self)

    @property
    def join_device(self) -> Any:
        """The CPU."""
        return self.param_groups[0]["params"][0].device

    @property
    def join_process_group(self) -> Any:
        """The ranks."""
        return self.process_group


class _ZeROJoinHook(JoinHook):
    def __init__(self, optimizer: ZeroRedundancyOptimizer) -> None:
        self.optimizer = optimizer

    def main_hook(self) -> None:
        """A step of this rank's parameters, which the others wait for."""
        self.optimizer.step()


__getattr__, __dir__ = absent_names(__name__)
