"""PyTorch's checks of optimizers' arguments."""

from __future__ import annotations

from typing import Any

from minitorch.extend import Variable, data_of

__all__ = ["check", "check_adam", "check_betas", "check_modes", "checked"]


def check(name: str, value: Any) -> None:
    """Raises ValueError unless ``value``, a number or a tensor with one element, is 0 or more."""
    if isinstance(value, Variable) and data_of(value).size != 1:
        raise ValueError(f"Tensor {'lr' if name == 'learning rate' else name} must be 1-element")
    if isinstance(value, str):
        raise a_string(name, value)
    if not float(value) >= 0.0:
        raise ValueError(f"Invalid {name}: {value}")


def a_string(name: str, value: str) -> TypeError:
    return TypeError(
        f"{name} must be a number, but is the string {value!r}: write float({value!r}) (YAML reads "
        "numbers such as 1e-4, without a point, as strings)"
    )


def checked(given: dict[str, Any], *strings: str) -> dict[str, Any]:
    """The defaults of an optimizer: the arguments that its ``__init__`` was ``given``, its
    ``locals()``. None but ``strings`` may be a string.
    """
    options = {k: v for k, v in given.items() if k not in ("self", "params", "__class__")}
    for name, value in options.items():
        for item in value if isinstance(value, list | tuple) else (value,):
            if isinstance(item, str) and name not in strings:
                raise a_string(name, item)
    return options


def check_betas(betas: Any) -> None:
    """Raises ValueError unless all are in [0, 1)."""
    for index, beta in enumerate(betas):
        if isinstance(beta, Variable) and data_of(beta).size != 1:
            raise ValueError(f"Tensor betas[{index}] must be 1-element")
        if isinstance(beta, str):
            raise a_string(f"betas[{index}]", beta)
        if not 0.0 <= float(beta) < 1.0:
            raise ValueError(f"Invalid beta parameter at index {index}: {beta}")


def check_adam(lr: Any, eps: Any, betas: Any, weight_decay: Any) -> None:
    """Raises ValueError unless they fit Adam and its kin."""
    check("learning rate", lr)
    check("epsilon value", eps)
    check_betas(betas)
    check("weight_decay value", weight_decay)


def check_modes(
    differentiable: bool,
    foreach: bool | None,
    fused: bool | None,
    capturable: bool = False,
    *,
    lr: Any = 0.0,
    betas: Any = (0.0, 0.0),
) -> None:
    """PyTorch's choices of implementation are accepted, and so are their exclusions.

    MiniTorch has one implementation, which updates many parameters at once by itself.
    """
    names = {"lr": lr, "betas[0]": betas[0], "betas[1]": betas[1]}
    for name, value in names.items():
        if isinstance(value, Variable) and foreach and not capturable:
            raise ValueError(
                f"{name} as a Tensor is not supported for capturable=False and foreach=True"
            )
    if isinstance(betas[0], Variable) is not isinstance(betas[1], Variable):
        raise ValueError("betas must be either both floats or both Tensors")
    if fused and differentiable:
        raise RuntimeError("`fused` does not support `differentiable`")
    if fused and foreach:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
