"""Reverse mode as functions of functions: ``grad``, ``vjp``, ``jacrev``, ``jacfwd``,
``hessian``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..autograd.frames import folding
from ..autograd.grad_mode import enable_grad, is_grad_enabled, transform_level
from ..autograd.interpreters import disable_saved_tensors_hooks
from ..ops.creation import eye, zeros_like
from ..ops.inspection import is_tensor
from ..ops.joining import stack
from . import pytree
from .arguments import check_outputs, check_real, numbers_of, with_aux
from .batching import vmap
from .forward import jvp
from .leaves import gradients_or_none, passed, per_example, reaches_others, tracked

HOOKS = (
    "torch.func.{grad, vjp, jacrev, hessian} don't yet support saved tensor hooks. Please open an "
    "issue with your use case."
)

__all__ = ["grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "vjp"]


def _split(
    args: tuple[Any, ...], argnums: Any
) -> tuple[list[int], list[Any], tuple[Any, ...], Any]:
    """The numbers of the wanted arguments, their leaves, and their structure."""
    numbers = numbers_of(argnums, len(args))
    wanted = tuple(args[n] for n in numbers)
    leaves, spec = pytree.flatten(wanted)
    for leaf in leaves:
        if not is_tensor(leaf) or leaf.dtype.category < 2:
            raise RuntimeError(
                f"grad: expected the arguments {argnums} to be floating-point Tensors, got {leaf!r}"
            )
    return numbers, leaves, wanted, spec


def _with(args: tuple[Any, ...], numbers: list[int], values: Any) -> list[Any]:
    full = list(args)
    for n, value in zip(numbers, values, strict=True):
        full[n] = value
    return full


def grad_and_value(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """Like ``grad``; the function made returns ``(gradients, value)``."""

    @folding
    @functools.wraps(func)
    def differentiated(*args: Any, **kwargs: Any) -> Any:
        numbers, leaves, _, spec = _split(args, argnums)
        recording = is_grad_enabled()
        with enable_grad(), transform_level(), disable_saved_tensors_hooks(HOOKS):
            args = tuple(pytree.tree_map(passed, args))
            xs = [tracked(per_example(leaf)) for leaf in leaves]
            made = func(*_with(args, numbers, pytree.unflatten(xs, spec)), **kwargs)
            value, aux = with_aux(made, "grad_and_value(f)(*args)") if has_aux else (made, None)
            if not is_tensor(value):
                raise RuntimeError(
                    f"Expected f(*args) to return a tensor, got {type(value).__name__}"
                )
            if value.ndim:
                raise RuntimeError(
                    f"Expected f(*args) to return a scalar tensor, got tensor with {value.ndim} "
                    f"dims (shape {list(value.shape)}). Maybe you'd like to use vjp or jacrev APIs?"
                )
            create_graph = reaches_others([value], xs) and recording
            found = gradients_or_none([value], xs, [None], create_graph)
        found = [zeros_like(x).detach() if g is None else g for x, g in zip(xs, found, strict=True)]
        if not create_graph:
            value, aux = pytree.tree_map(_detached, (value, aux))
        result = pytree.unflatten(found, spec)
        result = result[0] if isinstance(argnums, int) else result
        return (result, (value, aux)) if has_aux else (result, value)

    return differentiated


def _detached(x: Any) -> Any:
    """``x`` out of the graph; the tangents of outer transforms stay."""
    if getattr(x, "_interpreter", None) is not None:
        return x._map(_detached)
    return x.detach() if is_tensor(x) else x


def grad(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that computes the gradient of ``func``, whose result is a scalar.

    Args:
        argnums: which arguments to differentiate by; an int, or a tuple for a tuple of gradients.
        has_aux: ``func`` returns ``(value, aux)``; the function made returns ``(gradients, aux)``.

    Raises:
        RuntimeError: the result is not a scalar.

    Example:
        >>> import minitorch as torch
        >>> torch.func.grad(torch.func.grad(torch.sin))(torch.tensor(0.0))
        tensor(-0.)
    """
    both = grad_and_value(func, argnums, has_aux)

    @folding
    @functools.wraps(func)
    def differentiated(*args: Any, **kwargs: Any) -> Any:
        found, value = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return differentiated


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """``func(*primals)`` and the function that pulls cotangents back through it.

    Returns:
        ``(output, vjp_fn)``, or ``(output, vjp_fn, aux)``; ``vjp_fn`` takes cotangents of the
        output's structure and returns a tuple, one value per primal.
    """
    leaves, spec = pytree.flatten(primals)
    recording = is_grad_enabled()
    with enable_grad(), transform_level(), disable_saved_tensors_hooks(HOOKS):
        xs = [tracked(per_example(leaf)) for leaf in leaves]
        made = func(*pytree.unflatten(xs, spec))
    output, aux = with_aux(made, "vjp(f, *primals)") if has_aux else (made, None)
    check_outputs(output, "vjp(f, *primals)")
    ys, structure = pytree.flatten(output)
    others = reaches_others(ys, xs)

    def vjp_fn(*cotangents: Any) -> Any:
        tree = cotangents[0] if len(cotangents) == 1 else cotangents
        gs, given = pytree.flatten(tree)
        if repr(given) != repr(structure):
            raise RuntimeError(
                f"Expected pytree structure of cotangents to be the same as pytree structure of "
                f"outputs to the function. cotangents: {given}, primal output: {structure}"
            )
        graph = is_grad_enabled() and (others or any(g.requires_grad for g in gs))
        with enable_grad():
            found = gradients_or_none(ys, xs, gs, graph)
        found = [zeros_like(x).detach() if g is None else g for x, g in zip(xs, found, strict=True)]
        return pytree.unflatten(found, spec)

    shown = (output, aux) if others and recording else pytree.tree_map(_detached, (output, aux))
    return (shown[0], vjp_fn, shown[1]) if has_aux else (shown[0], vjp_fn)


def _unit_vectors(leaves: list[Any]) -> list[Any]:
    """Per leaf a batch of cotangents (or tangents): all elements of all leaves in turn."""
    sizes = [leaf.numel() for leaf in leaves]
    total, start, found = sum(sizes), 0, []
    for leaf, size in zip(leaves, sizes, strict=True):
        rows = eye(total, dtype=leaf.dtype)[:, start : start + size]
        found.append(rows.reshape((total, *leaf.shape)))
        start += size
    return found


def one_at_a_time(func: Callable[..., Any]) -> Callable[..., Any]:
    """As ``vmap``, row by row: also for what ``vmap`` cannot do."""

    def mapped(*batches: Any) -> Any:
        found = [func(*row) for row in zip(*batches, strict=True)]
        columns = zip(*(pytree.flatten(each)[0] for each in found), strict=True)
        return pytree.unflatten([stack(column) for column in columns], pytree.flatten(found[0])[1])

    return mapped


def jacrev(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, *, has_aux: bool = False,
    chunk_size: int | None = None, _preallocate_and_copy: bool = False,
) -> Callable[..., Any]:  # fmt: skip
    """The function that computes the Jacobian of ``func`` by reverse mode, all rows at once.

    Its result has the shape ``(*output.shape, *input.shape)``. ``_preallocate_and_copy``, for a
    memory saving of PyTorch's, makes no difference.
    """

    @functools.wraps(func)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        numbers, _, wanted, _ = _split(args, argnums)

        def of_wanted(*values: Any) -> Any:
            others = tuple(pytree.tree_map(passed, args))
            return func(*_with(others, numbers, values), **kwargs)

        check_real("jacrev", args, "inputs")
        if chunk_size is not None and chunk_size < 1:
            raise ValueError("jacrev: `chunk_size` should be greater than 0.")
        made = vjp(of_wanted, *wanted, has_aux=has_aux)
        output, vjp_fn = made[0], made[1]
        check_real("jacrev", output, "outputs")
        ys, out_spec = pytree.flatten(output)

        def pull(*gs: Any) -> Any:
            return vjp_fn(pytree.unflatten(list(gs), out_spec))

        over_rows = (
            one_at_a_time if chunk_size == 1 else functools.partial(vmap, chunk_size=chunk_size)
        )
        rows = over_rows(pull)(*_unit_vectors(ys))
        per_output = []
        start = 0
        for y in ys:
            stop = start + y.numel()

            def block(t: Any, y: Any = y, start: int = start, stop: int = stop) -> Any:
                return t[start:stop].reshape((*y.shape, *t.shape[1:]))

            blocks = pytree.tree_map(block, tuple(rows))
            per_output.append(blocks[0] if isinstance(argnums, int) else blocks)
            start = stop
        result = pytree.unflatten(per_output, out_spec)
        return (result, made[2]) if has_aux else result

    return jacobian


def jacfwd(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False, *,
    randomness: str = "error", chunk_size: int | None = None,
) -> Callable[..., Any]:  # fmt: skip
    """The function that computes the Jacobian of ``func`` by forward mode, all columns at once.

    Its result has the shape ``(*output.shape, *input.shape)``.
    """

    @functools.wraps(func)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        numbers, leaves, wanted, spec = _split(args, argnums)
        check_real("jacfwd", args, "inputs")

        def push(*tangents: Any) -> Any:
            def of_wanted(*values: Any) -> Any:
                others = tuple(pytree.tree_map(passed, args))
                return func(*_with(others, numbers, values), **kwargs)

            made = jvp(of_wanted, wanted, pytree.unflatten(list(tangents), spec), has_aux=has_aux)
            check_real("jacfwd", made[0], "outputs")
            return made[1:] if has_aux else made[1]

        made = vmap(push, randomness=randomness, chunk_size=chunk_size)(*_unit_vectors(leaves))
        columns, aux = made if has_aux else (made, None)
        found, out_spec = pytree.flatten(columns)
        per_output = []
        for column in found:
            blocks, start = [], 0
            for leaf in leaves:
                part = column[start : start + leaf.numel()]
                start += leaf.numel()
                order = (*range(1, part.ndim), 0)
                blocks.append(part.permute(order).reshape((*part.shape[1:], *leaf.shape)))
            tree = pytree.unflatten(blocks, spec)
            per_output.append(tree[0] if isinstance(argnums, int) else tree)
        result = pytree.unflatten(per_output, out_spec)
        return (result, pytree.tree_map(lambda t: t[0], aux)) if has_aux else result

    return jacobian


def hessian(func: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The function that computes the Hessian of ``func``: forward mode over reverse mode.

    Example:
        >>> import minitorch as torch
        >>> torch.func.hessian(lambda x: (x ** 3).sum())(torch.tensor([1.0, 2.0]))
        tensor([[ 6.,  0.],
                [ 0., 12.]])
    """
    return jacfwd(jacrev(func, argnums), argnums)
