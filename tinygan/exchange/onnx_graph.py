"""Converts a network to an ONNX graph: each layer becomes a few nodes; the weights keep PyTorch's names and axes.

Images are (n, channels, h, w) with a free n. Batch normalisation uses the running statistics (evaluation mode).
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygan import nn
from tinygan.exchange import ExchangeError
from tinygan.exchange.layouts import to_torch
from tinygan.ops.image import upsample
from tinygan.zoo import conditional, progressive, sequence, style

OPSET, IR = 18, 8  # versions of early 2023: today's runtimes read them


class Graph:
    """Nodes in order. `g.Add(a, b)` adds a node and returns the name of its output; arrays become constants."""

    def __init__(self, network: nn.Module):
        self.state = to_torch(network)
        self.nodes: list[Any] = []
        self.constants: dict[str, np.ndarray] = {}

    def __getattr__(self, operation):
        def node(*inputs, outputs=1, **attributes):
            from onnx import helper
            names = [f"{operation}_{len(self.nodes)}{'abc'[i] if outputs > 1 else ''}" for i in range(outputs)]
            given = [x if isinstance(x, str) else self.constant(f"{names[0]}_{i}", np.asarray(x))
                     for i, x in enumerate(inputs)]
            self.nodes.append(helper.make_node(operation, given, names, names[0], **attributes))
            return names[0] if outputs == 1 else names
        return node

    def constant(self, name: str, value: np.ndarray) -> str:
        """Adds a constant and returns its name."""
        self.constants[name] = value.astype(np.int64 if value.dtype.kind == "i" else np.float32)
        return name

    def weight(self, name: str) -> str:
        """Adds the weight of this name (PyTorch's) and returns the name."""
        return self.constant(name, self.state[name])

    def layer(self, m, name: str, *inputs: str) -> str:
        """Adds the nodes of a layer and returns the name of its output; `name` is the prefix of its weights."""
        kind: Any = type(m) if isinstance(m, nn.Module) else m
        if kind not in _LAYERS:
            raise ExchangeError(f"no nodes of ONNX are known for {getattr(kind, '__name__', kind)}")
        return _LAYERS[kind](self, m, name, *inputs)


def model(network: nn.Module, inputs: dict[str, tuple], output: tuple, about: str):
    """The network as a checked onnx.ModelProto.

    inputs: name and shape of each input, without n; labels are int64. output: the shape of an example.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    g = Graph(network)
    last = g.layer(network, "", *inputs)
    g.nodes.append(helper.make_node("Identity", [last], ["x"]))
    given = [helper.make_tensor_value_info(name, TensorProto.INT64 if name == "labels" else TensorProto.FLOAT,
                                           ["n", *shape]) for name, shape in inputs.items()]
    made = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", *output])
    constants = [numpy_helper.from_array(a, name) for name, a in g.constants.items()]
    result = helper.make_model(helper.make_graph(g.nodes, "generator", given, [made], constants), ir_version=IR,
                               opset_imports=[helper.make_opsetid("", OPSET)], producer_name="tinygan",
                               doc_string=about)
    onnx.checker.check_model(result, full_check=True)
    return result


def _dense(g, m, name, x):
    weight = g.Transpose(g.weight(name + "weight"), perm=(1, 0))  # x may have three axes
    y = g.MatMul(x, g.Mul(weight, m.scale) if isinstance(m, nn.EqualisedDense) else weight)
    return y if m.bias is None else g.Add(y, g.weight(name + "bias"))


def _convolution(operation):
    def nodes(g, m, name, x):
        weight = g.weight(name + "weight")
        if isinstance(m, nn.EqualisedConv2d):
            weight = g.Mul(weight, m.scale)
        pairs = {key: _pair(getattr(m, key, 1 if key == "stride" else 0)) for key in ("stride", "padding",
                                                                                      "output_padding")}
        extra = {"output_padding": pairs["output_padding"]} if operation == "ConvTranspose" else {}
        return getattr(g, operation)(x, weight, *([] if m.bias is None else [g.weight(name + "bias")]),
                                     strides=pairs["stride"], pads=pairs["padding"] * 2, **extra)
    return nodes


def _pair(value):
    return [value, value] if isinstance(value, int) else list(value)


def _batch_norm(g, m, name, x):
    names = ("weight", "bias", "running_mean", "running_var")
    return g.BatchNormalization(x, *[g.weight(name + own) for own in names], epsilon=m.eps)


def _sequential(g, m, name, x):
    for i, one in enumerate(m.layers):
        x = g.layer(one, f"{name}{i}.", x)
    return x


def _reshape(g, m, name, x):
    x = g.Reshape(x, (-1, *m.shape))
    return g.Transpose(x, perm=(0, 3, 1, 2)) if len(m.shape) == 3 else x


def _recurrent(g, m, name, x):
    """Nodes of a recurrent layer. ONNX has time first, one more axis for directions, and the GRU gates z, r, n."""
    operation = {nn.GRUCell: "GRU", nn.RNNCell: "RNN"}[type(m.cell)]

    def gates(own):
        parts = np.split(g.state[f"{name}cell.{own}_l0"], m.cell.gates)
        return np.concatenate([parts[1], parts[0], parts[2]] if operation == "GRU" else parts)[None]
    biases = np.concatenate([gates("bias_ih"), gates("bias_hh")], 1)
    options = {"linear_before_reset": 1} if operation == "GRU" else {}
    states = getattr(g, operation)(g.Transpose(x, perm=(1, 0, 2)), gates("weight_ih"), gates("weight_hh"), biases,
                                   hidden_size=m.cell.weight_hh.shape[0], **options)
    return g.Transpose(g.Squeeze(states, [1]), perm=(1, 0, 2))


def _pixel_norm(g, m, name, x):
    return g.Div(x, g.Sqrt(g.Add(g.ReduceMean(g.Mul(x, x), [1]), m.eps)))


def _adain(g, m, name, x, w):
    scale, shift = g.Split(g.Unsqueeze(g.layer(m.style, name + "style.", w), [2, 3]), axis=1, num_outputs=2, outputs=2)
    channels = m.style.weight.shape[1] // 2
    flat = g.InstanceNormalization(x, np.ones(channels), np.zeros(channels), epsilon=m.eps)
    return g.Add(g.Mul(scale, flat), shift)


def _noise(g, m, name, x, noise):
    return g.Add(x, g.Mul(g.Unsqueeze(g.weight(name + "gain"), [1, 2]), noise))


def _upsample(g, m, name, x):
    return g.Resize(x, "", np.array([1.0, 1.0, 2.0, 2.0]), mode="nearest", nearest_mode="floor",
                    coordinate_transformation_mode="asymmetric")


def _repeat(g, m, name, z):
    return g.Expand(g.Unsqueeze(z, [1]), [1, m.length, 1])


def _conditional(g, m, name, z, labels):
    c = g.Gather(g.weight(name + "embedding.weight"), labels)
    return g.layer(m.network, name + "network.", g.Concat(z, c, axis=1))


def _growing(g, m, name, z):
    stage, alpha = m.growth.stage, m.growth.alpha
    x = before = g.layer(m.blocks[0], "blocks.0.", z)
    for i in range(1, stage + 1):
        before, x = x, g.layer(m.blocks[i], f"blocks.{i}.", x)
    image = g.layer(m.to_image[stage], f"to_image.{stage}.", x)
    if alpha < 1:
        old = _upsample(g, m, name, g.layer(m.to_image[stage - 1], f"to_image.{stage - 1}.", before))
        image = g.Add(g.Mul(old, 1 - alpha), g.Mul(image, alpha))
    for _ in range(m.growth.last - stage):
        image = _upsample(g, m, name, image)
    return image


def _styled_layer(g, m, name, x, noise, w):
    x = g.layer(m.noise, name + "noise.", g.layer(m.change, name + "change.", x), noise)
    return g.layer(m.adain, name + "adain.", g.LeakyRelu(x, alpha=0.2), w)


def _styled(g, m, name, z, *noise):
    w = g.layer(m.mapping, "mapping.", z)
    x = g.weight("constant")
    for i, (one, here) in enumerate(zip(m.layers, noise)):
        x = g.layer(one, f"layers.{i}.", x, here, w)
    return g.layer(m.to_image, "to_image.", x)


_LAYERS: dict[Any, Callable[..., str]] = {
    nn.Sequential: _sequential, nn.Dense: _dense, nn.EqualisedDense: _dense, nn.Conv2d: _convolution("Conv"),
    nn.EqualisedConv2d: _convolution("Conv"), nn.ConvTranspose2d: _convolution("ConvTranspose"),
    nn.BatchNorm: _batch_norm, nn.Reshape: _reshape, nn.Recurrent: _recurrent, nn.PixelNorm: _pixel_norm,
    nn.AdaIN: _adain, nn.Noise: _noise, upsample: _upsample, sequence.Repeat: _repeat,
    nn.ReLU: lambda g, m, name, x: g.Relu(x), nn.Tanh: lambda g, m, name, x: g.Tanh(x),
    nn.LeakyReLU: lambda g, m, name, x: g.LeakyRelu(x, alpha=m.negative_slope),
    nn.Sigmoid: lambda g, m, name, x: g.Sigmoid(x),
    conditional.Generator: _conditional, progressive.Generator: _growing, style.Layer: _styled_layer,
    style.Generator: _styled,
}
