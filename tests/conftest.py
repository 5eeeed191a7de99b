"""Every run draws the same numbers."""

import sys

import hypothesis
import minitorch
import pytest

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("repeatable")
minitorch.manual_seed(0)  # for what modules draw at import

collect_ignore = ["browser"]  # has its own session


def pytest_runtest_setup(item: pytest.Item) -> None:
    if sys.platform in ("emscripten", "wasi"):
        for mark in item.iter_markers("needs"):
            pytest.skip(f"WebAssembly has no {mark.args[0]}")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--hostile-files", type=int, default=500, help="files to load, of 10,000")


@pytest.fixture(autouse=True)
def seed() -> None:
    minitorch.manual_seed(0)
