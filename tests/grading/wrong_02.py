"""Wrong answers to assignment 02: task, the mistake, a text of the reference's answer, the new text."""
WRONG = [
    ("maxout", "wrong axis", "axis=0)", "axis=1)"),
    ("maxout", "mean for maximum", "tg.max(x @", "tg.mean(x @"),
    ("maxout", "detached bias", "self.bias.reshape(", "self.bias.detach().reshape("),
    ("maxout", "hard-coded for two pieces", "tg.max(x @ self.weight + self.bias.reshape((pieces, 1, outputs)), axis=0)",
     "tg.maximum(x @ self.weight[0] + self.bias[0], x @ self.weight[1] + self.bias[1])"),
    ("maxout", "right value, wrong gradient: every piece gets it", "return tg.max(x @ self.weight + self.bias.reshape("
     "(pieces, 1, outputs)), axis=0)",
     "every = x @ self.weight + self.bias.reshape((pieces, 1, outputs))\n"
     "        return tg.mean(every, axis=0) + tg.max(every.detach(), axis=0) - tg.mean(every.detach(), axis=0)"),
    ("maxout", "right first, wrong second order", "return tg.max(x @ self.weight + self.bias.reshape("
     "(pieces, 1, outputs)), axis=0)",
     "from tinygan.tensor import unwrap, record\n"
     "        def flip(a):\n"
     "            return unwrap(a).swapaxes(-1, -2)\n"
     "        dense = record(unwrap(x) @ unwrap(self.weight), (x, lambda g, y, x, w: (g @ flip(w)).sum(axis=0)),\n"
     "                       (self.weight, lambda g, y, x, w: flip(x) @ g))\n"
     "        return tg.max(dense + self.bias.reshape((pieces, 1, outputs)), axis=0)"),
    ("maxout", "bias before weight", "        self.weight = nn.Parameter(", "        self.bias = 0\n"
     "        self.bias = nn.Parameter(np.zeros((pieces, outputs), np.float32))\n        self.weight = nn.Parameter("),
    ("maxout", "fans of all pieces together", "(pieces, inputs, outputs), inputs, outputs))",
     "(pieces, inputs, outputs), pieces * inputs, outputs))"),

    ("balanced", "one mean over all", "target / max(real, 1) + (1 - target) / max(synthetic, 1)", "1 / len(target)"),
    ("balanced", "sign", "return -(weight", "return (weight"),
    ("balanced", "groups exchanged", "target / max(real, 1) + (1 - target) / max(synthetic, 1)",
     "target / max(synthetic, 1) + (1 - target) / max(real, 1)"),
    ("balanced", "hard-coded for the public groups", "target / max(real, 1) + (1 - target) / max(synthetic, 1)",
     "target / 3 + (1 - target) / 5"),
    ("balanced", "no answer for an empty group", "target / max(real, 1) + (1 - target) / max(synthetic, 1)",
     "target / real + (1 - target) / synthetic"),
    ("balanced", "not finite at large logits", "tg.log_sigmoid((2 * target - 1) * logits)",
     "tg.log(tg.sigmoid((2 * target - 1) * logits))"),
    ("balanced", "kept finite by a small number", "tg.log_sigmoid((2 * target - 1) * logits)",
     "tg.log(tg.sigmoid((2 * target - 1) * logits) + 1e-12)"),
    ("balanced", "detached", "(2 * target - 1) * logits", "(2 * target - 1) * logits.detach()"),
    ("balanced", "right first, wrong second order", "tg.log_sigmoid((2 * target - 1) * logits)",
     "(tg.log_sigmoid((2 * target - 1) * logits.detach())\n"
     "                      + (1 - tg.sigmoid((2 * target - 1) * logits.detach())) * (2 * target - 1)\n"
     "                      * (logits - logits.detach()))"),

    ("smoothed", "sign", "return (1 - smoothing - d(real)) / len(real), -d(fake)",
     "return (d(real) - 1 + smoothing) / len(real), d(fake)"),
    ("smoothed", "sum for mean", " / len(real), -d(fake) / len(fake)", ", -d(fake)"),
    ("smoothed", "one number of examples for both", "-d(fake) / len(fake)", "-d(fake) / len(real)"),
    ("smoothed", "the fakes smoothed too", "-d(fake) / len(fake)", "(smoothing - d(fake)) / len(fake)"),
    ("smoothed", "smoothing left out", "(1 - smoothing - d(real))", "(1 - d(real))"),
    ("smoothed", "a factor of D that had cancelled", "(1 - smoothing - d(real))",
     "(1 - smoothing - d(real)) * d(real)"),
    ("smoothed", "not finite at large logits", "(1 + np.tanh(a / 2)) / 2", "np.exp(a) / (1 + np.exp(a))"),
    ("smoothed", "hard-coded for the public shape", "(1 - smoothing - d(real)) / len(real)", "(0.9 - d(real)) / 4"),

    ("slopes", "no slope of tanh", "back = (1 - h * h) * w2[:, 0]", "back = w2[:, 0] + 0 * h"),
    ("slopes", "slope of tanh for its argument", "back = (1 - h * h)", "back = (1 - np.square(x @ w1 + b1))"),
    ("slopes", "outer product transposed", "x[:, :, None] * back[:, None, :]", "back[:, :, None] * x[:, None, :]"),
    ("slopes", "order of the parameters", "back, h, np.ones_like(h[:, :1])", "h, back, np.ones_like(h[:, :1])"),
    ("slopes", "no slope in the last bias", "np.ones_like(h[:, :1])", "np.zeros_like(h[:, :1])"),
    ("slopes", "mean over the batch", "np.ones_like(h[:, :1])], axis=1)", "np.ones_like(h[:, :1])], axis=1) / len(x)"),
    ("slopes", "hard-coded for the public shape", "outer.reshape(len(x), -1)", "outer.reshape(4, 6)"),
    ("slopes", "sum over the examples in every row", "outer.reshape(len(x), -1), back",
     "(outer.sum(0) + 0 * outer).reshape(len(x), -1), back"),
]
