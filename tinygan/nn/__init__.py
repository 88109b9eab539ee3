"""Networks: modules whose parameters are one vector."""
from tinygan.nn import initial
from tinygan.nn.activations import LeakyReLU, ReLU, Sigmoid, Tanh
from tinygan.nn.layers import Conv2d, ConvTranspose2d, Dense, Dropout, Embedding, Flatten, Reshape, Sequential
from tinygan.nn.module import Module, Parameter
from tinygan.nn.norm import BatchNorm, LayerNorm
from tinygan.nn.recurrent import GRUCell, Recurrent, RNNCell
from tinygan.nn.remedies import MinibatchStd, Pack, SpectralNorm

__all__ = ["BatchNorm", "Conv2d", "ConvTranspose2d", "Dense", "Dropout", "Embedding", "Flatten", "GRUCell",
           "LayerNorm", "LeakyReLU", "MinibatchStd", "Module", "Pack", "Parameter", "RNNCell", "ReLU", "Recurrent",
           "Reshape", "Sequential", "Sigmoid", "SpectralNorm", "Tanh", "initial"]
