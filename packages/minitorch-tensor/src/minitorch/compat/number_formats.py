"""Quantized, sparse and nested tensors."""

from __future__ import annotations

from .absent import Absent

__all__ = ["TABLE"]

QUANTIZED = "MiniTorch has no quantized tensors: compute in floats"
SPARSE = "MiniTorch has no sparse or nested tensors: use dense ones and masks"

TABLE: dict[str, Absent] = {
    "ao": Absent(
        QUANTIZED,
    ),
    "ao.nn": Absent(
        QUANTIZED,
    ),
    "ao.nn.intrinsic": Absent(
        QUANTIZED,
        classes="BNReLU2d BNReLU3d ConvAdd2d ConvAddReLU2d ConvBn1d ConvBn2d ConvBn3d "
        "ConvBnReLU1d ConvBnReLU2d ConvBnReLU3d ConvReLU1d ConvReLU2d ConvReLU3d "
        "LinearBn1d LinearLeakyReLU LinearReLU LinearTanh",
    ),
    "ao.nn.qat": Absent(
        QUANTIZED,
        classes="Conv1d Conv2d Conv3d Embedding EmbeddingBag Linear",
    ),
    "ao.nn.quantizable": Absent(
        QUANTIZED,
        classes="LSTM LSTMCell MultiheadAttention",
    ),
    "ao.nn.quantized": Absent(
        QUANTIZED,
        classes="BatchNorm2d BatchNorm3d Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d "
        "ConvTranspose3d DeQuantize Dropout ELU Embedding EmbeddingBag FXFloatFunctional "
        "FloatFunctional GroupNorm Hardswish InstanceNorm1d InstanceNorm2d "
        "InstanceNorm3d LSTM LayerNorm LeakyReLU Linear MaxPool2d MultiheadAttention "
        "PReLU QFunctional Quantize ReLU6 Sigmoid Softmax",
    ),
    "ao.nn.quantized.dynamic": Absent(
        QUANTIZED,
        classes="Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d GRU "
        "GRUCell LSTM LSTMCell Linear RNNCell",
    ),
    "ao.nn.quantized.modules": Absent(
        QUANTIZED,
        classes="BatchNorm2d BatchNorm3d Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d "
        "ConvTranspose3d DeQuantize Dropout ELU Embedding EmbeddingBag FXFloatFunctional "
        "FloatFunctional GroupNorm Hardswish InstanceNorm1d InstanceNorm2d "
        "InstanceNorm3d LSTM LayerNorm LeakyReLU Linear MaxPool2d MultiheadAttention "
        "PReLU QFunctional Quantize ReLU6 Sigmoid Softmax",
    ),
    "ao.nn.sparse": Absent(
        QUANTIZED,
    ),
    "ao.ns": Absent(
        QUANTIZED,
    ),
    "ao.pruning": Absent(
        QUANTIZED,
        raises="fqn_to_module get_arg_info_from_tensor_fqn get_dynamic_sparse_quantized_mapping "
        "get_static_sparse_quantized_mapping module_to_fqn",
        classes="BaseScheduler BaseSparsifier CubicSL FakeSparsity LambdaSL "
        "NearlyDiagonalSparsifier WeightNormSparsifier",
    ),
    "ao.quantization": Absent(
        QUANTIZED,
        raises="ObserverOrFakeQuantize QConfigAny add_quant_dequant convert convert_dynamic_jit "
        "convert_jit default_affine_fixed_qparams_fake_quant "
        "default_affine_fixed_qparams_observer default_dynamic_fake_quant "
        "default_dynamic_quant_observer default_embedding_fake_quant "
        "default_embedding_fake_quant_4bit default_eval_fn default_fake_quant "
        "default_fixed_qparams_range_0to1_fake_quant "
        "default_fixed_qparams_range_0to1_observer "
        "default_fixed_qparams_range_neg1to1_fake_quant "
        "default_fixed_qparams_range_neg1to1_observer default_float_qparams_observer "
        "default_float_qparams_observer_4bit default_fused_act_fake_quant "
        "default_fused_per_channel_wt_fake_quant default_fused_wt_fake_quant "
        "default_histogram_fake_quant default_histogram_observer default_observer "
        "default_per_channel_weight_fake_quant default_per_channel_weight_observer "
        "default_symmetric_fixed_qparams_fake_quant "
        "default_symmetric_fixed_qparams_observer default_weight_fake_quant "
        "default_weight_observer disable_fake_quant disable_observer enable_fake_quant "
        "enable_observer fuse_conv_bn fuse_conv_bn_jit fuse_conv_bn_relu "
        "fuse_convtranspose_bn fuse_linear_bn fuse_modules fuse_modules_qat "
        "fused_per_channel_wt_fake_quant_range_neg_127_to_127 "
        "fused_wt_fake_quant_range_neg_127_to_127 get_block_size "
        "get_default_compare_output_module_list get_default_custom_config_dict "
        "get_default_dynamic_quant_module_mappings "
        "get_default_dynamic_sparse_quant_module_mappings "
        "get_default_float_to_quantized_operator_mappings "
        "get_default_qat_module_mappings get_default_qat_qconfig "
        "get_default_qat_qconfig_dict get_default_qat_qconfig_mapping "
        "get_default_qconfig get_default_qconfig_dict get_default_qconfig_mapping "
        "get_default_qconfig_propagation_list get_default_static_quant_module_mappings "
        "get_default_static_quant_reference_module_mappings "
        "get_default_static_sparse_quant_module_mappings get_dynamic_quant_module_class "
        "get_embedding_qat_module_mappings get_embedding_static_quant_module_mappings "
        "get_fuser_method get_fuser_method_new get_observer_state_dict "
        "get_quantized_operator get_static_quant_module_class load_observer_state_dict "
        "no_observer_set per_channel_weight_observer_range_neg_127_to_127 prepare "
        "prepare_dynamic_jit prepare_jit prepare_qat propagate_qconfig_ qconfig_equals "
        "quantize quantize_dynamic quantize_dynamic_jit quantize_jit quantize_qat "
        "script_qconfig script_qconfig_dict swap_module "
        "weight_observer_range_neg_127_to_127",
        classes="AffineQuantizedObserverBase DeQuantStub FakeQuantize FakeQuantizeBase "
        "FixedQParamsFakeQuantize FixedQParamsObserver FusedMovingAvgObsFakeQuantize "
        "Granularity HistogramObserver MappingType MinMaxObserver "
        "MovingAverageMinMaxObserver MovingAveragePerChannelMinMaxObserver NoopObserver "
        "ObserverBase PerAxis PerBlock PerChannelMinMaxObserver PerGroup PerRow "
        "PerTensor PerToken PlaceholderObserver QConfig QConfigDynamic QConfigMapping "
        "QuantStub QuantType QuantWrapper RecordingObserver ReuseInputObserver "
        "TorchAODType UniformQuantizationObserverBase ZeroPointDomain "
        "default_debug_observer default_placeholder_observer "
        "default_reuse_input_observer",
    ),
    "ao.quantization.fake_quantize": Absent(
        QUANTIZED,
        raises="default_affine_fixed_qparams_fake_quant default_dynamic_fake_quant "
        "default_embedding_fake_quant default_embedding_fake_quant_4bit "
        "default_fake_quant default_fixed_qparams_range_0to1_fake_quant "
        "default_fixed_qparams_range_0to1_observer "
        "default_fixed_qparams_range_neg1to1_fake_quant "
        "default_fixed_qparams_range_neg1to1_observer default_fused_act_fake_quant "
        "default_fused_per_channel_wt_fake_quant default_fused_wt_fake_quant "
        "default_histogram_fake_quant default_per_channel_weight_fake_quant "
        "default_symmetric_fixed_qparams_fake_quant default_weight_fake_quant "
        "disable_fake_quant disable_observer enable_fake_quant enable_observer "
        "fused_per_channel_wt_fake_quant_range_neg_127_to_127 "
        "fused_wt_fake_quant_range_neg_127_to_127",
        classes="FakeQuantize FakeQuantizeBase FixedQParamsFakeQuantize FixedQParamsObserver "
        "FusedMovingAvgObsFakeQuantize HistogramObserver MovingAverageMinMaxObserver "
        "MovingAveragePerChannelMinMaxObserver",
    ),
    "ao.quantization.observer": Absent(
        QUANTIZED,
        false="is_per_channel is_per_tensor",
        raises="calculate_qmin_qmax check_min_max_valid default_affine_fixed_qparams_observer "
        "default_dynamic_quant_observer default_fixed_qparams_range_0to1_observer "
        "default_fixed_qparams_range_neg1to1_observer default_float_qparams_observer "
        "default_float_qparams_observer_4bit default_histogram_observer default_observer "
        "default_per_channel_weight_observer default_symmetric_fixed_qparams_observer "
        "default_weight_observer get_block_size get_observer_state_dict "
        "load_observer_state_dict per_channel_weight_observer_range_neg_127_to_127 "
        "validate_qmin_qmax weight_observer_range_neg_127_to_127",
        classes="AffineQuantizedObserverBase FixedQParamsObserver Granularity HistogramObserver "
        "MappingType MinMaxObserver MovingAverageMinMaxObserver "
        "MovingAveragePerChannelMinMaxObserver NoopObserver ObserverBase PerAxis "
        "PerBlock PerChannelMinMaxObserver PerGroup PerRow PerTensor PerToken "
        "PlaceholderObserver RecordingObserver ReuseInputObserver TorchAODType "
        "UniformQuantizationObserverBase ZeroPointDomain default_debug_observer "
        "default_placeholder_observer default_reuse_input_observer",
    ),
    "ao.quantization.qconfig": Absent(
        QUANTIZED,
        raises="QConfigAny default_dynamic_fake_quant default_dynamic_quant_observer "
        "default_embedding_fake_quant default_embedding_fake_quant_4bit "
        "default_fake_quant default_float_qparams_observer "
        "default_float_qparams_observer_4bit default_fused_act_fake_quant "
        "default_fused_per_channel_wt_fake_quant default_fused_wt_fake_quant "
        "default_observer default_per_channel_weight_fake_quant "
        "default_per_channel_weight_observer default_weight_fake_quant "
        "default_weight_observer fused_per_channel_wt_fake_quant_range_neg_127_to_127 "
        "fused_wt_fake_quant_range_neg_127_to_127 get_default_qat_qconfig "
        "get_default_qat_qconfig_dict get_default_qconfig get_default_qconfig_dict "
        "per_channel_weight_observer_range_neg_127_to_127 qconfig_equals "
        "weight_observer_range_neg_127_to_127",
        classes="FakeQuantize FakeQuantizeBase FusedMovingAvgObsFakeQuantize HistogramObserver "
        "MinMaxObserver MovingAverageMinMaxObserver NoopObserver ObserverBase "
        "PlaceholderObserver QConfig QConfigDynamic ReuseInputObserver "
        "default_debug_observer default_placeholder_observer "
        "default_reuse_input_observer",
    ),
    "ao.quantization.qconfig_mapping": Absent(
        QUANTIZED,
        raises="QConfigAny default_fixed_qparams_range_0to1_observer "
        "default_fixed_qparams_range_neg1to1_observer default_weight_fake_quant "
        "default_weight_observer get_default_qat_qconfig get_default_qat_qconfig_mapping "
        "get_default_qconfig get_default_qconfig_mapping",
        classes="FixedQParamsFakeQuantize QConfig QConfigMapping default_placeholder_observer",
    ),
    "ao.quantization.quantize": Absent(
        QUANTIZED,
        false="has_no_children_ignoring_parametrizations is_activation_post_process",
        raises="add_quant_dequant convert get_default_custom_config_dict "
        "get_default_dynamic_quant_module_mappings get_default_qat_module_mappings "
        "get_default_qconfig_propagation_list get_default_static_quant_module_mappings "
        "get_default_static_quant_reference_module_mappings get_qparam_dict "
        "no_observer_set prepare prepare_qat propagate_qconfig_ quantize "
        "quantize_dynamic quantize_qat swap_module",
        classes="DeQuantStub QuantWrapper",
    ),
    "ao.quantization.quantize_fx": Absent(
        QUANTIZED,
        raises="attach_preserved_attrs_to_model convert convert_fx convert_to_reference_fx fuse "
        "fuse_fx get_custom_module_class_keys get_skipped_module_name_and_classes "
        "get_tensorrt_backend_config prepare prepare_fx prepare_qat_fx",
        classes="BackendConfig ConvertCustomConfig FuseCustomConfig ObservedGraphModule "
        "PrepareCustomConfig QConfigMapping QuantizationTracer ScopeContextManager",
    ),
    "ao.quantization.stubs": Absent(
        QUANTIZED,
        classes="DeQuantStub QConfig QuantStub QuantWrapper",
    ),
    "ao.quantization.utils": Absent(
        QUANTIZED,
        false="has_no_children_ignoring_parametrizations is_per_channel is_per_tensor",
        raises="NodePattern Pattern activation_dtype activation_is_dynamically_quantized "
        "activation_is_int32_quantized activation_is_int8_quantized "
        "activation_is_statically_quantized calculate_qmin_qmax check_min_max_valid "
        "check_node determine_qparams get_combined_dict get_fqn_to_example_inputs "
        "get_qconfig_dtypes get_qparam_dict get_quant_type "
        "get_swapped_custom_module_class getattr_from_fqn "
        "op_is_int8_dynamically_quantized to_underlying_dtype validate_qmin_qmax "
        "weight_dtype weight_is_quantized weight_is_statically_quantized",
        classes="MatchAllNode QuantType",
    ),
    "quantization": Absent(
        QUANTIZED,
        raises="QConfigAny add_quant_dequant convert convert_dynamic_jit convert_jit "
        "default_dynamic_quant_observer default_eval_fn default_fake_quant "
        "default_fixed_qparams_range_0to1_fake_quant "
        "default_fixed_qparams_range_neg1to1_fake_quant default_float_qparams_observer "
        "default_fused_act_fake_quant default_fused_per_channel_wt_fake_quant "
        "default_fused_wt_fake_quant default_histogram_fake_quant "
        "default_histogram_observer default_observer "
        "default_per_channel_weight_fake_quant default_per_channel_weight_observer "
        "default_weight_fake_quant default_weight_observer disable_fake_quant "
        "disable_observer enable_fake_quant enable_observer fuse_conv_bn "
        "fuse_conv_bn_jit fuse_conv_bn_relu fuse_linear_bn fuse_modules "
        "get_default_compare_output_module_list "
        "get_default_dynamic_quant_module_mappings "
        "get_default_float_to_quantized_operator_mappings "
        "get_default_qat_module_mappings get_default_qat_qconfig get_default_qconfig "
        "get_default_qconfig_propagation_list get_default_static_quant_module_mappings "
        "get_dynamic_quant_module_class get_fuser_method get_observer_state_dict "
        "get_quantized_operator get_static_quant_module_class load_observer_state_dict "
        "no_observer_set prepare prepare_dynamic_jit prepare_jit prepare_qat "
        "propagate_qconfig_ qconfig_equals quantize quantize_dynamic "
        "quantize_dynamic_jit quantize_jit quantize_qat script_qconfig "
        "script_qconfig_dict swap_module",
        classes="DeQuantStub FakeQuantize FakeQuantizeBase FixedQParamsFakeQuantize "
        "FusedMovingAvgObsFakeQuantize HistogramObserver MinMaxObserver "
        "MovingAverageMinMaxObserver MovingAveragePerChannelMinMaxObserver NoopObserver "
        "ObserverBase PerChannelMinMaxObserver PlaceholderObserver QConfig "
        "QConfigDynamic QuantStub QuantType QuantWrapper RecordingObserver "
        "default_debug_observer default_placeholder_observer",
    ),
    "quantization.fake_quantize": Absent(
        QUANTIZED,
    ),
    "quantization.observer": Absent(
        QUANTIZED,
    ),
    "quantization.qconfig": Absent(
        QUANTIZED,
    ),
    "quantization.quantize": Absent(
        QUANTIZED,
    ),
    "quantization.stubs": Absent(
        QUANTIZED,
    ),
    "nn.quantized": Absent(
        QUANTIZED,
        classes="BatchNorm2d BatchNorm3d Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d "
        "ConvTranspose3d DeQuantize Dropout ELU Embedding EmbeddingBag FXFloatFunctional "
        "FloatFunctional GroupNorm Hardswish InstanceNorm1d InstanceNorm2d "
        "InstanceNorm3d LSTM LayerNorm LeakyReLU Linear MaxPool2d MultiheadAttention "
        "PReLU QFunctional Quantize ReLU6 Sigmoid Softmax",
    ),
    "nn.quantized.functional": Absent(
        QUANTIZED,
    ),
    "nn.quantized.modules": Absent(
        QUANTIZED,
        classes="BatchNorm2d BatchNorm3d Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d "
        "ConvTranspose3d DeQuantize Dropout ELU Embedding EmbeddingBag FXFloatFunctional "
        "FloatFunctional GroupNorm Hardswish InstanceNorm1d InstanceNorm2d "
        "InstanceNorm3d LSTM LayerNorm LeakyReLU Linear MaxPool2d MultiheadAttention "
        "PReLU QFunctional Quantize ReLU6 Sigmoid Softmax",
    ),
    "nn.quantized.dynamic": Absent(
        QUANTIZED,
        classes="Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d GRU "
        "GRUCell LSTM LSTMCell Linear RNNCell",
    ),
    "nn.intrinsic": Absent(
        QUANTIZED,
        classes="BNReLU2d BNReLU3d ConvBn1d ConvBn2d ConvBn3d ConvBnReLU1d ConvBnReLU2d "
        "ConvBnReLU3d ConvReLU1d ConvReLU2d ConvReLU3d LinearBn1d LinearReLU",
    ),
    "nn.intrinsic.qat": Absent(
        QUANTIZED,
        raises="freeze_bn_stats update_bn_stats",
        classes="ConvBn1d ConvBn2d ConvBn3d ConvBnReLU1d ConvBnReLU2d ConvBnReLU3d ConvReLU1d "
        "ConvReLU2d ConvReLU3d LinearBn1d LinearReLU",
    ),
    "nn.intrinsic.quantized": Absent(
        QUANTIZED,
        classes="BNReLU2d BNReLU3d ConvReLU1d ConvReLU2d ConvReLU3d LinearReLU",
    ),
    "nn.qat": Absent(
        QUANTIZED,
        classes="Conv1d Conv2d Conv3d Embedding EmbeddingBag Linear",
    ),
    "nn.qat.modules": Absent(
        QUANTIZED,
        classes="Conv1d Conv2d Conv3d Embedding EmbeddingBag Linear",
    ),
    "nn.quantizable": Absent(
        QUANTIZED,
        classes="LSTM LSTMCell MultiheadAttention",
    ),
    "sparse": Absent(
        SPARSE,
        raises="addmm as_sparse_gradcheck log_softmax mm sampled_addmm softmax spdiags spsolve "
        "sum to_sparse_semi_structured",
        classes="BFloat16Tensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor "
        "IntTensor LongTensor ShortTensor SparseSemiStructuredTensor "
        "SparseSemiStructuredTensorCUSPARSELT SparseSemiStructuredTensorCUTLASS "
        "check_sparse_tensor_invariants",
    ),
    "sparse.semi_structured": Absent(
        SPARSE,
        raises="fallback_dispatcher semi_sparse_addmm semi_sparse_clone semi_sparse_detach "
        "semi_sparse_indices semi_sparse_linear semi_sparse_mm semi_sparse_scaled_mm "
        "semi_sparse_t semi_sparse_to semi_sparse_to_copy semi_sparse_values "
        "semi_sparse_view sparse_semi_structured_from_dense_cutlass "
        "sparse_semi_structured_to_dense_cutlass to_sparse_semi_structured",
        classes="SparseSemiStructuredTensor SparseSemiStructuredTensorCUSPARSELT "
        "SparseSemiStructuredTensorCUTLASS",
    ),
    "nested": Absent(
        SPARSE,
        raises="as_nested_tensor masked_select narrow nested_tensor nested_tensor_from_jagged "
        "to_padded_tensor",
        classes="DType Device SymInt",
    ),
    "nested._internal": Absent(
        SPARSE,
    ),
    "nested._internal.nested_tensor": Absent(
        SPARSE,
        raises="_get_sdpa_extreme_seqlen _jagged_numel _load_val_from_tensor _nt_view_dummy "
        "_rebuild_njt _store_val_in_tensor buffer_from_jagged get_tensor_symint "
        "jagged_from_list jagged_from_tensor_and_lengths nested_from_padded "
        "nested_view_from_values_offsets nested_view_from_values_offsets_lengths",
        classes="NestedIntNode NestedTensor ViewBufferFromNested ViewNestedFromBuffer",
    ),
}
