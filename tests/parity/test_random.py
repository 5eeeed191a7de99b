"""Same seed, same numbers: MiniTorch's random numbers are PyTorch's."""

import minitorch
import minitorch.nn
import numpy as np
import pytest
import torch

DTYPES = ["float16", "float32", "float64"]


def intel() -> bool:
    """PyTorch asks MKL for bernoulli and exponential there."""
    try:
        with open("/proc/cpuinfo") as info:
            return "GenuineIntel" in info.read()
    except OSError:
        return False


def both(make, seed=7):
    """``make(library)`` with either library after the same seed, and what each draws next."""
    results = []
    for library in (torch, minitorch):
        library.manual_seed(seed)
        made = make(library)
        results.append((np.asarray(made.numpy()), str(made.dtype), library.rand(3).tolist()))
    return results


def check(make, ulps=0, seed=7):
    (want, want_dtype, want_next), (got, got_dtype, got_next) = both(make, seed)
    assert got_dtype == want_dtype
    assert got.shape == want.shape
    assert got_next == want_next  # as many draws were taken
    if ulps:
        np.testing.assert_array_max_ulp(got, want, ulps)
    else:
        np.testing.assert_array_equal(got, want)


# elsewhere PyTorch's normal numbers of float32 are others in their last digits
FOLLOWED = torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")


def check_normal(make):
    """To the last bit, but for float64's 1e-15."""
    (want, want_dtype, want_next), (got, got_dtype, got_next) = both(make)
    assert got_dtype == want_dtype
    assert got_next == want_next
    if want.dtype in ("f8", "c16"):
        np.testing.assert_allclose(got, want, rtol=1e-15, atol=1e-15)
    elif FOLLOWED:
        assert got.shape == want.shape
        assert got.tobytes() == want.tobytes()
    else:
        np.testing.assert_allclose(got, want, rtol=1e-6, atol=2e-6)


def of(lib, name):
    return getattr(lib, name)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [0, 1, 5, 15, 16, 17, 100, 70_000])
def test_rand(n, dtype):
    check(lambda lib: lib.rand(n, dtype=of(lib, dtype)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [0, 1, 2, 5, 15, 16, 17, 31, 32, 100, 70_001, 600_000])
def test_randn(n, dtype):
    check_normal(lambda lib: lib.randn(n, dtype=of(lib, dtype)))


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("n", [3, 40])
def test_complex(n, dtype):
    check(lambda lib: lib.rand(n, dtype=of(lib, dtype)))
    check_normal(lambda lib: lib.randn(n, dtype=of(lib, dtype)))


def test_the_second_of_a_pair_is_kept():
    check_normal(
        lambda lib: lib.cat([lib.randn(3), lib.rand(1), lib.randn(4), lib.randn(20), lib.randn(1)])
    )


@pytest.mark.parametrize(
    "seed", [0, 1, -1, 42, 2**31, 2**32, 2**32 + 1, 2**63, 2**64 - 1, -(2**63)]
)
def test_seeds(seed):
    check(lambda lib: lib.rand(10), seed=seed)
    assert minitorch.manual_seed(seed).initial_seed() == torch.manual_seed(seed).initial_seed()


@pytest.mark.parametrize(
    ("low", "high"),
    [(0, 1), (0, 10), (-5, 5), (0, 2**28 - 1), (0, 2**28), (-(2**31), 2**31), (0, 2**40),
     (-(2**63), 2**63 - 1), (0, 2**63 - 1)],
)  # fmt: skip
def test_randint(low, high):
    check(lambda lib: lib.randint(low, high, (50,)))
    check(lambda lib: lib.randint(low=low, high=high, size=(3, 2)))


@pytest.mark.parametrize(
    "dtype",
    ["uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "bool"],
)
def test_random_(dtype):
    check(lambda lib: lib.zeros(30, dtype=of(lib, dtype)).random_())
    check(lambda lib: lib.zeros(30, dtype=of(lib, dtype)).random_(0, 2))
    check(lambda lib: lib.zeros(30, dtype=of(lib, dtype)).random_(1))
    if dtype != "bool":
        check(lambda lib: lib.zeros(30, dtype=of(lib, dtype)).random_(7))
        check(lambda lib: lib.zeros(30, dtype=of(lib, dtype)).random_(2, 120))
        check(lambda lib: lib.randint(100, (3,), dtype=of(lib, dtype)))


@pytest.mark.parametrize("n", [0, 1, 2, 3, 10, 1999, 2000, 2001, 30_000])
def test_randperm(n):
    check(lambda lib: lib.randperm(n))
    check(lambda lib: lib.randperm(n, dtype=lib.int32))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [5, 1000])
@pytest.mark.parametrize("bounds", [(0, 1), (-0.1, 0.3), (-1, 2), (0, 3), (5, 5), (1e3, 1e3 + 1)])
def test_uniform_(bounds, n, dtype):
    check(lambda lib: lib.zeros(n, dtype=of(lib, dtype)).uniform_(*bounds))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [5, 1000, 1024])
@pytest.mark.parametrize(("mean", "std"), [(0, 0.02), (0.5, 0.02), (-3, 1), (2, 0)])
def test_normal_(mean, std, n, dtype):
    check_normal(lambda lib: lib.zeros(n, dtype=of(lib, dtype)).normal_(mean, std))


FILLS = {
    "cauchy_": lambda t: t.cauchy_(1, 2),
    "geometric_": lambda t: t.geometric_(0.3),
    "log_normal_": lambda t: t.log_normal_(0.1, 0.5),
    "exponential_": lambda t: t.exponential_(2),
    "bernoulli_": lambda t: t.bernoulli_(0.3),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [5, 1000])
@pytest.mark.parametrize("name", FILLS)
def test_fills(name, n, dtype):
    if intel() and name in ("exponential_", "bernoulli_"):
        pytest.skip("PyTorch's numbers are MKL's here, whose generator is another one")
    check(lambda lib: FILLS[name](lib.zeros(n, dtype=of(lib, dtype))), ulps=4)


@pytest.mark.parametrize("dtype", DTYPES)
def test_bernoulli_of_tensors(dtype):
    check(lambda lib: lib.bernoulli(lib.linspace(0, 1, 50, dtype=of(lib, dtype))))
    check(lambda lib: lib.zeros(4, 50).bernoulli_(lib.linspace(0, 1, 50, dtype=of(lib, dtype))))


LAYOUTS = {
    "transposed": lambda lib, dtype: lib.zeros(6, 5, 4, dtype=of(lib, dtype)).permute(2, 0, 1),
    "gaps": lambda lib, dtype: lib.zeros(8, 10, dtype=of(lib, dtype))[:, ::2],
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["uniform_", "normal_", "random_"])
def test_layouts(name, dtype, layout):
    def make(lib):
        return getattr(LAYOUTS[layout](lib, dtype), name)()

    check(make, ulps=4)


def test_like():
    for name in ("rand_like", "randn_like"):
        check(lambda lib, n=name: getattr(lib, n)(lib.zeros(6, 5).t()), ulps=1)
    check(lambda lib: lib.randint_like(lib.zeros(6, 5), 10))
    check(lambda lib: lib.randint_like(lib.zeros(6, 5), 3, 10))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rows", [None, 5])
def test_multinomial(rows, dtype):
    def make(lib, count, replacement):
        weights = lib.arange(1, 11, dtype=of(lib, dtype))
        weights = weights if rows is None else weights.expand(rows, 10)
        return lib.multinomial(weights, count, replacement)

    check(lambda lib: make(lib, 40, True))
    if not intel():
        check(lambda lib: make(lib, 4, False))
        check(lambda lib: make(lib, 1, True))


@pytest.mark.parametrize("rate", [0.0, 0.5, 3.0, 9.9, 10.0, 33.0, 1000.0])
def test_poisson(rate):
    check(lambda lib: lib.poisson(lib.full((30,), rate)))
    check(lambda lib: lib.poisson(lib.full((30,), rate, dtype=lib.float64)))


def test_normal_of_tensors():
    def mean(lib):
        return lib.arange(20.0)

    def std(lib):
        return lib.full((3, 1), 2.0)

    check(lambda lib: lib.normal(0.0, 1.0, (3,)))
    for make in (
        lambda lib: lib.normal(mean(lib), 2.0),
        lambda lib: lib.normal(mean(lib)),
        lambda lib: lib.normal(1.0, std(lib)),
        lambda lib: lib.normal(mean(lib), std(lib)),
        lambda lib: lib.normal(1.0, 3.0, (40,)),
    ):
        check_normal(make)


INITS = {
    "normal_": (0.1, 0.02), "uniform_": (-2, 3), "trunc_normal_": (0.1, 2), "sparse_": (0.3,),
    "xavier_uniform_": (2,), "xavier_normal_": (), "kaiming_uniform_": (), "kaiming_normal_": (),
}  # fmt: skip
LAYERS = {
    "Linear": (20, 30), "Bilinear": (5, 6, 7), "Conv2d": (3, 8, 3), "ConvTranspose1d": (3, 8, 3),
    "Embedding": (50, 16), "EmbeddingBag": (50, 16), "LSTM": (10, 20, 2), "GRUCell": (10, 20),
    "MultiheadAttention": (16, 4), "TransformerDecoderLayer": (16, 4, 32),
}  # fmt: skip


@pytest.mark.parametrize("name", INITS)
def test_initial_values(name):
    check_normal(lambda lib: getattr(lib.nn.init, name)(lib.empty(37, 50), *INITS[name]))


@pytest.mark.parametrize("name", LAYERS)
def test_initial_weights(name):
    def make(lib):
        layer = getattr(lib.nn, name)(*LAYERS[name])
        return lib.cat([p.detach().reshape(-1) for p in layer.parameters()])

    check_normal(make)


def test_functions_that_draw():
    if not intel():
        check_normal(lambda lib: lib.nn.functional.dropout(lib.randn(50, 40), 0.3))
        check_normal(lambda lib: lib.nn.functional.dropout2d(lib.ones(5, 4, 3, 3)))
        check_normal(lambda lib: lib.nn.functional.alpha_dropout(lib.ones(50), 0.5, True))
    for dtype in ("float32", "float64"):
        check(
            lambda lib, d=dtype: lib.nn.functional.rrelu(
                lib.full((100,), -1.0, dtype=of(lib, d)), training=True
            )
        )


def test_states_carry_over_both_ways():
    for draws in (0, 1, 5, 100, 623, 624, 625, 2000):
        torch.manual_seed(5)
        minitorch.manual_seed(5)
        torch.rand(draws)
        minitorch.rand(draws)
        torch.randn(3)
        minitorch.randn(3)
        state = torch.get_rng_state()
        ours = minitorch.get_rng_state()
        assert ours.tolist() == state.tolist()
        following = torch.randn(5).tolist()
        minitorch.manual_seed(0)
        minitorch.set_rng_state(minitorch.tensor(state.numpy()))
        assert minitorch.randn(5).tolist() == following
        torch.manual_seed(0)
        torch.set_rng_state(torch.tensor(ours.numpy()))
        assert torch.randn(5).tolist() == following


def test_generators():
    theirs, ours = torch.Generator(), minitorch.Generator()
    assert ours.initial_seed() == theirs.initial_seed()
    assert minitorch.rand(3, generator=ours).tolist() == torch.rand(3, generator=theirs).tolist()
    theirs.manual_seed(3)
    ours.manual_seed(3)
    want = torch.randperm(9, generator=theirs).tolist()
    assert minitorch.randperm(9, generator=ours).tolist() == want
    clone = ours.clone_state()
    assert minitorch.rand(3, generator=ours).tolist() == minitorch.rand(3, generator=clone).tolist()


ERRORS = [
    lambda lib: lib.manual_seed(2**64),
    lambda lib: lib.randint(5, 5, (2,)),
    lambda lib: lib.randint(0, 300, (2,), dtype=lib.uint8),
    lambda lib: lib.randint(0, 10, 5),
    lambda lib: lib.randperm(-1),
    lambda lib: lib.rand(2, dtype=lib.int64),
    lambda lib: lib.randn(2, dtype=lib.int64),
    lambda lib: lib.rand(2, -1),
    lambda lib: lib.zeros(2).uniform_(2, 1),
    lambda lib: lib.zeros(2).normal_(0, -1),
    lambda lib: lib.zeros(2).bernoulli_(1.5),
    lambda lib: lib.zeros(2).exponential_(0),
    lambda lib: lib.zeros(2).geometric_(1),
    lambda lib: lib.bernoulli(lib.full((2,), 2.0)),
    lambda lib: lib.multinomial(lib.zeros(3), 2),
    lambda lib: lib.multinomial(lib.ones(3), 4),
    lambda lib: lib.multinomial(lib.ones(3, dtype=lib.int64), 2),
    lambda lib: lib.multinomial(lib.ones(3), 0),
    lambda lib: lib.multinomial(-lib.ones(3), 2),
    lambda lib: lib.poisson(-lib.ones(3)),
    lambda lib: lib.set_rng_state(lib.zeros(3, dtype=lib.uint8)),
    lambda lib: lib.set_rng_state(lib.zeros(5056)),
    lambda lib: lib.zeros(2, requires_grad=True).uniform_(),
]


@pytest.mark.parametrize("number", range(len(ERRORS)))
def test_errors(number):
    with pytest.raises((RuntimeError, TypeError, ValueError)) as theirs:
        ERRORS[number](torch)
    with pytest.raises(theirs.type) as ours:
        ERRORS[number](minitorch)
    assert ours.type is theirs.type, (ours.value, theirs.value)
