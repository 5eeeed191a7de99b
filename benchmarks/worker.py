"""The process in which one library runs workloads: ``python worker.py LIBRARY``.

Requests come as lines of JSON on the standard input, answers go as lines of JSON to the standard
output; harness.Worker is the other end.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import workloads

PYTORCHES = ("minitorch", "torch")


class Bench:
    """A library and the step that it is at."""

    def __init__(self, library: str) -> None:
        self.library = library
        if library in PYTORCHES:
            torch = import_module(library)
            torch.manual_seed(0)
            self.build: Callable[[str, int], workloads.Step] = lambda name, size: (
                workloads.WORKLOADS[name].build(torch, size)
            )
            self.names = set(workloads.WORKLOADS)
        else:
            others = import_module(f"others.{library}").WORKLOADS
            self.build = lambda name, size: others[name](size)
            self.names = set(others)
        self.step: workloads.Step = lambda: None

    def file(self) -> str:
        """Where the library was imported from."""
        return str(import_module(self.library).__file__)

    def has(self, name: str) -> bool:
        return name in self.names

    def prepare(self, name: str, size: int) -> None:
        self.step = lambda: None  # the last one's memory goes first
        self.step = self.build(name, size)

    def seconds(self, times: int) -> float:
        """A step's, the mean over so many; one before them warms up what cooled down."""
        step = self.step
        step()
        start = time.perf_counter()
        for _ in range(times):
            step()
        took = time.perf_counter() - start
        rest()
        return took / times

    def peak(self, steps: int) -> int:
        """Bytes by which the resident memory's highest mark rises in so many steps."""
        before = highest_mark()
        for _ in range(steps):
            self.step()
        return highest_mark() - before


def rest() -> None:
    """Waits for the library's threads, which wait by spinning on the cores that others need now."""
    busy = True
    while busy:
        start = time.process_time()
        time.sleep(0.002)
        busy = time.process_time() - start > 0.0002


def highest_mark() -> int:
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def serve(library: str) -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever the library prints is no answer
    bench = Bench(library)
    for line in sys.stdin:
        method, *arguments = json.loads(line)
        try:
            answer: dict[str, Any] = {"value": getattr(bench, method)(*arguments)}
        except Exception as error:  # any: it is for the other side to judge
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve(sys.argv[1])
