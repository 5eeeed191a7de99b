"""Transforms of functions, alone and nested, against closed forms and loops."""

import minitorch as torch
import numpy as np
import pytest
from minitorch.autograd import forward_ad, functional
from minitorch.extend import primitive
from minitorch.func import (
    functional_call,
    grad,
    grad_and_value,
    hessian,
    jacfwd,
    jacrev,
    jvp,
    linearize,
    vjp,
    vmap,
)

random = np.random.default_rng(0)
X = torch.tensor(random.standard_normal((4, 3)))
W = torch.tensor(random.standard_normal((3, 5)))
V = torch.tensor(random.standard_normal(3))


def close(a, b):
    np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), 1e-10, 1e-10)


def cubes(x):
    return (x * x * x).sum()


def mlp(w, x):
    return (x @ w).tanh().square().sum()


def softly(x):
    return x.softmax(-1) * x.exp()


class TestGrad:
    def test_polynomial(self):
        close(grad(cubes)(V), 3 * V * V)

    def test_of_grad_of_grad(self):
        f = grad(grad(grad(lambda x: x**4)))
        assert f(torch.tensor(2.0)).item() == 48.0

    def test_argnums_and_aux(self):
        g, aux = grad(lambda w, x: (mlp(w, x), x * 2), argnums=(0, 1), has_aux=True)(W, V)
        assert g[0].shape == W.shape
        assert g[1].shape == V.shape
        close(aux, V * 2)

    def test_value_too(self):
        g, value = grad_and_value(cubes)(V)
        close(value, cubes(V))
        close(g, 3 * V * V)

    def test_containers(self):
        g = grad(lambda p: (p["w"] * p["b"][0]).sum())({"w": V, "b": [V * 2]})
        close(g["w"], V * 2)
        close(g["b"][0], V)

    def test_through_what_is_closed_over(self):
        w = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64, requires_grad=True)
        g = grad(lambda x: (w * x * x).sum())(V)
        g.sum().backward()
        close(w.grad, 2 * V)

    def test_inputs_stay_as_they_are(self):
        x = V.clone()
        grad(cubes)(x)
        assert not x.requires_grad
        assert x.grad is None

    def test_not_a_scalar(self):
        with pytest.raises(RuntimeError, match="scalar tensor"):
            grad(lambda x: x * 2)(V)

    def test_unused_argument_is_zero(self):
        close(grad(lambda x, y: y.sum())(V, V), V * 0)

    def test_unknown_argument(self):
        with pytest.raises(RuntimeError, match="argnum"):
            grad(cubes, argnums=3)(V)


class TestVmap:
    def test_dot(self):
        close(vmap(torch.dot)(X, X), (X * X).sum(1))

    def test_dims(self):
        made = vmap(lambda x, w: x @ w, in_dims=(1, None), out_dims=1)(X.T, W)
        close(made, (X @ W).T)

    def test_structures(self):
        made = vmap(lambda d: {"y": d["x"] * d["k"]}, in_dims=({"x": 0, "k": None},))(
            {"x": X, "k": V}
        )
        close(made["y"], X * V)

    def test_nested(self):
        close(vmap(vmap(lambda x: x * 2 + V.sum()))(X), X * 2 + V.sum())
        made = vmap(lambda x: vmap(lambda y: x @ y)(X))(X)
        close(made, X @ X.T)

    def test_chunks(self):
        close(vmap(cubes, chunk_size=3)(X), (X**3).sum(1))

    def test_gradient_of_each_example(self):
        made = vmap(grad(mlp), in_dims=(None, 0))(W, X)
        close(made, torch.stack([grad(mlp)(W, x) for x in X]))

    def test_in_place_within(self):
        def f(x):
            y = x * 1
            y[0] = 5.0
            y += x
            return y

        expected = X * 2
        expected[:, 0] = X[:, 0] + 5.0
        close(vmap(f)(X), expected)

    def test_a_batch_written_into_what_has_none(self):
        total = torch.zeros(3, dtype=torch.float64)
        with pytest.raises(RuntimeError, match=r"vmap: .*inplace"):
            vmap(lambda x: total.add_(x))(X)

    @pytest.mark.parametrize(
        "f",
        [
            lambda x: x if x.sum() > 0 else -x,
            lambda x: x * x.sum().item(),
            lambda x: x.nonzero(),
            lambda x: x.masked_select(x > x.mean()),
        ],
        ids=["if", "item", "nonzero", "masked_select"],
    )
    def test_values_decide(self, f):
        with pytest.raises(RuntimeError, match="vmap"):
            vmap(f)(X)

    @pytest.mark.parametrize(
        ("in_dims", "args", "message"),
        [
            (0, (X, V), "same size"),
            (2, (X,), "in_dim=2"),
            ((None,), (X,), "at least one Tensor"),
            (0, (X, 3.0), "non-Tensor"),
            ((0, 0, 0), (X,), "compatible"),
        ],
    )
    def test_dims_that_do_not_fit(self, in_dims, args, message):
        with pytest.raises(ValueError, match=message):
            vmap(lambda *xs: xs[0] * 2, in_dims=in_dims)(*args)


class TestForward:
    @pytest.mark.parametrize(
        "f",
        [
            cubes, softly, lambda x: x.cumsum(0), lambda x: (x * x).prod(), lambda x: x @ W,
            lambda x: torch.cat([x, x * 2]), lambda x: x.max(), lambda x: x.sort()[0],
            lambda x: x[[2, 0]], lambda x: x.logsumexp(0), lambda x: (x / x.norm()).std(),
            lambda x: torch.linalg.inv(x.outer(x) + torch.eye(3, dtype=torch.float64)),
        ],
    )  # fmt: skip
    def test_against_reverse(self, f):
        close(jacfwd(f)(V), jacrev(f)(V))

    def test_value_and_slope(self):
        value, slope = jvp(lambda x: x * x, (V,), (torch.ones_like(V),))
        close(value, V * V)
        close(slope, 2 * V)

    def test_by_hand(self):
        with forward_ad.dual_level():
            x = forward_ad.make_dual(V, torch.ones_like(V))
            primal, tangent = forward_ad.unpack_dual(x.sin())
        close(primal, V.sin())
        close(tangent, V.cos())
        with pytest.raises(RuntimeError, match="no level"):
            forward_ad.make_dual(V, V)

    def test_linearize(self):
        value, push = linearize(cubes, V)
        close(value, cubes(V))
        close(push(V), (3 * V**3).sum())

    def test_shapes_must_agree(self):
        with pytest.raises(RuntimeError, match="shape"):
            jvp(cubes, (V,), (X,))

    def test_grad_through_jvp(self):
        def slope(x):
            return jvp(cubes, (x,), (torch.ones_like(x),))[1]

        close(grad(slope)(V), 6 * V)


class TestJacobians:
    @pytest.mark.parametrize("f", [cubes, lambda x: mlp(W, x), lambda x: softly(x).sum()])
    def test_hessian_in_all_mixtures(self, f):
        expected = torch.stack([grad(lambda x, k=k: grad(f)(x)[k])(V) for k in range(3)])
        close(hessian(f)(V), expected)
        close(jacfwd(jacrev(f))(V), expected)
        close(jacrev(jacfwd(f))(V), expected)
        close(jacrev(jacrev(f))(V), expected)
        close(jacfwd(jacfwd(f))(V), expected)

    def test_hessian_of_each_example(self):
        made = vmap(hessian(cubes))(X)
        close(made, torch.stack([torch.diag(6 * x) for x in X]))

    def test_several_arguments_and_outputs(self):
        def f(w, x):
            return x @ w, {"s": x.sum()}

        rows = jacrev(f, argnums=(0, 1))(W, V)
        columns = jacfwd(f, argnums=(0, 1))(W, V)
        for k, shape in enumerate([(5, 3, 5), (5, 3)]):
            assert rows[0][k].shape == columns[0][k].shape == shape
            close(rows[0][k], columns[0][k])
        close(rows[1]["s"][1], torch.ones(3, dtype=torch.float64))

    def test_vjp(self):
        value, pull = vjp(lambda x: x * x, V)
        close(value, V * V)
        close(pull(V)[0], 2 * V * V)
        close(vmap(pull)(X)[0], 2 * V * X)


class TestFunctional:
    def test_all_agree(self):
        def f(x, y):
            return (x * y).exp().sum() + (x * x * y).sum()

        y = V.flip(0)
        blocks = functional.hessian(f, (V, y))
        together = functional.hessian(f, (V, y), vectorize=True)
        for i in range(2):
            for j in range(2):
                close(blocks[i][j], together[i][j])
        v = (y, V)
        products = [sum(blocks[i][j] @ v[j] for j in range(2)) for i in range(2)]
        for a, b in zip(functional.hvp(f, (V, y), v)[1], products, strict=True):
            close(a, b)
        for a, b in zip(functional.vhp(f, (V, y), v)[1], products, strict=True):
            close(a, b)

    def test_jvp_and_vjp(self):
        def f(x):
            return x.sin() * x.sum()

        jacobian = functional.jacobian(f, V)
        close(functional.jvp(f, V, V)[1], jacobian @ V)
        close(functional.vjp(f, V, V)[1], V @ jacobian)

    def test_refusals(self):
        with pytest.raises(RuntimeError, match="single element"):
            functional.hessian(lambda x: x * 2, V)
        with pytest.raises(TypeError, match="must be either a Tensor"):
            functional.jacobian(lambda x: x * 2, [1.0])
        with pytest.raises(RuntimeError, match=r"Output 0 .* does not require gradients"):
            functional.jacobian(lambda x: V * 1, V, strict=True)

    def test_batched_grad_outputs(self):
        x = V.clone().requires_grad_()
        rows = torch.eye(3, dtype=torch.float64)
        (made,) = torch.autograd.grad(x * x, x, rows, is_grads_batched=True)
        close(made, torch.diag(2 * V))


class Scale:
    """What functional_call needs of a module."""

    def __init__(self):
        self._parameters = {"weight": torch.ones(3, dtype=torch.float64)}
        self._buffers = {}

    def named_parameters(self, remove_duplicate=True):
        return self._parameters.items()

    def named_buffers(self, remove_duplicate=True):
        return self._buffers.items()

    def get_submodule(self, target):
        assert target == ""
        return self

    def __call__(self, x):
        return x * self._parameters["weight"]


def test_functional_call():
    module = Scale()
    close(functional_call(module, {"weight": V}, (X,)), X * V)
    close(module(X), X)
    made = grad(lambda p: functional_call(module, p, (X,)).sum())({"weight": V})
    close(made["weight"], X.sum(0))
    close(functional_call(module, {"bias": V, "weight": V}, (X,)), X * V)
    with pytest.raises(RuntimeError, match="bias"):
        functional_call(module, {"bias": V, "weight": V}, (X,), strict=True)


class TestMore:
    def test_results_have_no_graph(self):
        nested = grad(lambda x: grad(lambda y: (x * y).exp().sum())(V).sum())
        assert not nested(V).requires_grad
        assert not vjp(lambda x: (x, x.sum()), V, has_aux=True)[2].requires_grad

    def test_fused_steps_under_vmap(self):
        # the backward pass of a fused step, its gradient a batch
        eye = torch.eye(3, dtype=torch.float64)
        for f in (lambda x: x.softmax(0), lambda x: x.logsumexp(0) * x, lambda x: x.std() * x):
            close(jacrev(f)(V), jacfwd(f)(V))
            close(vmap(vjp(f, V)[1])(eye)[0], jacfwd(f)(V))

    def test_in_place(self):
        def f(x):
            y = torch.zeros_like(x)
            y.copy_(x)
            y[0] = x[1] * x[2]
            y[1:].mul_(x[:2])
            return y

        close(vmap(f)(X), torch.stack([f(x) for x in X]))
        close(vmap(jacfwd(f))(X), torch.stack([functional.jacobian(f, x) for x in X]))

    @pytest.mark.parametrize(
        ("draw", "shape"),
        [
            (lambda x: torch.rand(5), (4, 5)),
            (lambda x: torch.randn_like(x), (4, 3)),
            (lambda x: torch.randint(0, 10**6, (5,)), (4, 5)),
            (lambda x: torch.randperm(30), (4, 30)),
            (lambda x: torch.normal(x, 1.0), (4, 3)),
            (lambda x: torch.bernoulli(x.sigmoid().repeat(20)), (4, 60)),
            (lambda x: torch.multinomial(x.exp().repeat(9), 9), (4, 9)),
            (lambda x: x.clone().uniform_(), (4, 3)),
        ],
    )
    def test_different_random_numbers(self, draw, shape):
        made = vmap(draw, randomness="different")(X)
        assert made.shape == shape
        assert len({tuple(row) for row in made.tolist()}) == 4
        with pytest.raises(RuntimeError, match="randomness error mode"):
            vmap(draw)(X)

    def test_no_different_numbers_in_what_all_share(self):
        with pytest.raises(RuntimeError, match="unbatched tensor"):
            vmap(lambda x: torch.empty(3).normal_(), randomness="different")(X)

    @pytest.mark.parametrize(
        ("call", "kind", "message"),
        [
            (lambda: grad(cubes, argnums=(0, 0))(V), RuntimeError, "unique"),
            (lambda: grad(cubes, has_aux=True)(V), RuntimeError, "has_aux"),
            (lambda: jvp(lambda x: 1.0, (V,), (V,)), RuntimeError, "only tensors"),
            (lambda: jvp(lambda x: V, (V,), (V,), strict=True), RuntimeError, "independent"),
            (lambda: vmap(cubes, in_dims=1.0)(X), ValueError, "expected `in_dims`"),
            (lambda: vmap(cubes, out_dims=2)(X), IndexError, "out_dims"),
            (lambda: vmap(cubes, chunk_size=0)(X), ValueError, "chunk_size"),
            (lambda: vmap(lambda x: x[x > 0])(X), RuntimeError, "mask"),
            (lambda: functional.jacobian(cubes, V, strict=True, vectorize=True), RuntimeError,
             "not supported together"),
        ],
    )  # fmt: skip
    def test_refusals(self, call, kind, message):
        with pytest.raises(kind, match=message):
            call()

    def test_a_primitive_of_the_users_own_is_batched_by_its_meaning(self):
        # its parameter is called "shape", as ours are, and means something else
        own = primitive(lambda x, shape: x * len(shape), "x | shape", None, name="own")
        with pytest.warns(UserWarning, match="batching rule for own"):
            close(vmap(lambda x: own(x, (7, 7)))(X), X * 2)


@pytest.mark.parametrize("count", [2, 3])
def test_index_tensors_of_single_places_need_no_loop(count):
    x = torch.randn(3, 4, 5, 2, requires_grad=True)
    y = torch.randn(3, 3, 4, 5, 2, requires_grad=True)
    places = torch.tensor([[0, -1, 2], [1, 3, -2], [0, 1, 4]])[:count]
    rows = tuple(places)
    got = torch.vmap(lambda *i: x[i])(*rows)  # warnings are errors
    assert torch.equal(got, x[rows])
    both = [torch.autograd.grad(each.square().sum(), x)[0] for each in (got, x[rows])]
    assert torch.equal(*both)
    grads = torch.vmap(torch.func.grad(lambda y, *i: y[i].square().sum()))(y, *rows)
    sum(y[n][tuple(places[:, n])].square().sum() for n in range(3)).backward()
    assert torch.equal(grads, y.grad)
