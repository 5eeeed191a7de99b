"""Tests that run on several ranks: ``mpiexec -n 2 pytest tests/mpi/ranks_collectives.py``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from minitorch import distributed as dist

sys.path.insert(0, str(Path(__file__).parent))  # models.py


@pytest.fixture(scope="session", autouse=True)
def job():
    """All ranks' group, where mpiexec started them."""
    if "PMI_SIZE" not in os.environ:
        yield
        return
    dist.init_process_group("gloo")
    yield
    dist.destroy_process_group()
