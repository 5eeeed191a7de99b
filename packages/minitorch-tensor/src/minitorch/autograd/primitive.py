"""Primitives: a NumPy kernel and one gradient rule per differentiable input.

    mul = primitive(np.multiply, "a b", lambda g, b: g * b, lambda g, a: g * a)

    @operation(np.exp, "x", lambda g, out: g * out)
    def exp(input: Tensor) -> Tensor: ...

``primitive`` makes the bare operation, ``operation`` one that users see: the def gives its name,
its signature and its text, and is where ``inspect``, ``help`` and an editor lead.

A rule's parameter names say what the node saves for it: ``g`` is the incoming gradient, ``out`` the
result, ``shape`` the shape of the rule's own input, ``x_shape`` and ``x_dtype`` those of input
``x`` (``xs_shapes`` of a sequence of them); any other name is an input or a parameter. A rule is
written with operators and operations that take arrays and Tensors alike: the backward pass hands
it arrays; under ``create_graph=True`` it gets Tensors, and the same lines build the graph of the
gradient. Broadcasting is undone by the engine.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ..kernels.choice import offer
from ..kernels.elementwise import threaded
from ..overrides import named_as
from . import dispatch
from .frames import fold
from .opmath import Rounded
from .out import into, unexpected
from .primitive_node import JointNode, PrimitiveNode

if TYPE_CHECKING:
    from typing import Protocol

    from .._tensor import Tensor

    class Operation(Protocol):
        """What ``primitive`` makes. Of several outputs it gives a tuple, a Tensor to checkers: both
        can be taken apart."""

        __name__: str
        __qualname__: str
        primitive: Primitive

        def __call__(self, *args: Any) -> Tensor: ...


__all__ = ["Primitive", "batching_rule", "labelled", "operation", "operator", "primitive"]

F = TypeVar("F", bound=Callable[..., Any])


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
        node: type[PrimitiveNode] | None = None,
        residuals: str = "",
        used_by: Mapping[str, str] = MappingProxyType({}),
        view: bool = False,
        promote: Callable[..., Any] | None = None,
        widen: Callable[..., Any] | None = None,
        floats: bool = False,
        numbers: str = "either",
        label: str | Callable[[Any], str] | None = None,
        traits: Iterable[str] = (),
        meta: Callable[..., Any] | None = None,
        compiled: str = "",
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
        self.used_by = used_by
        self.variadic = bool(self.inputs) and self.inputs[0].startswith("*")
        self.rules = tuple(rules)
        self.joint: Any = joint
        self.definition: Any = definition
        self.view = view
        self.promote: Any = promote
        self.widen: Any = widen
        self.floats = floats
        self.numbers = numbers
        self.traits = frozenset(traits)
        self.has_out = False  # whether the operation takes a tensor to write its result to
        self.meta: Any = meta
        self.compiled = compiled
        self.op: Operation  # primitive() sets it, and the next
        self.recipe: tuple[Callable[..., Any], str, Sequence[Any], dict[str, Any]]
        self.origin: Primitive = self  # the one that others repeat with another label
        self.batching: Any = None  # its rule under vmap: see batching_rule
        self.savers: dict[int, Any] = {}
        # which inputs can have a gradient (an index, for one, cannot); None: all
        ruled = tuple([rule is not None for rule in rules]) or (False,) * len(self.inputs)
        self.ruled = None if joint else ruled
        self.differentiable = joint is not None or True in ruled
        self.label = label
        self.node = node or (PrimitiveNode if joint is None else JointNode)

    @cached_property
    def saved_names(self) -> tuple[tuple[str, ...], ...]:
        """What each rule wants, read off its parameters, ``g`` aside."""
        rules = self.rules if self.joint is None else (self.joint,)
        return tuple(() if rule is None else _parameters(rule)[1:] for rule in rules)

    @cached_property
    def node_type(self) -> Any:
        """The class of its nodes; made on first use, of 300 a program needs a few."""
        return self._node_type((self.node,), ())

    @cached_property
    def rounded_node_type(self) -> Any:
        """The class of the nodes of its calls on bfloat16."""
        return self._node_type((Rounded, self.node), ("dtypes",))

    def _node_type(self, bases: tuple[type, ...], slots: tuple[str, ...]) -> Any:
        label, own_name = self.label, {}
        if label is None or callable(label):
            own_name = {"name": label} if label else {}
            words = self.name.title().replace("_", "")
            label = words + "Backward0"
        return type(
            label,
            bases,
            {
                "__slots__": slots,
                "primitive": self,
                "rules": self.rules,
                # other inputs would not fit to results and residuals, which are saved beside them
                "rereads": self.joint is None
                or not (
                    {*self.outputs, *self.residuals} & {*self.saved_names[0]}
                    or "views" in self.traits
                ),
            }
            | own_name,
        )

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def relabelled(self, **changes: Any) -> Operation:
        """The same operation with other options."""
        kernel, signature, rules, options = self.recipe
        other = primitive(kernel, signature, *rules, name=self.name, **options | changes)
        other.primitive.origin = self.origin
        return other

    def offer(self) -> None:
        """Says where compiled kernels are: of the operation, of its joint rule or its rules."""
        kernel, *rules = self.compiled.split()
        offer(kernel, self.kernel, self._put_kernel)
        if self.joint is not None:
            for name in rules:
                offer(name, self.joint, partial(setattr, self, "joint"))
            return
        for k, name in enumerate(rules):
            offer(name, cast("Callable[..., Any]", self.rules[k]), partial(self._put_rule, k))

    def _put_kernel(self, kernel: Callable[..., Any]) -> None:
        self.kernel = kernel
        op: Any = self.op
        variables = zip(op.__code__.co_freevars, op.__closure__, strict=True)
        for name, cell in variables:  # those of dispatch's unary, binary, ternary, variadic
            if name == "kernel":
                cell.cell_contents = kernel
            elif name == "large":
                cell.cell_contents = threaded(kernel)

    def _put_rule(self, place: int, rule: Callable[..., Any]) -> None:
        self.rules = (*self.rules[:place], rule, *self.rules[place + 1 :])
        for name in ("node_type", "rounded_node_type"):
            if name in self.__dict__:
                self.__dict__[name].rules = self.rules

    def into(self, out: Any, *args: Any) -> Any:
        """``op(*args, out=out)``."""
        if not self.has_out:
            raise unexpected(self.op)
        same = "iterated" if "elementwise" in self.traits else "same"
        casts = self.promote is not None or self.floats
        rule = getattr(self.op, "out_dtype", "castable" if casts else same)
        return into(out, self.op, *args, rule=rule)

    def saver(self, mask: int) -> Any:
        """What to save when the inputs whose bits are set in ``mask`` want a gradient.

        Compiled once per mask into ``lambda inputs, params, outputs, versions: (saved, versions)``,
        ``params`` being a tuple: picking by name costs one call of 80 ns then, a loop over names
        ten times that. Where the rules save nothing, such as those of a sum, it is that pair of
        tuples itself.
        """
        if mask not in self.savers:
            inputs = [name.lstrip("*") for name in self.inputs]
            tensors = [*inputs, *self.outputs]
            params = {name: f"params[{k}]" for k, name in enumerate(self.params)}
            saved, checked = [], []
            for k, names in enumerate(self.saved_names):
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
                        picks.append(params.get(name, name))
                        if name in tensors and name not in checked:
                            checked.append(name)
                saved.append("(" + "".join(pick + ", " for pick in picks) + ")")
            for name, users in self.used_by.items():
                if not any(mask >> inputs.index(user) & 1 for user in users.split()):
                    checked.remove(name)

            def versions(names: list[str]) -> str:
                return "".join(
                    f"*((v, v[0]) for v in v_{name}), "
                    if self.variadic and name == inputs[0]
                    else f"(v_{name}, v_{name}[0]), "
                    for name in names
                )

            if self.joint and self.definition:  # create_graph goes through it: keep the inputs
                others = [name for name in inputs if name not in checked]
                saved.append(f"({', '.join([*inputs, *params.values()])},)")
                saved.append(f"({versions(others)})")
            arguments = [*inputs, "params", *self.outputs, *self.residuals]
            arguments += [f"v_{name}" for name in tensors] + ["needs=None"]
            checks = versions(checked)
            if not checks and {*self.saved_names[0]} & {*self.residuals}:
                checks = "(NEVER, 0), "  # there is memory that a backward pass lets go
            source = f"lambda {', '.join(arguments)}: (({', '.join(saved)},), ({checks}))"
            self.savers[mask] = eval(source, {"NEVER": dispatch.NEVER})
            if not any(self.saved_names) and not self.definition:
                self.savers[mask] = self.savers[mask](*(None for _ in arguments[:-1]))
        return self.savers[mask]

    def save(self, mask: int, *values: Any) -> Any:
        """(saved, versions) of the values that the saver picks."""
        saver = self.saver(mask)
        return saver if type(saver) is tuple else saver(*values)


def _parameters(rule: Callable[..., Any]) -> tuple[str, ...]:
    rule = inspect.unwrap(rule)
    code = getattr(rule, "__code__", None)  # quicker than inspect.signature
    if code is None:
        return tuple(inspect.signature(rule).parameters)
    names: tuple[str, ...] = code.co_varnames[: code.co_argcount]
    return names


def primitive(
    kernel: Callable[..., Any],
    signature: str,
    *rules: Callable[..., Any] | None,
    name: str | None = None,
    **options: Any,
) -> Operation:
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
        widen: ``widen(op, a, b)``: the result where the dtype does not hold a number (else None).
        floats: integers are to be promoted to the default float dtype.
        numbers: which of two inputs may be a Python number: ``"other"`` the second, ``"either"``
            any one of them, ``"both"`` both at once, ``""`` none.
        label: the node's name, where it is not PyTorch's usual ``NameBackward0``; a function of the
            node where PyTorch has several names.
        traits: ``"elementwise"``, ``"linear"``: what transforms may rely on; ``"views"``: PyTorch
            saves views of inputs, to which ``.data = ...`` makes no difference; ``"values"``: the
            shape of the result depends on values.
        meta: of inputs without values, the result without values, see ``autograd/meta.py``.
        compiled: where in ``kernels.numba`` the kernel and the rules are compiled.

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
    single = len(made.outputs) == 1 and not made.numbered
    plain = single and not made.residuals and made.joint is None
    op: Any
    if single and len(made.inputs) == 3 and not made.view:
        op = dispatch.ternary(made)
    elif single and made.variadic and len(made.inputs) == 1 and not (made.view or made.residuals):
        op = dispatch.variadic(made)
    elif plain and len(made.inputs) == 1 and not made.variadic:
        op = dispatch.unary(made)
    elif plain and len(made.inputs) == 2 and not made.view:
        op = dispatch.binary(made)
    else:

        def op(*args: Any, out: Any = None) -> Any:
            try:
                return dispatch.apply(made, *args) if out is None else made.into(out, *args)
            except Exception as error:
                fold(error)
                raise

    made.recipe = kernel, signature, rules, options
    op.primitive = made  # for apply, for interpreters and for whoever asks what an operation is
    op.__name__ = op.__qualname__ = made.name
    made.op = op
    if made.compiled:
        made.offer()
    return made.op


def operation(
    kernel: Callable[..., Any],
    signature: str,
    *rules: Callable[..., Any] | None,
    name: str | None = None,
    **options: Any,
) -> Callable[[F], F]:
    """Decorates the def of a public operation that is one primitive; its body is its docstring.

    The arguments are those of ``primitive``; ``name`` is by default the def's.
    """

    def make(declared: F) -> F:
        made: Any = primitive(kernel, signature, *rules, name=name or declared.__name__, **options)
        code = made.__code__
        names = _parameters(declared)[: code.co_argcount]
        if names != code.co_varnames[: len(names)]:  # `exponent=`, where it is `other` in `binary`
            made.__code__ = code.replace(co_varnames=names + code.co_varnames[len(names) :])
        made.primitive.has_out = "out" in (declared.__kwdefaults__ or ())
        return cast(F, named_as(declared, made))

    return make


def operator(op: Any) -> Callable[..., Any]:
    """The function behind a Python operator: ``op``, which leaves foreign operands to them."""
    known = getattr(op, "primitive", None)
    if known is None or len(known.inputs) != 2 or known.view:
        return cast("Callable[..., Any]", named_as(op, dispatch.refusing(op)))
    made = dispatch.binary(known, operator=True)
    made.primitive = known  # type: ignore[attr-defined]  # functions take attributes
    made.__name__ = made.__qualname__ = known.name
    return made


def batching_rule(*ops: Any) -> Callable[[F], F]:
    """Decorates what ``vmap`` does in place of these operations.

    A rule is called with the primitive, its inputs with the batch in front, which of them are
    batched, the parameters and the batch size. It returns the result(s) with the batch in front.
    """

    def register(rule: F) -> F:
        for op in ops:
            op.primitive.origin.batching = rule
        return rule

    return register


def labelled(op: Any, label: str) -> Operation:
    """The same operation, whose nodes go by another of PyTorch's names."""
    made: Operation = op.primitive.relabelled(label=label)
    return made


# The identity as an operation: a new end for a graph, with the same values.
alias_p = primitive(lambda x: x, "x", lambda g: g, name="alias", traits=("elementwise", "linear"))
