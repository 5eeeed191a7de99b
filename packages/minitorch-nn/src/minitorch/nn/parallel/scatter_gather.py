"""``scatter`` and ``gather``, between GPUs.

Follows https://docs.pytorch.org/docs/stable/nn.html#module-torch.nn.parallel
"""

from __future__ import annotations

from typing import Any, NoReturn

__all__ = ["gather", "is_namedtuple", "scatter", "scatter_kwargs"]


def is_namedtuple(obj: Any) -> bool:
    """Whether ``obj`` is a named tuple."""
    return isinstance(obj, tuple) and hasattr(obj, "_asdict") and hasattr(obj, "_fields")


def scatter(inputs: Any, target_gpus: Any, dim: int = 0) -> NoReturn:
    """Raises: there is one device."""
    raise NotImplementedError("nn.parallel.scatter splits a batch over GPUs: there are none")


def scatter_kwargs(inputs: Any, kwargs: Any, target_gpus: Any, dim: int = 0) -> NoReturn:
    """Raises: there is one device."""
    raise NotImplementedError("nn.parallel.scatter_kwargs splits a batch over GPUs: there are none")


def gather(outputs: Any, target_device: Any, dim: int = 0) -> NoReturn:
    """Raises: there is one device."""
    raise NotImplementedError("nn.parallel.gather joins what GPUs gave: there are none. See cat")
