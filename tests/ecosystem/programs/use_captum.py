"""Attributions: integrated gradients, DeepLift, SHAP, occlusion, layers and Grad-CAM."""

import numpy as np
import torch
from captum import attr
from torch import nn

torch.manual_seed(0)
np.random.seed(0)
network = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 3)).eval()
x = torch.randn(4, 5)
for method in (attr.IntegratedGradients, attr.Saliency, attr.DeepLift, attr.GuidedBackprop):
    print(method.__name__, method(network).attribute(x, target=1).sum(0).tolist())
for method in (attr.FeatureAblation, attr.ShapleyValueSampling, attr.LRP):
    print(method.__name__, method(network).attribute(x, target=1).sum(0).tolist())
print(attr.GradientShap(network).attribute(x, torch.randn(6, 5), target=2).sum().item())
print(attr.LayerConductance(network, network[1]).attribute(x, target=0).sum(0).tolist())
cnn = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3)).eval()
picture = torch.randn(2, 1, 8, 8)
print(attr.LayerGradCam(cnn, cnn[0]).attribute(picture, target=1).sum().item())
print(attr.Occlusion(cnn).attribute(picture, (1, 3, 3), target=1).sum().item())
