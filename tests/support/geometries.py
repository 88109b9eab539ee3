"""Random rectangular geometries of convolutions."""
import numpy as np
from hypothesis import strategies as st


@st.composite
def geometries(draw):
    """Sizes of images, kernel, stride and padding that fit, and the images, kernels and outputs."""
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    stride = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    padding = draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    size = tuple(draw(st.integers(max(1, k - 2 * p), k + 6)) for k, p in zip(kernel, padding))
    n, c, o = draw(st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3)))
    out = tuple((m + 2 * p - k) // s + 1 for m, k, s, p in zip(size, kernel, stride, padding))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    x, w, y = (rng.standard_normal(shape) for shape in [(n, *size, c), (*kernel, c, o), (n, *out, o)])
    return x, w, y, stride, padding


def remainder(x, w, stride, padding):
    """The rows and columns that the last window leaves over: the output padding that gives the size back."""
    return tuple((m + 2 * p - k) % s for m, k, s, p in zip(x.shape[1:3], w.shape[:2], stride, padding))
