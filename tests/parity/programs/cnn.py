"""A convolutional network with batch normalisation on pictures of bars."""

import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(3)


class Bars(Dataset):
    """Noise with a bright row (0), column (1) or diagonal (2)."""

    def __init__(self, n):
        self.labels = torch.randint(3, (n,))
        self.pictures = 0.3 * torch.randn(n, 1, 12, 12)
        for picture, label in zip(self.pictures, self.labels.tolist()):
            where = int(torch.randint(12, ()).item())
            if label == 0:
                picture[0, where] += 1
            elif label == 1:
                picture[0, :, where] += 1
            else:
                picture[0].diagonal().add_(1)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.pictures[i], self.labels[i]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d((2, 2)),
        )
        self.classifier = nn.Linear(16 * 4, 3)

    def forward(self, x):
        x = self.features(x)
        return self.classifier(torch.flatten(x, 1))


loader = DataLoader(Bars(256), batch_size=16, shuffle=True, num_workers=0)
net = Net()
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(net.parameters(), lr=0.02, momentum=0.9, weight_decay=5e-4)
scheduler = optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.02, total_steps=4 * len(loader))
net.train()
for epoch in range(4):
    for inputs, labels in loader:
        optimizer.zero_grad(set_to_none=True)
        loss = criterion(net(inputs), labels)
        loss.backward()
        optimizer.step()
        scheduler.step()
        print("loss", loss.item())

net.eval()
with torch.inference_mode():
    inputs, labels = next(iter(DataLoader(Bars(64), batch_size=64)))
    print("loss", criterion(net(inputs), labels).item())
