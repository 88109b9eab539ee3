# %% [markdown]
# # 09 Wasserstein: a notebook to step through
#
# It follows [lecture 09](../lectures/09-wasserstein.md): **predict**, **run**, **look**, **change**. We begin with
# distances, continue with transport and prices, and end with critics whose slope is bounded.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan import divergences, metrics, nn, objectives, penalties, updates
from tinygan.game import train
from tinygan.metrics.distances import matching
from tinygan.runs import generate
from tinygan.toys import dynamics
from tinygan.toys.fields import dirac
from tinygan.updates import Adam, RMSProp, ascend
from tinygan.zoo import RECIPES
from tinygan.zoo.settings import change

DATA, FAKE, D_BLUE = "#3a7d44", "#d1495b", "#2e6f95"  # the data, the generator, the discriminator
plt.rcParams.update({"figure.dpi": 85, "axes.spines.top": False, "axes.spines.right": False,
                     "figure.constrained_layout.use": True})

# %% [markdown]
# ## Two parallel lines
#
# Data at $x = 0$, fakes at $x = \theta$. **Predict** the three curves: (`kl`), (`js`), (`wasserstein`).

# %%
# picture: 09-lines.png
z = np.linspace(0, 1, 40)
thetas = np.linspace(-1, 1, 41)
places = np.round(np.linspace(-1, 1, 41), 6)                   # the possible lines; each has a probability


def on_line(theta):
    return (places == np.round(theta, 6)).astype(float)


def points_at(theta):
    return np.stack([np.full(40, theta), z], axis=1)


kls = np.array([divergences.kl(on_line(0), on_line(theta)) for theta in thetas])
jss = np.array([divergences.js(on_line(0), on_line(theta)) for theta in thetas])
ws = np.array([metrics.wasserstein(points_at(0), points_at(theta)) for theta in thetas])
figure, (left, right) = plt.subplots(1, 2, figsize=(8, 2.8), width_ratios=(1, 1.8))
left.plot(*points_at(0).T, color=DATA, linewidth=4)
left.plot(*points_at(0.6).T, color=FAKE, linewidth=4)
left.annotate("", (0.05, 0.5), (0.55, 0.5), arrowprops={"arrowstyle": "<->"})
left.text(0.3, 0.55, r"$\theta$", ha="center", fontsize=12)
left.set(xlim=(-0.4, 1), xticks=[], yticks=[0, 1], ylabel="$Z$")
away = thetas != 0
for half in (thetas < -0.01, thetas > 0.01):
    right.plot(thetas[half], jss[half], color=FAKE, label="JS" if half[0] else None)
right.plot(0, 0, "o", color=FAKE, markersize=5)
right.plot(thetas, ws, color=D_BLUE, label=r"Wasserstein: $|\theta|$")
right.plot(thetas[away], np.full(away.sum(), 1.15), ".", color="grey", markersize=3, label=r"KL: $\infty$")
right.axhline(np.log(2), color="grey", linewidth=0.6, linestyle=":")
right.set(xlabel=r"$\theta$", ylim=(-0.03, 1.25))
right.legend(fontsize=8, loc="lower left")
assert np.allclose(ws, abs(thetas), atol=1e-9) and np.allclose(jss[away], np.log(2)) and np.isinf(kls[away]).all()
assert divergences.total_variation(on_line(0), on_line(0.5)) == 1 and jss[~away] == kls[~away] == 0

# %% [markdown]
# ## Transport on a line
#
# Here are ten points and ten others. On the line the cheapest plan keeps the order; its cost is the grey area between
# the two distribution functions. **Predict:** does a plan that crosses two of the arrows cost more, or the same?

# %%
rng = np.random.default_rng(3)
x, y = np.sort(rng.normal(0, 1, 10)), np.sort(rng.normal(1.5, 0.5, 10))
grid = np.linspace(-3, 4, 2000)
F, G = ((points[:, None] <= grid).mean(axis=0) for points in (x, y))
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 2.6))
left.plot(x, np.ones(10), "o", color=DATA)
left.plot(y, np.zeros(10), "o", color=FAKE)
left.quiver(x, np.ones(10), y - x, -np.ones(10), angles="xy", scale_units="xy", scale=1, width=0.003, color="grey")
left.set(yticks=[0, 1], yticklabels=["$y$", "$x$"], title="the plan that keeps the order")
right.fill_between(grid, F, G, color="#d8d8d8")
right.plot(grid, F, color=DATA, label="$F$")
right.plot(grid, G, color=FAKE, label="$G$")
right.legend()
right.set(title=f"W = {metrics.wasserstein(x, y):.3f}")
assert np.isclose(metrics.wasserstein(x, y), abs(x - y).mean())
assert np.isclose(metrics.wasserstein(x, y), abs(F - G).sum() * (grid[1] - grid[0]), atol=0.01)
wide = np.linspace(-20, 20, 40001)
assert np.isclose(divergences.wasserstein(divergences.normal(wide), divergences.normal(wide, 0.0, 2.0), wide),
                  np.sqrt(2 / np.pi), atol=1e-6)               # N(0, 1) and N(0, 4): 0.797885
assert np.isclose(divergences.wasserstein(divergences.normal(wide), divergences.normal(wide, 2.5), wide), 2.5)

# %% [markdown]
# ## Prices in the plane
#
# In the plane, the plan is the best matching. The prices come from the proof in the lecture: shortest paths on a map
# with a road to every $y$, and roads back with negative length along the plan. **Predict** the field of the best
# critic: how steep is it along an arrow, and how steep can it be elsewhere?

# %%
# picture: 09-plan.png
rng = np.random.default_rng(5)
x, y = rng.normal([-1, 0], [0.3, 0.7], (9, 2)), rng.normal([1, 0.2], [0.5, 0.6], (9, 2))
cost = np.linalg.norm(x[:, None] - y, axis=2)
plan = matching(cost)
to_x, to_y = np.zeros(9), np.zeros(9)                          # the shortest path that ends in each town
for _ in range(20):
    to_y = np.minimum(to_y, (to_x[:, None] + cost).min(axis=0))
    to_x = np.minimum(to_x, to_y[plan] - cost[np.arange(9), plan])
f, g = -to_x, -to_y
u, v = np.meshgrid(np.linspace(-2, 2.4, 120), np.linspace(-1.7, 1.9, 100))
spots = np.stack([u.ravel(), v.ravel()], axis=1)


def critic(spots):
    """h(z) = min over j of g_j + |z - y_j|."""
    return (g + np.linalg.norm(spots[:, None] - y, axis=2)).min(axis=1)


plt.figure(figsize=(6.4, 4.2))
plt.contourf(u, v, critic(spots).reshape(u.shape), 24, cmap="Blues")
plt.colorbar(label="best critic")
plt.quiver(*y.T, *(x[plan.argsort()] - y).T, angles="xy", scale_units="xy", scale=1, width=0.004)
plt.plot(*x.T, "o", color=DATA, label="data")
plt.plot(*y.T, "o", color=FAKE, label="fakes, and their targets")
plt.legend(fontsize=8, loc="lower left")
plt.gca().set_aspect("equal")
w = metrics.wasserstein(x, y)
print(f"the plan costs {w:.6f}, the critic earns {critic(x).mean() - critic(y).mean():.6f}")
assert (f[:, None] - g <= cost + 1e-9).all()                   # allowed prices (`kantorovich`)
assert np.allclose(f - g[plan], cost[np.arange(9), plan])      # the full price, if earth moves
assert np.isclose(critic(x).mean() - critic(y).mean(), w) and np.isclose(objectives.two_sample(critic(x), critic(y)), w)
steps = np.random.default_rng(0).normal(size=spots.shape)
rise = abs(critic(spots + 1e-3 * steps) - critic(spots)) / np.linalg.norm(1e-3 * steps, axis=1)
assert rise.max() <= 1 + 1e-9                                  # the slope is never above 1

# %% [markdown]
# ## A critic compared with a discriminator
#
# Take data $N(0, 0.5^2)$ and fakes far away at 4. A discriminator ascends (`value`); a critic ascends (`two-sample`),
# once with clipped weights (`weight-clipping`) and RMSProp (`rmsprop`), once with the penalty (`gradient-penalty`) and
# Adam. **Predict** the slope of each at the fakes.

# %%
def network(rng):
    return nn.Sequential(nn.Dense(1, 32, rng=rng), nn.LeakyReLU(0.2), nn.Dense(32, 32, rng=rng), nn.LeakyReLU(0.2),
                         nn.Dense(32, 1, rng=rng)).astype(np.float64)


def climb(D, kind, shift, steps, rng, direction, rate=3e-3):
    """Trains D on new batches with the data at 0 and the fakes at `shift`; returns the mean of its last values."""
    seen = []
    for i in range(steps):
        x, y = (tg.Tensor(points) for points in rng.normal(0, 0.5, (2, 128, 1)) + np.array([0, shift]).reshape(2, 1, 1))
        value = (objectives.value if kind == "discriminator" else objectives.two_sample)(D(x), D(y))
        total = value - penalties.gradient_penalty(D, x, y, rng) if kind == "penalty" else value
        ascend(D.theta, direction(tg.grad(total, D.parameters())), updates.linear_decay(rate, i, steps, 0.5))
        if kind == "clipped":
            updates.clip(D.theta, 0.1)
        seen.append(value.item())
    return np.mean(seen[-30:])


def slope_at(D, spots):
    x = tg.Tensor(spots[:, None], requires_grad=True)
    return tg.grad(tg.sum(D(x)), [x])[0].numpy()[:, 0]


rng = np.random.default_rng(0)
kinds = {"discriminator": Adam(0.5, 0.9), "clipped": RMSProp(0.9), "penalty": Adam(0.5, 0.9)}
players = {kind: network(rng) for kind in kinds}
for kind, D in players.items():
    climb(D, kind, 4.0, 300, rng, kinds[kind])
spots = np.linspace(-2, 6, 200)
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 2.8))
for mean, colour in ((0, DATA), (4, FAKE)):
    left.fill_between(spots, divergences.normal(spots, mean, 0.5) / (spots[1] - spots[0]), color=colour, alpha=0.25)
for (kind, D), colour in zip(players.items(), (FAKE, "grey", D_BLUE)):
    output = tg.sigmoid(D(tg.Tensor(spots[:, None]))).numpy()[:, 0] if kind == "discriminator" else None
    curve = D(tg.Tensor(spots[:, None])).numpy()[:, 0] if output is None else output
    left.plot(spots, curve - (0 if output is not None else curve[spots > 4][0]), color=colour, label=kind)
    arrow = slope_at(D, spots)
    right.plot(spots, arrow * output if output is not None else arrow, color=colour, label=kind)
left.set(title="output of each player (critics: 0 at the fakes)", ylim=(-2.2, 6.5))
left.legend(fontsize=8)
right.axhline(-1, color="black", linewidth=0.6, linestyle=":")
right.set(title="gradient for a fake at $x$", xlabel="$x$", ylim=(-3, 0.3))
near_fakes = abs(spots - 4) < 0.5
slopes = {kind: slope_at(D, spots[near_fakes]).mean() for kind, D in players.items()}
pull = (tg.sigmoid(players["discriminator"](tg.Tensor(spots[near_fakes][:, None]))).numpy()[:, 0]
        * slope_at(players["discriminator"], spots[near_fakes]))
print(f"at the fakes: minimax {abs(pull).mean():.5f}, clipped {slopes['clipped']:.3f}, penalty {slopes['penalty']:.3f}")
assert abs(pull).mean() < 0.02 and abs(slopes["penalty"] + 1) < 0.3

# %% [markdown]
# The red curve is the gradient of the minimax generator, $D$ times the slope of the logit: at the fakes it is zero. The
# critic with the penalty falls with a slope of about 1 all the way. The clipped critic also falls evenly, but with
# another slope.
#
# What are the weights after training? **Predict** the two histograms.

# %%
figure, panels = plt.subplots(1, 2, figsize=(8, 2.2))
for panel, kind in zip(panels, ("clipped", "penalty")):
    panel.hist(players[kind].theta, 60, color=D_BLUE if kind == "penalty" else "grey")
    panel.set(title=f"weights: {kind}", yscale="log")
share = (abs(players["clipped"].theta) > 0.099).mean()
print(f"{100 * share:.0f} % of the clipped weights are at the bound")
assert share > 0.3 and abs(players["clipped"].theta).max() <= 0.1

# %% [markdown]
# ## The critic's value as a distance
#
# The fakes come nearer, and both critics continue to learn. The true distance is the shift. **Predict** which critic
# gives the true distance, and the value of the other one.

# %%
shifts = [4.0, 3.0, 2.0, 1.0, 0.5]
reported = {kind: [climb(players[kind], kind, shift, 100, rng, kinds[kind]) for shift in shifts]
            for kind in ("clipped", "penalty")}
plt.figure(figsize=(4.6, 2.8))
plt.plot(shifts, shifts, color="grey", linestyle=":", label="the true distance")
lengthened = np.array(shifts) * (1 + np.array(shifts) / 20)     # with the soft penalty: d (1 + d / (2 lambda))
plt.plot(shifts, lengthened, color=D_BLUE, linestyle="--", label="with the spring of the penalty")
plt.plot(shifts, reported["penalty"], "o", color=D_BLUE, label="penalty")
plt.plot(shifts, reported["clipped"], "o-", color="grey", label="clipped")
plt.xlabel("shift of the fakes")
plt.ylabel("the critic's value")
plt.legend(fontsize=8)
for values in reported.values():
    assert np.corrcoef(shifts, values)[0, 1] > 0.98
assert np.allclose(reported["penalty"], lengthened, rtol=0.1)

# %% [markdown]
# Both values follow the distance. Only one has the right scale, and it is a little too large, as the next picture
# explains.
#
# ## The penalty is soft, like a spring
#
# Take the simplest critic $w x$, data 2 above the fakes, and $\lambda = 10$. The picture shows its value as a function
# of $w$. **Predict** the maximum: at 1, above, or below? Where does gradient ascent end if it starts at $w = -0.5$?

# %%
ws = np.linspace(-2, 2, 401)
real, fake = tg.Tensor(np.full((4, 1), 2.0)), tg.Tensor(np.zeros((4, 1)))


def penalised(w):
    return (objectives.two_sample(w * real, w * fake)
            - penalties.gradient_penalty(lambda x: w * x, real, fake, np.random.default_rng(0)))


curve = np.array([penalised(w).item() for w in ws])
ends = []
for start in (0.5, -0.5):
    w = np.array([start])
    for _ in range(300):
        leaf = tg.Tensor(w, requires_grad=True)
        ascend(w, tg.grad(tg.sum(penalised(leaf)), [leaf]), 0.02)
    ends.append(w[0])
plt.figure(figsize=(5, 2.6))
plt.plot(ws, curve, color=D_BLUE)
for start, end in zip((0.5, -0.5), ends):
    plt.annotate("", (end, penalised(end).item()), (start, penalised(start).item()), arrowprops={"arrowstyle": "->"})
    plt.plot(end, penalised(end).item(), "o", color=FAKE)
plt.xlabel("$w$")
plt.ylabel("value with the penalty")
assert np.isclose(ends[0], 1 + 2 / 20) and np.isclose(ends[1], -0.9)        # 1.1; and the wrong local maximum
points = tg.Tensor(np.random.default_rng(0).normal(size=(6, 1)))
assert abs(penalties.gradient_penalty(lambda x: -x, points, points + 1, np.random.default_rng(0)).item()) < 1e-20

# %% [markdown]
# ## Differentiating a gradient
#
# We compute the gradient of the penalty with respect to the weights of a critic with ReLUs, by the tape (bars), and by
# finite differences (dots). **Predict** the bars of the biases.

# %%
rng = np.random.default_rng(4)
D = nn.Sequential(nn.Dense(2, 5, rng=rng), nn.ReLU(), nn.Dense(5, 3, rng=rng), nn.ReLU(),
                  nn.Dense(3, 1, rng=rng)).astype(np.float64)
D.theta[:] += rng.normal(0, 0.3, D.theta.shape)
real, fake = (tg.Tensor(points) for points in rng.normal(size=(2, 20, 2)))


def penalty():
    return penalties.gradient_penalty(D, real, fake, np.random.default_rng(1), weight=1.0)


tape = np.concatenate([np.zeros(p.size) if slope is None else slope.numpy().ravel() for p, slope in
                       zip(D.parameters(), tg.grad(penalty(), D.parameters(), allow_unused=True))])
nudged = np.zeros_like(tape)
for i in range(len(tape)):
    for sign in (1, -1):
        D.theta[i] += sign * 1e-6
        nudged[i] += sign * penalty().item() / 2e-6
        D.theta[i] -= sign * 1e-6
biases = np.concatenate([np.full(p.size, p.ndim == 1) for p in D.parameters()])
plt.figure(figsize=(8, 2.3))
plt.bar(np.arange(len(tape)), tape, color="#b7d3e6", label="tape")
plt.plot(nudged, ".", color=D_BLUE, markersize=4, label="finite differences")
plt.plot(np.flatnonzero(biases), tape[biases], "x", color=FAKE, markersize=5, label="biases")
plt.xlabel("parameter")
plt.legend(fontsize=8)
assert np.allclose(tape, nudged, atol=1e-6) and not tape[biases].any()
x = tg.Tensor(real.numpy(), requires_grad=True)
[bare] = tg.grad(tg.sum(D(x)), [x])                            # no create_graph: numbers without a tape
assert not bare.requires_grad and tg.grad(tg.sum(D(x)), [x], create_graph=True)[0].requires_grad

# %% [markdown]
# Within a piece where no ReLU switches, the slope does not depend on the biases: their bars are zero.
#
# ## A Wasserstein critic can still circle
#
# Here is the Dirac-GAN with the critic $\psi x$: with simultaneous steps; with weights clipped at one half; with the
# gradient penalty and one or five steps of the critic. **Predict** which path ends at the centre.

# %%
update = dynamics.simultaneous(dirac("two-sample"), 0.01)
paths = {"simultaneous": dynamics.trajectory(update, (1.0, 0.0), 1000),
         "clipped": dynamics.trajectory(dynamics.alternating(dirac("two-sample"), 0.01, clip=0.5), (1.0, 0.0), 3000),
         **{f"penalty, k = {k}": dynamics.trajectory(dynamics.alternating(dirac("two-sample", penalty=1.0), 0.01, k=k),
                                               (1.0, 0.0), 3000) for k in (1, 5)}}
figure, panels = plt.subplots(1, 4, figsize=(11, 2.9), sharex=True, sharey=True)
for panel, (name, path) in zip(panels, paths.items()):
    panel.plot(*path.T, color=D_BLUE, linewidth=0.8)
    panel.plot(*path[-1], "o", color=FAKE)
    panel.plot(0, 0, "k+")
    panel.set(title=name, xlabel=r"$\theta$")
panels[0].set_ylabel(r"$\psi$")
radius = np.linalg.norm(paths["simultaneous"][-1])
print(f"radius after 1,000 simultaneous steps: {radius:.7f}; the others end at theta =",
      *(f"{path[-1, 0]:.3f}" for path in list(paths.values())[1:]))
assert np.isclose(radius, 1.0512685)
assert all(abs(path[-500:, 0]).max() > 0.3 for path in paths.values())      # none converges

# %% [markdown]
# ## Other objectives
#
# There is one bound for every convex function (`f-gan`). We take the best critic $T = f'(p/q)$ and add a wave with the
# factor $s$, for $N(0, 1)$ and $N(1, 1)$. **Predict** the maximum of each curve, and its height for KL.

# %%
grid = np.linspace(-8, 9, 2001)
p, q = divergences.normal(grid), divergences.normal(grid, 1.0)
shares = np.linspace(-0.5, 0.5, 41)
plt.figure(figsize=(5.4, 2.8))
for (name, d), colour in zip(divergences.F_DIVERGENCES.items(), (D_BLUE, "grey", DATA, FAKE)):
    best = d.critic(p / q)
    curve = [d.bound(p, q, best * (1 + s * np.sin(2 * grid))) for s in shares]
    plt.plot(shares, np.array(curve) - d(p, q), color=colour, label=f"{name}: {d(p, q):.3f}")
    assert np.isclose(d.bound(p, q, best), d(p, q)) and max(curve) <= d(p, q) + 1e-9
plt.xlabel("share of the wave")
plt.ylabel("bound - divergence")
plt.legend(fontsize=8, title="the divergence")
assert np.isclose(divergences.F_DIVERGENCES["kl"](p, q), 0.5)
assert np.isclose(divergences.F_DIVERGENCES["gan"](p, q), divergences.jsd_value(p, q))
assert np.isclose(divergences.normal_kl(0, 1, 1, 2), 0.443147, atol=1e-6)

# %% [markdown]
# The generators of these games descend different functions, here for fakes $N(\mu, 1)$: JS; (`least-squares`) with its
# chi square; (`hinge`) with the total variation; and $W$. **Predict** which of them still has a slope at $\mu = 6$.

# %%
wide = np.linspace(-10, 18, 5601)
p, means = divergences.normal(wide), np.linspace(0, 6, 31)
shifted = [divergences.normal(wide, m) for m in means]
chi = np.array([np.sum((p - q) ** 2 / (p + q)) for q in shifted])
tv = np.array([divergences.total_variation(p, q) for q in shifted])
plt.figure(figsize=(5.4, 2.8))
plt.plot(means, [divergences.js(p, q) for q in shifted], color=FAKE, label="JS")
plt.plot(means, chi, color=DATA, label=r"$\chi^2$, least squares")
plt.plot(means, 2 * tv, color="grey", label="2 TV, hinge")
plt.plot(means, [divergences.wasserstein(p, q, wide) for q in shifted], color=D_BLUE, label="W")
plt.ylim(0, 4)
plt.xlabel(r"$\mu$")
plt.legend(fontsize=8)
assert np.allclose(chi[[5, 10]], [0.408109, 1.100801], atol=1e-6)          # mu = 1, 2
assert np.allclose(tv[[5, 10]], [0.382925, 0.682689], atol=1e-6)
best = np.sign(p - shifted[10])
least = np.sum(p * np.maximum(0, 1 - best)) + np.sum(shifted[10] * np.maximum(0, 1 + best))
assert np.isclose(least, 2 * (1 - tv[10])) and np.isclose(least, 0.634621, atol=2e-6)
pearson = divergences.F_DIVERGENCES["pearson"]
assert np.isclose(pearson(2 * shifted[5], p + shifted[5]), chi[5])               # this order of the two, not the other

# %% [markdown]
# ## A game whose value measures quality
#
# We use the recipe `wgan-gp` with small players on one Gaussian. The generator starts far away; its learning rate is
# low, so that the critic stays close to its maximum. The curve is the critic's value, the dots are the true distance of
# samples. (This takes a few seconds.)

# %%
small = change(RECIPES["wgan-gp"], {"width": 32, "decay": False, "average": 0, "rate": (1e-3, 0), "gp": 5.0})
game, true = small.start(data="gaussian", batch=64), {}
train(game, 60)                                                # the critic learns first
game.rate_d, game.rate_g = 1e-3, 3e-4


def look(game):
    if game.step % 20 == 0:
        fakes = generate(game.generator, game.noise(1000, rng))
        true[game.step] = metrics.wasserstein(fakes, game.data(1000, rng))


train(game, 240, [look])
plt.figure(figsize=(6, 2.8))
plt.plot(game.history["d_value"], color=D_BLUE, alpha=0.7, label="the critic's value")
plt.plot(true.keys(), true.values(), "o", color=FAKE, markersize=4, label="true distance")
plt.axvspan(0, 60, color="#f0f0f0", zorder=0)
plt.xlabel("step of the generator (grey: $G$ is fixed)")
plt.legend(fontsize=8)
values = [np.mean(game.history["d_value"][step - 10:step]) for step in true]
print(f"correlation {np.corrcoef(values, list(true.values()))[0, 1]:.3f}")
assert np.corrcoef(values, list(true.values()))[0, 1] > 0.9

# %% [markdown]
# **Change** 240 to 420. The fakes overshoot; the critic would have to reverse its slope, and the penalty on a slope of
# 0 prevents this, as in the Dirac-GAN above. Then change the objective of the same game to `"non-saturating"` with
# `gp=0`: does its value show the distance of the fakes?
#
# Next: lecture 10, generators with a condition.
