"""Forward mode by hand: tensors that carry a tangent within a ``dual_level``.

Follows https://docs.pytorch.org/docs/stable/autograd.html#forward-mode-automatic-differentiation
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .grad_mode import current

if TYPE_CHECKING:
    from .._tensor import Tensor

__all__ = ["UnpackedDualTensor", "dual_level", "make_dual", "unpack_dual"]


class UnpackedDualTensor(NamedTuple):
    """A tensor and its tangent; None where it has none."""

    primal: Any
    tangent: Any


class dual_level:  # noqa: N801  (PyTorch's name)
    """The ``with`` block within which ``make_dual`` works."""

    def __enter__(self) -> dual_level:
        from ..func.forward import Forward

        self.interpreter = Forward()
        self.interpreter.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self.interpreter.__exit__(*exception)


def _level(needed: bool = True) -> Any:
    from ..func.forward import Forward

    passes = [
        interpreter
        for interpreter in current.state.interpreters
        if isinstance(interpreter, Forward)
    ]
    if not passes and needed:
        raise RuntimeError(
            "Trying to create or unpack a dual Tensor but no level exists. Make sure to "
            "enter_dual_level() first."
        )
    return passes[-1] if passes else None


def make_dual(tensor: Tensor, tangent: Tensor, *, level: int | None = None) -> Tensor:
    """``tensor`` with the tangent ``tangent``, of the same shape and dtype.

    Example:
        >>> import minitorch as torch
        >>> import minitorch.autograd.forward_ad as fwAD
        >>> with fwAD.dual_level():
        ...     x = fwAD.make_dual(torch.tensor([1.0, 2.0]), torch.ones(2))
        ...     fwAD.unpack_dual(x * x).tangent
        tensor([2., 4.])
    """
    from ..func.forward import Dual

    if tensor.shape != tangent.shape or tensor.dtype is not tangent.dtype:
        raise RuntimeError(
            f"Expected tangent to have the shape and dtype of the tensor, {list(tensor.shape)} "
            f"{tensor.dtype}, but it has {list(tangent.shape)} {tangent.dtype}"
        )
    return Dual(tensor, tangent, _level())


def unpack_dual(tensor: Any, *, level: int | None = None) -> UnpackedDualTensor:
    """The tensor and its tangent, which is None outside of a level."""
    interpreter = _level(needed=False)
    if interpreter is not None and interpreter.owns(tensor):
        return UnpackedDualTensor(tensor._primal, tensor._tangent)
    return UnpackedDualTensor(tensor, None)
