"""Runs the program in the playground's editor, in Pyodide or anywhere else."""

from __future__ import annotations

import ast
import base64
import io
import linecache
import logging
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

NAME = "program.py"


def run(code: str, emit: Callable[[str, str], object], *, explain: bool = False) -> bool:
    """Runs ``code`` as a notebook's cell; whether it came to its end.

    ``emit(kind, text)`` is told what the program shows: "html", "error", "png" (in base64) and
    "page", the page of ``minitorch.explain``. What it prints goes where print goes.
    """
    linecache.cache[NAME] = (len(code), None, code.splitlines(keepends=True), NAME)
    warnings.resetwarnings()
    warnings.simplefilter("default")
    warnings.filterwarnings("ignore", "FigureCanvasAgg is non-interactive")  # plt.show(): see below
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    page = None
    try:
        body = ast.parse(code, NAME)
        last = body.body.pop() if body.body and isinstance(body.body[-1], ast.Expr) else None
        scope: dict[str, Any] = {"__name__": "__main__"}

        def program() -> None:
            exec(compile(body, NAME, "exec"), scope)
            if last is not None:
                value = eval(compile(ast.Expression(last.value), NAME, "eval"), scope)
                if value is not None and not code.rstrip().endswith(";"):
                    _show(value, emit)

        if explain:
            import minitorch

            with minitorch.explain() as page:
                program()
        else:
            program()
    except SystemExit:
        return True
    except BaseException as error:
        emit("error", _traceback(error))
        return False
    else:
        return True
    finally:
        _pictures(emit)
        if page is not None:
            with TemporaryDirectory() as folder:
                path = Path(folder) / "page.html"
                page.save(path)
                emit("page", path.read_text(encoding="utf-8"))


def _show(value: Any, emit: Callable[[str, str], object]) -> None:
    html = getattr(value, "_repr_html_", None)
    text = html() if callable(html) and not isinstance(value, type) else None
    if text is None:
        print(repr(value))
    else:
        emit("html", text)


def _traceback(error: BaseException) -> str:
    """As Python prints it, from the program's own first line on."""
    tb = error.__traceback__
    while tb is not None and tb.tb_frame.f_code.co_filename != NAME:
        tb = tb.tb_next
    return "".join(traceback.format_exception(type(error), error, tb))


def _pictures(emit: Callable[[str, str], object]) -> None:
    """The figures that matplotlib holds, which are closed."""
    plt = sys.modules.get("matplotlib.pyplot")
    for number in plt.get_fignums() if plt else []:
        file = io.BytesIO()
        plt.figure(number).savefig(file, format="png", bbox_inches="tight")
        emit("png", base64.b64encode(file.getvalue()).decode())
    if plt:
        plt.close("all")
