"""Arguments in the order that PyTorch had once: ``add(input, alpha, other)`` and its kin."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any, TypeVar, cast

from .variable import Variable

__all__ = ["in_any_order", "reordered"]

F = TypeVar("F", bound=Callable[..., Any])
Order = dict[str, tuple[str, ...]]
SUM: Order = {"TNT": ("alpha",)}
PRODUCT: Order = {"TNTT": ("value",)}
MATRICES: Order = dict.fromkeys(("NTNTT", "NTTT", "TNNTT", "TNTT"), ("beta", "alpha"))
# by what the arguments are, tensors or numbers: the keywords that the numbers are now
ORDERS: dict[str, Order] = {
    "add": SUM, "sub": SUM, "addcmul": PRODUCT, "addcdiv": PRODUCT, "addmm": MATRICES,
    "addmv": MATRICES, "addr": MATRICES, "addbmm": MATRICES, "baddbmm": MATRICES,
}  # fmt: skip


def reordered(
    name: str, args: tuple[Any, ...], called: str = ""
) -> tuple[list[Any], dict[str, Any]] | None:
    """The arguments of ``add(input, alpha, other)`` and its kin as they are given today, with
    a warning that names ``called``; None where they are in no such order.
    """
    tensors = [x for x in args if isinstance(x, Variable)]
    numbers = [x for x in args if isinstance(x, int | float | complex)]
    kinds = "".join("T" if isinstance(x, Variable) else "N" for x in args)
    keywords = ORDERS.get(name, {}).get(kinds)
    if keywords is None or len(tensors) + len(numbers) < len(args):
        return None
    today = ", ".join(f"Number {keyword}" for keyword in keywords)
    warnings.warn(
        f"This overload of {called or name} is deprecated: numbers between the tensors. Consider "
        f"using one of the following signatures instead: the tensors first, then *, {today}",
        stacklevel=4,
    )
    return tensors, dict(zip(keywords, numbers, strict=False))


def in_any_order(method: F) -> F:
    """``method``, which takes ``x.add(alpha, other)`` and its kin too."""

    @functools.wraps(method)
    def ordered(*args: Any, **kwargs: Any) -> Any:
        if "out" in kwargs:  # which the functions have, not the methods
            raise TypeError(f"{method.__name__}() got an unexpected keyword argument 'out'")
        try:
            return method(*args, **kwargs)
        except TypeError:
            today = reordered(method.__name__, args)
            if today is None:
                raise
            return method(*today[0], **today[1], **kwargs)

    return cast(F, ordered)
