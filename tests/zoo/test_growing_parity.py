"""Two hundred steps of growing players and of players with styles against PyTorch: every parameter equal to 1e-9."""
import numpy as np
import pytest

from tinygan import penalties
from tinygan.game import latent, train
from tinygan.updates import Adam
from tinygan.zoo import progressive, style

pytestmark = pytest.mark.oracle

STEPS, SIDE, LATENT, RATE, BETAS, R1 = 200, 8, 4, 2e-3, (0.0, 0.99), 1.0


class Twin:
    """The networks in PyTorch, on channels-first images, from parameters by name in tinygan's layout."""

    def __init__(self, torch, g, d):
        self.torch, self.f = torch, torch.nn.functional
        self.g, self.d = ({name: torch.tensor(p.data, requires_grad=True) for name, p in net.named_parameters()}
                          for net in (g, d))

    def conv(self, p, name, x, gain=2**0.5):
        w = p[name + ".weight"]
        scale = gain / (w.shape[0] * w.shape[1] * w.shape[2])**0.5
        return self.f.conv2d(x, scale * w.permute(3, 2, 0, 1), p[name + ".bias"], padding=w.shape[0] // 2)

    def dense(self, p, name, x, gain=2**0.5):
        w = p[name + ".weight"]
        return self.f.linear(x, gain / w.shape[0]**0.5 * w.T, p[name + ".bias"])

    def act(self, x):
        return self.f.leaky_relu(x, 0.2)

    def pixel_norm(self, x):
        return x / (x.square().mean(1, keepdim=True) + 1e-8).sqrt()

    def up(self, x):
        return self.f.interpolate(x, scale_factor=2, mode="nearest")

    def half(self, x):
        return self.f.avg_pool2d(x, 2)

    def judge(self, x, conv, dense):
        """The discriminator's last block, from features at 4x4 pixels."""
        spread = (x.var(0, unbiased=False) + 1e-8).sqrt().mean()
        x = self.torch.cat([x, spread.expand(len(x), 1, 4, 4)], 1)
        x = self.act(self.conv(self.d, conv, x))
        return self.dense(self.d, dense, x.permute(0, 2, 3, 1).flatten(1), 1.0)


class Growing(Twin):
    """Progressive growing of images of 8x8 pixels: stages 0 and 1."""

    alpha = None  # None at stage 0

    def at(self, step):
        period, before = 2 * step / (progressive.GROWN * STEPS), self.alpha
        self.alpha = None if period < 1 else min(period - 1, 1.0)
        return before is None and self.alpha is not None

    def real(self, x):
        coarse = self.up(self.half(x))
        return coarse if self.alpha is None else (1 - self.alpha) * coarse + self.alpha * x

    def generate(self, z):
        first = self.dense(self.g, "blocks.0.1", self.pixel_norm(z)).reshape(len(z), 4, 4, -1).permute(0, 3, 1, 2)
        first = self.pixel_norm(self.act(first))
        image = self.up(self.conv(self.g, "to_image.0", first, 1.0))
        if self.alpha is None:
            return image
        second = self.pixel_norm(self.act(self.conv(self.g, "blocks.1.1", self.up(first))))
        new = self.conv(self.g, "to_image.1", second, 1.0)
        return (1 - self.alpha) * image + self.alpha * new if self.alpha < 1 else new

    def discriminate(self, x):
        old = self.act(self.conv(self.d, "from_image.0.0", self.half(x)))
        if self.alpha is not None:
            new = self.act(self.conv(self.d, "from_image.1.0", x))
            new = self.half(self.act(self.conv(self.d, "blocks.1.0", new)))
            old = (1 - self.alpha) * old + self.alpha * new if self.alpha < 1 else new
        return self.judge(old, "blocks.0.1", "blocks.0.4")


class Styled(Twin):
    """The small StyleGAN for images of 8x8 pixels: four layers."""

    def at(self, step):
        pass

    def real(self, x):
        return x

    def style(self, z):
        return self.act(self.dense(self.g, "mapping.3", self.act(self.dense(self.g, "mapping.1", self.pixel_norm(z)))))

    def generate(self, z, other, cut, *noise):
        one, two = self.style(z), self.style(other)
        x = self.g["constant"].permute(0, 3, 1, 2).expand(len(z), -1, -1, -1)
        for i, change in enumerate(("", "change", "change.1", "change")):
            x = self.up(x) if i == 2 else x
            x = self.conv(self.g, f"layers.{i}.{change}", x) if change else x
            x = self.act(x + noise[i] * self.g[f"layers.{i}.noise.gain"][:, None, None])
            y = self.dense(self.g, f"layers.{i}.adain.style", self.torch.where(cut > i, one, two), 1.0)
            y_s, y_b = y[:, :, None, None].chunk(2, 1)
            x = y_s * self.f.instance_norm(x, eps=1e-8) + y_b
        return self.conv(self.g, "to_image", x, 1.0)

    def discriminate(self, x):
        x = self.half(self.act(self.conv(self.d, "2", self.act(self.conv(self.d, "0", x)))))
        return self.judge(x, "6", "9")


def play(twin, data, noise, rng):
    """Algorithm 1 in PyTorch, non-saturating, with R1."""
    torch, f = twin.torch, twin.f

    def drawn(a):
        t = torch.tensor(a.astype(float) if a.dtype.kind == "f" else a)
        return t.permute(0, 3, 1, 2).contiguous() if t.ndim == 4 else t

    def step(adam, p, loss):
        adam.zero_grad()
        loss.backward(inputs=list(p.values()))
        for q in p.values():
            q.grad = torch.zeros_like(q) if q.grad is None else q.grad
        adam.step()
    for number in range(STEPS):
        if twin.at(number) or number == 0:  # a new stage begins with new optimisers
            adam_d, adam_g = (torch.optim.Adam(p.values(), lr=RATE, betas=BETAS) for p in (twin.d, twin.g))
        x = twin.real(drawn(data(4, rng))).requires_grad_()
        given = noise(4, rng)
        fake = twin.generate(*map(drawn, given if isinstance(given, tuple) else (given,)))
        real = twin.discriminate(x)
        [slope] = torch.autograd.grad(real.sum(), x, create_graph=True)
        penalty = R1 / 2 * slope.square().sum((1, 2, 3)).mean()
        step(adam_d, twin.d, f.softplus(-real).mean() + f.softplus(twin.discriminate(fake.detach())).mean() + penalty)
        step(adam_g, twin.g, f.softplus(-twin.discriminate(fake)).mean())


@pytest.mark.slow
@pytest.mark.parametrize(("zoo", "kind"), [
    pytest.param(progressive, Growing, id="progressive"), pytest.param(style, Styled, id="style")])
def test_two_hundred_steps(torch, zoo, kind):
    def data(n, rng):  # in float64: they are halved
        return np.tanh(rng.standard_normal((n, 1, 1, 1)) + rng.standard_normal((n, SIDE, SIDE, 1)))
    g, d = (net.astype(np.float64) for net in zoo.networks((SIDE, SIDE, 1), LATENT, np.random.default_rng(0), width=12))
    game = zoo.make_game(g, d, data, latent(LATENT), np.random.default_rng(1), batch=4, rate=RATE,
                         remedies=[penalties.R1(R1)], optimiser_d=Adam(*BETAS), optimiser_g=Adam(*BETAS))
    twin, start = kind(torch, g, d), [net.theta.copy() for net in (g, d)]
    train(game, STEPS)
    play(twin, data, game.noise, np.random.default_rng(1))
    for net, theirs, before in zip((g, d), (twin.g, twin.d), start):
        for name, p in net.named_parameters():
            expected = theirs[name].detach().numpy()
            np.testing.assert_allclose(p.data, expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max(), err_msg=name)
        assert np.abs(net.theta - before).max() > 0.05  # the players have moved
