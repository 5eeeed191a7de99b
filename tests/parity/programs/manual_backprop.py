"""Backpropagation by hand: every intermediate's gradient beside what autograd retained."""

import torch
import torch.nn.functional as F
from words import stoi, words

n, block_size, n_embd, n_hidden, vocab_size = 32, 3, 10, 64, 27
X, Y = [], []
for word in words[:50]:
    context = [0] * block_size
    for ch in word + ".":
        X.append(context)
        Y.append(stoi[ch])
        context = context[1:] + [stoi[ch]]
X, Y = torch.tensor(X), torch.tensor(Y)

g = torch.Generator().manual_seed(2147483647)
C = torch.randn((vocab_size, n_embd), generator=g)
W1 = torch.randn((n_embd * block_size, n_hidden), generator=g) * (5 / 3) / 30**0.5
b1 = torch.randn(n_hidden, generator=g) * 0.1
W2 = torch.randn((n_hidden, vocab_size), generator=g) * 0.1
b2 = torch.randn(vocab_size, generator=g) * 0.1
bngain = torch.randn((1, n_hidden)) * 0 + 1.1
bnbias = torch.zeros((1, n_hidden)) + 0.05
parameters = [C, W1, b1, W2, b2, bngain, bnbias]
for p in parameters:
    p.requires_grad = True


def cmp(name, dt, t):
    close = torch.allclose(dt, t.grad, rtol=1e-3, atol=1e-7)
    maxdiff = (dt - t.grad).abs().max().item()
    assert close, f"{name}: {maxdiff}"
    print("loss", t.grad.abs().sum().item())


for step in range(5):
    ix = torch.randint(0, X.shape[0], (n,), generator=g)
    Xb, Yb = X[ix], Y[ix]
    emb = C[Xb]
    embcat = emb.view(emb.shape[0], -1)
    hprebn = embcat @ W1 + b1
    bnmeani = 1 / n * hprebn.sum(0, keepdim=True)
    bndiff = hprebn - bnmeani
    bndiff2 = bndiff**2
    bnvar = 1 / (n - 1) * bndiff2.sum(0, keepdim=True)
    bnvar_inv = (bnvar + 1e-5) ** -0.5
    bnraw = bndiff * bnvar_inv
    hpreact = bngain * bnraw + bnbias
    h = torch.tanh(hpreact)
    logits = h @ W2 + b2
    logit_maxes = logits.max(1, keepdim=True).values
    norm_logits = logits - logit_maxes
    counts = norm_logits.exp()
    counts_sum = counts.sum(1, keepdims=True)
    counts_sum_inv = counts_sum**-1
    probs = counts * counts_sum_inv
    logprobs = probs.log()
    loss = -logprobs[range(n), Yb].mean()
    for p in parameters:
        p.grad = None
    for t in [logprobs, probs, counts, counts_sum, counts_sum_inv, norm_logits, logit_maxes,
              logits, h, hpreact, bnraw, bnvar_inv, bnvar, bndiff2, bndiff, hprebn, bnmeani,
              embcat, emb]:  # fmt: skip
        t.retain_grad()
    loss.backward()
    print("loss", loss.item())

    dlogprobs = torch.zeros_like(logprobs)
    dlogprobs[range(n), Yb] = -1.0 / n
    cmp("logprobs", dlogprobs, logprobs)
    dprobs = (1.0 / probs) * dlogprobs
    cmp("probs", dprobs, probs)
    dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)
    cmp("counts_sum_inv", dcounts_sum_inv, counts_sum_inv)
    dcounts = counts_sum_inv * dprobs
    dcounts_sum = (-(counts_sum**-2)) * dcounts_sum_inv
    cmp("counts_sum", dcounts_sum, counts_sum)
    dcounts += torch.ones_like(counts) * dcounts_sum
    cmp("counts", dcounts, counts)
    dnorm_logits = counts * dcounts
    cmp("norm_logits", dnorm_logits, norm_logits)
    dlogits = F.softmax(logits, 1)
    dlogits[range(n), Yb] -= 1
    dlogits /= n
    cmp("logits", dlogits, logits)
    dh = dlogits @ W2.T
    cmp("h", dh, h)
    cmp("W2", h.T @ dlogits, W2)
    cmp("b2", dlogits.sum(0), b2)
    dhpreact = (1.0 - h**2) * dh
    cmp("hpreact", dhpreact, hpreact)
    cmp("bngain", (bnraw * dhpreact).sum(0, keepdim=True), bngain)
    cmp("bnbias", dhpreact.sum(0, keepdim=True), bnbias)
    dbnraw = bngain * dhpreact
    cmp("bnraw", dbnraw, bnraw)
    dbnvar_inv = (bndiff * dbnraw).sum(0, keepdim=True)
    cmp("bnvar_inv", dbnvar_inv, bnvar_inv)
    dbnvar = (-0.5 * (bnvar + 1e-5) ** -1.5) * dbnvar_inv
    cmp("bnvar", dbnvar, bnvar)
    dbndiff2 = (1.0 / (n - 1)) * torch.ones_like(bndiff2) * dbnvar
    cmp("bndiff2", dbndiff2, bndiff2)
    dbndiff = bnvar_inv * dbnraw + (2 * bndiff) * dbndiff2
    cmp("bndiff", dbndiff, bndiff)
    dhprebn = dbndiff.clone() + 1.0 / n * (torch.ones_like(hprebn) * (-dbndiff).sum(0))
    cmp("hprebn", dhprebn, hprebn)
    dembcat = dhprebn @ W1.T
    cmp("embcat", dembcat, embcat)
    cmp("W1", embcat.T @ dhprebn, W1)
    demb = dembcat.view(emb.shape)
    cmp("emb", demb, emb)
    dC = torch.zeros_like(C)
    for k in range(Xb.shape[0]):
        for j in range(Xb.shape[1]):
            dC[Xb[k, j]] += demb[k, j]
    cmp("C", dC, C)
    with torch.no_grad():
        for p in parameters:
            p -= 0.1 * p.grad
