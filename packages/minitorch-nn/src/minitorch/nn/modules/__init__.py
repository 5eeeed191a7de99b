"""Layers."""

from .. import module as module
from ..containers import *
from ..module import Module as Module
from .activation import *
from .adaptive import *
from .attention import *
from .batchnorm import *
from .channelshuffle import *
from .convolution import *
from .distance import *
from .dropout import *
from .embedding import *
from .factory import *
from .flatten import *
from .fold import *
from .instancenorm import *
from .linear import *
from .loss import *
from .normalization import *
from .padding import *
from .pixelshuffle import *
from .pooling import *
from .recurrent import *
from .resampling import *
from .transformer import *
