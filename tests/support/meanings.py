"""The meaning of each operation in NumPy, for inputs for which it is defined."""
import numpy as np


def softplus(x):
    return np.logaddexp(x, 0)


def softmax(x, axis=-1):
    return np.exp(x) / np.exp(x).sum(axis, keepdims=True)


def affine(x, scale_shift):
    return x * scale_shift[0] + scale_shift[1]


def affine_adjoint(x, g):
    axes = tuple(range(x.ndim - 1))
    return np.stack([(g * x).sum(axes), g.sum(axes)])


def normaliser(both, weight, bias, eps=1e-5):
    return np.stack([weight / np.sqrt(both[1] + eps), bias - both[0] * weight / np.sqrt(both[1] + eps)])


def unbroadcast(x, shape):
    x = x.sum(tuple(range(x.ndim - len(shape))))
    return x.sum(tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True).reshape(shape)


def scatter(x, index, shape):
    out = np.zeros(shape)
    np.add.at(out, index, x)
    return out


def correlate(x, w, stride=1, padding=0):
    """conv2d by its definition, element by element."""
    (sh, sw), (ph, pw) = ((v, v) if isinstance(v, int) else v for v in (stride, padding))
    x = np.pad(x, ((0, 0), (ph, ph), (pw, pw), (0, 0)))
    kh, kw = w.shape[:2]
    return np.stack([np.stack([np.tensordot(x[:, i:i + kh, j:j + kw], w, 3)
                               for j in range(0, x.shape[2] - kw + 1, sw)], 1)
                     for i in range(0, x.shape[1] - kh + 1, sh)], 1)


NUMPY = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "neg": np.negative,
    "all_reduce": np.array,
    "sin": np.sin, "cos": np.cos, "minimum": np.minimum, "std": np.std, "min": np.min,
    "pow": lambda a, b: a ** b,
    "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "abs": np.abs, "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "softplus": softplus, "log_sigmoid": lambda x: -softplus(-x),
    "relu": lambda x: np.where(x > 0, x, 0),
    "leaky_relu": lambda x, negative_slope=0.01: np.where(x > 0, x, negative_slope * x),
    "relu_backward": lambda x, y, slope=0.0: np.where(y > 0, x, slope * x),
    "maximum": np.maximum, "where": lambda a, b, condition: np.where(condition, a, b),
    "clip": lambda x, low=-0.5, high=0.5: np.clip(x, low, high), "matmul": np.matmul, "affine": affine,
    "affine_adjoint": affine_adjoint, "batch_norm_coefficients": normaliser,
    "linear": lambda x, w, b: x @ w + b, "sum": np.sum, "mean": np.mean, "var": np.var, "max": np.max,
    "softmax": softmax,
    "log_softmax": lambda x, axis=-1: np.log(softmax(x, axis)),
    "moments": lambda x: np.stack([x.reshape(-1, x.shape[-1]).mean(0), x.reshape(-1, x.shape[-1]).var(0)]),
    "reshape": lambda x, shape: np.reshape(x, shape), "transpose": np.transpose, "unbroadcast": unbroadcast,
    "broadcast_to": lambda x, shape, over=1: np.broadcast_to(x, shape) / over,
    "getitem": lambda x, index: x[index], "scatter": scatter,
    "concatenate": lambda *xs, axis=-1: np.concatenate(xs, axis), "stack": lambda *xs, axis=0: np.stack(xs, axis),
    "upsample": lambda x: np.kron(x, np.ones((1, 2, 2, 1))),
    "average_pool": lambda x: x.reshape(len(x), x.shape[1] // 2, 2, x.shape[2] // 2, 2, -1).mean((2, 4)),
    "pad": lambda x, widths: np.pad(x, widths), "conv2d": correlate,
}
