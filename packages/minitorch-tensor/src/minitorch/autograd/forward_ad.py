"""Forward mode by hand: tensors that carry a tangent within a ``dual_level``.

Follows https://docs.pytorch.org/docs/stable/autograd.html#forward-mode-automatic-differentiation
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .grad_mode import current

if TYPE_CHECKING:
    from .._tensor import Tensor

__all__ = [
    "UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual",
    "unpack_dual",
]  # fmt: skip


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


def enter_dual_level() -> int:
    """Enters a ``dual_level``; returns its number."""
    dual_level().__enter__()
    return len(_levels()) - 1


def exit_dual_level(*, level: int | None = None) -> None:
    """Leaves the last ``dual_level``.

    Raises:
        RuntimeError: ``level`` is not the number of the last one.
    """
    levels = _levels()
    if not levels or (level is not None and level != len(levels) - 1):
        raise RuntimeError(
            "Trying to exit a forward AD level that was not the last one that was created. This is "
            "not supported."
        )
    levels[-1].__exit__(None, None, None)


class _set_fwd_grad_enabled:  # noqa: N801  (PyTorch's name)
    """Within it, with False, the levels that are open carry no tangents on."""

    def __init__(self, mode: bool) -> None:
        self.mode, self.levels = mode, _levels()
        self.before = [level.paused for level in self.levels]
        for level in self.levels:
            level.paused = not mode

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: object) -> None:
        for level, paused in zip(self.levels, self.before, strict=True):
            level.paused = paused


def _is_fwd_grad_enabled() -> bool:
    """False where ``_set_fwd_grad_enabled(False)`` was called for the levels that are open."""
    return not any(level.paused for level in _levels())


def __getattr__(name: str) -> Any:
    if name == "_current_level":  # the number of the last level, -1 outside of all
        return len(_levels()) - 1
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _levels() -> list[Any]:
    from ..func.forward import Forward

    return [each for each in current.state.interpreters if isinstance(each, Forward)]


def _level(needed: bool = True) -> Any:
    passes = _levels()
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

    for name, each in (("primal", tensor), ("tangent", tangent)):
        if not each.is_floating_point() and not each.is_complex():
            raise ValueError(
                f"Expected {name} to be floating point or complex, but got: {each.dtype}"
            )
    if tensor.shape != tangent.shape:
        raise RuntimeError(
            "Trying to set a forward gradient that has a different size than that of the original "
            f"Tensor, this is not supported. Tensor is of size {list(tensor.shape)} while the "
            f"given forward gradient is of size {list(tangent.shape)}."
        )
    if tensor.dtype is not tangent.dtype:
        raise RuntimeError(
            f"Expected tangent to have the dtype of the tensor, {tensor.dtype}, but it has "
            f"{tangent.dtype}"
        )
    interpreter = _level()
    for name, each in (("tensor", tensor), ("tangent", tangent)):
        if interpreter.owns(each):
            raise RuntimeError(
                f"Cannot make a dual tensor: the {name} has a forward gradient at the same level "
                "already."
            )
    if tensor.numel() and _layout(tensor) != _layout(tangent):  # its views would be others
        tangent = tangent.clone()
    made = Dual(tensor, tangent, interpreter)
    made._counter = tensor._counter
    return made


def _layout(x: Any) -> Any:
    """What a view of ``x`` depends on."""
    if x._interpreter is not None:
        return x.stride()
    return x.stride(), x.untyped_storage().nbytes()


def unpack_dual(tensor: Any, *, level: int | None = None) -> UnpackedDualTensor:
    """The tensor and its tangent, which is None outside of a level."""
    interpreter = _level(needed=False)
    if interpreter is not None and interpreter.owns(tensor):
        primal = tensor._primal
        return UnpackedDualTensor(primal.view_as(primal), tensor._tangent)
    from ..func.forward import Dual

    if isinstance(tensor, Dual) and tensor._interpreter not in current.state.interpreters:
        return unpack_dual(tensor._primal)  # its level has ended
    return UnpackedDualTensor(tensor, None)
