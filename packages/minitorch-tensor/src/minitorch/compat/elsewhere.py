"""Modules that have another place here than in PyTorch, under PyTorch's names."""

from __future__ import annotations

from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.abc import Loader
else:  # which imports tempfile, pathlib and thirty more
    Loader = object

__all__ = ["ELSEWHERE", "SameModule", "spec_elsewhere"]

ELSEWHERE = {
    "__config__": "compat.build",
    "__future__": "compat.future",
    "_tensor_str": "_tensor.printing",
    "amp.autocast_mode": "amp",
    "autograd.anomaly_mode": "autograd.interpreters",
    "_functorch.make_functional": "func.module_functions",
    "futures": "compat.futures",
    "hub": "compat.hub",
    "library": "compat.library",
    "_utils": "compat.torch_utils",
    "_custom_ops": "compat.library",
    "multiprocessing.spawn": "compat.spawn",
    "nn.common_types": "compat.annotations",
    "nn.modules.container": "nn.containers",
    "nn.modules.conv": "nn.modules.convolution",
    "nn.modules.module": "nn.module",
    "nn.modules.rnn": "nn.modules.recurrent",
    "nn.modules.sparse": "nn.modules.embedding",
    "nn.modules.utils": "nn.modules.tuples",
    "nn.modules.upsampling": "nn.modules.resampling",
    "optim.adamw": "optim.adam",
    "storage": "_tensor.typed_storage",
    "profiler.profiler": "profiler",
    "quasirandom": "random.quasirandom",
    "signal.windows.windows": "signal.windows",
    "torch_version": "compat.torch_version",
    "testing": "compat.testing",
    "types": "compat.annotations",
    "utils.data._utils.collate": "utils.data.collate",
    "utils.data._utils.fetch": "utils.data.fetch",
    "utils.data._utils.worker": "utils.data.worker",
    "utils.benchmark": "compat.benchmark",
    "utils._cxx_pytree": "utils._pytree",
}


class SameModule(Loader):
    """Gives an import the very module ``name``."""

    def __init__(self, name: str) -> None:
        self.name = name

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = import_module(self.name)
        spec.loader_state = (module.__spec__, module.__loader__)  # the import overwrites them
        return module

    def exec_module(self, module: ModuleType) -> None:
        spec: Any = module.__spec__
        module.__spec__, module.__loader__ = spec.loader_state


def spec_elsewhere(name: str) -> ModuleSpec | None:
    """How to import ``minitorch.x``, if x has another place here."""
    place = ELSEWHERE.get(name.partition(".")[2])
    if place is None:
        return None
    module = import_module(f"minitorch.{place}")
    return ModuleSpec(name, SameModule(module.__name__), is_package=hasattr(module, "__path__"))
