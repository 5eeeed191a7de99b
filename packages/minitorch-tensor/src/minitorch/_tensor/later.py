"""Methods whose module comes in when one of them is first used: most programs need no Cholesky."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar, cast

from ..autograd import inplace as in_place
from ..overrides import add_method, copied

__all__ = ["Later", "inplace"]

F = TypeVar("F", bound=Callable[..., Any])


class Later:
    """Stands for a module in the body of a class, where its functions become methods."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> LaterMethod:
        return LaterMethod(lambda: getattr(import_module(self._module), name))


class LaterMethod:
    """Puts what ``load()`` returns into the class, in its own stead, when it is first asked for."""

    def __init__(self, load: Callable[[], Any]) -> None:
        self.load = load
        self.names: list[str] = []

    def __set_name__(self, owner: type, name: str) -> None:
        self.owner = owner
        self.names.append(name)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        try:
            function = self.load()
        except ModuleNotFoundError as error:  # says which package to install
            raise AttributeError(str(error)) from error
        for name in self.names:
            method = copied(function, name)
            setattr(self.owner, name, method)
            add_method(self.owner, name, method)
        return method.__get__(instance, owner)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """For NumPy, which looks its protocols' methods up without ``__get__``."""
        return self.__get__(None)(*args, **kwargs)


def inplace(op: F, check: Callable[[Any], None] = in_place.check_writable) -> F:
    """The in-place form of ``op``, made when it is first asked for where ``op`` is."""
    if isinstance(op, LaterMethod):
        later: Any = LaterMethod(lambda: in_place.inplace(op.load(), check))
        return cast(F, later)
    return in_place.inplace(op, check)
