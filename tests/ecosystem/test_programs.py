"""PyTorch's libraries, unchanged, print on MiniTorch the numbers that they print on PyTorch.

Each program in ``programs/`` uses the library that its name says; what PyTorch printed stands
beside it (``record.py`` writes it). ``nox -s ecosystem`` installs the libraries and runs this.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.py"))
NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|nan|inf)(?!\w)")
RELATIVE, ABSOLUTE = 1e-3, 1e-5  # single precision, after a few steps of training


def printed(program: Path, folder: Path, *interpreter: str) -> str:
    quiet = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "ignore", *interpreter, str(program)]
    done = subprocess.run(
        command, cwd=folder, env=os.environ | quiet, capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr
    return done.stdout.replace("minitorch.", "torch.")


def differences(expected: str, got: str) -> list[tuple[str, str]]:
    """The numbers that disagree; whole numbers must be equal, and so must all other text."""
    assert NUMBER.sub("#", got) == NUMBER.sub("#", expected)
    pairs = zip(NUMBER.findall(expected), NUMBER.findall(got), strict=True)
    return [
        (a, b)
        for a, b in pairs
        if a != b
        and (a.isdigit() or float(b) != pytest.approx(float(a), rel=RELATIVE, abs=ABSOLUTE))
    ]


def test_pytorch_is_not_here():
    assert find_spec("torch") is None


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_program(program, tmp_path):
    expected = program.with_suffix(".expected").read_text()
    assert differences(expected, printed(program, tmp_path, "-m", "minitorch")) == []
