"""``library``: operators of your own, under ``torch.ops``.

Follows https://docs.pytorch.org/docs/stable/library.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

from .._tensor.tensor import Tensor
from ..autograd.grad_mode import no_grad
from .operators import NAMESPACES, OpOverload, namespace, overload, tensors_in
from .operators import define as define_operator
from .schema import infer, parse

__all__ = [
    "CustomOpDef", "Library", "custom_op", "define", "fallthrough_kernel", "get_ctx",
    "get_kernel", "impl", "impl_abstract", "infer_schema", "opcheck", "register_autocast",
    "register_autograd", "register_fake", "register_kernel", "register_torch_dispatch",
    "register_vmap", "triton_op", "wrap_triton",
]  # fmt: skip

Operator = Any  # "namespace::name", an OpOverload or a CustomOpDef
EARLY: dict[str, Callable[..., Any]] = {}  # fakes of operators that a compiled library defines
CPU = {"": "CompositeImplicitAutograd", "default": "CompositeImplicitAutograd", "cpu": "CPU"}
CPU |= {"AutogradCPU": "Autograd"}


def _qualified(op: Operator) -> str:
    if isinstance(op, CustomOpDef):
        return op._qualname
    name: str = op.name() if isinstance(op, OpOverload) else op
    if not isinstance(name, str) or name.count("::") != 1:
        raise ValueError(f"Expected an operator or its name as 'namespace::name', got {op!r}")
    return name


class CustomOpDef:
    """What ``custom_op`` gives: call it, and register more kernels and its gradient on it."""

    def __init__(self, name: str, schema: str, fn: Callable[..., Any]) -> None:
        self._qualname = name
        self._namespace, _, self._name = name.partition("::")
        self._init_fn = fn
        namespace(self._namespace).packets.pop(self._name, None)  # a second definition wins
        self._opoverload = define_operator(self._namespace, parse(name + schema, name))
        self._opoverload.formula = (None, None)
        self._opoverload.fake = EARLY.pop(name, None)
        self._opoverload.kernels["CPU"] = self._checked(fn)
        self.__doc__, self.__name__ = fn.__doc__, self._name

    def __repr__(self) -> str:
        return f"<CustomOpDef({self._qualname})>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._opoverload(*args, **kwargs)

    def _checked(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        """The kernel; its results own their memory, and what it writes to says so."""
        written = [
            (k, a.name) for k, a in enumerate(self._opoverload._schema.arguments) if a.is_write
        ]

        def kernel(*args: Any, **kwargs: Any) -> Any:
            made = fn(*args, **kwargs)
            given = [x.untyped_storage().data_ptr() for x in tensors_in((*args, *kwargs.values()))]
            for x in tensors_in((made,)):
                if x.numel() and (address := x.untyped_storage().data_ptr()) in given:
                    raise RuntimeError(
                        f"{self._name} (with implementation in {fn.__module__}): The output of "
                        "this custom operator (1) must not also be an input to this custom "
                        "operator and (2) may not alias any inputs to this custom operator or "
                        "other returns. Return a clone of the offending output tensor(s) (e.g. "
                        "return x.clone())."
                    )
                given.append(address)
            for k, name in written:
                for x in tensors_in((kwargs[name] if name in kwargs else args[k],)):
                    x._counter[0] += 1
            return made

        return kernel

    def register_kernel(self, device_types: Any, fn: Any = None, /) -> Any:
        """Another kernel, for device types; that of ``"cpu"`` is the one that runs here."""

        def register(fn: Callable[..., Any]) -> Callable[..., Any]:
            kinds = [device_types] if isinstance(device_types, str | None) else device_types
            for kind in kinds:
                key = "CPU" if kind in (None, "cpu") else kind.upper()
                self._opoverload.kernels[key] = self._checked(fn)
            return fn

        return register if fn is None else register(fn)

    def register_fake(self, fn: Callable[..., Any], /) -> Callable[..., Any]:
        """What computes the shapes and dtypes of the results of tensors on ``meta``."""
        self._opoverload.fake = fn
        return fn

    def register_autograd(
        self, backward: Callable[..., Any], /, *, setup_context: Callable[..., Any] | None = None
    ) -> None:
        """The gradient: ``backward(ctx, *grads)`` gives one gradient per positional argument.

        ``setup_context(ctx, inputs, output)`` keeps what it needs; with keyword-only arguments it
        takes ``keyword_only_inputs`` too.

        Raises:
            RuntimeError: the operator writes to its arguments.
        """
        schema = self._opoverload._schema
        if schema.is_mutable:
            raise RuntimeError(
                f"Cannot register autograd formula for non-functional operator {self} with schema "
                f"{schema}. Please create a functional operator and register an autograd formula "
                "for that."
            )
        self._opoverload.formula = (backward, setup_context)

    def register_vmap(self, func: Any = None) -> Any:
        """Keeps the rule; ``vmap`` over the operator raises all the same."""
        if func is None:
            return self.register_vmap
        self._opoverload.vmap = func
        return func

    def register_torch_dispatch(self, torch_dispatch_class: Any, fn: Any = None, /) -> Any:
        """Gives back ``fn``: nothing here is dispatched by ``__torch_dispatch__``."""
        return (lambda fn: fn) if fn is None else fn

    def register_autocast(self, device_type: str, cast_inputs: Any) -> None:
        """Keeps nothing for other devices than the CPU, where it raises."""
        register_autocast(self, device_type, cast_inputs)


def custom_op(
    name: str, fn: Callable[..., Any] | None = None, /, *, mutates_args: str | Iterable[str],
    device_types: Any = None, schema: str | None = None, tags: Sequence[Any] | None = None,
) -> Any:  # fmt: skip
    """Makes an operator of a function; it is one node of the graph, whatever it does inside.

    Args:
        name: ``"namespace::name"``.
        mutates_args: the names of the arguments that it writes to, or ``"unknown"``.
        device_types: where the function computes; elsewhere the operator has no kernel yet.
        schema: ``"(Tensor x, int n) -> Tensor"``; None: from the annotations.

    Raises:
        ValueError: an annotation is missing or of a type that no schema has.

    Example:
        >>> import minitorch as torch
        >>> @torch.library.custom_op("docs::double", mutates_args=())
        ... def double(x: torch.Tensor) -> torch.Tensor:
        ...     return torch.from_numpy(x.numpy() * 2)
        >>> double.register_autograd(lambda ctx, g: 2 * g)
        >>> x = torch.ones(2, requires_grad=True)
        >>> torch.ops.docs.double(x).sum().backward()
        >>> x.grad
        tensor([2., 2.])
    """

    def make(fn: Callable[..., Any]) -> CustomOpDef:
        made = CustomOpDef(name, infer(fn, mutates_args) if schema is None else schema, fn)
        if device_types is not None:
            kernel = made._opoverload.kernels.pop("CPU")
            kinds = [device_types] if isinstance(device_types, str) else device_types
            made._opoverload.kernels |= {kind.upper(): kernel for kind in kinds}
        return made

    if name.count("::") != 1:
        raise ValueError(f"Expected the name as 'namespace::name', got {name!r}")
    return make if fn is None else make(fn)


def infer_schema(
    prototype_function: Callable[..., Any], /, *, mutates_args: str | Iterable[str],
    op_name: str | None = None,
) -> str:  # fmt: skip
    """The schema that ``custom_op`` would write for an annotated function.

    Example:
        >>> import minitorch as torch
        >>> def scale(x: torch.Tensor, by: float = 2.0) -> torch.Tensor: ...
        >>> torch.library.infer_schema(scale, mutates_args=())
        '(Tensor x, float by=2.0) -> Tensor'
    """
    return infer(prototype_function, mutates_args, op_name or "")


class Library:
    """Operators of a namespace: ``define`` them, then give them kernels with ``impl``.

    Args:
        ns: the namespace.
        kind: ``"DEF"`` (once per namespace), ``"FRAGMENT"`` or ``"IMPL"``.
        dispatch_key: that of ``impl`` where none is given.

    Raises:
        ValueError: another kind.
        RuntimeError: a second ``"DEF"`` of a namespace.
    """

    _defined: ClassVar[set[str]] = {"aten", "prim", "prims"}

    def __init__(self, ns: str, kind: str, dispatch_key: str = "") -> None:
        if kind not in ("DEF", "FRAGMENT", "IMPL"):
            raise ValueError(f"Unsupported kind: {kind}")
        if kind == "DEF":
            if ns in self._defined:
                raise RuntimeError(
                    "Only a single TORCH_LIBRARY can be used to register the namespace "
                    f"{ns}; use Library({ns!r}, 'FRAGMENT') to add to it"
                )
            self._defined.add(ns)
        self.ns, self.kind, self.dispatch_key = ns, kind, dispatch_key
        self._names: list[str] = []

    def __repr__(self) -> str:
        return f"Library(kind={self.kind}, ns={self.ns}, dispatch_key={self.dispatch_key})>"

    def define(self, schema: str, alias_analysis: str = "", *, tags: Any = ()) -> str:
        """Makes an operator; returns its name.

        Raises:
            RuntimeError: it exists, or the schema is none.
        """
        if alias_analysis not in ("", "FROM_SCHEMA", "CONSERVATIVE"):
            raise RuntimeError(f"Invalid alias_analysis type {alias_analysis}")
        parsed = parse(schema)
        made = define_operator(self.ns, parse(f"{self.ns}::{schema.strip()}"))
        made.fake = EARLY.pop(made.name(), None)
        self._names.append(parsed.name)
        return parsed.name + (f".{parsed.overload_name}" if parsed.overload_name else "")

    def impl(
        self, op_name: Any, fn: Callable[..., Any], dispatch_key: str = "", *,
        with_keyset: bool = False, allow_override: bool = False,
    ) -> None:  # fmt: skip
        """Gives an operator a kernel; those of ``"CPU"`` and of no key run here."""
        if not callable(fn):
            raise TypeError(
                f"Input function is required to be a callable but found type {type(fn)}"
            )
        name = op_name.name() if isinstance(op_name, OpOverload) else op_name
        name = name if "::" in name else f"{self.ns}::{name}"
        key = dispatch_key or self.dispatch_key
        if key == "Meta":
            _set_fake(name, fn)
        else:
            overload(name).kernels[CPU.get(key, key)] = fn

    def _register_fake(self, op_name: str, fn: Callable[..., Any], *_: Any, **__: Any) -> None:
        _set_fake(f"{self.ns}::{op_name}", fn)

    def _destroy(self) -> None:
        space = NAMESPACES.get(self.ns)
        for name in self._names:
            if space is not None:
                space.packets.pop(name, None)
        self._names.clear()
        if self.kind == "DEF":
            self._defined.discard(self.ns)


def define(qualname: str, schema: str, *, lib: Library | None = None, tags: Any = ()) -> None:
    """Makes the operator ``"namespace::name"`` with the schema ``"(Tensor x) -> Tensor"``."""
    space, _, name = _qualified(qualname).partition("::")
    (lib or Library(space, "FRAGMENT")).define(name + schema, tags=tags)


def impl(qualname: Any, types: Any = "default", func: Any = None, *, lib: Any = None) -> Any:
    """Gives an operator its kernel for device types (``"cpu"``) or for all (``"default"``).

    Without ``func`` a decorator. ``impl(library, name, key)`` is the older form.
    """
    if isinstance(qualname, Library):
        library, name, key = qualname, types, func or ""

        def of_library(fn: Callable[..., Any]) -> Callable[..., Any]:
            library.impl(name, fn, key)
            return fn

        return of_library

    def register(fn: Callable[..., Any]) -> Any:
        for kind in [types] if isinstance(types, str) else types:
            key = {"default": "CompositeExplicitAutograd", "cpu": "CPU"}.get(kind, kind)
            overload(_qualified(qualname)).kernels[key] = fn
        return None

    return register if func is None else register(func)


def _set_fake(name: str, fn: Callable[..., Any]) -> None:
    try:
        overload(name).fake = fn
    except RuntimeError:  # of a compiled library, which defines it where it can be loaded
        EARLY[name] = fn


def register_fake(
    op: Operator, func: Any = None, /, *, lib: Any = None, _stacklevel: int = 1,
    allow_override: bool = False,
) -> Any:  # fmt: skip
    """What computes the shapes and dtypes of the results of tensors on ``meta``.

    Without ``func`` a decorator.
    """

    def register(fn: Callable[..., Any]) -> Callable[..., Any]:
        _set_fake(_qualified(op), fn)
        return fn

    return register if func is None else register(func)


impl_abstract = register_fake


def register_kernel(
    op: Operator, device_types: Any, func: Any = None, /, *, lib: Any = None
) -> Any:
    """Gives an operator its kernel for device types; without ``func`` a decorator."""
    found = overload(_qualified(op))

    def register(fn: Callable[..., Any]) -> Callable[..., Any]:
        for kind in [device_types] if isinstance(device_types, str | None) else device_types:
            found.kernels["CPU" if kind in (None, "cpu") else kind.upper()] = fn
        return fn

    return register if func is None else register(func)


def register_autograd(
    op: Operator, backward: Callable[..., Any], /, *,
    setup_context: Callable[..., Any] | None = None, lib: Any = None,
) -> None:  # fmt: skip
    """Gives an operator its gradient: see ``CustomOpDef.register_autograd``.

    Raises:
        RuntimeError: the operator does not exist, or writes to its arguments.
    """
    found = overload(_qualified(op))
    if found._schema.is_mutable:
        raise RuntimeError(
            f"Cannot register autograd formula for non-functional operator {found} with schema "
            f"{found._schema}. Please create a functional operator and register an autograd "
            "formula for that."
        )
    found.formula = (backward, setup_context)


def register_vmap(op: Operator, func: Any = None, /, *, lib: Any = None) -> Any:
    """Keeps the rule of an operator; ``vmap`` over it raises all the same."""

    def register(fn: Callable[..., Any]) -> Callable[..., Any]:
        overload(_qualified(op)).vmap = fn
        return fn

    return register if func is None else register(func)


def register_autocast(
    op: Operator, device_type: str, cast_inputs: Any, /, *, lib: Any = None
) -> None:
    """For other devices than the CPU nothing is to be done.

    Raises:
        NotImplementedError: for the CPU.
    """
    if device_type == "cpu":
        raise NotImplementedError(
            "library.register_autocast on the CPU: cast the inputs inside of the operator"
        )


def register_torch_dispatch(
    op: Operator, torch_dispatch_class: Any, func: Any = None, /, *, lib: Any = None
) -> Any:
    """Gives back ``func``: nothing here is dispatched by ``__torch_dispatch__``."""
    return (lambda fn: fn) if func is None else func


def get_kernel(op: Operator, dispatch_key: Any) -> Callable[..., Any]:
    """The kernel that was registered.

    Raises:
        RuntimeError: none was.
    """
    key = str(dispatch_key).rpartition(".")[2]
    found = overload(_qualified(op)).kernels.get(CPU.get(key, key))
    if found is None:
        raise RuntimeError(f"{op} has no kernel for {key}")
    return found


def fallthrough_kernel(*args: Any, **kwargs: Any) -> Any:
    """Raises: a kernel that hands on to the next one is nothing that can be called."""
    raise NotImplementedError("fallthrough_kernel() should never be called.")


def get_ctx() -> Any:
    """Raises: sizes here are known when a fake runs, so that none depends on data."""
    raise RuntimeError("library.get_ctx: MiniTorch traces no sizes that depend on data")


def triton_op(name: str, fn: Any = None, /, *, mutates_args: Any, schema: Any = None) -> Any:
    """``custom_op`` of a function that runs Triton's kernels where it is called on a GPU."""
    return custom_op(name, fn, mutates_args=mutates_args, schema=schema)


def wrap_triton(triton_kernel: Any, /) -> Any:
    """Gives back the kernel, which Triton runs on GPUs."""
    return triton_kernel


def opcheck(
    op: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None = None, *,
    test_utils: Any = ("test_schema", "test_autograd_registration"),
    raise_exception: bool = True, atol: float | None = None, rtol: float | None = None,
) -> dict[str, str]:  # fmt: skip
    """Calls an operator and holds it against its schema.

    Returns:
        What was asked -> ``"SUCCESS"``, or the error where ``raise_exception`` is False.

    Raises:
        RuntimeError: it writes to what the schema does not mark, or has no gradient.
    """
    found = overload(_qualified(op))
    names = [test_utils] if isinstance(test_utils, str) else [*test_utils]
    checks = {"test_schema": _writes_as_it_says, "test_autograd_registration": _has_gradient}
    answers: dict[str, str] = {}
    for name in names:
        if name not in checks:
            raise ValueError(f"opcheck: MiniTorch has {sorted(checks)}, not {name!r}")
        try:
            checks[name](found, args, kwargs or {})
            answers[name] = "SUCCESS"
        except RuntimeError as error:
            if raise_exception:
                raise
            answers[name] = str(error)
    return answers


def _writes_as_it_says(op: OpOverload, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    allowed = {
        id(x)
        for a, value in zip(op._schema.arguments, args, strict=False)
        if a.is_write
        for x in tensors_in((value,))
    }
    before = [(x, x.detach().clone()) for x in tensors_in((*args, *kwargs.values()))]
    with no_grad():
        op(*args, **kwargs)
    for x, values in before:
        same = bool(((x == values) | ((x != x) & (values != values))).all())
        if not same and id(x) not in allowed:
            raise RuntimeError(
                f"{op} wrote to an argument that its schema does not mark: {op._schema}"
            )


def _has_gradient(op: OpOverload, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    tracked = any(isinstance(x, Tensor) and x.requires_grad for x in tensors_in(args))
    if tracked and op.formula == (None, None):
        raise RuntimeError(f"{op} has no autograd formula: register one with register_autograd")
