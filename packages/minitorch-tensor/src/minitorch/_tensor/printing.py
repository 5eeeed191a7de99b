"""How tensors print: PyTorch's format, character for character."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np

from .._types.dtype import (
    bool,
    complex64,
    complex128,
    float64,
    from_numpy_dtype,
    get_default_dtype,
    int64,
)
from ..kernels.meta import MetaArray

__all__ = ["set_printoptions"]

Array = np.ndarray[Any, Any]


DEFAULT = {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80}
PROFILES: dict[str, dict[str, Any]] = {
    "default": DEFAULT,
    "short": {**DEFAULT, "precision": 2, "edgeitems": 2},
    "full": {**DEFAULT, "threshold": math.inf},
}
options = SimpleNamespace(**DEFAULT, sci_mode=None)


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: Any = None,
) -> None:
    """Sets how tensors print.

    Args:
        precision: digits after the point (4).
        threshold: tensors with more elements than this are summarised (1000).
        edgeitems: items at each end of a summarised dimension (3).
        linewidth: characters a line (80).
        profile: ``"default"``, ``"short"`` or ``"full"``: all of these at once.
        sci_mode: True or False for the scientific notation always or never; None: as needed.
    """
    named: dict[str, Any] = {
        "precision": precision,
        "threshold": threshold,
        "edgeitems": edgeitems,
        "linewidth": linewidth,
    }
    if profile is not None:
        if profile not in PROFILES:
            raise ValueError(f"profile is one of {', '.join(PROFILES)}, not {profile!r}")
        named = {k: PROFILES[profile][k] if v is None else v for k, v in named.items()}
    for name, value in named.items():
        if value is not None:
            setattr(options, name, value)
    options.sci_mode = sci_mode


def get_printoptions() -> dict[str, Any]:
    """The settings, by name."""
    return dict(vars(options))


@contextmanager
def printoptions(**kwargs: Any) -> Iterator[None]:
    """Sets ``set_printoptions(**kwargs)`` for a while."""
    before = get_printoptions()
    set_printoptions(**kwargs)
    try:
        yield
    finally:
        vars(options).update(before)


def tensor_repr(tensor: Any) -> str:
    """``tensor(...)``; a subclass shows its name instead, a Parameter does not."""
    kind = vars(type(tensor)).get("_shown_as", type(tensor).__name__)
    prefix = f"{kind}("
    array = tensor._array()
    dtype, usual = from_numpy_dtype(array.dtype), get_default_dtype()
    suffixes = []
    if isinstance(array, MetaArray):
        text = "..."
        suffixes += ["device='meta'", f"size={array.shape}"]
        shown = dtype is not usual
    elif array.size:
        text = contents(array, len(prefix))
        shown = dtype not in (usual, complex128 if usual is float64 else complex64, int64, bool)
    else:
        text = "[]"
        if array.ndim != 1:
            suffixes.append(f"size={tuple(array.shape)}")
        shown = dtype is not usual  # no element tells it
    if shown:
        suffixes.append(f"dtype={dtype}")
    try:
        if tensor.grad_fn is not None:
            suffixes.append(f"grad_fn=<{tensor.grad_fn.name()}>")
        elif tensor.requires_grad:
            suffixes.append("requires_grad=True")
    except RuntimeError:  # a view whose history cannot be told after a write to its base
        suffixes.append("grad_fn=<Invalid>")
    return with_suffixes(prefix + text, suffixes, len(prefix))


def with_suffixes(text: str, suffixes: list[str], indent: int, newline: Any = False) -> str:
    """Appends what follows the numbers, each on a line of its own where the line is full; the first
    one anyhow if ``newline``."""
    last = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if newline or last + len(suffix) + 2 > options.linewidth:
            newline = False
            text += ",\n" + " " * indent + suffix
            last = indent + len(suffix)
        else:
            text += ", " + suffix
            last += len(suffix) + 2
    return text + ")"


def contents(array: Array, indent: int) -> str:
    """The numbers in brackets, the lines after the first indented."""
    summarize = array.size > options.threshold
    if array.dtype.kind == "W":  # complex32, whose parts NumPy does not know
        array = array.astype(np.complex64)
    shown = ends(array) if summarize else array
    if array.dtype.kind == "c":
        real, real_width = number_format(shown.real)
        imaginary, imaginary_width = number_format(shown.imag)

        def form(value: Any) -> str:
            part = (imaginary(value.imag) + "j").lstrip()
            return real(value.real) + ("" if part[0] in "+-" else "+") + part

        return block(array, indent, summarize, form, real_width + imaginary_width + 1)
    return block(array, indent, summarize, *number_format(shown))


def ends(array: Array) -> Array:
    """The elements that a summary shows."""
    edge = options.edgeitems
    for dim, size in enumerate(array.shape):
        if size > 2 * edge:
            array = np.take(array, [*range(edge), *range(size - edge, size)], axis=dim)
    return array


def number_format(array: Array) -> tuple[Callable[[Any], str], int]:
    """The function that formats the elements of ``array``, all to one width, and the width."""
    if array.dtype.kind not in "fV":
        width = max((len(str(x)) for x in array.reshape(-1).tolist()), default=1)
        return lambda x: str(x).rjust(width), width
    values = array.astype(np.float64).reshape(-1)
    values = values[np.isfinite(values) & (values != 0)]
    whole, scientific, width = True, False, 1
    precision = options.precision
    if values.size:
        sizes = np.abs(values)
        low, high = float(sizes.min()), float(sizes.max())
        whole = not (values != np.ceil(values)).any()
        scientific = high / low > 1000 or high > 1e8 or (not whole and low < 1e-4)
    if options.sci_mode is not None and values.size:
        scientific = options.sci_mode
    point = "" if not whole or scientific else "."
    if scientific:
        digits = f".{precision}e"
    else:
        digits = ".0f" if whole else f".{precision}f"
    width = max((len(format(x, digits) + point) for x in values.tolist()), default=1)

    def form(x: float) -> str:
        text = format(x, digits)
        return (text + point if math.isfinite(x) else text).rjust(width)

    return form, width


def block(array: Array, indent: int, summarize: Any, form: Callable[[Any], str], width: int) -> str:
    """``array`` as nested lists; ``form`` makes an element's text, ``width`` wide."""
    if array.ndim == 0:
        return form(array.item())
    edge = options.edgeitems
    cut = summarize and len(array) > 2 * edge
    parts = [array[:edge], array[len(array) - edge :]] if cut else [array]
    if array.ndim == 1:
        texts = [[form(x) for x in part.tolist()] for part in parts]
        items = [*texts[0], " ..." if edge else "...", *texts[1]] if cut else texts[0]
        per_line = max(1, (options.linewidth - indent) // (width + 2))
        lines = [", ".join(items[k : k + per_line]) for k in range(0, len(items), per_line)]
        return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
    texts = [[block(x, indent + 1, summarize, form, width) for x in part] for part in parts]
    items = [*texts[0], "...", *texts[1]] if cut else texts[0]
    return "[" + ("," + "\n" * (array.ndim - 1) + " " * (indent + 1)).join(items) + "]"


PRINT_OPTS = options
_add_suffixes = with_suffixes


def _tensor_str(tensor: Any, indent: int) -> str:
    """The numbers of ``repr(tensor)``, for a line that begins with ``indent`` characters."""
    return contents(tensor.detach().numpy(), indent)


def _str_intern(inp: Any, *, tensor_contents: str | None = None) -> str:
    """``repr(inp)``, or ``tensor(tensor_contents)``."""
    if tensor_contents is None:
        return tensor_repr(inp)
    return with_suffixes(f"tensor({tensor_contents}", [], len("tensor("))
