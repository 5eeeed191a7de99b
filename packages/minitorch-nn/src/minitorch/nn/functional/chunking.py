"""How ``linear_cross_entropy`` is taken in chunks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["LinearCrossEntropyOptions"]

POLICIES = ("auto", "accurate", "balanced", "compact")


@dataclass(slots=True, frozen=True)
class LinearCrossEntropyOptions:
    """How ``linear_cross_entropy`` goes through the rows in chunks, to save the memory of logits.

    Args:
        allow_retain_graph: accepted; any number of backward passes is allowed here.
        batch_chunk_size: the rows of a chunk;
        chunking_method: or how to choose them: ``"auto"``, ``"aspect_ratio"`` (the logits of a
            chunk take as much memory as the input), or ``"aspect_ratio:N"`` (the N-th part).
        acc_policy: accepted: what is kept in ``acc_dtype``; logits are always computed in the
            input's dtype and summed in at least float32.
        acc_dtype: None, or a floating dtype; accepted.

    Raises:
        ValueError: a value is none of these.
    """

    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str | None = "auto"
    acc_policy: str = "auto"
    acc_dtype: Any = None

    def __post_init__(self) -> None:
        if self.acc_policy not in POLICIES:
            raise ValueError(f"invalid acc_policy: {self.acc_policy!r}: use one of {POLICIES}")
        method = self.chunking_method
        if method not in (None, "auto"):
            name, colon, part = str(method).partition(":")
            whole = part.isdigit() and int(part) > 0
            if name != "aspect_ratio" or (colon and not whole):
                raise ValueError(f"invalid chunking_method: {method!r}")
        size = self.batch_chunk_size
        if size is not None and not (isinstance(size, int) and size > 0):
            raise ValueError(f"batch_chunk_size must be positive int or None, got {size!r}")
        if self.acc_dtype is not None and not self.acc_dtype.is_floating_point:
            raise ValueError(f"acc_dtype must be None or a floating dtype, got {self.acc_dtype!r}")

    def _compute_batch_chunk_size(
        self, num_batches: int, in_features: int, num_classes: int
    ) -> int:
        """The rows of a chunk.

        Raises:
            ValueError: ``batch_chunk_size`` and ``chunking_method`` say different numbers.
        """
        method, size = self.chunking_method, self.batch_chunk_size
        if method == "auto":
            method = "aspect_ratio:2" if size is None else None
        if method is None:
            return max(1, min(num_batches, size or num_batches))
        part = int(method.partition(":")[2] or 1)
        target = -(-num_batches // -(-num_classes // in_features))
        found = min((1 << (target - 1).bit_length()) // part, num_batches)
        if size is not None and size != found:
            raise ValueError(
                f"batch_chunk_size (={size}) and chunking_method ('{method}') give different chunk "
                f"sizes ({size} vs {found}); pass only one."
            )
        return max(1, found)
