"""Several processes, on one machine or many: PyTorch's ``torch.distributed``, on MPI.

Every process runs the same program; its ``rank`` says which one it is. ``mpiexec -n 4 python -m
minitorch train.py`` starts four, ``python -m minitorch.distributed.run --nproc-per-node 4
train.py`` as torchrun does. mpi4py carries the messages (the extra ``minitorch-nn[mpi]``): tensors
go out of their own memory and arrive in it. Without mpi4py ``is_available()`` is False, and a group
of one process is all there can be.

Example:
    >>> import minitorch
    >>> from minitorch import distributed
    >>> distributed.init_process_group("gloo", rank=0, world_size=1)
    >>> x = minitorch.arange(3.0)
    >>> distributed.all_reduce(x)
    >>> x
    tensor([0., 1., 2.])
    >>> distributed.destroy_process_group()

Follows https://docs.pytorch.org/docs/stable/distributed.html
"""

from minitorch.extend import absent_names

from .collectives import *
from .gathering import *
from .grad_bucket import *
from .groups import *
from .initialization import *
from .objects import *
from .point_to_point import *
from .process_group import *
from .reductions import ReduceOp as ReduceOp
from .reductions import reduce_op as reduce_op
from .reductions import supports_complex as supports_complex
from .work import Work as Work

__getattr__, __dir__ = absent_names(__name__)
