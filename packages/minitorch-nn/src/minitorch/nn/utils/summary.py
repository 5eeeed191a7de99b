"""A tree of a model's layers: output shapes, parameters, multiply-adds, memory."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import minitorch
from minitorch import Tensor
from minitorch.extend import data_of

from ..modules.activation import MultiheadAttention
from ..modules.embedding import Embedding, EmbeddingBag
from .parametrize import ParametrizationList

__all__ = ["summary"]

COLUMNS = {
    "input_size": "Input Shape",
    "output_size": "Output Shape",
    "num_params": "Param #",
    "kernel_size": "Kernel Shape",
    "mult_adds": "Mult-Adds",
    "trainable": "Trainable",
}
NUMBERS = {"num_params", "mult_adds"}


@dataclass
class Row:
    """One call of one module.

    Attributes:
        name: its class.
        var_name: the attribute of its parent that it is.
        depth: of how many modules it is a part.
        index: the how-manieth of this depth it is.
        input_size, output_size: shapes; of several tensors that of the first.
        num_params: its own parameters, or those below it too where these are not shown.
        mult_adds: multiply-adds of this call; 0 of a module whose parts are shown.
        recursive: whether it was called before; its parameters are counted there.
    """

    name: str
    var_name: str
    depth: int
    index: int
    module: Any
    input_size: list[int] = field(default_factory=list)
    output_size: list[int] = field(default_factory=list)
    num_params: int = 0
    mult_adds: int = 0
    output_bytes: int = 0
    recursive: bool = False

    @property
    def label(self) -> str:
        """``"Linear (fc1): 1-2"``."""
        place = f": {self.depth}-{self.index}" if self.depth else ""
        return self.name + (f" ({self.var_name})" if self.var_name else "") + place

    def cell(self, column: str) -> str:
        """What stands in this column."""
        if column == "num_params":
            if self.recursive and self.num_params:
                return "(recursive)"
            return f"{self.num_params:,}" if self.num_params else "--"
        if column == "mult_adds":
            return f"{self.mult_adds:,}" if self.mult_adds else "--"
        if column == "trainable":
            wanted = {p.requires_grad for p in self.module.parameters()}
            return "--" if not wanted else "Partial" if len(wanted) > 1 else str(wanted.pop())
        shape = getattr(self.module if column == "kernel_size" else self, column, None)
        if shape is None or shape == []:
            return "--"
        return str(list(shape) if isinstance(shape, tuple | list) else shape)


@dataclass
class Summary:
    """What ``summary`` found; ``str`` gives the tree."""

    col_names: tuple[str, ...] = ("output_size", "num_params", "mult_adds")
    rows: list[Row] = field(default_factory=list)
    total_params: int = 0
    trainable_params: int = 0
    total_mult_adds: int = 0
    total_input: int = 0
    total_output_bytes: int = 0
    total_param_bytes: int = 0

    def lines(self) -> list[tuple[str, ...]]:
        """The cells of the tree, the head first."""
        head = ("Layer (type:depth-idx)", *(COLUMNS[name] for name in self.col_names))
        rows = [
            (
                "│    " * (row.depth - 1) + "├─" * (row.depth > 0) + row.label,
                *(row.cell(name) for name in self.col_names),
            )
            for row in self.rows
        ]
        return [head, *rows]

    def totals(self) -> list[list[str]]:
        """What stands below the tree, in blocks."""
        fixed = self.total_params - self.trainable_params
        memory = {
            "Input size": self.total_input,
            "Forward/backward pass size": self.total_output_bytes,
            "Params size": self.total_param_bytes,
        }
        memory["Estimated Total Size"] = sum(memory.values())
        return [
            [
                f"Total params: {self.total_params:,}",
                f"Trainable params: {self.trainable_params:,}",
                f"Non-trainable params: {fixed:,}",
                f"Total mult-adds: {self.total_mult_adds:,}",
            ],
            [f"{name} (MB): {size / 1e6:.2f}" for name, size in memory.items()],
        ]

    def __str__(self) -> str:
        lines = self.lines()
        widths = [max(len(line[k]) for line in lines) + 2 for k in range(len(lines[0]))]
        right = [False, *(name in NUMBERS for name in self.col_names)]
        rule = "=" * sum(widths)

        def text(line: tuple[str, ...]) -> str:
            cells = zip(line, widths, right, strict=True)
            return "".join(c.rjust(w) if r else c.ljust(w) for c, w, r in cells).rstrip()

        tree = [rule, text(lines[0]), rule, *map(text, lines[1:]), rule]
        return "\n".join([*tree, *(line for block in self.totals() for line in [*block, rule])])

    def __rich__(self) -> Any:
        """The same for ``rich.print``."""
        table = import_module("rich.table").Table(caption_justify="left")
        head, *rows = self.lines()
        for name, column in zip(head, ("", *self.col_names), strict=True):
            table.add_column(name, justify="right" if column in NUMBERS else "left", no_wrap=True)
        for row in rows:
            table.add_row(*row)
        table.caption = "\n".join(line for block in self.totals() for line in block)
        return table

    def show(self) -> None:
        """Prints it: to a terminal with rich, where that is installed."""
        if sys.stdout.isatty():
            try:
                import_module("rich").print(self)
                return
            except ModuleNotFoundError:
                pass
        print(self)


def first_tensor(values: Any) -> Tensor | None:
    """The first tensor in there: that of an LSTM's outputs and states is the outputs."""
    if isinstance(values, Tensor):
        return values
    inside = values.values() if isinstance(values, Mapping) else values
    if isinstance(inside, str) or not hasattr(inside, "__iter__"):
        return None
    return next((found for each in inside if (found := first_tensor(each)) is not None), None)


def size_of(values: Any) -> list[int]:
    found = first_tensor(values)
    return [] if found is None else list(found.shape)


def bytes_of(values: Any) -> int:
    found = first_tensor(values)
    return 0 if found is None else found.numel() * found.element_size()


def multiply_adds(module: Any, inputs: Any, output: Any) -> int:
    """Those of the products in one call: each weight takes part once per position, which is a row
    of a linear layer, a place of a picture, a step of a sequence.

    To add a bias, to normalize and to look up a row of an embedding multiplies no matrices and
    counts as nothing, as in the literature; torchinfo counts biases, too.
    """
    if isinstance(module, Embedding | EmbeddingBag | ParametrizationList):
        return 0
    out, x = first_tensor(output), first_tensor(inputs)
    weights = sum(p.numel() for p in module.parameters(recurse=False) if p.ndim > 1)
    if out is None or x is None or not (out.ndim and weights):
        return 0
    if isinstance(module, MultiheadAttention):
        keys = first_tensor(inputs[1:]) if len(inputs) > 1 else x
        assert keys is not None
        length = keys.shape[-2 if module.batch_first or keys.ndim == 2 else 0]
        products = 2 * length * out.shape[-1]  # scores, and the sums of values
        return int(
            out.numel() // out.shape[-1] * (weights + module.out_proj.weight.numel() + products)
        )
    if hasattr(module, "kernel_size"):  # a convolution; its channels are in its weights
        grid = x if getattr(module, "transposed", False) else out
        return int(grid.numel() // grid.shape[-1 - len(module.kernel_size)] * weights)
    return int(out.numel() // max(out.shape[-1], 1) * weights)


def made_inputs(input_size: Any, dtypes: Any, batch_dim: int | None) -> Any:
    """Inputs of these shapes: ones, of integer dtypes zeros."""
    if isinstance(input_size, Mapping):
        by_name = dtypes if isinstance(dtypes, Mapping) else dict.fromkeys(input_size, dtypes)
        return {
            name: made_inputs([size], [by_name.get(name)], batch_dim)[0]
            for name, size in input_size.items()
        }
    sizes = [input_size] if all(isinstance(n, int) for n in input_size) else list(input_size)
    kinds = list(dtypes) if isinstance(dtypes, list | tuple) else [dtypes] * len(sizes)
    made = []
    for size, kind in zip(sizes, kinds, strict=True):
        shape = list(size)
        if batch_dim is not None:
            shape.insert(batch_dim, 1)
        dtype = kind or minitorch.get_default_dtype()
        ones = minitorch.ones if dtype.is_floating_point else minitorch.zeros
        made.append(ones(tuple(shape), dtype=dtype))
    return tuple(made)


def summary(
    model: Any,
    input_size: Any = None,
    input_data: Any = None,
    batch_dim: int | None = None,
    dtypes: Any = None,
    depth: int | None = None,
    col_names: Sequence[str] = ("output_size", "num_params", "mult_adds"),
    row_settings: Sequence[str] = ("depth",),
    mode: str = "eval",
    verbose: bool | int = True,
    **kwargs: Any,
) -> Summary:
    """Prints a tree of the layers, from one call without gradients.

    The call draws no random numbers of the generator's and leaves the modules' modes, and in
    ``mode="train"`` their statistics, as they were.

    Args:
        model: a module.
        input_size: the shape of the input, batch included; a sequence of shapes, or a dict of them
            by the names of ``forward``, for several inputs.
        input_data: an input, a sequence of them, or a dict by name, instead of ``input_size``.
        batch_dim: where to put a batch dimension of size 1 into the shapes, if they have none.
        dtypes: of the inputs made from ``input_size``, one or as many as these; the default float
            dtype otherwise. Integer inputs are zeros.
        depth: how deep to look into nested modules; all the way by default.
        col_names: columns, of ``"input_size"``, ``"output_size"``, ``"num_params"``,
            ``"kernel_size"``, ``"mult_adds"``, ``"trainable"``.
        row_settings: with ``"var_names"`` rows say the attributes' names.
        mode: ``"eval"`` or ``"train"``, for the call.
        verbose: whether to print.
        kwargs: further arguments of ``forward``.

    Returns:
        A ``Summary``: ``rows`` and ``total_params``, ``trainable_params``, ``total_mult_adds``,
        ``total_input``, ``total_output_bytes`` (of layers with parameters, with their gradients)
        and ``total_param_bytes``. A module that is called twice is counted once, but for its
        multiply-adds.

    Raises:
        ValueError: there are both ``input_size`` and ``input_data``, or neither; a column is not
            known.

    Example:
        >>> from minitorch.nn import Linear, Sequential, Tanh
        >>> from minitorch.nn.utils import summary
        >>> model = Sequential(Linear(3, 5), Tanh(), Linear(5, 1))
        >>> summary(model, (64, 3), verbose=False).total_params
        26
    """
    if (input_size is None) == (input_data is None):
        raise ValueError("summary: give either input_size or input_data")
    unknown = [name for name in col_names if name not in COLUMNS]
    if unknown or mode not in ("eval", "train"):
        raise ValueError(
            f"summary: columns are {', '.join(COLUMNS)}, modes eval and train, but got "
            f"{', '.join([*unknown, mode])}"
        )
    given = made_inputs(input_size, dtypes, batch_dim) if input_data is None else input_data
    if isinstance(given, Mapping):
        args, kwargs = (), {**given, **kwargs}
    else:
        args = tuple(given) if isinstance(given, tuple | list) else (given,)
    found = Summary(tuple(col_names))
    found.rows = _run(model, args, kwargs, mode, "var_names" in row_settings)
    params = list(model.parameters())
    found.total_params = sum(p.numel() for p in params)
    found.trainable_params = sum(p.numel() for p in params if p.requires_grad)
    found.total_param_bytes = sum(p.numel() * p.element_size() for p in params)
    found.total_mult_adds = sum(row.mult_adds for row in found.rows)
    found.total_output_bytes = 2 * sum(row.output_bytes for row in found.rows)
    found.total_input = sum(map(bytes_of, (*args, *kwargs.values())))
    if depth is not None:
        found.rows = _folded(found.rows, depth)
    if verbose:
        found.show()
    return found


def _run(
    model: Any, args: tuple[Any, ...], kwargs: dict[str, Any], mode: str, named: bool
) -> list[Row]:
    """The rows of one call."""
    rows: list[Row] = []
    running: list[Row] = []
    counts: dict[int, int] = {}  # rows by depth
    seen: set[int] = set()  # ids of modules and parameters
    names = {
        id(child): name for module in model.modules() for name, child in module.named_children()
    }

    def before(module: Any, args: Any, kwargs: Any) -> None:
        depth = len(running)
        counts[depth] = counts.get(depth, 0) + 1
        name = names.get(id(module), "") if named else ""
        row = Row(type(module).__name__, name, depth, counts[depth], module)
        row.input_size = size_of(args) or size_of(kwargs)
        row.recursive = id(module) in seen
        own = list(module.parameters(recurse=False))
        if isinstance(module, MultiheadAttention):  # which uses its projection, without a call
            own += module.out_proj.parameters()
        row.num_params = sum(p.numel() for p in own if row.recursive or id(p) not in seen)
        seen.update(map(id, (module, *own)))
        running.append(row)
        rows.append(row)

    def after(module: Any, args: Any, kwargs: Any, output: Any) -> None:
        row = running.pop()
        row.output_size = size_of(output)
        row.mult_adds = multiply_adds(module, args or tuple(kwargs.values()), output)
        if row.num_params and (not any(module.children()) or row.mult_adds):
            row.output_bytes = bytes_of(output)

    with ExitStack() as undo:
        for module in model.modules():
            undo.callback(setattr, module, "training", module.training)
            undo.enter_context(module.register_forward_pre_hook(before, with_kwargs=True))
            undo.enter_context(module.register_forward_hook(after, with_kwargs=True))
        for buffer in model.buffers():  # statistics, in training mode
            undo.callback(_put_back, buffer, data_of(buffer).copy())
        undo.callback(minitorch.set_rng_state, minitorch.get_rng_state())
        undo.enter_context(minitorch.no_grad())
        model.train(mode == "train")
        model(*args, **kwargs)
    return rows


def _put_back(buffer: Tensor, values: Any) -> None:
    with minitorch.no_grad():
        buffer.copy_(minitorch.as_tensor(values))


def _folded(rows: list[Row], depth: int) -> list[Row]:
    """The rows down to ``depth``; those there count what is below them."""
    kept: list[Row] = []
    for row in rows:
        if row.depth <= depth:
            kept.append(row)
        else:
            kept[-1].num_params += 0 if row.recursive else row.num_params
            kept[-1].mult_adds += row.mult_adds
    return kept
