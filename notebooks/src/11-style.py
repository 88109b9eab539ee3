# %% [markdown]
# # 11 Growing and style: a notebook to step through
#
# It follows [lecture 11](../lectures/11-style.md). Images here are 8 or 16 pixels wide, so that everything can be shown
# and trained in seconds. In each part, **predict** (write your answer in place of `None`), **run** the next cell and
# open its output, then **change** the value that the text names.

# %%
from math import exp, lgamma

import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan import data, nn
from tinygan.data.shapes import draw_shapes, measure_shapes, shape_factors
from tinygan.game import latent, train
from tinygan.notebook import D_BLUE, DATA, FAKE, check, compare, mark, show_images, slider, style
from tinygan.updates import Adam, Average
from tinygan.zoo import RECIPES, progressive
from tinygan.zoo import style as styles_of
from tinygan.zoo.recipe import game_settings
from tinygan.zoo.settings import switches

style()

# %% [markdown]
# ## Halving and doubling images
#
# A shape of 16 by 16 pixels is halved (`average-pool`, $P$), then doubled again (`upsample`, $U$). **Predict** the
# largest change of a pixel if you halve and double the result $U P x$ once more.

# %%
my_change = None                                        # a number

# %%
rng = np.random.default_rng(0)
x = draw_shapes(shape_factors(3, rng)).astype(np.float64)
half = tg.average_pool(x)
once = tg.upsample(half)
twice = tg.upsample(tg.average_pool(once))

# %% tags=["hide-output"]
compare("largest change of a pixel", my_change, abs(twice - once).max())
_, axes = plt.subplots(1, 3, figsize=(8, 1.6))
for panel, images, title in zip(axes, (x, half, once), ("$x$", "$P x$", "$U P x$")):
    show_images(panel, images, title, 3)
check("P U is the identity, to the last bit", np.array_equal(tg.average_pool(tg.upsample(half)), half))
y = rng.normal(size=x.shape)
check("P and U are adjoint, up to the factor 4",
      np.isclose(np.sum(tg.upsample(half) * y), 4 * np.sum(half * tg.average_pool(y))))

# %% [markdown]
# $U P$ is a projection, so a second application has no effect. **Change** the order: what is the largest change of a
# pixel between `x` and `once`, and where in the picture is it?

# %%
print(abs(twice - once).max())

# %% [markdown]
# ## Fading in a new layer
#
# We take a new generator with random weights in all layers. Its stages are 4, 8 and 16 pixels. Start at 8 pixels and
# fade in the last block: $(1 - \alpha)\,$old$\,+ \alpha\,$new (`fade-in`). **Predict:** does the first picture,
# $\alpha = 0$, depend on the last block? And does a logit of the discriminator, which grows in the same way, jump when
# it grows?

# %%
my_first_picture_depends = None                         # True or False
my_logit_jumps = None

# %%
G, D = progressive.networks((16, 16, 1), 32, np.random.default_rng(3))
growth, z = G.growth, tg.Tensor(np.random.default_rng(1).normal(size=(5, 32)).astype(np.float32))
some = data.load("digits16").x[:64]


def made(stage, alpha=1.0):
    growth.stage, growth.alpha = stage, alpha
    with tg.no_grad():
        return G(z).numpy()


def logits(stage, alpha, images):
    growth.stage, growth.alpha = stage, alpha
    with tg.no_grad():
        return D(tg.Tensor(images.astype(np.float32))).numpy()[:, 0]


# %% tags=["hide-input"]
# Draws the images, and the logits of ten digits, while the last block fades in.
def draw_fading():
    _, axes = plt.subplots(1, 6, figsize=(9, 1.9))
    show_images(axes[0], made(1)[:4] / 2, "stage of 8 by 8")
    for panel, alpha in zip(axes[1:], (0, 0.25, 0.5, 0.75, 1)):
        show_images(panel, made(2, alpha)[:4] / 2, rf"$\alpha = {alpha}$")
    line = np.linspace(0, 1, 21)
    plt.figure(figsize=(4.6, 2.4))
    plt.plot(line, [logits(2, alpha, some)[:10] for alpha in line], color=D_BLUE, linewidth=1)
    plt.plot(np.zeros(10), logits(1, 1, some)[:10], "o", color=FAKE, markersize=4, label="before it grew")
    plt.xlabel(r"$\alpha$")
    plt.ylabel("logits of ten digits")
    plt.legend()


# %% tags=["hide-output"]
compare("the first picture depends on the last block", my_first_picture_depends,
        not np.array_equal(made(2, 0), made(1)))
compare("a logit jumps", my_logit_jumps, not np.array_equal(logits(2, 0, some), logits(1, 1, some)))
print("largest change of a pixel from alpha = 0 to 1:", abs(made(2, 1) - made(1)).max().round(2))
draw_fading()
check("at alpha = 0 the images are those of the stage before, bit for bit", np.array_equal(made(2, 0), made(1)))
check("and so are the logits", np.array_equal(logits(2, 0, some), logits(1, 1, some)))

# %% [markdown]
# Each curve begins at its dot: there is no jump. **Change** $\alpha$ with the slider.

# %%
def draw_at(alpha=0.5):
    show_images(plt.figure(figsize=(3, 1.2)).gca(), made(2, alpha) / 2, rf"$\alpha = {alpha}$", 5)


slider(draw_at, alpha=(0.0, 1.0, 0.05))

# %% [markdown]
# `Growth.at` sets the length of each stage. It spreads the stages over a part of the run: .15 of it in the recipe, but
# half of it here, so that the stages are visible. **Change** that part, `progressive.GROWN`.

# %%
progressive.GROWN = 0.5

# %% tags=["hide-input"]
# Draws the size of the images and alpha during a run.
share, stages = np.linspace(0, 1, 400), []
for s in share:
    growth.at(s)
    stages.append((4 << growth.stage, growth.alpha))
sides, alpha = np.array(stages).T
_, axes = plt.subplots(2, 1, figsize=(5, 2.4), sharex=True)
axes[0].step(share, sides, color=FAKE, where="post")
axes[0].set(ylabel="pixels", yticks=[4, 8, 16])
axes[1].plot(share, alpha, color=D_BLUE)
axes[1].set(ylabel=r"$\alpha$", xlabel="share of the run");

# %% [markdown]
# ## Training a growing GAN
#
# This is a short run on digits: 360 steps of 32 images. We record the images of the same latents during training. The
# run is too short for good digits (`tinygan train progressive` takes eight times as long), but long enough to see
# patches become strokes. **Predict** how many different 4 by 4 images are hidden in the 16 by 16 pixels of step 45: how
# wide is a block of equal pixels?

# %%
my_block = None                                         # pixels

# %%
def start(recipe, draw, size, players, **changes):
    """The game of a recipe with other images, smaller players, and latents of `size` numbers."""
    recipe, rng = RECIPES[recipe], np.random.default_rng(0)
    shape = draw(1, np.random.default_rng(1)).shape[1:]
    nets = recipe.networks(shape, size, rng, **players)
    return recipe.make_game(*nets, draw, latent(size), rng, batch=32, average=Average(0.99),
                            optimiser_d=Adam(*recipe.betas), optimiser_g=Adam(*recipe.betas),
                            **game_settings({**recipe.game, **changes}))


game, photographs = start("progressive", data.sampler(data.load("digits16").x), 64, {"width": 24}, rate=6e-3), []
z = tg.Tensor(game.noise(8, np.random.default_rng(4)))


def photograph(game):
    if game.step in (45, 68, 134, 158, 181, 360):
        growth = game.generator.growth
        with tg.no_grad():
            photographs.append((game.step, 4 << growth.stage, growth.alpha, game.generator(z).numpy()))


train(game, 360, [photograph], record_every=20);

# %% tags=["hide-output"]
# picture: 11-growing.png
first, last = photographs[0][3], photographs[-1][3]
width = next(w for w in range(1, 17) if not np.allclose(first[:, :, w], first[:, :, 0], atol=1e-6))
compare("width of a block of equal pixels at step 45", my_block, width)
_, axes = plt.subplots(1, 6, figsize=(9, 3.4))
for panel, (step, side, alpha, images) in zip(axes, photographs):
    fading = rf", $\alpha$ = {alpha:.2f}" if alpha < 1 else ""
    show_images(panel, images, f"step {step}\n{side} by {side}{fading}", 2)
blocks = tg.upsample(tg.upsample(tg.average_pool(tg.average_pool(first))))
check("at step 45 the images are blocks of 4 by 4 pixels", np.allclose(blocks, first, atol=1e-6))
check("at the end they are not even blocks of 2 by 2",
      not np.allclose(tg.upsample(tg.average_pool(last)), last, atol=0.1))

# %% [markdown]
# **Change** `progressive.GROWN` above to 0.9 and train again: what is missing in the last picture?
#
# ## The scale of initial weights
#
# Take twenty layers with ReLUs, $m = 256$ inputs each, and random weights of standard deviation $s$. **Predict** the
# factor $f$ in $s = f \sqrt{2/m}$ for which the size of the signal stays constant.

# %%
my_factor = None                                        # a number

# %%
def signal(factor, depth=20, m=256):
    """The standard deviation of the signal after each layer."""
    rng = np.random.default_rng(0)
    y, sizes = rng.normal(size=(400, m)), []
    for _ in range(depth):
        y = np.maximum(y, 0) @ rng.normal(0, factor * np.sqrt(2 / m), (m, m))
        sizes.append(y.std())
    return sizes


# %% tags=["hide-input"]
# Draws the size of the signal, layer by layer.
def draw_signal(factor=1.0):
    plt.figure(figsize=(5, 2.5))
    for f, line in ((0.8, "--"), (factor, "-"), (1.25, ":")):
        plt.semilogy(range(1, 21), signal(f), line, color=D_BLUE, label=rf"$f = {f:.2f}$")
    plt.ylim(1e-3, 1e3)
    plt.xlabel("layer")
    plt.ylabel("size of the signal")
    plt.legend()


# %% tags=["hide-output"]
compare("the factor", my_factor, 1)
draw_signal()
check("with the factor 1 the signal stays within a factor of 2.5", 0.4 < signal(1.0)[-1] < 2.5, signal(1.0)[-1])
check("with 0.8 it falls below, with 1.25 it grows above", signal(0.8)[-1] < 0.4 and signal(1.25)[-1] > 2.5)

# %% [markdown]
# **Change** the factor with the slider. How exact must it be for twenty layers?

# %%
slider(draw_signal, factor=(0.8, 1.25, 0.05))

# %% [markdown]
# `EqualisedDense` draws its weights from $N(0, 1)$ and multiplies by $s = \sqrt{2/m}$ when it uses them (`equalised`).
# Why do we not draw the weights with this small size? Take one step of Adam with the learning rate .002, in layers of
# different fan-in $m$: by which **share** of their size do the weights move? **Predict** the ratio of the shares at
# $m = 2048$ and $m = 8$, for weights that are drawn small, and for equalised ones.

# %%
my_ratio_drawn_small = None                             # a number
my_ratio_equalised = None

# %%
FAN_IN = (8, 32, 128, 512, 2048)


def share_moved(layer, m, rng, rate=0.002):
    """The mean move of a weight by one step of Adam, over the mean size of a weight."""
    x, before = tg.Tensor(rng.normal(size=(16, m)).astype(np.float32)), layer.weight.numpy().copy()
    gradient = tg.grad(tg.mean(layer(x) ** 2), layer.parameters())
    tg.updates.descend(layer.theta, Adam()(gradient), rate)
    return np.abs(layer.weight.numpy() - before).mean() / np.abs(before).mean()


def used(m):
    """The deviation of the weights as an equalised layer uses them: what unit vectors become."""
    layer = nn.EqualisedDense(m, 64, rng=np.random.default_rng(m)).astype(np.float64)
    return layer(tg.Tensor(np.eye(m))).numpy().std()


# %% tags=["hide-input"]
# Draws the deviation of the weights as used, and the share that one step moves, against the fan-in.
def draw_equalised(shares):
    _, (left, right) = plt.subplots(1, 2, figsize=(8.4, 2.5))
    left.loglog(FAN_IN, [used(m) for m in FAN_IN], "o", color=FAKE, label="as used")
    left.loglog(FAN_IN, [np.sqrt(2 / m) for m in FAN_IN], color="black", linewidth=0.8, label=r"$\sqrt{2/m}$")
    left.axhline(1, color=DATA, linestyle=":", label="as stored")
    left.set(xlabel="fan-in $m$", ylabel="deviation of the weights")
    for (name, values), colour in zip(shares.items(), (D_BLUE, FAKE)):
        right.loglog(FAN_IN, values, "o-", color=colour, label=name)
    right.set(xlabel="fan-in $m$", ylabel="share moved by one step")
    left.legend()
    right.legend()


# %% tags=["hide-output"]
shares = {"drawn small": [], "equalised": []}
for m in FAN_IN:
    rng = np.random.default_rng(m)
    for name, layer in (("drawn small", nn.Dense(m, 64, rng=rng, initial=nn.initial.normal(np.sqrt(2 / m)))),
                        ("equalised", nn.EqualisedDense(m, 64, rng=rng))):
        shares[name].append(share_moved(layer, m, rng))
small, equal = (values[-1] / values[0] for values in shares.values())
compare("ratio of the shares, drawn small", my_ratio_drawn_small, small)
compare("ratio of the shares, equalised", my_ratio_equalised, equal)
draw_equalised(shares)
check("the weights as used have the deviation sqrt(2 / m), within 10 %",
      all(np.isclose(used(m), np.sqrt(2 / m), rtol=0.1) for m in FAN_IN))
check("equalised weights move by .002 / .8 = .0025 of their size, whatever the fan-in, within 5 %",
      np.allclose(shares["equalised"], 0.0025, rtol=0.05), shares["equalised"])
check("weights that are drawn small move by more than ten times as much at m = 2048", small > 10, small)

# %% [markdown]
# **Change** `Adam()` in `share_moved` to plain descent, that is `lambda gradient: gradient`: does the equalised layer
# still move by the same share for every fan-in?
#
# ## Pixel normalisation
#
# Pixel normalisation (`pixel-norm`) keeps the direction of a vector and makes its mean square 1. Applied to $z$ it puts
# latents on a sphere. In 100 dimensions they are already close to it: their mean length is 9.98. **Predict** the mean
# length of the midpoint of two latents, before and after the normalisation.

# %%
my_length_of_a_midpoint = None                          # a number
my_length_after = None

# %%
rng = np.random.default_rng(0)
one, two = rng.normal(size=(2, 5000, 100))
norm = nn.PixelNorm()
lengths = {r"$z$": one, r"$(z + z') / 2$": (one + two) / 2, "normalised": norm((one + two) / 2)}

# %% tags=["hide-input"]
# Draws the lengths as histograms.
def draw_lengths():
    plt.figure(figsize=(5, 2.3))
    for (name, v), colour in zip(lengths.items(), (D_BLUE, FAKE, DATA)):
        plt.hist(np.linalg.norm(v, axis=1), np.linspace(5, 13, 81), color=colour, alpha=0.6, label=name)
    mark(plt, x=my_length_of_a_midpoint)
    plt.ylim(0, 900)
    plt.xlabel("length")
    plt.legend()


# %% tags=["hide-output"]
of_z, of_midpoint, after = (np.linalg.norm(v, axis=1).mean() for v in lengths.values())
compare("length of a midpoint", my_length_of_a_midpoint, of_midpoint)
compare("after the normalisation", my_length_after, after)
draw_lengths()
expected = np.sqrt(2) * exp(lgamma(101 / 2) - lgamma(100 / 2))
check("the mean length of z is 9.975 by the formula, and within 0.05 of it here",
      np.isclose(expected, 9.97503, atol=5e-6) and abs(of_z - expected) < 0.05, of_z)
check("that of a midpoint is 9.975 / sqrt(2) = 7.053", abs(of_midpoint - expected / np.sqrt(2)) < 0.05, of_midpoint)
check("after the normalisation all lengths are 10", np.allclose((lengths["normalised"] ** 2).mean(1), 1))

# %% [markdown]
# (The green bar is cut off: all 5000 have the length 10.) **Change** the number of dimensions, 100, to 2: is a latent
# still close to the sphere?
#
# ## AdaIN: a style sets the statistics
#
# Take two very different channels and one style. AdaIN (`adain`) gives both channels the mean and standard deviation of
# the style, here 1 and .5. **Predict** the largest change of the result if the input is made 7 times as strong and 11
# brighter.

# %%
my_change = None                                        # a number

# %%
rng = np.random.default_rng(0)
layer = nn.AdaIN(2, 3, rng=rng).astype(np.float64)
layer.style.weight.data[:] = 0
layer.style.bias.data[:] = 0.5, 0.5, 1, 1               # y_s and y_b of both channels: deviation .5, mean 1
x = np.concatenate([rng.normal(4, 1, (1, 32, 32, 1)), rng.exponential(1, (1, 32, 32, 1)) - 3], axis=3)


def styled(x):
    return layer(tg.Tensor(x), tg.Tensor(np.zeros((1, 3)))).numpy()


# %% tags=["hide-input"]
# Draws both channels as histograms, before and after.
def draw_channels(x, y):
    _, axes = plt.subplots(1, 2, figsize=(8, 2.2))
    for panel, values, title in zip(axes, (x, y), ("before", "after")):
        for channel, colour in enumerate((D_BLUE, FAKE)):
            panel.hist(values[..., channel].ravel(), 60, color=colour, alpha=0.6)
        panel.set(title=title, yticks=[])


# %% tags=["hide-output"]
y, again = styled(x), styled(7 * x + 11)
compare("largest change", my_change, abs(again - y).max())
draw_channels(x, y)
check("both channels have the mean 1 and the deviation .5",
      np.allclose(y.mean((1, 2)), 1) and np.allclose(y.std((1, 2)), 0.5))
check("the old strength and brightness are lost", np.allclose(again, y, atol=1e-6))

# %% [markdown]
# **Change** the four numbers of `layer.style.bias` and predict the histograms first.
#
# ## A small StyleGAN
#
# The data are coloured discs, halved to 8 by 8 pixels, with a known position and hue. The generator has two layers of 4
# by 4 pixels and two of 8 by 8. Half of the training images have two styles (`style-mixing`): the layers after a random
# cut use the second style. The loss is non-saturating, with R1 (see the section on the loss in the lecture).

# %%
def discs(n, rng):
    place, kind = rng.uniform(3.5, 12.5, (n, 2)), np.zeros(n, int)
    return tg.average_pool(draw_shapes(shape_factors(n, rng)._replace(position=place, kind=kind)))


def trained(steps=600, mixing=0.5, **changes):
    """A generator of discs, with the average of its weights."""
    game = start("style", discs, 16, {"width": 16, "mixing": mixing}, rate=1.6e-2, **{"r1": 0.3, **changes})
    train(game, steps, record_every=20)
    G = game.generator.eval()
    G.theta[:] = game.average.theta
    return G, game


chosen = switches(RECIPES["style"])
print({name: chosen[name] for name in ("objective", "r1", "gp")})
check("the recipe is non-saturating, with R1 and without a gradient penalty",
      chosen["objective"] == "non-saturating" and chosen["r1"] > 0 and chosen["gp"] == 0)
G, game = trained()
drawn = [tg.Tensor(a.astype(np.float32)) for a in game.noise(400, np.random.default_rng(5))]
z, maps = drawn[0], drawn[3:]
with tg.no_grad():
    w = G.mapping(z)


def images(styles, maps=maps, n=200):
    """Images of a style for each layer, with the same noise by default."""
    with tg.no_grad():
        return np.clip(G.synthesis(styles, [m[:n] for m in maps]).numpy(), -1, 1)


_, axes = plt.subplots(1, 2, figsize=(7, 3.4))
show_images(axes[0], discs(36, np.random.default_rng(1)), "data")
show_images(axes[1], images([w[:200]] * 4)[:36], "generated")

# %% [markdown]
# Now we mix styles. In each row, the coarse layers take the style of the image at the left. In each column, the fine
# layers take the style of the image at the top. **Predict** which of the two the colour follows.

# %%
my_colour_follows = None                                # "coarse" or "fine"

# %%
def follows(field, parent, a, b, cut=2):
    """The correlation of a mixture (coarse styles of a, fine ones of b) with its parent a (0) or b (1)."""
    mixture, one = ([a] * cut + [b] * (4 - cut)), [[a] * 4, [b] * 4][parent]
    p, q = (getattr(measure_shapes(tg.upsample(images(styles))), field) for styles in (mixture, one))
    return np.mean([np.corrcoef(p[:, k], q[:, k])[0, 1] for k in range(p.shape[1])])


# %% tags=["hide-input"]
# Draws how strongly position and colour follow each parent.
def draw_follows(table):
    plt.figure(figsize=(4.4, 2.3))
    for i, (name, colour) in enumerate(zip("AB", (D_BLUE, FAKE))):
        plt.bar(np.arange(2) + 0.4 * i, [table["position", i], table["colour", i]], 0.38, color=colour,
                label=f"follows {name} ({'fine' if i else 'coarse'})")
    plt.xticks([0.2, 1.2], ["place", "colour"])
    plt.ylabel("correlation")
    plt.legend()


# %% tags=["hide-output"]
# picture: 11-mixing.png
show_images(plt.figure(figsize=(4.2, 4.2)).gca(),
            styles_of.mixing_sheet(G, game.noise, np.random.default_rng(0), n=6, cut=2), columns=7)

# %% [markdown]
# We can measure position and colour, so we do not depend on our eyes. With coarse styles from $A$, fine styles from
# $B$, and 200 pairs: how strongly do position and colour of the mixture follow $A$, and $B$ (correlations)?

# %% tags=["hide-output"]
table = {(field, parent): follows(field, parent, w[:200], w[200:]) for field in ("position", "colour")
         for parent in (0, 1)}
compare("the colour follows", my_colour_follows, "fine" if table["colour", 1] > table["colour", 0] else "coarse")
draw_follows(table)
check("the colour follows the fine styles: correlation above 0.7", table["colour", 1] > 0.7, table["colour", 1])
check("and the coarse ones less: below 0.4", abs(table["colour", 0]) < 0.4, table["colour", 0])

# %% [markdown]
# The colour followed the fine styles in all of our runs. The position is less certain: in some short runs the layers at
# 8 by 8 also determine the position. (`tinygan train style` trains on 16 by 16 pixels, and longer.) **Change** the cut
# to 1 or 3.

# %%
print(follows("colour", 1, w[:200], w[200:], cut=2))

# %% [markdown]
# ## Truncation
#
# All styles move towards the mean style, $\bar w + \psi (w - \bar w)$ (`truncation`). **Predict** the deviation of the
# styles at $\psi = 0.3$, as a share of that at $\psi = 1$.

# %%
my_share = None                                         # a number

# %%
def truncated(psi):
    with tg.no_grad():
        return G.truncated(z, psi)


# %% tags=["hide-output"]
deviation = {psi: truncated(psi).numpy().std(0) for psi in (0, 0.3, 0.6, 1, 1.5)}
compare("deviation at psi = 0.3 / at 1", my_share, deviation[0.3].mean() / deviation[1].mean())
_, axes = plt.subplots(1, 5, figsize=(9, 2.2))
for panel, psi in zip(axes, deviation):
    show_images(panel, images([truncated(psi)[:200]] * 4)[:16], rf"$\psi = {psi}$")
check("the deviation is psi times that of the styles",
      all(np.allclose(d, psi * w.numpy().std(0), atol=1e-5) for psi, d in deviation.items()))

# %% [markdown]
# **Change** $\psi$ with the slider, also beyond 1.

# %%
def draw_truncated(psi=0.7):
    show_images(plt.figure(figsize=(2.4, 2.4)).gca(), images([truncated(psi)[:200]] * 4)[:16], rf"$\psi = {psi}$")


slider(draw_truncated, psi=(-1.0, 2.0, 0.1))

# %% [markdown]
# At $\psi = 0$ all images are the same, up to the noise. To see the effect of the noise (`noise-input`), we draw the
# same style sixteen times, with different noise maps; next to it is the standard deviation of each pixel. **Predict**
# the mean deviation by noise, as a share of that by style.

# %%
my_share = None                                         # a number

# %% tags=["hide-input"]
# Draws images of one style, and the deviation of each pixel by noise and by style.
def draw_noise(same, by_noise, by_style):
    figure, axes = plt.subplots(1, 3, figsize=(8, 2.5), width_ratios=(1, 1.2, 1.2))
    show_images(axes[0], same[:16], "one style, other noise")
    for panel, deviation, title in zip(axes[1:], (by_noise, by_style), ("deviation by noise", "by style")):
        shown = panel.imshow(deviation, cmap="magma", vmin=0, vmax=by_style.max())
        panel.set_title(title)
        panel.axis("off")
    figure.colorbar(shown, ax=axes[2])


# %% tags=["hide-output"]
fresh = [tg.Tensor(a.astype(np.float32)) for a in game.noise(200, np.random.default_rng(9))[3:]]
same = images([w[:1].reshape((1, -1)) * np.ones((200, 1), np.float32)] * 4, fresh)
by_noise, by_style = same.std(0).mean(-1), images([w[:200]] * 4).std(0).mean(-1)
compare("deviation by noise / by style", my_share, by_noise.mean() / by_style.mean())
draw_noise(same, by_noise, by_style)
gains = [np.abs(layer.noise.gain.numpy()).mean().round(3).item() for layer in G.layers]
print("mean size of the gains, layer by layer:", gains)
check("noise has less than half of the effect of styles", by_noise.mean() < 0.5 * by_style.mean())

# %% [markdown]
# Noise has little effect here: a disc on black has no random details. The important properties come from the styles.
#
# **Change** the training: 600 steps with `mixing=0`, and look at the correlations again; or a Wasserstein critic with
# the same players, `objective="two-sample", r1=0, gp=10`. No other change is needed.

# %%
G, game = trained(steps=30, mixing=0.5)
with tg.no_grad():
    w = G.mapping(z)
print("the colour follows the fine styles:", follows("colour", 1, w[:200], w[200:]))

# %% [markdown]
# Next: lecture 12, measuring.
