"""Parameters and buffers: the tensors that a module owns."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn, Self, TypeVar, cast

from minitorch import Tensor, tensor
from minitorch.extend import as_shape, disabled_torch_function, let_tensors_ask

__all__ = [
    "Buffer",
    "Parameter",
    "UninitializedBuffer",
    "UninitializedParameter",
    "is_lazy",
]


T = TypeVar("T", bound=Tensor)


class _ParameterType(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        """Also a tensor of another class is a Parameter once it was made one."""
        if super().__instancecheck__(instance):
            return True
        return cls is Parameter and getattr(instance, "_is_param", False)


class Parameter(Tensor, metaclass=_ParameterType):
    """A tensor that a module learns: assigned to an attribute, it joins ``parameters()``.

    Args:
        data: the values, whose memory is shared; empty by default. A tensor of another class than
            Tensor keeps its class, and is a Parameter for ``isinstance`` from then on.
        requires_grad: whether ``backward`` collects its gradient.

    Example:
        >>> import minitorch
        >>> minitorch.nn.Parameter(minitorch.ones(2))
        Parameter containing:
        tensor([1., 1.], requires_grad=True)

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.parameter.Parameter.html
    """

    __torch_function__: Any = disabled_torch_function

    _shown_as = "tensor"

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Self:
        if isinstance(data, Tensor) and type(data) not in (Tensor, Parameter):
            kept = data.detach()
            if type(kept) is type(data):
                vars(kept)["_is_param"] = True
                return cast(Self, kept.requires_grad_(requires_grad))
        return _sharing(cls, data, requires_grad)

    def __repr__(self, **kwargs: Any) -> str:  # type: ignore[override]  # mypy drops names here
        return "Parameter containing:\n" + super().__repr__(**kwargs)


class Buffer(Tensor):
    """A tensor that belongs to a module's state and is not learned, such as a running mean.

    Args:
        data: the values, whose memory is shared; empty by default.
        persistent: whether it is part of ``state_dict()``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.parameter.Buffer.html
    """

    __torch_function__: Any = disabled_torch_function

    persistent: bool

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Self:
        made = _sharing(cls, data)
        made.persistent = persistent
        return made


def _sharing(kind: type[T], data: Tensor | None, requires_grad: bool = False) -> T:
    """A leaf of class ``kind`` on the memory of ``data``."""
    if data is None:
        data = tensor([])
    elif not isinstance(data, Tensor):
        raise TypeError(f"expected a Tensor, but got {type(data).__name__}: wrap it in tensor(...)")
    return Tensor._make_subclass(kind, data, requires_grad)


# what may be done to a tensor whose shape is not known yet
ALLOWED = {
    "__get__", "__set__", "__delete__", "__hash__", "__repr__", "__reduce_ex__", "__deepcopy__",
    "size", "copy_", "detach", "is_complex", "is_floating_point", "half", "float", "double", "char",
    "short", "int", "long", "cuda", "cpu", "to", "get_device", "requires_grad_", "share_memory_",
}  # fmt: skip


def _refuse(cls: Any, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
    """The ``__torch_function__`` of parameters that have no shape yet."""
    name = getattr(func, "__name__", "")
    if name in ALLOWED:
        return disabled_torch_function(func, types, args, kwargs)
    raise ValueError(
        f"Attempted to use an uninitialized parameter in {name}. This error happens when you "
        "are using a `LazyModule` or explicitly manipulating "
        f"`torch.nn.parameter.{cls.__name__}` objects. When using LazyModules Call `forward` "
        "with a dummy batch to initialize the parameters before calling torch functions"
    )


class _Uninitialized(Tensor):
    """What a lazy module holds until its first input tells the shape."""

    kind: ClassVar[Any] = None

    __torch_function__: Any = disabled_torch_function  # until there is one: functions ask nobody

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> Self:
        if _Uninitialized.__torch_function__ is disabled_torch_function:
            _Uninitialized.__torch_function__ = classmethod(_refuse)
            let_tensors_ask()
        return _sharing(cls, tensor([], dtype=dtype, device=device), requires_grad)

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Gives it the shape; from then on it is an ordinary parameter or buffer."""
        from minitorch import empty

        place = self.device if device is None else device
        self.data = empty(as_shape((shape,)), dtype=dtype or self.dtype, device=place)
        self.__class__ = self.kind

    @property
    def shape(self) -> Any:
        """Not known yet."""
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually "
            "happens in `load_state_dict` when trying to load an uninitialized parameter into an "
            "initialized one. Call `forward` to initialize the parameters before accessing their "
            "attributes."
        )

    def share_memory_(self) -> NoReturn:
        """Raises: there is no memory yet."""
        raise RuntimeError(
            "Can't share memory on an uninitialized parameter or buffer. Call `forward` to "
            "initialize the parameters before calling `module.share_memory()`."
        )

    def __repr__(self, **kwargs: Any) -> str:  # type: ignore[override]  # mypy drops names here
        return f"<{type(self).__name__}>"


class UninitializedParameter(_Uninitialized, Parameter):
    """A parameter whose shape the first input will tell.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.parameter.UninitializedParameter.html
    """

    kind = Parameter


class UninitializedBuffer(_Uninitialized, Buffer):
    """A buffer whose shape the first input will tell.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.parameter.UninitializedBuffer.html
    """

    kind = Tensor

    def __new__(
        cls, requires_grad: bool = False, device: Any = None, dtype: Any = None,
        persistent: bool = True,
    ) -> Self:  # fmt: skip
        made = super().__new__(cls, requires_grad, device, dtype)
        made.persistent = persistent
        return made


def is_lazy(value: Any) -> bool:
    """True for a parameter or buffer whose shape is not known yet."""
    return isinstance(value, _Uninitialized)
