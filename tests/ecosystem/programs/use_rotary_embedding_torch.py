"""Rotated queries and keys, with extrapolation."""

import torch
from rotary_embedding_torch import RotaryEmbedding

torch.manual_seed(0)
query = torch.randn(1, 2, 6, 16)
for options in ({}, {"use_xpos": True}, {"interpolate_factor": 2.0}):
    rotary = RotaryEmbedding(dim=8, **options)
    if rotary.use_xpos:
        turned = torch.stack(rotary.rotate_queries_and_keys(query, query))
    else:
        turned = rotary.rotate_queries_or_keys(query)
    print(turned.sum().item(), turned[..., 3, :4].tolist())
