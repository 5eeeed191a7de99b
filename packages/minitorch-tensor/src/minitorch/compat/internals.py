"""PyTorch's inner modules: what programs ask of them."""

from __future__ import annotations

from .absent import Absent

__all__ = ["TABLE"]

TABLE: dict[str, Absent] = {
    "_C": Absent(
        false="_are_functorch_transforms_active _is_torch_function_mode_enabled "
        "_jit_can_fuse_on_cpu _jit_can_fuse_on_gpu _is_xnnpack_enabled "
        "_is_multithreading_enabled _is_tracing _debug_only_are_vmap_fallback_warnings_enabled",
        nothing="_get_tracing_state _log_api_usage_once _log_api_usage_metadata "
        "_jit_override_can_fuse_on_cpu _jit_override_can_fuse_on_gpu "
        "_jit_set_nvfuser_enabled _jit_set_profiling_executor _jit_set_profiling_mode "
        "_jit_set_texpr_fuser_enabled _debug_only_display_vmap_fallback_warnings "
        "_set_math_sdp_allow_fp16_bf16_reduction",
        values={
            "has_lapack": True,
            "has_spectral": True,
            **dict.fromkeys(
                ["has_mkl", "has_openmp", "_has_cuda", "_has_mkldnn", "_has_mps", "_has_xpu"], False
            ),
        },
        classes="Graph Value Node Block ScriptFunction ScriptModule ScriptObject _TensorMeta",
        contexts="_ExcludeDispatchKeyGuard _AutoDispatchBelowAutograd "
        "_AutoDispatchBelowADInplaceOrView",
        real={
            "DispatchKey": "compat.operators:DispatchKey",
            "DispatchKeySet": "compat.operators:DispatchKeySet",
            "DisableTorchFunction": "overrides:DisableTorchFunction",
            "DisableTorchFunctionSubclass": "overrides:DisableTorchFunctionSubclass",
            "Generator": "minitorch:Generator",
            "_LinAlgError": "linalg:LinAlgError",
            "_disabled_torch_function_impl": "overrides:disabled",
            "_get_accelerator": "compat.modules:default_accelerator",
            "_get_default_device": "minitorch:get_default_device",
            "_get_privateuse1_backend_name": "compat.modules:private_backend",
        },
    ),
    "_C._distributed_rpc": Absent(false="_is_current_rpc_agent_set"),
    "_C._nn": Absent(real={"_parse_to": "compat.modules:parse_to"}),
    "_C._functorch": Absent(
        false="is_batchedtensor is_functorch_wrapped_tensor is_gradtrackingtensor "
        "is_legacy_batchedtensor _is_vmap_fallback_enabled",
        nothing="_set_vmap_fallback_enabled",
        at={"func.vmap_forms": "reshape_dim_into reshape_dim_outof"},
    ),
    "_C._distributed_c10d": Absent(classes="ProcessGroup Store Work ReduceOp"),
    "masked.maskedtensor": Absent(at={"masked.masked_tensor": "MaskedTensor is_masked_tensor"}),
    "masked.maskedtensor.core": Absent(
        at={
            "masked.masked_tensor": "MaskedTensor is_masked_tensor",
            "masked.masked_functions": "_masks_match _tensors_match",
        }
    ),
    "masked.maskedtensor.creation": Absent(
        at={"masked.masked_tensor": "as_masked_tensor masked_tensor"}
    ),
    "masked.maskedtensor.unary": Absent(
        at={"compat.masked_names": "NATIVE_INPLACE_UNARY_FNS NATIVE_UNARY_FNS UNARY_NAMES"}
    ),
    "masked.maskedtensor.binary": Absent(
        at={"compat.masked_names": "BINARY_NAMES NATIVE_BINARY_FNS NATIVE_INPLACE_BINARY_FNS"}
    ),
    "masked.maskedtensor.reductions": Absent(at={"compat.masked_names": "REDUCE_NAMES"}),
    "utils.flop_counter": Absent(at={"compat.flop_counter": "FlopCounterMode"}),
    "utils.dlpack": Absent(
        real={"to_dlpack": "compat.modules:to_dlpack"}, at={"minitorch": "from_dlpack"}
    ),
    "autograd.profiler": Absent(
        classes="EnforceUnique KinetoStepTracker emit_itt emit_nvtx",
        raises="load_nvprof parse_nvprof_trace",
        real={"profile": "profiler:autograd_profile", "FunctionEvent": "profiler:Event"},
        at={"profiler": "EventList kineto_available record_function"},
    ),
    "autograd.profiler_util": Absent(
        real={"FunctionEvent": "profiler:Event"}, at={"profiler": "EventList"}
    ),
    "_ops": Absent(at={"compat.operators": "OpOverload OpOverloadPacket"}),
    "_jit_internal": Absent(
        false="is_scripting",
        same="_copy_to_script_wrapper _overload _overload_method export ignore unused",
    ),
    "_decomp": Absent(same="register_decomposition"),
    "utils._contextlib": Absent(real={"_DecoratorContextManager": "compat.modules:Decorating"}),
    "utils._python_dispatch": Absent(
        false="is_in_torch_dispatch_mode is_traceable_wrapper_subclass "
        "is_traceable_wrapper_subclass_type",
    ),
    "utils.benchmark.utils.common": Absent(at={"compat.benchmark": "Measurement select_unit"}),
    "utils.benchmark.utils.compare": Absent(at={"compat.benchmark": "Compare"}),
    "utils.benchmark.utils.timer": Absent(at={"compat.benchmark": "Timer timer"}),
    "_prims_common": Absent(
        at={
            "compat.prims_common": "DeviceLikeType Dim DimsSequenceType DimsType Number ShapeType "
            "StrideType canonicalize_device canonicalize_dim canonicalize_dims "
            "corresponding_complex_dtype corresponding_real_dtype dtype_or_default dtype_to_type "
            "is_boolean_dtype is_complex_dtype is_contiguous is_contiguous_for_memory_format "
            "is_contiguous_for_memory_format_or_false is_contiguous_or_false is_expandable_to "
            "is_float_dtype is_grad_dtype is_integer_dtype is_same_shape is_valid_permutation "
            "make_contiguous_strides_for same_shape type_to_dtype",
        },
    ),
    "functional": Absent(
        at={
            "minitorch": "align_tensors atleast_1d atleast_2d atleast_3d block_diag "
            "broadcast_shapes broadcast_tensors cartesian_prod cdist chain_matmul einsum istft lu "
            "meshgrid norm pca_lowrank split stft svd_lowrank tensordot unique "
            "unique_consecutive unravel_index"
        }
    ),
}
