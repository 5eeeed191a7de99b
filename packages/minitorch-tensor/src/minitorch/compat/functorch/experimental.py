"""``functorch.experimental``."""

from ...func import functionalize, replace_all_batch_norm_modules_
from ...func.vmap_forms import chunk_vmap

__all__ = ["chunk_vmap", "functionalize", "replace_all_batch_norm_modules_"]
