"""``pytest test_lesson_5.py`` says which exercises are solved. MiniTorch checks the numbers."""

import minitorch as torch
from lesson_5 import attention, attention_rule, generate, multi_head, window_mask
from minitorch.nn import functional as F


def draw(*shapes):
    torch.manual_seed(0)
    return [torch.randn(*shape) for shape in shapes]


def test_attention():
    q, k, v = draw((3, 5, 8), (3, 7, 8), (3, 7, 4))
    made, weights = attention(q, k, v)
    assert torch.allclose(made, F.scaled_dot_product_attention(q, k, v), atol=1e-5)
    assert weights.shape == (3, 5, 7)
    assert torch.allclose(weights.sum(-1), torch.ones(3, 5), atol=1e-5)


def test_attention_with_a_mask():
    q, k, v = draw((2, 4, 8), (2, 4, 8), (2, 4, 8))
    mask = torch.ones(4, 4, dtype=torch.bool).tril()
    made, weights = attention(q, k, v, mask)
    expected = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    assert torch.allclose(made, expected, atol=1e-5)
    assert not weights[:, ~mask].any()


def test_window_mask():
    assert window_mask(4, 2).tolist() == [
        [True, False, False, False],
        [True, True, False, False],
        [False, True, True, False],
        [False, False, True, True],
    ]
    assert torch.equal(window_mask(5, 9), torch.ones(5, 5, dtype=torch.bool).tril())


def test_multi_head():
    q, k, v = draw((5, 12), (5, 12), (5, 12))
    for heads in (1, 3, 4):
        parts = [
            F.scaled_dot_product_attention(*(x.chunk(heads, 1)[h] for x in (q, k, v)))
            for h in range(heads)
        ]
        assert torch.allclose(multi_head(q, k, v, heads), torch.cat(parts, 1), atol=1e-5)


def test_attention_rule():
    q, k, v, g = draw((5, 8), (7, 8), (7, 4), (5, 4))
    leaves = [x.clone().requires_grad_() for x in (q, k, v)]
    F.scaled_dot_product_attention(*leaves).backward(g)
    for made, leaf in zip(attention_rule(g, q, k, v), leaves, strict=True):
        assert made.shape == leaf.shape
        assert torch.allclose(made, leaf.grad, atol=1e-5)


def test_generate():
    def model(tokens):  # after n comes 3 n + 1, of ten kinds
        return F.one_hot((3 * tokens + 1) % 10, 10).float()

    start = [2]
    assert generate(model, start, 5) == [2, 7, 2, 7, 2, 7]
    assert generate(model, [5, 0], 3) == [5, 0, 1, 4, 3]
    assert start == [2], "the list that was given has been changed"
