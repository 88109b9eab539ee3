"""Penalties, instance noise, unrolling: their values, their slopes, PyTorch's numbers, both array modules."""
import copy

import foreign
import numpy as np
import pytest
from helpers import check_module, host, on

import tinygan as tg
from tinygan import nn, objectives, penalties
from tinygan import objectives as obj
from tinygan.penalties import gradient_penalty, r1
from tinygan.updates import ascend

# --- R1 ---

def nets():
    rng = np.random.default_rng(0)
    dense = nn.Sequential(nn.Dense(3, 5, rng=rng), tg.tanh, nn.Dense(5, 1, rng=rng)).astype(np.float64)
    conv = nn.Sequential(nn.Conv2d(2, 3, 3, 2, 1, rng=rng), nn.BatchNorm(3), tg.tanh, nn.Flatten(),
                         nn.Dense(12, 1, rng=rng)).astype(np.float64)
    images = rng.standard_normal((3, 4, 4, 2))
    return [(dense, rng.standard_normal((4, 3))), (conv, images), (copy.deepcopy(conv).eval(), images)]


def slope_agrees(d, penalty):
    """The penalty's derivative along a direction of theta, against finite differences."""
    def at(theta):
        d.theta[...] = theta
        return penalty()

    start = d.theta.copy()
    direction = np.random.default_rng(1).standard_normal(start.shape)
    numeric = (at(start + 1e-5 * direction).item() - at(start - 1e-5 * direction).item()) / 2e-5
    parts = tg.grad(at(start), d.parameters(), allow_unused=True)
    found = np.concatenate([np.zeros(p.size) if g is None else g.data.ravel() for p, g in zip(d.parameters(), parts)])
    assert abs(numeric) > 1e-3
    assert found @ direction == pytest.approx(numeric, rel=1e-5)


def squared_slope(d, x):
    """The squared norm of the gradient of sum D with respect to each example, by finite differences."""
    squares, step = np.zeros(len(x)), 1e-6
    for index in np.ndindex(x.shape):
        e = np.zeros_like(x)
        e[index] = step
        squares[index[0]] += ((d(x + e).data.sum() - d(x - e).data.sum()) / (2 * step)) ** 2
    return squares


@pytest.mark.parametrize("i", range(3))
def test_r1_and_its_slope(i):
    d, x = nets()[i]

    def penalty():
        return r1(d(t := tg.Tensor(x, requires_grad=True)), t, weight=3.0)

    assert penalty().item() == pytest.approx(1.5 * squared_slope(d, x).mean(), rel=1e-6)
    slope_agrees(d, penalty)


def test_r1_of_a_linear_discriminator():
    """D(x) = x w + b: the penalty is weight / 2 * |w|^2 for every x, its slope weight * w."""
    d = nn.Dense(3, 1, rng=np.random.default_rng(0)).astype(np.float64)
    x = tg.Tensor(np.random.default_rng(1).standard_normal((7, 3)), requires_grad=True)
    penalty = r1(d(x), x, weight=10.0)
    assert penalty.item() == pytest.approx(5 * (d.weight.data ** 2).sum())
    [slope, bias] = tg.grad(penalty, d.parameters(), allow_unused=True)
    np.testing.assert_allclose(slope.data, 10 * d.weight.data)
    assert bias is None or not bias.data.any()


@pytest.mark.oracle
def test_r1_is_torchs(torch):
    d, x = nets()[0]
    a, b = (torch.tensor(p.data, requires_grad=True) for p in (d[0].weight, d[2].weight))
    c, e = (torch.tensor(p.data, requires_grad=True) for p in (d[0].bias, d[2].bias))
    t, tx = torch.tensor(x, requires_grad=True), tg.Tensor(x, requires_grad=True)
    [slope] = torch.autograd.grad((torch.tanh(t @ a + c) @ b + e).sum(), t, create_graph=True)
    theirs = 2.0 * (slope ** 2).sum(1).mean()
    ours = r1(d(tx), tx, weight=4.0)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-12)
    found = tg.grad(ours, [d[0].weight, d[0].bias, d[2].weight])
    for g, h in zip(found, torch.autograd.grad(theirs, [a, c, b])):
        np.testing.assert_allclose(g.data, h, rtol=1e-10)


# --- the gradient penalty ---

@pytest.mark.parametrize("i", range(3))
def test_gradient_penalty_and_its_slope(i):
    """Through dense layers, convolutions and batch normalisation, in training and in evaluation mode."""
    d, x = nets()[i]
    fake = np.random.default_rng(5).standard_normal(x.shape)
    alpha = np.random.default_rng(6).random((len(x), *[1] * (x.ndim - 1)))

    def penalty():
        return gradient_penalty(d, tg.Tensor(x), tg.Tensor(fake), np.random.default_rng(6), weight=3.0)

    norms = np.sqrt(squared_slope(d, alpha * x + (1 - alpha) * fake))
    assert penalty().item() == pytest.approx(3 * ((norms - 1) ** 2).mean(), rel=1e-6)
    slope_agrees(d, penalty)


def test_gradient_penalty_to_second_order():
    """As a function of the critic's weight, of real and of generated points."""
    x, fake, w = (np.random.default_rng(0).standard_normal(shape) for shape in [(3, 2), (3, 2), (2, 4)])
    v = np.array([[1.0], [-2.0], [0.5], [1.0]])
    tg.check_gradients(lambda w, x, fake: gradient_penalty(lambda x: tg.tanh(x @ w) @ v, x, fake,
                                                           np.random.default_rng(1), 2.0), w, x, fake)


def test_gradient_penalty_on_both_array_modules():
    d, x = nets()[1]
    fake = np.random.default_rng(5).standard_normal(x.shape)
    results = []
    for place in (np, foreign):
        d.apply(place.asarray)
        p = gradient_penalty(d, *(tg.Tensor(on(place, a)) for a in (x, fake)), np.random.default_rng(6))
        results.append([host(p), *[host(g) for g in tg.grad(p, [d[0].weight, d[1].weight, d[4].weight])]])
    for a, b in zip(*results):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-14)


def test_gradient_penalty_draws_one_alpha_for_each_pair():
    seen = []

    def critic(x):
        seen.append(x.data)
        return tg.sum(x, axis=(1, 2), keepdims=True)[:, 0]

    real, fake = np.random.default_rng(0).standard_normal((2, 50, 3, 2))
    gradient_penalty(critic, tg.Tensor(real), tg.Tensor(fake), np.random.default_rng(1))
    alpha = (seen[0] - fake) / (real - fake)
    np.testing.assert_allclose(alpha, np.broadcast_to(alpha[:, :1, :1], alpha.shape), rtol=1e-6)
    one = alpha[:, 0, 0]
    assert len(set(one)) == 50
    assert 0 <= one.min() < 0.1
    assert 0.9 < one.max() <= 1


def test_t28_the_best_linear_critic():
    """w d - weight (|w| - 1)^2 is greatest at |w| = 1 + |d| / (2 weight): 1.1 for d = 2 and weight 10."""
    real, fake = np.full((4, 1), 3.0), np.full((4, 1), 1.0)
    critic = nn.Dense(1, 1, rng=np.random.default_rng(0)).astype(np.float64)
    critic.theta[:] = 0.5, 0.0
    for _ in range(200):
        worth = obj.two_sample(critic(real), critic(fake)) - gradient_penalty(
            critic, tg.Tensor(real), tg.Tensor(fake), np.random.default_rng(0))
        ascend(critic.theta, tg.grad(worth, [critic.weight])[0].data.ravel()[[0, 0]] * [1, 0], 0.02)
    assert critic.weight.item() == pytest.approx(1.1, rel=1e-9)


def test_t29_no_penalty_at_slope_one():
    x = np.random.default_rng(0).standard_normal((5, 1))
    for sign in (1, -1):
        assert abs(gradient_penalty(lambda x, s=sign: s * x, tg.Tensor(x), tg.Tensor(x + 1),
                                    np.random.default_rng(0)).item()) < 1e-20


def test_gradient_penalty_of_a_flat_critic_is_finite():
    for dtype in (np.float32, np.float64):
        d = nn.Dense(2, 1, rng=np.random.default_rng(0)).astype(dtype)
        d.theta[:] = 0
        x = tg.Tensor(np.ones((3, 2), dtype))
        penalty = gradient_penalty(d, x, x, np.random.default_rng(0))
        assert penalty.dtype == dtype
        assert penalty.item() == pytest.approx(10, rel=1e-5)
        np.testing.assert_array_equal(tg.grad(penalty, [d.weight])[0].data, 0)


def test_a_pack_is_one_example_to_a_penalty():
    """D sees pairs: its slope is the slope by the pair."""
    rng = np.random.default_rng(0)
    pairs = nn.Sequential(nn.Dense(4, 3, rng=rng), tg.tanh, nn.Dense(3, 1, rng=rng)).astype(np.float64)
    x, fake = rng.standard_normal((2, 6, 2))
    both = nn.Sequential(nn.Pack(2), *pairs.layers)
    a, b = tg.Tensor(x, True), tg.Tensor(x.reshape(3, 4), True)
    assert r1(both(a), a).item() == pytest.approx(r1(pairs(b), b).item(), rel=1e-12)
    one = lambda shape: type("", (), {"random": lambda self, _: np.full((shape[0], 1), 0.5)})()
    found = gradient_penalty(both, a, tg.Tensor(fake), one((6, 2)))
    expected = gradient_penalty(pairs, b, tg.Tensor(fake.reshape(3, 4)), one((3, 4)))
    assert found.item() == pytest.approx(expected.item(), rel=1e-12)


def test_gradient_penalty_takes_as_many_fakes():
    with pytest.raises(ValueError) as caught:
        gradient_penalty(lambda x: x, tg.Tensor(np.ones((3, 2))), tg.Tensor(np.ones((4, 2))), None)
    assert str(caught.value) == "gradient_penalty: real (3, 2) and fake (4, 2) differ in shape"


@pytest.mark.oracle
def test_gradient_penalty_is_torchs(torch):
    d, x = nets()[0]
    fake = np.random.default_rng(5).standard_normal(x.shape)
    a, b = (torch.tensor(p.data, requires_grad=True) for p in (d[0].weight, d[2].weight))
    c, e = (torch.tensor(p.data, requires_grad=True) for p in (d[0].bias, d[2].bias))
    alpha = torch.tensor(np.random.default_rng(6).random((len(x), 1)))
    t = (alpha * torch.tensor(x) + (1 - alpha) * torch.tensor(fake)).requires_grad_()
    [slope] = torch.autograd.grad((torch.tanh(t @ a + c) @ b + e).sum(), t, create_graph=True)
    theirs = 10 * ((slope.norm(2, dim=1) - 1) ** 2).mean()
    ours = gradient_penalty(d, tg.Tensor(x), tg.Tensor(fake), np.random.default_rng(6))
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-9)
    found = tg.grad(ours, [d[0].weight, d[0].bias, d[2].weight])
    for g, h in zip(found, torch.autograd.grad(theirs, [a, c, b])):
        np.testing.assert_allclose(g.data, h, rtol=1e-9)


SEED = np.random.default_rng
every_net = pytest.mark.parametrize("kind", ["dense", "images"])


# --- each does what its name promises ---

def test_instance_noise_is_of_the_arrays_kind(xp):
    for dtype in (np.float32, np.float64):
        x = xp.asarray(np.ones((50, 40), dtype))
        y = penalties.instance_noise(tg.Tensor(x), 0.5, SEED(0))
        assert y.dtype == dtype
        assert type(y.data) is type(x)
        assert (host(y) - 1).std() == pytest.approx(0.5, rel=0.05)


# --- unrolling ---

def discriminators():
    rng = SEED(0)
    dense = nn.Sequential(nn.Dense(2, 6, rng=rng), tg.tanh, nn.Dense(6, 1, rng=rng))
    conv = nn.Sequential(nn.Conv2d(1, 3, 3, 2, 1, rng=rng), nn.BatchNorm(3), tg.tanh, nn.Flatten(),
                         nn.Dense(12, 1, rng=rng))
    return {"dense": (dense.astype(np.float64), (5, 2)), "images": (conv.astype(np.float64), (3, 4, 4, 1))}


@every_net
def test_derivatives_go_through_an_unrolled_discriminator(kind):
    """The function that G ascends, as a function of its fakes, against finite differences, to second order."""
    d, shape = discriminators()[kind]
    x, start = SEED(1).standard_normal(shape), d.theta.copy()

    def look_ahead(fake):
        opponent = penalties.unrolled(d, lambda: objectives.value(d(x), d(fake)), steps=3, rate=0.2)
        return objectives.g_non_saturating(opponent(fake))

    tg.check_gradients(look_ahead, SEED(2).standard_normal(shape))
    np.testing.assert_array_equal(d.theta, start)
    fake = tg.Tensor(SEED(2).standard_normal(shape), True)
    [blind] = tg.grad(objectives.g_non_saturating(d(fake)), [fake])
    [seeing] = tg.grad(look_ahead(fake), [fake])
    assert not np.allclose(blind.data, seeing.data, rtol=0.01)


@every_net
def test_unrolled_is_where_plain_steps_lead(kind):
    d, shape = discriminators()[kind]
    x, fake = SEED(1).standard_normal((2, *shape))
    for rate in (0.2, -0.2):
        twin = copy.deepcopy(d)
        ahead = penalties.unrolled(d, lambda: objectives.value(d(x), d(fake)), 3, rate)
        for _ in range(3):
            slopes = tg.grad(objectives.value(twin(x), twin(fake)), twin.parameters())
            tg.updates.ascend(twin.theta, slopes, rate)
        np.testing.assert_allclose(ahead(fake).data, twin(fake).data, rtol=1e-12)
        assert not np.allclose(ahead(fake).data, d(fake).data)
    np.testing.assert_array_equal(penalties.unrolled(d, None, 0, 0.1)(fake).data, d(fake).data)


def test_unrolling_needs_no_weight_that_takes_no_part():
    d = nn.Sequential(nn.Dense(2, 1, rng=SEED(0)))
    d.spare = nn.Dense(2, 1, rng=SEED(1))
    x = np.ones((3, 2), np.float32)
    ahead = penalties.unrolled(d, lambda: d(x).mean(), 2, 0.5)
    np.testing.assert_allclose(ahead(x).data, d(x).data + 2 * 0.5 * 3, rtol=1e-6)


# --- any of them ---

def test_penalties_reach_every_weight():
    """The double derivative through a discriminator of all its layers: packs, statistics, spectral norm."""
    rng = SEED(0)
    d = nn.Sequential(nn.Pack(2), nn.SpectralNorm(nn.Dense(4, 5, rng=rng), rng=rng), tg.tanh, nn.MinibatchStd(),
                      nn.SpectralNorm(nn.Dense(6, 1, rng=rng), rng=rng)).astype(np.float64).eval()

    class Penalised(nn.Module):
        def __init__(self):
            self.d = d

        def forward(self, x):
            return penalties.gradient_penalty(self.d, x, x * 0.5, SEED(1)) + penalties.r1(self.d(x), x)

    check_module(Penalised(), rng.standard_normal((6, 2)), order=1)
