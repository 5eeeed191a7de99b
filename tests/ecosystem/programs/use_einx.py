"""id, reductions, dot, softmax, and indexing in its notation."""

import einx
import torch

torch.manual_seed(0)
x, weight = torch.randn(4, 6, 8), torch.randn(8, 5, requires_grad=True)
print(einx.id("a (b c) d -> (a c) b d", x, c=2).shape, einx.mean("a [b] c", x).sum().item())
print(einx.softmax("a b [c]", x)[0, 0].tolist(), einx.add("a b c, b", x, x[0, :, 0]).sum().item())
print(einx.get_at("[v] d, b t -> b t d", x[0], torch.tensor([[1, 2], [3, 5]])).sum().item())
einx.dot("a b c, c d -> a b d", x, weight).square().mean().backward()
print(weight.grad.norm().item())
