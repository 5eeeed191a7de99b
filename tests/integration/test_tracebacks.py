"""Tracebacks end in the user's code: in the error, in scripts, threads, pytest and IPython."""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from textwrap import dedent

import minitorch as torch
import pytest

nn = pytest.importorskip("minitorch.nn", reason="not installed")
optim = pytest.importorskip("minitorch.optim", reason="not installed")
F = nn.functional
two, three = torch.ones(2), torch.ones(3)
leaf = torch.ones(3, requires_grad=True)


class Wrong(nn.Module):
    def forward(self, x):
        return self.inner(x)

    def inner(self, x):
        return F.linear(x, torch.ones(4, 7))


class Failing(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        raise KeyError("mine")


def failing_hook(g):
    raise ValueError("hook")


def hooked():
    y = leaf * 1
    y.register_hook(failing_hook)
    y.sum().backward()


def twice():
    y = (leaf * leaf).sum()
    y.backward()
    y.backward()


CALLS = {  # and the user's functions below the call
    "an operator": (lambda: two + three, []),
    "a function": (lambda: torch.add(two, three), []),
    "a product": (lambda: torch.ones(2, 3) @ torch.ones(2, 3), []),
    "one tensor": (lambda: torch.softmax(two, 5), []),
    "many tensors": (lambda: torch.cat([torch.ones(2, 3), torch.ones(3, 2)]), []),
    "a method": (lambda: two.sum(4), []),
    "a view": (lambda: two.view(7), []),
    "an index": (lambda: two[5], []),
    "an assignment": (lambda: two.__setitem__(9, 1), []),
    "in place": (lambda: two.add_(three), []),
    "in place, a leaf": (lambda: leaf.add_(1), []),
    "a factorization": (lambda: torch.linalg.cholesky(-torch.eye(2)), []),
    "a functional": (lambda: F.cross_entropy(torch.ones(2, 3), torch.tensor([0, 5])), []),
    "a layer": (lambda: nn.Linear(3, 4)(two), []),
    "no tensor": (lambda: nn.Linear(3, 4)("text"), []),
    "nested layers": (lambda: nn.Sequential(nn.Sequential(nn.Linear(3, 4)))(two), []),
    "a module of one's own": (lambda: Wrong()(three), ["forward", "inner"]),
    "a Function": (lambda: Failing.apply(leaf).sum().backward(), ["backward"]),
    "a hook": (hooked, ["hooked", "failing_hook"]),
    "a backward pass": (lambda: three.sum().backward(), []),
    "a second one": (twice, ["twice"]),
    "grad": (lambda: torch.autograd.grad(three.sum(), three), []),
    "backward": (lambda: torch.autograd.backward(three.sum()), []),
    "a transform": (lambda: torch.func.grad(lambda v: v + two)(three), ["<lambda>"]),
    "a closure": (lambda: optim.SGD([leaf], lr=0.1).step(lambda: 1 / 0), ["<lambda>"]),
    "a state dict": (lambda: nn.Linear(1, 1).load_state_dict({}), []),
    "a collation": (
        lambda: list(torch.utils.data.DataLoader([two, three], batch_size=2)),
        [],
    ),
}


@pytest.mark.parametrize("call", CALLS)
def test_the_error_ends_in_the_users_code(call):
    function, below = CALLS[call]
    with pytest.raises(Exception) as caught:  # noqa: PT011  (of every type)
        function()
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert {frame.filename for frame in frames} == {__file__}
    first = [] if function.__name__ != "<lambda>" else ["<lambda>"]
    test = ["test_the_error_ends_in_the_users_code"]
    assert [frame.name for frame in frames] == test + first + below


def test_full_shows_our_frames(monkeypatch):
    monkeypatch.setenv("MINITORCH_TRACEBACK", "full")
    with pytest.raises(RuntimeError) as caught:
        F.linear(two, torch.ones(4, 7))
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert frames[-1].filename != __file__


def test_what_led_to_an_error_is_folded_too():
    def again():
        try:
            F.linear(two, torch.ones(4, 7))
        except RuntimeError as error:
            raise ValueError("mine") from error

    with pytest.raises(ValueError, match="mine") as caught:
        again()
    for error in (caught.value, caught.value.__cause__):
        assert traceback.extract_tb(error.__traceback__)[-1].filename == __file__


# --- where a traceback is shown ------------------------------------------------------------------

OURS = os.sep + "minitorch" + os.sep
SCRIPTS = {
    "an operator": "torch.ones(2) + torch.ones(3)",
    "what makes tensors": "torch.zeros(-1)",
    "an optimizer": "torch.optim.SGD([], lr=0.1)",
    "a layer": "torch.nn.MultiheadAttention(5, 2)",
    "a missing name": "torch.zeross(3)",
    "raised from": """
        try:
            torch.zeros(-1)
        except RuntimeError as error:
            raise ValueError("mine") from error
    """,
    "beside": """
        try:
            torch.zeros(-1)
        except RuntimeError:
            torch.ones(2) + torch.ones(3)
    """,
    "a thread": """
        import threading
        thread = threading.Thread(target=lambda: torch.zeros(-1))
        thread.start()
        thread.join()
    """,
    "a file": "torch.load('nowhere.pt')",
}


def run(tmp_path, source, *before, **variables):
    script = tmp_path / "prog.py"
    script.write_text("import minitorch as torch\n" + dedent(source).strip() + "\n")
    done = subprocess.run(
        [sys.executable, *before, script.name],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, **variables},
    )
    assert "prog.py" in done.stderr, done.stderr
    return done.stderr


@pytest.mark.needs("processes")
@pytest.mark.parametrize("before", [[], ["-m", "minitorch"]], ids=["python", "-m minitorch"])
@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts(tmp_path, script, before):
    shown = run(tmp_path, SCRIPTS[script], *before)
    assert OURS not in shown
    assert shown.count("MINITORCH_TRACEBACK=full") == 1
    if not before and script != "a thread":
        full = run(tmp_path, SCRIPTS[script], MINITORCH_TRACEBACK="full")
        assert OURS in full
        assert full.splitlines()[-1] == shown.splitlines()[-1]


@pytest.mark.needs("processes")
def test_the_users_excepthook_stays(tmp_path):
    source = """
        import sys
        sys.excepthook = lambda kind, error, trace: print("prog.py: mine", file=sys.stderr)
        torch.zeros(-1)
    """
    assert run(tmp_path, source) == "prog.py: mine\n"


@pytest.mark.needs("processes")
def test_an_error_that_is_not_ours_is_shown_as_it_is(tmp_path):
    assert "MINITORCH_TRACEBACK" not in run(tmp_path, "import json\njson.loads('[')")


def test_ipython():
    pytest.importorskip("IPython.core.interactiveshell", reason="not installed")
    cells = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("colors", "NoColor")
shell.run_cell("import minitorch as torch")
shell.run_cell("torch.zeros(-1)")
"""
    shown = subprocess.run(
        [sys.executable, "-c", cells], capture_output=True, text=True, check=True
    ).stdout
    assert "torch.zeros(-1)" in shown
    assert OURS not in shown
