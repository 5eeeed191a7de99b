"""Interpreters of dispatch: anomaly detection, hooks on saved values.

An interpreter is on the thread's ``state.interpreters`` while its ``with`` block runs. Dispatch
hands it every operation, ``process(primitive, args)``, and it passes it on with ``apply``.
"""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .dispatch import NEVER, apply
from .grad_mode import current, user_code
from .node import Node, Output
from .variable import Variable, wrap

__all__ = ["Interpreter", "detect_anomaly", "saved_tensors_hooks", "set_detect_anomaly"]

OURS = os.path.dirname(os.path.dirname(__file__))  # frames in there are not the user's


class Interpreter:
    """A ``with`` block within which ``process`` gets every operation. An interpreter with
    the methods ``before(node)`` and ``after(node, grads)`` sees the nodes of backward passes
    too."""

    def process(self, primitive: Any, args: tuple[Any, ...]) -> Any:
        """One operation at dispatch."""
        return apply(primitive, *args)

    @contextlib.contextmanager
    def disabled(self, *kinds: type[Interpreter]) -> Any:
        """A ``with`` block without this interpreter, or without all interpreters of these kinds."""
        state = current.state
        before = state.interpreters
        state.set_interpreters(tuple(t for t in before if not (t is self or isinstance(t, kinds))))
        try:
            yield
        finally:
            state.set_interpreters(before)

    def __enter__(self) -> Any:
        state = current.state
        state.set_interpreters((*state.interpreters, self))
        return self

    def __exit__(self, *exception: object) -> None:
        state = current.state
        state.set_interpreters(
            tuple(interpreter for interpreter in state.interpreters if interpreter is not self)
        )


def nodes_of(made: Any) -> set[Node]:
    """The nodes that recorded an operation with the result ``made``."""
    found: set[Any] = set()
    for t in made if isinstance(made, tuple | list) else (made,):
        node = getattr(t, "_node", None)
        if node is not None:
            found.add(node.parents[0] if isinstance(node, Output) else node)
    return found


class _Anomaly(Interpreter):
    def __init__(self, check_nan: bool) -> None:
        self.check_nan = check_nan
        self.node: Node | None = None

    def process(self, primitive: Any, args: tuple[Any, ...]) -> Any:
        return self._located(apply(primitive, *args))

    def process_function(self, function: Any, args: tuple[Any, ...]) -> Any:
        """An ``autograd.Function`` at dispatch."""
        with self.disabled():
            made = function.apply(*args)
        return self._located(made)

    def _located(self, made: Any) -> Any:
        for node in nodes_of(made):
            import traceback  # where it is needed: it costs every import of ours 3 ms

            frames = traceback.extract_stack()
            user = [f for f in frames if not f.filename.startswith(OURS)]
            node.metadata.setdefault("traceback", "".join(traceback.format_list(user)))
        return made

    def before(self, node: Node) -> None:
        """A node of the backward pass starts."""
        self.node = node

    def failed(self) -> None:
        """The node that started last raised an error: tells its forward line."""
        if self.node is None:
            return
        where = self.node.metadata.get("traceback")
        told = f"Error detected in {self.node.name()}. " + (
            f"Traceback of forward call that caused the error:\n{where}"
            if where
            else "No forward pass information available. Enable detect anomaly during forward "
            "pass for more information."
        )
        try:
            warnings.warn(told, stacklevel=5)
        except Warning as error:  # the error itself is what is raised
            print(f"{type(error).__name__}: {told}", file=sys.stderr)

    def after(self, node: Node, grads: Any) -> None:
        """Looks at what ``node`` passes on."""
        if not self.check_nan:
            return
        for k, g in enumerate(grads):
            values = g._data if isinstance(g, Variable) else g
            if isinstance(values, np.ndarray | np.generic) and np.isnan(values).any():
                where = node.metadata.get("traceback")
                raise RuntimeError(
                    f"Function '{node.name()}' returned nan values in its {k}th output."
                    + (
                        f"\nThe forward step was here (most recent call last):\n{where}"
                        if where
                        else " Run the forward pass under detect_anomaly() too, to see its line."
                    )
                )


class set_detect_anomaly:  # noqa: N801  (PyTorch's name)
    """Switches anomaly detection on or off, at once or for a ``with`` block.

    While it is on, every node remembers the forward line that made it, and a backward pass that
    makes a NaN raises an error that shows this line.

    Follows https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.set_detect_anomaly
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        state = current.state
        self.before = state.interpreters
        rest = tuple(
            interpreter
            for interpreter in state.interpreters
            if not isinstance(interpreter, _Anomaly)
        )
        state.set_interpreters((*rest, _Anomaly(check_nan)) if mode else rest)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: object) -> None:
        current.state.set_interpreters(self.before)


class detect_anomaly(set_detect_anomaly):  # noqa: N801  (PyTorch's name)
    """``with detect_anomaly(): ...`` finds the forward line whose gradient became NaN.

    Example:
        >>> import minitorch
        >>> x = minitorch.tensor(0.0, requires_grad=True)
        >>> with minitorch.autograd.detect_anomaly():
        ...     (x.sqrt() * 0).backward()
        Traceback (most recent call last):
            ...
        RuntimeError: Function 'SqrtBackward0' returned nan values in its 0th output...

    Follows https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.detect_anomaly
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = check_nan

    def __enter__(self) -> None:
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should "
            "only be enabled for debugging.",
            stacklevel=2,
        )
        super().__init__(True, self.check_nan)


def is_anomaly_enabled() -> bool:
    """True while anomaly detection is on in this thread."""
    return any(isinstance(interpreter, _Anomaly) for interpreter in current.state.interpreters)


def is_anomaly_check_nan_enabled() -> bool:
    """True while anomaly detection looks for NaNs; it also is where it is off, as in PyTorch."""
    return all(
        interpreter.check_nan
        for interpreter in current.state.interpreters
        if isinstance(interpreter, _Anomaly)
    )


class saved_tensors_hooks(Interpreter):  # noqa: N801  (PyTorch's name)
    """Within it, ``pack(tensor)`` sees each value that a node saves; ``unpack`` of its result
    gives it back when the backward pass needs it. Of nested hooks the innermost see the values.

    Follows https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph.saved_tensors_hooks
    """

    def __init__(self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]) -> None:
        self.pack, self.unpack = pack_hook, unpack_hook

    def __enter__(self) -> Any:
        if current.state.hooks_refused is not None:
            raise RuntimeError(current.state.hooks_refused)
        return super().__enter__()

    def process(self, primitive: Any, args: tuple[Any, ...]) -> Any:
        with self.disabled(saved_tensors_hooks):
            made = apply(primitive, *args)
        return self._with_packed(made)

    def process_function(self, function: Any, args: tuple[Any, ...]) -> Any:
        """An ``autograd.Function`` at dispatch."""
        with self.disabled(saved_tensors_hooks):
            made = function.apply(*args)
        return self._with_packed(made)

    def _with_packed(self, made: Any) -> Any:
        for node in nodes_of(made):
            if node.saved and (node.extra is None or "unpack" not in node.extra):
                names = getattr(getattr(node, "primitive", None), "saved_names", ())
                node.saved = type(node.saved)(
                    self._packed(values, node, names[k] if k < len(names) else ())
                    for k, values in enumerate(node.saved)
                )
                if node.versions:  # what was packed is the hook's own
                    node.versions = ((NEVER, 0),)
                node.attach("unpack", lambda: unpacked)
        return made

    def _packed(self, saved: Any, node: Any, names: Any) -> Any:
        """What the hook makes of the values that ``node`` saved under ``names``."""
        if isinstance(saved, np.ndarray | np.generic):
            value = as_it_was(saved, node, names)
            version = None if value.is_inference() else value._version
            with self.disabled(saved_tensors_hooks):  # what the hook computes is not itself packed
                packed = self.pack(value)
            if version is not None and value._version != version:
                raise RuntimeError(
                    "A saved tensor pack hook is modifying its input in place. Tensors provided as "
                    "input to pack hook cannot be modified by in-place operations as this can lead "
                    "to unexpected side-effects: compute on a clone()."
                )
            # itself, it would keep its own node alive
            return Packed(wrap(saved) if packed is value else packed, self.unpack)
        if isinstance(saved, tuple):
            return tuple(
                self._packed(value, node, names[k] if k < len(names) else "")
                for k, value in enumerate(saved)
            )
        if isinstance(saved, list):
            return [self._packed(value, node, names) for value in saved]
        return saved


def unpacked(saved: Any) -> Any:
    """What was saved, of the packed values in it."""
    if isinstance(saved, Packed):
        with user_code():
            value = saved.unpack(saved.value)
        if not isinstance(value, Variable):
            raise TypeError(
                f"Output of saved tensor unpack_hook expected to be a Tensor but got result of "
                f"type {type(value).__name__}"
            )
        return value._data
    if isinstance(saved, tuple | list):
        return type(saved)(unpacked(value) for value in saved)
    return saved


class disable_saved_tensors_hooks:  # noqa: N801  (PyTorch's name)
    """Within it, to enter ``saved_tensors_hooks`` raises an error with this message.

    Raises:
        RuntimeError: one is entered already.

    Follows https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph.disable_saved_tensors_hooks
    """

    def __init__(self, error_message: str) -> None:
        self.error_message = error_message

    def __enter__(self) -> None:
        state = current.state
        if any(isinstance(each, saved_tensors_hooks) for each in state.interpreters):
            raise RuntimeError(self.error_message)
        self.before, state.hooks_refused = state.hooks_refused, self.error_message

    def __exit__(self, *exception: object) -> None:
        current.state.hooks_refused = self.before


def as_it_was(saved: Any, node: Any, name: Any) -> Any:
    """The tensor whose values ``node`` saved as ``name``: the leaf itself, or with its node."""
    primitive = getattr(node, "primitive", None)
    if primitive is None:
        return wrap(saved)
    if primitive.outputs == [name] or primitive.outputs == (name,):
        return wrap(saved, node)
    inputs = list(primitive.inputs)
    parent = node.parents[inputs.index(name)] if name in inputs else None
    leaf = getattr(parent, "variable", None)
    return leaf if leaf is not None and leaf._data is saved else wrap(saved, parent)


class Packed:
    """What a pack hook made of a saved value, and the hook that gives the value back."""

    __slots__ = ("unpack", "value")

    def __init__(self, value: Any, unpack: Callable[[Any], Any]) -> None:
        self.value, self.unpack = value, unpack
