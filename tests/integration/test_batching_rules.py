"""Every batching rule belongs to a primitive that exists."""

import gc

import minitorch.linalg  # noqa: F401  (its primitives have rules too)
import pytest
from minitorch.autograd.primitive import Primitive
from minitorch.func.batching import RULES

pytest.importorskip("minitorch.nn.functional", reason="not installed")


def test_every_rule_has_a_primitive():
    names = {found.name for found in gc.get_objects() if isinstance(found, Primitive)}
    assert RULES.keys() - {"*"} <= names
