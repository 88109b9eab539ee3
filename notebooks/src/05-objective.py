# %% [markdown]
# # 05 The game's objective: a notebook to step through
#
# It follows [lecture 05](../lectures/05-objective.md). Before each picture there is a question. **Predict** the answer,
# **run** the cell, **look**, then **change** the number that the text names and run the cell again. Names in
# parentheses, like (`value`), are equations of the lecture. The lines that begin with `assert` check the claims of the
# lecture; they fail if the mathematics is wrong.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan import divergences, nn, objectives
from tinygan.updates import Adam, ascend

DATA, FAKE, D_BLUE = "#3a7d44", "#d1495b", "#2e6f95"  # the data, the generator, the discriminator
plt.rcParams.update({"figure.dpi": 80, "axes.spines.top": False, "axes.spines.right": False,
                     "figure.constrained_layout.use": True})
rng = np.random.default_rng(0)


def on_grid(f, grid):
    """The values of a network on an array of points, one number each."""
    with tg.no_grad():
        return f(tg.Tensor(grid)).numpy()[:, 0]


# %% [markdown]
# ## The discriminator's output: a probability
#
# A coin decides whether you see a point of the data, $N(0, 1)$, or a fake, $N(2, 1)$. **Predict:** at which $x$ are
# the two equally likely? Of a hundred points near $x = 0$, how many are real?

# %%
n = 2000
real, fakes = rng.normal(0, 1, (n, 1)), rng.normal(2, 1, (n, 1))
bins = np.linspace(-3, 5, 33)
heads, tails = np.histogram(real, bins)[0], np.histogram(fakes, bins)[0]
centres = (bins[1:] + bins[:-1]) / 2
plt.figure(figsize=(6, 2.6))
plt.bar(centres, heads / (heads + tails), 0.22, color="#b7d3e6", label="share of real points in each bin")
plt.plot(centres, tg.sigmoid(2 - 2 * centres), color=D_BLUE, label=r"$\sigma(2 - 2x)$")
plt.axhline(0.5, color="grey", linewidth=0.7, linestyle=":")
plt.xlabel("$x$")
plt.legend();

# %% [markdown]
# The bars are counts; the curve is (`d-output`) with the logit $a = \log p_d(x) - \log p_g(x) = 2 - 2x$. They agree up
# to the noise of counting.
#
# **Predict:** by how much does one more unit of logit change the probability, at $a = 0$ and at $a = 4$? By which
# *factor* does it change the odds $d / (1 - d)$?

# %%
a = np.linspace(-6, 6, 200)
d = tg.sigmoid(a)
figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2.4))
left.plot(a, d, color=D_BLUE)
left.set(xlabel="logit $a$", title="probability $d$")
right.semilogy(a, d / (1 - d), color=D_BLUE)
right.set(xlabel="logit $a$", title="odds $d / (1 - d)$")

odds = tg.sigmoid(np.array([0.0, 1.0, 4.0, 5.0]))
odds = odds / (1 - odds)
assert np.allclose([odds[1] / odds[0], odds[3] / odds[2]], np.e)

# %% [markdown]
# ## The discriminator's loss
#
# A discriminator with one weight and one bias has the logit $a = w x + b$. Its value on our points is a function of two
# numbers, so we can draw it completely. Where is the maximum? According to the lecture it is at $w = -2$, $b = 2$.
#
# The discriminator ascends (`d-ascent`) from $(0, 0)$, along the gradient of (`value`). We need only `grad` and
# `ascend`.

# %%
D = nn.Dense(1, 1, rng=rng).astype(np.float64)
D.theta[:] = 0
x, y = tg.Tensor(real), tg.Tensor(fakes)
path = [D.theta.copy()]
for _ in range(400):
    V = objectives.value(D(x), D(y))
    ascend(D.theta, tg.grad(V, D.parameters()), 1.0)   # theta_d <- theta_d + rate * gradient
    path.append(D.theta.copy())
path = np.array(path)

w, b = np.meshgrid(np.linspace(-4, 1, 60), np.linspace(-1, 4, 60))
field = np.zeros_like(w)
for i in np.ndindex(w.shape):
    field[i] = objectives.value(w[i] * real + b[i], w[i] * fakes + b[i])
plt.figure(figsize=(4.6, 3.6))
levels = np.linspace(-3, field.max(), 25)
plt.contourf(w, b, field, levels, cmap="Blues", extend="min")
plt.colorbar(label="$V$")
plt.plot(*path.T, ".-", color="black", markersize=4, linewidth=0.8)
plt.plot(-2, 2, "*", color=FAKE, markersize=12, label="the lecture's $(-2, 2)$")
plt.xlabel("weight $w$")
plt.ylabel("bias $b$")
plt.legend(loc="lower left")
print(f"weight {D.theta[0]:.3f}, bias {D.theta[1]:.3f}")
assert np.allclose(D.theta, [-2, 2], atol=0.25)   # 2,000 points leave an error of about 0.1

# %% [markdown]
# The value is a concave function of the two parameters: it has one maximum, and the ascent always finds it. The maximum
# is not exactly at the star, because 2,000 points only approximate the densities. **Change** `n` to 200 and to 20,000.
#
# The same quantity appears in several losses. With logits `r` of the real and `f` of the fake points, the loss
# (`d-loss`) is the value with its sign changed, the generator's zero-sum loss (`g-zero-sum`) changes it back, and the
# cross-entropy of two means (`cross-entropy-split`) is the loss again. With one mean over all points (`cross-entropy`)
# it is half as large. **Predict** all five for a discriminator with the constant output one half.

# %%
def five(r, f):
    labels = np.concatenate([np.ones_like(r), np.zeros_like(f)])
    return {"value": objectives.value(r, f), "d-loss": objectives.d_loss(r, f),
            "g-zero-sum": objectives.g_zero_sum(r, f),
            "cross-entropy-split": objectives.cross_entropy_split(r, f),
            "cross-entropy": objectives.cross_entropy(labels, np.concatenate([r, f]))}


blind, trained = five(0 * real, 0 * fakes), five(D(x).numpy(), D(y).numpy())
positions = np.arange(5)
plt.figure(figsize=(6.4, 2.6))
plt.barh(positions + 0.2, blind.values(), 0.35, color="#c8c8c8", label="output 1/2 everywhere")
plt.barh(positions - 0.2, trained.values(), 0.35, color=D_BLUE, label="at the summit")
plt.yticks(positions, blind)
plt.axvline(0, color="black", linewidth=0.8)
plt.legend(fontsize=8)
assert np.isclose(blind["cross-entropy-split"], 2 * np.log(2)) and np.isclose(blind["cross-entropy"], np.log(2))
assert np.isclose(trained["cross-entropy-split"], 2 * trained["cross-entropy"])
assert trained["value"] == -trained["d-loss"] == trained["g-zero-sum"]

# %% [markdown]
# ## The best discriminator
#
# At one point $x$ the integrand of $V$ is $p_d \log y + p_g \log (1 - y)$ with $y = D(x)$. **Predict** the maximum of
# each curve, then look. The answer is (`optimal-d`).

# %%
y = np.linspace(0.005, 0.995, 200)
plt.figure(figsize=(5, 2.6))
for p, q, colour in ((0.4, 0.1, "#1f4e79"), (0.2, 0.2, D_BLUE), (0.1, 0.4, "#7fb2d6")):
    curve = p * np.log(y) + q * np.log(1 - y)
    top = divergences.optimal_d(np.array(p), np.array(q))
    plt.plot(y, curve, color=colour, label=f"$p_d = {p}$, $p_g = {q}$")
    plt.axvline(top, color=colour, linewidth=0.7, linestyle=":")
    assert abs(y[curve.argmax()] - top) < 0.005
plt.ylim(-1.2, 0)
plt.xlabel("$y = D(x)$")
plt.legend(fontsize=8);

# %% [markdown]
# A straight line was enough for two normals of equal width. Here are data with two modes. **Predict** the shape of
# $D^*$: how often does it cross one half? Then a small network learns it from samples.

# %%
def climb(D, real, fakes, steps, rate=3e-3):
    """A discriminator that ascends V with Adam, on all points at every step."""
    adam = Adam(0.9)
    for _ in range(steps):
        ascend(D.theta, adam(tg.grad(objectives.value(D(tg.Tensor(real)), D(tg.Tensor(fakes))), D.parameters())), rate)
    return D


def network(inputs, width=32):
    return nn.Sequential(nn.Dense(inputs, width, rng=rng), nn.Tanh(), nn.Dense(width, width, rng=rng), nn.Tanh(),
                         nn.Dense(width, 1, rng=rng)).astype(np.float64)


n = 2000
real = np.where(rng.random((n, 1)) < 0.5, -1.5, 1.5) + rng.normal(0, 0.5, (n, 1))
fakes = rng.normal(0, 1.2, (n, 1))
D = climb(network(1), real, fakes, 400)

grid = np.linspace(-4, 4, 321)
p_d = (divergences.normal(grid, -1.5, 0.5) + divergences.normal(grid, 1.5, 0.5)) / 2
p_g = divergences.normal(grid, 0, 1.2)
best, learnt = divergences.optimal_d(p_d, p_g), tg.sigmoid(on_grid(D, grid[:, None]))
width = grid[1] - grid[0]
plt.figure(figsize=(6, 2.8))
plt.fill_between(grid, p_d / width, color=DATA, alpha=0.25, label="$p_d$")
plt.fill_between(grid, p_g / width, color=FAKE, alpha=0.25, label="$p_g$")
plt.plot(grid, best, color="black", linestyle="--", label="$D^*$")
plt.plot(grid, learnt, color=D_BLUE, label="$D$, learnt")
plt.legend(fontsize=8, ncols=2)
off = np.sum((p_d + p_g) / 2 * abs(best - learnt))
print(f"mean |D - D*| = {off:.3f}")
assert off < 0.05

# %% [markdown]
# In the plane $D$ is a field. The data are eight clouds on a ring (dots), the fakes a round cloud (crosses).
# **Predict** the colour of the centre, and of the corners, where there are no points.

# %%
real, fakes = tg.data.ring(1500, rng) + rng.normal(0, 0.12, (1500, 2)), rng.normal(0, 0.6, (1500, 2))
D = climb(network(2), real, fakes, 250, 1e-2)
u, v = np.meshgrid(np.linspace(-2, 2, 80), np.linspace(-2, 2, 80))
field = tg.sigmoid(on_grid(D, np.stack([u.ravel(), v.ravel()], 1)).reshape(u.shape))
plt.figure(figsize=(4.4, 3.8))
plt.pcolormesh(u, v, field, cmap="RdBu", vmin=0, vmax=1, shading="auto", alpha=0.8)
plt.colorbar(label="$D$")
plt.plot(*real[:300].T, ".", color=DATA, markersize=5)
plt.plot(*fakes[:300].T, "x", color="black", markersize=3, alpha=0.5)
plt.gca().set(aspect="equal", xlim=(-2, 2), ylim=(-2, 2));

# %% [markdown]
# In the corners $D$ gives a clear output, but no example lies there, so training has not tested this output. If a fake
# reaches a corner, the output of $D$ for it has no basis in data.
#
# ## The generator minimises a divergence
#
# The divergences (`kl`) and (`js`) of $N(0, 1)$ and $N(\mu, 1)$. **Predict:** which of the two is the better measure
# when the fakes are far away?

# %%
grid = np.linspace(-12, 18, 3001)
p = divergences.normal(grid)
means = np.linspace(0, 6, 25)
kls = [divergences.kl(p, divergences.normal(grid, m)) for m in means]
jss = [divergences.js(p, divergences.normal(grid, m)) for m in means]
plt.figure(figsize=(5, 2.6))
plt.plot(means, kls, color="grey", linestyle="--", label="KL")
plt.plot(means, jss, color=FAKE, label="JS")
plt.axhline(np.log(2), color="grey", linewidth=0.7, linestyle=":")
plt.ylim(0, 1.4)
plt.xlabel(r"$\mu$")
plt.legend()
assert np.allclose(kls, means**2 / 2)
assert np.allclose([divergences.js(p, divergences.normal(grid, m)) for m in (1, 2, 4)], [0.111421, 0.336831, 0.632720],
                   atol=1e-6)

# %% [markdown]
# Now test the theorem (`jsd-value`): the value of the best discriminator is $-\log 4 + 2\,\mathrm{JS}$. The curve is
# the right-hand side. The points are an experiment: for each $\mu$ a discriminator with one weight is trained on
# samples, and its value is measured on *new* samples.

# %%
reached = {}
for mean in (0.0, 1.0, 2.0, 3.0, 4.0):
    one, two = (rng.normal(size=(2, 4000, 1)) + np.array([0, mean]).reshape(2, 1, 1))
    line = climb(nn.Dense(1, 1, rng=rng).astype(np.float64), one, two, 1000, 5e-2)
    one, two = (rng.normal(size=(2, 20000, 1)) + np.array([0, mean]).reshape(2, 1, 1))
    reached[mean] = objectives.value(line(tg.Tensor(one)), line(tg.Tensor(two))).item()
theory = [divergences.jsd_value(p, divergences.normal(grid, m)) for m in means]
plt.figure(figsize=(5, 2.6))
plt.plot(means, theory, color=FAKE, label=r"$-\log 4 + 2\,\mathrm{JS}$")
plt.plot(reached.keys(), reached.values(), "o", color=D_BLUE, label="trained, on fresh samples")
plt.axhline(0, color="grey", linewidth=0.7, linestyle=":")
plt.xlabel(r"$\mu$: distance of the fakes")
plt.ylabel(r"$\max_D V$")
plt.legend()
for mean, best in ((0.0, -1.386294), (1.0, -1.163451), (2.0, -0.712633), (4.0, -0.120854)):
    assert np.isclose(divergences.jsd_value(p, divergences.normal(grid, mean)), best, atol=1e-6)
    assert abs(reached[mean] - best) < 0.03
assert np.isclose(divergences.js(np.array([0.5, 0.5, 0]), np.array([0, 0.5, 0.5])), np.log(2) / 2)
assert np.isclose(divergences.jsd_value(np.array([1.0, 0]), np.array([0, 1.0])), 0)      # no overlap: V* = 0

# %% [markdown]
# The generator *descends* this curve: from the right, where it is nearly flat, to the minimum at $\mu = 0$, where fakes
# and data agree and $V = -\log 4$. The generator changes only the second term of $V$, (`g-minimax`). The first term
# does not depend on it:

# %%
r, f = rng.normal(size=(2, 50, 1))
shift = np.linspace(-3, 3, 50)
plt.figure(figsize=(5, 2.4))
plt.plot(shift, [objectives.value(r, f + s) for s in shift], color=D_BLUE, label="value")
plt.plot(shift, [objectives.g_minimax(f + s) for s in shift], color=FAKE, label="g-minimax")
plt.xlabel("shift of all logits of the fakes")
plt.legend()
gaps = [objectives.value(r, f + s) - objectives.g_minimax(f + s) for s in shift]
assert np.ptp(gaps) < 1e-12                                  # a constant: the two have the same slope

# %% [markdown]
# ## What goes wrong in practice
#
# **Probabilities in place of logits.** In float32, $\log(1 - \sigma(a))$ computed in two steps suddenly becomes
# $-\infty$. **Predict** at which $a$.

# %%
a = np.linspace(0, 40, 400, dtype=np.float32)
with np.errstate(divide="ignore"):
    naive = np.log(1 - 1 / (1 + np.exp(-a)))
plt.figure(figsize=(5, 2.4))
plt.plot(a, tg.log_sigmoid(-a), color=D_BLUE, linewidth=4, alpha=0.4, label="log_sigmoid(-a)")
plt.plot(a, naive, color="black", linewidth=1, label="log(1 - sigmoid(a))")
plt.xlabel("logit $a$")
plt.legend()
print("the naive formula is -inf from a =", a[np.isinf(naive)][0])
assert tg.softplus(np.array(1000.0)) == 1000 and tg.softplus(np.array(-1000.0)) == 0

# %% [markdown]
# **Too few examples.** A discriminator with 2 x 32 units sees 15 real points and 15 fakes from *the same* normal
# distribution. The true $V$ cannot be more than $-\log 4$. **Predict** its value on these 30 points, and on new points.

# %%
real, fakes, new_real, new_fakes = rng.normal(size=(15, 2)), rng.normal(size=(15, 2)), *rng.normal(size=(2, 5000, 2))
D, own, fresh = network(2), [], []
for _ in range(60):
    own.append(objectives.value(D(tg.Tensor(real)), D(tg.Tensor(fakes))).item())
    fresh.append(objectives.value(D(tg.Tensor(new_real)), D(tg.Tensor(new_fakes))).item())
    climb(D, real, fakes, 5, 1e-2)
plt.figure(figsize=(5, 2.6))
plt.plot(np.arange(60) * 5, own, color=D_BLUE, label="on the training points")
plt.plot(np.arange(60) * 5, fresh, color=FAKE, label="on fresh points")
plt.axhline(-np.log(4), color="grey", linestyle=":", label=r"$-\log 4$: equal distributions")
plt.ylim(-6, 0.1)
plt.xlabel("step")
plt.ylabel("$V$")
plt.legend(fontsize=8)
assert own[-1] > -0.3 and fresh[-1] < -2

# %% [markdown]
# The discriminator has memorised thirty points, and its confident outputs are wrong everywhere else. **Change** 15 to
# 500 in both places and watch the two curves approach each other.
#
# Next: [06, playing the game](06-playing.ipynb).
