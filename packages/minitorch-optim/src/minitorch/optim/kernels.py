"""The optimizers' formulas.

A kernel ``f(xp, s, p, g, *states, **options)`` takes a parameter, its gradient and the state
as arrays of one shape and returns the new parameter and states. ``xp`` says what to calculate with:

* NumPy itself: the results are written into ``p`` and the states, ``s`` holds scratch arrays
  of the same shape, and nothing is allocated;
* ``tensors``: every argument is a Tensor, ``out`` is ignored, and the step is differentiable.
"""

from __future__ import annotations

from typing import Any

__all__ = ["sgd"]


def sgd(
    xp: Any, s: Any, p: Any, g: Any, buf: Any = None, *,
    lr: Any, momentum: Any, incoming: Any, weight_decay: Any, nesterov: bool, maximize: bool,
) -> Any:  # fmt: skip
    """b = momentum b + incoming g;  p -= lr b  (Sutskever et al. 2013, in PyTorch's form)."""
    t, u, *_ = s
    g = xp.negative(g, t) if maximize else g
    if weight_decay != 0:
        g = xp.add(g, xp.multiply(p, weight_decay, u), t)
    if buf is not None:
        buf = xp.multiply(buf, momentum, buf)
        buf = xp.add(buf, g if incoming == 1 else xp.multiply(g, incoming, u), buf)
        g = xp.add(g, xp.multiply(buf, momentum, u), t) if nesterov else buf
    return xp.subtract(p, xp.multiply(g, lr, u), p), buf
