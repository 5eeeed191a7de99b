"""A step of a perceptron of one hidden layer."""

import minitorch as torch
import minitorch.nn.functional as F
from minitorch import nn


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(10, 100)
        self.out = nn.Linear(100, 5)

    def forward(self, x):
        hidden = torch.tanh(self.hidden(x))
        return self.out(hidden)


model = MLP()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
inputs = torch.randn(64, 10), torch.randint(0, 5, (64,))


def step(x, y):
    optimizer.zero_grad()
    logits = model(x)
    loss = F.cross_entropy(logits, y)
    loss.backward()
    optimizer.step()
    return loss
