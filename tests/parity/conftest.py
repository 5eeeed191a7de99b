"""The parity tests import their helpers as plain modules, and need PyTorch."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))


def pytest_addoption(parser):
    parser.addoption("--programs", type=int, default=300, help="random programs to compare")
