"""Views as copies: ``permute_copy`` is ``permute`` with memory of its own, and so on."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from .._types.layout import contiguous_format
from ..autograd.out import into
from . import broadcasting, complex_parts, diagonals, joining, regions, shape, storage
from .arguments import one_dim
from .regions import slice_p
from .shape import alias_p, clone

if TYPE_CHECKING:
    from .._tensor.tensor import Tensor

F = TypeVar("F", bound=Callable[..., Any])

__all__ = [
    "alias_copy", "as_strided_copy", "detach_copy", "diagonal_copy", "expand_copy",
    "narrow_copy",
    "permute_copy", "select_copy", "slice_copy", "split_copy", "split_with_sizes_copy",
    "squeeze_copy", "t_copy", "transpose_copy", "unbind_copy", "unfold_copy", "unsqueeze_copy",
    "view_as_complex_copy", "view_as_real_copy", "view_copy",
]  # fmt: skip


def _packed(view: Tensor) -> Tensor:
    return clone(view, memory_format=contiguous_format)


def copying(view: F, name: str | None = None) -> F:
    """``view`` whose results do not share the memory of the input."""

    def copy(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        if out is not None:
            return into(out, copy, *args, **kwargs)
        made = view(*args, **kwargs)
        return tuple(map(_packed, made)) if isinstance(made, tuple | list) else _packed(made)

    functools.update_wrapper(copy, view, updated=())  # not its attributes: it is no primitive
    copy.__name__ = copy.__qualname__ = name or f"{view.__name__}_copy"
    copy.__module__ = __name__
    copy.__doc__ = f"``{view.__name__}``, as a copy.\n\n    {view.__doc__}"
    return cast(F, copy)


def narrow_copy(
    input: Tensor, dim: int, start: Tensor | int, length: int, *, out: Tensor | None = None
) -> Tensor:
    """``narrow``, as a copy."""
    if dim >= input.ndim:  # of another type in PyTorch, here alone
        raise RuntimeError(
            f"narrow_copy: Expected dim < {input.ndim}, the number of dimensions, but got {dim}"
        )
    return _packed(regions.narrow(input, dim, start, length))


def alias(input: Any) -> Any:
    """A view of all of ``input``."""
    return alias_p(input)


def detach(input: Tensor) -> Tensor:
    """A view of ``input`` outside of the graph."""
    return input.detach()


def slice_(input: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Any:
    """``input[start:end:step]`` along ``dim``."""
    return slice_p(input, (*(slice(None),) * one_dim(dim, input.ndim), slice(start, end, step)))


def _view_of_any(input: Any, size: Any = None, *, dtype: Any = None) -> Any:
    """``input`` in another shape or as another dtype, whatever its strides."""
    whole = shape.contiguous(input)
    return shape.view(whole, size) if dtype is None else shape.view(whole, dtype=dtype)


alias_copy, detach_copy, slice_copy = copying(alias), copying(detach), copying(slice_, "slice_copy")
as_strided_copy = copying(storage.as_strided)
diagonal_copy = copying(diagonals.diagonal)
expand_copy = copying(broadcasting.expand)
select_copy = copying(regions.select)
permute_copy, transpose_copy = copying(shape.permute), copying(shape.transpose)
t_copy = copying(shape.t)
squeeze_copy, unsqueeze_copy = copying(shape.squeeze), copying(shape.unsqueeze)
split_copy, split_with_sizes_copy = copying(joining.split), copying(joining.split_with_sizes)
unbind_copy, unfold_copy = copying(joining.unbind), copying(regions.unfold)
view_as_complex_copy = copying(complex_parts.view_as_complex)
view_as_real_copy = copying(complex_parts.view_as_real)
view_copy = copying(_view_of_any, "view_copy")
