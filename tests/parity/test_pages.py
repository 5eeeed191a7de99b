"""The reference's links to PyTorch's pages: the names that they are made of are PyTorch's."""

from __future__ import annotations

import operator
import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))
import pages


@pytest.mark.parametrize("module", pages.MODULES)
def test_every_public_name_has_a_page_of_pytorch(module: str) -> None:
    for name, each in pages.members(module):
        path = f"{module}.{name}"
        address = pages.page(path)
        text = each.__doc__ or ""
        if address is None:
            continue
        theirs = path.removeprefix("minitorch.")
        assert operator.attrgetter(theirs)(torch) is not None, path
        assert address.rpartition("torch.")[2].removesuffix(".html").endswith(name)
        assert f"Follows {address}" not in text, f"{path}: its page follows from its name"


def test_names_of_our_own_are_not_pytorchs() -> None:
    for path in pages.OWN:
        with pytest.raises(AttributeError):
            operator.attrgetter(path.removeprefix("minitorch."))(torch)


def test_pages() -> None:
    stable = "https://docs.pytorch.org/docs/stable"
    assert pages.page("minitorch.nn.Linear") == f"{stable}/generated/torch.nn.Linear.html"
    assert pages.page("minitorch.special.i1") == f"{stable}/special.html#torch.special.i1"
    assert pages.page("minitorch.extend.primitive") is None
