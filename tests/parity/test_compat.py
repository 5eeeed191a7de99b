"""Every public module of PyTorch imports, and its names are here or say why not.

Every name of the table of what MiniTorch lacks is a name of PyTorch's, of the same kind.
"""

import contextlib
import inspect
import io
import pkgutil
import warnings
from functools import cache
from importlib import import_module

import minitorch
import pytest
import torch
from minitorch.compat.alias import counterpart
from minitorch.compat.modules import enumeration, kinds_of
from minitorch.compat.table import TABLE

KINDS = {"classes", "exceptions"}
WRAPPED = "utils.tensorboard"  # of a package that has to be installed


def theirs(module: str):
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")  # of what is on its way out
        return import_module(f"torch.{module}")


@cache
def public_modules() -> list[str]:
    """All modules of PyTorch without an underscore in their names."""
    found = []

    def look(path, prefix):
        for module in pkgutil.iter_modules(path, prefix):
            name = module.name.partition(".")[2]
            if module.name.rpartition(".")[2][0] == "_":
                continue
            found.append(name)
            if module.ispkg:
                look(
                    [f"{folder}/{module.name.rpartition('.')[2]}" for folder in path],
                    f"{module.name}.",
                )

    look(torch.__path__, "torch.")
    return sorted(name for name in found if not name.startswith(WRAPPED))


def public_names(module) -> list[str]:
    """Those of ``__all__`` and those that the module defines."""
    named = getattr(module, "__all__", None)
    named = {*named} if isinstance(named, list | tuple) else set()
    own = {k for k, v in vars(module).items() if getattr(v, "__module__", "") == module.__name__}
    return sorted(k for k in named | own if k[0] != "_" and hasattr(module, k))


@pytest.mark.filterwarnings("ignore")  # PyTorch's own, of what is on its way out
@pytest.mark.parametrize("module", public_modules())
def test_public_modules(module: str):
    with minitorch.as_torch():
        import sys

        ours = import_module(f"torch.{module}")
        assert ours is import_module(counterpart(f"torch.{module}"))
        assert ours is sys.modules[f"torch.{module}"]
    try:
        names = public_names(theirs(module))
    except ImportError:  # needs a package that is not installed
        return
    for name in names:
        try:
            getattr(ours, name)
        except AttributeError as error:
            assert str(error).startswith("MiniTorch has no torch."), (name, error)  # noqa: PT017


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("module", sorted(m for m in TABLE if not m.startswith("_ops")))
def test_names(module: str):
    try:
        module, row = theirs(module), TABLE[module]
    except ImportError:
        return
    for name, kind in kinds_of(row).items():
        value = getattr(module, name)
        is_class = inspect.isclass(value)
        if kind in KINDS:
            assert is_class, name
            assert issubclass(value, BaseException) == (kind == "exceptions"), name
        else:
            assert callable(value), name
    for name in (*row.values, *row.real):
        assert hasattr(module, name), name
    for name, text in row.enumerations.items():
        members = getattr(getattr(module, name), "RedOpType", getattr(module, name)).__members__
        for member in enumeration(text):
            value = getattr(members[member.name], "value", members[member.name])
            assert value == member.value, name
