"""What other packages build on: make operations of your own.

``minitorch-nn`` and ``minitorch-optim`` use this module and the public names, nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .autograd.dispatch import apply, not_tensor
from .autograd.fused import fused
from .autograd.grad_mode import current
from .autograd.inplace import inplace
from .autograd.node import RemovableHandle
from .autograd.primitive import labelled, operation, primitive
from .autograd.variable import Variable, wrap
from .kernels.blas import SHARED, axpby, single_threaded, threads_off_this_core
from .kernels.elementwise import exp_into, over_elements
from .kernels.error_function import erf as error_function
from .kernels.half import in_single, single
from .kernels.indexing import accumulate
from .kernels.parallel import BLOCK, over_rows, products_over_rows, scratch
from .kernels.select import select
from .kernels.softmax import exponentials, moderate
from .kernels.sums import column_sums, row_products, row_sums
from .ops.arguments import as_shape, numpy_names, one_dim, some_dims, take_tensors
from .ops.conversion import fitted, promote, promote_to_float
from .ops.geometry import difference_norm
from .ops.shape import write_out
from .overrides import disabled as disabled_torch_function
from .overrides import overridable

if TYPE_CHECKING:
    from .autograd.primitive import Operation as Operation

__all__ = [
    "BLOCK",
    "SHARED",
    "RemovableHandle",
    "Variable",
    "accumulate",
    "apply",
    "as_shape",
    "axpby",
    "column_sums",
    "current",
    "difference_norm",
    "disabled_torch_function",
    "error_function",
    "exp_into",
    "exponentials",
    "fitted",
    "fused",
    "in_single",
    "inplace",
    "labelled",
    "moderate",
    "not_tensor",
    "numpy_names",
    "one_dim",
    "operation",
    "over_elements",
    "over_rows",
    "overridable",
    "primitive",
    "products_over_rows",
    "promote",
    "promote_to_float",
    "row_products",
    "row_sums",
    "scratch",
    "select",
    "single",
    "single_threaded",
    "some_dims",
    "take_tensors",
    "threads_off_this_core",
    "wrap",
    "write_out",
]
