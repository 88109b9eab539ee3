# %% [markdown]
# # Lab: a broken GAN
#
# Here are nine short training programs, each with **one** wrong line. Each mistake occurs in public code, some of them
# in hundreds of repositories. None of them raises an error, so they are hard to find.
#
# For each: **read** the program, **run** it, **look** at the symptom, and find the line before you open the answer.
# Then comes the repair: one line replaced, with the same seed and the same picture. The `assert`s are tests that find
# the mistake; use them in your own programs.

# %%
import inspect

import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan import data, metrics, nn, objectives, penalties, plots
from tinygan.updates import Adam, ascend, descend, linear_decay, vector

DATA, FAKE, BLUE = "#3a7d44", "#d1495b", "#2e6f95"
plt.rcParams.update({"figure.dpi": 80, "axes.spines.top": False, "axes.spines.right": False,
                     "figure.constrained_layout.use": True})


def network(inputs, outputs, rng, width=32):
    return nn.Sequential(nn.Dense(inputs, width, rng=rng), nn.LeakyReLU(0.2), nn.Dense(width, width, rng=rng),
                         nn.LeakyReLU(0.2), nn.Dense(width, outputs, rng=rng))


def noise(n, rng, size=2):
    return tg.Tensor(rng.normal(size=(n, size)).astype(np.float32))


def ring(n, rng):
    return tg.Tensor(data.ring(n, rng, sigma=0.1))


def blob(n, rng):
    return tg.Tensor(rng.normal([2, 0], [0.3, 0.6], (n, 2)).astype(np.float32))


def climb(player, value, adam, rate=3e-3):
    """A player moves up the gradient of its value."""
    ascend(player.theta, adam(tg.grad(value, player.parameters())), rate)


def repair(program, wrong, right):
    """The same program with one corrected line."""
    text = inspect.getsource(program)
    assert text.count(wrong) == 1, "the line is not there, or not once"
    names = dict(globals())
    exec(text.replace(wrong, right), names)
    return names[program.__name__]


def samples(G, n=500, size=2, seed=9):
    with tg.no_grad():
        return G(noise(n, np.random.default_rng(seed), size)).numpy()


def mean_output(D, x):
    """The mean probability that D gives to the points x."""
    with tg.no_grad():
        return float(tg.sigmoid(D(tg.Tensor(x))).numpy().mean())


def picture(D, G, real, title, span=2.2):
    """The field of D, real points and fakes."""
    u, v = np.meshgrid(*[np.linspace(-span, span, 60)] * 2)
    with tg.no_grad():
        field = tg.sigmoid(D(tg.Tensor(np.stack([u.ravel(), v.ravel()], 1).astype(np.float32)))).numpy()
    panel = plt.gca()
    panel.pcolormesh(u, v, field.reshape(u.shape), cmap="RdBu", vmin=0, vmax=1, alpha=0.6)
    panel.plot(*real.numpy().T, ".", color=DATA, markersize=4)
    x = samples(G)
    panel.plot(*x.T, ".", color="black", markersize=2)
    outside = np.mean(np.abs(x).max(axis=1) > span)
    panel.set(title=title + (f"\n{100 * outside:.0f} % of the fakes are outside" if outside > 0.1 else ""),
              xlim=(-span, span), ylim=(-span, span), aspect="equal", xticks=[], yticks=[])


def beside(broken, repaired, real, span=2.2):
    """Two games side by side: (G, D) each."""
    plt.figure(figsize=(7, 3.6))
    for i, ((G, D), title) in enumerate(((broken, "broken"), (repaired, "repaired"))):
        plt.subplot(1, 2, i + 1)
        picture(D, G, real, title, span)


def quality(G):
    """The sliced Wasserstein distance of the fakes from a ring."""
    rng = np.random.default_rng(0)
    return metrics.sliced_wasserstein(data.ring(500, rng, sigma=0.1), samples(G), rng)


# %% [markdown]
# ## 1 The fakes fly away

# %%
def program_1(steps=600):
    rng = np.random.default_rng(0)
    G, D, adam_g, adam_d = network(2, 2, rng), network(2, 1, rng), Adam(0.5), Adam(0.5)
    for _ in range(steps):
        x, fake = ring(64, rng), G(noise(64, rng))
        v = objectives.value(D(x), D(fake.detach()))
        ascend(D.theta, adam_d(tg.grad(v, D.parameters())), 3e-3)
        v = objectives.g_non_saturating(D(fake))
        descend(G.theta, adam_g(tg.grad(v, G.parameters())), 3e-3)
    return G, D


broken = program_1()
real = ring(300, np.random.default_rng(5))
plt.figure(figsize=(10, 2.8))
for i, steps in enumerate((0, 5, 10, 20)):
    plt.subplot(1, 4, i + 1)
    G, D = program_1(steps)
    picture(D, G, real, f"program 1 after {steps} steps", 14)
print("after 600 steps the fakes are about", round(float(np.abs(samples(broken[0])).mean())), "from the middle")

# %% [markdown]
# Blue means that $D$ outputs "real"; the data are the small green ring. The fakes (black) move to the region where $D$
# is most certain that they are fake, and never stop.
#
# **A check that finds it.** Play *one* step, and evaluate the new $D$ at the fakes of the old and of the new $G$, from
# the same noise. The generator's move must increase $D$.

# %%
def after_one_step(program):
    """The change of D at the fakes by G's first move."""
    (old, _), (new, D) = program(0), program(1)
    return mean_output(D, samples(new)) - mean_output(D, samples(old))


print(f"G's first move changes the output of D by {after_one_step(program_1):+.5f}")
assert after_one_step(program_1) < 0 and mean_output(broken[1], samples(broken[0])) < 0.01

# %% [markdown]
# <details><summary>Which line?</summary>
#
# `descend` in the generator's move. (`g-non-saturating`) is *maximised*. The line was copied from a minimax generator,
# which descends (`g-minimax`), or the minus sign of the loss $-\log D$ was forgotten.
#
# </details>

# %%
repaired_1 = repair(program_1, "descend(G.theta", "ascend(G.theta")
repaired = repaired_1()
beside(broken, repaired, real)
assert after_one_step(repaired_1) > 0 and quality(repaired[0]) < 0.4 < quality(broken[0])

# %% [markdown]
# ## 2 The generator does not move
#
# Most frameworks keep a slot for each player's gradient, to which every `backward` adds. Here are such slots in ten
# lines, and a program that uses them in the usual way: clear, D's half, G's half.

# %%
class Slots:
    def __init__(self, *players):
        self.players = players

    def clear(self):
        self.gradients = [np.zeros_like(player.theta) for player in self.players]

    def backward(self, loss):
        for slot, player in zip(self.gradients, self.players):
            found = tg.grad(loss, player.parameters(), allow_unused=True)
            slot += 0 if found[0] is None else vector(found)


def program_2(steps=400):
    rng = np.random.default_rng(0)
    G, D, adam_d = network(2, 2, rng), network(2, 1, rng), Adam(0.5)
    slots = Slots(D, G)
    for _ in range(steps):
        slots.clear()
        x, fake = blob(64, rng), G(noise(64, rng))
        slots.backward(objectives.d_loss(D(x), D(fake)))
        descend(D.theta, adam_d(slots.gradients[0]), 1e-3)
        slots.backward(objectives.g_minimax(D(fake)))
        descend(G.theta, slots.gradients[1], 0.1)
    return G, D


broken = program_2()
real = blob(300, np.random.default_rng(5))
plt.figure(figsize=(3.6, 3.6))
picture(broken[1], broken[0], real, "program 2", 3.5)

# %% [markdown]
# $D$ learns, its colours are right, but the fakes do not move to the data.
#
# **A check that finds it.** *Which player moves in which half?* After D's half of a turn, the gradient in G's slot must
# be exactly 0.

# %%
def in_slot_of_g(program):
    """The norm of the gradient in G's slot after D's half of the first turn."""
    norms, backward = [], Slots.backward

    def watched(slots, loss):
        backward(slots, loss)
        norms.append(float(np.linalg.norm(slots.gradients[1])))
    Slots.backward = watched
    program(1)
    Slots.backward = backward
    return norms


print("in G's slot after D's half and after G's half:", in_slot_of_g(program_2))
d_half, g_half = in_slot_of_g(program_2)
assert d_half > 0 and g_half < 0.2 * d_half

# %% [markdown]
# <details><summary>Which line?</summary>
#
# `D(fake)` in D's half: the fakes are not detached. The gradient of (`d-loss`) flows into $G$ and stays in its slot.
# Then the generator's own gradient is added, which is the same with the opposite sign, and the two cancel, up to D's
# last small step. With another loss for $G$ they would not cancel so well: the generator would follow half of its
# gradient, and you might never notice. `tg.grad` *returns* the gradient, so there is no slot that one can forget to
# clear.
#
# </details>

# %%
repaired_2 = repair(program_2, "d_loss(D(x), D(fake))", "d_loss(D(x), D(fake.detach()))")
repaired = repaired_2()
beside(broken, repaired, real, 3.5)
off = [np.linalg.norm(samples(G).mean(axis=0) - [2, 0]) for G, _ in (broken, repaired)]
print("the fakes' mean is off by", np.round(off, 2))
assert in_slot_of_g(repaired_2)[0] == 0 and off[1] < 0.5 < off[0]

# %% [markdown]
# ## 3 The estimated distance is never more than 1
#
# This is a Wasserstein GAN with a gradient penalty, on a line: the data are $N(4, \frac12)$, and the generator $s z +
# m$ begins at 0. The critic's value is an estimate of $W_1$, so it should begin near 4.

# %%
def program_3(steps=80):
    rng = np.random.default_rng(3)
    G = nn.Dense(1, 1, rng=rng)
    G.theta[:] = 0.5, 0
    D = nn.Sequential(nn.Dense(1, 32, rng=rng), nn.LeakyReLU(0.2), nn.Dense(32, 32, rng=rng), nn.LeakyReLU(0.2),
                      nn.Dense(32, 1, rng=rng), nn.Sigmoid())
    adam, estimates = Adam(0.5, 0.9), []
    for step in range(steps):
        for _ in range(100 if step == 0 else 3):
            x, fake = tg.Tensor(data.gaussian(64, rng)), G(noise(64, rng, 1))
            estimate = objectives.two_sample(D(x), D(fake.detach()))
            climb(D, estimate + penalties.gradient_penalty(D, x, fake.detach(), rng, -10), adam, 1e-2)
        estimates.append(estimate.item())
        descend(G.theta, tg.grad(-tg.mean(D(fake)), G.parameters()), linear_decay(0.1, step, steps))
    return G, D, estimates


broken = program_3()
line = np.linspace(-2, 6, 200, dtype=np.float32)[:, None]


def critic_and_estimates(G, D, estimates, panels, colour, name):
    with tg.no_grad():
        panels[0].plot(line, D(tg.Tensor(line)).numpy(), color=colour, label=name)
    panels[1].plot(estimates, color=colour, label=name)
    panels[0].set(title="the critic at the end", xlabel="$x$")
    panels[1].set(title="its estimate of $W_1$", xlabel="step")
    panels[1].legend(fontsize=8)


figure, panels = plt.subplots(1, 2, figsize=(7, 2.4))
critic_and_estimates(*broken, panels, FAKE, "program 3")
print(f"the generator's mean after 80 steps: {broken[0].theta[1]:.2f}; the data's: 4")

# %% [markdown]
# **A check that finds it.** A critic may output any number. Give it extreme inputs, or huge weights, and look at the
# range of its outputs. Also compare the estimate with a distance that you know.

# %%
def reach(D):
    """The range of a critic's outputs, with weights ten times as large."""
    theta = D.theta
    theta *= 10
    with tg.no_grad():
        y = D(tg.Tensor(line)).numpy()
    theta /= 10
    return float(np.ptp(y))


print("reach:", reach(broken[1]))
assert reach(broken[1]) <= 1 and max(broken[2]) < 1

# %% [markdown]
# <details><summary>Which line?</summary>
#
# `nn.Sigmoid()` at the end of the critic, copied from a discriminator. (`two-sample`) of numbers between 0 and 1 is at
# most 1, and a slope of 1 everywhere between the samples, as the penalty requires, is impossible over a distance of 4.
# The same extra layer harms a GAN with logits: $\sigma(\sigma(a))$ is between .5 and .73, so $D$ can never recognise a
# fake.
#
# </details>

# %%
repaired = repair(program_3, "nn.Dense(32, 1, rng=rng), nn.Sigmoid())", "nn.Dense(32, 1, rng=rng))")()
figure, panels = plt.subplots(1, 2, figsize=(7, 2.4))
critic_and_estimates(*broken, panels, FAKE, "broken")
critic_and_estimates(*repaired, panels, BLUE, "repaired")
print(f"the generator's mean: {broken[0].theta[1]:.2f} and {repaired[0].theta[1]:.2f}; the data's: 4")
assert reach(repaired[1]) > 10 and 3 < repaired[2][0] < 6
assert abs(repaired[0].theta[1] - 4) < 0.8 < 2 < abs(broken[0].theta[1] - 4)

# %% [markdown]
# ## 4 A curve instead of a cloud
#
# The data fill a square. The generator has a hand-written normalisation after its first layer.

# %%
def program_4(steps=500):
    rng = np.random.default_rng(0)
    first, rest = nn.Dense(2, 32, bias=False, rng=rng), network(32, 2, rng)
    G, D, adam_g, adam_d = nn.Sequential(first, Normalise(), rest), network(2, 1, rng), Adam(0.5), Adam(0.5)
    for step in range(steps):
        rate = linear_decay(1e-2, step, steps)
        x, fake = square(64, rng), G(noise(64, rng))
        climb(D, objectives.value(D(x), D(fake.detach())), adam_d, rate)
        climb(G, objectives.g_non_saturating(D(fake)), adam_g, rate)
    return G, D


class Normalise(nn.Module):
    def forward(self, x):
        centred = x - tg.mean(x, axis=1, keepdims=True)
        return centred / tg.sqrt(tg.mean(centred**2, axis=1, keepdims=True) + 1e-5)


def square(n, rng):
    return tg.Tensor(rng.uniform(-1.2, 1.2, (n, 2)).astype(np.float32))


broken = program_4()
real = square(300, np.random.default_rng(5))
plt.figure(figsize=(3.6, 3.6))
picture(broken[1], broken[0], real, "program 4")

# %% [markdown]
# **A check that finds it.** After batch normalisation each *feature* has mean 0 and standard deviation 1 over the
# *batch*. Look at the matrix of activations, with examples as rows and features as columns. Also, a generator that maps
# two numbers of noise to a curve has lost one of them. To find out which, make the noise three times as long.

# %%
def after_normalising(layer):
    """The activations of a batch after the layer: (examples, features); the features have different scales before."""
    rng = np.random.default_rng(1)
    return layer(tg.Tensor(rng.normal(np.arange(12), 1 + np.arange(12), (40, 12)))).numpy()


def stretched(G):
    """The mean shift of the fakes when their noise is three times as long."""
    z = noise(200, np.random.default_rng(2)).numpy()
    with tg.no_grad():
        return float(abs(G(tg.Tensor(3 * z)).numpy() - G(tg.Tensor(z)).numpy()).mean())


def activations(panel, y, title):
    panel.imshow(y, cmap="RdBu", vmin=-2.5, vmax=2.5, aspect="auto")
    panel.set(title=title, xlabel="feature", ylabel="example", xticks=[], yticks=[])


figure, panel = plt.subplots(figsize=(3, 2.8))
y = after_normalising(Normalise())
activations(panel, y, "program 4")
print("mean of each feature:", y.mean(axis=0).round(1))
print("with noise three times as long the fakes move by", stretched(broken[0]))
assert abs(y.mean(axis=0)).max() > 0.5 and abs(y.mean(axis=1)).max() < 1e-6
assert stretched(broken[0]) < 0.01

# %% [markdown]
# <details><summary>Which line?</summary>
#
# Both means are over `axis=1`: over the features of one example, not over the batch. After a layer without bias this
# removes the length of $z$. The generator gets only its direction, an angle, and draws a curve. The same happens with a
# library's batch normalisation when the channels of the images are on another axis than it expects: it normalises over
# columns of pixels, without an error if the sizes fit. (To normalise each example is useful in layer normalisation, but
# not here.)
#
# </details>

# %%
BrokenNormalise = Normalise


class Normalise(nn.Module):
    def forward(self, x):
        centred = x - tg.mean(x, axis=0, keepdims=True)
        return centred / tg.sqrt(tg.mean(centred**2, axis=0, keepdims=True) + 1e-5)


repaired = program_4()
beside(broken, repaired, real)
figure, panels = plt.subplots(1, 2, figsize=(7, 2.6))
for panel, layer, title in zip(panels, (BrokenNormalise, Normalise), ("over axis 1", "over axis 0, the batch")):
    activations(panel, after_normalising(layer()), title)
assert abs(after_normalising(Normalise()).mean(axis=0)).max() < 1e-6
coverage = [metrics.precision_recall_density_coverage(real.numpy(), samples(G, 300))["coverage"]
            for G, _ in (broken, repaired)]
print("coverage of the square:", np.round(coverage, 2))
assert coverage[1] > coverage[0] + 0.15

# %% [markdown]
# ## 5 Pixels at both ends of tanh
#
# The data are handwritten digits, reduced to 7 x 7 pixels so that it takes seconds. The generator ends in $\tanh$, as
# in a DCGAN.

# %%
digits = (data.load("digits14").x[:2000].reshape(-1, 7, 2, 7, 2).mean(axis=(2, 4)) + 1) / 2 * 255
digits = digits.reshape(-1, 49)                          # as in an image file: 0 to 255


def program_5(steps=600):
    rng = np.random.default_rng(0)
    images = digits
    G, D = nn.Sequential(network(8, 49, rng, 64), nn.Tanh()), network(49, 1, rng, 64)
    adam_g, adam_d = Adam(0.5), Adam(0.5)
    for _ in range(steps):
        x, fake = tg.Tensor(images[rng.integers(len(images), size=64)].astype(np.float32)), G(noise(64, rng, 8))
        climb(D, objectives.value(D(x), D(fake.detach())), adam_d, 1e-3)
        climb(G, objectives.g_non_saturating(D(fake)), adam_g, 1e-3)
    return G, D, images


def paper(G, D, images, title):
    plt.imshow(plots.sheet(samples(G, 24, 8).reshape(-1, 7, 7, 1), 8), cmap="gray")
    plt.gca().set(title=title, xticks=[], yticks=[])


broken = program_5()
plt.figure(figsize=(3.6, 1.6))
paper(*broken, "program 5")

# %% [markdown]
# **A check that finds it.** Before any training, draw the histograms of $D$'s real and fake inputs. If the two
# histograms cannot overlap, $G$ cannot win.

# %%
def histograms(panel, G, D, images, title):
    fakes = samples(G, 200, 8)
    limits = min(fakes.min(), images.min()), max(fakes.max(), images.max())
    panel.hist([images[:200].ravel(), fakes.ravel()], 30, range=limits, color=[DATA, FAKE], label=["real", "fake"])
    panel.set(title=title, xlabel="pixel", yscale="log")
    panel.legend(fontsize=8)


figure, panel = plt.subplots(figsize=(4, 2.4))
histograms(panel, *broken, "program 5")
assert broken[2].max() > 1                               # outside the range of tanh
at_the_ends = np.mean(np.abs(samples(broken[0], 500, 8)) > 0.95)
print(f"{100 * at_the_ends:.0f} % of the fakes' pixels are at the ends of tanh")
assert at_the_ends > 0.4

# %% [markdown]
# <details><summary>Which line?</summary>
#
# `images = digits`: pixels from 0 to 255, against a $\tanh$ that ends at 1. One bright pixel is enough for $D$ to
# recognise a real image, and the generator pushes each of its pixels to one end of the range or the other. (Images from
# 0 to 1 are a weaker form of the mistake: half of the range of $\tanh$ is then never used, and the black background,
# easy at $-1$, is hard at 0.)
#
# </details>

# %%
repaired = repair(program_5, "images = digits", "images = digits / 127.5 - 1")()
figure, panels = plt.subplots(1, 2, figsize=(7.4, 1.7))
for panel, game, title in zip(panels, (broken, repaired), ("broken", "repaired")):
    plt.sca(panel)
    paper(*game, title)
images = repaired[2]
far = [metrics.sliced_wasserstein(images[:500], samples(G, 500, 8), np.random.default_rng(0))
       for G, *_ in (broken, repaired)]
print("distance from the images:", np.round(far, 3))
assert images.min() >= -1 and images.max() <= 1 and far[1] < far[0] / 3

# %% [markdown]
# ## 6 D outputs one half from the start
#
# Real and fake examples are in one batch, with labels 1 and 0 and a hand-written cross-entropy, with logits $a$ and
# labels $t$: $\mathrm{softplus}(a) - t a$.

# %%
def program_6(steps=600):
    rng = np.random.default_rng(0)
    G, D, adam_g, adam_d = network(2, 2, rng), network(2, 1, rng), Adam(0.5), Adam(0.5)
    target = np.concatenate([np.ones(64), np.zeros(64)]).astype(np.float32)
    losses = []
    for _ in range(steps):
        x, fake = ring(64, rng), G(noise(64, rng))
        a = D(tg.concatenate([x, fake.detach()], axis=0))
        loss = tg.mean(tg.softplus(a) - target * a)
        climb(D, -loss, adam_d)
        climb(G, objectives.g_non_saturating(D(fake)), adam_g)
        losses.append(loss.item())
    return G, D, losses


broken = program_6()
real = ring(300, np.random.default_rng(5))
figure, panels = plt.subplots(1, 2, figsize=(7, 3.4))
plt.sca(panels[0])
picture(broken[1], broken[0], real, "program 6")
panels[1].plot(broken[2], color=FAKE)
panels[1].axhline(np.log(2), color="grey", linestyle=":")
panels[1].set(title="D's loss; dotted: log 2", xlabel="step", ylim=(0.4, 1))

# %% [markdown]
# The loss is $\log 2$ and stays there; $D$ is one half. Is this really the equilibrium, after fifty steps?
#
# **A check that finds it.** Print the *shape* of the array before the mean; it should have one number per example. Also
# give $D$ a very easy task: is its output larger on the ring than in the empty centre?

# %%
def averaged(target, a):
    """The shape of the array before the mean, as in program 6."""
    return (tg.softplus(a) - target * a).shape


target = np.concatenate([np.ones(64), np.zeros(64)]).astype(np.float32)
a = tg.Tensor(np.zeros((128, 1), np.float32))
print("logits", a.shape, "targets", target.shape, "averaged over", averaged(target, a))
assert averaged(target, a) == (128, 128) and averaged(target[:, None], a) == (128, 1)
try:
    objectives.cross_entropy(target, a)                  # the library raises an error
except ValueError as error:
    print("ValueError:", error)
else:
    raise AssertionError("(n,) against (n, 1) was accepted")

# %% [markdown]
# <details><summary>Which line?</summary>
#
# `target` has the shape `(n,)` and the logits `(n, 1)`. The product is a matrix of all pairs: each logit is combined
# with *every* label, and the best answer to half ones and half zeros is logit 0. The mean of $n^2$ numbers is one
# number, so the mistake is not visible. The result is (`cross-entropy`) with all labels replaced by $\frac12$.
#
# </details>

# %%
repaired = repair(program_6, "np.zeros(64)]).astype(np.float32)", "np.zeros(64)]).astype(np.float32)[:, None]")()
beside(broken[:2], repaired[:2], real)
gap = [mean_output(D, real.numpy()) - mean_output(D, np.zeros((1, 2), np.float32)) for _, D, _ in (broken, repaired)]
print("D at the ring minus D in the empty middle:", np.round(gap, 3))
assert np.ptp(broken[2][-200:]) < 0.01 and abs(gap[0]) < 0.05
assert quality(repaired[0]) < quality(broken[0])

# %% [markdown]
# ## 7 A generator that never moves

# %%
def program_7(steps=600):
    rng = np.random.default_rng(0)
    G, D, adam_g, adam_d = network(2, 2, rng), network(2, 1, rng), Adam(0.5), Adam(0.5)
    for _ in range(steps):
        x, fake = ring(64, rng), G(noise(64, rng))
        climb(D, objectives.value(D(x), D(fake.detach())), adam_d)
        climb(D, objectives.g_non_saturating(D(fake)), adam_g)
    return G, D


broken = program_7()
plt.figure(figsize=(3.6, 3.6))
picture(broken[1], broken[0], real, "program 7")
print("mean output of D for the fakes:", round(mean_output(broken[1], samples(broken[0])), 2))

# %% [markdown]
# $D(G(z))$ stays close to one half, which looks normal in a log.
#
# **A check that finds it.** *Which player moved?* Compare both players' parameters before and after a turn. This needs
# two lines, and finds frozen layers, forgotten parameters and the wrong optimiser.

# %%
def who_moved(program):
    old, new = program(0), program(1)
    return {name: not np.array_equal(a.theta, b.theta) for name, a, b in zip("GD", old, new)}


print(who_moved(program_7))
assert who_moved(program_7) == {"G": False, "D": True}

# %% [markdown]
# <details><summary>Which line?</summary>
#
# The generator's half moves `D`. In other frameworks: `optimizer_G = Adam(D.parameters())`, copied and not changed, or
# a combined model in which $D$ was not frozen. $D$ at the fakes is pushed down and up in turn, and stays in between.
#
# </details>

# %%
repaired_7 = repair(program_7, "climb(D, objectives.g_non_saturating", "climb(G, objectives.g_non_saturating")
repaired = repaired_7()
beside(broken, repaired, real)
assert who_moved(repaired_7) == {"G": True, "D": True} and quality(repaired[0]) < 0.4 < quality(broken[0])

# %% [markdown]
# ## 8 Good on training noise, poor on new noise

# %%
def program_8(steps=800):
    rng = np.random.default_rng(0)
    G, D, adam_g, adam_d = network(4, 2, rng), network(2, 1, rng), Adam(0.5), Adam(0.5)
    z = noise(32, rng, 4)
    for step in range(steps):
        rate = linear_decay(5e-3, step, steps)
        x = ring(32, rng)
        fake = G(z)
        climb(D, objectives.value(D(x), D(fake.detach())), adam_d, rate)
        climb(G, objectives.g_non_saturating(D(fake)), adam_g, rate)
    return G, D, z


def two_noises(G, D, z, title):
    """The fakes of the noise of the last training step (crosses) and of new noise (dots)."""
    x, seen = samples(G, 400, 4), G(z).numpy()
    panel = plt.gca()
    panel.plot(*real.numpy().T, ".", color="#b8b8b8", markersize=3)
    panel.plot(*x.T, ".", color=FAKE, markersize=3, label="new noise")
    panel.plot(*seen.T, "x", color="black", label="noise of training")
    panel.set(title=title, xlim=(-2.2, 2.2), ylim=(-2.2, 2.2), aspect="equal", xticks=[], yticks=[])
    panel.legend(fontsize=7, loc="lower center")


broken = program_8()
plt.figure(figsize=(3.6, 3.6))
two_noises(*broken, "program 8")

# %% [markdown]
# **A check that finds it.** Measure the fakes of the training noise and fakes of *new* noise with the same metric:
# here, the mean distance from the circle on which the data lie.

# %%
def from_the_circle(G, z):
    with tg.no_grad():
        return float(abs(np.linalg.norm(G(z).numpy(), axis=1) - 1).mean())


def fresh_against_seen(G, D, z):
    return from_the_circle(G, noise(500, np.random.default_rng(3), 4)) / from_the_circle(G, z)


print(f"new fakes are {fresh_against_seen(*broken):.1f} times as far off")
assert fresh_against_seen(*broken) > 2

# %% [markdown]
# <details><summary>Which line?</summary>
#
# `z = noise(...)` stands before the loop. $G$ only has to place 32 points, and $D$ cannot influence the rest of the
# space. A *fixed* noise is useful for pictures during training, but not for the training itself.
#
# </details>

# %%
repaired = repair(program_8, "x = ring(32, rng)", "x, z = ring(32, rng), noise(32, rng, 4)")()
plt.figure(figsize=(7, 3.6))
for i, (game, title) in enumerate(((broken, "broken"), (repaired, "repaired"))):
    plt.subplot(1, 2, i + 1)
    two_noises(*game, title)
print(f"new fakes are {fresh_against_seen(*repaired):.1f} times as far off")
assert fresh_against_seen(*repaired) < 2

# %% [markdown]
# ## 9 Good training, wrong sampling
#
# This time the training is right. The mistake is in the function that draws samples, a few at a time.

# %%
def trained(steps=500):
    rng = np.random.default_rng(0)
    G = nn.Sequential(nn.Dense(2, 32, bias=False, rng=rng), nn.BatchNorm(32), network(32, 2, rng))
    D, adam_g, adam_d = network(2, 1, rng), Adam(0.5), Adam(0.5)
    for step in range(steps):
        rate = linear_decay(1e-2, step, steps)
        x, fake = square(64, rng), G(noise(64, rng))
        climb(D, objectives.value(D(x), D(fake.detach())), adam_d, rate)
        climb(G, objectives.g_non_saturating(D(fake)), adam_g, rate)
    return G, D


def program_9(G, z):
    with tg.no_grad():
        return np.concatenate([G(z[i:i + 2]).numpy() for i in range(0, len(z), 2)])


G, D = trained()
z = noise(400, np.random.default_rng(3))
drawn = program_9(G, z)
real = square(400, np.random.default_rng(5))


def square_picture(panel, x, title):
    panel.plot(*real.numpy().T, ".", color="#b8b8b8", markersize=3)
    panel.plot(*x.T, ".", color=FAKE, markersize=3)
    panel.set(title=title, xlim=(-2, 2), ylim=(-2, 2), aspect="equal", xticks=[], yticks=[])


figure, panel = plt.subplots(figsize=(3.4, 3.4))
square_picture(panel, drawn, "program 9")

# %% [markdown]
# **A check that finds it.** A fake must depend only on its own noise. Draw the same $z$ together with other examples.

# %%
def company(draw):
    """The mean shift of the first fakes when they are drawn together with others."""
    return float(abs(draw(G, z[:8]) - draw(G, z)[:8]).max() + abs(draw(G, z[1:7])[0] - draw(G, z)[1]).max())


print("moved by", round(company(program_9), 2))
assert company(program_9) > 0.1

# %% [markdown]
# <details><summary>Which line?</summary>
#
# No line is wrong, but one is missing: `G.eval()`. In training mode batch normalisation uses the mean and variance of
# the *batch*, here of two fakes, so each is normalised by the other: in every pair each feature becomes $+1$ and $-1$.
# In a metric this is worse than in a picture: the value of the metric then depends on the batch size of the evaluation.
#
# </details>

# %%
repaired = repair(program_9, "with tg.no_grad():", "G.eval()\n    with tg.no_grad():")
figure, panels = plt.subplots(1, 2, figsize=(7, 3.4))
square_picture(panels[0], drawn, "broken")
square_picture(panels[1], repaired(G, z), "repaired")
assert company(repaired) < 1e-5
coverage = [metrics.precision_recall_density_coverage(real.numpy(), x)["coverage"] for x in (drawn, repaired(G, z))]
print("coverage of the square:", np.round(coverage, 2))
assert coverage[1] > coverage[0] + 0.15

# %% [markdown]
# ## Summary of the checks
#
# | check | finds |
# |---|---|
# | one step: does G's move increase D for the same noise? | signs (1) |
# | which player moved, and in which half of the turn? | detach (2), the wrong player's parameters (7) |
# | histograms of D's inputs, before training | ranges (3, 5) |
# | shapes of averaged arrays, activations as a picture | broadcasting (6), axes (4) |
# | a task with a known answer: $W_1 = 4$, D on an easy pair | an extra layer (3), a wrong loss (6) |
# | new noise, other examples in the batch, another batch size | noise drawn once (8), training mode (9) |
#
# These checks take minutes; a training run with a wrong first line can waste days.
