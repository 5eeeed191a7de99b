"""A decoder with several of its options, trained and generating; an encoder; ViT."""

import torch
from x_transformers import (
    AutoregressiveWrapper,
    Decoder,
    Encoder,
    TransformerWrapper,
    ViTransformerWrapper,
)

tokens = torch.arange(40).reshape(2, 20) % 32
for options in (
    {},
    {"rotary_pos_emb": True, "use_rmsnorm": True, "ff_glu": True},
    {"alibi_pos_bias": True, "attn_kv_heads": 1},
    {"attn_qk_norm": True, "sandwich_norm": True},
):
    torch.manual_seed(0)
    layers = Decoder(dim=32, depth=2, heads=4, attn_dim_head=8, **options)
    inner = TransformerWrapper(num_tokens=32, max_seq_len=24, attn_layers=layers)
    model = AutoregressiveWrapper(inner)
    loss = model(tokens)
    loss.backward()
    print(loss.item(), sum(p.grad.norm() for p in model.parameters() if p.grad is not None).item())
    print(model.generate(tokens[:, :4], 6, temperature=0.0).tolist())
torch.manual_seed(0)
layers = Encoder(dim=32, depth=2, heads=4)
vit = ViTransformerWrapper(image_size=32, patch_size=8, num_classes=5, attn_layers=layers)
print(vit(torch.randn(2, 3, 32, 32)).tolist())
