# %% [markdown]
# # 09 Wasserstein: a notebook to step through
#
# It follows [lecture 09](../lectures/09-wasserstein.md). We begin with distances, continue with transport and prices,
# and end with critics whose slope is bounded. Each part has the same form:
#
# - **predict**: write your answer in place of `None`;
# - **run** the next cell and open its output, which compares the result with your answer;
# - **change** the value that the text names.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan import divergences, metrics, nn, objectives, penalties, updates
from tinygan.game import train
from tinygan.metrics.distances import matching
from tinygan.notebook import D_BLUE, DATA, FAKE, check, compare, mark, slider, style
from tinygan.runs import generate
from tinygan.toys import dynamics
from tinygan.toys.fields import dirac
from tinygan.updates import Adam, RMSProp, ascend
from tinygan.zoo import RECIPES
from tinygan.zoo.settings import change

style()

# %% [markdown]
# ## Two parallel lines
#
# Data at $x = 0$, fakes at $x = \theta$. **Predict** (`kl`), (`js`) and (`wasserstein`) at $\theta = 0.5$.

# %%
my_kl = None                                                   # a number; float("inf") for infinity
my_js = None
my_w = None

# %%
z = np.linspace(0, 1, 40)
thetas = np.linspace(-1, 1, 41)
places = np.round(np.linspace(-1, 1, 41), 6)                   # the possible lines; each has a probability


def on_line(theta):
    return (places == np.round(theta, 6)).astype(float)


def points_at(theta):
    return np.stack([np.full(40, theta), z], axis=1)


def distances(theta):
    """KL, JS and the Wasserstein distance between the line at 0 and the line at theta."""
    return (divergences.kl(on_line(0), on_line(theta)), divergences.js(on_line(0), on_line(theta)),
            metrics.wasserstein(points_at(0), points_at(theta)))


# %% tags=["hide-input"]
# Draws the two lines, and the three distances for all positions.
kls, jss, ws = np.array([distances(theta) for theta in thetas]).T
away = thetas != 0


def draw_lines(theta=0.6):
    _, (left, right) = plt.subplots(1, 2, figsize=(8, 2.8), width_ratios=(1, 1.8))
    left.plot(*points_at(0).T, color=DATA, linewidth=4)
    left.plot(*points_at(theta).T, color=FAKE, linewidth=4)
    if theta:
        left.annotate("", (0.05 * np.sign(theta), 0.5), (theta - 0.05 * np.sign(theta), 0.5),
                      arrowprops={"arrowstyle": "<->"})
    left.text(theta / 2, 0.55, r"$\theta$", ha="center", fontsize=12)
    left.set(xlim=(-1.1, 1.1), xticks=[], yticks=[0, 1], ylabel="$Z$")
    for half in (thetas < -0.01, thetas > 0.01):
        right.plot(thetas[half], jss[half], color=FAKE, label="JS" if half[0] else None)
    right.plot(0, 0, "o", color=FAKE, markersize=5)
    right.plot(thetas, ws, color=D_BLUE, label=r"Wasserstein: $|\theta|$")
    right.plot(thetas[away], np.full(away.sum(), 1.15), ".", color="grey", markersize=3, label=r"KL: $\infty$")
    right.axvline(theta, color="black", linewidth=0.6)
    right.axhline(np.log(2), color="grey", linewidth=0.6, linestyle=":")
    right.set(xlabel=r"$\theta$", ylim=(-0.03, 1.25))
    right.legend(loc="lower left")


# %% tags=["hide-output"]
# picture: 09-lines.png
kl, js, w = distances(0.5)
compare("KL", my_kl, kl)
compare("JS", my_js, js)
compare("Wasserstein", my_w, w)
draw_lines()
check("the Wasserstein distance is |theta|", np.allclose(ws, abs(thetas), atol=1e-9))
check("JS is log 2 wherever the lines are apart", np.allclose(jss[away], np.log(2)))
check("KL is infinite wherever the lines are apart, and both are 0 where they meet",
      np.isinf(kls[away]).all() and jss[~away] == kls[~away] == 0)
check("the total variation of two lines that are apart is 1",
      divergences.total_variation(on_line(0), on_line(0.5)) == 1)

# %% [markdown]
# **Change** the position of the fakes with the slider. Which of the three distances has a slope that could move them?

# %%
slider(draw_lines, theta=(-1.0, 1.0, 0.05))

# %% [markdown]
# ## Transport on a line
#
# Here are ten points and ten others. One plan keeps the order; its cost is the mean length of the arrows. Now two of
# the arrows are exchanged so that they cross. **Predict:** does the plan then cost more, less, or the same?

# %%
my_crossing = None                                             # "more", "less" or "the same"

# %%
rng = np.random.default_rng(3)
x, y = np.sort(rng.normal(0, 1, 10)), np.sort(rng.normal(1.5, 0.5, 10))
grid = np.linspace(-3, 4, 2000)
F, G = ((points[:, None] <= grid).mean(axis=0) for points in (x, y))


def cost_of(order):
    """The mean length of the arrows from x[i] to y[order[i]]."""
    return abs(x - y[order]).mean()


in_order = np.arange(10)

# %% tags=["hide-input"]
# Draws a plan as arrows, and the area between the two distribution functions.
def draw_plan(order, title):
    _, (left, right) = plt.subplots(1, 2, figsize=(9, 2.6))
    left.plot(x, np.ones(10), "o", color=DATA)
    left.plot(y, np.zeros(10), "o", color=FAKE)
    left.quiver(x, np.ones(10), y[order] - x, -np.ones(10), angles="xy", scale_units="xy", scale=1, width=0.003,
                color="grey")
    left.set(yticks=[0, 1], yticklabels=["$y$", "$x$"], title=title)
    right.fill_between(grid, F, G, color="#d8d8d8")
    right.plot(grid, F, color=DATA, label="$F$")
    right.plot(grid, G, color=FAKE, label="$G$")
    right.legend()
    right.set(title=f"W = {metrics.wasserstein(x, y):.3f}")


# %% tags=["hide-output"]
crossed = in_order.copy()
crossed[[0, 9]] = crossed[[9, 0]]
difference = cost_of(crossed) - cost_of(in_order)
compare("the plan with two crossing arrows costs", my_crossing,
        "more" if difference > 1e-12 else "less" if difference < -1e-12 else "the same")
draw_plan(in_order, f"the plan that keeps the order: {cost_of(in_order):.3f}")
check("no exchange of two arrows makes the plan cheaper",
      all(cost_of(np.where(in_order == i, j, np.where(in_order == j, i, in_order))) >= cost_of(in_order) - 1e-12
          for i in range(10) for j in range(i)))
check("the distance is the cost of the plan that keeps the order",
      np.isclose(metrics.wasserstein(x, y), cost_of(in_order)))
check("it is also the grey area between the distribution functions",
      np.isclose(metrics.wasserstein(x, y), abs(F - G).sum() * (grid[1] - grid[0]), atol=0.01))
wide = np.linspace(-20, 20, 40001)
check("between N(0, 1) and N(0, 4) it is sqrt(2 / pi)",
      np.isclose(divergences.wasserstein(divergences.normal(wide), divergences.normal(wide, 0.0, 2.0), wide),
                 np.sqrt(2 / np.pi), atol=1e-6))
check("between N(0, 1) and N(2.5, 1) it is 2.5",
      np.isclose(divergences.wasserstein(divergences.normal(wide), divergences.normal(wide, 2.5), wide), 2.5))

# %% [markdown]
# <details><summary>Answer</summary>
#
# It costs more, or the same: the same if both arrows point in one direction along their whole length, as the sum of
# their lengths is then the same; more if the crossing makes one of them go back.
#
# </details>
#
# **Change** the two arrows that are exchanged, here numbers 3 and 4. For which pairs is the cost the same?

# %%
pair = [3, 4]
crossed = in_order.copy()
crossed[pair] = crossed[pair[::-1]]
print(f"in order {cost_of(in_order):.3f}, with arrows {pair} exchanged {cost_of(crossed):.3f}")

# %% [markdown]
# ## Prices in the plane
#
# In the plane, the plan is the best matching. The prices come from the proof in the lecture: shortest paths on a map
# with a road to every $y$, and roads back with negative length along the plan. **Predict** the slope of the best critic
# along an arrow of the plan, and its largest slope elsewhere.

# %%
my_slope_along_an_arrow = None                                 # a number
my_largest_slope = None

# %%
rng = np.random.default_rng(5)
x, y = rng.normal([-1, 0], [0.3, 0.7], (9, 2)), rng.normal([1, 0.2], [0.5, 0.6], (9, 2))
cost = np.linalg.norm(x[:, None] - y, axis=2)
plan = matching(cost)
to_x, to_y = np.zeros(9), np.zeros(9)                          # the shortest path that ends in each town
for _ in range(20):
    to_y = np.minimum(to_y, (to_x[:, None] + cost).min(axis=0))
    to_x = np.minimum(to_x, to_y[plan] - cost[np.arange(9), plan])
f, g = -to_x, -to_y


def critic(spots):
    """h(z) = min over j of g_j + |z - y_j|."""
    return (g + np.linalg.norm(spots[:, None] - y, axis=2)).min(axis=1)


# %% tags=["hide-input"]
# Draws the best critic as a map, the points, and the plan as arrows from the fakes to their targets.
u, v = np.meshgrid(np.linspace(-2, 2.4, 120), np.linspace(-1.7, 1.9, 100))
spots = np.stack([u.ravel(), v.ravel()], axis=1)


def draw_critic():
    plt.figure(figsize=(6.4, 4.2))
    plt.contourf(u, v, critic(spots).reshape(u.shape), 24, cmap="Blues")
    plt.colorbar(label="best critic")
    plt.quiver(*y.T, *(x[plan.argsort()] - y).T, angles="xy", scale_units="xy", scale=1, width=0.004)
    plt.plot(*x.T, "o", color=DATA, label="data")
    plt.plot(*y.T, "o", color=FAKE, label="fakes, and their targets")
    plt.legend(loc="lower left")
    plt.gca().set_aspect("equal")


# %% tags=["hide-output"]
# picture: 09-plan.png
w = metrics.wasserstein(x, y)
steps = np.random.default_rng(0).normal(size=spots.shape)
rise = abs(critic(spots + 1e-3 * steps) - critic(spots)) / np.linalg.norm(1e-3 * steps, axis=1)
along = (critic(x) - critic(y[plan])) / cost[np.arange(9), plan]
compare("slope along an arrow", my_slope_along_an_arrow, along.mean())
compare("largest slope", my_largest_slope, rise.max())
print(f"the plan costs {w:.6f}, the critic earns {critic(x).mean() - critic(y).mean():.6f}")
draw_critic()
check("no price difference is above the cost of the way (`kantorovich`)", f[:, None] - g <= cost + 1e-9)
check("along the plan the price difference is the full cost", np.allclose(f - g[plan], cost[np.arange(9), plan]))
check("the best critic earns what the best plan costs", np.isclose(objectives.two_sample(critic(x), critic(y)), w))
check("the slope is 1 along each arrow, and never above 1", np.allclose(along, 1) and rise.max() <= 1 + 1e-9)

# %% [markdown]
# **Change** one price: add 0.1 to `g[0]`, the price of the first fake. Does the critic still earn as much?

# %%
extra = 0.1
g[0] += extra
print(f"the plan costs {w:.6f}, the critic earns {critic(x).mean() - critic(y).mean():.6f}")
g[0] -= extra

# %% [markdown]
# ## A critic compared with a discriminator
#
# Take data $N(0, 0.5^2)$ and fakes far away at 4. A discriminator ascends (`value`); a critic ascends (`two-sample`),
# once with clipped weights (`weight-clipping`) and RMSProp (`rmsprop`), once with the penalty (`gradient-penalty`) and
# Adam. The gradient that a fake gets from the minimax objective is $D$ times the slope of its logit; from a critic it
# is the slope. **Predict** its size at the fakes, after training, for the discriminator and for the critic with the
# penalty.

# %%
my_pull_of_the_discriminator = None                            # a number
my_pull_with_the_penalty = None

# %%
def network(rng):
    return nn.Sequential(nn.Dense(1, 32, rng=rng), nn.LeakyReLU(0.2), nn.Dense(32, 32, rng=rng), nn.LeakyReLU(0.2),
                         nn.Dense(32, 1, rng=rng)).astype(np.float64)


def climb(D, kind, shift, steps, rng, direction, rate=3e-3):
    """Trains D on new batches with the data at 0 and the fakes at `shift`; returns the mean of its last values."""
    seen = []
    for i in range(steps):
        x, y = (tg.Tensor(points) for points in rng.normal(0, 0.5, (2, 128, 1)) + np.array([0, shift]).reshape(2, 1, 1))
        value = (objectives.value if kind == "discriminator" else objectives.two_sample)(D(x), D(y))
        total = value - penalties.gradient_penalty(D, x, y, rng) if kind == "penalty" else value
        ascend(D.theta, direction(tg.grad(total, D.parameters())), updates.linear_decay(rate, i, steps, 0.5))
        if kind == "clipped":
            updates.clip(D.theta, 0.1)
        seen.append(value.item())
    return np.mean(seen[-30:])


def slope_at(D, spots):
    x = tg.Tensor(spots[:, None], requires_grad=True)
    return tg.grad(tg.sum(D(x)), [x])[0].numpy()[:, 0]


def pull_at(kind, spots):
    """The gradient that a fake at each spot gets: D times the slope of the logit, or the slope of a critic."""
    slope = slope_at(players[kind], spots)
    if kind == "discriminator":
        return tg.sigmoid(players[kind](tg.Tensor(spots[:, None]))).numpy()[:, 0] * slope
    return slope


# %% tags=["hide-input"]
# Draws the output of each player, and the gradient that a fake gets at each place.
def draw_players():
    spots = np.linspace(-2, 6, 200)
    _, (left, right) = plt.subplots(1, 2, figsize=(9, 2.8))
    for mean, colour in ((0, DATA), (4, FAKE)):
        left.fill_between(spots, divergences.normal(spots, mean, 0.5) / (spots[1] - spots[0]), color=colour, alpha=0.25)
    for (kind, D), colour in zip(players.items(), (FAKE, "grey", D_BLUE)):
        curve = D(tg.Tensor(spots[:, None]))
        curve = tg.sigmoid(curve).numpy()[:, 0] if kind == "discriminator" else curve.numpy()[:, 0]
        left.plot(spots, curve - (0 if kind == "discriminator" else curve[spots > 4][0]), color=colour, label=kind)
        right.plot(spots, pull_at(kind, spots), color=colour, label=kind)
    left.set(title="output of each player (critics: 0 at the fakes)", ylim=(-2.2, 6.5))
    left.legend()
    right.axhline(-1, color="black", linewidth=0.6, linestyle=":")
    right.set(title="gradient for a fake at $x$", xlabel="$x$", ylim=(-3, 0.3))


# %% tags=["hide-output"]
rng = np.random.default_rng(0)
kinds = {"discriminator": Adam(0.5, 0.9), "clipped": RMSProp(0.9), "penalty": Adam(0.5, 0.9)}
players = {kind: network(rng) for kind in kinds}
for kind, D in players.items():
    climb(D, kind, 4.0, 300, rng, kinds[kind])
pull = {kind: abs(pull_at(kind, np.linspace(3.5, 4.5, 25)).mean()) for kind in kinds}
compare("the discriminator's pull at the fakes", my_pull_of_the_discriminator, pull["discriminator"])
compare("the pull with the penalty", my_pull_with_the_penalty, pull["penalty"])
print(f"the pull with clipped weights: {pull['clipped']:.3f}")
draw_players()
check("the discriminator's pull on the fakes is below 0.02", pull["discriminator"] < 0.02, pull["discriminator"])
check("with the penalty it lies between 0.7 and 1.3", abs(pull["penalty"] - 1) < 0.3, pull["penalty"])

# %% [markdown]
# The red curve is the gradient of the minimax generator: at the fakes it is zero. The critic with the penalty falls
# with a slope of about 1 all the way. The clipped critic also falls evenly, but with another slope.
#
# **Change** 4.0 in `climb(D, kind, 4.0, ...)` to 1.0, where data and fakes overlap. Which player gains most?
#
# All weights of the clipped critic lie between -0.1 and 0.1. **Predict** the share of them that lies at one of these
# bounds after training.

# %%
my_share_at_the_bound = None                                   # between 0 and 1

# %% tags=["hide-input"]
# Draws the weights of both critics as histograms.
def draw_weights():
    _, panels = plt.subplots(1, 2, figsize=(8, 2.2))
    for panel, kind in zip(panels, ("clipped", "penalty")):
        panel.hist(players[kind].theta, 60, color=D_BLUE if kind == "penalty" else "grey")
        panel.set(title=f"weights: {kind}", yscale="log")


# %% tags=["hide-output"]
share = (abs(players["clipped"].theta) > 0.099).mean()
compare("share of the clipped weights at the bound", my_share_at_the_bound, share)
draw_weights()
check("more than a third of the clipped weights are at the bound, and none is beyond it",
      share > 1 / 3 and abs(players["clipped"].theta).max() <= 0.1, share)

# %% [markdown]
# **Change** the bound: `updates.clip(D.theta, 0.1)` in `climb`, to 0.02. What happens to the clipped critic's slope?
#
# ## The critic's value as a distance
#
# The fakes come nearer, and both critics continue to learn. The true distance is the shift. **Predict** the value of
# the critic with the penalty, and of the clipped one, at a shift of 4.

# %%
my_value_with_the_penalty = None                               # a number
my_value_of_the_clipped = None

# %% tags=["hide-input"]
# Draws the value of both critics against the true distance.
def draw_values():
    plt.figure(figsize=(4.6, 2.8))
    plt.plot(shifts, shifts, color="grey", linestyle=":", label="the true distance")
    plt.plot(shifts, lengthened, color=D_BLUE, linestyle="--", label="with the spring of the penalty")
    plt.plot(shifts, reported["penalty"], "o", color=D_BLUE, label="penalty")
    plt.plot(shifts, reported["clipped"], "o-", color="grey", label="clipped")
    mark(plt, points=[(4.0, my_value_with_the_penalty)] if my_value_with_the_penalty is not None else None)
    plt.xlabel("shift of the fakes")
    plt.ylabel("the critic's value")
    plt.legend()


# %% tags=["hide-output"]
shifts = [4.0, 3.0, 2.0, 1.0, 0.5]
reported = {kind: [climb(players[kind], kind, shift, 100, rng, kinds[kind]) for shift in shifts]
            for kind in ("clipped", "penalty")}
lengthened = np.array(shifts) * (1 + np.array(shifts) / 20)     # with the soft penalty: d (1 + d / (2 lambda))
compare("value with the penalty at 4", my_value_with_the_penalty, reported["penalty"][0])
compare("value of the clipped critic at 4", my_value_of_the_clipped, reported["clipped"][0])
draw_values()
check("both values follow the distance: correlation above 0.95",
      all(np.corrcoef(shifts, values)[0, 1] > 0.95 for values in reported.values()))
check("with the penalty the value is d (1 + d / 20), within 15 % for the large shifts",
      np.allclose(reported["penalty"][:3], lengthened[:3], rtol=0.15), np.round(reported["penalty"], 3))

# %% [markdown]
# Both values follow the distance. Only one has the right scale, and it is a little too large, as the next picture
# explains. **Change** `0.5` in `updates.clip` or the number of steps, 100, in this cell: which of the two values
# depends on them?
#
# ## The penalty is soft, like a spring
#
# Take the simplest critic $w x$, data 2 above the fakes, and $\lambda = 10$. The picture shows its value as a function
# of $w$. **Predict** the place of the maximum: at 1, above, or below? Where does gradient ascent end if it starts at
# $w = -0.5$?

# %%
my_maximum = None                                              # a number
my_end_from_below = None

# %%
real, fake = tg.Tensor(np.full((4, 1), 2.0)), tg.Tensor(np.zeros((4, 1)))


def penalised(w, weight=10.0):
    return (objectives.two_sample(w * real, w * fake)
            - penalties.gradient_penalty(lambda x: w * x, real, fake, np.random.default_rng(0), weight=weight))


def climbed(start, weight=10.0):
    """The end of gradient ascent on w."""
    w = np.array([start])
    for _ in range(300):
        leaf = tg.Tensor(w, requires_grad=True)
        ascend(w, tg.grad(tg.sum(penalised(leaf, weight)), [leaf]), 0.2 / weight)
    return w[0]


# %% tags=["hide-input"]
# Draws the value as a function of w, and the two ascents.
def draw_spring(weight=10.0):
    places = np.linspace(-2, 2, 101)
    plt.figure(figsize=(5, 2.6))
    plt.plot(places, [penalised(w, weight).item() for w in places], color=D_BLUE)
    for start in (0.5, -0.5):
        end = climbed(start, weight)
        plt.annotate("", (end, penalised(end, weight).item()), (start, penalised(start, weight).item()),
                     arrowprops={"arrowstyle": "->"})
        plt.plot(end, penalised(end, weight).item(), "o", color=FAKE)
    mark(plt, x=my_maximum)
    plt.xlabel("$w$")
    plt.ylabel("value with the penalty")


# %% tags=["hide-output"]
ends = climbed(0.5), climbed(-0.5)
compare("the maximum", my_maximum, ends[0])
compare("the end from below", my_end_from_below, ends[1])
draw_spring()
check("the maximum is at 1 + 2 / (2 lambda) = 1.1, and the wrong local maximum at -0.9", np.allclose(ends, [1.1, -0.9]))
points = tg.Tensor(np.random.default_rng(0).normal(size=(6, 1)))
check("a slope of -1 has no penalty either",
      abs(penalties.gradient_penalty(lambda x: -x, points, points + 1, np.random.default_rng(0)).item()) < 1e-20)

# %% [markdown]
# **Change** the weight $\lambda$ of the penalty with the slider: a stiff spring and a soft one.

# %%
slider(draw_spring, weight=(1.0, 30.0, 1.0))

# %% [markdown]
# ## Differentiating a gradient
#
# We compute the gradient of the penalty with respect to the weights of a critic with ReLUs, by the tape (bars), and by
# finite differences (dots). **Predict** the largest bar among those of the biases.

# %%
my_largest_bar_of_a_bias = None                                # a number

# %%
rng = np.random.default_rng(4)
D = nn.Sequential(nn.Dense(2, 5, rng=rng), nn.ReLU(), nn.Dense(5, 3, rng=rng), nn.ReLU(),
                  nn.Dense(3, 1, rng=rng)).astype(np.float64)
D.theta[:] += rng.normal(0, 0.3, D.theta.shape)
real, fake = (tg.Tensor(points) for points in rng.normal(size=(2, 20, 2)))


def penalty():
    return penalties.gradient_penalty(D, real, fake, np.random.default_rng(1), weight=1.0)


def by_tape():
    slopes = tg.grad(penalty(), D.parameters(), allow_unused=True)
    return np.concatenate([np.zeros(p.size) if slope is None else slope.numpy().ravel()
                           for p, slope in zip(D.parameters(), slopes)])


def by_differences():
    slopes = np.zeros(D.theta.size)
    for i in range(len(slopes)):
        for sign in (1, -1):
            D.theta[i] += sign * 1e-6
            slopes[i] += sign * penalty().item() / 2e-6
            D.theta[i] -= sign * 1e-6
    return slopes


# %% tags=["hide-input"]
# Draws the gradient of the penalty, parameter by parameter.
def draw_gradient(tape, nudged, biases):
    plt.figure(figsize=(8, 2.3))
    plt.bar(np.arange(len(tape)), tape, color="#b7d3e6", label="tape")
    plt.plot(nudged, ".", color=D_BLUE, markersize=4, label="finite differences")
    plt.plot(np.flatnonzero(biases), tape[biases], "x", color=FAKE, markersize=5, label="biases")
    plt.xlabel("parameter")
    plt.legend()


# %% tags=["hide-output"]
tape, nudged = by_tape(), by_differences()
biases = np.concatenate([np.full(p.size, p.ndim == 1) for p in D.parameters()])
compare("largest bar of a bias", my_largest_bar_of_a_bias, abs(tape[biases]).max())
draw_gradient(tape, nudged, biases)
check("the tape agrees with finite differences to 1e-6", np.allclose(tape, nudged, atol=1e-6))
check("the biases have no influence on the penalty", not tape[biases].any())
x = tg.Tensor(real.numpy(), requires_grad=True)
[bare] = tg.grad(tg.sum(D(x)), [x])
check("without create_graph a gradient has no tape of its own",
      not bare.requires_grad and tg.grad(tg.sum(D(x)), [x], create_graph=True)[0].requires_grad)

# %% [markdown]
# Within a piece where no ReLU switches, the slope does not depend on the biases: their bars are zero. **Change** both
# `nn.ReLU()` to `nn.Tanh()`: which biases get a bar?
#
# ## A Wasserstein critic can still circle
#
# Here is the Dirac-GAN with the critic $\psi x$: with simultaneous steps; with weights clipped at one half; with the
# gradient penalty and one or five steps of the critic. **Predict** which of the paths end at the centre, and the radius
# after 1,000 simultaneous steps of 0.01 from radius 1.

# %%
my_paths_to_the_centre = None                                  # their number, 0 to 4
my_radius = None

# %%
def path_of(steps, **options):
    return dynamics.trajectory(dynamics.alternating(dirac("two-sample", penalty=options.pop("penalty", 0.0)), 0.01,
                                                    **options), (1.0, 0.0), steps)


paths = {"simultaneous": dynamics.trajectory(dynamics.simultaneous(dirac("two-sample"), 0.01), (1.0, 0.0), 1000),
         "clipped": path_of(3000, clip=0.5), "penalty, k = 1": path_of(3000, penalty=1.0),
         "penalty, k = 5": path_of(3000, penalty=1.0, k=5)}

# %% tags=["hide-input"]
# Draws the four paths.
def draw_paths(paths):
    _, panels = plt.subplots(1, len(paths), figsize=(11 * len(paths) / 4, 2.9), sharex=True, sharey=True,
                                  squeeze=False)
    for panel, (name, path) in zip(panels[0], paths.items()):
        panel.plot(*path.T, color=D_BLUE, linewidth=0.8)
        panel.plot(*path[-1], "o", color=FAKE)
        panel.plot(0, 0, "k+")
        panel.set(title=name, xlabel=r"$\theta$")
    panels[0, 0].set_ylabel(r"$\psi$")


# %% tags=["hide-output"]
radius = np.linalg.norm(paths["simultaneous"][-1])
compare("paths that end at the centre", my_paths_to_the_centre,
        sum(abs(path[-500:, 0]).max() < 0.1 for path in paths.values()))
compare("radius after 1,000 simultaneous steps", my_radius, radius)
draw_paths(paths)
check("the radius is (1 + 0.01^2)^(1000 / 2) = 1.05127", np.isclose(radius, 1.0512685))
check("no path ends at the centre: theta still reaches 0.3",
      all(abs(path[-500:, 0]).max() > 0.3 for path in paths.values()))

# %% [markdown]
# **Change** the remedy: clip at 0.1, or ten steps of the critic with the penalty. Does one of them reach the centre?

# %%
draw_paths({"clipped at 0.1": path_of(3000, clip=0.1)})

# %% [markdown]
# ## Other objectives
#
# There is one bound for every convex function (`f-gan`). We take the best critic $T = f'(p/q)$ and add a wave with the
# factor $s$, for $p = N(0, 1)$ and $q = N(1, 1)$. **Predict** the $s$ of the maximum, and its height for KL.

# %%
my_best_share = None                                           # between -0.5 and 0.5
my_kl_of_the_two = None                                        # a number

# %%
grid = np.linspace(-8, 9, 2001)
p, q = divergences.normal(grid), divergences.normal(grid, 1.0)
shares = np.linspace(-0.5, 0.5, 41)


def bound_at(d, s, p=p, q=q):
    """The bound of a divergence for its best critic with a wave of the factor s."""
    return d.bound(p, q, d.critic(p / q) * (1 + s * np.sin(2 * grid)))


# %% tags=["hide-input"]
# Draws each bound, less its divergence, against the share of the wave.
def draw_bounds(mean=1.0):
    q = divergences.normal(grid, mean)
    plt.figure(figsize=(5.4, 2.8))
    for (name, d), colour in zip(divergences.F_DIVERGENCES.items(), (D_BLUE, "grey", DATA, FAKE)):
        plt.plot(shares, [bound_at(d, s, q=q) - d(p, q) for s in shares], color=colour, label=f"{name}: {d(p, q):.3f}")
    mark(plt, x=my_best_share)
    plt.xlabel("share of the wave")
    plt.ylabel("bound - divergence")
    plt.legend(title="the divergence")


# %% tags=["hide-output"]
F = divergences.F_DIVERGENCES
compare("share at the maximum", my_best_share, shares[np.argmax([bound_at(F["kl"], s) for s in shares])])
compare("KL", my_kl_of_the_two, F["kl"](p, q))
draw_bounds()
check("the bound is the divergence without a wave, and never above it",
      all(np.isclose(bound_at(d, 0), d(p, q)) and max(bound_at(d, s) for s in shares) <= d(p, q) + 1e-9
          for d in F.values()))
check("KL of N(0, 1) and N(1, 1) is 1/2", np.isclose(F["kl"](p, q), 0.5))
check("the divergence of the GAN is 2 JS - log 4", np.isclose(F["gan"](p, q), divergences.jsd_value(p, q)))
check("KL of N(0, 1) and N(1, 4) is 0.443147", np.isclose(divergences.normal_kl(0, 1, 1, 2), 0.443147, atol=1e-6))

# %% [markdown]
# **Change** the mean of $q$ with the slider. Which of the divergences grows fastest?

# %%
slider(draw_bounds, mean=(0.2, 2.0, 0.2))

# %% [markdown]
# The generators of these games descend different functions, here for fakes $N(\mu, 1)$: JS; (`least-squares`) with its
# chi square; (`hinge`) with the total variation; and $W$. **Predict** how many of the four still have a slope above
# 0.01 at $\mu = 6$.

# %%
my_functions_with_a_slope = None                               # 0 to 4

# %%
wide = np.linspace(-10, 18, 5601)
p, means = divergences.normal(wide), np.linspace(0, 6, 31)
shifted = [divergences.normal(wide, m) for m in means]
descended = {
    "JS": np.array([divergences.js(p, q) for q in shifted]),
    r"$\chi^2$, least squares": np.array([np.sum((p - q) ** 2 / (p + q)) for q in shifted]),
    "2 TV, hinge": 2 * np.array([divergences.total_variation(p, q) for q in shifted]),
    "W": np.array([divergences.wasserstein(p, q, wide) for q in shifted])}

# %% tags=["hide-input"]
# Draws the four functions of the mean of the fakes.
def draw_descended():
    plt.figure(figsize=(5.4, 2.8))
    for (name, curve), colour in zip(descended.items(), (FAKE, DATA, "grey", D_BLUE)):
        plt.plot(means, curve, color=colour, label=name)
    plt.ylim(0, 4)
    plt.xlabel(r"$\mu$")
    plt.legend()


# %% tags=["hide-output"]
slopes = [abs(curve[-1] - curve[-2]) / (means[-1] - means[-2]) for curve in descended.values()]
compare("functions with a slope above 0.01 at 6", my_functions_with_a_slope, sum(slope > 0.01 for slope in slopes))
draw_descended()
_, chi, tv, _ = descended.values()
check("chi square is 0.408109 and 1.100801 at 1 and 2", np.allclose(chi[[5, 10]], [0.408109, 1.100801], atol=1e-6))
check("twice the total variation is 0.765850 and 1.365379", np.allclose(tv[[5, 10]], [0.765850, 1.365379], atol=2e-6))
best = np.sign(p - shifted[10])
least = np.sum(p * np.maximum(0, 1 - best)) + np.sum(shifted[10] * np.maximum(0, 1 + best))
check("the hinge loss of the best D is 2 - 2 TV",
      np.isclose(least, 2 - tv[10]) and np.isclose(least, 0.634621, atol=2e-6))
pearson = divergences.F_DIVERGENCES["pearson"]
check("chi square is Pearson's between p + q and 2 q, in this order",
      np.isclose(pearson(2 * shifted[5], p + shifted[5]), chi[5]))

# %% [markdown]
# **Change** 6 in `np.linspace(0, 6, 31)` to 3 and compare the slopes again: at which distance do the first three
# functions stop pulling?
#
# ## A game whose value measures quality
#
# We use the recipe `wgan-gp` with small players on one Gaussian. The generator starts far away; its learning rate is
# low, so that the critic stays close to its maximum. The curve is the critic's value, the dots are the true distance of
# samples. **Predict** the correlation of the two. (This takes a few seconds.)

# %%
my_correlation = None                                          # between -1 and 1

# %%
def played(steps=240, objective="two-sample", gp=5.0, seed=0):
    """The game, and the true distance at each twentieth step. G rests during the first 60 steps."""
    small = change(RECIPES["wgan-gp"], {"width": 32, "decay": False, "average": 0, "rate": (1e-3, 0), "gp": gp,
                                        "objective": objective})
    game, true, rng = small.start(seed, data="gaussian", batch=64), {}, np.random.default_rng(seed)
    train(game, 60)
    game.rate_d, game.rate_g = 1e-3, 3e-4

    def look(game):
        if game.step % 20 == 0:
            fakes = generate(game.generator, game.noise(1000, rng))
            true[game.step] = metrics.wasserstein(fakes, game.data(1000, rng))
    train(game, steps, [look])
    return game, true


# %% tags=["hide-input"]
# Draws the value of the game and the true distance.
def draw_game(game, true):
    plt.figure(figsize=(6, 2.8))
    plt.plot(game.history["d_value"], color=D_BLUE, alpha=0.7, label="the critic's value")
    plt.plot(true.keys(), true.values(), "o", color=FAKE, markersize=4, label="true distance")
    plt.axvspan(0, 60, color="#f0f0f0", zorder=0)
    plt.xlabel("step of the generator (grey: $G$ is fixed)")
    plt.legend()


# %% tags=["hide-output"]
game, true = played()
values = [np.mean(game.history["d_value"][step - 10:step]) for step in true]
correlation = np.corrcoef(values, list(true.values()))[0, 1]
compare("correlation", my_correlation, correlation)
draw_game(game, true)
check("the value follows the distance: correlation above 0.9", correlation > 0.9, correlation)

# %% [markdown]
# **Change** the steps to 420. The fakes overshoot; the critic would have to reverse its slope, and the penalty on a
# slope of 0 prevents this, as in the Dirac-GAN above. Then **change** the objective: `played(240, "non-saturating",
# gp=0)`. Does its value show the distance of the fakes?

# %%
draw_game(*played(240))

# %% [markdown]
# Next: lecture 10, generators with a condition.
