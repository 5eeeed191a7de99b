"""What the README and the other pages show runs and says what they say."""

import doctest
import re
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).parents[2]
ALL = ("nn", "optim")
READMES = {  # and what its Python needs
    "README.md": ALL,
    "CONTRIBUTING.md": ALL,
    "docs/architecture.md": (),
    "docs/autograd.md": ALL,
    "docs/compile.md": ALL,
    "docs/explain.md": ALL,
    "docs/distributed.md": ALL,
    "docs/from-pytorch.md": ALL,
    "docs/gallery.md": (),
    "docs/index.md": (),
    "docs/performance.md": (),
    "docs/teach.md": ALL,
    "docs/testing.md": (),
    "packages/minitorch-tensor/README.md": (),
    "packages/minitorch-nn/README.md": ("nn",),
    "packages/minitorch-optim/README.md": ("optim",),
}


def blocks(readme: str, language: str) -> list[str]:
    text = (ROOT / readme).read_text()
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```", text, re.M | re.S)
    return [dedent(block) for _, block in found]


def pages(readme: str) -> list[str]:
    """What runs by itself: each block, but the dialogues of one of the docs' pages together."""
    found = blocks(readme, "python")
    if not readme.startswith("docs/"):
        return found
    dialogues = [block for block in found if block.startswith(">>>")]
    together = ["\n".join(dialogues)] if dialogues else []
    return together + [block for block in found if block not in dialogues]


PYTHON = [
    pytest.param(readme, block, id=f"{readme}-{number}")
    for readme in READMES
    for number, block in enumerate(pages(readme))
]
COMMANDS = [
    (readme, line.partition("#")[0].strip())
    for readme in READMES
    for block in blocks(readme, "sh")
    for line in block.splitlines()
]


@pytest.mark.parametrize(("readme", "block"), PYTHON)
def test_python(readme, block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # some write files
    for sibling in READMES[readme]:
        pytest.importorskip(f"minitorch.{sibling}", reason="not installed")
    if not block.startswith(">>>"):
        exec(block, {})
        return
    example = doctest.DocTestParser().get_doctest(block, {}, readme, readme, 0)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    said: list[str] = []
    runner.run(example, out=said.append)
    assert runner.failures == 0, "".join(said)


@pytest.mark.parametrize(("readme", "command"), COMMANDS)
def test_commands_name_what_exists(readme, command):
    sessions = re.findall(r"^def (\w+)\(session", (ROOT / "noxfile.py").read_text(), re.M)
    for part in command.split(" && "):
        match part.split():
            case ["nox", *options]:
                assert options in ([], *(["-s", session] for session in sessions))
            case ["pip", "install", "nox"] | ["python", "-m", "minitorch", *_]:
                pass
            case ["python", "-m", "minitorch.distributed.run", *_] | ["mpiexec", "-n", *_]:
                pass
            case ["pytest", path, *_]:
                assert (ROOT / path).exists()
            case ["pip", "install", *tools] if {*tools} <= {
                "pytest",
                "hypothesis",
                "ruff",
                "mpi4py",
                "mpich",
            }:
                pass
            case ["ruff", "check"] | ["ruff", "format", "--check"]:
                pass
            case ["pip", "install", *paths]:  # never by name: the names are not registered
                assert all(path.startswith(".") for path in paths if path != "-e")
                assert all(
                    (ROOT / path / "pyproject.toml").is_file() for path in paths if path != "-e"
                )
            case _:
                pytest.fail(f"{readme} says {command!r}")


def test_the_two_commands_stand_first():
    lines = [command for readme, command in COMMANDS if readme == "README.md"]
    assert lines[:2] == ["pip install nox && nox -s demo", "pip install nox && nox"]


@pytest.mark.parametrize("program", ["gradients", "layers", "training"])
def test_the_first_users_programs_stand_word_for_word(program):
    source = Path(__file__).parent / "first_users" / f"{program}.py"
    assert source.read_text() in blocks("README.md", "python")
