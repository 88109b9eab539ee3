"""The public checks of 05_normalisation.py: `python -m pytest test_05_normalisation.py`."""
from pathlib import Path
from runpy import run_path

from tinygan.grading import public

theirs = run_path(str(Path(__file__).with_name("05_normalisation.py")))
globals().update((name, value) for name, value in theirs.items() if not name.startswith("__"))


def check_group_norm(f, case):
    """Groups of mean 0 and variance 1, of each image alone; a scale and a shift a channel; both derivatives."""
    c, groups, eps = case.shape[-1], case.groups, case.eps
    x, weight, bias = 2 * case.normal() + 1, case.normal((c,)), case.normal((c,))
    options = dict(groups=groups) if eps == 1e-5 else dict(groups=groups, eps=eps)
    plain = case.call(f, x, np.ones_like(weight), np.zeros_like(bias), **options)
    case.require(plain.shape == x.shape, f"x {x.shape} gives {plain.shape}, expected the same shape", "group-norm")
    case.close(case.call(f, x[:1], np.ones_like(weight), np.zeros_like(bias), **options), plain[:1],
               "the first image, given alone, against itself in the batch (no image may see another)", "group-norm")
    for k in range(0, c, c // groups):
        group, y = x[..., k:k + c // groups], plain[..., k:k + c // groups]
        where, variance = f"of channels {k} to {k + c // groups - 1}, a group, in each image", group.var((1, 2, 3))
        case.close(y.mean((1, 2, 3)), 0 * variance, f"the mean {where}", "group-norm")
        case.close(y.var((1, 2, 3)), variance / (variance + eps), f"the variance {where}", "group-norm")
    case.close(case.value(f, x, weight, bias, slug="group-norm", **options), plain * weight + bias,
               "with a scale and a shift for each channel", "group-norm")
    case.close(case.call(f, 0 * x + 3, weight, bias, **options), 0 * x + bias, "the value of images of one grey",
               "group-norm", 1e-2 if case.dtype == "float32" else None)  # the mean may be rounded, and is enlarged
    case.gradients(f, *map(np.float64, (x, weight)), np.float64(bias) + 1e12, slug="group-norm", **options)
    case.derivatives(f, x, weight, bias, slug="group-norm", **options)


def test_group_norm():
    """6 points."""
    public(check_group_norm, group_norm, dict(shape=(2, 3, 3, 6), groups=2, eps=1e-5),
           dict(shape=(2, 2, 2, 4), groups=4, eps=0.1))


def check_instance_norm(f, case):
    """Channels of mean 0 and variance 1, of each example alone, at first; then scale and shift; both derivatives."""
    c, pixels, eps = case.shape[-1], tuple(range(1, len(case.shape) - 1)), case.eps
    x, weight, bias = 2 * case.normal() + 1, case.normal((c,)), case.normal((c,))
    options = {} if eps == 1e-5 else dict(eps=eps)
    plain, variance = case.call(f, x, **options), x.var(pixels)
    case.require(plain.shape == x.shape, f"x {x.shape} gives {plain.shape}, expected the same shape", "instance-norm")
    case.close(case.call(f, x[:1], **options), plain[:1],
               "the first example, given alone, against itself in the batch (none may see another)", "instance-norm")
    case.close(plain.mean(pixels), 0 * variance, "the mean of each channel of a new layer's value", "instance-norm")
    case.close(plain.var(pixels), variance / (variance + eps), "the variance of each channel of it", "instance-norm")
    case.close(case.value(f, x, weight, bias, slug="instance-norm", **options), plain * weight + bias,
               "with other parameters, weight before bias", "instance-norm")
    case.close(case.call(f, 0 * x + 3, weight, bias, **options), 0 * x + bias, "the value of channels of one number",
               "instance-norm", 1e-2 if case.dtype == "float32" else None)  # the mean may be rounded, and is enlarged
    case.derivatives(f, x, weight, bias, slug="instance-norm", **options)
    case.gradients(f, *map(np.float64, (x, weight)), np.float64(bias) + 1e12, slug="instance-norm", **options)


def test_instance_norm():
    """5 points."""
    public(check_instance_norm, instance_norm, dict(shape=(2, 3, 3, 2), eps=1e-5), dict(shape=(2, 4, 3), eps=0.1))


def check_weight_norm(f, case):
    """The length of each output's weights; v's length does not matter; the slope across v; both derivatives."""
    v, g = case.normal(), case.normal(case.shape[-1:])
    v += np.copysign(v.dtype.type(0.1), v)  # away from 0, where rounding is enlarged
    others = tuple(range(v.ndim - 1))
    w = case.call(f, v, g)
    case.require(w.shape == v.shape, f"v {v.shape} gives {w.shape}, expected the same shape", "weight-norm")
    case.close(np.sqrt((w * w).sum(others)), abs(g), "the length of the weights to each output", "weight-norm")
    case.close(case.call(f, 3 * v, g), w, "with v three times as long, which should change nothing", "weight-norm")
    case.value(f, v, g, expected=g * v / np.sqrt((v * v).sum(others)), slug="weight-norm")
    if case.dtype == "float64":
        leaf = tg.Tensor(v, requires_grad=True)
        [slope] = tg.grad(tg.sum(f(leaf, tg.Tensor(g)) * case.normal()), [leaf])
        case.close((slope.numpy() * v).sum(others), 0 * g,
                   "the slope along v, for each output (it should be perpendicular to v)", "weight-norm")
    case.derivatives(f, v, g, slug="weight-norm")
    case.gradients(f, np.float64(v), np.float64(g), slug="weight-norm")


def test_weight_norm():
    """5 points."""
    public(check_weight_norm, weight_norm, dict(shape=(4, 3)), dict(shape=(2, 2, 3, 2)))


def check_weight_norm_start(f, case):
    """With this g and b the outputs have mean 0 and variance 1 on the batch; g is positive."""
    n, inputs, outputs = case.sizes
    v, x = 2 * case.normal((inputs, outputs)), 3 * case.normal((n, inputs)) + case.normal((inputs,))
    found = case.call(f, v, x)
    case.require(found.shape == (2, outputs), f"found shape {found.shape}, expected rows g and b, {(2, outputs)}",
                 "weight-norm-start")
    g, b = found
    y = x @ (g * v / np.sqrt((v * v).sum(0))) + b
    case.require((g > 0).all(), f"g is {g}, expected positive numbers", "weight-norm-start")
    case.close(y.var(0), np.ones(outputs), "the variance of each output on the batch", "weight-norm-start")
    case.close(y.mean(0), np.zeros(outputs), "the mean of each output on the batch", "weight-norm-start")
    case.value(f, v, x, slug="weight-norm-start")


def test_weight_norm_start():
    """4 points."""
    public(check_weight_norm_start, weight_norm_start, dict(sizes=(6, 4, 3)), dict(sizes=(5, 2, 2)))
