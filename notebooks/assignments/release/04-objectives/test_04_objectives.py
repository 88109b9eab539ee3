"""The public checks of 04_objectives.py: `python -m pytest test_04_objectives.py`."""
from pathlib import Path
from runpy import run_path

from tinygan.grading import public

theirs = run_path(str(Path(__file__).with_name("04_objectives.py")))
globals().update((name, value) for name, value in theirs.items() if not name.startswith("__"))


def check_hellinger(f, case):
    """The best critic's bound is the distance, another's is lower by as much as theory says; both derivatives."""
    p, q = [np.array(counts) / sum(counts) for counts in (case.p, case.q)]
    distance, best = np.sum((np.sqrt(p) - np.sqrt(q))**2), np.log(p / q) / 2
    for what, a in (("at the best critic", best), ("at another critic", best + case.normal(p.shape)),
                    ("at logits of 40", 40 + 0 * p)):
        real, fake = np.repeat(a, case.p)[:, None], np.repeat(a, case.q)[:, None]  # as often as p and q say
        lost = 2 * np.sum(np.sqrt(p * q) * (np.cosh(a - best) - 1))
        case.close(case.call(f, real, fake), distance - lost, f"the bound {what}", "f-gan")
    m, n = case.sizes
    real, fake = case.normal((m, 1)), case.normal((n, 1))
    case.derivatives(f, real, fake, slug="f-gan")
    case.gradients(f, real, fake, each=True, slug="f-gan")


def test_hellinger():
    """5 points."""
    public(check_hellinger, hellinger, dict(p=(3, 1, 2), q=(1, 4, 1), sizes=(4, 3)))


def check_relativistic(f, case):
    """The value, also at large logits; only differences count, so all slopes add up to zero; both derivatives."""
    m, n = case.sizes
    for size in (1, 1000):
        a, b = size * case.normal((m, 1)), size * case.normal((n, 1))
        terms = -np.logaddexp(0, b.mean() - a).mean(), -np.logaddexp(0, b - a.mean()).mean()
        y = case.value(f, a, b, expected=terms[0] + terms[1], slug="value")
        case.close(case.call(f, a + 3, b + 3), y, "the value when 3 is added to all logits", "value")
        case.derivatives(f, a, b, slug="d-ascent")
        case.gradients(f, a, b, slug="d-ascent")


def test_relativistic():
    """5 points."""
    public(check_relativistic, relativistic, dict(sizes=(4, 3)))


def check_by_hand(f, case):
    """The slopes of R: each logit nudged up and down (`central-difference`), also at large logits; their sum is 0."""
    m, n = case.sizes

    def game(a, b):
        return -np.logaddexp(0, b.mean() - a).mean() - np.logaddexp(0, b - a.mean()).mean()
    for size in (1, 1000):
        a, b = size * case.normal((m, 1)), size * case.normal((n, 1))
        found = case.call(f, a, b)
        case.require(found.shape == (m + n, 1), f"expected gradients of shape ({m}, 1) and ({n}, 1)", "d-gradient")
        for i, part, whose in ((0, found[:m], "our"), (1, found[m:], "their")):
            case.close(part, slope(game, (a, b), i), f"the slope in {whose} logits", "d-gradient", 1e-6)
        case.close(found.sum(), 0, "the sum of all slopes", "unbroadcast")
    for ours, theirs in ((0, 0), (20, 0), (0, 20), (1e12, 1e12)):  # no difference shows a slope beside huge logits
        a, b = case.normal((m, 1)) + ours, case.normal((n, 1)) + theirs
        case.value(f, a, b, slug="d-gradient", tolerance=1e-13 if ours < 1e3 else 1e-3)


def test_by_hand():
    """5 points."""
    public(check_by_hand, on_arrays(relativistic_gradient), dict(sizes=(4, 3)))


def check_step(f, case):
    """Each player's gradient, each parameter nudged (`central-difference`); its move in its direction."""
    goal_d, goal_g = OBJECTIVES[case.name]
    sign_d, sign_g = [1 if goal.direction == "ascend" else -1 for goal in (goal_d, goal_g)]
    theta_d, theta_g, before_d, before_g = [case.normal((size,)) for size in (5, 4, 5, 4)]
    x, z = case.normal((case.n, 2)), case.normal((case.n, 2))
    given = theta_d, theta_g, before_d, before_g, x, z
    found = case.call(f, *given, name=case.name, rate=case.rate)
    case.require(found.shape == (18,), f"found {found.shape}, expected arrays of 5, 4, 5 and 4 numbers", "d-ascent")
    new_d, new_g, g_d, g_g = np.split(found, [5, 9, 14])

    def d_goal(theta):
        return goal_d(discriminator(theta, x), discriminator(theta, generator(theta_g, z)))

    def g_goal(theta):
        return goal_g(discriminator(new_d, generator(theta, z)))
    case.close(g_d, slope(d_goal, (theta_d,), 0), "the gradient of D", "d-ascent", tolerance=1e-6)
    case.close(new_d, theta_d + sign_d * case.rate * (2 * g_d - before_d), f"D's move ({goal_d.direction})", "d-ascent")
    case.close(g_g, slope(g_goal, (theta_g,), 0), "the gradient of G, after D's move", "alternating", tolerance=1e-6)
    case.close(new_g, theta_g + sign_g * case.rate * (2 * g_g - before_g), f"G's move ({goal_g.direction})",
               "g-minimax")
    case.value(f, *given, name=case.name, rate=case.rate, slug="chain-rule", tolerance=1e-13)


def test_step():
    """5 points."""
    public(check_step, on_arrays(optimistic_step, numpy_alone=False), dict(name="non-saturating", n=6, rate=0.1),
           dict(name="least-squares", n=4, rate=0.2))
