"""Training mode where a model is tested, eval mode where it is trained."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Sequence
from typing import Any

from ...autograd.grad_mode import is_grad_enabled
from ...autograd.node import Node
from ...autograd.recorder import Place, place
from .layers import params_of
from .lesson import Lesson, within

__all__ = ["ForgottenEval", "ForgottenTrain"]


def differs_in_training(module: Any) -> bool:
    """Whether the module itself computes something else in training mode."""
    kinds = {kind.__name__ for kind in type(module).__mro__}
    if "_BatchNorm" in kinds:
        return True
    if "_Dropout" in kinds:
        return bool(module.p)
    dropout = getattr(module, "dropout", 0)
    if kinds & {"RNNBase", "MultiheadAttention"}:
        return bool(dropout)
    if type(module).__module__.startswith("minitorch.nn"):
        return "RReLU" in kinds
    code = getattr(type(module).forward, "__code__", None)  # of one's own: it asks for its mode
    return code is not None and "training" in code.co_names


MEANT = {  # functions that run a model in training mode without gradients, on purpose
    ("minitorch.optim.swa_utils", "update_bn"),
    ("minitorch.utils.checkpoint", None),
    ("minitorch.nn.utils.summary", None),
}


def meant() -> bool:
    """Whether such a function runs, or a module is being made that tries its layers out."""
    frame: Any = sys._getframe(1)
    while frame is not None:
        module, name = frame.f_globals.get("__name__", ""), frame.f_code.co_name
        if (module, name) in MEANT or (module, None) in MEANT:
            return True
        if name == "__init__" and not module.startswith("minitorch."):
            return True
        frame = frame.f_back
    return False


class ForgottenEval(Lesson):
    """Dropout or batch norm in training mode where no gradient is wanted."""

    def __init__(self, warner: Any) -> None:
        super().__init__(warner)
        self.at: Place | None = None  # of the call of the outermost module
        self.modules: list[Any] = []

    def entered(self, module: Any, depth: int) -> None:
        if not depth:
            self.at, self.modules = place(), []
        self.modules.append(module)
        if module.training and not is_grad_enabled() and differs_in_training(module):
            if type(module).__module__.startswith("minitorch.") and not meant():
                self.warn(
                    f"a model is used without gradients, as in a test, but {type(module).__name__} "
                    "is in training mode: results are random, or depend on the other examples of "
                    "the batch. Call model.eval() before, and model.train() after.",
                    self.at,
                )

    def left(self, module: Any, depth: int) -> None:
        if self.modules:
            self.modules.pop()

    def drew(self) -> None:
        """``F.dropout``, which is on where nobody says training=self.training."""
        if not within("minitorch.nn.functional.dropout") or meant():
            return
        mode = self.modules[-1].training if self.modules else None
        if mode is False or (mode is None and not is_grad_enabled()):
            self.warn(
                "F.dropout drops elements though the model is not in training: it does not know "
                "of model.eval(). Call F.dropout(x, p, training=self.training), or use nn.Dropout."
            )
        elif not is_grad_enabled() and type(self.modules[-1]).__name__[:7] != "Dropout":
            self.warn(
                "a model is used without gradients, as in a test, but dropout is on. Call "
                "model.eval() before, and model.train() after.",
                self.at,
            )


class ForgottenTrain(Lesson):
    """A step after a forward pass in eval mode."""

    def __init__(self, warner: Any) -> None:
        super().__init__(warner)
        self.mode: weakref.WeakKeyDictionary[Any, tuple[bool, Place | None]] = (
            weakref.WeakKeyDictionary()
        )  # of modules that users called with gradients, since the last step
        self.trained: weakref.WeakKeyDictionary[Any, tuple[bool, Place | None]] = (
            weakref.WeakKeyDictionary()
        )  # the same at the time of the backward pass

    def entered(self, module: Any, depth: int) -> None:
        if not depth and is_grad_enabled():
            self.mode[module] = (module.training, place())

    def pass_began(self, roots: Sequence[tuple[Node, Any]], at: Place | None) -> None:
        self.trained.update(self.mode)

    def stepping(self, optimizer: Any, at: Place | None) -> None:
        held = {id(p) for p in params_of(optimizer) if p._grad is not None}
        for root, (training, called) in list(self.trained.items()):
            if training or not any(id(p) in held for p in root.parameters()):
                continue
            layers = [m for m in root.modules() if not m.training and differs_in_training(m)]
            if layers:
                self.warn(
                    "a model is trained in eval mode: "
                    f"{', '.join(sorted({type(m).__name__ for m in layers}))} do not do what they "
                    "do in training. Call model.train() before the loop, and again after each "
                    "evaluation.",
                    called,
                )

    def stepped(self, optimizer: Any, moved: bool, at: Place | None) -> None:
        self.mode.clear()
        self.trained.clear()
