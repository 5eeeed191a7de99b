"""Files of the safetensors format: ``save_file`` and ``load_file``.

They need the safetensors library: ``pip install "./packages/minitorch-tensor[safetensors]"`` from a
clone, or ``pip install safetensors``.

Follows https://huggingface.co/docs/safetensors/api/torch
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ._types.device import as_device
from ._types.dtype import (
    bfloat16,
    complex64,
    float8_e4m3fn,
    float8_e4m3fnuz,
    float8_e5m2,
    float8_e5m2fnuz,
    float8_e8m0fnu,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
)  # fmt: skip
from ._types.dtype import bool as bool_
from .autograd.variable import Variable
from .kernels.half import as_bfloat16
from .ops.creation import made
from .serialization.replacing import replacing

__all__ = ["load", "load_file", "save", "save_file"]

DTYPES = {
    "F16": float16, "F32": float32, "F64": float64, "BOOL": bool_, "U8": uint8, "U16": uint16,
    "U32": uint32, "U64": uint64, "I8": int8, "I16": int16, "I32": int32, "I64": int64,
    "C64": complex64, "BF16": bfloat16, "F8_E4M3": float8_e4m3fn, "F8_E5M2": float8_e5m2,
    "F8_E8M0": float8_e8m0fnu, "F8_E4M3FNUZ": float8_e4m3fnuz, "F8_E5M2FNUZ": float8_e5m2fnuz,
}  # fmt: skip


def _library() -> Any:
    try:
        import safetensors.numpy as library
    except ImportError:
        raise ImportError(
            "files of the safetensors format need the safetensors library: pip install safetensors",
            name="safetensors",
        ) from None
    return library


def save(tensors: dict[str, Any], metadata: dict[str, str] | None = None) -> bytes:
    """The tensors as bytes of the safetensors format; tensors that share memory are written twice.

    Raises:
        ImportError: the safetensors library is not installed.
        TypeError: a value is no tensor.
    """
    library = _library()
    for name, tensor in tensors.items():
        if not isinstance(tensor, Variable):
            raise TypeError(f"{name!r} is a {type(tensor).__name__}, not a tensor")
    arrays = {
        name: np.ascontiguousarray(t._data).reshape(t._data.shape) for name, t in tensors.items()
    }
    data: bytes = library.save(arrays, metadata=metadata)
    return data


def save_file(
    tensors: dict[str, Any], filename: Any, metadata: dict[str, str] | None = None
) -> None:
    """Writes the tensors to a file, which appears when it is complete."""
    data = save(tensors, metadata)
    with replacing(os.path.realpath(os.fsdecode(filename))) as file:
        file.write(data)


def load(data: bytes) -> dict[str, Any]:
    """The tensors in bytes of the safetensors format, by name.

    Without ml_dtypes, bfloat16 becomes float32 with a warning.

    Raises:
        ImportError: the safetensors library is not installed.
        TypeError: a tensor has a dtype that MiniTorch lacks.
    """
    _library()
    from safetensors import deserialize

    entries = deserialize(data)  # type: ignore[no-untyped-call]  # it is compiled
    return {name: _tensor(name, entry) for name, entry in entries}


def load_file(filename: Any, device: Any = "cpu") -> dict[str, Any]:
    """The tensors in a file, by name, as ``load`` gives them."""
    as_device(device)
    with open(filename, "rb") as file:
        return load(file.read())


def _tensor(name: str, entry: dict[str, Any]) -> Any:
    raw, dtype = entry["data"], entry["dtype"]
    if dtype == "BF16":
        array = as_bfloat16(np.frombuffer(bytearray(raw), np.uint8))
    elif dtype in DTYPES:
        array = np.frombuffer(bytearray(raw), np.uint8).view(DTYPES[dtype].numpy)
    else:
        raise TypeError(f"{name!r} has the dtype {dtype}, which MiniTorch does not have")
    return made(array.reshape(entry["shape"]))
