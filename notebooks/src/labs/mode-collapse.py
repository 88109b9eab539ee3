# %% [markdown]
# # Lab: mode collapse
#
# A collapsed generator makes one kind of example well: it has found the best answer to the present discriminator.
# [Lecture 07](../../lectures/07-what-goes-wrong.md) explains why. Here you cause mode collapse in two ways and measure
# it. You will see that a remedy for one of them does not help against the other.
#
# **Predict** (put your answer in place of `None`), **run**, **explain** (the answers are folded), **change**.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan import data, divergences, metrics, objectives
from tinygan.game import Game, latent, train
from tinygan.penalties import R1
from tinygan.updates import Adam, ascend
from tinygan.zoo import vanilla

FAKE, D_BLUE, DATA, OCHRE = "#d1495b", "#2e6f95", "#3a7d44", "#d08c2f"
plt.rcParams.update({"figure.dpi": 85, "axes.spines.top": False, "axes.spines.right": False,
                     "figure.constrained_layout.use": True})
MEANS = data.ring_means()
RING = data.ring(300, np.random.default_rng(0))


def show(panel, x, title=""):
    panel.plot(*RING.T, ".", color=DATA, markersize=6, alpha=0.5)
    panel.plot(*x.T, ".", color=FAKE, markersize=2)
    panel.set(aspect="equal", xlim=(-1.7, 1.7), ylim=(-1.7, 1.7), xticks=[], yticks=[])
    panel.set_title(title, fontsize=9)


# %% [markdown]
# ## 1. The best answer to a fixed discriminator
#
# $D$ makes 150 moves against the first fakes. Then it is fixed, and $G$ makes 300 moves. **Predict** the positions of
# the 400 fakes: at one point, on one mode, on all eight, elsewhere? And how wide is their cloud?

# %%
my_width = None                                      # their standard deviation in the narrower direction

rng = np.random.default_rng(3)
g, d = vanilla.networks((2,), 2, rng, width=64)
draw, adam_d, adam_g = latent(2), Adam(0.5), Adam(0.5)
z = draw(400, np.random.default_rng(9))


def width(x):
    return x.std(axis=0).min()


def fakes(g, z):
    with tg.no_grad():
        return g(z).numpy()


for _ in range(150):
    v = objectives.value(d(data.ring(128, rng)), d(g(draw(128, rng)).detach()))
    ascend(d.theta, adam_d(tg.grad(v, d.parameters())), 2e-3)
u, v = np.meshgrid(np.linspace(-4, 4, 80), np.linspace(-4, 4, 80))
with tg.no_grad():
    field = d(tg.Tensor(np.stack([u.ravel(), v.ravel()], 1).astype(np.float32))).numpy().reshape(u.shape)
photos = [fakes(g, z)]
for move in range(1, 301):
    value = objectives.g_non_saturating(d(g(draw(128, rng))))
    ascend(g.theta, adam_g(tg.grad(value, g.parameters())), 2e-3)
    if move in (30, 100, 300):
        photos.append(fakes(g, z))
figure, axes = plt.subplots(1, 4, figsize=(11, 2.9))
for panel, x, moves in zip(axes, photos, (0, 30, 100, 300)):
    panel.pcolormesh(u, v, field, cmap="RdBu", vmin=-abs(field).max(), vmax=abs(field).max(), alpha=0.6)
    show(panel, x, f"after {moves} moves: width {width(x):.2f}")
    panel.set(xlim=(-4, 4), ylim=(-4, 4))
if my_width is not None:
    print(f"your answer: {my_width}, measured: {width(photos[-1]):.2f}")
covered = metrics.mixture(photos[-1], MEANS, 0.1)["modes"]
assert covered <= 2

# %% [markdown]
# **Explain:** $D$ saw all eight modes and gives them similar values. Why do the fakes not spread over all of them?
#
# <details><summary>Answer</summary>
#
# Each fake follows its own arrow uphill on the logit, and its gradient does not depend on the other fakes. All begin
# close together, so all follow the same path uphill. The best answer is one point; it need not even be on a mode. Here
# there is no such point: $D$ was not trained beyond the data, and the logit increases without end.
#
# </details>
#
# ## 2. Metrics for mode collapse
#
# `metrics.mixture` counts the modes that have at least one good point, the share of good points (HQ), and the reverse
# KL of the counts over the modes. **Predict** the three numbers for four samplers: the data; one mode alone; seven of
# eight; the data blurred by 0.1. In particular, give the reverse KL of one mode out of eight, and of seven.

# %%
my_kl_one, my_kl_seven = None, None

rng = np.random.default_rng(0)
perfect = data.ring(2500, rng)
one = (MEANS[0] + 0.01 * rng.normal(size=(2500, 2))).astype(np.float32)
seven = (MEANS[rng.integers(7, size=2500)] + 0.01 * rng.normal(size=(2500, 2))).astype(np.float32)
SAMPLERS = {"the data": perfect, "one mode": one, "seven": seven,
            "blurred": (perfect + rng.normal(0, 0.1, perfect.shape)).astype(np.float32)}
scores = {name: metrics.mixture(x, MEANS, 0.01) for name, x in SAMPLERS.items()}
figure, axes = plt.subplots(1, 3, figsize=(9, 2.2), sharey=True)
for panel, key in zip(axes, ("modes", "hq", "reverse_kl")):
    panel.barh(list(scores), [score[key] for score in scores.values()], color=D_BLUE)
    panel.set_title(key)
axes[0].invert_yaxis()
for name, mine in (("one mode", my_kl_one), ("seven", my_kl_seven)):
    if mine is not None:
        axes[2].plot(mine, name, "ks")
assert (scores["one mode"]["modes"], scores["seven"]["modes"], scores["blurred"]["modes"]) == (1, 7, 8)
assert np.isclose(scores["one mode"]["reverse_kl"], np.log(8))
assert np.isclose(scores["seven"]["reverse_kl"], np.log(8 / 7), atol=0.01)
assert scores["one mode"]["hq"] > 0.98 > 0.1 > scores["blurred"]["hq"]

# %% [markdown]
# <details><summary>Answer</summary>
#
# $\log 8 = 2.08$ and $\log \frac87 = .13$: a single missing mode has little effect. The collapsed sampler has a perfect
# share of good points, as good as the data. By quality alone, it is better than the blurred sampler.
#
# </details>
#
# ## 3. Oscillation from mode to mode
#
# In the first way to collapse, both players use Adam with $\beta_1 = 0.9$. The carpet shows, over time from left to
# right, the share of the fakes near each of the eight modes. **Predict** the carpet for $\beta_1 = 0.9$ and for 0.5.

# %%
def carpet_game(steps=600, seed=0, betas=(0.5, 0.9), rate_d=1e-3, rate_g=1e-3, net=None, remedies=()):
    """The shares of the fakes near each mode, every ten steps (8, steps / 10), and the last fakes."""
    rng = np.random.default_rng(seed)
    g, d = vanilla.networks((2,), 2, rng, width=64, **(net or {}))
    game = Game(g, d, data.ring, latent(2), rng, batch=128, rate_d=rate_d, rate_g=rate_g,
                remedies=list(remedies), optimiser_d=Adam(*betas), optimiser_g=Adam(*betas))
    z, columns = draw(400, np.random.default_rng(9)), []

    def look(game):
        if game.step % 10 == 0:
            square = ((fakes(g, z)[:, None] - MEANS) ** 2).sum(axis=2)
            near = square.argmin(axis=1)[square.min(axis=1) < 0.25**2]
            columns.append(np.bincount(near, minlength=8) / len(z))
    train(game, steps, [look], record_every=steps)
    return np.array(columns).T, fakes(g, z)


def held(carpet):
    """The number of modes with at least 1 % of the fakes near them, as a mean over the last quarter."""
    late = carpet[:, -carpet.shape[1] // 4:]
    return (late > 0.01).sum(axis=0).mean()


def show_carpet(panel, carpet, title):
    panel.imshow(carpet, aspect="auto", cmap="Greens", vmin=0, vmax=0.4, extent=(0, 10 * carpet.shape[1], 7.5, -0.5))
    panel.set_title(f"{title}: {held(carpet):.1f} modes", fontsize=9)
    panel.set(xlabel="step", yticks=range(8))


MOMENTUM = {r"$\beta_1 = .9$": {"betas": (0.9, 0.999)},
            r"$\beta_1 = .9$, R1": {"betas": (0.9, 0.999), "remedies": [R1(1.0)]},
            r"$\beta_1 = .9$, packs of 2": {"betas": (0.9, 0.999), "net": {"packing": 2}},
            r"$\beta_1 = .5$": {}}
found = {name: carpet_game(**options) for name, options in MOMENTUM.items()}
figure, axes = plt.subplots(2, 4, figsize=(11.5, 4.6), height_ratios=(1, 1.2))
for (top, bottom), (name, (carpet, x)) in zip(axes.T, found.items()):
    show_carpet(top, carpet, name)
    show(bottom, x)
modes = [held(carpet) for carpet, _ in found.values()]
assert modes[0] < 2 < 5 < modes[3]
assert modes[1] > modes[0] + 2
assert modes[2] < 3

# %% [markdown]
# **Explain** with the lecture's formula for momentum, $|\mu|^2 \approx 1 + 2h^2\beta / (1 - \beta)^3$: by which factor
# is the outward growth at $\beta = .9$ greater than at .5? Why does R1 help here, and packs do not? The third carpet
# has diagonal stripes: what is their period?
#
# <details><summary>Answer</summary>
#
# $.9 / .001 = 900$ against $.5 / .125 = 4$: 225 times. This collapse is an oscillation: each player drives the other,
# and at each moment the fakes are at one place. With packs they even circle around the ring, one round in about 130
# steps. R1 is friction: it turns the thin line of fakes into a cloud, but not a sharp one in 600 steps. Packs show $D$
# that the fakes are too similar, but $D$ already knows this. The input of $D$ is not the problem; the steps of both
# players are too long.
#
# </details>
#
# ## 4. A generator that is too fast
#
# The second way to collapse: $\beta_1 = .5$, but $G$'s learning rate is four times that of $D$. **Predict** for each
# remedy whether it brings back all eight modes within 400 steps: R1; packs of two; the spread of the batch as one more
# feature; $\beta_1 = 0$.

# %%
my_order = None                                      # your order, the best first, for instance ["R1", ...]

FAST = {"rate_d": 1e-3, "rate_g": 4e-3, "steps": 400}
REMEDIES = {"nothing": {}, "R1": {"remedies": [R1(0.3)]}, "packs of 2": {"net": {"packing": 2}},
            "minibatch std": {"net": {"minibatch_std": True}}, r"$\beta_1 = 0$": {"betas": (0.0, 0.9)}}
found = {name: [carpet_game(seed=seed, **FAST, **options) for seed in (0, 1)] for name, options in REMEDIES.items()}
figure, axes = plt.subplots(2, 5, figsize=(13, 4.6), height_ratios=(1, 1.2))
for (top, bottom), (name, two) in zip(axes.T, found.items()):
    show_carpet(top, two[0][0], name)
    show(bottom, two[0][1])
modes = {name: np.mean([held(carpet) for carpet, _ in two]) for name, two in found.items()}
if my_order is not None:
    print("you:", my_order, "measured:", sorted(modes, key=modes.get, reverse=True))
assert modes["nothing"] < 2.5
assert min(modes["packs of 2"], modes[r"$\beta_1 = 0$"]) > 5
assert modes["R1"] < 4

# %% [markdown]
# The best remedy of part 3 is not the best here. **Explain.** Is one game a proof? There are two seeds in the cell;
# **change** them, and the ratio of the learning rates, and see which of your explanations still hold.
#
# <details><summary>Answer</summary>
#
# A $G$ that moves much faster than $D$ plays $\max_D \min_G$: it finds the best point against the present $D$ before
# $D$ can answer, as in part 1. R1 slows $D$ even more. A $D$ that sees pairs detects at once that the two are alike, so
# a single point is no longer a good answer. $\beta_1 = 0$ removes the part of $G$'s speed that comes from old
# gradients. The spread of the batch *could* help as well, but here it comes last, after $D$'s hidden layers, and does
# not help: a remedy that is right in theory can be weak in a given network.
#
# </details>
#
# ## 5. The divergence between packs
#
# A generator makes only one of $n$ equal modes. **Predict** the Jensen-Shannon divergence between packs of $k$: for
# $n = 8$, $k = 1, 2, 3, 4$. And if the generator makes four of the eight?

# %%
my_js = None                                         # for one mode of eight: four numbers

packs = np.arange(1, 5)
plt.figure(figsize=(5.4, 2.9))
curves = {}
for made, colour in {1: FAKE, 4: OCHRE, 7: DATA}.items():
    curves[made] = []
    for k in packs:
        p = np.full(8**k, 1 / 8**k)
        one = np.where(np.arange(8) < made, 1 / made, 0)
        q = one
        for _ in range(k - 1):
            q = np.outer(q, one).ravel()                                # independent draws within a pack
        curves[made].append(divergences.js(p, q))
    plt.plot(packs, curves[made], "o-", color=colour, label=f"{made} of 8 modes")
plt.axhline(np.log(2), color="grey", linestyle=":")
plt.text(1, np.log(2) - 0.06, r"$\log 2$", color="grey")
if my_js is not None:
    plt.plot(packs, my_js, "ks", label="you")
plt.xlabel("examples in a pack")
plt.ylabel("Jensen-Shannon divergence")
plt.xticks(packs)
plt.legend(fontsize=8)
for made, values in curves.items():
    share = (made / 8) ** packs                                         # the share of the data's packs that G can make
    by_hand = (share * np.log(2 * share / (1 + share)) + np.log(2 / (1 + share)) + (1 - share) * np.log(2)) / 2
    assert np.allclose(values, by_hand)
    assert (np.diff(values) > 0).all()

# %% [markdown]
# **Explain** the form of the curves: for which generator do packs make the greatest difference?
#
# <details><summary>Answer</summary>
#
# The divergence depends only on $s = (\text{made}/8)^k$, and $s$ falls like a power of $k$. If the generator makes one
# mode of eight, single examples already give a value close to $\log 2$, and packs add little. If it makes seven, the
# divergence of packs of four is several times as large. For the collapsed generator of part 4, packs have another
# effect: they change which *other* positions are good for the next fake.
#
# </details>
#
# ## 6. Your own experiments
#
# - Uneven data: draw the modes with unequal probability (`data.sampler` of your own points). Which modes are lost
#   first?
# - `net={"spectral_norm": True}` and `remedies=[InstanceNoise(0.3), Unrolled(3, 0.3)]` of `tinygan.penalties` are
#   options of `carpet_game` as well. Predict for both kinds of collapse, then try.
# - Find the largest ratio of the rates at which the game with $\beta_1 = .5$ still keeps all eight modes.
