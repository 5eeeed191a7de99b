"""Runs the databases and writes what agrees: ``python tests/parity/table.py``.

The whole table goes to TABLE.md, its summary to docs/testing.md. ``table.py NAME...`` runs some
names alone and renews their rows.
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

    def __init__(self, names: list[str]) -> None:
        self.names = set(names)  # all, where there are none
        self.tests: dict[str, tuple[str, str, str]] = {}
        self.rows: dict[str, dict[str, Row]] = {}

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        for item in list(items):
            test = item.originalname.removeprefix("test_").replace("_", " ")
            given = item.callspec.params if hasattr(item, "callspec") else {}
            name = str(given.get("name", test))
            self.tests[item.nodeid] = item.path.stem, name, test
            if self.names and name not in self.names:
                items.remove(item)

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call" or not report.passed:
            file, name, test = self.tests[report.nodeid]
            self.rows.setdefault(file, {}).setdefault(name, Row()).add(test, report)


def line(cells: Any) -> str:
    return "| " + " | ".join(cells) + " |\n"


Rows = dict[str, dict[str, list[str]]]  # section -> name -> cells, those of "name" are the titles


def rows_of(found: dict[str, Row], titles: list[str]) -> dict[str, list[str]]:
    rows = {"name": [*titles, "note"]}
    return rows | {f"`{name}`": list(row.cells(titles)) for name, row in found.items()}


def table(sections: Rows) -> str:
    text = (
        f"# What agrees with PyTorch {torch.__version__.partition('+')[0]}\n\n"
        "Samples and faulty calls are those of PyTorch's own test databases; the tests beside this "
        "page compare.\nWritten by `python tests/parity/table.py`.\n"
    )
    text += "".join(f"\n* {key}: {meaning}" for key, meaning in COUNTS.items()) + "\n"
    for title, rows in sections.items():
        titles = rows["name"]
        text += f"\n## {title}\n\n" + line(["name", *titles])
        text += line(["---", *["---:"] * (len(titles) - 1), "---"])
        for name in sorted(set(rows) - {"name"}, key=lambda name: name.strip("`").lower()):
            text += line([name, *rows[name]])
    return text


def parsed(text: str) -> Rows:
    """The rows of a table that was written."""
    sections: Rows = {}
    for title, body in re.findall(
        r"^## (.+?)\n\n(.*?)(?=\n## |\Z)", text, re.DOTALL | re.MULTILINE
    ):
        lines = [each.strip("| ").split(" | ") for each in body.splitlines()]
        width = len(lines[0])
        sections[title] = {
            name: [*cells, ""][: width - 1] for name, *cells in lines if name != "---"
        }
    return sections


def summary(sections: Rows) -> str:
    shown = ["samples", "gradients", "orders", "refusals"]
    text = line(["", "names", "agree", *shown]) + line(["---", *["---:"] * (2 + len(shown))])
    for title, rows in sections.items():
        titles = rows["name"]
        each = [cells for name, cells in rows.items() if name != "name"]
        agree = sum("**differs" not in cells[-1] for cells in each)
        totals = [
            sum(int(cells[titles.index(key)].replace(",", "")) for cells in each)
            if key in titles else 0
            for key in shown
        ]  # fmt: skip
        counts = [f"{n:,}" if n else "" for n in (len(each), agree, *totals)]
        text += line([title, *counts])
    return text + "\nName by name: `tests/parity/TABLE.md`.\n"


def main(names: list[str]) -> int:
    files = [
        str(HERE / f"{file}.py") for file in dict.fromkeys(f for s in SECTIONS for f in s.files)
    ]
    collector = Collector(names)
    code = pytest.main(["-q", "--tb=no", "-p", "no:cacheprovider", *files], plugins=[collector])
    before = parsed(TABLE.read_text()) if names else {}
    sections = {}
    for section in SECTIONS:
        found = {
            name: row
            for file in section.files
            for name, row in collector.rows.get(file, {}).items()
            if section.holds(name)
        }
        old = before.get(section.title, {})
        titles = old["name"][:-1] if old else [
            key for key in COUNTS if any(row.counts[key] for row in found.values())
        ]  # fmt: skip
        sections[section.title] = old | rows_of(found, titles)
    TABLE.write_text(table(sections))
    SUMMARY.write_text(BETWEEN.sub(lambda _: summary(sections), SUMMARY.read_text()))
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
