# # Assignment 02: a dense net and the cross-entropy
#
# You build the end of a discriminator: a dense layer with a learned non-linearity ([lecture
# 04](../../../../lectures/04-layers.md)), its objective, starting from (`cross-entropy`) ([lecture
# 05](../../../../lectures/05-objective.md)), and, by hand, the gradient that it ascends, (`d-gradient`) ([lecture
# 06](../../../../lectures/06-playing.md)).
#
# **You will be able to** write a layer as a module; distinguish (`cross-entropy`) from (`cross-entropy-split`), which
# differ by a factor of two; keep the logarithm of a probability finite at any logit; compute a gradient by hand for
# every weight of a network.
#
# **20 points, about two hours**: maxout 5, two groups in one batch 5, the gradient in the logits 4, through the net 6.
#
# **A good answer** is a few lines without a loop over examples, for any shape that the docstring allows: a batch of
# one, groups of different sizes. Tasks 1 and 2 compute on Tensors, with the library's functions; tasks 3 and 4 compute
# on arrays, in NumPy alone, because there you do the work of the tape: no function of tinygan, no finite differences.
#
# Only the cells marked for your answer are graded, and each task is graded separately: put a helper into the same
# cell. The visible checks use a few shapes; the grader uses other shapes and numbers.

import numpy as np

import tinygan as tg
from tinygan import nn
from tinygan.grading import on_arrays, public
from tinygan.objectives import value

# These helpers are for the checks: slopes by finite differences, your layer as a function of its parameters.
# `on_arrays` makes of your functions of arrays functions of Tensors. It passes arrays that cannot be written into, and
# refuses a function that calls tinygan or computes with complex numbers.

def slope(f, arrays, i, h=1e-5):
    """The central difference of f(*arrays) in each element of the i-th array (`central-difference`)."""
    def nudged(e):
        return f(*arrays[:i], arrays[i] + e, *arrays[i + 1:])
    nudges = h * np.eye(arrays[i].size).reshape(-1, *arrays[i].shape)
    return np.reshape([(nudged(e) - nudged(-e)) / (2 * h) for e in nudges], arrays[i].shape)


def with_parameters(Layer):
    """Wraps a layer as a function of its input and its parameters; with a seed it returns theta of a new layer."""
    def layer_of(x, weight, bias, seed=None):
        layer = Layer(x.shape[1], weight.shape[2], len(weight), rng=np.random.default_rng(seed))
        if seed is not None:
            if layer.theta.dtype != np.float32:
                raise TypeError(f"theta of a new layer is {layer.theta.dtype}, expected float32")
            return tg.Tensor(layer.theta.astype(x.dtype))
        with layer.with_parameters([weight, bias]):
            return layer(x)
    return layer_of

# ## 1. Maxout: a dense layer with a learned non-linearity (5 points, 30 minutes)
#
# The discriminators of the first GAN had no ReLU. Each of their outputs was the largest of $k$ dense ones (`dense`):
#
# $$ y_{nj} = \max_{p = 1 \dots k} \Bigl( \sum_i x_{ni}\, W_{pij} + b_{pj} \Bigr) $$
#
# With $k = 2$ and one of the two pieces at zero it is a ReLU; but here the kink is learned. Write it as a module with
# two parameters in this order: `weight` of shape `(pieces, inputs, outputs)`, drawn by `nn.initial.he` with `inputs`
# and `outputs` as its fan-in and fan-out, and `bias` of shape `(pieces, outputs)`, zero; both float32.
#
# *A good answer* is one product for all pieces (`@` broadcasts its leading axes) and one maximum. Each parameter gets
# its derivative; the derivative of a piece is zero for outputs where another piece is the largest.

# %% maxout-answer
class Maxout(nn.Module):
    """The largest of `pieces` dense layers, output by output (`dense`): (n, inputs) -> (n, outputs).

    weight (pieces, inputs, outputs), bias (pieces, outputs). rng: a numpy.random.Generator.
    """

    def __init__(self, inputs, outputs, pieces, *, rng):
        raise NotImplementedError("your answer")

    def forward(self, x):
        raise NotImplementedError("your answer")
# %%

# ## 2. Separate means for two groups in one batch (5 points, 30 minutes)
#
# A batch contains $N_r$ real examples (target 1) and $N_s$ synthetic ones (target 0), in any order. With one mean over
# all of them, (`cross-entropy`), the larger group has more weight. Give each group its own mean,
# (`cross-entropy-split`):
#
# $$ E = -\frac{1}{N_r} \sum_{t_n = 1} \log d_n - \frac{1}{N_s} \sum_{t_n = 0} \log (1 - d_n), \qquad
#    d_n = \sigma(a_n) $$
#
# A group without examples adds nothing. `target` is an array of zeros and ones, a constant; the logits $a_n$ are a
# Tensor, to be differentiated twice.
#
# *A good answer* is right at a logit of 1000 too, where $\log (1 - \sigma(1000))$ is $-1000$ and neither $-\infty$ nor
# NaN; then so is its gradient. A $D$ that cannot separate the groups, $d = \tfrac12$ for all, has the loss $2 \log 2$
# for every $N_r$ and $N_s$ (but $\log 2$ if a group is empty).

# %% balanced-answer
def balanced_cross_entropy(target, logits):
    """The cross-entropy with a separate mean for each group (`cross-entropy-split`); a scalar Tensor.

    target: an array of integers (n, 1), 1 for real and 0 for synthetic. logits: a Tensor (n, 1).
    """
    raise NotImplementedError("your answer")
# %%

# ## 3. The gradient with respect to the logits, by hand (4 points, 20 minutes)
#
# *One-sided label smoothing* uses the target $1 - s$ instead of 1 for real examples, so that $D$ gains nothing from
# full certainty:
#
# $$ V_s = \frac1m \sum_{i=1}^m \bigl[ (1 - s) \log D(x_i) + s \log (1 - D(x_i)) \bigr]
#        + \frac1n \sum_{j=1}^n \log \bigl(1 - D(G(z_j))\bigr) $$
#
# At $s = 0$ it is $V$ (`value`). Derive its gradient with respect to the logits of the $m$ real and of the $n$ fake
# examples, as lecture 06 does for (`d-gradient`), and write the result in NumPy, without `tg.grad`.
#
# *A good answer* is simple enough to show the aim of $D$ (at which value is the gradient of the real examples zero?),
# and is finite at any logit.

# %% smoothed-answer
def smoothed_d_gradient(real, fake, smoothing):
    """The gradient of V_s in the logits (`d-gradient`): two arrays of the shapes of real (m, 1) and fake (n, 1)."""
    raise NotImplementedError("your answer")
# %%

# ## 4. Through the network, one row per example (6 points, 40 minutes)
#
# The gradient that $D$ ascends (`d-gradient`) is
#
# $$ \nabla_{\theta_d} V = \frac1m \sum_i (1 - D(x_i))\, \nabla_{\theta_d} a(x_i)
#    - \frac1n \sum_j D(G(z_j))\, \nabla_{\theta_d} a(G(z_j)) : $$
#
# numbers like those of task 3, times the slopes of the logits with respect to every weight. Compute these slopes for
# the network
#
# $$ h = \tanh (x W_1 + b_1), \qquad a(x) = h W_2 + b_2 $$
#
# by the chain rule (`chain-rule`), in NumPy: one row per example, one column per parameter, in the order of `theta`:
# $W_1$, $b_1$, $W_2$, $b_2$, each in the order of `reshape(-1)`. `tg.grad` gives only the sum over the examples; the
# rows show the direction of each single example.
#
# *A good answer* has no loop: the slope with respect to $W_1$ is an outer product for each example, and broadcasting
# computes all of them at once. The check weights your rows by (`d-gradient`), and compares their sum with the tape.

# %% slopes-answer
def logit_slopes(x, w1, b1, w2, b2):
    """The gradient of each logit a(x_i) in theta = (W1, b1, W2, b2) (`chain-rule`): an array (n, parameters).

    x (n, inputs), w1 (inputs, hidden), b1 (hidden,), w2 (hidden, 1), b2 (1,): arrays.
    """
    raise NotImplementedError("your answer")
# %%
