"""Lesson 3: the MLP and its loss. Replace each ``raise NotImplementedError`` by your code."""

import minitorch as torch


def log_softmax(scores):
    """log p_i of each row of ``scores``, (points, kinds), with elementary operations.

    Must be right for scores of 1000 and more.
    """
    raise NotImplementedError


def cross_entropy(scores, kinds):
    """The mean over all points of -log p of the true kind; use your log_softmax."""
    raise NotImplementedError


def cross_entropy_rule(scores, kinds):
    """The gradient of ``cross_entropy`` for the scores, by its formula: without backward()."""
    raise NotImplementedError


def accuracy(scores, kinds):
    """The share of points, a Python float, whose highest score is that of the true kind."""
    raise NotImplementedError


def train(network, parameters, points, kinds, rate, steps):
    """Gradient descent on your cross_entropy of ``network(points)``; the list of all losses.

    ``parameters`` are leaves with requires_grad, to be changed in place. No optimizer of optim.
    """
    raise NotImplementedError
