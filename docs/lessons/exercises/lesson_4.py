"""Lesson 4: a convolution's gradient. Replace each ``raise NotImplementedError`` by your code."""

import minitorch as torch


def output_size(n, k, padding=0, stride=1):
    """How many places a window of ``k`` has on ``n`` numbers with ``padding`` zeros at both ends.

    Of those places each ``stride``-th is used, the first one included.
    """
    raise NotImplementedError


def conv2d(x, w):
    """y[i, j] = sum of x[i : i + h, j : j + k] * w, for matrices x and w (h rows, k columns)."""
    raise NotImplementedError


def kernel_rule(g, x, w):
    """grad_w of conv2d(x, w); use conv2d."""
    raise NotImplementedError


def picture_rule(g, x, w):
    """grad_x of conv2d(x, w); use conv2d, and F.pad or torch.zeros to pad."""
    raise NotImplementedError


def strided_rule(g, n, w, stride):
    """grad_x of y_i = sum_j x[stride * i + j] * w[j], for x of length n: vectors.

    Numbers at the end that no window reaches have gradient 0.
    """
    raise NotImplementedError


def max_pool_rule(g, x, k):
    """grad_x of the maxima over k x k tiles of the matrix x, whose sizes are multiples of k.

    A tile's gradient goes to its largest element alone. (The tests have no ties.)
    """
    raise NotImplementedError
