"""Checkpoints that all ranks write together, in PyTorch's format; see ``save``."""

from minitorch.extend import absent_names

from .api import *
from .default_planner import *
from .filesystem import *
from .metadata import *
from .state_dict_loader import *
from .state_dict_saver import *
from .stateful import *

__getattr__, __dir__ = absent_names(__name__)
