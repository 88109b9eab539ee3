# %% [markdown]
# # Assignment 05: normalisation without the batch
#
# Batch normalisation (`batch-norm`, lecture 04) makes the examples of a batch depend on one another: a discriminator
# with batch normalisation judges a *group* of images, not one image, and a dense layer with it cannot be trained on a
# batch of one. Here you write the three best known alternatives. Two take their mean and variance within one example;
# the third does not change the activations and normalises the *weights*.
#
# **You will learn** to name the axes of a statistic, and to recognise them from a property alone; to write a layer
# whose gradients are right, also of the second order (a gradient penalty passes through the discriminator's
# normalisation); and the effect of learning a vector's length and its direction separately.
#
# | task | points | time | equations |
# |---|---|---|---|
# | 1 `group_norm`, a function | 6 | 35 min | `group-norm`; compare `batch-norm` |
# | 2 `InstanceNorm`, a layer | 5 | 25 min | `instance-norm`; compare `adain` |
# | 3 `weight_norm`, of any kernel | 5 | 25 min | `weight-norm`; compare `spectral-norm` |
# | 4 `weight_norm_start`, its initial values | 4 | 25 min | `weight-norm-start` |
#
# Before you begin: lectures 03 and 04. Images are channels-last, $(n, h, w, c)$. Use tinygan's operations (`tg.mean`,
# `tg.sqrt`, `reshape`, ...), and never `.data` or `.numpy()` on the way from input to output: they cut the derivative.
# Only the cells for your answers are graded, and each task is graded separately: a task may not call your code for
# another task, and a helper belongs in the same cell. The grader's checks have other shapes, other numbers, float64 and
# float32. **A good answer** is three to six lines, one formula per line, with the names of the formula.

# %% nbgrader={"grade_id": "setup"}
import numpy as np

import tinygan as tg
from tinygan import nn
from tinygan.grading import public

# %% [markdown]
# ## 1 Group normalisation (6 points)
#
# The channels of each image are divided into `groups` equal parts of neighbouring channels. The values $x_i$ of **one
# group of one image**, over all its pixels, $m = h \, w \, c / \text{groups}$ of them, get mean 0 and variance 1; then
# each *channel* has its own scale $\gamma$ and shift $\beta$:
#
# $$ \mu = \frac1m \sum_i x_i , \qquad v = \frac1m \sum_i (x_i - \mu)^2 , \qquad
# y_i = \gamma\, \frac{x_i - \mu}{\sqrt{v + \varepsilon}} + \beta \qquad \text{(group-norm)} $$
#
# With one group this is layer normalisation over the whole image; with a group for each channel, the instance
# normalisation of task 2 (Wu & He 2018). No image influences another image.
#
# *Think first:* in which order does `reshape` arrange the channels, so that a group contains *neighbours*? Over which
# axes do you then take the mean?

# %% nbgrader={"grade_id": "group-norm-answer", "solution": true}
def group_norm(x, weight, bias, groups, eps=1e-5):
    """Group normalisation (`group-norm`) of images x (n, h, w, c).

    weight, bias: gamma and beta, (c,). groups: the number of groups, a divisor of c; a group holds adjacent channels.
    Returns a Tensor of the shape of x.
    """
    ### BEGIN SOLUTION
    n, h, w, c = x.shape
    parts = x.reshape((n, h, w, groups, c // groups))
    distance = parts - tg.mean(parts, axis=(1, 2, 4), keepdims=True)
    variance = tg.mean(distance * distance, axis=(1, 2, 4), keepdims=True)
    return (distance / tg.sqrt(variance + eps)).reshape(x.shape) * weight + bias
    ### END SOLUTION


# %% nbgrader={"grade_id": "group-norm", "grade": true, "points": 6}
def check_group_norm(f, case):
    """Groups of mean 0 and variance 1, of each image alone; a scale and a shift a channel; both derivatives."""
    c, groups, eps = case.shape[-1], case.groups, case.eps
    x, weight, bias = 2 * case.normal() + 1, case.normal((c,)), case.normal((c,))
    options = dict(groups=groups) if eps == 1e-5 else dict(groups=groups, eps=eps)
    plain = case.call(f, x, np.ones_like(weight), np.zeros_like(bias), **options)
    case.require(plain.shape == x.shape, f"x {x.shape} gives {plain.shape}, expected the same shape", "group-norm")
    case.close(case.call(f, x[:1], np.ones_like(weight), np.zeros_like(bias), **options), plain[:1],
               "the first image, given alone, against itself in the batch (no image may see another)", "group-norm")
    for k in range(0, c, c // groups):
        group, y = x[..., k:k + c // groups], plain[..., k:k + c // groups]
        where, variance = f"of channels {k} to {k + c // groups - 1}, a group, in each image", group.var((1, 2, 3))
        case.close(y.mean((1, 2, 3)), 0 * variance, f"the mean {where}", "group-norm")
        case.close(y.var((1, 2, 3)), variance / (variance + eps), f"the variance {where}", "group-norm")
    case.close(case.value(f, x, weight, bias, slug="group-norm", **options), plain * weight + bias,
               "with a scale and a shift for each channel", "group-norm")
    case.close(case.call(f, 0 * x + 3, weight, bias, **options), 0 * x + bias, "the value of images of one grey",
               "group-norm", 1e-2 if case.dtype == "float32" else None)  # the mean may be rounded, and is enlarged
    case.gradients(f, *map(np.float64, (x, weight)), np.float64(bias) + 1e12, slug="group-norm", **options)
    case.derivatives(f, x, weight, bias, slug="group-norm", **options)


public(check_group_norm, group_norm, dict(shape=(2, 3, 3, 6), groups=2, eps=1e-5),
       dict(shape=(2, 2, 2, 4), groups=4, eps=0.1))
### BEGIN HIDDEN TESTS
hidden(check_group_norm, group_norm, dict(shape=(1, 4, 3, 6), groups=3, eps=1e-5),
       dict(shape=(3, 2, 1, 4), groups=1, eps=0.5), dict(shape=(2, 1, 1, 8), groups=2, eps=1e-3),
       dict(shape=(3, 2, 5, 6), groups=2, eps=1e-5, dtype="float32"))
### END HIDDEN TESTS

# %% [markdown]
# ## 2 Instance normalisation, a layer (5 points)
#
# Now one *channel* of one example has mean 0 and variance 1, over its pixels $p$. In an image this removes the
# contrast. For this reason it was introduced in style transfer (Ulyanov et al. 2016), and (`adain`) still uses it:
#
# $$ y_{n p c} = \gamma_c\, \frac{x_{n p c} - \mu_{n c}}{\sqrt{v_{n c} + \varepsilon}} + \beta_c \qquad
# \text{(instance-norm)} $$
#
# Write it as a `Module`. It should take images $(n, h, w, c)$ and sequences $(n, t, c)$ alike: the statistics are over
# *all axes but the first and the last*. A layer's parameters are `nn.Parameter`s of float32, set in `__init__`, weight
# before bias; a new layer only normalises, with $\gamma = 1$ and $\beta = 0$. It keeps no running statistics, so
# `eval()` changes nothing.

# %% nbgrader={"grade_id": "instance-norm-answer", "solution": true}
class InstanceNorm(nn.Module):
    """Instance normalisation (`instance-norm`) of x (n, ..., c), over all axes but the first and the last.

    weight, bias: gamma and beta, Parameters (channels,), float32, at first 1 and 0.
    """

    def __init__(self, channels, eps=1e-5):
        ### BEGIN SOLUTION
        self.eps = eps
        self.weight = nn.Parameter(np.ones(channels, np.float32))
        self.bias = nn.Parameter(np.zeros(channels, np.float32))
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        pixels = tuple(range(1, x.ndim - 1))
        distance = x - tg.mean(x, axis=pixels, keepdims=True)
        variance = tg.mean(distance * distance, axis=pixels, keepdims=True)
        return distance / tg.sqrt(variance + self.eps) * self.weight + self.bias
        ### END SOLUTION


# %% nbgrader={"grade_id": "instance-norm-at"}
def instance_norm(x, *theta, **options):
    """The output of a new InstanceNorm for x, with the parameters theta (default: its initial parameters)."""
    layer = InstanceNorm(x.shape[-1], **options)
    if layer.theta.dtype != np.float32 or layer.theta.size != 2 * x.shape[-1]:
        raise TypeError(f"theta of a new layer is {layer.theta.size} numbers of {layer.theta.dtype}, expected weight "
                        f"and bias of {x.shape[-1]} numbers each, float32")
    layer.eval()
    with layer.with_parameters(theta or layer.parameters()):
        return layer(x)


# %% nbgrader={"grade_id": "instance-norm", "grade": true, "points": 5}
def check_instance_norm(f, case):
    """Channels of mean 0 and variance 1, of each example alone, at first; then scale and shift; both derivatives."""
    c, pixels, eps = case.shape[-1], tuple(range(1, len(case.shape) - 1)), case.eps
    x, weight, bias = 2 * case.normal() + 1, case.normal((c,)), case.normal((c,))
    options = {} if eps == 1e-5 else dict(eps=eps)
    plain, variance = case.call(f, x, **options), x.var(pixels)
    case.require(plain.shape == x.shape, f"x {x.shape} gives {plain.shape}, expected the same shape", "instance-norm")
    case.close(case.call(f, x[:1], **options), plain[:1],
               "the first example, given alone, against itself in the batch (none may see another)", "instance-norm")
    case.close(plain.mean(pixels), 0 * variance, "the mean of each channel of a new layer's value", "instance-norm")
    case.close(plain.var(pixels), variance / (variance + eps), "the variance of each channel of it", "instance-norm")
    case.close(case.value(f, x, weight, bias, slug="instance-norm", **options), plain * weight + bias,
               "with other parameters, weight before bias", "instance-norm")
    case.close(case.call(f, 0 * x + 3, weight, bias, **options), 0 * x + bias, "the value of channels of one number",
               "instance-norm", 1e-2 if case.dtype == "float32" else None)  # the mean may be rounded, and is enlarged
    case.derivatives(f, x, weight, bias, slug="instance-norm", **options)
    case.gradients(f, *map(np.float64, (x, weight)), np.float64(bias) + 1e12, slug="instance-norm", **options)


public(check_instance_norm, instance_norm, dict(shape=(2, 3, 3, 2), eps=1e-5), dict(shape=(2, 4, 3), eps=0.1))
### BEGIN HIDDEN TESTS
hidden(check_instance_norm, instance_norm, dict(shape=(1, 4, 2, 3), eps=1e-3), dict(shape=(3, 5, 1), eps=1e-5),
       dict(shape=(2, 2, 3, 2, 2), eps=0.5), dict(shape=(3, 2, 4, 5), eps=1e-5, dtype="float32"))
### END HIDDEN TESTS

# %% [markdown]
# ## 3 Weight normalisation (5 points)
#
# Salimans & Kingma (2016) do not change the activations. For each output $k$ of a layer, its weights $w_k$ are a vector
# with a length $g_k$ and a direction; these two are learned separately:
#
# $$ w_k = g_k\, \frac{v_k}{\lVert v_k \rVert} \qquad \text{(weight-norm)} $$
#
# The length of $v_k$ no longer matters, so the gradient has no component along $v_k$: **it is perpendicular to $v_k$**.
# A step of ascent can only make $v_k$ longer (Pythagoras), and then the following steps turn it less: the layer slows
# itself down. (`spectral-norm` divides by one number for the whole matrix; here there is one number for each output,
# and it is differentiated completely.)
#
# The last axis of $v$ is the axis of the outputs; the norm is over **all other axes**, so that the function works for a
# dense layer, $(\text{in}, \text{out})$, and a convolution, $(k_h, k_w, \text{in}, \text{out})$.

# %% nbgrader={"grade_id": "weight-norm-answer", "solution": true}
def weight_norm(v, g):
    """The weights w_k = g_k v_k / |v_k| (`weight-norm`).

    v: (..., outputs), dense or a kernel of any number of axes; g: (outputs,). Returns a Tensor of the shape of v.
    """
    ### BEGIN SOLUTION
    square = tg.sum(v * v, axis=tuple(range(v.ndim - 1)))
    return v * (g / tg.sqrt(square))
    ### END SOLUTION


# %% nbgrader={"grade_id": "weight-norm", "grade": true, "points": 5}
def check_weight_norm(f, case):
    """The length of each output's weights; v's length does not matter; the slope across v; both derivatives."""
    v, g = case.normal(), case.normal(case.shape[-1:])
    v += np.copysign(v.dtype.type(0.1), v)  # away from 0, where rounding is enlarged
    others = tuple(range(v.ndim - 1))
    w = case.call(f, v, g)
    case.require(w.shape == v.shape, f"v {v.shape} gives {w.shape}, expected the same shape", "weight-norm")
    case.close(np.sqrt((w * w).sum(others)), abs(g), "the length of the weights to each output", "weight-norm")
    case.close(case.call(f, 3 * v, g), w, "with v three times as long, which should change nothing", "weight-norm")
    case.value(f, v, g, expected=g * v / np.sqrt((v * v).sum(others)), slug="weight-norm")
    if case.dtype == "float64":
        leaf = tg.Tensor(v, requires_grad=True)
        [slope] = tg.grad(tg.sum(f(leaf, tg.Tensor(g)) * case.normal()), [leaf])
        case.close((slope.numpy() * v).sum(others), 0 * g,
                   "the slope along v, for each output (it should be perpendicular to v)", "weight-norm")
    case.derivatives(f, v, g, slug="weight-norm")
    case.gradients(f, np.float64(v), np.float64(g), slug="weight-norm")


public(check_weight_norm, weight_norm, dict(shape=(4, 3)), dict(shape=(2, 2, 3, 2)))
### BEGIN HIDDEN TESTS
hidden(check_weight_norm, weight_norm, dict(shape=(1, 4)), dict(shape=(5, 1)), dict(shape=(3, 1, 2, 4)),
       dict(shape=(6, 2), dtype="float32"))
### END HIDDEN TESTS

# %% [markdown]
# ## 4 Initial values from data (4 points)
#
# What are good initial values of $g$ and of the bias $b$? Give the layer one batch $x$ $(n, \text{in})$ and choose them
# such that its outputs on *this batch* have mean 0 and variance 1. Batch normalisation does this in every step; weight
# normalisation does it once, and after that no example depends on another. With $t_k = x \cdot v_k / \lVert v_k
# \rVert$:
#
# $$ g_k = \frac{1}{\sigma[t_k]} , \qquad b_k = - \frac{\mu[t_k]}{\sigma[t_k]} \qquad \text{(weight-norm-start)} $$
#
# $\mu$ and $\sigma$ are the mean and the standard deviation over the batch (the variance divided by $n$). Return both
# as the rows of one array, with `tg.stack`. No $\varepsilon$ is needed.
#
# *Think:* how does $g$ change when the batch is shifted? How does it change when $v$ is twice as long? Test your answer
# in both cases.

# %% nbgrader={"grade_id": "weight-norm-start-answer", "solution": true}
def weight_norm_start(v, x):
    """The first g and b of a dense layer with weight normalisation (`weight-norm-start`): rows of (2, outputs).

    v: (inputs, outputs); x: a batch (n, inputs). With them the outputs x @ (g v / |v|) + b have mean 0 and variance 1.
    """
    ### BEGIN SOLUTION
    t = x @ (v / tg.sqrt(tg.sum(v * v, axis=0)))
    centre = tg.mean(t, axis=0)
    g = 1 / tg.sqrt(tg.mean((t - centre) ** 2, axis=0))
    return tg.stack([g, -centre * g])
    ### END SOLUTION


# %% nbgrader={"grade_id": "weight-norm-start", "grade": true, "points": 4}
def check_weight_norm_start(f, case):
    """With this g and b the outputs have mean 0 and variance 1 on the batch; g is positive."""
    n, inputs, outputs = case.sizes
    v, x = 2 * case.normal((inputs, outputs)), 3 * case.normal((n, inputs)) + case.normal((inputs,))
    found = case.call(f, v, x)
    case.require(found.shape == (2, outputs), f"found shape {found.shape}, expected rows g and b, {(2, outputs)}",
                 "weight-norm-start")
    g, b = found
    y = x @ (g * v / np.sqrt((v * v).sum(0))) + b
    case.require((g > 0).all(), f"g is {g}, expected positive numbers", "weight-norm-start")
    case.close(y.var(0), np.ones(outputs), "the variance of each output on the batch", "weight-norm-start")
    case.close(y.mean(0), np.zeros(outputs), "the mean of each output on the batch", "weight-norm-start")
    case.value(f, v, x, slug="weight-norm-start")


public(check_weight_norm_start, weight_norm_start, dict(sizes=(6, 4, 3)), dict(sizes=(5, 2, 2)))
### BEGIN HIDDEN TESTS
hidden(check_weight_norm_start, weight_norm_start, dict(sizes=(2, 5, 4)), dict(sizes=(40, 1, 3)),
       dict(sizes=(9, 7, 1)), dict(sizes=(20, 3, 2), dtype="float32"))
### END HIDDEN TESTS

# %% [markdown]
# ## Looking back
#
# You now know four normalisations that differ in *the numbers that share a statistic*. A useful question: which of them
# can you use in a discriminator that is trained with `gradient-penalty`, which needs the slope of $D$ at *one* example?
