"""``torch.ops.<namespace>.<name>``: operators that ``library`` registered, and those of ``aten``.

Follows https://docs.pytorch.org/docs/stable/library.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from functools import cache
from importlib import import_module
from typing import Any

from .._tensor.tensor import Tensor
from ..autograd.function import Function
from ..autograd.grad_mode import is_grad_enabled, no_grad
from .schema import Schema, bind

__all__ = [
    "DispatchKey",
    "DispatchKeySet",
    "Namespace",
    "OpOverload",
    "OpOverloadPacket",
    "namespace",
    "overload",
    "tensors_in",
]

# which kernel computes, in this order
KERNELS = ("CPU", "CompositeExplicitAutograd", "CompositeImplicitAutograd")


def tensors_in(values: Any) -> Iterator[Tensor]:
    """The tensors of arguments, of lists among them too."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from tensors_in(value)


class OpOverload:
    """One operator with one schema; calling it runs the kernel that was registered for it."""

    def __init__(self, packet: OpOverloadPacket, overload_name: str, schema: Any) -> None:
        self.overloadpacket, self._overloadname, self._schema = packet, overload_name, schema
        self.namespace = packet._qualified_op_name.partition("::")[0]
        self.__name__ = f"{packet.__name__}.{overload_name}"
        self.__module__ = packet.__module__
        self.kernels: dict[str, Callable[..., Any]] = {}
        self.fake: Callable[..., Any] | None = None
        self.vmap: Callable[..., Any] | None = None
        self.formula: tuple[Callable[..., Any] | None, Callable[..., Any] | None] | None = None

    def __repr__(self) -> str:
        name, overload = self.overloadpacket._qualified_op_name, self._overloadname
        return f"<OpOverload(op='{name}', overload='{overload}')>"

    def __str__(self) -> str:
        return f"{self.overloadpacket}.{self._overloadname}"

    @property
    def op(self) -> OpOverload:
        """Itself."""
        return self

    def name(self) -> str:
        """``namespace::name`` and the overload's name, if it has one."""
        suffix = "" if self._overloadname == "default" else f".{self._overloadname}"
        return self.overloadpacket._qualified_op_name + suffix

    def has_kernel_for_dispatch_key(self, key: Any) -> bool:
        """Whether a kernel was registered for it."""
        return str(key).rpartition(".")[2] in self.kernels

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        given, keywords = bind(self._schema, args, kwargs)
        if "Autograd" in self.kernels and is_grad_enabled():
            return self.kernels["Autograd"](*given, **keywords)
        if self.formula is None:
            return self.compute(given, keywords)
        if self.vmap is not None and any(hasattr(x, "batch_dim") for x in tensors_in(given)):
            raise NotImplementedError(f"{self}: MiniTorch has no vmap of custom operators")
        if not is_grad_enabled() or not any(x.requires_grad for x in tensors_in(given)):
            with no_grad():
                return self.compute(given, keywords)
        return self.record(given, keywords)

    def compute(self, given: list[Any], keywords: dict[str, Any]) -> Any:
        """Runs the kernel; tensors on ``meta`` go to the one that ``register_fake`` gave."""
        if any(x.device.type == "meta" for x in tensors_in(given)):
            if self.fake is None and "CompositeImplicitAutograd" not in self.kernels:
                raise NotImplementedError(
                    f"{self.name()}: attempted to run this operator with Meta tensors, but there "
                    "was no fake impl or Meta kernel: register one with library.register_fake"
                )
            kernel = self.fake or self.kernels["CompositeImplicitAutograd"]
            return kernel(*given, **keywords)
        for key in KERNELS:
            if key in self.kernels:
                return self.kernels[key](*given, **keywords)
        raise NotImplementedError(
            f"Could not run '{self.name()}' with arguments from the 'CPU' backend: register a "
            f"kernel with library.impl. It has kernels for {sorted(self.kernels)}"
        )

    def record(self, given: list[Any], keywords: dict[str, Any]) -> Any:
        """Runs the kernel as one node of the graph, whose backward is the registered formula."""
        assert self.formula is not None
        backward, setup_context = self.formula
        layout = [len(x) if isinstance(x, list | tuple) else None for x in given]
        flat: list[Any] = []
        for value in given:
            flat += value if isinstance(value, list | tuple) else [value]
        kind: list[Any] = []  # the type of the result: a tensor, a list, a tuple

        def forward(ctx: Any, *leaves: Any) -> Any:
            inputs = tuple(grouped(leaves, layout))
            made = self.compute(list(inputs), keywords)
            if setup_context is not None:
                more = {"keyword_only_inputs": keywords} if keywords else {}
                setup_context(ctx=ctx, inputs=inputs, output=made, **more)
            kind.append(type(made))
            return tuple(made) if isinstance(made, list) else made

        def pull_back(ctx: Any, *grads: Any) -> Any:
            if backward is None:
                raise RuntimeError(
                    f"Trying to backward through {self} but no autograd formula was registered. "
                    "Please use register_autograd to add one."
                )
            made = backward(ctx, list(grads)) if kind[0] is list else backward(ctx, *grads)
            made = made if isinstance(made, tuple) else (made,)
            back: list[Any] = []
            for g, count in zip(made, layout, strict=True):
                back += [g] if count is None else ([None] * count if g is None else g)
            return tuple(back)

        name = f"GeneratedBackwardFor_{self}".replace(".", "_")
        methods = {"forward": staticmethod(forward), "backward": staticmethod(pull_back)}
        made = type(name, (Function,), methods).apply(*flat)  # type: ignore[attr-defined]  # made just now
        return list(made) if kind[0] is list else made


def grouped(leaves: Any, layout: list[int | None]) -> Iterator[Any]:
    rest = iter(leaves)
    for count in layout:
        yield next(rest) if count is None else [next(rest) for _ in range(count)]


class OpOverloadPacket:
    """The overloads of one name; calling it calls the only one, or aten's function."""

    def __init__(self, space: str, name: str, function: Callable[..., Any] | None = None) -> None:
        self._qualified_op_name, self.__name__ = f"{space}::{name}", name
        self.__module__ = f"torch._ops.{space}"
        self._function = function
        self._overloads: dict[str, OpOverload] = {}

    def __repr__(self) -> str:
        return f"<OpOverloadPacket(op='{self._qualified_op_name.replace('::', '.')}')>"

    def __str__(self) -> str:
        return self._qualified_op_name.replace("::", ".")

    def __getattr__(self, name: str) -> Any:
        if name in self._overloads:
            return self._overloads[name]
        if self._function is not None and name in known("_ops.overloads"):
            made: OpOverload = AtenOverload(self, name, None)
            return self._overloads.setdefault(name, made)
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(f"The underlying op of '{self}' has no overload name '{name}'")

    def overloads(self) -> list[str]:
        """The names of the overloads."""
        return list(self._overloads) or ["default"]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._function is not None:
            return self._function(*args, **kwargs)
        (*others, last) = self._overloads.values()
        for each in others:
            try:
                bind(each._schema, args, kwargs)
            except RuntimeError:
                continue
            return each(*args, **kwargs)
        return last(*args, **kwargs)


class AtenOverload(OpOverload):
    """An overload of aten: the public function, which looks at its arguments itself."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.overloadpacket._function(*args, **kwargs)  # type: ignore[misc]  # a function, not a method


class DispatchKey(Enum):
    """Where a kernel of an operator may belong; those of the CPU and of autograd run here."""

    Undefined, Dense, CPU, CUDA, Meta, Sparse, Python, BackendSelect = range(8)
    Autograd, AutogradCPU, AutogradCUDA, AutogradXPU, AutogradMeta, AutogradPrivateUse1 = range(
        8, 14
    )
    AutocastCPU, AutocastCUDA, AutocastXPU, AutocastMPS, AutocastPrivateUse1 = range(14, 19)
    CompositeImplicitAutograd, CompositeExplicitAutograd, ADInplaceOrView = range(19, 22)
    Functionalize, PythonDispatcher, FuncTorchBatched, PrivateUse1, XPU, MPS = range(22, 28)


class DispatchKeySet:
    """A set of dispatch keys."""

    def __init__(self, *keys: DispatchKey) -> None:
        self.keys = frozenset(keys)

    def has(self, key: DispatchKey) -> bool:
        """Whether it has the key."""
        return key in self.keys

    def add(self, key: DispatchKey) -> DispatchKeySet:
        """The set with the key, too."""
        return DispatchKeySet(*self.keys, key)

    def __or__(self, other: DispatchKeySet) -> DispatchKeySet:
        return DispatchKeySet(*self.keys, *other.keys)

    def __and__(self, other: DispatchKeySet) -> DispatchKeySet:
        return DispatchKeySet(*(self.keys & other.keys))

    def __sub__(self, other: DispatchKeySet) -> DispatchKeySet:
        return DispatchKeySet(*(self.keys - other.keys))


class Namespace:
    """``torch.ops.<name>``."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.packets: dict[str, OpOverloadPacket] = {}

    def __repr__(self) -> str:
        return f"<module 'torch.ops.{self.name}' from 'torch.ops'>"

    def __getattr__(self, name: str) -> OpOverloadPacket:
        if name in self.packets:
            return self.packets[name]
        function = aten(name) if self.name == "aten" and name[:2] != "__" else None
        if function is None:
            raise AttributeError(f"'_OpNamespace' '{self.name}' object has no attribute '{name}'")
        return self.packets.setdefault(name, OpOverloadPacket("aten", name, function))

    def __dir__(self) -> list[str]:
        return sorted(self.packets)


@cache
def known(module: str) -> set[str]:
    """The names of PyTorch's operators, or of their overloads."""
    return set(import_module("minitorch.compat.table").TABLE[module].raises.split())


def aten(name: str) -> Callable[..., Any] | None:
    """The public function or method that an operator of aten is; one that raises for others."""
    if name not in known("_ops.aten"):
        return None
    top, made = import_module("minitorch"), None
    module, _, rest = name.partition("_")
    if module in ("linalg", "fft", "special"):
        made = getattr(getattr(top, module), rest, None)
    made = made or vars(top).get(name) or getattr(Tensor, name, None)
    if made is None and name in import_module("minitorch.compat.siblings").FUNCTIONAL:
        made = getattr(top, name, None)
    if callable(made):
        function: Callable[..., Any] = made
        return function
    raising: Callable[..., Any] = import_module("minitorch.compat.modules").raising(
        f"ops.aten.{name}", "use the public function that computes the same"
    )
    return raising


NAMESPACES: dict[str, Namespace] = {}


def namespace(name: str) -> Namespace:
    """``torch.ops.<name>``, made when it is asked for."""
    return NAMESPACES.setdefault(name, Namespace(name))


def overload(qualified: str) -> OpOverload:
    """The operator ``namespace::name`` or ``namespace::name.overload``.

    Raises:
        RuntimeError: there is none.
    """
    space, _, rest = qualified.partition("::")
    name, _, which = rest.partition(".")
    packet = namespace(space).packets.get(name)
    found = packet and packet._overloads.get(which or "default")
    if not found:
        raise RuntimeError(f"operator {qualified} does not exist")
    return found


def define(space: str, schema: Schema) -> OpOverload:
    """Makes the operator of a schema.

    Raises:
        RuntimeError: it exists.
    """
    name = schema.name.partition("::")[2]
    packet = namespace(space).packets.setdefault(name, OpOverloadPacket(space, name))
    which = schema.overload_name or "default"
    if which in packet._overloads:
        raise RuntimeError(
            f"Tried to register an operator ({schema}) with the same name and overload name "
            "multiple times. Each overload's schema should only be registered with a single call "
            "to def()."
        )
    return packet._overloads.setdefault(which, OpOverload(packet, which, schema))
