# # Assignment 06: differentiating a gradient
#
# A penalty on the *slope* of the discriminator is a function of a gradient, and training on it takes the gradient of
# that. `tg.grad(..., create_graph=True)` returns gradients that record how they were computed. With it, second
# derivatives need two lines and no matrix. If you forget it, the *value* of the penalty is right, but the penalty has
# no effect.
#
# **You will learn** to write a penalty that moves the right player and no other; to keep the examples of a batch
# separate in one call of `grad`; and to multiply by a Hessian and by a Jacobian without computing these matrices.
#
# | task | points | time | equations |
# |---|---|---|---|
# | 1 `r2`, a penalty on fakes | 5 | 25 min | `r2`; compare `r1` |
# | 2 `dragan`, a penalty around the data | 6 | 35 min | `dragan`; compare `gradient-penalty` |
# | 3 `hessian_vector`, two backward passes | 5 | 30 min | `hessian-vector`; compare `chain-rule` |
# | 4 `jacobian_vector`, forward by two backward passes | 4 | 35 min | `jacobian-vector` |
#
# Before you begin: lecture 03 (higher derivatives), 07 (`r1`), 09 (`gradient-penalty`). In tasks 1 and 2, `D` is a
# network: `D(x)` are logits $a(x)$, $(n, 1)$, and each depends only on its own example. Write the penalties yourself
# with `tg.grad`; you may read `tinygan.penalties` for comparison. Each task is graded separately, on other shapes and
# numbers than the visible ones; a helper belongs in the cell of the answer. **A good answer** is three to five lines,
# and for each Tensor in it you can say whether it has a recorded history, and why.

import numpy as np

import tinygan as tg
from tinygan.grading import public

# The checks give your functions this network, a discriminator (or any smooth function) with these weights. It takes
# examples of any shape.

def network(w1, b1, w2, lift=0.0, tilt=0.0):
    """The function x -> tanh(x w1 + b1) w2 + lift + tilt sum(x), of examples x (n, ...), to (n, outputs)."""
    def outputs(x):
        rows = x.reshape((x.shape[0], -1))
        y = tg.tanh(rows @ w1 + b1) @ w2 + lift
        return y + tilt * tg.sum(rows, axis=1, keepdims=True) if tilt else y
    return outputs


def weights(case, outputs=1):
    """w1, b1 and w2 for examples of the case's shape, and a function that gives tanh(x w1 + b1)."""
    features = int(np.prod(case.shape[1:]))
    w1, b1, w2 = case.normal((features, 5)) / features ** 0.5, case.normal((5,)), case.normal((5, outputs))
    return (w1, b1, w2), lambda x: np.tanh(x.reshape(len(x), -1) @ w1 + b1)

# ## 1 R2 (5 points)
#
# (`r1`) penalises $D$'s slope at real examples; R2 does the same at the generator's examples (Mescheder et al. 2018):
#
# $$ R_2 = \frac{\gamma}{2}\, \mathbb E_{z \sim p_z} \bigl[\, \lVert \nabla_x a(x) \rVert^2 \,\bigr] \quad
# \text{at } x = G(z) \qquad \text{(r2)} $$
#
# It is added to the loss of $D$, so it is differentiated **with respect to $D$'s weights**. No gradient of it may reach
# $G$: the fakes are only the points at which the slope is computed. They may have a recorded history or not; in both
# cases take their values, and make a new leaf of the tape from them.
#
# $\lVert \cdot \rVert^2$ sums over everything in *one* example (features, pixels, channels); $\mathbb E$ is the mean
# over the $n$ examples. Why does the gradient of the *sum* of the logits contain the gradient of each logit?

# %% r2-answer
def r2(D, fake, weight=1.0):
    """weight / 2 * E[|grad_x a(x)|^2] at fakes x = G(z) (`r2`), a scalar to be added to D's loss.

    D: a network, D(x) (n, 1). fake: a Tensor (n, ...), with or without a recorded history. The result can be
    differentiated with respect to D's weights, and no path leads from it to the fakes.
    """
    raise NotImplementedError("your answer")
# %%

def r2_at(fake, w1, b1, w2, past=True, lift=0.0, **options):
    """Your r2 for the network with these weights, at fakes with or without a recorded history."""
    return r2(network(w1, b1, w2, lift), 1 * fake if past else fake.detach(), **options)


def no_path(case, f, points, theta, what, slug, **options):
    """No path may lead from the penalty to the points at which it is taken."""
    leaves = [tg.Tensor(x, requires_grad=True) for x in points]
    penalty = f(*leaves, *[tg.Tensor(w, requires_grad=True) for w in theta], **options)
    slopes = tg.grad(penalty, leaves, allow_unused=True)
    case.require(not any(s is not None and s.numpy().any() for s in slopes), what, slug)

# ## 2 DRAGAN (6 points)
#
# Kodali et al. (2017) explain mode collapse by steep slopes of $D$ *near the data*, and require a slope of 1 in a cloud
# around them. With $u$ uniform in $[0, 1)$, of the shape of the real batch $x$, and $s$ the standard deviation of **all
# numbers in the batch** (one number, as NumPy's `std`), their program computes
#
# $$ \hat x = x + c\, s\, u , \qquad
# \lambda\, \mathbb E \Bigl[ \bigl( \lVert \nabla_{\hat x} a(\hat x) \rVert - 1 \bigr)^2 \Bigr] \qquad
# \text{(dragan)} $$
#
# The caller draws $u$ and passes it as an argument, so that your function depends only on its arguments. The norm is
# that of **each example**, over all its axes; add $10^{-12}$ under the root, which then has a slope even at 0.
#
# *Compare* with (`gradient-penalty`): at which points does each require a slope of 1? Which of the two needs no
# generator?

# %% dragan-answer
def dragan(D, real, u, weight=10.0, c=0.5):
    """weight * E[(|grad a| - 1)^2] at real + c std(real) u (`dragan`), a scalar to be added to D's loss.

    D: a network, D(x) (n, 1). real, u: Tensors (n, ...) of one shape, u uniform in [0, 1). The result can be
    differentiated with respect to D's weights, and no path leads from it to real or u.
    """
    raise NotImplementedError("your answer")
# %%

def dragan_at(real, u, w1, b1, w2, lift=0.0, **options):
    """Your dragan for the network with these weights."""
    return dragan(network(w1, b1, w2, lift), 1 * real, 1 * u, **options)

# ## 3 A Hessian times a vector (5 points)
#
# The Hessian $H$ of a function of a million weights has $10^{12}$ elements. Its product with *one* vector costs two
# passes over the tape (Pearlmutter 1994), since the slope along a direction $v$ is a number, and can be differentiated:
#
# $$ H v = \nabla_x \bigl( \nabla_x F(x) \cdot v \bigr) , \qquad F(x) = \sum_i f_i(x) \qquad
# \text{(hessian-vector)} $$
#
# With it one finds the sharpest direction of a loss, or the rotation of a game near its equilibrium. $v$ is constant in
# the derivative, *but the result is a function of $x$ and of $v$*, and should be differentiable in both.

# %% hessian-vector-answer
def hessian_vector(f, x, v):
    """The Hessian at x of F, the sum of f's outputs, times v (`hessian-vector`): a Tensor of the shape of x.

    f: a function of one Tensor, smooth and not linear. x: a Tensor with requires_grad=True; v: a Tensor of its shape.
    The result can be differentiated again, with respect to x and to v.
    """
    raise NotImplementedError("your answer")
# %%

def hessian_vector_at(x, v, w1, b1, w2, **options):
    """Your hessian_vector for the network with these weights."""
    return hessian_vector(network(w1, b1, w2, **options), x, v)

# ## 4 The forward direction by two backward passes (4 points)
#
# `grad` pulls cotangents *back*: from $u$, of the shape of $y = f(x)$, it gives $J^\top u$. Sometimes one needs the
# other direction, the change of $y$ when $x$ moves along $v$: the push-forward $J v$, of the shape of $y$. This does
# not need another algorithm: $J^\top u$ is *linear in $u$*, and the gradient of a linear function is the factor of the
# variable:
#
# $$ J v = \nabla_u \bigl( (J^\top u) \cdot v \bigr) \qquad \text{(jacobian-vector)} $$
#
# So $u$ must be a variable; its value does not matter. No finite differences: they would be right to ten digits at
# best, and have no derivative of their own.

# %% jacobian-vector-answer
def jacobian_vector(f, x, v):
    """The Jacobian of f at x times v (`jacobian-vector`): a Tensor of the shape of f(x).

    f: a function of one Tensor, smooth. x: a Tensor with requires_grad=True; v: a Tensor of its shape. The result can
    be differentiated again, with respect to x and to v.
    """
    raise NotImplementedError("your answer")
# %%

def jacobian_vector_at(x, v, w1, b1, w2, **options):
    """Your jacobian_vector for the network with these weights."""
    return jacobian_vector(network(w1, b1, w2, **options), x, v)

# ## Looking back
#
# Count the backward passes: `r2` in training is a gradient of a gradient and needs two; `hessian_vector` needs two;
# `jacobian_vector` needs two. An engine that can differentiate its own results needs no second engine for any of them.
