"""The published table names everything that is in scope, and says so in the docs."""

from __future__ import annotations

import re

import database
import pytest
import table
import test_modules

TEXT = table.TABLE.read_text()
ROWS = dict(re.findall(r"^\| `(.+?)` \|(.*)\|$", TEXT, re.MULTILINE))


@pytest.mark.parametrize("name", [*database.names_compared(), *test_modules.NAMES])
def test_names(name):
    assert name in ROWS


def test_what_differs_has_a_reason():
    assert "**differs" not in TEXT
    assert len(database.TIES) + len(database.KINKS) < 5


def test_summary():
    start, _, _ = table.BETWEEN.search(table.SUMMARY.read_text()).group().partition("\n\n")
    for section in table.SECTIONS:
        assert f"| {section.title} |" in start
        assert f"## {section.title}\n" in TEXT
