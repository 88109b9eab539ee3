"""The recurrent GAN: sequences step by step, packs, errors."""
import numpy as np
import pytest

import tinygan as tg
from tinygan.data import DataError
from tinygan.zoo import sequence


@pytest.mark.parametrize("cell", sequence.CELLS)
def test_a_sequence_is_written_and_read_step_by_step(cell, rng):
    g, d = sequence.networks((7, 2), 3, rng, width=5, cell=cell)
    z = rng.standard_normal((4, 3)).astype(np.float32)
    x = g(z)
    assert x.shape == (4, 7, 2)
    assert d(x).shape == (4, 1)
    short, _ = sequence.networks((3, 2), 3, rng, width=5, cell=cell)
    short.load_state_dict(g.state_dict())
    np.testing.assert_allclose(short(z).data, x.data[:, :3], rtol=1e-5, atol=1e-6)  # z is seen at every step


def test_the_discriminator_looks_at_every_step(rng):
    _, d = sequence.networks((6, 1), 3, rng, width=5)
    x = tg.Tensor(rng.standard_normal((1, 6, 1)).astype(np.float32), requires_grad=True)
    [slope] = tg.grad(d(x).sum(), [x])
    assert (abs(slope.data) > 1e-4).all()


def test_repeat_and_mean_are_adjoint_up_to_the_length(rng):
    z, x = rng.standard_normal((4, 3)), rng.standard_normal((4, 5, 3))
    repeated = sequence.Repeat(5)(tg.Tensor(z)).data
    np.testing.assert_array_equal(repeated, np.repeat(z[:, None], 5, axis=1))
    np.testing.assert_allclose((repeated * x).sum(), 5 * (z * sequence.Mean()(tg.Tensor(x)).data).sum())


def test_packs_of_sequences(rng):
    _, d = sequence.networks((6, 2), 3, rng, width=5, packing=2, minibatch_std=True)
    assert d(rng.standard_normal((4, 6, 2)).astype(np.float32)).shape == (2, 1)


@pytest.mark.parametrize("shape", [(2,), (1, 2), (8, 8, 1)])
def test_other_data_are_refused(shape, rng):
    with pytest.raises(DataError, match=r"^this recipe is for sequences .*; the data are of shape"):
        sequence.networks(shape, 3, rng)
