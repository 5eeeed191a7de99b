"""``minitorch.explain.gradients``: which parameters a loss reaches, and why not the others."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd import engine
from ..autograd.grad import grad
from ..autograd.grad_mode import current
from ..autograd.history import history
from ..autograd.variable import Variable
from .flow import Watcher, flow_of_the_run, reason
from .teach import Teacher

__all__ = ["GradientRow", "Gradients", "gradients"]

HEAD = ("parameter", "shape", "arrives", "norm", "why not")


@dataclass
class GradientRow:
    """What is known of one parameter's gradient.

    Attributes:
        name: the parameter's.
        shape: its shape.
        arrives: whether the loss depends on it in a way that autograd followed.
        norm: the gradient's Euclidean norm; None where it does not arrive.
        reason: why it does not, as far as that is known; "" where it does.
    """

    name: str
    shape: tuple[int, ...]
    arrives: bool
    norm: float | None
    reason: str

    def cells(self) -> tuple[str, ...]:
        norm = "" if self.norm is None else f"{self.norm:.4g}"
        return self.name, str(list(self.shape)), "yes" if self.arrives else "no", norm, self.reason


class Gradients(list[GradientRow]):
    """A row per parameter; prints as a table, in a notebook as one of HTML."""

    def __getitem__(self, key: Any) -> Any:
        """A row by its number, or by the parameter's name."""
        if isinstance(key, str):
            found = [row for row in self if row.name == key]
            if not found:
                raise KeyError(key)
            return found[0]
        return super().__getitem__(key)

    def __str__(self) -> str:
        rows = [HEAD, *(row.cells() for row in self)]
        widths = [max(len(row[k]) for row in rows) for k in range(len(HEAD))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        lines.insert(1, "-" * max(map(len, lines)))
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        def line(cells: Iterable[str], kind: str) -> str:
            inside = "".join(f"<{kind}>{html.escape(cell)}</{kind}>" for cell in cells)
            return f"<tr>{inside}</tr>"

        body = "".join(line(row.cells(), "td") for row in self)
        return f"<table><thead>{line(HEAD, 'th')}</thead><tbody>{body}</tbody></table>"


def gradients(loss: Any, model: Any) -> Gradients:
    """Which parameters get a gradient of ``loss``, how large, and why the others get none.

    No ``.grad`` is changed, and the loss can still be sent backward; of one that was, the norms are
    those of the ``.grad`` that are there.

    Args:
        loss: a tensor of one element; or a function that computes it, which is run and watched, so
            that the table can name the line where a path is cut: ``detach``, ``no_grad``, integers
            or comparisons. Of a tensor that line is known where ``minitorch.explain()`` or
            ``minitorch.teach()`` watched its computation.
        model: a module, named parameters (a dict, or pairs), or a sequence of tensors.

    Returns:
        A ``Gradients``: rows with ``name``, ``shape``, ``arrives``, ``norm`` and ``reason``.

    Raises:
        TypeError: the loss is no tensor.
        RuntimeError: it has more than one element.

    Example:
        >>> import minitorch as torch
        >>> from minitorch.insight.gradients import gradients
        >>> a, b = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
        >>> table = gradients(lambda: (a * b.detach()).sum(), {"a": a, "b": b})
        >>> [(row.name, row.arrives) for row in table]
        [('a', True), ('b', False)]
        >>> table["b"].reason  # doctest: +ELLIPSIS
        'the path is cut by detach() at ...'
    """
    flow = flow_of_the_run()
    for each in current.state.interpreters:
        if isinstance(each, Teacher):
            flow = each.flow
    if callable(loss) and not isinstance(loss, Variable):
        with Watcher() as watcher:
            loss = loss()
        flow = watcher.flow
    if not isinstance(loss, Variable):
        raise TypeError(f"gradients() takes a loss, a tensor, got {type(loss).__name__}")
    named = list(_named(model))
    node = history(loss)
    nodes: set[Any] = set() if node is None else engine._reachable([node])
    reached = [p for _, p in named if p._node is not None and p._node in nodes]
    freed = any(each.saved is None for each in nodes)
    found: Sequence[Any] = [p._grad for p in reached] if freed else ()
    if reached and not freed:
        found = grad(loss, reached, retain_graph=True)
    norms = {id(p): _norm(g) for p, g in zip(reached, found, strict=True)}

    def reason_for(p: Any) -> str:
        if id(p) in norms:
            return ""
        if p._node is None:
            return "requires_grad is False"
        return "the loss does not depend on it" if flow is None else reason(flow, p, node is None)

    return Gradients(
        GradientRow(name, tuple(p.shape), id(p) in norms, norms.get(id(p)), reason_for(p))
        for name, p in named
    )


def _named(model: Any) -> Iterator[tuple[str, Any]]:
    if hasattr(model, "named_parameters"):
        yield from model.named_parameters()
    elif isinstance(model, dict):
        yield from model.items()
    else:
        for number, each in enumerate(model):
            yield each if isinstance(each, tuple) else (str(number), each)


def _norm(g: Any) -> float | None:
    if g is None:
        return None
    values = np.asarray(g.to_dense()._data if g.is_sparse else g._data, np.float64)
    return math.sqrt(float((values * values).sum()))
