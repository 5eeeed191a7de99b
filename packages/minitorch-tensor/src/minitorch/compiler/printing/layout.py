"""Lines of at most 100 columns."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["WIDTH", "commented", "filled", "wrapped"]

WIDTH = 100


def wrapped(text: str, indent: str = "") -> list[str]:
    """A statement on one line or, where that is too long, with what its outer brackets hold on
    lines of its own."""
    if len(indent + text) <= WIDTH:
        return [indent + text]
    start, stop = _outer(text)
    if start < 0:  # no brackets: a chain of operators
        target, _, expression = text.partition(" = ")
        start, text = len(target) + 3, f"{target} = ({expression})"
        stop = len(text) - 1
    head, inside, tail = text[: start + 1], text[start + 1 : stop], text[stop:]
    lines = [indent + head]
    if len(lines[0]) > WIDTH and ", " in head:
        targets, _, callee = head.partition(" = ")
        lines = [f"{indent}(", *_filling(targets, indent), f"{indent}) = {callee}"]
    return [*lines, *_filling(inside, indent), indent + tail]


def _filling(text: str, indent: str) -> list[str]:
    """What stands between brackets, on as few lines as hold it."""
    lines = [indent + "   "]
    for item in _items(text):
        if len(lines[-1]) + 1 + len(item) > WIDTH and lines[-1].strip():
            lines.append(indent + "   ")
        lines[-1] += " " + item
    return lines


def _outer(text: str) -> tuple[int, int]:
    """The positions of the last pair of outermost brackets; -1 where there is none."""
    depth, start, found, quote = 0, -1, (-1, -1), ""
    for k, char in enumerate(text):
        if quote:
            quote = "" if char == quote and text[k - 1] != "\\" else quote
        elif char in "'\"":
            quote = char
        elif char in "([{":
            start = k if depth == 0 else start
            depth += 1
        elif char in ")]}":
            depth -= 1
            found = (start, k) if depth == 0 else found
    return found


def _items(text: str) -> Iterator[str]:
    """``a, (b, c)`` as ``a,``, ``(b,`` and ``c)``; strings stay whole."""
    yield from re.findall(r"""(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[^'" ])+""", text)


def commented(lines: list[str], comment: str) -> list[str]:
    """With a comment after the last line, where there is room."""
    if comment and len(lines[-1]) + 4 + len(comment) <= WIDTH:
        return [*lines[:-1], f"{lines[-1]}  # {comment}"]
    return lines


def filled(words: list[str], indent: str) -> list[str]:
    """A comment of words, on as few lines as hold them."""
    lines = [indent + "#"]
    for word in words:
        if len(lines[-1]) + 1 + len(word) > WIDTH:
            lines.append(indent + "#")
        lines[-1] += " " + word
    return lines
