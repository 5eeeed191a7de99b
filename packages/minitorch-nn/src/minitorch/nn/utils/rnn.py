"""Sequences of different lengths: padded, and packed for recurrent layers.

Follows https://docs.pytorch.org/docs/stable/nn.html#utilities
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import minitorch
from minitorch import Tensor, argsort, as_tensor, cat, full, stack

from ..packed import PackedSequence, invert_permutation

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


def pack_padded_sequence(
    input: Tensor,
    lengths: Tensor | list[int],
    batch_first: bool = False,
    enforce_sorted: bool = True,
) -> PackedSequence:
    """Packs padded sequences.

    Args:
        input: (L, N, *), or (N, L, *) with ``batch_first``.
        lengths: of each sequence, a list or an int64 tensor.
        batch_first: whether the batch is the first dimension.
        enforce_sorted: whether the lengths have to be in decreasing order.

    Raises:
        RuntimeError: the lengths are not in order, not positive or too few.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pack_padded_sequence.html
    """
    lengths = as_tensor(lengths, dtype=minitorch.int64)
    order = None
    if not enforce_sorted:
        order = argsort(lengths, descending=True, stable=True)
        lengths = lengths.index_select(0, order)
        input = input.index_select(0 if batch_first else 1, order)
    if batch_first:
        input = input.transpose(0, 1)
    counts = lengths.tolist()
    if input.numel() == 0:
        raise RuntimeError("Cannot pack empty tensors.")
    if len(counts) != input.shape[1]:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(counts)} "
            f"(batch_size={input.shape[1]})"
        )
    if min(counts) <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' "
            f"that is <= 0: {counts}"
        )
    if counts != sorted(counts, reverse=True):
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You "
            f"can pass `enforce_sorted=False` to have it sorted. Got {counts}"
        )
    sizes = [sum(n > t for n in counts) for t in range(counts[0])]
    # a length above the padding counts in the sizes alone, as in PyTorch
    data = cat([step[:size] for step, size in zip(input, sizes, strict=False)])
    return PackedSequence(data, minitorch.tensor(sizes, dtype=minitorch.int64), order, None)


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """(padded sequences, their lengths): the way back from ``pack_padded_sequence``.

    Args:
        sequence: what is packed.
        batch_first: whether to put the batch in the first dimension.
        padding_value: what to fill up with.
        total_length: the padded length, by default that of the longest sequence.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pad_packed_sequence.html
    """
    sizes = sequence.batch_sizes.tolist()
    length = len(sizes)
    if total_length is not None:
        if total_length < length:
            raise ValueError(
                "Expected total_length to be at least the length of the longest sequence in input, "
                f"but got total_length={total_length} and max sequence length being {length}"
            )
        length = total_length
    n, shape = sizes[0], sequence.data.shape[1:]
    data = sequence.data

    def filled(rows: int) -> Tensor:
        return full((rows, *shape), padding_value, dtype=data.dtype)

    rows, start = [], 0
    for size in sizes + [0] * (length - len(sizes)):
        part = data[start : start + size]
        rows.append(part if size == n else cat([part, filled(n - size)]))
        start += size
    padded = stack(rows)
    lengths = minitorch.tensor([sum(size > k for size in sizes) for k in range(n)])
    if sequence.unsorted_indices is not None:
        padded = padded.index_select(1, sequence.unsorted_indices)
        lengths = lengths.index_select(0, sequence.unsorted_indices)
    return (padded.transpose(0, 1) if batch_first else padded), lengths


def pad_sequence(
    sequences: Tensor | Iterable[Tensor],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Sequences (L_k, *) as one tensor (L, N, *), or (N, L, *) with ``batch_first``.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pad_sequence.html
    """
    if padding_side not in ("left", "right"):
        raise RuntimeError(
            f"Expected padding_side to be either 'right' or 'left', but got {padding_side}."
        )
    if not isinstance(sequences, Iterable):
        raise RuntimeError(
            "pad_sequence: Expected iterable for input sequences, but got arg of type: "
            f"{type(sequences)}"
        )
    sequences = list(sequences)
    if not sequences:
        raise RuntimeError("received an empty list of sequences")
    shape = sequences[0].shape[1:]
    if any(s.shape[1:] != shape for s in sequences):
        raise RuntimeError(
            "pad_sequence expects sequences that agree in all dimensions but the first, but got "
            f"the shapes {[list(s.shape) for s in sequences]}"
        )
    length = max(map(len, sequences))
    padded = []
    for s in sequences:
        s = s.to(sequences[0].dtype)
        fill = full((length - len(s), *shape), padding_value, dtype=s.dtype)
        padded.append(cat([s, fill] if padding_side == "right" else [fill, s]))
    return stack(padded, 0 if batch_first else 1)


def unpad_sequence(
    padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False
) -> list[Tensor]:
    """The sequences without their padding.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.unpad_sequence.html
    """
    rows = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [row[: int(n)] for row, n in zip(rows.unbind(0), lengths, strict=True)]


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Packs sequences (L_k, *).

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pack_sequence.html
    """
    lengths = [len(s) for s in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences that were packed.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.unpack_sequence.html
    """
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
