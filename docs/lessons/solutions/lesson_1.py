"""Lesson 1: a scalar engine. For the teacher."""

import math


class Value:
    """A number that remembers what it was made of."""

    def __init__(self, data, parents=(), slopes=()):
        self.data = data
        self.grad = 0.0
        self.parents = parents
        self.slopes = slopes


def add(x, y):
    """x + y"""
    return Value(x.data + y.data, (x, y), (1.0, 1.0))


def mul(x, y):
    """x * y"""
    return Value(x.data * y.data, (x, y), (y.data, x.data))


def slope(f, x, h=1e-5):
    """The derivative of the function ``f`` (of a plain number) at ``x``, measured to both sides."""
    return (f(x + h) - f(x - h)) / (2 * h)


def sub(x, y):
    """x - y"""
    return Value(x.data - y.data, (x, y), (1.0, -1.0))


def div(x, y):
    """x / y"""
    return Value(x.data / y.data, (x, y), (1 / y.data, -x.data / y.data**2))


def exp(x):
    """e to the x (math.exp)"""
    e = math.exp(x.data)
    return Value(e, (x,), (e,))


def relu(x):
    """x where x is positive, else 0; the slope at 0 is 0"""
    return Value(max(x.data, 0.0), (x,), (float(x.data > 0),))


def backward(last):
    """Sets ``grad`` of all values that ``last`` was made of."""
    found, seen = [], set()

    def visit(value):
        if value not in seen:
            seen.add(value)
            for parent in value.parents:
                visit(parent)
            found.append(value)

    visit(last)
    for value in found:
        value.grad = 0.0
    last.grad = 1.0
    for value in reversed(found):
        for parent, slope in zip(value.parents, value.slopes, strict=True):
            parent.grad += value.grad * slope


def minimum(f, start, rate=0.1, steps=100):
    """The number where ``f``, a function from Value to Value, is smallest: descend from start."""
    x = start
    for _ in range(steps):
        value = Value(x)
        backward(f(value))
        x -= rate * value.grad
    return x
