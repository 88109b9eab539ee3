"""Wrong answers to assignment 03: task, the mistake, a text of the reference's answer, the new text."""
CONV = "return tg.conv2d(x, spread[:dilation * (kh - 1) + 1, :dilation * (kw - 1) + 1], stride, padding)"
PLACES = "return sum(x[place] for place in places) / sum(there[place] for place in places)"
RIGHT_POOL = "return tg.max(tg.stack(views), axis=0)"
SHUFFLED = "return blocks.reshape((n, h * factor, w * factor, c))"


def differences(name, formula="(at(1e-5) - at(-1e-5)) / 2e-5"):
    """Code after a function: its rules are finite differences, on arrays and on Tensors."""
    return f"""


def by_differences(f):
    def of_tensors(*inputs, **options):
        def rule(i):
            def pull(g, y, *xs):
                def along(e):
                    def at(h):
                        moved = [x + h * e if j == i else x for j, x in enumerate(xs)]
                        return tg.sum(g * of_tensors(*moved, **options))
                    return {formula}
                units = np.eye(xs[i].size, dtype=xs[i].dtype).reshape(-1, *xs[i].shape)
                return tg.reshape(tg.stack([along(e) for e in units]), xs[i].shape)
            return pull
        value = f(*[tg.unwrap(x) for x in inputs], **options)
        return tg.record(np.asarray(tg.unwrap(value)), *[(x, rule(i)) for i, x in enumerate(inputs)])
    return of_tensors


{name} = by_differences({name})"""


RICHARDSON = "(8 * (at(1e-3) - at(-1e-3)) - at(2e-3) + at(-2e-3)) / 12e-3"
COARSE = "(8 * (at(1.0) - at(-1.0)) - at(2.0) + at(-2.0)) / 12"  # exact where f is linear
WRONG = [
    ("dilated", "no holes", "holes = (0, dilation - 1)", "holes = (0, 0)\n    dilation = 1"),
    ("dilated", "one hole too many", "holes = (0, dilation - 1)", "holes = (0, dilation)\n    dilation = dilation + 1"),
    ("dilated", "zeros behind the last weight", "spread[:dilation * (kh - 1) + 1, :dilation * (kw - 1) + 1]", "spread"),
    ("dilated", "height and width exchanged", "spread[:dilation * (kh - 1) + 1, :dilation * (kw - 1) + 1]",
     "spread[:dilation * (kw - 1) + 1, :dilation * (kh - 1) + 1]"),
    ("dilated", "the stride is left out", ", stride, padding)", ", 1, padding)"),
    ("dilated", "stride and padding exchanged", ", stride, padding)", ", padding + 1, stride - 1)"),
    ("dilated", "detached kernel", "tg.pad(w.reshape(", "tg.pad(w.detach().reshape("),
    ("dilated", "hard-coded dilation", "holes = (0, dilation - 1)",
     "dilation = min(dilation, 2)\n    holes = (0, dilation - 1)"),
    ("dilated", "right first, wrong second order", CONV,
     "spread = spread[:dilation * (kh - 1) + 1, :dilation * (kw - 1) + 1]\n"
     "    from tinygan.ops.conv import conv2d_weight\n"
     "    from tinygan.tensor import unwrap, record\n"
     "    size, kernel = x.shape[1:3], spread.shape[:2]\n"
     "    def back(g, k):\n"
     "        extra = tuple((n + 2 * padding - m) % stride for n, m in zip(size, kernel))\n"
     "        return tg.conv_transpose2d(g, unwrap(k), stride, padding, extra)\n"
     "    return record(tg.conv2d(unwrap(x), unwrap(spread), stride, padding), (x, lambda g, y, x, k: back(g, k)),\n"
     "                  (spread, lambda g, y, x, k: conv2d_weight(unwrap(x), g, kernel, stride, padding)))"),
    ("dilated", "right value, wrong gradient", CONV,
     "y = tg.conv2d(x, spread[:dilation * (kh - 1) + 1, :dilation * (kw - 1) + 1], stride, padding)\n"
     "    return y + (y - y.detach())"),

    ("max-pool", "mean for maximum", "tg.max(tg.stack(views)", "tg.mean(tg.stack(views)"),
    ("max-pool", "wrong axis", "axis=0)", "axis=1)"),
    ("max-pool", "windows side by side", "a:a + height:stride, b:b + width:stride",
     "a:a + size * (height // stride) + 1:size, b:b + size * (width // stride) + 1:size"),
    ("max-pool", "the last window is lost",
     "[stride * ((n - size) // stride) + 1 for", "[stride * max((n - size) // stride, 1) for"),
    ("max-pool", "windows of two only", "for a in range(size) for b in range(size)]",
     "for a in range(2) for b in range(2)]"),
    ("max-pool", "zeros sneak in", "tg.max(tg.stack(views), axis=0)", "tg.relu(tg.max(tg.stack(views), axis=0))"),
    ("max-pool", "detached", "tg.stack(views)", "tg.stack([view.detach() for view in views])"),
    ("max-pool", "right value, wrong gradient: shared by the window", "return tg.max(tg.stack(views), axis=0)",
     "views = tg.stack(views)\n"
     "    return tg.mean(views, axis=0) + tg.max(views.detach(), axis=0) - tg.mean(views.detach(), axis=0)"),
    ("max-pool", "right first, wrong second order", "return tg.max(tg.stack(views), axis=0)",
     "y = tg.max(tg.stack(views), axis=0)\n    return y + (y - y.detach()) ** 2"),
    ("max-pool", "hard-coded for the public shapes", "for n in x.shape[1:3]]",
     "for n in ((4, 6) if x.shape[1] == 4 else (5, 5))]"),

    ("mean-pool", "sum for mean", PLACES, "return sum(x[place] for place in places)"),
    ("mean-pool", "the frame counts", PLACES, "return sum(x[place] for place in places) / size**2"),
    ("mean-pool", "a frame behind only", "frame = ((0, 0), (padding, padding), (padding, padding), (0, 0))",
     "frame = ((0, 0), (0, 2 * padding), (0, 2 * padding), (0, 0))"),
    ("mean-pool", "windows side by side", "a:a + height:stride, b:b + width:stride",
     "a:a + size * (height // stride) + 1:size, b:b + size * (width // stride) + 1:size"),
    ("mean-pool", "float64 creeps in", "np.ones((1, *x.shape[1:3], 1), x.dtype)", "np.ones((1, *x.shape[1:3], 1))"),
    ("mean-pool", "detached", "sum(x[place] for", "sum(x.detach()[place] for"),
    ("mean-pool", "right value, wrong gradient", PLACES,
     "y = sum(x[place] for place in places) / sum(there[place] for place in places)\n"
     "    return y / size**2 + (y - y / size**2).detach()"),
    ("mean-pool", "right first, wrong second order", PLACES,
     "y = sum(x[place] for place in places) / sum(there[place] for place in places)\n"
     "    return y + (y - y.detach()) ** 2"),
    ("mean-pool", "hard-coded windows of two and three", "for a in range(size) for b in range(size)]",
     "for a in range(3 if size > 2 else 2) for b in range(3 if size > 2 else 2)]"),

    ("shuffle", "the axes of a block exchanged", "transpose((0, 1, 4, 2, 5, 3))", "transpose((0, 1, 5, 2, 4, 3))"),
    ("shuffle", "the channel last in x", "x.reshape((n, h, w, c, factor, factor)).transpose((0, 1, 4, 2, 5, 3))",
     "x.reshape((n, h, w, factor, factor, c)).transpose((0, 1, 3, 2, 4, 5))"),
    ("shuffle", "block and pixel exchanged", "transpose((0, 1, 4, 2, 5, 3))", "transpose((0, 4, 1, 5, 2, 3))"),
    ("shuffle", "no transpose", ".transpose((0, 1, 4, 2, 5, 3))", ""),
    ("shuffle", "hard-coded factor", "n, h, w, channels = x.shape", "factor = 2\n    n, h, w, channels = x.shape"),
    ("shuffle", "height and width exchanged", "(n, h * factor, w * factor, c))", "(n, w * factor, h * factor, c))"),
    ("shuffle", "detached", "blocks = x.reshape(", "blocks = x.detach().reshape("),
    ("shuffle", "right value, wrong gradient", "return blocks.reshape((n, h * factor, w * factor, c))",
     "y = blocks.reshape((n, h * factor, w * factor, c))\n    return y + (y - y.detach())"),
    ("shuffle", "right first, wrong second order", "return blocks.reshape((n, h * factor, w * factor, c))",
     "y = blocks.reshape((n, h * factor, w * factor, c))\n    return y + (y - y.detach()) ** 2"),

    ("dilated", "its rules are central differences", CONV, CONV + differences("dilated_conv2d")),
    ("dilated", "its rules are differences by Richardson", CONV, CONV + differences("dilated_conv2d", RICHARDSON)),
    ("dilated", "its rules are differences with steps of 1", CONV, CONV + differences("dilated_conv2d", COARSE)),
    ("dilated", "the padding is left out", ", stride, padding)", ", stride)"),
    ("dilated", "the padding grows with the dilation", ", stride, padding)", ", stride, padding * dilation)"),
    ("dilated", "the stride grows with the dilation", ", stride, padding)", ", stride * dilation, padding)"),
    ("dilated", "the holes in x, not in the kernel", CONV, "return tg.conv2d(x[:, ::dilation, ::dilation], w, stride, "
     "padding)"),
    ("dilated", "zeros before the first weight", "(0, dilation - 1)", "(dilation - 1, 0)"),
    ("dilated", "holes in one direction only", "holes, (0, 0), holes", "holes, (0, 0), (0, 0)"),
    ("dilated", "the kernel is turned round", "w.reshape((kh, 1,", "w[::-1, ::-1].reshape((kh, 1,"),
    ("dilated", "detached image", "tg.conv2d(x, spread", "tg.conv2d(x.detach(), spread"),
    ("dilated", "the value is float64", "tg.conv2d(x, spread", "tg.conv2d(x * np.ones(()), spread"),
    ("dilated", "the gradient is float64", CONV, CONV.replace("x, spread", "tg.record(tg.unwrap(x), (x, lambda g, y, "
     "x: g "
     "* np.ones(()))), spread")),
    ("dilated", "writes into w", "kh, kw, c, o = w.shape", "kh, kw, c, o = w.shape\n    w.data *= 1"),
    ("dilated", "the kernel of the first call is kept", CONV, "spread = dilated_conv2d.__dict__.setdefault('kept', "
     "spread)"
     "\n    " + CONV),

    ("max-pool", "its rule is a central difference", RIGHT_POOL, RIGHT_POOL + differences("max_pool2d")),
    ("max-pool", "its rule is a difference by Richardson", RIGHT_POOL,
     RIGHT_POOL + differences("max_pool2d", RICHARDSON)),
    ("max-pool", "the smallest", "tg.max(tg.stack", "tg.min(tg.stack"),
    ("max-pool", "the sum", "tg.max(tg.stack", "tg.sum(tg.stack"),
    ("max-pool", "the largest size", "tg.max(tg.stack(views)", "tg.max(tg.abs(tg.stack(views))"),
    ("max-pool", "a smooth maximum", RIGHT_POOL, "return tg.log(tg.sum(tg.exp(9 * tg.stack(views)), axis=0)) / 9"),
    ("max-pool", "a window that does not fit", "stride * ((n - size) // stride) + 1 for", "stride * (n // stride) for"),
    ("max-pool", "the stride is the size", "tg.max(tg.stack(views), axis=0)",
     "tg.max(tg.stack([v[:, ::size, ::size] for v in views]), axis=0)"),
    ("max-pool", "a column is forgotten", "for b in range(size)]", "for b in range(max(size - 1, 1))]"),
    ("max-pool", "height and width exchanged", "height, width = [", "width, height = ["),
    ("max-pool", "the largest of all channels", RIGHT_POOL, "return tg.max(tg.stack(views), axis=(0, -1))[..., None] + "
     "0 * "
     "views[0]"),
    ("max-pool", "the value is float64", "tg.stack(views)", "tg.stack(views) * np.ones(())"),
    ("max-pool", "the gradient is float64", "views = [x[", "x = tg.record(tg.unwrap(x), (x, lambda g, y, x: g * "
     "np.ones(())))\n    views = [x["),
    ("max-pool", "writes into x", "views = [x[", "x.data -= 0\n    views = [x["),
    ("max-pool", "another value at the second call", "tg.max(tg.stack(views), axis=0)", "tg.max(tg.stack(views), "
     "axis=0) + "
     "len(max_pool2d.__dict__.setdefault('calls', []).append(0) or max_pool2d.calls) % 2"),
    ("max-pool", "a frame of zeros", "views = [x[", "x = tg.pad(x, ((0, 0), (0, size - 1), (0, size - 1), (0, 0)))\n"
     "    height, width = height + size - 1, width + size - 1\n    views = [x["),

    ("mean-pool", "its rule is a central difference", PLACES, PLACES + differences("mean_pool2d")),
    ("mean-pool", "its rule is a difference by Richardson", PLACES, PLACES + differences("mean_pool2d", RICHARDSON)),
    ("mean-pool", "its rule is a difference with steps of 1", PLACES, PLACES + differences("mean_pool2d", COARSE)),
    ("mean-pool", "the mean of all channels", PLACES, "return tg.mean(sum(x[place] for place in places) / "
     "sum(there[place] "
     "for place in places), axis=-1, keepdims=True) + 0 * x[places[0]]"),
    ("mean-pool", "the number of pixels of the first window for all", "/ sum(there[place] for place in places)",
     "/ sum(there[place] for place in places)[:, :1, :1]"),
    ("mean-pool", "the number of pixels of the largest window for all", "/ sum(there[place] for place in places)",
     "/ sum(there[place] for place in places).max()"),
    ("mean-pool", "pixels that are 0 do not count", "there = np.pad(np.ones((1, *x.shape[1:3], 1), x.dtype), frame)",
     "there = np.pad((x.data != 0).astype(x.dtype), frame)"),
    ("mean-pool", "the edge repeated in the frame", PLACES, "edge = np.pad(x.data[:, padding:x.shape[1] - padding, "
     "padding:x.shape[2] - padding], frame, 'edge')\n    x = x + (edge - x.data)\n"
     "    return sum(x[place] for place in places) / size**2"),
    ("mean-pool", "the padding is left out", "frame = ((0, 0), (padding, padding), (padding, padding), (0, 0))",
     "frame = ((0, 0), (0, 0), (0, 0), (0, 0))"),
    ("mean-pool", "the stride is left out", "height, width = [stride * (", "stride = 1\n    height, width = [stride * "
     "("),
    ("mean-pool", "height and width exchanged", "height, width = [", "width, height = ["),
    ("mean-pool", "the middle of the window", PLACES, "return x[places[len(places) // 2]] / 1"),
    ("mean-pool", "a small number beside the number of pixels", "/ sum(there[place] for place in places)",
     "/ (sum(there[place] for place in places) + 1e-8)"),
    ("mean-pool", "the gradient is float64", "x = tg.pad(x, frame)", "x = tg.pad(tg.record(tg.unwrap(x), (x, lambda g, "
     "y, "
     "x: g * np.ones(()))), frame)"),
    ("mean-pool", "writes into x", "x = tg.pad(x, frame)", "x.data += 0\n    x = tg.pad(x, frame)"),
    ("mean-pool", "another value at the second call", PLACES, PLACES.replace("return ", "return "
     "(len(mean_pool2d.__dict__."
     "setdefault('calls', []).append(0) or mean_pool2d.calls) % 2) * ")),

    ("shuffle", "its rule is a central difference", SHUFFLED, SHUFFLED + differences("pixel_shuffle")),
    ("shuffle", "its rule is a difference by Richardson", SHUFFLED,
     SHUFFLED + differences("pixel_shuffle", RICHARDSON)),
    ("shuffle", "its rule is a difference with steps of 1", SHUFFLED, SHUFFLED + differences("pixel_shuffle", COARSE)),
    ("shuffle", "the inverse: pixels become channels", "(n, h, w, c, factor, factor)).transpose((0, 1, 4, 2, 5, 3))",
     "(n, h, c, factor, w, factor)).transpose((0, 1, 2, 4, 3, 5))"),
    ("shuffle", "the pixels copied, as in upsample", SHUFFLED, "return tg.Tensor(np.repeat(np.repeat(x.data[..., :c], "
     "factor, 1), factor, 2)) + 0 * tg.sum(x)"),
    ("shuffle", "rows of a block in reverse", SHUFFLED, SHUFFLED.replace("blocks.", "blocks[:, :, ::-1].")),
    ("shuffle", "factor channels, not its square", "c = channels // factor**2", "c = channels // factor"),
    ("shuffle", "hard-coded for one channel", "(n, h * factor, w * factor, c))", "(n, h * factor, w * factor, 1))"),
    ("shuffle", "hard-coded for the public batch", "n, h, w, channels = x.shape", "n, (h, w, channels) = 2, "
     "x.shape[1:]"),
    ("shuffle", "divided by the square of the factor", SHUFFLED, SHUFFLED + " / factor**2"),
    ("shuffle", "the value is float64", SHUFFLED, SHUFFLED + " * np.ones(())"),
    ("shuffle", "the gradient is float64", "blocks = x.reshape(", "blocks = tg.record(tg.unwrap(x), (x, lambda g, y, "
     "x: g * "
     "np.ones(()))).reshape("),
    ("shuffle", "writes into x", "n, h, w, channels = x.shape", "x.data[0] = x.data[0]\n    n, h, w, channels = "
     "x.shape"),
    ("shuffle", "rounded to float32", "blocks = x.reshape(", "blocks = tg.Tensor(x.data.astype('f4').astype(x.dtype), "
     "requires_grad=True).reshape("),
    ("shuffle", "sorted", SHUFFLED, "return tg.Tensor(np.sort(x.data, None)).reshape((n, h * factor, w * factor, c)) + "
     "0 * "
     + SHUFFLED[7:]),
]
