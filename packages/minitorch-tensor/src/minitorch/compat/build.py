"""``__config__``: what this was built with.

Follows https://docs.pytorch.org/docs/stable/config_mod.html
"""

from __future__ import annotations

import os

import numpy as np

from .._tensor.settings import get_num_interop_threads, get_num_threads

__all__ = ["parallel_info", "show"]


def show() -> str:
    """NumPy, its BLAS, and what of PyTorch's libraries is not in use.

    Example:
        >>> import minitorch
        >>> "USE_CUDA=0" in minitorch.__config__.show()
        True
    """
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return (
        f"MiniTorch built with:\n  - NumPy {np.__version__}\n"
        f"  - {blas['name']} {blas.get('version', '')}\n"
        "  - Build settings: USE_CUDA=0, USE_CUDNN=OFF, USE_MKL=OFF, USE_MKLDNN=OFF, USE_MPI=OFF, "
        "USE_NCCL=OFF, USE_NNPACK=OFF, USE_OPENMP=OFF, USE_ROCM=OFF, USE_XPU=OFF, \n"
    )


def parallel_info() -> str:
    """The numbers of threads."""
    return (
        f"get_num_threads() : {get_num_threads()}\n"
        f"get_num_interop_threads() : {get_num_interop_threads()}\n"
        f"hardware concurrency : {os.cpu_count()}\n"
    )
