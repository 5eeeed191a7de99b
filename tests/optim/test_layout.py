"""Memory: what a step may touch, and what users may do between steps."""

import threading
import tracemalloc

import minitorch
import numpy as np
import pytest
from minitorch.optim import SGD, Adam, AdamW, layout

SHAPES = [(3, 4), (4,), (), (1,), (150, 120), (5, 2)]


def make(shapes=SHAPES, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    return [
        minitorch.tensor(rng.standard_normal(s).astype(dtype), requires_grad=True) for s in shapes
    ]


def give(params, step):
    rng = np.random.default_rng(100 + step)
    for p in params:
        p.grad = minitorch.tensor(rng.standard_normal(p.shape).astype(p.detach().numpy().dtype))


def arrays(params):
    return [p.detach().numpy().copy() for p in params]


def reference(values, grads_of, steps, lr=0.1, momentum=0.9):
    """SGD with momentum, parameter by parameter."""
    values = [v.copy() for v in values]
    buffers = [np.zeros_like(v) for v in values]
    for step in range(steps):
        for k, g in enumerate(grads_of(step)):
            if g is not None:
                buffers[k] = momentum * buffers[k] + g
                values[k] = values[k] - lr * buffers[k]
    return values


def gradients(step, shapes=SHAPES):
    rng = np.random.default_rng(100 + step)
    return [rng.standard_normal(s) for s in shapes]


def test_the_parameters_memory_stays():
    params = make()
    before = [p.detach().numpy() for p in params]  # the user's own aliases
    expected = reference(before, gradients, 5)
    optimizer = SGD(params, lr=0.1, momentum=0.9)
    for step in range(5):
        give(params, step)
        optimizer.step()
    for alias, p, value in zip(before, params, expected):
        assert np.shares_memory(alias, p.detach().numpy())
        np.testing.assert_allclose(alias, value, rtol=1e-12)


@pytest.mark.parametrize("optimizer", [SGD, Adam])
def test_one_at_a_time_gives_the_same_bits(optimizer):
    together, apart = make(), make()
    both = [optimizer(together), *[optimizer([p]) for p in apart]]
    for step in range(4):
        give(together, step)
        give(apart, step)
        for each in both:
            each.step()
    for a, b in zip(arrays(together), arrays(apart)):
        assert (a == b).all()


def test_gradients_that_come_and_go():
    params = make()
    expected = reference(
        arrays(params),
        lambda step: [None if (k + step) % 3 == 0 else g for k, g in enumerate(gradients(step))],
        7,
    )
    optimizer = SGD(params, lr=0.1, momentum=0.9)
    for step in range(7):
        give(params, step)
        for k, p in enumerate(params):
            if (k + step) % 3 == 0:
                p.grad = None
        optimizer.step()
    for value, p in zip(expected, arrays(params)):
        np.testing.assert_allclose(p, value, rtol=1e-12)


def test_freezing_keeps_a_parameter():
    params = make()
    optimizer = Adam(params)
    give(params, 0)
    optimizer.step()
    frozen = arrays(params)[1]
    params[1].requires_grad_(False)
    params[1].grad = None
    for step in range(3):
        give([params[0], *params[2:]], step)
        optimizer.step()
    assert (arrays(params)[1] == frozen).all()
    assert optimizer.state[params[1]]["step"].item() == 1


def test_replaced_data():
    params = make()
    optimizer = SGD(params, lr=0.5)
    give(params, 0)
    optimizer.step()
    old = params[0].detach().numpy()
    kept = old.copy()
    params[0].data = minitorch.zeros(3, 4, dtype=minitorch.float64)
    give(params, 1)
    optimizer.step()
    assert (old == kept).all()
    np.testing.assert_allclose(arrays(params)[0], -0.5 * gradients(1)[0])


def test_replaced_state():
    params = make()
    optimizer = SGD(params, lr=1.0, momentum=0.5)
    give(params, 0)
    optimizer.step()
    before = arrays(params)
    for p in params:
        optimizer.state[p]["momentum_buffer"] = minitorch.zeros_like(p.detach())
    del optimizer.state[params[-1]]
    give(params, 1)
    optimizer.step()
    for value, p, g in zip(before, arrays(params), gradients(1)):
        np.testing.assert_allclose(p, value - g)


def test_a_changed_step_counts():
    params = make([(2,), (3,)])
    optimizer = Adam(params)
    give(params, 0)
    optimizer.step()
    optimizer.state[params[0]]["step"].numpy()[...] = 10
    optimizer.step()
    assert [optimizer.state[p]["step"].item() for p in params] == [11, 2]


def test_shared_memory_is_updated_twice():
    base = make([(4,)])[0]
    twin = base.detach().requires_grad_()
    before = arrays([base])[0]
    base.grad = twin.grad = minitorch.ones(4, dtype=minitorch.float64)
    SGD([base, twin], lr=1.0).step()
    np.testing.assert_allclose(arrays([base])[0], before - 2)


def test_views_as_parameters():
    whole = minitorch.zeros(4, 6)
    parts = [whole[:, :3].detach().requires_grad_(), whole[:, 3:].detach().requires_grad_()]
    for k, p in enumerate(parts):
        p.grad = minitorch.ones(4, 3) * (k + 1)
    SGD(parts, lr=1.0).step()
    assert whole[0].tolist() == [-1.0] * 3 + [-2.0] * 3


def test_not_contiguous_values_and_gradients():
    rng = np.random.default_rng(0)
    for shape in ((3, 5), (300, 200), (2, 70_000), (700, 800)):
        value, g = rng.standard_normal(shape), rng.standard_normal(shape)
        for transposed_value in (False, True):
            p = minitorch.tensor(value.T.copy() if transposed_value else value, requires_grad=True)
            if transposed_value:
                p.data = p.data.T
            p.grad = minitorch.tensor(g.T.copy()).T
            assert not p.grad.numpy().flags.c_contiguous
            SGD([p], lr=0.5).step()
            assert (p.detach().numpy() == value - 0.5 * g).all()


def test_a_backward_that_needs_the_old_value_raises():
    p = make([(3,)])[0]
    loss = (p * p).sum()
    optimizer = SGD([p])
    p.grad = minitorch.ones(3, dtype=minitorch.float64)
    optimizer.step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_read_only_memory_is_an_error():
    p = make([(3,)])[0]
    p.detach().numpy().flags.writeable = False
    give([p], 0)
    with pytest.raises(RuntimeError, match="read-only"):
        SGD([p]).step()


def test_wrong_gradient_shape_is_an_error():
    p = make([(3,)])[0]
    give([p], 0)
    p.data = minitorch.zeros(4, dtype=minitorch.float64)
    with pytest.raises(RuntimeError, match=r"gradient has shape \[3\], but the parameter .* \[4\]"):
        SGD([p]).step()


def test_wrong_gradient_dtype_is_an_error():
    p = make([(3,)])[0]
    give([p], 0)
    p.data = minitorch.zeros(3)
    with pytest.raises(RuntimeError, match=r"gradient has dtype torch.float64, but the param"):
        SGD([p]).step()


def test_nan_stays_visible_and_numpy_does_not_warn():
    params = make()
    optimizer = AdamW(params)
    give(params, 0)
    params[0].grad.numpy()[1, 1] = np.nan
    params[1].grad.numpy()[0] = np.inf
    params[4].grad.numpy()[0, 0] = 1e300
    optimizer.step()
    assert np.isnan(arrays(params)[0][1, 1])
    assert np.isfinite(arrays(params)[0][0]).all()
    assert np.isnan(arrays(params)[1][0])


@pytest.mark.parametrize("shapes", [SHAPES, [(600, 500)], [(300, 200)]])
@pytest.mark.parametrize("optimizer", [lambda p: SGD(p, momentum=0.9), AdamW])
def test_steps_leave_nothing_behind(optimizer, shapes):
    params = make(shapes, np.float32)
    give(params, 0)
    if len(shapes) == 1:  # as the rule of a product with a transposed matrix leaves it
        params[0].grad = minitorch.tensor(params[0].grad.numpy().T.copy()).T
    optimizer = optimizer(params)
    for _ in range(3):
        optimizer.step()
    left, needed = [], []
    for _ in range(3):  # other threads, such as pytest-xdist's, take memory too at times
        tracemalloc.start()
        optimizer.step()
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        for _ in range(5):
            optimizer.step()
        after, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        left.append(after - before)
        needed.append(peak - before)
    assert min(left) < 2000
    assert min(needed) < 20_000


@pytest.mark.needs("threads")
def test_two_threads_with_an_optimizer_each():
    found = {}

    def train(seed):
        params = make([(600, 500), (3,)], seed=seed)
        optimizer = AdamW(params)
        for step in range(5):
            give(params, step)
            optimizer.step()
        found.setdefault(seed, []).append(arrays(params))

    train(0)
    train(1)
    threads = [threading.Thread(target=train, args=(seed,)) for seed in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed in (0, 1):
        for a, b in zip(*found[seed]):
            assert (a == b).all()


def test_pieces_cover_everything(monkeypatch):
    shapes = [(7, 3), (10,), (2,), (4, 4, 2)]
    for size in (1, 7, 10, 11, 64):
        for name in ("PIECE", "BLOCK"):
            monkeypatch.setattr(layout, name, size)
        monkeypatch.setattr(layout, "SMALL", 4)
        params = make(shapes)
        expected = reference(arrays(params), lambda step: gradients(step, shapes), 3)
        optimizer = SGD(params, lr=0.1, momentum=0.9)
        for step in range(3):
            give(params, step)
            optimizer.step()
        for a, b in zip(arrays(params), expected):
            np.testing.assert_allclose(a, b, rtol=1e-12)


@pytest.mark.parametrize("shape", [(700, 500), (400_000,), (2, 3, 70_000)])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_large_parameters_on_any_number_of_threads(shape, threads):
    before = minitorch.get_num_threads()
    minitorch.set_num_threads(threads)
    try:
        (p,) = make([shape])
        start, optimizer = arrays([p])[0], SGD([p], lr=0.5)
        g = np.random.default_rng(1).standard_normal(shape[::-1]).T  # as a transposed product gives
        p.grad = minitorch.from_numpy(g)
        optimizer.step()
        np.testing.assert_array_equal(p.detach().numpy(), start - 0.5 * g)
    finally:
        minitorch.set_num_threads(before)
