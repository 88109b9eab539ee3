"""Two hundred steps of a GAN beside PyTorch: the same weights, batches and noise, every parameter equal to 1e-9."""
import numpy as np
import pytest
from networks import game
from torch_nets import CHANNELS_FIRST, to_torch, torch_net

import tinygan as tg
from tinygan.updates import Adam, Momentum

pytestmark = pytest.mark.oracle

STEPS = 200

def torch_game(torch, played, make):
    """Algorithm 1 in PyTorch, from the same rng: yields the parameters of both nets."""
    f = torch.nn.functional
    (g, theta_g), (d, theta_d) = (
        torch_net(net, torch.float64) for net in (played.generator, played.discriminator))
    update_g, update_d = make(theta_g), make(theta_d)
    rng = np.random.default_rng(1)
    for _ in range(STEPS):
        for _ in range(played.k):
            x = torch.tensor(played.data(played.batch, rng).astype(float))
            x = (x.permute(CHANNELS_FIRST) if x.ndim == 4 else x).contiguous().requires_grad_()
            fake = g(torch.tensor(played.noise(played.batch, rng).astype(float)))
            real, not_real = d(x), d(fake.detach())
            loss = f.softplus(-real).mean() + f.softplus(not_real).mean()
            if played.r1:
                [slope] = torch.autograd.grad(real.sum(), x, create_graph=True)
                loss = loss + played.r1 / 2 * (slope ** 2).flatten(1).sum(1).mean()
            update_d.zero_grad()
            loss.backward()
            update_d.step()
        logits = d(fake)
        loss = -f.softplus(logits).mean() if played.objective == "minimax" else f.softplus(-logits).mean()
        update_g.zero_grad()
        loss.backward()
        update_g.step()
    return g, d, theta_g, theta_d


def compare(torch, played, theirs, tolerance):
    """Plays both games, compares all parameters and buffers."""
    g, d, theta_g, theta_d = theirs
    nets = played.generator, played.discriminator
    start = [net.theta.copy() for net in nets]
    tg.game.train(played, STEPS)
    for net, theta, twin, before in zip(nets, (theta_g, theta_d), (g, d), start):
        assert np.abs(net.theta - before).max() > 0.05  # it has moved
        assert len(theta) == len(net.parameters())
        for p, q in zip(net.parameters(), theta):
            expected = q.detach().numpy()
            size = np.abs(expected).max()
            np.testing.assert_allclose(to_torch(p.data), expected, rtol=tolerance, atol=tolerance * size)
        for m, layer in zip(net.layers, twin):
            for name in getattr(m, "buffers", ()):
                np.testing.assert_allclose(getattr(m, name), getattr(layer, name), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("r1", [0.0, 1.0], ids=["plain", "r1"])
@pytest.mark.parametrize("objective", ["minimax", "non-saturating"])
@pytest.mark.parametrize(("kind", "tolerance"), [("dense", 1e-9), ("images", 1e-7)])
def test_two_hundred_steps(torch, kind, objective, r1, tolerance):
    played = game(kind, objective=objective, r1=r1, optimisers=(Adam(0.5), Adam(0.5)))
    theirs = torch_game(torch, played, lambda theta: torch.optim.Adam(theta, lr=1e-3, betas=(0.5, 0.999)))
    compare(torch, played, theirs, tolerance)


@pytest.mark.parametrize("r1", [0.0, 1.0], ids=["plain", "r1"])
def test_two_hundred_steps_through_sixteen(torch, r1):
    played = game("sequences", r1=r1)
    theirs = torch_game(torch, played, lambda theta: torch.optim.Adam(theta, lr=1e-3, betas=(0.5, 0.999)))
    compare(torch, played, theirs, 1e-9)


def test_two_hundred_steps_of_momentum_with_two_of_the_discriminator(torch):
    played = game("dense", k=2, rate=0.01, optimisers=(Momentum(0.5), Momentum(0.5)))
    compare(torch, played, torch_game(torch, played, lambda theta: torch.optim.SGD(theta, lr=0.01, momentum=0.5)), 1e-9)
