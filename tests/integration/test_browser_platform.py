"""What a browser's Python lacks, taken away here: threads, processes, C's libraries.

The real thing, Pyodide, runs in ``nox -s browser``; ``nox -s wasm`` runs all tests in WebAssembly.
"""

import subprocess
import sys

import pytest

LACKING = """
import os, sys, sysconfig, threading, warnings
sysconfig.get_config_vars()  # what they are cannot be asked under another platform's name
warnings.simplefilter("error")
import numpy  # which asks for ctypes and goes on without
absent = {"ctypes", "_ctypes", "_multiprocessing", "_posixshmem", "fcntl", "resource"}
for name in absent:
    sys.modules[name] = None

def start(thread):
    raise RuntimeError("can't start new thread")

threading.Thread.start = start
for name in ("fork", "register_at_fork", "sched_getaffinity", "sched_setaffinity", "posix_spawn"):
    if hasattr(os, name):
        delattr(os, name)
sys.platform = "emscripten"
import minitorch as torch
"""
PROGRAMS = {
    "large operations": """
        x = torch.randn(2_000_000)
        assert torch.softmax(x, 0).sum().item() > 0.99
        assert torch.exp(x).shape == x.shape and (x.sort().values[1:] >= x.sort().values[:-1]).all()
        a = torch.randn(700, 700)
        assert (a @ a).shape == (700, 700)
    """,
    "more threads than there are": """
        torch.set_num_threads(4)
        x = torch.randn(4_000_000, requires_grad=True)
        torch.tanh(x).sum().backward()
        assert torch.allclose(x.grad, 1 - torch.tanh(x.detach()) ** 2, atol=1e-6)
    """,
    "training": """
        nn, optim = torch.nn, torch.optim
        model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                              nn.Linear(8 * 13 * 13, 10))
        optimizer = optim.Adam(model.parameters())
        for _ in range(2):
            optimizer.zero_grad()
            scores = model(torch.randn(64, 1, 28, 28))
            loss = nn.functional.cross_entropy(scores, torch.arange(64) % 10)
            loss.backward()
            optimizer.step()
        nn.LSTM(64, 128)(torch.randn(20, 16, 64))[0].sum().backward()
        nn.MultiheadAttention(64, 4)(*[torch.randn(128, 8, 64)] * 3)[0].sum().backward()
    """,
    "files": """
        import io
        file = io.BytesIO()
        torch.save({"a": torch.arange(3)}, file)
        file.seek(0)
        assert torch.load(file)["a"].tolist() == [0, 1, 2]
    """,
    "data": """
        from minitorch.utils.data import DataLoader, TensorDataset
        data = TensorDataset(torch.arange(8))
        assert len(list(DataLoader(data, batch_size=2, shuffle=True))) == 4
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of more workers than cores
                list(DataLoader(data, num_workers=2))
        except RuntimeError as error:
            assert "num_workers=2" in str(error)
        else:
            raise AssertionError
    """,
    "explained and compiled": """
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        page = torch.explain(lambda: (x * x).sum())()
        assert "mul" in page.text()
        f = torch.compile(lambda x: torch.tanh(x) * 2)
        assert torch.equal(f(x), torch.tanh(x) * 2)
    """,
    "transforms": """
        f = torch.func.vmap(torch.func.grad(lambda w: (w ** 2).sum()))
        assert f(torch.ones(3, 2)).tolist() == [[2, 2]] * 3
        torch.linalg.svd(torch.randn(50, 50))
        torch.fft.fft(torch.randn(1000))
    """,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_runs(name):
    if name not in ("large operations", "more threads than there are", "files", "transforms"):
        pytest.importorskip("minitorch.nn", reason="not installed")
        pytest.importorskip("minitorch.optim", reason="not installed")
    lines = PROGRAMS[name].splitlines()
    program = LACKING + "\n".join(line[8:] for line in lines)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
