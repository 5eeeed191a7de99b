"""What transforms refuse, and what functorch had before them."""

from contextlib import suppress

import minitorch
import pytest
from minitorch import func
from minitorch.func.arguments import slice_argnums

X = minitorch.ones(3)
JVP, VJP, GRAD = r"jvp\(f, primals, tangents\)", r"vjp\(f, \*primals\)", r"grad_and_value\(f\)"
EMPTY = "Expected f to be a function that has non-empty output"
TENSORS = r"expected f\(\*primals\) to return only tensors"
REFUSED = {
    "list of argnums": (lambda: func.grad(minitorch.mul, argnums=[0])(X, X), "int or Tuple"),
    "no argnums": (lambda: func.jacrev(minitorch.sin, argnums=())(X), "must be non-empty"),
    "float argnum": (lambda: func.jacfwd(minitorch.sin, argnums=(0.0,))(X), "must be int"),
    "argnum too large": (lambda: func.jacfwd(minitorch.sin, argnums=1)(X), "but only 1 positional"),
    "twice": (lambda: func.grad(minitorch.mul, argnums=(0, -2))(X, X), "must be unique"),
    "vjp of nothing": (lambda: func.vjp(lambda x: None, X), f"{VJP}: {EMPTY}"),
    "vjp of a number": (lambda: func.vjp(lambda x: 1, X), f"{VJP}: {TENSORS}"),
    "jvp of nothing": (lambda: func.jvp(lambda x: (), (X,), (X,)), f"{JVP}: {EMPTY}"),
    "jvp of text": (lambda: func.jvp(lambda x: "a", (X,), (X,)), f"{JVP}: {TENSORS}"),
    "primals": (lambda: func.jvp(minitorch.sin, X, (X,)), "Expected primals to be a tuple"),
    "tangents": (lambda: func.jvp(minitorch.sin, (X,), X), "same python structure"),
    "structure": (lambda: func.jvp(minitorch.sin, (X,), (X, X)), "same python structure"),
    "none": (lambda: func.jvp(lambda: X, (), ()), "at least one Tensor"),
    "numbers": (lambda: func.jvp(minitorch.sin, (1.0,), (1.0,)), "got unsupported type"),
    "cotangents": (
        lambda: func.vjp(lambda x: (x, (x, x)), X)[1](((X, (X, X)),)), "Expected pytree structure",
    ),
    "grad's aux": (lambda: func.grad(lambda x: x, has_aux=True)(X), f"{GRAD}.*should be a tuple"),
    "vjp's aux": (lambda: func.vjp(lambda x: [x, x], X, has_aux=True), f"{VJP}.*should be a tuple"),
    "kind of aux": (
        lambda: func.grad(lambda x: (x.sum(), [x, 1.0]), has_aux=True)(X), "got unsupported type",
    ),
    "functionalize": (lambda: func.functionalize(minitorch.sin, remove="x"), "invalid argument"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    call, text = REFUSED[name]
    with pytest.raises(RuntimeError, match=text):
        call()


def test_slices_of_arguments():
    assert slice_argnums((1, 2, 3), -1) == (3,)
    assert slice_argnums((1, 2, 3), 0, as_tuple=False) == 1
    assert slice_argnums((1, 2, 3), (2, 0)) == (3, 1)


def test_functionalize_computes_the_same():
    assert func.functionalize(lambda x: x.clone().add_(1))(X).tolist() == [2, 2, 2]


def test_functorch_warns():
    from minitorch.compat import functorch

    for name in functorch.__all__:
        call = getattr(functorch, name)
        with (
            pytest.warns(FutureWarning, match="Please use `torch."),
            suppress(AttributeError, IndexError, TypeError),  # it wants more, or a module
        ):
            call(minitorch.sin)


def test_modules_as_functions():
    nn = pytest.importorskip("minitorch.nn")
    from minitorch.func.module_functions import (
        combine_state_for_ensemble,
        functional_init,
        make_functional,
        make_functional_with_buffers,
    )

    model = nn.Linear(2, 3)
    function, params = make_functional(model)
    assert minitorch.equal(function(params, minitorch.ones(2)), model(minitorch.ones(2)))
    assert all(p.requires_grad and p is not q for p, q in zip(params, model.parameters()))
    assert not any(p.requires_grad for p in make_functional(model, True)[1])
    norm = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    with pytest.raises(RuntimeError, match="has buffers"):
        make_functional(norm)
    function, params, buffers = make_functional_with_buffers(norm.eval())
    x = minitorch.randn(4, 2)
    assert minitorch.equal(function(params, buffers, x), norm(x))
    function, params, buffers = combine_state_for_ensemble([nn.Linear(2, 3) for _ in range(5)])
    assert func.vmap(function, (0, 0, None))(params, buffers, x).shape == (5, 4, 3)
    params, function, names = functional_init(nn.Linear, (5,))(2, 3)
    assert [tuple(p.shape) for p in params] == [(5, 3, 2), (5, 3)]
    assert func.vmap(function, (0, None))(params, (x,)).shape == (5, 4, 3)
    assert names == ("weight", "bias")
    norm.train()
    assert func.replace_all_batch_norm_modules_(norm)[1].running_mean is None
    models = [nn.Linear(1, 1), nn.Linear(1, 1)]
    models[0].weight.requires_grad_(False)
    with pytest.raises(RuntimeError, match="to have the same"):
        func.stack_module_state(models)
