"""How parameters and their state lie in memory, so that a step takes few NumPy calls.

Small parameters of a group that are at the same point (dtype, step number) form one ``Run``: their
state lies in one flat array, and their values and gradients are gathered into one before the kernel
and scattered after it. A large parameter is a run of its own, updated where it lies, in pieces that
stay in the cache. The parameters' own memory is never moved.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, starmap
from operator import is_
from typing import Any

import numpy as np

from minitorch import get_default_dtype
from minitorch.extend import Variable, current, wrap

__all__ = ["SCRATCH", "Buffers", "Layout", "scalar_dtype"]

SMALL = 1 << 14  # elements; parameters below are gathered
PIECE = 1 << 15  # elements that a kernel works on at a time: a few such arrays fit the L2 cache
SHARED = 1 << 20  # elements; from here on a second thread takes half of the pieces
SCRATCH = 4  # arrays

_helper: ThreadPoolExecutor | None = None


def _forget_helper() -> None:
    global _helper
    _helper = None


os.register_at_fork(after_in_child=_forget_helper)


def in_second_thread(function: Callable[..., Any], *args: Any) -> Future[Any]:
    """``function(*args)`` beside what the caller does next, NumPy's warnings off there too."""
    global _helper
    if _helper is None:
        _helper = ThreadPoolExecutor(1, "minitorch-optim")
    return _helper.submit(lambda: current.state.quiet(function, *args))


def flat(array: Any) -> Any:
    """The elements in one dimension, complex ones as pairs; the same memory if contiguous."""
    line = array.reshape(-1)
    return line.view(line.real.dtype) if line.dtype.kind == "c" else line


def scalar_dtype() -> np.dtype[Any]:
    """The dtype of step numbers and their like: float32, float64 where that is the default."""
    return np.dtype(np.float64 if get_default_dtype().itemsize == 8 else np.float32)


class Run:
    """Parameters whose update is one pass of the kernel.

    ``values``  scalar state: per name an array with one element per parameter
    ``states``  per name an array with the elements of all parameters
    """

    def __init__(
        self,
        params: list[Any],
        entries: list[dict[str, Any]],
        scalars: dict[str, float],
        names: dict[str, Any],
        buffers: Buffers,
    ) -> None:
        self.params = params
        self.homes = [p._array() for p in params]
        dtype = self.homes[0].dtype
        self.single = len(params) == 1 and self.homes[0].flags.c_contiguous
        self.fresh = any(name not in entry for name in names for entry in entries)
        self.values = [self._scalar(entries, name, first) for name, first in scalars.items()]
        states = [self._state(entries, name, first) for name, first in names.items()]
        self.size = sum(home.size for home in self.homes)
        if self.single:
            p = flat(self.homes[0])
        else:
            p, g = buffers.gathered(dtype, self.size)
            self.p_parts, self.g_parts = self._parts(p), self._parts(g)
            p, g = flat(p), flat(g)
        flats = [p, *map(flat, states)]
        self.spans = list(self._spans(len(p)))
        self.pieces = [
            (
                buffers.scratch(p.dtype, stop - start, k % 2 if self.shared else 0),
                *[array[start:stop] for array in flats],
            )
            for k, (start, stop) in enumerate(self.spans)
        ]
        if not self.single:
            self.g_pieces = [g[start:stop] for start, stop in self.spans]

    @property
    def shared(self) -> bool:
        """Whether two threads work on it."""
        return self.size >= SHARED

    def _parts(self, line: Any) -> list[Any]:
        """The pieces of a flat array that belong to the parameters, in their shapes."""
        parts, start = [], 0
        for home in self.homes:
            parts.append(line[start : start + home.size].reshape(home.shape))
            start += home.size
        return parts

    def _spans(self, length: int) -> Iterator[tuple[int, int]]:
        """Where the pieces start and stop: between rows, if there are several to a piece."""
        row = length // max(1, len(self.homes[0])) if self.single and self.homes[0].ndim else 1
        step = PIECE // row * row if 0 < row <= PIECE else PIECE
        return ((start, min(start + step, length)) for start in range(0, length, step))

    def _scalar(self, entries: list[dict[str, Any]], name: str, first: float) -> Any:
        for entry in entries:
            value = entry.get(name, first)
            if not isinstance(value, Variable):
                entry[name] = wrap(np.array(value, scalar_dtype()))
        own = [entry[name]._array() for entry in entries]
        if len(own) == 1:
            return own[0].reshape(1)
        line = np.array(own)
        for k, entry in enumerate(entries):
            entry[name]._data = line[k : k + 1].reshape(())
        return line

    def _state(self, entries: list[dict[str, Any]], name: str, first: Any) -> Any:
        """The state ``name`` of all parameters in one array, which their tensors then show."""
        homes = self.homes
        for home, entry in zip(homes, entries, strict=True):
            tensor = entry.get(name)
            if tensor is not None and tensor.shape != home.shape:
                raise RuntimeError(
                    f"the optimizer's {name} has shape {list(tensor.shape)}, but the parameter "
                    f"has shape {list(home.shape)}"
                )
        if self.single:
            tensor, home = entries[0].get(name), homes[0]
            if tensor is None:
                entries[0][name] = wrap(np.full(home.shape, first, home.dtype))
            elif not (tensor._array().flags.c_contiguous and tensor._data.dtype == home.dtype):
                tensor._data = tensor._data.astype(home.dtype, order="C")
            return entries[0][name]._data
        line = np.full(sum(home.size for home in homes), first, homes[0].dtype)
        for part, entry in zip(self._parts(line), entries, strict=True):
            tensor = entry.get(name)
            if tensor is None:
                entry[name] = wrap(part)
            else:
                part[...] = tensor._data
                tensor._data = part
        return line

    def apart(self) -> bool:
        """Whether somebody gave the parameters different scalars."""
        lists = [value.tolist() for value in self.values if len(value) > 1]
        return any(numbers.count(numbers[0]) != len(numbers) for numbers in lists)

    def update(self, kernel: Callable[..., Any], grads: list[Any], options: dict[str, Any]) -> None:
        """Runs the kernel with ``grads``, one array per parameter."""
        if not self.single:
            for part, home, g_part, g in zip(
                self.p_parts, self.homes, self.g_parts, grads, strict=True
            ):
                part[...] = home
                g_part[...] = g
            for (s, p, *states), g in zip(self.pieces, self.g_pieces, strict=True):
                kernel(np, s, p, g, *states, **options)
            for part, home in zip(self.p_parts, self.homes, strict=True):
                home[...] = part
        elif self.shared:
            other = in_second_thread(self._pass, kernel, grads[0], options, slice(1, None, 2))
            try:
                self._pass(kernel, grads[0], options, slice(0, None, 2))
            finally:
                other.result()
        else:
            self._pass(kernel, grads[0], options, slice(None))
        self.fresh = False

    def _pass(
        self, kernel: Callable[..., Any], grad: Any, options: dict[str, Any], which: slice
    ) -> None:
        """Runs the kernel over some of the pieces, where they lie."""
        gradients = _cut(grad, self.spans[which])
        for (s, p, *states), g in zip(self.pieces[which], gradients, strict=True):
            kernel(np, s, p, g, *states, **options)


def _cut(grad: Any, spans: list[tuple[int, int]]) -> Iterable[Any]:
    """``grad`` in pieces; of one that is not contiguous a few rows are copied at a time."""
    if not grad.flags.c_contiguous:
        row = flat(grad[:1]).size
        if row <= PIECE:
            return starmap(
                lambda a, b: flat(np.ascontiguousarray(grad[a // row : b // row])), spans
            )
        grad = np.ascontiguousarray(grad)
    line = flat(grad)
    return (line[start:stop] for start, stop in spans)


class Buffers:
    """Scratch memory of one optimizer, used again by every run and step."""

    def __init__(self) -> None:
        self._scratch: dict[tuple[np.dtype[Any], int], list[Any]] = {}
        self._gathered: dict[np.dtype[Any], list[Any]] = {}

    def scratch(self, dtype: np.dtype[Any], size: int, thread: int) -> tuple[Any, ...]:
        """Arrays for the kernel; one set for each of two threads."""
        arrays = self._scratch.get((dtype, thread))
        if arrays is None or len(arrays[0]) < size:
            arrays = [np.empty(max(size, 1), dtype) for _ in range(SCRATCH)]
            self._scratch[dtype, thread] = arrays
        return tuple(array[:size] for array in arrays)

    def gathered(self, dtype: np.dtype[Any], size: int) -> tuple[Any, Any]:
        """Room for the values and the gradients of a run."""
        arrays = self._gathered.get(dtype)
        if arrays is None or len(arrays[0]) < size:
            self._gathered[dtype] = arrays = [np.empty(size, dtype) for _ in range(2)]
        return arrays[0][:size], arrays[1][:size]


class Layout:
    """The runs of one parameter group, valid while nobody moved or replaced anything."""

    def __init__(
        self,
        params: list[Any],
        state: Any,
        scalars: dict[str, float],
        names: dict[str, Any],
        buffers: Buffers,
    ) -> None:
        self.params = list(params)
        self.names = names
        active = [p for p in params if p._grad is not None]
        for p in active:
            self._check(p)
        self.runs = [
            Run(run, [state[p] for p in run], scalars, names, buffers)
            for run in self._collect(active, state, scalars, names)
        ]
        self.homes = [None if p._grad is None else p._data for p in params]
        self.entries = [state[p] for p in active] if names or scalars else []
        self.active = active[: len(self.entries)]
        place = {id(p): k for k, p in enumerate(active)}
        self.places = [[place[id(p)] for p in run.params] for run in self.runs]
        self.tensors = [value for entry in self.entries for value in entry.values()]
        self.arrays = [getattr(value, "_data", None) for value in self.tensors]

    @staticmethod
    def _check(p: Any) -> None:
        if p._grad._data.shape != p._data.shape:
            raise RuntimeError(
                f"the gradient has shape {list(p._grad.shape)}, but the parameter has shape "
                f"{list(p.shape)}"
            )
        if not p._array().flags.writeable:
            raise RuntimeError(
                f"the parameter of shape {list(p.shape)} cannot be updated: its memory is read-only"
            )

    @staticmethod
    def _collect(active: list[Any], state: Any, scalars: Any, names: Any) -> Iterator[list[Any]]:
        """The parameters of each run. Those that share memory are updated one after the other."""
        if _overlap([p._data for p in active]):
            yield from ([p] for p in active)
            return
        waiting: dict[Any, list[Any]] = {}
        for p in active:
            if p._data.size > SMALL:
                yield [p]
                continue
            entry = state[p] if names or scalars else {}
            key = (
                p._data.dtype,
                *(entry.get(name) is not None for name in names),
                *(float(entry.get(name, first)) for name, first in scalars.items()),
            )
            run = waiting.setdefault(key, [])
            if run and sum(q._data.size for q in run) + p._data.size > PIECE:
                yield run
                run = waiting[key] = []
            run.append(p)
        yield from waiting.values()

    def gradients(self, params: list[Any], state: Any, names: dict[str, Any]) -> list[Any] | None:
        """The gradients' arrays; None where the layout no longer fits."""
        if len(params) != len(self.params) or names != self.names:
            return None
        grads = []
        for p, q, home in zip(params, self.params, self.homes):  # noqa: B905  (just checked)
            g = p._grad
            if g is None:
                if home is not None:
                    return None
                continue
            if p._data is not home or p is not q:
                return None
            g = g._data
            if g.shape != home.shape:
                return None
            grads.append(g)
        if not all(map(is_, map(state.get, self.active), self.entries)):
            return None
        found = list(chain.from_iterable(map(dict.values, self.entries)))
        if len(found) != len(self.tensors) or not all(map(is_, found, self.tensors)):
            return None
        if any(value._data is not array for value, array in zip(found, self.arrays)):  # noqa: B905
            return None
        if any(run.apart() for run in self.runs):
            return None
        return grads


def _overlap(arrays: list[Any]) -> bool:
    """Whether two of the arrays share memory."""
    bounds = sorted(np.lib.array_utils.byte_bounds(array) for array in arrays if array.size)
    return any(a[1] > b[0] for a, b in zip(bounds, bounds[1:], strict=False))
