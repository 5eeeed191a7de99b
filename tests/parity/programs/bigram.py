"""Which letter follows which: counts, then the same by gradient descent on one-hot letters."""

import torch
import torch.nn.functional as F
from words import itos, stoi, words

N = torch.zeros((27, 27), dtype=torch.int32)
xs, ys = [], []
for word in words[:400]:
    chars = ["."] + list(word) + ["."]
    for a, b in zip(chars, chars[1:]):
        N[stoi[a], stoi[b]] += 1
        xs.append(stoi[a])
        ys.append(stoi[b])
P = (N + 1).float()
P /= P.sum(1, keepdim=True)

g = torch.Generator().manual_seed(2147483647)
for _ in range(3):
    out, ix = [], 0
    while True:
        ix = torch.multinomial(P[ix], num_samples=1, replacement=True, generator=g).item()
        out.append(itos[ix])
        if ix == 0:
            break
    print("".join(out))

xs, ys = torch.tensor(xs), torch.tensor(ys)
log_likelihood = torch.log(P[xs, ys]).mean()
print("loss", -log_likelihood.item())

W = torch.randn((27, 27), generator=g, requires_grad=True)
for _ in range(50):
    xenc = F.one_hot(xs, num_classes=27).float()
    logits = xenc @ W
    counts = logits.exp()
    probs = counts / counts.sum(1, keepdims=True)
    loss = -probs[torch.arange(len(xs)), ys].log().mean() + 0.01 * (W**2).mean()
    W.grad = None
    loss.backward()
    W.data += -10 * W.grad
    print("loss", loss.item())
