"""Recurrent layers."""

from __future__ import annotations

import math
import warnings
from typing import Any, Generic, TypeVar, overload

import minitorch
from minitorch import Tensor, cat, stack

from .. import init
from ..functional import recurrent as F
from ..functional.dropout import dropout
from ..module import Module
from ..packed import PackedSequence
from ..parameter import Parameter
from .cells import GRUCell, LSTMCell, RNNCell, RNNCellBase

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNBase", "RNNCell", "RNNCellBase"]


S = TypeVar("S")  # the states: h, in an LSTM (h, c)
GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


class RNNBase(Module, Generic[S]):
    """What RNN, LSTM and GRU share: parameters, layers, directions, packed sequences."""

    def __init__(
        self, mode: str, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True,
        batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False,
        proj_size: int = 0, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.mode, self.input_size, self.hidden_size = mode, input_size, hidden_size
        self.num_layers, self.bias, self.batch_first = num_layers, bias, batch_first
        self.dropout, self.bidirectional, self.proj_size = float(dropout), bidirectional, proj_size
        check_options(self)
        directions = 2 if bidirectional else 1
        made = {"dtype": dtype, "device": device}
        rows = GATES[mode] * hidden_size
        out = proj_size or hidden_size
        for layer in range(num_layers):
            width = input_size if layer == 0 else out * directions
            for suffix in suffixes(self, layer):
                shapes: dict[str, tuple[int, ...]] = {
                    "weight_ih": (rows, width),
                    "weight_hh": (rows, out),
                }
                if bias:
                    shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
                if proj_size:
                    shapes["weight_hr"] = (proj_size, hidden_size)
                for name, shape in shapes.items():
                    setattr(self, f"{name}_{suffix}", Parameter(minitorch.empty(shape, **made)))
        self.reset_parameters()

    @property
    def all_weights(self) -> list[list[Any]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in weight_names(self)]

    @property
    def _flat_weights(self) -> list[Any]:
        return [weight for layer in self.all_weights for weight in layer]

    @property
    def _flat_weights_names(self) -> list[str]:
        return [name for layer in weight_names(self) for name in layer]

    def __getstate__(self) -> dict[str, Any]:
        """What a pickle holds: with the lists of parameters that PyTorch's modules keep."""
        lists = {
            "_all_weights": weight_names(self),
            "_flat_weights_names": self._flat_weights_names,
        }
        return {**self.__dict__, **lists, "_flat_weights": self._flat_weights}

    def __setstate__(self, state: dict[str, Any]) -> None:
        lists = ("_all_weights", "_flat_weights_names", "_flat_weights")
        super().__setstate__({key: value for key, value in state.items() if key not in lists})

    def reset_parameters(self) -> None:
        """Draws the parameters anew: uniform within 1 / sqrt(hidden_size)."""
        bound = 1 / math.sqrt(self.hidden_size)
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def flatten_parameters(self) -> None:
        """Nothing: for code that calls it."""

    @overload
    def forward(self, input: Tensor, hx: S | None = None) -> tuple[Tensor, S]: ...
    @overload
    def forward(self, input: PackedSequence, hx: S | None = None) -> tuple[PackedSequence, S]: ...
    def forward(self, input: Any, hx: Any = None) -> Any:
        """(output, final states).

        Args:
            input: (L, N, input_size), with ``batch_first`` (N, L, input_size), without a batch
                (L, input_size), or a ``PackedSequence``.
            hx: the first states, (num_layers * directions, N, width) each; zeros by default.
        """
        packed = isinstance(input, PackedSequence)
        if packed:
            x, batch_sizes, order, back = input
            sizes = tuple(batch_sizes.tolist())
            n, batched = sizes[0], True
        else:
            if input.ndim not in (2, 3):
                raise ValueError(
                    f"{type(self).__name__}: Expected input to be 2D or 3D, got {input.ndim}D "
                    f"instead, of shape {list(input.shape)}"
                )
            batched = input.ndim == 3
            x = input if batched else input.unsqueeze(1)
            if self.batch_first and batched:
                x = x.transpose(0, 1)
            length, n = x.shape[:2]
            if length == 0:
                raise RuntimeError(
                    f"{type(self).__name__}: Expected sequence length to be larger than 0"
                )
            sizes, order, back = (n,) * length, None, None
        check_input(self, input if not packed else x)
        states = first_states(self, hx, n, x, batched, order)
        flat = x if packed else x.reshape((-1, x.shape[-1]))
        flat, finals = through_layers(self, flat, states, sizes)
        if packed:
            output: Any = PackedSequence(flat, input.batch_sizes, order, back)
            if back is not None:
                finals = [s.index_select(1, back) for s in finals]
        else:
            output = flat.reshape((length, n, flat.shape[-1]))
            if not batched:
                output, finals = output.squeeze(1), [s.squeeze(1) for s in finals]
            elif self.batch_first:
                output = output.transpose(0, 1)
        return output, (finals[0] if len(finals) == 1 else tuple(finals))

    def extra_repr(self) -> str:
        """The sizes, and what is not usual."""
        text = f"{self.input_size}, {self.hidden_size}"
        usual = {"proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False,
                 "dropout": 0.0, "bidirectional": False}  # fmt: skip
        for name, value in usual.items():
            if getattr(self, name) != value:
                text += f", {name}={getattr(self, name)}"
        return text


def check_options(rnn: RNNBase[Any]) -> None:
    p = rnn.dropout
    if not 0 <= p <= 1:
        raise ValueError(
            "dropout should be a number in range [0, 1] representing the probability of an "
            f"element being zeroed, but got {p}"
        )
    if p > 0 and rnn.num_layers == 1:
        warnings.warn(
            "dropout option adds dropout after all but last recurrent layer, so non-zero "
            f"dropout expects num_layers greater than 1, but got dropout={p} and num_layers=1",
            stacklevel=4,
        )
    if not isinstance(rnn.hidden_size, int):
        raise TypeError(f"hidden_size should be of type int, got: {type(rnn.hidden_size).__name__}")
    for name in ("hidden_size", "num_layers"):
        if getattr(rnn, name) <= 0:
            raise ValueError(f"{name} must be greater than zero, but got {getattr(rnn, name)}")
    if not 0 <= rnn.proj_size < rnn.hidden_size:
        raise ValueError(
            "proj_size should be zero to disable projections, or positive and smaller than "
            f"hidden_size, but got {rnn.proj_size} and {rnn.hidden_size}"
        )


def suffixes(rnn: RNNBase[Any], layer: int) -> list[str]:
    return [f"l{layer}", f"l{layer}_reverse"][: 2 if rnn.bidirectional else 1]


def weight_names(rnn: RNNBase[Any]) -> list[list[str]]:
    """The names of the parameters of each layer and direction."""
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
    return [
        [full for name in names if getattr(rnn, full := f"{name}_{suffix}", None) is not None]
        for layer in range(rnn.num_layers)
        for suffix in suffixes(rnn, layer)
    ]


def check_input(rnn: RNNBase[Any], x: Any) -> None:
    if x.shape[-1] != rnn.input_size:
        raise RuntimeError(
            f"{type(rnn).__name__}: input.size(-1) must be equal to input_size. Expected "
            f"{rnn.input_size}, got {x.shape[-1]} in {list(x.shape)}"
        )
    weight = rnn.get_parameter("weight_ih_l0")
    if x.dtype != weight.dtype:
        raise ValueError(
            f"{type(rnn).__name__}: input must have the type {weight.dtype}, got {x.dtype}"
        )


def first_states(
    rnn: RNNBase[Any], hx: Any, n: int, x: Any, batched: bool, order: Any
) -> list[Any]:
    """The first states as (num_layers * directions, N, width) each."""
    count = rnn.num_layers * (2 if rnn.bidirectional else 1)
    widths = state_widths(rnn)
    if hx is None:
        return [x.new_zeros((count, n, w)) for w in widths]
    given = [hx] if len(widths) == 1 else list(hx)
    found: list[Any] = []
    for name, state, width in zip(("hx", "cx"), given, widths, strict=False):
        if state.ndim != (3 if batched else 2):
            raise RuntimeError(
                f"For {'batched 3-D' if batched else 'unbatched 2-D'} input, {name} should "
                f"also be {3 if batched else 2}-D but got {state.ndim}-D tensor"
            )
        state = state if batched else state.unsqueeze(1)
        if tuple(state.shape) != (count, n, width):
            what = "hidden" if len(widths) == 1 else f"hidden[{len(found)}]"
            raise RuntimeError(
                f"{type(rnn).__name__}: Expected {what} size {(count, n, width)}, got "
                f"{list(state.shape)}"
            )
        found.append(state if order is None else state.index_select(1, order))
    return found


def refuse_projection(rnn: RNNBase[Any], wrong: dict[str, Any]) -> None:
    """Raises where a module that is no LSTM got ``proj_size``, or any other option too many."""
    if "proj_size" in wrong:
        raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
    for name in wrong:
        raise TypeError(
            f"{type(rnn).__name__}.__init__() got an unexpected keyword argument '{name}'"
        )


def through_layers(rnn: RNNBase[Any], x: Any, states: list[Any], sizes: Any) -> Any:
    finals: list[list[Any]] = [[] for _ in states]
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
    k = 0
    for layer in range(rnn.num_layers):
        outs = []
        for reverse, suffix in enumerate(suffixes(rnn, layer)):
            weights = [getattr(rnn, f"{name}_{suffix}", None) for name in names]
            y, *last = run(rnn.mode, x, [s[k] for s in states], weights, sizes, bool(reverse))
            outs.append(y)
            for final, state in zip(finals, last, strict=True):
                final.append(state)
            k += 1
        x = outs[0] if len(outs) == 1 else cat(outs, -1)
        if rnn.dropout and layer < rnn.num_layers - 1:
            x = dropout(x, rnn.dropout, rnn.training)
    return x, [stack(final) for final in finals]


def state_widths(rnn: RNNBase[Any]) -> list[int]:
    """The widths of the states: of h and, in an LSTM, of c."""
    return [rnn.proj_size or rnn.hidden_size, rnn.hidden_size][: 2 if rnn.mode == "LSTM" else 1]


def run(mode: str, x: Any, states: Any, weights: Any, sizes: Any, reverse: bool) -> Any:
    """One layer in one direction: its outputs and last states."""
    if mode == "LSTM":
        return F.lstm_p(x, *states, *weights, sizes, reverse)
    if mode == "GRU":
        return F.gru_p(x, *states, *weights[:4], sizes, reverse)
    return F.rnn_p(x, *states, *weights[:4], sizes, reverse, mode == "RNN_RELU")


class RNN(RNNBase[Tensor]):
    """Layers of h = tanh(W x + b + V h + c), or ``relu`` of it (Elman, 1990).

    The arguments are those of ``LSTM``, without projections; and

    Args:
        nonlinearity: ``"tanh"`` or ``"relu"``.
    """

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, nonlinearity: str = "tanh",
        bias: bool = True, batch_first: bool = False, dropout: float = 0.0,
        bidirectional: bool = False, device: Any = None, dtype: Any = None, **wrong: Any,
    ) -> None:  # fmt: skip
        refuse_projection(self, wrong)
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'."
            )
        self.__dict__["nonlinearity"] = nonlinearity
        super().__init__(
            f"RNN_{nonlinearity.upper()}", input_size, hidden_size, num_layers, bias, batch_first,
            dropout, bidirectional, 0, device, dtype,
        )  # fmt: skip


class LSTM(RNNBase[tuple[Tensor, Tensor]]):
    """Layers of long short-term memory (Hochreiter and Schmidhuber, 1997).

    Args:
        input_size: the width of the input.
        hidden_size: the width of the states.
        num_layers: how many layers, each on the outputs of the one before.
        bias: whether to add biases.
        batch_first: whether the batch is the first dimension of input and output.
        dropout: the probability to drop outputs of all layers but the last.
        bidirectional: whether to run backwards in time too; the outputs stand side by side.
        proj_size: project h to this width, where it is not 0.
        device: only the CPU.
        dtype: of the parameters.

    Attributes:
        weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, ...: of layer 0: the gates i, f, g, o
            one below the other; ``_reverse`` of the backward direction; ``weight_hr_l0``
            projects. Uniform within 1 / sqrt(hidden_size).

    Example:
        >>> import minitorch
        >>> output, (h, c) = minitorch.nn.LSTM(3, 5)(minitorch.zeros(7, 2, 3))
        >>> output.shape, h.shape
        (torch.Size([7, 2, 5]), torch.Size([1, 2, 5]))
    """

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True,
        batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False,
        proj_size: int = 0, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            "LSTM", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
            proj_size, device, dtype,
        )  # fmt: skip


class GRU(RNNBase[Tensor]):
    """Layers of gated recurrent units (Cho et al., 2014).

    The arguments are those of ``LSTM``, without projections; the gates are r, z, n.
    """

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True,
        batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False,
        device: Any = None, dtype: Any = None, **wrong: Any,
    ) -> None:  # fmt: skip
        refuse_projection(self, wrong)
        super().__init__(
            "GRU", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
            0, device, dtype,
        )  # fmt: skip
