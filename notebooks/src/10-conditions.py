# %% [markdown]
# # 10 Conditions and sequences: a notebook to step through
#
# It follows [lecture 10](../lectures/10-conditions.md). The first generator gets a label; the second generates a
# sequence step by step. In each part, **predict** (write your answer in place of `None`), **run** the next cell and
# open its output, then **change** the value that the text names.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan import data, metrics, nn
from tinygan.game import Game, latent, train
from tinygan.notebook import D_BLUE, DATA, FAKE, check, compare, slider, style
from tinygan.penalties import R1
from tinygan.updates import Adam, Average
from tinygan.zoo import RECIPES, sequence
from tinygan.zoo.conditional import Projection
from tinygan.zoo.sources import source

style()
ring, means = source("ring", labels=True), data.ring_means()

# %% [markdown]
# ## Games with and without the label
#
# Eight clusters on a ring; the condition $c$ is the number of the cluster. Both players get the condition, $x = g(z, c,
# w)$ and $d(x, c, \phi)$ (`conditional`). We also play two other games: one in which the labels of each batch are
# shuffled, and one in which only $G$ gets the label.
#
# The two numbers of the lecture (`label-accuracy`): $A$ is the share of examples with the requested class, and $S$ the
# share whose class changes with the label for the same $z$. **Predict** $A$ in each of the three games.

# %%
my_accuracies = None                                   # three numbers: [true labels, shuffled labels, D without labels]

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


def sampler(game, n=1000):
    """A function of labels -> points, always of the same noise."""
    z = game.noise(n, np.random.default_rng(1))

    def sample(labels):
        with tg.no_grad():
            return game.generator(tg.Tensor(z), np.asarray(labels)).numpy()
    return sample


labels = np.arange(1000) % 8


def scores_of(game):
    game.generator.eval()
    return metrics.label_scores(sampler(game), ring.evaluate.classify, labels, 8, np.random.default_rng(2))


# %% tags=["hide-input"]
# Draws the points of each game in the colour of the label that was asked for.
def draw_labels(games, scores):
    _, axes = plt.subplots(1, 3, figsize=(9, 3.3))
    for panel, (kind, game) in zip(axes, games.items()):
        x = sampler(game)(labels)
        panel.plot(*means.T, "o", color="#d8d8d8", markersize=14, zorder=0)
        for c, mean in enumerate(means):
            panel.plot(*x[labels == c][:60].T, ".", color=f"C{c}", markersize=4)
            panel.text(*(1.32 * mean), str(c), color=f"C{c}", ha="center", va="center", weight="bold")
        panel.set(title=f"{kind}: A = {scores[kind]['label_accuracy']:.2f}, S = {scores[kind]['label_swap']:.2f}",
                  aspect="equal", xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), xticks=[], yticks=[])


# %% tags=["hide-output"]
# picture: 10-ring.png
games = {kind: play(kind) for kind in ("true labels", "shuffled labels", "$D$ without labels")}
scores = {kind: scores_of(game) for kind, game in games.items()}
accuracies = [score["label_accuracy"] for score in scores.values()]
compare("A of the three games", my_accuracies, accuracies)
draw_labels(games, scores)
check("with true labels, more than 95 % have the requested class", accuracies[0] > 0.95, accuracies[0])
check("with true labels, the class follows the label in more than 95 %", scores["true labels"]["label_swap"] > 0.95)
check("with shuffled labels, fewer than 30 % have the requested class (chance: 12.5 %)", accuracies[1] < 0.3,
      accuracies[1])
check("if D gets no labels, fewer than half have the requested class", accuracies[2] < 0.5, accuracies[2])

# %% [markdown]
# With true labels, the examples are in the right clusters. With shuffled labels the colours are mixed. In the last
# picture $G$ uses the label, and labels get clusters of their own, but not the *right* ones: $S$ is high and $A$ is
# low.
#
# **Change** the number of steps: after how many are 95 % in the right cluster?

# %%
print(scores_of(play("true labels", steps=50)))

# %% [markdown]
# Do the losses show which game has labels with a meaning? **Predict** the mean of $V$ over the last 50 steps of each
# game.

# %%
my_last_values = None                                   # three numbers

# %% tags=["hide-input"]
# Draws the values of both players in each game.
def draw_losses(games):
    _, axes = plt.subplots(1, 3, figsize=(9, 2.4), sharey=True)
    for panel, (kind, game) in zip(axes, games.items()):
        history = game.history
        panel.plot(history["step"], history["d_value"], color=D_BLUE, label="$D$: $V$")
        panel.plot(history["step"], history["g_value"], color=FAKE, label="$G$: mean $\\log D(G(z))$")
        panel.axhline(-np.log(4), color="grey", linestyle=":", label=r"$-\log 4$")
        panel.set(title=kind, xlabel="step", ylim=(-2.2, 0))
    axes[0].legend(loc="lower left")


# %% tags=["hide-output"]
last = [np.mean(game.history["d_value"][-50:]) for game in games.values()]
compare("V at the end", my_last_values, last)
draw_losses(games)
check("all three end within 0.2 of -log 4 = -1.386", abs(np.array(last) + np.log(4)) < 0.2, last)

# %% [markdown]
# All three end near the dotted line, $-\log 4$, where $D$ cannot separate real from fake. The first game is easier (a
# known label leaves less to learn), but no curve shows in which game the labels have a meaning. To measure this we need
# labels and a classifier.
#
# ## Between two labels
#
# Both players have a vector for each label. The generator also accepts weights of the classes, so keep $z$ fixed and
# go from label 0 to label 3. **Predict:** does the path between them follow the ring, or cross it?

# %%
my_path = None                                          # "follows" or "crosses"

# %%
def walk(first, second, seed, steps=60):
    """Points of one z for weights that move from one label to another."""
    weights = np.linspace(0, 1, steps)[:, None] * (np.eye(8)[second] - np.eye(8)[first]) + np.eye(8)[first]
    z = np.random.default_rng(seed).normal(size=(1, 2)).astype(np.float32).repeat(steps, 0)
    with tg.no_grad():
        return games["true labels"].generator(tg.Tensor(z), tg.Tensor(weights.astype(np.float32))).numpy()


# %% tags=["hide-input"]
# Draws the paths of six latents from one label to another.
def draw_walk(first=0, second=3):
    plt.figure(figsize=(3.6, 3.4))
    plt.plot(*means.T, "o", color="#d8d8d8", markersize=14)
    for seed in range(6):
        path = walk(first, second, seed)
        plt.plot(*path.T, color=FAKE, linewidth=1)
        plt.plot(*path[[0, -1]].T, "o", color=FAKE, markersize=4)
    plt.gca().set(aspect="equal", xticks=[], yticks=[], title=f"from label {first} to label {second}")


# %% tags=["hide-output"]
paths = [walk(0, 3, seed) for seed in range(6)]
inner = min(np.linalg.norm(path, axis=1).min() for path in paths)
compare("the path", my_path, "crosses" if inner < 0.8 else "follows")
print(f"the smallest distance from the centre is {inner:.2f}; the ring's is 1")
draw_walk()
check("both ends have the right label", all(ring.evaluate.classify(path[[0, -1]]).tolist() == [0, 3] for path in paths))

# %% [markdown]
# The two ends are right; the points between them were never trained. **Change** the second label with the slider.

# %%
slider(draw_walk, second=(1, 7, 1))

# %% [markdown]
# ## The discriminator for three labels
#
# We evaluate the same points with three labels: is this a real 0? a real 3? a real 6? $D$ comes from an early game, in
# which the fakes are not right yet. **Predict** for how many of the eight labels the logit of $D(x, c)$ is larger at
# the cluster $c$ than at the opposite cluster.

# %%
my_labels_in_order = None                               # 0 to 8

# %%
u, v = np.meshgrid(np.linspace(-1.6, 1.6, 70), np.linspace(-1.6, 1.6, 70))
plane = np.stack([u.ravel(), v.ravel()], 1).astype(np.float32)


def logits(d, points, c):
    with tg.no_grad():
        return d(tg.Tensor(points), np.full(len(points), c)).numpy()[:, 0]


def early(steps=15):
    return train(RECIPES["conditional-ring"].start(0, batch=64), steps).discriminator


# %% tags=["hide-input"]
# Draws the logits of D on the plane for three labels.
def field(panel, values, title, bound):
    shown = panel.pcolormesh(u, v, values.reshape(u.shape), cmap="RdBu", vmin=-bound, vmax=bound, shading="auto",
                             alpha=0.8)
    panel.plot(*means.T, "o", color="black", markersize=3)
    panel.set(title=title, aspect="equal", xticks=[], yticks=[])
    return shown


def draw_fields(d):
    bound = max(abs(logits(d, plane, c)).max() for c in (0, 3, 6))
    figure, axes = plt.subplots(1, 3, figsize=(9, 2.9))
    for panel, c in zip(axes, (0, 3, 6)):
        shown = field(panel, logits(d, plane, c), f"logit of $D(x, {c})$", bound)
        panel.plot(*means[c], "o", color=DATA, markersize=9, markerfacecolor="none", markeredgewidth=2)
    figure.colorbar(shown, ax=axes)


# %% tags=["hide-output"]
d = early()
lead = [logits(d, means[[c]].astype(np.float32), c).item() - logits(d, -means[[c]].astype(np.float32), c).item()
        for c in range(8)]
compare("labels whose own cluster looks more real than the other", my_labels_in_order, np.sum(np.array(lead) > 0))
draw_fields(d)
check("for every label its own cluster looks more real than the opposite one", np.array(lead) > 0, np.round(lead, 2))

# %% [markdown]
# **Change** the number of steps of `early`, to 250: what remains of the differences when the fakes are right?

# %%
draw_fields(early(15))

# %% [markdown]
# ## The label as a direction
#
# The projection discriminator (`projection`): $a(x, c) = \psi(\phi(x)) + \langle v_c, \phi(x) \rangle$. Train one
# against a cloud of fakes with the data's labels, and look at its two parts. **Predict:** which part is large at all
# eight clusters?

# %%
my_part = None                                          # "psi" or "the inner product"

# %%
def trained_projection(labels_of_fakes=lambda c, rng: c, steps=300):
    """A projection discriminator against a cloud of fakes; labels_of_fakes(c, rng) gives the labels of the fakes."""
    rng = np.random.default_rng(0)
    body = nn.Sequential(nn.Dense(2, 48, rng=rng), nn.Tanh(), nn.Dense(48, 32, rng=rng), nn.Tanh(),
                         nn.Dense(32, 1, rng=rng))
    d, adam = Projection(body, 8, rng), Adam(0.5, 0.99)
    for _ in range(steps):
        x, c = ring.draw(128, rng)
        real = d(tg.Tensor(x + rng.normal(0, 0.1, x.shape).astype(np.float32)), c)
        fake = d(tg.Tensor(rng.normal(0, 0.8, x.shape).astype(np.float32)), labels_of_fakes(c, rng))
        value = tg.objectives.value(real, fake)
        tg.updates.ascend(d.theta, adam(tg.grad(value, d.parameters())), 5e-3)
    return d


def two_parts(d, points, c):
    """psi(phi(x)) and <v_c, phi(x)>."""
    with tg.no_grad():
        phi = d.body(tg.Tensor(points))
        return d.head(phi).numpy()[:, 0], phi.numpy() @ d.embedding.weight.numpy()[c]


# %% tags=["hide-input"]
# Draws both parts of the logit and their sum, for two labels.
def draw_parts(d):
    figure, axes = plt.subplots(2, 3, figsize=(9, 5.6))
    for row, c in zip(axes, (1, 5)):
        common, part = two_parts(d, plane, c)
        field(row[0], common, r"$\psi(\phi(x))$, for all classes", 8)
        field(row[1], part, rf"$\langle v_{c}, \phi(x) \rangle$", 8)
        shown = field(row[2], common + part, f"the sum: logit of $D(x, {c})$", 8)
    figure.colorbar(shown, ax=axes)


# %% tags=["hide-output"]
d = trained_projection()
at_means = np.array([two_parts(d, means.astype(np.float32), c) for c in range(8)])   # (label, part, cluster)
own = at_means[np.arange(8), 1, np.arange(8)]
compare("the part that is large at all clusters", my_part,
        "psi" if at_means[0, 0].min() > at_means[:, 1].mean(axis=0).max() else "the inner product")
draw_parts(d)
check("the two parts add up to the logit", np.allclose(sum(two_parts(d, plane, 5)), logits(d, plane, 5), atol=1e-4))
check("the inner product is larger at the label's own cluster than at the others on average",
      own > (at_means[:, 1].sum(axis=1) - own) / 7)

# %% [markdown]
# The common part is large where there are data of any class; the inner product shifts it towards one cluster.
# **Change:** give the fakes labels at random among 0 to 3 only, with `lambda c, rng: rng.integers(4, size=len(c))`, and
# look at the common part and at the class parts again (exercise 1).

# %%
draw_parts(trained_projection(lambda c, rng: c))

# %% [markdown]
# ## Back-propagation through time
#
# We run a recurrent cell for sixteen steps (`rnn`), with a loss that depends on the states. The bars are computed by
# the tape, the dots by the recursion of the lecture (`through-time`). The loss is first the mean of all states, then
# the last state alone. **Predict** for the last state: the gradient at the first step, as a share of that at the last.

# %%
my_share = None                                         # a number

# %%
T, H = 16, 12
rng = np.random.default_rng(0)
layer = nn.Recurrent(nn.RNNCell(1, H, rng=rng)).astype(np.float64)
x = tg.Tensor(data.sines(1, rng).astype(np.float64), requires_grad=True)


def by_hand(layer, x, e):
    """dL/dx at every step, by the recursion."""
    (w, big_u, _, _), h = (p.numpy() for p in layer.parameters()), layer(x).numpy()
    later, slopes = 0, []
    for t in reversed(range(T)):
        gamma = (e[:, t] + later) * (1 - h[:, t] ** 2)
        slopes.append((gamma @ w.T).item())
        later = gamma @ big_u.T
    return slopes[::-1]


def by_tape(layer, x, e):
    [slope] = tg.grad(tg.sum(layer(x) * e), [x])
    return slope.numpy()[0, :, 0]


mean, last = np.full((1, T, H), 1 / T), np.zeros((1, T, H))
last[:, -1] = 1

# %% tags=["hide-input"]
# Draws the size of the gradient at every step, for both losses.
def draw_through_time():
    _, axes = plt.subplots(1, 2, figsize=(9, 2.5), sharey=True)
    for panel, e, title in zip(axes, (mean, last), ("loss: the mean of all states", "loss: the last state")):
        panel.bar(np.arange(T), np.abs(by_tape(layer, x, e)), color=FAKE, alpha=0.5, label="tape")
        panel.plot(np.arange(T), np.abs(by_hand(layer, x, e)), "o", color=FAKE, markersize=4, label="recursion")
        panel.set(title=title, xlabel="step", yscale="log")
    axes[0].set_ylabel(r"$|\partial L / \partial x_t|$")
    axes[0].legend()


# %% tags=["hide-output"]
arrow = np.abs(by_hand(layer, x, last))
compare("gradient at the first step / at the last", my_share, arrow[0] / arrow[-1])
draw_through_time()
check("the tape agrees with the recursion", all(np.allclose(by_tape(layer, x, e), by_hand(layer, x, e))
                                                for e in (mean, last)))
check("less than a hundredth of the gradient reaches the first step", arrow[0] < 0.01 * arrow[-1], arrow[0] / arrow[-1])

# %% [markdown]
# On the right almost no gradient reaches the first step (note the logarithmic scale). On the left every step gets a
# direct gradient. For this reason the sequence discriminator takes the mean. **Change** the loss to the state of step 8
# alone (`last[:, 7] = 1` in place of `last[:, -1] = 1`): which steps have a gradient?
#
# ## Vanishing and exploding gradients, and the gated unit
#
# How much of a gradient at the last state reaches a state $k$ steps earlier, for cells of 64 numbers? The recurrent
# matrix is scaled so that its largest eigenvalue is .58 (as drawn), 1 or 1.5; then the gated unit (`gru`) as drawn, and
# with the bias of its keep gate increased by 4. **Predict** which of the five keeps most of the gradient over 30 steps,
# and which keeps least.

# %%
my_most = None                                          # 1 to 5, in the order of the text
my_least = None

# %%
H, T = 64, 31


def cells(rng):
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


def backwards(cell, rng, size=0.5):
    """The norm of the gradient at the state k steps back, for k = 1 to T; the geometric mean of eight directions."""
    sizes = []
    for e in rng.normal(size=(8, 1, H)) / np.sqrt(H):
        h, states = tg.Tensor(np.zeros((1, H)), requires_grad=True), []
        for x in rng.normal(0, size, (T, 1, 1)):
            states.append(h)
            h = cell(tg.Tensor(x), h)
        sizes.append([np.linalg.norm(g.numpy()) for g in tg.grad(tg.sum(h * e), states)][::-1])
    return np.exp(np.log(sizes).mean(0))


# %% tags=["hide-input"]
# Draws the size of the gradient against the distance, for the five cells.
def draw_backwards(size=0.5):
    rng = np.random.default_rng(1)
    plt.figure(figsize=(6, 3.2))
    looks = (D_BLUE, "-"), (D_BLUE, "--"), (D_BLUE, ":"), (FAKE, "-"), (FAKE, "--")
    for (name, cell), (colour, line) in zip(cells(rng), looks):
        plt.plot(np.arange(1, T + 1), backwards(cell, rng, size), line, color=colour, label=name)
    plt.yscale("log")
    plt.xlabel("steps back in time")
    plt.ylabel(r"$\|\delta_t\|$ for $\|e_T\| = 1$")
    plt.legend()


# %% tags=["hide-output"]
# picture: 10-vanishing.png
rng = np.random.default_rng(1)
arrives = {name: backwards(cell, rng)[-1] for name, cell in cells(rng)}
order = np.argsort(list(arrives.values()))
compare("most", my_most, order[-1] + 1)
compare("least", my_least, order[0] + 1)
print(*(f"{name}: {value:.1e}" for name, value in arrives.items()), sep="\n")
draw_backwards()
check("as drawn, less than 1e-6 arrives in the RNN (.577^31 is 4e-8)", arrives["RNN, as drawn"] < 1e-6)
check("less than 1e-4 in the gated unit", arrives["GRU, as drawn"] < 1e-4)
check("more than 0.2 with the open gate", arrives["GRU, keep gate open"] > 0.2)
check("with rho = 1.5 the gradient grows", arrives[r"RNN, $\rho = 1.5$"] > 1)

# %% [markdown]
# As drawn, both gradients vanish, and the open gate keeps most of the gradient. With $\rho = 1.5$ the tanh, which is
# nearly saturated, first prevents the explosion. The explosion begins near the start of the sequence, where the states
# are still small. **Change** the size of the inputs to `0.01`: the states stay small for longer. What is $1.5^{31}$?

# %%
draw_backwards(size=0.5)

# %% [markdown]
# ## A short run of a sequence GAN
#
# The data are sines of two frequencies, eight steps long. The generator gets the same noise at every step, and the
# discriminator takes the mean of its states. We train for 500 steps with R1. The purity of a sine is 1. **Predict** the
# purity of the samples at the end.

# %%
my_purity = None                                        # 0 to 1

# %%
FREQUENCIES = (1 / 8, 1 / 4)


def sines(n, rng):
    return data.sines(n, rng, 8, FREQUENCIES)


def sequence_game(**cells):
    rng = np.random.default_rng(1)
    G, D = sequence.networks((8, 1), 4, rng, width=24, **cells)
    return Game(G, D, sines, latent(4), rng, rate=1.6e-2, decay=True, remedies=[R1(0.1)],
                optimiser_d=Adam(0, 0.99), optimiser_g=Adam(0, 0.99), average=Average(0.99))


def samples(game, theta, z):
    """Samples of the generator with these parameters."""
    G = game.generator
    kept = G.theta.copy()
    G.theta[:] = theta
    with tg.no_grad():
        x = G(tg.Tensor(z)).numpy()
    G.theta[:] = kept
    return x


def trained_sequences(game, steps=500):
    """Trains; returns samples before and after, and rows (step, purity, share of the rarer frequency)."""
    z, rows = game.noise(500, np.random.default_rng(3)), []

    def watch(game):
        if game.step % 25 == 0:
            scores = metrics.evaluate_sines(samples(game, game.average.theta, z), FREQUENCIES)
            rows.append((game.step, scores["purity"], scores["least_share"]))
    before = samples(game, game.generator.theta, z)
    train(game, steps, [watch], record_every=10)
    return before, samples(game, game.average.theta, z), np.array(rows)


# %% tags=["hide-input"]
# Draws the two measures during training.
def draw_measures(rows):
    steps, pure, rare = rows.T
    plt.figure(figsize=(6, 2.6))
    plt.plot(steps, pure, color=FAKE, label="purity (data: 1)")
    plt.plot(steps, rare, color=D_BLUE, label="share of the rarer frequency (data: .5)")
    plt.xlabel("step")
    plt.ylim(0, 1)
    plt.legend()


# %% tags=["hide-output"]
before, after, rows = trained_sequences(sequence_game())
_, purity, rarer = rows[-1]
compare("purity after 500 steps", my_purity, purity)
draw_measures(rows)
check("the samples are nearly sines: purity above 0.85", purity > 0.85, purity)
check("both frequencies have a share above 0.1", rarer > 0.1, rarer)

# %% tags=["hide-input"]
# picture: 10-sines.png
# Draws sequences of the data, and of the generator before and after training.
_, axes = plt.subplots(1, 3, figsize=(9, 3.4), sharey=True)
for panel, x, colour, title in zip(axes, (sines(7, np.random.default_rng(5)), before, after), (DATA, "#909090", FAKE),
                                   ("data", "generated, before", "generated, after 500 steps")):
    for i, one in enumerate(x[:7, :, 0]):
        panel.plot(one - 2.3 * i, color=colour, marker=".", linewidth=1.2)
    panel.set(title=title, xlabel="step", yticks=[])

# %% [markdown]
# The samples have both frequencies, with different phases and amplitudes. The recipe `tinygan train sequence` takes 16
# steps and trains longer.
#
# **Change** the cell below: take `sequence_game(cell="rnn")`; or give the discriminator its last state in place of the
# mean (`game.discriminator.layers[1] = lambda h: h[:, -1]`). Which change reduces the purity most?

# %%
game = sequence_game()
print(trained_sequences(game, steps=100)[2][-1])

# %% [markdown]
# Next: lecture 11, growing and style.
