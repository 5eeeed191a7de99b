"""A training loop with prepare, accumulate, clipping and saved states."""

import tempfile

import torch
from accelerate import Accelerator, init_empty_weights
from accelerate.utils import set_seed
from torch.utils.data import DataLoader, TensorDataset

set_seed(0)
accelerator = Accelerator(cpu=True, gradient_accumulation_steps=2)
model, x = torch.nn.Linear(4, 1), torch.randn(32, 4)
optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
data = DataLoader(TensorDataset(x, x.sum(1, keepdim=True)), 8, shuffle=True)
model, optimizer, data = accelerator.prepare(model, optimizer, data)
for epoch in range(3):
    for inputs, target in data:
        with accelerator.accumulate(model):
            loss = torch.nn.functional.mse_loss(model(inputs), target)
            accelerator.backward(loss)
            accelerator.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
    print(epoch, loss.item())
with tempfile.TemporaryDirectory() as folder:
    accelerator.save_state(folder)
    accelerator.load_state(folder)
print(accelerator.unwrap_model(model).weight.tolist())
with init_empty_weights():
    print(torch.nn.Linear(10_000, 10_000).weight.device)
