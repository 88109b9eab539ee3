"""Compares the equations of lecture 10 with the functions that cite them (`equation_cases`)."""
from copy import deepcopy

import numpy as np

import tinygan as tg
from tinygan import game, nn
from tinygan.zoo import conditional


def told(player, a, labels, oracle):
    """The oracle's value for a conditional player's table and network."""
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
    ("conditional", "zoo.conditional.Generator"): conditional_player(),
    ("conditional", "zoo.conditional.Discriminator"): conditional_player((3,)),
    ("conditional", "game.game.Game"): conditional_game(points_game),
    ("conditional", "zoo.recipe.Recipe"): conditional_game(points_recipe),
    ("gru", "nn.recurrent.GRUCell"): cell,
    ("label-accuracy", "metrics.labels.label_scores"): labels_minded,
    ("projection", "zoo.conditional.Projection"): projected,
    ("rnn", "nn.recurrent.RNNCell"): cell,
    ("through-time", "nn.recurrent.Recurrent"): slopes_through_time,
}
