"""Linear, bilinear and identity layers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, overload

import minitorch
from minitorch import Tensor

from .. import init
from ..functional.linear import bilinear, linear
from ..module import Module
from ..parameter import Parameter
from .lazy import LazyModuleMixin, materialize, postpone

__all__ = ["Bilinear", "Identity", "LazyLinear", "Linear", "NonDynamicallyQuantizableLinear"]


class Identity(Module):
    """Gives back what it gets, whatever it was made with."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        """The input."""
        return input


class Linear(Module):
    """x W' + b.

    Args:
        in_features: the width of the input; or both widths, ``Linear((10, 100))``.
        out_features: the width of the output.
        bias: whether there is a b.
        device: only the CPU.
        dtype: of the parameters.

    Attributes:
        weight: (out_features, in_features), uniform within 1 / sqrt(in_features)
        bias: (out_features), the same; or None

    Raises:
        RuntimeError: an input has another width than ``in_features``.

    Example:
        >>> import minitorch
        >>> layer = minitorch.nn.Linear(3, 5)
        >>> layer(minitorch.zeros(2, 3)).shape
        torch.Size([2, 5])
    """

    in_features: int
    out_features: int
    weight: Parameter
    bias: Parameter

    @overload
    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None: ...
    @overload
    def __init__(
        self,
        in_features: Sequence[int],
        *,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None: ...
    def __init__(
        self,
        in_features: int | Sequence[int],
        out_features: int | None = None,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if isinstance(in_features, Sequence):
            in_features, out_features = in_features
        if out_features is None:
            raise TypeError(
                "Linear needs both widths: Linear(in_features, out_features) or "
                "Linear((in_features, out_features))"
            )
        self.in_features = in_features
        self.out_features = out_features
        self.weight = Parameter(
            minitorch.empty((out_features, in_features), dtype=dtype, device=device)
        )
        if bias:
            self.bias = Parameter(minitorch.empty(out_features, dtype=dtype, device=device))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws the parameters anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            bound = 1 / math.sqrt(fan_in) if fan_in > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """(*, in_features) to (*, out_features)."""
        own: dict[str, Any] = (
            self._parameters
        )  # asked first: __getattr__ takes as long as a small product
        try:
            weight, bias = own["weight"], own["bias"]
        except KeyError:  # one of them is computed
            weight, bias = self.weight, self.bias
        try:
            return linear(input, weight, bias)
        except RuntimeError as error:
            if input.ndim and input.shape[-1] == self.in_features:
                raise
            raise RuntimeError(
                f"{self} takes inputs of width {self.in_features}, but got one of width "
                f"{input.shape[-1] if input.ndim else 'none'}, shape {list(input.shape)}: {error}"
            ) from None

    def extra_repr(self) -> str:
        """The sizes."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class NonDynamicallyQuantizableLinear(Linear):
    """``Linear`` under the name that attention's output layer has in PyTorch."""


class LazyLinear(LazyModuleMixin, Linear):
    """``Linear`` that takes ``in_features`` from its first input."""

    cls_to_become = Linear

    def __init__(
        self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(0, 0, False)
        postpone(self, "weight", *(["bias"] if bias else []), device=device, dtype=dtype)
        self.out_features = out_features

    def reset_parameters(self) -> None:
        """Draws the parameters anew, once the width is known."""
        if not self.has_uninitialized_params() and self.in_features != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """Takes the width from ``input``, or from a weight that was loaded."""
        if self.has_uninitialized_params():
            self.in_features = int(input.shape[-1])
            out = self.out_features
            materialize(self, weight=(out, self.in_features), bias=(out,))
            self.reset_parameters()
        if self.in_features == 0:
            self.in_features = self.weight.shape[-1]


class Bilinear(Module):
    """x1' W_o x2 + b_o.

    Attributes:
        weight: (out_features, in1_features, in2_features), uniform within 1 / sqrt(in1_features)
        bias: (out_features), the same; or None
    """

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if in1_features <= 0:
            raise ValueError(f"in1_features must be > 0, but got {in1_features}")
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        self.weight = Parameter(
            minitorch.empty((out_features, in1_features, in2_features), dtype=dtype, device=device)
        )
        if bias:
            self.bias = Parameter(minitorch.empty(out_features, dtype=dtype, device=device))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws the parameters anew."""
        bound = 1 / math.sqrt(self.weight.shape[1])
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        """(*, in1_features) and (*, in2_features) to (*, out_features)."""
        return bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The sizes."""
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )
