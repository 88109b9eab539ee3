"""Normalisation layers: PyTorch's values, running statistics, derivatives, the activation that comes along."""
import numpy as np
import pytest
from helpers import check_module, leaves
from networks import moved

import tinygan as tg
from tinygan import nn

SEED = np.random.default_rng


# --- batch normalisation ---

@pytest.mark.oracle
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(6, 3), (2, 3, 4, 3)])
def test_batch_norm_is_torchs(torch, training, shape):
    ours = moved(nn.BatchNorm(3, momentum=0.3, eps=1e-3))
    kind = torch.nn.BatchNorm1d if len(shape) == 2 else torch.nn.BatchNorm2d
    theirs = kind(3, momentum=0.3, eps=1e-3).double()
    theirs.load_state_dict({name: torch.tensor(a) for name, a in ours.state_dict().items()}, strict=False)
    ours.set_mode(training)
    theirs.train(training)
    axes = (0, 1) if len(shape) == 2 else (0, 3, 1, 2)
    for step in range(3):
        x = SEED(step).standard_normal(shape)
        a, b = tg.Tensor(x, True), torch.tensor(x, requires_grad=True)
        y, z = ours(a), theirs(b.permute(axes)).permute(*np.argsort(axes).tolist())
        np.testing.assert_allclose(y.data, z.detach(), rtol=1e-10, atol=1e-12)
        slopes = tg.grad((y ** 3).sum(), [a, *ours.parameters()])
        expected = torch.autograd.grad((z ** 3).sum(), [b, *theirs.parameters()])
        for s, t in zip(slopes, expected):
            np.testing.assert_allclose(s.data, t, rtol=1e-8, atol=1e-10)
        for name, a in ours.state_dict().items():
            np.testing.assert_allclose(a, theirs.state_dict()[name], rtol=1e-12)


def test_batch_norm_to_third_order():
    check_module(moved(nn.BatchNorm(2)), SEED(3).standard_normal((4, 2)), order=3)


def test_t39_batch_norm_gradient_sums_to_zero():
    """Adding a constant to a channel changes nothing."""
    [x] = leaves([SEED(0).standard_normal((4, 3, 3, 2))])
    y = nn.BatchNorm(2).astype(np.float64)(x)
    np.testing.assert_allclose(tg.grad((y ** 3).sum(), [x])[0].data.sum((0, 1, 2)), 0, atol=1e-12)


def test_batch_norm_normalises_and_follows():
    layer = nn.BatchNorm(2, momentum=1.0)
    x = SEED(0).normal(5, 3, (50, 2)).astype(np.float32)
    y = layer(x).data
    np.testing.assert_allclose(y.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(y.std(0), 1, rtol=1e-4)
    np.testing.assert_allclose(layer.running_mean, x.mean(0), rtol=1e-5)
    np.testing.assert_allclose(layer.running_var, x.var(0, ddof=1), rtol=1e-4)
    assert layer.running_mean.dtype == layer.running_var.dtype == np.float32
    np.testing.assert_allclose(layer(np.float32([[1, 2], [3, -4]])), [[-1, 1], [1, -1]], rtol=1e-4)  # two are enough
    layer(x)
    kept = layer.eval().state_dict()
    np.testing.assert_allclose(layer(x + 1).data, (x + 1 - x.mean(0)) / x.std(0, ddof=1), rtol=1e-3)
    for name, a in layer.state_dict().items():
        np.testing.assert_array_equal(a, kept[name])


@pytest.mark.oracle
def test_layer_norm_is_torchs(torch):
    ours, theirs = moved(nn.LayerNorm(4)), torch.nn.LayerNorm(4).double()
    theirs.load_state_dict({name: torch.tensor(a) for name, a in ours.state_dict().items()})
    x = SEED(0).standard_normal((3, 2, 4))
    a, b = tg.Tensor(x, True), torch.tensor(x, requires_grad=True)
    y, z = ours(a), theirs(b)
    np.testing.assert_allclose(y.data, z.detach(), rtol=1e-12)
    [slope], [expected] = tg.grad((y ** 3).sum(), [a]), torch.autograd.grad((z ** 3).sum(), b)
    np.testing.assert_allclose(slope.data, expected, atol=1e-12)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: nn.BatchNorm(3)(np.ones((4, 5))), "BatchNorm: x (4, 5) has 5 channels, expected 3"),
    (lambda: nn.BatchNorm(3)(np.ones((1, 3), np.float32)),
     "BatchNorm: x (1, 3) has one value for each channel, training needs at least two"),
    (lambda: nn.LayerNorm(3)(np.ones((4, 5))), "LayerNorm: x (4, 5) has 5 features, expected 3"),
])
def test_messages(call, message):
    with pytest.raises((ValueError, TypeError)) as caught:
        call()
    assert str(caught.value) == message
