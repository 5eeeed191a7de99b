"""What MiniTorch lacks: look-ups succeed and tell the truth, and what would compute raises."""

import contextlib
from importlib import import_module

import minitorch
import pytest
from minitorch.compat.modules import KINDS
from minitorch.compat.table import TABLE

ANSWERS = {"false": False, "true": True, "zero": 0, "nothing": None, "empty": []}


def look_up(module: str, name: str):
    return getattr(import_module(f"minitorch.{module}"), name)


def names(module: str) -> list[tuple[str, str]]:
    """(kind, name) of all that the row of a module names."""
    return [(kind, name) for kind in KINDS for name in getattr(TABLE[module], kind).split()]


@pytest.mark.parametrize("module", TABLE)
def test_each_name_is_what_the_table_says(module: str):
    pytest.importorskip(f"minitorch.{module}", reason="not installed")
    for kind, name in names(module):
        check(module, kind, name)


def check(module: str, kind: str, name: str):
    made = look_up(module, name)
    assert made is look_up(module, name)
    assert made.__name__ == name
    assert made.__doc__
    if kind in ANSWERS:
        assert made("anything", of=1) == ANSWERS[kind]
    elif kind == "raises":
        with pytest.raises(RuntimeError, match=f"torch.{module}.{name}: "):
            made()
    elif kind == "classes":
        assert not isinstance(3, made | None)
        with pytest.raises(RuntimeError, match=f"torch.{module}.{name}: "):
            type("Own", (made,), {})()
    elif kind == "exceptions":
        with contextlib.suppress(made):
            raise made
    elif kind == "contexts":
        with made(0):
            assert made(0)(len) is len
    else:
        assert made(len) is made()(len) is len


@pytest.mark.parametrize("module", TABLE)
def test_modules(module: str):
    pytest.importorskip(f"minitorch.{module}", reason="not installed")
    found, row = import_module(f"minitorch.{module}"), TABLE[module]
    parent, _, name = module.rpartition(".")
    owner = import_module(f"minitorch.{parent}") if parent else minitorch
    if parent not in TABLE or name not in {each for _, each in names(parent)}:
        assert getattr(owner, name) is found
    assert {*row.values, *row.real} <= set(dir(found))
    for name in (*row.values, *row.real):
        getattr(found, name)
    with pytest.raises(AttributeError, match=row.why.split(":")[0]):
        look_up(module, "nothing_of_this_name")


def test_a_name_stands_once():
    for module, row in TABLE.items():
        found = [name for _, name in names(module)] + [*row.values, *row.real]
        assert len(found) == len(set(found)), module


def test_answers_are_nobody_elses():
    minitorch.cuda.get_arch_list().append(1)
    assert minitorch.cuda.get_arch_list() == []
