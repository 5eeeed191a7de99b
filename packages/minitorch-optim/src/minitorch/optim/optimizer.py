"""``Optimizer``: parameter groups, state, hooks. What all optimizers share."""

from __future__ import annotations

import functools
import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from itertools import chain
from typing import Any

import numpy as np
from minitorch import Tensor, enable_grad, set_grad_enabled
from minitorch.extend import (
    RemovableHandle,
    Variable,
    add_hook,
    array_of,
    current,
    drop_grad,
    fold,
    grad_of,
    group_tensors_by_device_and_dtype,
    recorded,
    wrap,
)

from .arguments import a_string

__all__ = [
    "Optimizer",
    "register_optimizer_step_post_hook",
    "register_optimizer_step_pre_hook",
]

ParamsT = Iterable[Tensor] | Iterable[dict[str, Any]] | Iterable[tuple[str, Tensor]]
Hooks = OrderedDict[int, Callable[..., Any]]
_global_pre_hooks: Hooks = OrderedDict()
_global_post_hooks: Hooks = OrderedDict()


class _Required:
    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()


def register_optimizer_step_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """``hook(optimizer, args, kwargs)`` runs before the step of every optimizer.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.register_step_pre_hook.html
    """
    return add_hook(_global_pre_hooks, hook)


def register_optimizer_step_post_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """``hook(optimizer, args, kwargs)`` runs after the step of every optimizer."""
    return add_hook(_global_post_hooks, hook)


class Optimizer:
    """Base of the optimizers.

    Args:
        params: tensors, ``(name, tensor)`` pairs, or dicts with the key ``"params"`` and options
            that differ from ``defaults``: one parameter group each.
        defaults: the options of groups that do not say otherwise.

    A subclass defines ``step(closure=None)``.

    Raises:
        TypeError: ``params`` is a tensor, or something in it is none.
        ValueError: there are no parameters, one is not a leaf, or two groups share one.

    Follows https://docs.pytorch.org/docs/stable/optim.html
    """

    _optimizer_step_pre_hooks: Hooks
    _optimizer_step_post_hooks: Hooks
    _optimizer_state_dict_pre_hooks: Hooks
    _optimizer_state_dict_post_hooks: Hooks
    _optimizer_load_state_dict_pre_hooks: Hooks
    _optimizer_load_state_dict_post_hooks: Hooks

    def __init__(self, params: ParamsT, defaults: dict[str, Any]) -> None:
        if isinstance(params, Variable):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, "
                f"but got {type(params).__name__}"
            )
        self.defaults = defaults
        self.state: defaultdict[Tensor, Any] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        self.__dict__.update((name, OrderedDict()) for name in Optimizer.__annotations__)
        groups: list[Any] = list(params)
        if not groups:
            spent = isinstance(params, Iterator)
            raise ValueError(
                "optimizer got an empty parameter list"
                + (" (an iterator: did something go through it before?)" if spent else "")
            )
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            kind: Any = cls
            kind.step = _with_hooks(cls.__dict__["step"])

    @staticmethod
    def profile_hook_step(func: Callable[..., Any]) -> Callable[..., Any]:
        """``func``, a ``step``, between the hooks; that of a subclass is so from the beginning."""
        return _with_hooks(func)

    _group_tensors_by_device_and_dtype = staticmethod(group_tensors_by_device_and_dtype)

    def _patch_step_function(self) -> None:
        """For optimizers that do not call ``__init__``: gives them what ``step`` looks for."""
        self.__dict__.setdefault("_optimizer_step_pre_hooks", OrderedDict())
        self.__dict__.setdefault("_optimizer_step_post_hooks", OrderedDict())
        kind: Any = type(self)
        kind.step = _with_hooks(kind.step)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Updates the parameters by their gradients.

        Args:
            closure: computes the loss and its gradients anew and returns the loss.

        Returns:
            The closure's loss, None without a closure.
        """
        raise NotImplementedError(f"{type(self).__name__} has no step")

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forgets the gradients of all parameters: sets them to None, or to zeros."""
        for group in self.param_groups:
            if set_to_none:
                drop_grad(group["params"])
                continue
            for p in group["params"]:
                if grad_of(p) is not None:
                    if grad_of(p).grad_fn is not None:
                        p.grad = grad_of(p).detach()
                    grad_of(p).zero_()

    # --- parameter groups --------------------------------------------------------------------

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Adds a dict with the key ``"params"``, and any options, to ``param_groups``."""
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params = param_group["params"]
        if isinstance(params, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the "
                "ordering of tensors in sets will change between runs. Please use a list instead."
            )
        params = [params] if isinstance(params, Variable) else list(params)
        names = [p[0] for p in params if isinstance(p, tuple)]
        params = [p[1] if isinstance(p, tuple) else p for p in params]
        if names and len(names) != len(params):
            raise ValueError(
                "all optimizer params should be with/without names. Some param names are missing"
            )
        for p in params:
            check_parameter(p, self.defaults.get("differentiable", False))
        if len(params) != len(set(params)):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this "
                "will cause an error; see github.com/pytorch/pytorch/issues/40967 for more "
                "information",
                stacklevel=3,
            )
        named = bool(names) or "param_names" in param_group
        for group in self.param_groups:
            if named != ("param_names" in group):
                raise ValueError(
                    "all optimizer param groups should be with/without names. cannot add param "
                    f"group {'with' if named else 'without'} names to the optimizer"
                )
            if not set(params).isdisjoint(group["params"]):
                raise ValueError("some parameters appear in more than one parameter group")
        for name, default in self.defaults.items():
            if isinstance(param_group.get(name), str) and isinstance(default, int | float):
                raise a_string(name, param_group[name])
            if default is required and name not in param_group:
                raise ValueError(
                    "parameter group didn't specify a value of required optimization parameter "
                    f"{name}"
                )
        param_group["params"] = params
        if names:
            param_group["param_names"] = names
        for name, default in self.defaults.items():
            param_group.setdefault(name, default)
        self.param_groups.append(param_group)

    # --- state -------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """``{"state": {index: {name: value}}, "param_groups": [...]}``, the parameters by index.

        The tensors in it are the optimizer's own, not copies.
        """
        for hook in list(self._optimizer_state_dict_pre_hooks.values()):
            hook(self)
        index: dict[Any, int] = {}
        groups = []
        for group in self.param_groups:
            for p in group["params"]:
                index.setdefault(p, len(index))
            packed = {name: value for name, value in group.items() if name != "params"}
            packed["params"] = [index[p] for p in group["params"]]
            groups.append(packed)
        state = {
            (index[p] if isinstance(p, Variable) else p): entry for p, entry in self.state.items()
        }
        made: dict[str, Any] = {"state": state, "param_groups": groups}
        for hook in list(self._optimizer_state_dict_post_hooks.values()):
            changed = hook(self, made)
            if changed is not None:
                made = changed
        return made

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes over the groups' options and a copy of the state, in the parameters' dtypes.

        PyTorch tensors and NumPy arrays in ``state_dict`` become MiniTorch tensors.

        Raises:
            ValueError: the groups differ in number or size; the optimizer stays as it was.
        """
        state_dict = state_dict.copy()
        for hook in list(self._optimizer_load_state_dict_pre_hooks.values()):
            changed = hook(self, state_dict)
            if changed is not None:
                state_dict = changed
        for key in ("param_groups", "state"):
            if key not in state_dict:
                raise KeyError(key)
        own, saved = self.param_groups, state_dict["param_groups"]
        if len(own) != len(saved):
            raise ValueError(
                "loaded state dict has a different number of parameter groups: it has "
                f"{len(saved)}, the optimizer {len(own)}"
            )
        for number, (group, loaded) in enumerate(zip(own, saved, strict=True)):
            if len(group["params"]) != len(loaded["params"]):
                raise ValueError(
                    "loaded state dict contains a parameter group that doesn't match the size of "
                    f"optimizer's group: group {number} has {len(loaded['params'])} parameters in "
                    f"the state dict, {len(group['params'])} in the optimizer"
                )
        parameters = dict(
            zip(
                chain.from_iterable(group["params"] for group in saved),
                chain.from_iterable(group["params"] for group in own),
                strict=True,
            )
        )
        state: defaultdict[Any, Any] = defaultdict(dict)
        for key, entry in state_dict["state"].items():
            p = parameters.get(key)
            state[key if p is None else p] = _loaded(entry, p)
        groups = []
        for group, loaded in zip(own, saved, strict=True):
            made = {name: _loaded(value, None) for name, value in loaded.items()}
            made["params"] = group["params"]
            if "param_names" in group:
                made.setdefault("param_names", group["param_names"])
            groups.append(made)
        self.__setstate__({"state": state, "param_groups": groups})
        for hook in list(self._optimizer_load_state_dict_post_hooks.values()):
            hook(self)

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for name in Optimizer.__annotations__:  # hooks are neither pickled nor copied
            self.__dict__.setdefault(name, OrderedDict())
        for group in self.param_groups:  # options that the state did not know of yet
            for name, default in self.defaults.items():
                group.setdefault(name, default)

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for number, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {number}")
            lines += [f"    {name}: {group[name]}" for name in sorted(group) if name != "params"]
        return "\n".join([*lines, ")"])

    # --- hooks -------------------------------------------------------------------------------

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """``hook(optimizer, args, kwargs)`` runs before ``step``; may return other arguments."""
        return add_hook(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """``hook(optimizer, args, kwargs)`` runs after ``step``."""
        return add_hook(self._optimizer_step_post_hooks, hook)

    def register_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """``hook(optimizer)`` runs before ``state_dict``."""
        return add_hook(self._optimizer_state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """``hook(optimizer, state_dict)`` runs after ``state_dict``; may return another one."""
        return add_hook(self._optimizer_state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """``hook(optimizer, state_dict)`` runs before loading; may return another state dict."""
        return add_hook(self._optimizer_load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """``hook(optimizer)`` runs after loading."""
        return add_hook(self._optimizer_load_state_dict_post_hooks, hook, prepend)


def check_parameter(p: Any, differentiable: bool) -> None:
    if not isinstance(p, Tensor):
        raise TypeError(
            "optimizer can only optimize Tensors, but one of the params is "
            f"{type(p).__module__}.{type(p).__qualname__}".replace("builtins.", "")
        )
    keeps = p.is_leaf or getattr(p, "retains_grad", False)
    if not keeps and not differentiable:
        raise ValueError("can't optimize a non-leaf Tensor")


def _use_grad_for_differentiable(func: Callable[..., Any]) -> Callable[..., Any]:
    """``step`` of an optimizer with gradients if that is ``differentiable``, without otherwise."""

    @functools.wraps(func)
    def step(self: Any, *args: Any, **kwargs: Any) -> Any:
        with set_grad_enabled(self.defaults["differentiable"]):
            return func(self, *args, **kwargs)

    return step


def _default_to_fused_or_foreach(
    params: list[Tensor], differentiable: bool, use_fused: bool = False
) -> tuple[bool, bool]:
    """Whether optimizers are ``fused``, and whether ``foreach``, that were not told."""
    return use_fused and not differentiable, False


def _get_capturable_supported_devices(supports_xla: bool = True) -> list[str]:
    """Where an optimizer can be ``capturable``."""
    return ["cuda", "xpu", "hpu", "privateuseone", *["xla"] * supports_xla]


def _with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """``step`` between the hooks; where there are none it costs one question."""
    if getattr(step, "hooked", False):
        return step

    @functools.wraps(step)
    def hooked(self: Any, *args: Any, **kwargs: Any) -> Any:
        own = self.__dict__
        if "_opt_called" in own:  # set by schedules, which warn where it stays False
            own["_opt_called"] = True
        try:
            before, after = own["_optimizer_step_pre_hooks"], own["_optimizer_step_post_hooks"]
        except KeyError:  # __init__ was not called
            before = after = {}
        try:
            if not (before or after or _global_pre_hooks or _global_post_hooks):
                if current.state.recording:
                    return recorded("step", step, self, args, kwargs)
                return step(self, *args, **kwargs)
            for hook in (*_global_pre_hooks.values(), *before.values()):
                changed = hook(self, (self, *args), kwargs)
                if changed is not None:
                    if not (isinstance(changed, tuple) and len(changed) == 2):
                        raise RuntimeError(
                            f"{step} must return None or a tuple of (new_args, new_kwargs), but "
                            f"got {changed}."
                        )
                    args, kwargs = changed[0][1:], changed[1]
            result = step(self, *args, **kwargs)
            for hook in (*after.values(), *_global_post_hooks.values()):
                hook(self, (self, *args), kwargs)
            return result
        except Exception as error:
            fold(error)
            raise

    made: Any = hooked
    made.hooked = True
    return hooked


def closure_loss(closure: Callable[[], Any] | None) -> Any:
    """What the closure returns, gradients recorded; None without one."""
    if closure is None:
        return None
    with enable_grad():
        return closure()


def _loaded(value: Any, p: Any, name: Any = None) -> Any:
    """A copy of a value in a state dict; floating-point tensors in the dtype of parameter ``p``."""
    if isinstance(value, dict):
        return {key: _loaded(v, p, key) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_loaded(v, p) for v in value)
    if not isinstance(value, Variable):
        if not hasattr(value, "__array__") or isinstance(value, np.generic):
            return deepcopy(value)
        value = wrap(np.asarray(value.detach() if hasattr(value, "detach") else value))
    array = np.array(array_of(value))
    if p is not None and name != "step" and p.dtype.is_floating_point:
        with np.errstate(all="ignore"):
            array = array.astype(p.dtype.numpy, copy=False)
    return wrap(array)
