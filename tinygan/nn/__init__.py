"""Networks: modules whose parameters are one vector."""
from tinygan.nn import initial
from tinygan.nn.activations import LeakyReLU, ReLU, Sigmoid, Tanh
from tinygan.nn.layers import Conv2d, ConvTranspose2d, Dense, Dropout, Embedding, Flatten, Reshape, Sequential
from tinygan.nn.module import Module, Parameter
from tinygan.nn.norm import BatchNorm, LayerNorm
from tinygan.nn.recurrent import GRUCell, Recurrent, RNNCell

__all__ = ["BatchNorm", "Conv2d", "ConvTranspose2d", "Dense", "Dropout", "Embedding", "Flatten", "GRUCell",
           "LayerNorm", "LeakyReLU", "Module", "Parameter", "RNNCell", "ReLU", "Recurrent", "Reshape", "Sequential",
           "Sigmoid", "Tanh", "initial"]
