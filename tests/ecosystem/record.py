"""Writes what PyTorch prints beside each program: needs torch and the libraries.

python record.py [name ...]
"""

import sys
import tempfile
from pathlib import Path

from test_programs import PROGRAMS, differences, printed

# torchvision's compiled part needs PyTorch's own build of it; the names of its operators suffice
START = """import runpy, sys, torch
library = torch.library.Library("torchvision", "DEF")
library.define("nms(Tensor a, Tensor b, float c) -> Tensor")
runpy.run_path(sys.argv[1], run_name="__main__")
"""

for program in PROGRAMS:
    if len(sys.argv) == 1 or program.stem.removeprefix("use_") in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            first, second = (printed(program, Path(folder), "-c", START) for _ in range(2))
        assert not differences(first, second), f"{program.stem} prints something else each time"
        program.with_suffix(".expected").write_text(first)
