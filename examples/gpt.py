"""Writes like Python's manual: a small GPT that learns its pages letter by letter.

    python examples/gpt.py [--steps 1500] [--seed 0] [--length 400] [--prompt "The "] [--picture P]

The text is `pydoc_data.topics`, which every Python carries; tqdm is needed beside MiniTorch, and
matplotlib for a picture. Take the prefix "mini" away and it is a PyTorch program. The model is that
of Radford et al., "Language models are unsupervised multitask learners": normalization first, GELU,
tied embeddings.
"""

import argparse
import math
from pydoc_data import topics
from textwrap import wrap

import minitorch as torch
import minitorch.nn.functional as F
from minitorch import nn
from tqdm import tqdm

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--steps", type=int, default=1500)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--length", type=int, default=400, help="characters to write at the end")
parser.add_argument("--prompt", default="The ")
parser.add_argument("--picture", help="a file for a picture of the losses and the writing")
options = parser.parse_args()

LAYERS, HEADS, WIDTH, CONTEXT, BATCH = 4, 4, 128, 64, 12
WARM_UP, RATE, LAST_RATE = 100, 2e-3, 1e-4


class Attention(nn.Module):
    """Each letter gathers from those before it what its queries ask for."""

    def __init__(self):
        super().__init__()
        self.queries_keys_values = nn.Linear(WIDTH, 3 * WIDTH)
        self.projection = nn.Linear(WIDTH, WIDTH)

    def forward(self, x):
        batch, length, _ = x.shape
        q, k, v = (
            part.view(batch, length, HEADS, WIDTH // HEADS).transpose(1, 2)
            for part in self.queries_keys_values(x).split(WIDTH, dim=2)
        )
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.projection(y.transpose(1, 2).reshape(batch, length, WIDTH))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.attention = nn.LayerNorm(WIDTH), Attention()
        self.norm2, self.expansion = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 4 * WIDTH)
        self.projection = nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.projection(F.gelu(self.expansion(self.norm2(x)), approximate="tanh"))


class GPT(nn.Module):
    def __init__(self, letters):
        super().__init__()
        self.letters, self.places = nn.Embedding(letters, WIDTH), nn.Embedding(CONTEXT, WIDTH)
        self.blocks = nn.Sequential(*(Block() for _ in range(LAYERS)))
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, letters, bias=False)
        self.head.weight = self.letters.weight
        for name, p in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(p)
            elif p.ndim == 2:  # the sum of 2 LAYERS branches keeps its variance
                shrink = math.sqrt(2 * LAYERS) if "projection" in name else 1
                nn.init.normal_(p, std=0.02 / shrink)

    def forward(self, indices):
        x = self.letters(indices) + self.places(torch.arange(indices.shape[1]))
        return self.head(self.norm(self.blocks(x)))

    @torch.no_grad()
    def write(self, indices, length):
        for _ in range(length):
            logits = self(indices[:, -CONTEXT:])[:, -1]
            following = torch.multinomial((logits / 0.8).softmax(dim=-1), 1)
            indices = torch.cat([indices, following], dim=1)
        return indices


torch.manual_seed(options.seed)
text = "\n".join(topics.topics[title] for title in sorted(topics.topics))
alphabet = sorted(set(text))
index = {letter: k for k, letter in enumerate(alphabet)}
data = torch.tensor([index[letter] for letter in text])
train, validation = data[: len(data) * 9 // 10], data[len(data) * 9 // 10 :]
window = torch.arange(CONTEXT)


def batch(data, size=BATCH):
    """Pieces of the text (size, CONTEXT), and the same one letter on."""
    start = torch.randint(0, len(data) - CONTEXT, (size, 1))
    return data[start + window], data[start + window + 1]


def loss_of(x, y):
    return F.cross_entropy(model(x).flatten(0, 1), y.flatten())


@torch.no_grad()
def validation_loss():
    return loss_of(*pieces).item()


model = GPT(len(alphabet))
pieces = batch(validation, 128)
matrices = [p for p in model.parameters() if p.ndim >= 2]
others = [p for p in model.parameters() if p.ndim < 2]  # biases and normalizations do not decay
groups = [{"params": matrices, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
optimizer = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.99))


def schedule(step):
    """A straight climb, then a cosine from RATE to LAST_RATE."""
    done = max(step - WARM_UP, 0) / max(options.steps - WARM_UP, 1)
    cosine = LAST_RATE + (RATE - LAST_RATE) * (1 + math.cos(math.pi * done)) / 2
    return min((step + 1) / WARM_UP, 1) * cosine / RATE


scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, schedule)
print(f"{len(text):,} characters, {len(alphabet)} different")
print(f"{sum(p.numel() for p in model.parameters()):,} parameters")
history = []
bar = tqdm(range(1, options.steps + 1), unit="step")
for step in bar:
    optimizer.zero_grad()
    loss = loss_of(*batch(train))
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    scheduler.step()
    if step % 50 == 0 or step == options.steps:
        history.append((step, loss.item(), validation_loss()))
        bar.set_postfix(loss=f"{history[-1][1]:.3f}", validation=f"{history[-1][2]:.3f}")

print(f"Loss per character: validation {validation_loss():.4f} nats")
prompt = torch.tensor([[index[letter] for letter in options.prompt]])
written = model.write(prompt, options.length)[0].tolist()
writing = "".join(alphabet[k] for k in written)
print(writing)

if options.picture:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4), layout="constrained")
    steps, losses, validations = zip(*history)
    left.plot(steps, losses, label="training, one batch")
    left.plot(steps, validations, label="validation")
    left.set(xlabel="step", ylabel="cross-entropy per letter (nats)")
    left.legend()
    lines = [part for line in writing.splitlines() for part in wrap(line, 66) or [""]]
    right.text(0, 1, "\n".join(lines), family="monospace", va="top", parse_math=False)
    right.set_title("What it writes")
    right.axis("off")
    figure.savefig(options.picture, dpi=90)
    print(f"Losses and writing: {options.picture}")
