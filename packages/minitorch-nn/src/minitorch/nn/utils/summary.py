"""A table of a model's layers: output shapes, parameters, multiply-adds."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import minitorch
from minitorch import Tensor

from ..modules.embedding import Embedding, EmbeddingBag
from .parametrize import ParametrizationList

__all__ = ["summary"]


@dataclass
class Row:
    """One call of one module."""

    depth: int
    name: str
    output: Any = None
    parameters: int = 0
    multiply_adds: int = 0


@dataclass
class Summary:
    """What ``summary`` found; ``str`` gives the table."""

    rows: list[Row] = field(default_factory=list)
    total_params: int = 0
    trainable_params: int = 0
    total_mult_adds: int = 0

    def __str__(self) -> str:
        head = ("Layer (type:depth)", "Output Shape", "Param #", "Mult-Adds")
        lines = [
            (
                "│    " * (row.depth - 1) + "├─" * (row.depth > 0) + row.name,
                shape_text(row.output),
                f"{row.parameters:,}" if row.parameters else "--",
                f"{row.multiply_adds:,}" if row.multiply_adds else "--",
            )
            for row in self.rows
        ]
        widths = [max(len(line[k]) for line in (head, *lines)) + 2 for k in range(4)]
        rule = "=" * sum(widths)

        def text(line: tuple[str, ...]) -> str:
            left = line[0].ljust(widths[0]) + line[1].ljust(widths[1])
            return (left + line[2].rjust(widths[2]) + line[3].rjust(widths[3])).rstrip()

        fixed = self.total_params - self.trainable_params
        return "\n".join(
            [
                rule, text(head), rule, *map(text, lines), rule,
                f"Total params: {self.total_params:,}",
                f"Trainable params: {self.trainable_params:,}",
                f"Non-trainable params: {fixed:,}",
                f"Total mult-adds: {self.total_mult_adds:,}",
                rule,
            ]
        )  # fmt: skip


def shape_text(output: Any) -> str:
    if isinstance(output, Tensor):
        return str(list(output.shape))
    if isinstance(output, tuple | list):
        return shape_text(output[0]) if output else "--"
    return "--"


def multiply_adds(module: Any, inputs: Any, output: Any) -> int:
    """Each element of the output of a weight matrix takes as many as a row of the weight has."""
    if isinstance(module, Embedding | EmbeddingBag | ParametrizationList):
        return 0
    first = output[0] if isinstance(output, tuple | list) and output else output
    if not isinstance(first, Tensor):
        return 0
    matrices = [p for p in module.parameters(recurse=False) if p.ndim > 1]
    if getattr(module, "transposed", False):
        return sum(inputs[0].numel() * math.prod(p.shape[1:]) for p in matrices)
    if len(matrices) == 1 and matrices[0].ndim > 2:  # a convolution: one row per output element
        return int(first.numel() * math.prod(matrices[0].shape[1:]))
    positions = first.numel() // max(first.shape[-1], 1) if first.ndim else 1
    return int(sum(positions * p.numel() for p in matrices))


def summary(
    model: Any,
    input_size: Any = None,
    input_data: Any = None,
    dtypes: Any = None,
    depth: int | None = None,
    verbose: bool = True,
) -> Summary:
    """Prints a table of the layers, from one call in eval mode without gradients.

    Args:
        model: a module.
        input_size: the shape of the input, batch included; a list of shapes for several inputs.
        input_data: an input, or a tuple of them, instead of ``input_size``.
        dtypes: of the inputs made from ``input_size``; the default float dtype otherwise. Integer
            inputs are zeros.
        depth: how deep to look into nested modules; all the way by default.
        verbose: whether to print.

    Returns:
        A ``Summary``: ``rows``, ``total_params``, ``trainable_params``, ``total_mult_adds``.

    Example:
        >>> from minitorch.nn import Linear, Sequential, Tanh
        >>> from minitorch.nn.utils import summary
        >>> model = Sequential(Linear(3, 5), Tanh(), Linear(5, 1))
        >>> summary(model, (64, 3), verbose=False).total_params
        26
    """
    if (input_size is None) == (input_data is None):
        raise ValueError("summary: give either input_size or input_data")
    if input_data is not None:
        inputs = input_data if isinstance(input_data, tuple) else (input_data,)
    else:
        sizes = [input_size] if all(isinstance(n, int) for n in input_size) else input_size
        kinds = dtypes if isinstance(dtypes, list | tuple) else [dtypes] * len(sizes)
        inputs = tuple(
            minitorch.zeros(tuple(size), dtype=kind)
            for size, kind in zip(sizes, kinds, strict=True)
        )
    found = Summary()
    handles = []
    open_rows: list[Row] = []
    counted: set[int] = set()

    def before(module: Any, _: Any) -> None:
        own = [p for p in module.parameters(recurse=False) if id(p) not in counted]
        counted.update(map(id, own))
        row = Row(len(open_rows), f"{type(module).__name__}: {len(open_rows)}")
        row.parameters = sum(p.numel() for p in own)
        open_rows.append(row)
        found.rows.append(row)

    def after(module: Any, args: Any, output: Any) -> None:
        row = open_rows.pop()
        row.output = output
        row.multiply_adds = multiply_adds(module, args, output)
        found.total_mult_adds += row.multiply_adds

    modes = [(module, module.training) for module in model.modules()]
    try:
        for module in model.modules():
            handles.append(module.register_forward_pre_hook(before))
            handles.append(module.register_forward_hook(after))
        model.eval()
        with minitorch.no_grad():
            model(*inputs)
    finally:
        for handle in handles:
            handle.remove()
        for module, mode in modes:
            module.training = mode
    found.total_params = sum(p.numel() for p in model.parameters())
    found.trainable_params = sum(p.numel() for p in model.parameters() if p.requires_grad)
    if depth is not None:
        found.rows = [row for row in found.rows if row.depth <= depth]
    if verbose:
        print(found)
    return found
