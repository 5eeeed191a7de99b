"""Ratios as bars on a logarithmic axis: ratios.png and compiled.png."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from harness import Spread
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from report import NAMES, OURS, Results

COLORS = ("tab:red", "tab:blue", "tab:green", "tab:gray", "tab:orange")
Panel = Mapping[str, Mapping[str, Spread]]  # title of a row -> what a bar is for -> ratio


def draw(results: Results, path: Path) -> None:
    """MiniTorch's time by that of each other library."""
    others = [library for library in NAMES if library != OURS and library in results.libraries]
    panel = {
        row.title: {NAMES[other]: row.ratio(other) for other in others if other in row.seconds}
        for row in results.short()
    }
    names = [NAMES[other] for other in others]
    draw_panels(
        {"": panel}, names, "MiniTorch's time by the other's: left of 1, MiniTorch is faster", path
    )


def draw_panels(panels: Mapping[str, Panel], names: list[str], label: str, path: Path) -> None:
    """Side by side, groups of thin bars that start from 1, one for each name."""
    titles = list(dict.fromkeys(title for panel in panels.values() for title in panel))
    lengths = [max(len(panel.get(title, ())) for panel in panels.values()) for title in titles]
    figure, axes = plt.subplots(
        1, len(panels), figsize=(4 + 5 * len(panels), 1.2 + 0.13 * (sum(lengths) + len(titles))),
        sharey=True, squeeze=False, layout="constrained",
    )  # fmt: skip
    for axis, (heading, panel) in zip(axes[0], panels.items()):
        places, top = [], 0
        for title, length in zip(titles, lengths):
            bars(axis, panel.get(title, {}), names, top)
            places.append(top + (length - 1) / 2)
            top += length + 1
        axis.set_yticks(places, [title.replace("`", "") for title in titles], fontsize=8)
        axis.set_ylim(top - 0.5, -1)
        axis.set_title(heading, fontsize=9)
        axis.set_xscale("log")
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.tick_params(axis="x", labelsize=7, rotation=45)
        axis.axvline(1, color="black", linewidth=1)
        axis.grid(axis="x", alpha=0.3)
        axis.set_axisbelow(True)
    figure.supxlabel(label, fontsize=10)
    handles = [Rectangle((0, 0), 1, 1, color=color) for _, color in zip(names, COLORS)]
    figure.legend(handles, names, loc="outside upper center", ncols=len(names), frameon=False)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def bars(axis: Axes, row: Mapping[str, Spread], names: list[str], top: float) -> None:
    """A row's; the black line on each is the middle half of the turns."""
    for place, (name, spread) in enumerate(row.items()):
        y = top + place
        axis.barh(y, spread.middle - 1, left=1, height=0.9, color=COLORS[names.index(name)])
        axis.plot([spread.low, spread.high], [y, y], color="black", linewidth=0.8)
