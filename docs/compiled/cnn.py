"""A step of a network of two convolutions."""

import minitorch as torch
import minitorch.nn.functional as F
from minitorch import nn


class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.head = nn.Linear(16 * 7 * 7, 10)

    def forward(self, image):
        hidden = F.max_pool2d(F.relu(self.conv1(image)), 2)
        hidden = F.max_pool2d(F.relu(self.conv2(hidden)), 2)
        return self.head(hidden.flatten(1))


model = CNN()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
inputs = torch.randn(16, 1, 28, 28), torch.randint(0, 10, (16,))


def step(image, label):
    optimizer.zero_grad()
    logits = model(image)
    loss = F.cross_entropy(logits, label)
    loss.backward()
    optimizer.step()
    return loss
