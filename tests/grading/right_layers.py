"""Right answers to assignments 05 and 06 by other formulas: (NN:cell, way, text) as in right_code.py."""

INSTANCE = """
class InstanceNorm(nn.Module):
    def __init__(self, channels, eps=1e-5):
        self.weight, self.bias = nn.Parameter(np.ones(channels, "f4")), nn.Parameter(np.zeros(channels, "f4"))
        self.eps = eps

    def forward(self, x):
"""

LAYERS = [
    ("05:group-norm-answer", "one group after the other", """
def group_norm(x, weight, bias, groups, eps=1e-5):
    size, parts = x.shape[-1] // groups, []
    for k in range(groups):
        part = x[..., k * size:(k + 1) * size]
        mean = tg.mean(part, axis=(1, 2, 3), keepdims=True)
        variance = tg.mean((part - mean) ** 2, axis=(1, 2, 3), keepdims=True)
        parts.append((part - mean) / tg.sqrt(variance + eps))
    return weight * tg.concatenate(parts, axis=-1) + bias"""),
    ("05:group-norm-answer", "one image after the other", """
def group_norm(x, weight, bias, groups, eps=1e-5):
    n, h, w, c = x.shape
    images = []
    for i in range(n):
        rows = x[i].reshape((h * w, groups, c // groups)).transpose((1, 0, 2)).reshape((groups, -1))
        rows = rows - rows.mean(axis=1, keepdims=True)
        rows = rows * (tg.mean(rows * rows, axis=1, keepdims=True) + eps) ** -0.5
        images.append(rows.reshape((groups, h * w, c // groups)).transpose((1, 0, 2)).reshape((h, w, c)))
    return tg.stack(images) * weight + bias"""),
    ("05:group-norm-answer", "the mean of squares minus the square of the mean", """
def group_norm(x, weight, bias, groups, eps=1e-5):
    n, h, w, c = x.shape
    parts = x.reshape((n, h * w, groups, c // groups))
    mean = tg.mean(parts, axis=(1, 3), keepdims=True)
    variance = tg.mean(parts ** 2, axis=(1, 3), keepdims=True) - mean ** 2
    return ((parts - mean) / tg.sqrt(variance + eps)).reshape((n, h, w, c)) * weight + bias"""),
    ("05:group-norm-answer", "a factor and a shift", """
def group_norm(x, weight, bias, groups, eps=1e-5):
    n, h, w, c = x.shape
    parts = x.reshape((n, h, w, groups, c // groups))
    mean = tg.mean(parts, axis=(1, 2, 4), keepdims=True)
    factor = weight.reshape((groups, -1)) / tg.sqrt(tg.var(parts, axis=(1, 2, 4), keepdims=True) + eps)
    return (parts * factor + (bias.reshape((groups, -1)) - mean * factor)).reshape(x.shape)"""),
    ("05:group-norm-answer", "sums divided by m", """
def group_norm(x, weight, bias, groups, eps=1e-5):
    n, h, w, c = x.shape
    m = h * w * c // groups
    x5 = x.reshape((n, h, w, groups, c // groups))
    mu = tg.sum(x5, axis=(1, 2, 4), keepdims=True) * (1 / m)
    v = tg.sum((x5 - mu) * (x5 - mu), axis=(1, 2, 4), keepdims=True) * (1 / m)
    return weight * ((x5 - mu) / (v + eps) ** 0.5).reshape(x.shape) + bias"""),
    ("05:group-norm-answer", "a matrix that takes the means", """
def group_norm(x, weight, bias, groups, eps=1e-5):
    n, h, w, c = x.shape
    same = np.arange(c)[:, None] // (c // groups) == np.arange(c) // (c // groups)
    share = same.astype(x.dtype) / (h * w * c // groups)
    flat = x.reshape((n, h * w, c))
    flat = flat - tg.sum(flat, axis=1, keepdims=True) @ share
    v = tg.sum(flat * flat, axis=1, keepdims=True) @ share
    return (flat / tg.sqrt(v + eps)).reshape(x.shape) * weight + bias"""),
    ("05:instance-norm-answer", "pixels in one axis", INSTANCE + """
        flat = x.reshape((x.shape[0], -1, x.shape[-1]))
        flat = flat - flat.mean(axis=1, keepdims=True)
        deviation = tg.sqrt(tg.mean(flat ** 2, axis=1, keepdims=True) + self.eps)
        return (flat / deviation).reshape(x.shape) * self.weight + self.bias"""),
    ("05:instance-norm-answer", "the library's variance", INSTANCE + """
        axes = tuple(range(x.ndim))[1:-1]
        y = (x - tg.mean(x, axis=axes, keepdims=True)) / (tg.var(x, axis=axes, keepdims=True) + self.eps) ** 0.5
        return self.weight * y + self.bias"""),
    ("05:instance-norm-answer", "the mean of squares minus the square of the mean", INSTANCE + """
        axes = tuple(range(1, len(x.shape) - 1))
        mean = tg.mean(x, axis=axes, keepdims=True)
        variance = tg.mean(x * x, axis=axes, keepdims=True) - mean * mean
        return self.weight * (x - mean) / tg.sqrt(variance + self.eps) + self.bias"""),
    ("05:instance-norm-answer", "one axis after the other", INSTANCE + """
        def mean(a):
            for axis in range(1, a.ndim - 1):
                a = tg.mean(a, axis=axis, keepdims=True)
            return a
        distance = x - mean(x)
        return distance * (1 / tg.sqrt(mean(distance ** 2) + self.eps)) * self.weight + self.bias"""),
    ("05:instance-norm-answer", "channels before pixels", INSTANCE + """
        n, c = x.shape[0], x.shape[-1]
        order = (0, x.ndim - 1, *range(1, x.ndim - 1))
        rows = x.transpose(order).reshape((n, c, -1))
        rows = rows - tg.mean(rows, axis=2, keepdims=True)
        rows = rows / tg.sqrt(tg.mean(rows * rows, axis=2, keepdims=True) + self.eps)
        rows = rows * self.weight.reshape((c, 1)) + self.bias.reshape((c, 1))
        return rows.transpose((0, 2, 1)).reshape(x.shape)"""),
    ("05:weight-norm-answer", "a unit vector first", """
def weight_norm(v, g):
    axes = tuple(range(len(v.shape) - 1))
    length = tg.sqrt(tg.sum(v ** 2, axis=axes, keepdims=True))
    return (v / length) * g"""),
    ("05:weight-norm-answer", "a power", """
def weight_norm(v, g):
    axes = tuple(range(v.ndim))[:-1]
    return g * v * (v * v).sum(axis=axes) ** -0.5"""),
    ("05:weight-norm-answer", "one output after the other", """
def weight_norm(v, g):
    columns = []
    for k in range(v.shape[-1]):
        one = v[..., k]
        columns.append(g[k] * one / tg.sqrt(tg.sum(one * one)))
    return tg.stack(columns, axis=-1)"""),
    ("05:weight-norm-answer", "scaled by the largest", """
def weight_norm(v, g):
    axes = tuple(range(v.ndim - 1))
    top = np.abs(v.data).max(axis=axes)
    u = v / top
    return g * u / tg.sqrt(tg.sum(u * u, axis=axes))"""),
    ("05:weight-norm-answer", "the library's mean", """
def weight_norm(v, g):
    axes, n = tuple(range(v.ndim - 1)), int(np.prod(v.shape[:-1]))
    return v * g / tg.sqrt(n * tg.mean(v * v, axis=axes))"""),
    ("05:weight-norm-answer", "a diagonal", """
def weight_norm(v, g):
    flat = v.reshape((-1, v.shape[-1]))
    scale = g * tg.exp(-0.5 * tg.log(tg.sum(flat * flat, axis=0)))
    return (flat @ (np.eye(v.shape[-1], dtype=v.dtype) * scale)).reshape(v.shape)"""),
    ("05:weight-norm-start-answer", "the library's deviation", """
def weight_norm_start(v, x):
    t = (x @ v) / tg.sqrt(tg.sum(v ** 2, axis=0))
    return tg.stack([1 / tg.std(t, axis=0), -tg.mean(t, axis=0) / tg.std(t, axis=0)])"""),
    ("05:weight-norm-start-answer", "the library's variance", """
def weight_norm_start(v, x):
    t = x @ v / tg.sum(v * v, axis=0) ** 0.5
    g = tg.var(t, axis=0) ** -0.5
    return tg.stack([g, -g * t.mean(axis=0)], axis=0)"""),
    ("05:weight-norm-start-answer", "the mean of squares minus the square of the mean", """
def weight_norm_start(v, x):
    t = x @ (v / tg.sqrt(tg.sum(v * v, axis=0, keepdims=True)))
    mean = tg.mean(t, axis=0)
    sd = tg.sqrt(tg.mean(t * t, axis=0) - mean ** 2)
    return tg.stack([1 / sd, -mean / sd])"""),
    ("05:weight-norm-start-answer", "the mean of the batch first", """
def weight_norm_start(v, x):
    n, length = x.shape[0], tg.sqrt(tg.sum(v * v, axis=0))
    centre = tg.mean(x, axis=0, keepdims=True)
    deviation = tg.sqrt(tg.sum(((x - centre) @ v) ** 2, axis=0) / n) / length
    mean = (centre @ v)[0] / length
    return tg.stack([1 / deviation, -(mean / deviation)])"""),
    ("05:weight-norm-start-answer", "by the covariance of the batch", """
def weight_norm_start(v, x):
    u = v / tg.sqrt(tg.sum(v * v, axis=0))
    centred = x - tg.mean(x, axis=0)
    covariance = centred.T @ centred / x.shape[0]
    sd = tg.sqrt(tg.sum(u * (covariance @ u), axis=0))
    return tg.stack([1 / sd, -(tg.mean(x, axis=0) @ u) / sd])"""),
    ("06:r2-answer", "one example after the other", """
def r2(D, fake, weight=1.0):
    total = 0
    for i in range(fake.shape[0]):
        x = tg.Tensor(fake.numpy()[i:i + 1], requires_grad=True)
        [slope] = tg.grad(D(x).sum(), [x], create_graph=True)
        total = total + (slope ** 2).sum()
    return total * (weight / (2 * fake.shape[0]))"""),
    ("06:r2-answer", "a mean of norms", """
def r2(D, fake, weight=1.0):
    x = tg.Tensor(fake.numpy().copy(), requires_grad=True)
    slopes = tg.grad(tg.sum(D(x)), x, create_graph=True)[0]
    squares = tg.sum(slopes.reshape((x.shape[0], -1)) ** 2, axis=1)
    return tg.mean(squares) * weight / 2"""),
    ("06:r2-answer", "the mean of the logits, times n", """
def r2(D, fake, weight=1.0):
    x = tg.Tensor(fake.data, requires_grad=True)
    n = x.shape[0]
    [slope] = tg.grad(n * tg.mean(D(x)), [x], create_graph=True)
    return 0.5 * weight * tg.mean(tg.sum(slope * slope, axis=tuple(range(1, x.ndim))))"""),
    ("06:r2-answer", "a cotangent of ones", """
def r2(D, fake, weight=1.0):
    x = tg.Tensor(fake.detach().numpy(), requires_grad=True)
    logits = D(x)
    [slope] = tg.grad((logits * np.ones_like(logits.numpy())).sum(), [x], create_graph=True)
    norms = tg.sqrt(tg.sum(slope * slope, axis=tuple(range(1, slope.ndim))))
    return weight / 2 * tg.mean(norms ** 2)"""),
    ("06:r2-answer", "by a product of matrices", """
def r2(D, fake, weight=1.0):
    leaf = tg.Tensor(unwrap(fake), requires_grad=True)
    rows = tg.grad(D(leaf)[:, 0].sum(), [leaf], create_graph=True)[0].reshape((1, -1))
    return (rows @ rows.T).sum() * weight / (2 * len(fake.data))

from tinygan.tensor import unwrap"""),
    ("06:dragan-answer", "with the library's variance", """
def dragan(D, real, u, weight=10.0, c=0.5):
    real, u = real.detach(), u.detach()
    s = tg.std(real)
    x = tg.Tensor((real + c * s * u).numpy(), requires_grad=True)
    [slope] = tg.grad(D(x).sum(), [x], create_graph=True)
    norms = (tg.sum(slope ** 2, axis=tuple(range(1, x.ndim))) + 1e-12) ** 0.5
    return weight * ((norms - 1) ** 2).mean()"""),
    ("06:dragan-answer", "one example after the other", """
def dragan(D, real, u, weight=10.0, c=0.5):
    data, draws = real.numpy(), u.numpy()
    cloud = data + (c * np.std(data)) * draws
    parts = []
    for one in cloud:
        x = tg.Tensor(one[None], requires_grad=True)
        slope = tg.grad(tg.sum(D(x)), [x], create_graph=True)[0]
        parts.append((tg.sqrt(tg.sum(slope * slope) + 1e-12) - 1) ** 2)
    return weight * tg.mean(tg.stack(parts))"""),
    ("06:dragan-answer", "the square multiplied", """
def dragan(D, real, u, weight=10.0, c=0.5):
    x = tg.Tensor(real.detach() + float(np.std(real.numpy())) * c * u.detach(), requires_grad=True)
    [slope] = tg.grad(tg.sum(D(x)), [x], create_graph=True)
    square = tg.sum(slope.reshape((slope.shape[0], -1)) ** 2, axis=1) + 1e-12
    return weight * (tg.mean(square) - 2 * tg.mean(tg.sqrt(square)) + 1)"""),
    ("06:dragan-answer", "through the exponential", """
def dragan(D, real, u, weight=10.0, c=0.5):
    x = tg.Tensor(real.data + c * np.sqrt(np.mean((real.data - real.data.mean()) ** 2)) * u.data, requires_grad=True)
    slope = tg.grad(tg.sum(D(x)), x, create_graph=True)[0]
    flat = slope.reshape((len(slope.data), -1))
    norms = tg.exp(tg.log(tg.sum(flat * flat, axis=1) + 1e-12) / 2)
    return tg.sum((norms - 1) ** 2) * weight / len(slope.data)"""),
    ("06:dragan-answer", "a norm of columns", """
def norm(a):
    while a.ndim > 1:
        a = tg.sum(a, axis=-1)
    return tg.sqrt(a + 1e-12)

def dragan(D, real, u, weight=10.0, c=0.5):
    cloud = (real + c * real.numpy().std() * u).detach()
    x = tg.Tensor(cloud, requires_grad=True)
    [slope] = tg.grad(tg.mean(D(x)) * x.shape[0], [x], create_graph=True)
    return weight * tg.mean((1 - norm(slope ** 2)) ** 2)"""),
    ("06:hessian-vector-answer", "along a direction", """
def hessian_vector(f, x, v):
    t = tg.Tensor(np.zeros((), x.dtype), requires_grad=True)
    [along] = tg.grad(tg.sum(f(x + t * v)), [t], create_graph=True)
    return tg.grad(along, [x], create_graph=True)[0]"""),
    ("06:hessian-vector-answer", "the slope pushed forward", """
def hessian_vector(f, x, v):
    u = tg.Tensor(np.ones(x.shape, x.dtype), requires_grad=True)
    [slope] = tg.grad(tg.sum(f(x)), [x], create_graph=True)
    [pulled] = tg.grad(tg.sum(slope * u), [x], create_graph=True)
    [pushed] = tg.grad(tg.sum(pulled * v), [u], create_graph=True)
    return pushed"""),
    ("06:hessian-vector-answer", "a product of rows", """
def hessian_vector(f, x, v):
    slope = tg.grad(f(x).sum(), x, create_graph=True)[0].reshape((1, -1))
    return tg.grad((slope @ v.reshape((-1, 1))).sum(), x, create_graph=True)[0]"""),
    ("06:hessian-vector-answer", "one output after the other", """
def hessian_vector(f, x, v):
    y, total = f(x), 0
    for k in range(y.shape[1]):
        [slope] = tg.grad(tg.sum(y[:, k]), [x], create_graph=True)
        total = total + tg.grad(tg.sum(v * slope), [x], create_graph=True)[0]
    return total"""),
    ("06:hessian-vector-answer", "the push-forward's slope", """
def hessian_vector(f, x, v):
    y = f(x)
    u = tg.Tensor(np.ones_like(y.numpy()), requires_grad=True)
    [pulled] = tg.grad((u * y).sum(), [x], create_graph=True)
    [pushed] = tg.grad((pulled * v).sum(), [u], create_graph=True)
    return tg.grad(pushed.sum(), [x], create_graph=True)[0]"""),
    ("06:jacobian-vector-answer", "u of ones", """
def jacobian_vector(f, x, v):
    y = f(x)
    u = tg.Tensor(np.ones(y.shape, y.dtype), requires_grad=True)
    pulled = tg.grad((u * y).sum(), x, create_graph=True)[0]
    return tg.grad((v * pulled).sum(), u, create_graph=True)[0]"""),
    ("06:jacobian-vector-answer", "one output after the other", """
def jacobian_vector(f, x, v):
    y, rows = f(x), []
    for i in range(y.shape[0]):
        for k in range(y.shape[1]):
            [slope] = tg.grad(y[i, k], [x], create_graph=True)
            rows.append(tg.sum(slope * v))
    return tg.stack(rows).reshape(y.shape)"""),
    ("06:jacobian-vector-answer", "along a line", """
def jacobian_vector(f, x, v):
    t = tg.Tensor(np.zeros((), x.dtype), requires_grad=True)
    y = f(x + t * v)
    parts = [tg.grad(one, [t], create_graph=True)[0] for one in (y[i, k] for i, k in np.ndindex(*y.shape))]
    return tg.stack(parts).reshape(y.shape)"""),
    ("06:jacobian-vector-answer", "u drawn", """
def jacobian_vector(f, x, v):
    y = f(x)
    u = tg.Tensor(np.random.default_rng(0).standard_normal(y.shape).astype(y.dtype), requires_grad=True)
    [pulled] = tg.grad(tg.sum(u * y), [x], create_graph=True)
    return tg.grad(tg.sum(pulled * v), [u], create_graph=True)[0]"""),
    ("06:jacobian-vector-answer", "columns", """
def jacobian_vector(f, x, v):
    y = f(x)
    columns = []
    for k in range(y.shape[1]):
        u = tg.Tensor(np.zeros(y.shape[0], y.dtype), requires_grad=True)
        [pulled] = tg.grad(tg.sum(y[:, k] * u), [x], create_graph=True)
        columns += tg.grad(tg.sum(pulled * v), [u], create_graph=True)
    return tg.stack(columns, axis=1)"""),
]
