"""The numbers below are PyTorch 2.13's (CPU) for the same seeds."""

from zlib import crc32

import minitorch
import numpy as np
import pytest

KNOWN = {
    "torch.rand(3)": [0.49625659, 0.768221796, 0.0884774327],
    "torch.rand(2, dtype=torch.float64)": [0.970053002, 0.707819864],
    "torch.rand(2, dtype=torch.float16)": [0.496337891, 0.768066406],
    "torch.rand(2, dtype=torch.complex64)": [
        (0.49625659 + 0.768221796j),
        (0.0884774327 + 0.132030487j),
    ],
    "torch.randn(3)": [1.54099607, -0.293428898, -2.17878938],
    "torch.randn(3, dtype=torch.float64)": [1.54099611, -0.293428906, -2.17878938],
    "torch.randn(17)": [
        -1.12583983,
        -1.6959312,
        0.566650629,
        0.793508351,
        0.598839462,
        -1.55509508,
        -0.34136039,
        1.85300612,
        0.468096405,
        -0.585497558,
        -0.173396751,
        0.183477938,
        1.38936615,
        1.58633423,
        0.946298361,
        -0.843676746,
        0.931826591,
    ],
    "torch.randn(18, dtype=torch.float64)": [
        -2.3104118,
        -0.373250861,
        -1.26092466,
        -0.726951062,
        -0.0199647509,
        0.21029989,
        0.177189351,
        -0.830510051,
        0.238718058,
        0.733528369,
        -0.773011277,
        -1.59518149,
        -0.687003694,
        1.48807432,
        -0.448415805,
        -0.891003035,
        0.674857544,
        1.04686538,
    ],
    "torch.randn(18, dtype=torch.float16)": [
        -1.12597656,
        -1.15234375,
        -1.35253906,
        -1.69628906,
        0.566894531,
        0.793457031,
        0.598632812,
        -1.5546875,
        -0.341308594,
        1.85253906,
        0.75,
        -0.585449219,
        -0.173339844,
        0.18347168,
        1.38964844,
        1.5859375,
        0.946289062,
        -0.84375,
    ],
    "torch.randint(10, (6,))": [4, 9, 3, 0, 3, 9],
    "torch.randint(-5, 2**40, (3,))": [741234585336, 506077272957, 291397093751],
    "torch.randperm(8)": [4, 0, 7, 3, 2, 5, 1, 6],
    "torch.normal(1.0, 2.0, (3,))": [4.08199215, 0.413142174, -3.35757875],
    "torch.normal(torch.zeros(2), torch.ones(2))": [1.54099607, -0.293428898],
    "torch.bernoulli(torch.full((8,), 0.5))": [1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0, 0.0],
    "torch.poisson(torch.tensor([0.5, 5.0, 50.0]))": [2.0, 6.0, 49.0],
    "torch.multinomial(torch.tensor([1.0, 2.0, 3.0]), 6, True)": [2, 2, 1, 2, 2, 2],
    "torch.multinomial(torch.tensor([1.0, 2.0, 3.0]), 2)": [2, 1],
    "torch.zeros(3).uniform_(-1, 1)": [-0.00748682022, 0.536443591, -0.823045135],
    "torch.zeros(3).normal_(0, 0.02)": [0.0308199227, -0.00586857833, -0.0435757861],
    "torch.zeros(3, dtype=torch.int16).random_()": [2732, 10799, 9845],
    "torch.zeros(3).random_(2, 9)": [6.0, 5.0, 2.0],
    "torch.zeros(8).bernoulli_(0.3)": [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0],
    "torch.zeros(3).exponential_()": [3.50832629, 1.23038471, 0.615044117],
    "torch.zeros(3).geometric_(0.2)": [1.0, 2.0, 4.0],
    "torch.zeros(3).cauchy_()": [10.5977297, 0.764767289, -0.128299341],
    "torch.zeros(3).log_normal_()": [59.2634163, 1.51155996, 0.0348194614],
    "torch.rand_like(torch.zeros(2, 2))": [[0.49625659, 0.768221796], [0.0884774327, 0.132030487]],
    "torch.randn_like(torch.zeros(3, 2).t())": [
        [1.54099607, -2.17878938, -1.08452237],
        [-0.293428898, 0.568431258, -1.39859545],
    ],
    "torch.randint_like(torch.zeros(3), 10)": [4.0, 9.0, 3.0],
}


@pytest.mark.parametrize("call", KNOWN)
def test_known_numbers(call):
    minitorch.manual_seed(0)
    got = eval(call, {"torch": minitorch})
    want = np.array(KNOWN[call])
    assert got.shape == want.shape
    np.testing.assert_allclose(got.numpy(), want, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(("mean", "std", "checksum"), [(0, 1, 0x2989C6D2), (0.5, 0.02, 0xBE0A255F)])
def test_normal_numbers_are_pytorchs_to_the_last_bit(mean, std, checksum):
    minitorch.manual_seed(0)
    x = minitorch.empty(300_001).normal_(mean, std)  # on all cores, with a remainder
    assert crc32(x.numpy().astype("<f4").tobytes()) == checksum


@pytest.mark.parametrize("n", [1999, 2000, 2001, 5000])
def test_randperm_is_a_permutation(n):
    assert sorted(minitorch.randperm(n).tolist()) == list(range(n))


@pytest.mark.parametrize("n", [0, 1, 2, 3, 2000, 4001])
def test_shuffles_agree(n):
    from minitorch.kernels.permutation import permutation

    rng = np.random.default_rng(n)
    targets = np.array([rng.integers(i, n) for i in range(max(n - 1, 0))], np.int64)
    order = list(range(n))
    for i, j in enumerate(targets):
        order[i], order[j] = order[j], order[i]
    assert permutation(targets, n).tolist() == order


def test_seed_state_and_fork():
    minitorch.manual_seed(3)
    assert minitorch.initial_seed() == 3
    state = minitorch.get_rng_state()
    assert state.dtype is minitorch.uint8
    assert state.shape == (5056,)
    first = minitorch.randn(5).tolist()
    minitorch.set_rng_state(state)
    with minitorch.random.fork_rng():
        minitorch.rand(1000)
    assert minitorch.randn(5).tolist() == first
    minitorch.seed()
    assert minitorch.randn(5).tolist() != first


def test_generator():
    g = minitorch.Generator().manual_seed(1)
    h = g.clone_state()
    minitorch.manual_seed(2)
    a = minitorch.randint(100, (5,), generator=g)
    assert a.tolist() == minitorch.randint(100, (5,), generator=h).tolist()
    assert g.device == minitorch.device("cpu")
    b = minitorch.rand(2)
    minitorch.manual_seed(2)
    assert b.tolist() == minitorch.rand(2).tolist()  # g left the default generator alone


@pytest.mark.parametrize("seed", [0, 7, 2**40 + 5, 2**64 - 1])
@pytest.mark.parametrize("drawn", [0, 3, 624, 1300])
def test_states(seed, drawn):
    source, before = minitorch.Generator(), minitorch.Generator()
    source.manual_seed(seed)
    before.bits32(5)
    source.bits32(drawn)
    state = source.get_state()
    after = minitorch.Generator().set_state(state)
    before.set_state(state)
    again = source.clone_state()
    assert all(minitorch.equal(each.get_state(), state) for each in (source, before, after, again))
    expected = source.bits32(700).tolist()
    assert all(each.bits32(700).tolist() == expected for each in (before, after, again))


@pytest.mark.parametrize("memory", ["reached", "not reached"])
@pytest.mark.parametrize("drawn", [0, 1, 3, 700])
def test_back_to_a_mark(drawn, memory):
    g = minitorch.Generator().manual_seed(3)
    if memory == "not reached":  # as in WebAssembly
        g.__dict__["_memory"] = None
    minitorch.randn(drawn, generator=g)
    mark = g.mark()
    first = minitorch.randn(5, generator=g), minitorch.randint(0, 9, (650,), generator=g)
    g.back_to(mark)
    again = minitorch.randn(5, generator=g), minitorch.randint(0, 9, (650,), generator=g)
    assert all(map(minitorch.equal, first, again))


def test_the_state_of_a_stream_that_was_not_begun():
    begun, other = minitorch.Generator().manual_seed(3), minitorch.Generator().manual_seed(3)
    begun.bits32(0)
    state = other.get_state()
    assert minitorch.equal(state, begun.get_state())
    assert "_bits" not in vars(other.set_state(state))


def test_fills_are_in_place():
    x = minitorch.zeros(4, 4)
    row = x[1]
    assert row.uniform_(1, 2) is row
    assert (x[1] >= 1).all()
    assert (x[0] == 0).all()
    assert x._version == 1
    leaf = minitorch.zeros(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="leaf"):
        leaf.normal_()
    with minitorch.no_grad():
        leaf.normal_()
    y = leaf * 2
    y.uniform_()
    assert not y.requires_grad


ERRORS = [
    (lambda: minitorch.manual_seed(2**64), ValueError),
    (lambda: minitorch.randint(5, 5, (2,)), RuntimeError),
    (lambda: minitorch.randint(10, 5), TypeError),
    (lambda: minitorch.rand(2, dtype=minitorch.int64), NotImplementedError),
    (lambda: minitorch.randperm(-1), RuntimeError),
    (lambda: minitorch.zeros(2).uniform_(2, 1), RuntimeError),
    (lambda: minitorch.zeros(2).normal_(0, -1), RuntimeError),
    (lambda: minitorch.zeros(2).bernoulli_(2), RuntimeError),
    (lambda: minitorch.multinomial(minitorch.zeros(3), 2), RuntimeError),
    (lambda: minitorch.multinomial(minitorch.ones(3), 4), RuntimeError),
    (lambda: minitorch.poisson(-minitorch.ones(1)), RuntimeError),
    (lambda: minitorch.normal(0.0, 1.0), TypeError),
    (lambda: minitorch.set_rng_state(minitorch.zeros(1, dtype=minitorch.uint8)), RuntimeError),
    (lambda: minitorch.Generator("cuda"), RuntimeError),
    (lambda: minitorch.zeros(2).normal_(mu=1), TypeError),
]


@pytest.mark.parametrize("number", range(len(ERRORS)))
def test_errors(number):
    call, error = ERRORS[number]
    with pytest.raises(error):
        call()


def test_inside_vmap():
    def add_noise(x):
        return x + minitorch.randn(3)

    x = minitorch.zeros(2, 3)
    with pytest.raises(RuntimeError, match="randomness error mode"):
        minitorch.func.vmap(add_noise)(x)
    minitorch.manual_seed(0)
    got = minitorch.func.vmap(add_noise, randomness="different")(x)
    minitorch.manual_seed(0)
    assert got.tolist() == minitorch.randn(2, 3).tolist()
    minitorch.manual_seed(0)
    got = minitorch.func.vmap(add_noise, randomness="same")(x)
    minitorch.manual_seed(0)
    assert got.tolist() == [minitorch.randn(3).tolist()] * 2


def test_overflow_is_infinite_without_a_warning():
    x = minitorch.zeros(40, dtype=minitorch.float16)
    assert minitorch.isinf(x.normal_(0, 1e6)).any()
    assert minitorch.isinf(x.cauchy_(0, 1e6)).any()
    assert minitorch.isinf(x.log_normal_(20, 1)).any()
    half = minitorch.full((40,), 60000.0, dtype=minitorch.float16)
    wide = minitorch.normal(half, half)
    assert wide.dtype is minitorch.float16


def test_complex_numbers_with_gaps_in_memory():
    transposed = minitorch.zeros(2, 2, dtype=minitorch.complex64).mT
    minitorch.manual_seed(1)
    normal = minitorch.view_as_real(minitorch.randn_like(transposed))
    minitorch.manual_seed(1)
    uniform = minitorch.view_as_real(minitorch.rand_like(transposed))
    assert normal.flatten().tolist() == pytest.approx(  # PyTorch's
        [0.4676, 0.1887, -0.3195, -0.1175, 0.0436, 0.4393, -1.0768, 0.2699], abs=1e-4
    )
    assert uniform.flatten().tolist() == pytest.approx(
        [0.7576, 0.2793, 0.0293, 0.7999, 0.4031, 0.7347, 0.3971, 0.7544], abs=1e-4
    )


# method -> its arguments' names and defaults, and others that it takes
FILLING = {
    "uniform_": {"from": (0.0, -1.5), "to": (1.0, 2.5)},
    "normal_": {"mean": (0.0, 3.0), "std": (1.0, 0.02)},
    "cauchy_": {"median": (0.0, -2.0), "sigma": (1.0, 0.5)},
    "log_normal_": {"mean": (1.0, 0.5), "std": (2.0, 0.3)},
    "exponential_": {"lambd": (1.0, 3.0)},
}


@pytest.mark.parametrize("size", [5, 40])
@pytest.mark.parametrize("name", FILLING)
def test_each_argument_alone_leaves_the_others_at_their_defaults(name, size):
    def draw(*args, **named):
        minitorch.manual_seed(3)
        return getattr(minitorch.full((size,), float("nan")), name)(*args, **named).tolist()

    arguments = FILLING[name]
    assert draw() == draw(*(default for default, _ in arguments.values()))
    for key, (_, other) in arguments.items():
        full = [other if key == each else default for each, (default, _) in arguments.items()]
        assert draw(**{key: other}) == draw(*full)
    first, (default, _) = next(iter(arguments.items()))
    with pytest.raises(TypeError, match=name):
        draw(default, 1.0, 1.0)
    if len(arguments) == 1:
        with pytest.raises(TypeError, match=name):
            draw(default, **{first: default})


def one_by_one(number, count):
    """What ``number(draw)`` gives, and the numbers that come after."""
    generator = minitorch.Generator().manual_seed(3)
    with generator.one_by_one(4096) as draw:
        made = [number(draw) for _ in range(count)]
    return made, minitorch.rand(3, generator=generator)


@pytest.mark.parametrize("count", [65, 3000, 40001])
@pytest.mark.parametrize("rate", [0.0, 0.05, 1.0, 9.75, 10.0, 80.0, 1e6])
def test_poisson_numbers_of_one_rate_come_in_bulk(rate, count):
    from minitorch.kernels.poisson import poisson_one

    generator = minitorch.Generator().manual_seed(3)
    made = minitorch.poisson(minitorch.full((count,), rate), generator)
    numbers, after = one_by_one(lambda draw: poisson_one(rate, draw), count)
    assert made.tolist() == numbers
    assert minitorch.equal(minitorch.rand(3, generator=generator), after)


@pytest.mark.parametrize("count", [65, 40001])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("trials", "p"),
    [(0, 0.5), (7, 0.0), (7, 1.0), (10, 0.3), (10, 0.75), (90, 0.1), (400, 0.5), (1e5, 0.99)],
)
def test_binomial_numbers_of_one_distribution_come_in_bulk(trials, p, dtype, count):
    from minitorch.kernels.binomial import binomial_one

    trials, p = dtype(trials), dtype(p)
    generator = minitorch.Generator().manual_seed(3)
    both = [minitorch.from_numpy(np.full(count, value)) for value in (trials, p)]
    made = minitorch.binomial(*both, generator)
    numbers, after = one_by_one(lambda draw: binomial_one(trials, p, draw), count)
    assert made.tolist() == numbers
    assert minitorch.equal(minitorch.rand(3, generator=generator), after)


@pytest.mark.parametrize("normals", [0, 1])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("count", [256, 40001])
@pytest.mark.parametrize("a", [1e-3, 0.2, 0.999, 1.0, 1.7])
def test_gamma_numbers_of_one_distribution_come_in_bulk(a, count, dtype, normals):
    from minitorch.kernels.gamma_samples import Draws, _singly

    concentration = np.full(count, a, dtype)
    made = []
    for bulk in (True, False):
        generator = minitorch.Generator().manual_seed(4)
        minitorch.randn(normals, generator=generator)  # one leaves the second of its pair
        if bulk:
            numbers = minitorch._standard_gamma(minitorch.from_numpy(concentration), generator)
        else:
            with generator.looking_ahead(Draws) as draws:
                one_by_one = np.array(_singly(concentration, draws))
            with np.errstate(under="ignore"):
                numbers = np.maximum(one_by_one.astype(dtype), np.finfo(dtype).tiny)
            numbers = minitorch.from_numpy(numbers)
        after = [f(3, generator=generator) for f in (minitorch.randn, minitorch.rand)]
        made.append((numbers, *after))
    for one, other in zip(*made, strict=True):
        assert minitorch.equal(one, other)
