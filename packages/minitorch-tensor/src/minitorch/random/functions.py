"""Random numbers: PyTorch's on the CPU, number for number, for the same seed.

Every function takes ``generator=``; without it the numbers come from ``default_generator``, which
``manual_seed`` seeds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .._types.device import CPU, META, as_device, chosen
from .._types.dtype import as_dtype, finfo, iinfo, int64
from ..autograd.dispatch import explain
from ..autograd.grad_mode import INTERPRETERS, current, tell
from ..autograd.inplace import check_writable, write
from ..autograd.out import any_dtype, into
from ..autograd.primitive import primitive
from ..autograd.variable import Variable, wrap
from ..kernels.meta import MetaArray
from ..kernels.permutation import permutation
from ..ops.arguments import as_int
from ..ops.broadcasting import broadcast_shapes, broadcast_to
from ..ops.creation import _numpy, like, made, made_into, memory, number, sizes
from ..ops.inspection import is_tensor
from . import streams as distributions
from .generator import Generator, default_generator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._tensor import Tensor
    from .._types.device import device
    from .._types.dtype import dtype
    from .._types.layout import layout, memory_format
    from ..autograd.primitive import Operation

__all__ = [
    "Generator",
    "bernoulli",
    "default_generator",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "multinomial",
    "normal",
    "poisson",
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

# --- the default generator ---------------------------------------------------------------------


def manual_seed(seed: int) -> Generator:
    """Seeds the default generator: from here on the random numbers are PyTorch's for this seed.

    Example:
        >>> import minitorch
        >>> _ = minitorch.manual_seed(0)
        >>> minitorch.rand(2)
        tensor([0.4963, 0.7682])
    """
    return default_generator.manual_seed(seed)


def seed() -> int:
    """Seeds the default generator from the system's entropy; returns the seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed of the default generator."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """The default generator's state, a uint8 tensor in PyTorch's layout."""
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Continues from a state that ``get_rng_state`` returned."""
    default_generator.set_state(new_state)


def draw(
    distribution: Callable[..., None], generator: Generator | None, array: Any, *arguments: Any
) -> None:
    """Fills ``array`` with numbers; on "meta", where there is nothing to fill, none are drawn."""
    if not isinstance(array, MetaArray):
        distribution(source(generator), array, *arguments)
        if current.state.flags >= INTERPRETERS:
            tell("drew", array, distribution, generator, arguments)


def source(generator: Generator | None) -> Generator:
    """The generator to draw from.

    Raises:
        RuntimeError: a ``vmap`` is running that was not told what to do with random numbers.
    """
    interpreters = current.state.interpreters
    if interpreters and any(
        getattr(interpreter, "randomness", "same") == "error" for interpreter in interpreters
    ):
        if not all(getattr(each, "functorch", True) for each in interpreters):
            raise RuntimeError(
                "vmap: We do not yet support calling random operations inside of vmap. Please "
                "perform random operations outside of vmap as a workaround"
            )
        raise RuntimeError(
            "vmap: called random operation while in randomness error mode. Please either use the "
            "'same' or 'different' randomness flags on vmap or perform the randomness operation "
            "out of vmap"
        )
    return generator or default_generator


# Each ``vmap`` with randomness="different" puts a batch in front of what is drawn.


def batches() -> list[Any]:
    """The running ``vmap``s, outermost first, whose examples get different random numbers."""
    interpreters = current.state.interpreters
    if not interpreters:
        return []
    return [
        interpreter
        for interpreter in interpreters
        if getattr(interpreter, "randomness", "same") == "different"
    ]


def for_each(shape: Any) -> tuple[int, ...]:
    """``shape`` of one example as that of all."""
    interpreters = batches()
    return (*[interpreter.size for interpreter in interpreters], *shape) if interpreters else shape


def of_each(x: Any) -> Any:
    """The values of ``x``, a tensor of one example, for all of them."""
    for interpreter in reversed(batches()):
        x = interpreter.spread(x)
    while hasattr(x, "_primal"):  # forward mode: what is drawn does not move with it
        x = x._primal
    if x._interpreter is not None:
        source(None)  # which raises in "error" mode
        raise RuntimeError(
            "vmap: Vmap does not currently support same randomness with a batched tensor input: "
            "randomness='different' draws for each example"
        )
    return x._array()


def drawn(array: Any, *options: Any) -> Tensor:
    """The tensor of one example, of numbers that were drawn for all."""
    tensor = made(array, *options)
    for interpreter in batches():
        tensor = interpreter.one_of(tensor)
    return tensor


def like_each(
    input: Any, dtype: Any, memory_format: memory_format | None = None, device: Any = None
) -> Any:
    """A new array like ``input`` for all examples."""
    for interpreter in reversed(batches()):
        input = interpreter.spread(input)
    return like(input, dtype, memory_format, device)


# --- new tensors -------------------------------------------------------------------------------


def rand(
    *shape: int | Sequence[int], size: Sequence[int] | None = None,
    generator: Generator | None = None, dtype: dtype | None = None, layout: layout | None = None,
    device: device | str | int | None = None, requires_grad: bool = False, pin_memory: bool = False,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Uniform on [0, 1)."""
    if out is not None:
        return made_into(
            out,
            rand,
            *shape,
            size=size,
            dtype=dtype,
            requires_grad=requires_grad,
            generator=generator,
        )
    array = memory(for_each(sizes(shape, size)), _numpy(dtype), device, np.empty)
    draw(distributions.uniform, generator, array)
    return drawn(array, requires_grad, device, layout, pin_memory)


def randn(
    *shape: int | Sequence[int], size: Sequence[int] | None = None,
    generator: Generator | None = None, dtype: dtype | None = None, layout: layout | None = None,
    device: device | str | int | None = None, requires_grad: bool = False, pin_memory: bool = False,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Normal with mean 0 and variance 1."""
    if out is not None:
        return made_into(
            out,
            randn,
            *shape,
            size=size,
            dtype=dtype,
            requires_grad=requires_grad,
            generator=generator,
        )
    array = memory(for_each(sizes(shape, size)), _numpy(dtype), device, np.empty)
    draw(distributions.normal, generator, array)
    return drawn(array, requires_grad, device, layout, pin_memory)


def randint(
    *bounds: Any, low: int = 0, high: int | None = None, size: Sequence[int] | None = None,
    generator: Generator | None = None, dtype: dtype | None = int64, layout: layout | None = None,
    device: device | str | int | None = None, requires_grad: bool = False, pin_memory: bool = False,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Integers from ``low`` up to, without, ``high``: ``randint(low, high, size)``."""
    if out is not None:
        return made_into(
            out,
            randint,
            *bounds,
            low=low,
            high=high,
            size=size,
            dtype=None if dtype is int64 else dtype,
            requires_grad=requires_grad,
            generator=generator,
        )
    if size is None and bounds:
        bounds, size = bounds[:-1], bounds[-1]
    if len(bounds) == 2:
        low, high = bounds
    elif len(bounds) == 1:
        low, high = (low, bounds[0]) if high is None else (bounds[0], high)
    if high is None or size is None or isinstance(size, int):
        raise TypeError(
            "randint() takes (high, size) or (low, high, size), size a tuple of ints such as (3,)"
        )
    kind = as_dtype(int64 if dtype is None else dtype).numpy
    array = memory(for_each(sizes((size,))), kind, device, np.empty)
    draw(distributions.integers, generator, array, as_int("low", low), as_int("high", high))
    return drawn(array, requires_grad, device, layout, pin_memory)


def randint_of_shape(low: int, high: int, shape: int | Sequence[int], **options: Any) -> Tensor:
    """``randint`` whose shape may be an int; the class constructor ``Tensor.randint``."""
    return randint(low, high, (shape,) if isinstance(shape, int) else shape, **options)


def randperm(
    n: int, *, generator: Generator | None = None, dtype: dtype | None = int64,
    layout: layout | None = None, device: device | str | int | None = None,
    requires_grad: bool = False, pin_memory: bool = False, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The integers from 0 to n - 1 in random order: for each i, swap i with i + r mod (n - i)."""
    if out is not None:
        return made_into(
            out,
            randperm,
            n,
            dtype=None if dtype is int64 else dtype,
            requires_grad=requires_grad,
            generator=generator,
        )
    n = as_int("n", n)
    if n < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]")
    kind = as_dtype(dtype)
    if kind.is_floating_point and n > 2 / finfo(kind).eps + 1:
        most = int(2 / finfo(kind).eps) + 1
        raise RuntimeError(f"n cannot be greater than {most} for {kind.type_name} type, but is {n}")
    if kind.category == 1 and n - 1 > iinfo(kind).max:
        raise RuntimeError(f"value cannot be converted to type {kind.name} without overflow: {n}")
    if (device is not None or chosen) and as_device(device) is META:
        return made(MetaArray((n,), as_dtype(dtype).numpy), requires_grad, device)
    steps = max(n - 1, 0)
    left = np.arange(n, 1, -1, dtype=np.int64)
    g = source(generator)
    orders = [
        permutation(np.arange(steps, dtype=np.int64) + g.bits32(steps) % left, n)
        for _ in range(math.prod(for_each(())))
    ]
    order = np.reshape(orders, for_each((n,)))
    order = order.astype(as_dtype(dtype).numpy, copy=False)
    return drawn(order, requires_grad, device, layout, pin_memory)


def rand_like(
    input: Tensor, *, dtype: dtype | None = None, layout: layout | None = None,
    device: device | str | int | None = None, requires_grad: bool = False,
    memory_format: memory_format | None = None, generator: Generator | None = None,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Uniform on [0, 1), with the shape and dtype of ``input``."""
    place = input.device if device is None else device
    array = like_each(input, dtype, memory_format, place)
    draw(distributions.uniform, generator, array)
    return drawn(array, requires_grad, place, layout, pin_memory)


def randn_like(
    input: Tensor, *, dtype: dtype | None = None, layout: layout | None = None,
    device: device | str | int | None = None, requires_grad: bool = False,
    memory_format: memory_format | None = None, generator: Generator | None = None,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Normal with mean 0 and variance 1, with the shape and dtype of ``input``."""
    place = input.device if device is None else device
    array = like_each(input, dtype, memory_format, place)
    draw(distributions.normal, generator, array)
    return drawn(array, requires_grad, place, layout, pin_memory)


def randint_like(
    input: Tensor, *bounds: Any, low: int = 0, high: int | Tensor | None = None,
    dtype: dtype | None = None, layout: layout | None = None,
    device: device | str | int | None = None, requires_grad: bool = False,
    memory_format: memory_format | None = None, generator: Generator | None = None,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """``randint_like(input, low, high)`` or ``(input, high)``: of ``input``'s shape and dtype."""
    if len(bounds) == 2:
        low, high = bounds
    elif len(bounds) == 1:
        low, high = (low, bounds[0]) if high is None else (bounds[0], high)
    place = input.device if device is None else device
    array = like_each(input, dtype, memory_format, place)
    low, high = int(number(low)), int(number(high))
    draw(distributions.integers, generator, array, low, high)
    return drawn(array, requires_grad, place, layout, pin_memory)


# --- by the values of tensors ------------------------------------------------------------------


def _sample(sample: Any, *parameters: Any) -> Any:
    """What was drawn once, for all examples of the parameters."""
    shape = np.broadcast_shapes(sample.shape, *(np.shape(x) for x in parameters))
    return sample if shape == sample.shape else np.broadcast_to(sample, shape).copy()


def _constant(name: str, parameters: str) -> Operation:
    """What was drawn as a function of its parameters: with derivatives of zero."""
    rules = [lambda g: g * 0 for _ in parameters.split()]
    return primitive(
        _sample, f"sample {parameters}", None, *rules, name=name,
        traits=("elementwise",),
    )  # fmt: skip


normal_p = _constant("normal", "mean std")
bernoulli_p, poisson_p = _constant("bernoulli", "input"), _constant("poisson", "input")


def normal(
    mean: Tensor | float, std: Tensor | float = 1.0, size: Sequence[int] | None = None, *,
    generator: Generator | None = None, dtype: dtype | None = None, layout: layout | None = None,
    device: device | str | int | None = None, requires_grad: bool = False, pin_memory: bool = False,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Normal numbers: of ``size``, or one per element of the tensors ``mean`` and ``std``."""
    if out is not None:
        if isinstance(mean, Variable) or isinstance(std, Variable):
            made: Tensor = into(out, normal, mean, std, rule="castable", generator=generator)
            return made
        return made_into(
            out, normal, mean, std, size, dtype=dtype, requires_grad=requires_grad,
            generator=generator,
        )  # fmt: skip
    g = source(generator)
    shift: Any = mean
    scale: Any = std
    shapes = [x._data.shape for x in (shift, scale) if isinstance(x, Variable)]
    if not shapes:
        if size is None:
            raise TypeError("normal() of two numbers needs a size: normal(mean, std, size)")
        device = CPU if device is None else device
        array = memory(for_each(sizes((size,))), _numpy(dtype), device, np.empty)
        draw(distributions.normal, g, array, shift, scale)
        return drawn(array, requires_grad, device, layout, pin_memory)
    if size is not None:  # 0-dim tensors are numbers
        return normal(
            number(mean), number(std), size, generator=generator, dtype=dtype, layout=layout,
            device=device, requires_grad=requires_grad, pin_memory=pin_memory,
        )  # fmt: skip
    try:
        shape = tuple(broadcast_shapes(*shapes))
    except RuntimeError:
        arrays = [shift._data, scale._data]
        raise explain(normal_p.primitive, arrays, ValueError("broadcast")) from None
    shift, scale = (of_each(broadcast_to(x, shape)) if is_tensor(x) else x for x in (shift, scale))
    if not np.all(scale >= 0):
        raise RuntimeError("normal expects all elements of std >= 0.0")
    array = np.empty(
        for_each(shape),
        np.result_type(*(x.dtype for x in (shift, scale) if isinstance(x, np.ndarray))),
    )
    distributions.normal(g, array)

    def scaled() -> Any:
        np.multiply(array, scale, out=array)
        return np.add(array, shift, out=array)

    sample = drawn(current.state.without_warnings(scaled), False, CPU)
    return normal_p(sample, mean, std)


@any_dtype
def bernoulli(
    input: Tensor,
    p: float | None = None,
    *,
    generator: Generator | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """1 with the probability that ``input`` holds (or ``p``), else 0; of ``input``'s dtype."""
    array = like_each(input, None)
    g = source(generator)
    draw(distributions.bernoulli, g, array, of_each(input) if p is None else p)
    return bernoulli_p(drawn(array, False, input.device), input)


def poisson(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Poisson numbers with the rates that ``input`` holds."""
    array = memory(for_each(input.shape), input.dtype.numpy, input.device, np.empty)
    draw(distributions.poisson, generator, array, of_each(input))
    return poisson_p(drawn(array, False, input.device), input)


def multinomial(
    input: Tensor,
    num_samples: int,
    replacement: bool = False,
    *,
    generator: Generator | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """``num_samples`` indices drawn by the weights in each row of ``input``.

    ``input`` has shape (n,) or (rows, n); its rows need not sum to 1.

    Example:
        >>> import minitorch
        >>> weights = minitorch.tensor([0.0, 1.0, 0.0])
        >>> minitorch.multinomial(weights, 3, replacement=True)
        tensor([1, 1, 1])
    """
    if input.ndim not in (1, 2):
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    p = of_each(input)
    if p.dtype.kind not in "fV":
        raise RuntimeError(
            f"multinomial only supports floating-point dtypes for input, got: {input.dtype}"
        )
    num_samples = as_int("num_samples", num_samples)
    if num_samples <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and num_samples > p.shape[-1]:
        raise RuntimeError(
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement"
        )
    shape = (*p.shape[:-1], num_samples)
    if isinstance(p, MetaArray):
        return wrap(MetaArray(shape, np.int64))
    array = np.empty(shape, np.int64)
    draw(distributions.multinomial, generator, array, p, replacement)
    return drawn(array, False, CPU)


# --- methods that fill a tensor ----------------------------------------------------------------


def filled(tensor: Any) -> tuple[Any, Any]:
    """What to write to, that holds all examples of ``tensor``, and an array for the numbers."""
    check_writable(tensor)
    for interpreter in reversed(batches()):
        if not interpreter.owns(tensor):
            raise RuntimeError(
                "vmap: Cannot ask for different inplace randomness on an unbatched tensor. This "
                "will appear like same randomness. Use the out-of-place form."
            )
        tensor = tensor._value
    own = tensor._interpreter is None
    return tensor, tensor._array() if own else np.empty(tensor.shape, tensor.dtype.numpy)


def filling(name: str, distribution: Callable[..., None], *arguments: str) -> Callable[..., Tensor]:
    """The method ``name`` that writes random numbers into a tensor and returns it."""
    last = distribution.__defaults__ or ()  # of the last arguments
    defaults = dict(zip(arguments[len(arguments) - len(last) :], last, strict=True))

    def method(
        self: Tensor, *args: float, generator: Generator | None = None, **named: float
    ) -> Tensor:
        values = {**defaults, **dict(zip(arguments, args, strict=False)), **named}
        if len(args) + len(named) > len(arguments) or values.keys() != set(arguments):
            raise TypeError(f"{name}() takes {', '.join(arguments)} and generator")
        target, array = filled(self)
        ordered = [number(values[key]) for key in arguments]
        current.state.without_warnings(draw, distribution, generator, array, *ordered)
        write(target, wrap(array))
        return self

    method.__name__ = method.__qualname__ = name
    method.__doc__ = distribution.__doc__
    return method


def random_(
    self: Tensor, *bounds: int | None, generator: Generator | None = None, **named: int | None
) -> Tensor:
    """Fills the tensor with integers: ``random_()``, ``random_(to)`` or ``random_(from, to)``."""
    low = named.pop("from", None)
    high = named.pop("to", None)
    if len(bounds) == 2:
        low, high = bounds
    elif len(bounds) == 1:
        low, high = (low, bounds[0]) if high is None else (bounds[0], high)
    if named:
        raise TypeError(f"random_() takes from, to and generator, not {', '.join(named)}")
    target, array = filled(self)
    if high is None and low is None:
        draw(distributions.integers_of_dtype, generator, array)
    elif high is None:  # up to the greatest number
        limit = distributions.limit_above(array.dtype)
        draw(distributions.integers, generator, array, int(low or 0), limit)
    else:
        draw(distributions.integers, generator, array, int(low or 0), int(high))
    write(target, wrap(array))
    return self


def bernoulli_(
    self: Tensor, p: Tensor | float = 0.5, *, generator: Generator | None = None
) -> Tensor:
    """Fills the tensor with 1 with probability ``p``, a number or a tensor, else 0."""
    if isinstance(p, Variable) and p._interpreter is not None:
        for interpreter in batches():
            if interpreter.owns(p) and not interpreter.owns(self):
                raise RuntimeError(
                    "vmap: bernoulli_(self, p) is not possible because there exists a Tensor "
                    "`other` in extra_args that has more elements than `self`: it is batched, "
                    "`self` is not. Use the out-of-place form."
                )
    target, array = filled(self)
    chance = of_each(p) if isinstance(p, Variable) else p
    draw(distributions.bernoulli, generator, array, chance)
    write(target, wrap(array))
    return self


uniform_ = filling("uniform_", distributions.uniform, "from", "to")
normal_ = filling("normal_", distributions.normal, "mean", "std")
exponential_ = filling("exponential_", distributions.exponential, "lambd")
geometric_ = filling("geometric_", distributions.geometric, "p")
cauchy_ = filling("cauchy_", distributions.cauchy, "median", "sigma")
log_normal_ = filling("log_normal_", distributions.log_normal, "mean", "std")
