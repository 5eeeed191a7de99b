"""``as_torch``: programs written for PyTorch run on MiniTorch, unchanged, in this process."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.metadata import Distribution, version
from pathlib import Path
from types import ModuleType
from typing import Any

from .. import overrides
from .._tensor.tensor import Tensor
from .._types.device import CPU, as_device, device
from .._types.dtype import dtype
from .._types.layout import layout, memory_format
from .._types.size import Size
from ..ops.legacy import constructed
from . import public_names
from .elsewhere import ELSEWHERE, SameModule
from .siblings import explained
from .torch_version import TorchVersion

__all__ = ["as_torch"]

EXPLAINED = {"minitorch", "minitorch.ops"}  # modules that say of a name that they lack it
PUBLIC = (
    Tensor,
    Size,
    device,
    dtype,
    layout,
    memory_format,
)  # of torch itself
ALIASES = ("torch", "functorch")  # PyTorch's packages
PYTORCH = "2.13.0"  # the version whose behaviour this is


def counterpart(name: str) -> str:
    root, _, rest = name.partition(".")
    if root == "functorch":
        rest = ".".join(filter(None, ("compat.functorch", rest)))
    return ".".join(filter(None, ("minitorch", ELSEWHERE.get(rest, rest))))


def share_names() -> None:
    """All our modules that are loaded go by PyTorch's names, too.

    A later import by such a name finds the module, and so does not put it into its package, where
    a function may have its name.
    """
    for name, module in list(sys.modules.items()):
        theirs = "torch" + name.removeprefix("minitorch")
        if name.partition(".")[0] == "minitorch" and theirs not in sys.modules:
            sys.modules[theirs] = module
            if type(module) is ModuleType and name not in EXPLAINED:
                EXPLAINED.add(name)
                explained(module)
    for theirs, ours in ELSEWHERE.items():
        if f"minitorch.{ours}" in sys.modules:
            sys.modules[f"torch.{theirs}"] = module = sys.modules[f"minitorch.{ours}"]
            sys.modules.setdefault(f"minitorch.{theirs}", module)  # for `import torch.x.y as z`


class Counterparts(MetaPathFinder):
    """Finds for ``torch.x`` the very module ``minitorch.x``, and for pip's list PyTorch itself."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] not in ALIASES:
            return None
        name = counterpart(fullname)
        try:
            module = import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{name}.".startswith(f"{error.name}."):
                raise
            raise ModuleNotFoundError(
                f"No module named {fullname!r}: it means {name} here, and MiniTorch has none",
                name=fullname,
            ) from None
        share_names()  # of what came with it
        sys.modules.pop(fullname, None)  # which the import is about to enter
        return ModuleSpec(fullname, SameModule(name), is_package=hasattr(module, "__path__"))

    def find_distributions(self, context: Any = None) -> Iterator[Distribution]:
        """``importlib.metadata.version("torch")`` and its kin, and their backport's."""
        if getattr(context, "name", None) == "torch":
            yield PyTorch()


class PyTorch(Distribution):
    """What an installed PyTorch would tell of itself."""

    def read_text(self, filename: str) -> str | None:
        told = f"Metadata-Version: 2.1\nName: torch\nVersion: {pytorch_version()}\n"
        return told if filename == "METADATA" else None

    def locate_file(self, path: Any) -> Any:
        return Path(__file__).parents[2] / path


def pytorch_version() -> TorchVersion:
    """The PyTorch whose behaviour this is, and the MiniTorch that has it."""
    return TorchVersion(f"{PYTORCH}+minitorch{version('minitorch-tensor')}")


def construct(cls: Any, *data: Any, device: Any = None, size: Any = None, **named: Any) -> Any:
    """PyTorch's ``Tensor(...)``: sizes, or data in the default dtype; never tracks gradients."""
    if "data" in named and not data:
        data = (named.pop("data"),)
    if named:
        raise TypeError(f"new() takes no {', '.join(named)}: see torch.tensor")
    if device is not None and as_device(device) is not CPU:
        raise RuntimeError(
            f"legacy constructor expects device type: cpu but device type: {device} was passed"
        )
    return constructed(data, size, None).as_subclass(cls)


class Worker(str):
    """The name of a process that starts afresh; reading it there makes the process an alias too."""

    __slots__ = ()

    def __reduce__(self) -> Any:
        return _start_worker, (str(self),)


def _start_worker(name: str) -> str:
    as_torch()
    return name


def noticing(build_class: Callable[..., Any]) -> Callable[..., Any]:
    """``__build_class__``, what a class statement calls, for classes that are no tensors but have a
    say in PyTorch's functions: from the first one on these ask."""

    def build(*args: Any, **kwargs: Any) -> Any:
        made = build_class(*args, **kwargs)
        own = getattr(made, "__dict__", {}).get("__torch_function__")
        if own is not None and own is not overrides.disabled:
            if not (isinstance(made, type) and issubclass(made, overrides.TorchFunctionMode)):
                overrides.enable()
        return made

    return build


class as_torch:  # noqa: N801  (a function to its users)
    """Makes ``import torch`` mean MiniTorch, for good or until the end of a ``with`` block.

    ``torch.x`` is the very module ``minitorch.x``. Only this process is concerned, and those that
    its ``multiprocessing`` starts; a PyTorch that was imported before is set aside and comes back
    at the end of the block. One thing changes in MiniTorch itself meanwhile: ``Tensor(...)`` is
    PyTorch's constructor, which takes data or sizes and does not track gradients, where it
    otherwise tracks them. And ``torch.__version__`` names the PyTorch whose behaviour this is.

    ``python -m minitorch script.py`` runs a whole script so.

    Example:
        >>> import minitorch
        >>> with minitorch.as_torch():
        ...     import torch
        ...     torch.Tensor([1, 2]).requires_grad
        False
    """

    _active = False

    def __init__(self) -> None:
        self._outermost = not as_torch._active
        if not self._outermost:
            return
        from multiprocessing import spawn

        as_torch._active = True
        self._aside = _set_aside()
        self._finder = Counterparts()
        sys.meta_path.insert(0, self._finder)
        share_names()
        self._constructor = vars(Tensor)["__new__"]
        self._modules = {kind: kind.__module__ for kind in PUBLIC}
        self._build_class = builtins.__build_class__
        builtins.__build_class__ = noticing(self._build_class)
        self._preparation = prepare = spawn.get_preparation_data
        Tensor.__new__ = staticmethod(construct)  # type: ignore[method-assign]  # until __exit__

        def prepare_alias(name: str) -> dict[str, Any]:
            data = prepare(name)
            data["name"] = Worker(data["name"])
            if name == "ignore":  # for the server of forks, which is not to import the script
                data.pop("init_main_from_path", None)
                data.pop("init_main_from_name", None)
            return data

        spawn.get_preparation_data = prepare_alias
        main: Any = sys.modules["minitorch"]
        main.__version__ = pytorch_version()
        main.__name__ = "torch"  # which programs ask for
        for kind in PUBLIC:
            kind.__module__ = "torch"
        public_names.show()

    def __enter__(self) -> as_torch:
        return self

    def __exit__(self, *exception: object) -> None:
        if not self._outermost:
            return
        from multiprocessing import spawn

        as_torch._active = False
        sys.meta_path.remove(self._finder)
        _set_aside()
        sys.modules.update(self._aside)
        Tensor.__new__ = self._constructor  # type: ignore[method-assign]  # its own again
        spawn.get_preparation_data = self._preparation
        builtins.__build_class__ = self._build_class
        main: Any = sys.modules["minitorch"]
        del main.__version__
        main.__name__ = "minitorch"
        for kind, module in self._modules.items():
            kind.__module__ = module
        public_names.hide()


def _set_aside() -> dict[str, ModuleType]:
    """Takes all that is imported under PyTorch's name out of ``sys.modules``."""
    names = [name for name in sys.modules if name.partition(".")[0] in ALIASES]
    return {name: sys.modules.pop(name) for name in names}
