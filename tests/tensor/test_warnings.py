"""The warnings that PyTorch gives, once per call, of the line that the user wrote."""

import warnings

import minitorch as torch
import numpy as np
import pytest

READ_ONLY = np.ones(2, np.float32)
READ_ONLY.flags.writeable = False
X, BYTES, V, EYE = (
    torch.ones(2, 3),
    torch.ones(2, 3, dtype=torch.uint8),
    torch.ones(3),
    torch.eye(3),
)
FREEDOM = "degrees of freedom is <= 0"
CALLS = {
    "var of one": (lambda: torch.ones(1).var(), FREEDOM),
    "std of one": (lambda: torch.ones(1).std(), FREEDOM),
    "var along": (lambda: torch.ones(2, 1).var(1), FREEDOM),
    "var of nothing": (lambda: torch.ones(0).var(correction=0), FREEDOM),
    "var of no results": (lambda: torch.ones(0, 3).var(1), FREEDOM),
    "var_mean": (lambda: torch.var_mean(torch.ones(2), correction=2), FREEDOM),
    "std_mean": (lambda: torch.std_mean(torch.ones(1)), FREEDOM),
    "cov": (lambda: torch.cov(torch.ones(2, 1)), FREEDOM),
    "tensor of a tensor": (lambda: torch.tensor(X), "To copy construct from a tensor"),
    "new_tensor": (lambda: X.new_tensor(X), "To copy construct from a tensor"),
    "from_numpy": (lambda: torch.from_numpy(READ_ONLY), "NumPy array is not writable"),
    "frombuffer": (lambda: torch.frombuffer(b"ab", dtype=torch.int8), "buffer is not writable"),
    "byte mask": (lambda: X[BYTES], "indexing with dtype torch.uint8 is now deprecated"),
    "byte condition": (lambda: torch.where(BYTES, X, X), "uint8 condition tensor"),
    "list of lists": (lambda: X[[[0, 1], [0, 1]]], "non-tuple sequence for multidimensional"),
    "meshgrid": (lambda: torch.meshgrid(V, V), "required to pass the indexing argument"),
    "x.T of a vector": (lambda: V.T, "dimension other than 2"),
    "x.T of three dimensions": (lambda: torch.ones(2, 3, 4).T, "dimension other than 2"),
    "0-dim x.T": (lambda: torch.tensor(1.0).T, "deprecated on 0-D tensors"),
    "0-dim x.mT": (lambda: torch.tensor(1.0).mT, "deprecated on 0-D tensors"),
    "0-dim x.mH": (lambda: torch.tensor(1.0).mH, "deprecated on 0-D tensors"),
    "cross": (lambda: torch.cross(EYE, EYE), "without specifying the dim"),
    "backward": (lambda: _loss().backward(create_graph=True), "reference cycle"),
    "range": (lambda: torch.range(0, 3), "torch.range is deprecated"),
    "cholesky": (lambda: torch.cholesky(EYE), "torch.cholesky is deprecated"),
    "qr": (lambda: torch.qr(EYE), "torch.qr is deprecated"),
    "chain_matmul": (lambda: torch.chain_matmul(EYE, EYE), "torch.chain_matmul is deprecated"),
    "tensor type": (lambda: torch.set_default_tensor_type("torch.FloatTensor"), "deprecated"),
    "complex to real": (lambda: torch.ones(2).to(torch.complex64).float(), "discards the imag"),
    "volatile": (lambda: torch.autograd.Variable(X, volatile=True), "volatile was removed"),
    "grad of no leaf": (lambda: _loss().grad, "not a leaf Tensor"),
}
SILENT = {
    "var of one, uncorrected": lambda: torch.ones(1).var(correction=0),
    "as_tensor": lambda: torch.as_tensor(X),
    "tensor of a list of tensors": lambda: torch.tensor([torch.tensor(1.0)]),
    "tensor of a read-only array": lambda: torch.tensor(READ_ONLY),
    "list of numbers": lambda: X[[0, 1]],
    "meshgrid, ij": lambda: torch.meshgrid(V, V, indexing="ij"),
    "x.T": lambda: X.T,
    "x.mT": lambda: torch.ones(2, 3, 4).mT,
    "linalg.cross": lambda: torch.linalg.cross(EYE, EYE),
    "backward": lambda: _loss().backward(),
    "real part": lambda: torch.ones(2).to(torch.complex64).real,
    "linalg.cholesky": lambda: torch.linalg.cholesky(EYE),
}


def _loss():
    return torch.ones(2, requires_grad=True).sum()


@pytest.mark.parametrize("case", CALLS)
def test_warnings(case):
    call, message = CALLS[case]
    with pytest.warns(UserWarning, match=message) as seen:
        call()
    assert len(seen) == 1


@pytest.mark.parametrize("case", SILENT)
def test_silence(case):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SILENT[case]()
