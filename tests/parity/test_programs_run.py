"""Programs in the style of PyTorch's tutorials, under both libraries: the same lines come out.

Each program in ``programs`` imports ``torch`` and prints lines; numbers in a line that starts with
``loss`` agree to 1e-4, everything else is equal.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parent / "programs"
NAMES = sorted(path.stem for path in PROGRAMS.glob("*.py") if path.stem != "words")


def lines(*command: str) -> list[list[str]]:
    run = subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert run.returncode == 0, run.stderr
    return [line.split() for line in run.stdout.splitlines()]


@pytest.mark.parametrize("name", NAMES)
def test_same_lines(name: str) -> None:
    script = str(PROGRAMS / f"{name}.py")
    expected = lines(script)
    found = lines("-W", "error", "-m", "minitorch", script)
    assert len(found) == len(expected)
    assert sum(line[0] == "loss" for line in expected) >= 20
    for number, (ours, theirs) in enumerate(zip(found, expected, strict=True)):
        if theirs[0] != "loss":
            assert ours == theirs
            continue
        values = [float(x) for x in theirs[1:]]
        assert [float(x) for x in ours[1:]] == pytest.approx(values, rel=1e-4, abs=1e-7), number
