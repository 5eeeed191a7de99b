"""Recognises handwritten digits with convolutions: LeNet's shape, the digits moved as it learns.

    python examples/digits_cnn.py [--steps 1350] [--seed 0] [--picture digits_cnn.png]

Needs scikit-learn, matplotlib and tqdm beside MiniTorch. Take the prefix "mini" away and it is a
PyTorch program. The model follows LeCun et al., "Gradient-based learning applied to document
recognition" (http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf).
"""

import argparse

import matplotlib
import minitorch as torch
import minitorch.nn.functional as F
from minitorch import nn

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from plots import curves
from sklearn.datasets import load_digits
from tqdm import tqdm

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--steps", type=int, default=1350, help="45 are an epoch")
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--picture", default="digits_cnn.png")
options = parser.parse_args()

torch.manual_seed(options.seed)
BATCH = 32

# The images, 8x8 with values 0 to 16, shuffled and split: 1,437 to learn from, 360 to be tested on.
digits = load_digits()
order = torch.randperm(len(digits.target))
images = torch.tensor(digits.images, dtype=torch.float32)[order].unsqueeze(1) / 16
labels = torch.tensor(digits.target)[order]
train_images, train_labels = images[:1437], labels[:1437]
test_images, test_labels = images[1437:], labels[1437:]

model = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1),
    nn.BatchNorm2d(16),
    nn.ReLU(),
    nn.MaxPool2d(2),  # 16 maps of 4x4
    nn.Conv2d(16, 32, 3, padding=1),
    nn.BatchNorm2d(32),
    nn.ReLU(),
    nn.MaxPool2d(2),  # 32 maps of 2x2
    nn.Flatten(),
    nn.Linear(32 * 2 * 2, 64),
    nn.ReLU(),
    nn.Dropout(0.3),
    nn.Linear(64, 10),
)
print(f"{sum(p.numel() for p in model.parameters()):,} parameters")
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-2)
scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=options.steps)


def moved(images):
    """Each image moved by -1, 0 or 1 pixels down and across."""
    n, _, height, width = images.shape
    down, across = torch.randint(0, 3, (2, n, 1, 1))
    rows = torch.arange(height).view(1, height, 1) + down
    columns = torch.arange(width).view(1, 1, width) + across
    padded = F.pad(images, (1, 1, 1, 1))
    return padded[torch.arange(n).view(n, 1, 1), 0, rows, columns].unsqueeze(1)


def accuracy(images, labels):
    model.eval()
    with torch.no_grad():
        logits = model(images)
    model.train()
    return (logits.argmax(dim=1) == labels).float().mean().item(), logits.softmax(dim=1)


losses, epochs, train_accuracy, test_accuracy = [], [], [], []
bar = tqdm(total=options.steps, unit="step")
while bar.n < options.steps:
    for batch in torch.randperm(len(train_images)).split(BATCH)[: options.steps - bar.n]:
        optimizer.zero_grad()
        loss = criterion(model(moved(train_images[batch])), train_labels[batch])
        loss.backward()
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
        bar.update()
    epochs.append(bar.n)
    train_accuracy.append(accuracy(train_images, train_labels)[0])
    test_accuracy.append(accuracy(test_images, test_labels)[0])
    bar.set_postfix(loss=f"{losses[-1]:.4f}", accuracy=f"{test_accuracy[-1]:.2%}")
bar.close()

reached, probabilities = accuracy(test_images, test_labels)
predicted = probabilities.argmax(dim=1)
wrong = int((predicted != test_labels).sum().item())
print(f"Test accuracy: {reached:.2%} ({wrong} of {len(test_labels)} held-out digits mistaken)")

# Curves on the left; on the right the first layer's filters, and the test digits to whose true
# label the model gives the least probability: mistakes first, in red.
figure = plt.figure(figsize=(12, 5), layout="constrained")
left, right = figure.subfigures(1, 2)
both = {"training": train_accuracy, "test": test_accuracy}
curves(left, epochs, loss=losses, accuracy=both)
left.suptitle(f"{reached:.2%} of the held-out digits recognised")
upper, lower = right.subfigures(2, 1)
filters = model[0].weight.detach()
for axis, kernel in zip(upper.subplots(2, 8).flat, filters.squeeze(1), strict=True):
    axis.imshow(kernel.numpy(), cmap="RdBu", vmin=-1, vmax=1)
    axis.axis("off")
upper.suptitle("The first layer's filters (blue: positive)")
hardest = probabilities.gather(1, test_labels.unsqueeze(1)).flatten().argsort()[:16]
for axis, k in zip(lower.subplots(2, 8).flat, hardest.tolist(), strict=True):
    said, true = predicted[k].item(), test_labels[k].item()
    axis.imshow(test_images[k, 0].numpy(), cmap="gray_r")
    axis.set_title(f"{said}" if said == true else f"{said}, is {true}", fontsize=10)
    axis.title.set_color("black" if said == true else "tab:red")
    axis.axis("off")
lower.suptitle("What it says of the hardest test digits")
figure.savefig(options.picture, dpi=110)
print(f"Curves, filters and predictions: {options.picture}")
