# %% [markdown]
# # Lab: mode collapse
#
# A collapsed generator makes one kind of example well: it has found the best answer to the present discriminator.
# [Lecture 07](../../lectures/07-what-goes-wrong.md) explains why. Here you cause mode collapse in two ways and measure
# it. You will see that a remedy for one of them does not help against the other. Every task has the same form:
#
# - **predict**: write your answer in place of `None`;
# - **run** the next cells and open the output, which compares the result with your answer;
# - **explain** the difference, if there is one; the answers are folded;
# - **change** the value that the text names.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan import data, divergences, metrics, objectives
from tinygan.game import Game, latent, train
from tinygan.notebook import D_BLUE, DATA, FAKE, OCHRE, check, compare, mark, slider, style
from tinygan.penalties import R1
from tinygan.updates import Adam, ascend
from tinygan.zoo import vanilla

style()
MEANS = data.ring_means()

# %% tags=["hide-input"]
# Draws samples over the ring.
RING = data.ring(300, np.random.default_rng(0))


def draw_samples(panel, x, title=""):
    panel.plot(*RING.T, ".", color=DATA, markersize=6, alpha=0.5)
    panel.plot(*x.T, ".", color=FAKE, markersize=2)
    panel.set(aspect="equal", xlim=(-1.7, 1.7), ylim=(-1.7, 1.7), xticks=[], yticks=[])
    panel.set_title(title, fontsize=9)


# %% [markdown]
# ## 1. The best answer to a fixed discriminator
#
# $D$ makes 150 moves against the first fakes. Then it is fixed, and $G$ makes 300 moves. **Predict** how many of the
# eight modes have fakes near them at the end. And how wide is the cloud of the 400 fakes?

# %%
my_modes = None
my_width = None                                      # their standard deviation in the narrower direction

# %%
draw = latent(2)
z = draw(400, np.random.default_rng(9))


def width(x):
    return x.std(axis=0).min()


def fakes(g, z):
    with tg.no_grad():
        return g(z).numpy()


def best_answer(before=150, moves=300, seed=3):
    """Samples at four moments of G's moves against a fixed D, the first before them; and D."""
    rng = np.random.default_rng(seed)
    g, d = vanilla.networks((2,), 2, rng, width=64)
    adam_d, adam_g = Adam(0.5), Adam(0.5)
    for _ in range(before):
        v = objectives.value(d(data.ring(128, rng)), d(g(draw(128, rng)).detach()))
        ascend(d.theta, adam_d(tg.grad(v, d.parameters())), 2e-3)
    photos = {0: fakes(g, z)}
    for move in range(1, moves + 1):
        value = objectives.g_non_saturating(d(g(draw(128, rng))))
        ascend(g.theta, adam_g(tg.grad(value, g.parameters())), 2e-3)
        if move in (moves // 10, moves // 3, moves):
            photos[move] = fakes(g, z)
    return photos, d


# %% tags=["hide-input"]
# Draws the logit in the plane, and the fakes at four moments.
def draw_answer(photos, d):
    u, v = np.meshgrid(np.linspace(-4, 4, 80), np.linspace(-4, 4, 80))
    field = fakes(d, np.stack([u.ravel(), v.ravel()], 1).astype(np.float32)).reshape(u.shape)
    _, axes = plt.subplots(1, 4, figsize=(11, 2.9))
    for panel, (moves, x) in zip(axes, photos.items()):
        panel.pcolormesh(u, v, field, cmap="RdBu", vmin=-abs(field).max(), vmax=abs(field).max(), alpha=0.6)
        draw_samples(panel, x, f"after {moves} moves: width {width(x):.2f}")
        panel.set(xlim=(-4, 4), ylim=(-4, 4))


# %% tags=["hide-output"]
photos, d = best_answer()
covered = metrics.mixture(photos[300], MEANS, 0.1)["modes"]
compare("modes", my_modes, covered)
compare("width", my_width, width(photos[300]))
draw_answer(photos, d)
check("the fakes are near at most 2 of the 8 modes", covered <= 2, covered)

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
# **Change** the moves of $D$ before to 20 and to 500: does a better $D$ get better fakes?

# %%
draw_answer(*best_answer(before=50))

# %% [markdown]
# ## 2. Metrics for mode collapse
#
# `metrics.mixture` counts the modes that have at least one good point, the share of good points (HQ), and the reverse
# KL of the counts over the modes. We score four samplers: the data; one mode alone; seven of eight; the data blurred by
# 0.1. **Predict** the reverse KL of one mode out of eight, and of seven; and the share of good points of the blurred
# data.

# %%
my_kl_one = None
my_kl_seven = None
my_hq_blurred = None                                 # between 0 and 1

# %%
def score(missing=0, blur=0.01):
    """The metrics of a sampler of a ring without so many of its modes, blurred."""
    rng = np.random.default_rng(0)
    x = MEANS[rng.integers(8 - missing, size=2500)] + blur * rng.normal(size=(2500, 2))
    return metrics.mixture(x.astype(np.float32), MEANS, 0.01)


# %% tags=["hide-input"]
# Draws the three metrics of each sampler.
def draw_scores(scores, marks=()):
    _, axes = plt.subplots(1, 3, figsize=(9, 0.4 * len(scores) + 0.6), sharey=True)
    for panel, key in zip(axes, ("modes", "hq", "reverse_kl")):
        panel.barh(list(scores), [found[key] for found in scores.values()], color=D_BLUE)
        panel.set_title(key)
    axes[0].invert_yaxis()
    for name, mine in marks:
        mark(axes[2], points=None if mine is None else [(mine, name)])


# %% tags=["hide-output"]
scores = {"the data": score(), "one mode": score(7), "seven": score(1), "blurred": score(0, 0.1)}
compare("reverse KL, one mode", my_kl_one, scores["one mode"]["reverse_kl"])
compare("reverse KL, seven modes", my_kl_seven, scores["seven"]["reverse_kl"])
compare("good points, blurred", my_hq_blurred, scores["blurred"]["hq"])
draw_scores(scores, [("one mode", my_kl_one), ("seven", my_kl_seven)])
check("one mode, seven modes and the blurred data have 1, 7 and 8 modes",
      [scores[name]["modes"] for name in ("one mode", "seven", "blurred")] == [1, 7, 8])
check("the reverse KL of one mode is log 8", np.isclose(scores["one mode"]["reverse_kl"], np.log(8)))
check("the reverse KL of seven is log(8/7), up to 0.01",
      np.isclose(scores["seven"]["reverse_kl"], np.log(8 / 7), atol=0.01), scores["seven"]["reverse_kl"])
check("one mode has more than 98 % good points, the blurred data less than 10 %",
      scores["one mode"]["hq"] > 0.98 > 0.1 > scores["blurred"]["hq"])

# %% [markdown]
# <details><summary>Answer</summary>
#
# $\log 8 = 2.08$ and $\log \frac87 = .13$: a single missing mode has little effect. The collapsed sampler has a perfect
# share of good points, as good as the data. By quality alone, it is better than the blurred sampler.
#
# </details>
#
# **Change** the number of missing modes and the blur. Which of the three metrics would you use to compare two
# generators?

# %%
draw_scores({"four missing, blurred by 0.03": score(missing=4, blur=0.03)})

# %% [markdown]
# ## 3. Oscillation from mode to mode
#
# In the first way to collapse, both players use Adam with $\beta_1 = 0.9$. A carpet shows, over time from left to
# right, the share of the fakes near each of the eight modes; we count the modes with at least 1 % of the fakes, as a
# mean over the last quarter of two games. **Predict** this number for $\beta_1 = 0.9$; with R1; with packs of two; and
# for $\beta_1 = 0.5$.

# %%
my_held = None, None, None, None

# %%
def carpet_game(steps=600, seed=0, betas=(0.5, 0.9), rate_d=1e-3, rate_g=1e-3, net=None, remedies=()):
    """The shares of the fakes near each mode, every ten steps (8, steps / 10), and the last fakes."""
    rng = np.random.default_rng(seed)
    g, d = vanilla.networks((2,), 2, rng, width=64, **(net or {}))
    game = Game(g, d, data.ring, latent(2), rng, batch=128, rate_d=rate_d, rate_g=rate_g,
                remedies=list(remedies), optimiser_d=Adam(*betas), optimiser_g=Adam(*betas))
    columns = []

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


# %% tags=["hide-input"]
# Draws the carpet and the last fakes of each game.
def draw_carpets(found):
    _, axes = plt.subplots(2, len(found), figsize=(2.8 * len(found), 4.6), height_ratios=(1, 1.2), squeeze=False)
    for (top, bottom), (name, (carpet, x)) in zip(axes.T, found.items()):
        top.imshow(carpet, aspect="auto", cmap="Greens", vmin=0, vmax=0.4,
                   extent=(0, 10 * carpet.shape[1], 7.5, -0.5))
        top.set_title(f"{name}: {held(carpet):.1f} modes", fontsize=9)
        top.set(xlabel="step", yticks=range(8))
        draw_samples(bottom, x)


# %% tags=["hide-output"]
MOMENTUM = {r"$\beta_1 = .9$": {"betas": (0.9, 0.999)},
            r"$\beta_1 = .9$, R1": {"betas": (0.9, 0.999), "remedies": [R1(1.0)]},
            r"$\beta_1 = .9$, packs of 2": {"betas": (0.9, 0.999), "net": {"packing": 2}},
            r"$\beta_1 = .5$": {}}
found = {name: [carpet_game(seed=seed, **options) for seed in (0, 1)] for name, options in MOMENTUM.items()}
modes = [np.mean([held(carpet) for carpet, _ in two]) for two in found.values()]
for name, mine, number in zip(("0.9", "0.9, R1", "0.9, packs of 2", "0.5"), my_held, modes):
    compare(f"beta1 = {name}: modes", mine, number)
draw_carpets({name: two[0] for name, two in found.items()})
check("with 0.9 fewer than 2.5 of the 8 modes are held", modes[0] < 2.5, found=modes)
check("with 0.5 more than 4 are held", modes[3] > 4, found=modes)
check("R1 adds at least 1.5 modes", modes[1] > modes[0] + 1.5, found=modes)
check("with packs fewer than 3 are held", modes[2] < 3, found=modes)

# %% [markdown]
# **Explain** with the lecture's formula for momentum, $|\mu|^2 \approx 1 + 2h^2\beta / (1 - \beta)^3$: by which factor
# is the outward growth at $\beta = .9$ greater than at .5? Why does R1 help here, and packs do not?
#
# <details><summary>Answer</summary>
#
# $.9 / .001 = 900$ against $.5 / .125 = 4$: 225 times. This collapse is an oscillation: each player drives the other,
# and at each moment the fakes are at one place. R1 is friction: it turns the thin line of fakes into a cloud, but not a
# sharp one in 600 steps. Packs show $D$ that the fakes are too similar, but $D$ already knows this. The input of $D$ is
# not the problem; the steps of both players are too long.
#
# </details>
#
# **Change** $\beta_1$ to 0.7 and to 0: from which value on are all modes held?

# %%
draw_carpets({"your own": carpet_game(steps=300, betas=(0.8, 0.999))})

# %% [markdown]
# ## 4. A generator that is too fast
#
# The second way to collapse: $\beta_1 = .5$, but $G$'s learning rate is four times that of $D$. **Predict** for each
# remedy whether it brings back all eight modes within 400 steps: R1; packs of two; the spread of the batch as one more
# feature; $\beta_1 = 0$. Write them in order, the best first.

# %%
my_order = None                                      # for instance ["R1", "packs", "std", "beta1 = 0", "nothing"]

# %%
FAST = {"rate_d": 1e-3, "rate_g": 4e-3, "steps": 400}
REMEDIES = {"nothing": {}, "R1": {"remedies": [R1(0.3)]}, "packs": {"net": {"packing": 2}},
            "std": {"net": {"minibatch_std": True}}, "beta1 = 0": {"betas": (0.0, 0.9)}}

# %% tags=["hide-output"]
found = {name: [carpet_game(seed=seed, **FAST, **options) for seed in (0, 1)] for name, options in REMEDIES.items()}
modes = {name: np.mean([held(carpet) for carpet, _ in two]) for name, two in found.items()}
compare("order", my_order, sorted(modes, key=modes.get, reverse=True))
draw_carpets({name: two[0] for name, two in found.items()})
check("without a remedy fewer than 2.5 modes are held, the mean of two seeds", modes["nothing"] < 2.5, found=modes)
check("with packs and with beta1 = 0 more than 5 are held", min(modes["packs"], modes["beta1 = 0"]) > 5, found=modes)
check("with R1 fewer than 4 are held", modes["R1"] < 4, found=modes)

# %% [markdown]
# The best remedy of part 3 is not the best here. **Explain.** Is one game a proof? The numbers that are compared are
# means of two games; the picture shows one of them.
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
# **Change** the seed, and $G$'s rate to 2e-3 and 8e-3: which of your explanations still hold?

# %%
draw_carpets({"packs": carpet_game(seed=2, steps=400, rate_d=1e-3, rate_g=4e-3, net={"packing": 2})})

# %% [markdown]
# ## 5. The divergence between packs
#
# A generator makes only one of $n$ equal modes. **Predict** the Jensen-Shannon divergence between packs of $k$: for
# $n = 8$, $k = 1, 2, 3, 4$. And is the effect of packs larger or smaller if the generator makes seven of the eight?

# %%
my_js = None                                         # for one mode of eight: four numbers
my_effect = None                                     # "larger" or "smaller": JS at k = 4 divided by JS at k = 1

# %%
packs = np.arange(1, 5)


def js_of_packs(made, k):
    """The divergence between packs of k from eight modes, and from the first `made` of them."""
    one = np.where(np.arange(8) < made, 1 / made, 0)
    q = one
    for _ in range(k - 1):
        q = np.outer(q, one).ravel()                                    # independent draws within a pack
    return divergences.js(np.full(8**k, 1 / 8**k), q)


curves = {made: [js_of_packs(made, k) for k in packs] for made in (1, 4, 7)}

# %% tags=["hide-input"]
# Draws the divergence against the size of the packs.
def draw_packs(curves, mine=None):
    plt.figure(figsize=(5.4, 2.9))
    for (made, values), colour in zip(curves.items(), (FAKE, OCHRE, DATA)):
        plt.plot(packs, values, "o-", color=colour, label=f"{made} of 8 modes")
    plt.axhline(np.log(2), color="grey", linestyle=":")
    plt.text(1, np.log(2) - 0.06, r"$\log 2$", color="grey")
    mark(plt.gca(), points=None if mine is None else list(zip(packs, mine)))
    plt.xlabel("examples in a pack")
    plt.ylabel("Jensen-Shannon divergence")
    plt.xticks(packs)
    plt.ylim(0, 0.75)
    plt.legend()


def draw_made(made=6):
    draw_packs({made: [js_of_packs(made, k) for k in packs]})


# %% tags=["hide-output"]
compare("one mode of eight", my_js, curves[1])
effect = {made: values[3] / values[0] for made, values in curves.items()}
compare("the effect with seven modes", my_effect, "larger" if effect[7] > effect[1] else "smaller")
draw_packs(curves, my_js)
for made, values in curves.items():
    share = (made / 8) ** packs                                         # the share of the data's packs that G can make
    by_hand = (share * np.log(2 * share / (1 + share)) + np.log(2 / (1 + share)) + (1 - share) * np.log(2)) / 2
    check("the divergence depends on (made / 8)^k alone", np.allclose(values, by_hand))
    check("larger packs have a larger divergence", (np.diff(values) > 0).all())

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
# **Change** the number of modes that $G$ makes.

# %%
slider(draw_made, made=(1, 8, 1))

# %% [markdown]
# ## 6. Your own experiments
#
# - Uneven data: draw the modes with unequal probability (`data.sampler` of your own points). Which modes are lost
#   first?
# - `net={"spectral_norm": True}` and `remedies=[InstanceNoise(0.3), Unrolled(3, 0.3)]` of `tinygan.penalties` are
#   options of `carpet_game` as well. Predict for both kinds of collapse, then try.
# - Find the largest ratio of the rates at which the game with $\beta_1 = .5$ still keeps all eight modes.
