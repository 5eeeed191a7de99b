"""``Function``: operations with a backward pass of the user's own."""

from __future__ import annotations

import contextlib
import functools
import inspect
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .._types.dtype import from_numpy_dtype
from ..kernels.meta import MetaArray
from .engine import sum_to
from .frames import fold
from .grad_mode import INTERPRETERS, current, layers, set_grad_enabled, user_code
from .history import history
from .node import AccumulateGrad, Node, Output, Partial, sequence_numbers
from .variable import Unfollowed, Variable, wrap

signature = functools.lru_cache(inspect.signature)  # it takes 8 us

__all__ = ["Function", "FunctionCtx", "InplaceFunction", "once_differentiable"]


class FunctionCtx(Node):
    """What ``forward`` leaves for ``backward``; also the node of the graph.

    Any attribute may be set on it.
    """

    function: type[Function]

    def __init__(self) -> None:
        self.parents = ()
        self.saved = ()
        self.versions = ()
        self.shape = None
        self.sequence_nr = next(sequence_numbers)
        self.extra = None
        self.needs_input_grad: tuple[bool, ...] = ()
        self.input_dtypes: tuple[Any, ...] = ()
        self.materialize_grads = True
        self._materialize_non_diff_grads = True
        self.dirty: tuple[Any, ...] = ()
        self.non_differentiable: tuple[Any, ...] = ()
        self.to_save: tuple[Any, ...] = ()
        self.to_save_forward: tuple[Any, ...] = ()

    def save_for_backward(self, *tensors: Any) -> None:
        """Keeps inputs, outputs or intermediates for ``backward``, safe against in-place writes."""
        for k, t in enumerate(tensors):
            if t is not None and not isinstance(t, Variable):
                raise TypeError(
                    f"save_for_backward can only save variables, but argument {k} is of type "
                    f"{type(t).__name__}: set other values as attributes of ctx"
                )
        self.to_save = tensors

    def save_for_forward(self, *tensors: Any) -> None:
        """Keeps tensors for ``jvp``."""
        self.to_save_forward = tensors

    def mark_dirty(self, *tensors: Any) -> None:
        """Says which inputs ``forward`` wrote to; they must be among its outputs."""
        self.dirty = tensors

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """Says which outputs have no gradient."""
        self.non_differentiable = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """False: gradients that did not arrive come as None, not as zeros."""
        self.materialize_grads = value

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What ``save_for_backward`` kept, as tensors of the graph."""
        self.check(self.versions)
        if self.saved == () and (self.to_save or self.to_save_forward):
            return self.to_save or self.to_save_forward  # forward is still running
        values = (
            self.extra["unpack"](self.saved)
            if self.extra and "unpack" in self.extra
            else self.saved
        )
        return tuple(self._tensor(*each) for each in values)

    @property
    def saved_variables(self) -> tuple[Any, ...]:
        """``saved_tensors`` under its old name."""
        warnings.warn(
            "'saved_variables' is deprecated; use 'saved_tensors'", DeprecationWarning, stacklevel=2
        )
        return self.saved_tensors

    @contextlib.contextmanager
    def _forward_mode(self) -> Iterator[None]:
        """Within it ``saved_tensors`` are those of ``save_for_forward``."""
        before = self.saved, self.versions, self.to_save
        self.saved, self.versions, self.to_save = (), (), ()
        try:
            yield
        finally:
            self.saved, self.versions, self.to_save = before

    def _tensor(self, kind: str, place: int, value: Any) -> Any:
        if kind == "input":
            parent = self.parents[place]
            leaf = parent.variable if type(parent) is AccumulateGrad else None
            return leaf if leaf is not None and leaf._data is value else wrap(value, parent)
        if kind == "output":
            if self.shape is None or not any(isinstance(meta, tuple) for meta in self.shape):
                return wrap(value, None if self.shape is None else self)  # the only output
            meta: Any = self.shape[place]
            return wrap(value, Output(self, place, value.shape) if meta[2] else None)
        return value if kind == "none" else wrap(value)

    def _keep(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        kept, versions = [], []
        for t in self.to_save:
            if t is None:
                kept.append(("none", 0, None))
                continue
            for kind, group in (("input", inputs), ("output", outputs)):
                place = next((k for k, each in enumerate(group) if each is t), None)
                if place is not None:
                    kept.append((kind, place, t._data))
                    break
            else:
                kept.append(("other", 0, t._data))
            versions.append((t._counter, t._counter[0]))
        self.saved, self.versions = tuple(kept), tuple(versions)
        self.to_save = ()

    def vjp(self, g: Any, create_graph: bool, wanted: Sequence[bool] | None) -> Sequence[Any]:
        self.check(self.versions)
        gs = self._gradients(g) if isinstance(g, Partial) else (g,)
        tensors = [None if v is None else v.conj() for v in gs]  # as users see gradients
        tensors = [
            wrap(v) if isinstance(v, np.ndarray | np.generic | MetaArray) else v for v in tensors
        ]
        function = self.function
        unwritten = function.backward is Function.backward
        if not unwritten and function.vjp is not Function.vjp:
            raise RuntimeError(
                "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You "
                "should only implement one of them."
            )
        with user_code():
            found = (function.vjp if unwritten else function.backward)(self, *tensors)
        found = found if isinstance(found, tuple) else (found,)
        count = len(self.parents)
        if len(found) > count and all(g is None for g in found[count:]):
            found = found[:count]
        if len(found) != count:
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients (expected "
                f"{count}, got {len(found)})"
            )
        as_tensors = any(isinstance(each, Variable) for each in gs)
        return [self._checked(k, gp, as_tensors) for k, gp in enumerate(found)]

    def _gradients(self, partial: Partial) -> list[Any]:
        tensors = any(isinstance(g, Variable) for g in partial.values())
        gs: list[Any] = []
        for number, meta in enumerate(self.shape or ()):
            g = partial.get(number)
            wanted = meta is not None and (meta[2] or self._materialize_non_diff_grads)
            if g is None and self.materialize_grads and wanted:
                g = np.zeros(meta[0], meta[1])
                g = wrap(g) if tensors else g
            gs.append(g)
        return gs

    def _checked(self, k: int, g: Any, as_tensor: bool) -> Any:
        parent = self.parents[k]
        if g is None or parent is None:
            return None
        if not isinstance(g, Variable):
            raise RuntimeError(
                f"function {self.name()}: expected Variable or None as gradient {k} (got "
                f"{type(g).__name__})"
            )
        if g._data.shape != parent.shape:
            try:
                g = sum_to(g, parent.shape)
            except (RuntimeError, ValueError, IndexError):
                raise RuntimeError(
                    f"Function {self.name()} returned an invalid gradient at index {k} - got "
                    f"{list(g._data.shape)} but expected shape compatible with "
                    f"{list(parent.shape or ())}"
                ) from None
        if g._data.dtype != self.input_dtypes[k]:
            g = g.to(from_numpy_dtype(self.input_dtypes[k]))
        return g.conj() if as_tensor else g._data.conj()


class Function:
    """An operation whose forward and backward pass are written by the user.

    ``forward(ctx, *inputs)`` computes without recording; ``backward(ctx, *grads)`` returns one
    gradient (or None) per input. Or ``forward(*inputs)`` with ``setup_context(ctx, inputs,
    output)``. Called through ``apply``.

    Example:
        >>> import minitorch
        >>> class Cube(minitorch.autograd.Function):
        ...     @staticmethod
        ...     def forward(ctx, x):
        ...         ctx.save_for_backward(x)
        ...         return x ** 3
        ...     @staticmethod
        ...     def backward(ctx, g):
        ...         (x,) = ctx.saved_tensors
        ...         return 3 * x ** 2 * g
        >>> x = minitorch.tensor(2.0, requires_grad=True)
        >>> Cube.apply(x).backward()
        >>> x.grad
        tensor(12.)

    Follows https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.Function
    """

    generate_vmap_rule = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warnings.warn(
            f"{type(self)} should not be instantiated. Methods on autograd functions are all "
            "static, so you should invoke them on the class itself. Instantiating an autograd "
            "function will raise an error in a future version of PyTorch.",
            DeprecationWarning,
            stacklevel=2,
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use "
            "new-style autograd function with static forward method. (Example: "
            "https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)"
        )

    _node_type: type[FunctionCtx] = FunctionCtx
    _generated_type: type[FunctionCtx] = FunctionCtx
    _backward_cls: type[FunctionCtx] = FunctionCtx

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._backward_cls = cls._node_type = type(
            cls.__name__ + "Backward", (FunctionCtx,), {"function": cls}
        )
        # the name that it has within transforms
        cls._generated_type = type(f"{cls.__name__}GeneratedBackward", (cls._node_type,), {})

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """The values; with ``ctx`` first unless ``setup_context`` is written."""
        raise NotImplementedError(
            "You must implement the forward function for custom autograd.Function."
        )

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Saves what ``backward`` needs."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The gradients of the inputs."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom "
            "autograd.Function to use it with backward mode AD."
        )

    vjp = backward  # another name for it

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Any) -> Any:
        """The tangents of the outputs."""
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with "
            "forward mode AD."
        )

    @staticmethod
    def vmap(info: Any, in_dims: Any, *args: Any) -> Any:
        """``(outputs, out_dims)`` of the inputs batched along ``in_dims``."""
        raise RuntimeError(
            "You tried to vmap over an autograd.Function that does not have vmap support: write "
            "its vmap staticmethod or set generate_vmap_rule=True."
        )

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Runs ``forward`` and records ``backward``."""
        state = current.state
        apart = cls.setup_context is not Function.setup_context
        try:
            if not apart and (state.level or state.flags >= INTERPRETERS) and layers():
                raise RuntimeError(
                    "In order to use an autograd.Function with functorch transforms (vmap, grad, "
                    "jvp, jacrev, ...), it must override the setup_context staticmethod. For more "
                    "details, please see https://pytorch.org/docs/main/notes/extending.func.html"
                )
            if apart or kwargs:
                args = cls._arguments(args, kwargs, apart)
            return cls._run(args) if state.flags < INTERPRETERS else cls._dispatch(*args)
        except Exception as error:
            fold(error)
            raise

    @classmethod
    def _dispatch(cls, *args: Any) -> Any:
        state = current.state
        if state.flags >= INTERPRETERS:
            for interpreter in reversed(state.interpreters):
                step = getattr(interpreter, "process_function", None)
                if step is not None and (made := step(cls, args)) is not NotImplemented:
                    return made
        return cls._run(args)

    @classmethod
    def _arguments(
        cls, args: tuple[Any, ...], kwargs: dict[str, Any], defaults: bool
    ) -> tuple[Any, ...]:
        """All arguments by position; those of ``forward`` by default, too, without a ctx."""
        if not defaults:
            return signature(cls.forward).bind(None, *args, **kwargs).args[1:]
        bound = signature(cls.forward).bind(*args, **kwargs)
        bound.apply_defaults()
        if any(isinstance(x, Variable) for x in bound.kwargs.values()):
            raise NotImplementedError("NYI: autograd.Function with kwarg-only Tensor args")
        return bound.args

    @classmethod
    def _run(cls, args: tuple[Any, ...], ctx: FunctionCtx | None = None) -> Any:
        state = current.state
        ctx = ctx or cls._node_type()
        if state.level:
            ctx.__class__ = cls._generated_type
        recording, before = state.flags & 1, state.grad
        parents = tuple(history(x) if isinstance(x, Variable) else None for x in args)
        parents = parents if recording else (None,) * len(args)
        ctx.needs_input_grad = tuple(p is not None for p in parents)
        state.set_grad(False)
        try:
            if cls.setup_context is Function.setup_context:
                made = cls.forward(ctx, *args)
            else:
                made = cls.forward(*args)
                cls.setup_context(ctx, args, made)
        finally:
            state.set_grad(before)
        outputs = list(made) if isinstance(made, tuple | list) else [made]
        for t in ctx.dirty:
            if not _among(t, outputs):
                raise RuntimeError(
                    "Some elements marked as dirty during the forward method were not returned as "
                    "output. The inputs that are modified inplace must all be outputs of the "
                    "Function."
                )
        for k, out in enumerate(outputs):
            if isinstance(out, Variable) and not _among(out, ctx.dirty):
                if _among(out, args):  # an input returned as it is: the output is a view of it
                    outputs[k] = _view_of(out)
                    view = outputs[k]
                    ctx.to_save = tuple(view if t is out else t for t in ctx.to_save)
                    ctx.non_differentiable = tuple(
                        view if t is out else t for t in ctx.non_differentiable
                    )
        if recording:
            _mark_views(outputs, ctx)
        if any(ctx.needs_input_grad):
            cls._connect(ctx, parents, args, outputs)
        else:
            for t in ctx.dirty:
                t._counter[0] += 1
        if isinstance(made, tuple | list):
            return tuple(outputs)
        return outputs[0]

    @classmethod
    def _connect(
        cls, ctx: FunctionCtx, parents: tuple[Any, ...], args: tuple[Any, ...], outputs: list[Any]
    ) -> None:
        from .inplace import check_writable, rebase

        ctx.parents = parents
        ctx.input_dtypes = tuple(x._data.dtype if isinstance(x, Variable) else None for x in args)
        metas = [
            (o._data.shape, o._data.dtype, _differentiable(o, ctx))
            if isinstance(o, Variable)
            else None
            for o in outputs
        ]
        single = len(outputs) == 1
        only = metas[0] if single else None
        ctx.shape = tuple(metas) if not single else only[0] if only and only[2] else None
        for t in ctx.dirty:
            if not _among(t, args):
                warnings.warn(
                    "Only input Tensors should be given to ctx.mark_dirty(). If a Tensor is not an "
                    "input, there is no need to pass it to mark_dirty().",
                    stacklevel=4,
                )
            check_writable(t)
            if t._base is not None and sum(meta is not None for meta in metas) > 1:
                raise RuntimeError(
                    "If your Function modifies inplace an input that is a view of another Tensor, "
                    "your Function cannot return more than one Tensor. Make sure the input is not "
                    "a view (using .clone() for example), or split the Function into one that "
                    "modifies and returns the single Tensor and another for the rest."
                )
            t._counter[0] += 1
        ctx._keep(args, outputs)
        for k, (out, meta) in enumerate(zip(outputs, metas, strict=True)):
            if meta is None or not meta[2]:
                continue
            node = ctx if single else Output(ctx, k, meta[0])
            if _among(out, ctx.dirty):
                rebase(out, wrap(out._data, node))
            else:
                out._node, out._seen = node, out._counter[0]


class InplaceFunction(Function):
    """An old name for a ``Function`` that marks inputs as dirty."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace


def _view_of(x: Any) -> Any:
    """The same memory, as a view whose history is not followed: the function's own passes are."""
    with set_grad_enabled(False):
        return x.view_as(x)


def _mark_views(outputs: Sequence[Any], ctx: FunctionCtx) -> None:
    """A write to a view that ``forward`` made would go past ``backward``."""
    for out in outputs:
        if isinstance(out, Variable) and out._base is not None and not _among(out, ctx.dirty):
            out._chain = Unfollowed.FUNCTION


def _differentiable(output: Any, ctx: FunctionCtx) -> bool:
    return output._data.dtype.kind in "fVc" and not _among(output, ctx.non_differentiable)


def _among(x: Any, group: Sequence[Any]) -> bool:
    return any(x is each for each in group)


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """For a ``backward`` whose own steps must not be differentiated: a second order raises.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.autograd.function.once_differentiable.html
    """

    @functools.wraps(backward)
    def once(ctx: Any, *gs: Any) -> Any:
        recording = bool(current.state.flags & 1)
        with set_grad_enabled(False):
            made = backward(ctx, *gs)
        tracked = any(isinstance(g, Variable) and history(g) is not None for g in gs)
        if not recording or not (tracked or any(p is not None for p in ctx.parents)):
            return made
        found = made if isinstance(made, tuple) else (made,)
        for g in found:
            if isinstance(g, Variable):
                g._node = _Twice(ctx.parents, g._data.shape)
        return found

    return once


class _Twice(Node):
    """The end of a graph that must not be differentiated."""

    def name(self) -> str:
        """PyTorch's name of it."""
        return "Error"

    def __init__(self, parents: tuple[Any, ...], shape: tuple[int, ...]) -> None:
        self.parents = parents
        self.saved = ()
        self.versions = ()
        self.shape = shape
        self.sequence_nr = next(sequence_numbers)
        self.extra = None

    def vjp(self, g: Any, create_graph: bool, wanted: Sequence[bool] | None) -> Sequence[Any]:
        raise RuntimeError(
            "trying to differentiate twice a function that was marked with @once_differentiable"
        )
