"""Communication hooks: the average itself, and the average of gradients in half precision.

Follows https://docs.pytorch.org/docs/stable/ddp_comm_hooks.html#default-communication-hooks
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import minitorch
from minitorch import Tensor

from ...collectives import all_reduce
from ...grad_bucket import GradBucket
from ...process_group import chosen

__all__ = [
    "allreduce_hook", "bf16_compress_hook", "bf16_compress_wrapper", "fp16_compress_hook",
    "fp16_compress_wrapper",
]  # fmt: skip

Hook = Callable[[Any, GradBucket], Any]


def averaged(group: Any, buffer: Tensor) -> Any:
    """The future of the mean of ``buffer`` over the group."""
    group = chosen(group)
    buffer.div_(group.size())
    work: Any = all_reduce(buffer, group=group, async_op=True)
    return work.get_future().then(lambda future: future.value()[0])


def allreduce_hook(process_group: Any, bucket: GradBucket) -> Any:
    """The average of the gradients: what happens without a hook."""
    return averaged(process_group, bucket.buffer())


def compressed(process_group: Any, bucket: GradBucket, dtype: Any) -> Any:
    """The average of the gradients, computed in ``dtype``."""
    own = bucket.buffer()
    future = averaged(process_group, own.to(dtype))
    return future.then(lambda done: own.copy_(done.value()))


def fp16_compress_hook(process_group: Any, bucket: GradBucket) -> Any:
    """The average of the gradients in float16: half the bytes, and float16's range."""
    return compressed(process_group, bucket, minitorch.float16)


def bf16_compress_hook(process_group: Any, bucket: GradBucket) -> Any:
    """The average of the gradients in bfloat16: half the bytes, eight bits of precision."""
    return compressed(process_group, bucket, minitorch.bfloat16)


def wrapped(hook: Hook, dtype: Any) -> Hook:
    """``hook`` on gradients that are converted to ``dtype`` and back."""

    def run(state: Any, bucket: GradBucket) -> Any:
        own = bucket.buffer()
        bucket._buffer = own.to(dtype)
        future = hook(state, bucket)

        def back(done: Any) -> Tensor:
            bucket._buffer = own
            value = done.value()
            return own.copy_(value[0] if isinstance(value, list) else value)

        return future.then(back)

    return run


def fp16_compress_wrapper(hook: Hook) -> Hook:
    """``hook`` on gradients in float16."""
    return wrapped(hook, minitorch.float16)


def bf16_compress_wrapper(hook: Hook) -> Hook:
    """``hook`` on gradients in bfloat16."""
    return wrapped(hook, minitorch.bfloat16)
