"""Every run draws the same numbers."""

import hypothesis
import minitorch
import pytest

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("repeatable")
minitorch.manual_seed(0)  # for what modules draw at import


@pytest.fixture(autouse=True)
def seed() -> None:
    minitorch.manual_seed(0)
