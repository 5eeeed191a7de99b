"""What other packages build on: make operations of your own.

``minitorch-nn`` and ``minitorch-optim`` use this module and the public names, nothing else.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from .autograd.dispatch import apply, not_tensor
from .autograd.frames import fold, folding
from .autograd.fused import fused
from .autograd.grad_mode import current, tell
from .autograd.gradients import primal
from .autograd.inplace import inplace
from .autograd.node import Node, RemovableHandle, add_hook
from .autograd.out import into
from .autograd.primitive import batching_rule, labelled, operation, primitive
from .autograd.variable import Variable, wrap
from .kernels.blas import SHARED, axpby, single_threaded, threads_off_this_core
from .kernels.choice import offer
from .kernels.elementwise import exp_into, over_elements
from .kernels.error_function import TAIL_P, TAIL_RATE
from .kernels.error_function import erf as error_function
from .kernels.half import in_single, single
from .kernels.indexing import accumulate, outside
from .kernels.parallel import BLOCK, over_rows, products_over_rows, scratch
from .kernels.select import select
from .kernels.softmax import exponentials, moderate
from .kernels.sparse import SparseData
from .kernels.sums import column_sums, row_products, row_sums
from .ops.arguments import as_shape, numpy_names, one_dim, public, some_dims, take_tensors
from .ops.conversion import fitted, promote, promote_to_float
from .overrides import disabled as disabled_torch_function
from .overrides import enable as let_tensors_ask
from .overrides import overridable

if TYPE_CHECKING:
    from .autograd.primitive import Operation as Operation
    from .autograd.variable import Array
    from .ops.geometry import difference_norm as difference_norm

__all__ = [
    "BLOCK",
    "SHARED",
    "TAIL_P",
    "TAIL_RATE",
    "Node",
    "RemovableHandle",
    "SparseData",
    "Variable",
    "absent_names",
    "accumulate",
    "add_hook",
    "apply",
    "array_of",
    "as_shape",
    "axpby",
    "batching_rule",
    "column_sums",
    "current",
    "data_of",
    "difference_norm",
    "disabled_torch_function",
    "drop_grad",
    "error_function",
    "exp_into",
    "exponentials",
    "fitted",
    "fold",
    "folding",
    "fused",
    "grad_of",
    "group_tensors_by_device_and_dtype",
    "in_single",
    "inplace",
    "into",
    "labelled",
    "let_tensors_ask",
    "mark_written",
    "moderate",
    "module_writes",
    "not_tensor",
    "numpy_names",
    "offer",
    "one_dim",
    "operation",
    "outside",
    "over_elements",
    "over_rows",
    "overridable",
    "primal",
    "primitive",
    "products_over_rows",
    "promote",
    "promote_to_float",
    "public",
    "recorded",
    "row_products",
    "row_sums",
    "scratch",
    "select",
    "set_data",
    "single",
    "single_threaded",
    "some_dims",
    "take_tensors",
    "threads_off_this_core",
    "wrap",
]

if not TYPE_CHECKING:  # what comes in on first use

    def __getattr__(name: str) -> Any:
        if name == "difference_norm":
            return import_module("minitorch.ops.geometry").difference_norm
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


# What was written to an attribute of some Module last: a new object each time. What depends on
# modules' attributes looks at them again when it is another one.
module_writes: list[object] = [object()]


def absent_names(module: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of a module that has a part of PyTorch's names.

    The others can be looked up and imported; what would have to compute raises, with the reason.
    """

    def look_up(name: str) -> Any:
        if name[:2] == "__":  # what the import itself asks for
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        rest = import_module("minitorch.compat.modules").rest_of(module)
        return getattr(rest, name)

    def names() -> list[str]:
        rest = import_module("minitorch.compat.modules").rest_of(module)
        here = (name for name in vars(sys.modules[module]) if name[0] != "_")
        return sorted({*here, *dir(rest)})

    return look_up, names


# --- what an optimizer reads and writes, as fast as an attribute -----------------------------

# The values where they lie: an ndarray, or a NumPy scalar where there are no dimensions.
data_of: Callable[[Any], Array] = attrgetter("_data")
# The gradient, a Tensor or None.
grad_of: Callable[[Any], Any] = attrgetter("_grad")
# The values as an ndarray always, whose memory is the tensor's.
array_of: Callable[[Any], Array] = Variable._array


def set_data(tensor: Variable, array: Array) -> None:
    """Lets ``tensor`` show other memory; its version stays."""
    tensor._data = array


def mark_written(*tensors: Variable) -> None:
    """Says that the memory of ``tensors`` was written to: who saved them for backward will know."""
    for tensor in tensors:
        tensor._counter[0] += 1


def recorded(method: str, function: Callable[..., Any], self: Any, args: Any, kwargs: Any) -> Any:
    """``function(self, *args, **kwargs)``, by the recorder that has this method."""
    for interpreter in reversed(current.state.interpreters):
        if hasattr(interpreter, method):
            return getattr(interpreter, method)(function, self, args, kwargs)
    return function(self, *args, **kwargs)


def drop_grad(tensors: Iterable[Variable]) -> None:
    """Forgets the gradients of ``tensors``."""
    if current.state.recording:
        tensors = list(tensors)
        for tensor in tensors:
            tell("before_grad", tensor, False)
    for tensor in tensors:
        tensor._grad = None


def group_tensors_by_device_and_dtype(
    tensorlistlist: list[list[Any]], with_indices: bool = False
) -> dict[tuple[Any, Any], tuple[list[list[Any]], list[int]]]:
    """Lists of tensors that belong together, grouped by device and dtype of the first list's."""
    found: dict[tuple[Any, Any], tuple[list[list[Any]], list[int]]] = {}
    for k, row in enumerate(
        zip(*[each or [None] * len(tensorlistlist[0]) for each in tensorlistlist], strict=True)
    ):
        key = (row[0].device, row[0].dtype)
        lists, indices = found.setdefault(key, ([[] for _ in tensorlistlist], []))
        for values, value, source in zip(lists, row, tensorlistlist, strict=True):
            if source:
                values.append(value)
        if with_indices:
            indices.append(k)
    return found
