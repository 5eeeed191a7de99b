"""``utils.benchmark``: how long statements take, on a clock that the test turns."""

import pytest
from minitorch.utils.benchmark import Compare, Measurement, Timer


class Clock:
    """Each look at it is a millisecond later."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 1e-3
        return self.now


def test_times():
    ran = []
    timer = Timer("ran.append(1)", globals={"ran": ran}, timer=Clock(), label="Append")
    made = timer.timeit(5)
    assert len(ran) == 2 + 5  # two warm up
    assert made.number_per_run == 5
    assert made.times == [pytest.approx(1e-3 / 5)]
    assert made.median == made.mean
    assert "Append" in repr(made)
    assert "200.00 us" in repr(made)
    blocks = timer.blocked_autorange(min_run_time=0.0105)
    assert len(blocks.times) == 11
    assert blocks.iqr == pytest.approx(0)
    assert len(timer.adaptive_autorange().times) >= 4


def test_comparison():
    times = {("add", "small"): 2e-6, ("add", "large"): 4e-6, ("mul", "small"): 3e-6}
    found = [Measurement(1, [t], "x", "Ops", row, column) for (row, column), t in times.items()]
    lines = str(Compare(found)).splitlines()
    assert lines[0].strip("[-]") == " Ops "
    assert [line.split("|") for line in lines[3:5]] == [
        ["  add       ", "    2.0  ", "    4.0"], ["  mul       ", "    3.0  ", "       "],
    ]  # fmt: skip
    assert lines[-1] == "Times are in us."
    (merged,) = Measurement.merge([found[0], found[0]])
    assert merged.times == [2e-6, 2e-6]


def test_only_python_is_timed():
    with pytest.raises(NotImplementedError, match="Python only"):
        Timer("x", language="c++")
    with pytest.raises(NotImplementedError, match="callgrind"):
        Timer().collect_callgrind()
