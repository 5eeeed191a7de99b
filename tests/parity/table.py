"""Runs the databases and writes what agrees: ``python tests/parity/table.py``.

The whole table goes to TABLE.md, its summary to docs/testing.md.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch

HERE = Path(__file__).parent
SUMMARY = HERE.parents[1] / "docs" / "testing.md"
TABLE = HERE / "TABLE.md"
BETWEEN = re.compile(r"(?<=<!-- parity -->\n).*?(?=<!-- end of parity -->)", re.DOTALL)


@dataclass
class Section:
    title: str
    files: tuple[str, ...]  # their tests summed up, a row for each value of parameter ``name``
    holds: Callable[[str], bool] = lambda name: True


SECTIONS = [
    Section("Operations", ("test_ops",), lambda name: not name.startswith("nn.")),
    Section("Functionals", ("test_ops",), lambda name: name.startswith("nn.")),
    Section("Modules", ("test_modules",)),
    Section("Optimizers and schedules", ("test_optim", "test_lr_scheduler")),
]
COUNTS = {
    "samples": "compared in values, shape and dtype",
    "gradients": "of these, with the gradients of all inputs",
    "orders": "samples that pass gradcheck and gradgradcheck",
    "refusals": "calls that PyTorch refuses, refused with its type of error",
    "tests": "tests passed",
}


@dataclass
class Row:
    counts: Counter[str] = field(default_factory=Counter)
    failed: set[str] = field(default_factory=set)
    notes: dict[str, None] = field(default_factory=dict)

    def add(self, test: str, report: Any) -> None:
        self.counts["tests"] += report.passed
        if not report.passed:
            self.failed.add(f"{test} {report.outcome}")
        for key, value in report.user_properties:
            if key == "note":
                self.notes[value] = None
            else:
                self.counts[key] += value

    def cells(self, columns: list[str]) -> Iterator[str]:
        for column in columns:
            yield f"{self.counts[column]:,}"
        differs = [f"**differs: {test}**" for test in sorted(self.failed)]
        yield "; ".join([*differs, *self.notes])


class Collector:
    """A pytest plugin: a row for each name in each file of tests."""

    def __init__(self) -> None:
        self.tests: dict[str, tuple[str, str, str]] = {}
        self.rows: dict[str, dict[str, Row]] = {}

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        for item in items:
            test = item.originalname.removeprefix("test_").replace("_", " ")
            given = item.callspec.params if hasattr(item, "callspec") else {}
            self.tests[item.nodeid] = item.path.stem, str(given.get("name", test)), test

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call" or not report.passed:
            file, name, test = self.tests[report.nodeid]
            self.rows.setdefault(file, {}).setdefault(name, Row()).add(test, report)


def columns(rows: dict[str, Row]) -> list[str]:
    return [key for key in COUNTS if any(row.counts[key] for row in rows.values())]


def line(cells: Any) -> str:
    return "| " + " | ".join(cells) + " |\n"


def table(found: dict[str, dict[str, Row]]) -> str:
    text = (
        f"# What agrees with PyTorch {torch.__version__.partition('+')[0]}\n\n"
        "Samples and faulty calls are those of PyTorch's own test databases; the tests beside this "
        "page compare.\nWritten by `python tests/parity/table.py`.\n"
    )
    text += "".join(f"\n* {key}: {meaning}" for key, meaning in COUNTS.items()) + "\n"
    for title, rows in found.items():
        shown = columns(rows)
        text += f"\n## {title}\n\n"
        text += line(["name", *shown, "note"]) + line(["---", *["---:"] * len(shown), "---"])
        for name, row in sorted(rows.items(), key=lambda item: item[0].lower()):
            text += line([f"`{name}`", *row.cells(shown)])
    return text


def summary(found: dict[str, dict[str, Row]]) -> str:
    shown = ["samples", "gradients", "orders", "refusals"]
    text = line(["", "names", "agree", *shown]) + line(["---", *["---:"] * (2 + len(shown))])
    for title, rows in found.items():
        agree = sum(not row.failed for row in rows.values())
        totals = [sum(row.counts[key] for row in rows.values()) for key in shown]
        counts = [f"{n:,}" if n else "" for n in (len(rows), agree, *totals)]
        text += line([title, *counts])
    return text + "\nName by name: `tests/parity/TABLE.md`.\n"


def main() -> int:
    files = [
        str(HERE / f"{file}.py") for file in dict.fromkeys(f for s in SECTIONS for f in s.files)
    ]
    collector = Collector()
    code = pytest.main(["-q", "--tb=no", "-p", "no:cacheprovider", *files], plugins=[collector])
    found = {
        section.title: {
            name: row
            for file in section.files
            for name, row in collector.rows.get(file, {}).items()
            if section.holds(name)
        }
        for section in SECTIONS
    }
    TABLE.write_text(table(found))
    SUMMARY.write_text(BETWEEN.sub(lambda _: summary(found), SUMMARY.read_text()))
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
