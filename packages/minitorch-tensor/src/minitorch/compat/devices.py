"""Devices and the libraries behind them: what a machine with a CPU alone answers."""

from __future__ import annotations

from types import SimpleNamespace

from .absent import Absent

__all__ = ["TABLE"]

GPU = "it needs a GPU, and MiniTorch computes on the CPU: ask is_available() (False) before"
SWITCH = "the libraries behind PyTorch are not in use here"

GPU_MEMORY = "memory_allocated max_memory_allocated memory_reserved max_memory_reserved"
GPU_RAISES = (
    "can_device_access_peer clock_rate current_device current_stream get_device_capability "
    "get_device_name get_device_properties get_rng_state get_per_process_memory_fraction "
    "graph_pool_handle init initial_seed make_graphed_callables mem_get_info memory_snapshot "
    "memory_usage power_draw set_device set_per_process_memory_fraction set_rng_state "
    "set_stream synchronize temperature utilization change_current_allocator "
    "get_stream_from_external use_mem_pool"
)
CUDA_RAISES = (
    "current_blas_handle default_stream ipc_collect list_gpu_processes memory_summary "
    "set_sync_debug_mode get_sync_debug_mode cudart caching_allocator_alloc "
    "caching_allocator_delete get_allocator_backend host_memory_stats"
)

TABLE: dict[str, Absent] = {
    "accelerator": Absent(
        GPU,
        false="is_available",
        zero=f"device_count {GPU_MEMORY}",
        nothing="current_accelerator empty_cache reset_peak_memory_stats synchronize "
        "reset_accumulated_memory_stats",
        empty="memory_stats",
        raises="current_device_idx current_device_index current_stream get_device_capability "
        "get_memory_info set_device_idx set_device_index set_stream",
        contexts="device_index",
    ),
    "backends": Absent(SWITCH),
    "backends.cpu": Absent(SWITCH, real={"get_cpu_capability": "compat.modules:cpu_capability"}),
    "backends.cuda": Absent(
        GPU,
        true="math_sdp_enabled",
        false="is_built is_flash_attention_available is_ck_sdpa_available flash_sdp_enabled "
        "mem_efficient_sdp_enabled cudnn_sdp_enabled can_use_flash_attention "
        "can_use_efficient_attention can_use_cudnn_attention "
        "fp16_bf16_reduction_math_sdp_allowed",
        nothing="enable_flash_sdp enable_math_sdp enable_mem_efficient_sdp enable_cudnn_sdp "
        "preferred_linalg_library preferred_blas_library allow_fp16_bf16_reduction_math_sdp",
        contexts="sdp_kernel",
        classes="SDPAParams cuBLASModule cuFFTPlanCache cuFFTPlanCacheManager",
        values={
            "matmul": SimpleNamespace(
                allow_tf32=False,
                allow_fp16_reduced_precision_reduction=False,
                allow_bf16_reduced_precision_reduction=False,
            ),
        },
    ),
    "backends.cudnn": Absent(
        GPU,
        false="is_available is_acceptable",
        nothing="version set_flags",
        contexts="flags",
        values={
            "enabled": False,
            "benchmark": False,
            "benchmark_limit": 10,
            "deterministic": False,
            "allow_tf32": False,
        },
    ),
    "backends.mha": Absent(SWITCH, false="get_fastpath_enabled", nothing="set_fastpath_enabled"),
    "backends.mkl": Absent(SWITCH, false="is_available", contexts="verbose"),
    "backends.mkldnn": Absent(
        SWITCH,
        false="is_available",
        contexts="flags verbose",
        nothing="set_flags",
        values={"enabled": False},
    ),
    "backends.mps": Absent(GPU, false="is_available is_built is_macos13_or_newer"),
    "backends.nnpack": Absent(SWITCH, false="is_available", contexts="flags"),
    "backends.openmp": Absent(SWITCH, false="is_available"),
    "backends.opt_einsum": Absent(
        SWITCH, false="is_available", values={"enabled": False, "strategy": None}
    ),
    "backends.quantized": Absent(SWITCH, values={"engine": "none", "supported_engines": ["none"]}),
    "backends.xnnpack": Absent(SWITCH, values={"enabled": False}),
    "cpu": Absent(
        "there is one CPU here and no streams",
        true="is_available is_initialized",
        nothing="synchronize set_device",
        empty="get_capabilities",
        contexts="stream StreamContext",
        classes="Stream Event",
        raises="current_stream",
        real={"current_device": "compat.modules:cpu_name", "device_count": "compat.modules:one"},
    ),
    "cpu.amp": Absent(SWITCH, real={"autocast": "amp:CPUAutocast", "GradScaler": "amp:GradScaler"}),
    "cuda": Absent(
        GPU,
        false="is_available is_initialized is_bf16_supported is_tf32_supported "
        "is_current_stream_capturing",
        zero=f"device_count {GPU_MEMORY} memory_cached max_memory_cached",
        nothing="manual_seed manual_seed_all seed seed_all empty_cache set_rng_state_all "
        "reset_peak_memory_stats reset_max_memory_allocated reset_max_memory_cached "
        "reset_accumulated_memory_stats reset_peak_host_memory_stats",
        empty="get_arch_list get_rng_state_all get_gencode_flags memory_stats "
        "memory_stats_as_nested_dict",
        raises=f"{GPU_RAISES} {CUDA_RAISES}",
        classes="BFloat16Tensor BoolTensor ByteTensor CharTensor DoubleTensor FloatTensor "
        "HalfTensor IntTensor LongTensor ShortTensor CUDAGraph CUDAPluggableAllocator Event "
        "ExternalStream MemPool Stream",
        exceptions="AcceleratorError CudaError DeferredCudaCallError OutOfMemoryError",
        contexts="StreamContext device device_of graph stream",
        values={"default_generators": (), "has_half": True, "has_magma": False},
    ),
    "cuda.amp": Absent(
        GPU,
        real={
            "GradScaler": "amp:CUDAGradScaler",
            "autocast": "amp:CUDAAutocast",
            "custom_bwd": "amp:custom_bwd",
            "custom_fwd": "amp:custom_fwd",
        },
    ),
    "cuda.amp.autocast_mode": Absent(GPU, real={"autocast": "amp:CUDAAutocast"}),
    "cuda.amp.grad_scaler": Absent(GPU, real={"GradScaler": "amp:CUDAGradScaler"}),
    "cuda.graphs": Absent(GPU, classes="CUDAGraph", contexts="graph"),
    "cuda.memory": Absent(
        GPU, zero=GPU_MEMORY, nothing="empty_cache", empty="memory_stats", raises="memory_summary"
    ),
    "cuda.nccl": Absent(GPU, false="is_available", raises="version"),
    "cuda.nvtx": Absent(GPU, contexts="range", raises="mark range_pop range_push range_start"),
    "cuda.random": Absent(
        GPU,
        nothing="manual_seed manual_seed_all seed seed_all set_rng_state_all",
        empty="get_rng_state_all",
        raises="get_rng_state set_rng_state initial_seed",
    ),
    "cuda.streams": Absent(GPU, classes="Stream Event ExternalStream"),
    "mps": Absent(
        GPU,
        false="is_available",
        zero="device_count current_allocated_memory",
        nothing="manual_seed seed empty_cache",
        classes="Event",
        raises="synchronize get_rng_state set_rng_state driver_allocated_memory compile_shader",
    ),
    "xpu": Absent(
        GPU,
        false="is_available is_initialized is_bf16_supported is_tf32_supported",
        zero=f"device_count {GPU_MEMORY}",
        nothing="manual_seed manual_seed_all seed seed_all empty_cache reset_peak_memory_stats",
        empty="get_arch_list get_rng_state_all memory_stats",
        raises=GPU_RAISES,
        classes="Stream Event MemPool XPUGraph",
        contexts="StreamContext device device_of stream graph",
    ),
    "mtia": Absent(
        GPU,
        false="is_available is_bf16_supported is_fbcode is_initialized is_prod",
        raises="attach_out_of_memory_observer current_device current_stream default_stream "
        "device_count empty_cache get_device_capability get_device_properties "
        "get_rng_state get_rng_state_all graph_pool_handle init initial_seed manual_seed "
        "manual_seed_all max_memory_allocated memory_allocated memory_stats "
        "record_memory_history reset_peak_memory_stats seed seed_all set_device "
        "set_rng_state set_rng_state_all set_stream snapshot stream synchronize",
        classes="Event MTIAGraph Stream StreamContext device graph",
        exceptions="DeferredMtiaCallError",
    ),
    "cuda.profiler": Absent(
        GPU,
        raises="check_error cudart profile start stop",
    ),
    "cuda.sparse": Absent(
        GPU,
        classes="BFloat16Tensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor "
        "IntTensor LongTensor ShortTensor",
    ),
    "cuda.comm": Absent(
        GPU,
        raises="broadcast broadcast_coalesced gather reduce_add reduce_add_coalesced scatter",
    ),
    "cuda.jiterator": Absent(
        GPU,
    ),
}
