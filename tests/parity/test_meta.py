"""On "meta" an operation's result has the shape, dtype and strides that it has on the CPU.

Over the samples of PyTorch's database. Where an operation is refused there, it is one whose shape
depends on values, or one of ``REFUSED``, which PyTorch does and MiniTorch does not.
"""

from __future__ import annotations

from typing import Any

import database
import minitorch
import pytest
import torch

# values are looked at: to find what a bag or a mask holds, or how often something is repeated
REFUSED = {
    "index_fill", "index_put", "index_reduce", "linspace", "logspace", "masked_scatter",
    "nn.functional.ctc_loss", "nn.functional.embedding", "nn.functional.embedding_bag",
    "repeat_interleave", "scatter_reduce", "grid_sampler_3d",
}  # fmt: skip
NO_TENSORS = ("allclose", "equal", "item")  # what they return


def on_meta(value: Any) -> Any:
    if isinstance(value, torch.Tensor | minitorch.Tensor):
        return value.detach().to("meta")
    if type(value) in (list, tuple):
        return type(value)(map(on_meta, value))
    return {k: on_meta(v) for k, v in value.items()} if type(value) is dict else value


def described(made: Any) -> list[Any]:
    return [(tuple(t.shape), t.dtype, t.stride()) for t in database.tensors(made)]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [n for n in database.names_in_scope() if n not in NO_TENSORS])
def test_meta(name: str) -> None:
    for entry in database.entries(name):
        dtype = torch.float64 if entry.supports_dtype(torch.float64, "cpu") else torch.int64
        for sample in database.samples(entry, dtype, False)[:20]:
            named = {k: v for k, v in sample.kwargs.items() if k != "device"}
            given = ((sample.input, *sample.args), named)
            op, (args, kwargs) = database.mini_function(entry), database.to_mini(given)
            if not database.tensors((args, kwargs)):
                continue
            try:
                usual = op(*args, **kwargs)
            except Exception:  # refused on the CPU: other tests' concern
                continue
            args, kwargs = on_meta((args, kwargs))
            try:
                made = op(*args, **kwargs)
            except Exception:
                if name in REFUSED:
                    continue
                args, kwargs = on_meta(given)
                with pytest.raises(Exception):  # noqa: B017, PT011  (whatever PyTorch raises)
                    entry.op(*args, **kwargs)
                continue
            assert all(t.is_meta for t in database.tensors(made)), (name, given)
            assert described(made) == described(usual), (name, given)
