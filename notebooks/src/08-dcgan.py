# %% [markdown]
# # 08 DCGAN: a notebook to step through
#
# It follows [lecture 08](../lectures/08-dcgan.md). We train small players on digits with 16 x 16 pixels in seconds,
# look at their layers, and interpolate between latents. Each part has the same form:
#
# - **predict**: write your answer in place of `None`;
# - **run** the next cells and open the output, which compares the result with your answer;
# - **change** the value that the text names.

# %%
from math import exp, lgamma

import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan import latent, nn, objectives
from tinygan.game import Game, train
from tinygan.notebook import D_BLUE, DATA, FAKE, check, compare, mark, show_images, slider, style
from tinygan.runs import generate
from tinygan.toys.fields import dirac
from tinygan.updates import Adam, ascend
from tinygan.zoo import dcgan
from tinygan.zoo.sources import evaluator_of

style()
digits = tg.data.load("digits16").x
labels = tg.data.load("digits16").labels
print("digits:", digits.shape, "from", digits.min(), "to", digits.max())
check("the data lie in [-1, 1], the range of tanh at G's output", digits.min() == -1 and digits.max() <= 1)

# %% [markdown]
# ## The players
#
# These are the players of the lecture, for 28 x 28 pixels. $G$ begins with a dense layer; two transposed convolutions
# (`conv-transpose`) follow. **Predict** the height of its images behind these three layers, and the share of its
# weights that are in the dense layer.

# %%
my_heights = None                                              # three numbers: [behind the dense layer, ..., 28]
my_share = None                                                # between 0 and 1

# %%
def shapes(player, x):
    """The shape of one example before each layer, and after the last."""
    found = [x.shape[1:]]
    for layer in player.layers:
        x = layer(x)
        found.append(x.shape[1:])
    return found


def new_players(side=28, width=32):
    """Both players, and the shapes along each of them."""
    G, D = dcgan.networks((side, side, 1), 64, np.random.default_rng(0), width=width)
    z, x = np.zeros((2, 64), np.float32), np.zeros((2, side, side, 1), np.float32)
    return G, D, shapes(G, tg.Tensor(z)), shapes(D, tg.Tensor(x))


# %% tags=["hide-input"]
# Draws the players: the height of a box is that of its images, its thickness is the number of channels.
def draw_row(panel, stages, arrows, colour, title):
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


def draw_players(of_g, of_d):
    _, (top, bottom) = plt.subplots(2, 1, figsize=(8.4, 4.8))
    draw_row(top, [of_g[i] for i in (0, 2, 5, 8)],
             ["dense", "transposed\n4 x 4, stride 2", "transposed\n4 x 4, stride 2"], FAKE,
             "G: from a latent to an image")
    draw_row(bottom, [of_d[i] for i in (0, 1, 3, 7)], ["4 x 4, stride 2", "4 x 4, stride 2", "dense"], D_BLUE,
             "D: from an image to a logit")


# %% tags=["hide-output"]
# picture: 08-players.png
G, D, of_g, of_d = new_players()
heights, share = [of_g[i][0] for i in (2, 5, 8)], G.layers[0].weight.size / G.theta.size
compare("heights", my_heights, heights)
compare("share of the dense layer", my_share, share)
draw_players(of_g, of_d)
check("the heights of G's images are 7, 14, 28", heights == [7, 14, 28])
check("D has 14 x 14 pixels in 32 channels, then 7 x 7 in 64",
      [of_d[i] for i in (1, 3)] == [(14, 14, 32), (7, 7, 64)])
check("G has 234,177 weights and D 36,577", [player.theta.size for player in (G, D)] == [234177, 36577])

# %% [markdown]
# **Change** 28 to 56: by which factor does the number of weights grow in $G$'s dense layer, and in the others?

# %%
G, *_ = new_players(side=28)
print("dense layer:", G.layers[0].weight.size, "others:", G.theta.size - G.layers[0].weight.size)

# %% [markdown]
# ## Initial values
#
# A new discriminator sees real digits, whose root mean square is near 1. All weights are drawn from $N(0, 0.02^2)$, and
# there is no batch norm. **Predict** the root mean square of the logit; and, if batch norm is added behind the
# second convolution, the root mean square there.

# %%
my_logit = None
my_normalised = None

# %%
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


def refilled(D, slope=0.2):
    """The same discriminator with He's initial values (`he`) in place of N(0, .02): drawn numbers are rescaled."""
    for p in D.parameters():
        if p.ndim > 1:
            terms = int(np.prod(p.shape[:-1]))
            p.data *= nn.initial.he(np.random.default_rng(0), (10000,), terms, 0, slope).std() / 0.02
    return D


def over_seeds(make, seeds=10):
    """Roots of the mean squares, over several draws of the weights."""
    return np.sqrt(np.mean([sizes(make(seed), digits[:200]) for seed in range(seeds)], axis=0))


# %% tags=["hide-input"]
# Draws the size of the signal along D for several discriminators, and for weights of a standard deviation.
def draw_signals(curves):
    plt.figure(figsize=(6, 2.8))
    for label, (curve, colour) in curves.items():
        plt.semilogy([0, 1, 2, 3] if len(curve) == 4 else [0, 1, 2, 2, 3], curve, "o-", color=colour, label=label)
    plt.xticks([0, 1, 2, 3], ["image", "first\nconvolution", "second\nconvolution", "logit"])
    plt.ylabel("root mean square")
    plt.ylim(1e-3, 30)
    plt.legend()


def draw_signal(sd=0.1):
    D = fresh(False)
    for p in D.parameters():
        if p.ndim > 1:
            p.data *= sd / 0.02
    draw_signals({f"standard deviation {sd:.2f}": (np.sqrt(sizes(D, digits[:50])), FAKE)})


# %% tags=["hide-output"]
plain = over_seeds(lambda seed: fresh(False, seed))
with_norm = over_seeds(lambda seed: fresh(True, seed))
with_he = over_seeds(lambda seed: refilled(fresh(False, seed)))
compare("logit", my_logit, plain[-1])
compare("behind batch norm", my_normalised, with_norm[3])
draw_signals({"0.02, no batch norm": (plain, FAKE), "0.02, batch norm": (with_norm, D_BLUE),
              "He's, no batch norm": (with_he, DATA)})
mark(plt.gca(), y=my_logit)
check("without batch norm the logit is below 0.01", plain[-1] < 0.01, plain[-1])
check("with He's values the logit lies between 0.3 and 3", 0.3 < with_he[-1] < 3, with_he[-1])
check("behind batch norm the root mean square is 1", abs(with_norm[3] - 1) < 0.1, with_norm[3])

# %% [markdown]
# The jump in the blue curve is the batch norm. With He's values the signal keeps its size without one.
#
# **Change** the standard deviation of all weights. Is there a value that keeps the signal at 1 in every layer? (`he`)
# depends on the number of terms in a sum: 16, 256, 512.

# %%
slider(draw_signal, sd=(0.02, 0.4, 0.02))

# %% [markdown]
# ## Training
#
# We use the library's recipe with small players: 500 steps, Adam with $\beta_1 = 0$, a learning rate that falls to 0.
# Then a classifier that knows digits counts the classes among 1,000 samples; in the data each is near 100. **Predict**
# the largest and the smallest of the ten numbers. Does $G$ make every digit? (About ten seconds.)

# %%
my_largest = None
my_smallest = None

# %% tags=["hide-output"]
noise = tg.game.latent(64)
rng = np.random.default_rng(0)
G, D = dcgan.networks((16, 16, 1), 64, rng, width=16)
game = Game(G, D, tg.data.sampler(digits), noise, rng, batch=32, rate=4e-3, decay=True,
            optimiser_d=Adam(0.0, 0.99), optimiser_g=Adam(0.0, 0.99))
same, film = noise(16, np.random.default_rng(1)), {}
for step in (0, 25, 50, 100, 200, 500):
    if step:
        train(game, step, record_every=25)
    film[step] = generate(G, same)

evaluator = evaluator_of("digits16")


def count(images):
    """How many images the classifier takes for a 0, a 1, ..."""
    return np.bincount(evaluator.classify(images), minlength=10)


counts = count(generate(G, noise(1000, rng)))
print("digits 0 to 9 among 1,000 samples:", *counts)
compare("largest", my_largest, counts.max())
compare("smallest", my_smallest, counts.min())
check("at least 8 of the 10 digits appear more than 20 times", (counts > 20).sum() >= 8, found=counts)

# %% [markdown]
# Every digit appears, or nearly every one, but not equally often: $D$ judges single images, and says little about how
# often one appears.
#
# The sheets show the same 16 latents during the training. **Change** the step in the second cell: when can you first
# read a digit? How many of the 16 are the same digit at step 100 and at step 500?

# %% tags=["hide-input"]
# Shows the sheets of the training.
_, panels = plt.subplots(1, 6, figsize=(11, 2.1))
for panel, (step, images) in zip(panels, film.items()):
    show_images(panel, images, f"step {step}")

# %%
show_images(plt.subplots(figsize=(6, 1.4))[1], film[100], columns=16)

# %% [markdown]
# ## The output of each layer
#
# Here are the 16 kernels of $D$'s first layer, and their outputs for a seven (red is positive, blue negative). Imagine
# a kernel that is negative on its left half and positive on its right. It moves over a white vertical bar on black.
# **Predict:** at which edge of the bar is its output large?

# %%
my_edge = None                                                 # "left" or "right"

# %%
seven = digits[[np.flatnonzero(labels == 7)[3]]]
with tg.no_grad():
    first = D.layers[0](tg.Tensor(seven))
    second = D.layers[2](D.layers[1](first))

kernel = np.ones((4, 4, 1, 1)) * [[[-1]], [[-1]], [[1]], [[1]]]                         # negative left, positive right
bar = np.full((1, 16, 16, 1), -1.0)
bar[:, :, 6:10] = 1
edges = tg.conv2d(tg.Tensor(bar), tg.Tensor(kernel), stride=2, padding=1).numpy()[0, :, :, 0]

# %% tags=["hide-input"]
# Draws arrays (h, w, channels) side by side, and the signal on its way through D and through G.
def draw_maps(axes, maps, columns, title):
    h, w, channels = maps.shape
    page = np.full((-(-channels // columns) * (h + 1), columns * (w + 1)), np.nan)
    for i in range(channels):
        r, c = i // columns * (h + 1), i % columns * (w + 1)
        page[r:r + h, c:c + w] = maps[..., i]
    limit = np.nanmax(abs(page))
    axes.imshow(page, cmap="RdBu_r", vmin=-limit, vmax=limit)
    axes.set_title(title)
    axes.axis("off")


def draw_d(image, first, second):
    _, panels = plt.subplots(1, 4, figsize=(11, 2.7), width_ratios=(1, 1.5, 2, 2.4))
    show_images(panels[0], image, "a digit")
    draw_maps(panels[1], D.layers[0].weight.numpy()[:, :, 0], 4, "16 kernels, 4 x 4")
    draw_maps(panels[2], first.numpy()[0], 4, "16 maps, 8 x 8")
    draw_maps(panels[3], second.numpy()[0], 8, "32 maps, 4 x 4")


def draw_g(i=3):
    stages, image = through_g(same[i:i + 1])
    _, panels = plt.subplots(1, 3, figsize=(10, 2.7), width_ratios=(2.4, 2, 1))
    draw_maps(panels[0], stages[0], 8, "behind the dense layer: 32 maps, 4 x 4")
    draw_maps(panels[1], stages[1], 4, "behind the first transposed convolution: 16 maps, 8 x 8")
    show_images(panels[2], image, "the image")


# %% tags=["hide-output"]
compare("edge", my_edge, "left" if edges[4].argmax() < 3.5 else "right")
print("one row of the output:", *edges[4].round())
draw_d(seven, first, second)

# %% [markdown]
# The output is large where black is on the left and white on the right, at the left edge, and negative at the right
# edge. Each map finds edges of one kind.
#
# Now the generator: one latent on its way through $G$. The dense layer determines the rough layout; the transposed
# convolutions draw it, stroke by stroke. **Change** the latent: which maps are the same for all, which differ?

# %%
def through_g(z):
    """The maps behind each ReLU, and the image."""
    G.eval()
    with tg.no_grad():
        x, stages = tg.Tensor(z), []
        for layer in G.layers:
            x = layer(x)
            if isinstance(layer, nn.ReLU):
                stages.append(x.numpy()[0])
    G.train()
    return stages, x.numpy()


draw_g(i=3)

# %% [markdown]
# ## Batch normalisation in the discriminator
#
# We send 24 fakes into a new $D$ and take $G$'s gradient at the output of the second convolution, where the batch norm
# follows. For each fake we add it up over the positions, in the channel with the largest gradients. Let the share be
# |sum over the fakes| / sum of the absolute values: 1 if all fakes are pushed in the same direction. **Predict** the
# share with batch norm and without it.

# %%
my_share_with = None
my_share_without = None

# %%
def gradients(D, fakes):
    """G's gradient at the output of the second convolution, added up over the positions of each fake."""
    to_norm, from_norm = nn.Sequential(*D.layers[:3]), nn.Sequential(*D.layers[3:])
    u = tg.Tensor(to_norm(tg.Tensor(fakes.astype(np.float64))).numpy(), requires_grad=True)
    [slope] = tg.grad(objectives.g_non_saturating(from_norm(u)), [u])
    by_fake = slope.numpy().sum(axis=(1, 2))
    return by_fake[:, abs(by_fake).sum(0).argmax()]


def common(fakes=24):
    """The gradients at so many fakes, with batch norm and without."""
    x = generate(G, noise(fakes, np.random.default_rng(2)))
    return {name: gradients(fresh(batch_norm).astype(np.float64), x)
            for name, batch_norm in (("with batch norm", True), ("without", False))}


def share_of(at):
    return abs(at.sum()) / abs(at).sum()


# %% tags=["hide-input"]
# Draws a bar for each fake.
def draw_common(found):
    _, panels = plt.subplots(1, 2, figsize=(8, 2.2))
    for panel, (name, at) in zip(panels, found.items()):
        panel.bar(np.arange(len(at)), at, color=FAKE)
        panel.axhline(0, color="black", linewidth=0.8)
        panel.set(xlabel="fake", yticks=[], title=f"{name}: share {share_of(at):.2f}")


# %% tags=["hide-output"]
found = common()
with_norm, without = (share_of(at) for at in found.values())
compare("with batch norm", my_share_with, with_norm)
compare("without", my_share_without, without)
draw_common(found)
check("with batch norm the gradients add up to 0 (below 0.001 of their lengths)", with_norm < 1e-3, with_norm)
check("without it most have the same direction (above 0.5)", without > 0.5, without)

# %% [markdown]
# Without batch norm all fakes get a gradient in the same direction. So they become alike. **Change** the number of
# fakes from 6 to 2: what is the relation of the two bars on the left, and why?

# %%
draw_common(common(fakes=6))

# %% [markdown]
# Now we repeat the experiment of the lecture: three discriminators, one seed, 220 steps with Adam's $\beta_1 =
# \frac12$. The spread is the mean standard deviation of a pixel over 400 samples; for the data it is 0.26. **Predict**
# the spread for each of the three. (About ten seconds.)

# %%
my_spread_norm = None                                          # batch norm, weights from N(0, 0.02^2)
my_spread_plain = None                                         # no batch norm, weights from N(0, 0.02^2)
my_spread_he = None                                            # no batch norm, He's initial values

# %%
def experiment(batch_norm, he, seed=0, steps=220):
    """400 samples at the end of the training."""
    rng = np.random.default_rng(seed)
    G, D = dcgan.networks((16, 16, 1), 64, rng, width=16, batch_norm=batch_norm)
    game = Game(G, refilled(D) if he else D, tg.data.sampler(digits), noise, rng, batch=32, rate=5e-4)
    train(game, steps, record_every=20)
    return generate(G, noise(400, np.random.default_rng(1)))


def spread(images):
    """The mean over the pixels of their standard deviation over the images."""
    return images.std(axis=0).mean()


# %% tags=["hide-input"]
# Draws 64 samples of each version, and the classes of all.
def draw_versions(results):
    _, panels = plt.subplots(2, len(results), figsize=(3 * len(results), 4.6), height_ratios=(3, 1), squeeze=False)
    for (name, images), (top, bottom) in zip(results.items(), panels.T):
        show_images(top, images[:64], name)
        bottom.bar(np.arange(10), count(images) / 4, color=FAKE)
        bottom.set(xticks=np.arange(10), ylim=(0, 100), yticks=[0, 100], xlabel="digit")
    panels[1, 0].set_ylabel("% of 400")


# %% tags=["hide-output"]
# picture: 08-collapse.png
results = {"batch norm, 0.02": experiment(True, False), "no batch norm, 0.02": experiment(False, False),
           "no batch norm, He's": experiment(False, True)}
with_norm, without, with_he = (spread(images) for images in results.values())
compare("batch norm, 0.02", my_spread_norm, with_norm)
compare("no batch norm, 0.02", my_spread_plain, without)
compare("no batch norm, He's", my_spread_he, with_he)
draw_versions(results)
check("without batch norm and with 0.02 the spread is below half of both others",
      without < 0.5 * min(with_norm, with_he), found=(with_norm, without, with_he))

# %% [markdown]
# With $N(0, 0.02^2)$, batch norm makes the difference between digits and one blurred shape. (The classifier may take
# copies of this shape for several digits.) With He's initial values there is no collapse without batch norm. **Change**
# the seed; then give batch norm and He's values together (exercise 6). Does anything collapse?

# %%
draw_versions({"batch norm, 0.02": experiment(batch_norm=True, he=False, seed=1)})

# %% [markdown]
# ## Adam
#
# Adam computes a direction (`adam`) from a noisy gradient around 1, which is 100 times as large from step 60 on.
# **Predict** its direction right after the jump, for $\beta_1 = 0$ and $\beta_2 = 0.9$; then the first direction
# without the bias correction, for $\beta_1 = 0.9$ and $\beta_2 = 0.999$ (both follow from the equation, with $v$ small
# before).

# %%
my_jump = None
my_first = None

# %%
noisy = np.random.default_rng(0).normal(1, 0.5, 120)
noisy[60:] *= 100


def directions(beta1, beta2):
    adam = Adam(beta1, beta2)
    return np.array([adam(np.array([g]))[0] for g in noisy])


def uncorrected(beta1, beta2):
    m = v = 0
    found = []
    for g in noisy:
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        found.append(m / np.sqrt(v))
    return np.array(found)


# %% tags=["hide-input"]
# Draws directions against the step.
def draw_directions(curves, title):
    plt.figure(figsize=(6, 2.4))
    for label, (curve, colour) in curves.items():
        plt.plot(curve, color=colour, label=label)
    plt.axvline(60, color="grey", linestyle=":")
    plt.xlabel("step; the gradient jumps at the dotted line")
    plt.title(title)
    plt.legend()


def draw_adam(beta1=0.9, beta2=0.9):
    draw_directions({"Adam": (directions(beta1, beta2), D_BLUE),
                     "without correction": (uncorrected(beta1, beta2), "grey")},
                    rf"$\beta_1 = {beta1:g}$, $\beta_2 = {beta2:g}$")


# %% tags=["hide-output"]
jump, raw = directions(0.0, 0.9), uncorrected(0.9, 0.999)
compare("direction right after the jump", my_jump, jump[60])
compare("first direction without correction", my_first, raw[0])
draw_directions({r"$\beta_1 = 0.9$": (directions(0.9, 0.9), D_BLUE), r"$\beta_1 = 0$": (jump, FAKE)},
                r"the direction, $\beta_2 = 0.9$")
check("the first direction of Adam is the sign of the gradient", abs(directions(0.9, 0.999)[0] - 1) < 1e-6)
check("right after the jump the direction is near 1 / sqrt(1 - beta2)",
      abs(jump[60] * np.sqrt(0.1) - 1) < 0.01, jump[60])
check("without correction the first direction is 0.1 / sqrt(0.001)", abs(raw[0] - 0.1 / np.sqrt(0.001)) < 1e-9, raw[0])

# %% [markdown]
# **Change** the two memories. Which of them makes the direction overshoot after the jump, and which makes it late?

# %%
slider(draw_adam, beta1=(0.0, 0.9, 0.1), beta2=(0.5, 0.99, 0.01))

# %% [markdown]
# In a game the gradient turns, and a long memory gives an old direction. Here is the Dirac-GAN (`dirac`) with R1, whose
# solution is at the centre. Adam plays it with $\beta_1 = 0.9$, 0.5 and 0. **Predict** which of the three reach it.

# %%
my_arrivals = None                                             # a list of values of beta1

# %%
def dirac_path(beta1, turns=3000, rate=0.01):
    point, field = np.array([1.0, 1.0]), dirac(r1=0.3)         # theta, psi
    adam_g, adam_d, path = Adam(beta1), Adam(beta1), []
    for _ in range(turns):
        ascend(point[1:], adam_d(np.array([field(*point)[1]])), rate)
        ascend(point[:1], adam_g(np.array([field(*point)[0]])), rate)
        path.append(point.copy())
    return np.array(path)


# %% tags=["hide-input"]
# Draws a path in the plane of both players for each beta1.
def draw_paths(paths):
    _, panels = plt.subplots(1, len(paths), figsize=(3 * len(paths), 3), sharex=True, sharey=True, squeeze=False)
    for panel, (beta1, path) in zip(panels[0], paths.items()):
        panel.plot(*path.T, color=D_BLUE, linewidth=0.8)
        panel.plot(*path[-1], "o", color=FAKE)
        panel.plot(0, 0, "k+")
        panel.set(title=rf"$\beta_1 = {beta1}$", xlabel=r"$\theta$, of G", aspect="equal")
    panels[0, 0].set_ylabel(r"$\psi$, of D")


# %% tags=["hide-output"]
paths = {beta1: dirac_path(beta1) for beta1 in (0.9, 0.5, 0.0)}
ends = {beta1: np.hypot(*path[-1]) for beta1, path in paths.items()}
compare("arrive", my_arrivals, [beta1 for beta1, end in ends.items() if end < 0.01])
draw_paths(paths)
check("with 0.9 the path is still further than 0.3 from the solution", ends[0.9] > 0.3, ends[0.9])
check("with 0.5 and 0 it ends within 0.001", max(ends[0.5], ends[0.0]) < 1e-3, max(ends[0.5], ends[0.0]))

# %% [markdown]
# **Change** $\beta_1$: find the largest value, to one decimal, that arrives.

# %%
draw_paths({beta1: dirac_path(beta1) for beta1 in [0.7]})

# %% [markdown]
# ## The norms of latents
#
# The norms of 20,000 latents from $N(0, I)$ are drawn for 2, 20 and 200 dimensions. **Predict** the mean norm in each,
# and the standard deviation of the norm in 200 dimensions.

# %%
my_means = None                                                # three numbers
my_width = None

# %%
def norms(draw, d):
    """The norms of 20,000 latents, and of the points halfway between two of them."""
    a, b = draw((20000, d)), draw((20000, d))
    return np.linalg.norm(a, axis=1), np.linalg.norm((a + b) / 2, axis=1)


def shell(d):
    """The exact mean norm of N(0, I)."""
    return np.sqrt(2) * exp(lgamma((d + 1) / 2) - lgamma(d / 2))


# %% tags=["hide-input"]
# Draws the distributions of both norms.
def draw_norms(found):
    plt.figure(figsize=(7, 2.4))
    for (d, (whole, halfway)), colour in zip(found.items(), ("#9ecae1", "#4292c6", "#08519c")):
        plt.hist(whole, 80, density=True, color=colour, alpha=0.7, label=f"$d = {d}$")
        plt.hist(halfway, 80, density=True, histtype="step", color=FAKE)
    plt.xlabel("norm; red: of the point halfway between two latents")
    plt.legend()


# %% tags=["hide-output"]
normal = np.random.default_rng(2).standard_normal
found = {d: norms(normal, d) for d in (2, 20, 200)}
compare("means", my_means, [whole.mean() for whole, _ in found.values()])
compare("standard deviation, d = 200", my_width, found[200][0].std())
draw_norms(found)
check("the means are those of the lecture's formula, up to 0.03",
      all(abs(whole.mean() - shell(d)) < 0.03 for d, (whole, _) in found.items()))
check("halfway between two latents the norm is smaller by sqrt(2)",
      all(abs(halfway.mean() - shell(d) / np.sqrt(2)) < 0.03 for d, (_, halfway) in found.items()))
check("the formula gives 9.97503 and 7.05341 in 100 dimensions",
      np.allclose([shell(100), shell(100) / np.sqrt(2)], [9.97503, 7.05341], atol=5e-6))

# %% [markdown]
# From which dimension on is there a shell? **Change** `normal` to `uniform`, the first DCGAN's distribution (exercise
# 5): is there still one?

# %%
def uniform(shape):
    return np.random.default_rng().uniform(-1, 1, shape)


draw_norms({d: norms(normal, d) for d in (1, 3, 100)})

# %% [markdown]
# ## Interpolation
#
# We compare straight and spherical paths (`interpolation`) between the same latents, with our generator. The midpoint
# of a straight path is shorter than almost every latent in training. **Predict** the number of white pixels at the
# midpoint, divided by that at the ends, for both paths.

# %%
my_straight = None
my_spherical = None

# %%
rng = np.random.default_rng(12)
a, b = noise(500, rng), noise(500, rng)
ways = {kind: latent.path(a, b, 11, kind) for kind in ("straight", "spherical")}
sheets = {kind: [generate(G, way[:, i]) for i in range(11)] for kind, way in ways.items()}
ink = {kind: np.array([(x > 0).mean() for x in sheet]) for kind, sheet in sheets.items()}

# %% tags=["hide-input"]
# Draws norm and ink along both paths, and digits on the way; then a sheet of digits from latents of another length.
def draw_ways():
    times = np.linspace(0, 1, 11)
    left, right = plt.figure(figsize=(11, 4)).subfigures(1, 2, width_ratios=(1, 1.6))
    of_norm, of_ink = left.subplots(2, 1, sharex=True)
    of_norm.axhspan(*np.quantile(np.linalg.norm(a, axis=1), [0.025, 0.975]), color="#e8e8e8", label="95 % of latents")
    for kind, colour, panel in zip(ways, (FAKE, D_BLUE), right.subplots(2, 1)):
        of_norm.plot(times, np.linalg.norm(ways[kind], axis=2).mean(axis=0), color=colour, label=kind)
        of_ink.plot(times, 100 * ink[kind], color=colour)
        show_images(panel, np.stack([x[:4] for x in sheets[kind]], axis=1).reshape(-1, 16, 16, 1), kind, columns=11)
    of_norm.set(title="norm", ylim=(0, 11))
    of_norm.legend()
    of_ink.axhline(100 * (digits > 0).mean(), color=DATA, linestyle=":", label="the data")
    of_ink.set(title="white pixels, %", xlabel="$t$", ylim=(0, 12))
    of_ink.legend()


def draw_length(length=1.0):
    show_images(plt.subplots(figsize=(7, 1.4))[1], generate(G, length * same), f"{length:g} times the latents", 16)


# %% tags=["hide-output"]
# picture: 08-paths.png
straight, spherical = (ink[kind][5] / ink[kind][[0, -1]].mean() for kind in ways)
compare("straight", my_straight, straight)
compare("spherical", my_spherical, spherical)
draw_ways()
check("halfway along straight paths less than three quarters of the ink is left", straight < 0.75, straight)
check("halfway along spherical paths the ink is that of the ends, up to a tenth", abs(spherical - 1) < 0.1, spherical)

# %% [markdown]
# A smaller norm gives less ink. **Change** the length of the latents: which digits survive half the length, and twice?

# %%
slider(draw_length, length=(0.0, 2.0, 0.1))

# %% [markdown]
# ## Arithmetic with latents
#
# Of 2,000 samples, $a$ are the latents of the hundred thinnest, $b$ of the hundred thickest. For each of 400 latents
# $c$ we compute $c - b + a$ and $c - a + b$ (`analogy`). Among the images of $c$, some are 0s or 8s. **Predict:** are
# there more, fewer, or as many among those of $c - a + b$?

# %%
my_round_digits = None                                         # "more", "fewer" or "as many"

# %%
z = noise(2000, rng)
images = generate(G, z)
order = images.mean(axis=(1, 2, 3)).argsort()
thin, thick = z[order[:100]], z[order[-100:]]
some = noise(400, rng)


def shifted(a, b):
    """c - a + b for each c."""
    return np.stack([latent.analogy(a, b, c[None]) for c in some])


def round_digits(latents):
    """The share of 0s and 8s among the images."""
    return np.isin(evaluator.classify(generate(G, latents)), (0, 8)).mean()


# %% tags=["hide-input"]
# Draws the images of c in the middle, thinner on the left and thicker on the right.
def draw_shifted(thin, thick):
    _, panels = plt.subplots(1, 3, figsize=(10, 2.4))
    for panel, title, latents in zip(panels, ("$c - b + a$: thinner", "$c$", "$c - a + b$: thicker"),
                                     (shifted(thick, thin), some, shifted(thin, thick))):
        show_images(panel, generate(G, latents[:24]), title, 8)


# %% tags=["hide-output"]
# picture: 08-analogy.png
before, after = round_digits(some), round_digits(shifted(thin, thick))
compare("0s and 8s among c - a + b", my_round_digits,
        "more" if after > before + 0.05 else "fewer" if after < before - 0.05 else "as many")
shares = {"thin": round_digits(thin), "thick": round_digits(thick), "c": before, "c - a + b": after}
print("0s and 8s:", ", ".join(f"{name} {100 * share:.0f} %" for name, share in shares.items()))
draw_shifted(thin, thick)
less, usual, more = (generate(G, latents).mean() for latents in (shifted(thick, thin), some, shifted(thin, thick)))
check("the mean pixel changes by more than 0.03 in both directions", less + 0.03 < usual < more - 0.03,
      found=(less, usual, more))
check("0s and 8s are at least twice as frequent among the thickest as among the thinnest",
      shares["thick"] > 2 * shares["thin"], found=shares)
check("the direction that makes digits thicker makes more 0s and 8s", after > before + 0.05, found=(before, after))

# %% [markdown]
# The difference of two means is a direction in the latent space. It makes digits thicker, and it also makes them 0s and
# 8s, because many of the thickest samples are 0s and 8s. **Change** the digit: both means are now of this class only.
# Does the side effect remain?

# %%
only = z[order][evaluator.classify(images[order]) == 3]
print(f"0s and 8s: c {round_digits(some):.2f}, c - a + b {round_digits(shifted(only[:10], only[-10:])):.2f}")

# %% [markdown]
# Next: lecture 09, another distance between two densities.
