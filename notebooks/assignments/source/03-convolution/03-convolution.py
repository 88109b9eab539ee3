# %% [markdown]
# # Assignment 03: convolution, extended
#
# A convolution looks through a small window ([lecture 04](../../../../lectures/04-layers.md)). Here are ways to look
# further, to summarise a window, and to enlarge an image. You compose them from the library's operations, so you get
# every derivative automatically, to any order ([lecture 03](../../../../lectures/03-autograd.md)).
#
# **You will be able to** find the last window that fits, and the size of the output; write an operation on all windows
# at once, with slices; explain the path of the gradient through a layer that selects or only rearranges.
#
# **20 points, about two hours**: a kernel with holes 6, the largest of each window 5, the mean 5, pixels of channels 4.
#
# **A good answer** is four to eight lines. A loop over the few positions of a window is fine; a loop over pixels or
# images is not. Images are `(n, height, width, channels)` Tensors, of any height and width; so are kernels.
#
# Only the cells marked for your answer are graded, and each task is graded separately: put a helper into the same
# cell. The visible checks use a few shapes; the grader uses other shapes and numbers, and both float64 and float32.

# %% nbgrader={"grade_id": "setup"}
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

import tinygan as tg
from tinygan.grading import public

# %% [markdown]
# ## 1. A kernel with holes (6 points, 40 minutes)
#
# Each convolution sees a few pixels further than the one before it. To see much further with the same number of
# weights, put the weights $d$ pixels apart; this is the *dilation*. In (`conv`) only one thing changes:
#
# $$ y_{n i j o} = \sum_{a, b, c} x_{n,\; s i + d a - p,\; s j + d b - p,\; c}\; w_{a b c o} $$
#
# with the stride $s$ and a padding of $p$ zeros. Both $x$ and $w$ are Tensors, to be differentiated twice.
#
# *A good answer* spreads the kernel and calls `tg.conv2d` for the rest. With $d = 1$ it is `tg.conv2d`. How large is
# the spread kernel? The answer is neither $(k + 1) d$ nor $k d$.

# %% nbgrader={"grade_id": "dilated-answer", "solution": true}
def dilated_conv2d(x, w, dilation=1, stride=1, padding=0):
    """A convolution with a kernel whose weights are `dilation` pixels apart (`conv`).

    x (n, h, w, c), w (kh, kw, c, o) -> (n, h', w', o), h' = (h + 2 padding - dilation (kh - 1) - 1) // stride + 1.
    """
    ### BEGIN SOLUTION
    kh, kw, c, o = w.shape
    holes = (0, dilation - 1)
    spread = tg.pad(w.reshape((kh, 1, kw, 1, c, o)), ((0, 0), holes, (0, 0), holes, (0, 0), (0, 0)))
    spread = spread.reshape((kh * dilation, kw * dilation, c, o))
    return tg.conv2d(x, spread[:dilation * (kh - 1) + 1, :dilation * (kw - 1) + 1], stride, padding)
    ### END SOLUTION


# %% nbgrader={"grade_id": "dilated", "grade": true, "points": 6}
def check_dilated(f, case):
    """The value, window by window; without holes it is `conv2d`; both derivatives in x and in w."""
    options = dict(dilation=case.dilation, stride=case.stride, padding=case.padding)
    x, w = case.normal(), case.normal(case.kernel)
    frame = np.pad(x, ((0, 0), (case.padding,) * 2, (case.padding,) * 2, (0, 0)))
    reach = [case.dilation * (k - 1) + 1 for k in w.shape[:2]]
    windows = sliding_window_view(frame, reach, (1, 2))[:, ::case.stride, ::case.stride, ..., ::case.dilation,
                                                        ::case.dilation]
    case.value(f, x, w, expected=np.einsum("nijcab,abco->nijo", windows, w), slug="conv", **options)
    for far_x, far_w in ((1e12, 0), (0, 1e12)):
        case.gradients(f, np.float64(x) + far_x, np.float64(w) + far_w, slug="conv", **options)
    case.derivatives(f, x, w, slug="conv", **options)
    options["dilation"] = 1
    case.value(f, x, w, expected=tg.conv2d(x, w, case.stride, case.padding), slug="conv", **options)


public(check_dilated, dilated_conv2d, dict(shape=(2, 5, 6, 2), kernel=(2, 2, 2, 3), dilation=2, stride=1, padding=0),
       dict(shape=(1, 4, 4, 1), kernel=(3, 3, 1, 1), dilation=2, stride=1, padding=2))
### BEGIN HIDDEN TESTS
hidden(check_dilated, dilated_conv2d,
       dict(shape=(1, 7, 6, 1), kernel=(3, 2, 1, 2), dilation=3, stride=2, padding=1),
       dict(shape=(2, 5, 4, 3), kernel=(1, 3, 3, 2), dilation=2, stride=3, padding=2),
       dict(shape=(2, 6, 7, 2), kernel=(2, 3, 2, 2), dilation=2, stride=2, padding=0, dtype="float32"))
### END HIDDEN TESTS

# %% [markdown]
# ## 2. The largest of each window (5 points, 30 minutes)
#
# $$ y_{n i j c} = \max_{0 \le a, b < k} x_{n,\; s i + a,\; s j + b,\; c} $$
#
# without padding. Windows overlap if the stride $s$ is smaller than $k$, and leave gaps if it is larger. The last rows
# and columns are not used if no window fits there. The gradient goes only to the largest pixel of each window
# (`chain-rule`); a pixel that is the largest in two windows gets both gradients.
#
# *A good answer* needs no rule of its own: $k^2$ slices of the image, each a view of all windows at once, and a maximum
# over the slices. Do not introduce zeros: all pixels can be negative.

# %% nbgrader={"grade_id": "max-pool-answer", "solution": true}
def max_pool2d(x, size, stride):
    """The largest pixel of each window of size by size, channel by channel, every `stride` pixels.

    x (n, h, w, c) -> (n, h', w', c), h' = (h - size) // stride + 1.
    """
    ### BEGIN SOLUTION
    height, width = [stride * ((n - size) // stride) + 1 for n in x.shape[1:3]]
    views = [x[:, a:a + height:stride, b:b + width:stride] for a in range(size) for b in range(size)]
    return tg.max(tg.stack(views), axis=0)
    ### END SOLUTION


# %% nbgrader={"grade_id": "max-pool", "grade": true, "points": 5}
def check_max_pool(f, case):
    """The largest of each window, also of negative pixels; both derivatives."""
    x = case.rng.permutation(np.prod(case.shape)).reshape(case.shape).astype(case.dtype) / 10  # no two are equal
    windows = sliding_window_view(x, (case.size, case.size), (1, 2))[:, ::case.stride, ::case.stride]
    largest = windows.max((-2, -1))
    case.value(f, x, expected=largest, slug="chain-rule", size=case.size, stride=case.stride)
    case.value(f, x - 1000, expected=largest - 1000, slug="chain-rule", size=case.size, stride=case.stride)
    case.gradients(f, np.float64(x) * 100 - 1e12, slug="chain-rule", size=case.size, stride=case.stride)
    case.derivatives(f, x, slug="chain-rule", size=case.size, stride=case.stride)


public(check_max_pool, max_pool2d, dict(shape=(2, 4, 6, 2), size=2, stride=2),
       dict(shape=(1, 5, 5, 1), size=3, stride=1))
### BEGIN HIDDEN TESTS
hidden(check_max_pool, max_pool2d, dict(shape=(1, 7, 5, 2), size=3, stride=2),
       dict(shape=(2, 8, 6, 1), size=2, stride=3), dict(shape=(1, 3, 4, 3), size=1, stride=2),
       dict(shape=(2, 6, 5, 2), size=4, stride=1, dtype="float32"))
### END HIDDEN TESTS

# %% [markdown]
# ## 3. The mean of each window (5 points, 30 minutes)
#
# The library halves images by (`average-pool`). Write the general operation, with a window of $k \times k$, a stride
# $s$ and a padding of $p < k$ pixels. What is the mean of a window that extends over the edge? A mean over $k^2$ pixels
# that includes the zeros of the padding makes the borders of every image too dark. So take the mean only over the
# pixels inside the image, the set $P_{ij}$:
#
# $$ y_{n i j c} = \frac{1}{|P_{ij}|} \sum_{(u, v) \in P_{ij}} x_{n u v c}, \qquad
#    P_{ij} = \{ (u, v) \text{ in the image} : 0 \le u - s i + p < k,\; 0 \le v - s j + p < k \} $$
#
# *A good answer* keeps a constant image constant, up to the edges, and a float32 image in float32. With $k = s = 2$ and
# $p = 0$ it is the library's `average_pool`.

# %% nbgrader={"grade_id": "mean-pool-answer", "solution": true}
def mean_pool2d(x, size, stride, padding=0):
    """The mean of the pixels of each window that lie in the image, channel by channel (`average-pool`).

    x (n, h, w, c) -> (n, h', w', c), h' = (h + 2 padding - size) // stride + 1; padding < size.
    """
    ### BEGIN SOLUTION
    frame = ((0, 0), (padding, padding), (padding, padding), (0, 0))
    there = np.pad(np.ones((1, *x.shape[1:3], 1), x.dtype), frame)
    x = tg.pad(x, frame)
    height, width = [stride * ((n - size) // stride) + 1 for n in x.shape[1:3]]
    places = [np.s_[:, a:a + height:stride, b:b + width:stride] for a in range(size) for b in range(size)]
    return sum(x[place] for place in places) / sum(there[place] for place in places)
    ### END SOLUTION


# %% nbgrader={"grade_id": "mean-pool", "grade": true, "points": 5}
def check_mean_pool(f, case):
    """The mean of each window over the pixels that are there; a constant stays constant; both derivatives."""
    options = dict(size=case.size, stride=case.stride, padding=case.padding)
    x = case.normal()
    x[:, 0] = 0
    frame = np.pad(x, ((0, 0), (case.padding,) * 2, (case.padding,) * 2, (0, 0)), constant_values=np.nan)
    windows = sliding_window_view(frame, (case.size, case.size), (1, 2))[:, ::case.stride, ::case.stride]
    y = case.value(f, x, expected=np.nanmean(windows, (-2, -1)), slug="average-pool", **options)
    case.close(case.call(f, 0 * x + 1, **options), np.ones_like(y), "the means of a constant image", "average-pool")
    case.gradients(f, np.float64(x) + 1e12, slug="average-pool", **options)
    case.derivatives(f, x, slug="average-pool", **options)


public(check_mean_pool, mean_pool2d, dict(shape=(2, 4, 6, 2), size=2, stride=2, padding=0),
       dict(shape=(1, 5, 4, 1), size=3, stride=1, padding=1))
### BEGIN HIDDEN TESTS
hidden(check_mean_pool, mean_pool2d, dict(shape=(1, 7, 5, 2), size=3, stride=2, padding=2),
       dict(shape=(2, 6, 7, 1), size=2, stride=3, padding=1), dict(shape=(1, 3, 2, 3), size=1, stride=1, padding=0),
       dict(shape=(2, 5, 6, 2), size=4, stride=1, padding=2, dtype="float32"))
### END HIDDEN TESTS

# %% [markdown]
# ## 4. Channels become pixels (4 points, 20 minutes)
#
# A generator can enlarge an image by copying pixels (`upsample`) or by a transposed convolution (`conv-transpose`).
# There is a third way: compute $r^2$ times as many channels at the small size, then arrange the $r^2$ values of a pixel
# as a block:
#
# $$ y_{n,\; r i + a,\; r j + b,\; c} = x_{n,\, i,\, j,\; c r^2 + a r + b}, \qquad 0 \le a, b < r $$
#
# There is no arithmetic: it is a permutation, so its adjoint is its inverse, and it restores the same numbers.
#
# *A good answer* is one `reshape`, one `transpose`, one `reshape`. Write down the names of the six axes before you
# transpose; an image that is not square and has more than one channel shows every mistake.

# %% nbgrader={"grade_id": "shuffle-answer", "solution": true}
def pixel_shuffle(x, factor):
    """Blocks of factor by factor pixels, made of channels: (n, h, w, c factor^2) -> (n, h factor, w factor, c)."""
    ### BEGIN SOLUTION
    n, h, w, channels = x.shape
    c = channels // factor**2
    blocks = x.reshape((n, h, w, c, factor, factor)).transpose((0, 1, 4, 2, 5, 3))
    return blocks.reshape((n, h * factor, w * factor, c))
    ### END SOLUTION


# %% nbgrader={"grade_id": "shuffle", "grade": true, "points": 4}
def check_shuffle(f, case):
    """Each place of the blocks holds its channels; no number is lost; both derivatives."""
    x, r = case.normal(), case.factor
    n, h, w, channels = x.shape
    y = case.call(f, x, factor=r)
    case.close(y.shape, (n, h * r, w * r, channels // r**2), "the shape", "upsample")
    case.close(np.sort(y, None), np.sort(x, None), "the numbers in y, sorted, against those in x", "upsample")
    for a in range(r):
        for b in range(r):
            case.close(y[:, a::r, b::r], x[..., a * r + b::r**2], f"the pixels in row {a}, column {b} of their blocks",
                       "upsample")
    case.gradients(f, np.float64(x) + 1e12, slug="upsample", factor=r)
    case.derivatives(f, x, slug="upsample", factor=r)


public(check_shuffle, pixel_shuffle, dict(shape=(2, 3, 2, 8), factor=2))
### BEGIN HIDDEN TESTS
hidden(check_shuffle, pixel_shuffle, dict(shape=(1, 1, 4, 18), factor=3), dict(shape=(3, 2, 3, 4), factor=2),
       dict(shape=(2, 3, 2, 3), factor=1), dict(shape=(1, 2, 3, 16), factor=4, dtype="float32"))
### END HIDDEN TESTS
