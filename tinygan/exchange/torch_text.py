"""Writes a network as the text of a PyTorch module: each layer is PyTorch's, or a class copied from `torch_layers`."""
from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path
from textwrap import indent
from typing import Any

from tinygan import nn
from tinygan.exchange import ExchangeError
from tinygan.ops.image import average_pool, upsample
from tinygan.zoo import conditional, progressive, sequence, style

_WIDTH = 100

_HEAD = '''"""{about}

    {call}

The weights are in the .safetensors of the same name beside this file.
"""
from pathlib import Path

{imports}
{classes}

def build():
    """The network with initial weights."""
    return {network}


def load(file=Path(__file__).with_suffix(".safetensors")):
    """The network with the trained weights, in evaluation mode."""
    network = build()
    network.load_state_dict(load_file(file))
    return network.eval()
'''


def write(network: nn.Module, about: str, arguments: list[str]) -> str:
    """The text of a file that builds the network in PyTorch and loads its weights. arguments: of an example call."""
    expression = indent(layer(network), "    ").lstrip()
    classes = "".join(f"\n\n{source}\n" for name, source in _classes() if re.search(rf"\b{name}\(", expression))
    lines = {r"\btorch\.": "import torch", "": "from safetensors.torch import load_file",
             r"\bnn\.": "from torch import nn", r"\bF\.": "from torch.nn import functional as F"}
    imports = "\n".join(line for used, line in lines.items() if re.search(used, classes + expression))
    call = indent(_call("x = load()", *arguments), "    ").lstrip()
    return _HEAD.format(about=about, call=call, imports=imports, classes=classes, network=expression)


def layer(m) -> str:
    """The expression that makes a layer."""
    kind: Any = type(m) if isinstance(m, nn.Module) else m
    if kind not in _LAYERS:
        raise ExchangeError(f"no layer of PyTorch is known for {getattr(kind, '__name__', kind)}")
    return _LAYERS[kind](m)


def _classes():
    """Name and source of each class of torch_layers; a class comes after those that it uses."""
    source = Path(__file__).with_name("torch_layers.py.txt").read_text()
    return [(node.name, ast.get_source_segment(source, node)) for node in ast.parse(source).body
            if isinstance(node, ast.ClassDef)]


def _call(name, *arguments, brackets="()"):
    """A call, on one line where it fits."""
    start, end = brackets
    line = f"{name}{start}{', '.join(arguments)}{end}"
    if "\n" not in line and len(line) < _WIDTH:
        return line
    return f"{name}{start}\n" + "".join(indent(a, "    ") + ",\n" for a in arguments) + end


def _list(layers):
    return _call("", *map(layer, layers), brackets="[]")


def _convolution(name, m, channels):
    kh, kw = m.weight.shape[:2]
    settings = {"stride": (m.stride, 1), "padding": (m.padding, 0),
                "output_padding": (getattr(m, "output_padding", 0), 0), "bias": (m.bias is not None, True)}
    return _call(name, *map(str, channels), str(kh if kh == kw else (kh, kw)),
                 *[f"{key}={value}" for key, (value, usual) in settings.items() if value != usual])


def _cell(name):
    return lambda m: _call(name, *[str(w.shape[0]) for w in (m.weight_ih, m.weight_hh)], "batch_first=True")


def _growing(name, m, *lists):
    return _call(name, *map(_list, lists), f"stage={m.growth.stage}", f"alpha={m.growth.alpha}")


_LAYERS: dict[Any, Callable[[Any], str]] = {
    nn.Sequential: lambda m: _call("nn.Sequential", *map(layer, m.layers)),
    nn.Dense: lambda m: _call("nn.Linear", *map(str, m.weight.shape), *["bias=False"] * (m.bias is None)),
    nn.Conv2d: lambda m: _convolution("nn.Conv2d", m, m.weight.shape[2:]),
    nn.ConvTranspose2d: lambda m: _convolution("nn.ConvTranspose2d", m, m.weight.shape[:1:-1]),
    nn.BatchNorm: lambda m: f"nn.BatchNorm2d({m.weight.shape[0]}, eps={m.eps}, momentum={m.momentum})",
    nn.Embedding: lambda m: _call("nn.Embedding", *map(str, m.weight.shape)),
    nn.Reshape: lambda m: _call("Images", *map(str, m.shape)) if len(m.shape) == 3 else f"nn.Unflatten(1, {m.shape})",
    nn.Flatten: lambda m: "Flat()",
    nn.ReLU: lambda m: "nn.ReLU()",
    nn.LeakyReLU: lambda m: f"nn.LeakyReLU({m.negative_slope})",
    nn.Tanh: lambda m: "nn.Tanh()",
    nn.Sigmoid: lambda m: "nn.Sigmoid()",
    nn.Recurrent: lambda m: _call("Recurrent", layer(m.cell)),
    nn.GRUCell: _cell("nn.GRU"),
    nn.RNNCell: _cell("nn.RNN"),
    nn.EqualisedDense: lambda m: _call("EqualisedLinear", *map(str, m.weight.shape), f"scale={m.scale}"),
    nn.EqualisedConv2d: lambda m: _call("EqualisedConv2d", *map(str, [*m.weight.shape[2:], m.weight.shape[0]]),
                                        f"scale={m.scale}"),
    nn.PixelNorm: lambda m: f"PixelNorm({m.eps})",
    nn.AdaIN: lambda m: _call("AdaIN", layer(m.style), f"eps={m.eps}"),
    nn.Noise: lambda m: f"Noise({m.gain.shape[0]})",
    upsample: lambda m: "nn.Upsample(scale_factor=2)",
    average_pool: lambda m: "nn.AvgPool2d(2)",
    nn.MinibatchStd: lambda m: "MinibatchStd()",
    nn.Pack: lambda m: f"Pack({m.size})",
    nn.SpectralNorm: lambda m: _call("SpectralNorm", layer(m.layer)),
    sequence.Repeat: lambda m: f"Repeat({m.length})",
    sequence.Mean: lambda m: "Mean()",
    conditional.Generator: lambda m: _call("Conditional", layer(m.embedding), layer(m.network)),
    conditional.Discriminator: lambda m: _call("ConditionalJudge", layer(m.embedding), layer(m.network),
                                               f"shape={(*m.shape[2:], *m.shape[:2])}"),
    conditional.Projection: lambda m: _call("Projection", layer(m.body), layer(m.head), layer(m.embedding)),
    progressive.Generator: lambda m: _growing("Growing", m, m.blocks, m.to_image),
    progressive.Discriminator: lambda m: _growing("GrowingJudge", m, m.from_image, m.blocks),
    style.Layer: lambda m: _call("StyledLayer", layer(m.change), layer(m.noise), layer(m.adain)),
    style.Generator: lambda m: _call(
        "Styled", layer(m.mapping), _list(m.layers), layer(m.to_image), f"mean={len(m.mean)}",
        f"constant={(1, m.constant.shape[3], *m.constant.shape[1:3])}"),
}
