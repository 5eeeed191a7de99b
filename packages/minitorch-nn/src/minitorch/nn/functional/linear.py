"""Linear and bilinear maps."""

from __future__ import annotations

import math
from typing import Any

import minitorch
from minitorch import Tensor, matmul
from minitorch.extend import Node, Variable, fused, not_tensor

from ..kernels import linear as kernels

__all__ = ["bilinear", "linear"]


def definition(x: Any, weight: Any, bias: Any) -> Any:
    """``x`` W' + b."""
    out = matmul(x, weight.mT if weight.ndim > 1 else weight)
    return out if bias is None else out + bias


def _by_rank(node: Any) -> str:
    """PyTorch's names: the last of the steps that it takes for an input of this rank."""
    saved, rank = node.saved, len(node.shape)
    if node.parents[2] is not None or (saved is not None and saved[-2][2] is not None):
        return "AddmmBackward0" if rank == 2 else "ViewBackward0"
    return ("SqueezeBackward4", "MmBackward0", "UnsafeViewBackward0")[min(rank, 3) - 1]


linear_p = fused(
    kernels.linear,
    "x weight bias",
    kernels.linear_backward,
    definition,
    name="linear",
    used_by={"x": "weight", "weight": "x"},
    label=_by_rank,
    traits=("views",),
)
linear_p.primitive.node_type.__name__ = "AddmmBackward0"  # the usual one


class Step(Node):
    """A step that PyTorch's graph has and that is part of ``linear`` here: to be looked at."""

    def __init__(self, label: str, *parents: Any) -> None:
        self.label, self.parents, self.shape, self.extra = label, parents, None, None
        self.saved = self.versions = ()

    def name(self) -> str:
        return self.label

    def register_hook(self, hook: Any) -> Any:
        raise RuntimeError(
            f"{self.label} is part of linear() here and does not run by itself: hook the tensors"
        )

    register_prehook = register_hook


STEPS: dict[str, Any] = {}


def _step(label: str, *parents: Any) -> Step:
    kind = STEPS.setdefault(label, type(label, (Step,), {}))
    made: Step = kind(label, *parents)
    return made


def _steps(node: Any) -> Any:
    """What PyTorch's graph has below the node: a product, a turned weight, a reshaped input."""
    x, weight, bias = node.parents
    label, rank = node.name(), len(node.shape)
    if rank != 2 and x is not None:
        x = _step("UnsqueezeBackward0" if label == "SqueezeBackward4" else "ViewBackward0", x)
    turned = None if weight is None else _step("TBackward0", weight)
    biased = label in ("AddmmBackward0", "ViewBackward0")
    below = (bias, x, turned) if biased else (x, turned)
    return below if rank == 2 else (_step(f"{'Addmm' if biased else 'Mm'}Backward0", *below),)


def _next_functions(node: Any) -> Any:
    shown = node.attach("steps", lambda: _steps(node))
    return tuple((p, 0) if not hasattr(p, "number") else (p.parents[0], p.number) for p in shown)


linear_p.primitive.node_type.next_functions = property(_next_functions)


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``x`` W' + b.

    Args:
        input: (*, in)
        weight: (out, in), or (in,) for one output without a dimension of its own
        bias: (out,) or ()

    Returns:
        (*, out)

    Raises:
        RuntimeError: the widths or the dtypes of ``input`` and ``weight`` differ.
    """
    try:
        return linear_p(input, weight, bias)
    except (ValueError, IndexError, TypeError, AttributeError):
        raise _mismatch(input, weight, bias) from None


def _mismatch(input: Any, weight: Any, bias: Any) -> Exception:
    given = {"input": input, "weight": weight, "bias": bias}
    for position, (name, x) in enumerate(given.items(), 1):
        if not isinstance(x, Variable) and not (x is None and name == "bias"):
            return not_tensor(linear, name, position, x)
    shape, w = tuple(input.shape), tuple(weight.shape)
    if not shape or not w:
        return RuntimeError(
            f"both arguments to linear need to be at least 1D, but they are {len(shape)}D and "
            f"{len(w)}D"
        )
    if shape[-1] == w[-1] and bias is not None:
        return RuntimeError(
            f"linear: bias has shape {list(bias.shape)}, but the weight of shape {list(w)} asks "
            f"for {list(w[:-1])}"
        )
    return RuntimeError(
        f"mat1 and mat2 shapes cannot be multiplied ({math.prod(shape[:-1])}x{shape[-1]} and "
        f"{w[-1]}x{math.prod(w[:-1])}): the input of shape {list(shape)} has {shape[-1]} features, "
        f"the weight of shape {list(w)} takes {w[-1]}"
    )


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x1' W_o x2 + b_o for each output o.

    Args:
        input1: (*, in1)
        input2: (*, in2)
        weight: (out, in1, in2)
        bias: (out,)

    Returns:
        (*, out)

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.bilinear.html
    """
    if input1.ndim != input2.ndim or input1.shape[:-1] != input2.shape[:-1]:
        raise RuntimeError(
            "bilinear(): input batch dimensions do not match: got the shapes "
            f"{list(input1.shape)} and {list(input2.shape)}"
        )
    for k, x in enumerate((input1, input2), 1):
        if x.shape[-1] != weight.shape[k]:
            raise RuntimeError(
                f"bilinear(): input{k} size does not match weight size: got {x.shape[-1]} but "
                f"expected {weight.shape[k]}"
            )
    if bias is not None and bias.shape[0] != weight.shape[0]:
        raise RuntimeError(
            f"bilinear(): bias size does not match weight size: got {bias.shape[0]} but expected "
            f"{weight.shape[0]}"
        )
    out: Tensor = minitorch.einsum("...i,oij,...j->...o", input1, weight, input2)
    return out if bias is None else out + bias
