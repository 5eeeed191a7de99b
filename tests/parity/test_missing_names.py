"""Each public name of PyTorch is here, or stays out for a reason."""

from __future__ import annotations

import missing_names


def test_each_missing_name_has_its_reason() -> None:
    unexplained = [
        f"{module}.{name}"
        for module, names in missing_names.missing().items()
        for name in names
        if missing_names.reason(name) is None
    ]
    assert unexplained == []


def test_what_is_left_open_is_little() -> None:
    names = [name for names in missing_names.missing().values() for name in names]
    assert sum(missing_names.reason(name) == missing_names.OPEN for name in names) <= 40
