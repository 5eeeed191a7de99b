"""Modules in another dtype: what ``to``, ``double`` and their kin do to parameters and buffers."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import minitorch
from minitorch import Tensor
from minitorch.extend import grad_of

from .parameter import Parameter

__all__ = ["Conversion"]

M = TypeVar("M", bound="Conversion")


class Conversion:
    """The part of ``Module`` that replaces the values of all its tensors."""

    _parameters: dict[str, Any]
    _buffers: dict[str, Any]
    children: Callable[[], Iterator[Any]]

    def _apply(self: M, fn: Callable[[Any], Any], recurse: bool = True) -> M:
        """Replaces the values of parameters, gradients and buffers by ``fn`` of them; parameters
        that go to another device, or come from one, become others."""
        if recurse:
            for child in self.children():
                child._apply(fn)
        future = minitorch.__future__
        swap = future.get_swap_module_params_on_conversion()
        overwrite = future.get_overwrite_module_params_on_conversion()
        for name, param in self._parameters.items():
            if param is None:
                continue
            with minitorch.no_grad():
                made, grad = fn(param), grad_of(param)
            if swap:
                param.grad = None
                exchange(self, name, param, Parameter(made, param.requires_grad))
            elif made.is_meta is param.is_meta and not overwrite:
                param.data = made
            else:
                param = self._parameters[name] = Parameter(made, param.requires_grad)
            if grad is None:
                continue
            made = fn(grad.detach())
            if swap:
                exchange(self, f"{name}.grad", grad, made.requires_grad_(grad.requires_grad))
            elif made.is_meta is grad.is_meta and not overwrite:
                grad.data = made
            else:
                grad = made.requires_grad_(grad.requires_grad)
            param.grad = grad
        for name, buffer in self._buffers.items():
            if buffer is not None:
                self._buffers[name] = fn(buffer)
        return self

    def to(self: M, *args: Any, **kwargs: Any) -> M:
        """``to(dtype)``, ``to(device)``, ``to(device, dtype)``, ``to(tensor)``: converts in place.

        ``memory_format`` is that of the parameters and buffers with four or five dimensions.

        Raises:
            TypeError: ``dtype`` is neither floating point nor complex.
            AssertionError, NotImplementedError: a device that MiniTorch does not have; to the CPU
                from "meta".
        """
        if "copy" in kwargs:
            raise RuntimeError(".to() does not accept copy argument")
        dtype = kwargs.get("dtype")
        device = kwargs.get("device")
        memory_format = kwargs.get("memory_format")
        _check_forms(args)
        for argument in args:
            if isinstance(argument, minitorch.dtype):
                dtype = argument
            elif isinstance(argument, Tensor):
                dtype, device = argument.dtype, argument.device
            elif not isinstance(argument, bool) and argument is not None:
                device = argument
        if dtype is None and memory_format is None and device is None:
            return self
        if dtype is not None and not (dtype.is_floating_point or dtype.is_complex):
            raise TypeError(
                "nn.Module.to only accepts floating point or complex dtypes, but got desired "
                f"dtype={dtype}"
            )

        if dtype is not None and dtype.is_complex:
            warnings.warn(
                "Complex modules are a new feature under active development whose design may "
                "change, and some modules might not work as expected when using complex tensors as "
                "parameters or buffers.",
                stacklevel=2,
            )

        def converted(t: Any) -> Any:
            kind = dtype if _converts(t) else None
            return t.to(device, kind, memory_format=memory_format if t.ndim in (4, 5) else None)

        try:
            return self._apply(converted)
        except NotImplementedError as error:
            if "meta" not in str(error):
                raise
            raise NotImplementedError(
                "Cannot copy out of meta tensor; no data! Please use torch.nn.Module.to_empty() "
                "instead of torch.nn.Module.to() when moving module from meta to a different "
                "device."
            ) from None

    def type(self: M, dst_type: Any) -> M:
        """Converts all parameters and buffers, integers too."""
        return self._apply(lambda t: t.type(dst_type))

    def float(self: M) -> M:
        """Floating-point parameters and buffers in float32."""
        return self._apply(lambda t: _cast(t, minitorch.float32))

    def double(self: M) -> M:
        """Floating-point parameters and buffers in float64."""
        return self._apply(lambda t: _cast(t, minitorch.float64))

    def half(self: M) -> M:
        """Floating-point parameters and buffers in float16."""
        return self._apply(lambda t: _cast(t, minitorch.float16))

    def bfloat16(self: M) -> M:
        """Floating-point parameters and buffers in bfloat16."""
        return self._apply(lambda t: _cast(t, minitorch.bfloat16))

    def cpu(self: M) -> M:
        """The module itself: everything is on the CPU, or on "meta", from where no way leads."""
        return self.to("cpu")

    def cuda(self: M, device: Any = None) -> M:
        """Raises: there is no such device."""
        return self._apply(lambda t: t.cuda(device))

    def xpu(self: M, device: Any = None) -> M:
        """Raises: there is no such device."""
        return self._apply(lambda t: t.xpu(device))

    def to_empty(self: M, *, device: Any, recurse: bool = True) -> M:
        """Parameters and buffers on ``device`` with whatever values the memory holds there."""
        return self._apply(lambda t: minitorch.empty_like(t, device=device), recurse)

    def share_memory(self: M) -> M:
        """Moves all parameters and buffers to memory that processes forked later share."""
        return self._apply(lambda t: t.share_memory_())


def exchange(module: Any, name: str, tensor: Any, other: Any) -> None:
    try:
        minitorch.utils.swap_tensors(tensor, other)
    except Exception as error:
        raise RuntimeError(f"_apply(): Couldn't swap {type(module).__name__}.{name}") from error


def _cast(tensor: Any, dtype: Any) -> Any:
    return tensor.to(dtype) if tensor.dtype.is_floating_point else tensor


def _check_forms(args: tuple[Any, ...]) -> None:
    """Raises unless ``args`` are (dtype or tensor, non_blocking) or (device, dtype,
    non_blocking)."""
    by_dtype = bool(args) and isinstance(args[0], minitorch.dtype | Tensor)
    of_dtype = (minitorch.dtype, type(None))
    forms: tuple[Any, ...] = (bool,) if by_dtype else (of_dtype, bool)
    known = minitorch.dtype | Tensor | minitorch.device | str | int | None
    fits = not args or (isinstance(args[0], known) and len(args) <= 1 + len(forms))
    if not fits or not all(isinstance(*pair) for pair in zip(args[1:], forms, strict=False)):
        got = ", ".join(type(each).__name__ for each in args)
        raise TypeError(
            f"to() received an invalid combination of arguments - got ({got}), but expected one "
            "of: (device, dtype, non_blocking), (dtype, non_blocking), (tensor, non_blocking)"
        )


def _converts(tensor: Any) -> bool:
    return bool(tensor.dtype.is_floating_point or tensor.dtype.is_complex)
