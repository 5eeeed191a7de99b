"""What holds for the running thread: is the graph recorded, and are interpreters active?

Every thread has its own state, as in PyTorch: a new thread starts with gradients on.
"""

from __future__ import annotations

import contextvars
import functools
import inspect
import threading
import warnings
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar, cast

import numpy as np

__all__ = [
    "enable_grad",
    "inference_mode",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "set_grad_enabled",
]

GRAD = 1  # record the graph
INTERPRETERS = 2  # something on `state.interpreters` processes every operation
# Elements that NumPy copies to a buffer where it broadcasts. Rows longer than half of it are
# worked on where they lie, which takes half the time; of its default, 8192, few rows are longer.
BUFFER = 1008

_without_warnings = contextvars.Context()
_without_warnings.run(np.seterr, all="ignore")
_without_warnings.run(np.setbufsize, BUFFER)
((ERRSTATE, IGNORE_ALL),) = (
    _without_warnings.items()
)  # NumPy keeps its settings in one variable, the only one there

F = TypeVar("F", bound=Callable[..., Any])


class State:
    """One thread's modes.

    ``flags`` is one number so that the fast path of an operation asks one question:
    0 no graph, 1 record, 2 or more: hand the operation to the interpreters.
    ``grad`` is what ``is_grad_enabled`` tells: in inference mode nothing is recorded all the same.
    ``arrays`` is above 0 while operations take arrays for tensors: in backward passes, whose rules
    are made of operations, and where a kernel is (``dispatch.of_arrays``).
    ``recording`` is the number of recorders (``recorder``) that are told of what happens.
    ``hooks_refused`` says why saved-tensor hooks may not be entered, if they may not.
    ``level`` is the number of transforms that run a function of the user's (``transform_level``).
    ``passes`` are the backward passes that run, the innermost last: (a list of what is to be
    called at its end, its roots, targets, leads).
    ``without_warnings(f, *args)`` calls ``f`` with NumPy's floating-point warnings off: PyTorch
    never warns of ``log(0)``. It runs ``f`` in a context of its own, where ``seterr`` was
    called once; that costs 20 ns where ``np.errstate`` costs 900, and the user's own settings
    are never touched.
    Where other code runs in between, as in a backward pass, ``ERRSTATE`` is set to ``IGNORE_ALL``.
    """

    __slots__ = (
        "arrays",
        "flags",
        "grad",
        "hooks_refused",
        "inference",
        "interpreters",
        "level",
        "multithreading",
        "passes",
        "recording",
        "without_warnings",
    )

    def __init__(self) -> None:
        self.flags = GRAD
        self.grad = True
        self.arrays = 0
        self.inference = False
        self.hooks_refused: str | None = None
        self.level = 0
        self.recording = 0
        self.multithreading = True
        self.interpreters: tuple[Any, ...] = ()
        self.passes: list[Any] = []
        self.without_warnings: Callable[..., Any] = _without_warnings.copy().run

    def set_grad(self, enabled: bool) -> None:
        self.grad = enabled
        self.flags = (self.flags & ~GRAD) | (GRAD if enabled and not self.inference else 0)

    def set_interpreters(self, interpreters: tuple[Any, ...]) -> None:
        self.interpreters = interpreters
        self.flags = (self.flags & ~INTERPRETERS) | (INTERPRETERS if interpreters else 0)


class user_code:  # noqa: N801  (a context manager)
    """Within it runs code of the user's, a hook or a backward of their own: tensors are tensors and
    arrays are none, though a backward pass runs around it."""

    def __enter__(self) -> None:
        self.state = current.state
        self.arrays, self.state.arrays = self.state.arrays, 0

    def __exit__(self, *exception: object) -> None:
        self.state.arrays = self.arrays


def tell(event: str, *what: Any) -> None:
    """Calls this method of the interpreters that have it, outermost first."""
    for interpreter in current.state.interpreters:
        told = getattr(interpreter, event, None)
        if told is not None:
            told(*what)


# Of the threads whose new tensors are marked, once per block of `inference_mode`, a transform or a
# recorder.
marking: list[State] = []


class transform_level:  # noqa: N801  (a context manager)
    """Within it runs a function that ``func.grad`` or its kin transforms: it may write to the
    tensors that are made there, not to those that it captured."""

    def __enter__(self) -> None:
        self.state = current.state
        self.state.level += 1
        marking.append(self.state)

    def __exit__(self, *exception: object) -> None:
        self.state.level -= 1
        marking.remove(self.state)


def layers() -> int:
    """How many transforms run a function of the user's: ``grad`` and its kin, and ``vmap``."""
    state = current.state
    count = state.level
    if state.flags >= INTERPRETERS:
        count += sum(getattr(each, "functorch", False) for each in state.interpreters)
    return count


def outside_transforms(method: str) -> None:
    """Raises within a transform, where a tensor's ``method`` would mean another graph's.

    Raises:
        RuntimeError: that.
    """
    if layers():
        raise RuntimeError(
            f"You are attempting to call Tensor.{method}() (or perhaps using "
            "torch.autograd.functional.* APIs) inside of a function being transformed by a "
            "functorch transform. This is unsupported, please attempt to use the functorch "
            "transforms (e.g. grad, vjp, jacrev, jacfwd, hessian) or call it outside of a function "
            "being transformed instead."
        )


class _PerThread(threading.local):
    def __init__(self) -> None:
        self.state = State()


current = _PerThread()


def is_grad_enabled() -> bool:
    """True where operations are recorded for ``backward`` in this thread."""
    return current.state.grad


def is_inference_mode_enabled() -> bool:
    """True inside ``inference_mode()``."""
    return current.state.inference


class _Mode:
    """A context manager that also decorates functions and generator functions."""

    def __enter__(self) -> None:
        raise NotImplementedError

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        raise NotImplementedError

    def again(self) -> _Mode:
        """A fresh copy, so that a decorated function may call itself."""
        return type(self)()

    def __call__(self, function: F) -> F:
        if inspect.isclass(function):
            warnings.warn(
                "Decorating classes is deprecated and will be disabled in future versions. You "
                "should only decorate functions or methods. To preserve the current behavior of "
                "class decoration, you can directly decorate the `__init__` method and nothing "
                "else.",
                FutureWarning,
                stacklevel=2,
            )
        if inspect.isgeneratorfunction(function):

            @functools.wraps(function)
            def steps(*args: Any, **kwargs: Any) -> Any:
                # The mode holds while the generator runs, not while its caller does.
                generator = function(*args, **kwargs)
                resume, value = generator.send, None
                while True:
                    try:
                        with self.again():
                            item = resume(value)
                    except StopIteration as stop:
                        return stop.value
                    try:
                        value = yield item
                        resume = generator.send
                    except GeneratorExit:
                        with self.again():
                            generator.close()
                        raise
                    except BaseException as error:
                        resume, value = generator.throw, error

            return cast(F, steps)

        @functools.wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with self.again():
                return function(*args, **kwargs)

        return cast(F, inside)


class set_grad_enabled(_Mode):  # noqa: N801  (PyTorch's name)
    """Switches recording on or off: at once as a call, or for a ``with`` block or a function.

    Example:
        >>> import minitorch
        >>> x = minitorch.ones(2, requires_grad=True)
        >>> with minitorch.set_grad_enabled(False):
        ...     (x * 2).requires_grad
        False

    Follows https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad_mode.set_grad_enabled.html
    """

    def __init__(self, mode: bool) -> None:
        self.mode = bool(mode)
        self.before = is_grad_enabled()
        current.state.set_grad(self.mode)

    def again(self) -> _Mode:
        return set_grad_enabled(self.mode)

    def __call__(self, function: F) -> F:
        current.state.set_grad(self.before)  # as a decorator it holds inside the function only
        return super().__call__(function)

    def __enter__(self) -> None:
        current.state.set_grad(self.mode)

    def __exit__(self, *exception: object) -> None:
        current.state.set_grad(self.before)


class _Grad(_Mode):
    mode: bool

    def __new__(cls, function: Any = None) -> Self:
        # `@no_grad` without parentheses is allowed too.
        made = super().__new__(cls)
        return made if function is None else made(function)

    def __enter__(self) -> None:
        self.before = is_grad_enabled()
        current.state.set_grad(self.mode)

    def __exit__(self, *exception: object) -> None:
        current.state.set_grad(self.before)


class no_grad(_Grad):  # noqa: N801  (PyTorch's name)
    """Within it, operations record no graph: ``with no_grad(): ...`` or ``@no_grad()``.

    Example:
        >>> import minitorch
        >>> x = minitorch.ones(2, requires_grad=True)
        >>> with minitorch.no_grad():
        ...     y = x * 2
        >>> y.requires_grad
        False
    """

    mode = False


class enable_grad(_Grad):  # noqa: N801  (PyTorch's name)
    """Within it, operations record the graph, also inside ``no_grad``."""

    mode = True


class inference_mode(_Mode):  # noqa: N801  (PyTorch's name)
    """``no_grad`` that promises the results will never meet autograd again.

    Outside of it, tensors made within it cannot be written to, require grad, or be saved for a
    backward pass; a ``clone()`` can.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad_mode.inference_mode.html
    """

    def __new__(cls, mode: Any = True) -> Any:
        made = super().__new__(cls)
        if callable(mode):  # `@inference_mode` without parentheses
            made.mode = True
            return made(mode)
        return made

    def __init__(self, mode: bool = True) -> None:
        self.mode = bool(mode)

    def again(self) -> _Mode:
        made: _Mode = inference_mode(self.mode)
        return made

    def __enter__(self) -> None:
        state = current.state
        self.before = (state.grad, state.inference)
        state.inference = self.mode
        state.set_grad(not self.mode)
        marking.append(state)

    def __exit__(self, *exception: object) -> None:
        state = current.state
        marking.remove(state)
        grad, state.inference = self.before
        state.set_grad(grad)


class set_multithreading_enabled:  # noqa: N801  (PyTorch's name)
    """Kept for ``is_multithreading_enabled``: backward passes run in the thread that calls them.

    As a context manager, for its time.
    """

    def __init__(self, mode: bool) -> None:
        self.before = current.state.multithreading
        current.state.multithreading = bool(mode)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: object) -> None:
        current.state.multithreading = self.before


def is_multithreading_enabled() -> bool:
    """What ``set_multithreading_enabled`` was given in this thread; True at first."""
    return current.state.multithreading
