"""docs/scaling.md says what benchmarks/scaling.py computes, and that computes what it says."""

import math
import sys
from importlib import import_module
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
scaling = import_module("scaling")
NETWORK = scaling.Network("test", latency=1.0, bandwidth=2.0, adding=4.0)
MODEL = scaling.Model("test", 1.0, [(1.0, 10), (2.0, 20), (4.0, 30)], 5.0, 2.0)


def test_the_page_is_up_to_date():
    page = scaling.PAGE.read_text()
    assert scaling.filled(page) == page


def test_a_ring_and_a_tree():
    # 3 times: two messages of 2 bytes, one of which is added
    assert NETWORK.ring(4, 8) == 3 * (2 * (1 + 2 / 2) + 2 / 4)
    # 2 levels: 8 bytes up, added, and down
    assert NETWORK.tree(4, 8) == 2 * (2 * (1 + 8 / 2) + 8 / 4)
    assert NETWORK.best(1, 8) == 0
    assert NETWORK.best(64, 0.0) == NETWORK.tree(64, 0.0) < NETWORK.ring(64, 0.0)


@pytest.mark.parametrize(
    ("caps", "expected"),
    [
        ((1,), [(1.0, 10), (2.0, 20), (4.0, 30)]),
        ((30,), [(2.0, 30), (4.0, 30)]),
        ((1, 40), [(1.0, 10), (4.0, 50)]),
        ((math.inf,), [(4.0, 60)]),
    ],
)
def test_buckets(caps, expected):
    assert scaling.buckets(MODEL, caps) == expected


def test_a_step():
    assert scaling.step(MODEL, None, 1, (1,)) == MODEL.step == 8
    # sums of 3 s each begin at 1, 4 and 7 s of the backward pass, and end at 10
    assert scaling.step(MODEL, lambda p, n: 3.0, 2, (1,)) == 1 + 10 + 2
    # sums of 0.1 s are over before the backward pass is
    assert scaling.step(MODEL, lambda p, n: 0.1, 2, (1,)) == 8
    # two passes, of which the second reduces
    assert scaling.step(MODEL, lambda p, n: 3.0, 2, (1,), 2) == (6 + 1 + 10 + 2) / 2
