"""Modules that ``compile`` makes of modules."""

from __future__ import annotations

from typing import Any

from .module import Module

__all__ = ["OptimizedModule"]


class OptimizedModule(Module):
    """Calls a module, ``_orig_mod``, by the program that was made of it.

    Everything else is that module's: its attributes can be read and set here, and it is the one
    child, so that names in ``state_dict`` begin with ``_orig_mod.``, as in PyTorch.
    """

    def __init__(self, module: Module, compiled: Any) -> None:
        super().__init__()
        self._modules["_orig_mod"] = module
        self.__dict__["_compiled"] = compiled

    @property
    def training(self) -> bool:  # type: ignore[override]
        """That of the module."""
        training: bool = self._orig_mod.training
        return training

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.__dict__["_compiled"](*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name == "_orig_mod":
            return self._modules["_orig_mod"]
        if name in ("programs", "source", "save"):
            return getattr(self.__dict__["_compiled"], name)
        return getattr(self._modules["_orig_mod"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.__dict__ and name != "training":
            super().__setattr__(name, value)
        else:
            setattr(self._modules["_orig_mod"], name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._modules["_orig_mod"], name)

    def _repr_html_(self) -> str:
        made: str = self.__dict__["_compiled"]._repr_html_()
        return made
