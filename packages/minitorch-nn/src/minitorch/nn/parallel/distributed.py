"""``DistributedDataParallel``: each rank computes the gradients of its part of the batch.

Follows
https://docs.pytorch.org/docs/stable/generated/torch.nn.parallel.DistributedDataParallel.html
"""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import minitorch
from minitorch import Tensor
from minitorch.distributed import (
    GradBucket,
    ProcessGroup,
    all_reduce,
)
from minitorch.distributed.algorithms.ddp_comm_hooks import default_hooks
from minitorch.distributed.algorithms.join import Join, Joinable, JoinHook
from minitorch.distributed.coalescing import broadcast_coalesced, verify_shapes
from minitorch.distributed.process_group import default_group

from ..module import Module
from ..parameter import is_lazy
from .reducer import Reducer

__all__ = ["DistributedDataParallel"]

MEGABYTE = 1 << 20
OLD_BUFFERS = (
    "`broadcast_buffers` is deprecated. Use `forward_sync_buffers` instead. IMPORTANT: unlike "
    "`broadcast_buffers=False`, `forward_sync_buffers=False` still syncs buffers at init. If you "
    "rely on buffers NOT being synced at init (e.g. rank-local buffers), keep using "
    "`broadcast_buffers=False` until `init_sync_buffers` is available."
)


class DistributedDataParallel(Module, Joinable):
    """``module``, whose gradients are averaged over the ranks.

    All ranks begin with the parameters and buffers of rank 0. In each backward pass the gradients'
    averages are computed while the pass goes on, bucket by bucket, and replace the gradients at its
    end: ranks that take the same optimizer steps keep the same parameters, and those are the steps
    of one process with the ranks' batches together, if the loss is a mean and the batches have one
    size. Each forward pass begins with the buffers of rank 0.

    Args:
        module: it; its names are prefixed by ``module.`` in the ``state_dict``.
        device_ids, output_device: None.
        forward_sync_buffers: whether forward passes begin with the buffers of rank 0; true where
            None. ``broadcast_buffers`` is its old name.
        init_sync: whether to take over the parameters of rank 0, after a check of their shapes.
        process_group: the ranks; the default group where None.
        bucket_cap_mb: the size of the buckets, 25 where None, where the first has 1 only.
        find_unused_parameters: whether parameters may have no part in the outputs of ``forward``.
        gradient_as_bucket_view: whether gradients are views of the buckets, which saves their
            memory once.
        static_graph: whether it is the same parameters that get gradients in each pass.

    Raises:
        ValueError: there is no default group; device ids are given.
        RuntimeError: no parameter wants a gradient; the ranks' parameters differ in number or
            shapes; a forward pass begins before all gradients of the last one have come.

    Example:
        >>> import minitorch
        >>> from minitorch import distributed, nn
        >>> distributed.init_process_group("gloo", rank=0, world_size=1)
        >>> model = nn.parallel.DistributedDataParallel(nn.Linear(3, 1))
        >>> model(minitorch.ones(2, 3)).sum().backward()
        >>> list(model.state_dict())
        ['module.weight', 'module.bias']
        >>> distributed.destroy_process_group()
    """

    def __init__(
        self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0,
        broadcast_buffers: bool | None = None, init_sync: bool = True,
        process_group: ProcessGroup | None = None, bucket_cap_mb: float | None = None,
        find_unused_parameters: bool = False, check_reduction: bool = False,
        gradient_as_bucket_view: bool = False, static_graph: bool = False,
        delay_all_reduce_named_params: Any = None, param_to_hook_all_reduce: Any = None,
        mixed_precision: Any = None, device_mesh: Any = None,
        skip_all_reduce_unused_params: bool = False, bucket_cap_mb_list: list[float] | None = None,
        batched_grad_copy: bool = False, forward_sync_buffers: bool | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        Joinable.__init__(self)
        unsupported = {
            "delay_all_reduce_named_params": delay_all_reduce_named_params,
            "param_to_hook_all_reduce": param_to_hook_all_reduce,
            "mixed_precision": mixed_precision, "device_mesh": device_mesh,
        }  # fmt: skip
        for name, value in unsupported.items():
            if value is not None:
                raise NotImplementedError(f"DistributedDataParallel here has no {name}")
        self.process_group = default_group() if process_group is None else process_group
        ignored = set(getattr(module, "_ddp_params_and_buffers_to_ignore", ()))
        self.parameters_to_ignore = ignored
        named = {n: p for n, p in module.named_parameters() if n not in ignored}
        if not any(each.requires_grad for each in named.values()):
            raise RuntimeError(
                "DistributedDataParallel is not needed when a module doesn't have any parameter "
                "that requires a gradient."
            )
        if device_ids or output_device is not None:
            devices = {each.device for each in named.values()}
            raise ValueError(
                "DistributedDataParallel device_ids and output_device arguments only work with "
                "single-device/multiple-device GPU modules or CPU modules, but got device_ids "
                f"{device_ids}, output_device {output_device}, and module parameters {devices}."
            )
        if any(is_lazy(each) for each in named.values()):
            raise RuntimeError(
                "Modules with uninitialized parameters can't be used with "
                "`DistributedDataParallel`. Run a dummy forward pass to correctly initialize the "
                "modules"
            )
        sync_at_init = True
        if broadcast_buffers is not None:
            warnings.warn(OLD_BUFFERS, FutureWarning, stacklevel=2)
            if forward_sync_buffers is None:
                forward_sync_buffers = sync_at_init = broadcast_buffers
        self.forward_sync_buffers = forward_sync_buffers is None or forward_sync_buffers
        self.module = module
        self.device, self.device_type, self.dim = minitorch.device("cpu"), "cpu", dim
        self.device_ids = self.output_device = None
        self.find_unused_parameters = find_unused_parameters
        self.static_graph = static_graph
        self.gradient_as_bucket_view = gradient_as_bucket_view
        self.require_backward_grad_sync = self.require_forward_param_sync = True
        sizes: list[float] = bucket_cap_mb_list or (
            [1, 25] if bucket_cap_mb is None else [bucket_cap_mb]
        )
        self.bucket_bytes_caps = [int(each * MEGABYTE) for each in sizes]
        self._divide_by_initial_world_size = True
        if init_sync:
            verify_shapes(list(named.values()), self.process_group)
            buffers = self._buffers_to_sync() if sync_at_init else []
            broadcast_coalesced([*named.values(), *buffers], self.process_group, 0)
        self._make_reducer()

    def _make_reducer(self) -> None:
        wanted = {
            name: each
            for name, each in self.module.named_parameters()
            if each.requires_grad and name not in self.parameters_to_ignore
        }
        self.reducer = Reducer(
            list(wanted.values()), list(wanted), self.process_group.for_gradients,
            self.bucket_bytes_caps, self.find_unused_parameters or self.static_graph,
            self.gradient_as_bucket_view,
        )  # fmt: skip

    @property
    def broadcast_buffers(self) -> bool:
        """The old name of ``forward_sync_buffers``."""
        return self.forward_sync_buffers

    @broadcast_buffers.setter
    def broadcast_buffers(self, value: bool) -> None:
        self.forward_sync_buffers = value

    def _buffers_to_sync(self) -> list[Tensor]:
        ignored = self.parameters_to_ignore
        return [each for name, each in self.module.named_buffers() if name not in ignored]

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        for name in ("process_group", "reducer"):
            del state[name]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.process_group = default_group()
        super().__setstate__(state)
        self._make_reducer()

    # --- the two passes --------------------------------------------------------------------------

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """What the module gives."""
        self._before_forward()
        output = self.module(*inputs, **kwargs)
        syncs = minitorch.is_grad_enabled() and self.require_backward_grad_sync
        self.require_forward_param_sync = syncs
        if syncs:
            traced = self.find_unused_parameters and not self.static_graph
            self.reducer.expect(list(tensors_in(output)) if traced else None)
        return output

    def _before_forward(self) -> None:
        if minitorch.is_grad_enabled() and self.require_backward_grad_sync:
            self.reducer.check_finished()
        at_work = Join.notify_join_context(self)
        if at_work is not None:
            at_work.wait()
            self._set_divisor(at_work.result()[0])
        self._sync_buffers()
        if self._join_config.enable:
            self._others_sync(joined=False)

    def _set_divisor(self, at_work: Tensor) -> None:
        whole = self.process_group.size()
        self.reducer.divisor = whole if self._divide_by_initial_world_size else at_work.item()

    def _sync_buffers(self) -> None:
        """Takes over the buffers of rank 0, or in ``Join`` of a rank that is still at work."""
        buffers = self._buffers_to_sync()
        if not (self.require_forward_param_sync and self.forward_sync_buffers and buffers):
            return
        root = self._find_common_rank(not self._has_joined) if self._join_config.enable else 0
        with minitorch.no_grad():
            broadcast_coalesced(buffers, self.process_group, root)

    @contextlib.contextmanager
    def no_sync(self) -> Iterator[None]:
        """In this context gradients add up on each rank; the next pass outside averages them.

        The forward pass, too, belongs into the context.
        """
        before = self.require_backward_grad_sync
        self.require_backward_grad_sync = False
        try:
            yield
        finally:
            self.require_backward_grad_sync = before

    def register_comm_hook(self, state: object, hook: Callable[[Any, GradBucket], Any]) -> None:
        """Lets ``hook(state, bucket)`` take the place of the average: its future's result is the
        gradients.

        Raises:
            TypeError: ``hook`` is not callable.
            RuntimeError: there is one already.
        """
        if not callable(hook):
            raise TypeError("Communication hook must be callable.")
        first = [*inspect.signature(hook).parameters.values()][1:2]
        if first and first[0].annotation not in (inspect.Parameter.empty, GradBucket, "GradBucket"):
            if not str(first[0].annotation).endswith("GradBucket"):
                raise ValueError("Communication hook: bucket annotation should be dist.GradBucket.")
        if self.reducer.hook is not None:
            raise RuntimeError(
                "register_comm_hook or register_builtin_comm_hook can only be called once."
            )
        self.reducer.hook = lambda bucket: hook(state, bucket)

    def _register_builtin_comm_hook(self, comm_hook_type: Any) -> None:
        hook = {
            "ALLREDUCE": default_hooks.allreduce_hook,
            "FP16_COMPRESS": default_hooks.fp16_compress_hook,
        }[comm_hook_type.name]
        self.register_comm_hook(self.process_group, hook)

    def _set_static_graph(self) -> None:
        self.static_graph = self.reducer.unused = True

    @staticmethod
    def _set_params_and_buffers_to_ignore_for_model(
        module: Any, params_and_buffers_to_ignore: Iterable[str]
    ) -> None:
        module._ddp_params_and_buffers_to_ignore = params_and_buffers_to_ignore

    # --- ranks with unequal inputs ---------------------------------------------------------------

    _has_joined = False

    def join(
        self, divide_by_initial_world_size: bool = True, enable: bool = True,
        throw_on_early_termination: bool = False,
    ) -> Join:  # fmt: skip
        """``Join`` of this module alone: ranks may have different numbers of batches.

        Args:
            divide_by_initial_world_size: whether sums are divided by the number of all ranks, not
                of those that still have inputs.
        """
        return Join(
            [self], enable, throw_on_early_termination,
            divide_by_initial_world_size=divide_by_initial_world_size,
        )  # fmt: skip

    def join_hook(self, **kwargs: Any) -> JoinHook:
        """What this rank does when it has no inputs any more."""
        self._has_joined = False
        self._divide_by_initial_world_size = kwargs.get("divide_by_initial_world_size", True)
        return _DDPJoinHook(self)

    @property
    def join_device(self) -> Any:
        """The CPU."""
        return self.device

    @property
    def join_process_group(self) -> Any:
        """The ranks."""
        return self.process_group

    def _others_sync(self, joined: bool) -> bool:
        """Whether the ranks at work average the gradients of this step."""
        wanted = minitorch.tensor([float(not joined and self.require_backward_grad_sync)])
        all_reduce(wanted, group=self.process_group)
        return wanted.item() != 0

    def _find_common_rank(self, here: bool) -> int:
        """The last rank of the group that says ``here``."""
        mine = minitorch.tensor([self.process_group.rank() if here else -1])
        all_reduce(mine, minitorch.distributed.ReduceOp.MAX, self.process_group)
        return int(mine.item())


class _DDPJoinHook(JoinHook):
    """Takes part in the others' steps, and takes over the last one's model."""

    def __init__(self, ddp: DistributedDataParallel) -> None:
        self.ddp = ddp

    def main_hook(self) -> None:
        """The collectives of a forward and a backward pass."""
        ddp = self.ddp
        ddp._has_joined = True
        ddp._sync_buffers()
        syncs = ddp._others_sync(joined=True)
        ddp.require_forward_param_sync = syncs
        if syncs:
            ddp.reducer.match()

    def post_hook(self, is_last_joiner: bool) -> None:
        """The model of a rank that finished last."""
        ddp = self.ddp
        root = ddp._find_common_rank(is_last_joiner)
        state = [each for each in ddp.module.state_dict().values() if isinstance(each, Tensor)]
        broadcast_coalesced(state, ddp.process_group, root)
        ddp._divide_by_initial_world_size = True
        ddp._join_config = type(ddp._join_config)()
        ddp._set_divisor(minitorch.ones(1))


def tensors_in(value: Any) -> Iterator[Tensor]:
    """The tensors of an output, however it holds them."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        yield from tensors_in(list(value.values()))
    elif isinstance(value, list | tuple | set):
        for each in value:
            yield from tensors_in(each)
    elif dataclasses.is_dataclass(value):
        yield from tensors_in([getattr(value, each.name) for each in dataclasses.fields(value)])
