# %% [markdown]
# # Lab: vanishing gradients
#
# [Lecture 07](../../lectures/07-what-goes-wrong.md) shows: a discriminator that wins leaves the generator without a
# slope, or with a slope that is far too steep. Here you examine the details: which factor vanishes, for which
# generator, after how many steps, and which remedies help. Every task has the same form:
#
# - **predict**: write your answer in place of `None`; if it is a number, the picture shows it in black;
# - **run** the next cells and open the output;
# - **explain** the difference, if there is one; the answers are folded;
# - **change** the value that the text names.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan import data, objectives, penalties
from tinygan.game import latent
from tinygan.notebook import D_BLUE, DATA, FAKE, OCHRE, check, compare, mark, slider, style
from tinygan.updates import Adam, ascend, descend, vector
from tinygan.zoo import vanilla

style()
OBJECTIVES = {"minimax": (objectives.g_minimax, FAKE), "non-saturating": (objectives.g_non_saturating, D_BLUE)}

# %% [markdown]
# ## 1. Near 0 or near 1?
#
# A well-known textbook claims that the minimax loss $\log(1 - D)$ has vanishing gradients if $D(G(z))$ is near 1.
# **Predict:** at which end does its slope along the logit vanish? And at which $D$ are the slopes of the two objectives
# equal?

# %%
my_end = None                                        # 0 or 1
my_equal = None

# %%
def slopes_at(d):
    """The lengths of the slopes of both objectives along the logit, from the tape: no formula is assumed."""
    found = {}
    for name, (objective, _) in OBJECTIVES.items():
        a = tg.Tensor(np.log(d / (1 - d))[:, None], requires_grad=True)
        found[name] = abs(tg.grad(objective(a), [a])[0].numpy()[:, 0]) * len(d)
    return found


d = np.linspace(0.001, 0.999, 400)
slopes = slopes_at(d)

# %% tags=["hide-input"]
# Draws the slopes along the logit; then, for one value of D, the loss along the probability and along the logit.
def draw_slopes(mine=None):
    plt.figure(figsize=(5.4, 2.8))
    for name, (_, colour) in OBJECTIVES.items():
        plt.plot(d, slopes[name], color=colour, label=name)
    mark(plt.gca(), x=mine)
    plt.xlabel("$D(G(z))$")
    plt.ylabel("slope along the logit")
    plt.legend()


def draw_tangent(probability=0.1):
    _, (left, right) = plt.subplots(1, 2, figsize=(8, 2.6))
    logit = np.log(probability / (1 - probability))
    left.plot(d, np.log(1 - d), color=FAKE)
    left.axline((probability, np.log(1 - probability)), slope=-1 / (1 - probability), color="grey")
    left.plot(probability, np.log(1 - probability), "o", color=FAKE)
    left.set(xlabel="$D$", ylim=(-6, 1), title=rf"$\log(1 - D)$ along $D$: slope {-1 / (1 - probability):.2f}")
    a = np.linspace(-6, 6, 200)
    right.plot(a, tg.log_sigmoid(-a), color=FAKE)
    right.axline((logit, np.log(1 - probability)), slope=-probability, color="grey")
    right.plot(logit, np.log(1 - probability), "o", color=FAKE)
    right.set(xlabel="logit", ylim=(-6, 1), title=f"along the logit: slope {-probability:.2f}")


# %% tags=["hide-output"]
compare("end", my_end, 0 if slopes["minimax"][0] < slopes["minimax"][-1] else 1)
compare("equal", my_equal, d[np.argmin(abs(slopes["minimax"] - slopes["non-saturating"]))])
draw_slopes(my_equal)
check("the minimax slope is below 0.002 at D = 0.001 and above 0.99 at D = 0.999",
      slopes["minimax"][0] < 0.002 < 0.99 < slopes["minimax"][-1])
check("the ratio of the slopes is D / (1 - D)", np.allclose(slopes["minimax"] / slopes["non-saturating"], d / (1 - d)))

# %% [markdown]
# <details><summary>Answer</summary>
#
# The slope of $\log(1 - \sigma(a))$ is $-\sigma(a) = -D$: it vanishes near **0**, where $D$ recognises the fakes; near
# 1 it is largest. The two are equal at $D = \frac12$. Why might a text claim 1? As a function of the *probability*,
# $\log(1 - D)$ is steepest near 1, and flat near 0; it is easy to confuse the curve with the player's position on it.
#
# </details>
#
# **Change** $D$ with the slider: compare the slope along $D$ with the slope along the logit, at both ends.

# %%
slider(draw_tangent, probability=(0.02, 0.98, 0.02))

# %% [markdown]
# ## 2. The gradient while $D$ learns
#
# We use the ring of eight modes. $G$ has its initial weights and is fixed; $D$ makes 500 moves. After every few moves
# we compute the norm of $G$'s gradient, for both objectives. **Predict** the ratio of the two norms after 500 moves,
# non-saturating to minimax.

# %%
my_ratio = None                                      # for instance 10.0

# %%
def watch(steps, seed=0, r1=0.0, noise=0.0, rate=1e-3, width=128, every=20):
    """D learns while G is fixed. Rows: step, the norm of G's gradient for both objectives, mean D at the fakes,
    mean |grad_x a| at the fakes, the share of fakes that count for minimax, what theorem 2.4 bounds, its bound."""
    rng = np.random.default_rng(seed)
    g, d = vanilla.networks((2,), 2, rng, width=width)
    adam, draw, rows = Adam(0.5, 0.9), latent(2), []
    z = draw(500, np.random.default_rng(1))

    def blurred(x):
        return penalties.instance_noise(x, noise, rng) if noise else x

    for step in range(steps + 1):
        if step % every == 0:
            norms = [np.linalg.norm(vector(tg.grad(objective(d(blurred(g(z)))), g.parameters())))
                     for objective, _ in OBJECTIVES.values()]
            x = tg.Tensor(g(z).numpy(), requires_grad=True)
            a = d(x)
            slope = tg.grad(tg.sum(a), [x])[0].numpy().astype(float)
            p = tg.sigmoid(a.numpy().astype(float))
            effective = p.sum() ** 2 / (p**2).sum() / len(p)
            epsilon = max(p.max(), np.linalg.norm(p * (1 - p) * slope, axis=1).max())
            shift = np.linalg.norm((p * slope).mean(axis=0))
            rows.append((step, *norms, p.mean(), np.linalg.norm(slope, axis=1).mean(), effective, shift, epsilon))
        x = tg.Tensor(data.ring(64, rng), requires_grad=r1 > 0)
        real, fake = d(blurred(x)), d(blurred(g(draw(64, rng)).detach()))
        v = objectives.value(real, fake)
        if r1:
            v = v - penalties.r1(real, x, r1)
        ascend(d.theta, adam(tg.grad(v, d.parameters())), rate)
    return np.array(rows).T


runs = [watch(500, seed) for seed in range(3)]

# %% tags=["hide-input"]
# Draws both norms for each game.
def draw_norms(runs, mine=None):
    plt.figure(figsize=(6, 3))
    for run in runs:
        for i, (name, (_, colour)) in enumerate(OBJECTIVES.items()):
            plt.semilogy(run[0], run[1 + i], color=colour, label=name if run is runs[0] else None)
    mark(plt.gca(), points=None if mine is None else [(500, runs[0][2][-1] / mine)])
    plt.xlabel("moves of $D$")
    plt.ylabel("norm of $G$'s gradient")
    plt.legend()


# %% tags=["hide-output"]
compare("ratio, median of three games", my_ratio, np.median([run[2][-1] / run[1][-1] for run in runs]))
draw_norms(runs, my_ratio)
check("at first the two norms are similar, up to a factor of 5", all(0.2 < run[2][0] / run[1][0] < 5 for run in runs))
check("after 500 moves the non-saturating one is at least 1,000 times larger",
      all(run[2][-1] / run[1][-1] >= 1e3 for run in runs), found=[run[2][-1] / run[1][-1] for run in runs])
check("the minimax norm has fallen at least to a tenth", all(run[1][-1] < run[1][0] / 10 for run in runs))
check("the non-saturating norm has grown at least tenfold", all(run[2][-1] > 10 * run[2][0] for run in runs))

# %% [markdown]
# **Explain** why the non-saturating gradient *grows*. Its slope along the logit is at most 1. **Change** the width of
# both networks to 32: how does the ratio depend on the size of $D$?

# %%
draw_norms([watch(200, width=64)])

# %% [markdown]
# ## 3. The factor that vanishes
#
# The gradient at a fake is a product: $\sigma(a)$ (or $1 - \sigma(a)$), times $\nabla_x a$, times the derivative of the
# fake with respect to $G$'s parameters. **Predict** for the first two: does each rise or fall while $D$ learns? By how
# many powers of ten?

# %%
my_powers_d = None                                   # for instance -2: falls to a hundredth
my_powers_slope = None

# %% tags=["hide-input"]
# Draws the factors for each game.
def draw_factors(runs, powers=(None, None)):
    _, axes = plt.subplots(1, 3, figsize=(10, 2.7))
    for run in runs:
        axes[0].semilogy(run[0], run[3], color=FAKE)
        axes[1].semilogy(run[0], run[4], color=D_BLUE)
        axes[2].semilogy(run[0], run[5], color=OCHRE)
    for panel, row, mine in zip(axes, (3, 4), powers):
        mark(panel, y=None if mine is None else runs[0][row][0] * 10.0**mine)
    for panel, title in zip(axes, ("mean $D$ at the fakes", r"mean $|\nabla_x a|$ at the fakes",
                                   "share of fakes that count")):
        panel.set(title=title, xlabel="moves of $D$")


# %% tags=["hide-output"]
fallen, risen = (np.median([np.log10(run[row][-1] / run[row][0]) for run in runs]) for row in (3, 4))
compare("D at the fakes, powers of ten", my_powers_d, fallen)
compare("slope of the logit, powers of ten", my_powers_slope, risen)
draw_factors(runs, (my_powers_d, my_powers_slope))
check("D at the fakes falls to less than a thousandth", all(run[3][-1] < 1e-3 * run[3][0] for run in runs))
check("the slope of the logit grows at least tenfold", all(run[4][-1] > 10 * run[4][0] for run in runs))
check("at first more than 99 % of the fakes count, in the end fewer than 80 %",
      all(run[5][-1] < 0.8 < 0.99 < run[5][0] for run in runs), found=[run[5][-1] for run in runs])

# %% [markdown]
# The third picture is $(\sum_i D_i)^2 / \sum_i D_i^2$, divided by the number of fakes: 1 if all have the same weight,
# $1/n$ if one alone decides. **Explain** the consequence for the *direction* of the minimax gradient.
#
# <details><summary>Answers</summary>
#
# $D$ at the fakes falls exponentially in the logit, the slope of the logit rises only in proportion to the weights, so
# the product vanishes. The non-saturating factor $1 - \sigma$ stays near 1, so the slope rises. The rest of the minimax
# gradient comes more and more from a few fakes, those with the highest $D$.
#
# </details>
#
# **Change** the seed: does the share of fakes that count fall as far in every game?

# %%
draw_factors([watch(300, seed=3)])

# %% [markdown]
# ## 4. A bound on the minimax gradient
#
# Let $D$ and its slope be below $\epsilon$ at all fakes. Then the minimax gradient is at most $M \epsilon / (1 -
# \epsilon)$. For a generator that can only shift all its fakes, $M = 1$. **Predict:** how many times larger than the
# measured value is the bound, where it holds?

# %%
my_times = None

# %%
def bound(run):
    """Where the bound exists, its value, and the measured gradient of a shift."""
    holds = run[7] < 1
    return run[0][holds], (run[7] / (1 - run[7]))[holds], run[6][holds]


# %% tags=["hide-input"]
# Draws the bound and the measured gradients.
def draw_bound(runs):
    plt.figure(figsize=(5.4, 2.8))
    for run in runs:
        steps, limit, _ = bound(run)
        plt.semilogy(steps, limit, "--", color="#808080")
        plt.semilogy(run[0], run[6], color=FAKE)
    plt.xlabel("moves of $D$")
    plt.legend(["the bound, if $\\epsilon < 1$", "gradient of a shift"])


# %% tags=["hide-output"]
times = np.concatenate([limit / measured for _, limit, measured in map(bound, runs)])
compare("bound / gradient, median", my_times, np.median(times))
draw_bound(runs)
for run in runs:
    steps, limit, measured = bound(run)
    check("the bound exists for some steps of each game", len(steps) > 0)
    check("the gradient is nowhere above the bound", (measured <= limit * (1 + 1e-9)).all())

# %% [markdown]
# <details><summary>Answer</summary>
#
# It is true but not tight: $\epsilon$ is the largest value over all fakes, and one fake near a mode makes it large. But
# if $D$ is perfect everywhere, the bound forces the gradient to 0.
#
# </details>
#
# **Change** the remedy: with R1, does the bound exist longer?

# %%
draw_bound([watch(200, r1=0.1)])

# %% [markdown]
# ## 5. Does Adam solve the problem?
#
# Adam divides by the size of recent gradients, so a small gradient does not give a small step. $D$ has made 120 moves.
# Now $G$ makes 40 moves against the fixed $D$, with plain steps of rate 0.05 or with Adam. **Predict** for the minimax
# generator: by which factor does the mean of $D$ at its fakes grow?

# %%
my_plain = None
my_adam = None

# %%
def escape(objective, plain, before=120, moves=40):
    """The mean of D at the fakes while G moves against a trained, fixed D."""
    rng = np.random.default_rng(0)
    g, d = vanilla.networks((2,), 2, rng)
    adam_d, adam_g, draw, path = Adam(0.5, 0.9), Adam(0.5, 0.9), latent(2), []
    for _ in range(before):
        v = objectives.value(d(data.ring(64, rng)), d(g(draw(64, rng)).detach()))
        ascend(d.theta, adam_d(tg.grad(v, d.parameters())), 1e-3)
    for _ in range(moves):
        logits = d(g(draw(128, rng)))
        path.append(tg.sigmoid(logits.numpy().astype(float)).mean())
        gradient = vector(tg.grad(objective(logits), g.parameters()))
        move = descend if objective is objectives.g_minimax else ascend
        move(g.theta, gradient if plain else adam_g(gradient), 0.05 if plain else 1e-3)
    return np.array(path)


# %% tags=["hide-input"]
# Draws D at the fakes of both generators, with plain steps and with Adam.
def draw_escapes(before=120):
    _, axes = plt.subplots(1, 2, figsize=(8.5, 2.7), sharey=True)
    found = {}
    for panel, plain in zip(axes, (True, False)):
        for name, (objective, colour) in OBJECTIVES.items():
            path = found[name, plain] = escape(objective, plain, before)
            panel.semilogy(path, color=colour, label=name)
        panel.set(title="plain steps" if plain else "Adam", xlabel="moves of $G$")
    axes[0].set_ylabel("mean $D$ at the fakes")
    axes[0].legend()
    return found


# %% tags=["hide-output"]
ends = draw_escapes()
plain, adam = (ends["minimax", kind][-1] / ends["minimax", kind][0] for kind in (True, False))
compare("plain steps", my_plain, plain)
compare("Adam", my_adam, adam)
check("with plain steps, the minimax fakes end below D = 0.1, the non-saturating ones above",
      ends["minimax", True][-1] < 0.1 < ends["non-saturating", True][-1])
check("with Adam, D at the minimax fakes grows at least five times", adam > 5, adam)

# %% [markdown]
# <details><summary>Answer</summary>
#
# With plain steps the minimax generator hardly moves. With Adam it does: Adam corrects the size, and here the direction
# is good, too. So Adam hides the problem as long as the direction is right and the gradient is larger than Adam's own
# $10^{-8}$; after 500 moves of $D$ this is no longer true.
#
# </details>
#
# **Change** the moves of $D$ before to 500.

# %%
draw_escapes(before=200);

# %% [markdown]
# ## 6. Remedies
#
# We train the same $D$, with a remedy, for 300 moves. **Predict** the order of the four, the largest minimax gradient
# in the end first: nothing; R1 of weight 0.3; noise of width 0.3; a rate ten times lower.

# %%
my_order = None                                      # for instance ["noise", "R1", "low rate", "nothing"]

# %%
REMEDIES = {"nothing": ({}, FAKE), "R1": ({"r1": 0.3}, DATA), "noise": ({"noise": 0.3}, OCHRE),
            "low rate": ({"rate": 1e-4}, "#808080")}

# %% tags=["hide-input"]
# Draws the minimax gradient with each remedy, and the ratio of the two generators.
def draw_remedies(found):
    _, (left, right) = plt.subplots(1, 2, figsize=(9, 3))
    for name, (run, colour) in found.items():
        left.semilogy(run[0], run[1], color=colour, label=name)
        right.semilogy(run[0], run[2] / run[1], color=colour)
    left.set(title="minimax: norm of $G$'s gradient", xlabel="moves of $D$")
    right.set(title="non-saturating / minimax", xlabel="moves of $D$")
    left.legend()


# %% tags=["hide-output"]
found = {name: (watch(300, **options), colour) for name, (options, colour) in REMEDIES.items()}
norms = {name: run[1][-1] for name, (run, _) in found.items()}
ratios = {name: run[2][-1] / run[1][-1] for name, (run, _) in found.items()}
compare("order", my_order, sorted(norms, key=norms.get, reverse=True))
draw_remedies(found)
check("without a remedy the ratio of the two generators is above 1,000", ratios["nothing"] > 1e3, found=ratios)
check("with R1 and with noise it is below 300", max(ratios["R1"], ratios["noise"]) < 300, found=ratios)
check("R1 and noise make the minimax gradient more than 100 times larger",
      min(norms["R1"], norms["noise"]) > 100 * norms["nothing"], found=norms)

# %% [markdown]
# **Explain** the grey curve: is a slower $D$ a remedy? How would the curve look after ten times as many moves?
#
# <details><summary>Answer</summary>
#
# A slower $D$ is the same $D$ at an earlier step. R1 and noise change the final $D$: with them the best $D$ itself has
# a slope that $G$ can use. (In a game, where $G$ moves too, a slower $D$ may be enough, but we cannot know for how
# long.)
#
# </details>
#
# **Change** the weight of R1: find the smallest that keeps the ratio below 100 after 300 moves.

# %%
run = watch(300, r1=0.1)
print(f"ratio after 300 moves: {run[2][-1] / run[1][-1]:.4g}")

# %% [markdown]
# ## 7. Your own experiments
#
# - How large is the difference of part 6 with `width=32`?
# - Make the ring's modes wider: `data.ring(64, rng, sigma=0.3)`. Explain the change with the lecture's table of $s$.
# - The critic of lecture 9 has the objective $E[D(G(z))]$, with the slope 1 along its output. Which factor can vanish
#   there, and which can grow?
