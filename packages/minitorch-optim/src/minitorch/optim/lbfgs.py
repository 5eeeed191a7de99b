"""L-BFGS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from minitorch import Tensor, enable_grad
from minitorch.extend import Variable, array_of, grad_of, mark_written, wrap

from .arguments import check, checked
from .layout import flattened
from .line_search import Point, strong_wolfe
from .optimizer import Optimizer, ParamsT

__all__ = ["LBFGS"]


class LBFGS(Optimizer):
    """Limited-memory BFGS (Nocedal 1980): Newton steps with a Hessian from the last gradients.

    ``step`` needs a closure and calls it several times. There is one parameter group.

    Args:
        max_iter: iterations per step.
        max_eval: calls of the closure per step; by default ``max_iter * 5 // 4``.
        tolerance_grad: stop where no element of the gradient is larger.
        tolerance_change: stop where neither loss nor parameters change by more.
        history_size: how many gradients to remember.
        line_search_fn: ``"strong_wolfe"`` or None, which takes steps of length ``lr``.

    Example:
        >>> import minitorch
        >>> x = minitorch.tensor([3.0, -1.0], requires_grad=True)
        >>> optimizer = minitorch.optim.LBFGS([x], line_search_fn="strong_wolfe")
        >>> def closure():
        ...     optimizer.zero_grad()
        ...     loss = (x * x).sum()
        ...     loss.backward()
        ...     return loss
        >>> optimizer.step(closure)
        tensor(10., grad_fn=<SumBackward0>)
        >>> bool((x * x).sum() < 1e-10)
        True
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check("learning rate", lr)
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, checked(defaults, "line_search_fn"))
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Takes up to ``max_iter`` Newton steps.

        Args:
            closure: computes the loss and its gradients anew and returns the loss.

        Returns:
            The loss before the first of them.
        """
        if closure is None:
            raise TypeError("LBFGS.step() missing 1 required positional argument: 'closure'")
        if self.param_groups[0]["line_search_fn"] not in (None, "strong_wolfe"):
            raise RuntimeError("only 'strong_wolfe' is supported")
        users = np.geterr()

        def evaluate() -> Any:
            with np.errstate(**users), enable_grad():
                return closure()

        with np.errstate(all="ignore"):
            return minimize(self.param_groups[0], self.state, evaluate)


def minimize(group: dict[str, Any], state: Any, closure: Callable[[], Any]) -> Any:
    params = group["params"]
    lr, most, tolerance = float(group["lr"]), group["max_iter"], group["tolerance_change"]
    entry = state[params[0]]  # PyTorch keeps all state with the first parameter
    entry.setdefault("func_evals", 0)
    entry.setdefault("n_iter", 0)
    first = closure()
    loss, evaluations = float(first), 1
    entry["func_evals"] += 1
    g = gradient(params)
    if _largest(g) <= group["tolerance_grad"]:
        return first
    memory = _Memory(entry, group["history_size"])
    for iteration in range(1, most + 1):
        entry["n_iter"] += 1
        d = memory.direction(g)
        before, memory.g = loss, g
        slope = float(g @ d)
        memory.t = t = lr if entry["n_iter"] > 1 else min(1.0, 1.0 / float(abs(g).sum())) * lr
        memory.loss = before
        if slope > -tolerance:
            break
        calls = 0
        if group["line_search_fn"] is not None:
            found, calls = strong_wolfe(
                along(params, closure, d),
                t,
                Point(0.0, loss, g, slope),
                _largest(d),
                tolerance=1e-9,
                most=group["max_eval"] - evaluations,
            )
            memory.t, loss, g = found.t, found.f, found.g
            move(params, memory.t, d)
        else:
            move(params, t, d)
            if iteration != most:  # the gradient after the last one is not used
                loss, g, calls = float(closure()), gradient(params), 1
        evaluations += calls
        entry["func_evals"] += calls
        if (
            evaluations >= group["max_eval"]
            or _largest(g) <= group["tolerance_grad"]
            or _largest(d * memory.t) <= tolerance
            or abs(loss - before) < tolerance
        ):
            break
    memory.save(entry)
    return first


def gradient(params: list[Any]) -> Any:
    """The gradients of all parameters in one line."""
    return np.concatenate(
        [
            flattened(np.zeros_like(array_of(p)) if grad_of(p) is None else array_of(grad_of(p)))
            for p in params
        ]
    )


def move(params: list[Any], t: float, d: Any) -> None:
    """Adds ``t d`` to the parameters."""
    start = 0
    for p in params:
        array = array_of(p)
        size = array.size * (2 if array.dtype.kind == "c" else 1)
        array += (
            (t * d[start : start + size])
            .astype(array.real.dtype)
            .view(array.dtype)
            .reshape(array.shape)
        )
        mark_written(p)
        start += size


def along(params: list[Any], closure: Callable[[], Any], d: Any) -> Callable[[float], Point]:
    """The loss along ``d`` from where the parameters are, and where they are again after it."""
    starts = [array_of(p).copy() for p in params]

    def evaluate(t: float) -> Point:
        move(params, t, d)
        loss = float(closure())
        g = gradient(params)
        for p, array in zip(params, starts, strict=True):
            array_of(p)[...] = array
        return Point(t, loss, g, float(g @ d))

    return evaluate


class _Memory:
    """The last steps ``s`` and the changes ``y`` of the gradient over them."""

    def __init__(self, entry: dict[str, Any], size: int) -> None:
        self.size = size
        self.d, self.g = _array(entry.get("d")), _array(entry.get("prev_flat_grad"))
        self.t = float(entry.get("t") or 0.0)
        self.y = [_array(y) for y in entry.get("old_dirs") or ()]
        self.s = [_array(s) for s in entry.get("old_stps") or ()]
        self.rho = [float(r) for r in entry.get("ro") or ()]
        self.scale = float(entry.get("H_diag", 1.0))
        self.alpha: list[Any] | None = entry.get("al")
        self.loss = entry.get("prev_loss")

    def direction(self, g: Any) -> Any:
        """``-H g``, H the inverse Hessian that the memory amounts to (the two-loop recursion)."""
        if self.d is None:
            self.d = -g
            return self.d
        y, s = g - self.g, self.d * self.t
        ys = float(y @ s)
        if ys > 1e-10:
            if len(self.y) == self.size:
                for memory in (self.y, self.s, self.rho):
                    memory.pop(0)
            self.y.append(y)
            self.s.append(s)
            self.rho.append(1.0 / ys)
            self.scale = ys / float(y @ y)
        q = -g
        alphas = [0.0] * len(self.y)
        for k in reversed(range(len(self.y))):
            alphas[k] = float(self.s[k] @ q) * self.rho[k]
            q -= alphas[k] * self.y[k]
        q *= self.scale
        for k in range(len(self.y)):
            q += (alphas[k] - float(self.y[k] @ q) * self.rho[k]) * self.s[k]
        self.alpha = [*alphas, *(self.alpha or [None] * self.size)[len(alphas) :]]
        self.d = q
        return q

    def save(self, entry: dict[str, Any]) -> None:
        """Into the optimizer's state, in PyTorch's names."""
        if self.alpha is not None:
            entry["al"] = [_tensor(a, self.d) for a in self.alpha]
        entry["d"] = wrap(self.d)
        entry["t"] = self.t
        entry["old_dirs"] = [wrap(y) for y in self.y]
        entry["old_stps"] = [wrap(s) for s in self.s]
        entry["ro"] = [_tensor(r, self.d) for r in self.rho]
        entry["H_diag"] = _tensor(self.scale, self.d)
        entry["prev_flat_grad"] = wrap(self.g)
        entry["prev_loss"] = self.loss


def _largest(x: Any) -> float:
    return float(abs(x).max(initial=0.0))


def _array(value: Any) -> Any:
    return array_of(value) if isinstance(value, Variable) else None


def _tensor(value: Any, like: Any) -> Any:
    return (
        value
        if value is None or isinstance(value, Variable)
        else wrap(np.asarray(value, like.dtype))
    )
