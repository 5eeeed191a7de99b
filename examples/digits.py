"""Recognises handwritten digits: scikit-learn's 1,797 images, a small network, thirty epochs.

    python examples/digits.py [picture]

Writes the picture, by default digits.png, and beside it backprop.html: one training step, to be
walked through in a browser. Needs scikit-learn, matplotlib and tqdm beside MiniTorch. Take the
prefix "mini" and the last step's page away and it is a PyTorch program.
"""

import sys
from pathlib import Path

import matplotlib
import minitorch as torch
from minitorch import nn

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from plots import curves
from sklearn.datasets import load_digits
from tqdm import tqdm

torch.manual_seed(0)

# The images, 8x8 with values 0 to 16, shuffled and split: 1,437 to learn from, 360 to be tested on.
digits = load_digits()
order = torch.randperm(len(digits.target))
images = torch.tensor(digits.data, dtype=torch.float32)[order] / 16
labels = torch.tensor(digits.target)[order]
train_images, train_labels = images[:1437], labels[:1437]
test_images, test_labels = images[1437:], labels[1437:]

model = nn.Sequential(
    nn.Linear(64, 128),
    nn.ReLU(),
    nn.Dropout(0.2),
    nn.Linear(128, 64),
    nn.ReLU(),
    nn.Linear(64, 10),
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)


def accuracy(images, labels):
    model.eval()
    with torch.no_grad():
        predicted = model(images).argmax(dim=1)
    model.train()
    return (predicted == labels).float().mean().item(), predicted


losses, train_accuracy, test_accuracy = [], [], []
bar = tqdm(range(30), unit="epoch")
for _ in bar:
    total = 0.0
    for batch in torch.randperm(len(train_images)).split(32):
        optimizer.zero_grad()
        loss = criterion(model(train_images[batch]), train_labels[batch])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(batch)
    losses.append(total / len(train_images))
    train_accuracy.append(accuracy(train_images, train_labels)[0])
    test_accuracy.append(accuracy(test_images, test_labels)[0])
    bar.set_postfix(loss=f"{losses[-1]:.4f}", accuracy=f"{test_accuracy[-1]:.2%}")

reached, predicted = accuracy(test_images, test_labels)
wrong = int((predicted != test_labels).sum().item())
print(f"Test accuracy: {reached:.2%} ({wrong} of {len(test_labels)} held-out digits mistaken)")

# Curves on the left; on the right what the model says of test digits, mistakes first and in red.
figure = plt.figure(figsize=(12, 5), layout="constrained")
left, right = figure.subfigures(1, 2)
both = {"training": train_accuracy, "test": test_accuracy}
curves(left, xlabel="epoch", loss=losses, accuracy=both)
left.suptitle(f"{reached:.2%} of the held-out digits recognised")
shown = (predicted == test_labels).long().argsort(stable=True)[:28]
for axis, k in zip(right.subplots(4, 7).flat, shown.tolist(), strict=True):
    said, true = predicted[k].item(), test_labels[k].item()
    axis.imshow(test_images[k].reshape(8, 8).numpy(), cmap="gray_r")
    axis.set_title(f"{said}" if said == true else f"{said}, is {true}", fontsize=10)
    axis.title.set_color("black" if said == true else "tab:red")
    axis.axis("off")
right.suptitle("What it says of test digits")
picture = Path(sys.argv[1] if len(sys.argv) > 1 else "digits.png")
figure.savefig(picture, dpi=110)
print(f"Curves and predictions: {picture}")

# One more step, recorded: each operation and its gradient, with their numbers.
with torch.explain() as page:
    optimizer.zero_grad()
    loss = criterion(model(train_images[:32]), train_labels[:32])
    loss.backward()
    optimizer.step()
backprop = page.save(picture.with_name("backprop.html"))
print(
    f"Where to look next: open {backprop} in a browser, that step's backward pass to walk through"
)
