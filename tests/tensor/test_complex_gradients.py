"""Gradients of complex tensors: PyTorch's, the conjugate Wirtinger derivative doubled.

Of a real L it is dL/dRe + i dL/dIm, so that a step against it makes L smaller.
"""

import minitorch
import numpy as np
import pytest
from minitorch import linalg
from minitorch.autograd import Function, gradcheck, gradgradcheck


def leaf(*shape, real=False, seed=0):
    parts = np.random.default_rng((seed, *shape)).normal(size=(2, *shape))
    return minitorch.tensor(parts[0] if real else parts[0] + 1j * parts[1], requires_grad=True)


def hermitian(z):
    return z @ z.mH + minitorch.eye(z.shape[-1], dtype=minitorch.float64)


def with_real(z, x):
    w = z * 1
    w.real = x
    return w


# function, leaves: (shape, whether it is real)
Z, X = ((3,), False), ((3,), True)
M, T = ((3, 3), False), ((3, 2), False)
CASES = {
    "mul": (lambda a, b: a * b, Z, Z),
    "mul by real": (lambda a, b: a * b, Z, X),
    "div": (lambda a, b: a / b, X, Z),
    "pow": (lambda a, b: a**b, Z, Z),
    "exp": (minitorch.exp, Z),
    "log": (minitorch.log, Z),
    "sqrt": (minitorch.sqrt, Z),
    "tanh": (minitorch.tanh, Z),
    "sigmoid": (minitorch.sigmoid, Z),
    "abs": (minitorch.abs, Z),
    "angle": (minitorch.angle, Z),
    "sgn": (minitorch.sgn, Z),
    "conj": (lambda z: z.conj() * z * z, Z),
    "real and imag": (lambda z: z.real * z.imag, Z),
    "written real part": (with_real, Z, X),
    "complex": (minitorch.complex, X, X),
    "polar": (minitorch.polar, X, X),
    "times i": (lambda x: (x * 1j).exp(), X),
    "view_as_real": (minitorch.view_as_real, Z),
    "view_as_complex": (minitorch.view_as_complex, ((3, 2), True)),
    "to complex": (lambda x: x.to(minitorch.complex128) ** 2, X),
    "in place": (lambda z: (z * 1).mul_(z).add_(z[0]), Z),
    "index": (lambda z: z[[0, 0, 2]] * z.flip(0), Z),
    "where": (lambda a, b: minitorch.where(minitorch.tensor([True, False, True]), a, b), Z, Z),
    "cat": (lambda a, b: minitorch.cat([a, b]), Z, X),
    "sum and mean": (lambda z: z.sum() * z.mean(), Z),
    "prod": (minitorch.prod, Z),
    "cumprod": (lambda z: z.cumprod(0), Z),
    "var": (minitorch.var, Z),
    "std": (minitorch.std, Z),
    **{f"norm {p}": (lambda z, p=p: linalg.vector_norm(z, p), Z) for p in (1, 1.5, 2, 3, np.inf)},
    "logsumexp": (lambda z: z.logsumexp(0), Z),
    "logcumsumexp": (lambda z: z.logcumsumexp(0), Z),
    "matmul": (minitorch.matmul, M, T),
    "vdot": (minitorch.vdot, Z, Z),
    "einsum": (lambda a, b: minitorch.einsum("ij,jk->ki", a, b), M, T),
    "inv": (linalg.inv, M),
    "solve": (linalg.solve, M, T),
    "solve_triangular": (lambda a, b: linalg.solve_triangular(a, b, upper=True), M, T),
    "det": (linalg.det, M),
    "slogdet": (linalg.slogdet, M),
    "matrix_exp": (linalg.matrix_exp, M),
    "cholesky": (lambda a: linalg.cholesky(hermitian(a)), M),
    "cholesky, upper": (lambda a: linalg.cholesky(hermitian(a), upper=True), M),
    "cholesky_solve": (lambda a, b: minitorch.cholesky_solve(b, a.tril()), M, T),
    "qr": (linalg.qr, M),
    "qr, wide": (linalg.qr, ((2, 3), False)),
    "eigvalsh": (lambda a: linalg.eigvalsh(a + a.mH), M),
    "eigh": (lambda a: abs(linalg.eigh(a + a.mH)[1]), M),
    "eigvals": (linalg.eigvals, M),
    "eig": (lambda a: abs(linalg.eig(a)[1]), M),
    "eig of real": (linalg.eigvals, ((3, 3), True)),
    "svdvals": (linalg.svdvals, T),
    "svd": (lambda a: (lambda u, s, vh: (u * s.exp()) @ vh)(*linalg.svd(a, False)), T),
    "pinv": (linalg.pinv, T),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_finite_differences(name):
    function, *kinds = CASES[name]
    leaves = [leaf(*shape, real=real, seed=k) for k, (shape, real) in enumerate(kinds)]
    assert gradcheck(function, leaves, check_forward_ad=True)
    assert gradgradcheck(function, leaves)


def test_a_step_against_the_gradient_descends():
    z = minitorch.tensor(1 + 2j, dtype=minitorch.complex128, requires_grad=True)
    (abs(z - 3j) ** 2).backward()
    assert z.grad.item() == pytest.approx(2 - 2j)


def test_what_users_see_is_the_gradient():
    z, seen = leaf(2), []
    w = z * (2 + 1j)
    w.retain_grad()
    w.register_hook(seen.append)
    w.grad_fn.register_hook(lambda inputs, outputs: seen.extend(inputs[:1] + outputs))
    z.register_post_accumulate_grad_hook(lambda leaf: seen.append(leaf.grad))
    loss = (abs(w) ** 2).sum()
    loss.backward()
    by_w = (2 * w).detach().numpy()
    by_z = by_w * np.conj(2 + 1j)
    expected = [by_w, by_z, by_w, by_z]
    for got, right in zip([*seen, w.grad, z.grad], [*expected, by_w, by_z], strict=True):
        np.testing.assert_allclose(got.detach().numpy(), right)


def test_what_hooks_return_is_the_gradient():
    z = leaf(2)
    z.register_hook(lambda g: g * 1j)
    (g,) = minitorch.autograd.grad((abs(z) ** 2).sum(), z)
    np.testing.assert_allclose(g.numpy(), 2j * z.detach().numpy())


def test_functions_of_users():
    class Square(Function):
        @staticmethod
        def forward(ctx, z):
            ctx.save_for_backward(z)
            return z * z

        @staticmethod
        def backward(ctx, g):
            return g * 2 * ctx.saved_tensors[0].conj()

    assert gradcheck(Square.apply, (leaf(3),))
    assert gradgradcheck(Square.apply, (leaf(3),))


def test_a_complex_output_needs_a_gradient():
    with pytest.raises(RuntimeError, match="real scalar outputs"):
        leaf(2).sum().backward()


@pytest.mark.parametrize("name", ["eig", "eigh", "svd"])
def test_phases_are_arbitrary(name):
    a = leaf(3, 3)
    vectors = getattr(linalg, name)(a if name != "eigh" else a + a.mH)[0 if name == "svd" else 1]
    with pytest.raises(RuntimeError, match="phi"):
        vectors.sum().abs().backward()


COMPLEX = minitorch.tensor([[1 + 2j, 3 - 1j], [0.5j, -2 + 0.25j]], dtype=minitorch.complex128)
REAL = minitorch.view_as_real(COMPLEX)
WRITES = {
    "real": (COMPLEX, lambda z: z.real.mul_(3)),
    "imag": (COMPLEX, lambda z: z.imag.mul_(3)),
    "imag of a row": (COMPLEX, lambda z: z[1].imag.exp_()),
    "view_as_real": (COMPLEX, lambda z: minitorch.view_as_real(z)[..., 1].mul_(2)),
    "view_as_real of a reshape": (
        COMPLEX,
        lambda z: minitorch.view_as_real(z.reshape(4, 1)).mul_(2),
    ),
    "view_as_complex": (REAL, lambda x: minitorch.view_as_complex(x).mul_(2j)),
    "and reshaped": (REAL, lambda x: minitorch.view_as_complex(x).reshape(4)[1:].mul_(1 - 2j)),
    "there and back": (
        REAL,
        lambda x: minitorch.view_as_real(minitorch.view_as_complex(x)).mul_(2),
    ),
    "transposed": (COMPLEX, lambda z: z.T[0].mul_(2j)),
    "another": (COMPLEX, lambda z: z.imag.copy_(z.real.exp())),
}


@pytest.mark.parametrize("name", WRITES)
def test_writes_to_parts_of_complex_tensors(name):
    start, write = WRITES[name]
    x = start.clone().requires_grad_()

    def base(x):
        y = x * 1
        write(y)
        return y * y

    def view(x):
        y = x * 1
        made = write(y)
        return made * made

    assert gradcheck(base, (x,))
    assert gradcheck(view, (x,))
    assert gradgradcheck(base, (x,))
