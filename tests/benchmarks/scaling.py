"""Splits the time of a step over ranks, and finds how many ranks still help. A script, not a test.

    python tests/benchmarks/scaling.py --out lectures/figures/13-scaling.png    # needs mpi4py and an mpiexec

On 1 and 2 ranks it times steps of the ring (dense) and the digits (a DCGAN with batch normalisation), the
communication in them, and all-reduces of many sizes. The model of lecture 13 is fitted to these times: a step of p
ranks on a batch of B takes

    a + c B / p + d B + sum over its all-reduces, of n bytes each, of 2 ceil(log2 p) alpha + 2 (p - 1) / p n beta

with a the same on every slice, c for an example played and d for one drawn (each rank draws the whole batch). Times are
the best of all calls, of earlier runs with the same --keep too: noise can only make a time longer. What one
rank computes is timed by its own processor time, what two do by the clock.
"""
import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from math import ceil, log2
from pathlib import Path

import numpy as np

WORKLOADS = {"ring": 256, "digits": 64}  # and the batch that is timed
SIZES = [8 << 2 * i for i in range(11)]  # bytes, to 8 MiB
NETWORK = (2e-6, 1e-10)  # alpha in s, beta in s a byte: an ordinary cluster's, 2 us and 10 GB/s, an assumption


# --- on the ranks ---

def best(f, seconds, clock=time.perf_counter):
    """The shortest of many calls, in s; all ranks make the same number of calls."""
    f()
    start = time.perf_counter()
    f()
    calls = COMM.bcast(max(10, int(seconds / (time.perf_counter() - start))))
    times = []
    for _ in range(calls):
        start = clock()
        f()
        times.append(clock() - start)
    return min(times)


def measure(seconds):
    """Prints the measurements on this number of ranks, as JSON."""
    from tinygan import game
    from tinygan.distributed import mpi
    from tinygan.zoo import RECIPES
    ranks = mpi.world()
    found = {"allreduce": {}, "steps": {}}
    clock = time.perf_counter if ranks.size > 1 else time.process_time
    if ranks.size > 1:
        for size in SIZES:
            a = np.zeros(size // 8)
            found["allreduce"][size] = best(lambda: ranks.sum(a), seconds / 2)
    for name, batch in WORKLOADS.items():
        told = []

        def watched(a, told=told, add=ranks.sum):
            start = time.perf_counter()
            total = add(a)
            told.append((a.nbytes, time.perf_counter() - start))
            return total
        rows = []
        for n in ([batch] if ranks.size > 1 else [batch, batch // 2, batch // 4, batch // 8]):
            match = replace(RECIPES[name].start(0, n), group=ranks)
            rows.append([n, best(lambda: game.train(match, match.step + 1), seconds, clock)])
        draw = best(lambda: (match.data(batch, match.rng), match.noise(batch, match.rng)), seconds / 10, clock)
        ranks.sum = watched
        shares = []
        for _ in range(20):
            told.clear()
            start = time.perf_counter()
            game.train(match, match.step + 1)
            shares.append(sum(t for _, t in told) / (time.perf_counter() - start))
        del ranks.sum
        found["steps"][name] = {"rows": rows, "draw": draw / batch, "messages": [size for size, _ in told],
                                "share": float(min(shares))}
    if ranks.rank == 0:
        print(json.dumps(found))


def on(n, seconds):
    """`measure` on n ranks."""
    here = Path(__file__).resolve()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(here.parents[2])}
    done = subprocess.run(["mpiexec", "-n", str(n), sys.executable, here, "--measure", "--seconds", str(seconds)],
                          env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def least(first, *others):
    """The smaller number at each place."""
    if isinstance(first, dict):
        return {key: least(value, *[other[key] for other in others]) for key, value in first.items()}
    if isinstance(first, list):
        return [least(*values) for values in zip(first, *others, strict=True)]
    return min([first, *others])


# --- the model ---

def line(points):
    """(a, c) of t = a + c n for pairs (n, t), with the least relative errors; neither is negative."""
    n, t = np.array(points, float).T
    a, c = np.linalg.lstsq(np.stack([1 / t, n / t], axis=1), np.ones(len(t)), rcond=None)[0]
    return (max(a, 0.0), max(c, 0.0))


def all_reduce_time(p, size, alpha, beta):
    """Seconds for an array of `size` bytes on p ranks."""
    return 2 * ceil(log2(p)) * alpha + 2 * (p - 1) / p * size * beta


def step_time(p, batch, step, link):
    """The model: seconds of a step, and of its communication."""
    told = sum(all_reduce_time(p, size, *link) for size in step["messages"])
    return step["a"] + step["c"] * batch / p + step["draw"] * batch * (1 - 1 / p) + told, told


def fitted(one, two):
    """The link (alpha, beta), and for each workload the step's numbers."""
    beta_line = line([(int(size), t) for size, t in two["allreduce"].items()])
    link = (beta_line[0] / 2, beta_line[1])  # on two ranks an all-reduce takes 2 alpha + n beta
    steps = {}
    for name, step in one["steps"].items():
        a, c = line(step["rows"])
        steps[name] = {**step, "a": a, "c": c, "messages": two["steps"][name]["messages"]}
    return link, steps


def tell(one, two, link, steps):
    """The numbers, as text."""
    print(f"link: alpha {1e6 * link[0]:.1f} us, 1 / beta {1e-9 / link[1]:.2f} GB/s")
    for name, step in steps.items():
        batch, (_, alone), (_, both) = WORKLOADS[name], one["steps"][name]["rows"][0], two["steps"][name]["rows"][0]
        model, told = step_time(2, batch, step, link)
        messages = step["messages"]
        print(f"{name}, batch {batch}: {1e3 * alone:.2f} ms alone, {1e3 * both:.2f} ms on 2 ranks (model "
              f"{1e3 * model:.2f}); of it communication and waiting {100 * two['steps'][name]['share']:.0f} % (model, "
              f"communication alone: {100 * told / model:.0f} %), {len(messages)} all-reduces, {sum(messages)} bytes; "
              f"a {1e3 * step['a']:.2f} ms, c {1e6 * step['c']:.1f} us, d {1e6 * step['draw']:.2f} us")
        for label, where in (("this machine's link", link), ("a cluster's link", NETWORK)):
            for batch in (WORKLOADS[name], 1024):
                times = {p: step_time(p, batch, step, where)[0] for p in counts(batch)}
                fastest = min(times, key=times.get)
                half = max(p for p, t in times.items() if times[1] / t >= p / 2)
                print(f"    batch {batch}, {label}: fastest on {fastest} ranks, {times[1] / times[fastest]:.1f} times "
                      f"as fast as one; half of the ideal up to {half}")
            weak = {p: step_time(1, WORKLOADS[name], step, where)[0] / step_time(
                p, WORKLOADS[name] * p, step, where)[0] for p in counts(1024)}
            print(f"    {WORKLOADS[name]} a rank, {label}: efficiency {weak[64]:.2f} on 64, {weak[1024]:.2f} on 1,024")


def counts(most):
    return [2**i for i in range(int(log2(most)) + 1)]


def plot(two, link, steps, path):
    from matplotlib.figure import Figure
    figure = Figure(figsize=(11, 3.4), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    sizes = np.array(list(two["allreduce"]), float)
    left.plot(sizes, 1e6 * np.array(list(two["allreduce"].values())), "o", color="#1f77b4", label="measured, 2 ranks")
    left.plot(sizes, [1e6 * all_reduce_time(2, n, *link) for n in sizes], color="#808080", linewidth=1,
              label=r"$2 \alpha + n \beta$")
    left.set(xscale="log", yscale="log", xlabel="bytes", ylabel="microseconds", title="an all-reduce")
    left.legend(fontsize=8)
    colours = dict(zip(steps, ("#d55e00", "#0072b2")))
    for name, step in steps.items():
        for style, where in (("-", link), ("--", NETWORK)):
            times = [step_time(p, 1024, step, where)[0] for p in counts(1024)]
            middle.plot(counts(1024), times[0] / np.array(times), style, color=colours[name],
                        label=name if style == "-" else f"{name}, a cluster's link")
            slices = WORKLOADS[name]
            rate = [step_time(1, slices, step, where)[0] / step_time(p, slices * p, step, where)[0]
                    for p in counts(1024)]
            right.plot(counts(1024), rate, style, color=colours[name])
    middle.plot(counts(1024), counts(1024), color="#c0c0c0", linewidth=0.8, label="ideal")
    middle.set(xscale="log", yscale="log", xlabel="ranks", ylabel="times as fast as one", ylim=(0.3, 300),
               title="a batch of 1,024, divided")
    middle.legend(fontsize=8)
    right.axhline(1, color="#c0c0c0", linewidth=0.8)
    right.set(xscale="log", xlabel="ranks", ylabel="efficiency", ylim=(0, 1.08),
              title=f"{WORKLOADS['ring']} (ring), {WORKLOADS['digits']} (digits) a rank")
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=4.0, help="for each time that is taken")
    parser.add_argument("--keep", type=Path, help="a file of what was measured: read if there, else written")
    parser.add_argument("--out", type=Path, help="where to draw the picture")
    options = parser.parse_args()
    if options.measure:
        from mpi4py import MPI
        COMM = MPI.COMM_WORLD
        measure(options.seconds)
    else:
        kept = [json.loads(options.keep.read_text())] if options.keep and options.keep.exists() else []
        if options.seconds:
            kept.append([on(1, options.seconds), on(2, options.seconds)])
        one, two = least(*kept)
        if options.keep:
            options.keep.write_text(json.dumps([one, two]))
        link, steps = fitted(one, two)
        tell(one, two, link, steps)
        if options.out:
            plot(two, link, steps, options.out)
