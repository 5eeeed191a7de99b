"""Names of ``torch`` itself that MiniTorch lacks, each group with its reason."""

from __future__ import annotations

from .absent import Absent
from .reasons import COMPILERS, GPU, PROCESSES, QUANTIZED, SCRIPT, SPARSE, SWITCH

__all__ = ["TOP"]

TOP: tuple[Absent, ...] = (
    Absent(
        why=SCRIPT,
        raises="fork import_ir_module import_ir_module_from_buffer merge_type_from_type_comment "
        "parse_ir parse_schema parse_type_comment unify_type_list wait",
        classes="AggregationType AliasDb AnyType Argument ArgumentSpec AwaitType Block BoolType "
        "CallStack Capsule ClassType Code CompilationUnit CompleteArgumentSpec ComplexType "
        "ConcreteModuleType ConcreteModuleTypeBuilder DeepCopyMemoTable "
        "DeserializationStorageContext DictType EnumType ErrorReport ExecutionPlan FileCheck "
        "FloatType FunctionSchema FutureType Gradient Graph GraphExecutorState IODescriptor "
        "InferredType IntType InterfaceType ListType LiteScriptModule LockingLogger LoggerBase "
        "ModuleDict Node NoneType NoopLogger NumberType OperatorInfo OptionalType ParameterDict "
        "BufferDict PyObjectType RRefType ScriptClass ScriptClassFunction ScriptDict "
        "ScriptDictIterator ScriptDictKeyIterator ScriptFunction ScriptList ScriptListIterator "
        "ScriptMethod ScriptModule ScriptModuleSerializer ScriptObject ScriptObjectProperty "
        "SerializationStorageContext StaticModule StringType SymBoolType SymIntType TensorType "
        "ThroughputBenchmark TracingState TupleType Type UnionType Use Value BenchmarkConfig "
        "BenchmarkExecutionStats StreamObjType DeviceObjType",
        exceptions="FatalError JITException",
    ),
    Absent(why=PROCESSES, classes="Future"),
    Absent(
        why=COMPILERS,
        classes="SymBool SymFloat SymInt DispatchKey DispatchKeySet ExcludeDispatchKeyGuard Tag",
        raises="sym_constrain_range sym_constrain_range_for_size sym_fresh_size",
    ),
    Absent(
        why=GPU,
        false="is_vulkan_available cudnn_is_acceptable is_distributed",
        classes="Stream Event",
        exceptions="AcceleratorError OutOfMemoryError",
        raises="profiler_allow_cudagraph_cupti_lazy_reinit_cuda12",
    ),
    Absent(
        why=SWITCH,
        raises="cudnn_affine_grid_generator cudnn_batch_norm cudnn_convolution "
        "cudnn_convolution_add_relu cudnn_convolution_relu cudnn_convolution_transpose "
        "cudnn_grid_sampler miopen_batch_norm miopen_convolution miopen_convolution_add_relu "
        "miopen_convolution_relu miopen_convolution_transpose miopen_ctc_loss "
        "miopen_depthwise_convolution miopen_rnn mkldnn_adaptive_avg_pool2d mkldnn_convolution "
        "mkldnn_linear_backward_weights mkldnn_max_pool2d mkldnn_max_pool3d mkldnn_rnn_layer "
        "batch_norm_backward_elemt batch_norm_backward_reduce batch_norm_elemt "
        "batch_norm_gather_stats batch_norm_gather_stats_with_counts batch_norm_stats "
        "fbgemm_linear_fp16_weight "
        "fbgemm_linear_fp16_weight_fp32_activation fbgemm_linear_int8_weight "
        "fbgemm_linear_int8_weight_fp32_activation fbgemm_linear_quantize_weight "
        "fbgemm_pack_gemm_matrix_fp16 fbgemm_pack_quantized_matrix",
    ),
    Absent(
        why=QUANTIZED,
        raises="choose_qparams_optimized dequantize empty_quantized "
        "fake_quantize_per_channel_affine fake_quantize_per_tensor_affine "
        "fused_moving_avg_obs_fake_quant int_repr q_per_channel_axis q_per_channel_scales "
        "q_per_channel_zero_points q_scale q_zero_point quantize_per_channel quantize_per_tensor "
        "quantize_per_tensor_dynamic quantized_batch_norm quantized_gru quantized_gru_cell "
        "quantized_lstm quantized_lstm_cell quantized_max_pool1d quantized_max_pool2d "
        "quantized_max_pool3d quantized_rnn_relu_cell quantized_rnn_tanh_cell",
        classes="QInt32Storage QInt8Storage QUInt2x4Storage QUInt4x2Storage QUInt8Storage qscheme",
    ),
    Absent(
        why=SPARSE,
        raises="ccol_indices_copy col_indices_copy crow_indices_copy hsmm hspmm indices_copy "
        "resize_as_sparse_ row_indices_copy saddmm smm sparse_bsc_tensor sparse_bsr_tensor "
        "sspaddmm values_copy",
    ),
)
