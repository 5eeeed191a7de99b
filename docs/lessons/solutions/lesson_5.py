"""Lesson 5: attention. For the teacher."""

import math

import minitorch as torch


def attention(q, k, v, mask=None):
    """(result, weights) of queries (..., n, d), keys (..., m, d) and values (..., m, e).

    ``mask``, bool of shape (n, m), is True where a query may look.
    """
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = torch.softmax(scores, -1)
    return weights @ v, weights


def window_mask(n, width):
    """The mask, (n, n), by which place i sees the places i - width + 1, ..., i."""
    back = torch.arange(n)[:, None] - torch.arange(n)
    return (back >= 0) & (back < width)


def multi_head(q, k, v, heads):
    """Attention of matrices (n, d) whose columns are cut into ``heads`` equal parts: (n, d)."""

    def split(x):
        return x.reshape(len(x), heads, -1).transpose(0, 1)

    made, _ = attention(split(q), split(k), split(v))
    return made.transpose(0, 1).reshape(len(q), -1)


def attention_rule(g, q, k, v):
    """(grad_q, grad_k, grad_v) of the result of ``attention(q, k, v)``, for matrices.

    Without backward(). Go back step by step: the product with v, the softmax (see lesson 2), the
    scale, the product of q and k.
    """
    _, weights = attention(q, k, v)
    for_weights = g @ v.T
    for_scores = weights * (for_weights - (for_weights * weights).sum(-1, keepdim=True))
    for_scores = for_scores / math.sqrt(q.shape[-1])
    return for_scores @ k, for_scores.T @ q, weights.T @ g


def generate(model, tokens, count):
    """``tokens``, a list of integers, and ``count`` more, each the likeliest after those before.

    ``model`` takes a tensor of tokens (n,) and gives the scores of what follows each, (n, kinds).
    """
    tokens = list(tokens)
    with torch.no_grad():
        for _ in range(count):
            tokens.append(int(model(torch.tensor(tokens))[-1].argmax()))
    return tokens
