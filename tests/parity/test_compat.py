"""Every name of the table of what MiniTorch lacks is a name of PyTorch's, of the same kind."""

import inspect
from importlib import import_module

import pytest
from minitorch.compat.modules import KINDS
from minitorch.compat.table import TABLE


@pytest.mark.filterwarnings("ignore")  # PyTorch's own, of what is on its way out
@pytest.mark.parametrize("module", TABLE)
def test_names(module: str):
    theirs, row = import_module(f"torch.{module}"), TABLE[module]
    for kind in KINDS:
        for name in getattr(row, kind).split():
            value = getattr(theirs, name)
            is_class = inspect.isclass(value)
            if kind in ("classes", "exceptions"):
                assert is_class, name
                assert issubclass(value, BaseException) == (kind == "exceptions"), name
            else:
                assert callable(value), name
    for name in (*row.values, *row.real):
        assert hasattr(theirs, name), name
