"""The public checks of 01_pull_backs.py: `python -m pytest test_01_pull_backs.py`."""
from pathlib import Path
from runpy import run_path

from tinygan.grading import public

theirs = run_path(str(Path(__file__).with_name("01_pull_backs.py")))
globals().update((name, value) for name, value in theirs.items() if not name.startswith("__"))


def check_softsign(f, case):
    """The value, by its definition; the slope; the slope's slope; slopes of zeros, of tiny and of huge numbers."""
    x = case.normal()
    case.value(f, x, expected=x / (1 + np.abs(x)))
    case.derivatives(f, x, order=2, slug="chain-rule")
    for size in (0, 1e-8, 100):
        case.gradients(f, np.float64(size * x), each=True, slug="chain-rule")
    case.gradients(f, np.float64(1e12 * x), slug="chain-rule")


def test_softsign():
    """4 points."""
    public(check_softsign, softsign, dict(shape=(3, 4)), dict(shape=(5,), dtype="float32"))


def check_hypotenuse(f, case):
    """The value; it is symmetric; both derivatives, each gradient of its input's shape; one side zero or tiny."""
    a, b = case.uniform(0.5, 2, case.shape), case.uniform(-2, -0.5, case.other)
    y = case.value(f, a, b, expected=np.sqrt(a ** 2 + b ** 2), slug="unbroadcast")
    case.close(case.call(f, b, a), y, "f(b, a) against f(a, b)")
    case.derivatives(f, a, b, order=2, slug="unbroadcast")
    for size in (0, 1e-12, -1):
        case.gradients(f, np.float64(size * a), np.float64(b), slug="unbroadcast")


def test_hypotenuse():
    """5 points."""
    public(check_hypotenuse, hypotenuse, dict(shape=(3, 4), other=(3, 4)), dict(shape=(3, 4), other=(4,)))


def check_cumulative_sum(f, case):
    """The differences of the value are the input; its slope, wherever the input lies."""
    x = case.normal()
    y = case.value(f, x, expected=np.cumsum(x, -1))
    case.close(np.diff(y, axis=-1), x[..., 1:], "the differences of the value")
    case.derivatives(f, x, order=2, slug="chain-rule")
    case.gradients(f, np.float64(x + 1e12), slug="chain-rule")


def test_cumulative_sum():
    """5 points."""
    public(check_cumulative_sum, cumulative_sum, dict(shape=(5,)), dict(shape=(2, 3)))


def check_log_sum_exp(f, case):
    """The value; a shift of x, or of each row, shifts it; numbers of all sizes, equal ones; both derivatives."""
    x = case.normal()
    y = case.value(f, x, expected=np.log(np.exp(x).sum(-1, keepdims=True)))
    case.close(case.call(f, x + 3), y + 3, "the value when 3 is added to x")
    rows = 1000 * (-1.0) ** np.arange(y.size).reshape(y.shape).astype(case.dtype)
    for shift, what in ((1000, "1000"), (-1000, "-1000"), (rows, "1000 or -1000, row by row,")):
        case.close(case.call(f, x + shift), y + shift, f"the value when {what} is added to x")
    far = x - 10000 * np.eye(x.shape[-1], dtype=x.dtype).reshape(-1, *[1] * (x.ndim - 1), x.shape[-1])
    top = far.max(-1, keepdims=True)  # far: one element of each row lies far below the others
    case.value(f, far, expected=top + np.log(np.exp(far - top).sum(-1, keepdims=True)))
    case.close(case.call(f, 0 * x), 0 * y + np.log(x.shape[-1]), "the value of zeros")
    case.derivatives(f, x, order=2, slug="chain-rule")
    case.derivatives(f, x + 1000, order=1, slug="chain-rule")
    case.gradients(f, np.float64(x - 1000), slug="chain-rule")
    case.gradients(f, np.float64(8 * x), each=True, slug="chain-rule")


def test_log_sum_exp():
    """6 points."""
    public(check_log_sum_exp, log_sum_exp, dict(shape=(2, 3)), dict(shape=(4,)))
