"""The public checks of 07_broken_gans.py: `python -m pytest test_07_broken_gans.py`."""
from pathlib import Path
from runpy import run_path

from tinygan.grading import public

theirs = run_path(str(Path(__file__).with_name("07_broken_gans.py")))
globals().update((name, value) for name, value in theirs.items() if not name.startswith("__"))


def check_program_1(f, case):
    """Each label has its own mean, and the deviation is the data's."""
    begins(case, f, lambda seed: np.array([1.0, -1, 0]), 0.05, "conditional")
    s, t, m = runs(case, f, steps=case.steps).T
    band(case, t, 1.7, 2.3, "t, by which the label moves the fakes", "conditional")
    band(case, abs(m), 0, 0.3, "the size of m, what is added to the fakes of either label", "conditional")
    band(case, abs(s), 0, 0.7, "the fakes' deviation, given the label", "conditional")


def test_program_1():
    """3 points."""
    public(check_program_1, run_1, dict(steps=300), seconds=15)


def check_program_2(f, case):
    """The generator draws the data, and D sees both sides with noise of the same size."""
    sd, mean = 0.5 * case.times, 1 + case.by
    begins(case, f, dense, 0.05, "instance-noise", sigma=case.sigma)
    for steps, sigma, least, most, both in ((1, 4.0, 0.3, 1.9, 0.4), (case.steps, case.sigma, 0.2, 2.2, 0.7)):
        found = runs(case, f, steps=steps, sigma=sigma, by=case.by, times=case.times)
        case.require(found.shape == (3, 258), "expected G and what D saw last: 128 real and 128 generated examples")
        s, m, x, fake = abs(found[:, 0]), found[:, 1], found[:, 2:130], found[:, 130:]
        low, high = least * sigma ** 2, most * sigma ** 2  # of 128 examples a large sigma is measured better
        band(case, x.var(1) - sd ** 2, low, high, "what the noise adds to the variance of the real examples that D "
             "sees", "instance-noise")
        band(case, fake.var(1) - s ** 2, low, high, "what the noise adds to the variance of the fakes that D sees",
             "instance-noise")
        band(case, abs(np.sum((x - mean) * (fake - m[:, None]), 1)) / 128, 0, both * sigma ** 2,
             "the covariance of the real and the generated examples that D sees", "instance-noise")
    band(case, s, 0.76 * sd, 1.24 * sd, "the fakes' deviation", "instance-noise")
    band(case, m, mean - 0.3 * sd, mean + 0.3 * sd, "the fakes' mean", "instance-noise")
    found = runs(case, f, steps=1, sigma=0.1, by=100.0)
    band(case, found[:, 2:130].mean(1), 100.5, 101.5, "the mean of the real examples that D sees, of data N(101, 0.5)",
         "instance-noise")
    band(case, found[:, 130:].mean(1) - found[:, 1], -0.6, 0.6, "the mean of the fakes that D sees, from G's",
         "instance-noise")


def test_program_2():
    """3 points."""
    public(check_program_2, run_2, dict(steps=250, sigma=0.5, by=0.0, times=1.0), seconds=15)


def check_program_3(f, case):
    """No run ends in nan, and the generator arrives."""
    begins(case, f, dense, 2, "g-non-saturating", start=9)
    few, many = (case.call(f, seed=1, steps=2, start=n) for n in (0, 9))
    case.require((few != many).any(), "G is the same, whether D begins with 0 or with 9 steps alone", "d-ascent")
    found = runs(case, f, case.seeds, steps=case.steps, start=case.start, by=case.by)
    behind = int((found[:, 1] < case.low).sum())  # of the right program one run of forty
    case.require(behind <= 3, f"in {behind} of {case.seeds} runs G does not come near the data", "g-non-saturating")
    band(case, found[:, 1], case.low, 140 + case.by, "the fakes' mean", "g-non-saturating")


def test_program_3():
    """4 points."""
    public(check_program_3, run_3, dict(steps=350, start=50, by=0, low=70, seeds=5), seconds=25)


def check_program_4(f, case):
    """The average is that of the path, number by number, and near the solution."""
    begins(case, lambda **options: f(**options)[2 * options["steps"] + 2:], dense, 0.05, "average")
    found = runs(case, f, steps=case.steps, keep=case.keep, by=case.by, times=case.times)
    case.require(found.shape == (3, 2 * case.steps + 4), "expected the average and the path: theta_g before the first "
                 f"step, and after each of {case.steps}")
    for run in found:
        average, path = run[:2], run[2:].reshape(-1, 2)
        case.require(abs(np.diff(path, axis=0)).max() < 0.2, "the path jumps, by more than four times the rate",
                     "average")
        expected = path[0]
        for theta in path[1:]:
            expected = case.keep * expected + (1 - case.keep) * theta
        case.close(average, expected, "the average against the one that belongs to the path", "average", tolerance=1e-4)
    sd, mean = 0.5 * case.times, 1 + case.by
    band(case, abs(found[:, 0]), 0.7 * sd, 1.3 * sd, "the deviation, by the average", "average")
    band(case, found[:, 1], mean - 0.3 * sd, mean + 0.3 * sd, "the mean, by the average", "average")


def test_program_4():
    """3 points."""
    public(check_program_4, run_4, dict(steps=200, keep=0.98, by=0.0, times=1.0), seconds=15)


def check_program_5(f, case):
    """Every step is the one written by hand, and the game comes to rest."""
    h, gamma = case.rate, case.gamma
    found = runs(case, f, steps=case.steps, gamma=gamma, rate=h)
    case.require(found.shape == (3, 2 * case.steps + 2), "expected the path: (theta, psi) before the first step, and "
                 f"after each of {case.steps}")
    case.require((abs(found[:, :2] - 1) <= 0.5).all() and len({*found[:, 0]}) == 3, "expected a start between 0.5 and "
                 "1.5, another for each seed", "dirac")
    for run in found:
        theta, psi = run.reshape(-1, 2).T
        by_hand = psi[:-1] + h * (-theta[:-1] / (1 + np.exp(-psi[:-1] * theta[:-1])) - gamma * psi[:-1])
        case.close(psi[1:], by_hand, "psi after each step against D's line written by hand", "r1", tolerance=1e-5)
        by_hand = theta[:-1] + h * psi[1:] / (1 + np.exp(-psi[1:] * theta[:-1]))
        case.close(theta[1:], by_hand, "theta after each step against G's line, which was right", "g-minimax",
                   tolerance=1e-5)
    band(case, abs(found[:, -2:]).max(1), 0, 0.05, "the larger of |theta| and |psi| at the end", "dirac")


def test_program_5():
    """4 points."""
    public(check_program_5, run_5, dict(steps=200, gamma=1.0, rate=0.1), seconds=15)


def check_program_6(f, case):
    """After each of its moves the critic keeps the bound, and the generator draws the data."""
    begins(case, f, dense, 0.04 / 0.1**0.5, "two-sample", bound=case.bound)  # RMSProp(0.9)'s first steps
    seed = int(case.integers(1 << 30, ()))
    case.close(case.call(f, seed=seed, steps=3, bound=0.0)[:2], dense(seed),
               "theta_g after three steps with the bound 0 (a critic of zeros moves nothing)", "weight-clipping")
    found = runs(case, f, steps=case.steps, bound=case.bound, by=case.by, times=case.times)
    case.require(found.shape == (3, 2 + 3 * case.steps), "expected G and the critic's largest weight after each of "
                 f"{3 * case.steps} moves")
    s, m, largest = abs(found[:, 0]), found[:, 1], found[:, 2:].max(1)
    band(case, largest, 0.999 * case.bound, 1.000001 * case.bound, "the critic's largest weight in the whole training",
         "weight-clipping")
    sd, mean = 0.5 * case.times, 1 + case.by
    band(case, s, 0.4 * sd, 1.6 * sd, "the fakes' deviation", "two-sample")
    band(case, m, mean - 0.3 * sd, mean + 0.3 * sd, "the fakes' mean", "two-sample")


def test_program_6():
    """3 points."""
    public(check_program_6, run_6, dict(steps=150, bound=0.3, by=0.0, times=1.0), seconds=15)
