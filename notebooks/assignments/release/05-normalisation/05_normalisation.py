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

import numpy as np

import tinygan as tg
from tinygan import nn
from tinygan.grading import public

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

# %% group-norm-answer
def group_norm(x, weight, bias, groups, eps=1e-5):
    """Group normalisation (`group-norm`) of images x (n, h, w, c).

    weight, bias: gamma and beta, (c,). groups: the number of groups, a divisor of c; a group holds adjacent channels.
    Returns a Tensor of the shape of x.
    """
    raise NotImplementedError("your answer")
# %%

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

# %% instance-norm-answer
class InstanceNorm(nn.Module):
    """Instance normalisation (`instance-norm`) of x (n, ..., c), over all axes but the first and the last.

    weight, bias: gamma and beta, Parameters (channels,), float32, at first 1 and 0.
    """

    def __init__(self, channels, eps=1e-5):
        raise NotImplementedError("your answer")

    def forward(self, x):
        raise NotImplementedError("your answer")
# %%

def instance_norm(x, *theta, **options):
    """The output of a new InstanceNorm for x, with the parameters theta (default: its initial parameters)."""
    layer = InstanceNorm(x.shape[-1], **options)
    if layer.theta.dtype != np.float32 or layer.theta.size != 2 * x.shape[-1]:
        raise TypeError(f"theta of a new layer is {layer.theta.size} numbers of {layer.theta.dtype}, expected weight "
                        f"and bias of {x.shape[-1]} numbers each, float32")
    layer.eval()
    with layer.with_parameters(theta or layer.parameters()):
        return layer(x)

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

# %% weight-norm-answer
def weight_norm(v, g):
    """The weights w_k = g_k v_k / |v_k| (`weight-norm`).

    v: (..., outputs), dense or a kernel of any number of axes; g: (outputs,). Returns a Tensor of the shape of v.
    """
    raise NotImplementedError("your answer")
# %%

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

# %% weight-norm-start-answer
def weight_norm_start(v, x):
    """The first g and b of a dense layer with weight normalisation (`weight-norm-start`): rows of (2, outputs).

    v: (inputs, outputs); x: a batch (n, inputs). With them the outputs x @ (g v / |v|) + b have mean 0 and variance 1.
    """
    raise NotImplementedError("your answer")
# %%

# ## Looking back
#
# You now know four normalisations that differ in *the numbers that share a statistic*. A useful question: which of them
# can you use in a discriminator that is trained with `gradient-penalty`, which needs the slope of $D$ at *one* example?
