"""Gradients are averaged over the ranks while the backward pass goes on.

Parameters are put into buckets in the reverse order of their registration, which is about the order
in which their gradients come. When the last gradient of a bucket is there its sum over the ranks
begins; buckets begin in one order on all ranks. The end of the pass waits for the sums.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import minitorch
import numpy as np
from minitorch import Tensor
from minitorch.distributed import GradBucket, Work, all_reduce
from minitorch.distributed.process_group import ProcessGroup
from minitorch.distributed.work import progress
from minitorch.extend import Node, SparseData, array_of, data_of, mark_written

__all__ = ["Reducer", "assign"]

UNFINISHED = (
    "Expected to have finished reduction in the prior iteration before starting a new one. This "
    "error indicates that your module has parameters that were not used in producing loss. You can "
    "enable unused parameter detection by passing the keyword argument "
    "`find_unused_parameters=True` to `torch.nn.parallel.DistributedDataParallel`, and by \nmaking "
    "sure all `forward` function outputs participate in calculating loss. \nIf you already have "
    "done the above, then the distributed data parallel module wasn't able to locate the output "
    "tensors in the return value of your module's `forward` function. Please include the loss "
    "function and the structure of the return value of `forward` of your module when reporting "
    "this issue (e.g. list, dict, iterable).\nParameter indices which did not receive grad for "
    "rank {rank}: {indices}: {names}"
)


def assign(parameters: Sequence[Tensor], caps: Sequence[int]) -> list[list[int]]:
    """The numbers of the parameters in each bucket.

    Args:
        caps: how many bytes a bucket may have; the last holds for all that follow.
    """
    buckets: list[list[int]] = []
    open_: dict[Any, tuple[list[int], int]] = {}  # dtype -> bucket being filled, its bytes
    for k in reversed(range(len(parameters))):
        each = parameters[k]
        bucket, filled = open_.get(each.dtype, ([], 0))
        if not bucket:
            buckets.append(bucket)
        bucket.append(k)
        filled += each.numel() * each.dtype.itemsize
        cap = caps[min(buckets.index(bucket), len(caps) - 1)]
        open_[each.dtype] = ([], 0) if filled >= cap else (bucket, filled)
    return buckets


class Reducer:
    """Averages the gradients of ``parameters`` over ``group``.

    Args:
        names: of the parameters, for messages.
        caps: bytes of the buckets, see ``assign``.
        unused: whether parameters may get no gradient: they take part with what they have.
        as_views: whether gradients become views of the buckets.
    """

    def __init__(
        self, parameters: list[Tensor], names: list[str], group: ProcessGroup, caps: Sequence[int],
        unused: bool, as_views: bool,
    ) -> None:  # fmt: skip
        self.parameters, self.names, self.group = parameters, names, group
        self.unused, self.as_views = unused, as_views
        self.assigned = assign(parameters, caps)
        self.buckets = [
            GradBucket(index, [parameters[k] for k in members], index == len(self.assigned) - 1)
            for index, members in enumerate(self.assigned)
        ]
        self.places = {
            k: (index, place)
            for index, members in enumerate(self.assigned)
            for place, k in enumerate(members)
        }
        self.hook: Callable[[GradBucket], Any] | None = None
        self.divisor: float = group.size()
        self.enabled = False  # whether this backward pass is to be reduced
        self.running = False  # whether one is under way
        self.used = np.zeros(len(parameters), np.int32)  # since the last reduction
        self._begin()
        myself = weakref.ref(self)
        self.handles = [
            each.register_post_accumulate_grad_hook(_telling(myself, k))
            for k, each in enumerate(parameters)
        ]

    def __del__(self) -> None:
        for handle in getattr(self, "handles", ()):
            handle.remove()

    def _begin(self) -> None:
        self.ready: set[int] = set()
        self.missing = [len(members) for members in self.assigned]
        self.sums: list[Any] = []  # of the buckets that have begun
        self.usage: Work | None = None

    def check_finished(self) -> None:
        """Raises RuntimeError where the last backward pass left parameters without gradients."""
        if not self.running:
            return
        left = sorted(set(range(len(self.parameters))) - self.ready)
        raise RuntimeError(
            UNFINISHED.format(
                rank=self.group.rank(), indices=" ".join(map(str, left)),
                names=", ".join(self.names[k] for k in left),
            )
        )  # fmt: skip

    def expect(self, outputs: Iterable[Tensor] | None) -> None:
        """The next backward pass is to be reduced.

        Args:
            outputs: the tensors from which it starts; parameters that they do not depend on get no
                gradient. None where that shows at the end of the pass.
        """
        self.check_finished()
        self._begin()
        self.enabled = True
        if outputs is not None:
            needed = leaves_of(outputs)
            for k, each in enumerate(self.parameters):
                if id(each) not in needed:
                    self._arrived(k)

    def accumulated(self, k: int) -> None:
        """The gradient of parameter ``k`` is there."""
        self.used[k] = 1
        if not self.enabled:
            return
        if k in self.ready:
            raise RuntimeError(
                "Expected to mark a variable ready only once. This error is caused by one of the "
                "following reasons: 1) Use of a module parameter outside the `forward` function. "
                "2) Reused parameters in multiple reentrant backward passes. Parameter at index "
                f"{k} with name {self.names[k]} has been marked as ready twice."
            )
        if not self.running:
            self.running = True
            minitorch.autograd.Variable._execution_engine.queue_callback(self._end)
        self._arrived(k)
        progress()

    def _arrived(self, k: int) -> None:
        index, place = self.places[k]
        view, grad = array_of(self.buckets[index].views[place]), self.parameters[k].grad
        scale = 1 if self.hook is not None else 1 / self.divisor
        if grad is None:
            view.fill(0)
        elif isinstance(data_of(grad), SparseData):
            raise NotImplementedError(
                f"the gradient of {self.names[k]} is sparse, which DistributedDataParallel does "
                "not reduce: use Embedding(sparse=False)"
            )
        else:
            np.multiply(array_of(grad), scale, out=view, casting="same_kind")
        self.ready.add(k)
        self.missing[index] -= 1
        while len(self.sums) < len(self.buckets) and not self.missing[len(self.sums)]:
            self._reduce(self.buckets[len(self.sums)])
        if self.unused and self.usage is None and len(self.sums) == len(self.buckets):
            self.usage = self.share_usage(self.used)

    def share_usage(self, used: np.ndarray[Any, Any]) -> Work:
        """Begins to count the ranks on which each parameter was used."""
        counts = minitorch.from_numpy(used.copy())
        work: Any = all_reduce(counts, group=self.group, async_op=True)
        return work  # type: ignore[no-any-return]  # async_op gives one

    def _reduce(self, bucket: GradBucket) -> None:
        if self.hook is not None:
            self.sums.append(self.hook(bucket))
        else:
            self.sums.append(all_reduce(bucket.buffer(), group=self.group, async_op=True))

    def match(self) -> None:
        """Takes part in a backward pass of the others without gradients of its own."""
        self._begin()
        for bucket in self.buckets:
            bucket.buffer().zero_()
            self._reduce(bucket)
        if self.unused:
            self.share_usage(np.zeros_like(self.used)).wait()
        for each in self.sums:
            each.wait()

    def _end(self) -> None:
        """The end of a backward pass: waits for the sums and gives them to the parameters."""
        self.enabled = False
        if self.unused:
            for k in set(range(len(self.parameters))) - self.ready:
                self._arrived(k)
        if len(self.sums) < len(self.buckets):
            return  # the next forward pass says so
        counts = np.ones_like(self.used)
        if self.usage is not None:
            self.usage.wait()
            counts = array_of(self.usage.result()[0])
        for members, bucket, total in zip(self.assigned, self.buckets, self.sums):
            total.wait()
            if self.hook is not None:
                result = total.value()
                bucket.set_buffer(result[0] if isinstance(result, list) else result)
            for k, view in zip(members, bucket.views):
                if counts[k]:
                    self._give(self.parameters[k], view)
        self.used.fill(0)
        self.running = False

    def _give(self, parameter: Tensor, view: Tensor) -> None:
        grad = parameter.grad
        if self.as_views:
            if grad is not view:
                parameter.grad = view
        elif grad is None:
            parameter.grad = view.clone()
        else:
            array_of(grad)[...] = array_of(view)
            mark_written(grad)


def _telling(reducer: weakref.ref[Reducer], k: int) -> Callable[[Tensor], None]:
    """A hook that tells the reducer, and does not keep it alive."""

    def accumulated(parameter: Tensor) -> None:
        there = reducer()
        if there is not None:
            there.accumulated(k)

    return accumulated


def leaves_of(outputs: Iterable[Tensor]) -> set[int]:
    """The ids of the leaves on which ``outputs`` depend."""
    found: set[int] = set()
    stack: list[Any] = []
    for each in outputs:
        if each.grad_fn is not None:
            stack.append(each.grad_fn)
        elif each.requires_grad:
            found.add(id(each))
    seen: set[Node] = set()
    while stack:
        node = stack.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        stack.extend(node.parents)
        leaf = getattr(node, "variable", None)
        if leaf is not None and not node.parents:
            found.add(id(leaf))
    return found
