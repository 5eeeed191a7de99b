"""Hooks: functions that run before or after a module's ``forward``, or in its backward pass."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from minitorch import Tensor
from minitorch.extend import RemovableHandle, Variable, primitive, wrap

__all__ = ["DICTIONARIES", "Hooks", "add_hook", "call_with_hooks"]


# Per module, under PyTorch's names, which libraries read and write.
DICTIONARIES = (
    "_backward_pre_hooks",
    "_backward_hooks",
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
    "_state_dict_hooks",
    "_state_dict_pre_hooks",
    "_load_state_dict_pre_hooks",
    "_load_state_dict_post_hooks",
)


class Hooks:
    """The part of ``Module`` that registers hooks."""

    _is_full_backward_hook: bool | None
    _backward_pre_hooks: OrderedDict[int, Any]
    _backward_hooks: OrderedDict[int, Any]
    _forward_hooks: OrderedDict[int, Any]
    _forward_hooks_with_kwargs: OrderedDict[int, bool]
    _forward_hooks_always_called: OrderedDict[int, bool]
    _forward_pre_hooks: OrderedDict[int, Any]
    _forward_pre_hooks_with_kwargs: OrderedDict[int, bool]

    def register_forward_pre_hook(
        self, hook: Any, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """``hook(module, args)`` runs before ``forward``; what it returns replaces ``args``.

        Args:
            hook: the function.
            prepend: run it before the hooks that are there already.
            with_kwargs: call it as ``hook(module, args, kwargs)``; it returns ``(args, kwargs)``.

        Returns:
            A handle whose ``remove()`` takes the hook away.
        """
        marks = [self._forward_pre_hooks_with_kwargs] if with_kwargs else []
        return add_hook(self._forward_pre_hooks, hook, prepend, *marks)

    def register_forward_hook(
        self,
        hook: Any,
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """``hook(module, args, output)`` runs after ``forward``; what it returns replaces it.

        Args:
            hook: the function.
            prepend: run it before the hooks that are there already.
            with_kwargs: call it as ``hook(module, args, kwargs, output)``.
            always_call: run it even where ``forward`` raises.
        """
        marks = [self._forward_hooks_with_kwargs] if with_kwargs else []
        marks += [self._forward_hooks_always_called] if always_call else []
        return add_hook(self._forward_hooks, hook, prepend, *marks)

    def register_full_backward_pre_hook(self, hook: Any, prepend: bool = False) -> RemovableHandle:
        """``hook(module, grad_output)`` runs before the module's backward pass; what it returns
        replaces the gradients of its outputs.
        """
        return add_hook(self._backward_pre_hooks, hook, prepend)

    def register_full_backward_hook(self, hook: Any, prepend: bool = False) -> RemovableHandle:
        """``hook(module, grad_input, grad_output)`` runs when the inputs' gradients are known;
        what it returns replaces them.
        """
        self._is_full_backward_hook = True
        return add_hook(self._backward_hooks, hook, prepend)

    register_backward_hook = register_full_backward_hook


def add_hook(
    hooks: OrderedDict[int, Any], hook: Any, prepend: bool = False, *marks: dict[int, bool]
) -> RemovableHandle:
    handle = RemovableHandle(hooks, hook, *marks)
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


def call_with_hooks(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What calling ``module`` gives where it has hooks."""
    called: set[int] = set()
    try:
        return _call(module, args, kwargs, called)
    except Exception:  # goes on once the hooks that run always have run
        for key in list(module._forward_hooks_always_called):
            if key in module._forward_hooks and key not in called:
                _after(module, key, args, kwargs, None)
        raise


def _call(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], called: set[int]) -> Any:
    for key, hook in list(module._forward_pre_hooks.items()):
        if key in module._forward_pre_hooks_with_kwargs:
            made = hook(module, args, kwargs)
            if made is not None:
                if not (isinstance(made, tuple) and len(made) == 2):
                    raise RuntimeError(
                        "forward pre-hook must return None or a tuple of (new_args, "
                        f"new_kwargs), but got {made}."
                    )
                args, kwargs = made
        else:
            made = hook(module, args)
            if made is not None:
                args = made if isinstance(made, tuple) else (made,)
    watched = module._backward_hooks or module._backward_pre_hooks
    watch = BackwardWatch(module) if watched else None
    if watch is not None:
        args = watch.inputs(args)
    output = module.forward(*args, **kwargs)
    for key in list(module._forward_hooks):
        called.add(key)
        made = _after(module, key, args, kwargs, output)
        if made is not None:
            output = made
    return output if watch is None else watch.outputs(output)


def _after(module: Any, key: int, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Any:
    """What the forward hook ``key`` returns."""
    hook = module._forward_hooks[key]
    if key in module._forward_hooks_with_kwargs:
        return hook(module, args, kwargs, out)
    return hook(module, args, out)


# The identity on some tensors at once; their gradients pass through `callback` on the way back.
passing = primitive(
    lambda xs, callback: tuple(x.view() if hasattr(x, "view") else x for x in xs),
    "*xs | callback -> ys",
    name="backward_hook",
    joint=lambda g, callback: callback(g if isinstance(g, tuple) else (g,)),
    label="BackwardHookFunctionBackward",
)


class BackwardWatch:
    """One call of a module whose backward pass is watched."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.grad_outputs: Any = None
        self.places: list[int] | None = None  # which arguments are tensors that want gradients
        self.count = 0

    def inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        self.count = len(args)
        self.places = [k for k, x in enumerate(args) if isinstance(x, Tensor) and x.requires_grad]
        if not self.places:
            return args
        made = list(args)
        passed = passing([args[k] for k in self.places], self.at_inputs)
        for k, x in zip(self.places, passed, strict=True):
            made[k] = x
        return tuple(made)

    def outputs(self, output: Any) -> Any:
        several = isinstance(output, tuple | list)
        items = list(output) if several else [output]
        places = [k for k, y in enumerate(items) if isinstance(y, Tensor) and y.requires_grad]
        if not places:
            return output

        def at_outputs(gs: Any) -> Any:
            tensors = [None] * len(items)
            for k, g in zip(places, gs, strict=True):
                tensors[k] = as_tensor(g)
            grads = tuple(tensors)
            for hook in list(self.module._backward_pre_hooks.values()):
                made = hook(self.module, grads)
                if made is not None:
                    grads = made if isinstance(made, tuple) else (made,)
            self.grad_outputs = grads
            if not self.places:  # no input wants a gradient: the hooks run here
                self.run_hooks((None,) * self.count)
            return like([grads[k] for k in places], gs)

        for k, y in zip(places, passing([items[k] for k in places], at_outputs), strict=True):
            items[k] = y
        return type(output)(items) if several else items[0]

    def at_inputs(self, gs: Any) -> Any:
        tensors: list[Any] = [None] * self.count
        for k, g in zip(self.places or (), gs, strict=True):
            tensors[k] = as_tensor(g)
        grads = self.run_hooks(tuple(tensors))
        return like([grads[k] for k in self.places or ()], gs)

    def run_hooks(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        if self.grad_outputs is None:
            return grads
        for hook in list(self.module._backward_hooks.values()):
            made = hook(self.module, grads, self.grad_outputs)
            if made is not None:
                grads = made if isinstance(made, tuple) else (made,)
        return grads


def as_tensor(g: Any) -> Any:
    return g if isinstance(g, Variable) else wrap(g)


def like(grads: list[Any], gs: Any) -> list[Any]:
    """The gradients as the pass wants them: Tensors where it makes a graph, else arrays."""
    plain = not any(isinstance(g, Variable) for g in gs)
    return [g._data if plain and isinstance(g, Variable) else g for g in grads]
