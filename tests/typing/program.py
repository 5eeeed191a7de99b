"""A user's program. Each ``reveal_type`` names the type that both checkers must find."""

from typing import reveal_type

import minitorch as torch
import minitorch.nn.functional as F
from minitorch import Tensor, nn
from minitorch.func import grad, vmap
from minitorch.utils.data import DataLoader, TensorDataset

# creation
x = torch.randn(8, 4, requires_grad=True)
reveal_type(x)  # Tensor
reveal_type(torch.tensor([1.0, 2.0]))  # Tensor
reveal_type(torch.zeros(3, dtype=torch.float64))  # Tensor
reveal_type(torch.arange(10))  # Tensor
reveal_type(torch.manual_seed(0))  # Generator

# arithmetic and functions
reveal_type(x + 1)  # Tensor
reveal_type(2 * x @ x.T)  # Tensor
reveal_type(-x / (x * x).sum())  # Tensor
reveal_type(x > 0)  # Tensor
reveal_type(torch.exp(x))  # Tensor
reveal_type(torch.softmax(x, dim=1))  # Tensor
reveal_type(torch.cat([x, x], dim=0))  # Tensor
reveal_type(torch.where(x > 0, x, 0.0))  # Tensor
reveal_type(torch.split(x, 2))  # tuple[Tensor, ...]
reveal_type(torch.allclose(x, x))  # bool

# methods and properties
reveal_type(x.float().long())  # Tensor
reveal_type(x.exp().mean(dim=0, keepdim=True))  # Tensor
reveal_type(x.view(-1, 2).permute(1, 0).contiguous())  # Tensor
reveal_type(x.shape)  # Size
reveal_type(x.size(0))  # int
reveal_type(x.dtype)  # dtype
reveal_type(x.device)  # device
reveal_type(x.grad)  # Tensor | None
reveal_type(x.requires_grad)  # bool
reveal_type(x.numel())  # int
reveal_type(x.max(dim=1).values)  # Tensor
reveal_type(x[0, 1:])  # Tensor
for row in x:
    reveal_type(row)  # Tensor

# layers, losses, optimizer, data
model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
reveal_type(nn.Linear(4, 16).forward(x))  # Tensor
reveal_type(nn.Linear(4, 16).weight)  # Parameter
reveal_type(model.state_dict())  # dict[str, Any]
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
loader = DataLoader(TensorDataset(x.detach(), torch.zeros(8, dtype=torch.int64)), batch_size=4)
for inputs, labels in loader:
    loss: Tensor = F.cross_entropy(model(inputs), labels)
    reveal_type(loss)  # Tensor
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
reveal_type(F.relu(x))  # Tensor
reveal_type(nn.CrossEntropyLoss().forward(x, x))  # Tensor
with torch.no_grad():
    reveal_type(x.sum().item())  # int | float | bool


def energy(w: Tensor) -> Tensor:
    return (w * w).sum()


# transforms
reveal_type(vmap(energy)(x))  # Tensor
reveal_type(grad(energy)(x[0]))  # Any
