"""PyTorch's distributions on the CPU, number for number: a generator fills an array.

Below, ``u`` is uniform on [0, 1): 53 bits of a 64-bit draw / 2^53 (``uniform64``) or, where it says
so, 24 bits of a 32-bit draw / 2^24 (``uniform32``). Numbers come in the order of the memory.

``bernoulli`` and ``exponential`` are the numbers of PyTorch's own code. On Intel processors PyTorch
asks Intel's MKL for these two (and so for dropout and for ``multinomial`` without replacement),
whose stream differs; everywhere else they agree. Normal numbers are those of PyTorch on x86
processors, in float32, float16 and bfloat16 to the last bit, whatever processor MiniTorch runs on.
"""

from __future__ import annotations

import math
import warnings
from functools import cache
from typing import Any

import numpy as np

from .._types.dtype import finfo, from_numpy_dtype
from ..kernels.box_muller import to_normal
from ..kernels.multiply_add import multiply_add
from .generator import Generator

Array = np.ndarray[Any, Any]
BLOCK = 2**16  # numbers at a time, so that intermediate values stay in the cache
FEW = 64  # numbers that are as quick one by one


def fill(array: Array, values: Array) -> None:
    """Writes ``values`` into ``array`` in the order of its memory."""
    if array.flags.c_contiguous:
        array.reshape(-1)[:] = values
    else:
        ordered = in_memory_order(array)
        ordered[...] = values.reshape(ordered.shape)


def in_memory_order(array: Array, *others: Array) -> Any:
    """``array``, and ``others`` alike, with its dimensions by falling stride."""
    order = sorted(range(array.ndim), key=lambda d: -abs(array.strides[d]))
    if not others:
        return array.transpose(order)
    return tuple(x.transpose(order) for x in (array, *others))


PARTS = {4: np.float16, 8: np.float32, 16: np.float64}  # of complex numbers of so many bytes


def _check(array: Array, kernel: str, kinds: str = "fV") -> None:
    if array.dtype.kind not in kinds or (array.itemsize == 1 and array.dtype.kind in "fV"):
        name = from_numpy_dtype(array.dtype).type_name
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{name}'")


def uniform(g: Generator, array: Array, low: float = 0.0, high: float = 1.0) -> None:
    """``u (high - low) + low`` with one rounding; ``u`` has 24 bits, for float64 53."""
    if array.dtype.kind in "cW":
        uniform(g, array[..., None].view(PARTS[array.itemsize]), low, high)
        return
    _check(array, "check_uniform_bounds")
    if not low <= high:
        raise RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={low} > to={high}"
        )
    kind = from_numpy_dtype(array.dtype)
    if high - low > finfo(kind).max:
        raise RuntimeError(
            f"uniform_ expects to-from <= std::numeric_limits<{kind.type_name}>::max(), but found "
            f"to={high} and from={low} which result in to-from to exceed the limit"
        )
    if array.flags.c_contiguous and (low, high) == (0, 1) and array.itemsize >= 4:
        flat = array.reshape(-1)
        for start in range(0, array.size, BLOCK):
            g.uniform_into(flat[start : start + BLOCK])
        return
    if array.dtype == np.float64:
        u = multiply_add(g.uniform64(array.size), high - low, low)
    else:
        single = np.float32
        u = multiply_add(g.uniform32(array.size), single(high) - single(low), single(low))
        u = u.astype(array.dtype, copy=False)
        u[u == array.dtype.type(high)] = low
    fill(array, u)


def normal(g: Generator, array: Array, mean: float = 0.0, std: float = 1.0) -> None:
    """Box and Muller's transform; fewer than 16 numbers and gaps in memory take the scalar form."""
    if array.dtype.kind in "cW":
        parts = array[..., None].view(PARTS[array.itemsize])
        normal(g, parts, mean, std / math.sqrt(2))
        return
    if array.size:
        _check(array, "normal_kernel_cpu")
    if not std >= 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
    if array.size < 16 or not array.flags.c_contiguous:
        values = g.normal_pairs(array.size)
        fill(array, values if (mean, std) == (0, 1) else values * std + mean)
        return
    half = array.itemsize == 2  # by way of float32
    rest = array.size % 16
    whole = array.size - rest
    line = flat = array.reshape(-1)
    if half or rest:  # where numbers remain, the last 16 are drawn once more: behind the others
        line = np.empty(whole + 16 * bool(rest), np.float32 if half else array.dtype)
    for start in range(0, whole, BLOCK):
        g.uniform_into(line[start : min(start + BLOCK, whole)])
    if rest:
        if not half:
            g.uniform_into(flat[whole:])
        g.uniform_into(line[whole:])
    to_normal(line)
    if (mean, std) != (0, 1):
        kind = line.dtype.type
        line = multiply_add(line, kind(std), kind(mean))
    if line is not flat:
        flat[:whole] = line[:whole]
        flat[-16:] = line[-16:]


def integers(g: Generator, array: Array, low: int, high: int) -> None:
    """``low + r mod (high - low)``; r has 64 bits where the range reaches 2^28, else 32."""
    if low >= high:
        raise RuntimeError(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
        )
    kind = from_numpy_dtype(array.dtype)
    low, high = _checked_bounds(kind, low, high)
    extent = high - low
    if extent < 2**28:
        values = g.bits32(array.size)
        values %= np.uint32(extent)
        fill(array, values if low == 0 else values + np.int64(low))
    else:
        bits = g.bits64(array.size)
        if extent < 2**64:
            bits %= np.uint64(extent)
        fill(array, bits.view(np.int64) + np.int64(low))


def _checked_bounds(kind: Any, low: int, high: int) -> tuple[int, int]:
    """The bounds as ``kind`` holds them: a float between integers that it does not hold goes
    inwards, with a warning."""
    low, high, messages = _bounds(kind, low, high)
    for message in messages:
        warnings.warn(message, stacklevel=4)
    return low, high


@cache
def _bounds(kind: Any, low: int, high: int) -> tuple[int, int, list[str]]:
    least, most = exact = _limits(kind)
    if kind.is_floating_point:
        least, most = int(finfo(kind).min), int(finfo(kind).max)
    messages = []
    for name, value in (("from", low), ("to - 1", high - 1)):
        if not least <= value <= most:
            raise RuntimeError(f"{name} is out of bounds for {kind.name}: {value}")
        if not exact[0] <= value <= exact[1]:
            digits = exact[1].bit_length() - 1
            messages.append(
                f"{name} is out of bounds [-(2^{digits}), 2^{digits}]. Due to precision "
                f"limitations {kind.name} can support discrete uniform distribution only within "
                "this range. This warning will become an error in version 1.7 release, please fix "
                "the code in advance"
            )
    if not kind.is_floating_point:
        return low, high, messages
    as_kind, digits = kind.numpy.type, exact[1].bit_length() - 1
    below, above = int(as_kind(low + 1)), int(as_kind(high - 1))
    if below < low:
        low = below + 2 ** (abs(low + 1).bit_length() - digits)
    if above >= high:
        high = above - 2 ** (abs(high - 1).bit_length() - digits)
    if low >= high:
        raise RuntimeError(
            "random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, but got "
            f"from={low} >= to={high}"
        )
    return low, high, messages


def _limits(kind: Any) -> tuple[int, int]:
    """The least and the greatest integer that ``kind`` holds exactly, with all between."""
    if kind.category == 0:
        return 0, 1
    if kind.category == 1:
        limits = np.iinfo(kind.numpy)
        return int(limits.min), int(limits.max)
    if kind.is_complex:
        raise NotImplementedError(f"\"random_\" not implemented for '{kind.type_name}'")
    digits = 1 - round(math.log2(finfo(kind).eps))
    return -(2**digits), 2**digits


def limit_above(numpy: Any) -> int:
    """The bound that integers of a dtype stay below when none is given."""
    return min(_limits(from_numpy_dtype(numpy))[1] + 1, 2**63 - 1)


def integers_of_dtype(g: Generator, array: Array) -> None:
    """``r mod (greatest + 1)``, r of 64 bits for int64 and float64, else 32."""
    most = _limits(from_numpy_dtype(array.dtype))[1]
    wide = array.itemsize == 8
    bits = g.bits64(array.size) if wide else g.bits32(array.size)
    fill(array, bits % bits.dtype.type(most + 1))


def bernoulli(g: Generator, array: Array, p: Any = 0.5) -> None:
    """``u < p``; where p is an array, but of float64, u has 24 bits."""
    if isinstance(p, np.ndarray):
        if not ((p >= 0) & (p <= 1)).all():
            raise RuntimeError("Expected p_in >= 0 && p_in <= 1 to be true, but got false.")
        _check(p, "bernoulli_tensor_cpu_p_")
        array, p = in_memory_order(array, np.broadcast_to(p, array.shape))
        wide = p.dtype == np.float64
        u = g.uniform64(array.size) if wide else g.uniform32(array.size)
        array[...] = u.reshape(array.shape) < p
        return
    if not 0 <= p <= 1:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p}")
    # u < p exactly where the 53 bits are below ceil(2^53 p)
    bound = math.ceil(math.ldexp(p, 53))
    fill(array, (g.bits64(array.size) & np.uint64(2**53 - 1)) < np.uint64(bound))


def exponential(g: Generator, array: Array, lambd: float = 1.0) -> None:
    """``-log(1 - u) / lambd``."""
    if array.size:
        _check(array, "exponential")
    if not lambd > 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd}")
    fill(array, -1 / lambd * np.log1p(-g.uniform64(array.size)))


def geometric(g: Generator, array: Array, p: float) -> None:
    """``ceil(log u / log(1 - p))``."""
    _check(array, "geometric_cpu", "fViu")
    if not 0 < p < 1:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p}")
    fill(array, np.ceil(np.log(g.uniform64(array.size)) / np.log1p(-p)))


def cauchy(g: Generator, array: Array, median: float = 0.0, sigma: float = 1.0) -> None:
    """``median + sigma tan(pi (u - 1/2))``."""
    _check(array, "cauchy")
    if not sigma > 0:
        raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma}")
    fill(array, median + sigma * np.tan(math.pi * (g.uniform64(array.size) - 0.5)))


def log_normal(g: Generator, array: Array, mean: float = 1.0, std: float = 2.0) -> None:
    """``exp(mean + std z)``, z normal."""
    _check(array, "log_normal_cpu")
    if not std > 0:
        raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std}")
    fill(array, np.exp(g.normal_pairs(array.size) * std + mean))


def poisson(g: Generator, array: Array, rates: Array) -> None:
    """One number at a time where rates differ: how many draws each takes depends on the numbers
    drawn."""
    from ..kernels.gamma_samples import Draws
    from ..kernels.poisson import poisson_numbers, poisson_one

    _check(rates, "poisson_cpu")
    if not (rates >= 0).all():
        raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
    line = rates.reshape(-1)
    if line.size > FEW and (line == line[0]).all() and np.isfinite(line[0]):
        with g.looking_ahead(Draws) as draws, np.errstate(all="ignore"):
            array.reshape(-1)[:] = poisson_numbers(float(line[0]), line.size, draws)
        return
    with g.one_by_one(min(BLOCK, 8 * array.size)) as draw:
        array.reshape(-1)[:] = [poisson_one(rate, draw) for rate in line.tolist()]


def multinomial(g: Generator, array: Array, p: Array, replacement: bool) -> None:
    """Indices drawn by the weights in the rows of ``p``.

    With replacement: the place of u among the cumulative sums. Without: ``p / e``, e exponential,
    ranked.
    """
    if not (np.isfinite(p).all() and (p >= 0).all()):
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if (p.sum(-1) == 0).any():
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    count = array.shape[-1]
    if not replacement or count == 1:
        e = np.empty(p.shape, p.dtype)
        exponential(g, e)
        with np.errstate(all="ignore"):
            order = np.argsort(-(p / e), axis=-1, kind="stable").astype(np.int64, copy=False)
        array[...] = order[..., :count]
        return
    rows = p.reshape(-1, p.shape[-1])
    sums = np.cumsum(rows, axis=1)
    sums /= sums[:, -1:]
    sums[:, -1] = 1
    u = g.uniform64(count * len(rows)).reshape(-1, count)
    found = [np.searchsorted(s, v) for s, v in zip(sums, u, strict=True)]
    array[...] = np.array(found, np.int64).reshape(array.shape)


def binomial(g: Generator, array: Array, counts: Array, p: Array) -> None:
    """One number at a time where their distributions differ, as ``poisson``."""
    from ..kernels.binomial import binomial_numbers, binomial_one
    from ..kernels.gamma_samples import Draws

    _check(counts, "binomial_cpu")
    n, q = counts.reshape(-1), p.reshape(-1)
    if n.size > FEW and (n == n[0]).all() and (q == q[0]).all() and np.isfinite(n[0]):
        with g.looking_ahead(Draws) as draws, np.errstate(all="ignore"):
            array.reshape(-1)[:] = binomial_numbers(n[0], q[0], n.size, draws)
        return
    with g.one_by_one(min(BLOCK, 8 * array.size)) as draw:
        array.reshape(-1)[:] = [binomial_one(*each, draw) for each in zip(n, q, strict=True)]


def gamma(g: Generator, array: Array, a: Array) -> None:
    """Gamma(a, 1), at least the smallest positive number of the dtype."""
    from ..kernels.gamma_samples import Draws, gamma_numbers

    _check(a, "gamma_cpu")
    with g.looking_ahead(Draws) as draws:
        values = gamma_numbers(a.reshape(-1), draws)
    flat = array.reshape(-1)
    with np.errstate(over="ignore", under="ignore"):
        np.maximum(values.astype(array.dtype), np.finfo(array.dtype).tiny, out=flat)


def dirichlet(g: Generator, array: Array, a: Array) -> None:
    """Gamma numbers, in float64, over their sum along the last dimension."""
    _check(a, "dirichlet")
    values = np.empty(a.shape)
    gamma(g, values, a.astype(np.float64))
    kind = array.dtype.type
    info = np.finfo(kind)
    ratio = (values / values.sum(-1, keepdims=True)).astype(kind)
    np.clip(ratio, info.tiny, np.nextafter(kind(1), kind(0)), out=array)
