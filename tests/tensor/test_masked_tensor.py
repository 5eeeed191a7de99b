"""MaskedTensor: operations compute where the mask is True, and hand the mask on."""

import copy

import minitorch as torch
import pytest
from minitorch.masked import (
    MaskedTensor,
    as_masked_tensor,
    is_masked_tensor,
    masked_functions,
    masked_tensor,
)

pytestmark = pytest.mark.filterwarnings("ignore:The PyTorch API of MaskedTensors")
DATA = torch.tensor([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]])
MASK = torch.tensor([[True, False, False], [False, True, True]])
WHOLE = {"bitwise_not", "bitwise_and", "bitwise_or", "bitwise_xor"}
WHOLE |= {"bitwise_left_shift", "bitwise_right_shift"}


def data_for(name):
    data = (DATA * 10).to(torch.int64) if name in WHOLE else DATA
    return data + 1 if name in ("acosh", "arccosh") else data


def arguments(name):
    if name in masked_functions.BINARY.split():
        return (data_for(name),)
    return {"pow": (2,), "clamp": (0, 0.3), "clip": (0, 0.3)}.get(name, ())


ELEMENTWISE = f"{masked_functions.UNARY} {masked_functions.BINARY}".split()


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_functions_of_an_element(name):
    data, rest = data_for(name), arguments(name)
    plain = getattr(torch, name)(data, *rest)
    made = getattr(torch, name)(masked_tensor(data, MASK), *rest)
    assert is_masked_tensor(made)
    assert torch.equal(made.get_mask(), MASK)
    assert torch.equal(made.to_tensor(0), plain.masked_fill(~MASK, 0))


@pytest.mark.parametrize(
    "name", [n for n in ELEMENTWISE if n not in masked_functions.NOT_IN_PLACE.split()]
)
def test_functions_of_an_element_in_place(name):
    data, rest = data_for(name), arguments(name)
    if name in ("eq", "ne", "le", "ge", "gt", "lt", "greater", "less"):
        data = data.clone()
    plain = getattr(data.clone(), f"{name}_")(*rest)
    x = masked_tensor(data, MASK)
    assert getattr(x, f"{name}_")(*rest) is x
    assert torch.equal(x.to_tensor(0), plain.masked_fill(~MASK, 0))


@pytest.mark.parametrize(
    "move",
    [
        lambda x: x[1], lambda x: x.t(), lambda x: x.view(3, 2), lambda x: x.reshape(-1),
        lambda x: x.transpose(0, 1), lambda x: x.unsqueeze(0), lambda x: x.expand(2, 2, 3),
        lambda x: torch.cat([x, x]), lambda x: torch.stack([x, x], 1), lambda x: x.select(1, 2),
        lambda x: x.split(1)[1], lambda x: x.chunk(2)[0], lambda x: x.unfold(1, 2, 1),
        lambda x: x.flatten(), lambda x: x.narrow(1, 0, 2),
    ],
)  # fmt: skip
def test_the_mask_moves_with_the_values(move):
    x = masked_tensor(DATA, MASK, requires_grad=True)
    made = move(x)
    assert torch.equal(made.get_data(), move(DATA))
    assert torch.equal(made.get_mask(), move(MASK))
    plain = DATA.clone().requires_grad_()
    (made.sum() + 0).backward()
    (move(plain) * move(MASK)).sum().backward()
    assert torch.equal(x.grad.to_tensor(0), plain.grad.masked_fill(~MASK, 0))


@pytest.mark.parametrize("name", masked_functions.REDUCTIONS.split())
@pytest.mark.parametrize("given", [(), (0,), (1, True)])
def test_reductions(name, given):
    data = DATA > 0.3 if name == "all" else DATA
    made = getattr(masked_tensor(data, MASK), name)(*given)
    if name == "all":
        expected = data.masked_fill(~MASK, True).all(*given)
    else:
        options = dict(zip(("dim", "keepdim"), given, strict=False))
        expected = getattr(torch.masked, name)(data, **{"dim": None} | options, mask=MASK)
    there = MASK.any(*given)
    assert torch.equal(made.get_mask(), there)
    assert torch.equal(made.to_tensor(0).nan_to_num(), expected.masked_fill(~there, 0).nan_to_num())


def test_gradients_are_masked():
    x = masked_tensor(torch.tensor([4.0, -1.0, 9.0]), torch.tensor([True, False, True]), True)
    x.sqrt().sum().backward()
    assert repr(x.grad) == "MaskedTensor(\n  [  0.2500,       --,   0.1667]\n)"
    leaf = DATA.clone().requires_grad_()
    with pytest.warns(UserWarning, match="not recommended"):
        assert not masked_tensor(leaf, MASK).requires_grad
    as_masked_tensor(leaf, MASK).mean().backward()
    assert torch.equal(leaf.grad.to_tensor(0), MASK / 3)


def test_softmax_where_and_sparse_layouts():
    x = masked_tensor(DATA, MASK, requires_grad=True)
    expected = torch.masked.softmax(DATA, 1, mask=MASK)
    assert torch.equal(x.softmax(1).to_tensor(0), expected)
    both = torch.where(MASK, x, masked_tensor(DATA, ~MASK))
    assert both.get_mask().all()
    assert torch.equal(both.get_data(), DATA)
    for sparse in (x.to_sparse(), x.to_sparse_csr()):
        assert sparse.is_sparse
        assert sparse.sum().item() == x.sum().item()
        doubled = (sparse * 2).exp().to_dense()
        assert torch.equal(doubled.get_mask(), MASK)
        assert torch.equal(doubled.to_tensor(0), (DATA * 2).exp().masked_fill(~MASK, 0))
    x.grad = None
    x.to_sparse().to_dense().sum().backward()
    assert torch.equal(x.grad.to_tensor(0), MASK.float())
    assert x.to_sparse().argmax().item() == 5


def test_text_and_copies():
    x = masked_tensor(torch.tensor([1, 2, 30]), torch.tensor([True, False, True]))
    assert repr(x) == "MaskedTensor(\n  [1,       --, 30]\n)"
    assert repr(x.sum()) == "MaskedTensor(31, True)"
    other = copy.deepcopy(x)
    other.add_(1)
    assert x.sum().item() == 31
    assert int(other.sum()) == 33


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda x: x + masked_tensor(DATA, ~MASK), ValueError, "Input masks must match"),
        (lambda x: x.max(), TypeError, r"torch\._ops\.aten\.max\.default"),
        (lambda x: x.T, TypeError, "not implemented for MaskedTensor"),
        (lambda x: x @ x.t(), TypeError, "unsupported"),
        (lambda x: x[0, 1].item(), ValueError, "masked out"),
        (lambda x: x.to_sparse().contiguous(), ValueError, "sparse data"),
        (lambda x: masked_tensor(x, MASK), TypeError, "data must be a Tensor"),
        (lambda x: masked_tensor(DATA, 0), TypeError, "mask must be a Tensor"),
        (lambda x: masked_tensor(DATA, DATA), TypeError, "mask must have dtype bool"),
        (lambda x: masked_tensor(DATA, MASK[0]), ValueError, "must equal mask.dim"),
        (lambda x: masked_tensor(DATA, MASK.t()), ValueError, "must equal mask.size"),
        (lambda x: masked_tensor(DATA.to_sparse(), MASK), TypeError, "same layout"),
        (lambda x: MaskedTensor(DATA + 0j, MASK), TypeError, "complex64 is not supported"),
        (lambda x: masked_tensor(MASK, MASK, True), RuntimeError, "can require gradients"),
    ],
)
def test_refusals(call, error, text):
    with pytest.raises(error, match=text):
        call(masked_tensor(DATA, MASK))
