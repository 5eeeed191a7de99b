"""``testing``: ``assert_close`` with PyTorch's tolerances and words, and ``make_tensor``.

Follows https://docs.pytorch.org/docs/stable/testing.html
"""

from __future__ import annotations

import cmath
import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from .._tensor.tensor import Tensor
from .._types import dtype as types
from .._types.dtype import promote_types
from ..ops.comparison import isclose
from ..ops.complex_parts import view_as_real
from ..ops.creation import empty
from ..ops.from_data import as_tensor
from ..random.functions import randint

__all__ = ["assert_allclose", "assert_close", "make_tensor"]

# dtype -> relative and absolute tolerance; other dtypes are to be equal
TOLERANCES = {
    types.float16: (1e-3, 1e-5), types.bfloat16: (1.6e-2, 1e-5), types.float32: (1.3e-6, 1e-5),
    types.complex64: (1.3e-6, 1e-5), types.float64: (1e-7, 1e-7), types.complex128: (1e-7, 1e-7),
}  # fmt: skip
NUMBERS = {complex: types.complex128, float: types.float64, int: types.int64}
Scalar = (int, float, complex, np.number)


class Mismatch(Exception):  # noqa: N818  (is made into the error that is raised)
    """Two values that differ: the type of the error, its message and where they stand."""

    def __init__(self, message: str, place: tuple[Any, ...], kind: Any = AssertionError) -> None:
        super().__init__(message)
        self.message, self.place, self.kind = message, place, kind

    def fail(self, msg: Any) -> NoReturn:
        """Raises, with the words of the user's ``msg``."""
        if not isinstance(msg, str):
            text = self.message
            if self.place:
                text += f"\n\nThe failure occurred for item {''.join(str([k]) for k in self.place)}"
            msg = msg(text) if callable(msg) else text
        raise self.kind(msg) from None


def assert_close(
    actual: Any, expected: Any, *, allow_subclasses: bool = True, rtol: float | None = None,
    atol: float | None = None, equal_nan: bool = False, check_device: bool = True,
    check_dtype: bool = True, check_layout: bool = True, check_stride: bool = False,
    msg: str | Callable[[str], str] | None = None,
) -> None:  # fmt: skip
    """Asserts that ``abs(actual - expected) <= atol + rtol * abs(expected)``, everywhere.

    Args:
        actual, expected: tensors, what ``as_tensor`` makes tensors of, numbers, or sequences and
            mappings of them.
        rtol, atol: both or neither; the looser ones of the dtypes (1.3e-6 and 1e-5 for float32,
            1e-7 and 1e-7 for float64, 0 for integers) where they are not given.
        equal_nan: whether NaNs are equal.
        msg: the error's message, or a function of the one that would be.

    Raises:
        AssertionError: shapes, dtypes, layouts (and what else is checked) or values differ.
        ValueError: only one tolerance is given.
        TypeError: the inputs can not be compared.

    Example:
        >>> import minitorch as torch
        >>> torch.testing.assert_close(torch.tensor([1.0]), torch.tensor([1.0 + 1e-7]))
    """
    checks = {
        "shape": True,
        "layout": check_layout,
        "stride()": check_stride,
        "device": check_device,
        "dtype": check_dtype,
    }
    try:
        for a, b, place in pairs(actual, expected, ()):
            compare(a, b, place, rtol, atol, equal_nan, checks, allow_subclasses)
    except Mismatch as mismatch:
        mismatch.fail(msg)


def assert_allclose(
    actual: Any, expected: Any, rtol: float | None = None, atol: float | None = None,
    equal_nan: bool = True, msg: str = "",
) -> None:  # fmt: skip
    """``assert_close`` that looks at values alone; PyTorch has deprecated it."""
    actual, expected = (x if isinstance(x, Tensor) else as_tensor(x) for x in (actual, expected))
    assert_close(
        actual, expected, rtol=rtol, atol=atol, equal_nan=equal_nan, check_device=False,
        check_dtype=False, check_layout=False, msg=msg or None,
    )  # fmt: skip


def pairs(actual: Any, expected: Any, place: tuple[Any, ...]) -> Iterator[tuple[Any, Any, Any]]:
    """The leaves of both, with their keys."""
    both = (actual, expected)
    if all(isinstance(x, Sequence) and not isinstance(x, str) for x in both):
        if len(actual) != len(expected):
            raise Mismatch(
                f"The length of the sequences mismatch: {len(actual)} != {len(expected)}", place
            )
        for k, (a, b) in enumerate(zip(actual, expected, strict=True)):
            yield from pairs(a, b, (*place, k))
    elif all(isinstance(x, Mapping) for x in both):
        missing, more = expected.keys() - actual.keys(), actual.keys() - expected.keys()
        if missing or more:
            raise Mismatch(
                "The keys of the mappings do not match:\n"
                f"Missing keys in the actual mapping: {sorted(missing)}\n"
                f"Additional keys in the actual mapping: {sorted(more)}",
                place,
            )
        for k in expected:
            yield from pairs(actual[k], expected[k], (*place, k))
    else:
        yield actual, expected, place


def compare(
    actual: Any, expected: Any, place: Any, rtol: Any, atol: Any, equal_nan: bool,
    checks: dict[str, bool], allow_subclasses: bool,
) -> None:  # fmt: skip
    """Compares two leaves."""
    both = (actual, expected)
    if actual is None or expected is None:
        if actual is not expected:
            raise Mismatch(f"None mismatch: {actual} is not {expected}", place)
    elif all(isinstance(x, bool | np.bool_) for x in both):
        if bool(actual) is not bool(expected):
            raise Mismatch(f"Booleans mismatch: {actual} is not {expected}", place)
    elif all(isinstance(x, Scalar) for x in both):
        a, b = (x.item() if isinstance(x, np.number) else x for x in both)
        numbers(a, b, place, rtol, atol, equal_nan, checks["dtype"])
    else:
        related = isinstance(actual, type(expected)) or isinstance(expected, type(actual))
        if not related or not (allow_subclasses or type(actual) is type(expected)):
            refuse(actual, expected, place)
        try:
            a, b = (x if isinstance(x, Tensor) else as_tensor(x) for x in both)
        except (TypeError, ValueError, RuntimeError):
            refuse(actual, expected, place)
        tensors(a, b, place, rtol, atol, equal_nan, checks)


def refuse(actual: Any, expected: Any, place: Any) -> NoReturn:
    raise Mismatch(
        "No comparison pair was able to handle inputs of type "
        f"{type(actual)} and {type(expected)}.",
        place,
        TypeError,
    )


def tolerances(dtypes: Sequence[Any], rtol: Any, atol: Any, place: Any) -> tuple[float, float]:
    """Those given, or the loosest of the dtypes."""
    if (rtol is None) != (atol is None):
        raise Mismatch(
            "Both 'rtol' and 'atol' must be either specified or omitted, but got no "
            f"{'rtol' if rtol is None else 'atol'}.",
            place,
            ValueError,
        )
    if rtol is not None:
        return rtol, atol
    found = [TOLERANCES.get(each, (0.0, 0.0)) for each in dtypes]
    return max(r for r, _ in found), max(a for _, a in found)


def numbers(
    actual: Any, expected: Any, place: Any, rtol: Any, atol: Any, equal_nan: bool, check: bool
) -> None:
    kinds = [next(d for k, d in NUMBERS.items() if isinstance(x, k)) for x in (actual, expected)]
    rtol, atol = tolerances(kinds, rtol, atol, place)
    if check and type(actual) is not type(expected):
        raise Mismatch(f"The (d)types do not match: {type(actual)} != {type(expected)}.", place)
    if equal_nan and cmath.isnan(actual) and cmath.isnan(expected):
        return
    close = abs(actual - expected) <= atol + rtol * abs(expected)
    if actual != expected and not (close and cmath.isfinite(expected)):
        raise Mismatch(of_numbers(actual, expected, rtol, atol), place)


def tensors(
    a: Tensor, b: Tensor, place: Any, rtol: Any, atol: Any, equal_nan: bool, checks: dict[str, bool]
) -> None:
    rtol, atol = tolerances((a.dtype, b.dtype), rtol, atol, place)
    for name, checked in checks.items():
        x, y = (getattr(t, name.removesuffix("()")) for t in (a, b))
        if name == "stride()":
            x, y = x(), y()
        if checked and x != y:
            raise Mismatch(f"The values for attribute '{name}' do not match: {x} != {y}.", place)
    a, b = a.detach(), b.detach()
    if a.dtype is not b.dtype:
        wide = promote_types(a.dtype, b.dtype)
        a, b = a.to(wide), b.to(wide)
    matches = isclose(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan)
    if bool(matches.all()):
        return
    if a.ndim == 0:
        raise Mismatch(of_numbers(a.item(), b.item(), rtol, atol), place)
    raise Mismatch(of_tensors(a, b, matches, rtol, atol), place)


def of_numbers(actual: Any, expected: Any, rtol: float, atol: float) -> str:
    difference = abs(actual - expected)
    relative = math.inf if expected == 0 else difference / abs(expected)
    equal = rtol == 0 and atol == 0
    allowed = ["" if equal else f" (up to {tolerance} allowed)" for tolerance in (atol, rtol)]
    return (
        f"Scalars are not {'equal' if equal else 'close'}!\n\n"
        f"Expected {expected} but got {actual}.\n"
        f"Absolute difference: {difference}{allowed[0]}\n"
        f"Relative difference: {relative}{allowed[1]}"
    )


def of_tensors(a: Tensor, b: Tensor, matches: Tensor, rtol: float, atol: float) -> str:
    equal = rtol == 0 and atol == 0
    count, wrong = matches.numel(), int((~matches).sum())
    lines = [f"Tensor-likes are not {'equal' if equal else 'close'}!", ""]
    lines.append(f"Mismatched elements: {wrong} / {count} ({wrong / count:.1%})")
    if not (a.dtype.is_floating_point or a.dtype.is_complex):
        a, b = a.long(), b.long()
    absolute = (a - b).abs().where(~matches, 0)
    relative = (absolute / b.abs()).where(~matches, 0)
    for word, values, tolerance in (("absolute", absolute, atol), ("relative", relative, rtol)):
        at = int(values.argmax())
        index = tuple(int(k) for k in np.unravel_index(at, tuple(matches.shape)))
        allowed = "" if equal else f" (up to {tolerance} allowed)"
        value = values.flatten()[at].item()
        lines.append(f"Greatest {word} difference: {value} at index {index}{allowed}")
    return "\n".join(lines)


def make_tensor(
    *shape: int | Sequence[int], dtype: Any, device: Any, low: float | None = None,
    high: float | None = None, requires_grad: bool = False, noncontiguous: bool = False,
    exclude_zero: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """A tensor of values between ``low`` and ``high``: -9 and 9, or what the dtype can hold.

    Args:
        noncontiguous: every second element of a tensor twice as long.
        exclude_zero: zeros become 1, or the smallest normal number.

    Raises:
        ValueError: a gradient of integers, an empty or impossible range, both ``noncontiguous``
            and a ``memory_format``.

    Example:
        >>> import minitorch as torch
        >>> torch.testing.make_tensor(2, 3, dtype=torch.int32, device="cpu").shape
        torch.Size([2, 3])
    """
    size: Any = shape[0] if len(shape) == 1 and isinstance(shape[0], Sequence) else shape
    real = dtype.is_floating_point or dtype.is_complex
    if noncontiguous and memory_format is not None:
        raise ValueError(
            "The parameters `noncontiguous` and `memory_format` are mutually exclusive, but got "
            f"noncontiguous={noncontiguous} and memory_format={memory_format}"
        )
    if requires_grad and not real:
        raise ValueError(
            "`requires_grad=True` is not supported for boolean and integral dtypes, but got "
            f"dtype={dtype}"
        )
    noncontiguous = noncontiguous and math.prod(size) > 1
    if noncontiguous:
        size = (*size[:-1], 2 * size[-1])
    least, most = interval(dtype, real, low, high)
    if not real:
        made = randint(math.ceil(least), math.ceil(most), tuple(size), dtype=dtype, device=device)
    else:
        made = empty(tuple(size), dtype=dtype, device=device)
        (view_as_real(made) if dtype.is_complex else made).uniform_(least, most)
    if noncontiguous:
        made = made[..., 1::2]
    elif memory_format is not None:
        made = made.clone(memory_format=memory_format)
    if exclude_zero:
        made[made == 0] = types.finfo(dtype).tiny if real else 1
    return made.requires_grad_() if requires_grad else made


def interval(dtype: Any, real: bool, low: Any, high: Any) -> tuple[Any, Any]:
    """The range to draw from, cut to what ``dtype`` can hold."""
    first: Any
    last: Any
    if dtype is types.bool:
        first, last, least, most = 0, 2, 0, 2
    elif real:
        first, last, least, most = types.finfo(dtype).min, types.finfo(dtype).max, -9, 9
    else:
        info = types.iinfo(dtype)
        first, last, least, most = info.min, info.max + (dtype is not types.int64), -9, 10
    low, high = least if low is None else low, most if high is None else high
    if math.isnan(low) or math.isnan(high):
        raise ValueError(f"`low` and `high` cannot be NaN, but got low={low} and high={high}")
    if low == high and real:
        warnings.warn(
            "Passing `low==high` to `torch.testing.make_tensor` for floating or complex types is "
            "deprecated. Use `torch.full(...)` instead.",
            FutureWarning,
            stacklevel=3,
        )
    elif low >= high:
        raise ValueError(f"`low` must be less than `high`, but got {low} >= {high}")
    elif high < first or low >= last:
        raise ValueError(
            f"The value interval specified by `low` and `high` is [{low}, {high}), but {dtype} "
            f"only supports [{first}, {last})"
        )
    return min(max(low, first), last), min(max(high, first), last)
