# %% [markdown]
# # 06 Playing the game: a notebook to step through
#
# It follows [lecture 06](../lectures/06-playing.md). We write Algorithm 1 ourselves, run it on a line, where we can see
# everything, and then examine its parts one by one. Each part has the same form:
#
# - **predict**: write your answer in place of `None`;
# - **run** the next cells and open the output, which compares the result with your answer;
# - **change** the value that the text names.

# %%
import io

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Image
from PIL import Image as Picture

import tinygan as tg
from tinygan import divergences, nn, objectives, updates
from tinygan.notebook import D_BLUE, DATA, FAKE, check, compare, mark, slider, style
from tinygan.updates import Adam, ascend, descend

style()

# %% [markdown]
# ## A complete game on a line
#
# The data are $N(0, 1)$. The generator is $G(z) = s z + m$ with two parameters, so its density is $N(m, s^2)$ and we
# can draw it exactly; it starts at $m = 2$, $s = \frac12$. The discriminator is a small network.
#
# The two moves are the lines of Algorithm 1, and Adam chooses the length of the steps. Compare them with the lecture:
# which tensor is detached, and for which parameters is the gradient computed?

# %%
def discriminator(inputs, rng):
    return nn.Sequential(nn.Dense(inputs, 32, rng=rng), nn.Tanh(), nn.Dense(32, 32, rng=rng),
                         nn.Tanh(), nn.Dense(32, 1, rng=rng)).astype(np.float64)


class Match:
    """Two players on the line, and the moves of Algorithm 1."""

    def __init__(self, mean=2.0, sd=0.5, m=256, seed=0):
        self.rng, self.m = np.random.default_rng(seed), m
        self.G = nn.Dense(1, 1, rng=self.rng).astype(np.float64)
        self.G.theta[:] = sd, mean
        self.D = discriminator(1, self.rng)
        self.adam_d, self.adam_g = Adam(0.5, 0.99), Adam(0.5, 0.99)

    def fakes(self):
        return self.G(tg.Tensor(self.rng.normal(size=(self.m, 1))))

    def move_d(self, rate):                              # ascends V
        x = tg.Tensor(self.rng.normal(size=(self.m, 1)))
        v = objectives.value(self.D(x), self.D(self.fakes().detach()))
        ascend(self.D.theta, self.adam_d(tg.grad(v, self.D.parameters())), rate)

    def move_g(self, rate, minimax=False):               # the gradient flows through D, not into its weights
        logits = self.D(self.fakes())
        if minimax:
            gradient = tg.grad(objectives.g_minimax(logits), self.G.parameters())
            descend(self.G.theta, self.adam_g(gradient), rate)
        else:
            gradient = tg.grad(objectives.g_non_saturating(logits), self.G.parameters())
            ascend(self.G.theta, self.adam_g(gradient), rate)


# %% [markdown]
# Now the game of the four pictures. (a) $D$ has made 12 moves. (b) $D$ continues alone until it is optimal. (c) $G$
# moves 25 times while $D$ is fixed. (d) They take turns, 1,500 times.
#
# **Predict:** in (c), to which side does the density of the fakes move? What are $m$ and $s$ in (d)?

# %%
my_side = None                                                 # "left" or "right"
my_m = None
my_s = None

# %%
grid = np.linspace(-4, 4, 401)
width = grid[1] - grid[0]
p_d = divergences.normal(grid)


def photograph(match, caption):
    """The state to draw: G's parameters, D on the grid."""
    with tg.no_grad():
        d = tg.sigmoid(match.D(tg.Tensor(grid[:, None]))).numpy()[:, 0]
    return caption, match.G.theta.copy(), d


def stage(match, film, caption, steps, move, frames):
    """Plays `steps` moves, and records about `frames` states, more of them at the start."""
    moments = {int(steps * share**2) for share in np.linspace(0, 1, frames)}
    for i in range(steps):
        if i in moments:
            film.append(photograph(match, caption))
        move(i)
    film.append(photograph(match, caption))
    return film[-1]


def in_turns(match, turns=1500, moves=1, minimax=False):
    """A move for `stage`: so many moves of D, then one of G; both rates fall to 0."""
    def turn(i):
        for _ in range(moves):
            match.move_d(updates.linear_decay(3e-3, i, turns))
        match.move_g(updates.linear_decay(1e-2, i, turns), minimax)
    return turn


match, film = Match(), []
stills = [stage(match, film, "D begins", 12, lambda i: match.move_d(3e-3), 4),
          stage(match, film, "D moves, G is fixed", 1000,
                lambda i: match.move_d(updates.linear_decay(1e-2, i, 1000)), 12),
          stage(match, film, "G moves, D is fixed", 25, lambda i: match.move_g(2e-2), 8)]
match.adam_d = Adam(0.5, 0.99)
stills.append(stage(match, film, "they take turns", 1500, in_turns(match), 26))

# %% tags=["hide-input"]
# Draws densities and D above, the arrows z -> x below.
quantiles = np.sort(np.random.default_rng(0).normal(size=20001))[500::1000]   # even in probability


def draw(top, bottom, frame, title):
    _, (sd, mean), d = frame
    p_g = divergences.normal(grid, mean, abs(sd))
    top.plot(grid, p_d / width, color=DATA, label="$p_d$")
    top.plot(grid, p_g / width, color=FAKE, label="$p_g$")
    top.plot(grid, d, color=D_BLUE, linestyle="--", label="$D$")
    top.axhline(0.5, color="grey", linewidth=0.6, linestyle=":")
    top.set(xlim=(-4, 4), ylim=(0, 1.02), title=title, xticks=[])
    flat = np.zeros_like(quantiles)
    bottom.quiver(quantiles, flat, sd * quantiles + mean - quantiles, flat + 1, angles="xy",
                  scale_units="xy", scale=1, width=0.003, headwidth=5, color="#303030")
    bottom.axhline(0, color="black", linewidth=0.8)
    bottom.axhline(1, color="black", linewidth=0.8)
    bottom.set(xlim=(-4, 4), ylim=(-0.05, 1.05), yticks=[0, 1], yticklabels=["$z$", "$x$"], xticks=[])
    bottom.spines[:].set_visible(False)


def draw_stills(stills, titles):
    _, axes = plt.subplots(2, len(stills), figsize=(2.75 * len(stills), 3.6), height_ratios=(3, 1), squeeze=False)
    for column, frame, title in zip(axes.T, stills, titles):
        draw(*column, frame, title)
    axes[0, 0].legend(loc="center left", frameon=False)


def draw_film(film):
    """The frames as an animated picture."""
    pages = []
    for frame in film + [film[-1]] * 6:
        figure, axes = plt.subplots(2, 1, figsize=(4.6, 3.6), height_ratios=(3, 1), dpi=75)
        draw(*axes, frame, frame[0])
        figure.canvas.draw()
        pages.append(Picture.fromarray(np.asarray(figure.canvas.buffer_rgba())[..., :3]).quantize(32))
        plt.close(figure)
    buffer = io.BytesIO()
    pages[0].save(buffer, "GIF", save_all=True, append_images=pages[1:], duration=160, loop=0, optimize=True)
    return Image(buffer.getvalue(), format="gif")


# %% tags=["hide-output"]
# picture: 06-densities.png
s_end, m_end = stills[3][1]
compare("side", my_side, "left" if stills[2][1][1] < stills[1][1][1] else "right")
compare("m at the end", my_m, m_end)
compare("s at the end", my_s, s_end)
draw_stills(stills, ["(a)", "(b)", "(c)", "(d)"])
check("the fakes move to the left in (c)", stills[2][1][1] < stills[1][1][1])
check("in (d) the fakes have the mean 0 and the width 1 of the data, up to 0.1",
      np.allclose(stills[3][1], [1, 0], atol=0.1), found=stills[3][1])

# %% [markdown]
# The generator learns from the slope of $D$ alone: it has never seen an example of the data. Here is the same game as a
# film. Look at the blue curve during the turns: it is always a little behind.

# %%
# picture: 06-densities.gif
draw_film(film)

# %% [markdown]
# **Change** the start: $m = 6$. Then let $D$ make five moves in each turn; then use the minimax generator. Which of
# these games still end in (d)?

# %%
match = Match(mean=2.0)
end = stage(match, [], "", 500, in_turns(match, turns=500, moves=1, minimax=False), 1)
print("m = {1:.2f}, s = {0:.2f}".format(*end[1]))

# %% [markdown]
# In (b) $D$ should be $D^* = p_d / (p_d + p_g)$ (`optimal-d`), in (d) one half everywhere (`equilibrium`). **Predict**
# $D^*$ in (b) at $x = 1$ and at $x = 2$. (The densities there: $p_d$ is 0.24 and 0.05, $p_g$ is 0.11 and 0.80.)

# %%
my_d_at_1 = None
my_d_at_2 = None

# %%
def best_d(mean, sd):
    """D* for fakes N(mean, sd^2), on the grid."""
    return divergences.optimal_d(p_d, divergences.normal(grid, mean, sd))


def band(mean, sd):
    """Where on the grid the central 98 % of all examples are."""
    share = np.cumsum(p_d + divergences.normal(grid, mean, sd)) / 2
    return (share > 0.01) & (share < 0.99)


# %% tags=["hide-input"]
# Draws D* and D, and D* for other fakes.
def draw_best(frames):
    _, axes = plt.subplots(1, len(frames), figsize=(4 * len(frames), 2.4), sharey=True, squeeze=False)
    for panel, (name, (_, (sd, mean), d)) in zip(axes[0], frames.items()):
        middle = grid[band(mean, sd)]
        panel.plot(grid, best_d(mean, sd), color="black", linewidth=3, alpha=0.3, label="$D^*$")
        panel.plot(grid, d, color=D_BLUE, linestyle="--", label="$D$")
        panel.axvspan(middle[0], middle[-1], color="#f0f0f0", zorder=0)
        panel.set(title=f"{name}; grey: 98 % of all examples", ylim=(0, 1))
    axes[0, 0].legend()


def draw_optimum(mean=2.0, sd=0.5):
    plt.figure(figsize=(5, 2.6))
    plt.plot(grid, p_d / width, color=DATA, label="$p_d$")
    plt.plot(grid, divergences.normal(grid, mean, sd) / width, color=FAKE, label="$p_g$")
    plt.plot(grid, best_d(mean, sd), color=D_BLUE, label="$D^*$")
    plt.ylim(0, 1.02)
    plt.legend(loc="upper left")


# %% tags=["hide-output"]
for x, mine in ((1, my_d_at_1), (2, my_d_at_2)):
    compare(f"D* at {x}", mine, best_d(2, 0.5)[np.argmin(abs(grid - x))])
draw_best({"(b)": stills[1], "(d)": stills[3]})
_, (sd, mean), d = stills[1]
off_b = abs(d - best_d(mean, sd))[band(mean, sd)].max()
_, (sd, mean), d = stills[3]
off_d = np.sum((p_d + divergences.normal(grid, mean, sd)) / 2 * abs(d - 0.5))
print(f"(b): largest |D - D*| = {off_b:.3f} in the band; (d): mean |D - 1/2| = {off_d:.3f}")
check("in (b), D is within 0.05 of D* for 98 % of all examples", off_b < 0.05, off_b)
check("in (d), D is within 0.05 of one half in the mean", off_d < 0.05, off_d)

# %% [markdown]
# **Change** the fakes with the sliders. For which fakes does $D^*$ fall on both sides? When is it flat?

# %%
slider(draw_optimum, mean=(-2.0, 2.0, 0.25), sd=(0.25, 2.0, 0.25))

# %% [markdown]
# ## The weight of each example in the gradient
#
# The lecture derives the gradients (`d-gradient`) and (`g-gradient`) down to the logits: $1 - D(x)$ for a real example,
# $-D(G(z))$ for a fake, each divided by the size of the batch. **Predict** how many times longer the arrow of a real
# example with $D = 0.1$ is than that of one with $D = 0.9$; and for fakes.

# %%
my_times_real = None
my_times_fake = None

# %%
def from_the_tape(real, fake):
    """The gradients of V at the logits of real and fake examples."""
    a, b = tg.Tensor(real, requires_grad=True), tg.Tensor(fake, requires_grad=True)
    return [g.numpy() for g in tg.grad(objectives.value(a, b), [a, b])]


rng = np.random.default_rng(1)
real, fake = np.sort(rng.normal(1.5, 2, (12, 1)), 0), np.sort(rng.normal(-1.5, 2, (12, 1)), 0)
tape, formula = from_the_tape(real, fake), objectives.d_gradient(real, fake)

# %% tags=["hide-input"]
# Draws the gradients of the tape as bars, and those of the formula as dots.
def draw_weights():
    _, panels = plt.subplots(1, 2, figsize=(8, 2.3), sharey=True)
    for panel, logits, bars, dots, colour, kind in zip(panels, (real, fake), tape, formula,
                                                       (DATA, FAKE), ("real", "fake")):
        panel.bar(np.arange(12), bars[:, 0], color=colour, alpha=0.5)
        panel.plot(np.arange(12), dots[:, 0], "o", color=colour, markersize=4)
        panel.set(title=f"{kind} examples", xticks=np.arange(12))
        panel.set_xticklabels([f"{d:.2f}" for d in tg.sigmoid(logits)[:, 0]], rotation=60, fontsize=7)
        panel.set_xlabel("output of D")


# %% tags=["hide-output"]
low_high = np.log([[0.1 / 0.9], [0.9 / 0.1]])                  # the logits of D = 0.1 and 0.9
for kind, mine, (low, high) in zip(("real", "fake"), (my_times_real, my_times_fake), from_the_tape(low_high, low_high)):
    compare(f"{kind}: D = 0.1 against D = 0.9", mine, (low / high).item())
draw_weights()
check("the tape and the formula agree", all(np.allclose(t, f) for t, f in zip(tape, formula)))
b = tg.Tensor(fake, requires_grad=True)
[g] = tg.grad(objectives.g_minimax(b), [b])
check("the minimax generator's gradient has the weights of the fakes",
      np.allclose(g.numpy(), objectives.g_gradient(fake)))

# %% [markdown]
# Real examples with a low $D$ and fakes with a high $D$ have a large weight; examples that $D$ classifies correctly
# have almost none. **Change** the three outputs of $D$ for real examples, and for fakes: which batch gives no gradient
# at all?

# %%
outputs_real, outputs_fake = np.array([0.2, 0.5, 0.99]), np.array([0.2, 0.5, 0.99])
for gradient in from_the_tape(*(np.log(d / (1 - d))[:, None] for d in (outputs_real, outputs_fake))):
    print(gradient[:, 0].round(3))

# %% [markdown]
# For the generator the chain rule continues, through $D$ to the fake itself. Its arrow is the slope of the logit at the
# fake. In the plane, with data on a ring and fakes in a cloud inside it: **predict** the share of the arrows that point
# outwards, away from the centre of the ring.

# %%
my_share_outwards = None

# %%
rng = np.random.default_rng(0)
real = tg.data.ring(1500, rng) + rng.normal(0, 0.12, (1500, 2))
fakes = rng.normal([0.5, 0], 0.35, (1500, 2))


def learnt(steps):
    """A discriminator after so many steps against these fakes."""
    D, adam = discriminator(2, np.random.default_rng(0)), Adam(0.5)
    for _ in range(steps):
        v = objectives.value(D(tg.Tensor(real)), D(tg.Tensor(fakes)))
        ascend(D.theta, adam(tg.grad(v, D.parameters())), 5e-3)
    return D


def arrows_at(D, x):
    """The slope of the logit at each point."""
    x = tg.Tensor(x, requires_grad=True)
    return tg.grad(tg.sum(D(x)), [x])[0].numpy()               # each logit depends on its own point alone


# %% tags=["hide-input"]
# Draws D in the plane, data, fakes, and the arrows of the fakes.
def draw_plane(D):
    u, v = np.meshgrid(np.linspace(-1.8, 1.8, 80), np.linspace(-1.8, 1.8, 80))
    with tg.no_grad():
        field = tg.sigmoid(D(tg.Tensor(np.stack([u.ravel(), v.ravel()], 1)))).numpy().reshape(u.shape)
    plt.figure(figsize=(5, 4.1))
    plt.pcolormesh(u, v, field, cmap="RdBu", vmin=0, vmax=1, shading="auto", alpha=0.7)
    plt.colorbar(label="$D$")
    plt.plot(*real[:300].T, ".", color=DATA, markersize=4)
    plt.quiver(*fakes[:70].T, *arrows_at(D, fakes[:70]).T, angles="xy", scale=150, width=0.004)
    plt.plot(*fakes[:70].T, ".", color=FAKE, markersize=5)
    plt.gca().set(aspect="equal", xticks=[], yticks=[])


# %% tags=["hide-output"]
# picture: 06-arrows.png
D = learnt(150)
outwards = (arrows_at(D, fakes) * fakes).sum(axis=1) > 0
compare("share that points outwards", my_share_outwards, outwards.mean())
draw_plane(D)
check("more than 90 % of the arrows point outwards", outwards.mean() > 0.9, outwards.mean())

# %% [markdown]
# These arrows are the only information about the data that the generator gets. **Change** the steps of $D$ to 10, then
# to 1000: how do the arrows change when $D$ is nearly perfect?

# %%
draw_plane(learnt(steps=50))

# %% [markdown]
# ## One game, three programs
#
# The first program ascends and descends $V$. In the second, each player descends its own loss, $L_D$ and $L_G = -L_D$
# (`g-zero-sum`). The third takes one $E$ and reverses the sign for $w$ (`sign-reversal`). **Predict** the largest
# difference between their parameters after 200 turns.

# %%
my_difference = None

# %%
def three_programs(program, steps=200):
    match, path = Match(m=64), []
    D, G = match.D, match.G
    for _ in range(steps):
        x, fakes = tg.Tensor(match.rng.normal(size=(64, 1))), match.fakes()
        players = [*D.parameters(), *G.parameters()]
        if program == "V":
            gradient = tg.grad(objectives.value(D(x), D(fakes)), players)
            ascend(D.theta, gradient[:-2], 0.1)
            descend(G.theta, gradient[-2:], 0.1)
        elif program == "two losses":
            of_d = tg.grad(objectives.d_loss(D(x), D(fakes)), D.parameters())
            of_g = tg.grad(objectives.g_zero_sum(D(x), D(fakes)), G.parameters())
            descend(D.theta, of_d, 0.1)
            descend(G.theta, of_g, 0.1)
        else:
            gradient = tg.grad(objectives.cross_entropy_split(D(x), D(fakes)), players)
            updates.sign_reversal(D.theta, G.theta, gradient[:-2], gradient[-2:], 0.1)
        path.append(np.concatenate([D.theta, G.theta]))
    return np.array(path)


# %% tags=["hide-input"]
# Draws the path of G's two parameters for each program.
def draw_programs(paths):
    plt.figure(figsize=(5, 3))
    for (program, path), thickness, colour in zip(paths.items(), (9, 5, 1.5), ("#d0d0d0", FAKE, "black")):
        plt.plot(path[:, -1], path[:, -2], linewidth=thickness, color=colour, label=program)
    plt.xlabel("$m$, the generator's mean")
    plt.ylabel("$s$, its width")
    plt.legend()


# %% tags=["hide-output"]
paths = {program: three_programs(program) for program in ("V", "two losses", "one loss, two signs")}
first, *others = paths.values()
difference = max(abs(first - other).max() for other in others)
compare("largest difference", my_difference, difference)
draw_programs(paths)
check("the three programs differ by rounding only (below 1e-9)", difference < 1e-9, difference)

# %% [markdown]
# They are one game. The non-saturating generator, two sections below, plays another one: **change**
# `objectives.g_zero_sum(D(x), D(fakes))` in the second program to `-objectives.g_non_saturating(D(fakes))`.
#
# ## The constant player in each half of a turn
#
# In the generator's move the fakes must *not* be detached. If they are, no path leads from the logits to $G$. In many
# frameworks the generator then silently does not move; here it is an error. **Change** the cell: without `.detach()`
# there are two gradients, of $s$ and $m$.

# %%
match = Match()
try:
    print(tg.grad(objectives.g_non_saturating(match.D(match.fakes().detach())), match.G.parameters()))
except ValueError as error:
    print("ValueError:", error)

# %% tags=["hide-input"]
# Holds the claim of the text.
try:
    tg.grad(objectives.g_non_saturating(match.D(match.fakes().detach())), match.G.parameters())
    refused = False
except ValueError:
    refused = True
check("a generator without a path from the logits is refused", refused)

# %% [markdown]
# Compare alternating and simultaneous steps. On $V(x, y) = x y$ the solution is at the centre. **Predict** both paths
# from $(1, 1)$: do they go in, go out, or circle?

# %%
my_turns = None                                                # "in", "out" or "circle"
my_both = None

# %%
def bilinear(turns, rate=0.1, steps=150):
    x, y = 1.0, 1.0
    path = [(x, y)]
    for _ in range(steps):
        new_y = y + rate * x
        x -= rate * (new_y if turns else y)
        y = new_y
        path.append((x, y))
    return np.array(path)


def direction(path):
    """Compares the largest radius of the second half of the path with that of the first half."""
    r = np.hypot(*path.T)
    change = r[len(r) // 2:].max() / r[:len(r) // 2].max()
    return "circle" if abs(change - 1) < 0.05 else "out" if change > 1 else "in"


# %% tags=["hide-input"]
# Draws both paths.
def draw_bilinear(rate=0.1):
    plt.figure(figsize=(3.6, 3.4))
    plt.plot(*bilinear(True, rate).T, color=D_BLUE, label="taking turns")
    plt.plot(*bilinear(False, rate).T, color=FAKE, label="both at once")
    plt.plot(0, 0, "k+")
    plt.gca().set(aspect="equal", xlim=(-4, 4), ylim=(-4, 4))
    plt.legend()


# %% tags=["hide-output"]
turns, both = bilinear(True), bilinear(False)
compare("taking turns", my_turns, direction(turns))
compare("both at once", my_both, direction(both))
draw_bilinear()
check("in turns, x^2 + y^2 + 0.1 x y is conserved", np.allclose((turns**2).sum(1) + 0.1 * turns.prod(1), 2.1))
check("at once, r^2 grows by 1.01 in each step", np.allclose((both**2).sum(1), 2 * 1.01 ** np.arange(151)))

# %% [markdown]
# **Change** the rate: what is the form of the blue path when the rate is large? Is there a rate at which the red one
# does not leave?

# %%
slider(draw_bilinear, rate=(0.05, 1.9, 0.05))

# %% [markdown]
# ## The non-saturating generator
#
# Take a fake with the logit $a$. The minimax generator minimises $\log(1 - \sigma(a))$; the non-saturating generator
# maximises $\log \sigma(a)$ (`g-non-saturating`), here drawn as a loss, with its sign changed. **Predict** the slope of
# each loss at $a = -6$, where $D$ is certain that the example is fake, and at $a = 0$, where it cannot decide.

# %%
my_minimax = None                                              # two numbers: [at -6, at 0]
my_non_saturating = None

# %%
def slopes_at(a):
    """The slopes of both losses at a logit."""
    fake = np.array([[a]])
    return objectives.g_gradient(fake).item(), -objectives.g_non_saturating_gradient(fake).item()


a = np.linspace(-6, 6, 241)
minimax, other = np.transpose([slopes_at(logit) for logit in a])

# %% tags=["hide-input"]
# Draws both losses and their slopes.
def draw_slopes():
    _, (left, right) = plt.subplots(1, 2, figsize=(8, 2.8))
    left.plot(a, tg.log_sigmoid(-a), color=FAKE, label=r"minimax: $\log(1 - \sigma(a))$")
    left.plot(a, -tg.log_sigmoid(a), color=D_BLUE, label=r"non-saturating: $-\log\sigma(a)$")
    left.set(xlabel="logit $a$ of a fake", title="the loss")
    left.legend()
    right.plot(a, minimax, color=FAKE)
    right.plot(a, other, color=D_BLUE)
    right.axvspan(-6, -3, color="#f0f0f0", zorder=0)
    right.text(-5.9, -0.5, "early on, the\nfakes are here", fontsize=8)
    right.set(xlabel="logit $a$ of a fake", title="its slope")


# %% tags=["hide-output"]
# picture: 06-slopes.png
compare("minimax at -6 and 0", my_minimax, [slopes_at(-6)[0], slopes_at(0)[0]])
compare("non-saturating at -6 and 0", my_non_saturating, [slopes_at(-6)[1], slopes_at(0)[1]])
draw_slopes()
check("the ratio of the slopes is D / (1 - D)", np.allclose(minimax / other, np.exp(a)))
for logit, slopes in ((-4.59512, (-0.01, -0.99)), (0, (-0.5, -0.5)), (2, (-0.880797, -0.119203))):
    check(f"the slopes at {logit} are {slopes}", np.allclose(slopes_at(logit), slopes, atol=1e-6))

# %% [markdown]
# The slopes (`g-gradient`) and (`g-non-saturating-gradient`) are equal at $a = 0$, and very different on the left. Does
# this matter? The fakes start at $m = 4$, four standard deviations from the data. $D$ makes 100 moves first, then the
# players take turns, with plain gradient steps for $G$, so that the size of the slope is visible. **Predict** the mean
# of the fakes after 50 turns for both generators.

# %%
my_mean_minimax = None
my_mean_non_saturating = None

# %%
def race(minimax, steps=400, before=100, start=4.0):
    """The mean of the fakes in each turn."""
    match, means = Match(mean=start), []
    match.adam_g = lambda gradient: gradient                   # no Adam: it would hide the size of the slope
    for _ in range(before):
        match.move_d(5e-3)
    for _ in range(steps):
        match.move_d(2e-3)
        match.move_g(2e-2, minimax)
        means.append(match.G.theta[1])
    return means


# %% tags=["hide-input"]
# Draws the means of the fakes against the turn.
def draw_race(slow, fast, mine=None):
    plt.figure(figsize=(5, 2.6))
    plt.plot(slow, color=FAKE, label="minimax")
    plt.plot(fast, color=D_BLUE, label="non-saturating")
    plt.axhline(0, color=DATA, linestyle=":", label="the data's mean")
    mark(plt.gca(), points=mine)
    plt.xlabel("turn")
    plt.ylabel("mean of the fakes")
    plt.legend()


# %% tags=["hide-output"]
slow, fast = race(minimax=True), race(minimax=False)
compare("minimax", my_mean_minimax, slow[50])
compare("non-saturating", my_mean_non_saturating, fast[50])
draw_race(slow, fast, [(50, mine) for mine in (my_mean_minimax, my_mean_non_saturating) if mine is not None] or None)
check("after 50 turns the non-saturating generator has moved at least 5 times as far",
      4 - fast[50] > 5 * (4 - slow[50]), found=(4 - slow[50], 4 - fast[50]))

# %% [markdown]
# **Change** the moves of $D$ before the race to 0: does the minimax generator still stand still?

# %%
draw_race(*(race(minimax, steps=200, before=30) for minimax in (True, False)))

# %% [markdown]
# ## The divergence that each generator minimises
#
# Take data $N(0, 1)$, fakes $N(\theta, 1)$ at $\theta = 1$, and the best discriminator, which stays fixed. The lecture
# proves that the minimax generator's slope is that of $2\,\mathrm{JS}$, and the other one's that of $\mathrm{KL} -
# 2\,\mathrm{JS}$. The KL is $\theta^2 / 2$. **Predict** the sum of the two slopes.

# %%
my_sum = None

# %%
points = np.linspace(-9, 14, 4601)
data = divergences.normal(points)


def all_slopes(theta):
    """The slopes in theta of what each generator descends, and of the divergences."""
    theta = tg.Tensor(theta, requires_grad=True)
    moving = divergences.normal(points, theta)                 # p_theta: a Tensor
    best = divergences.optimal_d(data, moving.numpy())         # fixed: an array
    js, kl = divergences.js(data, moving), divergences.kl(moving, data)
    values = {r"$E[\log(1 - D^*)]$": tg.sum(moving * np.log(1 - best)), r"$2\,\mathrm{JS}$": 2 * js,
              r"$E[-\log D^*]$": tg.sum(moving * -np.log(best)), r"$\mathrm{KL} - 2\,\mathrm{JS}$": kl - 2 * js,
              r"$\mathrm{KL}(p_\theta \| p_d)$": kl}
    return {name: tg.grad(value, [theta])[0].item() for name, value in values.items()}


# %% tags=["hide-input"]
# Draws the slopes as bars.
def draw_bars(theta=1.0):
    slopes = all_slopes(theta)
    plt.figure(figsize=(5, 2.3))
    plt.barh(list(slopes), slopes.values(), color=[FAKE, FAKE, D_BLUE, D_BLUE, "grey"])
    plt.gca().invert_yaxis()
    plt.xlabel(rf"slope at $\theta = {theta:g}$")


# %% tags=["hide-output"]
slopes = list(all_slopes(1.0).values())
compare("sum of the two generators' slopes", my_sum, slopes[0] + slopes[2])
draw_bars()
check("the slopes are 0.397973, twice, 0.602027, twice, and 1",
      np.allclose(slopes, [0.397973, 0.397973, 0.602027, 0.602027, 1], atol=1e-6), found=slopes)

# %% [markdown]
# Both point towards the data. The two pairs agree, and add up to the slope of the KL, which is $\theta$. **Change**
# $\theta$: at which distance of the fakes is the minimax slope the largest?

# %%
slider(draw_bars, theta=(0.0, 4.0, 0.25))

# %% [markdown]
# ## The end of the game
#
# The fakes have the density of the data: $D$ makes 500 moves and cannot separate them. **Predict** $D$ at $x = 0$, and
# the length of the arrows afterwards, divided by their length before.

# %%
my_d_at_0 = None
my_arrows = None

# %%
places = np.linspace(-2, 2, 15)[:, None]


def at_the_end(m=1024, moves=500):
    """D on the grid after so many moves against fakes with the density of the data, and the arrows before and after."""
    match = Match(mean=0.0, sd=1.0, m=m)
    before = arrows_at(match.D, places)[:, 0]
    for i in range(moves):
        match.move_d(updates.linear_decay(5e-3, i, moves))
    return photograph(match, "")[2], before, arrows_at(match.D, places)[:, 0]


# %% tags=["hide-input"]
# Draws D, and the arrows before and after.
def draw_end(d, before, after):
    _, (left, right) = plt.subplots(1, 2, figsize=(8, 2.4))
    left.plot(grid, d, color=D_BLUE)
    left.axhline(0.5, color="grey", linestyle=":")
    left.set(ylim=(0, 1), title="$D$ at the end")
    right.plot(places, before, "o-", color="#c8c8c8", label="before")
    right.plot(places, after, "o-", color=FAKE, label="after")
    right.set(title="the arrows at fakes", xlabel="$x$")
    right.legend()


# %% tags=["hide-output"]
d, before, after = at_the_end()
compare("D at 0", my_d_at_0, d[200])
compare("length of the arrows, after / before", my_arrows, abs(after).mean() / abs(before).mean())
draw_end(d, before, after)
check("D is within 0.05 of one half in the mean over the data", np.sum(p_d * abs(d - 0.5)) < 0.05,
      np.sum(p_d * abs(d - 0.5)))
check("the arrows are less than half as long as at the start", abs(after).mean() < abs(before).mean() / 2,
      abs(after).mean() / abs(before).mean())

# %% [markdown]
# If $D$ is flat at one half, there is no arrow left, and neither player moves (`equilibrium`). Only the noise of
# batches remains. **Change** the size $m$ of the batch to 16: how flat is $D$ now?

# %%
draw_end(*at_the_end(m=256))

# %% [markdown]
# Next: lecture 07, what goes wrong when real players take turns.
