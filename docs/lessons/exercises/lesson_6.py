"""Lesson 6: optimizers. Replace each ``raise NotImplementedError`` by your code."""

import math

import minitorch as torch


def largest_rate(hessian):
    """The learning rate above which gradient descent runs away, for f(x) = x @ hessian @ x / 2."""
    raise NotImplementedError


class Momentum:
    """v = mu v + g; x = x - lr v. (PyTorch's SGD with momentum.)"""

    def __init__(self, lr, mu=0.9):
        self.lr, self.mu = lr, mu

    def step(self, x, g):
        """The new x; the velocity is kept in self, and is 0 before the first step."""
        raise NotImplementedError


class Adam:
    """Adam, as the lesson has it."""

    def __init__(self, lr=0.001, b1=0.9, b2=0.999, eps=1e-8):
        self.lr, self.b1, self.b2, self.eps = lr, b1, b2, eps

    def step(self, x, g):
        """The new x; what Adam remembers is kept in self."""
        raise NotImplementedError


class AdamW(Adam):
    """Adam; before its step x is multiplied by 1 - lr * decay. The gradient knows nothing of it."""

    def __init__(self, lr=0.001, b1=0.9, b2=0.999, eps=1e-8, decay=0.01):
        super().__init__(lr, b1, b2, eps)
        self.decay = decay

    def step(self, x, g):
        """The new x."""
        raise NotImplementedError


def warmup_cosine(step, warmup, total, lr):
    """The learning rate of step 0, 1, ..., total.

    It rises in a straight line from 0 at step 0 to ``lr`` at step ``warmup``, and falls from there
    as half a cosine to 0 at step ``total``.
    """
    raise NotImplementedError


def clip(gradients, length):
    """The tensors, all scaled by one factor so that together they are at most ``length`` long.

    Together means: as one long vector. Shorter gradients stay as they are.
    """
    raise NotImplementedError
