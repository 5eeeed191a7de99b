"""Convolution and its two adjoints, in any number of dimensions.

A few images at a time are laid out as columns, one for each output position, in a buffer that stays
in the cache; the convolution is then one matrix product. Each thread takes its share of the batch.
``padding`` is a pair (before, after) for each dimension.

Where the rows of an image are short, the batch becomes one more dimension behind them, along which
the kernel has one element: rows are as much longer then, and matrices larger.
"""

from __future__ import annotations

import itertools
import math
import sys
import threading
from typing import Any

import minitorch
import numpy as np
from minitorch.extend import products_over_rows

CACHE = 1 << 19  # elements of columns at a time
SHORT = 8  # positions in a row for which NumPy's loops take longer than what they do

Sizes = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]


def output_size(
    size: Sizes, kernel: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes
) -> Sizes:
    return tuple(
        (n + sum(p) - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True)
    )


class Columns:
    """Buffers for ``count`` images, padded, and for the columns of a block of their rows.

    ``blocks`` are the ranges of output rows (the first spatial dimension) to take at a time.
    """

    def __init__(
        self,
        shape: Sizes,
        kernel: Sizes,
        out: Sizes,
        stride: Sizes,
        padding: Pairs,
        dilation: Sizes,
        groups: int,
        dtype: Any,
    ) -> None:
        batch, channels, *size = shape
        depth = channels * math.prod(kernel)
        row = math.prod(out[1:])
        self.kernel, self.out, self.groups = kernel, out, groups
        rows = min(out[0], max(1, CACHE // max(1, depth * row)))
        self.count = (
            min(batch, max(1, CACHE // max(1, depth * row * rows))) if rows == out[0] else 1
        )
        self.blocks = [(r, min(r + rows, out[0])) for r in range(0, out[0], rows)]
        reach = [
            max(a + n, (o - 1) * s + d * (k - 1) + 1)
            for n, k, o, s, d, (a, _) in zip(
                size, kernel, out, stride, dilation, padding, strict=True
            )
        ]
        self.image: Any = np.zeros((self.count, channels, *reach), dtype)
        inner: Any = (..., *(slice(a, a + n) for n, (a, _) in zip(size, padding, strict=True)))
        self.inner = self.image[inner]
        strides = self.image.strides
        self.windows: Any = np.ndarray(
            (self.count, channels, *kernel, *out),
            dtype,
            self.image,
            0,
            (
                *strides[:2],
                *(d * s for d, s in zip(dilation, strides[2:], strict=True)),
                *(d * s for d, s in zip(stride, strides[2:], strict=True)),
            ),
        )
        self.memory = np.empty(self.count * depth * row * rows, dtype)
        # a kernel of one element that sees all positions: the images are the columns
        self.direct = self.windows.shape[2:] == (1,) * len(kernel) + tuple(size) and not any(
            map(any, padding)
        )

    def load(self, x: Any) -> None:
        if not self.direct:
            self.inner[: len(x)] = x
        self.x = x

    def cells(self, count: int, block: tuple[int, int]) -> Any:
        """The buffer as (count, channels, *kernel, rows, ...)."""
        shape = (count, self.image.shape[1], *self.kernel, block[1] - block[0], *self.out[1:])
        return self.memory[: math.prod(shape)].reshape(shape)

    def matrix(self, cells: Any) -> Any:
        """The same as (count, groups, depth, positions)."""
        count, g, k = len(cells), self.groups, len(self.kernel)
        positions = math.prod(cells.shape[2 + k :])
        depth = cells.shape[1] // g * math.prod(self.kernel)
        return cells.reshape(count, g, depth, positions)

    def rows(self, x: Any, block: tuple[int, int]) -> Any:
        """The block's rows of ``x`` (count, channels, *out) as (count, groups, ., positions)."""
        part = x[:, :, block[0] : block[1]] if len(self.blocks) > 1 else x
        return part.reshape(
            len(x), self.groups, x.shape[1] // self.groups, math.prod(part.shape[2:])
        )

    def take(self, block: tuple[int, int]) -> Any:
        """The columns of a block."""
        count = len(self.x)
        if self.direct:
            return self.rows(self.x, block)
        cells = self.cells(count, block)
        index = (slice(count), slice(None), *(slice(None) for _ in self.kernel), slice(*block))
        cells[...] = self.windows[index]
        return self.matrix(cells)

    def give(self, cells: Any, block: tuple[int, int] = (0, sys.maxsize)) -> None:
        """Adds the columns of a block to where they came from."""
        windows = self.windows[: len(cells)]
        for offset in itertools.product(*map(range, self.kernel)):
            place = (slice(None), slice(None), *offset)
            target = windows[place][:, :, block[0] : block[1]]
            target += cells[place]


def behind(batch: int, kernel: Sizes, row: int, short: int) -> int:
    """How many images go behind, next to each other: a core's, if rows are short; 1: none."""
    if row >= short or max(kernel) == 1:
        return 1
    return batch // math.gcd(batch, minitorch.get_num_threads())


def batch_last(x: Any, count: int) -> Any:
    """(batch, channels, *size) as (batch / count, channels, *size, count)."""
    split = x.reshape(len(x) // count, count, *x.shape[1:])
    return np.ascontiguousarray(np.moveaxis(split, 1, -1))


def batch_first(x: Any) -> Any:
    """Back again."""
    turned = np.ascontiguousarray(np.moveaxis(x, -1, 1))
    return turned.reshape(len(x) * x.shape[-1], *x.shape[1:-1])


def with_batch(stride: Sizes, padding: Pairs, dilation: Sizes) -> tuple[Sizes, Pairs, Sizes]:
    return (*stride, 1), (*padding, (0, 0)), (*dilation, 1)


def wide(*arrays: Any) -> list[Any]:
    """float16 as float32, in which its products are taken."""
    return [x.astype(np.float32) if x is not None and x.dtype == np.float16 else x for x in arrays]


def by_group(w: Any, groups: int) -> Any:
    return w.reshape(groups, w.shape[0] // groups, -1)


def convolution(
    x: Any, w: Any, b: Any, stride: Sizes, padding: Pairs, dilation: Sizes, groups: int
) -> Any:
    """Each output channel o: sum over c, k of w[o, c, k] x[c, stride p + dilation k - before]."""
    kernel, dtype = w.shape[2:], x.dtype
    size = output_size(x.shape[2:], kernel, stride, padding, dilation)
    x, w, b = wide(x, w, b)
    y = np.empty((len(x), len(w), *size), x.dtype)
    if not y.size or not x.size:
        y[...] = 0 if b is None else b.reshape(-1, *(1 for _ in size))
        return y.astype(dtype, copy=False)
    count = behind(len(x), kernel, size[-1], SHORT)
    if count > 1:
        more = with_batch(stride, padding, dilation)
        made = convolution(batch_last(x, count), w[..., None], b, *more, groups)
        return batch_first(made).astype(dtype, copy=False)
    weights = by_group(w, groups)
    bias = None if b is None else b.reshape(groups, -1, 1)

    def work(start: int, stop: int) -> None:
        shape = (stop - start, *x.shape[1:])
        columns = Columns(shape, kernel, size, stride, padding, dilation, groups, x.dtype)
        for n in range(start, stop, columns.count):
            part = slice(n, min(n + columns.count, stop))
            columns.load(x[part])
            for block in columns.blocks:
                if len(columns.blocks) == 1:
                    made = columns.rows(y[part], block)
                    np.matmul(weights, columns.take(block), out=made)
                    if bias is not None:
                        made += bias
                else:
                    made = np.matmul(weights, columns.take(block))
                    if bias is not None:
                        made += bias
                    target = y[part][:, :, slice(*block)]
                    target[...] = made.reshape(target.shape)

    products_over_rows(work, len(x), y.size * math.prod(w.shape[1:]) // 4)
    return y.astype(dtype, copy=False)


def transposed(
    g: Any,
    w: Any,
    size: Sizes,
    stride: Sizes,
    padding: Pairs,
    dilation: Sizes,
    groups: int,
) -> Any:
    """The adjoint of ``convolution`` in x, whose spatial ``size`` cannot be told from g."""
    kernel, dtype = w.shape[2:], g.dtype
    g, w = wide(g, w)
    channels = w.shape[1] * groups
    shape = (len(g), channels, *size)
    if not g.size or not w.size:
        return np.zeros(shape, dtype)
    # columns are added back in more than twice the time in which they are laid out
    quicker = g.shape[1] * math.prod(size) < 2.5 * channels * math.prod(g.shape[2:])
    # the padding, 0, times what is not finite would be nan
    if quicker and all(s == 1 for s in stride) and np.isfinite(w).all():
        # as a convolution with the weights mirrored, the channels' roles exchanged
        mirrored = by_group(w, groups).reshape(groups, -1, *w.shape[1:]).swapaxes(1, 2)
        mirrored = np.flip(mirrored, tuple(range(-len(kernel), 0)))
        mirrored = np.ascontiguousarray(mirrored).reshape(channels, -1, *kernel)
        rest = tuple(
            (d * (k - 1) - a, n + a - m)
            for d, k, (a, _), n, m in zip(dilation, kernel, padding, size, g.shape[2:], strict=True)
        )
        if all(a >= 0 and b >= 0 for a, b in rest):
            made = convolution(g, mirrored, None, stride, rest, dilation, groups)
            return made.astype(dtype, copy=False)
    count = behind(len(g), kernel, g.shape[-1], 2 * SHORT)
    if count > 1:
        more = with_batch(stride, padding, dilation)
        inner = (*size, count)
        made = transposed(batch_last(g, count), w[..., None], inner, *more, groups)
        return batch_first(made).astype(dtype, copy=False)
    weights = np.ascontiguousarray(by_group(w, groups).swapaxes(1, 2))
    x = np.empty(shape, g.dtype)

    def work(start: int, stop: int) -> None:
        part_shape = (stop - start, *shape[1:])
        columns = Columns(
            part_shape, kernel, g.shape[2:], stride, padding, dilation, groups, g.dtype
        )
        for n in range(start, stop, columns.count):
            part = slice(n, min(n + columns.count, stop))
            count = part.stop - n
            columns.image.fill(0)
            for block in columns.blocks:
                cells = columns.cells(count, block)
                np.matmul(weights, columns.rows(g[part], block), out=columns.matrix(cells))
                columns.give(cells, block)
            x[part] = columns.inner[:count]

    products_over_rows(work, len(g), g.size * math.prod(w.shape[1:]) // 4)
    return x.astype(dtype, copy=False)


def weight_gradient(
    x: Any,
    g: Any,
    kernel: Sizes,
    stride: Sizes,
    padding: Pairs,
    dilation: Sizes,
    groups: int,
) -> Any:
    """The adjoint of ``convolution`` in w."""
    dtype = x.dtype
    x, g = wide(x, g)
    shape = (g.shape[1], x.shape[1] // groups, *kernel)
    if not g.size or not x.size:
        return np.zeros(shape, dtype)
    count = behind(len(x), kernel, g.shape[-1], SHORT)
    if count > 1:
        more = with_batch(stride, padding, dilation)
        made = weight_gradient(
            batch_last(x, count), batch_last(g, count), (*kernel, 1), *more, groups
        )
        return made[..., 0].astype(dtype, copy=False)
    sums: dict[int, Any] = {}
    lock = threading.Lock()

    def work(start: int, stop: int) -> None:
        total = np.zeros((groups, math.prod(shape[1:]), shape[0] // groups), x.dtype)
        part_shape = (stop - start, *x.shape[1:])
        columns = Columns(
            part_shape, kernel, g.shape[2:], stride, padding, dilation, groups, x.dtype
        )
        for n in range(start, stop, columns.count):
            part = slice(n, min(n + columns.count, stop))
            columns.load(x[part])
            for block in columns.blocks:
                # columns times g', the smaller of the two being turned: a quarter quicker than g c'
                turned = np.ascontiguousarray(columns.rows(g[part], block).swapaxes(-1, -2))
                for each in np.matmul(columns.take(block), turned):
                    total += each
        with lock:
            sums[start] = total

    products_over_rows(work, len(x), g.size * math.prod(shape[1:]) // 4)
    total = sum(sums[start] for start in sorted(sums))  # in one order, whichever came first
    return np.ascontiguousarray(total.swapaxes(1, 2)).reshape(shape).astype(dtype, copy=False)


def patches(x: Any, kernel: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes) -> Any:
    """What the kernel sees at each position: (batch, channels * kernel, positions)."""
    out = output_size(x.shape[2:], kernel, stride, padding, dilation)
    columns = Columns((1, *x.shape[1:]), kernel, out, stride, padding, dilation, 1, x.dtype)
    made = np.empty((len(x), x.shape[1] * math.prod(kernel), math.prod(out)), x.dtype)
    for image, target in zip(x, made, strict=True):
        columns.inner[0] = image
        target.reshape(columns.windows.shape[1:])[...] = columns.windows[0]
    return made


def from_patches(
    g: Any, size: Sizes, kernel: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes
) -> Any:
    """The adjoint of ``patches``."""
    out = output_size(size, kernel, stride, padding, dilation)
    shape = (len(g), g.shape[1] // math.prod(kernel), *size)
    columns = Columns((1, *shape[1:]), kernel, out, stride, padding, dilation, 1, g.dtype)
    x = np.empty(shape, g.dtype)
    for target, each in zip(x, g, strict=True):
        columns.image.fill(0)
        columns.give(each.reshape(columns.windows[:1].shape))
        target[...] = columns.inner[0]
    return x
