# %% [markdown]
# # Lab: vanishing gradients
#
# [Lecture 07](../../lectures/07-what-goes-wrong.md) shows: a discriminator that wins leaves the generator without a
# slope, or with a slope that is far too steep. Here you examine the details: which factor vanishes, for which
# generator, after how many steps, and which remedies help.
#
# **Predict** (put your number in place of `None`; it is drawn in black), **run**, **explain** (the answers are
# folded), **change**.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan import data, objectives, penalties
from tinygan.game import latent
from tinygan.updates import Adam, ascend, descend, vector
from tinygan.zoo import vanilla

FAKE, D_BLUE, DATA, OCHRE = "#d1495b", "#2e6f95", "#3a7d44", "#d08c2f"
plt.rcParams.update({"figure.dpi": 85, "axes.spines.top": False, "axes.spines.right": False,
                     "figure.constrained_layout.use": True})
OBJECTIVES = {"minimax": (objectives.g_minimax, FAKE), "non-saturating": (objectives.g_non_saturating, D_BLUE)}

# %% [markdown]
# ## 1. Near 0 or near 1?
#
# A well-known textbook says that the minimax loss $\log(1 - D)$ has vanishing gradients if $D(G(z))$ is near 1.
# **Predict:** at which end does its slope along the logit vanish? And at which $D$ are the slopes of the two objectives
# equal?

# %%
my_equal = None

d = np.linspace(0.001, 0.999, 400)
logits = np.log(d / (1 - d))
slopes = {}
plt.figure(figsize=(5.4, 2.8))
for name, (objective, colour) in OBJECTIVES.items():
    a = tg.Tensor(logits[:, None], requires_grad=True)
    [slope] = tg.grad(objective(a), [a])                                # from the tape: no formula is assumed
    slopes[name] = abs(slope.numpy()[:, 0]) * len(d)
    plt.plot(d, slopes[name], color=colour, label=name)
if my_equal is not None:
    plt.axvline(my_equal, color="black", label="you")
plt.xlabel("$D(G(z))$")
plt.ylabel("slope along the logit")
plt.legend(fontsize=8)
assert slopes["minimax"][0] < 0.002 < 0.99 < slopes["minimax"][-1]
assert np.allclose(slopes["minimax"] / slopes["non-saturating"], np.exp(logits))

# %% [markdown]
# <details><summary>Answer</summary>
#
# The slope of $\log(1 - \sigma(a))$ is $-\sigma(a) = -D$: it vanishes near **0**, where $D$ recognises the fakes; near
# 1 it is largest. The two are equal at $D = \frac12$. Why might a text say 1? As a function of the *probability*,
# $\log(1 - D)$ is steepest near 1, and flat near 0; it is easy to confuse the curve with the player's position on it.
#
# </details>
#
# ## 2. The gradient while $D$ learns
#
# We use the ring of eight modes. $G$ has its initial weights and is fixed; $D$ makes 500 moves. After every few moves
# we compute the norm of $G$'s gradient, for both objectives. **Predict** the ratio of the two norms after 500 moves.

# %%
my_ratio = None


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
plt.figure(figsize=(6, 3))
for run in runs:
    for i, (name, (_, colour)) in enumerate(OBJECTIVES.items()):
        plt.semilogy(run[0], run[1 + i], color=colour, label=name if run is runs[0] else None)
if my_ratio is not None:
    plt.semilogy(500, runs[0][2][-1] / my_ratio, "ks", label="minimax: you")
plt.xlabel("moves of $D$")
plt.ylabel("norm of $G$'s gradient")
plt.legend(fontsize=8)
for run in runs:
    assert 0.2 < run[2][0] / run[1][0] < 5                              # similar at first
    assert run[2][-1] / run[1][-1] >= 1e3
    assert run[1][-1] < run[1][0] / 10
    assert run[2][-1] > 10 * run[2][0]

# %% [markdown]
# **Explain** why the non-saturating gradient *grows*. Its slope along the logit is at most 1. **Change**
# `width=32`: how does the ratio depend on the size of $D$?
#
# ## 3. The factor that vanishes
#
# The gradient at a fake is a product: $\sigma(a)$ (or $1 - \sigma(a)$), times $\nabla_x a$, times the derivative of the
# fake with respect to $G$'s parameters. **Predict** for the first two: does each rise or fall while $D$ learns? By how
# many powers of ten?

# %%
my_powers_d, my_powers_slope = None, None            # for instance -2, 1

figure, axes = plt.subplots(1, 3, figsize=(10, 2.7))
for run in runs:
    axes[0].semilogy(run[0], run[3], color=FAKE)
    axes[1].semilogy(run[0], run[4], color=D_BLUE)
    axes[2].semilogy(run[0], run[5], color=OCHRE)
for panel, column, mine in ((axes[0], 3, my_powers_d), (axes[1], 4, my_powers_slope)):
    if mine is not None:
        panel.axhline(runs[0][column][0] * 10.0**mine, color="black", label="you")
        panel.legend()
axes[0].set(title="mean $D$ at the fakes", xlabel="moves of $D$")
axes[1].set(title=r"mean $|\nabla_x a|$ at the fakes", xlabel="moves of $D$")
axes[2].set(title="share of fakes that count", xlabel="moves of $D$")
for run in runs:
    assert run[3][-1] < 1e-3 * run[3][0]
    assert run[4][-1] > 10 * run[4][0]
    assert run[5][-1] < 0.8 < 0.99 < run[5][0]
assert min(run[5][-1] for run in runs) < 0.05

# %% [markdown]
# The third picture is $(\sum_i D_i)^2 / \sum_i D_i^2$, divided by the number of fakes: 1 if all have the same weight,
# $1/n$ if one alone decides. **Explain** the consequence for the *direction* of the minimax gradient.
#
# <details><summary>Answers</summary>
#
# $D$ at the fakes falls exponentially in the logit, the slope of the logit rises only in proportion to the weights, so
# the product vanishes. The non-saturating factor $1 - \sigma$ stays near 1, so the slope rises. The rest of the minimax
# gradient comes more and more from a few fakes, those with the highest $D$; in one of the three games they are one in a
# hundred.
#
# </details>
#
# ## 4. A bound on the minimax gradient
#
# Let $D$ and its slope be below $\epsilon$ at all fakes. Then the minimax gradient is at most $M \epsilon / (1 -
# \epsilon)$. For a generator that can only shift all its fakes, $M = 1$. **Predict:** is the bound close to the
# measured value, or far above?

# %%
plt.figure(figsize=(5.4, 2.8))
for run in runs:
    holds = run[7] < 1
    plt.semilogy(run[0][holds], (run[7] / (1 - run[7]))[holds], "--", color="#808080")
    plt.semilogy(run[0], run[6], color=FAKE)
    assert (run[6][holds] <= (run[7] / (1 - run[7]))[holds] * (1 + 1e-9)).all()
    assert holds.any()
plt.xlabel("moves of $D$")
plt.legend(["the bound, if $\\epsilon < 1$", "gradient of a shift"], fontsize=8);

# %% [markdown]
# <details><summary>Answer</summary>
#
# It is true but not tight: $\epsilon$ is the largest value over all fakes, and one fake near a mode makes it large. But
# if $D$ is perfect everywhere, the bound forces the gradient to 0.
#
# </details>
#
# ## 5. Does Adam solve the problem?
#
# Adam divides by the size of recent gradients, so a small gradient does not give a small step. $D$ has made 120 moves.
# Now $G$ makes 40 moves with Adam, and $D$ is fixed. **Predict:** does the minimax generator come as close to the ring
# as the non-saturating one? And with plain steps of rate 0.05?

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


ends = {}
figure, axes = plt.subplots(1, 2, figsize=(8.5, 2.7), sharey=True)
for panel, plain in zip(axes, (True, False)):
    for name, (objective, colour) in OBJECTIVES.items():
        path = ends[name, plain] = escape(objective, plain)
        panel.semilogy(path, color=colour, label=name)
    panel.set(title="plain steps" if plain else "Adam", xlabel="moves of $G$")
axes[0].set_ylabel("mean $D$ at the fakes")
axes[0].legend(fontsize=8)
assert ends["minimax", True][-1] < 0.1 < ends["non-saturating", True][-1]
assert ends["minimax", False][-1] > 5 * ends["minimax", False][0]

# %% [markdown]
# <details><summary>Answer</summary>
#
# With plain steps the minimax generator hardly moves. With Adam it does: Adam corrects the size, and here the direction
# is good, too. So Adam hides the problem as long as the direction is right and the gradient is larger than Adam's own
# $10^{-8}$; after 500 moves of $D$ this is no longer true. (**Change** `before=500`.)
#
# </details>
#
# ## 6. Remedies
#
# We train the same $D$, with a remedy, for 300 moves. **Predict** the order of the four: which has the largest minimax
# gradient in the end?

# %%
REMEDIES = {"nothing": ({}, FAKE), "R1, weight 0.3": ({"r1": 0.3}, DATA), "noise, width 0.3": ({"noise": 0.3}, OCHRE),
            "a rate ten times lower": ({"rate": 1e-4}, "#808080")}
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3))
last = {}
for name, (options, colour) in REMEDIES.items():
    run = watch(300, **options)
    left.semilogy(run[0], run[1], color=colour, label=name)
    right.semilogy(run[0], run[2] / run[1], color=colour)
    last[name] = run[1][-1], run[2][-1] / run[1][-1]
left.set(title="minimax: norm of $G$'s gradient", xlabel="moves of $D$")
right.set(title="non-saturating / minimax", xlabel="moves of $D$")
left.legend(fontsize=8)
assert last["nothing"][1] > 1e3
assert max(last["R1, weight 0.3"][1], last["noise, width 0.3"][1]) < 300
assert min(last["R1, weight 0.3"][0], last["noise, width 0.3"][0]) > 100 * last["nothing"][0]

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
# ## 7. Your own experiments
#
# - Find the smallest R1 weight that keeps the ratio below 100 after 300 moves. How large is the difference with
#   `width=32`?
# - Make the ring's modes wider: `data.ring(64, rng, sigma=0.3)`. Explain the change with the lecture's table of $s$.
# - The critic of lecture 9 has the objective $E[D(G(z))]$, with the slope 1 along its output. Which factor can vanish
#   there, and which can grow?
