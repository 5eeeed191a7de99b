"""What operations mean to a MaskedTensor: those of the values, the mask handed on."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .._tensor.tensor import Tensor
from .._types import layout as layouts
from .._types.dtype import bool as bools
from .._types.dtype import uint8
from ..ops.choice import where as _where
from ..ops.creation import ones_like
from . import functions
from .masked_tensor import FUNCTIONS, MaskedTensor, data_of

__all__ = ["BINARY", "NOT_IN_PLACE", "REDUCTIONS", "UNARY"]

# functions of an element: PyTorch's names
UNARY = (
    "abs absolute acos arccos acosh arccosh angle asin arcsin asinh arcsinh atan arctan atanh "
    "arctanh bitwise_not ceil clamp clip conj_physical cos cosh deg2rad digamma erf erfc erfinv "
    "exp exp2 expm1 fix floor frac lgamma log log10 log1p log2 logit i0 isnan nan_to_num neg "
    "negative positive pow rad2deg reciprocal round rsqrt sigmoid sign sgn signbit sin sinc sinh "
    "sqrt square tan tanh trunc"
)
BINARY = (
    "add atan2 arctan2 bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift "
    "div divide floor_divide fmod logaddexp logaddexp2 mul multiply nextafter remainder sub "
    "subtract true_divide eq ne le ge greater greater_equal gt less_equal lt less maximum minimum "
    "fmax fmin not_equal"
)
NOT_IN_PLACE = "angle positive signbit isnan logaddexp logaddexp2 fmin minimum maximum fmax"
OPERATORS = (
    "truediv floordiv rdiv rtruediv rfloordiv rsub rpow rmod lshift rshift and or xor invert"
)
# functions of where elements lie: done to values and mask alike
MOVING = (
    "select transpose swapaxes swapdims split chunk narrow t getitem expand expand_as view "
    "view_as reshape reshape_as flatten unflatten unsqueeze unfold cat concat concatenate stack"
)
OF_VALUES = "to cpu type type_as double float half int long short bool clone detach ones_like"
REDUCTIONS = "sum mean amin amax argmin argmax prod all norm var std"


def _mapped(x: Any, part: Callable[[MaskedTensor], Any]) -> Any:
    if isinstance(x, MaskedTensor):
        return part(x)
    return type(x)(_mapped(each, part) for each in x) if isinstance(x, list | tuple) else x


def _wrapped(data: Any, mask: Any) -> Any:
    if isinstance(data, list | tuple):
        return type(data)(map(_wrapped, data, mask))
    return MaskedTensor._of(data, mask)


def _mask_of(*args: Any) -> Any:
    """The one mask of all the arguments.

    Raises:
        ValueError: they have different ones.
    """
    first, *others = [x for x in args if isinstance(x, MaskedTensor)]
    if not all(_masks_match(first, other) for other in others):
        raise ValueError(
            "Input masks must match. If you need support for this, please open an issue on Github."
        )
    return first._masked_mask


def _masks_match(a: Any, b: Any) -> bool:
    """Whether both have the same mask, or one has none."""
    if isinstance(a, MaskedTensor) and isinstance(b, MaskedTensor):
        masks = a._masked_mask, b._masked_mask
        return masks[0] is masks[1] or _tensors_match(*masks)
    return True


def _tensors_match(
    a: Any, b: Any, exact: bool = True, rtol: float = 1e-5, atol: float = 1e-8
) -> bool:
    """Whether two tensors of one layout have the same elements, or close ones."""
    if isinstance(a, MaskedTensor) or isinstance(b, MaskedTensor):
        raise ValueError("Neither `a` nor `b` can be a MaskedTensor.")
    if a.layout is not b.layout:
        raise ValueError(f"`a` and `b` must have the same layout. Got {a.layout} and {b.layout}")
    b = b.to(a.dtype)
    if a.layout is not layouts.strided:
        same = _tensors_match(a._index, b._index)
        return same and _tensors_match(a._value, b._value, exact)
    if a.shape != b.shape:
        return False
    return bool((a == b).all()) if exact else a.allclose(b, rtol=rtol, atol=atol)


def elementwise(function: Callable[..., Any], *args: Any, **options: Any) -> MaskedTensor:
    """``function`` of the values, where sparse ones have the same coordinates; one mask."""
    mask = _mask_of(*args)
    data = [data_of(x) for x in args]
    if mask.layout is layouts.strided:
        made = function(*data, **options)
        return MaskedTensor._of(made, mask if made.shape == mask.shape else mask.expand_as(made))
    values = [_values(x, mask) if isinstance(x, Tensor) else x for x in data]
    return MaskedTensor._of(data[0]._with(function(*values, **options)), mask)


def _values(x: Any, mask: Any) -> Any:
    """The values at the coordinates of ``mask``."""
    if x.layout is not mask.layout or not bool((x._index == mask._index).all()):
        raise ValueError("operands of a sparse MaskedTensor must have its layout and indices")
    return x._value


def in_place(function: Callable[..., Any], target: Any, *args: Any, **options: Any) -> Any:
    made = elementwise(function, target, *args, **options)
    target._set_data_mask(made._masked_data, target._masked_mask)
    return target


def moved(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """``function`` of the values and of the mask."""
    return _wrapped(
        function(*_mapped(args, lambda x: x._masked_data), **options),
        function(*_mapped(args, lambda x: x._masked_mask), **options),
    )


def of_values(function: Callable[..., Any], x: Any, *args: Any, **options: Any) -> MaskedTensor:
    """``function`` of the values; the same mask."""
    return MaskedTensor._of(
        function(x._masked_data, *_mapped(args, data_of), **options), x._masked_mask
    )


def reduction(
    function: Callable[..., Any], input: MaskedTensor, dim: Any = None, keepdim: bool = False,
    dtype: Any = None,
) -> MaskedTensor:  # fmt: skip
    """The masked function of its name, of all elements or along ``dim``; masked where none
    counts."""
    name = function.__name__
    data: Any = input._masked_data
    mask: Any = input._masked_mask
    if input.is_sparse:
        if dim is not None:
            raise TypeError(f"{name} of a sparse MaskedTensor along dimensions is not implemented")
        index, sizes, data, mask = data._index, data.shape, data._value, mask._value
    if name == "all":
        filled = data.masked_fill(~mask, True)
        made = filled.all() if dim is None else filled.all(dim, keepdim)
    else:
        made = getattr(functions, name)(data, dim=dim, keepdim=keepdim, dtype=dtype, mask=mask)
    if dim is None:
        if input.is_sparse and name in ("argmin", "argmax"):  # among all elements
            steps = [math.prod(sizes[d + 1 :]) for d in range(len(sizes))]
            made = (index[:, int(made)] * index.new_tensor(steps)).sum()
        return MaskedTensor._of(made, mask.any())
    for d in sorted((d % input.ndim for d in _dims(dim)), reverse=True):
        mask = mask.any(d, keepdim)
    return MaskedTensor._of(made, mask)


def _dims(dim: Any) -> tuple[int, ...]:
    return (dim,) if isinstance(dim, int) else tuple(dim)


def softmax(function: Any, input: Any, dim: int, dtype: Any = None) -> MaskedTensor:
    mask = input._masked_mask
    return MaskedTensor._of(
        functions.softmax(input._masked_data, dim, dtype=dtype, mask=mask), mask
    )


def where(function: Any, condition: Tensor, input: Any, other: Any) -> MaskedTensor:
    a, b = (x if isinstance(x, MaskedTensor) else _whole(x, condition) for x in (input, other))
    data = _where(condition, a._masked_data, b._masked_data)
    return MaskedTensor._of(data, _where(condition, a._masked_mask, b._masked_mask))


def _whole(x: Any, like: Tensor) -> MaskedTensor:
    """A plain tensor, which is there everywhere."""
    x = x if isinstance(x, Tensor) else like.new_tensor(x)
    return MaskedTensor._of(x, ones_like(x, dtype=bools))


def item(function: Any, x: MaskedTensor) -> Any:
    value = x._masked_data.item()
    if not x._masked_mask.item():
        raise ValueError("item(): the only element is masked out")
    return value


def contiguous(function: Any, x: MaskedTensor, *args: Any, **options: Any) -> Any:
    _check_strided(x, "contiguous")
    return moved(function, x, *args, **options)


def is_contiguous(function: Any, x: MaskedTensor, *args: Any, **options: Any) -> bool:
    _check_strided(x, "is_contiguous")
    return x._masked_data.is_contiguous(*args, **options)


def _check_strided(x: MaskedTensor, name: str) -> None:
    if x.is_sparse:
        raise ValueError(f"MaskedTensors with sparse data do not have {name}")


def to_dense(function: Any, x: MaskedTensor) -> Any:
    return moved(_dense, x)


def _dense(x: Any) -> Any:
    if x.layout is layouts.strided:
        return x
    return x.to_dense() if x.dtype is not bools else x.to_dense(uint8).bool()


def to_sparse(function: Any, x: MaskedTensor) -> MaskedTensor:
    """With the coordinates where the mask is True."""
    if x.layout is not layouts.strided:
        return x
    mask = function(x._masked_mask)
    return MaskedTensor._of(x._masked_data.sparse_mask(mask), mask)


def is_any_true(function: Any, x: MaskedTensor) -> MaskedTensor:
    if x.dtype is not bools:
        raise ValueError(f"_is_any_true: expected a boolean tensor, not {x.dtype}")
    made = (x._masked_data & x._masked_mask).any()
    return MaskedTensor._of(made, ones_like(made))


FUNCTIONS |= {
    **dict.fromkeys(f"{UNARY} {BINARY} {OPERATORS}".split(), elementwise),
    **{
        f"{name}_": in_place
        for name in f"{UNARY} {BINARY}".split() if name not in NOT_IN_PLACE.split()
    },
    **dict.fromkeys(MOVING.split(), moved),
    **dict.fromkeys(OF_VALUES.split(), of_values),
    **dict.fromkeys(REDUCTIONS.split(), reduction),
    **dict.fromkeys(("to_sparse", "to_sparse_coo", "to_sparse_csr"), to_sparse),
    "softmax": softmax, "where": where, "item": item, "to_dense": to_dense,
    "contiguous": contiguous, "is_contiguous": is_contiguous, "_is_any_true": is_any_true,
}  # fmt: skip
