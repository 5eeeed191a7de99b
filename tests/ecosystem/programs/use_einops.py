"""rearrange, reduce, repeat, einsum, pack, and layers in a trained model."""

import torch
from einops import einsum, pack, rearrange, reduce, repeat, unpack
from einops.layers.torch import EinMix, Rearrange, Reduce
from torch import nn

torch.manual_seed(0)
x = torch.randn(2, 3, 8, 8, requires_grad=True)
patches = rearrange(x, "b c (h p) (w q) -> b (h w) (p q c)", p=2, q=2)
print(patches.shape, reduce(x, "b c h w -> b c", "max").tolist())
print(repeat(x, "b c h w -> b c (h 2) w").std().item())
einsum(patches, patches, "b i d, b j d -> b i j").logsumexp(-1).sum().backward()
print(x.grad.norm().item())
packed, shapes = pack([x, patches], "b *")
print(packed.shape, [each.shape for each in unpack(packed, shapes, "b *")])
mix = EinMix("b t c -> b t d", weight_shape="c d", bias_shape="d", c=3, d=6)
model = nn.Sequential(Rearrange("b c h w -> b (h w) c"), mix, Reduce("b t d -> b d", "mean"))
optimizer = torch.optim.Adam(model.parameters(), 1e-2)
for _ in range(3):
    optimizer.zero_grad()
    loss = (model(x.detach()) - 1).square().mean()
    loss.backward()
    optimizer.step()
print(loss.item())
