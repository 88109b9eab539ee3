# %% [markdown]
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

# %% nbgrader={"grade_id": "setup"}
import numpy as np

import tinygan as tg
from tinygan import nn
from tinygan.grading import on_arrays, public
from tinygan.objectives import value

# %% [markdown]
# These helpers are for the checks: slopes by finite differences, your layer as a function of its parameters.
# `on_arrays` makes of your functions of arrays functions of Tensors. It passes arrays that cannot be written into, and
# refuses a function that calls tinygan or computes with complex numbers.

# %% nbgrader={"grade_id": "helpers"}
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


# %% [markdown]
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

# %% nbgrader={"grade_id": "maxout-answer", "solution": true}
class Maxout(nn.Module):
    """The largest of `pieces` dense layers, output by output (`dense`): (n, inputs) -> (n, outputs).

    weight (pieces, inputs, outputs), bias (pieces, outputs). rng: a numpy.random.Generator.
    """

    def __init__(self, inputs, outputs, pieces, *, rng):
        ### BEGIN SOLUTION
        self.weight = nn.Parameter(nn.initial.he(rng, (pieces, inputs, outputs), inputs, outputs))
        self.bias = nn.Parameter(np.zeros((pieces, outputs), np.float32))
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        pieces, outputs = self.bias.shape
        return tg.max(x @ self.weight + self.bias.reshape((pieces, 1, outputs)), axis=0)
        ### END SOLUTION


# %% nbgrader={"grade_id": "maxout", "grade": true, "points": 5}
def check_maxout(f, case):
    """theta when it is new; the largest piece; both derivatives in x and in each parameter."""
    inputs, outputs, pieces = case.sizes
    gap = 0
    while gap < 0.01:  # away from the kinks, where two pieces are equal
        x = case.normal((case.n, inputs))
        weight, bias = case.normal((pieces, inputs, outputs)), case.normal((pieces, outputs))
        dense = np.sort([x @ w + b for w, b in zip(weight, bias)], axis=0)
        gap = np.diff(dense, axis=0).min(initial=1)
    seed = int(case.integers(1000, ()))
    he = nn.initial.he(np.random.default_rng(seed), weight.shape, inputs, outputs)
    case.close(case.call(f, x, weight, bias, seed=seed), [*he.reshape(-1), *np.zeros(bias.size)],
               "theta when it is new (weight, then bias)", "he")
    case.value(f, x, weight, bias, expected=dense[-1], slug="dense")
    case.derivatives(f, x, weight, bias, slug="dense")
    case.value(f, x, weight, bias - 100, expected=dense[-1] - 100, slug="dense")
    case.gradients(f, *map(np.float64, (x, weight, np.float64(bias) + 1e9)), slug="dense")


public(check_maxout, with_parameters(Maxout), dict(n=4, sizes=(3, 2, 2)))
### BEGIN HIDDEN TESTS
hidden(check_maxout, with_parameters(Maxout), dict(n=1, sizes=(2, 3, 4)), dict(n=5, sizes=(4, 1, 3)),
       dict(n=3, sizes=(2, 2, 1)), dict(n=2, sizes=(5, 3, 2), dtype="float32"))
### END HIDDEN TESTS

# %% [markdown]
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

# %% nbgrader={"grade_id": "balanced-answer", "solution": true}
def balanced_cross_entropy(target, logits):
    """The cross-entropy with a separate mean for each group (`cross-entropy-split`); a scalar Tensor.

    target: an array of integers (n, 1), 1 for real and 0 for synthetic. logits: a Tensor (n, 1).
    """
    ### BEGIN SOLUTION
    real, synthetic = target.sum(), (1 - target).sum()
    weight = target / max(real, 1) + (1 - target) / max(synthetic, 1)
    return -(weight * tg.log_sigmoid((2 * target - 1) * logits)).sum()
    ### END SOLUTION


# %% nbgrader={"grade_id": "balanced", "grade": true, "points": 5}
def check_balanced(f, case):
    """The value and both derivatives at small logits and at large ones; what a blind D is charged."""
    n_real, n_synthetic = case.groups
    target = case.rng.permutation([1] * n_real + [0] * n_synthetic)[:, None]
    n = np.where(target == 1, n_real, n_synthetic)
    for size in (1, 1000):
        logits = size * case.normal(target.shape)
        loss = np.logaddexp(0, np.where(target == 1, -logits, logits))
        case.value(f, target, logits, expected=(loss / n).sum(), slug="cross-entropy-split")
        case.derivatives(f, target, logits, slug="cross-entropy-split")
        case.gradients(f, target, logits, each=size == 1, slug="cross-entropy-split")
    case.value(f, target, 0 * logits, expected=np.log(2) * len({*target[:, 0]}), slug="cross-entropy-split")


public(check_balanced, balanced_cross_entropy, dict(groups=(3, 5)))
### BEGIN HIDDEN TESTS
hidden(check_balanced, balanced_cross_entropy, dict(groups=(6, 2)), dict(groups=(4, 4)), dict(groups=(0, 3)),
       dict(groups=(1, 0)))
### END HIDDEN TESTS

# %% [markdown]
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

# %% nbgrader={"grade_id": "smoothed-answer", "solution": true}
def smoothed_d_gradient(real, fake, smoothing):
    """The gradient of V_s in the logits (`d-gradient`): two arrays of the shapes of real (m, 1) and fake (n, 1)."""
    ### BEGIN SOLUTION
    def d(a):
        return (1 + np.tanh(a / 2)) / 2
    return (1 - smoothing - d(real)) / len(real), -d(fake) / len(fake)
    ### END SOLUTION


# %% nbgrader={"grade_id": "smoothed", "grade": true, "points": 4}
def check_smoothed(f, case):
    """The slopes of V_s: each logit nudged up and down (`central-difference`); at large logits too."""
    m, n = case.sizes

    def value(real, fake):
        def log_d(a):
            return -np.logaddexp(0, -a)
        return np.mean((1 - case.smoothing) * log_d(real) + case.smoothing * log_d(-real)) + np.mean(log_d(-fake))
    for size in (1, 1000):
        real, fake = size * case.normal((m, 1)), size * case.normal((n, 1))
        found = case.call(f, real, fake, smoothing=case.smoothing)
        case.require(found.shape == (m + n, 1), f"expected gradients of shape ({m}, 1) and ({n}, 1)", "d-gradient")
        for i, part, whose in ((0, found[:m], "real examples"), (1, found[m:], "fakes")):
            case.close(part, slope(value, (real, fake), i), f"the slope in the logits of {whose}", "d-gradient", 1e-6)
    for top in (1, 1e12):  # beside a huge logit no finite difference shows the others
        real[0], fake[0] = top, -top
        real[1:], fake[1:] = case.normal((m - 1, 1)), case.normal((n - 1, 1))
        case.value(f, real, fake, smoothing=case.smoothing, slug="d-gradient", tolerance=1e-13)


public(check_smoothed, on_arrays(smoothed_d_gradient), dict(sizes=(4, 3), smoothing=0.1))
### BEGIN HIDDEN TESTS
hidden(check_smoothed, on_arrays(smoothed_d_gradient), dict(sizes=(1, 1), smoothing=0.0),
       dict(sizes=(2, 5), smoothing=0.3), dict(sizes=(3, 4), smoothing=1.0))
### END HIDDEN TESTS

# %% [markdown]
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

# %% nbgrader={"grade_id": "slopes-answer", "solution": true}
def logit_slopes(x, w1, b1, w2, b2):
    """The gradient of each logit a(x_i) in theta = (W1, b1, W2, b2) (`chain-rule`): an array (n, parameters).

    x (n, inputs), w1 (inputs, hidden), b1 (hidden,), w2 (hidden, 1), b2 (1,): arrays.
    """
    ### BEGIN SOLUTION
    h = np.tanh(x @ w1 + b1)
    back = (1 - h * h) * w2[:, 0]
    outer = x[:, :, None] * back[:, None, :]
    return np.concatenate([outer.reshape(len(x), -1), back, h, np.ones_like(h[:, :1])], axis=1)
    ### END SOLUTION


# %% nbgrader={"grade_id": "slopes", "grade": true, "points": 6}
def check_slopes(f, case):
    """Each row holds the slopes of its logit; weighed as (`d-gradient`) says, the rows make the gradient of V."""
    inputs, width = case.sizes
    theta = [case.normal(shape) for shape in ((inputs, width), (width,), (width, 1), (1,))]
    x = case.normal((case.n, inputs))

    def logits(x, w1, b1, w2, b2):
        return tg.tanh(x @ w1 + b1) @ w2 + b2

    def logit(one, *theta):
        return logits(one[None], *theta)[0, 0]
    found = case.call(f, x, *theta)
    case.require(found.shape == (case.n, sum(t.size for t in theta)), f"found shape {found.shape}, expected a row for "
                 "each example, a column for each parameter", "chain-rule")
    parts = np.split(found, np.cumsum([t.size for t in theta])[:-1], axis=1)
    for i, name in enumerate(("W1", "b1", "W2", "b2")):
        rows = [slope(logit, (one, *theta), i + 1).reshape(-1) for one in x]
        case.close(parts[i], rows, f"the slopes of the logits in {name}", "chain-rule", 1e-6)
    weights = np.concatenate([(1 - tg.sigmoid(logits(x, *theta))) / case.n, -tg.sigmoid(logits(-x, *theta)) / case.n])
    rows = np.concatenate([found, case.call(f, -x, *theta)])
    tensors = [tg.Tensor(t, requires_grad=True) for t in theta]
    tape = tg.grad(value(logits(x, *tensors), logits(-x, *tensors)), tensors)
    case.close(weights[:, 0] @ rows, np.concatenate([g.numpy().reshape(-1) for g in tape]),
               "the gradient of V that the rows make", "d-gradient")
    theta[3] += 1e12  # beside a huge bias no finite difference shows the slopes
    case.value(f, x, *theta, slug="chain-rule", tolerance=1e-12)


public(check_slopes, on_arrays(logit_slopes), dict(n=4, sizes=(3, 2)))
### BEGIN HIDDEN TESTS
hidden(check_slopes, on_arrays(logit_slopes), dict(n=1, sizes=(1, 1)), dict(n=2, sizes=(2, 5)), dict(n=3, sizes=(4, 4)))
### END HIDDEN TESTS
