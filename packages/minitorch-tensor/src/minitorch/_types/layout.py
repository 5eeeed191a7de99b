"""Layouts and memory formats: names that programs pass along. Tensors here are strided."""

from __future__ import annotations

__all__ = ["channels_last", "channels_last_3d", "contiguous_format", "layout", "memory_format"]
__all__ += ["preserve_format", "sparse_bsc", "sparse_bsr", "sparse_coo", "sparse_csc", "sparse_csr"]
__all__ += ["strided"]


class _Named:
    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name


class layout(_Named):  # noqa: N801  (PyTorch's name)
    """How elements are stored: ``strided``; ``sparse_coo``, ``sparse_csr`` and ``sparse_csc``."""


class memory_format(_Named):  # noqa: N801  (PyTorch's name)
    """In which order the elements lie: that of the dimensions, another tensor's, channels last."""


strided = layout("strided")
sparse_coo = layout("sparse_coo")
sparse_csr, sparse_csc = layout("sparse_csr"), layout("sparse_csc")
sparse_bsr, sparse_bsc = layout("sparse_bsr"), layout("sparse_bsc")
contiguous_format = legacy_contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")
channels_last = memory_format("channels_last")
channels_last_3d = memory_format("channels_last_3d")
