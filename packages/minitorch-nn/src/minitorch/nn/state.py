"""State dicts: a module's parameters and buffers by name, out and in again."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

import minitorch
from minitorch import Tensor
from minitorch.extend import RemovableHandle, add_hook, folding

from .parameter import Parameter, is_lazy

__all__ = ["State"]

_EXTRA_STATE_KEY_SUFFIX = "_extra_state"  # PyTorch's name, which programs ask for


class _IncompatibleKeys(
    NamedTuple("IncompatibleKeys", [("missing_keys", list[str]), ("unexpected_keys", list[str])])
):
    """What ``load_state_dict`` did not find on either side."""

    __slots__ = ()

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return super().__repr__()

    __str__ = __repr__


class State:
    """The part of ``Module`` that saves and loads."""

    _version = 1  # of the state dict's layout, kept in its `_metadata`
    _parameters: dict[str, Any]
    _buffers: dict[str, Any]
    _modules: dict[str, Any]
    _non_persistent_buffers_set: set[str]

    _state_dict_pre_hooks: OrderedDict[int, Any]
    _state_dict_hooks: OrderedDict[int, Any]
    _load_state_dict_pre_hooks: OrderedDict[int, Any]
    _load_state_dict_post_hooks: OrderedDict[int, Any]

    def register_state_dict_pre_hook(self, hook: Any) -> RemovableHandle:
        """``hook(module, prefix, keep_vars)`` runs before ``state_dict`` reads the module."""
        return add_hook(self._state_dict_pre_hooks, hook)

    def register_state_dict_post_hook(self, hook: Any) -> RemovableHandle:
        """``hook(module, state_dict, prefix, local_metadata)`` runs after and may change it."""
        hook._from_public_api = True
        return add_hook(self._state_dict_hooks, hook)

    def _register_state_dict_hook(self, hook: Any) -> RemovableHandle:
        """As above, but what it returns takes the dict's place."""
        if getattr(hook, "_from_public_api", False):
            raise RuntimeError(
                "Cannot register the same function as the state dict post hook that was previously "
                "registered via register_state_dict_post_hook"
            )
        return add_hook(self._state_dict_hooks, hook)

    def register_load_state_dict_pre_hook(self, hook: Any) -> RemovableHandle:
        """``hook(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys,
        error_msgs)`` runs before the module reads its entries; it may change the dict.
        """
        return add_hook(self._load_state_dict_pre_hooks, WithModule(hook, self))

    def _register_load_state_dict_pre_hook(
        self, hook: Any, with_module: bool = False
    ) -> RemovableHandle:
        if with_module:
            return self.register_load_state_dict_pre_hook(hook)
        return add_hook(self._load_state_dict_pre_hooks, hook)

    def register_load_state_dict_post_hook(self, hook: Any) -> RemovableHandle:
        """``hook(module, incompatible_keys)`` runs after the module and its children were read."""
        return add_hook(self._load_state_dict_post_hooks, hook)

    def get_extra_state(self) -> Any:
        """What else belongs into the state dict; a subclass that has some writes this method."""
        raise RuntimeError(
            "Reached a code path in Module.get_extra_state() that should never be called."
        )

    def set_extra_state(self, state: Any) -> None:
        """Takes back what ``get_extra_state`` gave."""
        raise RuntimeError(
            "Reached a code path in Module.set_extra_state() that should never be called."
        )

    # --- out ---------------------------------------------------------------------------------

    def _save_to_state_dict(
        self, destination: dict[str, Any], prefix: str, keep_vars: bool
    ) -> None:
        for name, tensor in persistent(self):
            destination[prefix + name] = tensor if keep_vars or is_lazy(tensor) else tensor.detach()
        if has_extra_state(self, "get_extra_state"):
            destination[prefix + _EXTRA_STATE_KEY_SUFFIX] = self.get_extra_state()

    def state_dict(
        self, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Any]:
        """The parameters and persistent buffers by their dotted names, sharing their memory.

        Args:
            *args: the others, by position.
            destination: a dict to fill instead of a new one.
            prefix: stands before every name.
            keep_vars: the parameters themselves, not detached.

        Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html
        """
        names = ("destination", "prefix", "keep_vars")
        given = dict(zip(names, args, strict=False))
        filled: Any = given.get("destination", destination)
        prefix = given.get("prefix", prefix)
        keep_vars = given.get("keep_vars", keep_vars)
        if filled is None:
            filled = OrderedDict()
            filled._metadata = OrderedDict()
        local_metadata = {"version": self._version}
        if hasattr(filled, "_metadata"):
            filled._metadata[prefix[:-1]] = local_metadata
        for hook in list(self._state_dict_pre_hooks.values()):
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(filled, prefix, keep_vars)
        for name, child in self._modules.items():
            if child is not None:
                child.state_dict(destination=filled, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        for hook in list(self._state_dict_hooks.values()):
            made = hook(self, filled, prefix, local_metadata)
            if made is not None:
                if getattr(hook, "_from_public_api", False):
                    raise RuntimeError("state_dict post-hook must return None")
                filled = made
        return cast(dict[str, Any], filled)

    # --- in ----------------------------------------------------------------------------------

    def _load_from_state_dict(
        self,
        state_dict: Any,
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Reads this module's own entries.

        What is to be written is put off until all modules found their entries in order
        (``local_metadata["pending"]``): a load that fails changes nothing.
        """
        for hook in list(self._load_state_dict_pre_hooks.values()):
            hook(
                state_dict,
                prefix,
                local_metadata,
                strict,
                missing_keys,
                unexpected_keys,
                error_msgs,
            )
        pending: list[Any] = local_metadata.get("pending", [])
        assign = local_metadata.get("assign_to_params_buffers", False)
        for name, own in persistent(self):
            key = prefix + name
            if key not in state_dict:
                if strict:
                    missing_keys.append(key)
                continue
            value = state_dict[key]
            if not isinstance(value, Tensor):
                error_msgs.append(
                    f'While copying the parameter named "{key}", expected torch.Tensor or '
                    f"Tensor-like object from checkpoint but received {type(value)}"
                )
            elif is_lazy(own) and not is_lazy(value):
                pending.append((self, name, own, key, value, assign))
            elif not is_lazy(own) and is_lazy(value):
                error_msgs.append(
                    f"Can't access the shape of an uninitialized parameter or buffer: {key} of "
                    f"the checkpoint is one, in the current model it has the shape {own.shape}."
                )
            elif not is_lazy(own) and value.shape != own.shape:
                if own.shape == () and value.shape == (1,):  # as PyTorch saved scalars long ago
                    pending.append((self, name, own, key, value[0], assign))
                    continue
                error_msgs.append(
                    f"size mismatch for {key}: copying a param with shape {value.shape} from "
                    f"checkpoint, the shape in current model is {own.shape}."
                )
            elif not is_lazy(own):
                pending.append((self, name, own, key, value, assign))
        key = prefix + _EXTRA_STATE_KEY_SUFFIX
        if has_extra_state(self, "set_extra_state"):
            if key in state_dict:
                pending.append((self, None, None, key, state_dict[key], assign))
            elif strict:
                missing_keys.append(key)
        elif strict and key in state_dict:
            unexpected_keys.append(key)
        if strict:
            known = {name for name, _ in persistent(self)} | {_EXTRA_STATE_KEY_SUFFIX}
            for key in state_dict:
                if key.startswith(prefix):
                    first, *more = key[len(prefix) :].split(".", 1)
                    if first not in (self._modules if more else known):
                        unexpected_keys.append(key)
        if "pending" not in local_metadata:
            error_msgs += write_pending(pending)

    @folding
    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> _IncompatibleKeys:
        """Copies the values of ``state_dict`` into the parameters and buffers.

        Args:
            state_dict: as ``state_dict()`` gives it.
            strict: raise where a key is missing or unknown.
            assign: put the tensors themselves in place instead of copying their values.

        Returns:
            ``missing_keys`` and ``unexpected_keys``.

        Raises:
            RuntimeError: keys or shapes do not match; nothing has changed then.

        Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        missing: list[str] = []
        unexpected: list[str] = []
        errors: list[str] = []
        pending: list[Any] = []
        metadata = getattr(state_dict, "_metadata", None)
        entries = OrderedDict(state_dict)
        hooks: list[tuple[Any, Any]] = []

        # given itself: a closure over its own name is a cycle, which would keep the module alive
        def load(module: Any, entries: Any, prefix: str, load: Any) -> None:
            local_metadata = dict({} if metadata is None else metadata.get(prefix[:-1], {}))
            local_metadata["pending"] = pending
            if assign:
                local_metadata["assign_to_params_buffers"] = True
            module._load_from_state_dict(
                entries, prefix, local_metadata, True, missing, unexpected, errors
            )
            for name, child in module._modules.items():
                if child is not None:
                    inner = f"{prefix}{name}."
                    own = {key: v for key, v in entries.items() if key.startswith(inner)}
                    load(child, own, inner, load)
            hooks.extend(
                (module, hook) for hook in list(module._load_state_dict_post_hooks.values())
            )

        load(self, entries, "", load)
        unexpected = list(dict.fromkeys(unexpected))
        result = _IncompatibleKeys(missing, unexpected)
        written = not errors and not (strict and (missing or unexpected))
        if written:
            errors = write_pending(pending)
        for module, hook in hooks:
            if hook(module, result) is not None:
                raise AssertionError(
                    "Hooks registered with ``register_load_state_dict_post_hook`` are not expected "
                    "to return new values, if incompatible_keys need to be modified, it should be "
                    "done inplace."
                )
        failed = f"Error(s) in loading state_dict for {type(self).__name__}:\n\t"
        if strict:
            listed = (("Unexpected", result.unexpected_keys), ("Missing", result.missing_keys))
            for what, keys in listed:
                if keys:
                    names = ", ".join(f'"{key}"' for key in keys)
                    errors.insert(0, f"{what} key(s) in state_dict: {names}. ")
        if errors:
            raise RuntimeError(failed + "\n\t".join(errors))
        if not written and (errors := write_pending(pending)):  # a hook forgave the missing keys
            raise RuntimeError(failed + "\n\t".join(errors))
        return result


def persistent(module: Any) -> Iterator[tuple[str, Any]]:
    """The module's own parameters and buffers that a state dict holds."""
    for name, param in module._parameters.items():
        if param is not None:
            yield name, param
    for name, buffer in module._buffers.items():
        if buffer is not None and name not in module._non_persistent_buffers_set:
            yield name, buffer


def consume_prefix_in_state_dict_if_present(state_dict: dict[str, Any], prefix: str) -> None:
    """Takes ``prefix`` off the keys of ``state_dict`` that have it, in place: ``"module."``, which
    ``DataParallel`` adds.
    """
    for key in list(state_dict):
        if key.startswith(prefix):
            state_dict[key.removeprefix(prefix)] = state_dict.pop(key)
    metadata = getattr(state_dict, "_metadata", {})
    for key in list(metadata):
        if key and (key == prefix.rstrip(".") or key.startswith(prefix)):
            metadata[key.removeprefix(prefix) if key.startswith(prefix) else ""] = metadata.pop(key)


def has_extra_state(module: Any, method: str) -> bool:
    return getattr(type(module), method) is not getattr(State, method)


class WithModule:
    """A hook that is given its module, too, which it does not keep alive."""

    def __init__(self, hook: Any, module: Any) -> None:
        self.hook = hook
        self.module = weakref.ref(module)

    def __call__(self, *args: Any) -> Any:
        return self.hook(self.module(), *args)

    def __reduce__(self) -> Any:
        return WithModule, (self.hook, self.module())


def write_pending(pending: list[Any]) -> list[str]:
    """Writes what ``_load_from_state_dict`` found in order; returns what went wrong."""
    errors = []
    swap = minitorch.__future__.get_swap_module_params_on_conversion()
    with minitorch.no_grad():
        for module, name, own, key, value, assign in pending:
            if name is None:
                module.set_extra_state(value)
                continue
            if is_lazy(own) and not assign:
                own.materialize(value.shape)
            try:
                if swap:
                    minitorch.utils.swap_tensors(own, _loaded(own, value, assign))
                elif assign:
                    setattr(module, name, _as_parameter(own, value))
                else:
                    own.copy_(value)
            except Exception as error:
                errors.append(
                    f'While {"swapping" if swap else "copying"} the parameter named "{key}", '
                    f"whose dimensions in the model are {own.shape} and whose dimensions in the "
                    f"checkpoint are {value.shape}, an exception occurred : {error.args}."
                )
    return errors


def _loaded(own: Any, value: Any, assign: bool) -> Any:
    """What takes the place of ``own``."""
    made = own.module_load(value, assign=assign)
    if made is own or made is value:
        raise RuntimeError(
            "module_load returned one of self or other, please .detach() the result if returning "
            "one of the inputs in module_load"
        )
    return _as_parameter(own, made)


def _as_parameter(own: Any, value: Any) -> Any:
    """``value``; a parameter, learned or not, as ``own`` is one."""
    if not isinstance(own, Parameter):
        return value
    if isinstance(value, Parameter):
        return value.requires_grad_(own.requires_grad)
    return Parameter(value, requires_grad=own.requires_grad)
