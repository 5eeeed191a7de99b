"""Writes what PyTorch prints, on gloo, to recorded.json: ``python record.py``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PROGRAMS = HERE / "programs"
RUN = ["-m", "torch.distributed.run", "--nproc-per-node"]
COMMANDS = {"spawned": [str(PROGRAMS / "spawned.py"), "29731"]} | {
    f"elastic {name} {ranks}": [*RUN, ranks, str(PROGRAMS / "elastic.py"), name]
    for name in ("MLP", "CNN", "GPT")
    for ranks in ("2", "4")
}
ALONE = """
import sys; sys.path.insert(0, sys.argv[1])
import torch, models
print(*models.train("CNN", 8, torch.float32), sep="\\n")
"""
COMMANDS["CNN in one process"] = ["-c", ALONE, str(HERE)]


def main() -> None:
    recorded = {}
    for name, arguments in COMMANDS.items():
        done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        recorded[name] = [float(line) for line in done.stdout.split()]
    (HERE / "recorded.json").write_text(json.dumps(recorded, indent=1) + "\n")


if __name__ == "__main__":
    main()
