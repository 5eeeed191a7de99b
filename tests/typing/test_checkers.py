"""What mypy and pyright say of a user's program: exact types, and every mistake reported."""

import re
import subprocess
import sys
from pathlib import Path

import minitorch
import pytest

HERE = Path(__file__).parent
COMMANDS = {
    "mypy": ("mypy", "--strict", "--no-error-summary", "--cache-dir=/dev/null"),
    "pyright": ("pyright",),
}
TYPE = re.compile(r"Type of .* is \"(.*)\"|Revealed type is [\"'](.*)[\"']")
LINE = re.compile(r"\.py:(\d+)(?::\d+)?(?: -|:) (\w+): ?(.*)")


def said(checker: str, program: Path) -> list[tuple[int, str, str]]:
    """(line, kind, text) of all that ``checker`` says of a program."""
    command = [sys.executable, "-m", *COMMANDS[checker], str(program)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=HERE)
    found = [LINE.search(line) for line in done.stdout.splitlines()]
    return [(int(m[1]), m[2], m[3]) for m in found if m]


def short(name: str) -> str:
    """A type without the modules that its names come from."""
    name = re.sub(r"\b(?:\w+\.)+(?=\w)", "", name).rstrip("?")
    return re.sub(r"^Union\[(.*)\]$", lambda m: m[1].replace(", ", " | "), name)


def members(union: str) -> set[str]:
    """The types of a union; mypy leaves out bool beside int, of which it is a kind."""
    found = set(union.split(" | "))
    return found - {"bool"} if "int" in found else found


@pytest.mark.parametrize("checker", COMMANDS)
def test_types_are_exact(checker):
    lines = (HERE / "program.py").read_text().splitlines()
    wanted = {
        number: line.rpartition("# ")[2]
        for number, line in enumerate(lines, 1)
        if line.lstrip().startswith("reveal_type(")
    }
    found, errors = {}, []
    for number, kind, text in said(checker, HERE / "program.py"):
        match = TYPE.search(text)
        if match:
            found[number] = short(match[1] or match[2])
        elif kind in ("error", "warning"):
            errors.append((number, text))
    assert not errors
    assert {n: members(t) for n, t in found.items()} == {n: members(t) for n, t in wanted.items()}


@pytest.mark.parametrize("checker", COMMANDS)
def test_mistakes_are_reported(checker):
    lines = (HERE / "mistakes.py").read_text().splitlines()
    wrong = {number for number, line in enumerate(lines, 1) if line.endswith("# wrong")}
    assert {
        number for number, kind, _ in said(checker, HERE / "mistakes.py") if kind == "error"
    } == wrong


def public(thing: object) -> list[str]:
    return [name for name in dir(thing) if name[0] != "_"]


@pytest.mark.parametrize("checker", COMMANDS)
def test_every_name_is_known(checker, tmp_path):
    """Modules, functions and methods, also those that come in on first use or are set later."""
    uses = [f"minitorch.{name}" for name in public(minitorch)]
    uses += [f"x.{name}" for name in public(minitorch.Tensor)]
    program = tmp_path / "names.py"
    head = ["import minitorch", "x = minitorch.zeros(3)"]
    program.write_text("\n".join([*head, *(f"print({use})" for use in uses)]))
    unknown = [
        (uses[line - len(head) - 1], text)
        for line, kind, text in said(checker, program)
        if kind == "error"
    ]
    assert not unknown
