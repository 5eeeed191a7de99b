"""How PyTorch says where the parts of a tensor are. There are no tensors in parts here."""

from minitorch.extend import absent_names

from .placement_types import *

__getattr__, __dir__ = absent_names(__name__)
