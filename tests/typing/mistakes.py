"""Mistakes: both checkers must report each line that ends in ``# wrong``, and no other."""

import minitorch as torch
from minitorch import nn

x = torch.randn(3)
x.foo  # wrong
torch.zeroes(3)  # wrong
nn.Liner(3, 4)  # wrong
x.exp(1, 2)  # wrong
torch.zeros("three")  # wrong
torch.exp([1.0])  # wrong
nn.Linear(3)  # wrong
x.reshape(2.5)  # wrong
torch.optim.SGD(nn.Linear(2, 2).parameters(), learning_rate=0.1)  # wrong
x + "one"  # wrong
x.sum(dim="rows")  # wrong
x.float(1, 2)  # wrong
