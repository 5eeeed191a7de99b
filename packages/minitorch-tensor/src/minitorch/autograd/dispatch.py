"""Every operation is executed and recorded here: kernels run, nodes are made.

``apply`` does it for any primitive. ``unary``, ``binary``, ``ternary`` and ``variadic`` are the
same, ``wrap`` included, written out for small operations, whose cost is Python's; while an
interpreter is active, all of them hand the operation to it.
"""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._types.dtype import LIMITED, from_numpy_dtype, number_dtype
from ..kernels.elementwise import LARGE, threaded
from ..kernels.memory import owner_of
from ..kernels.meta import MetaArray, MetaError
from . import variable
from .frames import fold
from .grad_mode import INTERPRETERS, current, marking
from .history import history
from .node import Output, sequence_numbers
from .opmath import kernel_for
from .variable import Unfollowed, Variable, new, new_counter, wrap, wrap_view

if TYPE_CHECKING:
    from .primitive import Primitive

__all__ = ["NEVER", "apply", "binary", "of_arrays", "record", "ternary", "unary", "variadic"]

ndarray = np.ndarray
# one of each, compared by identity
SINGLE, DOUBLE, HALF, BOOL = map(np.dtype, ("f4", "f8", "f2", "?"))
NUMBERS = {bool, int, float, complex}
INFERENCE, NO_GRAD = Unfollowed.INFERENCE, Unfollowed.NO_GRAD  # looked up once
NEVER = [0]  # the version of what cannot be written to: numbers, arrays that are no tensors


def record(primitive: Primitive, args: tuple[Any, ...], out: Any) -> Any:
    """Wraps ``out``, which is the result already, and makes the node: for in-place writes."""
    count = len(primitive.inputs)
    inputs = args[:count]
    arrays = [x._data if isinstance(x, Variable) else x for x in inputs]
    return _recorded(primitive, inputs, args[count:], arrays, out, ())


def _recorded(
    primitive: Primitive,
    inputs: Sequence[Any],
    params: tuple[Any, ...],
    arrays: list[Any],
    out: Any,
    residuals: tuple[Any, ...],
    wide: bool = False,
) -> Any:
    """Wraps the kernel's result and, where an input wants a gradient, makes the node."""
    several = type(out) is tuple
    parents: list[Any] = []
    mask = 0
    if primitive.differentiable and current.state.flags & 1:
        ruled = primitive.ruled
        for k, x in enumerate(inputs):
            parent = None
            if isinstance(x, Variable) and (ruled is None or ruled[k]):
                parent = x._node if x._base is None else history(x)
                if parent is not None:
                    mask |= 1 << k
            parents.append(parent)
    if not mask:
        if not several:
            tensor = wrap(out)
            return (
                _as_view(tensor, primitive, inputs[0], params, False) if primitive.view else tensor
            )
        tensors = tuple(map(wrap, out))
        if primitive.view:
            tensors = tuple(_as_view(t, primitive, inputs[0], params, True) for t in tensors)
        return tensors
    if wide:  # of bfloat16
        node = primitive.rounded_node_type()
        node.dtypes = tuple([getattr(x, "dtype", None) for x in arrays])
    else:
        node = primitive.node_type()
    node.parents = tuple(parents)
    node.sequence_nr = next(sequence_numbers)
    node.extra = None
    if several:
        node.shape = metas = tuple(map(_meta, out))
        tensors = tuple(
            wrap(value, Output(node, k, meta[0]) if meta else None)
            for k, (value, meta) in enumerate(zip(out, metas, strict=True))
        )
    else:
        node.shape = out.shape
        tensors = (wrap(out, node),)
    if primitive.view:
        tensors = tuple(_as_view(t, primitive, inputs[0], params, several) for t in tensors)
    versions: Any = [x._counter if isinstance(x, Variable) else NEVER for x in inputs]
    saving: Any = arrays
    if primitive.variadic:
        saving, versions = [arrays], [versions]
    if several and len(out) != len(primitive.outputs):  # one name for any number of outputs
        results, results_versions = [out], [NEVER]
    else:
        results, results_versions = out if several else [out], [t._counter for t in tensors]
    needs = tuple(p is not None for p in parents)
    node.saved, node.versions = primitive.save(
        mask, *saving, params, *results, *residuals, *versions, *results_versions, needs
    )
    return tensors if several else tensors[0]


def _meta(value: Any) -> Any:
    """(shape, dtype) of an output that can have a gradient, None of one that cannot."""
    return (value.shape, value.dtype) if value.dtype.kind in "fVcW" else None


def _is_view(data: Any, source: Any) -> bool:
    """True where ``data`` is a view of ``source``: reshape, for one, gives a view or a copy."""
    base = data.base
    if base is None:
        return False
    if base is source or base is source.base:
        return True
    owner, other = owner_of(data), owner_of(source)
    return owner is other or (owner.base is not None and np.may_share_memory(owner, other))


def _as_view(
    tensor: Any, primitive: Primitive, source: Any, params: tuple[Any, ...], several: bool
) -> Any:
    if not _is_view(tensor._data, source._data):
        return tensor
    reason = Unfollowed.SEVERAL if several else None
    made = wrap_view(tensor._data, tensor._node, source, _origin(primitive, reason), params)
    if made._base is None:  # of an inference tensor: out of the graph
        made._node = None
    return made


def _origin(primitive: Primitive, reason: Unfollowed | None = None) -> Any:
    """What ``wrap_view`` is told of a view that ``primitive`` made: its operation, or why not."""
    state = current.state
    if not state.flags & 1:
        return INFERENCE if state.inference else NO_GRAD
    if reason is None and not primitive.differentiable:
        return Unfollowed.RETYPED
    return reason or primitive.op


def apply(primitive: Primitive, *args: Any) -> Any:
    """Runs the kernel on the inputs' arrays and records the operation.

    ``args`` are the inputs (a sequence of them where the primitive takes any number), then the
    parameters. While gradient rules run, arrays alone give arrays, so that rules can be written
    with operations.
    """
    state = current.state
    if state.flags >= INTERPRETERS:
        return through_interpreters(state, primitive, args)
    variadic, view = primitive.variadic, primitive.view
    split = 1 if variadic else len(primitive.inputs)
    inputs: Any = args[0] if variadic else args[:split]
    params = args[split:]
    arrays: list[Any] = []
    tensors = limited = False
    for x in inputs:
        if isinstance(x, Variable):
            tensors = True
            x = x._array() if view else x._data
            if x.dtype in LIMITED:
                limited = not view
        elif type(x) is ndarray and not state.arrays:
            raise not_tensor(primitive.op, "tensors" if variadic else "input", len(arrays) + 1, x)
        arrays.append(x)
    kernel_args = ([arrays] if variadic else arrays) + list(params)
    if not tensors:
        return on_arrays(primitive, arrays, kernel_args)
    kernel, wide = kernel_for(primitive, arrays) if limited else (primitive.kernel, False)
    try:
        out = state.without_warnings(kernel, *kernel_args)
    except (MetaError, MemoryError):
        out = without_values(primitive, arrays, params)
    except ValueError as error:
        raise explain(primitive, arrays, error) from None
    residuals = ()
    if primitive.residuals:
        out, *residuals = out
    return _recorded(primitive, inputs, params, arrays, out, residuals, wide)


def without_values(primitive: Primitive, inputs: Sequence[Any], params: Sequence[Any]) -> Any:
    """The kernel's result where an input has a shape alone, being on "meta"; called while the
    error is handled that such inputs, or the memory for their results, led to."""
    if not any(isinstance(x, MetaArray) for x in inputs):
        raise
    from .meta import result_of  # on first use: most programs have no such tensor

    state = current.state
    try:
        return state.without_warnings(result_of, primitive, inputs, params)
    except ValueError as error:
        raise explain(primitive, inputs, error) from None


def of_arrays(definition: Callable[..., Any]) -> Callable[..., Any]:
    """``definition``, which is made of operations, as a kernel: arrays in, arrays out."""

    @functools.wraps(definition)
    def kernel(*args: Any, **kwargs: Any) -> Any:
        state = current.state
        state.arrays += 1
        try:
            return definition(*args, **kwargs)
        finally:
            state.arrays -= 1

    return kernel


def on_arrays(primitive: Primitive, inputs: Sequence[Any], kernel_args: Sequence[Any]) -> Any:
    """Arrays in, arrays out: within a rule an operation is its kernel.

    Raises:
        TypeError: no rule is running, or no input is an array.
    """
    if not (current.state.arrays and any(isinstance(x, np.ndarray | np.generic) for x in inputs)):
        if any(isinstance(x, MetaArray) for x in inputs):
            raise MetaError
        raise not_tensor(primitive.op, "input", 1, inputs[0])
    kernel = primitive.kernel
    if current.state.recording:  # arrays may be proxies of them
        kernel = next((x.kernel(kernel) for x in inputs if hasattr(x, "kernel")), kernel)
    out = kernel(*kernel_args)
    return out[0] if primitive.residuals else out


def through_interpreters(state: Any, primitive: Primitive, args: tuple[Any, ...]) -> Any:
    """Hands the operation to the innermost interpreter; its own operations go to those outside."""
    interpreters = state.interpreters
    if len(args) > len(primitive.inputs) and not primitive.params:
        raise surplus(primitive, len(args))
    inputs = args[0] if primitive.variadic else args[: len(primitive.inputs)]
    if not any(isinstance(x, Variable) for x in inputs):
        return on_arrays(primitive, inputs, args)
    state.set_interpreters(interpreters[:-1])
    try:
        return interpreters[-1].process(primitive, args)
    finally:
        state.set_interpreters(interpreters)


def not_tensor(op: Callable[..., Any], argument: str, position: int, x: Any) -> TypeError:
    """PyTorch's error for an argument that is no tensor."""
    module = "numpy." if type(x).__module__ == "numpy" else ""
    return TypeError(
        f"{op.__name__}(): argument '{argument}' (position {position}) must be Tensor, not "
        f"{module}{type(x).__name__}"
    )


def surplus(primitive: Primitive, given: int) -> TypeError:
    """Python's error for too many positional arguments."""
    takes = len(primitive.inputs)
    plural = "" if takes == 1 else "s"
    return TypeError(
        f"{primitive.op.__qualname__}() takes {takes} positional argument{plural} but {given} were "
        "given"
    )


def explain(primitive: Primitive, arrays: Sequence[Any], error: ValueError) -> Exception:
    """PyTorch's error for inputs whose shapes do not broadcast; any other error as it is."""
    if "broadcast" not in str(error):
        return error
    shapes = [x.shape for x in arrays if hasattr(x, "shape")]
    for a, b in itertools.combinations(shapes, 2):
        for k in range(1, min(len(a), len(b)) + 1):
            if a[-k] != b[-k] and 1 not in (a[-k], b[-k]):
                return RuntimeError(
                    f"The size of tensor a ({a[-k]}) must match the size of tensor b ({b[-k]}) at "
                    f"non-singleton dimension {max(len(a), len(b)) - k}: {primitive.name} got the "
                    f"shapes {' and '.join(str(list(shape)) for shape in shapes)}"
                )
    return error


def check_operands(primitive: Primitive, a: Any, b: Any) -> None:
    """Raises PyTorch's error where ``a`` or ``b`` is no tensor and has to be one."""
    if current.state.arrays:
        return
    first, second = list(inspect.signature(primitive.op).parameters)[:2]
    if not isinstance(a, Variable):
        number = isinstance(a, int | float | complex | np.generic)
        if not (number and primitive.numbers in ("either", "both") and isinstance(b, Variable)):
            raise not_tensor(primitive.op, first, 1, a)
    elif type(b) is ndarray or not (primitive.numbers or isinstance(b, Variable)):
        raise not_tensor(primitive.op, second, 2, b)


def unary(primitive: Primitive) -> Callable[..., Any]:
    """``apply`` for one input, written out."""
    kernel, floats, view = primitive.kernel, primitive.floats, primitive.view
    single, double = SINGLE, DOUBLE
    large = threaded(kernel)
    differentiable, strict = primitive.differentiable, not primitive.params
    node_type: Any = None
    saver: Any = None

    def op(input: Any, *params: Any, out: Any = None) -> Any:
        nonlocal node_type, saver
        try:
            if out is not None:
                return primitive.into(out, input, *params)
            state = current.state
            if not isinstance(input, Variable):
                if type(input) is ndarray and state.arrays:
                    return kernel(input, *params)
                return on_arrays(primitive, (input,), (input, *params))
            data = input._data
            if not view:
                dtype = data.dtype
                if dtype is not single and dtype is not double:
                    if floats and dtype.kind in "biu":
                        return op(primitive.promote(input), *params)
                    if dtype in LIMITED:
                        return apply(primitive, input, *params)
            elif type(data) is not ndarray:
                data = input._array()
            if state.flags >= INTERPRETERS:
                return through_interpreters(state, primitive, (input, *params))
            if view:
                try:
                    result = kernel(data, *params)
                except (MetaError, MemoryError):
                    result = without_values(primitive, (data,), params)
                if result.base is data or _is_view(result, data):
                    origin = op if differentiable and state.flags else _origin(primitive)
                    tensor = wrap_view(result, None, input, origin, params)
                    if tensor._base is None:  # of an inference tensor: out of the graph
                        return tensor
                else:
                    tensor = wrap(result)
            else:
                run = kernel if data.size < LARGE else large
                if params and strict:
                    raise surplus(primitive, 1 + len(params))
                try:
                    if params:  # `*params` takes 90 ns even where there are none
                        result = state.without_warnings(run, data, *params)
                    else:
                        result = state.without_warnings(run, data)
                except (MetaError, MemoryError):
                    result = without_values(primitive, (data,), params)
                tensor = new(variable.tensor_class)
                tensor._data, tensor._node, tensor._base = result, None, None
                tensor._counter = [0] if not marking else new_counter()
            if differentiable and state.flags:
                parent = input._node if input._base is None else history(input)
                if parent is not None:
                    if saver is None:  # set last: another thread may be here
                        node_type, saver = primitive.node_type, primitive.saver(1)
                    tensor._node = node = node_type()
                    node.parents = (parent,)
                    node.shape = result.shape
                    node.sequence_nr = next(sequence_numbers)
                    node.extra = None
                    node.saved, node.versions = (
                        saver
                        if type(saver) is tuple
                        else saver(data, params, result, input._counter, tensor._counter)
                    )
            return tensor
        except Exception as error:
            fold(error)
            raise

    return op


def refusing(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function`` as an operator: NotImplemented, for Python to ask the other operand, in place of
    TypeError."""

    def operator(*operands: Any) -> Any:
        try:
            return function(*operands)
        except TypeError:
            return NotImplemented

    return operator


def binary(primitive: Primitive, operator: bool = False) -> Callable[..., Any]:
    """``apply`` for two inputs, written out; numbers may stand for tensors.

    An ``operator`` leaves operands that it does not know to them: it returns NotImplemented.
    """
    kernel, floats, number = primitive.kernel, primitive.floats, primitive.numbers
    large = threaded(kernel)
    differentiable, strict = primitive.differentiable, not primitive.params
    general = _general_operator if operator else _general
    # the dtypes that a number may stand beside here: compared by identity, as NumPy has one of each
    single, double = (SINGLE, DOUBLE) if number else (None, None)
    half = HALF if number and primitive.widen is None else None
    node_type: Any = None
    savers: list[Any] = [None] * 4  # by mask
    promoting = primitive.promote is not None or None in primitive.rules[:1]
    ruled = None not in primitive.rules[1:]

    def op(input: Any, other: Any, *params: Any, out: Any = None) -> Any:
        nonlocal node_type
        try:
            if out is not None:
                return primitive.into(out, input, other, *params)
            state = current.state
            if state.flags >= INTERPRETERS or not isinstance(input, Variable):
                if type(input) is type(other) is ndarray and state.arrays:
                    return kernel(input, other, *params)
                return general(primitive, op, operator, input, other, *params)
            x = input._data
            dtype = x.dtype
            if isinstance(other, Variable):
                y: Any = other._data
                if y.dtype is not dtype and promoting:
                    return general(primitive, op, operator, input, other, *params)
                if dtype is not single and dtype is not double:
                    if (floats and dtype.kind != "f") or dtype in LIMITED:
                        return general(primitive, op, operator, input, other, *params)
                version = other._counter
            elif (
                (type(other) is float or type(other) is int)
                and number
                and (dtype is single or dtype is double or dtype is half)
            ):
                y, version = other, NEVER
            else:
                return general(primitive, op, operator, input, other, *params)
            try:
                run = kernel if x.size < LARGE else large
                if params:
                    if strict:
                        raise surplus(primitive, 2 + len(params))
                    result = state.without_warnings(run, x, y, *params)
                else:
                    result = state.without_warnings(run, x, y)
            except (MetaError, MemoryError):
                result = without_values(primitive, (x, y), params)
            except ValueError as error:
                raise explain(primitive, (x, y), error) from None
            tensor: Any = new(variable.tensor_class)
            tensor._data, tensor._node, tensor._base = result, None, None
            tensor._counter = [0] if not marking else new_counter()
            if differentiable and state.flags:
                na = input._node if input._base is None else history(input)
                nb = None
                if version is not NEVER and ruled:
                    nb = other._node if other._base is None else history(other)
                if na is not None:
                    mask = 1 if nb is None else 3
                elif nb is not None:
                    mask = 2
                else:
                    return tensor
                saver = savers[mask]
                if saver is None:
                    node_type, saver = primitive.node_type, primitive.saver(mask)
                    savers[mask] = saver
                tensor._node = node = node_type()
                node.parents = (na, nb)
                node.shape = result.shape
                node.sequence_nr = next(sequence_numbers)
                node.extra = None
                node.saved, node.versions = (
                    saver
                    if type(saver) is tuple
                    else saver(x, y, params, result, input._counter, version, tensor._counter)
                )
            return tensor
        except Exception as error:
            fold(error)
            raise

    return op


def _general(primitive: Primitive, op: Any, operator: bool, a: Any, b: Any, *params: Any) -> Any:
    """``op(a, b, *params)`` where the operands are to be looked at more closely."""
    number = primitive.numbers
    if params and not primitive.params:
        raise surplus(primitive, 2 + len(params))
    foreign = isinstance(b, ndarray)
    if foreign and operator:
        b, foreign = wrap(np.asarray(b, from_numpy_dtype(b.dtype).numpy)), False
    if number == "both" and type(a) in NUMBERS and type(b) in NUMBERS and not operator:
        a = wrap(number_dtype(a).numpy.type(a))
    if not isinstance(a, Variable) or foreign or not (number or isinstance(b, Variable)):
        check_operands(primitive, a, b)
    if primitive.widen is not None and (made := primitive.widen(op, a, b)) is not None:
        return made
    if primitive.promote is not None and (isinstance(a, Variable) or isinstance(b, Variable)):
        a, b = primitive.promote(a, b)
    return apply(primitive, a, b, *params)


_general_operator = refusing(_general)


def any_limited(*operands: Any) -> bool:
    """Whether an operand has one of the dtypes that ``opmath`` is about."""
    return any(isinstance(x, Variable) and x._data.dtype in LIMITED for x in operands)


def ternary(primitive: Primitive) -> Callable[..., Any]:
    """``apply`` for one result of three inputs, written out; the first must be a tensor for that.

    Others may be numbers or None.
    """
    kernel, residuals = primitive.kernel, primitive.residuals
    single, boolean = SINGLE, BOOL  # bool: `where`, which computes nothing
    node_type: Any = None
    savers: list[Any] = [None] * 8  # by mask
    a_rule, b_rule, c_rule = primitive.ruled or (True, True, True)

    def op(input: Any, b: Any, c: Any, *params: Any, out: Any = None) -> Any:
        nonlocal node_type
        try:
            if out is not None:
                return primitive.into(out, input, b, c, *params)
            state = current.state
            if state.flags >= INTERPRETERS or not isinstance(input, Variable):
                return apply(primitive, input, b, c, *params)
            x, y, z = input._data, b, c
            dtype = x.dtype
            if dtype is not single and dtype is not boolean and any_limited(input, b, c):
                return apply(primitive, input, b, c, *params)
            b_version = c_version = NEVER
            nb = nc = None
            if isinstance(b, Variable):
                y, b_version = b._data, b._counter
                if b_rule:
                    nb = b._node if b._base is None else history(b)
            elif type(b) is ndarray and not state.arrays:
                raise not_tensor(primitive.op, primitive.inputs[1], 2, b)
            if isinstance(c, Variable):
                z, c_version = c._data, c._counter
                if c_rule:
                    nc = c._node if c._base is None else history(c)
            elif type(c) is ndarray and not state.arrays:
                raise not_tensor(primitive.op, primitive.inputs[2], 3, c)
            try:
                result = state.without_warnings(kernel, x, y, z, *params)
            except (MetaError, MemoryError):
                result = without_values(primitive, (x, y, z), params)
            except ValueError as error:
                raise explain(primitive, (x, y, z), error) from None
            rest = ()
            if residuals:
                result, *rest = result
            tensor: Any = new(variable.tensor_class)
            tensor._data, tensor._node, tensor._base = result, None, None
            tensor._counter = [0] if not marking else new_counter()
            if state.flags:
                na = None
                if a_rule:
                    na = input._node if input._base is None else history(input)
                mask = (na is not None) + 2 * (nb is not None) + 4 * (nc is not None)
                if not mask:
                    return tensor
                saver = savers[mask]
                if saver is None:
                    node_type, saver = primitive.node_type, primitive.saver(mask)
                    savers[mask] = saver
                tensor._node = node = node_type()
                node.parents = (na, nb, nc)
                node.shape = result.shape
                node.sequence_nr = next(sequence_numbers)
                node.extra = None
                node.saved, node.versions = (
                    saver
                    if type(saver) is tuple
                    else saver(
                        x, y, z, params, result, *rest, input._counter, b_version, c_version,
                        tensor._counter, (na is not None, nb is not None, nc is not None),
                    )
                )  # fmt: skip
            return tensor
        except Exception as error:
            fold(error)
            raise

    return op


def variadic(primitive: Primitive) -> Callable[..., Any]:
    """``apply`` for a sequence of tensors, written out up to the recording."""
    kernel = primitive.kernel

    def op(inputs: Any, *params: Any, out: Any = None) -> Any:
        try:
            if out is not None:
                return primitive.into(out, inputs, *params)
            state = current.state
            if state.flags >= INTERPRETERS:
                return through_interpreters(state, primitive, (inputs, *params))
            arrays, tracked = [], False
            for x in inputs:
                if not isinstance(x, Variable):
                    return apply(primitive, inputs, *params)
                arrays.append(x._data)
                if x._node is not None or x._base is not None:
                    tracked = True
            try:
                result = state.without_warnings(kernel, arrays, *params)
            except (MetaError, MemoryError):
                result = without_values(primitive, arrays, params)
            except ValueError as error:
                raise explain(primitive, arrays, error) from None
            if tracked or type(result) is tuple:
                return _recorded(primitive, inputs, params, arrays, result, ())
            return wrap(result)
        except Exception as error:
            fold(error)
            raise

    return op
