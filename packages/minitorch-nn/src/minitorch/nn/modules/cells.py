"""Recurrent cells: one step of one layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import minitorch
from minitorch import Tensor

from .. import init
from ..functional import recurrent as F
from ..module import Module
from ..parameter import Parameter

__all__ = ["GRUCell", "LSTMCell", "RNNCell", "RNNCellBase"]


class RNNCellBase(Module):
    """What the cells share: one step of one layer."""

    weight_ih: Parameter
    weight_hh: Parameter
    bias_ih: Parameter
    bias_hh: Parameter

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool, num_chunks: int, device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        rows = num_chunks * hidden_size
        shapes = {"weight_ih": (rows, input_size), "weight_hh": (rows, hidden_size),
                  "bias_ih": (rows,), "bias_hh": (rows,)}  # fmt: skip
        for name, shape in shapes.items():
            value = Parameter(minitorch.empty(shape, dtype=dtype, device=device))
            self.register_parameter(name, value if bias or "weight" in name else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws the parameters anew: uniform within 1 / sqrt(hidden_size)."""
        bound = 1 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def extra_repr(self) -> str:
        """The sizes, and what is not usual."""
        text = f"{self.input_size}, {self.hidden_size}"
        if not self.bias:
            text += f", bias={self.bias}"
        if self.__dict__.get("nonlinearity", "tanh") != "tanh":
            text += f", nonlinearity={self.__dict__['nonlinearity']}"
        return text


def stepped(
    self: RNNCellBase, input: Tensor, hx: Any, count: int, step: Callable[..., Any]
) -> list[Tensor]:
    """The new states, of which there are ``count``, by ``step(x, states, weights, sizes)``."""
    name = type(self).__name__
    if input.ndim not in (1, 2):
        raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.ndim}D instead")
    if input.shape[-1] != self.input_size:
        raise RuntimeError(
            f"{name}: input has inconsistent input_size: got {input.shape[-1]}, expected "
            f"{self.input_size}"
        )
    batched = input.ndim == 2
    x = input if batched else input.unsqueeze(0)
    if hx is None:
        hx = [x.new_zeros((len(x), self.hidden_size))] * count
    else:
        hx = [hx] if count == 1 else list(hx)
        for state in hx:
            if state.ndim != input.ndim:
                raise ValueError(
                    f"{name}: Expected hidden to be {input.ndim}D, got {state.ndim}D instead"
                )
        hx = hx if batched else [state.unsqueeze(0) for state in hx]
    for k, state in enumerate(hx):
        if tuple(state.shape) != (len(x), self.hidden_size):
            raise RuntimeError(
                f"{name}: hidden{k} has inconsistent hidden_size or batch size: got "
                f"{tuple(state.shape)}, expected {(len(x), self.hidden_size)}"
            )
    weights = (self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
    _, *new = step(x, hx, weights, (len(x),))
    return new if batched else [state.squeeze(0) for state in new]


class RNNCell(RNNCellBase):
    """One step of ``RNN``."""

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh",
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """The new state: (N, hidden_size) or (hidden_size,)."""
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        relu = self.nonlinearity == "relu"

        def step(x: Any, states: Any, weights: Any, sizes: Any) -> Any:
            return F.rnn_cell_p(x, *states, *weights, sizes, False, relu)

        return stepped(self, input, hx, 1, step)[0]


class LSTMCell(RNNCellBase):
    """One step of ``LSTM``; its state is (h, c)."""

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Tensor, hx: Sequence[Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """The new (h, c): (N, hidden_size) or (hidden_size,) each."""

        def step(x: Any, states: Any, weights: Any, sizes: Any) -> Any:
            if states[1].dtype != x.dtype:  # c alone may have another dtype, as in PyTorch
                return None, *F.lstm_cell(x, *states, *weights)
            return F.lstm_cell_p(x, *states, *weights, None, sizes, False)

        h, c = stepped(self, input, hx, 2, step)
        return h, c


class GRUCell(RNNCellBase):
    """One step of ``GRU``."""

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """The new state: (N, hidden_size) or (hidden_size,)."""

        def step(x: Any, states: Any, weights: Any, sizes: Any) -> Any:
            return F.gru_cell_p(x, *states, *weights, sizes, False)

        return stepped(self, input, hx, 1, step)[0]
