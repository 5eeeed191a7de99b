"""What a platform may lack is asked for: a training step and a saved model do without it."""

import subprocess
import sys

import pytest

pytest.importorskip("minitorch.nn", reason="not installed")
pytest.importorskip("minitorch.optim", reason="not installed")

PROGRAM = """
import os, sys, tempfile
import numpy
attributes, modules = {attributes!r}, {modules!r}
for name in [m for m in sys.modules if m.partition(".")[0] in modules]:
    del sys.modules[name]


class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in modules:
            raise ModuleNotFoundError(name, name=name)


sys.meta_path.insert(0, Missing())
for owner, name in attributes:
    if hasattr(sys.modules[owner], name):
        delattr(sys.modules[owner], name)

import minitorch as torch
from minitorch import nn, optim
from minitorch.utils.data import DataLoader, TensorDataset

model = nn.Sequential(nn.Linear(10, 300), nn.ReLU(), nn.Linear(300, 5))
optimizer = optim.AdamW(model.parameters())
x, y = torch.randn(600, 10), torch.randint(0, 5, (600,))
for batch, labels in DataLoader(TensorDataset(x, y), batch_size=200):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(batch), labels).backward()
    optimizer.step()
large = torch.randn(1000, 1000)
assert torch.isfinite(large @ large).all()
torch.set_num_threads(2)
window = torch.zeros(4, requires_grad=True)
window.reshape(2, 2).t().sum().backward()
assert window.grad.tolist() == [1.0] * 4
with tempfile.TemporaryDirectory() as folder:
    torch.save(model.state_dict(), folder + "/model.pt")
    model.load_state_dict(torch.load(folder + "/model.pt"))
"""

ABSENT = {
    "affinity": ([("os", "sched_getaffinity"), ("os", "sched_setaffinity")], []),
    "fork": ([("os", "fork"), ("os", "register_at_fork")], []),
    "reference counts": ([("sys", "getrefcount")], []),
    "frames": ([("sys", "_getframe")], []),
    "ctypes": ([], ["ctypes", "_ctypes"]),
    "locks on files": ([], ["fcntl"]),
    "resource": ([], ["resource"]),
}


@pytest.mark.parametrize("part", ABSENT)
def test_a_program_does_without(part):
    attributes, modules = ABSENT[part]
    program = PROGRAM.format(attributes=attributes, modules=modules)
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)
