"""What runs in more than one process or on more than one machine."""

from __future__ import annotations

from .absent import Absent

__all__ = ["TABLE"]

PROCESSES = "MiniTorch runs in one process: ask distributed.is_available() (False) before"

TABLE: dict[str, Absent] = {
    "distributed": Absent(
        PROCESSES,
        false="is_available is_backend_available is_gloo_available is_initialized "
        "is_mpi_available is_nccl_available is_torchelastic_launched is_ucc_available "
        "is_xccl_available",
        raises="GroupName all_gather all_gather_coalesced all_gather_into_tensor "
        "all_gather_object all_gather_single all_reduce all_reduce_coalesced all_to_all "
        "all_to_all_single barrier batch_isend_irecv breakpoint broadcast "
        "broadcast_object_list destroy_process_group gather gather_object get_backend "
        "get_backend_config get_debug_level get_default_backend_for_device "
        "get_global_rank get_group_rank get_node_local_rank get_pg_count "
        "get_process_group_ranks get_rank get_world_size init_device_mesh "
        "init_process_group irecv isend monitored_barrier new_group new_subgroups "
        "new_subgroups_by_enumeration record_comm recv recv_object_list reduce "
        "reduce_scatter reduce_scatter_single reduce_scatter_tensor "
        "register_rendezvous_handler rendezvous scatter scatter_object_list send "
        "send_object_list set_debug_level set_debug_level_from_env shrink_group "
        "split_group supports_complex",
        classes="AllToAllOptions AllreduceCoalescedOptions AllreduceOptions Backend "
        "BackendConfig BarrierOptions BroadcastOptions BuiltinCommHookType DebugLevel "
        "DeviceMesh FileStore GatherOptions GradBucket GroupMember HashStore Logger "
        "P2POp PrefixStore ProcessGroup ProcessGroupGloo ReduceOp ReduceOptions "
        "ReduceScatterOptions Reducer ScatterOptions Store TCPStore Work group",
        exceptions="DistBackendError DistError DistNetworkError DistStoreError QueueEmptyError",
    ),
    "distributed.algorithms": Absent(
        PROCESSES,
        classes="Join JoinHook Joinable",
    ),
    "distributed.algorithms.ddp_comm_hooks": Absent(
        PROCESSES,
        raises="register_ddp_comm_hook",
        classes="DDPCommHookType",
    ),
    "distributed.algorithms.ddp_comm_hooks.default_hooks": Absent(
        PROCESSES,
        raises="allreduce_hook bf16_compress_hook bf16_compress_wrapper fp16_compress_hook "
        "fp16_compress_wrapper",
    ),
    "distributed.algorithms.ddp_comm_hooks.powerSGD_hook": Absent(
        PROCESSES,
        raises="batched_powerSGD_hook powerSGD_hook",
        classes="PowerSGDState",
    ),
    "distributed.algorithms.ddp_comm_hooks.post_localSGD_hook": Absent(
        PROCESSES,
        raises="post_localSGD_hook",
        classes="PostLocalSGDState",
    ),
    "distributed.algorithms.join": Absent(
        PROCESSES,
        classes="Join JoinHook Joinable",
    ),
    "distributed.algorithms.model_averaging": Absent(
        PROCESSES,
    ),
    "distributed.algorithms.model_averaging.averagers": Absent(
        PROCESSES,
        classes="ModelAverager PeriodicModelAverager",
    ),
    "distributed.algorithms._checkpoint": Absent(
        PROCESSES,
    ),
    "distributed.algorithms._checkpoint.checkpoint_wrapper": Absent(
        PROCESSES,
        raises="apply_activation_checkpointing checkpoint_wrapper offload_wrapper",
        classes="ActivationWrapper CheckpointImpl CheckpointWrapper OffloadWrapper",
    ),
    "distributed._composable": Absent(
        PROCESSES,
        raises="checkpoint contract replicate",
    ),
    "distributed._composable.fsdp": Absent(
        PROCESSES,
        raises="fully_shard register_fsdp_forward_method",
        classes="CPUOffloadPolicy FSDPModule MixedPrecisionPolicy OffloadPolicy",
    ),
    "distributed._composable.replicate": Absent(
        PROCESSES,
        false="_is_fully_sharded",
        raises="contract replicate unimplemented_deepcopy",
        classes="DDP _ReplicateState",
    ),
    "distributed._functional_collectives": Absent(
        PROCESSES,
        false="_is_view_op",
        raises="_ _all_gather_into_tensor_coalesced_meta "
        "_all_gather_into_tensor_coalesced_native_meta _all_gather_into_tensor_meta "
        "_all_gather_into_tensor_native_meta _all_gather_into_tensor_out_native_meta "
        "_all_reduce__meta _all_reduce_coalesced__meta _all_reduce_coalesced_meta "
        "_all_reduce_meta _all_to_all_single_meta _are_we_tracing _batch_p2p_ops_meta "
        "_broadcast__meta _broadcast_meta _expand_group _group_or_group_name _irecv_meta "
        "_isend_meta _make_all_gather_out_tensor _maybe_wrap_tensor "
        "_reduce_scatter_tensor_coalesced_meta "
        "_reduce_scatter_tensor_coalesced_native_meta _reduce_scatter_tensor_meta "
        "_reduce_scatter_tensor_native_meta _reduce_scatter_tensor_out_native_meta "
        "_remapped_all_gather _remapped_all_to_all_single _remapped_allgather "
        "_remapped_allreduce _remapped_batch_p2p_ops _remapped_irecv _remapped_isend "
        "_remapped_reducescatter _resolve_group _resolve_group_name _wait_tensor_meta "
        "_wrap_tensor_autograd_backward _wrap_tensor_autograd_setup_context "
        "all_gather_inplace all_gather_into_tensor_backward "
        "all_gather_into_tensor_coalesced all_gather_into_tensor_coalesced_backward "
        "all_gather_into_tensor_coalesced_setup_context "
        "all_gather_into_tensor_setup_context all_gather_single "
        "all_gather_single_autograd all_gather_single_coalesced all_gather_tensor "
        "all_gather_tensor_autograd all_gather_tensor_inplace all_reduce "
        "all_reduce_backward all_reduce_coalesced all_reduce_coalesced_backward "
        "all_reduce_coalesced_setup_context all_reduce_inplace all_reduce_setup_context "
        "all_to_all_inplace all_to_all_single all_to_all_single_autograd "
        "all_to_all_single_backward all_to_all_single_setup_context "
        "allow_inflight_collective_as_graph_input_ctx backend_impl batch_p2p_ops_inplace "
        "broadcast irecv_inplace isend_inplace legacy_all_gather legacy_all_gather_base "
        "legacy_all_to_all_single legacy_allgather legacy_allgather_single "
        "legacy_allreduce legacy_batch_p2p_ops legacy_irecv legacy_isend "
        "legacy_reduce_scatter_base legacy_reducescatter legacy_reducescatter_single "
        "permute_tensor reduce_scatter_single reduce_scatter_single_autograd "
        "reduce_scatter_single_coalesced reduce_scatter_tensor "
        "reduce_scatter_tensor_autograd reduce_scatter_tensor_backward "
        "reduce_scatter_tensor_coalesced reduce_scatter_tensor_coalesced_backward "
        "reduce_scatter_tensor_coalesced_setup_context reduce_scatter_tensor_inplace "
        "reduce_scatter_tensor_setup_context wait_tensor wait_tensor_backward "
        "wait_tensor_setup_context",
        classes="AsyncCollectiveTensor DeviceMesh",
    ),
    "distributed._tensor": Absent(
        PROCESSES,
        raises="distribute_module distribute_tensor empty full init_device_mesh ones rand randn "
        "zeros",
        classes="DTensor DeviceMesh Partial Placement Replicate Shard",
    ),
    "distributed._state_dict_utils": Absent(
        PROCESSES,
        raises="_all_gather_sharded_tensor _broadcast_state_dict _broadcast_tensors "
        "_check_state_dict_similarity _copy_state_dict _create_cpu_state_dict "
        "_distribute_state_dict _distribute_tensors _flatten_state_dict "
        "_gather_state_dict _identity_func _iterate_state_dict "
        "_offload_state_dict_to_cpu _set_element _traverse_state_dict "
        "_unflatten_state_dict compute_local_shape_and_global_offset distribute_tensor",
        classes="AsyncCollectiveTensor DTensor Replicate ShardedTensor _TensorInfo",
        exceptions="CompanionMismatch",
    ),
    "distributed._shard": Absent(
        PROCESSES,
        raises="load_with_process_group shard_module shard_parameter",
    ),
    "distributed._shard.sharded_tensor": Absent(
        PROCESSES,
        raises="_sharded_op_impl allclose constant_ custom_sharded_op_impl empty equal full "
        "init_from_local_shards kaiming_uniform_ normal_ ones pre_load_state_dict_hook "
        "rand randn sharded_embedding sharded_embedding_bag state_dict_hook uniform_ "
        "zeros",
        classes="Shard ShardMetadata ShardedTensor ShardedTensorBase ShardedTensorMetadata "
        "TensorProperties",
    ),
    "distributed._shard.sharded_tensor.api": Absent(
        PROCESSES,
        raises="_create_tensor_from_params _register_remote_shards build_global_metadata "
        "build_metadata_from_local_shards check_tensor reshard_local_shard "
        "reshuffle_local_shard validate_non_overlapping_shards_metadata",
        classes="Shard ShardedTensor ShardedTensorBase ShardedTensorMetadata TensorProperties",
    ),
    "distributed.c10d_logger": Absent(
        PROCESSES,
    ),
    "distributed.constants": Absent(
        PROCESSES,
    ),
    "distributed.device_mesh": Absent(
        PROCESSES,
        false="is_available is_initialized",
        raises="GroupName get_backend get_process_group_ranks get_rank get_world_size "
        "init_device_mesh init_process_group new_group split_group",
        classes="DeviceMesh ProcessGroup",
    ),
    "distributed.distributed_c10d": Absent(
        PROCESSES,
        false="is_backend_available is_gloo_available is_initialized is_mpi_available "
        "is_nccl_available is_torchelastic_launched is_ucc_available is_xccl_available",
        raises="GroupName all_gather all_gather_coalesced all_gather_into_tensor "
        "all_gather_object all_gather_single all_reduce all_reduce_coalesced all_to_all "
        "all_to_all_single barrier batch_isend_irecv broadcast broadcast_object_list "
        "destroy_process_group gather gather_object get_backend get_backend_config "
        "get_debug_level get_default_backend_for_device get_global_rank get_group_rank "
        "get_node_local_rank get_pg_count get_process_group_ranks get_rank "
        "get_world_size init_process_group irecv isend monitored_barrier new_group "
        "new_subgroups new_subgroups_by_enumeration record_comm recv recv_object_list "
        "reduce reduce_scatter reduce_scatter_single reduce_scatter_tensor "
        "register_rendezvous_handler rendezvous scatter scatter_object_list send "
        "send_object_list shrink_group split_group supports_complex",
        classes="AllToAllOptions AllreduceCoalescedOptions AllreduceOptions Backend "
        "BackendConfig BarrierOptions BroadcastOptions DebugLevel GatherOptions "
        "GroupMember P2POp PrefixStore ProcessGroup ProcessGroupGloo ReduceOp "
        "ReduceOptions ReduceScatterOptions ScatterOptions Store Work group",
        exceptions="DistStoreError",
    ),
    "distributed.fsdp": Absent(
        PROCESSES,
        raises="fully_shard register_fsdp_forward_method share_comm_ctx",
        classes="BackwardPrefetch CPUOffload CPUOffloadPolicy DataParallelMeshDims FSDPModule "
        "FlatParameter FullOptimStateDictConfig FullStateDictConfig "
        "FullyShardedDataParallel LocalOptimStateDictConfig LocalStateDictConfig "
        "MixedPrecision MixedPrecisionPolicy OffloadPolicy OptimStateDictConfig "
        "OptimStateKeyType ShardedOptimStateDictConfig ShardedStateDictConfig "
        "ShardingStrategy StateDictConfig StateDictSettings StateDictType UnshardHandle",
    ),
    "distributed.fsdp.api": Absent(
        PROCESSES,
        classes="BackwardPrefetch CPUOffload FullOptimStateDictConfig FullStateDictConfig "
        "LocalOptimStateDictConfig LocalStateDictConfig MixedPrecision "
        "OptimStateDictConfig ShardedOptimStateDictConfig ShardedStateDictConfig "
        "ShardingStrategy StateDictConfig StateDictSettings StateDictType",
    ),
    "distributed.fsdp.fully_sharded_data_parallel": Absent(
        PROCESSES,
        classes="ActivationWrapper BackwardPrefetch CPUOffload CustomPolicy DeviceMesh "
        "FlatParamHandle FlatParameter FullOptimStateDictConfig FullStateDictConfig "
        "FullyShardedDataParallel HandleTrainingState LocalOptimStateDictConfig "
        "LocalStateDictConfig MixedPrecision ModuleWrapPolicy OptimStateDictConfig "
        "OptimStateKeyType ShardedOptimStateDictConfig ShardedStateDictConfig "
        "ShardingStrategy StateDictConfig StateDictSettings StateDictType TrainingState",
    ),
    "distributed.fsdp.sharded_grad_scaler": Absent(
        PROCESSES,
        classes="ProcessGroup ShardedGradScaler",
    ),
    "distributed.fsdp.wrap": Absent(
        PROCESSES,
        raises="always_wrap_policy enable_wrap lambda_auto_wrap_policy "
        "size_based_auto_wrap_policy transformer_auto_wrap_policy wrap",
        classes="CustomPolicy ModuleWrapPolicy",
    ),
    "distributed.fsdp._common_utils": Absent(
        PROCESSES,
        false="_has_fsdp_params _is_composable _is_fsdp_flattened _is_namedtuple",
        raises="_apply_to_modules _assert_in_training_states _collect_grad_tensors "
        "_get_handle_fqns_from_root _get_module_fsdp_state "
        "_get_module_fsdp_state_if_fully_sharded_module _get_param_to_fqns "
        "_get_root_modules _get_sharding_strategy _log_post_backward_hook _module_handle "
        "_named_parameters_with_duplicates _no_dispatch_record_stream "
        "_override_module_mixed_precision _replace_grad_tensors _set_fsdp_flattened "
        "clean_tensor_name collect_grad_tensors replace_grad_tensors",
        classes="FullOptimStateDictConfig FullStateDictConfig HandleTrainingState "
        "OptimStateDictConfig ShardingStrategy StateDictConfig StateDictType "
        "TrainingState _FSDPDeviceHandle _FSDPState _UninitializedDeviceHandle",
    ),
    "distributed.fsdp._runtime_utils": Absent(
        PROCESSES,
        false="_is_fsdp_root",
        raises="_accumulate_sharded_grad _cast_buffers_to_dtype_and_device "
        "_cast_grad_to_param_dtype _catch_all_reshard "
        "_check_flat_params_on_expected_device _check_grad_to_accumulate _div_if_needed "
        "_finalize_params _get_buffers_and_dtypes_for_computation _get_fsdp_root_states "
        "_get_fsdp_root_states_with_modules _get_handle_to_prefetch "
        "_get_orig_buffer_dtypes _get_reduce_scatter_tensors _get_training_state "
        "_init_streams _lazy_init _low_precision_hook_enabled _offload_grad "
        "_post_backward_final_callback _post_backward_hook _post_backward_reshard "
        "_post_backward_reshard_only_hook _post_backward_use_sharded_grad_views "
        "_post_forward _post_forward_reshard _post_reduce_grad_callback "
        "_pre_backward_hook _pre_forward _pre_forward_unshard _prefetch_handle "
        "_reduce_grad _reduce_grad_no_shard _register_post_backward_final_callback "
        "_register_post_backward_hook _register_post_backward_reshard_only_hook "
        "_register_post_forward_hook _register_pre_backward_hooks "
        "_register_pre_forward_hook _register_root_pre_forward_hook "
        "_reset_flat_param_grad_info_if_needed _reshard _reshard_grads "
        "_root_cast_forward_input _root_pre_forward _share_state_and_init_handle_attrs "
        "_should_free_in_backward _unshard _unshard_grads _wait_for_computation_stream "
        "clean_tensor_name",
        classes="BackwardPrefetch FlatParamHandle FlatParameter HandleShardingStrategy "
        "HandleTrainingState TrainingState _PrefetchMode",
    ),
    "distributed.checkpoint": Absent(
        PROCESSES,
        raises="async_save load load_sharded_optimizer_state_dict load_state_dict save "
        "save_state_dict",
        classes="BytesStorageMetadata ChunkStorageMetadata DefaultLoadPlanner DefaultSavePlanner "
        "FileSystemReader FileSystemWriter HuggingFaceStorageReader "
        "HuggingFaceStorageWriter LoadPlan LoadPlanner Metadata "
        "QuantizedHuggingFaceStorageReader ReadItem SavePlan SavePlanner StorageReader "
        "StorageWriter TensorStorageMetadata WriteItem",
        exceptions="CheckpointException",
    ),
    "distributed.checkpoint.default_planner": Absent(
        PROCESSES,
        raises="create_default_global_load_plan create_default_global_save_plan "
        "create_default_local_load_plan create_default_local_save_plan dedup_save_plans "
        "find_state_dict_object flatten_state_dict narrow_tensor_by_index set_element",
        classes="BytesStorageMetadata ChunkStorageMetadata DTensor DefaultLoadPlanner "
        "DefaultSavePlanner LoadPlan LoadPlanner Metadata MetadataIndex ReadItem "
        "SavePlan SavePlanner StorageMeta TensorStorageMetadata WriteItem WriteItemType",
    ),
    "distributed.checkpoint.format_utils": Absent(
        PROCESSES,
        raises="dcp_to_torch_save flatten_state_dict narrow_tensor_by_index torch_save_to_dcp",
        classes="BroadcastingTorchSaveReader DefaultLoadPlanner DynamicMetaLoadPlanner "
        "FileSystemReader FileSystemWriter LoadItemType LoadPlan LoadPlanner Metadata "
        "StorageReader TensorProperties TensorStorageMetadata",
    ),
    "distributed.checkpoint.optimizer": Absent(
        PROCESSES,
        raises="create_read_items_for_chunk_list load_sharded_optimizer_state_dict "
        "load_state_dict unflatten_state_dict",
        classes="BytesStorageMetadata ChunkShardingSpec ChunkStorageMetadata DTensor "
        "DefaultLoadPlanner LoadPlan LoadPlanner Metadata MetadataIndex Shard "
        "ShardTensorProperties ShardedTensor StorageReader TensorProperties "
        "TensorStorageMetadata",
    ),
    "distributed.checkpoint.planner": Absent(
        PROCESSES,
        classes="BytesIOWriteData ChunkStorageMetadata LoadItemType LoadPlan LoadPlanner "
        "Metadata MetadataIndex ReadItem SavePlan SavePlanner StorageMeta "
        "TensorProperties TensorWriteData WriteItem WriteItemType",
    ),
    "distributed.checkpoint.state_dict": Absent(
        PROCESSES,
        raises="DictValueType FQNS_T ListDictValueType OptimizerStateType get_model_state_dict "
        "get_optimizer_state_dict get_state_dict set_model_state_dict "
        "set_optimizer_state_dict set_state_dict",
        classes="DTensor FSDP FullOptimStateDictConfig FullStateDictConfig OptimStateDictConfig "
        "ShardedOptimStateDictConfig ShardedStateDictConfig ShardedTensor "
        "StateDictConfig StateDictOptions StateDictType",
    ),
    "distributed.checkpoint.state_dict_loader": Absent(
        PROCESSES,
        raises="load load_state_dict",
        classes="DefaultLoadPlanner LoadPlan LoadPlanner Stateful StorageReader",
    ),
    "distributed.checkpoint.state_dict_saver": Absent(
        PROCESSES,
        raises="async_save save save_state_dict",
        classes="AsyncCheckpointerType AsyncSaveResponse AsyncStager DefaultSavePlanner "
        "DefaultStager Metadata SavePlan SavePlanner StagingOptions Stateful "
        "StorageWriter WriteResult",
    ),
    "distributed.checkpoint.filesystem": Absent(
        PROCESSES,
        raises="narrow_tensor_by_index",
        classes="BlockingAsyncStager ExtensionRegistry FileSystem FileSystemBase "
        "FileSystemReader FileSystemWriter LoadItemType LoadPlan LoadPlanner Metadata "
        "ReadItem SavePlan SavePlanner SerializationFormat StorageMeta StorageReader "
        "StorageWriter StreamTransformExtension WriteItem WriteItemType WriteResult",
    ),
    "distributed.checkpoint.metadata": Absent(
        PROCESSES,
        classes="BytesStorageMetadata ChunkStorageMetadata Metadata MetadataIndex StorageMeta "
        "TensorProperties TensorStorageMetadata",
    ),
    "distributed.checkpoint.storage": Absent(
        PROCESSES,
        classes="LoadPlan LoadPlanner Metadata MetadataIndex SavePlan SavePlanner StorageMeta "
        "StorageReader StorageWriter WriteResult",
    ),
    "distributed.checkpoint.stateful": Absent(
        PROCESSES,
        classes="Stateful",
    ),
    "distributed.checkpoint.api": Absent(
        PROCESSES,
        exceptions="CheckpointException",
    ),
    "distributed.elastic": Absent(
        PROCESSES,
    ),
    "distributed.elastic.multiprocessing": Absent(
        PROCESSES,
        raises="get_logger start_processes to_map",
        classes="DefaultLogsSpecs LogsDest LogsSpecs MultiprocessContext NumaOptions PContext "
        "ProcessFailure RunProcsResult Std SubprocessContext",
        exceptions="SignalException",
    ),
    "distributed.elastic.multiprocessing.errors": Absent(
        PROCESSES,
        raises="get_error_handler get_logger record",
        classes="ErrorHandler ProcessFailure",
        exceptions="ChildFailedError",
    ),
    "distributed.elastic.agent": Absent(
        PROCESSES,
    ),
    "distributed.elastic.agent.server": Absent(
        PROCESSES,
        classes="ElasticAgent RunResult SimpleElasticAgent Worker WorkerGroup WorkerSpec "
        "WorkerState",
    ),
    "distributed.elastic.agent.server.api": Absent(
        PROCESSES,
        raises="get_logger prof put_metric record",
        classes="ElasticAgent Event EventSource ProcessFailure RunResult SimpleElasticAgent "
        "Worker WorkerGroup WorkerSpec WorkerState",
        exceptions="RendezvousGracefulExitError SignalException",
    ),
    "distributed.launcher": Absent(
        PROCESSES,
        raises="launch_agent",
        classes="LaunchConfig elastic_launch",
    ),
    "distributed.launcher.api": Absent(
        PROCESSES,
        raises="create_healthcheck_server get_logger launch_agent parse_rendezvous_endpoint",
        classes="DefaultLogsSpecs HealthCheckServer LaunchConfig LocalElasticAgent LogsSpecs "
        "RendezvousParameters WorkerSpec elastic_launch",
        exceptions="ChildFailedError SignalException",
    ),
    "distributed.nn": Absent(
        PROCESSES,
        raises="all_gather all_reduce all_to_all all_to_all_single broadcast gather reduce "
        "reduce_scatter scatter",
        classes="Function ReduceOp RemoteModule group",
    ),
    "distributed.nn.functional": Absent(
        PROCESSES,
        raises="all_gather all_reduce all_to_all all_to_all_single broadcast gather reduce "
        "reduce_scatter scatter",
        classes="ReduceOp group",
    ),
    "distributed.optim": Absent(
        PROCESSES,
        raises="as_functional_optim",
        classes="DistributedOptimizer PostLocalSGDOptimizer ZeroRedundancyOptimizer",
    ),
    "distributed.optim.zero_redundancy_optimizer": Absent(
        PROCESSES,
        classes="Join JoinHook Joinable ZeroRedundancyOptimizer",
    ),
    "distributed.pipelining": Absent(
        PROCESSES,
        raises="build_stage pipe_split pipeline",
        classes="Pipe PipelineStage Schedule1F1B ScheduleDualPipeV ScheduleGPipe "
        "ScheduleInterleaved1F1B ScheduleInterleavedZeroBubble ScheduleLoopedBFS "
        "ScheduleZBVZeroBubble SplitPoint",
    ),
    "distributed.pipelining.microbatch": Absent(
        PROCESSES,
        raises="merge_chunks split_args_kwargs_into_chunks",
        classes="DTensor TensorChunkSpec",
    ),
    "distributed.rendezvous": Absent(
        PROCESSES,
        raises="register_rendezvous_handler rendezvous",
        classes="Store",
    ),
    "distributed.rpc": Absent(
        PROCESSES,
        false="is_available",
        raises="enable_gil_profiling get_rpc_timeout get_worker_info init_rpc method_factory "
        "new_method remote rpc_async rpc_sync shutdown",
        classes="AllGatherStates BackendType PyRRef RRef RemoteProfilerManager RpcAgent "
        "RpcBackendOptions Store TensorPipeAgent TensorPipeRpcBackendOptions WorkerInfo",
    ),
    "distributed.run": Absent(
        PROCESSES,
        raises="config_from_args determine_local_world_size get_args_parser get_logger "
        "get_rdzv_endpoint get_use_env main parse_args parse_min_max_nnodes record run "
        "run_script_path",
        classes="DefaultLogsSpecs LaunchConfig LogsSpecs Std check_env elastic_launch env macros",
    ),
    "distributed.tensor": Absent(
        PROCESSES,
        raises="distribute_module distribute_tensor empty full init_device_mesh ones rand randn "
        "zeros",
        classes="DTensor DeviceMesh Partial Placement Replicate Shard",
    ),
    "distributed.tensor.experimental": Absent(
        PROCESSES,
        raises="context_parallel implicit_replication local_map register_sharding",
        classes="DTensor",
    ),
    "distributed.tensor.parallel": Absent(
        PROCESSES,
        raises="loss_parallel parallelize_module",
        classes="ColwiseParallel ParallelStyle PrepareModuleInput PrepareModuleInputOutput "
        "PrepareModuleOutput RowwiseParallel SequenceParallel",
    ),
    "distributed.tensor.parallel.loss": Absent(
        PROCESSES,
        raises="loss_parallel normalize_dim replicate_reduction_dims",
        classes="DTensor DTensorSpec DeviceMesh Partial Placement Reduction Replicate Shard "
        "TensorMeta",
    ),
    "distributed.tensor.placement_types": Absent(
        PROCESSES,
        raises="fill_empty_tensor_to_shards maybe_run_for_local_tensor mesh_broadcast "
        "mesh_scatter pad_tensor shard_dim_alltoall unpad_tensor",
        classes="DeviceMesh MaskBuffer Partial Placement Replicate Shard",
    ),
    "distributed.tensor.device_mesh": Absent(
        PROCESSES,
        raises="init_device_mesh",
        classes="DeviceMesh",
    ),
    "distributed.tensor._utils": Absent(
        PROCESSES,
        raises="_compute_local_shape_and_global_offset _format_implicit_redistribution_msg "
        "_get_first_offset _get_shard_size_and_offsets assert_no_mixed_partial_types "
        "compute_global_tensor_shape compute_local_shape_and_global_offset "
        "compute_local_stride compute_local_tensor_info maybe_run_for_local_tensor "
        "normalize_to_torch_size redistribute_cost try_find_mesh_from_args",
        classes="DTensorSpec DeviceMesh ExplicitRedistributionContext OpSchema Partial Placement "
        "Replicate Shard",
    ),
    "distributed.utils": Absent(
        PROCESSES,
    ),
    "distributed.remote_device": Absent(
        PROCESSES,
    ),
    "distributed.autograd": Absent(
        PROCESSES,
        false="is_available",
        raises="backward get_gradients",
        classes="DistAutogradContext context",
    ),
    "monitor": Absent(
        PROCESSES,
        raises="log_event register_event_handler unregister_event_handler",
        classes="Aggregation Event EventHandlerHandle Stat TensorboardEventHandler data_value_t",
    ),
    "futures": Absent(
        PROCESSES,
        raises="collect_all wait_all",
        classes="Future",
    ),
    "numa": Absent(
        PROCESSES,
    ),
    "numa.binding": Absent(
        PROCESSES,
        classes="AffinityMode NumaOptions",
    ),
}
