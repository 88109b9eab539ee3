# # Assignment 01: pull-backs and broadcasting
#
# You write operations that tinygan does not have: a value, and for each input a rule that pulls a cotangent back to it
# (equation `chain-rule`, [lecture 03](../../../../lectures/03-autograd.md)).
#
# **You will be able to** derive the pull-back (vector-Jacobian product) of an operation; sum it over broadcast axes
# (`unbroadcast`); write it so that it can be differentiated again; find your own mistakes with `check_gradients`.
#
# **20 points, about two hours**: softsign 4, hypotenuse 5, cumulative sum 5, log-sum-exp 6.
#
# **A good answer** is short: one `record`, one line per rule. A rule `rule(g, y, *inputs)` gets the cotangent `g`, the
# output `y` and all inputs: plain arrays at first, Tensors when the derivative is differentiated again. So write it
# with operators and tinygan's functions, which accept both, and use its arguments, never an array from outside: then
# the second derivative is right too. A rule is a formula: a finite difference is no answer. An operation does not write
# into its input, and for float32 its value and its gradients are float32.
#
# Only the cells marked for your answer are graded, and each task is graded separately: put a helper into the same
# cell. The visible checks use a few shapes; the grader uses other shapes and numbers, and both float64 and float32.

import numpy as np

import tinygan as tg
from tinygan.grading import public
from tinygan.ops.shape import unbroadcast
from tinygan.tensor import record, unwrap

# This is how the library writes the hyperbolic tangent. `unwrap(x)` is the plain array in `x`; `record` keeps the
# value and the rules.

def tanh(x):
    return record(np.tanh(unwrap(x)), (x, lambda g, y, x: g * (1 - y * y)))

# ## 1. Softsign (4 points, 20 minutes)
#
# $$\mathrm{softsign}(x) = \frac{x}{1 + |x|},$$
#
# element by element. First derive its slope by hand; the result is simpler than the quotient rule suggests.

# %% softsign-answer
def softsign(x):
    """x / (1 + |x|), element by element, of any shape."""
    raise NotImplementedError("your answer")
# %%

# ## 2. The hypotenuse, with broadcasting (5 points, 30 minutes)
#
# $$\mathrm{hypotenuse}(a, b) = \sqrt{a^2 + b^2}.$$
#
# NumPy repeats the smaller array along new and unit axes. A number that was used $n$ times gets the sum of $n$
# cotangents (`unbroadcast`): the gradient of `a` has the shape of `a`.

# %% hypotenuse-answer
def hypotenuse(a, b):
    """sqrt(a^2 + b^2), element by element, with broadcasting."""
    raise NotImplementedError("your answer")
# %%

# ## 3. The cumulative sum (5 points, 30 minutes)
#
# $$y_i = x_0 + x_1 + \dots + x_i$$
#
# along the last axis. It is a linear map: its pull-back is the map with the transposed matrix. Write down that matrix
# for three elements, and find the operation of the transposed matrix. (`g[..., ::-1]` is `g` in reverse order, for
# arrays and Tensors.)

# %% cumulative-sum-answer
def cumulative_sum(x):
    """The sums of the first elements, along the last axis of x."""
    raise NotImplementedError("your answer")
# %%

# ## 4. Log-sum-exp (6 points, 40 minutes)
#
# $$y = \log \sum_j e^{x_j}$$
#
# over the last axis, which is kept as a unit axis: `(n, k)` gives `(n, 1)`. For large $x$ the exponential overflows:
# subtract the largest element before it and add it after. You already know the gradient. Write it with `x` and `y`
# only; then it neither overflows nor loses its second derivative.

# %% log-sum-exp-answer
def log_sum_exp(x):
    """The logarithm of the sum of the exponentials over the last axis, which is kept; finite for large x."""
    raise NotImplementedError("your answer")
# %%
