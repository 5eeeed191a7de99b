"""What ``minitorch.name`` finds beyond the core's own names.

The sibling packages come in on first use where they are installed; where they are not, both
``minitorch.nn`` and ``import minitorch.nn`` raise an error that says what to install.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from ..ops import arguments
from ..ops.arguments import public
from ..overrides import add_function
from .elsewhere import ELSEWHERE

SIBLINGS = {
    "distributions": "minitorch-nn",
    "nn": "minitorch-nn",
    "optim": "minitorch-optim",
    "utils.data": "minitorch-nn",
}
# our own that most programs do not need at start: whole modules, and functions with their module
LATER_MODULES = {
    "amp", "compiler", "fft", "func", "linalg", "masked", "multiprocessing", "profiler",
    "random", "safetensors", "serialization", "signal", "sparse", "special", "utils",
}  # fmt: skip
LATER = {
    name: module
    for module, names in {
        "_tensor.in_place": "abs_ addmv_ as_strided_ detach "
        "acos_ acosh_ arccos_ arccosh_ arcsin_ arcsinh_ arctan_ "
        "arctanh_ asin_ asinh_ atan_ atanh_ ceil_ clamp_ clamp_max_ clamp_min_ clip_ "
        "conj_physical_ cos_ cosh_ deg2rad_ detach_ erf_ erfc_ exp2_ exp_ expm1_ fill_ fix_ "
        "floor_ frac_ gcd_ i0_ lcm_ ldexp_ log10_ log1p_ log2_ log_ logit_ nan_to_num_ neg_ "
        "negative_ rad2deg_ reciprocal_ relu_ round_ rsqrt_ sigmoid_ sin_ sinc_ sinh_ sqrt_ "
        "square_ tan_ tanh_ trunc_ xlogy_ zero_",
        "_tensor.printing": "set_printoptions",
        "compat.checks": "_assert _assert_async _assert_scalar _assert_tensor_metadata _cast_Byte "
        "_cast_Char _cast_Double _cast_Float _cast_Half _cast_Int _cast_Long _cast_Short _check "
        "_check_index _check_is_size _check_not_implemented _check_tensor_all "
        "_check_tensor_all_with _check_type _check_value _check_with _debug_has_internal_overlap "
        "_shape_as_tensor",
        "overrides": "DisableTorchFunction DisableTorchFunctionSubclass",
        "compat.futures": "Future",
        "compat.modules": "get_device_module",
        "compat.private": "_add_relu _convert_indices_from_coo_to_csr "
        "_convert_indices_from_csr_to_coo _int_mm _log_softmax _log_softmax_backward_data "
        "_masked_softmax "
        "_softmax _softmax_backward_data dsmm get_device spmm",
        "_types.dtype": "int1 int2 int3 int4 int5 int6 int7 "
        "uint1 uint2 uint3 uint4 uint5 uint6 uint7",
        "_types.layout": "legacy_contiguous_format",
        "_tensor.untyped_storage": "from_file",
        "amp": "GradScaler autocast is_autocast_enabled set_autocast_enabled get_autocast_dtype "
        "set_autocast_dtype is_autocast_cpu_enabled set_autocast_cpu_enabled "
        "get_autocast_cpu_dtype set_autocast_cpu_dtype get_autocast_gpu_dtype "
        "is_autocast_cache_enabled set_autocast_cache_enabled clear_autocast_cache "
        "autocast_increment_nesting autocast_decrement_nesting",
        "amp.grad_scaler": "_amp_foreach_non_finite_check_and_unscale_ _amp_update_scale_",
        "autograd.interpreters": "is_anomaly_check_nan_enabled is_anomaly_enabled",
        "sparse": "sparse_compressed_tensor sparse_coo_tensor sparse_csc_tensor sparse_csr_tensor",
        "compat.alias": "as_torch",
        "compat.tensor_types": "BFloat16Tensor BoolTensor ByteTensor CharTensor DoubleTensor "
        "FloatTensor HalfTensor IntTensor LongTensor ShortTensor",
        "_tensor.typed_storage": "BFloat16Storage BoolStorage ByteStorage CharStorage "
        "ComplexDoubleStorage ComplexFloatStorage DoubleStorage FloatStorage HalfStorage "
        "IntStorage LongStorage "
        "ShortStorage Storage StorageBase TypedStorage UntypedStorage",
        "compiler": "compile",
        "insight.explanation": "explain",
        "func": "vmap",
        "insight.teach": "TeachingWarning teach",
        "ops.bitwise": "bitwise_and bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift "
        "bitwise_xor gcd lcm",
        "ops.complex": "complex polar",
        "ops.decompositions": "cholesky cholesky_inverse cholesky_solve qr svd",
        "func.control_flow": "cond sym_float sym_int sym_ite sym_max sym_min sym_not sym_sqrt "
        "sym_sum while_loop",
        "ops.copies": "alias_copy as_strided_copy detach_copy diagonal_copy expand_copy "
        "narrow_copy permute_copy select_copy slice_copy split_copy split_with_sizes_copy "
        "squeeze_copy t_copy transpose_copy unbind_copy unfold_copy unsqueeze_copy "
        "view_as_complex_copy view_as_real_copy view_copy",
        "ops.diagonals": "block_diag diag diag_embed diagflat diagonal diagonal_scatter "
        "select_scatter slice_scatter trace tril tril_indices triu triu_indices",
        "ops.differences": "cumulative_trapezoid diff gradient trapezoid trapz",
        "ops.einsum": "einsum tensordot",
        "ops.filling": "index_put_ is_same_size resize_as_",
        "ops.geometry": "cdist cross",
        "ops.grid_sampler": "grid_sampler grid_sampler_2d grid_sampler_3d",
        "ops.hashing": "hash_tensor",
        "ops.histograms": "bincount histc histogram histogramdd",
        "ops.householder": "geqrf orgqr ormqr",
        "ops.least_squares": "pinverse",
        "ops.linalg": "inverse",
        "ops.lu": "lu lu_solve lu_unpack triangular_solve",
        "ops.matrix_functions": "det logdet matrix_exp matrix_power slogdet",
        "ops.norm": "dist frobenius_norm norm nuclear_norm renorm",
        "ops.order_statistics": "median mode nanmedian nanquantile quantile",
        "ops.positions": "argwhere masked_scatter masked_select nonzero put take unravel_index",
        "ops.rearranging": "cartesian_prod combinations constant_pad_nd flip fliplr flipud "
        "meshgrid repeat_interleave roll rot90 tile",
        "ops.scan": "cummax cummin cumprod cumsum logcumsumexp",
        "ops.segments": "_segment_reduce segment_reduce",
        "ops.selections": "as_strided_scatter nonzero_static slice_inverse vander",
        "ops.slices": "index_add index_copy index_fill index_reduce index_select",
        "ops.stft": "istft stft",
        "random.lobpcg": "lobpcg",
        "random.low_rank": "pca_lowrank svd_lowrank",
        "ops.bessel": "i0",
        "ops.error_functions": "erf erfc erfinv",
        "ops.gamma_functions": "digamma igamma igammac lgamma mvlgamma polygamma",
        "ops.sorting": "argsort bucketize isin kthvalue msort searchsorted sort topk unique "
        "unique_consecutive",
        "ops.special": "arctan2 atan2 copysign heaviside hypot ldexp logaddexp logaddexp2 "
        "nextafter xlogy",
        "ops.trigonometric": "acos acosh arccos arccosh arcsin arcsinh arctan arctanh asin asinh "
        "atan atanh cos cosh deg2rad rad2deg sin sinc sinh tan tanh",
        "ops.scatter": "gather scatter scatter_add scatter_reduce take_along_dim",
        "ops.statistics": "corrcoef cov std std_mean var var_mean",
        "ops.windows": "bartlett_window blackman_window hamming_window hann_window kaiser_window",
        "random.functions": "Generator bernoulli default_generator get_rng_state initial_seed "
        "manual_seed multinomial normal poisson rand rand_like randint randint_like randn "
        "randn_like randperm seed set_rng_state",
        "random.implicit": "binomial _dirichlet_grad _sample_dirichlet _standard_gamma "
        "_standard_gamma_grad",
        "safetensors": "load_file save_file",
        "serialization": "PyTorchFileReader PyTorchFileWriter load save",
    }.items()
    for name in names.split()
}

# functions of minitorch.nn that PyTorch keeps here too
FUNCTIONAL = {
    "adaptive_avg_pool1d", "avg_pool1d", "bilinear", "celu_", "channel_shuffle", "conv1d",
    "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
    "cosine_similarity", "hardshrink", "pairwise_distance", "pdist", "pixel_shuffle",
    "pixel_unshuffle", "prelu", "rrelu_", "selu_", "threshold_",
}  # fmt: skip

# the same under other signatures than those of nn.functional
NATIVE = {
    "adaptive_max_pool1d", "affine_grid_generator", "alpha_dropout", "alpha_dropout_",
    "batch_norm", "binary_cross_entropy_with_logits", "celu", "conv_tbc", "convolution",
    "cosine_embedding_loss", "ctc_loss", "dropout", "dropout_", "embedding", "embedding_renorm_",
    "feature_alpha_dropout", "feature_alpha_dropout_", "feature_dropout", "feature_dropout_",
    "group_norm", "gru", "gru_cell", "hinge_embedding_loss", "instance_norm", "kl_div",
    "layer_norm", "lstm", "lstm_cell", "batch_norm_update_stats", "margin_ranking_loss",
    "max_pool1d", "max_pool1d_with_indices", "max_pool2d", "max_pool3d",
    "native_batch_norm", "native_channel_shuffle", "native_dropout", "native_group_norm",
    "native_layer_norm", "norm_except_dim", "poisson_nll_loss", "rms_norm", "rnn_relu",
    "rnn_relu_cell", "rnn_tanh", "rnn_tanh_cell", "rrelu", "selu", "threshold",
    "triplet_margin_loss",
}  # fmt: skip


class MissingSibling:
    """A finder, asked last: a sibling that gets this far is not installed."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> None:
        root, _, module = name.partition(".")
        if root == "minitorch" and module in SIBLINGS:
            package = SIBLINGS[module]
            # so named because `from minitorch import nn` hides errors that name the module
            raise ModuleNotFoundError(
                f"minitorch.{module} is not here: the package {package} is not installed. "
                f"From a clone of MiniTorch: pip install ./packages/{package}",
                name=package,
            )


class AbsentModules:
    """A finder, asked after the files: what PyTorch has and MiniTorch lacks (``compat.table``)."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> Any:
        if not name.startswith("minitorch."):
            return None
        from .elsewhere import spec_elsewhere
        from .modules import spec_of  # on first use: most programs need no table

        return spec_elsewhere(name) or spec_of(name)


sys.meta_path += [AbsentModules, MissingSibling]


class UnknownNameError(AttributeError):
    """Looks for a near public name only when someone reads the message: `hasattr` asks often."""

    def __init__(self, name: str, module: str = "minitorch") -> None:
        super().__init__(name, name=name, obj=None)  # no obj: the traceback would suggest again
        self.module = module

    def __str__(self) -> str:
        from difflib import get_close_matches

        (name,) = self.args
        public = [each for each in dir(sys.modules[self.module]) if each[0] != "_"]
        near = get_close_matches(name, public, n=1, cutoff=0.8)
        suggestion = "".join(f"; did you mean {match!r}?" for match in near)
        return f"MiniTorch has no torch{self.module.removeprefix('minitorch')}.{name}{suggestion}"


UnknownNameError.__name__ = UnknownNameError.__qualname__ = "AttributeError"  # as it prints
UnknownNameError.__module__ = "builtins"


def explained(module: ModuleType) -> None:
    """Lets a package find its modules, and a module say that MiniTorch lacks a name."""
    own = vars(module).get("__getattr__")
    inside = module.__name__.partition(".")[2]
    path = f"{module.__name__}." if hasattr(module, "__path__") else ""
    missing: set[str] = set()  # looked for in vain

    def look_up(name: str) -> Any:
        if own is not None:
            try:
                return own(name)
            except AttributeError as error:
                plain = f"module {module.__name__!r} has no attribute {name!r}"
                if isinstance(error, UnknownNameError) or str(error) != plain:  # it says more
                    raise
        place = ELSEWHERE.get(f"{inside}.{name}")  # in a module that is no package here, too
        if place is not None:
            return import_module(f"minitorch.{place}")
        if path and name not in missing and name[:2] != "__":
            with suppress(ModuleNotFoundError):
                if find_spec(path + name) is not None:
                    return import_module(path + name)
            missing.add(name)
        raise UnknownNameError(name, module.__name__)

    vars(module)["__getattr__"] = look_up


def _end_imports() -> None:
    """Before a fork: a child could never end an import that another thread has begun."""
    if threading.active_count() > 1:
        for name in ("minitorch.random", "numpy.random"):
            import_module(name)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_end_imports)


def __dir__() -> list[str]:
    from .table import TABLE

    here = vars(sys.modules["minitorch"])
    absent = {key for key in (*TABLE, *ELSEWHERE) if "." not in key}
    return sorted(
        {
            *here,
            *LATER_MODULES,
            *LATER,
            *FUNCTIONAL,
            *NATIVE,
            *absent,
            "distributions",
            "nn",
            "optim",
        }
    )


def _public() -> list[str]:
    """What ``from minitorch import *`` brings: as from PyTorch, no modules."""
    here = vars(sys.modules["minitorch"])
    names = {k for k, v in here.items() if k[0] != "_" and not isinstance(v, ModuleType)}
    with suppress(ModuleNotFoundError):  # minitorch-nn may not be installed
        find_spec("minitorch.nn")
        names |= FUNCTIONAL | NATIVE
    return sorted(names | {name for name in LATER if name[0] != "_"})


def _shared(name: str) -> ModuleType:
    """The module, with what came with it under PyTorch's names where these are in use."""
    module = import_module(name)
    alias: Any = sys.modules.get("minitorch.compat.alias")
    if alias and alias.as_torch._active:
        alias.share_names()
    return module


def __getattr__(name: str) -> Any:
    if name in LATER_MODULES:
        return _shared(f"minitorch.{name}")
    if name in LATER:
        value = getattr(import_module(f"minitorch.{LATER[name]}"), name)
        if LATER[name].startswith(("ops.", "random.", "_tensor.in_place", "compat.private")):
            value = public(name, value, "minitorch")
        else:
            add_function(name, value)
            if arguments.show is not None:
                arguments.show(name, value, "minitorch")
        return vars(sys.modules["minitorch"]).setdefault(name, value)
    if name in FUNCTIONAL:
        return getattr(__getattr__("nn").functional, name)
    if name in NATIVE:
        __getattr__("nn")  # or it says what to install
        return getattr(import_module("minitorch.nn.native"), name)
    if name.startswith("_foreach_"):
        from ..ops import foreach

        if name in foreach.NAMES:
            return vars(sys.modules["minitorch"]).setdefault(name, foreach.function(name))
    if name == "__all__":
        return _public()
    if name in SIBLINGS:
        try:
            return _shared(f"minitorch.{name}")
        except ModuleNotFoundError as error:
            if error.name != SIBLINGS[name]:
                raise
            raise AttributeError(str(error)) from None
    if name in ELSEWHERE:
        return import_module(f"minitorch.{name}")
    if name in ("torch", "_VF"):  # PyTorch has torch.torch, and programs write it
        return sys.modules["minitorch"]
    if name == "__version__":
        from importlib.metadata import version

        return version("minitorch-tensor")
    if name[:2] == "__":  # what the import itself asks for
        raise UnknownNameError(name)
    from .table import TABLE

    if name in TABLE:
        return import_module(f"minitorch.{name}")
    from .modules import top

    try:
        return top(name)
    except AttributeError:
        raise UnknownNameError(name) from None
