"""LU, Householder's reflections, and triangular equations: what they mean, and their gradients."""

from __future__ import annotations

from typing import Any

import minitorch as torch
import pytest
from minitorch.autograd import gradcheck, gradgradcheck

SHAPES = [(3, 3), (2, 4), (4, 2), (2, 3, 3), (0, 0), (3, 0)]


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


DTYPES = [torch.float64, torch.complex128]


def random(*shape: int, dtype: Any = torch.float64) -> Any:
    return torch.randn(*shape, dtype=dtype, requires_grad=True)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_lu(shape: tuple[int, ...], dtype: Any) -> None:
    A = random(*shape, dtype=dtype)
    P, L, U = torch.linalg.lu(A)
    assert torch.allclose(P @ L @ U, A)
    packed, pivots = torch.linalg.lu_factor(A)
    for a, b in zip(torch.lu_unpack(packed, pivots), (P, L, U), strict=True):
        assert torch.equal(a, b)
    assert pivots.dtype is torch.int32
    if A.numel():
        assert gradcheck(lambda a: torch.linalg.lu_factor(a).LU, A)
        assert gradgradcheck(lambda a: torch.linalg.lu_factor(a).LU, A)


@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("adjoint", [True, False])
@pytest.mark.parametrize("dtype", DTYPES)
def test_lu_solve(left: bool, adjoint: bool, dtype: Any) -> None:
    A, B = random(2, 3, 3, dtype=dtype), random(2, 3, 3, dtype=dtype)

    def solution(a: Any, b: Any) -> Any:
        return torch.linalg.lu_solve(*torch.linalg.lu_factor(a), b, left=left, adjoint=adjoint)

    X, a = solution(A, B), A.mH if adjoint else A
    assert torch.allclose(a @ X if left else X @ a, B)
    assert gradcheck(solution, (A, B))


def test_singular() -> None:
    A = torch.ones(2, 2)
    assert torch.linalg.lu_factor_ex(A).info.item() == 2
    with pytest.raises(torch.linalg.LinAlgError, match=r"U\[2,2\] is zero"):
        torch.linalg.lu_factor(A)
    with pytest.raises(RuntimeError, match="without pivoting is not implemented on the CPU"):
        torch.linalg.lu(A, pivot=False)


@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("transpose", [True, False])
@pytest.mark.parametrize("dtype", DTYPES)
def test_reflections(left: bool, transpose: bool, dtype: Any) -> None:
    A = random(4, 3, dtype=dtype)
    a, tau = (x.requires_grad_() for x in torch.geqrf(A.detach()))
    Q = torch.linalg.householder_product(a, tau)
    assert torch.allclose(Q @ a[:3].triu(), A)
    whole = torch.ormqr(a, tau, torch.eye(4, dtype=dtype))
    assert torch.allclose(whole[:, :3], Q)
    C = random(4, 4, dtype=dtype)
    q = whole.mH if transpose else whole
    made = torch.ormqr(a, tau, C, left, transpose)
    assert torch.allclose(made, q @ C if left else C @ q)
    assert gradcheck(lambda *x: torch.ormqr(*x, left, transpose), (a, tau, C))
    assert gradcheck(torch.linalg.householder_product, (a, tau))


@pytest.mark.parametrize("upper", [True, False])
@pytest.mark.parametrize("transpose", [True, False])
@pytest.mark.parametrize("unitriangular", [True, False])
@pytest.mark.filterwarnings("ignore:torch.triangular_solve is deprecated")
def test_triangular_solve(upper: bool, transpose: bool, unitriangular: bool) -> None:
    A, b = random(3, 3), random(3, 2)
    X, copy = torch.triangular_solve(b, A, upper, transpose, unitriangular)
    a = A.triu() if upper else A.tril()
    if unitriangular:
        a = a - a.diag().diag() + torch.eye(3, dtype=torch.float64)
    assert torch.allclose((a.mT if transpose else a) @ X, b)
    assert torch.equal(copy, A)


def test_arguments_by_pytorchs_names() -> None:
    A = torch.eye(2) * 2
    assert torch.equal(torch.linalg.inv(A=A), A / 4)
    assert torch.equal(torch.linalg.matrix_power(input=A, n=2), A * 2)
    assert torch.allclose(torch.linalg.matrix_exp(input=A), torch.exp(A.diagonal()).diag())
    assert torch.equal(torch.add(x1=A, x2=A), A * 2)  # NumPy's names
    with pytest.raises(TypeError, match="'A'"):
        torch.linalg.matrix_power(A=A, n=2)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="'out'"):
        A.exp(out=A)  # type: ignore[call-arg]


@pytest.mark.parametrize("hermitian", [False, True])
@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128])
def test_symmetric_matrices_that_are_not_positive(dtype: torch.dtype, hermitian: bool) -> None:
    torch.manual_seed(0)
    x = torch.randn(3, 5, 5, dtype=dtype)
    x = x + (x.mH if hermitian else x.mT)
    x[0].diagonal().zero_()  # blocks of two rows
    LD, pivots = torch.linalg.ldl_factor(x, hermitian=hermitian)
    assert bool((pivots < 0).any())
    b = torch.randn(3, 5, 2, dtype=dtype)
    assert torch.allclose(x @ torch.linalg.ldl_solve(LD, pivots, b, hermitian=hermitian), b)
    assert torch.linalg.ldl_factor_ex(torch.zeros(2, 2)).info.item() == 1
    with pytest.raises(RuntimeError, match="exactly zero"):
        torch.linalg.ldl_factor(torch.zeros(2, 2))
    with pytest.raises(RuntimeError, match="pivots with shape"):
        torch.linalg.ldl_solve(LD, pivots[:1], b)


@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize("general", [False, True])
def test_a_few_eigenvalues(largest: bool, general: bool) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 12, 12, dtype=torch.float64)
    A, B = x @ x.mT, torch.eye(12, dtype=torch.float64) * 2 + 1 if general else None
    values, vectors = torch.lobpcg(A, k=3, B=B, largest=largest)
    right = vectors if B is None else B @ vectors
    assert torch.allclose(A @ vectors, right * values[:, None], atol=1e-5)
    every = torch.linalg.eigvals(A if B is None else torch.linalg.solve(B, A)).real.sort().values
    expected = every.flip(-1)[:, :3] if largest else every[:, :3]
    assert torch.allclose(values, expected, atol=1e-6)
    A = A[0].clone().requires_grad_()
    assert gradcheck(lambda a: torch.lobpcg((a + a.mT) / 2, k=2, B=B, largest=largest)[0], A)


def test_what_lobpcg_refuses() -> None:
    with pytest.raises(ValueError, match="3 x the number"):
        torch.lobpcg(torch.eye(5), k=2)
    with pytest.raises(NotImplementedError, match="tracker"):
        torch.lobpcg(torch.eye(5), tracker=print)
