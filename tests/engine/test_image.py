"""Images doubled and halved."""
import numpy as np
import pytest
from helpers import host, on
from hypothesis import given
from hypothesis import strategies as st

import tinygan as tg

SEED = np.random.default_rng


def drawn(*shape, seed=0):
    return SEED(seed).standard_normal(shape)


def test_doubled_and_halved(xp):
    x = on(xp, drawn(2, 3, 4, 2))
    large = tg.upsample(x)
    assert large.shape == (2, 6, 8, 2)
    for i in (0, 1):
        for j in (0, 1):
            np.testing.assert_array_equal(host(large)[:, i::2, j::2], host(x))
    np.testing.assert_array_equal(host(tg.average_pool(large)), host(x))  # to the last bit


@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 4), st.integers(1, 3))
def test_doubling_is_the_adjoint_of_halving_but_for_a_factor_4(n, h, w, c):
    x, y = drawn(n, h, w, c), drawn(n, 2 * h, 2 * w, c, seed=1)
    np.testing.assert_allclose((tg.upsample(x) * y).sum(), 4 * (x * tg.average_pool(y)).sum(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("f", "message"), [
    (lambda: tg.average_pool(np.ones((2, 5, 4, 3))),
     "average_pool: x (2, 5, 4, 3), expected (n, h, w, channels) with h and w even"),
])
def test_messages(f, message):
    with pytest.raises(ValueError) as caught:
        f()
    assert str(caught.value) == message
