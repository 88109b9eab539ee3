"""How an oracle is compared with a function that cites it: what both are given, and where they differ in form."""
from copy import deepcopy
from inspect import signature

import equation_cases_07
import numpy as np

import tinygan as tg
from tinygan import game, nn
from tinygan.objectives import OBJECTIVES
from tinygan.zoo import conditional

# What an oracle is given, by the name of its argument. A function that cites it is given the same, in the same order.


def logits(n):
    return lambda rng: rng.normal(0, 2, (n, 1))


def law(rng):
    """The probabilities of six points."""
    weights = rng.random(6)
    return weights / weights.sum()


DRAW = {"real": logits(6), "fake": logits(5), "output": logits(7), "a": logits(4), "p": law, "q": law,
        "target": lambda rng: rng.integers(0, 2, (7, 1)).astype(float),
        "table": lambda rng: rng.normal(size=(3, 4)), "payoff": lambda rng: rng.normal(size=(2, 2))}
        "probabilities": lambda rng: rng.dirichlet(np.full(4, 0.5), 9),
        "counts": lambda rng: rng.integers(0, 4, 6) + [1, 0, 0, 0, 0, 0]}

# Where a function has another form than the oracle: (function, oracle, draw) -> two things that must be equal.


def slope(f, theta):
    """The gradient at the array theta of a function of a Tensor."""
    theta = tg.Tensor(theta, requires_grad=True)
    return tg.grad(f(theta), [theta])[0].numpy()


def nudged(function, oracle, rng):
    """The same form, but the oracle takes its slopes from finite differences."""
    drawn = [DRAW[argument](rng) for argument in signature(oracle).parameters]
    return np.concatenate(function(*drawn)), np.concatenate(oracle(*drawn))


def one_climb(function, oracle, rng):
    """`updates.ascend` with the gradient from the tape; the oracle takes its slope from finite differences."""
    theta, m = rng.normal(size=3), rng.normal(size=(4, 3))
    moved = theta.copy()
    function(moved, slope(lambda t: tg.sum(tg.log_sigmoid(t @ m.T)), theta), 0.3)
    return moved, oracle(theta, lambda t: np.sum(-np.log(1 + np.exp(-m @ t))), 0.3)


def climb_of_value(function, oracle, rng):
    """The gradient of a linear discriminator's value is the oracle's way uphill."""
    x, fakes, theta = rng.normal(size=(6, 3)), rng.normal(size=(5, 3)), rng.normal(size=(3, 1))
    gradient = slope(lambda t: function(tg.matmul(x, t), tg.matmul(fakes, t)), theta)

    def value(t):
        return np.mean(-np.log(1 + np.exp(-x @ t))) + np.mean(-np.log(1 + np.exp(fakes @ t)))
    return (theta + 0.3 * gradient)[:, 0], oracle(theta[:, 0], value, 0.3)


def descent(function, oracle, rng):
    """Each player's line of sign reversal by itself: down for phi."""
    phi, gradient = rng.normal(size=(2, 4))
    moved = phi.copy()
    function(moved, gradient, 0.2)
    return moved, oracle(phi, phi, gradient, gradient, 0.2)[0]


def reversal(function, oracle, rng):
    phi, w, gradient_phi, gradient_w = rng.normal(size=(4, 3))
    moved = phi.copy(), w.copy()
    function(*moved, gradient_phi, gradient_w, 0.2)
    return moved, oracle(phi, w, gradient_phi, gradient_w, 0.2)


def up_to_the_real_part(function, oracle, rng):
    """What the generator moves of a function of both: differences between two batches of fakes agree."""
    real, one, two = rng.normal(0, 2, (3, 5, 1))
    return function(one) - function(two), oracle(real, one) - oracle(real, two)


def normals(function, oracle, rng):
    """The closed form of normal laws; the oracle sums over a fine grid."""
    mean1, mean2, (sd1, sd2) = *rng.normal(size=2), rng.uniform(0.7, 1.5, 2)
    x = np.linspace(-25, 25, 20001)
    p, q = (np.exp(-((x - m) / s) ** 2 / 2) / s / np.sqrt(2 * np.pi) * (x[1] - x[0])
            for m, s in ((mean1, sd1), (mean2, sd2)))
    return function(mean1, sd1, mean2, sd2), oracle(p[q > 0], q[q > 0])


def layer(function, oracle, rng):
    """A layer without parameters, applied."""
    a = DRAW["a"](rng)
    return function()(tg.Tensor(a)).numpy(), oracle(a)


def random_tape(function, oracle, rng):
    """A tape in which each node is made from two before it, with its Jacobians: `grad` at every node."""
    nodes, slopes = [tg.Tensor(rng.normal(size=3), requires_grad=True) for _ in range(2)], [{}, {}]
    for _ in range(4):
        (i, j), (a, b) = rng.choice(len(nodes), 2, replace=False), rng.normal(size=(2, 3, 3))
        nodes.append(tg.tanh(tg.matmul(a, nodes[i]) + tg.matmul(b, nodes[j])))
        steep = 1 - nodes[-1].numpy()[:, None] ** 2
        slopes.append({i: steep * a, j: steep * b})
    weights = rng.normal(size=(len(nodes), 3))
    nodes.append(tg.sum(tg.stack(nodes) * weights))
    slopes.append({k: row[None] for k, row in enumerate(weights)})
    return (np.concatenate([g.numpy().ravel() for g in function(nodes[-1], nodes)]),
            np.concatenate([bar.ravel() for bar in oracle(slopes)]))


def shapes_that_broadcast(function, oracle, rng):
    g = rng.normal(size=(4, 2, 3))
    shape = [(3,), (2, 1), (4, 1, 3), ()][rng.integers(4)]
    return function(g, shape), oracle(g, shape)


def along_a_direction(function, oracle, rng):
    x, y, d = rng.normal(size=(3, 4))
    return function(lambda x, y: tg.sum(x**3 * y), [x, y], 0, d), oracle(lambda x: np.sum(x**3 * y), x, d)


def images(function, oracle, rng):
    """A convolution or its transpose, for two strides and paddings."""
    cases = [(rng.normal(size=(2, 5, 6, 3)), rng.normal(size=(4, 3, 3, 3)), s, p) for s, p in ((1, 1), (2, 0))]
    return tuple(np.concatenate([f(*case).ravel() for case in cases]) for f in (function, oracle))


def with_weights(shape, make, formula):
    """A layer with random parameters on x of that shape, against formula(oracle, x, weight, bias)."""
    def compare(function, oracle, rng):
        layer, x = make(function, rng).astype(np.float64), rng.normal(1, 2, shape)
        layer.theta[:] = rng.normal(size=layer.theta.size)
        return layer(tg.Tensor(x)).numpy(), formula(oracle, x, layer.weight.numpy(), layer.bias.numpy())
    return compare


def as_scale_and_shift(function, oracle, rng):
    """`normaliser`, given the moments of x and applied to it."""
    x, weight, bias = rng.normal(1, 2, (7, 3)), *rng.normal(size=(2, 3))
    scale, shift = function(np.stack([x.mean(0), x.var(0)]), weight, bias)
    return x * scale + shift, oracle(x, weight, bias)


def dense_arrays(function, oracle, rng):
    x, w, b = rng.normal(size=(5, 3)), rng.normal(size=(3, 4)), rng.normal(size=4)
    return function(x, w, b), oracle(x, w, b)
def rows(name=None, *more):
    """Two sets of points, the second moved; of several scores the one that is named."""
    def compare(function, oracle, rng):
        a, b = rng.normal(size=(30, 3)), rng.normal(0.5, 1.2, (25, 3))
        got = function(a, b, *(np.random.default_rng(i) for i in more))
        return got[name] if name else got, oracle(a, b, *(np.random.default_rng(i) for i in more))
    return compare


def in_mixture(name):
    """One score of points in the plane, some of them far from the three means."""
    def compare(function, oracle, rng):
        points, means = rng.normal(size=(40, 2)), 2 * rng.normal(size=(3, 2))
        return function(points, means, 0.4)[name], oracle(points, means, 0.4)
    return compare


def of_gaussians(function, oracle, rng):
    """The distance of the Gaussians that are fitted to two sets of rows."""
    a, b = rng.normal(size=(20, 3)), rng.normal(1, 2, (15, 3))
    fitted = [x for rows in (a, b) for x in (rows.mean(axis=0), np.cov(rows.T))]
    return function(a, b) if len(signature(function).parameters) == 2 else function(*fitted), oracle(*fitted)


def plain(gradient):
    return gradient


def one_step(objective, player):
    """One step of Algorithm 1 with plain gradients, linear players: the player's parameters after it, against one
    climb of `d_ascent`'s oracle (or, for the generator, against finite differences of the oracle under test)."""
    def compare(function, oracle, rng):
        d, g = nn.Dense(2, 1, rng=rng).astype(np.float64), nn.Dense(1, 2, rng=rng).astype(np.float64)
        x, z = rng.normal(size=(6, 2)), rng.normal(size=(6, 1))
        match = game.Game(g, d, lambda n, rng: x, lambda n, rng: z, rng, objective, batch=6, rate=0.3,
                          optimisers=(plain, plain))
        old_d, old_g = d.theta.copy(), g.theta.copy()
        function(match, 1)

        def says(theta_d, theta_g):
            fakes = z * theta_g[:2] + theta_g[2:]
            return [points @ theta_d[:2, None] + theta_d[2] for points in (x, fakes)]
        if player == "d":
            return d.theta, oracle(old_d, lambda t: climbed(*says(t, old_g)), 0.3)
        sign = {"ascend": 1, "descend": -1}[OBJECTIVES[objective].generator.direction]
        slopes = [(oracle(says(d.theta, old_g + e)[1]) - oracle(says(d.theta, old_g - e)[1])) / 2e-5
                  for e in 1e-5 * np.eye(4)]
        return g.theta, old_g + sign * 0.3 * np.array(slopes)
    return compare


def climbed(real, fake):
    return np.mean(-np.log(1 + np.exp(-real))) + np.mean(-np.log(1 + np.exp(fake)))


def position(function, oracle, rng):
    """A board of tic-tac-toe after three moves; alpha-beta also returns a count."""
    board = np.array([" "] * 9)
    board[rng.permutation(9)[:3]] = "x", "o", "x"
    value = function("".join(board), "o")
    return (value if np.isscalar(value) else value[0]), oracle("".join(board), "o")
# Lecture 10.


def told(player, a, labels, oracle):
    """What the oracle makes of a conditional player's table and network."""
    return oracle(a, labels, player.embedding.weight.numpy(), lambda x: player.network(tg.Tensor(x)).numpy())


def conditional_player(*shape):
    def compare(function, oracle, rng):
        network = nn.Dense(2 + (shape[0][0] if shape else conditional.SIZE), 2, rng=rng)
        player, a, c = function(network, 3, *shape, rng).astype(np.float64), rng.normal(size=(5, 2)), np.arange(5) % 3
        return player(tg.Tensor(a), c).numpy(), told(player, a, c, oracle)
    return compare


def conditional_game(start):
    """Both players' answers in the first step of a game."""
    def compare(function, oracle, rng):
        match = start(function, rng)
        ahead = deepcopy(match.rng)
        (x, c), z = match.data(match.batch, ahead), match.noise(match.batch, ahead)
        expected = [told(match.discriminator, a, c, oracle) for a in (x, told(match.generator, z, c, oracle))]
        return [logits.numpy() for logits in game.step(match, 1)[1:3]], expected
    return compare


def points_game(function, rng):
    players = [p.astype(np.float64) for p in conditional.points((2,), 3, rng, 4, width=5)]
    return function(*players, lambda n, rng: (rng.normal(size=(n, 2)), rng.integers(0, 4, n)),
                    lambda n, rng: rng.normal(size=(n, 3)), rng, batch=6)


def points_recipe(function, rng):
    recipe = function("", "", "", conditional.points, "ring", latent=2, steps=1, conditional=True)
    return recipe.start(int(rng.integers(9)), batch=6, dtype="float64")


def projected(function, oracle, rng):
    player = function(nn.Sequential(nn.Dense(2, 4, rng=rng), nn.Tanh(), nn.Dense(4, 1, rng=rng)), 3, rng).astype(float)
    x, c = tg.Tensor(rng.normal(size=(5, 2))), np.array([2, 0, 1, 1, 0])
    return player(x, c).numpy(), oracle(player.body(x).numpy(), c, *(
        p.numpy() for p in (player.embedding.weight, *player.head.parameters())))


def labels_minded(function, oracle, rng):
    """Samples that are their own class, of 30 latents for each of 4 labels; the other labels drawn as there."""
    seen, labels, z = rng.integers(0, 4, (4, 30)), rng.integers(0, 4, 30), np.arange(30)
    others = (labels + np.random.default_rng(1).integers(1, 4, 30)) % 4
    scores = function(lambda c: seen[c, z], lambda x: x, labels, 4, np.random.default_rng(1))
    return list(scores.values()), oracle(seen[labels, z], seen[others, z], labels)


def cell(function, oracle, rng):
    made, x, h = function(3, 2, rng=rng).astype(np.float64), rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
    return made(tg.Tensor(x), tg.Tensor(h)).numpy(), oracle(x, h, *(p.numpy() for p in made.parameters()))


def slopes_through_time(function, oracle, rng):
    layer = function(nn.RNNCell(3, 2, rng=rng)).astype(np.float64)
    x, e = tg.Tensor(rng.normal(size=(4, 5, 3)), requires_grad=True), rng.normal(size=(4, 5, 2))
    w, u, b, c = layer.parameters()
    slopes = tg.grad(tg.sum(layer(x) * e), [w, u, b, x])
    expected = oracle(x.numpy(), e, *(p.numpy() for p in (w, u, b, c)))
    return [np.concatenate([np.ravel(a) for a in part]) for part in ([s.numpy() for s in slopes], expected)]


FORMS = {
    ("minimax-value", "toys.tictactoe.minimax"): position,
    ("minimax-value", "toys.tictactoe.alpha_beta"): position,
    ("chain-rule", "tensor.grad"): random_tape,
    ("unbroadcast", "ops.shape.unbroadcast"): shapes_that_broadcast,
    ("central-difference", "check._difference"): along_a_direction,
    ("dense", "ops.linear.linear"): dense_arrays,
    ("dense", "nn.layers.Dense"): with_weights((5, 3), lambda layer, rng: layer(3, 4, rng=rng),
                                               lambda f, x, w, b: f(x, w, b)),
    ("conv", "ops.conv.conv2d"): images,
    ("conv", "nn.layers.Conv2d"): with_weights((2, 6, 5, 3), lambda layer, rng: layer(3, 2, 3, 2, 1, rng=rng),
                                               lambda f, x, w, b: f(x, w, 2, 1) + b),
    ("conv-transpose", "ops.conv.conv_transpose2d"): images,
    ("conv-transpose", "nn.layers.ConvTranspose2d"): with_weights(
        (2, 3, 4, 3), lambda layer, rng: layer(3, 2, 3, 2, 1, 1, rng=rng), lambda f, x, w, b: f(x, w, 2, 1, 1) + b),
    ("batch-norm", "ops.reduce.normaliser"): as_scale_and_shift,
    ("batch-norm", "nn.norm.BatchNorm"): with_weights((2, 3, 4, 3), lambda layer, rng: layer(3),
                                                      lambda f, x, w, b: f(x, w, b)),
    **equation_cases_07.FORMS,
    ("d-ascent", "updates.ascend"): one_climb,
    ("d-ascent", "objectives.value"): climb_of_value,
    ("d-ascent", "game.step"): one_step("minimax", "d"),
    ("g-minimax", "game.step"): one_step("minimax", "g"),
    ("g-non-saturating", "game.step"): one_step("non-saturating", "g"),
    ("d-gradient", "objectives.d_gradient"): nudged,
    ("g-gradient", "objectives.g_gradient"): nudged,
    ("g-non-saturating-gradient", "objectives.g_non_saturating_gradient"): nudged,
    ("sign-reversal", "updates.descend"): descent,
    ("sign-reversal", "updates.sign_reversal"): reversal,
    ("cross-entropy-split", "objectives._synthetic_part"): up_to_the_real_part,
    ("d-output", "nn.activations.Sigmoid"): layer,
    ("kl", "divergences.normal_kl"): normals,
    ("conditional", "zoo.conditional.Generator"): conditional_player(),
    ("conditional", "zoo.conditional.Discriminator"): conditional_player((3,)),
    ("conditional", "game.Game"): conditional_game(points_game),
    ("conditional", "zoo.recipe.Recipe"): conditional_game(points_recipe),
    ("gru", "nn.recurrent.GRUCell"): cell,
    ("label-accuracy", "metrics.labels.label_scores"): labels_minded,
    ("projection", "zoo.conditional.Projection"): projected,
    ("rnn", "nn.recurrent.RNNCell"): cell,
    ("through-time", "nn.recurrent.Recurrent"): slopes_through_time,
    ("high-quality", "metrics.mixture.mixture"): in_mixture("hq"),
    ("frechet", "metrics.features.frechet"): of_gaussians,
    ("frechet", "metrics.features.frechet_gaussians"): of_gaussians,
    ("kernel-distance", "metrics.distances.kernel_distance"): rows(),
    ("sliced-wasserstein", "metrics.distances.sliced_wasserstein"): rows(None, 0),
    ("one-nn", "metrics.neighbours.one_nn_accuracy"): rows(),
    **{(name, "metrics.neighbours.precision_recall_density_coverage"): rows(name)
       for name in ("precision", "recall", "density", "coverage")},
}


def compare(slug, path, function, oracle, seed=0):
    """Evaluates the function and the oracle on random input; raises AssertionError where they differ."""
    rng = np.random.default_rng(seed)
    form = FORMS.get((slug, path))
    if form:
        got, expected = form(function, oracle, rng)
        np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-8)  # finite differences and sums on a grid
    else:
        drawn = [DRAW[argument](rng) for argument in signature(oracle).parameters]
        got, expected = function(*drawn), oracle(*drawn)
        for a, b in zip(*(x if isinstance(x, tuple) else (x,) for x in (got, expected)), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
