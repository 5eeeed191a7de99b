"""The programs in docs/compiled are what compile makes of the steps there, and give the same."""

import importlib.util
import inspect
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from minitorch.compiler.naming import names_of

pytest.importorskip("minitorch.nn")
pytest.importorskip("minitorch.optim")
FOLDER = Path(__file__).parents[2] / "docs" / "compiled"


def module(path):
    spec = importlib.util.spec_from_file_location(f"compiled_{path.stem}", path)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


make = module(FOLDER / "make.py")
compiled = cache(make.compiled)
HERE = make.conditions() == (FOLDER / "conditions.txt").read_text().strip()


def outline(text):
    """What a program takes, gives and undoes, however its kernels go about it."""
    signature = re.search(r"^def step\(.*?\):$", text, re.M | re.S).group()
    lines = re.findall(r"\w+\.py:\d+  [^.(]*", text)
    return signature.split(), lines, text[text.index("    return (") :].split()


@pytest.mark.parametrize("name", make.NAMES)
def test_they_are_current(name, tmp_path):
    compiled(name)[0].save(tmp_path / "step.py")
    here, there = (tmp_path / "step.py").read_text(), (FOLDER / f"{name}_step.py").read_text()
    assert outline(here) == outline(there), "run docs/compiled/make.py"
    assert not list(FOLDER.glob("*.npz"))


@pytest.mark.parametrize("name", make.NAMES)
def test_they_give_what_the_steps_give(name):
    _, scope = compiled(name)
    function = module(FOLDER / f"{name}_step.py").step
    model, inputs = scope["model"], scope["inputs"]
    named = names_of(scope["step"], inputs, {})
    tensors = {named[id(t)]: t for t in (*inputs, *model.parameters())}
    parameters = inspect.signature(function).parameters.values()
    given = [p.name for p in parameters if p.default is p.empty]
    arrays = {p: tensors[p].detach().numpy().copy() for p in given if p in tensors}
    numbers = {"incoming": 1.0, **scope["optimizer"].param_groups[0]}  # 1 - dampening
    results = function(**arrays, **{p: numbers[p] for p in given if p not in tensors})
    returned = re.search(r"return \((.*)\)", inspect.getsource(function), re.S).group(1)
    found = dict(zip(re.findall(r"\w+", returned), results))
    expected = {"loss": scope["step"](*inputs)} | tensors
    expected |= {f"d_{p}": tensors[p].grad for p in arrays if tensors[p].requires_grad}
    found |= arrays
    assert found.keys() == expected.keys()
    for name, array in found.items():
        wanted = expected[name].detach().numpy()
        if HERE:
            assert array.tobytes() == wanted.tobytes(), name
        np.testing.assert_allclose(array, wanted, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", make.NAMES)
def test_they_can_be_read(name):
    text = (FOLDER / f"{name}_step.py").read_text()
    assert max(map(len, text.splitlines())) <= 100
    meaningless = r"\b(value|tmp|temp|argument|v|t)_?\d+\b"
    assert not re.findall(meaningless, text)
    lines = (FOLDER / f"{name}.py").read_text().splitlines()
    shown = re.findall(rf"# {name}\.py:(\d+)  (.*?)(?:\.\.\..*|  \(undone.*)?$", text, re.M)
    assert len(shown) > 3
    for number, line in shown:
        assert lines[int(number) - 1].strip().startswith(line)
