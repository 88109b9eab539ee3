"""How a network leaves for PyTorch and for ONNX, and how one comes in: names, layouts, layers."""
from tinygan.errors import TinyganError


class ExchangeError(TinyganError, ValueError):
    """A network that cannot leave, or a file that cannot come in."""
