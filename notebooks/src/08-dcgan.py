# %% [markdown]
# # 08 DCGAN: a notebook to step through
#
# It follows [lecture 08](../lectures/08-dcgan.md): **predict**, **run**, **look**, **change**. We train small players
# on digits with 16 x 16 pixels in seconds, look at their layers, and interpolate between latents.

# %%
from math import exp, lgamma

import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan import latent, nn, objectives, plots
from tinygan.game import Game, train
from tinygan.runs import generate
from tinygan.toys.fields import dirac
from tinygan.updates import Adam, ascend
from tinygan.zoo import dcgan
from tinygan.zoo.sources import evaluator_of

DATA, FAKE, D_BLUE = "#3a7d44", "#d1495b", "#2e6f95"  # the data, the generator, the discriminator
plt.rcParams.update({"figure.dpi": 85, "axes.spines.top": False, "axes.spines.right": False,
                     "figure.constrained_layout.use": True})
digits = tg.data.load("digits16").x
print("digits:", digits.shape, "from", digits.min(), "to", digits.max())
assert digits.min() == -1 and digits.max() <= 1                # the range of tanh at G's output


def show(axes, images, title="", columns=None):
    """A sheet of images on axes without ticks."""
    axes.imshow(plots.sheet(images, columns), interpolation="nearest")
    axes.set_title(title, fontsize=10)
    axes.axis("off")


# %% [markdown]
# ## The players
#
# We send one latent through $G$ and the image through $D$, and note the shape after every layer: these are the players
# of the lecture, for 28 x 28 pixels. The height of each box is that of its images, its thickness shows the number of
# channels. **Predict** the sizes (`conv`, `conv-transpose`).

# %%
# picture: 08-players.png
def shapes(player, x):
    """The shape of one example before each layer, and after the last."""
    found = [x.shape[1:]]
    for layer in player.layers:
        x = layer(x)
        found.append(x.shape[1:])
    return found


def row(panel, stages, arrows, colour, title):
    """Boxes with the height of the images and a width for the number of channels, with arrows between them."""
    x = 0.0
    for shape, arrow in zip(stages, [*arrows, None]):
        high, wide = (shape[0], max(0.8, shape[2] / 8)) if len(shape) == 3 else (max(2, shape[0] / 4), 0.8)
        panel.add_patch(plt.Rectangle((x, -high / 2), wide, high, facecolor=colour, alpha=0.35, edgecolor=colour))
        panel.text(x + wide / 2, -high / 2 - 1, " x ".join(map(str, shape)), ha="center", va="top", fontsize=9)
        if arrow:
            panel.annotate("", (x + wide + 8.5, 0), (x + wide + 0.5, 0),
                           arrowprops={"arrowstyle": "-|>", "color": "grey"})
            panel.text(x + wide + 4.3, 0.8, arrow, ha="center", fontsize=8)
        x += wide + 9
    panel.set(xlim=(-3, 43), ylim=(-19, 15))
    panel.set_title(title, loc="left", color=colour)
    panel.axis("off")


rng = np.random.default_rng(0)
G, D = dcgan.networks((28, 28, 1), 64, rng, width=32)
z, x = rng.standard_normal((2, 64), np.float32), np.zeros((2, 28, 28, 1), np.float32)
of_g, of_d = shapes(G, tg.Tensor(z)), shapes(D, tg.Tensor(x))
for player, sizes in ((G, of_g), (D, of_d)):
    steps = [f"{type(layer).__name__} {size}" for layer, size in zip(player.layers, sizes[1:])]
    print(" -> ".join([str(sizes[0]), *steps]))
figure, (top, bottom) = plt.subplots(2, 1, figsize=(8.4, 4.8))
row(top, [of_g[i] for i in (0, 2, 5, 8)], ["dense", "transposed\n4 x 4, stride 2", "transposed\n4 x 4, stride 2"], FAKE,
    "G: from a latent to an image")
row(bottom, [of_d[i] for i in (0, 1, 3, 7)], ["4 x 4, stride 2", "4 x 4, stride 2", "dense"], D_BLUE,
    "D: from an image to a logit")
assert [of_g[i] for i in (2, 5, 8)] == [(7, 7, 64), (14, 14, 32), (28, 28, 1)]
assert [of_d[i] for i in (1, 3)] == [(14, 14, 32), (7, 7, 64)]
assert [player.theta.size for player in (G, D)] == [234177, 36577]

# %% [markdown]
# ## Initial values
#
# A new discriminator sees real digits. How large is the signal after each layer? We compare three versions: the weights
# of DCGAN, $N(0, 0.02^2)$, without batch norm; the same with batch norm; and without batch norm but with (`he`), which
# depends on the number of terms that each unit adds up. **Predict** the three curves.

# %%
def refilled(D, slope=0.2):
    """The same discriminator with He's initial values in place of N(0, .02): drawn numbers are rescaled."""
    for p in D.parameters():
        if p.ndim > 1:
            terms = int(np.prod(p.shape[:-1]))
            p.data *= nn.initial.he(np.random.default_rng(0), (10000,), terms, 0, slope).std() / 0.02
    return D


def sizes(D, x):
    """The mean square of the signal after each layer with weights or a batch norm; the image itself first."""
    found = [np.mean(x**2)]
    x = tg.Tensor(x)
    for layer in D.layers:
        x = layer(x)
        if layer.parameters():
            found.append(np.mean(x.numpy() ** 2))
    return found


def fresh(batch_norm, seed=0):
    """A discriminator of 16 x 16 pixels; all in this notebook have 16 channels after the first layer."""
    return dcgan.discriminator((16, 16, 1), np.random.default_rng(seed), 16, batch_norm=batch_norm)


def over_seeds(make):
    """Roots of the mean squares, over ten draws of the weights."""
    return np.sqrt(np.mean([sizes(make(seed), digits[:200]) for seed in range(10)], axis=0))


plain = over_seeds(lambda seed: fresh(False, seed))
with_norm = over_seeds(lambda seed: fresh(True, seed))
with_he = over_seeds(lambda seed: refilled(fresh(False, seed)))
plt.figure(figsize=(6, 2.8))
plt.semilogy([0, 1, 2, 3], plain, "o-", color=FAKE, label="0.02, no batch norm")
plt.semilogy([0, 1, 2, 2, 3], with_norm, "o-", color=D_BLUE, label="0.02, batch norm behind the second")
plt.semilogy([0, 1, 2, 3], with_he, "o-", color=DATA, label="He's, no batch norm")
plt.xticks([0, 1, 2, 3], ["image", "first\nconvolution", "second\nconvolution", "logit"])
plt.ylabel("root mean square")
plt.legend(fontsize=8)
assert plain[-1] < 0.01 and 0.3 < with_he[-1] < 3 and abs(with_norm[3] - 1) < 0.1

# %% [markdown]
# The jump in the blue curve is the batch norm. **Change** the slope in `refilled` to 0 and look at the logit.
#
# ## Training
#
# We use the library's recipe with small players: 500 steps, Adam with $\beta_1 = 0$, a learning rate that falls to 0.
# The sheets show the same 16 latents during the training. **Predict** the first images: strokes, digits, or a blur?

# %%
noise = tg.game.latent(64)
rng = np.random.default_rng(0)
G, D = dcgan.networks((16, 16, 1), 64, rng, width=16)
game = Game(G, D, tg.data.sampler(digits), noise, rng, batch=32, rate=4e-3, decay=True,
            optimiser_d=Adam(0.0, 0.99), optimiser_g=Adam(0.0, 0.99))
same, film = noise(16, np.random.default_rng(1)), {}
for step in (0, 25, 50, 100, 200, 500):
    if step:
        train(game, step if step < 500 else 500, record_every=25)
    film[step] = generate(G, same)
figure, panels = plt.subplots(1, 6, figsize=(11, 2.1))
for panel, (step, images) in zip(panels, film.items()):
    show(panel, images, f"step {step}")

evaluator = evaluator_of("digits16")                                   # a classifier that knows digits
counts = np.bincount(evaluator.classify(generate(G, noise(1000, rng))), minlength=10)
print("digits 0 to 9 among 1,000 samples:", *counts)
assert (counts > 20).sum() >= 9        # on some processors one digit is still rare after so few steps

# %% [markdown]
# ## The output of each layer
#
# Here are the 16 kernels of $D$'s first layer, and their outputs for a seven (red is positive, blue negative). Take a
# kernel that is dark on its left half and bright on its right. **Predict** where its output is large.

# %%
def tiles(axes, maps, columns, title):
    """Arrays (h, w, channels) side by side, with thin white lines between them."""
    h, w, channels = maps.shape
    page = np.full((-(-channels // columns) * (h + 1), columns * (w + 1)), np.nan)
    for i in range(channels):
        r, c = i // columns * (h + 1), i % columns * (w + 1)
        page[r:r + h, c:c + w] = maps[..., i]
    limit = np.nanmax(abs(page))
    axes.imshow(page, cmap="RdBu_r", vmin=-limit, vmax=limit)
    axes.set_title(title, fontsize=10)
    axes.axis("off")


digit = digits[[np.flatnonzero(tg.data.load("digits16").labels == 7)[3]]]
with tg.no_grad():
    first = D.layers[0](tg.Tensor(digit))
    second = D.layers[2](D.layers[1](first))
figure, panels = plt.subplots(1, 4, figsize=(11, 2.7), width_ratios=(1, 1.5, 2, 2.4))
show(panels[0], digit, "a digit")
tiles(panels[1], D.layers[0].weight.numpy()[:, :, 0], 4, "16 kernels, 4 x 4")
tiles(panels[2], first.numpy()[0], 4, "16 maps, 8 x 8")
tiles(panels[3], second.numpy()[0], 8, "32 maps, 4 x 4")

# %% [markdown]
# Now the generator: one latent on its way through $G$. The dense layer determines the rough layout; the transposed
# convolutions draw it, stroke by stroke.

# %%
G.eval()
with tg.no_grad():
    x, stages = tg.Tensor(same[3:4]), []
    for layer in G.layers:
        x = layer(x)
        if isinstance(layer, nn.ReLU):
            stages.append(x.numpy()[0])
G.train()
figure, panels = plt.subplots(1, 3, figsize=(10, 2.7), width_ratios=(2.4, 2, 1))
tiles(panels[0], stages[0], 8, "behind the dense layer: 32 maps, 4 x 4")
tiles(panels[1], stages[1], 4, "behind the first transposed convolution: 16 maps, 8 x 8")
show(panels[2], x.numpy(), "the image")

# %% [markdown]
# ## Batch normalisation in the discriminator
#
# The input of $D$'s batch norm is a number for each fake, position and channel; the gradients at these numbers add up
# to zero in every channel. We compare with a $D$ without batch norm. Each dot is a sum over one fake, for the channel
# with the largest gradients. **Predict** on which side of zero the dots are.

# %%
def arrows(D, fakes):
    """The generator's slope at the output of the second convolution, added up over the positions of each fake."""
    to_norm, from_norm = nn.Sequential(*D.layers[:3]), nn.Sequential(*D.layers[3:])
    u = tg.Tensor(to_norm(tg.Tensor(fakes.astype(np.float64))).numpy(), requires_grad=True)
    [slope] = tg.grad(objectives.g_non_saturating(from_norm(u)), [u])
    by_fake = slope.numpy().sum(axis=(1, 2))
    return by_fake[:, abs(by_fake).sum(0).argmax()]


fakes = generate(G, noise(24, rng))
figure, panels = plt.subplots(1, 2, figsize=(8, 2.2))
for panel, batch_norm in zip(panels, (True, False)):
    at = arrows(fresh(batch_norm).astype(np.float64), fakes)
    panel.bar(np.arange(24), at, color=FAKE)
    panel.axhline(0, color="black", linewidth=0.8)
    share = abs(at.sum()) / abs(at).sum()
    name = "with batch norm" if batch_norm else "without"
    panel.set_title(f"{name}: |sum| / sum of lengths = {share:.2f}", fontsize=10)
    panel.set(xlabel="fake", yticks=[])
    assert share < 1e-3 if batch_norm else share > 0.5

# %% [markdown]
# Without batch norm all fakes get a gradient in the same direction. So they become alike.
#
# Now we repeat the experiment of the lecture: three discriminators, one seed, 320 steps with Adam's $\beta_1 =
# \frac12$. **Predict** which of the three collapses. (About ten seconds.)

# %%
# picture: 08-collapse.png
def experiment(batch_norm, he, seed=0, steps=320):
    rng = np.random.default_rng(seed)
    G, D = dcgan.networks((16, 16, 1), 64, rng, width=16, batch_norm=batch_norm)
    game = Game(G, refilled(D) if he else D, tg.data.sampler(digits), noise, rng, batch=32, rate=5e-4)
    train(game, steps, record_every=20)
    images = generate(G, noise(400, np.random.default_rng(1)))
    counts = np.bincount(evaluator.classify(images), minlength=10)
    return images, counts


versions = {"batch norm, 0.02": (True, False), "no batch norm, 0.02": (False, False),
            "no batch norm, He's": (False, True)}
results = {name: experiment(*version) for name, version in versions.items()}
figure, panels = plt.subplots(2, 3, figsize=(9, 4.6), height_ratios=(3, 1))
for (name, (images, counts)), (top, bottom) in zip(results.items(), panels.T):
    show(top, images[:64], name)
    bottom.bar(np.arange(10), counts / 4, color=FAKE)
    bottom.set(xticks=np.arange(10), ylim=(0, 100), yticks=[0, 100], xlabel="digit")
panels[1, 0].set_ylabel("% of 400")


def spread(images):
    """The mean distance of samples from their mean, pixel by pixel."""
    return images.std(axis=0).mean()


with_norm, without, with_he = (spread(images) for images, _ in results.values())
print(f"spread: {with_norm:.3f}, {without:.3f}, {with_he:.3f}; data: {spread(digits):.3f}")
assert without < 0.5 * min(with_norm, with_he)

# %% [markdown]
# With $N(0, 0.02^2)$, batch norm makes the difference between digits and one blurred shape. With He's initial values
# there is no collapse without batch norm. **Change:** the seed; `batch_norm` and He's values together (exercise 6).
#
# ## Adam
#
# We compute the direction (`adam`) for a noisy gradient whose size jumps by a factor of a hundred halfway. **Predict**
# the direction right after the jump and later, and the first steps without the bias correction.

# %%
gradients = np.random.default_rng(0).normal(1, 0.5, 120)
gradients[60:] *= 100
figure, panels = plt.subplots(1, 2, figsize=(9, 2.4))
for beta1, colour in ((0.9, D_BLUE), (0.0, FAKE)):
    walker = Adam(beta1, 0.9)
    panels[0].plot([walker(np.array([g]))[0] for g in gradients], color=colour, label=rf"$\beta_1 = {beta1}$")
panels[0].axvline(60, color="grey", linestyle=":")
panels[0].set(title="the direction; gradients 100 times as large from 60 on", xlabel="step")
panels[0].legend(fontsize=8)
m = v = 0
raw, walker, corrected = [], Adam(0.9, 0.999), []
for g in gradients[:60]:
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
    raw.append(m / np.sqrt(v))
    corrected.append(walker(np.array([g]))[0])
panels[1].plot(raw, color="grey", label="without correction")
panels[1].plot(corrected, color=D_BLUE, label="Adam")
panels[1].set(title="the first 60 steps", xlabel="step", ylim=(0, 7))
panels[1].legend(fontsize=8)
assert abs(corrected[0] - 1) < 1e-6 and raw[0] > 3

# %% [markdown]
# In a game the gradient turns, and a long memory gives an old direction. Here is the Dirac-GAN with R1, whose solution
# is at the centre: **predict** which of the three paths reach it.

# %%
def dirac_path(beta1, turns=3000, rate=0.01):
    point, field = np.array([1.0, 1.0]), dirac(r1=0.3)          # theta, psi
    adam_g, adam_d, path = Adam(beta1), Adam(beta1), []
    for _ in range(turns):
        ascend(point[1:], adam_d(np.array([field(*point)[1]])), rate)
        ascend(point[:1], adam_g(np.array([field(*point)[0]])), rate)
        path.append(point.copy())
    return np.array(path)


figure, panels = plt.subplots(1, 3, figsize=(9, 3), sharex=True, sharey=True)
ends = []
for panel, beta1 in zip(panels, (0.9, 0.5, 0.0)):
    path = dirac_path(beta1)
    ends.append(np.hypot(*path[-1]))
    panel.plot(*path.T, color=D_BLUE, linewidth=0.8)
    panel.plot(*path[-1], "o", color=FAKE)
    panel.plot(0, 0, "k+")
    panel.set(title=rf"$\beta_1 = {beta1}$", xlabel=r"$\theta$, of G", aspect="equal")
panels[0].set_ylabel(r"$\psi$, of D")
assert ends[0] > 0.3 and max(ends[1:]) < 1e-3

# %% [markdown]
# ## The norms of latents
#
# The picture shows the norms of latents in 2, 20 and 200 dimensions. **Predict:** where are the three peaks, and how
# wide is each?

# %%
rng = np.random.default_rng(2)
plt.figure(figsize=(7, 2.4))
for d, colour in ((2, "#9ecae1"), (20, "#4292c6"), (200, "#08519c")):
    a, b = rng.normal(size=(2, 20000, d))
    norms, halfway = np.linalg.norm(a, axis=1), np.linalg.norm((a + b) / 2, axis=1)
    plt.hist(norms, 80, density=True, color=colour, alpha=0.7, label=f"$d = {d}$")
    plt.hist(halfway, 80, density=True, histtype="step", color=FAKE)
    shell = np.sqrt(2) * exp(lgamma((d + 1) / 2) - lgamma(d / 2))
    assert abs(norms.mean() - shell) < 0.03 and abs(halfway.mean() - shell / np.sqrt(2)) < 0.03
plt.xlabel("norm; red: of the halfway point of two of them")
plt.legend(fontsize=8)
shell = np.sqrt(2) * exp(lgamma(101 / 2) - lgamma(50))
assert np.allclose([shell, shell / np.sqrt(2)], [9.97503, 7.05341], atol=5e-6)       # d = 100

# %% [markdown]
# ## Interpolation
#
# We compare straight and spherical paths (`interpolation`) between the same latents, with our generator. The midpoint
# of a straight path is shorter than almost every latent in training. **Predict** its image.

# %%
# picture: 08-paths.png
rng = np.random.default_rng(12)
a, b = noise(500, rng), noise(500, rng)
times = np.linspace(0, 1, 11)
figure = plt.figure(figsize=(11, 4))
left, right = figure.subfigures(1, 2, width_ratios=(1, 1.6))
of_norm, of_ink = left.subplots(2, 1, sharex=True)
sheets = right.subplots(2, 1)
norms = np.linalg.norm(a, axis=1)
of_norm.axhspan(*np.quantile(norms, [0.025, 0.975]), color="#e8e8e8", label="95 % of latents")
ink = {}
for kind, colour, panel in (("straight", FAKE, sheets[0]), ("spherical", D_BLUE, sheets[1])):
    way = latent.path(a, b, 11, kind)
    images = [generate(G, way[:, i]) for i in range(11)]
    ink[kind] = np.array([(x > 0).mean() for x in images])
    of_norm.plot(times, np.linalg.norm(way, axis=2).mean(axis=0), color=colour, label=kind)
    of_ink.plot(times, 100 * ink[kind], color=colour)
    show(panel, np.stack([x[:4] for x in images], axis=1).reshape(-1, 16, 16, 1), kind, columns=11)
of_norm.set(title="norm", ylim=(0, 11))
of_norm.legend(fontsize=8)
of_ink.axhline(100 * (digits > 0).mean(), color=DATA, linestyle=":", label="the data")
of_ink.set(title="white pixels, %", xlabel="$t$", ylim=(0, 12))
of_ink.legend(fontsize=8)
print("ink halfway, straight and spherical, relative to the ends:",
      *(round(i[5] / i[[0, -1]].mean(), 2) for i in ink.values()))
assert ink["straight"][5] < 0.75 * ink["straight"][0] and abs(ink["spherical"][5] / ink["spherical"][0] - 1) < 0.1

# %% [markdown]
# A smaller norm gives less ink. **Change** `generate(G, way[:, i])` to use `0.5 * way[:, i]`, and `1.5 *`.
#
# ## Arithmetic with latents
#
# Of 2,000 samples, $a$ are the latents of the hundred thinnest, $b$ of the hundred thickest. The sheet in the middle
# shows latents $c$; left and right of it are $c - b + a$ and $c - a + b$ (`analogy`). **Predict** which properties do
# not change.

# %%
# picture: 08-analogy.png
z = noise(2000, rng)
order = generate(G, z).mean(axis=(1, 2, 3)).argsort()
thin, thick = z[order[:100]], z[order[-100:]]
some = noise(40, rng)
thinner = np.stack([latent.analogy(thick, thin, c[None]) for c in some])
thicker = np.stack([latent.analogy(thin, thick, c[None]) for c in some])
titles = ("$c - b + a$: thinner", "$c$", "$c - a + b$: thicker")
figure, panels = plt.subplots(1, 3, figsize=(10, 2.4))
for panel, title, latents in zip(panels, titles, (thinner, some, thicker)):
    show(panel, generate(G, latents[:24]), title, 8)
less, usual, more = (generate(G, latents).mean() for latents in (thinner, some, thicker))
assert less + 0.05 < usual < more - 0.05


def round_digits(latents):
    return np.isin(evaluator.classify(generate(G, latents)), (0, 8)).mean()


print("0s and 8s:", *(f"{name} {100 * round_digits(latents):.0f} %," for name, latents in
                      (("thin", thin), ("thick", thick), ("c", some), ("c - a + b", thicker))))
assert round_digits(thick) > 2 * round_digits(thin) and round_digits(thicker) > round_digits(some)

# %% [markdown]
# The difference of two means is a direction in the latent space. It makes digits thicker, and it also makes them 0s and
# 8s, because many of the thickest samples are 0s and 8s. **Change** `thin` and `thick` to be of one class only, by
# `evaluator.classify`; does the side effect remain?
#
# Next: lecture 09, another distance between two densities.
