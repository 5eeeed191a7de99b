"""Linear algebra: values against NumPy, gradients of two orders, singular matrices."""

import math

import minitorch
import numpy as np
import pytest
from minitorch import linalg
from minitorch.autograd import gradcheck, gradgradcheck

pytestmark = pytest.mark.filterwarnings("ignore:torch.cholesky is deprecated")


def matrix(*shape, seed=0):
    values = np.random.default_rng((seed, *shape)).normal(size=shape)
    return minitorch.tensor(values, requires_grad=True)


def symmetric(x):
    return x + x.mT


def definite(x):
    return x @ x.mT + minitorch.eye(x.shape[-1], dtype=minitorch.float64)


def close(ours, expected):
    np.testing.assert_allclose(ours.detach().numpy(), expected, atol=1e-10)


def check(function, *inputs):
    assert gradcheck(function, inputs)
    assert gradgradcheck(function, inputs)


SQUARE = [
    (linalg.inv, np.linalg.inv),
    (minitorch.inverse, np.linalg.inv),
    (linalg.det, np.linalg.det),
    (lambda x: linalg.slogdet(x).logabsdet, lambda x: np.linalg.slogdet(x)[1]),
    (lambda x: minitorch.logdet(definite(x)), lambda x: np.linalg.slogdet(x @ x.mT + np.eye(3))[1]),
    (lambda x: linalg.matrix_power(x, 3), lambda x: x @ x @ x),
    (lambda x: linalg.matrix_power(x, -2), lambda x: np.linalg.inv(x @ x)),
    (linalg.svdvals, lambda x: np.linalg.svd(x)[1]),
    (lambda x: linalg.eigvalsh(symmetric(x)), lambda x: np.linalg.eigvalsh(x + x.mT)),
    (lambda x: linalg.cholesky(definite(x)), lambda x: np.linalg.cholesky(x @ x.mT + np.eye(3))),
    (lambda x: linalg.pinv(x), np.linalg.pinv),
    (lambda x: linalg.qr(x).R, lambda x: np.linalg.qr(x)[1]),
    (lambda x: linalg.qr(x).Q, lambda x: np.linalg.qr(x)[0]),
    (lambda x: abs(linalg.eigh(symmetric(x))[1]), lambda x: abs(np.linalg.eigh(x + x.mT)[1])),
    (lambda x: abs(linalg.svd(x)[0]), lambda x: abs(np.linalg.svd(x)[0])),
    (lambda x: abs(linalg.svd(x)[2]), lambda x: abs(np.linalg.svd(x)[2])),
    (linalg.cond, np.linalg.cond),
]


@pytest.mark.parametrize("shape", [(3, 3), (2, 3, 3)])
@pytest.mark.parametrize("number", range(len(SQUARE)))
def test_square(number, shape):
    function, reference = SQUARE[number]
    x = matrix(*shape)
    close(function(x), reference(x.detach().numpy()))
    check(function, x)


@pytest.mark.parametrize("shape", [(4, 2), (2, 4), (2, 3, 2)])
def test_rectangles(shape):
    x = matrix(*shape)
    u, s, vh = linalg.svd(x, full_matrices=False)
    close((u * s.unsqueeze(-2)) @ vh, x.detach().numpy())
    q, r = linalg.qr(x)
    close(q @ r, x.detach().numpy())
    close(linalg.pinv(x), np.linalg.pinv(x.detach().numpy()))
    check(lambda x: abs(linalg.svd(x, full_matrices=False)[0]), x)
    check(lambda x: abs(linalg.svd(x, full_matrices=False)[2]), x)
    check(lambda x: linalg.qr(x), x)
    check(linalg.pinv, x)


@pytest.mark.parametrize(
    ("a", "b"), [((3, 3), (3,)), ((3, 3), (3, 2)), ((2, 3, 3), (2, 3)), ((2, 3, 3), (3, 2))]
)
def test_solve(a, b):
    x, y = matrix(*a), matrix(*b, seed=1)
    made = linalg.solve(x, y)
    vector = made.ndim < x.ndim
    back = x @ made.unsqueeze(-1) if vector else x @ made
    close(back.squeeze(-1) if vector else back, np.broadcast_to(y.detach().numpy(), made.shape))
    check(linalg.solve, x, y)


@pytest.mark.parametrize("upper", [True, False])
@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("unitriangular", [True, False])
def test_solve_triangular(upper, left, unitriangular):
    a, b = matrix(3, 3), matrix(3, 3, seed=1)
    t = np.triu(a.detach().numpy()) if upper else np.tril(a.detach().numpy())
    if unitriangular:
        np.fill_diagonal(t, 1)

    def solve(a, b):
        return linalg.solve_triangular(a, b, upper=upper, left=left, unitriangular=unitriangular)

    x = solve(a, b).detach().numpy()
    np.testing.assert_allclose(t @ x if left else x @ t, b.detach().numpy(), atol=1e-10)
    check(solve, a, b)


def test_solve_triangular_of_a_singular_matrix_gives_inf():
    a = minitorch.tensor([[1.0, 0.0], [1.0, 0.0]])
    made = linalg.solve_triangular(a, minitorch.tensor([[1.0], [2.0]]), upper=False)
    assert made.tolist() == [[1.0], [math.inf]]


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_det_of_singular_matrices(rank):
    values = np.random.default_rng(0).normal(size=(3, rank))
    x = minitorch.tensor(values @ values.T, requires_grad=True)
    check(linalg.det, x)


@pytest.mark.parametrize("scale", [0.01, 1.0, 30.0])
def test_matrix_exp(scale):
    x = matrix(3, 3).detach() * scale
    values, vectors = np.linalg.eig(x.numpy())
    expected = (vectors * np.exp(values)) @ np.linalg.inv(vectors)
    np.testing.assert_allclose(linalg.matrix_exp(x).numpy(), expected.real, rtol=1e-8)


def test_matrix_exp_gradient():
    check(linalg.matrix_exp, matrix(2, 3, 3))


NORMS = [
    (None, None), ("fro", None), ("nuc", None), (1, None), (-1, None), (2, None), (-2, None),
    (math.inf, None), (-math.inf, None), (2, 0), (1, 1), (3, 1), (math.inf, 0), (0, 1),
]  # fmt: skip


@pytest.mark.parametrize(("ord", "dim"), NORMS)
@pytest.mark.parametrize("keepdim", [True, False])
def test_norm(ord, dim, keepdim):
    x = matrix(3, 4)
    expected = np.linalg.norm(x.detach().numpy(), ord, dim, keepdim)
    close(linalg.norm(x, ord, dim, keepdim), expected)
    check(lambda x: linalg.norm(x, ord, dim, keepdim), x)


def test_norms_of_the_second_kind_need_matrices():
    with pytest.raises(RuntimeError, match="input must be 1D or 2D"):
        linalg.norm(minitorch.ones(2, 2, 2), 2)
    with pytest.raises(RuntimeError, match="Order 5 not supported"):
        linalg.matrix_norm(minitorch.ones(2, 2), 5)


def test_values_only():
    x = matrix(3, 3).detach()
    close(abs(linalg.eigvals(x)).sort().values, np.sort(abs(np.linalg.eigvals(x.numpy()))))
    assert linalg.matrix_rank(minitorch.ones(3, 3)).item() == 1
    assert linalg.matrix_rank(x, atol=100.0).item() == 0
    assert linalg.vander(minitorch.tensor([2, 3]), N=3).tolist() == [[1, 2, 4], [1, 3, 9]]


def test_vander_gradient():
    check(lambda x: linalg.vander(x, N=4), matrix(2, 3))


def test_tensors_as_maps():
    a, b = matrix(2, 3, 6), matrix(2, 3, seed=1)
    close(linalg.tensorsolve(a, b), np.linalg.tensorsolve(*(t.detach().numpy() for t in (a, b))))
    close(linalg.tensorinv(a), np.linalg.tensorinv(a.detach().numpy()))
    check(linalg.tensorsolve, a, b)


def test_products():
    a, b, c = matrix(3), matrix(3, 4), matrix(4)
    expected = np.linalg.multi_dot([t.detach().numpy() for t in (a, b, c)])
    close(linalg.multi_dot([a, b, c]), expected)
    check(lambda *xs: linalg.multi_dot(xs), a, b, c)
    x, y = matrix(2, 3), matrix(2, 3, seed=1)
    close(linalg.vecdot(x, y), (x * y).sum(-1).detach().numpy())
    assert linalg.diagonal(matrix(2, 3, 3)).shape == (2, 3)


def test_lstsq():
    a, b = matrix(5, 3).detach(), matrix(5, 2, seed=1).detach()
    expected, residuals, rank, s = np.linalg.lstsq(a.numpy(), b.numpy())
    made = linalg.lstsq(a, b, driver="gelsd")
    for ours, theirs in zip(made, (expected, residuals, rank, s), strict=True):
        close(ours, theirs)
    assert linalg.lstsq(a, b).residuals.shape == (0,)


def test_from_a_cholesky_factor():
    a, b = definite(matrix(3, 3)).detach(), matrix(3, 2)
    factor = minitorch.cholesky(a)
    close(a @ minitorch.cholesky_solve(b, factor), b.detach().numpy())
    close(minitorch.cholesky_inverse(factor), np.linalg.inv(a.numpy()))
    close(minitorch.cholesky(a, upper=True), factor.numpy().T)


def test_cholesky_gradient_is_symmetric():
    x = definite(matrix(3, 3)).detach().requires_grad_()
    linalg.cholesky(x).sum().backward()
    close(x.grad, x.grad.numpy().T)


def test_equal_singular_values_do_not_spoil_the_others_gradient():
    x = minitorch.eye(3, dtype=minitorch.float64).requires_grad_()
    linalg.svd(x).S.sum().backward()
    close(x.grad, np.eye(3))


def test_names():
    assert linalg.svd(minitorch.eye(2))._fields == ("U", "S", "Vh")
    assert repr(linalg.slogdet(minitorch.eye(2))) == (
        "torch.return_types.linalg_slogdet(\nsign=tensor(1.),\nlogabsdet=tensor(0.))"
    )


ZEROS = minitorch.zeros(2, 2)
SINGULAR = [
    (lambda: linalg.inv(ZEROS), "linalg.inv: The diagonal element 1 is zero"),
    (
        lambda: linalg.inv(minitorch.stack([minitorch.eye(2), ZEROS])),
        r"linalg.inv: \(Batch element 1\): The diagonal element 1",
    ),
    (lambda: linalg.solve(ZEROS, ZEROS), "solver failed because the input matrix is singular"),
    (
        lambda: linalg.cholesky(-minitorch.eye(2)),
        "linalg.cholesky: .*leading minor of order 1 is not positive-definite",
    ),
    (lambda: linalg.svd(ZEROS * math.nan), "non-finite values"),
]


@pytest.mark.parametrize("number", range(len(SINGULAR)))
def test_singular(number):
    call, message = SINGULAR[number]
    with pytest.raises(linalg.LinAlgError, match=message):
        call()
    assert issubclass(linalg.LinAlgError, RuntimeError)


def test_without_errors():
    both = minitorch.stack([minitorch.eye(2), ZEROS])
    made = linalg.inv_ex(both)
    assert made.info.tolist() == [0, 1]
    assert made.inverse[0].tolist() == [[1, 0], [0, 1]]
    assert linalg.cholesky_ex(both).info.tolist() == [0, 1]
    assert linalg.solve_ex(minitorch.eye(2), ZEROS).info.item() == 0


REFUSED = [
    (lambda: linalg.inv(minitorch.ones(3)), "at least 2 dimensions"),
    (lambda: linalg.det(minitorch.ones(2, 3)), "batches of square matrices, but they are 2 by 3"),
    (lambda: linalg.inv(ZEROS.long()), "Expected a floating point or complex tensor"),
    (lambda: linalg.solve(ZEROS, minitorch.ones(4)), "Incompatible shapes of A and B"),
    (lambda: linalg.solve(ZEROS, ZEROS.double()), "to have the same dtype"),
    (lambda: linalg.qr(ZEROS, mode="x"), "unrecognized mode 'x'"),
    (lambda: linalg.eigh(ZEROS, UPLO="x"), "Expected UPLO argument to be 'L' or 'U'"),
    (lambda: linalg.multi_dot([ZEROS]), "expected at least 2 tensors"),
    (lambda: linalg.qr(matrix(3, 2), mode="complete")[0].sum().backward(), "not differentiable"),
    (lambda: linalg.qr(matrix(3, 2), mode="r")[1].sum().backward(), "depends on Q"),
]


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_refused(number):
    call, message = REFUSED[number]
    with pytest.raises(RuntimeError, match=message):
        call()


@pytest.mark.parametrize("ord", [1, 2, math.inf, "fro", "nuc"])
@pytest.mark.parametrize("shape", [(0, 1), (1, 0), (0, 0)])
def test_norms_of_empty_matrices_are_zero(ord, shape):
    assert minitorch.linalg.matrix_norm(minitorch.zeros(shape), ord).item() == 0.0


@pytest.mark.parametrize(("result", "nan_passes"), [(None, True), (None, False), (1, False)])
def test_failures_are_seen_without_floating_point_flags(result, nan_passes):
    """As in a browser: NumPy does not raise, and gives nan."""
    from minitorch.kernels.lapack import looked_at

    def inverses(x):  # of diagonal matrices
        values = np.diagonal(x, axis1=-2, axis2=-1).copy()
        values[(values == 0).any(-1)] = np.nan
        made = np.where(np.isnan(values).all(-1)[..., None, None], np.nan, 1 / (x + 1))
        return made if result is None else (x, values)

    look = looked_at(inverses, result, nan_passes)
    for good in (np.eye(2), np.stack([np.eye(2), 2 * np.eye(2)]), np.zeros((0, 2, 2))):
        look(good)
    for bad in (np.zeros((2, 2)), np.stack([np.eye(2), np.zeros((2, 2))])):
        with pytest.raises(np.linalg.LinAlgError):
            look(bad)
    if nan_passes:
        look(np.stack([np.zeros((2, 2)), np.full((2, 2), np.nan)]))


@pytest.mark.parametrize("hermitian", [False, True])
def test_tolerances_of_pseudo_inverses_by_tensors(hermitian):
    a = minitorch.eye(5).expand(3, 5, 5) * minitorch.tensor([1.0, 2.0, 4.0, 8.0, 16.0])
    rtol = minitorch.tensor([0.3, 0.1, 0.6])  # one for each matrix
    made = minitorch.linalg.pinv(a, rtol=rtol, hermitian=hermitian)
    for each, matrix, tolerance in zip(made, a, rtol.tolist(), strict=True):
        expected = minitorch.linalg.pinv(matrix, rtol=tolerance, hermitian=hermitian)
        minitorch.testing.assert_close(each, expected)


@pytest.mark.parametrize("p", [1, -1, math.inf, -math.inf, "fro", "nuc"])
def test_condition_numbers_of_singular_matrices(p):
    a = minitorch.eye(3).repeat(2, 1, 1)
    a[1, 2, 2] = 0.0
    made = minitorch.linalg.cond(a, p)
    assert made[1].item() == math.inf
    assert made[0].item() == pytest.approx(np.linalg.cond(np.eye(3), p))


@pytest.mark.parametrize("driver", ["gels", "gelsd", "gelss"])
def test_least_squares_by_driver(driver):
    rng = np.random.default_rng(0)
    a = rng.standard_normal((4, 2)) + 1j * rng.standard_normal((4, 2))
    b = rng.standard_normal((4, 1)) + 1j * rng.standard_normal((4, 1))
    expected, residuals, _, _ = np.linalg.lstsq(a, b)
    a, b = minitorch.tensor(a), minitorch.tensor(b)
    for rcond in (None, -1.0, 10.0 if driver == "gelsd" else 1e-3):  # of 1 or more gelsd takes eps
        made = minitorch.linalg.lstsq(a, b, rcond, driver=driver)
        np.testing.assert_allclose(made.solution.numpy(), expected)
        np.testing.assert_allclose(made.residuals.numpy(), residuals)  # real


def test_renorm_takes_the_norm_as_a_tensor():
    x = minitorch.arange(6.0).reshape(2, 3)
    expected = x.renorm(2, 0, 1.5)
    assert minitorch.equal(x.renorm(2, 0, minitorch.tensor(1.5)), expected)


@pytest.mark.parametrize("order", [-1.0, -math.inf, math.inf])
@pytest.mark.parametrize(("shape", "dim"), [((0,), None), ((0, 3), 0), ((3, 0), 1)])
def test_norms_without_elements(order, shape, dim):
    with pytest.raises(RuntimeError, match="vector_norm cannot compute the"):
        minitorch.linalg.vector_norm(minitorch.zeros(shape), order, dim)
    assert minitorch.linalg.vector_norm(minitorch.zeros(0, 3), order, 1).shape == (0,)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda x: minitorch.linalg.vector_norm(x, 1j), "non-complex scalar"),
        (lambda x: minitorch.addr(x, x[0], x[0], beta=True), "Boolean beta only supported"),
        (lambda x: minitorch.addr(x, x[0], x[0], alpha=True), "Boolean alpha only supported"),
        (
            lambda x: minitorch.baddbmm(x[None].double(), x[None], x[None]),
            "Input dtypes must be the same",
        ),
        (lambda x: minitorch.linalg.lstsq(x[0], x), "input must have at least 2 dimensions"),
        (
            lambda x: minitorch.linalg.cond(x, out=minitorch.zeros((), dtype=minitorch.int32)),
            "but got result with dtype Int",
        ),
        (lambda x: minitorch._int_mm(x, x.char()), "expected scalar type Char but found Float"),
    ],
)
def test_words_of_refusals(call, text):
    with pytest.raises(RuntimeError, match=text):
        call(minitorch.eye(2))


def test_products_of_bytes():
    a = minitorch.tensor([[-128, 127], [3, -4]], dtype=minitorch.int8)
    b = a.tile(1, 3)
    made = minitorch._int_mm(a, b)
    assert made.dtype is minitorch.int32
    assert minitorch.equal(made, (a.int() @ b.int()))
    out = minitorch.empty(0, dtype=minitorch.int32)
    assert minitorch._int_mm(a, b, out=out) is out
    assert minitorch.equal(out, made)
