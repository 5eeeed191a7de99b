"""Under the alias, public classes are PyTorch's by name: libraries find the backend by it."""

import pickle

import minitorch
import pytest

SAMPLES = [
    minitorch.ones(1), minitorch.Size([2]), minitorch.float32, minitorch.device("cpu"),
    minitorch.strided, minitorch.channels_last,
]  # fmt: skip


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda each: type(each).__name__)
def test_classes_are_named_as_pytorchs(sample):
    ours = repr(type(sample))
    with minitorch.as_torch():
        assert repr(type(sample)) == f"<class 'torch.{type(sample).__name__}'>"
        assert pickle.loads(pickle.dumps(sample)) == sample
    assert repr(type(sample)) == ours
    assert pickle.loads(pickle.dumps(sample)) == sample


def test_sparse_products_by_their_old_names():
    matrix = minitorch.sparse_coo_tensor(
        [[0, 1], [1, 0]], [2.0, 3.0], (2, 3), check_invariants=True
    )
    for product in (minitorch.dsmm, minitorch.spmm):
        assert product(matrix, minitorch.ones(3, 2)).tolist() == [[2, 2], [3, 3]]
