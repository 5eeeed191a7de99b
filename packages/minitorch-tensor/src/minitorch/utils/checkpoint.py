"""Checkpointing: saves memory by computing the forward pass of a part again in the backward pass.

Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from .._random import get_rng_state, set_rng_state
from ..autograd.grad_mode import enable_grad
from ..autograd.tools import saved_tensors_hooks

__all__ = [
    "CheckpointError",
    "checkpoint",
    "checkpoint_sequential",
    "set_checkpoint_early_stop",
]


class CheckpointError(RuntimeError):
    """The second forward pass did not save what the first one did."""


def _warn_of_default(name: str) -> None:
    warnings.warn(
        f"torch.utils.checkpoint.{name}: the use_reentrant parameter should be passed explicitly: "
        "PyTorch will raise without it. use_reentrant=False is recommended; MiniTorch computes "
        "that in either case.",
        stacklevel=3,
    )


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
    context_fn: Any = None,
    determinism_check: str = "default",
    debug: bool = False,
    **kwargs: Any,
) -> Any:
    """``function(*args, **kwargs)`` without keeping what its steps would save.

    When the backward pass first asks for one of the saved values, the function runs once more, with
    the random state that it had, and saves all of them.

    Args:
        function: gives the same result when called again.
        preserve_rng_state: run the second time with the first time's random numbers (dropout).
        use_reentrant, context_fn, determinism_check, debug: accepted; there is one implementation,
            that of ``use_reentrant=False``.

    Raises:
        CheckpointError: the function saves something else the second time.

    Example:
        >>> import minitorch
        >>> from minitorch.utils.checkpoint import checkpoint
        >>> x = minitorch.ones(2, requires_grad=True)
        >>> checkpoint(lambda x: (x * x).exp(), x, use_reentrant=False).sum().backward()

    Follows https://docs.pytorch.org/docs/stable/checkpoint.html
    """
    if use_reentrant is None:
        _warn_of_default("checkpoint")
    if use_reentrant is not False and not any(getattr(x, "requires_grad", False) for x in args):
        warnings.warn(
            "None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2
        )
    state = get_rng_state() if preserve_rng_state else None
    shapes: list[Any] = []
    again: dict[int, Any] = {}

    def pack(value: Any) -> int:
        shapes.append(value.shape)
        return len(shapes) - 1

    def recompute() -> None:
        saved: list[Any] = []
        now = get_rng_state() if preserve_rng_state else None
        if state is not None:
            set_rng_state(state)
        try:
            with enable_grad(), saved_tensors_hooks(saved.append, lambda _: None):
                function(*args, **kwargs)
        finally:
            if now is not None:
                set_rng_state(now)
        if [value.shape for value in saved] != shapes:
            raise CheckpointError(
                f"checkpoint: {len(shapes)} values were saved in the forward pass and {len(saved)} "
                f"when it ran again, or their shapes differ: the function must compute the same "
                f"each time. First {shapes}, then {[value.shape for value in saved]}."
            )
        again.update(enumerate(saved))

    def unpack(place: int) -> Any:
        if place not in again:
            recompute()
        return again.pop(place)

    with saved_tensors_hooks(pack, unpack):
        return function(*args, **kwargs)


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any
) -> Any:
    """A sequence of functions (or a ``Sequential``), checkpointed in ``segments`` pieces.

    Follows https://docs.pytorch.org/docs/stable/checkpoint.html#torch.utils.checkpoint.checkpoint_sequential
    """
    if use_reentrant is None:
        _warn_of_default("checkpoint_sequential")
    steps: Sequence[Any] = list(functions)
    length = len(steps) // segments

    def run(first: int, last: int) -> Callable[[Any], Any]:
        def piece(x: Any) -> Any:
            for step in steps[first:last]:
                x = step(x)
            return x

        return piece

    for k in range(segments - 1):
        input = checkpoint(
            run(k * length, (k + 1) * length), input, use_reentrant=bool(use_reentrant), **kwargs
        )
    return run((segments - 1) * length, len(steps))(input)


@contextlib.contextmanager
def set_checkpoint_early_stop(enable: bool) -> Any:
    """Accepted for PyTorch's sake: the second pass always runs to its end."""
    yield
