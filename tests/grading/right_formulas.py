"""Right answers to assignments 01 and 02 by other formulas: (NN:cell, way, text) as in right_code.py."""

LAYER = """
class Maxout(nn.Module):
    def __init__(self, inputs, outputs, pieces, *, rng):
        self.weight = nn.Parameter(nn.initial.he(rng, (pieces, inputs, outputs), inputs, outputs))
        self.bias = nn.Parameter(np.zeros((pieces, outputs), dtype="float32"))

    def forward(self, x):
"""

FORMULAS = [
    ("01:softsign-answer", "the root of a square, kept from 0", """
def softsign(x):
    a = unwrap(x)
    return record(a / (1 + np.sqrt(a * a)), (x, lambda g, y, x: g * (1 + tg.abs(x)) ** -2))"""),
    ("01:softsign-answer", "two branches", """
def softsign(x):
    return tg.where(unwrap(x) >= 0, x / (1 + tg.relu(x)), x / (1 + tg.relu(-x)))"""),
    ("01:softsign-answer", "the sign is constant", """
def softsign(x):
    sign = np.where(unwrap(x) < 0, -1, 1).astype(x.dtype)
    return x / (1 + sign * x)"""),
    ("01:softsign-answer", "the slope by the slope of abs", """
def softsign(x):
    a = unwrap(x)
    def rule(g, y, x):
        size = 1 + tg.maximum(x, -x)
        return g * (1 / size) * (1 / size)
    return record(a * (1 / (1 + np.abs(a))), (x, rule))"""),
    ("01:softsign-answer", "the larger of x and -x", "def softsign(x):\n    return x / (tg.maximum(x, -x) + 1)"),
    ("01:softsign-answer", "a power", "def softsign(x):\n    return x * (1 + tg.abs(x)) ** -1"),
    ("01:softsign-answer", "by the value", """
def softsign(x):
    return record(unwrap(x) / (1 + abs(unwrap(x))), (x, lambda g, y, x: g * (1 - abs(y)) * (1 - abs(y))))"""),
    ("01:softsign-answer", "the multiplied rule", """
def softsign(x):
    return record(unwrap(x) / (1 + np.abs(unwrap(x))),
                  (x, lambda g, y, x: g / (1 + 2 * tg.abs(x) + x * x)))"""),
    ("01:hypotenuse-answer", "a power", "def hypotenuse(a, b):\n    return (a ** 2 + b ** 2) ** 0.5"),
    ("01:hypotenuse-answer", "the larger side first", """
def hypotenuse(a, b):
    top = tg.maximum(tg.abs(a), tg.abs(b)).detach()
    return top * tg.sqrt((a / top) ** 2 + (b / top) ** 2)"""),
    ("01:hypotenuse-answer", "rules without y", """
def hypotenuse(a, b):
    def size(a, b):
        return tg.sqrt(a * a + b * b)
    return record(np.sqrt(unwrap(a) ** 2 + unwrap(b) ** 2),
                  (a, lambda g, y, a, b: unbroadcast(g * (a / size(a, b)), a.shape)),
                  (b, lambda g, y, a, b: unbroadcast(g * (b / size(a, b)), b.shape)))"""),
    ("01:hypotenuse-answer", "broadcast before", """
def hypotenuse(a, b):
    shape = np.broadcast_shapes(a.shape, b.shape)
    pair = tg.stack([tg.broadcast_to(a, shape), tg.broadcast_to(b, shape)])
    return tg.sqrt(tg.sum(pair * pair, axis=0))"""),
    ("01:hypotenuse-answer", "the length of a complex number", """
def hypotenuse(a, b):
    return record(np.abs(unwrap(a) + 1j * unwrap(b)).astype(a.dtype),
                  (a, lambda g, y, a, b: unbroadcast(g / y * a, a.shape)),
                  (b, lambda g, y, a, b: unbroadcast(g / y * b, b.shape)))"""),
    ("01:cumulative-sum-answer", "all minus the ones after, in the rule", """
def cumulative_sum(x):
    def rule(g, y, x):
        return tg.sum(g, axis=-1, keepdims=True) - cumulative_sum(g) + g
    return record(np.cumsum(unwrap(x), axis=-1), (x, rule))"""),
    ("01:cumulative-sum-answer", "the transposed matrix in the rule", """
def cumulative_sum(x):
    lower = np.tril(np.ones((x.shape[-1], x.shape[-1]), dtype=x.dtype))
    return record(np.cumsum(unwrap(x), -1), (x, lambda g, y, x: (g.reshape((-1, len(lower))) @ lower).reshape(x.shape)))
"""),
    ("01:cumulative-sum-answer", "slices", """
def cumulative_sum(x):
    return tg.stack([tg.sum(x[..., :i + 1], axis=-1) for i in range(x.shape[-1])], axis=-1)"""),
    ("01:cumulative-sum-answer", "doubling", """
def cumulative_sum(x):
    step, n = 1, x.shape[-1]
    while step < n:
        x = tg.concatenate([x[..., :step], x[..., step:] + x[..., :-step]], axis=-1)
        step *= 2
    return x"""),
    ("01:cumulative-sum-answer", "a sum of masks", """
def cumulative_sum(x):
    i = np.arange(x.shape[-1])
    mask = (i[:, None] >= i).astype(x.dtype)
    return tg.sum(x.reshape((*x.shape[:-1], 1, -1)) * mask, axis=-1)"""),
    ("01:cumulative-sum-answer", "np.flip", """
def cumulative_sum(x):
    def backwards(g, y, x):
        return cumulative_sum(g[..., ::-1])[..., ::-1]
    return record(np.add.accumulate(unwrap(x), axis=-1), (x, backwards))"""),
    ("01:log-sum-exp-answer", "through the maximum", """
def log_sum_exp(x):
    top = tg.max(x, axis=-1, keepdims=True)
    return top + tg.log(tg.sum(tg.exp(x - top), axis=-1, keepdims=True))"""),
    ("01:log-sum-exp-answer", "an array of maxima", """
def log_sum_exp(x):
    top = unwrap(x).max(axis=-1, keepdims=True)
    return tg.log(tg.sum(tg.exp(x - top), axis=-1, keepdims=True)) + top"""),
    ("01:log-sum-exp-answer", "the softmax of the library", """
def log_sum_exp(x):
    top = unwrap(x).max(-1, keepdims=True)
    value = np.log(np.sum(np.exp(unwrap(x) - top), -1, keepdims=True)) + top
    return record(value, (x, lambda g, y, x: g * tg.softmax(x, axis=-1)))"""),
    ("01:log-sum-exp-answer", "two at a time", """
def log_sum_exp(x):
    total = x[..., :1]
    for i in range(1, x.shape[-1]):
        other = x[..., i:i + 1]
        total = tg.maximum(total, other) + tg.softplus(-tg.abs(total - other))
    return total"""),
    ("01:log-sum-exp-answer", "the largest counts as 1", """
def log_sum_exp(x):
    top = tg.max(x, axis=-1, keepdims=True)
    parts = tg.exp(x - top)
    return top + tg.log(parts.sum(axis=-1, keepdims=True))"""),
    ("01:log-sum-exp-answer", "a rule with the shares", """
def log_sum_exp(x):
    a = unwrap(x)
    top = np.max(a, axis=-1, keepdims=True)
    def rule(g, y, x):
        e = tg.exp(x - tg.max(x, axis=-1, keepdims=True))
        return g * (e / tg.sum(e, axis=-1, keepdims=True))
    return record(top + np.log1p(np.exp(a - top).sum(-1, keepdims=True) - 1), (x, rule))"""),
    ("02:maxout-answer", "one piece after the other", LAYER + """
        best = x @ self.weight[0] + self.bias[0]
        for p in range(1, self.weight.shape[0]):
            best = tg.maximum(best, x @ self.weight[p] + self.bias[p])
        return best"""),
    ("02:maxout-answer", "one large matrix", LAYER + """
        pieces, inputs, outputs = self.weight.shape
        large = self.weight.transpose((1, 0, 2)).reshape((inputs, pieces * outputs))
        y = x @ large + self.bias.reshape((pieces * outputs,))
        return tg.max(y.reshape((x.shape[0], pieces, outputs)), axis=1)"""),
    ("02:maxout-answer", "a mask of the largest", LAYER + """
        y = x @ self.weight + self.bias.reshape((-1, 1, self.bias.shape[1]))
        first = np.arange(y.shape[0])[:, None, None] == y.numpy().argmax(axis=0)
        return (y * first.astype(x.dtype)).sum(axis=0)"""),
    ("02:maxout-answer", "a column of ones", LAYER + """
        ones = tg.Tensor(np.ones((x.shape[0], 1), x.dtype))
        pieces, _, outputs = self.weight.shape
        both = tg.concatenate([self.weight, self.bias.reshape((pieces, 1, outputs))], axis=1)
        return tg.max(tg.concatenate([x, ones], axis=1) @ both, axis=0)"""),
    ("02:maxout-answer", "stacked layers", LAYER + """
        layers = [x @ self.weight[p] + self.bias[p] for p in range(self.bias.shape[0])]
        return tg.max(tg.stack(layers, axis=-1), axis=-1)"""),
    ("02:maxout-answer", "a sum of products", LAYER + """
        products = x.reshape((1, *x.shape, 1)) * self.weight.reshape((len(self.weight.data), 1, *self.weight.shape[1:]))
        y = tg.sum(products, axis=2) + self.bias.reshape((-1, 1, self.bias.shape[-1]))
        return -tg.min(-y, axis=0)"""),
    ("02:balanced-answer", "softplus", """
def balanced_cross_entropy(target, logits):
    total = 0 * tg.sum(logits)
    for t, sign in ((1, -1), (0, 1)):
        n = int((target == t).sum())
        if n:
            total = total + tg.sum(tg.softplus(sign * logits) * (target == t)) / n
    return total"""),
    ("02:balanced-answer", "rows of a group", """
def balanced_cross_entropy(target, logits):
    is_real = target[:, 0] == 1
    loss = 0
    if is_real.any():
        loss = loss - tg.mean(tg.log_sigmoid(logits[is_real]))
    if (~is_real).any():
        loss = loss - tg.mean(tg.log_sigmoid(-logits[~is_real]))
    return loss"""),
    ("02:balanced-answer", "the stable formula", """
def balanced_cross_entropy(target, logits):
    each = tg.relu(logits) - target * logits + tg.log(1 + tg.exp(-tg.abs(logits)))
    n = np.where(target == 1, np.sum(target), np.sum(1 - target))
    return tg.sum(each / n)"""),
    ("02:balanced-answer", "where", """
def balanced_cross_entropy(target, logits):
    loss = tg.where(target == 1, tg.softplus(-logits), tg.softplus(logits))
    share = np.where(target == 1, 1 / max(1, np.count_nonzero(target)), 1 / max(1, np.count_nonzero(target == 0)))
    return (loss * share).sum()"""),
    ("02:balanced-answer", "a product of matrices", """
def balanced_cross_entropy(target, logits):
    real = target.astype(logits.dtype)
    fake = 1 - real
    of_real, of_fake = real.T @ tg.softplus(-logits), fake.T @ tg.softplus(logits)
    return (of_real / max(real.sum(), 1) + of_fake / max(fake.sum(), 1)).sum()"""),
    ("02:balanced-answer", "log_softmax of two", """
def balanced_cross_entropy(target, logits):
    logs = tg.log_softmax(tg.concatenate([0 * logits, logits], axis=1), axis=1)
    picked = np.concatenate([1 - target, target], axis=1)
    return -tg.sum(logs * picked / np.maximum(picked.sum(axis=0), 1))"""),
    ("02:smoothed-answer", "two branches", """
def smoothed_d_gradient(real, fake, smoothing):
    def d(a):
        e = np.exp(-np.abs(a))
        return np.where(a >= 0, 1 / (1 + e), e / (1 + e))
    m, n = real.shape[0], fake.shape[0]
    return ((1 - smoothing) - d(real)) / m, -d(fake) / n"""),
    ("02:smoothed-answer", "term by term", """
def smoothed_d_gradient(real, fake, smoothing):
    def sigmoid(a):
        return np.exp(-np.logaddexp(0, -a))
    return [((1 - smoothing) * sigmoid(-real) - smoothing * sigmoid(real)) / len(real), -sigmoid(fake) / len(fake)]"""),
    ("02:smoothed-answer", "overflow to infinity", """
def smoothed_d_gradient(real, fake, smoothing):
    with np.errstate(over="ignore"):
        d_real, d_fake = 1 / (1 + np.exp(-real)), 1 / (1 + np.exp(-fake))
    return (1 - d_real - smoothing) / real.size, -d_fake / fake.size"""),
    ("02:smoothed-answer", "clipped logits", """
def smoothed_d_gradient(real, fake, smoothing):
    sigmoid = lambda a: 1.0 / (1.0 + np.exp(-np.clip(a, -500, 500)))
    return (1 - smoothing - sigmoid(real)) / len(real), (0 - sigmoid(fake)) / len(fake)"""),
    ("02:smoothed-answer", "in place", """
def smoothed_d_gradient(real, fake, smoothing):
    up, down = np.tanh(real / 2), np.tanh(fake / 2)
    up += 1
    up /= 2
    up -= 1 - smoothing
    up /= -len(up)
    down = -(down + 1) / (2 * len(down))
    return up, down"""),
    ("02:smoothed-answer", "a partial function", """
import functools

def both(sigmoid, real, fake, smoothing):
    return (1 - smoothing - sigmoid(real)) / len(real), -sigmoid(fake) / len(fake)

smoothed_d_gradient = functools.partial(both, lambda a: np.exp(-np.logaddexp(0, -a)))"""),
    ("02:smoothed-answer", "an object, and a print", """
class Gradient:
    def sigmoid(self, a):
        return 0.5 + 0.5 * np.tanh(0.5 * a)

    def __call__(self, real, fake, smoothing):
        print("logits", real.shape, fake.shape, flush=True)
        return (1 - smoothing - self.sigmoid(real)) / len(real), -self.sigmoid(fake) / len(fake)

smoothed_d_gradient = Gradient()"""),
    ("02:slopes-answer", "a loop", """
def logit_slopes(x, w1, b1, w2, b2):
    rows = []
    for one in x:
        h = np.tanh(one @ w1 + b1)
        back = w2.reshape(-1) * (1 - h ** 2)
        rows.append(np.concatenate([np.outer(one, back).reshape(-1), back, h, [1.0]]))
    return np.array(rows)"""),
    ("02:slopes-answer", "einsum", """
def logit_slopes(x, w1, b1, w2, b2):
    h = np.tanh(np.einsum("ni,ij->nj", x, w1) + b1)
    db1 = np.einsum("nj,jo->nj", 1 - h ** 2, w2)
    dw1 = np.einsum("ni,nj->nij", x, db1)
    return np.hstack([dw1.reshape(x.shape[0], -1), db1, h, np.ones((x.shape[0], 1))])"""),
    ("02:slopes-answer", "by the cosh", """
def logit_slopes(x, w1, b1, w2, b2):
    u = x @ w1 + b1
    back = w2.T / np.cosh(u) ** 2
    outer = np.matmul(x[:, :, np.newaxis], back[:, np.newaxis, :])
    return np.column_stack([outer.reshape((len(x), w1.size)), back, np.tanh(u), np.ones(len(x))])"""),
    ("02:slopes-answer", "filled in", """
def logit_slopes(x, w1, b1, w2, b2):
    n, (inputs, hidden) = len(x), w1.shape
    h = np.tanh(x.dot(w1) + b1)
    out = np.empty((n, w1.size + 2 * hidden + 1))
    back = out[:, w1.size:w1.size + hidden]
    back[:] = (1 + h) * (1 - h) * w2.ravel()
    out[:, :w1.size] = (x[..., None] * back[:, None]).reshape(n, -1)
    out[:, w1.size + hidden:-1] = h
    out[:, -1] = 1
    return out"""),
    ("02:slopes-answer", "repeat and tile", """
def logit_slopes(x, w1, b1, w2, b2):
    h = np.tanh(x @ w1 + b1)
    back = (np.ones((len(x), 1)) @ w2.T) * (1 - h * h)
    first = np.repeat(x, w1.shape[1], axis=1) * np.tile(back, (1, w1.shape[0]))
    return np.concatenate((first, back, h, np.ones((len(x), 1))), axis=-1)"""),
]
