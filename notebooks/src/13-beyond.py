# %% [markdown]
# # 13 Beyond one machine: a notebook to step through
#
# It follows [lecture 13](../lectures/13-beyond.md): **predict**, **run**, **look**, **change**. Threads of this
# notebook take the role of machines: for the library they are the same as the ranks of MPI.

# %%
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan import game, nn
from tinygan.distributed.group import SINGLE_PROCESS, ProcessGroup, using_group
from tinygan.ops import normalise
from tinygan.ops.normalise import all_reduce, moments
from tinygan.zoo import RECIPES
from tinygan.zoo.settings import change

ONE, MANY, WRONG = "#2e6f95", "#3a7d44", "#d1495b"
plt.rcParams.update({"figure.dpi": 95, "axes.spines.top": False, "axes.spines.right": False,
                     "figure.constrained_layout.use": True})

# %% [markdown]
# ## Ranks as threads
#
# Ranks need only a shared board: every rank writes, waits, reads, and waits again. **Predict** the error without the
# second wait.

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


held = on(4, lambda ranks: ranks.sum(np.array([1.0, 10.0**ranks.rank])))
print(*held, sep="\n")
assert all(np.array_equal(a, [4, 1111]) for a in held)

# %% [markdown]
# Without it a fast rank would write its next value while a slow rank still reads the last one.
#
# But in practice a rank does not send its whole array to all others. Here is the ring of the lecture, with four ranks
# and four chunks each: a cell shows which ranks' parts are in a chunk. **Predict** the number of messages that every
# rank sends, and their size.

# %%
# picture: 13-ring.png
p = 4
holds = [[{rank} for _ in range(p)] for rank in range(p)]       # holds[rank][chunk]: the ranks in this sum
pictures = [[[set(c) for c in row] for row in holds]]
for move in range(2 * (p - 1)):
    sent = [(rank, (rank - move) % p) for rank in range(p)]     # each rank sends to its right
    parcels = [(rank, chunk, set(holds[rank][chunk])) for rank, chunk in sent]
    for rank, chunk, parts in parcels:
        holds[(rank + 1) % p][chunk] = parts | (holds[(rank + 1) % p][chunk] if move < p - 1 else set())
    pictures.append([[set(c) for c in row] for row in holds])
figure, panels = plt.subplots(1, len(pictures), figsize=(11, 2.1))
for move, (panel, picture) in enumerate(zip(panels, pictures)):
    panel.imshow([[len(c) for c in row] for row in picture], cmap="Greens", vmin=0, vmax=5)
    for (i, j), parts in np.ndenumerate(np.array(picture, object)):
        panel.text(j, i, "all" if len(parts) == p else "".join(map(str, sorted(parts))), ha="center", va="center",
                   fontsize=8)
    panel.set(xticks=[], yticks=range(p) if move == 0 else [], title="start" if move == 0 else f"move {move}")
    panel.spines[:].set_visible(False)
panels[0].set_ylabel("rank")
assert all(len(c) == p for row in holds for c in row)

# %% [markdown]
# For every $p$ there are $2 (p - 1)$ moves of a $p$-th of the array each. After $p - 1$ of them each rank has one
# complete chunk. **Change** `p` to 8.
#
# ## The all-reduce is its own adjoint
#
# `all_reduce` is the all-reduce (`all-reduce`) as an operation with a derivative. Each rank has the vector $x_r$ and
# computes $\langle u_r, \sum_s x_s \rangle$. **Predict** the derivative on rank 2.

# %%
rng = np.random.default_rng(0)
x, u = rng.normal(size=(2, 3, 4))


def slope(ranks):
    mine = tg.Tensor(x[ranks.rank], requires_grad=True)
    with using_group(ranks):
        return tg.grad(tg.sum(u[ranks.rank] * all_reduce(mine)), [mine])[0].numpy()


slopes = on(3, slope)
assert all(np.allclose(s, u.sum(axis=0)) for s in slopes)
print(slopes[2], "is the sum of all u, not u_2 =", u[2])

# %% [markdown]
# ## The same game on any number of ranks
#
# A small GAN on the ring with a batch of 13, which no number of ranks divides. Each rank weights the value of its slice
# before `grad` and all-reduces the one long vector after it (`gradient-average`). **Predict** the largest difference
# between any parameter after 30 steps, in double precision.

# %%
def played(recipe, ranks, steps, batch, dtype="float64", watch=None, **settings):
    match = replace(change(RECIPES[recipe], settings).start(0, batch, dtype), group=ranks)
    return game.train(match, steps, [watch] if watch else [])


alone = played("ring", SINGLE_PROCESS, 30, 13, width=32)
for size in (1, 2, 3, 4):
    ends = [match.generator.theta for match in on(size, lambda ranks: played("ring", ranks, 30, 13, width=32))]
    assert all(np.array_equal(end, ends[0]) for end in ends)                # bit for bit between the ranks
    print(f"{size} ranks: {abs(ends[0] - alone.generator.theta).max():.1e} from one process")
    assert abs(ends[0] - alone.generator.theta).max() < 1e-10

# %% [markdown]
# Now the mistake of the lecture's exercise: gradients averaged with equal weights. **Predict** the change on 2 ranks,
# and the batches for which nothing changes.

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


batches = range(3, 16)
errors = [careless(batch) for batch in batches]
plt.figure(figsize=(6, 2.2))
plt.bar(batches, np.maximum(errors, 1e-17), color=[ONE if batch % 3 == 0 else WRONG for batch in batches])
plt.yscale("log")
plt.xlabel("examples in a batch, on 3 ranks")
plt.ylabel("difference")
assert all((error < 1e-12) == (batch % 3 == 0) for batch, error in zip(batches, errors))

# %% [markdown]
# ## Batch normalisation over ranks
#
# The layers of a DCGAN take mean and variance over the batch: pooled over the ranks (`pooled-moments`), or for each
# rank alone. We also compare single and double precision. **Predict** the order of the three curves, and which of them
# rise.

# %%
# picture: 13-rounding.png
def path(ranks, dtype, steps=30):
    seen = []
    played("digits", ranks, steps, 12, dtype, lambda match: seen.append(match.generator.theta.copy()), width=4)
    return np.array(seen)


def difference(dtype):
    return abs(on(3, lambda ranks: path(ranks, dtype))[0] - path(SINGLE_PROCESS, dtype)).max(axis=1)


double, single = difference("float64"), difference("float32")
pooled, normalise._pooled = normalise._pooled, lambda moments: moments  # each rank uses its own moments
local = difference("float64")
normalise._pooled = pooled
plt.figure(figsize=(7, 3))
for values, colour, name in ((local, WRONG, "moments of each slice, double"), (single, ONE, "pooled, single precision"),
                             (double, MANY, "pooled, double precision")):
    plt.plot(np.arange(1, 31), values, color=colour, label=name)
plt.yscale("log")
plt.xlabel("step")
plt.ylabel("3 ranks against 1")
plt.legend(fontsize=8)
assert double[0] < 1e-12 < 1e-9 < single[0] < local[0]
assert double[-1] < 1e-8

# %% [markdown]
# Moments of slices give a different network from the first step on. With pooled moments only rounding differs. In
# single precision rounding is as large as Adam's $\epsilon$, so a gradient of 0 becomes a step of full length, and the
# runs separate like two seeds.
#
# A plain mean of variances omits the variance *between* slices:

# %%
batch = 2 * rng.normal(size=(12, 1)) + 5
shares = [batch[:4], batch[4:8], batch[8:]]


def both_ways(ranks):
    ranks.divide(12)
    with using_group(ranks):
        return moments(ranks.shard(batch))[1], ranks.mean(ranks.shard(batch).var(0))


right, forgetful = on(3, both_ways)[0]
between = np.var([s.mean() for s in shares])
print(f"variance {batch.var():.4f}, pooled {right[0]:.4f}, mean of variances {forgetful[0]:.4f}, between {between:.4f}")
assert np.isclose(right[0], batch.var()) and np.isclose(forgetful[0] + between, batch.var())

# %% [markdown]
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
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-8, atol=1e-10)

# %% [markdown]
# ## The limits of more ranks
#
# The lecture's model of a step of the digits' DCGAN, with numbers that were measured on one core: 4 ms for every slice,
# 1.1 ms for an example in the game, 1 us for a drawn example; two long messages and eighteen short ones. **Predict**
# for a batch of 1,024: at how many ranks is half of the ideal speed lost? And with ten times the latency?

# %%
def all_reduce_time(p, size, alpha, beta):
    return 2 * np.ceil(np.log2(p)) * alpha + 2 * (p - 1) / p * size * beta


MESSAGES = [936_708, 146_308, *[512] * 18]


def step_time(p, batch, alpha, beta, a=4e-3, c=1.1e-3, d=1e-6, messages=MESSAGES):
    return a + c * batch / p + d * batch * (1 - 1 / p) + sum(all_reduce_time(p, n, alpha, beta) for n in messages)


counts = 2 ** np.arange(11)
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3))
for alpha, name in ((2e-6, "latency 2 us"), (2e-5, "20 us"), (2e-4, "200 us")):
    times = np.array([step_time(p, 1024, alpha, 1e-10) for p in counts])
    left.plot(counts, times[0] / times, label=name)
    weak = np.array([step_time(p, 64 * p, alpha, 1e-10) for p in counts])
    right.plot(counts, weak[0] / weak)
    half = counts[times[0] / times >= counts / 2].max()
    print(f"{name}: half of the ideal up to {half} ranks; 64 a rank on 1,024: {100 * weak[0] / weak[-1]:.0f} %")
left.plot(counts, counts, color="#c0c0c0", linewidth=0.8)
left.set(xscale="log", yscale="log", xlabel="ranks", title="a batch of 1,024: times as fast", ylim=(0.8, 1100))
left.legend(fontsize=8)
right.set(xscale="log", xlabel="ranks", title="64 examples a rank: efficiency", ylim=(0, 1.05));

# %% [markdown]
# The messages are short, so latency decides, and bandwidth hardly matters. **Change** $\beta$ to a hundred times as
# much and look for the difference. Then set `d=0`, as if each rank drew its own slice only.
#
# ## Export to other libraries
#
# Two libraries can share the same memory. Here is our tensor of another library's array, and that library's view of it:

# %%
theirs = np.arange(6.0).reshape(2, 3)
ours = tg.Tensor(theirs)
again = np.from_dlpack(ours.data)
theirs[0, 0] = 7
assert ours.data[0, 0] == again[0, 0] == 7

# %% [markdown]
# If weights are *copied*, layouts matter. A dense layer reads a flattened image. PyTorch flattens it with the channels
# first. **Predict** its output with our weights after a plain transposition.

# %%
images, dense = rng.normal(size=(5, 4, 4, 3)), nn.Dense(48, 1, rng=rng).astype(np.float64)
expected = dense(tg.Tensor(images.reshape(5, -1))).numpy()
theirs = images.transpose(0, 3, 1, 2).reshape(5, -1)
weight = dense.weight.data
forgotten = theirs @ weight
right = theirs @ weight.reshape(4, 4, 3, 1).transpose(2, 0, 1, 3).reshape(48, 1)
plt.figure(figsize=(4, 2.6))
plt.plot(expected, right, "o", color=MANY, label="rows in their order")
plt.plot(expected, forgotten, "o", color=WRONG, label="rows as they were")
plt.axline((0, 0), slope=1, color="#c0c0c0", linewidth=0.8)
plt.xlabel("tinygan")
plt.ylabel("elsewhere")
plt.legend(fontsize=8)
assert np.allclose(expected, right) and not np.allclose(expected, forgotten)

# %% [markdown]
# This is the end of the course. On a real machine, run `mpiexec -n 4 tinygan train digits --mpi`, and `tinygan export
# runs/digits --to safetensors`.
