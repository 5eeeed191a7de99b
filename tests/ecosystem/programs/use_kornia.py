"""Filters, colours, geometry, augmentation, losses and morphology, with gradients."""

import kornia
import torch

torch.manual_seed(0)
image = torch.rand(2, 3, 24, 24, requires_grad=True)
for name, result in {
    "blur": kornia.filters.gaussian_blur2d(image, (3, 3), (1.5, 1.5)),
    "sobel": kornia.filters.sobel(image),
    "canny": kornia.filters.canny(image)[0],
    "lab": kornia.color.rgb_to_lab(image),
    "hsv": kornia.color.rgb_to_hsv(image),
    "turned": kornia.geometry.rotate(image, torch.tensor([30.0, -10.0])),
    "gamma": kornia.enhance.adjust_gamma(image, 1.3),
    "equalized": kornia.enhance.equalize(image),
    "dilated": kornia.morphology.dilation(image, torch.ones(3, 3)),
    "ssim": kornia.losses.ssim_loss(image, image.flip(-1), 5),
}.items():
    print(name, result.double().mean().item())
augment = kornia.augmentation.AugmentationSequential(
    kornia.augmentation.RandomHorizontalFlip(),
    kornia.augmentation.RandomAffine(15.0, p=1.0),
    kornia.augmentation.ColorJitter(0.2, 0.2, 0.2, 0.1, p=1.0),
)
print(augment(image).mean().item())
kornia.losses.total_variation(kornia.filters.laplacian(image, 3)).sum().backward()
print(image.grad.norm().item())
