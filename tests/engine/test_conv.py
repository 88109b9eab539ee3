"""The three convolutions: adjoint identities, sizes, PyTorch's values, on random rectangular geometries."""

import foreign
import numpy as np
import pytest
from geometries import geometries, remainder
from helpers import call, drawn, host, on
from hypothesis import given

import tinygan as tg
from tinygan.ops import OPS


@given(geometries())
def test_t38_one_trilinear_form(geometry):
    x, w, y, stride, padding = geometry
    extra = remainder(x, w, stride, padding)
    form = np.vdot(tg.conv2d(x, w, stride, padding), y)
    back = tg.conv_transpose2d(y, w, stride, padding, extra)
    assert back.shape == x.shape
    np.testing.assert_allclose(np.vdot(x, back), form, rtol=1e-10, atol=1e-10)
    weight = tg.conv2d_weight(x, y, w.shape[:2], stride, padding)
    assert weight.shape == w.shape
    np.testing.assert_allclose(np.vdot(w, weight), form, rtol=1e-10, atol=1e-10)


@given(geometries())
def test_derivatives_of_random_geometries(geometry):
    x, w, y, stride, padding = geometry
    x, w, y = x[:1, ..., :1], w[..., :1, :1], y[:1, ..., :1]
    extra = remainder(x, w, stride, padding)
    tg.check_gradients(lambda x, w: tg.conv2d(x, w, stride, padding), x, w)
    tg.check_gradients(lambda y, w: tg.conv_transpose2d(y, w, stride, padding, extra), y, w)
    tg.check_gradients(lambda x, y: tg.conv2d_weight(x, y, w.shape[:2], stride, padding), x, y)


@given(geometries())
def test_the_same_on_the_foreign_array(geometry):
    x, w, y, stride, padding = geometry
    for f in (lambda x, w, y: tg.conv2d(x, w, stride, padding),
              lambda x, w, y: tg.conv_transpose2d(y, w, stride, padding, remainder(x, w, stride, padding)),
              lambda x, w, y: tg.conv2d_weight(x, y, w.shape[:2], stride, padding)):
        np.testing.assert_allclose(host(f(*on(foreign, (x, w, y)))), f(x, w, y), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("padding", [0, 1])
def test_images_need_not_be_contiguous(padding):
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((2, 3, 6, 5)), rng.standard_normal((3, 2, 3, 2))
    for images in (x.transpose(0, 2, 3, 1), x[:, ::-1].transpose(0, 3, 2, 1), x.transpose(0, 2, 3, 1)[:, ::2, 1:]):
        assert not images.flags.c_contiguous
        y = tg.conv2d(images, w, 1, padding)
        np.testing.assert_allclose(y, tg.conv2d(np.ascontiguousarray(images), w, 1, padding), rtol=1e-12)
        weight = tg.conv2d_weight(images, y, w.shape[:2], 1, padding)
        np.testing.assert_allclose(np.vdot(weight, w), np.vdot(y, y))


def test_t38_sizes():
    for k, s, p, size, out in [(3, 1, 1, 5, 5), (4, 2, 1, 8, 4), (5, 2, 2, 7, 4), (2, 3, 0, 9, 3)]:
        assert tg.conv2d(np.ones((1, size, size, 1)), np.ones((k, k, 1, 1)), s, p).shape == (1, out, out, 1)
    z = np.ones((1, 4, 4, 1))
    for size in (8, 16):  # kernel 4, stride 2, padding 1 doubles
        z = tg.conv_transpose2d(z, np.ones((4, 4, 1, 1)), 2, 1)
        assert z.shape == (1, size, size, 1)


def test_no_images_give_no_images():
    assert tg.conv2d(np.ones((0, 4, 4, 2)), np.ones((2, 2, 2, 3))).shape == (0, 3, 3, 3)


@pytest.mark.oracle
@given(geometry=geometries())
def test_torch_agrees(torch, geometry):
    x, w, y, stride, padding = geometry
    functional, extra = torch.nn.functional, remainder(x, w, stride, padding)

    def images(a):
        return torch.tensor(np.ascontiguousarray(a.transpose(0, 3, 1, 2)), requires_grad=True)

    tw = torch.tensor(np.ascontiguousarray(w.transpose(3, 2, 0, 1)), requires_grad=True)
    for ours, first, theirs in [
            (lambda a, w: tg.conv2d(a, w, stride, padding), x,
             lambda a, w: functional.conv2d(a, w, None, stride, padding)),
            (lambda a, w: tg.conv_transpose2d(a, w, stride, padding, extra), y,
             lambda a, w: functional.conv_transpose2d(a, w, None, stride, padding, extra))]:
        a, ta = tg.Tensor(first, True), images(first)
        weight = tg.Tensor(w, True)
        out, tout = ours(a, weight), theirs(ta, tw)
        np.testing.assert_allclose(out.data, tout.detach().numpy().transpose(0, 2, 3, 1), rtol=1e-10, atol=1e-10)
        slopes = tg.grad((out * out).sum(), [a, weight])
        tslopes = torch.autograd.grad((tout * tout).sum(), [ta, tw])
        np.testing.assert_allclose(slopes[0].data, tslopes[0].numpy().transpose(0, 2, 3, 1), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(slopes[1].data, tslopes[1].numpy().transpose(2, 3, 1, 0), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["conv2d", "conv_transpose2d", "conv2d_weight"])
def test_convolutions_to_third_order(name):
    for case in OPS[name].cases:
        tg.check_gradients(lambda *xs: call(name, case, xs), *drawn(case), order=3)


@pytest.mark.parametrize(("f", "message"), [
    (lambda: tg.conv2d(np.ones((2, 5, 5, 3)), np.ones((4, 4, 2, 8))),
     "conv2d: x (2, 5, 5, 3) has 3 channels, w (4, 4, 2, 8) expects 2"),
    (lambda: tg.conv2d(np.ones((5, 5, 3)), np.ones((4, 4, 3, 8))),
     "conv2d: x (5, 5, 3) has 3 dimensions, expected (n, h, w, channels)"),
    (lambda: tg.conv2d(np.ones((2, 3, 5, 2)), np.ones((4, 4, 2, 8))),
     "conv2d: x (2, 3, 5, 2) with padding (0, 0) is smaller than the kernel (4, 4)"),
    (lambda: tg.conv2d(np.ones((2, 5, 5, 2)), np.ones((4, 4, 2, 8)), stride=0),
     "conv2d: stride is 0, expected an integer of at least 1, or two of them"),
    (lambda: tg.conv_transpose2d(np.ones((2, 5, 5, 2)), np.ones((4, 4, 2, 8))),
     "conv_transpose2d: x (2, 5, 5, 2) has 2 channels, w (4, 4, 2, 8) expects 8"),
    (lambda: tg.conv_transpose2d(np.ones((2, 5, 5, 8)), np.ones((4, 4, 2, 8)), 2, 1, 2),
     "conv_transpose2d: output_padding (2, 2) must be smaller than stride (2, 2)"),
    (lambda: tg.conv_transpose2d(np.ones((2, 1, 1, 8)), np.ones((2, 2, 2, 8)), 1, 2),
     "conv_transpose2d: x (2, 1, 1, 8), kernel (2, 2) and padding (2, 2) leave no pixel"),
    (lambda: tg.conv2d_weight(np.ones((2, 5, 5, 2)), np.ones((2, 3, 3, 4)), 4),
     "conv2d_weight: y (2, 3, 3, 4) does not fit x (2, 5, 5, 2): expected (2, 2, 2) before the channels"),
])
def test_messages(f, message):
    with pytest.raises(ValueError) as caught:
        f()
    assert str(caught.value) == message
