"""Measuring fairly: libraries in processes of their own, in turns, and ratios with their spread."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import linear_regression, quantiles
from typing import Any

import settings

HERE = Path(__file__).parent


class WorkloadError(Exception):
    """A library could not run a workload."""


def environment(path: Path | None = None) -> dict[str, str]:
    """A child's: compiled modules are kept as in everyday use; ``path`` is searched first."""
    variables = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return variables if path is None else {**variables, "PYTHONPATH": str(path)}


class Worker:
    """A process of its own in which a library runs workloads when asked, and else rests.

    Its name may be followed by settings: ``"torch avx2"``. ``variables`` are of its environment.
    Where it ended a new one begins with the next request.
    """

    def __init__(self, name: str, path: Path | None = None, **variables: str) -> None:
        self.name = name
        library, *chosen = name.split()
        self.start = partial(
            subprocess.Popen,
            [sys.executable, str(HERE / "worker.py"), library, *chosen],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(path) | settings.environment(chosen) | variables,
        )
        self.process = self.start()

    def ask(self, method: str, *arguments: Any) -> Any:
        """What worker.Bench answers to a call of that method."""
        self.send(method, *arguments)
        return self.answer()

    def send(self, method: str, *arguments: Any) -> None:
        if self.process.poll() is not None:
            self.process = self.start()
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([method, *arguments]) + "\n")
        self.process.stdin.flush()

    def answer(self) -> Any:
        assert self.process.stdout is not None
        answer = json.loads(self.process.stdout.readline() or '{"error": "the process ended"}')
        if "error" in answer:
            raise WorkloadError(f"{self.name}: {answer['error']}")
        return answer["value"]

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()


@dataclass(frozen=True)
class Effort:
    """How long to measure."""

    turns: int = 15
    seconds: float = 0.05  # of work in a turn
    limit: float = 4.0  # seconds for a workload, as long as that leaves three turns


def prepare(workers: Mapping[str, Worker], name: str, size: int) -> None:
    """All at the same time; an error once all have answered."""
    for worker in workers.values():
        worker.send("prepare", name, size)
    errors = []
    for worker in workers.values():
        try:
            worker.answer()
        except WorkloadError as error:
            errors.append(error)
    if errors:
        raise errors[0]


def in_turns(
    workers: Mapping[str, Worker], name: str, size: int, effort: Effort
) -> dict[str, list[float]]:
    """Seconds a step, turn by turn, for each library; the order within a turn alternates."""
    prepare(workers, name, size)
    times, turn = {}, 0.0
    for library, worker in workers.items():
        took, count = worker.ask("seconds", 1), 1
        while took * count < effort.seconds / 2 and count < 1_000_000:
            count = max(count * 2, min(count * 10, int(effort.seconds / 2 / took)))
            took = worker.ask("seconds", count)
        times[library] = max(1, round(effort.seconds / took))
        turn += took * (times[library] + 1)
    turns = min(effort.turns, max(3, int(effort.limit / turn)))
    seconds: dict[str, list[float]] = {library: [] for library in workers}
    for number in range(turns):
        for library in list(workers)[:: -1 if number % 2 else 1]:
            seconds[library].append(workers[library].ask("seconds", times[library]))
    return seconds


@dataclass(frozen=True)
class Spread:
    """The median of some numbers and the middle half of them."""

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Spread:
        return cls(*quantiles(numbers, n=4, method="inclusive"))


def warn_of_company() -> None:
    """Threads that wait for each other lose most where other programs take a core now and then."""
    if hasattr(os, "getloadavg") and (load := os.getloadavg()[0]) > 0.5:
        print(
            f"Other programs run (load {load:.1f}): what follows is no comparison", file=sys.stderr
        )


def ratio(mine: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Mine by theirs, turn by turn: what slows a whole turn down cancels."""
    return Spread.of([a / b for a, b in zip(mine, theirs, strict=True)])


def growth(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """The exponent p of seconds ~ size**p: the slope of the logarithms."""
    slope, _ = linear_regression([math.log(n) for n in sizes], [math.log(t) for t in seconds])
    return slope


def peak_memory(library: str, name: str, size: int) -> int:
    """Bytes that five training steps take on top of library, data and model, in a new process."""
    with Worker(library) as worker:
        worker.ask("prepare", name, size)
        peak: int = worker.ask("peak", 5)
        return peak
