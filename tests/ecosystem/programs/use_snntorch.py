"""Neurons, encodings and a spiking network trained through surrogate gradients."""

import snntorch
import torch
from snntorch import functional, spikegen, surrogate
from torch import nn

torch.manual_seed(0)
steps = torch.rand(10, 4, 6) * 4
print(spikegen.rate(torch.rand(3, 4), num_steps=5).sum().item())
synaptic = snntorch.Synaptic(alpha=0.8, beta=0.9)
current, membrane = synaptic.init_synaptic()
for step in steps:
    spikes, current, membrane = synaptic(step, current, membrane)
print(spikes.sum().item(), membrane.mean().item())
slope = surrogate.fast_sigmoid(slope=25)
first, second = nn.Linear(6, 16), nn.Linear(16, 3)
neurons = snntorch.Leaky(beta=0.9, spike_grad=slope), snntorch.Leaky(beta=0.9, spike_grad=slope)
optimizer = torch.optim.Adam([*first.parameters(), *second.parameters()], 5e-3)
for _ in range(4):
    inner, outer, train = neurons[0].init_leaky(), neurons[1].init_leaky(), []
    for step in steps:
        spikes, inner = neurons[0](first(step), inner)
        spikes, outer = neurons[1](second(spikes), outer)
        train.append(spikes)
    loss = functional.ce_rate_loss()(torch.stack(train), torch.tensor([0, 1, 2, 0]))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
