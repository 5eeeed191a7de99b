"""Sparse tensors: made and shown, computed with, differentiated, refused."""

import minitorch
import numpy as np
import pytest
from minitorch import sparse, tensor
from minitorch.autograd import gradcheck, gradgradcheck
from minitorch.kernels import sparse as kernels

DENSE = np.array([[0, 2.0, 0, 1.5], [0, 0, 0, 0], [-3.0, 0, 0.5, 0]])


def matrix(layout=None):
    return tensor(DENSE).to_sparse(layout=layout)


def values():
    return minitorch.tensor([3.0, 4.0, 5.0, 6.0], dtype=minitorch.float64, requires_grad=True)


def with_values(value):
    return minitorch.sparse_coo_tensor([[0, 1, 1, 0], [2, 0, 2, 2]], value, (2, 3))


LAYOUTS = [minitorch.sparse_coo, minitorch.sparse_csr, minitorch.sparse_csc]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_there_and_back(layout):
    x = matrix(layout)
    assert x.layout is layout
    assert x.shape == (3, 4)
    assert x.dtype is minitorch.float64
    assert x.to_dense().equal(tensor(DENSE))
    for other in LAYOUTS:
        assert x.to_sparse(layout=other).to_dense().equal(tensor(DENSE))
    assert x.t().to_dense().equal(tensor(DENSE.T))


def test_compressed():
    x = matrix(minitorch.sparse_csr)
    assert x.crow_indices().tolist() == [0, 2, 2, 4]
    assert x.col_indices().tolist() == [1, 3, 0, 2]
    y = minitorch.sparse_csr_tensor(x.crow_indices(), x.col_indices(), x.values(), x.shape)
    assert y.to_dense().equal(tensor(DENSE))
    z = matrix(minitorch.sparse_csc)
    assert z.ccol_indices().tolist() == [0, 1, 2, 3, 4]
    assert z.row_indices().tolist() == [2, 0, 2, 0]


def test_equal_coordinates_add_up():
    x = with_values(values().detach())
    assert not x.is_coalesced()
    made = x.coalesce()
    assert made.indices().tolist() == [[0, 1, 1], [2, 0, 2]]
    assert made.values().tolist() == [9.0, 4.0, 5.0]
    with pytest.raises(RuntimeError, match="coalesce"):
        x.indices()


def test_shown():
    x = minitorch.sparse_coo_tensor([[0, 1], [2, 0]], [3.0, 4.0], (2, 3))
    assert repr(x) == (
        "tensor(indices=tensor([[0, 1],\n                       [2, 0]]),\n"
        "       values=tensor([3., 4.]),\n       size=(2, 3), nnz=2, layout=torch.sparse_coo)"
    )


B = np.random.default_rng(0).normal(size=(4, 2))
SAME = {  # of the sparse tensor and of the dense one
    "times": lambda x: x * 2,
    "over": lambda x: x / 4,
    "plus": lambda x: x + x,
    "minus": lambda x: x - x * 3,
    "plus dense": lambda x: x + tensor(DENSE + 1),
    "product": lambda x: x * x,
    "times dense": lambda x: x * tensor(DENSE + 1),
    "sin": minitorch.sin,
    "abs sqrt": lambda x: x.abs().sqrt(),
    "transpose": lambda x: x.transpose(0, 1),
    "sum": minitorch.sum,
    "sum of rows": lambda x: x.sum(1),
    "sum, kept": lambda x: x.sum(0, keepdim=True),
    "matmul": lambda x: x @ tensor(B),
    "of a vector": lambda x: minitorch.mv(x, tensor(B[:, 0])),
    "from the left": lambda x: tensor(B[:3]).t() @ x,
    "square": lambda x: x @ x.t(),
    "addmm": lambda x: minitorch.addmm(tensor(B[:3]), x, tensor(B), beta=2, alpha=3),
    "row": lambda x: x[2],
    "rows": lambda x: x.index_select(1, tensor([3, 0, 3])),
    "cat": lambda x: minitorch.cat([x, x], 1),
    "to": lambda x: x.to(minitorch.float32),
    "norm": minitorch.norm,
    "clone": minitorch.clone,
}


@pytest.mark.parametrize("layout", LAYOUTS[:2])
@pytest.mark.parametrize("name", SAME)
def test_as_dense(name, layout):
    made, expected = SAME[name](matrix(layout)), SAME[name](tensor(DENSE))
    made = made.to_dense()
    assert made.dtype is expected.dtype
    np.testing.assert_allclose(made.numpy(), expected.numpy())


GRADIENTS = {
    "to_dense": lambda v: with_values(v).to_dense(),
    "coalesce": lambda v: with_values(v).coalesce().values(),
    "mm": lambda v: sparse.mm(with_values(v), tensor(B[:3])),
    "sparse mm": lambda v: sparse.mm(with_values(v), with_values(v).t()).to_dense(),
    "sum": lambda v: sparse.sum(with_values(v), 0).to_dense(),
    "softmax": lambda v: sparse.softmax(with_values(v), 1).to_dense(),
    "log_softmax": lambda v: sparse.log_softmax(with_values(v), 1).coalesce().values(),
    "exp of part": lambda v: (with_values(v).sin() * with_values(v)).to_dense(),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_by_values(name):
    assert gradcheck(GRADIENTS[name], (values(),))
    assert gradgradcheck(GRADIENTS[name], (values(),))


def test_gradients_by_dense_and_sparse():
    x = matrix().requires_grad_()
    b = tensor(B, requires_grad=True)
    (sparse.mm(x, b) ** 2).sum().backward()
    d = tensor(DENSE, requires_grad=True)
    c = tensor(B, requires_grad=True)
    ((d @ c) ** 2).sum().backward()
    np.testing.assert_allclose(b.grad.numpy(), c.grad.numpy())
    np.testing.assert_allclose(x.grad.to_dense().numpy(), d.grad.numpy() * (DENSE != 0))
    assert x.grad.is_sparse


def test_products_without_scipy(monkeypatch):
    x = matrix()
    expected = DENSE @ B
    rows, columns = x.indices().numpy()
    monkeypatch.setitem(__import__("sys").modules, "scipy.sparse", None)
    made = kernels.multiply(x.values().numpy(), B, rows, columns, 3)
    np.testing.assert_allclose(made, expected)


def test_gradients_of_dense_and_sparse_add_up():
    weight = minitorch.zeros(4, 2, requires_grad=True)
    sparse_part = minitorch.sparse_coo_tensor([[1, 1]], minitorch.ones(2, 2), (4, 2))

    class Rows(minitorch.autograd.Function):
        @staticmethod
        def forward(ctx, w):
            return w.sum()

        @staticmethod
        def backward(ctx, g):
            return sparse_part * g

    Rows.apply(weight).backward()
    assert weight.grad.is_sparse
    Rows.apply(weight).backward()
    assert weight.grad.to_dense().tolist() == [[0, 0], [4, 4], [0, 0], [0, 0]]
    (weight.sum() + Rows.apply(weight)).backward()
    assert not weight.grad.is_sparse
    assert weight.grad.tolist() == [[1, 1], [7, 7], [1, 1], [1, 1]]
    (g,) = minitorch.autograd.grad(Rows.apply(weight), weight)
    assert g.is_sparse


REFUSED = [
    (lambda: minitorch.sparse_coo_tensor([[0, 3]], [1.0, 2.0], (2,)), RuntimeError, "index 3"),
    (lambda: minitorch.sparse_coo_tensor([[0, 1]], [1.0], (2,)), RuntimeError, "same nnz"),
    (lambda: minitorch.sparse_csr_tensor([0, 3], [0, 1], [1.0, 2.0]), RuntimeError, "nnz"),
    (lambda: matrix().cumsum(0), NotImplementedError, "to_dense"),
    (lambda: minitorch.exp(matrix()), NotImplementedError, "to_dense"),
    (lambda: matrix().add(1), TypeError, "number"),
    (lambda: matrix().numpy(), NotImplementedError, "to_dense"),
    (lambda: matrix() @ tensor(B[:2]), RuntimeError, "multiplied"),
    (lambda: matrix().to_sparse(layout=minitorch.sparse_coo).crow_indices(), RuntimeError, "csr"),
    (lambda: tensor(DENSE).to_sparse(layout=minitorch.sparse_bsr), NotImplementedError, "blocks"),
]


@pytest.mark.parametrize("case", range(len(REFUSED)))
def test_refused(case):
    call, error, text = REFUSED[case]
    with pytest.raises(error, match=text):
        call()


def test_numpy_does_not_see_zeros():
    with pytest.raises((TypeError, NotImplementedError)):
        np.asarray(matrix())
    with pytest.raises((TypeError, NotImplementedError)):
        np.exp(matrix())


@pytest.mark.parametrize("name", ["coalesce", "indices", "values", "crow_indices", "_nnz", "smm"])
def test_strided_tensors_have_no_coordinates(name):
    x = minitorch.ones(2, 2)
    with pytest.raises(RuntimeError, match=f"{name} expected sparse .* layout but got Strided"):
        getattr(x, name)(*([x] if name == "smm" else []))
    assert (x.sparse_dim(), x.dense_dim()) == (0, 2)
