"""A small UNet: training on noise, and sampling with DDPM and DDIM."""

import torch
from diffusers import DDIMScheduler, DDPMScheduler, UNet2DModel

torch.manual_seed(0)
blocks = {"down_block_types": ("DownBlock2D",) * 2, "up_block_types": ("UpBlock2D",) * 2}
unet = UNet2DModel(
    16, 1, 1, block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4, **blocks
)
scheduler, optimizer = DDPMScheduler(50), torch.optim.AdamW(unet.parameters(), 1e-3)
images = torch.rand(2, 1, 16, 16)
for _ in range(3):
    noise, times = torch.randn_like(images), torch.randint(0, 50, (2,))
    loss = (unet(scheduler.add_noise(images, noise, times), times).sample - noise).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
for sampler in (DDPMScheduler(50), DDIMScheduler(50)):
    sampler.set_timesteps(3)
    x = torch.randn(1, 1, 16, 16)
    for time in sampler.timesteps:
        with torch.no_grad():
            x = sampler.step(unet(x, time).sample, time, x).prev_sample
    print(type(sampler).__name__, x.mean().item(), x.std().item())
