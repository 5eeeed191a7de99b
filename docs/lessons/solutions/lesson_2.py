"""Lesson 2: arrays and broadcasting. For the teacher."""

from itertools import zip_longest

import numpy as np


def broadcast_shape(a, b):
    """The shape of x + y, for x of shape ``a`` and y of shape ``b``; ValueError if there is none.

    Do not ask NumPy: compare the sizes, from the last to the first.
    """
    shape = []
    for m, n in zip_longest(reversed(a), reversed(b), fillvalue=1):
        if m != n and 1 not in (m, n):
            raise ValueError(f"{a} and {b} cannot be broadcast: {m} against {n}")
        shape.append(n if m == 1 else m)
    return tuple(reversed(shape))


def unbroadcast(gradient, shape):
    """Sums ``gradient``, an array, to ``shape``, from which it had been broadcast."""
    missing = gradient.ndim - len(shape)
    gradient = gradient.sum(tuple(range(missing)))
    return gradient.sum(tuple(d for d, n in enumerate(shape) if n == 1), keepdims=True)


def matmul_rule(g, a, b):
    """(grad_a, grad_b) of ``a @ b``, two matrices, where ``g`` is the gradient of the product."""
    return g @ b.T, a.T @ g


def mean_rule(g, x, dim):
    """grad_x of ``x.mean(dim)``: each element of ``g`` goes back to what it is the mean of."""
    return np.broadcast_to(np.expand_dims(g, dim) / x.shape[dim], x.shape)


def softmax_rule(g, y):
    """grad_x of ``y = softmax(x)`` along the last dimension, y_i = exp(x_i) / sum_k exp(x_k).

    Show first, on paper, that dy_i / dx_j = y_i (1 if i = j else 0) - y_i y_j.
    """
    return y * (g - (g * y).sum(-1, keepdims=True))
