"""Where PyTorch keeps most of ``torch.distributed``, with the private names that programs use."""

# ruff: noqa: F401, F403  (another place for names)

from minitorch.extend import absent_names

from .collectives import *
from .gathering import *
from .groups import *
from .initialization import *
from .objects import *
from .point_to_point import *
from .process_group import *
from .process_group import chosen as _group_or_default_group
from .process_group import default_group as _get_default_group
from .process_group import is_outside as _rank_not_in_group
from .reductions import ReduceOp as ReduceOp
from .reductions import premultiplied as _make_nccl_premul_sum
from .reductions import reduce_op as reduce_op
from .reductions import supports_complex as supports_complex
from .work import Work as Work

__getattr__, __dir__ = absent_names(__name__)
