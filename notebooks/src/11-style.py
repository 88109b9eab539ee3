# %% [markdown]
# # 11 Growing and style: a notebook to step through
#
# It follows [lecture 11](../lectures/11-style.md): **predict**, **run**, **look**, **change**. Images here are 8 or 16
# pixels wide, so that everything can be shown and trained in seconds.

# %%
from math import exp, lgamma

import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan import data, nn, plots
from tinygan.data.shapes import draw_shapes, measure_shapes, shape_factors
from tinygan.game import latent, train
from tinygan.updates import Adam, Average
from tinygan.zoo import RECIPES, progressive, style
from tinygan.zoo.recipe import game_settings
from tinygan.zoo.settings import switches

DATA, FAKE, D_BLUE = "#3a7d44", "#d1495b", "#2e6f95"  # the data, the generator, the discriminator
plt.rcParams.update({"figure.dpi": 95, "axes.spines.top": False, "axes.spines.right": False,
                     "figure.constrained_layout.use": True})


def show(panel, images, title="", columns=None):
    """Images (n, h, w, c) in [-1, 1] as one sheet."""
    panel.imshow(plots.sheet(np.asarray(images), columns), interpolation="nearest")
    panel.set_title(title, fontsize=10)
    panel.axis("off")


# %% [markdown]
# ## Halving and doubling images
#
# Here is a shape of 16 by 16 pixels, then halved (`average-pool`), then doubled again (`upsample`). **Predict:** how
# does the picture on the right change if you halve and double it once more?

# %%
rng = np.random.default_rng(0)
x = draw_shapes(shape_factors(3, rng)).astype(np.float64)
half = tg.average_pool(x)
figure, axes = plt.subplots(1, 3, figsize=(8, 1.6))
for panel, images, title in zip(axes, (x, half, tg.upsample(half)), ("$x$", "$P x$", "$U P x$")):
    show(panel, images, title, 3)
assert np.array_equal(tg.average_pool(tg.upsample(half)), half)                        # PU = I, to the last bit
y = rng.normal(size=x.shape)
assert np.isclose(np.sum(tg.upsample(half) * y), 4 * np.sum(half * tg.average_pool(y)))   # adjoints up to the factor 4

# %% [markdown]
# It does not change: $U P$ is a projection, so a second application has no effect.
#
# ## Fading in a new layer
#
# We take a new generator with random weights in all layers. Its stages are 4, 8 and 16 pixels. Start at 8 pixels and
# fade in the last block: $(1 - \alpha)\,$old$\,+ \alpha\,$new (`fade-in`). **Predict** the first picture: does it
# depend on the last block?

# %%
G, D = progressive.networks((16, 16, 1), 32, np.random.default_rng(3))
growth, z = G.growth, tg.Tensor(np.random.default_rng(1).normal(size=(5, 32)).astype(np.float32))


def made(stage, alpha=1.0):
    growth.stage, growth.alpha = stage, alpha
    with tg.no_grad():
        return G(z).numpy()


alphas = (0, 0.25, 0.5, 0.75, 1)
figure, axes = plt.subplots(1, 6, figsize=(9, 1.9), height_ratios=[1])
show(axes[0], made(1)[:4] / 2, "stage of 8 by 8")
for panel, alpha in zip(axes[1:], alphas):
    show(panel, made(2, alpha)[:4] / 2, rf"$\alpha = {alpha}$")
assert np.array_equal(made(2, 0), made(1))              # bit for bit
print("largest change of a pixel from alpha = 0 to 1:", abs(made(2, 1) - made(1)).max().round(2))

# %% [markdown]
# Now the discriminator: at $\alpha = 0$ its output for an image must be the same as before it grew.

# %%
def logits(stage, alpha, images):
    growth.stage, growth.alpha = stage, alpha
    with tg.no_grad():
        return D(tg.Tensor(images.astype(np.float32))).numpy()[:, 0]


digits = data.load("digits16").x
some = digits[:64]
line = np.linspace(0, 1, 21)
curves = np.array([logits(2, alpha, some) for alpha in line])
plt.figure(figsize=(4.6, 2.4))
plt.plot(line, curves[:, :10], color=D_BLUE, linewidth=1)
plt.plot(np.zeros(10), logits(1, 1, some)[:10], "o", color=FAKE, markersize=4, label="before it grew")
plt.xlabel(r"$\alpha$")
plt.ylabel("logits of ten digits")
plt.legend(fontsize=8)
assert np.array_equal(logits(2, 0, some), logits(1, 1, some))

# %% [markdown]
# Each curve begins at its dot: there is no jump. `Growth.at` sets the length of each stage. It spreads the stages over
# a part of the run: .15 of it in the recipe, but half of it here, so that the stages are visible.

# %%
progressive.GROWN = 0.5
share = np.linspace(0, 1, 400)
stages = []
for s in share:
    growth.at(s)
    stages.append((4 << growth.stage, growth.alpha))
sides, alpha = np.array(stages).T
figure, axes = plt.subplots(2, 1, figsize=(5, 2.4), sharex=True)
axes[0].step(share, sides, color=FAKE, where="post")
axes[0].set(ylabel="pixels", yticks=[4, 8, 16])
axes[1].plot(share, alpha, color=D_BLUE)
axes[1].set(ylabel=r"$\alpha$", xlabel="share of the run");

# %% [markdown]
# ## Training a growing GAN
#
# This is a short run on digits: 360 steps of 32 images. We record the images of the same latents during training. The
# run is too short for good digits (`tinygan train progressive` takes eight times as long), but long enough to see
# patches become strokes.

# %%
# picture: 11-growing.png
def start(recipe, draw, size, players, **changes):
    """The game of a recipe with other images, smaller players, and latents of `size` numbers."""
    recipe, rng = RECIPES[recipe], np.random.default_rng(0)
    shape = draw(1, np.random.default_rng(1)).shape[1:]
    nets = recipe.networks(shape, size, rng, **players)
    return recipe.make_game(*nets, draw, latent(size), rng, batch=32, average=Average(0.99),
                            optimiser_d=Adam(*recipe.betas), optimiser_g=Adam(*recipe.betas),
                            **game_settings({**recipe.game, **changes}))


game, photographs = start("progressive", data.sampler(digits), 64, {"width": 24}, rate=6e-3), []
z = tg.Tensor(game.noise(8, np.random.default_rng(4)))


def photograph(game):
    if game.step in (45, 68, 134, 158, 181, 360):
        growth = game.generator.growth
        with tg.no_grad():
            photographs.append((game.step, 4 << growth.stage, growth.alpha, game.generator(z).numpy()))


train(game, 360, [photograph], record_every=20)
figure, axes = plt.subplots(1, 6, figsize=(9, 3.4))
for panel, (step, side, alpha, images) in zip(axes, photographs):
    fading = rf", $\alpha$ = {alpha:.2f}" if alpha < 1 else ""
    show(panel, images, f"step {step}\n{side} by {side}{fading}", 2)
blocks = tg.upsample(tg.upsample(tg.average_pool(tg.average_pool(photographs[0][3]))))
assert np.allclose(blocks, photographs[0][3], atol=1e-6)       # at first: blocks of 4 by 4
assert not np.allclose(tg.upsample(tg.average_pool(photographs[-1][3])), photographs[-1][3], atol=0.1)

# %% [markdown]
# ## The scale of initial weights
#
# Take twenty layers with ReLUs and random weights of standard deviation $s$. **Predict** which of the three curves
# stays constant.

# %%
rng = np.random.default_rng(0)
plt.figure(figsize=(5, 2.5))
for factor, colour in ((0.8, D_BLUE), (1, DATA), (1.25, FAKE)):
    y, sizes = rng.normal(size=(400, 256)), []
    for _ in range(20):
        y = np.maximum(y, 0) @ rng.normal(0, factor * np.sqrt(2 / 256), (256, 256))
        sizes.append(y.std())
    plt.semilogy(range(1, 21), sizes, color=colour, label=rf"$s = {factor}\,\sqrt{{2 / m}}$")
    assert (0.4 < sizes[-1] < 2.5) == (factor == 1)
plt.xlabel("layer")
plt.ylabel("size of the signal")
plt.legend(fontsize=8);

# %% [markdown]
# `EqualisedDense` draws its weights from $N(0, 1)$ and multiplies by $s = \sqrt{2/m}$ when it uses them (`equalised`).
# If we send the unit vectors through a layer, the outputs are the scaled weights.

# %%
used = {}
for m in (8, 32, 128, 512, 2048):
    layer = nn.EqualisedDense(m, 64, rng=np.random.default_rng(m)).astype(np.float64)
    used[m] = layer(tg.Tensor(np.eye(m))).numpy().std()
    assert np.isclose(used[m], np.sqrt(2 / m), rtol=0.1)
plt.figure(figsize=(4.4, 2.5))
plt.loglog(used.keys(), used.values(), "o", color=FAKE, label="as used")
plt.loglog(used.keys(), [np.sqrt(2 / m) for m in used], color="black", linewidth=0.8, label=r"$\sqrt{2/m}$")
plt.axhline(1, color=DATA, linestyle=":", label="as stored")
plt.xlabel("fan-in $m$")
plt.ylabel("deviation of the weights")
plt.legend(fontsize=8);

# %% [markdown]
# Why do we not draw the weights with this small size? Take one step of Adam with the learning rate .002, in layers of
# different fan-in: by which **share** of their size do the weights move? **Predict** both lines.

# %%
shares = {"drawn small": [], "equalised": []}
for m in used:
    rng = np.random.default_rng(m)
    for name, layer in (("drawn small", nn.Dense(m, 64, rng=rng, initial=nn.initial.normal(np.sqrt(2 / m)))),
                        ("equalised", nn.EqualisedDense(m, 64, rng=rng))):
        x, before = tg.Tensor(rng.normal(size=(16, m)).astype(np.float32)), layer.weight.numpy().copy()
        gradient = tg.grad(tg.mean(layer(x) ** 2), layer.parameters())
        tg.updates.descend(layer.theta, Adam()(gradient), 0.002)
        shares[name].append(np.abs(layer.weight.numpy() - before).mean() / np.abs(before).mean())
plt.figure(figsize=(4.4, 2.5))
for (name, values), colour in zip(shares.items(), (D_BLUE, FAKE)):
    plt.loglog(used.keys(), values, "o-", color=colour, label=name)
plt.xlabel("fan-in $m$")
plt.ylabel("share moved by one step")
plt.legend(fontsize=8)
assert np.allclose(shares["equalised"], 0.0025, rtol=0.05)
assert shares["drawn small"][-1] > 10 * shares["drawn small"][0]

# %% [markdown]
# ## Pixel normalisation
#
# Pixel normalisation (`pixel-norm`) keeps the direction of a vector and makes its mean square 1. Applied to $z$ it puts
# latents on a sphere. In 100 dimensions they are already close to it, but the midpoint of two latents is not.

# %%
rng = np.random.default_rng(0)
one, two = rng.normal(size=(2, 5000, 100))
norm = nn.PixelNorm()
lengths = {r"$z$": one, r"$(z + z') / 2$": (one + two) / 2, "normalised": norm((one + two) / 2)}
plt.figure(figsize=(5, 2.3))
for (name, v), colour in zip(lengths.items(), (D_BLUE, FAKE, DATA)):
    plt.hist(np.linalg.norm(v, axis=1), np.linspace(5, 13, 81), color=colour, alpha=0.6, label=name)
plt.ylim(0, 900)
plt.xlabel("length")
plt.legend(fontsize=8)
expected = np.sqrt(2) * exp(lgamma(101 / 2) - lgamma(100 / 2))
assert np.isclose(expected, 9.97503, atol=5e-6) and np.isclose(expected / np.sqrt(2), 7.05341, atol=5e-6)
assert np.isclose(np.linalg.norm(one, axis=1).mean(), expected, atol=0.05)
assert np.isclose(np.linalg.norm((one + two) / 2, axis=1).mean(), expected / np.sqrt(2), atol=0.05)
assert np.allclose((norm((one + two) / 2) ** 2).mean(1), 1)

# %% [markdown]
# (The green bar is cut off: all 5000 have the length 10.)
#
# ## AdaIN: a style sets the statistics
#
# Take two very different channels and one style. AdaIN (`adain`) gives both channels the mean and standard deviation of
# the style. **Predict** the histograms on the right.

# %%
rng = np.random.default_rng(0)
layer = nn.AdaIN(2, 3, rng=rng).astype(np.float64)
layer.style.weight.data[:] = 0
layer.style.bias.data[:] = 0.5, 0.5, 1, 1               # y_s and y_b of both channels: deviation .5, mean 1
x = np.concatenate([rng.normal(4, 1, (1, 32, 32, 1)), rng.exponential(1, (1, 32, 32, 1)) - 3], axis=3)
y = layer(tg.Tensor(x), tg.Tensor(np.zeros((1, 3)))).numpy()
figure, axes = plt.subplots(1, 2, figsize=(8, 2.2))
for panel, values, title in zip(axes, (x, y), ("before", "after: mean 1, deviation .5")):
    for channel, colour in enumerate((D_BLUE, FAKE)):
        panel.hist(values[..., channel].ravel(), 60, color=colour, alpha=0.6)
    panel.set(title=title, yticks=[])
assert np.allclose(y.mean((1, 2)), 1) and np.allclose(y.std((1, 2)), 0.5)
again = layer(tg.Tensor(7 * x + 11), tg.Tensor(np.zeros((1, 3)))).numpy()
assert np.allclose(again, y, atol=1e-6)                 # the old strength and brightness are lost

# %% [markdown]
# ## A small StyleGAN
#
# The data are coloured discs, halved to 8 by 8 pixels, with a known position and hue. The generator has two layers of 4
# by 4 pixels and two of 8 by 8. Half of the training images have two styles (`style-mixing`): the layers after a random
# cut use the second style. The loss is non-saturating, with R1 (see the section on the loss in the lecture).

# %%
def discs(n, rng):
    place, kind = rng.uniform(3.5, 12.5, (n, 2)), np.zeros(n, int)
    return tg.average_pool(draw_shapes(shape_factors(n, rng)._replace(position=place, kind=kind)))


chosen = switches(RECIPES["style"])
print({name: chosen[name] for name in ("objective", "r1", "gp")})
assert chosen["objective"] == "non-saturating" and chosen["r1"] > 0 and chosen["gp"] == 0
game = start("style", discs, 16, {"width": 16}, rate=1.6e-2, r1=0.3)
train(game, 600, record_every=20)
G = game.generator.eval()
G.theta[:] = game.average.theta
drawn = [tg.Tensor(a.astype(np.float32)) for a in game.noise(400, np.random.default_rng(5))]
z, maps = drawn[0], drawn[3:]
with tg.no_grad():
    w = G.mapping(z)


def images(styles, maps=maps, n=200):
    """Images of a style for each layer, with the same noise by default."""
    with tg.no_grad():
        return np.clip(G.synthesis(styles, [m[:n] for m in maps]).numpy(), -1, 1)


figure, axes = plt.subplots(1, 2, figsize=(7, 3.4))
show(axes[0], discs(36, np.random.default_rng(1)), "data")
show(axes[1], images([w[:200]] * 4)[:36], "generated")

# %% [markdown]
# Now we mix styles. In each row, the coarse layers take the style of the image at the left. In each column, the fine
# layers take the style of the image at the top. **Predict:** which of the two determines the position, and which the
# colour?

# %%
# picture: 11-mixing.png
plt.figure(figsize=(4.2, 4.2))
show(plt.gca(), style.mixing_sheet(G, game.noise, np.random.default_rng(0), n=6, cut=2), columns=7)

# %% [markdown]
# We can measure position and colour, so we do not depend on our eyes. With coarse styles from $A$, fine styles from
# $B$, and 200 pairs: how strongly do position and colour of the mixture follow $A$, and $B$ (correlations)?

# %%
a, b = w[:200], w[200:]
measured = [measure_shapes(tg.upsample(images(styles))) for styles in ([a] * 4, [b] * 4, [a, a, b, b])]


def follows(field, parent):
    p, q = (getattr(measured[i], field) for i in (2, parent))
    return np.mean([np.corrcoef(p[:, k], q[:, k])[0, 1] for k in range(p.shape[1])])


table = {(field, name): follows(field, parent) for field in ("position", "colour")
         for parent, name in enumerate("AB")}
plt.figure(figsize=(4.4, 2.3))
for i, (name, colour) in enumerate(zip("AB", (D_BLUE, FAKE))):
    plt.bar(np.arange(2) + 0.4 * i, [table["position", name], table["colour", name]], 0.38, color=colour,
            label=f"follows {name} ({'coarse' if name == 'A' else 'fine'})")
plt.xticks([0.2, 1.2], ["place", "colour"])
plt.ylabel("correlation")
plt.legend(fontsize=8)
assert table["colour", "B"] > 0.8 > 0.3 > abs(table["colour", "A"])

# %% [markdown]
# The colour followed the fine styles in all of our runs. The position is less certain: in some short runs the layers at
# 8 by 8 also determine the position. (`tinygan train style` trains on 16 by 16 pixels, and longer.)
#
# ## Truncation
#
# All styles move towards the mean style, $\bar w + \psi (w - \bar w)$ (`truncation`). **Predict** the first picture,
# and the change of the colours.

# %%
psis = (0, 0.3, 0.6, 1, 1.5)
figure, axes = plt.subplots(1, 5, figsize=(9, 2.2))
spread = {}
for panel, psi in zip(axes, psis):
    with tg.no_grad():
        short = G.truncated(z, psi)
    spread[psi] = short.numpy().std(0)
    show(panel, images([short[:200]] * 4)[:16], rf"$\psi = {psi}$")
    assert np.allclose(spread[psi], psi * w.numpy().std(0), atol=1e-5)     # distances times psi exactly

# %% [markdown]
# At $\psi = 0$ all images are the same, up to the noise. To see the effect of the noise (`noise-input`), we draw the
# same style sixteen times, with different noise maps; next to it is the standard deviation of each pixel.

# %%
fresh = [tg.Tensor(a.astype(np.float32)) for a in game.noise(200, np.random.default_rng(9))[3:]]
same = images([w[:1].reshape((1, -1)) * np.ones((200, 1), np.float32)] * 4, fresh)
figure, axes = plt.subplots(1, 3, figsize=(8, 2.5), width_ratios=(1, 1.2, 1.2))
show(axes[0], same[:16], "one style, other noise")
by_noise, by_style = same.std(0).mean(-1), images([w[:200]] * 4).std(0).mean(-1)
for panel, deviation, title in zip(axes[1:], (by_noise, by_style), ("deviation by noise", "by style")):
    shown = panel.imshow(deviation, cmap="magma", vmin=0, vmax=by_style.max())
    panel.set_title(title, fontsize=10)
    panel.axis("off")
figure.colorbar(shown, ax=axes[2])
gains = [np.abs(layer.noise.gain.numpy()).mean().round(3).item() for layer in G.layers]
print("mean size of the gains, layer by layer:", gains)
assert by_noise.mean() < 0.5 * by_style.mean()

# %% [markdown]
# Noise has little effect here: a disc on black has no random details. The important properties come from the styles.
#
# **Change:** train with `{"width": 16, "mixing": 0}` and look at the correlations again; cut at 1 or at 3 in the mixing
# sheet; train the same players with `objective="two-sample", r1=0, gp=10`, a Wasserstein critic. No other change is
# needed.
