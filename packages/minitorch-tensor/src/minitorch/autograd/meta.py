"""Operations on tensors without values: what shape, dtype and strides the result has.

A primitive's option ``meta=`` says it, a function of the inputs (``MetaArray`` where they are on
"meta") and parameters. Without it an elementwise operation broadcasts, and a view is taken of
memory that nobody touches. Any other kernel runs on identity matrices and zeros: of the inputs'
sizes where these are small, else with a small prime for each size, which is looked up again in the
result's shape. Two choices of primes must agree; where they do not, the operation is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..kernels.memory import address, nested, nesting, owner_of, packed_strides
from ..kernels.meta import MetaArray, standing_for
from .opmath import kernel_for

if TYPE_CHECKING:
    from .primitive import Primitive

__all__ = ["result_of"]

SMALL, LARGE = 2**12, 2**20  # elements of the inputs on which a kernel may run to tell the shape
PRIMES = ((11, 13, 17, 19, 23, 29, 31), (37, 29, 41, 23, 31, 43, 19))


def result_of(primitive: Primitive, inputs: Sequence[Any], params: Sequence[Any]) -> Any:
    """What the kernel would return, without its values.

    Raises:
        RuntimeError: an input is on the CPU.
        NotImplementedError: the shape depends on values, or cannot be told in short time.
    """
    elementwise = "elementwise" in primitive.traits
    _check_devices(primitive, inputs, elementwise)
    args = ([inputs] if primitive.variadic else list(inputs)) + list(params)
    if "values" in primitive.traits:
        raise NotImplementedError(
            f"{primitive.name}: the shape of the result depends on values, and tensors on meta "
            "have none"
        )
    if primitive.meta is not None:
        return primitive.meta(*args)
    if elementwise:
        return _elementwise(primitive, inputs, params)
    size = sum(x.size for x in inputs if isinstance(x, MetaArray))
    if size > SMALL and not primitive.view:
        found = [_by_primes(primitive, inputs, params, primes) for primes in PRIMES]
        shapes = [x[0] if primitive.residuals and x else x for x in found]
        if found[0] is not None and repr(shapes[0]) == repr(shapes[1]):
            return found[0]
        if size > LARGE:
            raise _too_large(primitive, inputs)
    fill = standing_for if primitive.view else _example
    arrays = [fill(x) if isinstance(x, MetaArray) else x for x in inputs]
    out = kernel_for(primitive, arrays)[0](*([arrays] if primitive.variadic else arrays), *params)
    return _without_values(out, inputs, arrays)


def _check_devices(primitive: Primitive, inputs: Sequence[Any], elementwise: bool) -> None:
    """Numbers may be on the CPU and, where they have no gradient, indices."""
    for k, x in enumerate(inputs):
        if not isinstance(x, np.ndarray | np.generic) or not x.ndim:
            continue
        index = k > 0 and not elementwise and not (primitive.ruled or (True,) * (k + 1))[k]
        if not (index and x.dtype.kind in "biu"):
            raise RuntimeError(
                f"Tensor on device cpu is not on the expected device meta! {primitive.name} got "
                f"{' and '.join(map(_described, inputs))}"
            )


def _described(x: Any) -> str:
    if isinstance(x, MetaArray):
        return f"a tensor of shape {list(x.shape)} on meta"
    return f"one of shape {list(x.shape)} on cpu" if hasattr(x, "shape") else repr(x)


def _too_large(primitive: Primitive, inputs: Sequence[Any]) -> NotImplementedError:
    return NotImplementedError(
        f"{primitive.name} of {' and '.join(map(_described, inputs))}: MiniTorch tells the shape "
        f"of this operation's result for no more than {LARGE} elements"
    )


def _elementwise(primitive: Primitive, inputs: Sequence[Any], params: Sequence[Any]) -> Any:
    """The broadcast shape; dtype and order in memory are those of the result for inputs of the
    same order whose sizes are at most 2."""
    shape = np.broadcast_shapes(*(x.shape for x in inputs if hasattr(x, "shape")))
    small = [of_small_sizes(x) if isinstance(x, MetaArray) else x for x in inputs]
    out = kernel_for(primitive, small)[0](*([small] if primitive.variadic else small), *params)
    outs = out if isinstance(out, tuple) else (out,)
    made = tuple(laid(shape, np.asarray(each)) for each in outs)
    return made if isinstance(out, tuple) else made[0]


def of_small_sizes(x: MetaArray) -> Any:
    """Ones, two at most along each dimension, in the order of ``x``."""
    return np.ones_like(nested([min(n, 2) for n in x.shape], x.dtype, nesting(x)))


def laid(shape: Sequence[int], like: Any) -> MetaArray:
    """A result of ``shape`` in the order of ``like``, which has as many dimensions."""
    step, strides = like.itemsize, [0] * len(shape)
    dims = nesting(like) if not like.flags.c_contiguous else range(len(shape))
    for d in reversed(dims):
        strides[d] = step
        step *= max(shape[d], 1)
    return MetaArray(shape, like.dtype, strides)


def _example(x: MetaArray) -> Any:
    """Zeros, or where it is a matrix, ones on the diagonal: it has an inverse then."""
    made = standing_for(x, untouched=False)
    if x.ndim > 1 and x.shape[-1] == x.shape[-2] and x.dtype.kind in "fVc":
        made[..., range(x.shape[-1]), range(x.shape[-1])] = 1
    return made


def _by_primes(primitive: Primitive, inputs: Any, params: Any, primes: Sequence[int]) -> Any:
    """The result, if its sizes are all among those of the inputs; else None."""
    shapes = [x.shape for x in inputs if hasattr(x, "shape")]
    sizes = sorted({n for shape in shapes for n in shape if n > 8})
    if len(sizes) > len(primes):
        return None
    small = dict(zip(sizes, primes, strict=False))
    large = {prime: n for n, prime in small.items()}

    def shrunk(x: Any) -> Any:
        if isinstance(x, MetaArray):
            dims = range(x.ndim) if x.flags.c_contiguous else nesting(x)
            shape = [small.get(n, n) for n in x.shape]
            return _example(MetaArray(shape, x.dtype, packed_strides(shape, x.itemsize, dims)))
        if isinstance(x, np.ndarray):
            return np.zeros([small.get(n, n) for n in x.shape], x.dtype)
        if isinstance(x, tuple | list):
            return type(x)(map(shrunk, x))
        return small.get(x, x) if type(x) is int else x

    def grown(out: Any) -> Any:
        if isinstance(out, tuple | list):
            return type(out)(map(grown, out))
        if not isinstance(out, np.ndarray | np.generic):
            return out
        if not all(n in large or n <= 8 for n in out.shape):
            raise ValueError(out.shape)
        return laid([large.get(n, n) for n in out.shape], out)

    arrays = [shrunk(x) for x in inputs]
    given = [shrunk(x) for x in params]
    try:
        out = kernel_for(primitive, arrays)[0](
            *([arrays] if primitive.variadic else arrays), *given
        )
        # residuals are for kernels of the backward pass, which goes through definitions here
        return (grown(out[0]), *out[1:]) if primitive.residuals else grown(out)
    except (ValueError, IndexError, RuntimeError):
        return None


def _without_values(out: Any, inputs: Sequence[Any], arrays: Sequence[Any]) -> Any:
    """``out`` with ``MetaArray`` in the place of arrays; views stay views."""
    if isinstance(out, tuple | list):
        return type(out)(_without_values(each, inputs, arrays) for each in out)
    if not isinstance(out, np.ndarray | np.generic):
        return out
    for x, array in zip(inputs, arrays, strict=True):
        if isinstance(x, MetaArray) and isinstance(out, np.ndarray) and out is not array:
            memory = owner_of(array)
            if owner_of(out) is memory:
                base = x if x.base is None else x.base
                start = 0 if 0 in out.shape else address(out) - address(memory)
                return MetaArray(out.shape, out.dtype, out.strides, base, start)
        if out is array:
            return x
    return laid(out.shape, out)
