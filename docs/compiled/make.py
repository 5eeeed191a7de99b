"""Writes the programs that ``minitorch.compile`` makes of the steps in this folder.

    python docs/compiled/make.py [NAME ...]

``conditions.txt`` says with which NumPy and which processor: kernels take other ways with others.
"""

import platform
import runpy
import sys
from pathlib import Path

import minitorch as torch
import numpy as np

HERE = Path(__file__).parent
NAMES = ("mlp", "cnn", "lstm", "gpt")


def conditions():
    features = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    return f"NumPy {np.__version__}, {platform.machine()} {' '.join(features)}"


def compiled(name):
    """The step of that name as it is written, compiled, and what stands around it."""
    torch.manual_seed(0)
    scope = runpy.run_path(str(HERE / f"{name}.py"), run_name=name)
    step = torch.compile(scope["step"], fullgraph=True)
    while not step.programs:
        step(*scope["inputs"])
    return step, scope


if __name__ == "__main__":
    for name in sys.argv[1:] or NAMES:
        compiled(name)[0].save(HERE / f"{name}_step.py")
    (HERE / "conditions.txt").write_text(conditions() + "\n")
