"""Checkpointing: saves memory by computing the forward pass of a part again in the backward pass.

Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from .._tensor.tensor import Tensor
from ..autograd import Function, backward
from ..autograd.engine import whole_pass
from ..autograd.grad_mode import enable_grad
from ..autograd.interpreters import saved_tensors_hooks
from ..random.functions import get_rng_state, set_rng_state

__all__ = [
    "CheckpointError",
    "checkpoint",
    "checkpoint_sequential",
    "get_device_states",
    "noop_context_fn",
    "set_checkpoint_early_stop",
    "set_device_states",
]


class CheckpointError(RuntimeError):
    """The second forward pass did not save what the first one did."""


def _warn_of_default(name: str) -> None:
    warnings.warn(
        f"torch.utils.checkpoint{name}: the use_reentrant parameter should be passed explicitly: "
        "PyTorch will raise without it. use_reentrant=False is recommended; without it, "
        "use_reentrant=True is what is computed.",
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
        use_reentrant: True: a node of its own, whose backward pass runs the function and goes
            backward through it; gradients flow to ``args`` alone, and only a whole ``backward()``
            may reach it. False, which is recommended: as described.
        context_fn: gives two context managers, for the first and for the second run.
        determinism_check: ``"none"`` lets the second run save values of other shapes.
        debug: True is not supported; the error names the shapes in any case.

    Raises:
        ValueError: keyword arguments for the function with ``use_reentrant=True``.
        RuntimeError: ``autograd.grad`` or ``backward(inputs=...)`` with ``use_reentrant=True``.
        CheckpointError: the function saves something else the second time.

    Example:
        >>> import minitorch
        >>> from minitorch.utils.checkpoint import checkpoint
        >>> x = minitorch.ones(2, requires_grad=True)
        >>> checkpoint(lambda x: (x * x).exp(), x, use_reentrant=False).sum().backward()

    Follows https://docs.pytorch.org/docs/stable/checkpoint.html
    """
    if use_reentrant is None:
        _warn_of_default("")
    if use_reentrant is not False:
        if not any(getattr(x, "requires_grad", False) for x in args):
            warnings.warn(
                "None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2
            )
        if kwargs:
            raise ValueError(f"Unexpected keyword arguments: {','.join(kwargs)}")
        if context_fn is not None or debug:
            raise ValueError(
                "Passing `context_fn` or `debug` is only supported when use_reentrant=False."
            )
        return CheckpointFunction.apply(function, preserve_rng_state, *args)
    if determinism_check not in ("default", "none"):
        raise ValueError(
            f"determinism_check should be one of ['default', 'none'], but got {determinism_check}"
        )
    if debug:
        raise NotImplementedError("checkpoint: debug=True is not supported")
    nothing = contextlib.nullcontext()
    first, second = (nothing, nothing) if context_fn is None else context_fn()
    state = get_rng_state() if preserve_rng_state else None
    tensors = [x for x in (*args, *kwargs.values()) if isinstance(x, Tensor)]
    versions = [(x, x._version) for x in tensors if not x.is_inference()]
    shapes: list[Any] = []
    again: dict[int, Any] = {}

    def pack(value: Any) -> int:
        shapes.append(value.shape)
        return len(shapes) - 1

    def recompute() -> None:
        saved: list[Any] = []
        for x, version in versions:
            if x._version != version:
                raise RuntimeError(
                    "one of the variables needed for gradient computation has been modified by an "
                    f"inplace operation: an argument of checkpoint(), of shape {list(x.shape)}, is "
                    f"at version {x._version}; expected version {version} instead."
                )
        forget = saved_tensors_hooks(saved.append, lambda _: None)
        with second, _random_state(state), enable_grad(), forget:
            function(*args, **kwargs)
        same = [value.shape for value in saved] == shapes
        if not same and (determinism_check == "default" or len(saved) != len(shapes)):
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

    with first, saved_tensors_hooks(pack, unpack):
        return function(*args, **kwargs)


@contextlib.contextmanager
def _random_state(state: Any) -> Any:
    """Within it random numbers go on from ``state``, if it is not None."""
    if state is None:
        yield
        return
    now = get_rng_state()
    set_rng_state(state)
    try:
        yield
    finally:
        set_rng_state(now)


class CheckpointFunction(Function):
    """``function(*args)`` as one node, which computes it again to go backward through it."""

    @staticmethod
    def forward(ctx: Any, function: Any, preserve_rng_state: bool, *args: Any) -> Any:
        ctx.run, ctx.args = function, args
        ctx.state = get_rng_state() if preserve_rng_state else None
        ctx.save_for_backward(*(x for x in args if isinstance(x, Tensor)))
        return function(*args)

    @staticmethod
    def backward(ctx: Any, *gs: Any) -> Any:
        if not whole_pass():
            raise RuntimeError(
                "When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or "
                "passing an `inputs` parameter to .backward(). To resolve this error, you can "
                "either set use_reentrant=False, or call .backward() without passing the `inputs` "
                "argument."
            )
        saved = iter(ctx.saved_tensors)
        args: list[Any] = []
        for x in ctx.args:
            if isinstance(x, Tensor):
                value = next(saved)
                x = value.detach()
                x.requires_grad = value.requires_grad
            args.append(x)
        with _random_state(ctx.state), enable_grad():
            made = ctx.run(*args)
        pairs = [
            (y, g)
            for y, g in zip(made if isinstance(made, tuple) else (made,), gs, strict=True)
            if isinstance(y, Tensor) and y.requires_grad
        ]
        if not pairs:
            raise RuntimeError(
                "none of output has requires_grad=True, this checkpoint() is not necessary"
            )
        backward([y for y, _ in pairs], [g for _, g in pairs])
        return None, None, *(x.grad if isinstance(x, Tensor) else None for x in args)


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any
) -> Any:
    """A sequence of functions (or a ``Sequential``), checkpointed in ``segments`` pieces.

    Follows https://docs.pytorch.org/docs/stable/checkpoint.html#torch.utils.checkpoint.checkpoint_sequential
    """
    if use_reentrant is None:
        _warn_of_default(".checkpoint_sequential")
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


def get_device_states(*args: Any) -> tuple[list[int], list[Tensor]]:
    """The GPUs of tensors and the states of their generators: none, whatever the arguments."""
    return [], []


def set_device_states(devices: Sequence[int], states: Sequence[Tensor]) -> None:
    """Sets the states of GPUs' generators.

    Raises:
        RuntimeError: there are some to set, and no GPU.
    """
    if len(devices):
        raise RuntimeError(f"there are no GPUs {list(devices)}: MiniTorch computes on the CPU")


def noop_context_fn() -> tuple[Any, Any]:
    """``checkpoint``'s ``context_fn`` that does nothing."""
    return contextlib.nullcontext(), contextlib.nullcontext()
