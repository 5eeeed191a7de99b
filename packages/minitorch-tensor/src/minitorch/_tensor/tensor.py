"""``Tensor``: state, properties, and one line per method. The mathematics is in ``ops``."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from types import FunctionType
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar, overload

import numpy as np

from .. import overrides
from .._types import layout as layouts
from .._types.device import CPU, META, as_device, device
from .._types.dtype import LIMITED, by_numpy, dtype, from_numpy_dtype
from .._types.size import Size
from ..autograd import engine
from ..autograd import inplace as in_place
from ..autograd.deprecated import in_any_order
from ..autograd.frames import fold
from ..autograd.grad_mode import current, marking, outside_transforms, tell
from ..autograd.gradients import backward
from ..autograd.history import history, root
from ..autograd.inplace import check_history, relaid, warning_if_expanded
from ..autograd.node import (
    AccumulateGrad,
    Node,
    Output,
    RemovableHandle,
    add_hook,
    shown,
    track,
    untrack,
)
from ..autograd.primitive import operator
from ..autograd.variable import (
    Variable,
    attributes,
    check_marks,
    move,
    new_counter,
    use_tensor_class,
    wrap,
)
from ..kernels.memory import address, deep_copy, is_packed, owner_of
from ..kernels.meta import MetaArray
from ..ops import (
    arithmetic,
    broadcasting,
    choice,
    comparison,
    complex_parts,
    conversion,
    creation,
    exponential,
    extrema,
    from_data,
    indexing,
    joining,
    powers,
    ranges,
    reduction,
    regions,
    rounding,
    unary,
)
from ..ops import matmul as products
from ..ops import shape as shapes
from ..ops import softmax as softmaxes
from ..ops import storage as storages
from ..ops.arguments import numpy_names, one_dim
from ..ops.from_data import tensor_data
from .later import Later, LaterMethod

__all__ = ["Tensor"]

T = TypeVar("T", bound="Tensor")


class Notes(dict[str, Any]):
    """``tensor.__dict__``: the attributes that the user set, without what autograd knows of it.
    What is written here is written to the tensor."""

    def __init__(self, tensor: Tensor) -> None:
        super().__init__(tensor._notes())
        self.tensor = tensor

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        attributes(self.tensor)[name] = value

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        del attributes(self.tensor)[name]

    def update(self, *args: Any, **kwargs: Any) -> None:
        for name, value in dict(*args, **kwargs).items():
            self[name] = value

    def __reduce__(self) -> Any:
        return dict, (dict(self),)


if TYPE_CHECKING:
    import numpy.typing as npt

    from ..autograd.inplace import inplace
    from ..ops import (
        copies,
        decompositions,
        diagonals,
        differences,
        filling,
        geometry,
        hashing,
        histograms,
        householder,
        least_squares,
        legacy,
        linalg,
        matrix_functions,
        order_statistics,
        positions,
        rearranging,
        scan,
        selections,
        slices,
        statistics,
    )
    from ..ops import lu as lus
    from ..ops import norm as norms
    from ..ops import stft as stfts
    from ..ops.creation import tracking
    from . import numpy_protocols, sparse_functions, strided, swap
    from .declared import Declared as Base
    from .typed_storage import TypedStorage
    from .untyped_storage import UntypedStorage

    functional: Any  # of minitorch-nn
    DeviceLike = device | str | int | None
    static = staticmethod
else:
    from .later import inplace, static, tracking

    Base = Variable
    numpy_protocols = Later("minitorch._tensor.numpy_protocols")
    bitwise = Later("minitorch.ops.bitwise")
    decompositions = Later("minitorch.ops.decompositions")
    diagonals = Later("minitorch.ops.diagonals")
    differences = Later("minitorch.ops.differences")
    copies = Later("minitorch.ops.copies")
    filling = Later("minitorch.ops.filling")
    geometry = Later("minitorch.ops.geometry")
    hashing = Later("minitorch.ops.hashing")
    histograms = Later("minitorch.ops.histograms")
    householder = Later("minitorch.ops.householder")
    legacy = Later("minitorch.ops.legacy")
    lus = Later("minitorch.ops.lu")
    norms = Later("minitorch.ops.norm")
    random_functions = Later("minitorch.random.functions")
    stfts = Later("minitorch.ops.stft")
    swap = Later("minitorch._tensor.swap")
    functional = Later("minitorch.nn.functional")
    selections = Later("minitorch.ops.selections")
    least_squares = Later("minitorch.ops.least_squares")
    linalg = Later("minitorch.ops.linalg")
    matrix_functions = Later("minitorch.ops.matrix_functions")
    order_statistics = Later("minitorch.ops.order_statistics")
    positions = Later("minitorch.ops.positions")
    rearranging = Later("minitorch.ops.rearranging")
    scan = Later("minitorch.ops.scan")
    slices = Later("minitorch.ops.slices")
    sparse_functions = Later("minitorch._tensor.sparse_functions")
    strided = Later("minitorch._tensor.strided")
    statistics = Later("minitorch.ops.statistics")
    bessel = Later("minitorch.ops.bessel")
    error_functions = Later("minitorch.ops.error_functions")
    gamma_functions = Later("minitorch.ops.gamma_functions")
    sorting = Later("minitorch.ops.sorting")
    special = Later("minitorch.ops.special")
    trigonometric = Later("minitorch.ops.trigonometric")
    scatters = Later("minitorch.ops.scatter")

TYPED: bool = TYPE_CHECKING  # by another name, so that mypy reads these modules before this one
if TYPED:
    from ..ops import (
        bessel,
        bitwise,
        error_functions,
        gamma_functions,
        sorting,
        special,
        trigonometric,
    )
    from ..ops import scatter as scatters
    from ..random import functions as random_functions

_size = tuple.__new__  # of integers that were checked: a third of the time that Size() takes


class Tensor(Base):
    """An n-dimensional array that can remember how it was computed.

    Args:
        data: nested lists, an ndarray, a tensor or a float; always copied. Lists and floats get
            the default float dtype, arrays and tensors keep theirs. Integers, as in
            ``Tensor(2, 3)``, and a ``Size`` are a shape: the tensor holds what the memory holds.
        requires_grad: whether ``backward`` collects a gradient in ``.grad``. Floating-point data
            do so by default here, in the class constructor; the functions ``minitorch.tensor``,
            ``zeros``, ``randn``, ... and subclasses follow PyTorch and do not. By name, or a bool
            after ``data``.

    Raises:
        TypeError: the arguments are neither integers nor one piece of data.
        RuntimeError: a size is negative.

    Example:
        >>> from minitorch import Tensor
        >>> x = Tensor([1.0, 2.0, 3.0])
        >>> (x * x).sum().backward()
        >>> x.grad
        tensor([2., 4., 6.])

    Follows https://docs.pytorch.org/docs/stable/tensors.html
    """

    _grad: Tensor | None
    __array_priority__ = 1000
    __array_ufunc__ = numpy_protocols.array_ufunc
    __array_function__ = numpy_protocols.array_function
    __torch_function__ = classmethod(overrides.default)
    _shown_as = "tensor"  # by repr; a class that does not say so shows its name

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if cls.__torch_function__ is not overrides.disabled:
            overrides.enable()

    def __new__(
        cls,
        *values: Any,
        data: Any = None,
        requires_grad: bool | None = None,
        dtype: dtype | None = None,
        device: DeviceLike = None,
        size: Sequence[int] | None = None,
    ) -> Self:
        if data is not None:
            values = (data, *values)
        if len(values) == 2 and type(values[-1]) is bool:
            values, requires_grad = values[:1], values[-1]
        shape = from_data.shape_in(values, size)
        if shape is not None:
            array = creation.empty(shape, dtype=dtype, device=device or CPU)._array()
        else:
            array = tensor_data(values[0], dtype, floats=True)
        made: Self = _leaf(cls, array)
        if requires_grad is None:
            requires_grad = cls is Tensor and array.dtype.kind in "fV"
        if requires_grad:
            made.requires_grad_()
        return made

    # --- state -------------------------------------------------------------------------------

    @property
    def shape(self) -> Size:
        """The size of each dimension."""
        return _size(Size, self._data.shape)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self._data.ndim

    @property
    def dtype(self) -> dtype:
        """The type of the elements."""
        numpy = self._data.dtype
        return by_numpy.get(numpy) or from_numpy_dtype(numpy)

    @property
    def device(self) -> device:
        """Where the tensor lives: on the CPU or, without values, on "meta"."""
        return META if isinstance(self._data, MetaArray) else CPU

    @property
    def is_meta(self) -> bool:
        """Whether the tensor has a shape and a dtype, but no values."""
        return isinstance(self._data, MetaArray)

    @property
    def is_cpu(self) -> bool:
        """Whether the tensor has values."""
        return not isinstance(self._data, MetaArray)

    @property
    def requires_grad(self) -> bool:
        """Whether ``backward`` reaches this tensor or its base. Can be set on leaves."""
        return self._node is not None or (self._base is not None and root(self)._node is not None)

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    @requires_grad.deleter
    def requires_grad(self) -> None:
        raise RuntimeError("cannot delete requires_grad")

    @property
    def volatile(self) -> bool:
        """False: what it was for, ``no_grad`` does."""
        warnings.warn("volatile was removed (Variable.volatile is always False)", stacklevel=2)
        return False

    @property
    def is_leaf(self) -> bool:
        """True unless an operation on something that requires grad made this tensor."""
        node = history(self)
        return node is None or isinstance(node, AccumulateGrad)

    @property
    def grad_fn(self) -> Node | None:
        """The node of the operation that made this tensor, None for a leaf."""
        node = history(self)
        if isinstance(node, Output):
            return shown(node.parents[0])  # type: ignore[no-any-return]  # a Tensor
        return None if isinstance(node, AccumulateGrad) else shown(node)

    @property
    def output_nr(self) -> int:
        """Which output of its ``grad_fn`` this tensor is."""
        return getattr(history(self), "number", 0)

    @property
    def grad(self) -> Tensor | None:
        """What ``backward`` has collected so far; None before the first time."""
        if self._grad is None and not (self._node is None or self.is_leaf or self.retains_grad):
            warnings.warn(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its "
                ".grad attribute won't be populated during autograd.backward(). If you indeed want "
                "the .grad field to be populated for a non-leaf Tensor, use .retain_grad() on it.",
                stacklevel=2,
            )
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise TypeError(
                    f"assigned grad expected to be a Tensor or None but got grad of type "
                    f"{type(value).__name__}"
                )
            if value is self:
                raise RuntimeError("can't assign Variable as its own grad")
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
        if current.state.recording:
            tell("before_grad", self, False)
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self.grad = None

    @property
    def data(self) -> Tensor:
        """The same memory outside of autograd: writes to it are not noticed by ``backward``."""
        made: Tensor = wrap(self._array())
        if marking:
            tell("detached", self, made)
        return made

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Variable):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        array = value._array()
        if (isinstance(array, MetaArray)) is not (isinstance(self._data, MetaArray)):
            raise RuntimeError(
                "Attempted to call `variable.set_data(tensor)`, but `variable` and `tensor` have "
                f"incompatible tensor type: one is on {self.device}, the other on {value.device}."
            )
        if self.requires_grad and array.dtype.kind not in "fVcW":
            raise RuntimeError(
                "data set to a tensor that requires gradients must be floating point or complex "
                f"dtype, not {value.dtype}"
            )
        move(self, array)
        if isinstance(self._node, AccumulateGrad):
            self._node.shape = self._data.shape

    @data.deleter
    def data(self) -> None:
        raise RuntimeError("Deleting tensor data is not allowed. Delete tensor instead!")

    @property
    def _version(self) -> int:
        """The number of in-place writes to this tensor's memory so far, as a number that stays.

        Raises:
            RuntimeError: for an inference tensor, whose writes are not counted.
        """
        if self.is_inference():
            raise RuntimeError("Inference tensors do not track version counter.")
        return int(self._counter[0])

    # --- autograd ----------------------------------------------------------------------------

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Tensor | Sequence[Tensor] | None = None,
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
        """
        try:
            backward(self, gradient, retain_graph, create_graph, inputs=inputs)
        except Exception as error:
            fold(error)
            raise

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Sets whether ``backward`` collects a gradient here; returns the tensor."""
        outside_transforms("requires_grad_")
        if requires_grad and self._node is None:
            if self._data.dtype.kind not in "fVcW":
                raise RuntimeError(
                    "only Tensors of floating point dtype can require gradients, but this one has "
                    f"dtype {self.dtype}"
                )
            track(self)
        elif not requires_grad and self._node is not None:
            if not self.is_leaf:
                raise RuntimeError(
                    "you can only change requires_grad flags of leaf variables. If you want to use "
                    "a computed variable in a subgraph that doesn't require differentiation use "
                    "var_no_grad = var.detach()."
                )
            untrack(self)
        return self

    def detach(self) -> Tensor:
        """The same memory, apart from the graph."""
        made: Tensor = wrap(self._array())
        made._counter = self._counter
        if marking:
            tell("detached", self, made)
        return made

    def as_subclass(self, cls: type[T]) -> T:
        """The same memory and history as a tensor of class ``cls``.

        Raises:
            TypeError: ``cls`` is no subclass of Tensor.
        """
        if not (isinstance(cls, type) and issubclass(cls, Tensor)):
            raise TypeError(f"as_subclass(): {cls!r} is not a subclass of Tensor")
        made: Any = shapes.alias_p(self)
        if made._interpreter is None:  # what stands for others in a transform keeps its own class
            try:
                made.__class__ = cls
            except TypeError:  # a class with __slots__
                state, made = attributes(made), object.__new__(cls)
                attributes(made).update(state)
        return made  # type: ignore[no-any-return]  # a Tensor

    @staticmethod
    def _make_subclass(cls: type[T], data: Tensor, require_grad: bool = False) -> T:
        """A leaf of class ``cls`` on the memory of ``data``."""
        made: Any = object.__new__(cls)  # with another class given to it, attributes would be slow
        made._data, made._node = data._array(), None
        made._counter, made._base = data._counter, None
        return made.requires_grad_(require_grad)  # type: ignore[no-any-return]  # a Tensor

    def detach_(self) -> Tensor:
        """Takes this tensor out of the graph."""
        if self._is_view():
            raise RuntimeError("Can't detach views in-place. Use detach() instead.")
        if self._base is not None:
            untrack(root(self))
        untrack(self)
        return self

    @property
    def retains_grad(self) -> bool:
        """Whether ``retain_grad`` was asked for."""
        return not self.is_leaf and getattr(self, "_retained", None) is history(self)

    def _is_view(self) -> bool:
        return self._base is not None and not self._relaid

    def apply_(self, callable: Callable[[Any], Any]) -> Tensor:
        """Replaces each element ``x`` by ``callable(x)``, one by one in Python."""
        if self.requires_grad:
            raise RuntimeError("apply_() cannot be used on a tensor that requires grad")
        check_marks(self)
        data = self._array()
        for place in np.ndindex(data.shape):
            value = callable(data[place].item())
            if not isinstance(value, int | float | complex):
                raise TypeError(f"must be real number, not {type(value).__name__}")
            data[place] = value
        self._counter[0] += 1
        return self

    def dim_order(
        self, *, ambiguity_check: bool | list[layouts.memory_format] = False
    ) -> tuple[int, ...]:
        """The dimensions from the outermost to the innermost in memory.

        Args:
            ambiguity_check: True refuses memory that has several such orders; a list of memory
                formats allows those that they tell apart.

        Raises:
            RuntimeError: the order is not the only one.
        """
        formats = ambiguity_check if isinstance(ambiguity_check, list) else []
        if not (isinstance(ambiguity_check, bool) or formats) or not all(
            isinstance(each, layouts.memory_format) for each in formats
        ):
            raise TypeError(
                "The ambiguity_check argument must be a bool or a list of memory formats."
            )
        strides = self.stride()
        ambiguous = len({*strides}) < len(strides) or 1 in self.shape
        if ambiguity_check and ambiguous and sum(map(self.is_contiguous, formats)) != 1:
            raise RuntimeError(
                "The tensor does not have unique dim order, or cannot map to exact one of the "
                f"given memory formats: shape {list(self.shape)}, strides {list(strides)}"
            )
        return tuple(sorted(range(self.ndim), key=lambda d: -strides[d]))

    def retain_grad(self) -> None:
        """Lets ``backward`` fill ``.grad`` here too, though this is no leaf."""
        outside_transforms("retain_grad")
        engine.retain_grad(self)

    def register_hook(self, hook: Callable[[Tensor], Any]) -> RemovableHandle:
        """``hook(grad)`` sees this tensor's gradient; what it returns, if anything, replaces it."""
        node = history(self)
        if node is None:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        return add_hook(node.attach("tensor_hooks", OrderedDict), hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> RemovableHandle:
        """``hook(tensor)`` runs once ``.grad`` of this leaf holds the pass's gradient."""
        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        node = history(self)
        if not isinstance(node, AccumulateGrad):
            raise RuntimeError(
                "post accumulate grad hooks cannot be registered on non-leaf tensors"
            )
        AccumulateGrad.hooked = True
        return add_hook(node.attach("accumulated", OrderedDict), hook)

    # --- out to Python and NumPy -------------------------------------------------------------

    def numpy(self, *, force: bool = False) -> np.ndarray[Any, Any]:
        """The values as an ndarray that shares the memory.

        Raises:
            RuntimeError: the tensor requires grad (``detach()`` first, or ``force=True``).
            TypeError: it has no values, being on "meta"; or NumPy itself lacks the dtype, which is
                bfloat16 or float8 (``float()`` first).
        """
        try:
            if not force and current.state.flags & 1 and self.requires_grad:
                raise RuntimeError(
                    "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() "
                    "instead."
                )
            if isinstance(self._data, MetaArray):
                raise TypeError(
                    "can't convert meta device type tensor to numpy. Use Tensor.cpu() to copy the "
                    "tensor to host memory first."
                )
            if self._data.dtype in LIMITED and self.dtype.category > 1:
                wide = "cfloat" if self.dtype.is_complex else "float"
                raise TypeError(f"Got unsupported ScalarType {self.dtype.type_name}: use .{wide}()")
            return self._array()
        except Exception as error:
            fold(error)
            raise

    def item(self) -> int | float | bool:
        """The value of a tensor with one element, as a Python number."""
        try:
            if self._data.size != 1:
                raise RuntimeError(
                    f"a Tensor with {self._data.size} elements cannot be converted to Scalar"
                )
            value: int | float | bool = self._data.item()  # or complex: as in PyTorch's stub
            return value
        except Exception as error:
            fold(error)
            raise

    def tolist(self) -> Any:
        """The values as nested lists of Python numbers."""
        return self._data.tolist()

    def __repr__(self, *, tensor_contents: object = None) -> str:
        from .printing import tensor_repr  # many programs print no tensor

        if self._tracked is not None:
            level, value = self._tracked
            return f"GradTrackingTensor(lvl={level}, value={value!r})"
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
        return float(self._real_item())

    def __int__(self) -> int:
        return int(self._real_item())

    def _only_value(self) -> Any:
        """The value of a tensor with one element, for Python's own types."""
        if self._data.size != 1:
            raise ValueError(
                "only one element tensors can be converted to Python scalars, but this one has the "
                f"shape {list(self.shape)}"
            )
        return self._data.item()

    def _real_item(self) -> Any:
        value = self._only_value()
        if type(value) is complex:
            if value.imag:
                raise RuntimeError(
                    "value cannot be converted to a real number without overflow: it has an "
                    "imaginary part"
                )
            return value.real
        return value

    def __complex__(self) -> complex:
        return complex(self._only_value())

    def __index__(self) -> int:
        if self._data.size != 1 or self._data.dtype.kind not in "iub":
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self._data.item())

    def __format__(self, spec: str) -> str:
        if not self._data.ndim and type(self) is Tensor:
            return format(self.item(), spec)
        return object.__format__(self, spec)

    def __hash__(self) -> int:
        return id(self)

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> np.ndarray[Any, Any]:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def untyped_storage(self) -> UntypedStorage:
        """The memory that the tensor shares with its views."""
        from .typed_storage import UntypedStorage

        return UntypedStorage.of(self._array())

    def storage(self) -> TypedStorage:
        """The memory that the tensor shares with its views, as elements of its dtype.

        Warns that PyTorch is to lose it: ``untyped_storage()`` stays.
        """
        from . import typed_storage

        typed_storage._warn_typed_storage_removal()
        return self._typed_storage()

    def _typed_storage(self) -> TypedStorage:
        from .typed_storage import TypedStorage

        return TypedStorage(wrap_storage=self.untyped_storage(), dtype=self.dtype, _internal=True)

    def storage_type(self) -> Any:
        """The class of ``storage()``, such as ``torch.FloatStorage``."""
        from . import typed_storage

        return getattr(typed_storage, f"{self.dtype.type_name}Storage")

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        if self.requires_grad:
            raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
        if stream is not None:
            if type(stream) is not int:
                raise TypeError("stream must be ``int`` or ``none``")
            raise AssertionError("stream should be None on cpu.")
        options: dict[str, Any] = {"max_version": max_version, "dl_device": dl_device, "copy": copy}
        given = {k: v for k, v in options.items() if v is not None}
        return self._array().__dlpack__(**given)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._array().__dlpack_device__()

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
                "protocol at the moment."
            )
        from copy import deepcopy

        made: Tensor | None = memo.get(id(self))
        if made is None:
            memo[id(self)] = made = _leaf(type(self), deep_copy(self._array(), memo))
            made.__dict__.update(deepcopy(self._notes(), memo))
            made.requires_grad_(self.requires_grad)
            made._grad = deepcopy(self._grad, memo)
        return made

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _rebuild, (type(self), self._array(), self.requires_grad, self._notes())

    def _notes(self) -> dict[str, Any]:
        """The attributes that the user set."""
        return {k: v for k, v in attributes(self).items() if k not in Variable.__annotations__}

    @property
    def __dict__(self) -> Notes:
        return Notes(self)

    @__dict__.setter
    def __dict__(self, notes: dict[str, Any]) -> None:
        shown = Notes(self)
        for name in [*shown]:
            del shown[name]
        shown.update(notes)

    # --- arithmetic --------------------------------------------------------------------------

    if not TYPE_CHECKING:  # see declared
        __add__ = __radd__ = arithmetic.add_p
        __iadd__ = inplace(arithmetic.add_p)
        __sub__, __rsub__ = arithmetic.sub_p, arithmetic.rsub_p
        __isub__ = inplace(arithmetic.sub_p)
        __mul__ = __rmul__ = arithmetic.mul
        __imul__ = inplace(arithmetic.mul)
        __truediv__, __rtruediv__ = arithmetic.true_divide, arithmetic.divide_into
        __itruediv__ = inplace(arithmetic.true_divide)
        __floordiv__, __rfloordiv__ = arithmetic.floor_divide, arithmetic.floor_divide_into
        __ifloordiv__ = inplace(arithmetic.floor_divide)
        __mod__, __rmod__ = arithmetic.remainder, arithmetic.remainder_into
        __imod__ = inplace(arithmetic.remainder)
        __pow__, __rpow__ = powers.pow, powers.rpow_p
        __ipow__ = inplace(powers.pow)
        __neg__ = arithmetic.neg
        __pos__ = arithmetic.positive
        __abs__ = complex_parts.abs
        __and__ = __rand__ = bitwise.bitwise_and
        __iand__ = inplace(bitwise.bitwise_and)
        __or__ = __ror__ = bitwise.bitwise_or
        __ior__ = inplace(bitwise.bitwise_or)
        __xor__ = __rxor__ = bitwise.bitwise_xor
        __ixor__ = inplace(bitwise.bitwise_xor)
        __lshift__, __rlshift__ = bitwise.bitwise_left_shift, bitwise.shift_left_of
        __ilshift__ = inplace(bitwise.bitwise_left_shift)
        __rshift__, __rrshift__ = bitwise.bitwise_right_shift, bitwise.shift_right_of
        __irshift__ = inplace(bitwise.bitwise_right_shift)
        __invert__ = bitwise.invert
        __eq__, __ne__ = comparison.eq, comparison.ne
        __lt__, __le__ = comparison.lt, comparison.le
        __gt__, __ge__ = comparison.gt, comparison.ge
        __matmul__, __rmatmul__ = products.matmul, products.matmul_reversed

    mul = multiply = arithmetic.mul
    mul_ = multiply_ = inplace(arithmetic.mul)
    true_divide_ = inplace(arithmetic.true_divide)
    floor_divide_ = inplace(arithmetic.floor_divide)
    remainder_ = inplace(arithmetic.remainder)
    neg = negative = arithmetic.neg
    positive = arithmetic.positive
    neg_ = negative_ = inplace(arithmetic.neg)
    add, add_ = in_any_order(arithmetic.add), inplace(arithmetic.add)
    sub, sub_ = in_any_order(arithmetic.sub), inplace(arithmetic.sub)
    subtract, subtract_ = sub, sub_
    rsub = arithmetic.rsub
    div, div_ = arithmetic.div, inplace(arithmetic.div)
    divide, divide_ = div, div_
    true_divide = arithmetic.true_divide
    floor_divide = arithmetic.floor_divide
    remainder = arithmetic.remainder
    fmod, fmod_ = arithmetic.fmod, inplace(arithmetic.fmod)
    pow, pow_ = powers.pow, inplace(powers.pow)
    float_power = powers.float_power
    float_power_ = inplace(powers.float_power_)
    addcmul, addcmul_ = in_any_order(arithmetic.addcmul), inplace(arithmetic.addcmul)
    addcdiv, addcdiv_ = in_any_order(arithmetic.addcdiv), inplace(arithmetic.addcdiv)
    lerp, lerp_ = arithmetic.lerp, inplace(arithmetic.lerp)
    clamp = clip = choice.clamp
    clamp_ = clip_ = inplace(choice.clamp)
    clamp_min, clamp_min_ = choice.clamp_min, inplace(choice.clamp_min)
    clamp_max, clamp_max_ = choice.clamp_max, inplace(choice.clamp_max)
    maximum, minimum = choice.maximum, choice.minimum
    fmax, fmin = choice.fmax, choice.fmin
    masked_fill, masked_fill_ = (
        choice.masked_fill,
        inplace(choice.masked_fill, warning_if_expanded("masked_fill_")),
    )
    fill, fill_ = choice.fill, inplace(choice.fill, check_history)
    where = choice.where_method
    bitwise_and = bitwise.bitwise_and
    bitwise_and_ = inplace(bitwise.bitwise_and)
    bitwise_or = bitwise.bitwise_or
    bitwise_or_ = inplace(bitwise.bitwise_or)
    bitwise_xor = bitwise.bitwise_xor
    bitwise_xor_ = inplace(bitwise.bitwise_xor)
    bitwise_left_shift_ = inplace(bitwise.bitwise_left_shift)
    bitwise_right_shift_ = inplace(bitwise.bitwise_right_shift)
    bitwise_left_shift = bitwise.bitwise_left_shift
    bitwise_right_shift = bitwise.bitwise_right_shift
    bitwise_not, bitwise_not_ = bitwise.bitwise_not, inplace(bitwise.bitwise_not)
    gcd, gcd_ = bitwise.gcd, inplace(bitwise.gcd)
    lcm, lcm_ = bitwise.lcm, inplace(bitwise.lcm)

    # --- unary -------------------------------------------------------------------------------

    exp, exp_ = exponential.exp, inplace(exponential.exp)
    exp2, exp2_ = exponential.exp2, inplace(exponential.exp2)
    expm1, expm1_ = exponential.expm1, inplace(exponential.expm1)
    log, log_ = exponential.log, inplace(exponential.log)
    log2, log2_ = exponential.log2, inplace(exponential.log2)
    log10, log10_ = exponential.log10, inplace(exponential.log10)
    log1p, log1p_ = exponential.log1p, inplace(exponential.log1p)
    sigmoid, sigmoid_ = exponential.sigmoid, inplace(exponential.sigmoid)
    logit, logit_ = exponential.logit, inplace(exponential.logit)
    sqrt, sqrt_ = unary.sqrt, inplace(unary.sqrt)
    rsqrt, rsqrt_ = unary.rsqrt, inplace(unary.rsqrt)
    reciprocal, reciprocal_ = unary.reciprocal, inplace(unary.reciprocal)
    square, square_ = unary.square, inplace(unary.square)
    sin, sin_ = trigonometric.sin, inplace(trigonometric.sin)
    cos, cos_ = trigonometric.cos, inplace(trigonometric.cos)
    tan, tan_ = trigonometric.tan, inplace(trigonometric.tan)
    sinh, sinh_ = trigonometric.sinh, inplace(trigonometric.sinh)
    cosh, cosh_ = trigonometric.cosh, inplace(trigonometric.cosh)
    tanh, tanh_ = trigonometric.tanh, inplace(trigonometric.tanh)
    sinc, sinc_ = trigonometric.sinc, inplace(trigonometric.sinc)
    deg2rad, deg2rad_ = trigonometric.deg2rad, inplace(trigonometric.deg2rad)
    rad2deg, rad2deg_ = trigonometric.rad2deg, inplace(trigonometric.rad2deg)
    ceil, ceil_ = rounding.ceil, inplace(rounding.ceil)
    floor, floor_ = rounding.floor, inplace(rounding.floor)
    frac, frac_ = rounding.frac, inplace(rounding.frac)
    round, round_ = rounding.round, inplace(rounding.round)
    sgn, sgn_ = complex_parts.sgn, inplace(complex_parts.sgn)
    sign, sign_ = complex_parts.sign, inplace(complex_parts.sign)
    relu, relu_ = unary.relu, inplace(unary.relu)
    nan_to_num, nan_to_num_ = unary.nan_to_num, inplace(unary.nan_to_num)
    asin = arcsin = trigonometric.asin
    asin_ = arcsin_ = inplace(trigonometric.asin)
    acos = arccos = trigonometric.acos
    acos_ = arccos_ = inplace(trigonometric.acos)
    atan = arctan = trigonometric.atan
    atan_ = arctan_ = inplace(trigonometric.atan)
    asinh = arcsinh = trigonometric.asinh
    asinh_ = arcsinh_ = inplace(trigonometric.asinh)
    acosh = arccosh = trigonometric.acosh
    acosh_ = arccosh_ = inplace(trigonometric.acosh)
    atanh = arctanh = trigonometric.atanh
    atanh_ = arctanh_ = inplace(trigonometric.atanh)
    trunc = fix = rounding.trunc
    trunc_ = fix_ = inplace(rounding.trunc)
    abs = absolute = complex_parts.abs
    abs_ = absolute_ = inplace(complex_parts.abs, complex_parts.writable_by_abs)
    conj, conj_physical = complex_parts.conj, complex_parts.conj_physical
    conj_physical_ = inplace(complex_parts.conj_physical)
    resolve_conj, resolve_neg = complex_parts.resolve_conj, complex_parts.resolve_neg
    if not TYPE_CHECKING:
        real = property(complex_parts.real, complex_parts.set_real)
        imag = property(complex_parts.imag, complex_parts.set_imag)
    angle, frexp = complex_parts.angle, unary.frexp
    is_conj, is_neg = complex_parts.is_conj, complex_parts.is_neg

    # --- special -----------------------------------------------------------------------------

    erf, erf_ = error_functions.erf, inplace(error_functions.erf)
    erfc, erfc_ = error_functions.erfc, inplace(error_functions.erfc)
    erfinv, erfinv_ = error_functions.erfinv, inplace(error_functions.erfinv)
    lgamma, lgamma_ = gamma_functions.lgamma, inplace(gamma_functions.lgamma)
    digamma, digamma_ = gamma_functions.digamma, inplace(gamma_functions.digamma)
    i0, i0_ = bessel.i0, inplace(bessel.i0)
    igamma, igamma_ = gamma_functions.igamma, inplace(gamma_functions.igamma)
    igammac, igammac_ = gamma_functions.igammac, inplace(gamma_functions.igammac)
    mvlgamma, mvlgamma_ = gamma_functions.mvlgamma, inplace(gamma_functions.mvlgamma)
    xlogy, xlogy_ = special.xlogy, inplace(special.xlogy)
    hypot, hypot_ = special.hypot, inplace(special.hypot)
    copysign, copysign_ = special.copysign, inplace(special.copysign)
    nextafter, nextafter_ = special.nextafter, inplace(special.nextafter)
    heaviside, heaviside_ = special.heaviside, inplace(special.heaviside)
    ldexp, ldexp_ = special.ldexp, inplace(special.ldexp)
    polygamma, polygamma_ = (
        gamma_functions.polygamma_method,
        inplace(gamma_functions.polygamma_method),
    )
    atan2 = arctan2 = special.atan2
    atan2_ = arctan2_ = inplace(special.atan2)
    logaddexp, logaddexp2 = special.logaddexp, special.logaddexp2

    # --- comparison and logic ----------------------------------------------------------------

    eq, eq_ = comparison.eq, inplace(comparison.eq)
    ne = not_equal = comparison.ne
    ne_ = not_equal_ = inplace(comparison.ne)
    lt = less = comparison.lt
    lt_ = less_ = inplace(comparison.lt)
    le = less_equal = comparison.le
    le_ = less_equal_ = inplace(comparison.le)
    gt = greater = comparison.gt
    gt_ = greater_ = inplace(comparison.gt)
    ge = greater_equal = comparison.ge
    ge_ = greater_equal_ = inplace(comparison.ge)
    logical_and, logical_and_ = comparison.logical_and, inplace(comparison.logical_and)
    logical_or, logical_or_ = comparison.logical_or, inplace(comparison.logical_or)
    logical_xor, logical_xor_ = comparison.logical_xor, inplace(comparison.logical_xor)
    logical_not, logical_not_ = comparison.logical_not, inplace(comparison.logical_not)
    equal, isclose, allclose = comparison.equal, comparison.isclose, comparison.allclose
    isfinite, isinf, isnan = unary.isfinite, comparison.isinf, comparison.isnan
    isposinf, isneginf = comparison.isposinf, comparison.isneginf
    isreal, signbit = comparison.isreal, comparison.signbit

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
    norm, dist = norms.norm_method, norms.dist
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

    if not TYPE_CHECKING:
        T = property(shapes.reverse_dims)
        H = property(shapes.hermitian)
        mT = property(shapes.matrix_transpose)  # noqa: N815  (PyTorch's name)
        mH = property(shapes.adjoint)  # noqa: N815  (PyTorch's name)
    adjoint = shapes.adjoint
    reshape, reshape_as, view, view_as = (
        shapes.reshape, shapes.reshape_as, shapes.view, shapes.view_as,
    )  # fmt: skip
    permute, transpose, swapaxes, swapdims = (
        shapes.permute, shapes.transpose, shapes.swapaxes, shapes.swapdims,
    )  # fmt: skip
    t, movedim, moveaxis = shapes.t, shapes.movedim, shapes.moveaxis
    squeeze, unsqueeze = shapes.squeeze, shapes.unsqueeze
    expand, expand_as = broadcasting.expand, broadcasting.expand_as
    broadcast_to, sum_to_size = broadcasting.broadcast_to, broadcasting.sum_to_size
    flatten, ravel, unflatten = shapes.flatten, shapes.ravel, shapes.unflatten
    unfold, narrow, select = regions.unfold, regions.narrow, regions.select
    as_strided, set_, resize_ = storages.as_strided, storages.set_, storages.resize_
    clone, contiguous = shapes.clone, shapes.contiguous
    squeeze_, unsqueeze_ = relaid(shapes.squeeze), relaid(shapes.unsqueeze)
    transpose_, t_ = relaid(shapes.transpose), relaid(shapes.t)
    swapaxes_, swapdims_ = relaid(shapes.swapaxes), relaid(shapes.swapdims)
    as_strided_ = relaid(storages.as_strided)
    diagonal, diag, diag_embed = diagonals.diagonal, diagonals.diag, diagonals.diag_embed
    diagflat, trace = diagonals.diagflat, diagonals.trace
    tril, tril_ = diagonals.tril, inplace(diagonals.tril, check_history)
    triu, triu_ = diagonals.triu, inplace(diagonals.triu, check_history)
    repeat, tile = rearranging.repeat, rearranging.tile
    repeat_interleave, roll = rearranging.repeat_interleave, rearranging.roll
    flip, fliplr, flipud = rearranging.flip, rearranging.fliplr, rearranging.flipud
    rot90 = rearranging.rot90

    @overload
    def size(self, dim: None = None) -> Size: ...
    @overload
    def size(self, dim: int) -> int: ...
    def size(self, dim: int | None = None) -> Size | int:
        """The shape, or the size of one dimension."""
        if dim is None:
            return self.shape
        shape = self._data.shape
        size: int = shape[one_dim(dim, len(shape))]
        return size

    def dim(self) -> int:
        """The number of dimensions."""
        return self._data.ndim

    ndimension = dim

    def numel(self) -> int:
        """The number of elements."""
        return self._data.size

    nelement = numel

    def element_size(self) -> int:
        """The size of an element in bytes."""
        return self._data.itemsize

    @property
    def itemsize(self) -> int:
        """The size of an element in bytes."""
        return self._data.itemsize

    @property
    def nbytes(self) -> int:
        """The size of all elements in bytes."""
        return self._data.size * self._data.itemsize

    stride = storages.stride
    storage_offset = storages.storage_offset

    def is_distributed(self) -> bool:
        """False: parts of tensors on other machines are not one tensor."""
        return False

    def const_data_ptr(self) -> int:
        """``data_ptr``: memory is copied when a copy is asked for, so it may be written to."""
        return self.data_ptr()

    def data_ptr(self) -> int:
        """The address of the first element, 0 where there is none."""
        empty = isinstance(self._data, MetaArray) or not self._data.size
        return 0 if empty else address(self._array())

    @property
    def _cdata(self) -> int:
        """A number that goes along where ``swap_tensors`` gives this tensor's state to another."""
        return id(attributes(self))

    module_load = swap.module_load

    def is_contiguous(self, memory_format: layouts.memory_format | None = None) -> bool:
        """True where the elements lie in memory in that order, by default C's, without gaps."""
        if memory_format is None:
            return self._data.flags.c_contiguous
        return is_packed(self._data, memory_format)

    def is_set_to(self, tensor: Tensor) -> bool:
        """True where both are the very same elements of one memory."""
        mine, other = self._array().__array_interface__, tensor._array().__array_interface__
        return all(mine[k] == other[k] for k in ("data", "shape", "strides", "typestr"))

    # --- joining and splitting ---------------------------------------------------------------

    split_with_sizes, chunk = joining.split_with_sizes, joining.chunk
    unsafe_split, unsafe_chunk = joining.unsafe_split, joining.unsafe_chunk
    unsafe_split_with_sizes = joining.unsafe_split_with_sizes
    tensor_split, unbind = joining.tensor_split, joining.unbind
    hsplit, vsplit, dsplit = joining.hsplit, joining.vsplit, joining.dsplit

    @numpy_names
    def split(self, split_size: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
        """Views along ``dim``: of one size, the last maybe smaller, or of given sizes."""
        return joining.split(self, split_size, dim)

    def __iter__(self) -> Iterator[Tensor]:
        if not self._data.ndim:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __reversed__(self) -> Tensor:
        return self.flip(0) if self._data.ndim else self

    def __delitem__(self, key: object) -> NoReturn:
        raise TypeError("Tensor does not support deleting items")

    def __contains__(self, element: object) -> bool:
        if isinstance(element, Variable | bool | int | float | complex):
            found: Any = element == self
            return bool(found.any())
        raise RuntimeError(
            "Tensor.__contains__ only supports Tensor or scalar, but you passed in a "
            f"{type(element)}."
        )

    # --- indexing ----------------------------------------------------------------------------

    __getitem__ = indexing.getitem
    __setitem__ = indexing.setitem
    copy_ = indexing.copy_
    index_put, index_put_ = (
        indexing.index_put,
        inplace(indexing.index_put, warning_if_expanded("index_put_")),
    )
    gather, take, take_along_dim = scatters.gather, positions.take, scatters.take_along_dim
    put, put_ = positions.put, inplace(positions.put)
    scatter, scatter_ = scatters.scatter, inplace(scatters.scatter)
    scatter_add, scatter_add_ = scatters.scatter_add, inplace(scatters.scatter_add)
    scatter_reduce, scatter_reduce_ = scatters.scatter_reduce, inplace(scatters.scatter_reduce)
    index_select = slices.index_select
    index_add, index_add_ = slices.index_add, inplace(slices.index_add)
    index_copy, index_copy_ = slices.index_copy, inplace(slices.index_copy)
    index_fill, index_fill_ = (
        slices.index_fill,
        inplace(slices.index_fill, warning_if_expanded("index_fill_")),
    )
    index_reduce, index_reduce_ = slices.index_reduce, inplace(slices.index_reduce)
    masked_select = positions.masked_select
    masked_scatter, masked_scatter_ = positions.masked_scatter, inplace(positions.masked_scatter)
    nonzero, argwhere = positions.nonzero, positions.argwhere
    fill_diagonal_, map_, map2_ = filling.fill_diagonal_, filling.map_, filling.map2_
    resize_as_, is_same_size = filling.resize_as_, filling.is_same_size
    narrow_copy, nonzero_static = copies.narrow_copy, selections.nonzero_static
    as_strided_scatter = selections.as_strided_scatter
    slice_inverse, hash_tensor = selections.slice_inverse, hashing.hash_tensor
    diagonal_scatter = diagonals.diagonal_scatter
    select_scatter, slice_scatter = diagonals.select_scatter, diagonals.slice_scatter

    def zero_(self) -> Tensor:
        """Fills the tensor with zeros."""
        self.fill_(0)
        return self

    # --- linear algebra ----------------------------------------------------------------------

    matmul = products.matmul
    mm = products.mm
    bmm = products.bmm
    mv = products.mv
    dot, vdot = products.dot, products.vdot
    outer = ger = products.outer
    inner, kron = products.inner, products.kron
    addmm, addmm_ = in_any_order(products.addmm), inplace(products.addmm)
    addmv, addmv_ = in_any_order(products.addmv), inplace(products.addmv)
    addr, addr_ = in_any_order(products.addr), inplace(products.addr)
    addbmm, addbmm_ = in_any_order(products.addbmm), inplace(products.addbmm)
    baddbmm, baddbmm_ = in_any_order(products.baddbmm), inplace(products.baddbmm)
    det, logdet, slogdet = matrix_functions.det, matrix_functions.logdet, matrix_functions.slogdet
    matrix_exp, matrix_power = matrix_functions.matrix_exp, matrix_functions.matrix_power
    inverse, pinverse = linalg.inverse, least_squares.pinverse
    cholesky = decompositions.cholesky
    cholesky_solve = decompositions.cholesky_solve
    cholesky_inverse = decompositions.cholesky_inverse
    qr, svd = decompositions.qr, decompositions.svd
    cross = geometry.cross
    stft, istft = stfts.stft, stfts.istft
    prelu, hardshrink = functional.prelu, functional.hardshrink
    geqrf, ormqr, orgqr = householder.geqrf, householder.ormqr, householder.householder_product
    lu, lu_solve, triangular_solve = lus.lu, lus.lu_solve, lus.triangular_solve

    # --- conversion --------------------------------------------------------------------------

    to_sparse = to_sparse_coo = sparse_functions.to_sparse
    to_sparse_csr = sparse_functions.to_sparse_csr
    to_sparse_csc = sparse_functions.to_sparse_csc
    sparse_mask = sparse_functions.sparse_mask
    to_dense = sparse_functions.to_dense

    layout = layouts.strided
    is_sparse = is_sparse_csr = False
    is_cuda = is_quantized = is_mkldnn = is_mps = is_xpu = is_nested = False
    is_ipu = is_maia = is_mtia = is_vulkan = is_xla = False
    dense_dim, sparse_dim = strided.dense_dim, strided.sparse_dim
    resize, resize_as = strided.resize, strided.resize_as

    def cpu(self, memory_format: layouts.memory_format | None = None) -> Tensor:
        """The tensor itself where it is on the CPU; from "meta" no way leads there."""
        return conversion.to(self, CPU, memory_format=memory_format)

    def cuda(
        self,
        device: DeviceLike = None,
        non_blocking: bool = False,
        memory_format: layouts.memory_format | None = None,
    ) -> NoReturn:
        """Raises: there is no GPU here."""
        as_device("cuda")
        raise AssertionError

    def xpu(
        self,
        device: DeviceLike = None,
        non_blocking: bool = False,
        memory_format: layouts.memory_format | None = None,
    ) -> NoReturn:
        """Raises: there is no GPU here."""
        as_device("xpu")
        raise AssertionError

    def get_device(self) -> int:
        """-1: the CPU has no number."""
        return -1

    def pin_memory(self, device: DeviceLike = None) -> Tensor:
        """The tensor itself: there is no GPU to copy it to."""
        return self

    def is_pinned(self, device: DeviceLike = None) -> bool:
        """False."""
        return False

    def share_memory_(self) -> Tensor:
        """Moves the memory to where forked processes share it; returns the tensor."""
        self.untyped_storage().share_memory_()
        return self

    def is_shared(self) -> bool:
        """Whether processes that this one forks see the same memory."""
        # asked of every parameter now and then: NumPy's own memory is not shared
        return not owner_of(self._array()).flags.owndata and self.untyped_storage().is_shared()

    to, type_as = conversion.to, conversion.type_as
    is_floating_point, is_complex = conversion.is_floating_point, conversion.is_complex
    is_signed, is_nonzero = conversion.is_signed, conversion.is_nonzero
    is_inference = conversion.is_inference

    # --- creation and random -----------------------------------------------------------------

    new, new_tensor = legacy.new, from_data.new_tensor
    new_full = creation.new_full
    new_zeros, new_ones = creation.new_zeros, creation.new_ones
    new_empty, new_empty_strided = creation.new_empty, creation.new_empty_strided

    zeros = tracking(creation.zeros)
    ones = tracking(creation.ones)
    full = tracking(creation.full)
    eye = tracking(creation.eye)
    zeros_like = tracking(creation.zeros_like)
    ones_like = tracking(creation.ones_like)
    full_like = tracking(creation.full_like)
    arange = tracking(ranges.arange)
    linspace = tracking(ranges.linspace)
    rand = tracking(random_functions.rand)
    randn = tracking(random_functions.randn)
    rand_like = tracking(random_functions.rand_like)
    randn_like = tracking(random_functions.randn_like)
    uniform_, normal_, random_ = (
        random_functions.uniform_,
        random_functions.normal_,
        random_functions.random_,
    )
    bernoulli, bernoulli_ = random_functions.bernoulli, random_functions.bernoulli_
    exponential_, geometric_ = random_functions.exponential_, random_functions.geometric_
    cauchy_, log_normal_ = random_functions.cauchy_, random_functions.log_normal_
    multinomial = random_functions.multinomial

    randint = static(random_functions.randint_of_shape)
    randperm = static(random_functions.randperm)


def _leaf(kind: Any, array: Any) -> Any:
    """A tensor of class ``kind`` around ``array``, apart from any graph."""
    made = object.__new__(kind)
    scalar = not array.ndim and not isinstance(array, MetaArray)
    made._data = array[()] if scalar else array  # a NumPy scalar: see Variable
    made._node, made._counter, made._base = None, new_counter(), None
    return made


def _rebuild(kind: Any, array: Any, requires_grad: bool, notes: dict[str, Any]) -> Any:
    made = _leaf(kind, array)
    made.__dict__.update(notes)
    return made.requires_grad_(requires_grad)


# x.float(), x.int(), ...: given here, so that inside the class these names are still Python's types
for _name, _dtype in conversion.METHODS.items():
    LaterMethod(conversion.converter, _name, _dtype).put(Tensor, _name)
LaterMethod(overrides.copied, conversion.type_, "type").put(Tensor, "type")


# what only sparse tensors have refuses on others
OF_SPARSE = (
    "coalesce is_coalesced indices values crow_indices col_indices ccol_indices row_indices smm "
    "sspaddmm resize_as_sparse_ sparse_resize_ sparse_resize_and_clear_ _nnz _indices _values "
    "_coalesced_"
)
for _name in OF_SPARSE.split():
    getattr(Later("minitorch._tensor.strided"), _name).put(Tensor, _name)


def _refusing(name: str, method: Any) -> Any:
    """The operator ``name``, in place or not, which leaves foreign operands to them."""
    method = method.load() if isinstance(method, LaterMethod) else method
    own = name[:3] == "__i"
    made: Any = in_place.inplace(operator(method.__wrapped__)) if own else operator(method)
    made.__name__, made.__qualname__ = name, f"Tensor.{name}"
    made.__annotations__ = method.__annotations__
    return made


# x.add is not torch.add: __torch_function__ tells a method from the function of its name
for _name, _member in list(vars(Tensor).items()):
    if _name in overrides.REFUSING:
        LaterMethod(_refusing, _name, _member).put(Tensor, _name)
    elif isinstance(_member, FunctionType) and _member.__qualname__ != f"Tensor.{_name}":
        LaterMethod(overrides.copied, _member, _name).put(Tensor, _name)
    elif isinstance(_member, property) and _name != "__dict__":
        _get: Any = _member.fget
        if _get.__qualname__ != f"Tensor.{_name}":
            setattr(Tensor, _name, property(overrides.copied(_get), _member.fset, _member.fdel))

use_tensor_class(Tensor)
