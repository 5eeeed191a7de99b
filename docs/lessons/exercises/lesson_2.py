"""Lesson 2: arrays and broadcasting. Replace each ``raise NotImplementedError`` by your code."""

import numpy as np


def broadcast_shape(a, b):
    """The shape of x + y, for x of shape ``a`` and y of shape ``b``; ValueError if there is none.

    Do not ask NumPy: compare the sizes, from the last to the first.
    """
    raise NotImplementedError


def unbroadcast(gradient, shape):
    """Sums ``gradient``, an array, to ``shape``, from which it had been broadcast."""
    raise NotImplementedError


def matmul_rule(g, a, b):
    """(grad_a, grad_b) of ``a @ b``, two matrices, where ``g`` is the gradient of the product."""
    raise NotImplementedError


def mean_rule(g, x, dim):
    """grad_x of ``x.mean(dim)``: each element of ``g`` goes back to what it is the mean of."""
    raise NotImplementedError


def softmax_rule(g, y):
    """grad_x of ``y = softmax(x)`` along the last dimension, y_i = exp(x_i) / sum_k exp(x_k).

    Show first, on paper, that dy_i / dx_j = y_i (1 if i = j else 0) - y_i y_j.
    """
    raise NotImplementedError
