"""Right answers to assignment 03 by other formulas: (NN:cell, way, text) as in right_code.py."""

WINDOWS = [
    ("03:dilated-answer", "a sum over the positions of the kernel", """
def dilated_conv2d(x, w, dilation=1, stride=1, padding=0):
    kh, kw = w.shape[:2]
    x = tg.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    h = (x.shape[1] - dilation * (kh - 1) - 1) // stride + 1
    v = (x.shape[2] - dilation * (kw - 1) - 1) // stride + 1
    y = 0
    for a in range(kh):
        for b in range(kw):
            i, j = a * dilation, b * dilation
            view = x[:, i:i + stride * (h - 1) + 1:stride, j:j + stride * (v - 1) + 1:stride]
            y = y + view @ w[a, b]
    return y"""),
    ("03:dilated-answer", "zeros between the rows", """
def dilated_conv2d(x, w, dilation=1, stride=1, padding=0):
    kh, kw, c, o = w.shape
    zeros = np.zeros((dilation - 1, kw, c, o), w.dtype)
    rows = [w[:1]]
    for a in range(1, kh):
        rows += [tg.Tensor(zeros), w[a:a + 1]] if dilation > 1 else [w[a:a + 1]]
    w = tg.concatenate(rows, axis=0)
    zeros = np.zeros((w.shape[0], dilation - 1, c, o), w.dtype)
    columns = [w[:, :1]]
    for b in range(1, kw):
        columns += [tg.Tensor(zeros), w[:, b:b + 1]] if dilation > 1 else [w[:, b:b + 1]]
    return tg.conv2d(x, tg.concatenate(columns, axis=1), stride, padding)"""),
    ("03:dilated-answer", "matrices that spread", """
def dilated_conv2d(x, w, dilation=1, stride=1, padding=0):
    kh, kw, c, o = w.shape
    rows = np.eye(dilation * (kh - 1) + 1, dtype=w.dtype)[:, ::dilation]
    columns = np.eye(dilation * (kw - 1) + 1, dtype=w.dtype)[:, ::dilation]
    w = (rows @ w.reshape((kh, kw * c * o))).reshape((len(rows), kw, c * o))
    return tg.conv2d(x, (columns @ w).reshape((len(rows), len(columns), c, o)), stride=stride, padding=padding)"""),
    ("03:dilated-answer", "one matrix of all windows", """
def dilated_conv2d(x, w, dilation=1, stride=1, padding=0):
    kh, kw, c, o = w.shape
    frame = tg.pad(x, ((0, 0), (padding,) * 2, (padding,) * 2, (0, 0)))
    h = (frame.shape[1] - dilation * (kh - 1) - 1) // stride + 1
    v = (frame.shape[2] - dilation * (kw - 1) - 1) // stride + 1
    views = [frame[:, a * dilation:a * dilation + stride * h:stride, b * dilation:b * dilation + stride * v:stride]
             [:, :h, :v] for a in range(kh) for b in range(kw)]
    columns = tg.concatenate(views, axis=3).reshape((-1, kh * kw * c))
    return (columns @ w.reshape((kh * kw * c, o))).reshape((x.shape[0], h, v, o))"""),
    ("03:dilated-answer", "one position after the other, of all strides", """
def dilated_conv2d(x, w, dilation=1, stride=1, padding=0):
    p, parts = padding, []
    x = tg.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
    height = x.shape[1] - dilation * (w.shape[0] - 1)
    width = x.shape[2] - dilation * (w.shape[1] - 1)
    for a in range(w.shape[0]):
        for b in range(w.shape[1]):
            view = x[:, dilation * a:dilation * a + height, dilation * b:dilation * b + width]
            parts.append(tg.conv2d(view, w[a:a + 1, b:b + 1]))
    return tg.sum(tg.stack(parts), axis=0)[:, ::stride, ::stride]"""),
    ("03:max-pool-answer", "rows, then columns", """
def max_pool2d(x, size, stride):
    h, w = [(n - size) // stride + 1 for n in x.shape[1:3]]
    rows = tg.max(tg.stack([x[:, a:a + stride * (h - 1) + 1:stride] for a in range(size)]), axis=0)
    return tg.max(tg.stack([rows[:, :, b:b + stride * (w - 1) + 1:stride] for b in range(size)]), axis=0)"""),
    ("03:max-pool-answer", "a mask of the largest", """
def max_pool2d(x, size, stride):
    h, w = [stride * ((n - size) // stride) + 1 for n in x.shape[1:3]]
    views = tg.stack([x[:, a:a + h:stride, b:b + w:stride] for a in range(size) for b in range(size)], axis=-1)
    mask = (np.arange(size * size) == views.numpy().argmax(-1)[..., None]).astype(x.dtype)
    return tg.sum(mask * views, axis=-1)"""),
    ("03:max-pool-answer", "a choice by an index", """
def max_pool2d(x, size, stride):
    windows = sliding_window_view(x.numpy(), (size, size), (1, 2))[:, ::stride, ::stride]
    a, b = np.divmod(windows.reshape((*windows.shape[:4], -1)).argmax(-1), size)
    n, i, j, c = np.indices(a.shape)
    return x[n, stride * i + a, stride * j + b, c]"""),
    ("03:max-pool-answer", "where", """
def max_pool2d(x, size, stride):
    h, w = [(n - size) // stride + 1 for n in x.shape[1:3]]
    y = None
    for a in range(size):
        for b in range(size):
            view = x[:, a:a + stride * h:stride, b:b + stride * w:stride][:, :h, :w]
            y = view if y is None else tg.where(view.numpy() > y.numpy(), view, y)
    return y"""),
    ("03:max-pool-answer", "the smallest of the negative", """
def max_pool2d(x, size, stride):
    h, w = ((n - size) // stride * stride + 1 for n in x.shape[1:3])
    at = [(a, b) for a in range(size) for b in range(size)]
    return -tg.min(tg.stack([-x[:, a:a + h:stride, b:b + w:stride, :] for a, b in at], axis=4), axis=4)"""),
    ("03:max-pool-answer", "running", """
def max_pool2d(x, size, stride):
    for axis in (1, 2):
        n = x.shape[axis] - size + 1
        y = x[:, :n] if axis == 1 else x[:, :, :n]
        for a in range(1, size):
            y = tg.maximum(y, x[:, a:a + n] if axis == 1 else x[:, :, a:a + n])
        x = y[:, ::stride] if axis == 1 else y[:, :, ::stride]
    return x"""),
    ("03:mean-pool-answer", "the numbers of pixels by hand", """
def mean_pool2d(x, size, stride, padding=0):
    def inside(n):
        starts = stride * np.arange((n + 2 * padding - size) // stride + 1) - padding
        return (np.minimum(starts + size, n) - np.maximum(starts, 0)).astype(x.dtype)
    counts = np.outer(inside(x.shape[1]), inside(x.shape[2]))[None, :, :, None]
    frame = tg.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    h, w = counts.shape[1:3]
    total = 0
    for a in range(size):
        for b in range(size):
            total = total + frame[:, a:a + stride * (h - 1) + 1:stride, b:b + stride * (w - 1) + 1:stride]
    return total / counts"""),
    ("03:mean-pool-answer", "a convolution with a diagonal kernel", """
def mean_pool2d(x, size, stride, padding=0):
    c = x.shape[3]
    kernel = np.broadcast_to(np.eye(c, dtype=x.dtype), (size, size, c, c)).copy()
    ones = np.ones_like(x.numpy())
    return tg.conv2d(x, kernel, stride, padding) / tg.conv2d(ones, kernel, stride, padding)"""),
    ("03:mean-pool-answer", "channels as images", """
def mean_pool2d(x, size, stride, padding=0):
    n, h, w, c = x.shape
    kernel = tg.Tensor(np.ones((size, size, 1, 1), x.dtype))
    sums = tg.conv2d(x.transpose((0, 3, 1, 2)).reshape((n * c, h, w, 1)), kernel, stride, padding)
    counts = tg.conv2d(tg.Tensor(np.ones((1, h, w, 1), x.dtype)), kernel, stride, padding)
    means = sums * (1 / counts)
    return means.reshape((n, c, *means.shape[1:3])).transpose((0, 2, 3, 1))"""),
    ("03:mean-pool-answer", "matrices of means", """
def mean_pool2d(x, size, stride, padding=0):
    def means(n):
        places = stride * np.arange((n + 2 * padding - size) // stride + 1)[:, None] - padding
        there = (np.arange(n) >= places) & (np.arange(n) < places + size)
        return (there / there.sum(axis=1, keepdims=True)).astype(x.dtype)
    n, h, w, c = x.shape
    x = (means(h) @ x.reshape((n, h, w * c))).reshape((n, -1, w, c))
    return means(w) @ x"""),
    ("03:mean-pool-answer", "weights for each window", """
def mean_pool2d(x, size, stride, padding=0):
    side = (padding, padding)
    ones = np.pad(np.ones(x.shape, dtype=x.dtype), ((0, 0), side, side, (0, 0)))
    counts = sliding_window_view(ones, (size, size), (1, 2))[:, ::stride, ::stride].sum((-2, -1))
    x = tg.pad(x, ((0, 0), side, side, (0, 0)))
    h, w = counts.shape[1:3]
    parts = [x[:, a:a + stride * h:stride, b:b + stride * w:stride][:, :h, :w] / counts
             for a in range(size) for b in range(size)]
    return tg.sum(tg.stack(parts), axis=0)"""),
    ("03:shuffle-answer", "the rows and the columns separately", """
def pixel_shuffle(x, factor):
    n, h, w, c = x.shape
    x = x.reshape((n, h, w, c // factor, factor)).transpose((0, 1, 2, 4, 3)).reshape((n, h, w * factor, c // factor))
    c //= factor
    x = x.reshape((n, h, w * factor, c // factor, factor)).transpose((0, 1, 4, 2, 3))
    return x.reshape((n, h * factor, w * factor, c // factor))"""),
    ("03:shuffle-answer", "a permutation of all numbers", """
def pixel_shuffle(x, factor):
    n, h, w, channels = x.shape
    c = channels // factor ** 2
    i, j, k = np.indices((h * factor, w * factor, c))
    source = k * factor ** 2 + (i % factor) * factor + j % factor
    return x[:, i // factor, j // factor, source]"""),
    ("03:shuffle-answer", "a transposed convolution", """
def pixel_shuffle(x, factor):
    channels = x.shape[-1]
    c = channels // factor ** 2
    kernel = np.eye(channels, dtype=x.dtype).reshape((channels, c, factor, factor)).transpose((2, 3, 1, 0))
    return tg.conv_transpose2d(x, kernel, stride=factor)"""),
    ("03:shuffle-answer", "stacks of slices", """
def pixel_shuffle(x, factor):
    n, h, w, channels = x.shape
    parts = [x[:, :, :, a::factor ** 2] for a in range(factor ** 2)]
    blocks = tg.stack(parts, axis=3).reshape((n, h, w, factor, factor, -1))
    return blocks.transpose((0, 1, 3, 2, 4, 5)).reshape((n, h * factor, w * factor, -1))"""),
    ("03:shuffle-answer", "a rule of its own", """
from tinygan.tensor import record, unwrap

def pixel_shuffle(x, factor):
    n, h, w, channels = x.shape
    c = channels // factor ** 2
    def there(a):
        a = a.reshape((n, h, w, c, factor, factor)).transpose((0, 1, 4, 2, 5, 3))
        return a.reshape((n, h * factor, w * factor, c))
    def back(g, y, x):
        g = g.reshape((n, h, factor, w, factor, c)).transpose((0, 1, 3, 5, 2, 4))
        return g.reshape((n, h, w, channels))
    return record(there(unwrap(x)), (x, back))"""),
]
