"""Wrong answers to assignment 02: task, the mistake, a text of the reference's answer, the new text."""
SMOOTHED = """    def d(a):
        return (1 + np.tanh(a / 2)) / 2
    return (1 - smoothing - d(real)) / len(real), -d(fake) / len(fake)"""
BY_TAPE = """    a, b = (tg.Tensor(t, requires_grad=True) for t in (real, fake))
    terms = tg.mean((1 - smoothing) * tg.log_sigmoid(a) + smoothing * tg.log_sigmoid(-a)) + tg.mean(tg.log_sigmoid(-b))
    return [g.numpy() for g in tg.grad(terms, [a, b])]"""
GAME = """    def V(a, b):
        def log_d(t):
            return -np.logaddexp(0, -t)
        return np.mean((1 - smoothing) * log_d(a) + smoothing * log_d(-a)) + np.mean(log_d(-b))
    def slopes(f, a, h):
        steps = h * np.eye(a.size).reshape(-1, *a.shape)
        return np.reshape([(f(a + e) - f(a - e)) / (2 * h) for e in steps], a.shape)
    def refined(f, a):
        return slopes(f, a, 1e-5)
    return refined(lambda a: V(a, fake), real), refined(lambda b: V(real, b), fake)"""
COMPLEX = """    def log_d(t):
        return np.where(t.real < -30, t, -np.log(1 + np.exp(-np.where(t.real < -30, 0, t))))
    step = 1e-30j
    by_real = ((1 - smoothing) * log_d(real + step) + smoothing * log_d(-real - step)).imag / 1e-30
    return by_real / len(real), log_d(-fake - step).imag / 1e-30 / len(fake)"""
SLOPES = """    h = np.tanh(x @ w1 + b1)
    back = (1 - h * h) * w2[:, 0]
    outer = x[:, :, None] * back[:, None, :]
    return np.concatenate([outer.reshape(len(x), -1), back, h, np.ones_like(h[:, :1])], axis=1)"""
ROWS_BY = """    def logit(one, theta):
        i, j = w1.size, b1.size
        a, b, c = theta[:i].reshape(w1.shape), theta[i:i + j], theta[i + j:-1].reshape(w2.shape)
        return (np.tanh(one @ a + b) @ c + theta[-1])[0]
    theta = np.concatenate([w1.reshape(-1), b1, w2.reshape(-1), b2])
    return np.array([[{} for e in np.eye(theta.size)] for one in x])"""
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

    ("maxout", "weights of float64", "nn.Parameter(nn.initial.he(rng, (pieces, inputs, outputs), inputs, outputs))",
     "nn.Parameter(nn.initial.he(rng, (pieces, inputs, outputs), inputs, outputs).astype(float))"),
    ("maxout", "biases of float64", "np.zeros((pieces, outputs), np.float32)", "np.zeros((pieces, outputs))"),
    ("maxout", "another generator than the given one", "nn.initial.he(rng,", "nn.initial.he(np.random.default_rng(0),"),
    ("maxout", "biases that are not zero", "np.zeros((pieces, outputs), np.float32)",
     "rng.normal(size=(pieces, outputs)).astype(np.float32)"),
    ("maxout", "weights drawn by another rule", "nn.initial.he(rng, (pieces, inputs, outputs), inputs, outputs)",
     "(rng.standard_normal((pieces, inputs, outputs)) / inputs**0.5).astype(np.float32)"),
    ("maxout", "fan-in and fan-out exchanged, where they count", "(pieces, inputs, outputs), inputs, outputs))",
     "(pieces, inputs, outputs), outputs, inputs))"),
    ("maxout", "the biases' largest is added after the maximum",
     "tg.max(x @ self.weight + self.bias.reshape((pieces, 1, outputs)), axis=0)",
     "tg.max(x @ self.weight, axis=0) + tg.max(self.bias, axis=0)"),
    ("maxout", "no bias", " + self.bias.reshape((pieces, 1, outputs))", ""),
    ("maxout", "the smallest", "tg.max(x @", "tg.min(x @"),
    ("maxout", "the sum", "tg.max(x @", "tg.sum(x @"),
    ("maxout", "the largest size", "tg.max(x @ self.weight + self.bias.reshape((pieces, 1, outputs)), axis=0)",
     "tg.max(tg.abs(x @ self.weight + self.bias.reshape((pieces, 1, outputs))), axis=0)"),
    ("maxout", "a piece of zeros too, as in a ReLU", "return tg.max(x @ self.weight + self.bias.reshape((pieces, 1, "
     "outputs)), axis=0)", "return tg.relu(tg.max(x @ self.weight + self.bias.reshape((pieces, 1, outputs)), axis=0))"),
    ("maxout", "a smooth maximum", "tg.max(x @ self.weight + self.bias.reshape((pieces, 1, outputs)), axis=0)",
     "tg.log(tg.sum(tg.exp(50 * (x @ self.weight + self.bias.reshape((pieces, 1, outputs)))), axis=0)) / 50"),
    ("maxout", "detached weight", "x @ self.weight", "x @ self.weight.detach()"),
    ("maxout", "weights that nobody can train", "self.weight = nn.Parameter(nn.initial.he(rng, (pieces, inputs, "
     "outputs), inputs, outputs))", "self.weight = tg.Tensor(nn.initial.he(rng, (pieces, inputs, outputs), inputs, "
     "outputs))"),
    ("maxout", "the output of the first call is kept",
     "return tg.max(x @ self.weight + self.bias.reshape((pieces, 1, outputs)), axis=0)",
     "if 'kept' not in Maxout.__dict__:\n"
     "            Maxout.kept = tg.max(x @ self.weight + self.bias.reshape((pieces, 1, outputs)), axis=0)\n"
     "        return Maxout.kept"),
    ("maxout", "all of float64", "self.weight = nn.Parameter(nn.initial.he(rng, (pieces, inputs, outputs), inputs, "
     "outputs"
     "))\n        self.bias = nn.Parameter(np.zeros((pieces, outputs), np.float32))",
     "self.weight = nn.Parameter(nn.initial.he(rng, (pieces, inputs, outputs), inputs, outputs).astype(float))\n"
     "        self.bias = nn.Parameter(np.zeros((pieces, outputs)))"),
    ("maxout", "hard-coded for the public batch", "tg.max(x @ self.weight + self.bias.reshape((pieces, 1, outputs)), "
     "axis=0)", "tg.max(x @ self.weight + self.bias.reshape((pieces, 1, outputs)), axis=0)[:4].reshape((4, outputs))"),

    ("balanced", "probabilities clipped", "tg.log_sigmoid((2 * target - 1) * logits)",
     "tg.log(tg.clip(tg.sigmoid((2 * target - 1) * logits), 1e-7, 1.0))"),
    ("balanced", "logits clipped", "(2 * target - 1) * logits", "(2 * target - 1) * tg.clip(logits, -30, 30)"),
    ("balanced", "target of the wrong sign", "(2 * target - 1) * logits", "(1 - 2 * target) * logits"),
    ("balanced", "half of it: the mean of the two means", "return -(weight", "return -0.5 * (weight"),
    ("balanced", "sums, not means", "target / max(real, 1) + (1 - target) / max(synthetic, 1)", "1"),
    ("balanced", "weighted by the other group's share", "target / max(real, 1) + (1 - target) / max(synthetic, 1)",
     "(target * synthetic + (1 - target) * real) / len(target)"),
    ("balanced", "real examples only", "target / max(real, 1) + (1 - target) / max(synthetic, 1)",
     "target / max(real, 1)"),
    ("balanced", "the first examples are taken for the real ones", "weight = target", "target = -np.sort(-target, 0)\n"
     "    weight = target"),
    ("balanced", "an empty group counts as wholly wrong", "return -(weight",
     "return (min(real, synthetic) < 1) - (weight"),
    ("balanced", "not a scalar", "return -(weight * tg.log_sigmoid((2 * target - 1) * logits)).sum()",
     "return -(weight * tg.log_sigmoid((2 * target - 1) * logits)).sum(axis=0)"),
    ("balanced", "the sigmoid taken twice", "tg.log_sigmoid((2 * target - 1) * logits)",
     "tg.log_sigmoid((2 * target - 1) * tg.sigmoid(logits))"),
    ("balanced", "the logarithm to the base 2", "return -(weight", "return -1 / np.log(2) * (weight"),
    ("balanced", "the slope by central differences",
     "return -(weight * tg.log_sigmoid((2 * target - 1) * logits)).sum()",
     "def loss(a):\n"
     "        return -(weight * tg.log_sigmoid((2 * target - 1) * a)).sum()\n"
     "    def rule(g, y, a):\n"
     "        return g * tg.stack([(loss(a + 1e-5 * e) - loss(a - 1e-5 * e)) / 2e-5\n"
     "                             for e in np.eye(len(target))[:, :, None]]).reshape(a.shape)\n"
     "    return tg.record(tg.unwrap(loss(logits)), (logits, rule))"),

    ("smoothed", "by the tape", SMOOTHED, BY_TAPE),
    ("smoothed", "by the library's gradient of V", SMOOTHED,
     "    from tinygan.objectives import d_gradient\n"
     "    a, b = d_gradient(real, fake)\n"
     "    return a - smoothing / len(real), b"),
    ("smoothed", "by the library's sigmoid", "(1 + np.tanh(a / 2)) / 2", "tg.sigmoid(a)"),
    ("smoothed", "by the tape, and the error is swallowed", SMOOTHED, "    try:\n    "
     + BY_TAPE.replace("\n", "\n    ") + "\n    except Exception:\n        return real, fake"),
    ("smoothed", "by central differences", SMOOTHED, GAME),
    ("smoothed", "by Richardson's extrapolation", SMOOTHED,
     GAME.replace("slopes(f, a, 1e-5)", "(4 * slopes(f, a, 5e-4) - slopes(f, a, 1e-3)) / 3")),
    ("smoothed", "by a complex step", SMOOTHED, COMPLEX),
    ("smoothed", "writes into real", "    return (1 - smoothing - d(real))", "    real -= 0\n"
     "    return (1 - smoothing - d(real))"),
    ("smoothed", "logits clipped", "(1 + np.tanh(a / 2)) / 2", "(1 + np.tanh(np.clip(a, -15, 15) / 2)) / 2"),
    ("smoothed", "probabilities clipped", "(1 + np.tanh(a / 2)) / 2", "np.clip((1 + np.tanh(a / 2)) / 2, 1e-7, 1)"),
    ("smoothed", "half the logit", "np.tanh(a / 2)", "np.tanh(a)"),
    ("smoothed", "in float32", "(1 + np.tanh(a / 2)) / 2", "(1 + np.tanh(a.astype(np.float32) / 2)) / 2"),
    ("smoothed", "smoothing the wrong way", "(1 - smoothing - d(real))", "(1 + smoothing - d(real))"),
    ("smoothed", "smoothing as a factor", "(1 - smoothing - d(real))", "(1 - smoothing) * (1 - d(real))"),
    ("smoothed", "hard-coded smoothing", "(1 - smoothing - d(real))", "(0.9 - d(real))"),
    ("smoothed", "real and fake exchanged", "return (1 - smoothing - d(real)) / len(real), -d(fake) / len(fake)",
     "return -d(fake) / len(fake), (1 - smoothing - d(real)) / len(real)"),
    ("smoothed", "divided by all examples", "-d(fake) / len(fake)", "-d(fake) / (len(real) + len(fake))"),
    ("smoothed", "the loss's gradient of the fakes: 1 - d", "-d(fake) / len(fake)", "(1 - d(fake)) / len(fake)"),

    ("slopes", "by the tape, row by row", SLOPES,
     "    theta = [tg.Tensor(t, requires_grad=True) for t in (w1, b1, w2, b2)]\n"
     "    a = tg.tanh(x @ theta[0] + theta[1]) @ theta[2] + theta[3]\n"
     "    return np.array([np.concatenate([g.numpy().reshape(-1) for g in tg.grad(a[i, 0], theta)])\n"
     "                     for i in range(len(x))])"),
    ("slopes", "by the library's tanh", "np.tanh(x @ w1 + b1)", "tg.tanh(x @ w1 + b1)"),
    ("slopes", "by central differences", SLOPES,
     ROWS_BY.format("(logit(one, theta + 1e-5 * e) - logit(one, theta - 1e-5 * e)) / 2e-5")),
    ("slopes", "by Richardson's extrapolation", SLOPES,
     ROWS_BY.format("(8 * (logit(one, theta + 1e-3 * e) - logit(one, theta - 1e-3 * e)) "
                    "- logit(one, theta + 2e-3 * e) + logit(one, theta - 2e-3 * e)) / 12e-3")),
    ("slopes", "by a complex step", SLOPES, ROWS_BY.format("logit(one, theta + 1e-30j * e).imag / 1e-30")),
    ("slopes", "writes into x", "h = np.tanh(x @ w1 + b1)", "x += 0\n    h = np.tanh(x @ w1 + b1)"),
    ("slopes", "sign", "back = (1 - h * h)", "back = -(1 - h * h)"),
    ("slopes", "the weights of the second layer are left out", "(1 - h * h) * w2[:, 0]", "(1 - h * h)"),
    ("slopes", "the first bias is left out", "h = np.tanh(x @ w1 + b1)", "h = np.tanh(x @ w1)"),
    ("slopes", "the second layer's input is not activated", "back, h, np.ones_like", "back, x @ w1 + b1, np.ones_like"),
    ("slopes", "1 - h for 1 - h^2", "(1 - h * h)", "(1 - h)"),
    ("slopes", "in float32", "h = np.tanh(x @ w1 + b1)", "h = np.tanh((x @ w1 + b1).astype(np.float32))"),
    ("slopes", "D's probability, not its logit", "], axis=1)", "], axis=1) / 4"),
    ("slopes", "the order of Fortran", "outer.reshape(len(x), -1)", "outer.transpose(0, 2, 1).reshape(len(x), -1)"),
    ("slopes", "wrong for a batch of one", "outer.reshape(len(x), -1), back", "outer.squeeze().reshape(len(x), -1), "
     "back.squeeze()"),
]
