# %% [markdown]
# # 04 Layers: a notebook to step through
#
# It follows [lecture 04](../lectures/04-layers.md). Each question has four steps: **predict** (write your answer in
# place of `None`), **run** the next cells, **look** at the output, which is folded, then **change** the value that the
# text names. Cells that only draw are folded too. Each `check` is a claim of the lecture; it stops if the claim does
# not hold.
#
# We use one method all the time: a linear map is known if we know its value for each unit vector. So we feed a layer
# one pixel at a time, and write the outputs into the columns of a matrix. Then we look at the matrix.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan import nn
from tinygan.notebook import D_BLUE, FAKE, check, compare, mark, slider, style
from tinygan.zoo import dcgan

style()
rng = np.random.default_rng(0)
digits = tg.data.load("digits").x.astype(np.float64)


def matrix_of(f, *shape):
    """The matrix of a linear map of images (1, h, w, c) of that shape: column i is its value for unit image i."""
    units = np.eye(np.prod(shape)).reshape(-1, *shape)
    return f(units).reshape(len(units), -1).T


# %% tags=["hide-input"]
# Draws matrices and images of one channel, without axes.
KERNEL = {"cmap": plt.matplotlib.colors.ListedColormap(["#f1f1f1", "#9cc5df", D_BLUE, "#16364a"]), "vmin": -0.5,
          "vmax": 3.5}


def show(panel, image, title="", numbers=False, **options):
    image = np.squeeze(image)
    drawn = panel.imshow(image, **options)
    panel.set_title(title, fontsize=9)
    panel.set(xticks=[], yticks=[])
    panel.spines[:].set_visible(True)
    panel.spines[:].set_linewidth(0.5)
    for (i, j), value in np.ndenumerate(image if numbers else np.zeros((0, 0))):
        dark = np.mean(drawn.cmap(drawn.norm(value))[:3]) < 0.55
        panel.text(j, i, f"{value:g}" if value else "", ha="center", va="center", fontsize=7,
                   color="white" if dark else "black")


def show_all(pictures, size=(9, 3.1), widths=None, **options):
    """A row of panels. pictures: {title: matrix or image}."""
    _, panels = plt.subplots(1, len(pictures), figsize=size, width_ratios=widths, squeeze=False)
    for panel, (title, picture) in zip(panels[0], pictures.items()):
        show(panel, picture, title, **options)
    return panels[0]


# %% [markdown]
# ## Convolution is a matrix
#
# A kernel of three weights slides along a row of twelve pixels, with one pixel of padding at each end. **Predict** the
# matrix: how many rows does it have with stride 1, and with stride 2? Where are its numbers?

# %%
my_rows = None                                            # for instance [10, 5]: with stride 1, with stride 2

# %%
kernel = np.array([1.0, 2.0, 3.0]).reshape(1, 3, 1, 1)    # three different numbers, to tell them apart


def matrix_1d(stride, padding=1):
    return matrix_of(lambda x: tg.conv2d(x, kernel, (1, stride), (0, padding)), 1, 12, 1)


kernel_2d = np.array([[1.0, 2.0, 1.0], [2.0, 3.0, 2.0], [1.0, 2.0, 1.0]])[..., None, None]
image = matrix_of(lambda x: tg.conv2d(x, kernel_2d, 1, 1), 6, 6, 1)

# %% tags=["hide-output"]
# picture: 04-matrix.png
compare("rows", my_rows, [len(matrix_1d(1)), len(matrix_1d(2))])
show_all({"a row of 12, stride 1: 12 x 12": matrix_1d(1), "the same, stride 2: 6 x 12": matrix_1d(2),
          "an image of 6 x 6, stride 1: 36 x 36": image}, **KERNEL)
check("the matrices have 12 x 12 and 6 x 12 elements", (matrix_1d(1).shape, matrix_1d(2).shape) == ((12, 12), (6, 12)))
dense = image @ digits[0, 10:16, 10:16].ravel()
check("a dense layer with that matrix is the convolution",
      np.allclose(dense, tg.conv2d(digits[:1, 10:16, 10:16], kernel_2d, 1, 1).ravel()))

# %% [markdown]
# <details><summary>Answer</summary>
#
# 12 and 6. Every row has the same three numbers, shifted by the stride from row to row. So (`conv`) is a dense layer
# (`dense`) with two restrictions: most weights are zero, and the others are shared. The image's matrix has 1296
# elements and nine different weights.
#
# </details>
#
# **Change** the stride to 3, then to 4. How many rows remain? Is each pixel still used?

# %% tags=["hide-output"]
show_all({"your stride": matrix_1d(stride=2)}, (3, 2), **KERNEL);

# %% [markdown]
# ## Nine weights
#
# What can nine weights do? Here are four kernels:

# %%
kernels = {"left to right": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], "top to bottom": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
           "mean": np.ones((3, 3)) / 9, "middle - mean": np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]) / 9}

# %% [markdown]
# **Predict** how many of the four have the output 0 wherever the image is constant.

# %%
my_zeros = None                                           # 0, 1, 2, 3 or 4

# %%
digit = digits[12:13]


def look(kernel, image=digit):
    return tg.conv2d(image, np.array(kernel, float)[..., None, None])


# %% tags=["hide-input"]
# Draws the output of each kernel for the digit: blue is positive, red negative.
def look_at_all(kernels):
    _, panels = plt.subplots(1, len(kernels), figsize=(2.1 * len(kernels), 2.3), squeeze=False)
    for panel, (name, kernel) in zip(panels[0], kernels.items()):
        seen = look(kernel)
        show(panel, seen, f"{name}: 26 x 26", cmap="RdBu", vmin=-abs(seen).max(), vmax=abs(seen).max())


# %% tags=["hide-output"]
zeros = sum(np.allclose(look(kernel, np.ones((1, 28, 28, 1))), 0) for kernel in kernels.values())
compare("kernels without an answer to a constant image", my_zeros, zeros)
look_at_all(kernels)
check("all kernels but the mean add up to 0", zeros == 3, zeros)

# %% [markdown]
# <details><summary>Answer</summary>
#
# Three: their weights add up to 0. They see differences only: edges from left to right, edges from top to bottom, and
# fine details. The mean blurs.
#
# </details>
#
# **Change** one number of this kernel: make it answer to edges along a diagonal.

# %% tags=["hide-output"]
look_at_all({"yours": [[0, 1, 0],
                       [1, -4, 1],
                       [0, 1, 0]]})

# %% [markdown]
# ## If the digit moves
#
# The layer treats all positions alike. We move the digit, then convolve; or we convolve, then move the output.
# **Predict** in which of four cases the two agree: stride 1 and a move by 1 pixel; stride 1, by 2; stride 2, by 1;
# stride 2, by 2.

# %%
my_agreement = None                                       # four times True or False: [True, ...]

# %%
k = np.array(kernels["left to right"], float)[..., None, None]


def moved_apart(stride, by):
    """The largest difference inside the frame between 'move, then convolve' and 'convolve, then move'."""
    one = tg.conv2d(np.roll(digit, by, 2), k, stride, 1)
    two = np.roll(tg.conv2d(digit, k, stride, 1), by // stride, 2)
    return float(abs(one - two)[:, 2:-2, 4:-4].max())


found = {f"stride {stride}, by {by}": moved_apart(stride, by) for stride in (1, 2) for by in (1, 2)}

# %% tags=["hide-output"]
agree = [difference == 0 for difference in found.values()]
compare("agreement", my_agreement, agree)
print("largest differences:", found)
check("the two differ for stride 2 and a move by 1, and only there", agree == [True, True, False, True], found)

# %% [markdown]
# <details><summary>Answer</summary>
#
# If the digit moves, the output moves with it. With stride 2 this holds only for moves by an even number of pixels.
#
# </details>
#
# **Change** the stride to 3: which is the smallest move `by` for which the two agree?

# %% tags=["hide-output"]
print(moved_apart(stride=2, by=4))

# %% [markdown]
# ## Sizes
#
# $n' = \lfloor (n + 2p - k) / s \rfloor + 1$. **Predict** which of the kernel sizes 3, 4, 5 halve *every* even size,
# with stride 2 and padding 1.

# %%
my_halving = None                                         # a list of kernel sizes, for instance [3, 4, 5]

# %%
sizes = np.arange(6, 20)


def sizes_out(kernel_size, s=2, p=1):
    return [tg.conv2d(np.zeros((1, n, n, 1)), np.zeros((kernel_size, kernel_size, 1, 1)), s, p).shape[1] for n in sizes]


# %% tags=["hide-input"]
# Draws sizes out against sizes in, for kernel sizes.
def draw_sizes(found):
    _, axes = plt.subplots(figsize=(5, 2.8))
    for (name, out), marker, size, colour in zip(found.items(), "sDo", (5, 4, 9), ("grey", FAKE, D_BLUE)):
        axes.plot(sizes, out, marker, color=colour, label=name, markersize=size, fillstyle="none")
    axes.plot(sizes, sizes / 2, color="#c8c8c8", linewidth=0.8, label="half")
    axes.set(xlabel="size in", ylabel="size out")
    axes.legend()


# %% tags=["hide-output"]
found = {size: sizes_out(size) for size in (3, 5, 4)}
halving = [size for size in (3, 4, 5) if (np.array(found[size])[::2] == sizes[::2] / 2).all()]
compare("kernel sizes that halve even sizes", my_halving, halving)
draw_sizes({f"k {size}, s 2, p 1": out for size, out in found.items()})
for size, out in found.items():
    check(f"the sizes of kernel {size} follow the formula", out == [(n + 2 - size) // 2 + 1 for n in sizes], out)
check("kernels of 3 and 4 halve even sizes", halving == [3, 4], halving)

# %% [markdown]
# <details><summary>Answer</summary>
#
# 3 and 4, but not 5. The floor gives the same result for two sizes: from the output alone we do not know the size of
# the input.
#
# </details>
#
# **Change** the padding `p` so that a kernel of 5 halves every even size too.

# %% tags=["hide-output"]
draw_sizes({"k 5, s 2, your p": sizes_out(5, s=2, p=1)})

# %% [markdown]
# ## The transposed convolution
#
# The transposed convolution (`conv-transpose`) takes the output's size back to the input's size. If several sizes are
# possible, `output_padding` selects one of them. With stride 2 and the kernel from above, the matrix $C$ of `conv2d`
# has 6 rows and 12 columns. **Predict** the size of the matrix of `conv_transpose2d`, and its numbers.

# %%
my_size = None                                            # [rows, columns]

# %%
C = matrix_1d(2)


def transposed(output_padding):
    return matrix_of(lambda y: tg.conv_transpose2d(y, kernel, (1, 2), (0, 1), (0, output_padding)), 1, 6, 1)


T = transposed(1)

# %% tags=["hide-output"]
# picture: 04-transpose.png
compare("size", my_size, T.shape)
figure, panels = plt.subplots(1, 3, figsize=(9, 3.1), width_ratios=(2, 1, 2))
show(panels[0], C, "conv, stride 2: $C$", **KERNEL)
show(panels[1], T, r"its transpose: $C^\top$", **KERNEL)
show(panels[2], T @ C, r"one after the other: $C^\top C$", numbers=True, cmap="Blues")
check("the matrix is the transpose of C", np.array_equal(T, C.T))
check("both together are not the identity, nor a scaling of it", not np.allclose(T @ C, np.diag(np.diag(T @ C))))

# %% [markdown]
# <details><summary>Answer</summary>
#
# 12 rows and 6 columns: it is $C^\top$, as the name says. The picture on the right shows that the transpose is *not* an
# inverse.
#
# </details>
#
# One equation holds exactly, for any $x$ and $y$: $\langle C x, y \rangle = \langle x, C^\top y \rangle$. We test it
# for 60 convolutions with random size, kernel, stride and padding:

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
difference = np.max(np.abs(np.subtract(left, right)))
print(f"largest difference: {difference:.0e}")
check("the two inner products agree up to rounding (1e-8)", difference < 1e-8, difference)

# %% [markdown]
# **Change** the output padding to 0. How many rows has the matrix now, and which one is missing?

# %% tags=["hide-output"]
show_all({"your output padding": transposed(output_padding=1)}, (2, 3), **KERNEL);

# %% [markdown]
# ## The transpose is not an inverse
#
# A blur with stride 2 makes a digit smaller: from 28 x 28 to 14 x 14. We go back in two ways: by the transpose, and by
# the best linear reconstruction, the pseudo-inverse. The space of images has 784 directions. **Predict** how many of
# them are lost. Which way back is better?

# %%
my_lost = None                                            # a number between 0 and 784

# %%
blur = np.outer([1, 3, 3, 1], [1, 3, 3, 1])[..., None, None] / 64
C = matrix_of(lambda x: tg.conv2d(x, blur, 2, 1), 28, 28, 1)
inverse = np.linalg.pinv(C)


def back_again(digit):
    """The small image, and two reconstructions: by the transpose and by the pseudo-inverse."""
    down = tg.conv2d(digit, blur, 2, 1)
    return down, tg.conv_transpose2d(down, blur, 2, 1), (inverse @ down.ravel()).reshape(digit.shape)


def distance(image, guess):
    return np.linalg.norm(image - guess) / np.linalg.norm(image)


# %% tags=["hide-input"]
# Draws a digit, the small one, and the two ways back.
def draw_inverse(digit):
    down, up, best = back_again(digit)
    show_all({"$x$": digit, "$C x$: 14 x 14": down, rf"$C^\top C x$: distance {distance(digit, up):.2f}": up,
              f"the best guess: distance {distance(digit, best):.2f}": best}, (9, 2.5), cmap="gray")


# %% tags=["hide-output"]
# picture: 04-inverse.png
rank = np.linalg.matrix_rank(C)
compare("directions lost", my_lost, C.shape[1] - rank)
draw_inverse(digit)
down, up, best = back_again(digit)
check("C has 196 rows, so its rank is at most 196", C.shape == (196, 784) and rank <= 196, rank)
check("the best guess is nearer to the digit than the transpose's picture", distance(digit, best) < distance(digit, up))
x = tg.Tensor(digit, requires_grad=True)
[g] = tg.grad(tg.sum(tg.conv2d(x, blur, 2, 1) * down), [x])
check("the transpose is the pull-back of the convolution", np.allclose(g.numpy(), up))

# %% [markdown]
# <details><summary>Answer</summary>
#
# At least 784 - 196 = 588: three quarters are lost, and neither way restores them. The transpose sends each number back
# to the pixels that it came from, with the same weights. The last line checks that this is the pull-back of lecture 03.
#
# </details>
#
# **Change** the digit to an image of random noise, `rng.normal(size=(1, 28, 28, 1))`. What happens to the distance of
# the best guess?

# %% tags=["hide-output"]
draw_inverse(digits[2:3])

# %% [markdown]
# ## Checkerboards
#
# A transposed convolution adds kernels to the output, at distances of `stride`; they add up where they overlap. Input
# and kernel are all ones here, so the picture shows *how often* each pixel is covered. **Predict** which kernel sizes
# from 2 to 6 give a uniform grey with stride 2.

# %%
my_uniform = None                                         # a list of sizes, for instance [2, 3]


# %%
def cover(kernel, stride):
    """How often each pixel is covered, far from the border."""
    ones = np.ones((1, 14, 14, 1)), np.ones((kernel, kernel, 1, 1))
    return tg.conv_transpose2d(*ones, stride, kernel // 2)[0, 6:12, 6:12, 0]


# %% tags=["hide-output"]
# picture: 04-checkerboards.png
covers = {size: cover(size, 2) for size in (2, 3, 4, 5, 6)}
uniform = [size for size, times in covers.items() if np.ptp(times) == 0]
compare("uniform for", my_uniform, uniform)
show_all({f"kernel {size}, stride 2": times for size, times in covers.items()}, (10, 2.3), numbers=True, cmap="gray",
         vmin=0, vmax=9)
check("even kernels give a uniform grey, odd ones do not", uniform == [2, 4, 6], uniform)

# %% [markdown]
# <details><summary>Answer</summary>
#
# 2, 4 and 6: the size has to be a multiple of the stride.
#
# </details>
#
# **Change** the stride with the slider. Which kernels are uniform with stride 3? With stride 4?

# %% tags=["hide-input"]
# Draws the cover of one kernel.
def draw_cover(kernel=4, stride=3):
    show_all({f"kernel {kernel}, stride {stride}": cover(kernel, stride)}, (2.4, 2.5), numbers=True, cmap="gray",
             vmin=0, vmax=9)


# %%
slider(draw_cover, kernel=(1, 8, 1), stride=(1, 4, 1))

# %% [markdown]
# Real weights are not ones. Below, random kernels on a constant image of 32 channels. **Predict:** is the output of a
# kernel of 4 still uniform? And if we double the image first and convolve afterwards (`upsample`)?

# %%
my_evenness = None                                        # [kernel 4, doubled first]: two times True or False


# %%
def unevenness(picture):
    """The relative deviation of the means of the four classes of pixels (even or odd row and column)."""
    inside = picture[:, 4:-4, 4:-4]
    means = [inside[:, i::2, j::2].mean() for i, j in np.ndindex(2, 2)]
    return np.std(means) / abs(inside).mean()


constant = np.ones((1, 10, 10, 32))
ways = {"transposed, kernel 3": lambda w: tg.conv_transpose2d(constant, w[:3, :3], 2, 1, 1),
        "transposed, kernel 4": lambda w: tg.conv_transpose2d(constant, w, 2, 1),
        "doubled, then kernel 3": lambda w: tg.conv2d(tg.upsample(constant), w[:3, :3].swapaxes(2, 3), 1, 1)}


def random_kernels(mean):
    """Each way for 200 random kernels: its first picture, and its mean unevenness."""
    rng = np.random.default_rng(1)
    tries = {name: [way(rng.normal(mean, 0.1, (4, 4, 1, 32))) for _ in range(200)] for name, way in ways.items()}
    uneven = {name: np.mean([unevenness(picture) for picture in t]) for name, t in tries.items()}
    return {name: t[0] for name, t in tries.items()}, uneven


# %% tags=["hide-input"]
# Draws one picture of each way, and the bars.
def draw_random_kernels(pictures, uneven):
    _, (*panels, bars) = plt.subplots(1, 4, figsize=(9.5, 2.6), width_ratios=(1, 1, 1, 1.2))
    for panel, (name, picture) in zip(panels, pictures.items()):
        show(panel, picture, name, cmap="gray")
    bars.barh(["3", "4", "doubled"], uneven.values(), color=FAKE)
    bars.set_title("unevenness, mean of 200", fontsize=9)
    bars.set_xlim(0, 1)
    bars.invert_yaxis()


# %% tags=["hide-output"]
pictures, uneven = random_kernels(mean=0.05)
compare("uniform", my_evenness, [uneven["transposed, kernel 4"] < 1e-9, uneven["doubled, then kernel 3"] < 1e-9])
draw_random_kernels(pictures, uneven)
three, four, doubled = uneven.values()
check("only doubling first is uniform (up to 1e-12); a kernel of 4 is less uneven than a kernel of 3",
      doubled < 1e-12 < four < three, uneven)

# %% [markdown]
# <details><summary>Answer</summary>
#
# A kernel whose size is a multiple of the stride *can* be even, if training finds such weights. Doubling first *is*
# even for all weights.
#
# </details>
#
# **Change** the mean of the random weights to 0.5: to what do the three bars tend if the mean is large?

# %% tags=["hide-output"]
draw_random_kernels(*random_kernels(mean=0.05))

# %% [markdown]
# The pull-back of the discriminator is a transposed convolution too. **Predict** for a convolution with kernel 3 and
# stride 2: how large is the gradient at the pixels that feel it least, divided by that at the pixels that feel it most?

# %%
my_ratio = None                                           # a number between 0 and 1


# %%
def gradient_size(kernel_size, times=300):
    """The root mean square of the gradient at each pixel, over random images and discriminators."""
    rng, total = np.random.default_rng(2), np.zeros((16, 16))
    for _ in range(times):
        x = tg.Tensor(rng.normal(size=(1, 16, 16, 1)), requires_grad=True)
        weights = rng.normal(size=(kernel_size, kernel_size, 1, 8))
        [g] = tg.grad(tg.sum(tg.leaky_relu(tg.conv2d(x, weights, 2, 1), 0.2) * rng.normal(size=8)), [x])
        total += g.numpy()[0, ..., 0] ** 2
    return np.sqrt(total / times)


def ratio(picture):
    """The smallest mean of the four classes of pixels over the largest."""
    means = [picture[4:-4, 4:-4][i::2, j::2].mean() for i, j in np.ndindex(2, 2)]
    return min(means) / max(means)


# %% tags=["hide-output"]
felt = {size: gradient_size(size) for size in (3, 4)}
compare("least over most", my_ratio, ratio(felt[3]))
show_all({f"kernel {size}, stride 2": picture for size, picture in felt.items()}, (5, 2.4), cmap="gray", vmin=0)
check("the ratio is 1/2 for kernel 3 (within .1)", abs(ratio(felt[3]) - 0.5) < 0.1, ratio(felt[3]))
check("and nearly 1 for kernel 4 (above .85)", ratio(felt[4]) > 0.85, ratio(felt[4]))

# %% [markdown]
# <details><summary>Answer</summary>
#
# One half. With kernel 3, one pixel in four receives one weight of the kernel and another receives four; the variance
# of a sum of four is four times as large. The generator learns from this gradient.
#
# </details>
#
# **Change** the kernel size to 5. Is it nearer to 3 or to 4?

# %% tags=["hide-output"]
show_all({"your kernel": gradient_size(kernel_size=4)}, (2.4, 2.4), cmap="gray", vmin=0);

# %% [markdown]
# ## Batch normalisation
#
# (`batch-norm`) gives each channel the mean 0 and the deviation 1, then a weight and a bias. Here is the reason to use
# it: ten dense layers of 100 units with ReLU, and DCGAN's small initial weights, $N(0, 0.02^2)$. An input has the
# root mean square 1. **Predict** the size of the signal after the tenth layer, without batch normalisation.

# %%
my_signal = None                                          # for instance 1e-2

# %%
def signal(width, normalised):
    """The root mean square after each of ten layers whose weights are N(0, width^2)."""
    rng = np.random.default_rng(3)
    h, found = tg.Tensor(rng.normal(size=(64, 100))), []
    for _ in range(10):
        h = nn.Dense(100, 100, rng=rng, initial=nn.initial.normal(width)).astype(np.float64)(h)
        h = tg.relu(nn.BatchNorm(100).astype(np.float64)(h) if normalised else h)
        found.append(np.sqrt(np.mean(h.numpy() ** 2)))
    return found


# %% tags=["hide-input"]
# Draws the size of the signal, layer by layer, with and without batch normalisation.
def draw_signal(width=0.02, yours=None):
    _, axes = plt.subplots(figsize=(5, 2.6))
    for normalised, colour, label in ((False, FAKE, "plain"), (True, D_BLUE, "with batch norm")):
        axes.semilogy(range(1, 11), signal(width, normalised), "o-", color=colour, label=label)
    mark(axes, y=yours)
    axes.set(xlabel="layer", ylabel="size of the signal", title=f"weights of width {width:g}")
    axes.legend()


# %% tags=["hide-output"]
# picture: 04-signal.png
plain, normalised = signal(0.02, False), signal(0.02, True)
compare("size after layer 10", my_signal, plain[-1])
draw_signal(0.02, my_signal)
check("without batch norm, less than 1e-6 is left", plain[-1] < 1e-6, plain[-1])
check("with batch norm, the size stays between .5 and 1", 0.5 < normalised[-1] < 1, normalised[-1])

# %% [markdown]
# <details><summary>Answer</summary>
#
# Each layer multiplies the size by about $0.02 \sqrt{100 / 2} = 0.14$: ten of them leave $3 \cdot 10^{-9}$. (Note the
# scale of the axis.)
#
# </details>
#
# **Change** the width of the weights with the slider. At which width is the plain line flat, without any normalisation?

# %% tags=["hide-output"]
slider(lambda width=0.02: draw_signal(width), width=(0.02, 0.3, 0.02))

# %% [markdown]
# ## The gradient of batch normalisation
#
# The lecture derives $\bar x = \frac{1}{s} \bigl( g - \operatorname{mean}(g) - \hat x \operatorname{mean}(g \hat x)
# \bigr)$. We take a batch of twelve numbers, and a cotangent $g$. **Predict** the sum of the gradients of the twelve.

# %%
my_sum = None                                             # a number

# %%
rng = np.random.default_rng(4)
x, g = np.sort(rng.normal(2, 3, (12, 1)), 0), rng.normal(0.7, 1, (12, 1)) + np.linspace(-1, 1, 12)[:, None]
s = np.sqrt(x.var() + 1e-5)
hat = (x - x.mean()) / s


def formula(g):
    return (g - g.mean() - hat * np.mean(g * hat)) / s


def from_tape(g):
    layer, t = nn.BatchNorm(1).astype(np.float64), tg.Tensor(x, requires_grad=True)
    return tg.grad(tg.sum(layer(t) * g), [t])[0].numpy()


# %% tags=["hide-input"]
# Draws the cotangent and the gradient, and two sums of each.
def draw_gradient(g):
    tape, at = from_tape(g), np.arange(12)
    _, (left, right) = plt.subplots(1, 2, figsize=(9, 2.4), width_ratios=(2, 1))
    left.bar(at - 0.2, g[:, 0], 0.4, color="#c8c8c8", label="cotangent $g$ of the output")
    left.bar(at + 0.2, tape[:, 0], 0.4, color=D_BLUE, label=r"$\bar x$, from the tape")
    left.plot(at + 0.2, formula(g)[:, 0], ".", color="black", label="the formula")
    left.axhline(0, color="black", linewidth=0.6)
    left.legend(fontsize=7, loc="upper left")
    left.set(xticks=[], ylim=(-2, 4.2), xlabel="the batch, in order of $x$")
    right.barh(np.arange(2) - 0.2, [g.sum(), np.sum(g * hat)], 0.4, color="#c8c8c8")
    right.barh(np.arange(2) + 0.2, [tape.sum(), np.sum(tape * hat)], 0.4, color=D_BLUE)
    right.set_yticks(range(2), ["sum", r"inner product with $\hat x$"])
    right.invert_yaxis()


# %% tags=["hide-output"]
tape = from_tape(g)
compare("sum", my_sum, round(abs(tape.sum()), 9))
draw_gradient(g)
check("the tape agrees with the formula", np.allclose(tape, formula(g)))
check("the gradients add up to 0 (within 1e-12)", abs(tape.sum()) < 1e-12, tape.sum())
check("their inner product with the normalised batch is 0 (within 1e-4: eps)", abs(np.sum(tape * hat)) < 1e-4)

# %% [markdown]
# <details><summary>Answer</summary>
#
# Zero. Two blue bars on the right are missing: a shift or a scaling of the whole batch does not change the output, so
# the gradient has no component in these directions.
#
# </details>
#
# **Change** the cotangent to ones, `np.ones((12, 1))`. Would a gradient check with this cotangent (lecture 03) find a
# wrong rule?

# %% tags=["hide-output"]
draw_gradient(g)

# %% [markdown]
# ## Batch normalisation makes examples depend on each other
#
# In training mode, the output of a layer for an example depends on the others in the batch. We put one fixed example
# into 300 random batches, and look at the deviation of its output. **Predict:** by which factor is it smaller in
# batches of 64 than in batches of 4? And after `eval()`?

# %%
my_factor = None                                          # a number: 4 means four times smaller

# %%
layer = nn.BatchNorm(1).astype(np.float64)


def outputs(n):
    """The layer's output for x = 1, in 300 batches of n."""
    rng = np.random.default_rng(5)
    return np.array([layer(tg.Tensor(np.concatenate([[[1.0]], rng.normal(size=(n - 1, 1))]))).numpy()[0, 0]
                     for _ in range(300)])


# %% tags=["hide-input"]
# Draws the outputs as clouds, one above the other.
def draw_clouds(clouds):
    _, axes = plt.subplots(figsize=(6, 0.5 * len(clouds) + 0.7))
    height = np.random.default_rng(0).uniform(-0.3, 0.3, 300)
    for i, cloud in enumerate(clouds.values()):
        axes.plot(cloud, i + height, ".", color=D_BLUE, markersize=3, alpha=0.5)
    axes.set_yticks(range(len(clouds)), clouds)
    axes.set(xlabel="output of the layer for $x = 1$", xlim=(-1.2, 2.6))


# %% tags=["hide-output"]
clouds = {f"batch of {n}": outputs(n) for n in (4, 16, 64)}
layer.eval()
clouds["eval()"] = outputs(16)
layer.train()
widths = [cloud.std() for cloud in clouds.values()]
compare("factor", my_factor, widths[0] / widths[2])
draw_clouds(clouds)
check("the larger the batch, the smaller the deviation", widths[0] > widths[1] > widths[2], widths)
check("after eval() the output does not depend on the batch", np.ptp(clouds["eval()"]) == 0, widths[3])

# %% [markdown]
# <details><summary>Answer</summary>
#
# Between 3 and 4: mean and deviation of a large batch have errors of the order $1 / \sqrt n$. After `eval()` the layer
# uses its running averages, and the deviation is 0.
#
# </details>
#
# Therefore a discriminator with batch norm gets real and fake examples in separate batches. In a mixed batch, the other
# examples could reveal whether an example is real. **Change** the size of the batch to 2: which outputs are possible,
# and why?

# %% tags=["hide-output"]
draw_clouds({"your batch": outputs(n=8)})

# %% [markdown]
# ## The two players
#
# The picture shows the library's DCGAN for digits. Each box is the output of a layer: its height is that of the image,
# its width shows the number of channels (on a square-root scale). **Predict** which of the two players has more
# parameters: $D$ begins with an image of 28 x 28 and ends with one logit, $G$ begins with 64 numbers of noise and ends
# with an image.

# %%
my_larger = None                                          # "G" or "D"


# %%
def shapes(network, *shape):
    """The shape after each layer that changes it, from an input of that shape."""
    x = tg.Tensor(np.zeros((2, *shape), np.float32))
    seen = [x.shape[1:]]
    with tg.no_grad():
        for layer in network.layers:
            x = layer(x)
            if x.shape[1:] != seen[-1]:
                seen.append(x.shape[1:])
    return seen


# %% tags=["hide-input"]
# Draws the shapes of the two players as boxes.
def draw_players(image=(28, 28, 1), noise=64, width=32):
    g, d = dcgan.networks(image, noise, np.random.default_rng(0), width=width)
    _, panels = plt.subplots(2, 1, figsize=(8, 4.6))
    for panel, network, begin, colour, name in ((panels[0], d, image, D_BLUE, "$D$: classifies"),
                                                (panels[1], g, (noise,), FAKE, "$G$: draws")):
        left = 0.0
        for shape in shapes(network, *begin):
            high, wide = ((shape[0] / image[0], np.sqrt(shape[-1]) / 8) if len(shape) == 3 else
                          (np.sqrt(shape[0]) / 56, 0.12))
            panel.add_patch(plt.Rectangle((left, -high / 2), wide, high, alpha=0.35, color=colour))
            panel.text(left + wide / 2, -0.72, " x ".join(map(str, shape)), ha="center", fontsize=8)
            left += wide + 0.75
        panel.set(xlim=(-0.5, max(6.2, left)), ylim=(-0.85, 0.6),
                  title=f"{name}, {network.theta.size:,} parameters")
        panel.axis("off")


# %% tags=["hide-output"]
# picture: 04-players.png
G, D = dcgan.networks((28, 28, 1), 64, rng)
compare("more parameters", my_larger, "G" if G.theta.size > D.theta.size else "D")
draw_players()
down, up = shapes(D, 28, 28, 1), shapes(G, 64)
check("D halves the image twice", down[:3] == [(28, 28, 1), (14, 14, 32), (7, 7, 64)], down)
check("G doubles it twice", up[-3:] == [(7, 7, 64), (14, 14, 32), (28, 28, 1)], up)

# %% [markdown]
# <details><summary>Answer</summary>
#
# $G$: its dense layer from noise to 7 x 7 x 64 has 200,704 weights. Apart from that, each is the mirror image of the
# other: a convolution in $D$ corresponds to a transposed convolution in $G$, and the backward pass of each has the form
# of the other.
#
# </details>
#
# **Change** the image to `(32, 32, 3)` and the width to 64: the players for pictures in colour.

# %% tags=["hide-output"]
draw_players(image=(28, 28, 1), width=32)

# %% [markdown]
# Next: [05, the game's objective](05-objective.ipynb).
