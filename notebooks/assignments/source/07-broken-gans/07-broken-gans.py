# %% [markdown]
# # Assignment 07: six broken GANs
#
# Here are six small training programs. Each has **one** mistake that is common in public code. All run without an
# error; some even make good samples. You find the mistake, and hand in the repaired program.
#
# **You will learn** to ask "which property must hold exactly if the program is right?" instead of "does it look
# right?". You will also see that a picture does not show a missing remedy.
#
# | task | points | time | equations |
# |---|---|---|---|
# | 1 labels without effect | 3 | 25 min | `conditional` |
# | 2 always too wide | 3 | 20 min | `instance-noise` |
# | 3 not a number | 4 | 30 min | `g-non-saturating`, `d-output` |
# | 4 an average that oscillates | 3 | 20 min | `average` |
# | 5 a penalty without effect | 4 | 30 min | `r1`, `dirac` |
# | 6 a bound that does not hold | 3 | 20 min | `weight-clipping`, `two-sample` |
#
# Before you begin: lecture 07 and the lab [a broken GAN](../../../labs/broken-gan.ipynb); these are six other mistakes.
#
# **How to work.** Run the broken program for two or three seeds, look at its results, and describe the error in one
# sentence *before* you look for the line. Then copy its lines into your function and repair them, **as little as
# possible**: same game, same learning rates, same remedies, and the same results. The result of a game is random, so
# the grader compares the **median of some seeds** with a range, and also checks a property that must hold exactly. A
# repair may not remove a remedy. The options in each signature must still work: the grader uses other values, from one
# step to hundreds, and other data. So draw the data with `gaussian`, as the broken program does, and make $G$ first:
# the grader knows its first weights. **A good answer** changes one or two lines, and you can name a two-line test that
# finds the mistake.

# %% nbgrader={"grade_id": "prelude"}
import numpy as np

import tinygan as tg
from tinygan import data, nn
from tinygan.grading import public
from tinygan.objectives import g_minimax, g_non_saturating, two_sample, value
from tinygan.updates import Adam, RMSProp, ascend, descend, linear_decay


def network(inputs, rng):
    """A small network with one output."""
    return nn.Sequential(nn.Dense(inputs, 16, rng=rng), nn.LeakyReLU(0.2), nn.Dense(16, 1, rng=rng))


def noise(n, rng):
    """n latents, N(0, 1): (n, 1)."""
    return tg.Tensor(rng.standard_normal((n, 1), dtype=np.float32))


other = {"by": 0.0, "times": 1.0}  # the grader moves and stretches the data


def gaussian(n, rng, mean=1.0, sd=0.5):
    """n examples: (n, 1)."""
    return tg.Tensor(data.gaussian(n, rng, mean + other["by"], sd * other["times"]))


def beside(*columns):
    """Joins columns (n, 1) to one Tensor."""
    return tg.concatenate(columns, axis=1)


def squared(x):
    """The features x and x^2; with these a discriminator distinguishes any two Gaussians."""
    return beside(x, x * x)


def climb(player, goal, optimiser, rate):
    """Moves the player up the gradient of its goal."""
    ascend(player.theta, optimiser(tg.grad(goal, player.parameters())), rate)


def numbers(*parts):
    """Joins all results of a program to one row of numbers, for the checks."""
    arrays = [p.numpy() if isinstance(p, tg.Tensor) else p for p in parts]
    return tg.Tensor(np.concatenate([np.ravel(a) for a in arrays]).astype(np.float64))


def on_data(program, by=0.0, times=1.0, **options):
    """The results of a program on data that are moved by a number, and stretched."""
    other.update(by=by, times=times)
    try:
        return program(**options)
    finally:
        other.update(by=0.0, times=1.0)


def begins(case, f, theta, rate, slug, **options):
    """The program begins with this theta_g, and its first steps are those of an optimiser that follows a gradient."""
    for seed in map(int, case.integers(1 << 30, 3)):
        start = theta(seed)
        first, later = (case.call(f, seed=seed, steps=n, **options)[:start.size] - start for n in (1, 9))
        case.close(abs(first), rate * np.ones(start.size), "the distance of theta_g from its start after one step, in "
                   "which the optimiser moves every number by the rate", slug, tolerance=0.02 * rate)
        case.require((abs(later) < 12 * rate).all(), f"theta_g is {later} from its start after nine steps: too far for "
                     "the rate; is it set, not trained?", slug)


def dense(seed, inputs=1):
    """theta of the first Dense layer that a program with this seed makes."""
    return nn.Dense(inputs, 1, rng=np.random.default_rng(seed)).theta.astype(float)


def runs(case, f, seeds=3, **options):
    """The results of f for three seeds, or more."""
    return np.stack([case.call(f, seed=int(seed), **options) for seed in case.integers(1 << 30, seeds)])


def band(case, found, low, high, what, slug):
    """Requires that the median of the runs lies between low and high."""
    case.between(found, low, high, what, f"{len(found)} seeds", slug)


# %% [markdown]
# In all programs but the fifth, the generator is one `Dense` layer, $G(z) = s z + m$: what it has learned can be read
# from its two numbers, $|s|$ and $m$. By default the data are $N(1, \tfrac12)$.
#
# ## 1 Labels without effect (3 points)
#
# The data have a label $c = \pm 1$, and given $c$ they are $N(2c, \tfrac12)$. Both players get the label
# (`conditional`): $G(z, c) = s z + t c + m$, and the inputs of $D$ are $x, x^2, c, cx$. So $t$ should become 2 and
# $m$ 0. $G$ begins with the labels exchanged, $t = -1$, and never corrects this.
#
# *Ask:* $D$ gets a label together with each example. Which information does it give about that example?

# %% nbgrader={"grade_id": "broken-1"}
def labels(n, rng):
    return tg.Tensor(rng.choice(np.float32([-1, 1]), (n, 1)))


def broken_1(seed, steps=300):
    """Returns the generator."""
    rng = np.random.default_rng(seed)
    G, D, adam_g, adam_d = nn.Dense(2, 1, rng=rng), network(4, rng), Adam(0.5), Adam(0.5)
    G.theta[:] = 1, -1, 0
    for step in range(steps):
        rate = linear_decay(0.05, step, steps)
        c = labels(128, rng)
        x = 2 * c + 0.5 * noise(128, rng)
        c_fake = labels(128, rng)
        fake = G(beside(noise(128, rng), c_fake))
        on_real = D(beside(x, x * x, c, c * x))
        on_fake = D(beside(fake, fake * fake, c, c * fake))
        slopes = tg.grad(value(on_real, on_fake), D.parameters())
        slopes_g = tg.grad(g_non_saturating(on_fake), G.parameters())
        ascend(D.theta, adam_d(slopes), rate)
        ascend(G.theta, adam_g(slopes_g), rate)
    return G

# %% nbgrader={"grade_id": "program-1-answer", "solution": true}
def program_1(seed, steps=300):
    """The first program, repaired; returns the generator."""
    ### BEGIN SOLUTION
    rng = np.random.default_rng(seed)
    G, D, adam_g, adam_d = nn.Dense(2, 1, rng=rng), network(4, rng), Adam(0.5), Adam(0.5)
    G.theta[:] = 1, -1, 0
    for step in range(steps):
        rate = linear_decay(0.05, step, steps)
        c = labels(128, rng)
        x = 2 * c + 0.5 * noise(128, rng)
        c_fake = labels(128, rng)
        fake = G(beside(noise(128, rng), c_fake))
        on_real = D(beside(x, x * x, c, c * x))
        on_fake = D(beside(fake, fake * fake, c_fake, c_fake * fake))
        slopes = tg.grad(value(on_real, on_fake), D.parameters())
        slopes_g = tg.grad(g_non_saturating(on_fake), G.parameters())
        ascend(D.theta, adam_d(slopes), rate)
        ascend(G.theta, adam_g(slopes_g), rate)
    return G
    ### END SOLUTION


# %% nbgrader={"grade_id": "program-1-at"}
def run_1(**options):
    return numbers(program_1(**options).theta)


# %% nbgrader={"grade_id": "program-1", "grade": true, "points": 3}
def check_program_1(f, case):
    """Each label has its own mean, and the deviation is the data's."""
    begins(case, f, lambda seed: np.array([1.0, -1, 0]), 0.05, "conditional")
    s, t, m = runs(case, f, steps=case.steps).T
    band(case, t, 1.7, 2.3, "t, by which the label moves the fakes", "conditional")
    band(case, abs(m), 0, 0.3, "the size of m, what is added to the fakes of either label", "conditional")
    band(case, abs(s), 0, 0.7, "the fakes' deviation, given the label", "conditional")


public(check_program_1, run_1, dict(steps=300), seconds=15)
### BEGIN HIDDEN TESTS
hidden(check_program_1, run_1, dict(steps=320))
### END HIDDEN TESTS

# %% [markdown]
# ## 2 Always too wide (3 points)
#
# Noise blurs the inputs of $D$, so that the game converges (`instance-noise`). The samples' mean is right. But their
# standard deviation, which should be 0.5, is 0.7, in every run; other learning rates, other networks or more steps do
# not change that.
#
# *Ask:* you can explain the number 0.7 exactly. Which two distributions does this game make equal?

# %% nbgrader={"grade_id": "broken-2"}
def broken_2(seed, steps=300, sigma=0.5):
    """Returns the generator, and real and generated examples as D saw them in the last step."""
    rng = np.random.default_rng(seed)
    G, D, adam_g, adam_d = nn.Dense(1, 1, rng=rng), network(2, rng), Adam(0.5), Adam(0.5)
    for step in range(steps):
        rate = linear_decay(0.05, step, steps)
        x, fake = gaussian(128, rng), G(noise(128, rng))
        x = x + sigma * noise(128, rng)
        climb(D, value(D(squared(x)), D(squared(fake.detach()))), adam_d, rate)
        climb(G, g_non_saturating(D(squared(fake))), adam_g, rate)
    return G, x, fake

# %% nbgrader={"grade_id": "program-2-answer", "solution": true}
def program_2(seed, steps=300, sigma=0.5):
    """The second program, repaired; returns the generator, and real and generated examples as D saw them last."""
    ### BEGIN SOLUTION
    rng = np.random.default_rng(seed)
    G, D, adam_g, adam_d = nn.Dense(1, 1, rng=rng), network(2, rng), Adam(0.5), Adam(0.5)
    for step in range(steps):
        rate = linear_decay(0.05, step, steps)
        x, fake = gaussian(128, rng), G(noise(128, rng))
        x = x + sigma * noise(128, rng)
        fake = fake + sigma * noise(128, rng)
        climb(D, value(D(squared(x)), D(squared(fake.detach()))), adam_d, rate)
        climb(G, g_non_saturating(D(squared(fake))), adam_g, rate)
    return G, x, fake
    ### END SOLUTION


# %% nbgrader={"grade_id": "program-2-at"}
def run_2(**options):
    G, x, fake = on_data(program_2, **options)
    return numbers(G.theta, x, fake)


# %% nbgrader={"grade_id": "program-2", "grade": true, "points": 3}
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


public(check_program_2, run_2, dict(steps=250, sigma=0.5, by=0.0, times=1.0), seconds=15)
### BEGIN HIDDEN TESTS
hidden(check_program_2, run_2, dict(steps=300, sigma=0.9, by=-0.5, times=1.6))
### END HIDDEN TESTS

# %% [markdown]
# ## 3 Not a number (4 points)
#
# The data, $N(100, 5)$, are far from the start of the generator, and $D$ first makes 50 steps alone. The program
# computes the logarithms of $D(x) = \sigma(a)$ directly from the formula (`d-output`). Every seed ends with weights
# that are `nan`, sometimes from the first step.
#
# *Ask:* what is $\sigma(-110)$ in float32, and its logarithm? A common remedy is a small constant inside the logarithm.
# It gives finite numbers, but the generator does not move. Why not? What is the slope of $\log \sigma(a)$ at $a =
# -110$, and which value does the program compute for it (`g-non-saturating`)?

# %% nbgrader={"grade_id": "broken-3"}
def broken_3(seed, steps=350, start=50):
    """Returns the generator."""
    rng = np.random.default_rng(seed)
    G, D, adam_g, adam_d = nn.Dense(1, 1, rng=rng), network(1, rng), Adam(0.5), Adam(0.5)
    for step in range(-start, steps):
        decay = linear_decay(1.0, max(step, 0), steps)
        x, fake = gaussian(64, rng, 100, 5), G(noise(64, rng))
        v = tg.mean(tg.log(tg.sigmoid(D(x)))) + tg.mean(tg.log(1 - tg.sigmoid(D(fake.detach()))))
        climb(D, v, adam_d, 0.1 * decay)
        if step >= 0:
            climb(G, tg.mean(tg.log(tg.sigmoid(D(fake)))), adam_g, 2 * decay)
    return G

# %% nbgrader={"grade_id": "program-3-answer", "solution": true}
def program_3(seed, steps=350, start=50):
    """The third program, repaired; returns the generator."""
    ### BEGIN SOLUTION
    rng = np.random.default_rng(seed)
    G, D, adam_g, adam_d = nn.Dense(1, 1, rng=rng), network(1, rng), Adam(0.5), Adam(0.5)
    for step in range(-start, steps):
        decay = linear_decay(1.0, max(step, 0), steps)
        x, fake = gaussian(64, rng, 100, 5), G(noise(64, rng))
        v = tg.mean(tg.log_sigmoid(D(x))) + tg.mean(tg.log_sigmoid(-D(fake.detach())))
        climb(D, v, adam_d, 0.1 * decay)
        if step >= 0:
            climb(G, tg.mean(tg.log_sigmoid(D(fake))), adam_g, 2 * decay)
    return G
    ### END SOLUTION


# %% nbgrader={"grade_id": "program-3-at"}
def run_3(**options):
    return numbers(on_data(program_3, **options).theta)


# %% nbgrader={"grade_id": "program-3", "grade": true, "points": 4}
def check_program_3(f, case):
    """No run ends in nan, and the generator arrives."""
    begins(case, f, dense, 2, "g-non-saturating", start=9)
    few, many = (case.call(f, seed=1, steps=2, start=n) for n in (0, 9))
    case.require((few != many).any(), "G is the same, whether D begins with 0 or with 9 steps alone", "d-ascent")
    found = runs(case, f, case.seeds, steps=case.steps, start=case.start, by=case.by)
    behind = int((found[:, 1] < case.low).sum())  # of the right program one run of forty
    case.require(behind <= 3, f"in {behind} of {case.seeds} runs G does not come near the data", "g-non-saturating")
    band(case, found[:, 1], case.low, 140 + case.by, "the fakes' mean", "g-non-saturating")


public(check_program_3, run_3, dict(steps=350, start=50, by=0, low=70, seeds=5), seconds=25)
### BEGIN HIDDEN TESTS
hidden(check_program_3, run_3, dict(steps=370, start=50, by=-50, low=20, seeds=5),
       dict(steps=350, start=300, by=0, low=70, seeds=5), dict(steps=350, start=300, by=100, low=65, seeds=15),
       seconds=25)
### END HIDDEN TESTS

# %% [markdown]
# ## 4 An average that oscillates (3 points)
#
# The players circle around the solution. So the program returns not the last $\theta_g$ but its moving average
# (`average`), which starts at the first $\theta_g$, before any step. But here the average circles like the last
# $\theta_g$.
#
# *Ask:* `G.theta` is an array. What is `average`?

# %% nbgrader={"grade_id": "broken-4"}
def broken_4(seed, steps=300, keep=0.98):
    """Returns the average of theta_g, and the path: theta_g before the first step, and after each."""
    rng = np.random.default_rng(seed)
    G, D, adam_g, adam_d = nn.Dense(1, 1, rng=rng), network(2, rng), Adam(0.5), Adam(0.5)
    average, path = G.theta, [G.theta.tolist()]
    for _ in range(steps):
        x, fake = gaussian(128, rng), G(noise(128, rng))
        climb(D, value(D(squared(x)), D(squared(fake.detach()))), adam_d, 0.05)
        climb(G, g_non_saturating(D(squared(fake))), adam_g, 0.05)
        path.append(G.theta.tolist())
        average *= keep
        average += (1 - keep) * G.theta
    return average, path

# %% nbgrader={"grade_id": "program-4-answer", "solution": true}
def program_4(seed, steps=300, keep=0.98):
    """The fourth program, repaired; returns the average of theta_g, and its path."""
    ### BEGIN SOLUTION
    rng = np.random.default_rng(seed)
    G, D, adam_g, adam_d = nn.Dense(1, 1, rng=rng), network(2, rng), Adam(0.5), Adam(0.5)
    average, path = G.theta.copy(), [G.theta.tolist()]
    for _ in range(steps):
        x, fake = gaussian(128, rng), G(noise(128, rng))
        climb(D, value(D(squared(x)), D(squared(fake.detach()))), adam_d, 0.05)
        climb(G, g_non_saturating(D(squared(fake))), adam_g, 0.05)
        path.append(G.theta.tolist())
        average *= keep
        average += (1 - keep) * G.theta
    return average, path
    ### END SOLUTION


# %% nbgrader={"grade_id": "program-4-at"}
def run_4(**options):
    return numbers(*on_data(program_4, **options))


# %% nbgrader={"grade_id": "program-4", "grade": true, "points": 3}
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


public(check_program_4, run_4, dict(steps=200, keep=0.98, by=0.0, times=1.0), seconds=15)
### BEGIN HIDDEN TESTS
hidden(check_program_4, run_4, dict(steps=300, keep=0.97, by=-0.5, times=1.6))
### END HIDDEN TESTS

# %% [markdown]
# ## 5 A penalty without effect (4 points)
#
# The smallest GAN (`dirac`): all data are 0, the generator draws one number $\theta$, and the discriminator is $a(x) =
# \psi x$. Without friction the two players circle for ever; with R1 (`r1`) of weight $\gamma$ they must converge to
# $(0, 0)$. The program contains the penalty, and its value is right: print it. But the two players circle for ever.
#
# *Ask:* D's line is, by hand, $\psi \leftarrow \psi + h\,(-\theta\, \sigma(\psi \theta) - \gamma \psi)$. Which part of
# the first step is missing?

# %% nbgrader={"grade_id": "broken-5"}
def broken_5(seed, steps=200, gamma=1.0, rate=0.1):
    """Returns the path: the pairs (theta, psi) before the first step, and after each."""
    rng = np.random.default_rng(seed)
    G, D = nn.Dense(1, 1, bias=False, rng=rng), nn.Dense(1, 1, bias=False, rng=rng)
    G.theta[:], D.theta[:] = rng.uniform(0.5, 1.5, 2)
    x = tg.Tensor(np.zeros((1, 1), np.float32), requires_grad=True)
    one = tg.Tensor(np.ones((1, 1), np.float32))
    path = [[G.theta[0], D.theta[0]]]
    for _ in range(steps):
        real, fake = D(x), D(G(one).detach())
        [slope] = tg.grad(tg.sum(real), [x])
        penalty = gamma / 2 * tg.sum(slope * slope)
        ascend(D.theta, tg.grad(value(real, fake) - penalty, D.parameters()), rate)
        descend(G.theta, tg.grad(g_minimax(D(G(one))), G.parameters()), rate)
        path.append([G.theta[0], D.theta[0]])
    return path

# %% nbgrader={"grade_id": "program-5-answer", "solution": true}
def program_5(seed, steps=200, gamma=1.0, rate=0.1):
    """The fifth program, repaired; returns the path."""
    ### BEGIN SOLUTION
    rng = np.random.default_rng(seed)
    G, D = nn.Dense(1, 1, bias=False, rng=rng), nn.Dense(1, 1, bias=False, rng=rng)
    G.theta[:], D.theta[:] = rng.uniform(0.5, 1.5, 2)
    x = tg.Tensor(np.zeros((1, 1), np.float32), requires_grad=True)
    one = tg.Tensor(np.ones((1, 1), np.float32))
    path = [[G.theta[0], D.theta[0]]]
    for _ in range(steps):
        real, fake = D(x), D(G(one).detach())
        [slope] = tg.grad(tg.sum(real), [x], create_graph=True)
        penalty = gamma / 2 * tg.sum(slope * slope)
        ascend(D.theta, tg.grad(value(real, fake) - penalty, D.parameters()), rate)
        descend(G.theta, tg.grad(g_minimax(D(G(one))), G.parameters()), rate)
        path.append([G.theta[0], D.theta[0]])
    return path
    ### END SOLUTION


# %% nbgrader={"grade_id": "program-5-at"}
def run_5(**options):
    return numbers(program_5(**options))


# %% nbgrader={"grade_id": "program-5", "grade": true, "points": 4}
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


public(check_program_5, run_5, dict(steps=200, gamma=1.0, rate=0.1), seconds=15)
### BEGIN HIDDEN TESTS
hidden(check_program_5, run_5, dict(steps=240, gamma=0.8, rate=0.12))
### END HIDDEN TESTS

# %% [markdown]
# ## 6 A bound that does not hold (3 points)
#
# A Wasserstein GAN keeps its critic's slope bounded by clipping its weights to $[-c, c]$ after each of its moves
# (`weight-clipping`), since (`two-sample`) over *all* functions has no maximum. The samples of this program are good,
# but only by luck: print the critic's largest weight.
#
# *Ask:* does a NumPy function change its argument, and where does its result go?

# %% nbgrader={"grade_id": "broken-6"}
def broken_6(seed, steps=150, bound=0.3):
    """Returns the generator, and the size of the critic's largest weight after each of its moves."""
    rng = np.random.default_rng(seed)
    G, D, rms_g, rms_d, largest = nn.Dense(1, 1, rng=rng), network(1, rng), RMSProp(0.9), RMSProp(0.9), []
    for step in range(steps):
        for _ in range(3):
            x, fake = gaussian(128, rng), G(noise(128, rng))
            climb(D, two_sample(D(x), D(fake.detach())), rms_d, 0.02)
            np.clip(D.theta, -bound, bound)
            largest.append(abs(D.theta).max())
        climb(G, tg.mean(D(G(noise(128, rng)))), rms_g, linear_decay(0.04, step, steps))
    return G, largest

# %% nbgrader={"grade_id": "program-6-answer", "solution": true}
def program_6(seed, steps=150, bound=0.3):
    """The sixth program, repaired; returns the generator, and the critic's largest weight after each of its moves."""
    ### BEGIN SOLUTION
    rng = np.random.default_rng(seed)
    G, D, rms_g, rms_d, largest = nn.Dense(1, 1, rng=rng), network(1, rng), RMSProp(0.9), RMSProp(0.9), []
    for step in range(steps):
        for _ in range(3):
            x, fake = gaussian(128, rng), G(noise(128, rng))
            climb(D, two_sample(D(x), D(fake.detach())), rms_d, 0.02)
            np.clip(D.theta, -bound, bound, out=D.theta)
            largest.append(abs(D.theta).max())
        climb(G, tg.mean(D(G(noise(128, rng)))), rms_g, linear_decay(0.04, step, steps))
    return G, largest
    ### END SOLUTION


# %% nbgrader={"grade_id": "program-6-at"}
def run_6(**options):
    G, largest = on_data(program_6, **options)
    return numbers(G.theta, largest)


# %% nbgrader={"grade_id": "program-6", "grade": true, "points": 3}
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


public(check_program_6, run_6, dict(steps=150, bound=0.3, by=0.0, times=1.0), seconds=15)
### BEGIN HIDDEN TESTS
hidden(check_program_6, run_6, dict(steps=170, bound=0.4, by=-0.5, times=1.6))
### END HIDDEN TESTS

# %% [markdown]
# ## Looking back
#
# | question | mistake |
# |---|---|
# | does the label belong to the example? | fakes judged with the label of another example |
# | are real and fake inputs of $D$ treated alike? | a blur on one of them, learned by $G$ as if it were data |
# | is each function finite, with the right slope, at its far ends? | a logarithm of 0 |
# | which variable owns this memory? | an average that was another name for the last parameters |
# | does one step equal the line written by hand? | a penalty without a derivative |
# | does the bound hold *after* the move? | a result that was not used |
