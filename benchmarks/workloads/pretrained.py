"""Inference with a model of transformers, where that is installed."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from .workload import Step, workload

TOKENS = 32


def minilm(torch: Any, size: int) -> Step:
    """MiniLM-L6 of transformers, inference, 32 tokens at batch {size}"""
    if hasattr(torch, "as_torch"):  # for good: modules are imported when they are needed
        torch.as_torch()
    from transformers import BertConfig, BertModel

    config = BertConfig(
        hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536
    )
    model = BertModel(config).eval()
    tokens = torch.randint(0, config.vocab_size, (size, TOKENS))
    mask = torch.ones_like(tokens)

    def step() -> Any:
        with torch.no_grad():
            return model(input_ids=tokens, attention_mask=mask).last_hidden_state

    return step


if find_spec("transformers"):
    workload(1, 32)(minilm)
