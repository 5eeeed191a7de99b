"""Everything public says what it is: a text and a signature."""

from __future__ import annotations

import dis
import inspect
from typing import Any

import minitorch
import pytest

MODULES = [
    "minitorch", "minitorch.linalg", "minitorch.special", "minitorch.fft", "minitorch.func",
    "minitorch.autograd", "minitorch.autograd.functional", "minitorch.autograd.forward_ad",
    "minitorch.autograd.graph", "minitorch.random", "minitorch.signal.windows", "minitorch.masked",
    "minitorch.amp", "minitorch.profiler", "minitorch.safetensors", "minitorch.extend",
    "minitorch.utils.checkpoint", "minitorch.utils.data", "minitorch.nn", "minitorch.nn.init",
    "minitorch.distributions", "minitorch.distributions.transforms",
    "minitorch.distributions.constraints", "minitorch.nn.functional", "minitorch.nn.utils",
    "minitorch.nn.utils.rnn", "minitorch.nn.utils.parametrize",
    "minitorch.nn.utils.parametrizations", "minitorch.optim", "minitorch.optim.lr_scheduler",
    "minitorch.optim.swa_utils",
]  # fmt: skip


def _public(name: str) -> dict[str, Any]:
    module = pytest.importorskip(name, reason="not installed")
    return {
        each: value
        for each in getattr(module, "__all__", dir(module))
        if each[0] != "_"
        and callable(value := getattr(module, each))
        and getattr(value, "__module__", "").startswith("minitorch")
    }


def _members(kind: type) -> dict[str, Any]:
    """The public methods and properties that a class has itself."""
    members = {}
    for name in list(vars(kind)):
        hasattr(kind, name)  # what comes in on first use does, of nn if that is there
        member = vars(kind)[name]
        if isinstance(member, staticmethod | classmethod):
            member = member.__func__
        if name[0] != "_" and (inspect.isfunction(member) or isinstance(member, property)):
            members[name] = member
    return members


def _unclear(value: Any) -> str:
    if not inspect.getdoc(value):
        return "no text"
    if isinstance(value, property) or (isinstance(value, type) and issubclass(value, Exception)):
        return ""
    try:
        inspect.signature(value)
    except ValueError:
        return "no signature"
    return ""


@pytest.mark.parametrize("module", MODULES)
def test_texts_and_signatures(module: str) -> None:
    found = {name: _unclear(value) for name, value in _public(module).items()}
    assert found
    assert {name: what for name, what in found.items() if what} == {}


def test_methods_of_tensor() -> None:
    from minitorch import Tensor

    members = _members(Tensor)
    assert len(members) > 500
    assert {name: what for name, value in members.items() if (what := _unclear(value))} == {}


# --- arguments that are never read -------------------------------------------------------------

# What may be left unread, for it changes nothing in PyTorch's results on the CPU either ...
HINTS = {
    "out",  # what is around the function reads it (tests/tensor/test_out.py)
    "cudnn_enable", "cudnn_enabled", "non_blocking", "foreach", "implicit", "assume_unique", "mmap",
    "device_type", "pickle_protocol", "enable_nested_tensor", "mask_check",
}  # fmt: skip
# ... and where the one way to compute here is right for every value of it.
ONE_WAY = {
    "sort": {"stable"}, "argsort": {"stable"}, "topk": {"sorted"}, "unique": {"sorted"},
    "sparse_coo_tensor": {"check_invariants"}, "sparse_compressed_tensor": {"check_invariants"},
    "get_device_states": {"args"}, "set_device_states": {"states"},  # there are no GPUs
    "is_conj": {"input"}, "is_neg": {"input"}, "set_flush_denormal": {"mode"},
    "set_checkpoint_early_stop": {"enable"},
    "disabled_torch_function": {"types"}, "custom_fwd": {"cast_inputs"},
    "hessian": {"outer_jacobian_strategy"}, "jacrev": {"_preallocate_and_copy"},
    "load": {"pickle_module"}, "save": {"pickle_module"},
    "fork_rng": {"devices", "_caller", "_devices_kw"},
    "make_dual": {"level"}, "unpack_dual": {"level"},
    "compile": {"fullgraph", "dynamic", "backend", "mode", "options", "disable"},
    "gradcheck": {"check_grad_dtypes", "fast_mode", "masked"},
    "gradgradcheck": {"gen_non_contig_grad_outputs", "check_undefined_grad", "check_grad_dtypes",
    "check_batched_grad", "check_fwd_over_rev", "check_rev_over_rev", "fast_mode", "masked"},
}  # fmt: skip
ONE_WAY |= {  # of classes: those that the constructor does not read
    "autocast": {"dtype", "cache_enabled"}, "save_on_cpu": {"pin_memory"},
    "profile": {"activities", "record_shapes", "profile_memory", "with_stack", "with_flops",
    "with_modules"}, "record_function": {"args"}, "Sampler": {"data_source"},
    "Identity": {"args", "kwargs"}, "Function": {"args", "kwargs"},
}  # fmt: skip
ONE_WAY |= {
    f"{kind}max_pool{n}d_with_indices": {"return_indices"}
    for kind in ("", "adaptive_", "fractional_")
    for n in (1, 2, 3)
}


def _unread(function: Any) -> set[str]:
    """The parameters that the code of a function never looks at."""
    code = inspect.unwrap(function).__code__
    if "locals" in code.co_names:  # handed on as a whole
        return set()
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    read: set[str] = set(code.co_cellvars)
    for step in dis.get_instructions(code):
        if "LOAD" in step.opname:
            read.update(step.argval if isinstance(step.argval, tuple) else [step.argval])
    return {name for name in code.co_varnames[:count] if name not in read} - {"self", "cls"}


@pytest.mark.parametrize("module", MODULES)
def test_no_argument_is_accepted_and_then_ignored(module: str) -> None:
    ignored = {}
    for name, value in _public(module).items():
        if isinstance(value, type):
            value = vars(value).get("__init__", value)
        declared = hasattr(getattr(minitorch, name.rstrip("_"), None), "primitive")
        if inspect.isfunction(value) and not hasattr(value, "primitive") and not declared:
            found = _unread(value) - HINTS - ONE_WAY.get(name, set())
            if found:
                ignored[name] = found
    assert ignored == {}


# --- types ---------------------------------------------------------------------------------------


def _untyped(module: str) -> list[str]:
    """The parameters of functions, constructors and methods whose type is said to be Any."""
    found, seen = [], set()
    for value in _public(module).values():
        functions = vars(value).values() if isinstance(value, type) else [value]
        for function in map(inspect.unwrap, filter(inspect.isfunction, functions)):
            if function in seen or (function.__name__[0] == "_" != function.__name__[1]):
                continue
            seen.add(function)
            code = function.__code__
            named = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            found += [
                f"{function.__qualname__}: {name}"
                for name in named
                if name != "self" and function.__annotations__.get(name) == "Any"
            ]
    return found


def test_few_parameters_are_any() -> None:
    """PyTorch's own are Any in layers' ``device`` and ``dtype``, hooks, and in what takes data."""
    for module in MODULES:
        pytest.importorskip(module, reason="not installed")
    untyped = {each for module in MODULES for each in _untyped(module)}
    assert len(untyped) <= 410, sorted(untyped)  # to be brought down, never up
