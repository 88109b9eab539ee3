# %% [markdown]
# # 05 The game's objective: a notebook to step through
#
# It follows [lecture 05](../lectures/05-objective.md). Each question has four steps: **predict** (write your answer in
# place of `None`), **run** the next cells, **look** at the output, which is folded, then **change** the value that the
# text names. Cells that only draw are folded too. Names in parentheses, like (`value`), are equations of the lecture.
# Each `check` is a claim of the lecture; it stops if the claim does not hold.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan import divergences, nn, objectives
from tinygan.notebook import D_BLUE, DATA, FAKE, check, compare, mark, slider, style
from tinygan.updates import Adam, ascend

style()


def on_grid(f, grid):
    """The values of a network on an array of points, one number each."""
    with tg.no_grad():
        return f(tg.Tensor(grid)).numpy()[:, 0]


# %% [markdown]
# ## The discriminator's output: a probability
#
# A coin decides whether you see a point of the data, $N(0, 1)$, or a fake, $N(2, 1)$. **Predict:** at which $x$ are the
# two equally likely? (And: of a hundred points near $x = 0$, how many are real?)

# %%
my_middle = None                                      # a number


# %%
def two_samples(mean=2.0, n=2000, seed=0):
    """Points of the data and fakes: two arrays (n, 1)."""
    rng = np.random.default_rng(seed)
    return rng.normal(0, 1, (n, 1)), rng.normal(mean, 1, (n, 1))


def logit(x, mean=2.0):
    """log p_d(x) - log p_g(x)."""
    return -x**2 / 2 + (x - mean) ** 2 / 2


# %% tags=["hide-input"]
# Draws the share of real points in each bin, and the sigmoid of the logit.
def draw_shares(mean=2.0, yours=None):
    real, fakes = two_samples(mean)
    bins = np.linspace(-3, 5, 33)
    heads, tails = np.histogram(real, bins)[0], np.histogram(fakes, bins)[0]
    centres = (bins[1:] + bins[:-1]) / 2
    _, axes = plt.subplots(figsize=(6, 2.6))
    axes.bar(centres, heads / np.maximum(heads + tails, 1), 0.22, color="#b7d3e6", label="share of real points")
    axes.plot(centres, tg.sigmoid(logit(centres, mean)), color=D_BLUE, label=r"$\sigma(a)$")
    axes.axhline(0.5, color="grey", linewidth=0.7, linestyle=":")
    mark(axes, x=yours)
    axes.set(xlabel="$x$", ylim=(0, 1.05), title=f"fakes from $N({mean:g}, 1)$")
    axes.legend()


# %% tags=["hide-output"]
grid = np.linspace(-3, 5, 8001)
middle = grid[abs(logit(grid)).argmin()]
compare("equally likely at", my_middle, middle)
print(f"of a hundred points near 0, {100 * tg.sigmoid(logit(0.0)):.0f} are real")
draw_shares(yours=my_middle)
check("the logit is 2 - 2x", np.allclose(logit(grid), 2 - 2 * grid))

# %% [markdown]
# <details><summary>Answer</summary>
#
# At $x = 1$; near 0, 88 of a hundred are real. The bars are counts; the curve is (`d-output`) with the logit $a = \log
# p_d(x) - \log p_g(x) = 2 - 2x$. They agree up to the noise of counting.
#
# </details>
#
# **Change** the mean of the fakes. What becomes of the curve when the fakes agree with the data?

# %%
slider(lambda mean=3.0: draw_shares(mean), mean=(0.0, 4.0, 0.5))

# %% [markdown]
# **Predict:** one more unit of logit multiplies the odds $d / (1 - d)$ by which factor? Is the factor the same at $a =
# 0$ and at $a = 4$?

# %%
my_factors = None                                     # [at 0, at 4]


# %%
def odds(a):
    d = tg.sigmoid(np.array(a))
    return d / (1 - d)


factors = [odds(1.0) / odds(0.0), odds(5.0) / odds(4.0)]

# %% tags=["hide-input"]
# Draws the probability and the odds against the logit.
def draw_odds():
    a = np.linspace(-6, 6, 200)
    _, (left, right) = plt.subplots(1, 2, figsize=(7, 2.4))
    left.plot(a, tg.sigmoid(a), color=D_BLUE)
    left.set(xlabel="logit $a$", title="probability $d$")
    right.semilogy(a, odds(a), color=D_BLUE)
    right.set(xlabel="logit $a$", title="odds $d / (1 - d)$")


# %% tags=["hide-output"]
compare("factors", my_factors, factors)
draw_odds()
check("both factors are e", np.allclose(factors, np.e), factors)

# %% [markdown]
# <details><summary>Answer</summary>
#
# By $e$, everywhere. The probability changes by .23 at 0, but only by .01 at 4.
#
# </details>
#
# **Change** the logits to 10 and 11. By how much does the probability change there?

# %% tags=["hide-output"]
print(tg.sigmoid(np.array([4.0, 5.0])))

# %% [markdown]
# ## The discriminator's loss
#
# A discriminator with one weight and one bias has the logit $a = w x + b$. Its value on our points is a function of two
# numbers, so we can draw it completely. It ascends (`d-ascent`) from $(0, 0)$, along the gradient of (`value`). We need
# only `grad` and `ascend`. **Predict** the point $(w, b)$ that it reaches.

# %%
my_top = None                                         # (w, b)


# %%
def climb_from_zero(real, fakes, rate=1.0, steps=400):
    """A linear discriminator that ascends V from (0, 0), and its path."""
    D = nn.Dense(1, 1, rng=np.random.default_rng(0)).astype(np.float64)
    D.theta[:] = 0
    path = [D.theta.copy()]
    for _ in range(steps):
        V = objectives.value(D(tg.Tensor(real)), D(tg.Tensor(fakes)))
        ascend(D.theta, tg.grad(V, D.parameters()), rate)   # theta_d <- theta_d + rate * gradient
        path.append(D.theta.copy())
    return D, np.array(path)


real, fakes = two_samples()
D, path = climb_from_zero(real, fakes)

# %% tags=["hide-input"]
# Draws V over the plane of (w, b), and a path.
def draw_value(real, fakes, path, yours=None):
    w, b = np.meshgrid(np.linspace(-4, 1, 60), np.linspace(-1, 4, 60))
    field = np.reshape([objectives.value(i * real + j, i * fakes + j) for i, j in zip(w.flat, b.flat)], w.shape)
    _, axes = plt.subplots(figsize=(4.6, 3.6))
    picture = axes.contourf(w, b, field, np.linspace(-3, field.max(), 25), cmap="Blues", extend="min")
    plt.colorbar(picture, label="$V$")
    axes.plot(*path.T, ".-", color="black", markersize=4, linewidth=0.8)
    axes.plot(-2, 2, "*", color=FAKE, markersize=12, label="the lecture's $(-2, 2)$")
    mark(axes, points=yours and [yours])
    axes.set(xlabel="weight $w$", ylabel="bias $b$", title=f"{len(real)} points of each")
    axes.legend(loc="lower left")


# %% tags=["hide-output"]
compare("(w, b)", my_top, D.theta)
draw_value(real, fakes, path, my_top)
check("the ascent reaches (-2, 2) within .25: 2,000 points leave an error of about .1", abs(D.theta - [-2, 2]) < 0.25,
      D.theta)

# %% [markdown]
# <details><summary>Answer</summary>
#
# The logit of the densities, $2 - 2x$: $(-2, 2)$. The value is a concave function of the two parameters: it has one
# maximum, and the ascent always finds it. The maximum is not exactly at the star, because 2,000 points only approximate
# the densities.
#
# </details>
#
# **Change** `n` to 200 and to 20,000: how far from the star is the end?

# %% tags=["hide-output"]
samples = two_samples(n=2000, seed=1)
draw_value(*samples, climb_from_zero(*samples)[1])

# %% [markdown]
# The same quantity appears in several losses. With logits `r` of the real and `f` of the fake points, the loss
# (`d-loss`) is the value with its sign changed, the generator's zero-sum loss (`g-zero-sum`) changes it back, and the
# cross-entropy of two means (`cross-entropy-split`) is the loss again. With one mean over all points (`cross-entropy`)
# it is half as large. **Predict** the value, for a discriminator with the constant output one half.

# %%
my_blind_value = None                                 # a number


# %%
def five(r, f):
    labels = np.concatenate([np.ones_like(r), np.zeros_like(f)])
    return {"value": objectives.value(r, f), "d-loss": objectives.d_loss(r, f),
            "g-zero-sum": objectives.g_zero_sum(r, f),
            "cross-entropy-split": objectives.cross_entropy_split(r, f),
            "cross-entropy": objectives.cross_entropy(labels, np.concatenate([r, f]))}


blind, trained = five(0 * real, 0 * fakes), five(D(tg.Tensor(real)).numpy(), D(tg.Tensor(fakes)).numpy())

# %% tags=["hide-input"]
# Draws the five losses of two discriminators as bars.
def draw_five(blind, trained, yours=None):
    positions = np.arange(5)
    _, axes = plt.subplots(figsize=(6.4, 2.6))
    axes.barh(positions + 0.2, blind.values(), 0.35, color="#c8c8c8", label="output 1/2 everywhere")
    axes.barh(positions - 0.2, trained.values(), 0.35, color=D_BLUE, label="at the maximum")
    axes.set_yticks(positions, blind)
    axes.axvline(0, color="black", linewidth=0.8)
    mark(axes, x=yours)
    axes.legend()


# %% tags=["hide-output"]
compare("value", my_blind_value, blind["value"])
draw_five(blind, trained, my_blind_value)
check("the cross-entropy of two means is log 4", np.isclose(blind["cross-entropy-split"], np.log(4)), blind)
check("the cross-entropy of one mean is log 2", np.isclose(blind["cross-entropy"], np.log(2)), blind)
check("two means give twice the cross-entropy of one",
      np.isclose(trained["cross-entropy-split"], 2 * trained["cross-entropy"]), trained)
check("the two players' losses are the value with both signs",
      trained["value"] == -trained["d-loss"] == trained["g-zero-sum"], trained)

# %% [markdown]
# <details><summary>Answer</summary>
#
# $\log \frac12 + \log \frac12 = -\log 4 = -1.386$.
#
# </details>
#
# **Change** the constant logit from 0 to 1, then to $-1$. Can a constant output have a higher value?

# %% tags=["hide-output"]
constant = 0.0
print(objectives.value(0 * real + constant, 0 * fakes + constant))

# %% [markdown]
# ## The best discriminator
#
# At one point $x$ the integrand of $V$ is $p_d \log y + p_g \log (1 - y)$ with $y = D(x)$. **Predict** the $y$ with the
# largest value, for $(p_d, p_g) = (.4, .1)$, $(.2, .2)$ and $(.1, .4)$.

# %%
my_tops = None                                        # three numbers: [..., ..., ...]

# %%
y = np.linspace(0.005, 0.995, 199)
pairs = (0.4, 0.1), (0.2, 0.2), (0.1, 0.4)
integrands = [p * np.log(y) + q * np.log(1 - y) for p, q in pairs]
formula = [divergences.optimal_d(np.array(p), np.array(q)) for p, q in pairs]

# %% tags=["hide-input"]
# Draws the integrand for pairs (p_d, p_g), and your tops.
def draw_integrands(pairs, yours=None):
    _, axes = plt.subplots(figsize=(5, 2.6))
    for (p, q), colour in zip(pairs, ("#1f4e79", D_BLUE, "#7fb2d6")):
        axes.plot(y, p * np.log(y) + q * np.log(1 - y), color=colour, label=f"$p_d = {p}$, $p_g = {q}$")
        axes.axvline(p / (p + q), color=colour, linewidth=0.7, linestyle=":")
    for top in yours or ():
        mark(axes, x=top)
    axes.set(ylim=(-1.2, 0), xlabel="$y = D(x)$")
    axes.legend()


# %% tags=["hide-output"]
compare("largest at", my_tops, formula)
draw_integrands(pairs, my_tops)
for curve, top in zip(integrands, formula):
    found = y[curve.argmax()]
    check(f"the maximum of the curve is at {top} (within .005)", abs(found - top) < 0.005, found)

# %% [markdown]
# <details><summary>Answer</summary>
#
# $D^* = p_d / (p_d + p_g)$ (`optimal-d`): .8, .5 and .2.
#
# </details>
#
# **Change** the densities to $(.04, .01)$. Does the maximum move? What else changes?

# %% tags=["hide-output"]
draw_integrands([(0.3, 0.2)])

# %% [markdown]
# A straight line was enough for two normals of equal width. Here are data with two modes, at $-1.5$ and $1.5$, with
# width .5; the fakes are $N(0, 1.2^2)$. **Predict** how often $D^*$ crosses one half. Then a small network learns $D^*$
# from samples.

# %%
my_crossings = None                                   # a number


# %%
def climb(D, real, fakes, steps, rate=3e-3):
    """A discriminator that ascends V with Adam, on all points at every step."""
    adam = Adam(0.9)
    for _ in range(steps):
        ascend(D.theta, adam(tg.grad(objectives.value(D(tg.Tensor(real)), D(tg.Tensor(fakes))), D.parameters())), rate)
    return D


def network(inputs, width=32, seed=0):
    rng = np.random.default_rng(seed)
    return nn.Sequential(nn.Dense(inputs, width, rng=rng), nn.Tanh(), nn.Dense(width, width, rng=rng), nn.Tanh(),
                         nn.Dense(width, 1, rng=rng)).astype(np.float64)


grid = np.linspace(-4, 4, 321)
p_d = (divergences.normal(grid, -1.5, 0.5) + divergences.normal(grid, 1.5, 0.5)) / 2
p_g = divergences.normal(grid, 0, 1.2)
best = divergences.optimal_d(p_d, p_g)


def learn(n=2000, steps=400, seed=2):
    """The outputs on the grid of a discriminator that has seen n points of each."""
    rng = np.random.default_rng(seed)
    real = np.where(rng.random((n, 1)) < 0.5, -1.5, 1.5) + rng.normal(0, 0.5, (n, 1))
    D = climb(network(1), real, rng.normal(0, 1.2, (n, 1)), steps)
    return tg.sigmoid(on_grid(D, grid[:, None]))


def mean_distance(learnt):
    """The mean of |D - D*| over data and fakes."""
    return np.sum((p_d + p_g) / 2 * abs(best - learnt))


# %% tags=["hide-input"]
# Draws the two densities, the best discriminator and a learnt one.
def draw_learnt(learnt):
    width = grid[1] - grid[0]
    _, axes = plt.subplots(figsize=(6, 2.8))
    axes.fill_between(grid, p_d / width, color=DATA, alpha=0.25, label="$p_d$")
    axes.fill_between(grid, p_g / width, color=FAKE, alpha=0.25, label="$p_g$")
    axes.plot(grid, best, color="black", linestyle="--", label="$D^*$")
    axes.plot(grid, learnt, color=D_BLUE, label="$D$, learnt")
    axes.axhline(0.5, color="grey", linewidth=0.7, linestyle=":")
    axes.set(title=f"mean of $|D - D^*|$: {mean_distance(learnt):.3f}")
    axes.legend(ncols=2)


# %% tags=["hide-output"]
crossings = np.sum(np.diff(best > 0.5))
learnt = learn()
compare("crossings", my_crossings, crossings)
draw_learnt(learnt)
check("the best discriminator crosses one half four times", crossings == 4, crossings)
check("the mean of |D - D*| is less than .05", mean_distance(learnt) < 0.05, mean_distance(learnt))

# %% [markdown]
# <details><summary>Answer</summary>
#
# Four times: the fakes are denser in the centre *and* far out. Few points lie far out, so $D$ learns the outer
# crossings last, if at all.
#
# </details>
#
# **Change** the number of steps to 2000. Does $D$ find the outer crossings now?

# %% tags=["hide-output"]
draw_learnt(learn(steps=100))

# %% [markdown]
# In the plane $D$ is a field. The data are eight clouds on a ring of radius 1 (dots), the fakes a round cloud of width
# .6 (crosses). **Predict** the output of $D$ at the centre. And in the corners, where there are no points?

# %%
my_centre = None                                      # a number between 0 and 1


# %%
def learn_plane(width, seed=3):
    """Points of the ring, fakes of a width, and a discriminator that has seen them."""
    rng = np.random.default_rng(seed)
    real, fakes = tg.data.ring(1500, rng) + rng.normal(0, 0.12, (1500, 2)), rng.normal(0, width, (1500, 2))
    return real, fakes, climb(network(2), real, fakes, 250, 1e-2)


# %% tags=["hide-input"]
# Draws D as a field over the plane: blue is 1, red is 0.
def draw_plane(real, fakes, D):
    u, v = np.meshgrid(np.linspace(-2, 2, 80), np.linspace(-2, 2, 80))
    field = tg.sigmoid(on_grid(D, np.stack([u.ravel(), v.ravel()], 1)).reshape(u.shape))
    _, axes = plt.subplots(figsize=(4.4, 3.8))
    picture = axes.pcolormesh(u, v, field, cmap="RdBu", vmin=0, vmax=1, shading="auto", alpha=0.8)
    plt.colorbar(picture, label="$D$")
    axes.plot(*real[:300].T, ".", color=DATA, markersize=5)
    axes.plot(*fakes[:300].T, "x", color="black", markersize=3, alpha=0.5)
    axes.set(aspect="equal", xlim=(-2, 2), ylim=(-2, 2))


# %% tags=["hide-output"]
real, fakes, D = learn_plane(width=0.6)
centre = tg.sigmoid(on_grid(D, np.zeros((1, 2))))[0]
compare("D at the centre", my_centre, centre)
draw_plane(real, fakes, D)
check("at the centre D is below .1", centre < 0.1, centre)

# %% [markdown]
# <details><summary>Answer</summary>
#
# Near 0 at the centre: only fakes lie there. In the corners no example lies, so training has not tested the output of
# $D$: it may be anything, and it is often near 0 or 1. If a fake reaches a corner, the output of $D$ for it has no
# basis in data.
#
# </details>
#
# **Change** the width of the fakes to 1.5. In which regions does $D$ change its output?

# %% tags=["hide-output"]
draw_plane(*learn_plane(width=0.6, seed=4))

# %% [markdown]
# ## The generator minimises a divergence
#
# The divergences (`kl`) and (`js`) of $N(0, 1)$ and $N(\mu, 1)$. KL is $\mu^2 / 2$. **Predict** the limit of JS for
# large $\mu$. Which of the two is the better guide when the fakes are far away?

# %%
my_limit = None                                       # a number

# %%
grid = np.linspace(-12, 18, 3001)
p = divergences.normal(grid)
means = np.linspace(0, 6, 25)
kls = [divergences.kl(p, divergences.normal(grid, m)) for m in means]
jss = [divergences.js(p, divergences.normal(grid, m)) for m in means]

# %% tags=["hide-input"]
# Draws KL and JS against the distance, and your limit.
def draw_divergences(yours=None):
    _, axes = plt.subplots(figsize=(5, 2.6))
    axes.plot(means, kls, color="grey", linestyle="--", label="KL")
    axes.plot(means, jss, color=FAKE, label="JS")
    axes.axhline(np.log(2), color="grey", linewidth=0.7, linestyle=":", label=r"$\log 2$")
    mark(axes, y=yours)
    axes.set(ylim=(0, 1.4), xlabel=r"$\mu$")
    axes.legend()


# %% tags=["hide-output"]
compare("JS at distance 6", my_limit, jss[-1])
draw_divergences(my_limit)
at_1_2_4 = [divergences.js(p, divergences.normal(grid, m)) for m in (1, 2, 4)]
check("KL is half the square of the distance", np.allclose(kls, means**2 / 2))
check("JS is .111421, .336831 and .632720 at 1, 2 and 4", np.allclose(at_1_2_4, [0.111421, 0.336831, 0.632720],
                                                                       atol=1e-6), at_1_2_4)

# %% [markdown]
# <details><summary>Answer</summary>
#
# $\log 2 = .693$: JS has nearly no slope when the fakes are far away. KL still has a slope there.
#
# </details>
#
# **Change** the distance with the slider. JS is the area under the blue curve: at which point does it stop growing?

# %% tags=["hide-input"]
# Draws two densities, and the part of JS that comes from each x.
def draw_js(mean=1.0):
    q, step = divergences.normal(grid, mean), grid[1] - grid[0]
    middle = (p + q) / 2
    part = (p * np.log(p / middle) + q * np.log(q / middle)) / 2
    _, axes = plt.subplots(figsize=(5, 2.4))
    axes.plot(grid, p / step, color=DATA, label="$p_d$")
    axes.plot(grid, q / step, color=FAKE, label="$p_g$")
    axes.fill_between(grid, part / step, color=D_BLUE, alpha=0.5, label="JS")
    axes.set(xlim=(-4, 10), ylim=(0, 0.45), title=f"KL {divergences.kl(p, q):.2f}, JS {part.sum():.3f}")
    axes.legend()


# %%
slider(draw_js, mean=(0.0, 6.0, 0.5))

# %% [markdown]
# Now test the theorem (`jsd-value`): the value of the best discriminator is $-\log 4 + 2\,\mathrm{JS}$. For each $\mu$
# a discriminator with one weight is trained on samples, and its value is measured on *new* samples. **Predict** the
# values at $\mu = 0$ and at $\mu = 4$.

# %%
my_values = None                                      # [at 0, at 4]


# %%
def reached(mean, n=4000, seed=5):
    """The value on new samples of a discriminator that was trained on n points of each."""
    D = climb(nn.Dense(1, 1, rng=np.random.default_rng(0)).astype(np.float64), *two_samples(mean, n, seed), 600, 5e-2)
    real, fakes = map(tg.Tensor, two_samples(mean, 40_000, seed + 1))
    return objectives.value(D(real), D(fakes)).item()


measured = {mean: reached(mean) for mean in (0.0, 1.0, 2.0, 3.0, 4.0)}
theory = [divergences.jsd_value(p, divergences.normal(grid, m)) for m in means]

# %% tags=["hide-input"]
# Draws the theorem's curve, and points (distance, value).
def draw_values(points, yours=None):
    _, axes = plt.subplots(figsize=(5, 2.6))
    axes.plot(means, theory, color=FAKE, label=r"$-\log 4 + 2\,\mathrm{JS}$")
    axes.plot(*zip(*points), "o", color=D_BLUE, label="trained, on new samples")
    axes.axhline(0, color="grey", linewidth=0.7, linestyle=":")
    mark(axes, points=yours and [(0, yours[0]), (4, yours[1])])
    axes.set(xlabel=r"$\mu$: distance of the fakes", ylabel=r"$\max_D V$")
    axes.legend()


# %% tags=["hide-output"]
compare("values", my_values, [measured[0], measured[4]])
draw_values(measured.items(), my_values)
for mean, largest in ((0.0, -1.386294), (1.0, -1.163451), (2.0, -0.712633), (4.0, -0.120854)):
    exact = divergences.jsd_value(p, divergences.normal(grid, mean))
    check(f"the theorem gives {largest} at distance {mean:g}", abs(exact - largest) < 1e-6, exact)
    check(f"the trained discriminator is within .03 of {largest}", abs(measured[mean] - largest) < 0.03, measured[mean])
half = divergences.js(np.array([0.5, 0.5, 0]), np.array([0, 0.5, 0.5]))
check("if half of the mass overlaps, JS is half of log 2", np.isclose(half, np.log(2) / 2), half)
apart = divergences.jsd_value(np.array([1.0, 0]), np.array([0, 1.0]))
check("without overlap the best value is 0", np.isclose(apart, 0), apart)

# %% [markdown]
# <details><summary>Answer</summary>
#
# $-\log 4 = -1.386$, and $-.121$: nearly 0. The generator *descends* this curve: from the right, where it is nearly
# flat, to the minimum at $\mu = 0$, where fakes and data agree.
#
# </details>
#
# **Change** `n` to 10. On which side of the curve is the point now, and why?

# %% tags=["hide-output"]
draw_values([(1.0, reached(1.0, n=4000))])

# %% [markdown]
# The generator changes only the second term of $V$, (`g-minimax`). The first term does not depend on it, so both have
# the same slope: when we shift all logits of the fakes, their difference is a constant.

# %%
r, f = np.random.default_rng(6).normal(size=(2, 50, 1))
gaps = [objectives.value(r, f + shift) - objectives.g_minimax(f + shift) for shift in np.linspace(-3, 3, 50)]
print(f"the difference is between {min(gaps):.6f} and {max(gaps):.6f}")
check("value and g-minimax differ by a constant (up to 1e-12)", np.ptp(gaps) < 1e-12, np.ptp(gaps))

# %% [markdown]
# ## Probabilities in place of logits
#
# In float32, $\log(1 - \sigma(a))$ computed in two steps suddenly becomes $-\infty$. **Predict** at which $a$.

# %%
my_limit_a = None                                     # a number


# %%
def naive(dtype):
    """log(1 - sigmoid(a)) in two steps, for logits a from 0 to 40."""
    a = np.linspace(0, 40, 401, dtype=dtype)
    with np.errstate(divide="ignore"):
        return a, np.log(1 - 1 / (1 + np.exp(-a)))


# %% tags=["hide-input"]
# Draws log(1 - sigmoid(a)), computed in two ways.
def draw_naive(dtype, yours=None):
    a, in_two_steps = naive(dtype)
    _, axes = plt.subplots(figsize=(5, 2.4))
    axes.plot(a, tg.log_sigmoid(-a), color=D_BLUE, linewidth=4, alpha=0.4, label="log_sigmoid(-a)")
    axes.plot(a, in_two_steps, color="black", linewidth=1, label="log(1 - sigmoid(a))")
    mark(axes, x=yours)
    axes.set(xlabel="logit $a$", title=f"{dtype.__name__}: $-\\infty$ from {a[np.isinf(in_two_steps)].min():.1f}")
    axes.legend()


# %% tags=["hide-output"]
a, in_two_steps = naive(np.float32)
first = a[np.isinf(in_two_steps)].min()
compare("-infinity from", my_limit_a, first)
draw_naive(np.float32, my_limit_a)
check("the naive formula is -infinity from some a between 16 and 18", 16 < first < 18, first)
check("softplus is exact at 1000 and -1000", tg.softplus(np.array([1000.0, -1000.0])) == [1000, 0])

# %% [markdown]
# <details><summary>Answer</summary>
#
# Near 17: $e^{-17} = 4 \cdot 10^{-8}$ is less than half the distance between 1 and the next float32, so $\sigma(a)$ is
# rounded to 1. Our losses take logits, and never compute $1 - \sigma(a)$.
#
# </details>
#
# **Change** the type to `np.float64`. At which $a$ does it happen now?

# %% tags=["hide-output"]
draw_naive(np.float32)

# %% [markdown]
# ## Too few examples
#
# A discriminator with 2 x 32 units sees 15 real points and 15 fakes from *the same* normal distribution. The true $V$
# cannot be more than $-\log 4 = -1.386$. **Predict** its value on these 30 points after 300 steps, and on new points.

# %%
my_two_values = None                                  # [on the 30 points, on new points]


# %%
def memorise(n, seed=7):
    """The value on n + n training points and on new points, every 5 steps."""
    rng = np.random.default_rng(seed)
    seen, new = rng.normal(size=(2, n, 2)), rng.normal(size=(2, 5000, 2))
    D, values = network(2), []
    for _ in range(60):
        values.append([objectives.value(*(D(tg.Tensor(points)) for points in pair)).item() for pair in (seen, new)])
        climb(D, *seen, 5, 1e-2)
    return np.array(values)


# %% tags=["hide-input"]
# Draws the value on the training points and on new points.
def draw_memory(values, yours=None):
    _, axes = plt.subplots(figsize=(5, 2.6))
    steps = np.arange(60) * 5
    axes.plot(steps, values[:, 0], color=D_BLUE, label="on the training points")
    axes.plot(steps, values[:, 1], color=FAKE, label="on new points")
    axes.axhline(-np.log(4), color="grey", linestyle=":", label=r"$-\log 4$: equal distributions")
    mark(axes, points=yours and [(300, value) for value in yours])
    axes.set(ylim=(-6, 0.1), xlabel="step", ylabel="$V$")
    axes.legend()


# %% tags=["hide-output"]
values = memorise(15)
compare("values", my_two_values, values[-1])
draw_memory(values, my_two_values)
check("on the training points the value rises above -.7", values[-1, 0] > -0.7, values[-1])
check("on new points it falls below -2", values[-1, 1] < -2, values[-1])

# %% [markdown]
# <details><summary>Answer</summary>
#
# It rises to nearly 0 on the 30 points: the discriminator has memorised them. On new points it falls below the value of
# a discriminator that knows nothing: its confident outputs are wrong there.
#
# </details>
#
# **Change** 15 to 500 and watch the two curves approach each other. From which $n$ on is $D$ better than knowing
# nothing?

# %% tags=["hide-output"]
draw_memory(memorise(n=15, seed=8))

# %% [markdown]
# Next: [06, playing the game](06-playing.ipynb).
