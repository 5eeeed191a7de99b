"""A classifier of points on spirals: mini-batches, dropout that is off, accuracy at the end."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(1)


def spirals(n, classes=3):
    t = torch.rand(n)
    label = torch.randint(0, classes, (n,))
    angle = 4 * t + label * (2 * math.pi / classes) + 0.1 * torch.randn(n)
    return torch.stack([t * torch.sin(angle), t * torch.cos(angle)], dim=1), label


class Net(nn.Module):
    def __init__(self, dropout=0.0):
        super().__init__()
        self.fc1 = nn.Linear(2, 64)
        self.fc2 = nn.Linear(64, 64)
        self.fc3 = nn.Linear(64, 3)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        x = self.dropout(F.relu(self.fc1(x)))
        x = self.dropout(torch.tanh(self.fc2(x)))
        return F.log_softmax(self.fc3(x), dim=1)


dataset = TensorDataset(*spirals(600))
train, test = random_split(dataset, [0.8, 0.2], generator=torch.Generator().manual_seed(42))
loader = DataLoader(train, batch_size=32, shuffle=True)
model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)

for epoch in range(4):
    model.train()
    for data, target in loader:
        optimizer.zero_grad()
        loss = F.nll_loss(model(data), target)
        loss.backward()
        optimizer.step()
        print("loss", loss.item())
    scheduler.step()

model.eval()
correct = 0
with torch.no_grad():
    for data, target in DataLoader(test, batch_size=50):
        prediction = model(data).argmax(dim=1, keepdim=True)
        correct += prediction.eq(target.view_as(prediction)).sum().item()
print(f"accuracy {correct / len(test):.3f}")
