"""Branches and loops as functions, numbers under symbolic names, norms under old names."""

from __future__ import annotations

import minitorch as torch
import pytest


def test_cond() -> None:
    x = torch.tensor(2.0, requires_grad=True)
    y = torch.cond(x > 1, lambda x: x * 10, lambda x: x, (x,))
    y.backward()
    assert x.grad is not None
    assert x.grad.item() == 10.0
    assert torch.cond(False, lambda: 1, lambda: 2) == 2
    with pytest.raises(RuntimeError, match="both branches to be callable"):
        torch.cond(True, 1, 2)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="operands to be a tuple"):
        torch.cond(True, abs, abs, x)  # type: ignore[arg-type]


def test_while_loop() -> None:
    n, x = torch.tensor(0), torch.tensor(1.0)
    made = torch.while_loop(lambda n, x: n < 3, lambda n, x: (n + 1, x * 2), (n, x))
    assert [each.item() for each in made] == [3, 8.0]
    with pytest.raises(RuntimeError, match="same number of elements"):
        torch.while_loop(lambda n, x: n < 3, lambda n, x: (n + 1,), (n, x))


def test_numbers() -> None:
    assert torch.sym_max(1, 2.0) == 2.0
    assert isinstance(torch.sym_min(1, 2.0), float)
    assert torch.sym_int(2.7) == 2
    assert isinstance(torch.sym_float(2), float)
    assert torch.sym_ite(False, 1, 2) == 2
    assert torch.sym_not(0)
    assert torch.sym_sqrt(4) == 2.0
    assert torch.sym_sum([1, 2]) == 3


def test_norms() -> None:
    x = torch.tensor([[3.0, 0.0], [0.0, 4.0]])
    assert torch.frobenius_norm(x, (0, 1)).item() == 5.0
    assert torch.frobenius_norm(x, 1).tolist() == [3.0, 4.0]
    assert torch.nuclear_norm(x).item() == pytest.approx(7.0)
    assert torch.nuclear_norm(x, True).shape == (1, 1)
