"""Pruning: parameters times masks of zeros and ones, which further pruning adds zeros to.

A parameter ``weight`` becomes ``weight_orig``, the mask is the buffer ``weight_mask``, and
``weight`` their product, made anew before each forward pass.

Follows https://docs.pytorch.org/tutorials/intermediate/pruning_tutorial.html
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from numbers import Integral, Real
from typing import Any

import minitorch as torch
from minitorch import Tensor

from ..module import Module
from .convert_parameters import parameters_to_vector

__all__ = [
    "BasePruningMethod", "CustomFromMask", "Identity", "L1Unstructured", "LnStructured",
    "PruningContainer", "RandomStructured", "RandomUnstructured", "custom_from_mask",
    "global_unstructured", "identity", "is_pruned", "l1_unstructured", "ln_structured",
    "random_structured", "random_unstructured", "remove",
]  # fmt: skip


class BasePruningMethod(ABC):
    """A way to prune: a subclass has ``PRUNING_TYPE`` and ``compute_mask``.

    ``PRUNING_TYPE`` says what a further pruning looks at: ``"unstructured"``, the single numbers
    that are left; ``"structured"``, the channels along ``dim`` that are left; ``"global"``, all.
    """

    PRUNING_TYPE: str
    _tensor_name: str

    def __call__(self, module: Module, inputs: Any) -> None:
        """The forward pre-hook: makes the product of parameter and mask."""
        setattr(module, self._tensor_name, self.apply_mask(module))

    @abstractmethod
    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask of ``t``, which tells the importance; ``default_mask`` is the one until now."""

    def apply_mask(self, module: Module) -> Tensor:
        """The product of the parameter and its mask."""
        mask: Tensor = getattr(module, f"{self._tensor_name}_mask")
        original: Tensor = getattr(module, f"{self._tensor_name}_orig")
        return mask.to(dtype=original.dtype) * original

    @classmethod
    def apply(
        cls, module: Any, name: str, *args: Any, importance_scores: Tensor | None = None,
        **kwargs: Any,
    ) -> Any:  # fmt: skip
        """Prunes the parameter ``name`` of a module by ``cls(*args, **kwargs)``.

        Args:
            importance_scores: what says what is important; None: the parameter's values.

        Raises:
            AssertionError: the scores have another shape.
        """
        hooks = module._forward_pre_hooks
        earlier = {
            key: hook
            for key, hook in hooks.items()
            if isinstance(hook, BasePruningMethod) and hook._tensor_name == name
        }
        if len(earlier) > 1:
            raise AssertionError(
                f"Avoid adding multiple pruning hooks to the same tensor {name} of module "
                f"{module}. Use a PruningContainer."
            )
        method: Any = cls(*args, **kwargs)
        method._tensor_name = name
        tensor = getattr(module, name)
        scores = tensor if importance_scores is None else importance_scores
        if scores.shape != tensor.shape:
            raise AssertionError(
                f"importance_scores should have the same shape as parameter {name} of {module}, "
                f"got {scores.shape} vs {tensor.shape}"
            )
        for old in earlier.values():
            container = old if isinstance(old, PruningContainer) else PruningContainer(old)
            container.add_pruning_method(method)
            method = container
        if earlier:
            before = getattr(module, f"{name}_mask").detach().clone()
        else:
            before = torch.ones_like(tensor)
        mask = method.compute_mask(scores, default_mask=before)
        for key in earlier:
            del hooks[key]
        if not earlier:
            module.register_parameter(f"{name}_orig", tensor)
            del module._parameters[name]
        module.register_buffer(f"{name}_mask", mask)
        setattr(module, name, method.apply_mask(module))
        module.register_forward_pre_hook(method)
        return method

    def prune(
        self, t: Tensor, default_mask: Tensor | None = None, importance_scores: Tensor | None = None
    ) -> Tensor:
        """``t`` times its mask.

        Raises:
            AssertionError: the scores have another shape.
        """
        scores = t if importance_scores is None else importance_scores
        if scores.shape != t.shape:
            raise AssertionError(
                "importance_scores should have the same shape as tensor t, got "
                f"{scores.shape} vs {t.shape}"
            )
        before = torch.ones_like(t) if default_mask is None else default_mask
        return t * self.compute_mask(scores, default_mask=before)

    def remove(self, module: Any) -> None:
        """Makes the pruned values the parameter again; the zeros stay."""
        name = self._tensor_name
        values = self.apply_mask(module)
        if hasattr(module, name):
            delattr(module, name)
        original = module._parameters.pop(f"{name}_orig")
        original.data = values.data
        del module._buffers[f"{name}_mask"]
        setattr(module, name, original)


class PruningContainer(BasePruningMethod):
    """Methods that prune a parameter one after the other; the last one is about to."""

    def __init__(self, *args: BasePruningMethod) -> None:
        self._pruning_methods: tuple[BasePruningMethod, ...] = ()
        if len(args) == 1:
            self._tensor_name = args[0]._tensor_name
        for method in args:
            self.add_pruning_method(method)

    def add_pruning_method(self, method: BasePruningMethod) -> None:
        """Adds a method for the same parameter.

        Raises:
            TypeError: it is none.
            ValueError: it is for another parameter.
        """
        if not isinstance(method, BasePruningMethod):
            raise TypeError(f"{type(method)} is not a BasePruningMethod subclass")
        if self._tensor_name != method._tensor_name:
            raise ValueError(
                "Can only add pruning methods acting on the parameter named "
                f"'{self._tensor_name}' to PruningContainer {self}. Found '{method._tensor_name}'"
            )
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Iterator[BasePruningMethod]:
        return iter(self._pruning_methods)

    def __getitem__(self, idx: int) -> BasePruningMethod:
        return self._pruning_methods[idx]

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask until now, with the zeros that the last method adds to what it left.

        Raises:
            AttributeError: a structured method has no ``dim``.
            ValueError: a ``PRUNING_TYPE`` that does not exist.
        """
        method: Any = self._pruning_methods[-1]
        mask = default_mask.to(dtype=t.dtype).clone()
        left: Any = slice(None)
        if method.PRUNING_TYPE == "unstructured":
            left = default_mask == 1
        elif method.PRUNING_TYPE == "structured":
            if not hasattr(method, "dim"):
                raise AttributeError(
                    'Pruning methods of PRUNING_TYPE "structured" need to have the attribute '
                    "`dim` defined."
                )
            dim = method.dim + t.dim() if method.dim < 0 else method.dim
            if dim < 0:
                raise IndexError(f"Index is out of bounds for tensor with dimensions {t.dim()}")
            channels = default_mask.sum(dim=[d for d in range(t.dim()) if d != dim]) != 0
            left = (slice(None),) * dim + (channels,)
        elif method.PRUNING_TYPE != "global":
            raise ValueError(f"Unrecognized PRUNING_TYPE {method.PRUNING_TYPE}")
        mask[left] = method.compute_mask(t[left], default_mask=default_mask[left]).to(mask.dtype)
        return mask


class Identity(BasePruningMethod):
    """Prunes nothing: a mask of ones."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask until now."""
        return default_mask


class RandomUnstructured(BasePruningMethod):
    """Prunes numbers at random: ``amount`` of them, or this share."""

    PRUNING_TYPE = "unstructured"

    def __init__(self, amount: float) -> None:
        _validate_pruning_amount_init(amount)
        self.amount = amount

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask until now, with zeros where random numbers are largest."""
        count = _count(self.amount, t.nelement())
        if not count:
            return default_mask.clone()
        return _without(default_mask, torch.rand_like(t).view(-1).topk(count).indices)


class L1Unstructured(BasePruningMethod):
    """Prunes the numbers whose magnitudes are smallest: ``amount`` of them, or this share."""

    PRUNING_TYPE = "unstructured"

    def __init__(self, amount: float) -> None:
        _validate_pruning_amount_init(amount)
        self.amount = amount

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask until now, with zeros where ``t`` is smallest."""
        count = _count(self.amount, t.nelement())
        if not count:
            return default_mask.clone()
        return _without(default_mask, t.abs().view(-1).topk(count, largest=False).indices)


class RandomStructured(BasePruningMethod):
    """Prunes whole channels along ``dim`` at random: ``amount`` of them, or this share."""

    PRUNING_TYPE = "structured"

    def __init__(self, amount: float, dim: int = -1) -> None:
        _validate_pruning_amount_init(amount)
        self.amount, self.dim = amount, dim

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask until now, with zeros in some channels.

        Raises:
            ValueError: ``t`` has one dimension, or fewer channels.
            IndexError: it has no dimension ``dim``.
        """
        count = _count_channels(t, self.amount, self.dim)
        if not count:
            return default_mask
        chances = torch.rand(t.shape[self.dim])
        return _channels(t, self.dim, chances > chances.kthvalue(count).values, default_mask)


class LnStructured(BasePruningMethod):
    """Prunes the channels along ``dim`` whose ``n``-norms are smallest."""

    PRUNING_TYPE = "structured"

    def __init__(self, amount: float, n: Any, dim: int = -1) -> None:
        _validate_pruning_amount_init(amount)
        self.amount, self.n, self.dim = amount, n, dim

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask until now, with zeros in the weakest channels.

        Raises:
            ValueError: ``t`` has one dimension, or fewer channels.
            IndexError: it has no dimension ``dim``.
        """
        count = _count_channels(t, self.amount, self.dim)
        if not count:
            return default_mask
        strongest = _compute_norm(t, self.n, self.dim).topk(t.shape[self.dim] - count)
        return _channels(t, self.dim, strongest.indices, default_mask)


class CustomFromMask(BasePruningMethod):
    """Prunes by a given mask."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: Tensor) -> None:
        self.mask = mask

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """Both masks.

        Raises:
            AssertionError: they have different shapes.
        """
        if default_mask.shape != self.mask.shape:
            raise AssertionError(
                f"default_mask shape {default_mask.shape} must match self.mask shape "
                f"{self.mask.shape}"
            )
        return default_mask * self.mask.to(dtype=default_mask.dtype)


# --- functions: prune a parameter and give back the module ----------------------------------------


def identity(module: Module, name: str) -> Module:
    """Makes the parts of a pruned parameter, with a mask of ones."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: Module, name: str, amount: float) -> Module:
    """Prunes numbers at random."""
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(
    module: Module, name: str, amount: float, importance_scores: Tensor | None = None
) -> Module:
    """Prunes the smallest numbers.

    Example:
        >>> from minitorch import nn
        >>> from minitorch.nn.utils import prune
        >>> layer = prune.l1_unstructured(nn.Linear(4, 2), "weight", amount=0.5)
        >>> int((layer.weight == 0).sum()), sorted(layer.state_dict())
        (4, ['bias', 'weight_mask', 'weight_orig'])
    """
    L1Unstructured.apply(module, name, amount, importance_scores=importance_scores)
    return module


def random_structured(module: Module, name: str, amount: float, dim: int) -> Module:
    """Prunes channels at random."""
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: Module, name: str, amount: float, n: Any, dim: int,
    importance_scores: Tensor | None = None,
) -> Module:  # fmt: skip
    """Prunes the channels of the smallest norm."""
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def custom_from_mask(module: Module, name: str, mask: Tensor) -> Module:
    """Prunes by a mask."""
    CustomFromMask.apply(module, name, mask)
    return module


def global_unstructured(
    parameters: Iterable[tuple[Module, str]], pruning_method: type[BasePruningMethod],
    importance_scores: dict[tuple[Module, str], Tensor] | None = None, **kwargs: Any,
) -> None:  # fmt: skip
    """Prunes parameters ``(module, name)`` as if they were one.

    Raises:
        TypeError: the parameters are no iterable, the scores no dict, or the method is not
            ``"unstructured"``.
    """
    if not isinstance(parameters, Iterable):
        raise TypeError("global_unstructured(): parameters is not an Iterable")
    scores = {} if importance_scores is None else importance_scores
    if not isinstance(scores, dict):
        raise TypeError("global_unstructured(): importance_scores must be of type dict")
    parts = [(module, name, getattr(module, name)) for module, name in parameters]
    importance = parameters_to_vector([scores.get((m, name), t) for m, name, t in parts])
    before = parameters_to_vector(
        [getattr(m, f"{name}_mask", torch.ones_like(t)) for m, name, t in parts]
    )
    method: Any = pruning_method(**kwargs)
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. Found method '
            f"{pruning_method} of type {method.PRUNING_TYPE}"
        )
    method._tensor_name = "all"
    mask = PruningContainer(method).compute_mask(importance, before)
    for (module, name, t), part in zip(
        parts, mask.split([t.numel() for *_, t in parts]), strict=True
    ):
        custom_from_mask(module, name, part.view_as(t))


def remove(module: Any, name: str) -> Module:
    """Makes the pruned values the parameter again; the zeros stay.

    Raises:
        ValueError: the parameter is not pruned.
    """
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            hook.remove(module)
            del module._forward_pre_hooks[key]
            pruned: Module = module
            return pruned
    raise ValueError(
        f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed"
    )


def is_pruned(module: Module) -> bool:
    """Whether a parameter of the module or of one in it is pruned."""
    hooks = (hook for each in module.modules() for hook in each._forward_pre_hooks.values())
    return any(isinstance(hook, BasePruningMethod) for hook in hooks)


# --- what the methods share -----------------------------------------------------------------------


def _without(mask: Tensor, places: Tensor) -> Tensor:
    """``mask`` with zeros at flat places."""
    made = mask.clone(memory_format=torch.contiguous_format)
    made.view(-1)[places] = 0
    return made


def _channels(t: Tensor, dim: int, kept: Tensor, mask: Tensor) -> Tensor:
    """``mask`` where a channel along ``dim`` is kept, and zeros elsewhere."""
    ones = torch.zeros_like(t)
    ones.transpose(0, dim)[kept] = 1
    return ones * mask.to(dtype=t.dtype)


def _count(amount: Any, size: int) -> int:
    count = _compute_nparams_toprune(amount, size)
    _validate_pruning_amount(count, size)
    return count


def _count_channels(t: Tensor, amount: Any, dim: int) -> int:
    if t.dim() <= 1:
        raise ValueError(
            "Structured pruning can only be applied to multidimensional tensors. Found tensor of "
            f"shape {t.shape} with {t.dim()} dims"
        )
    if dim >= t.dim():
        raise IndexError(f"Invalid index {dim} for tensor of size {t.shape}")
    return _count(amount, t.shape[dim])


def _validate_pruning_amount_init(amount: Any) -> None:
    if not isinstance(amount, Real):
        raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
    most = float("inf") if isinstance(amount, Integral) else 1.0
    if not 0 <= float(amount) <= most:
        raise ValueError(
            f"amount={amount} should either be a float in the range [0, 1] or a non-negative "
            "integer"
        )


def _validate_pruning_amount(amount: Any, tensor_size: int) -> None:
    if isinstance(amount, Integral) and int(amount) > tensor_size:
        raise ValueError(
            f"amount={amount} should be smaller than the number of parameters to "
            f"prune={tensor_size}"
        )


def _compute_nparams_toprune(amount: Any, tensor_size: int) -> int:
    return amount if isinstance(amount, Integral) else round(amount * tensor_size)  # type: ignore[return-value]  # an Integral is an int here


def _compute_norm(t: Tensor, n: Any, dim: int) -> Tensor:
    dims = [d for d in range(t.dim()) if d != dim % t.dim()]
    return torch.norm(t, p=n, dim=dims)
