"""The process in which one library runs workloads: ``python worker.py LIBRARY [SETTINGS ...]``.

Requests come as lines of JSON on the standard input, answers go as lines of JSON to the standard
output; harness.Worker is the other end.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from importlib import import_module
from statistics import median
from typing import Any

import workloads

PYTORCHES = ("minitorch", "torch")
WARM = 4  # calls after which a compiled step is what it will be


class Bench:
    """A library and the step that it is at.

    Of the settings "compiled" or "compiled:BACKEND" is for here: steps are compiled as a whole.
    """

    def __init__(self, library: str, *settings: str) -> None:
        self.library = library
        self.compile: Callable[[workloads.Step], workloads.Step] | None = None
        if library in PYTORCHES:
            torch = import_module(library)
            torch.manual_seed(0)
            for setting in settings:
                word, _, backend = setting.partition(":")
                if word == "compiled":
                    options = {"fallback_random": True}  # eager's random numbers
                    self.compile = partial(
                        torch.compile, backend=backend or "inductor", options=options
                    )
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
        if self.compile is not None:
            import_module(self.library).compiler.reset()  # what it holds of workloads before
            self.step = self.compile(self.step)
            for _ in range(WARM):
                self.step()

    def first_calls(self, name: str, size: int) -> tuple[float, list[float]]:
        """Seconds of a step as it is, in the median, and of each of the first compiled calls."""
        assert self.compile is not None
        step = self.build(name, size)
        step()
        eager = median(map(seconds, [step] * 5))
        return eager, list(map(seconds, [self.compile(step)] * WARM))

    def memory(self, name: str, size: int) -> int:
        """Bytes of NumPy's arrays in a step at most, but for what there was before the first."""
        import numpy as np

        def arrays() -> int:
            gc.collect()
            domain = tracemalloc.DomainFilter(True, np.lib.tracemalloc_domain)
            found = tracemalloc.take_snapshot().filter_traces([domain]).traces
            return sum(trace.size for trace in found)

        tracemalloc.start()
        step = self.build(name, size)
        before = arrays()
        if self.compile is not None:
            step = self.compile(step)
        for _ in range(WARM):
            step()
        held = arrays()
        current, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        step()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return held - before + peak - current

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


def seconds(step: workloads.Step) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


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


def serve(library: str, *settings: str) -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever the library prints is no answer
    bench = Bench(library, *settings)
    for line in sys.stdin:
        method, *arguments = json.loads(line)
        try:
            answer: dict[str, Any] = {"value": getattr(bench, method)(*arguments)}
        except Exception as error:  # any: it is for the other side to judge
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve(*sys.argv[1:])
