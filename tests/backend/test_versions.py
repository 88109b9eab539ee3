"""Arrays written in place: weights that are updated before their derivative is taken are an error."""
import numpy as np
import pytest
from helpers import on, to_foreign

import tinygan as tg
from tinygan import backend, nn
from tinygan.ops.shape import scatter
from tinygan.updates import ascend, clip, descend


def players(xp):
    rng = np.random.default_rng(0)
    d = nn.Sequential(nn.Dense(2, 3, rng=rng), tg.tanh, nn.Dense(3, 1, rng=rng))
    return d if xp is np else to_foreign(d)


UPDATES = [lambda d: ascend(d.theta, d.theta * 1, .1), lambda d: descend(d.theta, d.theta * 1, .1),
           lambda d: clip(d.theta, .01), lambda d: d.load_state_dict(d.state_dict()), lambda d: d.astype("float64"),
           lambda d: ascend(d.layers[0].theta, d.layers[0].theta * 1, .1), lambda d: backend.mark_changed(d.theta)]


@pytest.mark.parametrize("update", UPDATES)
def test_weights_updated_too_early_are_an_error(xp, update):
    d = players(xp)
    z = tg.Tensor(on(xp, np.ones((4, 2), np.float32)), requires_grad=True)
    for inputs in (d.parameters(), [z]):  # of the weights, and through them
        value = d(z).mean()
        update(d)
        with pytest.raises(ValueError, match=r"^grad: an input of shape \(.*\) was updated in place after the output "
                                             r"was computed with it; differentiate first, then update$"):
            tg.grad(value, inputs)
        tg.grad(d(z).mean(), inputs)  # recorded again, it is right


def test_an_update_between_two_derivatives_is_an_error(xp):
    d = players(xp)
    slopes = tg.grad((d(on(xp, np.ones((4, 2), np.float32))) ** 2).mean(), d.parameters(), create_graph=True)
    ascend(d.theta, [s.detach() for s in slopes], .1)
    with pytest.raises(ValueError, match="updated in place"):
        tg.grad(sum((s * s).sum() for s in slopes), d.parameters())


def test_the_other_player_may_move():
    g, d = players(np), players(np)
    both = nn.Sequential(g, d)
    for shared in (False, True):
        fake = tg.Tensor(np.ones((4, 2), np.float32), requires_grad=True) * 2
        value = g(fake).mean()
        if shared:
            _ = both.theta  # both are now parts of one vector
        ascend(d.theta, d.theta * 1, .1)
        tg.grad(value, g.parameters())
        ascend(g.theta, g.theta * 1, .1)
        with pytest.raises(ValueError, match="updated in place"):
            tg.grad(value, g.parameters())


# --- arrays that the user changes ---

def refill(c):
    c[...] = c[::-1].copy()


N = np.array
COPIED = {  # an index, a condition, a bound: the derivative is that of the values at the time of the operation
    "index": (lambda: N([0, 1, 1, 2]), lambda w, c: w[c], refill),
    "list": (lambda: [0, 1, 1, 2], lambda w, c: w[c], list.reverse),
    "nested list": (lambda: [[0, 1], [1, 2]], lambda w, c: w[c].reshape(-1), lambda c: c[0].reverse()),
    "index and axis": (lambda: N([0, 1, 1, 2]), lambda w, c: w[c, None][:, 0], refill),
    "mask": (lambda: N([True, True, False, False]), lambda w, c: w[c], refill),
    "index in a Tensor": (lambda: tg.Tensor([0, 1, 1, 2]), lambda w, c: w[c], lambda c: refill(c.data)),
    "scatter": (lambda: N([0, 1, 3, 2]), lambda w, c: scatter(w, c, (4,)), refill),
    "where": (lambda: N([True, True, False, False]), lambda w, c: tg.where(c, w, 0), refill),
    "where by a list": (lambda: [True, True, False, False], lambda w, c: tg.where(c, w, 0), list.reverse),
    "bound": (lambda: N([0.0, 2.5, 5.0, 1.0]), lambda w, c: tg.clip(w, c, 10.0), refill),
    "slope": (lambda: N(0.1), lambda w, c: tg.leaky_relu(-w, c), lambda c: c.__setitem__((), 0.5)),
}
REFUSED = {  # an operand
    "product": (lambda: N([0.0, 2, 5, 1]), lambda w, c: w * c, refill),
    "array on the left": (lambda: N([0.0, 2, 5, 1]), lambda w, c: c * w, refill),
    "list": (lambda: [0.0, 2, 5, 1], lambda w, c: w * c, list.reverse),
    "long list": (lambda: [[1.0] * 4 for _ in range(900)], lambda w, c: w * c, lambda c: c[1].__setitem__(1, 5.0)),
    "number": (lambda: N(3.0), lambda w, c: w * c, lambda c: c.__setitem__((), 5.0)),
    "Tensor": (lambda: tg.Tensor([0.0, 2, 5, 1]), lambda w, c: w * c, lambda c: refill(c.data)),
    "other array": (lambda: tg.Tensor([0.0, 2, 5, 1]), lambda w, c: w * c, lambda c: setattr(c, "data", np.ones(4))),
    "view": (lambda: tg.Tensor([0.0, 2, 5, 1]), lambda w, c: w * c[:].reshape(4), lambda c: refill(c.data)),
    "power": (lambda: N([0.0, 2, 3, 1]), lambda w, c: w ** c, refill),
    "matrix product": (lambda: np.eye(4), lambda w, c: w.reshape(1, 4) @ c, lambda c: c.__setitem__((0, 1), 9)),
    "maximum": (lambda: N([9.0, 1, 2, 2]), tg.maximum, refill),
    "labels": (lambda: N([1.0, 0, 0, 0]), lambda w, c: tg.objectives.cross_entropy(c, w), refill),
    "kernel": (lambda: np.ones((1, 1, 1, 2)), lambda w, c: tg.conv2d(w.reshape(1, 2, 2, 1), c),
               lambda c: c.fill(2)),
    "large": (lambda: np.ones((50_000, 4)), lambda w, c: w * c, lambda c: c.fill(2)),
    "large, in part": (lambda: np.ones((50_000, 4)), lambda w, c: w * c, lambda c: c[-2000:].fill(2)),
    "large, every other": (lambda: np.ones((8, 50_000)).T[:, ::2], lambda w, c: w * c, lambda c: c.fill(2)),
    "large one-hot": (lambda: np.eye(4)[np.arange(50_000) % 4], lambda w, c: w * c, refill),
}


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("case", [*COPIED.values(), *REFUSED.values()],
                         ids=[*(f"{name} copied" for name in COPIED), *(f"{name} refused" for name in REFUSED)])
def test_arrays_that_are_refilled(case, create_graph):
    make, f, change = case
    w = tg.Tensor([1.0, 2, 3, 4], requires_grad=True)
    derivative = lambda c, y: tg.grad((y * np.linspace(1, 2, y.size).reshape(y.shape)).sum(), [w], create_graph)
    c = make()
    [expected] = derivative(c, f(w, c))
    y = f(w, c)
    change(c)
    if case in COPIED.values():
        np.testing.assert_array_equal(derivative(c, y)[0], expected)
    else:
        with pytest.raises(ValueError, match=r"^grad: an input of shape \(.*\) was changed in place after the output "
                                             r"was computed with it; differentiate first, then change it, or give a c"):
            derivative(c, y)
    again = derivative(c, f(w, c))[0]  # recorded again, it is the derivative at the new values
    assert not np.array_equal(again, expected)


def test_a_leaf_that_is_refilled():
    a = np.ones(4)
    x = tg.Tensor(a, requires_grad=True)
    for f in (lambda x: x * x, lambda x: x.reshape(2, 2) ** 2):
        y = f(x).sum()
        a += 1
        with pytest.raises(ValueError, match="changed in place"):
            tg.grad(y, [x])
        np.testing.assert_array_equal(tg.grad(f(x).sum(), [x])[0], 2 * a)


def test_one_buffer_for_all_batches():
    net, buffer, losses = nn.Dense(4, 1, rng=0), np.zeros((3, 4), np.float32), []
    for i in range(2):
        buffer[:] = i
        losses.append(net(buffer).sum())
        tg.grad(losses[-1], net.parameters())  # differentiated in time
    with pytest.raises(ValueError, match="changed in place"):
        tg.grad(losses[0] + losses[1], net.parameters())


def test_a_torch_tensor_that_is_refilled(torch):
    w, c = tg.Tensor([1.0, 2], requires_grad=True), torch.ones(2, dtype=torch.float64)
    y = (w * c).sum()
    c.zero_()
    with pytest.raises(ValueError, match="changed in place"):
        tg.grad(y, [w])


def test_what_is_not_part_of_the_derivative_may_change():
    w, c = tg.Tensor([1.0, 2], requires_grad=True), np.ones(2)
    y, other = (w * 2).sum(), (w * c).sum()
    c[:] = 3
    np.testing.assert_array_equal(tg.grad(y, [w])[0], 2)
    assert other.item() == 3
