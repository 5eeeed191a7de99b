"""Forward mode: every value carries its tangent along.

The tangent of an operation comes from what its primitive already has. A linear one maps tangents as
it maps values. An elementwise rule ``g -> g * f'(x)`` of real numbers is its own transpose, so it
maps tangents too. A fused one goes through its definition. Any other rule is linear in ``g``, and
differentiating it by ``g`` transposes it.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from .._types.dtype import dtype
from ..autograd.dispatch import apply, of_arrays
from ..autograd.grad_mode import set_grad_enabled, transform_level
from ..autograd.history import check_followed, replay, root
from ..autograd.interpreters import Interpreter
from ..autograd.variable import Variable, attributes
from ..ops.creation import ones_like, zeros_like
from ..ops.inspection import is_tensor
from . import pytree
from .arguments import check_outputs, with_aux
from .batching import Batched, inner, levels
from .leaves import gradients_or_none, per_example, tracked
from .wrapper import Disabled, Wrapper

__all__ = ["Dual", "Forward", "jvp", "linearize"]

WHERE = "jvp(f, primals, tangents)"


class Dual(Wrapper):
    """A value and its tangent, of the same shape and dtype."""

    def __init__(self, primal: Any, tangent: Any, interpreter: Forward) -> None:
        self._primal, self._tangent = primal, tangent
        self._set(primal._data, interpreter)

    def _parts(self) -> tuple[Any, ...]:
        return (self._primal, self._tangent)

    def _map(self, function: Any) -> Any:
        return Dual(function(self._primal), function(self._tangent), self._interpreter)

    def _around(self, value: Any) -> Any:
        return Dual(value, self._tangent, self._interpreter)

    def carried(self, x: Any) -> Any:
        """``x``, a constant, as a tensor that may get a tangent."""
        value = per_example(
            x, self._interpreter
        ).clone()  # the tangent may come with any of the batches
        return Dual(value, zeros_like(value), self._interpreter)

    def detach(self) -> Any:
        return self._primal.detach()

    def detach_(self) -> Any:
        self._drop_tangent(self._primal.detach())
        return self

    def _drop_tangent(self, primal: Any) -> None:
        """A tensor again, as ``primal``."""
        own = attributes(self)
        kind = own.pop("_class", type(primal))
        for name in ("_primal", "_tangent", "_interpreter"):
            del own[name]
        for name in ("_data", "_node", "_counter", "_base", "_chain", "_seen"):
            own[name] = getattr(primal, name)
        if primal._interpreter is not None:
            own.update(attributes(primal))
        self.__class__ = kind

    def untyped_storage(self) -> Any:
        return self._primal.untyped_storage()

    def data_ptr(self) -> int:
        address: int = self._primal.data_ptr()
        return address

    def item(self) -> Any:
        return self._primal.item()

    def tolist(self) -> Any:
        return self._primal.tolist()

    def __bool__(self) -> bool:
        return bool(self._primal)

    def __repr__(self, **options: Any) -> str:  # type: ignore[override]  # mypy drops names here
        return f"DualTensor(primal={self._primal!r}, tangent={self._tangent!r})"

    def _assign(self, value: Any) -> None:
        from ..autograd.inplace import write

        interpreter = self._interpreter
        with Disabled(interpreter):
            mine = interpreter.owns(value)
            write(self._primal, value._primal if mine else value)
            write(self._tangent, value._tangent if mine else zeros_like(self._tangent))


class Forward(Interpreter):
    """A running forward-mode pass; one that is ``paused`` computes values alone."""

    paused = False

    def __init__(self) -> None:
        self.level = next(levels)
        self.lifted: list[Any] = []  # weak references to the tensors that were made duals

    def __exit__(self, *exception: object) -> None:
        super().__exit__(*exception)
        for reference in self.lifted:
            x = reference()
            if x is not None:
                x._drop_tangent(x._primal)

    def owns(self, x: Any) -> bool:
        if isinstance(x, Dual) and x._interpreter is self:
            return True
        if (
            self.lifted
            and isinstance(x, Variable)
            and x._interpreter is None
            and x._base is not None
        ):
            if self.owns(root(x)):  # an old view of a tensor that was lifted since
                self.lift(x)
                return True
        return False

    def lift(self, x: Any) -> None:
        """Makes a dual of the plain tensor ``x``, for a dual to be written into it."""
        primal: Any = Variable.__new__(type(x))
        attributes(primal).update(attributes(x))
        if x._base is None:
            tangent = per_example(zeros_like(x.detach())).clone()
        else:
            base = root(x)
            if not self.owns(base):
                self.lift(base)
            check_followed(x)
            with Disabled(self):
                primal, tangent = replay(base._primal, x._chain), replay(base._tangent, x._chain)
        kind = type(x)
        x.__class__ = Dual
        x.__init__(primal, tangent, self)
        x._class = kind
        self.lifted.append(weakref.ref(x))

    def process(self, primitive: Any, args: tuple[Any, ...]) -> Any:
        inputs = list(args[0] if primitive.variadic else args[: len(primitive.inputs)])
        params = args[1 if primitive.variadic else len(primitive.inputs) :]
        mine = [self.owns(x) for x in inputs]
        if not any(mine):
            return apply(primitive, *args)
        if self.paused:
            values = [x._primal if m else x for x, m in zip(inputs, mine, strict=True)]
            return apply(primitive, *([values] if primitive.variadic else values), *params)
        if primitive.definition is not None:
            with self:
                return primitive.definition(*args)
        primals = [x._primal if m else x for x, m in zip(inputs, mine, strict=True)]
        tangents = [x._tangent if m else None for x, m in zip(inputs, mine, strict=True)]
        out = apply(primitive, *([primals] if primitive.variadic else primals), *params)
        if not primitive.differentiable:
            return out
        if "linear" in primitive.traits:
            moved = [
                _zeros_for(p) if t is None else t for p, t in zip(primals, tangents, strict=True)
            ]
            if not primitive.variadic:
                moved = [
                    t if r else p for t, p, r in zip(moved, primals, primitive.rules, strict=True)
                ]
            made = apply(primitive, *([moved] if primitive.variadic else moved), *params)
        elif "bilinear" in primitive.traits:
            made = None
            for k, t in enumerate(tangents):
                if t is not None:
                    part = apply(primitive, *primals[:k], t, *primals[k + 1 :], *params)
                    made = part if made is None else made + part
        else:
            try:
                made = self._by_rules(primitive, primals, tangents, params, out)
            except NotImplementedError as error:
                raise NotImplementedError(
                    f"Trying to use forward AD with {primitive.name} that does not support it "
                    f"because it has not been implemented yet: {error}"
                ) from None
        if isinstance(out, tuple):
            return tuple(
                o if t is None or o.dtype.category < 2 else Dual(o, t, self)
                for o, t in zip(out, made, strict=True)
            )
        return Dual(out, made, self) if made is not None and out.dtype.category >= 2 else out

    @of_arrays  # rules take arrays beside tensors
    def _by_rules(
        self, primitive: Any, primals: list[Any], tangents: list[Any], params: Any, out: Any
    ) -> Any:
        outs = out if isinstance(out, tuple) else (out,)
        needs = tuple(t is not None for t in tangents)
        named = len(outs) == len(primitive.outputs)
        never = [0]
        saved, _ = primitive.save(
            sum(need << k for k, need in enumerate(needs)),
            *((primals,) if primitive.variadic else primals),
            params,
            *(outs if named else (outs,)),
            *((([never] * len(primals)),) if primitive.variadic else [never] * len(primals)),
            *([never] * len(primitive.outputs)),
            needs,
        )
        saved = [values and tuple(map(_numpy_dtype, values)) for values in saved]
        real = not any(x.dtype.is_complex for x in (*outs, *primals) if is_tensor(x))
        if real and "elementwise" in primitive.traits and primitive.joint is None:
            total = None
            for rule, values, t in zip(primitive.rules, saved, tangents, strict=True):
                if t is not None and rule is not None:
                    part = rule(t, *values)
                    total = part if total is None else total + part
            if total is not None and total.shape != out.shape:
                total = total.expand(out.shape)
            return total
        return self._transposed(primitive, saved, tangents, outs, isinstance(out, tuple))

    def _transposed(
        self, primitive: Any, saved: Any, tangents: list[Any], outs: Any, several: bool
    ) -> Any:
        floats = [o.dtype.category >= 2 for o in outs]
        with set_grad_enabled(True):
            zeros = [zeros_like(o.detach()) for o, f in zip(outs, floats, strict=True) if f]
            dummies = [tracked(per_example(u)) for u in zeros]
            g = dummies[0] if len(dummies) == 1 else tuple(dummies)
            if primitive.joint is not None:
                found = primitive.joint(g, *saved[0])
            else:
                found = [
                    None if values is None or t is None or rule is None else rule(g, *values)
                    for rule, values, t in zip(primitive.rules, saved, tangents, strict=True)
                ]
            pairs = [
                (f, t) for f, t in zip(found, tangents, strict=True)
                if f is not None and t is not None and f.requires_grad
            ]  # fmt: skip
            if not pairs:
                made = [None] * len(dummies)
            else:
                # what rules carry are conjugates of gradients, not summed yet (autograd.engine)
                starts = [t.conj().expand(f.shape) for f, t in pairs]
                made = gradients_or_none([f for f, _ in pairs], dummies, starts, True)
                made = [None if t is None else t.conj() for t in made]
        if not several:
            return made[0]
        queue = iter(made)
        return tuple(next(queue) if f else None for f in floats)

    def process_function(self, function: Any, args: tuple[Any, ...]) -> Any:
        """An ``autograd.Function``: its ``jvp``."""
        if not any(self.owns(x) for x in args):
            return NotImplemented
        from ..autograd.function import Function

        ctx = function._node_type()
        with Disabled(self):
            primals = tuple(x._primal if self.owns(x) else x for x in args)
            if not any(is_tensor(x) and x._interpreter is not None for x in primals):
                made = function._run(primals, ctx)  # recorded for a backward pass, too
            elif function.setup_context is Function.setup_context:
                made = function.forward(ctx, *primals)
            else:
                made = function.forward(*primals)
                function.setup_context(ctx, primals, made)
            given = [self._tangent(x, ctx.materialize_grads) for x in args]
            versions = [t if t is None else t._version for t in given]
            with ctx._forward_mode():
                found = function.jvp(ctx, *given)
        outputs = made if isinstance(made, tuple) else (made,)
        tangents = found if isinstance(found, tuple) else (found,)
        if len(tangents) != len(outputs):
            raise RuntimeError(
                f"Function's jvp returned an invalid number of forward gradients (expected "
                f"{len(outputs)} but got {len(tangents)})"
            )
        duals = tuple(
            self._function_dual(k, o, t, ctx, (args, primals, given, versions))
            for k, (o, t) in enumerate(zip(outputs, tangents, strict=True))
        )
        return duals if isinstance(made, tuple) else duals[0]

    def _function_dual(self, k: int, o: Any, t: Any, ctx: Any, inputs: tuple[Any, ...]) -> Any:
        """Output ``k`` of a custom Function with its tangent, which must fit it."""
        differentiable = is_tensor(o) and o.dtype.category >= 2
        if not differentiable or any(o is each for each in ctx.non_differentiable):
            if t is not None:
                raise RuntimeError(
                    f"Function's jvp returned a gradient at position {k}, but the corresponding "
                    "forward output is not a differentiable Tensor. You should return None at that "
                    "position instead."
                )
            return o
        if any(o is each for each in ctx.dirty):
            for x, primal, tangent, version in zip(*inputs, strict=True):
                if primal is o and self.owns(x):
                    if t is not tangent or t._version == version:
                        raise RuntimeError(
                            "An inplace custom Function is not modifying the forward mode "
                            "gradients inplace. If the forward is modifying an input inplace, then "
                            "the jvp function must modify the corresponding gradient inplace."
                        )
                    return x
        elif o._base is not None:
            for x, primal, tangent, _ in zip(*inputs, strict=True):
                if self.owns(x) and _owner(primal) is root(o):
                    _check_view(t, tangent)
        return o if t is None else Dual(o, t, self)

    def _tangent(self, x: Any, materialize: bool) -> Any:
        if self.owns(x):
            return x._tangent
        known = materialize and is_tensor(x) and x.dtype.category >= 2
        return zeros_like(x) if known else None

    def gradients(self, ys: list[Any], xs: list[Any], gs: list[Any], **options: Any) -> list[Any]:
        """The gradients as duals: of y + e*dy by x, those of y and, as tangents, those of dy."""
        from ..autograd.gradients import gradients

        options = {**options, "retain_graph": True}
        with Disabled(self):
            primals = [y._primal if self.owns(y) else y for y in ys]
            places = [x._primal if self.owns(x) else x for x in xs]
            starts, moves = zip(*(self.lower(g) for g in gs), strict=True)
            values = gradients(primals, places, list(starts), **options)
            pairs = [
                (y._tangent, ones_like(y._primal) if g is None else g)
                for y, g in zip(ys, starts, strict=True)
                if self.owns(y) and y._tangent.requires_grad
            ]
            pairs += [(y, g) for y, g in zip(primals, moves, strict=True) if g is not None]
            if not pairs:
                return values
            outputs, seeds = (list(column) for column in zip(*pairs, strict=True))
            slopes = gradients(outputs, places, seeds, **options)
        return [
            v if t is None else self.raise_(zeros_like(t) if v is None else v, t)
            for v, t in zip(values, slopes, strict=True)
        ]

    def lower(self, x: Any) -> tuple[Any, Any]:
        """The value and the tangent (or None) of ``x``, under the transforms inside of this one."""
        if self.owns(x):
            return x._primal, x._tangent
        if isinstance(x, Batched) and inner(x._interpreter, self):
            value, tangent = self.lower(x._value)
            return Batched(value, x._interpreter), None if tangent is None else Batched(
                tangent, x._interpreter
            )
        return x, None

    def raise_(self, value: Any, tangent: Any) -> Any:
        """The way back from ``lower``."""
        for x in (value, tangent):
            if isinstance(x, Batched) and inner(x._interpreter, self):
                interpreter = x._interpreter
                return Batched(
                    self.raise_(interpreter.spread(value), interpreter.spread(tangent)), interpreter
                )
        return Dual(value, tangent, self)


def _numpy_dtype(value: Any) -> Any:
    """Rules are told dtypes as NumPy has them."""
    if isinstance(value, list):
        return [_numpy_dtype(each) for each in value]
    return value.numpy if isinstance(value, dtype) else value


def _owner(x: Any) -> Any:
    return x if x._base is None else root(x)


def _check_view(tangent: Any, given: Any) -> None:
    """Raises where an output is a view of an input, and its tangent not one of the input's."""
    if not is_tensor(tangent) or tangent._base is None:
        raise RuntimeError(
            "A custom Function's forward is returning a view (or an input as-is) but the jvp is "
            "not returning a view."
        )
    if root(tangent) is not _owner(given):
        of = "given grad input" if given._base is None else "same base as the given grad input"
        raise RuntimeError(
            "A custom Function is returning a view but the jvp is not returning a view of the "
            f"{of}."
        )


def _zeros_for(x: Any) -> Any:
    return zeros_like(x) if is_tensor(x) else x


def jvp(
    func: Callable[..., Any],
    primals: Any,
    tangents: Any,
    *,
    strict: bool = False,
    has_aux: bool = False,
) -> Any:
    """``func`` at ``primals`` and its derivative there along ``tangents``, in one forward pass.

    Args:
        primals: a tuple of the arguments.
        tangents: a tuple of the same structure, shapes and dtypes.
        strict: raise where an output does not depend on the inputs.
        has_aux: ``func`` returns ``(output, aux)``; aux is passed through.

    Returns:
        ``(output, tangent)``, or ``(output, tangent, aux)``.

    Example:
        >>> import minitorch as torch
        >>> x = torch.tensor([1.0, 2.0])
        >>> torch.func.jvp(lambda x: x * x, (x,), (torch.ones(2),))
        (tensor([1., 4.]), tensor([2., 4.]))
    """
    if not isinstance(primals, tuple):
        raise RuntimeError(
            f"{WHERE}: Expected primals to be a tuple. E.g. it should be valid to call f(*primals)."
        )
    values, spec = pytree.flatten(primals)
    slopes, other = pytree.flatten(tangents)
    if repr(spec) != repr(other):
        raise RuntimeError(
            f"{WHERE}: Expected primals and tangents to have the same python structure. For "
            "example, if primals is a tuple of 3 tensors, tangents also must be. Got primals with "
            f"structure {spec} and tangents with structure {other}"
        )
    for name, group in (("primals", values), ("tangents", slopes)):
        for each in group:
            if not is_tensor(each):
                raise RuntimeError(
                    f"{WHERE}: Expected {name} to only contain Tensors, got unsupported type "
                    f"{type(each).__name__}"
                )
    if not values:
        raise RuntimeError(
            f"{WHERE}: Expected primals and tangents to contain at least one Tensor."
        )
    for k, (v, t) in enumerate(zip(values, slopes, strict=True)):
        if v.shape != t.shape:
            raise RuntimeError(
                f"jvp(f, primals, tangents): primal {k} has shape {list(v.shape)} and its tangent "
                f"{list(t.shape)}: they must be the same"
            )
    interpreter = Forward()
    with interpreter, transform_level():
        inputs = [Dual(v, t, interpreter) for v, t in zip(values, slopes, strict=True)]
        made = func(*pytree.unflatten(inputs, spec))
        aux = None
        if has_aux:
            made, aux = with_aux(made, WHERE)
            aux = pytree.tree_map(lambda t: t._primal if interpreter.owns(t) else t, aux)
        check_outputs(made, WHERE)
        for each in pytree.flatten(made)[0]:
            if strict and not interpreter.owns(each):
                raise RuntimeError(
                    "jvp(f, primals, tangents, strict=True): the output of f is independent of the "
                    "inputs. This is not allowed with strict=True."
                )
        output = pytree.tree_map(lambda t: t._primal if interpreter.owns(t) else t, made)
        slope = pytree.tree_map(
            lambda t: t._tangent if interpreter.owns(t) else _zeros_for(t), made
        )
    return (output, slope, aux) if has_aux else (output, slope)


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """``func(*primals)`` and the linear function of tangents that is its derivative there."""
    return func(*primals), lambda *tangents: jvp(func, primals, tangents)[1]
