"""tinygan: generative adversarial networks from scratch, on NumPy, with CuPy for the GPU.

>>> import tinygan as tg
>>> x = tg.Tensor([[0.0, 1.0]], requires_grad=True)
>>> [slope] = tg.grad(tg.mean(tg.log_sigmoid(x)), [x])
"""
from tinygan import ops  # first: gives Tensor its operators
from tinygan.backend.process import tune
from tinygan.check import GradientError, check_gradients
from tinygan.errors import TinyganError
from tinygan.ops.conv import conv2d, conv2d_weight, conv_transpose2d
from tinygan.ops.elementwise import (
    abs,
    clip,
    exp,
    leaky_relu,
    log,
    log_sigmoid,
    maximum,
    relu,
    relu_backward,
    sigmoid,
    softplus,
    sqrt,
    tanh,
    where,
)
from tinygan.ops.image import average_pool, upsample
from tinygan.ops.linear import linear, matmul
from tinygan.ops.normalise import affine
from tinygan.ops.reduce import log_softmax, max, mean, softmax, sum, var
from tinygan.ops.shape import broadcast_to, concatenate, pad, reshape, stack, transpose, unbroadcast
from tinygan.tensor import Tensor, grad, no_grad, record, unwrap

from tinygan import data, game, nn, objectives, penalties, updates  # isort: skip

__version__ = "0.1.0"
