"""Hooks: functions that run before or after a module's ``forward``, or in its backward pass."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from minitorch import Tensor
from minitorch.extend import RemovableHandle, Variable, primitive, wrap

__all__ = ["Hooks"]


class Hooks:
    """The part of ``Module`` that keeps and runs hooks.

    A module without hooks has none of the dictionaries: ``_hooked`` is all that a call looks at.
    """

    _hooked = False
    _forward_hooks: OrderedDict[int, Any]
    _forward_pre_hooks: OrderedDict[int, Any]
    _backward_hooks: OrderedDict[int, Any]
    _backward_pre_hooks: OrderedDict[int, Any]
    forward: Callable[..., Any]

    def _add_hook(self, kind: str, hook: Any, prepend: bool) -> RemovableHandle:
        hooks = self.__dict__.setdefault(kind, OrderedDict())
        handle = RemovableHandle(hooks, hook)
        if prepend:
            hooks.move_to_end(handle.id, last=False)
        self.__dict__["_hooked"] = True
        return handle

    def _hooks(self, kind: str) -> list[Any]:
        return list(self.__dict__.get(kind, {}).values())

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
        return self._add_hook("_forward_pre_hooks", (hook, with_kwargs), prepend)

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
        return self._add_hook("_forward_hooks", (hook, with_kwargs, always_call), prepend)

    def register_full_backward_pre_hook(self, hook: Any, prepend: bool = False) -> RemovableHandle:
        """``hook(module, grad_output)`` runs before the module's backward pass; what it returns
        replaces the gradients of its outputs.
        """
        return self._add_hook("_backward_pre_hooks", hook, prepend)

    def register_full_backward_hook(self, hook: Any, prepend: bool = False) -> RemovableHandle:
        """``hook(module, grad_input, grad_output)`` runs when the inputs' gradients are known;
        what it returns replaces them.
        """
        return self._add_hook("_backward_hooks", hook, prepend)

    register_backward_hook = register_full_backward_hook

    def _call_with_hooks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        called: set[int] = set()
        try:
            return self._call_hooks(args, kwargs, called)
        except Exception:  # goes on once the hooks that run always have run
            for key, (hook, with_kwargs, always) in list(
                self.__dict__.get("_forward_hooks", {}).items()
            ):
                if always and key not in called:
                    hook(self, args, kwargs, None) if with_kwargs else hook(self, args, None)
            raise

    def _call_hooks(self, args: tuple[Any, ...], kwargs: dict[str, Any], called: set[int]) -> Any:
        for hook, with_kwargs in self._hooks("_forward_pre_hooks"):
            if with_kwargs:
                made = hook(self, args, kwargs)
                if made is not None:
                    if not (isinstance(made, tuple) and len(made) == 2):
                        raise RuntimeError(
                            "forward pre-hook must return None or a tuple of (new_args, "
                            f"new_kwargs), but got {made}."
                        )
                    args, kwargs = made
            else:
                made = hook(self, args)
                if made is not None:
                    args = made if isinstance(made, tuple) else (made,)
        watch = BackwardWatch(self) if self._watches_backward() else None
        if watch is not None:
            args = watch.inputs(args)
        output = self.forward(*args, **kwargs)
        for key, (hook, with_kwargs, _) in list(self.__dict__.get("_forward_hooks", {}).items()):
            called.add(key)
            made = hook(self, args, kwargs, output) if with_kwargs else hook(self, args, output)
            if made is not None:
                output = made
        return output if watch is None else watch.outputs(output)

    def _watches_backward(self) -> bool:
        return bool(self._hooks("_backward_hooks") or self._hooks("_backward_pre_hooks"))


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
            for hook in self.module._hooks("_backward_pre_hooks"):
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
        for hook in self.module._hooks("_backward_hooks"):
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
