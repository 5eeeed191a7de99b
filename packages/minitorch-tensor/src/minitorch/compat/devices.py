"""Devices and the libraries behind them: what a machine with a CPU alone answers."""

from __future__ import annotations

from types import SimpleNamespace

from .absent import Absent

__all__ = ["TABLE"]

GPU_MEMORY = "memory_allocated max_memory_allocated memory_reserved max_memory_reserved"

TABLE: dict[str, Absent] = {
    "accelerator": Absent(
        false="is_available",
        zero=f"device_count {GPU_MEMORY}",
        nothing="current_accelerator empty_cache reset_peak_memory_stats synchronize "
        "reset_accumulated_memory_stats",
        empty="memory_stats",
        contexts="device_index",
    ),
    "backends": Absent(values={"fp32_precision": "none"}),
    "backends.cpu": Absent(real={"get_cpu_capability": "compat.modules:cpu_capability"}),
    "backends.cuda": Absent(
        true="math_sdp_enabled",
        false="is_built is_flash_attention_available is_ck_sdpa_available flash_sdp_enabled "
        "mem_efficient_sdp_enabled cudnn_sdp_enabled can_use_flash_attention "
        "can_use_efficient_attention can_use_cudnn_attention "
        "fp16_bf16_reduction_math_sdp_allowed",
        nothing="enable_flash_sdp enable_math_sdp enable_mem_efficient_sdp enable_cudnn_sdp "
        "preferred_linalg_library preferred_blas_library allow_fp16_bf16_reduction_math_sdp",
        contexts="sdp_kernel",
        values={
            "matmul": SimpleNamespace(
                allow_tf32=False,
                allow_fp16_reduced_precision_reduction=False,
                allow_bf16_reduced_precision_reduction=False,
            ),
        },
    ),
    "backends.cudnn": Absent(
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
    "backends.mha": Absent(false="get_fastpath_enabled", nothing="set_fastpath_enabled"),
    "backends.mkl": Absent(false="is_available", contexts="verbose"),
    "backends.mkldnn": Absent(
        false="is_available",
        contexts="flags verbose",
        nothing="set_flags",
        values={"enabled": False},
    ),
    "backends.mps": Absent(false="is_available is_built is_macos13_or_newer"),
    "backends.nnpack": Absent(false="is_available", contexts="flags"),
    "backends.openmp": Absent(false="is_available"),
    "backends.opt_einsum": Absent(
        false="is_available", values={"enabled": False, "strategy": None}
    ),
    "backends.quantized": Absent(values={"engine": "none", "supported_engines": ["none"]}),
    "backends.xnnpack": Absent(values={"enabled": False}),
    "cpu": Absent(
        true="is_available is_initialized",
        nothing="synchronize set_device",
        empty="get_capabilities",
        contexts="stream StreamContext",
        real={"current_device": "compat.modules:cpu_name", "device_count": "compat.modules:one"},
    ),
    "cpu.amp": Absent(real={"autocast": "amp:CPUAutocast", "GradScaler": "amp:CPUGradScaler"}),
    "cuda": Absent(
        false="is_available is_initialized is_bf16_supported is_tf32_supported "
        "is_current_stream_capturing",
        zero=f"device_count {GPU_MEMORY} memory_cached max_memory_cached",
        nothing="manual_seed manual_seed_all seed seed_all empty_cache set_rng_state_all "
        "reset_peak_memory_stats reset_max_memory_allocated reset_max_memory_cached "
        "reset_accumulated_memory_stats reset_peak_host_memory_stats",
        empty="get_arch_list get_rng_state_all get_gencode_flags memory_stats "
        "memory_stats_as_nested_dict",
        contexts="StreamContext device device_of graph stream",
        values={"default_generators": (), "has_half": True, "has_magma": False},
    ),
    "cuda.amp": Absent(
        real={"GradScaler": "amp:CUDAGradScaler", "autocast": "amp:CUDAAutocast"},
        at={"amp": "custom_bwd custom_fwd"},
    ),
    "cuda.amp.autocast_mode": Absent(real={"autocast": "amp:CUDAAutocast"}),
    "cuda.amp.grad_scaler": Absent(real={"GradScaler": "amp:CUDAGradScaler"}),
    "cuda.graphs": Absent(at={"cuda": "CUDAGraph graph"}),
    "cuda.memory": Absent(
        zero=GPU_MEMORY,
        nothing="empty_cache reset_peak_memory_stats",
        empty="memory_stats",
    ),
    "cuda.nccl": Absent(false="is_available"),
    "cuda.nvtx": Absent(contexts="range"),
    "cuda.random": Absent(
        nothing="manual_seed manual_seed_all seed seed_all set_rng_state_all",
        empty="get_rng_state_all",
    ),
    "cuda.streams": Absent(at={"cuda": "Stream Event ExternalStream"}),
    "mps": Absent(
        false="is_available",
        zero="device_count current_allocated_memory",
        nothing="manual_seed seed empty_cache",
    ),
    "xpu": Absent(
        false="is_available is_initialized is_bf16_supported is_tf32_supported",
        zero=f"device_count {GPU_MEMORY}",
        nothing="manual_seed manual_seed_all seed seed_all empty_cache reset_peak_memory_stats",
        empty="get_arch_list get_rng_state_all memory_stats",
        contexts="StreamContext device device_of stream graph",
    ),
    "mtia": Absent(
        false="is_available is_bf16_supported is_fbcode is_initialized is_prod",
    ),
}
