"""What a node saved, under PyTorch's names: ``node._saved_self`` and ``node._raw_saved_self``."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from .dispatch import NEVER
from .grad_mode import set_grad_enabled, user_code
from .interpreters import Packed, as_it_was, unpacked
from .node import Node
from .variable import Variable, wrap

__all__ = ["SavedTensor", "attributes", "raw", "value"]

# our name -> PyTorch's, for most nodes; what is not here keeps its name
USUAL = {
    "a": "self", "b": "other", "x": "self", "out": "result", "low": "min", "high": "max",
    "slope": "negative_slope", "x_shape": "self_sym_sizes", "shape": "self_sym_sizes",
    "places": "index",
}  # fmt: skip
OURS = {  # what PyTorch's nodes have not
    "needs", "once", "reverse", "arg", "windows", "x_dtype", "a_shape", "b_shape", "w_shape", "key",
    "x_stride", "x_offset", "share", "at", "probabilities", "smoothing", "difference",
}  # fmt: skip
MATRICES = {"b": "mat2"}
NAMES: dict[str, dict[str, str]] = {  # where a node has other names than the usual ones
    "MmBackward0": {**MATRICES, "x": "self", "weight": "mat2"},
    "BmmBackward0": MATRICES,
    "MvBackward0": {"b": "vec"},
    "DotBackward0": {"b": "tensor"},
    "AddmmBackward0": {"x": "mat1", "weight": "mat2"},
    "PowBackward0": {"b": "exponent", "out": ""},
    "PowBackward1": {"b": "exponent"},
    "PowBackward2": {"b": "exponent"},
    "HardtanhBackward0": {"low": "min_val", "high": "max_val"},
    "EluBackward0": {"rate": "input_scale"},
    "PreluKernelBackward0": {"slope": "weight"},
    "NativeLayerNormBackward0": {
        "x": "input", "w": "weight", "mean": "result1", "rstd": "result2", "ndim": "",
    },
    "NativeBatchNormBackward0": {
        "x": "input", "w": "weight", "mean": "result1", "rstd": "result2", "groups": "",
    },
    "NativeGroupNormBackward0": {
        "x": "input", "w": "weight", "mean": "result1", "rstd": "result2", "groups": "group",
    },
    "ConvolutionBackward0": {"x": "input", "w": "weight", "x_shape": ""},
    "EmbeddingBackward0": {"index": "indices", "padding": "padding_idx", "shape": ""},
    "MseLossBackward0": {"mean": ""},
    "GatherBackward0": {"shape": ""},
    "LinalgInvExBackward0": {"out": "inverse"},
    "LinalgCholeskyExBackward0": {"out": "L"},
    "LinalgDetBackward0": {"x": "A"},
    "LinalgVectorNormBackward0": {"p": "ord"},
    "TrilBackward0": {"k": "diagonal"},
    "TriuBackward0": {"k": "diagonal"},
    "Atan2Backward0": {"y": "self", "x": "other"},
    "LerpBackward0": {"a": "self", "b": "end", "w": "weight"},
    "UnfoldBackward0": {"dim": "dimension"},
    "ToCopyBackward0": {"dtype": ""}, "TBackward0": {"dims": ""},
    "MaxPool2DWithIndicesBackward0": {"indices": "result1", "x_shape": ""},
    "ScaledDotProductAttentionBackward0": {"q": "query", "k": "key", "v": "value"},
    "ConstantPadNdBackward0": {"widths": "pad"},
    "GeluBackward0": {"slope": ""},
    "UnsqueezeBackward0": {"x_shape": ""},
}  # fmt: skip
for _name in ("SumBackward0", "MeanBackward0", "ProdBackward0", "MaxBackward1", "MinBackward1"):
    NAMES[_name] = {"dim": "", "keepdim": ""}
# what PyTorch's nodes say besides: these always hold here
CONSTANTS: dict[str, dict[str, Any]] = {
    "AddBackward0": {"alpha": 1},
    "SubBackward0": {"alpha": 1},
    "AddmmBackward0": {"alpha": 1, "beta": 1},
}
# of which matrices the sizes and strides are saved as well
MEASURED = {"MmBackward0": ("self", "mat2"), "AddmmBackward0": ("mat1", "mat2")}
Place = tuple[int, int]  # which rule's values, and which of them


class SavedTensor:
    """One value that a node saved; ``register_hooks`` lets it be kept in another form.

    Follows https://docs.pytorch.org/tutorials/intermediate/autograd_saved_tensors_hooks_tutorial.html
    """

    def __init__(self, *arguments: Any) -> None:
        if len(arguments) != 2:
            raise RuntimeError(
                "Trying to create a SavedTensor object from Python is forbidden: a node's "
                "_raw_saved_* gives one"
            )
        self._node, self._place = arguments

    def register_hooks(
        self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]
    ) -> None:
        """Keeps ``pack_hook(tensor)``, of which ``unpack_hook`` makes the tensor again.

        Raises:
            TypeError: a hook is not callable.
            RuntimeError: nothing is saved here, hooks are there already, or ``pack_hook`` writes to
                the tensor.
        """
        if not (callable(pack_hook) and callable(unpack_hook)):
            raise TypeError("incompatible function arguments: the hooks must be callable")
        node = self._node
        saved = _stored(node, self._place)
        if isinstance(saved, Packed):
            raise RuntimeError(
                "Setting hooks on a saved tensor whose hooks have already been set is not allowed"
            )
        if not isinstance(saved, np.ndarray | np.generic):
            raise RuntimeError("None is forbidden: no tensor is saved here")
        tensor = _tensor(node, self._place, saved)
        version = tensor._version
        with user_code(), set_grad_enabled(False):
            packed = pack_hook(tensor)
        if tensor._version != version:
            raise RuntimeError(
                "A saved tensor pack hook is modifying its input in place. Tensors provided as "
                "input to pack hook cannot be modified by in-place operations as this can lead to "
                "unexpected side-effects: compute on a clone()."
            )
        rule, k = self._place
        values = list(node.saved[rule])
        kept: Any = wrap(saved) if packed is tensor else packed  # not its own node, in a circle
        values[k] = Packed(kept, unpack_hook)
        groups = list(node.saved)
        groups[rule] = tuple(values)
        node.saved = tuple(groups)
        node.versions = node.versions or ((NEVER, 0),)
        node.attach("unpack", lambda: unpacked)


def _stored(node: Any, place: Place) -> Any:
    """What the node saved there, as it keeps it."""
    if node.saved is None:
        node.check(())
    rule, k = place
    values = node.saved[rule]
    return None if values is None else values[k]


def names(node: Node) -> dict[str, Place]:
    """Where the values of a node are, by PyTorch's names for them."""
    primitive = getattr(type(node), "primitive", None)
    if primitive is None:
        return {}
    own = NAMES.get(node.name(), {})
    found: dict[str, Place] = {}
    for rule, wanted in enumerate(primitive.saved_names):
        for k, name in enumerate(wanted):
            public = own.get(name, "" if name in OURS else USUAL.get(name, name.lstrip("*")))
            if not public:
                continue
            # a value that two rules ask for, where the first one's input wants no gradient
            first = found.get(public)
            if first is None or (node.saved and node.saved[first[0]] is None):
                found[public] = (rule, k)
    return found


def attributes(node: Node) -> list[str]:
    """The names of all ``_saved_`` and ``_raw_saved_`` attributes of a node."""
    found = names(node)
    more = ["self_sym_numel"] if node.name().startswith("Mean") else []
    more += [*CONSTANTS.get(node.name(), ()), *_measures(node)]
    return [f"_saved_{name}" for name in (*found, *more)] + [f"_raw_saved_{k}" for k in found]


def _measures(node: Node) -> dict[str, str]:
    kinds = ("sym_sizes", "sym_strides")
    return {
        f"{matrix}_{kind}": matrix for matrix in MEASURED.get(node.name(), ()) for kind in kinds
    }


def raw(node: Node, name: str) -> SavedTensor:
    """``node._raw_saved_name``."""
    place = names(node).get(name)
    if place is None:
        raise AttributeError(f"{node.name()!r} object has no attribute '_raw_saved_{name}'")
    _stored(node, place)
    return SavedTensor(node, place)


def value(node: Node, name: str) -> Any:
    """``node._saved_name``: the tensor that was saved, or the parameter.

    Raises:
        RuntimeError: the values are freed, or written to since.
    """
    place = names(node).get(name)
    if place is None:
        constants, measures = CONSTANTS.get(node.name(), {}), _measures(node)
        if name in constants:
            return constants[name]
        if name == "self_sym_numel" and node.name().startswith("Mean"):
            return prod(value(node, "self_sym_sizes"))
        if name in measures:
            return _measure(node, measures[name], name.endswith("sizes"))
        raise AttributeError(f"{node.name()!r} object has no attribute '_saved_{name}'")
    saved = _stored(node, place)
    node.check(node.versions)
    if node.extra is not None and "unpack" in node.extra:
        saved = node.extra["unpack"](saved)
    return _tensor(node, place, saved)


def _measure(node: Any, matrix: str, sizes: bool) -> tuple[int, ...]:
    """The sizes or the strides of a matrix; no strides where it wants no gradient."""
    place = names(node)[matrix]
    saved = _stored(node, place)
    saved_names = node.primitive.saved_names
    name = saved_names[place[0]][place[1]]
    if not isinstance(saved, np.ndarray):  # of one that is not saved the shape may be
        shape = f"{name}_shape"
        for wanted, values in zip(saved_names, node.saved, strict=False):
            if sizes and values is not None and shape in wanted:
                return tuple(values[wanted.index(shape)])
        return ()
    turned = saved.T if name == "weight" and node.name() in TRANSPOSED else saved
    if sizes:
        return tuple(turned.shape)
    if node.parents[node.primitive.inputs.index(name)] is None:
        return ()
    return tuple(step // saved.itemsize for step in turned.strides)


def _tensor(node: Any, place: Place, saved: Any) -> Any:
    rule, k = place
    name = node.primitive.saved_names[rule][k]
    users = node.primitive.used_by.get(name)
    inputs = node.primitive.inputs
    if users and all(node.parents[inputs.index(user)] is None for user in users.split()):
        return None  # kept for inputs that want no gradient
    if isinstance(saved, np.ndarray | np.generic):
        tensor = as_it_was(saved, node, name)
        if len(node.versions) == 1 and node.versions[0][0] is not NEVER:
            tensor._counter = node.versions[0][0]
        return tensor.t() if name == "weight" and node.name() in TRANSPOSED else tensor
    if isinstance(saved, list | tuple):
        parts = [wrap(v) if isinstance(v, np.ndarray | np.generic) else v for v in saved]
        return tuple(parts)
    if name == "dim" and isinstance(saved, int) and node.name().startswith(REDUCTIONS):
        return (saved,)
    if isinstance(saved, Variable):
        return saved
    number = isinstance(saved, int | float | complex) and name in ("a", "b")
    if number and not node.name().startswith("Pow"):
        return wrap(np.asarray(saved))
    return saved


TRANSPOSED = ("AddmmBackward0", "MmBackward0")
REDUCTIONS = ("Sum", "Mean", "Amax", "Amin", "Var", "Std", "Logsumexp", "Nansum")
