"""The public checks of 06_gradients_of_gradients.py: `python -m pytest test_06_gradients_of_gradients.py`."""
from pathlib import Path
from runpy import run_path

from tinygan.grading import public

theirs = run_path(str(Path(__file__).with_name("06_gradients_of_gradients.py")))
globals().update((name, value) for name, value in theirs.items() if not name.startswith("__"))


def check_r2(f, case):
    """The value, by the slope written by hand; its slope in D's weights; no path to the fakes."""
    theta, hidden_layer = weights(case)
    fake, (w1, _, w2), options = case.normal(), theta, dict(weight=case.weight, past=case.past)
    slope = ((1 - hidden_layer(fake) ** 2) * w2[:, 0]) @ w1.T
    expected = case.weight / 2 * np.mean((slope ** 2).sum(1))
    case.value(f, fake, *theta, expected=expected, slug="r2", **options)
    double = [np.float64(a) for a in (fake, *theta)]
    case.close(case.call(f, *double, lift=1e12, **options), expected, "the value, when 1e12 is added to all logits",
               "r2")
    case.derivatives(lambda *theta: f(tg.Tensor(fake.astype(theta[0].dtype)), *theta, **options), *theta, order=1,
                     slug="r2")
    no_path(case, f, [fake], theta, "a path leads from the penalty to the fakes: it would move G", "r2", **options)


def test_r2():
    """5 points."""
    public(check_r2, r2_at, dict(shape=(4, 3), weight=1.0, past=True), dict(shape=(3, 2, 2, 2), weight=1.0, past=False))


def check_dragan(f, case):
    """The value, by the slope written by hand; its slope in D's weights; no path to the data."""
    theta, hidden_layer = weights(case)
    real, u, (w1, _, w2) = 3 * case.normal() + 1, case.uniform(0, 1), theta
    options = dict(weight=case.weight, c=case.c)
    slope = ((1 - hidden_layer(real + case.c * real.std() * u) ** 2) * w2[:, 0]) @ w1.T
    expected = case.weight * np.mean((np.sqrt((slope ** 2).sum(1) + 1e-12) - 1) ** 2)
    case.value(f, real, u, *theta, expected=expected, slug="dragan", **options)
    double = [np.float64(a) for a in (real, u, *theta)]
    case.close(case.call(f, *double, lift=1e12, **options), expected, "the value, when 1e12 is added to all logits",
               "dragan")
    flat = case.call(f, real, u, *(0 * w for w in theta), **options)
    case.close(flat, case.weight * (1e-6 - 1) ** 2, "the value where D is constant, with 1e-12 under the root",
               "dragan")
    at = [tg.Tensor(a) for a in double[:4]]
    if case.dtype == "float64":
        case.derivatives(lambda w2: f(*at, w2, **options), 0 * double[4], order=1, slug="dragan")
    case.derivatives(lambda *theta: f(*(tg.Tensor(a.astype(theta[0].dtype)) for a in (real, u)), *theta, **options),
                     *theta, order=1, slug="dragan")
    no_path(case, f, [real, u], theta, "a path leads from the penalty to the data or to u", "dragan", **options)


def test_dragan():
    """6 points."""
    public(check_dragan, dragan_at, dict(shape=(4, 3), weight=10.0, c=0.5), dict(shape=(3, 2, 2, 2), weight=10.0, c=0.5))


def check_hessian_vector(f, case):
    """The value, by the Hessian written by hand; it is linear in v; its slope in x, in v and in the weights."""
    theta, hidden_layer = weights(case, case.outputs)
    x, v, (w1, _, w2) = case.normal(), case.normal(), theta
    h = hidden_layer(x)
    bend = -2 * h * (1 - h ** 2) * w2.sum(1)
    expected = (((v.reshape(len(v), -1) @ w1) * bend) @ w1.T).reshape(x.shape)
    y = case.value(f, x, v, *theta, expected=expected, slug="hessian-vector")
    case.close(case.call(f, x, -2 * v, *theta), -2 * y, "with -2 v for v: the product is linear in v", "hessian-vector")
    case.derivatives(f, x, v, *theta, order=1, slug="hessian-vector")
    double = [np.float64(a) for a in (x, v, *theta)]
    case.close(case.call(f, *double, lift=1e12, tilt=1e12), expected, "the value, when 1e12 (1 + the sum of x) is "
               "added to all outputs, which have the same Hessian", "hessian-vector")


def test_hessian_vector():
    """5 points."""
    public(check_hessian_vector, hessian_vector_at, dict(shape=(4, 3), outputs=1), dict(shape=(2, 2, 2, 1), outputs=2))


def check_jacobian_vector(f, case):
    """The value, by the Jacobian written by hand; it is linear in v; its slope in x, in v and in the weights."""
    theta, hidden_layer = weights(case, case.outputs)
    x, v, (w1, _, w2) = case.normal(), case.normal(), theta
    expected = ((v.reshape(len(v), -1) @ w1) * (1 - hidden_layer(x) ** 2)) @ w2
    y = case.value(f, x, v, *theta, expected=expected, slug="jacobian-vector")
    case.close(case.call(f, x, -2 * v, *theta), -2 * y, "with -2 v for v: the push-forward is linear in v",
               "jacobian-vector")
    case.derivatives(f, x, v, *theta, order=1, slug="jacobian-vector")
    double = [np.float64(a) for a in (x, v, *theta)]
    case.close(case.call(f, *double, lift=1e12), expected, "the value, when 1e12 is added to all outputs",
               "jacobian-vector")


def test_jacobian_vector():
    """4 points."""
    public(check_jacobian_vector, jacobian_vector_at, dict(shape=(4, 3), outputs=2), dict(shape=(2, 2, 2, 1), outputs=3))
