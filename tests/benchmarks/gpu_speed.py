"""The measurements of `gpu.py`: steps against PyTorch in turns, memory, launches and the longest kernels."""
import functools
import json
import statistics
import tempfile
import time
import warnings

import gpu_device
import numpy as np
from bench_limits import fewest_bytes, multiply_adds
from bench_workloads import Workload, repeated, tinygan_game, torch_run
from gpu_device import megabytes, milliseconds, missing, release

TURN = {"gpu": 0.1, "foreign": 0.0}  # seconds of steps in one turn
WORKLOADS = [("dcgan28", 0), ("dcgan64", 128), ("dense", 0), ("ring", 0), ("gp", 0), ("dcgan64", 0), ("chain", 0)]
GOALS = {"dense": 0.5, "ring": 0.5}  # of PyTorch eager, with the graph; 1 for the others
ROUNDS = {"gpu": 7, "foreign": 1}
NEVER = 1 << 40  # a number of steps that no game reaches


# --- the workloads against PyTorch in turns; memory ---

def speed(cupy, device, send):
    """Milliseconds of a step, the ratio to PyTorch eager of the same round, the floor, and the memory of each.

    The graphs come last: one that breaks the device costs no other measurement.
    """
    peaks, no_graph = _peaks(cupy, device, send), missing("nvmath")
    if no_graph:
        send("tinygan, graph", None, update=True, note=f"needs {no_graph}")
    parts = {}
    for graph in (False, True)[:1 if no_graph else 2]:
        for name, batch in WORKLOADS[:-1] if graph else WORKLOADS:  # a chain is no step of a game
            judged = "tinygan, graph" if graph else "tinygan" if no_graph or name == "chain" else ""
            size = (batch, 1.0) if device == "gpu" else (8 if batch else 4, 1 / 16)
            work = functools.partial(Workload, name, *size)
            parts[f"{name} {batch}{', graph' * graph}"] = _peers(device, name, work, graph), judged, work()
    for what, part in send.left(parts).items():
        with send.guard(what):
            _compare(cupy, device, send, peaks, *part)


def _compare(cupy, device, send, peaks, peers, judged, work):
    shown, runs, memory, notes = f"{work.name}, batch {work.batch}", {}, {}, {}
    for peer, make in peers.items():
        if isinstance(make, str):
            send(f"{shown}: {peer}", None, update=True, note=make)
            continue
        with send.guard(f"{shown}: {peer}"), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            make()(4)  # the libraries load and compile, and keep some memory
            release(cupy)
            before, run = megabytes(cupy), make()
            run(4)
            runs[peer], memory[peer] = run, megabytes(cupy) - before
            notes[peer] = "; ".join(dict.fromkeys(str(w.message) for w in caught))
    times = _turns(cupy, device, runs)
    floor = max(2e3 * multiply_adds(work) / peaks[1], 1e3 * fewest_bytes(work) / peaks[0])
    for peer, rounds in times.items():
        if peer == "PyTorch" and judged == "tinygan, graph":  # its row is there, of the turns without a graph
            continue
        row = {"ms": statistics.median(rounds), "floor in ms": floor,
               "times the floor": statistics.median(rounds) / floor, "MB held after 4 steps": memory[peer]}
        row |= {"note": notes[peer]} if notes[peer] else {}
        reached = None
        if "PyTorch" in times:
            row["times PyTorch"] = statistics.median(a / b for a, b in zip(rounds, times["PyTorch"]))
            if peer == judged and device == "gpu":
                row["goal"] = GOALS.get(work.name, 1.0)
                reached = row["times PyTorch"] <= row["goal"]
        send(f"{shown}: {peer}", reached, **row)


def _peaks(cupy, device, send):
    """Bytes per second of a copy (read and written), and multiplications and additions per second of a product."""
    n = {"gpu": 8192, "foreign": 64}[device]
    a, b = (cupy.asarray(np.random.default_rng(0).standard_normal((n, n), dtype=np.float32)) for _ in range(2))
    c, large = cupy.empty((n, n), np.float32), cupy.empty((4 * n, n), np.float32)
    large[...] = 1
    copy = large.copy()

    def moved(times):
        for _ in range(times):
            copy[...] = large

    def multiplied(times):
        for _ in range(times):
            cupy.matmul(a, b, out=c)
    best = {f: min(milliseconds(cupy, f, 3) for _ in range(4)) for f in (moved, multiplied)}
    bandwidth, rate = 2e3 * large.nbytes / best[moved], 2e3 * n**3 / best[multiplied]
    send("measured peaks", None, update=True,
         note=f"copy {bandwidth / 1e12:.3g} TB/s, float32 product {rate / 1e12:.3g} TFLOP/s")
    return bandwidth, rate


def _peers(device, name, work, graph):
    """For each peer a function that makes a function that makes n steps, or the reason why there is none."""
    def by_torch(best):
        return torch_run(work(), best, 1, "cuda" if device == "gpu" else "cpu")  # equal networks for each peer
    peers = {"PyTorch": lambda: by_torch(False)}
    if not graph and name != "chain":  # which has nothing to tune
        peers["PyTorch, tuned"] = lambda: by_torch(True)
    if lacking := missing("torch"):
        peers = dict.fromkeys(peers, f"needs {lacking}")
    peers["tinygan, graph" if graph else "tinygan"] = lambda: _tinygan_run(work(), graph)
    return peers


def _tinygan_run(work, graph):
    """A function that makes n steps with tinygan on the GPU; graph: replayed as a CUDA graph."""
    import tinygan as tg
    from tinygan.game import discriminator_step, step
    from tinygan.game.cuda_graph import Replay
    from tinygan.game.step import Batch

    def there(*shape):
        return tg.Tensor(tg.backend.to(work.normal(*shape), "gpu"), requires_grad=True)
    if work.name == "chain":
        x, w, b = there(work.batch, 16), there(16, 16), there(16)
        return repeated(lambda: tg.grad((tg.relu(x @ w + b) * x).sum(), [w, b]))
    critic = work.name == "gp"
    game = tinygan_game(work, **({"objective": "wasserstein", "remedies": [tg.penalties.GradientPenalty(10.0)]}
                                 if critic else {}))
    game.generator.to("gpu"), game.discriminator.to("gpu")
    x, fake = there(work.batch, *work.shape), there(work.batch, *work.shape).detach()
    game.data = lambda n, rng: x.data

    def play(game, steps, now=None):
        return discriminator_step(game, 2e-4, Batch(x, fake, [])) if critic else step(game, steps, now)
    stepper = Replay(play) if graph else play

    def run(n):
        for _ in range(n):
            stepper(game, NEVER)
            game.step += 1
    if graph:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # the reason why there is no graph
            run(4)
        if not stepper.recorded:
            raise RuntimeError("no graph was recorded in four steps")
    return run


def _turns(cupy, device, runs):
    """The milliseconds of a step of each peer, round by round."""
    counts = {}
    for peer, run in runs.items():
        run(3)  # PyTorch gets memory again that `release` has given back
        counts[peer] = max(1, int(1000 * TURN[device] / milliseconds(cupy, run, 3)))
    return {peer: [*times] for peer, times in zip(runs, zip(*(
        [milliseconds(cupy, run, counts[peer]) for peer, run in runs.items()] for _ in range(ROUNDS[device]))))}


# --- the launches of a step, and the longest kernels ---

def profile(cupy, device, send):
    """The launches of a step of the default recipe, and its ten longest kernels by PyTorch's profiler."""
    for name in send.left(dict.fromkeys(("digits", "ring"))):
        with send.guard(name):
            _profile(cupy, device, send, name)


def _profile(cupy, device, send, name):
    from tinygan.game import step
    from tinygan.zoo import RECIPES
    game = RECIPES[name].start(device="gpu", batch=None if device == "gpu" else 4)
    game.generator.train(), game.discriminator.train()

    def steps(n):
        for _ in range(n):
            step(game, NEVER)
            game.step += 1
    steps(3)
    ms = milliseconds(cupy, steps, 10)
    start = time.perf_counter()
    steps(10)
    host = 100 * (time.perf_counter() - start)
    cupy.cuda.Device().synchronize()
    send(f"{name}: a step", None, ms=ms, **{"ms until all is launched": host})
    send(f"{name}: all kernels and copies", None, launches=_launches(cupy, device, steps))
    if device == "gpu" and not missing("torch"):
        for kernel, (count, us) in _kernels(steps, 10):
            send(f"{name}: {kernel[:90]}", None, launches=count, ms=us / 1000)


def _launches(cupy, device, steps):
    if device == "foreign":
        with cupy.counting() as counts:
            steps(1)
        return counts.launches
    return sum(count for _, (count, _) in _kernels(steps, NEVER)) if not missing("torch") else "needs torch"


def _kernels(steps, most):
    """The kernels and copies of a step, by PyTorch's profiler, which sees all launches of the process."""
    import cupy
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as profiling
    with profiling(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as profiler:
        steps(10)
        cupy.cuda.Device().synchronize()
    with tempfile.NamedTemporaryFile("w+", suffix=".json") as file:
        profiler.export_chrome_trace(file.name)
        return longest(json.load(file)["traceEvents"], 10, most)


def longest(events, steps, most):
    """Of a trace of so many steps: name, (launches a step, microseconds a step), the longest first."""
    found = {}
    for event in events:
        if event.get("cat") in ("kernel", "gpu_memcpy", "gpu_memset"):
            count, us = found.get(event["name"], (0, 0.0))
            found[event["name"]] = count + 1, us + event["dur"]
    rows = sorted(found.items(), key=lambda item: -item[1][1])[:most]
    return [(name, (count / steps, us / steps)) for name, (count, us) in rows]


if __name__ == "__main__":
    gpu_device.run(speed, profile)
