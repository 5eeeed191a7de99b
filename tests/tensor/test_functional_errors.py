"""What ``autograd.functional`` asks of functions and of vectors, in PyTorch's words."""

from __future__ import annotations

from typing import Any

import minitorch as torch
import pytest
from minitorch.autograd import functional

X = torch.arange(1.0, 4.0)


def apart(x: Any) -> Any:
    """Requires grad, and does not depend on x."""
    return x.detach().requires_grad_().sum() * 1


DIRECT = "Output 0 of the user-provided function does not require gradients"
INDEPENDENT = "The output of the user-provided function is independent of input 0"
LINEAR = "jacobian of the user-provided function with respect to input 0 is independent"
STRICT = {
    "vjp, constant": ("vjp", lambda x: x.detach().sum(), {}, DIRECT),
    "vjp, apart": ("vjp", apart, {}, INDEPENDENT),
    "jvp, constant": ("jvp", lambda x: x.detach(), {"v": X}, DIRECT),
    "jvp, apart": ("jvp", apart, {"v": X}, INDEPENDENT),
    "jacobian, constant": ("jacobian", lambda x: x.detach(), {}, DIRECT),
    "jacobian, apart": ("jacobian", apart, {}, "Output 0 of .* independent of input 0"),
    "hessian, constant": ("hessian", lambda x: x.detach().sum(), {}, DIRECT),
    "hessian, linear": ("hessian", lambda x: x.sum(), {}, LINEAR),
    "hessian, at once": ("hessian", torch.sum, {"vectorize": True}, "not supported together"),
    "vhp, constant": ("vhp", lambda x: x.detach().sum(), {"v": X}, DIRECT),
    "vhp, apart": ("vhp", apart, {"v": X}, INDEPENDENT),
    "vhp, linear": ("vhp", lambda x: x.sum(), {"v": X}, LINEAR),
    "hvp, linear": ("hvp", lambda x: x.sum(), {"v": X}, LINEAR),
}


@pytest.mark.parametrize("name", STRICT)
def test_strict(name: str) -> None:
    function, f, more, message = STRICT[name]
    with pytest.raises(RuntimeError, match=message):
        getattr(functional, function)(f, X, strict=True, **more)
    if "vectorize" not in more:
        getattr(functional, function)(f, X, **more)  # zeros


def test_strict_with_a_graph() -> None:
    x = X.clone().requires_grad_()
    with pytest.raises(RuntimeError, match=r"jacobian of the .* is independent of input 0"):
        functional.jacobian(lambda x: x.clone(), x, create_graph=True, strict=True)


CALLS = {
    "inputs": (TypeError, "jvp", (torch.sum, (X, 2)), "The inputs given to jvp must be either"),
    "input": (TypeError, "hvp", (torch.sum, 2), "but the given inputs has type"),
    "outputs": (TypeError, "vjp", (lambda x: (x, "b"), X), "outputs of the user-provided function"),
    "outputs at once": (
        TypeError,
        "jacobian",
        (lambda x: (x, "b"), X, False, False, True),
        "outputs of the user-provided function given to jacobian must",
    ),
    "no v": (RuntimeError, "jvp", (torch.sin, X), "can only be None if the input to the user"),
    "no v of outputs": (
        RuntimeError,
        "vjp",
        (torch.sin, X),
        "None if the user-provided function r",
    ),
    "too many": (RuntimeError, "vjp", (torch.sin, X, (X, X)), "v should contain a single Tensor"),
    "too few": (
        RuntimeError,
        "vhp",
        (lambda x, y: (x * y).sum(), (X, X), X),
        "invalid length: should be 2 but got 1",
    ),
    "size": (RuntimeError, "jvp", (torch.sin, X, X[:2]), r"v has invalid size: should be torch\.S"),
    "several": (RuntimeError, "vhp", (lambda x: (x, x), X, X), "vhp should return a single Tensor"),
    "long": (RuntimeError, "hessian", (torch.sin, X), "hessian should contain a single element"),
}


@pytest.mark.parametrize("name", CALLS)
def test_refused(name: str) -> None:
    kind, function, arguments, message = CALLS[name]
    with pytest.raises(kind, match=message):
        getattr(functional, function)(*arguments)
