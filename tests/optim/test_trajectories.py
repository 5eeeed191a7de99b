"""Each optimizer against its formula as the papers print it, in NumPy."""

import minitorch
import numpy as np
import pytest
from minitorch import optim

STEPS = 12
SHAPES = [(3, 2), (5,), (4, 4)]


def sgd(p, gradients, lr, momentum=0.0, dampening=0.0, nesterov=False):
    b = None
    for g in gradients:
        b = g if b is None else momentum * b + (1 - dampening) * g
        p = p - lr * (g + momentum * b if nesterov else b)
    return p


def adam(p, gradients, lr, b1=0.9, b2=0.999, eps=1e-8, decay=0.0, amsgrad=False):
    m = v = top = np.zeros_like(p)
    for t, g in enumerate(gradients, 1):
        p = p * (1 - lr * decay)
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        top = np.maximum(top, v)
        scale = np.sqrt((top if amsgrad else v) / (1 - b2**t)) + eps
        p = p - lr * m / (1 - b1**t) / scale
    return p


def adamax(p, gradients, lr, b1=0.9, b2=0.999, eps=1e-8):
    m = u = np.zeros_like(p)
    for t, g in enumerate(gradients, 1):
        m, u = b1 * m + (1 - b1) * g, np.maximum(b2 * u, abs(g) + eps)
        p = p - lr / (1 - b1**t) * m / u
    return p


def nadam(p, gradients, lr, b1=0.9, b2=0.999, eps=1e-8, psi=4e-3):
    m = v = np.zeros_like(p)
    product = 1.0
    for t, g in enumerate(gradients, 1):
        mu, following = (b1 * (1 - 0.5 * 0.96 ** (k * psi)) for k in (t, t + 1))
        product *= mu
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        m_hat = following * m / (1 - product * following) + (1 - mu) * g / (1 - product)
        p = p - lr * m_hat / (np.sqrt(v / (1 - b2**t)) + eps)
    return p


def radam(p, gradients, lr, b1=0.9, b2=0.999, eps=1e-8):
    m = v = np.zeros_like(p)
    limit = 2 / (1 - b2) - 1
    for t, g in enumerate(gradients, 1):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        rho = limit - 2 * t * b2**t / (1 - b2**t)
        step = m / (1 - b1**t)
        if rho > 5:
            r = (rho - 4) * (rho - 2) * limit / ((limit - 4) * (limit - 2) * rho)
            step = step * np.sqrt(r) * np.sqrt(1 - b2**t) / (np.sqrt(v) + eps)
        p = p - lr * step
    return p


def adagrad(p, gradients, lr, eps=1e-10, lr_decay=0.0):
    total = np.zeros_like(p)
    for t, g in enumerate(gradients):
        total = total + g * g
        p = p - lr / (1 + t * lr_decay) * g / (np.sqrt(total) + eps)
    return p


def adadelta(p, gradients, lr, rho=0.9, eps=1e-6):
    v = d = np.zeros_like(p)
    for g in gradients:
        v = rho * v + (1 - rho) * g * g
        delta = np.sqrt(d + eps) / np.sqrt(v + eps) * g
        d = rho * d + (1 - rho) * delta * delta
        p = p - lr * delta
    return p


def rmsprop(p, gradients, lr, alpha=0.99, eps=1e-8, momentum=0.0, centered=False):
    v = m = b = np.zeros_like(p)
    for g in gradients:
        v, m = alpha * v + (1 - alpha) * g * g, alpha * m + (1 - alpha) * g
        b = momentum * b + g / (np.sqrt(v - m * m if centered else v) + eps)
        p = p - lr * b
    return p


def rprop(p, gradients, lr, low=0.5, high=1.2):
    prev, step = np.zeros_like(p), np.full_like(p, lr)
    for g in gradients:
        turn = np.sign(g * prev)
        step = np.clip(step * np.where(turn > 0, high, np.where(turn < 0, low, 1)), 1e-6, 50)
        prev = np.where(turn < 0, 0, g)
        p = p - np.sign(prev) * step
    return p


def asgd(p, gradients, lr, lambd=1e-4, alpha=0.75):
    for t, g in enumerate(gradients):
        eta = lr / (1 + lambd * lr * t) ** alpha
        p = p * (1 - lambd * eta) - eta * g
    return p


def adafactor(p, gradients, lr, d=1.0):
    eps = np.finfo(p.dtype).eps
    row = col = v = 0
    for t, g in enumerate(gradients, 1):
        beta = 1 - t**-0.8
        scale = max(1e-3, np.sqrt((p * p).mean())) * min(lr, 1 / np.sqrt(t))
        if g.ndim > 1:
            row = beta * row + (1 - beta) * (g * g).mean(-1, keepdims=True)
            col = beta * col + (1 - beta) * (g * g).mean(-2, keepdims=True)
            variance = row @ col / np.maximum(row.mean(-2, keepdims=True), eps)
        else:
            variance = v = beta * v + (1 - beta) * g * g
        u = g / np.sqrt(np.maximum(variance, eps * eps))
        p = p - scale * u / max(1.0, np.sqrt((u * u).mean()) / d)
    return p


CASES = [
    ("SGD", sgd, {"lr": 0.1}, {}),
    ("SGD", sgd, {"lr": 0.1, "momentum": 0.9, "dampening": 0.2}, {}),
    ("SGD", sgd, {"lr": 0.1, "momentum": 0.9, "nesterov": True}, {}),
    ("Adam", adam, {"lr": 0.1}, {}),
    ("Adam", adam, {"lr": 0.1, "amsgrad": True}, {}),
    ("AdamW", adam, {"lr": 0.1, "weight_decay": 0.3}, {"weight_decay": "decay"}),
    ("AdamW", adam, {"lr": 0.1, "weight_decay": 0.0, "eps": 0.1}, {"weight_decay": "decay"}),
    ("Adamax", adamax, {"lr": 0.1}, {}),
    ("NAdam", nadam, {"lr": 0.1}, {}),
    ("RAdam", radam, {"lr": 0.1}, {}),
    ("Adagrad", adagrad, {"lr": 0.1, "lr_decay": 0.3}, {}),
    ("Adadelta", adadelta, {"lr": 0.7}, {}),
    ("RMSprop", rmsprop, {"lr": 0.1}, {}),
    ("RMSprop", rmsprop, {"lr": 0.1, "momentum": 0.5, "centered": True}, {}),
    ("Rprop", rprop, {"lr": 0.1}, {}),
    ("ASGD", asgd, {"lr": 0.1, "lambd": 0.1}, {}),
    ("Adafactor", adafactor, {"lr": 0.1}, {}),
]
ELEMENTWISE = [case for case in CASES if case[0] != "Adafactor"]


def start(dtype=np.float64):
    rng = np.random.default_rng(0)
    return [minitorch.tensor(rng.standard_normal(s).astype(dtype)).requires_grad_() for s in SHAPES]


def gradients():
    rng = np.random.default_rng(1)
    return [[rng.standard_normal(s) for s in SHAPES] for _ in range(STEPS)]


def run(optimizer, params, steps):
    for step in steps:
        for p, g in zip(params, step):
            p.grad = minitorch.tensor(g).to(p.dtype)
        optimizer.step()


@pytest.mark.parametrize(("name", "formula", "kwargs", "names"), CASES)
def test_formula(name, formula, kwargs, names):
    params, steps = start(), gradients()
    first = [p.detach().numpy().copy() for p in params]
    optimizer = getattr(optim, name)(params, **kwargs)
    run(optimizer, params, steps)
    options = {names.get(k, k): v for k, v in kwargs.items()}
    # float32 step numbers and their like are PyTorch's: NAdam and ASGD keep rounded factors
    tolerance = 1e-6 if name in ("NAdam", "ASGD") else 1e-10
    for k, p in enumerate(params):
        expected = formula(first[k], [step[k] for step in steps], **options)
        np.testing.assert_allclose(p.detach().numpy(), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("name", "formula", "kwargs", "names"), CASES)
def test_maximize_and_weight_decay(name, formula, kwargs, names):
    """``maximize`` turns the gradient round, ``weight_decay`` adds to it."""
    steps = gradients()
    params, mirrored = start(), start()
    run(getattr(optim, name)(params, **kwargs, maximize=True), params, steps)
    run(getattr(optim, name)(mirrored, **kwargs), mirrored, [[-g for g in s] for s in steps])
    for a, b in zip(params, mirrored):
        assert (a.detach().numpy() == b.detach().numpy()).all()
    if name in ("AdamW", "Rprop", "Adafactor"):
        return
    params, by_hand = start(), start()
    run(getattr(optim, name)(params, **kwargs, weight_decay=0.1), params, steps[:1])
    decayed = [[g + 0.1 * p.detach().numpy() for g, p in zip(steps[0], by_hand)]]
    run(getattr(optim, name)(by_hand, **kwargs), by_hand, decayed)
    for a, b in zip(params, by_hand):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-12)


@pytest.mark.parametrize(("name", "formula", "kwargs", "names"), CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_dtype_is_kept(name, formula, kwargs, names, dtype):
    params = start(dtype)
    optimizer = getattr(optim, name)(
        params, **{**kwargs, "eps": 1e-3} if "eps" in kwargs else kwargs
    )
    run(optimizer, params, gradients()[:3])
    for p in params:
        assert p.detach().numpy().dtype == dtype
        for key, value in optimizer.state[p].items():
            scalar = key in ("step", "mu_product", "eta", "mu")
            assert value.numpy().dtype == (np.float32 if scalar else dtype)


@pytest.mark.parametrize(("name", "formula", "kwargs", "names"), CASES)
def test_tensor_learning_rate(name, formula, kwargs, names):
    a, b = start(), start()
    lr = minitorch.tensor(kwargs["lr"], dtype=minitorch.float64)
    run(getattr(optim, name)(a, **kwargs), a, gradients())
    run(getattr(optim, name)(b, **{**kwargs, "lr": lr}), b, gradients())
    for p, q in zip(a, b):
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-12)


@pytest.mark.parametrize(("name", "formula", "kwargs", "names"), ELEMENTWISE)
def test_differentiable(name, formula, kwargs, names):
    """The gradient of where three steps lead, with respect to the start and the gradients."""
    rng = np.random.default_rng(2)
    x = minitorch.tensor(rng.standard_normal(4), requires_grad=True)
    gs = minitorch.tensor(rng.standard_normal((3, 4)) + 0.1, requires_grad=True)

    def end(x, gs):
        p = x.clone()
        optimizer = getattr(optim, name)([p], **kwargs, differentiable=True)
        for k in range(3):
            p.grad = gs[k]
            optimizer.step()
        return p

    expected = formula(x.detach().numpy(), list(gs.detach().numpy()), **{
        names.get(k, k): v for k, v in kwargs.items()
    })  # fmt: skip
    np.testing.assert_allclose(end(x, gs).detach().numpy(), expected, rtol=1e-6)
    assert minitorch.autograd.gradcheck(end, (x, gs))


def test_differentiable_learning_rate():
    """d/d lr of p - lr g is -g."""
    lr = minitorch.tensor(0.1, requires_grad=True)
    p = minitorch.tensor([1.0, 2.0], requires_grad=True).clone()
    p.grad = minitorch.tensor([3.0, 4.0])
    optim.SGD([p], lr=lr, differentiable=True).step()
    p.sum().backward()
    assert lr.grad.item() == -7.0


def test_gradient_of_a_product_that_the_state_keeps():
    x = minitorch.tensor([0.5, -1.0], dtype=minitorch.float64, requires_grad=True)
    product = minitorch.tensor(0.9, dtype=minitorch.float64, requires_grad=True)

    def end(x, product):
        p = x.clone()
        p.grad = x * 2
        optimizer = optim.NAdam([p], lr=0.9, differentiable=True)
        optimizer.state[p]["mu_product"] = product.clone()
        optimizer.step()
        return p, optimizer.state[p]["mu_product"]

    assert minitorch.autograd.gradcheck(end, (x, product))


def test_muon_steps_are_nearly_orthogonal():
    rng = np.random.default_rng(0)
    p = minitorch.zeros(8, 5, requires_grad=True)
    p.grad = minitorch.tensor(rng.standard_normal((8, 5)).astype(np.float32))
    optim.Muon([p], lr=1.0, weight_decay=0.0).step()
    singular = np.linalg.svd(p.detach().numpy(), compute_uv=False) / np.sqrt(8 / 5)
    assert (singular > 0.6).all()
    assert (singular < 1.3).all()


def test_muon_takes_matrices_only():
    with pytest.raises(ValueError, match="Muon only supports 2D parameters"):
        optim.Muon([minitorch.zeros(3, requires_grad=True)])


def test_sparse_adam_says_what_to_use():
    p = minitorch.zeros(3, requires_grad=True)
    optimizer = optim.SparseAdam([p])
    optimizer.step()
    p.grad = minitorch.ones(3)
    with pytest.raises(
        RuntimeError, match="does not support dense gradients, please consider Adam"
    ):
        optimizer.step()


def rosenbrock(x):
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


@pytest.mark.parametrize("history_size", [3, 100])
def test_lbfgs_finds_the_minimum(history_size):
    x = minitorch.tensor([-1.2, 1.0], dtype=minitorch.float64, requires_grad=True)
    optimizer = optim.LBFGS([x], line_search_fn="strong_wolfe", history_size=history_size)

    def closure():
        optimizer.zero_grad()
        loss = rosenbrock(x)
        loss.backward()
        return loss

    first = optimizer.step(closure)
    np.testing.assert_allclose(first.item(), 24.2)
    for _ in range(4):
        optimizer.step(closure)
    np.testing.assert_allclose(x.detach().numpy(), [1, 1], atol=1e-4)
    assert optimizer.state[x]["func_evals"] < 100


def test_lbfgs_errors():
    p, q = (minitorch.zeros(3, requires_grad=True) for _ in range(2))
    with pytest.raises(ValueError, match="doesn't support per-parameter options"):
        optim.LBFGS([{"params": [p]}, {"params": [q]}])
    with pytest.raises(TypeError, match="closure"):
        optim.LBFGS([p]).step()
    with pytest.raises(RuntimeError, match="only 'strong_wolfe' is supported"):
        optim.LBFGS([p], line_search_fn="weak").step(lambda: None)
