# %% [markdown]
# # 03 Automatic differentiation: a notebook to step through
#
# It follows [lecture 03](../lectures/03-autograd.md). We write a small automatic differentiation ourselves, in about
# sixty lines. It draws its own tape and differentiates derivatives. At the end we import the library's version and
# compare. **Predict** the answer before each picture, **run** the cell, **look**, then **change** something.

# %%
import inspect
import itertools

import matplotlib.pyplot as plt
import numpy as np

LEAF, NODE, BACK = "#3a7d44", "#2e6f95", "#d1495b"       # given, computed, flowing back
plt.rcParams.update({"figure.dpi": 90, "axes.spines.top": False, "axes.spines.right": False,
                     "figure.constrained_layout.use": True})
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

# %%
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
# The lecture's example: $u = w x$, $v = u + b$, $L = u v$ at $w = 2$, $x = 3$, $b = 1$. **Predict** the value of each
# node, then the cotangents from right to left. How many arrows lead back to $u$?

# %%
# picture: 03-tape.png
w, x, b = Var(2.0), Var(3.0), Var(1.0)
u = w * x
v = u + b
L = u * v
everything = [w, x, b, u, v, L]
bars = gradient(L, everything)
figure, axes = plt.subplots(figsize=(8, 3))
names = dict(zip(everything, (f"{n} = {k.value:g}" for n, k in
                              zip(("$w$", "$x$", "$b$", "$u = w x$", "$v = u + b$", "$L = u v$"), everything))))
draw_tape(L, names, axes, {k: rf"cotangent {g.value:g}" for k, g in zip(everything, bars)}, fontsize=11)
assert [g.value for g in bars] == [39, 26, 6, 13, 6, 1]

# %% [markdown]
# Two arrows start at $u$, so two parts come back to it: $v = 7$ from the product and $\bar v = 6$ from the sum. They
# are added; this is the sum in (`chain-rule`). **Change:** make it $L = u \cdot u \cdot v$ and predict again.
#
# ## Broadcasting, and its adjoint
#
# A column of three and a row of four make a matrix by broadcasting. The cotangent of the matrix is drawn in the middle.
# **Predict** the cotangents of the column and of the row: which number goes to which place?

# %%
column, line = Var([[1.0], [2.0], [3.0]]), Var([0.0, 1.0, 0.0, -1.0])
G = rng.integers(-2, 3, (3, 4)).astype(float)            # the cotangent of column + line
[to_column, to_line] = gradient(fold((column + line) * G, ()), [column, line])

figure, panels = plt.subplots(1, 3, figsize=(8, 2.3), width_ratios=(4, 1.6, 4))
for panel, matrix, title in zip(panels, (G, to_column.value, to_line.value[None]),
                                ("cotangent of the sum", "of the column", "of the row")):
    panel.imshow(matrix, cmap="RdBu", vmin=-5, vmax=5)
    panel.set(title=title, xticks=[], yticks=[])
    panel.spines[:].set_visible(False)
    for (i, j), value in np.ndenumerate(matrix):
        panel.text(j, i, f"{value:+g}", ha="center", va="center", color="white" if abs(value) > 3 else "black")
assert np.allclose(to_column.value, G.sum(1, keepdims=True)) and np.allclose(to_line.value, G.sum(0))

# %% [markdown]
# Each number was used several times, so its cotangents are summed: along the rows for the column, down the columns for
# the row. Without that sum the shapes do not fit. But with a batch of one they do fit, so the error stays hidden.
#
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


before, losses = network(Var(points), *map(Var, theta)).value, []
for _ in range(1500):
    parameters = [Var(t) for t in theta]
    loss = mean_square(network(Var(points), *parameters) - target)
    losses.append(loss.value)
    for t, g in zip(theta, gradient(loss, parameters)):
        t -= 0.05 * g.value
after = network(Var(points), *map(Var, theta)).value

figure, (left, right) = plt.subplots(1, 2, figsize=(8, 2.6))
left.plot(points, target, "o", color=LEAF, markersize=3, label="data")
left.plot(points, before, color="#c8c8c8", label="before")
left.plot(points, after, color=NODE, label="after 1500 steps")
left.set_ylim(-1.1, 1.9)
left.legend(fontsize=8, loc="upper left")
right.semilogy(losses, color=BACK)
right.set(xlabel="step", title="mean squared error")
assert losses[-1] < 0.1 * losses[0]

# %% [markdown]
# Here is its tape, for one point and one hidden layer. **Predict** the number of nodes of the tape of the *whole* loss
# for 40 points. (The answer shows the advantage of arrays.)

# %%
def small(x, W1, b1, W2, b2):
    return mean_square(tanh(x @ W1 + b1) @ W2 + b2 + -target[:len(x.value)])


sizes = {}
for n in (1, 40):
    parameters = [Var(t) for t in (theta[0], theta[1], theta[4], theta[5])]
    loss = small(Var(points[:n]), *parameters)
    sizes[n] = len(family(loss))
figure, axes = plt.subplots(figsize=(10, 2.7))
labels = dict(zip(parameters, ("$W_1$", "$b_1$", "$W_2$", "$b_2$")))
labels |= dict(zip([v for v in family(loss) if not v.edges and v not in labels and v.shape], ("$x$", "$-$target")))
draw_tape(loss, labels, axes)
axes.set_title(f"{sizes[40]} nodes", loc="left")
assert sizes[1] == sizes[40]

# %% [markdown]
# ## Derivatives of derivatives
#
# Our pull-backs compute with Vars. So the gradient has a tape of its own, and can be differentiated again, as often
# as you like. **Predict** the shape of the third derivative of $\tanh$.

# %%
at = np.linspace(-3, 3, 121)
x = Var(at)
curves = [tanh(x)]
for _ in range(3):
    [slope] = gradient(fold(curves[-1], ()), [x])        # each y depends on its own x alone
    curves.append(slope)
y = np.tanh(at)
formulas = [y, 1 - y**2, -2 * y * (1 - y**2), (6 * y**2 - 2) * (1 - y**2)]
figure, panels = plt.subplots(1, 4, figsize=(10, 2.1))
for order, (panel, curve, formula) in enumerate(zip(panels, curves, formulas)):
    panel.plot(at, formula, color="#c8c8c8", linewidth=5)
    panel.plot(at, curve.value, color=NODE)
    panel.set_title(f"order {order}: {len(family(curve))} nodes", fontsize=9)
    assert np.allclose(curve.value, formula)

# %% [markdown]
# The grey bands are the formulas. Each order has a longer tape. That of the first derivative of $L = u v$, with respect
# to $w$, contains the old tape (because its values are needed) and continues it:

# %%
w, x, b = Var(2.0), Var(3.0), Var(1.0)
u = w * x
[dw] = gradient(u * (u + b), [w])
[ddw] = gradient(dw, [w])
count = len(family(dw))
figure, axes = plt.subplots(figsize=(9, 2.8))
draw_tape(dw, {w: "$w$", x: "$x$", b: "$b$"}, axes)
axes.set_title(rf"the tape of $\partial L / \partial w$ = {dw.value:g}; once more, {ddw.value:g}", loc="left")
assert dw.value == 39 and ddw.value == 18                # L = w x (w x + b): 2 w x^2 + x b, then 2 x^2

# %% [markdown]
# ## Comparison with the library
#
# How many lines was that? And does the library agree? We use the same network and the same numbers. **Predict** the
# difference between the two sets of gradients.

# %%
import tinygan as tg

methods = filter(inspect.isfunction, {*vars(Var).values()})
parts = (*methods, as_var, add, mul, fold, spread, gradient, matmul, transpose, tanh, mean_square)
length = sum(bool(line.strip()) for part in parts for line in inspect.getsource(part).splitlines())
print(length, "lines of functions")


def ours(x, W1, b1, W2, b2, W3, b3):
    return tg.tanh(tg.tanh(x @ W1 + b1) @ W2 + b2) @ W3 + b3


tensors = [tg.Tensor(t, requires_grad=True) for t in theta]
loss = tg.mean((ours(tg.Tensor(points), *tensors) - target) ** 2)
library = tg.grad(loss, tensors)
parameters = [Var(t) for t in theta]
by_hand = gradient(mean_square(network(Var(points), *parameters) - target), parameters)
flat = [np.concatenate([g.ravel() for g in gs]) for gs in ([g.numpy() for g in library], [g.value for g in by_hand])]
plt.figure(figsize=(3.6, 3.2))
plt.plot(*flat, "o", color=NODE, markersize=4, alpha=0.5)
plt.axline((0, 0), slope=1, color="#909090", linewidth=0.8)
plt.xlabel("tinygan's gradient")
plt.ylabel("ours of sixty lines")
print(f"largest difference {abs(flat[0] - flat[1]).max():.1e}")
assert np.allclose(*flat, atol=1e-14) and length < 70

# %% [markdown]
# The library's tape has the same parts: `Tensor.edges` are pairs of an input and a rule. Two ideas are new. A rule
# receives its arguments, `rule(g, y, *inputs)`, so that `grad` can call it with plain arrays, which is fast, or, with
# `create_graph=True`, with Tensors, which records. And `grad` follows only the paths that lead to the requested inputs.
#
# The same function as above, on the library's tape. **Predict** the differences from the picture above.

# %%
w, x, b = (tg.Tensor(value, requires_grad=name == "w") for name, value in (("w", 2.0), ("x", 3.0), ("b", 1.0)))
u = w * x
[dw] = tg.grad(u * (u + b), [w], create_graph=True)
[ddw] = tg.grad(dw, [w])
figure, axes = plt.subplots(figsize=(7, 2.6))
draw_tape(dw, {w: "$w$", x: "$x$", b: "$b$"}, axes)
assert dw.item() == 39 and ddw.item() == 18 and len(family(dw)) == count

# %% [markdown]
# There are none: the two tapes agree node for node.
#
# ## The order of the backward pass
#
# Here every number is used twice: $x_{k+1} = x_k + x_k$. From the last to the first there are $2^n$ paths. A program
# that follows *paths* visits them all; a program that waits until a cotangent is complete uses each arrow once.
# **Predict** the two curves.

# %%
def walks(n):
    """The number of calls of a pull-back in a chain of n doublings: path by path, and in order of birth."""
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
        y = Var(y.value + y.value, (y, counted), (y, counted))
    by_path(y, Var(1.0))
    paths, calls = calls, 0
    [g] = gradient(y, [first])
    assert g.value == 2**n
    return paths, calls


lengths = np.arange(1, 13)
by_path, in_order = np.array([walks(n) for n in lengths]).T
plt.figure(figsize=(5, 2.6))
plt.semilogy(lengths, by_path, "o-", color=BACK, label="path by path")
plt.semilogy(lengths, in_order, "o-", color=NODE, label="in order of birth")
plt.xlabel("length of the chain")
plt.ylabel("pull-backs called")
plt.legend(fontsize=8)
assert (by_path == 2 ** (lengths + 1) - 2).all() and (in_order == 2 * lengths).all()

y = start = tg.Tensor(1.0, requires_grad=True)
for _ in range(20_000):                                  # no recursion: a long chain is no problem
    y = y + y * 1e-4
[g] = tg.grad(y, [start])
assert np.isclose(g.item(), 1.0001**20_000)

# %% [markdown]
# ## Gradient checks
#
# A derivative is checked against a central difference (`central-difference`). How large should the step be? If it is
# too large, the curvature matters; if it is too small, rounding is larger than the difference. **Predict** the best
# step.

# %%
# picture: 03-step.png
steps = 10.0 ** np.linspace(-12, 0, 49)
truth = np.exp(1.0)
plt.figure(figsize=(5.4, 3))
for kind, colour, estimate in (("one-sided", "#c8c8c8", lambda h: (np.exp(1 + h) - np.exp(1)) / h),
                               ("central", NODE, lambda h: (np.exp(1 + h) - np.exp(1 - h)) / (2 * h))):
    errors = np.array([abs(estimate(h) / truth - 1) for h in steps])
    plt.loglog(steps, errors + 1e-17, ".-", color=colour, label=kind)
    best = steps[np.argmin(np.convolve(np.log(errors + 1e-17), np.ones(5) / 5, "same"))]
    print(f"{kind}: best near h = {best:.0e}")
plt.loglog(steps, steps**2 / 6, ":", color="black", linewidth=0.8, label="$h^2 / 6$")
plt.loglog(steps, 1e-16 / steps, "--", color="black", linewidth=0.8, label=r"$10^{-16} / h$")
plt.ylim(1e-13, 1)
plt.xlabel("step $h$")
plt.ylabel("relative error")
plt.legend(fontsize=8)
assert 1e-6 < best < 1e-4

# %% [markdown]
# ## A check with ones misses errors
#
# Many checkers add up all outputs and differentiate the sum: the cotangent is all ones. Here are five operations. The
# first is right; each of the others has a wrong pull-back. **Predict** which of the wrong ones pass a check with ones.

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


def check(f, x, cotangent):
    """The central difference of <f(x), cotangent> along a random direction, against the tape: the relative error."""
    direction = np.random.default_rng(1).normal(size=x.shape)

    def weighed(x):
        return tg.sum(f(x) * cotangent)
    leaf = tg.Tensor(x, requires_grad=True)
    found = np.sum(tg.grad(weighed(leaf), [leaf])[0].numpy() * direction)
    moved = [weighed(tg.Tensor(x + h * direction, requires_grad=True)).item() for h in (1e-5, -1e-5)]
    expected = (moved[0] - moved[1]) / 2e-5
    return abs(found - expected) / max(1e-3, abs(expected))


x = rng.normal(size=(4, 5))
cases = {"softmax, right": softmax_right, "softmax, slope 0": softmax_zero, "softmax, twice": softmax_twice,
         "reverse, not turned back": reverse, "double, slope 3": double}
error = np.array([[check(f, x, cotangent) for cotangent in (np.ones((4, 5)), rng.normal(size=(4, 5)))]
                  for f in cases.values()])
caught = error > 1e-6
figure, axes = plt.subplots(figsize=(5.2, 2.8))
axes.imshow(caught, cmap=plt.matplotlib.colors.ListedColormap(["#dfe9f0", "#f2c4c9"]), aspect="auto", vmin=0, vmax=1)
axes.set_xticks(range(2), ["ones", "random cotangent"])
axes.set_yticks(range(5), cases)
axes.tick_params(length=0)
axes.spines[:].set_visible(False)
for (i, j), e in np.ndenumerate(error):
    axes.text(j, i, f"{'refused' if caught[i, j] else 'passes'} ({e:.0e})", ha="center", va="center", fontsize=9)
assert caught.tolist() == [[False, False], [False, True], [False, True], [False, True], [True, True]]

# %% [markdown]
# Three wrong rules pass. A softmax sums to one for every input: the *sum* of its outputs has slope zero, and so has a
# rule that returns zero. A reversal only changes positions, and a cotangent of equal numbers does not show this. Ones
# test only the sum of the columns of a matrix $J^\top$; a random cotangent tests them all. The library's
# `check_gradients` uses random cotangents, and tries to name the error:

# %%
for f in (softmax_zero, softmax_twice, reverse):
    try:
        tg.check_gradients(f, x)
    except tg.GradientError as error:
        print(f"{f.__name__}: {error}\n")
    else:
        raise AssertionError(f"{f.__name__} passed")
tg.check_gradients(softmax_right, x, order=3)

# %% [markdown]
# ## Check each order of derivative
#
# A pull-back may be right and *its* derivative wrong. Below is a square whose rule keeps the plain array of $x$ where
# it needs the Tensor. **Predict** its first and second derivative at $x = 3$.

# %%
def square(x):
    kept = tg.unwrap(x)                            # an array: a constant when the rule is differentiated
    return tg.tensor.record(kept * kept, (x, lambda g, y, x: 2 * g * kept))


found = {}
for name, f in (("x * x", lambda x: x * x), ("with an array kept", square)):
    x = tg.Tensor(3.0, requires_grad=True)
    [first] = tg.grad(f(x) * x, [x], create_graph=True)  # x^3: 27, 18
    [second] = tg.grad(first, [x])
    found[name] = first.item(), second.item()
figure, axes = plt.subplots(figsize=(5, 2.4))
for i, (name, values) in enumerate(found.items()):
    axes.barh(np.arange(2) + 0.2 - 0.4 * i, values, 0.38, color=(NODE, BACK)[i], label=name)
axes.set_yticks(range(2), ["first derivative", "second"])
axes.invert_yaxis()
axes.set_title("of $x^3$ at 3", fontsize=10)
axes.set_xlim(0, 40)
axes.legend(fontsize=8, loc="lower right")
assert found == {"x * x": (27, 18), "with an array kept": (27, 12)}
tg.check_gradients(square, [3.0], order=1)               # order 1 passes
try:
    tg.check_gradients(square, [3.0])
except tg.GradientError as error:
    print(error)
else:
    raise AssertionError("order 2 passed")

# %% [markdown]
# Large frameworks can have such errors too. Look at the third derivative through batch normalisation: ours is composed
# of operations that are right to every order. PyTorch's `batch_norm` has a hand-written second derivative which treats
# mean and deviation as constants. (If PyTorch is not installed, its points are left out.)

# %%
import importlib.util

x0, u, d = rng.normal(size=(4, 2)), rng.normal(size=(4, 2)), rng.normal(size=(4, 2))


def along(t, normalised):
    """<u, batch norm of x0 + t d>: a function of one number."""
    return (normalised(x0 + t * d) * u).sum()


def plain(x):                                            # the formula, for finite differences
    return (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5)


def composed(x):
    return (x - tg.mean(x, 0, keepdims=True)) / tg.sqrt(tg.var(x, 0, keepdims=True) + 1e-5)


def differentiate(y, t, grad):
    orders = [y]
    for _ in range(3):
        orders.append(grad(orders[-1], t))
    return [o.item() for o in orders[1:]]


h = 1e-3
f = [along(k * h, plain) for k in (-2, -1, 0, 1, 2)]
differences = [(f[3] - f[1]) / (2 * h), (f[3] - 2 * f[2] + f[1]) / h**2,
               (f[4] - 2 * f[3] + 2 * f[1] - f[0]) / (2 * h**3)]
t = tg.Tensor(0.0, requires_grad=True)
bars = {"finite differences": differences,
        "tinygan": differentiate(along(t, composed), t, lambda y, t: tg.grad(y, [t], create_graph=True)[0])}
if importlib.util.find_spec("torch"):
    import torch
    x0, u, d = map(torch.tensor, (x0, u, d))
    t = torch.zeros((), dtype=torch.float64, requires_grad=True)
    y = along(t, lambda x: torch.nn.functional.batch_norm(x, None, None, training=True))
    bars[f"PyTorch {torch.__version__.split('+')[0]}"] = differentiate(
        y, t, lambda y, t: torch.autograd.grad(y, t, create_graph=True)[0])
figure, panels = plt.subplots(1, 3, figsize=(9, 2.3))
for order, panel in enumerate(panels):
    drawn = panel.bar(range(len(bars)), [values[order] for values in bars.values()], color=("#c8c8c8", NODE, BACK))
    panel.bar_label(drawn, fmt="%.3f", label_type="center", fontsize=8)
    panel.set_xticks(range(len(bars)), [name.replace(" ", "\n") for name in bars], fontsize=8)
    panel.set_title(f"derivative {order + 1}", fontsize=10)
    panel.axhline(0, color="black", linewidth=0.7)
assert np.allclose(bars["tinygan"], differences, rtol=1e-3)

# %% [markdown]
# **Change** `composed` so that it keeps the mean as a constant, `tg.mean(...).detach()`: at which order do the bars
# differ? Which check detects the error?
#
# Next: [04, layers](04-layers.ipynb).
