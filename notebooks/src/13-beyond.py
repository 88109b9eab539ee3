# %% [markdown]
# # 13 Beyond one machine: a notebook to step through
#
# It follows [lecture 13](../lectures/13-beyond.md). Threads of this notebook take the role of machines: for the library
# they are the same as the ranks of MPI. In each part, **predict** (write your answer in place of `None`), **run** the
# next cell and open its output, then **change** the value that the text names.

# %%
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan import game, nn
from tinygan.distributed.group import SINGLE_PROCESS, ProcessGroup, using_group
from tinygan.notebook import D_BLUE, DATA, FAKE, check, compare, mark, slider, style
from tinygan.ops import normalise
from tinygan.ops.normalise import all_reduce, moments
from tinygan.zoo import RECIPES
from tinygan.zoo.settings import change

style()
ONE, MANY, WRONG = D_BLUE, DATA, FAKE

# %% [markdown]
# ## Ranks as threads
#
# Ranks need only a shared board: every rank writes, waits, reads, and waits again. Four ranks add the vectors $(1,
# 10^r)$, where $r$ is the number of the rank. **Predict** the sum that each rank holds.

# %%
my_sum = None                                                   # two numbers

# %%
class Board:
    """A communicator, as in mpi4py: one rank of `size`."""

    def __init__(self, rank, notes, barrier):
        self.rank, self.notes, self.barrier = rank, notes, barrier

    def Get_rank(self):  # noqa: N802
        return self.rank

    def Get_size(self):  # noqa: N802
        return len(self.notes)

    def Allreduce(self, send, total):  # noqa: N802
        self.notes[self.rank] = send.copy()
        self.barrier.wait()
        total[...] = sum(self.notes)                            # the same order on all: the same sum, to the bit
        self.barrier.wait()


def on(size, f):
    """Runs f(ranks) on so many threads at once; returns their results."""
    notes, barrier = [None] * size, threading.Barrier(size, timeout=60)
    with ThreadPoolExecutor(size) as pool:
        return list(pool.map(lambda rank: f(ProcessGroup(Board(rank, notes, barrier))), range(size)))


# %% tags=["hide-output"]
held = on(4, lambda ranks: ranks.sum(np.array([1.0, 10.0**ranks.rank])))
compare("each rank holds", my_sum, held[0])
check("every rank holds the sum", all(np.array_equal(a, [4, 1111]) for a in held), held)

# %% [markdown]
# Without the second wait a fast rank would write its next value while a slow rank still reads the last one. **Change**
# the number of ranks, 4, to 7.
#
# In practice a rank does not send its whole array to all others. Here is the ring of the lecture, with four ranks and
# four chunks each: in every move each rank sends one chunk to its right. **Predict** the number of moves until every
# rank has the sum of all chunks.

# %%
my_moves = None                                                 # a number

# %%
def ring(p):
    """For each move, which ranks' parts are in the chunks of each rank: a list of holds[rank][chunk]."""
    holds = [[{rank} for _ in range(p)] for rank in range(p)]
    seen = [holds]
    for move in range(2 * (p - 1)):
        after = [[set(c) for c in row] for row in holds]
        for rank in range(p):
            chunk, right = (rank - move) % p, (rank + 1) % p
            after[right][chunk] = holds[rank][chunk] | (holds[right][chunk] if move < p - 1 else set())
        holds = after
        seen.append(holds)
    return seen


def complete(holds):
    return all(len(chunk) == len(holds) for row in holds for chunk in row)


# %% tags=["hide-input"]
# Draws the chunks of each rank, move by move.
def draw_ring(seen):
    p = len(seen[0])
    _, panels = plt.subplots(1, len(seen), figsize=(11, 2.1))
    for move, (panel, holds) in enumerate(zip(panels, seen)):
        panel.imshow([[len(c) for c in row] for row in holds], cmap="Greens", vmin=0, vmax=p + 1)
        for (i, j), parts in np.ndenumerate(np.array(holds, object)):
            panel.text(j, i, "all" if len(parts) == p else "".join(map(str, sorted(parts))), ha="center", va="center",
                       fontsize=8)
        panel.set(xticks=[], yticks=range(p) if move == 0 else [], title="start" if move == 0 else f"move {move}")
        panel.spines[:].set_visible(False)
    panels[0].set_ylabel("rank")


# %% tags=["hide-output"]
# picture: 13-ring.png
seen = ring(4)
compare("moves", my_moves, next(move for move, holds in enumerate(seen) if complete(holds)))
draw_ring(seen)
check("after 2 (p - 1) moves every chunk is complete, and not before", complete(seen[-1]) and not complete(seen[-2]))

# %% [markdown]
# For every $p$ there are $2 (p - 1)$ moves of a $p$-th of the array each. After $p - 1$ of them each rank has one
# complete chunk. **Change** the number of ranks: how much does one rank send in all, in units of the array?

# %%
draw_ring(ring(3))

# %% [markdown]
# ## The all-reduce is its own adjoint
#
# `all_reduce` is the all-reduce (`all-reduce`) as an operation with a derivative. Each rank has the vector $x_r$ and
# computes $\langle u_r, \sum_s x_s \rangle$. Here are the four numbers of each $u_r$. **Predict** the first number of
# the derivative on rank 2.

# %%
my_derivative = None                                            # a number

# %%
rng = np.random.default_rng(0)
x, u = rng.normal(size=(2, 3, 4))


def slope(ranks):
    mine = tg.Tensor(x[ranks.rank], requires_grad=True)
    with using_group(ranks):
        return tg.grad(tg.sum(u[ranks.rank] * all_reduce(mine)), [mine])[0].numpy()


print(u)

# %% tags=["hide-output"]
slopes = on(3, slope)
compare("first number of the derivative on rank 2", my_derivative, slopes[2][0])
print(slopes[2], "is the sum of all u, not u_2 =", u[2])
check("on each rank the derivative is the sum of all u", all(np.allclose(s, u.sum(axis=0)) for s in slopes))

# %% [markdown]
# **Change** the computation on rank 0: multiply by 0 there (`u[0] = 0`), and run both cells again. On which ranks does
# the derivative change?
#
# ## The same game on any number of ranks
#
# A small GAN on the ring with a batch of 13, which no number of ranks divides. Each rank weights the value of its slice
# before `grad` and all-reduces the one long vector after it (`gradient-average`). **Predict** the power of ten of the
# largest difference of a parameter between 3 ranks and one process, after 30 steps in double precision.

# %%
my_power_of_ten = None                                          # such as -3 for 0.001

# %%
def played(recipe, ranks, steps, batch, dtype="float64", watch=None, **settings):
    match = replace(change(RECIPES[recipe], settings).start(0, batch, dtype), group=ranks)
    return game.train(match, steps, [watch] if watch else [])


def apart(size, steps=30, batch=13):
    """The largest difference of a parameter between so many ranks and one process."""
    alone = played("ring", SINGLE_PROCESS, steps, batch, width=32).generator.theta
    ends = [match.generator.theta for match in on(size, lambda ranks: played("ring", ranks, steps, batch, width=32))]
    check("all ranks have the same parameters, bit for bit", all(np.array_equal(end, ends[0]) for end in ends))
    return abs(ends[0] - alone).max()


# %% tags=["hide-output"]
differences = {size: apart(size) for size in (1, 2, 3, 4)}
compare("power of ten on 3 ranks", my_power_of_ten, np.log10(max(differences[3], 1e-17)))
print(*(f"{size} ranks: {value:.1e} from one process" for size, value in differences.items()), sep="\n")
check("any number of ranks is within 1e-10 of one process", max(differences.values()) < 1e-10, differences)

# %% [markdown]
# **Change** the batch to 2, on 3 ranks: one rank has no example at all.

# %%
print(apart(3, batch=13))

# %% [markdown]
# Now the mistake of the lecture's exercise: gradients averaged with equal weights, on 3 ranks. **Predict** how many of
# the batches of 3 to 15 examples are still right.

# %%
my_right_batches = None                                         # 0 to 13

# %%
class Careless(ProcessGroup):
    def weighted_share(self, mean):
        return mean / self.size


def careless(batch, size=3):
    notes, barrier = [None] * size, threading.Barrier(size, timeout=60)
    with ThreadPoolExecutor(size) as pool:
        [end, *_] = pool.map(lambda rank: played("ring", Careless(Board(rank, notes, barrier)), 5, batch, width=32),
                             range(size))
    return abs(end.generator.theta - played("ring", SINGLE_PROCESS, 5, batch, width=32).generator.theta).max()


# %% tags=["hide-input"]
# Draws the difference for each size of the batch.
def draw_errors(batches, errors):
    plt.figure(figsize=(6, 2.2))
    plt.bar(batches, np.maximum(errors, 1e-17), color=[ONE if error < 1e-12 else WRONG for error in errors])
    plt.yscale("log")
    plt.xlabel("examples in a batch, on 3 ranks")
    plt.ylabel("difference")


# %% tags=["hide-output"]
batches = range(3, 16)
errors = [careless(batch) for batch in batches]
compare("batches that are still right", my_right_batches, sum(error < 1e-12 for error in errors))
draw_errors(batches, errors)
check("equal weights are right only for batches that 3 divides",
      all((error < 1e-12) == (batch % 3 == 0) for batch, error in zip(batches, errors)))

# %% [markdown]
# **Change** the number of ranks to 2. Which batches are right now?

# %%
print({batch: float(careless(batch, size=3)) for batch in (4, 5, 6)})

# %% [markdown]
# ## Batch normalisation over ranks
#
# The layers of a DCGAN take mean and variance over the batch: pooled over the ranks (`pooled-moments`), or for each
# rank alone. We also compare single and double precision. **Predict** which of the three runs is furthest from one
# process after the first step: pooled in double precision (1), pooled in single precision (2), each slice alone in
# double precision (3).

# %%
my_furthest = None                                              # 1, 2 or 3

# %%
def path(ranks, dtype, steps=30):
    seen = []
    played("digits", ranks, steps, 12, dtype, lambda match: seen.append(match.generator.theta.copy()), width=4)
    return np.array(seen)


def difference(dtype):
    return abs(on(3, lambda ranks: path(ranks, dtype))[0] - path(SINGLE_PROCESS, dtype)).max(axis=1)


# %% tags=["hide-input"]
# Draws the largest difference from one process, step by step.
def draw_differences(double, single, local):
    plt.figure(figsize=(7, 3))
    for values, colour, name in ((local, WRONG, "moments of each slice, double"),
                                 (single, ONE, "pooled, single precision"), (double, MANY, "pooled, double precision")):
        plt.plot(np.arange(1, len(values) + 1), values, color=colour, label=name)
    plt.yscale("log")
    plt.xlabel("step")
    plt.ylabel("3 ranks against 1")
    plt.legend()


# %% tags=["hide-output"]
# picture: 13-rounding.png
double, single = difference("float64"), difference("float32")
pooled, normalise._pooled = normalise._pooled, lambda moments: moments  # each rank uses its own moments
local = difference("float64")
normalise._pooled = pooled
compare("furthest after the first step", my_furthest, np.argmax([double[0], single[0], local[0]]) + 1)
draw_differences(double, single, local)
check("after one step: double below 1e-11, single above 1e-9, slices above both",
      double[0] < 1e-11 < 1e-9 < single[0] < local[0], (double[0], single[0], local[0]))
check("after 30 steps double precision is below 1e-7", double[-1] < 1e-7, double[-1])

# %% [markdown]
# Moments of slices give a different network from the first step on. With pooled moments only rounding differs. In
# single precision rounding is as large as Adam's $\epsilon$, so a gradient of 0 becomes a step of full length, and the
# runs separate like two seeds. **Change** the number of ranks in `difference`, 3, to 2: does the green curve move?
#
# Twelve numbers lie on three ranks. **Predict**: is the mean of the three variances too small, right, or too large?

# %%
my_mean_of_variances = None                                     # "too small", "right" or "too large"

# %%
batch = 2 * rng.normal(size=(12, 1)) + 5
shares = [batch[:4], batch[4:8], batch[8:]]


def both_ways(ranks):
    ranks.divide(12)
    with using_group(ranks):
        return moments(ranks.shard(batch))[1], ranks.mean(ranks.shard(batch).var(0))


# %% tags=["hide-output"]
right, forgetful = on(3, both_ways)[0]
between = np.var([s.mean() for s in shares])
ratio = forgetful[0] / batch.var()
compare("the mean of the variances is", my_mean_of_variances,
        "too small" if ratio < 1 - 1e-9 else "right" if ratio < 1 + 1e-9 else "too large")
print(f"variance {batch.var():.4f}, pooled {right[0]:.4f}, mean of variances {forgetful[0]:.4f}, between {between:.4f}")
check("the pooled variance is that of the batch", np.isclose(right[0], batch.var()))
check("the mean of the variances lacks the variance between the slices",
      np.isclose(forgetful[0] + between, batch.var()))

# %% [markdown]
# **Change** the batch: sort it (`batch = np.sort(batch, 0)`) before it is divided. Which of the numbers change?
#
# Now the backward pass: we need the derivative of a sum over ranks with respect to one rank's examples. All ranks
# together must get the same result as one process, and R1 also needs the derivative of that derivative.

# %%
def derivatives(x):
    x = tg.Tensor(x, requires_grad=True)
    network = nn.BatchNorm(1).astype(np.float64)
    [first] = tg.grad(tg.sum(network(x) ** 3), [x], create_graph=True)
    return first.numpy(), tg.grad(tg.sum(first * first), [x])[0].numpy()


def on_slices(ranks):
    ranks.divide(12)
    with using_group(ranks):
        return derivatives(ranks.shard(batch))


for order, (whole, *parts) in enumerate(zip(derivatives(batch), *on(3, on_slices)), 1):
    print(f"derivative {order}: {abs(np.concatenate(parts) - whole).max():.1e} apart")
    check(f"derivative {order} is the same on three ranks and on one",
          np.allclose(np.concatenate(parts), whole, rtol=1e-8, atol=1e-10))

# %% [markdown]
# ## The limits of more ranks
#
# The lecture's model of a step of the digits' DCGAN, with numbers that were measured on one core: 4 ms for every slice,
# 1.1 ms for an example in the game, 1 us for a drawn example; two long messages and eighteen short ones. **Predict**
# for a batch of 1,024 and a latency of 20 us: up to how many ranks is the speed at least half of the ideal?

# %%
my_ranks = None                                                 # a power of 2, up to 1,024

# %%
def all_reduce_time(p, size, alpha, beta):
    return 2 * np.ceil(np.log2(p)) * alpha + 2 * (p - 1) / p * size * beta


MESSAGES = [936_708, 146_308, *[512] * 18]


def step_time(p, batch, alpha, beta, a=4e-3, c=1.1e-3, d=1e-6, messages=MESSAGES):
    return a + c * batch / p + d * batch * (1 - 1 / p) + sum(all_reduce_time(p, n, alpha, beta) for n in messages)


counts = 2 ** np.arange(11)


def half_ideal(alpha, beta=1e-10, **changes):
    """The largest number of ranks whose speed is at least half of the ideal."""
    times = np.array([step_time(p, 1024, alpha, beta, **changes) for p in counts])
    return counts[times[0] / times >= counts / 2].max()


# %% tags=["hide-input"]
# Draws the speed-up for one batch on all ranks, and the efficiency with 64 examples on each rank.
def draw_limits(latency_us=20.0, beta=1e-10):
    _, (left, right) = plt.subplots(1, 2, figsize=(9, 3))
    for alpha, line in ((2e-6, ":"), (latency_us * 1e-6, "-"), (2e-4, "--")):
        times = np.array([step_time(p, 1024, alpha, beta) for p in counts])
        weak = np.array([step_time(p, 64 * p, alpha, beta) for p in counts])
        left.plot(counts, times[0] / times, line, color=ONE, label=f"latency {1e6 * alpha:.0f} us")
        right.plot(counts, weak[0] / weak, line, color=ONE)
    left.plot(counts, counts, color="#c0c0c0", linewidth=0.8)
    mark(left, x=my_ranks)
    left.set(xscale="log", yscale="log", xlabel="ranks", title="a batch of 1,024: times as fast", ylim=(0.8, 1100))
    left.legend()
    right.set(xscale="log", xlabel="ranks", title="64 examples a rank: efficiency", ylim=(0, 1.05))


# %% tags=["hide-output"]
compare("ranks with at least half of the ideal speed", my_ranks, half_ideal(2e-5))
print({f"{1e6 * alpha:.0f} us": int(half_ideal(alpha)) for alpha in (2e-6, 2e-5, 2e-4)})
draw_limits()
check("the messages are short: a hundred times the bandwidth changes the number of ranks by a factor of 2 at most",
      half_ideal(2e-5, 1e-12) <= 2 * half_ideal(2e-5))

# %% [markdown]
# The messages are short, so latency decides, and bandwidth hardly matters. **Change** the latency with the slider. Then
# call `half_ideal(2e-5, d=0)`, as if each rank drew its own slice only.

# %%
slider(draw_limits, latency_us=(2.0, 200.0, 2.0))

# %% [markdown]
# ## Export to other libraries
#
# Two libraries can share the same memory. Here is our tensor of another library's array, and that library's view of it.
# Then the other library writes 7 into its first element. **Predict** the first element of our tensor.

# %%
my_element = None                                               # a number

# %% tags=["hide-output"]
theirs = np.arange(6.0).reshape(2, 3)
ours = tg.Tensor(theirs)
again = np.from_dlpack(ours.data)
theirs[0, 0] = 7
compare("our first element", my_element, ours.data[0, 0])
check("all three names show the same memory", ours.data[0, 0] == again[0, 0] == 7)

# %% [markdown]
# **Change** `tg.Tensor(theirs)` to `tg.Tensor(theirs.copy())`.
#
# If weights are *copied*, layouts matter. A dense layer reads a flattened image. PyTorch flattens it with the channels
# first. **Predict** the correlation of its output with ours if it gets our weights in their old order.

# %%
my_correlation = None                                           # -1 to 1

# %%
images, dense = rng.normal(size=(5, 4, 4, 3)), nn.Dense(48, 1, rng=rng).astype(np.float64)
expected = dense(tg.Tensor(images.reshape(5, -1))).numpy()
theirs = images.transpose(0, 3, 1, 2).reshape(5, -1)
weight = dense.weight.data
forgotten = theirs @ weight
right = theirs @ weight.reshape(4, 4, 3, 1).transpose(2, 0, 1, 3).reshape(48, 1)

# %% tags=["hide-output"]
compare("correlation with the old order", my_correlation, np.corrcoef(expected[:, 0], forgotten[:, 0])[0, 1])
plt.figure(figsize=(4, 2.6))
plt.plot(expected, right, "o", color=MANY, label="rows in the new order")
plt.plot(expected, forgotten, "s", color=WRONG, label="rows as they were")
plt.axline((0, 0), slope=1, color="#c0c0c0", linewidth=0.8)
plt.xlabel("tinygan")
plt.ylabel("elsewhere")
plt.legend()
check("with reordered rows the outputs agree", np.allclose(expected, right))
check("without they do not", not np.allclose(expected, forgotten))

# %% [markdown]
# **Change** the number of channels of the images from 3 to 1 (and 48 to 16, and the shape): why is the order right now?
#
# This is the end of the course. On a real machine, run `mpiexec -n 4 tinygan train digits --mpi`, and `tinygan export
# runs/digits --to safetensors`.
