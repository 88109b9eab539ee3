"""The objectives: theory's numbers, hand-derived gradients, stability, shapes that may not meet."""
import numpy as np
import pytest
from helpers import host, leaves, on
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygan as tg
from tinygan import nn
from tinygan import objectives as obj
from tinygan.updates import ascend, descend, sign_reversal

REAL, FAKE = np.random.default_rng(0).normal(0, 2, (2, 6, 1))
logits = hnp.arrays(np.float64, st.tuples(st.integers(1, 5), st.just(1)), elements=st.floats(-10, 10))


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def slopes(f, *arrays):
    xs = leaves(arrays)
    return [g.data for g in tg.grad(f(*xs), xs)]


# --- each against its equation, on probabilities and on logits ---

D, DF = sigmoid(REAL), sigmoid(FAKE)


BOTH = {"value": (obj.value, np.log(D).mean() + np.log(1 - DF).mean()),
        "d_loss": (obj.d_loss, -np.log(D).mean() - np.log(1 - DF).mean()),
        "g_zero_sum": (obj.g_zero_sum, np.log(D).mean() + np.log(1 - DF).mean()),
        "cross_entropy_split": (obj.cross_entropy_split, -np.log(D).sum() / 6 - np.log(1 - DF).sum() / 6)}


ONE = {"g_minimax": (obj.g_minimax, np.log(1 - DF).mean()),
       "g_non_saturating": (obj.g_non_saturating, np.log(DF).mean())}


@pytest.mark.parametrize("name", [*BOTH, *ONE])
def test_its_equation(name, xp):
    f, expected = {**BOTH, **ONE}[name]
    inputs = (REAL, FAKE) if name in BOTH else (FAKE,)
    on_logits = f(*on(xp, inputs))
    on_probabilities = f(*[tg.sigmoid(a) for a in on(xp, inputs)], logits=False)
    assert host(on_logits).shape == ()
    np.testing.assert_allclose(host(on_logits), expected, rtol=1e-12)
    np.testing.assert_allclose(host(on_probabilities), expected, rtol=1e-12)
    tg.check_gradients(f, *inputs)
    for a, b in zip(slopes(f, *inputs), slopes(lambda *xs: f(*map(tg.sigmoid, xs), logits=False), *inputs)):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-14)


def test_two_sample():
    np.testing.assert_allclose(obj.two_sample(REAL, FAKE), REAL.mean() - FAKE.mean())
    tg.check_gradients(obj.two_sample, REAL, FAKE)


RAW = {"least_squares": (obj.least_squares, (REAL, FAKE), ((REAL - 1) ** 2).mean() / 2 + ((FAKE + 1) ** 2).mean() / 2),
       "g_least_squares": (obj.g_least_squares, (FAKE,), (FAKE ** 2).mean() / 2),
       "hinge": (obj.hinge, (REAL, FAKE), np.maximum(0, 1 - REAL).mean() + np.maximum(0, 1 + FAKE).mean())}


@pytest.mark.parametrize("name", RAW)
def test_on_raw_outputs(name, xp):
    f, inputs, expected = RAW[name]
    np.testing.assert_allclose(host(f(*on(xp, inputs))), expected, rtol=1e-12)
    tg.check_gradients(f, *inputs)
    xs = leaves(inputs, xp)
    first = tg.grad(f(*xs), xs, create_graph=True)
    for found, by_numpy in zip(first, slopes(f, *inputs)):
        np.testing.assert_allclose(host(found), by_numpy, rtol=1e-12)
    if name != "hinge":  # whose second derivative is 0; here it is 1 / n
        curvatures = tg.grad(sum(g.sum() for g in first), xs)
        for found in curvatures:
            np.testing.assert_allclose(host(found), 1 / 6)


def test_least_squares_with_other_targets():
    assert obj.least_squares(REAL, FAKE, a=0, b=2) == pytest.approx(
        ((REAL - 2) ** 2).mean() / 2 + (FAKE ** 2).mean() / 2)
    assert obj.g_least_squares(FAKE, c=2) == pytest.approx(((FAKE - 2) ** 2).mean() / 2)


def test_hinge_ignores_what_is_beyond_the_margin():
    real, fake = np.array([[0.5], [1.5], [9.0]]), np.array([[-3.0], [-0.5], [2.0]])
    for found, expected in zip(slopes(obj.hinge, real, fake), ([-1, 0, 0], [0, 1, 1])):
        np.testing.assert_allclose(3 * found[:, 0], expected)


def test_numbers_of_examples_may_differ():
    np.testing.assert_allclose(obj.value(REAL, FAKE[:2]), np.log(D).mean() + np.log(1 - DF[:2]).mean())


@given(logits, logits)
def test_relations(real, fake):
    v = obj.value(real, fake)
    assert obj.d_loss(real, fake) == pytest.approx(-v)
    assert obj.g_zero_sum(real, fake) == pytest.approx(v)
    assert obj.cross_entropy_split(real, fake) == pytest.approx(-v)
    n, m = len(real), len(fake)
    both, target = np.concatenate([real, fake]), np.concatenate([np.ones((n, 1)), np.zeros((m, 1))])
    single = obj.cross_entropy(target, both)
    assert single * (n + m) == pytest.approx(-n * np.log(sigmoid(real)).mean() - m * np.log(1 - sigmoid(fake)).mean())
    if n == m:
        assert 2 * single == pytest.approx(-v)
    tg.check_gradients(lambda a: obj.cross_entropy(target, a), both)


# --- T5, T6, T7, T36, T37 ---

def test_t5_slopes_at_a_logit():
    for a, minimax, other in [(np.log(0.01 / 0.99), -0.01, -0.99), (0.0, -0.5, -0.5), (2.0, -0.880797, -0.119203)]:
        x = np.array([[a]])
        assert slopes(obj.g_minimax, x)[0].item() == pytest.approx(minimax, abs=1e-6)
        assert -slopes(obj.g_non_saturating, x)[0].item() == pytest.approx(other, abs=1e-6)


@given(st.floats(-20, 20))
def test_t6_ratio_of_the_slopes(a):
    x = np.array([[a]])
    ratio = abs(slopes(obj.g_minimax, x)[0] / slopes(obj.g_non_saturating, x)[0]).item()
    assert ratio == pytest.approx(np.exp(a), rel=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cross_entropy_where_d_is_certain(dtype):
    """0 log 0 is 0: a perfect prediction has error 0 and a finite slope; a wrong one has an infinite error."""
    t, inf = np.array([[1], [0]], dtype), np.inf
    for logits, perfect in ((True, [[inf], [-inf]]), (False, [[1.0], [0.0]])):
        x = tg.Tensor(np.array(perfect, dtype), requires_grad=True)
        e = obj.cross_entropy(t, x, logits=logits)
        slope = tg.grad(e, [x])[0].data.ravel().tolist()
        with np.errstate(divide="ignore"):
            wrong = obj.cross_entropy(1 - t, x, logits=logits)
        assert (e.item(), wrong.item(), e.dtype, slope) == (0, inf, dtype, [0, 0] if logits else [-0.5, 0.5])
    assert obj.cross_entropy(t[:1], tg.sigmoid(np.array([[20]], dtype)), logits=False) < 1e-8


@given(logits, st.data())
def test_t7_cross_entropy_on_logits(a, data):
    t = data.draw(hnp.arrays(np.float64, a.shape, elements=st.floats(0, 1)))
    np.testing.assert_allclose(slopes(lambda a: obj.cross_entropy(t, a), a)[0], (sigmoid(a) - t) / a.size, atol=1e-14)


def test_t36_two_normalisations():
    half = np.zeros((4, 1))
    assert obj.cross_entropy_split(half, half) == pytest.approx(2 * np.log(2)) == pytest.approx(1.386294, abs=1e-6)
    target = np.repeat([[1.0], [0.0]], 4, axis=0)
    assert obj.cross_entropy(target, np.zeros((8, 1))) == pytest.approx(np.log(2)) == pytest.approx(0.693147, abs=1e-6)


def play(step, xp=np):
    """20 simultaneous steps of a small game in one of the forms of the lecture."""
    rng = np.random.default_rng(0)
    g = nn.Sequential(nn.Dense(2, 8, rng=rng), tg.tanh, nn.Dense(8, 2, rng=rng))
    d = nn.Sequential(nn.Dense(2, 8, rng=rng), nn.LeakyReLU(0.2), nn.Dense(8, 1, rng=rng))
    for net in (g, d):
        net.apply(xp.asarray)
    path = []
    for _ in range(20):
        x, z = (on(xp, rng.standard_normal((16, 2)).astype(np.float32)) for _ in range(2))
        step(g, d, d(x), d(g(z)))
        path.append(np.concatenate([host(g.theta), host(d.theta)]))
    return np.stack(path)


def on_v(g, d, real, fake):
    """D ascends V, G descends V (Algorithm 1)."""
    v = obj.value(real, fake)
    up, down = tg.grad(v, d.parameters()), tg.grad(v, g.parameters())
    ascend(d.theta, up, 0.1)
    descend(g.theta, down, 0.1)


def on_losses(g, d, real, fake):
    """Each descends a loss of its own, L_D and L_G = -L_D."""
    slope_d = tg.grad(obj.d_loss(real, fake), d.parameters())
    slope_g = tg.grad(obj.g_zero_sum(real, fake), g.parameters())
    descend(d.theta, slope_d, 0.1)
    descend(g.theta, slope_g, 0.1)


def on_e(g, d, real, fake):
    """One E: phi descends, w ascends."""
    e = obj.cross_entropy_split(real, fake)
    slope_d, slope_g = tg.grad(e, d.parameters()), tg.grad(e, g.parameters())
    sign_reversal(d.theta, g.theta, slope_d, slope_g, 0.1)


@pytest.mark.parametrize("other", [on_losses, on_e])
def test_t37_bitwise_equal_trajectories(other, xp):
    first = play(on_v, xp)
    assert not np.array_equal(first[0], first[-1])
    np.testing.assert_array_equal(first, play(other, xp))


# --- gradients derived by hand ---

@given(logits, logits)
def test_hand_derived_gradients(real, fake):
    for by_hand, by_rule in zip(obj.d_gradient(real, fake), slopes(obj.value, real, fake)):
        np.testing.assert_allclose(by_hand, by_rule, rtol=1e-9, atol=1e-16)
    for by_hand, f in [(obj.g_gradient, obj.g_minimax), (obj.g_non_saturating_gradient, obj.g_non_saturating)]:
        np.testing.assert_allclose(by_hand(fake), slopes(f, fake)[0], rtol=1e-9, atol=1e-16)


# --- large logits ---

@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("a", [-1000, 1000])
def test_stable_at_large_logits(a, dtype):
    x = np.full((3, 1), a, dtype)
    for f, inputs in [(obj.value, (x, x)), (obj.value, (x, -x)), (obj.d_loss, (x, x)), (obj.g_zero_sum, (-x, x)),
                      (obj.cross_entropy_split, (x, x)), (obj.g_minimax, (x,)), (obj.g_non_saturating, (x,)),
                      (obj.two_sample, (x, -x)), (lambda a: obj.cross_entropy(np.ones_like(a.data), a), (x,)),
                      (lambda a: obj.cross_entropy(np.zeros_like(a.data), a), (x,))]:
        xs = leaves(inputs)
        y = f(*xs)
        assert y.dtype == dtype
        assert np.isfinite(y.data)
        assert abs(y.item()) in (0, 1000, 2000)
        for g in tg.grad(y, xs, create_graph=True):
            assert g.dtype == dtype
            assert set(np.abs(np.round(3 * g.data.ravel(), 5))) <= {0, 1}
    for g in (*obj.d_gradient(x, x), obj.g_gradient(x), obj.g_non_saturating_gradient(x)):
        assert np.isfinite(g).all()


# --- shapes ---

@pytest.mark.parametrize("name", ["two_sample", "least_squares", "hinge", "value", "d_loss", "g_zero_sum",
                                  "cross_entropy_split", "d_gradient"])
def test_column_against_row_is_refused(name):
    called = {"g_zero_sum": "d_loss"}.get(name, name)
    for real, fake in [(REAL, FAKE[:, 0]), (REAL[:, 0], FAKE), (REAL, np.zeros((6, 2))), (np.zeros(()), np.zeros(1))]:
        with pytest.raises(ValueError) as caught:
            getattr(obj, name)(tg.Tensor(real), tg.Tensor(fake))
        assert str(caught.value) == (f"{called}: real {real.shape} and fake {fake.shape} differ in more than "
                                     "the number of examples")


def test_targets_have_the_shape_of_the_outputs():
    with pytest.raises(ValueError) as caught:
        obj.cross_entropy(np.ones(6), REAL)
    assert str(caught.value) == "cross_entropy: target (6,) and output (6, 1) differ in shape"


# --- the table ---

def test_the_table():
    assert {"minimax", "non-saturating"} <= obj.OBJECTIVES.keys()
    v = np.log(D).mean() + np.log(1 - DF).mean()
    expected = {"minimax": (v, np.log(1 - DF).mean()), "non-saturating": (v, np.log(DF).mean()),
                "zero-sum": (-v, np.log(1 - DF).mean()), "sign-reversal": (-v, -np.log(1 - DF).mean()),
                "two-sample": (REAL.mean() - FAKE.mean(), -FAKE.mean()),
                "least-squares": (RAW["least_squares"][2], RAW["g_least_squares"][2]),
                "hinge": (RAW["hinge"][2], -FAKE.mean())}
    expected["wasserstein"] = expected["two-sample"]
    assert expected.keys() == obj.OBJECTIVES.keys()
    for name, objective in obj.OBJECTIVES.items():
        np.testing.assert_allclose(objective.discriminator(REAL, FAKE), expected[name][0])
        np.testing.assert_allclose(objective.generator(FAKE), expected[name][1])


@pytest.mark.parametrize("name", obj.OBJECTIVES)
def test_a_gradient_by_hand_is_that_of_its_function(name):
    for goal, logits in zip(obj.OBJECTIVES[name], ([REAL, FAKE], [FAKE])):
        if goal.gradient:
            by_hand = goal.gradient(*logits)
            for ours, expected in zip(by_hand if len(logits) > 1 else [by_hand], slopes(goal, *logits), strict=True):
                np.testing.assert_allclose(np.broadcast_to(ours, expected.shape), expected, rtol=1e-12)


@pytest.mark.parametrize("name", obj.OBJECTIVES)
def test_the_value_of_one_who_cannot_tell(name):
    """`blind` is D's value at logits 0, and no constant logit makes a better one."""
    goal, blind = obj.OBJECTIVES[name].discriminator, obj.OBJECTIVES[name].blind
    constant = [goal(np.full((5, 1), a), np.full((7, 1), a)) for a in (0, -0.5, 0.5, 3)]
    if blind is None:
        assert constant == [0] * 4  # at equal scores a critic of any scale gains nothing
    else:
        assert constant[0] == pytest.approx(blind)
        assert constant[0] == {"ascend": max, "descend": min}[goal.direction](constant)


@pytest.mark.parametrize("name", obj.OBJECTIVES)
def test_each_player_pulls_its_way(name):
    """D's step makes real logits rise and fake ones fall, G's step makes fake ones rise (if they are below 0)."""
    objective = obj.OBJECTIVES[name]
    sign = {"ascend": 1, "descend": -1}
    logits = np.linspace(-0.9, 0.9, 6)[:, None]  # away from the targets of least squares and the margins of hinge
    real, fake = slopes(objective.discriminator, logits, logits)
    assert (sign[objective.discriminator.direction] * real > 0).all()
    assert (sign[objective.discriminator.direction] * fake < 0).all()
    assert (sign[objective.generator.direction] * slopes(objective.generator, logits - 1)[0] > 0).all()


@pytest.mark.oracle
def test_torch_binary_cross_entropy(torch):
    t = np.random.default_rng(1).uniform(0, 1, (6, 1))
    theirs = torch.nn.functional.binary_cross_entropy_with_logits(torch.tensor(REAL), torch.tensor(t))
    assert obj.cross_entropy(t, REAL) == pytest.approx(theirs.item(), rel=1e-12)
    theirs = torch.nn.functional.binary_cross_entropy(torch.tensor(D), torch.tensor(t))
    assert obj.cross_entropy(t, D, logits=False) == pytest.approx(theirs.item(), rel=1e-12)


def test_an_objective_of_ones_own_has_no_critic_unless_it_is_said():
    goals = obj.Goal(obj.value, "ascend"), obj.Goal(obj.g_minimax, "descend")
    assert not obj.Objective(*goals).critic
    assert obj.Objective(*goals, critic=True).critic
