"""A network of tinygan as a network of PyTorch, with the same weights: for parity, quality and speed."""
import numpy as np

from tinygan.nn import Module, Sequential

CHANNELS_FIRST = (0, 3, 1, 2)
CHANNELS_LAST = (0, 2, 3, 1)


def torch_net(net, dtype):
    """The network in PyTorch, on channels-first images, with copies of the weights; and its parameters, in order."""
    import torch
    nn = torch.nn
    if not hasattr(net, "layers"):
        return conditional_net(net, dtype)

    def function(f):
        layer = nn.Module()
        layer.forward = f
        return layer

    def reshape(shape):
        to_images = function(lambda x: x.reshape(-1, *shape).permute(CHANNELS_FIRST).contiguous())
        return to_images if len(shape) == 3 else nn.Flatten()

    def recurrent(cell):
        layer = {"RNNCell": nn.RNN, "GRUCell": nn.GRU}[type(cell).__name__](
            len(cell.weight_ih.data), len(cell.weight_hh.data), batch_first=True)
        both = layer.forward
        layer.forward = lambda x: both(x)[0]
        return layer

    kinds = {
        "Dense": lambda m: nn.Linear(*m.weight.shape, bias=m.bias is not None),
        "Conv2d": lambda m: nn.Conv2d(*m.weight.shape[2:], m.weight.shape[:2], m.stride, m.padding,
                                      bias=m.bias is not None),
        "ConvTranspose2d": lambda m: nn.ConvTranspose2d(*m.weight.shape[:1:-1], m.weight.shape[:2], m.stride, m.padding,
                                                        bias=m.bias is not None),
        "BatchNorm": lambda m: nn.BatchNorm2d(m.weight.shape[0]),
        "LeakyReLU": lambda m: nn.LeakyReLU(m.negative_slope), "ReLU": lambda m: nn.ReLU(), "Tanh": lambda m: nn.Tanh(),
        "Reshape": lambda m: reshape(m.shape),
        "Flatten": lambda m: function(lambda x: x.permute(CHANNELS_LAST).reshape(len(x), -1)),
        "function": lambda m: nn.ReLU(),
        "Repeat": lambda m: function(lambda z: z[:, None].expand(-1, m.length, -1)),
        "Recurrent": lambda m: recurrent(m.cell),
        "Mean": lambda m: function(lambda x: x.mean(1)),
    }
    layers = [kinds[type(m).__name__](m).to(dtype) for m in net.layers]
    parameters = []
    with torch.no_grad():
        for m, layer in zip(net.layers, layers):
            for p, q in zip(m.parameters() if isinstance(m, Module) else (), layer.parameters(), strict=True):
                q.copy_(torch.tensor(to_torch(p.data)))
                parameters.append(q)
    return nn.Sequential(*layers), parameters


def conditional_net(net, dtype):
    """`torch_net` of a conditional player. A class's vector is a column of its table, as `to_torch` has it."""
    import torch
    table = torch.nn.Parameter(torch.tensor(to_torch(net.embedding.weight.data), dtype=dtype))

    class Player(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.table = table
            self.network, self.weights = torch_net(getattr(net, "body", None) or net.network, dtype)
            self.head, weights = torch_net(Sequential(net.head), dtype) if hasattr(net, "head") else (None, [])
            self.weights = [*weights, *self.weights, table] if weights else [table, *self.weights]

        def forward(self, x, labels):
            c = table.T[labels]
            if self.head:
                features = self.network(x)
                return self.head(features) + (features * c).sum(1, keepdim=True)
            if x.ndim == 4:
                c = c.reshape(len(x), *net.shape).permute(CHANNELS_FIRST)
            return self.network(torch.cat([x, c], 1))

    player = Player()
    return player, player.weights


def to_torch(w):
    """A weight in PyTorch's order of axes: (out, in), and (out, in, kh, kw) or, transposed, (in, out, kh, kw)."""
    return np.ascontiguousarray(w.T if w.ndim == 2 else w.transpose(3, 2, 0, 1) if w.ndim == 4 else w)


def losses(objective):
    """The losses that D and G descend in PyTorch: functions of the logits."""
    import torch
    f = torch.nn.functional
    binary = lambda real, fake: f.softplus(-real).mean() + f.softplus(fake).mean()
    return {
        "minimax": (binary, lambda fake: -f.softplus(fake).mean()),
        "non-saturating": (binary, lambda fake: f.softplus(-fake).mean()),
        "two-sample": (lambda real, fake: fake.mean() - real.mean(), lambda fake: -fake.mean()),
        "least-squares": (lambda real, fake: ((real - 1) ** 2).mean() / 2 + ((fake + 1) ** 2).mean() / 2,
                          lambda fake: (fake ** 2).mean() / 2),
        "hinge": (lambda real, fake: f.relu(1 - real).mean() + f.relu(1 + fake).mean(), lambda fake: -fake.mean()),
    }[objective]


def gradient_penalty(d, real, fake, rng):
    """The gradient penalty of weight 1 in PyTorch; alpha from rng."""
    import torch
    alpha = torch.tensor(rng.random((len(real), *[1] * (real.ndim - 1))), dtype=real.dtype)
    between = (alpha * real + (1 - alpha) * fake).detach().requires_grad_()
    [slope] = torch.autograd.grad(d(between).sum(), between, create_graph=True)
    return ((slope.flatten(1).norm(2, dim=1) - 1) ** 2).mean()
