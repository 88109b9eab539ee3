"""Two hundred steps of a GAN beside PyTorch: the same weights, batches and noise, every parameter equal to 1e-9."""
import numpy as np
import pytest
from networks import game

import tinygan as tg
from tinygan.updates import Adam, Momentum

pytestmark = pytest.mark.oracle

STEPS = 200
CHANNELS_FIRST = (0, 3, 1, 2)
CHANNELS_LAST = (0, 2, 3, 1)


def torch_net(torch, net):
    """The same network in PyTorch, on channels-first images, with copies of the weights; and its parameters."""
    nn = torch.nn

    def function(f):
        layer = nn.Module()
        layer.forward = f
        return layer

    kinds = {
        "Dense": lambda m: nn.Linear(*m.weight.shape, bias=m.bias is not None),
        "Conv2d": lambda m: nn.Conv2d(*m.weight.shape[2:], m.weight.shape[:2], m.stride, m.padding,
                                      bias=m.bias is not None),
        "ConvTranspose2d": lambda m: nn.ConvTranspose2d(*m.weight.shape[:1:-1], m.weight.shape[:2], m.stride, m.padding,
                                                        bias=m.bias is not None),
        "BatchNorm": lambda m: nn.BatchNorm2d(m.weight.shape[0]),
        "LeakyReLU": lambda m: nn.LeakyReLU(m.negative_slope), "ReLU": lambda m: nn.ReLU(), "Tanh": lambda m: nn.Tanh(),
        "Reshape": lambda m: function(lambda x: x.reshape(-1, *m.shape).permute(CHANNELS_FIRST)),
        "Flatten": lambda m: function(lambda x: x.permute(CHANNELS_LAST).reshape(len(x), -1)),
        "function": lambda m: nn.ReLU(),
    }
    layers = [kinds[type(m).__name__](m).double() for m in net.layers]
    parameters = []
    with torch.no_grad():
        for m, layer in zip(net.layers, layers):
            for name in ("weight", "bias"):
                p = getattr(m, name, None)
                if p is not None:
                    getattr(layer, name).copy_(torch.tensor(to_torch(p.data)))
                    parameters.append(getattr(layer, name))
    return nn.Sequential(*layers), parameters


def to_torch(w):
    """A weight in PyTorch's order of axes: (out, in), and (out, in, kh, kw) or, transposed, (in, out, kh, kw)."""
    return np.ascontiguousarray(w.T if w.ndim == 2 else w.transpose(3, 2, 0, 1) if w.ndim == 4 else w)


def torch_game(torch, played, make):
    """Algorithm 1 in PyTorch, from the same rng: yields the parameters of both nets."""
    f = torch.nn.functional
    (g, theta_g), (d, theta_d) = torch_net(torch, played.generator), torch_net(torch, played.discriminator)
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


def test_two_hundred_steps_of_momentum_with_two_of_the_discriminator(torch):
    played = game("dense", k=2, rate=0.01, optimisers=(Momentum(0.5), Momentum(0.5)))
    compare(torch, played, torch_game(torch, played, lambda theta: torch.optim.SGD(theta, lr=0.01, momentum=0.5)), 1e-9)
