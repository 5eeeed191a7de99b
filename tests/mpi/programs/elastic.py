"""A script as torchrun starts it: it reads LOCAL_RANK, samples, trains, saves and goes on."""

import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch
import torch.distributed as dist
from models import CNN, GPT, MLP, batches
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data.distributed import DistributedSampler


def main():
    dist.init_process_group("gloo")
    rank, local_rank = dist.get_rank(), int(os.environ["LOCAL_RANK"])
    assert local_rank == rank == int(os.environ["RANK"])
    name = sys.argv[1]
    ((x, y),) = batches(name, 1, 64, torch.float32)
    sampler = DistributedSampler(TensorDataset(x, y), shuffle=True, seed=3)
    loader = DataLoader(TensorDataset(x, y), batch_size=8 // dist.get_world_size(), sampler=sampler)
    torch.manual_seed(0)
    model = DistributedDataParallel({"MLP": MLP, "CNN": CNN, "GPT": GPT}[name]())
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    for epoch in range(2):
        sampler.set_epoch(epoch)
        for inputs, targets in loader:
            loss = model(inputs, targets)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            mean = loss.detach().clone()
            dist.all_reduce(mean, op=dist.ReduceOp.SUM)
            if rank == 0:
                print(mean.item() / dist.get_world_size(), flush=True)
        path = os.path.join(tempfile.gettempdir(), f"snapshot-{os.environ['MASTER_PORT']}.pt")
        if rank == 0:
            torch.save({"model": model.module.state_dict(), "epoch": epoch}, path)
        dist.barrier()
        snapshot = torch.load(path, map_location="cpu")
        model.module.load_state_dict(snapshot["model"])
        dist.barrier()
    if rank == 0:
        os.remove(path)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
