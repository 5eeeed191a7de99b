"""MiniTorch: PyTorch's core on nothing but NumPy.

The names are PyTorch's; ``minitorch.nn`` and ``minitorch.optim`` come with packages of their own.
"""

__path__ = __import__("pkgutil").extend_path(__path__, __name__)

import os as _os
from typing import TYPE_CHECKING

from .kernels import openblas as _openblas  # noqa: F401  (before anything imports NumPy)

# isort: split
from . import autograd as autograd
from . import return_types as return_types
from ._tensor.settings import *
from ._tensor.tensor import Tensor as Tensor
from ._types.device import device as device
from ._types.dtype import *
from ._types.layout import *
from ._types.size import Size as Size
from .autograd.frames import fold_shown as _fold_shown
from .autograd.grad_mode import *
from .compat.siblings import __dir__ as __dir__
from .ops.arguments import take_tensors as _take_tensors
from .ops.arithmetic import *
from .ops.broadcasting import *
from .ops.choice import *
from .ops.comparison import *
from .ops.complex_parts import *
from .ops.conversion import *
from .ops.creation import *
from .ops.exponential import *
from .ops.extrema import *
from .ops.from_data import *
from .ops.indexing import *
from .ops.inspection import *
from .ops.joining import *
from .ops.matmul import *
from .ops.powers import *
from .ops.ranges import *
from .ops.reduction import *
from .ops.regions import *
from .ops.rounding import *
from .ops.shape import *
from .ops.softmax import *
from .ops.storage import *
from .ops.unary import *

if TYPE_CHECKING:  # of what comes in on first use
    from types import ModuleType

    from . import amp as amp
    from . import compat as compat
    from . import compiler as compiler
    from . import distributions as distributions
    from . import fft as fft
    from . import func as func
    from . import linalg as linalg
    from . import masked as masked
    from . import multiprocessing as multiprocessing
    from . import nn as nn
    from . import ops as ops
    from . import optim as optim
    from . import overrides as overrides
    from . import profiler as profiler
    from . import random as random
    from . import safetensors as safetensors
    from . import serialization as serialization
    from . import signal as signal
    from . import special as special
    from . import utils as utils
    from ._tensor.in_place import *
    from ._tensor.printing import *
    from ._tensor.typed_storage import *
    from ._tensor.untyped_storage import from_file as from_file
    from ._types.dtype import int1 as int1
    from ._types.dtype import int2 as int2
    from ._types.dtype import int3 as int3
    from ._types.dtype import int4 as int4
    from ._types.dtype import int5 as int5
    from ._types.dtype import int6 as int6
    from ._types.dtype import int7 as int7
    from ._types.dtype import uint1 as uint1
    from ._types.dtype import uint2 as uint2
    from ._types.dtype import uint3 as uint3
    from ._types.dtype import uint4 as uint4
    from ._types.dtype import uint5 as uint5
    from ._types.dtype import uint6 as uint6
    from ._types.dtype import uint7 as uint7
    from ._types.layout import legacy_contiguous_format as legacy_contiguous_format
    from .amp import GradScaler as GradScaler
    from .amp import autocast as autocast
    from .amp import autocast_decrement_nesting as autocast_decrement_nesting
    from .amp import autocast_increment_nesting as autocast_increment_nesting
    from .amp import clear_autocast_cache as clear_autocast_cache
    from .amp import get_autocast_cpu_dtype as get_autocast_cpu_dtype
    from .amp import get_autocast_dtype as get_autocast_dtype
    from .amp import get_autocast_gpu_dtype as get_autocast_gpu_dtype
    from .amp import is_autocast_cache_enabled as is_autocast_cache_enabled
    from .amp import is_autocast_cpu_enabled as is_autocast_cpu_enabled
    from .amp import is_autocast_enabled as is_autocast_enabled
    from .amp import set_autocast_cache_enabled as set_autocast_cache_enabled
    from .amp import set_autocast_cpu_dtype as set_autocast_cpu_dtype
    from .amp import set_autocast_cpu_enabled as set_autocast_cpu_enabled
    from .amp import set_autocast_dtype as set_autocast_dtype
    from .amp import set_autocast_enabled as set_autocast_enabled
    from .autograd.interpreters import is_anomaly_check_nan_enabled as is_anomaly_check_nan_enabled
    from .autograd.interpreters import is_anomaly_enabled as is_anomaly_enabled
    from .compat.alias import as_torch as as_torch
    from .compat.futures import Future as Future
    from .compat.modules import get_device_module as get_device_module
    from .compat.private import dsmm as dsmm
    from .compat.private import get_device as get_device
    from .compat.private import spmm as spmm
    from .compat.tensor_types import *
    from .compiler import compile as compile
    from .func import vmap as vmap
    from .func.control_flow import *
    from .insight.explanation import explain as explain
    from .insight.teach import TeachingWarning as TeachingWarning
    from .insight.teach import teach as teach
    from .nn.functional import adaptive_avg_pool1d as adaptive_avg_pool1d
    from .nn.functional import avg_pool1d as avg_pool1d
    from .nn.functional import bilinear as bilinear
    from .nn.functional import celu_ as celu_
    from .nn.functional import channel_shuffle as channel_shuffle
    from .nn.functional import conv1d as conv1d
    from .nn.functional import conv2d as conv2d
    from .nn.functional import conv3d as conv3d
    from .nn.functional import conv_transpose1d as conv_transpose1d
    from .nn.functional import conv_transpose2d as conv_transpose2d
    from .nn.functional import conv_transpose3d as conv_transpose3d
    from .nn.functional import cosine_similarity as cosine_similarity
    from .nn.functional import hardshrink as hardshrink
    from .nn.functional import pairwise_distance as pairwise_distance
    from .nn.functional import pdist as pdist
    from .nn.functional import pixel_shuffle as pixel_shuffle
    from .nn.functional import pixel_unshuffle as pixel_unshuffle
    from .nn.functional import prelu as prelu
    from .nn.functional import rrelu_ as rrelu_
    from .nn.functional import selu_ as selu_
    from .nn.functional import threshold_ as threshold_
    from .nn.native import *
    from .ops.bessel import *
    from .ops.bitwise import *
    from .ops.complex import *
    from .ops.copies import *
    from .ops.decompositions import *
    from .ops.diagonals import *
    from .ops.differences import *
    from .ops.einsum import *
    from .ops.error_functions import *
    from .ops.filling import *
    from .ops.gamma_functions import *
    from .ops.geometry import *
    from .ops.grid_sampler import *
    from .ops.hashing import *
    from .ops.histograms import *
    from .ops.householder import *
    from .ops.least_squares import *
    from .ops.linalg import *
    from .ops.lu import *
    from .ops.matrix_functions import *
    from .ops.norm import *
    from .ops.order_statistics import *
    from .ops.positions import *
    from .ops.rearranging import *
    from .ops.scan import *
    from .ops.scatter import *
    from .ops.segments import *
    from .ops.selections import *
    from .ops.slices import *
    from .ops.sorting import *
    from .ops.special import *
    from .ops.statistics import *
    from .ops.stft import *
    from .ops.trigonometric import *
    from .ops.windows import *
    from .overrides import DisableTorchFunction as DisableTorchFunction
    from .overrides import DisableTorchFunctionSubclass as DisableTorchFunctionSubclass
    from .random.functions import *
    from .random.implicit import *
    from .random.lobpcg import *
    from .random.low_rank import *
    from .safetensors import load_file as load_file
    from .safetensors import save_file as save_file
    from .serialization import PyTorchFileReader as PyTorchFileReader
    from .serialization import PyTorchFileWriter as PyTorchFileWriter
    from .serialization import load as load
    from .serialization import save as save
    from .sparse import sparse_compressed_tensor as sparse_compressed_tensor
    from .sparse import sparse_coo_tensor as sparse_coo_tensor
    from .sparse import sparse_csc_tensor as sparse_csc_tensor
    from .sparse import sparse_csr_tensor as sparse_csr_tensor

    # compat's table makes these
    __future__: ModuleType
    _C: ModuleType
    _awaits: ModuleType
    _classes: ModuleType
    _custom_ops: ModuleType
    _decomp: ModuleType
    _dynamo: ModuleType
    _functorch: ModuleType
    _guards: ModuleType
    _higher_order_ops: ModuleType
    _inductor: ModuleType
    _jit_internal: ModuleType
    _library: ModuleType
    _linalg_utils: ModuleType
    _logging: ModuleType
    _lowrank: ModuleType
    _subclasses: ModuleType
    _tensor_str: ModuleType
    _utils: ModuleType
    _utils_internal: ModuleType
    _vmap_internals: ModuleType
    _weights_only_unpickler: ModuleType
    accelerator: ModuleType
    ao: ModuleType
    backends: ModuleType
    contrib: ModuleType
    cpu: ModuleType
    cuda: ModuleType
    distributed: ModuleType
    export: ModuleType
    functional: ModuleType
    futures: ModuleType
    fx: ModuleType
    hub: ModuleType
    jit: ModuleType
    library: ModuleType
    monitor: ModuleType
    mps: ModuleType
    mtia: ModuleType
    nativert: ModuleType
    nested: ModuleType
    numa: ModuleType
    onnx: ModuleType
    package: ModuleType
    quantization: ModuleType
    quasirandom: ModuleType
    sparse: ModuleType
    storage: ModuleType
    testing: ModuleType
    torch_version: ModuleType
    types: ModuleType
    version: ModuleType
    xpu: ModuleType
    __version__: str
else:  # of which checkers would conclude that there is every name
    from .compat.siblings import __getattr__ as __getattr__

del TYPE_CHECKING

_take_tensors(globals())
_fold_shown()
if _os.environ.get("MINITORCH_TEACH", "0") != "0":
    from .insight.teach import teach as _teach

    _teach()
