"""Results lie in memory as PyTorch's do: on inputs in Fortran's order, over PyTorch's database.

Where PyTorch's result is contiguous ours must be, or a ``view`` would be refused here that runs
there. The other way round PyTorch is the stricter one: what runs there runs here.
"""

from __future__ import annotations

from typing import Any

import database
import minitorch
import pytest
import torch

COLUMNS = "LAPACK's columns; NumPy copies them to rows"
FIRST = "operands in different orders: PyTorch follows the first, NumPy prefers C's"
HARMLESS = {  # names whose results may be contiguous here where PyTorch's are not
    **dict.fromkeys(
        ("cholesky", "linalg.cholesky", "linalg.eigh", "linalg.inv", "linalg.qr", "linalg.solve",
         "linalg.svd", "linalg.tensorinv", "qr", "svd", "geqrf", "linalg.householder_product",
         "linalg.lu_factor", "linalg.lu_factor_ex", "linalg.lu_solve", "lu", "lu_solve", "ormqr",
         "triangular_solve"), COLUMNS,
    ),
    **dict.fromkeys(
        ("addcdiv", "addcmul", "addr", "kron", "masked.normalize", "nn.functional.normalize",
         "special.zeta"), FIRST,
    ),
    **dict.fromkeys(
        ("fft.hfft", "fft.hfft2", "fft.hfftn", "fft.ihfft", "fft.ihfft2", "fft.ihfftn",
         "fft.irfft", "fft.irfft2", "fft.irfftn"),
        "PyTorch's order is that of its library's passes",
    ),
    "linalg.matrix_power": "the inverse's are LAPACK's columns",
    **dict.fromkeys(
        ("erf", "nn.functional.gelu", "nn.functional.local_response_norm"),
        "computed on contiguous memory",
    ),
    "nn.functional.max_unpool2d": "channels last, which PyTorch keeps",
}  # fmt: skip


def in_fortran_order(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        value = value.detach()
        order = tuple(reversed(range(value.ndim)))
        return value.permute(order).contiguous().permute(order)
    if type(value) in (list, tuple):
        return type(value)(map(in_fortran_order, value))
    return {k: in_fortran_order(v) for k, v in value.items()} if type(value) is dict else value


def steps(x: Any) -> tuple[int, ...]:
    """The strides that matter."""
    return tuple(s for n, s in zip(x.shape, x.stride(), strict=True) if n > 1)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", database.names_in_scope())
def test_layout(name: str) -> None:
    for entry in database.entries(name):
        if not entry.supports_dtype(torch.float64, "cpu"):
            continue
        for k, sample in enumerate(database.samples(entry, torch.float64, False)):
            if sample.kwargs.get("sparse"):  # gradients: refused
                continue
            args, kwargs = in_fortran_order((sample.input, *sample.args)), sample.kwargs
            kwargs = in_fortran_order(kwargs)
            mini_args, mini_kwargs = database.to_mini((args, kwargs))
            try:
                theirs = entry.op(*args, **kwargs)
            except RuntimeError:
                if name in ("view", "view_as"):
                    with pytest.raises(RuntimeError):
                        database.mini_function(entry)(*mini_args, **mini_kwargs)
                continue
            ours = database.mini_function(entry)(*mini_args, **mini_kwargs)
            pairs = zip(database.tensors(ours), database.tensors(theirs), strict=True)
            for mine, other in pairs:
                where = f"sample {k}: {mine.stride()} instead of {other.stride()} for {mine.shape}"
                if other.numel() and (name not in HARMLESS or other.is_contiguous()):
                    assert steps(mine) == steps(other), where


# --- memory formats ---------------------------------------------------------------------------

FORMATS = ("contiguous_format", "preserve_format", "channels_last", "channels_last_3d")
TENSORS = {
    "contiguous": lambda lib: lib.zeros(2, 3, 4, 5),
    "reversed": lambda lib: lib.zeros(2, 3, 4, 5).permute(3, 2, 1, 0),
    "channels last": lambda lib: lib.zeros(2, 4, 5, 3).permute(0, 3, 1, 2),
    "channels last, gaps": lambda lib: lib.zeros(2, 4, 5, 3).permute(0, 3, 1, 2)[:, :, ::2],
    "one channel": lambda lib: lib.zeros(2, 1, 4, 5),
    "one pixel": lambda lib: lib.zeros(2, 3, 1, 1),
    "volumes": lambda lib: lib.zeros(2, 3, 4, 5, 6),
    "volumes, channels last": lambda lib: lib.zeros(2, 4, 5, 6, 3).permute(0, 4, 1, 2, 3),
    "expanded": lambda lib: lib.zeros(3).expand(4, 3),
    "expanded, permuted": lambda lib: lib.zeros(3, 4).t().unsqueeze(2).expand(4, 3, 5),
    "gaps": lambda lib: lib.zeros(4, 6, 8).permute(2, 0, 1)[::2],
    "number": lambda lib: lib.zeros(()),
}
CALLS = {
    "clone": lambda lib, x, f: x.clone(memory_format=f),
    "contiguous": lambda lib, x, f: x.contiguous(memory_format=f),
    "to": lambda lib, x, f: x.to(memory_format=f),
    "to dtype": lambda lib, x, f: x.to(lib.float64, memory_format=f),
    "to copy": lambda lib, x, f: x.to(lib.float32, copy=True, memory_format=f),
    "float": lambda lib, x, f: x.float(memory_format=f),
    "long": lambda lib, x, f: x.long(memory_format=f),
    "cpu": lambda lib, x, f: x.cpu(memory_format=f),
    "empty": lambda lib, x, f: lib.empty(x.shape, memory_format=f),
    "empty_like": lambda lib, x, f: lib.empty_like(x, memory_format=f),
    "zeros_like": lambda lib, x, f: lib.zeros_like(x, memory_format=f),
    "full_like": lambda lib, x, f: lib.full_like(x, 2, memory_format=f),
    "rand_like": lambda lib, x, f: lib.rand_like(x, memory_format=f),
    "is_contiguous": lambda lib, x, f: x.is_contiguous(memory_format=f),
}


def outcome(lib: Any, make: Any, call: Any, name: str) -> Any:
    """Strides, and whether it is the tensor itself; or the error."""
    x = make(lib)
    try:
        made = call(lib, x, getattr(lib, name))
    except RuntimeError as error:
        return str(error).partition(", but")[0]
    return made if isinstance(made, bool) else (tuple(made.stride()), made is x)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))
def test_memory_formats(call: Any, name: str) -> None:
    for kind, make in TENSORS.items():
        assert outcome(minitorch, make, call, name) == outcome(torch, make, call, name), kind


# --- copies keep the order --------------------------------------------------------------------

COPIES = {
    "clone": lambda lib, x: x.clone(),
    "double": lambda lib, x: x.double(),
    "zeros_like": lambda lib, x: lib.zeros_like(x),
    "index_put": lambda lib, x: x.index_put((lib.tensor([0]),), lib.tensor(1.0)),
    "index_fill": lambda lib, x: x.index_fill(0, lib.tensor([0]), 1.0),
    "index_add": lambda lib, x: x.index_add(0, lib.tensor([0]), x[:1]),
    "put": lambda lib, x: x.put(lib.tensor([0]), lib.tensor([1.0])),
    "sort": lambda lib, x: x.sort(0)[0],
    "flip": lambda lib, x: x.flip(0),
    "masked_fill": lambda lib, x: x.masked_fill(x > 0, 1.0),
    "cumsum": lambda lib, x: x.cumsum(0),
    "cat": lambda lib, x: lib.cat([x, x]),
    "sum": lambda lib, x: x.sum(0),
    "roll": lambda lib, x: x.roll(1, 0),
}


@pytest.mark.parametrize("kind", sorted(TENSORS.keys() - {"number"}))
@pytest.mark.parametrize("name", COPIES)
def test_copies(name: str, kind: str) -> None:
    ours, theirs = (COPIES[name](lib, TENSORS[kind](lib)) for lib in (minitorch, torch))
    assert steps(ours) == steps(theirs)


# --- channels last survive --------------------------------------------------------------------

WEIGHT = (4, 4, 3, 3)
IMAGES: dict[str, Any] = {
    "conv2d": lambda f, x, ones: f.conv2d(x, ones(*WEIGHT), ones(4), padding=1),
    "conv2d depthwise": lambda f, x, ones: f.conv2d(x, ones(4, 1, 3, 3), stride=2, groups=4),
    "conv2d weight": lambda f, x, ones: f.conv2d(
        x.contiguous(), ones(4, 3, 3, 4).permute(0, 3, 1, 2)
    ),
    "conv_transpose2d": lambda f, x, ones: f.conv_transpose2d(x, weight=ones(*WEIGHT)),
    "max_pool2d": lambda f, x, ones: f.max_pool2d(x, 2, return_indices=True),
    "avg_pool2d": lambda f, x, ones: f.avg_pool2d(x, 2),
    "adaptive_avg_pool2d": lambda f, x, ones: f.adaptive_avg_pool2d(x, 3),
    "adaptive_max_pool2d": lambda f, x, ones: f.adaptive_max_pool2d(x, 3),
    "lp_pool2d": lambda f, x, ones: f.lp_pool2d(x, 2, 2),
    "max_unpool2d": lambda f, x, ones: f.max_unpool2d(*f.max_pool2d(x, 2, return_indices=True), 2),
    "batch_norm": lambda f, x, ones: f.batch_norm(x, None, None, ones(4), ones(4), True),
    "batch_norm in eval": lambda f, x, ones: f.batch_norm(x, ones(4), ones(4)),
    "group_norm": lambda f, x, ones: f.group_norm(x, 2),
    "instance_norm": lambda f, x, ones: f.instance_norm(x),
    "layer_norm": lambda f, x, ones: f.layer_norm(x, (6,)),
    "rms_norm": lambda f, x, ones: f.rms_norm(x, (6,)),
    "local_response_norm": lambda f, x, ones: f.local_response_norm(x, 2),
    **{
        f"interpolate {mode}": lambda f, x, ones, mode=mode: f.interpolate(x, (3, 3), mode=mode)
        for mode in ("nearest", "bilinear", "bicubic", "area", "nearest-exact")
    },
    **{
        f"pad {mode}": lambda f, x, ones, mode=mode: f.pad(x, (1, 1, 1, 1), mode)
        for mode in ("constant", "reflect", "replicate", "circular")
    },
    "pad channels": lambda f, x, ones: f.pad(x, (0, 0, -1, 0, 1, 1)),
    "gelu": lambda f, x, ones: f.gelu(x),
    "relu": lambda f, x, ones: f.relu(x),
    "dropout": lambda f, x, ones: f.dropout(x, 0.5),
    "pixel_shuffle": lambda f, x, ones: f.pixel_shuffle(x, 2),
    "pixel_unshuffle": lambda f, x, ones: f.pixel_unshuffle(x, 2),
    "channel_shuffle": lambda f, x, ones: f.channel_shuffle(x, 2),
}
VOLUMES: dict[str, Any] = {
    "conv3d": lambda f, x, ones: f.conv3d(x, ones(4, 4, 2, 2, 2)),
    "conv_transpose3d": lambda f, x, ones: f.conv_transpose3d(x, ones(4, 4, 2, 2, 2)),
    "max_pool3d": lambda f, x, ones: f.max_pool3d(x, 2),
    "avg_pool3d": lambda f, x, ones: f.avg_pool3d(x, 2),
    "adaptive_avg_pool3d": lambda f, x, ones: f.adaptive_avg_pool3d(x, 2),
    "adaptive_max_pool3d": lambda f, x, ones: f.adaptive_max_pool3d(x, 2),
    "batch_norm": lambda f, x, ones: f.batch_norm(x, None, None, training=True),
    "group_norm": lambda f, x, ones: f.group_norm(x, 2),
    "instance_norm": lambda f, x, ones: f.instance_norm(x),
    "interpolate": lambda f, x, ones: f.interpolate(x, scale_factor=2, mode="trilinear"),
    "pad": lambda f, x, ones: f.pad(x, (1, 1, 1, 1, 1, 1), "replicate"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "ndim"), [*((n, 4) for n in IMAGES), *((n, 5) for n in VOLUMES)])
def test_channels_last(name: str, ndim: int) -> None:
    def results(lib: Any) -> Any:
        lib.manual_seed(0)
        shape = (2, 4, 6, 6) if ndim == 4 else (2, 4, 3, 4, 4)
        form = lib.channels_last if ndim == 4 else lib.channels_last_3d
        x = lib.linspace(-1, 1, 2 * 4 * (36 if ndim == 4 else 48)).reshape(shape)
        x = x.contiguous(memory_format=form).requires_grad_()
        made = (IMAGES if ndim == 4 else VOLUMES)[name](lib.nn.functional, x, lib.ones)
        outs = made if isinstance(made, tuple) else (made,)
        (outs[0] ** 3).sum().backward()
        return [*outs, x.grad]

    for mine, other in zip(results(minitorch), results(torch), strict=True):
        assert steps(mine) == steps(other)
        database.compare(mine.detach(), other.detach(), name)


# --- nothing written is lost ------------------------------------------------------------------


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_writes_through_orders(order: tuple[int, ...]) -> None:
    def results(lib: Any) -> list[Any]:
        found = []
        for write in (
            lambda x: x.index_put((lib.tensor([1, 0]), lib.tensor([0, 1])), lib.tensor(9.0)),
            lambda x: x.index_put((lib.tensor([0, 0]),), lib.tensor(9.0), accumulate=True),
            lambda x: x.index_add(1, lib.tensor([1, 1]), x[:, :2]),
            lambda x: x.put(lib.tensor([[3, 5]]), lib.tensor([[7.0, 8.0]])),
            lambda x: x.index_fill(1, lib.tensor([1]), 5.0),
            lambda x: x.slice_scatter(x[:1] * 2, 0, 0, 1),
            lambda x: x.diagonal_scatter(x.diagonal() * 2),
            lambda x: x.select_scatter(x[0] * 3, 0, 1),
        ):
            x = lib.arange(24.0).reshape(2, 3, 4).requires_grad_()
            out = write(x.permute(order))
            out.backward(lib.arange(24.0).reshape(out.shape))
            found += [out.tolist(), x.grad.tolist()]
        return found

    assert results(minitorch) == results(torch)


def test_gradient_in_another_order_through_as_strided() -> None:
    def gradient(lib: Any) -> Any:
        x = lib.arange(6.0).reshape(2, 3).requires_grad_()
        y = x * 1
        y.as_strided((2, 2), (1, 2)).mul_(lib.tensor([[1.0, 2.0], [3.0, 4.0]]))
        (y.t() * lib.arange(6.0).reshape(3, 2)).sum().backward()
        return x.grad.tolist()

    assert gradient(minitorch) == gradient(torch)
