"""Checkpointing: saves memory by computing the forward pass of a part again in the backward pass.

Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from .._tensor.tensor import Tensor
from ..amp import autocast, get_autocast_dtype, is_autocast_enabled
from ..autograd import Function, backward
from ..autograd.engine import whole_pass
from ..autograd.grad_mode import current, enable_grad
from ..autograd.interpreters import Interpreter, saved_tensors_hooks
from ..random.functions import get_rng_state, set_rng_state

__all__ = [
    "CheckpointError",
    "checkpoint",
    "checkpoint_sequential",
    "get_device_states",
    "noop_context_fn",
    "set_checkpoint_debug_enabled",
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
        debug: where the two runs differ the error lists the operations of both.

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
    nothing = contextlib.nullcontext()
    first, second = (nothing, nothing) if context_fn is None else context_fn()
    again = _Recomputation(function, args, kwargs, second, preserve_rng_state)
    again.debug = debug if _debug is None else _debug
    again.same = determinism_check == "default"
    log = _Log() if again.debug else nothing
    with first, log, saved_tensors_hooks(again.pack, again.unpack):
        made = function(*args, **kwargs)
    if isinstance(log, _Log):
        again.ran = log.names
    return made


_debug: bool | None = None
_early_stop = True


class _Log(Interpreter):
    """Writes down the names of the operations that run."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def process(self, primitive: Any, args: tuple[Any, ...]) -> Any:
        self.names.append(primitive.name)
        return super().process(primitive, args)


class _Stop(Exception):  # noqa: N818  (no error)
    """All is saved again: the rest of the function need not run."""


class _Recomputation:
    """What a function would save in its forward pass: it runs again for that, once per backward
    pass."""

    debug, same = False, True

    def __init__(
        self, function: Any, args: Any, kwargs: Any, context: Any, preserve_rng_state: bool
    ) -> None:
        self.function, self.args, self.kwargs = function, args, kwargs
        self.context = context
        self.state = get_rng_state() if preserve_rng_state else None
        tensors = [x for x in (*args, *kwargs.values()) if isinstance(x, Tensor)]
        self.versions = [(x, x._version) for x in tensors if not x.is_inference()]
        self.metadata: list[Any] = []
        self.ran: list[str] = []
        self.early_stop = _early_stop
        self.values: dict[int, Any] = {}
        self.autocast = is_autocast_enabled("cpu"), get_autocast_dtype("cpu")
        self.running: Any = None  # the backward pass for which the function ran

    def pack(self, value: Any) -> int:
        self.metadata.append(_metadata(value))
        return len(self.metadata) - 1

    def unpack(self, place: int) -> Any:
        passes = current.state.passes
        running = passes[-1][0] if passes else None
        if running is None or running is not self.running:
            self.run()
            self.running = running
        if place not in self.values:
            raise CheckpointError(
                "torch.utils.checkpoint: Unpack is being triggered for a tensor that was already "
                "unpacked once. If you are calling ctx.saved_tensors in backward, make sure to do "
                "so only once."
            )
        return self.values.pop(place)

    def run(self) -> None:
        for x, version in self.versions:
            if x._version != version:
                raise RuntimeError(
                    "one of the variables needed for gradient computation has been modified by an "
                    f"inplace operation: an argument of checkpoint(), of shape {list(x.shape)}, is "
                    f"at version {x._version}; expected version {version} instead."
                )
        saved: list[Any] = []
        wanted = len(self.metadata)

        def keep(value: Any) -> None:
            if len(saved) == wanted:
                raise self.error(
                    "trying to save more tensors during recomputation than during the original "
                    "forward pass.",
                    log,
                )
            saved.append(value)
            if self.early_stop and len(saved) == wanted:
                raise _Stop

        log: Any = _Log() if self.debug else contextlib.nullcontext()
        hooks = saved_tensors_hooks(keep, lambda _: None)
        with contextlib.suppress(_Stop):
            enabled, dtype = self.autocast
            amp = autocast("cpu", dtype, enabled)
            with self.context, amp, _random_state(self.state), enable_grad(), log, hooks:
                self.function(*self.args, **self.kwargs)
        if len(saved) != wanted:
            raise self.error(
                "A different number of tensors was saved during the original forward and "
                f"recomputation.\nNumber of tensors saved during forward: {wanted}\nNumber of "
                f"tensors saved during recomputation: {len(saved)}",
                log,
            )
        pairs = enumerate(zip(self.metadata, map(_metadata, saved), strict=True))
        other = [
            f"tensor at position {k}:\nsaved metadata: {then}\nrecomputed metadata: {now}"
            for k, (then, now) in pairs
            if then != now
        ]
        if other and self.same:
            raise self.error(
                "Recomputed values for the following tensors have different metadata than during "
                "the forward pass.\n" + "\n".join(other),
                log,
            )
        self.values = dict(enumerate(saved))

    def error(self, message: str, log: Any) -> CheckpointError:
        if self.debug:
            message += (
                f"\nOperations of the original forward: {self.ran}\nOperations of the "
                f"recomputation: {log.names}\nYou are seeing this error because you passed "
                "`debug=True` to checkpoint and tensors to be saved during the original forward "
                "and recomputation differ."
            )
        return CheckpointError(f"torch.utils.checkpoint: {message}")


def _metadata(x: Any) -> dict[str, Any]:
    return {"shape": x.shape, "dtype": x.dtype, "device": x.device}


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
    """Within it checkpoints, where ``enable`` is False, run the second time to their end; else only
    as far as values are saved."""
    global _early_stop
    before, _early_stop = _early_stop, enable
    try:
        yield
    finally:
        _early_stop = before


@contextlib.contextmanager
def set_checkpoint_debug_enabled(enabled: bool | None) -> Any:
    """Within it this is the ``debug`` of all checkpoints; None leaves it to each."""
    global _debug
    before, _debug = _debug, enabled
    try:
        yield
    finally:
        _debug = before


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
