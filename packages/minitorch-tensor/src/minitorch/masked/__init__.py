"""Functions that leave out the elements where a mask is False, and tensors that carry a mask.

Follows https://docs.pytorch.org/docs/stable/masked.html
"""

from ..ops.arguments import take_tensors as _take_tensors
from . import masked_functions as masked_functions  # fills the table of MaskedTensor
from .functions import *
from .functions import __all__ as _functions
from .masked_tensor import MaskedTensor as MaskedTensor
from .masked_tensor import as_masked_tensor as as_masked_tensor
from .masked_tensor import is_masked_tensor as is_masked_tensor
from .masked_tensor import masked_tensor as masked_tensor

__all__ = [*_functions, "MaskedTensor", "as_masked_tensor", "is_masked_tensor", "masked_tensor"]
_take_tensors(globals())
