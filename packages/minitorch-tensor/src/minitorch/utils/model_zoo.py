"""``load_url``: the old place of ``torch.hub.load_state_dict_from_url``."""

from __future__ import annotations

from ..compat.hub import load_state_dict_from_url as load_url
from ..compat.hub import tqdm as tqdm

__all__ = ["load_url", "tqdm"]
