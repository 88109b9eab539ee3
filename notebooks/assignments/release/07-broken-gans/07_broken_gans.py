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

# %% program-1-answer
def program_1(seed, steps=300):
    """The first program, repaired; returns the generator."""
    raise NotImplementedError("your answer")
# %%

def run_1(**options):
    return numbers(program_1(**options).theta)

# ## 2 Always too wide (3 points)
#
# Noise blurs the inputs of $D$, so that the game converges (`instance-noise`). The samples' mean is right. But their
# standard deviation, which should be 0.5, is 0.7, in every run; other learning rates, other networks or more steps do
# not change that.
#
# *Ask:* you can explain the number 0.7 exactly. Which two distributions does this game make equal?

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

# %% program-2-answer
def program_2(seed, steps=300, sigma=0.5):
    """The second program, repaired; returns the generator, and real and generated examples as D saw them last."""
    raise NotImplementedError("your answer")
# %%

def run_2(**options):
    G, x, fake = on_data(program_2, **options)
    return numbers(G.theta, x, fake)

# ## 3 Not a number (4 points)
#
# The data, $N(100, 5)$, are far from the start of the generator, and $D$ first makes 50 steps alone. The program
# computes the logarithms of $D(x) = \sigma(a)$ directly from the formula (`d-output`). Every seed ends with weights
# that are `nan`, sometimes from the first step.
#
# *Ask:* what is $\sigma(-110)$ in float32, and its logarithm? A common remedy is a small constant inside the logarithm.
# It gives finite numbers, but the generator does not move. Why not? What is the slope of $\log \sigma(a)$ at $a =
# -110$, and which value does the program compute for it (`g-non-saturating`)?

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

# %% program-3-answer
def program_3(seed, steps=350, start=50):
    """The third program, repaired; returns the generator."""
    raise NotImplementedError("your answer")
# %%

def run_3(**options):
    return numbers(on_data(program_3, **options).theta)

# ## 4 An average that oscillates (3 points)
#
# The players circle around the solution. So the program returns not the last $\theta_g$ but its moving average
# (`average`), which starts at the first $\theta_g$, before any step. But here the average circles like the last
# $\theta_g$.
#
# *Ask:* `G.theta` is an array. What is `average`?

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

# %% program-4-answer
def program_4(seed, steps=300, keep=0.98):
    """The fourth program, repaired; returns the average of theta_g, and its path."""
    raise NotImplementedError("your answer")
# %%

def run_4(**options):
    return numbers(*on_data(program_4, **options))

# ## 5 A penalty without effect (4 points)
#
# The smallest GAN (`dirac`): all data are 0, the generator draws one number $\theta$, and the discriminator is $a(x) =
# \psi x$. Without friction the two players circle for ever; with R1 (`r1`) of weight $\gamma$ they must converge to
# $(0, 0)$. The program contains the penalty, and its value is right: print it. But the two players circle for ever.
#
# *Ask:* D's line is, by hand, $\psi \leftarrow \psi + h\,(-\theta\, \sigma(\psi \theta) - \gamma \psi)$. Which part of
# the first step is missing?

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

# %% program-5-answer
def program_5(seed, steps=200, gamma=1.0, rate=0.1):
    """The fifth program, repaired; returns the path."""
    raise NotImplementedError("your answer")
# %%

def run_5(**options):
    return numbers(program_5(**options))

# ## 6 A bound that does not hold (3 points)
#
# A Wasserstein GAN keeps its critic's slope bounded by clipping its weights to $[-c, c]$ after each of its moves
# (`weight-clipping`), since (`two-sample`) over *all* functions has no maximum. The samples of this program are good,
# but only by luck: print the critic's largest weight.
#
# *Ask:* does a NumPy function change its argument, and where does its result go?

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

# %% program-6-answer
def program_6(seed, steps=150, bound=0.3):
    """The sixth program, repaired; returns the generator, and the critic's largest weight after each of its moves."""
    raise NotImplementedError("your answer")
# %%

def run_6(**options):
    G, largest = on_data(program_6, **options)
    return numbers(G.theta, largest)

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
