"""``BlockMask``: which blocks of an attention matrix are to be computed, and by which formula.

Follows https://docs.pytorch.org/docs/stable/nn.attention.flex_attention.html
"""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Callable
from copy import copy
from itertools import islice, product
from typing import Any

import minitorch
from minitorch import Tensor, vmap

from ..functional.padding import pad

__all__ = ["BlockMask", "and_masks", "create_block_mask", "create_mask", "noop_mask", "or_masks"]

Mod = Callable[..., Any]  # (batch, head, query, key) or (score, batch, head, query, key)
BLOCK = _DEFAULT_SPARSE_BLOCK_SIZE = 128  # queries and keys
WHOLE = 1 << 30  # the block size of a mask that lets everything pass


def over_positions(mod: Mod, scores: bool = False) -> Mod:
    """``mod`` of single positions, as a function of four ranges of them (and all scores)."""
    for k in (3, 2, 1, 0):
        dims = [0 if k == other else None for other in range(4)]
        mod = vmap(mod, in_dims=(*([0] if scores else []), *dims))
    return mod


def positions(batch: int, heads: int, queries: int, keys: int) -> list[Tensor]:
    """The four ranges."""
    return [minitorch.arange(n) for n in (batch, heads, queries, keys)]


def noop_mask(batch: Tensor, head: Tensor, token_q: Tensor, token_kv: Tensor) -> Tensor:
    """Lets everything pass."""
    return minitorch.ones((), dtype=minitorch.bool)


def _sliced(batch: Tensor, head: Tensor, token_q: Tensor, token_kv: Tensor) -> Tensor:
    raise RuntimeError("Cannot use mask_mod from a sliced BlockMask")


def and_masks(*mask_mods: Mod) -> Mod:
    """The mask of what all let pass."""
    return _joined(mask_mods, minitorch.ones, lambda a, b: a & b)


def or_masks(*mask_mods: Mod) -> Mod:
    """The mask of what one lets pass."""
    return _joined(mask_mods, minitorch.zeros, lambda a, b: a | b)


def _joined(mask_mods: tuple[Mod, ...], start: Any, join: Mod) -> Mod:
    if not all(callable(mod) for mod in mask_mods):
        raise RuntimeError(f"All inputs should be callable mask_mods: {mask_mods}")

    def mask(b: Tensor, h: Tensor, q_idx: Tensor, kv_idx: Tensor) -> Any:
        result = start((), dtype=minitorch.bool)
        for mod in mask_mods:
            result = join(result, mod(b, h, q_idx, kv_idx))
        return result

    return mask


def create_mask(
    mod_fn: Mod, B: int | None, H: int | None, Q_LEN: int, KV_LEN: int, device: Any = None,
) -> Tensor:  # fmt: skip
    """What a formula lets pass, ``(B, H, Q_LEN, KV_LEN)``; a score's: where it is not -inf.

    Example:
        >>> from minitorch.nn.attention.flex_attention import create_mask
        >>> create_mask(lambda b, h, q, k: q >= k, 1, 1, 2, 2).int()
        tensor([[[[1, 0],
                  [1, 1]]]], dtype=torch.int32)
    """
    shape = (1 if B is None else B, 1 if H is None else H, Q_LEN, KV_LEN)
    where = positions(*shape)
    if _takes(mod_fn) == 5:
        scores: Tensor = over_positions(mod_fn, scores=True)(minitorch.zeros(shape), *where)
        return scores != -math.inf
    mask: Tensor = over_positions(mod_fn)(*where)
    return mask


def _takes(mod: Mod) -> int:
    parameters = inspect.signature(mod).parameters.values()
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    count = sum(p.kind in kinds and p.default is p.empty for p in parameters)
    return 4 if any(p.kind is p.VAR_POSITIONAL for p in parameters) else count


def create_block_mask(
    mask_mod: Mod, B: int | None, H: int | None, Q_LEN: int, KV_LEN: int, device: Any = None,
    BLOCK_SIZE: int | tuple[int, int] = BLOCK, _compile: bool = False,
    separate_full_blocks: bool = True, compute_dq_write_order: bool = False,
    dq_kv_order: bool = False,
) -> BlockMask:  # fmt: skip
    """The blocks in which ``mask_mod(b, h, q_idx, kv_idx)`` lets something pass.

    Raises:
        TypeError: ``mask_mod`` is no function.
        AssertionError: it does not take four arguments.
        NotImplementedError: ``compute_dq_write_order``, which is for kernels on GPUs.
    """
    if not callable(mask_mod):
        raise TypeError(f"{mask_mod!r} is not a callable object")
    if _takes(mask_mod) != 4:
        raise AssertionError(f"create-block_mask requires a mask_mod function! Got {mask_mod}")
    if compute_dq_write_order:
        raise NotImplementedError("compute_dq_write_order is for kernels on GPUs")
    if _compile:
        warnings.warn(
            "_compile of create_block_mask has no use any more", DeprecationWarning, stacklevel=2
        )
    rows, columns = (BLOCK_SIZE, BLOCK_SIZE) if isinstance(BLOCK_SIZE, int) else BLOCK_SIZE
    mask = create_mask(mask_mod, B, H, Q_LEN, KV_LEN, device)
    mask = pad(mask, (0, -KV_LEN % columns, 0, -Q_LEN % rows))
    mask = mask.unflatten(-1, (-1, columns)).unflatten(2, (-1, rows))
    count = mask.transpose(3, 4).sum((-2, -1))
    full = (count == rows * columns) if separate_full_blocks else minitorch.zeros_like(count) > 0
    partial = _ordered((count > 0) & ~full)
    whole, where = _ordered(full) if separate_full_blocks else (None, None)
    return BlockMask.from_kv_blocks(
        *partial, whole, where, (rows, columns), mask_mod, (Q_LEN, KV_LEN)
    )


def _ordered(dense: Tensor) -> tuple[Tensor, Tensor]:
    """How many blocks each row has, and their columns (followed by the others)."""
    dense = dense.to(minitorch.int32)
    columns = minitorch.argsort(dense, dim=-1, descending=True, stable=True)
    return dense.sum(-1).to(minitorch.int32), columns.to(minitorch.int32)


def _dense(count: Tensor, columns: Tensor) -> Tensor:
    """The matrix of blocks, 1 where one is, of counts and columns."""
    wide = columns.shape[-1]
    used = minitorch.arange(wide) < count[..., None]
    where = minitorch.where(used, columns, wide).long()
    zero = minitorch.zeros((*columns.shape[:-1], wide + 1), dtype=minitorch.int32)
    return zero.scatter(-1, where, 1)[..., :wide].contiguous()


def _transposed(count: Tensor | None, columns: Tensor | None) -> tuple[Any, Any]:
    if count is None or columns is None:
        return None, None
    return _ordered(_dense(count, columns).transpose(-2, -1))


def _cropped(count: Any, columns: Any, high: int, wide: int) -> tuple[Any, Any]:
    if count is None:
        return None, None
    columns, count = columns[:, :, :high, :wide], count[:, :, :high].clamp(max=wide)
    return (columns < count[..., None]).sum(-1).to(minitorch.int32), columns


class BlockMask:
    """A mask of attention: blocks that are partly and fully let pass, and the formula.

    Attributes:
        kv_num_blocks, kv_indices: per row of blocks, how many are partial and in which columns.
        full_kv_num_blocks, full_kv_indices: those that pass whole, or None.
        q_num_blocks, q_indices, full_q_num_blocks, full_q_indices: the same per column.
        BLOCK_SIZE: queries and keys of a block.
        mask_mod: the formula ``(b, h, q_idx, kv_idx) -> bool``.

    Example:
        >>> from minitorch.nn.attention.flex_attention import create_block_mask
        >>> mask = create_block_mask(lambda b, h, q, k: q >= k, 1, 1, 256, 256)
        >>> mask.shape, mask.sparsity()
        ((1, 1, 256, 256), 25.0)
    """

    def __init__(
        self, seq_lengths: tuple[int, int], kv_num_blocks: Tensor, kv_indices: Tensor,
        full_kv_num_blocks: Tensor | None, full_kv_indices: Tensor | None,
        q_num_blocks: Tensor | None, q_indices: Tensor | None, full_q_num_blocks: Tensor | None,
        full_q_indices: Tensor | None, BLOCK_SIZE: tuple[int, int], mask_mod: Mod,
        dq_write_order: Tensor | None = None, dq_write_order_full: Tensor | None = None,
        dq_kv_order: Tensor | None = None, dq_kv_order_spt: bool | None = None,
    ) -> None:  # fmt: skip
        if kv_indices.dim() < 2:
            raise RuntimeError("BlockMask must have at least 2 dimensions")
        if (full_kv_num_blocks is None) != (full_kv_indices is None):
            raise AssertionError(
                "full_kv_num_blocks and full_kv_indices must be both provided or omitted"
            )
        self.seq_lengths, self.BLOCK_SIZE, self.mask_mod = seq_lengths, BLOCK_SIZE, mask_mod
        self.kv_num_blocks, self.kv_indices = kv_num_blocks, kv_indices
        self.full_kv_num_blocks, self.full_kv_indices = full_kv_num_blocks, full_kv_indices
        self.q_num_blocks, self.q_indices = q_num_blocks, q_indices
        self.full_q_num_blocks, self.full_q_indices = full_q_num_blocks, full_q_indices
        self.dq_write_order, self.dq_write_order_full = dq_write_order, dq_write_order_full
        self.dq_kv_order, self.dq_kv_order_spt = dq_kv_order, dq_kv_order_spt

    @classmethod
    def from_kv_blocks(
        cls, kv_num_blocks: Tensor, kv_indices: Tensor, full_kv_num_blocks: Tensor | None = None,
        full_kv_indices: Tensor | None = None, BLOCK_SIZE: int | tuple[int, int] = BLOCK,
        mask_mod: Mod | None = None, seq_lengths: tuple[int, int] | None = None,
        compute_q_blocks: bool = True,
    ) -> BlockMask:  # fmt: skip
        """A mask of its blocks per row; those per column follow from them.

        Raises:
            RuntimeError: ``kv_indices`` has fewer than two dimensions.
            AssertionError: only one of the two that say which blocks are full.
        """
        size = (BLOCK_SIZE, BLOCK_SIZE) if isinstance(BLOCK_SIZE, int) else BLOCK_SIZE
        if seq_lengths is None and kv_indices.dim() > 1:
            seq_lengths = (kv_indices.shape[-2] * size[0], kv_indices.shape[-1] * size[1])
        partial = full = (None, None)
        if compute_q_blocks and kv_indices.dim() > 1:
            partial = _transposed(kv_num_blocks, kv_indices)
            full = _transposed(full_kv_num_blocks, full_kv_indices)
        return cls(
            seq_lengths or (0, 0), kv_num_blocks, kv_indices, full_kv_num_blocks, full_kv_indices,
            *partial, *full, size, mask_mod or noop_mask,
        )  # fmt: skip

    def as_tuple(self, flatten: bool = True) -> tuple[Any, ...]:
        """All attributes; ``flatten`` puts lengths and block sizes in singly."""
        lengths = self.seq_lengths if flatten else (self.seq_lengths,)
        size = self.BLOCK_SIZE if flatten else (self.BLOCK_SIZE,)
        return (
            *lengths, self.kv_num_blocks, self.kv_indices, self.full_kv_num_blocks,
            self.full_kv_indices, self.q_num_blocks, self.q_indices, self.full_q_num_blocks,
            self.full_q_indices, self.dq_write_order, self.dq_write_order_full, self.dq_kv_order,
            self.dq_kv_order_spt, *size, self.mask_mod,
        )  # fmt: skip

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the attention matrices."""
        return (*self.kv_indices.shape[:-2], *self.seq_lengths)

    def numel(self) -> int:
        """The number of pairs of a query and a key."""
        return math.prod(self.shape)

    def sparsity(self) -> float:
        """How many per cent of the pairs lie in no block."""
        blocks = int(self.kv_num_blocks.sum())
        if self.full_kv_num_blocks is not None:
            blocks += int(self.full_kv_num_blocks.sum())
        return 100 * (1 - blocks * math.prod(self.BLOCK_SIZE) / self.numel())

    def to_dense(self) -> Tensor:
        """The matrices of blocks: 1 where one is to be computed."""
        partial = _dense(self.kv_num_blocks, self.kv_indices)
        if self.full_kv_num_blocks is None or self.full_kv_indices is None:
            return partial
        return partial | _dense(self.full_kv_num_blocks, self.full_kv_indices)

    def to(self, device: Any) -> BlockMask:
        """The mask with its tensors on ``device``."""
        made = copy(self)
        for name, value in vars(self).items():
            if isinstance(value, Tensor):
                setattr(made, name, value.to(device))
        return made

    def __getitem__(self, index: Any) -> BlockMask:
        """The mask of some batches, heads and rows of blocks; its formula raises."""
        index = index if isinstance(index, tuple) else (index,)
        kept = tuple(  # a single one keeps its dimension
            slice(i, i + 1 or None) if isinstance(i, int) else i for i in index
        )
        full = self.full_kv_num_blocks is not None
        return BlockMask.from_kv_blocks(
            self.kv_num_blocks[kept], self.kv_indices[kept],
            self.full_kv_num_blocks[kept] if full else None,  # type: ignore[index]  # not None where `full`
            self.full_kv_indices[kept] if full else None,  # type: ignore[index]  # not None where `full`
            self.BLOCK_SIZE, _sliced, self.seq_lengths, self.q_indices is not None,
        )  # fmt: skip

    def _adjust(self, new_q_len: int, new_kv_len: int) -> BlockMask:
        """The upper left corner of the mask."""
        high, wide = -(-new_q_len // self.BLOCK_SIZE[0]), -(-new_kv_len // self.BLOCK_SIZE[1])
        return BlockMask.from_kv_blocks(
            *_cropped(self.kv_num_blocks, self.kv_indices, high, wide),
            *_cropped(self.full_kv_num_blocks, self.full_kv_indices, high, wide),
            self.BLOCK_SIZE, self.mask_mod, (new_q_len, new_kv_len), self.q_indices is not None,
        )  # fmt: skip

    def to_string(self, grid_size: int | tuple[int, int] = (20, 20), limit: int = 4) -> str:
        """A picture of the first ``limit`` matrices: full, partial and empty blocks."""
        high, wide = (grid_size, grid_size) if isinstance(grid_size, int) else grid_size
        dense = self.to_dense()
        *batch, rows, columns = dense.shape
        tall, broad = max(1, -(-rows // high)), max(1, -(-columns // wide))
        shown = []
        for index in islice(product(*map(range, batch)), limit):
            lines = [f"{index}"]
            for i in range(0, rows, tall):
                parts = [
                    dense[index][i : i + tall, j : j + broad] for j in range(0, columns, broad)
                ]
                lines.append("".join(_shade(float(part.float().mean())) * 2 for part in parts))
            shown.append("\n".join([*lines, ""]))
        if math.prod(batch) > limit:
            shown += [
                "...",
                "To print out more, set BlockMask.to_string(limit=N)",
                "You can also index (BlockMask[batch, head]) to choose a specific batch or head",
            ]
        return "\n".join(shown)

    def __str__(self) -> str:
        pictures = self.to_string().strip()
        return f"BlockMask(shape={self.shape}, sparsity={self.sparsity():.2f}%, \n{pictures}\n)"

    def __repr__(self) -> str:
        names = (
            "kv_num_blocks", "kv_indices", "full_kv_num_blocks", "full_kv_indices",
            "q_num_blocks", "q_indices", "full_q_num_blocks", "full_q_indices",
        )  # fmt: skip
        lines = [f"{name}={getattr(getattr(self, name), 'shape', None)}" for name in names]
        lines += [f"BLOCK_SIZE={self.BLOCK_SIZE}", f"shape={self.shape}"]
        lines += [f"sparsity={self.sparsity():.2f}%"]
        lines += [f"mask_mod={getattr(self.mask_mod, '__name__', self.mask_mod)}"]
        return "BlockMask(\n    " + ",\n    ".join(lines) + "\n)"


def _shade(share: float) -> str:
    """A block character as dark as its share of computed blocks."""
    return "█" if share == 1 else " " if share == 0 else "░"
