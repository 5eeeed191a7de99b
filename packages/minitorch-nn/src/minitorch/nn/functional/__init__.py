"""Functions of tensors: layers without state, activations, losses.

Follows https://docs.pytorch.org/docs/stable/nn.functional.html
"""

from minitorch.extend import overridable, take_tensors

from .attention import *
from .bags import *
from .channels import *
from .classification import *
from .convolution import *
from .ctc import *
from .distance import *
from .dropout import *
from .embedding import *
from .exponential import *
from .fold import *
from .fractional_pooling import *
from .gelu import *
from .linear import *
from .linear_cross_entropy import *
from .margin import *
from .max_pooling import *
from .normalization import *
from .padding import *
from .piecewise_linear import *
from .pooling import *
from .probabilities import *
from .regression import *
from .resampling import *
from .softmax import *

take_tensors(globals())
overridable(__name__)
