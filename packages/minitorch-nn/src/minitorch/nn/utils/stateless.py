"""Calls of a module with other parameters than its own.

Follows https://docs.pytorch.org/docs/stable/generated/torch.func.functional_call.html
"""

from minitorch.func import functional_call

__all__ = ["functional_call"]
