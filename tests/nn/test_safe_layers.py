"""A user's layers: their parts are found, their rng is checked, their repr is complete."""
import collections

import numpy as np
import pytest

import tinygan as tg
from tinygan import nn


class Held(nn.Module):
    """Parameters and modules in nested lists, tuples and dicts."""

    def __init__(self):
        self.gain = nn.Parameter(np.ones(2, np.float32))
        self.blocks = [nn.Dense(2, 2, rng=1), [nn.Dense(2, 3, bias=False, rng=2), nn.BatchNorm(3)]]
        self.heads = {"real": nn.Dense(3, 1, rng=3), "class": (nn.Dense(3, 4, rng=4), {"scale": nn.Parameter([2.0])})}
        self.again = (self.blocks[0], self.gain)
        self.sizes, self.table = (2, 3), {"a": 1.5}

    def forward(self, x):
        x = self.blocks[0](x * self.gain)
        for layer in self.blocks[1]:
            x = layer(x)
        return self.heads["real"](x) * self.heads["class"][1]["scale"].astype(x.dtype)


NAMES = ["gain", "heads.class.1.scale", "blocks.0.weight", "blocks.0.bias", "blocks.1.0.weight", "blocks.1.1.weight",
         "blocks.1.1.bias", "heads.real.weight", "heads.real.bias", "heads.class.0.weight", "heads.class.0.bias"]


@pytest.fixture
def held():
    return Held().astype(np.float64)


# --- the parts are found ---

def test_parameters_are_found_at_any_depth_once_and_in_order(held):
    assert [name for name, _ in held.named_parameters()] == NAMES
    assert held.theta.size == sum(p.size for p in held.parameters()) == 2 + 1 + 6 + 6 + 6 + 4 + 16


def test_modules_are_found_once(held):
    modules = dict(held.modules())
    assert list(modules) == ["", "blocks.0.", "blocks.1.0.", "blocks.1.1.", "heads.real.", "heads.class.0."]
    assert len(set(map(id, modules.values()))) == len(modules)
    assert [name for name, _ in held.children()] == [name[:-1] for name in list(modules)[1:]] + ["again.0"]


def test_state_follows(held):
    state = held.state_dict()
    assert set(state) == {*NAMES, "blocks.1.1.running_mean", "blocks.1.1.running_var"}
    other = Held().astype(np.float64)
    other.theta[:] = 0
    other.load_state_dict(state)
    np.testing.assert_array_equal(other.theta, held.theta)
    with pytest.raises(ValueError, match=r"load_state_dict: heads.real.weight is missing"):
        other.load_state_dict({name: a for name, a in state.items() if name != "heads.real.weight"})


def test_theta_moves_them_all(held):
    before = {name: p.data.copy() for name, p in held.named_parameters()}
    theta = held.theta
    theta += 1
    for name, p in held.named_parameters():
        np.testing.assert_allclose(p.data, before[name] + 1)


def test_eval_and_astype_reach_them_all(held):
    held.eval()
    assert not any(m.training for _, m in held.modules())
    held.astype(np.float32)
    assert {p.dtype for p in held.parameters()} == {np.dtype(np.float32)}
    assert held.blocks[1][1].running_mean.dtype == np.float32


def test_they_are_trained(held):
    x = np.random.default_rng(0).standard_normal((8, 2))
    slopes = dict(zip(NAMES, tg.grad((held(x) ** 2).sum(), held.parameters(), allow_unused=True)))
    assert [name for name, g in slopes.items() if g is None] == ["heads.class.0.weight", "heads.class.0.bias"]


def test_with_parameters_reaches_them_all_and_puts_them_back(held):
    x = np.random.default_rng(0).standard_normal((8, 2))
    kept, before = held.parameters(), held(x).data
    blocks, again = held.blocks, held.again
    new = [tg.Tensor(p.data * 2, requires_grad=True) for p in kept]
    with held.with_parameters(new):
        slopes = tg.grad(held(x).sum(), new, allow_unused=True)
        assert held.again[1] is held.gain is new[0]
    assert [g is None for g in slopes] == [name.startswith("heads.class.0") for name in NAMES]
    assert held.blocks is blocks
    assert held.again is again
    assert all(a is b for a, b in zip(held.parameters(), kept))
    np.testing.assert_array_equal(held(x).data, before)


def test_with_parameters_keeps_named_tuples():
    pair = collections.namedtuple("pair", "weight bias")
    module = nn.Module()
    module.pair = pair(nn.Parameter([1.0]), nn.Parameter([2.0]))
    assert [name for name, _ in module.named_parameters()] == ["pair.0", "pair.1"]
    with module.with_parameters([tg.Tensor([3.0]), tg.Tensor([4.0])]):
        assert module.pair.bias.data == 4


def test_what_is_added_to_a_list_later_is_found(held):
    count = len(held.parameters())
    held.blocks.append(nn.Dense(1, 1, rng=0))
    held.heads["new"] = nn.Parameter([0.0])
    assert len(held.parameters()) == count + 3
    assert "heads.new" in held.state_dict()


def test_what_a_sequential_holds_beside_its_layers_is_found():
    class Net(nn.Sequential):
        def __init__(self):
            super().__init__(nn.Dense(2, 2, bias=False, rng=0), nn.ReLU())
            self.gain = nn.Parameter([1.0])
            self.head = nn.Dense(2, 1, rng=0)
    assert [name for name, _ in Net().named_parameters()] == ["gain", "0.weight", "head.weight", "head.bias"]


def test_a_module_that_holds_its_parent_ends():
    parent, child = nn.Module(), nn.Dense(1, 1, rng=0)
    parent.child, child.parent = child, parent
    assert [name for name, _ in parent.named_parameters()] == ["child.weight", "child.bias"]


# --- a Tensor that is no Parameter ---

@pytest.mark.parametrize(("hold", "name"), [
    (lambda m, t: setattr(m, "scale", t), "scale"), (lambda m, t: setattr(m, "parts", [1, {"a": t}]), r"parts\.1\.a")])
@pytest.mark.parametrize("ask", [lambda m: m.parameters(), lambda m: m.theta, lambda m: m.state_dict(),
                                 lambda m: nn.Sequential(m).parameters()])
def test_a_differentiable_tensor_that_is_no_parameter_is_refused(hold, name, ask):
    layer = nn.Dense(2, 2, rng=0)
    hold(layer, tg.Tensor([1.0, 2.0], requires_grad=True))
    with pytest.raises(TypeError, match=rf"^Dense: {name}, of shape \(2,\), is a Tensor .* write nn.Parameter\(...\)"):
        ask(layer)


def test_constants_and_computed_tensors_may_be_held():
    layer = nn.Dense(2, 2, rng=0)
    layer.table, layer.last = tg.Tensor([1.0]), layer(np.ones((1, 2), np.float32))
    assert len(layer.parameters()) == 2
    assert list(layer.state_dict()) == ["weight", "bias"]


def test_two_parameters_of_one_name_are_refused():
    layer = nn.Module()
    layer.parts = {1: nn.Parameter([1.0]), "1": nn.Parameter([2.0])}
    for ask in (layer.state_dict, lambda: layer.load_state_dict({"parts.1": np.ones(1)})):
        with pytest.raises(ValueError, match=r"^Module: two parameters or buffers are named parts\.1; rename one$"):
            ask()


def test_a_set_of_layers_is_refused():
    layer = nn.Module()
    layer.parts = {nn.ReLU()}
    with pytest.raises(TypeError, match="parts is a set, in which layers and parameters are not found; write a list"):
        layer.parameters()


def test_a_spectral_norm_may_be_asked_while_it_computes():
    class Asks(nn.Dense):
        def forward(self, x):
            counts.append(len(self.parameters()))
            return super().forward(x)
    counts = []
    nn.SpectralNorm(Asks(3, 2, rng=0), rng=0)(np.ones((1, 3), np.float32))
    assert counts == [1]  # the bias; the weight is computed


# --- rng ---

RANDOM = [lambda rng: nn.Dense(3, 2, rng=rng), lambda rng: nn.Conv2d(3, 2, 3, rng=rng),
          lambda rng: nn.ConvTranspose2d(3, 2, 3, rng=rng), lambda rng: nn.Embedding(3, 2, rng=rng),
          lambda rng: nn.GRUCell(3, 2, rng=rng), lambda rng: nn.RNNCell(3, 2, rng=rng),
          lambda rng: nn.EqualisedDense(3, 2, rng=rng), lambda rng: nn.EqualisedConv2d(3, 2, 3, rng=rng),
          lambda rng: nn.AdaIN(3, 2, rng=rng), lambda rng: nn.SpectralNorm(nn.Dense(3, 2, rng=0), rng=rng)]


@pytest.mark.parametrize("make", RANDOM)
def test_rng_is_a_seed_or_a_generator(make):
    for a, b in zip(make(7).state_dict().values(), make(np.random.default_rng(7)).state_dict().values()):
        np.testing.assert_array_equal(a, b)
    for wrong in (None, 1.5, -1, True, "seed", np.random.RandomState(0)):
        with pytest.raises(TypeError, match=r"^rng: got .*expected a numpy.random.Generator or a seed; write rng="):
            make(wrong)


def test_a_cell_draws_each_of_its_weights_anew():
    cell = nn.GRUCell(3, 3, rng=0)
    assert (cell.weight_ih.data != cell.weight_hh.data).all()


def test_dropout_takes_a_seed():
    x = np.ones((4, 5), np.float32)
    np.testing.assert_array_equal(nn.Dropout(0.5, rng=3)(x), nn.Dropout(0.5, rng=np.random.default_rng(3))(x))
    with pytest.raises(TypeError, match=r"^rng: got None"):
        nn.Dropout(0.5, rng=None)


# --- repr ---

@pytest.mark.parametrize(("layer", "text"), [
    (nn.Dense(2, 3, rng=0), "Dense(weight (2, 3), bias (3,))"),
    (nn.Conv2d(3, 8, 4, stride=2, padding=1, rng=0), "Conv2d(weight (4, 4, 3, 8), bias (8,), stride=2, padding=1)"),
    (nn.ConvTranspose2d(3, 8, 4, (2, 1), output_padding=1, bias=False, rng=0),
     "ConvTranspose2d(weight (4, 4, 8, 3), stride=(2, 1), padding=0, output_padding=1)"),
    (nn.LeakyReLU(0.2), "LeakyReLU(negative_slope=0.2)"), (nn.ReLU(), "ReLU()"),
    (nn.Dropout(0.3, rng=0).eval(), "Dropout(rate=0.3)"),
    (nn.BatchNorm(3, momentum=0.2), "BatchNorm(weight (3,), bias (3,), momentum=0.2, eps=1e-05)"),
    (nn.Reshape(2, 3), "Reshape(shape=(2, 3))"),
    (nn.Sequential(nn.Flatten(), nn.Tanh()), "Sequential(\n  0: Flatten()\n  1: Tanh()\n)"),
])
def test_repr_shows_shapes_and_settings(layer, text):
    assert repr(layer) == text
