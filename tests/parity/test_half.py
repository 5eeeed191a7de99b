"""float16 is summed, multiplied up and averaged in float32: results and gradients over thousands of
numbers are PyTorch's float32 ones, rounded once."""

from __future__ import annotations

from typing import Any

import minitorch
import numpy as np
import pytest
import torch

LONG = (5000, 3)
IMAGE = (2, 4, 40, 40)
NEAR_ONE = 1 - 2**-10
# Several steps, or a rule that goes by the rounded result: here PyTorch's float16 is the oracle.
ROUNDED_BETWEEN = {"log_softmax"}
# name: (function of the library and the inputs, the inputs' shapes)
ROWS: dict[str, tuple[Any, list[tuple[int, ...]]]] = {
    "sum": (lambda t, x: x.sum() / 8, [LONG]),
    "sum dim": (lambda t, x: x.sum(0), [LONG]),
    "sum last": (lambda t, x: x.sum(1), [(3, 5000)]),
    "nansum": (lambda t, x: x.nansum(0), [LONG]),
    "mean": (lambda t, x: x.mean(), [LONG]),
    "mean dim": (lambda t, x: x.mean(0), [LONG]),
    "nanmean": (lambda t, x: x.nanmean(0), [LONG]),
    "masked.sum": (lambda t, x: t.masked.sum(x, 0), [LONG]),
    "masked.mean": (lambda t, x: t.masked.mean(x, 0), [LONG]),
    "cumsum": (lambda t, x: x.cumsum(0), [LONG]),
    "logcumsumexp": (lambda t, x: x.logcumsumexp(0), [LONG]),
    "prod": (lambda t, x: x.clamp(min=NEAR_ONE).prod(0), [(1500, 3)]),
    "cumprod": (lambda t, x: x.clamp(min=NEAR_ONE).cumprod(0), [(1500, 3)]),
    "norm": (lambda t, x: x.norm(), [LONG]),
    "norm 1": (lambda t, x: x.norm(1, 0), [LONG]),
    "norm 3": (lambda t, x: x.norm(3, 0), [LONG]),
    "vector_norm": (lambda t, x: t.linalg.vector_norm(x, 2, 0), [LONG]),
    "dist": (lambda t, x, y: t.dist(x, y + 1), [LONG, LONG]),
    "renorm": (lambda t, x: t.renorm(x, 2, 1, 5.0), [LONG]),
    "var": (lambda t, x: x.var(0), [LONG]),
    "std": (lambda t, x: x.std(0), [LONG]),
    "var_mean": (lambda t, x: t.var_mean(x, 0)[0], [LONG]),
    "std_mean": (lambda t, x: t.std_mean(x, 0)[1], [LONG]),
    "logsumexp": (lambda t, x: x.logsumexp(0), [LONG]),
    "softmax": (lambda t, x: x.softmax(0) * 1000, [LONG]),
    "log_softmax": (lambda t, x: x.log_softmax(0), [LONG]),
    "matmul": (lambda t, x, y: x @ y, [(3, 5000), (5000, 2)]),
    "matmul batch": (lambda t, x, y: x @ y, [(2, 3, 5000), (2, 5000, 2)]),
    "matmul broadcast": (lambda t, x, y: x @ y, [(3000, 3, 2), (2, 4)]),
    "mm": (lambda t, x, y: t.mm(x, y), [(3, 5000), (5000, 2)]),
    "bmm": (lambda t, x, y: t.bmm(x, y), [(2, 3, 5000), (2, 5000, 2)]),
    "mv": (lambda t, x, y: t.mv(x, y), [(3, 5000), (5000,)]),
    "dot": (lambda t, x, y: t.dot(x, y), [(5000,), (5000,)]),
    "vdot": (lambda t, x, y: t.vdot(x, y), [(5000,), (5000,)]),
    "inner": (lambda t, x, y: t.inner(x, y), [(3, 5000), (2, 5000)]),
    "vecdot": (lambda t, x, y: t.linalg.vecdot(x, y), [(3, 5000), (3, 5000)]),
    "tensordot": (lambda t, x, y: t.tensordot(x, y, 1), [(3, 5000), (5000, 2)]),
    "einsum": (lambda t, x, y: t.einsum("ij,jk->ik", x, y), [(3, 5000), (5000, 2)]),
    "einsum sum": (lambda t, x: t.einsum("ij->j", x), [LONG]),
    "addmm": (lambda t, x, y, z: t.addmm(z, x, y), [(3, 5000), (5000, 2), (3, 2)]),
    "baddbmm": (lambda t, x, y, z: t.baddbmm(z, x, y), [(2, 3, 5000), (2, 5000, 2), (2, 3, 2)]),
    "addbmm": (lambda t, x, y, z: t.addbmm(z, x, y), [(50, 3, 100), (50, 100, 2), (3, 2)]),
    "addmv": (lambda t, x, y, z: t.addmv(z, x, y), [(3, 5000), (5000,), (3,)]),
    "linear": (lambda t, x, w, b: F(t).linear(x, w, b), [(3, 5000), (2, 5000), (2,)]),
    "linear rows": (lambda t, x, w, b: F(t).linear(x, w, b), [(5000, 3), (2, 3), (2,)]),
    "bilinear": (
        lambda t, x, y, w, b: F(t).bilinear(x, y, w, b) / 8,
        [(4, 60), (4, 60), (2, 60, 60), (2,)],
    ),
    "broadcast add": (lambda t, x, b: x + b, [LONG, (3,)]),
    "broadcast mul": (lambda t, x, b: x * b, [LONG, (3,)]),
    "broadcast div": (lambda t, x, b: x / (b + 1), [LONG, (3,)]),
    "broadcast where": (lambda t, x, b: t.where(x > 0.5, x, b), [LONG, (3,)]),
    "expand": (lambda t, b: b.expand(5000, 3), [(3,)]),
    "repeat": (lambda t, b: b.repeat(5000, 1), [(3,)]),
    "repeat_interleave": (lambda t, b: b.repeat_interleave(5000, 0), [(3,)]),
    "conv1d": (lambda t, x, w, b: F(t).conv1d(x, w, b) / 8, [(2, 64, 60), (3, 64, 20), (3,)]),
    "conv2d": (lambda t, x, w, b: F(t).conv2d(x, w, b) / 8, [(2, 32, 20, 20), (3, 32, 7, 7), (3,)]),
    "conv3d": (
        lambda t, x, w, b: F(t).conv3d(x, w, b) / 8,
        [(1, 16, 8, 8, 8), (2, 16, 5, 5, 5), (2,)],
    ),
    "conv_transpose2d": (
        lambda t, x, w, b: F(t).conv_transpose2d(x, w, b) / 8,
        [(2, 32, 20, 20), (32, 3, 7, 7), (3,)],
    ),
    "avg_pool1d": (lambda t, x: F(t).avg_pool1d(x, 2500), [(2, 3, 5000)]),
    "avg_pool2d": (lambda t, x: F(t).avg_pool2d(x, 40), [IMAGE]),
    "avg_pool3d": (lambda t, x: F(t).avg_pool3d(x, 16), [(1, 2, 16, 16, 16)]),
    "adaptive_avg_pool2d": (lambda t, x: F(t).adaptive_avg_pool2d(x, 1), [IMAGE]),
    "lp_pool2d": (lambda t, x: F(t).lp_pool2d(x, 2, 40), [IMAGE]),
    "batch_norm": (
        lambda t, x, w, b: F(t).batch_norm(x, None, None, w, b, True),
        [(16, 4, 20, 20), (4,), (4,)],
    ),
    "layer_norm": (
        lambda t, x, w, b: F(t).layer_norm(x, (3000,), w, b),
        [(4, 3000), (3000,), (3000,)],
    ),
    "group_norm": (lambda t, x, w, b: F(t).group_norm(x, 2, w, b), [IMAGE, (4,), (4,)]),
    "instance_norm": (lambda t, x: F(t).instance_norm(x), [IMAGE]),
    "rms_norm": (lambda t, x, w: F(t).rms_norm(x, (3000,), w), [(4, 3000), (3000,)]),
    "local_response_norm": (lambda t, x: F(t).local_response_norm(x, 500, 0.5), [(1, 1000, 5)]),
    "normalize": (lambda t, x: F(t).normalize(x, dim=0) * 100, [LONG]),
    "cosine_similarity": (lambda t, x, y: F(t).cosine_similarity(x, y, 0), [LONG, LONG]),
    "pairwise_distance": (lambda t, x, y: F(t).pairwise_distance(x, y), [(3, 5000), (3, 5000)]),
    "cdist": (lambda t, x, y: t.cdist(x, y), [(3, 5000), (2, 5000)]),
    "cdist 1": (lambda t, x, y: t.cdist(x, y, 1.0), [(3, 5000), (2, 5000)]),
    "pdist": (lambda t, x: F(t).pdist(x), [(3, 5000)]),
    "embedding": (lambda t, w: F(t).embedding(zeros(t, 5000), w), [(2, 3)]),
    "embedding_bag": (
        lambda t, w: F(t).embedding_bag(zeros(t, 1, 5000), w, mode="sum"), [(2, 3)],
    ),
    "embedding_bag mean": (
        lambda t, w: F(t).embedding_bag(zeros(t, 1, 5000), w, mode="mean"), [(2, 3)],
    ),
    "index_select": (lambda t, x: x.index_select(0, zeros(t, 5000)), [(2, 3)]),
    "index": (lambda t, x: x[zeros(t, 5000)], [(2, 3)]),
    "gather": (lambda t, x: x.gather(0, zeros(t, 5000, 3)), [(2, 3)]),
    "take": (lambda t, x: x.take(zeros(t, 5000)), [(2, 3)]),
    "index_add": (lambda t, x, y: x.index_add(0, zeros(t, 5000), y), [(2, 3), LONG]),
    "scatter_add": (lambda t, x, y: x.scatter_add(0, zeros(t, 5000, 3), y), [(2, 3), LONG]),
    "scatter_reduce": (
        lambda t, x, y: x.scatter_reduce(0, zeros(t, 5000, 3), y, "mean"), [(2, 3), LONG],
    ),
    "index_reduce": (
        lambda t, x, y: x.index_reduce(0, zeros(t, 5000), y, "mean"), [(2, 3), LONG],
    ),
    "index_put": (
        lambda t, x, y: x.index_put((zeros(t, 5000),), y, accumulate=True), [(2, 3), LONG],
    ),
    "put": (lambda t, x, y: x.put(zeros(t, 5000), y, accumulate=True), [(2, 3), (5000,)]),
    "interpolate": (
        lambda t, x: F(t).interpolate(x, size=(1, 1), mode="bilinear", antialias=True),
        [(1, 2, 60, 60)],
    ),
    "interpolate up": (lambda t, x: F(t).interpolate(x, size=(60, 60)), [(1, 2, 1, 1)]),
    "fold": (lambda t, x: F(t).fold(x, (1, 4000), (1, 2000)), [(1, 2000, 2001)]),
    "mse_loss": (lambda t, x, y: F(t).mse_loss(x, y), [LONG, LONG]),
    "mse_loss sum": (lambda t, x, y: F(t).mse_loss(x, y, reduction="sum"), [LONG, LONG]),
    "l1_loss": (lambda t, x, y: F(t).l1_loss(x, y, reduction="sum"), [LONG, LONG]),
    "smooth_l1_loss": (lambda t, x, y: F(t).smooth_l1_loss(x, y, reduction="sum"), [LONG, LONG]),
    "huber_loss": (lambda t, x, y: F(t).huber_loss(x, y, reduction="sum"), [LONG, LONG]),
    "cross_entropy": (lambda t, x: F(t).cross_entropy(x, zeros(t, 3)), [(3, 5000)]),
    "cross_entropy sum": (
        lambda t, x: F(t).cross_entropy(x, zeros(t, 5000), reduction="sum"), [LONG],
    ),
    "nll_loss": (lambda t, x: F(t).nll_loss(x, zeros(t, 5000), reduction="sum"), [LONG]),
    "kl_div": (lambda t, x, y: F(t).kl_div(x, y + 1, reduction="sum"), [LONG, LONG]),
    "binary_cross_entropy": (
        lambda t, x, y: F(t).binary_cross_entropy(x * 0.5, y, reduction="sum"), [LONG, LONG],
    ),
    "binary_cross_entropy_with_logits": (
        lambda t, x, y: F(t).binary_cross_entropy_with_logits(x, y, reduction="sum"), [LONG, LONG],
    ),
    "attention": (
        lambda t, q, k, v: F(t).scaled_dot_product_attention(q, k, v),
        [(1, 2, 4, 8), (1, 2, 3000, 8), (1, 2, 3000, 8)],
    ),
    "trace": (lambda t, x: x.trace(), [(3000, 3000)]),
    "cov": (lambda t, x: t.cov(x), [(3, 5000)]),
    "corrcoef": (lambda t, x: t.corrcoef(x), [(3, 5000)]),
    "trapezoid": (lambda t, x: t.trapezoid(x, dim=0), [LONG]),
    "cumulative_trapezoid": (lambda t, x: t.cumulative_trapezoid(x, dim=0), [LONG]),
    "unfold": (lambda t, x: x.unfold(0, 60, 1).sum(-1), [(3000,)]),
    "kron": (lambda t, x, y: t.kron(x, y), [(3,), (5000,)]),
    "outer": (lambda t, x, y: t.outer(x, y), [(3,), (5000,)]),
    "multi_dot": (lambda t, x, y: t.linalg.multi_dot([x, y]), [(3, 5000), (5000, 2)]),
}  # fmt: skip


def F(library: Any) -> Any:  # noqa: N802  (PyTorch's abbreviation)
    return library.nn.functional


def zeros(library: Any, *shape: int) -> Any:
    return library.zeros(shape, dtype=library.int64)


def outcome(library: Any, name: str, dtype: Any) -> list[Any]:
    """The result and the gradients of its inputs, as float32 arrays."""
    function, shapes = ROWS[name]
    random = np.random.default_rng(0)
    arrays = [random.uniform(0.1, 1, shape).astype(np.float16) for shape in shapes]
    inputs = [library.from_numpy(a).to(dtype).requires_grad_() for a in arrays]
    y = function(library, *inputs)
    assert y.dtype == dtype
    seed = random.uniform(0.5, 1, tuple(y.shape)) / 8
    y.backward(library.from_numpy(np.asarray(seed, np.float16)).to(dtype))
    found = [y.detach(), *(x.grad for x in inputs if x.grad is not None)]
    return [t.float().numpy() for t in found]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ROWS)
def test_half(name: str) -> None:
    """Within four roundings of the largest value: half sums of thousands lose hundreds."""
    right = outcome(torch, name, torch.half if name in ROUNDED_BETWEEN else torch.float32)
    ours = outcome(minitorch, name, minitorch.float16)
    for a, b in zip(ours, right, strict=True):
        bound = 2**-9 * max(np.abs(b).max(), 2**-14)
        np.testing.assert_allclose(a, b.astype(np.float16), rtol=2**-8, atol=bound)


MANY = 70_000  # more than float16 can count


def many_functions(lib: Any) -> dict[str, Any]:
    nn = lib.nn.functional
    other = lib.linspace(0.1, 0.9, MANY).half()
    sign = lib.where(other > 0.5, 1.0, -1.0).half()
    return {
        "mean": lambda x: x.mean(),
        "mse_loss": lambda x: nn.mse_loss(x, other),
        "l1_loss": lambda x: nn.l1_loss(x, other),
        "smooth_l1_loss": lambda x: nn.smooth_l1_loss(x, other),
        "huber_loss": lambda x: nn.huber_loss(x, other),
        "with_logits": lambda x: nn.binary_cross_entropy_with_logits(x, other),
        "kl_div": lambda x: nn.kl_div(x, other),
        "poisson_nll_loss": lambda x: nn.poisson_nll_loss(x, other),
        "soft_margin_loss": lambda x: nn.soft_margin_loss(x, sign),
        "hinge_embedding_loss": lambda x: nn.hinge_embedding_loss(x, sign),
        "margin_ranking_loss": lambda x: nn.margin_ranking_loss(x, other, sign),
        "nll_loss": lambda x: nn.nll_loss(x.view(-1, 2), lib.zeros(MANY // 2, dtype=lib.int64)),
        "times a large number": lambda x: (x * 1e5 * 1e-5).mean(),
        "by a large number": lambda x: (x / 1e5).sum(),
        "by a small number": lambda x: (x * 1e-3 / 1e-5).mean(),
        "times a large tensor": lambda x: (x * lib.tensor(7e4)).mean() * 1e-3,
    }


@pytest.mark.parametrize("name", many_functions(torch))
@pytest.mark.filterwarnings("ignore:reduction")
def test_more_elements_and_larger_numbers_than_float16_holds(name: str) -> None:
    found = []
    for lib in (minitorch, torch):
        x = lib.linspace(0.2, 0.7, MANY).half().requires_grad_()
        y = many_functions(lib)[name](x)
        (g,) = lib.autograd.grad(y, x)
        assert g.dtype is lib.float16
        found.append((y.item(), g.float().abs().sum().item()))
    assert found[0] == pytest.approx(found[1], rel=0.02)


def test_means_where_pytorch_counts_in_float16() -> None:
    ones = minitorch.ones(MANY, dtype=minitorch.float16)
    assert ones.nanmean().item() == 1
    bag = minitorch.zeros(MANY, dtype=minitorch.int64)
    F = minitorch.nn.functional
    rows = F.embedding_bag(bag, ones.view(-1, 2), minitorch.tensor([0]), mode="mean")
    assert rows.tolist() == [[1, 1]]
    loss = F.cross_entropy(ones.view(-1, 2), bag[: MANY // 2], weight=ones[:2] * 3)
    assert loss.item() == pytest.approx(0.6931, rel=1e-3)
