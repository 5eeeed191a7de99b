"""Lesson 5: attention. Replace each ``raise NotImplementedError`` by your code."""

import math

import minitorch as torch


def attention(q, k, v, mask=None):
    """(result, weights) of queries (..., n, d), keys (..., m, d) and values (..., m, e).

    ``mask``, bool of shape (n, m), is True where a query may look.
    """
    raise NotImplementedError


def window_mask(n, width):
    """The mask, (n, n), by which place i sees the places i - width + 1, ..., i."""
    raise NotImplementedError


def multi_head(q, k, v, heads):
    """Attention of matrices (n, d) whose columns are cut into ``heads`` equal parts: (n, d)."""
    raise NotImplementedError


def attention_rule(g, q, k, v):
    """(grad_q, grad_k, grad_v) of the result of ``attention(q, k, v)``, for matrices.

    Without backward(). Go back step by step: the product with v, the softmax (see lesson 2), the
    scale, the product of q and k.
    """
    raise NotImplementedError


def generate(model, tokens, count):
    """``tokens``, a list of integers, and ``count`` more, each the likeliest after those before.

    ``model`` takes a tensor of tokens (n,) and gives the scores of what follows each, (n, kinds).
    """
    raise NotImplementedError
