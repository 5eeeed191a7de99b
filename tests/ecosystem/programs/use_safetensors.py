"""Its own safetensors.torch: save, load, safe_open, slices and models that tie weights."""

import tempfile
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load, load_file, load_model, save, save_file, save_model

torch.manual_seed(0)
tensors = {"a": torch.randn(3, 4), "b": torch.arange(5), "c": torch.rand(2).half()}
print({name: t.sum().item() for name, t in sorted(load(save(tensors)).items())})
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder, "tensors.safetensors")
    save_file(tensors, path, {"from": "here"})
    print({name: t.dtype for name, t in sorted(load_file(path).items())})
    with safe_open(path, framework="pt") as file:
        print(file.metadata(), file.get_slice("a")[1:, :2].tolist())
    first, second = torch.nn.Linear(3, 3), torch.nn.Linear(3, 3)
    save_model(first, path)
    load_model(second, path)
    print((first.weight - second.weight).abs().max().item())
