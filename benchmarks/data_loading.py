"""Rows per second of a DataLoader against PyTorch's, alternating in one run.

python benchmarks/data_loading.py
"""

from __future__ import annotations

import statistics
import time

import minitorch
import numpy as np
import torch

ROWS = 60_000


class Samples:
    """A dataset that hands out one row at a time."""

    def __init__(self, *columns):
        self.columns = columns

    def __len__(self):
        return len(self.columns[0])

    def __getitem__(self, i):
        return tuple(column[i] for column in self.columns)


def tensors(library):
    return library.rand(ROWS, 28 * 28), library.randint(0, 10, (ROWS,))


CASES = {
    "TensorDataset, batches of 64": (
        lambda t: t.utils.data.TensorDataset(*tensors(t)), {"batch_size": 64}),
    "TensorDataset, batches of 512": (
        lambda t: t.utils.data.TensorDataset(*tensors(t)), {"batch_size": 512}),
    "TensorDataset, 512, two workers": (
        lambda t: t.utils.data.TensorDataset(*tensors(t)), {"batch_size": 512, "num_workers": 2}),
    "tensors one by one, 64": (lambda t: Samples(*tensors(t)), {"batch_size": 64}),
    "NumPy arrays one by one, 64": (
        lambda t: Samples(*(x.numpy() for x in tensors(t))), {"batch_size": 64}),
}  # fmt: skip


def seconds(loader):
    start = time.perf_counter()
    rows = sum(len(x) for x, y in loader)
    assert rows == ROWS
    return time.perf_counter() - start


def main():
    print(f"{'':34}{'MiniTorch':>12}{'PyTorch':>12}{'ratio':>8}   (rows per second)")
    for name, (dataset, options) in CASES.items():
        loaders = [
            library.utils.data.DataLoader(dataset(library), shuffle=True, **options)
            for library in (minitorch, torch)
        ]
        times = np.array([[seconds(loader) for loader in loaders] for _ in range(5)])
        ours, theirs = (ROWS / statistics.median(column) for column in times.T)
        print(f"{name:34}{ours:12,.0f}{theirs:12,.0f}{ours / theirs:8.1f}")


if __name__ == "__main__":
    main()
