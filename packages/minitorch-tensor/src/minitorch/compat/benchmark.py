"""``utils.benchmark``: how long a statement takes.

Follows https://docs.pytorch.org/docs/stable/benchmark_utils.html
"""

from __future__ import annotations

import statistics
import textwrap
import timeit
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from .._tensor.settings import get_num_threads, set_num_threads

__path__: list[str] = []  # PyTorch has modules in here
__all__ = ["Compare", "Measurement", "Timer", "select_unit", "timer"]

timer = timeit.default_timer
UNITS = (("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3), ("s", 1.0))


def select_unit(t: float) -> tuple[str, float]:
    """The unit in which a time reads well, and its length in seconds."""
    fitting = [unit for unit in UNITS if t >= unit[1]]
    return fitting[-1] if fitting else UNITS[0]


@dataclass
class Measurement:
    """Times of a statement: ``raw_times`` of ``number_per_run`` runs each, in seconds."""

    number_per_run: int
    raw_times: list[float]
    stmt: str = ""
    label: str | None = None
    sub_label: str | None = None
    description: str | None = None
    env: str | None = None
    num_threads: int = 1
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def times(self) -> list[float]:
        """Seconds per run."""
        return [t / self.number_per_run for t in self.raw_times]

    @property
    def median(self) -> float:
        """Of the times."""
        return statistics.median(self.times)

    @property
    def mean(self) -> float:
        """Of the times."""
        return statistics.fmean(self.times)

    @property
    def iqr(self) -> float:
        """How far the quarters of the times are apart."""
        if len(self.times) < 2:
            return 0.0
        low, _, high = statistics.quantiles(self.times, n=4, method="inclusive")
        return high - low

    @property
    def title(self) -> str:
        """Labels, or the statement."""
        parts = [self.label, self.sub_label, self.description]
        return ": ".join(part for part in parts if part) or self.stmt

    @staticmethod
    def merge(measurements: Iterable[Measurement]) -> list[Measurement]:
        """Those of the same statement, as one."""
        found: dict[Any, Measurement] = {}
        for m in measurements:
            key = (m.stmt, m.label, m.sub_label, m.description, m.env, m.num_threads)
            times = found[key].times if key in found else []
            found[key] = Measurement(1, [*times, *m.times], *key)
        return list(found.values())

    def __repr__(self) -> str:
        unit, length = select_unit(self.median)
        count = len(self.raw_times)
        return (
            f"<torch.utils.benchmark.utils.common.Measurement object at {hex(id(self))}>\n"
            f"{self.title}\n  {'Median: ' if count > 1 else ''}{self.median / length:.2f} {unit}\n"
            f"  {count} measurement{'s' if count > 1 else ''}, {self.number_per_run} runs "
            f"{'per measurement, ' if count > 1 else ', '}{self.num_threads} "
            f"thread{'s' if self.num_threads > 1 else ''}"
        )


class Timer:
    """Times a Python statement, with ``num_threads`` threads.

    Args:
        stmt, setup: what is timed, and what goes before it.
        globals: the names that both see.
        label, sub_label, description, env: how the measurement is called.

    Raises:
        NotImplementedError: a statement in C++.

    Example:
        >>> from minitorch.utils.benchmark import Timer
        >>> Timer("x + x", "import minitorch as torch; x = torch.ones(2)").timeit(10).median > 0
        True
    """

    def __init__(
        self, stmt: str = "pass", setup: str = "pass", global_setup: str = "",
        timer: Callable[[], float] = timer, globals: dict[str, Any] | None = None,
        label: str | None = None, sub_label: str | None = None, description: str | None = None,
        env: str | None = None, num_threads: int = 1, language: Any = "python",
    ) -> None:  # fmt: skip
        if str(language).lower() not in ("python", "py", "language.python") or global_setup:
            raise NotImplementedError("benchmark.Timer: MiniTorch times statements in Python only")
        self._stmt = textwrap.dedent(stmt).strip()
        names = {} if globals is None else dict(globals)
        self._timer = timeit.Timer(self._stmt, textwrap.dedent(setup).strip(), timer, names)
        self._names = (self._stmt, label, sub_label, description, env, num_threads)
        self._num_threads = num_threads

    def _measured(self, number: int, times: list[float]) -> Measurement:
        return Measurement(number, times, *self._names)

    def _time(self, number: int) -> float:
        before = get_num_threads()
        set_num_threads(self._num_threads)
        try:
            return self._timer.timeit(max(number, 1))
        finally:
            set_num_threads(before)

    def timeit(self, number: int = 1000000) -> Measurement:
        """One measurement of ``number`` runs, after a few that warm up."""
        self._time(max(number // 100, 2))
        return self._measured(number, [self._time(number)])

    def _block(self, least: float) -> int:
        """How many runs take so long that the clock does not count."""
        number = 1
        while self._time(number) < least:
            number *= 10
        return number

    def blocked_autorange(
        self, callback: Callable[[int, float], None] | None = None, min_run_time: float = 0.2
    ) -> Measurement:
        """Measurements of as many runs as the clock needs, ``min_run_time`` seconds long."""
        number = self._block(min(1e-3, min_run_time))
        times: list[float] = []
        while not times or sum(times) < min_run_time:
            times.append(self._time(number))
            if callback is not None:
                callback(number, times[-1])
        return self._measured(number, times)

    def adaptive_autorange(
        self, threshold: float = 0.1, *, min_run_time: float = 0.01, max_run_time: float = 10.0,
        callback: Callable[[int, float], None] | None = None,
    ) -> Measurement:  # fmt: skip
        """Measurements until the quarters of the times are closer than ``threshold * median``."""
        number = self._block(min_run_time / 1000)
        times: list[float] = []
        while sum(times) < max_run_time:
            times.append(self._time(number))
            if callback is not None:
                callback(number, times[-1])
            made = self._measured(number, times)
            if (
                len(times) >= 4
                and sum(times) >= min_run_time
                and made.iqr < threshold * made.median
            ):
                break
        return self._measured(number, times)

    def collect_callgrind(self, *args: Any, **kwargs: Any) -> Any:
        """Raises: it counts the instructions of PyTorch's C++."""
        raise NotImplementedError("benchmark.Timer.collect_callgrind: use timeit or profiler")


class Compare:
    """Measurements side by side: rows are ``sub_label``s, columns ``description``s."""

    def __init__(self, results: Iterable[Measurement]) -> None:
        self._results: list[Measurement] = list(results)

    def extend_results(self, results: Iterable[Measurement]) -> None:
        """Adds measurements.

        Raises:
            ValueError: one is none.
        """
        results = list(results)
        for each in results:
            if not isinstance(each, Measurement):
                raise ValueError(
                    f"Expected an instance of `Measurement`, got {type(each)} instead."
                )
        self._results.extend(results)

    def trim_significant_figures(self) -> None:
        """Nothing to do: times are shown with one decimal."""

    def colorize(self, rowwise: bool = False) -> None:
        """Nothing to do: the table is plain text."""

    def highlight_warnings(self) -> None:
        """Nothing to do: the table has none."""

    def __str__(self) -> str:
        merged = Measurement.merge(self._results)
        unit, length = select_unit(min((m.median for m in merged), default=1.0))
        labels = dict.fromkeys(m.label for m in merged)
        blocks = [table([m for m in merged if m.label == label], length) for label in labels]
        return "\n\n".join([*blocks, f"Times are in {unit}."])

    def print(self) -> None:
        """Prints the table."""
        print(self)


def table(part: list[Measurement], length: float) -> str:
    """Measurements of one label: a line per statement and number of threads."""
    columns = list(dict.fromkeys(m.description or "" for m in part))
    medians = {
        (m.num_threads, m.sub_label or m.stmt, m.description or ""): m.median / length for m in part
    }
    rows = list(dict.fromkeys((m.num_threads, m.sub_label or m.stmt) for m in part))
    lines = [["", *columns]]
    for threads in dict.fromkeys(n for n, _ in rows):
        lines.append([f"{threads} threads:", *[""] * len(columns)])
        for row in [each for each in rows if each[0] == threads]:
            values = [medians.get((*row, column)) for column in columns]
            lines.append([f"  {row[1]}", *("" if x is None else f"{x:.1f}" for x in values)])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = [
        "  |  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])])
        for line in lines
    ]
    head = f" {part[0].label or ''} ".center(len(text[0]), "-")
    return "\n".join([f"[{head}]", *text])
