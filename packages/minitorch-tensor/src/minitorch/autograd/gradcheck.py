"""Checks of gradients against finite differences.

The numerical Jacobian is (f(x + eps) - f(x - eps)) / 2 eps, element by element; the analytical one
comes from the backward pass, output by output. A complex number counts as two real ones, its parts.

Follows https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradcheck.html
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .engine import backward
from .grad_mode import current, enable_grad, no_grad
from .history import history
from .node import AccumulateGrad, Output, Partial
from .variable import Variable, wrap

if TYPE_CHECKING:
    from .._tensor import Tensor

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


class GradcheckError(RuntimeError):
    """A gradient is wrong, or the check cannot tell."""


def _tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,)


def _differentiable(values: Sequence[Any]) -> list[Any]:
    return [v for v in values if isinstance(v, Variable) and history(v) is not None]


def _outputs(func: Callable[..., Any], inputs: tuple[Any, ...]) -> list[Any]:
    return _differentiable(_tuple(func(*inputs)))


def _units(array: Any) -> tuple[complex, ...]:
    """The directions in which an element can move."""
    return (1, 1j) if array.dtype.kind == "c" else (1,)


def _reals(array: Any) -> Any:
    """The real numbers that ``array`` is made of, in a row."""
    row = np.ravel(array)
    return row.view(row.real.dtype)


def _random(shape: tuple[int, ...], dtype: Any, random: np.random.Generator) -> Any:
    values = random.standard_normal(shape)
    if dtype.kind == "c":
        values = values + 1j * random.standard_normal(shape)
    return wrap(np.asarray(values, dtype))


def _slope(up: Any, down: Any, step: float) -> Any:
    return (up - down) / step


def _numerical(
    func: Any, inputs: tuple[Any, ...], x: Any, made: tuple[Any, ...], which: list[int], eps: float
) -> list[Any]:
    """Per output ``made[k]`` the matrix d made[k] / d x: a row for each number of ``x``."""
    data = x._array()
    units = _units(data)
    rows: list[list[Any]] = []
    for place in np.ndindex(data.shape):
        value = data[place]
        for unit in units:
            ends = []
            for step in (eps, -eps):
                data[place] = value + step * unit
                with enable_grad():
                    end = _tuple(func(*inputs))
                _check_like(end, made, which, eps, place)
                ends.append([_reals(np.array(end[k]._data)) for k in which])
            data[place] = value
            quotients = zip(*ends, strict=True)
            rows.append(
                [current.state.without_warnings(_slope, *ends, 2 * eps) for ends in quotients]
            )
    return [
        np.array([row[n] for row in rows]).reshape(
            data.size * len(units), _reals(made[k]._data).size
        )
        for n, k in enumerate(which)
    ]


def _check_like(
    end: tuple[Any, ...], made: tuple[Any, ...], which: list[int], eps: float, place: Any
) -> None:
    for k in which:
        for what in ("shape", "dtype"):
            one, other = getattr(end[k], what), getattr(made[k], what)
            if one != other:
                raise AssertionError(
                    f"Expected `func` to return outputs with the same {what} when inputs are "
                    f"perturbed on index {place} by {eps}, but got: {what}s {other} and {one}."
                )


def _analytical(output: Any, inputs: list[Any]) -> list[Any]:
    """Per input the matrix d output / d input: a row for each number of the input."""
    data = output._data
    numbers = _reals(data).size
    found = [np.zeros((_reals(x._data).size, numbers), x._data.real.dtype) for x in inputs]
    for column in range(numbers):
        seed = np.zeros(data.shape, data.dtype)
        _reals(seed)[column] = 1  # of a contiguous array a view
        targets = {history(x): None for x in inputs}
        backward([output], [wrap(seed)], True, False, targets)
        for matrix, x in zip(found, inputs, strict=True):
            g = targets[history(x)]
            if g is not None:
                if g.shape != x._data.shape:
                    raise GradcheckError(
                        f"grad has shape {list(g.shape)}, its input {list(x._data.shape)}"
                    )
                if g.dtype != x._data.dtype:
                    raise GradcheckError(f"grad has dtype {g.dtype}, its input {x._data.dtype}")
                matrix[:, column] = _reals(np.conj(g))  # as users see it
    return found


def gradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Compares the gradients of ``func`` with finite differences.

    Args:
        func: tensors in, a tensor or a tuple of tensors out; the same values at every call.
        inputs: a tensor or a tuple; those that require grad are checked and should be float64.
        eps: the step of the finite differences.
        atol, rtol: how far the two may differ.
        raise_exception: raise on failure; otherwise return False.
        nondet_tol: how far two backward passes may differ.
        check_undefined_grad: where no gradient or tangent arrives, none or zeros go on.
        check_batched_grad: the backward pass is the same for a batch of gradients under ``vmap``.
        check_forward_ad, check_backward_ad: which mode to check; at least one.
        check_batched_forward_grad: forward mode is the same under ``vmap``.
        check_grad_dtypes, fast_mode, masked: accepted; dtypes are always checked, and all elements.

    Raises:
        GradcheckError: they differ; the message shows both Jacobians.
        ValueError: no input requires grad.

    Example:
        >>> import minitorch
        >>> x = minitorch.tensor([0.5, 2.0], dtype=minitorch.float64, requires_grad=True)
        >>> minitorch.autograd.gradcheck(lambda x: x.exp() * x, (x,))
        True
    """
    assert check_forward_ad or check_backward_ad, (
        "Expected at least one of check_forward_ad or check_backward_ad to be True"
    )
    assert check_forward_ad or not check_batched_forward_grad, (
        "Setting check_batched_forward_grad=True requires check_forward_ad to be True"
    )
    inputs = _tuple(inputs)
    try:
        _check_inputs(inputs)
        if check_backward_ad:
            _check(func, inputs, eps, atol, rtol, nondet_tol)
        if check_forward_ad:
            _check_forward(func, inputs, eps, atol, rtol)
            if check_undefined_grad:
                _check_undefined_forward(func, inputs)
            if check_batched_forward_grad:
                _check_batched_forward(func, inputs)
        if check_backward_ad:
            if check_batched_grad:
                _check_batched(func, inputs)
            if check_undefined_grad:
                _check_undefined(func, inputs)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def _check_inputs(inputs: tuple[Any, ...]) -> None:
    if not _differentiable(inputs):
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them "
            "have requires_grad=True."
        )
    for k, x in enumerate(inputs):
        if isinstance(x, Variable) and history(x) is not None:
            if x._data.dtype not in (np.float64, np.complex128):
                warnings.warn(
                    f"Input #{k} requires gradient and is not a double precision floating point. "
                    "This check will likely fail if all the inputs are not of double precision "
                    "floating point.",
                    stacklevel=4,
                )
            if 0 in x._array().strides and x._data.size > 1:
                raise RuntimeError(
                    f"The {k}th input has a dimension with stride 0. gradcheck only supports "
                    "inputs "
                    "that are non-overlapping to be able to compute the numerical gradients "
                    "correctly. You should call .contiguous on the input before passing it to "
                    "gradcheck."
                )


def _check(
    func: Any, inputs: tuple[Any, ...], eps: float, atol: float, rtol: float, nondet_tol: float
) -> None:
    wanted = _differentiable(inputs)
    made = _tuple(func(*inputs))
    which = [k for k, o in enumerate(made) if isinstance(o, Variable) and history(o) is not None]
    if not which:  # then the true gradient must be zero
        which = [
            k for k, o in enumerate(made) if isinstance(o, Variable) and o._data.dtype.kind in "fVc"
        ]
        for x in wanted:
            for numerical in _numerical(func, inputs, x, made, which, eps):
                if not np.allclose(numerical, 0, atol=atol):
                    raise GradcheckError("Numerical gradient for function expected to be zero")
        return
    analytical = [_analytical(made[k], wanted) for k in which]
    again = [_analytical(made[k], wanted) for k in which]
    for column, x in enumerate(wanted):
        position = next(k for k, each in enumerate(inputs) if each is x)
        numerical = _numerical(func, inputs, x, made, which, eps)
        for row, output in enumerate(which):
            a, n = analytical[row][column], numerical[row]
            if not np.allclose(a, again[row][column], rtol=0, atol=nondet_tol, equal_nan=True):
                raise GradcheckError(
                    "Backward is not reentrant, i.e., running backward with same input and "
                    f"grad_output multiple times gives different values. nondet_tol={nondet_tol}."
                )
            if not np.allclose(a, n, rtol=rtol, atol=atol, equal_nan=False):
                raise GradcheckError(_part(made[output], a, n, rtol, atol)
                                     + _mismatch("", output, position, n, a))  # fmt: skip


def _part(output: Any, analytical: Any, numerical: Any, rtol: float, atol: float) -> str:
    """Which part of the Jacobian of a complex output differs: columns are real parts, then
    imaginary ones, in turn."""
    if output._data.dtype.kind != "c":
        return ""
    imaginary = np.allclose(analytical[:, 1::2], numerical[:, 1::2], rtol=rtol, atol=atol)
    part = "real" if imaginary else "imaginary"
    return f"While considering the {part} part of complex outputs only, "


def _check_undefined(func: Any, inputs: tuple[Any, ...]) -> None:
    """Where a node gets no gradient for some or all outputs, what it passes on must be right."""
    for output in _outputs(func, inputs):
        node: Any = history(output)
        step: Any = node.parents[0] if isinstance(node, Output) else node
        if not hasattr(step, "function"):  # our own steps do not run where nothing arrives
            continue
        nothing = Partial() if isinstance(node, Output) else None
        if nothing is None and step.materialize_grads:
            nothing = np.zeros_like(output._data)
        with no_grad():
            found = step.vjp(nothing, False, None)
        if any(g is not None and np.any(g) for g in found):
            raise GradcheckError(
                "Expected backward function to handle undefined output grads: "
                f"{step.name()} passes on numbers other than 0 where no gradient arrives"
            )


def _check_batched(func: Any, inputs: tuple[Any, ...]) -> None:
    from .grad import grad

    wanted = _differentiable(inputs)
    for number, output in enumerate(_outputs(func, inputs)):
        shape, dtype = output._data.shape, output._data.dtype
        seeds = _random((2, *shape), dtype, np.random.default_rng(number))
        one_by_one = [grad(output, wanted, g, True, allow_unused=True) for g in seeds]
        try:
            batch = grad(output, wanted, seeds, True, allow_unused=True, is_grads_batched=True)
        except RuntimeError as error:
            raise GradcheckError(
                f"While computing batched gradients, got: {error}\nThe backward pass of output "
                f"{number} does not run under vmap."
            ) from error
        for k, together in enumerate(batch):
            rows = [each[k] for each in one_by_one]
            if together is not None and not np.allclose(together._data, [r._data for r in rows]):
                raise GradcheckError(
                    f"For output {number} and input {k}: the gradients of a batch under vmap are "
                    f"{together}, one by one {rows}"
                )


def _check_batched_forward(func: Any, inputs: tuple[Any, ...]) -> None:
    from ..func.batching import old_vmap

    for position in _places(inputs):
        x = inputs[position]
        shapes = [o._data for o in _tuple(func(*inputs)) if isinstance(o, Variable)]

        def push(t: Any, position: int = position, shapes: Any = shapes) -> Any:
            found = _pushed(func, inputs, {position: t})
            return tuple(
                wrap(np.zeros_like(like)) if t is None else t
                for t, like in zip(found, shapes, strict=True)
            )

        seeds = _random((2, *x._data.shape), x._data.dtype, np.random.default_rng(position))
        one_by_one = [push(t) for t in seeds]
        try:
            batch = old_vmap(push)(seeds)
        except RuntimeError as error:
            raise GradcheckError(f"While computing batched gradients, got: {error}") from error
        for k, together in enumerate(batch):
            rows = [each[k].detach()._data for each in one_by_one]
            if not np.allclose(together.detach()._data, rows):
                raise GradcheckError(f"Forward mode of output {k} differs under vmap")


def _mismatch(mode: str, output: int, position: int, numerical: Any, analytical: Any) -> str:
    return (
        f"Jacobian {mode}mismatch for output {output} with respect to input {position},\n"
        f"numerical:{numerical}\nanalytical:{analytical}\n"
    )


def _places(inputs: tuple[Any, ...]) -> list[int]:
    """The positions of what is to be differentiated by."""
    return [k for k, x in enumerate(inputs) if isinstance(x, Variable) and history(x) is not None]


def _pushed(func: Any, inputs: tuple[Any, ...], tangents: dict[int, Any]) -> list[Any]:
    """The outputs' tangents (or None), given those of the inputs at some positions."""
    from .forward_ad import dual_level, make_dual, unpack_dual

    tracked = _places(inputs)
    with dual_level():
        duals = [
            make_dual(x.detach(), tangents[k]) if k in tangents
            else x.detach() if k in tracked else x
            for k, x in enumerate(inputs)
        ]  # fmt: skip
        return [
            unpack_dual(o).tangent if isinstance(o, Variable) else None
            for o in _tuple(func(*duals))
        ]


def _zeros(inputs: tuple[Any, ...]) -> dict[int, Any]:
    return {
        k: wrap(np.zeros(inputs[k]._data.shape, inputs[k]._data.dtype)) for k in _places(inputs)
    }


def _check_forward(
    func: Any, inputs: tuple[Any, ...], eps: float, atol: float, rtol: float
) -> None:
    """The same for forward mode: one column of the Jacobian per input element."""
    made = _tuple(func(*inputs))
    which = [k for k, o in enumerate(made) if isinstance(o, Variable) and o.requires_grad]
    for position in _places(inputs):
        x = inputs[position]
        rows = []
        for place in range(_reals(x._data).size):
            tangents = _zeros(inputs)
            _reals(tangents[position]._array())[place] = 1
            found = _pushed(func, inputs, tangents)
            rows.append(
                [_reals(np.zeros_like(made[k]._data) if found[k] is None else
                        found[k].detach()._data) for k in which]
            )  # fmt: skip
        matrices = _numerical(func, inputs, x, made, which, eps)
        for column, (output, numerical) in enumerate(zip(which, matrices, strict=True)):
            analytical = np.array([row[column] for row in rows]).reshape(numerical.shape)
            if not np.allclose(analytical, numerical, rtol=rtol, atol=atol):
                mode = "computed with forward mode "
                raise GradcheckError(_mismatch(mode, output, position, numerical, analytical))


def _check_undefined_forward(func: Any, inputs: tuple[Any, ...]) -> None:
    """An input without a tangent is one whose tangent is zero."""
    tangents = {
        k: _random(inputs[k]._data.shape, inputs[k]._data.dtype, np.random.default_rng(k))
        for k in _places(inputs)
    }
    for position, zero in _zeros(inputs).items():
        zeros = _pushed(func, inputs, {**tangents, position: zero})
        without = {k: t for k, t in tangents.items() if k != position}
        for output, pair in enumerate(zip(zeros, _pushed(func, inputs, without), strict=True)):
            a, b = (0 if t is None else t.detach()._data for t in pair)
            if not np.allclose(a, b):
                raise GradcheckError(
                    f"Mismatch in tangent values for output with index: {output} when input: "
                    f"{inputs[position]} has an undefined tangent value. Got: {b}, but expected: "
                    f"{a}"
                )


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    grad_outputs: Tensor | Sequence[Tensor] | None = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Compares the gradients of the gradients of ``func`` with finite differences.

    Args:
        func, inputs: as in ``gradcheck``.
        grad_outputs: the gradients to start with, one per output; by default fixed random ones.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradgradcheck.html
    """
    from .grad import grad

    inputs = _tuple(inputs)
    outputs = _outputs(func, inputs)
    if grad_outputs is None:
        random = np.random.default_rng(0)
        made: tuple[Any, ...] = tuple(
            _random(o._data.shape, o._data.dtype, random) for o in outputs
        )
    else:
        made = _tuple(grad_outputs)
    starts = tuple(g if isinstance(history(g), AccumulateGrad) else _leaf(g) for g in made)
    count = len(starts)

    def gradient(*args: Any) -> tuple[Any, ...]:
        values, gs = args[:-count], args[-count:]
        found = grad(
            _outputs(func, values),
            _differentiable(values),
            gs,
            create_graph=True,
            allow_unused=True,
        )
        return tuple(g for g in found if g is not None)

    with_grad = tuple(
        _leaf(x) if isinstance(x, Variable) and history(x) is not None else x for x in inputs
    )

    if not count:
        return True
    return gradcheck(
        gradient,
        (*with_grad, *starts),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
    )


DEPRECATED = (
    "`{0}` was part of PyTorch's private API and not meant to be exposed. We are deprecating it "
    "and it will be removed in a future version of PyTorch. If you have a specific use for this or "
    "feature request for this to be a stable API, please file us an issue at "
    "https://github.com/pytorch/pytorch/issues/new"
)


def _deprecated(name: str, grad_out: float) -> None:
    warnings.warn(DEPRECATED.format(name), FutureWarning, stacklevel=3)
    if grad_out != 1.0:
        raise ValueError(
            f"Expected grad_out to be 1.0. {name} no longer supports values of grad_out != 1.0."
        )


def get_numerical_jacobian(
    fn: Callable[..., Any], inputs: Any, target: Any = None, eps: float = 1e-3,
    grad_out: float = 1.0,
) -> tuple[Any, ...]:  # fmt: skip
    """Of the first output of ``fn(inputs)``, by finite differences: per tensor of ``target`` (all
    inputs) that requires grad a matrix with a row for each of its elements. Deprecated.
    """
    _deprecated("get_numerical_jacobian", grad_out)
    given = _tuple(inputs)
    made = _tuple(fn(given))

    def packed(*values: Any) -> Any:
        return fn(values)

    targets = _differentiable(given if target is None else _tuple(target))
    return tuple(wrap(_numerical(packed, given, x, made, [0], eps)[0]) for x in targets)


def get_analytical_jacobian(
    inputs: Any, output: Any, nondet_tol: float = 0.0, grad_out: float = 1.0
) -> tuple[Any, ...]:
    """``(matrices, same twice, right sizes, right dtypes)`` by the backward pass of ``output``.
    Deprecated.
    """
    _deprecated("get_analytical_jacobian", grad_out)
    wanted = _differentiable(_tuple(inputs))
    found, again = (_analytical(output, wanted) for _ in range(2))
    same = all(
        np.allclose(a, b, rtol=0, atol=nondet_tol) for a, b in zip(found, again, strict=True)
    )
    return tuple(map(wrap, found)), same, True, True


def _leaf(x: Any) -> Any:
    return wrap(np.array(x._data)).requires_grad_()
