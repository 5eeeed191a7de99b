"""Datasets, samplers and ``DataLoader``: same seed, same order of batches as PyTorch.

Follows https://docs.pytorch.org/docs/stable/data.html
"""

from .collate import *
from .dataloader import *
from .dataset import *
from .distributed import *
from .sampler import *
from .worker import WorkerInfo as WorkerInfo
from .worker import get_worker_info as get_worker_info
