# %% [markdown]
# # 10 Conditions and sequences: a notebook to step through
#
# It follows [lecture 10](../lectures/10-conditions.md): **predict**, **run**, **look**, **change**. The first generator
# gets a label; the second generates a sequence step by step.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan import data, metrics, nn
from tinygan.game import Game, latent, train
from tinygan.penalties import R1
from tinygan.updates import Adam, Average
from tinygan.zoo import RECIPES, sequence
from tinygan.zoo.conditional import Projection
from tinygan.zoo.sources import source

DATA, FAKE, D_BLUE = "#3a7d44", "#d1495b", "#2e6f95"  # the data, the generator, the discriminator
plt.rcParams.update({"figure.dpi": 95, "axes.spines.top": False, "axes.spines.right": False,
                     "figure.constrained_layout.use": True})
ring, means = source("ring", labels=True), data.ring_means()

# %% [markdown]
# ## Games with and without the label
#
# Eight clusters on a ring; the condition $c$ is the number of the cluster. Both players get the condition, $x = g(z, c,
# w)$ and $d(x, c, \phi)$ (`conditional`). We also play two other games: one in which the labels of each batch are
# shuffled, and one in which only $G$ gets the label.
#
# **Predict** the colours of the three pictures: the colour of a point is the *requested* label.

# %%
class Deaf(nn.Module):
    """A discriminator that gets the label 0 instead of every label."""

    def __init__(self, player):
        self.player = player

    def forward(self, x, labels):
        return self.player(x, 0 * labels.data)


def play(kind, steps=250):
    game = RECIPES["conditional-ring"].start(0, batch=64)
    draw = game.data

    def shuffled(n, rng):
        x, labels = draw(n, rng)
        return x, rng.permutation(labels)

    if kind == "shuffled labels":
        game.data = shuffled
    if kind == "$D$ without labels":
        game.discriminator = Deaf(game.discriminator)
    return train(game, steps)


games = {kind: play(kind) for kind in ("true labels", "shuffled labels", "$D$ without labels")}

# %% [markdown]
# The two numbers of the lecture (`label-accuracy`): $A$ is the share of examples with the requested class, and $S$ the
# share whose class changes with the label for the same $z$.

# %%
# picture: 10-ring.png
def sampler(game, n=1000):
    """A function of labels -> points, always of the same noise."""
    z = game.noise(n, np.random.default_rng(1))

    def sample(labels):
        with tg.no_grad():
            return game.generator(tg.Tensor(z), np.asarray(labels)).numpy()
    return sample


labels, scores = np.arange(1000) % 8, {}
figure, axes = plt.subplots(1, 3, figsize=(9, 3.3))
for panel, (kind, game) in zip(axes, games.items()):
    game.generator.eval()
    x = sampler(game)(labels)
    scores[kind] = metrics.label_scores(sampler(game), ring.evaluate.classify, labels, 8, np.random.default_rng(2))
    panel.plot(*means.T, "o", color="#d8d8d8", markersize=14, zorder=0)
    for c, mean in enumerate(means):
        panel.plot(*x[labels == c][:60].T, ".", color=f"C{c}", markersize=4)
        panel.text(*(1.32 * mean), str(c), color=f"C{c}", ha="center", va="center", weight="bold")
    panel.set(title=f"{kind}: A = {scores[kind]['label_accuracy']:.2f}, S = {scores[kind]['label_swap']:.2f}",
              aspect="equal", xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), xticks=[], yticks=[])
assert min(scores["true labels"].values()) > 0.99
assert scores["shuffled labels"]["label_accuracy"] < 0.25
assert scores["$D$ without labels"]["label_accuracy"] < 0.4

# %% [markdown]
# With true labels, every example is in the right cluster. With shuffled labels the colours are mixed: $A$ by chance is
# $\tfrac18$. In the last picture $G$ uses the label, and nearly every label gets a cluster of its own, but not the
# *right* one. $S$ is high and $A$ is low.
#
# Do the losses show this?

# %%
figure, axes = plt.subplots(1, 3, figsize=(9, 2.4), sharey=True)
for panel, (kind, game) in zip(axes, games.items()):
    history = game.history
    panel.plot(history["step"], history["d_value"], color=D_BLUE, label="$D$: $V$")
    panel.plot(history["step"], history["g_value"], color=FAKE, label="$G$: mean $\\log D(G(z))$")
    panel.axhline(-np.log(4), color="grey", linestyle=":")
    panel.set(title=kind, xlabel="step", ylim=(-2.2, 0))
    assert abs(np.mean(history["d_value"][-50:]) + np.log(4)) < 0.15
axes[0].legend(fontsize=8, loc="lower left");

# %% [markdown]
# All three end near the dotted line, $-\log 4$, where $D$ cannot separate real from fake. The first game is easier (a
# known label leaves less to learn), but no curve shows in which game the labels have a meaning. To measure this we need
# labels and a classifier.
#
# Both players have a vector for each label. What is *between* two labels? The generator also accepts weights of the
# classes, so keep $z$ fixed and interpolate from label 0 to label 3.

# %%
walk = np.linspace(0, 1, 60)[:, None] * (np.eye(8)[3] - np.eye(8)[0]) + np.eye(8)[0]
generator = games["true labels"].generator
plt.figure(figsize=(3.6, 3.4))
plt.plot(*means.T, "o", color="#d8d8d8", markersize=14)
for seed in range(6):
    z = np.random.default_rng(seed).normal(size=(1, 2)).astype(np.float32).repeat(60, 0)
    with tg.no_grad():
        path = generator(tg.Tensor(z), tg.Tensor(walk.astype(np.float32))).numpy()
    plt.plot(*path.T, color=FAKE, linewidth=1)
    plt.plot(*path[[0, -1]].T, "o", color=FAKE, markersize=4)
plt.gca().set(aspect="equal", xticks=[], yticks=[], title="from label 0 to label 3")
assert ring.evaluate.classify(path[[0, -1]]).tolist() == [0, 3]

# %% [markdown]
# The two ends are right; the points between them were never trained.
#
# ## The discriminator for three labels
#
# We evaluate the same points with three labels: is this a real 0? a real 3? a real 6? **Predict** where $D(x, c)$ is
# large.

# %%
u, v = np.meshgrid(np.linspace(-1.6, 1.6, 70), np.linspace(-1.6, 1.6, 70))
plane = np.stack([u.ravel(), v.ravel()], 1).astype(np.float32)


def logits(d, c):
    with tg.no_grad():
        return d(tg.Tensor(plane), np.full(len(plane), c)).numpy().reshape(u.shape)


def field(panel, values, title, bound):
    shown = panel.pcolormesh(u, v, values, cmap="RdBu", vmin=-bound, vmax=bound, shading="auto", alpha=0.8)
    panel.plot(*means.T, "o", color="black", markersize=3)
    panel.set(title=title, aspect="equal", xticks=[], yticks=[])
    return shown


game = RECIPES["conditional-ring"].start(0, batch=64)   # an early game: the fakes are not right yet
train(game, 15)
bound = max(abs(logits(game.discriminator, c)).max() for c in (0, 3, 6))
figure, axes = plt.subplots(1, 3, figsize=(9, 2.9))
for panel, c in zip(axes, (0, 3, 6)):
    shown = field(panel, logits(game.discriminator, c), f"logit of $D(x, {c})$", bound)
    panel.plot(*means[c], "o", color=DATA, markersize=9, markerfacecolor="none", markeredgewidth=2)
figure.colorbar(shown, ax=axes)
at = [logits(game.discriminator, c)[np.unravel_index(np.argmin(((plane - means[c]) ** 2).sum(1)), u.shape)] -
      logits(game.discriminator, c)[np.unravel_index(np.argmin(((plane + means[c]) ** 2).sum(1)), u.shape)]
      for c in range(8)]
assert min(at) > 0                                      # its own cluster looks more real than the opposite one

# %% [markdown]
# ## The label as a direction
#
# The projection discriminator (`projection`): $a(x, c) = \psi(\phi(x)) + \langle v_c, \phi(x) \rangle$. Train one
# against a cloud of fakes with the data's labels, and look at its two parts. **Predict:** which part depends on the
# ring, and which on the class?

# %%
rng = np.random.default_rng(0)
body = nn.Sequential(nn.Dense(2, 48, rng=rng), nn.Tanh(), nn.Dense(48, 32, rng=rng), nn.Tanh(),
                     nn.Dense(32, 1, rng=rng))
D, adam = Projection(body, 8, rng), Adam(0.5, 0.99)
for _ in range(300):
    x, c = ring.draw(128, rng)
    real = D(tg.Tensor(x + rng.normal(0, 0.1, x.shape).astype(np.float32)), c)
    fake = D(tg.Tensor(rng.normal(0, 0.8, x.shape).astype(np.float32)), c)
    v_of_game = tg.objectives.value(real, fake)
    tg.updates.ascend(D.theta, adam(tg.grad(v_of_game, D.parameters())), 5e-3)

with tg.no_grad():
    phi = D.body(tg.Tensor(plane))
    common, features = D.head(phi).numpy().reshape(u.shape), phi.numpy()
table = D.embedding.weight.numpy()
figure, axes = plt.subplots(2, 3, figsize=(9, 5.6))
for row, c in zip(axes, (1, 5)):
    part = (features @ table[c]).reshape(u.shape)
    assert np.allclose(common + part, logits(D, c), atol=1e-4)
    field(row[0], common, r"$\psi(\phi(x))$, for all classes", 8)
    field(row[1], part, rf"$\langle v_{c}, \phi(x) \rangle$", 8)
    shown = field(row[2], common + part, f"the sum: logit of $D(x, {c})$", 8)
figure.colorbar(shown, ax=axes);

# %% [markdown]
# The common part is large where there are data of any class; the inner product shifts it towards one cluster.
# **Change:** give the fakes labels at random among 0 to 3 only, and look at the common part and at the class parts
# again (exercise 1).
#
# ## Back-propagation through time
#
# We run a recurrent cell for sixteen steps (`rnn`), with a loss that depends on the states. The bars are computed by
# the tape, the dots by the recursion of the lecture (`through-time`).

# %%
T, H = 16, 12
rng = np.random.default_rng(0)
layer = nn.Recurrent(nn.RNNCell(1, H, rng=rng)).astype(np.float64)
x = tg.Tensor(data.sines(1, rng).astype(np.float64), requires_grad=True)


def recursion(layer, x, e):
    """dL/dx at every step, by hand."""
    (w, big_u, _, _), h = (p.numpy() for p in layer.parameters()), layer(x).numpy()
    later, slopes = 0, []
    for t in reversed(range(T)):
        gamma = (e[:, t] + later) * (1 - h[:, t] ** 2)
        slopes.append((gamma @ w.T).item())
        later = gamma @ big_u.T
    return slopes[::-1]


figure, axes = plt.subplots(1, 2, figsize=(9, 2.5), sharey=True)
mean, last = np.full((1, T, H), 1 / T), np.zeros((1, T, H))
last[:, -1] = 1
for panel, e, title in zip(axes, (mean, last), ("the loss is the mean of all states", "the loss is the last state")):
    [tape] = tg.grad(tg.sum(layer(x) * e), [x])
    panel.bar(np.arange(T), np.abs(tape.numpy()[0, :, 0]), color=FAKE, alpha=0.5)
    panel.plot(np.arange(T), np.abs(recursion(layer, x, e)), "o", color=FAKE, markersize=4)
    panel.set(title=title, xlabel="step", yscale="log")
    assert np.allclose(tape.numpy()[0, :, 0], recursion(layer, x, e))
axes[0].set_ylabel(r"$|\partial L / \partial x_t|$")
arrow = np.abs(recursion(layer, x, last))
assert arrow[0] < 0.01 * arrow[-1]

# %% [markdown]
# On the right almost no gradient reaches the first step (note the logarithmic scale). On the left every step gets a
# direct gradient. For this reason the sequence discriminator takes the mean.
#
# ## Vanishing and exploding gradients, and the gated unit
#
# How much of a gradient at the last state reaches a state $k$ steps earlier, for cells of 64 numbers? The recurrent
# matrix is scaled so that its largest eigenvalue is .58 (as drawn), 1 or 1.5; then the gated unit (`gru`) as drawn, and
# with the bias of its keep gate increased by 4. **Predict** the order of the five curves at distance 30.

# %%
# picture: 10-vanishing.png
H, T = 64, 31
rng = np.random.default_rng(1)


def cells():
    for name, radius in ((r"RNN, as drawn", None), (r"RNN, $\rho = 1$", 1.0), (r"RNN, $\rho = 1.5$", 1.5)):
        cell = nn.RNNCell(1, H, rng=rng).astype(np.float64)
        if radius:
            matrix = cell.weight_hh.data
            matrix *= radius / np.abs(np.linalg.eigvals(matrix)).max()
        yield name, cell
    for name, more in (("GRU, as drawn", 0), ("GRU, keep gate open", 4)):
        cell = nn.GRUCell(1, H, rng=rng).astype(np.float64)
        cell.bias_hh.data[H:2 * H] += more
        yield name, cell


plt.figure(figsize=(6, 3.2))
arrives = {}
for (name, cell), colour in zip(cells(), (D_BLUE, "#7fb2d0", "#909090", FAKE, DATA)):
    sizes = []
    for e in rng.normal(size=(8, 1, H)) / np.sqrt(H):
        h, states = tg.Tensor(np.zeros((1, H)), requires_grad=True), []
        for x in rng.normal(0, 0.5, (T, 1, 1)):
            states.append(h)
            h = cell(tg.Tensor(x), h)
        sizes.append([np.linalg.norm(g.numpy()) for g in tg.grad(tg.sum(h * e), states)][::-1])
    arrives[name] = np.exp(np.log(sizes).mean(0))
    plt.plot(np.arange(1, T + 1), arrives[name], color=colour, label=name)
plt.yscale("log")
plt.xlabel("steps back in time")
plt.ylabel(r"$\|\delta_t\|$ for $\|e_T\| = 1$")
plt.legend(fontsize=8)
assert arrives["RNN, as drawn"][-1] < 1e-6              # .577^31 is 4e-8
assert arrives["GRU, as drawn"][-1] < 1e-4
assert arrives["GRU, keep gate open"][-1] > 0.2
assert arrives[r"RNN, $\rho = 1.5$"][-1] > 1

# %% [markdown]
# As drawn, both gradients vanish, and the open gate keeps most of the gradient. With $\rho = 1.5$ the tanh, which is
# nearly saturated, first prevents the explosion. The explosion begins near the start of the sequence, where the states
# are still small. **Change** `0.5`, the size of the inputs, to `0.01`: the states stay small for longer. What is
# $1.5^{31}$?
#
# ## A short run of a sequence GAN
#
# The data are sines of two frequencies, eight steps long. The generator gets the same noise at every step, and the
# discriminator takes the mean of its states. We train for 500 steps with R1.

# %%
FREQUENCIES = (1 / 8, 1 / 4)


def sines(n, rng):
    return data.sines(n, rng, 8, FREQUENCIES)


rng = np.random.default_rng(1)
G, D = sequence.networks((8, 1), 4, rng, width=24)
game = Game(G, D, sines, latent(4), rng, rate=1.6e-2, decay=True, remedies=[R1(0.1)],
            optimiser_d=Adam(0, 0.99), optimiser_g=Adam(0, 0.99), average=Average(0.99))
probe, purity = game.noise(500, np.random.default_rng(3)), []


def draw(theta):
    """Samples of the generator with these parameters."""
    kept = G.theta.copy()
    G.theta[:] = theta
    with tg.no_grad():
        x = G(tg.Tensor(probe)).numpy()
    G.theta[:] = kept
    return x


def watch(game):
    if game.step % 25 == 0:
        scores = metrics.evaluate_sines(draw(game.average.theta), FREQUENCIES)
        purity.append((game.step, scores["purity"], scores["least_share"]))


before = draw(G.theta)
train(game, 500, [watch], record_every=10)
after = draw(game.average.theta)
steps, pure, rare = np.array(purity).T
plt.figure(figsize=(6, 2.6))
plt.plot(steps, pure, color=FAKE, label="purity (data: 1)")
plt.plot(steps, rare, color=D_BLUE, label="share of the rarer frequency (data: .5)")
plt.xlabel("step")
plt.ylim(0, 1)
plt.legend(fontsize=8)
assert pure[-1] > 0.9
assert rare[-1] > 0.2

# %%
# picture: 10-sines.png
figure, axes = plt.subplots(1, 3, figsize=(9, 3.4), sharey=True)
for panel, x, colour, title in zip(axes, (sines(7, np.random.default_rng(5)), before, after), (DATA, "#909090", FAKE),
                                   ("data", "generated, before", "generated, after 500 steps")):
    for i, one in enumerate(x[:7, :, 0]):
        panel.plot(one - 2.3 * i, color=colour, marker=".", linewidth=1.2)
    panel.set(title=title, xlabel="step", yticks=[])

# %% [markdown]
# The samples have both frequencies, with different phases and amplitudes. The recipe `tinygan train sequence` takes 16
# steps and trains longer.
#
# **Change:** give the discriminator its last state in place of the mean (`D.layers[1] = lambda h: h[:, -1]`); take
# `cell="rnn"`; use 16 steps. Which change reduces the quality most?
