"""Lazy modules: the first input tells the shapes of their parameters."""

from __future__ import annotations

from typing import Any

from ..module import Module
from ..parameter import UninitializedParameter, is_lazy

__all__ = ["LazyModuleMixin", "materialize", "postpone"]


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


def postpone(module: Any, *names: str, device: Any, dtype: Any) -> None:
    """Gives ``module`` parameters whose shapes come later."""
    for name in names:
        setattr(module, name, UninitializedParameter(device=device, dtype=dtype))


def materialize(module: Any, **shapes: tuple[int, ...]) -> None:
    """Gives those of the parameters and buffers that there are their shapes."""
    for name, shape in shapes.items():
        value = getattr(module, name)
        if value is not None:
            value.materialize(shape)
