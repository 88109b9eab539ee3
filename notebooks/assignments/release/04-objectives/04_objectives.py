# # Assignment 04: objectives and explicit updates
#
# You write two games that the library does not have: you derive the objective ([lecture
# 05](../../../../lectures/05-objective.md), [lecture 09](../../../../lectures/09-wasserstein.md)) and, by hand, the
# gradient, and you move the players ([lecture 06](../../../../lectures/06-playing.md)).
#
# **You will be able to** derive a game from an f-divergence: conjugate, critic, logits; write a game in which $D$
# compares, and exchange the roles by exchanging two arguments; find by hand every path from a logit to an objective;
# say for any objective which player ascends and which descends it, and write the update yourself.
#
# **20 points, about two hours**: from a divergence to a game 5, a relativistic discriminator 5, its gradient by hand 5,
# each player's direction 5.
#
# **A good answer** is a few lines, derived on paper first. Tasks 1 and 2 compute on Tensors, with the library's
# functions; task 3 computes on arrays, in NumPy alone (no function of tinygan, no finite differences); task 4 takes
# arrays, and uses `tg.grad` to differentiate.
#
# Only the cells marked for your answer are graded, and each task is graded separately: put a helper into the same
# cell. The visible checks use a few shapes; the grader uses other shapes and numbers.

import numpy as np

import tinygan as tg
from tinygan.grading import on_arrays, public
from tinygan.objectives import OBJECTIVES

# This helper is for the checks: slopes by finite differences. `on_arrays` makes of your functions of arrays functions
# of Tensors. It passes arrays that cannot be written into. Where NumPy alone is asked, it refuses a function that calls
# tinygan or computes with complex numbers.

def slope(f, arrays, i, h=1e-5):
    """The central difference of f(*arrays) in each element of the i-th array (`central-difference`)."""
    def nudged(e):
        return f(*arrays[:i], arrays[i] + e, *arrays[i + 1:])
    nudges = h * np.eye(arrays[i].size).reshape(-1, *arrays[i].shape)
    return np.reshape([(nudged(e) - nudged(-e)) / (2 * h) for e in nudges], arrays[i].shape)

# ## 1. From a divergence to a game (5 points, 40 minutes)
#
# The squared Hellinger distance of $p$ and $q$ is the f-divergence with $f(u) = (\sqrt u - 1)^2$, so $D_f = \sum
# (\sqrt p - \sqrt q)^2$. By (`f-gan`) every critic $T$ bounds it from below:
#
# $$ D_f(p \,\|\, q) \ge \mathbb E_{x \sim p}[T(x)] - \mathbb E_{x \sim q}[f^*(T(x))] $$
#
# 1. Derive the conjugate $f^*(t) = \max_u\, [u t - f(u)]$. For which $t$ is it finite?
# 2. The network's logit $a$ may be any number, but $T$ may not. Take $T = 1 - e^{-a}$, and simplify $f^*(T)$.
# 3. Write the right-hand side as a function of the logits: `hellinger(real, fake)`, which $D$ ascends and $G$
#    descends.
#
# *A good answer* contains no quotient, so that it is right at a logit of 40, where $T$ is 1 to the last digit. The
# critic's best logit is $\tfrac12 \log (p / q)$: there the bound *equals* the distance. The check tests this with two
# distributions over a few points.

# %% hellinger-answer
def hellinger(real, fake):
    """E_x[T] - E_z[f*(T)] for f(u) = (sqrt(u) - 1)^2 and T = 1 - exp(-a) (`f-gan`); a scalar Tensor.

    real (m, 1), fake (n, 1): the logits a of real and of generated examples, Tensors.
    """
    raise NotImplementedError("your answer")
# %%

# ## 2. A relativistic discriminator (5 points, 25 minutes)
#
# The $D$ of (`value`) judges each example separately. But half of all examples are real, so a $D$ that knows this
# should become less certain about the real ones as the fakes improve. A *relativistic* $D$ (Jolicoeur-Martineau, 2018)
# judges an example against the mean of the other kind. For logits $a_i$ of our examples and $b_j$ of theirs, with the
# means $\bar a$ and $\bar b$,
#
# $$ R(a, b) = \frac1m \sum_{i=1}^m \log \sigma(a_i - \bar b)
#            + \frac1n \sum_{j=1}^n \log \bigl(1 - \sigma(b_j - \bar a)\bigr) $$
#
# $D$ ascends $R(\text{real}, \text{fake})$. $G$ ascends $R(\text{fake}, \text{real})$: the roles are exchanged, and
# both players ascend.
#
# *A good answer* is two lines, finite at a logit of $\pm 1000$, and lets the gradient flow through both means. Only
# differences matter: if the same number is added to all logits, the value does not change. So all its slopes add up to
# zero.

# %% relativistic-answer
def relativistic(ours, theirs):
    """The objective R(ours, theirs), large if ours are more real than the mean of theirs; a scalar Tensor.

    ours (m, 1), theirs (n, 1): logits, Tensors.
    """
    raise NotImplementedError("your answer")
# %%

# ## 3. The gradient of R, by hand (5 points, 35 minutes)
#
# Derive $\partial R / \partial a_i$ and $\partial R / \partial b_j$, as lecture 06 does for (`d-gradient`), and write
# them in NumPy, without `tg.grad`. Note that each logit reaches $R$ on two paths: directly, and through the mean with
# which *every* example of the other kind is compared. A number that was used in many places gets the sum of all their
# slopes (`unbroadcast`).
#
# *A good answer* sums to zero over both arrays together, is finite at any logit, and for groups of different sizes
# divides by the right one of $m$ and $n$.

# %% by-hand-answer
def relativistic_gradient(ours, theirs):
    """The gradient of R in the logits, of arrays ours (m, 1) and theirs (n, 1): two arrays of the same shapes."""
    raise NotImplementedError("your answer")
# %%

# ## 4. Each player's direction (5 points, 35 minutes)
#
# Two players who follow their gradients circle the solution (lecture 07). An *optimistic* player (Daskalakis and
# others, 2018) expects the gradient to continue to change as in the last step, and moves along $2 g - h$, where $g$ is
# the present gradient and $h$ that of the previous step. Write one step of the game with alternating players
# (`alternating`), with explicit updates and no optimiser:
#
# 1. $D$'s gradient $g_d$ at $(\theta_d, \theta_g)$; then $\theta_d' = \theta_d \pm \lambda\, (2 g_d - h_d)$;
# 2. $G$'s gradient $g_g$ at $(\theta_d', \theta_g)$; then $\theta_g' = \theta_g \pm \lambda\, (2 g_g - h_g)$.
#
# Which sign? `OBJECTIVES[name]` has for each player a `Goal`: a function of logits, and its `direction`, "ascend" or
# "descend": $D$ ascends (`d-ascent`) if its function is a value, and descends if it is a loss. The two players are
# defined below: functions of their parameters and of a batch, on arrays and on Tensors.
#
# *A good answer* keeps $G$ fixed while $D$ moves and the reverse, does not change its input arrays, and works for all
# seven games of the table.
#
# When it is right, play 4000 steps of "two-sample" with the learning rate 0.1, from $\theta_d = 0$ and $\theta_g = (1,
# 1, 0, 0)$, on 200 normal points with the means 1 and -1 and the standard deviations 0.5 and 1.5. $\theta_g$ should
# converge to these numbers. What happens with $g$ in place of $2 g - h$?

def discriminator(theta, x):
    """A quadratic D: the logits (n, 1) of points x (n, 2), with theta (5,)."""
    return (x * x) @ theta[:2].reshape((2, 1)) + x @ theta[2:4].reshape((2, 1)) + theta[4]


def generator(theta, z):
    """An affine G: points (n, 2) from noise z (n, 2), with theta (4,)."""
    return z * theta[:2] + theta[2:]

# %% step-answer
def optimistic_step(theta_d, theta_g, before_d, before_g, x, z, name, rate):
    """One alternating step of the game OBJECTIVES[name]; returns theta_d, theta_g and the gradients g_d, g_g.

    theta_d (5,), theta_g (4,), h_d = before_d, h_g = before_g, examples x (n, 2) and noise z (n, 2) are arrays.
    """
    raise NotImplementedError("your answer")
# %%
