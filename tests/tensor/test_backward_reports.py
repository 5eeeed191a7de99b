"""What a backward pass tells, and what the graph that it makes looks like."""

from __future__ import annotations

import warnings
from typing import Any

import minitorch as torch
import pytest
from minitorch.autograd import Function, detect_anomaly, forward_ad


def overwritten() -> Any:
    a = torch.ones(3, requires_grad=True)
    b = a + 1
    made = (b**2).sum()
    b += 1
    return made


def test_anomaly_names_the_node_that_failed() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(RuntimeError, match="modified by an inplace"), detect_anomaly():
            overwritten().backward()
    told = [str(each.message) for each in caught]
    assert any("Error detected in PowBackward0. Traceback of forward" in each for each in told)
    assert any("made = (b**2).sum()" in each for each in told)


def test_anomaly_raises_the_error_where_warnings_are_errors(capsys: Any) -> None:
    made = overwritten()
    with (
        pytest.raises(RuntimeError, match="modified by an inplace"),
        torch.autograd.set_detect_anomaly(True),
    ):
        made.backward()
    assert "Error detected in PowBackward0. No forward pass information" in capsys.readouterr().err


def test_backward_passes_within_backward_passes() -> None:
    class Within(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            with torch.enable_grad():
                ctx.x = x.detach().requires_grad_() - 1
            return ctx.x.detach()

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            if ctx.x >= 0:
                with torch.enable_grad():
                    Within.apply(ctx.x).sum().backward()
            return g

    x = torch.tensor(300.0, requires_grad=True)
    Within.apply(x).backward()
    assert x.grad is not None
    assert x.grad.item() == 1


def test_an_error_far_down() -> None:
    class Within(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.x = x.detach() - 1
            return ctx.x.clone()

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            if ctx.x < 0:
                raise ValueError("the end")
            with torch.enable_grad():
                Within.apply(ctx.x.requires_grad_()).backward()

    with pytest.raises(ValueError, match="the end"):
        Within.apply(torch.tensor(90.0, requires_grad=True)).backward()


def test_a_gradient_with_a_graph_is_a_copy() -> None:
    x = torch.ones(2, requires_grad=True)
    with pytest.warns(UserWarning, match="create_graph=True"):
        (x * x).sum().backward(create_graph=True)
    assert x.grad is not None
    node = x.grad.grad_fn
    assert node is not None
    assert node.name() == "CopyBackwards"
    assert node.next_functions[0][0] is None


def test_saved_values_share_the_version() -> None:
    y = torch.ones(2, requires_grad=True).exp()
    saved = y.grad_fn._saved_result  # type: ignore[union-attr]
    with torch.no_grad():
        y += 1
    assert saved._version == y._version == 1


def test_no_forward_mode_says_so() -> None:
    pytest.importorskip("scipy", reason="what computes igamma")
    with forward_ad.dual_level():
        x = forward_ad.make_dual(torch.ones(2), torch.ones(2))
        with pytest.raises(NotImplementedError, match="Trying to use forward AD with igamma"):
            torch.igamma(x, x)


def test_a_real_gradient_of_a_complex_copy_is_silent() -> None:
    x = torch.ones(2, dtype=torch.float64, requires_grad=True)
    z = torch.empty(2, dtype=torch.complex128)
    z.copy_(x).sum().abs().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [1.0, 1.0]


def test_old_names() -> None:
    x = torch.ones(2)
    with pytest.warns(UserWarning, match="volatile was removed"):
        assert x.volatile is False
    with pytest.raises(RuntimeError, match="requires_grad"):
        del x.requires_grad
