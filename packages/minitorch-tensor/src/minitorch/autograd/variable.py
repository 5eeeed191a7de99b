"""What autograd knows of a tensor: its values, its node in the graph, its version, its base."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

from ..kernels.meta import MetaArray
from ..kernels.sparse import SparseData
from .grad_mode import current, marking, tell

if TYPE_CHECKING:
    from .._tensor import Tensor

__all__ = ["Unfollowed", "Variable", "wrap"]

Array = np.ndarray[Any, Any]


class Unfollowed(Enum):
    """Why the steps from the base to a view are not known, so that a write cannot be followed."""

    NO_GRAD = "no_grad"  # made there
    INFERENCE = "inference"
    SEVERAL = "several"  # one of the views that one step made: unbind, split
    FUNCTION = "function"  # the result of a custom Function
    RETYPED = "retyped"  # in another dtype


class Variable:
    """The state under ``Tensor``. ``Tensor`` adds the methods; everything below it sees only this.

    ``_data``     the values: an ndarray, or a NumPy scalar where an operation's result has no
                  dimensions (scalar arithmetic takes 40 ns, 0-dim arrays take 300); on the device
                  "meta" a MetaArray, which has a shape alone.
                  ``_array()`` gives an ndarray that memory can be shared with.
    ``_node``     the node that made it, ``AccumulateGrad`` for a leaf that wants a gradient,
                  None where none is wanted. So ``requires_grad`` is ``_node is not None``.
    ``_counter``  ``[number of in-place writes]``, one list shared by a tensor and its views.
    ``_base``     for a view: the tensor that owns the memory, else None.
    ``_chain``    for a view: the steps ``(op, params)`` that lead from the base to it, or why
                  they are not followed (``Unfollowed``).
    ``_seen``     for a view: the version at which ``_node`` was right.
    ``_accumulator`` the node of a leaf from which ``requires_grad_(False)`` took it.
    ``_relaid``   a view of a hidden owner, since ``unsqueeze_`` or its kin: to users, no view.
    ``_retained`` the node at which ``retain_grad`` was asked for.
    ``_tracked`` for a leaf of a transform: the number of transforms, and what it stands for.
    ``_interpreter``     for a tensor that stands for others while a transform runs: that transform.
    """

    _data: Array
    _node: Any
    _counter: list[int]
    _base: Variable | None
    _chain: tuple[tuple[Any, tuple[Any, ...]], ...] | Unfollowed = ()
    _seen: int = 0
    _grad: Variable | None = None
    _interpreter: Any = None
    _retained: Any = None
    _accumulator: Any = None
    _relaid: bool = False
    _tracked: Any = None

    if TYPE_CHECKING:  # of what Tensor adds, what the layers below it ask for
        conj: Callable[..., Any]
        copy_: Callable[..., Any]
        detach: Callable[..., Any]
        requires_grad_: Callable[..., Any]
        resize_: Callable[..., Any]
        to: Callable[..., Any]
        tolist: Callable[..., Any]

        @property
        def dtype(self) -> Any: ...
        @property
        def device(self) -> Any: ...
        @property
        def ndim(self) -> int: ...
        @property
        def requires_grad(self) -> bool: ...
        @property
        def shape(self) -> Any: ...

    def _array(self) -> Array:
        """The values as an ndarray that memory can be shared with."""
        data = self._data
        if not isinstance(data, np.ndarray) and not isinstance(data, MetaArray):
            number, self._data = data, np.asarray(data)
            data = self._data
            if marking:
                tell("became_array", self, number)
        return data


# all attributes of a tensor; of those of users alone ``__dict__`` tells
attributes = Variable.__dict__["__dict__"].__get__

WRITTEN = (
    "Inplace update to inference tensor outside InferenceMode is not allowed. You can make a clone "
    "to get a normal tensor before doing inplace update."
)
SAVED = (
    "Inference tensors cannot be saved for backward. Please do not use Tensors created in "
    "inference mode in computation tracked by autograd. To work around this, you can make a clone "
    "to get a normal tensor and use it in autograd, or use `torch.no_grad()` instead of "
    "`torch.inference_mode()`."
)


class Inference(list[int]):
    """In place of an inference tensor's version, which is not counted: to be read, as for saving
    the tensor, or written, it must be in inference mode.
    """

    def __getitem__(self, k: Any) -> Any:
        if not current.state.inference:
            raise RuntimeError(SAVED)
        return 0

    def __setitem__(self, k: Any, value: Any) -> None:
        if not current.state.inference:
            raise RuntimeError(WRITTEN)


class Moved(int):
    """The version of a tensor that was given other memory, by ``.data = ...``: the same number, but
    different from what any node remembers, so that those that saved the tensor look here.

    ``moves``   (weak reference to the array that it had, weak reference to the tensor), ...
    """

    moves: tuple[tuple[Any, Any], ...]

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other

    __hash__ = int.__hash__

    def present(self, saved: Any, node: Any) -> Any:
        """What ``node`` saved, with the memory that its inputs have now; results stay as saved."""
        if isinstance(saved, tuple | list):
            made = [self.present(value, node) for value in saved]
            same = all(a is b for a, b in zip(made, saved, strict=True))
            return saved if same else type(saved)(made)
        if not isinstance(saved, np.ndarray | np.generic):
            return saved
        for array, reference in self.moves:
            tensor = reference()
            if tensor is not None and saved is array():
                own = tensor._node is node or getattr(tensor._node, "parents", ())[:1] == (node,)
                return saved if own else tensor._data
        return saved


def move(tensor: Variable, data: Any) -> None:
    """Gives ``tensor`` other memory."""
    old, counter = tensor._data, tensor._counter
    tensor._data = data
    if type(counter) is not Inference and old is not data:
        moved = Moved(counter[0])
        # NumPy's scalars, the values of tensors without dimensions, have no weak references
        array = weakref.ref(old) if isinstance(old, np.ndarray) else lambda: old
        earlier = getattr(counter[0], "moves", ())[-7:]
        moved.moves = (*earlier, (array, weakref.ref(tensor)))
        counter[0] = moved


def new_counter() -> list[int]:
    """The version of a tensor that is made now."""
    if not marking:
        return [0]
    state = current.state
    if state.inference:
        return Inference()
    return Level([0], state.level) if state.level else [0]


class Level(list[int]):
    """The version of a tensor that was made within transforms: within how many."""

    def __init__(self, version: list[int], level: int) -> None:
        super().__init__(version)
        self.level = level


CAPTURED = (
    "During a grad (vjp, jvp, grad, etc) transform, the function provided attempted to call "
    "in-place operation that would mutate a captured Tensor. This is not supported; please rewrite "
    "the function being transformed to explicitly accept the mutated Tensor(s) as inputs."
)


def check_marks(tensor: Variable) -> None:
    """Raises where ``tensor`` may not be written to, being an inference tensor or captured."""
    check_inference(tensor)
    for interpreter in current.state.interpreters:
        if hasattr(interpreter, "before_write"):
            interpreter.before_write(tensor)
    if current.state.level > getattr(tensor._counter, "level", 0):
        raise RuntimeError(CAPTURED)


def check_inference(tensor: Variable, message: str = WRITTEN) -> None:
    """Raises where ``tensor`` is an inference tensor and the thread is not in inference mode."""
    if type(tensor._counter) is Inference and not current.state.inference:
        raise RuntimeError(message)


tensor_class: Any = Variable
new = object.__new__


def use_tensor_class(cls: type[Variable]) -> None:
    """Called once by ``_tensor.py``: what operations return."""
    global tensor_class
    tensor_class = cls


def wrap(data: Any, node: Any = None) -> Tensor:
    """A tensor around ``data``, without a copy."""
    tensor: Tensor = new(tensor_class)
    tensor._data = data
    tensor._node = node
    tensor._counter = [0] if not marking else new_counter()
    tensor._base = None
    return tensor


def wrapped(gradient: Any) -> Tensor:
    """A gradient of the backward pass as a tensor, a sparse one where it is that."""
    return gradient.tensor(gradient) if isinstance(gradient, SparseData) else wrap(gradient)


def wrap_view(data: Any, node: Any, source: Variable, op: Any, params: tuple[Any, ...]) -> Tensor:
    """A tensor that shares the memory, and with it the version, of ``source``.

    ``op`` is the operation that made it, or why that is not followed.
    """
    tensor: Tensor = new(tensor_class)
    tensor._data = data
    tensor._node = node
    tensor._counter = version = source._counter
    base = source._base
    tensor._base = source if base is None else base
    if type(op) is Unfollowed:
        tensor._chain = op
    else:
        chain = source._chain
        tensor._chain = (*chain, (op, params)) if type(chain) is tuple else chain
    if type(version) is not Inference:
        tensor._seen = version[0]
    else:  # nothing is written to an inference tensor that autograd would have to follow
        tensor._base = None
    return tensor
