"""``DistributedDataParallel`` over processes; ``DataParallel``, where the module itself computes.

Follows https://docs.pytorch.org/docs/stable/nn.html#module-torch.nn.parallel
"""

from .data_parallel import *
from .distributed import *
from .scatter_gather import *

__all__ = [
    "DataParallel", "DistributedDataParallel", "data_parallel", "gather", "scatter",
    "scatter_kwargs",
]  # fmt: skip
