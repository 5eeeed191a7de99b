"""``compile``: a function is recorded and becomes one plain NumPy program.

Follows https://docs.pytorch.org/docs/stable/generated/torch.compile.html
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..autograd.grad_mode import current, tell

if TYPE_CHECKING:
    from .function import Compiled as Compiled
    from .program import Program as Program

__all__ = [
    "allow_in_graph", "assume_constant_result", "compile", "cudagraph_mark_step_begin", "disable",
    "is_compiling", "is_dynamo_compiling", "is_exporting", "list_backends",
    "nested_compile_region", "reset", "set_stance", "substitute_in_graph", "wrap_numpy",
]  # fmt: skip

BACKENDS = {"inductor": "numpy", "numpy": "numpy", "numba": "numba"}
AS_IT_IS = ("eager", "aot_eager")  # PyTorch's names for running the function itself
MODES = ("default", "reduce-overhead", "max-autotune", "max-autotune-no-cudagraphs")


def compile(
    model: Any = None, *, fullgraph: bool = False, dynamic: bool | None = None,
    backend: str | Callable[..., Any] = "inductor", mode: str | None = None,
    options: dict[str, Any] | None = None, disable: bool = False,
) -> Any:  # fmt: skip
    """Records a function at its first call and runs the program that was recorded from then on.

    The program is plain NumPy, equal to the function to the last bit, and can be read:
    ``compiled.source``, ``compiled.programs``, ``compiled.save("step.py")``. It holds for calls
    like the recorded one: where a shape, a dtype, a flag, an attribute or a number that the
    function reads is another, the function is recorded anew, up to eight times. A function that
    cannot be a program, since Python asks for a tensor's values or for what differs from call to
    call, runs as it is, with one warning that names the line.

    Args:
        model: a function of tensors, forwards alone or a whole training step with ``backward`` and
            an optimizer's ``step``; or a Module, of which a Module is made that calls it.
        fullgraph: an error in place of that warning.
        dynamic: accepted; there is a program for each set of shapes.
        backend: ``"numpy"`` (``"inductor"`` means it too); ``"numba"``, which makes one function
            of what small arrays go through, takes chains of operations on large ones in one pass,
            and needs the extra ``minitorch-tensor[numba]``; ``"eager"``
            runs the function as it is.
        mode: PyTorch's modes are accepted and all mean the same.
        options: accepted.
        disable: whether to give back ``model`` as it is.

    Raises:
        RuntimeError: an unknown backend or mode; with ``fullgraph`` a function that cannot be one
            program.

    Example:
        >>> import minitorch as torch
        >>> @torch.compile
        ... def f(x, y):
        ...     return torch.tanh(x) * y
        >>> f(torch.zeros(2), torch.ones(2))
        tensor([0., 0.])
        >>> [line.strip() for line in f.source.splitlines() if "tanh(" in line and "=" in line]
        ['# <doctest...>:3  return torch.tanh(x) * y', 'tanh = np.tanh(x)  # (2,)']
    """
    if mode is not None and options is not None:
        raise RuntimeError(
            "Either mode or options can be specified, but both can't be specified at the same time."
        )
    if mode is not None and mode not in MODES:
        raise RuntimeError(f"Unrecognized mode={mode}, should be one of: {', '.join(MODES)}")
    if callable(backend):
        raise NotImplementedError(
            "a function as backend would get a graph of torch.fx, which is not what programs are "
            f"made of here: backend has to be one of {[*BACKENDS, *AS_IT_IS]}"
        )
    if backend not in BACKENDS and backend not in AS_IT_IS:
        raise RuntimeError(
            f"Invalid backend: {backend!r}, see `torch._dynamo.list_backends()` for available "
            f"backends: {[*BACKENDS, *AS_IT_IS]}"
        )
    if model is None:
        return lambda model: compile(
            model, fullgraph=fullgraph, dynamic=dynamic, backend=backend, mode=mode,
            options=options, disable=disable,
        )  # fmt: skip
    if not callable(model):
        raise RuntimeError(f"compile takes a function or a Module, but got {type(model).__name__}")
    if disable or backend in AS_IT_IS:
        return model
    made = import_module(f"{__name__}.function").Compiled(
        model, fullgraph=fullgraph, backend=BACKENDS[backend]
    )
    if hasattr(model, "_modules"):
        return import_module("minitorch.nn.optimized").OptimizedModule(model, made)
    return made


def disable(fn: Any = None, recursive: bool = True, *, reason: str | None = None) -> Any:
    """``fn`` as a function that never becomes part of a program; without one, a decorator.

    What calls it is not compiled, since it would have to stop there.
    """
    if fn is None:
        return lambda fn: disable(fn, recursive, reason=reason)

    def disabled(*args: Any, **kwargs: Any) -> Any:
        if current.state.recording:
            tell("refuse", f"{name} is not to be compiled" + (f": {reason}" if reason else ""))
        return fn(*args, **kwargs)

    name = getattr(fn, "__name__", type(fn).__name__)
    if hasattr(fn, "_modules"):
        fn.forward = disable(fn.forward, reason=reason)
        return fn
    import_module("functools").update_wrapper(disabled, fn)
    return disabled


def is_compiling() -> bool:
    """Whether a function is being recorded by ``compile`` in this thread."""
    return any(hasattr(each, "refuse") for each in current.state.interpreters)


is_dynamo_compiling = is_compiling


def is_exporting() -> bool:
    """False."""
    return False


def allow_in_graph(fn: Any) -> Any:
    """Returns ``fn`` itself: there is no graph to take it into."""
    return fn


assume_constant_result = wrap_numpy = allow_in_graph


def nested_compile_region(fn: Any = None, **options: Any) -> Any:
    """Returns ``fn`` itself, which is recorded where it is called; without one, a decorator."""
    return _same if fn is None else fn


def substitute_in_graph(original_fn: Any, **options: Any) -> Any:
    """A decorator that gives back its function: what runs is recorded, whatever it is."""
    return _same


def _same(fn: Callable[..., Any]) -> Callable[..., Any]:
    return fn


def list_backends(exclude_tags: Any = ("debug", "experimental")) -> list[str]:
    """The names that ``compile`` takes as ``backend``; those of ``"debug"`` run what they get."""
    debug = [] if "debug" in (exclude_tags or ()) else list(AS_IT_IS)
    return sorted([*BACKENDS, *debug])


def cudagraph_mark_step_begin() -> None:
    """Nothing to mark."""


STANCES = ("default", "force_eager", "eager_on_recompile", "fail_on_recompile")
stance = ["default"]  # what compiled functions do, see set_stance


class set_stance:  # noqa: N801  (PyTorch's name)
    """What compiled functions do, as a call, as a ``with`` block or as a decorator.

    Args:
        stance: ``"default"``; ``"force_eager"``: they run as they are; ``"eager_on_recompile"``:
            where no recording fits they run as they are; ``"fail_on_recompile"``: there they fail.
        skip_guard_eval_unsafe: accepted; guards are always asked.
        force_backend: not supported.

    Raises:
        RuntimeError: another stance, or a backend to force.
    """

    def __init__(
        self, stance: str = "default", *, skip_guard_eval_unsafe: bool = False,
        force_backend: str | None = None,
    ) -> None:  # fmt: skip
        if stance not in STANCES:
            raise RuntimeError(f"invalid torch.compile stance '{stance}': one of {STANCES}")
        if force_backend is not None:
            raise RuntimeError("set_stance: force_backend is not supported, name it in compile()")
        self.stance = stance
        self.before = _change(stance)

    def __call__(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        _change(self.before)

        def within(*args: Any, **kwargs: Any) -> Any:
            with set_stance(self.stance):
                return fn(*args, **kwargs)

        import_module("functools").update_wrapper(within, fn)
        return within

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: object) -> None:
        _change(self.before)


def _change(to: str) -> str:
    before, stance[0] = stance[0], to
    return before


def reset() -> None:
    """Has all compiled functions forget what they recorded."""
    import_module(f"{__name__}.function").reset()
