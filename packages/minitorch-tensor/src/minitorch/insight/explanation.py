"""``minitorch.explain``: one run of a program, recorded, as a page that can be walked through."""

from __future__ import annotations

import html
import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ..autograd.recorder import place
from ..autograd.variable import Variable
from .flow import remember
from .naming import give_names
from .recording import Recording
from .steps import Step

if TYPE_CHECKING:
    from .gradients import Gradients

__all__ = ["explain"]


class explain:  # noqa: N801  (used like a function)
    """Records one run and shows it as a page: ``explain(function)(*args)``, or a ``with`` block.

    The page shows the source, the operations with their values, the backward pass beside them, and
    for each step its formula and its rule with the run's numbers in it. It is one file without any
    other, opens from disk and shows itself in Jupyter.

    As a function: ``page = explain(function)(*args)`` calls ``function(*args)`` and gives the page,
    whose ``result`` is what the function returned. Where that is a single number that requires grad
    and the function ran no backward pass, ``result.backward()`` is run and recorded too: gradients
    arrive in ``.grad``. Where the function raises an error it is raised, with the page up to the
    failing step as ``error.page``.

    As a block: ``with explain() as page: …`` around any code. After an error in the block, which
    goes on as it would without, ``page`` ends with the failing step.

    Tensors of up to 8,192 elements are copied, larger ones sampled; the numbers on the page are
    those of the run, to the digit. Modules, optimizers' steps, in-place writes, views and random
    draws of the block's thread are recorded; other threads are not.

    Attributes:
        result: what the function returned; None of a block.
        program: the run as a readable program.

    Example:
        >>> import minitorch
        >>> x = minitorch.tensor([1.0, 2.0], requires_grad=True)
        >>> page = minitorch.explain(lambda: (x * x).sum())()
        >>> print(page.program)  # doctest: +ELLIPSIS
        x = given([2], float32)...
        d_sum = 1...
        >>> path = page.save("/tmp/backprop.html")
    """

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        if function is not None and not callable(function):
            raise TypeError(
                f"explain() takes a function, got {type(function).__name__}: "
                "minitorch.explain(function)(*args), or `with minitorch.explain() as page:`"
            )
        self.function = function
        self.result: Any = None
        self._recording = Recording()
        self._done = False

    def __call__(self, *args: Any, **kwargs: Any) -> explain:
        """Calls the function and gives the page of this run.

        Raises:
            TypeError: there is no function.
        """
        if self.function is None:
            raise TypeError(
                "explain() without a function is for `with minitorch.explain() as page:`"
            )
        page = explain(self.function)
        page._recording.caller = place()
        try:
            with page:
                page.result = self.function(*args, **kwargs)
                if page._recording.count == 0 and _is_loss(page.result):
                    page.result.backward()
        except Exception as error:
            error.page = page  # type: ignore[attr-defined]  # errors take attributes
            raise
        return page

    def __enter__(self) -> Self:
        if self._done or self._recording.steps:
            raise RuntimeError("this page has its run already: use another minitorch.explain()")
        self._recording.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._recording.__exit__(kind, error, traceback)
        remember(self._recording.flow())
        self._done = True
        self._recording.failed_with(error)

    @staticmethod
    def gradients(loss: Any, model: Any) -> Gradients:
        """Which parameters get a gradient of ``loss``, how large, and why the others get none.

        Args:
            loss: a tensor of one element; or a function that computes it, which is run and watched.
                Of a tensor the lines where paths are cut are known where a page recorded the run.
            model: a module, named parameters (a dict, or pairs), or a sequence of tensors.

        Returns:
            A table, a list of rows with ``name``, ``shape``, ``arrives``, ``norm`` and ``reason``.

        Raises:
            TypeError: the loss is no tensor.
            RuntimeError: it has more than one element.

        Example:
            >>> import minitorch
            >>> a, b = minitorch.Tensor([1.0, 2.0]), minitorch.Tensor([3.0, 4.0])
            >>> loss = lambda: (a * b.detach()).sum()
            >>> table = minitorch.explain.gradients(loss, {"a": a, "b": b})
            >>> print(table)  # doctest: +ELLIPSIS
            parameter  shape  arrives  norm  why not
            ---------...
            a          [2]    yes      5
            b          [2]    no             the path is cut by detach() at ...
        """
        from .gradients import gradients

        return gradients(loss, model)

    @cached_property
    def _run(self) -> Recording:
        """The recording, its values named.

        Raises:
            RuntimeError: the block still runs, or nothing was run.
        """
        if not self._done:
            raise RuntimeError(
                "there is no run to show yet: the page is ready after the `with` block, or after "
                "minitorch.explain(function)(*args)"
            )
        give_names(self._recording)
        return self._recording

    def html(self) -> str:
        """The page, a document of its own."""
        from .document import document

        return document(self._run)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the page to a file and gives its path.

        Example:
            >>> import minitorch
            >>> page = minitorch.explain(minitorch.tanh)(minitorch.tensor(1.0, requires_grad=True))
            >>> page.save("/tmp/backprop.html").name
            'backprop.html'
        """
        file = Path(path)
        file.write_text(self.html(), encoding="utf-8")
        return file

    def _repr_html_(self) -> str:
        """The page in a frame of its own, for notebooks."""
        inside = html.escape(self.html(), quote=True)
        return (
            f'<iframe title="minitorch.explain" srcdoc="{inside}" sandbox="allow-scripts" '
            'style="width: 100%; height: 720px; border: 1px solid #8884"></iframe>'
        )

    def text(self) -> str:
        """The same as text, for a terminal: a line per step, in the order of time."""
        from .text import run_text

        return run_text(self._run)

    @property
    def program(self) -> str:
        """The run as a program: each step an assignment, gradients by the rules' own source."""
        from .program import program_text

        return program_text(self._run)

    @property
    def steps(self) -> list[Step]:
        """The steps of the run, in the order of time."""
        return list(self._run.steps)

    def __repr__(self) -> str:
        if not self._done:
            return "<minitorch.explain: nothing run yet>"
        from .text import title_of

        return f"<minitorch.explain: {title_of(self._recording)}>"


def _is_loss(result: Any) -> bool:
    return isinstance(result, Variable) and result.requires_grad and result._data.size == 1
