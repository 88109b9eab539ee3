"""Exports networks to PyTorch and ONNX, and imports networks from PyTorch: names, layouts, layers."""
from tinygan.errors import TinyganError


class ExchangeError(TinyganError, ValueError):
    """A network that cannot be exported, or a file that cannot be imported."""
