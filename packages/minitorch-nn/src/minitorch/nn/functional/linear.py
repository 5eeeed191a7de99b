"""Linear and bilinear maps."""

from __future__ import annotations

import math
from typing import Any

from minitorch import Tensor, einsum, matmul
from minitorch.extend import Variable, fused, not_tensor

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
    out: Tensor = einsum("...i,oij,...j->...o", input1, weight, input2)
    return out if bias is None else out + bias
