"""Measurements as Markdown: RESULTS.md and the table in docs/performance.md."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import geometric_mean, median

from harness import Spread, growth, ratio
from settings import COLUMNS
from workloads import WORKLOADS, operations

OURS, PYTORCH = "minitorch", "torch"
NAMES = {OURS: "MiniTorch", PYTORCH: "PyTorch", "mygrad": "MyGrad", "autograd": "autograd",
         "numpy": "NumPy"}  # fmt: skip
HEADINGS = {
    "networks": "Training steps: forward, loss, backward, optimizer",
    "layers": "Layers and losses, forward and backward",
    "optimizers": "`step()` of an optimizer",
    "data": "An epoch of a shuffled DataLoader, rows of 784 numbers",
    "operations": "Single operations",
    "pretrained": "Inference",
    "start": "Starting",
}
SHORT = (
    "chained_scalars", "tracked_add", "index_a_scalar", "small_mlp_sgd", "character_mlp",
    "large_mlp_sgd", "large_mlp_adam", "lenet", "digits_cnn", "gpt", "convolution", "lstm",
    "attention", "layer_norm", "softmax", "gelu", "cross_entropy", "embedding", "tensor_dataset",
    "import", "import_all",
)  # fmt: skip
SHORT_SIZES = {"attention": 512}
EXPONENTIAL = ("exp", "log", "tanh", "sigmoid")  # what depends on the processor
GRID = {name + suffix for name in operations.OPERATIONS for suffix in ("", "_backward")}

INTRODUCTION = """\
Ratios are MiniTorch's time by the other's: below 1, MiniTorch is faster. Each library runs in a
process of its own, on its default threads, and rests while the others work. Ratios are taken turn
by turn; the tables have their median and, as their spread, the middle half. What no library's
bookkeeping would cost is in the last column: the same in plain NumPy, gradients derived by hand.
The columns "numba" and "AVX2" are ratios to PyTorch, too: with compiled kernels
(`set_kernels("numba")`), and of both libraries without AVX-512, as most processors are.
`python benchmarks/run.py` measures this page: its main part as a picture, then all of it.

![MiniTorch's time by the other libraries', workload by workload](ratios.png)"""


@dataclass(frozen=True)
class Row:
    """Seconds, turn by turn, that each library takes for one workload at one size."""

    name: str
    group: str
    title: str
    size: int
    seconds: dict[str, list[float]]

    def ratio(self, other: str) -> Spread:
        return ratio(self.seconds[OURS], self.seconds[other])

    def columns(self) -> dict[str, Spread]:
        """The ratios to PyTorch in other settings."""
        return {
            heading: ratio(self.seconds[mine], self.seconds[theirs])
            for heading, (mine, theirs) in COLUMNS.items()
            if mine in self.seconds and theirs in self.seconds
        }


@dataclass
class Results:
    libraries: list[str]
    rows: list[Row] = field(default_factory=list)
    growth: list[Row] = field(default_factory=list)
    memory: dict[str, list[float]] = field(default_factory=dict)  # by title: one per PyTorch
    before: dict[str, list[float]] = field(default_factory=dict)  # by title: one per library

    def short(self) -> list[Row]:
        """The rows that docs/performance.md shows, in its order."""
        wanted = (
            row for name in SHORT for row in self.rows
            if row.name == name and row.size == SHORT_SIZES.get(name, row.size)
        )  # fmt: skip
        return list(wanted)


def conditions() -> str:
    packages = {"numpy": "NumPy", "numba": "Numba", "torch": "PyTorch", "mygrad": "MyGrad",
                "autograd": "autograd", "jax": "JAX", "transformers": "transformers"}  # fmt: skip
    versions = [f"Python {platform.python_version()}"]
    for package, name in packages.items():
        try:
            versions.append(f"{name} {version(package)}")
        except PackageNotFoundError:
            continue
    return f"{', '.join(versions)}; {platform.system()}, {os.cpu_count()} cores."


def time(seconds: Sequence[float]) -> str:
    middle = median(seconds)
    for scale, unit in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if middle >= scale:
            return f"{middle / scale:.3g} {unit}"
    return f"{middle * 1e9:.0f} ns"


def factor(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.2g}"


def megabytes(size: float) -> str:
    return f"{size / 1e6:,.3g} MB" if size < 1e8 else f"{size / 1e6:,.0f} MB"


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def times(
    rows: Sequence[Row], others: Sequence[str], memory: Mapping[str, Sequence[float]] = {}
) -> str:
    """Times of MiniTorch and PyTorch, their ratio and its spread; ratios to the other libraries."""
    further = [other for other in others if other != PYTORCH]
    settings = [name for name in COLUMNS if any(name in row.columns() for row in rows)]
    lines = []
    for row in rows:
        cells = [row.title, time(row.seconds[OURS]), "", "", ""]
        if PYTORCH in row.seconds:
            spread = row.ratio(PYTORCH)
            theirs, middle = time(row.seconds[PYTORCH]), f"**{factor(spread.middle)}**"
            cells[2:] = theirs, middle, f"{factor(spread.low)} to {factor(spread.high)}"
        found = row.columns()
        cells += [f"**{factor(found[name].middle)}**" if name in found else "" for name in settings]
        for other in further:
            cells.append(factor(row.ratio(other).middle) if other in row.seconds else "")
        if memory:
            ours, theirs = memory.get(row.title, (0, 0))
            cells.append(factor(ours / theirs) if theirs else "")
        lines.append(cells)
    head = ["workload", "MiniTorch", "PyTorch", "ratio", "middle half"]
    head += settings + [f"/ {NAMES[other]}" for other in further]
    return markdown(head + ["memory"] * bool(memory), lines)


def grid(rows: Sequence[Row], suffix: str, others: Sequence[str]) -> str:
    """Ratios to PyTorch, operations by sizes; below them the geometric means, for all libraries."""
    by_place = {(row.name, row.size): row for row in rows}
    sizes = sorted({row.size for row in rows})

    def ratios(other: str, names: Iterable[str], size: int) -> list[float]:
        cells = (by_place.get((name + suffix, size)) for name in names)
        return [row.ratio(other).middle for row in cells if row and other in row.seconds]

    def line(title: str, other: str, names: Iterable[str]) -> list[str]:
        found = [ratios(other, names, size) for size in sizes]
        return [title, *(factor(geometric_mean(cell)) if cell else "" for cell in found)]

    def in_setting(setting: str, title: str, names: Iterable[str]) -> list[str]:
        cells = [[by_place[name + suffix, size].columns().get(setting) for name in names
                  if (name + suffix, size) in by_place] for size in sizes]  # fmt: skip
        found = [[spread.middle for spread in cell if spread] for cell in cells]
        return [title, *(factor(geometric_mean(cell)) if cell else "" for cell in found)]

    names = [name for name in operations.OPERATIONS if (name + suffix, sizes[0]) in by_place]
    lines = [line(f"`{name}`", PYTORCH, [name]) for name in names]
    lines += [line(f"**mean, / {NAMES[other]}**", other, names) for other in others]
    for setting in COLUMNS:
        if any(setting in row.columns() for row in rows):
            lines += [in_setting(setting, f"`{name}`, {setting}", [name]) for name in EXPONENTIAL
                      if name in names]  # fmt: skip
            lines.append(in_setting(setting, f"**mean, {setting}**", names))
    return markdown(["elements", *(f"{size:,}" for size in sizes)], lines)


def exponents(rows: Sequence[Row], libraries: Sequence[str]) -> str:
    """The powers of the size with which times grow."""
    lines = []
    for name in dict.fromkeys(row.name for row in rows):
        family = [row for row in rows if row.name == name]
        sizes = [row.size for row in family]
        powers = (
            growth(sizes, [median(row.seconds[library]) for row in family]) for library in libraries
        )
        title = WORKLOADS[name].title.replace("{size}", "*n*")
        steps = ", ".join(f"{size:,}" for size in sizes)
        lines.append([title, steps, *(f"{power:.2f}" for power in powers)])
    return markdown(["workload", "*n*", *(NAMES[library] for library in libraries)], lines)


def bytes_table(sizes: dict[str, list[float]], libraries: Sequence[str]) -> str:
    both = PYTORCH in libraries
    lines = []
    for title, values in sizes.items():
        cells = [megabytes(value) for value in values]
        if both:
            ours, theirs = values[0], values[list(libraries).index(PYTORCH)]
            cells.append(f"**{factor(ours / theirs)}**" if theirs else "")
        lines.append([title, *cells])
    head = ["", *(NAMES[library] for library in libraries), *(["MiniTorch / PyTorch"] * both)]
    return markdown(head, lines)


def full(results: Results) -> str:
    """All of RESULTS.md."""
    others = results.libraries[1:]
    both = [library for library in results.libraries if library in (OURS, PYTORCH)]
    parts = [
        "# Benchmarks",
        conditions(),
        INTRODUCTION,
    ]
    for group, heading in HEADINGS.items():
        rows = [row for row in results.rows if row.group == group]
        plain = [row for row in rows if row.name not in GRID]
        if rows:
            parts += [f"## {heading}", times(plain, others)] if plain else [f"## {heading}"]
        tabular = [row for row in rows if row.name in GRID]
        for suffix, title in (("", "Forward"), ("_backward", "Forward and backward")):
            part = [row for row in tabular if row.name.endswith("_backward") == bool(suffix)]
            if part:
                parts += [f"{title}, ratios to PyTorch:", grid(part, suffix, others)]
    if results.before:
        parts += ["## Before any work", bytes_table(results.before, results.libraries)]
    if results.memory:
        text = "What five training steps add to the peak of a new process with library and model:"
        parts += ["## Memory", text, bytes_table(results.memory, both)]
    if results.growth:
        text = "Time grows as this power of *n*, fitted over four sizes:"
        parts += ["## Growth", text, exponents(results.growth, both)]
    parts.append("<!-- compiled -->\n<!-- end of compiled -->")
    return "\n\n".join(parts) + "\n"


def short(results: Results) -> str:
    """The table of docs/performance.md."""
    return f"{times(results.short(), [PYTORCH], results.memory)}\n\n{conditions()}"


def put_between(page: Path, name: str, text: str) -> None:
    """Replaces what stands between the page's markers of that name."""
    before, start, rest = page.read_text().partition(f"<!-- {name} -->\n")
    _, end, after = rest.partition(f"<!-- end of {name} -->")
    if not (start and end):
        sys.exit(f"{page.name} has lost its markers of {name}")
    page.write_text(f"{before}{start}{text}\n{end}{after}")
