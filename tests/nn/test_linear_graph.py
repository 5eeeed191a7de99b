"""The graph of ``linear`` looks as PyTorch's, whose steps are one node here."""

import minitorch
import pytest
from minitorch.nn.functional import linear


def names(node):
    if node is None or not node.next_functions:
        return node and node.name()
    return (node.name(), *(names(below) for below, _ in node.next_functions))


LEAF, TURNED = "torch::autograd::AccumulateGrad", ("TBackward0", "torch::autograd::AccumulateGrad")
ADDMM = ("AddmmBackward0", LEAF, LEAF, TURNED)
GRAPHS = {
    ((2, 3), True, True): ADDMM,
    ((2, 3), True, False): ("AddmmBackward0", LEAF, None, TURNED),
    ((2, 3), False, True): ("MmBackward0", LEAF, TURNED),
    ((5, 2, 3), True, True): (
        "ViewBackward0", ("AddmmBackward0", LEAF, ("ViewBackward0", LEAF), TURNED),
    ),
    ((5, 2, 3), False, False): ("UnsafeViewBackward0", ("MmBackward0", None, TURNED)),
    ((3,), False, True): (
        "SqueezeBackward4", ("MmBackward0", ("UnsqueezeBackward0", LEAF), TURNED),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", GRAPHS)
def test_graph(case):
    shape, biased, tracked = case
    x, weight = minitorch.ones(shape).requires_grad_(tracked), minitorch.ones(4, 3)
    bias = minitorch.ones(4).requires_grad_() if biased else None
    node = linear(x, weight.requires_grad_(), bias).grad_fn
    assert names(node) == GRAPHS[case]
    assert node.next_functions[0][0] is node.next_functions[0][0]


def test_steps_take_no_hooks():
    node = linear(minitorch.ones(2, 3), minitorch.ones(4, 3).requires_grad_()).grad_fn
    with pytest.raises(RuntimeError, match="part of linear"):
        node.next_functions[1][0].register_hook(print)
