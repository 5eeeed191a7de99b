"""Ratios as bars on a logarithmic axis: ratios.png."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from report import NAMES, Results, Row

COLORS = {"torch": "tab:red", "mygrad": "tab:blue", "autograd": "tab:green", "numpy": "tab:gray"}


def draw(results: Results, path: Path) -> None:
    """Groups of thin bars, one for each library, that start from 1."""
    others = [library for library in COLORS if library in results.libraries]
    rows = results.short()
    lengths = [sum(other in row.seconds for other in others) for row in rows]
    figure, axis = plt.subplots(
        figsize=(9, 1.2 + 0.13 * (sum(lengths) + len(rows))), layout="constrained"
    )
    places, top = [], 0.0
    for row, length in zip(rows, lengths):
        bars(axis, row, others, top)
        places.append(top + (length - 1) / 2)
        top += length + 1
    axis.set_yticks(places, [row.title.replace("`", "") for row in rows], fontsize=8)
    axis.set_ylim(top - 0.5, -1)
    axis.set_xscale("log")
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.tick_params(axis="x", labelsize=7, rotation=45)
    axis.axvline(1, color="black", linewidth=1)
    axis.grid(axis="x", alpha=0.3)
    axis.set_axisbelow(True)
    axis.set_xlabel("MiniTorch's time by the other's: left of 1, MiniTorch is faster")
    handles = [Rectangle((0, 0), 1, 1, color=COLORS[other]) for other in others]
    figure.legend(handles, [NAMES[other] for other in others], loc="outside upper center",
                  ncols=len(others), frameon=False)  # fmt: skip
    figure.savefig(path, dpi=110)
    plt.close(figure)


def bars(axis: Axes, row: Row, others: Sequence[str], top: float) -> None:
    """A row's; the black line on each is the middle half of the turns."""
    for place, other in enumerate(other for other in others if other in row.seconds):
        spread, y = row.ratio(other), top + place
        axis.barh(y, spread.middle - 1, left=1, height=0.9, color=COLORS[other])
        axis.plot([spread.low, spread.high], [y, y], color="black", linewidth=0.8)
