"""Corners of creation, indexing and shapes: the same values, strides and sharing as PyTorch."""

from __future__ import annotations

import array
from typing import Any

import minitorch
import numpy as np
import pytest
import torch

NAN = float("nan")


def shared_bytes(lib: Any, make: Any = bytearray, **options: Any) -> Any:
    data = make(range(8))
    made = lib.asarray(data, **options)
    made[0] = 0
    return made, made.dtype, list(bytes(data))


def real_and_imag(lib: Any) -> Any:
    x = lib.zeros(2, dtype=lib.complex64)
    x.real = lib.tensor([1.0, 2.0])
    x.imag = 3.0
    y = lib.zeros(2)
    y.real = lib.tensor([4.0, 5.0])
    return x.tolist(), y


def imag_of_reals(lib: Any) -> None:
    lib.zeros(2).imag = 1.0


def written_ravel(lib: Any) -> Any:
    x = lib.arange(10.0)
    x[::2].ravel()[0] = 9
    x.ravel()[1] = 8
    return x


def broadcast(lib: Any) -> Any:
    a, b, c = lib.zeros(2, 3), lib.ones(2, 3), lib.ones(3)
    same, mixed = lib.broadcast_tensors(a, b), lib.broadcast_tensors(a, c)
    return same[0] is a, same[1] is b, mixed[0] is a, mixed[1].stride()


def rows(lib: Any) -> Any:
    return lib.tensor([[1, NAN, 2], [1, NAN, 2], [0, 1, NAN], [1, NAN, 2], [0, 1, NAN]])


CORNERS: dict[str, Any] = {
    "asarray of a bytearray": shared_bytes,
    "asarray of a memoryview": lambda lib: shared_bytes(lib, lambda n: memoryview(bytearray(n))),
    "asarray of bytes as int16": lambda lib: shared_bytes(lib, dtype=lib.int16),
    "asarray of a copy": lambda lib: shared_bytes(lib, copy=True),
    "asarray of an odd buffer": lambda lib: lib.asarray(bytearray(3)),
    "asarray of an array": lambda lib: lib.asarray(array.array("i", [1, 2]), dtype=lib.int32),
    "asarray of a NumPy number": lambda lib: lib.asarray(np.float32(3)),
    "asarray of a list": lambda lib: lib.asarray([1, 2]),
    "asarray of a list, shared": lambda lib: lib.asarray([1, 2], copy=False),
    "tensor of sizes": lambda lib: lib.tensor([lib.zeros(2, 3).shape, (3, 4)]),
    "tensor of a list with one Size": lambda lib: lib.tensor([lib.Size([2, 3])]),
    "number of int16 as index": lambda lib: lib.arange(3.0)[lib.tensor(1, dtype=lib.int16)],
    "number of int8 as index": lambda lib: lib.arange(3.0)[lib.tensor(1, dtype=lib.int8)],
    "tensor of int16 as index": lambda lib: lib.arange(3.0)[lib.tensor([1], dtype=lib.int16)],
    "unique rows with NaN": lambda lib: lib.unique(rows(lib), True, True, True, dim=0),
    "unique columns with NaN": lambda lib: lib.unique(rows(lib), True, True, True, dim=1),
    "unique with NaN": lambda lib: lib.unique(rows(lib), True, True, True),
    "unique consecutive": lambda lib: lib.unique_consecutive(rows(lib), True, True, dim=0),
    "x.real = y": real_and_imag,
    "x.imag of reals": imag_of_reals,
    "ravel": lambda lib: lib.arange(10.0)[::2].ravel(),
    "ravel shares where it can": written_ravel,
    "broadcast_tensors": broadcast,
    **{
        f"expand {shape} to {size}": lambda lib, shape=shape, size=size: [
            lib.zeros(shape).expand(size).stride(), lib.broadcast_to(lib.zeros(shape), size)
        ]
        for shape, size in [
            ((3,), (2, 3)), ((3, 1), (2, 3, 4)), ((1,), (2, 5)), ((), (2, 3)), ((1, 3), (4, -1, 3)),
            ((1,), (1, 1, 1)), ((2, 3), (1, 2, 3)), ((2, 1, 3), (5, 2, 4, 3)), ((1, 1), (1, 1)),
            # not () to (1,): NumPy's step is 0 there as in x[None], where PyTorch has 0 and 1
            ((), ()), ((2, 3), (1, 4, 2, 3)), ((2,), (3,)), ((2,), (-1, 2)),
        ]
    },
    "expand of a transpose": lambda lib: lib.zeros(3, 4).t().expand(1, 2, 4, 3),
    "expand of a slice": lambda lib: lib.zeros(6)[::2].expand(2, 3),
}  # fmt: skip
# strides of the result and of the gradients: those of the operands, which are contiguous
PRODUCTS = [
    ("ij,jk->ik", (2, 3), (3, 4)), ("ij,jk->ki", (2, 3), (3, 4)), ("ij->ji", (2, 3)),
    ("bij,bjk->bik", (2, 3, 4), (2, 4, 5)), ("bij,bjk->kib", (2, 3, 4), (2, 4, 5)),
    ("bhid,bhjd->bhij", (2, 3, 4, 5), (2, 3, 6, 5)), ("ii->i", (3, 3)), ("i,j->ji", (3,), (4,)),
    ("bihd,bjhd->bhij", (2, 4, 3, 5), (2, 6, 3, 5)), ("ij,ij->ji", (2, 3), (2, 3)),
    ("bhij,bjhd->bihd", (2, 3, 4, 6), (2, 6, 3, 5)), ("ijk,kl->lij", (2, 3, 4), (4, 5)),
    ("ij,kj->ikj", (2, 3), (4, 3)), ("ijk,jil->kl", (2, 3, 4), (3, 2, 5)),
    ("i,j,k->kji", (2,), (3,), (4,)), ("ij,jkl->kil", (2, 3), (3, 4, 5)),
    ("ijm,mkl->ilkj", (2, 3, 4), (4, 5, 6)), ("bim,bmk->kbi", (2, 3, 4), (2, 4, 5)),
    ("bi,bk->kbi", (2, 3), (2, 4)),
]  # fmt: skip


POINTS = [[NAN, 0.0], [0.0, NAN], [NAN, NAN], [float("inf"), 0.0], [0.0, -float("inf")],
          [-1e20, 3.0], [1e5, 0.2]]  # fmt: skip
CRASHES = ("bilinear border", "bilinear reflection")  # PyTorch's backward, at NaN


@pytest.mark.parametrize("align", [False, True])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
def test_grid_sample_outside_of_numbers(mode: str, padding: str, align: bool) -> None:
    def results(lib: Any, point: Any) -> Any:
        image = lib.arange(16.0).reshape(1, 1, 4, 4).requires_grad_()
        grid = lib.tensor([[[point]]], requires_grad=True)
        out = lib.nn.functional.grid_sample(image, grid, mode, padding, align)
        found = [out.detach().numpy()]
        if f"{mode} {padding}" not in CRASHES:
            out.sum().backward()
            found += [grid.grad.numpy(), image.grad.numpy()]
        return found

    for point in POINTS:
        for mine, other in zip(results(minitorch, point), results(torch, point), strict=True):
            np.testing.assert_allclose(mine, other, 1e-5, 1e-5, err_msg=str(point))


def plain(value: Any) -> Any:
    """What can be compared: strides and values, also of what is within."""
    if isinstance(value, torch.Tensor | minitorch.Tensor):
        return [list(value.shape), list(value.stride()), str(value.dtype), repr(value.tolist())]
    return list(map(plain, value)) if isinstance(value, list | tuple) else str(value)


def outcome(corner: Any, lib: Any) -> Any:
    try:
        return plain(corner(lib))
    except Exception as error:
        return type(error)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CORNERS)
def test_corners(name: str) -> None:
    assert outcome(CORNERS[name], minitorch) == outcome(CORNERS[name], torch)


@pytest.mark.parametrize(("equation", "shapes"), [(p[0], p[1:]) for p in PRODUCTS])
def test_einsum_strides(equation: str, shapes: Any) -> None:
    def strides(lib: Any) -> Any:
        xs = [lib.ones(shape, requires_grad=True) for shape in shapes]
        out = lib.einsum(equation, *xs)
        out.sum().backward()
        return [t.stride() for t in (out, *(x.grad for x in xs))]

    assert strides(minitorch) == strides(torch)
