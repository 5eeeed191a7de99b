"""docs/ecosystem.md says what ``nox -s ecosystem`` runs."""

import runpy
from pathlib import Path

TESTS = Path(__file__).parents[1]


def test_the_table_is_what_runs():
    table = runpy.run_path(str(TESTS / "ecosystem" / "table.py"))["table"]()
    assert (TESTS.parent / "docs" / "ecosystem.md").read_text() == table


def test_every_program_has_what_pytorch_printed():
    programs = TESTS / "ecosystem" / "programs"
    recorded = {path.stem for path in programs.glob("*.expected")}
    assert recorded == {path.stem for path in programs.glob("*.py")}
