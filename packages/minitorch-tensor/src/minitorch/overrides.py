"""``__torch_function__``: classes that have a say in every public function they are given to.

A call with an instance of such a class ``kind`` becomes
``kind.__torch_function__(func, types, args, kwargs)``. The one that subclasses of Tensor inherit
computes as usual and gives the results their class. Parameter switches it off: its results are
Tensors.

Programs without such a class pay nothing: functions begin to look at their arguments when the first
one is defined (``Tensor.__init_subclass__``). They stay the same objects, so that names that were
imported, and tables of functions that were filled, before that hold.

Follows https://docs.pytorch.org/docs/stable/notes/extending.html#extending-torch-python-api
"""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Callable, Iterable
from functools import cache, wraps
from importlib import import_module
from inspect import CO_VARARGS, CO_VARKEYWORDS
from types import CodeType, FunctionType, TracebackType
from typing import Any

from ._types.dtype import dtype
from ._types.size import Size

__all__ = [
    "BaseTorchFunctionMode",
    "TorchFunctionMode",
    "get_default_nowrap_functions",
    "get_ignored_functions",
    "get_overridable_functions",
    "get_testing_overrides",
    "handle_torch_function",
    "has_torch_function",
    "has_torch_function_unary",
    "has_torch_function_variadic",
    "is_tensor_like",
    "is_tensor_method_or_property",
    "resolve_name",
    "wrap_torch_function",
]

# --- who has a say -----------------------------------------------------------------------------

# exact types that have no say; Tensor is one of them, and subclasses join that leave it to Tensor
SILENT: set[type] = {bool, int, float, complex, str, slice, type(None), type(...)}


class _PerThread(threading.local):
    enabled = True
    modes: tuple[Any, ...] = ()  # the innermost last


_thread = _PerThread()


class DisableTorchFunctionSubclass:
    """Within it ``__torch_function__`` is not asked: functions compute as for plain tensors."""

    def __enter__(self) -> None:
        self._before = _thread.enabled
        _thread.enabled = False

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _thread.enabled = self._before


DisableTorchFunction = DisableTorchFunctionSubclass


def disabled(func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
    """The ``__torch_function__`` of classes whose results are plain tensors."""
    with DisableTorchFunctionSubclass():
        return func(*args, **(kwargs or {}))


def default(cls: Any, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
    """Computes ``func`` as for plain tensors; the tensors among the results become ``cls``.

    A class that overrides it calls ``super().__torch_function__(func, types, args, kwargs)``.
    Where another class than ``cls`` and its bases takes part the result is ``NotImplemented``.
    """
    if not all(issubclass(cls, kind) for kind in types):
        return NotImplemented
    with DisableTorchFunctionSubclass():
        result = func(*args, **(kwargs or {}))
        return result if func in get_default_nowrap_functions() else _as(cls, result)


def _as(cls: Any, result: Any) -> Any:
    if isinstance(result, _tensor_class()):
        return result if isinstance(result, cls) else result.as_subclass(cls)
    if isinstance(result, tuple | list):
        parts = [_as(cls, each) for each in result]
        return result._make(parts) if hasattr(result, "_make") else type(result)(parts)
    return result


def _asked(values: Iterable[Any], found: list[Any]) -> list[Any]:
    """Adds to ``found`` one argument per class that has a say, subclasses before their bases."""
    for x in values:
        kind = type(x)
        if kind in SILENT:
            continue
        if kind is list or kind is tuple:
            _asked(x, found)
            continue
        own = getattr(kind, "__torch_function__", disabled)
        if own is disabled:
            if issubclass(kind, _tensor_class()):
                SILENT.add(kind)
            continue
        if any(type(y) is kind for y in found):
            continue
        places = (k for k, y in enumerate(found) if issubclass(kind, type(y)))
        found.insert(next(places, len(found)), x)
    return found


def _ask(
    found: list[Any], func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], always: bool = False
) -> Any:  # fmt: skip
    """What the first of ``found`` says; without keywords only where ``always`` gets their dict."""
    types = tuple(map(type, found))
    for x in found:
        if getattr(x.__torch_function__, "__self__", None) is x:
            warnings.warn(
                "Defining your `__torch_function__` as a plain method is deprecated and will be an "
                "error in future, please define it as a classmethod.",
                DeprecationWarning, stacklevel=4,
            )  # fmt: skip
        rest = (kwargs,) if kwargs or always else ()
        result = x.__torch_function__(func, types, args, *rest)
        if result is not NotImplemented:
            return result
    names = ", ".join(kind.__name__ for kind in types)
    raise TypeError(
        f"no implementation found for '{getattr(func, '__qualname__', func)}' on types that "
        f"implement __torch_function__: [{names}]"
    )


def has_torch_function(relevant_args: Iterable[Any]) -> bool:
    """Whether a mode is on, or one of the arguments has a ``__torch_function__`` to be asked."""
    if not isinstance(relevant_args, Iterable):
        raise TypeError(f"expected a sequence, but got {type(relevant_args).__name__}")
    return bool(_thread.modes) or (_thread.enabled and bool(_asked(relevant_args, [])))


def has_torch_function_unary(tensor: Any) -> bool:
    """``has_torch_function`` of one argument."""
    return has_torch_function((tensor,))


def has_torch_function_variadic(*args: Any) -> bool:
    """``has_torch_function`` of the arguments."""
    return has_torch_function(args)


def handle_torch_function(
    public_api: Callable[..., Any], relevant_args: Iterable[Any], *args: Any, **kwargs: Any
) -> Any:
    """The result that the classes of ``relevant_args`` have for ``public_api(*args, **kwargs)``.

    Raises:
        TypeError: all of them return ``NotImplemented``.
    """
    if _thread.modes:
        return _by_mode(public_api, args, kwargs)
    return _ask(_asked(relevant_args, []), public_api, args, kwargs, always=True)


def is_tensor_like(inp: Any) -> bool:
    """True for tensors and for what has a ``__torch_function__``."""
    return isinstance(inp, _tensor_class()) or hasattr(inp, "__torch_function__")


def get_default_nowrap_functions() -> set[Any]:
    """The functions whose results keep their own class."""
    tensor: Any = _tensor_class()
    return {tensor.grad.__get__}


class TorchFunctionMode:
    """A ``with`` block in which each public function is handed to ``__torch_function__`` first.

    Within that method the mode is off, so that it may call the function.

    Example:
        >>> import minitorch as torch
        >>> from minitorch.overrides import TorchFunctionMode
        >>> class Names(TorchFunctionMode):
        ...     def __torch_function__(self, func, types, args=(), kwargs=None):
        ...         print(func.__name__)
        ...         return func(*args, **(kwargs or {}))
        >>> with Names():
        ...     _ = torch.zeros(2).sum()
        zeros
        sum
    """

    inner: TorchFunctionMode

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """What a function gives within the block; every mode has its own."""
        raise NotImplementedError

    def __enter__(self) -> Any:
        enable()
        _enable_modes()
        _thread.modes = (*_thread.modes, self)
        return self

    def __exit__(self, *exception: object) -> None:
        _thread.modes = _thread.modes[:-1]

    @classmethod
    def push(cls, *args: Any, **kwargs: Any) -> Any:
        """An instance: the older way to begin a block."""
        return cls(*args, **kwargs)


class BaseTorchFunctionMode(TorchFunctionMode):
    """A mode that calls each function as it is."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """The function itself."""
        return func(*args, **(kwargs or {}))


def _by_mode(public: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Hands a call to the innermost mode, with those outside of it still on."""
    modes = _thread.modes
    _thread.modes = modes[:-1]
    try:
        types = tuple(map(type, _asked((*args, *kwargs.values()), [])))
        return modes[-1].__torch_function__(public, types, args, kwargs)
    finally:
        _thread.modes = modes


def wrap_torch_function(dispatcher: Callable[..., Iterable[Any]]) -> Callable[[Any], Any]:
    """A decorator of functions of one's own: what ``dispatcher`` returns is asked first."""

    def wrap(func: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(func)
        def asking(*args: Any, **kwargs: Any) -> Any:
            relevant = dispatcher(*args, **kwargs)
            if has_torch_function(relevant):
                return handle_torch_function(asking, relevant, *args, **kwargs)
            return func(*args, **kwargs)

        return asking

    return wrap


@cache
def get_overridable_functions() -> dict[Any, list[Any]]:
    """Module or class -> its functions that ask."""
    tensor: Any = _tensor_class()
    found: dict[Any, list[Any]] = {}
    for module in map(import_module, MODULES):
        if module.__name__.startswith(("minitorch.ops.", "minitorch.nn.native")):
            continue  # they are found at the top
        for name in _names(module):
            function = getattr(module, name, None)
            if _asks(name, function):
                found.setdefault(module, []).append(function)
    for name in dir(tensor):
        getattr(tensor, name, None)  # some come in on first use
    for name, member in vars(tensor).items():
        if name in NO_METHODS:
            continue
        if isinstance(member, FunctionType) and (name[0] != "_" or name[:2] == "__"):
            found.setdefault(tensor, []).append(getattr(tensor, name))
        elif isinstance(member, property) and name[0] != "_":
            found.setdefault(tensor, []).append(member.__get__)
    return found


def _names(module: Any) -> list[str]:
    """The public names of a module, those that come in on first use, too."""
    return list(vars(module).get("__all__") or dir(module))


def get_ignored_functions() -> set[Any]:
    """Public functions that ask nobody: they take no tensors."""
    top = import_module("minitorch")
    return {
        function
        for name in _names(top)
        if name[0] != "_"
        and isinstance(function := getattr(top, name, None), FunctionType)
        and not _asks(name, function)
    }


def get_testing_overrides() -> dict[Any, Callable[..., Any]]:
    """Function that asks -> one of the same signature that returns -1."""
    made = {}
    for functions in get_overridable_functions().values():
        for function in functions:
            made[function] = lambda *args, **kwargs: -1
    return made


def resolve_name(f: Callable[..., Any]) -> str | None:
    """The name of a function that asks: ``torch.add``, ``torch.Tensor.add``."""
    for owner, functions in get_overridable_functions().items():
        for function in functions:
            if function is f or function == f:
                if isinstance(owner, type):
                    member = getattr(f, "__self__", None)
                    names = [
                        k for k, v in vars(owner).items() if member is not None and v is member
                    ]
                    suffix = ".__get__" if names else ""
                    return f"torch.Tensor.{names[0] if names else f.__name__}{suffix}"
                return f"{owner.__name__.replace('minitorch', 'torch', 1)}.{f.__qualname__}"
    return None


def is_tensor_method_or_property(func: Callable[..., Any]) -> bool:
    """Whether a function that asks is a method or a property of Tensor."""
    return func in get_overridable_functions()[_tensor_class()] or func.__name__ == "__get__"


def _tensor_class() -> Any:
    from .autograd import variable

    return variable.tensor_class


# --- functions that ask ------------------------------------------------------------------------

MODULES = [
    "minitorch", "minitorch.linalg", "minitorch.fft", "minitorch.special", "minitorch.ops.einsum",
    "minitorch.ops.grid_sampler",
]  # fmt: skip
# where functions live that make tensors of data or sizes, or set something: nobody is asked
EXEMPT = {
    f"minitorch.{name}"
    for name in (
        "_tensor.printing", "_types.dtype", "_tensor.settings", "amp", "autograd",
        "autograd.grad", "autograd.gradients",
        "autograd.grad_mode", "autograd.interpreters", "compat.alias", "compat.siblings",
        "compiler", "func.batching", "ops.creation", "ops.from_data", "ops.inspection",
        "ops.ranges", "ops.windows", "random.functions", "safetensors",
        "serialization.loading", "serialization.saving",
    )
}  # fmt: skip
MAKING = {f"minitorch.ops.{name}" for name in ("creation", "from_data", "ranges", "windows")}
MAKING |= {"minitorch.random.functions"}  # of which modes are asked
TENSORS = {"bernoulli", "multinomial", "normal", "numel", "poisson"}  # but these take tensors
NO_METHODS = {"__hash__", "__iter__", "__init_subclass__", "as_subclass", "new_tensor"}
# what PyTorch hands on for an operator; the others go by their own names
OPERATORS = {
    "__add__": "add", "__radd__": "add", "__iadd__": "add_", "__sub__": "sub", "__isub__": "sub_",
    "__mul__": "mul", "__rmul__": "mul", "__imul__": "mul_", "__truediv__": "div",
    "__itruediv__": "div_", "__pow__": "pow", "__mod__": "remainder", "__matmul__": "matmul",
    "__lt__": "lt", "__le__": "le", "__gt__": "gt", "__ge__": "ge", "__neg__": "neg",
    "__abs__": "abs", "__rand__": "bitwise_and", "__ror__": "bitwise_or",
    "__rxor__": "bitwise_xor",
}  # fmt: skip
REFUSING = {  # an operator says NotImplemented where a function raises TypeError
    *OPERATORS, "__eq__", "__ne__", "__rsub__", "__rtruediv__", "__rpow__", "__ipow__",
    "__floordiv__", "__rfloordiv__", "__ifloordiv__", "__rmod__", "__imod__", "__rmatmul__",
    "__and__", "__or__", "__xor__", "__iand__", "__ior__", "__ixor__", "__lshift__",
    "__rlshift__", "__ilshift__", "__rshift__", "__rrshift__", "__irshift__",
} - {"__neg__", "__abs__"}  # fmt: skip
_enabled = threading.Event()


def enable() -> None:
    """Lets all public functions, methods and properties ask from now on."""
    if _enabled.is_set():
        return
    _enabled.set()
    tensor = _tensor_class()
    SILENT.update((tensor, dtype, Size))
    for name, member in list(vars(tensor).items()):
        add_method(tensor, name, member)
    for module in MODULES:
        _enable_in(import_module(module))


def add_method(tensor: Any, name: str, member: Any) -> None:
    """Lets a method or a property of Tensor ask, where functions do."""
    if not _enabled.is_set() or name in NO_METHODS:
        return
    if isinstance(member, FunctionType) and (name[0] != "_" or name[:2] == "__"):
        public = getattr(tensor, OPERATORS.get(name, name))
        _let_ask(member, public, name in REFUSING)
    elif isinstance(member, property) and name[0] != "_":
        _let_ask(member.fget, member.__get__)
        if member.fset:
            _let_ask(member.fset, member.__set__)


def add_function(name: str, function: Any) -> None:
    """Lets a public function ask, where functions do."""
    if _enabled.is_set() and _asks(name, function):
        inner: Any = function  # other modules call the functions of its name that it wraps
        own = (function.__name__, function.__qualname__)
        while isinstance(inner, FunctionType) and inner.__name__ in own:
            wrapped = getattr(inner, "__wrapped__", None)
            _let_ask(inner, function)
            inner = wrapped


OWN_MODULES: dict[Any, str] = {}  # of functions that are shown under another


def own_module(function: Any) -> str:
    """Where a function is defined, whatever ``__module__`` shows."""
    return OWN_MODULES.get(function) or function.__module__


def _asks(name: str, function: Any) -> bool:
    if name[0] == "_" or not isinstance(function, FunctionType):
        return False
    return own_module(function) not in EXEMPT or name in TENSORS or name.endswith("_like")


def _enable_modes() -> None:
    """Lets the functions that make tensors of data or sizes ask modes, too."""
    top = import_module("minitorch")
    for function in list(vars(top).values()):
        if isinstance(function, FunctionType) and own_module(function) in MAKING:
            _let_ask(function, function)


def overridable(module: str) -> None:
    """Adds the functions of a module of another package."""
    MODULES.append(module)
    get_overridable_functions.cache_clear()
    if _enabled.is_set():
        _enable_in(sys.modules[module])


def _enable_in(module: Any) -> None:
    for name in vars(module).get("__all__", list(vars(module))):
        add_function(name, getattr(module, name))


def _fold() -> Callable[[BaseException], None]:
    from .autograd.frames import fold

    return fold


@cache
def _template(names: tuple[str, ...]) -> CodeType:
    """The code of a function of any arguments that hands them to its ``_call``.

    It names as many variables of the functions around it as the code that it replaces: a function
    keeps their values.
    """
    source = f"""
def around({", ".join(names)}):
    def _template(*args, _call, _fold, **kwargs):
        try:
            return _call(args, kwargs)
        except Exception as error:
            _fold(error)
            raise
        {", ".join(names)}
"""
    made: CodeType = compile(source, __file__, "exec").co_consts[0]
    return next(each for each in made.co_consts if isinstance(each, CodeType))


def _let_ask(function: Any, public: Any, operator: bool = False) -> None:
    """Lets ``function`` ask before it computes; it stays the same object, under new code."""
    if function.__code__.co_name == "_template":
        return
    original = copied(function)

    def call(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if _thread.modes:
            return _by_mode(public, args, kwargs)
        if _thread.enabled:
            silent = SILENT.issuperset
            if silent(map(type, args)) and (not kwargs or silent(map(type, kwargs.values()))):
                return original(*args, **kwargs)
            found = _asked(args, [])
            if kwargs:
                _asked(kwargs.values(), found)
            if found:
                try:
                    return _ask(found, public, args, kwargs)
                except TypeError:
                    if not operator:
                        raise
                    return NotImplemented
        return original(*args, **kwargs)

    function.__wrapped__ = original  # for inspect.signature
    function.__defaults__ = None
    function.__kwdefaults__ = {"_call": call, "_fold": _fold()}
    function.__code__ = _template(function.__code__.co_freevars)


def intercept(function: Any, around: Callable[[Any, Any, Any], Any]) -> None:
    """Lets each call of ``function`` be ``around(original, args, kwargs)``; it stays the same
    object, so that names that were imported before hold."""
    original = copied(function)

    def call(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return around(original, args, kwargs)

    function.__wrapped__ = original  # for inspect.signature
    function.__defaults__ = None
    function.__kwdefaults__ = {"_call": call, "_fold": _fold()}
    code = function.__code__
    name = code.co_name if code.co_name == "_template" else "intercepted"  # what asks still asks
    function.__code__ = _template(code.co_freevars).replace(co_name=name)


def named_as(function: Any, made: Any) -> Any:
    """``functools.update_wrapper``, which is called a thousand times at import, in a third of its
    time."""
    made.__name__, made.__qualname__ = function.__name__, function.__qualname__
    made.__module__, made.__doc__ = function.__module__, function.__doc__
    made.__annotations__ = function.__annotations__
    made.__dict__.update(function.__dict__, __wrapped__=function)
    return made


def unasking(function: Any) -> Any:
    """``function`` as it was before it asked: for another one that asks by its own name."""
    while function.__code__.co_name == "_template":
        function = function.__wrapped__
    return function


def copied(function: Any, name: str | None = None) -> Any:
    """Another function object of the same code, such as a method's beside the function's.

    A method has no ``out``: what is wrapped around a function takes care of it, and that of a
    primitive goes by a name that cannot be given.
    """
    if name:
        function = unasking(function)
    code = function.__code__
    keywords = code.co_varnames[code.co_argcount :][: code.co_kwonlyargcount]
    plain = not (code.co_flags & (CO_VARARGS | CO_VARKEYWORDS) or hasattr(function, "primitive"))
    if name and keywords[-1:] == ("out",) and plain:
        code = code.replace(co_kwonlyargcount=len(keywords) - 1)
    kwdefaults = function.__kwdefaults__
    if name and "out" in keywords and hasattr(function, "primitive"):  # which looks at it
        names = tuple("<out>" if each == "out" else each for each in code.co_varnames)
        code, kwdefaults = code.replace(co_varnames=names), kwdefaults | {"<out>": None}
    made = FunctionType(
        code, function.__globals__, function.__name__, function.__defaults__,
        function.__closure__,
    )  # fmt: skip
    made.__kwdefaults__ = kwdefaults
    made.__dict__.update(function.__dict__)
    made.__doc__, made.__annotations__ = function.__doc__, function.__annotations__
    made.__qualname__, made.__module__ = function.__qualname__, function.__module__
    if name is not None:
        made.__name__, made.__qualname__ = name, f"Tensor.{name}"
    return made
