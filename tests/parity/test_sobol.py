"""``quasirandom.SobolEngine`` draws PyTorch's points."""

from __future__ import annotations

import minitorch
import pytest
import torch

pytest.importorskip("scipy")


@pytest.mark.parametrize("scramble", [False, True])
@pytest.mark.parametrize("dimension", [1, 2, 7, 1111])
def test_points(dimension: int, scramble: bool) -> None:
    ours, theirs = (
        module.quasirandom.SobolEngine(dimension, scramble=scramble, seed=5)
        for module in (minitorch, torch)
    )
    assert repr(ours) == repr(theirs)
    for step in (
        lambda e: e.draw(),
        lambda e: e.draw(5),
        lambda e: e.fast_forward(3),
        lambda e: e.draw_base2(0) if e.num_generated in (0, 1) else e.draw(2),
        lambda e: e.reset(),
        lambda e: e.fast_forward(2),
        lambda e: e.draw(4),
    ):
        made = [step(engine) for engine in (ours, theirs)]
        assert ours.num_generated == theirs.num_generated
        if hasattr(made[1], "tolist"):
            assert made[0].tolist() == made[1].tolist()
            assert str(made[0].dtype) == str(made[1].dtype)


def test_the_seed_of_the_global_generator() -> None:
    drawn = []
    for module in (minitorch, torch):
        module.manual_seed(3)
        engine = module.quasirandom.SobolEngine(3, scramble=True)
        drawn.append((engine.draw(4, dtype=module.float64).tolist(), module.rand(1).item()))
    assert drawn[0] == drawn[1]


def test_refusals() -> None:
    with pytest.raises(ValueError, match="Supported range"):
        minitorch.quasirandom.SobolEngine(21202)
    engine = minitorch.quasirandom.SobolEngine(2)
    engine.draw(3)
    with pytest.raises(ValueError, match="power of 2"):
        engine.draw_base2(3)
