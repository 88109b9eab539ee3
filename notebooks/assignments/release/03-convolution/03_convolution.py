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

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

import tinygan as tg
from tinygan.grading import public

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

# %% dilated-answer
def dilated_conv2d(x, w, dilation=1, stride=1, padding=0):
    """A convolution with a kernel whose weights are `dilation` pixels apart (`conv`).

    x (n, h, w, c), w (kh, kw, c, o) -> (n, h', w', o), h' = (h + 2 padding - dilation (kh - 1) - 1) // stride + 1.
    """
    raise NotImplementedError("your answer")
# %%

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

# %% max-pool-answer
def max_pool2d(x, size, stride):
    """The largest pixel of each window of size by size, channel by channel, every `stride` pixels.

    x (n, h, w, c) -> (n, h', w', c), h' = (h - size) // stride + 1.
    """
    raise NotImplementedError("your answer")
# %%

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

# %% mean-pool-answer
def mean_pool2d(x, size, stride, padding=0):
    """The mean of the pixels of each window that lie in the image, channel by channel (`average-pool`).

    x (n, h, w, c) -> (n, h', w', c), h' = (h + 2 padding - size) // stride + 1; padding < size.
    """
    raise NotImplementedError("your answer")
# %%

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

# %% shuffle-answer
def pixel_shuffle(x, factor):
    """Blocks of factor by factor pixels, made of channels: (n, h, w, c factor^2) -> (n, h factor, w factor, c)."""
    raise NotImplementedError("your answer")
# %%
