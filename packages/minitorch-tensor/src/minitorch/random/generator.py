"""``Generator``: PyTorch's stream of random bits on the CPU, the Mersenne Twister MT19937."""

from __future__ import annotations

import math
import os
import struct
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache
from operator import length_hint
from typing import TYPE_CHECKING, Any

import numpy as np

from .._types.device import CPU, device
from .._types.device import device as place

if TYPE_CHECKING:
    from .._tensor import Tensor

__all__ = ["Generator", "default_generator"]

Array = np.ndarray[Any, Any]
DEFAULT_SEED = 67280421310721
STREAM = 625 * 4  # bytes of a stream's state in memory: 624 words and a position
# PyTorch's state: seed, left, seeded, next, 624 words, 3 unused doubles, whether a normal number is
# kept, and that number twice: as double (in the second unused slot) and as float with its own flag
LAYOUT = struct.Struct("<QiiQ4992s3diifi")


_drawing: weakref.WeakSet[Any] = weakref.WeakSet()  # the generators that have a stream


def drawn_without_seed() -> bool:
    """Whether the default generator gave numbers, and no generator in use was given a seed."""
    used = list(_drawing)
    return default_generator in used and not any(
        each._seed not in (DEFAULT_SEED, each._entropy) for each in used
    )


def _free_locks() -> None:
    """In a forked child, where no thread is left that would release what it held."""
    locks = [generator._bits.lock for generator in list(_drawing)]
    locks.append(np.random.get_bit_generator().lock)  # type: ignore[attr-defined]  # NumPy's stubs lack it
    for name in ("_bits", "_draw", "_state"):
        locks.append(getattr(Generator.__dict__[name], "lock", None))  # before Python 3.12
    for lock in locks:
        if lock is not None:
            lock._at_fork_reinit()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_free_locks)


@lru_cache(maxsize=8)
def _seeded(seed: int) -> Array:
    """The words of a stream that nothing was drawn from: w[k] = 1812433253 (w ^ w >> 30) + k, with
    w = w[k - 1]. It makes none, which would take an import of numpy.random."""
    words = [seed]
    for k in range(1, 624):
        words.append((1812433253 * (words[-1] ^ words[-1] >> 30) + k) % 2**32)
    return np.array(words, np.uint32)


class Generator:
    """A source of random numbers, the same as PyTorch's for the same seed.

    Example:
        >>> import minitorch
        >>> g = minitorch.Generator().manual_seed(0)
        >>> minitorch.rand(3, generator=g)
        tensor([0.4963, 0.7682, 0.0885])
    """

    _entropy: int | None = None  # the seed that nobody chose

    def __init__(self, device: Any = None) -> None:
        if device is not None and place(device).type != "cpu":
            raise RuntimeError(
                f"Cannot get {place(device).type.upper()} generator: MiniTorch draws on the CPU"
            )
        self.manual_seed(DEFAULT_SEED)

    @cached_property
    def _bits(self) -> Any:
        """The stream; made on first use, as importing numpy.random takes as long as our modules."""
        bits = np.random.MT19937()
        bits._legacy_seeding(self._seed % 2**32)
        _drawing.add(self)
        return bits

    @cached_property
    def _draw(self) -> Any:
        return np.random.Generator(self._bits)

    @cached_property
    def _state(self) -> Array:
        """The memory of the stream: 624 words and the place among them. NumPy's ``state`` goes
        through the words one by one, which takes 100 times as long."""
        import ctypes  # which NumPy imports for the address, too

        memory: Any = (ctypes.c_uint32 * 625).from_address(self._bits.ctypes.state_address)
        state: Array = np.frombuffer(memory, np.uint32)
        return state

    @property
    def device(self) -> device:
        """Always the CPU."""
        return CPU

    # --- seeds and states ---

    def manual_seed(self, seed: int) -> Generator:
        """Starts the stream of ``seed``, an integer of 64 bits; returns the generator."""
        seed = int(seed)
        if not -(2**63) <= seed < 2**64:
            raise ValueError(f"Overflow when unpacking long long: the seed {seed} exceeds 64 bits")
        self._seed = seed % 2**64
        if "_bits" in self.__dict__:
            self._bits._legacy_seeding(seed % 2**32)
        self._kept: float | None = None  # the second of a pair of normal numbers
        return self

    def seed(self) -> int:
        """Starts a stream from the system's entropy; returns the seed."""
        self._entropy = int.from_bytes(os.urandom(7), "little")
        self.manual_seed(self._entropy)
        return self._seed

    def initial_seed(self) -> int:
        """The seed that the stream started from."""
        return self._seed

    def get_state(self) -> Tensor:
        """The state as a uint8 tensor, in PyTorch's layout: either side restores the other's."""
        from ..ops.creation import made

        if "_bits" in self.__dict__:
            words, position = self._state[:624], int(self._state[624])
        else:
            words, position = _seeded(self._seed % 2**32), 624
        following = position
        if position == 624 and np.array_equal(words, _seeded(self._seed % 2**32)):
            following = 0  # else at the end of a block of 624
        kept = self._kept
        state = LAYOUT.pack(
            self._seed, 625 - position, 1, following, words.astype("<u8").tobytes(),
            0.0, 0.0 if kept is None else kept, 0.0, kept is not None, 0, 0.0, 0,
        )  # fmt: skip
        return made(np.frombuffer(bytearray(state), np.uint8), device=CPU)

    def set_state(self, new_state: Any) -> Generator:
        """Continues from a state that ``get_state``, here or in PyTorch, returned."""
        state = new_state._data
        if state.dtype != np.uint8:
            raise TypeError(f"RNG state must be a torch.ByteTensor, got {new_state.dtype}")
        if state.size != LAYOUT.size:
            raise RuntimeError(
                f"Invalid mt19937 state: expected {LAYOUT.size} bytes, got {state.size}"
            )
        seed, left, seeded, following, key, _, kept, _, keeps, *_ = LAYOUT.unpack(state.tobytes())
        words = np.frombuffer(key, "<u8")
        if not (seeded and 1 <= left <= 624 and following <= 624 and words.max() < 2**32):
            raise RuntimeError("Invalid mt19937 state")
        self._seed, self._kept = seed, kept if keeps else None
        seeded = left == 1 and np.array_equal(words, _seeded(seed % 2**32))
        if "_bits" in self.__dict__ or not seeded:
            self._state[:624], self._state[624] = words, 625 - left
        return self

    def mark(self) -> Any:
        """Where the stream is, for ``back_to``: as it lies in memory, in a microsecond."""
        if self._memory is None:
            return self._seed, self._kept, self._bits.state
        read, _, address = self._memory
        return self._seed, self._kept, read(address, STREAM)

    def back_to(self, mark: Any) -> None:
        """Continues from a ``mark`` of this generator."""
        self._seed, self._kept, words = mark
        if self._memory is None:
            self._bits.state = words
        else:
            _, write, address = self._memory
            write(address, words, STREAM)

    @cached_property
    def _memory(self) -> Any:
        """What reads memory, what writes to it, and where the stream's state is; None where memory
        cannot be reached."""
        try:
            import ctypes
        except ImportError:  # WebAssembly
            return None
        return ctypes.string_at, ctypes.memmove, self._bits.ctypes.state_address

    def clone_state(self) -> Generator:
        """Another generator at the same place of the stream."""
        made = Generator()
        made._state[:] = self._state
        made._seed, made._kept = self._seed, self._kept
        return made

    def graphsafe_get_state(self) -> Generator:
        return self.clone_state()

    def __reduce__(self) -> Any:
        return _restored, (self.get_state()._data.tobytes(),)

    # --- the stream ---

    def bits32(self, count: int) -> Array:
        """``count`` numbers of 32 bits."""
        if count < 512:  # costs less to call, more per number
            drawn: Array = self._bits.random_raw(count).astype(np.uint32)
        else:
            drawn = self._draw.integers(0, 2**32, count, np.uint32)
        return drawn

    def bits64(self, count: int) -> Array:
        """``count`` numbers of 64 bits; the first draw is the high half."""
        words = self.bits32(2 * count).view(np.uint64)
        if sys.byteorder == "little":
            first = words << np.uint64(32)
            words >>= np.uint64(32)
            words |= first
        return words

    def uniform_into(self, out: Array) -> None:
        """Fills a contiguous array: float64 as ``uniform64``, else as ``uniform32``."""
        if out.dtype == np.float64:
            bits = self.bits64(out.size)
            bits &= np.uint64(2**53 - 1)
            np.multiply(bits, 2.0**-53, out=out)
            return
        bits = self.bits32(out.size)
        bits &= np.uint32(0xFFFFFF)
        # through int32: its conversion to float32 is a vector instruction
        np.multiply(
            bits.view(np.int32).astype(np.float32), np.float32(2**-24), out=out, casting="unsafe"
        )

    def uniform32(self, count: int) -> Array:
        """float32 in [0, 1): the low 24 bits / 2^24."""
        out = np.empty(count, np.float32)
        self.uniform_into(out)
        return out

    def uniform64(self, count: int) -> Array:
        """float64 in [0, 1): the low 53 bits of 64 / 2^53."""
        out = np.empty(count)
        self.uniform_into(out)
        return out

    @contextmanager
    def one_by_one(self, block: int) -> Iterator[Callable[[], float]]:
        """``uniform64(1)`` as a quick function without arguments, while the context lasts."""
        state, latest = self._state.copy(), 0  # of the stream, before the latest block
        left: Any = iter(())

        def numbers() -> Iterator[float]:
            nonlocal state, latest, left
            while True:
                state, latest = self._state.copy(), block
                left = iter(self.uniform64(block).tolist())
                yield from left

        yield numbers().__next__
        self._state[:] = state
        self._bits.random_raw(2 * (latest - length_hint(left)), output=False)

    @contextmanager
    def looking_ahead(self, make: Callable[[Any, Any], Any]) -> Iterator[Any]:
        """``make(uniform64, kept)``, which draws more than it uses: its ``used`` numbers count.

        ``kept`` is the second of a pair of normal numbers.
        """
        states = [(0, self._state.copy())]  # of the stream, before each draw that may be unused
        total = 0

        def more(count: int) -> Array:
            nonlocal total
            while len(states) > 1 and states[1][0] <= draws.used:
                del states[0]
            states.append((total, self._state.copy()))
            total += count
            return self.uniform64(count)

        draws = make(more, self._kept)
        yield draws
        before, state = [each for each in states if each[0] <= draws.used][-1]
        self._state[:] = state
        self._bits.random_raw(2 * (draws.used - before), output=False)
        self._kept = draws.kept

    def normal_pairs(self, count: int) -> Array:
        """Standard normal float64, one after the other.

        Uniform u, v give sqrt(-2 log(1 - v)) times cos(2 pi u) and, kept for the next call, times
        sin(2 pi u).
        """
        out = np.empty(count)
        kept = 1 if count and self._kept is not None else 0
        if kept:
            out[0], self._kept = self._kept, None
        rest = out[kept:]
        if not rest.size:
            return out
        pairs: Any
        if rest.size < 16:
            bits: Any = iter(self._bits.random_raw(2 * (rest.size + rest.size % 2)).tolist())
            u53 = ((high & 0x1FFFFF) << 32 | next(bits) for high in bits)
            pairs = [x for u in u53 for x in _pair(u * 2.0**-53, next(u53) * 2.0**-53)]
        else:
            u, v = self.uniform64(rest.size + rest.size % 2).reshape(-1, 2).T
            radius, angle = np.sqrt(-2 * np.log1p(-v)), 2 * np.pi * u
            pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).reshape(-1)
        rest[:] = pairs[: rest.size]
        if rest.size % 2:
            self._kept = float(pairs[-1])
        return out


def _pair(u: float, v: float) -> tuple[float, float]:
    radius, angle = math.sqrt(-2 * math.log1p(-v)), 2 * math.pi * u
    return radius * math.cos(angle), radius * math.sin(angle)


def _restored(state: bytes) -> Generator:
    from ..ops.creation import made

    return Generator().set_state(made(np.frombuffer(bytearray(state), np.uint8), device=CPU))


default_generator = Generator()
default_generator.seed()
