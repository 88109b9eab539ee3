"""Small pairs of players for the tests of the game: dense nets on points, convolutions with batch norm on images."""
import numpy as np
from helpers import host

import tinygan as tg
from tinygan import data, nn, zoo
from tinygan.zoo.recipe import game_settings


def dense(seed=0, dtype=np.float64):
    """A generator and a discriminator of points in the plane, and the size of z."""
    rng = np.random.default_rng(seed)
    g = nn.Sequential(nn.Dense(3, 16, rng=rng), tg.relu, nn.Dense(16, 2, rng=rng))
    d = nn.Sequential(nn.Dense(2, 16, rng=rng), nn.LeakyReLU(0.2), nn.Dense(16, 1, rng=rng))
    return g.astype(dtype), d.astype(dtype), 3


def images(seed=0, dtype=np.float64):
    """A small DCGAN on 8x8 images of one channel, batch norm in both nets; no bias before batch norm."""
    rng = np.random.default_rng(seed)
    g = nn.Sequential(nn.Dense(5, 2 * 2 * 6, bias=False, rng=rng), nn.Reshape(2, 2, 6), nn.BatchNorm(6), nn.ReLU(),
                      nn.ConvTranspose2d(6, 4, 4, 2, 1, bias=False, rng=rng), nn.BatchNorm(4), nn.ReLU(),
                      nn.ConvTranspose2d(4, 1, 4, 2, 1, rng=rng), nn.Tanh())
    d = nn.Sequential(nn.Conv2d(1, 4, 4, 2, 1, rng=rng), nn.LeakyReLU(0.2),
                      nn.Conv2d(4, 6, 4, 2, 1, bias=False, rng=rng), nn.BatchNorm(6), nn.LeakyReLU(0.2),
                      nn.Flatten(), nn.Dense(2 * 2 * 6, 1, rng=rng))
    return g.astype(dtype), d.astype(dtype), 5


def sequences(seed=0, dtype=np.float64):
    """The recurrent players of the zoo, small, for the sines."""
    g, d = zoo.sequence.networks((16, 1), 3, np.random.default_rng(seed), width=6)
    return g.astype(dtype), d.astype(dtype), 3


def points(n, rng):
    """Eight points on a ring, blurred."""
    angle = 2 * np.pi * rng.integers(0, 8, n) / 8
    return (np.stack([np.cos(angle), np.sin(angle)], 1) + 0.1 * rng.standard_normal((n, 2))).astype(np.float32)


def pictures(n, rng):
    """8x8 images of a bright bar, blurred."""
    x = 0.1 * rng.standard_normal((n, 8, 8, 1)) - 0.8
    x[np.arange(n), :, rng.integers(0, 8, n)] += 1.6
    return x.astype(np.float32)


def game(kind, dtype=np.float64, seed=0, **options):
    """A game between the players of `kind`: "dense", "images" or "sequences", with options for `game_settings`."""
    players, draw = {"dense": (dense, points), "images": (images, pictures),
                     "sequences": (sequences, data.sines)}[kind]
    g, d, size = players(seed, dtype)
    options = {"batch": 8, "rate": 1e-3, **options}
    return tg.game.Game(g, d, draw, tg.game.latent(size), np.random.default_rng(seed + 1), **game_settings(options))


def number(played, remedy):
    """The number of the game's remedy of this class; 0 without one."""
    return next((next(iter(vars(r).values())) for r in played.remedies if isinstance(r, remedy)), 0)


def conditional(kind, dtype=np.float64, seed=0, classes=4, **options):
    """A game between conditional players of the zoo, "points", "images" or "projected"; labels at random."""
    rng = np.random.default_rng(seed)
    if kind == "points":
        size, draw, players = 3, points, zoo.conditional.points((2,), 3, rng, classes)
    else:
        size, draw = 5, pictures
        players = zoo.conditional.images((8, 8, 1), size, rng, classes, projection=kind == "projected")
    options = {"batch": 8, "rate": 1e-3, **options}
    return tg.game.Game(*(player.astype(dtype) for player in players),
                        lambda n, rng: (draw(n, rng), rng.integers(classes, size=n)), tg.game.latent(size),
                        np.random.default_rng(seed + 1), **game_settings(options))


def of_images(system, dtype=np.float64, seed=0, **options):
    """A game of small players of a file of the zoo, such as `zoo.style`, on 8x8 images, with R1."""
    g, d = (net.astype(dtype) for net in system.networks((8, 8, 1), 3, np.random.default_rng(seed), width=4))
    options = {"batch": 4, "rate": 1e-2, "remedies": [tg.penalties.R1(1.0)], "optimiser_d": tg.updates.Adam(),
               "optimiser_g": tg.updates.Adam(), **options}
    return system.make_game(g, d, lambda n, rng: rng.standard_normal((n, 8, 8, 1)).astype(dtype), tg.game.latent(3),
                            np.random.default_rng(seed + 1), **options)


def network(seed=0):
    """A small network of layers in layers, with running statistics and a layer that draws by itself."""
    rng = np.random.default_rng(seed)
    inner = nn.Sequential(nn.Dense(3, 4, rng=rng), nn.BatchNorm(4), tg.tanh)
    return nn.Sequential(inner, nn.Dense(4, 2, rng=rng), nn.Dropout(0.1, rng=rng))


def plain(gradient):
    """An optimiser that goes along the gradient."""
    return tg.updates.vector(gradient)


def thetas(played):
    """The parameters of both players of a game as one vector."""
    return np.concatenate([host(played.generator.theta), host(played.discriminator.theta)])


def moved(module, seed=7):
    """The module in float64, its parameters and buffers away from 0 and 1."""
    rng = np.random.default_rng(seed)
    module.astype(np.float64)
    module.theta[...] += rng.uniform(0.1, 0.5, module.theta.shape)
    for _, owner, name in module.named_buffers():
        setattr(owner, name, getattr(owner, name) + rng.uniform(0.1, 0.5, getattr(owner, name).shape))
    return module
