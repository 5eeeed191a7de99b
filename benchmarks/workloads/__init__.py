"""The workloads, each written once as PyTorch code: a function of the library and a size."""

from . import data, layers, networks, operations, optimizers, pretrained
from .workload import WORKLOADS, Step, Workload

__all__ = [
    "WORKLOADS",
    "Step",
    "Workload",
    "data",
    "layers",
    "networks",
    "operations",
    "optimizers",
    "pretrained",
]
