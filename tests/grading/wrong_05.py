"""Wrong answers to assignment 05: task, the mistake, a text of the reference's answer, the new text."""
from wrong_03 import RICHARDSON, differences

GROUPED = "return (distance / tg.sqrt(variance + eps)).reshape(x.shape) * weight + bias"
ONE = "return distance / tg.sqrt(variance + self.eps) * self.weight + self.bias"
LENGTH = "return v * (g / tg.sqrt(square))"
START = "return tg.stack([g, -centre * g])"
F64 = "tg.record(tg.unwrap(x), (x, lambda g, y, x: g * np.ones(())))"
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

    ("group-norm", "its rules are central differences", GROUPED, GROUPED + differences("group_norm")),
    ("group-norm", "its rules are differences by Richardson", GROUPED, GROUPED + differences("group_norm", RICHARDSON)),
    ("group-norm", "eps is hard-coded", "variance + eps", "variance + 1e-5"),
    ("group-norm", "eps is left out", "tg.sqrt(variance + eps)", "tg.sqrt(variance)"),
    ("group-norm", "another default for eps", "    n, h, w, c = x.shape", "    eps = 1e-3 if eps == 1e-5 else eps\n"
     "    n, h, w, c = x.shape"),
    ("group-norm", "eps squared", "variance + eps", "variance + eps * eps"),
    ("group-norm", "groups is hard-coded", "    n, h, w, c = x.shape", "    groups = 2\n    n, h, w, c = x.shape"),
    ("group-norm", "the number of groups for their size", "(n, h, w, groups, c // groups)", "(n, h, w, c // groups, "
     "groups)"),
    ("group-norm", "each row of pixels by itself", "axis=(1, 2, 4)", "axis=(2, 4)"),
    ("group-norm", "each pixel by itself, as layer normalisation", "axis=(1, 2, 4)", "axis=4"),
    ("group-norm", "each channel by itself", "axis=(1, 2, 4)", "axis=(1, 2)"),
    ("group-norm", "variance over n - 1", "variance + eps", "variance * (h * w * c / groups / max(h * w * c / groups - "
     "1, 1)) "
     "+ eps"),
    ("group-norm", "divided by the variance", "tg.sqrt(variance + eps)", "(variance + eps)"),
    ("group-norm", "the mean stays in", "return (distance /", "return (parts /"),
    ("group-norm", "the mean size, not the root of the mean square", "tg.mean(distance * distance,", "tg.mean(tg.abs("
     "distance),"),
    ("group-norm", "weight and bias exchanged", "* weight + bias", "* bias + weight"),
    ("group-norm", "the shift is scaled too", ".reshape(x.shape) * weight + bias", ".reshape(x.shape).__add__(bias) * "
     "weight"),
    ("group-norm", "1 + weight", "* weight + bias", "* (1 + weight) + bias"),
    ("group-norm", "detached weight", "* weight + bias", "* weight.detach() + bias"),
    ("group-norm", "the gradient is float64", "n, h, w, c = x.shape", f"n, h, w, c = x.shape\n    x = {F64}"),
    ("group-norm", "writes into x", "n, h, w, c = x.shape", "n, h, w, c = x.shape\n    x.data -= 0"),
    ("group-norm", "running statistics", "return (distance /", "group_norm.kept = variance = 0.9 * getattr(group_norm, "
     "'kept', variance) + 0.1 * variance if getattr(group_norm, 'kept', variance).shape == variance.shape else "
     "variance\n"
     "    return (distance /"),
    ("group-norm", "hard-coded for square images", "(n, h, w, groups, c // groups)", "(n, h, h, groups, c // groups)"),

    ("instance-norm", "eps is hard-coded", "self.eps = eps", "self.eps = 1e-5"),
    ("instance-norm", "eps is left out", "tg.sqrt(variance + self.eps)", "tg.sqrt(variance)"),
    ("instance-norm", "another default for eps", "self.eps = eps", "self.eps = 1e-3 if eps == 1e-5 else eps"),
    ("instance-norm", "eps outside the root", "tg.sqrt(variance + self.eps)", "(tg.sqrt(variance) + self.eps)"),
    ("instance-norm", "eps at least 1e-4", "self.eps = eps", "self.eps = max(eps, 1e-4)"),
    ("instance-norm", "all parameters of float64", "np.ones(channels, np.float32))\n        self.bias = nn.Parameter("
     "np.zeros(channels, np.float32))", "np.ones(channels))\n        self.bias = nn.Parameter(np.zeros(channels))"),
    ("instance-norm", "no bias", " * self.weight + self.bias", " * self.weight"),
    ("instance-norm", "scale of 0 at first", "np.ones(channels, np.float32)", "np.zeros(channels, np.float32)"),
    ("instance-norm", "a random scale at first", "np.ones(channels, np.float32)",
     "np.random.default_rng().normal(size=channels).astype(np.float32)"),
    ("instance-norm", "one scale for all channels", "np.ones(channels, np.float32)", "np.ones(1, np.float32)"),
    ("instance-norm", "variance over n - 1", "variance = tg.mean(distance * distance, axis=pixels, keepdims=True)",
     "variance = tg.sum(distance * distance, axis=pixels, keepdims=True) / (distance[0, ..., 0].size - 1)"),
    ("instance-norm", "sum for mean", "variance = tg.mean(", "variance = tg.sum("),
    ("instance-norm", "divided by the variance", "tg.sqrt(variance + self.eps)", "(variance + self.eps)"),
    ("instance-norm", "the mean stays in", "return distance /", "return x /"),
    ("instance-norm", "detached: the deviation is a constant", "tg.sqrt(variance + self.eps)",
     "tg.sqrt(variance + self.eps).detach()"),
    ("instance-norm", "detached weight", "* self.weight +", "* self.weight.detach() +"),
    ("instance-norm", "the statistics of the first batch", "variance = tg.mean(distance * distance, axis=pixels, "
     "keepdims="
     "True)", "variance = InstanceNorm.__dict__.get('kept', tg.mean(distance * distance, axis=pixels, keepdims=True))\n"
     "        InstanceNorm.kept = variance"),
    ("instance-norm", "another value in evaluation mode", ONE, ONE.replace("return", "return x if not self.training "
     "else")),
    ("instance-norm", "the gradient is float64", "pixels = tuple(", f"x = {F64}\n        pixels = tuple("),
    ("instance-norm", "the value is float64", "+ self.eps)", "+ np.array([self.eps]))"),
    ("instance-norm", "writes into x", "pixels = tuple(", "x.data += 0\n        pixels = tuple("),
    ("instance-norm", "the library's layer normalisation", ONE, "return nn.LayerNorm(x.shape[-1])(x) * self.weight + "
     "self.bias"),

    ("weight-norm", "its rules are central differences", LENGTH, LENGTH + differences("weight_norm")),
    ("weight-norm", "its rules are differences by Richardson", LENGTH, LENGTH + differences("weight_norm", RICHARDSON)),
    ("weight-norm", "not multiplied by g", "(g / tg.sqrt(square))", "(1 / tg.sqrt(square)) + 0 * g"),
    ("weight-norm", "g added, not multiplied", "v * (g / tg.sqrt(square))", "v / tg.sqrt(square) + g"),
    ("weight-norm", "exp(g), as the paper's second form", "(g / tg.sqrt(square))", "(tg.exp(g) / tg.sqrt(square))"),
    ("weight-norm", "the sum of sizes, not of squares", "tg.sum(v * v,", "tg.sum(tg.abs(v),"),
    ("weight-norm", "a small number under the root", "tg.sqrt(square)", "tg.sqrt(square + 1e-7)"),
    ("weight-norm", "a small number beside the length", "tg.sqrt(square)", "(tg.sqrt(square) + 1e-8)"),
    ("weight-norm", "the largest, not the length", "tg.sqrt(square)", "tg.max(tg.abs(v), axis=tuple(range(v.ndim - "
     "1)))"),
    ("weight-norm", "detached g", "(g / tg", "(g.detach() / tg"),
    ("weight-norm", "detached v", "return v * (", "return v.detach() * ("),
    ("weight-norm", "hard-coded for dense layers", "axis=tuple(range(v.ndim - 1))", "axis=0"),
    ("weight-norm", "the mean is taken off first", "square = tg.sum(", "v = v - tg.mean(v, axis=0)\n    square = "
     "tg.sum("),
    ("weight-norm", "the value is float64", "tg.sqrt(square)", "tg.sqrt(square * np.ones(()))"),
    ("weight-norm", "the gradient is float64", "square = tg.sum(", "v = tg.record(tg.unwrap(v), (v, lambda g, y, v: g "
     "* "
     "np.ones(())))\n    square = tg.sum("),
    ("weight-norm", "writes into v", "square = tg.sum(", "v.data /= 1\n    square = tg.sum("),
    ("weight-norm", "keeps the first length", LENGTH, "square = weight_norm.__dict__.setdefault('kept', square)\n    "
     + LENGTH),

    ("weight-norm-start", "divided by n - 1", "tg.mean((t - centre) ** 2, axis=0)", "tg.sum((t - centre) ** 2, axis=0) "
     "/ "
     "(x.shape[0] - 1)"),
    ("weight-norm-start", "a small number under the root", "(t - centre) ** 2, axis=0)", "(t - centre) ** 2, axis=0) + "
     "1e-5"),
    ("weight-norm-start", "the length of a row of v", "tg.sum(v * v, axis=0)", "tg.sum(v * v, axis=1, keepdims=True)"),
    ("weight-norm-start", "one length for all outputs", "tg.sum(v * v, axis=0)", "tg.sum(v * v)"),
    ("weight-norm-start", "the square of the length", "tg.sqrt(tg.sum(v * v, axis=0))", "tg.sum(v * v, axis=0)"),
    ("weight-norm-start", "one deviation for all outputs", "tg.mean((t - centre) ** 2, axis=0)",
     "tg.mean((t - centre) ** 2) + 0 * centre"),
    ("weight-norm-start", "g is the deviation, not its inverse", "g = 1 / tg.sqrt(", "g = tg.sqrt("),
    ("weight-norm-start", "g is negative", "g = 1 / tg.sqrt(", "g = -1 / tg.sqrt("),
    ("weight-norm-start", "b is 0", "-centre * g", "0 * centre"),
    ("weight-norm-start", "columns for rows", "tg.stack([g, -centre * g])", "tg.stack([g, -centre * g], axis=1)"),
    ("weight-norm-start", "the mean of x, not of t", "centre = tg.mean(t, axis=0)", "centre = tg.mean(x) + 0 * t[0]"),
    ("weight-norm-start", "the mean size", "tg.sqrt(tg.mean((t - centre) ** 2, axis=0))", "tg.mean(tg.abs(t - centre), "
     "axis=0)"),
    ("weight-norm-start", "the value is float64", "tg.stack([g, -centre * g])", "tg.stack([g, -centre * g]) * "
     "np.ones(())"),
    ("weight-norm-start", "writes into x", "t = x @", "x.data += 0\n    t = x @"),
    ("weight-norm-start", "keeps the first batch", "t = x @", "x = weight_norm_start.__dict__.setdefault('kept', x)\n"
     "    t = x @"),
    ("weight-norm-start", "the first half of the batch", "t = x @", "x = x[: (x.shape[0] + 1) // 2]\n    t = x @"),
    ("weight-norm-start", "x rounded to float32", "t = x @", "x = "
     "tg.Tensor(x.data.astype('f4').astype(x.dtype))\n"
     "    t = x @"),
]
