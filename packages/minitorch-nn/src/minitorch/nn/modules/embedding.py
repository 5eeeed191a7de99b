"""Embedding layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self, cast

import minitorch
from minitorch import Tensor

from .. import functional as F
from .. import init
from ..module import Module
from ..parameter import Parameter

__all__ = ["Embedding", "EmbeddingBag"]


def set_up(
    self: Any,
    num_embeddings: int,
    embedding_dim: int,
    padding_idx: int | None,
    max_norm: float | None,
    norm_type: float,
    scale_grad_by_freq: bool,
    sparse: bool,
    weight: Any,
    frozen: bool,
    device: Any,
    dtype: Any,
) -> None:
    self.num_embeddings = num_embeddings
    self.embedding_dim = embedding_dim
    if padding_idx is not None:
        if not -num_embeddings <= padding_idx < num_embeddings:
            word = "Padding_idx" if isinstance(self, Embedding) else "padding_idx"
            raise AssertionError(f"{word} must be within num_embeddings")
        padding_idx %= num_embeddings
    self.padding_idx = padding_idx
    self.max_norm = max_norm
    self.norm_type = norm_type
    self.scale_grad_by_freq = scale_grad_by_freq
    if weight is None:
        table = minitorch.empty((num_embeddings, embedding_dim), dtype=dtype, device=device)
        self.weight = Parameter(table, requires_grad=not frozen)
        self.reset_parameters()
    else:
        if tuple(weight.shape) != (num_embeddings, embedding_dim):
            raise AssertionError("Shape of weight does not match num_embeddings and embedding_dim")
        self.weight = Parameter(weight, requires_grad=not frozen)
    self.sparse = sparse


class _Table(Module):
    """What ``Embedding`` and ``EmbeddingBag`` share: the table and its options."""

    num_embeddings: int
    embedding_dim: int
    padding_idx: int | None
    max_norm: float | None
    norm_type: float
    scale_grad_by_freq: bool
    sparse: bool
    weight: Parameter

    def reset_parameters(self) -> None:
        """Draws the table anew: standard normal, zeros at the padding."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with minitorch.no_grad():
                self.weight[self.padding_idx].fill_(0)

    @classmethod
    def from_pretrained(cls, embeddings: Tensor, freeze: bool = True, **kwargs: Any) -> Self:
        """A layer with the given (rows, width) table; by default it is not learned further."""
        if embeddings.ndim != 2:
            raise AssertionError("Embeddings parameter is expected to be 2-dimensional")
        rows, width = embeddings.shape
        make: Any = cls
        return cast(Self, make(rows, width, _weight=embeddings, _freeze=freeze, **kwargs))

    def extra_repr(self) -> str:
        """The sizes and what differs from the defaults."""
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        if self.padding_idx is not None:
            text += f", padding_idx={self.padding_idx}"
        if self.max_norm is not None:
            text += f", max_norm={self.max_norm}"
        if self.norm_type != 2:
            text += f", norm_type={self.norm_type}"
        if self.scale_grad_by_freq:
            text += f", scale_grad_by_freq={self.scale_grad_by_freq}"
        if self.sparse:
            text += ", sparse=True"
        return text


class Embedding(_Table):
    """A learned vector for each of ``num_embeddings`` numbers.

    Args:
        num_embeddings: the number of rows; or both sizes, ``Embedding((27, 10))``.
        embedding_dim: the width.
        padding_idx: a row of zeros that is not learned.
        max_norm: rows in use that are longer are scaled down to it.
        norm_type: the p of that norm.
        scale_grad_by_freq: divide a row's gradient by how often it was used.
        sparse: give the weight a sparse gradient, for SparseAdam, SGD or Adagrad.

    Attributes:
        weight: (num_embeddings, embedding_dim), standard normal

    Raises:
        IndexError: an input is not the number of a row.

    Example:
        >>> import minitorch
        >>> layer = minitorch.nn.Embedding(27, 10)
        >>> layer(minitorch.tensor([[0, 5, 26]])).shape
        torch.Size([1, 3, 10])
    """

    def __init__(
        self,
        num_embeddings: int | Sequence[int],
        embedding_dim: int | None = None,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if isinstance(num_embeddings, Sequence):
            num_embeddings, embedding_dim = num_embeddings
        if embedding_dim is None:
            raise TypeError(
                "Embedding needs both sizes: Embedding(num_embeddings, embedding_dim) or "
                "Embedding((num_embeddings, embedding_dim))"
            )
        set_up(
            self, num_embeddings, embedding_dim, padding_idx, max_norm, norm_type,
            scale_grad_by_freq, sparse, _weight, _freeze, device, dtype,
        )  # fmt: skip

    def forward(self, input: Tensor) -> Tensor:
        """(*) integers to (*, embedding_dim)."""
        return F.embedding(
            input,
            self.weight,
            self.padding_idx,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.sparse,
        )


class EmbeddingBag(_Table):
    """Sums, means or maxima of bags of embeddings.

    Attributes:
        weight: (num_embeddings, embedding_dim), standard normal
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Tensor | None = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: Any = None,
        dtype: Any = None,
        _freeze: bool = False,
    ) -> None:
        super().__init__()
        set_up(
            self, num_embeddings, embedding_dim, padding_idx, max_norm, norm_type,
            scale_grad_by_freq, sparse, _weight, _freeze, device, dtype,
        )  # fmt: skip
        self.mode = mode
        self.include_last_offset = include_last_offset

    def forward(
        self, input: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None
    ) -> Tensor:
        """(bags, n), or (n) cut by ``offsets`` (bags), to (bags, embedding_dim)."""
        return F.embedding_bag(
            input,
            self.weight,
            offsets,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.mode,
            self.sparse,
            per_sample_weights,
            self.include_last_offset,
            self.padding_idx,
        )

    def extra_repr(self) -> str:
        """The sizes and what differs from the defaults."""
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        if self.max_norm is not None:
            text += f", max_norm={self.max_norm}"
        if self.norm_type != 2:
            text += f", norm_type={self.norm_type}"
        if self.scale_grad_by_freq:
            text += f", scale_grad_by_freq={self.scale_grad_by_freq}"
        text += f", mode={self.mode!r}"
        if self.padding_idx is not None:
            text += f", padding_idx={self.padding_idx}"
        return text
