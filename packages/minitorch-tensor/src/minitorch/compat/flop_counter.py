"""``torch.utils.flop_counter``: floating-point operations of products and convolutions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib import import_module
from math import prod
from typing import Any
from weakref import WeakKeyDictionary

from ..autograd.dispatch import apply
from ..autograd.interpreters import Interpreter, nodes_of

__all__ = ["FlopCounterMode"]


Counted = tuple[str, int, tuple[int, ...]]  # operation, its count, those of its inputs' gradients


def product(out: Any, a: Any, b: Any, *rest: Any) -> Counted:
    """2 m n k for each pair of matrices; as in PyTorch products with a vector on the right, 0."""
    matrices = len(b.shape) > 1
    count = 2 * prod(out.shape) * a.shape[-1] * matrices
    return "mm" if len(b.shape) == 2 else "bmm", count, (count, count)


def linear(out: Any, x: Any, weight: Any, bias: Any = None, *rest: Any) -> Counted:
    count = 2 * prod(out.shape) * x.shape[-1]
    return "mm" if bias is None else "addmm", count, (count, count)


def convolution(out: Any, x: Any, weight: Any, *rest: Any) -> Counted:
    """Each element of the result is a sum over a group's channels and the kernel; to the
    weight's gradient all groups contribute."""
    count, groups = 2 * prod(out.shape) * prod(weight.shape[1:]), x.shape[1] // weight.shape[1]
    return "convolution", count, (count, count * groups)


def convolution_transpose(out: Any, x: Any, weight: Any, *rest: Any) -> Counted:
    count, groups = 2 * prod(x.shape) * prod(weight.shape[1:]), out.shape[1] // weight.shape[1]
    return "convolution", count, (count, count * groups)


def recurrent(out: Any, x: Any, h: Any, w_ih: Any, w_hh: Any, *rest: Any) -> Counted:
    """Both products for each row, that is a step of an example. A gradient goes back through all
    steps; ``h`` adds that of the first."""
    of_x, of_h = (2 * x.shape[0] * prod(w.shape) for w in (w_ih, w_hh))
    first = 2 * h.shape[0] * prod(w_hh.shape)
    return "addmm", of_x + of_h, (of_x, first, of_x, of_h + of_h - first)


FORMULAS: dict[str, Callable[..., Counted]] = {
    "matmul": product,
    "linear": linear,
    "convolution": convolution,
    "convolution_transpose": convolution_transpose,
    "gru": recurrent,  # PyTorch's LSTM is one operation, which it does not count
    "rnn": recurrent,
}
BACKWARD = {"addmm": "mm", "convolution": "convolution_backward"}


class FlopCounterMode(Interpreter):
    """Within it the floating-point operations of matrix products and convolutions are counted, and
    those of their backward passes, as PyTorch counts them, by module.

    Example:
        >>> import minitorch as torch
        >>> from minitorch.utils.flop_counter import FlopCounterMode
        >>> with FlopCounterMode(display=False) as counter:
        ...     _ = torch.ones(2, 3) @ torch.ones(3, 4)
        >>> counter.get_total_flops()
        48

    Args:
        mods: is not used any more.
        depth: of the modules that the table shows; None for all.
        display: print the table at the end.
        custom_mapping: formulas for operations; there can be none.

    Raises:
        NotImplementedError: ``custom_mapping`` is not empty.
    """

    def __init__(
        self,
        mods: Any = None,
        depth: int | None = 2,
        display: bool = True,
        custom_mapping: dict[Any, Any] | None = None,
    ) -> None:
        if custom_mapping:
            raise NotImplementedError("FlopCounterMode: formulas cannot be added, custom_mapping")
        del mods
        self.depth, self.display = depth, display
        self.flop_counts: dict[str, dict[Any, int]] = {}

    def __enter__(self) -> FlopCounterMode:
        self.flop_counts = defaultdict(lambda: defaultdict(int))
        self.parents = ["Global"]
        self.names: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
        self.hooks: list[Any] = []
        with suppress(ModuleNotFoundError):  # without minitorch-nn there are no modules
            modules = import_module("minitorch.nn.modules.module")
            self.hooks = [
                modules.register_module_forward_pre_hook(self._enter_module),
                modules.register_module_forward_hook(self._leave_module, always_call=True),
            ]
        super().__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        super().__exit__(*exception)
        for hook in self.hooks:
            hook.remove()
        if self.display:
            print(self.get_table(self.depth))

    def _enter_module(self, module: Any, args: Any) -> None:
        name = self.names.setdefault(module, type(module).__name__)
        self.names.update({child: f"{name}.{key}" for key, child in module.named_children()})
        self.parents.append(name)

    def _leave_module(self, module: Any, args: Any, out: Any) -> None:
        self.parents.pop()

    def process(self, primitive: Any, args: tuple[Any, ...]) -> Any:
        """One operation at dispatch."""
        out = apply(primitive, *args)
        formula = FORMULAS.get(primitive.name)
        if formula is not None:
            operation, count, of_gradients = formula(out, *args)
            self._count(self.parents, operation, count)
            for node in nodes_of(out):
                operation = BACKWARD.get(operation, operation)
                node.metadata[FlopCounterMode] = list(self.parents), operation, of_gradients
        return out

    def before(self, node: Any) -> None:
        """A node of the backward pass starts."""

    def after(self, node: Any, grads: Any) -> None:
        """A node of the backward pass has run."""
        if FlopCounterMode in node.metadata:
            parents, operation, counts = node.metadata[FlopCounterMode]
            each = zip(counts, grads, node.parents, strict=False)
            needed = [n for n, g, parent in each if g is not None and parent is not None]
            self._count(parents, operation, sum(needed))

    def _count(self, parents: Iterable[str], operation: str, count: int) -> None:
        if count:
            key = getattr(import_module("minitorch").ops.aten, operation)
            for name in set(parents):
                self.flop_counts[name][key] += count

    def get_total_flops(self) -> int:
        """All that were counted."""
        return sum(self.flop_counts.get("Global", {}).values())

    def get_flop_counts(self) -> dict[str, dict[Any, int]]:
        """Module -> operation -> count; the module ``Global`` stands for all."""
        return {name: dict(counts) for name, counts in {"Global": {}, **self.flop_counts}.items()}

    def get_table(self, depth: int | None = None) -> str:
        """The counts as text, module by module."""
        depth = depth or self.depth or 999
        everything = self.get_total_flops() or 1
        rows = [("Module", "FLOP", "% Total")]
        for name, counts in sorted(self.flop_counts.items()):
            level = 0 if name == "Global" else name.count(".") + 1
            if level <= depth:
                pad = " " * level
                lines = {name: sum(counts.values())} | {f" - {k}": v for k, v in counts.items()}
                rows += [(pad + key, f"{n:,}", f"{n / everything:.2%}") for key, n in lines.items()]
        widths = [max(len(row[k]) for row in rows) for k in range(3)]
        rows.insert(1, ("-" * widths[0], "-" * widths[1], "-" * widths[2]))
        return "\n".join(
            f"{a:<{widths[0]}}  {b:>{widths[1]}}  {c:>{widths[2]}}" for a, b, c in rows
        )
