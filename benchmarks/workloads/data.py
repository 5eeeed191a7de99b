"""An epoch of a shuffled DataLoader over rows of 784 numbers."""

from __future__ import annotations

from typing import Any

from .workload import Step, workload

GROWTH = (2_500, 5_000, 10_000, 20_000)


class Rows:
    """A dataset that hands out one row at a time."""

    def __init__(self, *columns: Any) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(self.columns[0])

    def __getitem__(self, i: int) -> tuple[Any, ...]:
        return tuple(column[i] for column in self.columns)


def columns(torch: Any, rows: int) -> tuple[Any, Any]:
    return torch.rand(rows, 784), torch.randint(0, 10, (rows,))


def epoch(torch: Any, dataset: Any, **options: int) -> Step:
    loader = torch.utils.data.DataLoader(dataset, shuffle=True, **options)

    def step() -> None:
        for _ in loader:
            pass

    return step


@workload(10_000, growth=GROWTH)
def tensor_dataset(torch: Any, size: int) -> Step:
    """TensorDataset, {size} rows in batches of 64"""
    dataset = torch.utils.data.TensorDataset(*columns(torch, size))
    return epoch(torch, dataset, batch_size=64)


@workload(10_000)
def tensor_dataset_512(torch: Any, size: int) -> Step:
    """TensorDataset, {size} rows in batches of 512"""
    dataset = torch.utils.data.TensorDataset(*columns(torch, size))
    return epoch(torch, dataset, batch_size=512)


@workload(20_000)
def tensor_dataset_workers(torch: Any, size: int) -> Step:
    """TensorDataset, {size} rows in batches of 512, two workers"""
    dataset = torch.utils.data.TensorDataset(*columns(torch, size))
    return epoch(torch, dataset, batch_size=512, num_workers=2)


@workload(10_000)
def rows_of_tensors(torch: Any, size: int) -> Step:
    """Tensors row by row, {size} rows in batches of 64"""
    return epoch(torch, Rows(*columns(torch, size)), batch_size=64)


@workload(10_000)
def rows_of_arrays(torch: Any, size: int) -> Step:
    """NumPy arrays row by row, {size} rows in batches of 64"""
    arrays = (x.numpy() for x in columns(torch, size))
    return epoch(torch, Rows(*arrays), batch_size=64)
