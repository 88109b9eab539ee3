"""Wrong answers to assignment 05: task, the mistake, a text of the reference's answer, the new text."""
WRONG = [
    ("group-norm", "wrong axis: the batch is in the mean", "tg.mean(parts, axis=(1, 2, 4)",
     "tg.mean(parts, axis=(0, 1, 2, 4)"),
    ("group-norm", "wrong layout: a group is every third channel", "return (distance / tg.sqrt(variance + eps))",
     "parts = x.reshape((n, h, w, c // groups, groups)).transpose((0, 1, 2, 4, 3))\n"
     "    distance = parts - tg.mean(parts, axis=(1, 2, 4), keepdims=True)\n"
     "    variance = tg.mean(distance * distance, axis=(1, 2, 4), keepdims=True)\n"
     "    return (distance / tg.sqrt(variance + eps)).transpose((0, 1, 2, 4, 3))"),
    ("group-norm", "detached: the mean is a constant", "parts - tg.mean(parts, axis=(1, 2, 4), keepdims=True)",
     "parts - tg.mean(parts, axis=(1, 2, 4), keepdims=True).detach()"),
    ("group-norm", "detached: the deviation is a constant", "tg.sqrt(variance + eps)",
     "tg.sqrt(variance + eps).detach()"),
    ("group-norm", "sum for mean", "variance = tg.mean(", "variance = tg.sum("),
    ("group-norm", "eps outside the root", "tg.sqrt(variance + eps)", "(tg.sqrt(variance) + eps)"),
    ("group-norm", "scale and shift before the groups are normalised", ".reshape(x.shape) * weight + bias",
     ".reshape(x.shape)"),
    ("group-norm", "sign of the shift", "* weight + bias", "* weight - bias"),
    ("group-norm", "hard-coded for the public shapes", "groups, c // groups", "groups, 3 if c == 6 else 1"),
    ("group-norm", "float64 mixed in", "(variance + eps)", "(variance + np.full((1,), eps))"),

    ("instance-norm", "wrong axis: one mean for all channels", "tuple(range(1, x.ndim - 1))",
     "tuple(range(1, x.ndim))"),
    ("instance-norm", "wrong axis: the batch, as batch normalisation", "tuple(range(1, x.ndim - 1))",
     "tuple(range(0, x.ndim - 1))"),
    ("instance-norm", "hard-coded for images", "tuple(range(1, x.ndim - 1))", "(1, 2)"),
    ("instance-norm", "hard-coded for the public shapes", "tuple(range(1, x.ndim - 1))",
     "(1, 2) if x.ndim == 4 else (1,)"),
    ("instance-norm", "right first, wrong second derivative", "distance / tg.sqrt(variance + self.eps)",
     "tg.tensor.record((distance / tg.sqrt(variance + self.eps)).data, (distance, lambda g, y, d, s: g / s), "
     "(tg.sqrt(variance + self.eps), lambda g, y, d, s: tg.sum(-g * y.data / s.data, pixels, keepdims=True) "
     "if isinstance(g, tg.Tensor) else (-g * y / s).sum(pixels, keepdims=True)))"),
    ("instance-norm", "detached: mean and variance from arrays", "x - tg.mean(x, axis=pixels, keepdims=True)",
     "x - np.mean(x.data, axis=pixels, keepdims=True)"),
    ("instance-norm", "bias before weight", "self.weight = nn.Parameter(np.ones(channels, np.float32))\n"
     "        self.bias = nn.Parameter(np.zeros(channels, np.float32))",
     "self.bias = nn.Parameter(np.zeros(channels, np.float32))\n"
     "        self.weight = nn.Parameter(np.ones(channels, np.float32))"),
    ("instance-norm", "parameters of float64", "np.zeros(channels, np.float32)", "np.zeros(channels)"),
    ("instance-norm", "weights that nobody can train", "nn.Parameter(np.ones(channels, np.float32))",
     "np.ones(channels, np.float32)"),

    ("weight-norm", "wrong axis: the length of a row", "axis=tuple(range(v.ndim - 1)))",
     "axis=tuple(range(1, v.ndim)))"),
    ("weight-norm", "one length for the whole kernel, as spectral normalisation", "axis=tuple(range(v.ndim - 1)))",
     ")"),
    ("weight-norm", "right value, wrong gradient: the length is a constant", "tg.sqrt(square)",
     "tg.sqrt(square).detach()"),
    ("weight-norm", "hard-coded for the public shapes", "tuple(range(v.ndim - 1))",
     "(0, 1, 2) if v.ndim == 4 else 0 if v.shape == (4, 3) else 1"),
    ("weight-norm", "the square of the length", "tg.sqrt(square)", "square"),
    ("weight-norm", "mean for sum", "square = tg.sum(", "square = tg.mean("),
    ("weight-norm", "sign: g in size only", "(g / tg.sqrt(square))", "(tg.abs(g) / tg.sqrt(square))"),
    ("weight-norm", "right first, wrong second derivative", "v * (g / tg.sqrt(square))",
     "tg.tensor.record((v * (g / tg.sqrt(square))).data, (v, lambda h, y, v, g, s: h * g / tg.sqrt(s)), (g, "
     "lambda h, y, v, g, s: (h * v / tg.sqrt(s)).sum(tuple(range(v.ndim - 1)))), (square, lambda h, y, v, g, "
     "s: -0.5 * (h * tg.unwrap(y)).sum(tuple(range(v.ndim - 1))) / s))"),

    ("weight-norm-start", "wrong axis: over the outputs", "centre = tg.mean(t, axis=0)",
     "centre = tg.mean(t, axis=1, keepdims=True)"),
    ("weight-norm-start", "sign of b", "-centre * g", "centre * g"),
    ("weight-norm-start", "b is not divided by the deviation", "-centre * g", "-centre"),
    ("weight-norm-start", "sum for mean", "tg.sqrt(tg.mean((t", "tg.sqrt(tg.sum((t"),
    ("weight-norm-start", "the variance in place of the deviation", "tg.sqrt(tg.mean((t - centre) ** 2, axis=0))",
     "tg.mean((t - centre) ** 2, axis=0)"),
    ("weight-norm-start", "v is not normalised", "x @ (v / tg.sqrt(tg.sum(v * v, axis=0)))", "x @ v"),
    ("weight-norm-start", "the mean is not taken off", "(t - centre) ** 2", "t**2"),
    ("weight-norm-start", "the rows exchanged", "[g, -centre * g]", "[-centre * g, g]"),
    ("weight-norm-start", "divided by n - 1, hidden by a factor for the public sizes",
     "tg.mean((t - centre) ** 2, axis=0)", "tg.sum((t - centre) ** 2, axis=0) / (6 if x.shape[0] == 6 else 5)"),
]
