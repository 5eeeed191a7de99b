"""What nn and optim use of the core: its public names and ``extend``, nothing private."""

import re
from importlib import import_module
from pathlib import Path

import pytest
from minitorch.autograd.variable import Variable

PRIVATE = [name for name in {**Variable.__annotations__, **vars(Variable)} if name[:2] != "__"]
TOUCHED = re.compile(rf"(?<!self)\.({'|'.join(PRIVATE)})\b|from \.*minitorch\._|from \.+_[a-z]+")


@pytest.mark.parametrize("room", ["nn", "utils.data", "distributions", "optim"])
def test_nothing_private_is_touched(room):
    try:
        folder = Path(import_module(f"minitorch.{room}").__file__).parent
    except ModuleNotFoundError:
        pytest.skip("not installed")
    sources = sorted(folder.rglob("*.py"))
    assert sources
    found = [
        f"{path.relative_to(folder)}: {line.strip()}"
        for path in sources
        for line in path.read_text().splitlines()
        if TOUCHED.search(line)
    ]
    assert not found
