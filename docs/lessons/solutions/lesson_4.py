"""Lesson 4: a convolution's gradient. For the teacher."""

import minitorch as torch


def output_size(n, k, padding=0, stride=1):
    """How many places a window of ``k`` has on ``n`` numbers with ``padding`` zeros at both ends.

    Of those places each ``stride``-th is used, the first one included.
    """
    return (n + 2 * padding - k) // stride + 1


def conv2d(x, w):
    """y[i, j] = sum of x[i : i + h, j : j + k] * w, for matrices x and w (h rows, k columns)."""
    h, k = w.shape
    rows, columns = output_size(x.shape[0], h), output_size(x.shape[1], k)
    return torch.stack([
        torch.stack([(x[i : i + h, j : j + k] * w).sum() for j in range(columns)])
        for i in range(rows)
    ])  # fmt: skip


def kernel_rule(g, x, w):
    """grad_w of conv2d(x, w); use conv2d."""
    return conv2d(x, g)


def picture_rule(g, x, w):
    """grad_x of conv2d(x, w); use conv2d, and F.pad or torch.zeros to pad."""
    h, k = w.shape
    padded = torch.zeros(g.shape[0] + 2 * (h - 1), g.shape[1] + 2 * (k - 1))
    padded[h - 1 : h - 1 + g.shape[0], k - 1 : k - 1 + g.shape[1]] = g
    return conv2d(padded, w.flip(0, 1))


def strided_rule(g, n, w, stride):
    """grad_x of y_i = sum_j x[stride * i + j] * w[j], for x of length n: vectors.

    Numbers at the end that no window reaches have gradient 0.
    """
    gradient = torch.zeros(n)
    for i in range(len(g)):
        gradient[stride * i : stride * i + len(w)] += g[i] * w
    return gradient


def max_pool_rule(g, x, k):
    """grad_x of the maxima over k x k tiles of the matrix x, whose sizes are multiples of k.

    A tile's gradient goes to its largest element alone. (The tests have no ties.)
    """
    gradient = torch.zeros_like(x)
    for i in range(g.shape[0]):
        for j in range(g.shape[1]):
            tile = (slice(i * k, i * k + k), slice(j * k, j * k + k))
            gradient[tile] = g[i, j] * (x[tile] == x[tile].max())
    return gradient
