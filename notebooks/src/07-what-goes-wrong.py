# %% [markdown]
# # 07 What goes wrong: a notebook to step through
#
# It follows [lecture 07](../lectures/07-what-goes-wrong.md): **predict**, **run**, **look**, **change**. We begin with
# games of two numbers, in which everything can be computed. Then we see the same problems on a ring of eight modes.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan import data, divergences, nn, objectives, penalties, updates
from tinygan.game import Game, latent, train
from tinygan.objectives import Goal, Objective
from tinygan.penalties import R1, Unrolled
from tinygan.toys.dynamics import alternating, eigenvalues, extragradient, simultaneous, trajectory
from tinygan.toys.fields import bilinear, dirac
from tinygan.updates import Adam, Average, Momentum, ascend, descend
from tinygan.zoo import vanilla

DATA, FAKE, D_BLUE, OCHRE = "#3a7d44", "#d1495b", "#2e6f95", "#d08c2f"  # the data, G, D, a fourth
plt.rcParams.update({"figure.dpi": 90, "axes.spines.top": False, "axes.spines.right": False,
                     "figure.constrained_layout.use": True})
START = (1.0, 0.0)


def radius(path):
    return np.hypot(path[:, 0], path[:, 1])


# %% [markdown]
# ## A game of two numbers
#
# All data are at 0, all fakes at $\theta$, and the discriminator's logit is $\psi x$: the Dirac-GAN (`dirac`). Next to
# it is the game $\min_x \max_y x y$ (`bilinear`). The arrows show the direction in which the players move. **Predict:**
# where does a path end that follows them?

# %%
def show_field(axes, field, span=1.6):
    u, v = np.meshgrid(np.linspace(-span, span, 15), np.linspace(-span, span, 15))
    a, b = field(u, v)
    axes.quiver(u, v, a, b, color="#989898", angles="xy", width=0.005)
    axes.plot(0, 0, "k+", markersize=9)
    axes.set(aspect="equal", xlim=(-span, span), ylim=(-span, span))


figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.7))
show_field(left, dirac())
left.set(title="Dirac-GAN", xlabel=r"$\theta$, of G", ylabel=r"$\psi$, of D")
show_field(right, bilinear)
right.set(title="$x y$", xlabel="$x$", ylabel="$y$");

# %% [markdown]
# No arrow points to the centre. Now we take steps of size $h = 0.3$: both players at once (`simultaneous`), in turns
# (`alternating`), and with a look ahead (`extragradient`). The middle picture shows the eigenvalues of the field's
# Jacobian, the right picture those of one step. **Predict** for each kind of step on which side of the unit circle its
# eigenvalues lie.

# %%
# picture: 07-dynamics.png
KINDS = {"both at once": (simultaneous, FAKE), "in turns": (alternating, D_BLUE),
         "looking ahead": (extragradient, DATA)}
h, steps = 0.3, 150
figure, (plane, field, circle) = plt.subplots(1, 3, figsize=(11, 3.7))
show_field(plane, dirac(), span=3)
for name, (kind, colour) in KINDS.items():
    path = trajectory(kind(dirac(), h), START, steps)
    plane.plot(*path.T, color=colour, linewidth=1, label=name)
    plane.plot(*path[-1], "o", color=colour)
    mu = eigenvalues(kind(dirac(), h))
    circle.plot(mu.real, mu.imag, "o", color=colour, label=f"{name}: {abs(mu[0]):.4f}")
plane.set(title="150 steps from (1, 0)", xlabel=r"$\theta$", ylabel=r"$\psi$")
plane.legend(fontsize=7, loc="upper right")
found = eigenvalues(dirac())
field.axvspan(-0.6, 0, color="#e8f2ea", zorder=0)
field.text(-0.57, -0.55, "these would pull in", fontsize=8)
field.plot(found.real, found.imag, "o", color="black")
field.axvline(0, color="grey", linewidth=0.7)
field.set(title="eigenvalues of the field", xlim=(-0.6, 0.6), ylim=(-0.6, 0.6), aspect="equal", xlabel="real part")
angle = np.linspace(-0.2, 0.2, 100)
circle.fill_betweenx(np.sin(angle), 0.9, np.cos(angle), color="#e8f2ea", zorder=0)
circle.plot(np.cos(angle), np.sin(angle), color="grey", linewidth=0.7)
circle.set(title="of a step, and the unit circle", xlim=(0.95, 1.03), ylim=(-0.2, 0.2), xlabel="real part")
circle.legend(fontsize=7, loc="center left", title="modulus", title_fontsize=7)

assert np.allclose(np.sort(found.imag), [-0.5, 0.5])
assert np.allclose(abs(eigenvalues(simultaneous(dirac(), 0.1))), 1.0012492, atol=5e-8)
assert np.allclose(abs(eigenvalues(alternating(dirac(), 0.1))), 1)

# %% [markdown]
# The eigenvalues were computed before the players moved. Do the paths follow them? The dots are the radius of paths
# that start near the centre, the lines are $|\mu|^t$.

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(8.5, 2.8))
t = np.arange(0, 1001, 50)
for name, (kind, colour) in KINDS.items():
    update = kind(dirac(), 0.1)
    path = trajectory(update, (1e-3, 0.0), 1000)
    left.semilogy(t, radius(path)[t] / 1e-3, ".", color=colour)
    left.semilogy(t, abs(eigenvalues(update)[0]) ** t, color=colour, label=name)
    if name == "both at once":
        assert np.isclose(radius(path)[-1] / 1e-3, 3.4849, atol=5e-5)
left.legend(fontsize=8)
left.set(xlabel="step", title="radius, from 1")
path = trajectory(alternating(dirac(), 0.1), (1e-3, 0.0), 400)
right.plot(path[:, 0] / 1e-3, color=FAKE, label=r"$\theta$")
right.plot(path[:, 1] / 1e-3, color=D_BLUE, label=r"$\psi$")
period = 2 * np.pi / abs(np.angle(eigenvalues(alternating(dirac(), 0.1))[0]))
for i in range(4):
    right.axvline(i * period, color="grey", linewidth=0.7, linestyle=":")
right.set(xlabel="step", title=f"in turns: the eigenvalue's period is {period:.2f}")
right.legend(fontsize=8, loc="lower left")
assert round(period, 2) == 125.65
both, ahead = (trajectory(kind(bilinear, 0.1), (1.0, 1.0), 100)[-1] for kind in (simultaneous, extragradient))
assert np.allclose([both @ both, ahead @ ahead], [5.409628, 0.739496], atol=5e-7)

# %% [markdown]
# **Change** the rate of the right picture to 1, 2, 3.9 and 4.1. At which rate is it no longer a wave?
#
# ## Friction: R1, instance noise, unrolling
#
# The R1 penalty (`r1`) is $\frac{\gamma}{2} \psi^2$ here, and pulls $D$ back in proportion to its position.
# **Predict:** which of $\gamma = 0.1, 0.3, 1, 2$ is the fastest?

# %%
# picture: 07-r1.png
WEIGHTS = {0.1: "#e8a0aa", 0.3: OCHRE, 1.0: DATA, 2.0: D_BLUE}
figure, (plane, curve, locus) = plt.subplots(1, 3, figsize=(11, 3.4), width_ratios=(1, 1.2, 1))
show_field(plane, dirac(), 1.25)
for gamma, colour in WEIGHTS.items():
    path = trajectory(simultaneous(dirac(r1=gamma), 0.1), START, 2000)
    r = radius(path)
    there = int(np.argmax(r < 1e-3))
    plane.plot(*path.T, color=colour, linewidth=1.2)
    curve.semilogy(r[:there + 1], color=colour, label=rf"$\gamma = {gamma:g}$: {there} steps")
    assert there == {0.1: 1818, 0.3: 499, 1.0: 203, 2.0: 532}[gamma]
plane.set(title="paths", xlabel=r"$\theta$", ylabel=r"$\psi$")
curve.set(title="radius", xlabel="step", xlim=(0, 1000))
curve.legend(fontsize=8)
many = np.array([eigenvalues(dirac(r1=gamma)) for gamma in np.linspace(0, 2.2, 89)])
locus.plot(many.real, many.imag, ".", color="#c8c8c8", markersize=3)
for gamma, colour in WEIGHTS.items():
    found = eigenvalues(dirac(r1=gamma))
    locus.plot(found.real, found.imag, "o", color=colour)
    root = np.emath.sqrt(gamma**2 / 4 - 0.25)
    assert np.allclose(np.sort_complex(found), [-gamma / 2 - root, -gamma / 2 + root], atol=1e-7)
locus.axvline(0, color="grey", linewidth=0.7)
locus.set(title=r"eigenvalues, $\gamma$ from 0 to 2.2", xlabel="real part", aspect="equal", xlim=(-2.1, 0.2),
          ylim=(-1.1, 1.1));

# %% [markdown]
# The two eigenvalues start at $\pm \frac{i}{2}$, meet at $-\frac12$ when $\gamma = 1$, and separate again; the one that
# returns to 0 makes a strong penalty slow.
#
# Instance noise (`instance-noise`) is another remedy. According to the lecture, near the solution noise of variance
# $\tau^2$ equals R1 with $\gamma = \tau^2 / 2$. **Predict** the two paths from $(1, 0)$, and the region where they
# differ.

# %%
figure, axes = plt.subplots(figsize=(4.2, 3.6))
show_field(axes, dirac(noise=1.0), 1.25)
axes.plot(*trajectory(simultaneous(dirac(noise=1.0), 0.05), START, 800).T, color=OCHRE, label=r"noise, $\tau = 1$")
axes.plot(*trajectory(simultaneous(dirac(r1=0.5), 0.05), START, 800).T, "--", color=DATA, label=r"R1, $\gamma = 1/2$")
axes.legend(fontsize=8, loc="lower right")
axes.set(xlabel=r"$\theta$", ylabel=r"$\psi$")
noise, r1 = (np.sort_complex(eigenvalues(field)) for field in (dirac(noise=1.0), dirac(r1=0.5)))
assert np.allclose(noise, [-0.25 - 0.43301j, -0.25 + 0.43301j], atol=5e-6)
assert np.allclose(noise, r1, atol=1e-7)

# In the library it is a line of code on examples:
x = tg.Tensor(np.zeros((50_000, 2)))
assert np.isclose(penalties.instance_noise(x, 0.5, np.random.default_rng(0)).numpy().std(), 0.5, rtol=0.01)

# %% [markdown]
# The third kind of friction acts on $G$: it plays against the future discriminator (`unrolled`). This time we do not
# use the toy field but a real `Game` with two networks of one weight each, which the library trains like any other.
# **Predict:** one step ahead of size $\eta = 1$ is critical. How does $\eta = 0.2$ look?

# %%
def one_weight_game(remedies):
    """The critic's Dirac-GAN as a `Game`: D(x) = psi x, G(1) = theta, plain steps."""
    rng = np.random.default_rng(0)
    g, d = (nn.Dense(1, 1, bias=False, rng=rng).astype(np.float64) for _ in range(2))
    g.theta[:], d.theta[:] = START
    path = [START]
    game = Game(g, d, lambda n, rng: np.zeros((n, 1)), lambda n, rng: np.ones((n, 1)), rng, batch=2,
                objective="two-sample", rate=0.1, remedies=remedies, optimiser_d=updates.vector,
                optimiser_g=updates.vector)
    train(game, 150, [lambda game: path.append((g.theta[0], d.theta[0]))])
    return np.array(path)


figure, axes = plt.subplots(figsize=(4.2, 3.6))
show_field(axes, dirac("two-sample"), 1.25)
for eta, colour in {0: FAKE, 0.2: OCHRE, 1.0: DATA}.items():
    path = one_weight_game([Unrolled(1, eta)] if eta else [])
    axes.plot(*path.T, color=colour, label=f"one step of {eta:g} ahead" if eta else "not ahead")
    assert (radius(path)[-1] < 0.1) == (eta > 0)
axes.legend(fontsize=8, loc="lower right")
axes.set(xlabel=r"$\theta$", ylabel=r"$\psi$");

# %% [markdown]
# ## Changes that add no friction
#
# Four changes are often said to make a game more stable: the non-saturating generator; the critic; the critic with its
# weight clipped at $\frac12$; the critic with the gradient penalty, which pulls the slope to 1. **Predict** which one
# reaches the centre.

# %%
GAMES = {"non-saturating": trajectory(alternating(dirac("non-saturating"), 0.1, first="g"), START, 10_000),
         "critic": trajectory(simultaneous(dirac("two-sample"), 0.01), START, 1000),
         "critic, clipped": trajectory(simultaneous(dirac("two-sample"), 0.1, clip=0.5), START, 3000),
         "critic, gradient penalty": trajectory(alternating(dirac("two-sample", penalty=1.0), 0.01), START, 3000)}
figure, axes = plt.subplots(1, 4, figsize=(11, 2.9))
for panel, (name, path) in zip(axes, GAMES.items()):
    panel.plot(*path.T, color=FAKE, linewidth=0.5)
    panel.plot(*path[-300:].T, color=D_BLUE, linewidth=1.2)
    panel.plot(0, 0, "k+", markersize=9)
    panel.set(title=name, aspect="equal", xlim=(-1.6, 1.6), ylim=(-1.6, 1.6))
    panel.title.set_fontsize(9)
r = radius(GAMES["non-saturating"])
assert np.allclose(r[[1000, 10_000]], [0.270, 0.0902], atol=1e-4)
assert np.isclose(r[-1], np.sqrt(8 / 1000), rtol=0.01)                  # the lecture's sqrt(8 / t), t = h * steps
assert np.isclose(radius(GAMES["critic"])[-1], 1.0512685, atol=5e-7)
assert np.isclose(GAMES["critic, clipped"][1000:, 0].max(), 0.541, atol=5e-4)
assert np.isclose(GAMES["critic, gradient penalty"][2000:, 0].max(), 1.387, atol=5e-4)

# %% [markdown]
# Only the first does, and slowly. Red is the whole path, blue its last 300 steps.
#
# ## Averages and a falling learning rate
#
# The moving average (`average`) of a circling path is near the centre. A falling learning rate (`linear-decay`) does
# not help against circling, but it does help against noise. **Predict** the four radii at the end.

# %%
def noisy_game(gamma, decay, noise, steps=2500, seed=0):
    """In turns with R1 of weight gamma; each gradient has noise. Returns the path and the path of its average."""
    rng, field = np.random.default_rng(seed), dirac(r1=gamma)
    w, mean, path = np.array(START), Average(0.998), []
    for t in range(steps):
        rate = updates.linear_decay(0.1, t, steps) if decay else 0.1
        for player in (1, 0):                                           # D, then G
            w[player] += rate * (field(*w)[player] + noise * rng.normal())
        path.append((w.copy(), mean(w).copy()))
    return np.moveaxis(np.array(path), 1, 0)


figure, axes = plt.subplots(1, 4, figsize=(11, 2.9), sharey=True)
ends = {}
for panel, (name, options) in zip(axes, {"no noise": (0, False, 0), "no noise, decay": (0, True, 0),
                                         "noise, R1": (0.5, False, 0.5), "noise, R1, decay": (0.5, True, 0.5)}.items()):
    path, mean = noisy_game(*options)
    panel.semilogy(radius(path), color=FAKE, linewidth=0.6, label="radius")
    panel.semilogy(radius(mean), color=D_BLUE, label="of the average")
    panel.set(title=name, xlabel="step", ylim=(1e-3, 3))
    ends[name] = radius(path)[-100:].mean(), radius(mean)[-1]
axes[0].legend(fontsize=8)
assert ends["no noise"][0] > 0.8
assert ends["no noise, decay"][0] > 0.8
assert ends["noise, R1"][0] > 2 * ends["noise, R1, decay"][0]
assert ends["no noise"][1] < 0.1

# %% [markdown]
# ## The sign of momentum
#
# The game is $x y$ with alternating steps and the momentum $\beta$ (`momentum`). According to the lecture, $|\mu|^2
# \approx 1 + 2 h^2 \beta / (1 - \beta)^3$. **Predict** the three paths.

# %%
def with_momentum(beta, rate=0.1, steps=200):
    x, y, memory_x, memory_y = np.array([1.0]), np.array([1.0]), Momentum(beta), Momentum(beta)
    path = [(1.0, 1.0)]
    for _ in range(steps):
        ascend(y, memory_y(x), rate)
        descend(x, memory_x(y), rate)
        path.append((x[0], y[0]))
    return np.array(path)


figure, (plane, curve) = plt.subplots(1, 2, figsize=(8, 3.2), width_ratios=(1, 1.3))
for beta, colour in {-0.5: DATA, 0.0: "#808080", 0.5: FAKE}.items():
    path = with_momentum(beta)
    plane.plot(*path.T, color=colour, linewidth=1)
    growth = np.sqrt(1 + 2 * 0.1**2 * beta / (1 - beta) ** 3)
    curve.semilogy(radius(path), color=colour, label=rf"$\beta = {beta:g}$")
    curve.semilogy(np.sqrt(2) * growth ** np.arange(201), ":", color=colour)
    grown = np.log(radius(path)[-1] / np.sqrt(2))
    assert np.isclose(grown, 200 * np.log(growth), rtol=0.2, atol=0.05)     # to second order in h
plane.plot(0, 0, "k+")
plane.set(aspect="equal", xlabel="$x$", ylabel="$y$", xlim=(-4, 4), ylim=(-4, 4))
curve.legend(fontsize=8)
curve.set(xlabel="step", title="radius; dotted: predicted", ylim=(0.5, 30));

# %% [markdown]
# Remember: Adam's usual $\beta_1 = 0.9$ is a positive momentum.
#
# ## The generator stands still
#
# Take data $N(0, s^2)$, fakes $N(1, s^2)$, and the best discriminator. The arrow at the centre of the fakes is the
# slope of the objective along the logit, times the slope of the logit, $1/s^2$. **Predict** how each of the three
# arrows changes as $s$ goes to 0.

# %%
s = np.geomspace(0.08, 2, 80)
figure, axes = plt.subplots(figsize=(5.2, 3))
for tau, style in ((0, "-"), (0.5, "--")):
    width = np.sqrt(s**2 + tau**2)                                    # noise adds its variance
    logit = -1 / (2 * width**2)                                         # of the best D, at x = 1
    note = r", noise $\tau = 0.5$" if tau else ""
    axes.loglog(s, tg.sigmoid(logit) / width**2, style, color=FAKE, label="minimax" + note)
    axes.loglog(s, tg.sigmoid(-logit) / width**2, style, color=D_BLUE, label="non-saturating" + note)
axes.set(xlabel="width $s$ of both densities", title="length of the arrow at a fake", ylim=(1e-6, 300))
axes.legend(fontsize=7, loc="lower right");

# %% [markdown]
# Now we use real networks on the ring: $G$ is fixed, and $D$ learns for 500 steps. We plot the norm of $G$'s gradient
# for both objectives (`g-minimax`, `g-non-saturating`), without and with R1. **Predict** which curves fall and which
# rise.

# %%
# picture: 07-vanishing.png
def gradient_norms(remedies=(), steps=500, seed=0):
    """The norms of the gradients of both of G's objectives while D learns."""
    rng = np.random.default_rng(seed)
    g, d = vanilla.networks((2,), 2, rng)
    game = Game(g, d, data.ring, latent(2), rng, batch=64, rate_d=1e-3, rate_g=0.0,
                remedies=list(remedies), optimiser_d=Adam(0.5, 0.9), optimiser_g=Adam())
    z, rows = game.noise(500, np.random.default_rng(1)), []

    def look(game):
        if game.step % 20 == 0 or game.step == 1:
            logits = d(g(z))
            rows.append((game.step, *(np.linalg.norm(updates.vector(tg.grad(f(logits), g.parameters())))
                                      for f in (objectives.g_minimax, objectives.g_non_saturating))))
    train(game, steps, [look], record_every=steps)
    return np.array(rows).T


plain, held = gradient_norms(), gradient_norms([R1(0.3)], steps=200)
plt.figure(figsize=(6, 3.1))
for (steps, minimax, other), style, note in ((plain, "-", ""), (held, "--", ", R1 on D")):
    plt.semilogy(steps, minimax, style, color=FAKE, label="minimax" + note)
    plt.semilogy(steps, other, style, color=D_BLUE, label="non-saturating" + note)
plt.ylim(1e-9, 100)
plt.xlabel("steps of $D$, with $G$ fixed")
plt.title("norm of $G$'s gradient")
plt.legend(fontsize=8)
assert plain[2][-1] / plain[1][-1] >= 1e3
assert held[2][-1] / held[1][-1] < 100

# %% [markdown]
# R1 keeps both at a level that is useful for learning.
#
# ## The generator makes few things
#
# The data are eight modes on a ring, and both players use Adam. One game has $\beta_1 = 0.9$, the usual value outside
# GANs. **Predict** its samples after 200, 400, 600 and 800 steps: do the players stay at one place? Then we play the
# same game with R1, with $\beta_1 = 0.5$, and with both.

# %%
def ring_game(beta=0.9, remedies=(), objective="non-saturating", steps=800, seed=1):
    """Samples at four moments of a game on the ring."""
    rng = np.random.default_rng(seed)
    g, d = vanilla.networks((2,), 2, rng, width=64)
    game = Game(g, d, data.ring, latent(2), rng, objective, batch=128, rate=1e-3, remedies=list(remedies),
                optimiser_d=Adam(beta, 0.999), optimiser_g=Adam(beta, 0.999))
    z, photos = game.noise(400, np.random.default_rng(9)), []

    def look(game):
        if game.step % (steps // 4) == 0:
            with tg.no_grad():
                photos.append(g(z).numpy())
    train(game, steps, [look], record_every=steps)
    return photos


def modes(x):
    """The number of modes that have at least one point within 0.15."""
    distance = np.linalg.norm(x[:, None] - data.ring_means(), axis=2)
    return len(set(distance.argmin(1)[distance.min(1) < 0.15]))


def show_ring(panel, x, title):
    panel.plot(*data.ring(300, np.random.default_rng(0)).T, ".", color=DATA, markersize=6, alpha=0.5)
    panel.plot(*x.T, ".", color=FAKE, markersize=2)
    panel.set(aspect="equal", xlim=(-1.7, 1.7), ylim=(-1.7, 1.7), xticks=[], yticks=[])
    panel.set_title(title, fontsize=9)


# %%
# picture: 07-modes.png
collapsed = ring_game()
ends = {r"$\beta_1 = .9$, R1": ring_game(remedies=[R1(1.0)])[-1], r"$\beta_1 = .5$": ring_game(0.5)[-1],
        r"$\beta_1 = .5$, R1": ring_game(0.5, [R1(1.0)])[-1]}
figure, axes = plt.subplots(1, 7, figsize=(13, 2.2))
for panel, x, step in zip(axes, collapsed, (200, 400, 600, 800)):
    show_ring(panel, x, rf"step {step}: near {modes(x)}")
for panel, (name, x) in zip(axes[4:], ends.items()):
    show_ring(panel, x, f"{name}: near {modes(x)}")
assert max(modes(x) for x in collapsed) <= 3
assert all(modes(x) >= 5 for x in ends.values())

# %% [markdown]
# Without a remedy the fakes lie on a thin line that jumps from place to place, and each time $D$ follows. R1 alone
# spreads them out, but the momentum keeps them oscillating; with the smaller $\beta_1$ they find the ring, and with
# both remedies they stay there. **Change** the seed; change $\beta_1$ to 0 and to 0.7; in the game with R1, change the
# weight. At which values does the behaviour change?
#
# ## A remedy and an objective of your own
#
# A remedy is an object with one or more of four methods, which Algorithm 1 calls: `examples`, `penalty`, `after_move`
# and `opponent` (`tinygan.penalties` says what each is given). R2 is R1 at the fakes instead of the data.
# **Predict**: does it hold the game with $\beta_1 = .9$ as R1 does?

# %%
class R2:
    """weight / 2 E_z[|grad D(G(z))|^2]."""

    def __init__(self, weight):
        self.weight = weight

    def penalty(self, game, x, fake, condition, logits_real):
        fake = tg.Tensor(fake, requires_grad=True)
        return penalties.r1(game.discriminator(fake, *condition), fake, self.weight)


both = {"R1": ring_game(remedies=[R1(1.0)])[-1], "R2": ring_game(remedies=[R2(1.0)])[-1]}
figure, axes = plt.subplots(1, 2, figsize=(4.6, 2.2))
for panel, (name, x) in zip(axes, both.items()):
    show_ring(panel, x, f"{name}: near {modes(x)}")

# %% [markdown]
# An objective is two functions of logits, each with a direction. In this one $D$ ascends
# $-E_x[e^{-D(x)}] - E_z[e^{D(G(z))}]$, the loss of boosting, and $G$ descends $E_z[e^{-D(G(z))}]$. At logits of 0 their
# slopes are 1. **Predict** the eigenvalues of its Dirac-GAN, without a remedy and with R1.

# %%
EXPONENTIAL = Objective(Goal(lambda real, fake: -tg.mean(tg.exp(-real)) - tg.mean(tg.exp(fake)), "ascend"),
                        Goal(lambda fake: tg.mean(tg.exp(-fake)), "descend"), critic=True, blind=-2.0)
print(eigenvalues(dirac(EXPONENTIAL)), eigenvalues(dirac(EXPONENTIAL, r1=1.0)))
x = ring_game(0.5, [R1(1.0)], EXPONENTIAL)[-1]
show_ring(plt.subplots(figsize=(2.4, 2.4))[1], x, f"near {modes(x)}")
assert np.allclose(eigenvalues(dirac(EXPONENTIAL)), [1j, -1j])

# %% [markdown]
# It is a centre, as it was for every objective here, and R1 pulls it in. **Write** an objective of your own.
#
# ## Packing: the discriminator sees several examples
#
# Half of the data are at $-1$, half at 1. All fakes of a batch are alike: a coin toss decides whether they are at $-1$
# or at 1. One at a time, they have the distribution of the data. We train a small discriminator and measure $V + \log
# 4$, which is 0 for a discriminator that detects nothing. In packs (`packing`) of $k$, twice the Jensen-Shannon
# divergence is its upper limit. **Predict** the bars.

# %%
def advantage(first, inputs, steps=250, m=64):
    """V + log 4 of a trained discriminator, the mean over its last 50 steps."""
    rng = np.random.default_rng(0)
    d = nn.Sequential(*first, nn.Dense(inputs, 16, rng=rng), nn.Tanh(), nn.Dense(16, 1, rng=rng))
    adam, found = Adam(0.5), []
    for _ in range(steps):
        real = rng.choice([-1.0, 1.0], (m, 1)).astype(np.float32)
        fake = np.full((m, 1), rng.choice([-1.0, 1.0]), np.float32)
        v = objectives.value(d(real), d(fake))
        ascend(d.theta, adam(tg.grad(v, d.parameters())), 0.02)
        fakes = np.stack([np.full((m, 1), side, np.float32) for side in (-1, 1)])     # both sides, for the score
        score = np.mean([objectives.value(d(real), d(x)).item() for x in fakes])
        found.append(score + np.log(4))
    return np.mean(found[-50:])


def pack_limit(k):
    p, q = np.full(2**k, 0.5**k), np.zeros(2**k)
    q[[0, -1]] = 0.5
    return 2 * divergences.js(p, q)


bars = {"single": (advantage([], 1), 0.0), "packs of 2": (advantage([nn.Pack(2)], 2), pack_limit(2)),
        "packs of 4": (advantage([nn.Pack(4)], 4), pack_limit(4)),
        "minibatch std": (advantage([nn.MinibatchStd()], 2), 2 * np.log(2))}
plt.figure(figsize=(5.2, 2.4))
plt.barh(list(bars), [max(score, 0.005) for score, _ in bars.values()], color=D_BLUE)
plt.plot([limit for _, limit in bars.values()], list(bars), "k|", markersize=18, label="the best possible")
plt.gca().invert_yaxis()
plt.xlabel(r"$V + \log 4$: distance that $D$ detects")
plt.legend(fontsize=8)
assert bars["single"][0] < 0.05
assert all(score > 0.8 * limit for score, limit in list(bars.values())[1:])
assert np.isclose(pack_limit(2), 1.5 * np.log(4 / 3))

# %% [markdown]
# One number, the spread of the batch (`minibatch-std`), reveals this collapse at once.
#
# ## Spectral normalisation bounds the slope
#
# Two discriminators learn for 300 steps to separate the ring from a cloud. In one of them, each matrix is divided by
# its largest singular value (`spectral-norm`). **Predict** how steep each is.

# %%
def steep(bounded, steps=300):
    """|grad_x a| on a grid, of a discriminator that has learnt."""
    rng = np.random.default_rng(0)
    _, d = vanilla.networks((2,), 2, rng, width=64, spectral_norm=bounded)
    adam = Adam(0.5)
    for _ in range(steps):
        real, fake = data.ring(128, rng), rng.normal(0, 0.7, (128, 2)).astype(np.float32)
        v = objectives.value(d(real), d(fake))
        ascend(d.theta, adam(tg.grad(v, d.parameters())), 3e-3)
    x = tg.Tensor(np.stack(np.meshgrid(*[np.linspace(-1.7, 1.7, 90, dtype=np.float32)] * 2), -1).reshape(-1, 2), True)
    [slope] = tg.grad(tg.sum(d.eval()(x)), [x])
    return np.linalg.norm(slope.numpy(), axis=1).reshape(90, 90), penalties.r1(d(x), x).item()


figure, axes = plt.subplots(1, 2, figsize=(7.6, 3.2))
for panel, bounded in zip(axes, (False, True)):
    slopes, _ = steep(bounded)
    image = panel.imshow(slopes, origin="lower", extent=(-1.7, 1.7, -1.7, 1.7), cmap="magma", vmin=0)
    panel.set(title="spectral norm" if bounded else "free", xticks=[], yticks=[])
    plt.colorbar(image, ax=panel, label=r"$|\nabla_x a|$", shrink=0.8)
    assert (slopes.max() <= 1.01) == bounded

# %% [markdown]
# On the right the slope is never above 1. The labs go further: [oscillation](labs/oscillation.ipynb), [vanishing
# gradients](labs/vanishing-gradients.ipynb), [mode collapse](labs/mode-collapse.ipynb).
