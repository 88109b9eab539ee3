"""Wrong answers to assignment 03: task, the mistake, a text of the reference's answer, the new text."""
CONV = "return tg.conv2d(x, spread[:dilation * (kh - 1) + 1, :dilation * (kw - 1) + 1], stride, padding)"
PLACES = "return sum(x[place] for place in places) / sum(there[place] for place in places)"
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
]
