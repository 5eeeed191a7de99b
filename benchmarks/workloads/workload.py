"""What a workload is, and the list of all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Step = Callable[[], object]
Build = Callable[[Any, int], Step]


@dataclass(frozen=True)
class Workload:
    """A task written as PyTorch code: ``build(torch, size)`` prepares it and returns its step."""

    name: str
    group: str
    title: str  # of its row; says what {size} counts
    build: Build
    sizes: tuple[int, ...]  # a row each
    growth: tuple[int, ...] = ()  # the sizes between which the growth of the time is measured
    trains: bool = False  # then its memory is measured too

    def titled(self, size: int) -> str:
        return self.title.format(size=f"{size:,}")


WORKLOADS: dict[str, Workload] = {}


def workload(
    *sizes: int, growth: tuple[int, ...] = (), trains: bool = False
) -> Callable[[Build], Build]:
    """Lists a function under its own name, its docstring as the title."""

    def register(build: Build) -> Build:
        name, group = build.__name__, build.__module__.rpartition(".")[2]
        title = build.__doc__ or name
        WORKLOADS[name] = Workload(name, group, title, build, sizes, growth, trains)
        return build

    return register
