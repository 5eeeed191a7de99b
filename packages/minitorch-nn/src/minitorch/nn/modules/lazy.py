"""Lazy modules: the first input tells the shapes of their parameters."""

from __future__ import annotations

from typing import Any

from ..module import Module
from ..parameter import UninitializedParameter, is_lazy

__all__ = ["LazyLayer", "LazyModuleMixin"]


class LazyModuleMixin(Module):
    """Mixed into a module whose parameters are ``UninitializedParameter`` at first.

    A subclass writes ``initialize_parameters``; after the first call the module becomes an ordinary
    ``cls_to_become``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.modules.lazy.LazyModuleMixin.html
    """

    cls_to_become: Any = None

    def has_uninitialized_params(self) -> bool:
        """Whether a shape is still to come."""
        members = (*self._parameters.values(), *self._buffers.values())
        return any(is_lazy(member) for member in members)

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Gives the parameters their shapes, by the arguments of the first call."""
        raise NotImplementedError(
            f"initialize_parameters is not implemented for {type(self).__name__}"
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.initialize_parameters(*args, **kwargs)
        if self.has_uninitialized_params():
            raise RuntimeError(f"module {self._get_name()} has not been fully initialized")
        if self.cls_to_become is not None:
            self.__class__ = self.cls_to_become
        return Module.__call__(self, *args, **kwargs)


class LazyLayer(LazyModuleMixin):
    """A layer that takes one size from its first input: its attribute ``_taken``, 0 until then."""

    _taken: str

    def _postpone(self, *names: str, device: Any, dtype: Any) -> None:
        for name in names:
            setattr(self, name, UninitializedParameter(device=device, dtype=dtype))

    def _size(self, input: Any) -> int:
        raise NotImplementedError(f"{type(self).__name__} has no _size")

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        """The shapes, by name, once the size is known."""
        raise NotImplementedError(f"{type(self).__name__} has no _shapes")

    def reset_parameters(self) -> None:
        """Sets the first values, once the shapes are known."""
        if not self.has_uninitialized_params() and getattr(self, self._taken) != 0:
            self.cls_to_become.reset_parameters(self)

    def initialize_parameters(self, input: Any, *args: Any, **kwargs: Any) -> None:
        """Takes the size from ``input``."""
        if self.has_uninitialized_params():
            setattr(self, self._taken, self._size(input))
            for name, shape in self._shapes().items():
                value = getattr(self, name)
                if value is not None:
                    value.materialize(shape)
            self.reset_parameters()
