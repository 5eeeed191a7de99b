"""Forms of parameters: broadcast together, probabilities and logits, matrices as vectors.

PyTorch's path of this module is ``distributions.utils``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import update_wrapper
from numbers import Number
from typing import Any, Generic, TypeVar, overload

import minitorch
from minitorch import Tensor
from minitorch.nn.functional import softmax
from minitorch.overrides import is_tensor_like

__all__ = ["broadcast_all", "clamp_probs", "lazy_property", "logits_to_probs", "probs_to_logits"]
__all__ += ["tril_matrix_to_vec", "vec_to_tril_matrix"]

euler_constant = 0.57721566490153286060


def broadcast_all(*values: Any) -> tuple[Tensor, ...]:
    """The values as tensors of one shape; numbers take the dtype of the first tensor.

    Raises:
        ValueError: a value is neither a tensor nor a number.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions.utils import broadcast_all
        >>> broadcast_all(minitorch.zeros(2), 1)
        (tensor([0., 0.]), tensor([1., 1.]))
    """
    tensors = [is_tensor_like(value) for value in values]
    if not all(tensors):
        if not all(
            found or isinstance(v, Number) for found, v in zip(tensors, values, strict=True)
        ):
            raise ValueError(
                "Input arguments must all be instances of Number, torch.Tensor or objects "
                "implementing __torch_function__."
            )
        dtype = next((v.dtype for v in values if isinstance(v, Tensor)), None)
        dtype = dtype or minitorch.get_default_dtype()
        values = tuple(
            v if found else minitorch.tensor(v, dtype=dtype)
            for found, v in zip(tensors, values, strict=True)
        )
    return (*minitorch.broadcast_tensors(*values),)


def _standard_normal(shape: Sequence[int], dtype: Any = None, device: Any = None) -> Tensor:
    return minitorch.empty(shape, dtype=dtype, device=device).normal_()


def _sum_rightmost(value: Tensor, dim: int) -> Tensor:
    """The sum over the last ``dim`` dimensions."""
    return value.reshape((*value.shape[:-dim], -1)).sum(-1) if dim else value


# --- probabilities and logits ----------------------------------------------------------------


def clamp_probs(probs: Tensor) -> Tensor:
    """``probs`` within [eps, 1 - eps], eps that of the dtype."""
    eps = minitorch.finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


def logits_to_probs(logits: Tensor, is_binary: bool = False) -> Tensor:
    """The sigmoid of log odds where ``is_binary``, else the softmax over the last dimension.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions.utils import logits_to_probs
        >>> logits_to_probs(minitorch.zeros(4))
        tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """
    return minitorch.sigmoid(logits) if is_binary else softmax(logits, dim=-1)


def probs_to_logits(probs: Tensor, is_binary: bool = False) -> Tensor:
    """``log p - log(1 - p)`` where ``is_binary``, else ``log p``; p clamped away from 0 and 1."""
    clamped = clamp_probs(probs)
    if is_binary:
        return clamped.log() - (-clamped).log1p()
    return clamped.log()


# --- attributes computed on first use --------------------------------------------------------

Owner = TypeVar("Owner", contravariant=True)
Value = TypeVar("Value", covariant=True)


class lazy_property(Generic[Owner, Value]):  # noqa: N801  (PyTorch's name)
    """A method whose result becomes the instance's attribute when it is first asked for.

    It is computed with gradients on, also within ``no_grad``.
    """

    def __init__(self, wrapped: Callable[[Owner], Value]) -> None:
        self.wrapped = wrapped
        update_wrapper(self, wrapped)  # type: ignore[arg-type]  # an instance, not a function

    @overload
    def __get__(self, instance: None, owner: Any = None) -> _LazyAndProperty: ...
    @overload
    def __get__(self, instance: Owner, owner: Any = None) -> Value: ...
    def __get__(self, instance: Owner | None, owner: Any = None) -> Value | _LazyAndProperty:
        if instance is None:
            return _LazyAndProperty(self.wrapped)
        with minitorch.enable_grad():
            value = self.wrapped(instance)
        setattr(instance, self.wrapped.__name__, value)
        return value


class _LazyAndProperty(lazy_property[Any, Any], property):
    """What the class shows: a property to documentation, lazy to the check of arguments."""

    def __init__(self, wrapped: Any) -> None:
        property.__init__(self, wrapped)


# --- triangles as vectors --------------------------------------------------------------------


def _below(n: int, diag: int) -> Tensor:
    """The mask of a lower triangle: column - row <= diag."""
    return minitorch.ones(n, n, dtype=minitorch.bool).tril(diag)


def tril_matrix_to_vec(mat: Tensor, diag: int = 0) -> Tensor:
    """The lower triangle of (..., n, n) matrices up to diagonal ``diag``, row by row.

    Raises:
        ValueError: the diagonal lies outside of the matrix.

    Example:
        >>> import minitorch
        >>> from minitorch.distributions.utils import tril_matrix_to_vec
        >>> tril_matrix_to_vec(minitorch.tensor([[1.0, 0.0], [2.0, 3.0]]))
        tensor([1., 2., 3.])
    """
    n = mat.shape[-1]
    if diag < -n or diag >= n:
        raise ValueError(f"diag ({diag}) provided is outside [{-n}, {n - 1}].")
    return mat[..., _below(n, diag)]


def vec_to_tril_matrix(vec: Tensor, diag: int = 0) -> Tensor:
    """The lower triangular matrix whose ``tril_matrix_to_vec`` is ``vec``, of shape (..., m).

    Raises:
        ValueError: m is not the number of elements in such a triangle.
    """
    m = vec.shape[-1]
    # the positive root of n^2 + (1 + 2 diag) n = 2 m + |diag| (diag + 1)
    b = 1 + 2 * diag
    root = ((b**2 + 8 * m + 4 * abs(diag) * (diag + 1)) ** 0.5 - b) / 2
    n = round(root)
    if n - root > minitorch.finfo(vec.dtype).eps:
        raise ValueError(
            f"The size of last dimension is {m} which cannot be expressed as the lower triangular "
            "part of a square D x D matrix."
        )
    mat: Tensor = vec.new_zeros((*vec.shape[:-1], n, n))
    mat[..., _below(n, diag)] = vec
    return mat
