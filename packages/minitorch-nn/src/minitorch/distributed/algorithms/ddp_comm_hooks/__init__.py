"""Communication hooks of ``DistributedDataParallel``."""

from minitorch.extend import absent_names

__getattr__, __dir__ = absent_names(__name__)
