"""Methods that are made when one of them is first used: of seven hundred a program needs a few
dozen, and most programs need no Cholesky."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

from ..autograd import inplace as in_place
from ..ops import creation
from ..overrides import add_method, copied

__all__ = ["Later", "LaterMethod", "inplace", "static", "tracking"]


class LaterMethod:
    """Puts ``make(*args)`` into the class, in its own stead, when it is first asked for."""

    __slots__ = ("args", "make", "name", "owner")

    def __init__(self, make: Callable[..., Any], *args: Any) -> None:
        self.make, self.args, self.name = make, args, ""

    def __set_name__(self, owner: type, name: str) -> None:
        if self.name:  # it has two: the functions of two names are two
            LaterMethod(self.make, *self.args).put(owner, name)
        else:
            self.owner, self.name = owner, name

    def put(self, owner: type, name: str) -> None:
        """Makes it the attribute ``name`` of a class that exists."""
        self.owner, self.name = owner, name
        setattr(owner, name, self)

    def load(self) -> Any:
        """The function."""
        return self.make(*self.args)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        try:
            method = self.load()
        except ModuleNotFoundError as error:  # says which package to install
            raise AttributeError(str(error)) from error
        own = isinstance(method, staticmethod) or method.__qualname__ == f"Tensor.{self.name}"
        if not own:
            method = copied(method, self.name)
        setattr(self.owner, self.name, method)
        add_method(self.owner, self.name, method)
        return method.__get__(instance, owner)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """For NumPy, which looks its protocols' methods up without ``__get__``."""
        return self.__get__(None, self.owner)(*args, **kwargs)


class Later:
    """Stands for a module in the body of a class, where its functions become methods."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> LaterMethod:
        return LaterMethod(_of_module, self._module, name)


def _of_module(module: str, name: str) -> Any:
    return getattr(import_module(module), name)


def _made_of(make: Callable[..., Any]) -> Any:
    """``make(op, ...)`` as a method that is made later, of an ``op`` that may come in later."""

    def load(op: Any, *args: Any) -> Any:
        return make(op.load() if isinstance(op, LaterMethod) else op, *args)

    return partial(LaterMethod, load)


inplace = _made_of(in_place.inplace)
static = _made_of(staticmethod)
tracking = _made_of(creation.tracking)
