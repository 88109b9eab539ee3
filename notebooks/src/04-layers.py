# %% [markdown]
# # 04 Layers: a notebook to step through
#
# It follows [lecture 04](../lectures/04-layers.md): **predict**, **run**, **look**, **change**. We use one method all
# the time: a linear map is known if we know its value for each unit vector. So we feed a layer one pixel at a time, and
# write the outputs into the columns of a matrix. Then we look at the matrix.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan import nn
from tinygan.zoo import dcgan

DATA, FAKE, D_BLUE = "#3a7d44", "#d1495b", "#2e6f95"      # the data, the generator, the discriminator
plt.rcParams.update({"figure.dpi": 85, "axes.spines.top": False, "axes.spines.right": False,
                     "figure.constrained_layout.use": True})
rng = np.random.default_rng(0)
digits = tg.data.load("digits").x.astype(np.float64)


def matrix_of(f, *shape):
    """The matrix of a linear map of images (1, h, w, c) of that shape: column i is its value for unit image i."""
    units = np.eye(np.prod(shape)).reshape(-1, *shape)
    return f(units).reshape(len(units), -1).T


def show(panel, image, title="", **options):
    """A matrix or an image of one channel, without axes."""
    panel.imshow(np.squeeze(image), **options)
    panel.set_title(title, fontsize=9)
    panel.set(xticks=[], yticks=[])
    panel.spines[:].set_visible(True)
    panel.spines[:].set_linewidth(0.5)


# %% [markdown]
# ## Convolution is a matrix
#
# A kernel of three weights, drawn in three colours, slides along a row of twelve pixels. **Predict** the matrix: how
# many rows does it have, and where are its numbers? And with stride 2?

# %%
# picture: 04-matrix.png
kernel = np.array([1.0, 2.0, 3.0]).reshape(1, 3, 1, 1)    # three different numbers, to tell them apart
colours = plt.matplotlib.colors.ListedColormap(["#f1f1f1", "#9cc5df", D_BLUE, "#16364a"])


def matrix_1d(stride, padding=(0, 1)):
    return matrix_of(lambda x: tg.conv2d(x, kernel, (1, stride), padding), 1, 12, 1)


kernel_2d = np.array([[1.0, 2.0, 1.0], [2.0, 3.0, 2.0], [1.0, 2.0, 1.0]])[..., None, None]
image = matrix_of(lambda x: tg.conv2d(x, kernel_2d, 1, 1), 6, 6, 1)
figure, panels = plt.subplots(1, 3, figsize=(9, 3.1))
for panel, matrix, title in zip(panels, (matrix_1d(1), matrix_1d(2), image),
                                ("a row of 12, stride 1", "the same, stride 2", "an image of 6 x 6, stride 1")):
    show(panel, matrix, f"{title}: {matrix.shape[0]} x {matrix.shape[1]}", cmap=colours, vmin=-0.5, vmax=3.5)
assert matrix_1d(1).shape == (12, 12) and matrix_1d(2).shape == (6, 12)
dense = image @ digits[0, 10:16, 10:16].ravel()           # a dense layer with that matrix is the convolution
assert np.allclose(dense, tg.conv2d(digits[:1, 10:16, 10:16], kernel_2d, 1, 1).ravel())

# %% [markdown]
# Every row has the same three numbers, shifted by the stride from row to row. So (`conv`) is a dense layer (`dense`)
# with two restrictions: most weights are zero, and the others are shared. The image's matrix has 1296 elements and nine
# different weights.
#
# What can nine weights do? **Predict** the output of each kernel for a digit.

# %%
digit = digits[12:13]
kernels = {"left to right": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], "top to bottom": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
           "mean": np.ones((3, 3)) / 9, "middle - mean": -np.ones((3, 3)) / 9 + np.eye(3)[1][:, None] * np.eye(3)[1]}
figure, panels = plt.subplots(1, 5, figsize=(10, 2.3))
show(panels[0], digit, "a digit", cmap="gray")
for panel, (name, k) in zip(panels[1:], kernels.items()):
    seen = tg.conv2d(digit, np.array(k, float)[..., None, None])
    show(panel, seen, f"{name}: {seen.shape[1]} x {seen.shape[2]}", cmap="RdBu", vmin=-abs(seen).max(),
         vmax=abs(seen).max())

# %% [markdown]
# The layer treats all positions alike, so the position of the digit does not matter: if the digit moves, the output
# moves with it. With stride 2 this holds only for moves by an even number of pixels. **Predict** the two bars of each
# pair.

# %%
k = np.array(kernels["left to right"], float)[..., None, None]


def moved_apart(stride, by):
    """The largest difference inside the frame between 'move, then convolve' and 'convolve, then move'."""
    one = tg.conv2d(np.roll(digit, by, 2), k, stride, 1)
    two = np.roll(tg.conv2d(digit, k, stride, 1), by // stride, 2)
    return abs(one - two)[:, 2:-2, 4:-4].max()


found = {"stride 1, by 1": moved_apart(1, 1), "stride 1, by 2": moved_apart(1, 2), "stride 2, by 1": moved_apart(2, 1),
         "stride 2, by 2": moved_apart(2, 2)}
figure, axes = plt.subplots(figsize=(5, 1.8))
axes.barh(list(found), found.values(), color=D_BLUE)
axes.invert_yaxis()
axes.set_xlabel("largest difference")
assert found["stride 1, by 1"] == found["stride 1, by 2"] == found["stride 2, by 2"] == 0 < found["stride 2, by 1"]

# %% [markdown]
# ## Sizes
#
# $n' = \lfloor (n + 2p - k) / s \rfloor + 1$. **Predict** which of the three settings halves every even size.

# %%
settings = {"k 4, s 2, p 1": (4, 2, 1), "k 3, s 2, p 1": (3, 2, 1), "k 5, s 2, p 1": (5, 2, 1)}
sizes = np.arange(6, 20)
figure, axes = plt.subplots(figsize=(5, 2.8))
colours_of = D_BLUE, "grey", FAKE
for (name, (kernel_size, s, p)), marker, size, colour in zip(settings.items(), "osD", (9, 5, 4), colours_of):
    out = [tg.conv2d(np.zeros((1, n, n, 1)), np.zeros((kernel_size, kernel_size, 1, 1)), s, p).shape[1] for n in sizes]
    axes.plot(sizes, out, marker, color=colour, label=name, markersize=size, fillstyle="none")
    assert out == [(n + 2 * p - kernel_size) // s + 1 for n in sizes]
axes.plot(sizes, sizes / 2, color="#c8c8c8", linewidth=0.8, label="half")
axes.set(xlabel="size in", ylabel="size out")
axes.legend(fontsize=8)

x, steps = np.zeros((1, 4, 4, 1)), [4]
for _ in range(2):                                        # and back up: 4, 8, 16
    x = tg.conv_transpose2d(x, np.zeros((4, 4, 1, 1)), 2, 1)
    steps.append(x.shape[1])
assert steps == [4, 8, 16]

# %% [markdown]
# If the floor rounds, two sizes have the same result. So the transposed layer needs `output_padding` to select one of
# them.
#
# ## The transposed convolution
#
# Here is the transposed convolution (`conv-transpose`) with the same kernel. **Predict** its matrix.

# %%
# picture: 04-transpose.png
C = matrix_1d(2)
T = matrix_of(lambda y: tg.conv_transpose2d(y, kernel, (1, 2), (0, 1), (0, 1)), 1, 6, 1)
figure, panels = plt.subplots(1, 3, figsize=(9, 3.1), width_ratios=(2, 1, 2))
show(panels[0], C, "conv, stride 2: $C$", cmap=colours, vmin=-0.5, vmax=3.5)
show(panels[1], T, r"its transpose: $C^\top$", cmap=colours, vmin=-0.5, vmax=3.5)
show(panels[2], T @ C, r"one after the other: $C^\top C$", cmap="Blues")
for (i, j), value in np.ndenumerate(T @ C):
    panels[2].text(j, i, f"{value:g}" if value else "", ha="center", va="center", fontsize=7,
                   color="white" if value > 9 else "black")
assert np.array_equal(T, C.T)
assert not np.allclose(T @ C, np.diag(np.diag(T @ C)))    # far from the identity, or any scaling of it

# %% [markdown]
# The picture on the right shows that the transpose is *not* an inverse: convolution and transposed convolution together
# are not the identity. But one equation holds exactly, for any $x$ and $y$: $\langle C x, y \rangle = \langle x, C^\top
# y \rangle$. Each point is one random convolution, with random size, kernel, stride and padding:

# %%
left, right = [], []
for _ in range(60):
    s, p, kernel_size, n, c, o = (int(rng.integers(*between)) for between in
                                  ((1, 4), (0, 3), (1, 6), (6, 12), (1, 4), (1, 4)))
    w, x = rng.normal(size=(kernel_size, kernel_size, c, o)), rng.normal(size=(2, n, n, c))
    seen = tg.conv2d(x, w, s, p)
    y = rng.normal(size=seen.shape)
    back = tg.conv_transpose2d(y, w, s, p, (n + 2 * p - kernel_size) % s)
    left.append(np.sum(seen * y))
    right.append(np.sum(x * back))
figure, axes = plt.subplots(figsize=(3.2, 3))
axes.plot(left, right, "o", color=D_BLUE, markersize=4, alpha=0.6)
axes.axline((0, 0), slope=1, color="#909090", linewidth=0.8)
axes.set(xlabel=r"$\langle C x, y \rangle$", ylabel=r"$\langle x, C^\top y \rangle$")
assert np.allclose(left, right)

# %% [markdown]
# ## The transpose is not an inverse
#
# A blur with stride 2 makes a digit smaller. We go back in two ways: by the transpose, and by the best linear
# reconstruction, the pseudo-inverse. **Predict** the two pictures.

# %%
# picture: 04-inverse.png
blur = np.outer([1, 3, 3, 1], [1, 3, 3, 1])[..., None, None] / 64
down = tg.conv2d(digit, blur, 2, 1)
up = tg.conv_transpose2d(down, blur, 2, 1)
C = matrix_of(lambda x: tg.conv2d(x, blur, 2, 1), 28, 28, 1)
best = (np.linalg.pinv(C) @ down.ravel()).reshape(28, 28)
figure, panels = plt.subplots(1, 4, figsize=(9, 2.5))
for panel, picture, title in zip(panels, (digit, down, up, best),
                                 ("$x$", "$C x$: 14 x 14", r"$C^\top C x$", "the best guess at $x$")):
    show(panel, picture, title, cmap="gray")
rank = np.linalg.matrix_rank(C)
print(f"C is {C.shape[0]} x {C.shape[1]}, of rank {rank}: {C.shape[1] - rank} directions of x are lost")
assert C.shape == (196, 784) and rank <= 196
off_up, off_best = (np.linalg.norm(digit.ravel() - guess.ravel()) / np.linalg.norm(digit) for guess in (up, best))
assert off_best < off_up
x = tg.Tensor(digit, requires_grad=True)                  # the transpose is the backward pass of a gradient
[g] = tg.grad(tg.sum(tg.conv2d(x, blur, 2, 1) * down), [x])
assert np.allclose(g.numpy(), up)

# %% [markdown]
# The input has 784 numbers and the output 196; three quarters are lost, and neither method restores them. The transpose
# sends each number back to the pixels that it came from, with the same weights. The last lines check that this is the
# pull-back of lecture 03.
#
# ## Checkerboards
#
# A transposed convolution adds kernels to the output, at distances of `stride`; they add up where they overlap. Input
# and kernel are all ones here, so the picture shows *how often* each pixel is covered. **Predict** which kernels give a
# uniform grey.

# %%
# picture: 04-checkerboards.png
figure, panels = plt.subplots(1, 5, figsize=(10, 2.3))
for panel, size in zip(panels, (2, 3, 4, 5, 6)):
    cover = tg.conv_transpose2d(np.ones((1, 12, 12, 1)), np.ones((size, size, 1, 1)), 2, size // 2)[0, ..., 0]
    inside = cover[6:12, 6:12]
    show(panel, inside, f"kernel {size}, stride 2", cmap="gray", vmin=0, vmax=9)
    for (i, j), times in np.ndenumerate(inside):
        panel.text(j, i, f"{times:g}", ha="center", va="center", fontsize=7, color="white" if times < 5 else "black")
    assert (np.ptp(inside) == 0) == (size % 2 == 0)

# %% [markdown]
# Real weights are not ones. Below, random kernels on a constant image of 32 channels. **Predict:** is a kernel of 4
# still free of checkerboards? And is doubling first and convolving afterwards (`upsample`)?

# %%
def unevenness(picture):
    """The relative deviation of the means of the four classes of pixels (even or odd row and column)."""
    inside = picture[:, 4:-4, 4:-4]
    means = [inside[:, i::2, j::2].mean() for i, j in np.ndindex(2, 2)]
    return np.std(means) / abs(inside).mean()


constant, spread = np.ones((1, 10, 10, 32)), {}
figure, panels = plt.subplots(1, 4, figsize=(9.5, 2.6), width_ratios=(1, 1, 1, 1.2))
ways = {"transposed, kernel 3": lambda w: tg.conv_transpose2d(constant, w[:3, :3], 2, 1, 1),
        "transposed, kernel 4": lambda w: tg.conv_transpose2d(constant, w, 2, 1),
        "doubled, then kernel 3": lambda w: tg.conv2d(tg.upsample(constant), w[:3, :3].swapaxes(2, 3), 1, 1)}
for panel, (name, way) in zip(panels, ways.items()):
    tries = [way(rng.normal(0.05, 0.1, (4, 4, 1, 32))) for _ in range(200)]
    spread[name] = np.mean([unevenness(t) for t in tries])
    show(panel, tries[0], name, cmap="gray")
panels[-1].barh(list(spread), spread.values(), color=FAKE)
panels[-1].set_yticks(range(3), ["3", "4", "doubled"])
panels[-1].set_title("unevenness, mean of 200", fontsize=9)
panels[-1].invert_yaxis()
assert spread["doubled, then kernel 3"] < 1e-12 < spread["transposed, kernel 4"] < spread["transposed, kernel 3"]

# %% [markdown]
# A kernel whose size is a multiple of the stride *can* be even, if training finds such weights. Doubling first *is*
# even for all weights.
#
# The pull-back of the discriminator is a transposed convolution too. **Predict** the picture: how large is the gradient
# at each pixel of an image, on average over random discriminators with kernel 3 and with kernel 4?

# %%
figure, panels = plt.subplots(1, 2, figsize=(5, 2.4))
felt = {}
for panel, size in zip(panels, (3, 4)):
    total = np.zeros((16, 16))
    for _ in range(150):
        x = tg.Tensor(rng.normal(size=(1, 16, 16, 1)), requires_grad=True)
        weights = rng.normal(size=(size, size, 1, 8))
        [g] = tg.grad(tg.sum(tg.leaky_relu(tg.conv2d(x, weights, 2, 1), 0.2) * rng.normal(size=8)), [x])
        total += g.numpy()[0, ..., 0] ** 2 / 150
    show(panel, np.sqrt(total), f"kernel {size}, stride 2", cmap="gray", vmin=0)
    felt[size] = unevenness(np.sqrt(total)[None])
assert felt[3] > 3 * felt[4]

# %% [markdown]
# With kernel 3, one pixel in four receives one weight of the kernel and another receives four: the gradient at the
# first is half as large. The generator learns from this gradient.
#
# ## Batch normalisation
#
# Four channels with different means and widths go in. **Predict** the output of (`batch-norm`), at the start of
# training, when its weight is 1 and its bias 0.

# %%
x = rng.normal([-3, 0, 2, 5], [0.5, 2, 0.2, 1], (500, 4))
layer = nn.BatchNorm(4).astype(np.float64)
y = layer(tg.Tensor(x)).numpy()
figure, panels = plt.subplots(1, 2, figsize=(8, 2.3))
for panel, values, title in zip(panels, (x, y), ("in", "out")):
    panel.hist(values, 40, histtype="step", linewidth=1.5, color=("#9cc5df", D_BLUE, FAKE, DATA))
    panel.set(title=title, yticks=[])
assert np.allclose(y.mean(0), 0) and np.allclose(y.var(0), x.var(0) / (x.var(0) + 1e-5))

# %% [markdown]
# Here is the reason for batch normalisation: ten dense layers with DCGAN's small initial weights, $N(0, 0.02)$. How
# large is the signal after each? **Predict** both lines. (Note the scale of the axis.)

# %%
# picture: 04-signal.png
figure, axes = plt.subplots(figsize=(5, 2.6))
for normalised, colour, label in ((False, FAKE, "plain"), (True, D_BLUE, "with batch norm")):
    h, sizes = tg.Tensor(rng.normal(size=(64, 100))), []
    for _ in range(10):
        h = nn.Dense(100, 100, rng=rng, initial=nn.initial.normal(0.02)).astype(np.float64)(h)
        h = tg.relu(nn.BatchNorm(100).astype(np.float64)(h) if normalised else h)
        sizes.append(np.sqrt(np.mean(h.numpy() ** 2)))
    axes.semilogy(range(1, 11), sizes, "o-", color=colour, label=label)
    last = sizes[-1]
    assert (0.5 < last < 1) if normalised else last < 1e-6
axes.set(xlabel="layer", ylabel="size of the signal")
axes.legend(fontsize=8);

# %% [markdown]
# ## The gradient of batch normalisation
#
# The lecture derives $\bar x = \frac{1}{s} \bigl( g - \operatorname{mean}(g) - \hat x \operatorname{mean}(g \hat x)
# \bigr)$. We take a batch of twelve numbers, and a cotangent. **Predict** the sum of the blue bars.

# %%
x, g = np.sort(rng.normal(2, 3, (12, 1)), 0), rng.normal(0.7, 1, (12, 1)) + np.linspace(-1, 1, 12)[:, None]
layer = nn.BatchNorm(1).astype(np.float64)
t = tg.Tensor(x, requires_grad=True)
[tape] = tg.grad(tg.sum(layer(t) * g), [t])
s = np.sqrt(x.var() + 1e-5)
hat = (x - x.mean()) / s
formula = (g - g.mean() - hat * np.mean(g * hat)) / s
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 2.4), width_ratios=(2, 1))
at = np.arange(12)
left.bar(at - 0.2, g[:, 0], 0.4, color="#c8c8c8", label="cotangent $g$ of the output")
left.bar(at + 0.2, tape.numpy()[:, 0], 0.4, color=D_BLUE, label=r"$\bar x$, from the tape")
left.plot(at + 0.2, formula[:, 0], ".", color="black", label="the formula")
left.axhline(0, color="black", linewidth=0.6)
left.legend(fontsize=7, loc="upper left")
left.set(xticks=[], ylim=(-2, 4.2), xlabel="the batch, in order of $x$")
names = ["sum", r"inner product with $\hat x$"]
right.barh(np.arange(2) - 0.2, [g.sum(), np.sum(g * hat)], 0.4, color="#c8c8c8")
right.barh(np.arange(2) + 0.2, [tape.numpy().sum(), np.sum(tape.numpy() * hat)], 0.4, color=D_BLUE)
right.set_yticks(range(2), names)
right.invert_yaxis()
assert np.allclose(tape.numpy(), formula) and abs(tape.numpy().sum()) < 1e-12
assert abs(np.sum(tape.numpy() * hat)) < 1e-4

# %% [markdown]
# Two blue bars on the right are missing: they are zero. A shift or a scaling of the whole batch does not change the
# output, so the gradient has no component in these directions. A check with a cotangent of ones gives only zero here
# (lecture 03).
#
# ## Batch normalisation makes examples depend on each other
#
# In training mode, the output of a layer for an example depends on the others in the batch. Here is one fixed example
# in 300 random batches. **Predict** how the cloud changes with the size of the batch, and the effect of `eval()`.

# %%
figure, axes = plt.subplots(figsize=(6, 2.5))
example, widths = np.array([[1.0]]), {}
layer = nn.BatchNorm(1).astype(np.float64)
for i, n in enumerate((4, 16, 64)):
    batches = [np.concatenate([example, rng.normal(size=(n - 1, 1))]) for _ in range(300)]
    outputs = [layer(tg.Tensor(batch)).numpy()[0, 0] for batch in batches]
    axes.plot(outputs, i + rng.uniform(-0.3, 0.3, 300), ".", color=D_BLUE, markersize=3, alpha=0.5)
    widths[n] = np.std(outputs)
layer.eval()
outputs = [layer(tg.Tensor(np.concatenate([example, rng.normal(size=(15, 1))]))).numpy()[0, 0] for _ in range(300)]
axes.plot(outputs, np.full(300, 3), "|", color=FAKE, markersize=12)
axes.set_yticks(range(4), ["batch of 4", "16", "64", "eval()"])
axes.set_xlabel("output of the layer for $x = 1$")
assert widths[4] > widths[16] > widths[64] and np.std(outputs) == 0

# %% [markdown]
# Therefore a discriminator with batch norm gets real and fake examples in separate batches. In a mixed batch, the other
# examples could reveal whether an example is real.
#
# ## The two players
#
# The picture shows the library's DCGAN for digits. Each box is the output of a layer: its height is that of the image,
# its width shows the number of channels (on a square-root scale). **Predict** which of the two has more numbers in the
# middle.

# %%
# picture: 04-players.png
G, D = dcgan.networks((28, 28, 1), 64, rng)


def shapes(network, x):
    """The shape after each layer that changes it."""
    seen = [x.shape[1:]]
    with tg.no_grad():
        for layer in network.layers:
            x = layer(x)
            if x.shape[1:] != seen[-1]:
                seen.append(x.shape[1:])
    return seen


figure, panels = plt.subplots(2, 1, figsize=(8, 4.6))
for panel, network, x, colour, name in ((panels[0], D, np.zeros((2, 28, 28, 1), np.float32), D_BLUE, "$D$: classifies"),
                                        (panels[1], G, np.zeros((2, 64), np.float32), FAKE, "$G$: draws")):
    left, found = 0.0, shapes(network, tg.Tensor(x))
    for shape in found:
        high, wide = (shape[0] / 28, np.sqrt(shape[-1]) / 8) if len(shape) == 3 else (np.sqrt(shape[0]) / 56, 0.12)
        panel.add_patch(plt.Rectangle((left, -high / 2), wide, high, facecolor=colour, alpha=0.35, edgecolor=colour))
        panel.text(left + wide / 2, -0.72, " x ".join(map(str, shape)), ha="center", fontsize=8)
        left += wide + 0.75
    panel.set(xlim=(-0.5, 6.2), ylim=(-0.85, 0.6), title=f"{name}, {network.theta.size:,} parameters")
    panel.axis("off")
assert shapes(D, tg.Tensor(np.zeros((2, 28, 28, 1), np.float32)))[:3] == [(28, 28, 1), (14, 14, 32), (7, 7, 64)]
assert shapes(G, tg.Tensor(np.zeros((2, 64), np.float32)))[-3:] == [(7, 7, 64), (14, 14, 32), (28, 28, 1)]

# %% [markdown]
# Each is the mirror image of the other: a convolution in $D$ corresponds to a transposed convolution in $G$, and the
# backward pass of each has the form of the other.
#
# **Change:** draw the players of `dcgan.networks((32, 32, 3), 100, rng, width=64)`, those for pictures in colour.
#
# Next: [05, the game's objective](05-objective.ipynb).
