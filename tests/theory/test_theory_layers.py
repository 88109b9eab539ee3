"""T38 to T40: convolution and its adjoint, normalisations, latents.

Dumoulin & Visin 2016 (T38); Karras et al. 2018, 2019 (T39); White 2016 (T40).
"""
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import tinygan as tg
from tinygan import nn

sizes = st.tuples(st.integers(1, 9), st.integers(1, 4), st.integers(1, 3), st.integers(0, 2)).filter(
    lambda nksp: nksp[0] + 2 * nksp[3] >= nksp[1])


@given(sizes, st.integers(0, 2**32 - 1))
def test_t38_the_transposed_convolution_is_the_adjoint(nksp, seed):
    n, k, s, p = nksp
    rng = np.random.default_rng(seed)
    w = rng.standard_normal((k, k, 2, 3))
    x = rng.standard_normal((2, n, n, 2))
    small = (n + 2 * p - k) // s + 1
    over = (n + 2 * p - k) % s  # pixels that the last step of the convolution does not reach
    y = rng.standard_normal((2, small, small, 3))
    assert tg.conv2d(x, w, s, p).shape == y.shape
    back = tg.conv_transpose2d(y, w, s, p, over)
    assert back.shape == x.shape
    assert n == (small - 1) * s - 2 * p + k + over
    np.testing.assert_allclose(np.vdot(tg.conv2d(x, w, s, p), y), np.vdot(x, back), atol=1e-10)


def test_t38_kernel_4_stride_2_padding_1_doubles():
    rng = np.random.default_rng(0)
    up = nn.Sequential(nn.ConvTranspose2d(3, 2, 4, 2, 1, rng=rng), nn.ConvTranspose2d(2, 1, 4, 2, 1, rng=rng))
    x = np.zeros((1, 4, 4, 3), np.float32)
    assert up[0](x).shape == (1, 8, 8, 2)
    assert up(x).shape == (1, 16, 16, 1)
    assert nn.Conv2d(1, 2, 4, 2, 1, rng=rng)(up(x)).shape == (1, 8, 8, 2)


def test_t39_the_gradient_through_batch_norm_sums_to_0():
    """Batch norm takes the mean off each channel: to add a constant to it changes nothing."""
    rng = np.random.default_rng(0)
    norm = nn.BatchNorm(3).astype(np.float64)
    x = tg.Tensor(rng.standard_normal((4, 5, 5, 3)), requires_grad=True)
    [g] = tg.grad((norm(x) * rng.standard_normal(x.shape)).sum(), [x])
    assert np.abs(g.data).max() > 0.1
    np.testing.assert_allclose(g.data.sum(axis=(0, 1, 2)), 0, atol=1e-12)
