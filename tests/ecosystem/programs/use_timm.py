"""ResNet, ViT, ConvNeXt, EfficientNet, MobileNetV3 and Swin: a training step and features."""

import timm
import torch
from torch.nn.functional import cross_entropy

swin = {"img_size": 56, "depths": (1, 1, 1, 1), "embed_dim": 24, "num_heads": (1, 2, 3, 4)}
for name, options in {
    "resnet10t": {},
    "vit_tiny_patch16_224": {"img_size": 32, "depth": 2},
    "convnext_atto": {},
    "efficientnet_b0": {},
    "mobilenetv3_small_050": {},
    "swin_tiny_patch4_window7_224": swin,
}.items():
    torch.manual_seed(0)
    model = timm.create_model(name, num_classes=5, **options)
    size = options.get("img_size", 64)
    x = torch.randn(2, 3, size, size)
    loss = cross_entropy(model(x), torch.tensor([0, 3]))
    loss.backward()
    torch.optim.SGD(model.parameters(), 1e-3).step()
    print(name, loss.item(), sum(p.numel() for p in model.parameters()))
    with torch.no_grad():
        features = model.eval().forward_features(x)
    print(features.shape, features.mean().item(), model.num_features)
