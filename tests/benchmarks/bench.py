"""Measures speed against PyTorch and JAX: each framework in its own process, in turns. A script, not a test.

    python tests/benchmarks/bench.py                                  # all workloads and the import, two threads
    python tests/benchmarks/bench.py dcgan28 --threads 1 --rounds 15
    python tests/benchmarks/bench.py --python jax=/path/to/bin/python # a framework that lives in another environment
    python tests/benchmarks/bench.py --scaling                        # a step against batch and width
    python tests/benchmarks/bench.py --count                          # the multiply-adds, by formula and by count
    python tests/benchmarks/bench.py --markdown                       # the table for the README

One step is an update of D and a non-saturating update of G on the same fakes, Adam 2e-4 (.5, .999), float32; `gp` is
one update of a critic with the gradient penalty; `chain` is linear, ReLU and product on small arrays, forward and
backward. torch-best is channels-last with fused Adam. Networks and steps are in `bench_workloads.py`, `bench_jax.py`.

The number is the median, over rounds, of the ratio to PyTorch eager of the same round: the machines are noisy. Turns
are 150 ms apart, as threads of BLAS spin on after their last product. The limit is the time of the step's multiply-adds
at the speed of a large matrix product, and of its bytes, with each array read and written once, at the speed of a copy:
the best of all rounds, by NumPy at as many threads. Memory is the peak of the whole process.
"""
import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from collections import namedtuple
from math import log
from pathlib import Path

from bench_limits import COPY, GEMM, MEASURES

HERE = Path(__file__).resolve().parent
SCRIPT = str(HERE / "bench_workloads.py")
WORKLOADS = ("chain", "dense", "ring", "gp", "dcgan28", "dcgan64")
PEERS = {"tinygan": "tinygan", "tinygan-numpy": "without loops", "torch": "PyTorch eager",
         "torch-best": "best PyTorch", "jax": "JAX jit"}
MODULES = {"numpy": "tinygan", "tinygan": "tinygan", "torch": "torch", "jax": "jax"}  # and in whose environment
SCALED = ("dense", "dcgan28")
BATCHES, WIDTHS = (16, 32, 64, 128, 256, 512), (0.5, 1, 2, 4)
WIDTH = (14, 10)  # of the first two columns, of the others

Result = namedtuple("Result", "times memory multiply_adds bytes")  # times: ms of each round, by peer


def start(options, peer, *arguments, **more):
    """A process of the interpreter of the peer, in which tinygan is this very one."""
    threads = str(options.threads)
    path = os.pathsep.join(filter(None, [str(HERE.parents[1]), os.environ.get("PYTHONPATH")]))
    return subprocess.Popen(
        [options.python.get(peer.partition("-")[0], sys.executable), *arguments],
        env={**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **more)


def installed(options):
    """The installed peers, and the device and version of each; a line on standard error for each of the others."""
    found, software = [], {}
    for peer in options.peers or PEERS:
        process = start(options, peer, SCRIPT, "describe", peer, stderr=subprocess.PIPE)
        out, error = process.communicate()
        if process.returncode:
            reason = error.strip().splitlines()[-1] if error.strip() else f"exit status {process.returncode}"
            print(f"{peer} is skipped: {reason} (--python {peer}=PATH names its interpreter)", file=sys.stderr)
        else:
            found.append(peer)
            software[out.strip()] = None
    return found, list(software)


def machine(software, threads):
    """The line above a table: processor, cores, versions."""
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model}, {cores} cores, {threads} threads; Python {platform.python_version()}, {', '.join(software)}"


def compare(options, name, peers, batch=0, width=1):
    """The times of the rounds and the peak memory of each peer; what `bench_limits.py` measures is among them."""
    size = (str(options.threads), str(batch or options.batch), str(width))
    workers = {peer: start(options, peer, SCRIPT, peer, name, *size) for peer in peers}

    def answer(peer):
        line = workers[peer].stdout.readline()
        if not line:
            raise SystemExit(f"bench: {peer} stopped on {name}, batch {batch or options.batch}, width {width}")
        return float(line)
    try:
        counts = [(answer(peer), answer(peer)) for peer in peers]
        times = {peer: [] for peer in peers}
        for _ in range(options.rounds):
            for peer, process in workers.items():
                time.sleep(0.15)
                print(file=process.stdin, flush=True)
                times[peer].append(answer(peer))
        memory = {}
        for peer, process in workers.items():
            process.stdin.close()
            memory[peer] = answer(peer)
    finally:
        for process in workers.values():
            process.kill()
            process.wait()
    return Result(times, memory, *counts[0])


def imports(options, peers):
    """The seconds to import each module, round by round, beyond the start of the bare interpreter."""
    modules = [m for m, peer in MODULES.items() if peer in peers]

    def run(module, code):
        begin = time.perf_counter()
        start(options, MODULES[module], "-c", code).communicate()
        return time.perf_counter() - begin
    for m in modules:  # the first time reads the disk
        run(m, f"import {m}")
    return {m: [run(m, f"import {m}") - run(m, "pass") for _ in range(options.rounds)] for m in modules}


def show(cells, options, heading=False):
    """Prints one row of a table, aligned or in Markdown."""
    if not options.markdown:
        names, numbers = cells[:2], cells[2:]
        print(*(f"{cell:<{WIDTH[0]}}" for cell in names), *(f"{cell:>{WIDTH[1]}}" for cell in numbers), flush=True)
        return
    print(f"| {' | '.join(cells)} |", flush=True)
    if heading:
        print("|" + "---|" * len(cells), flush=True)


def short(x):
    """Three digits, and no power of ten for a large number."""
    return f"{x:.0f}" if x >= 100 else f"{x:.3g}"


def show_comparison(options, peers):
    """A row for each workload and peer; in Markdown a row for each workload."""
    base = "torch" if "torch" in peers else peers[0]
    if options.markdown:
        print(f"Time of a step as a multiple of {PEERS[base]}'s [of the limit]; milliseconds; peak memory.\n")
        show(["workload", *(PEERS[peer] for peer in peers), "limit"], options, heading=True)
    else:
        show(["workload", "peer", "ms", f"x {base}", "from", "to", "x limit", "peak MB"], options)
    for name in options.workloads:
        result = compare(options, name, [*peers, *MEASURES])
        gemm, copy = (min(result.times[measure]) for measure in MEASURES)
        products, traffic = result.multiply_adds * gemm / GEMM**3, result.bytes * copy / (8 * COPY)
        limit = (f"{short(products)} ms for {short(result.multiply_adds / 1e6)} M multiply-adds at "
                 f"{2e-6 * GEMM**3 / gemm:.0f} GFLOP/s, {short(traffic)} ms for {short(result.bytes / 1e6)} MB at "
                 f"{8e-6 * COPY / copy:.0f} GB/s")
        row = [name]
        for peer in peers:
            times = result.times[peer]
            ms = statistics.median(times)
            ratios = sorted(a / b for a, b in zip(times, result.times[base]))
            ratio, far = statistics.median(ratios), ms / (products + traffic)
            row.append(f"{ratio:.2f} [{short(far)}]; {short(ms)} ms; {result.memory[peer]:.0f} MB")
            if not options.markdown:
                show([name, peer, f"{ms:.3f}", f"{ratio:.2f}", f"{ratios[0]:.2f}", f"{ratios[-1]:.2f}",
                      f"{far:.2f}", f"{result.memory[peer]:.0f}"], options)
        if options.markdown:
            show([*row, limit], options)
        else:
            show([name, "limit", f"{products + traffic:.4f}", f"    {limit}"], options)
    print(flush=True)


def show_imports(options, peers):
    """A row for each module."""
    show(["import", "seconds"], options, heading=True)
    for module, times in imports(options, peers).items():
        show([module, f"{statistics.median(times):.3f}"], options)


def show_scaling(options, peers):
    """The time of a step against batch and width, and the exponent of the power that fits best."""
    for name in options.workloads:
        for kind, sizes in (("batch", BATCHES), ("width", WIDTHS)):
            show([name, kind, "M mult-adds", *(f"{peer} ms" for peer in peers)], options, heading=True)
            columns = []
            for size in sizes:
                result = compare(options, name, peers, **{kind: size})
                columns.append([result.multiply_adds / 1e6, *(statistics.median(result.times[p]) for p in peers)])
                show([name, str(size), *(short(x) for x in columns[-1])], options)
            logs = [log(size) for size in sizes]
            slopes = [statistics.linear_regression(logs, [log(x) for x in column]).slope for column in zip(*columns)]
            show([name, "exponent", *(f"{slope:.2f}" for slope in slopes)], options)
            print(flush=True)


def show_counts(options):
    """The multiply-adds of a step by the formula, and those of the products that tinygan and PyTorch make.

    In `gp` PyTorch makes more: it pulls zeros back through the value of D, because the slope of a leaky ReLU does not
    depend on its input.
    """
    show(["workload", "formula", "tinygan", "torch"], options, heading=True)
    for name in options.workloads:
        process = start(options, "torch", SCRIPT, "count", name, str(options.threads), str(options.batch), "1")
        counts = process.communicate()[0].split()
        show([name, *counts], options)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD",
                        help=f"{', '.join(WORKLOADS)} or import; default: all")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--batch", type=int, default=0, help="instead of the workload's own")
    parser.add_argument("--peers", nargs="+", choices=PEERS, help="default: all that are installed")
    parser.add_argument("--python", action="append", default=[], metavar="PEER=PATH",
                        help="the interpreter of a framework that lives in another environment")
    parser.add_argument("--scaling", action="store_true", help="a step against batch and width, tinygan and torch")
    parser.add_argument("--count", action="store_true", help="check the count of multiply-adds, with tinygan and torch")
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    options.python = dict(item.split("=", 1) for item in options.python)
    options.workloads = options.workloads or list(SCALED if options.scaling else (*WORKLOADS, "import"))
    if unknown := set(options.workloads) - {*WORKLOADS, "import"}:
        parser.error(f"unknown workload {', '.join(sorted(unknown))}: expected {', '.join(WORKLOADS)} or import")
    wants_imports = "import" in options.workloads
    options.workloads = [name for name in options.workloads if name != "import"]
    if options.count:
        return show_counts(options)
    if options.scaling and not options.peers:
        options.peers = ["tinygan", "torch"]
    peers, software = installed(options)
    if not peers:
        parser.error("none of the frameworks is installed")
    print(machine(software, options.threads), end="\n\n", flush=True)
    if options.scaling:
        show_scaling(options, peers)
    elif options.workloads:
        show_comparison(options, peers)
    if wants_imports and not options.scaling:
        show_imports(options, peers)
    return None


if __name__ == "__main__":
    sys.exit(main())
