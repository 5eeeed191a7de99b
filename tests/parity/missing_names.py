"""Public names of PyTorch that MiniTorch lacks, with the reason: ``python missing_names.py``.

What a module of PyTorch imports for its own use (``warnings``, ``Callable``) is no name of its.
A name that the table of ``minitorch.compat`` has can be looked up, and is not listed here.
"""

from __future__ import annotations

import re
import sys
import types
import typing
import warnings
from importlib import import_module
from typing import Any

MODULES = [
    ".",
    "Tensor",
    "amp",
    "autograd",
    "autograd.forward_ad",
    "autograd.functional",
    "autograd.graph",
    "fft",
    "func",
    "linalg",
    "masked",
    "nn",
    "nn.functional",
    "nn.init",
    "nn.modules",
    "nn.utils",
    "nn.utils.parametrizations",
    "nn.utils.parametrize",
    "nn.utils.rnn",
    "nn.utils.stateless",
    "optim",
    "optim.lr_scheduler",
    "optim.swa_utils",
    "overrides",
    "random",
    "return_types",
    "signal.windows",
    "special",
    "testing",
    "utils",
    "utils.checkpoint",
    "utils.data",
]

GPU = "there is no GPU, and no other device"
COMPILER = "for compilers and tracing of programs"
SPARSE = "sparse tensors have few of PyTorch's functions"
QUANTIZED = "quantized tensors"
NESTED = "nested and named tensors"
REMOVED = "raises in PyTorch too: removed there"
INTERNAL = "internal: how PyTorch is built, documented or tested"
FORMATS = "numbers of fewer than 8 bits, or formats that NumPy's extensions lack"
AUTOCAST = "the state of autocast is read by minitorch.amp"
DATAPIPES = "data pipes, which PyTorch has given up"
OPEN = "not yet"

# reason -> names, as regular expressions
REASONS: dict[str, str] = {
    GPU: r"(is_)?(ipu|maia|mtia|vulkan|xla|xpu)|\w*autocast_(gpu|ipu|xla)\w*|record_stream|"
    r"get_device|set_override_stale_capture_stream|set_warn_on_accumulate_grad_stream_mismatch|"
    r"region_activation_memory_budget|\w*privateuse1\w*|scaled_(grouped_)?mm|grouped_mm|"
    r"ScalingType|SwizzleType|is_distributed|DeviceType|DefaultDeviceType|_?amp_\w+",
    COMPILER: r"compiled_with_cxx11_abi|debug_unwrap|rearrange|is_opaque_reference_type|OpaqueBase|"
    r"is_traceable_wrapper_subclass|redispatch_function|enable_reentrant_dispatch|fx_traceback|"
    r"create_selective_checkpoint_contexts|SelectiveCheckpointContext|CheckpointPolicy|"
    r"SAC_IGNORED_OPS|TorchDispatchMode|LoggingTensorMode|capture_logs|boolean_dispatch|"
    r"BroadcastingList\d|NestedIOFunction|Future|AcceleratorError|\w*ThroughputBenchmark|"
    r"throughput_benchmark|FileCheck|backcompat|\w*cpp_backtrace|cpp_extension|file_baton",
    SPARSE: r"(ccol|col|crow|row)_indices|coalesce|dense_dim|indices|is_coalesced|"
    r"resize_as_sparse_|smm|sparse_\w+|sspaddmm|to_sparse_\w+|values|\w*_sparse_gradcheck",
    QUANTIZED: r"q_\w+|qscheme|int_repr|dequantize|per_(channel|tensor)_\w+|qu?int\w+|to_mkldnn|"
    r"intrinsic|qat|quantizable|quantized|empty_quantized",
    NESTED: r"name|jagged|to_padded_tensor|is_nested",
    REMOVED: r"eig|lstsq|solve|symeig|matrix_rank|reinforce|volatile",
    INTERNAL: r"AVG|SUM|PRIVATE_OPS|USE_\w+|\w*_(notes|args|common)|common_\w+|classproperty|cpp|"
    r"get_file_path|has_\w+|init_num_threads|thread_safe_generator|prepare_\w+|classes|"
    r"reproducibility_notes|factory_kwargs|GRID_SAMPLE_\w+|assert_int_or_pair|\w+_out|"
    r"SequenceKey|all_return_types|pytree_register_structseq|return_types|Profiler\w+|"
    r"profiler_(legacy|util)|kineto_available|enforce_grad_layout_policy|is_view_replay_enabled|"
    r"copy_method_params|bind|PackedSequence_|NamedMemberAccessor|fwAD|PARAM_LIST|"
    r"get_swap_module_params_on_conversion|EPOCH_DEPRECATION_WARNING|set_module|"
    r"backend_registration|cmake_prefix_path|weak|swap_tensors|swap_in_optimizer_\w+|"
    r"GraphExecGroup|SavedTensor|noop_context_fn|uuid|check_backward_validity|detach_variable|"
    r"const_data_ptr|module_load|grad_dtype|DType|container|conv|module|rnn|sparse|upsampling|"
    r"LinearCrossEntropyOptions|linear_cross_entropy_options|windows|TYPE_CHECKING|grad|profiler|F|"
    r"parametrize|Optimizer|Module|register_pytree_node|tree_map|utils|"
    r"(get|set)_device_states|set_checkpoint_debug_enabled|multi_dim_common|"
    r"handle_torch_function|has_torch_function\w*|is_tensor_like|anomaly_mode|index|maskedtensor|"
    r"to_dlpack|collect_env|deterministic|autocast_mode|grad_scaler",
    FORMATS: r"bit|bits\w+|u?int[1-7]|float4\w*|float8\w*|uint(16|32|64)",
    AUTOCAST: r"\w*autocast_\w+|is_autocast_\w+|set_autocast_\w+|clear_autocast_cache|"
    r"set_anomaly_enabled|autocast_(in|de)crement_nesting",
    DATAPIPES: r"\w*DataPipe|DataChunk|argument_validation|datapipes|functional_datapipe|graph|"
    r"graph_settings|guaranteed_datapipes_determinism|non_deterministic|runtime_validation\w*",
    OPEN: r"native_norm|embedding_bag",
}


def found(library: str, module: str) -> Any:
    value: Any = import_module(library)
    for part in module.strip(".").split("."):
        if part:
            try:
                value = getattr(value, part)
            except AttributeError:
                value = import_module(f"{value.__name__}.{part}")
    return value


def own(value: Any, name: str) -> bool:
    """Whether a name of a PyTorch's module is one of its own."""
    if name[0] == "_" or (
        isinstance(value, types.ModuleType) and not value.__name__.startswith("torch.")
    ):
        return False
    if hasattr(typing, name) or value is getattr(import_module("torch"), name, None) is not None:
        return False
    home = getattr(value, "__module__", "torch")
    return not isinstance(home, str) or home.split(".")[0] in ("torch", "builtins")


def missing() -> dict[str, list[str]]:
    """Module -> names of it that MiniTorch lacks."""
    lacking = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for module in MODULES:
            theirs, ours = found("torch", module), found("minitorch", module)
            names = [name for name in dir(theirs) if name[0] != "_"]
            if module not in (".", "Tensor"):
                names = [name for name in names if own(getattr(theirs, name, None), name)]
            else:
                names = [
                    name
                    for name in names
                    if module == "Tensor"
                    or not isinstance(getattr(theirs, name, None), types.ModuleType)
                    or getattr(theirs, name).__name__.startswith("torch.")
                ]
            lacking[module] = [name for name in names if not hasattr(ours, name)]
    return lacking


def reason(name: str) -> str | None:
    return next((why for why, names in REASONS.items() if re.fullmatch(names, name)), None)


if __name__ == "__main__":
    for module, names in missing().items():
        for name in names:
            sys.stdout.write(f"{module.strip('.') or 'torch'}.{name}: {reason(name)}\n")
