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
from .autograd.variable import Variable
from .ops.creation import made
from .serialization.replacing import replacing

__all__ = ["load", "load_file", "save", "save_file"]

DTYPES = {
    "F16": np.float16, "F32": np.float32, "F64": np.float64, "BOOL": np.bool_, "U8": np.uint8,
    "I8": np.int8, "I16": np.int16, "I32": np.int32, "I64": np.int64, "C64": np.complex64,
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
    """The tensors in bytes of the safetensors format, by name; bfloat16 becomes float32.

    Raises:
        ImportError: the safetensors library is not installed.
        TypeError: a tensor has a dtype that MiniTorch lacks.
    """
    _library()
    from safetensors import deserialize

    entries = deserialize(data)  # type: ignore[no-untyped-call]  # it is compiled
    return {name: _tensor(name, entry) for name, entry in entries}


def load_file(filename: Any, device: Any = "cpu") -> dict[str, Any]:
    """The tensors in a file, by name; bfloat16 becomes float32."""
    as_device(device)
    with open(filename, "rb") as file:
        return load(file.read())


def _tensor(name: str, entry: dict[str, Any]) -> Any:
    raw, dtype = entry["data"], entry["dtype"]
    if dtype == "BF16":  # the upper half of a float32
        array = (np.frombuffer(raw, "<u2").astype(np.uint32) << np.uint32(16)).view(np.float32)
    elif dtype in DTYPES:
        array = np.frombuffer(bytearray(raw), DTYPES[dtype])
    else:
        raise TypeError(f"{name!r} has the dtype {dtype}, which MiniTorch does not have")
    return made(array.reshape(entry["shape"]))
