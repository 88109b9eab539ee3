"""Two hundred steps of a GAN against PyTorch: the same weights, batches and noise, every parameter equal to 1e-9.

By default dense players meet every objective, images one, and points have labels; the other pairs are slow tests.
"""
import itertools

import loops
import numpy as np
import pytest
from networks import conditional, game, number
from torch_nets import CHANNELS_FIRST, gradient_penalty, losses, to_torch, torch_net

import tinygan as tg
from tinygan.backend import compiled
from tinygan.penalties import R1, GradientPenalty, WeightClipping
from tinygan.updates import Adam, Momentum, RMSProp

pytestmark = pytest.mark.oracle

STEPS = 200
TOLERANCE = {"dense": 1e-9, "points": 1e-9, "images": 1e-7, "projected": 1e-7}


def cases(*choices, default):
    """All combinations of the choices; those that are not `default` are slow tests."""
    return [pytest.param(*case, marks=[] if default(*case) else pytest.mark.slow)
            for case in itertools.product(*choices)]


def torch_game(torch, played, make):
    """Algorithm 1 in PyTorch, from the same rng: yields the parameters of both nets."""
    d_loss, g_loss = losses(played.objective)
    r1, gp, clip = (number(played, remedy) for remedy in (R1, GradientPenalty, WeightClipping))
    (g, theta_g), (d, theta_d) = (
        torch_net(net, torch.float64) for net in (played.generator, played.discriminator))
    update_g, update_d = make(theta_g), make(theta_d)
    rng = np.random.default_rng(1)
    for _ in range(STEPS):
        for _ in range(played.k):
            drawn = played.data(played.batch, rng)
            x, *c = map(torch.tensor, drawn if isinstance(drawn, tuple) else (drawn,))
            x = x.double()
            x = (x.permute(CHANNELS_FIRST) if x.ndim == 4 else x).contiguous().requires_grad_()
            fake = g(torch.tensor(played.noise(played.batch, rng).astype(float)), *c)
            real, not_real = d(x, *c), d(fake.detach(), *c)
            loss = d_loss(real, not_real)
            if r1:
                [slope] = torch.autograd.grad(real.sum(), x, create_graph=True)
                loss = loss + r1 / 2 * (slope ** 2).flatten(1).sum(1).mean()
            if gp:
                loss = loss + gp * gradient_penalty(lambda between: d(between, *c), x, fake, rng)
            update_d.zero_grad()
            loss.backward()
            update_d.step()
            if clip:
                with torch.no_grad():
                    for p in theta_d:
                        p.clamp_(-clip, clip)
        update_g.zero_grad()
        g_loss(d(fake, *c)).backward()
        update_g.step()
    return g, d, theta_g, theta_d


def compare(torch, played, theirs, tolerance):
    """Plays both games, compares all parameters and buffers."""
    g, d, theta_g, theta_d = theirs
    nets = played.generator, played.discriminator
    start = [net.theta.copy() for net in nets]
    with loops.counting() as entered:
        tg.game.train(played, STEPS)
    assert {"passes.add", "products.product"} <= entered or not compiled.threads
    for net, theta, twin, before in zip(nets, (theta_g, theta_d), (g, d), start):
        assert np.abs(net.theta - before).max() > 0.05  # the players have moved
        assert len(theta) == len(net.parameters())
        for p, q in zip(net.parameters(), theta):
            expected = q.detach().numpy()
            size = np.abs(expected).max()
            np.testing.assert_allclose(to_torch(p.data), expected, rtol=tolerance, atol=tolerance * size)
        statistics = [b for name, b in twin.named_buffers() if not name.endswith("num_batches_tracked")]
        for (_, owner, name), expected in zip(net.named_buffers(), statistics, strict=True):
            np.testing.assert_allclose(getattr(owner, name), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("kind", "objective", "r1"), cases(
    ["dense", "images"], ["minimax", "non-saturating", "least-squares", "hinge"], [0.0, 1.0],
    default=lambda kind, objective, r1: (kind == "dense" and not r1) or (objective == "non-saturating" and r1)))
def test_two_hundred_steps(torch, kind, objective, r1):
    played = game(kind, objective=objective, r1=r1, optimiser_d=Adam(0.5), optimiser_g=Adam(0.5))
    theirs = torch_game(torch, played, lambda theta: torch.optim.Adam(theta, lr=1e-3, betas=(0.5, 0.999)))
    compare(torch, played, theirs, TOLERANCE[kind])


@pytest.mark.parametrize(("kind", "r1"), cases(
    ["points", "images", "projected"], [0.0, 1.0], default=lambda kind, r1: kind == "points" and r1))
def test_two_hundred_conditional_steps(torch, kind, r1):
    played = conditional(kind, r1=r1, optimiser_d=Adam(0.5), optimiser_g=Adam(0.5))
    theirs = torch_game(torch, played, lambda theta: torch.optim.Adam(theta, lr=1e-3, betas=(0.5, 0.999)))
    compare(torch, played, theirs, TOLERANCE[kind])


@pytest.mark.slow
@pytest.mark.parametrize("r1", [0.0, 1.0], ids=["plain", "r1"])
def test_two_hundred_steps_through_sixteen(torch, r1):
    played = game("sequences", r1=r1)
    theirs = torch_game(torch, played, lambda theta: torch.optim.Adam(theta, lr=1e-3, betas=(0.5, 0.999)))
    compare(torch, played, theirs, 1e-9)


def test_two_hundred_steps_of_momentum_with_two_of_the_discriminator(torch):
    played = game("dense", k=2, rate=0.01, optimiser_d=Momentum(0.5), optimiser_g=Momentum(0.5))
    compare(torch, played, torch_game(torch, played, lambda theta: torch.optim.SGD(theta, lr=0.01, momentum=0.5)), 1e-9)


@pytest.mark.parametrize("kind", ["dense", pytest.param("images", marks=pytest.mark.slow)])
def test_two_hundred_steps_of_a_wgan(torch, kind):
    """Clipped weights, RMSProp, five steps of the critic."""
    played = game(kind, objective="two-sample", k=5, clip=0.2, rate=1e-3, optimiser_d=RMSProp(), optimiser_g=RMSProp())
    theirs = torch_game(torch, played, lambda theta: torch.optim.RMSprop(theta, lr=1e-3))
    compare(torch, played, theirs, TOLERANCE[kind])
    assert np.abs(played.discriminator.theta).max() == 0.2


def critic_without_batch_norm(played):
    """No batch normalisation in the critic of images."""
    net = played.discriminator
    net.layers = [m for m in net.layers if not isinstance(m, tg.nn.BatchNorm)]
    return played


@pytest.mark.parametrize("kind", ["dense", pytest.param("images", marks=pytest.mark.slow)])
def test_two_hundred_steps_of_a_wgan_gp(torch, kind):
    played = critic_without_batch_norm(game(kind, objective="two-sample", k=2, gp=10.0,
                                            optimiser_d=Adam(0.5, 0.9), optimiser_g=Adam(0.5, 0.9)))
    theirs = torch_game(torch, played, lambda theta: torch.optim.Adam(theta, lr=1e-3, betas=(0.5, 0.9)))
    compare(torch, played, theirs, TOLERANCE[kind])
