"""What training loops do to parameters and modules.

Follows https://docs.pytorch.org/docs/stable/nn.html#utilities
"""

from . import parametrizations as parametrizations
from . import parametrize as parametrize
from . import prune as prune
from . import rnn as rnn
from . import stateless as stateless
from .clip_grad import *
from .convert_parameters import *
from .fusion import *
from .init import *
from .memory_format import *
from .spectral_norm import *
from .summary import *
from .weight_norm import *
