"""Loaders beside PyTorch's: the same batches in the same order, and the same random state after."""

from __future__ import annotations

import multiprocessing
import random
from collections.abc import Callable
from typing import Any

import minitorch
import minitorch.utils.data as our_data
import numpy as np
import pytest
import torch
import torch.utils.data as their_data

pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
LIBRARIES = ((minitorch, our_data), (torch, their_data))


def plain(x: Any) -> Any:
    if isinstance(x, minitorch.Tensor | torch.Tensor):
        return str(x.dtype), x.tolist()
    if isinstance(x, list | tuple):
        return type(x).__name__, [plain(y) for y in x]
    return {k: plain(v) for k, v in x.items()} if isinstance(x, dict) else x


def agree(program: Callable[[Any, Any], Any]) -> None:
    found = []
    for library, data in LIBRARIES:
        library.manual_seed(3)
        random.seed(3)
        found.append((plain(program(library, data)), library.get_rng_state().tolist()))
    assert found[0] == found[1]


def options(data: Any, workers: int) -> dict[str, Any]:
    return {"num_workers": workers, "multiprocessing_context": "fork"} if workers else {}


workers = pytest.mark.parametrize("workers", [0, 2])


@workers
@pytest.mark.parametrize("generator", [False, True])
@pytest.mark.parametrize(
    "kind",
    [
        {}, {"shuffle": True}, {"batch_size": 3, "shuffle": True, "drop_last": True},
        {"batch_size": None}, {"batch_size": None, "shuffle": True}, {"batch_size": 4},
    ],
)  # fmt: skip
def test_batches(kind: dict[str, Any], generator: bool, workers: int) -> None:
    def program(T: Any, data: Any) -> Any:
        source = data.TensorDataset(T.arange(10), T.arange(10) * 0.5)
        g = T.Generator().manual_seed(7) if generator else None
        loader = data.DataLoader(source, generator=g, **kind, **options(data, workers))
        subset = data.DataLoader(data.Subset(source, [3, 1, 9]), **kind, **options(data, workers))
        passes = list(loader), list(loader), list(subset)
        return *passes, g.get_state() if g else None

    agree(program)


@pytest.mark.parametrize(("workers", "persistent"), [(0, False), (2, False), (2, True)])
def test_passes_that_are_left_early(workers: int, persistent: bool) -> None:
    def program(T: Any, data: Any) -> Any:
        loader = data.DataLoader(
            range(20), 3, True, persistent_workers=persistent, **options(data, workers)
        )
        return [[batch for batch, _ in zip(loader, range(2))] for _ in range(3)], list(loader)

    agree(program)


@pytest.mark.parametrize("replacement", [False, True])
@pytest.mark.parametrize("count", [None, 5, 32, 40, 64])
@pytest.mark.parametrize("generator", [False, True])
def test_random_sampler(replacement: bool, count: int | None, generator: bool) -> None:
    def program(T: Any, data: Any) -> Any:
        g = T.Generator().manual_seed(5) if generator else None
        sampler = data.RandomSampler(range(10), replacement, count, g)
        return list(sampler), list(sampler), g.get_state() if g else None

    agree(program)


@pytest.mark.parametrize(
    "program",
    [
        lambda T, data: list(data.WeightedRandomSampler([0.1, 0.4, 0.2, 0.3], 10)),
        lambda T, data: list(data.WeightedRandomSampler([0.1, 0.4, 0.2, 0.3], 3, False)),
        lambda T, data: list(data.SubsetRandomSampler([5, 6, 7, 9])),
        lambda T, data: [s.indices for s in data.random_split(range(101), [0.3, 0.3, 0.4])],
        lambda T, data: [s.indices for s in data.random_split(range(10), [3, 7])],
        lambda T, data: [
            list(data.DistributedSampler(range(n), 3, rank, shuffle, drop_last=drop))
            for n in (2, 10, 12)
            for rank in range(3)
            for shuffle in (False, True)
            for drop in (False, True)
        ],
    ],
)
def test_other_samplers(program: Callable[[Any, Any], Any]) -> None:
    agree(program)


@workers
@pytest.mark.parametrize("short", [0, 1])
@pytest.mark.parametrize("batch", [{"batch_size": None}, {}, {"batch_size": 4, "drop_last": True},
                                   {"batch_size": 4}])  # fmt: skip
def test_streams_of_uneven_workers(workers: int, short: int, batch: dict[str, Any]) -> None:
    def program(T: Any, data: Any) -> Any:
        class Stream(data.IterableDataset):
            def __iter__(self) -> Any:
                worker = data.get_worker_info()
                start = 100 * worker.id if worker else 0
                return iter(range(start, start + (3 if worker and worker.id == short else 11)))

        return list(data.DataLoader(Stream(), **batch, **options(data, workers)))

    agree(program)


def test_random_numbers_of_workers() -> None:
    def program(T: Any, data: Any) -> Any:
        class Draws(data.Dataset):
            def __len__(self) -> int:
                return 6

            def __getitem__(self, i: int) -> Any:
                return random.random(), np.random.rand(), T.rand(2)

        return list(data.DataLoader(Draws(), 2, **options(data, 2)))

    agree(program)
    assert not multiprocessing.active_children()


@pytest.mark.parametrize(
    "batch",
    [
        [1, 2], [1.5, 2.0], [True, False], ["a", "b"], [b"a", b"b"], [(1, "a"), (2, "b")],
        [[1, 2.0], [3, 4.0]], [{"a": np.float32(1), "b": [1, (2, np.ones(2))]}] * 2,
        [np.ones(2, np.int16)] * 2, [np.int8(1), np.int8(2)], [np.float64(1)] * 2,
        [np.bool_(1)] * 2, [np.str_("a")] * 2,
    ],
)  # fmt: skip
def test_collation(batch: Any) -> None:
    agree(lambda T, data: data.default_collate(batch))
    agree(lambda T, data: data.default_convert(batch))
    agree(lambda T, data: data.default_convert(batch[0]))


@pytest.mark.parametrize("batch", [[[1], [1, 2]], [object()], [np.array(["a"])], [None]])
def test_collation_that_fails(batch: Any) -> None:
    for _, data in LIBRARIES:
        with pytest.raises((RuntimeError, TypeError)) as caught:
            data.default_collate(batch)
        kind = caught.type
    assert kind is caught.type


def test_pytorch_comes_back_after_the_alias() -> None:
    with minitorch.as_torch():
        import torch.nn.functional as ours

        assert ours is minitorch.nn.functional
        from torch.utils.data import DataLoader

        assert DataLoader is our_data.DataLoader
    import torch.nn.functional as theirs

    assert theirs is torch.nn.functional is not ours
