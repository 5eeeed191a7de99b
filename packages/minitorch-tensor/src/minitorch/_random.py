"""Random numbers: PyTorch's on the CPU, number for number, for the same seed.

Every function takes ``generator=``; without it the numbers come from ``default_generator``, which
``manual_seed`` seeds.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ._creation import _numpy, like, made, sizes
from ._dtype import as_dtype, from_numpy_dtype, int64
from ._generator import Generator, default_generator
from .autograd.variable import Variable
from .kernels.permutation import permutation

__all__ = [
    "Generator",
    "default_generator",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "rand",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "randperm",
    "seed",
    "set_rng_state",
]

Array = np.ndarray[Any, Any]


# --- the default generator ---------------------------------------------------------------------


def manual_seed(seed: int) -> Generator:
    """Seeds the default generator: from here on the random numbers are PyTorch's for this seed.

    Example:
        >>> import minitorch
        >>> minitorch.manual_seed(0)
        >>> minitorch.rand(2)
        tensor([0.4963, 0.7682])

    Follows https://docs.pytorch.org/docs/stable/generated/torch.manual_seed.html
    """
    return default_generator.manual_seed(seed)


def seed() -> int:
    """Seeds the default generator from the system's entropy; returns the seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed of the default generator."""
    return default_generator.initial_seed()


def get_rng_state() -> Any:
    """The default generator's state, a uint8 tensor in PyTorch's layout."""
    return default_generator.get_state()


def set_rng_state(new_state: Any) -> None:
    """Continues from a state that ``get_rng_state`` returned."""
    default_generator.set_state(new_state)


# --- into an array -----------------------------------------------------------------------------


def fill(array: Array, values: Array) -> None:
    """Writes ``values`` into ``array`` in the order of its memory, as PyTorch visits it."""
    if array.flags.c_contiguous:
        array.reshape(-1)[:] = values
    else:
        order = sorted(range(array.ndim), key=lambda d: -abs(array.strides[d]))
        ordered = array.transpose(order)
        ordered[...] = values.reshape(ordered.shape)


def uniform(generator: Generator | None, array: Array, low: float, high: float) -> None:
    """Uniform on [low, high): u (high - low) + low, u of 24 bits, for float64 of 53."""
    g = generator or default_generator
    kind = array.dtype
    if kind.kind == "c":
        uniform(g, array.view(np.float32 if kind.itemsize == 8 else np.float64), low, high)
        return
    if kind.kind != "f":
        raise NotImplementedError(
            f'"check_uniform_bounds" not implemented for \'{from_numpy_dtype(kind).type_name}\''
        )
    if kind == np.float64:
        u = g.uniform64(array.size)
    elif kind == np.float32:
        u = g.uniform32(array.size)
    else:
        u = half_uniform(g, array.size)
    if (low, high) != (0, 1):
        u = u * u.dtype.type(high - low) + u.dtype.type(low)
    fill(array, u)


def half_uniform(g: Generator, count: int) -> Array:
    """float16 in [0, 1): the low 11 bits / 2^11."""
    return ((g.bits32(count) & np.uint32(0x7FF)) * np.float32(2**-11)).astype(np.float32)


def normal_values(g: Generator, kind: np.dtype[Any], count: int) -> Array:
    """Standard normal numbers for a contiguous tensor of 16 elements or more.

    Box and Muller, in blocks of 16 uniforms: with u = 1 - (first eight) and v = (last eight) they are
    sqrt(-2 log u) cos(2 pi v) and sqrt(-2 log u) sin(2 pi v). What is left over redraws the last 16.
    """
    if kind == np.float64:
        u = g.uniform64(count)
    elif kind == np.float32:
        u = g.uniform32(count)
    else:
        u = half_uniform(g, count)
    full = count // 16 * 16
    out = np.empty_like(u)
    _box_muller(u[:full], out[:full])
    if full < count:
        if kind == np.float64:
            u = g.uniform64(16)
        else:
            u = g.uniform32(16) if kind == np.float32 else half_uniform(g, 16)
        _box_muller(u, out[-16:])
    return out


def _box_muller(u: Array, out: Array) -> None:
    first, second = u.reshape(-1, 2, 8).transpose(1, 0, 2)
    radius = np.subtract(u.dtype.type(1), first)
    np.log(radius, out=radius)
    radius *= -2
    np.sqrt(radius, out=radius)
    angle = (second * (2 * math.pi)).astype(u.dtype, copy=False)
    made = out.reshape(-1, 2, 8)
    np.multiply(radius, np.cos(angle), out=made[:, 0])
    np.multiply(radius, np.sin(angle), out=made[:, 1])


def normal_into(generator: Generator | None, array: Array, mean: float, std: float) -> None:
    """Normal numbers with ``mean`` and ``std``."""
    g = generator or default_generator
    kind = array.dtype
    if kind.kind == "c":
        part = np.float32 if kind.itemsize == 8 else np.float64
        normal_into(g, array.view(part), mean, std / math.sqrt(2))
        return
    if kind.kind != "f":
        raise NotImplementedError(
            f'"normal_kernel_cpu" not implemented for \'{from_numpy_dtype(kind).type_name}\''
        )
    if array.size >= 16 and array.flags.c_contiguous:
        values = normal_values(g, kind, array.size)
    else:
        values = g.normal_pairs(array.size)
    if (mean, std) != (0, 1):
        values = values * values.dtype.type(std) + values.dtype.type(mean)
    fill(array, values)


def integers(g: Generator, count: int, low: int, high: int) -> Array:
    """low + r mod (high - low), as int64; r has 64 bits where the range reaches 2^28."""
    extent = high - low
    if extent >= 2**28:
        drawn = g.bits64(count)
        return (drawn % np.uint64(extent)).astype(np.int64) + np.int64(low)
    drawn = g.bits32(count)
    drawn %= np.uint32(extent)
    return drawn + np.int64(low)


def integers_into(generator: Generator | None, array: Array, low: int, high: int) -> None:
    if low >= high:
        raise RuntimeError(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
        )
    kind = from_numpy_dtype(array.dtype)
    if kind.category == 1:
        limits = np.iinfo(kind.numpy)
        for name, value in (("from", low), ("to - 1", high - 1)):
            if not limits.min <= value <= limits.max:
                raise RuntimeError(f"{name} is out of bounds for {kind.name}: {value}")
    fill(array, integers(generator or default_generator, array.size, low, high))


# --- new tensors -------------------------------------------------------------------------------


def rand(
    *shape: Any, size: Any = None, generator: Generator | None = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Any:  # fmt: skip
    """Uniform on [0, 1).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.rand.html
    """
    array = np.empty(sizes(shape, size), _numpy(dtype))
    uniform(generator, array, 0, 1)
    return made(array, requires_grad, device)


def randn(
    *shape: Any, size: Any = None, generator: Generator | None = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Any:  # fmt: skip
    """Normal with mean 0 and variance 1.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.randn.html
    """
    array = np.empty(sizes(shape, size), _numpy(dtype))
    normal_into(generator, array, 0, 1)
    return made(array, requires_grad, device)


def randint(
    *bounds: Any, low: int = 0, high: int | None = None, size: Any = None,
    generator: Generator | None = None, dtype: Any = int64, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Any:  # fmt: skip
    """``randint(low, high, size)`` or ``randint(high, size)``: integers from ``low`` up to, without, ``high``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.randint.html
    """
    if size is None and bounds:
        *bounds, size = bounds  # type: ignore[assignment]
    if len(bounds) == 2:
        low, high = bounds
    elif len(bounds) == 1:
        low, high = (low, bounds[0]) if high is None else (bounds[0], high)
    if high is None or size is None or isinstance(size, int):
        raise TypeError(
            "randint() takes (high, size) or (low, high, size); size is a tuple of ints, such as (3,)"
        )
    array = np.empty(sizes((size,)), as_dtype(int64 if dtype is None else dtype).numpy)
    integers_into(generator, array, int(low), int(high))
    return made(array, requires_grad, device)


def randint_of_shape(low: int, high: int, shape: Any, **options: Any) -> Any:
    """``randint`` whose shape may be an int; the class constructor ``Tensor.randint``."""
    return randint(low, high, (shape,) if isinstance(shape, int) else shape, **options)


def randperm(
    n: int, *, generator: Generator | None = None, dtype: Any = int64, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Any:  # fmt: skip
    """The integers from 0 to n - 1 in random order: for each i, swap i with i + r mod (n - i).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.randperm.html
    """
    if n < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]")
    steps = max(n - 1, 0)
    left = np.arange(n, 1, -1)
    targets = np.arange(steps) + (generator or default_generator).bits32(steps) % left
    order = permutation(targets, n)
    return made(order.astype(as_dtype(dtype).numpy, copy=False), requires_grad, device)


def rand_like(
    input: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, memory_format: Any = None, generator: Generator | None = None,
    pin_memory: bool = False,
) -> Any:  # fmt: skip
    """Uniform on [0, 1), with the shape and dtype of ``input``."""
    array = like(input, dtype)
    uniform(generator, array, 0, 1)
    return made(array, requires_grad, device)


def randn_like(
    input: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, memory_format: Any = None, generator: Generator | None = None,
    pin_memory: bool = False,
) -> Any:  # fmt: skip
    """Normal with mean 0 and variance 1, with the shape and dtype of ``input``."""
    array = like(input, dtype)
    normal_into(generator, array, 0, 1)
    return made(array, requires_grad, device)


def randint_like(
    input: Any, *bounds: Any, low: Any = 0, high: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, memory_format: Any = None,
    generator: Generator | None = None, pin_memory: bool = False,
) -> Any:  # fmt: skip
    """``randint_like(input, low, high)`` or ``(input, high)``, with the shape and dtype of ``input``."""
    if len(bounds) == 2:
        low, high = bounds
    elif len(bounds) == 1:
        low, high = (low, bounds[0]) if high is None else (bounds[0], high)
    array = like(input, dtype)
    low, high = (int(x.item() if isinstance(x, Variable) else x) for x in (low, high))
    integers_into(generator, array, low, high)
    return made(array, requires_grad, device)
