# %% [markdown]
# # 03 Automatic differentiation: a notebook to step through
#
# It follows [lecture 03](../lectures/03-autograd.md). We write a small automatic differentiation ourselves, in about
# sixty lines. It draws its own tape and differentiates derivatives. Later we compare it with the library's version.
#
# Each question has four steps: **predict** (write your answer in place of `None`), **run** the next cells, **look** at
# the output, which is folded, then **change** the value that the text names. Cells that only draw are folded too. Each
# `check` is a claim of the lecture; it stops if the claim does not hold.

# %%
import inspect
import itertools

import matplotlib.pyplot as plt
import numpy as np

from tinygan.notebook import D_BLUE, DATA, FAKE, check, compare, mark, slider, style

LEAF, NODE, BACK = DATA, D_BLUE, FAKE                    # given, computed, flowing back
style()
rng = np.random.default_rng(0)

# %% [markdown]
# ## A variable that records its history
#
# A `Var` holds an array, the number of its creation, and its *edges*: one pair for each input, consisting of that input
# variable and a **pull-back** (vector-Jacobian product). A pull-back takes the cotangent of the result, $g = \partial L
# / \partial y$, and gives the part of the input's cotangent that comes along this path.

# %%
class Var:
    """An array that remembers how it was made."""

    births = itertools.count()

    def __init__(self, value, *edges):
        self.value, self.edges, self.birth = np.asarray(value, float), edges, next(Var.births)
        self.shape = self.value.shape

    def __add__(self, other):
        return add(self, as_var(other))

    def __mul__(self, other):
        return mul(self, as_var(other))

    def __matmul__(self, other):
        return matmul(self, as_var(other))

    def __sub__(self, other):
        return self + as_var(other) * -1

    __array_ufunc__ = None                               # array * Var is our business
    __radd__, __rmul__ = __add__, __mul__


def as_var(x):
    return x if isinstance(x, Var) else Var(x)


def add(a, b):
    return Var(a.value + b.value, (a, lambda g: fold(g, a.shape)), (b, lambda g: fold(g, b.shape)))


def mul(a, b):
    return Var(a.value * b.value, (a, lambda g: fold(g * b, a.shape)), (b, lambda g: fold(g * a, b.shape)))


# %% [markdown]
# The function `fold` computes (`unbroadcast`): if an array was repeated by broadcasting, it adds up the cotangents of
# the copies. Its own adjoint is `spread`, which repeats. For equal shapes `fold` does nothing, so you can ignore it for
# the moment.

# %%
def fold(a, shape):
    """Summed down to `shape`, over the axes along which broadcasting repeats."""
    if a.shape == shape:
        return a
    new = a.value.ndim - len(shape)
    axes = tuple(i for i in range(a.value.ndim) if i < new or shape[i - new] == 1)
    return Var(a.value.sum(axes).reshape(shape), (a, lambda g: spread(g, a.shape)))


def spread(a, shape):
    """Repeated to `shape`."""
    return Var(np.broadcast_to(a.value, shape), (a, lambda g: fold(g, a.shape)))


# %% [markdown]
# The chain rule (`chain-rule`): from the newest variable to the oldest, each passes its cotangent to its inputs, and
# the parts that arrive at one variable along several paths are added.

# %%
def gradient(output, inputs):
    """The derivatives of a scalar with respect to each of `inputs`; they are Vars with a past of their own."""
    ancestors, todo = {output}, [output]
    while todo:
        for x, _ in todo.pop().edges:
            if x not in ancestors:
                ancestors.add(x)
                todo.append(x)
    bars = {output: Var(1.0)}
    for y in sorted(ancestors, key=lambda v: -v.birth):
        for x, pull_back in y.edges:
            part = pull_back(bars[y])
            bars[x] = bars[x] + part if x in bars else part
    return [bars[x] for x in inputs]


# %% [markdown]
# The engine is now complete. Next, we draw the tape: columns from left to right are steps of the calculation. The name
# of an operation is the name of the function that contains its pull-back, so the same drawing also works for the
# library's tape.

# %% tags=["hide-input"]
# Draws a tape.
def family(output):
    """All variables that `output` was made from, oldest first."""
    found, todo = {id(output): output}, [output]
    while todo:
        for x, _ in todo.pop().edges:
            if hasattr(x, "edges") and id(x) not in found:
                found[id(x)] = x
                todo.append(x)
    return sorted(found.values(), key=lambda v: v.birth)


def operation(y):
    """The function in which a variable was made."""
    return y.edges[0][1].__qualname__.split(".")[0].strip("_")


def draw_tape(output, names, axes, notes=(), fontsize=9):
    """The tape of `output`. names: {variable: text}. notes: {variable: text in red, under it}."""
    nodes, column, row = family(output), {}, {}
    names, notes = ({id(v): text for v, text in dict(texts).items()} for texts in (names, notes))
    for v in nodes:                                      # a column after that of its inputs
        column[id(v)] = max([column[id(x)] + 1 for x, _ in v.edges if id(x) in column], default=0)
    for v in reversed(nodes):                            # a leaf stands just before the first use of it
        users = [column[id(y)] for y in nodes for x, _ in y.edges if x is v]
        if not v.edges and users:
            column[id(v)] = min(users) - 1
    for c in range(max(column.values()) + 1):            # within a column: ordered as their inputs are
        here = [v for v in nodes if column[id(v)] == c]
        here.sort(key=lambda v: np.mean([row.get(id(x), 0) for x, _ in v.edges] or [-v.birth]))
        for i, v in enumerate(here):
            row[id(v)] = i - (len(here) - 1) / 2 + 0.13 * (c % 2)

    def box(v, zorder):
        text = names.get(id(v), operation(v) if v.edges else "1" if v.shape == () else "")
        return axes.text(column[id(v)], row[id(v)], text, ha="center", va="center", fontsize=fontsize, color="white",
                         zorder=zorder, bbox={"boxstyle": "round,pad=0.35", "edgecolor": "white",
                                              "facecolor": NODE if v.edges else LEAF}).get_bbox_patch()
    boxes = {id(v): box(v, 1) for v in nodes}            # boxes cover the arrows that pass behind them
    for y in nodes:
        for x, _ in y.edges:
            if id(x) in column:
                bend = -0.2 if column[id(y)] - column[id(x)] > 1 else 0
                axes.annotate("", (column[id(y)], row[id(y)]), (column[id(x)], row[id(x)]), zorder=2, arrowprops={
                    "arrowstyle": "-|>", "color": "#909090", "linewidth": 1, "shrinkA": 1, "shrinkB": 1,
                    "patchA": boxes[id(x)], "patchB": boxes[id(y)], "connectionstyle": f"arc3,rad={bend}"})
    for v in nodes:
        box(v, 3)
        axes.text(column[id(v)], row[id(v)] - 0.36, notes.get(id(v), ""), ha="center", va="center", fontsize=fontsize,
                  color=BACK, bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8})
    rows = [*row.values()]
    axes.set(xlim=(-0.6, max(column.values()) + 0.6), ylim=(min(rows) - 0.6, max(rows) + 0.5))
    axes.axis("off")


# %% [markdown]
# ## The lecture's example
#
# $u = w x$, $v = u + b$, $L = u v$ at $w = 2$, $x = 3$, $b = 1$. **Predict** the value of each node on paper, then the
# cotangents from right to left. How many arrows lead back to $u$?

# %%
my_cotangents = None                                     # of w, x, b, u, v, L: [..., ..., ..., ..., ..., 1]


# %%
def example(last=lambda u, v: u * v):
    """The variables of the example by name, and their cotangents; last: how L is made."""
    w, x, b = Var(2.0), Var(3.0), Var(1.0)
    u = w * x
    v = u + b
    L = last(u, v)
    return {"w": w, "x": x, "b": b, "u": u, "v": v, "L": L}, gradient(L, [w, x, b, u, v, L])


# %% tags=["hide-input"]
# Draws the tape of the example, with its cotangents.
def draw_example(variables, bars):
    _, axes = plt.subplots(figsize=(8, 3))
    formulas = {"u": "u = w x", "v": "v = u + b"}
    names = {v: f"${formulas.get(name, name)}$ = {v.value:g}" for name, v in variables.items()}
    draw_tape(variables["L"], names, axes, {v: f"cotangent {bar.value:g}" for v, bar in zip(names, bars)}, fontsize=11)


# %% tags=["hide-output"]
# picture: 03-tape.png
variables, bars = example()
cotangents = [bar.value.item() for bar in bars]
compare("cotangents", my_cotangents, cotangents)
draw_example(variables, bars)
check("the cotangents of w, x, b, u, v, L are 39, 26, 6, 13, 6, 1", cotangents == [39, 26, 6, 13, 6, 1], cotangents)

# %% [markdown]
# <details><summary>Answer</summary>
#
# Two arrows start at $u$, so two parts come back to it: $v = 7$ from the product and $\bar v = 6$ from the sum. They
# are added; this is the sum in (`chain-rule`).
#
# </details>
#
# **Change** the last step to $L = u \cdot u \cdot v$ (`u * u * v`), and predict again.

# %% tags=["hide-output"]
draw_example(*example(lambda u, v: u * v))

# %% [markdown]
# ## Broadcasting, and its adjoint
#
# A column of three and a row of four make a matrix by broadcasting. This is the cotangent of the matrix:

# %%
column, line = Var([[1.0], [2.0], [3.0]]), Var([0.0, 1.0, 0.0, -1.0])
G = rng.integers(-2, 3, (3, 4)).astype(float)
print(G)

# %% [markdown]
# **Predict** the cotangent of the column. (And that of the row.)

# %%
my_column = None                                         # three numbers: [..., ..., ...]


# %%
def cotangents_of(a, b):
    """The cotangents of a and b, if that of a + b is G."""
    return [bar.value for bar in gradient(fold((a + b) * G, ()), [a, b])]


# %% tags=["hide-input"]
# Draws matrices with their numbers.
def draw_matrices(matrices):
    _, panels = plt.subplots(1, len(matrices), figsize=(8, 2.3), width_ratios=(4, 1.6, 4))
    for panel, (title, matrix) in zip(panels, matrices.items()):
        matrix = np.atleast_2d(matrix)
        panel.imshow(matrix, cmap="RdBu", vmin=-5, vmax=5)
        panel.set(title=title, xticks=[], yticks=[])
        panel.spines[:].set_visible(False)
        for (i, j), value in np.ndenumerate(matrix):
            panel.text(j, i, f"{value:+g}", ha="center", va="center", color="white" if abs(value) > 3 else "black")


# %% tags=["hide-output"]
to_column, to_line = cotangents_of(column, line)
compare("cotangent of the column", my_column, to_column)
draw_matrices({"cotangent of the sum": G, "of the column": to_column, "of the row": to_line})
check("the column gets the sums of the rows of G", np.allclose(to_column, G.sum(1, keepdims=True)), to_column)
check("the row gets the sums of its columns", np.allclose(to_line, G.sum(0)), to_line)

# %% [markdown]
# <details><summary>Answer</summary>
#
# Each number was used several times, so its cotangents are summed: along the rows for the column, down the columns for
# the row. Without that sum the shapes do not fit. But with a batch of one they do fit, so the error stays hidden.
#
# </details>
#
# **Change** the column to one number, `Var(2.0)`. What is its cotangent?

# %% tags=["hide-output"]
print(*cotangents_of(Var([[1.0], [2.0], [3.0]]), line), sep="\n")

# %% [markdown]
# ## A network with our own engine
#
# Three more operations, each with its pull-back on the same line, are enough for a network. Note that `tanh` uses its
# own *output* in its pull-back: $\tanh' = 1 - \tanh^2$.

# %%
def matmul(a, b):
    return Var(a.value @ b.value, (a, lambda g: g @ transpose(b)), (b, lambda g: transpose(a) @ g))


def transpose(a):
    return Var(a.value.T, (a, lambda g: transpose(g)))


def tanh(a):
    y = Var(np.tanh(a.value), (a, lambda g: g * (y * y * -1 + 1)))
    return y


def mean_square(a):
    return fold(a * a, ()) * (1 / a.value.size)


points = np.linspace(-3, 3, 40)[:, None]
target = np.sin(2 * points) * np.exp(-points**2 / 6)
shapes = [(1, 16), (16,), (16, 16), (16,), (16, 1), (1,)]
theta = [rng.normal(0, 1 / np.sqrt(shape[0]), shape) for shape in shapes]


def network(x, W1, b1, W2, b2, W3, b3):
    return tanh(tanh(x @ W1 + b1) @ W2 + b2) @ W3 + b3


def fit(rate=0.05, steps=1500):
    """Parameters after steps of gradient descent, and the loss before each."""
    fitted, losses = [t.copy() for t in theta], []
    for _ in range(steps):
        parameters = [Var(t) for t in fitted]
        loss = mean_square(network(Var(points), *parameters) - target)
        losses.append(loss.value.item())
        for t, g in zip(fitted, gradient(loss, parameters)):
            t -= rate * g.value
    return fitted, losses


# %% tags=["hide-input"]
# Draws the function before and after, and the loss.
def draw_fit(fitted, losses):
    _, (left, right) = plt.subplots(1, 2, figsize=(8, 2.6))
    left.plot(points, target, "o", color=LEAF, markersize=3, label="data")
    left.plot(points, network(Var(points), *map(Var, theta)).value, color="#c8c8c8", label="before")
    left.plot(points, network(Var(points), *map(Var, fitted)).value, color=NODE, label=f"after {len(losses)} steps")
    left.set_ylim(-1.1, 1.9)
    left.legend(loc="upper left")
    right.semilogy(losses, color=BACK)
    right.set(xlabel="step", title="mean squared error")


# %%
fitted, losses = fit()
draw_fit(fitted, losses)
check("1500 steps divide the error by ten at least", losses[-1] < 0.1 * losses[0], (losses[0], losses[-1]))

# %% [markdown]
# **Change** the rate to .2, then to 1. At which rate does the error no longer fall at every step?

# %% tags=["hide-output"]
draw_fit(*fit(rate=0.1, steps=300))

# %% [markdown]
# A smaller network has one hidden layer, $\tanh(x W_1 + b_1)\, W_2 + b_2$, and the same loss for 40 points. **Predict**
# the number of nodes of its tape. How does it depend on the number of points?

# %%
my_nodes = None                                          # a number


# %%
def loss_of(f, n):
    """The loss of a small network for n points, and its parameters."""
    parameters = [Var(fitted[i]) for i in (0, 1, 4, 5)]
    return mean_square(f(Var(points[:n]), *parameters) + -target[:n]), parameters


def small(x, W1, b1, W2, b2):
    return tanh(x @ W1 + b1) @ W2 + b2


# %% tags=["hide-input"]
# Draws the tape of a loss.
def draw_loss(loss, parameters):
    _, axes = plt.subplots(figsize=(10, 2.7))
    labels = dict(zip(parameters, ("$W_1$", "$b_1$", "$W_2$", "$b_2$")))
    given = [v for v in family(loss) if not v.edges and v not in labels and v.shape]
    draw_tape(loss, labels | dict(zip(given, ("$x$", "$-$target"))), axes)
    axes.set_title(f"{len(family(loss))} nodes", loc="left")


# %% tags=["hide-output"]
sizes = {n: len(family(loss_of(small, n)[0])) for n in (1, 40)}
compare("nodes", my_nodes, sizes[40])
draw_loss(*loss_of(small, 40))
check("the tape for 40 points has as many nodes as that for one", sizes[1] == sizes[40], sizes)

# %% [markdown]
# <details><summary>Answer</summary>
#
# One node for each operation, and one for each array that is given. Their number does not depend on the number of
# points: this is the advantage of arrays.
#
# </details>
#
# **Change** the function: put a second `tanh` around the first. How many nodes does each `tanh` need?

# %% tags=["hide-output"]
print(len(family(loss_of(lambda x, W1, b1, W2, b2: tanh(x @ W1 + b1) @ W2 + b2, 40)[0])), "nodes")

# %% [markdown]
# ## Derivatives of derivatives
#
# Our pull-backs compute with Vars. So the gradient has a tape of its own, and can be differentiated again, as often
# as you like. **Predict** the value at 0 of the third derivative of $\tanh$. (What is its shape?)

# %%
my_third = None                                          # a number

# %%
at = np.linspace(-3, 3, 121)


def derivatives(f):
    """f and its first three derivatives at the points `at`."""
    x = Var(at)
    curves = [f(x)]
    for _ in range(3):
        [slope] = gradient(fold(curves[-1], ()), [x])    # each y depends on its own x alone
        curves.append(slope)
    return curves


y = np.tanh(at)
formulas = [y, 1 - y**2, -2 * y * (1 - y**2), (6 * y**2 - 2) * (1 - y**2)]


# %% tags=["hide-input"]
# Draws a function and its derivatives; formulas in grey.
def draw_derivatives(curves, formulas=()):
    _, panels = plt.subplots(1, 4, figsize=(10, 2.1))
    for panel, formula in zip(panels, formulas):
        panel.plot(at, formula, color="#c8c8c8", linewidth=5)
    for order, (panel, curve) in enumerate(zip(panels, curves)):
        panel.plot(at, curve.value, color=NODE)
        panel.set_title(f"order {order}: {len(family(curve))} nodes", fontsize=9)


# %% tags=["hide-output"]
curves = derivatives(tanh)
compare("third derivative at 0", my_third, curves[3].value[60])
draw_derivatives(curves, formulas)
for order, (curve, formula) in enumerate(zip(curves, formulas)):
    check(f"the derivative of order {order} agrees with its formula", np.allclose(curve.value, formula))

# %% [markdown]
# <details><summary>Answer</summary>
#
# $-2$: with $y = \tanh x$ it is $(6 y^2 - 2)(1 - y^2)$. The grey bands are the formulas. Each order has a longer tape.
#
# </details>
#
# **Change** the function to $x^3$, `lambda x: x * x * x`. Which of the four curves are straight lines?

# %% tags=["hide-output"]
draw_derivatives(derivatives(lambda x: tanh(x * 2)))

# %% [markdown]
# The tape of the first derivative of $L = w x (w x + b)$, with respect to $w$, contains the old tape (because its
# values are needed) and continues it. **Predict** the second derivative with respect to $w$, at $w = 2$, $x = 3$,
# $b = 1$.

# %%
my_second = None                                         # a number

# %%
w, x, b = Var(2.0), Var(3.0), Var(1.0)
u = w * x
[dw] = gradient(u * (u + b), [w])
[ddw] = gradient(dw, [w])
tape_of_ours, x_of_ours = dw, x


# %% tags=["hide-input"]
# Draws the tape of a derivative.
def draw_slope(dw, w, x, b):
    _, axes = plt.subplots(figsize=(9, 2.8))
    draw_tape(dw, {w: "$w$", x: "$x$", b: "$b$"}, axes)
    axes.set_title(rf"the tape of $\partial L / \partial w$: {len(family(dw))} nodes", loc="left")


# %% tags=["hide-output"]
compare("second derivative", my_second, ddw.value.item())
draw_slope(dw, w, x, b)
check("the derivatives are 39 and 18", (dw.value, ddw.value) == (39, 18), (dw.value, ddw.value))

# %% [markdown]
# <details><summary>Answer</summary>
#
# $L = w^2 x^2 + w x b$: the first derivative is $2 w x^2 + x b = 39$, the second $2 x^2 = 18$.
#
# </details>
#
# **Change** `[w]` to `[x]`: the derivative first with respect to $w$, then to $x$.

# %% tags=["hide-output"]
print(gradient(dw, [w])[0].value)

# %% [markdown]
# ## Comparison with the library
#
# How many lines was that? And does the library agree? We use the same network and the same numbers in float64.
# **Predict** the largest difference between the two sets of gradients.

# %%
my_difference = None                                     # for instance 1e-3

# %%
import tinygan as tg

methods = filter(inspect.isfunction, {*vars(Var).values()})
parts = (*methods, as_var, add, mul, fold, spread, gradient, matmul, transpose, tanh, mean_square)
length = sum(bool(line.strip()) for part in parts for line in inspect.getsource(part).splitlines())


def ours(x, W1, b1, W2, b2, W3, b3):
    return tg.tanh(tg.tanh(x @ W1 + b1) @ W2 + b2) @ W3 + b3


def both_gradients(dtype=np.float64):
    """The gradient of the loss by the library, computed in a dtype, and by our engine: two vectors."""
    tensors = [tg.Tensor(t.astype(dtype), requires_grad=True) for t in fitted]
    loss = tg.mean((ours(tg.Tensor(points.astype(dtype)), *tensors) - target.astype(dtype)) ** 2)
    parameters = [Var(t) for t in fitted]
    by_hand = gradient(mean_square(network(Var(points), *parameters) - target), parameters)
    return [np.concatenate([np.ravel(g) for g in gs])
            for gs in ([g.numpy() for g in tg.grad(loss, tensors)], [g.value for g in by_hand])]


# %% tags=["hide-input"]
# Draws one gradient against the other.
def draw_both(library, by_hand):
    _, axes = plt.subplots(figsize=(3.6, 3.2))
    axes.plot(library, by_hand, "o", color=NODE, markersize=4, alpha=0.5)
    axes.axline((0, 0), slope=1, color="#909090", linewidth=0.8)
    axes.set(xlabel="tinygan's gradient", ylabel="ours of sixty lines",
             title=f"largest difference {abs(library - by_hand).max():.0e}")


# %% tags=["hide-output"]
library, by_hand = both_gradients()
compare("largest difference", my_difference, abs(library - by_hand).max())
print(length, "lines of functions")
draw_both(library, by_hand)
check("the two gradients agree up to 1e-13", np.allclose(library, by_hand, atol=1e-13), abs(library - by_hand).max())
check("our engine has fewer than 70 lines", length < 70, length)

# %% [markdown]
# <details><summary>Answer</summary>
#
# About $10^{-16}$: only rounding.
#
# </details>
#
# **Change** the type to `np.float32`. How large is the difference now?

# %% tags=["hide-output"]
draw_both(*both_gradients(np.float64))

# %% [markdown]
# The library's tape has the same parts: `Tensor.edges` are pairs of an input and a rule. Two ideas are new. A rule
# receives its arguments, `rule(g, y, *inputs)`, so that `grad` can call it with plain arrays, which is fast, or, with
# `create_graph=True`, with Tensors, which records. And `grad` follows only the paths that lead to the requested inputs.
#
# Here is the tape of $\partial L / \partial w$ once more, from the library: it has the same number of nodes as ours.

# %%
def library_tape(needed="w"):
    """dw of the example, and w, x, b, by the library. needed: the names of those that need a gradient."""
    w, x, b = (tg.Tensor(value, requires_grad=name in needed) for name, value in (("w", 2.0), ("x", 3.0), ("b", 1.0)))
    u = w * x
    [dw] = tg.grad(u * (u + b), [w], create_graph=True)
    return dw, w, x, b


dw, w, *_ = library_tape()
[ddw] = tg.grad(dw, [w])
check("the derivatives are 39 and 18", (dw.item(), ddw.item()) == (39, 18), (dw.item(), ddw.item()))
check("the library's tape has as many nodes as ours", len(family(dw)) == len(family(tape_of_ours)), len(family(dw)))

# %% [markdown]
# **Change** `needed` to `"wxb"`: does the tape of the derivative have more nodes?

# %% tags=["hide-output"]
draw_slope(*library_tape(needed="w"))

# %% [markdown]
# ## The order of the backward pass
#
# Here every number is used twice: $x_{k+1} = x_k + x_k$. From the last to the first there are $2^n$ paths. A program
# that follows *paths* visits them all; a program that waits until a cotangent is complete uses each arrow once.
# **Predict** for $n = 12$: how often does each program call a pull-back?

# %%
my_calls = None                                          # [path by path, in order of birth]


# %%
def walks(n, uses=2):
    """How often a pull-back is called in a chain of n sums of `uses` equal numbers: path by path, in order of birth."""
    calls = 0

    def counted(g):
        nonlocal calls
        calls += 1
        return g

    def by_path(y, g):
        for x, pull_back in y.edges:
            by_path(x, pull_back(g))

    first = y = Var(1.0)
    for _ in range(n):
        y = Var(uses * y.value, *[(y, counted)] * uses)
    by_path(y, Var(1.0))
    paths, calls = calls, 0
    [g] = gradient(y, [first])
    check(f"the derivative is {uses}^{n}", g.value == uses**n, g.value)
    return paths, calls


lengths = np.arange(1, 13)
by_path, in_order = np.array([walks(n) for n in lengths]).T


# %% tags=["hide-input"]
# Draws the numbers of calls against the length of the chain, and your numbers for 12.
def draw_calls(yours=None):
    _, axes = plt.subplots(figsize=(5, 2.6))
    axes.semilogy(lengths, by_path, "o-", color=BACK, label="path by path")
    axes.semilogy(lengths, in_order, "o-", color=NODE, label="in order of birth")
    mark(axes, points=yours and [(12, calls) for calls in yours])
    axes.set(xlabel="length of the chain", ylabel="pull-backs called")
    axes.legend()


# %% tags=["hide-output"]
compare("calls for n = 12", my_calls, [by_path[-1], in_order[-1]])
draw_calls(my_calls)
check("path by path, a chain of n needs 2^(n+1) - 2 calls", (by_path == 2 ** (lengths + 1) - 2).all(), by_path)
check("in order of birth it needs 2 n", (in_order == 2 * lengths).all(), in_order)

# %% [markdown]
# <details><summary>Answer</summary>
#
# 8190, and 24.
#
# </details>
#
# **Change** `uses` to 3: each number is used three times. Predict both numbers for $n = 8$.

# %% tags=["hide-output"]
print(walks(8, uses=2))

# %% [markdown]
# The library needs no recursion, so a long chain is no problem: 20,000 steps of $y \leftarrow 1.0001\, y$.

# %%
y = start = tg.Tensor(1.0, requires_grad=True)
for _ in range(20_000):
    y = y + y * 1e-4
[g] = tg.grad(y, [start])
check("the derivative is 1.0001^20000", np.isclose(g.item(), 1.0001**20_000), g.item())

# %% [markdown]
# ## Gradient checks
#
# A derivative is checked against a central difference (`central-difference`):

# %% tags=["hide-input"]
# Draws the slope of e^x at 1, with a one-sided and a central difference.
def draw_secants(h=1.0):
    x = np.linspace(-1.2, 3.2, 100)
    _, axes = plt.subplots(figsize=(5, 2.8))
    axes.plot(x, np.exp(x), color="black", linewidth=0.8, label="$e^x$")
    for name, left, colour in (("one-sided", 1.0, "#a0a0a0"), ("central", 1 - h, NODE)):
        slope = (np.exp(1 + h) - np.exp(left)) / (1 + h - left)
        axes.plot(x, np.exp(left) + slope * (x - left), color=colour, label=f"{name}: error {slope / np.e - 1:.1%}")
        axes.plot([left, 1 + h], np.exp([left, 1 + h]), "o", color=colour)
    axes.set(ylim=(-3, 20), title=f"h = {h:g}")
    axes.legend()


# %% [markdown]
# **Change** the step $h$. If you halve it, by which factor does each of the two errors fall?

# %%
slider(draw_secants, h=(0.1, 2.0, 0.1))

# %% [markdown]
# If the step is too large, the curvature matters; if it is too small, rounding is larger than the difference.
# **Predict** the best step for the central difference in float64.

# %%
my_step = None                                           # for instance 1e-2

# %%
steps = 10.0 ** np.linspace(-12, 0, 49)


def errors_of(kind, dtype=np.float64):
    """The relative error of the difference of e^x at 1, for each step."""
    h = steps.astype(dtype)
    low = 1 - h if kind == "central" else np.ones_like(h)
    with np.errstate(divide="ignore", invalid="ignore"):
        return abs((np.exp(1 + h) - np.exp(low)) / (1 + h - low) / np.e - 1) + 1e-17


def best_of(errors):
    """The step with the smallest error, if five neighbours are averaged."""
    return steps[2:-2][np.argmin(np.convolve(np.log(errors), np.ones(5) / 5, "valid"))]


# %% tags=["hide-input"]
# Draws the error against the step.
def draw_steps(dtype, yours=None):
    _, axes = plt.subplots(figsize=(5.4, 3))
    for kind, colour in (("one-sided", "#c8c8c8"), ("central", NODE)):
        axes.loglog(steps, errors_of(kind, dtype), ".-", color=colour, label=kind)
    axes.loglog(steps, steps**2 / 6, ":", color="black", linewidth=0.8, label="$h^2 / 6$")
    axes.loglog(steps, 1e-16 / steps, "--", color="black", linewidth=0.8, label=r"$10^{-16} / h$")
    mark(axes, x=yours)
    axes.set(ylim=(1e-13, 1), xlabel="step $h$", ylabel="relative error", title=dtype.__name__)
    axes.legend()


# %% tags=["hide-output"]
# picture: 03-step.png
best = best_of(errors_of("central"))
compare("best step", my_step, best)
print(f"the best step of a one-sided difference: {best_of(errors_of('one-sided')):.0e}")
draw_steps(np.float64, my_step)
check("the best step for a central difference is between 1e-6 and 1e-4", 1e-6 < best < 1e-4, best)

# %% [markdown]
# <details><summary>Answer</summary>
#
# Near $10^{-5}$, the cube root of the rounding error $10^{-16}$.
#
# </details>
#
# **Change** the type to `np.float32`, with the rounding error $10^{-7}$. Predict the best step first.

# %% tags=["hide-output"]
draw_steps(np.float64)

# %% [markdown]
# ## A check with ones misses errors
#
# Many checkers add up all outputs and differentiate the sum: the cotangent is all ones. Here are five operations. The
# first is right; each of the others has a wrong pull-back.

# %%
def softmax_right(x):
    y = np.exp(tg.unwrap(x))
    y = y / y.sum(-1, keepdims=True)
    return tg.tensor.record(y, (x, lambda g, y, x: (g - (g * y).sum(-1, keepdims=True)) * y))


def softmax_zero(x):                                     # the rule is missing
    y = tg.softmax(x.detach())
    return tg.tensor.record(y.data, (x, lambda g, y, x: 0 * g))


def softmax_twice(x):                                    # a wrong factor
    y = tg.softmax(x.detach())
    return tg.tensor.record(y.data, (x, lambda g, y, x: 2 * (g - (g * y).sum(-1, keepdims=True)) * y))


def reverse(x):                                          # the cotangent is not reversed again
    return tg.tensor.record(x.data[::-1].copy(), (x, lambda g, y, x: g))


def double(x):                                           # a typing error: 3 for 2
    return tg.tensor.record(2 * x.data, (x, lambda g, y, x: 3 * g))


cases = {"softmax, right": softmax_right, "softmax, slope 0": softmax_zero, "softmax, twice": softmax_twice,
         "reverse, not turned back": reverse, "double, slope 3": double}

# %% [markdown]
# **Predict** how many of the four wrong rules pass a check with a cotangent of ones. Which of them?

# %%
my_passing = None                                        # a number


# %%
def relative_error(f, x, cotangent):
    """The central difference of <f(x), cotangent> along a random direction, against the tape."""
    direction = np.random.default_rng(1).normal(size=x.shape)

    def weighed(x):
        return tg.sum(f(x) * cotangent)
    leaf = tg.Tensor(x, requires_grad=True)
    found = np.sum(tg.grad(weighed(leaf), [leaf])[0].numpy() * direction)
    moved = [weighed(tg.Tensor(x + h * direction, requires_grad=True)).item() for h in (1e-5, -1e-5)]
    expected = (moved[0] - moved[1]) / 2e-5
    return abs(found - expected) / max(1e-3, abs(expected))


x = rng.normal(size=(4, 5))
cotangents = {"ones": np.ones((4, 5)), "random cotangent": rng.normal(size=(4, 5))}
error = np.array([[relative_error(f, x, cotangent) for cotangent in cotangents.values()] for f in cases.values()])
refused = error > 1e-6


# %% tags=["hide-input"]
# Draws a table of operations and cotangents.
def draw_refused(error, refused):
    _, axes = plt.subplots(figsize=(5.2, 2.8))
    axes.imshow(refused, cmap=plt.matplotlib.colors.ListedColormap(["#dfe9f0", "#f6cfb2"]), aspect="auto", vmin=0, vmax=1)
    axes.set_xticks(range(2), cotangents)
    axes.set_yticks(range(5), cases)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for (i, j), e in np.ndenumerate(error):
        axes.text(j, i, f"{'refused' if refused[i, j] else 'passes'} ({e:.0e})", ha="center", va="center", fontsize=9)


# %% tags=["hide-output"]
compare("wrong rules that pass", my_passing, np.sum(~refused[1:, 0]))
draw_refused(error, refused)
check("ones refuse only the typing error", refused[:, 0].tolist() == [False, False, False, False, True], error[:, 0])
check("a random cotangent refuses all wrong rules", refused[:, 1].tolist() == [False, True, True, True, True], error[:, 1])

# %% [markdown]
# <details><summary>Answer</summary>
#
# Three. A softmax sums to one for every input: the *sum* of its outputs has slope zero, and so has a rule that returns
# zero. A reversal only changes positions, and a cotangent of equal numbers does not show this. Ones test only the sum
# of the columns of a matrix $J^\top$; a random cotangent tests them all.
#
# </details>
#
# **Change** the cotangent to `np.arange(5.0)`: which of the wrong rules does it refuse?

# %% tags=["hide-output"]
for name, f in cases.items():
    print(name, "refused" if relative_error(f, x, np.ones(5)) > 1e-6 else "passes")

# %% [markdown]
# The library's `check_gradients` uses random cotangents, and tries to name the error:

# %% tags=["hide-output"]
for f in (softmax_zero, softmax_twice, reverse):
    try:
        tg.check_gradients(f, x)
    except tg.GradientError as refusal:
        print(f"{f.__name__}: {refusal}\n")
    else:
        check(f"check_gradients refuses {f.__name__}", False)
tg.check_gradients(softmax_right, x, order=3)

# %% [markdown]
# ## Check each order of derivative
#
# A pull-back may be right and *its* derivative wrong. Below is a square whose rule keeps the plain array of $x$ where
# it needs the Tensor. We use it for $x^3 = x^2 \cdot x$, whose derivatives at 3 are 27 and 18. **Predict** the two
# numbers that we get.

# %%
my_derivatives = None                                    # [first, second]


# %%
def square(x):
    kept = tg.unwrap(x)                                  # an array: a constant when the rule is differentiated
    return tg.tensor.record(kept * kept, (x, lambda g, y, x: 2 * g * kept))


def cube_derivatives(square):
    """The first and second derivative of square(x) x at 3."""
    x = tg.Tensor(3.0, requires_grad=True)
    [first] = tg.grad(square(x) * x, [x], create_graph=True)
    [second] = tg.grad(first, [x])
    return first.item(), second.item()


def refusal_of(f, order):
    """The message of check_gradients, or an empty one."""
    try:
        tg.check_gradients(f, [3.0], order=order)
    except tg.GradientError as refusal:
        return str(refusal)
    return ""


# %% tags=["hide-output"]
found = cube_derivatives(square)
compare("derivatives", my_derivatives, found)
print(refusal_of(square, order=2))
check("x * x gives 27 and 18", cube_derivatives(lambda x: x * x) == (27, 18))
check("the square with an array kept gives 27 and 12", found == (27, 12), found)
check("a check of order 1 passes", not refusal_of(square, order=1), refusal_of(square, order=1))
check("a check of order 2 refuses", refusal_of(square, order=2))

# %% [markdown]
# <details><summary>Answer</summary>
#
# 27, as it should be, and 12: the derivative of `kept` is missing.
#
# </details>
#
# **Change** `2 * g * tg.unwrap(x)` to `2 * g * x`: does the rule pass now?

# %% tags=["hide-output"]
def yours(x):
    return tg.tensor.record(tg.unwrap(x) ** 2, (x, lambda g, y, x: 2 * g * tg.unwrap(x)))


print(cube_derivatives(yours), refusal_of(yours, order=2))

# %% [markdown]
# Large frameworks can have such errors too. Look at the third derivative through batch normalisation: ours is composed
# of operations that are right to every order. PyTorch's `batch_norm` has a hand-written second derivative which treats
# mean and deviation as constants. (If PyTorch is not installed, its points are left out.)

# %%
import importlib.util

x0, u, d = rng.normal(size=(4, 2)), rng.normal(size=(4, 2)), rng.normal(size=(4, 2))


def along(t, normalised, x0=x0, u=u, d=d):
    """<u, batch norm of x0 + t d>: a function of one number."""
    return (normalised(x0 + t * d) * u).sum()


def plain(x):                                            # the formula, for finite differences
    return (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5)


def composed(x):
    return (x - tg.mean(x, 0, keepdims=True)) / tg.sqrt(tg.var(x, 0, keepdims=True) + 1e-5)


def three_derivatives(y, t, grad):
    orders = [y]
    for _ in range(3):
        orders.append(grad(orders[-1], t))
    return [o.item() for o in orders[1:]]


def by_tinygan(normalised):
    t = tg.Tensor(0.0, requires_grad=True)
    return three_derivatives(along(t, normalised), t, lambda y, t: tg.grad(y, [t], create_graph=True)[0])


h = 1e-3
f = [along(k * h, plain) for k in (-2, -1, 0, 1, 2)]
differences = [(f[3] - f[1]) / (2 * h), (f[3] - 2 * f[2] + f[1]) / h**2,
               (f[4] - 2 * f[3] + 2 * f[1] - f[0]) / (2 * h**3)]
orders = {"finite differences": differences, "tinygan": by_tinygan(composed)}
if importlib.util.find_spec("torch"):
    import torch
    t = torch.zeros((), dtype=torch.float64, requires_grad=True)
    y = along(t, lambda x: torch.nn.functional.batch_norm(x, None, None, training=True), *map(torch.tensor, (x0, u, d)))
    orders[f"PyTorch {torch.__version__.split('+')[0]}"] = three_derivatives(
        y, t, lambda y, t: torch.autograd.grad(y, t, create_graph=True)[0])


# %% tags=["hide-input"]
# Draws the three derivatives as bars.
def draw_three(orders):
    _, panels = plt.subplots(1, 3, figsize=(9, 2.3))
    for order, panel in enumerate(panels):
        drawn = panel.bar(range(len(orders)), [values[order] for values in orders.values()],
                          color=("#c8c8c8", NODE, BACK))
        panel.bar_label(drawn, fmt="%.3f", label_type="center", fontsize=8)
        panel.set_xticks(range(len(orders)), [name.replace(" ", "\n") for name in orders], fontsize=8)
        panel.set_title(f"derivative {order + 1}", fontsize=10)
        panel.axhline(0, color="black", linewidth=0.7)


# %% tags=["hide-output"]
draw_three(orders)
check("tinygan's derivatives are those of finite differences, to one in a thousand",
      np.allclose(orders["tinygan"], differences, rtol=1e-3), orders)

# %% [markdown]
# **Change** the mean to a constant, `tg.mean(x, 0, keepdims=True).detach()`: at which order do the bars differ? Which
# check detects the error?

# %% tags=["hide-output"]
def yours(x):
    return (x - tg.mean(x, 0, keepdims=True)) / tg.sqrt(tg.var(x, 0, keepdims=True) + 1e-5)


draw_three({"finite differences": differences, "yours": by_tinygan(yours)})

# %% [markdown]
# Next: [04, layers](04-layers.ipynb).
