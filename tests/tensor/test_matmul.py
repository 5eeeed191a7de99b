"""Products of matrices and vectors: values, gradients of two orders, refusals."""

import minitorch
import numpy as np
import pytest
from minitorch.autograd import gradcheck, gradgradcheck

pytestmark = pytest.mark.filterwarnings("ignore:torch.chain_matmul is deprecated")


def leaf(*shape, seed=0):
    values = np.random.default_rng((seed, *shape)).normal(size=shape)
    return minitorch.tensor(values, requires_grad=True)


def values(*tensors):
    return [t.detach().numpy() for t in tensors]


SHAPES = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 4)),
    ((2, 3), (3, 4)),
    ((5, 2, 3), (3, 4)),
    ((5, 2, 3), (3,)),
    ((3,), (5, 3, 4)),
    ((2, 3), (5, 3, 4)),
    ((5, 2, 3), (5, 3, 4)),
    ((2, 1, 2, 3), (5, 3, 4)),
]


@pytest.mark.parametrize(("a", "b"), SHAPES)
def test_matmul(a, b):
    x, y = leaf(*a), leaf(*b, seed=1)
    np.testing.assert_allclose((x @ y).detach().numpy(), np.matmul(*values(x, y)), atol=1e-12)
    assert gradcheck(minitorch.matmul, (x, y))
    assert gradgradcheck(minitorch.matmul, (x, y))


@pytest.mark.parametrize(
    ("a", "b"), [((0, 3), (3, 2)), ((2, 0), (0, 2)), ((5, 5, 0), (0, 5)), ((5, 0, 3), (3, 2))]
)
def test_matmul_of_nothing(a, b):
    x, y = leaf(*a), leaf(*b)
    (x @ y).sum().backward()
    assert x.grad.shape == x.shape
    assert not y.grad.numpy().any()


def test_matmul_with_an_array_on_the_left():
    x = leaf(3, 2)
    made = np.eye(3) @ x
    assert isinstance(made, minitorch.Tensor)
    assert made.requires_grad


def test_integers():
    x = minitorch.tensor([[1, 2], [3, 4]])
    assert (x @ x).tolist() == [[7, 10], [15, 22]]
    assert (x @ x).dtype is minitorch.int64


REFUSED = [
    ((2, 3), (4, 5), r"mat1 and mat2 shapes cannot be multiplied \(2x3 and 4x5\)"),
    ((3,), (4, 5), r"mat1 and mat2 shapes cannot be multiplied \(1x3 and 4x5\)"),
    ((5, 2, 3), (4, 5), r"mat1 and mat2 shapes cannot be multiplied \(10x3 and 4x5\)"),
    ((2, 3), (4,), r"size mismatch, got input \(2\), mat \(2x3\), vec \(4\)"),
    ((3,), (4,), r"inconsistent tensor size, expected tensor \[3\] and src \[4\]"),
    ((5, 2, 3), (6, 3, 5), r"The size of tensor a \(5\) must match the size of tensor b \(6\)"),
    ((5, 2, 3), (5, 4, 5), r"Expected size for first two dimensions of batch2"),
    ((), (3,), "both arguments to matmul need to be at least 1D"),
]


@pytest.mark.parametrize(("a", "b", "message"), REFUSED)
def test_refused_shapes(a, b, message):
    with pytest.raises(RuntimeError, match=message):
        minitorch.ones(a) @ minitorch.ones(b)


def test_refused_operands():
    x = minitorch.ones(2, 2)
    with pytest.raises(RuntimeError, match="same dtype, but got: float != double"):
        x @ x.double()
    with pytest.raises(TypeError, match="must be Tensor, not int"):
        x @ 2


PRODUCTS = [
    ("mm", [(2, 3), (3, 4)], np.matmul),
    ("bmm", [(2, 2, 3), (2, 3, 4)], np.matmul),
    ("mv", [(2, 3), (3,)], np.matmul),
    ("dot", [(3,), (3,)], np.dot),
    ("vdot", [(3,), (3,)], np.vdot),
    ("outer", [(2,), (3,)], np.outer),
    ("ger", [(2,), (3,)], np.outer),
    ("inner", [(2, 3), (4, 3)], np.inner),
    ("inner", [(2, 2, 3), (3,)], np.inner),
    ("inner", [(), (3,)], np.inner),
    ("kron", [(2, 3), (2, 2)], np.kron),
    ("kron", [(2,), (2, 1, 2)], np.kron),
    ("addmm", [(4,), (2, 3), (3, 4)], lambda c, a, b: c + a @ b),
    ("addmv", [(2,), (2, 3), (3,)], lambda c, a, b: c + a @ b),
    ("addr", [(2, 3), (2,), (3,)], lambda c, a, b: c + np.outer(a, b)),
    ("baddbmm", [(2, 4), (2, 2, 3), (2, 3, 4)], lambda c, a, b: c + a @ b),
    ("addbmm", [(2, 4), (2, 2, 3), (2, 3, 4)], lambda c, a, b: c + (a @ b).sum(0)),
    ("tensordot", [(2, 3, 4), (3, 4, 2)], np.tensordot),
    ("chain_matmul", [(2, 3), (3, 4), (4, 2)], lambda a, b, c: a @ b @ c),
]


@pytest.mark.parametrize(("name", "shapes", "reference"), PRODUCTS)
def test_products(name, shapes, reference):
    op = getattr(minitorch, name)
    inputs = [leaf(*shape, seed=k) for k, shape in enumerate(shapes)]
    expected = reference(*values(*inputs))
    np.testing.assert_allclose(op(*inputs).detach().numpy(), expected, atol=1e-12)
    assert gradcheck(op, tuple(inputs))
    assert gradgradcheck(op, tuple(inputs))
    if hasattr(minitorch.Tensor, name):
        assert getattr(inputs[0], name)(*inputs[1:]).shape == expected.shape


def test_weights_of_the_sum():
    c, a, b = minitorch.ones(2, 2), minitorch.eye(2), minitorch.ones(2, 2)
    assert minitorch.addmm(c, a, b, beta=2, alpha=3).tolist() == [[5, 5], [5, 5]]
    nan = minitorch.full((2, 2), float("nan"))
    assert minitorch.addmm(nan, a, b, beta=0).tolist() == [[1, 1], [1, 1]]


WRONG = [
    ("mm", [(2, 3), (3,)], "mat2 must be a matrix"),
    ("bmm", [(2, 3), (2, 3, 4)], "batch1 must be a 3D tensor"),
    ("bmm", [(2, 3, 4), (2, 3, 4)], r"Expected size for first two dimensions .* \[2, 4\]"),
    ("mv", [(2, 3), (3, 1)], "vector \\+ matrix @ vector expected"),
    ("dot", [(3,), (3, 1)], "1D tensors expected"),
    ("outer", [(3, 1), (3,)], "Expected 1-D argument self"),
    ("inner", [(2, 3), (2, 4)], "the last dimension must match"),
    ("addmm", [(5,), (2, 3), (3, 4)], "must match"),
    ("addmm", [(2, 2, 4), (2, 3), (3, 4)], "expanded size"),
    ("tensordot", [(2, 3), (4, 5), 1], "contracted dimensions need to match"),
    ("tensordot", [(2, 3), (4, 5), 3], "dims < ndim_a or ndim_b"),
]


@pytest.mark.parametrize(("name", "arguments", "message"), WRONG)
def test_refused_products(name, arguments, message):
    made = [minitorch.ones(a) if isinstance(a, tuple) else a for a in arguments]
    with pytest.raises(RuntimeError, match=message):
        getattr(minitorch, name)(*made)


EQUATIONS = [
    ("ij,jk->ik", [(2, 3), (3, 4)]),
    ("bij,bjk->bik", [(2, 2, 3), (2, 3, 2)]),
    ("ij->ji", [(2, 3)]),
    ("ij->", [(2, 3)]),
    ("ii->i", [(3, 3)]),
    ("iij->j", [(2, 2, 3)]),
    ("i,j->ij", [(2,), (3,)]),
    ("...ij,...jk->...ik", [(2, 2, 3), (3, 2)]),
    ("i...->...", [(2, 3)]),
    ("ij,jk,kl->il", [(2, 3), (3, 2), (2, 2)]),
    ("bhqd,bhkd->bhqk", [(1, 2, 3, 2), (1, 2, 2, 2)]),
    ("ba,b", [(2, 3), (2,)]),
    ("ij,ij->i", [(2, 3), (2, 3)]),
]


@pytest.mark.parametrize(("equation", "shapes"), EQUATIONS)
def test_einsum(equation, shapes):
    inputs = [leaf(*shape, seed=k) for k, shape in enumerate(shapes)]
    expected = np.einsum(equation, *values(*inputs))
    made = minitorch.einsum(equation, *inputs)
    np.testing.assert_allclose(made.detach().numpy(), expected, atol=1e-12)

    def of_inputs(*xs):
        return minitorch.einsum(equation, *xs)

    assert gradcheck(of_inputs, tuple(inputs))
    assert gradgradcheck(of_inputs, tuple(inputs))


def test_einsum_takes_lists_of_numbers():
    x, y = leaf(2, 3), leaf(3, 2)
    assert (minitorch.einsum(x, [0, 1], y, [1, 2], [0, 2]) == x @ y).all()


@pytest.mark.parametrize(
    ("equation", "message"),
    [
        ("ij,jk->ik", "fewer operands"),
        ("ijk->i", "does not match the number of dimensions"),
        ("ij->ix", "output subscript x does not appear"),
        ("ij->ii", "appears more than once"),
        ("i1->i", "subscripts must be in"),
        ("i.j->i", "not part of any ellipsis"),
        ("ii->i", "don't match"),
    ],
)
def test_einsum_refuses(equation, message):
    with pytest.raises(RuntimeError, match=message):
        minitorch.einsum(equation, minitorch.ones(2, 3))


def test_tensordot_over_lists():
    a, b = leaf(2, 3, 4), leaf(4, 5, 2)
    made = minitorch.tensordot(a, b, dims=([0, 2], [2, 0]))
    np.testing.assert_allclose(
        made.detach().numpy(), np.tensordot(*values(a, b), ([0, 2], [2, 0])), atol=1e-12
    )
