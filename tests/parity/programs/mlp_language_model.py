"""The next letter from three before it: embedding, hidden layer, batch normalisation by hand."""

import torch
import torch.nn.functional as F
from words import stoi, words

block_size = 3


def build_dataset(words):
    X, Y = [], []
    for word in words:
        context = [0] * block_size
        for ch in word + ".":
            ix = stoi[ch]
            X.append(context)
            Y.append(ix)
            context = context[1:] + [ix]
    return torch.tensor(X), torch.tensor(Y)


Xtr, Ytr = build_dataset(words)

g = torch.Generator().manual_seed(2147483647)
C = torch.randn((27, 10), generator=g)
W1 = torch.randn((block_size * 10, 100), generator=g) * (5 / 3) / ((block_size * 10) ** 0.5)
W2 = torch.randn((100, 27), generator=g) * 0.01
b2 = torch.randn(27, generator=g) * 0
bngain = torch.ones((1, 100))
bnbias = torch.zeros((1, 100))
bnmean_running = torch.zeros((1, 100))
bnstd_running = torch.ones((1, 100))
parameters = [C, W1, W2, b2, bngain, bnbias]
print(sum(p.nelement() for p in parameters))
for p in parameters:
    p.requires_grad = True

for i in range(80):
    ix = torch.randint(0, Xtr.shape[0], (32,), generator=g)
    Xb, Yb = Xtr[ix], Ytr[ix]
    emb = C[Xb]
    hpreact = emb.view(emb.shape[0], -1) @ W1
    bnmeani = hpreact.mean(0, keepdim=True)
    bnstdi = hpreact.std(0, keepdim=True)
    hpreact = bngain * (hpreact - bnmeani) / bnstdi + bnbias
    with torch.no_grad():
        bnmean_running = 0.999 * bnmean_running + 0.001 * bnmeani
        bnstd_running = 0.999 * bnstd_running + 0.001 * bnstdi
    h = torch.tanh(hpreact)
    logits = h @ W2 + b2
    loss = F.cross_entropy(logits, Yb)
    for p in parameters:
        p.grad = None
    loss.backward()
    lr = 0.1 if i < 60 else 0.01
    for p in parameters:
        p.data += -lr * p.grad
    print("loss", loss.item())


@torch.no_grad()
def full_loss():
    h = bngain * (C[Xtr].flatten(1) @ W1 - bnmean_running) / bnstd_running + bnbias
    return F.cross_entropy(torch.tanh(h) @ W2 + b2, Ytr)


print("loss", full_loss().item())
