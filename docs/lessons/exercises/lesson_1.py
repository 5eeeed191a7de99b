"""Lesson 1: a scalar engine. Replace each ``raise NotImplementedError`` by your code."""

import math


class Value:
    """A number that remembers what it was made of."""

    def __init__(self, data, parents=(), slopes=()):
        self.data = data
        self.grad = 0.0
        self.parents = parents
        self.slopes = slopes


def add(x, y):
    """x + y (done for you)"""
    return Value(x.data + y.data, (x, y), (1.0, 1.0))


def mul(x, y):
    """x * y (done for you)"""
    return Value(x.data * y.data, (x, y), (y.data, x.data))


def slope(f, x, h=1e-5):
    """The derivative of the function ``f`` (of a plain number) at ``x``, measured to both sides."""
    raise NotImplementedError


def sub(x, y):
    """x - y"""
    raise NotImplementedError


def div(x, y):
    """x / y"""
    raise NotImplementedError


def exp(x):
    """e to the x (math.exp)"""
    raise NotImplementedError


def relu(x):
    """x where x is positive, else 0; the slope at 0 is 0"""
    raise NotImplementedError


def backward(last):
    """Sets ``grad`` of all values that ``last`` was made of."""
    raise NotImplementedError


def minimum(f, start, rate=0.1, steps=100):
    """The number where ``f``, a function from Value to Value, is smallest: descend from start."""
    raise NotImplementedError
