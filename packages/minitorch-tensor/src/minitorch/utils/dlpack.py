"""DLPack: memory shared with other array libraries.

Follows https://docs.pytorch.org/docs/stable/dlpack.html
"""

from __future__ import annotations

import enum
from typing import Any

from ..ops.from_data import from_dlpack

__all__ = ["DLDeviceType", "from_dlpack", "to_dlpack"]


KINDS = (
    "CPU CUDA CUDAHost OpenCL . . Vulkan Metal VPI ROCM ROCMHost ExtDev CUDAManaged OneAPI WebGPU "
    "Hexagon MAIA"
)
# DLPack's numbers for kinds of devices
DLDeviceType = enum.IntEnum(  # type: ignore[misc]  # of a list
    "DLDeviceType", {f"kDL{name}": k for k, name in enumerate(KINDS.split(), 1) if name != "."}
)


def to_dlpack(tensor: Any) -> Any:
    """A capsule, good for one ``from_dlpack``, with the memory of ``tensor``.

    Example:
        >>> import minitorch
        >>> from minitorch.utils.dlpack import from_dlpack, to_dlpack
        >>> x = minitorch.zeros(2)
        >>> from_dlpack(to_dlpack(x)).fill_(1)
        tensor([1., 1.])
        >>> x
        tensor([1., 1.])
    """
    return tensor.__dlpack__()
