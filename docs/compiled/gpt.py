"""A step of a GPT of one block."""

import minitorch as torch
import minitorch.nn.functional as F
from minitorch import nn


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        batch, length, width = x.shape
        qkv = self.qkv(self.norm1(x)).view(batch, length, 3, self.heads, -1)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(attended.transpose(1, 2).reshape(batch, length, width))
        hidden = F.gelu(self.up(self.norm2(x)))
        return x + self.down(hidden)


class GPT(nn.Module):
    def __init__(self, letters=65, length=32, width=64, heads=4):
        super().__init__()
        self.letters = nn.Embedding(letters, width)
        self.places = nn.Embedding(length, width)
        self.block = Block(width, heads)
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, letters, bias=False)

    def forward(self, text):
        places = torch.arange(text.shape[1])
        embedded = self.letters(text) + self.places(places)
        return self.head(self.norm(self.block(embedded)))


model = GPT()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
inputs = torch.randint(0, 65, (8, 32)), torch.randint(0, 65, (8, 32))


def step(text, following):
    optimizer.zero_grad()
    logits = model(text)
    loss = F.cross_entropy(logits.flatten(0, 1), following.flatten())
    loss.backward()
    optimizer.step()
    return loss
