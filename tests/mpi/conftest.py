"""Tests with several processes: ``nox -s mpi``. Without mpi4py there are none.

``test_*.py`` start the processes; ``ranks_*.py`` are what the ranks run:
``mpiexec -n 2 pytest tests/mpi/ranks_collectives.py``.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

if find_spec("mpi4py") is None:
    collect_ignore_glob = ["*"]
sys.path.insert(0, str(Path(__file__).parent))  # models.py


@pytest.fixture(scope="session", autouse=True)
def job():
    """All ranks' group, where mpiexec started them."""
    if "PMI_SIZE" not in os.environ:
        yield
        return
    from minitorch import distributed

    distributed.init_process_group("gloo")
    yield
    distributed.destroy_process_group()
