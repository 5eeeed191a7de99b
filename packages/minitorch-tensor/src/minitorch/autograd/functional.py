"""Products with Jacobians and Hessians of functions of tensors.

Follows https://docs.pytorch.org/docs/stable/autograd.html#functional-higher-level-api
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .grad_mode import enable_grad
from .history import history
from .primitive import alias_p
from .variable import Variable, wrap

if TYPE_CHECKING:
    from .._tensor import Tensor

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]


def _tuple(value: Any, what: str, name: str) -> tuple[bool, tuple[Any, ...]]:
    """Whether ``value`` is a tuple, and the tuple of tensors that it is or stands for."""
    several = isinstance(value, tuple)
    values = value if several else (value,)
    for k, each in enumerate(values):
        if not isinstance(each, Variable):
            which = f"value at index {k}" if several else f"given {what}"
            raise TypeError(
                f"The {what} given to {name} must be either a Tensor or a tuple of Tensors but the "
                f"{which} has type {type(each)}."
            )
    return several, values


OUTPUTS = "outputs of the user-provided function"


def _outputs(made: Any, name: str, strict: bool) -> tuple[bool, tuple[Any, ...]]:
    """What the user's function returned, as ``_tuple`` gives it."""
    several, ys = _tuple(made, OUTPUTS, name)
    for k, y in enumerate(ys):
        if strict and history(y) is None:
            raise RuntimeError(
                f"Output {k} of the user-provided function does not require gradients. The outputs "
                "must be computed in a differentiable manner from the input when running in strict "
                "mode."
            )
    return several, ys


def _check_slopes(slopes: Sequence[Any], strict: bool) -> None:
    """In strict mode the gradient must depend on the inputs, for its own gradient."""
    for k, slope in enumerate(slopes):
        if strict and history(slope) is None:
            raise RuntimeError(
                "While computing the hessian, found that the jacobian of the user-provided "
                f"function with respect to input {k} is independent of the input. This is not "
                "allowed in strict mode. You should ensure that your function is twice "
                "differentiable and that the jacobian depends on the inputs (this would be "
                "violated by a linear function for example)."
            )


def _leaves(inputs: Sequence[Any], create_graph: bool) -> tuple[Any, ...]:
    """New ends of the graph; with ``create_graph`` still joined to where the inputs come from."""
    return tuple(
        alias_p(x) if create_graph and history(x) is not None else x.detach().requires_grad_()
        for x in inputs
    )


def _vectors(v: Any, like: Sequence[Any], several: bool, name: str) -> list[Any]:
    """``v`` as tensors like those, which the user gave or returned as a tuple or as one."""
    if v is None:
        if len(like) != 1 or like[0]._data.size != 1:
            role = "returns" if name == "vjp" else "is"
            whose = "" if name == "vjp" else "the input to the "
            raise RuntimeError(
                f"The vector v can only be None if {whose or 'the '}user-provided function {role} "
                "a single Tensor with a single element."
            )
        return [wrap(np.ones_like(like[0]._data))]
    _, vs = _tuple(v, "v", name)
    if len(vs) != len(like):
        raise RuntimeError(
            f"v is a tuple of invalid length: should be {len(like)} but got {len(vs)}."
            if several
            else "The given v should contain a single Tensor."
        )
    for k, (a, b) in enumerate(zip(vs, like, strict=True)):
        if a._data.shape != b._data.shape:
            entry = f"Entry {k} in " if several else ""
            raise RuntimeError(f"{entry}v has invalid size: should be {b.shape} but got {a.shape}.")
    return list(vs)


def _gradient(
    outputs: Sequence[Any], inputs: Sequence[Any], gs: Sequence[Any], create_graph: bool,
    strict: bool, what: str = "The output",
) -> tuple[Any, ...]:  # fmt: skip
    """``autograd.grad`` with zeros (or with ``strict`` an error) for inputs without influence."""
    from .grad import grad

    live = [(y, g) for y, g in zip(outputs, gs, strict=True) if history(y) is not None]
    found: tuple[Any, ...] = (None,) * len(inputs)
    if live:
        found = grad(
            [y for y, _ in live],
            inputs,
            [g for _, g in live],
            True,
            create_graph,
            allow_unused=True,
        )
    for k, g in enumerate(found):
        if strict and g is None:
            raise RuntimeError(
                f"{what} of the user-provided function is independent of input {k}. This is not "
                "allowed in strict mode."
            )
        if strict and create_graph and history(g) is None:
            raise RuntimeError(
                f"The jacobian of the user-provided function is independent of input {k}. This is "
                "not allowed in strict mode when create_graph=True."
            )
    return tuple(
        wrap(np.zeros_like(x._data)) if g is None else g for x, g in zip(inputs, found, strict=True)
    )


def _finish(values: Any, several: bool, create_graph: bool) -> Any:
    made = tuple(v if create_graph else v.detach() for v in values)
    return made if several else made[0]


def vjp(
    func: Callable[..., Any], inputs: Tensor | Sequence[Tensor],
    v: Tensor | Sequence[Tensor] | None = None, create_graph: bool = False, strict: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """``func(*inputs)`` and the product of ``v`` with its Jacobian.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.vjp.html
    """
    several, xs = _tuple(inputs, "inputs", "vjp")
    with enable_grad():
        xs = _leaves(xs, create_graph)
        many, ys = _outputs(func(*xs), "vjp", strict)
        found = _gradient(ys, xs, _vectors(v, ys, many, "vjp"), create_graph, strict)
    return _finish(ys, many, create_graph), _finish(found, several, create_graph)


def jvp(
    func: Callable[..., Any], inputs: Tensor | Sequence[Tensor],
    v: Tensor | Sequence[Tensor] | None = None, create_graph: bool = False, strict: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """``func(*inputs)`` and the product of its Jacobian with ``v``.

    The gradient ``u -> u'J`` is linear in u; its own gradient along v is ``Jv``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.jvp.html
    """
    several, xs = _tuple(inputs, "inputs", "jvp")
    with enable_grad():
        xs = _leaves(xs, create_graph)
        vs = _vectors(v, xs, several, "jvp")
        many, ys = _outputs(func(*xs), "jvp", strict)
        us = [wrap(np.zeros_like(y._data)).requires_grad_() for y in ys]
        pulled = _gradient(ys, xs, us, True, strict)
        found = _gradient(pulled, us, vs, create_graph, strict and create_graph)
    return _finish(ys, many, create_graph), _finish(found, many, create_graph)


def jacobian(
    func: Callable[..., Any], inputs: Tensor | Sequence[Tensor], create_graph: bool = False,
    strict: bool = False, vectorize: bool = False, strategy: str = "reverse-mode",
) -> Any:  # fmt: skip
    """The Jacobian of ``func``: for each output and input a tensor of shape
    ``(*output.shape, *input.shape)``, in tuples where there are several.

    Args:
        vectorize: all rows at once; needs ``strategy="forward-mode"`` for columns.

    Example:
        >>> import minitorch as torch
        >>> torch.autograd.functional.jacobian(lambda x: x * x, torch.tensor([1.0, 2.0]))
        tensor([[2., 0.],
                [0., 4.]])

    Follows https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.jacobian.html
    """
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your '
            "function "
            'has more outputs than inputs, "forward-mode" tends to be more performant.'
        )
    if strategy == "forward-mode" and not vectorize:
        raise NotImplementedError(
            'torch.autograd.functional.jacobian: `strategy="forward-mode"` requires vectorize=True'
        )
    several, xs = _tuple(inputs, "inputs", "jacobian")
    if vectorize:
        if strict:
            raise RuntimeError(
                "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not "
                "supported together. Please either set `strict=False` or `vectorize=False`."
            )
        from ..func import jacfwd, jacrev

        transform = jacfwd if strategy == "forward-mode" else jacrev

        def checked(*values: Any) -> Any:
            made = func(*values)
            _tuple(made, OUTPUTS, "jacobian")
            return made

        blocks = transform(checked, tuple(range(len(xs))))(*xs)
        many = isinstance(blocks[0], tuple)
        rows = blocks if many else (blocks,)
    else:
        with enable_grad():
            xs = _leaves(xs, create_graph)
            many, ys = _outputs(func(*xs), "jacobian", strict)
            rows = tuple(_rows(y, xs, create_graph, strict, k) for k, y in enumerate(ys))
    made = tuple(_finish(row, several, create_graph) for row in rows)
    return made if many else made[0]


def _rows(
    y: Any, xs: Sequence[Any], create_graph: bool, strict: bool, number: int
) -> tuple[Any, ...]:
    from ..ops.joining import stack

    flat, one = y.reshape(-1), wrap(y._data.dtype.type(1))
    found = [
        _gradient([flat[k]], xs, [one], create_graph, strict, f"Output {number}")
        for k in range(flat._data.size)
    ]
    columns = zip(*found, strict=True) if found else [()] * len(xs)
    return tuple(
        stack(column).reshape((*y.shape, *x.shape))
        if found
        else wrap(np.zeros((*y.shape, *x.shape), x._data.dtype))
        for column, x in zip(columns, xs, strict=True)
    )


def _scalar(func: Callable[..., Any], name: str, strict: bool = False) -> Callable[..., Any]:
    def checked(*xs: Any) -> Any:
        several, ys = _outputs(func(*xs), name, strict)
        if several:
            raise RuntimeError(f"The function given to {name} should return a single Tensor")
        if ys[0]._data.size != 1:
            raise RuntimeError(
                f"The Tensor returned by the function given to {name} should contain a single "
                f"element, but it has the shape {list(ys[0]._data.shape)}"
            )
        return ys[0].squeeze()

    return checked


def hessian(
    func: Callable[..., Any], inputs: Tensor | Sequence[Tensor], create_graph: bool = False,
    strict: bool = False, vectorize: bool = False, outer_jacobian_strategy: str = "reverse-mode",
) -> Any:  # fmt: skip
    """The Hessian of ``func``, whose result is a scalar: per pair of inputs a tensor of shape
    ``(*a.shape, *b.shape)``, in tuples where there are several.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.hessian.html
    """
    several, xs = _tuple(inputs, "inputs", "hessian")
    scalar = _scalar(func, "hessian", strict)
    if vectorize:
        if strict:
            raise RuntimeError(
                "torch.autograd.functional.hessian: `strict=True` and `vectorized=True` are not "
                "supported together. Please either set `strict=False` or `vectorize=False`."
            )
        from ..func import hessian as together

        numbers = tuple(range(len(xs)))
        found = together(scalar, numbers)(*xs)
        made = tuple(_finish(row, several, create_graph) for row in found)
        return made if several else made[0]

    def gradient(*values: Any) -> Any:
        found = jacobian(scalar, values, True)
        _check_slopes(found, strict)
        return found if several else found[0]

    return jacobian(gradient, inputs, create_graph, strict)


def vhp(
    func: Callable[..., Any], inputs: Tensor | Sequence[Tensor],
    v: Tensor | Sequence[Tensor] | None = None, create_graph: bool = False, strict: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """``func(*inputs)``, a scalar, and the product of ``v`` with its Hessian.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.vhp.html
    """
    return _vhp(func, inputs, v, create_graph, strict, "vhp")


def _vhp(
    func: Callable[..., Any], inputs: Any, v: Any, create_graph: bool, strict: bool, name: str
) -> tuple[Any, Any]:
    several, xs = _tuple(inputs, "inputs", name)
    with enable_grad():
        xs = _leaves(xs, create_graph)
        vs = _vectors(v, xs, several, name)
        y = _scalar(func, name, strict)(*xs)
        slopes = _gradient([y], xs, [wrap(np.ones_like(y._data))], True, False)
        if strict:
            _gradient([y], xs, [wrap(np.ones_like(y._data))], False, True)
            _check_slopes(slopes, strict)
        found = _gradient(slopes, xs, vs, create_graph, strict, "The jacobian")
    return _finish([y], False, create_graph), _finish(found, several, create_graph)


def hvp(
    func: Callable[..., Any], inputs: Tensor | Sequence[Tensor],
    v: Tensor | Sequence[Tensor] | None = None, create_graph: bool = False, strict: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """``func(*inputs)``, a scalar, and the product of its Hessian with ``v``.

    The Hessian is symmetric, so this is ``vhp``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.hvp.html
    """
    return _vhp(func, inputs, v, create_graph, strict, "hvp")
