"""Losses, miners and distances."""

import torch
from pytorch_metric_learning import distances, losses, miners

torch.manual_seed(0)
points, labels = torch.randn(16, 8, requires_grad=True), torch.arange(16) % 4
classes = {"num_classes": 4, "embedding_size": 8}
for loss in (
    losses.ContrastiveLoss(),
    losses.TripletMarginLoss(distance=distances.CosineSimilarity()),
    losses.NTXentLoss(),
    losses.SupConLoss(),
    losses.CircleLoss(),
    losses.MultiSimilarityLoss(),
    losses.ArcFaceLoss(**classes),
    losses.ProxyAnchorLoss(**classes),
):
    value = loss(points, labels)
    (gradient,) = torch.autograd.grad(value, points)
    print(type(loss).__name__, value.item(), gradient.norm().item())
for miner in (miners.BatchHardMiner(), miners.MultiSimilarityMiner(), miners.TripletMarginMiner()):
    print(type(miner).__name__, [len(each) for each in miner(points, labels)])
