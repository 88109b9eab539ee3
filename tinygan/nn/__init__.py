"""Layers and networks: modules whose parameters form one vector."""
from tinygan.nn import initial
from tinygan.nn.activations import LeakyReLU, ReLU, Sigmoid, Tanh
from tinygan.nn.layers import Conv2d, ConvTranspose2d, Dense, Dropout, Embedding, Flatten, Reshape, Sequential
from tinygan.nn.module import Module, Parameter
from tinygan.nn.norm import BatchNorm, LayerNorm
from tinygan.nn.recurrent import GRUCell, Recurrent, RNNCell
from tinygan.nn.regularisation import MinibatchStd, Pack, SpectralNorm
from tinygan.nn.style import AdaIN, EqualisedConv2d, EqualisedDense, Noise, PixelNorm

__all__ = ["AdaIN", "BatchNorm", "Conv2d", "ConvTranspose2d", "Dense", "Dropout", "Embedding", "EqualisedConv2d",
           "EqualisedDense", "Flatten", "GRUCell", "LayerNorm", "LeakyReLU", "MinibatchStd", "Module", "Noise", "Pack",
           "Parameter", "PixelNorm", "RNNCell", "ReLU", "Recurrent", "Reshape", "Sequential", "Sigmoid", "SpectralNorm",
           "Tanh", "initial"]

_OF_PYTORCH = {"Linear": "Dense", "BatchNorm1d": "BatchNorm", "BatchNorm2d": "BatchNorm", "GRU": "Recurrent(GRUCell)",
               "RNN": "Recurrent(RNNCell)", "Softmax": "tg.softmax", "Upsample": "tg.upsample",
               "AvgPool2d": "tg.average_pool", "Identity": "Sequential()", "ModuleList": "a list as an attribute"}


def __getattr__(name):
    hint = f"; write {_OF_PYTORCH[name]}" if name in _OF_PYTORCH else ""
    raise AttributeError(f"module 'tinygan.nn' has no attribute {name!r}{hint}")
