"""Helpers for the tests of plots: drawn pictures, and the lines of a panel."""
import numpy as np


def is_picture(image, height, width):
    """Whether an array is an image of this size, and not a blank page."""
    assert image.dtype == np.uint8
    assert image.shape == (height, width, 3)
    assert image.std() > 1
    return True


def labelled_lines(axes):
    """The lines of a panel that have a label, by label."""
    return {line.get_label(): line for line in axes.lines if not line.get_label().startswith("_")}
