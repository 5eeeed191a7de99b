"""MiniTorch: PyTorch's core on nothing but NumPy."""

__path__ = __import__("pkgutil").extend_path(__path__, __name__)

from . import accelerator, backends, cuda, mps, random, xpu
from . import autograd, special
from ._complex import *
from ._creation import *
from ._device import device
from ._dtype import *
from ._layout import *
from ._random import *
from ._ranges import *
from ._repr import *
from ._settings import *
from ._size import Size
from ._siblings import __getattr__
from ._tensor import Tensor
from ._tensor_types import *
from .autograd.grad_mode import *
from .ops.arithmetic import *
from .ops.bitwise import *
from .ops.choice import *
from .ops.comparison import *
from .ops.conversion import *
from .ops.einsum import *
from .ops.decompositions import *
from .ops.geometry import *
from .ops.grid_sampler import *
from .ops.least_squares import *
from .ops.linalg import *
from .ops.matrix_functions import *
from .ops.matmul import *
from .ops.reduction import *
from .ops.extrema import *
from .ops.scan import *
from .ops.softmax import *
from .ops.sorting import *
from .ops.order_statistics import *
from .ops.statistics import *
from .ops.norm import *
from .ops.differences import *
from .ops.histograms import *
from . import return_types
from .ops.diagonals import *
from .ops.joining import *
from .ops.rearranging import *
from .ops.regions import *
from .ops.scatter import *
from .ops.in_place import *
from .ops.indexing import *
from .ops.shape import *
from .ops.special import *
from .ops.unary import *
from . import fft, linalg, masked, signal
from .ops.windows import *
