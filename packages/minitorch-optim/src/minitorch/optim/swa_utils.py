"""Averages of a model over training: stochastic weight averaging (Izmailov et al. 2018), EMA.

A model here is anything with ``parameters()``, ``buffers()`` and ``state_dict()``; ``minitorch.nn``
is not needed.

Follows https://docs.pytorch.org/docs/stable/optim.html#weight-averaging-swa-and-ema
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from minitorch import no_grad
from minitorch.extend import array_of, current, data_of, mark_written, wrap

from .lr_scheduler.base import LRScheduler, per_group, warn_outside_step

if TYPE_CHECKING:
    from .optimizer import Optimizer

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]


def _check_decay(decay: float) -> None:
    if not 0.0 <= decay <= 1.0:
        raise ValueError(
            f"Invalid decay value {decay} provided. Please provide a value in [0,1] range."
        )


def get_ema_avg_fn(decay: float = 0.999) -> Callable[[Any, Any, Any], Any]:
    """``decay average + (1 - decay) new``, for ``AveragedModel(avg_fn=...)``."""
    _check_decay(decay)

    def ema_update(ema_param: Any, current_param: Any, num_averaged: Any) -> Any:
        with no_grad():
            return decay * ema_param + (1 - decay) * current_param

    return ema_update


def get_swa_avg_fn() -> Callable[[Any, Any, Any], Any]:
    """The mean of all so far, for ``AveragedModel(avg_fn=...)``."""

    def swa_update(averaged_param: Any, current_param: Any, num_averaged: Any) -> Any:
        with no_grad():
            return averaged_param + (current_param - averaged_param) / (num_averaged + 1)

    return swa_update


def get_ema_multi_avg_fn(decay: float = 0.999) -> Callable[[Any, Any, Any], None]:
    """The exponential average in place, for ``AveragedModel(multi_avg_fn=...)``."""
    _check_decay(decay)

    def ema_update(ema_param_list: Any, current_param_list: Any, _: Any) -> None:
        _move(ema_param_list, current_param_list, 1 - decay)

    return ema_update


def get_swa_multi_avg_fn() -> Callable[[Any, Any, Any], None]:
    """The mean of all so far in place, for ``AveragedModel(multi_avg_fn=...)``."""

    def swa_update(averaged_param_list: Any, current_param_list: Any, num_averaged: Any) -> None:
        _move(averaged_param_list, current_param_list, 1 / (float(num_averaged) + 1))

    return swa_update


def _move(averages: Iterable[Any], new: Iterable[Any], weight: float) -> None:
    """``average += weight (new - average)``, in place."""
    for average, value in zip(averages, new, strict=True):
        current.state.without_warnings(_lerp, array_of(average), array_of(value), weight)
        mark_written(average)


def _lerp(a: Any, b: Any, weight: float) -> None:
    a[...] = a + weight * (b - a) if weight < 0.5 else b - (b - a) * (1 - weight)


def _copy(target: Any, value: Any) -> None:
    array_of(target)[...] = array_of(value)
    mark_written(target)


class AveragedModel:
    """A copy of a model whose parameters are averages over the calls of ``update_parameters``.

    Args:
        model: the model; its copy is ``.module``.
        avg_fn: the new average of (average, new value, how many were averaged so far); by default
            their mean.
        multi_avg_fn: the same in place, for lists of averages and new values.
        use_buffers: average the buffers too; otherwise they are copied.

    Example:
        >>> import minitorch
        >>> model = minitorch.nn.Linear(2, 1)
        >>> ema = minitorch.optim.swa_utils.AveragedModel(
        ...     model, multi_avg_fn=minitorch.optim.swa_utils.get_ema_multi_avg_fn(0.9)
        ... )
        >>> ema.update_parameters(model)
        >>> list(ema.state_dict())
        ['n_averaged', 'module.weight', 'module.bias']

    Follows https://docs.pytorch.org/docs/stable/generated/torch.optim.swa_utils.AveragedModel.html
    """

    def __init__(
        self,
        model: Any,
        device: Any = None,
        avg_fn: Callable[[Any, Any, Any], Any] | None = None,
        multi_avg_fn: Callable[[Any, Any, Any], None] | None = None,
        use_buffers: bool = False,
    ) -> None:
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.n_averaged: Any = wrap(np.array(0, np.int64))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def update_parameters(self, model: Any) -> None:
        """Takes the parameters of ``model`` into the averages."""
        averages, new = list(self.module.parameters()), list(model.parameters())
        if self.use_buffers:
            averages += self.module.buffers()
            new += model.buffers()
        averages = [p.detach() for p in averages]
        new = [p.detach() for p in new]
        if self.n_averaged.item() == 0:
            for average, value in zip(averages, new, strict=True):
                _copy(average, value)
        elif self.multi_avg_fn is not None:
            for floating in (True, False):
                kind = [
                    k
                    for k, p in enumerate(averages)
                    if (data_of(p).dtype.kind in "fVc") is floating
                ]
                if kind:
                    self.multi_avg_fn(
                        [averages[k] for k in kind], [new[k] for k in kind], self.n_averaged
                    )
        else:
            update = self.avg_fn or get_swa_avg_fn()
            for average, value in zip(averages, new, strict=True):
                _copy(average, update(average, value, self.n_averaged))
        if not self.use_buffers:
            for own, buffer in zip(self.module.buffers(), model.buffers(), strict=True):
                _copy(own, buffer)
        self.n_averaged = wrap(array_of(self.n_averaged) + 1)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)

    forward = __call__

    def parameters(self, recurse: bool = True) -> Iterator[Any]:
        """The averages."""
        found: Iterator[Any] = self.module.parameters(recurse)
        return found

    def named_parameters(self, *args: Any, **kwargs: Any) -> Iterator[tuple[str, Any]]:
        """The averages with their names, which start with ``module.``."""
        return ((f"module.{name}", p) for name, p in self.module.named_parameters(*args, **kwargs))

    def buffers(self, recurse: bool = True) -> Iterator[Any]:
        """``n_averaged`` and the module's buffers."""
        return chain([self.n_averaged], self.module.buffers(recurse))

    def modules(self) -> Iterator[Any]:
        """The averaged model and the modules in it."""
        return chain([self], self.module.modules())

    @property
    def training(self) -> bool:
        """Whether the module is in training mode."""
        return bool(self.module.training)

    def train(self, mode: bool = True) -> AveragedModel:
        """Sets training mode."""
        self.module.train(mode)
        return self

    def eval(self) -> AveragedModel:
        """Sets evaluation mode."""
        return self.train(False)

    def state_dict(self) -> dict[str, Any]:
        """``n_averaged`` and the module's state, its names after ``module.``."""
        state = {f"module.{name}": value for name, value in self.module.state_dict().items()}
        return {"n_averaged": self.n_averaged, **state}

    def load_state_dict(self, state_dict: dict[str, Any], strict: bool = True) -> Any:
        """Takes over what ``state_dict()`` returned.

        Raises:
            RuntimeError: keys are missing or unknown, or a shape differs.
        """
        state = dict(state_dict)
        count = state.pop("n_averaged", None)
        if count is None and strict:
            raise RuntimeError(
                "Error(s) in loading state_dict for AveragedModel:\n\tMissing key(s) in "
                'state_dict: "n_averaged".'
            )
        inner = {name.removeprefix("module."): value for name, value in state.items()}
        result = self.module.load_state_dict(inner, strict=strict)
        if count is not None:
            self.n_averaged = wrap(np.array(count.item(), np.int64))
        return result


def update_bn(loader: Iterable[Any], model: Any, device: Any = None) -> None:
    """Computes the running statistics of the batch norms in ``model`` anew, over ``loader``.

    Args:
        loader: batches, or tuples whose first element is the batch.
        model: called with each batch, in training mode.
        device: where to move the batches.
    """
    momenta = {
        module: module.momentum
        for module in model.modules()
        if hasattr(module, "reset_running_stats") and getattr(module, "__averages_batches__", True)
    }
    if not momenta:
        return
    was_training = model.training
    model.train()
    for module in momenta:
        module.reset_running_stats()
        module.momentum = None  # the mean over all batches
    with no_grad():
        for batch in loader:
            batch = batch[0] if isinstance(batch, list | tuple) else batch
            model(batch if device is None else batch.to(device))
    for module, momentum in momenta.items():
        module.momentum = momentum
    model.train(was_training)


def annealed(strategy: str, t: float) -> float:
    """How far the rate is from the first one to ``swa_lr`` after the part ``t`` of the epochs."""
    t = max(0.0, min(1.0, t))
    return (1 - math.cos(math.pi * t)) / 2 if strategy == "cos" else t


class SWALR(LRScheduler):
    """From the rate as it is to ``swa_lr`` in ``anneal_epochs``, and constant from there.

    Follows https://docs.pytorch.org/docs/stable/generated/torch.optim.swa_utils.SWALR.html
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float,
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        rates = per_group("swa_lr", optimizer, swa_lr)
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["swa_lr"] = rate
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        warn_outside_step(self)
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, part = (
            annealed(self._anneal_strategy, k / max(1, self.anneal_epochs))
            for k in (step - 1, step)
        )
        rates = []
        for group in self.optimizer.param_groups:
            lr, final = group["lr"], group["swa_lr"]
            first = final if before == 1 else (lr - before * final) / (1 - before)
            rates.append(final * part + first * (1 - part))
        return rates
