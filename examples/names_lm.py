"""Invents first names: a multilayer perceptron that reads three letters and guesses the next.

    python examples/names_lm.py [--steps 20000] [--seed 0] [--picture names_lm.png]

The names are the US census's, from the PyPI package `names`; matplotlib and tqdm are needed too.
Take the prefix "mini" away and it is a PyTorch program. The model is that of Bengio et al., "A
neural probabilistic language model" (https://www.jmlr.org/papers/v3/bengio03a.html).
"""

import argparse

import matplotlib
import minitorch as torch
from minitorch import nn

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import names
from tqdm import tqdm

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--steps", type=int, default=20_000)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--picture", default="names_lm.png")
options = parser.parse_args()

CONTEXT, BATCH = 3, 64
LETTERS = ".abcdefghijklmnopqrstuvwxyz"  # the dot begins and ends a name

# The 5,163 different first names, a tenth of them kept for validation. The initial weights come
# from the global generator; the split, the batches and the samples each from one of their own.
torch.manual_seed(options.seed)
split, batches, dice = (torch.Generator().manual_seed(options.seed) for _ in range(3))
words = set()
for group in ("first:female", "first:male"):
    with open(names.FILES[group]) as census:
        words.update(line.split()[0].lower() for line in census)
words = sorted(words)
order = torch.randperm(len(words), generator=split).tolist()
held_out = len(words) // 10


def examples(words):
    """Contexts (n, 3) and the letters (n,) that follow them."""
    contexts, following = [], []
    for word in words:
        indices = [0] * CONTEXT + [LETTERS.index(letter) for letter in word] + [0]
        for end in range(CONTEXT, len(indices)):
            contexts.append(indices[end - CONTEXT : end])
            following.append(indices[end])
    return torch.tensor(contexts), torch.tensor(following)


x, y = examples([words[k] for k in order[held_out:]])
val_x, val_y = examples([words[k] for k in order[:held_out]])
print(f"{len(words):,} names: {len(x):,} letters to learn from, {len(val_x):,} for validation")

embedding = nn.Embedding(len(LETTERS), 16)
model = nn.Sequential(
    embedding,
    nn.Flatten(),
    nn.Linear(CONTEXT * 16, 128),
    nn.Tanh(),
    nn.Linear(128, len(LETTERS)),
)
print(f"{sum(p.numel() for p in model.parameters()):,} parameters")
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.1)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, options.steps)


@torch.no_grad()
def losses():
    return [criterion(model(x), y).item(), criterion(model(val_x), val_y).item()]


@torch.no_grad()
def invent():
    indices = [0] * CONTEXT
    while len(indices) < 20:
        probabilities = model(torch.tensor([indices[-CONTEXT:]])).softmax(dim=-1)
        letter = torch.multinomial(probabilities, 1, generator=dice).item()
        if letter == 0:
            break
        indices.append(letter)
    return "".join(LETTERS[k] for k in indices[CONTEXT:]).capitalize()


every = max(options.steps // 40, 1)
history = [(0, *losses())]
bar = tqdm(range(1, options.steps + 1), unit="step")
for step in bar:
    batch = torch.randint(0, len(x), (BATCH,), generator=batches)
    optimizer.zero_grad()
    loss = criterion(model(x[batch]), y[batch])
    loss.backward()
    optimizer.step()
    scheduler.step()
    if step % every == 0:
        history.append((step, *losses()))
        bar.set_postfix(train=f"{history[-1][1]:.3f}", validation=f"{history[-1][2]:.3f}")

train, validation = losses()
print(f"Loss per letter: training {train:.4f}, validation {validation:.4f} nats")
known = {word.capitalize() for word in words}
print("Invented (a star: such a name exists):")
for _ in range(5):
    row = [name + "*" * (name in known) for name in (invent() for _ in range(8))]
    print("   ", *(f"{name:12}" for name in row))

# The losses on the left; on the right the letters in the plane of their largest variance.
figure, (left, right) = plt.subplots(1, 2, figsize=(12, 5), layout="constrained")
steps, train_losses, validation_losses = zip(*history)
left.plot(steps, train_losses, label="training")
left.plot(steps, validation_losses, label="validation")
left.set(xlabel="step", ylabel="cross-entropy per letter (nats)")
left.legend()
table = embedding.weight.detach()
centred = table - table.mean(dim=0)
_, _, axes = torch.linalg.svd(centred, full_matrices=False)
for letter, (across, up) in zip(LETTERS, (centred @ axes[:2].T).tolist(), strict=True):
    sign = "end" if letter == "." else letter
    color = "tab:red" if letter in "aeiou" else "tab:gray" if letter == "." else "tab:blue"
    right.text(across, up, sign, color=color, ha="center", va="center", fontsize=15)
    right.plot(across, up, alpha=0)  # so that the axes take it in
right.set_title("What it made of the letters: two principal components")
figure.savefig(options.picture, dpi=110)
print(f"Losses and letters: {options.picture}")
