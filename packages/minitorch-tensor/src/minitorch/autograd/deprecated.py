"""Arguments in the order that PyTorch had once: ``add(input, alpha, other)`` and its kin."""

from __future__ import annotations

import warnings
from typing import Any

from .variable import Variable

__all__ = ["reordered"]

Order = dict[str, tuple[str, ...]]
SUM: Order = {"TNT": ("alpha",)}
PRODUCT: Order = {"TNTT": ("value",)}
MATRICES: Order = dict.fromkeys(("NTNTT", "NTTT", "TNNTT", "TNTT"), ("beta", "alpha"))
# by what the arguments are, tensors or numbers: the keywords that the numbers are now
ORDERS: dict[str, Order] = {
    "add": SUM, "sub": SUM, "addcmul": PRODUCT, "addcdiv": PRODUCT, "addmm": MATRICES,
    "addmv": MATRICES, "addr": MATRICES, "addbmm": MATRICES, "baddbmm": MATRICES,
}  # fmt: skip


def reordered(name: str, args: tuple[Any, ...]) -> tuple[list[Any], dict[str, Any]] | None:
    """The arguments of ``add(input, alpha, other)`` and its kin as they are given today, with
    a warning; None where they are in no such order.
    """
    tensors = [x for x in args if isinstance(x, Variable)]
    numbers = [x for x in args if isinstance(x, int | float | complex)]
    kinds = "".join("T" if isinstance(x, Variable) else "N" for x in args)
    keywords = ORDERS.get(name, {}).get(kinds)
    if keywords is None or len(tensors) + len(numbers) < len(args):
        return None
    today = ", ".join(f"Number {keyword}" for keyword in keywords)
    warnings.warn(
        f"This overload of {name} is deprecated: numbers between the tensors. Consider using one "
        f"of the following signatures instead: the tensors first, then *, {today}",
        stacklevel=4,
    )
    return tensors, dict(zip(keywords, numbers, strict=False))
