# %% [markdown]
# # Lab: oscillation
#
# You have read [lecture 07](../../lectures/07-what-goes-wrong.md): a game of two numbers and its eigenvalues. Here you
# predict the behaviour *first*, and then measure it. Every task has the same form:
#
# - **predict**: write your number in place of `None`; the picture shows it in black, together with the measurement;
# - **run** the cell;
# - **explain** the difference, if there is one; the answers are folded;
# - **change** the value that the text names.

# %%
import matplotlib.pyplot as plt
import numpy as np

from tinygan import nn, updates
from tinygan.game import Game, train
from tinygan.penalties import R1
from tinygan.toys.dynamics import alternating, eigenvalues, extragradient, simultaneous, trajectory
from tinygan.toys.fields import bilinear, consensus, dirac

FAKE, D_BLUE, DATA, OCHRE = "#d1495b", "#2e6f95", "#3a7d44", "#d08c2f"
plt.rcParams.update({"figure.dpi": 85, "axes.spines.top": False, "axes.spines.right": False,
                     "figure.constrained_layout.use": True})
START, NEAR = (1.0, 0.0), (1e-3, 0.0)


def radius(path):
    return np.hypot(path[:, 0], path[:, 1])


def measured(path):
    """Growth per step and period of a path, from the path alone.

    Each coordinate of a linear game obeys s[t+1] = p s[t] - q s[t-1]; p and q by least squares. Its eigenvalues are
    the roots of mu^2 - p mu + q.
    """
    past = np.concatenate([np.stack([s[1:-1], -s[:-2]], 1) for s in path.T])
    p, q = np.linalg.lstsq(past, np.concatenate([s[2:] for s in path.T]), rcond=None)[0]
    mu = np.roots([1, -p, q])[0]
    return abs(mu), 2 * np.pi / abs(np.angle(mu))


def guess(axes, value, **style):
    """Draws a black line at your prediction."""
    if value is not None:
        axes.axvline(value, color="black", linewidth=2, label="you", **style)


# %% [markdown]
# ## 1. The period of a game
#
# We play the Dirac-GAN (`dirac`) with alternating steps (`alternating`) and $h = 0.1$. The eigenvalues of the field are
# $\pm \frac{i}{2}$.
#
# **Predict:** after how many steps does $\theta$ return to its start? (A rough number is enough: by which angle does
# one step turn?)

# %%
my_period = None

path = trajectory(alternating(dirac(), 0.1), NEAR, 20_000)
growth, period = measured(path[:500])
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 2.6))
left.plot(path[:400] / 1e-3)
left.axvline(period, color="grey", linestyle=":")
guess(left, my_period)
left.set(xlabel="step", title=f"measured period: {period:.2f} steps")
left.legend([r"$\theta$", r"$\psi$"], loc="lower left", fontsize=8)
right.plot(radius(path) / 1e-3, linewidth=0.1, color=D_BLUE)
right.set(xlabel="step", title="radius, for 20,000 steps", ylim=(0.9, 1.1), xticks=[0, 10_000, 20_000])
assert abs(period / 125.65 - 1) < 0.01
assert abs(2 * np.pi / np.arccos(1 - 0.05**2 / 2) - 125.65) < 0.005
assert (round(radius(path).min() / 1e-3, 3), round(radius(path).max() / 1e-3, 3)) == (0.988, 1.013)

# %% [markdown]
# In the long run the radius neither grows nor falls, but it is not constant. **Explain** the band: what is the form of
# the path?
#
# <details><summary>Answer</summary>
#
# A step turns by about $h c = 0.05$, and $2\pi / 0.05 = 125.66$; exactly, $2\pi / \arccos(1 - a^2/2)$ with
# $a = hc$. The path lies on the ellipse $\theta^2 + \psi^2 + a\, \theta\psi = $ constant, whose half axes are
# $1/\sqrt{1 \pm a/2}$: .988 and 1.013.
#
# </details>
#
# ## 2. The period against the learning rate
#
# **Predict** two curves: the period against the learning rate $h$, with one step of $D$ in each turn, and with four. At
# which $h$ does each curve end?

# %%
my_end_1, my_end_4 = None, None

plt.figure(figsize=(6, 3))
for k, colour in ((1, FAKE), (4, D_BLUE)):
    h = np.linspace(0.05, 3.95 / np.sqrt(k), 25)
    found = [measured(trajectory(alternating(dirac(), rate, k=k), NEAR, 300))[1] for rate in h]
    a = np.sqrt(k) * h / 2
    plt.semilogy(h, 2 * np.pi / np.arccos(1 - a**2 / 2), color=colour, label=f"k = {k}: the formula")
    plt.semilogy(h, found, "o", color=colour, markersize=4, label="measured")
    assert np.allclose(found, 2 * np.pi / np.arccos(1 - a**2 / 2), rtol=0.01)
guess(plt, my_end_1)
guess(plt, my_end_4)
plt.xlabel("rate $h$")
plt.ylabel("steps for a round")
plt.legend(fontsize=8)
for k in (1, 4):
    inside, outside = (abs(eigenvalues(alternating(dirac(), h / np.sqrt(k), k=k))).max() for h in (3.99, 4.1))
    assert inside < 1 + 1e-7 < 1.1 < outside

# %% [markdown]
# **Explain** the end of the curves: a period of two steps is the shortest possible. What happens at $h = 4.1$?
# **Change:** play it from `NEAR` for 30 steps and draw $\theta$.
#
# <details><summary>Answer</summary>
#
# The formula holds up to $a = \sqrt{k}\, h/2 = 2$: $h = 4$ and $h = 2$. For larger $h$ both eigenvalues are real and
# negative, one of them below $-1$: the players jump over the solution, further each time.
#
# </details>
#
# ## 3. A path of six steps
#
# We play the game $xy$ (`bilinear`) with alternating steps, $y$ first, with steps of size 1, from $(1, 1)$. **Predict**
# the first three points on paper. After how many steps does the path return to its start?

# %%
my_points = None                                     # for instance [(1, 2), ...]

path = trajectory(alternating(bilinear, 1.0, first="d"), (1.0, 1.0), 6)
plt.figure(figsize=(3.4, 3.2))
plt.plot(*path.T, "o-", color=D_BLUE)
for i, point in enumerate(path[:6]):
    plt.annotate(str(i), point, xytext=(5, 4), textcoords="offset points")
if my_points is not None:
    plt.plot(*np.transpose(my_points), "ks", fillstyle="none", markersize=11)
plt.plot(0, 0, "k+")
plt.gca().set(aspect="equal", xlim=(-2.7, 2.7), ylim=(-2.7, 2.7))
assert np.array_equal(path[1:], [(-1, 2), (-2, 1), (-1, -1), (1, -2), (2, -1), (1, 1)])

# %% [markdown]
# **Explain** the number six with the formula of task 2. Alternating steps conserve $x^2 + y^2 + s\, \eta\, x y$ with
# $s = 1$ or $s = -1$, depending on the player who moves first. **Predict** which sign belongs to which player, before
# you run the next cell.

# %%
figure, axes = plt.subplots(1, 2, figsize=(8, 2.4), sharey=True)
for panel, first, sign in zip(axes, "dg", (1, -1)):
    x, y = trajectory(alternating(bilinear, 0.7, first=first), (1.0, 1.0), 40).T
    for s, colour in ((1, D_BLUE), (-1, OCHRE)):
        panel.plot(x**2 + y**2 + s * 0.7 * x * y, color=colour, label=f"$s = {s}$")
    panel.set(title=f"{'y' if first == 'd' else 'x'} first, $\\eta = 0.7$", xlabel="step")
    for eta in (0.1, 0.7, 1.5):
        x, y = trajectory(alternating(bilinear, eta, first=first), (1.0, 1.0), 1000).T
        assert np.allclose(x**2 + y**2 + sign * eta * x * y, 2 + sign * eta, atol=1e-12)
axes[0].legend(fontsize=8);

# %% [markdown]
# <details><summary>Answers</summary>
#
# $c = 1$, so $a = 1$ and $\cos = 1 - \frac12 = \frac12$: a step turns by 60 degrees. When $y$ moves first the sign is
# $+$ (exercise 5 of lecture 6); when $x$ moves first, exchange the names: $(x, y, \eta) \to (y, x, -\eta)$, and the
# sign is $-$.
#
# </details>
#
# ## 4. Simultaneous steps and extragradient
#
# **Predict**, for the game $xy$ with $\eta = 0.1$ from $(1, 1)$: by which factor does $r^2$ change in each step when
# both move at once (`simultaneous`)? And when they look ahead (`extragradient`)? What is $r^2$ after 100 steps of each?

# %%
my_factors = None, None                              # at once, looking ahead

plt.figure(figsize=(5, 2.6))
for (name, kind, colour, factor, end), mine in zip((
        ("at once", simultaneous, FAKE, 1 + 0.1**2, 5.409628),
        ("looking ahead", extragradient, DATA, 1 - 0.1**2 + 0.1**4, 0.739496)), my_factors):
    r2 = radius(trajectory(kind(bilinear, 0.1), (1.0, 1.0), 100)) ** 2
    plt.semilogy(r2, color=colour, label=f"{name}: {r2[-1]:.6f}")
    if mine is not None:
        plt.semilogy(2 * mine ** np.arange(101), "k:")
    assert np.allclose(r2[1:] / r2[:-1], factor)
    assert np.isclose(r2[-1], end, atol=5e-7)
plt.xlabel("step")
plt.ylabel("$r^2$")
plt.legend(fontsize=8);

# %% [markdown]
# Now take the Dirac-GAN with $h = 0.1$ and 1000 simultaneous steps from a point near the centre: **predict** the growth
# factor of the radius.

# %%
my_growth = None

path = trajectory(simultaneous(dirac(), 0.1), NEAR, 1000)
growth, _ = measured(path[:200])
plt.figure(figsize=(5, 2.6))
plt.plot(radius(path) / 1e-3, color=FAKE, label=f"measured growth per step: {growth:.7f}")
if my_growth is not None:
    plt.axhline(my_growth, color="black", label="you")
plt.xlabel("step")
plt.ylabel("radius, from 1")
plt.legend(fontsize=8)
assert np.isclose(growth, 1.0012492, atol=1e-6)
assert np.isclose(abs(eigenvalues(simultaneous(dirac(), 0.1))[0]), 1.0012492, atol=5e-8)
assert np.isclose(radius(path)[-1] / 1e-3, 3.4849, atol=5e-5)

# %% [markdown]
# **Explain:** why is the growth from the eigenvalue not right for a large circle? (Play it from `START` for 3000 steps:
# $r$ is 3.30 then, not $e^{3.7}$.)
#
# <details><summary>Answer</summary>
#
# The growth is $\sqrt{1 + h^2/4}$ per step, and to the power of 1000 it is 3.4849. The eigenvalues belong to the linear
# game near the centre. Further out, $\sigma(\psi\theta)$ goes to 0 on one side; there the arrows become shorter, and so
# do the errors of the steps.
#
# </details>
#
# ## 5. The best R1 weight
#
# We use R1 (`r1`) with the weight $\gamma$ and simultaneous steps, $h = 0.1$, from $(1, 0)$. **Predict** the number of
# steps until $r < 10^{-3}$, as a curve over $\gamma$. Where is its minimum, and why does it have one?

# %%
my_best = None


def steps_to_rest(field, h=0.1, most=4000):
    small = radius(trajectory(simultaneous(field, h), START, most)) < 1e-3
    return int(small.argmax()) if small.any() else np.nan


gammas = np.array([0.1, 0.2, 0.3, 0.5, 0.7, 0.85, 1.0, 1.1, 1.25, 1.5, 2.0])
steps = np.array([steps_to_rest(dirac(r1=gamma), most=2000) for gamma in gammas])
slowest = [(-eigenvalues(dirac(r1=gamma)).real).min() for gamma in gammas]
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 2.8))
left.semilogy(gammas, steps, "o-", color=DATA)
guess(left, my_best)
left.set(xlabel=r"$\gamma$", title="steps until $r < 0.001$")
right.plot(gammas, slowest, "o-", color=D_BLUE)
right.set(xlabel=r"$\gamma$", title="$-$ real part of the slower eigenvalue")
found = dict(zip(gammas, steps))
assert [found[gamma] for gamma in (0.1, 0.3, 1.0, 2.0)] == [1818, 499, 203, 532]
assert np.isclose(max(slowest), 0.5, atol=1e-7)

# %% [markdown]
# Without R1 the radius never falls below 1. Now use the lecture's approximation $\gamma = \tau^2/2$ and **predict** the
# width at which instance noise (`instance-noise`) is critical. What are the eigenvalues at $\tau = 1$?

# %%
my_critical_width = None

widths = np.linspace(0.2, 2.4, 45)
found = np.array([eigenvalues(dirac(noise=s)) for s in widths])
plt.figure(figsize=(5, 2.8))
plt.plot(widths, found.real, ".", color=OCHRE)
plt.plot(widths, abs(found.imag), ".", color="#b0b0b0")
guess(plt, my_critical_width)
plt.xlabel(r"width $\tau$ of the noise")
plt.legend(["real parts", "", "imaginary parts"], fontsize=8)
at_1 = eigenvalues(dirac(noise=1.0))
assert np.allclose([at_1.real[0], abs(at_1.imag[0])], [-0.25, 0.43301], atol=5e-6)
assert np.allclose(eigenvalues(dirac(noise=np.sqrt(2))), -0.5, atol=1e-6)
assert steps_to_rest(dirac()) is np.nan

# %% [markdown]
# <details><summary>Answers</summary>
#
# The critical weight is $\gamma = 2c = 1$: below it the pair has the real part $-\gamma/2$, above it the slower one is
# $-\gamma/2 + \sqrt{\gamma^2/4 - 1/4}$, which returns to 0. In the left picture $\gamma = .85$ is a little faster: at 1
# the double eigenvalue gives a factor that grows with $t$, and a path that oscillates through the centre may pass
# $10^{-3}$ earlier. In the long run 1 is the fastest. Noise is critical at $\tau^2/2 = 1$, $\tau = \sqrt2$. At $\tau =
# 1$: $-.25 \pm .433i$.
#
# </details>
#
# ## 6. Slow convergence, and two games that never converge
#
# The non-saturating game has the same eigenvalues $\pm \frac{i}{2}$, but it converges. $r$ is .27 after $10^3$ steps.
# **Predict** $r$ after $10^4$ and $10^5$ steps.

# %%
my_radii = None                                      # for instance [0.1, 0.05]

r = radius(trajectory(alternating(dirac("non-saturating"), 0.1, first="g"), START, 200_000))
t = np.unique(np.geomspace(1, 200_000, 200).astype(int))
plt.figure(figsize=(5, 2.8))
plt.loglog(t, r[t], color=DATA, label="measured")
plt.loglog(t[60:], np.sqrt(8 / (0.1 * t[60:])), "--", color="grey", label=r"$\sqrt{8 / (h t)}$")
if my_radii is not None:
    plt.loglog([1e4, 1e5], my_radii, "ks", label="you")
plt.xlabel("step")
plt.ylabel("radius")
plt.legend(fontsize=8)
assert np.allclose(r[[1000, 10_000, 100_000, 200_000]], [0.270, 0.0902, 0.0279, 0.0200], atol=1e-4)

# %% [markdown]
# Next, the critic's game in three forms: with the weight clipped at $\frac12$; with the gradient penalty and one step
# of $D$ in each turn; and the same with five steps. **Predict** the final $\theta$ in each of the three.

# %%
penalised = dirac("two-sample", penalty=1.0, slope=1.0)
PATHS = {"clipped": trajectory(simultaneous(dirac("two-sample"), 0.1, clip=0.5), START, 3000),
         "penalty, k = 1": trajectory(alternating(penalised, 0.01), START, 3000),
         "penalty, k = 5": trajectory(alternating(penalised, 0.01, k=5), START, 3000)}
figure, axes = plt.subplots(1, 3, figsize=(9, 2.8))
for panel, (name, path) in zip(axes, PATHS.items()):
    panel.plot(*path.T, color=FAKE, linewidth=0.7)
    panel.plot(*path[-1], "o", color=D_BLUE)
    panel.plot(0, 0, "k+")
    panel.set(title=name, aspect="equal", xlim=(-1.7, 1.7), ylim=(-1.7, 1.7), xlabel=r"$\theta$", ylabel=r"$\psi$")
ends = {name: (path[2000:, 0].min(), path[2000:, 0].max()) for name, path in PATHS.items()}
assert np.allclose(ends["clipped"], [-0.541, 0.541], atol=5e-4)
assert np.allclose(ends["penalty, k = 1"], [-1.387, 1.387], atol=5e-4)
assert np.allclose(ends["penalty, k = 5"], -1, atol=1e-9)
assert np.isclose(radius(trajectory(simultaneous(dirac("two-sample"), 0.01), START, 1000))[-1], 1.0512685, atol=5e-7)

# %% [markdown]
# **Explain** the third: it stops at $\theta = -1$, $\psi = 0$. Is that a solution of the game?
#
# <details><summary>Answers</summary>
#
# $r \approx \sqrt{8/(ht)}$: .0902, .0279. A tenth of the radius needs a hundred times as many steps. In the third game
# $\psi = 0$; the fakes pull $\psi$ up with $-\theta = 1$, and the penalty pulls it down with $\lambda g_0 = 1$. The
# kink of $(|\psi| - 1)^2$ at 0 makes this a fixed point. The fakes are at $-1$ and the data at 0, so this fixed point
# is not a solution.
#
# </details>
#
# ## 7. A GAN with two linear players
#
# Now we train a real GAN, not a toy field: data $N(0, 1)$, a generator `Dense(1, 1)`, a discriminator `Dense(1, 1)`,
# and the library's `Game` with plain gradient steps, alternating. (To avoid noise, a batch is always the same 400
# quantiles.) The discriminator is $a(x) = w x + b$, the generator $s z + m$, and the oscillating pair is $(m, w)$.
#
# **Predict** on paper: near the solution, what is the Jacobian of $(m, w)$? It is the Jacobian of a game in task 5.
# Which one? Which period follows at $h = 0.1$?

# %%
my_real_period = None
QUANTILES = np.quantile(np.random.default_rng(0).normal(size=1_000_001), (np.arange(400) + 0.5) / 400)[:, None]
QUANTILES = (QUANTILES - QUANTILES.mean()) / QUANTILES.std()


def real_game(r1=0.0, steps=400):
    """The path of (m, w) of a GAN of two linear players."""
    rng = np.random.default_rng(0)
    g, d = (nn.Dense(1, 1, rng=rng).astype(np.float64) for _ in range(2))
    g.theta[:], d.theta[:] = (1, 0.01), (0, 0)                          # weight, bias
    path = [(g.theta[1], d.theta[0])]
    game = Game(g, d, lambda n, rng: QUANTILES, lambda n, rng: QUANTILES, rng, batch=400, objective="minimax",
                rate=0.1, remedies=[R1(r1)] if r1 else [], optimiser_d=updates.vector, optimiser_g=updates.vector)
    train(game, steps, [lambda game: path.append((g.theta[1], d.theta[0]))], record_every=steps)
    return np.array(path)


path = real_game()
growth, period = measured(path[:120])
mu = eigenvalues(alternating(dirac(noise=1.0), 0.1))[0]
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 2.8), width_ratios=(1.4, 1))
left.plot(path[:, 0], color=FAKE, label="$m$")
left.plot(path[:, 1], color=D_BLUE, label="$w$")
guess(left, my_real_period)
left.set(xlabel="turn", title=f"measured period: {period:.1f} turns")
left.legend(fontsize=8)
right.plot(*path.T, color="#606060")
right.plot(0, 0, "k+")
right.set(xlabel="$m$", ylabel="$w$", xticks=[0, 0.005, 0.01])
assert abs(period / (2 * np.pi / abs(np.angle(mu))) - 1) < 0.01
assert np.isclose(growth, abs(mu), atol=1e-4)

# %% [markdown]
# <details><summary>Answer</summary>
#
# $\dot m = \frac12 w$ to first order. For $w$: $\frac12 (E_d[x] - E_g[x]) - \frac14 w (E_d[x^2] + E_g[x^2]) = -\frac12
# m - \frac12 w$. It is the Dirac-GAN with instance noise of width 1, eigenvalues $-.25 \pm .433i$. The width of the
# data has the same effect as noise that is added to a point. Data on thin surfaces, such as images, have no such width:
# there we have to add the friction.
#
# </details>
#
# Last: **predict** the R1 weight that is critical for *this* GAN.

# %%
my_critical_weight = None

paths = {}
plt.figure(figsize=(6, 3))
for gamma, colour in {0.0: FAKE, 0.25: OCHRE, 0.5: DATA, 1.5: D_BLUE}.items():
    path = paths[gamma] = real_game(r1=gamma)
    plt.semilogy(radius(path), color=colour, label=rf"$\gamma = {gamma:g}$")
if my_critical_weight is not None:
    plt.semilogy(radius(real_game(my_critical_weight)), "k--", label="you")
plt.xlabel("turn")
plt.ylabel("distance from the solution")
plt.legend(fontsize=8)
assert min(paths, key=lambda gamma: radius(paths[gamma])[-1]) == 0.5

# %% [markdown]
# <details><summary>Answer</summary>
#
# The frictions add: $\frac12 + \gamma = 2c = 1$, so $\gamma = \frac12$. In the first steps $\gamma = \frac14$ is
# faster, as in task 5.
#
# </details>
#
# ## 8. Your own experiments
#
# Friction can act on both players: `consensus(field, weight)` adds $-\frac{\kappa}{2} \nabla \lVert v \rVert^2$ to the
# field. **Predict** how it changes the eigenvalues of the Dirac-GAN; then replace the field below by others: R1 *and*
# non-saturating, noise *and* clipping, $k = 3$.

# %%
FIELD = consensus(dirac(), 0.5)

path = trajectory(simultaneous(FIELD, 0.1), START, 300)
found = eigenvalues(FIELD)
figure, (left, right) = plt.subplots(1, 2, figsize=(7.5, 3))
left.plot(*path.T, color=DATA)
left.plot(0, 0, "k+")
left.set(aspect="equal", title="the path")
right.plot(found.real, found.imag, "o", color=DATA)
right.axvline(0, color="grey", linewidth=0.7)
right.set(title="the field's eigenvalues", xlim=(-1, 0.2), ylim=(-1, 1))
assert radius(path)[-1] < 0.05
