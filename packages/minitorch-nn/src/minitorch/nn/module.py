"""``Module``: parameters, buffers and submodules by attribute, and what is done to all of them."""

from __future__ import annotations

import inspect
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, Self, cast

import minitorch
from minitorch import Tensor
from minitorch.extend import fold, module_writes, not_tensor

from .conversion import Conversion
from .hooks import (
    DICTIONARIES,
    Hooks,
    call_with_hooks,
    register_module_backward_hook,
    register_module_buffer_registration_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
    registered,
    use_globals,
)
from .parameter import Buffer, Parameter, UninitializedParameter
from .state import _EXTRA_STATE_KEY_SUFFIX as _EXTRA_STATE_KEY_SUFFIX
from .state import State
from .state import _IncompatibleKeys as _IncompatibleKeys

__all__ = [
    "Module",
    "register_module_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]

KINDS = ("_parameters", "_buffers", "_modules")

# Of all modules, under PyTorch's names; `hooks` reads and fills them
_global_backward_pre_hooks: OrderedDict[int, Any] = OrderedDict()
_global_backward_hooks: OrderedDict[int, Any] = OrderedDict()
_global_is_full_backward_hook: bool | None = None
_global_forward_pre_hooks: OrderedDict[int, Any] = OrderedDict()
_global_forward_hooks: OrderedDict[int, Any] = OrderedDict()
_global_forward_hooks_always_called: OrderedDict[int, bool] = OrderedDict()
_global_forward_hooks_with_kwargs: OrderedDict[int, bool] = OrderedDict()
_global_parameter_registration_hooks: OrderedDict[int, Any] = OrderedDict()
_global_buffer_registration_hooks: OrderedDict[int, Any] = OrderedDict()
_global_module_registration_hooks: OrderedDict[int, Any] = OrderedDict()
use_globals(globals())


class Module(Hooks, State, Conversion):
    """The base of all modules: subclass it, assign the parts in ``__init__``, write ``forward``.

    Tensors wrapped in ``Parameter`` and other modules become part of the module when assigned to
    an attribute.

    Attributes:
        training: whether the module is in training mode (``train()``, ``eval()``).

    Example:
        >>> import minitorch
        >>> from minitorch import nn
        >>> class Net(nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.hidden = nn.Linear(3, 8)
        ...         self.out = nn.Linear(8, 1)
        ...     def forward(self, x):
        ...         return self.out(self.hidden(x).tanh())
        >>> Net()(minitorch.zeros(5, 3)).shape
        torch.Size([5, 1])
    """

    call_super_init = False  # whether __init__ calls that of the next base class, too
    dump_patches = False  # PyTorch's, without effect there too

    training: bool
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]
    _non_persistent_buffers_set: set[str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if (args or kwargs) and not self.call_super_init:
            given = next(iter(kwargs), None)
            raise TypeError(
                f"{type(self).__name__}.__init__() got an unexpected keyword argument '{given}'"
                if given
                else f"{type(self).__name__}.__init__() takes 1 positional argument but "
                f"{len(args) + 1} were given"
            )
        self.__dict__.update(
            training=True,
            _parameters={},
            _buffers={},
            _non_persistent_buffers_set=set(),
            _modules={},
            _is_full_backward_hook=None,
            **{name: OrderedDict() for name in DICTIONARIES},
        )
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        own = self.__dict__
        try:
            try:
                if (
                    own["_forward_hooks"]
                    or own["_forward_pre_hooks"]
                    or own["_backward_hooks"]
                    or own["_backward_pre_hooks"]
                    or _global_forward_hooks
                    or _global_forward_pre_hooks
                    or _global_backward_hooks
                    or _global_backward_pre_hooks
                ):
                    return call_with_hooks(self, args, kwargs)
                return self.forward(*args, **kwargs)
            except Exception as error:
                check_hooks(self)
                if args and not isinstance(args[0], Tensor | tuple):
                    check_input(self, args[0], error)
                raise
        except Exception as error:
            fold(error)
            raise

    _call_impl = __call__

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes: every subclass writes its own."""
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        )

    # --- attributes --------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        own = self.__dict__
        for kind in ("_modules", "_parameters", "_buffers"):  # modules are asked for most often
            members = own.get(kind, ())
            if name in members:
                return members[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __setattr__(self, name: str, value: Any) -> None:
        own = self.__dict__
        if isinstance(value, Parameter | UninitializedParameter):
            remove(self, name, "_parameters")
            self.register_parameter(name, value)
        elif isinstance(value, Module):
            check_init(self, "module")
            remove(self, name, "_modules")
            own["_modules"][name] = registered(self, "module", name, value)
        elif isinstance(value, Buffer):
            register = self.register_buffer
            if "persistent" in inspect.signature(register).parameters:
                register(name, value, value.persistent)
            elif value.persistent:
                register(name, value)  # of a subclass that knows of no other buffers
            else:
                raise RuntimeError(
                    "Registering a non-persistent buffer on a Module subclass that implements "
                    "register_buffer() without the persistent argument is not allowed."
                )
        elif name in own.get("_parameters", ()):
            if value is not None:
                raise TypeError(
                    f"cannot assign '{minitorch_name(value)}' as parameter '{name}' "
                    "(torch.nn.Parameter or None expected)"
                )
            own["_parameters"][name] = None
        elif name in own.get("_modules", ()):
            if value is not None:
                raise TypeError(
                    f"cannot assign '{minitorch_name(value)}' as child module '{name}' "
                    "(torch.nn.Module or None expected)"
                )
            own["_modules"][name] = None
        elif name in own.get("_buffers", ()):
            if value is not None and not isinstance(value, Tensor):
                raise TypeError(
                    f"cannot assign '{minitorch_name(value)}' as buffer '{name}' "
                    "(torch.nn.Buffer, torch.Tensor or None expected)"
                )
            own["_buffers"][name] = value
        else:
            object.__setattr__(self, name, value)
        module_writes[0] = object()

    def __delattr__(self, name: str) -> None:
        for kind in KINDS:
            if name in self.__dict__.get(kind, ()):
                del self.__dict__[kind][name]
                self._non_persistent_buffers_set.discard(name)
                break
        else:
            object.__delattr__(self, name)
        module_writes[0] = object()

    def __dir__(self) -> list[str]:
        names = set(super().__dir__())
        for kind in KINDS:
            names.update(self.__dict__.get(kind, ()))
        return sorted(name for name in names if not name[0].isdigit())

    def _replicate_for_data_parallel(self) -> Self:
        """Another module without parameters of its own, to be given tensors in their place."""
        replica = object.__new__(type(self))
        replica.__dict__ = self.__dict__ | {
            "_parameters": {},
            "_buffers": self._buffers.copy(),
            "_modules": self._modules.copy(),
            "_is_replica": True,
        }
        return replica

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for name in DICTIONARIES:  # those that an older version did not have
            self.__dict__.setdefault(name, OrderedDict())
        module_writes[0] = object()

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Adds a parameter; None makes the name known and leaves it out of ``parameters()``."""
        check_init(self, "parameters")
        check_name(self, "parameter", name, "_parameters")
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{minitorch_name(param)}' object to parameter '{name}' "
                "(torch.nn.Parameter or None required)"
            )
        if param is not None and param.grad_fn is not None:
            raise ValueError(
                f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be "
                "created explicitly. To express it as a function of another Tensor, compute the "
                "value in the forward() method."
            )
        self._parameters[name] = registered(self, "parameter", name, param)
        module_writes[0] = object()

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Adds a tensor that is not learned, such as a running mean.

        Args:
            name: the attribute.
            tensor: the values, or None to make the name known.
            persistent: whether it is part of ``state_dict()``.
        """
        check_init(self, "buffers")
        check_name(self, "buffer", name, "_buffers")
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{minitorch_name(tensor)}' object to buffer '{name}' "
                "(torch Tensor or None required)"
            )
        self._buffers[name] = registered(self, "buffer", name, tensor)
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)
        module_writes[0] = object()

    def add_module(self, name: str, module: Module | None) -> None:
        """Adds a submodule; None makes the name known."""
        check_init(self, "module")
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{minitorch_name(module)} is not a Module subclass")
        check_name(self, "module", name, "_modules")
        self._modules[name] = registered(self, "module", name, module)
        module_writes[0] = object()

    register_module = add_module

    # --- walking -----------------------------------------------------------------------------

    def named_modules(
        self, memo: set[Any] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """Yields (name, module) of this module and of all below it, each module once."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, child in self._modules.items():
            if child is not None:
                inner = f"{prefix}.{name}" if prefix else name
                yield from child.named_modules(memo, inner, remove_duplicate)

    def modules(self) -> Iterator[Module]:
        """Yields this module and all below it, each once."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yields (name, module) of the direct submodules, each once."""
        seen: set[Module] = set()
        for name, child in self._modules.items():
            if child is not None and child not in seen:
                seen.add(child)
                yield name, child

    def children(self) -> Iterator[Module]:
        """Yields the direct submodules."""
        return (child for _, child in self.named_children())

    def _named_members(
        self, kind: str, prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        modules = (
            self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
            if recurse
            else [(prefix, self)]
        )
        for path, module in modules:
            for name, member in module.__dict__[kind].items():
                if member is None or id(member) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(member))
                yield f"{path}.{name}" if path else name, member

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Yields (name, parameter) of this module and, with ``recurse``, of all below it."""
        return self._named_members("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Yields the parameters, each once: what an optimizer takes."""
        return (member for _, member in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Yields (name, buffer) of this module and, with ``recurse``, of all below it."""
        return self._named_members("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Yields the buffers, each once."""
        return (member for _, member in self.named_buffers(recurse=recurse))

    def get_submodule(self, target: str) -> Module:
        """The module at ``target``, such as ``"encoder.layers.0"``; itself for ``""``."""
        module: Any = self
        for name in target.split(".") if target else ():
            if not hasattr(module, name):
                raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
            module = getattr(module, name)
            if not isinstance(module, Module):
                raise AttributeError(f"`{name}` is not an nn.Module")
        return cast(Module, module)

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Puts ``module`` in the place ``target``; with ``strict`` only where one is already."""
        if not target:
            raise ValueError("Cannot set the submodule without a target name!")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if strict and not isinstance(getattr(parent, name, None), Module):
            raise AttributeError(f"{parent._get_name()} has no attribute `{name}`")
        if not isinstance(module, Module):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at ``target``, such as ``"encoder.weight"``."""
        return cast(Parameter, member_at(self, target, "_parameters", "an nn.Parameter"))

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at ``target``, such as ``"norm.running_mean"``."""
        return cast(Tensor, member_at(self, target, "_buffers", "a buffer"))

    # --- changing all ------------------------------------------------------------------------

    def apply(self, fn: Callable[[Module], Any]) -> Self:
        """Calls ``fn`` with every module, children first; returns the module."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Has ``forward`` run as a program from now on: ``minitorch.compile`` with these arguments,
        in place."""
        self.__dict__["forward"] = minitorch.compile(self.forward, *args, **kwargs)

    def train(self, mode: bool = True) -> Self:
        """Sets training mode here and below: dropout drops, batch norm learns its statistics."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for child in self.children():
            child.train(mode)
        return self

    def eval(self) -> Self:
        """Leaves training mode."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Says of all parameters whether ``backward`` collects their gradient."""
        for param in self.parameters():
            param.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drops the gradients of all parameters, or fills them with zeros."""
        for param in self.parameters():
            if set_to_none or param.grad is None:
                param.grad = None
            else:
                if param.grad.grad_fn is not None:
                    param.grad = param.grad.detach()
                with minitorch.no_grad():
                    param.grad.zero_()

    # --- repr --------------------------------------------------------------------------------

    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """What ``repr`` shows between the parentheses; subclasses write their own."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        children = [
            f"({name}): " + repr(child).replace("\n", "\n  ")
            for name, child in self._modules.items()
        ]
        if len(lines) == 1 and not children:
            return f"{self._get_name()}({extra})"
        if not lines and not children:
            return f"{self._get_name()}()"
        return f"{self._get_name()}(\n  " + "\n  ".join(lines + children) + "\n)"


def minitorch_name(value: Any) -> str:
    """The type's name as PyTorch's errors give it."""
    kind = type(value)
    return "torch.FloatTensor" if kind is Tensor else f"{kind.__module__}.{kind.__qualname__}"


def check_init(module: Module, what: str) -> None:
    if "_parameters" not in module.__dict__:
        raise AttributeError(f"cannot assign {what} before Module.__init__() call")


def check_hooks(module: Module) -> None:
    for name in DICTIONARIES:
        if name not in module.__dict__:
            raise AttributeError(
                f"'{type(module).__name__}' object has no attribute '{name}': its __init__() must "
                "call super().__init__()"
            ) from None


def check_input(module: Module, x: Any, error: Exception) -> None:
    """Raises PyTorch's TypeError where a layer of this package failed on ``x``, no tensor."""
    if type(module).__module__.startswith("minitorch.nn.modules."):
        if not (isinstance(error, TypeError) and "must be Tensor" in str(error)):
            first = next(iter(inspect.signature(module.forward).parameters))
            raise not_tensor(type(module), first, 1, x) from None


def remove(module: Module, name: str, keep: str | None = None) -> None:
    """Takes ``name`` out of wherever it is, so that it can become something else."""
    own = module.__dict__
    own.pop(name, None)
    for kind in KINDS:
        if kind != keep and kind in own:
            own[kind].pop(name, None)
    if "_non_persistent_buffers_set" in own:
        own["_non_persistent_buffers_set"].discard(name)


def check_name(module: Module, what: str, name: Any, kind: str) -> None:
    if not isinstance(name, str):
        raise TypeError(f"{what} name should be a string. Got {type(name).__name__}")
    if "." in name:
        raise KeyError(f'{what} name can\'t contain ".", got: {name!r}')
    if not name:
        raise KeyError(f'{what} name can\'t be empty string ""')
    if hasattr(module, name) and name not in module.__dict__[kind]:
        raise KeyError(f"attribute '{name}' already exists")


def member_at(module: Module, target: str, kind: str, what: str) -> Any:
    path, _, name = target.rpartition(".")
    owner = module.get_submodule(path)
    if not hasattr(owner, name):
        raise AttributeError(f"{owner._get_name()} has no attribute `{name}`")
    if name not in owner.__dict__[kind]:
        raise AttributeError(f"`{name}` is not {what}")
    return getattr(owner, name)
