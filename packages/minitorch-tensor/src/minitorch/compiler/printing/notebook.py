"""A program in a notebook: the user's lines, and beside them the generated ones."""

from __future__ import annotations

import html as escaping
import os
from typing import TYPE_CHECKING

from .layout import wrapped
from .module import INDENT, written

if TYPE_CHECKING:
    from ..program import Program

__all__ = ["html"]

STYLE = """
.program { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 3fr); gap: 0 1.5em;
  font: 13px/1.45 ui-monospace, monospace; color: light-dark(#1f2328, #e6edf3);
  color-scheme: light dark; }
.program > * { white-space: pre-wrap; padding: .3em 0; text-align: left;
  border-top: 1px solid light-dark(#d0d7de, #30363d); }
.program .wide { grid-column: 1 / 3; font-family: system-ui, sans-serif; border: 0; }
.program .line, .program .comment { color: light-dark(#59636e, #9198a1); }
"""


def html(program: Program) -> str:
    """Two columns: the user's line, and the generated lines beside it."""
    text = written(program)
    title = f"<b>{program.function_name}: {escaping.escape(program.name)}.</b> "
    rows = [f'<div class="wide">{title}{escaping.escape(program.change)}</div>']
    head = [f"def {program.function_name}({', '.join(text.arguments)}):"]
    rows.append(_row("", [part for line in head for part in wrapped(line)]))
    half = False
    for block in text.body:
        if block.backward and not half:
            rows.append('<div class="wide"><b>backward</b></div>')
        half = block.backward
        line = block.line
        place = line and f"{os.path.basename(line.filename)}:{line.number}"
        users = f"{place}  {line.text.strip()}" if line else ""
        rows.append(_row(users, [each.removeprefix(INDENT) for each in block.lines]))
    rows.append(_row("", [f"return ({', '.join(text.results)})"]))
    return f"<style>{STYLE}</style><div class='program'>{''.join(rows)}</div>"


def _row(users: str, lines: list[str]) -> str:
    cells = []
    for line in lines:
        code, mark, comment = escaping.escape(line).partition("  # ")
        cells.append(f'{code}<span class="comment">{mark}{comment}</span>' if mark else code)
    left = f'<div class="line">{escaping.escape(users)}</div>'
    return f"{left}<div>{chr(10).join(cells)}</div>"
