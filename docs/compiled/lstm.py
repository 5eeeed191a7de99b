"""A step of an LSTM that classifies sequences."""

import minitorch as torch
import minitorch.nn.functional as F
from minitorch import nn


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(32, 64, batch_first=True)
        self.head = nn.Linear(64, 8)

    def forward(self, x):
        states, _ = self.lstm(x)
        return self.head(states[:, -1])


model = Classifier()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
inputs = torch.randn(16, 50, 32), torch.randint(0, 8, (16,))


def step(x, y):
    optimizer.zero_grad()
    logits = model(x)
    loss = F.cross_entropy(logits, y)
    loss.backward()
    optimizer.step()
    return loss
