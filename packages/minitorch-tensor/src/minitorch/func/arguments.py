"""What transforms ask of their arguments and of what their functions return, PyTorch's errors."""

from __future__ import annotations

from typing import Any

from ..ops.inspection import is_tensor
from . import pytree

__all__ = ["check_outputs", "check_real", "numbers_of", "slice_argnums", "with_aux"]


def numbers_of(argnums: Any, count: int) -> list[int]:
    """The positions that ``argnums``, an int or a tuple of them, means among ``count`` arguments.

    Raises:
        RuntimeError: it is neither, is empty, names one twice or one that is not there.
    """
    if not isinstance(argnums, int | tuple):
        raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")
    numbers = (argnums,) if isinstance(argnums, int) else argnums
    if not numbers:
        raise RuntimeError("argnums must be non-empty, got argnums=()")
    for n in numbers:
        if not isinstance(n, int):
            raise RuntimeError(f"argnum must be int, got: {type(n)}")
        if not -count <= n < count:
            raise RuntimeError(f"Got argnum={n}, but only {count} positional inputs")
    found = [n % count for n in numbers]
    if len(set(found)) < len(found):
        raise RuntimeError(f"argnums elements must be unique, got {argnums}")
    return found


def slice_argnums(args: tuple[Any, ...], argnums: Any, as_tuple: bool = True) -> Any:
    """The arguments that ``argnums`` means: one in a tuple, or by itself without ``as_tuple``."""
    found = tuple(args[n] for n in numbers_of(argnums, len(args)))
    return found if as_tuple or isinstance(argnums, tuple) else found[0]


def check_outputs(output: Any, where: str) -> None:
    """Raises where the function of the transform ``where`` returned nothing, or no tensors.

    Raises:
        RuntimeError: that.
    """
    leaves, _ = pytree.flatten(output)
    if output is None or not leaves:
        raise RuntimeError(
            f"{where}: Expected f to be a function that has non-empty output (got output = "
            f"{output})"
        )
    for leaf in leaves:
        if not is_tensor(leaf):
            raise RuntimeError(
                f"{where}: expected f(*primals) to return only tensors, got unsupported type "
                f"{type(leaf).__name__}"
            )


def check_real(transform: str, tree: Any, what: str) -> None:
    """Raises where a tensor among the inputs or outputs of a Jacobian is complex.

    Raises:
        RuntimeError: that.
    """
    for k, leaf in enumerate(pytree.flatten(tree)[0]):
        if is_tensor(leaf) and leaf.is_complex():
            raise RuntimeError(
                f"{transform}: Expected all {what} to be real but received complex tensor at "
                f"flattened {what[:-1]} idx: {k}"
            )


def with_aux(made: Any, where: str) -> tuple[Any, Any]:
    """What a function with ``has_aux`` returned: ``(output, aux)``, aux made of tensors.

    Raises:
        RuntimeError: it returned something else.
    """
    if not isinstance(made, tuple) or len(made) != 2:
        raise RuntimeError(
            f"{where}: output of function f should be a tuple: (output, aux) if has_aux is True"
        )
    for leaf in pytree.flatten(made[1])[0]:
        if not is_tensor(leaf):
            raise RuntimeError(
                f"{where}: Expected tensors, got unsupported type {type(leaf).__name__}"
            )
    return made
