"""Functions of tensors: layers without state, activations, losses.

Follows https://docs.pytorch.org/docs/stable/nn.functional.html
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING

from minitorch.extend import overridable as _overridable
from minitorch.extend import public as _public
from minitorch.extend import take_tensors as _take_tensors

from .attention import *
from .channels import *
from .classification import *
from .convolution import *
from .distance import *
from .dropout import *
from .embedding import *
from .exponential import *
from .fold import *
from .gelu import *
from .linear import *
from .linear_cross_entropy import *
from .max_pooling import *
from .normalization import *
from .padding import *
from .piecewise_linear import *
from .pooling import *
from .probabilities import *
from .regression import *
from .resampling import *
from .softmax import *

LATER = {  # what comes in on first use
    "bags": "embedding_bag",
    "ctc": "ctc_loss",
    "fractional_pooling": "fractional_max_pool2d fractional_max_pool2d_with_indices "
    "fractional_max_pool3d fractional_max_pool3d_with_indices",
    "margin": "cosine_embedding_loss hinge_embedding_loss margin_ranking_loss multi_margin_loss "
    "multilabel_margin_loss triplet_margin_loss triplet_margin_with_distance_loss",
}
if TYPE_CHECKING:
    from .. import grad as grad
    from .bags import *
    from .ctc import *
    from .fractional_pooling import *
    from .margin import *
else:

    def __getattr__(name: str) -> object:
        for module, names in LATER.items():
            if name in names.split():
                found = getattr(_import_module(f"{__name__}.{module}"), name)
                return globals().setdefault(name, _public(name, found, __name__))
        if name == "grad":
            return _import_module("minitorch.nn.grad")
        if name == "__all__":
            return [each for each in __dir__() if each[0] != "_"]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *" ".join(LATER.values()).split()})


_take_tensors(globals())
_overridable(__name__)
