"""Mixed precision: within ``autocast("cpu")`` products compute in bfloat16, losses in float32.

What is asked for on a GPU is off, as in PyTorch on a machine without one.
The functions that autocast knows look at it from the first such block of a program on; programs
without pay nothing.

Follows https://docs.pytorch.org/docs/stable/amp.html
"""

from __future__ import annotations

import functools
import threading
import warnings
from collections.abc import Callable, Iterable
from functools import wraps
from types import FunctionType
from typing import Any

from .._types.device import device as as_device
from .._types.dtype import bfloat16, float16, float32, float64
from ..autograd.variable import Variable
from ..overrides import intercept
from .grad_scaler import GradScaler

__all__ = [
    "GradScaler",
    "autocast",
    "custom_bwd",
    "custom_fwd",
    "is_autocast_available",
    "is_autocast_enabled",
]

# --- which functions compute in what: PyTorch's lists for the CPU -------------------------------

LOWER = """
    addbmm addmm baddbmm bmm matmul mm linalg.matmul linalg.vecdot nn.functional.conv1d
    nn.functional.conv2d nn.functional.conv3d nn.functional.conv_transpose1d
    nn.functional.conv_transpose2d nn.functional.conv_transpose3d nn.functional.linear
    nn.functional.prelu nn.functional.scaled_dot_product_attention nn.modules.recurrent.run
"""
SINGLE = """
    cdist cholesky cholesky_inverse cholesky_solve geqrf grid_sampler grid_sampler_2d
    grid_sampler_3d inverse linalg.cholesky
    linalg.cholesky_ex linalg.cond linalg.eig linalg.eigh linalg.eigvals linalg.eigvalsh
    linalg.householder_product linalg.inv linalg.inv_ex linalg.lstsq linalg.matrix_rank linalg.qr
    linalg.solve linalg.svd linalg.svdvals linalg.tensorinv linalg.tensorsolve lu_solve nanquantile
    nn.functional.adaptive_avg_pool3d nn.functional.adaptive_max_pool3d nn.functional.avg_pool3d
    nn.functional.binary_cross_entropy nn.functional.binary_cross_entropy_with_logits
    nn.functional.cosine_embedding_loss nn.functional.cross_entropy nn.functional.ctc_loss
    nn.functional.grid_sample nn.functional.hinge_embedding_loss nn.functional.huber_loss
    nn.functional.kl_div nn.functional.l1_loss nn.functional.margin_ranking_loss
    nn.functional.max_unpool1d nn.functional.max_unpool2d nn.functional.max_unpool3d
    nn.functional.mse_loss
    nn.functional.multi_margin_loss nn.functional.multilabel_margin_loss nn.functional.nll_loss
    nn.functional.poisson_nll_loss nn.functional.smooth_l1_loss nn.functional.soft_margin_loss
    nn.functional.triplet_margin_loss orgqr ormqr pinverse polar prod qr quantile stft svd trace
    triangular_solve view_as_complex fft.fft fft.fft2 fft.fftn fft.hfft fft.ifft fft.ifft2 fft.ifftn
    fft.ihfft fft.irfft fft.irfft2 fft.irfftn fft.rfft fft.rfft2 fft.rfftn
"""
WIDEST = "cat stack index_copy"
AS_THEY_ARE = "addmv dot mv vdot"  # though here they are made of functions of the lists


class _PerThread(threading.local):
    enabled = False
    dtype = bfloat16
    cache_enabled = True
    depth = 0

    def __init__(self) -> None:
        self.cache: dict[int, Any] = {}


_thread = _PerThread()


def _cast(value: Any, dtype: Any) -> Any:
    """``value``, and what it contains, in ``dtype`` where it has floats, but for float64."""
    if isinstance(value, Variable):
        own = value.dtype
        if not own.is_floating_point or own is float64 or own is dtype:
            return value
        # a parameter is converted once a block, so that its gradients meet in one place
        if not (_thread.cache_enabled and own is float32 and dtype is _thread.dtype):
            return value.to(dtype)
        if not (value._node is not None and value._base is None and not value._node.parents):
            return value.to(dtype)
        kept = _thread.cache.get(id(value))
        if kept is None or kept[0] is not value:
            kept = _thread.cache[id(value)] = (value, value.to(dtype))
        return kept[1]
    if isinstance(value, list | tuple) and type(value) in (list, tuple):
        return type(value)(_cast(each, dtype) for each in value)
    if type(value) is dict:
        return {k: _cast(each, dtype) for k, each in value.items()}
    return value


def _floats(value: Any) -> Iterable[Any]:
    """The dtypes of the tensors of floats in ``value``."""
    if isinstance(value, Variable):
        if value.dtype.is_floating_point:
            yield value.dtype
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _floats(each)


def _within(dtype_of: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """What is called in place of a function: arguments are cast, what it is made of is not."""

    def around(original: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        if not _thread.enabled:
            return original(*args, **kwargs)
        dtype = dtype_of(args, kwargs)
        if dtype is not None:
            args, kwargs = _cast(args, dtype), _cast(kwargs, dtype)
        _thread.enabled = False
        try:
            return original(*args, **kwargs)
        finally:
            _thread.enabled = True

    return around


def _lower(args: Any, kwargs: Any) -> Any:
    return _thread.dtype


def _single(args: Any, kwargs: Any) -> Any:
    return float32


def _own(args: Any, kwargs: Any) -> Any:
    return None


def _of_padding(args: Any, kwargs: Any) -> Any:
    mode = args[2] if len(args) > 2 else kwargs.get("mode")
    return float32 if mode in ("reflect", "replicate") else None


def _of_inner(args: Any, kwargs: Any) -> Any:
    ndims = [x.ndim for x in (*args, *kwargs.values()) if isinstance(x, Variable)]
    return _thread.dtype if min(ndims, default=0) > 0 and max(ndims) > 1 else None


def _widest(args: Any, kwargs: Any) -> Any:
    found = set(_floats(args))
    return float32 if len(found) > 1 and float64 not in found else None


@functools.cache
def _let_functions_look() -> None:
    """Once a program: from now on the functions of the lists look whether autocast is on."""
    import minitorch

    tensor = minitorch.Tensor
    for names, dtype_of in (
        (LOWER, _lower), (SINGLE, _single), (WIDEST, _widest), (AS_THEY_ARE, _own),
        ("nn.functional.pad", _of_padding), ("inner", _of_inner),
    ):  # fmt: skip
        around = _within(dtype_of)
        for name in names.split():
            room, _, last = name.rpartition(".")
            if room.startswith("nn") and getattr(minitorch, "nn", None) is None:
                continue
            where = functools.reduce(getattr, room.split("."), minitorch) if room else minitorch
            function = getattr(where, last)
            while isinstance(function, FunctionType) and function.__name__ == last:
                inner = getattr(function, "__wrapped__", None)  # which others call by its name
                intercept(function, around)
                function = inner
            if not room and hasattr(tensor, last):
                intercept(getattr(tensor, last), around)
    for name in ("__matmul__", "__rmatmul__"):
        intercept(getattr(tensor, name), _within(_lower))


# --- what users see -----------------------------------------------------------------------------


def is_autocast_available(device_type: str) -> bool:
    """True for the CPU."""
    return as_device(device_type).type == "cpu"


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether this thread is in a block of ``autocast``."""
    return device_type == "cpu" and _thread.enabled


def set_autocast_enabled(device_type: str, enabled: bool) -> None:
    """Switches autocast on or off from here on."""
    if device_type == "cpu":
        if enabled:
            _let_functions_look()
        _thread.enabled = enabled


def get_autocast_dtype(device_type: str) -> Any:
    """The dtype that products are computed in: bfloat16 unless it was set."""
    return _thread.dtype if device_type == "cpu" else float16


def set_autocast_dtype(device_type: str, dtype: Any) -> None:
    """Sets the dtype that products are computed in."""
    if device_type == "cpu":
        _thread.dtype = dtype


def is_autocast_cpu_enabled() -> bool:
    """``is_autocast_enabled("cpu")``."""
    return _thread.enabled


def set_autocast_cpu_enabled(enabled: bool) -> None:
    """``set_autocast_enabled("cpu", enabled)``."""
    set_autocast_enabled("cpu", enabled)


def get_autocast_cpu_dtype() -> Any:
    """``get_autocast_dtype("cpu")``."""
    return _thread.dtype


def set_autocast_cpu_dtype(dtype: Any) -> None:
    """``set_autocast_dtype("cpu", dtype)``."""
    set_autocast_dtype("cpu", dtype)


def get_autocast_gpu_dtype() -> Any:
    """float16."""
    return float16


def is_autocast_cache_enabled() -> bool:
    """Whether a parameter is converted once a block."""
    return _thread.cache_enabled


def set_autocast_cache_enabled(enabled: bool) -> None:
    """Sets whether a parameter is converted once a block."""
    _thread.cache_enabled = enabled


def clear_autocast_cache() -> None:
    """Forgets the converted parameters."""
    _thread.cache.clear()


def autocast_increment_nesting() -> int:
    """The depth of blocks, one more."""
    _thread.depth += 1
    return _thread.depth


def autocast_decrement_nesting() -> int:
    """The depth of blocks, one less."""
    _thread.depth -= 1
    return _thread.depth


class autocast:  # noqa: N801  (PyTorch's name)
    """A block, or a decorator, within which products compute in bfloat16 (or float16) and losses,
    decompositions and Fourier transforms in float32. Tensors of float64 stay as they are.

    For a GPU it is off.

    Args:
        device_type: ``"cpu"``, or that of a GPU.
        dtype: bfloat16, or float16; with another dtype it is off and warns.
        enabled: False for a block in which it is off.
        cache_enabled: converts a parameter once a block.

    Raises:
        ValueError: ``device_type`` is no string.
        ImportError: at the first product: bfloat16 needs ml_dtypes.

    Example:
        >>> import minitorch as torch
        >>> x = torch.ones(2, 2)
        >>> with torch.autocast("cpu", dtype=torch.float16):
        ...     (x @ x).dtype, (x @ x).prod().dtype
        (torch.float16, torch.float32)

    Follows https://docs.pytorch.org/docs/stable/amp.html#torch.autocast
    """

    def __init__(
        self,
        device_type: str,
        dtype: Any = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        self.device = as_device(device_type).type
        self.fast_dtype = get_autocast_dtype(self.device) if dtype is None else dtype
        self._cache_enabled = _thread.cache_enabled if cache_enabled is None else cache_enabled
        if self.device != "cpu":
            enabled = False
        elif enabled and self.fast_dtype not in (bfloat16, float16):
            warnings.warn(
                "In CPU autocast, but the target dtype is not supported. Disabling autocast.\n"
                "CPU Autocast only supports dtypes of torch.bfloat16, torch.float16 currently.",
                stacklevel=2,
            )
            enabled = False
        self._enabled = enabled

    def __enter__(self) -> autocast:
        self._before = _thread.enabled, _thread.dtype, _thread.cache_enabled
        set_autocast_enabled(self.device, self._enabled)
        set_autocast_dtype(self.device, self.fast_dtype)
        _thread.cache_enabled = self._cache_enabled
        autocast_increment_nesting()
        return self

    def __exit__(self, *exception: object) -> None:
        if autocast_decrement_nesting() == 0:
            clear_autocast_cache()
        _thread.enabled, _thread.dtype, _thread.cache_enabled = self._before

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if not callable(function):
            raise TypeError(
                f"autocast()(func) requires a callable, but got {type(function).__name__}."
            )

        @wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            again = autocast(
                self.device, self.fast_dtype, self._enabled, self._cache_enabled
            )  # a block of its own, so that a decorated function may call itself
            with again:
                return function(*args, **kwargs)

        return inside


def custom_fwd(
    fwd: Any = None, *, device_type: str | None = None, cast_inputs: Any = None
) -> Any:  # fmt: skip
    """Decorates the forward of an ``autograd.Function``: its backward, decorated too, runs with the
    same autocast. With ``cast_inputs``, floats come in that dtype, and autocast is off.
    """
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)
    device = device_type or "cuda"

    @wraps(fwd)
    def forward(*args: Any, **kwargs: Any) -> Any:
        ctx, enabled = args[0], is_autocast_enabled(device)
        ctx._dtype = get_autocast_dtype(device)
        ctx._fwd_used_autocast = enabled and cast_inputs is None
        if cast_inputs is None or not enabled:
            return fwd(*args, **kwargs)
        with autocast(device, enabled=False):
            return fwd(*_cast(args, cast_inputs), **_cast(kwargs, cast_inputs))

    return forward


def custom_bwd(bwd: Any = None, *, device_type: str | None = None) -> Any:
    """Decorates the backward of an ``autograd.Function``: it runs with its forward's autocast."""
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)
    device = device_type or "cuda"

    @wraps(bwd)
    def backward(*args: Any, **kwargs: Any) -> Any:
        with autocast(device, args[0]._dtype, args[0]._fwd_used_autocast):
            return bwd(*args, **kwargs)

    return backward


class CUDAAutocast(autocast):
    """``autocast("cuda")``, under the old name ``cuda.amp.autocast``."""

    def __init__(self, enabled: bool = True, dtype: Any = None, cache_enabled: bool = True) -> None:
        super().__init__("cuda", dtype, enabled, cache_enabled)


class CPUAutocast(autocast):
    """``autocast("cpu")``, under the old name ``cpu.amp.autocast``."""

    def __init__(self, enabled: bool = True, dtype: Any = None, cache_enabled: bool = True) -> None:
        super().__init__("cpu", dtype, enabled, cache_enabled)


class CUDAGradScaler(GradScaler):
    """``GradScaler("cuda")``, under the old name ``cuda.amp.GradScaler``."""

    def __init__(
        self,
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        super().__init__(
            "cuda", init_scale, growth_factor, backoff_factor, growth_interval, enabled
        )


class CPUGradScaler(GradScaler):
    """``GradScaler("cpu")``, under the old name ``cpu.amp.GradScaler``."""

    def __init__(
        self,
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        warnings.warn(
            "`torch.cpu.amp.GradScaler(args...)` is deprecated. Please use "
            "`torch.amp.GradScaler('cpu', args...)` instead.",
            FutureWarning, stacklevel=2,
        )  # fmt: skip
        super().__init__("cpu", init_scale, growth_factor, backoff_factor, growth_interval, enabled)
