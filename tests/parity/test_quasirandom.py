"""Sobol sequences are PyTorch's, number by number."""

import minitorch
import pytest
import torch

ENGINES = [(1, False, None), (3, False, None), (5, True, 7), (40, True, 0), (1111, False, None)]


@pytest.mark.parametrize(("dimension", "scramble", "seed"), ENGINES)
def test_sequences(dimension, scramble, seed):
    def sequence(module):
        engine = module.quasirandom.SobolEngine(dimension, scramble, seed)
        drawn = [engine.draw(5), engine.draw(1), engine.draw(3, dtype=module.float64)]
        engine.fast_forward(6)
        drawn += [engine.draw(2), engine.reset().draw_base2(3)]
        engine.reset().fast_forward(4)
        return repr(engine), [(str(x.dtype), x.tolist()) for x in (*drawn, engine.draw(2))]

    assert sequence(minitorch) == sequence(torch)


def test_the_default_generator_scrambles():
    def drawn(module):
        module.manual_seed(3)
        engine = module.quasirandom.SobolEngine(2, scramble=True)
        return engine.draw(3, dtype=module.float64).tolist(), module.rand(2).tolist()

    assert drawn(minitorch) == drawn(torch)


@pytest.mark.parametrize("module", [minitorch, torch])
def test_what_is_refused(module):
    engine = module.quasirandom.SobolEngine(2)
    out = module.empty(0)
    assert engine.draw(3, out=out) is out
    assert out.shape == (3, 2)
    with pytest.raises(ValueError, match=r"n=3\+2\*\*2=7"):
        engine.draw_base2(2)
    with pytest.raises(ValueError, match="SobolEngine"):
        module.quasirandom.SobolEngine(0)
