"""What the API reference shows, and PyTorch's page on it: derived from the name, so that no
docstring
repeats it."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import Any

import minitorch
from minitorch.extend import Variable

MODULES = (
    "minitorch", "minitorch.Tensor", "minitorch.autograd", "minitorch.func", "minitorch.linalg",
    "minitorch.special", "minitorch.fft", "minitorch.signal.windows", "minitorch.masked",
    "minitorch.random", "minitorch.extend", "minitorch.nn", "minitorch.nn.functional",
    "minitorch.nn.init", "minitorch.nn.utils", "minitorch.optim", "minitorch.optim.lr_scheduler",
    "minitorch.distributions", "minitorch.utils.data",
)  # fmt: skip

seen: set[int] = set()  # what has its entry: a name in several modules is shown in the first

STABLE = "https://docs.pytorch.org/docs/stable"
# what these modules hold stands on one page, each name at a mark of its own
TOGETHER = {
    "torch.special": "special", "torch.distributions": "distributions", "torch.utils.data": "data",
}  # fmt: skip
# modules and names that are MiniTorch's own
OWN_MODULES = {"minitorch.extend"}
OWN = {
    "minitorch.as_torch", "minitorch.load_file", "minitorch.save_file", "minitorch.nn.Loss",
    "minitorch.expand", "minitorch.explain", "minitorch.autograd.GradcheckError",
    "minitorch.nn.is_lazy", "minitorch.teach", "minitorch.TeachingWarning",
    "minitorch.get_kernels", "minitorch.set_kernels",
    "minitorch.nn.NonDynamicallyQuantizableLinear", "minitorch.nn.functional.feature_dropout",
    "minitorch.nn.utils.summary", "minitorch.optim.register_optimizer_step_post_hook",
    "minitorch.optim.register_optimizer_step_pre_hook", "minitorch.utils.data.WorkerInfo",
    "minitorch.utils.data.collate",
} | {
    f"minitorch.Tensor.{name}"  # the class's constructors, and the method of an operator
    for name in (
        "rsub", "fill", "zeros", "ones", "full", "eye", "zeros_like", "ones_like", "full_like",
        "arange", "linspace", "rand", "randn", "rand_like", "randn_like", "randint", "randperm",
    )
}  # fmt: skip


def page(name: str) -> str | None:
    """The address for ``minitorch.nn.Linear``, say; None for what PyTorch does not have."""
    owner = name.rpartition(".")[0]
    if name in OWN or owner in OWN_MODULES:
        return None
    theirs = "torch" + name.removeprefix("minitorch")
    together = TOGETHER.get("torch" + owner.removeprefix("minitorch"))
    if together:
        return f"{STABLE}/{together}.html#{theirs}"
    return f"{STABLE}/generated/{theirs}.html"


def members(path: str) -> list[tuple[str, Any]]:
    """The public functions and classes of a module, or the methods of a class."""
    owner = minitorch.Tensor if path == "minitorch.Tensor" else import_module(path)
    names = getattr(owner, "__all__", None) or [n for n in dir(owner) if not n.startswith("_")]
    found = [(name, getattr(owner, name)) for name in sorted(names)]
    return [
        (name, each)
        for name, each in found
        if callable(each) and inspect.getdoc(each) and each is not Variable
        if not (id(each) in seen or seen.add(id(each)))  # type: ignore[func-returns-value]
    ]
