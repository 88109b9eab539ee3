# %% [markdown]
# # 12 Measuring: a notebook to step through
#
# It follows [lecture 12](../lectures/12-measuring.md): **predict**, **run**, **look**, **change**. We measure sets
# whose quality we know, because we made them. If a metric fails here, we do not trust it for a generator.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan import data, game, metrics, nn, plots
from tinygan.metrics import evaluate_rows, frechet, kernel_distance, mixture, one_nn_accuracy, sliced_wasserstein
from tinygan.metrics.classifier import digits_classifier
from tinygan.metrics.neighbours import balls
from tinygan.penalties import R1
from tinygan.runs import report

prdc = metrics.precision_recall_density_coverage
DATA, FAKE, BLUE = "#3a7d44", "#d1495b", "#2e6f95"
plt.rcParams.update({"figure.dpi": 85, "axes.spines.top": False, "axes.spines.right": False,
                     "figure.constrained_layout.use": True})
rng = np.random.default_rng(0)

# %% [markdown]
# ## Five samplers
#
# The data are eight clouds on a ring (grey). The red points come from five samplers. **Predict** for each: what is
# wrong with it, and would a person who sees one red point at a time notice this?

# %%
# picture: 12-samplers.png
SIGMA = 0.08


def ring(n, rng, **changes):
    return data.ring(n, rng, **{"sigma": SIGMA, **changes})


SAMPLERS = {"as the data": ring, "blurred": lambda n, rng: ring(n, rng, sigma=0.25),
            "too narrow": lambda n, rng: ring(n, rng, sigma=0.02),
            "one mode": lambda n, rng: ring(n, rng, modes=1),
            "noise": lambda n, rng: rng.uniform(-1.5, 1.5, (n, 2))}
real = ring(1000, rng)
fakes = {name: draw(1000, rng) for name, draw in SAMPLERS.items()}


def show(panel, name, x):
    panel.plot(*real.T, ".", color="#b8b8b8", markersize=3)
    panel.plot(*x[:400].T, ".", color=FAKE, markersize=2)
    panel.set(title=name, aspect="equal", xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), xticks=[], yticks=[])


figure, panels = plt.subplots(1, 5, figsize=(11, 2.5))
for panel, (name, x) in zip(panels, fakes.items()):
    show(panel, name, x)

# %% [markdown]
# There are two questions: is each point good (*quality*), and are all parts of the data present (*variety*)? "One mode"
# has perfect quality and no variety.
#
# ## A known mixture
#
# Here we know the centres and $\sigma$, and can test each point directly: is it within $3\sigma$ of a centre?
# (`high-quality`.) **Predict** the share for the true distribution. Is it 100 %, or the well-known 99.7 %?

# %%
x = ring(20_000, rng)
means = data.ring_means()
distance = np.linalg.norm(x[:, None] - means, axis=2).min(axis=1) / SIGMA
r = np.linspace(0, 4.5, 200)
plt.figure(figsize=(5.2, 2.6))
plt.hist(distance, 60, range=(0, 4.5), density=True, color="#d8d8d8", label="20,000 points")
plt.plot(r, r * np.exp(-r**2 / 2), color=BLUE, label=r"$r\,e^{-r^2/2}$")
plt.fill_between(r[r > 3], (r * np.exp(-r**2 / 2))[r > 3], color=FAKE)
plt.axvline(3, color=FAKE, linewidth=0.8)
plt.xlabel(r"distance from the nearest centre, in $\sigma$")
plt.legend(fontsize=8)
share = mixture(x, means, SIGMA)["hq"]
print(f"within 3 sigma: {share:.4f}; the lecture: {1 - np.exp(-4.5):.5f}")
assert abs(share - (1 - np.exp(-4.5))) < 0.003 and round(1 - np.exp(-4.5), 5) == 0.98889

# %% [markdown]
# In the plane it is $1 - e^{-4.5} = 98.889\,\%$. **Predict:** the same share for a sampler that is half as wide as
# the data, and for one that is twice as wide. Which of the three is the best by this number?

# %%
factors = np.array([0.25, 0.5, 1, 1.5, 2, 3, 4])
measured = [mixture(ring(4000, rng, sigma=SIGMA * s), means, SIGMA)["hq"] for s in factors]
s = np.linspace(0.2, 4, 100)
plt.figure(figsize=(5.2, 2.4))
plt.plot(s, 1 - np.exp(-4.5 / s**2), color=BLUE, label=r"$1 - e^{-4.5 / s^2}$")
plt.plot(factors, measured, "o", color=FAKE, label="measured")
plt.axhline(1 - np.exp(-4.5), color="grey", linewidth=0.7, linestyle=":")
plt.axvline(1, color="grey", linewidth=0.7, linestyle=":")
plt.xlabel("$s$: width of the sampler in units of the data's")
plt.ylabel("high quality")
plt.legend(fontsize=8)
assert np.allclose(measured[:3], 1 - np.exp(-4.5 / factors[:3] ** 2), atol=0.01) and measured[0] == 1

# %% [markdown]
# A score of 100 % is not good: it means *too narrow*. The best score is the score of real data.
#
# For variety, count the points of each mode, and compare the histogram with equal shares (`reverse-kl`). The score of a
# *perfect* sampler is not 0, because 2,500 points almost never have exactly equal shares. **Predict** which of ring (8
# modes) and grid (25) is further from 0.

# %%
plt.figure(figsize=(5.6, 2.5))
for K, colour in ((8, BLUE), (25, FAKE)):
    scores = [metrics.reverse_kl(rng.multinomial(2472, np.full(K, 1 / K))) for _ in range(2000)]
    plt.hist(scores, 60, range=(0, 0.012), alpha=0.5, color=colour, label=f"{K} modes, perfect")
    expected = (K - 1) / (2 * 2472)
    plt.axvline(expected, color=colour, linestyle="--")
    assert abs(np.mean(scores) - expected) < 0.05 * expected and round(expected, 4) in (0.0014, 0.0049)
plt.xlabel("reverse KL of 2,500 points")
plt.legend(fontsize=8)
for m in (1, 2, 4, 8):
    assert np.isclose(metrics.reverse_kl([100] * m + [0] * (8 - m)), np.log(8 / m))

# %% [markdown]
# The dashed lines are $(K - 1) / 2n$. A reverse KL of .002 on the ring is as good as possible, and a value of .000
# would be suspicious. With $m$ equal modes of $K$ it is $\log (K / m)$.
#
# ## The Frechet distance
#
# Take two Gaussians, $N(0, I)$ and $N((1, 2), 4I)$. The cheapest way to move one onto the other is a straight line for
# each point, $x \mapsto (1, 2) + 2x$. **Predict** the mean of the squared lengths, from the means and widths alone.

# %%
a = rng.normal(size=(4000, 2))
b = a * 2 + [1, 2]
plt.figure(figsize=(3.8, 3.6))
plt.plot(*a[:150].T, ".", color=DATA)
plt.plot(*b[:150].T, ".", color=FAKE)
plt.quiver(*a[:60].T, *(b - a)[:60].T, angles="xy", scale_units="xy", scale=1, width=0.003, color="#707070")
plt.gca().set(aspect="equal", xticks=[], yticks=[])
walked = ((b - a) ** 2).sum(axis=1).mean()
print(f"mean squared length {walked:.2f}; Frechet distance of the samples {frechet(a, b):.2f}")
assert np.isclose(metrics.frechet_gaussians([0, 0], np.eye(2), [1, 2], 4 * np.eye(2)), 7)
assert np.isclose(walked, 7, atol=0.3) and np.isclose(walked, frechet(a, b), rtol=0.02)

# %% [markdown]
# The result 7 is the sum of 5 for the means and 2 for the widths (`frechet`). Only means and covariances matter. So
# here are four distributions with mean 0 and covariance $I$. **Predict** which of the distances below can distinguish
# the other three from the first: the Frechet distance, the kernel distance (`kernel-distance`), sliced Wasserstein
# (`sliced-wasserstein`), 1-NN (`one-nn`).

# %%
# picture: 12-moments.png
def skewed(n):
    return rng.exponential(size=(n, 2)) - 1


SAMPLERS = {"normal": lambda n: rng.normal(size=(n, 2)), "uniform": lambda n: rng.uniform(-3**0.5, 3**0.5, (n, 2)),
        "four points": lambda n: rng.choice([-1.0, 1.0], (n, 2)) + rng.normal(0, 0.01, (n, 2)), "skewed": skewed}
DISTANCES = {"frechet": frechet, "kernel_distance": kernel_distance,
             "sliced_wasserstein": lambda a, b: sliced_wasserstein(a, b, np.random.default_rng(0)),
             "one_nn": one_nn_accuracy}
n = 1500
normal = SAMPLERS["normal"](n)
found = {kind: {name: f(normal, draw(n)) for name, f in DISTANCES.items()} for kind, draw in SAMPLERS.items()}
figure, panels = plt.subplots(2, 4, figsize=(10, 4.4))
for panel, (kind, draw) in zip(panels[0], SAMPLERS.items()):
    panel.plot(*draw(600).T, ".", color=FAKE, markersize=2)
    panel.set(title=kind, aspect="equal", xlim=(-3.6, 3.6), ylim=(-3.6, 3.6), xticks=[], yticks=[])
for panel, name in zip(panels[1], DISTANCES):
    heights = [found[kind][name] for kind in SAMPLERS]
    panel.bar(list(SAMPLERS), heights, color=["#c8c8c8", BLUE, BLUE, BLUE])
    panel.axhline(0.5 if name == "one_nn" else 0, color="black", linewidth=0.7)
    panel.set(title=name, ylim=(0.4, 1) if name == "one_nn" else (min(0, *heights), max(0.4, *heights)))
    panel.tick_params(axis="x", labelrotation=25, labelsize=8)
assert all(found[kind]["frechet"] < 0.05 for kind in SAMPLERS)
assert all(abs(found[kind]["kernel_distance"]) < 0.15 for kind in ("uniform", "four points"))
assert found["skewed"]["kernel_distance"] > 0.3
assert all(found[kind]["sliced_wasserstein"] > 2 * found["normal"]["sliced_wasserstein"] for kind in list(SAMPLERS)[1:])
assert found["four points"]["one_nn"] > 0.95

# %% [markdown]
# The Frechet distance uses only two moments. The cubic kernel uses three, so it detects the skewed distribution but
# cannot distinguish four points from a Gaussian. (Features of a network are not four points, but they need not be
# Gaussian either.)
#
# Sliced Wasserstein projects onto all directions. A shift by $s$, projected onto $u$, has the length $|s \cdot u|$.
# **Predict** the mean over all directions of the plane.

# %%
angles = np.linspace(0, 2 * np.pi, 200)
shifted = normal + np.array([1, 0])
seen = np.abs(np.cos(angles))
value = sliced_wasserstein(normal, shifted, np.random.default_rng(0), 4000)
figure, panel = plt.subplots(figsize=(3.4, 3.2), subplot_kw={"projection": "polar"})
panel.plot(angles, seen, color=FAKE, label="W1 seen along this line")
panel.plot(angles, np.full_like(angles, 2 / np.pi), color=BLUE, linestyle="--", label=r"the mean, $2 / \pi$")
panel.set(yticks=[0.5, 1], xticklabels=[])
panel.legend(fontsize=7, loc="upper right", bbox_to_anchor=(1.1, 1.15))
assert np.isclose(value, 2 / np.pi, atol=0.02)

# %% [markdown]
# ## Metrics from nearest neighbours
#
# The next metrics do not use Gaussians. Around each real point we draw a ball that reaches to its $k$-th nearest real
# neighbour ($k = 2$ here). *Precision*: which fakes lie in some ball? *Coverage*: which balls contain some fake?
# **Predict** both for the picture on the left with crowded fakes, and on the right with scattered fakes.

# %%
# picture: 12-balls.png
small = rng.normal(size=(26, 2))
crowded, scattered = rng.normal([0.2, 0], 0.25, (26, 2)), rng.uniform(-3, 3, (26, 2))
reach = balls(small, 2)[0] ** 0.5
figure, panels = plt.subplots(1, 2, figsize=(8.4, 4))
for panel, x in zip(panels, (crowded, scattered)):
    apart = np.linalg.norm(small[:, None] - x, axis=2) <= reach[:, None]
    for point, radius, hit in zip(small, reach, apart.any(axis=1)):
        panel.add_patch(plt.Circle(point, radius, color=DATA if hit else "#909090", alpha=0.13, linewidth=0))
    panel.scatter(*small.T, s=14, color=np.where(apart.any(axis=1), DATA, "#808080"))
    panel.scatter(*x.T, s=22, marker="x", color=np.where(apart.any(axis=0), FAKE, "#e0a0a8"))
    scores = prdc(small, x, 2)
    panel.set(aspect="equal", xlim=(-3.2, 3.2), ylim=(-3.2, 3.2), xticks=[], yticks=[],
              title=", ".join(f"{name} {score:.2f}" for name, score in scores.items()))
    panel.title.set_fontsize(9)
    assert np.isclose(scores["precision"], apart.any(axis=0).mean())
    assert np.isclose(scores["coverage"], apart.any(axis=1).mean())
    assert np.isclose(scores["density"], apart.sum() / (2 * len(x)))
assert prdc(small, crowded, 2)["precision"] > 0.9 > 0.7 > prdc(small, crowded, 2)["coverage"]

# %% [markdown]
# Look at the picture on the right: fakes that are nearly noise have a high *recall* (`recall`). It uses the balls of
# the fakes, and a few scattered points have huge balls. (`coverage`) uses the balls of the reals and does not make this
# error. (`precision`) and (`density`) give the crowded fakes good scores, and do not detect the missing parts.
#
# What is the expected coverage of a perfect sampler? The lecture counts neighbours: $1 - 2^{-k}$. **Predict** the
# coverage with ten times as many fakes as reals.

# %%
ks = np.arange(1, 8)
equal = [np.mean([prdc(*rng.normal(size=(2, 300, 2)), k)["coverage"] for _ in range(12)]) for k in ks]
more = [np.mean([prdc(rng.normal(size=(100, 2)), rng.normal(size=(1000, 2)), k)["coverage"] for _ in range(8)])
        for k in ks]
plt.figure(figsize=(5, 2.5))
plt.plot(ks, 1 - 0.5**ks, color=BLUE, label="$1 - 2^{-k}$")
plt.plot(ks, equal, "o", color=FAKE, label="as many fakes as reals")
plt.plot(ks, 1 - (1 / 11.0) ** ks, color="#a0a0a0", label="$1 - 11^{-k}$")
plt.plot(ks, more, "s", color="#606060", markersize=4, label="ten times as many fakes")
plt.xlabel("$k$")
plt.ylabel("coverage, perfect sampler")
plt.legend(fontsize=8)
assert np.allclose(equal, 1 - 0.5**ks, atol=0.02) and np.isclose(equal[4], 0.96875, atol=0.01)
assert np.allclose(more, 1 - (1 / 11) ** ks, atol=0.02)

# %% [markdown]
# With more fakes every sampler has a higher coverage: compare only at equal numbers. The strictest metric is
# (`one-nn`). **Predict** its value for new points of the data's distribution, for a ring that is 10 % too big, and for
# a copy of the real points themselves.

# %%
thief = real + rng.normal(0, 1e-6, real.shape)
contenders = {**fakes, "10 % too big": 1.1 * ring(1000, rng), "stolen": thief}
table = {name: evaluate_rows(x, real) for name, x in contenders.items()}
columns = ["precision", "recall", "density", "coverage", "one_nn"]
figure, panels = plt.subplots(1, 5, figsize=(11, 2.5), sharey=True)
for panel, column in zip(panels, columns):
    panel.barh(list(table), [row[column] for row in table.values()],
               color=[DATA] + [FAKE] * 5 + ["#303030"])
    panel.axvline(table["as the data"][column], color="grey", linewidth=0.8, linestyle=":")
    panel.set_title(column)
panels[0].invert_yaxis()
assert abs(table["as the data"]["one_nn"] - 0.5) < 0.04 and table["stolen"]["one_nn"] < 0.01
assert table["one mode"]["precision"] > 0.9 and table["one mode"]["coverage"] < 0.2
assert table["stolen"]["coverage"] == table["stolen"]["precision"] == 1

# %% [markdown]
# Every other metric prefers the copy to the independent sampler; 1-NN falls to 0. So one also measures against the
# *training* set, and fakes with better scores than real data are a warning.
#
# ## Classifiers for images: the inception score
#
# Distances between pixels do not measure similarity: a digit moved by two pixels has a large distance from the
# original. So we use a classifier that was trained with this library: 64 features before its last layer, and ten
# probabilities. Here are the four sets of known quality. Every metric must order them correctly before we use it for a
# model.

# %%
x, labels = data.load("digits")
held_out = data.load("digits", held_out=True)
rng = np.random.default_rng(0)
some = x[rng.permutation(len(x))[:2000]]
SETS = {"real": some, "real + N(0, .5)": some + rng.normal(0, 0.5, some.shape), "only the digit 1": x[labels == 1],
        "uniform noise": rng.uniform(-1, 1, some.shape)}
figure, panels = plt.subplots(1, 4, figsize=(10, 2.8))
for panel, (name, images) in zip(panels, SETS.items()):
    panel.imshow(plots.sheet(images[:36]))
    panel.set(title=name, xticks=[], yticks=[])

# %% [markdown]
# First the inception score (`inception-score`): the average difference between the answer for one image and the mean of
# all answers. **Predict** where between 1 and 10 each set is. Can you find a useless set of images with a higher score
# than the real ones?

# %%
classifier = digits_classifier()
p = classifier.probabilities(held_out.x)
best = np.array([np.argmax(p[:, digit]) for digit in range(10)])    # one image of each digit, the most certain
scores = {name: metrics.inception_score(classifier.probabilities(images)) for name, images in SETS.items()}
scores["ten images, 200 times each"] = metrics.inception_score(np.repeat(p[best], 200, axis=0))
plt.figure(figsize=(6, 2.2))
plt.barh(list(scores), scores.values(), color=[DATA, *["#c8c8c8"] * 3, "#303030"])
plt.axvline(10, color="grey", linewidth=0.7, linestyle=":")
plt.gca().invert_yaxis()
plt.xlabel("inception score")
assert scores["real"] < 9.5 < 9.99 < scores["ten images, 200 times each"] <= 10 + 1e-9

# %% [markdown]
# Ten images, repeated, have a higher score than the data: the score uses no real image, and ignores differences
# *within* a class.
#
# Now we compute all metrics, with `tinygan.metrics.calibration`. Each cell is a value of a metric; its colour shows its
# position between real data and the worst of the four sets. **Predict** which cells are pale although the set is bad:
# there the metric does not detect the failure.

# %%
# picture: 12-calibration.png
rows = metrics.calibration()
names = list(rows["real"])
values = np.array([[row[name] for row in rows.values()] for name in names])
ratios = ("fcd", "kernel_distance", "sliced_wasserstein")          # distances are compared by their ratios
graded = [np.log(v) if name in ratios else v for name, v in zip(names, values)]
off = np.abs(np.array(graded) - [[g[0]] for g in graded])
off /= off.max(axis=1, keepdims=True)
figure, panel = plt.subplots(figsize=(7.4, 4.4))
panel.imshow(off, cmap="Reds", vmin=0, vmax=1.3, aspect="auto")
for (i, j), number in np.ndenumerate(values):
    blind = j > 0 and off[i, j] < 0.1
    panel.text(j, i, f"{number:.3g}", ha="center", va="center", weight="bold" if blind else None)
    if blind:
        panel.add_patch(plt.Rectangle((j - 0.47, i - 0.44), 0.94, 0.88, fill=False, color=BLUE, linewidth=2))
panel.set_xticks(range(4), rows)
panel.set_yticks(range(len(names)), names)
panel.spines[:].set_visible(False)
panel.tick_params(length=0)
one = rows["only the digit 1"]
assert {names[i] for i in np.flatnonzero(off[:, 2] < 0.1)} == {"precision", "density"}
assert one["recall"] < 0.2 and one["coverage"] < 0.2 and one["inception_score"] < 1.2 and one["reverse_kl"] > 2
assert list(values[names.index("fcd")]) == sorted(values[names.index("fcd")])

# %% [markdown]
# The blue frames mark these cells: precision and density do not detect a generator that can only write 1. Recall,
# coverage, reverse KL and the inception score do. **Change:** add a row for half of the digits (`labels < 5`), with
# `metrics.evaluate_images`. Which metrics detect it?
#
# ## The number of samples changes a metric
#
# Take two samples from the *same* distribution. Every distance that differs from 0 is an error. **Predict** how the
# Frechet distance, the kernel distance and sliced Wasserstein depend on $n$, in 64 dimensions.

# %%
# picture: 12-samples.png
f, sizes, repeats = 64, np.array([125, 250, 500, 1000, 2000]), 4
slicing = {"kernel_distance": kernel_distance, "frechet": frechet,
           "sliced_wasserstein": lambda a, b: sliced_wasserstein(a, b, np.random.default_rng(0))}
same = {name: np.array([[measure(*rng.normal(size=(2, n, f))) for _ in range(repeats)] for n in sizes])
        for name, measure in slicing.items()}
figure, panels = plt.subplots(1, 3, figsize=(10, 2.6))
for panel, (name, values) in zip(panels, same.items()):
    panel.plot(sizes, values, ".", color=FAKE)
    panel.plot(sizes, values.mean(axis=1), color=FAKE)
    panel.axhline(0, color="black", linewidth=0.7)
    panel.set(title=f"{name}, equal distributions", xlabel="$n$", xscale="log", xticks=sizes, xticklabels=sizes)
    panel.minorticks_off()
bias = f * (f + 5) / (2 * sizes)
panels[1].plot(sizes, bias, "--", color=BLUE, label="$f (f + 5) / 2n$")
panels[1].legend(fontsize=8)
assert np.allclose(same["frechet"].mean(axis=1)[2:], bias[2:], rtol=0.15)
assert all(np.all(np.diff(same[name].mean(axis=1)) < 0) for name in ("frechet", "sliced_wasserstein"))
assert np.all(abs(same["kernel_distance"].mean(axis=1)) < 0.1)

# %% [markdown]
# The Frechet distance of equal distributions is far from 0, and twice as many samples halve it: values from 2,000 and
# from 10,000 samples cannot be compared. The kernel distance is right on average (and noisy).
#
# The metric also depends on details of preprocessing. **Predict** the FCD of real digits in the range 0 to 1, and of
# digits at half their size that were reduced by another method than the held-out ones.

# %%
def fcd(a, b):
    return frechet(classifier.features(a), classifier.features(b))


train, half, half_held_out = x[:2000], data.load("digits14").x[:2000], data.load("digits14", held_out=True).x
doors = {"digits": fcd(held_out.x, train), "left in 0 to 1": fcd(held_out.x, (train + 1) / 2),
         "half size": fcd(half_held_out, half), "every second pixel": fcd(half_held_out, train[:, ::2, ::2])}
plt.figure(figsize=(5.4, 1.8))
plt.barh(list(doors), doors.values(), color=[DATA, FAKE, DATA, FAKE])
plt.gca().invert_yaxis()
plt.xscale("log")
plt.xlabel("FCD of real digits")
assert doors["left in 0 to 1"] > 50 * doors["digits"] and doors["every second pixel"] > 1.3 * doors["half size"]

# %% [markdown]
# ## Many seeds: one run is no evidence
#
# We compare two recipes for a small GAN on the ring (wider clouds, few steps, so that it takes seconds): without and
# with the R1 penalty of lecture 7. Each has eight seeds, and all other settings are equal. **Predict:** if you ran each
# recipe once, how often would you choose the better one?

# %%
def run(r1, seed, steps=400, sigma=0.15):
    """The metrics of a small GAN after `steps`."""
    rng = np.random.default_rng(seed)

    def network(inputs, outputs):
        return nn.Sequential(nn.Dense(inputs, 32, rng=rng), nn.LeakyReLU(0.2), nn.Dense(32, 32, rng=rng),
                             nn.LeakyReLU(0.2), nn.Dense(32, outputs, rng=rng))
    match = game.Game(network(2, 2), network(2, 1), lambda n, rng: data.ring(n, rng, sigma=sigma), game.latent(2), rng,
                      batch=32, rate=5e-3, remedies=[R1(r1)] if r1 else [], decay=True)
    game.train(match, steps, record_every=100)
    with tg.no_grad():
        x = match.generator(tg.Tensor(match.noise(1000, rng))).numpy()
    return metrics.evaluate_points(x, means, sigma)


seeds = range(8)
runs = {r1: [run(r1, seed) for seed in seeds] for r1 in (0, 0.1)}

# %%
# picture: 12-seeds.png
figure, panels = plt.subplots(1, 3, figsize=(9.5, 2.7))
for panel, name in zip(panels, ("hq", "reverse_kl", "sliced_wasserstein")):
    for position, (group, colour) in enumerate(zip(runs.values(), (FAKE, BLUE))):
        low, median, high = report.quartiles(group)[name]
        place = [position - 0.28, position + 0.28]
        panel.fill_betweenx(place, low, high, color=colour, alpha=0.2, linewidth=0)
        panel.plot([median] * 2, place, color=colour, linewidth=2)
        panel.plot([scores[name] for scores in group], position + np.linspace(-0.2, 0.2, len(group)), ".", color=colour)
    panel.set(title=f"{name} ({metrics.BETTER[name]})", yticks=[0, 1], yticklabels=["no R1", "R1"], ylim=(-0.6, 1.6))
for r1, group in runs.items():
    print(f"R1 {r1}:", {name: report.text(group, name) for name in ("hq", "reverse_kl", "sliced_wasserstein")})
without, with_r1 = ([scores["sliced_wasserstein"] for scores in group] for group in runs.values())
wins = np.mean([a > b for a in without for b in with_r1])
print(f"R1 has the smaller distance in {100 * wins:.0f} % of all pairs of single runs")
assert len(seeds) < 8 or (np.median(with_r1) < np.median(without) and wins < 1)

# %% [markdown]
# Each point is one run, the bar its recipe's median, the box the quartiles. R1 is better, but a large part of all pairs
# of single runs shows the opposite. **Change** `seeds` to a single one, `range(3, 4)`: which conclusion would you draw?
#
# How reliable is a median? The true median lies between the worst and the best of $n$ runs with the probability $1 -
# 2^{1 - n}$; otherwise all $n$ runs fall on one side of it. The *best* of many runs always looks impressive:

# %%
worst_to_best, best_of = [], []
for n in range(1, 11):
    draws = rng.exponential(size=(4000, n))                     # here the true median is log 2
    worst_to_best.append(np.mean((draws.min(axis=1) < np.log(2)) & (np.log(2) < draws.max(axis=1))))
    best_of.append(np.median(draws.min(axis=1)))
n = np.arange(1, 11)
figure, (left, right) = plt.subplots(1, 2, figsize=(8, 2.4))
left.plot(n, 1 - 2.0 ** (1 - n), color=BLUE)
left.plot(n, worst_to_best, "o", color=FAKE)
left.set(xlabel="runs", title="median between worst and best")
right.plot(n, np.array(best_of) / np.log(2), "o-", color=FAKE)
right.set(xlabel="runs, of which the best is shown", title="its distance, true median = 1", ylim=(0, 1.1))
assert np.allclose(worst_to_best, 1 - 2.0 ** (1 - n), atol=0.03)
assert best_of[9] < best_of[0] / 5

# %% [markdown]
# The best of ten seeds looks ten times as good as the method is (for this distribution of runs). Report medians and
# quartiles, together with the scores of real data and noise; `tinygan sweep` and `tinygan evaluate` do this.
#
# Next: the lab [a broken GAN](labs/broken-gan.ipynb), where some of these methods find mistakes.
