"""The public checks of 03_convolution.py: `python -m pytest test_03_convolution.py`."""
from pathlib import Path
from runpy import run_path

from tinygan.grading import public

theirs = run_path(str(Path(__file__).with_name("03_convolution.py")))
globals().update((name, value) for name, value in theirs.items() if not name.startswith("__"))


def check_dilated(f, case):
    """The value, window by window; without holes it is `conv2d`; both derivatives in x and in w."""
    options = dict(dilation=case.dilation, stride=case.stride, padding=case.padding)
    x, w = case.normal(), case.normal(case.kernel)
    frame = np.pad(x, ((0, 0), (case.padding,) * 2, (case.padding,) * 2, (0, 0)))
    reach = [case.dilation * (k - 1) + 1 for k in w.shape[:2]]
    windows = sliding_window_view(frame, reach, (1, 2))[:, ::case.stride, ::case.stride, ..., ::case.dilation,
                                                        ::case.dilation]
    case.value(f, x, w, expected=np.einsum("nijcab,abco->nijo", windows, w), slug="conv", **options)
    for far_x, far_w in ((1e12, 0), (0, 1e12)):
        case.gradients(f, np.float64(x) + far_x, np.float64(w) + far_w, slug="conv", **options)
    case.derivatives(f, x, w, slug="conv", **options)
    options["dilation"] = 1
    case.value(f, x, w, expected=tg.conv2d(x, w, case.stride, case.padding), slug="conv", **options)


def test_dilated():
    """6 points."""
    public(check_dilated, dilated_conv2d, dict(shape=(2, 5, 6, 2), kernel=(2, 2, 2, 3), dilation=2, stride=1, padding=0),
           dict(shape=(1, 4, 4, 1), kernel=(3, 3, 1, 1), dilation=2, stride=1, padding=2))


def check_max_pool(f, case):
    """The largest of each window, also of negative pixels; both derivatives."""
    x = case.rng.permutation(np.prod(case.shape)).reshape(case.shape).astype(case.dtype) / 10  # no two are equal
    windows = sliding_window_view(x, (case.size, case.size), (1, 2))[:, ::case.stride, ::case.stride]
    largest = windows.max((-2, -1))
    case.value(f, x, expected=largest, slug="chain-rule", size=case.size, stride=case.stride)
    case.value(f, x - 1000, expected=largest - 1000, slug="chain-rule", size=case.size, stride=case.stride)
    case.gradients(f, np.float64(x) * 100 - 1e12, slug="chain-rule", size=case.size, stride=case.stride)
    case.derivatives(f, x, slug="chain-rule", size=case.size, stride=case.stride)


def test_max_pool():
    """5 points."""
    public(check_max_pool, max_pool2d, dict(shape=(2, 4, 6, 2), size=2, stride=2),
           dict(shape=(1, 5, 5, 1), size=3, stride=1))


def check_mean_pool(f, case):
    """The mean of each window over the pixels that are there; a constant stays constant; both derivatives."""
    options = dict(size=case.size, stride=case.stride, padding=case.padding)
    x = case.normal()
    x[:, 0] = 0
    frame = np.pad(x, ((0, 0), (case.padding,) * 2, (case.padding,) * 2, (0, 0)), constant_values=np.nan)
    windows = sliding_window_view(frame, (case.size, case.size), (1, 2))[:, ::case.stride, ::case.stride]
    y = case.value(f, x, expected=np.nanmean(windows, (-2, -1)), slug="average-pool", **options)
    case.close(case.call(f, 0 * x + 1, **options), np.ones_like(y), "the means of a constant image", "average-pool")
    case.gradients(f, np.float64(x) + 1e12, slug="average-pool", **options)
    case.derivatives(f, x, slug="average-pool", **options)


def test_mean_pool():
    """5 points."""
    public(check_mean_pool, mean_pool2d, dict(shape=(2, 4, 6, 2), size=2, stride=2, padding=0),
           dict(shape=(1, 5, 4, 1), size=3, stride=1, padding=1))


def check_shuffle(f, case):
    """Each place of the blocks holds its channels; no number is lost; both derivatives."""
    x, r = case.normal(), case.factor
    n, h, w, channels = x.shape
    y = case.call(f, x, factor=r)
    case.close(y.shape, (n, h * r, w * r, channels // r**2), "the shape", "upsample")
    case.close(np.sort(y, None), np.sort(x, None), "the numbers in y, sorted, against those in x", "upsample")
    for a in range(r):
        for b in range(r):
            case.close(y[:, a::r, b::r], x[..., a * r + b::r**2], f"the pixels in row {a}, column {b} of their blocks",
                       "upsample")
    case.gradients(f, np.float64(x) + 1e12, slug="upsample", factor=r)
    case.derivatives(f, x, slug="upsample", factor=r)


def test_shuffle():
    """4 points."""
    public(check_shuffle, pixel_shuffle, dict(shape=(2, 3, 2, 8), factor=2))
