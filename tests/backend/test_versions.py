"""Arrays written in place: weights that are updated before their derivative is taken are an error."""
import numpy as np
import pytest
from helpers import on, to_foreign

import tinygan as tg
from tinygan import backend, nn
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
