"""What those answer that stand behind torch.compile, fx, export, onnx, none of which is here:
``minitorch.compile`` makes programs in its own way."""

from __future__ import annotations

from .absent import Absent

__all__ = ["TABLE"]

TRITON = (
    "has_datacenter_blackwell_tma_device has_triton has_triton_experimental_host_tma "
    "has_triton_package has_triton_stable_tma_api has_triton_tensor_descriptor_host_tma "
    "has_triton_tma has_triton_tma_device"
)

TABLE: dict[str, Absent] = {
    "_dynamo": Absent(
        false="is_dynamo_disable_recursive is_inductor_supported",
        true="is_dynamo_supported",
        same="allow_in_graph assume_constant_result disallow_in_graph forbid_in_graph run",
        nothing="graph_break mark_dynamic mark_static mark_static_address maybe_mark_dynamic "
        "reset_code_caches",
        real={
            "OptimizedModule": "nn.optimized:OptimizedModule",
            **{
                name: f"compiler:{name}"
                for name in ("disable", "is_compiling", "list_backends", "reset", "set_stance")
            },
        },
    ),
    "_dynamo.config": Absent(
        values={
            "cache_size_limit": 8,
            "recompile_limit": 8,
            "accumulated_cache_size_limit": 256,
            "suppress_errors": False,
            "verbose": False,
            "disable": False,
            "capture_scalar_outputs": False,
            "capture_dynamic_output_shape_ops": False,
            "dynamic_shapes": True,
            "assume_static_by_default": True,
            "automatic_dynamic_shapes": True,
            "optimize_ddp": True,
            "inline_inbuilt_nn_modules": True,
            "allow_unspec_int_on_nn_module": False,
            "skip_fwd_side_effects_in_bwd_under_checkpoint": False,
        },
    ),
    "_dynamo.eval_frame": Absent(
        false="_is_in_optimized_module is_inductor_supported",
        true="is_dynamo_supported",
        real={"OptimizedModule": "nn.optimized:OptimizedModule"},
    ),
    "_dynamo.decorators": Absent(
        false="is_dynamo_disable_recursive",
        same="allow_in_graph assume_constant_result disable disallow_in_graph forbid_in_graph run",
        nothing="graph_break mark_dynamic mark_static mark_static_address maybe_mark_dynamic",
    ),
    "_dynamo.external_utils": Absent(real={"is_compiling": "compiler:is_compiling"}),
    "_dynamo.utils": Absent(
        false="is_compile_supported is_fake is_frozen_dataclass is_lru_cache_wrapped_function",
        real={"is_fake": "_subclasses.fake_tensor:is_fake"},
    ),
    "_dynamo._trace_wrapped_higher_order_op": Absent(contexts="TransformGetItemToIndex"),
    "_inductor.config": Absent(
        values={
            "fx_graph_cache": False,
            "conv_1x1_as_mm": False,
            "coordinate_descent_tuning": False,
            "coordinate_descent_check_all_directions": False,
            "epilogue_fusion": True,
            "force_fuse_int_mm_with_mul": False,
            "max_autotune": False,
            "freezing": False,
        },
    ),
    "_functorch.apis": Absent(
        real={name: f"func:{name}" for name in ("grad", "grad_and_value", "vmap")},
        at={"func.vmap_forms": "chunk_vmap"},
    ),
    "_functorch.vmap": Absent(at={"func.vmap_forms": "restore_vmap"}),
    "_functorch.eager_transforms": Absent(
        real={
            **{
                name: f"func:{name}"
                for name in (
                    "functionalize",
                    "hessian",
                    "jacfwd",
                    "jacrev",
                    "jvp",
                    "vjp",
                )
            },
            "_slice_argnums": "func.arguments:slice_argnums",
        }
    ),
    "_functorch.functional_call": Absent(
        real={name: f"func:{name}" for name in ("functional_call", "stack_module_state")}
    ),
    "_vmap_internals": Absent(real={"_vmap": "func.batching:old_vmap", "vmap": "func:vmap"}),
    "_functorch.config": Absent(values={"donated_buffer": False, "activation_memory_budget": 1.0}),
    "_subclasses.fake_tensor": Absent(false="is_fake"),
    "_utils_internal": Absent(true="justknobs_check", nothing="log_compilation_event"),
    "compiler.config": Absent(values={"cache_key_tag": "", "job_id": None, "dynamic_sources": ""}),
    "export": Absent(nothing="register_dataclass"),
    "fx": Absent(false="has_side_effect", same="wrap"),
    "fx.experimental.symbolic_shapes": Absent(
        false="has_free_symbols has_free_unbacked_symbols has_symbolic_sizes_strides is_symbolic "
        "is_nested_int is_symbol_binding_fx_node is_accessor_node",
        real={
            "guard_or_false": "builtins:bool",
            "guard_or_true": "builtins:bool",
            "guard_size_oblivious": "builtins:bool",
            "guard_bool": "builtins:bool",
            "guard_int": "builtins:int",
            "guard_float": "builtins:float",
            "statically_known_true": "builtins:bool",
            "expect_true": "builtins:bool",
        },
    ),
    "fx._symbolic_trace": Absent(
        false="is_fx_symbolic_tracing is_fx_tracing",
        same="wrap",
    ),
    "fx.traceback": Absent(false="has_preserved_node_meta", contexts="annotate preserve_node_meta"),
    "jit": Absent(
        false="is_scripting is_tracing onednn_fusion_enabled",
        same="_overload _overload_method _script_if_tracing script trace script_method export "
        "ignore unused interface script_if_tracing freeze optimize_for_inference",
        contexts="fuser strict_fusion optimized_execution",
        nothing="enable_onednn_fusion set_fusion_strategy",
        real={
            "Final": "compat.modules:Final",
            "annotate": "compat.modules:annotate",
            "isinstance": "builtins:isinstance",
        },
    ),
    "jit.annotations": Absent(
        values={f"BroadcastingList{n}": list for n in (1, 2, 3)},
        at={"typing": "Any Dict List Optional Tuple Union"},
    ),
    "jit._script": Absent(same="script"),
    "onnx": Absent(
        false="is_in_onnx_export",
        nothing="register_custom_op_symbolic unregister_custom_op_symbolic",
    ),
    "onnx.symbolic_helper": Absent(same="parse_args quantized_args"),
    "package": Absent(false="is_from_package"),
    "utils.cpp_extension": Absent(false="is_ninja_available"),
    "utils._triton": Absent(false=TRITON),
}
