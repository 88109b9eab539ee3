# %% [markdown]
# # 06 Playing the game: a notebook to step through
#
# It follows [lecture 06](../lectures/06-playing.md): **predict**, **run**, **look**, **change**. We write Algorithm 1
# ourselves, run it on a line, where we can see everything, and then examine its parts one by one.

# %%
import io

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Image
from PIL import Image as Picture

import tinygan as tg
from tinygan import divergences, nn, objectives, updates
from tinygan.updates import Adam, ascend, descend

DATA, FAKE, D_BLUE = "#3a7d44", "#d1495b", "#2e6f95"  # the data, the generator, the discriminator
plt.rcParams.update({"figure.dpi": 95, "axes.spines.top": False, "axes.spines.right": False,
                     "figure.constrained_layout.use": True})

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
# moves 25 times while $D$ is fixed. (d) They take turns.
#
# **Predict:** in (c), to which side does the red density move, and where does this information come from?

# %%
grid = np.linspace(-4, 4, 401)
width = grid[1] - grid[0]


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


match, film = Match(), []
stills = []
stage(match, film, "D begins", 12, lambda i: match.move_d(3e-3), 4)
stills.append(film[-1])
stage(match, film, "D moves, G is fixed", 1000,
      lambda i: match.move_d(updates.linear_decay(1e-2, i, 1000)), 12)
stills.append(film[-1])
stage(match, film, "G moves, D is fixed", 25, lambda i: match.move_g(2e-2), 8)
stills.append(film[-1])
match.adam_d = Adam(0.5, 0.99)


def turn(i):
    match.move_d(updates.linear_decay(3e-3, i, 1500))
    match.move_g(updates.linear_decay(1e-2, i, 1500))


stage(match, film, "they take turns", 1500, turn, 26)
stills.append(film[-1])
print("at the end: m = {1:.3f}, s = {0:.3f}".format(*match.G.theta))

# %%
# picture: 06-densities.png
p_d = divergences.normal(grid)
quantiles = np.sort(np.random.default_rng(0).normal(size=20001))[500::1000]   # even in probability


def draw(top, bottom, frame, title):
    """Densities and D above, the arrows z -> x below."""
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


figure, axes = plt.subplots(2, 4, figsize=(11, 3.6), height_ratios=(3, 1))
for column, frame, letter in zip(axes.T, stills, "abcd"):
    draw(*column, frame, f"({letter})")
axes[0, 0].legend(fontsize=8, loc="center left", frameon=False);

# %% [markdown]
# In (b) $D$ should be $D^* = p_d / (p_d + p_g)$ (`optimal-d`), in (d) one half everywhere (`equilibrium`). How close
# are they? The grey band contains 98 % of all examples.

# %%
def best_and_middle(frame):
    """D* of a frame, where on the grid the central 98 % of all examples are, and p_g."""
    _, (sd, mean), _ = frame
    p_g = divergences.normal(grid, mean, abs(sd))
    share = np.cumsum(p_d + p_g) / 2
    return divergences.optimal_d(p_d, p_g), (share > 0.01) & (share < 0.99), p_g


figure, axes = plt.subplots(1, 2, figsize=(8, 2.4), sharey=True)
for panel, frame, letter in zip(axes, (stills[1], stills[3]), "bd"):
    best, middle, _ = best_and_middle(frame)
    panel.plot(grid, best, color="black", linewidth=3, alpha=0.3, label="$D^*$")
    panel.plot(grid, frame[2], color=D_BLUE, linestyle="--", label="$D$")
    panel.axvspan(grid[middle][0], grid[middle][-1], color="#f0f0f0", zorder=0)
    panel.set(title=f"({letter})", ylim=(0, 1))
axes[0].legend()

best, middle, _ = best_and_middle(stills[1])
off_b = abs(stills[1][2] - best)[middle].max()
_, _, p_g = best_and_middle(stills[3])
off_d = np.sum((p_d + p_g) / 2 * abs(stills[3][2] - 0.5))
print(f"(b): max |D - D*| = {off_b:.3f} in the band; (d): mean |D - 1/2| = {off_d:.3f}")
assert off_b < 0.05
assert off_d < 0.05
assert stills[2][1][1] < stills[1][1][1]                       # (c): to the left
assert np.allclose(stills[3][1], [1, 0], atol=0.15)            # (d): the data's width and mean

# %% [markdown]
# Here is the same game as a film. **Look** at the blue curve during the turns: it is always a little behind.

# %%
# picture: 06-densities.gif
pages = []
for frame in film + [film[-1]] * 6:
    figure, axes = plt.subplots(2, 1, figsize=(4.6, 3.6), height_ratios=(3, 1), dpi=75)
    draw(*axes, frame, frame[0])
    figure.canvas.draw()
    pages.append(Picture.fromarray(np.asarray(figure.canvas.buffer_rgba())[..., :3]).quantize(32))
    plt.close(figure)
buffer = io.BytesIO()
pages[0].save(buffer, "GIF", save_all=True, append_images=pages[1:], duration=160, loop=0, optimize=True)
Image(buffer.getvalue(), format="gif")

# %% [markdown]
# ## The weight of each example in the gradient
#
# The lecture derives the gradients (`d-gradient`) and (`g-gradient`) down to the logits: $1 - D(x)$ for a real example,
# $-D(G(z))$ for a fake. The bars are computed by the tape, the dots by the formula. **Predict** which examples have
# long bars.

# %%
rng = np.random.default_rng(1)
real, fake = np.sort(rng.normal(1.5, 2, (12, 1)), 0), np.sort(rng.normal(-1.5, 2, (12, 1)), 0)
a, b = tg.Tensor(real, requires_grad=True), tg.Tensor(fake, requires_grad=True)
tape = [g.numpy() for g in tg.grad(objectives.value(a, b), [a, b])]
formula = objectives.d_gradient(real, fake)
figure, panels = plt.subplots(1, 2, figsize=(8, 2.3), sharey=True)
for panel, logits, bars, dots, colour, kind in zip(panels, (real, fake), tape, formula,
                                                   (DATA, FAKE), ("real", "fake")):
    panel.bar(np.arange(12), bars[:, 0], color=colour, alpha=0.5)
    panel.plot(np.arange(12), dots[:, 0], "o", color=colour, markersize=4)
    panel.set(title=f"{kind} examples", xticks=np.arange(12))
    panel.set_xticklabels([f"{d:.2f}" for d in tg.sigmoid(logits)[:, 0]], rotation=60, fontsize=7)
    panel.set_xlabel("output of D")
assert all(np.allclose(t, f) for t, f in zip(tape, formula))
[g] = tg.grad(objectives.g_minimax(b), [b])
assert np.allclose(g.numpy(), objectives.g_gradient(fake))

# %% [markdown]
# Real examples with a low $D$ and fakes with a high $D$ have a large weight; examples that $D$ classifies correctly
# have almost none.
#
# For the generator the chain rule continues, through $D$ to the fake itself. Its arrow is the slope of the logit at the
# fake. In the plane, with data on a ring and fakes in a cloud: **predict** where the arrows point.

# %%
# picture: 06-arrows.png
rng = np.random.default_rng(0)
real = tg.data.ring(1500, rng) + rng.normal(0, 0.12, (1500, 2))
fakes = rng.normal([0.5, 0], 0.35, (1500, 2))
D = discriminator(2, rng)
adam = Adam(0.5)
for _ in range(150):
    v = objectives.value(D(tg.Tensor(real)), D(tg.Tensor(fakes)))
    ascend(D.theta, adam(tg.grad(v, D.parameters())), 5e-3)

x = tg.Tensor(fakes[:70], requires_grad=True)
[arrows] = tg.grad(tg.sum(D(x)), [x])                          # each logit depends on its own fake alone
u, v = np.meshgrid(np.linspace(-1.8, 1.8, 80), np.linspace(-1.8, 1.8, 80))
with tg.no_grad():
    field = tg.sigmoid(D(tg.Tensor(np.stack([u.ravel(), v.ravel()], 1)))).numpy().reshape(u.shape)
plt.figure(figsize=(5, 4.1))
plt.pcolormesh(u, v, field, cmap="RdBu", vmin=0, vmax=1, shading="auto", alpha=0.7)
plt.colorbar(label="$D$")
plt.plot(*real[:300].T, ".", color=DATA, markersize=4)
plt.quiver(*x.numpy().T, *arrows.numpy().T, angles="xy", scale=150, width=0.004)
plt.plot(*x.numpy().T, ".", color=FAKE, markersize=5)
plt.gca().set(aspect="equal", xticks=[], yticks=[]);

# %% [markdown]
# These arrows are the only information about the data that the generator gets. **Change** the 150 steps of $D$ to 10,
# then to 2000: how do the arrows change when $D$ is nearly perfect?
#
# ## One game, three programs
#
# The first program ascends and descends $V$. In the second, each player descends its own loss, $L_D$ and $L_G = -L_D$
# (`g-zero-sum`). The third takes one $E$ and reverses the sign for $w$ (`sign-reversal`). **Predict** the difference
# between the parameters after 200 turns.

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


paths = {program: three_programs(program) for program in ("V", "two losses", "one loss, two signs")}
plt.figure(figsize=(5, 3))
for (program, path), thickness, colour in zip(paths.items(), (9, 5, 1.5), ("#d0d0d0", FAKE, "black")):
    plt.plot(path[:, -1], path[:, -2], linewidth=thickness, color=colour, label=program)
plt.xlabel("$m$, the generator's mean")
plt.ylabel("$s$, its width")
plt.legend()
first, *others = paths.values()
assert all(np.array_equal(first, other) for other in others)   # to the last bit

# %% [markdown]
# ## The constant player in each half of a turn
#
# In the generator's move the fakes must *not* be detached. If they are, no path leads from the logits to $G$. In many
# frameworks the generator then silently does not move; here it is an error.

# %%
match = Match()
try:
    tg.grad(objectives.g_non_saturating(match.D(match.fakes().detach())), match.G.parameters())
except ValueError as error:
    print("ValueError:", error)
else:
    raise AssertionError("a generator without a path was accepted")

# %% [markdown]
# Compare alternating and simultaneous steps. On $V(x, y) = x y$ the solution is at the centre. **Predict** both paths.

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


plt.figure(figsize=(3.6, 3.4))
turns, both = bilinear(True), bilinear(False)
plt.plot(*turns.T, color=D_BLUE, label="taking turns")
plt.plot(*both.T, color=FAKE, label="both at once")
plt.plot(0, 0, "k+")
plt.gca().set_aspect("equal")
plt.legend(fontsize=8)
assert np.allclose((turns**2).sum(1) + 0.1 * turns.prod(1), 2.1)
assert np.allclose((both**2).sum(1), 2 * 1.01 ** np.arange(151))

# %% [markdown]
# ## The non-saturating generator
#
# Take a fake with the logit $a$. The minimax generator minimises $\log(1 - \sigma(a))$; the non-saturating generator
# maximises $\log \sigma(a)$ (`g-non-saturating`), here drawn as a loss, with its sign changed. **Predict** the slope of
# each at the left end, where $D$ is certain that the example is fake.

# %%
# picture: 06-slopes.png
a = np.linspace(-6, 6, 241)
figure, (left, right) = plt.subplots(1, 2, figsize=(8, 2.8))
left.plot(a, tg.log_sigmoid(-a), color=FAKE, label=r"minimax: $\log(1 - \sigma(a))$")
left.plot(a, -tg.log_sigmoid(a), color=D_BLUE, label=r"non-saturating: $-\log\sigma(a)$")
left.set(xlabel="logit $a$ of a fake", title="the loss")
left.legend(fontsize=8)
minimax = np.array([objectives.g_gradient(x) for x in a[:, None, None]])[:, 0, 0]
other = -np.array([objectives.g_non_saturating_gradient(x) for x in a[:, None, None]])[:, 0, 0]
right.plot(a, minimax, color=FAKE)
right.plot(a, other, color=D_BLUE)
right.axvspan(-6, -3, color="#f0f0f0", zorder=0)
right.text(-5.9, -0.5, "early on, the\nfakes are here", fontsize=8)
right.set(xlabel="logit $a$ of a fake", title="its slope")
assert np.allclose(minimax / other, np.exp(a))                 # the ratio D / (1 - D)
for logit, slopes in ((-4.59512, (-0.01, -0.99)), (0, (-0.5, -0.5)), (2, (-0.880797, -0.119203))):
    fake = np.array([[logit]])
    both = objectives.g_gradient(fake).item(), -objectives.g_non_saturating_gradient(fake).item()
    assert np.allclose(both, slopes, atol=1e-6)

# %% [markdown]
# The slopes (`g-gradient`) and (`g-non-saturating-gradient`) are equal at $a = 0$, where $D$ cannot decide, and very
# different on the left. Does this matter? The fakes start at $m = 4$, four standard deviations from the data. $D$ makes
# 100 moves first, then the players take turns, with plain gradient steps for $G$, so that the size of the slope is
# visible.

# %%
def race(minimax, steps=400):
    match, means = Match(mean=4.0), []
    match.adam_g = lambda gradient: gradient                   # no Adam: it would hide the size of the slope
    for _ in range(100):
        match.move_d(5e-3)
    for _ in range(steps):
        match.move_d(2e-3)
        match.move_g(2e-2, minimax)
        means.append(match.G.theta[1])
    return means


slow, fast = race(minimax=True), race(minimax=False)
plt.figure(figsize=(5, 2.6))
plt.plot(slow, color=FAKE, label="minimax")
plt.plot(fast, color=D_BLUE, label="non-saturating")
plt.axhline(0, color=DATA, linestyle=":", label="the data's mean")
plt.xlabel("turn")
plt.ylabel("mean of the fakes")
plt.legend(fontsize=8)
assert 4 - fast[50] > 5 * (4 - slow[50])

# %% [markdown]
# ## The divergence that each generator minimises
#
# Take data $N(0, 1)$, fakes $N(\theta, 1)$ at $\theta = 1$, and the best discriminator, which stays fixed. The lecture
# proves that the minimax generator's slope is that of $2\,\mathrm{JS}$, and the other one's that of $\mathrm{KL} -
# 2\,\mathrm{JS}$. **Predict** the sum of the two slopes.

# %%
points = np.linspace(-9, 11, 4001)
data = divergences.normal(points)
theta = tg.Tensor(1.0, requires_grad=True)
moving = divergences.normal(points, theta)                     # p_theta: a Tensor
best = divergences.optimal_d(data, moving.numpy())             # fixed: an array


def slope(y):
    return tg.grad(y, [theta])[0].item()


slopes = {r"$E[\log(1 - D^*)]$": slope(tg.sum(moving * np.log(1 - best))),
          r"$2\,\mathrm{JS}$": slope(2 * divergences.js(data, moving)),
          r"$E[-\log D^*]$": slope(tg.sum(moving * -np.log(best))),
          r"$\mathrm{KL} - 2\,\mathrm{JS}$": slope(divergences.kl(moving, data) - 2 * divergences.js(data, moving)),
          r"$\mathrm{KL}(p_\theta \| p_d)$": slope(divergences.kl(moving, data))}
plt.figure(figsize=(5, 2.3))
plt.barh(list(slopes), slopes.values(), color=[FAKE, FAKE, D_BLUE, D_BLUE, "grey"])
plt.gca().invert_yaxis()
plt.xlabel(r"slope at $\theta = 1$")
assert np.allclose(list(slopes.values()), [0.397973, 0.397973, 0.602027, 0.602027, 1], atol=1e-6)

# %% [markdown]
# Both point towards the data. The two pairs agree, and add up to the slope of the KL, which is 1.
#
# ## The end of the game
#
# The fakes have the density of the data: $D$ trains for a long time and cannot separate them. **Predict** $D$, and the
# arrows.

# %%
match = Match(mean=0.0, sd=1.0, m=1024)
before = np.linspace(-2, 2, 15)[:, None]


def arrows_of(match):
    x = tg.Tensor(before, requires_grad=True)
    return tg.grad(tg.sum(match.D(x)), [x])[0].numpy()[:, 0]


start = arrows_of(match)
for i in range(500):
    match.move_d(updates.linear_decay(5e-3, i, 500))
end = arrows_of(match)
_, _, d = photograph(match, "")
figure, (left, right) = plt.subplots(1, 2, figsize=(8, 2.4))
left.plot(grid, d, color=D_BLUE)
left.axhline(0.5, color="grey", linestyle=":")
left.set(ylim=(0, 1), title="$D$ after 500 moves")
right.plot(before, start, "o-", color="#c8c8c8", label="before")
right.plot(before, end, "o-", color=FAKE, label="after")
right.set(title="the arrows at fakes", xlabel="$x$")
right.legend(fontsize=8)
assert np.sum(p_d * abs(d - 0.5)) < 0.05

# %% [markdown]
# If $D$ is flat at one half, there is no arrow left, and neither player moves (`equilibrium`). Only the noise of
# batches remains.
#
# **Change:** in the game at the top, let $D$ make five moves in each turn; start the fakes at $m = 6$; use
# `match.move_g(1e-2, minimax=True)`. Which of these games still end in (d)?
