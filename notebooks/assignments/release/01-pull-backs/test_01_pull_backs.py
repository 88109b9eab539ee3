"""The public checks of 01_pull_backs.py: `python -m pytest test_01_pull_backs.py`."""
from pathlib import Path
from runpy import run_path

from tinygan.grading import public

theirs = run_path(str(Path(__file__).with_name("01_pull_backs.py")))
globals().update((name, value) for name, value in theirs.items() if not name.startswith("__"))


def check_softsign(f, case):
    """The value, by its definition; the slope; the slope's slope."""
    x = case.normal()
    case.value(f, x, expected=x / (1 + np.abs(x)))
    case.derivatives(f, x, order=2, slug="chain-rule")


def test_softsign():
    """4 points."""
    public(check_softsign, softsign, dict(shape=(3, 4)), dict(shape=(5,), dtype="float32"))


def check_hypotenuse(f, case):
    """The value; it is symmetric; both derivatives, each gradient of its input's shape."""
    a, b = case.uniform(0.5, 2, case.shape), case.uniform(-2, -0.5, case.other)
    y = case.value(f, a, b, expected=np.sqrt(a ** 2 + b ** 2), slug="unbroadcast")
    case.close(case.call(f, b, a), y, "f(b, a) against f(a, b)")
    case.derivatives(f, a, b, order=2, slug="unbroadcast")


def test_hypotenuse():
    """5 points."""
    public(check_hypotenuse, hypotenuse, dict(shape=(3, 4), other=(3, 4)), dict(shape=(3, 4), other=(4,)))


def check_cumulative_sum(f, case):
    """The differences of the value are the input; its slope; the square of it, whose slope has a slope."""
    x = case.normal()
    y = case.value(f, x, expected=np.cumsum(x, -1))
    case.close(np.diff(y, axis=-1), x[..., 1:], "the differences of the value")
    case.derivatives(f, x, order=2, slug="chain-rule")


def test_cumulative_sum():
    """5 points."""
    public(check_cumulative_sum, cumulative_sum, dict(shape=(5,)), dict(shape=(2, 3)))


def check_log_sum_exp(f, case):
    """The value; a shift of x shifts it; large numbers; both derivatives."""
    x = case.normal()
    y = case.value(f, x, expected=np.log(np.exp(x).sum(-1, keepdims=True)))
    case.close(case.call(f, x + 3), y + 3, "the value when 3 is added to x")
    case.close(case.call(f, x + 1000), y + 1000, "the value when 1000 is added to x")
    case.derivatives(f, x, order=2, slug="chain-rule")
    case.derivatives(f, x + 1000, order=1, slug="chain-rule")


def test_log_sum_exp():
    """6 points."""
    public(check_log_sum_exp, log_sum_exp, dict(shape=(2, 3)), dict(shape=(4,)))
