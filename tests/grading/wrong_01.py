"""Wrong answers to assignment 01: task, the mistake, a text of the reference's answer, the new text."""
SOFTSIGN = "return record(unwrap(x) / size, (x, lambda g, y, x: g / (1 + tg.abs(x)) ** 2))"
HYPOTENUSE = """return record(np.hypot(unwrap(a), unwrap(b)),
                  (a, lambda g, y, a, b: unbroadcast(g * a / y, a.shape)),
                  (b, lambda g, y, a, b: unbroadcast(g * b / y, b.shape)))"""
SUMS = "return record(np.cumsum(unwrap(x), -1), (x, lambda g, y, x: cumulative_sum(g[..., ::-1])[..., ::-1]))"
EXPONENTIALS = "return record(value, (x, lambda g, y, x: g * tg.exp(x - y)))"
WRONG = [
    ("softsign", "sign", "(x, lambda g, y, x: g", "(x, lambda g, y, x: -g"),
    ("softsign", "wrong formula", "(1 + tg.abs(x)) ** 2", "(1 + tg.abs(x))"),
    ("softsign", "zero gradient", "g / (1 + tg.abs(x)) ** 2", "0 * g"),
    ("softsign", "right first, wrong second order", "tg.abs(x)) ** 2", "np.abs(unwrap(x))) ** 2"),
    ("softsign", "wrong value for negative x", "np.abs(unwrap(x))", "unwrap(x) ** 2 / (1e-9 + unwrap(x))"),
    ("softsign", "float64 for float32", "np.abs(unwrap(x))", "np.abs(np.float64(unwrap(x)))"),
    ("softsign", "hard-coded for one or two axes", "np.abs(unwrap(x))", "np.abs(unwrap(x)[:])"),

    ("hypotenuse", "not summed over the broadcast axis", "unbroadcast(g * b / y, b.shape)", "g * b / y"),
    ("hypotenuse", "a forgotten", "unbroadcast(g * a / y, a.shape)", "g * a / y"),
    ("hypotenuse", "sign", "unbroadcast(g * b / y", "unbroadcast(g * -b / y"),
    ("hypotenuse", "mean for sum", "unbroadcast(g * b / y, b.shape)",
     "unbroadcast(g * b / y, b.shape) * (b.size / y.size)"),
    ("hypotenuse", "right value, wrong gradient", "g * a / y", "g * a"),
    ("hypotenuse", "right first, wrong second order", "unbroadcast(g * a / y, a.shape)",
     "unbroadcast(g * a / unwrap(y), a.shape)"),
    ("hypotenuse", "hard-coded for new axes only", "unbroadcast(g * b / y, b.shape)",
     "(g * b / y).sum(axis=tuple(range(y.ndim - b.ndim)))"),

    ("cumulative-sum", "wrong axis", "np.cumsum(unwrap(x), -1)", "np.cumsum(unwrap(x), 0)"),
    ("cumulative-sum", "not transposed", "cumulative_sum(g[..., ::-1])[..., ::-1]", "cumulative_sum(g)"),
    ("cumulative-sum", "sign", "cumulative_sum(g[..., ::-1])", "-cumulative_sum(g[..., ::-1])"),
    ("cumulative-sum", "flipped along the first axis", "g[..., ::-1])[..., ::-1]", "g[::-1])[::-1]"),
    ("cumulative-sum", "means for sums", "np.cumsum(unwrap(x), -1)", "np.cumsum(unwrap(x), -1) / x.shape[-1]"),
    ("cumulative-sum", "right first, wrong second order", "lambda g, y, x: cumulative_sum(g[..., ::-1])[..., ::-1]",
     "lambda g, y, x: np.cumsum(unwrap(g)[..., ::-1], -1)[..., ::-1]"),

    ("log-sum-exp", "overflows", "top = unwrap(x).max(-1, keepdims=True)", "top = unwrap(x)[..., :1] * 0"),
    ("log-sum-exp", "wrong axis", "sum(-1, keepdims=True))", "sum(0, keepdims=True))"),
    ("log-sum-exp", "mean for sum", ".sum(-1, keepdims=True)", ".mean(-1, keepdims=True)"),
    ("log-sum-exp", "axis not kept", "return record(value,", "return record(value[..., 0],"),
    ("log-sum-exp", "detached", "tg.exp(x - y)", "tg.exp(x - y) * 0"),
    ("log-sum-exp", "right first, wrong second order", "tg.exp(x - y)", "np.exp(unwrap(x) - value)"),
    ("log-sum-exp", "right value, wrong gradient", "tg.exp(x - y)", "tg.exp(x - top)"),

    ("softsign", "the slope by a central difference", "g / (1 + tg.abs(x)) ** 2",
     "g * (softsign(x + 1e-5) - softsign(x - 1e-5)) / 2e-5"),
    ("softsign", "the slope by a difference relative to x", "g / (1 + tg.abs(x)) ** 2",
     "g * (softsign(x * (1 + 1e-5)) - softsign(x * (1 - 1e-5))) / (2e-5 * x)"),
    ("softsign", "the slope by Richardson's extrapolation", "g / (1 + tg.abs(x)) ** 2",
     "g * (8 * (softsign(x + 1e-3) - softsign(x - 1e-3)) - softsign(x + 2e-3) + softsign(x - 2e-3)) / 12e-3"),
    ("softsign", "the slope by a complex step", "g / (1 + tg.abs(x)) ** 2",
     "g * (lambda z: z / (1 + np.where(z.real < 0, -z, z)))(unwrap(x) + 1e-20j).imag / 1e-20"),
    ("softsign", "right to six digits", "unwrap(x) / size", "unwrap(x) / (size + 1e-7)"),
    ("softsign", "no slope at 0", "g / (1 + tg.abs(x)) ** 2", "g * (y / x) ** 2"),
    ("softsign", "a slope that is zero at 0", "g / (1 + tg.abs(x)) ** 2",
     "g * (unwrap(x) != 0) / (1 + tg.abs(x)) ** 2"),
    ("softsign", "an infinite slope at huge numbers", "g / (1 + tg.abs(x)) ** 2",
     "g * ((1 + tg.abs(x)) ** 40) / (1 + tg.abs(x)) ** 42"),
    ("softsign", "the gradient is float64", "g / (1 + tg.abs(x)) ** 2", "g * np.ones(()) / (1 + tg.abs(x)) ** 2"),
    ("softsign", "writes into x", "np.abs(unwrap(x))", "np.abs(unwrap(x), out=unwrap(x))"),
    ("softsign", "remembers the first input", "return record(unwrap(x) / size,",
     "size = softsign.__dict__.setdefault('size', size)\n    return record(unwrap(x) / size,"),
    ("softsign", "another value at the second call", "return record(unwrap(x) / size,",
     "softsign.__dict__['calls'] = calls = getattr(softsign, 'calls', 0) + 1\n"
     "    size = size + (calls % 2 == 0) * 1e-3\n    return record(unwrap(x) / size,"),
    ("softsign", "another function of the same shape", "unwrap(x) / size", "np.tanh(unwrap(x))"),

    ("hypotenuse", "both slopes by central differences", "(a, lambda g, y, a, b: unbroadcast(g * a / y, a.shape)),\n"
     "                  (b, lambda g, y, a, b: unbroadcast(g * b / y, b.shape))",
     "(a, lambda g, y, a, b: unbroadcast(g * (hypotenuse(a + 1e-5, b) - hypotenuse(a - 1e-5, b)) / 2e-5, a.shape)),\n"
     "                  (b, lambda g, y, a, b: unbroadcast(g * (hypotenuse(a, b + 1e-5) - hypotenuse(a, b - 1e-5)) "
     "/ 2e-5, b.shape))"),
    ("hypotenuse", "one slope by a relative difference", "g * a / y", "g * (hypotenuse(a * (1 + 1e-5), b) - "
     "hypotenuse(a * (1 - 1e-5), b)) / (2e-5 * a)"),
    ("hypotenuse", "inputs exchanged in a rule", "g * a / y", "g * b / y"),
    ("hypotenuse", "the slope is right for positive a only", "g * a / y", "g * tg.abs(a) / y"),
    ("hypotenuse", "no slope where a is 0", "g * a / y", "g * (y * y - b * b) / (a * y)"),
    ("hypotenuse", "a small number under the root", "np.hypot(unwrap(a), unwrap(b))",
     "np.sqrt(unwrap(a) ** 2 + unwrap(b) ** 2 + 1e-8)"),
    ("hypotenuse", "the gradient of b is float64", "g * b / y", "g * np.ones(()) * b / y"),
    ("hypotenuse", "the value is float64", "np.hypot(unwrap(a), unwrap(b))",
     "np.hypot(unwrap(a), np.asarray(unwrap(b), np.float64))"),
    ("hypotenuse", "writes into a", "np.hypot(unwrap(a), unwrap(b))",
     "np.sqrt(np.multiply(unwrap(a), unwrap(a), out=unwrap(a)) + unwrap(b) ** 2)"),
    ("hypotenuse", "the sum, not the root of the squares", "np.hypot(unwrap(a), unwrap(b))",
     "np.abs(unwrap(a)) + np.abs(unwrap(b))"),
    ("hypotenuse", "the square", "np.hypot(unwrap(a), unwrap(b))", "np.hypot(unwrap(a), unwrap(b)) ** 2"),

    ("cumulative-sum", "the slope by central differences", "lambda g, y, x: cumulative_sum(g[..., ::-1])[..., ::-1]",
     "lambda g, y, x: tg.stack([tg.sum(g * (cumulative_sum(x + 1e-5 * e) - cumulative_sum(x - 1e-5 * e)), -1) / 2e-5\n"
     "                    for e in np.eye(x.shape[-1], dtype=x.dtype)], -1)"),
    ("cumulative-sum", "without the element itself", "np.cumsum(unwrap(x), -1)",
     "np.cumsum(unwrap(x), -1) - unwrap(x)"),
    ("cumulative-sum", "from the other end", "np.cumsum(unwrap(x), -1)",
     "np.cumsum(unwrap(x)[..., ::-1], -1)[..., ::-1]"),
    ("cumulative-sum", "reversed once only", "cumulative_sum(g[..., ::-1])[..., ::-1]", "cumulative_sum(g[..., ::-1])"),
    ("cumulative-sum", "the cotangent itself", "cumulative_sum(g[..., ::-1])[..., ::-1]", "g"),
    ("cumulative-sum", "the sum of all cotangents", "cumulative_sum(g[..., ::-1])[..., ::-1]",
     "tg.sum(g, -1, keepdims=True) + 0 * x"),
    ("cumulative-sum", "hard-coded for two axes", "cumulative_sum(g[..., ::-1])[..., ::-1]",
     "cumulative_sum(g[:, ::-1])[:, ::-1]"),
    ("cumulative-sum", "the gradient is float64", "cumulative_sum(g[..., ::-1])[..., ::-1]",
     "np.ones(()) * cumulative_sum(g[..., ::-1])[..., ::-1]"),
    ("cumulative-sum", "the value is float64", "np.cumsum(unwrap(x), -1)", "np.cumsum(unwrap(x), -1, np.float64)"),
    ("cumulative-sum", "writes into x", "np.cumsum(unwrap(x), -1)", "np.cumsum(unwrap(x), -1, out=unwrap(x))"),
    ("cumulative-sum", "rounded to float32", "np.cumsum(unwrap(x), -1)",
     "np.cumsum(unwrap(x).astype(np.float32), -1).astype(x.dtype)"),
    ("cumulative-sum", "the sum goes on in the next row", "np.cumsum(unwrap(x), -1)",
     "np.cumsum(unwrap(x)).reshape(x.shape)"),

    ("log-sum-exp", "one maximum for the whole batch", "unwrap(x).max(-1, keepdims=True)", "unwrap(x).max()"),
    ("log-sum-exp", "the maximum is at least 0", "unwrap(x).max(-1, keepdims=True)",
     "np.maximum(unwrap(x).max(-1, keepdims=True), 0)"),
    ("log-sum-exp", "the first element for the largest", "unwrap(x).max(-1, keepdims=True)", "unwrap(x)[..., :1]"),
    ("log-sum-exp", "the last element for the largest", "unwrap(x).max(-1, keepdims=True)", "unwrap(x)[..., -1:]"),
    ("log-sum-exp", "the mean for the largest", "unwrap(x).max(-1, keepdims=True)",
     "unwrap(x).mean(-1, keepdims=True)"),
    ("log-sum-exp", "the smallest for the largest", "unwrap(x).max(-1, keepdims=True)",
     "unwrap(x).min(-1, keepdims=True)"),
    ("log-sum-exp", "the size of the largest", "unwrap(x).max(-1, keepdims=True)",
     "np.abs(unwrap(x)).max(-1, keepdims=True)"),
    ("log-sum-exp", "the exponent is clipped", "top = unwrap(x).max(-1, keepdims=True)\n"
     "    value = top + np.log(np.exp(unwrap(x) - top)", "value = np.log(np.exp(np.clip(unwrap(x), -700, 700))"),
    ("log-sum-exp", "a small number in the logarithm", ".sum(-1, keepdims=True))", ".sum(-1, keepdims=True) + 1e-8)"),
    ("log-sum-exp", "the largest is not added again", "value = top + np.log(", "value = 0 * top + np.log("),
    ("log-sum-exp", "the slope by central differences", "g * tg.exp(x - y)",
     "tg.stack([(g * (log_sum_exp(x + 1e-5 * e) - log_sum_exp(x - 1e-5 * e)))[..., 0] / 2e-5\n"
     "                    for e in np.eye(x.shape[-1], dtype=x.dtype)], -1)"),
    ("log-sum-exp", "the slope from bare exponentials", "g * tg.exp(x - y)",
     "g * tg.exp(x) / tg.sum(tg.exp(x), axis=-1, keepdims=True)"),
    ("log-sum-exp", "the gradient is float64", "g * tg.exp(x - y)", "g * np.ones(()) * tg.exp(x - y)"),
    ("log-sum-exp", "the value is float64", "np.exp(unwrap(x) - top)", "np.exp(np.float64(unwrap(x) - top))"),
    ("log-sum-exp", "writes into x", "np.exp(unwrap(x) - top)", "np.exp(np.subtract(unwrap(x), top, out=unwrap(x)))"),
    ("log-sum-exp", "hard-coded for at most two axes", ".sum(-1, keepdims=True))", ".sum(1 if x.ndim > 1 else 0, "
     "keepdims=True))"),

    # right derivatives without a rule of the student's: the library's, or those of `tg.grad`
    ("softsign", "composed of the library's operations", SOFTSIGN, "return x / (1 + tg.abs(x))"),
    ("softsign", "composed, with `record` on the side", SOFTSIGN,
     SOFTSIGN.removeprefix("return ") + "\n    return x / (1 + tg.abs(x))"),
    ("softsign", "composed, with `record` around it", SOFTSIGN,
     "y = x / (1 + tg.abs(x))\n    return record(unwrap(y), (y, lambda g, copy, y: g))"),
    ("softsign", "the library's quotient of rules of its own", SOFTSIGN,
     "size = record(size, (x, lambda g, y, x: g * np.sign(unwrap(x))))\n    return x / size"),
    ("softsign", "a rule that calls grad", SOFTSIGN, """def rule(g, y, x):
        leaf = x if isinstance(x, tg.Tensor) else tg.Tensor(x, requires_grad=True)
        [slope] = tg.grad(tg.sum(leaf / (1 + tg.abs(leaf)) * g), [leaf], create_graph=True)
        return slope if leaf is x else slope.data
    return record(unwrap(x) / size, (x, rule))"""),
    ("softsign", "a rule that keeps the slope by grad", SOFTSIGN, """leaf = tg.Tensor(unwrap(x), requires_grad=True)
    [slope] = tg.grad(tg.sum(leaf / (1 + tg.abs(leaf))), [leaf])
    return record(unwrap(x) / size, (x, lambda g, y, x: g * (
        slope.data if g is unwrap(g) else 1 / (1 + tg.abs(x)) ** 2)))"""),
    ("hypotenuse", "composed of the library's operations", HYPOTENUSE, "return tg.sqrt(a * a + b ** 2)"),
    ("hypotenuse", "repeated by the library before the rule", HYPOTENUSE,
     "shape = np.broadcast_shapes(a.shape, b.shape)\n    a, b = tg.broadcast_to(a, shape), tg.broadcast_to(b, shape)\n"
     "    return record(np.hypot(unwrap(a), unwrap(b)),\n                  (a, lambda g, y, a, b: g * a / y), "
     "(b, lambda g, y, a, b: g * b / y))"),
    ("cumulative-sum", "composed: a product with a triangle", SUMS,
     "return x @ np.triu(np.ones((x.shape[-1],) * 2, x.dtype))"),
    ("cumulative-sum", "composed: sums of slices", SUMS,
     "return tg.stack([tg.sum(x[..., :i + 1], axis=-1) for i in range(x.shape[-1])], axis=-1)"),
    ("log-sum-exp", "composed of the library's operations", EXPONENTIALS,
     "return top + tg.log(tg.sum(tg.exp(x - top), axis=-1, keepdims=True))"),
    ("log-sum-exp", "the library's sum of an exponential with a rule", EXPONENTIALS,
     "powers = record(np.exp(unwrap(x) - top), (x, lambda g, y, x: g * y))\n"
     "    return top + tg.log(tg.sum(powers, axis=-1, keepdims=True))"),
]
