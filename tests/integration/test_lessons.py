"""The lessons run; their exercises fail as they are handed out and pass with the solutions."""

import importlib.util
import re
import sys
import types
from pathlib import Path

import minitorch as torch
import pytest

LESSONS = Path(__file__).parents[2] / "docs" / "lessons"
PAGES = sorted(LESSONS.glob("[0-9]_*.md"))
NUMBERS = range(1, len(PAGES) + 1)
CELL = re.compile(r"^```\{(code-cell|explain)\}[^\n]*\n(.*?)^```$", re.M | re.S)

pytest.importorskip("minitorch.nn", reason="not installed")
pytest.importorskip("minitorch.optim", reason="not installed")


def cells(page):
    """The code of a lesson but that of figures, which only the site needs matplotlib for."""
    for kind, text in CELL.findall(page.read_text()):
        options, code = re.match(r"((?::[^\n]*\n)*\n?)(.*)", text, re.S).groups()
        if "figure" not in options:
            yield kind, code


def load(path, name):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def functions(module, prefix=""):
    return {
        name: each
        for name, each in vars(module).items()
        if isinstance(each, types.FunctionType | type)
        and each.__module__ == module.__name__
        and name.startswith(prefix)
    }


def checks_of(number, monkeypatch, folder):
    name = f"lesson_{number}"
    monkeypatch.setitem(sys.modules, name, load(LESSONS / folder / f"{name}.py", name))
    return functions(load(LESSONS / "exercises" / f"test_{name}.py", f"test_{name}"), "test")


def test_there_are_six():
    assert len(PAGES) == 6


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_it_runs(page):
    scope = {"__name__": "__main__"}
    found = list(cells(page))
    for kind, code in found:
        exec(compile(code, page.name, "exec"), {} if kind == "explain" else scope)
    assert "assert " in page.read_text()
    assert [kind for kind, _ in found].count("explain") == 1


def test_the_gallery_runs():
    found = list(cells(LESSONS.parent / "gallery.md"))
    assert len(found) == 3
    for _, code in found:
        scope = {}
        exec(code, scope)
        eager = scope["step"](*scope["inputs"])
        for module in [each for each in scope.values() if isinstance(each, torch.nn.Module)]:
            module.zero_grad()
        assert torch.compile(scope["step"], fullgraph=True)(*scope["inputs"]).shape == eager.shape


@pytest.mark.parametrize("number", NUMBERS)
def test_solutions_pass(number, monkeypatch):
    for test in checks_of(number, monkeypatch, "solutions").values():
        test()


@pytest.mark.parametrize("number", NUMBERS)
def test_what_is_handed_out_fails(number, monkeypatch):
    for test in checks_of(number, monkeypatch, "exercises").values():
        with pytest.raises(NotImplementedError):
            test()


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("folder", ["exercises", "solutions"])
def test_in_the_playground(number, folder, capsys):
    """One program of exercises and tests, which says what is solved."""
    pytest.importorskip("sphinx", reason="builds the site")
    maker = load(LESSONS.parent / "exercises.py", "exercises")
    program = maker.program(f"lesson_{number}")
    if folder == "solutions":
        handed = (LESSONS / "exercises" / f"lesson_{number}.py").read_text()
        solved = (LESSONS / "solutions" / f"lesson_{number}.py").read_text()
        assert program.startswith(handed)
        program = solved + program.removeprefix(handed)
    exec(program, {})
    said = [line.split(maxsplit=1)[1] for line in capsys.readouterr().out.splitlines()]
    assert said
    assert set(said) == {"solved" if folder == "solutions" else "to do"}


@pytest.mark.parametrize("number", NUMBERS)
def test_solutions_differ_by_bodies_alone(number, monkeypatch):
    """The same names and docstrings, and each function that is to be filled in has a test."""
    name = f"lesson_{number}"
    handed = functions(load(LESSONS / "exercises" / f"{name}.py", name))
    solved = functions(load(LESSONS / "solutions" / f"{name}.py", name))
    tests = (LESSONS / "exercises" / f"test_{name}.py").read_text()
    for function, each in handed.items():
        assert each.__doc__.replace(" (done for you)", "") == solved[function].__doc__
        assert re.search(rf"\b{function}\b", tests)
