"""Parametrizations: a parameter that is computed from others, as a part of its module.

After ``register_parametrization(layer, "weight", P)``, ``layer.weight`` is P(original), computed
when it is asked for; the original is a parameter of ``layer.parametrizations.weight``.

Follows https://docs.pytorch.org/tutorials/intermediate/parametrizations.html
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from minitorch import Tensor, no_grad

from ..containers import ModuleDict, ModuleList
from ..module import Module
from ..parameter import Parameter

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "transfer_parametrizations_and_params",
    "type_before_parametrizations",
]

_cache: dict[tuple[int, str], Any] | None = None


@contextmanager
def cached() -> Iterator[None]:
    """Within it, a parametrized tensor is computed once and then kept."""
    global _cache
    before = _cache
    _cache = {} if before is None else before
    try:
        yield
    finally:
        _cache = before


def check(original: Any, made: Any, what: str) -> None:
    """Raises ValueError unless ``made``, what ``what`` gave, is a tensor like ``original``."""
    if not isinstance(made, Tensor):
        raise ValueError(f"{what} must return a tensor. Got {type(made).__name__}.")
    for of in ("dtype", "shape"):
        own, new = getattr(original, of), getattr(made, of)
        if own != new:
            raise ValueError(
                f"Registering a parametrization may not change the {of} of the tensor, unless "
                f"`unsafe` flag is enabled: what {what} returns must have the same {of}.\n"
                f"original.{of}: {own}\n{of} of what it returned: {new}"
            )


def inverse(parametrization: Any, value: Any) -> Any:
    """What ``right_inverse`` gives; ``value`` itself where there is none."""
    if hasattr(parametrization, "right_inverse"):
        with contextlib.suppress(NotImplementedError):
            return parametrization.right_inverse(value)
    return value


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, applied in order, and what they start from:
    ``original``, or ``original0``, ``original1``, ... where the first takes several tensors.
    """

    def __init__(self, modules: list[Module], original: Any, unsafe: bool = False) -> None:
        super().__init__(modules)
        self.unsafe = unsafe
        start, before = original, original.data
        with no_grad():
            for module in reversed(modules):
                start = inverse(module, start)
        if not isinstance(start, Tensor | list | tuple):
            raise ValueError(
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). "
                f"Got {type(start).__name__}"
            )
        self.is_tensor = isinstance(start, Tensor)
        self.ntensors = 1 if isinstance(start, Tensor) else len(start)
        if isinstance(start, Tensor):
            if original.dtype != start.dtype and not unsafe:
                raise ValueError(
                    "When `right_inverse` outputs one tensor, it may not change the dtype.\n"
                    f"original.dtype: {original.dtype}\n"
                    f"right_inverse(original).dtype: {start.dtype}"
                )
            original.data = start.detach()  # the same object: an optimizer may hold it
            if isinstance(original, Parameter):
                self.original = original
            else:
                self.register_buffer("original", original)
        else:
            for k, tensor in enumerate(start):
                if not isinstance(tensor, Tensor):
                    raise ValueError(
                        "'right_inverse' must return a Tensor or a Sequence of tensors "
                        f"(list, tuple...). Got element {k} of the sequence with type "
                        f"{type(tensor).__name__}."
                    )
                if isinstance(original, Parameter):
                    made = Parameter(tensor.detach().clone(), original.requires_grad)
                    setattr(self, f"original{k}", made)
                else:
                    self.register_buffer(f"original{k}", tensor)
        if not unsafe:
            try:
                check(before, self(), "a parametrization")
            except ValueError:
                original.data = before
                raise

    def right_inverse(self, value: Any) -> None:
        """Sets the originals so that the parametrized tensor becomes ``value``."""
        with no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(
                        f"parametrization {type(module).__name__} does not implement right_inverse."
                    )
                value = module.right_inverse(value)
            values = [value] if self.is_tensor else value
            for own, new in zip(self.originals(), values, strict=True):
                own.copy_(new)

    def originals(self) -> list[Any]:
        """What the first parametrization is fed with."""
        if self.is_tensor:
            return [self.original]
        return [getattr(self, f"original{k}") for k in range(self.ntensors)]

    def forward(self) -> Any:
        """The parametrized tensor."""
        first, *others = self
        made = first(*self.originals())
        for module in others:
            made = module(made)
        return made


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether the module, or that tensor of it, has parametrizations."""
    lists = module._modules.get("parametrizations")
    if not isinstance(lists, ModuleDict):
        return False
    return len(lists) > 0 if tensor_name is None else tensor_name in lists


def type_before_parametrizations(module: Module) -> type:
    """The module's class, as it was before any parametrization."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def _property(name: str) -> property:
    def read(self: Any) -> Any:
        if _cache is None:
            return self.parametrizations[name]()
        key = (id(self), name)
        if key not in _cache:
            _cache[key] = self.parametrizations[name]()
        return _cache[key]

    def write(self: Any, value: Any) -> None:
        self.parametrizations[name].right_inverse(value)

    return property(read, write)


def _deepcopy(self: Any, memo: dict[int, Any]) -> Any:
    kind: Any = type(self)
    made = kind.__new__(type(kind.__name__, kind.__bases__, dict(kind.__dict__)))  # its own class
    memo[id(self)] = made
    made.__dict__.update(copy.deepcopy(self.__dict__, memo))
    return made


def _no_pickle(self: Any, protocol: Any) -> Any:
    raise RuntimeError(
        "Serialization of parametrized modules is only supported through state_dict(). See: "
        "https://pytorch.org/tutorials/beginner/saving_loading_models.html"
    )


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Makes ``module.tensor_name`` be ``parametrization(original)`` from now on.

    Args:
        module: the owner of the parameter or buffer.
        tensor_name: its name.
        parametrization: a module; where it has ``right_inverse``, that gives the original from the
            present value, as a tensor or as several.
        unsafe: allow the shape or the dtype to change.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parametrize.register_parametrization.html
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        chain: Any = module.parametrizations[tensor_name]
        value = getattr(module, tensor_name)
        if not unsafe:
            made = parametrization(value)
            check(value, made, "a parametrization")
            check(value, inverse(parametrization, made), "parametrization.right_inverse")
        chain.append(parametrization)
        return module
    store = module._parameters if tensor_name in module._parameters else module._buffers
    if tensor_name not in store:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element "
            f"with name '{tensor_name}'"
        )
    made = ParametrizationList([parametrization], store[tensor_name], unsafe)
    if not is_parametrized(module):
        base = type(module)
        hidden = {"__reduce_ex__": _no_pickle, "__deepcopy__": _deepcopy}
        module.__class__ = type(f"Parametrized{base.__name__}", (base,), hidden)
        module.parametrizations = ModuleDict()
    del store[tensor_name]
    setattr(type(module), tensor_name, _property(tensor_name))
    module.parametrizations[tensor_name] = made
    return module


def remove_parametrizations(
    module: Module, tensor_name: str, leave_parametrized: bool = True
) -> Module:
    """Makes ``module.tensor_name`` an ordinary tensor again.

    Args:
        module: the owner.
        tensor_name: the tensor's name.
        leave_parametrized: keep the parametrized value; otherwise the original.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parametrize.remove_parametrizations.html
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    chain: Any = module.parametrizations[tensor_name]
    if not chain.is_tensor and not leave_parametrized:
        raise ValueError(
            "leave_parametrized=False is not supported: the parametrization starts from several "
            "tensors"
        )
    first = chain.originals()[0]
    if leave_parametrized:
        with no_grad():
            value = getattr(module, tensor_name).detach().clone()
        if chain.is_tensor:
            first.data = value
        else:
            first = Parameter(value) if isinstance(first, Parameter) else value
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    if not len(module.parametrizations):
        del module._modules["parametrizations"]
        module.__class__ = type(module).__bases__[0]
    if isinstance(first, Parameter):
        module.register_parameter(tensor_name, first)
    else:
        module.register_buffer(tensor_name, first)
    return module


def transfer_parametrizations_and_params(
    from_module: Module, to_module: Module, tensor_name: str | None = None
) -> Module:
    """Gives ``to_module`` the parametrizations of ``from_module`` and what they start from."""
    names = list(from_module.parametrizations) if tensor_name is None else [tensor_name]
    for name in names:
        chain = from_module.parametrizations[name]
        if not hasattr(to_module, name):
            to_module.register_parameter(name, Parameter(getattr(from_module, name).detach()))
        for parametrization in chain:
            register_parametrization(to_module, name, parametrization, unsafe=True)
        target: Any = to_module.parametrizations[name]
        for own, new in zip(target.originals(), chain.originals(), strict=True):
            own.data = new.data
    return to_module
