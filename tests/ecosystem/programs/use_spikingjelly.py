"""Neurons, step by step and all steps at once, and a trained spiking network."""

import torch
from spikingjelly.activation_based import encoding, functional, layer, neuron, surrogate
from torch import nn

torch.manual_seed(0)
steps = torch.rand(8, 4, 6) * 2
for node in (neuron.IFNode(), neuron.LIFNode(tau=2.0), neuron.ParametricLIFNode()):
    print(sum(node(step).sum() for step in steps).item(), node.v.mean().item())
    node.reset()
    functional.set_step_mode(node, "m")
    print(node(steps).sum().item())
network = nn.Sequential(
    layer.Conv2d(1, 4, 3, padding=1),
    layer.BatchNorm2d(4),
    neuron.IFNode(surrogate_function=surrogate.ATan()),
    layer.MaxPool2d(2, 2),
    layer.Flatten(),
    layer.Linear(64, 3),
    neuron.LIFNode(surrogate_function=surrogate.ATan()),
)
functional.set_step_mode(network, "m")
encoder, optimizer = encoding.PoissonEncoder(), torch.optim.Adam(network.parameters(), 1e-2)
pictures, target = torch.rand(3, 1, 8, 8), torch.eye(3)
for _ in range(3):
    spikes = network(torch.stack([encoder(pictures) for _ in range(4)]))
    loss = nn.functional.mse_loss(spikes.mean(0), target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    functional.reset_net(network)
    print(loss.item())
