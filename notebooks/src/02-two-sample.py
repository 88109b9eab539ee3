# %% [markdown]
# # 02 Generative models and the two-sample test: a notebook to step through
#
# It follows [lecture 02](../lectures/02-two-sample.md): **predict**, **run**, **look**, **change**. Names in
# parentheses, like (`latent`), are equations of the lecture; the lines that begin with `assert` check its claims.

# %%
from statistics import NormalDist

import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan import divergences, game, metrics, nn, objectives, updates
from tinygan.metrics import two_sample
from tinygan.metrics.distances import mmd_squared, rbf

DATA, FAKE, D_BLUE = "#3a7d44", "#d1495b", "#2e6f95"  # the data, the generator, the critic
plt.rcParams.update({"figure.dpi": 85, "axes.spines.top": False, "axes.spines.right": False,
                     "figure.constrained_layout.use": True})
rng = np.random.default_rng(0)


def quantiles(mean=0.0, sd=1.0, n=1000):
    """A normal distribution as n quantiles of equal weight: (n, 1)."""
    normal = NormalDist(mean, sd)
    return np.array([[normal.inv_cdf((i + 0.5) / n)] for i in range(n)])


# %% [markdown]
# ## Noise in, examples out
#
# An implicit model is a procedure: $z \sim N(0, I)$, $x = g(z, w)$ (`latent`). On the left you see the noise, then the
# outputs of three generators: an affine map, a network with random weights, and a map from *one* number to the plane.
# The lines are a grid of $z$ and its image. **Predict:** where are the examples dense? Which of the three distributions
# has no density at all?

# %%
# picture: 02-latent.png
noise = game.latent(2)(1500, rng).astype(np.float64)
weights = np.random.default_rng(3)
network = nn.Sequential(nn.Dense(2, 16, rng=weights), nn.Tanh(), nn.Dense(16, 2, rng=weights)).astype(np.float64)
network.theta[:] *= 1.6


def affine(z):
    return z @ np.array([[1.1, 0.5], [-0.3, 0.6]])


def bent(z):
    with tg.no_grad():
        return network(tg.Tensor(z)).numpy()


def curve(z):
    return np.stack([2 * np.sin(z[:, 0]), z[:, 0] * np.cos(1.5 * z[:, 0])], axis=1)


figure, axes = plt.subplots(1, 4, figsize=(10.5, 2.8), dpi=95)
ticks, fine = np.linspace(-2.5, 2.5, 11), np.linspace(-2.5, 2.5, 80)
for panel, g, title in zip(axes, (lambda z: z, affine, bent, curve),
                           ("$z$", "affine", "a network", "from one number")):
    panel.plot(*g(noise).T, ".", color=FAKE if title != "$z$" else "#606060", markersize=2, alpha=0.5)
    if title != "from one number":
        for t in ticks:
            for line in (np.stack([0 * fine + t, fine], 1), np.stack([fine, 0 * fine + t], 1)):
                panel.plot(*g(line).T, color="black", linewidth=0.5, alpha=0.7)
    panel.set(title=title, aspect="equal", xlim=(-3.8, 3.8), ylim=(-3.6, 3.6))
    panel.axis("off")

# %% [markdown]
# The examples are dense where the grid is narrow. The last generator makes points on a curve, which has no area: its
# distribution has no density on the plane, but it is easy to draw samples from it.
#
# In one dimension, for an increasing $g$, the density is $p(z) / g'(z)$ at the $z$ with $g(z) = x$. **Predict** the
# shape for $g(z) = \sinh z$ and for $g(z) = z + 0.9 \sin z$, which is nearly flat around $\pm \pi$.

# %%
maps = {r"$g(z) = \sinh z$": (np.sinh, np.cosh),
        r"$g(z) = z + 0.9 \sin z$": (lambda z: z + 0.9 * np.sin(z), lambda z: 1 + 0.9 * np.cos(z))}
figure, axes = plt.subplots(1, 2, figsize=(8, 2.4))
z = np.linspace(-3.6, 3.6, 400)
draws = rng.standard_normal(100_000)
for panel, (title, (g, derivative)) in zip(axes, maps.items()):
    density = np.exp(-z**2 / 2) / np.sqrt(2 * np.pi) / derivative(z)
    bins = np.linspace(-5, 5, 61)
    heights, _, _ = panel.hist(g(draws), bins, density=True, color=FAKE, alpha=0.35, label="counted")
    panel.plot(g(z), density, color="black", label="$p(z) / g'(z)$")
    panel.set(title=title, xlim=(-5, 5))
    centres = (bins[1:] + bins[:-1]) / 2
    assert np.mean(abs(np.interp(centres, g(z), density) - heights)) < 0.01
axes[0].legend(fontsize=8);

# %% [markdown]
# ## The permutation test
#
# Two samples of 40 points. **Predict:** do they come from the same distribution? Then mix all 80 points, divide them at
# random into two groups of 40, compute the distance of the means (`mean-distance`), and do this 999 times
# (`permutation-p`).

# %%
# picture: 02-permutation.png
a, b = rng.normal(0, 1, (40, 1)), rng.normal(0.55, 1, (40, 1))
both, observed = np.concatenate([a, b]), two_sample.linear(a, b)
shuffled = [two_sample.linear(x[:40], x[40:]) for x in (rng.permutation(both) for _ in range(999))]
p = (1 + sum(value >= observed for value in shuffled)) / 1000
figure, (left, right) = plt.subplots(1, 2, figsize=(8, 2.4), dpi=95)
for sample, height, colour in ((a, 0.3, DATA), (b, 0, FAKE)):
    left.plot(sample[:, 0], height + rng.uniform(-0.07, 0.07, 40), "o", color=colour, markersize=4, alpha=0.7)
    left.plot(sample.mean(), height, "|", color=colour, markersize=40, markeredgewidth=2)
left.set(yticks=[], ylim=(-0.2, 0.5), title="two samples, and their means")
right.hist(shuffled, 30, color="#c8c8c8", label="random divisions")
right.axvline(observed, color="black", label=f"the actual division: p = {p:.3f}")
right.set(title="distance of the means")
right.legend(fontsize=8)
assert abs(p - metrics.permutation_test(a, b, two_sample.linear, rng, 999)) < 0.02

# %% [markdown]
# **Change** the 0.55. From which shift on do you conclude that the distributions differ?
#
# How often is $p$ small? Repeat the experiment 300 times with *equal* distributions, and with a shift of 0.7.
# **Predict** both histograms.

# %%
def many(shift, times=300, n=20):
    return np.array([metrics.permutation_test(rng.normal(0, 1, (n, 1)), rng.normal(shift, 1, (n, 1)),
                                              two_sample.linear, rng, 59) for _ in range(times)])


figure, axes = plt.subplots(1, 2, figsize=(8, 2.3), sharey=True)
for panel, (shift, colour) in zip(axes, ((0, "#808080"), (0.7, FAKE))):
    ps = many(shift)
    panel.hist(ps, np.linspace(0, 1, 21), color=colour, density=True)
    panel.set(xlabel="p", title=f"shift {shift}: p is at most .05 in {np.mean(ps <= 0.05):.0%}")
    assert (np.mean(ps <= 0.05) < 0.09) if shift == 0 else (np.mean(ps <= 0.05) > 0.4)
axes[0].axhline(1, color="black", linewidth=0.8, linestyle=":");

# %% [markdown]
# If the distributions are equal, all values of $p$ are equally frequent: one test of twenty gives a false alarm at .05.
# With a shift, small values are frequent; their frequency is the *power* of the test.
#
# ## The best function of a class
#
# $N(0, 1)$ against $N(1, 1)$: find the $f$ with the largest $\mathbb E_{p_d}[f] - \mathbb E_{p_g}[f]$ (`two-sample`)
# among the bounded, the linear, the sums of bumps, and those of slope at most 1. **Predict** the four shapes.

# %%
# picture: 02-witness.png
x = np.linspace(-8, 9, 1701)
p, q = divergences.normal(x), divergences.normal(x, 1.0)
bumps = np.exp(-(x[:, None] - x) ** 2 / 2) @ (p - q)
witnesses = {r"$|f| \leq 1$": np.sign(p - q), r"linear, $|w| \leq 1$": -x,
             r"sums of bumps, $\|f\| \leq 1$": bumps / np.sqrt((p - q) @ bumps),
             r"slope at most 1": -np.cumsum(np.sign(np.cumsum(p - q))) * (x[1] - x[0])}
figure, axes = plt.subplots(1, 4, figsize=(10.5, 2.6), dpi=95)
reached = {}
for panel, (title, f) in zip(axes, witnesses.items()):
    f = f - f[abs(x - 0.5).argmin()] if "slope" in title or "linear" in title else f      # a constant changes nothing
    reached[title] = objectives.two_sample((p * f)[:, None], (q * f)[:, None]) * len(x)   # mean to sum
    panel.fill_between(x, 150 * p, color=DATA, alpha=0.25)
    panel.fill_between(x, 150 * q, color=FAKE, alpha=0.25)
    panel.plot(x, f, color=D_BLUE)
    panel.set(xlim=(-3, 4), ylim=(-1.6, 1.6), yticks=[-1, 0, 1], title=f"{title}\nvalue {reached[title]:.3f}")
    panel.title.set_fontsize(10)
expected = [2 * divergences.total_variation(p, q), 1, 0.177268**0.5, divergences.wasserstein(p, q, x)]
assert np.allclose(list(reached.values()), expected, atol=3e-3)
assert np.isclose(divergences.total_variation(p, q), 0.382925, atol=1e-6)
assert np.isclose(divergences.total_variation(p, divergences.normal(x, 2.0)), 0.682689, atol=1e-6)

# %% [markdown]
# All four fall from the data's side to the other side, each with its own shape. Half of the first maximum is
# (`total-variation`), the third is (`mmd`), the fourth $W_1$. The library computes the same from points:

# %%
a, b = quantiles(), quantiles(1)
from_points = [two_sample.bounded(a, b, bins=100), two_sample.linear(a, b), two_sample.rkhs(a, b),
               metrics.wasserstein(a, b)]
positions = np.arange(4)
plt.figure(figsize=(6, 2.2))
plt.barh(positions - 0.2, list(reached.values()), 0.35, color=D_BLUE, label="by the witness, on densities")
plt.barh(positions + 0.2, from_points, 0.35, color="#7fb2d6", label="by the library, on points")
plt.yticks(positions, ["bounded", "linear", "bumps", "slope"])
plt.gca().invert_yaxis()
plt.xlim(0, 2)
plt.legend(fontsize=8, loc="center right")
assert np.allclose(from_points, [0.765850, 1, 0.421032, 1], atol=0.01)
assert np.isclose(mmd_squared(a, b, rbf(), biased=True), 2 / np.sqrt(3) * (1 - np.exp(-1 / 6)), atol=1e-3)
assert np.isclose(metrics.wasserstein(quantiles(n=4000), quantiles(sd=2, n=4000)), 0.797885, atol=1e-3)
uniform = (np.arange(1000) + 0.5) / 1000
assert np.allclose([metrics.wasserstein(uniform, uniform + shift) for shift in (-0.5, 0.25, 3)], [0.5, 0.25, 3])

# %% [markdown]
# ## The differences that each class detects
#
# We compare five kinds of data with $N(0, 1)$, with four statistics and samples of 60. The picture shows the power of
# each permutation test: how often it gives $p \le .05$. **Predict** the row of the linear class. The fifth distribution
# has the mean *and* the variance of $N(0, 1)$.

# %%
n = 60
alternatives = {"the same": lambda: rng.normal(0, 1, (n, 1)), "shifted by 0.5": lambda: rng.normal(0.5, 1, (n, 1)),
                "wider, sd 2": lambda: rng.normal(0, 2, (n, 1)), "1 in 10 far out": lambda: np.where(
                    rng.random((n, 1)) < 0.1, 5.0, rng.normal(0, 1, (n, 1))),
                "two modes": lambda: rng.choice([-0.95, 0.95], (n, 1)) + rng.normal(0, 0.312, (n, 1))}
classes = {"bounded, 10 bins": lambda a, b: two_sample.bounded(a, b, 10), "linear": two_sample.linear,
           "bumps, width 1": two_sample.rkhs, "slope": metrics.wasserstein}
power = np.array([[np.mean([metrics.permutation_test(rng.normal(0, 1, (n, 1)), draw(), statistic, rng, 39) <= 0.05
                            for _ in range(30)]) for draw in alternatives.values()] for statistic in classes.values()])
plt.figure(figsize=(6.6, 2.9))
plt.imshow(power, cmap="Blues", vmin=0, vmax=1.3, aspect="auto")
for (row, column), share in np.ndenumerate(power):
    plt.text(column, row, f"{share:.0%}", ha="center", va="center")
plt.xticks(range(5), alternatives, fontsize=8)
plt.yticks(range(4), classes)
plt.title("share of tests that detect the difference")
assert power[:, 0].max() < 0.25                                 # false alarms
assert power[1, 4] < 0.3 and power[0, 4] > 0.7                  # linear does not detect the two modes
assert power[1, 2] < 0.3 and power[2, 2] > 0.7                  # and to the width

# %% [markdown]
# No class is best at everything. If the two modes are finer than the bumps, the bumps hardly detect them: **change**
# their width, `lambda a, b: two_sample.rkhs(a, b, 0.3)`.
#
# **A class that is too rich** separates any two samples. Take two samples of 200 from the *same* distribution, and
# bounded functions that are constant in smaller and smaller cells. **Predict** the right end.

# %%
a, b = rng.normal(size=(2, 200, 1))
bins = np.unique(np.logspace(0, 6, 40).astype(int))
plt.figure(figsize=(5, 2.4))
plt.semilogx(bins, [two_sample.bounded(a, b, k) for k in bins], color=D_BLUE)
plt.axhline(2, color="grey", linewidth=0.8, linestyle=":")
plt.xlabel("number of cells")
plt.ylabel(r"value for $|f| \leq 1$")
assert np.isclose(two_sample.bounded(a, b, 10**7), 2) and two_sample.bounded(a, b, 1) == 0

# %% [markdown]
# The true answer is 0. With enough cells the critic memorises which point belongs to which sample.
#
# ## A classifier as the test
#
# The data lie on a ring; the other sample has a normal distribution with *the same mean and covariance*. A
# discriminator learns from one half of the points, and is tested on the other half (`classifier-p`). **Predict** its
# accuracy, and the accuracy of a straight line.

# %%
ring = tg.data.ring(1200, rng) + rng.normal(0, 0.1, (1200, 2))
twin = rng.multivariate_normal(ring.mean(axis=0), np.cov(ring.T), 1200)
D = nn.Sequential(nn.Dense(2, 32, rng=rng), nn.ReLU(), nn.Dense(32, 1, rng=rng))
found = metrics.classifier_test(ring, twin, rng, D, steps=300)
straight = metrics.classifier_test(ring, twin, rng, nn.Dense(2, 1, rng=rng))

pooled = np.concatenate([ring, twin])
u, v = np.meshgrid(np.linspace(-2, 2, 80), np.linspace(-2, 2, 80))
grid = ((np.stack([u.ravel(), v.ravel()], 1) - pooled.mean(axis=0)) / pooled.std(axis=0)).astype(np.float32)
with tg.no_grad():
    field = tg.sigmoid(D(tg.Tensor(grid))).numpy().reshape(u.shape)
figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.4), width_ratios=(1.3, 1))
picture = left.pcolormesh(u, v, field, cmap="RdBu", vmin=0, vmax=1, shading="auto", alpha=0.7)
figure.colorbar(picture, label="probability of the ring")
left.plot(*ring[:250].T, ".", color=DATA, markersize=4)
left.plot(*twin[:150].T, "x", color="black", markersize=3, alpha=0.6)
left.set(aspect="equal", xticks=[], yticks=[], xlim=(-2, 2), ylim=(-2, 2))
right.barh(["straight line", "network"], [straight.accuracy, found.accuracy], color=[FAKE, D_BLUE])
right.axvspan(0.5 - 1 / 1200**0.5, 0.5 + 1 / 1200**0.5, color="#e8e8e8", zorder=0)
right.set(xlim=(0.4, 1), title="right answers on new points\n(grey: chance)")
right.title.set_fontsize(10)
print(f"network: p = {found.p:.1g}; straight line: p = {straight.p:.2f}")
assert found.p < 1e-9 and straight.accuracy < 0.58

# %% [markdown]
# The best possible accuracy is $\frac12 + \frac12 \mathrm{TV}$. For $N(0, 1)$ and $N(2, 1)$ it is .8413. If the
# distributions are equal, the accuracy is $\frac12$ with the standard deviation $1 / (2 \sqrt n)$. **Predict** this
# width for $n = 500$.

# %%
apart = metrics.classifier_test(rng.normal(0, 1, (8000, 1)), rng.normal(2, 1, (8000, 1)), rng, nn.Dense(1, 1, rng=rng))
chance = np.array([metrics.classifier_test(*rng.normal(size=(2, 500, 1)), rng, nn.Dense(1, 1, rng=rng), 10).accuracy
                   for _ in range(150)])
plt.figure(figsize=(6, 2.4))
plt.hist(chance, np.arange(0.4, 0.6, 0.008), color="#c8c8c8", density=True, label="equal distributions")
points = np.linspace(0.4, 0.6, 200)
normal = NormalDist(0.5, 0.5 / 500**0.5)
plt.plot(points, [normal.pdf(t) for t in points], color="black", linewidth=1)
plt.axvline(apart.accuracy, color=D_BLUE, linewidth=2, label="$N(0, 1)$, $N(2, 1)$")
plt.axvline(0.841345, color="black", linestyle=":", label=r"$\Phi(1)$")
plt.xlabel("accuracy on new points")
plt.legend(fontsize=8)
assert abs(apart.accuracy - 0.841345) < 0.015
assert abs(chance.mean() - 0.5) < 0.01 and abs(chance.std() / (0.5 / 500**0.5) - 1) < 0.25

# %% [markdown]
# ## From a test to a game
#
# The generator's aim is that the test finds no difference. First, note the place of $G$: with $x$ drawn from $p_g$ the
# critic's term is $D(x)$; with noise it is $D(G(z))$ (`two-sample-z`). Some texts write $D(G(x))$ for such an $x$.
# **Predict** the three numbers for $G(z) = 2 z + 1$, $D(x) = 3 x$ and data from $N(0, 1)$.

# %%
z, data = quantiles(), quantiles()
x = quantiles(1, 2)                                     # p_g is N(1, 4)
three = {"$D(x)$, $x$ from $p_g$": 3 * x, "$D(G(z))$": 3 * (2 * z + 1), "$D(G(x))$: wrong": 3 * (2 * x + 1)}
seen = [objectives.two_sample(3 * data, outputs) for outputs in three.values()]
plt.figure(figsize=(5.5, 1.7))
plt.barh(list(three), seen, color=[D_BLUE, D_BLUE, FAKE])
plt.gca().invert_yaxis()
plt.xlabel("value of the critic")
assert np.allclose(seen, [-3, -3, -9])

# %% [markdown]
# Now we play the game. The data are $N(2, \frac12^2)$; the generator is $G(z) = s z + m$ and starts at $m = -1$, $s =
# 2$. The critic answers with the best function of its class, $f = w \cdot \varphi(x)$ with $|w| = 1$, and $G$ takes a
# step against it. **Predict** the properties that $G$ learns with $\varphi(x) = x$, and with $\varphi(x) = (x, x^2)$.
#
# (We represent the distributions by points of equal weight, so that only the classes matter. Random batches add a pull
# towards a narrow generator: the means of two wide batches have, on average, a larger distance.)
#
# On the left: the four metrics between $N(0, 1)$ and $N(\mu, 1)$. **Predict** which of them still has a useful slope
# for a generator far from the data.

# %%
# picture: 02-game.png
def play(features, steps=400, rate=0.05):
    """The critic's best answer in closed form, and one step of G against it."""
    data, z = tg.Tensor(quantiles(2, 0.5, 200)), tg.Tensor(quantiles(n=200))
    G, path = nn.Dense(1, 1, rng=rng).astype(np.float64), []
    G.theta[:] = 2, -1                                   # s, m
    for i in range(steps):
        path.append(G.theta.copy())
        real, fake = features(data), features(G(z))
        w = (real.numpy() - fake.numpy()).mean(axis=0)
        w = (w / np.linalg.norm(w))[:, None]             # the best critic of the class
        value = objectives.two_sample(real @ w, fake @ w)
        updates.descend(G.theta, tg.grad(value, G.parameters()), updates.linear_decay(rate, i, steps))
    return np.array(path)


paths = {r"$\varphi = x$": play(lambda x: x),
         r"$\varphi = (x, x^2)$": play(lambda x: tg.concatenate([x, x * x], axis=1))}
grid, means = np.linspace(-10, 18, 2801), np.linspace(0, 8, 41)
p, shifted = divergences.normal(grid), [divergences.normal(grid, mean) for mean in means]
curves = {r"$2\,\mathrm{TV}$": [2 * divergences.total_variation(p, q) for q in shifted],
          "means": means, "MMD": np.sqrt(2 / np.sqrt(3) * (1 - np.exp(-means**2 / 6))),
          "$W_1$": [divergences.wasserstein(p, q, grid) for q in shifted]}
figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3), dpi=95)
for (name, curve), style in zip(curves.items(), ("-", "--", "-.", ":")):
    left.plot(means, curve, style, linewidth=3 if style == ":" else 1.5, label=name)
left.set(xlabel=r"$\mu$", ylim=(0, 4), title=r"between $N(0, 1)$ and $N(\mu, 1)$")
left.legend(fontsize=8)
for (name, path), colour in zip(paths.items(), (FAKE, D_BLUE)):
    right.plot(path[:, 1], path[:, 0], color=colour, label=name)
    right.plot(path[-1, 1], path[-1, 0], "o", color=colour)
right.plot(2, 0.5, "k*", markersize=10, label="the data")
right.set(xlabel="mean $m$", ylabel="width $s$", ylim=(0, 3), title="path of $G$")
right.legend(fontsize=8)
(s1, m1), (s2, m2) = (path[-1] for path in paths.values())
assert abs(m1 - 2) < 0.02 and np.isclose(s1, 2)          # the mean, and nothing else
assert abs(m2 - 2) < 0.02 and abs(s2 - 0.5) < 0.02       # both

# %% [markdown]
# A generator learns only what the critics can detect. **Change** the features: `tg.concatenate([x, x * x, x * x * x],
# axis=1)`.
#
# Next: [03, automatic differentiation from scratch](03-autograd.ipynb): how a network learns from the critic's outputs.
