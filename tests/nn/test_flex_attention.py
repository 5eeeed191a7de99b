"""Attention by formulas of the positions, and its block masks."""

import math

import minitorch as torch
import pytest
from minitorch.nn.attention import SDPBackend, sdpa_kernel
from minitorch.nn.attention.flex_attention import (
    AuxRequest,
    BlockMask,
    and_masks,
    create_block_mask,
    create_mask,
    flex_attention,
    noop_mask,
    or_masks,
)

F = torch.nn.functional


def assert_close(got, want):
    assert torch.allclose(got, want, rtol=1e-4, atol=1e-5)


def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx


def near(b, h, q_idx, kv_idx):
    return q_idx - kv_idx < 2


def inputs(heads=4, keys=6):
    torch.manual_seed(0)
    q = torch.randn(2, heads, 6, 8, requires_grad=True)
    return q, *(torch.randn(2, heads, keys, 8, requires_grad=True) for _ in range(2))


@pytest.mark.parametrize("scale", [None, 0.3])
def test_without_formulas_it_is_attention(scale):
    q, k, v = inputs(keys=5)
    expected = F.scaled_dot_product_attention(q, k, v, scale=scale)
    assert_close(flex_attention(q, k, v, scale=scale), expected)


def test_a_mask_is_attentions_mask():
    q, k, v = inputs()
    mask = create_block_mask(and_masks(causal, near), None, None, 6, 6, BLOCK_SIZE=4)
    dense = create_mask(and_masks(causal, near), 1, 1, 6, 6)
    assert dense.sum() == 11
    out, expected = (
        flex_attention(q, k, v, block_mask=mask),
        F.scaled_dot_product_attention(q, k, v, attn_mask=dense),
    )
    assert_close(out, expected)
    for got, want in zip(
        torch.autograd.grad(out.square().sum(), (q, k, v)),
        torch.autograd.grad(expected.square().sum(), (q, k, v)),
        strict=True,
    ):
        assert_close(got, want)


def test_a_score_may_look_up_what_it_learns():
    q, k, v = inputs()
    bias = torch.randn(4, 6, 6, requires_grad=True)
    out = flex_attention(q, k, v, lambda s, b, h, i, j: s + bias[h, i, j])
    expected = F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
    assert_close(out, expected)
    got, want = (torch.autograd.grad(x.square().sum(), bias)[0] for x in (out, expected))
    assert_close(got, want)


def test_grouped_queries_rows_of_nothing_and_sums():
    q, k, v = inputs()
    k, v = k[:, :2], v[:, :2]
    with pytest.raises(ValueError, match="enable_gqa=True"):
        flex_attention(q, k, v)
    nothing = create_block_mask(lambda b, h, i, j: (j < 0) | (i > 0), None, None, 6, 6)
    out, aux = flex_attention(
        q, k, v, block_mask=nothing, enable_gqa=True, return_aux=AuxRequest(lse=True)
    )
    assert not out[:, :, 0].any()
    assert out[:, :, 1:].all()
    assert (aux.lse[:, :, 0] == -math.inf).all()
    assert aux.max_scores is None


def test_dtypes():
    q, k, v = (x.half() for x in inputs())
    assert flex_attention(q, k, v).dtype is torch.float16


@pytest.mark.parametrize(
    ("mask", "rows"),
    [
        (noop_mask, [[1, 1, 1], [1, 1, 1], [1, 1, 1]]),
        (and_masks(causal, near), [[1, 0, 0], [1, 1, 0], [0, 1, 1]]),
        (or_masks(causal, lambda b, h, i, j: j == 2), [[1, 0, 1], [1, 1, 1], [1, 1, 1]]),
        (
            lambda s, b, h, i, j: torch.where(i >= j, s, -math.inf),
            [[1, 0, 0], [1, 1, 0], [1, 1, 1]],
        ),
    ],
)
def test_masks(mask, rows):
    assert create_mask(mask, 1, 1, 3, 3)[0, 0].int().tolist() == rows


def test_blocks():
    mask = create_block_mask(causal, 2, 3, 10, 7, BLOCK_SIZE=(4, 2))
    assert mask.shape == (2, 3, 10, 7)
    assert mask.kv_num_blocks[0, 0].tolist() == [2, 2, 4]
    assert mask.full_kv_num_blocks[0, 0].tolist() == [0, 2, 0]
    dense = mask.to_dense()[0, 0].tolist()
    assert dense == [[1, 1, 0, 0], [1, 1, 1, 1], [1, 1, 1, 1]]
    assert mask.numel() == 420
    assert mask[0].shape == (1, 3, 10, 7)
    assert mask[:, 1].shape == (2, 1, 10, 7)
    assert mask._adjust(4, 4).to_dense()[0, 0].tolist() == [[1, 1]]
    assert "██" in str(mask)
    with pytest.raises(RuntimeError, match="sliced"):
        flex_attention(*inputs(), block_mask=create_block_mask(causal, 1, 1, 6, 6)[0])
    with pytest.raises(ValueError, match="larger length"):
        flex_attention(*inputs(), block_mask=create_block_mask(causal, 1, 1, 128, 128))
    with pytest.raises(AssertionError, match="mask_mod function"):
        create_block_mask(lambda s, b, h, i, j: s, 1, 1, 4, 4)


def test_blocks_of_counts():
    count, columns = torch.tensor([[[1, 2]]]), torch.tensor([[[[0, 1], [0, 1]]]])
    mask = BlockMask.from_kv_blocks(count, columns, BLOCK_SIZE=4, mask_mod=causal)
    assert mask.to_dense().tolist() == [[[[1, 0], [1, 1]]]]
    assert mask.seq_lengths == (8, 8)
    assert mask.q_num_blocks.tolist() == [[[2, 1]]]


def test_any_kernel_gives_the_same():
    q, k, v = inputs()
    with sdpa_kernel([SDPBackend.MATH, SDPBackend.FLASH_ATTENTION], set_priority=True):
        assert F.scaled_dot_product_attention(q, k, v).shape == q.shape
    with pytest.raises(AssertionError, match="SDPBackend"), sdpa_kernel(3):
        pass
