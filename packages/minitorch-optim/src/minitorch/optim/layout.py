"""How parameters and their state lie in memory, so that a step takes few NumPy calls.

Small parameters of a group that are at the same point (dtype, step number) form one
``FusedGroup``: their state lies in one flat array, and their values and gradients are gathered into
one before the kernel and scattered after it. A large parameter is a group of its own, updated where
it lies in pieces, on all cores. The parameters' own memory is never moved.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from itertools import chain, pairwise
from operator import is_
from typing import Any

import numpy as np
from minitorch import get_default_dtype
from minitorch.extend import (
    BLOCK,
    SparseData,
    Variable,
    array_of,
    data_of,
    grad_of,
    over_rows,
    scratch,
    set_data,
)

__all__ = ["SCRATCH", "Buffers", "Layout", "flattened", "scalar_dtype"]

SMALL = 1 << 14  # elements; parameters up to here are gathered
PIECE = 1 << 16  # elements that are gathered at most: a few such arrays fit the cache
SCRATCH = 4  # arrays


def flattened(array: Any) -> Any:
    """The elements in one dimension, complex ones as pairs; the same memory if contiguous."""
    line = array.reshape(-1)
    return line.view(line.real.dtype) if line.dtype.kind == "c" else line


def scalar_dtype() -> np.dtype[Any]:
    """The dtype of step numbers and their like: float32, float64 where that is the default."""
    return np.dtype(np.float64 if get_default_dtype().itemsize == 8 else np.float32)


class FusedGroup:
    """Parameters whose update is one pass of the kernel.

    ``values``  scalar state: per name an array with one element per parameter
    ``states``  per name an array with the elements of all parameters
    """

    def __init__(
        self,
        params: list[Any],
        entries: list[dict[str, Any]],
        scalars: Sequence[str],
        states: Sequence[str],
        fresh: bool,
        buffers: Buffers,
    ) -> None:
        self.params = params
        self.fresh = fresh
        self.arrays = [array_of(p) for p in params]
        self.size = sum(array.size for array in self.arrays)
        dtype = self.arrays[0].dtype
        self.single = len(params) == 1 and self.arrays[0].flags.c_contiguous
        self.values = [self._scalars(entries, name) for name in scalars]
        lines = [self._states(entries, name) for name in states]
        if self.single:
            p = self.arrays[0]
        else:
            p, g, *room = buffers.gathered(dtype, self.size)
            self.p_parts, self.g_parts = self._parts(p), self._parts(g)
            self.gathered, self.room = flattened(g), list(map(flattened, room))
        self.lines = [flattened(array) for array in (p, *lines)]

    def _parts(self, line: Any) -> list[Any]:
        """The pieces of a flat array that belong to the parameters, in their shapes."""
        parts, start = [], 0
        for array in self.arrays:
            parts.append(line[start : start + array.size].reshape(array.shape))
            start += array.size
        return parts

    def _scalars(self, entries: list[dict[str, Any]], name: str) -> Any:
        """The scalars ``name`` of all parameters in one array, which their tensors then show."""
        own = [array_of(entry[name]) for entry in entries]
        if len(own) == 1:
            return own[0].reshape(1)
        line = np.array(own)
        for k, entry in enumerate(entries):
            set_data(entry[name], line[k : k + 1].reshape(()))
        return line

    def _states(self, entries: list[dict[str, Any]], name: str) -> Any:
        """The same for state of the parameters' shapes."""
        tensors = [entry[name] for entry in entries]
        for tensor, array in zip(tensors, self.arrays, strict=True):
            if data_of(tensor).shape != array.shape:
                raise RuntimeError(
                    f"the optimizer's {name} has shape {list(tensor.shape)}, but the parameter "
                    f"has shape {list(array.shape)}"
                )
        dtype = self.arrays[0].dtype
        if self.single:
            (tensor,) = tensors
            if not (array_of(tensor).flags.c_contiguous and data_of(tensor).dtype == dtype):
                set_data(tensor, data_of(tensor).astype(dtype, order="C"))
            return data_of(tensor)
        line = np.empty(self.size, dtype)
        for part, tensor in zip(self._parts(line), tensors, strict=True):
            part[...] = data_of(tensor)
            set_data(tensor, part)
        return line

    def diverged(self) -> bool:
        """Whether the parameters have been given different scalars."""
        lists = [value.tolist() for value in self.values if len(value) > 1]
        return any(numbers.count(numbers[0]) != len(numbers) for numbers in lists)

    def update(self, kernel: Callable[..., Any], grads: list[Any], options: dict[str, Any]) -> None:
        """Runs the kernel with ``grads``, one array per parameter."""
        if not self.single:
            for part, array, g_part, g in zip(
                self.p_parts, self.arrays, self.g_parts, grads, strict=True
            ):
                part[...] = array
                g_part[...] = g
            p, *states = self.lines
            kernel(np, self.room, p, self.gathered, *states, **options)
            for part, array in zip(self.p_parts, self.arrays, strict=True):
                array[...] = part
        elif grads[0].flags.c_contiguous:
            self._pass(kernel, options, flattened(grads[0]), 1)
        else:  # such as a transposed product: its rows are copied piece by piece
            self._pass(kernel, options, grads[0], flattened(grads[0][:1]).size)
        self.fresh = False

    def _pass(self, kernel: Callable[..., Any], options: dict[str, Any], g: Any, row: int) -> None:
        """Runs the kernel over all elements, of which each row of ``g`` has so many."""
        p, *states = self.lines
        step = max(1, BLOCK // max(1, row))

        def work(start: int, stop: int) -> None:
            for k in range(start, stop, step):
                end = min(k + step, stop)
                piece = slice(k * row, end * row)
                *room, copy = scratch(SCRATCH + 1, (piece.stop - piece.start,), p.dtype)
                part = g[k:end]
                if g.ndim > 1 or not g.flags.c_contiguous:
                    np.copyto(copy.view(g.dtype).reshape(part.shape), part)
                    part = copy
                kernel(np, room, p[piece], part, *[line[piece] for line in states], **options)

        over_rows(work, len(g), len(p) * len(self.lines))


class Buffers:
    """Room for what one optimizer gathers, used again by every group and step."""

    def __init__(self) -> None:
        self._gathered: dict[np.dtype[Any], list[Any]] = {}

    def gathered(self, dtype: np.dtype[Any], size: int) -> list[Any]:
        """Room for the values and the gradients of a group, and for what the kernel calculates."""
        arrays = self._gathered.get(dtype)
        if arrays is None or len(arrays[0]) < size:
            self._gathered[dtype] = arrays = [np.empty(size, dtype) for _ in range(2 + SCRATCH)]
        return [array[:size] for array in arrays]


class Layout:
    """The fused groups of one parameter group, valid while none of them is moved or replaced."""

    def __init__(
        self,
        params: list[Any],
        state: Any,
        scalars: Sequence[str],
        states: Sequence[str],
        fresh: Container[int],
        buffers: Buffers,
    ) -> None:
        self.params = list(params)
        self.names = (*scalars, *states)
        active = [p for p in params if grad_of(p) is not None]
        for p in active:
            self._check(p)
        entries = {id(p): state[p] for p in active} if self.names else {}
        self.fused_groups = [
            FusedGroup(
                group,
                [entries[id(p)] for p in group if entries],
                scalars,
                states,
                id(group[0]) in fresh,
                buffers,
            )
            for group in self._collect(active, entries, scalars, fresh)
        ]
        self.memory = [None if grad_of(p) is None else data_of(p) for p in params]
        self.entries = [entries[id(p)] for p in active if entries]
        self.active = active[: len(self.entries)]
        place = {id(p): k for k, p in enumerate(active)}
        self.places = [[place[id(p)] for p in group.params] for group in self.fused_groups]
        self.tensors = [value for entry in self.entries for value in entry.values()]
        self.arrays = [
            data_of(value) if isinstance(value, Variable) else None for value in self.tensors
        ]

    @staticmethod
    def _check(p: Any) -> None:
        if data_of(grad_of(p)).shape != data_of(p).shape:
            raise RuntimeError(
                f"the gradient has shape {list(grad_of(p).shape)}, but the parameter has shape "
                f"{list(p.shape)}"
            )
        if data_of(grad_of(p)).dtype != data_of(p).dtype:
            raise RuntimeError(
                f"the gradient has dtype {grad_of(p).dtype}, but the parameter has dtype {p.dtype}"
            )
        if not array_of(p).flags.writeable:
            raise RuntimeError(
                f"the parameter of shape {list(p.shape)} cannot be updated: its memory is read-only"
            )

    @staticmethod
    def _collect(
        active: list[Any], entries: Any, scalars: Sequence[str], fresh: Container[int]
    ) -> Iterator[list[Any]]:
        """The parameters of each group. Those that share memory are updated one after the other."""
        if _overlap([data_of(p) for p in active]):
            yield from ([p] for p in active)
            return
        waiting: dict[Any, list[Any]] = {}
        sizes: dict[Any, int] = {}
        for p in active:
            if data_of(p).size > SMALL:
                yield [p]
                continue
            numbers = [data_of(entries[id(p)][name]).item() for name in scalars]
            key = (data_of(p).dtype, id(p) in fresh, *numbers)
            group = waiting.setdefault(key, [])
            sizes[key] = sizes.get(key, 0) + data_of(p).size
            if group and sizes[key] > PIECE:
                yield group
                group, sizes[key] = [], data_of(p).size
                waiting[key] = group
            group.append(p)
        yield from waiting.values()

    def gradients(self, params: list[Any], state: Any, names: tuple[str, ...]) -> list[Any] | None:
        """The gradients' arrays; None where the layout no longer fits."""
        if len(params) != len(self.params) or names != self.names:
            return None
        grads = []
        for p, q, array, g in zip(params, self.params, self.memory, map(grad_of, params)):
            if g is None:
                if array is not None:
                    return None
                continue
            if data_of(p) is not array or p is not q:
                return None
            g = data_of(g)
            if g.shape != array.shape:
                return None
            grads.append(g.dense() if isinstance(g, SparseData) else g)
        if not self.tensors:
            return grads
        if not all(map(is_, map(state.get, self.active), self.entries)):
            return None
        found = list(chain.from_iterable(map(dict.values, self.entries)))
        if len(found) != len(self.tensors) or not all(map(is_, found, self.tensors)):
            return None
        if not all(map(is_, map(data_of, found), self.arrays)):
            return None
        if any(group.diverged() for group in self.fused_groups):
            return None
        return grads


def _overlap(arrays: list[Any]) -> bool:
    """Whether two of the arrays share memory."""
    bounds = sorted(np.lib.array_utils.byte_bounds(array) for array in arrays if array.size)
    return any(a[1] > b[0] for a, b in pairwise(bounds))
