"""Hooks: functions that run before or after a module's ``forward``, or in its backward pass."""

from __future__ import annotations

import functools
import warnings
from collections import OrderedDict
from typing import Any

from minitorch import Tensor, is_grad_enabled
from minitorch.autograd import Function
from minitorch.extend import RemovableHandle, add_hook

__all__ = ["DICTIONARIES", "Hooks", "call_with_hooks"]


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
        return add_hook(self._forward_pre_hooks, hook, prepend, marks)

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
        return add_hook(self._forward_hooks, hook, prepend, marks)

    def register_full_backward_pre_hook(self, hook: Any, prepend: bool = False) -> RemovableHandle:
        """``hook(module, grad_output)`` runs before the module's backward pass; what it returns
        replaces the gradients of its outputs.
        """
        return add_hook(self._backward_pre_hooks, hook, prepend)

    def register_full_backward_hook(self, hook: Any, prepend: bool = False) -> RemovableHandle:
        """``hook(module, grad_input, grad_output)`` runs when the inputs' gradients are known;
        what it returns replaces them.
        """
        use_kind(self, full=True)
        return add_hook(self._backward_hooks, hook, prepend)

    def register_backward_hook(self, hook: Any) -> RemovableHandle:
        """Deprecated: ``hook(module, grad_input, grad_output)`` runs with the gradients of the last
        operation of ``forward``. Use ``register_full_backward_hook``.
        """
        use_kind(self, full=False)
        return add_hook(self._backward_hooks, hook)


_everywhere: dict[str, Any] = {}


def use_globals(names: dict[str, Any]) -> None:
    """Called once by ``module.py``, where PyTorch has the hooks of all modules."""
    global _everywhere
    _everywhere = names


def of_all_modules(name: str) -> Any:
    """A dictionary of hooks of all modules, as it is now: programs put others in its place."""
    return _everywhere[f"_global_{name}"]


def register_module_forward_pre_hook(hook: Any) -> RemovableHandle:
    """``hook(module, args)`` runs before the ``forward`` of every module.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.modules.module.register_module_forward_pre_hook.html
    """
    return add_hook(of_all_modules("forward_pre_hooks"), hook)


def register_module_forward_hook(
    hook: Any, *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """``hook(module, args, output)`` runs after the ``forward`` of every module.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.modules.module.register_module_forward_hook.html
    """
    marks = [of_all_modules("forward_hooks_with_kwargs")] if with_kwargs else []
    marks += [of_all_modules("forward_hooks_always_called")] if always_call else []
    return add_hook(of_all_modules("forward_hooks"), hook, extra=marks)


def register_module_full_backward_pre_hook(hook: Any) -> RemovableHandle:
    """``hook(module, grad_output)`` runs before the backward pass of every module."""
    return add_hook(of_all_modules("backward_pre_hooks"), hook)


def register_module_full_backward_hook(hook: Any) -> RemovableHandle:
    """``hook(module, grad_input, grad_output)`` runs in the backward pass of every module.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.modules.module.register_module_full_backward_hook.html
    """
    use_kind_everywhere(full=True)
    return add_hook(of_all_modules("backward_hooks"), hook)


def register_module_backward_hook(hook: Any) -> RemovableHandle:
    """``hook(module, grad_input, grad_output)`` runs with the gradients of the last operation of
    the ``forward`` of every module. Use ``register_module_full_backward_hook``.
    """
    use_kind_everywhere(full=False)
    return add_hook(of_all_modules("backward_hooks"), hook)


def register_module_parameter_registration_hook(hook: Any) -> RemovableHandle:
    """``hook(module, name, parameter)`` runs when a module gets a parameter; what it returns takes
    its place."""
    return add_hook(of_all_modules("parameter_registration_hooks"), hook)


def register_module_buffer_registration_hook(hook: Any) -> RemovableHandle:
    """``hook(module, name, buffer)`` runs when a module gets a buffer; what it returns takes its
    place."""
    return add_hook(of_all_modules("buffer_registration_hooks"), hook)


def register_module_module_registration_hook(hook: Any) -> RemovableHandle:
    """``hook(module, name, submodule)`` runs when a module gets a submodule; what it returns takes
    its place."""
    return add_hook(of_all_modules("module_registration_hooks"), hook)


def registered(module: Any, kind: str, name: str, value: Any) -> Any:
    """``value``, or what the hooks of its kind put in its place."""
    for hook in list(of_all_modules(f"{kind}_registration_hooks").values()):
        made = hook(module, name, value)
        value = value if made is None else made
    return value


def use_kind(module: Any, full: bool) -> None:
    """Raises where ``module`` has backward hooks of the other kind."""
    if module.__dict__.get("_is_full_backward_hook") is (not full):
        raise RuntimeError(
            "Cannot use both regular backward hooks and full backward hooks on a single Module. "
            "Please use only one of them."
        )
    module._is_full_backward_hook = full


def use_kind_everywhere(full: bool) -> None:
    """Raises where there are backward hooks of the other kind for all modules."""
    if of_all_modules("is_full_backward_hook") is (not full):
        raise RuntimeError(
            "Cannot use both regular backward hooks and full backward hooks as a global Module "
            "hook. Please use only one of them."
        )
    _everywhere["_global_is_full_backward_hook"] = full


def call_with_hooks(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What calling ``module`` gives where it has hooks."""
    called: set[int] = set()
    try:
        return _call(module, args, kwargs, called)
    except Exception:  # goes on once the hooks that run always have run
        everywhere = of_all_modules("forward_hooks_always_called")
        for key in (*everywhere, *module._forward_hooks_always_called):
            if key not in called and _forward_hook(module, key) is not None:
                try:
                    _after(module, key, args, kwargs, None)
                except Exception as error:
                    where = "global module" if key in everywhere else "module"
                    warnings.warn(
                        f"{where} forward hook with ``always_call=True`` raised an exception that "
                        f"was silenced as another error was raised in forward: {error}",
                        stacklevel=3,
                    )
        raise


def _call(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], called: set[int]) -> Any:
    every_pre = of_all_modules("forward_pre_hooks")
    for key, hook in (*every_pre.items(), *module._forward_pre_hooks.items()):
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
    full, last = _backward_hooks(module)
    before = [*of_all_modules("backward_pre_hooks").values(), *module._backward_pre_hooks.values()]
    watch = BackwardWatch(module, full, before) if full or before else None
    if watch is not None:
        args = watch.inputs(args)
    output = module.forward(*args, **kwargs)
    for key in (*of_all_modules("forward_hooks"), *module._forward_hooks):
        called.add(key)
        made = _after(module, key, args, kwargs, output)
        if made is not None:
            output = made
    if watch is not None:
        output = watch.outputs(output)
    if last:
        _watch_last_step(module, last, args, output)
    return output


def _backward_hooks(module: Any) -> tuple[list[Any], list[Any]]:
    """The full backward hooks, and those that are not full."""
    found: dict[bool, list[Any]] = {True: [], False: []}
    for full, hooks in (
        (of_all_modules("is_full_backward_hook"), of_all_modules("backward_hooks")),
        (module._is_full_backward_hook, module._backward_hooks),
    ):
        if full is not None:
            found[full] += hooks.values()
    return found[True], found[False]


def _forward_hook(module: Any, key: int) -> Any:
    return of_all_modules("forward_hooks").get(key) or module._forward_hooks.get(key)


def _after(module: Any, key: int, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Any:
    """What the forward hook ``key`` returns."""
    hook = _forward_hook(module, key)
    own = module._forward_hooks_with_kwargs
    if key in own or key in of_all_modules("forward_hooks_with_kwargs"):
        return hook(module, args, kwargs, out)
    return hook(module, args, out)


class BackwardHookFunction(Function):
    """The identity on some tensors at once: a node that gradients pass through."""

    @staticmethod
    def forward(ctx: Any, *xs: Any) -> Any:
        ctx.mark_non_differentiable(*(x for x in xs if not x.requires_grad))
        return xs

    @staticmethod
    def backward(ctx: Any, *gs: Any) -> Any:
        return gs


class BackwardWatch:
    """One call of a module whose backward pass is watched."""

    def __init__(self, module: Any, hooks: list[Any], pre_hooks: list[Any]) -> None:
        self.module, self.hooks, self.pre_hooks = module, hooks, pre_hooks
        self.grad_outputs: tuple[Any, ...] | None = None
        self.input_count = self.output_count = 0
        self.input_places: list[int] | None = None  # which arguments are tensors
        self.output_places: list[int] | None = None

    def inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        self.input_count = len(args)
        args, self.input_places = _through_node(args, self.at_inputs)
        return args

    def outputs(self, output: Any) -> Any:
        if not isinstance(output, Tensor | tuple):
            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of "
                f"Tensors but received {type(output)}",
                stacklevel=4,
            )
        items = output if isinstance(output, tuple) else (output,)
        self.output_count = len(items)
        items, self.output_places = _through_node(items, self.at_outputs)
        return items if isinstance(output, tuple) else items[0]

    def at_outputs(self, _: Any, gs: tuple[Any, ...]) -> tuple[Any, ...]:
        grads = _spread(self.output_places, gs, self.output_count)
        for hook in self.pre_hooks:
            made = hook(self.module, grads)
            if made is not None:
                grads = _as_many(made, grads, "pre hook", "grad_output")
        self.grad_outputs = grads
        if self.input_places is None:  # no input wants a gradient: the hooks run here
            warnings.warn(
                "Full backward hook is firing when gradients are computed with respect to module "
                "outputs since no inputs require gradients. See "
                "https://docs.pytorch.org/docs/main/generated/torch.nn.Module.html#torch.nn.Module"
                ".register_full_backward_hook for more details.",
                stacklevel=6,
            )
            for hook in self.hooks:
                made = hook(self.module, (None,) * self.input_count, grads)
                if made is not None and not (
                    isinstance(made, tuple) and all(g is None for g in made)
                ):
                    raise RuntimeError(
                        "Backward hook for Modules where no input requires gradient should always "
                        "return None or None for all gradients."
                    )
            self.grad_outputs = None
        return tuple(grads[k] for k in self.output_places or ())

    def at_inputs(self, gs: tuple[Any, ...], _: Any) -> tuple[Any, ...] | None:
        if self.grad_outputs is None:  # the gradient did not come by the module's output
            return None
        grads = _spread(self.input_places, gs, self.input_count)
        for hook in self.hooks:
            made = hook(self.module, grads, self.grad_outputs)
            if made is not None:
                grads = _as_many(made, grads, "hook", "grad_input")
        self.grad_outputs = None
        return tuple(grads[k] for k in self.input_places or ())


def _through_node(items: tuple[Any, ...], hook: Any) -> tuple[Any, list[int] | None]:
    """``items``, their tensors passed through a node with ``hook``, and the tensors' places."""
    places = [k for k, x in enumerate(items) if isinstance(x, Tensor)]
    if not (is_grad_enabled() and any(items[k].requires_grad for k in places)):
        return items, None
    made = list(items)
    for k, x in zip(places, BackwardHookFunction.apply(*(items[k] for k in places)), strict=True):
        made[k] = x
    node = next((made[k].grad_fn for k in places if made[k].grad_fn is not None), None)
    if node is None:
        return items, None
    node.register_hook(hook)
    return tuple(made) if type(items) is tuple else type(items)(*made), places


def _spread(places: list[int] | None, gs: tuple[Any, ...], count: int) -> tuple[Any, ...]:
    found = dict(zip(places or (), gs, strict=True))
    return tuple(found.get(k) for k in range(count))


def _as_many(
    made: tuple[Any, ...], grads: tuple[Any, ...], hook: str, what: str
) -> tuple[Any, ...]:
    """What a hook returned, which must be as many as ``grads``."""
    if len(made) != len(grads):
        raise RuntimeError(
            f"Backward {hook} returned an invalid number of {what}, got {len(made)}, but expected "
            f"{len(grads)}"
        )
    return made


def _watch_last_step(module: Any, hooks: list[Any], args: tuple[Any, ...], output: Any) -> None:
    """Registers the hooks that are not full with the node that made ``output``."""
    first = output
    while not isinstance(first, Tensor):
        first = next(iter(first.values())) if isinstance(first, dict) else first[0]
    node = first.grad_fn
    if node is None:
        return
    for hook in hooks:
        node.register_hook(functools.partial(hook, module))
    reason = _incomplete(args, output, node)
    if reason is not None:
        warnings.warn(
            "Using {} is deprecated and will be removed in future versions. This hook will be "
            "missing some {}. Please use register_full_backward_hook to get the documented "
            "behavior.".format(*reason),
            FutureWarning,
            stacklevel=4,
        )


def _incomplete(args: tuple[Any, ...], output: Any, node: Any) -> tuple[str, str] | None:
    """Why a hook of ``node`` does not see all gradients of a module, and which it misses."""
    outputs = output if isinstance(output, tuple) else (output,)
    hooks, hook = "non-full backward hooks on a Module that", "a non-full backward hook when"
    if not all(isinstance(y, Tensor) for y in outputs):
        return (
            f"{hooks} does not return a single Tensor or a tuple of Tensors",
            "of the grad_output",
        )
    if not all(isinstance(x, Tensor) for x in args):
        return (
            f"{hooks} does not take as input a single Tensor or a tuple of Tensors",
            "of the grad_input",
        )
    if len({y.grad_fn for y in outputs if y.grad_fn is not None}) > 1:
        return f"{hook} outputs are generated by different autograd Nodes", "grad_output"
    own = {x.grad_fn for x in args if x.grad_fn is not None}
    if own != {parent for parent, _ in node.next_functions}:
        return f"{hook} the forward contains multiple autograd Nodes", "grad_input"
    return None
