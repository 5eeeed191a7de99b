"""Shapes: reshaping and permuting. Views where NumPy shares memory."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from .._types.dtype import bfloat16, is_installed
from .._types.dtype import dtype as Dtype
from .._types.layout import contiguous_format, preserve_format
from ..autograd.frames import fold
from ..autograd.primitive import labelled, primitive
from ..autograd.variable import Variable, wrap
from ..kernels.half import as_bfloat16
from ..kernels.memory import copy, filled, like
from ..kernels.meta import reshaped
from ..kernels.storage import as_dtype
from .arguments import as_shape, numpy_names, one_dim, some_dims

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._tensor import Tensor
    from .._types.layout import memory_format
    from ..autograd.primitive import Operation

__all__ = [
    "adjoint", "atleast_1d", "atleast_2d", "atleast_3d", "clone", "flatten", "moveaxis", "movedim",
    "permute", "ravel", "reshape", "squeeze", "swapaxes", "swapdims", "t", "transpose",
    "unflatten", "unsqueeze",
]  # fmt: skip

VIEW = {"view": True, "traits": ("linear",)}
ALL = slice(None)


# --- reshaping ---------------------------------------------------------------------------------


def _reshape(x: Any, shape: tuple[int, ...]) -> Any:
    return x.reshape(shape)


view_p: Operation = primitive(
    _reshape, "x | shape", lambda g, x_shape: view_p(g, x_shape), name="view", meta=reshaped, **VIEW
)


def reshape(
    input: Tensor, *sizes: int | Sequence[int], shape: Sequence[int] | None = None
) -> Tensor:
    """The same elements in another shape; a view where the memory allows it.

    Args:
        sizes, shape: the sizes, one of which may be -1: whatever is left.

    Raises:
        RuntimeError: the sizes do not fit the number of elements.
    """
    try:
        wanted = as_shape(sizes if shape is None else (shape,))
        try:
            return view_p(input, wanted)
        except ValueError:
            raise not_of_size(wanted, input) from None
    except Exception as error:
        fold(error)
        raise


def not_of_size(wanted: tuple[int, ...], input: Any) -> RuntimeError:
    size = math.prod(input.shape)
    if not size and wanted.count(-1) == 1 and 0 in wanted:
        return RuntimeError(
            f"cannot reshape tensor of 0 elements into shape {list(wanted)} because the "
            "unspecified dimension size -1 can be any value and is ambiguous"
        )
    return RuntimeError(f"shape '{list(wanted)}' is invalid for input of size {size}")


@overload
def view(input: Tensor, dtype: Dtype) -> Tensor: ...
@overload
def view(
    input: Tensor, *shape: int | Sequence[int], size: Sequence[int] | None = None
) -> Tensor: ...
def view(
    input: Tensor, *shape: Any, size: Sequence[int] | None = None, dtype: Dtype | None = None
) -> Tensor:
    """The same memory in another shape, or read as another dtype.

    Without ml_dtypes, what is read as bfloat16 is float32 in memory of its own, with a warning.

    Args:
        shape, size: the sizes, one of which may be -1; or a dtype.

    Raises:
        RuntimeError: the sizes do not fit, or no strides give this shape without a copy.

    Example:
        >>> import minitorch
        >>> x = minitorch.zeros(2, 3)
        >>> x.view(6)[0] = 1.0
        >>> x[0, 0]
        tensor(1.)
    """
    try:
        if size is not None:
            shape = (size,)
        if len(shape) == 1 and isinstance(shape[0], Dtype):
            dtype = shape[0]
        if dtype is not None:
            input = input.detach()  # PyTorch defines no gradient
            if dtype is bfloat16 and not is_installed(bfloat16):
                return wrap(as_bfloat16(view_dtype_p(input, np.dtype(np.uint8))._array()))
            return view_dtype_p(input, dtype.numpy)
        made = reshape(input, *shape)
        if made._base is None and not input.is_contiguous():
            raise RuntimeError(
                "view size is not compatible with input tensor's size and stride (at least one "
                "dimension spans across two contiguous subspaces). Use .reshape(...) instead."
            )
        return made
    except Exception as error:
        fold(error)
        raise


alias_p = primitive(lambda x: x[...], "x", lambda g: g, name="alias", view=True)
# the memory of x read as another dtype
view_dtype_p = primitive(as_dtype, "x | dtype", None, name="view", view=True)


def reshape_as(input: Tensor, other: Tensor) -> Tensor:
    """``input`` in the shape of ``other``."""
    return reshape(input, other.shape)


def view_as(input: Tensor, other: Tensor) -> Tensor:
    """The memory of ``input`` in the shape of ``other``."""
    return view(input, other.shape)


squeeze_p = labelled(view_p, "SqueezeBackward0")
squeeze_dims_p = labelled(view_p, "SqueezeBackward1")
unsqueeze_p = labelled(view_p, "UnsqueezeBackward0")


@numpy_names
def squeeze(input: Tensor, dim: int | Sequence[int] | None = None) -> Tensor:
    """Without the dimensions of size 1 (those among ``dim``, an int or a tuple), a view."""
    shape = input.shape
    if dim is None:
        return squeeze_p(input, tuple(n for n in shape if n != 1))
    dims = () if dim == () else some_dims(dim, input.ndim)
    return squeeze_dims_p(input, tuple(n for k, n in enumerate(shape) if n != 1 or k not in dims))


@numpy_names
def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """With a dimension of size 1 put in at ``dim``, a view."""
    shape = tuple(input.shape)
    dim = one_dim(dim, len(shape) + 1)
    return unsqueeze_p(input, (*shape[:dim], 1, *shape[dim:]))


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The dimensions from ``start_dim`` to ``end_dim`` merged into one."""
    shape = tuple(input.shape) or (1,)
    start, end = one_dim(start_dim, input.ndim), one_dim(end_dim, input.ndim)
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if start == end and input.ndim:
        return input
    return view_p(input, (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :]))


def ravel(input: Tensor) -> Tensor:
    """All elements in one dimension, without gaps: a view of a contiguous tensor, else a copy."""
    return view_p(contiguous(input), (math.prod(input.shape),))


@numpy_names
def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """Dimension ``dim`` split into ``sizes``, one of which may be -1."""
    shape, sizes = tuple(input.shape), tuple(sizes)
    dim = one_dim(dim, len(shape))
    if not sizes:
        raise RuntimeError("unflatten: sizes must be non-empty")
    known = math.prod(n for n in sizes if n != -1)
    if -1 in sizes and known and shape[dim] % known == 0:
        sizes = tuple(shape[dim] // known if n == -1 else n for n in sizes)
    if math.prod(sizes) != shape[dim] or -1 in sizes:
        raise RuntimeError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {dim} "
            f"({shape[dim]}) in the input tensor"
        )
    return view_p(input, (*shape[:dim], *sizes, *shape[dim + 1 :]))


def atleast_1d(*tensors: Any) -> Any:
    """Each with at least one dimension."""
    return _atleast(tensors, lambda n: n or (1,))


def atleast_2d(*tensors: Any) -> Any:
    """Each with at least two dimensions."""
    return _atleast(tensors, lambda n: (1,) * (2 - len(n)) + n)


def atleast_3d(*tensors: Any) -> Any:
    """Each with at least three dimensions; a matrix gets its third at the end."""
    return _atleast(tensors, lambda n: ((1, 1, 1), (1, *n, 1), (*n, 1), n)[min(len(n), 3)])


def _atleast(tensors: tuple[Any, ...], widen: Any) -> Any:
    if len(tensors) == 1 and not isinstance(tensors[0], Variable):
        tensors = tuple(tensors[0])
        return tuple(_atleast((t,), widen) for t in tensors)
    if len(tensors) > 1:
        return tuple(_atleast((t,), widen) for t in tensors)
    (tensor,) = tensors
    shape = tuple(tensor.shape)
    return tensor if widen(shape) == shape else view_p(tensor, widen(shape))


# --- permuting ---------------------------------------------------------------------------------


def _permute(x: Any, dims: tuple[int, ...]) -> Any:
    return x.transpose(dims)


permute_p: Operation = primitive(
    _permute,
    "x | dims",
    lambda g, dims: permute_p(g, tuple(sorted(range(len(dims)), key=dims.__getitem__))),
    name="permute",
    **VIEW,
)


def permute(input: Tensor, *axes: int | Sequence[int], dims: Sequence[int] | None = None) -> Tensor:
    """The dimensions in another order, a view."""
    try:
        order = as_shape(axes if dims is None else (dims,))
        n = input.ndim
        if len(order) != n:
            raise RuntimeError(
                "permute(sparse_coo): number of dimensions in the tensor input does not match the "
                f"length of the desired ordering of dimensions i.e. input.dim() = {n} is not equal "
                f"to len(dims) = {len(order)}"
            )
        order = tuple(one_dim(d, n) for d in order)
        if len(set(order)) < n:
            raise RuntimeError(f"permute(): duplicate dims are not allowed, got {list(order)}")
        return permute_p(input, order)
    except Exception as error:
        fold(error)
        raise


transpose_p = labelled(permute_p, "TransposeBackward0")
t_p = labelled(permute_p, "TBackward0")


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two dimensions swapped, a view."""
    try:
        n = input.ndim
        order = list(range(n))
        a, b = one_dim(dim0, n), one_dim(dim1, n)
        if n:
            order[a], order[b] = b, a
        return transpose_p(input, tuple(order))
    except Exception as error:
        fold(error)
        raise


swapdims = transpose


def swapaxes(input: Tensor, axis0: int, axis1: int) -> Tensor:
    """``transpose`` under NumPy's name."""
    return transpose(input, axis0, axis1)


def t(input: Tensor) -> Tensor:
    """The transpose of a matrix, a view; fewer dimensions stay as they are."""
    if input.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {input.ndim}D")
    return t_p(input, tuple(reversed(range(input.ndim))))


def reverse_dims(input: Tensor) -> Tensor:
    """``x.T``: the dimensions in reverse order."""
    if input.ndim != 2:
        warnings.warn(
            "Tensor.T is deprecated on 0-D tensors. This function is the identity in these cases."
            if not input.ndim
            else "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is "
            "deprecated and it will throw an error in a future release. Consider `x.mT` to "
            "transpose batches of matrices or `x.permute(*torch.arange(x.ndim - 1, -1, -1))` to "
            "reverse the dimensions of a tensor.",
            stacklevel=2,
        )
    return permute_p(input, tuple(reversed(range(input.ndim))))


def matrix_transpose(input: Tensor) -> Tensor:
    """``x.mT``: the last two dimensions swapped."""
    if not input.ndim:
        warnings.warn(
            "Tensor.mT is deprecated on 0-D tensors. This function is the identity in these cases.",
            stacklevel=2,
        )
        return alias_p(input)
    if input.ndim < 2:
        raise RuntimeError(
            f"tensor.mT is only supported on matrices or batches of matrices. Got {input.ndim}-D "
            "tensor."
        )
    return transpose(input, -2, -1)


def adjoint(input: Tensor) -> Tensor:
    """``x.mH``: the last two dimensions swapped, complex numbers conjugated."""
    if input.ndim == 1:
        raise RuntimeError(
            f"tensor.adjoint() is only supported on matrices or batches of matrices. Got "
            f"{input.ndim}-D tensor."
        )
    if not input.ndim:
        warnings.warn(
            "adjoint() is deprecated on 0-D tensors. Consider using x.conj().", stacklevel=2
        )
    made = transpose(input, -2, -1) if input.ndim else alias_p(input)
    return made.conj() if input.dtype.is_complex else made


def hermitian(input: Tensor) -> Tensor:
    """``x.H``: the conjugate transpose of a matrix."""
    if input.ndim not in (0, 2):
        raise RuntimeError(
            f"tensor.H is only supported on matrices (2-D tensors). Got {input.ndim}-D tensor."
        )
    return adjoint(input) if input.ndim else reverse_dims(input)


def movedim(input: Tensor, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """The dimensions ``source`` moved to the places ``destination``, a view."""
    n = input.ndim
    sources = (source,) if isinstance(source, int) else tuple(source)
    places = (destination,) if isinstance(destination, int) else tuple(destination)
    if len(sources) != len(places):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({list(sources)} dims) should "
            f"contain the same number of dims as destination ({list(places)} dims)"
        )
    if not n:
        for d in (*sources, *places):
            one_dim(d, n)
        return permute_p(input, ())
    for name, dims in (("source", sources), ("destination", places)):
        if len({one_dim(d, n) for d in dims}) < len(dims):
            raise RuntimeError(f"movedim: repeated dim in `{name}` ({list(dims)})")
    put = {one_dim(d, n): one_dim(s, n) for s, d in zip(sources, places, strict=True)}
    rest = iter(k for k in range(n) if k not in put.values())
    return permute_p(input, tuple(put[k] if k in put else next(rest) for k in range(n)))


moveaxis = movedim


# --- copies ------------------------------------------------------------------------------------

clone_p = primitive(
    copy, "x", lambda g: g, name="clone", traits=("elementwise", "linear")
)  # fmt: skip
contiguous_p = primitive(
    lambda x: np.array(x, order="C"), "x", lambda g: g, name="clone",
    traits=("elementwise", "linear"),
)  # fmt: skip
clone_format_p = primitive(
    lambda x, memory_format: filled(like(x, None, memory_format), x), "x | memory_format",
    lambda g: g, name="clone", traits=("elementwise", "linear"),
)  # fmt: skip


def clone(input: Tensor, *, memory_format: memory_format | None = None) -> Tensor:
    """A copy that gradients pass through; in the same order unless ``memory_format`` says else.

    Raises:
        RuntimeError: the memory format is for another number of dimensions.
    """
    return clone_p(input) if memory_format is None else clone_format_p(input, memory_format)


def contiguous(input: Tensor, memory_format: memory_format | None = None) -> Tensor:
    """The tensor itself where its memory is in that order, by default C's, else a copy that is."""
    if input.is_contiguous(memory_format):
        return input
    if memory_format is preserve_format:
        raise RuntimeError("preserve memory format is unsupported by the contiguous operator")
    return clone_format_p(input, memory_format or contiguous_format)
