"""The remedies as switches of a game: the effect of each, none at 0, and any of them combined."""
import foreign
import numpy as np
import pytest
from dtypes import born_on_foreign, born_on_numpy
from helpers import host, to_foreign
from networks import game, plain, thetas

import tinygan as tg
from tinygan import nn, objectives
from tinygan.game import Diverged, train
from tinygan.penalties import Unrolled
from tinygan.updates import Average, clip

SEED = np.random.default_rng


GAMES = {
    "gp": {"gp": 10.0, "objective": "two-sample"},
    "clip": {"clip": 0.05, "objective": "two-sample", "k": 2},
    "instance noise": {"instance_noise": 0.5},
    "unrolled": {"unroll": 2, "unroll_rate": 0.5},
    "hinge": {"objective": "hinge"},
    "least squares": {"objective": "least-squares"},
    "all": {"gp": 1.0, "r1": 1.0, "clip": 0.5, "instance_noise": 0.1, "unroll": 1, "simultaneous": True,
            "objective": "hinge"},
}


every_game = pytest.mark.parametrize("name", GAMES)
every_net = pytest.mark.parametrize("kind", ["dense", "images"])
# by default images have all remedies at once; each alone is a slow test
every_pair = pytest.mark.parametrize(("name", "kind"), [
    pytest.param(name, kind, marks=[pytest.mark.slow] if kind == "images" and name != "all" else [])
    for name in GAMES for kind in ("dense", "images")])


# --- by hand ---

def by_hand(played, steps, r1=0, gp=0, clip=0, instance_noise=0, unroll=0, unroll_rate=0, **_):
    """One step of a game for `two-sample` with everything on, written out."""
    g, d, rng = played.generator, played.discriminator, played.rng
    sigma = instance_noise * (steps - played.step) / steps
    noise = lambda shape: sigma * rng.standard_normal(shape).astype(np.float32).astype(float) if sigma else 0.0
    x = tg.Tensor(played.data(played.batch, rng).astype(float), requires_grad=True)
    fake = g(played.noise(played.batch, rng).astype(float))
    noisy = x + noise(x.shape)
    fake = fake + noise(x.shape)
    fixed = fake.detach()
    real = d(noisy)
    v = real.mean() - d(fixed).mean()
    if r1:
        [slope] = tg.grad(real.sum(), [x], create_graph=True)
        v = v - r1 / 2 * (slope * slope).reshape(played.batch, -1).sum(1).mean()
    if gp:
        alpha = rng.random((played.batch, *[1] * (x.ndim - 1)))
        between = tg.Tensor(alpha * noisy.data + (1 - alpha) * fixed.data, requires_grad=True)
        [slope] = tg.grad(d(between).sum(), [between], create_graph=True)
        norm = tg.sqrt((slope * slope).reshape(played.batch, -1).sum(1))
        v = v - gp * ((norm - 1) ** 2).mean()
    d.theta[...] += played.rate * plain(tg.grad(v, d.parameters()))
    if clip:
        d.theta[...] = np.maximum(np.minimum(d.theta, clip), -clip)
    weights = d.parameters()
    for _ in range(unroll):
        with d.with_parameters(weights):
            v = d(noisy).mean() - d(fake).mean()
        weights = [w + unroll_rate * s for w, s in zip(weights, tg.grad(v, weights, create_graph=True))]
    with d.with_parameters(weights):
        v = -d(fake).mean()
    g.theta[...] -= played.rate * plain(tg.grad(v, g.parameters()))
    played.step += 1


@pytest.mark.parametrize("options", [
    {"gp": 10.0}, {"clip": 0.1}, {"instance_noise": 0.3}, {"instance_noise": 0.3, "r1": 2.0}, {"unroll": 3},
    {"gp": 2.0, "r1": 1.0, "clip": 0.4, "instance_noise": 0.2, "unroll": 2},
], ids=str)
@every_net
def test_each_step_is_what_it_says(kind, options):
    options = {"objective": "two-sample", "rate": 0.02, "unroll_rate": 0.1, **options}
    played, other = game(kind, optimiser_d=plain, optimiser_g=plain, **options), game(kind, **options)
    other.discriminator.train(), other.generator.train()
    train(played, 4)
    for _ in range(4):
        by_hand(other, 4, **options)
    np.testing.assert_allclose(thetas(played), thetas(other), rtol=1e-10, atol=1e-12)


@every_net
@pytest.mark.parametrize("option", ["gp", "clip", "instance_noise", "unroll"])
def test_off_at_0_and_not_else(kind, option):
    off, unnamed, on = (thetas(train(game(kind, rate=0.01, **o), 3)) for o in ({option: 0}, {}, {option: 1}))
    np.testing.assert_array_equal(off, unnamed)
    assert option == "clip" or not np.allclose(off, on)  # no weight is beyond 1


# --- each does what its name promises ---

def test_weights_are_clipped(xp):
    theta = xp.asarray(np.array([-2.0, -0.1, 0.0, 0.3, 0.1], np.float32))
    view = theta[1:]
    clip(theta, 0.1)
    np.testing.assert_array_equal(host(theta), np.float32([-0.1, -0.1, 0, 0.1, 0.1]))
    np.testing.assert_array_equal(host(view), host(theta)[1:])
    for simultaneous in (False, True):
        played = game("dense", clip=0.05, objective="two-sample", rate=0.01, simultaneous=simultaneous)
        largest, free = [], []
        train(played, 5, [lambda p: largest.append(abs(p.discriminator.theta).max()),
                          lambda p: free.append(abs(p.generator.theta).max())])
        assert max(largest) == 0.05
        assert min(free) > 0.05  # the generator's weights are its own


class Watching(nn.Module):
    """A discriminator that keeps its inputs."""

    def __init__(self):
        self.weight = nn.Parameter(np.ones((2, 1)))
        self.seen = []

    def forward(self, x):
        self.seen.append(host(x))
        return x @ self.weight


def test_instance_noise_falls_to_0_and_is_on_real_and_fake_alike():
    played = game("dense", instance_noise=2.0, batch=2000, rate=0.0, k=2)
    played.generator.theta[...] = 0
    played.data = lambda n, rng: np.zeros((n, 2), np.float32)
    played.discriminator = watching = Watching()
    train(played, 4)
    for step in range(4):
        real, fake, again_real, again_fake, to_g = watching.seen[5 * step:5 * step + 5]
        for x in (real, fake, again_real, again_fake):
            assert x.std() == pytest.approx(2 * (1 - step / 4), rel=0.05)
            assert abs(x.mean()) < 0.15
        assert not np.allclose(real, fake)
        assert not np.allclose(real, again_real)
        np.testing.assert_array_equal(to_g, again_fake)


# --- unrolling ---

@pytest.mark.parametrize("objective", objectives.OBJECTIVES)
def test_d_foresees_its_own_gain(objective):
    """For every form of D's function, the imagined D tells real from fake better."""
    played = game("dense", objective=objective)
    d, x = played.discriminator, tg.Tensor(SEED(1).normal(1, 1, (200, 2)))
    fake = tg.Tensor(SEED(2).normal(-1, 1, (200, 2)))
    ahead = Unrolled(5, 0.05).opponent(played, x, fake, [])
    assert ahead(x).data.mean() - ahead(fake).data.mean() > d(x).data.mean() - d(fake).data.mean()


@pytest.mark.parametrize(("unroll", "lowest", "highest"), [(0, 0.9, 1.2), (1, 0, 1e-3)])
def test_unrolling_ends_the_circling_of_the_dirac_gan(unroll, lowest, highest):
    """D(x) = psi x, all data at 0, G = theta: the players circle, unless G sees D's next step: then
    E = -psi theta becomes -(psi - rate theta) theta, which holds theta back."""
    rng = SEED(0)
    g, d = (nn.Dense(1, 1, bias=False, rng=rng).astype(np.float64) for _ in range(2))
    g.theta[:], d.theta[:] = 1, 0
    played = tg.game.Game(g, d, lambda n, rng: np.zeros((n, 1)), lambda n, rng: np.ones((n, 1)), rng, batch=2,
                          objective="two-sample", rate=0.1, optimiser_d=plain, optimiser_g=plain,
                          remedies=[Unrolled(unroll, 1.0)])
    train(played, 300)
    assert lowest <= np.hypot(g.theta[0], d.theta[0]) <= highest


# --- conditions ---

class Told(nn.Module):
    """A player with a class as an input: the class is one of two more coordinates."""

    def __init__(self, inputs, outputs, rng, pack=1):
        self.pack, self.table = nn.Pack(pack), nn.Embedding(3, 2, rng=rng)
        self.net = nn.Sequential(nn.Dense(pack * (inputs + 2), 8, rng=rng), tg.relu, nn.Dense(8, outputs, rng=rng))

    def forward(self, x, labels):
        return self.net(self.pack(tg.concatenate([x, self.table(labels)])))


@pytest.mark.parametrize("pack", [1, 2])
@every_game
def test_with_conditions(name, pack):
    """Both players get the classes in every remedy."""
    rng = SEED(0)
    played = game("dense", **GAMES[name])
    played.generator, played.discriminator = Told(3, 2, rng), Told(2, 1, rng, pack)
    played.data = lambda n, rng, data=played.data: (data(n, rng), rng.integers(0, 3, n))
    before = [net.theta.copy() for net in (played.generator, played.discriminator)]
    train(played, 3)
    for net, theta in zip((played.generator, played.discriminator), before):
        assert np.isfinite(net.theta).all()
        assert not np.array_equal(net.theta, theta)


# --- any of them ---

@every_pair
def test_the_same_on_both_array_modules(name, kind):
    paths = []
    for place in (np, foreign):
        # not Adam: a critic's last bias has the slope 0 up to rounding; Adam would enlarge it
        played = game(kind, optimiser_d=plain, optimiser_g=plain, **{**GAMES[name], "rate": 0.02})
        if place is foreign:
            to_foreign(played.generator), to_foreign(played.discriminator)
        path = []
        train(played, 8, [lambda p: path.append(thetas(p))])
        assert isinstance(played.generator.theta, place.ndarray)
        paths.append(np.stack(path))
    np.testing.assert_allclose(*paths, rtol=1e-10, atol=1e-12)
    assert not np.allclose(paths[0][0], paths[0][-1])


@every_pair
def test_no_waiting_for_the_device(name, kind):
    played = game(kind, np.float32, **GAMES[name])
    to_foreign(played.generator), to_foreign(played.discriminator)
    waits = []
    with foreign.counting() as counts:
        train(played, 5, [lambda p: waits.append(counts.synchronisations)], record_every=1000)
    assert len(set(waits[:-1])) == 1


@every_pair
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_precision(name, kind, dtype, monkeypatch):
    for born, place in ((born_on_numpy, np), (born_on_foreign, foreign)):
        played = game(kind, dtype, rate=np.float64(1e-3), **GAMES[name])
        if place is foreign:
            to_foreign(played.generator), to_foreign(played.discriminator)
            played.data = lambda n, rng, data=played.data: data(n, rng).astype(dtype)
        seen = born(monkeypatch, lambda: train(played, 2))
        # noise is drawn on the host, in float32 at any precision, so that it is the same in both
        assert seen == {dtype}
        assert played.generator.theta.dtype == played.discriminator.theta.dtype == dtype


@every_game
def test_five_steps_and_five_are_ten(name):
    """The draws and the effect of a remedy depend on the rng, the step and the last step alone."""
    make = lambda: game("dense", average=Average(0.9), **GAMES[name])
    whole, parts = make(), make()
    train(whole, 10)

    def stop(p):
        if p.step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(parts, 10, [stop])
    resumed = make()
    for net, saved in [(resumed.generator, parts.generator), (resumed.discriminator, parts.discriminator)]:
        net.load_state_dict(saved.state_dict())
    for ours, saved in zip(resumed.optimisers, parts.optimisers):
        ours.load_state_dict(saved.state_dict())
    resumed.rng.bit_generator.state, resumed.step = parts.rng.bit_generator.state, parts.step
    train(resumed, 10)
    np.testing.assert_array_equal(thetas(resumed), thetas(whole))


@pytest.mark.parametrize("options", [{"gp": 1.0}, {"r1": 1.0}, {"clip": 0.1}])
def test_the_history_leaves_the_remedy_out(options):
    """d_value is the value of D's function before its move, without the penalties."""
    played, other = (game("dense", objective="two-sample", **o) for o in (options, {}))
    first, second = (train(p, 1).history["d_value"][0] for p in (played, other))
    assert first == second


def test_it_diverges_in_one_line():
    with pytest.raises(Diverged, match=r"^step \d+: "):
        train(game("dense", objective="least-squares", gp=1.0, rate=1e200), 50)
