"""``Tensor``: state, properties, and one line per method. The mathematics is in ``ops``."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from . import _creation, _random, _ranges
from ._creation import tensor_data
from ._device import CPU, device
from ._dtype import dtype, from_numpy_dtype
from ._repr import tensor_repr
from ._size import Size
from .autograd import engine
from .autograd.inplace import inplace
from .autograd.node import AccumulateGrad, RemovableHandle, track
from .autograd.variable import Variable, history, use_tensor_class, wrap
from .ops import arithmetic, reduction, unary
from .ops import decompositions, geometry, linalg
from .ops import matmul as products
from .ops import indexing, joining
from .ops import shape as shapes
from .ops import differences, extrema, histograms, order_statistics, scan
from .ops import norm as norms
from .ops import softmax as softmaxes
from .ops import sorting, statistics
from .ops.arguments import one_dim

__all__ = ["Tensor"]


class Tensor(Variable):
    """An n-dimensional array that can remember how it was computed.

    Args:
        data: a number, nested lists, an ndarray or a tensor; always copied. Lists and numbers get
            the default float dtype, arrays and tensors keep theirs.
        requires_grad: whether ``backward`` collects a gradient in ``.grad``. Floating-point data
            do so by default here, in the class constructor; the functions ``minitorch.tensor``,
            ``zeros``, ``randn``, ... follow PyTorch and do not.

    Example:
        >>> from minitorch import Tensor
        >>> x = Tensor([1.0, 2.0, 3.0])
        >>> (x * x).sum().backward()
        >>> x.grad
        tensor([2., 4., 6.])

    Follows https://docs.pytorch.org/docs/stable/tensors.html
    """

    __array_priority__ = 1000

    def __init__(
        self,
        data: Any = (),
        requires_grad: bool | None = None,
        *,
        dtype: dtype | None = None,
        device: Any = None,
    ) -> None:
        self._data = tensor_data(data, dtype, floats=True)
        self._node = None
        self._version = [0]
        self._base = None
        if requires_grad is None:
            requires_grad = self._data.dtype.kind == "f"
        if requires_grad:
            self.requires_grad_()

    # --- state -------------------------------------------------------------------------------

    @property
    def shape(self) -> Size:
        """The size of each dimension."""
        return Size(self._data.shape)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self._data.ndim  # type: ignore[no-any-return]

    @property
    def dtype(self) -> dtype:
        """The type of the elements."""
        return from_numpy_dtype(self._data.dtype)

    @property
    def device(self) -> device:
        """Where the tensor lives: always the CPU."""
        return CPU

    @property
    def requires_grad(self) -> bool:
        """Whether ``backward`` reaches this tensor. Can be set on leaves."""
        return history(self) is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    @property
    def is_leaf(self) -> bool:
        """True unless an operation on something that requires grad made this tensor."""
        node = history(self)
        return node is None or isinstance(node, AccumulateGrad)

    @property
    def grad_fn(self) -> Any:
        """The node of the step that made this tensor, None for a leaf."""
        node = history(self)
        return None if isinstance(node, AccumulateGrad) else node

    @property
    def output_nr(self) -> int:
        """Which output of its ``grad_fn`` this tensor is."""
        return getattr(history(self), "number", 0)

    @property
    def grad(self) -> Tensor | None:
        """What ``backward`` has collected so far; None before the first time."""
        return self._grad  # type: ignore[return-value]

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise TypeError(
                    f"assigned grad expected to be a Tensor or None but got grad of type "
                    f"{type(value).__name__}"
                )
            if value._data.shape != self._data.shape:
                raise RuntimeError(
                    f"assigned grad has data of a different size: the grad has shape "
                    f"{list(value.shape)}, the tensor {list(self.shape)}"
                )
            if value._data.dtype != self._data.dtype:
                raise RuntimeError(
                    f"assigned grad has data of a different type: the grad has dtype "
                    f"{value.dtype}, the tensor {self.dtype}"
                )
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    @property
    def data(self) -> Tensor:
        """The same memory outside of autograd: writes to it are not noticed by ``backward``."""
        alias = wrap(self._array())
        return alias  # type: ignore[no-any-return]

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Variable):
            raise TypeError(
                f"Variable data has to be a tensor, but got {type(value).__name__}"
            )
        self._data = value._array()
        if isinstance(self._node, AccumulateGrad):
            self._node.shape = self._data.shape

    @property
    def _version_number(self) -> int:
        return self._version[0]

    # --- autograd ----------------------------------------------------------------------------

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """Computes the gradients of this tensor and adds them to the leaves' ``.grad``.

        Args:
            gradient: the gradient to start with, of this tensor's shape; may be left out for a
                tensor with one element.
            retain_graph: keep the saved values, to go backward again. By default ``create_graph``.
            create_graph: record the backward pass, for gradients of gradients.
            inputs: the leaves to collect in; by default all.

        Raises:
            RuntimeError: nothing here requires grad; the shape asks for ``gradient``; the graph
                was freed; a saved value was overwritten.

        Follows https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html
        """
        from .autograd import backward

        backward(self, gradient, retain_graph, create_graph, inputs=inputs)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Sets whether ``backward`` collects a gradient here; returns the tensor."""
        if requires_grad and self._node is None:
            if self._data.dtype.kind not in "fc":
                raise RuntimeError(
                    "only Tensors of floating point and complex dtype can require gradients, but "
                    f"this one has dtype {self.dtype}"
                )
            track(self)
        elif not requires_grad and self._node is not None:
            if not self.is_leaf:
                raise RuntimeError(
                    "you can only change requires_grad flags of leaf variables. If you want to use "
                    "a computed variable in a subgraph that doesn't require differentiation use "
                    "var_no_grad = var.detach()."
                )
            self._node = None
        return self

    def detach(self) -> Tensor:
        """The same memory, apart from the graph."""
        made = wrap(self._array())
        made._version = self._version
        return made  # type: ignore[no-any-return]

    def detach_(self) -> Tensor:
        """Takes this tensor out of the graph."""
        if self._base is not None:
            raise RuntimeError("Can't detach views in-place. Use detach() instead.")
        self._node = None
        return self

    def retain_grad(self) -> None:
        """Lets ``backward`` fill ``.grad`` here too, though this is no leaf."""
        engine.retain_grad(self)

    def register_hook(self, hook: Any) -> RemovableHandle:
        """``hook(grad)`` sees this tensor's gradient; what it returns, if anything, replaces it."""
        node = history(self)
        if node is None:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        return RemovableHandle(node.attach("tensor_hooks", dict), hook)

    def register_post_accumulate_grad_hook(self, hook: Any) -> RemovableHandle:
        """``hook(tensor)`` runs once ``.grad`` of this leaf holds the pass's gradient."""
        if not isinstance(self._node, AccumulateGrad):
            raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
        return RemovableHandle(self._node.attach("accumulated", dict), hook)

    # --- out to Python and NumPy -------------------------------------------------------------

    def numpy(self, *, force: bool = False) -> np.ndarray[Any, Any]:
        """The values as an ndarray that shares the memory.

        Raises:
            RuntimeError: the tensor requires grad (``detach()`` first, or ``force=True``).
        """
        if self.requires_grad and not force:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() "
                "instead."
            )
        return self._array()

    def item(self) -> Any:
        """The value of a tensor with one element, as a Python number."""
        if self._data.size != 1:
            raise RuntimeError(
                f"a Tensor with {self._data.size} elements cannot be converted to Scalar"
            )
        return self._data.item()

    def tolist(self) -> Any:
        """The values as nested lists of Python numbers."""
        return self._data.tolist()

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return tensor_repr(self)

    def __len__(self) -> int:
        if not self._data.ndim:
            raise TypeError("len() of a 0-d tensor")
        return len(self._data)

    def __bool__(self) -> bool:
        if self._data.size != 1:
            raise RuntimeError(
                "Boolean value of Tensor with "
                + ("no values" if not self._data.size else "more than one value")
                + " is ambiguous"
            )
        return bool(self._data.item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __index__(self) -> int:
        if self._data.size != 1 or self._data.dtype.kind not in "iub":
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self._data.item())

    def __format__(self, spec: str) -> str:
        if not self._data.ndim and not self.requires_grad:
            return format(self.item(), spec)
        return format(str(self), spec)

    def __hash__(self) -> int:
        return id(self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
                "protocol at the moment."
            )
        if id(self) not in memo:
            made = type(self).__new__(type(self))
            memo[id(self)] = made
            made.__dict__.update(copy.deepcopy(self._notes(), memo))
            made._data, made._node, made._version, made._base = self._array().copy(), None, [0], None
            made.requires_grad_(self.requires_grad)
            made._grad = copy.deepcopy(self._grad, memo)
        return memo[id(self)]  # type: ignore[no-any-return]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _rebuild, (type(self), self._array(), self.requires_grad, self._notes())

    def _notes(self) -> dict[str, Any]:
        """The attributes that the user set."""
        return {k: v for k, v in self.__dict__.items() if k not in Variable.__annotations__}

    # --- arithmetic --------------------------------------------------------------------------

    __add__ = __radd__ = arithmetic.plus
    __iadd__ = inplace(arithmetic.plus)
    __sub__ = arithmetic.minus
    __isub__ = inplace(arithmetic.minus)
    __mul__ = __rmul__ = mul = multiply = arithmetic.mul
    __imul__ = mul_ = inplace(arithmetic.mul)
    __truediv__ = true_divide = arithmetic.true_divide
    __itruediv__ = inplace(arithmetic.true_divide)
    __neg__ = neg = negative = arithmetic.neg
    add, add_ = arithmetic.add, inplace(arithmetic.add)
    sub, sub_ = arithmetic.sub, inplace(arithmetic.sub)
    div, div_ = arithmetic.div, inplace(arithmetic.div)

    # --- unary -------------------------------------------------------------------------------

    exp, exp_ = unary.exp, inplace(unary.exp)
    log, log_ = unary.log, inplace(unary.log)
    tanh, tanh_ = unary.tanh, inplace(unary.tanh)

    # --- special -----------------------------------------------------------------------------

    # --- comparison and logic ----------------------------------------------------------------

    # --- reduction ---------------------------------------------------------------------------

    sum, nansum = reduction.sum, reduction.nansum
    mean, nanmean = reduction.mean, reduction.nanmean
    prod = reduction.prod
    all, any = reduction.all, reduction.any
    count_nonzero = reduction.count_nonzero
    max, min = extrema.max, extrema.min
    amax, amin, aminmax = extrema.amax, extrema.amin, extrema.aminmax
    argmax, argmin = extrema.argmax, extrema.argmin
    var, std = statistics.var, statistics.std
    cov, corrcoef = statistics.cov, statistics.corrcoef
    norm, dist = norms.norm, norms.dist
    renorm, renorm_ = norms.renorm, inplace(norms.renorm)
    logsumexp = softmaxes.logsumexp
    softmax, log_softmax = softmaxes.softmax, softmaxes.log_softmax
    median, nanmedian = order_statistics.median, order_statistics.nanmedian
    mode = order_statistics.mode
    quantile, nanquantile = order_statistics.quantile, order_statistics.nanquantile
    cumsum, cumsum_ = scan.cumsum, inplace(scan.cumsum)
    cumprod, cumprod_ = scan.cumprod, inplace(scan.cumprod)
    cummax, cummin = scan.cummax, scan.cummin
    logcumsumexp = scan.logcumsumexp
    diff = differences.diff
    histc, histogram = histograms.histc, histograms.histogram
    bincount = histograms.bincount

    # --- sorting and searching ---------------------------------------------------------------

    sort, argsort = sorting.sort, sorting.argsort
    msort = sorting.msort
    topk, kthvalue = sorting.topk, sorting.kthvalue
    unique, unique_consecutive = sorting.unique, sorting.unique_consecutive

    # --- shape -------------------------------------------------------------------------------

    T = property(shapes.reverse_dims)
    H = property(shapes.hermitian)
    mT = property(shapes.matrix_transpose)  # noqa: N815
    mH = property(shapes.adjoint)  # noqa: N815
    adjoint = shapes.adjoint
    reshape, reshape_as, view, view_as = (
        shapes.reshape, shapes.reshape_as, shapes.view, shapes.view_as,
    )  # fmt: skip
    permute, transpose, swapaxes, swapdims = (
        shapes.permute, shapes.transpose, shapes.swapaxes, shapes.swapdims,
    )  # fmt: skip
    t, movedim, moveaxis = shapes.t, shapes.movedim, shapes.moveaxis
    squeeze, unsqueeze = shapes.squeeze, shapes.unsqueeze
    expand, expand_as, broadcast_to = shapes.expand, shapes.expand_as, shapes.broadcast_to
    flatten, ravel, unflatten = shapes.flatten, shapes.ravel, shapes.unflatten
    unfold, narrow, select = shapes.unfold, shapes.narrow, shapes.select
    as_strided, sum_to_size = shapes.as_strided, shapes.sum_to_size
    clone, contiguous = shapes.clone, shapes.contiguous

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size of one dimension."""
        return self.shape if dim is None else self.shape[one_dim(dim, self.ndim)]

    def dim(self) -> int:
        """The number of dimensions."""
        return self._data.ndim  # type: ignore[no-any-return]

    ndimension = dim

    def numel(self) -> int:
        """The number of elements."""
        return self._data.size  # type: ignore[no-any-return]

    nelement = numel

    def element_size(self) -> int:
        """The size of an element in bytes."""
        return self._data.itemsize  # type: ignore[no-any-return]

    itemsize = property(element_size)
    nbytes = property(lambda self: self._data.nbytes)

    def stride(self, dim: int | None = None) -> Any:
        """The steps in memory from one element to the next, counted in elements."""
        data = self._array()
        strides = tuple(step // data.itemsize for step in data.strides)
        return strides if dim is None else strides[one_dim(dim, self.ndim)]

    def storage_offset(self) -> int:
        """The place of the first element in the memory that the tensor shares."""
        data = self._array()
        base = data.base if isinstance(data.base, np.ndarray) else data
        start = base.__array_interface__["data"][0]
        return (data.__array_interface__["data"][0] - start) // data.itemsize  # type: ignore[no-any-return]

    def data_ptr(self) -> int:
        """The address of the first element."""
        return self._array().__array_interface__["data"][0]  # type: ignore[no-any-return]

    def is_contiguous(self, memory_format: Any = None) -> bool:
        """True where the elements lie in memory in C order, without gaps."""
        return self._data.flags.c_contiguous  # type: ignore[no-any-return]

    def is_set_to(self, tensor: Tensor) -> bool:
        """True where both are the very same elements of one memory."""
        mine, other = self._array().__array_interface__, tensor._array().__array_interface__
        return all(mine[k] == other[k] for k in ("data", "shape", "strides", "typestr"))

    # --- joining and splitting ---------------------------------------------------------------

    split, split_with_sizes, chunk = joining.split, joining.split_with_sizes, joining.chunk
    unsafe_split, unsafe_chunk = joining.unsafe_split, joining.unsafe_chunk
    tensor_split, unbind = joining.tensor_split, joining.unbind
    hsplit, vsplit, dsplit = joining.hsplit, joining.vsplit, joining.dsplit

    def __iter__(self) -> Any:
        if not self._data.ndim:
            raise TypeError("iteration over a 0-d tensor")
        return iter(joining.unbind(self))

    # --- indexing ----------------------------------------------------------------------------

    __getitem__ = indexing.getitem
    __setitem__ = indexing.setitem
    copy_ = indexing.copy_
    fill_ = inplace(indexing.fill)
    index_put, index_put_ = indexing.index_put, inplace(indexing.index_put)

    def zero_(self) -> Tensor:
        """Fills the tensor with zeros."""
        return self.fill_(0)  # type: ignore[no-any-return]

    # --- linear algebra ----------------------------------------------------------------------

    __matmul__ = matmul = products.matmul
    __rmatmul__ = products.matmul_reversed
    mm = products.mm
    bmm = products.bmm
    mv = products.mv
    dot, vdot = products.dot, products.vdot
    outer = ger = products.outer
    inner, kron = products.inner, products.kron
    addmm, addmm_ = products.addmm, inplace(products.addmm)
    addmv, addmv_ = products.addmv, inplace(products.addmv)
    addr, addr_ = products.addr, inplace(products.addr)
    addbmm, addbmm_ = products.addbmm, inplace(products.addbmm)
    baddbmm, baddbmm_ = products.baddbmm, inplace(products.baddbmm)
    det, logdet, slogdet = linalg.det, linalg.logdet, linalg.slogdet
    inverse, pinverse = linalg.inverse, decompositions.pinverse
    matrix_exp, matrix_power = linalg.matrix_exp, linalg.matrix_power
    cholesky = decompositions.cholesky
    cholesky_solve = decompositions.cholesky_solve
    cholesky_inverse = decompositions.cholesky_inverse
    qr, svd = decompositions.qr, decompositions.svd
    cross = geometry.cross

    # --- conversion --------------------------------------------------------------------------

    # --- creation and random -----------------------------------------------------------------

    new_tensor = _creation.new_tensor
    new_full = _creation.new_full
    new_zeros, new_ones = _creation.new_zeros, _creation.new_ones
    new_empty, new_empty_strided = _creation.new_empty, _creation.new_empty_strided

    zeros = _creation.tracking(_creation.zeros)
    ones = _creation.tracking(_creation.ones)
    full = _creation.tracking(_creation.full)
    eye = _creation.tracking(_creation.eye)
    zeros_like = _creation.tracking(_creation.zeros_like)
    ones_like = _creation.tracking(_creation.ones_like)
    full_like = _creation.tracking(_creation.full_like)
    arange = _creation.tracking(_ranges.arange)
    linspace = _creation.tracking(_ranges.linspace)
    rand = _creation.tracking(_random.rand)
    randn = _creation.tracking(_random.randn)
    rand_like = _creation.tracking(_random.rand_like)
    randn_like = _creation.tracking(_random.randn_like)
    uniform_, normal_, random_ = _random.uniform_, _random.normal_, _random.random_
    bernoulli, bernoulli_ = _random.bernoulli, _random.bernoulli_
    exponential_, geometric_ = _random.exponential_, _random.geometric_
    cauchy_, log_normal_ = _random.cauchy_, _random.log_normal_
    multinomial = _random.multinomial

    randint = staticmethod(_random.randint_of_shape)
    randperm = staticmethod(_random.randperm)


def _rebuild(kind: Any, array: Any, requires_grad: bool, notes: dict[str, Any]) -> Any:
    made = kind.__new__(kind)
    made._data, made._node, made._version, made._base = array, None, [0], None
    made.__dict__.update(notes)
    return made.requires_grad_(requires_grad)


use_tensor_class(Tensor)
