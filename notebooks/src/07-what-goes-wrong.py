# %% [markdown]
# # 07 What goes wrong: a notebook to step through
#
# It follows [lecture 07](../lectures/07-what-goes-wrong.md). We begin with games of two numbers, in which everything
# can be computed. Then we see the same problems on a ring of eight modes. Each part has the same form:
#
# - **predict**: write your answer in place of `None`;
# - **run** the next cells and open the output, which compares the result with your answer;
# - **change** the value that the text names.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan import data, divergences, nn, objectives, penalties, updates
from tinygan.game import Game, latent, train
from tinygan.notebook import D_BLUE, DATA, FAKE, OCHRE, check, compare, slider, style
from tinygan.objectives import Goal, Objective
from tinygan.penalties import R1, Unrolled
from tinygan.toys.dynamics import alternating, eigenvalues, extragradient, simultaneous, trajectory
from tinygan.toys.fields import bilinear, dirac
from tinygan.updates import Adam, Average, Momentum, ascend, descend
from tinygan.zoo import vanilla

style()
START, NEAR = (1.0, 0.0), (1e-3, 0.0)


def radius(path):
    return np.hypot(path[:, 0], path[:, 1])


# %% [markdown]
# ## A game of two numbers
#
# All data are at 0, all fakes at $\theta$, and the discriminator's logit is $\psi x$: the Dirac-GAN (`dirac`). Next to
# it is the game $\min_x \max_y x y$ (`bilinear`). The arrows show the direction in which the players move; none points
# to the centre.

# %% tags=["hide-input"]
# Draws the arrows of a field, and the two fields.
def draw_field(axes, field, span=1.6):
    u, v = np.meshgrid(np.linspace(-span, span, 15), np.linspace(-span, span, 15))
    a, b = field(u, v)
    axes.quiver(u, v, a, b, color="#989898", angles="xy", width=0.005)
    axes.plot(0, 0, "k+", markersize=9)
    axes.set(aspect="equal", xlim=(-span, span), ylim=(-span, span), xlabel=r"$\theta$, of G", ylabel=r"$\psi$, of D")


_, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.7))
draw_field(left, dirac())
draw_field(right, bilinear)
left.set(title="Dirac-GAN")
right.set(title="$x y$", xlabel="$x$", ylabel="$y$");

# %% [markdown]
# Now the players take steps of size $h = 0.3$: both at once (`simultaneous`), in turns (`alternating`), or with a look
# ahead (`extragradient`). **Predict** for each kind of step where its eigenvalues lie: outside the unit circle, on it,
# or inside.

# %%
my_at_once = None                                              # "outside", "on" or "inside"
my_in_turns = None
my_ahead = None

# %%
KINDS = {"both at once": (simultaneous, FAKE), "in turns": (alternating, D_BLUE),
         "looking ahead": (extragradient, DATA)}


def side(mu):
    """On which side of the unit circle the eigenvalues lie."""
    modulus = abs(mu).max()
    return "on" if abs(modulus - 1) < 1e-6 else "outside" if modulus > 1 else "inside"


# %% tags=["hide-input"]
# Draws paths in the plane of both players, the eigenvalues of the field, and those of a step.
def draw_dynamics(h=0.3, steps=150):
    _, (plane, field, circle) = plt.subplots(1, 3, figsize=(11, 3.7))
    draw_field(plane, dirac(), span=3)
    for name, (kind, colour) in KINDS.items():
        path, mu = trajectory(kind(dirac(), h), START, steps), eigenvalues(kind(dirac(), h))
        plane.plot(*path.T, color=colour, linewidth=1, label=name)
        plane.plot(*path[-1], "o", color=colour)
        circle.plot(mu.real, mu.imag, "o", color=colour, label=f"{name}: {abs(mu[0]):.4f}")
    plane.set(title=f"{steps} steps from (1, 0)")
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


# %% tags=["hide-output"]
# picture: 07-dynamics.png
for (name, (kind, _)), mine in zip(KINDS.items(), (my_at_once, my_in_turns, my_ahead)):
    compare(name, mine, side(eigenvalues(kind(dirac(), 0.3))))
draw_dynamics()
check("the eigenvalues of the field are i/2 and -i/2", np.allclose(np.sort(eigenvalues(dirac()).imag), [-0.5, 0.5]))
check("a step of both at once with h = 0.1 has modulus 1.0012492",
      np.allclose(abs(eigenvalues(simultaneous(dirac(), 0.1))), 1.0012492, atol=5e-8))
check("a step in turns has modulus 1", np.allclose(abs(eigenvalues(alternating(dirac(), 0.1))), 1))

# %% [markdown]
# The eigenvalues were computed before the players moved. Do the paths follow them? The dots are the radius of paths
# that start near the centre, the lines are $|\mu|^t$. On the right, the players move in turns: **change** the rate. At
# which rate is it no longer a wave?

# %% tags=["hide-input"]
# Draws the radius against the prediction of the eigenvalues, and the two players in turns.
t = np.arange(0, 1001, 50)
measured = {name: radius(trajectory(kind(dirac(), 0.1), NEAR, 1000))[t] / 1e-3 for name, (kind, _) in KINDS.items()}


def draw_radii(axes):
    for name, (kind, colour) in KINDS.items():
        axes.semilogy(t, measured[name], ".", color=colour)
        axes.semilogy(t, abs(eigenvalues(kind(dirac(), 0.1))[0]) ** t, color=colour, label=name)
    axes.legend()
    axes.set(xlabel="step", title="radius, from 1; $h = 0.1$")


def draw_wave(rate=0.1):
    _, (left, right) = plt.subplots(1, 2, figsize=(8.5, 2.8))
    draw_radii(left)
    path = trajectory(alternating(dirac(), rate), NEAR, 400 if rate < 1 else 30) / 1e-3
    right.plot(path[:, 0], color=FAKE, label=r"$\theta$")
    right.plot(path[:, 1], color=D_BLUE, label=r"$\psi$")
    mu = eigenvalues(alternating(dirac(), rate))
    angle = abs(np.angle(mu)).max()
    right.set(xlabel="step", title=rf"in turns, $h = {rate:g}$: $|\mu| = {abs(mu).max():.2f}$, "
                                   f"a round in {2 * np.pi / angle:.2f} steps")
    right.legend(loc="lower left")


# %%
slider(draw_wave, rate=(0.1, 4.2, 0.1))

# %%
period = 2 * np.pi / abs(np.angle(eigenvalues(alternating(dirac(), 0.1))[0]))
check("in turns with h = 0.1, a round takes 125.65 steps", round(period, 2) == 125.65, period)
grown = radius(trajectory(simultaneous(dirac(), 0.1), NEAR, 1000))[-1] / 1e-3
check("both at once, the radius grows by 3.4849 in 1,000 steps", np.isclose(grown, 3.4849, atol=5e-5), grown)
both, ahead = (trajectory(kind(bilinear, 0.1), (1.0, 1.0), 100)[-1] for kind in (simultaneous, extragradient))
check("in the game xy, r^2 is 5.409628 after 100 steps at once, and 0.739496 with a look ahead",
      np.allclose([both @ both, ahead @ ahead], [5.409628, 0.739496], atol=5e-7))

# %% [markdown]
# ## Friction: R1, instance noise, unrolling
#
# The R1 penalty (`r1`) is $\frac{\gamma}{2} \psi^2$ here, and pulls $D$ back in proportion to its position.
# **Predict:** which of the weights $\gamma = 0.1, 0.3, 1, 2$ brings the players to the centre first?

# %%
my_fastest = None

# %%
WEIGHTS = {0.1: "#CC79A7", 0.3: OCHRE, 1.0: DATA, 2.0: D_BLUE}


def steps_to_rest(path):
    """The first step at which the radius is below 1/1000."""
    return int(np.argmax(radius(path) < 1e-3))


# %% tags=["hide-input"]
# Draws paths, radii and eigenvalues for several weights of R1.
many = np.array([eigenvalues(dirac(r1=gamma)) for gamma in np.linspace(0, 2.2, 89)])


def draw_r1(weights):
    _, (plane, curve, locus) = plt.subplots(1, 3, figsize=(11, 3.4), width_ratios=(1, 1.2, 1))
    draw_field(plane, dirac(), 1.25)
    locus.plot(many.real, many.imag, ".", color="#c8c8c8", markersize=3)
    for gamma, colour in weights.items():
        path, found = trajectory(simultaneous(dirac(r1=gamma), 0.1), START, 2000), eigenvalues(dirac(r1=gamma))
        there = steps_to_rest(path)
        plane.plot(*path.T, color=colour, linewidth=1.2)
        curve.semilogy(radius(path)[:there + 1 if there else None], color=colour,
                       label=rf"$\gamma = {gamma:g}$: {there or 'more than 2000'} steps")
        locus.plot(found.real, found.imag, "o", color=colour)
    plane.set(title="paths")
    curve.set(title="radius", xlabel="step", xlim=(0, 1000))
    curve.legend()
    locus.axvline(0, color="grey", linewidth=0.7)
    locus.set(title=r"eigenvalues, $\gamma$ from 0 to 2.2", xlabel="real part", aspect="equal", xlim=(-2.1, 0.2),
              ylim=(-1.1, 1.1))


def draw_weight(gamma=0.5):
    draw_r1({round(gamma, 2): OCHRE})


# %% tags=["hide-output"]
# picture: 07-r1.png
there = {gamma: steps_to_rest(trajectory(simultaneous(dirac(r1=gamma), 0.1), START, 2000)) for gamma in WEIGHTS}
compare("fastest weight", my_fastest, min(there, key=there.get))
draw_r1(WEIGHTS)
check("the four need 1818, 499, 203 and 532 steps", list(there.values()) == [1818, 499, 203, 532], found=there)
for gamma in WEIGHTS:
    root = np.emath.sqrt(gamma**2 / 4 - 0.25)
    check("the eigenvalues are -gamma/2 +- sqrt(gamma^2 / 4 - 1/4)",
          np.allclose(np.sort_complex(eigenvalues(dirac(r1=gamma))), [-gamma / 2 - root, -gamma / 2 + root], atol=1e-7))

# %% [markdown]
# The two eigenvalues start at $\pm \frac{i}{2}$, meet at $-\frac12$ when $\gamma = 1$, and separate again; the one that
# returns to 0 makes a strong penalty slow. **Change** the weight with the slider: is a weight slightly below 1 faster?

# %%
slider(draw_weight, gamma=(0.0, 2.2, 0.05))

# %% [markdown]
# Instance noise (`instance-noise`) is another remedy. Near the solution, noise of variance $\tau^2$ equals R1 with
# $\gamma = \tau^2 / 2$; far away the two differ. **Change** $\tau$ to 0.5 and to 2.

# %% tags=["hide-input"]
# Draws a path with instance noise, and the path with the weight of R1 that equals it near the centre.
def draw_noise(tau):
    _, axes = plt.subplots(figsize=(4.2, 3.6))
    draw_field(axes, dirac(noise=tau), 1.25)
    axes.plot(*trajectory(simultaneous(dirac(noise=tau), 0.05), START, 800).T, color=OCHRE,
              label=rf"noise, $\tau = {tau:g}$")
    axes.plot(*trajectory(simultaneous(dirac(r1=tau**2 / 2), 0.05), START, 800).T, "--", color=DATA,
              label=rf"R1, $\gamma = {tau**2 / 2:g}$")
    axes.legend(loc="lower right")


# %%
draw_noise(tau=1.0)

# %%
noise, r1 = (np.sort_complex(eigenvalues(field)) for field in (dirac(noise=1.0), dirac(r1=0.5)))
check("noise of variance 1 and R1 of weight 1/2 have the same eigenvalues",
      np.allclose(noise, r1, atol=1e-7) and np.allclose(noise, [-0.25 - 0.43301j, -0.25 + 0.43301j], atol=5e-6))

# In the library it is a line of code on examples:
x = tg.Tensor(np.zeros((50_000, 2)))
blurred = penalties.instance_noise(x, 0.5, np.random.default_rng(0)).numpy()
check("the noise has the standard deviation 0.5, up to 1 %", np.isclose(blurred.std(), 0.5, rtol=0.01), blurred.std())

# %% [markdown]
# The third kind of friction acts on $G$: it plays against the future discriminator (`unrolled`). This time we do not
# use the toy field but a real `Game` with two networks of one weight each, which the library trains like any other.
# $D$ is a critic, so without a remedy the game circles. One step ahead of size $\eta = 1$ is the critical friction.
# **Predict** the radius after 150 steps with $\eta = 0.2$; it starts at 1.

# %%
my_radius = None

# %%
def one_weight_game(eta):
    """The critic's Dirac-GAN as a `Game`: D(x) = psi x, G(1) = theta, plain steps, one step ahead of size eta."""
    rng = np.random.default_rng(0)
    g, d = (nn.Dense(1, 1, bias=False, rng=rng).astype(np.float64) for _ in range(2))
    g.theta[:], d.theta[:] = START
    path = [START]
    game = Game(g, d, lambda n, rng: np.zeros((n, 1)), lambda n, rng: np.ones((n, 1)), rng, batch=2,
                objective="two-sample", rate=0.1, remedies=[Unrolled(1, eta)] if eta else [],
                optimiser_d=updates.vector, optimiser_g=updates.vector)
    train(game, 150, [lambda game: path.append((g.theta[0], d.theta[0]))])
    return np.array(path)


# %% tags=["hide-input"]
# Draws the paths for several sizes of the step ahead.
def draw_unrolled(paths):
    _, axes = plt.subplots(figsize=(4.2, 3.6))
    draw_field(axes, dirac("two-sample"), 1.25)
    for (eta, path), colour in zip(paths.items(), (FAKE, OCHRE, DATA)):
        axes.plot(*path.T, color=colour, label=f"one step of {eta:g} ahead" if eta else "not ahead")
    axes.legend(loc="lower right")


# %% tags=["hide-output"]
paths = {eta: one_weight_game(eta) for eta in (0, 0.2, 1.0)}
ends = {eta: radius(path)[-1] for eta, path in paths.items()}
compare("radius at the end", my_radius, ends[0.2])
draw_unrolled(paths)
check("without a step ahead the radius stays above 0.9", ends[0] > 0.9, ends[0])
check("with one it falls below 0.1", max(ends[0.2], ends[1.0]) < 0.1, found=ends)

# %% [markdown]
# **Change** $\eta$ to 0.5, 2 and 3. Is more always better?

# %%
draw_unrolled({eta: one_weight_game(eta) for eta in [0.5]})

# %% [markdown]
# ## Changes that add no friction
#
# Four changes are often said to make a game more stable: the non-saturating generator; the critic; the critic with its
# weight clipped at $\frac12$; the critic with the gradient penalty, which pulls the slope to 1. **Predict** how many of
# the four approach the centre.

# %%
my_number = None                                               # 0 to 4

# %%
GAMES = {"non-saturating": trajectory(alternating(dirac("non-saturating"), 0.1, first="g"), START, 10_000),
         "critic": trajectory(simultaneous(dirac("two-sample"), 0.01), START, 1000),
         "critic, clipped": trajectory(simultaneous(dirac("two-sample"), 0.1, clip=0.5), START, 3000),
         "critic, gradient penalty": trajectory(alternating(dirac("two-sample", penalty=1.0), 0.01), START, 3000)}

# %% tags=["hide-input"]
# Draws each path in red, and its last 300 steps in blue.
def draw_games(games):
    _, axes = plt.subplots(1, len(games), figsize=(2.8 * len(games), 2.9), squeeze=False)
    for panel, (name, path) in zip(axes[0], games.items()):
        panel.plot(*path.T, color=FAKE, linewidth=0.5)
        panel.plot(*path[-300:].T, color=D_BLUE, linewidth=1.2)
        panel.plot(0, 0, "k+", markersize=9)
        panel.set(title=name, aspect="equal", xlim=(-1.6, 1.6), ylim=(-1.6, 1.6))


# %% tags=["hide-output"]
compare("approach the centre", my_number, sum(radius(path)[-300:].max() < 0.2 for path in GAMES.values()))
draw_games(GAMES)
r = radius(GAMES["non-saturating"])
check("the non-saturating game has the radius 0.270 after 1,000 steps and 0.0902 after 10,000",
      np.allclose(r[[1000, 10_000]], [0.270, 0.0902], atol=1e-4), found=r[[1000, 10_000]])
check("at the end this is the lecture's sqrt(8 / t), t = h * steps, up to 1 %",
      np.isclose(r[-1], np.sqrt(8 / 1000), rtol=0.01), r[-1])
check("the critic's radius grows to 1.0512685", np.isclose(radius(GAMES["critic"])[-1], 1.0512685, atol=5e-7))
check("with clipping, theta still reaches 0.541",
      np.isclose(GAMES["critic, clipped"][1000:, 0].max(), 0.541, atol=5e-4))
check("with the gradient penalty, it still reaches 1.387",
      np.isclose(GAMES["critic, gradient penalty"][2000:, 0].max(), 1.387, atol=5e-4))

# %% [markdown]
# Only the first does, and slowly. Red is the whole path, blue its last 300 steps. **Change** the clip to 0.1 and to 2:
# what does it change about the path?

# %%
draw_games({"clipped": trajectory(simultaneous(dirac("two-sample"), 0.1, clip=0.5), START, 3000)})

# %% [markdown]
# ## Averages and a falling learning rate
#
# A game in turns starts at radius 1. It is played without noise, and with noise in each gradient and R1; with a
# constant rate, and with a rate that falls to 0 (`linear-decay`). The average (`average`) does not change the players.
# **Predict** two numbers for the game without noise and decay: the radius at the end, and the radius of the average.
# And does decay help without noise? And with it?

# %%
my_end = None
my_average = None
my_decay_helps = None, None                                    # True or False: without noise, with noise

# %%
def noisy_game(gamma=0.0, decay=False, noise=0.0, average=0.998, steps=2500, seed=0):
    """In turns with R1 of weight gamma; each gradient has noise. Returns the path and the path of its average."""
    rng, field = np.random.default_rng(seed), dirac(r1=gamma)
    w, mean, path = np.array(START), Average(average), []
    for t in range(steps):
        rate = updates.linear_decay(0.1, t, steps) if decay else 0.1
        for player in (1, 0):                                           # D, then G
            w[player] += rate * (field(*w)[player] + noise * rng.normal())
        path.append((w.copy(), mean(w).copy()))
    return np.moveaxis(np.array(path), 1, 0)


# %% tags=["hide-input"]
# Draws the radius of the path and of its average for each game.
def draw_averages(games):
    _, axes = plt.subplots(1, len(games), figsize=(2.8 * len(games), 2.9), sharey=True, squeeze=False)
    for panel, (name, (path, mean)) in zip(axes[0], games.items()):
        panel.semilogy(radius(path), color=FAKE, linewidth=0.6, label="radius")
        panel.semilogy(radius(mean), color=D_BLUE, label="of the average")
        panel.set(title=name, xlabel="step", ylim=(1e-3, 3))
    axes[0, 0].legend()


# %% tags=["hide-output"]
games = {"no noise": noisy_game(), "no noise, decay": noisy_game(decay=True),
         "noise, R1": noisy_game(0.5, noise=0.5), "noise, R1, decay": noisy_game(0.5, decay=True, noise=0.5)}
ends = {name: (radius(path)[-100:].mean(), radius(mean)[-1]) for name, (path, mean) in games.items()}
compare("radius at the end", my_end, ends["no noise"][0])
compare("radius of the average", my_average, ends["no noise"][1])
for name, mine in zip(("no noise", "noise, R1"), my_decay_helps):
    compare(f"{name}: decay helps", mine, ends[f"{name}, decay"][0] < ends[name][0] / 2)
draw_averages(games)
check("without noise and friction the radius stays above 0.8, with decay or without",
      min(ends["no noise"][0], ends["no noise, decay"][0]) > 0.8)
check("the average is within 0.1 of the centre", ends["no noise"][1] < 0.1, ends["no noise"][1])
check("with noise and R1, decay makes the radius at least twice as small",
      ends["noise, R1"][0] > 2 * ends["noise, R1, decay"][0])

# %% [markdown]
# **Change** the decay of the average to 0.9 and to 0.9999. What is wrong with each of them?

# %%
draw_averages({"no noise": noisy_game(average=0.98)})

# %% [markdown]
# ## The sign of momentum
#
# The game is $x y$ with alternating steps and the momentum $\beta$ (`momentum`). **Predict** the path for a positive, a
# zero and a negative momentum.

# %%
my_positive = None                                             # "in", "out" or "circle"
my_zero = None
my_negative = None

# %%
def with_momentum(beta, rate=0.1, steps=200):
    x, y, memory_x, memory_y = np.array([1.0]), np.array([1.0]), Momentum(beta), Momentum(beta)
    path = [(1.0, 1.0)]
    for _ in range(steps):
        ascend(y, memory_y(x), rate)
        descend(x, memory_x(y), rate)
        path.append((x[0], y[0]))
    return np.array(path)


def growth(beta, rate=0.1):
    """The factor of the radius in each step, to second order in the rate."""
    return np.sqrt(1 + 2 * rate**2 * beta / (1 - beta) ** 3)


def direction(path):
    """Compares the mean radius of the last 60 steps, about a round, with that of the first 60."""
    change = radius(path)[-60:].mean() / radius(path)[:60].mean()
    return "circle" if abs(change - 1) < 0.1 else "out" if change > 1 else "in"


# %% tags=["hide-input"]
# Draws paths with momentum, their radius, and the prediction of the formula.
def draw_momenta(betas):
    _, (plane, curve) = plt.subplots(1, 2, figsize=(8, 3.2), width_ratios=(1, 1.3))
    for beta, colour in betas.items():
        path = with_momentum(beta)
        plane.plot(*path.T, color=colour, linewidth=1)
        curve.semilogy(radius(path), color=colour, label=rf"$\beta = {beta:g}$")
        curve.semilogy(np.sqrt(2) * growth(beta) ** np.arange(201), ":", color=colour)
    plane.plot(0, 0, "k+")
    plane.set(aspect="equal", xlabel="$x$", ylabel="$y$", xlim=(-4, 4), ylim=(-4, 4))
    curve.legend()
    curve.set(xlabel="step", title="radius; dotted: predicted", ylim=(0.5, 30))


def draw_momentum(beta=0.3):
    draw_momenta({round(beta, 1): FAKE})


# %% tags=["hide-output"]
for beta, mine in ((0.5, my_positive), (0.0, my_zero), (-0.5, my_negative)):
    path = with_momentum(beta)
    compare(f"momentum {beta:g}", mine, direction(path))
    grown = np.log(radius(path)[-1] / np.sqrt(2))
    check("the radius grows or falls as |mu|^2 = 1 + 2 h^2 beta / (1 - beta)^3 predicts, up to 20 %",
          np.isclose(grown, 200 * np.log(growth(beta)), rtol=0.2, atol=0.05), grown)
draw_momenta({-0.5: DATA, 0.0: "#808080", 0.5: FAKE})

# %% [markdown]
# The lecture's formula, $|\mu|^2 \approx 1 + 2 h^2 \beta / (1 - \beta)^3$, predicts this. Adam's usual $\beta_1 = 0.9$
# is a positive momentum. **Change** $\beta$: is the strongest negative momentum the fastest?

# %%
slider(draw_momentum, beta=(-0.9, 0.7, 0.1))

# %% [markdown]
# ## The generator stands still
#
# Take data $N(0, s^2)$, fakes $N(1, s^2)$, and the best discriminator. The arrow at the centre of the fakes is the
# slope of the objective along the logit, times the slope of the logit, $1/s^2$. **Predict** the limit of its length as
# $s$ goes to 0: for the minimax generator, for the non-saturating one, and for the minimax generator with instance
# noise.

# %%
my_minimax = None                                              # "0", "a number" or "infinity"
my_non_saturating = None
my_minimax_with_noise = None

# %%
def arrows(s, tau=0.0):
    """The length at a fake, for minimax and non-saturating generators; noise of width tau adds its variance."""
    width = np.sqrt(s**2 + tau**2)
    logit = -1 / (2 * width**2)                                         # of the best D, at x = 1
    return tg.sigmoid(logit) / width**2, tg.sigmoid(-logit) / width**2


def limit(lengths):
    """The limit as s goes to 0, from the lengths at s = 0.1 and 0.05."""
    ratio = lengths[1] / lengths[0]
    return "0" if ratio < 0.5 else "infinity" if ratio > 2 else "a number"


# %% tags=["hide-input"]
# Draws the length of the arrows against the width of the densities.
def draw_arrows(tau):
    s = np.geomspace(0.08, 2, 80)
    plt.figure(figsize=(5.2, 3))
    for noise, line in ((0, "-"), (tau, "--")):
        note = rf", noise $\tau = {noise:g}$" if noise else ""
        for length, colour, name in zip(arrows(s, noise), (FAKE, D_BLUE), ("minimax", "non-saturating")):
            plt.loglog(s, length, line, color=colour, label=name + note)
    plt.xlabel("width $s$ of both densities")
    plt.title("length of the arrow at a fake")
    plt.ylim(1e-6, 300)
    plt.legend(fontsize=7, loc="lower right")


# %% tags=["hide-output"]
small = np.array([0.1, 0.05])
minimax, non_saturating = arrows(small)
compare("minimax", my_minimax, limit(minimax))
compare("non-saturating", my_non_saturating, limit(non_saturating))
compare("minimax with noise", my_minimax_with_noise, limit(arrows(small, 0.5)[0]))
draw_arrows(tau=0.5)

# %% [markdown]
# **Change** the noise to 0.2: how long are the arrows, and why does less noise make the two generators different?

# %%
draw_arrows(tau=0.3)

# %% [markdown]
# Now we use real networks on the ring: $G$ is fixed, and $D$ learns for 500 steps. We compute the norm of $G$'s
# gradient for both objectives (`g-minimax`, `g-non-saturating`). **Predict** for each whether it rises or falls, and
# how many times larger the non-saturating gradient is in the end: without R1, and with R1.

# %%
my_minimax_norm = None                                         # "rises" or "falls"
my_non_saturating_norm = None
my_ratio = None                                                # for instance 10.0
my_ratio_r1 = None

# %%
def gradient_norms(remedies=(), steps=500, seed=0):
    """The norms of the gradients of both of G's objectives while D learns; and the steps."""
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


# %% tags=["hide-input"]
# Draws the norms of the gradients while D learns.
def draw_norms(runs):
    plt.figure(figsize=(6, 3.1))
    for (note, (steps, minimax, other)), line in zip(runs.items(), ("-", "--")):
        plt.semilogy(steps, minimax, line, color=FAKE, label="minimax" + note)
        plt.semilogy(steps, other, line, color=D_BLUE, label="non-saturating" + note)
    plt.ylim(1e-9, 100)
    plt.xlabel("steps of $D$, with $G$ fixed")
    plt.title("norm of $G$'s gradient")
    plt.legend()


# %% tags=["hide-output"]
# picture: 07-vanishing.png
plain, held = gradient_norms(), gradient_norms([R1(0.3)], steps=200)
for name, mine, norms in zip(("minimax", "non-saturating"), (my_minimax_norm, my_non_saturating_norm), plain[1:]):
    compare(name, mine, "rises" if norms[-1] > norms[0] else "falls")
compare("ratio without R1", my_ratio, plain[2][-1] / plain[1][-1])
compare("ratio with R1", my_ratio_r1, held[2][-1] / held[1][-1])
draw_norms({"": plain, ", R1 on D": held})
check("without R1 the non-saturating gradient is at least 1,000 times larger", plain[2][-1] / plain[1][-1] >= 1e3,
      plain[2][-1] / plain[1][-1])
check("with R1 it is less than 100 times larger", held[2][-1] / held[1][-1] < 100, held[2][-1] / held[1][-1])

# %% [markdown]
# R1 keeps both at a level that is useful for learning. **Change** its weight: how small may it be?

# %%
draw_norms({", R1 on D": gradient_norms([R1(0.1)], steps=100)})

# %% [markdown]
# ## The generator makes few things
#
# The data are eight modes on a ring, and both players use Adam. A game has 800 steps; after 200, 400, 600 and 800 we
# count the modes that have samples near them. **Predict** the mean of the four numbers for four games: $\beta_1 = 0.9$,
# the usual value outside GANs; 0.9 with R1; 0.5; 0.5 with R1. (About ten seconds.)

# %%
my_modes = None, None, None, None

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


# %% tags=["hide-input"]
# Draws sets of samples over the ring.
def draw_rings(samples, size=1.9):
    _, axes = plt.subplots(1, len(samples), figsize=(size * len(samples), size + 0.3), squeeze=False)
    for panel, (title, x) in zip(axes[0], samples.items()):
        panel.plot(*data.ring(300, np.random.default_rng(0)).T, ".", color=DATA, markersize=6, alpha=0.5)
        panel.plot(*x.T, ".", color=FAKE, markersize=2)
        panel.set(aspect="equal", xlim=(-1.7, 1.7), ylim=(-1.7, 1.7), xticks=[], yticks=[])
        panel.set_title(f"{title}: near {modes(x)}", fontsize=9)


# %% tags=["hide-output"]
# picture: 07-modes.png
games = {r"$\beta_1 = .9$": ring_game(), r"$\beta_1 = .9$, R1": ring_game(remedies=[R1(1.0)]),
         r"$\beta_1 = .5$": ring_game(0.5), r"$\beta_1 = .5$, R1": ring_game(0.5, [R1(1.0)])}
met = [np.mean([modes(x) for x in photos]) for photos in games.values()]
for name, mine, number in zip(("0.9", "0.9, R1", "0.5", "0.5, R1"), my_modes, met):
    compare(f"beta1 = {name}: modes, mean of four moments", mine, number)
collapsed, *others = games.values()
draw_rings({f"step {step}": x for step, x in zip((200, 400, 600, 800), collapsed)} |
           dict(zip(list(games)[1:], [photos[-1] for photos in others])))
check("with 0.9 and no remedy the fakes are near fewer than 2 of the 8 modes in the mean", met[0] < 2, met[0])
check("R1 adds at least 2 modes to this", met[1] > met[0] + 2, found=met[:2])
check("with 0.5 the fakes are near at least 6 modes in the end", min(modes(photos[-1]) for photos in others[1:]) >= 6,
      found=[modes(photos[-1]) for photos in others[1:]])

# %% [markdown]
# Without a remedy the fakes lie on a thin line that jumps from place to place, and each time $D$ follows. R1 alone
# spreads them out, but the momentum keeps them oscillating; with the smaller $\beta_1$ they find the ring, and with
# both remedies they stay there. **Change** the seed (with 2, $\beta_1 = 0.5$ alone is not enough); change $\beta_1$
# to 0 and to 0.6; add `remedies=[R1(1.0)]`. At which values does the behaviour change?

# %%
draw_rings(dict(zip(("200", "400", "600", "800"), ring_game(beta=0.7, seed=1))))

# %% [markdown]
# ## A remedy and an objective of your own
#
# A remedy is an object with one or more of four methods, which Algorithm 1 calls: `examples`, `penalty`, `after_move`
# and `opponent` (`tinygan.penalties` describes what each receives). R2 is R1 at the fakes instead of the data.
# **Predict** the mean number of modes, as above, for $\beta_1 = .9$ and R2.

# %%
my_modes_r2 = None

# %%
class R2:
    """weight / 2 E_z[|grad D(G(z))|^2]."""

    def __init__(self, weight):
        self.weight = weight

    def penalty(self, game, x, fake, condition, logits_real):
        fake = tg.Tensor(fake, requires_grad=True)
        return penalties.r1(game.discriminator(fake, *condition), fake, self.weight)


# %% tags=["hide-output"]
with_r2 = ring_game(remedies=[R2(1.0)])
compare("modes, mean of four moments", my_modes_r2, np.mean([modes(x) for x in with_r2]))
draw_rings({f"R2, step {step}": x for step, x in zip((200, 400, 600, 800), with_r2)})

# %% [markdown]
# An objective is two functions of logits, each with a direction. In this one $D$ ascends
# $-E_x[e^{-D(x)}] - E_z[e^{D(G(z))}]$, the loss of boosting, and $G$ descends $E_z[e^{-D(G(z))}]$. At logits of 0 their
# slopes are 1, so its Dirac-GAN has the eigenvalues $\pm i$: a centre, as for every objective here, and R1 pulls it in.
# **Change** the two functions to an objective of your own.

# %%
EXPONENTIAL = Objective(Goal(lambda real, fake: -tg.mean(tg.exp(-real)) - tg.mean(tg.exp(fake)), "ascend"),
                        Goal(lambda fake: tg.mean(tg.exp(-fake)), "descend"), critic=True, blind=-2.0)
print("eigenvalues:", *eigenvalues(dirac(EXPONENTIAL)).round(3), "with R1:",
      *eigenvalues(dirac(EXPONENTIAL, r1=1.0)).round(3))
check("it is a centre: the eigenvalues are i and -i", np.allclose(eigenvalues(dirac(EXPONENTIAL)), [1j, -1j]))
draw_rings({"exponential, R1": ring_game(0.5, [R1(1.0)], EXPONENTIAL)[-1]})

# %% [markdown]
# ## Packing: the discriminator sees several examples
#
# Half of the data are at $-1$, half at 1. All fakes of a batch are alike: a coin toss decides whether they are at $-1$
# or at 1. One at a time, they have the distribution of the data. We train a small discriminator and measure $V + \log
# 4$, which is 0 for a discriminator that detects nothing and 1.39 for one that is always right. **Predict** it for a
# $D$ that sees one example, a pack (`packing`) of two, a pack of four, and one example with the spread of its batch
# (`minibatch-std`).

# %%
my_detected = None, None, None, None

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
    """Twice the Jensen-Shannon divergence between packs of k: no discriminator detects more."""
    p, q = np.full(2**k, 0.5**k), np.zeros(2**k)
    q[[0, -1]] = 0.5
    return 2 * divergences.js(p, q)


# %% tags=["hide-input"]
# Draws a bar for each discriminator, and the limit.
def draw_bars(bars):
    plt.figure(figsize=(5.2, 0.6 * len(bars) + 0.6))
    plt.barh(list(bars), [max(score, 0.005) for score, _ in bars.values()], color=D_BLUE)
    plt.plot([limit for _, limit in bars.values()], list(bars), "k|", markersize=18, label="the best possible")
    plt.gca().invert_yaxis()
    plt.xlim(-0.05, 1.5)
    plt.xlabel(r"$V + \log 4$: distance that $D$ detects")
    plt.legend()


# %% tags=["hide-output"]
bars = {"single": (advantage([], 1), 0.0), "packs of 2": (advantage([nn.Pack(2)], 2), pack_limit(2)),
        "packs of 4": (advantage([nn.Pack(4)], 4), pack_limit(4)),
        "minibatch std": (advantage([nn.MinibatchStd()], 2), 2 * np.log(2))}
for (name, (score, _)), mine in zip(bars.items(), my_detected):
    compare(name, mine, score)
draw_bars(bars)
check("one example detects less than 0.05", bars["single"][0] < 0.05, bars["single"][0])
check("the others reach 75 % of what is possible",
      all(score > 0.75 * limit for score, limit in list(bars.values())[1:]), found=bars)
check("for packs of 2 this is 1.5 log(4/3)", np.isclose(pack_limit(2), 1.5 * np.log(4 / 3)))

# %% [markdown]
# One number, the spread of the batch, reveals this collapse at once. **Change** $k$: how large must a pack be to detect
# 90 % of $\log 4 = 1.39$?

# %%
k = 3
draw_bars({f"packs of {k}": (advantage([nn.Pack(k)], k, m=60), pack_limit(k))})

# %% [markdown]
# ## Spectral normalisation bounds the slope
#
# Two discriminators learn for 300 steps to separate the ring from a cloud. In one of them, each matrix is divided by
# its largest singular value (`spectral-norm`). **Predict** the steepest slope of each.

# %%
my_steepest_free = None
my_steepest_bounded = None

# %%
def slopes_of(bounded, steps=300):
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
    return np.linalg.norm(slope.numpy(), axis=1).reshape(90, 90)


# %% tags=["hide-input"]
# Draws the slopes in the plane.
def draw_slopes(found):
    _, axes = plt.subplots(1, len(found), figsize=(3.8 * len(found), 3.2), squeeze=False)
    for panel, (name, slopes) in zip(axes[0], found.items()):
        image = panel.imshow(slopes, origin="lower", extent=(-1.7, 1.7, -1.7, 1.7), cmap="magma", vmin=0)
        panel.set(title=name, xticks=[], yticks=[])
        plt.colorbar(image, ax=panel, label=r"$|\nabla_x a|$", shrink=0.8)


# %% tags=["hide-output"]
found = {"free": slopes_of(bounded=False), "spectral norm": slopes_of(bounded=True)}
compare("free", my_steepest_free, found["free"].max())
compare("spectral norm", my_steepest_bounded, found["spectral norm"].max())
draw_slopes(found)
check("with the spectral norm the slope is at most 1.01", found["spectral norm"].max() <= 1.01,
      found["spectral norm"].max())
check("without it the slope is somewhere above 10", found["free"].max() > 10, found["free"].max())

# %% [markdown]
# On the right the slope is never above 1. **Change** the steps of the free one to 50 and to 1000: does its slope stop
# growing?

# %%
draw_slopes({"free": slopes_of(bounded=False, steps=100)})

# %% [markdown]
# The labs go further: [oscillation](labs/oscillation.ipynb), [vanishing gradients](labs/vanishing-gradients.ipynb),
# [mode collapse](labs/mode-collapse.ipynb).
