"""The public checks of 02_cross_entropy.py: `python -m pytest test_02_cross_entropy.py`."""
from pathlib import Path
from runpy import run_path

from tinygan.grading import public

theirs = run_path(str(Path(__file__).with_name("02_cross_entropy.py")))
globals().update((name, value) for name, value in theirs.items() if not name.startswith("__"))


def check_maxout(f, case):
    """theta when it is new; the largest piece; both derivatives in x and in each parameter."""
    inputs, outputs, pieces = case.sizes
    gap = 0
    while gap < 0.01:  # away from the kinks, where two pieces are equal
        x = case.normal((case.n, inputs))
        weight, bias = case.normal((pieces, inputs, outputs)), case.normal((pieces, outputs))
        dense = np.sort([x @ w + b for w, b in zip(weight, bias)], axis=0)
        gap = np.diff(dense, axis=0).min(initial=1)
    seed = int(case.integers(1000, ()))
    he = nn.initial.he(np.random.default_rng(seed), weight.shape, inputs, outputs)
    case.close(case.call(f, x, weight, bias, seed=seed), [*he.reshape(-1), *np.zeros(bias.size)],
               "theta when it is new (weight, then bias)", "he")
    case.value(f, x, weight, bias, expected=dense[-1], slug="dense")
    case.derivatives(f, x, weight, bias, slug="dense")
    case.value(f, x, weight, bias - 100, expected=dense[-1] - 100, slug="dense")
    case.gradients(f, *map(np.float64, (x, weight, np.float64(bias) + 1e9)), slug="dense")


def test_maxout():
    """5 points."""
    public(check_maxout, with_parameters(Maxout), dict(n=4, sizes=(3, 2, 2)))


def check_balanced(f, case):
    """The value and both derivatives at small logits and at large ones; what a blind D is charged."""
    n_real, n_synthetic = case.groups
    target = case.rng.permutation([1] * n_real + [0] * n_synthetic)[:, None]
    n = np.where(target == 1, n_real, n_synthetic)
    for size in (1, 1000):
        logits = size * case.normal(target.shape)
        loss = np.logaddexp(0, np.where(target == 1, -logits, logits))
        case.value(f, target, logits, expected=(loss / n).sum(), slug="cross-entropy-split")
        case.derivatives(f, target, logits, slug="cross-entropy-split")
        case.gradients(f, target, logits, each=size == 1, slug="cross-entropy-split")
    case.value(f, target, 0 * logits, expected=np.log(2) * len({*target[:, 0]}), slug="cross-entropy-split")


def test_balanced():
    """5 points."""
    public(check_balanced, balanced_cross_entropy, dict(groups=(3, 5)))


def check_smoothed(f, case):
    """The slopes of V_s: each logit nudged up and down (`central-difference`); at large logits too."""
    m, n = case.sizes

    def value(real, fake):
        def log_d(a):
            return -np.logaddexp(0, -a)
        return np.mean((1 - case.smoothing) * log_d(real) + case.smoothing * log_d(-real)) + np.mean(log_d(-fake))
    for size in (1, 1000):
        real, fake = size * case.normal((m, 1)), size * case.normal((n, 1))
        found = case.call(f, real, fake, smoothing=case.smoothing)
        case.require(found.shape == (m + n, 1), f"expected gradients of shape ({m}, 1) and ({n}, 1)", "d-gradient")
        for i, part, whose in ((0, found[:m], "real examples"), (1, found[m:], "fakes")):
            case.close(part, slope(value, (real, fake), i), f"the slope in the logits of {whose}", "d-gradient", 1e-6)
    for top in (1, 1e12):  # beside a huge logit no finite difference shows the others
        real[0], fake[0] = top, -top
        real[1:], fake[1:] = case.normal((m - 1, 1)), case.normal((n - 1, 1))
        case.value(f, real, fake, smoothing=case.smoothing, slug="d-gradient", tolerance=1e-13)


def test_smoothed():
    """4 points."""
    public(check_smoothed, on_arrays(smoothed_d_gradient), dict(sizes=(4, 3), smoothing=0.1))


def check_slopes(f, case):
    """Each row holds the slopes of its logit; weighed as (`d-gradient`) says, the rows make the gradient of V."""
    inputs, width = case.sizes
    theta = [case.normal(shape) for shape in ((inputs, width), (width,), (width, 1), (1,))]
    x = case.normal((case.n, inputs))

    def logits(x, w1, b1, w2, b2):
        return tg.tanh(x @ w1 + b1) @ w2 + b2

    def logit(one, *theta):
        return logits(one[None], *theta)[0, 0]
    found = case.call(f, x, *theta)
    case.require(found.shape == (case.n, sum(t.size for t in theta)), f"found shape {found.shape}, expected a row for "
                 "each example, a column for each parameter", "chain-rule")
    parts = np.split(found, np.cumsum([t.size for t in theta])[:-1], axis=1)
    for i, name in enumerate(("W1", "b1", "W2", "b2")):
        rows = [slope(logit, (one, *theta), i + 1).reshape(-1) for one in x]
        case.close(parts[i], rows, f"the slopes of the logits in {name}", "chain-rule", 1e-6)
    weights = np.concatenate([(1 - tg.sigmoid(logits(x, *theta))) / case.n, -tg.sigmoid(logits(-x, *theta)) / case.n])
    rows = np.concatenate([found, case.call(f, -x, *theta)])
    tensors = [tg.Tensor(t, requires_grad=True) for t in theta]
    tape = tg.grad(value(logits(x, *tensors), logits(-x, *tensors)), tensors)
    case.close(weights[:, 0] @ rows, np.concatenate([g.numpy().reshape(-1) for g in tape]),
               "the gradient of V that the rows make", "d-gradient")
    theta[3] += 1e12  # beside a huge bias no finite difference shows the slopes
    case.value(f, x, *theta, slug="chain-rule", tolerance=1e-12)


def test_slopes():
    """6 points."""
    public(check_slopes, on_arrays(logit_slopes), dict(n=4, sizes=(3, 2)))
