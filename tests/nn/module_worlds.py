"""A module, and what changes about it between two calls."""

import minitorch as torch
from minitorch import nn


class Net(nn.Module):
    offset = 1.0

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.parts = nn.ModuleList([nn.Linear(4, 4), nn.Dropout(0.0)])
        self.norm = nn.BatchNorm1d(4)
        self.last = nn.Linear(4, 2, bias=False)
        self.scale = 2.0
        self.sizes = [1, 2]
        self.extra = None
        self.unused = 5
        self.register_buffer("shift", torch.ones(4))

    def forward(self, x):
        x = self.first(x) * self.scale + self.shift + len(self.sizes) + self.offset
        for part in self.parts:
            x = part(x)
        if self.extra is not None:
            x = self.extra(x)
        return self.last(self.norm(x).relu())


def hook(*args):
    pass


# what changes `net`, and must be seen
CHANGES = {
    "eval": lambda net: net.eval(),
    "eval of a part": lambda net: net.norm.eval(),
    "training set": lambda net: setattr(net.parts[1], "training", False),
    "attribute": lambda net: setattr(net, "scale", 3.0),
    "attribute's type": lambda net: setattr(net, "scale", 2),
    "attribute deleted": lambda net: delattr(net, "scale"),
    "list grows": lambda net: net.sizes.append(3),
    "class attribute": lambda net: setattr(Net, "offset", 2.0),
    "class attribute hidden": lambda net: setattr(net, "offset", 2.0),
    "dropout's p": lambda net: setattr(net.parts[1], "p", 0.5),
    "momentum": lambda net: setattr(net.norm, "momentum", 0.5),
    "eps": lambda net: setattr(net.norm, "eps", 0.5),
    "part replaced": lambda net: setattr(net, "first", nn.Linear(3, 4)),
    "part set": lambda net: setattr(net, "extra", nn.ReLU()),
    "part replaced in the dictionary": lambda net: net._modules.update(first=nn.Linear(3, 4)),
    "part of a list replaced": lambda net: net.parts.__setitem__(0, nn.Linear(4, 4)),
    "part of a list added": lambda net: net.parts.append(nn.ReLU()),
    "part of a list inserted": lambda net: net.parts.insert(0, nn.ReLU()),
    "part of a list deleted": lambda net: net.parts.__delitem__(1),
    "bias given": lambda net: setattr(net.last, "bias", nn.Parameter(torch.zeros(2))),
    "bias taken": lambda net: setattr(net.first, "bias", None),
    "parameter deleted": lambda net: delattr(net.first, "bias"),
    "parameters tied": lambda net: setattr(net.parts[0], "bias", net.first.bias),
    "buffer taken": lambda net: setattr(net.norm, "running_mean", None),
    "class": lambda net: setattr(net.parts[1], "__class__", nn.ReLU),
    "forward of the instance": lambda net: setattr(net.first, "forward", lambda x: x),
    "forward of the class": lambda net: setattr(Net, "forward", lambda self, x: x),
    "forward of ours": lambda net: setattr(nn.Linear, "forward", lambda self, x: x),
    "call of ours": lambda net: setattr(nn.Module, "__call__", lambda self, x: x),
    "forward hook": lambda net: net.first.register_forward_hook(hook),
    "forward pre-hook": lambda net: net.register_forward_pre_hook(hook),
    "backward hook": lambda net: net.first.register_full_backward_hook(hook),
    "backward pre-hook": lambda net: net.first.register_full_backward_pre_hook(hook),
    "hook in the dictionary": lambda net: net.first._forward_hooks.update({0: hook}),
    "parametrized": lambda net: nn.utils.parametrize.register_parametrization(
        net.first, "weight", nn.Identity()
    ),
    "weight norm": lambda net: nn.utils.parametrizations.weight_norm(net.first),
    "pruned": lambda net: nn.utils.prune.identity(net.first, "weight"),
}

SAME = {
    "nothing": lambda net: None,
    "another module": lambda net: setattr(nn.Linear(2, 2), "scale", 3.0),
    "attribute that is not read": lambda net: setattr(net, "unread", [3]),
    "attribute written again": lambda net: setattr(net, "scale", 2.0),
    "eval and train": lambda net: net.eval().train(),
    "update in place": lambda net: net.first.weight.data.add_(1),
    "load_state_dict": lambda net: net.load_state_dict(net.state_dict()),
    "parameter replaced": lambda net: setattr(net.first, "weight", nn.Parameter(torch.ones(4, 3))),
    "parameter's data": lambda net: setattr(net.first.weight, "data", torch.ones(4, 3)),
    "buffer replaced": lambda net: setattr(net, "shift", torch.zeros(4)),
    "call": lambda net: net(torch.ones(5, 3)),
    "gradient": lambda net: net(torch.ones(5, 3)).sum().backward(),
    "zero_grad": lambda net: net.zero_grad(),
    "frozen": lambda net: net.requires_grad_(False),
    "double": lambda net: net.double(),
    "hook of another module": lambda net: nn.Linear(2, 2).register_forward_hook(hook),
    "hook that comes and goes": lambda net: net.first.register_forward_hook(hook).remove(),
}
