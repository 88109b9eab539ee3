"""Sheets, points and sequences: each example stands where it belongs, under its own name."""
import numpy as np
import pytest
from drawn import is_picture
from matplotlib.colors import to_hex

from tinygan import plots

RED = (0xd5, 0x5e, 0x00)


def points(axes):
    """The points of each scatter in a panel, by label."""
    return {cloud.get_label(): cloud.get_offsets() for cloud in axes.collections}


def flat(*values, h=2, w=3):
    """Grey images (n, h, w, 1), each of one value."""
    return np.broadcast_to(np.reshape(values, (-1, 1, 1, 1)), (len(values), h, w, 1)) / 10


def test_a_sheet_is_filled_row_by_row():
    sheet = plots.sheet(flat(-9, -5, -1, 2, 6, 9), columns=3, gap=0)
    assert sheet.shape == (2 * 2, 3 * 3, 3)
    expected = np.rint((np.array([[-9, -5, -1], [2, 6, 9]]) / 10 + 1) * 127.5)
    np.testing.assert_array_equal(sheet[::2, ::3, 0], expected)  # the first pixel of each image
    np.testing.assert_array_equal(sheet, np.repeat(np.repeat(np.repeat(expected, 2, 0), 3, 1)[..., None], 3, 2))


def test_an_image_in_a_sheet_is_upright():
    image = np.arange(6).reshape(1, 2, 3, 1) / 5 - 0.5
    expected = np.rint((image[0, ..., 0] + 1) * 127.5)
    np.testing.assert_array_equal(plots.sheet(image, gap=0)[..., 0], expected)
    np.testing.assert_array_equal(plots.sheet(np.repeat(image, 2, 0), columns=1, gap=0)[2:, :, 0], expected)


def test_a_sheet_is_as_square_as_can_be_and_white_where_images_end():
    sheet = plots.sheet(flat(0, 0, 0, 0, 0), gap=0)
    assert sheet.shape == (2 * 2, 3 * 3, 3)
    assert (sheet[2:, 6:] == 255).all()
    assert (sheet[:2] == 128).all()
    assert (sheet[2:, :6] == 128).all()


@pytest.mark.parametrize(("height", "gap"), [(2, 1), (27, 1), (28, 2), (64, 4)])
def test_white_gaps_stand_between_images_and_not_around_them(height, gap):
    sheet = plots.sheet(flat(-10, -10, -10, -10, h=height, w=3))
    assert sheet.shape == (2 * height + gap, 6 + gap, 3)
    white = (sheet == 255).all(axis=-1)
    assert white[height:height + gap].all()
    assert white[:, 3:3 + gap].all()
    assert white.sum() == gap * (6 + gap) + gap * 2 * height


def test_values_become_bytes():
    values = np.array([-np.inf, -1.1, -1, -0.999, 0, 0.999, 1, 7]).reshape(-1, 1, 1, 1).astype(np.float32)
    np.testing.assert_array_equal(plots.sheet(values, columns=8, gap=0)[0, :, 0], [0, 0, 0, 0, 128, 255, 255, 255])


def test_colours_keep_their_order_and_a_fourth_channel_is_left_out():
    image = np.array([-1, 0, 1, 0.5]).reshape(1, 1, 1, 4)
    for channels in (3, 4):
        np.testing.assert_array_equal(plots.sheet(image[..., :channels]), [[[0, 128, 255]]])


def test_a_cloud_shows_which_points_are_real(figures):
    real, fake = np.array([[-1., 0], [-.9, .1]]), np.array([[.5, .5], [.6, .5], [.7, .4]])
    image = plots.cloud(fake, real, "step 3")
    [axes] = figures[0].axes
    assert list(points(axes)) == ["real", "generated"]  # generated ones on top
    np.testing.assert_array_equal(points(axes)["real"], real)
    np.testing.assert_array_equal(points(axes)["generated"], fake)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["real", "generated"]
    assert axes.get_title("left") == "step 3"
    assert is_picture(image, 580, 560)
    height, width, _ = image.shape
    red = np.argwhere((image == RED).all(-1))
    below = red[red[:, 0] > height / 4]  # the legend stands above
    assert len(below)
    assert (below[:, 1] > width / 2).all()  # the generated points lie to the right


def test_a_cloud_colours_classes_and_draws_paths(figures):
    fake, path = np.array([[.5, .5], [0, 0], [1, 0]]), np.array([[0., 0], [.5, .2], [1, 1]])
    plots.cloud(fake, fake, labels=np.array([2, 0, 2]), paths=[path])
    [axes] = figures[0].axes
    first, other, third = axes.collections[1].get_facecolors()
    assert np.array_equal(first, third)
    assert not np.array_equal(first, other)
    np.testing.assert_array_equal(axes.lines[0].get_xydata(), path)


def test_a_cloud_keeps_its_frame_whatever_is_generated(figures):
    real = np.array([[-2., 0], [1, 1]])
    for scale in (1, 100):
        plots.cloud(scale * real, real)
    assert figures[0].axes[0].axis() == figures[1].axes[0].axis() == (-2.5, 2.5, -2.5, 2.5)


def test_numbers_are_a_histogram_with_outliers_at_its_edge(figures):
    real, fake = np.full((10, 1), -2.), np.array([[2.], [2.], [2.], [500.]])
    plots.cloud(fake, np.concatenate([real, [[2.]]]))
    [axes] = figures[0].axes
    legend = axes.get_legend()
    names = {to_hex(box.get_facecolor()): text.get_text() for box, text in zip(legend.legend_handles, legend.texts)}
    shares = {}
    for bars in axes.containers:
        height = np.array([bar.get_height() for bar in bars])
        middle = np.array([bar.get_x() + bar.get_width() / 2 for bar in bars])
        share = [height[(low < middle) & (middle < high)].sum() for low, high in ((-3, 0), (0, 2.4), (2.4, 3))]
        shares[names[to_hex(bars[0].get_facecolor())]] = share / height.sum()
    np.testing.assert_allclose(shares["real"], [10 / 11, 1 / 11, 0])
    np.testing.assert_allclose(shares["generated"], [0, 3 / 4, 1 / 4])  # the one at 500 is in the last bin


def test_sequences_stand_below_each_other_real_ones_on_the_left(figures):
    t = np.linspace(0, 6, 9)
    real = np.stack([np.sin(t + i) for i in range(12)])[..., None]
    image = plots.lines(.5 * real, real, "step 7", rows=4)
    assert is_picture(image, 600, 700)
    left, right = figures[0].axes
    assert (left.get_title(), right.get_title()) == ("real", "generated")
    for axes, x in ((left, real), (right, .5 * real)):
        assert len(axes.lines) == 4
        drawn = np.stack([line.get_ydata() for line in axes.lines])
        np.testing.assert_allclose(np.diff(drawn, axis=1), np.diff(x[:4, :, 0], axis=1), rtol=0, atol=1e-12)
        assert (np.diff(drawn.mean(1) - x[:4, :, 0].mean(1)) < -np.ptp(real)).all()  # they do not touch
        bottom, top = axes.get_ylim()
        assert bottom < drawn.min()
        assert drawn.max() < top
    assert figures[0].get_suptitle() == "step 7"
