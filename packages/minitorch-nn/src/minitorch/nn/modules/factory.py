"""What layers hand on to the functions that make their tensors."""

from __future__ import annotations

from typing import Any

__all__ = ["factory_kwargs"]


def factory_kwargs(kwargs: dict[str, Any] | None) -> dict[str, Any]:
    """The device, dtype and memory format among ``kwargs``, or in their ``"factory_kwargs"``.

    Raises:
        TypeError: there are others, or one is given in both ways.

    Example:
        >>> import minitorch
        >>> minitorch.nn.factory_kwargs({"dtype": minitorch.float64})
        {'dtype': torch.float64}
    """
    if kwargs is None:
        return {}
    given = dict(kwargs)
    made: dict[str, Any] = dict(given.pop("factory_kwargs", {}))
    unexpected = given.keys() - {"device", "dtype", "memory_format"}
    if unexpected:
        raise TypeError(f"unexpected kwargs {unexpected}")
    for name in given.keys() & made.keys():
        raise TypeError(f"{name} specified twice, in **kwargs and in factory_kwargs")
    return made | given
