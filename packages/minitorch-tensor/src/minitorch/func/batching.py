"""``vmap``: a function of one example, applied to a whole batch at once.

While it runs, tensors that carry the batch are ``Batched``: they look like one example. At
dispatch the running ``vmap`` takes the values with their batch dimension first and applies the same
primitive to all examples together, by a batching rule.
"""

from __future__ import annotations

import functools
import itertools
import warnings
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from ..autograd.dispatch import apply
from ..autograd.frames import folding
from ..autograd.grad_mode import layers
from ..autograd.interpreters import Interpreter
from ..ops.creation import ones_like
from ..ops.inspection import is_tensor
from . import pytree
from .wrapper import Disabled, Wrapper

__all__ = ["Batched", "Vmap", "vmap"]

levels = itertools.count()


P = ParamSpec("P")
R = TypeVar("R")


class Batched(Wrapper):
    """One example of ``_value``, whose first dimension is the batch.

    ``_given``  for an argument of the function: ``_value``, and the tensor and its dimension that
                ``vmap`` made it of.
    """

    _given: tuple[Any, Any, int] | None = None

    def __init__(self, value: Any, interpreter: Vmap) -> None:
        self._value = value
        self._set(value._data, interpreter, batch=1)

    def _parts(self) -> tuple[Any, ...]:
        return (self._value,)

    def _map(self, function: Any) -> Any:
        return Batched(function(self._value), self._interpreter)

    def _around(self, value: Any) -> Any:
        return Batched(value, self._interpreter)

    def __repr__(self, **options: Any) -> str:  # type: ignore[override]  # mypy drops names here
        if self._tracked is not None:
            return super().__repr__()
        value, dim = self._interpreter.given(self)
        return f"BatchedTensor(lvl={self._interpreter.layer}, bdim={dim}, value={value!r})"

    @property
    def data(self) -> Any:
        raise RuntimeError(
            "accessing `data` under vmap transform is not allowed: use detach() for a tensor "
            "outside of autograd"
        )

    @data.setter
    def data(self, value: Any) -> None:
        raise RuntimeError("mutating directly with `.data` under vmap transform is not allowed.")

    def __bool__(self) -> bool:
        return bool(self._data)

    def carried(self, x: Any) -> Any:
        """``x``, the same for all, as a tensor of its own in each example of this batch."""
        value = x.expand((self._interpreter.size, *x.shape)).clone()
        if self._value._interpreter is not None:
            value = self._value.carried(value)
        return Batched(value, self._interpreter)

    def _assign(self, value: Any) -> None:
        """Writes ``value`` into the examples, in place."""
        from ..autograd.inplace import write

        with Disabled(self._interpreter):
            write(self._value, self._interpreter.spread(value))


class Vmap(Interpreter):
    """A running ``vmap``."""

    functorch = True  # one of the transforms that refuse what PyTorch's do
    otherwise: Any  # the rule of primitives that have none: batching_rules.moved

    def __init__(self, size: int, randomness: str = "error") -> None:
        self.size = size
        self.level, self.layer = next(levels), layers() + 1
        self.randomness = randomness

    def owns(self, x: Any) -> bool:
        return isinstance(x, Batched) and x._interpreter is self

    def spread(self, x: Any) -> Any:
        """``x`` with a batch dimension: its own, or one that repeats it."""
        if self.owns(x):
            return x._value
        return x.expand((self.size, *x.shape)) if is_tensor(x) else x

    def argument(self, x: Any, dim: int) -> Any:
        """``x``, whose dimension ``dim`` is the batch, as one example."""
        made = Batched(front(x, dim), self)
        made._given = (made._value, x, dim % x.ndim)
        return made

    def given(self, x: Any) -> tuple[Any, int | None]:
        """``x`` with its batch where the caller of ``vmap`` had it, and the dimension."""
        if not self.owns(x):
            return x, None
        value, original, dim = x._given or (x._value, x._value, 0)
        return (original, dim) if value is x._value else (x._value, 0)

    def one_of(self, x: Any) -> Any:
        """``x``, whose first dimension is the batch, as one example."""
        return Batched(x, self)

    def process(self, primitive: Any, args: tuple[Any, ...]) -> Any:
        inputs = list(args[0] if primitive.variadic else args[: len(primitive.inputs)])
        params = args[1 if primitive.variadic else len(primitive.inputs) :]
        batched = [self.owns(x) for x in inputs]
        if not any(batched):
            return apply(primitive, *args)
        rule = primitive.origin.batching
        if rule is None and primitive.definition is not None:
            with self:
                return primitive.definition(*args)
        values = [x._value if b else x for x, b in zip(inputs, batched, strict=True)]
        if rule is None:
            rule = elementwise if "elementwise" in primitive.traits else self.otherwise
        made = rule(primitive, values, batched, params, self.size)
        if isinstance(made, tuple):
            return tuple(Batched(value, self) for value in made)
        return Batched(made, self)

    def process_function(self, function: Any, args: tuple[Any, ...]) -> Any:
        """An ``autograd.Function``: by its ``vmap``, or by batching its passes."""
        from ..autograd.function import Function

        leaves, spec = pytree.flatten(args)
        if not any(self.owns(x) for x in leaves):
            return NotImplemented
        name = function.__name__
        if function.generate_vmap_rule:
            if function.vmap is not Function.vmap:
                raise RuntimeError(
                    f"You tried to vmap over {name}, but it has both generate_vmap_rule=True and "
                    "an overridden vmap staticmethod. Please set generate_vmap_rule=False or "
                    "delete the overridden vmap staticmethod to avoid ambiguity."
                )
            return batched_function(function, self, args)
        pairs = list(map(self.given, leaves))
        values, in_dims = (pytree.unflatten([p[k] for p in pairs], spec) for k in range(2))
        info = VmapInfo(self.size, self.randomness)
        with Disabled(self):
            returned = function.vmap(info, in_dims, *values)
        if not isinstance(returned, tuple) or len(returned) != 2:
            raise RuntimeError(
                f"Expected the {name} vmap staticmethod to have two returns, an output and "
                "out_dims with pytree structure compatible with the output."
            )
        made, out_dims = returned
        try:
            return rewrap(self, made, out_dims)
        except ValueError:
            raise RuntimeError(
                f"The {name} vmap staticmethod returned an incompatible (output, out_dims) tuple: "
                f"expected out_dims={out_dims} to be compatible with the structure of `output`"
            ) from None

    def gradients(self, ys: list[Any], xs: list[Any], gs: list[Any], **options: Any) -> list[Any]:
        """The gradients of batched ``ys``: examples do not mix, so those of the whole values."""
        from ..autograd.gradients import gradients

        for x in xs:
            if not self.owns(x) and any(self.owns(y) for y in ys):
                raise RuntimeError(
                    "autograd.grad inside vmap by a tensor that is the same for all examples: its "
                    "gradients would be added up over them. Use torch.func.grad."
                )
        with Disabled(self):
            starts = [self._start(y, g) for y, g in zip(ys, gs, strict=True)]
            found = gradients(
                [self.spread(y) for y in ys], [self.spread(x) for x in xs], starts, **options
            )
        return [None if g is None else self.raise_(g) for g in found]

    def _start(self, y: Any, g: Any) -> Any:
        if g is not None:
            return self.lower(g)
        if y.numel() != 1:
            raise RuntimeError("grad can be implicitly created only for scalar outputs")
        return ones_like(self.spread(y))

    def lower(self, x: Any) -> Any:
        """``x`` with the batch as its first dimension, under the transforms inside of this one."""
        if x._interpreter is None or self.owns(x):
            return self.spread(x)
        return x._map(
            lambda part: _swap(self.lower(part)) if isinstance(x, Batched) else self.lower(part)
        )

    def raise_(self, x: Any) -> Any:
        """The way back from ``lower``."""
        if x._interpreter is None or not inner(x._interpreter, self):
            return Batched(x, self)
        return x._map(lambda part: self.raise_(_swap(part) if isinstance(x, Batched) else part))


class OldVmap(Vmap):
    """PyTorch's first ``vmap``, of ``is_grads_batched`` and ``gradcheck``: custom Functions need
    not be written for it."""

    functorch = False

    def process_function(self, function: Any, args: tuple[Any, ...]) -> Any:
        if not any(self.owns(x) for x in args):
            return NotImplemented
        return batched_function(function, self, args)


def inner(interpreter: Any, than: Any) -> bool:
    """Whether ``interpreter`` started after ``than``."""
    return bool(interpreter.level > than.level)


def _swap(x: Any) -> Any:
    return x.permute((1, 0, *range(2, x.ndim)))


class VmapInfo:
    """What a ``Function.vmap`` is told: ``batch_size`` and ``randomness``."""

    def __init__(self, batch_size: int, randomness: str) -> None:
        self.batch_size, self.randomness = batch_size, randomness


def rewrap(interpreter: Vmap, made: Any, out_dims: Any) -> Any:
    """What came out of a ``vmap`` static method, as tensors of the running ``vmap``."""
    leaves, spec = pytree.flatten(made)
    if isinstance(out_dims, tuple | list) and type(out_dims) is not type(made):
        raise ValueError("another structure")
    dims = pytree.broadcast_prefix(out_dims, made, "out_dims")
    return pytree.unflatten(
        [
            t if d is None or not is_tensor(t) else Batched(front(t, d), interpreter)
            for t, d in zip(leaves, dims, strict=True)
        ],
        spec,
    )


def batched_function(function: Any, interpreter: Vmap, args: tuple[Any, ...]) -> Any:
    """An ``autograd.Function`` over all examples: both of its passes run under ``vmap``."""
    from ..autograd.function import Function

    in_dims = tuple(0 if interpreter.owns(x) else None for x in args)
    single = []

    class Together(Function):
        @staticmethod
        def forward(ctx: Any, *values: Any) -> Any:
            inner = function._node_type()
            inner.needs_input_grad = ctx.needs_input_grad

            def one(*xs: Any) -> Any:
                if function.setup_context is Function.setup_context:
                    made = function.forward(inner, *xs)
                else:
                    made = function.forward(*xs)
                    function.setup_context(inner, xs, made)
                single.append(not isinstance(made, tuple))
                return made

            inside = Vmap(interpreter.size)
            ctx.inside, ctx.inner = inside, inner
            with inside:
                made = one(
                    *(
                        Batched(v, inside) if d == 0 else v
                        for v, d in zip(values, in_dims, strict=True)
                    )
                )
            outs = made if isinstance(made, tuple) else (made,)
            return tuple(inside.spread(o) for o in outs)

        @staticmethod
        def backward(ctx: Any, *gs: Any) -> Any:
            inside = ctx.inside
            with inside:
                found = function.backward(ctx.inner, *(Batched(g, inside) for g in gs))
            found = found if isinstance(found, tuple) else (found,)
            return tuple(
                None if g is None else inside.spread(g) if d == 0 else inside.spread(g).sum(0)
                for g, d in zip(found, in_dims, strict=True)
            )

    Together.__name__ = function.__name__
    with Disabled(interpreter):
        made = Together._dispatch(*(x._value if interpreter.owns(x) else x for x in args))
    outs = tuple(Batched(o, interpreter) for o in made)
    return outs[0] if single[-1] else outs


# --- rules ----------------------------------------------------------------------------------------


def front(x: Any, dim: int) -> Any:
    """``x`` with dimension ``dim`` moved to the front."""
    n = x.ndim
    d = dim % n if n else 0
    return x if d == 0 else x.permute((d, *(k for k in range(n) if k != d)))


def aligned(values: list[Any], batched: list[bool]) -> list[Any]:
    """The batched values with 1s behind the batch, so that the examples broadcast as they would."""
    ranks = [v.ndim - b if hasattr(v, "ndim") else 0 for v, b in zip(values, batched, strict=True)]
    most = max(ranks)
    return [
        v.reshape((v.shape[0], *(1,) * (most - r), *v.shape[1:])) if b and r < most else v
        for v, b, r in zip(values, batched, ranks, strict=True)
    ]


def elementwise(
    primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int
) -> Any:
    """Element by element the batch is one more dimension."""
    return apply(primitive, *aligned(values, batched), *params)


def one_by_one(
    primitive: Any, values: list[Any], batched: list[bool], params: Any, size: int
) -> Any:
    """Example by example: right for every primitive, and slow."""
    from ..ops.joining import stack

    warnings.warn(
        f"There is a performance drop because we have not yet implemented the batching rule for "
        f"{primitive.name}.",
        stacklevel=2,
    )
    rows = []
    for k in range(size):
        inputs = [v[k] if b else v for v, b in zip(values, batched, strict=True)]
        rows.append(apply(primitive, *([inputs] if primitive.variadic else inputs), *params))
    if isinstance(rows[0], tuple):
        return tuple(stack(list(column)) for column in zip(*rows, strict=True))
    return stack(rows)


# --- the transform --------------------------------------------------------------------------------


def vmap(
    func: Callable[P, R],
    in_dims: int | tuple[Any, ...] = 0,
    out_dims: int | tuple[int | None, ...] | None = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[P, R]:
    """``func`` over a batch: the result maps ``func`` over dimension ``in_dims`` of the inputs.

    Args:
        in_dims: the batch dimension of each input, None for an input that is the same for all; an
            int for all, or a tuple whose items have the structure of the inputs.
        out_dims: where the batch goes in each output.
        randomness: ``"same"`` random numbers for all examples, ``"different"`` ones, or an
            ``"error"`` where some are drawn.
        chunk_size: the number of examples at a time, all by default.

    Raises:
        ValueError: the dimensions do not fit the inputs, or their sizes differ.
        RuntimeError: the values of a batch are asked for (``item``, ``if``).

    Example:
        >>> import minitorch as torch
        >>> x, y = torch.ones(4, 3), torch.ones(4, 3)
        >>> torch.func.vmap(torch.dot)(x, y)
        tensor([3., 3., 3., 3.])

    Follows https://docs.pytorch.org/docs/stable/generated/torch.func.vmap.html
    """
    if randomness not in ("error", "same", "different"):
        raise RuntimeError(
            f"Only allowed values for randomness are 'error', 'different', or 'same'. Got "
            f"{randomness}"
        )

    @folding
    @functools.wraps(func)
    def mapped(*args: P.args, **kwargs: P.kwargs) -> Any:
        leaves, spec = pytree.flatten(args)
        if chunk_size is not None and chunk_size < 1:
            raise ValueError(f"vmap: chunk_size should be None or greater than 0, got {chunk_size}")
        dims = _in_places(in_dims, args)
        size = _batch_size(leaves, dims)
        if chunk_size is not None and chunk_size < size:
            return _chunked(
                func, leaves, dims, spec, kwargs, out_dims, randomness, chunk_size, size
            )
        return _mapped(func, leaves, dims, spec, kwargs, out_dims, randomness, size)

    return mapped


def old_vmap(func: Any, in_dims: Any = 0, out_dims: Any = 0) -> Any:
    """``vmap`` as it was before functorch's."""

    def mapped(*args: Any) -> Any:
        leaves, spec = pytree.flatten(args)
        dims = _in_places(in_dims, args)
        size = _batch_size(leaves, dims)
        return _mapped(func, leaves, dims, spec, {}, out_dims, "error", size, OldVmap)

    return mapped


def _mapped(
    func: Any, values: list[Any], dims: list[Any], spec: Any, kwargs: Any, out_dims: Any,
    randomness: str, size: int, kind: type[Vmap] = Vmap,
) -> Any:  # fmt: skip
    interpreter = kind(size, randomness)
    inputs = [
        v if d is None else interpreter.argument(v, d) for v, d in zip(values, dims, strict=True)
    ]
    with interpreter:
        made = func(*pytree.unflatten(inputs, spec), **kwargs)
    outputs, out_spec = pytree.flatten(made)
    places = _out_places(out_dims, made)
    found = []
    for out, place in zip(outputs, places, strict=True):
        if place is None:
            if is_tensor(out) and interpreter.owns(out):
                raise ValueError(
                    "vmap: can not return a BatchedTensor when out_dim is None: the output depends "
                    "on the batch"
                )
            found.append(out)
            continue
        if not is_tensor(out):
            raise ValueError(
                f"vmap({getattr(func, '__name__', func)}, ...): "
                f"`{getattr(func, '__name__', func)}` "
                f"must only return Tensors, got type {type(out)}."
            )
        value = interpreter.spread(out)
        if not -value.ndim <= place < value.ndim:
            raise IndexError(
                "vmap: Dimension out of range (expected to be in range of "
                f"[{-value.ndim}, {value.ndim - 1}], but got {place}): out_dims of an output of "
                f"{out.ndim} dimensions"
            )
        where = place % value.ndim
        original, dim = interpreter.given(out)
        if where == dim:  # an argument comes back as it is
            found.append(original)
            continue
        order = list(range(1, value.ndim))
        order.insert(where, 0)
        found.append(value if where == 0 else value.permute(tuple(order)))
    return pytree.unflatten(found, out_spec)


def _in_places(in_dims: Any, args: Any) -> list[Any]:
    """The batch dimension of each leaf of ``args``."""
    if not isinstance(in_dims, int | tuple):
        raise ValueError(
            "vmap: expected `in_dims` to be int or a (potentially nested) tuple matching the "
            f"structure of inputs, got: {type(in_dims)}"
        )
    return pytree.broadcast_prefix(in_dims, args, "in_dims")


def batch_size_of(args: tuple[Any, ...], in_dims: Any) -> int:
    """The size of the batch in ``args``."""
    return _batch_size(pytree.flatten(args)[0], _in_places(in_dims, args))


def _out_places(out_dims: Any, made: Any) -> list[Any]:
    """Where the batch goes in each output; ``(1,)`` is that of the only one, too."""
    one = isinstance(out_dims, tuple | list) and len(out_dims) == 1 and is_tensor(made)
    places = pytree.broadcast_prefix(out_dims[0] if one else out_dims, made, "out_dims")
    for place in places:
        if place is not None and type(place) is not int:
            raise ValueError(
                "vmap: `out_dims` must be an int, None or a python collection of ints representing "
                f"where in the outputs the vmapped dimension should appear, but got {place!r}"
            )
    return places


def _chunked(
    func: Any, leaves: list[Any], dims: list[Any], spec: Any, kwargs: Any, out_dims: Any,
    randomness: str, chunk_size: int, size: int,
) -> Any:  # fmt: skip
    from ..ops.joining import cat
    from ..random.generator import default_generator

    pieces = []
    state = default_generator.get_state() if randomness == "same" else None
    for start in range(0, size, chunk_size):
        if state is not None:  # the same numbers in each chunk
            default_generator.set_state(state)
        count = min(chunk_size, size - start)
        values = [
            v if d is None else v.narrow(d, start, count) for v, d in zip(leaves, dims, strict=True)
        ]
        pieces.append(_mapped(func, values, dims, spec, kwargs, out_dims, randomness, count))
    flat = [pytree.flatten(piece) for piece in pieces]
    places = _out_places(out_dims, pieces[0])
    columns = zip(*(found for found, _ in flat), strict=True)
    return pytree.unflatten(
        [cat(list(column), place) for column, place in zip(columns, places, strict=True)],
        flat[0][1],
    )


def _batch_size(leaves: list[Any], dims: list[Any]) -> int:
    if not leaves:
        raise ValueError(
            "vmap: got no inputs. Maybe you forgot to add inputs, or you are trying to vmap over a "
            "function with no inputs. The latter is unsupported."
        )
    sizes = set()
    for value, d in zip(leaves, dims, strict=True):
        if d is None:
            continue
        if type(d) is not int:
            raise ValueError(
                "vmap: expected `in_dims` to be int or a (potentially nested) tuple matching the "
                f"structure of inputs, got: {type(d)}"
            )
        if not is_tensor(value):
            raise ValueError(
                f"vmap: Got in_dim={d} for an input but the input is of type {type(value)}. We "
                "cannot vmap over non-Tensor arguments, please use None as the respective in_dim"
            )
        if not -value.ndim <= d < value.ndim:
            raise ValueError(
                f"vmap: Got in_dim={d} for some input, but that input is a Tensor of "
                f"dimensionality {value.ndim} so expected in_dim to satisfy "
                f"-{value.ndim} <= in_dim < {value.ndim}."
            )
        sizes.add(value.shape[d])
    if not sizes:
        raise ValueError("vmap: Expected at least one Tensor to vmap over: in_dims are all None")
    if len(sizes) > 1:
        raise ValueError(
            f"vmap: Expected all tensors to have the same size in the mapped dimension, got sizes "
            f"{sorted(sizes)} for the mapped dimension"
        )
    return int(sizes.pop())
