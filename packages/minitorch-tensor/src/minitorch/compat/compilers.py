"""Compilers, graphs and exporters: what stands behind torch.compile, fx, export, onnx."""

from __future__ import annotations

from .absent import Absent

__all__ = ["TABLE"]

COMPILERS = "there is no compiler's graph here: Python runs the operations, one by one"
SCRIPT = "MiniTorch has no TorchScript: Python runs the program; save and load state dicts"

TABLE: dict[str, Absent] = {
    "_dynamo": Absent(
        COMPILERS,
        false="is_compiling is_dynamo_disable_recursive is_dynamo_supported is_inductor_supported",
        raises="allow_c_slot disable_nested_graph_breaks dont_skip_tracing error_on_graph_break "
        "explain export get_recursion_limit list_backends lookup_backend nonstrict_trace "
        "on_compile_end on_compile_start optimize optimize_assert override_cudagraphs "
        "override_optimization_hint patch_dynamo_config register_backend "
        "register_hook_for_recompile_user_context replay reset_code reset_code_state "
        "reset_frame_count reset_recompile_user_contexts set_recursion_limit skip_frame "
        "step_unsupported substitute_in_graph",
        classes="GenerationTracker OptimizedModule TensorifyState set_stance",
        same="allow_in_graph assume_constant_result disable disallow_in_graph forbid_in_graph run",
        nothing="graph_break mark_dynamic mark_static mark_static_address maybe_mark_dynamic "
        "reset reset_code_caches",
    ),
    "_dynamo.eval_frame": Absent(
        COMPILERS,
        false="_is_in_optimized_module _is_skip_guard_eval_unsafe_stance is_dynamo_supported "
        "is_inductor_supported",
        raises="_callback_from_stance _create_delayed_compile_callback _create_wrapped_callback "
        "_debug_get_cache_entry_list _get_cache_entries_for_region "
        "_get_or_add_example_inputs _get_total_cache_entry_count _log_traced_frames "
        "_optimize _optimize_assert _optimize_catch_errors _reset_guarded_backend_cache "
        "_set_in_optimized_module _set_stance add_skip_reason always_false "
        "argument_names check_for_incompatible_configs check_if_dynamo_supported "
        "check_if_inductor_supported check_signature_rewritable check_user_input_output "
        "clear_dynamo_tls compile_times explain export get_compiler_fn "
        "get_example_inputs get_skip_reasons guard_collectives_hook innermost_backend "
        "innermost_fn install_generation_tagging_init lookup_backend "
        "make_set_enable_dynamic nothing optimize optimize_assert remove_from_cache "
        "reset_skip_reasons rewrite_signature set_enable_dynamic skip_code",
        classes="ConvertFrameReturn DisableContext DynamoStance DynamoTLS ExportResult "
        "FlattenInputOutputSignature Hooks OptimizeContext OptimizedModule "
        "RunOnlyContext TorchPatcher Unset UserErrorType _NullDecorator "
        "_TorchDynamoContext",
        exceptions="CondOpArgsMismatchError ShortenTraceback UncapturedHigherOrderOpError "
        "Unsupported UserError",
    ),
    "_dynamo.config": Absent(
        COMPILERS,
        raises="default_debug_dir_root",
    ),
    "_dynamo.backends": Absent(
        COMPILERS,
    ),
    "_dynamo.backends.registry": Absent(
        COMPILERS,
        false="_is_registered_backend",
        raises="_discover_entrypoint_backends _lazy_import get_default_backend list_backends "
        "lookup_backend register_backend set_default_backend",
        classes="CompiledFn",
    ),
    "_dynamo.exc": Absent(
        COMPILERS,
        raises="_extract_stack_with_positions _load_gb_type_to_gb_id_map "
        "_reconstruct_torch_dynamo_exception _safe_exception_args _safe_exception_state "
        "_safe_inner_exception augment_exc_message augment_exc_message_with_hop_name "
        "collapse_resume_frames exportdb_error_message filter_stack format_error_msg "
        "format_error_msg_verbose format_frame_info format_graph_break_message "
        "format_skip_frame_message get_dynamo_observed_exception get_exc_message "
        "get_gbid_documentation_link get_real_stack get_stack_above_dynamo "
        "handle_observed_exception raise_observed_exception raise_type_error "
        "raise_value_error remove_resume_prefix unimplemented unimplemented_with_warning",
        classes="KeyErrorMsg UserErrorType",
        exceptions="AutogradGradRestartAnalysis BackendCompilerFailed "
        "CompileCollectiveRestartAnalysis CondOpArgsMismatchError "
        "FailOnRecompileLimitHit InfiniteGeneratorError InternalTorchDynamoError "
        "InvalidBackend ObservedAttributeError ObservedException ObservedGeneratorExit "
        "ObservedIndexError ObservedKeyError ObservedLookupError "
        "ObservedNotImplementedError ObservedRuntimeError ObservedTypeError "
        "ObservedUserStopIteration PackageError RecompileError "
        "RequiresGradRestartAnalysis ResetRequired RestartAnalysis "
        "ResumePrologueTracingError ShortenTraceback SkipFrame "
        "SpeculationRestartAnalysis StepUnsupported TensorifyScalarRestartAnalysis "
        "TorchDynamoException TorchRuntimeError UncapturedHigherOrderOpError "
        "UnknownPropertiesDuringBackwardTrace UnsafeScriptObjectError "
        "UnspecializeRestartAnalysis Unsupported UserError _SerializedException",
    ),
    "_dynamo._trace_wrapped_higher_order_op": Absent(
        COMPILERS,
        raises="_assert_meta _trace_wrapped_functionalized _trace_wrapped_op_dense "
        "autograd_function_backward_rewritten inner_fake inner_trace mod_index "
        "trace_wrapped",
        classes="ModIndex TraceWrapped TransformGetItemToIndex",
    ),
    "_dynamo.external_utils": Absent(
        COMPILERS,
        false="is_compiling",
        raises="call_accumulate_grad call_backward call_hook call_hook_from_backward_state "
        "call_module_hooks_from_backward_state filter_out_const_values "
        "get_nonrecursive_disable_wrapper insert_const_values_with_mask "
        "normalize_as_list untyped_storage_size unwrap_maybe_dynamic_int "
        "wrap_dunder_call_ctx_manager wrap_inline wrap_inline_with_error_on_graph_break "
        "wrap_numpy",
        classes="FakeBackwardCFunction FakeCompiledAutogradEngine",
    ),
    "_dynamo.decorators": Absent(
        COMPILERS,
        false="is_dynamo_disable_recursive is_function is_lru_cache_wrapped_function",
        raises="_allow_in_graph_einops _allow_lru_cache_trace_without_warning_for_einops "
        "_apply_func_to_inner_tensors_of_same_dim _check_mutually_exclusive_decorators "
        "_disallow_in_graph_helper _einops_supports_dynamo_tracing "
        "_invoke_leaf_function_python _patch_dynamo_config_check "
        "_patch_einops_symint_compat allow_c_slot allow_in_graph "
        "allow_lru_cache_wrapper_trace_without_warning assume_constant_result comptime "
        "disable disable_nested_graph_breaks disallow_in_graph dont_skip_tracing "
        "error_on_graph_break forbid_in_graph get_nonrecursive_disable_wrapper "
        "graph_break innermost_fn leaf_function mark_dynamic mark_static "
        "mark_static_address mark_unbacked maybe_mark_dynamic nonstrict_trace "
        "override_cudagraphs override_optimization_hint patch_dynamo_config run skip "
        "skip_code skip_frame step_unsupported substitute_in_graph "
        "wrap_dunder_call_ctx_manager",
        classes="CudagraphOverrideContextManager DisableContext DynamoConfigPatchProxy "
        "DynamoStance ErrorOnGraphBreakDecoratorContextManager RunOnlyContext _DimRange "
        "set_stance",
    ),
    "_inductor": Absent(
        COMPILERS,
        raises="_aoti_compile_and_package_inner aot_compile aoti_compile_and_package "
        "aoti_load_package compile cudagraph_mark_step_begin list_mode_options "
        "list_options standalone_compile",
        classes="CompiledArtifact _CudagraphAnnotation",
    ),
    "_inductor.config": Absent(
        COMPILERS,
        raises="_autotune_num_choices_displayed_default _get_debug_graph_format "
        "_nvgemm_max_profiling_configs_default _parse_autoheuristic_collect_env "
        "_parse_autoheuristic_use_env autotune_at_compile_time_default "
        "autotune_remote_cache_default bundle_triton_into_fx_graph_cache_default "
        "bundled_autotune_remote_cache_default collect_autoheuristic "
        "decide_compile_threads decide_worker_start_method fx_graph_remote_cache_default "
        "get_worker_log_path parallel_compile_enabled_internally prologue_fusion_enabled "
        "run_autoheuristic static_cuda_launcher_default use_autoheuristic "
        "vec_isa_ok_default",
    ),
    "_functorch": Absent(
        COMPILERS,
    ),
    "_functorch.config": Absent(
        COMPILERS,
        raises="remote_autograd_cache_default",
    ),
    "_functorch.eager_transforms": Absent(
        COMPILERS,
        false="_is_differentiable",
        raises="_any_differentiable _as_tuple _autograd_grad _check_unique_non_empty "
        "_chunked_standard_basis_for_ _construct_standard_basis_for "
        "_create_differentiable _disable_inference_mode _jvp_with_argnums "
        "_maybe_unwrap_functional_tensor _maybe_wrap_functional_tensor _replace_args "
        "_safe_zero_index _set_tensor_requires_grad _slice_argnums "
        "_undo_create_differentiable _unwrap_all_tensors_from_functional "
        "_validate_and_wrap_argnum _validate_and_wrap_argnums _vjp_with_argnums "
        "_wrap_all_tensors _wrap_all_tensors_to_functional _wrap_tensor_for_grad "
        "assert_flat_tuple_of_tensors assert_non_empty_list_of_tensors "
        "assert_non_empty_tensor_output assert_output_is_tensor_or_tensors "
        "doesnt_support_saved_tensors_hooks enable_inplace_requires_grad "
        "enter_jvp_nesting error_if_complex exit_jvp_nesting get_chunk_sizes "
        "grad_and_value_impl grad_impl grad_increment_nesting jvp_increment_nesting "
        "lazy_dynamo_disallow safe_unflatten safe_unpack_dual",
    ),
    "_functorch.vmap": Absent(
        COMPILERS,
        raises="_as_tuple _check_int_or_none _check_out_dims_is_int_or_int_pytree "
        "_check_randomness_arg _chunked_vmap _concat_chunked_outputs "
        "_create_batched_inputs _flat_vmap _flatten_chunks_output _get_chunked_inputs "
        "_get_name _maybe_remove_batch_dim _num_outputs _process_batched_inputs "
        "_unwrap_batched _validate_and_get_batch_size doesnt_support_saved_tensors_hooks "
        "get_chunk_sizes lazy_load_decompositions restore_vmap unwrap_batched vmap_impl "
        "vmap_increment_nesting wrap_batched",
    ),
    "_functorch.apis": Absent(
        COMPILERS,
        raises="_wraps_without_dynamo_attrs chunk_vmap vmap_impl",
    ),
    "_functorch.functional_call": Absent(
        COMPILERS,
        raises="construct_stacked_leaf",
    ),
    "_subclasses": Absent(
        COMPILERS,
        classes="CrossRefFakeMode FakeTensor FakeTensorMode",
        exceptions="DynamicOutputShapeException UnsupportedFakeTensorException",
    ),
    "_subclasses.fake_tensor": Absent(
        COMPILERS,
        false="_is_indexed_device_type _is_plain_tensor has_meta is_fake is_sparse_any "
        "is_sparse_compressed",
        raises="_check_for_subclass _check_for_subclass_arg _device_handler "
        "_infer_fake_from_real_tensor _set_cache_key _set_cache_key_for_shape_env "
        "_validate_symbolic_output_for_caching assert_eq assert_metadata_eq "
        "contains_tensor_types disable_fake_tensor_cache dump_cache_stats "
        "evict_fake_tensor_cache_key extract_tensor_metadata get_fast_op_impls "
        "get_plain_tensors get_schema_info in_kernel_invocation_manager "
        "inferred_fake_kernel_from_real_out init_gpu_context maybe_get_fake_mode "
        "ordered_set run_fallback_kernel should_allow_numbers_as_tensors "
        "stride_incorrect_op torch_decomp_decompositions tree_flatten_only "
        "unset_fake_temporarily",
        classes="DispatchCacheInfo FakeCopyMode FakeTensor FakeTensorConfig FakeTensorConverter "
        "FakeTensorMode FakeTensorTLS IncrementRecursionCount MetaConverter "
        "SingletonConstant SymNumberMemoDescriptor TensorMetadata "
        "_DispatchCacheBypassEntry _DispatchCacheEntryOutputInfo _DispatchCacheKey "
        "_DispatchCacheValidEntry _FakeTensorConstructorIgnoredState",
        exceptions="DataDependentOutputException DynamicOutputShapeException "
        "FakeTensorDeviceMismatchError MetadataMismatchError "
        "UnsupportedFakeTensorException UnsupportedMutationAliasingException "
        "UnsupportedOperatorException _BypassDispatchCache",
    ),
    "_subclasses.functional_tensor": Absent(
        COMPILERS,
        false="_has_unrecognized_tensor_types is_sparse_any",
        raises="_assert_functionalize_not_active _can_decompose_fast "
        "_conversion_method_template disable_functional_mode dispatch_functionalize "
        "mb_unwrap_functional_tensor",
        classes="BaseFunctionalizeAPI CppFunctionalizeAPI FunctionalTensor FunctionalTensorMode "
        "FunctorchFunctionalizeAPI PythonFunctionalizeAPI",
    ),
    "_guards": Absent(
        COMPILERS,
        raises="active_fake_mode compile_context dataclass_with_cached_hash detect_fake_mode "
        "tracing",
        classes="ChainedSource Checkpointable CompileContext CompileId DuplicateInputs "
        "GlobalContext GlobalContextCheckpointState Guard GuardBuilderBase GuardEnvExpr "
        "GuardSource GuardsCheckpointState GuardsContext GuardsSet HopDispatchSetCache "
        "HopSubgraphCache InlinedCodeCache InvokeSubgraphCache "
        "InvokeSubgraphReuseCondition InvokeSubgraphReuseEntry ModuleContext "
        "ModuleContextCheckpointState SLoc ShapeGuard Source StorageOverlap TraceId "
        "TracingContext",
    ),
    "_higher_order_ops": Absent(
        COMPILERS,
        raises="aoti_call_delegate associative_scan auto_functionalized auto_functionalized_v2 "
        "call_torchbind cond dynamo_bypassing_wrapper executorch_call_delegate "
        "flat_apply flex_attention flex_attention_backward foreach_map hints_wrapper "
        "inductor_compiled_code inline_asm_elementwise invoke_leaf_function invoke_quant "
        "invoke_quant_packed invoke_subgraph local_map_hop map out_dtype print "
        "run_const_graph scan strict_mode tag_activation_checkpoint while_loop "
        "while_loop_stack_output with_effects wrap_activation_checkpoint "
        "wrap_with_autocast wrap_with_set_grad_enabled",
        classes="BaseHOP InvokeQuant",
    ),
    "_higher_order_ops.associative_scan": Absent(
        COMPILERS,
        raises="_fake_associative_scan _interleave associative_scan associative_scan_autograd "
        "associative_scan_functionalize associative_scan_op_dense "
        "associative_scan_proxy_mode assoiciative_scan_fake_tensor_mode "
        "check_input_alias_and_mutation_return_outputs check_meta_consistency "
        "create_bw_fn first_slice_copy first_slice_copy_with_grad "
        "generic_associative_scan materialize_as_graph reenter_make_fx register_fake "
        "safe_map save_values_for_backward saved_values split_into_chunks "
        "trace_associative_scan unique_graph_id validate_subgraph_args_types "
        "wrap_combine_fn_flat",
        classes="AssociativeScanAutogradOp AssociativeScanOp",
    ),
    "_logging": Absent(
        COMPILERS,
        raises="dtrace_structured getArtifactLogger get_structured_logging_overhead "
        "hide_warnings set_logs trace_structured warning_once",
        classes="LazyString",
    ),
    "_library": Absent(
        COMPILERS,
        raises="capture_triton register_fake_class triton_op wrap_triton",
    ),
    "_library.fake_class_registry": Absent(
        COMPILERS,
        false="_is_script_object has_fake_class",
        raises="_check_valid_flat_script_obj _fake_obj_from_real "
        "_find_fake_class_for_script_object _full_qual_class_name _ns_and_class_name "
        "deregister_fake_class find_fake_class maybe_to_fake_obj "
        "maybe_unwrap_fake_script_object parse_namespace register_fake_class "
        "tracing_with_real",
        classes="FakeClassRegistry FakeScriptMethod FakeScriptObject HasStaticMethodFromReal",
    ),
    "_library.custom_ops": Absent(
        COMPILERS,
        raises="_cast _maybe_get_opdef _normalize_tags _with_pt2_compliant_tag "
        "get_library_allowing_overwrite increment_version",
        classes="CustomOpDef EffectType",
    ),
    "export": Absent(
        COMPILERS,
        raises="default_decompositions dims draft_export export load register_dataclass save "
        "unflatten",
        classes="AdditionalInputs CustomDecompTable Dim ExportBackwardSignature "
        "ExportGraphSignature ExportedProgram FlatArgsAdapter ModuleCallEntry "
        "ModuleCallSignature PassResult ShapesCollection UnflattenedModule",
    ),
    "export.decomp_utils": Absent(
        COMPILERS,
        classes="CustomDecompTable",
    ),
    "export._trace": Absent(
        COMPILERS,
        false="_is_bogus_const_name",
        raises="_aot_export_joint_with_descriptors _convert_to_positional_args "
        "_disable_custom_triton_op_functional_decomposition _export _export_for_training "
        "_export_to_aten_ir _export_to_aten_ir_make_fx _export_to_torch_ir "
        "_extract_fake_inputs _find_node _fixup_key _get_forward_arg_names "
        "_get_inline_constraints _get_module_call_graph _get_module_hierarchy "
        "_get_non_persistent_buffers _get_original_state_dict _get_param_buffer_mapping "
        "_get_range_constraints _ignore_backend_decomps _log_export_wrapper "
        "_make_module_call_graph _move_non_persistent_buffers_to_tensor_constants "
        "_non_strict_export _normalize_nn_module_stack _preserve_requires_grad_pass "
        "_process_export_inputs _process_jit_trace_inputs_for_export "
        "_produce_aten_artifact _remap_constants _rename_constants_nodes "
        "_replace_param_buffer_names _replace_unbacked_bindings _restore_state_dict "
        "_rewrite_dynamo_tensor_constants _rewrite_tracepoint_node _strict_export "
        "_strip_root _temp_disable_texpr_fuser _verify_nn_module_stack "
        "_verify_placeholder_names _verify_stack_trace "
        "custom_triton_ops_decomposition_disabled detect_shape_env "
        "find_legit_leaks_from_referrers get_ep_stats patch_forward "
        "set_missing_meta_vals",
        classes="ATenExportArtifact ExportArtifact ExportDynamoConfig ExportGraphSignature "
        "ExportedProgram InputKind ModuleCallEntry ModuleCallSignature OutputKind "
        "_ExportModuleSpecTrackerDict",
    ),
    "export.dynamic_shapes": Absent(
        COMPILERS,
        raises="dims refine_dynamic_shapes_from_suggested_fixes",
        classes="AdditionalInputs Dim ExportedProgram ShapesCollection",
    ),
    "export.exported_program": Absent(
        COMPILERS,
        false="is_equivalent",
        raises="default_decompositions reorder_kwargs",
        classes="ConstantArgument CustomDecompTable CustomObjArgument ExportGraphSignature "
        "ExportedProgram InputKind InputSpec ModuleCallEntry ModuleCallSignature "
        "OutputKind OutputSpec SymBoolArgument SymFloatArgument SymIntArgument "
        "TensorArgument TokenArgument",
    ),
    "export.graph_signature": Absent(
        COMPILERS,
        classes="ConstantArgument CustomObjArgument ExportBackwardSignature ExportGraphSignature "
        "InputKind InputSpec OutputKind OutputSpec SymBoolArgument SymFloatArgument "
        "SymIntArgument TensorArgument TokenArgument",
    ),
    "export.unflatten": Absent(
        COMPILERS,
        raises="reorder_kwargs unflatten",
        classes="ConstantArgument ExportGraphSignature ExportedProgram FlatArgsAdapter InputKind "
        "InterpreterModule InterpreterModuleDispatcher ModuleCallSignature "
        "SymBoolArgument SymFloatArgument SymIntArgument TensorArgument "
        "UnflattenedModule",
    ),
    "fx": Absent(
        COMPILERS,
        false="has_side_effect",
        raises="map_arg replace_pattern symbolic_trace",
        classes="CodeGen Graph GraphModule Interpreter Node Proxy ProxyableClassMeta Tracer "
        "Transformer",
        same="wrap",
    ),
    "fx.config": Absent(
        COMPILERS,
    ),
    "fx.experimental": Absent(
        COMPILERS,
    ),
    "fx.experimental._config": Absent(
        COMPILERS,
        classes="AggressiveGuardFreeMode",
    ),
    "fx.experimental.proxy_tensor": Absent(
        COMPILERS,
        false="has_proxy_slot is_sym_node",
        raises="decompose disable_autocast_cache disable_proxy_modes_tracing dispatch_trace "
        "extract_val fake_signature fetch_object_proxy fetch_sym_proxy "
        "get_innermost_proxy_mode get_isolated_graphmodule get_proxy_mode get_proxy_slot "
        "get_torch_dispatch_modes handle_sym_dispatch make_fx maybe_disable_thunkify "
        "maybe_enable_thunkify maybe_handle_decomp proxy_call selective_decompose "
        "set_meta set_original_aten_op set_proxy_slot snapshot_fake thunkify "
        "track_tensor track_tensor_tree wrap_key wrapper_and_args_for_make_fx",
        classes="BackwardState DecompositionInterpreter GraphModule PreDispatchTorchFunctionMode "
        "Proxy ProxyTorchDispatchMode PythonKeyTracer SymNode TorchFunctionMetadataMode "
        "Tracer",
    ),
    "fx.experimental.symbolic_shapes": Absent(
        COMPILERS,
        false="has_free_symbols has_free_unbacked_symbols has_guarding_hint has_static_value "
        "has_symbolic_sizes_strides is_accessor_node is_concrete_bool is_concrete_float "
        "is_concrete_int is_nested_int is_symbol_binding_fx_node is_symbolic",
        raises="bind_symbols canonicalize_bool_expr cast_symbool_to_symint_guardless "
        "check_consistent compute_unbacked_bindings constrain_range constrain_unify "
        "create_contiguous error eval_guards eval_is_non_overlapping_and_dense "
        "expect_true find_symbol_binding_fx_nodes free_symbols free_unbacked_symbols "
        "fx_placeholder_targets fx_placeholder_vals guard_bool guard_float guard_int "
        "guard_or_false guard_or_true guard_scalar guard_size_oblivious "
        "guarding_hint_or_throw log_lru_cache_stats lru_cache optimization_hint "
        "rebind_unbacked record_shapeenv_event replay_shape_env_events "
        "resolve_unbacked_bindings safe_expand shape_env_check_state_equal "
        "statically_known_false statically_known_true sym_and sym_eq sym_or "
        "uninteresting_files",
        classes="AggressiveGuardFreeMode CallMethodKey Constraint ConvertIntKey DimConstraints "
        "DimDynamic DivideByKey DynamicDimConstraintPrinter EqualityConstraint "
        "FakeTensorMeta InnerTensorKey LoggingShapeGuardPrinter PropagateUnbackedSymInts "
        "RelaxedUnspecConstraint RuntimeAssert ShapeEnv ShapeEnvEvent ShapeEnvSettings "
        "ShapeGuardPrinter ShapeGuardPythonPrinter Specialization "
        "StatefulSymbolicContext StatelessSymbolicContext StrictMinMaxConstraint "
        "SubclassSymbolicContext SymExprPrinter SymIntEqByExpr SymIntSymbolicContext "
        "SymNode SymbolicContext TrackedFake ValueRangesSLoc",
        exceptions="ConstraintViolationError GuardOnDataDependentSymNode "
        "PendingUnbackedSymbolNotFound",
    ),
    "fx.experimental.sym_node": Absent(
        COMPILERS,
        false="is_channels_last_contiguous_2d is_channels_last_contiguous_3d "
        "is_channels_last_strides_2d is_channels_last_strides_3d is_contiguous "
        "is_non_overlapping_and_dense_indicator",
        raises="method_to_operator sympy_is_channels_last_contiguous_2d "
        "sympy_is_channels_last_contiguous_3d sympy_is_channels_last_strides_2d "
        "sympy_is_channels_last_strides_3d sympy_is_channels_last_strides_generic "
        "sympy_is_contiguous sympy_is_contiguous_generic to_node wrap_node",
        classes="DynamicInt SymNode",
    ),
    "fx.experimental.optimization": Absent(
        COMPILERS,
        raises="extract_subgraph fuse gen_mkl_autotuner matches_module_pattern "
        "modules_to_mkldnn optimize_for_inference remove_dropout replace_node_module "
        "reset_modules use_mkl_length",
        classes="MklSubgraph ShapeProp UnionFind",
    ),
    "fx.graph": Absent(
        COMPILERS,
        raises="compatibility",
        classes="CodeGen Graph Node PythonCode TensorType immutable_dict",
    ),
    "fx.graph_module": Absent(
        COMPILERS,
        raises="compatibility reduce_graph_module reduce_package_graph_module",
        classes="Graph GraphModule PythonCode",
    ),
    "fx.immutable_collections": Absent(
        COMPILERS,
        raises="compatibility",
        classes="immutable_dict immutable_list",
    ),
    "fx.interpreter": Absent(
        COMPILERS,
        raises="compatibility map_aggregate map_arg",
        classes="Graph GraphModule Interpreter Node Proxy Tracer Transformer",
    ),
    "fx.node": Absent(
        COMPILERS,
        false="has_side_effect",
        raises="compatibility map_aggregate map_arg normalize_function normalize_module",
        classes="ArgsKwargsPair Node",
    ),
    "fx.operator_schemas": Absent(
        COMPILERS,
        raises="check_for_mutable_operation compatibility create_type_hint "
        "get_signature_for_torch_op normalize_function normalize_module type_matches",
        classes="ArgsKwargsPair",
    ),
    "fx.passes": Absent(
        COMPILERS,
    ),
    "fx.passes.infra": Absent(
        COMPILERS,
    ),
    "fx.passes.infra.pass_base": Absent(
        COMPILERS,
        raises="compatibility",
        classes="GraphModule PassBase PassResult",
    ),
    "fx.passes.shape_prop": Absent(
        COMPILERS,
        raises="compatibility map_aggregate",
        classes="Node ShapeProp TensorMetadata",
    ),
    "fx.passes.split_module": Absent(
        COMPILERS,
        raises="compatibility lazy_format_graph_code split_module split_module_simple",
        classes="GraphModule Node Partition",
    ),
    "fx.proxy": Absent(
        COMPILERS,
        raises="assert_fn check_for_mutable_operation compatibility",
        classes="Attribute Graph GraphAppendingTracer MetaProxy Node ParameterProxy Proxy Scope "
        "ScopeContextManager TracerBase immutable_dict immutable_list",
        exceptions="TraceError",
    ),
    "fx.subgraph_rewriter": Absent(
        COMPILERS,
        raises="compatibility replace_pattern replace_pattern_with_filters symbolic_trace",
        classes="Graph GraphModule Match Node ReplacedPatterns",
    ),
    "fx.traceback": Absent(
        COMPILERS,
        false="has_preserved_node_meta",
        raises="annotate annotate_fn compatibility format_stack get_current_meta "
        "get_current_replay_node get_graph_provenance_json preserve_node_meta "
        "reset_grad_fn_seq_nr set_current_meta set_current_replay_node "
        "set_grad_fn_seq_nr set_stack_trace",
        classes="Graph GraphModule Node NodeSource NodeSourceAction",
    ),
    "fx._compatibility": Absent(
        COMPILERS,
        raises="compatibility",
    ),
    "fx._pytree": Absent(
        COMPILERS,
        raises="_deregister_pytree_flatten_spec _dict_flatten_spec "
        "_dict_flatten_spec_exact_match _list_flatten_spec "
        "_list_flatten_spec_exact_match _namedtuple_flatten_spec "
        "_namedtuple_flatten_spec_exact_match _tuple_flatten_spec "
        "_tuple_flatten_spec_exact_match register_pytree_flatten_spec tree_flatten_spec",
    ),
    "fx._symbolic_trace": Absent(
        COMPILERS,
        false="is_fx_symbolic_tracing is_fx_tracing is_fx_tracing_warning",
        raises="_assert_is_none _autowrap_check _create_wrapped_func _create_wrapped_method "
        "_find_proxy _maybe_revert_all_patches _new_patcher _patch_function "
        "_patch_wrapped_functions _transfer_attrs compatibility map_aggregate "
        "symbolic_trace wrap",
        classes="Graph GraphModule PHBase PHWithMeta ParameterProxy Proxy ProxyableClassMeta "
        "Scope ScopeContextManager Tracer TracerBase _PatchedFn _PatchedFnDel "
        "_PatchedFnSetAttr _PatchedFnSetItem _Patcher",
    ),
    "onnx": Absent(
        COMPILERS,
        false="is_in_onnx_export",
        raises="export register_custom_op_symbolic select_model_mode_for_export "
        "unregister_custom_op_symbolic",
        classes="ExportableModule InputObserver JitScalarType ONNXProgram OperatorExportTypes "
        "TensorProtoDataType TrainingMode",
        exceptions="OnnxExporterError",
    ),
    "onnx.errors": Absent(
        COMPILERS,
        exceptions="OnnxExporterError OnnxExporterWarning SymbolicValueError "
        "UnsupportedOperatorError",
    ),
    "onnx.operators": Absent(
        COMPILERS,
    ),
    "onnx.symbolic_helper": Absent(
        COMPILERS,
        false="is_complex_value",
        raises="args_have_same_dtype check_training_mode dequantize_helper parse_args "
        "quantize_helper quantized_args requantize_bias_helper",
    ),
    "onnx.utils": Absent(
        COMPILERS,
        raises="disable_apex_o2_state_dict_hook export exporter_context model_signature "
        "register_custom_op_symbolic select_model_mode_for_export setup_onnx_logging "
        "unconvertible_ops unpack_quantized_tensor unregister_custom_op_symbolic "
        "warn_on_static_input_change",
    ),
    "onnx.ops": Absent(
        COMPILERS,
        raises="aten_decompositions attention rotary_embedding symbolic symbolic_multi_out",
    ),
    "onnx.verification": Absent(
        COMPILERS,
        raises="verify_onnx_program",
        classes="VerificationInfo",
    ),
    "package": Absent(
        COMPILERS,
        false="is_from_package",
        classes="Directory GlobGroup Importer OrderedImporter PackageExporter PackageImporter",
        exceptions="EmptyMatchError ObjMismatchError ObjNotFoundError PackagingError",
    ),
    "package.package_exporter": Absent(
        COMPILERS,
        false="is_mangled is_stdlib_module",
        raises="create_pickler demangle find_files_source_depends_on",
        classes="DiGraph GlobGroup Importer OrderedImporter PackageExporter PackagingErrorReason",
        exceptions="EmptyMatchError PackagingError",
    ),
    "package.package_importer": Absent(
        COMPILERS,
        raises="demangle",
        classes="Directory DirectoryReader Importer PackageImporter PackageMangler "
        "PackageUnpickler",
    ),
    "utils.cpp_extension": Absent(
        COMPILERS,
        false="is_ninja_available",
        raises="CUDAExtension CppExtension SyclExtension check_compiler_is_gcc "
        "check_compiler_ok_for_platform get_compiler_abi_compatibility_and_version "
        "get_cxx_compiler get_default_build_root include_paths library_paths load "
        "load_inline remove_extension_h_precompiler_headers verify_ninja_availability",
        classes="ExtensionVersioner FileBaton",
    ),
    "utils.mobile_optimizer": Absent(
        COMPILERS,
        raises="generate_mobile_module_lints optimize_for_mobile",
        classes="LintCode",
    ),
    "utils._triton": Absent(
        COMPILERS,
        false="has_datacenter_blackwell_tma_device has_triton has_triton_experimental_host_tma "
        "has_triton_package has_triton_stable_tma_api "
        "has_triton_tensor_descriptor_host_tma has_triton_tma has_triton_tma_device",
        raises="_device_supports_tma _extern_libs_key _raise_triton_cache_load_error "
        "_triton_cache_dir_for_error_message get_triton_version triton_backend "
        "triton_hash_with_backend",
    ),
    "utils._config_module": Absent(
        COMPILERS,
        raises="Config _read_env_variable get_assignments_with_compile_ignored_comments "
        "get_tristate_env inherit_fields_from install_config_module",
        classes="ConfigModule ContextDecorator SubConfigProxy _Config _ConfigEntry",
    ),
    "utils._mode_utils": Absent(
        COMPILERS,
        raises="all_same_mode",
    ),
    "jit.annotations": Absent(
        SCRIPT,
        false="is_dict is_function_or_method is_list is_optional is_tensor is_tuple is_union "
        "is_vararg",
        raises="Dict List Tuple ann_to_type check_fn get_enum_value_type get_param_names "
        "get_signature get_type_line parse_type_line split_type_line try_ann_to_type "
        "try_real_annotations",
        classes="AnyType ComplexType DictType EvalEnv FloatType Future IntType ListType Module "
        "StringType TensorType TupleType",
    ),
    "jit.frontend": Absent(
        SCRIPT,
        false="is_reserved_name is_torch_jit_ignore_context_manager",
        raises="build_class_def build_def build_expr build_ignore_context_manager build_param "
        "build_param_list build_stmt build_stmts build_withitem build_withitems "
        "find_before get_class_assigns get_class_properties get_default_args "
        "get_default_args_for_class get_jit_class_def get_jit_def get_qualified_name",
        classes="Builder ExprBuilder StmtBuilder WithItemBuilder",
        exceptions="FrontendError FrontendTypeError NotSupportedError UnsupportedNodeError",
    ),
    "jit.mobile": Absent(
        SCRIPT,
        raises="validate_map_location",
        classes="LiteScriptModule",
    ),
    "jit.quantized": Absent(
        SCRIPT,
        raises="quantize_linear_modules quantize_rnn_cell_modules quantize_rnn_modules",
        classes="QuantizedGRU QuantizedGRUCell QuantizedLSTM QuantizedLSTMCell QuantizedLinear "
        "QuantizedLinearFP16 QuantizedRNNBase QuantizedRNNCell QuantizedRNNCellBase",
    ),
    "jit": Absent(
        SCRIPT,
        false="is_scripting is_tracing",
        same="script trace script_method export ignore unused interface script_if_tracing freeze "
        "optimize_for_inference",
        raises="save load fork wait trace_module",
        classes="ScriptModule ScriptFunction RecursiveScriptModule TracedModule CompilationUnit "
        "TopLevelTracedModule Future Attribute",
        exceptions="Error TracerWarning ScriptWarning TracingCheckError",
        contexts="fuser strict_fusion optimized_execution",
        real={
            "Final": "compat.modules:Final",
            "annotate": "compat.modules:annotate",
            "isinstance": "builtins:isinstance",
        },
    ),
}
