"""``out=`` wherever PyTorch has it: values, identity, dtypes, shapes and refusals are PyTorch's."""

from __future__ import annotations

import warnings
from typing import Any

import database
import minitorch
import numpy as np
import pytest
import torch
from torch.testing._internal.common_methods_invocations import op_db

KINDS = ("plain", "steps", "shape", "grad", "float64", "int64", "complex64", "float16", "bool")
# where PyTorch itself is at odds with its rule, or the database's function is not the public one
LEFT_OUT = {
    ("addbmm", "shape"): "no warning",
    ("matmul", "plain"): "warns of a resize of a vector's result, which needs none",
    ("matmul", "steps"): "the same",
    ("arange", "shape"): "keeps an empty result's shape",
    ("linspace", "shape"): "keeps an empty result's shape",
    ("logspace", "shape"): "keeps an empty result's shape",
    ("bernoulli", "shape"): "no warning",
    ("multinomial", "shape"): "no warning",
    ("nn.functional.logsigmoid", "shape"): "no warning",
    ("histc", "grad"): "lets it pass",
    ("native_batch_norm", "shape"): "refuses to resize",
    ("cumsum", "bool"): "adds bools",
    ("bernoulli", "complex64"): "refuses complex",
    ("diff", "float64"): "depends on n",
    ("diff", "complex64"): "depends on n",
    ("diff", "float16"): "depends on n",
    ("inner", "float64"): "depends on the number of dimensions",
    ("inner", "complex64"): "depends on the number of dimensions",
    ("inner", "float16"): "depends on the number of dimensions",
    **{("nansum", kind): "not for that dtype" for kind in ("int64", "complex64", "bool")},
    **{("nanmean", kind): "not for that dtype" for kind in ("int64", "complex64", "bool")},
    **{("linalg.matrix_power", kind): "depends on n" for kind in KINDS[4:]},
}
LEFT_OUT |= {  # PyTorch writes to other places than the strides of ``out`` say
    (f"nn.functional.{name}", "steps"): "wrong"
    for name in ("gelu", "logsigmoid", "softplus", "avg_pool2d", "avg_pool3d")
}
LEFT_OUT |= {(f"fft.{name}", "complex64"): "real only" for name in ("irfft", "irfft2", "irfftn")}
LEFT_OUT |= {(f"fft.{name}", "complex64"): "real only" for name in ("hfft", "hfft2", "hfftn")}
LEFT_OUT |= {
    ("narrow_copy", kind): "neither warns nor minds strides" for kind in ("shape", "steps")
}
LEFT_OUT |= {("geqrf", kind): "castable" for kind in ("float64", "complex64", "float16")}
LEFT_OUT |= {  # has no derivative of them, and does not look
    (entry.name, "grad"): "lets it pass"
    for entry in op_db
    if entry.name.startswith("special.") and not entry.supports_autograd
}
# whose function of the database takes other arguments than the public one, or gives no tensors
OTHER_ARGUMENTS = {"polygamma", "special.polygamma", "where", "nonzero", "std", "var", "normal"}
OTHER_ARGUMENTS |= {"equal", "linalg.pinv", "split_with_sizes_copy", "histogramdd"}
OTHER_ARGUMENTS |= {"sparse.sampled_addmm", "linalg.lstsq"}
WRONG = {"fft.ihfftn": "writes zeros", "lu": "takes any dtype and shape"}  # in PyTorch
INTERNAL = {"nn.functional.linear", "slice_scatter"}  # theirs is that of torch.ops.aten
RANDOM = {"bernoulli", "empty", "multinomial", "normal", "randn"}
NOT_UNIQUE = {"linalg.eig", "linalg.eigh", "linalg.svd", "linalg.qr", "qr", "svd", "linalg.pinv"}


def public(name: str) -> Any:
    found: Any = minitorch
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


NAMES = sorted(
    {
        entry.name
        for entry in op_db
        if entry.supports_out
        and entry.supports_dtype(torch.float32, "cpu")
        and entry.name not in OTHER_ARGUMENTS | INTERNAL | WRONG.keys()
        and public(entry.name) is not None
    }
)


def outputs(like: tuple[Any, ...], kind: str, library: Any) -> tuple[Any, ...]:
    made = []
    for k, x in enumerate(like):
        name = kind if kind in KINDS[4:] and k == 0 else str(x.dtype).removeprefix("torch.")
        shape = (3, *x.shape) if kind == "shape" else tuple(x.shape)
        dtype = getattr(library, name)
        if kind == "steps" and shape:
            out = library.zeros((*shape[:-1], 2 * shape[-1]), dtype=dtype)[..., ::2]
        else:
            out = library.zeros(shape, dtype=dtype)
        if kind == "grad" and x.dtype.is_floating_point:
            out.requires_grad_()
        made.append(out)
    return tuple(made)


def called(op: Any, arguments: Any, out: Any) -> tuple[Any, str, bool]:
    """The result, the error's type and whether there was a warning of a resize."""
    args, kwargs = arguments
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result, error = op(*args, **kwargs, out=out), ""
        except Exception as raised:
            result, error = None, type(raised).__name__.replace("NotImplemented", "Runtime")
    return result, error, any("was resized" in str(each.message) for each in caught)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NAMES)
def test_out(name: str) -> None:
    tried = 0
    for entry in database.entries(name):
        torch.manual_seed(0)
        for sample in list(entry.sample_inputs("cpu", torch.float32))[:3]:
            sample.kwargs.pop("device", None)
            given = ((sample.input, *sample.args), sample.kwargs)
            plain = entry.op(*given[0], **given[1])
            several = isinstance(plain, tuple | list)
            like = tuple(plain) if several else (plain,)
            for kind in KINDS:
                if (name, kind) in LEFT_OUT:
                    continue
                theirs, ours = (outputs(like, kind, t) for t in (torch, minitorch))
                _, error, warned = called(entry.op, given, theirs if several else theirs[0])
                result, our_error, we_warned = called(
                    public(name), database.to_mini(given), ours if several else ours[0]
                )
                tried += 1
                assert our_error == error, kind
                assert we_warned == warned, kind
                if error:
                    continue
                results = result if several else (result,)
                assert all(a is b for a, b in zip(results, ours, strict=True)), kind
                for a, b in zip(ours, theirs, strict=True):
                    x, y = a.detach().numpy(), b.detach().numpy()
                    assert (x.dtype, x.shape) == (y.dtype, y.shape), kind
                    if name not in RANDOM | NOT_UNIQUE:
                        np.testing.assert_allclose(x, y, 1e-3, 1e-4, err_msg=kind)
    assert tried
