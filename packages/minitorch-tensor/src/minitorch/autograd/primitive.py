"""Primitives: a NumPy kernel and one gradient rule per differentiable input.

    mul = primitive(np.multiply, "a b", lambda g, b: g * b, lambda g, a: g * a)
    exp = primitive(np.exp, "x", lambda g, out: g * out)

A rule's parameter names say what the step saves for it: ``g`` is the incoming gradient, ``out`` the
result, ``shape`` the shape of the rule's own input, ``x_shape`` and ``x_dtype`` those of input
``x`` (``xs_shapes`` of a sequence of them); any other name is an input or a parameter. A rule is
written with operators and operations that take arrays and Tensors alike: the backward pass hands
it arrays; under ``create_graph=True`` it gets Tensors, and the same lines build the graph of the
gradient. Broadcasting is undone by the engine.

Every step passes one door, ``apply``. For one or two inputs there is the same door with the loops
written out (``_unary``, ``_binary``); as soon as a tool watches, all steps go through ``apply``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from .grad_mode import TOOLS, current, set_grad_enabled
from .node import Node, Output, Partial, orders
from .variable import Variable, history, wrap, wrap_view

__all__ = ["Primitive", "apply", "fused", "primitive", "record"]

NEVER = [0]  # the version of what cannot be written to: numbers, arrays that are no tensors


class Primitive:
    """What is known of an operation: its kernel, its inputs, its rules and what they save."""

    def __init__(
        self,
        kernel: Callable[..., Any],
        signature: str,
        rules: Sequence[Callable[..., Any] | None],
        name: str,
        *,
        joint: Callable[..., Any] | None = None,
        definition: Callable[..., Any] | None = None,
        residuals: str = "",
        view: bool = False,
        promote: Callable[..., Any] | None = None,
        floats: bool = False,
        label: str | None = None,
        traits: Iterable[str] = (),
    ) -> None:
        left, _, outputs = signature.partition("->")
        inputs, _, params = left.partition("|")
        self.name = name
        self.kernel = kernel
        self.inputs = tuple(inputs.split())
        self.params = tuple(params.split())
        self.outputs = tuple(outputs.replace("*", "").split()) or ("out",)
        self.numbered = "*" in outputs  # a tuple of outputs, as many as there are at run time
        self.residuals = tuple(residuals.split())
        self.variadic = bool(self.inputs) and self.inputs[0].startswith("*")
        self.rules = tuple(rules)
        self.joint = joint
        self.definition = definition
        self.view = view
        self.promote = promote
        self.floats = floats
        self.traits = frozenset(traits)
        self.op: Any = None
        self.keeps: dict[int, Callable[..., Any]] = {}
        rule_list = self.rules if joint is None else (joint,)
        # what each rule wants, read off its parameters, `g` aside
        self.wants = tuple(() if rule is None else _parameters(rule)[1:] for rule in rule_list)
        # which inputs can have a gradient (an index, for one, cannot); None: all
        self.ruled = None if joint else tuple(rule is not None for rule in self.rules)
        self.differentiable = joint is not None or any(rule is not None for rule in self.rules)
        label = label or "".join(part.capitalize() for part in name.strip("_").split("_"))
        self.node_type = type(
            label + "Backward0" if label[-1] not in "0123456789" else label,
            (_Step if joint is None else _JointStep,),
            {"__slots__": (), "primitive": self, "rules": self.rules},
        )

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def keep(self, mask: int) -> Callable[..., Any]:
        """What to save when the inputs whose bits are set in ``mask`` want a gradient.

        Compiled once per mask into ``lambda inputs, params, outputs, versions: (saved, versions)``:
        picking by name costs one call of 80 ns then, a loop over names ten times that.
        """
        if mask not in self.keeps:
            inputs = [name.lstrip("*") for name in self.inputs]
            tensors = [*inputs, *self.outputs]
            saved, checked = [], []
            for k, names in enumerate(self.wants):
                if self.joint is None and not mask >> k & 1:
                    saved.append("None")
                    continue
                picks = []
                for name in names:
                    source, _, attribute = name.rpartition("_")
                    if name == "shape":
                        picks.append(f"{inputs[k]}.shape")
                    elif source in tensors and attribute in ("shape", "dtype"):
                        picks.append(f"{source}.{attribute}")
                    elif source in tensors and attribute in ("shapes", "dtypes"):
                        picks.append(f"[each.{attribute[:-1]} for each in {source}]")
                    else:
                        picks.append(name)
                        if name in tensors and name not in checked:
                            checked.append(name)
                saved.append("(" + "".join(pick + ", " for pick in picks) + ")")
            if self.joint and self.definition:  # create_graph goes through it: keep the inputs
                saved.append("(" + "".join(name + ", " for name in (*inputs, *self.params)) + ")")
                checked += [name for name in inputs if name not in checked]
            versions = "".join(
                f"*((v, v[0]) for v in v_{name}), "
                if self.variadic and name == inputs[0]
                else f"(v_{name}, v_{name}[0]), "
                for name in checked
            )
            arguments = [*inputs, *self.params, *self.outputs, *self.residuals]
            arguments += [f"v_{name}" for name in tensors] + ["needs=None"]
            source = f"lambda {', '.join(arguments)}: (({', '.join(saved)},), ({versions}))"
            self.keeps[mask] = eval(source)
        return self.keeps[mask]


def _parameters(rule: Callable[..., Any]) -> tuple[str, ...]:
    code = getattr(rule, "__code__", None)  # quicker than inspect.signature, 600 times at import
    if code is None:
        return tuple(inspect.signature(rule).parameters)
    names: tuple[str, ...] = code.co_varnames[: code.co_argcount]
    return names


class _Step(Node):
    """A node made by a primitive."""

    __slots__ = ()
    makes_arrays = True
    primitive: Primitive
    rules: tuple[Callable[..., Any] | None, ...]

    def vjp(self, g: Any, create_graph: bool, wanted: Sequence[bool] | None) -> Sequence[Any]:
        saved = self.saved
        if create_graph or saved is None or self.extra is not None:
            saved = self._values(create_graph)
        else:
            for counter, version in self.versions:
                if counter[0] != version:
                    self.check()
        rules = self.rules
        if type(g) is Partial:
            g = self._full(g, create_graph)
        if wanted is not None:
            saved = [v if w else None for v, w in zip(saved, wanted, strict=True)]
        if len(rules) == 1:
            return (rules[0](g, *saved[0]),)  # type: ignore[misc]
        if len(rules) == 2:  # written out: a loop costs as much as the arithmetic
            first, second = saved
            return (
                None if first is None else rules[0](g, *first),  # type: ignore[misc]
                None if second is None else rules[1](g, *second),  # type: ignore[misc]
            )
        return [
            None if values is None else rule(g, *values)  # type: ignore[misc]
            for rule, values in zip(rules, saved, strict=True)
        ]

    def _values(self, create_graph: bool) -> Any:
        """The saved values, checked; as Tensors where the backward pass makes a graph."""
        self.check()
        saved = self.saved
        if self.extra is not None and "unpack" in self.extra:
            saved = self.extra["unpack"](saved)
        return self._as_tensors(saved) if create_graph else saved

    def _full(self, partial: Partial, create_graph: bool) -> Any:
        """All outputs' gradients, zeros where none arrived; the lone one where only one can."""
        gs = []
        for number, meta in enumerate(self.shape or ()):
            if meta is None:  # an output without gradient, such as indices
                continue
            g = partial.get(number)
            if g is None:
                g = np.zeros(*meta)
                g = wrap(g) if create_graph else g
            gs.append(g)
        return gs[0] if len(gs) == 1 < len(self.shape or ()) else tuple(gs)

    def _as_tensors(self, saved: Any) -> Any:
        """The saved arrays as the Tensors that they were: inputs with their node, outputs with
        this one."""
        primitive = self.primitive
        inputs = {name.lstrip("*"): k for k, name in enumerate(primitive.inputs)}

        def tensor(name: str, value: Any) -> Any:
            if primitive.variadic and name in inputs:
                return [wrap(v, p) for v, p in zip(value, self.parents, strict=True)]
            if not isinstance(value, np.ndarray | np.generic):
                return value
            if name in inputs:
                return wrap(value, self.parents[inputs[name]])
            if name in primitive.outputs:
                number = primitive.outputs.index(name)
                if len(primitive.outputs) == 1:
                    return wrap(value, self)
                if (self.shape or ())[number] is None:
                    return wrap(value)
                return wrap(value, Output(self, number, value.shape))
            return wrap(value)

        return [
            values and tuple(map(tensor, names, values))
            for names, values in zip(primitive.wants, saved, strict=False)
        ]


class _JointStep(_Step):
    """A node whose one rule gives the gradients of all inputs."""

    __slots__ = ()

    def vjp(self, g: Any, create_graph: bool, wanted: Sequence[bool] | None) -> Sequence[Any]:
        if type(g) is Partial:
            g = self._full(g, create_graph)
        if create_graph and self.primitive.definition is not None:
            return self._differentiate_definition(g, self._values(False)[-1])
        return self.primitive.joint(g, *self._values(create_graph)[0])  # type: ignore[no-any-return, misc]

    def _differentiate_definition(self, g: Any, values: Any) -> Sequence[Any]:
        """The gradients as a graph: the fused step's plain definition, differentiated."""
        from .engine import differentiate

        count = len(self.primitive.inputs)
        with set_grad_enabled(True):  # it is off where a transform, not a graph, carries g
            inputs = [
                # an alias each, so that the definition's own graph ends there
                value if parent is None or value is None else alias(wrap(value, parent))
                for value, parent in zip(values[:count], self.parents, strict=True)
            ]
            arguments = [wrap(v) if isinstance(v, np.ndarray | np.generic) else v for v in inputs]
            made = self.primitive.definition(*arguments, *values[count:])  # type: ignore[misc]
        outputs = made if isinstance(made, tuple) else (made,)
        gs = g if isinstance(g, tuple) else (g,)
        pairs = [(o, h) for o, h in zip(outputs, gs, strict=False) if o._node is not None]
        found = iter(differentiate(pairs, [v for v in inputs if isinstance(v, Variable)]))
        return [next(found) if isinstance(v, Variable) else None for v in inputs]


def record(primitive: Primitive, args: tuple[Any, ...], out: Any) -> Any:
    """Wraps ``out``, which is the result already, and makes the node: for in-place writes."""
    count = len(primitive.inputs)
    inputs = args[:count]
    arrays = [x._data if isinstance(x, Variable) else x for x in inputs]
    return _recorded(primitive, inputs, args[count:], arrays, out, ())


def _recorded(
    primitive: Primitive,
    inputs: Sequence[Any],
    params: tuple[Any, ...],
    arrays: list[Any],
    out: Any,
    residuals: tuple[Any, ...],
) -> Any:
    """Wraps the kernel's result and, where an input wants a gradient, makes the node."""
    several = type(out) is tuple
    parents: list[Any] = []
    mask = 0
    if primitive.differentiable and current.state.flags & 1:
        ruled = primitive.ruled
        for k, x in enumerate(inputs):
            parent = None
            if isinstance(x, Variable) and (ruled is None or ruled[k]):
                parent = x._node if x._base is None else history(x)
                if parent is not None:
                    mask |= 1 << k
            parents.append(parent)
    if not mask:
        if not several:
            tensor = wrap(out)
            return (
                _as_view(tensor, primitive, inputs[0], params, False) if primitive.view else tensor
            )
        tensors = tuple(map(wrap, out))
        if primitive.view:
            tensors = tuple(_as_view(t, primitive, inputs[0], params, True) for t in tensors)
        return tensors
    step = primitive.node_type()
    step.parents = tuple(parents)
    step.order = next(orders)
    step.extra = None
    if several:
        step.shape = metas = tuple(map(_meta, out))
        tensors = tuple(
            wrap(value, Output(step, k, meta[0]) if meta else None)
            for k, (value, meta) in enumerate(zip(out, metas, strict=True))
        )
    else:
        step.shape = out.shape
        tensors = (wrap(out, step),)
    if primitive.view:
        tensors = tuple(_as_view(t, primitive, inputs[0], params, several) for t in tensors)
    versions: Any = [x._version if isinstance(x, Variable) else NEVER for x in inputs]
    saving: Any = arrays
    if primitive.variadic:
        saving, versions = [arrays], [versions]
    if several and len(out) != len(primitive.outputs):  # one name for any number of outputs
        results, results_versions = [out], [NEVER]
    else:
        results, results_versions = out if several else [out], [t._version for t in tensors]
    needs = tuple(p is not None for p in parents)
    step.saved, step.versions = primitive.keep(mask)(
        *saving, *params, *results, *residuals, *versions, *results_versions, needs
    )
    return tensors if several else tensors[0]


def _meta(value: Any) -> Any:
    """(shape, dtype) of an output that can have a gradient, None of one that cannot."""
    return (value.shape, value.dtype) if value.dtype.kind == "f" else None


def _shares(data: Any, source: Any) -> bool:
    """True where ``data`` is a view of ``source``: reshape, for one, gives a view or a copy."""
    base = data.base
    return base is not None and (
        base is source
        or base is source.base
        or (not isinstance(base, np.ndarray) and np.may_share_memory(data, source))
    )


def _as_view(
    tensor: Any, primitive: Primitive, source: Any, params: tuple[Any, ...], several: bool
) -> Any:
    if not _shares(tensor._data, source._data):
        return tensor
    follow = primitive.differentiable and not several and current.state.flags & 1
    op = primitive.op if follow else None
    return wrap_view(tensor._data, tensor._node, source, op, params)


def apply(primitive: Primitive, *args: Any) -> Any:
    """The door: runs the kernel on the inputs' arrays and records the step.

    ``args`` are the inputs (a sequence of them where the primitive takes any number), then the
    parameters. Arrays alone give arrays, so that rules can be written with operations.
    """
    state = current.state
    if state.flags >= TOOLS:
        return through_tools(state, primitive, args)
    variadic, view = primitive.variadic, primitive.view
    split = 1 if variadic else len(primitive.inputs)
    inputs: Any = args[0] if variadic else args[:split]
    params = args[split:]
    arrays = []
    tensors = False
    for x in inputs:
        if isinstance(x, Variable):
            tensors = True
            x = x._array() if view else x._data
        arrays.append(x)
    kernel_args = ([arrays] if variadic else arrays) + list(params)
    if not tensors:
        return on_arrays(primitive, arrays, kernel_args)
    try:
        out = state.quiet(primitive.kernel, *kernel_args)
    except ValueError as error:
        raise explain(primitive, arrays, error) from None
    residuals = ()
    if primitive.residuals:
        out, *residuals = out
    return _recorded(primitive, inputs, params, arrays, out, residuals)


def on_arrays(primitive: Primitive, inputs: Sequence[Any], kernel_args: Sequence[Any]) -> Any:
    """Arrays in, arrays out: within a rule an operation is its kernel."""
    if not any(isinstance(x, np.ndarray | np.generic) for x in inputs):
        kinds = ", ".join(type(x).__name__ for x in inputs)
        raise TypeError(f"{primitive.name}(): argument 'input' must be Tensor, not {kinds}")
    out = primitive.kernel(*kernel_args)
    return out[0] if primitive.residuals else out


def through_tools(state: Any, primitive: Primitive, args: tuple[Any, ...]) -> Any:
    """Hands the step to the innermost tool; what that tool does passes the tools outside it."""
    tools = state.tools
    inputs = args[0] if primitive.variadic else args[: len(primitive.inputs)]
    if not any(isinstance(x, Variable) for x in inputs):
        return on_arrays(primitive, inputs, args)
    state.set_tools(tools[:-1])
    try:
        return tools[-1].step(primitive, args)
    finally:
        state.set_tools(tools)


def explain(primitive: Primitive, arrays: Sequence[Any], error: ValueError) -> Exception:
    """PyTorch's error for inputs whose shapes do not broadcast; any other error as it is."""
    shapes = [x.shape for x in arrays if isinstance(x, np.ndarray | np.generic)]
    if len(shapes) != 2 or "broadcast" not in str(error):
        return error
    a, b = shapes
    for k in range(1, min(len(a), len(b)) + 1):
        if a[-k] != b[-k] and 1 not in (a[-k], b[-k]):
            return RuntimeError(
                f"The size of tensor a ({a[-k]}) must match the size of tensor b ({b[-k]}) at "
                f"non-singleton dimension {max(len(a), len(b)) - k}: {primitive.name} got the "
                f"shapes {list(a)} and {list(b)}"
            )
    return error


def primitive(
    kernel: Callable[..., Any],
    signature: str,
    *rules: Callable[..., Any] | None,
    name: str | None = None,
    **options: Any,
) -> Callable[..., Any]:
    """Makes an operation of a NumPy kernel and its gradient rules.

    Args:
        kernel: arrays in, array out; ``kernel(*inputs, *params)``.
        signature: ``"inputs | params -> outputs"``, such as ``"a b"``, ``"x | dim"`` or
            ``"x | dim -> values indices"``; ``"*xs"`` takes a sequence of tensors, ``"-> *ys"``
            gives one.
        rules: one per input, None for an input that has no gradient. See the module's text.
        name: the operation's name, by default the kernel's.
        joint: one rule for all inputs together, which returns a gradient (or None) for each.
        view: the kernel's result may share memory with its first input.
        promote: brings inputs of different dtypes to one (``ops.promotion``).
        floats: integers are to be promoted to the default float dtype.
        label: the node's name, where it is not PyTorch's usual ``NameBackward0``.
        traits: ``"elementwise"``, ``"linear"``: what transforms may rely on.

    Returns:
        A function of the inputs and parameters, all positional.

    Example:
        >>> import numpy as np, minitorch
        >>> from minitorch.extend import primitive
        >>> cube = primitive(lambda x: x ** 3, "x", lambda g, x: g * 3 * x ** 2, name="cube")
        >>> x = minitorch.tensor(2.0, requires_grad=True)
        >>> cube(x).backward()
        >>> x.grad
        tensor(12.)
    """
    made = Primitive(kernel, signature, rules, name or kernel.__name__, **options)
    plain = (
        len(made.outputs) == 1 and not made.numbered and not made.residuals and made.joint is None
    )
    op: Any
    if plain and len(made.inputs) == 1 and not made.variadic:
        op = _unary(made)
    elif plain and len(made.inputs) == 2 and not made.params:
        op = _binary(made)
    else:

        def op(*args: Any) -> Any:
            return apply(made, *args)

    op.primitive = made  # for apply, for tools and for whoever asks what an operation is
    op.__name__ = op.__qualname__ = made.name
    made.op = op
    return op  # type: ignore[no-any-return]


def fused(
    forward: Callable[..., Any],
    signature: str,
    backward: Callable[..., Any],
    definition: Callable[..., Any],
    *,
    name: str,
    residuals: str = "",
    **options: Any,
) -> Callable[..., Any]:
    """A hot composite as one step: a kernel pair for the first order, its definition for the rest.

    Args:
        forward: ``forward(*inputs, *params)``, arrays in; ``(out, *residuals)`` out where
            ``residuals`` names values that the backward kernel wants.
        signature: as in ``primitive``.
        backward: ``backward(g, ...)``, a gradient (or None) per input. Its parameter names say what
            is saved: inputs, ``out``, params, residuals, and ``needs``, which inputs want one.
        definition: the same mathematics in a few lines of operations. ``create_graph=True``
            differentiates it and the tests hold the kernels against it.
    """
    return primitive(
        forward,
        signature,
        *(None for _ in signature.partition("|")[0].split()),
        name=name,
        joint=backward,
        definition=definition,
        residuals=residuals,
        **options,
    )


def _unary(primitive: Primitive) -> Callable[..., Any]:
    """``apply`` for one input, written out."""
    kernel, floats, view = primitive.kernel, primitive.floats, primitive.view
    node_type, differentiable = primitive.node_type, primitive.differentiable
    keep = primitive.keep

    def op(input: Any, *params: Any) -> Any:
        state = current.state
        if not isinstance(input, Variable):
            return on_arrays(primitive, (input,), (input, *params))
        data = input._array() if view else input._data
        if floats and data.dtype.kind in "biu":
            return op(primitive.promote(input), *params)  # type: ignore[misc]
        if state.flags >= TOOLS:
            return through_tools(state, primitive, (input, *params))
        if view:
            out = kernel(data, *params)
            if _shares(out, data):
                origin = op if differentiable and state.flags else None
                tensor = wrap_view(out, None, input, origin, params)
            else:
                tensor = wrap(out)
        else:
            out = state.quiet(kernel, data, *params)
            tensor = wrap(out)
        if differentiable and state.flags:
            parent = input._node if input._base is None else history(input)
            if parent is not None:
                tensor._node = node = node_type()
                node.parents = (parent,)
                node.shape = out.shape
                node.order = next(orders)
                node.extra = None
                node.saved, node.versions = keep(1)(
                    data, *params, out, input._version, tensor._version
                )
        return tensor

    return op


def _binary(primitive: Primitive) -> Callable[..., Any]:
    """``apply`` for two inputs without parameters, written out; numbers may stand for tensors."""
    kernel, floats, promote = primitive.kernel, primitive.floats, primitive.promote
    node_type, differentiable = primitive.node_type, primitive.differentiable
    keep = primitive.keep
    promoting = promote is not None or None in primitive.rules[:1]

    def op(input: Any, other: Any) -> Any:
        state = current.state
        if state.flags >= TOOLS or not isinstance(input, Variable):
            return general(input, other)
        x = input._data
        dtype = x.dtype
        if isinstance(other, Variable):
            y = other._data
            if (y.dtype is not dtype and promoting) or (floats and dtype.kind != "f"):
                return general(input, other)
            version = other._version
            nb = other._node if other._base is None else history(other)
        elif (type(other) is float or type(other) is int) and dtype.kind == "f":
            y, version, nb = other, NEVER, None
        else:
            return general(input, other)
        try:
            out = state.quiet(kernel, x, y)
        except ValueError as error:
            raise explain(primitive, (x, y), error) from None
        tensor = wrap(out)
        if differentiable and state.flags:
            na = input._node if input._base is None else history(input)
            if na is not None or nb is not None:
                tensor._node = node = node_type()
                node.parents = (na, nb)
                node.shape = out.shape
                node.order = next(orders)
                node.extra = None
                mask = (na is not None) + 2 * (nb is not None)
                node.saved, node.versions = keep(mask)(
                    x, y, out, input._version, version, tensor._version
                )
        return tensor

    def general(a: Any, b: Any) -> Any:
        if promote is not None and (isinstance(a, Variable) or isinstance(b, Variable)):
            a, b = promote(a, b)
        return apply(primitive, a, b)

    return op


# The identity as a step of its own: a new end for a graph that has the same values.
alias = primitive(lambda x: x, "x", lambda g: g, name="alias", traits=("elementwise", "linear"))
