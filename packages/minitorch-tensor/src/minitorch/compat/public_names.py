"""While MiniTorch is called torch its functions say so: ``torch.add.__module__`` is "torch"."""

from __future__ import annotations

import sys
from types import FunctionType
from typing import Any

from ..ops import arguments
from ..overrides import OWN_MODULES
from .internals import TABLE

__all__ = ["hide", "show"]

PLACES = {
    "minitorch.nn.functional": "torch.nn.functional", "minitorch.nn.native": "torch",
    "minitorch.fft": "torch._C._fft", "minitorch.linalg": "torch._C._linalg",
    "minitorch.special": "torch._C._special", "minitorch": "torch",
}  # fmt: skip
# in PyTorch's torch.functional, which borrows some
PYTHON = set(TABLE["functional"].at["minitorch"].split())
OTHERS = {
    "istft": "torch", "lobpcg": "torch._lobpcg", "pca_lowrank": "torch._lowrank",
    "svd_lowrank": "torch._lowrank",
}  # fmt: skip
# builtin functions of PyTorch's, which torch.nn.functional borrows
BORROWED = (
    "adaptive_avg_pool1d avg_pool1d bilinear celu_ channel_shuffle conv1d conv2d conv3d conv_tbc "
    "conv_transpose1d conv_transpose2d conv_transpose3d cosine_similarity hardshrink "
    "pairwise_distance pdist pixel_shuffle pixel_unshuffle prelu relu_ rrelu_ selu_ threshold_"
)
C_NN = (
    "avg_pool2d avg_pool3d elu_ gelu hardtanh_ leaky_relu_ linear logsigmoid one_hot "
    "scaled_dot_product_attention softplus softshrink"
)
PARTS = {  # where PyTorch has some of a module's functions
    "torch": dict.fromkeys(PYTHON, "torch.functional") | OTHERS,
    "torch.nn.functional": dict.fromkeys(BORROWED.split(), "torch")
    | dict.fromkeys(C_NN.split(), "torch._C._nn"),
}


def show() -> None:
    """Gives the public functions PyTorch's modules, until ``hide``."""
    for place in PLACES:
        for name, value in list(vars(sys.modules.get(place, object)).items()):
            _show(name, value, PLACES[place])
    arguments.show = _show


def hide() -> None:
    """Gives them their own modules again."""
    arguments.show = None
    while OWN_MODULES:
        function, module = OWN_MODULES.popitem()
        function.__module__ = module


def _show(name: str, function: Any, module: str) -> None:
    if type(function) is not FunctionType or name[0] == "_" or function in OWN_MODULES:
        return
    if module not in PLACES and module not in PLACES.values():
        return  # shown when it is found in one that is
    OWN_MODULES[function] = function.__module__
    place = PLACES.get(module, module)
    function.__module__ = PARTS.get(place, {}).get(name, place)
