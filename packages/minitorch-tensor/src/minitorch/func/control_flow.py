"""Branches and loops as functions, and Python's numbers under PyTorch's symbolic names."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

__all__ = [
    "cond", "sym_float", "sym_int", "sym_ite", "sym_max", "sym_min", "sym_not", "sym_sqrt",
    "sym_sum", "while_loop",
]  # fmt: skip


def cond(
    pred: Any, true_fn: Callable[..., Any], false_fn: Callable[..., Any],
    operands: Sequence[Any] = (),
) -> Any:  # fmt: skip
    """``true_fn(*operands)`` if ``pred`` else ``false_fn(*operands)``; gradients go through the one
    that ran.

    Example:
        >>> import minitorch
        >>> x = minitorch.tensor(2.0)
        >>> minitorch.cond(x > 1, lambda x: x * 10, lambda x: x, (x,))
        tensor(20.)
    """
    if not (callable(true_fn) and callable(false_fn)):
        raise RuntimeError("Expect both branches to be callable.")
    if not isinstance(operands, tuple | list):
        raise RuntimeError(f"Expect operands to be a tuple of Tensors, but got {operands!r:.60}")
    return (true_fn if pred else false_fn)(*operands)


def while_loop(
    cond_fn: Callable[..., Any], body_fn: Callable[..., Any], carried_inputs: Sequence[Any]
) -> Any:
    """``carried = body_fn(*carried)`` while ``cond_fn(*carried)``; the last of them.

    Example:
        >>> import minitorch
        >>> n = minitorch.tensor(0)
        >>> minitorch.while_loop(lambda n: n < 3, lambda n: (n + 1,), (n,))
        (tensor(3),)
    """
    carried = tuple(carried_inputs)
    while cond_fn(*carried):
        made = body_fn(*carried)
        made = tuple(made) if isinstance(made, tuple | list) else (made,)
        if len(made) != len(carried):
            raise RuntimeError(
                f"body_fn should return the same number of elements as carried_inputs, "
                f"{len(carried)}, but got {len(made)}"
            )
        carried = made
    return carried


# --- symbolic numbers, which are Python's here -------------------------------------------------


def sym_float(a: Any) -> float:
    """``float(a)``."""
    return float(a)


def sym_int(a: Any) -> int:
    """``int(a)``."""
    return int(a)


def sym_ite(b: Any, t: Any, f: Any) -> Any:
    """``t if b else f``."""
    return t if b else f


def sym_max(a: Any, b: Any) -> Any:
    """The larger one, a float if one of them is."""
    made = max(a, b)
    return float(made) if isinstance(a, float) or isinstance(b, float) else made


def sym_min(a: Any, b: Any) -> Any:
    """The smaller one, a float if one of them is."""
    made = min(a, b)
    return float(made) if isinstance(a, float) or isinstance(b, float) else made


def sym_not(a: Any) -> bool:
    """``not a``."""
    return not a


def sym_sqrt(a: Any) -> float:
    """The square root."""
    return math.sqrt(a)


def sym_sum(args: Iterable[Any]) -> Any:
    """The sum of numbers."""
    return sum(args)
