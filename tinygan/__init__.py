"""tinygan: generative adversarial networks from scratch, on NumPy, with CuPy for the GPU.

>>> import tinygan as tg
>>> x = tg.Tensor([[0.0, 1.0]], requires_grad=True)
>>> [slope] = tg.grad(tg.mean(tg.log_sigmoid(x)), [x])
"""
from importlib import import_module as _import_module
from typing import TYPE_CHECKING

from tinygan import deprecated  # isort: skip  # first: it handles imports under old names
from tinygan import ops  # isort: skip  # gives Tensor its operators
from tinygan.backend.accelerated import plain
from tinygan.backend.process import tune
from tinygan.check import GradientError, check_gradients
from tinygan.errors import TinyganError
from tinygan.ops.conv import conv2d, conv2d_weight, conv_transpose2d
from tinygan.ops.elementwise import (
    abs,
    clip,
    cos,
    exp,
    leaky_relu,
    log,
    log_sigmoid,
    maximum,
    minimum,
    relu,
    relu_backward,
    sigmoid,
    sin,
    softplus,
    sqrt,
    tanh,
    where,
)
from tinygan.ops.image import average_pool, upsample
from tinygan.ops.linear import linear, matmul
from tinygan.ops.normalise import affine
from tinygan.ops.reduce import log_softmax, max, mean, min, softmax, std, sum, var
from tinygan.ops.shape import broadcast_to, concatenate, pad, reshape, split, stack, transpose, unbroadcast
from tinygan.tensor import Tensor, grad, no_grad, record, unwrap

from tinygan import data, game, nn, objectives, penalties, updates  # isort: skip
from tinygan.backend import fusion as fusion  # isort: skip  # registers its fast forms; it imports the layers

__version__ = "0.2.0"

_LATER = {"check", "divergences", "latent", "metrics", "plots", "runs", "toys", "zoo"}  # imported at first use

__all__ = [
    "GradientError", "Tensor", "abs", "affine", "average_pool", "broadcast_to", "check", "check_gradients", "clip",
    "concatenate", "conv2d", "conv2d_weight", "conv_transpose2d", "cos", "data", "divergences", "exp", "game", "grad",
    "latent", "leaky_relu", "linear", "log", "log_sigmoid", "log_softmax", "matmul", "max", "maximum", "mean",
    "metrics", "min", "minimum", "nn", "no_grad", "objectives", "pad", "penalties", "plain", "plots", "record", "relu",
    "relu_backward", "reshape", "runs", "sigmoid", "sin", "softmax", "softplus", "split", "sqrt", "stack", "std",
    "sum", "tanh", "toys", "transpose", "tune", "unbroadcast", "unwrap", "updates", "upsample", "var", "where", "zoo",
]


if TYPE_CHECKING:
    from tinygan import check, divergences, latent, metrics, plots, runs, toys, zoo
else:
    def __getattr__(name):
        return _import_module(f"tinygan.{name}") if name in _LATER else deprecated.find("tinygan", name)


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
