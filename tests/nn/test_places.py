"""PyTorch's places of modules that have another one here, as attributes."""

import subprocess
import sys

from minitorch.compat.elsewhere import ELSEWHERE

PROGRAM = """
from minitorch import as_torch
as_torch()
import importlib, torch, torch.utils.data
for place in {places}:
    module = torch
    for name in place.split("."):
        module = getattr(module, name)
    if module is not importlib.import_module("torch." + place):
        print(place)
print(torch.nn.modules.module._EXTRA_STATE_KEY_SUFFIX)
"""


def test_places_are_attributes():
    # optim is another package, and spawn the function in the module of its name
    other = ("optim", "multiprocessing.spawn")
    here = [place for place in ELSEWHERE if not place.startswith(other)]
    program = PROGRAM.format(places=here)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "_extra_state\n", done.stderr


def test_types_by_pytorchs_names():
    import minitorch
    from minitorch.types import _dtype

    assert _dtype is minitorch.dtype
