"""The names under which PyTorch's files know objects, and those that the reader allows."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any

__all__ = [
    "add_safe_globals", "allowed_by_user", "clear_safe_globals", "get_safe_globals", "pytorch_name",
    "safe_globals",
]  # fmt: skip

# where PyTorch keeps what these modules of ours define
MODULES = {
    "minitorch._types.device": "torch",
    "minitorch._types.dtype": "torch",
    "minitorch.random.generator": "torch._C",
    "minitorch._types.layout": "torch",
    "minitorch._types.size": "torch",
    "minitorch._tensor.tensor": "torch",
    "minitorch.compat.tensor_types": "torch",
    "minitorch.nn.containers.modules": "torch.nn.modules.container",
    "minitorch.nn.containers.parameters": "torch.nn.modules.container",
    "minitorch.nn.module": "torch.nn.modules.module",
    "minitorch.nn.modules.attention": "torch.nn.modules.activation",
    "minitorch.nn.modules.cells": "torch.nn.modules.rnn",
    "minitorch.nn.modules.convolution": "torch.nn.modules.conv",
    "minitorch.nn.modules.embedding": "torch.nn.modules.sparse",
    "minitorch.nn.modules.loss.base": "torch.nn.modules.loss",
    "minitorch.nn.modules.loss.classification": "torch.nn.modules.loss",
    "minitorch.nn.modules.loss.margin": "torch.nn.modules.loss",
    "minitorch.nn.modules.loss.regression": "torch.nn.modules.loss",
    "minitorch.nn.modules.recurrent": "torch.nn.modules.rnn",
    "minitorch.nn.modules.resampling": "torch.nn.modules.upsampling",
    "minitorch.nn.modules.softmax": "torch.nn.modules.activation",
    "minitorch.optim.adafactor": "torch.optim",
    "minitorch.optim.lr_scheduler.base": "torch.optim.lr_scheduler",
    "minitorch.optim.lr_scheduler.compound": "torch.optim.lr_scheduler",
    "minitorch.optim.lr_scheduler.cosine": "torch.optim.lr_scheduler",
    "minitorch.optim.lr_scheduler.cyclic": "torch.optim.lr_scheduler",
    "minitorch.optim.lr_scheduler.decay": "torch.optim.lr_scheduler",
    "minitorch.optim.lr_scheduler.functions": "torch.optim.lr_scheduler",
    "minitorch.optim.lr_scheduler.plateau": "torch.optim.lr_scheduler",
    "minitorch.optim.muon": "torch.optim",
}
BLOCKED = ("sys", "os", "posix", "nt")  # whatever the user allows, as in PyTorch

_safe: set[Any] = set()


def pytorch_name(value: Any, name: str | None = None) -> tuple[str, str]:
    """The module and the name by which a pickle of PyTorch's refers to ``value``."""
    module, name = value.__module__ or "builtins", name or value.__qualname__
    root, _, rest = module.partition(".")
    if root == "minitorch" and isinstance(value, FunctionType):
        for public in ("minitorch.nn.functional", "minitorch"):
            if getattr(sys.modules.get(public), name, None) is value:
                return public.replace("minitorch", "torch"), name
    if root == "minitorch":
        module = MODULES.get(module) or ("torch." + rest).rstrip(".")
        if (module, name) == ("torch.optim.adam", "AdamW"):
            module = "torch.optim.adamw"
    return module, name


def add_safe_globals(safe_globals: Iterable[Callable[..., Any] | tuple[Any, str]]) -> None:
    """Lets ``load`` use these classes and functions when a file names them.

    ``load`` then makes instances of the classes, sets their state and calls the functions, with
    whatever arguments the file holds: allow what you trust with any arguments.

    Args:
        safe_globals: classes and functions, each known in files as ``module.qualname``, for
            MiniTorch's own as PyTorch calls them (``torch.nn.modules.linear.Linear``); or pairs
            of one and the name that files have for it.

    Raises:
        TypeError: one is neither a class, nor a function, nor a pair of one and a string.

    Example:
        >>> import io, argparse, minitorch
        >>> file = io.BytesIO()
        >>> minitorch.save(argparse.Namespace(lr=0.1), file)
        >>> _ = file.seek(0)
        >>> with minitorch.serialization.safe_globals([argparse.Namespace]):
        ...     minitorch.load(file)
        Namespace(lr=0.1)

    Follows https://docs.pytorch.org/docs/stable/notes/serialization.html#torch.serialization.add_safe_globals
    """
    added = list(safe_globals)
    for each in added:
        _paths(each)
    _safe.update(added)


def get_safe_globals() -> list[Any]:
    """What ``add_safe_globals`` has allowed so far."""
    return list(_safe)


def clear_safe_globals() -> None:
    """Takes back all that ``add_safe_globals`` has allowed."""
    _safe.clear()


class safe_globals:  # noqa: N801  (PyTorch's name)
    """``add_safe_globals`` for the time of a ``with`` block."""

    def __init__(self, safe_globals: Iterable[Callable[..., Any] | tuple[Any, str]]) -> None:
        self.safe_globals = list(safe_globals)

    def __enter__(self) -> None:
        add_safe_globals(self.safe_globals)

    def __exit__(self, *exception: object) -> None:
        _safe.difference_update(self.safe_globals)


def allowed_by_user() -> dict[str, Any]:
    """What ``add_safe_globals`` has allowed, by the names that files have for it."""
    found = {}
    for each in list(_safe):
        value = each[0] if isinstance(each, tuple) else each
        found.update(dict.fromkeys(_paths(each), value))
    return found


def _paths(each: Any) -> set[str]:
    if isinstance(each, tuple):
        if len(each) != 2 or not callable(each[0]) or type(each[1]) is not str:
            raise TypeError(
                "expected a class or function, or a pair of one and the name that files have for "
                f"it, but got {each!r:.200}"
            )
        return {each[1]}
    if not callable(each) or not hasattr(each, "__qualname__"):
        raise TypeError(f"expected a class or function, but got a {type(each).__name__}")
    name = each.__qualname__
    paths = {".".join(pytorch_name(each)), f"{each.__module__}.{name}"}
    if isinstance(each, FunctionType) and each.__module__.startswith("minitorch."):
        paths |= {f"{at}.{name}" for at in ("torch", "torch.nn.functional", "torch._C._nn")}
    return paths
