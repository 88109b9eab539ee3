"""A network of tinygan as a network of PyTorch, with the same weights: for parity, quality and speed."""
import numpy as np

from tinygan.nn import Module

CHANNELS_FIRST = (0, 3, 1, 2)
CHANNELS_LAST = (0, 2, 3, 1)


def torch_net(net, dtype):
    """The Sequential `net` in PyTorch, on channels-first images, with copies of the weights; and its parameters."""
    import torch
    nn = torch.nn

    def function(f):
        layer = nn.Module()
        layer.forward = f
        return layer

    def reshape(shape):
        to_images = function(lambda x: x.reshape(-1, *shape).permute(CHANNELS_FIRST))
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


def to_torch(w):
    """A weight in PyTorch's order of axes: (out, in), and (out, in, kh, kw) or, transposed, (in, out, kh, kw)."""
    return np.ascontiguousarray(w.T if w.ndim == 2 else w.transpose(3, 2, 0, 1) if w.ndim == 4 else w)
