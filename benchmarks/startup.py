"""What a library costs before it does anything: time to import, memory, place on the disk."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from harness import Spread, environment, ratio

SECONDS = "import numpy, time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
MEMORY = """
import numpy, {}, resource, sys
unit = 1 if sys.platform == "darwin" else 1024
print(unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
DISK = """
import {} as library
from pathlib import Path
files = {{f for folder in library.__path__ for f in Path(folder).rglob("*")}}
print(sum(f.stat().st_size for f in files if f.is_file() and f.suffix != ".pyc"))
"""
WITH_SUBMODULES = {  # which MiniTorch imports on first use
    "minitorch": "minitorch.nn, minitorch.optim",
    "torch": "torch.nn, torch.optim",
}


def fresh(program: str, imports: str, path: Path | None = None) -> float:
    """What a new interpreter prints."""
    command = [sys.executable, "-c", program.format(imports)]
    answer = subprocess.run(command, check=True, capture_output=True, env=environment(path))
    return float(answer.stdout)


def import_seconds(imports: Sequence[str], turns: int) -> list[list[float]]:
    """The times of each, turn by turn; a first turn fills the caches and does not count."""
    rounds = [[fresh(SECONDS, names) for names in imports] for _ in range(turns + 1)]
    return [list(times) for times in zip(*rounds[1:])]


def resident_after(imports: Sequence[str]) -> list[float]:
    """Bytes resident at most."""
    return [fresh(MEMORY, names) for names in imports]


def on_disk(libraries: Sequence[str]) -> list[float]:
    """Bytes of the packages' own files, not counting compiled modules and dependencies."""
    return [fresh(DISK, library) for library in libraries]


def import_ratio(base: Path, head: Path, turns: int) -> Spread:
    """Of the times to import MiniTorch with its submodules from two folders, head's by base's."""
    names = WITH_SUBMODULES["minitorch"]
    rounds = [[fresh(SECONDS, names, folder) for folder in (base, head)] for _ in range(turns + 1)]
    base_times, head_times = zip(*rounds[1:])
    return ratio(head_times, base_times)
