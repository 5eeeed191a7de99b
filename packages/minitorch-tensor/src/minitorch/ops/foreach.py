"""``torch._foreach_add`` and its kin: an operation on each tensor of a list.

Operands are one for all, or a list with one for each; the forms that end in ``_`` write into the
tensors, and give them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..autograd.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._tensor.tensor import Tensor

__all__ = ["NAMES", "function"]

# fmt: off
UNARY = [
    "abs", "acos", "asin", "atan", "ceil", "cos", "cosh", "erf", "erfc", "exp", "expm1", "floor",
    "frac", "lgamma", "log", "log10", "log1p", "log2", "neg", "reciprocal", "round", "rsqrt",
    "sigmoid", "sign", "sin", "sinh", "sqrt", "tan", "tanh", "trunc",
]
# fmt: on
# the operands of the others, by the names that PyTorch has for them, beside the first list
OPERANDS = {
    "add": ("other",),
    "addcdiv": ("tensor1", "tensor2", "value"),
    "addcmul": ("tensor1", "tensor2", "value"),
    "clamp_max": ("other",),
    "clamp_min": ("other",),
    "div": ("other",),
    "lerp": ("tensors1", "weight"),
    "maximum": ("other",),
    "minimum": ("other",),
    "mul": ("other",),
    "pow": ("exponent",),
    "sub": ("other",),
}  # fmt: skip
SAME = {"scalar": "other", "scalars": "other", "weights": "weight"}
BOTH = [*UNARY, *OPERANDS]
NAMES = sorted(
    [f"_foreach_{name}" for name in (*BOTH, "clone", "max", "mm", "norm", "powsum")]
    + [f"_foreach_{name}_" for name in (*BOTH, "copy", "zero")]
)


def _powsum(x: Tensor, ord: float = 2, dtype: Any = None) -> Tensor:
    return (x if dtype is None else x.to(dtype)).abs().pow(ord).sum()


def _norm(x: Tensor, ord: float = 2, dtype: Any = None) -> Tensor:
    return x.norm(ord, dtype=dtype)


OWN: dict[str, Callable[..., Any]] = {"norm": _norm, "powsum": _powsum}
METHODS = {"maximum": "clamp_min", "minimum": "clamp_max"}  # which take numbers too


def rows(name: str, tensors: Sequence[Tensor], operands: tuple[Any, ...]) -> list[Any]:
    """Each tensor with its operands.

    Raises:
        RuntimeError: the lists differ in length, or are empty.
    """
    if not tensors:
        raise RuntimeError("Tensor list must have at least one tensor.")
    columns: list[Any] = []
    for operand in operands:
        if isinstance(operand, Variable) and name in ("addcdiv", "addcmul"):
            operand = operand.tolist()
        if not isinstance(operand, list | tuple):
            operand = [operand] * len(tensors)
        elif len(operand) != len(tensors):
            numbers = not operand or not isinstance(operand[0], Variable)
            raise RuntimeError(
                "Tensor list must have same number of elements as scalar list, got "
                f"{len(tensors)} and {len(operand)}"
                if numbers
                else "Tensor lists must have the same number of tensors, got "
                f"{len(tensors)} and {len(operand)}"
            )
        columns.append(operand)
    return list(zip(tensors, *columns, strict=True))


def function(full_name: str) -> Callable[..., Any]:
    """The function of that name."""
    name = full_name.removeprefix("_foreach_")
    writes = name.endswith("_")
    base = name.removesuffix("_")
    wanted = OPERANDS.get(base, ())
    method = METHODS.get(base, base) + "_" * writes

    def each(self: Sequence[Tensor], *operands: Any, **options: Any) -> Any:
        given = {SAME.get(key, key): value for key, value in options.items()}
        if "value" in wanted and "other" in given:  # scalars=
            given["value"] = given.pop("other")
        while len(operands) < len(wanted) and wanted[len(operands)] in given:
            operands = (*operands, given.pop(wanted[len(operands)]))
        if base == "pow" and not isinstance(self, list | tuple):  # a number to each
            return tuple([self**exponent for exponent in operands[0]])
        made = []
        for x, *others in rows(base, self, operands):
            if "value" in wanted and len(others) == 3:
                given["value"] = others.pop()
            if base in OWN:
                made.append(OWN[base](x, *others, **given))
            else:
                made.append(getattr(x, method)(*others, **given))
        return self if writes else tuple(made)

    each.__name__ = each.__qualname__ = full_name
    each.__doc__ = f"``{method}`` of each tensor of a list."
    return each
