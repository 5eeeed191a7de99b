"""Datasets, samplers, collation."""

from __future__ import annotations

from collections import OrderedDict, namedtuple

import minitorch
import numpy as np
import pytest
from examples_of_data import Count, Squares
from minitorch.utils.data import (
    BatchSampler,
    ChainDataset,
    ConcatDataset,
    Dataset,
    DistributedSampler,
    IterableDataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    StackDataset,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    default_convert,
    random_split,
)

Point = namedtuple("Point", "x y")


# --- datasets ----------------------------------------------------------------------------------


def test_tensor_dataset():
    x, y = minitorch.arange(6).reshape(3, 2), minitorch.zeros(3)
    dataset = TensorDataset(x, y)
    assert len(dataset) == 3
    assert dataset[1][0].tolist() == [2, 3]
    with pytest.raises(AssertionError, match=r"\[3, 2\]"):
        TensorDataset(x, minitorch.zeros(2))


def test_concat_and_chain():
    both = Squares(3) + Squares(2)
    assert isinstance(both, ConcatDataset)
    assert [both[i] for i in (*range(5), -1, -5)] == [0, 1, 4, 0, 1, 1, 0]
    with pytest.raises(ValueError, match="should not exceed"):
        both[-6]
    with pytest.raises(AssertionError, match="empty"):
        ConcatDataset([])
    with pytest.raises(AssertionError, match="IterableDataset"):
        ConcatDataset([Count(3)])
    chained = Count(2) + Count(3)
    assert isinstance(chained, ChainDataset)
    assert list(chained) == [0, 1, 0, 1, 2]
    with pytest.raises(AssertionError, match="only supports"):
        list(ChainDataset([[1]]))


def test_stack():
    assert StackDataset(Squares(), range(10))[3] == (9, 3)
    named = StackDataset(square=Squares(), root=range(10))
    assert named[3] == {"square": 9, "root": 3}
    assert named.__getitems__([1, 2]) == [{"square": 1, "root": 1}, {"square": 4, "root": 2}]
    for arguments, names in (((), {}), (([1],), {"a": [1]}), (([1], [1, 2]), {})):
        with pytest.raises(ValueError, match=r"dataset|both types"):
            StackDataset(*arguments, **names)


def test_subset():
    subset = Subset(Subset(Squares(), [4, 6, 8]), [2, 0])
    assert len(subset) == 2
    assert [subset[0], subset[1]] == subset.__getitems__([0, 1]) == [64, 16]

    class Half(Subset):
        def __getitem__(self, i):
            return super().__getitem__(i) / 2

    with pytest.raises(NotImplementedError, match="__getitems__"):
        Half(Squares(), [0])


def test_random_split():
    parts = random_split(range(11), [0.5, 0.3, 0.2])
    assert [len(part) for part in parts] == [6, 3, 2]
    assert sorted(i for part in parts for i in part.indices) == list(range(11))
    generator = minitorch.Generator().manual_seed(1)
    first = random_split(range(9), [4, 5], generator=generator)
    generator.manual_seed(1)
    assert first[0].indices == random_split(range(9), [4, 5], generator)[0].indices
    with pytest.raises(ValueError, match="sum to 8, the dataset has 9"):
        random_split(range(9), [4, 4])
    with pytest.raises(ValueError, match="index 0"):
        random_split(range(9), [-0.5, 1.5])
    with pytest.warns(UserWarning, match="index 1 is 0"):
        random_split(range(3), [1.0, 0.0])


def test_subclasses_define_access():
    with pytest.raises(NotImplementedError):
        Dataset()[0]
    with pytest.raises(NotImplementedError):
        iter(IterableDataset())
    with pytest.raises(NotImplementedError):
        iter(Sampler())


# --- samplers ----------------------------------------------------------------------------------


def test_samplers_yield_what_they_promise():
    assert list(SequentialSampler("abc")) == [0, 1, 2]
    assert sorted(RandomSampler(range(50))) == list(range(50))
    assert len(list(RandomSampler(range(3), replacement=True, num_samples=70))) == 70
    twice = list(RandomSampler(range(3), num_samples=7))
    assert sorted(twice[:3]) == sorted(twice[3:6]) == [0, 1, 2]
    assert sorted(SubsetRandomSampler([5, 7])) == [5, 7]
    assert set(WeightedRandomSampler([0, 1, 0, 1], 20)) == {1, 3}
    batches = BatchSampler(range(7), 3, drop_last=False)
    assert list(batches) == [[0, 1, 2], [3, 4, 5], [6]]
    assert len(batches) == 3
    shorter = BatchSampler(range(7), 3, drop_last=True)
    assert list(shorter) == [[0, 1, 2], [3, 4, 5]]
    assert len(shorter) == 2


def test_distributed_shares_cover_everything():
    shares = [list(DistributedSampler(range(10), 3, rank)) for rank in range(3)]
    assert {len(share) for share in shares} == {4}
    assert set().union(*shares) == set(range(10))
    sampler = DistributedSampler(range(10), 2, 0)
    before = list(sampler)
    sampler.set_epoch(1)
    assert list(sampler) != before
    with pytest.raises(ValueError, match="rank 3"):
        DistributedSampler(range(10), 3, 3)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: RandomSampler([]), ValueError),
        (lambda: RandomSampler([1], replacement=1), TypeError),
        (lambda: RandomSampler([1], num_samples=0), ValueError),
        (lambda: WeightedRandomSampler([[1.0]], 2), ValueError),
        (lambda: WeightedRandomSampler([1.0], True), ValueError),
        (lambda: BatchSampler([1], 0, False), ValueError),
        (lambda: BatchSampler([1], 1, 0), ValueError),
    ],
)
def test_samplers_refuse(make, error):
    with pytest.raises(error):
        make()


# --- collation ---------------------------------------------------------------------------------


def test_default_collate():
    batch = default_collate([{"p": Point(1, 2.5), "s": "a"}, {"p": Point(3, 4.5), "s": "b"}])
    assert batch["s"] == ["a", "b"]
    assert type(batch["p"]) is Point
    assert batch["p"].x.dtype == minitorch.int64
    assert batch["p"].y.dtype == minitorch.float64
    images, labels = default_collate([(np.zeros((2, 2), np.float32), np.int32(1))] * 3)
    assert images.shape == (3, 2, 2)
    assert images.dtype == minitorch.float32
    assert labels.tolist() == [1, 1, 1]
    assert default_collate([minitorch.ones(2), minitorch.zeros(2)]).tolist() == [[1, 1], [0, 0]]
    assert type(default_collate([OrderedDict(a=1)] * 2)) is OrderedDict
    with pytest.raises(RuntimeError, match="equal size"):
        default_collate([[1], [1, 2]])
    for unfit in (object(), np.array(["a"])):
        with pytest.raises(TypeError, match="default_collate"):
            default_collate([unfit, unfit])


def test_default_convert():
    converted = default_convert({"a": np.ones(2), "b": [np.float64(2), "x"], "c": (1, np.ones(1))})
    assert converted["a"].tolist() == [1, 1]
    assert converted["b"][0].item() == 2
    assert converted["b"][1] == "x"
    assert type(converted["c"]) is list
