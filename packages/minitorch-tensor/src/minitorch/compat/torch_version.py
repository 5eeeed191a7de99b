"""``TorchVersion``: a version's text that compares as a version.

Follows https://docs.pytorch.org/docs/stable/torch.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

__all__ = ["TorchVersion"]

PARTS = re.compile(r"v?(?P<release>\d+(?:\.\d+)*)(?P<rest>[^+]*)(?:\+(?P<local>.*))?")


def _key(version: Any) -> tuple[Any, ...] | None:
    """Release, whether it is final, and what stands after the plus; None for no version."""
    if not isinstance(version, str):
        version = ".".join(map(str, version)) if isinstance(version, Iterable) else str(version)
    found = PARTS.fullmatch(version)
    if found is None:
        return None
    release = [int(part) for part in found["release"].split(".")]
    while len(release) > 1 and not release[-1]:
        release.pop()  # 2.0 is 2
    rest = found["rest"].lstrip(".-_")
    before = rest[:1] in ("a", "b", "c", "d", "r") and rest[:3] != "rev"
    return release, not before, rest, found["local"] or ""


class TorchVersion(str):
    """``torch.__version__``; compares with versions, their text and tuples of numbers.

    Example:
        >>> from minitorch.torch_version import TorchVersion
        >>> TorchVersion("2.13.0+cpu") >= (2, 9), TorchVersion("2.9.0") > "2.13"
        (True, False)
    """

    __slots__ = ()

    def _compare(self, other: Any, name: str) -> Any:
        a, b = _key(self), _key(other)
        if a is None or b is None:
            return getattr(str, name)(self, other)
        return getattr(tuple, name)(a, b)

    def __lt__(self, other: Any) -> Any:
        return self._compare(other, "__lt__")

    def __le__(self, other: Any) -> Any:
        return self._compare(other, "__le__")

    def __gt__(self, other: Any) -> Any:
        return self._compare(other, "__gt__")

    def __ge__(self, other: Any) -> Any:
        return self._compare(other, "__ge__")

    def __eq__(self, other: Any) -> Any:
        return self._compare(other, "__eq__")

    def __ne__(self, other: Any) -> Any:
        return self._compare(other, "__ne__")

    __hash__ = str.__hash__
