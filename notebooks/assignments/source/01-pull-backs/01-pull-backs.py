# %% [markdown]
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

# %% nbgrader={"grade_id": "setup"}
import numpy as np

import tinygan as tg
from tinygan.grading import public
from tinygan.ops.shape import unbroadcast
from tinygan.tensor import record, unwrap

# %% [markdown]
# This is how the library writes the hyperbolic tangent. `unwrap(x)` is the plain array in `x`; `record` keeps the
# value and the rules.

# %% nbgrader={"grade_id": "example"}
def tanh(x):
    return record(np.tanh(unwrap(x)), (x, lambda g, y, x: g * (1 - y * y)))


# %% [markdown]
# ## 1. Softsign (4 points, 20 minutes)
#
# $$\mathrm{softsign}(x) = \frac{x}{1 + |x|},$$
#
# element by element. First derive its slope by hand; the result is simpler than the quotient rule suggests.

# %% nbgrader={"grade_id": "softsign-answer", "solution": true}
def softsign(x):
    """x / (1 + |x|), element by element, of any shape."""
    ### BEGIN SOLUTION
    size = 1 + np.abs(unwrap(x))
    return record(unwrap(x) / size, (x, lambda g, y, x: g / (1 + tg.abs(x)) ** 2))
    ### END SOLUTION


# %% nbgrader={"grade_id": "softsign", "grade": true, "points": 4}
def check_softsign(f, case):
    """The value, by its definition; the slope; the slope's slope; slopes of zeros, of tiny and of huge numbers."""
    x = case.normal()
    case.value(f, x, expected=x / (1 + np.abs(x)))
    case.derivatives(f, x, order=2, slug="chain-rule")
    for size in (0, 1e-8, 100):
        case.gradients(f, np.float64(size * x), each=True, slug="chain-rule")
    case.gradients(f, np.float64(1e12 * x), slug="chain-rule")


public(check_softsign, softsign, dict(shape=(3, 4)), dict(shape=(5,), dtype="float32"))
### BEGIN HIDDEN TESTS
hidden(check_softsign, softsign, dict(shape=(1,)), dict(shape=()), dict(shape=(2, 1, 3)),
       dict(shape=(7, 2), dtype="float32"))
### END HIDDEN TESTS

# %% [markdown]
# ## 2. The hypotenuse, with broadcasting (5 points, 30 minutes)
#
# $$\mathrm{hypotenuse}(a, b) = \sqrt{a^2 + b^2}.$$
#
# NumPy repeats the smaller array along new and unit axes. A number that was used $n$ times gets the sum of $n$
# cotangents (`unbroadcast`): the gradient of `a` has the shape of `a`.

# %% nbgrader={"grade_id": "hypotenuse-answer", "solution": true}
def hypotenuse(a, b):
    """sqrt(a^2 + b^2), element by element, with broadcasting."""
    ### BEGIN SOLUTION
    return record(np.hypot(unwrap(a), unwrap(b)),
                  (a, lambda g, y, a, b: unbroadcast(g * a / y, a.shape)),
                  (b, lambda g, y, a, b: unbroadcast(g * b / y, b.shape)))
    ### END SOLUTION


# %% nbgrader={"grade_id": "hypotenuse", "grade": true, "points": 5}
def check_hypotenuse(f, case):
    """The value; it is symmetric; both derivatives, each gradient of its input's shape; one side zero or tiny."""
    a, b = case.uniform(0.5, 2, case.shape), case.uniform(-2, -0.5, case.other)
    y = case.value(f, a, b, expected=np.sqrt(a ** 2 + b ** 2), slug="unbroadcast")
    case.close(case.call(f, b, a), y, "f(b, a) against f(a, b)")
    case.derivatives(f, a, b, order=2, slug="unbroadcast")
    for size in (0, 1e-12, -1):
        case.gradients(f, np.float64(size * a), np.float64(b), slug="unbroadcast")


public(check_hypotenuse, hypotenuse, dict(shape=(3, 4), other=(3, 4)), dict(shape=(3, 4), other=(4,)))
### BEGIN HIDDEN TESTS
hidden(check_hypotenuse, hypotenuse, dict(shape=(2, 1), other=(1, 5)), dict(shape=(), other=(2, 3)),
       dict(shape=(1, 3), other=(4, 1, 1)), dict(shape=(1,), other=(1,)),
       dict(shape=(2, 3), other=(3,), dtype="float32"))
### END HIDDEN TESTS

# %% [markdown]
# ## 3. The cumulative sum (5 points, 30 minutes)
#
# $$y_i = x_0 + x_1 + \dots + x_i$$
#
# along the last axis. It is a linear map: its pull-back is the map with the transposed matrix. Write down that matrix
# for three elements, and find the operation of the transposed matrix. (`g[..., ::-1]` is `g` in reverse order, for
# arrays and Tensors.)

# %% nbgrader={"grade_id": "cumulative-sum-answer", "solution": true}
def cumulative_sum(x):
    """The sums of the first elements, along the last axis of x."""
    ### BEGIN SOLUTION
    return record(np.cumsum(unwrap(x), -1), (x, lambda g, y, x: cumulative_sum(g[..., ::-1])[..., ::-1]))
    ### END SOLUTION


# %% nbgrader={"grade_id": "cumulative-sum", "grade": true, "points": 5}
def check_cumulative_sum(f, case):
    """The differences of the value are the input; its slope, wherever the input lies."""
    x = case.normal()
    y = case.value(f, x, expected=np.cumsum(x, -1))
    case.close(np.diff(y, axis=-1), x[..., 1:], "the differences of the value")
    case.derivatives(f, x, order=2, slug="chain-rule")
    case.gradients(f, np.float64(x + 1e12), slug="chain-rule")


public(check_cumulative_sum, cumulative_sum, dict(shape=(5,)), dict(shape=(2, 3)))
### BEGIN HIDDEN TESTS
hidden(check_cumulative_sum, cumulative_sum, dict(shape=(1,)), dict(shape=(4, 1)), dict(shape=(2, 3, 4)),
       dict(shape=(3, 6), dtype="float32"))
### END HIDDEN TESTS

# %% [markdown]
# ## 4. Log-sum-exp (6 points, 40 minutes)
#
# $$y = \log \sum_j e^{x_j}$$
#
# over the last axis, which is kept as a unit axis: `(n, k)` gives `(n, 1)`. For large $x$ the exponential overflows:
# subtract the largest element before it and add it after. You already know the gradient. Write it with `x` and `y`
# only; then it neither overflows nor loses its second derivative.

# %% nbgrader={"grade_id": "log-sum-exp-answer", "solution": true}
def log_sum_exp(x):
    """The logarithm of the sum of the exponentials over the last axis, which is kept; finite for large x."""
    ### BEGIN SOLUTION
    top = unwrap(x).max(-1, keepdims=True)
    value = top + np.log(np.exp(unwrap(x) - top).sum(-1, keepdims=True))
    return record(value, (x, lambda g, y, x: g * tg.exp(x - y)))
    ### END SOLUTION


# %% nbgrader={"grade_id": "log-sum-exp", "grade": true, "points": 6}
def check_log_sum_exp(f, case):
    """The value; a shift of x, or of each row, shifts it; numbers of all sizes, equal ones; both derivatives."""
    x = case.normal()
    y = case.value(f, x, expected=np.log(np.exp(x).sum(-1, keepdims=True)))
    case.close(case.call(f, x + 3), y + 3, "the value when 3 is added to x")
    rows = 1000 * (-1.0) ** np.arange(y.size).reshape(y.shape).astype(case.dtype)
    for shift, what in ((1000, "1000"), (-1000, "-1000"), (rows, "1000 or -1000, row by row,")):
        case.close(case.call(f, x + shift), y + shift, f"the value when {what} is added to x")
    far = x - 10000 * np.eye(x.shape[-1], dtype=x.dtype).reshape(-1, *[1] * (x.ndim - 1), x.shape[-1])
    top = far.max(-1, keepdims=True)  # far: one element of each row lies far below the others
    case.value(f, far, expected=top + np.log(np.exp(far - top).sum(-1, keepdims=True)))
    case.close(case.call(f, 0 * x), 0 * y + np.log(x.shape[-1]), "the value of zeros")
    case.derivatives(f, x, order=2, slug="chain-rule")
    case.derivatives(f, x + 1000, order=1, slug="chain-rule")
    case.gradients(f, np.float64(x - 1000), slug="chain-rule")
    case.gradients(f, np.float64(8 * x), each=True, slug="chain-rule")


public(check_log_sum_exp, log_sum_exp, dict(shape=(2, 3)), dict(shape=(4,)))
### BEGIN HIDDEN TESTS
hidden(check_log_sum_exp, log_sum_exp, dict(shape=(1, 1)), dict(shape=(3, 2, 5)), dict(shape=(1, 7)),
       dict(shape=(4, 3), dtype="float32"))
### END HIDDEN TESTS
